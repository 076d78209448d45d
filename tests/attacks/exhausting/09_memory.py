"""Takes all the memory there is."""

STOCK = "0 of 10"

# %% first
hoard = []
while True:
    hoard.append(bytearray(b"\xff") * 2**28)
