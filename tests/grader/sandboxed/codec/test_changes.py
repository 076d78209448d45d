"""A change is made in place, or refused."""

from __future__ import annotations

import collections
import copy

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from grader.protocol.values import CannotCross
from grader.sandboxed.codec.changes import assign
from tests.grader.sandboxed.codec.crossing import Box, X, alike, alike_modules, cross

pytestmark = pytest.mark.filterwarnings("ignore:.*(deprecated|oneDNN|Sparse)")


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ([1, 2], [3]),
        ({"a": 1}, {"b": 2}),
        ({1}, {2, 3}),
        (bytearray(b"ab"), bytearray(b"c")),
        (collections.deque([1]), collections.deque([2, 3])),
        (np.ones(3), np.arange(3.0)),
        (np.ones(6), np.arange(6.0).reshape(2, 3)),
        (torch.ones(3), torch.arange(3.0)),
        (torch.ones(3), torch.arange(6.0).reshape(2, 3).double()),
        (Box(1), Box([2])),
    ],
    ids=range(10),
)
def test_a_change_is_made_in_place(target, value):
    assign(target, value)
    assert alike(target, value)


def test_an_array_of_another_size_is_refused():
    """What shows its memory would read and write what somebody else has there by then."""
    array = np.full(1000, 7.0)
    view = array[500:]
    with pytest.raises(CannotCross, match="another size"):
        assign(array, np.zeros(50_000))
    assert view.base is array
    assert (view == 7).all()


def test_a_change_of_a_tensor_is_seen_through_its_views():
    base = torch.zeros(4)
    view = base[1:3]
    assign(view, torch.ones(2))
    assert base.tolist() == [0, 1, 1, 0]
    assert view.data_ptr() == base[1:].data_ptr()


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.dropna(inplace=True),
        lambda table: table.insert(0, "n", [1.0, 2.0, 3.0]),
        lambda table: setattr(table, "columns", ["a", "a"]),
        lambda table: setattr(table, "columns", pd.MultiIndex.from_tuples([("p", 1), ("p", 2)])),
        lambda table: setattr(table.columns, "name", "what"),
        lambda table: table.loc.__setitem__(7, [1, "z"]),
    ],
    ids=["rows", "a column", "names twice", "names in two parts", "a name of names", "a row more"],
)
def test_a_table_changes_in_whatever_way(change):
    table, changed = (pd.DataFrame({"a": [3, 1, 2], "b": ["x", "y", None]}) for _ in range(2))
    change(changed)
    assign(table, cross(changed))
    pd.testing.assert_frame_equal(table, changed)


@pytest.mark.parametrize(
    "values",
    [
        pd.Categorical(["x", "y", "y"]),
        pd.array([1, None, 3]),
        pd.array(["x", None, "y"], dtype="string"),
        pd.array(pd.to_datetime(["2020-01-01", "2020-01-02"])),
        pd.arrays.IntervalArray.from_breaks([0, 1, 2]),
    ],
    ids=lambda values: type(values).__name__,
)
def test_what_a_column_is_made_of_changes(values):
    target, changed = values.copy(), values.copy()
    changed[0] = values[-1]
    assign(target, cross(changed))
    pd.testing.assert_extension_array_equal(target, changed)


def test_what_numbers_rows_may_get_another_name():
    """It crosses as labels, and stays what it is."""
    table = pd.DataFrame({"a": [1, 2]})
    changed = cross(table)
    changed.index.name = "row"
    assign(table.index, cross(changed.index))
    assert table.index.name == "row"
    assert isinstance(table.index, pd.RangeIndex)
    with pytest.raises(CannotCross, match="into something else"):
        assign(table.index, pd.Index([1, 2], name="row"))


def test_a_change_of_a_module_keeps_the_module():
    layer = nn.Linear(4, 2)
    changed = copy.deepcopy(layer)
    prune.l1_unstructured(changed, "weight", amount=0.5)
    assign(layer, cross(changed))
    assert alike_modules(layer, changed)
    assert torch.equal(layer(X), changed(X))


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ([1], (1,)),
        (torch.ones(1), nn.Parameter(torch.ones(1))),
        (nn.Linear(1, 1), Box(1)),
        (Box(1), nn.Linear(1, 1)),
        (nn.ReLU(), nn.Tanh()),
        (np.ones(2), torch.ones(2)),
        (torch.ones(2), torch.zeros(2).to_sparse()),
        (3, 4),
    ],
    ids=range(8),
)
def test_a_change_into_something_else_is_refused(target, value):
    with pytest.raises(CannotCross):
        assign(target, value)
