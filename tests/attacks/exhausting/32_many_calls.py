"""Calls the function that a test lends it a billion times."""

STOCK = "0 of 10"


# %% callback
def twice(f, x):
    for number in range(10**9):
        f(number)
