"""Special methods that change something, and that no statement of the program calls by name."""

import operator

from tests.silence.listed import ELSEWHERE, HIDDEN, IN_PLACE, Record

ARGUMENTS = (0.7,)
REFUSED = {
    IN_PLACE: """
        item_deleted
    """,
    HIDDEN: """
        compared_by_sorted
        compared_by_max
        compared_by_the_sort_method
        compared_by_the_key_that_is_given
        compared_in_tuples
        equal_by_in
        equal_by_index
        equal_by_remove
        equal_in_lists
        hashed_by_a_dict
        asked_by_if
        asked_by_a_while_loop
        asked_by_any_and_all
        asked_for_its_length_by_if
        formatted
        made_a_string
        formatted_the_old_way
        as_an_index
        as_a_bound_of_range
        deleted
    """,
    ELSEWHERE: """
        gone_through
        summed
    """,
}


# -- special methods -----------------------------------------------------------------------------------


class Watched:
    """What its special methods are asked changes the record."""

    def __init__(self, rank, record):
        self.rank, self.record = rank, record

    def _grow(self, factor=2.0):
        self.record.value = self.record.value * factor
        return self.record.value


class Ordered(Watched):
    def __lt__(self, other):
        self._grow()
        return self.rank < other.rank


class Equal(Watched):
    def __eq__(self, other):
        self._grow(3.0)
        return self.rank == other.rank


class Hashed(Watched):
    def __hash__(self):
        self._grow(5.0)
        return 1


class Asked(Watched):
    def __bool__(self):
        self._grow()
        return True


class Sized(Watched):
    def __len__(self):
        self._grow()
        return 2


class Text(Watched):
    def __str__(self):
        self._grow()
        return "w"


class Formatted(Watched):
    def __format__(self, how):
        self._grow()
        return "w"


class Index(Watched):
    def __index__(self):
        self._grow()
        return 0


class Float(Watched):
    def __float__(self):
        return self._grow()


class Container(Watched):
    def __contains__(self, factor):
        self._grow(factor)
        return True

    def __getitem__(self, factor):
        return self._grow(factor)

    def __setitem__(self, factor, v):
        self._grow(factor * v)

    def __iadd__(self, factor):
        self._grow(factor)
        return self

    def __call__(self, factor):
        self._grow(factor)

    def __neg__(self):
        self._grow()
        return self


class Deleting(Watched):
    def __delitem__(self, factor):
        self._grow(factor)


class Iterable(Watched):
    def __iter__(self):
        for _ in range(2):
            yield self._grow()


def compared_by_sorted(x):
    record = Record(x)
    ranked = sorted([Ordered(2, record), Ordered(1, record), Ordered(3, record)])
    return record.value * ranked[0].rank


def compared_by_max(x):
    record = Record(x)
    best = max([Ordered(2, record), Ordered(1, record)], key=lambda w: w)
    return record.value * best.rank


def compared_by_the_sort_method(x):
    record = Record(x)
    ranked = [Ordered(2, record), Ordered(1, record), Ordered(3, record)]
    ranked.sort()
    return record.value * ranked[0].rank


def compared_by_the_key_that_is_given(x):
    record = Record(x)
    pairs = sorted([(Ordered(2, record), 1.0), (Ordered(1, record), 2.0)], key=lambda p: p[0])
    return record.value * pairs[0][1]


def compared_in_tuples(x):
    record = Record(x)
    less = (Ordered(1, record), 2.0) < (Ordered(2, record), 3.0)
    return record.value * 2 if less else record.value


def compared_by_an_operator(x):
    record = Record(x)
    less = Ordered(1, record) < Ordered(2, record)
    return record.value * 2 if less else record.value


def equal_by_in(x):
    record = Record(x)
    found = Equal(2, record) in [Equal(1, record), Equal(2, record)]
    return record.value * 2 if found else record.value


def equal_by_index(x):
    record = Record(x)
    at = [Equal(1, record), Equal(2, record)].index(Equal(2, record))
    return record.value * at


def equal_by_remove(x):
    record = Record(x)
    items = [Equal(1, record), Equal(2, record)]
    items.remove(Equal(2, record))
    return record.value * len(items)


def equal_in_lists(x):
    record = Record(x)
    same = [Equal(1, record), Equal(2, record)] == [Equal(1, record), Equal(2, record)]
    return record.value * 2 if same else record.value


def hashed_by_a_dict(x):
    record = Record(x)
    table = {Hashed(1, record): x}
    table[Hashed(1, record)] = x * x
    return record.value * len(table)


def asked_by_if(x):
    record = Record(x)
    asked = Asked(1, record)
    if asked:
        record.value = record.value * x
    return record.value


def asked_by_a_while_loop(x):
    record = Record(x)
    asked = Asked(1, record)
    while asked and record.value < 100:
        pass
    return record.value


def asked_by_any_and_all(x):
    record = Record(x)
    asked = Asked(1, record)
    any([asked])
    all([asked, asked])
    return record.value


def asked_for_its_length_by_if(x):
    record = Record(x)
    if Sized(1, record):
        return record.value * x
    return record.value


def asked_for_its_length(x):
    record = Record(x)
    sized = Sized(1, record)
    return record.value * len(sized) * record.value


def asked_what_it_contains(x):
    record = Record(x)
    return record.value if x in Container(1, record) else 0.0


def formatted(x):
    record = Record(x)
    text = f"{Formatted(1, record)}"
    return record.value * len(text)


def made_a_string(x):
    record = Record(x)
    text = str(Text(1, record))
    return record.value * len(text)


def formatted_the_old_way(x):
    record = Record(x)
    text = "%s" % Text(1, record)
    return record.value * len(text)


def as_an_index(x):
    record = Record(x)
    return [x, 2.0][Index(1, record)] * record.value


def as_a_bound_of_range(x):
    record = Record(x)
    for _ in range(Index(1, record), 2):
        x = x * 2
    return x * record.value


def as_a_float(x):
    record = Record(x)
    return float(Float(1, record)) * record.value


def items_and_operators(x):
    record = Record(x)
    container = Container(1, record)
    product = container[x] * container[2.0]
    container[3.0] = x
    container += x
    container(x)
    -container
    return product * record.value


def item_deleted(x):
    record = Record(x)
    deleting = Deleting(1, record)
    del deleting[x]
    return record.value


def gone_through(x):
    record = Record(x)
    iterable, total = Iterable(1, record), 0.0
    for v in iterable:
        total = total * x + v
    a, b = iterable
    items = [*iterable]
    return total * a * b * items[1] * record.value


def summed(x):
    record = Record(x)
    iterable = Iterable(1, record)
    return sum(iterable) * max(iterable) * record.value


class Last:
    def __init__(self, record):
        self.record = record

    def __del__(self):
        self.record.value = self.record.value * 3


def deleted(x):
    record = Record(x)
    last = Last(record)
    del last
    return record.value


def by_functions_of_operator(x):
    record, items = Record(x), [x, 1.0]
    value, first = operator.attrgetter("value"), operator.itemgetter(0)
    record.value = x * x
    operator.setitem(items, 0, x**3)
    return value(record) * first(items) * operator.getitem(items, 0)
