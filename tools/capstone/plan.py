"""Which runs the bench does, with which recipes, in which order."""

from __future__ import annotations

from dataclasses import replace

from tools.capstone.student import Recipe
from tools.capstone.tasks import ALL, Task

SEEDS = (0, 1, 2)
STRETCH_LABEL, FURTHER_LABEL, SQUARE_LABEL = "stretch", "further", "square"

# Chosen on validation images of MNIST with seed 0: docs/capstone.md says what was tried.
STRETCH = Recipe(keep=6000, epochs=50, settle=5, lr=2e-3, tune=30, tune_lr=1e-3, step=0.8, price=2)
# Goes on from the stretch solution's file.
FURTHER = replace(STRETCH, keep=4500, epochs=12, warm=0, settle=3, lr=1e-3, step=0.75)
# The same beginning, to fit into a square: learned steps, and bits that cost far more. `keep` is
# more than is there: what a weight is worth shows while it is tuned.
SQUARE = replace(
    FURTHER, keep=6000, epochs=3, tune=250, tune_lr=3e-3, step=1.0, step_lr=1e-3, price=36
)
# Harder images, so more weights; labels alone, since a teacher of so few images knows little more.
FASHION = replace(STRETCH, keep=28_000, step=0.6, teach=0)

MNIST_TEACHER = Task("teacher", "teacher", "mnist", 0, cost=330)
PLAIN = Recipe(keep=ALL, epochs=15, teach=0, tune=0, shifts=False)

LEFT_OUT: dict[str, Recipe] = {
    "no teacher": replace(STRETCH, teach=0),
    "no shifted images": replace(STRETCH, shifts=False),
    "magnitude as score": replace(STRETCH, score="magnitude"),
    "scores not per bit": replace(STRETCH, per_bit=False),
    "layers pruned alike": replace(STRETCH, everywhere=False),
    "no tuning when rounded": replace(STRETCH, epochs=STRETCH.epochs + STRETCH.tune, tune=0),
}


def main_tasks() -> list[list[Task]]:
    """The figures that the capstone claims, in phases: what a phase needs, those before it made."""
    stretch = [Task("squeeze", STRETCH_LABEL, "mnist", seed, STRETCH, 100) for seed in SEEDS]
    further = [
        Task("squeeze", label, "mnist", seed, recipe, cost, after=STRETCH_LABEL)
        for label, recipe, cost in (
            (FURTHER_LABEL, FURTHER, 40),
            (SQUARE_LABEL, SQUARE, 230),
        )
        for seed in SEEDS
    ]
    rest = []
    for seed in SEEDS:
        rest.append(Task("paper", "paper", "mnist", seed, cost=50))
        rest.append(Task("squeeze", STRETCH_LABEL, "fashion", seed, FASHION, 20))
        rest.append(Task("control", "control", "fashion", seed, FASHION, 20))
    dense = [Task("control", "control", "mnist", seed, STRETCH, 170) for seed in SEEDS]
    dense += [Task("plain", "plain", "mnist", seed, PLAIN, 45) for seed in SEEDS]
    return [[MNIST_TEACHER], stretch, further + rest + dense]


def other_tasks() -> list[list[Task]]:
    """Each part of the stretch recipe left out once, seed 0, with as many epochs."""
    return [
        [MNIST_TEACHER],
        [Task("squeeze", what, "mnist", 0, recipe, 95) for what, recipe in LEFT_OUT.items()],
    ]
