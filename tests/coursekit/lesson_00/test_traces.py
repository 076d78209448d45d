"""Lesson 00's traces and its picture of one prediction, against the lesson's cells."""

import re
import time
from itertools import pairwise

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from authoring.source.sources import read_cells
from coursekit.learn.traces import load_trace
from coursekit.lesson_00 import prediction, traces
from coursekit.lesson_00.prediction import draw_prediction
from coursekit.nets import three_models
from coursekit.pictures import plot
from tests.conftest import ROOT
from tests.coursekit.stages import column, png, read, stage

LESSON = ROOT / "course" / "00_pipeline" / "lesson.py"
FURTHER = LESSON.with_name("further.py")


@pytest.fixture(scope="module")
def lesson():
    """The names that lesson 00's cells leave behind, without those that measure files and times."""
    cells = [cell for cell in read_cells(LESSON) if cell.kind == "code"]
    texts = [cell.source for cell in cells]
    packed = next(n for n, text in enumerate(texts) if "def unpack" in text)
    (traced,) = (cell.source for cell in read_cells(FURTHER) if "def through" in cell.source)
    names = {}
    with pytest.MonkeyPatch.context() as patch, matplotlib.rc_context():
        patch.setenv("COURSE_PROGRESS", ":memory:")
        patch.setattr(plot, "show", lambda fig, alt: plt.close(fig))
        threads = torch.get_num_threads()
        for text in texts[: packed + 1]:
            exec(text, names)
        layers = names | {"three_models": three_models.three_models, "pd": pd}
        exec(traced, layers)
        names["rows"] = layers["rows"]
        names["models"] = {key: names[of] for key, of in MODELS.items()}
        torch.set_num_threads(threads)
    return names


MODELS = {"dense": "model", "pruned": "pruned", "quantized": "quantized"}


def test_the_networks_are_those_of_the_lesson(lesson):
    history = three_models.run().history.loc[1:]
    pd.testing.assert_frame_equal(history, lesson["history"].set_index("epoch"), check_like=True)
    for name, model in three_models.three_models().items():
        theirs = lesson["models"][name].state_dict()
        for key, values in model.state_dict().items():
            assert torch.equal(values, theirs[key]), (name, key)


def test_the_six_stages_show_what_the_lesson_has(lesson):
    weight = {name: model[0].weight.detach() for name, model in lesson["models"].items()}
    integers, scale = lesson["packed"]["0.weight"], lesson["packed"]["0.weight_scale"]
    have = {
        "Raw": torch.from_numpy(lesson["train"].images),
        "Scaled to 0–1": lesson["images"],
        "Flattened": lesson["flat"],
        "Trained": weight["dense"],
        "Pruned by 30%": weight["pruned"],
        "int8": integers,
    }
    stages = load_trace("00", "pipeline-data-flow").stages
    assert [stage.title for stage in stages] == list(have)
    for one, values in zip(stages, have.values(), strict=True):
        after = column(one, "after")
        assert one.after == tuple(values.shape)
        assert after["shape"] == "×".join(map(str, values.shape))
        assert after["type"] == str(values.dtype).removeprefix("torch.")
        assert read(after["bytes"]) == values.nbytes
        assert read(after["zeros"]) == (values == 0).sum()
        low, high = map(read, after["values"].split(" to "))
        assert low == pytest.approx(values.min().item(), abs=5e-5)
        assert high == pytest.approx(values.max().item(), abs=5e-5)
    for previous, one in pairwise(stages):
        if one.of == previous.of:
            assert column(one, "before") == column(previous, "after")
    assert f"{float(scale):.6f}" in stage("00", "pipeline-data-flow", "int8").text
    right = (three_models.run().history["validation_accuracy"] * 397).round().astype(int)
    text = stage("00", "pipeline-data-flow", "Trained").text
    assert f"{right[0]} were right before and {right[5]} are right now" in text
    # What the bank says to notice.
    types = [column(one, "after")["type"] for one in stages]
    assert types == ["uint8", *["float32"] * 4, "int8"]
    assert [one.title for one in stages if one.before not in (None, one.after)] == ["Flattened"]


def test_the_epochs_show_what_the_lesson_has():
    *_, last = load_trace("00", "pipeline-training").stages
    history = three_models.run().history
    assert [read(row[0]) for row in last.table[1:]] == list(history.index)
    for row in last.table[1:]:
        epoch = int(row[0])
        assert read(row[1]) == pytest.approx(history["loss"][epoch], abs=5e-4)
        assert read(row[3]) == pytest.approx(history["validation_loss"][epoch], abs=5e-4)
        assert row[2] == f"{100 * history['accuracy'][epoch]:.1f}%"
        assert f"({100 * history['validation_accuracy'][epoch]:.1f}%)" in row[4]
    for number, one in enumerate(load_trace("00", "pipeline-training").stages):
        assert one.table == last.table[: number + 2]


def test_the_layers_show_what_the_lesson_has(lesson):
    titles = [one.title for one in load_trace("00", "pipeline-layer-by-layer").stages]
    assert titles == list(lesson["rows"])
    for layer, (shape, place, *follow, off) in lesson["rows"].items():
        one = stage("00", "pipeline-layer-by-layer", layer)
        assert one.after == shape
        if layer == "input":
            continue
        values = column(one, f"number at position {place}")
        assert [read(value) for value in values.values()] == pytest.approx(follow, abs=5e-5)
        offs = column(one, "largest difference to dense").values()
        assert max(map(read, offs)) == pytest.approx(off, abs=5e-5)
        assert list(values) == list(MODELS)
        if layer != "linear 128→10":
            assert max(offs) in one.text


def told(epoch, **columns):
    history = pd.DataFrame(
        {name: columns.get(name, [0.5] * 6) for name in ("loss", "accuracy")}
        | {f"validation_{name}": columns[f"validation_{name}"] for name in ("loss", "accuracy")}
    )
    return traces.observation(history, epoch, 100)


@pytest.mark.parametrize(
    ("epoch", "accuracies", "losses", "says"),
    [
        (0, [0.1] * 6, [2.3] * 6, "about what the network has: 2.300. It gets 10 of 100"),
        (0, [0.1] * 6, [3.0] * 6, "and here it is: 3.000"),
        (1, [0.1, 0.7, 0.7, 0.7, 0.7, 0.9], [1] * 6, "60 more right.*wins 80.* 75% of that"),
        (1, [0.5, 0.4, 0.4, 0.4, 0.4, 0.4], [1] * 6, "10 fewer right.*no more are won than lost"),
        (
            1,
            [0.5, 0.4, 0.6, 0.6, 0.6, 0.6],
            [1] * 6,
            "10 fewer right.*wins 10, all of them in later",
        ),
        (2, [0.5] * 6, [2, 1, 0.5, 0, 0, 0], "As many right as before.*surer.*61% now.*had 37%"),
        (2, [0.5] * 6, [2, 1, 2, 0, 0, 0], "less sure.*14% now.*had 37%"),
        (2, [0.5] * 6, [2, 1, 1, 0, 0, 0], "as sure as before"),
        (3, [0.6] * 6, [1] * 6, "10.0 points behind validation"),
        (3, [0.4] * 6, [1] * 6, "10.0 points ahead.*did not"),
        (3, [0.4] * 6, [1, 1, 1, 2, 1, 1], "10.0 points ahead.*rose\\."),
        (3, [0.5] * 6, [1] * 6, "is level with validation"),
        (4, [0.5] * 6, [1] * 6, "count of 50.*by 5, .*no more than that"),
        (4, [0.5, 0.5, 0.5, 0.3, 0.5, 0.5], [1] * 6, "20 more.*is more than that"),
        (5, [0.5] * 6, [1, 1, 1, 1, 1, 0.8], "still fell, by 20%"),
        (5, [0.5] * 6, [1, 1, 1, 1, 1, 1.2], "rose, by 20%"),
        (5, [0.5] * 6, [1, 1, 1, 1, 1, 1], "come to rest"),
    ],
)
def test_an_observation_says_what_the_numbers_did(epoch, accuracies, losses, says):
    text = told(epoch, validation_accuracy=accuracies, validation_loss=losses)
    assert re.search(says, text), text


def test_the_run_is_trained_whoever_asks_first():
    """A trace that computes without gradients once was the first to ask, and got a traceback."""
    with torch.no_grad():
        again = three_models.run.__wrapped__()
    assert torch.equal(again.trained[0].weight, three_models.run().trained[0].weight)


def words(fig):
    """Everything that is written in a figure, ticks apart."""
    texts = [*fig.texts, *(text for ax in fig.axes for text in (ax._left_title, *ax.texts))]
    return [text.get_text() for text in texts if text.get_text()]


def test_the_picture_says_what_the_three_models_answer():
    images, labels = three_models.run().test.tensors()
    for image, sparsity, bits in [(0, 0.3, 8), (5, 0.98, 8), (9, 0.0, 2)]:
        written = words(draw_prediction(image, sparsity, bits))
        assert f"test image {image}: a {labels[image]}" in written
        assert f"pruned: {100 * sparsity:.0f}% zeros" in written
        for model in three_models.three_models(sparsity, bits).values():
            chances = model(images[image].flatten()).softmax(0)
            answer = int(chances.argmax())
            verdict = "right" if answer == labels[image] else "wrong"
            wanted = f"says {answer}, {100 * chances[answer]:.0f}%: {verdict}"
            assert wanted in written, (wanted, written)
    plt.close("all")


def test_fewer_bits_leave_fewer_values_and_no_weights_no_error():
    for bits in range(2, 9):
        weight = three_models.three_models(0.0, bits)["quantized"][0].weight
        assert 2 ** (bits - 1) < len(weight.unique()) <= 2**bits - 1
    assert "quantized: only zeros" in words(draw_prediction(0, 1.0, 8))
    assert all("nan" not in text for text in words(draw_prediction(0, 1.0, 2)))


def test_the_models_prune_as_pytorch_does():
    theirs = nn.Linear(784, 128)
    theirs.weight.data = three_models.run().trained[0].weight.data.clone()
    prune.l1_unstructured(theirs, "weight", amount=0.7)
    ours = three_models.three_models(0.7, 8)["pruned"][0].weight
    assert torch.equal(
        ours.abs().flatten().sort().values, theirs.weight.abs().flatten().sort().values
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((400, 0.5, 8), "no test image 400: choose 0 to 399"),
        ((-1, 0.5, 8), "no test image -1"),
        ((0, 1.5, 8), "1.5 is no share"),
        ((0, -0.1, 8), "-0.1 is no share"),
        ((0, 0.5, 1), "1 bits: choose 2 to 8"),
        ((0, 0.5, 9), "9 bits"),
    ],
)
def test_what_can_not_be_drawn_is_said(arguments, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        draw_prediction(*arguments)
    assert not plt.get_fignums()


def test_a_choice_shows_in_the_picture_also_in_grey():
    drawn = []
    for choice in [(0, 0.3, 8), (0, 0.9, 8), (0, 0.3, 2), (4, 0.3, 8)]:
        fig = draw_prediction(*choice)
        assert fig.get_size_inches()[0] * fig.dpi == 900
        fig.canvas.draw()
        drawn.append(np.asarray(fig.canvas.buffer_rgba())[..., :3] @ [0.299, 0.587, 0.114])
        plt.close(fig)
    for other in drawn[1:]:
        assert (np.abs(other - drawn[0]) > 60).mean() > 0.005


def test_the_picture_is_quick_after_the_first():
    png(draw_prediction(1, 0.4, 6))
    spent = []
    for image in range(5):
        start = time.process_time()
        draw_prediction(image, 0.4, 6)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.4, "twice what is asked, because the machine may be busy"


def test_the_units_shown_are_the_same_in_every_model():
    models = three_models.three_models()
    dense, pruned = (prediction._unit(models[name]) for name in ("dense", "pruned"))
    assert 0 < (pruned == 0).sum() < pruned.size
    assert (pruned[pruned != 0] == dense[pruned != 0]).all()
