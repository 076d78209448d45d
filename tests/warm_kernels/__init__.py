"""Kernels for tests that need not import IPython, the debugger and torch each.

They are forks of a process that has. What Jupyter starts in the place of `-m ipykernel_launcher` is
a small program (ask.py). It asks that process (serve.py) for a fork, which takes over its files,
folder, environment and arguments, and is an ordinary kernel from there on; signals, exit status and
death pass between the two. What a fresh kernel has imported only where a notebook does so is out of
sight until then (shelf.py): an import that a notebook forgets is missed here too. In this a warm
kernel differs from a fresh one: strings have the hashes that they have in other warm ones.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager

ASK = Path(__file__).with_name("ask.py")


def describe(folder: Path) -> str:
    """Describes all kernels of Python that Jupyter knows here as warm ones.

    Args:
        folder: for the descriptions and the sockets; it must be there as long as this process,
            with which the kernels end.

    Returns:
        `JUPYTER_PATH` with these before all others.
    """
    for name, place in KernelSpecManager().find_kernel_specs().items():
        description = json.loads(Path(place, "kernel.json").read_text())
        if "ipykernel_launcher" not in description["argv"]:
            continue
        description["argv"] = _instead(description["argv"], folder)
        shutil.copytree(place, folder / "kernels" / name)
        (folder / "kernels" / name / "kernel.json").write_text(json.dumps(description))
    others = os.environ.get("JUPYTER_PATH")
    return os.pathsep.join(filter(None, [str(folder), others]))


def _instead(argv: list[str], folder: Path) -> list[str]:
    at = argv.index("ipykernel_launcher")
    asks = ["-I", "-S", str(ASK), str(folder), str(os.getpid())]
    return [*argv[: at - 1], *asks, *argv[at + 1 :]]
