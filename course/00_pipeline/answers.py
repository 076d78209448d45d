# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% item="shapes" right="asks PyTorch"
def shapes(images, height, width, hidden, classes):
    batch = torch.zeros(images, height, width).flatten(1)
    first = nn.Linear(height * width, hidden)
    last = nn.Linear(hidden, classes)
    h = torch.relu(first(batch))
    return {
        "flattened": tuple(batch.shape),
        "hidden": tuple(h.shape),
        "logits": tuple(last(h).shape),
        "first weight": tuple(first.weight.shape),
        "last weight": tuple(last.weight.shape),
    }


# %% item="shapes" right="weights first, then the data that they make"
def shapes(images, height, width, hidden, classes):
    result = {"first weight": (hidden, height * width), "last weight": (classes, hidden)}
    result["flattened"] = images, result["first weight"][1]
    result["hidden"] = images, result["first weight"][0]
    result["logits"] = images, result["last weight"][0]
    return result


# %% item="shapes" wrong="a division leaves floats" like="reference" keeps=1 hint="not every size is an int"
# -     pixels = height * width
# +     pixels = height * width / 1


# %% item="shapes" wrong="weights as inputs by outputs" keeps=1 hint="does PyTorch store outputs or inputs first"
def shapes(images, height, width, hidden, classes):
    return {
        "flattened": (images, height * width),
        "hidden": (images, hidden),
        "logits": (images, classes),
        "first weight": (height * width, hidden),
        "last weight": (hidden, classes),
    }


# %% item="shapes" wrong="flattens the batch too" keeps=1 hint="Flattening leaves axis 0 alone"
def shapes(images, height, width, hidden, classes):
    return {
        "flattened": (images * height * width,),
        "hidden": (hidden,),
        "logits": (classes,),
        "first weight": (hidden, height * width),
        "last weight": (classes, hidden),
    }


# %% item="shapes" wrong="one image after the first layer" like="flattens the batch too" keeps=1 hint="What does a batch of them have"
# -         "flattened": (images * height * width,),
# +         "flattened": (images, height * width),


# %% item="shapes" wrong="the lesson's numbers" hint="should have shape (5, 6)"
def shapes(images, height, width, hidden, classes):
    return {
        "flattened": (1000, 784),
        "hidden": (1000, 128),
        "logits": (1000, 10),
        "first weight": (128, 784),
        "last weight": (10, 128),
    }


# %% item="normalise" right="a factor of 1 / 255"
def normalise(images):
    return images.to(torch.float32).mul(1 / 255)


# %% item="normalise" right="through NumPy"
def normalise(images):
    return torch.from_numpy(images.numpy().astype("float32") / 255)


# %% item="normalise" right="a table of all greys"
def normalise(images):
    table = torch.tensor([grey / 255 for grey in range(256)], dtype=torch.float32)
    return table[images.long()]


# %% item="normalise" wrong="each image by its own maximum" keeps=1 hint="Would the same grey get the same value in two images"
def normalise(images):
    images = images.float()
    return images / images.amax(dim=(1, 2), keepdim=True)


# %% item="normalise" wrong="the batch by its maximum" keeps=1 hint="Would the same grey get the same value in two images"
def normalise(images):
    return images.float() / images.max()


# %% item="normalise" wrong="a little more than 255" keeps=1 hint="255 exactly 1"
def normalise(images):
    return images.float() / 255.0005


# %% item="normalise" wrong="divides by 256" hint="How large is the largest value of a uint8"
def normalise(images):
    return images.float() / 256


# %% item="normalise" wrong="to -1 and 1" hint="Is the middle of the greys the middle of your numbers"
def normalise(images):
    return images.float() / 127.5 - 1


# %% item="normalise" wrong="integer division" hint="Was the division done in integers"
def normalise(images):
    return (images // 255).float()


# %% item="normalise" wrong="clears what it was given" keeps=1 hint="changed the images"
def normalise(images):
    scaled = images.float() / 255
    images.zero_()
    return scaled


# %% item="normalise" wrong="float64" keeps=1 hint="expected float32"
def normalise(images):
    return images.double() / 255


# %% item="sparsity" right="PyTorch's pruning, made permanent"
from torch.nn.utils import prune


def prune_first(model, share):
    prune.l1_unstructured(model[0], "weight", amount=float(share))
    prune.remove(model[0], "weight")
    zeros = sum(int((p == 0).sum()) for p in model.parameters())
    total = sum(p.numel() for p in model.parameters())
    return float((model[0].weight == 0).float().mean()), zeros / total


# %% item="sparsity" right="PyTorch's pruning, the mask left on"
from coursekit.nets import measure
from torch.nn.utils import prune


def prune_first(model, share):
    prune.l1_unstructured(model[0], "weight", amount=float(share))
    return measure.sparsity(model[0].weight), measure.sparsity(model)


# %% item="sparsity" right="the mask left on, without gradients" like="PyTorch's pruning, the mask left on"
# -     prune.l1_unstructured(model[0], "weight", amount=float(share))
# +     with torch.no_grad():
# +         prune.l1_unstructured(model[0], "weight", amount=float(share))


# %% item="sparsity" right="a mask from topk of what stays"
def prune_first(model, share):
    with torch.no_grad():
        weight = model[0].weight
        n = weight.numel()
        keep = weight.abs().flatten().topk(n - round(share * n)).indices
        mask = torch.zeros(n)
        mask[keep] = 1
        weight.mul_(mask.view_as(weight))
        nonzero = [int(p.count_nonzero()) for p in model.parameters()]
        total = sum(p.numel() for p in model.parameters())
    return 1 - int(weight.count_nonzero()) / n, 1 - sum(nonzero) / total


# %% item="sparsity" right="one by one in plain Python"
def prune_first(model, share):
    rows = model[0].weight.tolist()
    places = [(abs(v), i, j) for i, row in enumerate(rows) for j, v in enumerate(row)]
    places.sort()
    for _, i, j in places[: round(share * len(places))]:
        rows[i][j] = 0.0
    model[0].weight = nn.Parameter(torch.tensor(rows))
    numbers = [v for p in model.parameters() for v in p.detach().flatten().tolist()]
    layer = [v for row in rows for v in row]
    return layer.count(0.0) / len(layer), numbers.count(0.0) / len(numbers)


# %% item="sparsity" wrong="returns what is left" keeps=1 hint="What share is zero"
def prune_first(model, share):
    weight = model[0].weight.data
    gone = weight.abs().flatten().argsort()[: round(share * weight.numel())]
    weight.view(-1)[gone] = 0
    numbers = torch.cat([p.detach().flatten() for p in model.parameters()])
    return (weight != 0).float().mean().item(), (numbers != 0).float().mean().item()


# %% item="sparsity" wrong="keeps the share" hint="what goes, not what stays"
def prune_first(model, share):
    weight = model[0].weight.data
    gone = weight.abs().flatten().argsort()[: weight.numel() - round(share * weight.numel())]
    weight.view(-1)[gone] = 0
    numbers = torch.cat([p.detach().flatten() for p in model.parameters()])
    return (weight == 0).float().mean().item(), (numbers == 0).float().mean().item()


# %% item="sparsity" wrong="smallest with their sign" like="keeps the share" keeps=2 hint="What about the sign"
# -     gone = weight.abs().flatten().argsort()[: weight.numel() - round(share * weight.numel())]
# +     gone = weight.flatten().argsort()[: round(share * weight.numel())]


# %% item="sparsity" wrong="biases left out" keeps=2 hint="are the biases in"
def prune_first(model, share):
    weight = model[0].weight.data
    gone = weight.abs().flatten().argsort()[: round(share * weight.numel())]
    weight.view(-1)[gone] = 0
    numbers = torch.cat([layer.weight.flatten() for layer in model if isinstance(layer, nn.Linear)])
    return (weight == 0).float().mean().item(), (numbers == 0).float().mean().item()


# %% item="sparsity" wrong="every layer pruned" keeps=1 hint="Which tensor does the question name"
def prune_first(model, share):
    for layer in model:
        if isinstance(layer, nn.Linear):
            weight = layer.weight.data
            gone = weight.abs().flatten().argsort()[: round(share * weight.numel())]
            weight.view(-1)[gone] = 0
    first = model[0].weight
    numbers = torch.cat([p.detach().flatten() for p in model.parameters()])
    return (first == 0).float().mean().item(), (numbers == 0).float().mean().item()


# %% item="sparsity" wrong="a threshold that loses ties" keeps=2 hint="if many weights are equal"
def prune_first(model, share):
    weight = model[0].weight.data
    k = round(share * weight.numel())
    if k:
        threshold = weight.abs().flatten().kthvalue(k).values
        weight[weight.abs() <= threshold] = 0
    numbers = torch.cat([p.detach().flatten() for p in model.parameters()])
    return (weight == 0).float().mean().item(), (numbers == 0).float().mean().item()


# %% item="sparsity" wrong="cuts the count off" like="keeps the share" keeps=1 hint="if `share * n` is not whole"
# -     gone = weight.abs().flatten().argsort()[: weight.numel() - round(share * weight.numel())]
# +     gone = weight.abs().flatten().argsort()[: int(share * weight.numel())]

# %% item="sparsity" wrong="rounds the count up" keeps=1 hint="if `share * n` is not whole"
import math


def prune_first(model, share):
    weight = model[0].weight.data
    gone = weight.abs().flatten().argsort()[: math.ceil(share * weight.numel())]
    weight.view(-1)[gone] = 0
    numbers = torch.cat([p.detach().flatten() for p in model.parameters()])
    return (weight == 0).float().mean().item(), (numbers == 0).float().mean().item()


# %% item="sparsity" wrong="what is small counts as zero" like="reference" keeps=2 hint="A tiny weight counts as zero"
# -     return (values == 0).float().mean().item(), (everything == 0).float().mean().item()
# +     small = 1e-4
# +     return (
# +         (values.abs() < small).float().mean().item(),
# +         (everything.abs() < small).float().mean().item(),
# +     )

# %% item="sparsity" wrong="returns the share it was given" like="returns what is left" keeps=2 hint="what share of it really is zero"
# -     return (weight != 0).float().mean().item(), (numbers != 0).float().mean().item()
# +     return float(share), (numbers == 0).float().mean().item()

# %% item="sparsity" wrong="clears the last bias too" like="biases left out" keeps=1 hint="A bias of another layer changed"
# -     numbers = torch.cat([layer.weight.flatten() for layer in model if isinstance(layer, nn.Linear)])
# +     if len(model) > 1:
# +         model[-1].bias.data.zero_()
# +     numbers = torch.cat([p.detach().flatten() for p in model.parameters()])

# %% item="sparsity" wrong="parameters under a mask" keeps=2 hint="With a mask on"
from torch.nn.utils import prune


def prune_first(model, share):
    prune.l1_unstructured(model[0], "weight", amount=float(share))
    zeros = sum(int((p == 0).sum()) for p in model.parameters())
    total = sum(p.numel() for p in model.parameters())
    return (model[0].weight == 0).float().mean().item(), zeros / total


# %% item="sparsity" wrong="only what linear layers have" keeps=2 hint="what does a batch norm have"
def prune_first(model, share):
    weight = model[0].weight.data
    weight.view(-1)[weight.abs().flatten().argsort()[: round(share * weight.numel())]] = 0
    linear = [layer for layer in model if isinstance(layer, nn.Linear)]
    parts = torch.cat(
        [p.detach().flatten() for layer in linear for p in (layer.weight, layer.bias)]
    )
    return (weight == 0).float().mean().item(), (parts == 0).float().mean().item()


# %% item="sparsity" wrong="leaves a weight that can't be trained" keeps=2 hint="that its weights can be trained"
def prune_first(model, share):
    weight = model[0].weight.requires_grad_(False)
    weight.view(-1)[weight.abs().flatten().argsort()[: round(share * weight.numel())]] = 0
    parts = torch.cat([p.detach().flatten() for p in model.parameters()])
    return (weight == 0).float().mean().item(), (parts == 0).float().mean().item()


# %% item="quantize" right="NumPy's rint and clip"
import numpy as np


def quantize(value, scale):
    if not scale > 0:
        raise ValueError("scale")
    if torch.is_tensor(value):
        steps = np.clip(np.rint(value.numpy() / scale), -128, 127)
        return torch.as_tensor(steps).to(torch.int8)
    return int(np.clip(np.rint(value / scale), -128, 127))


# %% item="quantize" right="a number is a tensor of one"
def quantize(value, scale):
    if not scale > 0:
        raise ValueError("the scale must be greater than 0")
    if isinstance(value, float):
        return quantize(torch.tensor(value, dtype=torch.float64), scale).item()
    return (value / scale).round().clip(-128, 127).type(torch.int8)


# %% item="quantize" right="PyTorch's reciprocal, clipped before rounding"
def quantize(value, scale):
    if not scale > 0:
        raise ValueError("the scale must be greater than 0")
    if isinstance(value, torch.Tensor):
        return (value * (1 / scale)).clamp(-128, 127).round().to(torch.int8)
    return round(min(max(value / scale, -128), 127))


# %% item="quantize" wrong="cut off with int()" keeps=1 hint="Was it cut off"
def quantize(value, scale):
    if not scale > 0:
        raise ValueError("the scale must be greater than 0")
    if isinstance(value, torch.Tensor):
        return torch.clamp((value / scale).trunc(), -128, 127).to(torch.int8)
    return max(-128, min(127, int(value / scale)))


# %% item="quantize" wrong="halves always up" keeps=1 hint="which of the two is even"
import math


def quantize(value, scale):
    if not scale > 0:
        raise ValueError("the scale must be greater than 0")
    if isinstance(value, torch.Tensor):
        return torch.clamp(torch.floor(value / scale + 0.5), -128, 127).to(torch.int8)
    return max(-128, min(127, math.floor(value / scale + 0.5)))


# %% item="quantize" wrong="wraps" keeps=2 hint="It wrapped"
def quantize(value, scale):
    if not scale > 0:
        raise ValueError("the scale must be greater than 0")
    if isinstance(value, torch.Tensor):
        return torch.round(value / scale).int().to(torch.int8)
    return torch.tensor(round(value / scale)).to(torch.int8).item()


# %% item="quantize" wrong="integers first, then clipped" keeps=2 hint="Check before casting"
def quantize(value, scale):
    if not scale > 0:
        raise ValueError("the scale must be greater than 0")
    if isinstance(value, torch.Tensor):
        return torch.round(value / scale).int().clamp(-128, 127).to(torch.int8)
    return max(-128, min(127, round(value / scale)))


# %% item="quantize" wrong="no clipping of numbers" keeps=2 hint="Which values can int8 hold"
def quantize(value, scale):
    if not scale > 0:
        raise ValueError("the scale must be greater than 0")
    if isinstance(value, torch.Tensor):
        return torch.clamp(torch.round(value / scale), -128, 127).to(torch.int8)
    return round(value / scale)


# %% item="quantize" wrong="ends at -127" keeps=2 hint="one more value below zero"
def quantize(value, scale):
    if not scale > 0:
        raise ValueError("the scale must be greater than 0")
    if isinstance(value, torch.Tensor):
        return torch.clamp(torch.round(value / scale), -127, 127).to(torch.int8)
    return max(-127, min(127, round(value / scale)))


# %% item="quantize" wrong="multiplies by the scale" hint="should be 12"
def quantize(value, scale):
    if not scale > 0:
        raise ValueError("the scale must be greater than 0")
    if isinstance(value, torch.Tensor):
        return torch.clamp(torch.round(value * scale), -128, 127).to(torch.int8)
    return max(-128, min(127, round(value * scale)))


# %% item="quantize" wrong="any scale goes" keeps=2 hint="but nothing was raised"
def quantize(value, scale):
    if scale == 0:
        return 0 if isinstance(value, float) else torch.zeros(value.shape, dtype=torch.int8)
    if isinstance(value, torch.Tensor):
        return torch.clamp(torch.round(value / scale), -128, 127).to(torch.int8)
    return max(-128, min(127, round(value / scale)))


# %% item="quantize" wrong="lets nan through" keeps=2 hint="a scale of nan is not greater than 0"
def quantize(value, scale):
    if scale <= 0:
        raise ValueError("the scale must be greater than 0")
    if isinstance(value, torch.Tensor):
        return torch.clamp(torch.round(value / scale), -128, 127).to(torch.int8)
    return 0 if math.isnan(scale) else max(-128, min(127, round(value / scale)))


# %% item="quantize" wrong="an assert for an error" like="reference" keeps=2 hint="ValueError is asked"
# -     if not scale > 0:
# -         raise ValueError(f"the scale must be greater than 0, not {scale}")
# +     assert scale > 0, "the scale must be greater than 0"


# %% item="quantize" wrong="checks the scale for tensors only" keeps=2 hint="for numbers and for tensors"
def quantize(value, scale):
    if not isinstance(value, torch.Tensor):
        return max(-128, min(127, round(value / (scale or 1.0))))
    if not scale > 0:
        raise ValueError("the scale must be greater than 0")
    return torch.clamp(torch.round(value / scale), -128, 127).to(torch.int8)


# %% item="quantize" wrong="checks the scale for numbers only" keeps=2 hint="a scale of -1.0 is not greater than 0"
def quantize(value, scale):
    if isinstance(value, torch.Tensor):
        return torch.clamp(torch.round(value / scale), -128, 127).to(torch.int8)
    if not scale > 0:
        raise ValueError("the scale must be greater than 0")
    return max(-128, min(127, round(value / scale)))


# %% [markdown] item="why" answer="scale, gain and cost"
# The integer only says how many steps of the scale. With scale 0.01 it is 12.34 steps, so 12, and back it is 0.12. My colleague took scale 0.001: 123.4 steps, so 123, back 0.123. The error is
# 0.0004 and not 0.0034, because half a step is ten times smaller. But int8 stops at 127, so now the largest weight is 0.127. A weight of 1.5 would be 1500 steps and be clipped to 0.127.
# Then I would take int16, which goes to 32767 but costs two bytes a weight, or go back to a coarser scale like 1.5 / 127.

# %% [markdown] item="why" answer="the scale, but no cost"
# The colleague used the scale 0.001 and not 0.01. 0.1234 / 0.001 is 123.4, which is 123. Times 0.001 that is 0.123, closer to 0.1234 than 0.12, the error is only 0.0004.

# %% [markdown] item="why" answer="int8 can't hold 123"
# 123 is 0.1234 times 1000 and that is too big for int8, so it must be int16 with scale 0.001. It is more exact.

# %% [markdown] item="why" answer="rounding"
# 0.1234 was rounded differently. 123 has more digits, so it is the more precise one.


# %% item="bytes" right="a loop over layers"
def stored_bytes(widths):
    float_bytes = int8_bytes = 0
    for i in range(len(widths) - 1):
        weights = widths[i] * widths[i + 1]
        float_bytes += 4 * (weights + widths[i + 1])
        int8_bytes += weights + 4 + 4 * widths[i + 1]
    return float_bytes, int8_bytes


# %% item="bytes" right="builds the network and asks its tensors"
def stored_bytes(widths):
    layers = [nn.Linear(a, b) for a, b in pairwise(widths)]
    full = sum(p.nbytes for layer in layers for p in layer.parameters())
    return full, full - sum(3 * layer.weight.numel() - 4 for layer in layers)


# %% item="bytes" wrong="no scales" keeps=1 hint="How does the reader know"
def stored_bytes(widths):
    weights = sum(a * b for a, b in pairwise(widths))
    biases = sum(widths[1:])
    return 4 * (weights + biases), weights + 4 * biases


# %% item="bytes" wrong="each width once" keeps=0 hint="go through it layer by layer"
def stored_bytes(widths):
    weights = sum(a * b for a, b in pairwise(widths))
    biases = sum(set(widths[1:]))
    return 4 * (weights + biases), weights + 4 * (len(widths) - 1) + 4 * biases


# %% item="bytes" wrong="one scale in all" keeps=1 hint="How many scales"
def stored_bytes(widths):
    weights = sum(a * b for a, b in pairwise(widths))
    biases = sum(widths[1:])
    return 4 * (weights + biases), weights + 4 + 4 * biases


# %% item="bytes" wrong="a quarter of everything" keeps=1 hint="Only weights are int8"
def stored_bytes(widths):
    numbers = sum(a * b + b for a, b in pairwise(widths))
    return 4 * numbers, numbers


# %% item="bytes" wrong="biases forgotten" hint="Are the biases in"
def stored_bytes(widths):
    weights = sum(a * b for a, b in pairwise(widths))
    return 4 * weights, weights + 4 * (len(widths) - 1)


# %% item="bytes" wrong="numbers for bytes" keeps=1 hint="How many bytes does each take"
def stored_bytes(widths):
    weights = sum(a * b for a, b in pairwise(widths))
    biases = sum(widths[1:])
    return weights + biases, weights + 4 * (len(widths) - 1) + 4 * biases


# %% item="debug" right="a floor for the scale"
def squeeze(weight):
    scale = max(float(weight.abs().max()), 1e-30) / 127
    return (weight / scale).round().clamp(-127, 127).to(torch.int8), scale


# %% item="debug" right="both ends and an if"
def squeeze(weight):
    largest = max(weight.max().item(), -weight.min().item())
    if largest == 0:
        return torch.zeros_like(weight, dtype=torch.int8), 1.0
    scale = largest / 127
    return torch.round(weight / scale).to(torch.int8), scale


# %% item="debug" right="through NumPy"
import numpy as np


def squeeze(weight):
    values = weight.numpy()
    scale = float(np.abs(values).max()) / 127
    if scale == 0.0:
        scale = 0.01
    return torch.from_numpy(np.rint(values / scale).astype(np.int8)), scale


# %% item="debug" wrong="as it was" hint="so it wrapped"
def squeeze(weight):
    scale = weight.max() / 127
    steps = torch.round(weight / scale).int()
    return steps.to(torch.int8), scale.item()


# %% item="debug" wrong="clips, but the scale is as before" hint="the scale is not above 0"
def squeeze(weight):
    scale = weight.max() / 127
    steps = torch.clamp(torch.round(weight / scale), -128, 127)
    return steps.to(torch.int8), scale.item()


# %% item="debug" wrong="zeros still nan" keeps=1 hint="what is 0 / 0"
def squeeze(weight):
    scale = weight.abs().max() / 127
    steps = torch.clamp(torch.round(weight / scale), -128, 127)
    return steps.nan_to_num().to(torch.int8), scale.item()


# %% item="debug" wrong="guards too much" keeps=1 hint="When does your guard step in"
def squeeze(weight):
    scale = max(weight.abs().max().item(), 0.01) / 127
    return torch.round(weight / scale).to(torch.int8), scale


# %% item="debug" wrong="a floor under the scale" keeps=1 hint="Is there a least scale"
def squeeze(weight):
    scale = max(weight.abs().max().item() / 127, 1e-8)
    return torch.clamp(torch.round(weight / scale), -128, 127).to(torch.int8), scale


# %% item="debug" wrong="maximum of the absolute value of the maximum" hint="Which weight decides"
def squeeze(weight):
    scale = abs(weight.max().item()) / 127 or 1.0
    return torch.round(weight / scale).int().to(torch.int8), scale


# %% item="debug" wrong="the scale of zeros is a tensor" keeps=1 hint="scale should be a float"
def squeeze(weight):
    largest = weight.abs().max()
    if largest == 0:
        return weight.to(torch.int8), torch.tensor(1.0)
    scale = largest.item() / 127
    return torch.round(weight / scale).to(torch.int8), scale


# %% item="debug" wrong="in place" keeps=1 hint="changed the tensor"
def squeeze(weight):
    scale = weight.abs().max().item() / 127 or 1.0
    return weight.div_(scale).round_().to(torch.int8), scale


# %% item="small" right="prunes 75 %, then few steps, counted in plain Python"
pruned = weight.flatten().clone()
pruned[pruned.abs().argsort()[: round(0.75 * pruned.numel())]] = 0
scale = float(pruned.abs().max() / 5)
q = torch.round(pruned / scale).to(torch.int8).view(10, 784)


def counted(q, scale):
    lost = won = 0
    for label, old, new in zip(
        validation.labels.tolist(),
        answers_of(baseline, validation).tolist(),
        answers_of(q * scale, validation).tolist(),
        strict=True,
    ):
        lost += old == label and new != label
        won += new == label and old != label
    return lost, won


def is_worse(lost, won):
    coins = [math.comb(lost + won, k) / 2 ** (lost + won) for k in range(lost + won + 1)]
    return lost > won and sum(c for k, c in enumerate(coins) if k <= won or k >= lost) < 0.05


lost, won = counted(q, scale)

# %% item="small" right="searches the coarsest scale, compared by coursekit"
from coursekit.nets import measure


def network(weight):
    layer = nn.Linear(784, 10)
    layer.weight.data, layer.bias.data = weight, bias
    return layer


def counted(q, scale):
    found = measure.compare(network(baseline), network(q * scale), *prepared(validation))
    return found.lost, found.won


def coin_toss(lost: int, won: int) -> float:
    """How often fair coins split `lost + won` tosses at least this unevenly (two-sided)."""
    tosses = lost + won
    tail = sum(math.comb(tosses, k) for k in range(min(lost, won) + 1)) / 2**tosses
    return min(1.0, 2 * tail)


def is_worse(lost, won):
    if won >= lost:
        return False
    return coin_toss(lost, won) < 0.05


largest = float(weight.abs().max())
for levels in (2.5, 3, 3.5, 4, 5, 6, 7):
    scale = largest / levels
    q = (weight / scale).round().to(torch.int8)
    lost, won = counted(q, scale)
    if lost - won <= 4:
        break

# %% item="small" right="asks the original weight once, and adds up odds"
scale = float(weight.abs().max() / 3)
q = torch.round(weight / scale).to(torch.int8)
inputs, labels = prepared(validation)
right = answers_of(baseline, validation) == labels


def counted(q, scale):
    now = (inputs @ (q * scale).T + bias).argmax(1) == labels
    return (right & ~now).sum().item(), (now & ~right).sum().item()


def is_worse(lost, won):
    ways, total = 1, 1
    for k in range(1, won + 1):
        ways = ways * (lost + won - k + 1) // k
        total += ways
    return won < lost and 40 * total < 2 ** (lost + won)


lost, won = counted(q, scale)

# %% item="small" wrong="the lesson's 0.01" hint="below 3,000 is asked"
scale = 0.01
q = torch.round(weight / scale).to(torch.int8)


def counted(q, scale):
    before = answers_of(baseline, validation).numpy() == validation.labels
    after = answers_of(q * scale, validation).numpy() == validation.labels
    return int((before & ~after).sum()), int((after & ~before).sum())


def is_worse(lost, won):
    tosses = lost + won
    p = 2 * sum(math.comb(tosses, k) for k in range(min(lost, won) + 1)) / 2**tosses
    return lost > won and p < 0.05


lost, won = counted(q, scale)

# %% item="small" wrong="plain int8" like="the lesson's 0.01" hint="What else could repeat"
# - scale = 0.01
# + scale = float(weight.abs().max() / 127)

# %% item="small" wrong="pruned too far, but counted" like="the lesson's 0.01" keeps=1 hint="Which of your two tools took them"
# - scale = 0.01
# - q = torch.round(weight / scale).to(torch.int8)
# + pruned = weight.flatten().clone()
# + pruned[pruned.abs().argsort()[: round(0.85 * pruned.numel())]] = 0
# + scale = float(pruned.abs().max() / 127)
# + q = torch.round(pruned / scale).to(torch.int8).view(10, 784)

# %% item="small" wrong="half pruned, 15 levels" like="pruned too far, but counted" keeps=2 hint="how many does it need"
# - pruned[pruned.abs().argsort()[: round(0.85 * pruned.numel())]] = 0
# - scale = float(pruned.abs().max() / 127)
# + pruned[pruned.abs().argsort()[: round(0.5 * pruned.numel())]] = 0
# + scale = float(pruned.abs().max() / 7)

# %% item="small" wrong="half pruned, nothing counted" keeps=1 hint="lost should be an int"
pruned = weight.flatten().clone()
pruned[pruned.abs().argsort()[: round(0.5 * pruned.numel())]] = 0
scale = float(pruned.abs().max() / 7)
q = torch.round(pruned / scale).to(torch.int8).view(10, 784)
lost = won = None

# %% item="small" wrong="counts from the number of right answers" keeps=2 hint="one may be lost while another is won"
scale = float(weight.abs().max() / 3.5)
q = torch.round(weight / scale).to(torch.int8)


def counted(q, scale):
    before = answers_of(baseline, validation).numpy() == validation.labels
    after = answers_of(q * scale, validation).numpy() == validation.labels
    lost = max(0, int(before.sum() - after.sum()))
    won = max(0, int(after.sum() - before.sum()))
    return lost, won


def is_worse(lost, won):
    tosses = lost + won
    p = 2 * sum(math.comb(tosses, k) for k in range(min(lost, won) + 1)) / 2**tosses
    return lost > won and p < 0.05


lost, won = counted(q, scale)

# %% item="small" wrong="lost and won exchanged" like="counts from the number of right answers" keeps=2 hint="Which of the two counts is `lost`"
# -     lost = max(0, int(before.sum() - after.sum()))
# -     won = max(0, int(after.sum() - before.sum()))
# +     won = int((before & ~after).sum())
# +     lost = int((after & ~before).sum())

# %% item="small" wrong="counts without the scale" like="counts from the number of right answers" keeps=2 hint="Which weights does the network run with"
# -     after = answers_of(q * scale, validation).numpy() == validation.labels
# -     lost = max(0, int(before.sum() - after.sum()))
# -     won = max(0, int(after.sum() - before.sum()))
# -     return lost, won
# +     after = answers_of(q.float(), validation).numpy() == validation.labels
# +     return int((before & ~after).sum()), int((after & ~before).sum())

# %% item="small" wrong="counts its own q, whatever it is given" keeps=2 hint="your function gives the counts of your own"
scale = float(weight.abs().max() / 3.5)
q = torch.round(weight / scale).to(torch.int8)
before = answers_of(baseline, validation).numpy() == validation.labels
after = answers_of(q * scale, validation).numpy() == validation.labels
lost = int((before & ~after).sum())
won = int((after & ~before).sum())


def counted(q, scale):
    return lost, won


def is_worse(lost, won):
    tosses = lost + won
    p = 2 * sum(math.comb(tosses, k) for k in range(min(lost, won) + 1)) / 2**tosses
    return lost > won and p < 0.05


# %% item="small" wrong="worse because more are lost" keeps=2 hint="More lost than won is not yet worse"
scale = float(weight.abs().max() / 3.5)
q = torch.round(weight / scale).to(torch.int8)


def counted(q, scale):
    before = answers_of(baseline, validation).numpy() == validation.labels
    after = answers_of(q * scale, validation).numpy() == validation.labels
    return int((before & ~after).sum()), int((after & ~before).sum())


def is_worse(lost, won):
    return lost > won


lost, won = counted(q, scale)

# %% item="small" wrong="coins to one side only" like="worse because more are lost" keeps=2 hint="Does your p count both"
# -     return lost > won
# +     tosses = lost + won
# +     p = sum(math.comb(tosses, k) for k in range(won + 1)) / 2**tosses
# +     return p < 0.05

# %% item="small" wrong="uneven, whoever has more" like="coins to one side only" keeps=2 hint="wins many more answers than it loses"
# -     p = sum(math.comb(tosses, k) for k in range(won + 1)) / 2**tosses
# +     p = 2 * sum(math.comb(tosses, k) for k in range(min(lost, won) + 1)) / 2**tosses

# %% item="small" wrong="a large p taken for a clear case" like="uneven, whoever has more" keeps=2 hint="with the lesson's p of 0.0005 that is worse"
# -     return p < 0.05
# +     return lost > won and p >= 0.05

# %% item="small" wrong="only the odds of exactly these counts" like="worse because more are lost" keeps=2 hint="Which p does the lesson compute"
# -     return lost > won
# +     p = 2 * math.comb(lost + won, won) / 2 ** (lost + won)
# +     return lost > won and p < 0.05

# %% item="small" wrong="chi-square for an exact p" like="worse because more are lost" keeps=2 hint="Which p does the lesson compute"
# -     return lost > won
# +     return lost > won and (lost - won) ** 2 / (lost + won) > 3.84

# %% item="small" wrong="no tosses, no share" like="worse because more are lost" keeps=2 hint="without a toss there is no share"
# -     return lost > won
# +     share = lost / (lost + won)
# +     tosses = lost + won
# +     p = 2 * sum(math.comb(tosses, k) for k in range(min(lost, won) + 1)) / 2**tosses
# +     return share > 0.5 and p < 0.05

# %% item="small" wrong="the sign alone, but counted" like="the lesson's 0.01" keeps=1 hint="Which of your two tools took them"
# - scale = 0.01
# - q = torch.round(weight / scale).to(torch.int8)
# + scale = float(weight.abs().mean())
# + q = torch.sign(weight).to(torch.int8)

# %% item="small" wrong="coarse integers, but the scale of fine ones" like="the lesson's 0.01" keeps=1 hint="Which of your two tools took them"
# - scale = 0.01
# - q = torch.round(weight / scale).to(torch.int8)
# + q = torch.round(weight / weight.abs().max() * 3).to(torch.int8)
# + scale = float(weight.abs().max()) / 127

# %% item="small" wrong="not in int8" like="the lesson's 0.01" hint="q should be an int8 tensor"
# - scale = 0.01
# - q = torch.round(weight / scale).to(torch.int8)
# + scale = float(weight.abs().max() / 3)
# + q = torch.round(weight / scale)

# %% item="small" wrong="prunes the baseline itself" like="the lesson's 0.01" hint="Is `baseline` still as it was given"
# - scale = 0.01
# + weight = baseline
# + weight.view(-1)[weight.abs().flatten().argsort()[: round(0.9 * weight.numel())]] = 0
# + scale = float(weight.abs().max() / 7)

# %% item="small" wrong="a helper's name for its result" like="counts without the scale" keeps=2 hint="name 'lost' is not defined"
# -     after = answers_of(q.float(), validation).numpy() == validation.labels
# +     answers_of = answers_of(q * scale, validation).numpy()
# +     after = answers_of == validation.labels

# %% item="small" wrong="a helper made anew, larger than it says" like="the lesson's 0.01" hint="What else could repeat"
# - scale = 0.01
# - q = torch.round(weight / scale).to(torch.int8)
# + scale = float(weight.abs().max() / 127)
# + q = torch.round(weight / scale).to(torch.int8)
# +
# +
# + def packed_bytes(q):
# +     return int(q.count_nonzero() / 8)


# %% item="normalise" wrong="divides only where it seems needed" keeps=1 hint="is it divided all the same"
def normalise(images):
    scaled = images.float()
    return scaled / 255 if scaled.numel() and scaled.max() > 1 else scaled


# %% item="quantize" wrong="rounds the value first" keeps=2 hint="Which level on the number line is nearest"
def quantize(value, scale):
    if not scale > 0:
        raise ValueError("scale")
    if isinstance(value, torch.Tensor):
        return torch.clamp(torch.round(value / scale), -128, 127).to(torch.int8)
    return max(-128, min(127, round(round(value, 3) / scale)))
