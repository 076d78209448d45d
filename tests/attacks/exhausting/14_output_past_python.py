"""Writes without end to the file descriptors of standard output and error."""

STOCK = "0 of 10"

# %% first
import os

data = b"x" * 65536
while True:
    os.write(1, data)
    os.write(2, data)
