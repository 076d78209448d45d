"""Starves all others: real-time scheduling, the best priority, both processors, locked memory."""

STOCK = "0 of 10"

# %% first
import ctypes
import os
import threading

try:
    os.nice(-20)
    print("TRO" + "PHY nice")
except OSError:
    pass
try:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    print("TRO" + "PHY real time")
except OSError:
    pass
if ctypes.CDLL(None).mlockall(3) == 0:
    print("TRO" + "PHY locked")
for _ in range(4):
    threading.Thread(target=lambda: sum(range(10**8)), daemon=True).start()
