"""Replaces itself by another program, which goes on with the same open files."""

STOCK = "no mark"
OURS = 1
REASON = r"process|ended|died"

# %% value
product = 90001 * 90007

# %% after value
import os
import sys

for number in range(3, 64):
    try:
        os.set_inheritable(number, True)
    except OSError:
        pass
PROGRAM = """
import os, time
until = time.monotonic() + 1
while time.monotonic() < until:
    for number in range(3, 64):
        try:
            os.write(number, bytes([0, 0, 0, 16]) + b'{"event":"ended"}')
        except OSError:
            pass
    time.sleep(0.05)
"""
os.execv(sys.executable, [sys.executable, "-c", PROGRAM])
