"""What a shut-in process may do and see, and how it ends: tried out for real."""

from __future__ import annotations

import inspect
import json
import os
import select
import signal
import socket
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.grader.shut_in import DRIVER, STAGE, TIGHT, environments, listed, try_out, wait

pytestmark = pytest.mark.usefixtures("bubblewrap")


# --- Seeing ------------------------------------------------------------------------------------


def test_a_child_sees_no_other_process():
    everybody = try_out(listed, ["/proc", "/proc/self"], before=environments)
    assert everybody.result == [["cpuinfo", "meminfo", "self", "stat"], ["cmdline", "exe"]]
    assert len(everybody.before) == 3


def read_of_the_machine(*_):
    import time
    from pathlib import Path

    pictures = []
    for _ in range(2):
        pictures.append([Path("/proc", name).read_text() for name in ("stat", "meminfo")])
        until = time.process_time() + 0.1
        while time.process_time() < until:
            bytearray(10**6)
    return pictures[0] == pictures[1], "cpu0" in pictures[0][0], "MemTotal" in pictures[0][1]


def test_what_a_child_reads_of_the_machine_does_not_change_with_what_others_do():
    report = try_out(read_of_the_machine, neighbour=read_of_the_machine)
    assert report.result == report.neighbour == [True, True, True]


def touch_devices(*_):
    import os

    found = {}
    for name in ("console", "full", "null", "random", "tty", "urandom", "zero"):
        place = f"/dev/{name}"
        with open(place, "r+b", buffering=0):
            before = os.stat(place)
        try:
            os.utime(place)
            found[name] = "touched"
        except OSError as error:
            found[name] = error.strerror
        if os.stat(place).st_mtime_ns != before.st_mtime_ns:
            found[name] = "changed"
    with open("/dev/null", "wb", buffering=0) as null:
        return sorted(set(found.values())), null.write(b"gone")


def test_nobody_touches_a_device_whose_times_all_see():
    report = try_out(touch_devices, neighbour=touch_devices)
    assert report.result == report.neighbour == [["Read-only file system"], 4]


def be_busy():
    import os
    import signal
    import threading

    # They wake each other for as long as they can.
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGCONT))
    for number in range(3):
        if os.fork() == 0:
            os.setsid() if number else None
            signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
            while True:
                os.kill(1, signal.SIGCONT)
    threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()


def stop_and_go_on(child):
    import time

    from grader.sandboxed.isolation import _family, _processes_below, end, pause

    def states():
        found = []
        for process in _family(child, _processes_below()):
            with open(f"/proc/{process}/stat") as file:
                parts = file.read().rpartition(")")[2].split()
            found.append((parts[0], parts[11], parts[12]))
        return sorted(found)

    time.sleep(0.2)
    pause(child, True)
    time.sleep(0.05)
    before = states()
    time.sleep(0.5)
    stood_still = before == states()
    pause(child, False)
    time.sleep(0.3)
    goes_on = before != states()
    end(child, True)
    return [state for state, *_ in before], stood_still, goes_on


def test_a_child_can_be_stopped_with_all_that_it_started_and_goes_on():
    assert try_out(be_busy, then=stop_and_go_on).then == [["T"] * 4, True, True]


def wake_one(child):
    import os
    import signal
    import time

    from grader.sandboxed.isolation import _family, _processes_below, end, pause

    found = []
    for woken in (False, True):
        time.sleep(0.2)
        found.append(pause(child, True))
        if woken:
            # As the kernel may, of its own: when a terminal is hung up, say.
            one = _family(child, _processes_below())[-1]
            os.kill(one, signal.SIGCONT)
            time.sleep(0.05)
            os.kill(one, signal.SIGSTOP)
        found.append(pause(child, False))
    end(child, True)
    return found


def test_who_is_woken_while_it_is_to_stand_still_is_found_out():
    assert try_out(be_busy, then=wake_one).then == [True, True, True, False]


def hide_from_looks(how):
    import ctypes
    import os
    import signal
    import threading

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    libc = ctypes.CDLL(None)

    file = os.open("/tmp/count", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def count():
        while True:
            os.write(file, b"x")
            # Nobody is there for long, but where there are too many. Python's own fork would take
            # ten times longer.
            if how == "by forks" and libc.fork() > 0:
                libc._exit(0)

    for _ in range(6):
        if os.fork() == 0:
            threading.Thread(target=count).start() if how == "by a thread" else count()
            # The first thread ends; the other goes on.
            libc.syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)


def count_goes_on(child):
    import os
    import time

    from grader.sandboxed.isolation import end, pause

    def counted():
        before = os.stat(f"/proc/{child}/root/tmp/count").st_size
        time.sleep(0.5)
        return os.stat(f"/proc/{child}/root/tmp/count").st_size > before

    time.sleep(0.3)
    found = [counted()]
    for stop in (True, False):
        pause(child, stop)
        found.append(counted())
    end(child, True)
    return found


@pytest.mark.parametrize("how", ["by a thread", "by forks"])
def test_who_is_hard_to_see_stands_still_too(how):
    many = replace(TIGHT, processes=40)
    report = try_out(hide_from_looks, how, then=count_goes_on, limits=many)
    assert report.then == [True, False, True]


def stop_who_comes():
    import ctypes
    import os
    import signal

    libc = ctypes.CDLL(None)
    if os.fork() == 0:
        while True:
            libc.kill(-1, signal.SIGSTOP)


def stop_it_at_once(child):
    import time

    from grader.sandboxed.isolation import end, pause

    time.sleep(0.3)
    begun = time.monotonic()
    pause(child, True)
    end(child, True)
    return time.monotonic() - begun


def test_nobody_stops_who_is_to_stop_them():
    assert try_out(stop_who_comes, then=stop_it_at_once).then < 15


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
    prefixes = Path(sys.prefix), Path(sys.base_prefix)
    installed = {prefix.parts[2] for prefix in prefixes if prefix.is_relative_to("/tmp")}
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


# --- Signals, tracing, sockets -----------------------------------------------------------------


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


def use_a_terminal_of_its_own():
    import os

    ours, theirs = os.openpty()
    return os.ttyname(theirs), os.isatty(ours)


def test_a_child_can_have_a_terminal_that_no_other_child_can_open():
    report = try_out(use_a_terminal_of_its_own, neighbour=use_a_terminal_of_its_own)
    # Both are number 0, each of an own set.
    assert report.neighbour == report.result == ["/dev/pts/0", True]


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

    ready, entered = os.pipe()
    room = os.fork()
    if room == 0:
        if fork(True) == 0:  # noqa: F821 - names of the warm process
            enter(limits, True, [entered])  # noqa: F821
            os.write(entered, b".")
        time.sleep(60)
        os._exit(0)
    # Before it is shut in a child ends with nobody.
    os.read(ready, 1)
    assert number_of_processes() == 4
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
