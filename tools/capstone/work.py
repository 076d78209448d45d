"""What a process of the bench does: one run after the other, on one thread."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from tools.capstone.tasks import Task, run

# Where messages go.
_messages: Any = None


def rows_of(folder: Path, task: Task) -> Path:
    """Where the rows of a run are kept once it is complete."""
    return folder / f"{task.name}.json"


def begin(messages: Any) -> None:
    """Prepares a process."""
    global _messages
    _messages = messages
    torch.set_num_threads(1)
    # Adam's moments of a pixel that is nearly always dark get so small that they cost much time.
    torch.set_flush_denormal(True)


def one(task: Task, mnist: Path | None, folder: Path) -> None:
    """Does one run. Its rows appear only when they are complete."""
    rows = run(task, mnist, folder, lambda text: _messages.put((task.name, text)))
    path = rows_of(folder, task)
    path.with_suffix(".part").write_text(json.dumps(rows, indent=1) + "\n")
    path.with_suffix(".part").replace(path)
