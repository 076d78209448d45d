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


def test_a_file_made_beforehand_of_all_images_does_for_no_other_shapes():
    """However its rows are ordered: half of what it sees is no digit. One made from them does."""
    weight, bias = golf.least_squares(*golf.flat(load_digits().train))
    step = float(weight.abs().max()) / 6
    for seed, shapes in ((1, 91283), (2, 60529), (7, 31607)):
        train, validation = golf.draw(seed, shapes)
        images, labels = golf.flat(train)
        found = (images @ weight.T + bias).argmax(1)
        meant = torch.stack([found[labels == name].mode().values for name in range(10)])
        rows = (weight[meant] / step).round().int()
        assert golf.lost(golf.pack(rows, step, bias[meant]), train, validation) > 50
        own, its_bias = golf.least_squares(images, labels)
        its_step = float(own.abs().max()) / 6
        file = golf.pack((own / its_step).round().int(), its_step, its_bias)
        assert golf.lost(file, train, validation) <= golf.MOST_LOST


def test_shapes_are_those_of_their_number():
    first, again, other = (golf.draw(1, shapes)[0] for shapes in (5, 5, 6))
    assert (first.images == again.images).all() and (first.labels == again.labels).all()
    assert (first.images != other.images).any()
    digits = golf.draw(1)[0]
    kept = (first.images == digits.images).all((1, 2))
    assert len(set(digits.labels[kept])) == 5 and not kept[digits.labels == first.labels].any()


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
