"""Exceptions, contexts, patterns, generators and classes that a value passes through."""

import contextlib
import functools


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
