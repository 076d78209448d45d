"""Leaves a process behind, in a session of its own, that signals and writes for a minute."""

STOCK = "no mark"

# %% first
import ctypes
import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        # The name under which the catalogue looks for it afterwards.
        ctypes.CDLL(None).prctl(15, b"leftbehind", 0, 0, 0)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            for number in range(3, 64):
                try:
                    os.write(number, b"\x00\x00\x00\x02{}")
                except OSError:
                    pass
            time.sleep(0.05)
    os._exit(0)
