"""Numbers that take more for equal than is: of narrow types, of those of pandas, and `nan`.

What such a number is compared with becomes one of its type first. So `np.float16("inf")` equals a
million, as does the sum of an array of such numbers, and `torch.tensor(44, dtype=torch.uint8)`
equals 300. A column of `Int64` without anything missing has `NA`, of which all holds, where its
labels are not those of what is taken from it, and one of categories has an order of its own: by
that a table in any order is sorted. `nan` is no more than anything: so no error is too large, and
the largest of several is the first.

Many numbers stay of their type where they add up to one that it can hold: how many bytes they take
may be what a test is about.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# By what a type is called in a manifest: what is wide enough.
_WIDE: dict[str, Any] = {"f2": np.float32, "f4": np.float64, "c8": np.complex128}
# They round by less than any test asks for, and only what is endless equals more than itself.
_EXACT_IF_FINITE = ("f4", "c8", "float32", "complex64")
_ROUND_NOTHING = ("bool", "int64", "float64", "complex128")
# As what `nan` is known, and a column of categories.
NAN, CATEGORY = "nan", "category"
_OF_NAN = re.compile(r"\b(is|not|drop|fill)?(na|nan|null)\b|\.nan\w+|equal_nan", re.IGNORECASE)


def asks_for_nan(source: str) -> bool:
    """Whether a test says itself what is to come of what is no number."""
    return _OF_NAN.search(source) is not None


class Narrow:
    """What becomes of such numbers where they come from the other side.

    Args:
        known: types that the teacher's solution has of them.
        learns: whether what comes is the solution's, and its types are known from then on.
        widens: whether those of other types come as numbers of a wide one.

    Attributes:
        found: whether there was one of another type.
        in_table: whether what comes is of a table, where some of a column is often missing.
    """

    in_table = False

    def __init__(self, known: set[str], learns: bool = False, widens: bool = False) -> None:
        self._known, self._learns, self._widens = known, learns, widens
        self.found = False

    def number(self, value: float) -> float:
        """A number of Python's, as it is to be used."""
        is_nan = value != value and not self.in_table
        return np.inf if is_nan and self._widen(NAN) else value

    def numbers(self, value: np.ndarray) -> np.ndarray:
        """The same of several, in an array of NumPy's of any type."""
        is_nan = np.isnan(value) if value.dtype.kind in "fc" else np.False_
        if self._has_nan(int(is_nan.sum()), value.size) and self._widen(NAN):
            return np.where(is_nan, value.dtype.type(np.inf), value)
        return value

    def array(self, value: np.ndarray) -> np.ndarray:
        """An array of NumPy's, as it is to be used: of a type that is wide enough."""
        name = value.dtype.str[1:]
        if name not in _WIDE or (
            value.size != 1 and (name != "f2" or _holds(value, _MOST_OF_HALF))
        ):
            return value
        is_finite = bool(np.isfinite(value).all())
        if (is_finite and name in _EXACT_IF_FINITE) or not self._widen(name):
            return value
        return value.astype(_WIDE[name] if is_finite else np.result_type(_WIDE[name], np.float64))

    def tensor(self, torch: Any, value: Any, name: str) -> Any:
        """The same of a tensor.

        Args:
            name: of its type.
        """
        if value.is_floating_point() or value.is_complex():
            # Of eight bits there is nothing endless.
            shown = value.float() if value.dtype.itemsize == 1 else value
            is_nan = torch.isnan(shown)
            if self._has_nan(int(is_nan.sum()), value.numel()) and self._widen(NAN):
                value = shown.masked_fill(is_nan, np.inf)
        if name in _ROUND_NOTHING:
            return value
        if value.numel() != 1:
            is_narrow = value.is_floating_point() and value.dtype.itemsize < 4
            if not is_narrow or _holds(
                value.to(torch.float64).numpy(), torch.finfo(value.dtype).max
            ):
                return value
        if not (value.is_floating_point() or value.is_complex()):
            return value.to(torch.int64) if self._widen(name) else value
        wide = value.to(torch.complex128 if value.is_complex() else torch.float64)
        is_finite = bool(torch.isfinite(wide).all())
        if (is_finite and name in _EXACT_IF_FINITE) or not self._widen(name):
            return value
        return wide.to(torch.float32) if is_finite and value.is_floating_point() else wide

    def column(self, value: pd.Series, dtype: str) -> pd.Series:
        """The same of a column of categories, or one whose type may have `NA`, and in which nothing
        is missing."""
        import pandas as pd

        return pd.Series(value.tolist()) if self._widen(dtype) else value

    def _has_nan(self, count: int, size: int) -> bool:
        return count > (size // 2 if self.in_table else 0)

    def _widen(self, name: str) -> bool:
        if self._learns:
            self._known.add(name)
        if name in self._known:
            return False
        self.found = True
        return self._widens


_MOST_OF_HALF = float(np.finfo(np.float16).max)


def _holds(value: np.ndarray, most: float) -> bool:
    """Whether a type holds what these numbers, and their squares, add up to."""
    wide = value.astype(np.float64, copy=False)
    with np.errstate(all="ignore"):
        return bool(max(np.abs(wide).sum(), np.square(wide).sum()) <= most)
