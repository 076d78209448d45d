"""The ledger of byte golf: one network, and how few bytes it took after each lesson."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from coursekit.learn.progress.store import Golf, Store

# What the reference answers of the exercises reach: made by course/00_pipeline/make_golf.py.
FILE = Path(__file__).parents[1] / "golf.json"
# Weights and biases of the network as float32.
DENSE = 31_400

# The picture, in its own units.
_WIDTH, _HEIGHT = 560.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 30.0, 30.0, 30.0, 30.0


@dataclass(frozen=True)
class Size:
    """A file: its bytes, and its right answers on the 397 validation images."""

    bytes: int
    right: int


@dataclass(frozen=True)
class Step:
    """One lesson: the learner's smallest file that passed, if there is one, and the reference's."""

    lesson: str
    yours: Size | None
    ours: Size

    @property
    def number(self) -> str:
        return self.lesson[:2]


@cache
def reference() -> dict[str, Size]:
    """By lesson, in their order."""
    return {lesson: Size(**found) for lesson, found in json.loads(FILE.read_text("utf-8")).items()}


def ledger(store: Store) -> list[Step]:
    """A step for each lesson in which there is golf; none while nothing has passed."""
    best: dict[str, Golf] = {}
    for noted in store.events(Golf):
        if noted.lesson not in best or noted.bytes < best[noted.lesson].bytes:
            best[noted.lesson] = noted
    yours = {lesson: Size(noted.bytes, noted.right) for lesson, noted in best.items()}
    if yours.keys().isdisjoint(reference()):
        return []
    return [Step(lesson, yours.get(lesson), ours) for lesson, ours in reference().items()]


def sentence(steps: Sequence[Step]) -> str:
    """How far down the learner is."""
    smallest = min(step.yours.bytes for step in steps if step.yours)
    return (
        f"Your network of {DENSE:,} bytes is down to {smallest:,}: {DENSE / smallest:.0f} times "
        "smaller."
    )


def table(steps: Sequence[Step]) -> str:
    """HTML: lesson, bytes and right answers, beside the reference's."""
    rows = "".join(
        f'<tr><th scope="row">{escape(step.number)}</th>'
        + "".join(
            f"<td>{'–' if size is None else f'{size.bytes:,}'}</td>"
            f"<td>{'–' if size is None else size.right}</td>"
            for size in (step.yours, step.ours)
        )
        + "</tr>"
        for step in steps
    )
    heads = ("Lesson", "Your bytes", "right of 397", "Our bytes", "right of 397")
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    return f"<table><tr>{head}</tr>{rows}</table>"


def picture(steps: Sequence[Step]) -> str:
    """SVG: a way down for each, bytes upwards on a logarithmic scale, lessons to the right."""
    sizes = [DENSE, *(size.bytes for step in steps for size in (step.yours, step.ours) if size)]
    low, high = math.log10(min(sizes)) - 0.1, math.log10(max(sizes)) + 0.05

    def x(place: int) -> float:
        return _LEFT + place / len(steps) * (_WIDTH - _LEFT - _RIGHT)

    def y(size: int) -> float:
        return _TOP + (high - math.log10(size)) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    def line(points: Sequence[tuple[int, int]], dashed: bool) -> str:
        way = " ".join(f"{x(place):.1f},{y(size):.1f}" for place, size in points)
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        return f'<polyline points="{way}" fill="none" stroke="currentColor"{dashes}/>'

    ours = [(place, step.ours.bytes) for place, step in enumerate(steps, 1)]
    yours = [(place, step.yours.bytes) for place, step in enumerate(steps, 1) if step.yours]
    parts = [line([(0, DENSE), *ours], True), line([(0, DENSE), *yours], False)]
    for place, size in ours:
        parts.append(
            f'<path d="M{x(place):.1f} {y(size) - 5:.1f}l5 5l-5 5l-5 -5z" fill="var(--paper, '
            'Canvas)" stroke="currentColor"/>'
        )
    for place, size in [(0, DENSE), *yours]:
        at = f'x="{x(place) + 6:.1f}" y="{y(size) - 7:.1f}"'
        parts.append(
            f'<circle cx="{x(place):.1f}" cy="{y(size):.1f}" r="4.5" fill="currentColor"/>'
            f"<text {at}>{size:,}</text>"
        )
    for place, text in enumerate(["dense", *(step.number for step in steps)]):
        parts.append(
            f'<text x="{x(place):.1f}" y="{_HEIGHT - 6:.1f}" text-anchor="middle">{text}</text>'
        )
    said = "; ".join(f"lesson {step.number}: {step.yours.bytes:,}" for step in steps if step.yours)
    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" '
        f'aria-label="Bytes of one network after each lesson, yours: dense: {DENSE:,}; {said}. '
        'Below, the same as a table." style="width: 100%; font: 12px system-ui, sans-serif" '
        f'fill="currentColor">{"".join(parts)}</svg>'
    )
