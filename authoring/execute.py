"""Runs a notebook as a learner would, and cleans what differs from run to run."""

from __future__ import annotations

import copy
from pathlib import Path

import nbformat
from nbclient import NotebookClient

TIMEOUT = 120


def executed(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """A copy with outputs, run with `folder` as working directory.

    Text on standard error is taken out: it is progress bars and log lines, no result.

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
    client.execute()
    for cell in run.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    run.metadata = notebook.metadata
    return run
