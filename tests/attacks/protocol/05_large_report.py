"""Reports 30 MB of empty lists, which take a gigabyte of memory to read, again and again."""

STOCK = "does not apply: tests and learner's code share a process"
# Where the machine is slow, its time is up before all of it is there.
REASON = r"process|its time was up|took more than 3 s"

# %% first
import struct
import sys


def above(name):
    frame = sys._getframe(1)
    while frame is not None:
        if name in frame.f_locals:
            return frame.f_locals[name]
        frame = frame.f_back


body = b'{"outputs":[' + b",".join([b"[]"] * 10_000_000) + b'],"execution_count":1}'
above("channel").socket.sendall(struct.pack(">II", len(body), 0) + body)
