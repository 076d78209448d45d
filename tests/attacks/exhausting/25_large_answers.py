"""Answers with 500 MB of text, bytes and numbers, which are all there."""

STOCK = "0 of 10"

# %% value
product = "9" * 500_000_000


# %% function
def halve(values):
    return bytes(500_000_000)


# %% generator
def countdown(n):
    yield [1.5] * 20_000_000


# %% tensor
mask = torch.zeros(125_000_000)
