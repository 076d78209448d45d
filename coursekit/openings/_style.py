"""How all pictures that open a lesson look, on a light page and on a dark one."""

from __future__ import annotations

from typing import Any

from coursekit.moving import INK

STYLE: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "font.size": 10,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
