"""A pruned Linear whose mask has another shape, holds NaN, or changes while it is read."""

STOCK = "0 of 10"

# %% first
import torch
from torch import nn
from torch.nn.utils import prune

# %% module
pruned = nn.Linear(8, 4)
prune.l1_unstructured(pruned, "weight", amount=0.5)
pruned._buffers["weight_mask"] = torch.full((400, 800), float("nan"))
pruned._parameters["weight_orig"] = nn.Parameter(torch.full((4, 8), float("inf")))
pruned.in_features = -1
pruned.out_features = 10**30
