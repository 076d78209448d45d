"""The sandbox for real: a small warm process in it, and children of it that try to get out.

What runs in the sandbox stands in functions of this file; `try_out` sends their source there, so
they import what they need themselves.
"""

from __future__ import annotations

import functools
import inspect
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from grader.host.engine import bubblewrap as sandbox
from grader.protocol.errors import GraderError
from grader.protocol.limits import MIB, Limits
from tests.conftest import ROOT, system_package_missing

# Small, so that using all of it takes little.
TIGHT = Limits(memory=200 * MIB, cpu=1, processes=12, files=32, file_size=2 * MIB, scratch=8 * MIB)
# A made-up user, to whom nothing belongs.
ORDINARY = 12345

STAGE = """
import json, os, select, sys, time, traceback
from grader.sandboxed.isolation import end, end_the_too_large, enter, fork
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
        argv = sandbox.command(argv, show or {}, {})
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "pass_fds": keep, **popen}
    run = subprocess.run(argv, stdin=subprocess.DEVNULL, text=True, timeout=30, **options)
    assert run.returncode == 0, run.stderr
    report = Report(**json.loads(run.stdout.splitlines()[-1]))
    # The warm process and bubblewrap's process 1: nobody is left of the children's worlds.
    assert report.processes == 2 or not namespaces
    return report


@pytest.fixture(autouse=True)
def bubblewrap() -> None:
    if shutil.which("bwrap") is None:
        system_package_missing("bubblewrap")


@pytest.fixture
def readable_grader() -> Iterator[str]:
    """A folder in /tmp that holds this package, for whoever wants to import it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        shutil.copytree(ROOT / "grader", Path(folder, "grader"))
        for path in (Path(folder), *Path(folder).rglob("*")):
            path.chmod(0o755)
        yield folder


@pytest.fixture(params=["as we are", "as an ordinary user"])
def by(request: pytest.FixtureRequest, readable_grader: str) -> list[str] | None:
    """The beginning of a command line that runs Python as the user of that name."""
    if request.param == "as we are":
        return None
    as_them = ["env", f"PYTHONPATH={readable_grader}"]
    if os.getuid() != 0:
        return [*as_them, sys.executable]
    # Root's own Python may lie where nobody else may look.
    python = "/usr/bin/python3"
    recent = "import sys; sys.exit(sys.version_info < (3, 11))"
    if not os.path.exists(python) or subprocess.run([python, "-c", recent]).returncode:
        pytest.skip("there is no Python 3.11 or newer that an ordinary user may run")
    user = [f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups"]
    return ["setpriv", *user, *as_them, python]


# --- Reading -----------------------------------------------------------------------------------


def read(paths):
    readable = []
    for path in paths:
        try:
            with open(path, "rb") as file:
                file.read(1)
        except OSError:
            continue
        readable.append(path)
    return readable


def test_of_the_machine_s_files_only_what_is_shown_can_be_read(tmp_path):
    solution = tmp_path / "solutions/right.py"
    helper = tmp_path / "coursekit/plot.py"
    mine = Path("/tmp") / f"sandbox-test-{os.getpid()}"
    for path in (solution, helper, mine):
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    try:
        outside = [solution, helper, mine, "/etc/passwd", "/etc/shadow", "/etc/hostname"]
        # This package may be installed as a link to its sources.
        outside += [
            ROOT / "pyproject.toml",
            ROOT / "grader/host/engine/bubblewrap.py",
            ROOT / "README.md",
        ]
        shown = "/course/coursekit/plot.py"
        own = ["/engine/grader/sandboxed/zygote.py", "/usr/bin/env", json.__file__]
        report = try_out(
            read,
            [str(path) for path in [*outside, shown, *own]],
            show={"/course/coursekit": tmp_path / "coursekit"},
        )
        assert report.result == [shown, *own]
    finally:
        mine.unlink()


def listed(folders):
    import os

    return [sorted(os.listdir(folder)) if os.path.isdir(folder) else None for folder in folders]


def test_of_the_machine_s_folders_only_those_on_the_way_are_there(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "coursekit").mkdir()
    show = {"/course/coursekit": tmp_path / "coursekit"}
    outside = [str(tmp_path), str(Path.home()), str(ROOT), "/mnt", "/var", "/run"]
    inside = try_out(listed, ["/", "/course", "/engine", *outside], show=show).result
    prefixes = {Path(prefix) for prefix in (sys.prefix, sys.base_prefix)}
    ours = {prefix.parts[1] for prefix in prefixes}
    system = {"bin", "etc", "lib", "lib32", "lib64", "libx32", "sbin", "sys", "usr"}
    assert set(inside[0]) - system - ours == {"course", "dev", "engine", "proc", "tmp"} - ours
    assert inside[1:3] == [["coursekit"], ["grader"]]
    for folder, names in zip(outside, inside[3:], strict=True):
        below = [p.relative_to(folder) for p in prefixes if p.is_relative_to(folder)]
        assert names == (sorted({path.parts[0] for path in below}) or None)


def environments():
    import os

    found = [dict(os.environ)]
    for name in os.listdir("/proc"):
        if name.isdigit():
            with open(f"/proc/{name}/environ", "rb") as file:
                found.append(file.read().decode())
    return found


def test_nothing_of_the_environment_comes_in(monkeypatch):
    monkeypatch.setenv("SECRET", "sesame")
    report = try_out(environments, before=environments)
    assert report.result[0]["HOME"] == "/tmp"
    # The warm process sees itself and bubblewrap's process 1.
    assert len(report.before) == 3
    assert "sesame" not in str(report)


def test_a_child_sees_no_other_process():
    everybody = try_out(listed, ["/proc", "/proc/self"], before=environments)
    assert everybody.result == [["cpuinfo", "meminfo", "self", "stat"], ["cmdline", "exe"]]
    assert len(everybody.before) == 3


def which_program():
    import os

    with open("/proc/self/cmdline", "rb") as file:
        return os.readlink("/proc/self/exe"), file.read().decode()


def test_a_child_can_ask_which_program_it_is():
    """TensorFlow does, and ends the process when it gets no answer."""
    assert try_out(which_program).result == [sys.executable, "grader\0"]


def fill_scratch(*_):
    import os

    filled = []
    for folder in (".", "/tmp", "/dev/shm"):
        try:
            with open(os.path.join(folder, "theirs"), "w") as file:
                file.write("theirs")
        except OSError:
            continue
        filled.append(folder)
    return filled


def test_a_child_sees_no_scratch_files_of_others(by):
    folders = [".", "/tmp", "/dev/shm"]
    report = try_out(listed, folders, before=fill_scratch, neighbour=fill_scratch, by=by)
    # Python itself may be installed there.
    prefixes = [Path(p).parts[1:3] for p in (sys.prefix, sys.base_prefix)]
    installed = {folder for top, folder in prefixes if top == "tmp"}
    assert [set(found) - installed for found in report.result] == [set(), set(), set()]
    assert report.before == [".", "/tmp"]
    assert report.neighbour == folders


def open_something(*_):
    import os

    os.set_inheritable(os.open("/etc/ld.so.cache", os.O_RDONLY), True)


def open_files():
    import os

    found = []
    for number in range(1000):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return found


def test_of_open_files_only_those_meant_for_the_child_stay_open():
    ours, theirs = os.pipe()
    os.dup2(theirs, 700)
    found = try_out(open_files, before=open_something, keep=(700,)).result
    # One more is the pipe through which the child reports.
    assert len(found) == 5
    assert {0, 1, 2, 700} < set(found)
    for number in (ours, theirs, 700):
        os.close(number)


# --- Writing -----------------------------------------------------------------------------------


def writable(whole):
    import os

    folders, files = [], []
    for folder, inner, names in os.walk("/"):
        inner[:] = [name for name in inner if os.path.join(folder, name) not in whole]
        if os.access(folder, os.W_OK):
            folders.append(folder)
        paths = [os.path.join(folder, name) for name in names]
        files += [p for p in paths if not os.path.islink(p) and os.access(p, os.W_OK)]
    return folders, files


def create(folders):
    import os

    created = []
    for folder in folders:
        try:
            os.mkdir(os.path.join(folder, "made"))
        except OSError:
            continue
        created.append(folder)
    return created


def test_only_scratch_can_be_written(by):
    # What bubblewrap binds is too much to walk through; the next test writes there.
    prefixes = {"/usr/local", sys.prefix, sys.base_prefix, "/sys/devices/system/cpu"}
    folders, files = try_out(writable, [*prefixes, "/usr"], by=by).result
    assert set(folders) == {"/tmp", "/dev/shm"}
    devices = {"null", "zero", "full", "random", "urandom", "tty", "pts/ptmx", "console"}
    assert set(files) == {f"/dev/{name}" for name in devices}


def test_what_is_shown_cannot_be_written(readable_grader, by):
    shown = Path(readable_grader, "shown")
    shown.mkdir()
    shown.chmod(0o777)
    folders = ["/", "/dev", "/course", "/course/shown", "/engine", sys.prefix, "/usr", "/tmp"]
    report = try_out(create, folders, show={"/course/shown": shown}, by=by)
    assert report.result == ["/tmp"]


# --- Signals, tracing, the network -------------------------------------------------------------


def signal_everybody():
    import os
    import signal

    reached = []
    for process in [*range(2, 400), -1, 0]:
        try:
            os.kill(process, signal.SIGKILL)
        except OSError:
            continue
        reached.append(process)
    return os.getpid(), os.getppid(), reached


def wait(*_):
    pass


def test_a_child_can_signal_nobody(by):
    report = try_out(signal_everybody, neighbour=wait, by=by)
    # In its own group there is it alone, and process 1 is not killed by its own signals.
    assert report.result == [1, 0, [0]]
    assert report.neighbour_alive
    assert report.status == 0


def trace_everybody():
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    attach, pidfd_getfd = 16, 438
    buffer = (ctypes.c_uint64 * 2)()
    reasons = set()
    for process in range(1, 100):
        for result in (
            libc.ptrace(attach, process, 0, 0),
            libc.process_vm_readv(process, buffer, 1, buffer, 1, 0),
            libc.syscall(pidfd_getfd, process, 0, 0),
        ):
            reasons.add(os.strerror(ctypes.get_errno()) if result < 0 else "reached")
    return sorted(reasons)


def test_a_child_can_trace_nobody():
    assert try_out(trace_everybody, neighbour=wait).result == ["Operation not permitted"]


def listen(*_):
    import socket

    global listening  # So that it stays open.
    listening = socket.socket(socket.AF_UNIX)
    listening.bind("\0neighbour")
    listening.listen()


def connect(port, names):
    import socket

    reached = []
    places = [(socket.AF_INET, ("127.0.0.1", port)), *((socket.AF_UNIX, name) for name in names)]
    for family, address in places:
        try:
            with socket.socket(family) as probe:
                probe.settimeout(1)
                probe.connect(address)
        except OSError:
            continue
        reached.append(address)
    return reached


def test_a_child_reaches_no_network_and_no_sockets_of_others(tmp_path, by):
    with (
        socket.create_server(("127.0.0.1", 0)) as internet,
        socket.socket(socket.AF_UNIX) as abstract,
        socket.socket(socket.AF_UNIX) as named,
    ):
        abstract.bind(f"\0sandbox-test-{os.getpid()}")
        named.bind(str(tmp_path / "socket"))
        for server in (abstract, named):
            server.listen()
        port = internet.getsockname()[1]
        names = [abstract.getsockname().decode(), named.getsockname()]
        assert connect(port, names) == [("127.0.0.1", port), *names]
        names.append("\0neighbour")
        for others in ({"before": listen}, {"neighbour": listen}):
            assert try_out(connect, port, names, by=by, **others).result == []


def interfaces():
    import socket

    return [name for _, name in socket.if_nameindex()]


def test_the_warm_process_has_no_network_either(by):
    assert try_out(wait, before=interfaces, by=by).before == ["lo"]


def open_sockets():
    import socket

    opened = []
    # Families, by number: files, internet (two), kernel's own, packets, the host of a machine.
    for family in (1, 2, 10, 16, 17, 40):
        for kind in (socket.SOCK_STREAM, socket.SOCK_RAW):
            try:
                socket.socket(family, kind).close()
            except OSError:
                continue
            opened.append(family)
    return sorted(set(opened))


def test_only_sockets_that_a_namespace_holds_can_be_opened():
    assert try_out(open_sockets).result == [1, 2, 10]


# --- Rights ------------------------------------------------------------------------------------


def rights():
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    read_bounding, read_no_new_privileges = 23, 39
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc.capget(header, sets)
    bounding = [number for number in range(40) if libc.prctl(read_bounding, number, 0, 0, 0)]
    return list(sets), bounding, libc.prctl(read_no_new_privileges, 0, 0, 0, 0)


def test_a_child_has_no_rights_and_gets_none():
    assert try_out(rights).result == [[0] * 6, [], 1]


def ask_the_kernel():
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    users, mounts = 0x10000000, 0x00020000
    asked = {
        "world": libc.unshare(users | mounts),
        "mount": libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None),
        "unmount": libc.umount2(b"/proc", 2),
        "memfd": libc.memfd_create(b"x", 0),
        "shared memory": libc.shmget(0, 4096, 0o1600),
        "messages": libc.msgget(0, 0o1600),
        "queue": libc.mq_open(b"/x", os.O_CREAT | os.O_RDWR, 0o600, None),
        "cores": libc.sched_setaffinity(0, 8, ctypes.byref(ctypes.c_uint64(1))),
        "keys": libc.syscall({"x86_64": 250, "aarch64": 219}[os.uname().machine], 0, -3, 1),
        "io_uring": libc.syscall(425, 1, 0),
    }
    return [name for name, result in asked.items() if result >= 0]


def test_the_kernel_refuses_what_no_limit_counts_and_no_namespace_holds():
    assert try_out(ask_the_kernel).result == []


# The numbers of memfd_secret, add_key, request_key, ptrace, process_vm_writev, kcmp,
# io_uring_setup, bpf, perf_event_open and userfaultfd.
UNWANTED = {
    "x86_64": (447, 248, 249, 101, 311, 312, 425, 321, 298, 323, 64, 253, 294),
    "aarch64": (447, 217, 218, 117, 271, 272, 425, 280, 241, 282, 190, 26),
}


def call(numbers):
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    reasons = []
    for number in numbers:
        libc.syscall(number, -1, -1, -1, -1, -1)
        reasons.append(os.strerror(ctypes.get_errno()))
    return reasons


def test_the_kernel_refuses_what_exercises_have_no_use_for():
    numbers = UNWANTED[os.uname().machine]
    assert try_out(call, numbers).result == ["Operation not permitted"] * len(numbers)


def call_as_32_bit_programs_do():
    import ctypes
    import mmap

    get_process = b"\xb8\x14\x00\x00\x00" + b"\xcd\x80" + b"\xc3"  # mov eax, 20; int 0x80; ret
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(get_process)
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="only there are other ways to call")
def test_other_ways_to_make_system_calls_are_no_way_round():
    x32 = 0x40000000
    report = try_out(call, [x32 + 39])
    assert (report.result, report.status) == (None, -signal.SIGSYS)
    report = try_out(call_as_32_bit_programs_do)
    # Where the kernel knows no 32-bit programs, this is no call but an error.
    assert report.result is None
    assert report.status in (-signal.SIGSYS, -signal.SIGSEGV)


def stop_others_from_opening():
    import fcntl
    import os

    reasons = []
    for command in (fcntl.F_SETLEASE, fcntl.F_NOTIFY):
        try:
            fcntl.fcntl(os.open(os.__file__, os.O_RDONLY), command, fcntl.F_WRLCK)
        except PermissionError as error:
            reasons.append(error.strerror)
    with open("/tmp/own", "w") as file:
        fcntl.fcntl(file, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        fcntl.lockf(file, fcntl.LOCK_EX)
    return reasons


def enlarge_buffers():
    import socket

    reasons = []
    for end in socket.socketpair():
        end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            try:
                end.setsockopt(socket.SOL_SOCKET, option, 10**7)
            except PermissionError as error:
                reasons.append(error.strerror)
    return reasons


def test_buffers_of_sockets_stay_small():
    assert try_out(enlarge_buffers).result == ["Operation not permitted"] * 4


def test_no_lease_on_a_file_stops_others_from_opening_it():
    assert try_out(stop_others_from_opening).result == ["Operation not permitted"] * 2


def use_the_terminal():
    import os

    devices = {os.stat(f"/dev/{name}").st_rdev for name in ("null", "console")}
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return len(devices), "none"
    return len(devices), "terminal"


def test_the_teacher_s_terminal_is_out_of_reach():
    ours, theirs = os.openpty()
    code = f"{inspect.getsource(use_the_terminal)}\nprint(use_the_terminal())"
    argv = sandbox.command([sys.executable, "-c", code], {}, {})
    login = functools.partial(os.login_tty, theirs)
    subprocess.run(argv, preexec_fn=login, timeout=30, check=True)
    assert os.read(ours, 1000).decode().strip() == "(1, 'none')"
    for number in (ours, theirs):
        os.close(number)


def use_a_terminal_of_its_own():
    import os

    ours, theirs = os.openpty()
    return os.ttyname(theirs), os.isatty(ours)


def test_a_child_can_have_a_terminal_that_no_other_child_can_open():
    report = try_out(use_a_terminal_of_its_own, neighbour=use_a_terminal_of_its_own)
    # Both are number 0, each of an own set.
    assert report.neighbour == report.result == ["/dev/pts/0", True]


# --- Limits ------------------------------------------------------------------------------------


def fork_on_and_on():
    import os
    import time

    for count in range(1000):
        try:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
        except OSError:
            return count
    return None


def test_a_fork_bomb_is_stopped(by):
    report = try_out(fork_on_and_on, by=by)
    assert 1 <= report.result < TIGHT.processes
    assert report.seconds < 5


def start_threads():
    import threading
    import time

    for count in range(100):
        try:
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        except RuntimeError:
            return count
    return None


def test_threads_count_as_processes():
    limits = replace(TIGHT, memory=4096 * MIB)
    assert 1 <= try_out(start_threads, limits=limits).result < TIGHT.processes


def allocate(size):
    held = []
    try:
        for _ in range(100):
            held.append(bytearray(size // 10))
    except MemoryError:
        return len(held)
    return None


def test_memory_is_limited():
    assert 5 <= try_out(allocate, TIGHT.memory).result <= 10


def allocate_in_many(size, shared):
    import mmap
    import os
    import time

    for _ in range(6):
        if os.fork() == 0:
            held = bytearray(b"x") * (size // 4)
            if shared:
                memory = mmap.mmap(-1, size // 4)
                memory.write(held)
                held = memory
            time.sleep(60)
            os._exit(len(held))
    time.sleep(60)


@pytest.mark.parametrize("shared", [False, True], ids=["", "shared"])
def test_memory_of_all_processes_together_is_limited(shared):
    report = try_out(allocate_in_many, TIGHT.memory, shared)
    assert (report.result, report.status) == (None, -signal.SIGKILL)
    assert report.seconds < 10


def grow():
    global held
    held = b"x" * (60 * 2**20)


def fork_some():
    import os
    import time

    for _ in range(5):
        if os.fork() == 0:
            time.sleep(1.5)
            os._exit(0)
    return [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(5)]


def test_memory_got_by_a_fork_does_not_count():
    report = try_out(fork_some, before=grow)
    assert (report.result, report.status) == ([0] * 5, 0)


def spin():
    while True:
        pass


def test_processor_time_is_limited():
    report = try_out(spin)
    assert (report.result, report.status) == (None, -signal.SIGKILL)
    assert 0.5 < report.seconds < 20


def cores():
    import os

    return sorted(os.sched_getaffinity(0))


def test_cores_are_those_given():
    [*_, last] = sorted(os.sched_getaffinity(0))
    assert try_out(cores, limits=replace(TIGHT, cores=(last,))).result == [last]
    assert try_out(cores).result == sorted(os.sched_getaffinity(0))


def fill(folder, count, size):
    import errno
    import os

    written = 0
    for number in range(count):
        try:
            with open(os.path.join(folder, str(number)), "wb", buffering=0) as file:
                while size and file.tell() < size:
                    written += file.write(b"x" * 2**16)
        except OSError as error:
            return written, number, errno.errorcode[error.errno]
    return written, count, None


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
def test_scratch_is_limited_in_size_and_in_files(folder):
    assert try_out(fill, folder, 20, 2**20).result == [TIGHT.scratch, 8, "ENOSPC"]
    written, count, reason = try_out(fill, folder, 20_000, 0).result
    assert (written, reason) == (0, "ENOSPC")
    assert 15_000 < count < 20_000


def test_a_file_is_limited_in_size():
    assert try_out(fill, "/tmp", 1, 2**23).result == [TIGHT.file_size, 0, "EFBIG"]


def open_on_and_on():
    import os

    try:
        for _ in range(1000):
            os.open("/dev/null", os.O_RDONLY)
    except OSError:
        os.closerange(10, 1000)
        return True
    return False


def test_open_files_are_limited():
    assert try_out(open_on_and_on).result is True


def limits_in_force():
    import os
    import resource

    kinds = ("CORE", "MEMLOCK", "MSGQUEUE", "SIGPENDING")
    limits = [resource.getrlimit(getattr(resource, f"RLIMIT_{kind}")) for kind in kinds]
    return limits, os.umask(0)


def test_no_core_no_locked_memory_no_queues_of_signals():
    found, mask = try_out(limits_in_force).result
    assert mask == 0o077
    assert all(soft == hard for soft, hard in found)
    assert [soft for soft, _ in found][:3] == [min(1, core_of_ours()), 0, 0]
    assert 0 < found[3][0] <= 1024


def core_of_ours():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    return 1 if hard == resource.RLIM_INFINITY else hard


# --- How a child ends --------------------------------------------------------------------------


def end_with(status):
    import ctypes
    import os

    if status >= 0:
        os._exit(status)
    ctypes.string_at(0)


@pytest.mark.parametrize("status", [0, 3, -signal.SIGSEGV])
def test_the_warm_process_learns_how_a_child_ended(status):
    report = try_out(end_with, status)
    assert (report.result, report.status) == (None, status)


def can_be_interrupted():
    import signal

    # Started in the background, Python leaves interrupts ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def interrupt(child):
    import os
    import signal

    os.kill(child, signal.SIGINT)


def test_an_interrupt_reaches_the_child():
    # KeyboardInterrupt is raised wherever Python stands then, and the child gives up with 70.
    report = try_out(can_be_interrupted, then=interrupt)
    assert report.status == 70


def cling_to_life():
    import ctypes
    import os
    import signal
    import time

    set_death_signal = 1
    ctypes.CDLL(None).prctl(set_death_signal, 0, 0, 0, 0)
    for number in range(1, 32):
        if number not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV):
            signal.signal(number, signal.SIG_IGN)
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            while True:
                time.sleep(1)
    return "clinging"


def start_another():
    import os
    import time

    if os.fork() == 0:
        while True:
            time.sleep(1)


def end_it(child):
    end(child, job["namespaces"])  # noqa: F821 - names of the warm process


def test_the_end_of_a_child_is_the_end_of_all_that_it_started(by):
    # That nobody is left, `try_out` asserts.
    report = try_out(cling_to_life, then=end_it, by=by)
    assert (report.result, report.status) == ("clinging", -signal.SIGKILL)


def lose_a_room():
    """A fork of the warm process that has forked a child itself is killed."""
    import os
    import signal
    import time

    def number_of_processes():
        return sum(name.isdigit() for name in os.listdir("/proc"))

    room = os.fork()
    if room == 0:
        if fork(True) == 0:  # noqa: F821 - names of the warm process
            enter(limits, True)  # noqa: F821
        time.sleep(60)
        os._exit(0)
    while number_of_processes() < 4:
        time.sleep(0.01)
    os.kill(room, signal.SIGKILL)
    os.waitpid(room, 0)
    for _ in range(200):
        if number_of_processes() == 2:
            return True
        time.sleep(0.05)
    return False


def test_a_child_ends_with_whoever_forked_it():
    assert try_out(wait, before=lose_a_room).before is True


def who_goes_first_without_memory(child):
    import os

    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with open(f"/proc/{name}/oom_score_adj") as file:
                found.append(int(file.read()))
    end(child, True)  # noqa: F821 - a name of the warm process
    return sorted(found)


def test_without_memory_the_system_ends_a_child_first():
    found = try_out(wait, then=who_goes_first_without_memory).then
    # The child, and not the warm process or bubblewrap's process 1.
    assert (len(found), found[-1], found[-2] < 1000) == (3, 1000, True)


def nobody_holds(pipe):
    """Whether nobody has the other end of a pipe open any more; waits for that."""
    readable, _, _ = select.select([pipe], [], [], 10)
    return bool(readable) and os.read(pipe, 1) == b""


CONDUCTOR = """
import subprocess, sys, time
subprocess.Popen(sys.argv[2:], pass_fds=[int(sys.argv[1])])
time.sleep(60)
"""


def test_everything_ends_with_the_conductor(by):
    ours, theirs = os.pipe()
    job = {
        "sources": [inspect.getsource(cling_to_life), inspect.getsource(wait_for_ever)],
        "arguments": [],
        "limits": asdict(TIGHT),
        "namespaces": True,
        "keep": [theirs],
        **{"attack": "cling_to_life", "then": "wait_for_ever", "neighbour": None, "before": None},
    }
    argv = [*(by or [sys.executable]), "-c", DRIVER, "{}", STAGE, json.dumps(job)]
    conductor = subprocess.Popen(
        [sys.executable, "-c", CONDUCTOR, str(theirs), *argv], pass_fds=[theirs]
    )
    os.close(theirs)
    with open(ours, "rb") as pipe:
        # Everybody in there holds the other end of this pipe; the warm process writes to it.
        assert pipe.readline() == b"started\n"
        conductor.kill()
        conductor.wait()
        assert nobody_holds(pipe.fileno())


def wait_for_ever(child):
    import time

    os.write(job["keep"][0], b"started\n")  # noqa: F821 - names of the warm process
    time.sleep(60)


# --- Without a sandbox -------------------------------------------------------------------------


def who_and_how():
    import os
    import resource

    kinds = ("CPU", "NOFILE", "FSIZE")
    limits = [resource.getrlimit(getattr(resource, f"RLIMIT_{kind}"))[0] for kind in kinds]
    return os.getsid(0) == os.getpid(), limits


def test_without_namespaces_a_child_has_a_session_of_its_own_and_limits():
    report = try_out(who_and_how, namespaces=False)
    assert report.result == [True, [TIGHT.cpu, TIGHT.files, TIGHT.file_size]]


def test_without_namespaces_too_a_child_ends_with_what_it_started():
    ours, theirs = os.pipe()
    report = try_out(start_another, then=end_it, namespaces=False, keep=(theirs,))
    os.close(theirs)
    assert report.status == -signal.SIGKILL
    assert nobody_holds(ours)
    os.close(ours)


# --- Where it has to work ----------------------------------------------------------------------


def import_something():
    import sqlite3
    import sys

    return sys.prefix, sqlite3.sqlite_version


def make_environment(folder, python):
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
    return ["env", f"PYTHONPATH={folder.parent}", str(folder / "bin/python")]


def test_an_environment_in_tmp_stays_there_for_children(readable_grader):
    folder = Path(readable_grader, "environment")
    by = make_environment(folder, sys.executable)
    assert try_out(import_something, by=by).result[0] == str(folder)
    report = try_out(create, ["/tmp", readable_grader, str(folder)], by=by)
    assert report.result == ["/tmp"]


def test_an_environment_whose_python_is_behind_links_works(readable_grader):
    # As uv makes them: through a link to the folder of the newest patch version.
    newest = Path(readable_grader, "newest")
    newest.symlink_to(sys.base_prefix)
    folder = Path(readable_grader, "environment")
    by = make_environment(folder, newest / "bin/python3")
    assert try_out(import_something, by=by).result[0] == str(folder)


def test_python_without_an_environment_works(readable_grader):
    python = os.path.realpath(sys.executable)
    by = ["env", f"PYTHONPATH={readable_grader}", python]
    assert try_out(import_something, by=by).result[0] == sys.base_prefix


def test_an_environment_made_in_the_course_s_folder_does_not_show_the_course(readable_grader):
    by = make_environment(Path(readable_grader), sys.executable)
    (Path(readable_grader) / "solutions").mkdir()
    [names] = try_out(listed, [readable_grader], by=by).result
    assert set(names) - {"lib64"} == {"bin", "include", "lib", "pyvenv.cfg"}


# --- Where it cannot work ----------------------------------------------------------------------


def test_the_check_is_content_here():
    sandbox.check()


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A folder that is the only one on the PATH, but for what the check itself needs."""
    for name in ("env", "setpriv", "unshare"):
        (tmp_path / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.skipif(os.getuid() != 0, reason="only root is root in a container")
def test_the_check_is_content_in_a_container_too():
    """Whose process ids are its own, and so is its /proc."""
    container = ["unshare", "--pid", "--fork", "--mount-proc"]
    check = [sys.executable, "-c", "from grader.host.engine import bubblewrap; bubblewrap.check()"]
    run = subprocess.run([*container, *check], cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


def test_without_bubblewrap_the_check_says_how_to_install_it(path):
    with pytest.raises(GraderError) as error:
        sandbox.check()
    assert "apt-get install bubblewrap" in str(error.value)
    assert "--no-sandbox" in str(error.value)
    assert "read, change and delete" in str(error.value)


def test_a_bubblewrap_that_may_not_work_is_quoted(path):
    bwrap = path / "bwrap"
    bwrap.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2; exit 1\n")
    bwrap.chmod(0o755)
    with pytest.raises(GraderError) as error:
        sandbox.check()
    assert "(bwrap: setting up uid map: Permission denied)" in str(error.value)
    assert "allow user namespaces" in str(error.value)
    assert "--no-sandbox" in str(error.value)


@pytest.mark.parametrize("by", ["as an ordinary user"], indirect=True)
def test_a_sandbox_in_which_children_cannot_be_shut_in_is_no_sandbox(by, readable_grader):
    bwrap = Path(readable_grader, "bwrap")
    real = shutil.which("bwrap")
    # As where the system lets bubblewrap make namespaces, and nobody inside it.
    bwrap.write_text(f'#!/bin/sh\nexec {real} --unshare-user --disable-userns "$@"\n')
    bwrap.chmod(0o755)
    run = subprocess.run(
        [*by, "-c", "from grader.host.engine import bubblewrap; bubblewrap.check()"],
        env={"PATH": f"{readable_grader}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert "GraderError" in run.stderr
    assert "A process could not be shut in" in run.stderr


def test_a_system_without_fork_is_told_so(monkeypatch):
    monkeypatch.delattr(os, "fork")
    with pytest.raises(GraderError, match="which this system has not"):
        sandbox.check()
