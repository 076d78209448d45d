"""Trying out the sandbox for real: a small warm process in it, and children of it.

What runs in the sandbox stands in functions; `try_out` sends their source there, so they import
what they need themselves.
"""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from grader.host.engine import bubblewrap as sandbox
from grader.protocol.limits import MIB, Limits

# Small, so that using all of it takes little.
TIGHT = Limits(memory=200 * MIB, cpu=1, processes=12, files=32, file_size=2 * MIB, scratch=8 * MIB)

STAGE = """
import json, os, select, sys, time, traceback
from grader.sandboxed.isolation import end, end_the_too_large, enter, fork, hold_devices
from grader.protocol.limits import Limits

job = json.loads(sys.argv[1])
for source in job["sources"]:
    exec(source)
limits = Limits(**job["limits"])

def start(name, stay):
    ours, theirs = os.pipe()
    child = fork(job["namespaces"])
    if child:
        os.close(theirs)
        return child, os.fdopen(ours)
    try:
        enter(limits, job["namespaces"], [theirs, *job["keep"]])
        said = json.dumps(globals()[name](*job["arguments"]))
        os.write(theirs, said.encode() + b"\\n")
        while stay:
            time.sleep(1)
        os._exit(0)
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(70)

def line_of(child, said):
    while not select.select([said], [], [], 0.1)[0]:
        if job["namespaces"]:
            end_the_too_large({child: limits.memory})
    return said.readline()

def status(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

if job["namespaces"]:
    hold_devices()
report = {}
if job["before"]:
    report["before"] = globals()[job["before"]]()
if job["neighbour"]:
    neighbour, said = start(job["neighbour"], True)
    report["neighbour"] = json.loads(said.readline())
begun = time.monotonic()
child, said = start(job["attack"], bool(job["then"]))
line = line_of(child, said)
report["result"] = json.loads(line) if line else None
if job["then"]:
    report["then"] = globals()[job["then"]](child)
report["status"] = status(child)
report["seconds"] = time.monotonic() - begun
if job["neighbour"]:
    report["neighbour_alive"] = os.waitpid(neighbour, os.WNOHANG) == (0, 0)
    end(neighbour, job["namespaces"])
    status(neighbour)
# The kernel takes its time to clear away what was killed; what clings to life is there later too.
until = time.monotonic() + 2
while True:
    report["processes"] = sum(name.isdigit() for name in os.listdir("/proc"))
    if report["processes"] <= 2 or time.monotonic() > until or not job["namespaces"]:
        break
    time.sleep(0.01)
print(json.dumps(report))
"""

# Builds the command line with the Python that it describes, and becomes it.
DRIVER = """
import json, os, sys
from pathlib import Path
from grader.host.engine import bubblewrap as sandbox

sandbox.check()
show = {inside: Path(outside) for inside, outside in json.loads(sys.argv[1]).items()}
argv = sandbox.command([sys.executable, "-c", *sys.argv[2:]], show, {})
os.execv(argv[0], argv)
"""


@dataclass(frozen=True)
class Report:
    """What came of an attack: what it returned, how its process ended, what the others saw."""

    result: Any
    status: int
    seconds: float
    processes: int
    before: Any = None
    then: Any = None
    neighbour: Any = None
    neighbour_alive: bool | None = None


def try_out(
    attack: Callable[..., Any],
    *arguments: Any,
    neighbour: Callable[..., Any] | None = None,
    before: Callable[[], Any] | None = None,
    then: Callable[[int], Any] | None = None,
    limits: Limits = TIGHT,
    namespaces: bool = True,
    keep: tuple[int, ...] = (),
    show: Mapping[str, Path] | None = None,
    hide: Collection[Path] = (),
    by: list[str] | None = None,
    **popen: Any,
) -> Report:
    """Runs an attack in a child of a warm process.

    Args:
        attack: what the child runs, with the arguments.
        neighbour: what another child ran before, with the same ones. It is still there.
        before: what the warm process runs before them.
        then: what the warm process does to the child when the attack has returned; without it,
            the child ends by itself.
        namespaces: without, the warm process is in no sandbox either.
        by: the beginning of a command line that runs another Python, or as somebody else.
    """
    roles = {"attack": attack, "neighbour": neighbour, "before": before, "then": then}
    job = json.dumps(
        {
            "sources": [inspect.getsource(role) for role in roles.values() if role is not None],
            "arguments": arguments,
            "limits": asdict(limits),
            "namespaces": namespaces,
            "keep": keep,
            **{name: role and role.__name__ for name, role in roles.items()},
        }
    )
    argv = [sys.executable, "-c", STAGE, job]
    if by is not None:
        shown = json.dumps({inside: str(outside) for inside, outside in (show or {}).items()})
        argv = [*by, "-c", DRIVER, shown, STAGE, job]
    elif namespaces:
        argv = sandbox.command(argv, show or {}, {}, hide)
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "pass_fds": keep, **popen}
    run = subprocess.run(argv, stdin=subprocess.DEVNULL, text=True, timeout=30, **options)
    assert run.returncode == 0, run.stderr
    report = Report(**json.loads(run.stdout.splitlines()[-1]))
    # The warm process and bubblewrap's process 1: nobody is left of the children's worlds.
    assert report.processes == 2 or not namespaces
    return report


# --- What more than one file tries -------------------------------------------------------------


def listed(folders):
    import os

    return [sorted(os.listdir(folder)) if os.path.isdir(folder) else None for folder in folders]


def environments():
    import os

    found = [dict(os.environ)]
    for name in os.listdir("/proc"):
        if name.isdigit():
            with open(f"/proc/{name}/environ", "rb") as file:
                found.append(file.read().decode())
    return found


def wait(*_):
    pass
