"""Asks torch for tensors until there is no memory, touching every page."""

STOCK = "0 of 10"

# %% first
import torch

hoard = []
while True:
    hoard.append(torch.ones(2**26))
