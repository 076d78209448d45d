"""One look for every plot: few colours that differ in lightness too, no frame, alt text always."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

if TYPE_CHECKING:
    from coursekit.nets.measure import Latency

# Dark, middle and light, so that lines stay apart in greyscale; chosen from the colour-blind-safe
# palette of Okabe and Ito (2008), https://jfly.uni-koeln.de/color/.
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "++")

_STYLE: dict[Any, Any] = {
    "axes.prop_cycle": cycler(color=COLOURS) + cycler(marker=MARKERS) + cycler(linestyle=DASHES),
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "font.size": 10,
    "grid.color": "#DDDDDD",
    "image.cmap": "gray_r",
    "legend.frameon": False,
    "lines.markersize": 5,
}
# By figure the guesses that belong onto it: axes, question, axis, label.
_guessed: WeakKeyDictionary[Any, list[tuple[Axes, str, str, str]]] = WeakKeyDictionary()


def figure(
    rows: int = 1, columns: int = 1, *, width: float = 7.0, height: float = 3.5, **options: Any
) -> tuple[Figure, Any]:
    """A figure in the course's style, as `plt.subplots`: figure and axes. Sizes are in inches.

    The style stays on for what is drawn later: lines, ticks and legends read it when they are made.
    """
    plt.rcParams.update(_STYLE)
    return plt.subplots(rows, columns, figsize=(width, height), layout="constrained", **options)


class _Picture:
    """A figure with its alt text, drawn when somebody looks.

    The figure is HTML: Jupyter shows an image that stands alone without its alt text. The text is
    the plain form of the output, too.
    """

    def __init__(self, fig: Figure, alt: str) -> None:
        self._fig = fig
        self._alt = alt

    def __repr__(self) -> str:
        return self._alt

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        drawn = _drawn(self._fig)
        guesses = [_place(*one) for one in _guessed.get(self._fig, ())]
        # The site draws a reader's guess onto the picture; where it has none, nothing is said.
        told = {"guesses": guesses} if guesses else {}
        return {"text/html": image(drawn, self._alt), "text/plain": self._alt}, told


def show(fig: Figure, alt: str) -> None:
    """Displays a figure once, with its alt text, and closes it.

    Leave out of the text what differs between machines.

    Raises:
        ValueError: if `alt` says nothing.
    """
    from IPython.display import display

    if not alt.strip():
        raise ValueError("a plot needs alt text: say what it shows")
    display(_Picture(fig, alt))
    plt.close(fig)


def keep_place(ax: Axes, question: str, axis: str, label: str) -> None:
    """Notes where `show` is to say that a guess stands; `coursekit.mark_guess` calls it."""
    _guessed.setdefault(ax.get_figure(root=True), []).append((ax, question, axis, label))


def _place(ax: Axes, question: str, axis: str, label: str) -> dict[str, Any]:
    """Where a guess stands in a drawn picture.

    `box` is the plot's left, top, width and height as shares of the picture, `limits` are the
    values at its left and right, or at its bottom and top.
    """
    box = ax.get_position()
    limits = ax.get_xlim() if axis == "x" else ax.get_ylim()
    return {
        "question": question,
        "label": label,
        "axis": axis,
        "scale": ax.get_xscale() if axis == "x" else ax.get_yscale(),
        "limits": [float(limit) for limit in limits],
        "box": [round(float(one), 4) for one in (box.x0, 1 - box.y1, box.width, box.height)],
    }


def image(data: str, alt: str) -> str:
    """HTML of a PNG in base64."""
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{data}">'


def png(fig: Figure, dpi: int | None = None) -> str:
    """A figure as PNG, in base64, at its own resolution if none is given. It is closed."""
    drawn = _drawn(fig, dpi)
    plt.close(fig)
    return drawn


def _drawn(fig: Figure, dpi: int | None = None) -> str:
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=dpi or "figure", metadata={"Software": None})
    return base64.b64encode(buffer.getvalue()).decode()


def bars(ax: Axes, names: list[str], values: list[float], *, label: str = "{:,.0f}") -> None:
    """Horizontal bars, the first on top, each with its value written beside it."""
    places = np.arange(len(names))
    drawn = ax.barh(
        places,
        values,
        color=[COLOURS[1 + i % (len(COLOURS) - 1)] for i in range(len(names))],
        hatch=[HATCHES[i % len(HATCHES)] for i in range(len(names))],
        edgecolor="white",
    )
    ax.bar_label(drawn, [label.format(value) for value in values], padding=4)
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    ax.margins(x=0.15)


def grouped_bars(
    ax: Axes, names: list[str], series: Mapping[str, Sequence[float]], *, label: str = "{:,.0f}"
) -> None:
    """Horizontal bars in groups, the first on top: for each name a bar from each series.

    Args:
        names: One for each group.
        series: What the legend calls each series, and its values, as many as there are names.
        label: How a bar's value is written beside it.
    """
    places = np.arange(len(names))
    height = 0.8 / len(series)
    for number, (name, values) in enumerate(series.items()):
        drawn = ax.barh(
            places - 0.4 + (number + 0.5) * height,
            values,
            0.9 * height,
            color=COLOURS[1 + number % (len(COLOURS) - 1)],
            hatch=HATCHES[number % len(HATCHES)],
            edgecolor="white",
            label=name,
        )
        # On white, so that a line drawn across the bars does not strike a number out.
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        ax.bar_label(drawn, [label.format(value) for value in values], padding=5, bbox=paper)
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    ax.margins(x=0.15)
    ax.legend()


def latencies(ax: Axes, times: Mapping[str, Latency]) -> None:
    """Bars of median times in µs, the first on top; a line spans the middle half of the runs.

    Args:
        times: What `coursekit.nets.measure.latency` returns.
    """
    medians = [1e6 * time.median for time in times.values()]
    bars(ax, list(times), medians, label="")
    for place, (time, median) in enumerate(zip(times.values(), medians, strict=True)):
        low, high = 1e6 * time.lower_quartile, 1e6 * time.upper_quartile
        ax.plot([low, high], [place, place], color="black", marker="|", linestyle="-")
        ax.annotate(
            f"{median:,.1f}" if median < 100 else f"{median:,.0f}",
            (high, place),
            (6, 0),
            textcoords="offset points",
            va="center",
        )
    one = next(iter(times.values()))
    ax.set_xlabel(f"µs (median of {one.runs} runs, {one.order}; line: middle half)")


def band(
    ax: Axes,
    x: Sequence[float],
    middle: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    *,
    label: str,
) -> None:
    """A line with its spread shaded: through `middle`, from `low` to `high`, all as long as `x`."""
    (line,) = ax.plot(x, middle, label=label)
    ax.fill_between(x, low, high, color=line.get_color(), alpha=0.15, linewidth=0)


def ranges(ax: Axes, names: list[str], series: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """A marker at the mean of several runs and a line from the lowest to the highest, side by side.

    Args:
        names: Written below each group.
        series: What the legend calls each series, and its values, shape (names, runs).
    """
    places = np.arange(len(names))
    for number, (name, runs) in enumerate(series.items()):
        values = np.asarray(runs)
        mean = values.mean(1)
        ax.errorbar(
            places + 0.12 * (number - (len(series) - 1) / 2),
            mean,
            # The mean of equal runs may be off by its last bit.
            yerr=np.maximum(0, [mean - values.min(1), values.max(1) - mean]),
            linestyle="none",
            capsize=4,
            label=name,
        )
    ax.set_xticks(places, names)
    ax.legend()


def log_y(ax: Axes) -> None:
    """Makes the y axis logarithmic, with ticks in plain numbers: 10, 20, 50, 100."""
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:,g}")
    ax.yaxis.set_minor_locator(NullLocator())


def matrix(ax: Axes, values: np.ndarray, *, decimals: int = 1) -> None:
    """A small matrix as a grid of numbers, darker where the magnitude is larger; zeros stay white.

    Args:
        values: shape (rows, columns), at most 20 a side to stay readable.
        decimals: Digits after the point.
    """
    values = np.asarray(values)
    magnitude = np.abs(values)
    ax.imshow(magnitude, cmap="Blues", vmin=0, vmax=float(magnitude.max()) * 1.6)
    for (row, column), value in np.ndenumerate(values):
        text = "0" if value == 0 else f"{value:.{decimals}f}"
        ax.text(column, row, text, ha="center", va="center", color="#000000")
    ax.set_xticks(np.arange(values.shape[1]))
    ax.set_yticks(np.arange(values.shape[0]))
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def images(ax: Axes, pictures: np.ndarray, titles: list[str] | None = None) -> None:
    """A row of grey images, shape (n, height, width), with a title above each."""
    pictures = np.asarray(pictures)
    height, width = pictures.shape[1:]
    gap = np.zeros((height, 2), pictures.dtype)
    strip = np.concatenate([np.concatenate([picture, gap], 1) for picture in pictures], 1)
    ax.imshow(strip, cmap="gray_r")
    for number, title in enumerate(titles or []):
        ax.text(number * (width + 2) + width / 2, -2, title, ha="center", va="bottom")
    ax.set_axis_off()
