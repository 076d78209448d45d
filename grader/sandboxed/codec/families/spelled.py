"""Small values that a text or a few numbers say all about: decimals, times, paths, ranges."""

from __future__ import annotations

import datetime
import decimal
import fractions
import pathlib
import re
from typing import TYPE_CHECKING, Any

from grader.protocol.values import MAX_DIGITS, TIMES, CannotCross, Node, Numbers, Regex, Spelled
from grader.sandboxed.codec.family import NOT_MINE, NotMine
from grader.sandboxed.codec.foreign_paths import FarPath

if TYPE_CHECKING:
    from grader.sandboxed.codec.packing import Packer
    from grader.sandboxed.codec.unpacking import Unpacker


def encode(value: Any, packer: Packer) -> Node | NotMine:
    if isinstance(value, re.Pattern):
        return Regex(packer.pack(value.pattern), value.flags)
    if isinstance(value, range):
        return Numbers("range", [packer.pack(v) for v in (value.start, value.stop, value.step)])
    if isinstance(value, slice):
        return Numbers("slice", [packer.pack(v) for v in (value.start, value.stop, value.step)])
    if isinstance(value, decimal.Decimal):
        return Spelled("Decimal", str(value))
    if isinstance(value, fractions.Fraction):
        return Spelled("Fraction", str(value))
    # Not subclasses: those of pandas say more.
    if type(value) in TIMES:
        return Spelled(TIMES[type(value)], value.isoformat())
    if type(value) is datetime.timedelta:
        return Numbers("timedelta", [value.days, value.seconds, value.microseconds])
    if isinstance(value, pathlib.PurePath):
        has_file = isinstance(value, pathlib.Path)
        return Spelled("Path" if has_file else "PurePosixPath", str(value))
    return NOT_MINE


def decode_regex(node: Regex, unpacker: Unpacker) -> re.Pattern:
    return re.compile(unpacker.unpack(node.pattern), node.flags)


def decode_numbers(node: Numbers, unpacker: Unpacker) -> Any:
    make: Any = {"range": range, "slice": slice}.get(node.kind, datetime.timedelta)
    one, two, three = (unpacker.unpack(item) for item in node.items)
    if node.kind == "range" and unpacker.narrow is not None and unpacker.narrow.reaches(one, two):
        raise CannotCross("a range of numbers whose squares wrap round")
    return make(one, two, three)


def decode(node: Spelled, unpacker: Unpacker) -> Any:
    text = node.text
    if len(text) > MAX_DIGITS:
        raise CannotCross(f"a number of more than {MAX_DIGITS} digits")
    if node.kind == "PurePosixPath":
        return pathlib.PurePosixPath(text)
    if node.kind == "Path":
        return pathlib.Path(text) if unpacker.trusted else FarPath(text)
    for cls, kind in TIMES.items():
        if node.kind == kind:
            return cls.fromisoformat(text)
    # No exponent: Fraction("1e999999999") computes for hours.
    if node.kind == "Fraction":
        if not re.fullmatch(r"-?\d+(/\d+)?", text):
            raise CannotCross("a fraction that is none")
        return fractions.Fraction(text)
    value = decimal.Decimal(text)
    if value.is_snan() or unpacker.narrow is None:
        return value
    # Others make numbers of Python's of it.
    number = float(value)
    used = unpacker.narrow.number(number)
    return value if used is number else decimal.Decimal(used)
