"""The examples of the documentation do what it shows."""

import contextlib
import io
import linecache
import re
from pathlib import Path

import numpy as np
import pytest

from adjoint import nn
from tests import tutorials

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize(
    ("page", "count"),
    [
        ("debugging.md", 3),
        ("layers.md", 1),
        ("training.md", 6),
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
    for picture in re.findall(r"]\(pictures/(\w+\.png)\)", text):
        assert (tmp_path / picture).exists()
        assert (tutorials.FOLDER / "pictures" / picture).read_bytes().startswith(b"\x89PNG")


def read_digits(names):
    assert names["history"]["valid_accuracy"][-1] > 0.8  # in 63 steps; 98 % in the whole form
    assert np.mean(names["read"] == names["y"]) == names["history"]["valid_accuracy"][-1]


def learnt_letters(names):
    assert set(names["found"]) == {"LSTM", "transformer"}
    for name, found in names["found"].items():
        assert found < names["surprise"] - 0.2, name  # more than how often each letter occurs
        sample = names["sample"](names["models"][name], "The ", 20, np.random.default_rng(0))
        assert sample.startswith("The ") and len(sample) == 24


def drew_digits(names):
    assert names["history"]["valid_loss"][-1] < 230 < 540 < 784 * np.log(2)
    assert np.mean(names["y"][names["nearest"]] == names["y"]) > 0.15  # 0.1 by chance
    assert names["drawn"].shape == (12, 12, 28, 28)


@pytest.mark.parametrize(
    ("page", "check"),
    [("6_digits", read_digits), ("7_text", learnt_letters), ("8_variational", drew_digits)],
)
def test_tutorials_that_train_learn_in_their_short_form(page, check, tmp_path):
    printed, names = tutorials.run(page, tmp_path, short=True)
    assert all(printed)
    check(names)
    pictures = [path.name for path in tmp_path.glob("*.png")]
    text = (tutorials.FOLDER / f"{page}.md").read_text(encoding="utf-8")
    assert re.findall(r"]\(pictures/(\w+\.png)\)", text) == pictures


@pytest.mark.parametrize("page", tutorials.SHORT)
def test_tutorials_that_train_show_a_whole_run(page):
    text = (tutorials.FOLDER / f"{page}.md").read_text(encoding="utf-8")
    blocks = tutorials.BLOCK.findall(text)
    assert [language for language, _ in blocks] == ["python", ""] * (len(blocks) // 2)
    shown = [output for language, output in blocks if not language]
    assert all(map(str.strip, shown)) and tutorials.filled(text, shown) == text
    for picture in re.findall(r"]\((pictures/\w+\.png)\)", text):
        assert (tutorials.FOLDER / picture).read_bytes().startswith(b"\x89PNG")
    if page == "6_digits":
        (right,) = re.findall(r"misread: ([\d.]+)% are right", "".join(shown))
        assert float(right) >= 97


def test_the_page_of_layers_names_all_there_is_and_nothing_else():
    text = (DOCS / "layers.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:nn\.)?(\w+)[(`]", text))
    assert set(nn.__all__) <= named
    table = text.split("<!-- layers")[1].split("## Activations")[0]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    for name in re.findall(r"`(\w+)", " ".join(first)):
        assert name in nn.__all__, name
