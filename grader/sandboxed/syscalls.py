"""System calls that a shut-in process does without, refused by a seccomp filter.

Namespaces and limits, in `sandboxed.isolation`, do most of the work. The filter closes what they
leave open: memory that no limit counts, sockets that a network namespace does not hold back, and
parts of the kernel that exercises have no use for and that have been broken out of before.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from functools import cache
from typing import NamedTuple

# Numbers on x86_64 and on aarch64, from <asm/unistd.h>.
_REFUSED = {
    # Memory outside of any address space and of /tmp.
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    # Pages in pipes and sockets: one byte keeps all of a page, or of a large one. Python's own
    # modules copy in another way where sendfile is refused.
    "vmsplice": (278, 75),
    "splice": (275, 76),
    "sendfile": (40, 71),
    # Lists of access that the size of /tmp does not count.
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    # Rules of one's own for files, as many as one likes.
    "landlock_create_ruleset": (444, 444),
    # Events of files that all see tell who opens them.
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    # So does what of them is in the page cache. mincore tells the owner of a file, who may be
    # whoever grades.
    "cachestat": (451, 451),
    "mincore": (27, 232),
    "move_pages": (279, 239),
    # Keys lie in a ring that the warm process's children share.
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # A process stays on the cores that the caller gave it.
    "sched_setaffinity": (203, 122),
    # Other processes' memory and files: there are only its own.
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    # What it opens has a number, which counts all processes that the machine has ever started, and
    # leads to its namespaces, which are numbered so, too.
    "pidfd_open": (434, 434),
    # So has what something is mounted at, which counts all mounts.
    "name_to_handle_at": (303, 264),
    "process_madvise": (440, 440),
    # io_uring could open sockets past this filter.
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    # How full any file system of the machine is, such as the /tmp of who was told to stand still.
    "ustat": (136, None),
    # Where the sandbox's mounts come from: paths of the machine.
    "statmount": (457, 457),
    "listmount": (458, 458),
    # What the kernel noted of all processes, such as where one broke, which it may choose.
    "syslog": (103, 116),
    # Programs of its own for the kernel, and requests that a limit of the whole machine counts.
    "seccomp": (317, 277),
    "io_setup": (206, 0),
    "io_submit": (209, 2),
    # A signal of the kernel's own would wake a process that was stopped.
    "timer_create": (222, 107),
}
# As on an older kernel: what these are asked for no filter sees. All who call them know clone and
# openat, too. By RESOLVE_CACHED, openat2 says of a name whether anybody has asked for it before.
_MISSING = {"clone3": (435, 435), "openat2": (437, 437)}
# As if it had worked: a lock that all who open a file would see, whatever they may do with it.
_PASSED_OVER = {"flock": (73, 32)}
# For two that are connected the kernel makes one of any family first, too.
_SOCKETS = {"socket": (41, 198), "socketpair": (53, 199)}
_IN_VAIN, _NOT_SUPPORTED = 0, errno.EOPNOTSUPP


class _Refused(NamedTuple):
    """What is refused of a call that goes through otherwise.

    Attributes:
        numbers: of the call.
        argument: which one says it, from 0.
        answers: by its value, the error; `_IN_VAIN` looks as if it had worked.
        where: another argument and its value, without which nothing is refused.
        bits: whether each value is of bits, any of which is enough.
        part: the bits of the argument that are looked at.
    """

    numbers: tuple[int, int]
    argument: int
    answers: dict[int, int]
    where: tuple[int, int] | None = None
    bits: bool = False
    part: int = 0xFFFFFFFF


_REFUSED_WITH = (
    # ioctl of file systems, by the letter that theirs have in common: ext4 tells what of a file it
    # has in memory, which is whatever somebody has asked before, and has marks that anybody sets.
    # The letters of ext4 and others, of their versions, of XFS, of Btrfs and of F2FS.
    _Refused(
        (16, 29),
        1,
        dict.fromkeys((0x6600, 0x7600, 0x5800, 0x9400, 0xF500), errno.ENOTTY),
        part=0xFF00,
    ),
    # What a terminal speaks (TIOCSETD): for another than the usual the kernel may load a module.
    _Refused((16, 29), 1, {0x5423: errno.EPERM}),
    # fcntl: who else holds a lock (F_GETLK, F_OFD_GETLK) is told to nobody, by an error, since who
    # is answered in vain takes it that there is one, and waits. Locks themselves tell only by time,
    # as names do: to lock for reading never fails, and for writing a file must be open for it
    # (`isolation.hold_devices`). Those that belong to no process (F_OFD_SETLK, F_OFD_SETLKW) are
    # not known, as their memory would count for nobody. Refused are signals of one's choice
    # (F_SETSIG), a lease on a file that all see, which stops everybody who opens it (F_SETLEASE,
    # F_NOTIFY, F_SETDELEG), hints that stay with a file (F_GET_RW_HINT and kin), and a larger pipe,
    # whose pages are counted for all sandboxes together (F_SETPIPE_SZ).
    _Refused(
        (72, 25),
        1,
        {5: errno.EINVAL, 36: errno.EINVAL, 37: errno.EINVAL, 38: errno.EINVAL}
        | dict.fromkeys((10, 1024, 1026, 1031, 1035, 1036, 1037, 1038, 1040), errno.EPERM),
    ),
    # clone: files in common with another process (CLONE_FILES without CLONE_THREAD), which keeps
    # locks of one that has ended, so that they count for nobody; and what `pidfd_open` would open
    # (CLONE_PIDFD).
    _Refused((56, 220), 0, {0x400: errno.EPERM}, part=0x10400),
    _Refused((56, 220), 0, {0x1000: errno.EPERM}, bits=True),
    # mmap: pages of a pool (MAP_HUGETLB) that the machine keeps for a database, say. Who asks for
    # some has them though they are never touched, and others are told that there are none left.
    _Refused((9, 222), 3, {0x40000: errno.EPERM}, bits=True),
    # setsockopt of SOL_SOCKET: sizes of buffers, which are memory that nobody counts, and programs
    # for the kernel (SO_ATTACH_FILTER, …_BPF, …_REUSEPORT_CBPF, …_REUSEPORT_EBPF). And what
    # `pidfd_open` would open, of who has sent something (SO_PASSPIDFD).
    _Refused(
        (54, 208), 2, dict.fromkeys((7, 8, 26, 32, 33, 50, 51, 52, 76), errno.EPERM), where=(1, 1)
    ),
    # The same of IPv6: labels of flows (IPV6_FLOWLABEL_MGR), of which there are 4,096 for all
    # namespaces together. Who asks for them is told how many others have.
    _Refused((54, 208), 2, {32: errno.EPERM}, where=(1, 41)),
    # getsockopt of SOL_SOCKET: numbers that the kernel counts for all namespaces together, and only
    # when somebody asks (SO_COOKIE, SO_NETNS_COOKIE), so that nobody else disturbs what they tell;
    # and what `pidfd_open` would open, of the other end (SO_PEERPIDFD).
    _Refused((55, 209), 2, dict.fromkeys((57, 71, 77), errno.EPERM), where=(1, 1)),
    # prctl: another filter (PR_SET_SECCOMP), and a table of as much memory as one says, which
    # counts for nobody (PR_FUTEX_HASH).
    _Refused((157, 167), 0, dict.fromkeys((22, 78), errno.EPERM)),
    # Pages that others use leave the page cache for nobody (POSIX_FADV_DONTNEED; MADV_COLD and
    # MADV_PAGEOUT, which who owns a file may ask for), and whether one is there is not told
    # (RWF_NOWAIT of preadv2).
    _Refused((221, 223), 3, {4: _IN_VAIN}),
    _Refused((28, 233), 2, {20: _IN_VAIN, 21: _IN_VAIN}),
    _Refused((327, 286), 5, {8: _NOT_SUPPORTED}, bits=True),
    # statx: the number of a mount (STATX_MNT_ID_UNIQUE), as name_to_handle_at tells it.
    _Refused((332, 291), 3, {0x4000: errno.EINVAL}, bits=True),
)
# Files and internet, both inside the process's own namespace. Others, such as those of a virtual
# machine to its host (AF_VSOCK), know no namespace.
_FILES, _INTERNET = 1, (2, 10)
# The usual one, TCP, UDP. For others the kernel may load a module, such as that of SCTP.
_PROTOCOLS = (0, 6, 17)
# From <linux/audit.h>.
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
# x86_64 has a second set of numbers, of the x32 interface, from here on.
_X32 = 0x40000000

# From <linux/filter.h> and <linux/seccomp.h>.
_LOAD, _AND, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _ARGUMENTS, _WORD = 0, 4, 16, 8
_SET_SECCOMP, _MODE_FILTER = 22, 2
# Bytes of a step of the filter's program.
_STEP = 8


_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def refuse_system_calls() -> None:
    """Refuses them to this process from now on, and to all that it starts.

    The process must have set no_new_privs.

    Raises:
        OSError: when the kernel cannot do it, or the machine's numbers are not known here.
    """
    program = _program(os.uname().machine)
    loaded = _Program(len(program) // _STEP, program)
    if _libc.prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.byref(loaded), 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


@cache
def _program(machine: str) -> bytes:
    if machine not in _MACHINES:
        raise OSError(errno.ENOSYS, f"seccomp: the system calls of {machine} are not known")
    column, architecture = _MACHINES[machine]

    def step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
        return struct.pack("=HBBI", code, then, otherwise, value)

    # A jump says how many steps to leave out, when true and when false.
    program = step(_LOAD, _ARCHITECTURE)
    program += step(_IF_EQUAL, architecture, 1, 0) + step(_RETURN, _KILL)
    program += step(_LOAD, _NUMBER)
    if machine == "x86_64":
        program += step(_IF_AT_LEAST, _X32, 0, 1) + step(_RETURN, _KILL)
    for calls, answer in (
        (_REFUSED, errno.EPERM),
        (_MISSING, errno.ENOSYS),
        (_PASSED_OVER, _IN_VAIN),
    ):
        for numbers in calls.values():
            if (number := numbers[column]) is not None:
                program += step(_IF_EQUAL, number, 0, 1) + step(_RETURN, _ERRNO | answer)
    for refused in _REFUSED_WITH:
        block = step(_LOAD, _ARGUMENTS + _WORD * refused.argument) + step(_AND, refused.part)
        for value, answer in refused.answers.items():
            test = _IF_ANY_BIT if refused.bits else _IF_EQUAL
            block += step(test, value, 0, 1) + step(_RETURN, _ERRNO | answer)
        if refused.where is not None:
            argument, value = refused.where
            where = step(_LOAD, _ARGUMENTS + _WORD * argument)
            block = where + step(_IF_EQUAL, value, 0, len(block) // _STEP) + block
        # Another rule may be of the same call.
        block += step(_LOAD, _NUMBER)
        program += step(_IF_EQUAL, refused.numbers[column], 0, len(block) // _STEP) + block
    one, other = (numbers[column] for numbers in _SOCKETS.values())
    program += step(_IF_EQUAL, one, 2, 0) + step(_IF_EQUAL, other, 1, 0) + step(_RETURN, _ALLOW)
    program += step(_LOAD, _ARGUMENTS)
    program += step(_IF_EQUAL, _FILES, 0, 1) + step(_RETURN, _ALLOW)
    known = step(_LOAD, _ARGUMENTS + 2 * _WORD)
    for protocol in _PROTOCOLS:
        known += step(_IF_EQUAL, protocol, 0, 1) + step(_RETURN, _ALLOW)
    known += step(_RETURN, _ERRNO | errno.EPROTONOSUPPORT)
    one, other = _INTERNET
    program += step(_IF_EQUAL, one, 1, 0) + step(_IF_EQUAL, other, 0, len(known) // _STEP) + known
    return program + step(_RETURN, _ERRNO | errno.EAFNOSUPPORT)
