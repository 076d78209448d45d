"""Runs a notebook as a learner would, and cleans what differs from run to run."""

from __future__ import annotations

import copy
import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

TIMEOUT = 120
WIDGET = "application/vnd.jupyter.widget-view+json"


def executed(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """A copy with outputs, run with `folder` as working directory.

    Standard error and progress bars are taken out: they are no results. Of a widget of ours stays
    what it shows where no kernel runs.

    Raises:
        nbclient.exceptions.CellExecutionError: if a cell fails.
    """
    run = copy.deepcopy(notebook)
    client = NotebookClient(
        run,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    # A build is no learner's progress, and shows nothing of it.
    client.execute(env={**os.environ, "COURSE_PROGRESS": ":memory:"})
    for cell in run.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _is_result(output)]
            for output in cell.outputs:
                output.get("data", {}).pop(WIDGET, None)
    run.metadata = notebook.metadata
    return run


def _is_result(output: nbformat.NotebookNode) -> bool:
    data = output.get("data", {})
    readable = WIDGET not in data or "text/html" in data or "image/png" in data
    return output.get("name") != "stderr" and readable
