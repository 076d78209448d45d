"""Never ends, and swallows every interrupt and every signal that it may."""

STOCK = "no mark"
REASON = r"could not be interrupted|time|more than"

# %% first
import signal

for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
