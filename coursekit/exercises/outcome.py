"""How a cell of an exercise ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

How = Literal["fine", "blank", "failed"]


@dataclass(frozen=True)
class Outcome:
    """How a cell ended when it last ran; “blank” where its item is not done yet."""

    how: How
    text: str = ""
