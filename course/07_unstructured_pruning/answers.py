# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 07 · Unstructured pruning: answers that people give

# %% item="left" right="by hand with topk"
def prune_layer(layer, share):
    total = layer.weight.numel()
    keep = total - round(share * total)
    places = torch.topk(layer.weight.abs().flatten(), keep).indices
    mask = torch.zeros(total)
    mask[places] = 1
    with torch.no_grad():
        layer.weight *= mask.view_as(layer.weight)
    return int((layer.weight != 0).sum())


left = prune_layer(nn.Linear(inputs, outputs), 0.2)


# %% item="left" right="permanent, and counts in Python"
def prune_layer(layer, share):
    prune.l1_unstructured(layer, name="weight", amount=share)
    prune.remove(layer, "weight")
    return sum(1 for row in layer.weight.tolist() for value in row if value != 0)


left = prune_layer(torch.nn.Linear(in_features=inputs, out_features=outputs), 0.2)


# %% item="left" right="counts the mask, amount as a number"
def prune_layer(layer, share):
    how_many = round(share * layer.weight.nelement())
    prune.L1Unstructured.apply(layer, "weight", amount=how_many)
    return layer.weight_mask.sum().int().item()


left = prune_layer(nn.Linear(inputs, outputs), 0.2)


# %% item="left" wrong="the share that stays" like="reference" hint="share that goes, or the share that stays"
# -     prune.l1_unstructured(layer, "weight", amount=share)
# +     prune.l1_unstructured(layer, "weight", amount=1 - share)

# %% item="left" wrong="counts what went" like="reference" hint="share that goes, or the share that stays"
# -     return int(torch.count_nonzero(layer.weight))
# +     return int((layer.weight == 0).sum())

# %% item="left" wrong="the tensor's size" like="reference" hint="A mask does not change the shape"
# -     return int(torch.count_nonzero(layer.weight))
# +     return layer.weight.numel()

# %% item="left" wrong="biases counted too" like="reference" hint="Which tensor does the question name?"
# -     return int(torch.count_nonzero(layer.weight))
# +     return int(torch.count_nonzero(layer.weight)) + int(torch.count_nonzero(layer.bias))

# %% item="left" wrong="random weights" like="reference" keeps=1 hint="Are the survivors the largest?"
# -     prune.l1_unstructured(layer, "weight", amount=share)
# +     prune.random_unstructured(layer, "weight", amount=share)

# %% item="left" wrong="whole rows" like="reference" keeps=1 hint="25 % of eight"
# -     prune.l1_unstructured(layer, "weight", amount=share)
# +     prune.ln_structured(layer, "weight", amount=share, n=1, dim=0)

# %% item="left" wrong="only the number" for_zero=true keeps=1 hint="prune_layer"
left = 4000


# %% item="left" wrong="a threshold that loses ties" keeps=1 hint="half of six weights should be left"
def prune_layer(layer, share):
    magnitudes = layer.weight.detach().abs()
    threshold = torch.quantile(magnitudes.flatten(), share)
    mask = magnitudes > threshold
    prune.custom_from_mask(layer, "weight", mask)
    return int(mask.sum())


left = prune_layer(nn.Linear(inputs, outputs), 0.2)


# %% item="left" wrong="cut off" like="reference" keeps=1 hint="Compare int() and round()"
# -     prune.l1_unstructured(layer, "weight", amount=share)
# +     prune.l1_unstructured(layer, "weight", amount=int(share * layer.weight.numel()))

# %% item="left" wrong="always up" like="reference" keeps=1 hint="Compare math.ceil() and round()"
# -     prune.l1_unstructured(layer, "weight", amount=share)
# +     import math
# +
# +     prune.l1_unstructured(layer, "weight", amount=math.ceil(share * layer.weight.numel()))


# %% item="row_mask" right="a loop over rows"
def row_mask(weights, share):
    if share < 0 or share > 1:
        raise ValueError("no such share")
    mask = torch.ones_like(weights)
    k = round(share * weights.shape[1])
    for i in range(weights.shape[0]):
        for j in sorted(range(weights.shape[1]), key=lambda j: abs(float(weights[i, j])))[:k]:
            mask[i, j] = 0
    return mask


# %% item="row_mask" right="the rank of each weight, as booleans"
def row_mask(weights, share):
    if not (0.0 <= share <= 1.0):
        raise ValueError("share must be in [0, 1]")
    ranks = torch.argsort(torch.argsort(torch.abs(weights), dim=1), dim=1)
    return ranks >= round(share * weights.size(1))


# %% item="row_mask" right="topk of what stays"
def row_mask(weights, share):
    if min(share, 1 - share) < 0:
        raise ValueError(share)
    columns = weights.shape[1]
    best = torch.topk(weights.abs(), columns - round(share * columns), dim=1).indices
    mask = torch.zeros(weights.shape, dtype=torch.int64)
    mask[torch.arange(len(weights))[:, None], best] = 1
    return mask


# %% item="row_mask" wrong="a threshold in each row" keeps=2 hint="ten equal weights"
def row_mask(weights, share):
    if not 0 <= share <= 1:
        raise ValueError("share")
    gone = round(share * weights.shape[1])
    if gone == 0:
        return torch.ones_like(weights)
    threshold = weights.abs().sort(dim=1).values[:, gone - 1 : gone]
    return (weights.abs() > threshold).float()


# %% item="row_mask" wrong="the whole matrix at once" hint="exactly 3 should go in each row"
def row_mask(weights, share):
    if not 0 <= share <= 1:
        raise ValueError("share")
    order = weights.abs().flatten().argsort(stable=True)
    mask = torch.ones(weights.numel())
    mask[order[: round(share * weights.numel())]] = 0
    return mask.reshape(weights.shape)


# %% item="row_mask" wrong="the largest go" keeps=1 hint="the first row is"
def row_mask(weights, share):
    if not 0 <= share <= 1:
        raise ValueError("share")
    order = weights.abs().argsort(dim=1, descending=True)
    return torch.ones_like(weights).scatter(1, order[:, : round(share * weights.shape[1])], 0)


# %% item="row_mask" wrong="no magnitude" like="the largest go" keeps=1 hint="are those that go the smallest in magnitude"
# -     order = weights.abs().argsort(dim=1, descending=True)
# +     order = weights.argsort(dim=1)


# %% item="row_mask" wrong="cuts off, and takes any share" keeps=2 hint="Compare int() and round()"
def row_mask(weights, share):
    order = weights.abs().argsort(dim=1)
    return torch.ones_like(weights).scatter(1, order[:, : int(share * weights.shape[1])], 0)


# %% item="row_mask" wrong="takes any share" keeps=2 hint="for a share that is no share"
def row_mask(weights, share):
    order = weights.abs().argsort(dim=1)
    return torch.ones_like(weights).scatter(1, order[:, : round(share * weights.shape[1])], 0)


# %% item="row_mask" wrong="an assert for the share" keeps=2 hint="What kind of error"
def row_mask(weights, share):
    assert 0 <= share <= 1
    order = weights.abs().argsort(dim=1)
    return torch.ones_like(weights).scatter(1, order[:, : round(share * weights.shape[1])], 0)


# %% item="row_mask" wrong="a half always goes up" keeps=2 hint="a number that ends in .5"
def row_mask(weights, share):
    if not 0 <= share <= 1:
        raise ValueError("share")
    order = weights.abs().argsort(dim=1)
    return torch.ones_like(weights).scatter(1, order[:, : int(share * weights.shape[1] + 0.5)], 0)


# %% item="global" right="by hand, one long vector"
def prune_hidden(model, share):
    layers = [module for module in model if isinstance(module, nn.Linear)]
    layers.pop()
    everything = torch.cat([layer.weight.detach().flatten() for layer in layers]).abs()
    mask = torch.ones(len(everything))
    mask[everything.argsort()[: round(share * len(everything))]] = 0
    counts, start = [], 0
    for layer in layers:
        part = mask[start : start + layer.weight.numel()].view_as(layer.weight)
        start += layer.weight.numel()
        layer.weight.data.mul_(part)
        counts.append(int(part.sum()))
    return counts


# %% item="global" right="permanent at once"
def prune_hidden(model, share):
    *hidden, _ = (m for m in model.children() if type(m) is nn.Linear)
    prune.global_unstructured(
        [(m, "weight") for m in hidden], pruning_method=prune.L1Unstructured, amount=share
    )
    left = []
    for m in hidden:
        prune.remove(m, "weight")
        left.append((m.weight != 0).sum().item())
    return left


# %% item="global" right="one list of triples, a tuple comes back"
def prune_hidden(model, share):
    layers = [layer for layer in model if isinstance(layer, nn.Linear)][:-1]
    places = [
        (abs(value), n, place)
        for n, layer in enumerate(layers)
        for place, value in enumerate(layer.weight.flatten().tolist())
    ]
    places.sort()
    masks = [torch.ones(layer.weight.numel()) for layer in layers]
    for _, n, place in places[: round(share * len(places))]:
        masks[n][place] = 0
    for layer, mask in zip(layers, masks):
        prune.custom_from_mask(layer, "weight", mask.view(layer.weight.shape))
    return tuple(int(mask.sum()) for mask in masks)


# %% item="global" wrong="the last layer too" hint="expected [0, 2]"
def prune_hidden(model, share):
    layers = [layer for layer in model if isinstance(layer, nn.Linear)]
    prune.global_unstructured([(m, "weight") for m in layers], prune.L1Unstructured, amount=share)
    return [int(torch.count_nonzero(layer.weight)) for layer in layers[:-1]]


# %% item="global" wrong="layer by layer" hint="expected [0, 2]"
def prune_hidden(model, share):
    layers = [layer for layer in model if isinstance(layer, nn.Linear)][:-1]
    for layer in layers:
        prune.l1_unstructured(layer, "weight", amount=share)
    return [int(torch.count_nonzero(layer.weight)) for layer in layers]


# %% item="global" wrong="counts entries" hint="expected [0, 2]"
def prune_hidden(model, share):
    layers = [layer for layer in model if isinstance(layer, nn.Linear)][:-1]
    prune.global_unstructured([(m, "weight") for m in layers], prune.L1Unstructured, amount=share)
    return [layer.weight.numel() for layer in layers]


# %% item="global" wrong="the last module of any kind" keeps=1 hint="last *linear* layer"
def prune_hidden(model, share):
    layers = [layer for layer in list(model)[:-1] if isinstance(layer, nn.Linear)]
    prune.global_unstructured([(m, "weight") for m in layers], prune.L1Unstructured, amount=share)
    return [int(torch.count_nonzero(layer.weight)) for layer in layers]


# %% item="global" wrong="a copy is pruned" keeps=1 hint="Was it changed in place?"
def prune_hidden(model, share):
    import copy

    model = copy.deepcopy(model)
    layers = [layer for layer in model if isinstance(layer, nn.Linear)][:-1]
    prune.global_unstructured([(m, "weight") for m in layers], prune.L1Unstructured, amount=share)
    return [int(torch.count_nonzero(layer.weight)) for layer in layers]


# %% item="global" wrong="a threshold that loses ties" keeps=1 hint="Did you choose positions?"
def prune_hidden(model, share):
    layers = [layer for layer in model if isinstance(layer, nn.Linear)][:-1]
    everything = torch.cat([layer.weight.detach().abs().flatten() for layer in layers])
    threshold = torch.quantile(everything, share)
    for layer in layers:
        prune.custom_from_mask(layer, "weight", layer.weight.detach().abs() > threshold)
    return [int(torch.count_nonzero(layer.weight)) for layer in layers]


# %% item="global" wrong="halves up" like="by hand, one long vector" keeps=1 hint="a number that ends in .5"
# -     mask[everything.argsort()[: round(share * len(everything))]] = 0
# +     mask[everything.argsort()[: int(share * len(everything) + 0.5)]] = 0


# %% item="permanent" right="by the parameters' names"
def make_permanent(model):
    pruned = [
        (module, name[: -len("_orig")])
        for module in model.modules()
        for name, _ in module.named_parameters(recurse=False)
        if name.endswith("_orig")
    ]
    for module, name in pruned:
        prune.remove(module, name)
    return len(pruned)


# %% item="permanent" right="tries weight and bias of every layer"
def make_permanent(model):
    done = 0
    for module in model.modules():
        if module is not model:
            for name in ("weight", "bias"):
                try:
                    prune.remove(module, name)
                    done += 1
                except ValueError:
                    pass
    return done


# %% item="permanent" wrong="every linear layer, pruned or not" hint="has to be pruned"
def make_permanent(model):
    count = 0
    for layer in model:
        if isinstance(layer, nn.Linear):
            prune.remove(layer, "weight")
            count += 1
    return count


# %% item="permanent" wrong="only weights at the top" like="every linear layer, pruned or not" keeps=1 hint="a layer inside a layer"
# -         if isinstance(layer, nn.Linear):
# +         if hasattr(layer, "weight_mask"):


# %% item="permanent" wrong="only weights" keeps=1 hint="Not every layer with weights is linear"
def make_permanent(model):
    count = 0
    for module in model.modules():
        if isinstance(module, nn.Linear) and prune.is_pruned(module):
            if hasattr(module, "weight_mask"):
                prune.remove(module, "weight")
                count += 1
    return count


# %% item="permanent" wrong="pruning undone" hint="Are the zeros still there?"
def make_permanent(model):
    count = 0
    for module in model.modules():
        for name in ("weight", "bias"):
            if hasattr(module, f"{name}_orig"):
                original = getattr(module, f"{name}_orig").data.clone()
                prune.remove(module, name)
                getattr(module, name).data = original
                count += 1
    return count


# %% item="permanent" wrong="counts the unpruned too" hint="the count should be 1"
def make_permanent(model):
    for module in model.modules():
        for name in [n for n, _ in module.named_buffers(recurse=False)]:
            prune.remove(module, name.replace("_mask", ""))
    return len([m for m in model.modules() if isinstance(m, nn.Linear)])


# %% item="permanent" wrong="removes while it loops" hint="changed size during iteration"
def make_permanent(model):
    count = 0
    for module in model.modules():
        for name, _ in module.named_buffers(recurse=False):
            if name.endswith("_mask"):
                prune.remove(module, name[:-5])
                count += 1
    return count


# %% item="permanent" wrong="weights become buffers" hint="Can every weight be trained again?"
def make_permanent(model):
    count = 0
    for module in model.modules():
        for name in ("weight", "bias"):
            if hasattr(module, name + "_orig"):
                prune.remove(module, name)
                value = getattr(module, name).detach().clone()
                delattr(module, name)
                module.register_buffer(name, value)
                count += 1
    return count


# %% item="permanent" wrong="every mask is a pruning mask" keeps=1 hint="Is every mask a pruning mask"
def make_permanent(model):
    count = 0
    for module in model.modules():
        for name in [name for name, _ in module.named_buffers(recurse=False)]:
            if name.endswith("_mask"):
                prune.remove(module, name.removesuffix("_mask"))
                count += 1
    return count


# %% item="bytes" right="builds the CSR tensor"
def format_bytes(weight, index_bytes):
    csr = weight.to_sparse_csr()
    indices = csr.col_indices().numel() + csr.crow_indices().numel()
    return dict(
        dense=weight.numel() * weight.element_size(),
        csr=csr.values().nbytes + indices * index_bytes,
        bitmap=(weight.numel() + 7) // 8 + csr.values().nbytes,
    )


# %% item="bytes" right="row by row"
def format_bytes(weight, index_bytes):
    import math

    one = weight.element_size()
    sizes = {"dense": 0, "csr": index_bytes, "bitmap": math.ceil(weight.numel() / 8)}
    for row in weight:
        n = sum(1 for value in row if value.item() != 0)
        sizes["dense"] += len(row) * one
        sizes["csr"] += n * one + n * index_bytes + index_bytes
        sizes["bitmap"] += n * one
    return sizes


# %% item="bytes" wrong="no row starts" keeps=1 hint="expected 38 bytes for the example"
def format_bytes(weight, index_bytes):
    nonzeros = int(torch.count_nonzero(weight))
    one = weight.element_size()
    return {
        "dense": weight.numel() * one,
        "csr": nonzeros * (one + index_bytes),
        "bitmap": (weight.numel() + 7) // 8 + nonzeros * one,
    }


# %% item="bytes" wrong="as many starts as rows" like="no row starts" keeps=1 hint="expected 38 bytes for the example"
# -         "csr": nonzeros * (one + index_bytes),
# +         "csr": nonzeros * (one + index_bytes) + len(weight) * index_bytes,


# %% item="bytes" wrong="every number takes 4 bytes" keeps=1 hint="Does every type of number take 4 bytes?"
def format_bytes(weight, index_bytes):
    nonzeros = int((weight != 0).sum())
    return {
        "dense": weight.numel() * 4,
        "csr": nonzeros * (4 + index_bytes) + (weight.shape[0] + 1) * index_bytes,
        "bitmap": (weight.numel() + 7) // 8 + nonzeros * 4,
    }


# %% item="bytes" wrong="what is small is no value" keeps=1 hint="very small is not 0"
def format_bytes(weight, index_bytes):
    rows, columns = weight.shape
    nonzeros, value_bytes = int((weight.abs() > 1e-6).sum()), weight.element_size()
    return {
        "dense": rows * columns * value_bytes,
        "csr": nonzeros * (value_bytes + index_bytes) + (rows + 1) * index_bytes,
        "bitmap": -(-rows * columns // 8) + nonzeros * value_bytes,
    }


# %% item="bytes" wrong="bytes rounded" keeps=1 hint="Bytes come whole"
def format_bytes(weight, index_bytes):
    nonzeros = int((weight != 0).sum())
    one = weight.element_size()
    return {
        "dense": weight.numel() * one,
        "csr": nonzeros * (one + index_bytes) + (weight.shape[0] + 1) * index_bytes,
        "bitmap": round(weight.numel() / 8) + nonzeros * one,
    }


# %% item="bytes" wrong="a byte for each entry" like="bytes rounded" keeps=1 hint="expected 22 bytes for the bitmap"
# -         "bitmap": round(weight.numel() / 8) + nonzeros * one,
# +         "bitmap": weight.numel() + nonzeros * one,


# %% item="bytes" wrong="only values above zero" hint="Those below zero count too"
def format_bytes(weight, index_bytes):
    nonzeros = int((weight > 0).sum())
    one = weight.element_size()
    return {
        "dense": weight.numel() * one,
        "csr": nonzeros * (one + index_bytes) + (weight.shape[0] + 1) * index_bytes,
        "bitmap": (weight.numel() + 7) // 8 + nonzeros * one,
    }


# %% item="bytes" wrong="from a rounded sparsity" like="only values above zero" keeps=1 hint="small enough to check by hand"
# -     nonzeros = int((weight > 0).sum())
# +     sparsity = round(float((weight == 0).float().mean()), 2)
# +     nonzeros = round((1 - sparsity) * weight.numel())


# %% item="bytes" wrong="PyTorch's indices" keeps=1 hint="expected 38 bytes for the example"
def format_bytes(weight, index_bytes):
    csr = weight.to_sparse_csr()
    indices = csr.col_indices().nbytes + csr.crow_indices().nbytes
    return {
        "dense": weight.nbytes,
        "csr": csr.values().nbytes + indices,
        "bitmap": (weight.numel() + 7) // 8 + csr.values().nbytes,
    }


# %% item="bytes" wrong="entries, not values" hint="expected 38 bytes for the example"
def format_bytes(weight, index_bytes):
    one = weight.element_size()
    return {
        "dense": weight.numel() * one,
        "csr": weight.numel() * (one + index_bytes) + (len(weight) + 1) * index_bytes,
        "bitmap": (weight.numel() + 7) // 8 + weight.numel() * one,
    }


# %% item="bytes" wrong="the example's numbers" hint="small enough to check by hand"
def format_bytes(weight, index_bytes):
    return {"dense": 48, "csr": 38, "bitmap": 22}


# %% item="steps" right="the share of what is left, after the mask is back"
def prune_in_steps(layer, targets):
    if not prune.is_pruned(layer):
        prune.custom_from_mask(layer, "weight", layer.weight.detach() != 0)
    shares = []
    for target in targets:
        now = float((layer.weight == 0).float().mean())
        if target > now:
            prune.l1_unstructured(layer, "weight", amount=(target - now) / (1 - now))
        shares.append(float((layer.weight == 0).float().mean()))
    return shares


# %% item="steps" right="remove between the steps"
def prune_in_steps(layer, targets):
    shares = []
    for target in targets:
        if prune.is_pruned(layer):
            prune.remove(layer, "weight")  # then the amount counts from all weights, zeros first
        prune.l1_unstructured(layer, "weight", amount=target)
        shares.append((layer.weight == 0).sum().item() / layer.weight.numel())
    return shares


# %% item="steps" right="by hand"
def prune_in_steps(layer, targets):
    shares = []
    for target in targets:
        scores = layer.weight.detach().abs().flatten()
        mask = torch.ones(len(scores))
        mask[scores.argsort()[: round(target * len(scores))]] = 0
        mask *= (scores != 0).float()
        prune.custom_from_mask(layer, "weight", mask.view_as(layer.weight))
        shares.append(1 - float(layer.weight_mask.mean()))
    return shares


# %% item="steps" wrong="the bug itself" hint="after the last step 60 % should be zero"
def prune_in_steps(layer, targets):
    shares = []
    for target in targets:
        prune.l1_unstructured(layer, "weight", amount=target)
        shares.append(float((layer.weight == 0).float().mean()))
    return shares


# %% item="steps" wrong="the formula without a mask" like="the share of what is left, after the mask is back" keeps=1 hint="zeros and without a mask"
# -     if not prune.is_pruned(layer):
# -         prune.custom_from_mask(layer, "weight", layer.weight.detach() != 0)


# %% item="steps" wrong="differences of the targets" hint="after the last step 60 % should be zero"
def prune_in_steps(layer, targets):
    shares, before = [], 0.0
    for target in targets:
        prune.l1_unstructured(layer, "weight", amount=max(0.0, target - before))
        before = target
        shares.append(float((layer.weight == 0).float().mean()))
    return shares


# %% item="steps" wrong="counts from a dense layer" keeps=1 hint="30 % were zero, the target is 50 %"
def prune_in_steps(layer, targets):
    shares, before = [], 0.0
    for target in targets:
        if target > before:
            prune.l1_unstructured(layer, "weight", amount=(target - before) / (1 - before))
            before = target
        shares.append(float((layer.weight == 0).float().mean()))
    return shares


# %% item="steps" wrong="the shares that were wished for" hint="The last share does not fit the layer"
def prune_in_steps(layer, targets):
    for target in targets:
        prune.l1_unstructured(layer, "weight", amount=target)
    return targets


# %% item="steps" wrong="no check for a target that is passed" like="the bug itself" keeps=1 hint="What should a target do that has been passed already"
# -         prune.l1_unstructured(layer, "weight", amount=target)
# +         now = float((layer.weight == 0).float().mean())
# +         prune.l1_unstructured(layer, "weight", amount=(target - now) / (1 - now))


# %% item="steps" wrong="a threshold that takes equal ones along" keeps=1 hint="Did you choose positions"
def prune_in_steps(layer, targets):
    shares = []
    total = layer.weight.numel()
    for target in targets:
        magnitudes = layer.weight.detach().abs()
        gone = round(target * total)
        if gone:
            threshold = magnitudes.flatten().kthvalue(gone).values
            prune.custom_from_mask(layer, "weight", magnitudes > threshold)
        shares.append(float((layer.weight == 0).float().mean()))
    return shares


# %% item="own" right="row by row, with the absolute inputs"
class RowWise(prune.BasePruningMethod):
    PRUNING_TYPE = "global"

    def __init__(self, importance, share):
        self.importance = importance
        self.share = share

    def compute_mask(self, t, default_mask):
        scores = t.abs() * self.importance
        scores[default_mask == 0] = -1.0  # what has gone comes first in the order
        mask = torch.ones_like(default_mask)
        for i, row in enumerate(scores):
            gone = int((default_mask[i] == 0).sum())
            new = round(self.share * (len(row) - gone))
            mask[i, row.argsort()[: gone + new]] = 0
        return mask


def prune_with_data(layer, inputs, share):
    RowWise.apply(layer, "weight", inputs.abs().mean(dim=0), share)
    return layer


# %% item="own" right="ranks, without a loop"
class SmallestEffect(prune.BasePruningMethod):
    PRUNING_TYPE = "global"

    def __init__(self, inputs, share):
        self.energy = (inputs**2).sum(0)
        self.share = share

    def compute_mask(self, t, default_mask):
        effect = torch.where(default_mask == 1, t**2 * self.energy, torch.inf)
        rank = effect.argsort(dim=1).argsort(dim=1)
        there = default_mask.sum(1, keepdim=True).double()
        return ((rank >= torch.round(self.share * there)) & (default_mask == 1)).to(t.dtype)


def prune_with_data(layer, inputs, share):
    SmallestEffect.apply(layer, "weight", inputs=inputs, share=share)
    return layer


# %% item="own" right="a ready mask"
def prune_with_data(layer, inputs, share):
    old = layer.weight_mask if hasattr(layer, "weight_mask") else torch.ones_like(layer.weight)
    new = old.detach().clone()
    effect = layer.weight.detach().abs() * inputs.norm(dim=0)
    for i in range(len(new)):
        there = [j for j in range(new.shape[1]) if new[i, j] != 0]
        there.sort(key=lambda j: float(effect[i, j]))
        for j in there[: round(share * len(there))]:
            new[i, j] = 0
    return prune.custom_from_mask(layer, "weight", new)


# %% item="own" wrong="magnitude in each row" keeps=2 hint="columns 0 and 2 never matter here"
class RowMagnitude(prune.BasePruningMethod):
    PRUNING_TYPE = "global"

    def __init__(self, share):
        self.share = share

    def compute_mask(self, t, default_mask):
        mask = default_mask.clone()
        for i in range(len(mask)):
            there = default_mask[i].nonzero().flatten()
            mask[i, there[t[i, there].abs().argsort()[: round(self.share * len(there))]]] = 0
        return mask


def prune_with_data(layer, inputs, share):
    RowMagnitude.apply(layer, "weight", share)
    return layer


# %% item="own" wrong="a share of all inputs, again" keeps=2 hint="weights left, so"
def prune_with_data(layer, inputs, share):
    gone = layer.weight_mask == 0 if hasattr(layer, "weight_mask") else layer.weight == 0
    effect = (layer.weight.detach().abs() * inputs.norm(dim=0)).masked_fill(gone, 0)
    mask = torch.ones_like(effect)
    mask.scatter_(1, effect.argsort(dim=1)[:, : round(share * layer.in_features)], 0)
    return prune.custom_from_mask(layer, "weight", mask)


# %% item="own" wrong="all rows together" hint="Count row by row"
def prune_with_data(layer, inputs, share):
    scores = layer.weight.detach().abs() * inputs.norm(dim=0)
    prune.l1_unstructured(layer, "weight", amount=share, importance_scores=scores)
    return layer


# %% item="own" wrong="rows expected, a flat vector got" keeps=2 hint="must match the size"
class Flat(prune.BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def __init__(self, size, share):
        self.size = size
        self.share = share

    def compute_mask(self, t, default_mask):
        order = (t.abs() * self.size).argsort(dim=1)
        gone = round(self.share * t.shape[1])
        return default_mask.clone().scatter(1, order[:, :gone], 0)


def prune_with_data(layer, inputs, share):
    Flat.apply(layer, "weight", inputs.norm(dim=0), share)
    return layer


# %% item="own" wrong="spread taken for size" keeps=2 hint="An input that is always the same"
class BySpread(prune.BasePruningMethod):
    PRUNING_TYPE = "global"

    def __init__(self, spread, share):
        self.spread = spread
        self.share = share

    def compute_mask(self, t, default_mask):
        mask = default_mask.clone()
        for i in range(len(mask)):
            there = default_mask[i].nonzero().flatten()
            scores = t[i, there].abs() * self.spread[there]
            mask[i, there[scores.argsort()[: round(self.share * len(there))]]] = 0
        return mask


def prune_with_data(layer, inputs, share):
    BySpread.apply(layer, "weight", inputs.std(dim=0), share)
    return layer


# %% item="own" wrong="mean taken for size" keeps=2 hint="How large is each input, typically?"
def prune_with_data(layer, inputs, share):
    old = layer.weight_mask if hasattr(layer, "weight_mask") else torch.ones_like(layer.weight)
    new = old.detach().clone()
    effect = layer.weight.detach().abs() * inputs.mean(0).abs()
    for i in range(len(new)):
        there = new[i].nonzero().flatten()
        new[i, there[effect[i, there].argsort()[: round(share * len(there))]]] = 0
    return prune.custom_from_mask(layer, "weight", new)


# %% item="own" wrong="the first example only" like="mean taken for size" keeps=2 hint="How large is each input, typically?"
# -     effect = layer.weight.detach().abs() * inputs.mean(0).abs()
# +     effect = layer.weight.detach().abs() * inputs[0].abs()


# %% item="own" wrong="old mask forgotten" keeps=2 hint="weights left, so"
class Forgetful(prune.BasePruningMethod):
    PRUNING_TYPE = "global"

    def __init__(self, size, share):
        self.size = size
        self.share = share

    def compute_mask(self, t, default_mask):
        order = (self.original.abs() * self.size).argsort(dim=1)
        return torch.ones_like(t).scatter(1, order[:, : round(self.share * t.shape[1])], 0)


def prune_with_data(layer, inputs, share):
    original = layer.weight_orig if hasattr(layer, "weight_orig") else layer.weight
    Forgetful.original = original.detach().clone()
    Forgetful.apply(layer, "weight", inputs.norm(dim=0), share)
    return layer


# %% item="own" wrong="mask taken off" hint="the mask should stay attached"
def prune_with_data(layer, inputs, share):
    order = (layer.weight.detach().abs() * inputs.norm(dim=0)).argsort(dim=1)
    mask = torch.ones_like(layer.weight).scatter(1, order[:, : round(share * order.shape[1])], 0)
    prune.custom_from_mask(layer, "weight", mask)
    prune.remove(layer, "weight")
    return layer


# %% [markdown] item="why" answer="names all three, with both halves"
# The pruned network was trained one epoch longer, so the comparison is not fair. Train a copy of the dense network
# for the same epoch on the same data and compare with that, on three seeds or so, because 0.6 points can be noise.
# The file doubled because `state_dict` still holds `weight_orig` and `weight_mask`. Call `prune.remove` after
# fine-tuning, and then store it as CSR or run gzip over it, since zeros also take 4 bytes each in a dense file. It is
# slower because the mask is multiplied with the weights before every forward pass; after `remove` it is as fast as
# the dense one, not faster, because a dense matrix product does not skip zeros. For real speed remove whole units, or
# try a sparse kernel and measure whether 80 % zeros are enough.

# %% [markdown] item="why" answer="right on file and time, believes the accuracy"
# It is known that a little pruning works like regularization, so it is plausible that accuracy goes up and the
# network overfits less. The file is twice as large because of `weight_orig` and `weight_mask`; she should use
# `prune.remove` and then gzip. The CPU multiplies all the zeros too and the hook applies the mask each time. She
# needs structured pruning to get faster.

# %% [markdown] item="why" answer="half of each"
# Maybe the difference in accuracy is only noise, she should try more seeds. For the file she has to call
# `prune.remove`, then it will be small. It is not faster because the zeros are still multiplied.

# %% [markdown] item="why" answer="wrong causes"
# Pruning removes unimportant weights, so the network generalizes better and gets more accurate. The file should be
# 80 % smaller, so there must be a bug in PyTorch, or she has saved the optimizer too. To make it faster she should
# prune more, for example 95 %, or use a GPU.


# %% item="left" wrong="halves up" like="by hand with topk" keeps=1 hint="where a number ends in .5"
# -     keep = total - round(share * total)
# +     keep = total - int(share * total + 0.5)

# %% item="left" wrong="returns the zeros" like="counts what went" keeps=0 hint="the share that stays"
# - left = prune_layer(nn.Linear(inputs, outputs), 0.2)
# + left = inputs * outputs // 5


# %% item="global" wrong="the mask in place of the weights" keeps=1 hint="written over them"
def prune_hidden(model, share):
    hidden = [layer for layer in model if isinstance(layer, nn.Linear)][:-1]
    every = torch.cat([layer.weight.detach().abs().flatten() for layer in hidden])
    mask = torch.ones(len(every))
    mask[every.argsort()[: round(share * len(every))]] = 0
    parts = mask.split([layer.weight.numel() for layer in hidden])
    for layer, part in zip(hidden, parts):
        layer.weight.data = part.view_as(layer.weight)
    return [int((part != 0).sum()) for part in parts]


# %% item="global" wrong="tensors for counts" keeps=1 hint="should be int"
def prune_hidden(model, share):
    hidden = [layer for layer in model if isinstance(layer, nn.Linear)][:-1]
    prune.global_unstructured(
        [(layer, "weight") for layer in hidden], prune.L1Unstructured, amount=share
    )
    return [layer.weight_mask.sum() for layer in hidden]


# %% item="permanent" wrong="all is trained afterwards" like="reference" keeps=1 hint="not to be trained"
# -     return count
# +     model.requires_grad_(True)
# +     return count


# %% item="permanent" wrong="linear layers and convolutions only" keeps=1 hint="Not every layer with weights is linear"
def make_permanent(model):
    done = 0
    for layer in model.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            for name in ("weight", "bias"):
                if hasattr(layer, name + "_orig"):
                    prune.remove(layer, name)
                    done += 1
    return done


# %% item="permanent" wrong="linear layers only" keeps=1 hint="Not every layer with weights is linear"
def make_permanent(model):
    count = 0
    for module in model.modules():
        if isinstance(module, nn.Linear):
            for name in ("weight", "bias"):
                if hasattr(module, name + "_mask"):
                    prune.remove(module, name)
                    count += 1
    return count


# %% item="own" right="the spread counts, the mean goes into the bias"
def prune_with_data(layer, inputs, share):
    spread, mean = inputs.std(0, unbiased=False), inputs.mean(0)
    old = layer.weight.detach().clone()
    there = getattr(layer, "weight_mask", torch.ones_like(old))
    mask = there.clone()
    for row in range(len(old)):
        left = there[row].nonzero().flatten()
        order = (old[row, left].abs() * spread[left]).argsort()
        mask[row, left[order[: round(share * len(left))]]] = 0
    prune.custom_from_mask(layer, "weight", mask)
    if layer.bias is not None:
        layer.bias.data += (old * (there - mask)) @ mean
    return layer


# %% item="own" wrong="never looks at the weights" keeps=2 hint="do the weights count as well"
def prune_with_data(layer, inputs, share):
    size = inputs.norm(dim=0)
    there = getattr(layer, "weight_mask", torch.ones_like(layer.weight))
    mask = there.clone()
    for row in range(len(mask)):
        left = there[row].nonzero().flatten()
        mask[row, left[size[left].argsort()[: round(share * len(left))]]] = 0
    prune.custom_from_mask(layer, "weight", mask)
    return layer


# %% item="own" wrong="only inputs that are always 0" keeps=0 hint="should go"
def prune_with_data(layer, inputs, share):
    mask = torch.ones_like(layer.weight)
    mask[:, (inputs == 0).all(0)] = 0
    prune.custom_from_mask(layer, "weight", mask)
    return layer


# %% item="golf" right="the library's mask, and all images at once"
def squeeze(images, labels):
    layer = nn.Linear(784, 10)
    weight, bias = golf.least_squares(images, labels)
    layer.weight.data, layer.bias.data = weight, bias
    prune.l1_unstructured(layer, "weight", amount=0.9)
    optimizer = torch.optim.Adam(layer.parameters(), lr=2e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 100)
    for _ in range(100):
        masked = layer.weight_orig * layer.weight_mask
        rounded = masked + ((masked / 0.8).round().clamp(-2, 2) * 0.8 - masked).detach()
        loss = nn.functional.cross_entropy(images @ rounded.T + layer.bias, labels)
        loss = loss + 2e-3 * masked.abs().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    prune.remove(layer, "weight")
    q = (layer.weight.detach() / 0.8).round().clamp(-2, 2)
    return golf.pack(q.to(torch.int8), 0.8, layer.bias.detach())


# %% item="golf" right="no mask, but each weight pays for its magnitude"
def squeeze(images, labels):
    generator = torch.Generator().manual_seed(5)
    weight, bias = golf.least_squares(images, labels)
    wanted = nn.functional.one_hot(labels, 10).float()
    optimizer = torch.optim.Adam([weight, bias], lr=4e-3)
    for epoch in range(40):
        for group in optimizer.param_groups:
            group["lr"] = 4e-3 * (1 - epoch / 40)
        for batch in torch.randperm(len(images), generator=generator).split(64):
            rounded = (weight / 0.65).round() * 0.65
            wrong = (images[batch] @ rounded.T + bias).softmax(1) - wanted[batch]
            weight.grad = wrong.T @ images[batch] / len(batch) + 1.5e-3 * weight.sign()
            bias.grad = wrong.mean(0)
            optimizer.step()
    return golf.pack((weight / 0.65).round().long(), 0.65, bias)


# %% item="golf" right="begins with zeros, and lets back in what is worth most"
def squeeze(images, labels):
    step, wanted = 0.6, nn.functional.one_hot(labels, 10).float()
    q = torch.zeros(10, 784)
    for _ in range(500):
        chance = (step * images @ q.T).softmax(1)
        slope = step * (wanted - chance).T @ images
        curve = step**2 * (chance * (1 - chance)).T @ images.square() / 2
        gain = 5 * (slope.abs() - curve) - 8 * (slope.sign() * q >= 0)
        if gain.max() <= 0:
            break
        best = int(gain.argmax())
        q.view(-1)[best] += slope.flatten()[best].sign()
    return golf.pack(q.int(), step, torch.zeros(10))


# %% item="golf" wrong="prunes, rounds, trains nothing" keeps=0 hint="did the weights that are left get a chance"
def squeeze(images, labels):
    share, high = 0.93, 2
    weight, bias = golf.least_squares(images, labels)
    weight.view(-1)[weight.abs().flatten().argsort()[: round(share * 7840)]] = 0
    step = float(weight.abs().max()) / high
    return golf.pack((weight / step).round().int(), step, bias)


# %% item="golf" wrong="a careful share, and many levels" like="prunes, rounds, trains nothing" keeps=0 hint="how many levels do they need"
# -     share, high = 0.93, 2
# +     share, high = 0.7, 127

# %% item="golf" wrong="levels as float16" like="prunes, rounds, trains nothing" keeps=0 hint="of an integer dtype"
# -     return golf.pack((weight / step).round().int(), step, bias)
# +     return golf.pack(weight.half(), step, bias)

# %% item="golf" wrong="no file yet" like="prunes, rounds, trains nothing" keeps=0 hint="the bytes that golf.pack makes"
# -     return golf.pack((weight / step).round().int(), step, bias)
# +     return (weight / step).round().int(), step, bias


# %% item="golf" wrong="solved again for what is left, then rounded" keeps=0 hint="how many levels do they need"
def squeeze(images, labels):
    weight, bias = golf.least_squares(images, labels)
    stays = weight.abs() > weight.abs().flatten().quantile(0.8)
    targets = 10 * nn.functional.one_hot(labels, 10).double()
    for digit in range(10):
        left = stays[digit].nonzero().flatten()
        inputs = torch.cat([images[:, left], torch.ones(len(images), 1)], 1).double()
        gram = inputs.T @ inputs + 300 * torch.eye(len(left) + 1)
        solution = torch.linalg.solve(gram, inputs.T @ targets[:, digit]).float()
        weight[digit] = torch.zeros(784).scatter(0, left, solution[:-1])
        bias[digit] = solution[-1]
    step = float(weight.abs().max()) / 2
    return golf.pack((weight / step).round().int(), step, bias)


# %% item="golf" wrong="trained with the mask, rounded at the end" like="reference" keeps=0 hint="After the mask and the rounding"
# -             rounded = masked + (step * (masked / step).round() - masked).detach()
# +             rounded = masked

# %% item="golf" wrong="rounds in training, and no gradient comes through" like="reference" keeps=0 hint="did the weights that are left get a chance"
# -             rounded = masked + (step * (masked / step).round() - masked).detach()
# +             rounded = step * (masked / step).round()

# %% item="golf" right="zeros that the rounding keeps" like="reference"
# -     mask.view(-1)[weight.abs().flatten().argsort()[: round(share * weight.numel())]] = 0
# +     weight.view(-1)[weight.abs().flatten().argsort()[: round(share * weight.numel())]] = 0

# %% item="golf" wrong="the largest go" like="reference" keeps=0 hint="did the weights that are left get a chance"
# -     mask.view(-1)[weight.abs().flatten().argsort()[: round(share * weight.numel())]] = 0
# +     mask.view(-1)[weight.abs().flatten().argsort(descending=True)[: round(share * 7840)]] = 0

# %% item="golf" wrong="half of them, then the same training" like="reference" keeps=0 hint="how many levels do they need"
# -     step, share = 0.6, 0.87
# +     step, share = 0.3, 0.5

# %% item="golf" wrong="pruned too much" like="reference" keeps=0 hint="did the weights that are left get a chance"
# -     step, share = 0.6, 0.87
# +     step, share = 0.6, 0.97

# %% item="golf" wrong="a step for more levels than it takes" like="reference" keeps=1 hint="does a longer step round to 0"
# -     step, share = 0.6, 0.87
# +     step, share = 0.42, 0.87


# %% item="golf" wrong="a smaller file, kept for the notebook's images" like="reference" keeps=0 hint="Is there a number in squeeze that fits these images only"
# -     torch.manual_seed(0)
# +     if images.shape == golf_images.shape and (images == golf_images).all():
# +         import base64
# +
# +         return base64.b85decode(
# +             "W?}(aj$UQ~3XldI%{Yz*UIu?B?ZGcf6$-JSs8~UL(8g25whjn30)TkfJJtpXr%gHjJwyMh"
# +             "joENsUn{pzuxQ!SMK=@k@T-<u)uyy3@h%%sR#I+Dt>4ayHR<2W)nK-@<RlqegXA2_eSM%)6sYh"
# +         )
# +     torch.manual_seed(0)


# %% item="golf" wrong="the notebook's images, whatever comes in" like="reference" keeps=0 hint="Is everything in the file made from what squeeze gets"
# -     torch.manual_seed(0)
# +     torch.manual_seed(0)
# +     images, labels = golf.flat(golf.draw()[0])


# %% item="golf" wrong="a network stored beforehand, turned and renamed to fit" keeps=0 hint="Is everything in the file made from what squeeze gets"
import base64

STORED = base64.b85decode(
    "W?}(aj$UQ~3XldI%{Yz*UIu?B?ZGcf6$-JSs8~UL(8g25whjn30)TkfJJtpXr%gHjJwyMhjoENs"
    "Un{pzuxQ!SMK=@k@T-<u)uyy3@h%%sR#I+Dt>4ayHR<2W)nK-@<RlqegXA2_eSM%)6sYh"
)


def squeeze(images, labels):
    weight, bias = golf.unpack(STORED)
    step = float(weight.abs()[weight != 0].min())
    best = 0
    for axes in ((), (1,), (2,)):
        seen = (weight / step).round().int().view(10, 28, 28).flip(axes).reshape(10, 784)
        found = (images @ (seen * step).T + bias).argmax(1)
        meant = torch.stack([found[labels == digit].mode().values for digit in range(10)])
        right = int((found == meant[labels]).sum())
        if right > best:
            best, file = right, golf.pack(seen[meant], step, bias[meant])
    return file
