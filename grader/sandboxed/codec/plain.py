"""What is a plain value in all but its class: a text, a list, a mapping, a number, a time, a layer.

Where the solution has plain values, what an answer has of these crosses as one that is plain, a
picture of it: it says nothing for itself any more.
"""

from __future__ import annotations

import copy
import datetime
import decimal
import fractions
import numbers
import sys
from collections import UserString
from collections.abc import Mapping, Sequence, Set
from typing import Any

from grader.sandboxed.codec.libraries import torch_module

_SEQUENCES = (tuple, frozenset, set, list, bytes, bytearray)
# Classes that know how to be made of one of theirs, those that are more first.
_OF_LIBRARIES = {
    "pandas": ("DataFrame", "Series"),
    "networkx": ("MultiDiGraph", "MultiGraph", "DiGraph", "Graph"),
}


def made_of(value: Any) -> Any:
    """The plain value that it is one of; None where it is none."""
    if isinstance(value, type):
        return None
    if isinstance(value, numbers.Number):
        return _number(value)
    if isinstance(value, str | UserString):
        return str.__str__(value) if isinstance(value, str) else str(value)
    for cls in _SEQUENCES:
        if isinstance(value, cls):
            return cls(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, Sequence):
        return list(value)
    if isinstance(value, Set):
        return set(value)
    for make in (_time, _of_a_library, _module):
        if (made := make(value)) is not None:
            return made
    return None


def _number(value: numbers.Number) -> Any:
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Rational):
        return fractions.Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, decimal.Decimal):
        return decimal.Decimal(value)
    if isinstance(value, numbers.Real):
        return float(value)
    return complex(value) if isinstance(value, numbers.Complex) else None


def _time(value: Any) -> Any:
    # Those of pandas say more, and cross by themselves.
    if isinstance(value, datetime.datetime):
        return datetime.datetime.combine(value.date(), value.timetz())
    if isinstance(value, datetime.date):
        return datetime.date(value.year, value.month, value.day)
    return None


def _of_a_library(value: Any) -> Any:
    for library, names in _OF_LIBRARIES.items():
        module = sys.modules.get(library)
        for name in names if module is not None else ():
            cls = getattr(module, name)
            if isinstance(value, cls):
                return cls(value)
    return None


def _module(value: Any) -> Any:
    """What it computes with now, in the place of what its weights are made from."""
    torch = torch_module()
    if torch is None or not isinstance(value, torch.nn.Module):
        return None
    parametrize = torch.nn.utils.parametrize
    if not any(map(parametrize.is_parametrized, value.modules())):
        return None
    made = copy.deepcopy(value)
    for part in [*made.modules()]:
        for name in [*part.parametrizations] if parametrize.is_parametrized(part) else ():
            parametrize.remove_parametrizations(part, name)
    return made
