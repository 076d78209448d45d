"""Answers with tensors that crash who trusts them: sparse ones with indices far outside."""

STOCK = "0 of 10"

# %% first
import torch

wild = torch.sparse_coo_tensor(
    torch.tensor([[2**40, -(2**40)], [7, -1]]),
    torch.ones(2),
    (4, 8),
    check_invariants=False,
)

# %% tensor
mask = wild

# %% module
pruned = nn.Linear(8, 4)
pruned.weight = nn.Parameter(
    torch.sparse_csr_tensor(
        torch.tensor([0, 2**40, -5, 7, 1]),
        torch.tensor([2**40, -1]),
        torch.ones(2),
        (4, 8),
        check_invariants=False,
    ),
    requires_grad=False,
)


# %% function
def halve(values):
    return wild
