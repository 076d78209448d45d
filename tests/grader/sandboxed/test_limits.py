"""What a shut-in process may use up: time, memory, processes, files. Tried out for real."""

from __future__ import annotations

import os
import resource
import signal
from dataclasses import replace

import pytest

from grader.protocol.limits import MIB
from tests.grader.shut_in import TIGHT, try_out

pytestmark = pytest.mark.usefixtures("bubblewrap")


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


def hide_memory(size, how):
    import contextlib
    import ctypes
    import mmap
    import os
    import signal
    import threading
    import time

    # What a process has touched that nobody waits for, no count has.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    libc = ctypes.CDLL(None)

    def hold():
        time.sleep(0.3)
        if how == "behind a thread that has ended":
            held.append(bytearray(b"x") * (size // 4))
        else:
            # What it leaves mapped is one page of each.
            part, page = 10 * 2**20, mmap.PAGESIZE
            for _ in range(size // 4 // part):
                memory = mmap.mmap(-1, part)
                writer = os.fork() if how == "written by who has ended" else 0
                if writer == 0:
                    memory.write(bytes(part))
                    if how == "written by who has ended":
                        os._exit(0)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(writer, 0) if writer else None
                start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
                held.append(memory)
                libc.munmap(ctypes.c_void_p(start + page), ctypes.c_size_t(part - page))
        time.sleep(60)

    held = []
    for _ in range(8):
        if os.fork() == 0:
            threading.Thread(target=hold, daemon=True).start()
            if how == "behind a thread that has ended":
                libc.syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)
            time.sleep(60)
            os._exit(0)
    time.sleep(30)
    return "all is there"


@pytest.mark.parametrize(
    "how",
    ["behind a thread that has ended", "where nothing is mapped", "written by who has ended"],
)
def test_memory_that_no_process_seems_to_have_is_limited(how):
    report = try_out(hide_memory, TIGHT.memory, how, limits=replace(TIGHT, processes=40))
    assert (report.result, report.status) == (None, -signal.SIGKILL)
    assert report.seconds < 20


def lock_many_bytes(how, many):
    import ctypes
    import fcntl
    import os
    import struct
    import time

    libc = ctypes.CDLL(None, use_errno=True)
    # What they have in common keeps the locks of those that have ended.
    clone, share_files = {"x86_64": 56, "aarch64": 220}[os.uname().machine], 0x400 | 17
    held = []
    for number in range(4):
        if how == "of who has ended":
            started = libc.syscall(clone, share_files, 0, 0, 0, 0)
            if started < 0:
                return os.strerror(ctypes.get_errno())
        else:
            started = os.fork()
        if started == 0:
            for name in range(20):
                # Of one file the next lock takes the longer the more it has.
                held.append(os.open(f"/tmp/{number}-{name}", os.O_RDWR | os.O_CREAT))
                for place in range(many // 80):
                    if how == "of no process":
                        lock = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 2 * place, 1, 0)
                        fcntl.fcntl(held[-1], 37, lock)
                    else:
                        fcntl.lockf(held[-1], fcntl.LOCK_EX, 1, 2 * place)
            time.sleep(2)
            os._exit(0)
    return [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(4)]


def test_locks_count_as_memory():
    roomy = replace(TIGHT, cpu=10)
    report = try_out(lock_many_bytes, "", 40_000, limits=roomy)
    assert (report.result, report.status) == (None, -signal.SIGKILL)
    assert try_out(lock_many_bytes, "", 4_000, limits=roomy).result == [0] * 4


def test_each_lock_is_of_a_process_that_is_there():
    assert try_out(lock_many_bytes, "of who has ended", 80).result == "Operation not permitted"
    assert 0 not in try_out(lock_many_bytes, "of no process", 80).result


def keep_a_little():
    import mmap
    import time

    held = mmap.mmap(-1, 4096)
    held.write(b"mine")
    time.sleep(0.5)
    # Files have a limit of their own.
    with open("/tmp/file", "wb") as file:
        for _ in range(60):
            file.write(bytes(2**20))
    time.sleep(1)
    return len(held)


def test_a_little_shared_memory_is_no_crime():
    roomy = replace(TIGHT, memory=40 * MIB, file_size=70 * MIB, scratch=70 * MIB)
    assert try_out(keep_a_little, limits=roomy).result == 4096


def count_at_once():
    from grader.sandboxed import isolation

    isolation._KERNELS_ROOM, isolation._MOST_MAPPINGS = -(2**60), 10_000


def map_much(each):
    import ctypes
    import mmap
    import os
    import threading
    import time

    libc = ctypes.CDLL(None)
    memory = mmap.mmap(-1, each * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for page in range(0, each, 2):
        libc.mprotect(ctypes.c_void_p(start + page * mmap.PAGESIZE), ctypes.c_size_t(1), 1)
    for _ in range(5):
        if os.fork() == 0:
            threading.Thread(target=time.sleep, args=(2,)).start()
            # The first thread ends, the other goes on.
            libc.syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)
    time.sleep(1.5)
    return "all is there"


def test_mappings_are_memory_of_the_kernels():
    report = try_out(map_much, 4_000, before=count_at_once)
    assert (report.result, report.status) == (None, -signal.SIGKILL)
    assert try_out(map_much, 400, before=count_at_once).result == "all is there"


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


def name_itself():
    import ctypes
    import time

    ctypes.CDLL(None).prctl(15, b"\xff) R\n", 0, 0, 0)
    time.sleep(0.5)
    return True


def test_who_has_a_name_that_is_no_text_is_looked_at_like_others():
    assert try_out(name_itself).result


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


def be_there_while_another_takes_too_much():
    from grader.sandboxed import isolation

    ended, sizes = [], iter([0, 0, 3000, 3000, 100])
    isolation._SHARED_AT_FIRST = 0
    isolation._in_files = lambda processes: 0
    isolation._shared_by_all = lambda: next(sizes)
    isolation._shares = lambda process: True
    isolation._faults = lambda process: 0
    isolation.end = lambda child, namespaces: ended.append(child)
    for _ in range(3):
        isolation._end_who_share_too_much({7: 1000}, {})
    return ended, isolation.ended_in_vain(7)


def test_nobody_is_blamed_for_shared_memory_that_another_may_have_had():
    """The other's has gone, too, when its process was waited for."""
    assert try_out(be_there_while_another_takes_too_much).result == [[7], True]
