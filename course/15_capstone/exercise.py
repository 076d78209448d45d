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
# # 15 · Capstone: exercise

# %% given=true
import copy

import numpy as np
import torch
from torch.nn import functional as F

from coursekit import explain
from coursekit.alone import DecoderError, decode_alone, figures, source_bytes
from coursekit.data import load_arrays, load_fashion_mnist
from coursekit.networks import lenet
from coursekit.train import evaluate, set_seed

# %% given=true of="file"
set_seed(0)
TRAIN = load_fashion_mnist().train.tensors()
TEST = load_fashion_mnist().test.tensors()
dense = lenet()
dense.load_state_dict(
    {name: torch.from_numpy(a).float() for name, a in load_arrays("capstone_lenet.npz").items()}
)


def sparse_network(share, epochs=4):
    """A copy of `dense` in which `share` of all weights are 0, pruned step by step and taught by `dense`."""
    model, order = copy.deepcopy(dense), torch.Generator().manual_seed(0)
    layers = [model[1], model[3], model[5]]
    with torch.no_grad():
        taught = (dense(TRAIN[0]) / 2).softmax(1)
    batches = [b for _ in range(epochs) for b in torch.randperm(10_000, generator=order).split(64)]
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step, batch in enumerate(batches):
        done = step / len(batches)
        if step % 10 == 0 and done < 0.55:
            now = share * (1 - max(0, 1 - 2 * done) ** 3)
            sizes = torch.cat([layer.weight.detach().abs().flatten() for layer in layers])
            limit = sizes.kthvalue(max(1, round(now * len(sizes)))).values
            masks = [layer.weight.detach().abs() > limit for layer in layers]
        optimizer.param_groups[0]["lr"] = 3e-3 * (1 - done)
        logits = model(TRAIN[0][batch])
        soft = F.kl_div((logits / 2).log_softmax(1), taught[batch], reduction="batchmean")
        loss = 0.3 * F.cross_entropy(logits, TRAIN[1][batch]) + 2.8 * soft
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        for layer, mask in zip(layers, masks, strict=True):
            layer.weight.data *= mask
    return model


def accuracy(tensors, images, labels):
    """The share of images, (n, 1, 28, 28), that LeNet-300-100 with these tensors gets right."""
    model = lenet()
    for name, value in model.state_dict().items():
        found = tensors.get(name)
        if found is None or found.shape != value.shape:
            found = "no such tensor" if found is None else tuple(found.shape)
            raise DecoderError(f"`{name}` should have the shape {tuple(value.shape)}: {found}.")
    model.load_state_dict({name: tensors[name].float() for name in model.state_dict()})
    return evaluate(model, images, labels)[1]


# %% [markdown]
# ## 7 · The file (1 point)
#
# Main.

# %% item="file" answers=["file", "DECODER"]
### BEGIN SOLUTION
DECODER = '''
import lzma
import numpy as np

SHAPES = {"1": (300, 784), "3": (100, 300), "5": (10, 100)}

def decode(data):
    data, at, tensors = lzma.decompress(data), 0, {}

    def take(kind, count):
        nonlocal at
        found = np.frombuffer(data, kind, count, at)
        at += found.nbytes
        return found.astype("f4")

    for name, (rows, columns) in SHAPES.items():
        step = take("<f4", 1)
        tensors[name + ".weight"] = take("i1", rows * columns).reshape(rows, columns) * step
        tensors[name + ".bias"] = take("<f2", rows)
    return tensors
'''


parts = []
for layer in sparse_network(0.95):
    if hasattr(layer, "weight"):
        weight = layer.weight.detach().numpy()
        step = np.abs(weight[weight != 0]).mean() / 2
        codes = np.clip(np.round(weight / step), -127, 127)
        parts += [step.astype("<f4"), codes.astype("i1"), layer.bias.detach().numpy().astype("<f2")]
import lzma
file = lzma.compress(b"".join(part.tobytes() for part in parts), format=lzma.FORMAT_ALONE, preset=9)
### END SOLUTION

# %% test="file" points=1
tensors = decode_alone(DECODER, file)
total = len(file) + source_bytes(DECODER)
right = accuracy(tensors, *TEST)
assert total < 16_000, f"too many: {total}"
assert right > 0.8, f"too few: {right}"
### BEGIN HIDDEN TESTS
with np.load("held_out.npz") as held:
    halves = {
        half: (torch.from_numpy(held[f"{half}_images"])[:, None].float() / 255, torch.from_numpy(held[f"{half}_labels"]).long())
        for half in ("first", "second")
    }
found = {half: accuracy(tensors, *images) for half, images in halves.items()}
figures(bytes=total, **found)
assert found["first"] >= 0.83, "Too low."
### END HIDDEN TESTS
