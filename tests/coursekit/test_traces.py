"""Traces: every one that a bank names, its numbers against the lesson's cells and each other."""

import io
import random
import re
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from torch import nn
from torch.nn.utils import prune

from authoring.check.questions import unbalanced
from authoring.source.sources import read_cells
from coursekit import plot
from coursekit.measure import accuracy
from coursekit.serving import serve
from coursekit.traces import (
    TRACES,
    affine,
    costs,
    draw_prediction,
    integers,
    language,
    load_trace,
    low_rank,
    pipeline,
    prediction,
    ranges,
    rounding,
    serving,
    squeezed,
)
from coursekit.traces import static as static_layer
from coursekit.traces import structured as channel
from coursekit.traces import tflite as kernel
from coursekit.traces import tradeoffs as bytes_left
from tests.conftest import ROOT

LESSON = ROOT / "course" / "00_pipeline" / "lesson.py"
NAMED = sorted(
    question["trace"]
    for file in (ROOT / "course").glob("*/questions.yaml")
    for question in yaml.safe_load(file.read_text(encoding="utf-8"))
    if question["kind"] == "trace"
)

each_trace = pytest.mark.parametrize("name", sorted(TRACES))


@pytest.fixture(autouse=True)
def _own_style():
    with matplotlib.rc_context():
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def lesson():
    """The names that lesson 00's cells leave behind, without those that measure files and times."""
    cells = [cell for cell in read_cells(LESSON) if cell.kind == "code"]
    texts = [cell.source for cell in cells]
    packed = next(n for n, text in enumerate(texts) if "def unpack" in text)
    (traced,) = (text for text in texts if "def through" in text)
    names = {}
    with pytest.MonkeyPatch.context() as patch, matplotlib.rc_context():
        patch.setenv("COURSE_PROGRESS", ":memory:")
        patch.setattr(plot, "show", lambda fig, alt: plt.close(fig))
        threads = torch.get_num_threads()
        for text in texts[: packed + 1]:
            exec(text, names)
        names["models"] = {key: names[of] for key, of in MODELS.items()}
        names["test_images"], _ = names["test"].tensors()
        exec(traced, names)
        torch.set_num_threads(threads)
    return names


MODELS = {"dense": "model", "pruned": "pruned", "quantized": "quantized"}


def stage(name, title):
    return next(stage for stage in load_trace(name).stages if stage.title == title)


def column(stage, heading):
    """The table's column with this heading, by the first cell of each row."""
    headings, *rows = stage.table
    return {row[0]: row[headings.index(heading)] for row in rows}


def read(text):
    """A number as people read it."""
    return float(text.replace("−", "-").replace(",", ""))


def content(trace):
    """All of a trace but its pictures."""
    return [
        (stage.title, stage.text, stage.of, stage.before, stage.after, stage.alt, stage.table)
        for stage in trace.stages
    ]


def png(fig):
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png")
    plt.close(fig)
    return buffer.getvalue()


def test_there_is_a_trace_for_every_name_in_a_bank_and_no_other():
    assert sorted(TRACES) == NAMED


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(LookupError, match="no trace “nonsense”") as caught:
        load_trace("nonsense")
    assert all(name in str(caught.value) for name in TRACES)


@each_trace
def test_a_trace_is_complete_and_its_shapes_follow_one_another(name):
    trace = load_trace(name)
    assert trace is load_trace(name)
    assert trace.title
    last = {}
    for stage in trace.stages:
        assert stage.title
        assert stage.before == last.get(stage.of, stage.before)
        assert stage.before is not None or stage.of not in last
        last[stage.of] = stage.after
        assert all(type(size) is int for size in stage.after)
        assert unbalanced(stage.text) is None, stage.text
        assert not re.search(r"\bnan\b|\binf\b|\d-|-\d\.|tensor", stage.text), stage.text
        assert stage.table is None or len({len(row) for row in stage.table}) == 1
    assert len({stage.title for stage in trace.stages}) == len(trace.stages)


@each_trace
def test_every_stage_has_a_picture_as_wide_as_a_page_and_its_alt_text(name):
    stages = load_trace(name).stages
    drawn = []
    for stage in stages:
        assert len(stage.alt) > 20
        fig = stage.picture()
        assert fig.get_size_inches()[0] * fig.dpi == 900
        drawn.append(png(fig))
    assert len(set(drawn)) == len(stages) or name == "pruning-two-calls"
    assert png(stages[0].picture()) == drawn[0]
    assert not plt.get_fignums()


def test_a_second_run_in_another_state_gives_the_same():
    first = {name: content(load_trace(name)) for name in TRACES}
    random.seed(1)
    torch.manual_seed(1)
    torch.set_num_threads(2)
    for cached in (load_trace, pipeline.run, pipeline.three_models):
        cached.cache_clear()
    before = torch.get_rng_state()
    assert {name: content(load_trace(name)) for name in TRACES} == first
    draw_prediction(3, 0.5, 4)
    assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), before)


# Against the lesson.


def test_the_networks_are_those_of_the_lesson(lesson):
    history = pipeline.run().history
    pd.testing.assert_frame_equal(history, lesson["history"], check_like=True)
    for name, model in pipeline.three_models().items():
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
        "Pruned by 30 %": weight["pruned"],
        "int8": integers,
    }
    stages = load_trace("pipeline-data-flow").stages
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
    assert f"{float(scale):.6f}" in stage("pipeline-data-flow", "int8").text
    right = (lesson["history"]["validation_accuracy"] * 397).round().astype(int)
    text = stage("pipeline-data-flow", "Trained").text
    assert f"{right[0]} were right before and {right[5]} are right now" in text
    # What the bank says to notice.
    types = [column(one, "after")["type"] for one in stages]
    assert types == ["uint8", *["float32"] * 4, "int8"]
    assert [one.title for one in stages if one.before not in (None, one.after)] == ["Flattened"]


def test_the_epochs_show_what_the_lesson_has(lesson):
    *_, last = load_trace("pipeline-training").stages
    history = lesson["history"]
    assert [read(row[0]) for row in last.table[1:]] == list(history.index)
    for row in last.table[1:]:
        epoch = int(row[0])
        assert read(row[1]) == pytest.approx(history["loss"][epoch], abs=5e-4)
        assert read(row[3]) == pytest.approx(history["validation_loss"][epoch], abs=5e-4)
        assert row[2] == f"{100 * history['accuracy'][epoch]:.1f} %"
        assert f"({100 * history['validation_accuracy'][epoch]:.1f} %)" in row[4]
    for number, one in enumerate(load_trace("pipeline-training").stages):
        assert one.table == last.table[: number + 2]


def test_the_layers_show_what_the_lesson_has(lesson):
    titles = [one.title for one in load_trace("pipeline-layer-by-layer").stages]
    assert titles == list(lesson["rows"])
    for layer, (shape, place, *follow, off) in lesson["rows"].items():
        one = stage("pipeline-layer-by-layer", layer)
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


# What the words say.


def told(epoch, **columns):
    history = pd.DataFrame(
        {name: columns.get(name, [0.5] * 6) for name in ("loss", "accuracy")}
        | {f"validation_{name}": columns[f"validation_{name}"] for name in ("loss", "accuracy")}
    )
    return pipeline.observation(history, epoch, 100)


@pytest.mark.parametrize(
    ("epoch", "accuracies", "losses", "says"),
    [
        (0, [0.1] * 6, [2.3] * 6, "about what the network has: 2.300. It gets 10 of 100"),
        (0, [0.1] * 6, [3.0] * 6, "and here it is: 3.000"),
        (1, [0.1, 0.7, 0.7, 0.7, 0.7, 0.9], [1] * 6, "60 more right.*wins 80.* 75 % of that"),
        (1, [0.5, 0.4, 0.4, 0.4, 0.4, 0.4], [1] * 6, "10 fewer right.*no more are won than lost"),
        (
            1,
            [0.5, 0.4, 0.6, 0.6, 0.6, 0.6],
            [1] * 6,
            "10 fewer right.*wins 10, all of them in later",
        ),
        (2, [0.5] * 6, [2, 1, 0.5, 0, 0, 0], "As many right as before.*surer.*61 % now.*had 37 %"),
        (2, [0.5] * 6, [2, 1, 2, 0, 0, 0], "less sure.*14 % now.*had 37 %"),
        (2, [0.5] * 6, [2, 1, 1, 0, 0, 0], "as sure as before"),
        (3, [0.6] * 6, [1] * 6, "10.0 points behind validation"),
        (3, [0.4] * 6, [1] * 6, "10.0 points ahead.*did not"),
        (3, [0.4] * 6, [1, 1, 1, 2, 1, 1], "10.0 points ahead.*rose\\."),
        (3, [0.5] * 6, [1] * 6, "is level with validation"),
        (4, [0.5] * 6, [1] * 6, "count of 50.*by 5, .*no more than that"),
        (4, [0.5, 0.5, 0.5, 0.3, 0.5, 0.5], [1] * 6, "20 more.*is more than that"),
        (5, [0.5] * 6, [1, 1, 1, 1, 1, 0.8], "still fell, by 20 %"),
        (5, [0.5] * 6, [1, 1, 1, 1, 1, 1.2], "rose, by 20 %"),
        (5, [0.5] * 6, [1, 1, 1, 1, 1, 1], "come to rest"),
    ],
)
def test_an_observation_says_what_the_numbers_did(epoch, accuracies, losses, says):
    text = told(epoch, validation_accuracy=accuracies, validation_loss=losses)
    assert re.search(says, text), text


def test_the_second_call_takes_a_share_of_what_is_left():
    """Counted again here, by hand."""
    torch.manual_seed(0)
    values = nn.Linear(10, 4).weight.detach().flatten().abs().sort().values
    assert len(values.unique()) == 40, "no ties"
    stages = load_trace("pruning-two-calls").stages
    left = [int(row[1]) for row in stages[-1].table[1:]]
    assert left == [40, 20, 10, 10, 10]
    for one, count in zip(stages, left, strict=True):
        assert re.search(rf"\b{count}\b[^.]* left", one.text), one.text
        assert f"which {count} are not zero" in one.alt
    assert "the same as before" in stages[-1].text
    buffers = [row[4] for row in stages[-1].table[1:]]
    assert buffers == ["none", "weight_mask", "weight_mask", "none", "weight_mask"]


def test_a_masked_weight_stays_and_a_free_one_moves_as_the_formula_says():
    *_, last = load_trace("pruning-mask-through-training").stages
    headings, *rows = last.table
    masked = [(read(row[1]), read(row[2])) for row in rows]
    assert masked == [(0, 0)] * len(rows)
    free = [(read(row[3]), read(row[4])) for row in rows]
    assert free[0][0] == 0
    assert free[0][1] != 0
    for (weight, gradient), (following, _) in pairwise(free):
        assert following == pytest.approx(weight - 0.5 * gradient, abs=2e-4)
    for one, (weight, _) in zip(
        load_trace("pruning-mask-through-training").stages, free, strict=True
    ):
        if weight:
            assert f"to −{abs(weight):.4f}" in one.text or f"to {weight:.4f}" in one.text
            assert "stays at 0" in one.text
    assert len(headings) == len(set(headings))


# One row in few bits.


def test_a_row_in_few_bits_is_what_pytorch_makes_of_it():
    its = affine.affine(affine.ROW, affine.SEEN, affine.BITS)
    theirs = torch.fake_quantize_per_tensor_affine(
        its.values, its.scale, its.zero_point, its.low, its.high
    )
    assert torch.equal(its.back, theirs)
    assert (int(its.clipped.sum()), int(its.ties.sum()), int((its.values == 0).sum())) == (1, 2, 1)
    errors = column(stage("affine-one-row", "Errors"), "error")
    causes = column(stage("affine-one-row", "Errors"), "because of")
    back = column(stage("affine-one-row", "Errors"), "back")
    codes = column(stage("affine-one-row", "Back"), "code")
    for value, error in errors.items():
        assert read(error) == pytest.approx(read(back[value]) - read(value), abs=1e-9)
        assert read(back[value]) == its.scale * (read(codes[value]) - its.zero_point)
        assert (abs(read(error)) <= its.scale / 2) == (causes[value] != "clipping")
    assert errors["0"] == back["0"] == "0"
    # What the bank says to notice.
    rounded = stage("affine-one-row", "Rounded").text
    assert "goes up to 2" in rounded
    assert "goes down to 2" in rounded
    assert len(set(codes.values())) < len(codes)


def test_a_row_without_ties_and_clipping_is_told_as_such():
    its = affine.affine([0.1, 0.9], affine.SEEN, affine.BITS)
    assert affine._ties(its).startswith("None lies")
    assert affine._rounding(its).endswith("No tie is here.")
    assert affine._clipping(its) == "None needs to be clipped."
    assert affine._same(its) == "None is as it was."
    assert affine._errors(its).endswith("Nothing was clipped.")
    assert affine._outside([]) == "All of them lie in it."
    assert affine._outside(["4", "5"]) == "4 and 5 lie outside."
    narrow = affine.affine([0.0, 3.1], affine.SEEN, affine.BITS)
    assert not narrow.clipped.any(), "outside of the range, and still nearest to the last point"


# One layer in integers.


def test_a_static_layer_is_what_its_codes_stand_for():
    its = static_layer.static_layer()
    assert (its.p.dtype, its.q.dtype) == (torch.uint8, torch.int8)
    assert (its.products.dtype, its.bias.dtype) == (torch.int32, torch.int32)
    inputs = its.t * (its.p.double() - its.z)
    assert (inputs - its.x)[its.x <= its.high].abs().max() <= its.t / 2 + 1e-6
    weight = its.s[:, None].double() * its.q
    assert ((weight - its.weight).abs() <= its.s[:, None] / 2 + 1e-6).all()
    bias = pipeline.run().trained[2].bias.detach()
    assert torch.allclose(its.outputs.double(), weight @ inputs + bias, atol=1e-4)
    assert its.sums.abs().max() >= 2**8, "eight bits can't hold the sums"


def test_the_tables_of_the_static_layer_agree_with_each_other():
    name = "static-one-layer"
    sums = stage(name, "Sums in int32")
    parts = [column(sums, heading) for heading in ("products", "bias in steps", "sum")]
    back = stage(name, "Scaled back")
    last = stage(name, "Against float32")
    for digit in map(str, range(10)):
        products, bias, total = (read(part[digit]) for part in parts)
        assert products + bias == total == read(column(back, "sum")[digit])
        scaled = read(column(back, "scaled back")[digit])
        assert scaled == pytest.approx(total * read(column(back, "t · s")[digit]), abs=0.01)
        float32, ours = (read(column(last, name)[digit]) for name in ("float32", "integers"))
        assert ours == scaled
        assert read(column(last, "difference")[digit]) == pytest.approx(ours - float32, abs=2e-4)
    largest = max(abs(read(cell)) for cell in column(last, "difference").values())
    assert f"largest difference is {largest:.4f}" in last.text
    signs = {cell.startswith("−") for cell in column(last, "difference").values()}
    assert signs == {True, False}, "what the bank says to notice"


def test_the_static_layer_is_told_as_it_is():
    its = static_layer.static_layer()
    louder = replace(its, x=its.x * 10)
    assert "beyond" in static_layer._reach(louder)
    assert "fits" in static_layer._reach(its)
    assert static_layer._clamped(1).startswith("1 of them lies outside")
    flipped = replace(its, float32=its.float32.flip(0))
    assert re.search(r"int8 answers \d and float32 \d; it is a", static_layer._verdict(flipped))
    assert "both answer" in static_layer._verdict(its)
    assert "can't flip" in static_layer._verdict(replace(its, float32=its.outputs))
    assert "wrong" in static_layer._verdict(replace(its, label=-1))
    assert "16 bits would do" in static_layer._bits_needed(
        replace(its, products=its.products // 1000, bias=its.bias // 1000)
    )


# One channel.


def test_the_channel_takes_along_what_the_stages_say():
    its = channel.removal()
    gone = sum(v.numel() for v in its.quiet.state_dict().values()) - sum(
        v.numel() for v in its.small.state_dict().values()
    )
    name = "structured-one-channel"
    told = [
        sum(map(int, column(stage(name, title), "numbers that go").values()))
        for title in (
            "Convolution: a filter goes",
            "Batch norm: four numbers go",
            "The reader: columns go",
        )
    ]
    assert sum(told) == gone
    assert f"of {gone:,} in all" in stage(name, "The reader: columns go").text
    # What the bank says to notice.
    assert told[2] > told[0] + told[1]
    assert column(stage(name, "The reader: columns go"), "numbers that go")["linear.bias"] == "0"
    for titled, place in (("Convolution: a filter goes", 0), ("The reader: columns go", 5)):
        assert stage(name, titled).before == tuple(its.quiet[place].weight.shape)
        assert stage(name, titled).after == tuple(its.small[place].weight.shape)


def test_only_a_silent_channel_can_go_unnoticed():
    its = channel.removal()
    full, small = channel.outputs(its.quiet, its.images), channel.outputs(its.small, its.images)
    assert torch.allclose(full, small, atol=channel.EQUAL)
    alive = channel.outputs(its.trained, its.images)
    removed = channel.outputs(its.alive_removed, its.images)
    assert (alive - removed).abs().max() > 100 * channel.EQUAL
    text = stage("structured-one-channel", "The outputs").text
    assert "the outputs are equal" in text
    assert f"{int((alive.argmax(1) != removed.argmax(1)).sum())} answers change" in text
    swapped = channel._comparison(replace(its, quiet=its.trained, small=its.alive_removed))
    assert "they differ" in swapped.text
    deaf = channel._comparison(replace(its, alive_removed=its.trained))
    assert "could not tell" in deaf.text


# A file, step by step.


@pytest.fixture(scope="module")
def shots():
    return bytes_left.steps()


def test_the_file_after_each_step_is_what_the_table_says(shots):
    *_, last = load_trace("tradeoffs-file-after-each-step").stages
    for shot, (name, zeros, bits, stored, gzip, bound, right) in zip(
        shots.shots, last.table[1:], strict=True
    ):
        assert name == shot.name
        assert int(bits) == shot.bits
        assert read(stored) == len(bytes_left.encode(shot.model))
        assert read(gzip) == bytes_left.zipped(bytes_left.encode(shot.model))
        assert read(bound) == round(bytes_left.entropy_bytes(shot.model))
        assert zeros == f"{100 * shot.zeros:.0f} %"
        assert right == f"{100 * shot.accuracy:.1f} %"
    _, held = bytes_left.load_fashion_mnist().train.hold_out(bytes_left.HELD)
    last_shot = shots.shots[-1]
    assert accuracy(last_shot.model, *held.tensors()) == last_shot.accuracy
    # What the bank says to notice.
    trained, pruned, tuned, quantized = shots.shots
    assert trained.stored == pruned.stored == tuned.stored > quantized.stored
    assert pruned.gzip < trained.gzip
    assert tuned.accuracy > pruned.accuracy
    assert abs(tuned.gzip / pruned.gzip - 1) < 0.1
    assert trained.stored / quantized.gzip < 32 / bytes_left.BITS / (1 - bytes_left.SHARE)
    assert "don't multiply" in last.text


def test_bytes_and_accuracy_are_told_as_they_moved(shots):
    assert bytes_left._kept(5, 5) == "stay 5"
    assert bytes_left._kept(5, 4) == "go down from 5 to 4"
    assert bytes_left._kept(4, 5) == "go up from 4 to 5"
    assert bytes_left._moved(0.5, 0.5) == "stays 50.0 %"
    assert bytes_left._moved(0.5, 0.6) == "rises from 50.0 % to 60.0 %"
    assert bytes_left._moved(0.6, 0.5) == "falls from 60.0 % to 50.0 %"
    assert bytes_left._moved(0.5, 0.505).endswith("less than its standard error")
    dense, *_, last = shots.shots
    over, under, at = (replace(last) for _ in range(3))
    for shot, bound in ((over, 0.5), (under, 2.0), (at, 1.0)):
        vars(shot)["bound"] = bound * last.gzip
    assert "100 % above the bound" in bytes_left._of_gzip(dense, over)
    assert "50 % below the bound, which holds only" in bytes_left._of_gzip(dense, under)
    assert "just at the bound" in bytes_left._of_gzip(dense, at)
    for control, says in ((0.9, "points above"), (0.1, "points below")):
        assert says in bytes_left._of_tuned(shots.shots[1], last, control)
    assert "level with" in bytes_left._of_tuned(shots.shots[1], last, last.accuracy)


# A matrix in a .tflite file.


@pytest.fixture(scope="module")
def matrix():
    return kernel.kernel()


def test_the_matrix_in_the_file_is_that_of_pytorch(matrix):
    theirs = pipeline.run().trained[2].weight.detach().numpy()
    assert np.array_equal(matrix.torch, theirs)
    assert np.array_equal(matrix.keras, theirs.T)
    assert matrix.raw == theirs.astype("<f4").tobytes()
    levels, scales = matrix.by_hand
    assert np.array_equal(levels, matrix.levels)
    assert np.allclose(scales, matrix.scales, rtol=1e-6)
    assert np.array_equal(matrix.restored, matrix.levels * matrix.scales[:, None])
    assert (np.abs(matrix.restored - theirs) <= matrix.scales[:, None] * 0.5001).all()
    rows = load_trace("tflite-one-matrix").stages[-1].table[1:]
    for place, weight, code, back, error in rows:
        assert read(code) == matrix.levels[0, int(place)]
        assert read(back) == pytest.approx(read(code) * float(matrix.scales[0]), abs=6e-5)
        assert read(error) == pytest.approx(read(back) - read(weight), abs=2e-4)
    shapes = [one.after for one in load_trace("tflite-one-matrix").stages]
    assert shapes == [(10, 128), (128, 10), *[(10, 128)] * 4]


def test_a_matrix_that_is_another_in_the_file_is_told(matrix):
    levels, scales = matrix.by_hand
    assert kernel._agree(matrix, levels, scales).startswith("All 1,280 codes are")
    other = kernel._agree(matrix, levels + 1, scales * 2)
    assert other == "1,280 of 1,280 codes differ from the file's, and the scales are others."
    assert "bit for bit" in kernel._in_file(matrix)
    assert "numbers differ" in kernel._in_file(replace(matrix, in_file=matrix.in_file + 1))
    assert "order is not" in kernel._in_file(replace(matrix, in_file=matrix.in_file.T))
    one = replace(matrix, scales=matrix.scales[:1])
    assert kernel._scales(one) == "it has one scale"
    assert len(one.by_hand[1]) == 1
    assert "more than half" in kernel._back(replace(matrix, torch=matrix.torch * 2)).replace(
        "no more", ""
    )


def test_tensorflow_is_imported_only_for_the_trace_that_needs_it():
    others = [name for name in TRACES if not name.startswith("tflite-")]
    script = (
        "import sys\n"
        "from coursekit.traces import load_trace\n"
        f"for name in {others!r}:\n"
        "    load_trace(name)\n"
        "assert 'tensorflow' not in sys.modules\n"
        "assert 'ai_edge_litert' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_the_run_is_trained_whoever_asks_first():
    """A trace that computes without gradients once was the first to ask, and got a traceback."""
    with torch.no_grad():
        again = pipeline.run.__wrapped__()
    assert torch.equal(again.trained[0].weight, pipeline.run().trained[0].weight)


# Who shares a range, and where it ends.


def test_two_networks_are_equal_in_float_and_not_in_int8():
    its = ranges.pair()
    for model in (its.second, its.equalized):
        assert torch.equal(model(its.images), its.first(its.images))
    assert not torch.equal(ranges.weight_of(its.first, 0), ranges.weight_of(its.second, 0))
    last = load_trace("range-two-networks").stages[-1]
    for way, rows in ranges._WAYS.items():
        told = column(last, way)
        for name, model in zip(("first", "second", "equalized"), ranges._three(its), strict=True):
            assert told[name] == f"{100 * its.accuracy(model, rows):.1f} %"
    # What the bank says to notice.
    assert its.accuracy(its.first, False) - its.accuracy(its.second, False) > 0.3
    assert its.accuracy(its.second, True) - its.accuracy(its.second, False) > 0.3
    assert abs(its.accuracy(its.equalized, False) - its.accuracy(its.first, None)) < 0.01
    by_matrix, by_row = ranges._zeros(its.second, False), ranges._zeros(its.second, True)
    assert by_matrix[0] > 0.3 > 0.05 > by_row[0]
    assert min(by_matrix[1], by_row[1]) > 0.3
    # Both ways to tell an outcome.
    fell = stage("range-two-networks", "int8, one scale per matrix").text
    assert "The second network loses" in fell
    same = replace(its, second=its.first)
    assert "The two are close" in ranges._in_int8(same, False, [by_row, by_row]).text


def test_codes_of_int8_are_those_of_pytorch():
    weight = ranges.weight_of(ranges.pair().second, 0)
    codes, scale = ranges.in_int8(weight, rows=True)
    theirs = torch.fake_quantize_per_channel_affine(
        weight, scale[:, 0], torch.zeros(len(weight)), 0, -127, 127
    )
    assert torch.allclose(codes * scale, theirs, rtol=1e-6)
    codes, scale = ranges.in_int8(torch.zeros(2, 3), rows=True)
    assert (codes == 0).all()
    assert (scale > 0).all()


def test_eight_weights_go_into_four_bytes_and_come_back():
    its = ranges.groups()
    assert its.packed.tolist() == [230, 148, 7, 1]
    assert torch.equal(its.back, its.codes * its.scales)
    assert ((its.back - its.weights).abs() <= its.scales * 0.5001).all()
    rows = stage("range-one-group", "Bytes").table[1:]
    for low, high, byte, hexadecimal in rows:
        assert int(read(byte)) == int(read(low)) % 16 + 16 * (int(read(high)) % 16)
        assert int(hexadecimal, 16) == int(read(byte))
    # What the bank says to notice: the group without the large weight keeps its fine steps.
    first, second = its.scales.flatten().tolist()
    assert first < second / 5
    assert (its.codes[0] != 0).all()
    assert (its.codes[1] == 0).any()
    assert "No weight is off by more" in stage("range-one-group", "Back").text


# Magnitudes of a Gaussian to a power: the higher it is, the longer the tail.
TAILS = (1, 2, 3)


def tail(power, count=20_000):
    """Quantiles, so without chance."""
    share = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    return torch.special.ndtri(0.5 + share / 2) ** power


@pytest.mark.parametrize("power", TAILS)
@pytest.mark.parametrize("factor", [2.0**-20, 3.0, 2.0**40])
def test_entropy_ends_in_proportion_to_the_values(power, factor):
    values = tail(power)
    zeros = torch.zeros(5_000, dtype=torch.float64)
    end = ranges.entropy(values)
    assert 0 < end <= float(values.max())
    assert ranges.entropy(torch.cat([zeros, values * factor])) == pytest.approx(end * factor)


def test_entropy_looks_at_the_values():
    """It once ended at a quarter of the largest, whatever the values were."""
    assert ranges.entropy(torch.linspace(0.001, 1, 20_000)) == pytest.approx(1)
    part = [ranges.entropy(tail(power)) / float(tail(power).max()) for power in TAILS]
    assert part[0] == 1  # nothing to gain by clipping
    assert part[0] > part[1] + 0.2 > part[2] + 0.4
    # A unit of 333 that is large, as in the lesson: it is clipped, and a smaller one less so.
    large, less = (torch.cat([tail(1), factor * tail(1, 60)]) for factor in (256, 16))
    assert ranges.entropy(large) < 0.3 * float(large.max())
    assert ranges.entropy(large) / large.max() < ranges.entropy(less) / less.max() < 0.7


def test_divergence_of_five_bins_by_hand():
    counts = np.array([8, 4, 2, 1, 1])
    p, r = np.array([8, 4, 2, 2]) / 16, np.array([6, 6, 1.5, 1.5]) / 15
    assert ranges._divergence(counts, 4, 2) == pytest.approx((p * np.log(p / r)).sum())
    assert ranges._divergence(counts, 4, 4) > 0  # clipping alone costs
    assert ranges._divergence(counts, 5, 5) == 0
    assert ranges._divergence(np.array([3, 0, 1]), 2, 2) == np.inf  # all that was clipped is lost


def test_four_ends_are_where_their_rules_put_them():
    its = ranges.ends()
    found = {one.rule: one for one in its.ends}
    assert found["largest"].end == float(its.values.max())
    assert (its.values > found["percentile 99"].end).float().mean() == pytest.approx(0.01, abs=1e-3)
    errors = {
        rule: float((ranges.to_levels(its.values, one.end) - its.values).double().square().sum())
        for rule, one in found.items()
    }
    assert min(errors, key=errors.get) == "least squares"
    # What the bank says to notice.
    for long in ("largest", "least squares"):
        for short in ("entropy", "percentile 99"):
            assert found[long].end > 2 * found[short].end
            assert found[long].others > found[short].others + 0.3
    assert "No rule has a higher SQNR" in stage("range-four-ends", "The rule “least squares”").text
    for one in its.ends[1:]:
        told = column(stage("range-four-ends", f"The rule “{one.rule}”"), "accuracy")
        assert told[one.rule] == f"{100 * one.accuracy:.1f} %"


# The interactive picture.


def words(fig):
    """Everything that is written in a figure, ticks apart."""
    texts = [*fig.texts, *(text for ax in fig.axes for text in (ax._left_title, *ax.texts))]
    return [text.get_text() for text in texts if text.get_text()]


def test_the_picture_says_what_the_three_models_answer():
    images, labels = pipeline.run().test.tensors()
    for image, sparsity, bits in [(0, 0.3, 8), (5, 0.98, 8), (9, 0.0, 2)]:
        written = words(draw_prediction(image, sparsity, bits))
        assert f"test image {image}: a {labels[image]}" in written
        assert f"pruned: {100 * sparsity:.0f} % zeros" in written
        for model in pipeline.three_models(sparsity, bits).values():
            chances = model(images[image].flatten()).softmax(0)
            answer = int(chances.argmax())
            verdict = "right" if answer == labels[image] else "wrong"
            wanted = f"says {answer}, {100 * chances[answer]:.0f} %: {verdict}"
            assert wanted in written, (wanted, written)
    plt.close("all")


def test_fewer_bits_leave_fewer_values_and_no_weights_no_error():
    for bits in range(2, 9):
        weight = pipeline.three_models(0.0, bits)["quantized"][0].weight
        assert 2 ** (bits - 1) < len(weight.unique()) <= 2**bits - 1
    assert "quantized: only zeros" in words(draw_prediction(0, 1.0, 8))
    assert all("nan" not in text for text in words(draw_prediction(0, 1.0, 2)))


def test_the_models_prune_as_pytorch_does():
    theirs = nn.Linear(784, 128)
    theirs.weight.data = pipeline.run().trained[0].weight.data.clone()
    prune.l1_unstructured(theirs, "weight", amount=0.7)
    ours = pipeline.three_models(0.7, 8)["pruned"][0].weight
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
    models = pipeline.three_models()
    dense, pruned = (prediction._unit(models[name]) for name in ("dense", "pruned"))
    assert 0 < (pruned == 0).sum() < pruned.size
    assert (pruned[pruned != 0] == dense[pruned != 0]).all()


def test_one_output_in_integers_is_what_floats_would_make_of_it():
    its = integers.one_output()
    ratio = integers.INPUT_SCALE * integers.WEIGHT_SCALE / integers.OUTPUT_SCALE
    up = np.array(integers.INPUTS) - integers.INPUT_ZERO
    total = up @ np.array(integers.WEIGHTS) + integers.BIAS
    assert its.accumulator == total
    assert its.code == np.clip(round(ratio * total) + integers.OUTPUT_ZERO, -128, 127)
    last = stage("integer-one-layer", "Zero point and clip")
    assert f"{its.shifted}".replace("-", "−") in last.text


def test_more_bits_bring_the_ratio_nearer():
    off = []
    for bits in integers.RATIO_BITS:
        m, k = integers.multiplier_and_shift(integers.RATIO, bits)
        assert 0 < m < 2**bits
        off.append(abs(m / 2**k - integers.RATIO))
    assert off == sorted(off, reverse=True)
    assert off[-1] < 1e-9
    assert integers.multiplier_and_shift(1 - 2**-40) == (2**30, 30)


def test_wrapping_leads_back_and_saturating_does_not():
    ends = {
        stage.title: read(stage.table[-1][0])
        for stage in load_trace("integer-four-accumulators").stages[1:]
    }
    exact = sum(x * w for x, w in integers.PAIRS)
    assert ends["Exactly, in int32"] == ends["In an int16 that wraps"] == exact
    assert ends["In an int16 that saturates"] != exact
    assert ends["Each pair in a saturating int16, then int32"] != exact
    for stage_ in load_trace("integer-four-accumulators").stages[1:]:
        assert ("the right sum is" in stage_.text) == (ends[stage_.title] != exact)


def test_the_cnns_shares_are_those_of_its_layers():
    small = costs.small_costs()
    assert sum(c.parameters for c in small) == 52_138
    last = load_trace("cost-layers-of-a-cnn").stages[-1]
    assert "100.0 % of the parameters, 100.0 % of the MACs" in last.text
    assert f"peak of {max(c.activations for c in small):,} bytes" in last.text
    for row, cost in zip(last.table[1:], small, strict=True):
        assert row == (
            cost.kind,
            f"{cost.parameters:,}",
            f"{cost.macs:,}",
            f"{cost.activations:,}",
        )


def test_a_larger_batch_is_nearly_free_until_the_ridge():
    free, bound = [], []
    for stage_ in load_trace("cost-batch-doubled").stages:
        found = re.search(r"\*\*(.*)-bound\*\*.*, ([\d.]+) times as long", stage_.text)
        bound.append(found[1])
        free.append(float(found[2]))
    assert bound == sorted(bound, reverse=True)
    assert set(bound) == {"memory", "compute"}
    one = costs.linear_cost(1)
    for batch, kind, times_as_long in zip(costs.BATCHES, bound, free, strict=True):
        cost = costs.linear_cost(batch)
        assert (kind == "memory") == (cost.intensity < costs.EXAMPLE.ridge)
        least = costs.EXAMPLE.least_time([cost]) / costs.EXAMPLE.least_time([one])
        assert times_as_long == pytest.approx(least, abs=0.006)
        assert kind == "compute" or times_as_long < 1.02


def test_only_turns_show_that_two_models_are_equal():
    stages = load_trace("cost-benchmark-mended").stages
    assert ["nearly right" in stage_.text for stage_ in stages] == [False, False, False, True]
    # The same calls let either of them look faster.
    assert "B seems 41.1 % faster" in stages[0].text
    assert "slower" in stages[2].text


def test_the_four_ends_can_be_the_first_trace_that_needs_the_trained_network(monkeypatch):
    def trains():
        assert torch.is_grad_enabled()
        raise StopAsyncIteration

    monkeypatch.setattr(pipeline, "run", trains)
    with pytest.raises(StopAsyncIteration):
        ranges.ends()


# Rounding in the loop.


def test_a_gradient_goes_straight_through_the_rounding_as_autograd_has_it():
    its = rounding.one_row()
    latent = torch.tensor(rounding.LATENT, dtype=torch.float64, requires_grad=True)
    steps = (latent / rounding.SCALE).clamp(rounding.LOW, rounding.HIGH)
    rounded = rounding.SCALE * (steps + (steps.round() - steps).detach())
    output = rounded @ torch.tensor(rounding.INPUTS, dtype=torch.float64)
    (0.5 * (output - rounding.WANTED).square()).backward()
    assert its.output == pytest.approx(output.item())
    assert latent.grad is not None
    assert its.passed == pytest.approx(latent.grad.tolist())
    # One is clipped and stays; the step makes the row better.
    assert its.passed.count(0) == 1
    assert its.updated[its.passed.index(0)] == rounding.LATENT[its.passed.index(0)]
    assert abs(its.new_output - rounding.WANTED) < abs(its.output - rounding.WANTED)


def test_a_weight_between_two_levels_crosses_their_border_in_both_directions():
    path = rounding.one_path()
    jumps = [b.code - a.code for a, b in pairwise(path)]
    assert jumps.count(1) >= 2
    assert -1 in jumps
    for place, its in enumerate(path):
        assert its.gradient == pytest.approx(rounding.SCALE * its.code - rounding.TARGET)
        text = load_trace("qat-one-weight").stages[place].text
        assert ("crossed" in text) == (place > 0 and jumps[place - 1] != 0)


def test_a_scale_that_learns_has_the_slopes_of_autograd_and_gets_better():
    rounds = rounding.one_scale()
    row = torch.tensor(rounding.ROW, dtype=torch.float64)
    for its in rounds:
        scale = torch.tensor(its.scale, dtype=torch.float64, requires_grad=True)
        steps = (row / scale).clamp(rounding.LOW, rounding.HIGH)
        back = scale * (steps + (steps.round() - steps).detach())
        (0.5 * (back - row).square().sum()).backward()
        assert scale.grad is not None
        assert its.gradient == pytest.approx(scale.grad.item())
        assert its.damped == pytest.approx(its.gradient / len(rounding.ROW) ** 0.5)
    errors = [its.error for its in rounds]
    assert errors == sorted(errors, reverse=True)


def test_four_cuts_take_what_the_curve_says():
    first, *cuts = load_trace("schedule-four-cuts").stages
    assert "none of them zero" in first.text
    rows = cuts[-1].table[1:]
    wanted = [round(40 * 0.9 * (1 - (1 - cut / 4) ** 3)) for cut in range(5)]
    gone = [int(row[2]) for row in rows]
    assert gone == [after - before for before, after in pairwise(wanted)]
    for one, go, zeros, row in zip(cuts, gone, wanted[1:], rows, strict=True):
        assert f"Weights that go: **{go}**" in one.text
        assert f"{40 - zeros} are left" in one.text
        assert read(row[3]) == pytest.approx(go / (40 - zeros + go), abs=0.006)


def test_the_ticket_is_rewound_only_by_hand():
    start, _, pruned, not_rewound, ticket, control = load_trace("schedule-one-ticket").stages
    assert "7,840 weights" in start.text
    assert "784 weights stay" in pruned.text
    assert ("`1.weight_orig`",) in pruned.table
    assert "biases are at their start, but not the weights" in not_rewound.text
    assert not_rewound.table[1] == ("1.weight_orig, 1.weight_mask", "1.weight")
    assert "784 values are from before" in ticket.text
    # Of 784 places in 7,840 a tenth is shared by chance.
    shared = int(re.search(r"(\d+) places are in both", control.text)[1])
    assert 40 < shared < 120


def test_gptq_rounds_four_weights_as_the_trace_says():
    steps = language.one_row_steps()
    for place, step in enumerate(steps[1:]):
        assert step.row[: place + 1] == [float(round(value)) for value in step.row[: place + 1]]
    # The same by least squares, on inputs with that correlation.
    h = np.full((4, 4), language.ALIKE) + (1 - language.ALIKE) * np.eye(4)
    error = language.ROW[0] - round(language.ROW[0])
    mend = np.linalg.solve(h[1:, 1:], h[1:, 0]) * error
    assert np.allclose(steps[1].row[1:], np.array(language.ROW[1:]) + mend)
    change = np.array(steps[-1].row) - np.array(language.ROW)
    assert steps[-1].damage == pytest.approx(change @ h @ change)
    assert steps[-1].damage < language.plain_damage() / 2
    assert "GPTQ does less damage" in load_trace("llm-one-row").stages[-1].text


def test_smoothing_keeps_the_products_of_the_trace():
    before, after = language.layer(torch.ones(3)), language.layer(language.factors())
    assert torch.allclose(before.outputs, after.outputs, rtol=1e-4)
    tall, heavy = after.inputs.abs().amax(0), after.weights.abs().amax(0)
    assert torch.allclose(tall, heavy, rtol=1e-4)  # the exponent is one half
    off = [float((its.rounded - before.outputs).abs().max()) for its in (before, after)]
    assert off[1] < off[0] / 10
    assert "nearer than before" in load_trace("llm-one-smoothing").stages[-1].text


# Taught and factored.


def test_a_teachers_answer_gives_the_gradient_of_autograd_and_a_nearer_student():
    its, t = low_rank.one_lesson(), low_rank.TEMPERATURE
    leaf = torch.tensor(low_rank.STUDENT, dtype=torch.float64, requires_grad=True)
    (-(its.wanted * (leaf / t).log_softmax(0)).sum()).backward()
    assert leaf.grad is not None
    assert torch.allclose(its.gradient, leaf.grad)
    assert torch.allclose(its.scaled, t**2 * leaf.grad)
    last = load_trace("taught-one-answer").stages[-1].text
    assert "are nearer to each other" in last
    # As the text has it: the coat's logit falls, the trainer's rises.
    moved = its.moved - torch.tensor(low_rank.STUDENT)
    assert moved[3] < 0 < moved[1]
    assert its.own[3] > its.own[1]


def test_the_nearest_matrix_is_not_the_nearest_layer():
    its = low_rank.products()
    for near in (its.plain, its.aware):
        assert torch.linalg.matrix_rank(near, rtol=1e-9) == 1
    plain, aware = ((near - its.weight).norm() for near in (its.plain, its.aware))
    assert plain == pytest.approx(float(its.sizes[1:].norm()))
    assert aware > plain
    assert its.off_aware < its.off_plain / 2
    # No other product of rank 1 has nearer outputs: those of the SVD of the outputs themselves.
    x = torch.tensor(low_rank.INPUTS, dtype=torch.float64)
    least = torch.linalg.svdvals(x @ its.weight.t())[1:].norm()
    assert its.off_aware == pytest.approx(float(least), rel=0.02)
    assert torch.allclose(its.aware[:, 3], its.weight[:, 3], atol=0.1)
    assert "better layer" in load_trace("factored-one-matrix").stages[-1].text


def test_an_adapter_helps_beside_the_codes_and_is_lost_in_them():
    its = low_rank.beside()
    scale = its.weight.abs().amax(1, keepdim=True)
    for values in (its.rounded, its.again):
        assert torch.equal((values / scale).round() * scale, values)
    both = its.rounded + its.correction
    before, after = ((near - its.weight).norm() for near in (its.rounded, both))
    assert after < before / 2
    assert torch.equal(its.rounded, its.again)
    assert "0 of 12 weights have another code" in load_trace("adapter-one-matrix").stages[-1].text


# Serving.


def test_five_requests_in_a_line_are_answered_as_the_loop_says():
    single = serve(serving.ARRIVALS, serving.cost)
    together = serve(serving.ARRIVALS, serving.cost, serving.MOST)
    assert single.latency.tolist() == [5, 9, 13, 17, 5]
    assert together.sizes.tolist() == [1, 3, 1]
    assert together.latency[1] > single.latency[1]
    assert together.latency[3] < single.latency[3]
    assert "falls by" in load_trace("serving-one-line").stages[3].text


def test_the_p99_of_twenty_is_their_largest():
    assert "It is the largest of all" in load_trace("serving-one-percentile").stages[4].text


def test_the_gate_stops_a_version_that_few_images_can_not_show_to_be_good():
    texts = [stage.text for stage in load_trace("serving-one-gate").stages]
    assert "below the margin" in texts[4]
    assert "it would pass" in texts[5]


# A file of few bytes.


def test_the_small_matrix_and_its_code_are_those_of_lesson_15():
    lesson = (ROOT / "course" / "15_capstone" / "lesson.py").read_text(encoding="utf-8")
    assert "from coursekit.traces.squeezed import WEIGHT" in lesson
    # What the lesson's text says of them.
    for said in ("six gaps of 3 bits", "$192 + 18 = 210$", "$6 + 18 + 64 = 88$", "with 14 bits"):
        assert said in lesson
    its = squeezed.small()
    assert its.places.tolist() == [1, 4, 9, 17, 18, 23]
    assert its.gaps == [1, 2, 4, 7, 0, 4]
    assert its.levels.tolist() == pytest.approx([-1, 1])
    counted = [stage.table[-1][-1] for stage in load_trace("squeeze-one-file").stages[:4]]
    assert counted == ["768", "210", "88", "116"]


def test_the_code_for_six_gaps_is_read_again():
    stages = load_trace("squeeze-one-code").stages
    assert [stage.title for stage in stages[1:5]] == [f"Node {place}" for place in range(1, 5)]
    written, read = (stage.text for stage in stages[-2:])
    assert "`101 110 0 111 100 0`" in written
    assert "14 bits in place of 18" in written
    assert "All six are right" in read
    # Each node costs what it counts: together they are the bits of the code.
    assert sum(count for *_, count in squeezed.nodes({0: 1, 1: 1, 2: 1, 4: 2, 7: 1})) == 14


def test_a_level_moves_by_the_sum_and_takes_weights_along():
    its, step = squeezed.small(), squeezed.one_update()
    levels = its.levels.clone().requires_grad_()
    weight = torch.zeros(24, dtype=torch.float64).index_put((its.places,), levels[its.codes])
    x, wanted = (torch.tensor(v, dtype=torch.float64) for v in (squeezed.INPUTS, squeezed.WANTED))
    (weight.view(4, 6) @ x - wanted).square().mean().backward()
    assert torch.allclose(levels.grad, step.summed)
    assert step.after < step.before
    each = step.gradient.flatten()[its.places]
    assert int((each * step.summed[its.codes] < 0).sum()) == 2
    assert "2 of six weights" in load_trace("squeeze-one-step").stages[-1].text
