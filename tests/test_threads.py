"""Derivatives taken in many threads at once."""

import sys
import threading

import numpy as np
import pytest

import adjoint as ad

THREADS = 8
X = np.array([0.7, -1.3, 2.1])


@pytest.fixture(autouse=True)
def frequent_switches():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(work):
    """Run `work(k)` in as many threads, started together; raises the first exception."""
    gate, errors = threading.Barrier(THREADS), []

    def run(k):
        try:
            gate.wait()
            work(k)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


POWERS = [
    lambda x: x**2, lambda x: x**3, lambda x: x**4, lambda x: x**5,
    lambda x: x**6, lambda x: x**7, lambda x: x**8, lambda x: x**9,
]  # fmt: skip


def test_nested_gradients_of_different_functions():
    def work(k):
        n = k + 2
        for i in range(100):
            x = 1.0 + i / 100
            second = ad.gradient(lambda v: ad.gradient(POWERS[k], v)[0], x)[0]
            assert second == pytest.approx(n * (n - 1) * x ** (n - 2))

    in_threads(work)


def test_one_function_at_different_types():
    values = [2.0, 2, np.float32(2.0), np.full(3, 2.0), np.full((2, 3), 2.0, np.float32),
              np.full((1, 3), 2.0), np.array(2.0), np.full((2, 1), 2)]  # fmt: skip

    def f(x):
        return np.sum(np.asarray(x) * x * x)

    def work(k):
        x = values[k]
        for _ in range(100):
            (bar,) = ad.gradient(f, x)
            assert np.shape(bar) == np.shape(x)
            np.testing.assert_allclose(bar, 12.0)

    in_threads(work)


def test_first_calls_at_the_same_time():
    def make():
        def inner(x, k):
            return np.sum(np.tanh(x) * k)

        return lambda x, k: inner(x, k) * 2.0

    for _ in range(5):
        f = make()

        def work(k):
            bar = ad.gradient(f, X, float(k))[0]
            np.testing.assert_allclose(bar, 2.0 * k * (1 - np.tanh(X) ** 2))

        in_threads(work)


def test_pullbacks_made_in_one_thread_and_called_in_others():
    _, back = ad.pullback(lambda x: x * x, X)

    def work(k):
        for _ in range(200):
            np.testing.assert_allclose(back(np.full(3, float(k)))[0], 2.0 * k * X)

    in_threads(work)


def test_parameters_by_identity_in_threads():
    def work(k):
        W = np.full(3, float(k))
        ps = ad.params(W)
        for _ in range(50):
            gs = ad.gradient(lambda: np.sum(W * W), ps)
            np.testing.assert_allclose(gs[W], 2.0 * k)

    in_threads(work)


def test_errors_in_one_thread_do_not_reach_another():
    def f(x, k):
        if k % 2:
            raise ValueError(k)
        return x * x * k

    def work(k):
        for _ in range(100):
            if k % 2:
                with pytest.raises(ValueError, match=str(k)):
                    ad.gradient(f, 3.0, k)
            else:
                assert ad.gradient(f, 3.0, k)[0] == 6.0 * k

    in_threads(work)
