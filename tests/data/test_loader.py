import json
import threading
import time

import numpy as np
import pytest

from adjoint import data
from adjoint.data import DataLoader

X = np.arange(23)


def test_batches():
    batches = list(DataLoader((X, X * 2.0), 5))
    assert [len(x) for x, _ in batches] == [5, 5, 5, 5, 3]
    np.testing.assert_array_equal(np.concatenate([x for x, _ in batches]), X)
    assert np.shares_memory(batches[0][0], X)  # in order: no copies
    whole = DataLoader((X, X * 2.0), 5, partial=False)
    assert len(whole) == len(list(whole)) == 4
    assert len(DataLoader(X, 23)) == 1 and len(DataLoader(X)) == 23
    assert [int(x) for x in DataLoader(X, None)] == X.tolist()
    with pytest.raises(ValueError, match="at least one observation"):
        DataLoader(X, 0)


def test_every_epoch_has_an_order_of_its_own_and_the_same_seed_the_same():
    loader = DataLoader(X, 5, shuffle=True, rng=0)
    first, second = (np.concatenate(list(loader)) for _ in range(2))
    assert sorted(first) == sorted(second) == X.tolist()
    assert (first != second).any() and (first != X).any()
    again = DataLoader(X, 5, shuffle=True, rng=0)
    np.testing.assert_array_equal(np.concatenate(list(again)), first)
    np.testing.assert_array_equal(np.concatenate(list(again)), second)


def test_leaving_an_epoch_early_begins_a_new_one():
    loader = DataLoader(X, 5, shuffle=True, rng=0)
    for _ in loader:
        break
    assert sorted(np.concatenate(list(loader))) == X.tolist()


def test_lists_and_objects_are_collated():
    class Squares:
        def __len__(self):
            return 7

        def __getitem__(self, i):
            return {"x": np.full(2, float(i)), "name": str(i)}

    batch = next(iter(DataLoader(Squares(), 3)))
    assert batch["x"].shape == (3, 2) and batch["name"] == ["0", "1", "2"]
    assert next(iter(DataLoader([1, 2, 3], 2))).tolist() == [1, 2]
    assert next(iter(DataLoader([1, 2, 3], 2, collate=False))) == [1, 2]
    assert next(iter(DataLoader([1, 2, 3], 2, collate=sum))) == 3
    x, names = next(iter(DataLoader((X, [float(x) for x in X]), 4, shuffle=True, rng=0)))
    np.testing.assert_array_equal(x, names)
    encoded = next(iter(DataLoader(data.onehot_batch(X, 23), 4)))
    assert isinstance(encoded, data.OneHot) and encoded.indices.tolist() == [0, 1, 2, 3]


def noisy(batch, rng):
    return batch + rng.normal(size=batch.shape)


@pytest.mark.parametrize("workers", [1, 4])
def test_workers_change_nothing_but_the_time(workers):
    def slow(batch, rng):
        time.sleep(0.02 * rng.random())  # so that they end in another order
        return noisy(batch, rng)

    plain = DataLoader(X, 4, shuffle=True, transform=slow, rng=0)
    quick = DataLoader(X, 4, shuffle=True, transform=slow, rng=0, workers=workers)
    for _ in range(2):
        for one, other in zip(plain, quick, strict=True):
            np.testing.assert_array_equal(one, other)


def test_what_is_random_in_a_transformation_differs_between_batches_epochs_and_seeds():
    def draws(seed):
        loader = DataLoader(np.zeros(40), 4, transform=noisy, rng=seed)
        return np.concatenate([batch for _ in range(3) for batch in loader])

    assert len({*draws(0), *draws(1)}) == 2 * 3 * 40
    np.testing.assert_array_equal(draws(0), draws(0))


def test_workers_work_at_the_same_time_and_not_too_far_ahead():
    running, most, begun = [0], [0], [0]
    lock = threading.Lock()

    def prepare(batch, rng):
        with lock:
            begun[0] += 1
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1
        return batch

    loader = DataLoader(np.arange(100), 1, transform=prepare, workers=4, prefetch=2)
    batches = iter(loader)
    next(batches)
    time.sleep(0.3)
    assert most[0] == 4 and begun[0] <= 4 * 2 + 1
    assert len(list(batches)) == 99


def test_threads_end_with_the_loop_and_errors_arrive():
    before = threading.active_count()
    for _ in DataLoader(X, 1, workers=3):
        break
    assert threading.active_count() == before

    def fail(batch, rng):
        if 7 in batch:
            raise KeyError("seven")
        return batch

    got = []
    with pytest.raises(KeyError, match="seven"):
        for batch in DataLoader(X, 1, transform=fail, workers=3):
            got.append(int(batch[0]))
    assert got == list(range(7))
    assert threading.active_count() == before


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937, np.random.Philox])
@pytest.mark.parametrize("stop", [0, 3, 5, 6, 9, 11])
def test_a_restored_loader_goes_on_bit_for_bit(workers, bits, stop):
    def loader(seed):
        rng = np.random.Generator(bits(seed))
        return DataLoader(X, 5, shuffle=True, transform=noisy, rng=rng, workers=workers)

    def epochs(loader, n):
        for _ in range(n):
            yield from loader

    whole = list(epochs(loader(0), 3))
    begun, given = loader(0), []
    for batch in epochs(begun, 3):
        if len(given) == stop:
            break
        given.append(batch)
        state = begun.state()
    state = json.loads(json.dumps(state if stop else loader(0).state()))
    resumed = loader(1)
    resumed.restore(state)
    rest = list(epochs(resumed, 3))[: len(whole) - stop]
    assert len(given) == stop
    for one, other in zip([*given, *rest], whole, strict=True):
        np.testing.assert_array_equal(one, other)
