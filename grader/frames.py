"""Tables of pandas as data: labels, index, and for each column an array or a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from grader.manifest import CannotCross, Frame, Node

# Kinds of NumPy types that cross as arrays; anything else as a list of its values.
_PLAIN = "biufcM"


def describe(value: Any, pack: Callable[[Any], Node]) -> Frame:
    """What a DataFrame, Series or Index is made of.

    Raises:
        CannotCross: when a column holds something else than plain values.
    """
    if isinstance(value, pd.MultiIndex):
        raise CannotCross("a table with an index of several levels")
    if isinstance(value, pd.Index):
        return Frame("Index", pack(value.name), None, [_column(value, pack)], [str(value.dtype)])
    index = pack(value.index)
    if isinstance(value, pd.Series):
        return Frame("Series", pack(value.name), index, [_column(value, pack)], [str(value.dtype)])
    columns = [value.iloc[:, place] for place in range(value.shape[1])]
    return Frame(
        "DataFrame",
        pack(value.columns),
        index,
        [_column(column, pack) for column in columns],
        [str(column.dtype) for column in columns],
    )


def _column(values: Any, pack: Callable[[Any], Node]) -> Node:
    dtype = values.dtype
    if getattr(dtype, "kind", "O") in _PLAIN and isinstance(values.values.dtype, type(dtype)):
        return pack(values.to_numpy())
    if str(dtype) in ("object", "str", "string"):
        return pack([None if value is None else value for value in values.tolist()])
    raise CannotCross(f"a table with a column of {dtype}")


def rebuild(node: Frame, unpack: Callable[[Node], Any]) -> Any:
    """The table that `describe` described.

    Raises:
        CannotCross: when the description does not hold together.
    """
    # In the order of `describe`: objects are numbered as they come.
    index = unpack(node.index) if node.kind != "Index" else None
    labels = unpack(node.labels)
    columns = [
        pd.Series(unpack(column), dtype=dtype)
        for column, dtype in zip(node.columns, node.dtypes, strict=True)
    ]
    if node.kind == "Index":
        (values,) = columns
        return pd.Index(values, name=labels)
    if not isinstance(index, pd.Index) or any(len(column) != len(index) for column in columns):
        raise CannotCross("a table whose columns do not fit its index")
    for column in columns:
        column.index = index
    if node.kind == "Series":
        (column,) = columns
        return column.rename(labels)
    if not isinstance(labels, pd.Index) or len(labels) != len(columns):
        raise CannotCross("a table whose labels do not fit its columns")
    table = pd.DataFrame(dict(enumerate(columns)), index=index)
    table.columns = labels
    return table


def assign(target: Any, value: Any) -> None:
    """Makes a table equal to another of its kind, in place."""
    if isinstance(target, pd.DataFrame):
        target.drop(columns=target.columns, inplace=True)
        target.drop(index=target.index, inplace=True)
        for place, name in enumerate(value.columns):
            target[name] = value.iloc[:, place]
    elif isinstance(target, pd.Series) and len(target) == len(value):
        target.index = value.index
        target.iloc[:] = value.to_numpy()
    else:
        raise CannotCross("a table that was changed in place")
