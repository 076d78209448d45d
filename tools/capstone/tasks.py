"""The runs of the bench: each trains one network, keeps its files, and gives rows of figures."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from coursekit.lesson_15.squeeze import container, shared
from coursekit.nets.train import set_seed
from tools.capstone import data, paper, stages, teacher
from tools.capstone.data import Images
from tools.capstone.student import Note, Recipe, Student, error, train
from tools.capstone.tune import tune

Row = dict[str, Any]
ALL = 266_200

# Labels alone, as in the paper.
DENSE = Recipe(keep=ALL, epochs=15, teach=0, tune=5, tune_lr=3e-4)
PRUNE = replace(
    DENSE,
    keep=18_000,
    epochs=20,
    tune=8,
    warm=0,
    settle=3,
    score="magnitude",
    per_bit=False,
    lr=1e-3,
)
SHARED = (16, 16, 16)


@dataclass(frozen=True)
class Task:
    """One run.

    Attributes:
        kind: `teacher`, `plain`, `paper`, `squeeze` or `control`.
        label: what the table calls it.
        images: `mnist` or `fashion`.
        recipe: of a student.
        cost: about how many seconds of CPU it takes, for the progress bar.
        after: label of a run of the same seed, from whose file this one goes on.
    """

    kind: str
    label: str
    images: str
    seed: int
    recipe: Recipe | None = None
    cost: int = 100
    after: str = ""

    @property
    def name(self) -> str:
        """Of its files."""
        words = "".join(c if c.isalnum() else "_" for c in self.label)
        return f"{self.images}-{words}-{self.seed}"


def run(task: Task, mnist: Path | None, folder: Path, note: Note) -> list[Row]:
    """Does the task. Files it makes lie in `folder`; the test images are used once, at the end.

    Raises:
        DataError: if there are no images.
    """
    start = time.process_time()
    images = data.mnist(mnist) if task.images == "mnist" else data.fashion()
    set_seed(task.seed)
    rows = _KINDS[task.kind](task, images, folder, note)
    common = {"images": task.images, "label": task.label, "seed": task.seed}
    seconds = round(time.process_time() - start)
    return [{**common, **row, "cpu_seconds": seconds} for row in rows]


def _teacher(task: Task, images: Images, folder: Path, note: Note) -> list[Row]:
    model = teacher.train_teacher(images, task.seed, 5, note)
    logits = teacher.answers(model, images, note)
    torch.save({"state": model.state_dict(), "answers": logits}, folder / f"{task.images}.teacher")
    return [
        _row("teacher", 4 * sum(p.numel() for p in model.parameters()), model_errors(model, images))
    ]


def model_errors(model: torch.nn.Module, images: Images) -> tuple[float, float]:
    """On validation and on test images."""
    return teacher.error(model, images.validation), teacher.error(model, images.test)


def _dense(task: Task, images: Images, folder: Path, note: Note) -> list[Row]:
    """A dense network with as many epochs as the squeezed one, tuning included."""
    recipe = _of(task)
    recipe = replace(recipe, keep=ALL, epochs=recipe.epochs + recipe.tune)
    student = train(images, _answers(task, folder), Student.new(task.seed), recipe, note)
    return [_row("dense", stages.DENSE_BYTES, _errors(student, images))]


def _paper(task: Task, images: Images, folder: Path, note: Note) -> list[Row]:
    """The paper's three steps, from a dense network that has seen shifted images."""
    student = train(images, None, Student.new(task.seed), DENSE, note)
    rows = [_row("dense", stages.DENSE_BYTES, _errors(student, images))]
    student = train(images, None, student, PRUNE, note)
    pruned = _errors(student, images)
    layers = paper.share(images, student, SHARED, PRUNE, note)
    file = shared.write(layers)
    (folder / f"{task.name}.bin").write_bytes(file)
    sizes = stages.stage_bytes([layer.codes for layer in layers], 410)
    weights = int(sum((layer.codes > 0).sum() for layer in layers))
    errors = _file_errors(file, images)
    rows.append(_row("pruned", sizes["pruned"], pruned, weights=weights))
    rows.append(_row("few values", sizes["few values"], errors, weights=weights))
    rows.append(_row("Huffman", len(file), errors, weights=weights))
    return rows


def _squeeze(task: Task, images: Images, folder: Path, note: Note) -> list[Row]:
    """The stretch solution: everything, to one file."""
    student = Student.new(task.seed)
    if task.after:
        # Goes on from a file that is there.
        file = (folder / f"{replace(task, label=task.after).name}.bin").read_bytes()
        student = Student.of(container.read(file))
    answers = _answers(task, folder)
    student = train(images, answers, student, _of(task), note)
    return _to_file(images, answers, student, _of(task), folder / f"{task.name}.bin", note)


def _to_file(
    images: Images,
    answers: torch.Tensor | None,
    student: Student,
    recipe: Recipe,
    path: Path,
    note: Note,
) -> list[Row]:
    """Tunes a pruned student, writes its file, and gives a row for each stage."""
    pruned = _errors(student, images)
    kept = student.left()
    layers = container.sort_units(tune(images, answers, student, recipe, note))
    file = container.write(layers)
    path.write_bytes(file)
    weights = int(sum((layer.levels != 0).sum() for layer in layers))
    huffman = stages.as_shared(layers)
    sizes = stages.stage_bytes([layer.codes for layer in huffman], 410)
    errors = _file_errors(file, images)
    more = {name: round(size) for name, size in stages.bounds(layers).items()}
    return [
        _row("pruned", sizes["pruned"], pruned, weights=kept),
        _row("few values", sizes["few values"], errors, weights=weights),
        _row("Huffman", len(shared.write(huffman)), errors, weights=weights),
        _row("arithmetic coding", len(file), errors, weights=weights, **more),
    ]


_KINDS: dict[str, Callable[[Task, Images, Path, Note], list[Row]]] = {
    "teacher": _teacher,
    "plain": _dense,
    "control": _dense,
    "paper": _paper,
    "squeeze": _squeeze,
}


def _of(task: Task) -> Recipe:
    if task.recipe is None:
        raise ValueError(f"{task.name} has no recipe")
    return task.recipe


def _answers(task: Task, folder: Path) -> torch.Tensor | None:
    """The teacher's answers, if the recipe asks for them."""
    if not _of(task).teach:
        return None
    kept = torch.load(folder / f"{task.images}.teacher", weights_only=True)
    return kept["answers"]


def _errors(student: Student, images: Images) -> tuple[float, float]:
    parts = (images.validation, images.test)
    first, second = (error(student, student.parameters, part) for part in parts)
    return first, second


def _file_errors(file: bytes, images: Images) -> tuple[float, float]:
    first, second = (stages.error_of_file(file, images, part) for part in ("validation", "test"))
    return first, second


def _row(step: str, size: int, errors: tuple[float, float], **more: int) -> Row:
    validation, test = (round(number, 6) for number in errors)
    return {
        "step": step,
        "bytes": size,
        "times": round(stages.DENSE_BYTES / size, 1),
        "validation_error": validation,
        "test_error": test,
        **more,
    }
