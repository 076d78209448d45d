"""A picture that moves without a kernel: its states are drawn beforehand and lie in the notebook.

JupyterLab brings Vega, which swaps them: offline, without a script in the notebook, and before
anybody trusts it. Where Vega is not, the first state stands still.
"""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VEGA = "application/vnd.vega.v5+json"
ADDRESS = "data:image/png;base64,"
# What all states may weigh together: they are part of each copy of the notebook.
AT_MOST = 300_000
# A frame in so few colours weighs a quarter.
PALETTE = 32
# Its inks, on no ground: they can be told from white as from JupyterLab's dark theme.
INK, MARK = "#7d7d7d", "#d9730d"
# How long after a control was moved the other one of its pair follows.
FOLLOW = 900

# What is moved: the name of an argument, and its values, evenly spaced.
Moved = dict[str, list[float]]


class Moving:
    """The states of a picture, as a notebook shows them.

    Args:
        draw: Makes a figure from one value of each argument, given by name.
        alt: What that figure shows, from the same values, in a sentence or two.
        words: What there is to see in all of them, for who can't see or move them.
        start: The values that are seen first, and where nothing moves.
        moved: For each argument of `draw` its values, evenly spaced.

    Raises:
        ValueError: if values are not evenly spaced, `start` is none of them, or the picture weighs
            too much.
    """

    def __init__(
        self,
        draw: Callable[..., Figure],
        *,
        alt: Callable[..., str],
        words: str,
        start: Mapping[str, float],
        **moved: Sequence[float],
    ) -> None:
        self._moved: Moved = {name: list(values) for name, values in moved.items()}
        self._start = start
        for name, values in self._moved.items():
            steps = {round(b - a, 9) for a, b in itertools.pairwise(values)}
            if len(steps) != 1 or min(steps) <= 0:
                raise ValueError(f"{name} needs two or more values that rise evenly")
            if start.get(name) not in values:
                raise ValueError(f"start: {name}={start.get(name)} is none of its values")
        self._words = words
        self._states: list[dict[str, Any]] = []
        for at in itertools.product(*self._moved.values()):
            state = dict(zip(self._moved, at, strict=True))
            figure = draw(**state)
            self._size = [round(float(inches) * 100) for inches in figure.get_size_inches()]
            self._states.append(state | {"png": _address(figure), "alt": alt(**state)})
        weight = sum(len(state["png"]) for state in self._states)
        if weight > AT_MOST:
            raise ValueError(f"the picture weighs {weight:,} bytes: draw fewer or simpler states")

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        [first] = [one for one in self._states if one.items() >= self._start.items()]
        still = f'<img alt="{escape(first["alt"])}" src="{first["png"]}">'
        bundle = {
            VEGA: self._specification(),
            # What nbconvert takes, and all that know no Vega. As HTML it would hide Vega.
            "text/markdown": f"{still}\n\n{self._words}",
            # Without it JupyterLab adds its own, and takes the notebook for changed.
            "image/png": first["png"].removeprefix(ADDRESS),
            "text/plain": f"{first['alt']} {self._words}",
        }
        # Drawn as SVG each state has a name; the menu would lead to pages on the network.
        return bundle, {VEGA: {"embed_options": {"actions": False, "renderer": "svg"}}}

    def _specification(self) -> dict[str, Any]:
        width, height = self._size
        at = " && ".join(f"abs(datum.{name} - {name}) < 1e-6" for name in self._moved)
        signals = [
            signal
            for name, values in self._moved.items()
            for signal in _signals(name, values, self._start[name])
        ]
        image = {
            "url": {"field": "png"},
            "description": {"field": "alt"},
            "width": {"value": width},
            "height": {"value": height},
        }
        return {
            "$schema": "https://vega.github.io/schema/vega/v5.json",
            "background": "transparent",
            "width": width,
            "height": height,
            "padding": 0,
            "description": self._words,
            "signals": signals,
            "data": [
                {
                    "name": "now",
                    "values": self._states,
                    "transform": [{"type": "filter", "expr": at}],
                }
            ],
            "marks": [{"type": "image", "from": {"data": "now"}, "encode": {"update": image}}],
        }


def _signals(name: str, values: list[float], start: float) -> list[dict[str, Any]]:
    """What one argument is, and the two ways to set it.

    JupyterLab takes arrow keys from a slider in an output, so there is a field beside it, in which
    they count up and down. Each follows the other by a timer: Vega refuses a circle.
    """
    first, last, step = values[0], values[-1], round(values[1] - values[0], 9)
    nearest = f"round((clamp(typed_{name}, {first}, {last}) - {first}) / {step}) * {step} + {first}"
    follow = [{"events": {"type": "timer", "throttle": FOLLOW}, "update": name}]
    limits = {"min": first, "max": last, "step": step}
    words = name.replace("_", " ")
    return [
        {
            "name": name,
            "value": start,
            "on": [
                {"events": {"signal": f"slid_{name}"}, "update": f"slid_{name}"},
                {"events": {"signal": f"typed_{name}"}, "update": nearest},
            ],
        },
        {
            "name": f"slid_{name}",
            "value": start,
            "on": follow,
            "bind": {"input": "range", "name": f"{words} ", **limits},
        },
        {
            "name": f"typed_{name}",
            "value": start,
            "on": follow,
            "bind": {"input": "number", "name": f"{words}, by ↑ and ↓ ", **limits},
        },
    ]


def _address(figure: Figure) -> str:
    """A figure as a data address: a PNG of few colours, without a ground. Closes the figure."""
    # Not at the top: who only asks for the name of the output waits for neither.
    import matplotlib.pyplot as plt
    from PIL import Image

    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=100, transparent=True)
    plt.close(figure)
    few = Image.open(raw).quantize(PALETTE, method=Image.Quantize.FASTOCTREE)
    packed = io.BytesIO()
    few.save(packed, format="png", optimize=True)
    return ADDRESS + base64.b64encode(packed.getvalue()).decode()
