"""The examples of the documentation do what it shows."""

import contextlib
import io
import linecache
import re
from pathlib import Path

import numpy as np
import pytest

from adjoint import nn

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize(
    ("page", "count"),
    [
        ("debugging.md", 3),
        ("layers.md", 1),
        ("training.md", 5),
        ("tutorials/1_derivatives.md", 4),
        ("tutorials/2_layers.md", 5),
        ("tutorials/3_descent.md", 3),
        ("tutorials/4_polynomials.md", 4),
        ("tutorials/5_memory.md", 5),
    ],
)
def test_examples_print_what_is_shown(page, count, tmp_path, monkeypatch):
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert [language for language, _ in blocks] == ["python", ""] * count
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "example"}
    for number, ((_, code), (_, shown)) in enumerate(zip(blocks[::2], blocks[1::2], strict=True)):
        path = tmp_path / f"example_{number}.py"
        path.write_text(code, encoding="utf-8")
        linecache.checkcache()
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), np.errstate(all="ignore"):
            exec(compile(code, str(path), "exec"), namespace)
        said = printed.getvalue().replace(str(path), "example.py")
        said = re.sub(rf"{tmp_path.name}/example_\d+\.py", "example.py", said)  # in generated code
        assert said.strip() == shown.strip()


def test_the_page_of_layers_names_all_there_is_and_nothing_else():
    text = (DOCS / "layers.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:nn\.)?(\w+)[(`]", text))
    assert set(nn.__all__) <= named
    table = text.split("<!-- layers")[1].split("## Activations")[0]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    for name in re.findall(r"`(\w+)", " ".join(first)):
        assert name in nn.__all__, name
