"""Kernels that are forks: a notebook can't tell them from fresh ones."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests import warm_kernels
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are for Linux")

MODULES = "import json, sys\nprint(json.dumps(sorted(sys.modules)))"
# Python imports them to start a module as a program, or not; of the last its package has kept all
# that anybody asks for.
EITHER_WAY = {"__mp_main__", "gc", "ipykernel_launcher", "runpy", "concurrent.futures.thread"}


class Kernel:
    """One, and what it prints."""

    def __init__(self, cwd: Path, **environment: str) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(cwd), env=os.environ | environment)
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str) -> str:
        said: list[str] = []
        reply = self.client.execute_interactive(
            code, output_hook=lambda one: said.append(one["content"].get("text", "")), timeout=60
        )
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(said)

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


Start = Callable[..., Kernel]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    kernels: list[Kernel] = []

    def one(cwd: Path = tmp_path, **environment: str) -> Kernel:
        kernels.append(Kernel(cwd, **environment))
        return kernels[-1]

    yield one
    for kernel in kernels:
        kernel.end()


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No warm ones."""
    monkeypatch.setenv("JUPYTER_PATH", "")


def test_tests_have_warm_kernels(start: Start) -> None:
    kernel = start()
    kernel.run("import torch, torch._dynamo")
    # Seconds of the processor; fresh ones use 4 to 5.
    assert float(kernel.run("import os; print(sum(os.times()[:2]))")) < 1.5


@pytest.mark.parametrize("imported", ["json", "matplotlib", "pandas, matplotlib.pyplot"])
def test_what_nobody_imported_is_not_there(
    start: Start, imported: str, request: pytest.FixtureRequest
) -> None:
    warm = set(json.loads(start().run(f"import {imported}\n{MODULES}")))
    request.getfixturevalue("fresh")
    cold = set(json.loads(start().run(f"import {imported}\n{MODULES}")))
    assert warm ^ cold <= EITHER_WAY
    assert warm > {"IPython", "ipykernel"}


def test_of_torch_is_there_what_it_imports(start: Start) -> None:
    kernel = start()
    kernel.run("import matplotlib, torch")
    there = set(json.loads(kernel.run(MODULES)))
    assert {"torch.nn.functional", "torch.optim", "numpy"} <= there
    assert not {"torch._dynamo", "torchvision", "pandas", "matplotlib.pyplot"} & there
    kernel.run("assert not hasattr(matplotlib, 'pyplot')")
    kernel.run("import matplotlib.pyplot as plt; assert matplotlib.pyplot is plt")
    kernel.run("assert torch._dynamo.config is sys.modules['torch._dynamo.config']")
    # pandas chooses it as it is imported: 0 where no notebook shows its tables.
    kernel.run("import pandas; assert pandas.get_option('display.max_columns') == 20")
    # Threads of its own, after the fork.
    kernel.run("torch.nn.Linear(900, 900)(torch.randn(900, 900)).sum().backward()")
    kernel.run("import numpy as np; np.ones((900, 900)) @ np.ones((900, 900))")


def test_it_is_where_and_as_it_was_asked_for(start: Start, tmp_path: Path) -> None:
    (tmp_path / "beside.py").touch()
    kernel = start(COURSE_FOR_THIS="one")
    kernel.run("import beside, json, os, sys")
    said = "os.getcwd(), os.environ['COURSE_FOR_THIS'], sys.executable, sys.argv[1]"
    wanted = [str(tmp_path), "one", sys.executable, "-f"]
    assert json.loads(kernel.run(f"print(json.dumps([{said}]))")) == wanted
    # Who asked for it is known to Jupyter; see coursekit.desk.contents.
    assert kernel.manager.provisioner.pid == int(kernel.run("print(os.getppid())"))
    # What a library keeps of standard error leads to the notebook.
    warn = "import logging, torch; logging.getLogger('torch').warning('to the notebook')"
    assert "to the notebook" in kernel.run(warn)
    assert "COURSE_FOR_THIS" not in start().run("import os; print(*os.environ)")


def test_another_environment_has_another_process(start: Start) -> None:
    hashes = "print(hash('a'))"
    assert start().run(hashes) == start().run(hashes)
    assert start(PYTHONHASHSEED="1").run(hashes) != start().run(hashes)


def test_chance_is_another_in_each(start: Start) -> None:
    draw = "import random, numpy, torch\nprint(random.random(), numpy.random.rand(), torch.rand(1))"
    assert set(start().run(draw).split()).isdisjoint(start().run(draw).split())


def test_an_interrupt_reaches_it(start: Start) -> None:
    kernel = start()
    kernel.client.execute("import time\nprint('begun')\nfor _ in range(600): time.sleep(0.1)")
    kinds = {"stream": "", "error": ""}
    for kind in kinds:
        while (said := kernel.client.get_iopub_msg(timeout=20))["msg_type"] != kind:
            pass
        if kind == "stream":
            kernel.manager.interrupt_kernel()
    assert said["content"]["ename"] == "KeyboardInterrupt"


@pytest.mark.parametrize("status", [7, -signal.SIGKILL])
def test_it_ends_as_the_kernel_does(start: Start, status: int) -> None:
    kernel = start()
    end = f"os._exit({status})" if status > 0 else f"os.kill(os.getpid(), {-status})"
    kernel.client.execute(f"import os; {end}")
    assert kernel.manager.provisioner.process.wait(20) == status


@pytest.mark.parametrize("imported", ["json", "matplotlib.pyplot, torch._dynamo"])
def test_asked_to_end_it_does_and_says_nothing(start: Start, imported: str) -> None:
    kernel = start()
    kernel.run(f"import {imported}")
    process = kernel.manager.provisioner.process
    kernel.manager.shutdown_kernel()
    # Not by a signal, which is what Jupyter sends to who does not end.
    assert process.returncode == 0


def test_what_it_started_is_killed_with_it(start: Start) -> None:
    kernel = start()
    code = "import os, subprocess\nprint(os.getpid(), subprocess.Popen(['sleep', '600']).pid)"
    processes = [int(text) for text in kernel.run(code).split()]
    assert all(map(_lives, processes))
    kernel.manager.shutdown_kernel(now=True)
    assert _gone(processes)


def test_it_ends_with_the_tests(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom tests import warm_kernels\n"
        "folder = Path(sys.argv[1])\n"
        "os.environ['JUPYTER_PATH'] = warm_kernels.describe(folder)\n"
        "from tests.test_warm_kernels import Kernel\n"
        "ask = 'import os; print(os.getpid(), *open(\"/proc/self/stat\").read().split()[3:4])'\n"
        "print(Kernel(folder).run(ask), flush=True)\n"
        "os._exit(0)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"JUPYTER_PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    processes = [int(text) for text in run.stdout.split()]
    assert len(processes) == 2, run.stderr
    assert _gone(processes)
    (log,) = tmp_path.glob("*.log")
    # What an import says would be missed in notebooks. What the debugger does, nobody is told.
    lines = [line for line in log.read_text().splitlines() if line]
    assert [line for line in lines if not re.match(r"\d+\.\d\ds - ", line)] == []


def _lives(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _gone(processes: list[int]) -> bool:
    until = time.monotonic() + 10
    while any(map(_lives, processes)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(_lives, processes))


def test_only_kernels_of_python_are_described_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "there" / "kernels" / "other"
    other.mkdir(parents=True)
    (other / "kernel.json").write_text(json.dumps({"argv": ["other", "{connection_file}"]}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "there"))
    (tmp_path / "warm").mkdir()
    warm_kernels.describe(tmp_path / "warm")
    assert [path.name for path in (tmp_path / "warm" / "kernels").iterdir()] == ["python3"]
