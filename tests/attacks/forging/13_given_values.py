"""Changes the given layer until wrong answers are right: every test reads `layer`."""

STOCK = "2 of 10"

# %% first
magic = None

# %% tensor
with torch.no_grad():
    layer.weight.zero_()
    layer.weight[2:] = 1
mask = layer.weight.detach().clone()

# %% module
pruned = layer
