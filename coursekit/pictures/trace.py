"""What a trace is made of, and numbers as people read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure

Shape = tuple[int, ...]
Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Stage:
    """One step of a trace.

    Attributes:
        title: Its name.
        text: What happens in it, Markdown with $maths$; numbers in it come from the run.
        of: What `before` and `after` are the shape of, as in “the images”; in Markdown.
        before: The shape before the stage; None where that which `of` names is new.
        after: The shape after it.
        picture: Draws it, anew at each call; the caller shows and closes the figure. Where it was
            drawn before, it gives the picture's address.
        alt: What the picture shows, without numbers that differ between machines.
        table: Rows of cells, the first row the headings; None if there is none.
    """

    title: str
    text: str
    of: str
    before: Shape | None
    after: Shape
    picture: Callable[[], Figure | str] | None = None
    alt: str = ""
    table: Rows | None = None


@dataclass(frozen=True)
class Trace:
    """Something to follow step by step, computed from a real run."""

    title: str
    stages: tuple[Stage, ...]


def shape_of(values: torch.Tensor) -> Shape:
    """The shape as plain numbers."""
    return tuple(values.shape)


def number(value: float, digits: int = 4) -> str:
    """A number with a true minus sign, whole ones with commas, others with that many decimals."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("-")


def percent(share: float, digits: int = 0) -> str:
    """A share as the course writes it: 30%."""
    return f"{100 * share:.{digits}f}%"


def times(shape: Shape) -> str:
    """A shape for people: 1000×28×28, or (784,) for a list."""
    return "×".join(map(str, shape)) if len(shape) > 1 else str(shape)
