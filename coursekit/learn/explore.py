"""A picture with something to move: what changes, and what stays?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from matplotlib.figure import Figure

from coursekit.learn.widgets.jupyter import Panel
from coursekit.learn.widgets.panel import Part, Still, Values, View, control, picture
from coursekit.pictures.plot import image, png

# What can be set: the name of an argument, and the values to choose from.
Choices = Mapping[str, Sequence[Any]]

# Where the titles of a plot stand.
_SIDES: tuple[Literal["left", "center", "right"], ...] = ("left", "center", "right")


def explore(
    draw: Callable[..., Figure],
    *,
    alt: str | Callable[..., str],
    start: Mapping[str, Any] | None = None,
    **choices: Sequence[Any],
) -> Panel:
    """Shows a figure, and draws it anew when one of its arguments is moved.

    Where nothing can be moved, as in a saved notebook, it is a still picture.

    Args:
        draw: Makes the figure from one value of each choice, given by name; quick, and without
            chance in it.
        alt: What the picture shows, and what can be moved; or what makes that from the values.
            What is set, and the titles in the figure, are added to it and read out.
        start: The values to begin with; the first of each choice where left out.
        choices: For each argument of `draw` its values: numbers become a slider, texts a list.

    Raises:
        ValueError: if `alt` says nothing, a choice has no values, or `start` is none of them.
    """
    return Panel(Explorer(draw, alt, choices, start or {}))


class Explorer:
    """The figure and what was set."""

    def __init__(
        self,
        draw: Callable[..., Figure],
        alt: str | Callable[..., str],
        choices: Choices,
        start: Mapping[str, Any],
    ) -> None:
        for name, values in choices.items():
            if not len(values):
                raise ValueError(f"{name} has no values to choose from")
        for name, value in start.items():
            if name not in choices or value not in choices[name]:
                raise ValueError(f"start: {name}={value!r} is none of the values to choose from")
        self._draw = draw
        self._alt = alt if callable(alt) else lambda **_: alt
        self._aloud = False
        self._choices = {name: list(values) for name, values in choices.items()}
        self._at = {
            name: values.index(start[name]) if name in start else 0
            for name, values in self._choices.items()
        }
        if not self._words().strip():
            raise ValueError("a picture needs alt text: say what it shows")

    def act(self, key: str, values: Values) -> None:
        """Something was moved."""
        self._aloud = True
        for name, options in self._choices.items():
            if values.get(name) in range(len(options)):
                self._at[name] = values[name]

    def figure(self) -> Figure:
        """The figure as things are set."""
        return self._draw(**self._values())

    def _values(self) -> dict[str, Any]:
        return {name: self._choices[name][at] for name, at in self._at.items()}

    def _words(self) -> str:
        """What the picture shows, as the lesson says it."""
        return self._alt(**self._values())

    def _now(self, figure: Figure) -> str:
        """What is set, and what the figure says of it in its titles."""
        found = [f"{_called(name)} {self._texts(name)[at]}" for name, at in self._at.items()]
        titles = [
            figure.get_suptitle(),
            *(ax.get_title(loc=side) for ax in figure.axes for side in _SIDES),
        ]
        return ". ".join([", ".join(found), *(" ".join(one.split()) for one in titles if one)])

    def _texts(self, name: str) -> list[str]:
        options = self._choices[name]
        return [f"{value:g}" if isinstance(value, float) else str(value) for value in options]

    def _control(self, name: str) -> Part:
        slider = all(isinstance(value, (int, float)) for value in self._choices[name])
        return control(name, _called(name), self._texts(name), self._at[name], slider=slider)

    def view(self) -> View:
        figure = self.figure()
        now = self._now(figure)
        title = f"A picture to move: {', '.join(map(_called, self._choices))}"
        shown = picture(figure, f"{self._words()} Now: {now}.")
        parts = [shown, *(self._control(name) for name in self._choices)]
        return View(title, parts, aloud=f"{now}." if self._aloud else "")

    def still(self) -> Still:
        """The picture, as `coursekit.pictures.plot.show` leaves it."""
        words = self._words()
        return {"text/html": image(png(self.figure(), dpi=100), words), "text/plain": words}


def _called(name: str) -> str:
    """A choice as people read it."""
    return name.replace("_", " ")
