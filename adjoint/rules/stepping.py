"""What `zip`, `enumerate` … make of iterators of the user's classes, as such classes themselves.

Their items are taken one by one, since each changes the iterator; a program sees when.
"""

from __future__ import annotations

import itertools
import operator


class Items:
    """An iterator over what has a length and items by number."""

    def __init__(self, items):
        self.items, self.given = items, 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.given >= len(self.items):
            raise StopIteration
        self.given += 1
        return self.items[self.given - 1]


class Asked:
    """`iter(function, last)`"""

    def __init__(self, function, last):
        self.function, self.last, self.ended = function, last, False

    def __iter__(self):
        return self

    def __next__(self):
        if self.ended:
            raise StopIteration
        item = self.function()
        if item is self.last or item == self.last:
            self.ended = True
            raise StopIteration
        return item


class Zipped:
    def __init__(self, *iterators):
        self.iterators = iterators

    def __iter__(self):
        return self

    def __next__(self):
        return tuple([next(each) for each in self.iterators])


class Enumerated:
    def __init__(self, iterator, start=0):
        self.iterator, self.number = iterator, start

    def __iter__(self):
        return self

    def __next__(self):
        item = next(self.iterator)
        self.number += 1
        return self.number - 1, item


class Mapped:
    def __init__(self, function, *iterators):
        self.function, self.iterators = function, iterators

    def __iter__(self):
        return self

    def __next__(self):
        return self.function(*[next(each) for each in self.iterators])


class Filtered:
    def __init__(self, function, iterator):
        self.function, self.iterator = function, iterator

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            item = next(self.iterator)
            if item if self.function is None else self.function(item):
                return item


class Sliced:
    """`itertools.islice(iterator, stop)`"""

    def __init__(self, iterator, stop):
        self.iterator, self.left = iterator, stop

    def __iter__(self):
        return self

    def __next__(self):
        if self.left is not None:
            if self.left == 0:
                raise StopIteration
            self.left -= 1
        return next(self.iterator)


class Taken:
    """`itertools.takewhile`"""

    def __init__(self, predicate, iterator):
        self.predicate, self.iterator, self.ended = predicate, iterator, False

    def __iter__(self):
        return self

    def __next__(self):
        if self.ended:
            raise StopIteration
        item = next(self.iterator)
        if not self.predicate(item):
            self.ended = True
            raise StopIteration
        return item


def any_of(iterator):
    for item in iterator:
        if item:
            return True
    return False


def all_of(iterator):
    for item in iterator:
        if not item:
            return False
    return True


def is_among(iterator, wanted):
    for item in iterator:
        if item is wanted or item == wanted:
            return True
    return False


#: Functions that may stop before the last item.
SEARCHES = {any: any_of, all: all_of, operator.contains: is_among}
#: By function: the class, and which of the arguments are iterators (from, to).
CLASSES = {
    zip: (Zipped, 0, None), enumerate: (Enumerated, 0, 1), map: (Mapped, 1, None),
    filter: (Filtered, 1, 2), itertools.islice: (Sliced, 0, 1), itertools.takewhile: (Taken, 1, 2),
}  # fmt: skip
