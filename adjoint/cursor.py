"""Iterators that carry derivatives: their cotangent is the list of those of the items they gave.

A cursor counts its items, so that whoever takes some of them (a loop, `next`, `zip`) knows which.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, NoReturn

from adjoint.errors import UnsupportedSyntaxError


class Counted:
    """An iterator that counts the items it has given.

    It is `drained` if all were taken by somebody who in Python takes them one by one, later."""

    drained = False

    def __init__(self, source: Iterator) -> None:
        self.source, self.given = source, 0

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        self.check()
        item = next(self.source)
        self.given += 1
        return item

    def check(self) -> None:
        """Refuse to give an item that Python would still have."""
        if self.drained:
            raise UnsupportedSyntaxError(
                "an item is taken of an iterator of which others take items as well",
                hint="Make a list of its items first, and go through that.",
            )


class Cursor(Counted):
    """An iterator that carries a derivative."""


class View:
    """The items that one consumer takes of a cursor; `numbers` tells which they were."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.numbers: list[int] = []

    def __iter__(self) -> View:
        return self

    def __next__(self) -> Any:
        item = next(self.cursor)
        self.numbers.append(self.cursor.given - 1)
        return item

    def cotangent(self, bars: list | None) -> list | None:
        """Of the cursor, from those of the items of this view."""
        return None if bars is None else placed(self.numbers, bars)


def placed(numbers: list[int], bars: list) -> list:
    """A list with these cotangents at these places."""
    whole: list = [None] * (max(numbers, default=-1) + 1)
    for number, bar in zip(numbers, bars, strict=False):
        whole[number] = bar
    return whole


class Record:
    """The forward half of a generator: where it stands, and in the end its pullback.

    `body` is generated code. Each of its `yield`s is answered with the number of the item; or, where
    the generator is to be left, with its complement, and then the body returns. What it returns is
    its value and its pullback.
    """

    def __init__(self, body: Generator[Any, int | None, Any], name: str) -> None:
        self.body, self.name = body, name
        self.given = 0
        self.outcome: tuple[Any, Callable] | None = None
        self.failed = False

    def step(self, advance: Callable[[], Any]) -> Any:
        """The next item, or StopIteration with the value that the generator returns."""
        if self.outcome is not None or self.failed:
            raise StopIteration
        try:
            item = advance()
        except StopIteration as stop:
            self.outcome = stop.value
            result = None if stop.value is None else stop.value[0]  # none where it was left early
            raise StopIteration(None if result is None else result[1]) from None
        except BaseException:
            self.failed = True
            raise
        self.given += 1
        return item

    def forward(self) -> Any:
        return self.body.send(self.given - 1 if self.given else None)

    def close(self) -> None:
        """Leave the generator where it stands, as when its last reference goes."""
        if self.outcome is not None or self.failed:
            return
        if not self.given:
            self.failed = True
            self.body.close()
            return
        try:
            self.step(lambda: self.body.send(~(self.given - 1)))
        except StopIteration:
            return
        raise RuntimeError("generator ignored GeneratorExit")

    def pullback(self, bars: list | None) -> Any:
        """The cotangents of what the generator was made from."""
        if bars is None or all(bar is None for bar in bars):
            return None
        self.close()
        if self.outcome is None:
            raise UnsupportedSyntaxError(
                f"the generator {self.name} has raised an exception, and the items that it gave"
                " before have derivatives",
                hint="Make a list of the items instead.",
            )
        return self.outcome[1]((bars, None))


class GeneratorCursor(Cursor):
    """What a call of a generator function gives, where its arguments carry a derivative."""

    def __init__(self, record: Record) -> None:
        self.record = record

    @property
    def given(self) -> int:
        return self.record.given

    def __next__(self) -> Any:
        self.check()
        return self.record.step(self.record.forward)

    def send(self, value: Any) -> Any:
        if value is not None:
            self._refuse_sent()
        return next(self)

    def throw(self, *error: Any) -> Any:
        return self.record.step(lambda: self.record.body.throw(*error))

    def close(self) -> None:
        self.record.close()

    def __del__(self) -> None:
        self.record.close()

    def _refuse_sent(self) -> NoReturn:
        raise UnsupportedSyntaxError(
            f"a value is sent to the generator {self.record.name}",
            hint="Pass what it needs as arguments.",
        )


def item_bar(bars: list | None, number: int) -> Any:
    """The cotangent of the item that a `yield` gave, which was answered with `number`."""
    number = number if number >= 0 else ~number
    return None if bars is None or number >= len(bars) else bars[number]


class PushedCursor(GeneratorCursor):
    """The same in forward mode, where the body yields pairs of an item and its tangent."""

    def __init__(self, record: Record) -> None:
        super().__init__(record)
        self.dots: deque = deque()

    def __next__(self) -> Any:
        item, dot = super().__next__()
        self.dots.append(dot)
        return item


class GivenTangents:
    """The tangents of the items that a generator has given, each to be taken after its item."""

    def __init__(self, cursor: PushedCursor) -> None:
        self.dots = cursor.dots

    def __iter__(self) -> GivenTangents:
        return self

    def __next__(self) -> Any:
        while len(self.dots) > 1:
            self.dots.popleft()
        if not self.dots:
            raise StopIteration
        return self.dots.popleft()


class Beside:
    """The tangents of the items of a counted iterator, each to be taken after its item.

    Those of items that somebody took without asking for a tangent are passed over.
    """

    def __init__(self, cursor: Counted, dots: Iterable) -> None:
        self.cursor, self.dots, self.taken = cursor, iter(dots), 0

    def __iter__(self) -> Beside:
        return self

    def __next__(self) -> Any:
        while self.taken < self.cursor.given - 1:
            next(self.dots)
            self.taken += 1
        self.taken += 1
        return next(self.dots)
