"""The one deed on both sides of the door: a process that does not outlive who started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

# From <linux/prctl.h>.
_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def end_with_parent() -> None:
    """Has the kernel end the calling process as soon as its parent has ended, if it can.

    Raises:
        OSError: when the kernel refuses.
    """
    if sys.platform != "linux":
        return
    if _libc.prctl(_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, f"prctl: {os.strerror(number)}")
