"""Answers with quantized and nested tensors whose scales are zero, negative or not there."""

STOCK = "0 of 10"

# %% first
import warnings

warnings.simplefilter("ignore")

# %% tensor
mask = torch._make_per_channel_quantized_tensor(
    torch.zeros(4, 8, dtype=torch.int8),
    torch.tensor([0.0, -1.0, float("nan"), float("inf")]),
    torch.tensor([2**40, 0, -(2**40), 1]),
    0,
)

# %% module
pruned = nn.Linear(8, 4)
pruned._parameters["weight"] = torch.quantize_per_tensor(torch.zeros(4, 8), 1e-45, 0, torch.qint8)
pruned._parameters["bias"] = torch.nested.nested_tensor([torch.zeros(1), torch.zeros(3)])
