from collections import Counter, namedtuple

import numpy as np
import pytest

from adjoint import data

Pair = namedtuple("Pair", "x y")


def test_data_is_counted_and_taken_part_by_part():
    d = {"a": np.arange(8).reshape(4, 2), "b": (["w", "x", "y", "z"], np.arange(4.0))}
    assert data.count(d) == 4
    one = data.take(d, 2)
    assert one["a"].tolist() == [4, 5] and one["b"] == ("y", 2.0)
    some = data.take(Pair(np.arange(4), [1, 2, 3, 4]), np.array([3, 0]))
    assert isinstance(some, Pair) and some.x.tolist() == [3, 0] and some.y == [4, 1]
    assert data.take(["a", "b", "c"], slice(1, None)) == ["b", "c"]
    with pytest.raises(ValueError, match=r"\[4, 3\] observations: not the same number"):
        data.count((np.zeros(4), np.zeros(3)))
    with pytest.raises(ValueError, match="without axes"):
        data.count(np.array(1.0))


def test_batches_are_stacked_where_that_is_possible():
    batch = data.collate([Pair(np.zeros(2), "a"), Pair(np.ones(2), "b")])
    assert isinstance(batch, Pair) and batch.x.shape == (2, 2) and batch.y == ["a", "b"]
    ragged = data.collate([{"w": np.zeros(2)}, {"w": np.zeros(3)}])
    assert [w.shape for w in ragged["w"]] == [(2,), (3,)]


def test_split_gives_every_observation_once():
    x = np.arange(103)
    for options in ({}, {"shuffle": True, "rng": 0}, {"stratify": x % 3, "rng": 0}):
        parts = data.split(x, (0.6, 0.3), **options)
        assert [len(p) for p in parts] == [62, 31, 10] or "stratify" in options
        assert sorted(np.concatenate(parts)) == x.tolist()
    first, second = data.split((x, list(x)), 100)
    assert len(first[0]) == 100 and second[1] == [100, 101, 102]
    assert np.shares_memory(data.split(x, 0.5)[0], x)
    assert not np.array_equal(data.split(x, shuffle=True, rng=0)[0], x[:82])
    seeded = data.split(x, rng=0)[0]  # a seed asks for a random order
    np.testing.assert_array_equal(seeded, data.split(x, shuffle=True, rng=0)[0])
    np.testing.assert_array_equal(data.split(x, shuffle=False, rng=0)[0], data.split(x)[0])
    first = [list(data.folds(x, 4, rng=0))[0][1], list(data.folds(x, 4, shuffle=True, rng=0))[0][1]]
    np.testing.assert_array_equal(*first)
    with pytest.raises(ValueError, match="more than the 103"):
        data.split(x, (0.6, 0.5))


def test_stratified_parts_have_each_label_in_proportion():
    x, y, *_ = data.iris()
    labels = np.concatenate([y, np.zeros(90, int)])
    x = np.concatenate([x, x[:90]])
    (_, train), (_, test) = data.split((x, labels), 0.8, stratify=labels, rng=0)
    assert np.bincount(train).tolist() == [112, 40, 40]
    assert np.bincount(test).tolist() == [28, 10, 10]
    assert (np.diff(train) < 0).any()  # in random order
    with pytest.raises(ValueError, match="sizes that are fractions"):
        data.split((x, labels), 100, stratify=labels)


@pytest.mark.parametrize(
    "options", [{}, {"shuffle": False}, {"shuffle": True}, {"stratify": np.arange(23) % 2}]
)
def test_folds(options):
    x = np.arange(23)
    pairs = list(data.folds(x, 4, rng=0, **options))
    assert len(pairs) == 4
    assert sorted(np.concatenate([valid for _, valid in pairs])) == x.tolist()
    for train, valid in pairs:
        assert sorted([*train, *valid]) == x.tolist() and len(valid) in (5, 6)
        if "stratify" in options:
            assert abs(np.sum(valid % 2) - len(valid) / 2) <= 1
    with pytest.raises(ValueError, match="from 2 to 23"):
        list(data.folds(x, 24))


def test_leaving_out_and_going_forward_in_time():
    x = np.arange(7)
    assert [valid.tolist() for _, valid in data.leave_out(x, 3)] == [[0, 1, 2], [3, 4], [5, 6]]
    assert len(list(data.leave_out(x))) == 7
    pairs = [(a.tolist(), b.tolist()) for a, b in data.time_folds(np.arange(6), 2)]
    assert pairs == [([0, 1], [2, 3]), ([0, 1, 2, 3], [4, 5])]


def test_balancing():
    x = np.arange(20)
    y = (x >= 15).astype(int)
    more_x, more_y = data.oversampled((x, y), y, rng=0)
    assert Counter(more_y.tolist()) == {0: 15, 1: 15}
    assert set(more_x.tolist()) == set(range(20))
    fewer = data.undersampled(x, lambda i: i >= 15, rng=0)
    assert Counter((fewer >= 15).tolist()) == {True: 5, False: 5} and len(set(fewer.tolist())) == 10


def test_shuffling_and_sampling():
    x = np.arange(50)
    assert sorted(data.shuffled(x, rng=0)) == x.tolist() != data.shuffled(x, rng=0).tolist()
    np.testing.assert_array_equal(data.shuffled(x, rng=3), data.shuffled(x, rng=3))
    assert len(set(data.sample(x, 50, rng=0).tolist())) == 50
    assert len(data.sample(x, 80, replace=True, rng=0)) == 80


def test_one_by_one():
    asked = []
    squares = data.mapped(lambda n: asked.append(int(n)) or n * n, np.arange(5))
    assert len(squares) == 5 and squares[3] == 9 and asked == [3]
    assert data.take(squares, slice(3, 5)) == [9, 16]
    assert list(squares)[-1] == 16
    even = data.filtered(lambda pair: pair[0] % 2 == 0, (np.arange(5), list("abcde")))
    assert even[0].tolist() == [0, 2, 4] and even[1] == ["a", "c", "e"]
    assert data.joined([1], [], [2, 3]) == [1, 2, 3]
    groups = data.grouped((np.arange(4), list("abab")), list("xyxx"))
    assert groups["x"][0].tolist() == [0, 2, 3] and groups["y"][1] == ["b"]


# -- sequences ---------------------------------------------------------------------------------------


def test_padding_and_back():
    sequences = [np.ones((2, 3)), np.full((4, 3), 2.0), np.zeros((0, 3))]
    values, mask = data.pad(sequences, value=-1)
    assert values.shape == (3, 4, 3) and mask.sum(axis=1).tolist() == [2, 4, 0]
    assert (values[0, 2:] == -1).all()
    for one, other in zip(data.unpad(values, mask), sequences):
        np.testing.assert_array_equal(one, other)
    short, mask = data.pad([[1, 2, 3], [4]], length=2)
    assert short.tolist() == [[1, 2], [4, 0]] and mask.tolist() == [[True, True], [True, False]]
    with pytest.raises(ValueError, match="different shapes"):
        data.pad([np.zeros((2, 3)), np.zeros((2, 4))])
    with pytest.raises(ValueError, match="cannot fill up sequences of int"):
        data.pad([[1, 2], [3]], value=0.5)


def test_windows_are_views_in_order():
    x = np.arange(20).reshape(10, 2)
    w = data.windows(x, 4, stride=3)
    assert w.shape == (3, 4, 2) and np.shares_memory(w, x)
    np.testing.assert_array_equal(w[1], x[3:7])
    with pytest.raises(ValueError, match="windows of 11"):
        data.windows(x, 11)
    read, predicted = data.following(np.arange(11), 3, stride=1)
    np.testing.assert_array_equal(read[1:, 0], predicted[:-1, 0])
    assert read.shape == (8, 3)


def test_chunks():
    assert data.chunk("abcdefg", 3) == ["abc", "def", "g"]
    assert [len(c) for c in data.chunk(np.arange(10), size=4)] == [4, 4, 2]
    with pytest.raises(TypeError, match="either n"):
        data.chunk([1, 2])


def test_scales():
    x = np.random.default_rng(0).normal(3, 5, size=(200, 3)).astype(np.float32)
    y = data.normalise(x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(0), 1, atol=1e-4)
    z = data.rescale(x, -1, 1)
    np.testing.assert_allclose([z.min(0), z.max(0)], [[-1] * 3, [1] * 3], rtol=1e-6)
    assert (data.rescale(np.ones((3, 1))) == 0).all()
