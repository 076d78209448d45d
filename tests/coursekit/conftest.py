import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest
import torch

from coursekit.learn.progress.store import default_store


@pytest.fixture(autouse=True)
def _one_thread():
    """Same numbers on every machine with the same library, and no fight for cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _nobodys_notebook(monkeypatch):
    """Tests may themselves be run from a notebook's kernel; and none sees another's progress."""
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    default_store.cache_clear()
    yield
    default_store.cache_clear()


@pytest.fixture(autouse=True)
def _own_figures():
    """No test draws in another's style, or leaves it a figure."""
    with matplotlib.rc_context():
        yield
    plt.close("all")


@pytest.fixture
def python():
    """Starts Python on some code, with arguments, importing what this process can import."""
    started = []

    def start(code, *arguments, **options):
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            **options,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def closed_folder():
    """A folder, and a context in which this process can't write there.

    To root every folder is open, so root steps down to nobody meanwhile. The folder does not lie in
    pytest's, which nobody else may enter.
    """
    with contextlib.ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory()))

        @contextlib.contextmanager
        def closed():
            folder.chmod(0o555)
            if root := os.geteuid() == 0:
                os.seteuid(65534)
            try:
                yield
            finally:
                if root:
                    os.seteuid(0)
                folder.chmod(0o755)

        yield folder, closed
