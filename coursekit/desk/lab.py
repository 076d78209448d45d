"""Starts JupyterLab as learners get it: on the start page, without teachers' tools."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from coursekit.desk.workspace import START

# What of Jupyter is on and off for learners; see the files in there.
CONFIG = Path(__file__).parent / "lab_config"


def main(workspace: Path, options: Sequence[str] = ()) -> int:
    """Runs JupyterLab until it is stopped, and returns its exit status.

    Args:
        workspace: What it serves.
        options: For JupyterLab; they win over those given here.
    """
    with subprocess.Popen(command(workspace, options), env=environment()) as server:
        while True:
            try:
                return server.wait()
            except KeyboardInterrupt:
                # It got the same Control-C, asks whether to stop, and says when it has.
                continue


def command(workspace: Path, options: Sequence[str] = ()) -> list[str]:
    """What starts JupyterLab."""
    shown = [
        sys.executable,
        "-m",
        "jupyterlab",
        # Control-C stops it without a question.
        "-y",
        "--log-level=WARN",
        f"--ServerApp.root_dir={workspace}",
        f"--LabApp.default_url=/lab/tree/{START}",
    ]
    if hasattr(os, "getuid") and os.getuid() == 0:
        shown.append("--allow-root")
    if sys.platform == "linux" and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        shown.append("--no-browser")
    return [*shown, *options]


def environment() -> dict[str, str]:
    """This process's variables, with the learner's Jupyter configuration before any other."""
    paths = [str(CONFIG), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    # nbgrader looks for alembic on the PATH.
    programs = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return os.environ | {
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, paths)),
        "PATH": os.pathsep.join(filter(None, programs)),
    }
