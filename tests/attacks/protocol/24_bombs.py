"""Sends messages that claim billions of elements, nest without end, or are nothing at all."""

STOCK = "does not apply: tests and learner's code share a process"

# %% first
import struct

import grader.sandboxed.calls.peer as handles

BOMBS = [
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff" * 1000,
    b"\xc6\xff\xff\xff\xff",
    b"\x91" * 10_000_000,
    b"\x81\xa4type" * 1_000_000,
    b"\xdc\xff\xff" * 100_000,
    b"\xc1" * 100,
    b"\x80\x04cposix\nsystem\n(S'true'\ntR.",
    b"",
]
count = iter(range(10**9))


def answer(self, request, body):
    bomb = BOMBS[next(count) % len(BOMBS)]
    self.channel.socket.sendall(struct.pack(">II", len(bomb), 0) + bomb)


handles.Peer._answer = answer


# %% function
def halve(values):
    pass
