"""Numbers as people type them, and as a lesson prints them."""

from __future__ import annotations

import math


def number_in(text: str) -> float | None:
    """The number that a learner typed: “3,200”, “36 %” and “1e-3” are understood; else None."""
    plain = text.strip().rstrip("%").replace("−", "-").replace(" ", "").replace("\u202f", "")
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
