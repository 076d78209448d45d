"""Makes the end of its process take for ever: exit handlers, destructors, threads."""

STOCK = "0 of 10"

# %% first
import atexit
import os
import signal
import threading
import time


def stay(*args):
    while True:
        try:
            time.sleep(1000)
        except BaseException:
            pass


class Stays:
    __del__ = stay


atexit.register(stay)
kept = Stays()
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, stay)
threading.Thread(target=stay).start()
