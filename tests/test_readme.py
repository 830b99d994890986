"""What the README shows is what happens."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block_after(marker: str) -> str:
    """The code block that follows a comment which begins like this."""
    found = re.search(rf"<!-- {marker}.*?-->\n```\w*\n(.*?)```", README, re.DOTALL)
    assert found, marker
    return found[1]


def test_example_prints_what_the_readme_shows(tmp_path):
    (tmp_path / "example.py").write_text(block_after("example:"), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-W", "error", "example.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stderr
    printed = run.stdout.replace(f"{tmp_path.name}/", "")
    assert printed.strip() == block_after("example's output").strip()


def test_each_command_is_one_line_that_makes_its_environment():
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert [c.split("&&")[-1].strip() for c in commands] == [
        ".venv/bin/python -m adjoint demo",
        ".venv/bin/python -m pytest -n 2",
    ]


def test_linked_files_exist():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
