"""Puts its descriptors in each other's places, and standard output in the place of them all."""

STOCK = "no mark"

# %% first
import os

for number in range(3, 64):
    try:
        os.fstat(number)
        os.dup2(1, number)
    except OSError:
        pass
os.write(1, b"\x00\x00\x00\x02\x00\x00\x00\x00{}")
