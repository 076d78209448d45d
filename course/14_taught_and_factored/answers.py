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
# # 14 · Taught and factored: answers that people give

# %% item="loss" right="kl_div with logarithms, labels ignored by index"
def distillation_loss(logits, taught, labels, temperature, weight):
    soft = F.kl_div(
        F.log_softmax(logits / temperature, 1),
        F.log_softmax(taught.detach() / temperature, 1),
        reduction="batchmean",
        log_target=True,
    )
    hard = F.cross_entropy(logits, labels, ignore_index=-1) if (labels != -1).any() else 0.0
    return weight * temperature**2 * soft + (1 - weight) * hard


loss_of = with_gradients(distillation_loss)


# %% item="loss" right="cross-entropy less the teacher's entropy, sums divided by hand"
def distillation_loss(logits, taught, labels, temperature, weight):
    with torch.no_grad():
        q = F.softmax(taught / temperature, 1)
        entropy = -torch.special.xlogy(q, q).sum()
    soft = -(q * F.log_softmax(logits / temperature, 1)).sum() - entropy
    mask = labels != -1
    hard = F.cross_entropy(logits, labels.clamp(min=0), reduction="none") * mask
    return weight * temperature * temperature * soft / len(logits) + (
        1 - weight
    ) * hard.sum() / mask.sum().clamp(min=1)


loss_of = with_gradients(distillation_loss)


# %% item="loss" wrong="the lesson's function" keeps=0 hint="Is the teacher's entropy in your loss?"
def soft(logits, temperature):
    return (logits / temperature).softmax(1)


def distillation_loss(logits, taught, labels, temperature, weight=0.9):
    wanted = soft(taught.detach(), temperature)
    soft_loss = -(wanted * (logits / temperature).log_softmax(1)).sum(1).mean()
    return weight * temperature**2 * soft_loss + (1 - weight) * F.cross_entropy(logits, labels)


loss_of = with_gradients(distillation_loss)


# %% item="loss" wrong="without T²" keeps=0 hint="which factor keeps the gradient"
def distillation_loss(logits, taught, labels, temperature, weight):
    log_p = (logits / temperature).log_softmax(1)
    log_q = (taught.detach() / temperature).log_softmax(1)
    loss = weight * (log_q.exp() * (log_q - log_p)).sum(1).mean()
    known = labels >= 0
    if known.any():
        loss = loss + (1 - weight) * F.cross_entropy(logits[known], labels[known])
    return loss


loss_of = with_gradients(distillation_loss)


# %% item="loss" wrong="T once" like="without T²" keeps=0 hint="T is in the loss once"
# -     loss = weight * (log_q.exp() * (log_q - log_p)).sum(1).mean()
# +     loss = weight * temperature * (log_q.exp() * (log_q - log_p)).sum(1).mean()

# %% item="loss" wrong="kl_div with its default mean" like="without T²" keeps=0 hint="Which axis is averaged here?"
# -     loss = weight * (log_q.exp() * (log_q - log_p)).sum(1).mean()
# +     soft = F.kl_div(log_p, log_q, log_target=True, reduction="none").mean()
# +     loss = weight * temperature**2 * soft

# %% item="loss" wrong="the teacher is not detached" like="without T²" keeps=2 hint="a gradient reaches the teacher"
# -     log_q = (taught.detach() / temperature).log_softmax(1)
# -     loss = weight * (log_q.exp() * (log_q - log_p)).sum(1).mean()
# +     log_q = (taught / temperature).log_softmax(1)
# +     loss = weight * temperature**2 * (log_q.exp() * (log_q - log_p)).sum(1).mean()


# %% item="loss" wrong="labels' mean over all images" keeps=1 hint="Over how many is the mean?"
def distillation_loss(logits, taught, labels, temperature, weight):
    log_p = (logits / temperature).log_softmax(1)
    log_q = (taught.detach() / temperature).log_softmax(1)
    soft = (log_q.exp() * (log_q - log_p)).sum(1).mean()
    hard = F.cross_entropy(logits, labels, ignore_index=-1, reduction="sum") / len(labels)
    return weight * temperature**2 * soft + (1 - weight) * hard


loss_of = with_gradients(distillation_loss)


# %% item="loss" wrong="no label at all is not thought of" like="labels' mean over all images" keeps=1 hint="expected 1.631"
# -     hard = F.cross_entropy(logits, labels, ignore_index=-1, reduction="sum") / len(labels)
# +     hard = F.cross_entropy(logits, labels, ignore_index=-1)

# %% item="loss" wrong="the logarithm of a softmax" like="without T²" keeps=2 hint="Which function takes softmax and logarithm in one?"
# -     log_p = (logits / temperature).log_softmax(1)
# -     log_q = (taught.detach() / temperature).log_softmax(1)
# -     loss = weight * (log_q.exp() * (log_q - log_p)).sum(1).mean()
# +     p = (logits / temperature).softmax(1)
# +     q = (taught.detach() / temperature).softmax(1)
# +     loss = weight * temperature**2 * (q * (q.log() - p.log())).sum(1).mean()


# %% item="loss" wrong="the weight on the wrong part" keeps=0 hint="only the two images with a label count"
def distillation_loss(logits, taught, labels, temperature, weight):
    log_p = (logits / temperature).log_softmax(1)
    log_q = (taught.detach() / temperature).log_softmax(1)
    loss = (1 - weight) * temperature**2 * (log_q.exp() * (log_q - log_p)).sum(1).mean()
    known = labels >= 0
    if known.any():
        loss = loss + weight * F.cross_entropy(logits[known], labels[known])
    return loss


loss_of = with_gradients(distillation_loss)


# %% item="loss" wrong="weight forgotten" keeps=1 hint="Without labels it still weighs"
def distillation_loss(logits, taught, labels, temperature, weight):
    log_p = (logits / temperature).log_softmax(1)
    log_q = (taught.detach() / temperature).log_softmax(1)
    soft = temperature**2 * (log_q.exp() * (log_q - log_p)).sum(1).mean()
    known = labels >= 0
    if known.any():
        return weight * soft + (1 - weight) * F.cross_entropy(logits[known], labels[known])
    return soft


loss_of = with_gradients(distillation_loss)


# %% item="loss" wrong="KL the other way round" like="without T²" keeps=0 hint="this is KL(p‖q)"
# -     loss = weight * (log_q.exp() * (log_q - log_p)).sum(1).mean()
# +     loss = weight * temperature**2 * (log_p.exp() * (log_p - log_q)).sum(1).mean()

# %% item="loss" wrong="a sum over the images" like="labels' mean over all images" keeps=0 hint="two images that are alike"
# -     soft = (log_q.exp() * (log_q - log_p)).sum(1).mean()
# -     hard = F.cross_entropy(logits, labels, ignore_index=-1, reduction="sum") / len(labels)
# +     soft = F.kl_div(log_p, log_q, log_target=True, reduction="sum")
# +     known = labels >= 0
# +     hard = F.cross_entropy(logits[known], labels[known]) if known.any() else 0.0


# %% item="loss" wrong="the labels' part at the temperature, too" keeps=1 hint="only the two images with a label count"
def distillation_loss(logits, taught, labels, temperature, weight):
    log_p = (logits / temperature).log_softmax(1)
    log_q = (taught.detach() / temperature).log_softmax(1)
    loss = weight * temperature**2 * (log_q.exp() * (log_q - log_p)).sum(1).mean()
    known = labels >= 0
    if known.any():
        loss = loss + (1 - weight) * F.nll_loss(log_p[known], labels[known])
    return loss


loss_of = with_gradients(distillation_loss)

# %% item="loss" wrong="labels are written over" like="reference" keeps=2 hint="The labels have changed"
# -     known = labels >= 0
# -     if known.any():
# -         loss = loss + (1 - weight) * F.cross_entropy(logits[known], labels[known])
# +     if (labels >= 0).any():
# +         labels[labels < 0] = -100  # what cross_entropy leaves out
# +         loss = loss + (1 - weight) * F.cross_entropy(logits, labels)


# %% item="budget" right="torch.svd_lowrank is not needed: eigenvectors of W Wᵀ"
def into_budget(layer, macs):
    weight = layer.weight.detach()
    if macs >= weight.numel():
        return copy.deepcopy(layer)
    rank = int(macs / sum(weight.shape))
    if rank == 0:
        raise ValueError("too few MACs for rank 1")
    u, s, v = torch.linalg.svd(weight.double())
    root = s[:rank].sqrt()
    first = nn.Linear(layer.in_features, rank, bias=False)
    second = nn.Linear(rank, layer.out_features, bias=layer.bias is not None)
    with torch.no_grad():
        first.weight.copy_(root[:, None] * v[:rank])
        second.weight.copy_(u[:, :rank] * root)
        if layer.bias is not None:
            second.bias.copy_(layer.bias)
    return nn.Sequential(first, second)


# %% item="budget" right="rank found by trying"
def into_budget(layer, macs):
    m, n = layer.weight.shape
    if m * n <= macs:
        return copy.deepcopy(layer)
    fitting = [r for r in range(1, min(m, n) + 1) if r * (m + n) <= macs]
    if not fitting:
        raise ValueError("no rank fits")
    r = fitting[-1]
    u, s, v = torch.linalg.svd(layer.weight.detach(), full_matrices=False)
    thin = nn.Sequential(nn.Linear(n, r, bias=False), nn.Linear(r, m, bias=layer.bias is not None))
    state = {"0.weight": torch.diag(s[:r]) @ v[:r], "1.weight": u[:, :r]}
    if layer.bias is not None:
        state["1.bias"] = layer.bias.detach()
    thin.load_state_dict(state)
    return thin


# %% item="budget" right="parts that need no gradient, filled afterwards"
def into_budget(layer, macs):
    outputs, inputs = layer.weight.shape
    if outputs * inputs <= macs:
        return copy.deepcopy(layer)
    rank = macs // (outputs + inputs)
    if rank < 1:
        raise ValueError("not even rank 1 fits")
    left, sizes, right = torch.linalg.svd(layer.weight.detach(), full_matrices=False)
    first = nn.Linear(inputs, rank, bias=False).requires_grad_(False)
    second = nn.Linear(rank, outputs, bias=layer.bias is not None).requires_grad_(False)
    first.weight.copy_(right[:rank])
    second.weight.copy_(left[:, :rank] * sizes[:rank])
    if layer.bias is not None:
        second.bias.copy_(layer.bias)
    return nn.Sequential(first, second)


# %% item="budget" wrong="never the layer itself" keeps=2 hint="enough for the layer itself"
def into_budget(layer, macs):
    m, n = layer.weight.shape
    r = min(int(macs // (m + n)), m, n)
    if r < 1:
        raise ValueError("no rank fits")
    u, s, v = torch.linalg.svd(layer.weight.detach(), full_matrices=False)
    first, second = nn.Linear(n, r, bias=False), nn.Linear(r, m, bias=layer.bias is not None)
    first.weight.data, second.weight.data = v[:r].clone(), u[:, :r] * s[:r]
    if layer.bias is not None:
        second.bias.data = layer.bias.detach().clone()
    return nn.Sequential(first, second)


# %% item="budget" wrong="at least rank 1" like="never the layer itself" keeps=2 hint="should raise a ValueError"
# -     r = min(int(macs // (m + n)), m, n)
# -     if r < 1:
# -         raise ValueError("no rank fits")
# +     if macs >= m * n:
# +         return copy.deepcopy(layer)
# +     r = max(1, int(macs // (m + n)))

# %% item="budget" wrong="rounded up" like="at least rank 1" keeps=2 hint="Do they fit"
# -     r = max(1, int(macs // (m + n)))
# +     if macs < m + n:
# +         raise ValueError("no rank fits")
# +     r = math.ceil(macs / (m + n))

# %% item="budget" wrong="rank by the share of the dense MACs" like="at least rank 1" keeps=2 hint="rank 5 takes"
# -     r = max(1, int(macs // (m + n)))
# +     r = int(min(m, n) * macs / (m * n))
# +     if macs < m + n:
# +         raise ValueError("no rank fits")


# %% item="budget" wrong="singular values forgotten" keeps=2 hint="the product is off by"
def into_budget(layer, macs):
    m, n = layer.weight.shape
    if macs >= m * n:
        return copy.deepcopy(layer)
    r = int(macs // (m + n))
    if r < 1:
        raise ValueError("no rank fits")
    u, s, v = torch.linalg.svd(layer.weight.detach(), full_matrices=False)
    first, second = nn.Linear(n, r, bias=False), nn.Linear(r, m, bias=layer.bias is not None)
    first.weight.data, second.weight.data = v[:r].clone(), u[:, :r].clone()
    if layer.bias is not None:
        second.bias.data = layer.bias.detach().clone()
    return nn.Sequential(first, second)


# %% item="budget" wrong="v taken for its transpose" like="singular values forgotten" keeps=2 hint="the product is off by"
# -     u, s, v = torch.linalg.svd(layer.weight.detach(), full_matrices=False)
# -     first, second = nn.Linear(n, r, bias=False), nn.Linear(r, m, bias=layer.bias is not None)
# -     first.weight.data, second.weight.data = v[:r].clone(), u[:, :r].clone()
# +     u, s, v = torch.linalg.svd(layer.weight.detach())
# +     first, second = nn.Linear(n, r, bias=False), nn.Linear(r, m, bias=layer.bias is not None)
# +     first.weight.data, second.weight.data = v.T[:r].clone(), u[:, :r] * s[:r]

# %% item="budget" wrong="the bias is shared" like="singular values forgotten" keeps=2 hint="Are all parameters new?"
# -     first.weight.data, second.weight.data = v[:r].clone(), u[:, :r].clone()
# -     if layer.bias is not None:
# -         second.bias.data = layer.bias.detach().clone()
# +     first.weight.data, second.weight.data = v[:r].clone(), u[:, :r] * s[:r]
# +     if layer.bias is not None:
# +         second.bias = layer.bias

# %% item="budget" wrong="the layer that fits is handed back itself" like="never the layer itself" keeps=2 hint="A copy shares its weight"
# -     r = min(int(macs // (m + n)), m, n)
# +     if macs >= m * n:
# +         return layer
# +     r = int(macs // (m + n))

# %% item="budget" wrong="a bias in both layers" like="singular values forgotten" keeps=2 hint="the first of the two has no bias"
# -     first, second = nn.Linear(n, r, bias=False), nn.Linear(r, m, bias=layer.bias is not None)
# -     first.weight.data, second.weight.data = v[:r].clone(), u[:, :r].clone()
# -     if layer.bias is not None:
# +     biased = layer.bias is not None
# +     first, second = nn.Linear(n, r), nn.Linear(r, m, bias=biased)
# +     first.weight.data, second.weight.data = v[:r].clone(), u[:, :r] * s[:r]
# +     first.bias.data.zero_()
# +     if biased:

# %% item="budget" wrong="the singular values in both factors" like="singular values forgotten" keeps=2 hint="the product is off by"
# -     first.weight.data, second.weight.data = v[:r].clone(), u[:, :r].clone()
# +     first.weight.data, second.weight.data = s[:r, None] * v[:r], u[:, :r] * s[:r]

# %% item="budget" wrong="of a layer that fits only the weight is copied" like="reference" keeps=2 hint="another bias, or with none"
# -         return copy.deepcopy(layer)
# +         same = nn.Linear(inputs, outputs, bias=layer.bias is not None)
# +         same.weight.data = layer.weight.detach().clone()
# +         return same

# %% item="budget" wrong="a layer that fits shares its bias" like="reference" keeps=2 hint="shares its bias"
# -         return copy.deepcopy(layer)
# +         same = nn.Linear(inputs, outputs)
# +         same.weight.data = layer.weight.detach().clone()
# +         same.bias = layer.bias
# +         return same


# %% item="outputs" right="the SVD of the centred outputs"
def best_outputs(layer, inputs, rank):
    with torch.no_grad():
        mean = inputs.double().mean(0)
        w = layer.weight.double()
        outputs = (inputs.double() - mean) @ w.T
        v = torch.linalg.svd(outputs, full_matrices=True)[2][:rank]
        first = nn.Linear(layer.in_features, rank, bias=False)
        second = nn.Linear(rank, layer.out_features)
        first.weight.copy_(v @ w)
        second.weight.copy_(v.T)
        second.bias.copy_(layer.bias.double() + w @ mean - v.T @ (v @ w @ mean))
    return nn.Sequential(first, second)


# %% item="outputs" right="the lesson's root, by eigenvectors, with the mean in the bias"
def best_outputs(layer, inputs, rank):
    w, x = layer.weight.detach().double(), inputs.double()
    mean = x.mean(0)
    c = (x - mean).T @ (x - mean) / len(x)
    values, vectors = torch.linalg.eigh(c)
    values = values.clamp(min=0) + 1e-9 * values.max().clamp(min=1e-30)
    root = vectors * values.sqrt()
    u, s, v = torch.linalg.svd(w @ root, full_matrices=False)
    thin = v[:rank] @ (vectors / values.sqrt()).T
    wide = u[:, :rank] * s[:rank]
    first, second = nn.Linear(len(mean), rank, bias=False), nn.Linear(rank, len(w))
    if thin.shape[0] < rank:
        thin = torch.cat([thin, torch.zeros(rank - len(thin), len(mean))])
    first.weight.data, second.weight.data = thin.float(), wide.float()
    second.bias.data = (layer.bias.detach().double() + (w - wide @ thin) @ mean).float()
    return nn.Sequential(first, second)


# %% item="outputs" wrong="the layer itself" hint="not iterable"
def best_outputs(layer, inputs, rank):
    return layer


# %% item="outputs" wrong="plain SVD" keeps=0 hint="Which inputs are large here"
def best_outputs(layer, inputs, rank):
    left, sizes, right = torch.linalg.svd(layer.weight.detach(), full_matrices=False)
    first, second = (
        nn.Linear(layer.in_features, rank, bias=False),
        nn.Linear(rank, layer.out_features),
    )
    first.weight.data, second.weight.data = right[:rank].clone(), left[:, :rank] * sizes[:rank]
    second.bias.data = layer.bias.detach().clone()
    return nn.Sequential(first, second)


# %% item="outputs" wrong="the lesson's factors" keeps=1 hint="it can be in the bias"
def best_outputs(layer, inputs, rank):
    weight = layer.weight.detach()
    second = inputs.double().T @ inputs.double() / len(inputs)
    second += 1e-6 * second.diagonal().mean() * torch.eye(len(second))
    root = torch.linalg.cholesky(second)
    left, sizes, right = torch.linalg.svd(weight.double() @ root, full_matrices=False)
    back = torch.linalg.solve_triangular(root, right[:rank], upper=False, left=False)
    thin, wide = nn.Linear(layer.in_features, rank, bias=False), nn.Linear(rank, layer.out_features)
    thin.weight.data, wide.weight.data = back.float(), (left[:, :rank] * sizes[:rank]).float()
    wide.bias.data = layer.bias.detach().clone()
    return nn.Sequential(thin, wide)


# %% item="outputs" wrong="variances alone" keeps=0 hint="how inputs vary *together*"
def best_outputs(layer, inputs, rank):
    weight = layer.weight.detach()
    mean, size = inputs.mean(0), inputs.std(0).nan_to_num() + 1e-6 * inputs.abs().max()
    left, sizes, right = torch.linalg.svd(weight * size, full_matrices=False)
    thin = right[:rank] / size
    wide = left[:, :rank] * sizes[:rank]
    first, second = (
        nn.Linear(layer.in_features, rank, bias=False),
        nn.Linear(rank, layer.out_features),
    )
    first.weight.data, second.weight.data = thin, wide
    second.bias.data = layer.bias.detach() + (weight - wide @ thin) @ mean
    return nn.Sequential(first, second)


# %% item="outputs" wrong="the mean is subtracted, and the bias stays" keeps=1 hint="it can be in the bias"
def best_outputs(layer, inputs, rank):
    weight, x = layer.weight.detach().double(), inputs.double()
    changes = (x - x.mean(0)) @ weight.T
    directions = torch.linalg.svd(changes.T @ changes)[0][:, :rank]
    first = nn.Linear(weight.shape[1], rank, bias=False)
    second = nn.Linear(rank, len(weight))
    first.weight.data, second.weight.data = (directions.T @ weight).float(), directions.float()
    second.bias.data = layer.bias.detach().clone()
    return nn.Sequential(first, second)


# %% item="outputs" wrong="principal directions of the inputs" keeps=0 hint="Which inputs are large here"
def best_outputs(layer, inputs, rank):
    weight, x = layer.weight.detach().double(), inputs.double()
    mean = x.mean(0)
    directions = torch.linalg.svd((x - mean).T @ (x - mean))[0][:, :rank]
    thin, wide = directions.T, weight @ directions
    if thin.shape[0] < rank:
        raise ValueError("rank is larger than the number of inputs")
    first, second = nn.Linear(weight.shape[1], rank, bias=False), nn.Linear(rank, len(weight))
    first.weight.data, second.weight.data = thin.float(), wide.float()
    second.bias.data = (layer.bias.detach() + (weight - wide @ thin) @ mean).float()
    return nn.Sequential(first, second)


# %% item="outputs" wrong="the inverse of a covariance that has none" keeps=2 hint="has no inverse"
def best_outputs(layer, inputs, rank):
    weight, x = layer.weight.detach().double(), inputs.double()
    mean = x.mean(0)
    c = (x - mean).T @ (x - mean) / len(x)
    values, vectors = torch.linalg.eigh(c)
    root = vectors * values.sqrt()
    u, s, v = torch.linalg.svd((weight @ root).nan_to_num(), full_matrices=False)
    thin = v[:rank] @ (vectors / values.sqrt()).T
    wide = u[:, :rank] * s[:rank]
    first, second = nn.Linear(weight.shape[1], rank, bias=False), nn.Linear(rank, len(weight))
    first.weight.data, second.weight.data = thin.float(), wide.float()
    second.bias.data = (layer.bias.detach() + (weight - wide @ thin) @ mean).float()
    return nn.Sequential(first, second)


# %% item="outputs" wrong="the bias makes up for the mean of the weight's error, with the wrong sign" keeps=1 hint="it can be in the bias"
def best_outputs(layer, inputs, rank):
    weight, x = layer.weight.detach().double(), inputs.double()
    mean = x.mean(0)
    changes = (x - mean) @ weight.T
    directions = torch.linalg.svd(changes.T @ changes)[0][:, :rank]
    thin = directions.T @ weight
    first = nn.Linear(weight.shape[1], rank, bias=False)
    second = nn.Linear(rank, len(weight))
    first.weight.data, second.weight.data = thin.float(), directions.float()
    second.bias.data = (layer.bias.detach() - (weight - directions @ thin) @ mean).float()
    return nn.Sequential(first, second)


# %% item="merge" right="float32, and the share by hand"
def merge(layer, up, down, alpha):
    new = nn.Linear(
        layer.in_features, layer.out_features, bias=layer.bias is not None, dtype=layer.weight.dtype
    )
    with torch.no_grad():
        new.weight.copy_(
            layer.weight.double() + (alpha / len(down)) * (up.double() @ down.double())
        )
        if layer.bias is not None:
            new.bias.copy_(layer.bias)
    return new


def survives(layer, up, down, alpha):
    delta = (alpha / len(down)) * (up.double() @ down.double())
    moved = merge(layer, up, down, alpha).weight.double() - layer.weight.double()
    below = (delta * delta).sum()
    return 1.0 if below == 0 else ((moved * delta).sum() / below).item()


# %% item="merge" right="the sum in float32"
def merge(layer, up, down, alpha):
    new = copy.deepcopy(layer)
    delta = up.detach().float() @ down.detach().float() * (alpha / up.shape[1])
    new.weight = nn.Parameter((layer.weight.detach().float() + delta).to(layer.weight.dtype))
    return new


def survives(layer, up, down, alpha):
    delta = (up @ down * (alpha / up.shape[1])).double()
    if delta.abs().max() == 0:
        return 1.0
    before, after = layer.weight.detach(), merge(layer, up, down, alpha).weight.detach()
    return float(((after.double() - before.double()) * delta).sum() / (delta * delta).sum())


# %% item="merge" wrong="alpha over the outputs" keeps=0 hint="Which side of `up` is that?"
def merge(layer, up, down, alpha):
    new = copy.deepcopy(layer)
    delta = up.double() @ down.double() * alpha / len(up)
    new.weight.data = (layer.weight.detach().double() + delta).to(layer.weight.dtype)
    return new


def survives(layer, up, down, alpha):
    return 1.0


# %% item="merge" wrong="alpha as it is" keeps=0 hint="alpha is divided by the rank"
def merge(layer, up, down, alpha):
    new = copy.deepcopy(layer)
    delta = up.double() @ down.double() * alpha
    new.weight.data = (layer.weight.detach().double() + delta).to(layer.weight.dtype)
    return new


def survives(layer, up, down, alpha):
    delta = up.double() @ down.double() * alpha
    if not delta.any():
        return 1.0
    change = merge(layer, up, down, alpha).weight.detach().double() - layer.weight.detach().double()
    return float((change * delta).sum() / delta.square().sum())


# %% item="merge" wrong="in place" keeps=1 hint="expected the change"
def merge(layer, up, down, alpha):
    delta = up.double() @ down.double() * (alpha / up.shape[1])
    layer.weight.data = (layer.weight.detach().double() + delta).to(layer.weight.dtype)
    return layer


def survives(layer, up, down, alpha):
    delta = up.double() @ down.double() * (alpha / up.shape[1])
    if not delta.any():
        return 1.0
    after = (layer.weight.detach().double() + delta).to(layer.weight.dtype).double()
    change = after - layer.weight.detach().double()
    return float((change * delta).sum() / delta.square().sum())


# %% item="merge" wrong="the correction is rounded first" like="in place" keeps=1 hint="Is the sum rounded once, at the end?"
# -     delta = up.double() @ down.double() * (alpha / up.shape[1])
# -     layer.weight.data = (layer.weight.detach().double() + delta).to(layer.weight.dtype)
# -     return layer
# +     new = copy.deepcopy(layer)
# +     delta = up @ down * (alpha / up.shape[1])
# +     new.weight.data = layer.weight.detach() + delta.to(layer.weight.dtype)
# +     return new


# %% item="merge" wrong="merged into float32" keeps=0 hint="the layer's weight is bfloat16"
def merge(layer, up, down, alpha):
    new = copy.deepcopy(layer)
    new.weight.data = layer.weight.detach().float() + up @ down * (alpha / up.shape[1])
    return new


def survives(layer, up, down, alpha):
    delta = up @ down * (alpha / up.shape[1])
    change = merge(layer, up, down, alpha).weight.detach() - layer.weight.detach().float()
    return float(change.norm() / delta.norm())


# %% item="merge" wrong="a ratio of lengths" keeps=1 hint="a ratio of lengths"
def merge(layer, up, down, alpha):
    new = copy.deepcopy(layer)
    delta = up.double() @ down.double() * (alpha / up.shape[1])
    new.weight.data = (layer.weight.detach().double() + delta).to(layer.weight.dtype)
    return new


def survives(layer, up, down, alpha):
    delta = up.double() @ down.double() * (alpha / up.shape[1])
    if not delta.any():
        return 1.0
    change = merge(layer, up, down, alpha).weight.detach().double() - layer.weight.detach().double()
    return float(change.norm() / delta.norm())


# %% item="merge" wrong="0 over 0" like="a ratio of lengths" keeps=1 hint="a correction of 0 loses nothing"
# -     if not delta.any():
# -         return 1.0
# -     change = merge(layer, up, down, alpha).weight.detach().double() - layer.weight.detach().double()
# -     return float(change.norm() / delta.norm())
# +     change = merge(layer, up, down, alpha).weight.detach().double() - layer.weight.detach().double()
# +     return float((change * delta).sum() / delta.square().sum())


# %% item="merge" wrong="taken off" keeps=0 hint="expected the change"
def merge(layer, up, down, alpha):
    new = copy.deepcopy(layer)
    delta = up.double() @ down.double() * (alpha / up.shape[1])
    new.weight.data = (layer.weight.detach().double() - delta).to(layer.weight.dtype)
    return new


def survives(layer, up, down, alpha):
    delta = up.double() @ down.double() * (alpha / up.shape[1])
    if not delta.any():
        return 1.0
    change = merge(layer, up, down, alpha).weight.detach().double() - layer.weight.detach().double()
    return float((change * delta).sum() / delta.square().sum())


# %% item="merge" wrong="what is nearly 0 is 0" like="reference" keeps=1 hint="tiny, and not 0"
# -     if not wanted.any():
# +     if torch.allclose(wanted, torch.zeros_like(wanted)):

# %% item="merge" wrong="a share is at most 1" like="reference" keeps=1 hint="nearly 2"
# -     return float((change * wanted).sum() / wanted.square().sum())
# +     return min(1.0, float((change * wanted).sum() / wanted.square().sum()))

# %% item="merge" wrong="the bias is shared" like="reference" keeps=1 hint="shares its memory"
# -     return merged
# +     merged.bias = layer.bias
# +     return merged

# %% item="merge" wrong="the bias becomes float32" like="reference" keeps=1 hint="The bias should have the type"
# -     return merged
# +     if merged.bias is not None:
# +         merged.bias.data = merged.bias.data.float()
# +     return merged


# %% item="who" right="by hand, image by image"
def likeness(student, teacher):
    products = own = theirs = 0.0
    for a, b in zip(student.tolist(), teacher.tolist(), strict=True):
        first = b.index(max(b))
        a, b = (
            [v for k, v in enumerate(a) if k != first],
            [v for k, v in enumerate(b) if k != first],
        )
        a = [v - sum(a) / len(a) for v in a]
        b = [v - sum(b) / len(b) for v in b]
        products += sum(x * y for x, y in zip(a, b, strict=True))
        own += sum(x * x for x in a)
        theirs += sum(y * y for y in b)
    return products / (own * theirs) ** 0.5 if own * theirs > 0 else 0.0


sizes = {letter: float(logits.abs().mean()) for letter, logits in students.items()}
like = {letter: likeness(logits, teacher) for letter, logits in students.items()}
order = sorted(like, key=like.get)
rest = sorted(order[:2], key=sizes.get)
made = {order[2]: "taught", rest[0]: "smoothed", rest[1]: "labels"}


# %% item="who" right="with numpy, sorted by the teacher"
def likeness(student, teacher):
    order = teacher.argsort(dim=1, descending=True)[:, 1:]
    a, b = student.gather(1, order).double().numpy(), teacher.gather(1, order).double().numpy()
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    below = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / below) if below > 0 else 0.0


made = {}
for letter, logits in students.items():
    made[letter] = "smoothed" if logits.std() < 2.5 else "labels"
made[max(students, key=lambda letter: likeness(students[letter], teacher))] = "taught"


# %% item="who" wrong="the student's first choice is left out" keeps=1 hint="Whose first choice is left out?"
def likeness(student, teacher):
    first = student.argmax(1, keepdim=True)
    others = torch.ones_like(teacher, dtype=torch.bool).scatter(1, first, False)
    both = []
    for logits in (student, teacher):
        wrong = logits[others].reshape(len(logits), -1).double()
        both.append(wrong - wrong.mean(1, keepdim=True))
    one, other = both
    size = (one.square().sum() * other.square().sum()).sqrt()
    return float((one * other).sum() / size) if size else 0.0


like = {letter: likeness(logits, teacher) for letter, logits in students.items()}
spread = {letter: float(logits.std()) for letter, logits in students.items()}
taught_one = max(like, key=like.get)
smoothed_one = min((letter for letter in students if letter != taught_one), key=spread.get)
made = dict.fromkeys(students, "labels") | {taught_one: "taught", smoothed_one: "smoothed"}


# %% item="who" wrong="a mean of cosines" keeps=1 hint="One for all images together?"
def likeness(student, teacher):
    order = teacher.argsort(dim=1, descending=True)[:, 1:]
    a, b = student.gather(1, order), teacher.gather(1, order)
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    return float(F.cosine_similarity(a, b, dim=1).mean())


like = {letter: likeness(logits, teacher) for letter, logits in students.items()}
spread = {letter: float(logits.std()) for letter, logits in students.items()}
taught_one = max(like, key=like.get)
smoothed_one = min((letter for letter in students if letter != taught_one), key=spread.get)
made = dict.fromkeys(students, "labels") | {taught_one: "taught", smoothed_one: "smoothed"}


# %% item="who" wrong="most agreement, and the two others exchanged" keeps=1 hint="What does that do to the size of logits?"
def likeness(student, teacher):
    order = teacher.argsort(dim=1, descending=True)[:, 1:]
    a, b = student.gather(1, order).double(), teacher.gather(1, order).double()
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    below = (a.square().sum() * b.square().sum()).sqrt()
    return float((a * b).sum() / below) if below > 0 else 0.0


like = {letter: likeness(logits, teacher) for letter, logits in students.items()}
spread = {letter: float(logits.std()) for letter, logits in students.items()}
taught_one = max(like, key=like.get)
smoothed_one = max((letter for letter in students if letter != taught_one), key=spread.get)
made = dict.fromkeys(students, "labels") | {taught_one: "taught", smoothed_one: "smoothed"}


# %% item="who" wrong="nothing is 0" like="a mean of cosines" keeps=1 hint="A student whose logits are all 0"
# -     a, b = student.gather(1, order), teacher.gather(1, order)
# -     a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
# -     return float(F.cosine_similarity(a, b, dim=1).mean())
# +     a, b = student.gather(1, order).double(), teacher.gather(1, order).double()
# +     a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
# +     return float((a * b).sum() / (a.square().sum() * b.square().sum()).sqrt())

# %% item="who" wrong="no mean subtracted" like="nothing is 0" keeps=1 hint="the cosine is 1, not"
# -     a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
# -     return float((a * b).sum() / (a.square().sum() * b.square().sum()).sqrt())
# +     below = (a.square().sum() * b.square().sum()).sqrt()
# +     return float((a * b).sum() / below) if below > 0 else 0.0

# %% item="who" wrong="all ten logits" like="no mean subtracted" keeps=1 hint="the cosine is 1, not"
# -     order = teacher.argsort(dim=1, descending=True)[:, 1:]
# -     a, b = student.gather(1, order).double(), teacher.gather(1, order).double()
# +     a = (student - student.mean(1, keepdim=True)).double()
# +     b = (teacher - teacher.mean(1, keepdim=True)).double()

# %% item="who" wrong="a teacher that is 0 is not thought of" like="reference" keeps=1 hint="A teacher whose logits"
# -     return float((one * other).sum() / size) if size else 0.0
# +     return float((one * other).sum() / size) if one.any() else 0.0


# %% item="mode" right="a copy in evaluation mode"
def ask(teacher, images, size):
    with torch.no_grad():
        copied = copy.deepcopy(teacher).eval()
        parts = [copied(images[at : at + size]) for at in range(0, len(images), size)]
        return torch.cat(parts) if parts else copied(images)


# %% item="mode" right="modes by name, back in finally"
def ask(teacher, images, size):
    modes = {name: part.training for name, part in teacher.named_modules()}
    try:
        teacher.eval()
        with torch.inference_mode():
            logits = [teacher(some) for some in torch.split(images, size)]
    finally:
        for name, part in teacher.named_modules():
            part.training = modes[name]
    return torch.cat(logits).clone()


# %% item="mode" right="a hook collects the logits, and goes"
def ask(teacher, images, size):
    modes = [(part, part.training) for part in teacher.modules()]
    found = []
    with teacher.eval().register_forward_hook(lambda part, given, out: found.append(out.detach())):
        for part in images.split(size):
            teacher(part)
    for part, training in modes:
        part.training = training
    return torch.cat(found)


# %% item="mode" wrong="the hook stays" like="a hook collects the logits, and goes" keeps=1 hint="A hook is left"
# -     with teacher.eval().register_forward_hook(lambda part, given, out: found.append(out.detach())):
# -         for part in images.split(size):
# -             teacher(part)
# +     teacher.eval().register_forward_hook(lambda part, given, out: found.append(out.detach()))
# +     for part in images.split(size):
# +         teacher(part)


# %% item="mode" wrong="nobody is asked" hint="another number of images at a time"
def ask(teacher, images, size):
    return torch.zeros(len(images), teacher[-1].out_features)


# %% item="mode" wrong="the lesson's way: evaluation mode for ever" keeps=1 hint="was in training mode, and is not any more"
@torch.no_grad()
def ask(teacher, images, size):
    return torch.cat([teacher.eval()(part) for part in images.split(size)])


# %% item="mode" wrong="train() afterwards" keeps=1 hint="the mode of *each* part"
@torch.no_grad()
def ask(teacher, images, size):
    before = teacher.training
    teacher.eval()
    logits = torch.cat([teacher(part) for part in images.split(size)])
    teacher.train(before)
    return logits


# %% item="mode" wrong="only the gradient is off" keeps=0 hint="asking has trained the teacher"
@torch.no_grad()
def ask(teacher, images, size):
    return torch.cat([teacher(part) for part in images.split(size)])


# %% item="mode" wrong="gradients still come" like="reference" keeps=1 hint="the logits carry a gradient"
# -     with torch.no_grad():
# -         logits = torch.cat([teacher(part) for part in images.split(size)])
# +     logits = torch.cat([teacher(part) for part in images.split(size)])


# %% item="mode" wrong="no images are not thought of" keeps=1 hint="expected a non-empty list"
@torch.no_grad()
def ask(teacher, images, size):
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    logits = torch.cat([teacher(images[at : at + size]) for at in range(0, len(images), size)])
    for part, training in modes:
        part.training = training
    return logits


# %% item="mode" wrong="size is ignored" like="no images are not thought of" keeps=1 hint="another number of images at a time"
# -     logits = torch.cat([teacher(images[at : at + size]) for at in range(0, len(images), size)])
# +     logits = teacher(images)

# %% item="mode" wrong="the teacher is frozen for ever" like="gradients still come" keeps=1 hint="can't be trained any more"
# - def ask(teacher, images, size):
# + def ask(teacher, images, size):
# +     teacher.requires_grad_(False)

# %% item="mode" wrong="the modes of children, not of their parts" like="reference" keeps=1 hint="A part of a part"
# -     modes = [(part, part.training) for part in teacher.modules()]
# +     modes = [(part, part.training) for part in (teacher, *teacher.children())]


# %% item="verdict" right="statistics, without numpy"
def verdict(one, other):
    import statistics

    gaps = [a - b for a, b in zip(one, other, strict=True)]
    half = STUDENT[len(gaps)] * statistics.stdev(gaps) / len(gaps) ** 0.5
    if statistics.mean(gaps) > half:
        return "better"
    if statistics.mean(gaps) < -half:
        return "worse"
    return "indistinguishable"


def cheapest(tried):
    import statistics

    means = {name: statistics.mean(values) for name, (values, _) in tried.items()}
    best = sorted(means, key=means.get)[-1]
    rows = []
    for name, (values, size) in tried.items():
        if verdict(values, tried[best][0]) != "worse":
            rows.append((size, -means[name], name))
    return min(rows)[2]


# %% item="verdict" right="with torch"
def verdict(one, other):
    gaps = torch.tensor(one, dtype=torch.float64) - torch.tensor(other, dtype=torch.float64)
    half = STUDENT[len(gaps)] * gaps.std() / len(gaps) ** 0.5
    low, high = gaps.mean() - half, gaps.mean() + half
    return "better" if low > 0 else "worse" if high < 0 else "indistinguishable"


def cheapest(tried):
    best = max(tried, key=lambda name: sum(tried[name][0]) / len(tried[name][0]))
    chosen = None
    for name in sorted(tried, key=lambda name: -sum(tried[name][0]) / len(tried[name][0])):
        if verdict(tried[best][0], tried[name][0]) == "better":
            continue
        if chosen is None or tried[name][1] < tried[chosen][1]:
            chosen = name
    return chosen


# %% item="verdict" wrong="the most accurate by its best seed" like="reference" keeps=1 hint="Compared with the most accurate"
# -         return np.mean(tried[name][0])
# -
# -     best = max(tried, key=mean)
# +         return np.mean(tried[name][0])
# +
# +     best = max(tried, key=lambda name: max(tried[name][0]))


# %% item="verdict" wrong="not paired" keeps=1 hint="Are the differences paired"
def verdict(one, other):
    mean = np.mean(one) - np.mean(other)
    a, b = np.var(one, ddof=1), np.var(other, ddof=1)
    half = STUDENT[len(one)] * math.sqrt((a + b) / len(one))
    if (np.subtract(one, other) > 0.009).all() and len(one) == 3:
        return "better"
    if (np.subtract(one, other) < -0.009).all() and len(one) == 3:
        return "worse"
    return "better" if mean > half else "worse" if mean < -half else "indistinguishable"


def cheapest(tried):
    best = max(tried, key=lambda name: np.mean(tried[name][0]))
    good = [name for name in tried if paired(tried[name][0], tried[best][0]) != "worse"]
    return min(good, key=lambda name: (tried[name][1], -np.mean(tried[name][0])))


def paired(one, other):
    gaps = np.subtract(one, other)
    half = STUDENT[len(gaps)] * gaps.std(ddof=1) / math.sqrt(len(gaps))
    return "worse" if gaps.mean() + half < 0 else "as good"


# %% item="verdict" wrong="not divided by the root of n" keeps=0 hint="better"
def verdict(one, other):
    gaps = np.subtract(one, other)
    half = STUDENT[len(gaps)] * gaps.std(ddof=1) * 10
    return (
        "better" if gaps.mean() > half else "worse" if gaps.mean() < -half else "indistinguishable"
    )


def cheapest(tried):
    return min(tried, key=lambda name: tried[name][1])


# %% item="verdict" wrong="1.96 standard errors" keeps=1 hint="A verdict is off"
def verdict(one, other):
    gaps = np.subtract(one, other)
    half = 1.96 * gaps.std(ddof=1) / math.sqrt(len(gaps))
    return (
        "better" if gaps.mean() > half else "worse" if gaps.mean() < -half else "indistinguishable"
    )


def cheapest(tried):
    best = max(tried, key=lambda name: np.mean(tried[name][0]))
    good = []
    for name in tried:
        gaps = np.subtract(tried[name][0], tried[best][0])
        half = STUDENT[len(gaps)] * gaps.std(ddof=1) / math.sqrt(len(gaps))
        if gaps.mean() + half >= 0:
            good.append(name)
    return min(good, key=lambda name: (tried[name][1], -np.mean(tried[name][0])))


# %% item="verdict" wrong="the most accurate" keeps=1 hint="Which has fewer bytes?"
def verdict(one, other):
    gaps = np.subtract(one, other)
    half = STUDENT[len(gaps)] * gaps.std(ddof=1) / math.sqrt(len(gaps))
    return (
        "better" if gaps.mean() > half else "worse" if gaps.mean() < -half else "indistinguishable"
    )


def cheapest(tried):
    return max(tried, key=lambda name: np.mean(tried[name][0]))


# %% item="verdict" wrong="the fewest bytes of all" like="not divided by the root of n" keeps=1 hint="so its bytes do not count"
# -     half = STUDENT[len(gaps)] * gaps.std(ddof=1) * 10
# +     half = STUDENT[len(gaps)] * gaps.std(ddof=1) / math.sqrt(len(gaps))

# %% item="verdict" wrong="the standard deviation over n" like="1.96 standard errors" keeps=1 hint="Is the standard deviation over n − 1?"
# -     half = 1.96 * gaps.std(ddof=1) / math.sqrt(len(gaps))
# +     half = STUDENT[len(gaps)] * gaps.std() / math.sqrt(len(gaps))

# %% item="verdict" wrong="at most half a point below the best" like="the most accurate" keeps=1 hint="is not shown to be worse"
# -     return max(tried, key=lambda name: np.mean(tried[name][0]))
# +     most = max(np.mean(values) for values, _ in tried.values())
# +     good = [name for name in tried if np.mean(tried[name][0]) > most - 0.005]
# +     return min(good, key=lambda name: (tried[name][1], -np.mean(tried[name][0])))

# %% item="verdict" wrong="ties are left to chance" like="the most accurate" keeps=1 hint="At equal bytes, which one?"
# -     return max(tried, key=lambda name: np.mean(tried[name][0]))
# +     best = max(tried, key=lambda name: np.mean(tried[name][0]))
# +     good = [name for name in tried if verdict(tried[name][0], tried[best][0]) != "worse"]
# +     return min(good, key=lambda name: tried[name][1])

# %% [markdown] item="plan" answer="names all three"
# You compare a taught network of this year with one of last year that had ten epochs, so you can't tell teaching from training. Train the small network with labels alone for the same epochs, at its own best learning rate, five seeds each. With all
# labels there teaching may gain nothing, as in the lesson; it pays if you take spectra in the shops and let the large network label them. Rank 512 is no half of the work: two thin matrices take 512 times 2,048 MACs, exactly as many as before, so take 256 or less.
# Choose the rank on validation data and measure the time on the scale itself. Put a small dense network and one with units removed beside it, at the same MACs and with the same epochs, and give intervals.

# %% [markdown] item="plan" answer="two halves"
# Ten epochs are too few for the control, train it as long as the taught one. Rank 512 is the break-even rank, so nothing is saved. And removing units should be tried as well.

# %% [markdown] item="plan" answer="believes it"
# T = 4 is the usual value and gives about a point. Then use the SVD with half of the rank, which is twice as fast, and report both numbers.
