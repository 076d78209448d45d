"""Functions, methods and constructors that never return when a test calls them.

The value before them is right, and stays so.
"""

STOCK = "no mark"
OURS = 1
REASON = r"took too long"

# %% value
product = 90001 * 90007

# %% function
import time


def halve(values):
    while True:
        try:
            time.sleep(1000)
        except BaseException:
            pass
