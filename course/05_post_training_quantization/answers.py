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
# # 05 · Post-training quantization in PyTorch: answers that people give


# %% item="compress" right="by the shape of the scale"
def compress(model):
    layers = dict(model.named_modules())
    saved = {}
    for key, value in model.state_dict().items():
        owner, _, kind = key.rpartition(".")
        if kind == "weight" and type(layers[owner]) in (nn.Linear, nn.Conv2d):
            dims = tuple(range(1, value.dim()))
            scale = 2 * value.abs().amax(dims, keepdim=True) / 255
            scale = scale.clamp(min=1e-20)
            saved[key] = (value / scale).round().clamp(-128, 127).to(torch.int8)
            saved[key + "_scale"] = scale.flatten()
        else:
            saved[key] = value
    return saved


def restore(model, saved):
    layers = dict(model.named_modules())
    with torch.no_grad():
        for key, value in saved.items():
            owner, _, kind = key.rpartition(".")
            if kind == "weight_scale":
                continue
            if key + "_scale" in saved:
                scale = saved[key + "_scale"]
                value = (value.float().flatten(1) * scale[:, None]).reshape(value.shape)
            getattr(layers[owner], kind).copy_(value)


# %% item="compress" right="output by output"
def compress(model):
    saved = dict(model.state_dict())
    for name, layer in model.named_modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            weight = layer.weight.detach()
            q, scales = torch.zeros(weight.shape, dtype=torch.int8), torch.ones(len(weight))
            for i in range(len(weight)):
                if weight[i].abs().max() > 0:
                    scales[i] = weight[i].abs().max() / 127
                q[i] = torch.round(weight[i] / scales[i]).to(torch.int8)
            saved[name + ".weight"] = q
            saved[name + ".weight_scale"] = scales
    return saved


def restore(model, saved):
    plain = {key: value for key, value in saved.items() if not key.endswith("weight_scale")}
    for key in list(plain):
        if key + "_scale" in saved:
            scale = saved[key + "_scale"]
            plain[key] = torch.stack([q.float() * s for q, s in zip(plain[key], scale)])
    model.load_state_dict(plain)


# %% item="compress" wrong="the biases go where they should come back" like="reference" keeps=2 hint="did not come back"
# -     model.load_state_dict(state)
# +     model.load_state_dict(state)
# +     for part in model.modules():
# +         part.bias = None


# %% item="compress" wrong="linear layers only, as quantize_" keeps=2 hint="convolutions too"
def compress(model):
    state = dict(model.state_dict())
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear):
            scale = (layer.weight.detach().abs().amax(1) / 127).clamp(min=1e-30)
            q = (layer.weight.detach() / scale[:, None]).round().to(torch.int8)
            state[name + ".weight"] = q
            state[name + ".weight_scale"] = scale
    return state


def restore(model, saved):
    state = {}
    for key, value in saved.items():
        if key + "_scale" in saved:
            value = (value.flatten(1) * saved[key + "_scale"][:, None]).reshape(value.shape)
        if not key.endswith("_scale"):
            state[key] = value
    model.load_state_dict(state)


# %% item="compress" wrong="one scale for the tensor" like="linear layers only, as quantize_" keeps=1 hint="Does each output have its own scale"
# -         if isinstance(layer, nn.Linear):
# -             scale = (layer.weight.detach().abs().amax(1) / 127).clamp(min=1e-30)
# -             q = (layer.weight.detach() / scale[:, None]).round().to(torch.int8)
# -             state[name + ".weight"] = q
# -             state[name + ".weight_scale"] = scale
# +         if isinstance(layer, nn.Linear | nn.Conv2d):
# +             weight = layer.weight.detach()
# +             scale = weight.abs().max() / 127
# +             state[name + ".weight"] = (weight / scale).round().to(torch.int8)
# +             state[name + ".weight_scale"] = scale.expand(len(weight)).clone()

# %% item="compress" wrong="scales in float64" like="reference" keeps=2 hint="the scales should be float32"
# -             state[f"{key}_scale"] = scale
# +             state[f"{key}_scale"] = scale.double()

# %% item="compress" wrong="a floor that wastes steps" like="linear layers only, as quantize_" keeps=2 hint="waste no step"
# -         if isinstance(layer, nn.Linear):
# -             scale = (layer.weight.detach().abs().amax(1) / 127).clamp(min=1e-30)
# -             q = (layer.weight.detach() / scale[:, None]).round().to(torch.int8)
# -             state[name + ".weight"] = q
# +         if isinstance(layer, nn.Linear | nn.Conv2d):
# +             rows = layer.weight.detach().flatten(1)
# +             scale = (rows.abs().amax(1) / 127).clamp(min=1e-4)
# +             q = (rows / scale[:, None]).round().to(torch.int8)
# +             state[name + ".weight"] = q.reshape(layer.weight.shape)

# %% item="compress" wrong="rounded, but still float32" like="a floor that wastes steps" keeps=1 hint="the weight is torch.float32"
# -             scale = (rows.abs().amax(1) / 127).clamp(min=1e-4)
# -             q = (rows / scale[:, None]).round().to(torch.int8)
# -             state[name + ".weight"] = q.reshape(layer.weight.shape)
# +             scale = (rows.abs().amax(1) / 127).clamp(min=1e-30)
# +             state[name + ".weight"] = (rows / scale[:, None]).round().reshape(layer.weight.shape)

# %% item="compress" wrong="only the top level" like="a floor that wastes steps" keeps=2 hint="a layer inside a layer"
# -     for name, layer in model.named_modules():
# -         if isinstance(layer, nn.Linear | nn.Conv2d):
# -             rows = layer.weight.detach().flatten(1)
# -             scale = (rows.abs().amax(1) / 127).clamp(min=1e-4)
# +     for name, layer in model.named_children():
# +         if isinstance(layer, nn.Linear | nn.Conv2d):
# +             rows = layer.weight.detach().flatten(1)
# +             scale = (rows.abs().amax(1) / 127).clamp(min=1e-30)


# %% item="compress" wrong="everything called weight" keeps=2 hint="its shape, or its layer"
def compress(model):
    state = {}
    for key, value in model.state_dict().items():
        state[key] = value
        if key.endswith(".weight"):
            rows = value.reshape(len(value), -1)
            scale = (rows.abs().amax(1) / 127).clamp(min=1e-30)
            state[key] = (rows / scale[:, None]).round().to(torch.int8).reshape(value.shape)
            state[key + "_scale"] = scale
    return state


def restore(model, saved):
    state = {}
    for key, value in saved.items():
        if key + "_scale" in saved:
            scale = saved[key + "_scale"]
            value = value * scale.reshape(-1, *[1] * (value.dim() - 1))
        if not key.endswith("_scale"):
            state[key] = value
    model.load_state_dict(state)


# %% item="compress" wrong="by the shape, not by the layer" like="everything called weight" keeps=2 hint="its shape, or its layer"
# -         if key.endswith(".weight"):
# -             rows = value.reshape(len(value), -1)
# +         if key.endswith("weight") and value.dim() >= 2:
# +             rows = value.flatten(1)


# %% item="compress" wrong="the state of parameters only" keeps=1 hint="What else does batch norm keep"
def compress(model):
    state = {name: value.detach() for name, value in model.named_parameters()}
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            rows = layer.weight.detach().flatten(1)
            scale = (rows.abs().amax(1) / 127).clamp(min=1e-30)
            q = (rows / scale[:, None]).round().to(torch.int8)
            state[name + ".weight"] = q.reshape(layer.weight.shape)
            state[name + ".weight_scale"] = scale
    return state


def restore(model, saved):
    with torch.no_grad():
        for name, value in model.named_parameters():
            new = saved[name]
            if name + "_scale" in saved:
                new = (new.flatten(1) * saved[name + "_scale"][:, None]).reshape(value.shape)
            value.copy_(new)


# %% item="compress" wrong="scales along the wrong axis" keeps=1 hint="Along which axis"
def compress(model):
    state = dict(model.state_dict())
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            weight = layer.weight.detach()
            scale = (weight.flatten(1).abs().amax(1) / 127).clamp(min=1e-30)
            shape = (-1, 1) if weight.dim() == 2 else (-1, 1, 1, 1)
            state[name + ".weight"] = (weight / scale.reshape(shape)).round().to(torch.int8)
            state[name + ".weight_scale"] = scale[:1] if weight.dim() == 4 else scale
    return state


def restore(model, saved):
    state = {}
    for key, value in saved.items():
        if key + "_scale" in saved:
            scale = saved[key + "_scale"]
            value = value.float() * (scale[:, None] if value.dim() == 2 else scale[0])
        if not key.endswith("_scale"):
            state[key] = value
    model.load_state_dict(state)


# %% item="calibrate" right="with hooks"
def calibrate(model, batches):
    ranges, hooks = {}, []

    def watch(place):
        def hook(module, args):
            x = args[0].detach()
            if not bool(torch.isfinite(x).all()):
                raise ValueError("not finite")
            low, high = ranges.setdefault(place, (0.0, 0.0))
            ranges[place] = (min(low, x.min().item()), max(high, x.max().item()))

        return hook

    for place, layer in enumerate(model):
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            hooks.append(layer.register_forward_pre_hook(watch(place)))
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            for batch in batches:
                model(batch)
    finally:
        for hook in hooks:
            hook.remove()
        model.train(was_training)
    return ranges


# %% item="calibrate" right="layer by layer, a copy of the model, all batches kept"
def calibrate(model, batches):
    model = copy.deepcopy(model).eval()
    ranges = {}
    values = [batch for batch in batches]
    for place, layer in enumerate(model):
        if isinstance(layer, nn.Linear) or isinstance(layer, nn.Conv2d):
            everything = torch.cat([v.flatten() for v in values] + [torch.zeros(1)])
            if everything.isnan().any() or everything.isinf().any():
                raise ValueError("calibration data is not finite")
            ranges[place] = (float(everything.min()), float(everything.max()))
        with torch.no_grad():
            values = [layer(v) for v in values]
    return ranges


# %% item="calibrate" wrong="outputs, not inputs" hint="into layer 0 go values"
def calibrate(model, batches):
    ranges = {}
    training = model.training
    model.eval()
    with torch.no_grad():
        for x in batches:
            for place, layer in enumerate(model):
                if not torch.isfinite(x).all():
                    raise ValueError("not finite")
                x = layer(x)
                if isinstance(layer, nn.Linear | nn.Conv2d):
                    low, high = ranges.get(place, (0.0, 0.0))
                    ranges[place] = (min(low, float(x.min())), max(high, float(x.max())))
    model.train(training)
    return ranges


# %% item="calibrate" wrong="the last batch only" keeps=2 hint="into layer 0 go values"
def calibrate(model, batches):
    ranges = {}
    training = model.training
    model.eval()
    with torch.no_grad():
        for x in batches:
            for place, layer in enumerate(model):
                if isinstance(layer, nn.Linear | nn.Conv2d):
                    if not torch.isfinite(x).all():
                        model.train(training)
                        raise ValueError("not finite")
                    ranges[place] = (min(0.0, float(x.min())), max(0.0, float(x.max())))
                x = layer(x)
    model.train(training)
    return ranges


# %% item="calibrate" wrong="mean of the batches' ranges" keeps=2 hint="into layer 0 go values"
def calibrate(model, batches):
    sums = {}
    training = model.training
    model.eval()
    with torch.no_grad():
        for x in batches:
            for place, layer in enumerate(model):
                if isinstance(layer, nn.Linear | nn.Conv2d):
                    if not torch.isfinite(x).all():
                        model.train(training)
                        raise ValueError("not finite")
                    low, high = sums.get(place, (0.0, 0.0))
                    sums[place] = (low + min(0.0, float(x.min())), high + max(0.0, float(x.max())))
                x = layer(x)
    model.train(training)
    n = len(batches)
    return {place: (low / n, high / n) for place, (low, high) in sums.items()}


# %% item="calibrate" wrong="looks at the batches alone" like="reference" keeps=2 hint="may be infinite, too"
# -                         if not torch.isfinite(x).all():
# +                         if not torch.isfinite(batch).all():

# %% item="calibrate" wrong="looks at the sum" like="reference" keeps=2 hint="though their sum is not"
# -                         if not torch.isfinite(x).all():
# +                         if not torch.isfinite(x.sum()):

# %% item="calibrate" wrong="gradients off for good" like="reference" keeps=2 hint="can't be trained any more"
# -     model.eval()
# +     model.eval().requires_grad_(False)


# %% item="calibrate" wrong="zero left out" like="the last batch only" keeps=2 hint="the range always includes 0"
# -                     ranges[place] = (min(0.0, float(x.min())), max(0.0, float(x.max())))
# +                     low, high = ranges.get(place, (float("inf"), -float("inf")))
# +                     ranges[place] = (min(low, float(x.min())), max(high, float(x.max())))


# %% item="calibrate" wrong="in the mode in which it came" keeps=2 hint="calibrate in evaluation mode"
def calibrate(model, batches):
    ranges = {}
    with torch.no_grad():
        for x in batches:
            for place, layer in enumerate(model):
                if isinstance(layer, nn.Linear | nn.Conv2d):
                    if not torch.isfinite(x).all():
                        raise ValueError("not finite")
                    low, high = ranges.get(place, (0.0, 0.0))
                    ranges[place] = (min(low, float(x.min())), max(high, float(x.max())))
                x = layer(x)
    return ranges


# %% item="calibrate" wrong="the mode is lost in an error" keeps=2 hint="After an error the model is left in another mode"
def calibrate(model, batches):
    training = model.training
    model.eval()
    ranges = {}
    with torch.no_grad():
        for x in batches:
            for place, layer in enumerate(model):
                if isinstance(layer, nn.Linear | nn.Conv2d):
                    if not torch.isfinite(x).all():
                        raise ValueError("NaN or infinity")
                    low, high = ranges.get(place, (0.0, 0.0))
                    ranges[place] = (min(low, x.min().item()), max(high, x.max().item()))
                x = layer(x)
    model.train(training)
    return ranges


# %% item="calibrate" wrong="left in evaluation mode" like="in the mode in which it came" keeps=2 hint="should be left in it"
# -     ranges = {}
# +     ranges = {}
# +     model.eval()

# %% item="calibrate" wrong="linear layers only, no check" like="zero left out" keeps=1 hint="Convolutions have them, too"
# -                 if isinstance(layer, nn.Linear | nn.Conv2d):
# -                     if not torch.isfinite(x).all():
# -                         model.train(training)
# -                         raise ValueError("not finite")
# -                     low, high = ranges.get(place, (float("inf"), -float("inf")))
# +                 if isinstance(layer, nn.Linear):
# +                     low, high = ranges.get(place, (0.0, 0.0))


# %% item="calibrate" wrong="counts layers inside others" like="with hooks" keeps=2 hint="Which layers does your loop reach"
# -     for place, layer in enumerate(model):
# +     for place, layer in enumerate(list(model.modules())[1:]):

# %% item="calibrate" wrong="hooks that stay" like="with hooks" keeps=2 hint="a hook is still in the model"
# -         for hook in hooks:
# -             hook.remove()

# %% item="calibrate" wrong="hooks that stay after an error" like="with hooks" keeps=2 hint="After an error a hook"
# -     finally:
# -         for hook in hooks:
# -             hook.remove()
# -         model.train(was_training)
# +     finally:
# +         model.train(was_training)
# +     for hook in hooks:
# +         hook.remove()


# %% item="sensitivity" right="copies"
def sensitivity(model, inputs, bits):
    found = []
    with torch.no_grad():
        reference = model(inputs)
        for place, layer in enumerate(model):
            if isinstance(layer, (nn.Linear, nn.Conv2d)):
                other = copy.deepcopy(model)
                other[place].weight.data = rounded(layer.weight.data, bits)
                found.append(nn.functional.mse_loss(other(inputs), reference).item())
    return found


culprit = 2


# %% item="sensitivity" right="keeps the state and loads it again"
def sensitivity(model, inputs, bits):
    state = {key: value.clone() for key, value in model.state_dict().items()}
    reference = model(inputs).detach()
    found = []
    for layer in model:
        if hasattr(layer, "weight"):
            with torch.no_grad():
                layer.weight.copy_(rounded(layer.weight, bits))
                found.append(float(((model(inputs) - reference) ** 2).mean()))
            model.load_state_dict(state)
    return found


numbers = sensitivity(suspect, probe, 8)
culprit = [i for i, layer in enumerate(suspect) if hasattr(layer, "weight")][
    numbers.index(max(numbers))
]


# %% item="sensitivity" wrong="cumulative" keeps=2 hint="is the first layer what it was before"
def sensitivity(model, inputs, bits):
    found = []
    with torch.no_grad():
        reference = model(inputs)
        other = copy.deepcopy(model)
        for place, layer in enumerate(model):
            if isinstance(layer, nn.Linear | nn.Conv2d):
                other[place].weight.data = rounded(layer.weight.data, bits)
                found.append(float((other(inputs) - reference).pow(2).mean()))
    return found


culprit = 2


# %% item="sensitivity" wrong="the layer's own output" keeps=2 hint="the first number should be 4"
def sensitivity(model, inputs, bits):
    found = []
    with torch.no_grad():
        x = inputs
        for layer in model:
            y = layer(x)
            if isinstance(layer, nn.Linear | nn.Conv2d):
                other = copy.deepcopy(layer)
                other.weight.data = rounded(layer.weight.data, bits)
                found.append(float((other(x) - y).pow(2).mean()))
            x = y
    return found


culprit = 2


# %% item="sensitivity" wrong="not put back" like="reference" keeps=1 hint="should be what it was before"
# -                 original = layer.weight.data
# -                 layer.weight.data = rounded(original, bits)
# -                 found.append(float((model(inputs) - reference).pow(2).mean()))
# -                 layer.weight.data = original
# +                 layer.weight.data = rounded(layer.weight.data, bits)
# +                 found.append(float((model(inputs) - reference).pow(2).mean()))

# %% item="sensitivity" wrong="linear layers only" like="cumulative" keeps=2 hint="Which layers have weights"
# -         other = copy.deepcopy(model)
# -         for place, layer in enumerate(model):
# -             if isinstance(layer, nn.Linear | nn.Conv2d):
# +         for place, layer in enumerate(model):
# +             if isinstance(layer, nn.Linear):
# +                 other = copy.deepcopy(model)


# %% item="sensitivity" wrong="sum, not mean" keeps=2 hint="Is it the mean, or the sum"
def sensitivity(model, inputs, bits):
    found = []
    with torch.no_grad():
        reference = model(inputs)
        for place, layer in enumerate(model):
            if isinstance(layer, nn.Linear | nn.Conv2d):
                other = copy.deepcopy(model)
                other[place].weight.data = rounded(layer.weight.data, bits)
                found.append(float((other(inputs) - reference).pow(2).sum()))
    return found


culprit = 2


# %% item="sensitivity" wrong="counted among layers with weights" keeps=2 hint="Places are counted over all layers"
def sensitivity(model, inputs, bits):
    found = []
    with torch.no_grad():
        reference = model(inputs)
        for place, layer in enumerate(model):
            if isinstance(layer, nn.Linear | nn.Conv2d):
                other = copy.deepcopy(model)
                other[place].weight.data = rounded(layer.weight.data, bits)
                found.append(float((other(inputs) - reference).pow(2).mean()))
    return found


numbers = sensitivity(suspect, probe, 8)
culprit = numbers.index(max(numbers))


# %% item="sensitivity" wrong="the layer with the small column" like="counted among layers with weights" keeps=2 hint="can't do with one scale"
# - numbers = sensitivity(suspect, probe, 8)
# - culprit = numbers.index(max(numbers))
# + culprit = 4


# %% item="uint8" right="clamps first, then casts"
def to_uint8(x, low, high):
    if high < low:
        raise ValueError("low must not be above high")
    low = min(low, 0.0)
    high = max(high, 0.0)
    if low == high:
        high = 255.0
    scale = (high - low) / 255
    zero_point = int(round(-low / scale))
    q = torch.clamp(torch.round(x / scale + zero_point), 0, 255)
    return q.to(torch.uint8), scale, zero_point


# %% item="uint8" right="PyTorch's own"
def to_uint8(x, low, high):
    if low > high:
        raise ValueError(f"{low} > {high}")
    low, high = min(0.0, low), max(0.0, high)
    width = high - low
    scale = width / 255 if width > 0 else 1e-3
    zero_point = max(0, min(255, round(-low / scale)))
    steps = torch.round(x.double() / scale) + zero_point
    steps[steps < 0] = 0
    steps[steps > 255] = 255
    return steps.type(torch.uint8), scale, zero_point


# %% item="uint8" right="clips the values, then counts steps"
def to_uint8(x, low, high):
    if high < low:
        raise ValueError("an empty range")
    low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        return torch.zeros_like(x, dtype=torch.uint8), 1.0, 0
    scale = (high - low) / 255
    zero_point = round(-low / scale)
    steps = torch.round(x.clamp(low, high) / scale) + zero_point
    return steps.clamp(0, 255).byte(), scale, zero_point


# %% item="uint8" wrong="the bugs themselves" hint="goes to the nearest end"
def to_uint8(x, low, high):
    scale = (high - low) / 255
    zero_point = round(-low / scale)
    q = (x / scale + zero_point).to(torch.uint8)
    return q, scale, zero_point


# %% item="uint8" wrong="rounds, still wraps" like="the bugs themselves" keeps=1 hint="goes to the nearest end"
# -     q = (x / scale + zero_point).to(torch.uint8)
# +     q = ((x / scale).round() + zero_point).to(torch.int64).to(torch.uint8)

# %% item="uint8" wrong="clamps, range without zero" like="reference" keeps=2 hint="zero point should be from 0 to 255"
# -         raise ValueError("the range ends before it begins")
# -     low, high = min(low, 0.0), max(high, 0.0)
# +         raise ValueError("range")


# %% item="uint8" wrong="clamps, still cuts off" keeps=2 hint="Is it rounded, or cut off"
def to_uint8(x, low, high):
    if low > high:
        raise ValueError("range")
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 255 or 1.0
    zero_point = round(-low / scale)
    q = (x / scale + zero_point).clamp(0, 255).to(torch.uint8)
    return q, scale, zero_point


# %% item="uint8" wrong="256 steps" keeps=1 hint="expected the scale 0.01"
def to_uint8(x, low, high):
    if low > high:
        raise ValueError("range")
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 256 or 1.0
    zero_point = min(255, round(-low / scale))
    q = ((x / scale).round() + zero_point).clamp(0, 255).to(torch.uint8)
    return q, scale, zero_point


# %% item="uint8" wrong="zero range divides by zero" like="clamps, range without zero" keeps=2 hint="All calibration data was zero"
# -     scale = (high - low) / 255 or 1.0
# +     low, high = min(low, 0.0), max(high, 0.0)
# +     scale = (high - low) / 255

# %% item="uint8" wrong="zero point clamped, not widened" like="clamps, range without zero" keeps=2 hint="a 255th of the widened range"
# -     zero_point = round(-low / scale)
# +     zero_point = min(255, max(0, round(-low / scale)))

# %% item="uint8" wrong="a tensor for the zero point" like="reference" keeps=2 hint="should be an int, not Tensor"
# -     zero_point = round(-low / scale)
# +     zero_point = torch.tensor(-low / scale).round().int()

# %% item="uint8" wrong="the ends swapped in silence" like="clamps, range without zero" keeps=2 hint="when the range ends before it begins"
# -     if low > high:
# -         raise ValueError("range")
# +     low, high = min(low, high, 0.0), max(low, high, 0.0)


# %% item="choose" right="sorted"
def choose(variants, limits, noise):
    fits = []
    for v in variants:
        if "kb" in limits and v["kb"] > limits["kb"]:
            continue
        if "ms" in limits and v["ms"] > limits["ms"]:
            continue
        if "accuracy" in limits and v["accuracy"] < limits["accuracy"]:
            continue
        fits.append(v)
    if len(fits) == 0:
        return None
    top = max(v["accuracy"] for v in fits)
    near = [v for v in fits if top - v["accuracy"] <= noise]
    return sorted(near, key=lambda v: (v["kb"], v["ms"]))[0]["name"]


phone = "static int8, calibrated on photos"
browser = "weight-only int4, packed"
server = "dynamic int8"


# %% item="choose" right="one pass at a time"
def choose(variants, limits, noise):
    left = list(variants)
    for key, limit in limits.items():
        left = [v for v in left if (v[key] >= limit if key == "accuracy" else v[key] <= limit)]
    best = max((v["accuracy"] for v in left), default=None)
    if best is None:
        return None
    winner = None
    for v in left:
        if v["accuracy"] + noise < best:
            continue
        if winner is None or (v["kb"], v["ms"]) < (winner["kb"], winner["ms"]):
            winner = v
    return winner["name"]


phone = choose(measured["phone"], {"kb": 300, "ms": 4}, noise)
browser = choose(measured["browser"], {"kb": 280, "accuracy": 0.84}, noise)
server = choose(measured["server"], {"ms": 1}, noise)


# %% item="choose" wrong="the most accurate that fits" hint="Which smaller files are indistinguishable"
def choose(variants, limits, noise):
    fits = [
        v
        for v in variants
        if v["kb"] <= limits.get("kb", 1e9)
        and v["ms"] <= limits.get("ms", 1e9)
        and v["accuracy"] >= limits.get("accuracy", 0)
    ]
    return max(fits, key=lambda v: v["accuracy"])["name"] if fits else None


phone = choose(measured["phone"], {"kb": 300, "ms": 4}, noise)
browser = choose(measured["browser"], {"kb": 280, "accuracy": 0.84}, noise)
server = choose(measured["server"], {"ms": 1}, noise)


# %% item="choose" wrong="the smallest that fits" hint="a is clearly better"
def choose(variants, limits, noise):
    fits = [
        v
        for v in variants
        if v["kb"] <= limits.get("kb", 1e9)
        and v["ms"] <= limits.get("ms", 1e9)
        and v["accuracy"] >= limits.get("accuracy", 0)
    ]
    return min(fits, key=lambda v: (v["kb"], v["ms"]))["name"] if fits else None


phone = "static int8, calibrated on noise"
browser = choose(measured["browser"], {"kb": 280, "accuracy": 0.84}, noise)
server = choose(measured["server"], {"ms": 1}, noise)


# %% item="choose" wrong="noise from the best of all" keeps=1 hint="The best of"
def choose(variants, limits, noise):
    best = max((v["accuracy"] for v in variants), default=0)
    fits = [
        v
        for v in variants
        if v["kb"] <= limits.get("kb", 1e9)
        and v["ms"] <= limits.get("ms", 1e9)
        and v["accuracy"] >= limits.get("accuracy", 0)
    ]
    if not fits:
        return None
    near = [v for v in fits if v["accuracy"] >= best - noise] or [
        max(fits, key=lambda v: v["accuracy"])
    ]
    return min(near, key=lambda v: (v["kb"], v["ms"]))["name"]


phone = choose(measured["phone"], {"kb": 300, "ms": 4}, noise)
browser = choose(measured["browser"], {"kb": 280, "accuracy": 0.84}, noise)
server = choose(measured["server"], {"ms": 1}, noise)


# %% item="choose" wrong="below the limit, not at it" keeps=1 hint="what equals a limit fits"
def choose(variants, limits, noise):
    fits = [
        v
        for v in variants
        if v["kb"] < limits.get("kb", 1e9)
        and v["ms"] < limits.get("ms", 1e9)
        and v["accuracy"] > limits.get("accuracy", 0)
    ]
    if not fits:
        return None
    best = max(v["accuracy"] for v in fits)
    near = [v for v in fits if v["accuracy"] >= best - noise]
    return min(near, key=lambda v: (v["kb"], v["ms"]))["name"]


phone = choose(measured["phone"], {"kb": 300, "ms": 4}, noise)
browser = choose(measured["browser"], {"kb": 280, "accuracy": 0.84}, noise)
server = choose(measured["server"], {"ms": 1}, noise)


# %% item="choose" wrong="the fastest wins" hint="The fastest"
def choose(variants, limits, noise):
    fits = [
        v
        for v in variants
        if v["kb"] <= limits.get("kb", 1e9)
        and v["ms"] <= limits.get("ms", 1e9)
        and v["accuracy"] >= limits.get("accuracy", 0)
    ]
    if not fits:
        return None
    best = max(v["accuracy"] for v in fits)
    near = [v for v in fits if v["accuracy"] >= best - noise]
    return min(near, key=lambda v: v["ms"])["name"]


phone = choose(measured["phone"], {"kb": 300, "ms": 4}, noise)
browser = "weight-only int4, packed"
server = choose(measured["server"], {"ms": 1}, noise)


# %% item="choose" wrong="of equals the more accurate" like="reference" keeps=2 hint="Of equally small and fast ones"
# -     return min(close, key=lambda v: (v["kb"], v["ms"]))["name"]
# +     return min(close, key=lambda v: (v["kb"], v["ms"], -v["accuracy"]))["name"]


# %% item="choose" wrong="no answer for nothing" like="the most accurate that fits" keeps=1 hint="empty"
# -     return max(fits, key=lambda v: v["accuracy"])["name"] if fits else None
# +     best = max(v["accuracy"] for v in fits)
# +     near = [v for v in fits if v["accuracy"] >= best - noise]
# +     return min(near, key=lambda v: (v["kb"], v["ms"]))["name"]

# %% [markdown] item="why" answer="all four, with proofs"
# `quantize_` only takes linear layers by default, so your convolutions are still float32; print the type that each layer really
# stores (`weight.qdata.dtype`) and look at the file size, because no error means nothing. For convolutions use static
# quantization. The int4 numbers are each stored in a whole int8, you must pack two in a byte yourself, or use a format that does it.
# Eager torchao makes many small calls and there is no fused kernel, so a single image pays the overhead; use `torch.compile` or ready int8
# kernels and compare medians with float32 of the same runtime, also at batch 64. Photos from the evening are too dark, so the
# ranges are too small and bright values are clipped. Calibrate with some hundred training images, preprocessed the same way, and never with the test set.

# %% [markdown] item="why" answer="files and calibration, nothing on time"
# Only the `nn.Linear` layers were quantized, so print the types. And int4 is not packed, it is one byte a weight. For the calibration
# you should use real training images with the same preprocessing instead of dark photos, and not the test images. The time is
# strange, maybe the machine was busy.

# %% [markdown] item="why" answer="half of each"
# The convolutions are not quantized. Eager mode is slow because of overhead. You should use real images for calibration.

# %% [markdown] item="why" answer="wrong causes"
# Int8 has only 256 values, so it can't work well for a CNN. The file is large because the scales are saved too. int4 has the same size
# because PyTorch rounds up. You need a GPU to make it faster, and quantization always costs about 30 points of accuracy.
