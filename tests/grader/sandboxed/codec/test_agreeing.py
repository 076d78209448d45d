"""What is said in another way than this side would say it is refused, whatever it is."""

from __future__ import annotations

import enum

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from grader.protocol.values import (
    Array,
    Back,
    Big,
    CannotCross,
    Frame,
    Live,
    Named,
    Objects,
    Pairs,
    Record,
    Seq,
    Spelled,
)
from grader.sandboxed.codec.agreeing import check
from grader.sandboxed.codec.unpacking import Unpacker
from tests.grader.sandboxed.codec.crossing import BUFFERS, GIVEN, cross, dense


class Size(enum.Enum):
    LARGE = 1
    BIG = 1


EMPTY = Seq("list", [])
FUNCTION = Live(1, "function", "f", ["__call__"])
LIES = {
    "a small number as a large one": Big("0x5"),
    "a large number in capitals": Big("0X1" + "0" * 20),
    "a fraction that is no shortest one": Spelled("Fraction", "2/4"),
    "a path with too many signs": Spelled("Path", "a//b"),
    "one key twice": Pairs("dict", [("a", 1), ("a", EMPTY)]),
    "one key of two types": Pairs("dict", [(1, 1), (True, 2)]),
    "one handle as two keys": Pairs("dict", [(FUNCTION, 1), (FUNCTION, EMPTY)]),
    "one handle as two things": Seq("list", [FUNCTION, Live(1, "generator", "f", ["__call__"])]),
    "one item twice": Seq("set", [1, 1.0]),
    "one item twice in what never changes": Seq("tuple", [Seq("frozenset", ["a", "a"])]),
    "one key twice in what shows keys": Seq("keys", [1, 1]),
    "a deque with less room than items": Seq("deque", [1, EMPTY], 1),
    "a list with room": Seq("list", [1], 0),
    "a named tuple without names": Record("P", [], []),
    "two arrays of one buffer": Seq("list", [Array("|u1", [8], 0), Array("|u1", [8], 0)]),
    "a buffer that is passed over": Array("|u1", [8], 1),
    "a column as two": Array("<f4", [1, 2], 0, fortran=True),
    "a tensor by another name": dense("float"),
    "a tensor with the strides that it has anyway": dense(stride=[1]),
    "a type by another name": Named("numpy.dtype", "=f4"),
    "a type of torch by another name": Named("torch", "double"),
    "a member by another name": Named("member", "Size.BIG"),
    "a table's list that somebody else has": Seq(
        "list", [Frame("Array", None, None, [Seq("list", [None])], ["object"]), Back(2)]
    ),
    "a table's column that is a tuple": Frame("Array", None, None, [Seq("tuple", [])], ["object"]),
    "a table's column that is a mapping": Frame(
        "Array", None, None, [Pairs("dict", [])], ["object"]
    ),
    "a table's text as objects": Frame("Array", None, None, [Objects([1], ["a"])], ["object"]),
    "a table with a part too many": Frame("Array", "name", None, [Seq("list", [1])], ["object"]),
    "an order that nobody asked for": Frame("Index", None, None, [EMPTY], ["object"], "D"),
    "a handle that gives the same again": Live(1, "generator", "g", [], again=True),
    "a handle that gives something": Live(1, "generator", "g", [], some=True),
    "a handle that is plain": Live(1, "instance", "i", [], plain=True),
    "a method twice": Live(1, "instance", "i", ["__eq__", "__eq__"]),
}


@pytest.mark.parametrize("node", LIES.values(), ids=LIES.keys())
@pytest.mark.filterwarnings("ignore")
def test_what_is_said_in_another_way_is_refused(node):
    def unpacker():
        given = GIVEN | {"Size": Size}
        return Unpacker(BUFFERS, lambda live: None, lambda number: None, given)

    unpacker().unpack(node)
    with pytest.raises(CannotCross, match="hold together"):
        check([node], unpacker())


ROWS = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
LAYER = torch.ones(4, requires_grad=True)
CUT = nn.Conv2d(1, 1, 3)
setattr(CUT, "kernel_size", 3)  # noqa: B010  (by hand, as where it is cut)


@pytest.mark.parametrize(
    "value",
    [
        [row for _, row in ROWS.iterrows()],
        [ROWS, ROWS.index, ROWS["a"].rename("c")],
        pd.Series(pd.arrays.SparseArray([0.0, 1.5], fill_value=0.0)),
        np.ma.masked_array(["a", "b"], [False, True]),
        [CUT],
        [LAYER.expand(2, 4), LAYER[::2], (LAYER * 2).reshape(2, 2).t()],
    ],
    ids=["rows", "one index", "sparse", "masked text", "a size of its own", "computed tensors"],
)
def test_what_python_has_is_read_as_it_is_said(value):
    """Each of these came out as something else, before it was written again."""
    assert len(cross(value)) == len(value)
