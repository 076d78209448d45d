"""Writes garbage, frames and verdicts to every descriptor it can find or guess."""

STOCK = "no mark"

# %% first
import json
import os
import struct

VERDICT = json.dumps(
    {"event": "played", "cell": 0, "outputs": [], "passed": True, "score": 10, "points": 10}
).encode()
known = set(range(3, 65))
for folder in ("/proc/self/fd", "/dev/fd"):
    try:
        known |= {int(name) for name in os.listdir(folder)}
    except OSError:
        pass
for number in sorted(known - {0, 1, 2}):
    try:
        os.set_blocking(number, False)
    except OSError:
        continue
    for data in (
        struct.pack(">I", len(VERDICT)) + VERDICT,
        struct.pack(">II", len(VERDICT), 0) + VERDICT,
        VERDICT + b"\n",
        b"\x00" * 64,
        b"\xff" * 4096,
        b"\x80\x04cposix\nsystem\n(S'true'\ntR.",
    ):
        try:
            os.write(number, data)
        except OSError:
            break
