"""Which runs the bench does, with which recipes, in which order."""

from __future__ import annotations

from dataclasses import replace

from tools.capstone.student import Recipe
from tools.capstone.tasks import ALL, Task

SEEDS = (0, 1, 2)
FASHION_SEEDS = (0, 1, 2)
STRETCH_LABEL, FURTHER_LABEL = "stretch", "further"

# Chosen on validation images of MNIST with seed 0: docs/capstone.md says what was tried.
STRETCH = Recipe(keep=6000, epochs=50, settle=5, lr=2e-3, tune=30, tune_lr=1e-3, step=0.8, price=2)
FURTHER = replace(STRETCH, keep=4500, step=1.1)
# A sixth of the images, so smaller batches; harder images, so more weights.
FASHION = replace(STRETCH, keep=28_000, step=0.6, batch=64)

PLAIN = Recipe(keep=ALL, epochs=20, teach=0, tune=0, shifts=False)

LEFT_OUT: dict[str, Recipe] = {
    "no teacher": replace(STRETCH, teach=0),
    "no shifted images": replace(STRETCH, shifts=False),
    "magnitude as score": replace(STRETCH, score="magnitude"),
    "scores not per bit": replace(STRETCH, per_bit=False),
    "layers pruned alike": replace(STRETCH, everywhere=False),
    "no tuning when rounded": replace(STRETCH, epochs=STRETCH.epochs + STRETCH.tune, tune=0),
}


def main_tasks() -> list[Task]:
    """The figures that the capstone claims."""
    tasks = [Task("teacher", "teacher", "mnist", 0, cost=330)]
    tasks += [Task("teacher", "teacher", "fashion", 0, cost=150)]
    for seed in SEEDS:
        tasks.append(Task("squeeze", STRETCH_LABEL, "mnist", seed, STRETCH, 110))
        tasks.append(Task("squeeze", FURTHER_LABEL, "mnist", seed, FURTHER, 110))
    tasks += [Task("paper", "paper", "mnist", seed, cost=100) for seed in SEEDS]
    for seed in FASHION_SEEDS:
        tasks.append(Task("squeeze", STRETCH_LABEL, "fashion", seed, FASHION, 50))
        tasks.append(Task("control", "control", "fashion", seed, FASHION, 50))
    tasks += [Task("control", "control", "mnist", seed, STRETCH, 170) for seed in SEEDS]
    return tasks + [Task("plain", "plain", "mnist", seed, PLAIN, 40) for seed in SEEDS]


def other_tasks() -> list[Task]:
    """Each part of the stretch recipe left out once, seed 0, with as many epochs."""
    first = [Task("teacher", "teacher", "mnist", 0, cost=330)]
    first.append(Task("squeeze", STRETCH_LABEL, "mnist", 0, STRETCH, 110))
    return first + [Task("squeeze", what, "mnist", 0, r, 110) for what, r in LEFT_OUT.items()]
