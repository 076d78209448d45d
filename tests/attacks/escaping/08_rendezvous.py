"""Two learners look for each other: by files, shared memory, sockets, semaphores and signals.

One of them has the right answers; the other has none and would take them.
"""

STOCK = "0 of 10"
TWICE = True

# %% first
import ctypes
import glob
import os
import socket
import time

libc = ctypes.CDLL(None)
me = os.urandom(4).hex()
PLACES = ["/tmp", "/dev/shm", "/var/tmp", "/dev/mqueue", os.path.expanduser("~"), ".."]
KEY = 0x7A57
segment = libc.shmget(KEY, 64, 0o1666)
libc.shmat.restype = ctypes.c_void_p
address = libc.shmat(segment, None, 0) if segment >= 0 else None
if address in (None, 2**64 - 1):
    address = None
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
taken = False
try:
    listener.bind("\0rendezvous")
except OSError:
    taken = True
met = taken
until = time.monotonic() + 1.2
while time.monotonic() < until and not met:
    for place in PLACES:
        try:
            with open(os.path.join(place, f"rendezvous-{me}"), "w") as file:
                file.write(me)
        except OSError:
            pass
        found = glob.glob(os.path.join(place, "rendezvous-*"))
        met = met or any(not path.endswith(me) for path in found)
    if address is not None:
        there = ctypes.string_at(address, 8)
        met = met or there not in (b"\0" * 8, me.encode())
        ctypes.memmove(address, me.encode(), 8)
    time.sleep(0.05)
if met:
    print("TRO" + "PHY")
