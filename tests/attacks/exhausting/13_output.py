"""Prints a gigabyte."""

STOCK = "no mark"

# %% first
line = "x" * 2**20
for _ in range(1024):
    print(line)
