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
# # 10 · Trade-offs: answers that people give


# %% item="alarms" right="with itertools"
def false_alarms(settings, test, limit):
    from itertools import combinations

    pairs = [pair for networks in settings for pair in combinations(networks, 2)]
    if len(pairs) == 0:
        raise ValueError("nothing to compare")
    return float(sum(test(*pair) < limit for pair in pairs)) / len(pairs)


means = "seeds differ by more than images alone explain"


# %% item="alarms" right="two counters"
def false_alarms(settings, test, limit):
    alarms = total = 0
    for networks in settings:
        for i in range(len(networks)):
            for j in range(i):
                total += 1
                if test(networks[j], networks[i]) < limit:
                    alarms += 1
    if not total:
        raise ValueError("no pairs")
    return alarms / total


means = "seeds differ by more than images alone explain"


# %% item="alarms" wrong="across settings too" keeps=1 hint="expected 0.667"
def false_alarms(settings, test, limit):
    networks = [network for group in settings for network in group]
    pairs = [(a, b) for i, a in enumerate(networks) for b in networks[i + 1 :]]
    if not any(len(group) > 1 for group in settings):
        raise ValueError("no pairs")
    return sum(test(a, b) < limit for a, b in pairs) / len(pairs)


means = "seeds differ by more than images alone explain"


# %% item="alarms" wrong="each with each, itself too" keeps=1 hint="expected 0.667"
def false_alarms(settings, test, limit):
    pairs = [(a, b) for group in settings if len(group) > 1 for a in group for b in group]
    if not pairs:
        raise ValueError("no pairs")
    return sum(test(a, b) < limit for a, b in pairs) / len(pairs)


means = "seeds differ by more than images alone explain"


# %% item="alarms" wrong="neighbours only" like="each with each, itself too" keeps=1 hint="expected 0.667"
# -     pairs = [(a, b) for group in settings if len(group) > 1 for a in group for b in group]
# +     pairs = [pair for group in settings for pair in zip(group, group[1:])]


# %% item="alarms" wrong="the mean of the settings' shares" keeps=1 hint="All pairs count alike"
def false_alarms(settings, test, limit):
    shares = []
    for group in settings:
        ps = [test(a, b) for i, a in enumerate(group) for b in group[i + 1 :]]
        if ps:
            shares.append(sum(p < limit for p in ps) / len(ps))
    if not shares:
        raise ValueError("no pairs")
    return sum(shares) / len(shares)


means = "seeds differ by more than images alone explain"


# %% item="alarms" wrong="the limit counts, and nothing is no alarm" keeps=1 hint="just the limit"
def false_alarms(settings, test, limit):
    ps = [test(a, b) for group in settings for i, a in enumerate(group) for b in group[i + 1 :]]
    return sum(p <= limit for p in ps) / max(1, len(ps))


means = "the settings differ"


# %% item="alarms" wrong="takes alarms for a lack of images" keeps=1 hint="does a test find more, or less"
def false_alarms(settings, test, limit):
    ps = [test(a, b) for group in settings for i, a in enumerate(group) for b in group[i + 1 :]]
    if not ps:
        raise ValueError("no pairs")
    return sum(p < limit for p in ps) / len(ps)


means = "the test has too few images"


# %% item="sure" right="numpy, all against all"
def sure_front(models):
    import numpy as np

    if not models:
        return []
    counts = {len(seeds) for seeds, _ in models}
    if len(counts) != 1 or 0 in counts:
        raise ValueError("seeds")
    accuracy = np.array([seeds for seeds, _ in models], float)
    size = np.array([size for _, size in models], float)
    if np.isnan(accuracy).any() or np.isnan(size).any():
        raise ValueError("NaN")
    wins = (accuracy[:, None] > accuracy[None]).all(2) & (size[:, None] <= size[None])
    return np.flatnonzero(~wins.any(0)).tolist()


# %% item="sure" right="the smallest lead over all seeds"
def sure_front(models):
    numbers = [n for seeds, size in models for n in (*seeds, size)]
    if any(n != n for n in numbers):
        raise ValueError("NaN")
    if models and (min(len(s) for s, _ in models) == 0 or len({len(s) for s, _ in models}) > 1):
        raise ValueError("seeds")
    kept = []
    for place, (mine, size) in enumerate(models):
        leads = [min(a - b for a, b in zip(other, mine)) for other, n in models if n <= size]
        if max(leads) <= 0:
            kept.append(place)
    return kept


# %% item="sure" wrong="by the mean" keeps=1 hint="equal accuracies is no win"
def sure_front(models):
    if any(math.isnan(n) for s, size in models for n in [*s, size]):
        raise ValueError
    if any(not s for s, _ in models) or len({len(s) for s, _ in models}) > 1:
        raise ValueError
    means = [(sum(s) / len(s), size) for s, size in models]
    return [i for i, (a, n) in enumerate(means) if not any(b > a and m <= n for b, m in means)]


# %% item="sure" wrong="equal counts as a win" keeps=2 hint="equal accuracies is no win"
def sure_front(models):
    if any(math.isnan(n) for s, size in models for n in [*s, size]):
        raise ValueError
    if any(not s for s, _ in models) or len({len(s) for s, _ in models}) > 1:
        raise ValueError
    return [
        i
        for i, one in enumerate(models)
        if not any(
            m <= one[1] and all(b >= a for a, b in zip(one[0], s))
            for j, (s, m) in enumerate(models)
            if j != i
        )
    ]


# %% item="sure" wrong="only smaller ones beat" keeps=1 hint="expected [0, 2]"
def sure_front(models):
    if any(math.isnan(n) for s, size in models for n in [*s, size]):
        raise ValueError
    if any(not s for s, _ in models) or len({len(s) for s, _ in models}) > 1:
        raise ValueError
    return [
        i
        for i, (a, n) in enumerate(models)
        if not any(m < n and all(y > x for x, y in zip(a, b)) for b, m in models)
    ]


# %% item="sure" wrong="worst against best" keeps=1 hint="Must it lose in every seed"
def sure_front(models):
    if any(math.isnan(n) for s, size in models for n in [*s, size]):
        raise ValueError
    if any(not s for s, _ in models) or len({len(s) for s, _ in models}) > 1:
        raise ValueError
    ordered = [(sorted(s), n) for s, n in models]
    return [
        i
        for i, (a, n) in enumerate(ordered)
        if not any(m <= n and all(y > x for x, y in zip(a, b)) for b, m in ordered)
    ]


# %% item="sure" wrong="zip cuts off, NaN goes through" keeps=2 hint="two seeds and one"
def sure_front(models):
    return [
        i
        for i, (a, n) in enumerate(models)
        if not any(m <= n and all(y > x for x, y in zip(a, b)) for b, m in models)
    ]


# %% item="sure" wrong="the models, not their places" keeps=1 hint="expected [0, 2]"
def sure_front(models):
    if any(math.isnan(n) for s, size in models for n in [*s, size]):
        raise ValueError
    if any(not s for s, _ in models) or len({len(s) for s, _ in models}) > 1:
        raise ValueError
    return [
        (a, n)
        for a, n in models
        if not any(m <= n and all(y > x for x, y in zip(a, b)) for b, m in models)
    ]


# %% item="revive" right="output by output"
def revived(pruned, dense, inputs):
    layer = nn.Linear(pruned.in_features, pruned.out_features)
    for row in range(pruned.out_features):
        with torch.no_grad():
            wanted = dense(inputs)[:, row]
            there = inputs @ pruned.weight[row]
            factor = 1.0 if there.std() == 0 else float(wanted.std() / there.std())
            layer.weight[row] = factor * pruned.weight[row]
            layer.bias[row] = wanted.mean() - factor * there.mean()
    return layer


# %% item="revive" right="a copy, stretched in place"
def revived(pruned, dense, inputs):
    layer = copy.deepcopy(pruned)
    with torch.no_grad():
        wanted = dense(inputs)
        there = inputs @ layer.weight.T
        factor = wanted.std(0, unbiased=False) / there.std(0, unbiased=False)
        factor[~torch.isfinite(factor)] = 1
        layer.weight *= factor.unsqueeze(1)
        layer.bias = nn.Parameter(wanted.mean(0) - (there * factor).mean(0))
    return layer


# %% item="revive" wrong="the biases alone" keeps=2 hint="should move as much"
def revived(pruned, dense, inputs):
    layer = nn.Linear(pruned.in_features, pruned.out_features)
    with torch.no_grad():
        layer.weight.copy_(pruned.weight)
        layer.bias.copy_(dense(inputs).mean(0) - (inputs @ pruned.weight.T).mean(0))
    return layer


# %% item="revive" wrong="biases at zero, as in the lesson" hint="expected a new nn.Linear"
def revived(pruned, dense, inputs):
    pruned.bias.data.zero_()
    return pruned


# %% item="revive" wrong="one factor for the layer" keeps=2 hint="should move as much"
def revived(pruned, dense, inputs):
    layer = nn.Linear(pruned.in_features, pruned.out_features)
    with torch.no_grad():
        there = inputs @ pruned.weight.T
        factor = dense(inputs).std() / there.std()
        layer.weight.copy_(pruned.weight * factor)
        layer.bias.copy_(dense(inputs).mean(0) - factor * there.mean(0))
    return layer


# %% item="revive" wrong="divides by a spread of zero" like="one factor for the layer" keeps=3 hint="has spread 0"
# -         factor = dense(inputs).std() / there.std()
# -         layer.weight.copy_(pruned.weight * factor)
# +         factor = dense(inputs).std(0) / there.std(0)
# +         layer.weight.copy_(pruned.weight * factor[:, None])


# %% item="revive" wrong="the mean before the stretch" keeps=1 hint="means over the images"
def revived(pruned, dense, inputs):
    layer = nn.Linear(pruned.in_features, pruned.out_features)
    with torch.no_grad():
        there = inputs @ pruned.weight.T
        factor = torch.where(there.std(0) > 0, dense(inputs).std(0) / there.std(0), 1.0)
        layer.weight.copy_(pruned.weight * factor[:, None])
        layer.bias.copy_(dense(inputs).mean(0) - there.mean(0))
    return layer


# %% item="revive" wrong="stretches the pruned layer itself" keeps=3 hint="stay as they are"
def revived(pruned, dense, inputs):
    layer = nn.Linear(pruned.in_features, pruned.out_features)
    with torch.no_grad():
        there = inputs @ pruned.weight.T
        factor = torch.where(there.std(0) > 0, dense(inputs).std(0) / there.std(0), 1.0)
        pruned.weight *= factor[:, None]
        layer.weight.copy_(pruned.weight)
        layer.bias.copy_(dense(inputs).mean(0) - (inputs @ pruned.weight.T).mean(0))
    return layer


# %% item="revive" wrong="copies the dense layer" keeps=2 hint="A pruned weight came back"
def revived(pruned, dense, inputs):
    layer = nn.Linear(dense.in_features, dense.out_features)
    with torch.no_grad():
        layer.weight.copy_(dense.weight)
        layer.bias.copy_(dense.bias if dense.bias is not None else torch.zeros(dense.out_features))
    return layer


# %% item="revive" wrong="a small spread taken for none" like="reference" keeps=3 hint="The spread is off"
# -         factor = torch.where(spread > 0, wanted.std(0) / spread, 1.0)
# +         factor = torch.where(spread > 1e-3, wanted.std(0) / spread, 1.0)


# %% item="choose" wrong="sorts the list in place" keeps=2 hint="is it sorted in place"
def choose(models, limits, slack, save):
    models.sort(key=lambda m: (m[save], -m["accuracy"]))
    fitting = [m for m in models if all(m[c] <= most for c, most in limits.items())]
    if not fitting:
        return None
    top = max(m["accuracy"] for m in fitting)
    return next(m["name"] for m in fitting if m["accuracy"] >= top - slack - 1e-9)


chip = "half width, int8"
page = "90 % zeros, 4 bits"


# %% item="choose" wrong="differences rounded" keeps=2 hint="Is the difference rounded"
def choose(models, limits, slack, save):
    fitting = [m for m in models if all(m[c] <= most for c, most in limits.items())]
    if not fitting:
        return None
    top = max(m["accuracy"] for m in fitting)
    equal = [m for m in fitting if round(top - m["accuracy"], 2) <= slack + 1e-9]
    return min(equal, key=lambda m: (m[save], -m["accuracy"]))["name"]


chip = choose(measured, {"bytes": 245_760, "ram": 32_768}, 0.005, "bytes")
page = choose(measured, {"zipped": 50_000}, 0.005, "zipped")


# %% item="choose" right="sorted"
def choose(models, limits, slack, save):
    fitting = []
    for model in models:
        if all(model[cost] <= limits[cost] for cost in limits):
            fitting.append(model)
    if len(fitting) == 0:
        return None
    fitting.sort(key=lambda m: m["accuracy"], reverse=True)
    top = fitting[0]["accuracy"]
    equal = [m for m in fitting if top - m["accuracy"] <= slack + 1e-9]
    equal.sort(key=lambda m: m[save])
    return equal[0]["name"]


chip = choose(measured, dict(bytes=245760, ram=32768), 0.005, "bytes")
page = choose(measured, dict(zipped=50000), 0.005, "zipped")


# %% item="choose" right="one loop, names by eye"
def choose(models, limits, slack, save):
    top = max(
        (m["accuracy"] for m in models if not any(m[c] > limits[c] for c in limits)), default=None
    )
    winner = None
    for m in models:
        if any(m[c] > limits[c] for c in limits) or m["accuracy"] + slack + 1e-9 < top:
            continue
        key = (-m[save], m["accuracy"])
        if winner is None or key > (-winner[save], winner["accuracy"]):
            winner = m
    return winner["name"] if winner else None


chip = "half width, int8"
page = "90 % zeros, 4 bits"


# %% item="choose" wrong="the best of all, not of those that fit" keeps=1 hint="a does not fit"
def choose(models, limits, slack, save):
    if not models:
        return None
    top = max(m["accuracy"] for m in models)
    equal = [
        m
        for m in models
        if m["accuracy"] >= top - slack - 1e-9 and all(m[c] <= most for c, most in limits.items())
    ]
    return min(equal, key=lambda m: (m[save], -m["accuracy"]))["name"] if equal else None


chip = "half width, int8"
page = "90 % zeros, 4 bits"


# %% item="choose" wrong="highest accuracy per byte" like="differences rounded" hint="A ratio is no limit"
# -     top = max(m["accuracy"] for m in fitting)
# -     equal = [m for m in fitting if round(top - m["accuracy"], 2) <= slack + 1e-9]
# -     return min(equal, key=lambda m: (m[save], -m["accuracy"]))["name"]
# +     return max(fitting, key=lambda m: m["accuracy"] / m[save])["name"]

# %% item="choose" wrong="most accurate that fits, no slack" like="highest accuracy per byte" keeps=1 hint="within 0.01 of b"
# -     return max(fitting, key=lambda m: m["accuracy"] / m[save])["name"]
# +     return max(fitting, key=lambda m: m["accuracy"])["name"]


# %% item="choose" wrong="the cheapest that fits" keeps=0 hint="of b and c, b is better"
def choose(models, limits, slack, save):
    fitting = [m for m in models if all(m[c] <= most for c, most in limits.items())]
    return min(fitting, key=lambda m: m[save])["name"] if fitting else None


chip = choose(measured, {"bytes": 245_760, "ram": 32_768}, 0.005, "bytes")
page = choose(measured, {"zipped": 50_000}, 0.005, "zipped")


# %% item="choose" wrong="the limit itself is not allowed" keeps=1 hint="Is the limit itself allowed"
def choose(models, limits, slack, save):
    fitting = [m for m in models if all(m[c] < most for c, most in limits.items())]
    if not fitting:
        return None
    top = max(m["accuracy"] for m in fitting)
    equal = [m for m in fitting if m["accuracy"] >= top - slack - 1e-9]
    return min(equal, key=lambda m: (m[save], -m["accuracy"]))["name"]


chip = choose(measured, {"bytes": 245_760, "ram": 32_768}, 0.005, "bytes")
page = choose(measured, {"zipped": 50_000}, 0.005, "zipped")


# %% item="choose" wrong="nothing allowed for rounding" like="reference" keeps=2 hint="Allow for rounding"
# -     equal = [m for m in fitting if m["accuracy"] >= best - slack - 1e-9]
# +     equal = [m for m in fitting if m["accuracy"] >= best - slack]

# %% item="choose" wrong="then by name" like="reference" keeps=2 hint="then the first"
# -     return min(equal, key=lambda m: (m[save], -m["accuracy"]))["name"]
# +     return min(equal, key=lambda m: (m[save], -m["accuracy"], m["name"]))["name"]

# %% item="choose" wrong="the chip's RAM forgotten" like="reference" keeps=2 hint="(ram), but at most 32,768"
# - chip = choose(measured, {"bytes": 245_760, "ram": 32_768}, 0.005, "bytes")
# + chip = choose(measured, {"bytes": 245_760}, 0.005, "bytes")

# %% item="choose" wrong="int8 is a quarter, so it fits" like="reference" keeps=2 hint="but at most"
# - chip = choose(measured, {"bytes": 245_760, "ram": 32_768}, 0.005, "bytes")
# - page = choose(measured, {"zipped": 50_000}, 0.005, "zipped")
# + chip = "int8"
# + page = "80 % zeros, int8"


# %% item="order" wrong="tiny weights stay as they are" keeps=2 hint="Tiny, huge or transposed"
def _prune(weights, share):
    flat = weights.reshape(-1).clone()
    flat[flat.abs().argsort()[: round(share * len(flat))]] = 0
    return flat.reshape(weights.shape)


def _quantize(weights, bits):
    widest = weights.abs().max()
    if widest < 1e-3:
        return weights.clone()
    step = widest / (2 ** (bits - 1) - 1)
    return torch.round(weights / step) * step


def prune_then_quantize(weights, share, bits):
    return _quantize(_prune(weights, share), bits)


def quantize_then_prune(weights, share, bits):
    return _prune(_quantize(weights, bits), share)


differs = "which of equal codes go"


# %% item="order" wrong="a view of what has none" keeps=2 hint="view size is not compatible"
def _prune(weights, share):
    flat = weights.view(-1).clone()
    flat[flat.abs().argsort()[: round(share * len(flat))]] = 0
    return flat.view(weights.shape)


def _quantize(weights, bits):
    widest = weights.abs().max()
    if widest == 0:
        return weights.clone()
    step = widest / (2 ** (bits - 1) - 1)
    return torch.round(weights / step) * step


def prune_then_quantize(weights, share, bits):
    return _quantize(_prune(weights, share), bits)


def quantize_then_prune(weights, share, bits):
    return _prune(_quantize(weights, bits), share)


differs = "which of equal codes go"


# %% item="order" right="codes as whole numbers, topk"
def drop(tensor, share):
    flat = tensor.reshape(-1).clone()
    remove = round(share * len(flat))
    if remove:
        flat[torch.topk(flat.abs(), remove, largest=False).indices] = 0
    return flat.reshape(tensor.shape)


def to_levels(tensor, bits):
    top = 2 ** (bits - 1) - 1
    step = float(tensor.abs().max()) / top
    if step == 0:
        return torch.zeros_like(tensor)
    return (tensor / step).round().clamp(-top, top).int() * step


def prune_then_quantize(weights, share, bits):
    return to_levels(drop(weights, share), bits)


def quantize_then_prune(weights, share, bits):
    return drop(to_levels(weights, bits), share)


differs = "which of equal codes go"


# %% item="order" right="in Python, stable sort"
def _prune(values, share):
    order = sorted(range(len(values)), key=lambda n: abs(values[n]))
    gone = set(order[: round(share * len(values))])
    return [0.0 if n in gone else v for n, v in enumerate(values)]


def _quantize(values, bits):
    widest = max(abs(v) for v in values)
    if widest == 0:
        return values
    step = widest / (2 ** (bits - 1) - 1)
    return [round(v / step) * step for v in values]


def prune_then_quantize(weights, share, bits):
    values = _quantize(_prune(weights.flatten().tolist(), share), bits)
    return torch.tensor(values).reshape(weights.shape)


def quantize_then_prune(weights, share, bits):
    values = _prune(_quantize(weights.flatten().tolist(), bits), share)
    return torch.tensor(values).reshape(weights.shape)


differs = "which of equal codes go"


# %% item="order" right="PyTorch's own pruning"
from torch.nn.utils import prune


def _prune(weights, share):
    method = prune.L1Unstructured(round(share * weights.numel()))
    return weights * method.compute_mask(weights.contiguous(), torch.ones(weights.shape))


def _quantize(weights, bits):
    step = weights.abs().max() / (2 ** (bits - 1) - 1)
    return (weights / step).round() * step if step else weights


def prune_then_quantize(weights, share, bits):
    return _quantize(_prune(weights, share), bits)


def quantize_then_prune(weights, share, bits):
    return _prune(_quantize(weights, bits), share)


differs = "which of equal codes go"


# %% item="order" wrong="a threshold loses ties" like="a view of what has none" keeps=2 hint="number of zeros is off"
# -     flat = weights.view(-1).clone()
# -     flat[flat.abs().argsort()[: round(share * len(flat))]] = 0
# -     return flat.view(weights.shape)
# +     remove = round(share * weights.numel())
# +     if remove == 0:
# +         return weights.clone()
# +     threshold = weights.abs().flatten().sort().values[remove - 1]
# +     return torch.where(weights.abs() <= threshold, 0.0, weights)


# %% item="order" wrong="asymmetric, zeros come back" keeps=1 hint="expected [4.0"
def _prune(weights, share):
    order = weights.abs().flatten().argsort()
    mask = torch.ones(weights.numel())
    mask[order[: round(share * weights.numel())]] = 0
    return weights * mask.view(weights.shape)


def _quantize(weights, bits):
    low, high = weights.min(), weights.max()
    if low == high:
        return weights.clone()
    step = (high - low) / (2**bits - 1)
    return torch.round((weights - low) / step) * step + low


def prune_then_quantize(weights, share, bits):
    return _quantize(_prune(weights, share), bits)


def quantize_then_prune(weights, share, bits):
    return _prune(_quantize(weights, bits), share)


differs = "which of equal codes go"


# %% item="order" wrong="both in the same order" keeps=2 hint="the -1 should go"
def prune_then_quantize(weights, share, bits):
    order = weights.abs().flatten().argsort()
    mask = torch.ones(weights.numel())
    mask[order[: round(share * weights.numel())]] = 0
    left = weights * mask.view(weights.shape)
    if left.abs().max() == 0:
        return left
    step = left.abs().max() / (2 ** (bits - 1) - 1)
    return torch.round(left / step) * step


def quantize_then_prune(weights, share, bits):
    return prune_then_quantize(weights, 1 - share, bits)


differs = "which of equal codes go"


# %% item="order" wrong="a quantile before, places after" like="reference" keeps=2 hint="A threshold can't do it"
# -     return quantized(pruned(weights, share), bits)
# +     limit = weights.abs().flatten().quantile(share)
# +     return quantized(torch.where(weights.abs() <= limit, 0.0, weights), bits)


# %% item="order" wrong="one level too few" like="asymmetric, zeros come back" keeps=1 hint="expected [4.0"
# -     low, high = weights.min(), weights.max()
# -     if low == high:
# -         return weights.clone()
# -     step = (high - low) / (2**bits - 1)
# -     return torch.round((weights - low) / step) * step + low
# +     widest = weights.abs().max()
# +     if widest == 0:
# +         return weights.clone()
# +     step = widest / 2 ** (bits - 1)
# +     return torch.round(weights / step) * step


# %% item="order" wrong="takes the step for what differs" keeps=2 hint="Which weight sets the step"
def _prune(weights, share):
    order = weights.abs().flatten().argsort()
    mask = torch.ones(weights.numel())
    mask[order[: round(share * weights.numel())]] = 0
    return weights * mask.view(weights.shape)


def _quantize(weights, bits):
    widest = weights.abs().max()
    if widest == 0:
        return weights.clone()
    step = widest / (2 ** (bits - 1) - 1)
    return torch.round(weights / step) * step


def prune_then_quantize(weights, share, bits):
    return _quantize(_prune(weights, share), bits)


def quantize_then_prune(weights, share, bits):
    return _prune(_quantize(weights, bits), share)


differs = "the step"


# %% item="zeros" wrong="a smallest step" keeps=1 hint="Tiny weights have a tiny step"
def quantize_pruned(weights, bits):
    low, high = weights.min().clamp(max=0), weights.max().clamp(min=0)
    step = ((high - low) / (2**bits - 1)).clamp(min=1e-6)
    zero_point = torch.round(-low / step)
    codes = (torch.round(weights / step) + zero_point).clamp(0, 2**bits - 1)
    return (codes - zero_point) * step


# %% item="zeros" right="symmetric"
def quantize_pruned(weights, bits):
    top = 2 ** (bits - 1) - 1
    low, high = min(0.0, float(weights.min())), max(0.0, float(weights.max()))
    if low == high:
        return torch.zeros_like(weights)
    step = (high - low) / (2**bits - 1)
    first = round(low / step)
    return weights.div(step).round().clamp(first, first + 2**bits - 1) * step


# %% item="zeros" right="nearest of a list of levels"
def quantize_pruned(weights, bits):
    low = min(weights.min().item(), 0.0)
    high = max(weights.max().item(), 0.0)
    step = (high - low) / (2**bits - 1)
    if step == 0:
        return weights * 0
    start = round(low / step)
    levels = torch.arange(start, start + 2**bits) * step
    nearest = (weights.reshape(-1, 1) - levels).abs().argmin(1)
    return levels[nearest].reshape(weights.shape)


# %% item="zeros" wrong="as it was" hint="zeros should stay exactly 0"
def quantize_pruned(weights, bits):
    low, high = weights.min(), weights.max()
    step = (high - low) / (2**bits - 1)
    codes = torch.round((weights - low) / step)
    return codes * step + low


# %% item="zeros" wrong="puts the zeros back afterwards" hint="more levels than"
def quantize_pruned(weights, bits):
    low, high = weights.min(), weights.max()
    if low == high:
        return weights.clone()
    step = (high - low) / (2**bits - 1)
    codes = torch.round((weights - low) / step)
    return torch.where(weights == 0, 0.0, codes * step + low)


# %% item="zeros" wrong="zero point not rounded" like="reference" keeps=1 hint="zeros should stay exactly 0"
# -     zero_point = torch.round(-low / step)
# -     codes = (torch.round(weights / step) + zero_point).clamp(0, 2**bits - 1)
# +     zero_point = -low / step
# +     codes = torch.round(weights / step + zero_point).clamp(0, 2**bits - 1)


# %% item="zeros" wrong="range without zero" hint="off by more than half a step"
def quantize_pruned(weights, bits):
    low, high = weights.min(), weights.max()
    if low == high:
        return weights.clone()
    step = (high - low) / (2**bits - 1)
    zero_point = torch.round(-low / step).clamp(0, 2**bits - 1)
    codes = (torch.round(weights / step) + zero_point).clamp(0, 2**bits - 1)
    return (codes - zero_point) * step


# %% item="zeros" wrong="divides by zero still" like="reference" keeps=1 hint="all zeros should stay zeros"
# -     if low == high:
# -         return torch.zeros_like(weights)


# %% item="zeros" right="in place"
def quantize_pruned(weights, bits):
    low, high = min(0.0, weights.min().item()), max(0.0, weights.max().item())
    if low == high:
        return weights
    step = (high - low) / (2**bits - 1)
    first = round(low / step)
    return weights.div_(step).round_().clamp_(first, first + 2**bits - 1).mul_(step)


# %% item="zeros" wrong="in place, and cut off" like="in place" keeps=1 hint="off by more than half a step"
# -     return weights.div_(step).round_().clamp_(first, first + 2**bits - 1).mul_(step)
# +     return weights.div_(step).trunc_().clamp_(first, first + 2**bits - 1).mul_(step)


# %% [markdown] item="page" answer="ships a narrower network, and says how to choose"
# I would ship the network with half the width in int8. It takes about half of the 256 KiB, is dense, so the int8 kernels can use it as it is, and has fewer MACs. The 4-bit full-width network is the other candidate if we can unpack it.
# The factor of 320 is wrong. On this chip the weights lie in flash as they are, zeros take space like all others, so the 95 % bring nothing. Even in a zip file the two savings overlap: 2-bit codes are mostly zeros already.
# He chose on test images with one seed. The best of many is partly luck. Use validation images, three seeds, the same epochs for each incl. the dense control, compare image by image, and treat differences below the noise as equal. Then test once.


# %% [markdown] item="page" answer="believes half of it"
# 320 times is too much, because the zeros are not removed from the file. I would use int8 because it's the standard. It should be tested on more data.


# %% [markdown] item="page" answer="follows the colleague"
# The colleague's model is the smallest and has the best accuracy, so we should use it. 95 % pruning and 2 bits give 320 times less memory and it's also faster.
