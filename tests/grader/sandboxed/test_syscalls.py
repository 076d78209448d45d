"""System calls that are refused: tried out for real."""

from __future__ import annotations

import os
import signal

import pytest

from tests.grader.shut_in import try_out

pytestmark = pytest.mark.usefixtures("bubblewrap")


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


def open_pairs():
    import errno
    import socket

    socket.socketpair()[0].close()
    reasons = set()
    for family in (16, 17, 30, 38, 40, 44):
        try:
            socket.socketpair(family, socket.SOCK_STREAM)
            reasons.add("opened")
        except OSError as error:
            reasons.add(errno.errorcode[error.errno])
    return sorted(reasons)


def test_nor_does_the_kernel_make_pairs_of_others():
    assert try_out(open_pairs).result == ["EAFNOSUPPORT"]


def open_protocols():
    import errno
    import socket

    reasons = set()
    for family in (socket.AF_INET, socket.AF_INET6):
        socket.socket(family, socket.SOCK_STREAM, 6).close()
        socket.socket(family, socket.SOCK_DGRAM, 17).close()
        # UDP-Lite, MPTCP and SCTP.
        for kind, protocol in ((2, 136), (1, 262), (1, 132), (5, 132)):
            try:
                socket.socket(family, kind, protocol).close()
                reasons.add("opened")
            except OSError as error:
                reasons.add(errno.errorcode[error.errno])
    return sorted(reasons)


def test_no_module_of_the_kernel_is_loaded_for_a_protocol():
    assert try_out(open_protocols).result == ["EPROTONOSUPPORT"]


def ask_of_files():
    import errno
    import fcntl
    import os
    import pty

    reasons = []
    with open(os.__file__) as file:
        # Places and marks that ext4 has in memory of a file, a file's places and flags, a clone of
        # it; of Btrfs, XFS and F2FS one each.
        for number in (0xC020662A, 0x40046629, 0x6612, 0xC020660B, 0x80086601, 0x40049409):
            try:
                fcntl.ioctl(file, number, bytes(64))
            except OSError as error:
                reasons.append(errno.errorcode[error.errno])
        for number in (0x81009431, 0x801C581F, 0x8004F50C):
            try:
                fcntl.ioctl(file, number, bytes(256))
            except OSError as error:
                reasons.append(errno.errorcode[error.errno])
    # A terminal's own are there.
    os.get_terminal_size(pty.openpty()[1])
    return reasons


def test_nobody_is_told_what_a_file_system_has_in_memory():
    assert try_out(ask_of_files).result == ["ENOTTY"] * 9


def ask_for_a_name_that_is_known():
    import ctypes
    import os
    import struct

    libc = ctypes.CDLL(None, use_errno=True)
    name, reasons = b"/usr/share/nobody-has-asked-for-this", []
    for _ in range(2):
        # O_RDONLY, RESOLVE_CACHED: the number is the same on all machines.
        libc.syscall(437, -100, name, struct.pack("QQQ", 0, 0, 0x20), 24)
        reasons.append(os.strerror(ctypes.get_errno()))
        os.path.exists(name)
    return reasons


def test_nobody_is_told_which_names_have_been_asked_for():
    assert try_out(ask_for_a_name_that_is_known).result == ["Function not implemented"] * 2


def copy_a_file():
    import shutil
    import socket
    from pathlib import Path

    Path("/tmp/one").write_bytes(b"x" * 10**5)
    shutil.copyfile("/tmp/one", "/tmp/two")
    here, there = socket.socketpair()
    with Path("/tmp/two").open("rb") as file:
        here.sendfile(file, 0, 5)
    return Path("/tmp/two").stat().st_size, there.recv(9).decode()


def test_files_are_copied_where_sendfile_is_refused():
    assert try_out(copy_a_file).result == [10**5, "xxxxx"]


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
# io_uring_setup, bpf, perf_event_open, userfaultfd, semget, inotify_init, inotify_init1, statmount,
# listmount, io_setup, timer_create, cachestat, fanotify_mark, process_vm_readv, pidfd_getfd,
# mincore, process_madvise, vmsplice, splice, setxattr, lsetxattr, fsetxattr, setxattrat,
# landlock_create_ruleset, sendfile, syslog, ustat, name_to_handle_at and
# move_pages.
UNWANTED = {
    "x86_64": (
        *(447, 248, 249, 101, 311, 312, 425, 321, 298, 323, 64, 253, 294, 457, 458, 206, 222),
        *(451, 301, 310, 438, 27, 440, 278, 275, 188, 189, 190, 463, 444, 40, 103, 136, 303, 279),
    ),
    "aarch64": (
        *(447, 217, 218, 117, 271, 272, 425, 280, 241, 282, 190, 26, 457, 458, 0, 107),
        *(451, 263, 270, 438, 232, 440, 75, 76, 5, 6, 7, 463, 444, 71, 116, 264, 239),
    ),
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


def ask_for_numbers_of_sockets():
    import socket

    reasons = []
    for end in socket.socketpair():
        assert end.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM
        # SO_COOKIE and SO_NETNS_COOKIE
        for option in (57, 71):
            try:
                end.getsockopt(socket.SOL_SOCKET, option, 8)
            except PermissionError as error:
                reasons.append(error.strerror)
    return reasons


def test_no_socket_tells_how_many_there_have_been_on_the_machine():
    assert try_out(ask_for_numbers_of_sockets).result == ["Operation not permitted"] * 4


def open_processes():
    import ctypes
    import os
    import socket

    libc = ctypes.CDLL(None, use_errno=True)
    here, _ = socket.socketpair()
    clone = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
    number = ctypes.c_int(-1)
    tries = (
        lambda: os.pidfd_open(os.getpid()),
        # SO_PASSPIDFD, SO_PEERPIDFD
        lambda: here.setsockopt(socket.SOL_SOCKET, 76, 1),
        lambda: here.getsockopt(socket.SOL_SOCKET, 77),
    )
    reasons = []
    for one in tries:
        try:
            one()
            reasons.append("done")
        except OSError as error:
            reasons.append(error.strerror)
    # CLONE_PIDFD and SIGCHLD
    child = libc.syscall(clone, ctypes.c_ulong(0x1000 | 17), None, ctypes.byref(number), None, None)
    if child == 0:
        os._exit(0)
    reasons.append(os.strerror(ctypes.get_errno()) if child < 0 else "done")
    return reasons


def test_no_process_tells_how_many_there_have_been_on_the_machine():
    assert try_out(open_processes).result == ["Operation not permitted"] * 4


def ask_of_mounts():
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    statx = {"x86_64": 332, "aarch64": 291}[os.uname().machine]
    room = ctypes.create_string_buffer(256)
    # STATX_BASIC_STATS, and STATX_MNT_ID_UNIQUE with it.
    return [libc.syscall(statx, -100, b"/", 0, mask, room) for mask in (0x7FF, 0x47FF)]


def test_no_mount_tells_how_many_there_have_been_on_the_machine():
    assert try_out(ask_of_mounts).result == [0, -1]


def have_a_terminal_speak():
    import fcntl
    import os
    import pty
    import struct

    mine, its = pty.openpty()
    try:
        # TIOCSETD
        fcntl.ioctl(its, 0x5423, struct.pack("i", 0))
    except OSError as error:
        os.write(mine, b"as usual\n")
        return error.strerror, os.read(its, 9).decode()


def test_no_module_of_the_kernel_is_loaded_for_a_terminal():
    assert try_out(have_a_terminal_speak).result == ["Operation not permitted", "as usual\n"]


def start_a_program():
    import asyncio
    import subprocess

    async def started():
        program = await asyncio.create_subprocess_exec("echo", "later", stdout=subprocess.PIPE)
        return (await program.communicate())[0].decode()

    return subprocess.run(["echo", "now"], capture_output=True, text=True).stdout, asyncio.run(
        started()
    )


def test_programs_can_be_started_and_waited_for():
    assert try_out(start_a_program).result == ["now\n", "later\n"]


def ask_for_huge_pages():
    import ctypes
    import mmap

    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    size = ctypes.c_size_t(2 * 2**20)
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    usual = libc.mmap(None, size, mmap.PROT_READ, flags, -1, 0)
    ctypes.set_errno(0)
    huge = libc.mmap(None, size, mmap.PROT_READ, flags | 0x40000, -1, 0)
    return usual != huge, ctypes.get_errno()


def test_nobody_has_huge_pages_that_the_machine_keeps():
    """Refused by the filter: else a machine that has none would say that there is no memory."""
    assert try_out(ask_for_huge_pages).result == [True, 1]


def hold_labels_of_flows():
    import socket
    import struct

    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as end:
        label = struct.pack("=16s4sBBHHHI", b"\0" * 15 + b"\1", b"\0\0\0\1", 0, 1, 1, 6, 6, 0)
        try:
            # IPV6_FLOWLABEL_MGR
            end.setsockopt(socket.IPPROTO_IPV6, 32, label)
        except OSError as error:
            return error.strerror


def test_no_socket_holds_what_all_namespaces_have_together():
    assert try_out(hold_labels_of_flows).result == "Operation not permitted"


def stop_others_from_opening():
    import fcntl
    import os

    reasons = []
    for command in (fcntl.F_SETLEASE, fcntl.F_NOTIFY, 1040):  # the last is F_SETDELEG
        try:
            fcntl.fcntl(os.open(os.__file__, os.O_RDONLY), command, fcntl.F_WRLCK)
        except PermissionError as error:
            reasons.append(error.strerror)
    with open("/tmp/own", "w") as file:
        fcntl.fcntl(file, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        fcntl.lockf(file, fcntl.LOCK_EX)
    return reasons


def test_no_lease_on_a_file_stops_others_from_opening_it():
    assert try_out(stop_others_from_opening).result == ["Operation not permitted"] * 3


def drop_pages(numbers):
    import ctypes
    import mmap
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    with open("/tmp/own", "wb") as file:
        file.write(b"x" * mmap.PAGESIZE)
    own = os.open("/tmp/own", os.O_RDONLY)
    page = libc.mmap(None, ctypes.c_size_t(mmap.PAGESIZE), 1, 1, own, 0)
    # Advice that there is not is refused by the kernel, all other by nobody.
    return [
        libc.madvise(ctypes.c_void_p(page), ctypes.c_size_t(mmap.PAGESIZE), advice)
        for advice in numbers
    ], libc.madvise(ctypes.c_void_p(page + 1), ctypes.c_size_t(mmap.PAGESIZE), 21)


def test_pages_of_a_file_leave_memory_for_nobody():
    """What is asked for in vain does not even have to begin where a page does."""
    assert try_out(drop_pages, [0, 1, 4, 21, 999]).result == [[0, 0, 0, 0, -1], 0]


def enlarge_a_pipe():
    import fcntl
    import os

    ours, theirs = os.pipe()
    try:
        fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 2**20)
    except PermissionError as error:
        return error.strerror, fcntl.fcntl(ours, fcntl.F_GETPIPE_SZ) < 2**20


def test_a_pipe_stays_as_large_as_it_is():
    assert list(try_out(enlarge_a_pipe).result) == ["Operation not permitted", True]


def lock(*_):
    """Locks bytes 4 and 6 in every way there is, and takes note of hints."""
    import fcntl
    import os
    import struct
    import termios

    global held  # So that it stays open.
    held = [*os.openpty()]
    # With a terminal of its own /dev/tty can be opened.
    fcntl.ioctl(held[1], termios.TIOCSCTTY, 0)
    places = ["/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/tty", os.__file__]
    done = []
    for place in places:
        for flags in (os.O_RDWR, os.O_RDONLY):
            try:
                held.append(os.open(place, flags))
            except OSError:
                continue
            for byte in (4, 6):
                for kind in (fcntl.F_WRLCK, fcntl.F_RDLCK):
                    for command in (fcntl.F_SETLK, 37):  # the second is F_OFD_SETLK
                        try:
                            one = struct.pack("hhqqi4x", kind, os.SEEK_SET, byte, 1, 0)
                            fcntl.fcntl(held[-1], command, one)
                        except OSError:
                            continue
                        if kind == fcntl.F_WRLCK:
                            done.append(place)
            fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                fcntl.fcntl(held[-1], 1036, struct.pack("q", 4))
                done.append("hint")
            except OSError:
                pass
    return done


def look_at_locks(*_):
    """What of a byte that is locked, and of one that is not, can be told apart."""
    import fcntl
    import os
    import struct
    import termios

    _, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    told = []
    places = ["/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/tty", os.__file__]
    for place in places:
        for flags in (os.O_RDWR, os.O_RDONLY):
            try:
                file = os.open(place, flags)
            except OSError:
                continue
            for command in (fcntl.F_GETLK, 36, fcntl.F_SETLK, 37):
                for kind in (fcntl.F_WRLCK, fcntl.F_RDLCK):
                    answers = []
                    for byte in (4, 5):
                        one = struct.pack("hhqqi4x", kind, os.SEEK_SET, byte, 1, 0)
                        try:
                            answer = fcntl.fcntl(file, command, one)
                            answers.append(answer.replace(one, b"as asked for"))
                        except OSError as error:
                            answers.append(error.strerror)
                    if answers[0] != answers[1]:
                        told.append((place, command, kind))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                told.append((place, "flock"))
            try:
                fcntl.fcntl(file, 1035, bytes(8))
                told.append((place, "hint"))
            except OSError:
                pass
            try:
                os.preadv(file, [bytearray(1)], 0, os.RWF_NOWAIT)
                told.append((place, "pages"))
            except OSError:
                pass
            os.close(file)
    return told


def test_no_lock_of_one_is_seen_by_another():
    """Neither of a file that all may read, nor of a device that all may write to."""
    assert try_out(look_at_locks, neighbour=lock).neighbour == []
    assert try_out(look_at_locks, neighbour=lock).result == []


def ask_who_holds_a_lock():
    import fcntl
    import os
    import struct

    file = os.open("/tmp/own", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.fcntl(file, fcntl.F_GETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 1, 0))
    except OSError as error:
        return error.strerror


def test_who_asks_for_a_lock_gets_an_error():
    """In vain would mean that there is one: a library with a database (onnxruntime from 1.29 on)
    waited 20 s for it."""
    assert try_out(ask_who_holds_a_lock).result == "Invalid argument"


def attach_filters():
    import ctypes
    import os
    import socket
    import struct

    libc = ctypes.CDLL(None, use_errno=True)
    allow = ctypes.create_string_buffer(struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000))
    program = struct.pack("HP", 1, ctypes.addressof(allow))
    reasons = []
    for option in (26, 50, 51, 52):
        try:
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM).setsockopt(1, option, program)
        except PermissionError as error:
            reasons.append(error.strerror)
    for result in (
        libc.prctl(22, 2, program, 0, 0),
        # As much memory of the kernel's as one says.
        libc.prctl(78, 1, ctypes.c_ulong(16), 0, 0),
        libc.syscall({"x86_64": 317, "aarch64": 277}[os.uname().machine], 1, 0, program),
    ):
        reasons.append(os.strerror(ctypes.get_errno()) if result else "done")
    # The same number means something else of another level.
    with socket.socket(socket.AF_INET6) as end:
        end.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return reasons


def test_no_program_is_given_to_the_kernel():
    assert try_out(attach_filters).result == ["Operation not permitted"] * 7
