"""Becomes somebody else: set-user-id programs, capabilities, sudo, other users' ids."""

STOCK = "0 of 10; it gets what it is after"

# %% first
import ctypes
import os
import shutil
import subprocess

for program, *arguments in (("sudo", "-n", "true"), ("su", "-c", "true"), ("pkexec", "true")):
    if shutil.which(program):
        try:
            run = subprocess.run(
                [program, *arguments], stdin=subprocess.DEVNULL, timeout=1, capture_output=True
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if run.returncode == 0:
            print("TRO" + "PHY", program)
try:
    effective = [line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")]
    if any(int(value, 16) for value in effective):
        print("TRO" + "PHY", effective)
except OSError:
    pass


class Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


data = (ctypes.c_uint32 * 6)()
ctypes.CDLL(None).capget(ctypes.byref(Header(0x20080522, 0)), data)
if any(data):
    print("TRO" + "PHY", list(data))
