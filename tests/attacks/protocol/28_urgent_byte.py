"""Marks a byte as urgent: who waits for it is told that there is one, and then waits for ever."""

STOCK = "does not apply: tests and learner's code share a process"
REASON = r"process"

# %% function
import os
import socket
import stat


def halve(values):
    for number in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                socket.socket(fileno=os.dup(number)).send(b"x", socket.MSG_OOB)
        except OSError:
            pass
    return values


# %% class
import signal
import time

signal.signal(signal.SIGINT, signal.SIG_IGN)
halve([])
time.sleep(1000)
