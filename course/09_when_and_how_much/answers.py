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
# # 09 · When and how much: answers that people give

# %% item="schedule" right="by running totals, with numpy"
def gone_at(weights, start, final, cuts, power):
    import numpy as np

    if cuts < 1 or start < 0 or final > 1 or start > final:
        raise ValueError("no such schedule")
    zeros, found = round(start * weights), []
    for k in np.arange(1, cuts + 1):
        now = round(float(final + (start - final) * (1 - k / cuts) ** power) * weights)
        found.append(int(now - zeros))
        zeros = now
    return found


def amounts(weights, start, final, cuts, power):
    left, shares = weights - round(start * weights), []
    for go in gone_at(weights, start, final, cuts, power):
        shares.append(0.0 if left == 0 else go / left)
        left = left - go
    return shares


# %% item="schedule" right="counts what is left instead"
def left_after(weights, start, final, cuts, power):
    if cuts < 1 or not (0 <= start <= final <= 1):
        raise ValueError("cuts or shares")
    return [
        weights - round((final + (start - final) * (1 - k / cuts) ** power) * weights)
        for k in range(cuts + 1)
    ]


def gone_at(weights, start, final, cuts, power):
    left = left_after(weights, start, final, cuts, power)
    return [left[k] - left[k + 1] for k in range(cuts)]


def amounts(weights, start, final, cuts, power):
    left = left_after(weights, start, final, cuts, power)
    return [(a - b) / a if a > 0 else 0.0 for a, b in zip(left[:-1], left[1:])]


# %% item="schedule" wrong="numbers of weights as floats" like="reference" keeps=2 hint="is an int, not float"
# -     zeros = [round(share * weights) for share in shares]
# +     zeros = [float(round(share * weights)) for share in shares]


# %% item="schedule" wrong="a straight ramp" like="reference" keeps=1 hint="that is a straight ramp"
# -         raise ValueError(f"no schedule from {start} to {final} in {cuts} cuts")
# -     shares = [final + (start - final) * (1 - k / cuts) ** power for k in range(cuts + 1)]
# -     zeros = [round(share * weights) for share in shares]
# -     return [after - before for before, after in pairwise(zeros)]
# +         raise ValueError("no")
# +     zeros = [round((start + (final - start) * k / cuts) * weights) for k in range(cuts + 1)]
# +     return [b - a for a, b in zip(zeros, zeros[1:])]


# %% item="schedule" wrong="how many are zero, not how many more" hint="How many more go at each cut?"
def gone_at(weights, start, final, cuts, power):
    if cuts < 1 or not 0 <= start <= final <= 1:
        raise ValueError("no")
    return [
        round((final + (start - final) * (1 - k / cuts) ** power) * weights)
        for k in range(1, cuts + 1)
    ]


def amounts(weights, start, final, cuts, power):
    return [go / weights for go in gone_at(weights, start, final, cuts, power)]


# %% item="schedule" wrong="begins with k = 0" hint="the first cut takes something"
def gone_at(weights, start, final, cuts, power):
    if cuts < 1 or not 0 <= start <= final <= 1:
        raise ValueError("no")
    zeros = [round(start * weights)]
    for k in range(cuts):
        zeros.append(round((final + (start - final) * (1 - k / cuts) ** power) * weights))
    return [b - a for a, b in zip(zeros, zeros[1:])]


def amounts(weights, start, final, cuts, power):
    return [go / weights for go in gone_at(weights, start, final, cuts, power)]


# %% item="schedule" wrong="each cut rounded alone" like="a straight ramp" hint="Is each cut rounded alone?"
# -     zeros = [round((start + (final - start) * k / cuts) * weights) for k in range(cuts + 1)]
# -     return [b - a for a, b in zip(zeros, zeros[1:])]
# +     shares = [final + (start - final) * (1 - k / cuts) ** power for k in range(cuts + 1)]
# +     return [round((b - a) * weights) for a, b in zip(shares, shares[1:])]

# %% item="schedule" wrong="amounts of all weights" like="begins with k = 0" keeps=2 hint="not of 100: of what is left"
# -     zeros = [round(start * weights)]
# -     for k in range(cuts):
# -         zeros.append(round((final + (start - final) * (1 - k / cuts) ** power) * weights))
# +     shares = [final + (start - final) * (1 - k / cuts) ** power for k in range(cuts + 1)]
# +     zeros = [round(share * weights) for share in shares]

# %% item="schedule" wrong="the formula of the lesson, rounded nowhere" like="amounts of all weights" keeps=2 hint="38 of 100 go at first"
# -     return [go / weights for go in gone_at(weights, start, final, cuts, power)]
# +     gone_at(weights, start, final, cuts, power)
# +     shares = [final + (start - final) * (1 - k / cuts) ** power for k in range(cuts + 1)]
# +     return [(b - a) / (1 - a) if a < 1 else 0.0 for a, b in zip(shares, shares[1:])]


# %% item="schedule" wrong="always from 0" keeps=1 hint="Where does the climb start?"
def gone_at(weights, start, final, cuts, power):
    if cuts < 1 or not 0 <= start <= final <= 1:
        raise ValueError("no")
    zeros = [round(final * (1 - (1 - k / cuts) ** power) * weights) for k in range(cuts + 1)]
    return [b - a for a, b in zip(zeros, zeros[1:])]


def amounts(weights, start, final, cuts, power):
    left, found = weights, []
    for go in gone_at(weights, start, final, cuts, power):
        found.append(go / left if left else 0.0)
        left -= go
    return found


# %% item="split" right="layer by layer, in a recursion"
def best_split(rises, sizes, shares, gone):
    def best(layer, missing):
        if layer == len(sizes):
            return (0.0, []) if missing <= 0 else None
        found = None
        for place, share in enumerate(shares):
            rest = best(layer + 1, missing - round(share * sizes[layer]))
            if rest is not None:
                total = rises[layer][place] + rest[0]
                if found is None or total < found[0]:
                    found = (total, [share, *rest[1]])
        return found

    answer = best(0, gone)
    if answer is None:
        raise ValueError("too few weights")
    return answer[1]


# %% item="split" right="all choices, sorted"
def best_split(rises, sizes, shares, gone):
    import itertools

    choices = []
    for places in itertools.product(range(len(shares)), repeat=len(rises)):
        count = sum(round(shares[p] * n) for p, n in zip(places, sizes))
        if count >= gone:
            choices.append((sum(rises[i][p] for i, p in enumerate(places)), places))
    if not choices:
        raise ValueError("impossible")
    return [shares[p] for p in min(choices)[1]]


# %% item="split" wrong="the same share for all" hint="expected [0, 0.5]"
def best_split(rises, sizes, shares, gone):
    for share in sorted(shares):
        if sum(round(share * n) for n in sizes) >= gone:
            return [share] * len(sizes)
    raise ValueError("impossible")


# %% item="split" wrong="the least rise of each layer, sizes ignored" hint="Which layer can give 20?"
def best_split(rises, sizes, shares, gone):
    if sum(round(max(shares) * n) for n in sizes) < gone:
        raise ValueError("impossible")
    order = sorted(range(len(sizes)), key=lambda i: rises[i][-1])
    chosen = [shares[0]] * len(sizes)
    chosen[order[0]] = shares[-1]
    return chosen


# %% item="split" wrong="greedy: always the step with the least rise" keeps=0 hint="Which layer can give 20?"
def best_split(rises, sizes, shares, gone):
    if sum(round(shares[-1] * n) for n in sizes) < gone:
        raise ValueError("impossible")
    places = [0] * len(sizes)
    while sum(round(shares[p] * n) for p, n in zip(places, sizes)) < gone:
        open_ = [i for i, p in enumerate(places) if p + 1 < len(shares)]
        i = min(open_, key=lambda i: rises[i][places[i] + 1] - rises[i][places[i]])
        places[i] += 1
    return [shares[p] for p in places]


# %% item="split" wrong="the largest rise counts, not the sum" keeps=1 hint="smallest sum of rises"
def best_split(rises, sizes, shares, gone):
    from itertools import product

    best, least = None, None
    for places in product(range(len(shares)), repeat=len(sizes)):
        total = sum(round(shares[p] * n) for p, n in zip(places, sizes))
        damage = max(rise[p] for rise, p in zip(rises, places))
        if total >= gone and (least is None or damage < least):
            best, least = [shares[p] for p in places], damage
    if best is None:
        raise ValueError("impossible")
    return best


# %% item="split" wrong="cuts the number of weights off" like="reference" keeps=2 hint="How many weights does a layer lose"
# -         total = sum(round(shares[p] * size) for p, size in zip(places, sizes))
# +         total = sum(int(shares[p] * size) for p, size in zip(places, sizes))


# %% item="split" wrong="rounds the sum, not each layer" like="reference" keeps=1 hint="A choice that takes just enough is refused"
# -         total = sum(round(shares[p] * size) for p, size in zip(places, sizes))
# +         total = sum(shares[p] * size for p, size in zip(places, sizes))


# %% item="split" wrong="nothing to choose gives None" keeps=2 hint="ValueError"
def best_split(rises, sizes, shares, gone):
    from itertools import product

    best, least = None, float("inf")
    for places in product(range(len(shares)), repeat=len(sizes)):
        total = sum(round(shares[p] * n) for p, n in zip(places, sizes))
        damage = sum(rise[p] for rise, p in zip(rises, places))
        if total >= gone and damage < least:
            best, least = [shares[p] for p in places], damage
    return best


# %% item="ticket" right="masks by custom_from_mask, on the start"
def ticket(model, train, share):
    start = [copy.deepcopy(part.state_dict()) for part in model]
    train(model)
    for part, old in zip(model, start):
        if not isinstance(part, nn.Linear):
            continue
        scores = part.weight.detach().abs().flatten()
        mask = torch.ones(len(scores))
        mask[scores.argsort(stable=True)[: round(share * len(scores))]] = 0
        part.load_state_dict(old)
        prune.custom_from_mask(part, "weight", mask.view_as(part.weight))
    return model


# %% item="ticket" right="trains a copy, prunes the start by its scores"
def ticket(model, train, share):
    trained = copy.deepcopy(model)
    train(trained)
    for part, after in zip(model, trained):
        if isinstance(part, nn.Linear):
            scores = after.weight.detach().abs()
            prune.l1_unstructured(part, "weight", amount=float(share), importance_scores=scores)
    return model


# %% item="ticket" right="rewinds under the mask, as the lesson does"
def ticket(model, train, share):
    start = copy.deepcopy(model.state_dict())
    train(model)
    for place, part in enumerate(model):
        if isinstance(part, nn.Linear):
            prune.l1_unstructured(part, "weight", amount=float(share))
            with torch.no_grad():
                part.weight_orig.copy_(start[f"{place}.weight"])
                if part.bias is not None:
                    part.bias.copy_(start[f"{place}.bias"])
    return model


# %% item="ticket" wrong="deepcopy, but strict=False" keeps=1 hint="What does load_state_dict(strict=False) skip?"
def ticket(model, train, share):
    start = copy.deepcopy(model.state_dict())
    train(model)
    for part in model:
        if isinstance(part, nn.Linear):
            prune.l1_unstructured(part, "weight", amount=float(share))
    model.load_state_dict(start, strict=False)
    return model


# %% item="ticket" wrong="the colleague's, but for the amount" keeps=1 hint="is not what it was before training"
def ticket(model, train, share):
    start = model.state_dict()
    train(model)
    for part in model:
        if isinstance(part, nn.Linear):
            prune.l1_unstructured(part, "weight", amount=float(share))
    model.load_state_dict(start, strict=False)
    for part in model:
        if isinstance(part, nn.Linear):
            prune.remove(part, "weight")
    return model


# %% item="ticket" wrong="the share that stays" like="trains a copy, prunes the start by its scores" keeps=1 hint="a quarter is what is left"
# -             prune.l1_unstructured(part, "weight", amount=float(share), importance_scores=scores)
# +             prune.l1_unstructured(part, "weight", amount=float(1 - share), importance_scores=scores)


# %% item="ticket" wrong="pruned before training" hint="The mask comes from the trained weights"
def ticket(model, train, share):
    train(copy.deepcopy(model))
    for part in model:
        if isinstance(part, nn.Linear):
            prune.l1_unstructured(part, "weight", amount=float(share))
    return model


# %% item="ticket" wrong="the mask removed in the end" like="trains a copy, prunes the start by its scores" keeps=2 hint="the mask is gone"
# -             prune.l1_unstructured(part, "weight", amount=float(share), importance_scores=scores)
# +             prune.l1_unstructured(part, "weight", amount=float(share), importance_scores=scores)
# +             prune.remove(part, "weight")

# %% item="ticket" wrong="rounds down" like="trains a copy, prunes the start by its scores" keeps=2 hint="How many weights of each layer are zero?"
# -             prune.l1_unstructured(part, "weight", amount=float(share), importance_scores=scores)
# +             amount = int(share * scores.numel())
# +             prune.l1_unstructured(part, "weight", amount=amount, importance_scores=scores)


# %% item="ticket" right="the start goes back into what was trained"
def ticket(model, train, share):
    start = copy.deepcopy(model)
    train(model)
    for part, old in zip(model, start):
        if isinstance(part, nn.Linear):
            scores = part.weight.detach().abs()
            part.load_state_dict(old.state_dict())
            prune.l1_unstructured(part, "weight", amount=float(share), importance_scores=scores)
    return model


# %% item="ticket" right="a new model of new layers"
def ticket(model, train, share):
    trained = copy.deepcopy(model)
    train(trained)
    parts = []
    for part, after in zip(model, trained):
        if isinstance(part, nn.Linear):
            new = nn.Linear(part.in_features, part.out_features, bias=part.bias is not None)
            new.load_state_dict(part.state_dict())
            size = after.weight.detach().abs().flatten()
            mask = torch.ones(len(size))
            mask[size.topk(round(share * len(size)), largest=False).indices] = 0
            prune.custom_from_mask(new, "weight", mask.view_as(after.weight))
            part = new
        parts.append(part)
    return nn.Sequential(*parts)


# %% item="ticket" wrong="those go that moved least" like="reference" keeps=2 hint="however far they have moved"
# -             scores = trained.weight.detach().abs()
# +             scores = (trained.weight - part.weight).detach().abs()


# %% item="prune_on" right="amount as a share of what is left"
def prune_to(model, total):
    layers = [part for part in model.modules() if isinstance(part, nn.Linear)]
    if not 0 <= total <= 1:
        raise ValueError("total is a share")
    n = sum(layer.weight.numel() for layer in layers)
    already = 0
    for layer in layers:
        if prune.is_pruned(layer) and "weight_mask" in dict(layer.named_buffers()):
            already += int(layer.weight_mask.numel() - layer.weight_mask.sum())
    wanted = round(total * n)
    if wanted < already:
        raise ValueError("more are masked already")
    left = n - already
    share = (wanted - already) / left if left else 0.0
    pairs = [(layer, "weight") for layer in layers]
    prune.global_unstructured(pairs, pruning_method=prune.L1Unstructured, amount=share)
    return wanted - already


# %% item="prune_on" right="masks of its own, laid on by the library"
def prune_to(model, total):
    layers = [part for part in model.modules() if isinstance(part, nn.Linear)]
    for layer in layers:
        if not hasattr(layer, "weight_mask"):
            prune.identity(layer, "weight")
    masks = torch.cat([layer.weight_mask.flatten() for layer in layers])
    values = torch.cat([layer.weight.detach().abs().flatten() for layer in layers])
    go = round(total * len(masks)) - int((masks == 0).sum())
    if go < 0 or total > 1 or total < 0:
        raise ValueError("can't")
    values[masks == 0] = math.inf
    masks[values.argsort(stable=True)[:go]] = 0
    start = 0
    for layer in layers:
        size = layer.weight.numel()
        mask = masks[start : start + size].view_as(layer.weight)
        prune.custom_from_mask(layer, "weight", mask)
        start += size
    return go


# %% item="prune_on" wrong="a threshold that takes equal ones along" like="masks of its own, laid on by the library" keeps=1 hint="Did you choose positions"
# -     masks[values.argsort(stable=True)[:go]] = 0
# +     if go:
# +         masks[values <= values.sort().values[go - 1]] = 0


# %% item="prune_on" wrong="amount=total, each time" hint="80 % of what is left"
def prune_to(model, total):
    layers = [part for part in model.modules() if isinstance(part, nn.Linear)]
    before = sum(int((layer.weight == 0).sum()) for layer in layers)
    prune.global_unstructured(
        [(layer, "weight") for layer in layers], prune.L1Unstructured, amount=total
    )
    return sum(int((layer.weight == 0).sum()) for layer in layers) - before


# %% item="prune_on" wrong="the difference of the shares" hint="but of what is left"
def prune_to(model, total):
    layers = [part for part in model.modules() if isinstance(part, nn.Linear)]
    weights = sum(layer.weight.numel() for layer in layers)
    before = sum(int((layer.weight == 0).sum()) for layer in layers)
    if total < before / weights:
        raise ValueError("more are zero")
    amount = total - before / weights
    prune.global_unstructured(
        [(layer, "weight") for layer in layers], prune.L1Unstructured, amount=amount
    )
    return sum(int((layer.weight == 0).sum()) for layer in layers) - before


# %% item="prune_on" wrong="zeros counted, not masks" keeps=1 hint="Zeros without a mask"
def prune_to(model, total):
    layers = [part for part in model.modules() if isinstance(part, nn.Linear)]
    weights = sum(layer.weight.numel() for layer in layers)
    zeros = sum(int((layer.weight == 0).sum()) for layer in layers)
    go = round(total * weights) - zeros
    if go < 0 or not 0 <= total <= 1:
        raise ValueError("no")
    prune.global_unstructured(
        [(layer, "weight") for layer in layers], prune.L1Unstructured, amount=go
    )
    return go


# %% item="prune_on" wrong="the same share in each layer" keeps=1 hint="larger than one that stays"
def prune_to(model, total):
    layers = [part for part in model.modules() if isinstance(part, nn.Linear)]
    count = 0
    for layer in layers:
        masked = int((layer.weight_mask == 0).sum()) if hasattr(layer, "weight_mask") else 0
        go = round(total * layer.weight.numel()) - masked
        if go < 0:
            raise ValueError("no")
        prune.l1_unstructured(layer, "weight", amount=go)
        count += go
    return count


# %% item="prune_on" wrong="begins anew" keeps=1 hint="a weight that was masked has come back"
def prune_to(model, total):
    layers = [part for part in model.modules() if isinstance(part, nn.Linear)]
    before = 0
    for layer in layers:
        if hasattr(layer, "weight_mask"):
            before += int((layer.weight_mask == 0).sum())
            original = layer.weight_orig.detach().clone()
            prune.remove(layer, "weight")
            layer.weight.data = original
    n = sum(layer.weight.numel() for layer in layers)
    prune.global_unstructured(
        [(layer, "weight") for layer in layers], prune.L1Unstructured, amount=round(total * n)
    )
    return round(total * n) - before


# %% item="prune_on" wrong="convolutions, too" keeps=1 hint="linear ones"
def prune_to(model, total):
    layers = [part for part in model.modules() if isinstance(part, (nn.Linear, nn.Conv2d))]
    weights = sum(part.weight.numel() for part in layers)
    masked = sum(int((p.weight_mask == 0).sum()) for p in layers if hasattr(p, "weight_mask"))
    go = round(total * weights) - masked
    pairs = [(part, "weight") for part in layers]
    prune.global_unstructured(pairs, prune.L1Unstructured, amount=go)
    return go


# %% item="prune_on" wrong="whatever has a weight, batch norm too" like="convolutions, too" keeps=1 hint="linear ones"
# -     layers = [part for part in model.modules() if isinstance(part, (nn.Linear, nn.Conv2d))]
# +     layers = [part for part in model.modules() if hasattr(part, "weight")]


# %% item="prune_on" wrong="masks of biases counted" keeps=1 hint="A bias that is masked is no weight"
def prune_to(model, total):
    layers = [part for part in model.modules() if isinstance(part, nn.Linear)]
    weights = sum(part.weight.numel() for part in layers)
    masks = [mask for name, mask in model.named_buffers() if name.endswith("_mask")]
    masked = sum(int((mask == 0).sum()) for mask in masks)
    go = round(total * weights) - masked
    pairs = [(part, "weight") for part in layers]
    prune.global_unstructured(pairs, prune.L1Unstructured, amount=go)
    return go


# %% item="prune_on" wrong="zeros of layers that have a mask counted as masked" like="reference" keeps=1 hint="Zeros without a mask"
# -         int((layer.weight_mask == 0).sum()) for layer in layers if hasattr(layer, "weight_mask")
# +         int((layer.weight == 0).sum()) for layer in layers if hasattr(layer, "weight_mask")


# %% item="norm" right="hooks that note what a batch norm sees"
def averaged_anew(model, images):
    twin = copy.deepcopy(model)
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d)
    norms = [
        part for part in twin.modules() if isinstance(part, kinds) and part.track_running_stats
    ]
    modes = {part: part.training for part in twin.modules()}
    momentum = {part: part.momentum for part in norms}
    twin.eval()
    for part in norms:
        part.train()
        part.momentum = 1.0
    with torch.inference_mode(False), torch.no_grad():
        twin(images)
    for part, mode in modes.items():
        part.training = mode
    for part in norms:
        part.momentum = momentum[part]
    return twin


# %% item="norm" right="two copies: one measures, one is returned"
def averaged_anew(model, images):
    worker, result = copy.deepcopy(model).eval(), copy.deepcopy(model)
    pairs = []
    for part, target in zip(worker.modules(), result.modules()):
        if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)) and part.running_mean is not None:
            part.reset_running_stats()
            part.momentum, part.training = None, True
            pairs.append((part, target))
    with torch.no_grad():
        worker(images)
        for part, target in pairs:
            target.running_mean.copy_(part.running_mean)
            target.running_var.copy_(part.running_var)
    return result


# %% item="norm" right="by hand, and the variance divides by n"
def averaged_anew(model, images):
    result = copy.deepcopy(model)
    worker = copy.deepcopy(model).eval()
    norms = (nn.BatchNorm1d, nn.BatchNorm2d)

    def measure(part, given):
        inputs = given[0].transpose(0, 1).flatten(1)
        part.running_mean.copy_(inputs.mean(1))
        part.running_var.copy_(inputs.var(1, unbiased=False))

    pairs = []
    for part, target in zip(worker.modules(), result.modules()):
        if isinstance(part, norms) and part.track_running_stats:
            part.register_forward_pre_hook(measure)
            pairs.append((part, target))
    with torch.no_grad():
        worker(images)
        for part, target in pairs:
            target.running_mean.copy_(part.running_mean)
            target.running_var.copy_(part.running_var)
    return result


# %% item="norm" wrong="a forward pass in training mode" hint="is a share of the old one left?"
def averaged_anew(model, images):
    model = copy.deepcopy(model)
    was = model.training
    model.train()
    with torch.no_grad():
        model(images)
    return model.train(was)


# %% item="norm" wrong="the lesson's: flat models, batches, all in training mode" hint="all 50 images"
def averaged_anew(model, images):
    model = copy.deepcopy(model).train()
    for part in model:
        if isinstance(part, nn.BatchNorm2d):
            part.reset_running_stats()
            part.momentum = None
    with torch.no_grad():
        for some in images[:2000].split(500):
            model(some)
    return model.eval()


# %% item="norm" wrong="in place" hint="the model passed in has changed"
def averaged_anew(model, images):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    for part in model.modules():
        if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)) and part.track_running_stats:
            part.reset_running_stats()
            part.train()
            old, part.momentum = part.momentum, None
            part.old = old
    with torch.no_grad():
        model(images)
    for part, mode in modes:
        part.training = mode
        if hasattr(part, "old"):
            part.momentum = part.old
    return copy.deepcopy(model)


# %% item="norm" wrong="dropout drops" keeps=1 hint="Has dropout dropped something?"
def averaged_anew(model, images):
    model = copy.deepcopy(model)
    modes = [(part, part.training) for part in model.modules()]
    model.train()
    momenta = []
    for part in model.modules():
        if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)) and part.track_running_stats:
            part.reset_running_stats()
            momenta.append((part, part.momentum))
            part.momentum = None
    with torch.no_grad():
        model(images)
    for part, momentum in momenta:
        part.momentum = momentum
    for part, mode in modes:
        part.training = mode
    return model


# %% item="norm" wrong="momentum and mode forgotten" keeps=1 hint="momentum was 0.2"
def averaged_anew(model, images):
    model = copy.deepcopy(model).eval()
    for part in model.modules():
        if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)) and part.track_running_stats:
            part.reset_running_stats()
            part.momentum = None
            part.train()
    with torch.no_grad():
        model(images)
    return model.eval()


# %% item="norm" wrong="the lesson's two lines: 2,000 images in batches" like="reference" keeps=1 hint="however many there are"
# -         model(images)
# +         for some in images[:2000].split(500):
# +             model(some)

# %% item="norm" wrong="averages over batches of 256" like="the lesson's two lines: 2,000 images in batches" keeps=1 hint="however many there are"
# -         for some in images[:2000].split(500):
# +         for some in images.split(256):

# %% item="norm" wrong="averages over equal batches" like="the lesson's two lines: 2,000 images in batches" keeps=1 hint="more than the mean of the batches"
# -         for some in images[:2000].split(500):
# +         for some in images.chunk(10) if len(images) > 1000 else [images]:

# %% item="norm" wrong="with gradients" like="reference" keeps=1 hint="No gradients are needed"
# -     with torch.no_grad():
# -         model(images)
# +     model(images)

# %% item="norm" wrong="those without a momentum left out" like="reference" keeps=1 hint="second batch norm"
# -         if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)) and part.track_running_stats:
# +         if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)) and part.momentum and part.running_var is not None:

# %% item="norm" wrong="one momentum for all" like="reference" keeps=1 hint="the momentum that it had"
# -     for part, momentum in momenta:
# -         part.momentum = momentum
# +     for part, _ in momenta:
# +         part.momentum = momenta[0][1]

# %% item="norm" wrong="the copy learns no more" like="reference" keeps=1 hint="do its parameters still learn"
# -     model = copy.deepcopy(model)
# +     model = copy.deepcopy(model).requires_grad_(False)

# %% item="norm" wrong="weight and bias are reset as well" like="reference" keeps=1 hint="A parameter has changed"
# -             part.reset_running_stats()
# +             part.reset_parameters()


# %% item="race" right="with pandas"
def verdicts(rows, epochs, control):
    import numpy as np
    import pandas as pd

    if not [row for row in rows if row["epochs"] == epochs]:
        return {}
    table = pd.DataFrame(rows)
    table = table[table.epochs == epochs]
    chosen = {}
    for name, its in table.groupby("schedule"):
        rate = its.groupby("lr").validation.mean().idxmax()
        edge = rate in (its.lr.min(), its.lr.max())
        chosen[name] = float(rate), edge, its[its.lr == rate].set_index("seed").test
    found = {}
    for name, (rate, edge, test) in chosen.items():
        if name == control:
            continue
        word = "edge"
        if not edge:
            points = (test - chosen[control][2]).to_numpy()
            half = STUDENT[len(points) - 1] * points.std(ddof=1) / np.sqrt(len(points))
            word = "indistinguishable"
            if abs(points.mean()) > half:
                word = "better" if points.mean() > 0 else "worse"
        found[name] = (rate, word)
    return found


differ = ["one cut"]


# %% item="race" right="in loops, with statistics"
def verdicts(rows, epochs, control):
    from statistics import mean, stdev

    rows = [row for row in rows if row["epochs"] == epochs]
    names = {row["schedule"] for row in rows}

    def of(name, lr, key):
        some = [row for row in rows if row["schedule"] == name and row["lr"] == lr]
        return [row[key] for row in sorted(some, key=lambda row: row["seed"])]

    rates = {name: sorted({row["lr"] for row in rows if row["schedule"] == name}) for name in names}
    best = {
        name: max(rates[name], key=lambda lr: mean(of(name, lr, "validation"))) for name in names
    }
    answer = {}
    for name in names - {control}:
        lr = best[name]
        if lr == rates[name][0] or lr == rates[name][-1]:
            answer[name] = (lr, "edge")
            continue
        gains = [a - b for a, b in zip(of(name, lr, "test"), of(control, best[control], "test"))]
        half = STUDENT[len(gains) - 1] * stdev(gains) / len(gains) ** 0.5
        if mean(gains) > half:
            answer[name] = (lr, "better")
        elif mean(gains) < -half:
            answer[name] = (lr, "worse")
        else:
            answer[name] = (lr, "indistinguishable")
    return answer


differ = [
    name for name, (lr, word) in verdicts(RACE, 8, "dense").items() if word in ("better", "worse")
]


# %% item="race" wrong="rates chosen on test images" hint="chosen on the wrong ones"
def verdicts(rows, epochs, control):
    from statistics import mean, stdev

    rows = [row for row in rows if row["epochs"] == epochs]
    by = {}
    for row in rows:
        by.setdefault(row["schedule"], {}).setdefault(row["lr"], []).append(row["test"])
    best = {name: max(its, key=lambda lr: mean(its[lr])) for name, its in by.items()}
    answer = {}
    for name, lr in best.items():
        if name == control:
            continue
        if lr in (min(by[name]), max(by[name])):
            answer[name] = (lr, "edge")
            continue
        gains = [a - b for a, b in zip(by[name][lr], by[control][best[control]])]
        half = STUDENT[len(gains) - 1] * stdev(gains) / len(gains) ** 0.5
        word = (
            "indistinguishable"
            if abs(mean(gains)) <= half
            else "better"
            if mean(gains) > 0
            else "worse"
        )
        answer[name] = (lr, word)
    return answer


differ = ["rewound"]


# %% item="race" wrong="all epochs in one pot" hint="not those with 9"
def verdicts(rows, epochs, control):
    from statistics import mean, stdev

    by = {}
    for row in rows:
        by.setdefault(row["schedule"], {}).setdefault(row["lr"], []).append(row)
    best = {
        name: max(its, key=lambda lr: mean(r["validation"] for r in its[lr]))
        for name, its in by.items()
    }
    answer = {}
    for name, lr in best.items():
        if name == control:
            continue
        if lr in (min(by[name]), max(by[name])):
            answer[name] = (lr, "edge")
            continue
        gains = [a["test"] - b["test"] for a, b in zip(by[name][lr], by[control][best[control]])]
        half = STUDENT[len(gains) - 1] * stdev(gains) / len(gains) ** 0.5
        word = (
            "indistinguishable"
            if abs(mean(gains)) <= half
            else "better"
            if mean(gains) > 0
            else "worse"
        )
        answer[name] = (lr, word)
    return answer


differ = ["gradual"]


# %% item="race" wrong="the edge not looked at" hint="1.0 is the largest rate of fast"
def verdicts(rows, epochs, control):
    from statistics import mean, stdev

    rows = [row for row in rows if row["epochs"] == epochs]
    by = {}
    for row in rows:
        by.setdefault(row["schedule"], {}).setdefault(row["lr"], []).append(row)
    best = {
        name: max(its, key=lambda lr: mean(r["validation"] for r in its[lr]))
        for name, its in by.items()
    }
    answer = {}
    for name, lr in best.items():
        if name != control:
            pairs = zip(by[name][lr], by[control][best[control]])
            gains = [a["test"] - b["test"] for a, b in pairs]
            half = STUDENT[len(gains) - 1] * stdev(gains) / len(gains) ** 0.5
            word = (
                "indistinguishable"
                if abs(mean(gains)) <= half
                else "better"
                if mean(gains) > 0
                else "worse"
            )
            answer[name] = (lr, word)
    return answer


differ = ["one cut", "rewound"]


# %% item="race" wrong="the control at the candidate's rate" hint="the control has a rate of its own"
def verdicts(rows, epochs, control):
    from statistics import mean, stdev

    rows = [row for row in rows if row["epochs"] == epochs]
    by = {}
    for row in rows:
        by.setdefault(row["schedule"], {}).setdefault(row["lr"], {})[row["seed"]] = row
    best = {
        n: max(its, key=lambda lr: mean(r["validation"] for r in its[lr].values()))
        for n, its in by.items()
    }
    answer = {}
    for name, lr in best.items():
        if name == control:
            continue
        if lr in (min(by[name]), max(by[name])):
            answer[name] = (lr, "edge")
            continue
        theirs = by[control].get(lr, by[control][best[control]])
        gains = [100 * (by[name][lr][s]["test"] - theirs[s]["test"]) for s in theirs]
        half = STUDENT[len(gains) - 1] * stdev(gains) / len(gains) ** 0.5
        word = (
            "indistinguishable"
            if abs(mean(gains)) <= half
            else "better"
            if mean(gains) > 0
            else "worse"
        )
        answer[name] = (lr, word)
    return answer


differ = ["gradual"]


# %% item="race" wrong="1.96 for every number of seeds" hint="Which t?"
def verdicts(rows, epochs, control):
    from statistics import mean, stdev

    rows = [row for row in rows if row["epochs"] == epochs]
    by = {}
    for row in rows:
        by.setdefault(row["schedule"], {}).setdefault(row["lr"], {})[row["seed"]] = row
    best = {
        n: max(its, key=lambda lr: mean(r["validation"] for r in its[lr].values()))
        for n, its in by.items()
    }
    answer = {}
    for name, lr in best.items():
        if name == control:
            continue
        if lr in (min(by[name]), max(by[name])):
            answer[name] = (lr, "edge")
            continue
        theirs = by[control][best[control]]
        gains = [100 * (by[name][lr][s]["test"] - theirs[s]["test"]) for s in theirs]
        half = 1.96 * stdev(gains) / len(gains) ** 0.5
        word = (
            "indistinguishable"
            if abs(mean(gains)) <= half
            else "better"
            if mean(gains) > 0
            else "worse"
        )
        answer[name] = (lr, word)
    return answer


differ = ["one cut", "gradual"]


# %% item="race" wrong="pairs by the order of rows" keeps=1 hint="the same place in the list"
def verdicts(rows, epochs, control):
    from statistics import mean, stdev

    rows = [row for row in rows if row["epochs"] == epochs]
    by = {}
    for row in rows:
        by.setdefault(row["schedule"], {}).setdefault(row["lr"], {})[row["seed"]] = row
    best = {
        name: max(its, key=lambda lr: mean(r["validation"] for r in its[lr].values()))
        for name, its in by.items()
    }
    answer = {}
    for name, lr in best.items():
        if name == control:
            continue
        if lr in (min(by[name]), max(by[name])):
            answer[name] = (lr, "edge")
            continue
        theirs = by[control][best[control]]
        gains = [a["test"] - b["test"] for a, b in zip(by[name][lr].values(), theirs.values())]
        half = STUDENT[len(gains) - 1] * stdev(gains) / len(gains) ** 0.5
        word = "better" if mean(gains) > 0 else "worse"
        answer[name] = (lr, word if abs(mean(gains)) > half else "indistinguishable")
    return answer


differ = ["one cut"]


# %% item="race" wrong="the rate of the best single seed" keeps=1 hint="the best *mean* decides"
def verdicts(rows, epochs, control):
    from statistics import mean, stdev

    rows = [row for row in rows if row["epochs"] == epochs]
    by = {}
    for row in rows:
        by.setdefault(row["schedule"], {}).setdefault(row["lr"], {})[row["seed"]] = row
    best = {
        name: max(its, key=lambda lr: max(r["validation"] for r in its[lr].values()))
        for name, its in by.items()
    }
    answer = {}
    for name, lr in best.items():
        if name == control:
            continue
        if lr in (min(by[name]), max(by[name])):
            answer[name] = (lr, "edge")
            continue
        theirs = by[control][best[control]]
        gains = [by[name][lr][s]["test"] - theirs[s]["test"] for s in theirs]
        half = STUDENT[len(gains) - 1] * stdev(gains) / len(gains) ** 0.5
        word = "better" if mean(gains) > 0 else "worse"
        answer[name] = (lr, word if abs(mean(gains)) > half else "indistinguishable")
    return answer


differ = ["one cut"]


# %% item="race" wrong="the rate of the best median" keeps=1 hint="the best *mean* decides"
def verdicts(rows, epochs, control):
    from statistics import mean, median, stdev

    rows = [row for row in rows if row["epochs"] == epochs]
    by = {}
    for row in rows:
        by.setdefault(row["schedule"], {}).setdefault(row["lr"], {})[row["seed"]] = row
    best = {
        name: max(its, key=lambda lr: median(r["validation"] for r in its[lr].values()))
        for name, its in by.items()
    }
    answer = {}
    for name, lr in best.items():
        if name == control:
            continue
        if lr in (min(by[name]), max(by[name])):
            answer[name] = (lr, "edge")
            continue
        theirs = by[control][best[control]]
        gains = [by[name][lr][s]["test"] - theirs[s]["test"] for s in theirs]
        half = STUDENT[len(gains) - 1] * stdev(gains) / len(gains) ** 0.5
        word = "better" if mean(gains) > 0 else "worse"
        answer[name] = (lr, word if abs(mean(gains)) > half else "indistinguishable")
    return answer


differ = ["one cut"]


# %% item="race" wrong="the edge of all epochs" keeps=1 hint="1.0 is the largest rate of fast"
def verdicts(rows, epochs, control):
    from statistics import mean, stdev

    tried = {}
    for row in rows:
        tried.setdefault(row["schedule"], set()).add(row["lr"])
    rows = [row for row in rows if row["epochs"] == epochs]
    by = {}
    for row in rows:
        by.setdefault(row["schedule"], {}).setdefault(row["lr"], {})[row["seed"]] = row
    best = {
        name: max(its, key=lambda lr: mean(r["validation"] for r in its[lr].values()))
        for name, its in by.items()
    }
    answer = {}
    for name, lr in best.items():
        if name == control:
            continue
        if lr in (min(tried[name]), max(tried[name])):
            answer[name] = (lr, "edge")
            continue
        theirs = by[control][best[control]]
        gains = [by[name][lr][s]["test"] - theirs[s]["test"] for s in theirs]
        half = STUDENT[len(gains) - 1] * stdev(gains) / len(gains) ** 0.5
        word = "better" if mean(gains) > 0 else "worse"
        answer[name] = (lr, word if abs(mean(gains)) > half else "indistinguishable")
    return answer


differ = ["one cut"]


# %% item="race" wrong="the standard deviation divides by n" keeps=1 hint="is it n or n - 1"
def verdicts(rows, epochs, control):
    from statistics import mean, pstdev

    rows = [row for row in rows if row["epochs"] == epochs]
    by = {}
    for row in rows:
        by.setdefault(row["schedule"], {}).setdefault(row["lr"], {})[row["seed"]] = row
    best = {
        name: max(its, key=lambda lr: mean(r["validation"] for r in its[lr].values()))
        for name, its in by.items()
    }
    answer = {}
    for name, lr in best.items():
        if name == control:
            continue
        if lr in (min(by[name]), max(by[name])):
            answer[name] = (lr, "edge")
            continue
        theirs = by[control][best[control]]
        gains = [by[name][lr][s]["test"] - theirs[s]["test"] for s in theirs]
        half = STUDENT[len(gains) - 1] * pstdev(gains) / len(gains) ** 0.5
        word = "better" if mean(gains) > 0 else "worse"
        answer[name] = (lr, word if abs(mean(gains)) > half else "indistinguishable")
    return answer


differ = ["one cut"]


# %% item="race" wrong="a difference must be for the better" keeps=1 hint="a schedule that is worse"
def verdicts(rows, epochs, control):
    from statistics import mean, stdev

    rows = [row for row in rows if row["epochs"] == epochs]
    by = {}
    for row in rows:
        by.setdefault(row["schedule"], {}).setdefault(row["lr"], {})[row["seed"]] = row
    best = {
        name: max(its, key=lambda lr: mean(r["validation"] for r in its[lr].values()))
        for name, its in by.items()
    }
    answer = {}
    for name, lr in best.items():
        if name == control:
            continue
        if lr in (min(by[name]), max(by[name])):
            answer[name] = (lr, "edge")
            continue
        theirs = by[control][best[control]]
        gains = [by[name][lr][s]["test"] - theirs[s]["test"] for s in theirs]
        half = STUDENT[len(gains) - 1] * stdev(gains) / len(gains) ** 0.5
        word = "better" if mean(gains) > 0 else "worse"
        answer[name] = (lr, word if abs(mean(gains)) > half else "indistinguishable")
    return answer


differ = []

# %% item="race" wrong="a control at the edge takes another rate" like="reference" keeps=1 hint="even at the edge"
# -         best[name] = max(by_rate, key=lambda lr: sum(r["validation"] for r in by_rate[lr].values()))
# +         rates = sorted(by_rate)[1:-1] if name == control and len(by_rate) > 2 else by_rate
# +         best[name] = max(rates, key=lambda lr: sum(r["validation"] for r in by_rate[lr].values()))

# %% item="race" wrong="only the largest rate is an edge" like="reference" keeps=1 hint="at either end"
# -         if lr in (min(tried[name]), max(tried[name])):
# +         if lr == max(tried[name]):

# %% item="race" wrong="sorts the runs that it was given" like="reference" keeps=1 hint="The list of runs has changed"
# -     tried = {}
# +     rows.sort(key=lambda row: row["lr"])
# +     tried = {}


# %% item="picture" right="as a list"
faults = ["d", "a", "c"]

# %% item="picture" right="as a frozen set, from a string"
faults = frozenset("cda")

# %% item="picture" wrong="only the epochs" hint="More than one of them is missing"
faults = {"a"}

# %% item="picture" wrong="the spread and the direction, too" hint="is not there"
faults = {"a", "b", "c", "d", "e"}

# %% item="picture" wrong="not the images" keeps=1 hint="chosen on which images?"
faults = {"a", "c"}

# %% item="picture" wrong="the axis for the images" hint="is not there, or is none"
faults = {"a", "c", "e"}

# %% item="picture" wrong="all of them" hint="nor all are wrong"
faults = set("abcdef")

# %% item="picture" wrong="in words" hint="letters from a to f"
faults = {"the epochs differ", "c"}

# %% [markdown] item="report" answer="names all of them"
# Your random ticket has another mask and the same start, so it shows that the places count. For the start you need the same mask with a new random start, over five seeds, and to call it winning the dense network with as many epochs. The file must hold
# the places too, so it is about half as much again as a fiftieth; put it beside a small dense network of as many bytes. The search cost five trainings of 8 epochs before the last one, and zeros don't make training faster. A cubic climb
# with 8 epochs in all is the thing to try first.

# %% [markdown] item="report" answer="believes in the start"
# A ticket that beats a random ticket by eight points is clearly won by its start. I would ship it. The indices take some bytes as well, so measure the file. The search was cheap.

# %% [markdown] item="report" answer="only the cost"
# You have trained it six times. A cubic schedule does it in one training. Please compare with that.


# %% item="golf" right="the library's cuts, all images at once"
def squeeze(images, labels):
    layer = nn.Linear(784, 10)
    layer.weight.data, layer.bias.data = golf.least_squares(images, labels)
    prune.identity(layer, "weight")
    optimizer = torch.optim.Adam(layer.parameters(), lr=2e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 200)
    for number in range(200):
        if number % 10 == 0 and number <= 120:
            goal = round(0.96 * 7840 * (1 - (1 - number / 120) ** 3))
            there = int((layer.weight_mask == 0).sum())
            prune.l1_unstructured(layer, "weight", amount=goal - there)
        masked = layer.weight_orig * layer.weight_mask
        rounded = masked + ((masked / 0.9).round() * 0.9 - masked).detach()
        loss = nn.functional.cross_entropy(images @ rounded.T + layer.bias, labels)
        loss = loss + 5e-3 * masked.abs().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    q = ((layer.weight_orig * layer.weight_mask).detach() / 0.9).round()
    return golf.pack(q.to(torch.int8), 0.9, layer.bias.detach())


# %% item="golf" right="no cuts, but each weight pays for its magnitude"
def squeeze(images, labels):
    generator = torch.Generator().manual_seed(5)
    weight, bias = golf.least_squares(images, labels)
    wanted = nn.functional.one_hot(labels, 10).float()
    optimizer = torch.optim.Adam([weight, bias], lr=4e-3)
    for epoch in range(40):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * (1 + math.cos(math.pi * epoch / 40))
        for batch in torch.randperm(len(images), generator=generator).split(64):
            rounded = (weight / 0.9).round() * 0.9
            wrong = (images[batch] @ rounded.T + bias).softmax(1) - wanted[batch]
            weight.grad = wrong.T @ images[batch] / len(batch) + 2.5e-3 * weight.sign()
            bias.grad = wrong.mean(0)
            optimizer.step()
    return golf.pack((weight / 0.9).round().long(), 0.9, bias)


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


# %% item="golf" right="one cut, midway" like="reference"
# -         share = final * (1 - (1 - climb) ** 3)
# +         share = final if epoch >= 20 else 0

# %% item="golf" right="without biases" like="reference"
# -     optimizer = torch.optim.Adam([weight.requires_grad_(), bias.requires_grad_()], lr=4e-3)
# +     bias = torch.zeros(10)
# +     optimizer = torch.optim.Adam([weight.requires_grad_()], lr=4e-3)

# %% item="golf" wrong="a climb, and no price" like="reference" keeps=0 hint="How much time did the others have"
# -     step, final, price = 0.8, 0.97, 2e-3
# +     step, final, price = 0.9, 0.975, 0


# %% item="golf" wrong="a shorter climb, and no price" keeps=1 hint="How large is a weight just before its cut"
def squeeze(images, labels):
    torch.manual_seed(0)
    weight, bias = golf.least_squares(images, labels)
    optimizer = torch.optim.Adam([weight.requires_grad_(), bias.requires_grad_()], lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 640)
    for epoch in range(40):
        share = 0.9 * (1 - (1 - min(epoch / 28, 1)) ** 3)
        mask = torch.ones(7840)
        mask[weight.detach().abs().flatten().argsort()[: round(share * 7840)]] = 0
        mask = mask.view(10, 784)
        for batch in torch.randperm(len(images)).split(64):
            masked = weight * mask
            rounded = masked + (0.7 * (masked / 0.7).round().clamp(-3, 3) - masked).detach()
            outputs = images[batch] @ rounded.T + bias
            optimizer.zero_grad()
            nn.functional.cross_entropy(outputs, labels[batch]).backward()
            optimizer.step()
            schedule.step()
    q = (weight.detach() * mask / 0.7).round().clamp(-3, 3)
    return golf.pack(q.int(), 0.7, bias.detach())


# %% item="golf" wrong="rounds only at the end" like="reference" keeps=0 hint="and for the rounding"
# -             rounded = masked + (step * (masked / step).round() - masked).detach()
# +             rounded = masked

# %% item="golf" wrong="no gradient through the rounding" like="reference" keeps=0 hint="How much time did the others have"
# -             rounded = masked + (step * (masked / step).round() - masked).detach()
# +             rounded = step * (masked / step).round()

# %% item="golf" wrong="a price too high" like="reference" keeps=0 hint="How much time did the others have"
# -     step, final, price = 0.8, 0.97, 2e-3
# +     step, final, price = 0.9, 0.975, 2e-2

# %% item="golf" wrong="fine levels" like="reference" keeps=0 hint="how many levels are there"
# -     step, final, price = 0.8, 0.97, 2e-3
# +     step, final, price = 0.2, 0.85, 5e-4

# %% item="golf" wrong="climbs too far" like="reference" keeps=0 hint="How much time did the others have"
# -     step, final, price = 0.8, 0.97, 2e-3
# +     step, final, price = 0.9, 0.99, 2e-3

# %% item="golf" wrong="the largest go" like="reference" keeps=0 hint="How much time did the others have"
# -         gone = (weight * mask).abs().flatten().argsort()[: round(share * weight.numel())]
# +         gone = weight.abs().flatten().argsort(descending=True)[: round(share * 7840)]


# %% item="golf" wrong="cuts after the training, and lets nothing follow" keeps=0 hint="How much time did the others have"
def squeeze(images, labels):
    weight, bias = golf.least_squares(images, labels)
    for share in (0.3, 0.6, 0.8, 0.9, 0.95):
        weight.view(-1)[weight.abs().flatten().argsort()[: round(share * 7840)]] = 0
    step = float(weight.abs().max()) / 2
    return golf.pack((weight / step).round().int(), step, bias)


# %% item="golf" wrong="levels as float16" like="cuts after the training, and lets nothing follow" keeps=0 hint="of an integer dtype"
# -     return golf.pack((weight / step).round().int(), step, bias)
# +     return golf.pack(weight.half(), step, bias)

# %% item="golf" wrong="no file yet" like="cuts after the training, and lets nothing follow" keeps=0 hint="the bytes that golf.pack makes"
# -     return golf.pack((weight / step).round().int(), step, bias)
# +     return (weight / step).round().int(), step, bias

# %% item="golf" wrong="the notebook's images, whatever comes in" like="reference" keeps=0 hint="Is everything in the file made from what squeeze gets"
# -     torch.manual_seed(0)
# +     torch.manual_seed(0)
# +     images, labels = golf.flat(golf.draw()[0])
