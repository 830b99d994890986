import re

import numpy as np
import pytest

from adjoint.__main__ import main
from adjoint.demo import jitter, load_digits, write_atomically


def test_demo_learns_to_read_digits_and_draws_them(tmp_path, capfd):
    assert main(["demo", "--output", str(tmp_path / "new")]) == 0
    printed, progress = capfd.readouterr()
    assert printed.count("def squared_error_gradient") == 2
    accuracy = re.search(r"of 1,000 held-out digits read: ([\d.]+)%", printed)
    assert accuracy and float(accuracy[1]) >= 94
    assert "loss=" in progress
    picture = tmp_path / "new" / "digits.png"
    assert f"Picture: {picture}" in printed
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert list(picture.parent.iterdir()) == [picture]


def test_digits_held_out_are_100_of_each_and_none_is_trained_on():
    digits = load_digits()
    assert digits.train_x.shape == (4000, 784) and digits.train_x.dtype == np.float32
    assert np.bincount(digits.train_y).tolist() == [400] * 10
    assert np.bincount(digits.test_y).tolist() == [100] * 10
    trained_on = {image.tobytes() for image in digits.train_x}
    assert not any(image.tobytes() in trained_on for image in digits.test_x)


def test_jitter_moves_each_image_by_at_most_a_pixel():
    image = np.zeros((28, 28), np.float32)
    image[13, 14] = 1
    moved = jitter(np.tile(image.reshape(1, 784), (500, 1)), np.random.default_rng(0))
    assert moved.shape == (500, 784) and moved.dtype == np.float32
    places = {divmod(int(place), 28) for place in np.argmax(moved, axis=1)}
    assert places == {(row, column) for row in (12, 13, 14) for column in (13, 14, 15)}


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "picture.png"
    path.write_text("before")

    def fail(partial):
        with open(partial, "w") as file:
            file.write("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("arguments", [[], ["dance"], ["demo", "--epochs", "0"]])
def test_a_wrong_command_line_is_explained(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: python -m adjoint" in capsys.readouterr().err
