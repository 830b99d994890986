"""Packages that only some functions need: imported when they are called."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def needed(module: str, purpose: str, package: str | None = None) -> Any:
    """The module, or an ImportError that says what to install for this purpose."""
    try:
        return import_module(module)
    except ImportError as error:
        package = package or module.split(".", maxsplit=1)[0]
        raise ImportError(
            f"{purpose} needs {package}: pip install {package}, or 'adjoint-ad[train]' for all that "
            "training can use",
            name=module,
        ) from error
