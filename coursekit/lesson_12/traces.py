"""Lesson 12's traces: five requests in a line, a percentile, a gate."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from coursekit.lesson_12.serving import Served, nearest_rank, serve
from coursekit.pictures import plot
from coursekit.pictures.trace import Stage, Trace, number, percent

# Five requests, in milliseconds; what a batch takes once, and for each request in it.
ARRIVALS, ONCE, EACH, MOST = (0.0, 1.0, 2.0, 3.0, 20.0), 4.0, 1.0, 4
# Twenty latencies in milliseconds, as they came: quick ones, and two that were not.
LATENCIES = (5, 6, 5, 7, 48, 5, 6, 8, 5, 6, 7, 5, 95, 6, 5, 9, 6, 5, 7, 6)
# Of 200 images: both right, only the old version, only the new one, neither.
COUNTS, MARGIN, ONE_SIDED = (150, 6, 4, 40), 0.02, 1.645


def cost(size: int) -> float:
    """Milliseconds that a batch of that size takes."""
    return ONCE + EACH * size


def one_line() -> Trace:
    """Five requests one by one, and the same five in batches."""
    single, together = serve(ARRIVALS, cost), serve(ARRIVALS, cost, MOST)
    count = len(ARRIVALS)
    gained = single.latency.mean() - together.latency.mean()
    slowest = int(np.argmax(single.latency))

    def table(its: Served) -> tuple[tuple[str, ...], ...]:
        return (
            ("request", "comes", "begun", "answered", "latency"),
            *(
                (str(k + 1), *(number(float(v), 0) for v in row))
                for k, row in enumerate(
                    zip(ARRIVALS, its.starts, its.ends, its.latency, strict=True)
                )
            ),
        )

    return Trace(
        "Five requests in a line",
        (
            Stage(
                "They come",
                "Four requests within 3 ms, and one much later. The worker takes "
                f"{number(cost(1), 0)} ms for one request: {ONCE:g} ms per call, "
                f"{EACH:g} ms per request.",
                "the times of arrival, in ms",
                None,
                (count,),
                partial(_lines, None, "They come"),
                "Five dots at the times of arrival: four at the beginning, one much later.",
            ),
            Stage(
                "One by one",
                "The first is begun at once. Each of the next three waits for all before it: "
                f"request {slowest + 1} is answered after {number(float(single.latency.max()), 0)} "
                "ms, most of which it has waited.",
                "the latencies",
                None,
                (count,),
                partial(_lines, single, "One by one"),
                "Five lines, each from arrival to answer. The second to fourth wait longer and "
                "longer; the fifth does not wait.",
                table(single),
            ),
            Stage(
                "What waits when the worker is free",
                f"At {number(float(single.ends[0]), 0)} ms the worker is free, and three requests "
                f"wait. Together they take {ONCE:g} + 3 · {EACH:g} = {number(cost(3), 0)} ms, one "
                f"by one 3 · {number(cost(1), 0)} = {number(3 * cost(1), 0)} ms.",
                "the batch",
                None,
                (3,),
                partial(_lines, None, "Who waits?", float(single.ends[0])),
                "The five dots, and a line when the worker is free: three came before.",
            ),
            Stage(
                "In batches",
                f"The sizes are {', '.join(str(size) for size in together.sizes)}. The second "
                "request is answered later than one by one, since it waits for its batch; the "
                "fourth much sooner. The mean latency "
                + (f"falls by {number(float(gained), 1)} ms." if gained > 0 else "does not fall."),
                "the latencies",
                (count,),
                (count,),
                partial(_lines, together, f"At most {MOST} together"),
                "Five lines. The second to fourth are begun and answered at the same time.",
                table(together),
            ),
            Stage(
                "The one that comes alone",
                "The last request finds nobody and goes alone: "
                f"{number(float(together.latency[-1]), 0)} ms, as one by one. Batches of what "
                "waits cost nothing where nothing waits.",
                "its batch",
                None,
                (1,),
                partial(_lines, together, "The last one goes alone"),
                "Five lines, each from arrival to answer. The fifth is served at once, by itself.",
            ),
        ),
    )


def one_percentile() -> Trace:
    """Twenty latencies, sorted, and what three percentiles and a mean say of them."""
    values = np.array(LATENCIES, dtype=float)
    ordered, count = np.sort(values), len(values)
    p50, p95, p99 = (nearest_rank(values, share) for share in (0.5, 0.95, 0.99))
    mean = float(values.mean())
    above = int((values > mean).sum())
    shown = partial(_dots, ordered)
    return Trace(
        "Which of twenty is the p95?",
        (
            Stage(
                "As they came",
                "Twenty latencies in ms. Most are alike, and two are not.",
                "the latencies",
                None,
                (count,),
                partial(_dots, values),
                "Twenty dots in the order of time, two of them far above the others.",
            ),
            Stage(
                "Sorted",
                "The order of time is given up: percentiles don't know it.",
                "the latencies",
                (count,),
                (count,),
                shown,
                "The same dots, rising: eighteen low ones, then two high ones.",
            ),
            Stage(
                "p50",
                f"0.5 · {count} = {count // 2}: the value at place {count // 2} is "
                f"{number(p50, 0)} ms. Half of the requests take no longer.",
                "the p50",
                None,
                (),
                partial(_dots, ordered, p50, "p50"),
                "The rising dots, with a line at the height of the p50.",
            ),
            Stage(
                "p95",
                f"0.95 · {count} = {round(0.95 * count)}: place {round(0.95 * count)}, "
                f"{number(p95, 0)} ms. One request is slower.",
                "the p95",
                None,
                (),
                partial(_dots, ordered, p95, "p95"),
                "The rising dots, with a line at the height of the p95.",
            ),
            Stage(
                "p99",
                f"0.99 · {count} = {0.99 * count:g}, so place {count}: {number(p99, 0)} ms. "
                + (
                    "It is the largest of all. With twenty requests p99 is another word for the "
                    "maximum."
                    if p99 == values.max()
                    else "It is not the largest of all."
                ),
                "the p99",
                None,
                (),
                partial(_dots, ordered, p99, "p99"),
                "The rising dots, with a line at the height of the p99.",
            ),
            Stage(
                "The mean",
                f"It is {number(mean, 1)} ms: {above} of {count} requests take longer, and hardly "
                "any takes about as long. It says neither what most users get nor what the worst "
                "do.",
                "the mean",
                None,
                (),
                partial(_dots, ordered, mean, "mean"),
                "The rising dots, with a line at the height of the mean.",
            ),
        ),
    )


def one_gate() -> Trace:
    """Two versions on the same images, and whether the new one may go out."""
    both, old, new, neither = COUNTS
    images = sum(COUNTS)
    # One lost image more, as the gate adds it.
    differences = np.append(np.repeat([0.0, -1.0, 1.0, 0.0], COUNTS), -1.0)
    mean = float(differences.mean())
    error = float(differences.std(ddof=1) / np.sqrt(len(differences)))
    low = mean - ONE_SIDED * error
    passes = low >= -MARGIN
    large = 10
    many = np.append(np.repeat([0.0, -1.0, 1.0, 0.0], large * np.array(COUNTS)), -1.0)
    low_large = float(many.mean() - ONE_SIDED * many.std(ddof=1) / np.sqrt(len(many)))
    return Trace(
        "May it go out?",
        (
            Stage(
                "Two versions, the same images",
                f"Of {images} images the old version gets {both + old} right, the new one "
                f"{both + new}: {percent((both + old) / images, 1)} and "
                f"{percent((both + new) / images, 1)}.",
                "right or wrong, two versions",
                None,
                (2, images),
                partial(_bars, (both, old, new, neither), "All images"),
                "Four bars: both right, only the old one, only the new one, neither.",
                (
                    ("", "new right", "new wrong"),
                    ("old right", str(both), str(old)),
                    ("old wrong", str(new), str(neither)),
                ),
            ),
            Stage(
                "The discordant ones",
                f"{old + new} images tell them apart: {old} that only the old version gets right, "
                f"and {new} that only the new one does. All others give the difference 0. One lost "
                "image is added, so that few images can't show anything.",
                "the differences",
                (2, images),
                (images + 1,),
                partial(_bars, (0, old + 1, new, 0), "The discordant ones, and one more"),
                "Two bars are left: lost images, one of them added, and won ones.",
            ),
            Stage(
                "Their mean",
                f"({new} − {old} − 1) / {images + 1} = {number(100 * mean, 1)} points. The margin "
                f"allows {number(-100 * MARGIN, 0)} points: by the mean alone it would pass.",
                "the mean difference",
                (images + 1,),
                (),
                partial(_bound, mean, None, "The mean"),
                "A number line with the margin and the mean difference.",
            ),
            Stage(
                "Its standard error",
                f"The differences' standard deviation, over the root of {images + 1}: "
                f"{number(100 * error, 2)} points.",
                "the standard error",
                None,
                (),
                partial(_bound, mean, mean - error, "One standard error below"),
                "The number line, and a bar of one standard error below the mean.",
            ),
            Stage(
                "The lower bound",
                f"{number(100 * mean, 1)} − {ONE_SIDED} · {number(100 * error, 2)} = "
                f"{number(100 * low, 2)} points. "
                + (
                    "It lies above the margin: the version may go out."
                    if passes
                    else "It lies below the margin: these images can't show that the version is "
                    "good enough, so it stays."
                ),
                "the bound",
                None,
                (),
                partial(_bound, mean, low, "The lower bound"),
                "The number line, and a bar down to the lower bound.",
            ),
            Stage(
                "More images",
                f"With {large} times as many images and the same shares the bound would be "
                f"{number(100 * low_large, 2)} points: "
                + (
                    "it would pass. Who stops it is not the version but too few images."
                    if low_large >= -MARGIN and not passes
                    else "the answer stays the same."
                ),
                "the bound",
                (),
                (),
                partial(_bound, float(many.mean()), low_large, "Ten times as many images"),
                "The number line, and a shorter bar down to the lower bound.",
            ),
        ),
    )


def _lines(its: Served | None, title: str, now: float | None = None) -> Figure:
    """A line per request; without what became of them, when they come, and perhaps a moment."""
    fig, ax = plot.figure(width=9, height=2.6)
    rows = np.arange(len(ARRIVALS))
    if its is None:
        ax.plot(ARRIVALS, rows, "o", color="grey", label="comes")
    else:
        ax.hlines(rows, ARRIVALS, its.starts, color="grey", linewidth=3, label="waits")
        ax.hlines(rows, its.starts, its.ends, color="tab:orange", linewidth=6, label="is served")
    if now is not None:
        ax.axvline(now, color="black", linestyle="--", label="the worker is free")
    ax.set(title=title, xlabel="ms", yticks=rows, yticklabels=rows + 1, ylabel="request")
    ax.invert_yaxis()
    ax.legend()
    return fig


def _bars(counts: tuple[int, ...], title: str) -> Figure:
    fig, ax = plot.figure(width=9, height=2.6)
    ax.barh(("both right", "only the old", "only the new", "neither"), counts)
    ax.set(title=title, xlabel="images")
    ax.invert_yaxis()
    return fig


def _bound(mean: float, low: float | None, title: str) -> Figure:
    """The mean difference, perhaps a bar down to `low`, and the margin."""
    fig, ax = plot.figure(width=9, height=2.6)
    ax.plot(100 * mean, 0, "o", label="mean difference")
    if low is not None:
        ax.hlines(0, 100 * low, 100 * mean, linewidth=3)
    ax.axvline(-100 * MARGIN, color="black", linestyle="--", label="margin")
    ax.set(title=title, xlabel="points", xlim=(-5, 1), yticks=[])
    ax.legend()
    return fig


def _dots(
    values: Sequence[float] | np.ndarray, height: float | None = None, name: str = ""
) -> Figure:
    fig, ax = plot.figure(width=9, height=2.6)
    if height is not None:
        ax.axhline(height, color="black", linestyle="--", label=name)
        ax.legend()
    ax.plot(np.arange(1, len(values) + 1), values, "o")
    ax.set(title="Twenty requests", xlabel="place", ylabel="latency (ms)")
    return fig


TRACES = {
    "serving-one-line": one_line,
    "serving-one-percentile": one_percentile,
    "serving-one-gate": one_gate,
}
