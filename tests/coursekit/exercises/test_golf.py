"""Byte golf: what a file holds, what it lost, and who is told."""

from __future__ import annotations

import runpy

import pytest
import torch

from authoring.source.sources import Sources
from coursekit.exercises import golf
from coursekit.learn import guesses
from coursekit.learn.progress import ledger, store
from coursekit.nets.data import load_digits
from tests.conftest import ROOT

NAME = "07_unstructured_pruning"


@pytest.fixture(scope="module")
def file() -> bytes:
    weight, bias = golf.least_squares(*golf.flat(golf.draw()[0]))
    step = float(weight.abs().max()) / 3.5
    return golf.pack((weight / step).round().int(), step, bias)


def test_a_file_holds_what_was_packed(file):
    weight, bias = golf.least_squares(*golf.flat(golf.draw()[0]))
    step = float(weight.abs().max()) / 3.5
    restored, its_bias = golf.unpack(file)
    steps = restored / restored.abs()[restored != 0].min()
    assert torch.allclose(steps, (weight / step).round(), atol=1e-3)
    assert (its_bias - bias).abs().max() <= bias.abs().max() / 254 * 1.01
    assert (
        golf.unpack(golf.pack(torch.ones(10, 784, dtype=torch.int8), 0.5, 0 * bias))[1].sum() == 0
    )


def test_what_is_lost_is_counted_against_the_dense_network(file):
    train, validation = golf.draw()
    dense = golf.least_squares(*golf.flat(train))
    assert (golf.right(*dense, validation), golf.right(*dense, golf.unseen())) == (378, 377)
    blank = golf.pack(torch.zeros(10, 784, dtype=torch.int32), 1.0, torch.ones(10))
    zeros = sum(validation.labels == 0)
    assert golf.lost(blank, train, validation) == 378 - zeros
    assert 0 <= golf.lost(file, train, validation) <= golf.MOST_LOST
    assert ledger.DENSE / len(file) > 40


def test_a_file_is_known_whose_rows_stand_for_other_digits(file):
    weight, bias = golf.unpack(file)
    step = float(weight.abs()[weight != 0].min())
    turned = golf.pack((weight / step).round().int().roll(3, 0), step, bias.roll(3))
    assert golf.alike(turned, file)
    for axes in ((1,), (2,)):  # as `draw` shows other digits
        seen = (weight / step).round().int().view(10, 28, 28).flip(axes).reshape(10, 784)
        assert golf.alike(golf.pack(seen.roll(3, 0), step, bias.roll(3)), file)
    # With as much of both as a dense network can have in common.
    other, its_bias = golf.least_squares(*golf.flat(golf.draw(1, renamed=3)[0]), strength=30_000.0)
    step = float(other.abs().max()) / 3.5
    assert not golf.alike(golf.pack((other / step).round().int(), step, its_bias), file)


def test_files_of_two_draws_are_not_alike():
    """Finer levels than any exercise allows, with 820 bytes, and in the mirror that `draw` holds up."""
    files = []
    for train in (golf.draw()[0], golf.draw(1, renamed=3)[0]):
        weight, bias = golf.least_squares(*golf.flat(train))
        step = float(weight.std())
        files.append(golf.pack((weight / step).round().clamp(-3, 3).int(), step, bias))
    assert not golf.alike(*files)


def test_a_file_made_beforehand_of_all_images_does_for_no_draw_under_other_names():
    """However its rows are ordered: it has not seen them in a mirror."""
    weight, bias = golf.least_squares(*golf.flat(load_digits().train))
    step = float(weight.abs().max()) / 6
    for renamed in (0, 3, 6, 1):
        rows = (weight / step).round().int().roll(renamed, 0)
        missing = golf.lost(golf.pack(rows, step, bias.roll(renamed)), *golf.draw(1, renamed))
        assert missing <= 0 if renamed == 0 else missing > 100


@pytest.mark.parametrize(
    ("q", "bias", "says"),
    [
        (torch.ones(784, 10, dtype=torch.int8), torch.ones(10), "shape"),
        (torch.ones(10, 784), torch.ones(10), "integer"),
        (torch.full((10, 784), 128), torch.ones(10), "127"),
        (torch.full((10, 784), -129), torch.ones(10), "127"),
        (torch.ones(10, 784, dtype=torch.int8), torch.ones(1), "bias"),
        (torch.ones(10, 784, dtype=torch.int8), torch.full((10,), torch.nan), "bias"),
    ],
)
def test_what_is_no_network_is_refused(q, bias, says):
    with pytest.raises(ValueError, match=says):
        golf.pack(q, 1.0, bias)


def test_what_is_no_file_is_refused(file):
    for other, says in ((None, "bytes"), (file[:-1], "damaged"), (b"", "begins differently")):
        with pytest.raises(ValueError, match=says):
            golf.unpack(other)


def test_a_file_is_noted_where_a_notebook_is_open(file, monkeypatch, capsys):
    kept = store.Store(None)
    monkeypatch.setattr(store, "default_store", lambda: kept)
    monkeypatch.setattr(golf, "notebook_lesson", lambda: None)
    golf.note(file)
    assert kept.events(store.Golf) == []
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(golf, "notebook_lesson", guesses.notebook_lesson)
    monkeypatch.setenv("JPY_SESSION_NAME", f"exercises/{NAME}/{NAME}.ipynb")
    golf.note(file)
    noted = kept.latest(store.Golf, NAME)[NAME]
    assert (noted.bytes, noted.of) == (len(file), 397)
    assert f"{noted.right} of 397 right" in capsys.readouterr().out


def test_the_ledger_has_what_the_references_reach():
    made = runpy.run_path(str(ROOT / "course" / "00_pipeline" / "make_golf.py"))
    found = made["items"](Sources.at(ROOT))
    assert list(found) == list(ledger.reference())
    for name, size in ledger.reference().items():
        again = made["measured"](*found[name])
        assert again["bytes"] == pytest.approx(size.bytes, rel=0.05), name
        assert abs(again["right"] - size.right) <= 4, name
