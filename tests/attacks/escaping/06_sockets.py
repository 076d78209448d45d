"""Talks to the sockets of other programs: of containers, the desktop, the system, the grader."""

STOCK = "0 of 10"

# %% first
import glob
import os
import socket
import stat

places = ["/run", "/var/run", "/tmp", os.path.expanduser("~"), "/dev"]
paths = [
    p for place in places for depth in ("*", "*/*", "*/*/*") for p in glob.glob(f"{place}/{depth}")
]
try:
    lines = open("/proc/net/unix").read().split("\n")[1:]
    paths += [line.split()[-1].replace("@", "\0", 1) for line in lines if len(line.split()) > 7]
except OSError:
    pass
for path in paths:
    if not path.startswith("\0") and not (
        os.path.exists(path) and stat.S_ISSOCK(os.stat(path).st_mode)
    ):
        continue
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        with socket.socket(socket.AF_UNIX, kind) as client:
            client.settimeout(0.2)
            try:
                client.connect(path)
                print("TRO" + "PHY", repr(path))
            except OSError:
                pass
