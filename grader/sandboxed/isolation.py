"""What a forked child does to itself before it runs anybody's code: a world of its own, and limits.

The warm process (`sandboxed.zygote`) makes a child with `fork`, and the child calls `enter` at
once. With namespaces it is process 1 of a world in which there is nobody else: no other process to
see, signal or trace, no network, no socket of others, an empty /tmp of limited size, nearly no
/proc, and nothing else that can be written. Everything it starts ends with it.

The kernel limits the memory of each process alone. So the warm process has a look at all of them
together from time to time, with `end_the_too_large`.

The warm process must be inside the sandbox of `host.engine.bubblewrap`: `enter` takes away what
one child could do to another and to the warm process, the sandbox takes away the machine's files.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import fcntl
import itertools
import os
import re
import resource
import signal
import struct
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from grader.protocol.errors import GraderError
from grader.protocol.lifetime import end_with_parent
from grader.protocol.limits import Limits
from grader.sandboxed.syscalls import refuse_system_calls

# From <linux/sched.h>.
_NAMESPACES = (
    0x00020000  # mounts
    | 0x04000000  # host name
    | 0x08000000  # System V objects and message queues
    | 0x10000000  # users
    | 0x20000000  # process ids
    | 0x40000000  # network
)
_CHILD_CLEARTID, _CHILD_SETTID = 0x00200000, 0x01000000
# The number of clone(2), from <asm/unistd.h>.
_CLONE = {"x86_64": 56, "aarch64": 220}
# From <linux/mount.h>.
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _MOVE, _REC = 1, 2, 4, 8, 32, 4096, 8192, 16384
# From <linux/prctl.h> and <linux/capability.h>.
_CAPBSET_DROP, _SET_NO_NEW_PRIVS, _CAP_AMBIENT, _CLEAR_ALL = 24, 38, 47, 4
_GET_TID_ADDRESS = 40
# What all children can open for writing; see bwrap(1) on --dev.
_DEVICES = ("null", "zero", "full", "random", "urandom")
# Each is /dev/null by another name.
_NULL_TOO = ("console", "tty")
# Seconds.
_STOPS_WITHIN = 1.0
_SETTLES = 0.002
# Of two that wake each other, one may get away once, but not so often in a row.
_TIMES_TO_STOP = 10
# Of all files together, 200 bytes each. Honest code has a few.
_MOST_LOCKS = 5_000
# F_OFD_SETLK, from <linux/fcntl.h>.
_LOCK_OF_OPEN_FILE = 37
# Mappings of a submission's processes together, of which honest ones have 2,000 each; and bytes of
# the kernel's own memory that may come before anybody counts them, which takes its time.
_MOST_MAPPINGS = 500_000
_KERNELS_ROOM = 2**30
_CAPABILITY_VERSION = 0x20080522
# Runtimes read these to count cores (cpuinfo of PyTorch and LiteRT, psutil). As they are now: what
# others do meanwhile is nobody's to read.
_SHOWN_OF_PROC = {
    name: Path("/proc", name).read_bytes()
    for name in ("cpuinfo", "meminfo", "stat")
    if os.path.exists(f"/proc/{name}")
}
# Each empty file costs the kernel about 1 KiB that the size of a tmpfs does not count.
_MOST_FILES_IN_SCRATCH = 16_384
_HELD = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap|HugetlbPages):\s+(\d+)", re.M)
_RUNS = re.compile(r"^(?:State|voluntary_ctxt_switches|nonvoluntary_ctxt_switches):\s+(\w+)", re.M)
# Asked here: in a new namespace nobody has a number yet.
_USER, _GROUP = os.getuid(), os.getgid()

_libc = ctypes.CDLL(None, use_errno=True)
# Calls of this one keep Python's lock, as a fork must.
_locked_libc = ctypes.PyDLL(None, use_errno=True)


def hold_devices() -> None:
    """Locks the devices that all children open, for reading and for as long as this process lives.

    Else what one child has locked for writing another could find out by trying the same. So it
    fails for everybody, whoever else tries.
    """
    whole = struct.pack("hhqqi", fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
    for name in _DEVICES:
        with contextlib.suppress(OSError):
            # Kept open; a lock of the open file, as others close the same device.
            fcntl.fcntl(os.open(f"/dev/{name}", os.O_RDONLY), _LOCK_OF_OPEN_FILE, whole)


def fork(namespaces: bool) -> int:
    """Like os.fork; with namespaces, the child is process 1 of new ones.

    os.fork and unshare(2) would take a second fork for that, because the namespace of process ids
    only holds for children, and a fork of so large a process is most of what a child costs. To be
    called with one thread.

    Raises:
        GraderError: when the kernel refuses.
    """
    if not namespaces:
        return os.fork()
    machine = os.uname().machine
    if machine not in _CLONE:
        raise GraderError(f"A process could not be shut in: {machine} is not known.")
    flags, thread = _NAMESPACES | signal.SIGCHLD, ctypes.c_void_p()
    if _libc.prctl(_GET_TID_ADDRESS, ctypes.byref(thread), 0, 0, 0) == 0:
        # There the C library keeps the thread's number.
        flags |= _CHILD_SETTID | _CHILD_CLEARTID
    ctypes.pythonapi.PyOS_BeforeFork()
    # One machine takes the address as the fourth argument, the other as the fifth; the one left
    # over is not looked at.
    child: int = _locked_libc.syscall(
        _CLONE[machine], ctypes.c_ulong(flags), None, None, thread, thread
    )
    if child == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
    else:
        ctypes.pythonapi.PyOS_AfterFork_Parent()
    if child == -1:
        why = os.strerror(ctypes.get_errno())
        raise GraderError(f"A process could not be shut in: {why}.")
    return child


def enter(
    limits: Limits, namespaces: bool, keep: Sequence[int] = (), covered: Sequence[str] = ()
) -> None:
    """Shuts the calling process in: a child of `fork`, at once.

    With namespaces its working folder is then /tmp, which is empty.

    Without namespaces (--no-sandbox) it only gets a session of its own, and limits of CPU time,
    open files and file size; it can read, write and signal whatever the teacher can. Processes
    stay unlimited, as the kernel counts all of the teacher's; memory too, as a machine that the
    child may harm at will gains nothing by it, and the teacher's own code could fail.

    Args:
        limits: what it may use.
        namespaces: whether it has a world of its own, as told to `fork`.
        keep: open file descriptors that stay open, besides 0, 1 and 2.
        covered: with namespaces, files and folders that are to be empty.

    Raises:
        GraderError: when the kernel refuses. The child must not run anything then.
    """
    # 0 would keep a core out of a file, but still hand it to a program that collects them.
    _limit(resource.RLIMIT_CORE, 1)
    try:
        if namespaces:
            _own_world(limits, covered)
        else:
            os.setsid()
        _close_all_but({0, 1, 2, *keep})
        os.umask(0o077)
        _limit(resource.RLIMIT_CPU, limits.cpu)
        _limit(resource.RLIMIT_NOFILE, limits.files)
        _limit(resource.RLIMIT_FSIZE, limits.file_size)
    except OSError as error:
        raise GraderError(f"A process could not be shut in: {error}.") from error


def end(child: int, namespaces: bool) -> None:
    """Ends a child that called `enter`, and everything it started. To be waited for as before."""
    with contextlib.suppress(ProcessLookupError):
        if namespaces:
            os.kill(child, signal.SIGKILL)
        else:
            os.killpg(child, signal.SIGKILL)


def pause(child: int, stop: bool) -> bool:
    """Stops a child that called `enter`, and all that it started, or lets them go on.

    Until all stand still one may wake another; a child that does so for too long is ended. Later
    the kernel may still wake one: a terminal that is hung up does, and a parent's end. What would
    be too many to refuse is seen by whether anything has run; a child that has is ended, too.

    Returns:
        Whether they stand still, or have done so since they were stopped.
    """
    number = signal.SIGSTOP if stop else signal.SIGCONT
    until = time.monotonic() + _STOPS_WITHIN
    before = _stopped.pop(child, None)
    stood_still = stop or before is None or before == _has_run(child)
    while stood_still and _signal_all(child, number):
        # The one that they are not.
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)
        family = _family(child, _processes_below())
        others = [process for process in family if not stop or not _is_stopped(process)]
        for process in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)
        if not stop:
            return True
        if not others:
            before = _has_run(child)
            # Who is about to stand still has a last step to take.
            time.sleep(_SETTLES)
            if before == _has_run(child):
                _stopped[child] = before
                return True
        if time.monotonic() > until:
            break
    end(child, True)
    return False


# By child that was stopped, what was to be seen of its threads then.
_stopped: dict[int, dict[str, str]] = {}


def _has_run(child: int) -> dict[str, str]:
    """What each thread of a child, and of all that it started, does, and how often it has run.

    Nobody is woken without that: who runs, even to end or to stop at once, shows in it.
    """
    seen = {}
    for process in _family(child, _processes_below()):
        for thread in _threads_of(process):
            with contextlib.suppress(OSError):
                status = Path(thread, "status").read_text(errors="replace")
                does = _RUNS.findall(status)
                # Who ends has a last step to take, in its own time.
                ends = not does or does[0] in "ZX"
                seen[str(thread)] = "ended" if ends else " ".join(does)
    return seen


def _signal_all(child: int, number: int) -> bool:
    """Signals all that a child of `fork` with namespaces has started; says if nobody hindered it.

    No list of them would do: who forks, and forks again, is gone before anybody looks. The kernel
    signals all of a namespace in one go, but for its process 1, and for who asks from within.
    """
    try:
        helper = os.fork()
    except OSError:
        # There may be room for one in a moment; till then what can be seen has to do.
        return True
    if helper != 0:
        return os.waitpid(helper, 0)[1] == 0
    try:
        try:
            for name in ("user", "pid"):
                place = os.open(f"/proc/{child}/ns/{name}", os.O_RDONLY)
                _check("setns", _libc.setns(place, 0))
        except OSError:
            # It has ended, or nobody may on this machine: then what can be seen has to do.
            os._exit(0)
        # Only who is forked now is in there.
        inside = os.fork()
        if inside != 0:
            # Somebody in there may have stopped it in its turn.
            os._exit(os.waitpid(inside, os.WUNTRACED)[1] != 0)
        for _ in range(_TIMES_TO_STOP if number == signal.SIGSTOP else 1):
            # Else there is nobody but process 1.
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, number)
            time.sleep(0.0002)
        os._exit(0)
    finally:
        os._exit(1)


def _is_stopped(process: int) -> bool:
    """Whether a process stands still, all its threads. One that has ended does."""
    states = set()
    # What the process itself says is of its first thread, which may have ended before the others.
    for thread in _threads_of(process):
        with contextlib.suppress(OSError):
            stat = Path(thread, "stat").read_bytes()
            states.add(stat.rpartition(b")")[2].split()[0])
    return states <= {b"T", b"Z", b"X"}


def _threads_of(process: int) -> list[Path]:
    """The folders that speak of its threads."""
    try:
        return list(Path(f"/proc/{process}/task").iterdir())
    except OSError:
        return []


def end_the_too_large(children: Mapping[int, int]) -> None:
    """Ends every child that uses too much memory together with all that it started.

    Args:
        children: of the calling process, with namespaces → bytes that it may use, besides what it
            got by the fork.
    """
    inherited = _own_pages(os.getpid())
    below = _processes_below()
    locks = _locks(_MOST_LOCKS * (1 + len(children))) if children else {}
    for child, memory in children.items():
        family = _family(child, below)
        # What two of them share since counts twice.
        pages = sum(max(0, _own_pages(process) - inherited) for process in family)
        many = sum(locks.get(process, 0) for process in family) > _MOST_LOCKS
        if many or pages * resource.getpagesize() > memory:
            end(child, True)
    _end_who_share_too_much(children, below)
    if _of_machine("SUnreclaim") - _KERNELS_AT_FIRST > _KERNELS_ROOM:
        _end_who_map_too_much(children, below)


def _end_who_map_too_much(children: Iterable[int], below: Mapping[int, list[int]]) -> None:
    """Ends every child with too many mappings.

    Each process has for each mapping as many records of the kernel's as it has forebears that are
    there. They count for nobody, and take so long to clear away that all others would wait.
    """
    for child in children:
        left = _MOST_MAPPINGS
        for process in _family(child, below):
            left -= _maps(process).count(b"\n")
            if left < 0:
                end(child, True)
                break


def _locks(most: int) -> collections.Counter[int]:
    """Locks on files by process: memory of the kernel's that counts for nobody.

    The kernel takes the longer for each line the more there are, so no more than `most` are read.
    """
    # No list of locks that is understood: an odd kernel.
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/locks", "rb") as lines:
        # "1: POSIX  ADVISORY  READ 4711 08:01:42 0 EOF", after the number "->" for one that waits.
        whose = (line.replace(b"-> ", b"").split()[4] for line in lines)
        return collections.Counter(map(int, itertools.islice(whose, most)))
    return collections.Counter()


def _end_who_share_too_much(children: Mapping[int, int], below: Mapping[int, list[int]]) -> None:
    """Ends one of those that keep shared memory, if all that the machine has is more than they may.

    Such memory stays as long as one page of it is mapped, and counts for no process that has not
    touched it, or has said that it does not need it for now. So nobody knows whose it is: the one
    that has touched most pages has to go, and at the next look another, if that was not enough. Who
    has never touched as much as it may have keeps none of what others on the machine share. But
    nobody knows what a process had touched that ended and was not waited for, nor how large pages
    are: so whoever was there while so much came may have it, too.
    """
    # Files count for whoever is shut in with them, and have a limit, also where another room has
    # forked it: else who fills a /tmp there has those ended here who share a page.
    shared = _shared_by_all() - _in_files(itertools.chain(*below.values()))
    for child in _shared_before.keys() - children:
        del _shared_before[child]
    for child in children:
        _shared_before.setdefault(child, shared)
    more = shared - _SHARED_AT_FIRST
    if not children or more <= min(children.values()):
        return
    touched = {}
    for child, memory in children.items():
        family = _family(child, below)
        pages = sum(map(_faults, family))
        most = max(pages * resource.getpagesize(), shared - _shared_before[child])
        if most > memory and any(map(_shares, family)):
            touched[child] = pages
    if touched and more > sum(children[child] for child in touched):
        one = max(touched, key=touched.__getitem__)
        known = touched[one] * resource.getpagesize() > children[one]
        # Who has only been there while it came has not been seen to touch it: another's may go at
        # the same moment, and would look like this one's.
        _ended_for_shared[one] = _shared_by_all() - children[one] // 2 if known else -1
        end(one, True)


def ended_in_vain(child: int) -> bool:
    """Whether a child was ended for shared memory that is still there now that it has gone, or
    that it has not been seen to touch: then it may have been another's, who may have been forked
    elsewhere. To be asked when it was waited for."""
    return _shared_by_all() > _ended_for_shared.pop(child, sys.maxsize)


def _faults(process: int) -> int:
    """How often it, or one that it has waited for, has touched a page that was not there yet."""
    with contextlib.suppress(OSError):
        stat = Path(f"/proc/{process}/stat").read_bytes()
        return sum(map(int, stat.rpartition(b")")[2].split()[7:9]))
    return 0


def _of_machine(what: str) -> int:
    """Bytes of the machine's memory that are of this kind."""
    with contextlib.suppress(OSError), open("/proc/meminfo") as lines:
        for line in lines:
            if line.startswith(f"{what}:"):
                return int(line.split()[1]) * 1024
    return 0


def _shared_by_all() -> int:
    """Bytes of shared memory that there are on the machine, of files in memory, too."""
    return _of_machine("Shmem")


def _in_files(processes: Iterable[int]) -> int:
    """Bytes of files in memory that those of them have who are shut in, each folder once."""
    sizes, own = dict[int, int](), os.stat("/proc/self/ns/mnt").st_ino
    for process in processes:
        # It may have ended meanwhile, or not be shut in yet.
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{process}/ns/mnt").st_ino == own:
                continue
            for folder in ("tmp", "dev/shm"):
                place = f"/proc/{process}/root/{folder}"
                space, kind = os.statvfs(place), os.stat(place).st_dev
                sizes[kind] = (space.f_blocks - space.f_bfree) * space.f_frsize
    return sum(sizes.values())


_SHARED_AT_FIRST = _shared_by_all()
_KERNELS_AT_FIRST = _of_machine("SUnreclaim")
# By child, what there was when it was first looked at.
_shared_before: dict[int, int] = {}
# By child that was ended for it, what there may be at most without it if it was its own.
_ended_for_shared: dict[int, int] = {}


def _shares(process: int) -> bool:
    """Whether it has shared memory that is no file's."""
    return b"/dev/zero (deleted)" in _maps(process)


def _maps(process: int) -> bytes:
    """What its memory is made of, a line each; nothing for a process that has ended."""
    for place in (Path(f"/proc/{process}"), *_threads_of(process)):
        with contextlib.suppress(OSError):
            # A first thread that has ended before the others says nothing of it.
            if maps := Path(place, "maps").read_bytes():
                return maps
    return b""


def _own_world(limits: Limits, covered: Sequence[str]) -> None:
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{_USER} {_USER} 1")
    _write("/proc/self/gid_map", f"{_GROUP} {_GROUP} 1")
    # Whoever makes a further world has all rights in it, such as mounting a /tmp without a limit.
    _write("/proc/sys/user/max_user_namespaces", "0")

    end_with_parent()
    # The first to be ended when the machine's memory is used up.
    _write("/proc/self/oom_score_adj", "1000")
    # A group of its own: kill(0, …) reaches the whole group, also those that cannot be seen.
    os.setsid()
    _cover(covered)
    _mounts(limits.scratch)
    _limit(resource.RLIMIT_NPROC, limits.processes)
    _limit(resource.RLIMIT_AS, limits.memory + pages * resource.getpagesize())
    _limit(resource.RLIMIT_MSGQUEUE, 0)
    _limit(resource.RLIMIT_MEMLOCK, 0)
    _limit(resource.RLIMIT_SIGPENDING, 1024)
    if limits.cores:
        os.sched_setaffinity(0, limits.cores)
    _drop_capabilities()
    refuse_system_calls()


def _mounts(scratch: int) -> None:
    """Leaves nothing that can be written but an own /tmp, /dev/shm and /dev/pts.

    A new /proc may not be mounted inside a sandbox, and the one that is there shows the other
    children. So it is covered, but for pictures of a few files that speak of the machine; the two
    of `self` say the same in every child.
    """
    own = _NOSUID | _NODEV
    in_tmp = _shown_in_tmp()
    _mount("tmpfs", "/dev/shm", "tmpfs", own | _NOEXEC, "mode=755")
    for name, content in _SHOWN_OF_PROC.items():
        Path("/dev/shm", name).write_bytes(content)
    # TensorFlow asks on its first operation which program it is in, and ends it without an answer.
    Path("/dev/shm/self").mkdir(0o755)
    Path("/dev/shm/self/exe").symlink_to(sys.executable)
    Path("/dev/shm/self/cmdline").write_bytes(b"grader\0")
    _mount("/dev/shm", "/proc", "", _MOVE)
    _mount("", "/proc", "", _REMOUNT | _BIND | _RDONLY | own | _NOEXEC)

    size = f"size={scratch},nr_inodes={_MOST_FILES_IN_SCRATCH},mode=700"
    _mount("tmpfs", "/dev/shm", "tmpfs", own, size)
    for name in in_tmp:
        Path("/dev/shm", name).mkdir()
        _mount(f"/tmp/{name}", f"/dev/shm/{name}", "", _BIND | _REC)
        _mount("", f"/dev/shm/{name}", "", _REMOUNT | _BIND | _RDONLY | own)
    _mount("/dev/shm", "/tmp", "", _MOVE)
    _mount("tmpfs", "/dev/shm", "tmpfs", own, size)
    os.chdir("/tmp")  # The working folder was in the warm process's /tmp.
    # The one device that cannot be held (`hold_devices`) without being somebody's terminal.
    if os.path.exists("/dev/tty"):
        _mount(os.devnull, "/dev/tty", "", _BIND)
    for name in (*_DEVICES, *_NULL_TOO):
        _leave_untouched(f"/dev/{name}")
    # IPython runs `!command` on a terminal; one that another child cannot open.
    _mount("devpts", "/dev/pts", "devpts", _NOSUID | _NOEXEC, "newinstance,ptmxmode=0666,max=16")


def _leave_untouched(device: str) -> None:
    """Lets nobody touch a device, which can be written to all the same.

    Else whoever may write to it sets when it was last touched, and all sandboxes see that.
    """
    if os.path.exists(device):
        _mount(device, device, "", _BIND)
        _mount("", device, "", _REMOUNT | _BIND | _RDONLY | _NOSUID | _NOEXEC)


def _cover(places: Sequence[str]) -> None:
    """Puts an empty folder over each folder, and an empty file over each file, that is there."""
    for place in places:
        if os.path.isdir(place):
            _mount(
                "tmpfs", place, "tmpfs", _RDONLY | _NOSUID | _NODEV | _NOEXEC, "size=4k,mode=555"
            )
        elif os.path.exists(place):
            _mount(os.devnull, place, "", _BIND)


def _shown_in_tmp() -> set[str]:
    """Folders right in /tmp that the sandbox shows something of: somebody tries the course there.

    The fifth field of each line is where something is mounted: proc_pid_mountinfo(5).
    """
    # As bytes, which is all that a name of a folder need be.
    mounts = Path("/proc/self/mountinfo").read_bytes().splitlines()
    places = (line.split()[4] for line in mounts)
    return {os.fsdecode(place.split(b"/")[2]) for place in places if place.startswith(b"/tmp/")}


def _processes_below() -> dict[int, list[int]]:
    """By number of a process, the numbers of those that it has started."""
    below: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                # "12 (any name) S 1 …": the number, the name, the state, the parent.
                after_name = Path("/proc", name, "stat").read_bytes().rpartition(b")")[2]
                below.setdefault(int(after_name.split()[1]), []).append(int(name))
    return below


def _family(child: int, below: Mapping[int, list[int]]) -> list[int]:
    """A process and all below it."""
    family = [child]
    for process in family:
        family += below.get(process, [])
    return family


def _own_pages(process: int) -> int:
    """Memory that is no file's, shared or not, also out on disk; 0 for a process that has ended."""
    for place in (Path(f"/proc/{process}"), *_threads_of(process)):
        try:
            # Its name, which it chooses, may be no text.
            status = Path(place, "status").read_bytes()
        except OSError:
            continue
        kib = [int(value) for value in _HELD.findall(status)]
        # A first thread that has ended before the others says nothing of it.
        if kib:
            return sum(kib) * 1024 // resource.getpagesize()
    return 0


def _drop_capabilities() -> None:
    for number in range(64):
        if _libc.prctl(_CAPBSET_DROP, number, 0, 0, 0):
            break  # The kernel knows no more of them.
    _check("prctl", _libc.prctl(_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0))
    _check("prctl", _libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _check("capset", _libc.capset(header, (ctypes.c_uint32 * 6)()))


def _close_all_but(keep: set[int]) -> None:
    low = 0
    for fd in sorted(keep):
        if low < fd:  # An empty range up to 0 means all of them to os.closerange.
            os.closerange(low, fd)
        low = fd + 1
    highest = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    os.closerange(low, os.sysconf("SC_OPEN_MAX") if highest == resource.RLIM_INFINITY else highest)


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _limit(what: int, value: int) -> None:
    most = resource.getrlimit(what)[1]
    if most != resource.RLIM_INFINITY:
        value = min(value, most)
    resource.setrlimit(what, (value, value))


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    result = _libc.mount(
        source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode()
    )
    _check(f"mount on {target}", result)


def _check(what: str, result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
