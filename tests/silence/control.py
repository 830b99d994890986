"""Exceptions, contexts, patterns, generators and classes that a value passes through."""

import contextlib
import functools
import itertools

import numpy as np


class _Carrier(Exception):
    pass


class _Holder:
    def __init__(self, value):
        self.value = value

    def __enter__(self):
        return self.value * 2

    def __exit__(self, kind, error, traceback):
        return isinstance(error, _Carrier)


def _raise(value):
    raise _Carrier(value)


def carried_by_an_exception(x):
    try:
        raise _Carrier(x * x)
    except _Carrier as error:
        return error.args[0]


def carried_from_a_callee(x):
    try:
        _raise(x * x)
    except _Carrier as error:
        return error.args[0] * 3


def carried_in_an_attribute(x):
    error = _Carrier()
    error.value = x * x
    try:
        raise error
    except _Carrier as caught:
        return caught.value


def carried_through_a_cause(x):
    try:
        try:
            raise _Carrier(x * x)
        except _Carrier as error:
            raise ValueError from error
    except ValueError as error:
        return error.__cause__.args[0]


def carried_by_stop_iteration(x):
    try:
        raise StopIteration(x * x)
    except StopIteration as stop:
        return stop.value


def interrupted_chain(x):
    y = x
    try:
        y = z = y * x
        y = y * z
        _raise(y)
    except _Carrier:
        return y + z


def interrupted_unpacking(x):
    y = x
    try:
        y, (z, w) = x * x, (x, _raise(y))  # noqa: F841
    except _Carrier:
        return y * 3


def interrupted_augmented(x):
    y = x
    try:
        y *= x
        y += _raise(y)
    except _Carrier:
        y *= x
    return y


def interrupted_item(x):
    items = [x, x]
    try:
        items[0] = x * x
        items[1] = _raise(x)
    except _Carrier:
        pass
    return items[0] + items[1]


def interrupted_closure(x):
    y = x

    def read():
        return y * x

    try:
        y = x * x * x
        _raise(y)
    except _Carrier:
        return read()


def interrupted_walrus(x):
    y = x
    try:
        z = (y := x * x) + _raise(y)
    except _Carrier:
        z = y
    return z


def interrupted_by_the_iterator(x):
    def items():
        yield x
        yield x * x
        raise _Carrier

    total = 0.0
    try:
        for item in items():
            total = total + item
    except _Carrier:
        total = total * 2
    return total


def entered_value(x):
    with _Holder(x * x) as y:
        return y


def suppressed_by_an_active_manager(x):
    y = x
    with _Holder(x):
        y = y * x
        _raise(y)
    return y


def chosen_manager(x):
    manager = contextlib.suppress(_Carrier) if x > 0 else contextlib.nullcontext()
    y = x
    with manager:
        y = y * x
        _raise(y)
    return y


def manager_of_a_generator(x):
    @contextlib.contextmanager
    def doubled(value):
        yield value * 2

    with doubled(x * x) as y:
        return y * x


def left_by_an_exit_stack(x):
    with contextlib.ExitStack() as stack:
        y = stack.enter_context(_Holder(x * x))
        z = stack.enter_context(contextlib.nullcontext(x))
    return y * z


def finally_with_a_value(x):
    y = x
    try:
        y = y * x
        return y
    finally:
        y = y * x
        if y > 0:
            return y


def captured_by_a_sequence(x):
    match [x, x * x, 3.0]:
        case [a, *rest]:
            return a * sum(rest)


def captured_by_a_mapping(x):
    match {"a": x, "b": x * x}:
        case {"b": b, **rest}:
            return b * rest["a"]


def captured_by_a_class(x):
    match _Holder(x * x):
        case _Holder(value=value):
            return value * x


def captured_by_alternatives(x):
    match (x, x * x):
        case (0.0, y) | (y, 0.0):
            return y
        case (_, float() as y) | y:
            return y * 3


def captured_and_refused_by_the_guard(x):
    match x * x:
        case y if y < 0:
            return x
    return y * 2


def matched_by_value(x):
    match x:
        case 1.37:
            return x * x
        case _:
            return x * x


class _Scaling:
    """A descriptor; a data descriptor with `__set__`."""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        return 2 * instance.__dict__[self.name]

    def __set__(self, instance, value):
        instance.__dict__[self.name] = value


class _Attributes:
    scaled = _Scaling()

    def __init__(self, value):
        self.value = value

    def __getattr__(self, name):
        return self.value * len(name)

    @functools.cached_property
    def cached(self):
        return self.value * self.value


class _Intercepting:
    def __init__(self, value):
        self.value = value

    def __getattribute__(self, name):
        found = object.__getattribute__(self, name)
        return found * 2 if name == "value" else found


class _Sequence:
    def __init__(self, items):
        self.items = items

    def __getitem__(self, index):
        return self.items[index]

    def __len__(self):
        return len(self.items)


def captured_by_a_class_statement(x):
    class Inner:
        def get(self):
            return x * x

    return Inner().get()


def default_in_a_class_statement(x):
    class Inner:
        value = x * x

    return Inner.value


def passed_to_a_class_statement(x):
    class Inner:
        def __init__(self, value):
            self.value = value

        def squared(self):
            return self.value * self.value

    return Inner(x).squared()


def kept_exception(x):
    found = None
    try:
        raise ValueError(x * x)
    except ValueError as error:
        found = error
    return found.args[0]


def hidden_by_a_descriptor(x):
    holder = _Attributes(x)
    holder.__dict__["scaled"] = x * x
    return holder.scaled


def found_by_getattr(x):
    return _Attributes(x * x).missing


def kept_by_a_cached_property(x):
    holder = _Attributes(x)
    return holder.cached + holder.cached


def intercepted_attribute(x):
    return _Intercepting(x * x).value


def items_by_index(x):
    a, b = _Sequence([x, x * x])
    return a * b + sum(_Sequence([x, 3 * x])) + max(_Sequence([x * x, 0.0]))


def sorted_by_index(x):
    return sorted(_Sequence([x * x, x, 0.1]))[2]


def reversed_by_index(x):
    first, *_ = reversed(_Sequence([x, x * x]))
    return first


@functools.singledispatch
def _doubled(value):
    return value * 2


@_doubled.register
def _(value: list):
    return value[0] * 3


def dispatched(x):
    return _doubled(x * x) + _doubled([x])


def _powers(x, count):
    power = x
    for _ in range(count):
        yield power
        power = power * x


def late_binding_of_a_generator(x):
    k = x
    values = (k * v for v in [1.0, 2.0])
    k = x * x
    return sum(values)


def changed_while_it_runs(x):
    k = x
    total = 0.0
    for v in (k * u for u in [1.0, 2.0]):
        k = k * x
        total = total + v
    return total


def late_binding_of_a_generator_function(x):
    k = x

    def values():
        yield k
        yield 2 * k

    made = values()
    k = x * x
    return sum(made)


def sent_to_a_generator(x):
    def running():
        total = 0.0
        while True:
            value = yield total
            total = total + (value or 0.0)

    adder = running()
    next(adder)
    adder.send(x)
    return adder.send(x * x)


def value_of_yield_from(x):
    def inner():
        yield x
        return x * x

    def outer():
        value = yield from inner()
        yield value

    return sum(outer())


def value_of_a_generator(x):
    def inner():
        yield x
        return x * x

    generator = inner()
    next(generator)
    try:
        next(generator)
    except StopIteration as stop:
        return stop.value


def yielded_inside_an_expression(x):
    def inner():
        value = (yield x * x) or 0.0
        yield value + x

    return sum(inner())


def generator_left_in_a_list(x):
    generators = [_powers(x, 2), _powers(2 * x, 2)]
    return sum(next(g) for g in generators) + sum(next(g) for g in generators)


def generator_in_a_dict(x):
    made = {"a": _powers(x, 3)}
    next(made["a"])
    return next(made["a"]) * next(made["a"])


def sorted_generator(x):
    return sorted(_powers(x, 3))[1] + max(_powers(x, 3), key=lambda v: -v)


def set_of_a_generator(x):
    return sum(set(_powers(x, 3)))


def dict_of_a_generator(x):
    return dict((str(i), v) for i, v in enumerate(_powers(x, 3)))["2"]


def array_of_a_generator(x):
    return np.array(list(_powers(x, 3))).sum() + np.fromiter(_powers(x, 3), float).sum()


def any_of_a_generator(x):
    return x * any(v > 2 for v in _powers(x, 3)) * all(v > 0 for v in _powers(x, 3))


def joined_generators(x):
    return sum(itertools.chain(_powers(x, 2), _powers(3 * x, 2)))


def starred_generator(x):
    a, *rest = _powers(x, 3)
    return max(*rest, a) * min(*_powers(x, 2))


def copied_generator(x):
    first, second = itertools.tee(_powers(x, 3))
    return next(first) * sum(second) + sum(first)


def reduced_generator(x):
    return functools.reduce(lambda a, b: a * b, _powers(x, 3))


def zipped_generator_twice(x):
    it = _powers(x, 4)
    return sum(a * b for a, b in zip(it, it))


def enumerated_after_next(x):
    it = _powers(x, 4)
    next(it)
    return sum(i * v for i, v in enumerate(it))


def iterator_of_a_dict(x):
    it = iter({"a": x, "b": x * x}.values())
    next(it)
    return next(it)


def raised_in_a_generator(x):
    def failing():
        yield x
        yield x * x
        raise _Carrier

    total = 0.0
    it = failing()
    try:
        while True:
            total = total + next(it)
    except _Carrier:
        return total


def thrown_into_a_generator(x):
    def catching():
        y = x
        try:
            yield y
        except _Carrier:
            y = y * x
        yield y

    it = catching()
    first = next(it)
    return first + it.throw(_Carrier())


def closed_generator(x):
    it = _powers(x, 3)
    first = next(it)
    it.close()
    return first * x + sum(it)


async def _later(x):
    return x * x


def awaited(x):
    coroutine = _later(x)
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
