"""Runs notebooks as Colab and Kaggle do: alone, in an environment without coursekit.

    python -m tools.elsewhere PYTHON [NUMBER …]

PYTHON has what such a place has: torch of some version, ipykernel, pip. The published form of each
lesson is run from top to bottom there. Its set-up cell fetches the course from this checkout, which
stands in for the public repository; only what is committed is there. The environment is changed: it
has coursekit afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from authoring.build.notebook import lesson_notebook
from authoring.source.sources import Sources

ROOT = Path(__file__).resolve().parents[1]
REPOSITORY = "somewhere/public"
TIMEOUT = 600


def published(root: Path = ROOT) -> Sources:
    """The course as if it were public, at the commit that is checked out."""
    run = ["git", "rev-parse", "HEAD"]
    commit = subprocess.run(run, cwd=root, capture_output=True, text=True, check=True).stdout
    return replace(Sources.at(root), repository=REPOSITORY, commit=commit.strip())


def run(
    python: Path, notebook: nbformat.NotebookNode, folder: Path, **variables: str
) -> nbformat.NotebookNode:
    """Runs a notebook in the folder, with that Python's kernel; what it showed is in the result.

    Raises:
        CellExecutionError: if a cell fails.
    """
    kernel = folder / "kernels" / "elsewhere"
    kernel.mkdir(parents=True, exist_ok=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    description = {"argv": argv, "display_name": "elsewhere", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(description))
    specs = KernelSpecManager(kernel_dirs=[str(kernel.parent)])
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        km=AsyncKernelManager(kernel_name="elsewhere", kernel_spec_manager=specs),
        resources={"metadata": {"path": str(folder)}},
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {
        # git fetches from here what the cell asks for there.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{ROOT}.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://github.com/{REPOSITORY}",
        **variables,
    }
    client.execute(env=environment)
    return notebook


def main(python: str, numbers: Sequence[str]) -> int:
    """Says for each lesson whether it runs, what its set-up cell said, and where it stopped."""
    course = published()
    failed = 0
    for lesson in course.lessons():
        if numbers and lesson.number not in numbers:
            continue
        notebook = lesson_notebook(lesson)
        # Each notebook gets a machine of its own there.
        subprocess.run([python, "-m", "pip", "uninstall", "-q", "-y", "fewer-bits"], check=True)
        with tempfile.TemporaryDirectory() as folder:
            try:
                run(Path(python).absolute(), notebook, Path(folder))
                outcome = "runs"
            except CellExecutionError as error:
                failed += 1
                cell = next(cell for cell in notebook.cells[::-1] if cell.get("execution_count"))
                outcome = f"stops: {error.ename}: {error.evalue}, in\n{cell.source}"
        set_up = notebook.cells[1].get("outputs", [])
        told = " ".join(output.get("text", "") for output in set_up if "text" in output)
        print(f"{lesson.number} {outcome}\n   {' '.join(told.split())}", flush=True)
    return failed


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
