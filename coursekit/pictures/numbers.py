"""Numbers as people type them, and as a lesson prints them."""

from __future__ import annotations

import math


def number_in(text: str) -> float | None:
    """The number that a learner typed, or None.

    “3,200”, “36%”, “1e-3”, “1/128” and “2×” are understood.
    """
    above, slash, below = text.strip(" %×x").partition("/")
    number, divisor = _decimal(above), _decimal(below) if slash else 1.0
    if number is None or not divisor:
        return None
    return number / divisor if math.isfinite(number / divisor) else None


def _decimal(text: str) -> float | None:
    plain = text.strip().replace("−", "-").replace(" ", "").replace("\u202f", "")
    plain = plain.replace(",", "") if "." in plain or _thousands(plain) else plain.replace(",", ".")
    try:
        number = float(plain)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _thousands(text: str) -> bool:
    head, *groups = text.lstrip("-+").split(",")
    return bool(groups) and head[:1] not in ("", "0") and all(len(group) == 3 for group in groups)


def shown(value: float | str | tuple[str, ...] | None) -> str:
    """A guess or a result as it is printed; a dash where there is none."""
    match value:
        case None:
            return "–"
        case str():
            return value
        case tuple():
            return " or ".join(value)
    # Four digits alone would make 266,610 parameters 2.666e+05.
    number = float(value)
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
