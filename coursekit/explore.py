"""A picture with something to move: what changes, and what stays?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from coursekit.plot import png
from coursekit.widgets.panel import Panel, Part, Still, Values, View, control, picture

# What can be set: the name of an argument, and the values to choose from.
Choices = Mapping[str, Sequence[Any]]


def explore(
    draw: Callable[..., Figure],
    *,
    alt: str,
    start: Mapping[str, Any] | None = None,
    **choices: Sequence[Any],
) -> Panel:
    """Shows a figure, and draws it anew when one of its arguments is moved.

    Where nothing can be moved, as in a saved notebook, it is a still picture.

    Args:
        draw: Makes the figure from one value of each choice, given by name; quick, and without
            chance in it.
        alt: What the picture shows, and what can be moved.
        start: The values to begin with; the first of each choice where left out.
        choices: For each argument of `draw` its values: numbers become a slider, texts a list.

    Raises:
        ValueError: if `alt` says nothing, a choice has no values, or `start` is none of them.
    """
    return Panel(Explorer(draw, alt, choices, start or {}))


class Explorer:
    """The figure and what was set."""

    def __init__(
        self, draw: Callable[..., Figure], alt: str, choices: Choices, start: Mapping[str, Any]
    ) -> None:
        if not alt.strip():
            raise ValueError("a picture needs alt text: say what it shows")
        for name, values in choices.items():
            if not len(values):
                raise ValueError(f"{name} has no values to choose from")
        for name, value in start.items():
            if name not in choices or value not in choices[name]:
                raise ValueError(f"start: {name}={value!r} is none of the values to choose from")
        self._draw = draw
        self._alt = alt
        self._choices = {name: list(values) for name, values in choices.items()}
        self._at = {
            name: values.index(start[name]) if name in start else 0
            for name, values in self._choices.items()
        }

    def act(self, key: str, values: Values) -> None:
        """Something was moved."""
        for name, options in self._choices.items():
            if values.get(name) in range(len(options)):
                self._at[name] = values[name]

    def figure(self) -> Figure:
        """The figure as things are set."""
        return self._draw(**{name: self._choices[name][at] for name, at in self._at.items()})

    def parts(self) -> list[Part]:
        """The figure, and what can be moved below it."""
        return [picture(self.figure(), self._alt), *(self._control(name) for name in self._choices)]

    def _control(self, name: str) -> Part:
        options = self._choices[name]
        slider = all(isinstance(value, (int, float)) for value in options)
        texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in options]
        return control(name, name.replace("_", " "), texts, self._at[name], slider=slider)

    def view(self) -> View:
        return View(self._alt, self.parts())

    def still(self) -> Still:
        """The picture, as `coursekit.plot.show` leaves it."""
        return {"image/png": png(self.figure(), dpi=100)}
