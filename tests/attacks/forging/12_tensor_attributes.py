"""Answers with plain tensors on which methods and properties were replaced."""

STOCK = "1 of 10"

# %% first
import collections

import torch

# %% tensor
mask = torch.zeros(4, 8)
mask.equal = collections.Counter
mask.eq = mask.__eq__ = lambda other: True
mask.__dict__["shape"] = (4, 8)
torch.Tensor.equal = lambda self, other: True
torch.Tensor.__eq__ = lambda self, other: torch.ones(16)
torch.equal = torch.Tensor.equal
