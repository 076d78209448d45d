"""Answers with views that claim a terabyte and more, and are backed by a single number."""

STOCK = "0 of 10"

# %% tensor
mask = torch.zeros(1).expand(10**12)
mask = mask.as_strided((4, 8, 10**6, 10**6), (0, 0, 0, 0))

# %% module
pruned = nn.Linear(8, 4)
pruned.weight = nn.Parameter(torch.zeros(1).expand(10**6, 10**6))


# %% function
def halve(values):
    return torch.zeros(1).expand(10**6, 10**6)
