"""Data for training: batches, parts, encodings, and small real data sets.

    train, test = split((x, y), 0.8, stratify=y, rng=0)
    for x, y in DataLoader(train, batch_size=64, shuffle=True, rng=0):
        ...

Observations are along the first axis of arrays; tuples and dicts of arrays are data as well.
"""

from adjoint.data.datasets import (
    Table,
    breast_cancer,
    diabetes,
    digits,
    english_text,
    iris,
    mnist,
    wine,
)
from adjoint.data.loader import DataLoader
from adjoint.data.observations import (
    collate,
    count,
    filtered,
    folds,
    grouped,
    joined,
    leave_out,
    mapped,
    oversampled,
    sample,
    shuffled,
    split,
    take,
    time_folds,
    undersampled,
)
from adjoint.data.onehot import OneHot, onecold, onehot, onehot_batch
from adjoint.data.sequences import (
    Padded,
    chunk,
    following,
    frequencies,
    normalise,
    pad,
    rescale,
    unpad,
    windows,
)

__all__ = [
    "DataLoader",
    "OneHot",
    "Padded",
    "Table",
    "breast_cancer",
    "chunk",
    "collate",
    "count",
    "diabetes",
    "digits",
    "english_text",
    "filtered",
    "folds",
    "following",
    "frequencies",
    "grouped",
    "iris",
    "joined",
    "leave_out",
    "mapped",
    "mnist",
    "normalise",
    "onecold",
    "onehot",
    "onehot_batch",
    "oversampled",
    "pad",
    "rescale",
    "sample",
    "shuffled",
    "split",
    "take",
    "time_folds",
    "undersampled",
    "unpad",
    "windows",
    "wine",
]
