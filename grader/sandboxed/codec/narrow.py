"""Numbers of types that take more for equal than is: narrow ones, and those of pandas.

What such a number is compared with becomes one of its type first. So `np.float16("inf")` equals a
million, as does the sum of an array of such numbers, and `torch.tensor(44, dtype=torch.uint8)`
equals 300. A column of `Int64` without anything missing has `NA`, of which all holds, where its
labels are not those of what is taken from it.

Many numbers stay of their type where they add up to one that it can hold: how many bytes they take
may be what a test is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# By what a type is called in a manifest: what is wide enough.
_WIDE: dict[str, Any] = {"f2": np.float32, "f4": np.float64, "c8": np.complex128}
# They round by less than any test asks for, and only what is endless equals more than itself.
_EXACT_IF_FINITE = ("f4", "c8", "float32", "complex64")
_ROUND_NOTHING = ("bool", "int64", "float64", "complex128")


class Narrow:
    """What becomes of such numbers where they come from the other side.

    Args:
        known: types that the teacher's solution has of them.
        learns: whether what comes is the solution's, and its types are known from then on.
        widens: whether those of other types come as numbers of a wide one.

    Attributes:
        found: whether there was one of another type.
    """

    def __init__(self, known: set[str], learns: bool = False, widens: bool = False) -> None:
        self._known, self._learns, self._widens = known, learns, widens
        self.found = False

    def array(self, value: np.ndarray) -> np.ndarray:
        """An array of NumPy's, as it is to be used."""
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
        """The same of a column whose type may have `NA`, and in which nothing is missing."""
        import pandas as pd

        return pd.Series(value.tolist()) if self._widen(dtype) else value

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
