"""Models on disk, as safetensors: names, shapes and numbers, no code.  Needs the extra `save`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from adjoint.nn.model import arrays, load_state


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "saving and loading models needs safetensors: pip install adjoint-ad[save]"
        ) from error
    return safetensors.numpy


def save(path: str | os.PathLike[str], model: Any) -> Path:
    """Write all arrays of a model (`nn.state`) to a file, whole or not at all.  Returns the path."""
    path = Path(path)
    found = {name: np.ascontiguousarray(array) for name, array in arrays(model)}
    for name, array in found.items():
        if array.dtype.kind == "c":
            raise ValueError(f"{name} is complex, which safetensors cannot hold")
    data = _safetensors().save(found, metadata={"format": "adjoint"})
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(partial, 0o666 & ~_umask())
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def load(path: str | os.PathLike[str], model: Any, *, partial: bool = False) -> Any:
    """Read what `save` wrote into the arrays of a model, as `nn.load_state` does.  Returns the model."""
    return load_state(model, _safetensors().load_file(os.fspath(path)), partial=partial)
