"""The command, and the file that the course ships: both alone give the error."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from coursekit.lesson_15.squeeze import container
from coursekit.lesson_15.squeeze.__main__ import answers, checksum, main
from coursekit.nets.data import load_digits, load_file
from coursekit.nets.networks import lenet
from coursekit.nets.train import evaluate

# Of the shipped file: the weights and biases that every machine must get from it, bit for bit.
WEIGHTS = "29d8c3c9617947aa76d9f4c8521873b0a7b212e29584df7dff26c0ca2b56d58c"
BYTES = 3747
# How many of MNIST's 10,000 test images it answers wrongly, as docs/capstone.md says.
WRONG = 129
MNIST = os.environ.get("MNIST")


def command(*arguments):
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def shipped():
    return container.read(load_file("capstone_stretch.fb"))


def test_the_shipped_file_gives_its_weights_bit_for_bit(shipped):
    assert len(load_file("capstone_stretch.fb")) == BYTES
    assert checksum(shipped) == WEIGHTS
    assert [layer.levels.shape for layer in shipped] == [(300, 784), (100, 300), (10, 100)]


def test_what_is_decoded_is_written_again_to_the_same_bytes(shipped):
    assert container.write(shipped) == load_file("capstone_stretch.fb")


def test_numpy_and_torch_answer_alike(shipped):
    model = lenet()
    model.load_state_dict(container.state_dict(shipped))
    test = load_digits().test
    right = evaluate(model, *test.tensors())[1]
    found = answers(shipped, test.images)
    assert (found == test.labels).mean() == pytest.approx(right, abs=0.003)
    # Trained on other digits of another size: far better than chance, and no more.
    assert right > 0.5


def test_the_command_says_what_a_file_holds_and_how_well_it_answers(root, tmp_path):
    file = root / "data" / "capstone_stretch.fb"
    result = command(file, "--images", root / "data" / "digits.npz")
    assert result.exit_code == 0, result.output
    assert f"{BYTES:,} bytes for 1,066,440 of float32" in result.output
    assert WEIGHTS in result.output
    assert "of 400 wrong" in result.output
    assert command(file).exit_code == 0


@pytest.mark.parametrize(
    ("name", "images", "sentence"),
    [
        ("none.fb", None, "can't be read"),
        ("text.fb", None, "no squeezed network"),
        ("cut.fb", None, "damaged or cut off"),
        ("good.fb", "none.npz", "no .npz"),
        ("good.fb", "text.fb", "no .npz"),
        ("good.fb", "other.npz", "no x_test"),
        ("good.fb", "small.npz", "takes 784 pixels"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(name, images, sentence, tmp_path):
    good = load_file("capstone_stretch.fb")
    (tmp_path / "good.fb").write_bytes(good)
    (tmp_path / "cut.fb").write_bytes(good[:1000])
    (tmp_path / "text.fb").write_text("a text")
    np.savez(tmp_path / "other.npz", images=np.zeros(3))
    np.savez(tmp_path / "small.npz", x_test=np.zeros((3, 8, 8), np.uint8), y_test=np.zeros(3))
    more = [] if images is None else ["--images", tmp_path / images]
    result = command(tmp_path / name, *more)
    assert result.exit_code == 1
    assert sentence in result.output
    assert "Traceback" not in result.output


@pytest.mark.skipif(MNIST is None, reason="full MNIST is not at hand: MNIST=mnist.npz names it")
def test_on_mnist_the_shipped_file_has_the_error_that_is_claimed(shipped):
    with np.load(Path(str(MNIST)), allow_pickle=False) as arrays:
        wrong = answers(shipped, arrays["x_test"]) != arrays["y_test"]
    # Sums in another order may turn an image that is on the edge.
    assert wrong.sum() == pytest.approx(WRONG, abs=2)
