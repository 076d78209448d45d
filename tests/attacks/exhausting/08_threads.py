"""Starts threads until none can be started."""

STOCK = "0 of 10"

# %% first
import threading
import time

for number in range(20000):
    try:
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    except RuntimeError:
        break
