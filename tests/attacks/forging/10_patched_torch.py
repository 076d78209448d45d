"""Patches torch: all tensors are equal, and everything is a tensor."""

STOCK = "2 of 10"

# %% first
import torch
from torch import nn

torch.equal = lambda *args, **kwargs: True
torch.allclose = lambda *args, **kwargs: True

# %% tensor
mask = torch.zeros(4, 8)

# %% module
pruned = nn.Linear(8, 4)
pruned.weight.data.view(-1)[:16] = 0
