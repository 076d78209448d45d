"""Closes all its descriptors after the first item, which keeps its point."""

STOCK = "no mark"
OURS = 1
REASON = r"process"

# %% value
product = 90001 * 90007

# %% after value
import os

os.closerange(3, 256)
