"""Runs the tutorials that train models: whole to write them, short to test them.

`python -m tests.tutorials 6_digits` runs a page, shows on the way what it prints, and writes that and
the pictures into the page. Without a name it runs all.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "docs" / "tutorials"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

#: page -> lines of its code, by what they assign, and what they assign in the short form
SHORT = {
    "6_digits": {"epochs": "1"},
    "7_text": {"steps": "40", "text": "data.english_text()[:60_000]"},
    "8_variational": {"epochs": "1"},
}


def shortened(code: str, values: dict[str, str]) -> str:
    """The code with other values where the names are assigned, at the beginning of a line."""
    for name, value in values.items():
        code = re.sub(rf"^{name} = .*$", f"{name} = {value}", code, flags=re.MULTILINE)
    return code


def run(page: str, folder: Path, *, short: bool) -> tuple[list[str], dict[str, Any]]:
    """What each block of code of a page prints, and the names it leaves; pictures go to the folder."""
    text = (FOLDER / f"{page}.md").read_text(encoding="utf-8")
    blocks = [code for language, code in BLOCK.findall(text) if language == "python"]
    if short:
        for name in SHORT[page]:
            found = re.findall(rf"^{name} = ", "".join(blocks), re.MULTILINE)
            assert len(found) == 1, f"{page} assigns {name} {len(found)} times"
        blocks = [shortened(code, SHORT[page]) for code in blocks]
    printed: list[str] = []
    namespace: dict[str, Any] = {"__name__": "example"}
    for number, code in enumerate(blocks):
        path = folder / f"example_{number}.py"
        path.write_text(code, encoding="utf-8")
        linecache.checkcache()
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.chdir(folder):
            exec(compile(code, str(path), "exec"), namespace)
        printed.append(out.getvalue())
        if not short:
            print(out.getvalue(), end="", flush=True)
    return printed, namespace


def filled(text: str, printed: list[str]) -> str:
    """The page with other outputs: those of its blocks of code, in order."""
    outputs = iter(printed)

    def block(found: re.Match) -> str:
        return found[0] if found[1] == "python" else f"```\n{next(outputs).rstrip()}\n```"

    return BLOCK.sub(block, text)


def write(page: str) -> None:
    """Run the whole page and put into it what it prints and draws."""
    path = FOLDER / f"{page}.md"
    with tempfile.TemporaryDirectory() as name:
        printed, _ = run(page, Path(name), short=False)
        for picture in Path(name).glob("*.png"):
            shutil.copy(picture, FOLDER / "pictures" / picture.name)
    path.write_text(filled(path.read_text(encoding="utf-8"), printed), encoding="utf-8")


if __name__ == "__main__":
    for page in sys.argv[1:] or SHORT:
        print(f"-- {page}")
        write(page)
