"""A generator that never ends."""

STOCK = "0 of 10"


# %% generator
def countdown(n):
    while True:
        yield n
