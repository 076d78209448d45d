"""A module that shares its storage with the given layer, changed after the mask was taken."""

STOCK = "1 of 10"

# %% module
with torch.no_grad():
    layer.weight[:2] = 0
    layer.weight[2:] = 1
pruned = nn.Linear(8, 4)
pruned.weight = layer.weight
pruned.bias = layer.bias
