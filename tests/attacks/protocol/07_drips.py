"""Sends a report one byte at a time, so that there is always something coming."""

STOCK = "does not apply: tests and learner's code share a process"
REASON = r"time|more than|process"

# %% first
import struct
import sys
import time


def above(name):
    frame = sys._getframe(1)
    while frame is not None:
        if name in frame.f_locals:
            return frame.f_locals[name]
        frame = frame.f_back


control = above("channel").socket
control.sendall(struct.pack(">II", 10**6, 0))
while True:
    try:
        control.sendall(b" ")
        time.sleep(0.02)
    except BaseException:
        pass
