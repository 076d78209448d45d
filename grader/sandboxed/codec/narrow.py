"""Numbers that take more for equal than is: narrow ones, those of pandas, `nan`, what is endless.

What such a number is compared with becomes one of its type first. So `np.float16("inf")` equals a
million, as does the sum of an array of such numbers, and `torch.tensor(44, dtype=torch.uint8)`
equals 300. A column of `Int64` without anything missing has `NA`, of which all holds, where its
labels are not those of what is taken from it, and one of categories has an order of its own: by
that a table in any order is sorted. An array of pandas' that is compared gives another one, which
is as true as any list: it equals all. `nan` is no more than anything: so no error is too large, and
the largest of several is the first. What is endless, or too large to be squared, makes `nan` of a
test's own sums. Whole numbers without a sign never fall, whatever their order, as what is taken
from them is never below 0. The square of a whole number that is too large for it wraps round, and
may be below 0, as that of an imaginary one is: then no mean of squares is too large. The square of
a matrix is no square of its numbers, and may be 0. A layer that works in place makes of a test's
own numbers what it gives for them, so that they equal it. One that cuts all off gives nothing,
which is close to anything. What stands in the place of a masked weight is no longer there when its
layer is called.

Many numbers stay of their type where they add up to one that it can hold, or where the solution has
whole numbers of as many bytes: how many they take may be what a test is about.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from grader.protocol.values import CannotCross

if TYPE_CHECKING:
    import pandas as pd

# By what a type is called in a manifest: what is wide enough.
_WIDE: dict[str, Any] = {"f2": np.float32, "f4": np.float64, "c8": np.complex128}
# They round by less than any test asks for, and only what is endless equals more than itself.
_EXACT_IF_FINITE = ("f4", "c8", "float32", "complex64")
_ROUND_NOTHING = ("bool", "int64", "float64", "complex128")
# As what `nan` is known, what is endless, a column of categories, an array of pandas', a matrix,
# whole numbers whose squares 64 bits do not hold, a layer that works in place, one that may give
# nothing, a weight that its mask has not made, and a number with an imaginary part.
NAN, ENDLESS, CATEGORY, MATRIX, LARGE = "nan", "endless", "category", "matrix", "large"
OF_PANDAS = "array of pandas"
IN_PLACE, CUT_OFF, UNMASKED = "in place", "cut off", "unmasked"
IMAGINARY = "imaginary"
_OF_MODULES = (NAN, ENDLESS, IN_PLACE, CUT_OFF, UNMASKED)
_INT64 = np.iinfo(np.int64)
_ROOT = math.isqrt(_INT64.max)
_OF_NUMBERS = re.compile(
    r"\s*+[+-]?(nan|inf|infinity|[\d._]++e\+?[\d_]++|[\d_]{300,}+[\d._]*+)\s*+", re.IGNORECASE
)
# What the solution has is endless from here on, as a right answer may round it up.
_VERY_LARGE = 1e18
# Too far from anything to be an answer, and yet its square is a number.
_FAR = 1e150
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
        in_module: whether it is of a module: what that computes with stays of one type.
    """

    in_table = False
    in_module = False

    def __init__(self, known: set[str], learns: bool = False, widens: bool = False) -> None:
        self._known, self._learns, self._widens = known, learns, widens
        self.found = False

    def number(self, value: float) -> float:
        """A number of Python's, as it is to be used."""
        if value != value:
            return _FAR if not self.in_table and self._widen(NAN) else value
        self._note_large(abs(value) > _ROOT)
        is_endless = abs(value) > (_VERY_LARGE if self._learns else _FAR) and self._widen(ENDLESS)
        return math.copysign(_FAR, value) if is_endless else value

    def complex(self, value: complex) -> complex:
        """The same of a complex one: without an imaginary part, by as much further up."""
        is_far = value.imag != 0 and self._widen(IMAGINARY)
        return complex(value.real + abs(value.imag)) if is_far else value

    def note_whole(self, value: int) -> None:
        """Takes note of a large whole number of the solution's, which others may round."""
        self._note_large(abs(value) > _ROOT)
        if self._learns and abs(value) > _INT64.max:
            self._widen(ENDLESS)

    def text(self, value: str) -> str:
        """The same of text, of which Python makes such a number."""
        # Python passes over what is blank around it.
        if not _OF_NUMBERS.fullmatch(value):
            return value
        try:
            number = float(value)
        except ValueError:
            return value
        used = self.number(number)
        return value if used is number else repr(used)

    def octets(self, value: bytes) -> bytes:
        """The same of bytes."""
        read = value.decode("latin-1")
        used = self.text(read)
        return value if used is read else used.encode()

    def numbers(self, value: np.ndarray) -> np.ndarray:
        """The same of several, or of times, in an array of NumPy's of any type."""
        if value.dtype.kind in "mM":
            is_nan = np.isnat(value)
            if self._has_nan(int(is_nan.sum()), value.size) and self._widen(NAN):
                return np.where(is_nan, np.array(_LATE[value.dtype.kind], value.dtype), value)
            return value
        if value.dtype.kind in "US":
            read: Any = self.text if value.dtype.kind == "U" else self.octets
            texts = value.ravel().tolist()
            used = list(map(read, texts))
            return value if used == texts else np.array(used).reshape(value.shape)
        if value.dtype.kind not in "fc" or _lie_near(value):
            return value
        is_nan, far = np.isnan(value), _far(np.finfo(value.dtype).max)
        if self._has_nan(int(is_nan.sum()), value.size) and self._widen(NAN):
            value = np.where(is_nan, value.dtype.type(far), value)
        if value.dtype.kind == "c" and value.imag.any() and self._widen(IMAGINARY):
            value = (value.real + np.abs(value.imag)).astype(value.dtype)
        if self._learns:
            self._note_large(bool((np.abs(value) > _ROOT).any()))
        is_endless = np.abs(value) > (min(_VERY_LARGE, far) if self._learns else far)
        if is_endless.any() and self._widen(ENDLESS):
            sign = value.dtype.type(1) if value.dtype.kind == "c" else np.sign(value)
            value = np.where(is_endless, sign * value.dtype.type(far), value)
        return value

    def array(self, value: np.ndarray) -> np.ndarray:
        """An array of NumPy's, as it is to be used: of a type that is wide enough."""
        name = value.dtype.str[1:]
        if value.dtype.kind in "iu":
            size, is_many = value.dtype.itemsize, value.size != 1
            is_large = _is_large(value, np.iinfo(value.dtype).max)
            self._note_large(size == 8 and is_large)
            if value.dtype == np.int64:
                widens = is_large and self._widen(LARGE)
            else:
                wraps = is_large or (is_many and value.dtype.kind == "u")
                widens = (is_many or is_large) and self._widen_whole(size, wraps)
            wide = np.float64 if size == 8 and is_large else np.int64
            return value.astype(wide) if widens else value
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
        is_whole = not (value.is_floating_point() or value.is_complex())
        if not (is_whole or _tensor_lies_near(torch, value)):
            # Of eight bits there is nothing endless.
            shown = value.float() if value.dtype.itemsize == 1 else value
            is_nan = torch.isnan(shown)
            most = torch.finfo(shown.dtype).max
            far = _far(most)
            if self._has_nan(int(is_nan.sum()), value.numel()) and self._widen(NAN):
                value = shown = shown.masked_fill(is_nan, far)
            if value.is_complex() and bool(value.imag.any()) and self._widen(IMAGINARY):
                value = shown = (value.real + value.imag.abs()).to(value.dtype)
            # Of a module outputs are compared, not weights: those may be as large as they can.
            above = most if self.in_module else far
            if self._learns:
                self._note_large(bool((shown.abs() > _ROOT).any()))
            is_endless = shown.abs() > (min(_VERY_LARGE, far) if self._learns else above)
            if bool(is_endless.any()) and self._widen(ENDLESS):
                sign = 1 if value.is_complex() else shown.sign()
                value = torch.where(is_endless, sign * far, shown)
        if name == "int64" and _is_large(value, _INT64.max) and self._widen(LARGE):
            return value.to(torch.float64)
        if name in _ROUND_NOTHING:
            return value
        if is_whole:
            is_many = value.numel() != 1
            widens = self._widen_whole(value.dtype.itemsize, True) if is_many else self._widen(name)
            if not widens:
                return value
            wide = value.to(torch.int64)
            return wide.to(torch.float64) if _is_large(wide, _INT64.max) else wide
        if value.numel() != 1:
            is_narrow = value.is_floating_point() and value.dtype.itemsize < 4
            if not is_narrow or _holds(
                value.to(torch.float64).numpy(), torch.finfo(value.dtype).max
            ):
                return value
        wide = value.to(torch.complex128 if value.is_complex() else torch.float64)
        is_finite = bool(torch.isfinite(wide).all())
        if (is_finite and name in _EXACT_IF_FINITE) or not self._widen(name):
            return value
        return wide.to(torch.float32) if is_finite and value.is_floating_point() else wide

    def column(self, value: pd.Series, dtype: str) -> pd.Series:
        """The same of a column of categories, or one whose type may have `NA`, and in which nothing
        is missing."""
        import pandas as pd

        items = value.tolist()
        used = self.listed(items)
        widens = self._widen(dtype) or used is not items
        return pd.Series([*map(self.item, used)]) if widens else value

    def compared(self, value: Any) -> Any:
        """The same of an array of pandas', or of what numbers rows."""
        # Of times, categories and the like the comparison is NumPy's own, which is not true.
        if isinstance(value[:0] == value[:0], np.ndarray) or not self._widen(OF_PANDAS):
            return value
        # As a number, what is missing would be one that no error is above.
        plain = np.asarray(value, object if value.isna().any() else None)
        return type(value)(plain, name=value.name) if hasattr(value, "name") else plain

    def listed(self, values: list[Any]) -> list[Any]:
        """The same of what a column holds as values of any type."""
        # Where the solution has none of a value a right answer may have what is no number.
        nothing: Any = None if self._learns else _NOTHING
        is_nan = [
            v is nothing or _is_no_time(v) or (isinstance(v, float) and v != v) for v in values
        ]
        if not (self._has_nan(sum(is_nan), len(values)) and self._widen(NAN)):
            return values
        pairs = zip(values, is_nan, strict=True)
        return [_FAR if is_one else value for value, is_one in pairs]

    def item(self, value: Any) -> Any:
        """What a sequence or a mapping holds, of which a test may make an array.

        A whole number by itself stays one: it may be a hash, or a set of bits.
        """
        if type(value) is not int or not _ROOT < abs(value) <= _INT64.max:
            return value
        return float(value) if self._widen(LARGE) else value

    def constant(self, value: Any) -> Any:
        """The same of a time that is none."""
        if not _is_no_time(value) or self.in_table or not self._widen(NAN):
            return value
        import pandas as pd

        return pd.Timestamp("2200-01-01")

    def reaches(self, *ends: int) -> bool:
        """Whether several whole numbers between these are not to be used."""
        return any(abs(end) > _ROOT for end in ends) and self._widen(LARGE)

    def matrix(self, value: np.ndarray) -> np.ndarray:
        """An array that is to be a matrix."""
        return value if self._widen(MATRIX) else np.asmatrix(value)

    def layer(self, value: Any) -> None:
        """Has a layer leave its input alone: what it gives stays the same. One that may cut all of
        it off fails if it does."""
        if getattr(value, "inplace", False) and self._widen(IN_PLACE):
            value.inplace = False
        if _cuts(value) and self._widen(CUT_OFF):
            value.register_forward_hook(_cut_off)

    def lays_on(self) -> bool:
        """Whether a weight that its mask has not made is to be what the mask makes of it."""
        return self._widen(UNMASKED)

    def _has_nan(self, count: int, size: int) -> bool:
        return count > (size // 2 if self.in_table else 0)

    def _note_large(self, is_large: bool) -> None:
        """Takes note of whether the solution has such a number, of whichever type."""
        if self._learns and is_large:
            self._widen(LARGE)

    def _widen_whole(self, size: int, wraps: bool) -> bool:
        """Whether many whole numbers of so many bytes are to come as others.

        Args:
            wraps: whether they may take more for equal than is.
        """
        may = wraps or (self._learns and size < 8)
        return may and self._widen(f"whole numbers of {size} bytes")

    def _widen(self, name: str) -> bool:
        if self._learns:
            self._known.add(name)
        if name in self._known or (self.in_module and name not in _OF_MODULES):
            return False
        self.found = True
        return self._widens


@contextmanager
def within(narrow: Narrow | None, place: Literal["in_table", "in_module"]) -> Iterator[None]:
    """What comes meanwhile is of a table, or of a module, which may be in another."""
    if narrow is None:
        yield
        return
    was_there = getattr(narrow, place)
    setattr(narrow, place, True)
    try:
        yield
    finally:
        setattr(narrow, place, was_there)


_NOTHING = object()
_MOST_OF_HALF = float(np.finfo(np.float16).max)
# In the place of a time that is none, by kind: it can be counted in nanoseconds.
_LATE = {"M": np.datetime64("2200-01-01"), "m": 2**62}


def _cuts(layer: Any) -> bool:
    """Whether it pads by less than nothing, or makes a map of no size, or of a share of its own."""
    padding, size = (getattr(layer, name, 1) for name in ("padding", "output_size"))
    padding, sizes = (one if isinstance(one, tuple | list) else (one,) for one in (padding, size))
    cuts = any(isinstance(one, int) and one < 0 for one in padding) or 0 in sizes
    return cuts or getattr(layer, "output_ratio", None) is not None


def _cut_off(layer: Any, given: Any, found: Any) -> None:
    if any(not one.numel() for one in (found if isinstance(found, tuple) else [found])):
        raise CannotCross("a layer that gives nothing")


def _is_no_time(value: Any) -> bool:
    """Whether it is the time of pandas that is none, wherever pandas is there."""
    return type(value).__name__ == "NaTType"


def _is_large(value: Any, most: int) -> bool:
    """Whether there is a whole number whose square a type that holds so much does not."""
    return 0 not in value.shape and max(int(value.max()), -int(value.min())) > math.isqrt(most)


def _lie_near(value: np.ndarray) -> bool:
    """Whether all numbers of an array are real and far from endless, as most are."""
    if value.dtype.kind != "f" or value.dtype.itemsize < 4 or not value.size:
        return False
    # With `nan` in it both are that.
    return bool(value.min() >= -_ROOT and value.max() <= _ROOT)


def _tensor_lies_near(torch: Any, value: Any) -> bool:
    """The same of a tensor."""
    if value.dtype not in (torch.float32, torch.float64) or not value.numel():
        return False
    least, most = torch.aminmax(value)
    return float(least) >= -_ROOT and float(most) <= _ROOT


def _far(most: float) -> float:
    """What `_FAR` is for numbers of a type that holds so much; of half ones, the largest."""
    return float(most) if most <= _MOST_OF_HALF else min(_FAR, math.sqrt(most) / 4)


def _holds(value: np.ndarray, most: float) -> bool:
    """Whether a type holds what these numbers, and their squares, add up to."""
    wide = value.astype(np.float64, copy=False)
    with np.errstate(all="ignore"):
        return bool(max(np.abs(wide).sum(), np.square(wide).sum()) <= most)
