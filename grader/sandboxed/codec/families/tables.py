"""Tables of pandas as data: labels, index, and for each column an array or a list.

Loaded where pandas is there, or a message says that something of it has come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from grader.protocol.values import CannotCross, Frame, Node
from grader.sandboxed.codec.family import NOT_MINE, NotMine
from grader.sandboxed.codec.narrow import CATEGORY, within

if TYPE_CHECKING:
    from grader.sandboxed.codec.narrow import Narrow
    from grader.sandboxed.codec.packing import Packer
    from grader.sandboxed.codec.unpacking import Unpacker

# Kinds of NumPy types that cross as arrays; anything else as what it is made of.
_PLAIN = "biufcmM"
_TABLES = (pd.DataFrame, pd.Series, pd.Index)
_SCALARS = (pd.Timestamp, pd.Timedelta, pd.Period, pd.Interval)
CONSTANTS = {str(value): value for value in (pd.NaT, pd.NA)}


def is_constant(value: Any) -> bool:
    """Whether it is one of those that there is only one of."""
    return any(value is constant for constant in CONSTANTS.values())


def encode(value: Any, packer: Packer) -> Node | NotMine:
    if not isinstance(value, (*_TABLES, *_SCALARS, pd.api.extensions.ExtensionArray)):
        return NOT_MINE
    packer.register(value)
    # Whose memory its columns show is not seen on the other side: they are made anew.
    views, packer.views = packer.views, False
    try:
        return _describe(value, packer.pack)
    finally:
        packer.views = views


def _describe(value: Any, pack: Callable[[Any], Node]) -> Frame:
    """What a table is made of, or a part or value of one.

    Raises:
        CannotCross: when a column holds something else than plain values.
    """
    if isinstance(value, pd.MultiIndex):
        found = [value.get_level_values(number) for number in range(value.nlevels)]
        # A part of a table keeps the labels of the whole.
        used = value.remove_unused_levels()
        has_more = any(len(a) != len(b) for a, b in zip(value.levels, used.levels, strict=True))
        levels = pack(list(value.levels)) if has_more else None
        return _frame("MultiIndex", list(value.names), levels, found, pack)
    if isinstance(value, pd.Index):
        made = _frame("Index", value.name, None, [value], pack)
        if isinstance(value, pd.DatetimeIndex | pd.TimedeltaIndex):
            made.freq = value.freqstr or ""
        return made
    if not isinstance(value, pd.DataFrame | pd.Series):
        kind = "Scalar" if isinstance(value, _SCALARS) else "Array"
        return _frame(kind, None, None, [pd.Series([value] if kind == "Scalar" else value)], pack)
    index = pack(value.index)
    if isinstance(value, pd.Series):
        return _frame("Series", value.name, index, [value], pack)
    columns = [value.iloc[:, place] for place in range(value.shape[1])]
    return _frame("DataFrame", value.columns, index, columns, pack)


def _frame(
    kind: Any, labels: Any, index: Node, columns: list[Any], pack: Callable[[Any], Node]
) -> Frame:
    labelled = pack(labels)
    packed = [_column(column, pack) for column in columns]
    return Frame(kind, labelled, index, packed, [_name(column.dtype) for column in columns])


def _name(dtype: Any) -> str:
    if isinstance(dtype, pd.CategoricalDtype):
        return "ordered" if dtype.ordered else "category"
    if isinstance(dtype, pd.SparseDtype):
        return "Sparse"
    return f"interval {dtype.closed}" if isinstance(dtype, pd.IntervalDtype) else str(dtype)


def _column(values: Any, pack: Callable[[Any], Node]) -> Node:
    dtype = values.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in _PLAIN:
        return pack(values.to_numpy())
    if isinstance(dtype, pd.CategoricalDtype):
        sorts = pd.Categorical(values)
        return pack([np.asarray(sorts.codes), sorts.categories])
    if isinstance(dtype, pd.IntervalDtype):
        intervals = pd.arrays.IntervalArray(values)
        return pack([intervals.left, intervals.right])
    if isinstance(dtype, pd.DatetimeTZDtype):
        return pack(pd.DatetimeIndex(values).tz_convert("UTC").tz_localize(None).to_numpy())
    if isinstance(dtype, pd.PeriodDtype):
        return pack(np.asarray(pd.PeriodIndex(values).asi8))
    if isinstance(dtype, pd.SparseDtype):
        return pack(np.asarray(values))
    # Objects, text, and numbers that may be missing.
    found = [None if value is pd.NA else value for value in values.tolist()]
    return pack(found if str(dtype) == "object" else [_known(value) for value in found])


def _known(value: Any) -> Any:
    """A value of a column that has one sign for all that is missing."""
    return None if isinstance(value, float) and value != value else value


def decode(node: Frame, unpacker: Unpacker) -> Any:
    place = unpacker.reserve()
    unpacker.has_tables = True
    with within(unpacker.narrow, "in_table"):
        unpacker.objects[place] = made = _rebuild(node, unpacker.unpack, unpacker.narrow)
    return made


def _rebuild(node: Frame, unpack: Callable[[Node], Any], narrow: Narrow | None) -> Any:
    """The table that `_describe` described.

    Raises:
        CannotCross: when the description does not hold together.
    """
    # In the order of `_describe`: objects are numbered as they come.
    is_table = node.kind in ("Series", "DataFrame")
    index = unpack(node.index)
    labels = unpack(node.labels)
    columns = [
        _rebuilt(unpack(column), dtype, node.missing, narrow)
        for column, dtype in zip(node.columns, node.dtypes, strict=True)
    ]
    if node.kind == "MultiIndex":
        several = pd.MultiIndex.from_arrays(columns, names=labels)
        return several if index is None else _with_levels(several, index)
    if not is_table:
        (values,) = columns
        if node.kind == "Index":
            made: Any = pd.Index(values, name=labels)
            if node.freq:
                made.freq = node.freq
            return made if narrow is None else narrow.compared(made)
        if node.kind == "Array":
            return values.array if narrow is None else narrow.compared(values.array)
        (value,) = values
        if not isinstance(value, _SCALARS):
            raise CannotCross("a value of a table that is none")
        return value
    if not isinstance(index, pd.Index) or any(len(column) != len(index) for column in columns):
        raise CannotCross("a table whose columns do not fit its index")
    for column in columns:
        column.index = index
    if node.kind == "Series":
        (column,) = columns
        # In place: the index stays the one that others may refer to.
        column.name = labels
        return column
    if not isinstance(labels, pd.Index) or len(labels) != len(columns):
        raise CannotCross("a table whose labels do not fit its columns")
    table = pd.DataFrame(dict(enumerate(columns)), index=index)
    table.columns = labels
    return table


def _with_levels(index: pd.MultiIndex, levels: list[pd.Index]) -> pd.MultiIndex:
    """The same with these labels, of which it may use some only.

    Raises:
        CannotCross: when it uses others.
    """
    pairs = zip(levels, range(index.nlevels), strict=True)
    codes = [level.get_indexer(index.get_level_values(number)) for level, number in pairs]
    make: Any = pd.MultiIndex
    made: pd.MultiIndex = make(levels, codes, names=index.names)
    if not made.equals(index):
        raise CannotCross("labels that are not those of an index")
    return made


def has_missing(dtype: str) -> bool:
    """Whether what is missing in a column of this type is `NA`, which equals all."""
    try:
        return getattr(pd.api.types.pandas_dtype(dtype), "na_value", None) is pd.NA
    except Exception:
        # No type at all: `_rebuilt` says so.
        return False


def _rebuilt(values: Any, dtype: str, missing: bool, narrow: Narrow | None) -> pd.Series:
    kind, _, rest = dtype.partition(" ")
    if dtype in ("category", "ordered"):
        codes, categories = values
        sorts = pd.Series(pd.Categorical.from_codes(codes, categories, dtype == "ordered"))
        return sorts if narrow is None else narrow.column(sorts, CATEGORY)
    if kind == "interval":
        left, right = values
        closed: Any = rest
        return pd.Series(pd.arrays.IntervalArray.from_arrays(left, right, closed=closed))
    if dtype.startswith("period["):
        # pandas takes its length for granted, and ends the process over a bare number.
        if not (isinstance(values, np.ndarray) and values.dtype == np.int64 and values.ndim == 1):
            raise CannotCross("periods that are none")
        periods: Any = pd.PeriodIndex
        return pd.Series(periods.from_ordinals(values, freq=dtype[len("period[") : -1]))
    if dtype == "Sparse":
        if narrow is not None and values.dtype.kind == "O":
            values = narrow.listed(values.tolist())
        return pd.Series(pd.arrays.SparseArray(values))
    known = pd.api.types.pandas_dtype(dtype)
    if isinstance(known, pd.DatetimeTZDtype):
        return pd.Series(pd.DatetimeIndex(values).tz_localize("UTC").tz_convert(known.tz))
    is_plain = isinstance(known, np.dtype) and known.kind in _PLAIN
    if not is_plain and narrow is not None:
        values = narrow.listed(values)
    # A wider one may have come; see `codec.narrow`.
    made = pd.Series(values, dtype=values.dtype if is_plain else known)
    if not missing and has_missing(dtype) and made.hasnans:
        return pd.Series([None if value is pd.NA else value for value in made])
    if narrow is not None and has_missing(dtype) and not made.hasnans:
        return narrow.column(made, dtype)
    return made


def rename(target: Any, value: Any) -> bool:
    """Gives what numbers rows the name of the same numbers, as which it crosses; says if it has."""
    same = isinstance(target, pd.RangeIndex) and type(value) is pd.Index and target.equals(value)
    if same:
        target.name = value.name
    return same


def assign(target: Any, value: Any) -> bool:
    """What a column is made of may keep its values in no attribute; its length stays."""
    is_column = isinstance(target, pd.api.extensions.ExtensionArray)
    if is_column:
        target[:] = value
    return is_column
