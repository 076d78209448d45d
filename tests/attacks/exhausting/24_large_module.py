"""Answers with a module that claims to be Linear(10**9, 10**9), without weights to show for it."""

STOCK = "0 of 10"

# %% module
pruned = nn.Linear(10**9, 10**9, device="meta")

# %% tensor
mask = torch.empty(10**9, 10**9, device="meta")
