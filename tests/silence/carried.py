"""What exceptions carry: it is read where they are handled, whatever stands between."""

from tests.silence.listed import CARRIED, given

ARGUMENTS = (0.7,)
REFUSED = {
    CARRIED: """
        read_where_it_is_handled
        read_before_finally
        read_before_finally_in_a_loop
        read_after_other_handlers
        read_outside_of_finally
        read_where_it_is_raised_again
        read_as_an_attribute
    """,
}


def read_where_it_is_handled(x):
    try:
        raise ValueError(x * x)
    except ValueError as error:
        return error.args[0] * 3


def read_before_finally(x):
    total = 0.0
    try:
        raise ValueError(x * x)
    except ValueError as error:
        total += error.args[0] * 3
    finally:
        total *= 2
    return total


def read_before_finally_in_a_loop(x):
    total = 0.0
    for _ in range(2):
        try:
            raise ValueError(x * x)
        except ValueError as error:
            total += error.args[0] * 3
        finally:
            total *= 2
    return total


def read_after_other_handlers(x):
    try:
        try:
            raise ValueError(x * x)
        except KeyError:
            return x
    except ValueError as error:
        return error.args[0] * 3


def read_outside_of_finally(x):
    total = x
    try:
        try:
            raise ValueError(x * x)
        finally:
            total = total * 2
    except ValueError as error:
        return error.args[0] * total


def read_where_it_is_raised_again(x):
    try:
        try:
            raise ValueError(x * x)
        except ValueError:
            raise
    except ValueError as error:
        return error.args[0] * 3


class Failure(Exception):
    def __init__(self, value):
        super().__init__("failed")
        self.value = value


def read_as_an_attribute(x):
    try:
        raise Failure(x * x)
    except Failure as failure:
        return failure.value * 3
    finally:
        x = 0


def carried_and_not_read(x):
    total = x
    try:
        raise ValueError(x * x)
    except ValueError:
        total = total * x
    finally:
        total = total * 2
    return total


@given(0.7)
def told_and_not_derived(x):
    try:
        if x > 0:
            raise ValueError(f"{x} is positive")
    except ValueError as error:
        told = str(error)
        return x * len(told.split())
    return x
