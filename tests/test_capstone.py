"""The capstone's bench: pruning to smaller matrices changes no answer, a run keeps its file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from coursekit.lesson_15.squeeze import container, shared
from coursekit.nets.data import DataError, load_fashion_mnist, load_file
from coursekit.nets.networks import lenet
from tools.capstone import data, paper, stages, tasks
from tools.capstone.student import Recipe, Student, estimated_bits, forward, logits_of, train
from tools.capstone.tune import tune

QUICK = Recipe(
    keep=20_000, epochs=4, warm=2, settle=1, tune=1, teach=0, batch=10, lr=4e-3, tune_lr=1e-3
)


@pytest.fixture
def images():
    """500 of the course's images to train on, 300 to validate and 300 to test."""
    all_of_it = data.fashion()
    few = [
        tuple(tensor[:300] for tensor in part) for part in (all_of_it.validation, all_of_it.test)
    ]
    return replace(
        all_of_it,
        padded=all_of_it.padded[:500],
        labels=all_of_it.labels[:500],
        validation=few[0],
        test=few[1],
    )


def note(text):
    assert text


def test_a_shifted_image_is_the_image_moved(images):
    which = torch.tensor([3, 7])
    plain, moved = images.batch(which), images.batch(which, data.SHIFTS.index((1, -1)))
    torch.testing.assert_close(moved[:, :, 1:, :-1], plain[:, :, :-1, 1:])
    assert not moved[:, :, 0].any()


def test_what_no_weight_uses_is_taken_out_and_every_answer_stays(images):
    student = Student.new(0)
    chance = torch.Generator().manual_seed(0)
    for place, part in enumerate((0.004, 0.02, 0.3)):
        mask = torch.rand(student.masks[place].shape, generator=chance) < part
        student.masks[place] = mask.float()
        student.parameters[place] *= student.masks[place]
    # One unit that hears nothing and says something all the time.
    student.masks[1][5] = 0
    student.parameters[1][5] = 0
    student.parameters[4][5] = 1.5
    before = logits_of(student, student.parameters, images.validation[0])
    student.compact()
    after = logits_of(student, student.parameters, images.validation[0])
    torch.testing.assert_close(before, after)
    assert len(student.pixels) < 784
    assert student.parameters[0].shape[0] < 300
    assert student.parameters[1].shape[0] < 100


def test_a_network_is_pruned_to_what_the_recipe_says_and_learns(images):
    student = train(images, None, Student.new(0), QUICK, note)
    assert student.left() <= QUICK.keep
    assert tasks.error(student, student.parameters, images.validation) < 0.8


def test_a_weight_in_a_full_row_and_column_costs_less():
    mask = torch.tensor([[1.0, 1, 1, 1], [1, 0, 0, 0], [1, 0, 0, 0]])
    bits = estimated_bits(mask)
    assert bits[0, 0] < bits[0, 1] < bits[1, 1]


@pytest.mark.parametrize("kind", ["squeeze", "paper", "control"])
def test_a_run_gives_rows_and_a_file_that_answers_as_the_rows_say(
    kind, images, tmp_path, monkeypatch
):
    monkeypatch.setattr(data, "fashion", lambda: images)
    monkeypatch.setattr(tasks, "DENSE", replace(QUICK, keep=tasks.ALL))
    monkeypatch.setattr(tasks, "PRUNE", replace(QUICK, warm=0, score="magnitude"))
    task = tasks.Task(kind, "small", "fashion", 0, QUICK)
    rows = tasks.run(task, None, tmp_path, note)
    assert {row["seed"] for row in rows} == {0}
    if kind == "control":
        assert [row["bytes"] for row in rows] == [1_066_440]
        return
    file = (tmp_path / f"{task.name}.bin").read_bytes()
    assert rows[-1]["bytes"] == len(file)
    assert rows[-1]["times"] == round(1_066_440 / len(file), 1)
    assert rows[-1]["test_error"] == pytest.approx(stages.error_of_file(file, images, "test"))
    sizes = [row["bytes"] for row in rows]
    assert sizes == sorted(sizes, reverse=True)


def test_a_learned_step_moves_and_the_price_of_bits_makes_it_coarser(images):
    found = {}
    for rate, price in ((0.0, 0), (0.02, 0), (0.02, 1e4)):
        torch.manual_seed(0)
        student = Student.of(container.read(load_file("capstone_stretch.fb")))
        recipe = replace(QUICK, tune=1, step=0.8, step_lr=rate, price=price)
        found[rate, price] = [layer.step for layer in tune(images, None, student, recipe, note)]
    student = Student.of(container.read(load_file("capstone_stretch.fb")))
    at_first = [
        container.half(0.8 * float(weight.abs().sum() / mask.sum()))
        for weight, mask in zip(student.parameters, student.masks, strict=False)
    ]
    assert found[0.0, 0] == at_first
    assert all(step != first for step, first in zip(found[0.02, 0], at_first, strict=True))
    assert all(dear > free for dear, free in zip(found[0.02, 1e4], found[0.02, 0], strict=True))


def test_levels_as_shared_values_are_the_same_weights():
    levels = np.array([[0, -2, 1], [3, 0, 0]], np.int32)
    layer = container.Layer(levels, 0.5, np.array([1, 0], np.int32), 0.25)
    (found,) = shared.read(shared.write(stages.as_shared([layer])))
    np.testing.assert_array_equal(found.weight(), layer.weight())
    np.testing.assert_array_equal(found.bias(), layer.bias())


def test_stages_are_counted_as_the_paper_counts():
    codes = np.zeros((2, 40), np.uint8)
    codes[0, [0, 1, 2]] = [1, 2, 3]
    codes[1, 39] = 1
    # 4 weights, and 5 gaps, since the last one needs two fillers: 36 + 40 = 76 = 2·31 + 14.
    gaps = len(shared.symbols(codes)[1])
    assert gaps == 6
    sizes = stages.stage_bytes([codes], 2)
    assert sizes["pruned"] == -(-(4 * 32 + 5 * gaps + 64) // 8)
    assert sizes["few values"] == -(-(4 * 2 + 5 * gaps + 3 * 32 + 64) // 8)


def test_kmeans_finds_groups_that_lie_apart():
    weights = torch.tensor([-1.0, -1.1, 0.5, 0.6, 2.0])
    values, which = paper.kmeans(weights, 3)
    torch.testing.assert_close(values, torch.tensor([-1.05, 0.55, 2.0]))
    assert which.tolist() == [0, 0, 1, 1, 2]


def test_a_missing_or_wrong_file_is_said_in_one_sentence(tmp_path):
    import typer

    from tools.capstone.__main__ import main

    app = typer.Typer()
    app.command()(main)
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "other.npz", images=np.ones(3))
    for name, sentence in (
        ("no.npz", "There is no"),
        ("text.npz", "is no"),
        ("other.npz", "is no"),
    ):
        call = ["--mnist", str(tmp_path / name), "--folder", str(tmp_path / "out")]
        result = CliRunner().invoke(app, call)
        assert result.exit_code == 1
        assert sentence in result.output
        assert "Traceback" not in result.output
    with pytest.raises(DataError):
        data.mnist(tmp_path / "no.npz")


def test_forward_is_the_network_of_the_course():
    torch.manual_seed(0)
    model = lenet()
    state = model.state_dict()
    parameters = [state[f"{place}.{what}"] for what in ("weight", "bias") for place in (1, 3, 5)]
    inputs = torch.from_numpy(load_fashion_mnist().test.images[:8]).float() / 255
    torch.testing.assert_close(forward(inputs.flatten(1), parameters), model(inputs))


def test_a_student_goes_on_from_a_file_with_the_answers_of_that_file(images):
    layers = container.read(load_file("capstone_stretch.fb"))
    student = Student.of(layers)
    assert student.left() == sum(np.count_nonzero(layer.levels) for layer in layers)
    assert len(student.pixels) < 784
    model = lenet()
    model.load_state_dict(container.state_dict(layers))
    with torch.no_grad():
        wanted = model(images.validation[0])
    found = logits_of(student, student.parameters, images.validation[0])
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-3)
