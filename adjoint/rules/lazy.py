"""What `itertools` makes piece by piece, as the generators that they are."""

from __future__ import annotations

import itertools
import operator

from adjoint.rules.registry import source_of

MISSING = object()


@source_of(itertools.count)
def count(start=0, step=1):
    n = start
    while True:
        yield n
        n = n + step


@source_of(itertools.cycle)
def cycle(iterable, /):
    items = []
    for item in iterable:
        yield item
        items = [*items, item]
    while items:
        for item in items:
            yield item


@source_of(itertools.repeat)
def repeat(object, times=None):
    if times is None:
        while True:
            yield object
    for _ in range(times):
        yield object


@source_of(itertools.filterfalse)
def filterfalse(function, iterable, /):
    for item in iterable:
        if not (item if function is None else function(item)):
            yield item


@source_of(itertools.compress)
def compress(data, selectors):
    for item, selected in zip(data, selectors):
        if selected:
            yield item


@source_of(itertools.islice)
def islice(iterable, /, *limits):
    limit = slice(*limits)
    wanted = limit.start or 0
    last = None if limit.stop is None else max(wanted, limit.stop)  # it passes over the first ones
    if last == 0:
        return
    for number, item in enumerate(iterable):
        if number == wanted:
            yield item
            wanted = wanted + (limit.step or 1)
        if last is not None and number + 1 >= last:
            return


@source_of(itertools.groupby)
def groupby(iterable, key=None):
    group, current = [], MISSING
    for item in iterable:
        own = item if key is None else key(item)
        if group and not operator.eq(own, current):
            yield current, iter(group)
            group = []
        group, current = [*group, item], own
    if group:
        yield current, iter(group)


@source_of(itertools.tee)
def tee(iterable, n=2, /):
    items = list(iterable)
    return tuple([iter(items) for _ in range(n)])


if hasattr(itertools, "batched"):  # from Python 3.12 on

    @source_of(itertools.batched)
    def batched(iterable, n):
        batch = ()
        for item in iterable:
            batch = (*batch, item)
            if len(batch) == n:
                yield batch
                batch = ()
        if batch:
            yield batch
