"""Attributes that are there or not, or reached through the dict that keeps them."""

from tests.silence.listed import (
    IN_PLACE,
    THROUGH_THE_DICT,
    Record,
    given,
)

ARGUMENTS = (0.7,)
REFUSED = {
    IN_PLACE: """
        updated_through_the_dict
    """,
    THROUGH_THE_DICT: """
        read_through_the_dict
        read_through_a_name_of_the_dict
        read_through_get_of_the_dict
        values_of_the_dict
        items_of_the_dict
        keywords_from_the_dict
        stored_through_the_dict
        values_of_vars
    """,
}


# -- there or not ------------------------------------------------------------------------------------


def asked_before_and_after_it_is_stored(x):
    record = Record(x)
    if hasattr(record, "new"):
        return x
    record.new = x * x
    return record.new * 2 if hasattr(record, "new") else x**3


def asked_in_a_loop(x):
    record, total = Record(x), 0.0
    for _ in range(3):
        if hasattr(record, "new"):
            total += record.new
        else:
            record.new = x * x
    return total


@given(Record(0.7))
def asked_of_an_argument(record):
    if not hasattr(record, "new"):
        record.new = record.value * record.value
    first = record.new
    if not hasattr(record, "new"):
        record.new = record.value * 3
    return first * record.new


def asked_after_it_is_deleted(x):
    record = Record(x)
    del record.value
    return x if hasattr(record, "value") else x * x


def default_of_getattr(x):
    record = Record(x)
    first = getattr(record, "new", x**3)
    record.new = x * x
    return first * getattr(record, "new", x**3) * getattr(record, "never", x)


def default_of_getattr_in_a_loop(x):
    record, total = Record(x), 0.0
    for i in range(3):
        total = total * x + getattr(record, "new", 1.0)
        record.new = x * x + i
    return total


def default_of_getattr_after_deletion(x):
    record = Record(x)
    del record.value
    return getattr(record, "value", x * x)


def names_in_a_loop(x):
    record, total = Record(x, x), 0.0
    for name in ["value", "other"]:
        setattr(record, name, getattr(record, name) * x)
        total += getattr(record, name)
    return total * record.value


def missing_attribute_is_caught(x):
    record = Record(x)
    try:
        y = record.new
    except AttributeError:
        record.new = x * x
        y = record.new
    return y * record.new


def computed_when_needed(x):
    record = Record(x, 1.0)

    def square():
        if not hasattr(record, "cache"):
            record.cache = record.value * x
        return record.cache

    first = square()
    record.value = 5.0 * x
    return first * square()


class Default:
    factor = 2.0

    def __init__(self, n):
        self.n = n


def value_of_the_class(x):
    thing = Default(x)
    first = thing.factor * thing.n
    thing.factor = thing.n
    second = thing.factor
    del thing.factor
    return first * second + thing.factor * x


@given(Default(0.7))
def value_of_the_class_of_an_argument(thing):
    first = thing.factor * thing.n
    thing.factor = thing.n
    return first * thing.factor


# -- the dict that keeps them ------------------------------------------------------------------------


def read_through_the_dict(x):
    record = Record(x)
    record.value = x * x
    return record.__dict__["value"] * 2


def read_through_a_name_of_the_dict(x):
    record = Record(x)
    kept = record.__dict__
    record.value = x * x
    return kept["value"]


def read_through_get_of_the_dict(x):
    record = Record(x, x)
    record.value = x * x
    return record.__dict__.get("value", 1.0) * 2


def values_of_the_dict(x):
    record = Record(x, x)
    record.value = x * x
    return sum(record.__dict__.values())


def items_of_the_dict(x):
    record, total = Record(x, x), 0.0
    record.value = x * x
    for _, v in record.__dict__.items():
        total += v * 2
    return total


def keywords_from_the_dict(x):
    record = Record(x, x)
    record.value = x * x
    twin = Record(**record.__dict__)
    twin.other *= 3
    return twin.value * twin.other


def values_of_vars(x):
    record = Record(x, x)
    record.value = x * x
    return sum(vars(record).values())


def stored_through_the_dict(x):
    record = Record(x)
    record.__dict__["value"] = x * x
    return record.value


def updated_through_the_dict(x):
    record = Record(x)
    record.__dict__.update(value=x * x, other=x)
    return record.value * record.other


def name_in_the_dict(x):
    record = Record(x)
    known = "new" in record.__dict__
    record.new = x
    return record.new * 2 if "new" in record.__dict__ and not known else record.new
