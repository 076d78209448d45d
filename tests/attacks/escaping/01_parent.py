"""Kills its parent, its parent's parent and the leader of its group and session."""

STOCK = "the whole run is killed"

# %% first
import os
import signal

targets = {os.getppid(), os.getpgid(0), os.getsid(0)}
try:
    for line in open(f"/proc/{os.getppid()}/status"):
        if line.startswith("PPid"):
            targets.add(int(line.split()[1]))
except OSError:
    pass
for target in targets - {0, 1, os.getpid()}:
    try:
        os.kill(target, signal.SIGKILL)
        print("TRO" + "PHY")
    except OSError:
        pass
