"""`DataLoader`: data batch by batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from adjoint.data.observations import collate as collated
from adjoint.data.observations import count, take


class DataLoader:
    """Iterates over data in batches; again and again, each time one epoch.

        for x, y in DataLoader((images, labels), batch_size=64, shuffle=True, rng=0):

    data: see `adjoint.data.observations`.  batch_size: observations per batch; None gives them one by
    one, without the axis of the batch.  shuffle: a new order every epoch.  partial: give the last batch
    also if it is smaller.

    collate: what makes a batch from a list of observations, where the data is not arrays; False leaves
    the list.  transform: `transform(batch, rng)` is given instead of the batch; its `rng` depends on the
    epoch and the batch only, and so what is random in it does not depend on the workers.

    workers: threads that prepare batches ahead, in which NumPy, files and decoders run beside the
    training; the batches come in order.  prefetch: how many batches each is ahead.

    rng: a seed, a `np.random.Generator`, or None for fresh entropy.  `state()` tells where the loader
    is, `restore(state)` goes on from there, in the middle of an epoch too.
    """

    def __init__(
        self,
        data: Any,
        batch_size: int | None = 1,
        *,
        shuffle: bool = False,
        partial: bool = True,
        collate: Callable[[list], Any] | bool = True,
        transform: Callable[[Any, np.random.Generator], Any] | None = None,
        workers: int = 0,
        prefetch: int = 2,
        rng: Any = None,
    ) -> None:
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"a batch has at least one observation, not {batch_size}")
        self.data, self.batch_size, self.shuffle, self.partial = data, batch_size, shuffle, partial
        self.collate = collated if collate is True else collate or None
        self.transform, self.workers, self.prefetch = transform, workers, prefetch
        self.rng = np.random.default_rng(rng)
        self.count = count(data)
        self._epoch = self.rng.bit_generator.state  # as the running epoch began
        self._given = 0  # batches of it that have been given
        self._resume: Any = None  # the state from which the next epoch goes on

    def __len__(self) -> int:
        """The number of batches."""
        if self.batch_size is None:
            return self.count
        return (self.count + (self.batch_size - 1) * self.partial) // self.batch_size

    def __iter__(self) -> Iterator[Any]:
        bits, resume = self.rng.bit_generator, self._resume
        self._resume = None
        if resume is None:
            self._epoch, self._given = bits.state, 0
        else:
            bits.state, self._given = self._epoch, resume["given"]
        order = self.rng.permutation(self.count) if self.shuffle else None
        seed = int(self.rng.integers(2**63)) if self.transform else 0
        if resume is not None:
            bits.state = resume["now"]
        first = self._given
        for batch in self._batches(order, seed, first):
            self._given += 1
            if self._given == len(self):
                self._given = 0
            yield batch

    def _batches(self, order: np.ndarray | None, seed: int, first: int) -> Iterator[Any]:
        numbers = range(first, len(self))
        if not self.workers:
            for i in numbers:
                yield self._batch(order, seed, i)
            return
        from concurrent.futures import ThreadPoolExecutor

        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="DataLoader")
        try:
            waiting: deque = deque()
            for i in numbers:
                waiting.append(pool.submit(self._batch, order, seed, i))
                if len(waiting) > self.workers * self.prefetch:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # also when the loop over the batches is left early
            pool.shutdown(wait=True, cancel_futures=True)

    def _batch(self, order: np.ndarray | None, seed: int, i: int) -> Any:
        if self.batch_size is None:
            batch = take(self.data, i if order is None else int(order[i]))
        else:
            at = slice(i * self.batch_size, min((i + 1) * self.batch_size, self.count))
            batch = take(self.data, at if order is None else order[at])
            if isinstance(batch, list) and self.collate:
                batch = self.collate(batch)
            elif isinstance(batch, tuple | dict) and self.collate is collated:
                batch = parts_collated(batch)
        if self.transform:
            batch = self.transform(batch, np.random.default_rng([seed, i]))
        return batch

    def state(self) -> dict[str, Any]:
        """Where the loader is: plain numbers, texts and lists, for JSON."""
        now = plain(self.rng.bit_generator.state)  # others may draw from it as well
        epoch = plain(self._epoch) if self._given else now
        return {"epoch": epoch, "given": self._given, "now": now}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where another loader of the same data was when it told its `state`."""
        bits = self.rng.bit_generator
        bits.state = state["epoch"]
        self._epoch, self._given = bits.state, state["given"]
        bits.state = state["now"]
        self._resume = state if self._given else None

    def __repr__(self) -> str:
        return f"DataLoader({self.count} observations, {len(self)} batches)"


def parts_collated(batch: Any) -> Any:
    """The lists among the parts of a batch, as batches."""
    if isinstance(batch, dict):
        return {name: parts_collated(part) for name, part in batch.items()}
    if isinstance(batch, tuple):
        parts = [parts_collated(part) for part in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else tuple(parts)
    return collated(batch) if isinstance(batch, list) else batch


def plain(state: Any) -> Any:
    """The state of a bit generator with its arrays as lists."""
    if isinstance(state, dict):
        return {name: plain(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state
