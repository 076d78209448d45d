"""Makes forks of a warm process cheap.

A fork copies the list of its parent's pages, and each page that the child then writes to. With
PyTorch that is most of what a player or judge costs. So before a process forks its memory is put in
order: shared objects are kept from the garbage collector, gaps between them are filled, so that
what a child makes lies side by side on few pages, and the rest becomes large pages.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import re
import sys
import tempfile

# From <asm/mman.h>; Linux 6.1.
_COLLAPSE = 25
_LARGE_PAGE = 2 * 2**20
# A bytes object of n bytes takes so many more.
_OF_BYTES = sys.getsizeof(b"")
# Larger gaps are whole pages, or nearly.
_LARGEST_GAP = 65_536

_libc = ctypes.CDLL(None)
# What fills the gaps between Python's objects.
_filling: list[list[object]] = []


def settle(many: bool = True) -> None:
    """Puts the memory of this process in order. Another call does so for what is new.

    Args:
        many: whether many forks are to come. To look for garbage takes half a second after
            TensorFlow, which few do not save.
    """
    if many:
        fill_gaps()
    # What is there now is shared by all children: keep the collector from touching its pages.
    gc.freeze()


def fill_gaps() -> None:
    """Has what children make lie side by side. The collector goes on with what is there."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        _fill_gaps_of_python()
        _fill_gaps_of_c()


def take_large_pages() -> None:
    """Has the kernel keep what is in memory now in large pages, if it can.

    Source: MADV_COLLAPSE in madvise(2), Linux 6.1.
    """
    with contextlib.suppress(OSError), open("/proc/self/maps", errors="replace") as regions:
        for region in regions:
            span, rights, _, _, file = region.split(maxsplit=5)[:5]
            if rights != "rw-p" or file != "0":
                continue
            begin, end = (int(address, 16) for address in span.split("-"))
            begin, end = -(-begin // _LARGE_PAGE) * _LARGE_PAGE, end // _LARGE_PAGE * _LARGE_PAGE
            if begin < end:
                _libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), _COLLAPSE)


def _fill_gaps_of_python() -> None:
    """Python keeps objects of up to 512 bytes in pools by size; most pools have some places free.

    Source: Objects/obmalloc.c of CPython; sys._debugmallocstats prints a line a size.
    """
    for size, free in _free_places().items():
        if size > _OF_BYTES:
            _filling.append([bytes(size - _OF_BYTES) for _ in range(free)])


def _free_places() -> dict[int, int]:
    """By size in bytes, how many objects Python has room for in pools that are in use."""
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            sys._debugmallocstats()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        file.seek(0)
        text = file.read().decode("ascii", "replace")
    # class, size, pools, blocks in use, blocks available
    lines = re.findall(r"^ *\d+ +(\d+) +\d+ +\d+ +(\d+)$", text, re.MULTILINE)
    return {int(size): int(free) for size, free in lines}


class _Statistics(ctypes.Structure):
    """The struct mallinfo2 of <malloc.h>: bytes of the heap first, those free at its end last."""

    _fields_ = tuple((f"field_{number}", ctypes.c_size_t) for number in range(10))


def _fill_gaps_of_c() -> None:
    """Takes what the C library has free below the end of its heap, the largest first.

    Source: mallinfo(3) and sbrk(2) of glibc 2.33; other C libraries lack the first.
    """
    # With Python's lock held, so that nobody else moves the end.
    libc = ctypes.PyDLL(None)
    libc.mallinfo2.restype = _Statistics
    libc.malloc.restype = libc.sbrk.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.sbrk.argtypes = [ctypes.c_ssize_t]
    libc.free.argtypes = [ctypes.c_void_p]
    statistics = libc.mallinfo2()
    end: int = libc.sbrk(0)
    heap = range(end - statistics.field_0, end - statistics.field_9)
    size = _LARGEST_GAP
    while size >= 16:
        place = libc.malloc(size)
        if place not in heap:
            # There is no such gap any more.
            libc.free(place)
            size = size // 2 if size > 1024 else size - 16
