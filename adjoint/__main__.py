"""`python -m adjoint demo`: see what adjoint generates, and train a network with it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m adjoint", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser(
        "demo",
        help="print generated gradients, then learn to read 5,000 handwritten digits",
        description="Print generated gradients, then learn to read 5,000 handwritten digits.",
    )
    demo.add_argument("--epochs", type=int, default=20, help="passes over the data (default: 20)")
    demo.add_argument(
        "--output",
        type=Path,
        default=Path("output"),
        metavar="DIR",
        help="where the picture goes (default: output)",
    )
    options = parser.parse_args(arguments)
    if options.epochs < 1:
        demo.error("--epochs: at least 1")

    from adjoint.demo import run

    run(epochs=options.epochs, output=options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
