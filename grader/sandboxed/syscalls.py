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

# Numbers on x86_64 and on aarch64, from <asm/unistd.h>.
_REFUSED = {
    # Memory outside of any address space and of /tmp.
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    # Events of files that all see tell who opens them.
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    # So does what of them is in the page cache.
    "cachestat": (451, 451),
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
    # io_uring could open sockets past this filter.
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
}
_SOCKET = (41, 198)
# By the number of the call, the offset of an argument and values that are refused there:
# F_SETLEASE and F_NOTIFY of fcntl (a lease on a file that all see stops everybody who opens it),
# and sizes of sockets' buffers by setsockopt, which are memory that nobody counts.
_REFUSED_WITH = (
    ((72, 25), 24, (1024, 1026)),
    ((54, 208), 32, (7, 8, 32, 33)),
)
# Files and internet, both inside the process's own namespace. Others, such as those of a virtual
# machine to its host (AF_VSOCK), know no namespace.
_SOCKET_FAMILIES = (1, 2, 10)
# From <linux/audit.h>.
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
# x86_64 has a second set of numbers, of the x32 interface, from here on.
_X32 = 0x40000000

# From <linux/filter.h> and <linux/seccomp.h>.
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_SET_SECCOMP, _MODE_FILTER = 22, 2


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
    loaded = _Program(len(program) // 8, program)
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
    for calls in _REFUSED.values():
        if (number := calls[column]) is not None:
            program += step(_IF_EQUAL, number, 0, 1) + step(_RETURN, _ERRNO | errno.EPERM)
    for numbers, argument, values in _REFUSED_WITH:
        # Else past the load, a comparison and a refusal for each value, and the allowance.
        program += step(_IF_EQUAL, numbers[column], 0, 2 + 2 * len(values))
        program += step(_LOAD, argument)
        for value in values:
            program += step(_IF_EQUAL, value, 0, 1) + step(_RETURN, _ERRNO | errno.EPERM)
        program += step(_RETURN, _ALLOW)
    program += step(_IF_EQUAL, _SOCKET[column], 1, 0) + step(_RETURN, _ALLOW)
    program += step(_LOAD, _FIRST_ARGUMENT)
    for family in _SOCKET_FAMILIES:
        program += step(_IF_EQUAL, family, 0, 1) + step(_RETURN, _ALLOW)
    return program + step(_RETURN, _ERRNO | errno.EAFNOSUPPORT)
