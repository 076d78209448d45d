"""Requests that wait for a server with one worker, and latency against load."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursekit.lesson_12.serving import Served, nearest_rank, poisson, serve
from coursekit.pictures.moving import INK, MARK, Moving
from coursekit.pictures.opening_style import STYLE, axes_at, blank, words

# A batch takes so many seconds in any case, and so many for each request in it: invented.
ONCE, EACH = 0.004, 0.001
# Loads in per cent of what one by one can do, and how many requests go together at most.
LOADS = [float(load) for load in range(10, 131, 10)]
TOGETHER = (1, 9)
# Requests that are drawn, and those that the curve is computed from.
DRAWN, COUNTED = 36, 4000
# Milliseconds that either picture shows.
LONGEST = 120


def cost(size: int) -> float:
    """Seconds that a batch of that size takes."""
    return ONCE + EACH * size


def served(load: float, together: float, count: int = COUNTED) -> tuple[np.ndarray, Served]:
    """When requests came, and what became of them; the same draw of chance at each load."""
    arrivals = poisson(load / 100 / cost(1), count, seed=3)
    return arrivals, serve(arrivals, cost, int(together))


def latency_p95(load: float, together: float) -> float:
    """In milliseconds."""
    return 1000 * nearest_rank(served(load, together)[1].latency, 0.95)


def waiting_line() -> Moving:
    """Lesson 12: requests in a line, and what the load makes of their latency."""
    curves = {n: [latency_p95(load, n) for load in LOADS] for n in TOGETHER}

    def draw(load: float, together: float) -> Figure:
        arrivals, its = served(load, together)
        at = LOADS.index(load)
        with plt.rc_context(STYLE):
            figure = blank(640, 270)
            left, right = axes_at(figure, 45, 40, 330, 180), axes_at(figure, 440, 40, 185, 180)
            _requests(left, arrivals, its)
            right.plot(LOADS[: at + 1], curves[int(together)][: at + 1], color=INK, linewidth=2)
            right.plot(load, min(curves[int(together)][at], LONGEST), "o", color=MARK, markersize=9)
            right.set(xlim=(0, LOADS[-1] + 8), ylim=(0, LONGEST))
            right.set(xlabel="load (%)", ylabel="p95 (ms)")
            right.spines[["top", "right"]].set_visible(False)
            words(figure, 210, 18, f"load {load:.0f}%, at most {together:.0f} together")
        return figure

    def alt(load: float, together: float) -> str:
        arrivals, its = served(load, together)
        waited = int((its.starts[:DRAWN] - arrivals[:DRAWN] > 1e-9).sum())
        return (
            f"Load {load:.0f}%, at most {together:.0f} together: of {DRAWN} requests {waited} "
            "wait. A dot marks the p95 at this load."
        )

    return Moving(
        draw,
        alt=alt,
        words=(
            "Two things can be moved: the load, in per cent of what a worker can do one by "
            "one, and how many requests it may take together. Left: a line for each request, "
            "from when it comes to when it is answered, grey while it waits and orange while "
            "it is served. Right: the latency that 95% of many requests do not exceed, drawn "
            "up to this load."
        ),
        start={"load": 90.0, "together": 1},
        load=LOADS,
        together=[float(n) for n in TOGETHER],
    )


def _requests(ax: Axes, arrivals: np.ndarray, its: Served) -> None:
    """The first of the requests, oldest on top."""
    came, starts, ends = (1000 * part[:DRAWN] for part in (arrivals, its.starts, its.ends))
    rows = np.arange(DRAWN)
    ax.hlines(rows, came, starts, color=INK, linewidth=2)
    ax.hlines(rows, starts, ends, color=MARK, linewidth=3)
    ax.set(ylim=(DRAWN, -1), yticks=[], xlabel="ms", xlim=(came[0] - 5, came[0] + 300))
    ax.set_ylabel("requests")
    ax.spines[["top", "right", "left"]].set_visible(False)
