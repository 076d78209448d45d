"""Tables of pandas."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from grader.protocol.values import Array, CannotCross, Frame, Objects, Seq
from tests.grader.sandboxed.codec.crossing import BUFFERS, cross, received


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, math.nan]}, index=["i", "j"]),
        pd.DataFrame({"day": pd.to_datetime(["2020-01-01"]), "is": [True]}),
        pd.DataFrame(),
        pd.Series([1, 2, 3], name="n", index=[3, 2, 1]),
        pd.Index(["a", "b"], name="letters"),
    ],
    ids=["frame", "days", "empty", "series", "index"],
)
def test_tables_cross(table):
    check = {
        pd.DataFrame: pd.testing.assert_frame_equal,
        pd.Series: pd.testing.assert_series_equal,
    }.get(type(table), pd.testing.assert_index_equal)
    check(cross(table), table)


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        (2**31, "period[Y-DEC]"),
        (0.5, "period[Y-DEC]"),
        (None, "period[Y-DEC]"),
        ("2020", "period[Y-DEC]"),
        (Objects([1], [1]), "period[Y-DEC]"),
        (Array("<i4", [2], 0), "period[Y-DEC]"),
        (Array("<i8", [1, 1], 0), "period[Y-DEC]"),
        (Array("<i8", [1], 0), "period[nothing]"),
        (2**31, "category"),
        (Seq("list", [2**31, 2**31]), "category"),
        (Seq("list", [Array("<i8", [1], 0), Seq("list", [])]), "category"),
        (2**31, "interval right"),
        (Seq("list", [2**31, 2**31]), "interval right"),
        (Seq("list", [Seq("list", [0]), Seq("list", [1])]), "interval nowhere"),
        (Seq("list", ["x"]), "datetime64[ns, UTC]"),
        (Seq("list", ["x"]), "Int64"),
        (Seq("list", ["x"]), "nothing"),
    ],
    ids=range(17),
)
def test_a_table_that_does_not_hold_together_is_refused(column, dtype):
    frame = Frame("Scalar", None, None, [column], [dtype])
    with pytest.raises(CannotCross):
        received(frame, BUFFERS)
