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
# # 13 · Large language models: answers that people give


# %% item="smooth" right="column by column"
def smooth(norm, layers, largest, alpha):
    if alpha < 0 or alpha > 1:
        raise ValueError("alpha is between 0 and 1")
    norm, layers = copy.deepcopy(norm), [copy.deepcopy(layer) for layer in layers]
    for j in range(len(largest)):
        m = max(float(layer.weight[:, j].detach().abs().max()) for layer in layers)
        if largest[j] == 0 or m == 0:
            continue
        s = float(largest[j]) ** alpha / m ** (1 - alpha)
        norm.weight.data[j] /= s
        norm.bias.data[j] /= s
        for layer in layers:
            layer.weight.data[:, j] *= s
    return norm, layers


# %% item="smooth" right="new modules, logarithms"
def smooth(norm, layers, largest, alpha):
    if not (0 <= alpha <= 1):
        raise ValueError("no such alpha")
    most = torch.stack([layer.weight.detach().abs().amax(0) for layer in layers]).amax(0)
    s = torch.exp(alpha * torch.log(largest) - (1 - alpha) * torch.log(most))
    s[(largest == 0) | (most == 0)] = 1
    new = nn.LayerNorm(norm.normalized_shape, eps=norm.eps)
    new.weight.data, new.bias.data = norm.weight.detach() / s, norm.bias.detach() / s
    smoothed = []
    for layer in layers:
        other = nn.Linear(layer.in_features, layer.out_features, bias=layer.bias is not None)
        other.weight.data = layer.weight.detach() * s
        if layer.bias is not None:
            other.bias.data = layer.bias.detach().clone()
        smoothed.append(other)
    return new, smoothed


# %% item="smooth" wrong="the bias of the norm is forgotten" keeps=2 hint="What is divided in the norm"
def smooth(norm, layers, largest, alpha):
    if not 0 <= alpha <= 1:
        raise ValueError("no")
    norm, layers = copy.deepcopy(norm), copy.deepcopy(layers)
    most = torch.cat([layer.weight.detach() for layer in layers]).abs().amax(0)
    s = torch.where((largest == 0) | (most == 0), 1.0, largest**alpha / most ** (1 - alpha))
    norm.weight.data /= s
    for layer in layers:
        layer.weight.data *= s
    return norm, layers


# %% item="smooth" wrong="each layer its own m" keeps=1 hint="Over which layers is m the largest"
def smooth(norm, layers, largest, alpha):
    if not 0 <= alpha <= 1:
        raise ValueError("no")
    norm, layers = copy.deepcopy(norm), copy.deepcopy(layers)
    for layer in layers:
        most = layer.weight.detach().abs().amax(0)
        s = torch.where((largest == 0) | (most == 0), 1.0, largest**alpha / most ** (1 - alpha))
        layer.weight.data *= s
        norm.weight.data /= s
        norm.bias.data /= s
    return norm, layers


# %% item="smooth" wrong="only the first layer's m" keeps=1 hint="Over which layers is m the largest"
def smooth(norm, layers, largest, alpha):
    if not 0 <= alpha <= 1:
        raise ValueError("no")
    norm, layers = copy.deepcopy(norm), copy.deepcopy(layers)
    most = layers[0].weight.detach().abs().amax(0)
    s = torch.where((largest == 0) | (most == 0), 1.0, largest**alpha / most ** (1 - alpha))
    norm.weight.data /= s
    norm.bias.data /= s
    for layer in layers:
        layer.weight.data *= s
    return norm, layers


# %% item="smooth" wrong="exponents exchanged" like="only the first layer's m" keeps=2 hint="with alpha = 1 the channels"
# -     most = layers[0].weight.detach().abs().amax(0)
# -     s = torch.where((largest == 0) | (most == 0), 1.0, largest**alpha / most ** (1 - alpha))
# +     most = torch.cat([layer.weight.detach() for layer in layers]).abs().amax(0)
# +     s = torch.where((largest == 0) | (most == 0), 1.0, largest ** (1 - alpha) / most**alpha)


# %% item="smooth" wrong="in place, zeros divided, nothing refused" keeps=0 hint="should raise a ValueError"
def smooth(norm, layers, largest, alpha):
    most = torch.cat([layer.weight.detach() for layer in layers]).abs().amax(0)
    s = largest**alpha / most ** (1 - alpha)
    norm.weight.data /= s
    norm.bias.data /= s
    for layer in layers:
        layer.weight.data *= s
    return norm, layers


# %% item="smooth" wrong="only the first layer is multiplied" like="the bias of the norm is forgotten" keeps=2 hint="a layer computes something else"
# -     for layer in layers:
# -         layer.weight.data *= s
# +     norm.bias.data /= s
# +     layers[0].weight.data *= s


# %% item="smooth" wrong="nothing done" hint="the norm's channels are as large as before"
def smooth(norm, layers, largest, alpha):
    return norm, layers


# %% item="smooth" wrong="the norm multiplied, the layers divided" keeps=2 hint="with m = [2, 1]"
def smooth(norm, layers, largest, alpha):
    if not 0 <= alpha <= 1:
        raise ValueError("no")
    norm, layers = copy.deepcopy(norm), copy.deepcopy(layers)
    most = torch.cat([layer.weight.detach() for layer in layers]).abs().amax(0)
    s = torch.where((largest == 0) | (most == 0), 1.0, largest**alpha / most ** (1 - alpha))
    norm.weight.data *= s
    norm.bias.data *= s
    for layer in layers:
        layer.weight.data /= s
    return norm, layers


# %% item="smooth" wrong="the mean magnitude of the column" like="only the first layer's m" keeps=2 hint="with m = [2, 1]"
# -     most = layers[0].weight.detach().abs().amax(0)
# +     most = torch.cat([layer.weight.detach() for layer in layers]).abs().mean(0)

# %% item="smooth" wrong="what is 0 or infinite is made 1 afterwards" like="reference" keeps=2 hint="whatever alpha"
# -         s = torch.where((largest == 0) | (most == 0), 1.0, largest**alpha / most ** (1 - alpha))
# +         s = largest**alpha / most ** (1 - alpha)
# +         s[(s == 0) | ~s.isfinite()] = 1

# %% item="smooth" wrong="small magnitudes are clamped" like="reference" keeps=2 hint="not divided by the s of the formula"
# -         s = torch.where((largest == 0) | (most == 0), 1.0, largest**alpha / most ** (1 - alpha))
# +         s = largest.clamp(min=1e-5) ** alpha / most.clamp(min=1e-5) ** (1 - alpha)
# +         s = torch.where((largest == 0) | (most == 0), 1.0, s)

# %% item="smooth" wrong="the biases are those of the old layers" like="reference" keeps=2 hint="Are all parameters new?"
# -     norm, layers = copy.deepcopy(norm), copy.deepcopy(layers)
# +     old = layers
# +     norm, layers = copy.deepcopy(norm), copy.deepcopy(layers)
# +     for layer, its in zip(layers, old):
# +         layer.bias = its.bias

# %% item="smooth" wrong="a new norm with the usual eps" like="reference" keeps=2 hint="The product of norm and layer has changed"
# -     norm, layers = copy.deepcopy(norm), copy.deepcopy(layers)
# +     state, layers = norm.state_dict(), copy.deepcopy(layers)
# +     norm = nn.LayerNorm(norm.normalized_shape)
# +     norm.load_state_dict(state)

# %% item="smooth" wrong="writes ones into what was measured" like="reference" keeps=2 hint="What was passed in has changed"
# -         s = torch.where((largest == 0) | (most == 0), 1.0, largest**alpha / most ** (1 - alpha))
# +         none = (largest == 0) | (most == 0)
# +         largest[none] = most[none] = 1
# +         s = largest**alpha / most ** (1 - alpha)


# %% item="column" right="by least squares"
def round_column(weight, inputs, j, scale, bits):
    low = -(2 ** (bits - 1))
    new = weight.clone()
    new[:, j] = torch.clamp(torch.round(weight[:, j] / scale), low, -low - 1) * scale
    error = weight[:, j] - new[:, j]
    if j + 1 < weight.shape[1]:
        mend = torch.linalg.lstsq(
            inputs[:, j + 1 :].double(), inputs[:, j : j + 1].double()
        ).solution
        new[:, j + 1 :] += (error[:, None].double() * mend[:, 0]).float()
    return new


# %% item="column" right="by the Cholesky factor of the inverse"
def round_column(weight, inputs, j, scale, bits):
    low = -(2 ** (bits - 1))
    x = inputs.double()
    u = torch.linalg.cholesky(torch.linalg.inv(x.T @ x), upper=True)
    new = weight.clone()
    new[:, j] = scale * (weight[:, j] / scale).round().clamp(low, -low - 1)
    error = (weight[:, j] - new[:, j]).double() / u[j, j]
    new[:, j + 1 :] -= (error[:, None] * u[j, j + 1 :]).float()
    return new


# %% item="column" right="by the normal equations"
def round_column(weight, inputs, j, scale, bits):
    low = -(2 ** (bits - 1))
    x = inputs.double()
    new = weight.clone()
    new[:, j] = scale * (weight[:, j] / scale).round().clamp(low, -low - 1)
    rest = x[:, j + 1 :]
    if rest.shape[1]:
        mend = torch.linalg.solve(rest.T @ rest, rest.T @ x[:, j])
        new[:, j + 1 :] += ((weight[:, j] - new[:, j]).double()[:, None] * mend).float()
    return new


# %% item="column" wrong="rounds, and mends nothing" keeps=1 hint="What could the columns behind do"
def round_column(weight, inputs, j, scale, bits):
    low = -(2 ** (bits - 1))
    new = weight.clone()
    new[:, j] = scale * (weight[:, j] / scale).round().clamp(low, -low - 1)
    return new


# %% item="column" wrong="mends in the wrong direction" keeps=1 hint="in which direction"
def round_column(weight, inputs, j, scale, bits):
    low = -(2 ** (bits - 1))
    new = weight.clone()
    new[:, j] = scale * (weight[:, j] / scale).round().clamp(low, -low - 1)
    rest = inputs[:, j:].double()
    inverse = torch.linalg.inv(rest.T @ rest)
    error = (weight[:, j] - new[:, j]).double() / inverse[0, 0]
    new[:, j + 1 :] += (error[:, None] * inverse[0, 1:]).float()
    return new


# %% item="column" wrong="the inverse of all columns" keeps=1 hint="Which columns can still move"
def round_column(weight, inputs, j, scale, bits):
    low = -(2 ** (bits - 1))
    new = weight.clone()
    new[:, j] = scale * (weight[:, j] / scale).round().clamp(low, -low - 1)
    x = inputs.double()
    inverse = torch.linalg.inv(x.T @ x)
    error = (weight[:, j] - new[:, j]).double() / inverse[j, j]
    new[:, j + 1 :] -= (error[:, None] * inverse[j, j + 1 :]).float()
    return new


# %% item="column" wrong="not divided by the diagonal" like="mends in the wrong direction" keeps=1 hint="What could the columns behind do"
# -     error = (weight[:, j] - new[:, j]).double() / inverse[0, 0]
# -     new[:, j + 1 :] += (error[:, None] * inverse[0, 1:]).float()
# +     error = (weight[:, j] - new[:, j]).double()
# +     new[:, j + 1 :] -= (error[:, None] * inverse[0, 1:]).float()


# %% item="column" wrong="the whole row is fitted anew" keeps=0 hint="column 1 should be"
def round_column(weight, inputs, j, scale, bits):
    rest = inputs[:, j:].double()
    wanted = rest @ weight[:, j:].double().T
    new = weight.clone()
    new[:, j:] = torch.linalg.lstsq(rest, wanted).solution.T.float()
    return new


# %% item="column" wrong="codes without an end" keeps=0 hint="the codes go from"
def round_column(weight, inputs, j, scale, bits):
    new = weight.clone()
    new[:, j] = scale * (weight[:, j] / scale).round()
    rest = inputs[:, j:].double()
    inverse = torch.linalg.inv(rest.T @ rest)
    error = (weight[:, j] - new[:, j]).double() / inverse[0, 0]
    new[:, j + 1 :] -= (error[:, None] * inverse[0, 1:]).float()
    return new


# %% item="column" wrong="in place" keeps=2 hint="has changed"
def round_column(weight, inputs, j, scale, bits):
    low = -(2 ** (bits - 1))
    before = weight[:, j].clone()
    weight[:, j] = scale * (before / scale).round().clamp(low, -low - 1)
    rest = inputs[:, j:].double()
    inverse = torch.linalg.inv(rest.T @ rest)
    error = (before - weight[:, j]).double() / inverse[0, 0]
    weight[:, j + 1 :] -= (error[:, None] * inverse[0, 1:]).float()
    return weight


# %% item="column" wrong="columns that were done mend as well" keeps=0 hint="column 0 was done before"
def round_column(weight, inputs, j, scale, bits):
    low = -(2 ** (bits - 1))
    new = weight.clone()
    new[:, j] = scale * (weight[:, j] / scale).round().clamp(low, -low - 1)
    others = [k for k in range(weight.shape[1]) if k != j]
    x = inputs.double()
    mend = torch.linalg.lstsq(x[:, others], x[:, j : j + 1]).solution[:, 0]
    new[:, others] += ((weight[:, j] - new[:, j]).double()[:, None] * mend).float()
    return new


# %% item="column" wrong="the first row's scale for all" keeps=0 hint="on the levels of its rows"
def round_column(weight, inputs, j, scale, bits):
    low = -(2 ** (bits - 1))
    new = weight.clone()
    new[:, j] = scale[0] * (weight[:, j] / scale[0]).round().clamp(low, -low - 1)
    rest = inputs[:, j:].double()
    inverse = torch.linalg.inv(rest.T @ rest)
    error = (weight[:, j] - new[:, j]).double() / inverse[0, 0]
    new[:, j + 1 :] -= (error[:, None] * inverse[0, 1:]).float()
    return new


# %% item="column" wrong="ties upwards" like="reference" keeps=2 hint="Halfway between two levels"
# -     new[:, j] = scale * (weight[:, j] / scale).round().clamp(low, -low - 1)
# +     new[:, j] = scale * (weight[:, j] / scale + 0.5).floor().clamp(low, -low - 1)

# %% item="column" wrong="by the covariance" like="reference" keeps=1 hint="On other inputs"
# -     inverse = torch.linalg.inv(rest.T @ rest)
# +     rest = rest - rest.mean(0)
# +     inverse = torch.linalg.inv(rest.T @ rest)

# %% item="column" wrong="inputs are scaled in place" like="reference" keeps=2 hint="The inputs have changed"
# -     rest = inputs[:, j:].double()
# +     inputs /= inputs.abs().max()
# +     rest = inputs[:, j:].double()


# %% item="protect" right="keeps the best while it goes"
def protected(weight, calibration, held_out, bits, group, alphas):
    if len(alphas) == 0:
        raise ValueError("alphas is empty")
    size = calibration.abs().mean(0)
    best = None
    for alpha in alphas:
        s = size**alpha
        s[size == 0] = 1
        new = plain(weight * s, bits, group) / s
        error = (held_out @ (new - weight).T).norm()
        if best is None or error < best[0]:
            best = (error, alpha, new)
    return best[1], best[2]


# %% item="protect" right="with two lists"
def protected(weight, calibration, held_out, bits, group, alphas):
    size = torch.mean(torch.abs(calibration), dim=0)
    size = torch.where(size > 0, size, torch.ones_like(size))
    candidates = [plain(weight * size**alpha, bits, group) / size**alpha for alpha in alphas]
    wanted = held_out @ weight.T
    errors = [torch.mean((held_out @ new.T - wanted) ** 2).item() for new in candidates]
    at = errors.index(min(errors))
    return alphas[at], candidates[at]


# %% item="protect" wrong="chooses on the calibration text" keeps=2 hint="on which text"
def protected(weight, calibration, held_out, bits, group, alphas):
    if not alphas:
        raise ValueError("empty")
    size = calibration.abs().mean(0)
    size = torch.where(size > 0, size, 1.0)
    found = [plain(weight * size**a, bits, group) / size**a for a in alphas]
    errors = [float(((new - weight) @ calibration.T).square().sum()) for new in found]
    at = errors.index(min(errors))
    return alphas[at], found[at]


# %% item="protect" wrong="the error of the weights" like="chooses on the calibration text" keeps=2 hint="Which error decides"
# -     errors = [float(((new - weight) @ calibration.T).square().sum()) for new in found]
# +     errors = [float((new - weight).square().sum()) for new in found]

# %% item="protect" wrong="not divided at the end" like="chooses on the calibration text" keeps=0 hint="divided by it in the end"
# -     found = [plain(weight * size**a, bits, group) / size**a for a in alphas]
# -     errors = [float(((new - weight) @ calibration.T).square().sum()) for new in found]
# +     found = [plain(weight * size**a, bits, group) for a in alphas]
# +     errors = [float(((new - weight) @ held_out.T).square().sum()) for new in found]


# %% item="protect" wrong="the largest magnitude" keeps=0 hint="its mean magnitude"
def protected(weight, calibration, held_out, bits, group, alphas):
    if not alphas:
        raise ValueError("empty")
    size = calibration.abs().amax(0)
    size = torch.where(size > 0, size, 1.0)
    found = [plain(weight * size**a, bits, group) / size**a for a in alphas]
    errors = [float(((new - weight) @ held_out.T).square().sum()) for new in found]
    at = errors.index(min(errors))
    return alphas[at], found[at]


# %% item="protect" wrong="divides by 0" like="not divided at the end" keeps=2 hint="a channel that is always 0"
# -     size = torch.where(size > 0, size, 1.0)
# -     found = [plain(weight * size**a, bits, group) for a in alphas]
# +     found = [plain(weight * size**a, bits, group) / size**a for a in alphas]


# %% item="protect" wrong="the last of equally good ones, and text in place" keeps=2 hint="Which of them is to be returned"
def protected(weight, calibration, held_out, bits, group, alphas):
    if not alphas:
        raise ValueError("empty")
    size = calibration.abs().mean(0)
    size = torch.where(size > 0, size, 1.0)
    best, found = math.inf, None
    for a in alphas:
        new = plain(weight * size**a, bits, group) / size**a
        error = float(((new - weight) @ held_out.T).square().sum())
        if error <= best:
            best, found = error, (a, new)
    return found


# %% item="protect" wrong="plain rounding" keeps=0 hint="with alpha = 1"
def protected(weight, calibration, held_out, bits, group, alphas):
    if not alphas:
        raise ValueError("empty")
    return alphas[0], plain(weight, bits, group)


# %% item="protect" wrong="scales from the held-out text" like="the largest magnitude" keeps=1 hint="in `calibration`"
# -     size = calibration.abs().amax(0)
# +     size = held_out.abs().mean(0)

# %% item="protect" wrong="a scale per row in place of groups" like="not divided at the end" keeps=0 hint="with alpha = 0 it is plain rounding"
# -     found = [plain(weight * size**a, bits, group) for a in alphas]
# +     rows = weight.shape[1]
# +     found = [plain(weight * size**a, bits, rows) / size**a for a in alphas]


# %% item="bytes" right="matrix by matrix"
def needed(model, bits, group, cache_bits, words, users):
    d, h = model["width"], model["hidden"]
    kv = model["kv_heads"] * model["head"]
    total = 0
    for _ in range(model["layers"]):
        for rows, columns in ((d, d), (d, d), (kv, d), (kv, d), (h, d), (h, d), (d, h)):
            count = rows * columns
            total += count * bits // 8
            if bits != 16:
                total += 2 * (count // group)
    total += 2 * 2 * model["vocabulary"] * d
    vector = model["head"] * cache_bits // 8 + (2 if cache_bits != 16 else 0)
    return total, vector * 2 * model["layers"] * model["kv_heads"] * words * users


# %% item="bytes" right="bits per weight as a fraction"
def needed(model, bits, group, cache_bits, words, users):
    from fractions import Fraction

    per_weight = Fraction(bits) if bits == 16 else bits + Fraction(16, group)
    per_number = (
        Fraction(cache_bits) if cache_bits == 16 else cache_bits + Fraction(16, model["head"])
    )
    kept = model["kv_heads"] * model["head"]
    width = model["width"]
    block = width * (2 * width + 2 * kept + 3 * model["hidden"])
    weights = model["layers"] * block * per_weight / 8 + 4 * model["vocabulary"] * width
    cache = 2 * model["layers"] * kept * words * users * per_number / 8
    return int(weights), int(cache)


# %% item="bytes" wrong="no scales" keeps=0 hint="where do scales go"
def needed(model, bits, group, cache_bits, words, users):
    d, kv = model["width"], model["kv_heads"] * model["head"]
    block = 2 * d * d + 2 * d * kv + 3 * d * model["hidden"]
    weights = model["layers"] * block * bits // 8 + 4 * model["vocabulary"] * d
    return weights, 2 * model["layers"] * kv * words * users * cache_bits // 8


# %% item="bytes" wrong="embedding and head quantized" keeps=2 hint="Which weights keep 16 bits"
def needed(model, bits, group, cache_bits, words, users):
    d, kv = model["width"], model["kv_heads"] * model["head"]
    block = model["layers"] * (2 * d * d + 2 * d * kv + 3 * d * model["hidden"])
    block += 2 * model["vocabulary"] * d
    weights = block * bits // 8 + (block // group * 2 if bits < 16 else 0)
    each = model["head"] * cache_bits + (16 if cache_bits < 16 else 0)
    return weights, 2 * model["layers"] * model["kv_heads"] * words * users * each // 8


# %% item="bytes" wrong="keys and values as wide as queries" keeps=2 hint="Which matrices become narrower"
def needed(model, bits, group, cache_bits, words, users):
    d = model["width"]
    block = model["layers"] * (4 * d * d + 3 * d * model["hidden"])
    weights = block * bits // 8 + (block // group * 2 if bits < 16 else 0)
    weights += 4 * model["vocabulary"] * d
    each = model["head"] * cache_bits + (16 if cache_bits < 16 else 0)
    return weights, 2 * model["layers"] * model["kv_heads"] * words * users * each // 8


# %% item="bytes" wrong="keys only" keeps=1 hint="the cache of the example has"
def needed(model, bits, group, cache_bits, words, users):
    d, kv = model["width"], model["kv_heads"] * model["head"]
    block = model["layers"] * (2 * d * d + 2 * d * kv + 3 * d * model["hidden"])
    weights = block * bits // 8 + (block // group * 2 if bits < 16 else 0)
    weights += 4 * model["vocabulary"] * d
    each = model["head"] * cache_bits + (16 if cache_bits < 16 else 0)
    return weights, model["layers"] * model["kv_heads"] * words * users * each // 8


# %% item="bytes" wrong="all users share a cache" like="keys only" keeps=1 hint="with 4 bits and two users"
# -     return weights, model["layers"] * model["kv_heads"] * words * users * each // 8
# +     return weights, 2 * model["layers"] * model["kv_heads"] * words * each // 8


# %% item="bytes" wrong="a scale at 16 bits too" keeps=0 hint="in 16 bits the weights take"
def needed(model, bits, group, cache_bits, words, users):
    d, kv = model["width"], model["kv_heads"] * model["head"]
    block = model["layers"] * (2 * d * d + 2 * d * kv + 3 * d * model["hidden"])
    weights = block * bits // 8 + block // group * 2 + 4 * model["vocabulary"] * d
    each = model["head"] * cache_bits + 16
    return weights, 2 * model["layers"] * model["kv_heads"] * words * users * each // 8


# %% item="bytes" wrong="the example's numbers" keeps=0 hint="in 8 bits with a scale"
def needed(model, bits, group, cache_bits, words, users):
    return 13_476_298_752, 2_147_483_648


# %% item="bytes" wrong="a scale per word and block, not per vector" keeps=1 hint="What does each vector need"
def needed(model, bits, group, cache_bits, words, users):
    d, kv = model["width"], model["kv_heads"] * model["head"]
    block = model["layers"] * (2 * d * d + 2 * d * kv + 3 * d * model["hidden"])
    weights = block * bits // 8 + (block // group * 2 if bits < 16 else 0)
    weights += 4 * model["vocabulary"] * d
    each = kv * cache_bits + (16 if cache_bits < 16 else 0)
    return weights, 2 * model["layers"] * words * users * each // 8


# %% item="bytes" wrong="scales of four bytes" keeps=2 hint="where do scales go"
def needed(model, bits, group, cache_bits, words, users):
    d, kv = model["width"], model["kv_heads"] * model["head"]
    block = model["layers"] * (2 * d * d + 2 * d * kv + 3 * d * model["hidden"])
    weights = block * bits // 8 + (block // group * 4 if bits < 16 else 0)
    weights += 4 * model["vocabulary"] * d
    each = model["head"] * cache_bits + (16 if cache_bits < 16 else 0)
    return weights, 2 * model["layers"] * model["kv_heads"] * words * users * each // 8


# %% item="bytes" wrong="whole numbers of codes to a byte" like="scales of four bytes" keeps=1 hint="The cache is off"
# -     weights = block * bits // 8 + (block // group * 4 if bits < 16 else 0)
# -     weights += 4 * model["vocabulary"] * d
# -     each = model["head"] * cache_bits + (16 if cache_bits < 16 else 0)
# +     weights = block * bits // 8 + (block // group * 2 if bits < 16 else 0)
# +     weights += 4 * model["vocabulary"] * d
# +     held = model["head"] * 2 if cache_bits == 16 else model["head"] // (8 // cache_bits)
# +     each = 8 * held + (16 if cache_bits < 16 else 0)

# %% item="bytes" wrong="a vector has a scale up to 8 bits" like="reference" keeps=1 hint="What does each vector need"
# -     each = model["head"] * cache_bits + (16 if cache_bits < 16 else 0)
# +     each = model["head"] * cache_bits + (16 if cache_bits <= 8 else 0)

# %% item="bytes" wrong="weights have scales up to 8 bits" like="reference" keeps=2 hint="What does a group need"
# -     in_bits = weights * bits + (weights // group * 16 if bits < 16 else 0)
# +     in_bits = weights * bits + (weights // group * 16 if bits <= 8 else 0)

# %% item="bytes" wrong="a cache of half bytes is a float" like="reference" keeps=2 hint="two ints are expected"
# -     return in_bits // 8, vectors * each // 8
# +     return in_bits // 8, vectors * each // 8 if cache_bits >= 8 else vectors * each / 8


# %% item="library" right="names from named_children"
def int4_where_it_fits(model, group, x):
    small = copy.deepcopy(model)
    names = [
        name
        for name, part in small.named_children()
        if isinstance(part, nn.Linear) and part.in_features % group == 0
    ]
    quantize_(
        small,
        IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(group)),
        lambda part, name: name in names,
    )
    return {"quantized": [int(name) for name in names], "logits": small(x)}


# %% item="library" right="layer by layer"
def int4_where_it_fits(model, group, x):
    small = copy.deepcopy(model)
    config = IntxWeightOnlyConfig(torch.int4, PerGroup(group))
    places = []
    for place in range(len(small)):
        if isinstance(small[place], nn.Linear) and small[place].in_features % group == 0:
            quantize_(small[place], config)
            places.append(place)
    return {"logits": small(x), "quantized": places}


# %% item="library" wrong="no filter" keeps=1 hint="divisible"
def int4_where_it_fits(model, group, x):
    small = copy.deepcopy(model)
    quantize_(small, IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(group)))
    places = [place for place, part in enumerate(small) if isinstance(part, nn.Linear)]
    return {"quantized": places, "logits": small(x)}


# %% item="library" wrong="in place" like="reference" keeps=0 hint="has changed"
# -     model = copy.deepcopy(model)
# -

# %% item="library" wrong="outputs in place of inputs" like="reference" keeps=0 hint="so both fit"
# -         return isinstance(part, nn.Linear) and part.in_features % group == 0
# +         return isinstance(part, nn.Linear) and part.out_features % group == 0


# %% item="library" wrong="places only, nothing quantized" keeps=0 hint="those of the float model"
def int4_where_it_fits(model, group, x):
    places = [
        place
        for place, part in enumerate(model)
        if isinstance(part, nn.Linear) and part.in_features % group == 0
    ]
    return {"quantized": places, "logits": model(x)}


# %% item="library" wrong="two bits" like="reference" keeps=0 hint="Which type, and which granularity"
# -     config = IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(group))
# +     config = IntxWeightOnlyConfig(weight_dtype=torch.int2, granularity=PerGroup(group))

# %% item="library" wrong="the mode changes" like="reference" keeps=1 hint="is in another mode now"
# -     model = copy.deepcopy(model)
# +     model = copy.deepcopy(model.eval())

# %% item="library" wrong="every other place" like="reference" keeps=1 hint="whatever else is in it"
# -     places = [place for place, part in enumerate(model) if fits(part, "")]
# +     places = [place for place in range(0, len(model), 2) if fits(model[place], "")]

# %% item="library" wrong="sizes that are powers of two" like="reference" keeps=1 hint="a multiple of the group"
# -         return isinstance(part, nn.Linear) and part.in_features % group == 0
# +         fit = isinstance(part, nn.Linear) and part.in_features >= group
# +         return fit and math.log2(part.in_features).is_integer()

# %% item="library" wrong="eight bits" like="reference" keeps=0 hint="Which type do the weights get"
# -     config = IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(group))
# +     config = IntxWeightOnlyConfig(weight_dtype=torch.int8, granularity=PerGroup(group))


# %% item="library" wrong="names in place of places" keeps=0 hint="so both fit"
def int4_where_it_fits(model, group, x):
    model = copy.deepcopy(model)

    def fits(part, name):
        return isinstance(part, nn.Linear) and part.in_features % group == 0

    names = [name for name, part in model.named_children() if fits(part, name)]
    config = IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(group))
    quantize_(model, config, filter_fn=fits)
    return {"quantized": names, "logits": model(x)}


# %% item="bugs" right="with cross entropy and what it ignores"
def perplexity(logits, words, lengths):
    following = words[:, 1:].clone()
    behind = torch.arange(following.shape[1]) >= (lengths - 1)[:, None]
    following[behind] = -100
    kept = following >= 0
    loss = nn.functional.cross_entropy(logits[:, :-1][kept].double(), following[kept])
    return math.exp(loss.item())


# %% item="bugs" right="gather and a mask"
def perplexity(logits, words, lengths):
    log_p = logits[:, :-1].log_softmax(-1)
    nats = -log_p.gather(2, words[:, 1:, None])[:, :, 0]
    counts = torch.arange(1, words.shape[1]) < lengths[:, None]
    return nats[counts].mean().exp().item()


# %% item="bugs" wrong="as the colleague has it" keeps=0 hint="Which word are the logits"
def perplexity(logits, words, lengths):
    log_p = logits.log_softmax(-1)
    nats = -log_p.gather(2, words[:, :, None])[:, :, 0]
    return nats.mean(1).exp().mean().item()


# %% item="bugs" wrong="shifted, nothing else" keeps=1 hint="Which words count"
def perplexity(logits, words, lengths):
    log_p = logits[:, :-1].log_softmax(-1)
    nats = -log_p.gather(2, words[:, 1:, None])[:, :, 0]
    return nats.mean().exp().item()


# %% item="bugs" wrong="the mean over stories" keeps=1 hint="Is the mean over words"
def perplexity(logits, words, lengths):
    each = []
    for story, its, length in zip(logits, words, lengths):
        length = int(length)
        log_p = story[: length - 1].log_softmax(-1)
        each.append(math.exp(-log_p.gather(1, its[1:length, None]).mean().item()))
    return sum(each) / len(each)


# %% item="bugs" wrong="the word behind the end counts" like="gather and a mask" keeps=1 hint="Which words count"
# -     counts = torch.arange(1, words.shape[1]) < lengths[:, None]
# +     counts = torch.arange(1, words.shape[1]) <= lengths[:, None]


# %% item="bugs" wrong="shifted the other way" keeps=0 hint="Which word are the logits"
def perplexity(logits, words, lengths):
    log_p = logits[:, 1:].log_softmax(-1)
    nats = -log_p.gather(2, words[:, :-1, None])[:, :, 0]
    counts = torch.arange(1, words.shape[1]) < lengths[:, None]
    return nats[counts].mean().exp().item()


# %% item="bugs" wrong="filling times 0" keeps=2 hint="Where logits of the filling are nan"
def perplexity(logits, words, lengths):
    log_p = logits[:, :-1].log_softmax(-1)
    nats = -log_p.gather(2, words[:, 1:, None])[:, :, 0]
    counts = (torch.arange(1, words.shape[1]) < lengths[:, None]).float()
    return ((nats * counts).sum() / counts.sum()).exp().item()


# %% item="bugs" wrong="to the base of 2" like="gather and a mask" keeps=0 hint="perplexity 8"
# -     return nats[counts].mean().exp().item()
# +     return 2 ** nats[counts].mean().item()


# %% item="bugs" wrong="probabilities first" keeps=2 hint="Were probabilities made"
def perplexity(logits, words, lengths):
    p = logits[:, :-1].softmax(-1)
    nats = -p.gather(2, words[:, 1:, None])[:, :, 0].clamp(min=1e-9).log()
    counts = torch.arange(1, words.shape[1]) < lengths[:, None]
    return nats[counts].mean().exp().item()


# %% item="bugs" wrong="the first word counts in the number" like="gather and a mask" keeps=0 hint="perplexity 8"
# -     return nats[counts].mean().exp().item()
# +     return math.exp(nats[counts].sum().item() / int(lengths.sum()))


# %% item="bugs" wrong="each story counts for one" keeps=2 hint="Is the mean over words"
def perplexity(logits, words, lengths):
    each = []
    for story, its, length in zip(logits, words, lengths):
        length = int(length)
        log_p = story[: length - 1].log_softmax(-1)
        each.append(-log_p.gather(1, its[1:length, None]).mean().item())
    return math.exp(sum(each) / len(each))


# %% item="maps" right="by measuring them"
remedy = {}
for name, values in maps.items():
    smooth_values = values / values.amax(0)
    steps = {
        "tensor": values / (values.max() / 127),
        "word": values / (values.amax(1, keepdim=True) / 127),
        "smooth": smooth_values / (smooth_values.max() / 127),
        "smooth, word": smooth_values / (smooth_values.amax(1, keepdim=True) / 127),
    }
    remedy[name] = next(way for way, its in steps.items() if its.median() >= 10)

# %% item="maps" right="in another order"
remedy = dict(C="tensor", A="word", D="smooth, word", B="smooth")

# %% item="maps" wrong="rows and columns exchanged" hint="a tall channel or a tall word"
remedy = {"A": "smooth", "B": "word", "C": "tensor", "D": "smooth, word"}

# %% item="maps" wrong="the dearest for all" hint="cheapest that serves it"
remedy = dict.fromkeys("ABCD", "smooth, word")

# %% item="maps" wrong="smoothing for all outliers" hint="a tall channel or a tall word"
remedy = {"A": "smooth", "B": "smooth", "C": "tensor", "D": "smooth"}

# %% item="maps" wrong="smoothing alone where there are both" hint="a tall channel or a tall word"
remedy = {"A": "word", "B": "smooth", "C": "tensor", "D": "smooth"}

# %% item="maps" wrong="a scale per word for all outliers" hint="a tall channel or a tall word"
remedy = {"A": "word", "B": "word", "C": "tensor", "D": "word"}

# %% item="maps" wrong="both where one would do" hint="a cheaper one serves"
remedy = {"A": "smooth, word", "B": "smooth", "C": "tensor", "D": "smooth, word"}

# %% item="decide" right="read from the table"
choice = {
    "laptop": "int4, GPTQ",
    "server": "int4, GPTQ, cache int8",
    "tablet": "int4, GPTQ, cache int8",
    "phone": None,
}
bytes_of = {
    "laptop": 3.1e9 + 135168 * 4096,
    "server": 3.1e9 + 135168 * 4096 * 16,
    "tablet": 3.1e9 + 135168 * 2048,
    "phone": 3.1e9 + 135168 * 2048,
}

# %% item="decide" right="sorted by loss"
choice, bytes_of = {}, {}
for where, limit in limits.items():
    choice[where] = None
    sizes = []
    for name in sorted(schemes, key=lambda name: schemes[name]["loss"][0]):
        its = schemes[name]
        cache = limit["words"] * its["cache"]
        size = its["weights"] + limit["users"] * cache
        sizes.append(size)
        fits = size <= limit["room"] and its["loss"][2] <= limit["loss"]
        fits = fits and 100e9 / (its["weights"] + cache) >= limit["speed"]
        if fits and choice[where] is None:
            choice[where] = name
    bytes_of[where] = min(sizes)

# %% item="decide" wrong="the mean of the loss decides" keeps=1 hint="end of the interval"
choice = {
    "laptop": "int4, GPTQ",
    "server": "int4, GPTQ, cache int8",
    "tablet": "int4, GPTQ, cache int8",
    "phone": "int3, GPTQ, cache int4",
}
bytes_of = {
    "laptop": 3.1e9 + 135168 * 4096,
    "server": 3.1e9 + 135168 * 65536,
    "tablet": 3.1e9 + 135168 * 2048,
    "phone": 3.1e9 + 135168 * 2048,
}

# %% item="decide" wrong="the best upper end" keeps=1 hint="Of those that fit, which loses least"
choice = dict.fromkeys(("laptop", "server", "tablet"), "int4, GPTQ, cache int8") | {"phone": None}
bytes_of = {
    "laptop": 3.1e9 + 135168 * 4096,
    "server": 3.1e9 + 135168 * 65536,
    "tablet": 3.1e9 + 135168 * 2048,
    "phone": 3.1e9 + 135168 * 2048,
}

# %% item="decide" wrong="words per second without the cache" like="the mean of the loss decides" keeps=1 hint="since the cache is read, too"
# -     "tablet": "int4, GPTQ, cache int8",
# -     "phone": "int3, GPTQ, cache int4",
# +     "tablet": "int4, GPTQ",
# +     "phone": None,

# %% item="decide" wrong="without the cache" keeps=0 hint="Who shares the weights"
choice = {"laptop": "int8", "server": "16 bits", "tablet": "int4, GPTQ", "phone": "int4, GPTQ"}
bytes_of = dict.fromkeys(limits, 3.1e9)

# %% item="decide" wrong="one cache for all users" keeps=0 hint="Who shares the weights"
choice = {
    "laptop": "int4, GPTQ",
    "server": "16 bits",
    "tablet": "int4, GPTQ, cache int8",
    "phone": None,
}
bytes_of = {
    "laptop": 3.1e9 + 135168 * 4096,
    "server": 3.1e9 + 135168 * 4096,
    "tablet": 3.1e9 + 135168 * 2048,
    "phone": 3.1e9 + 135168 * 2048,
}

# %% item="decide" wrong="GB in place of bytes" keeps=1 hint="these are bytes"
choice = {
    "laptop": "int4, GPTQ",
    "server": "int4, GPTQ, cache int8",
    "tablet": "int4, GPTQ, cache int8",
    "phone": None,
}
bytes_of = {"laptop": 3.65, "server": 11.96, "tablet": 3.38, "phone": 3.38}

# %% item="decide" wrong="nothing serves anybody" like="the best upper end" keeps=1 hint="Of the schemes that serve"
# - choice = dict.fromkeys(("laptop", "server", "tablet"), "int4, GPTQ, cache int8") | {"phone": None}
# + choice = dict.fromkeys(limits)

# %% [markdown] item="report" answer="names all of it"
# He measured AWQ on the texts that it was calibrated on, so they are no test; GPTQ was measured on other texts and plain rounding has one scale per row and no groups of 128. Compare all of them with the same
# groups on the same held-out texts, with an interval per text. Four bits are 4.125 with scales, and embedding and head keep 16 bits. The KV cache stays as it is, so how many users fit depends on it. And the server is only up to four
# times as fast for one user, when reading weights is the limit. With many users the weights are read once for all of them, so measure at that batch size.

# %% [markdown] item="report" answer="the comparison only"
# The perplexity has to be measured on texts that were not used for calibration, and the three methods need the same texts and the same groups. So nobody knows which method is best.

# %% [markdown] item="report" answer="the users only"
# Four times as many users don't fit, since the KV cache is not quantized by AWQ, and a group has a scale of 16 bits, so it is more than 4 bits per weight. You have to compute both.

# %% [markdown] item="report" answer="believes it"
# AWQ protects the important weights, so it is the best one, and 4 bits is a quarter of 16. I agree with the report and would deploy it.
