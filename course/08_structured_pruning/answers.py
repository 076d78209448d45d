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
# # 08 · Structured pruning and N:M: answers that people give

# %% item="units" right="cuts copies in place"
def remove_units(layer, reader, gone):
    kept = sorted(set(range(layer.out_features)) - set(gone))
    if len(kept) == 0 or not set(gone) <= set(range(layer.out_features)):
        raise ValueError("no such units, or none left")
    layer, reader = copy.deepcopy(layer), copy.deepcopy(reader)
    layer.weight = nn.Parameter(layer.weight.detach()[kept])
    if layer.bias is not None:
        layer.bias = nn.Parameter(layer.bias.detach()[kept])
    reader.weight = nn.Parameter(reader.weight.detach()[:, kept])
    layer.out_features = reader.in_features = len(kept)
    return layer, reader


# %% item="units" right="a mask of booleans, index_select"
def remove_units(layer, reader, gone):
    stays = torch.ones(layer.out_features, dtype=torch.bool)
    for unit in gone:
        if unit < 0 or unit >= layer.out_features:
            raise ValueError(f"there is no unit {unit}")
        stays[unit] = False
    if not stays.any():
        raise ValueError("nothing would be left")
    kept = stays.nonzero().flatten()
    first = nn.Linear(layer.in_features, len(kept), bias=layer.bias is not None)
    second = nn.Linear(len(kept), reader.out_features)
    with torch.no_grad():
        first.weight.copy_(layer.weight.index_select(0, kept))
        if layer.bias is not None:
            first.bias.copy_(layer.bias.index_select(0, kept))
        second.weight.copy_(reader.weight.index_select(1, kept))
        second.bias.copy_(reader.bias)
    return first, second


# %% item="units" wrong="the reader's bias is shared" keeps=1 hint="Are all parameters new?"
def remove_units(layer, reader, gone):
    count = layer.out_features
    kept = [unit for unit in range(count) if unit not in gone]
    if not kept or not all(unit in range(count) for unit in gone):
        raise ValueError("no such units, or all of them")
    small = nn.Linear(layer.in_features, len(kept), bias=layer.bias is not None)
    small.weight = nn.Parameter(layer.weight.detach()[kept])
    if layer.bias is not None:
        small.bias = nn.Parameter(layer.bias.detach()[kept])
    small_reader = nn.Linear(len(kept), reader.out_features)
    small_reader.weight = nn.Parameter(reader.weight.detach()[:, kept])
    small_reader.bias = reader.bias
    return small, small_reader


# %% item="units" wrong="a bias of its own, of the old one's numbers" like="the reader's bias is shared" keeps=1 hint="Are all parameters new?"
# -     small_reader.bias = reader.bias
# +     small_reader.bias.data = reader.bias.data


# %% item="units" wrong="the old layers where nothing goes" keeps=1 hint="Are all parameters new?"
def remove_units(layer, reader, gone):
    if not gone:
        return layer, reader
    count = layer.out_features
    kept = [unit for unit in range(count) if unit not in gone]
    if not kept or not all(unit in range(count) for unit in gone):
        raise ValueError("no such units, or all of them")
    small = nn.Linear(layer.in_features, len(kept), bias=layer.bias is not None)
    small.weight = nn.Parameter(layer.weight.detach()[kept])
    if layer.bias is not None:
        small.bias = nn.Parameter(layer.bias.detach()[kept])
    small_reader = nn.Linear(len(kept), reader.out_features)
    small_reader.weight = nn.Parameter(reader.weight.detach()[:, kept])
    small_reader.bias = nn.Parameter(reader.bias.detach().clone())
    return small, small_reader


# %% item="units" wrong="rows set to zero, shapes the same" hint="the layer is"
def remove_units(layer, reader, gone):
    if len(set(gone)) >= layer.out_features or not set(gone) <= set(range(layer.out_features)):
        raise ValueError("no")
    layer, reader = copy.deepcopy(layer), copy.deepcopy(reader)
    with torch.no_grad():
        layer.weight[gone] = 0
        layer.bias[gone] = 0
    return layer, reader


# %% item="units" wrong="the reader cut along its outputs" hint="the reader's weight has the shape"
def remove_units(layer, reader, gone):
    kept = [unit for unit in range(layer.out_features) if unit not in gone]
    if not kept or not set(gone) <= set(range(layer.out_features)):
        raise ValueError("no")
    first = nn.Linear(layer.in_features, len(kept))
    first.weight.data, first.bias.data = layer.weight.data[kept], layer.bias.data[kept]
    rows = [row for row in range(reader.out_features) if row not in gone]
    second = nn.Linear(reader.in_features, len(rows))
    second.weight.data, second.bias.data = reader.weight.data[rows], reader.bias.data[rows]
    return first, second


# %% item="units" wrong="the bias of the first units" keeps=0 hint="An output has changed that never read"
def remove_units(layer, reader, gone):
    kept = [unit for unit in range(layer.out_features) if unit not in gone]
    if not kept or not set(gone) <= set(range(layer.out_features)):
        raise ValueError("no")
    first = nn.Linear(layer.in_features, len(kept), bias=layer.bias is not None)
    first.weight.data = layer.weight.data[kept]
    if layer.bias is not None:
        first.bias.data = layer.bias.data[: len(kept)]
    second = nn.Linear(len(kept), reader.out_features)
    second.weight.data, second.bias.data = reader.weight.data[:, kept], reader.bias.data.clone()
    return first, second


# %% item="units" wrong="cut in place, and asks nothing" keeps=0 hint="should raise a ValueError"
def remove_units(layer, reader, gone):
    kept = [unit for unit in range(layer.out_features) if unit not in gone]
    layer.weight = nn.Parameter(layer.weight.detach()[kept])
    if layer.bias is not None:
        layer.bias = nn.Parameter(layer.bias.detach()[kept])
    reader.weight = nn.Parameter(reader.weight.detach()[:, kept])
    layer.out_features = reader.in_features = len(kept)
    return layer, reader


# %% item="units" wrong="counts what is named" like="reference" keeps=1 hint="named many times"
# -     if not kept or not all(unit in range(count) for unit in gone):
# +     if len(gone) >= count or not all(unit in range(count) for unit in gone):


# %% item="units" wrong="refuses all, but not what is not there" keeps=1 hint="A request that can't be met"
def remove_units(layer, reader, gone):
    kept = [unit for unit in range(layer.out_features) if unit not in gone]
    if not kept:
        raise ValueError("nothing left")
    first = nn.Linear(layer.in_features, len(kept), bias=layer.bias is not None)
    first.weight.data = layer.weight.data[kept]
    if layer.bias is not None:
        first.bias.data = layer.bias.data[kept]
    second = nn.Linear(len(kept), reader.out_features)
    second.weight.data, second.bias.data = reader.weight.data[:, kept], reader.bias.data.clone()
    return first, second


# %% item="units" wrong="cut in place" keeps=1 hint="What was passed in has changed"
def remove_units(layer, reader, gone):
    kept = [unit for unit in range(layer.out_features) if unit not in gone]
    if not kept or not set(gone) <= set(range(layer.out_features)):
        raise ValueError("no")
    first = nn.Linear(layer.in_features, len(kept), bias=layer.bias is not None)
    first.weight.data = layer.weight.data[kept]
    if layer.bias is not None:
        first.bias.data = layer.bias.data[kept]
    second = nn.Linear(len(kept), reader.out_features)
    second.weight.data, second.bias.data = reader.weight.data[:, kept], reader.bias.data.clone()
    reader.weight.data[:, list(gone)] = 0
    return first, second


# %% item="units" wrong="zeros in place of no bias" like="reference" keeps=1 hint="only where the old one has"
# -     smaller = nn.Linear(layer.in_features, len(kept), bias=layer.bias is not None)
# +     smaller = nn.Linear(layer.in_features, len(kept))
# +     smaller.bias.data.zero_()


# %% item="units" wrong="sorts the list that it was given" like="reference" keeps=1 hint="The list that was passed in"
# -     count = layer.out_features
# +     gone.sort()
# +     count = layer.out_features


# %% item="macs" right="with the formula for the map's size"
def macs(model, images):
    _, _, height, width = images.shape
    total = 0
    for part in model:
        if isinstance(part, (nn.Conv2d, nn.MaxPool2d)):
            size, stride, padding = part.kernel_size, part.stride, part.padding
            pair = lambda v: v if isinstance(v, tuple) else (v, v)
            (kh, kw), (sh, sw), (ph, pw) = pair(size), pair(stride), pair(padding)
            height = (height + 2 * ph - kh) // sh + 1
            width = (width + 2 * pw - kw) // sw + 1
            if isinstance(part, nn.Conv2d):
                total += height * width * part.out_channels * part.in_channels * kh * kw
        elif isinstance(part, nn.Linear):
            total += part.in_features * part.out_features
    return total


# %% item="macs" wrong="one stride and one padding for both sides" like="with the formula for the map's size" keeps=1 hint="can differ between height and width"
# -             (kh, kw), (sh, sw), (ph, pw) = pair(size), pair(stride), pair(padding)
# +             (kh, kw), (sh, _), (ph, _) = pair(size), pair(stride), pair(padding)
# +             sw, pw = sh, ph


# %% item="macs" right="with hooks"
def macs(model, images):
    counts = []

    def note(layer, inputs, output):
        if isinstance(layer, nn.Conv2d):
            counts.append(output[0, 0].numel() * layer.weight.numel())
        else:
            counts.append(layer.weight.numel())

    hooks = [
        layer.register_forward_hook(note)
        for layer in model.modules()
        if isinstance(layer, (nn.Conv2d, nn.Linear))
    ]
    model(images[:1])
    for hook in hooks:
        hook.remove()
    return sum(counts)


# %% item="macs" right="with PyTorch's counter"
def macs(model, images):
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(images[:1])
    return counter.get_total_flops() // 2


# %% item="macs" wrong="parameters" hint="expected 288"
def macs(model, images):
    return sum(p.numel() for p in model.parameters())


# %% item="macs" wrong="weights, each once" hint="expected 288"
def macs(model, images):
    return sum(part.weight.numel() for part in model if isinstance(part, (nn.Conv2d, nn.Linear)))


# %% item="macs" wrong="biases too" hint="expected 288"
def macs(model, images):
    total = 0
    for part in model:
        images = part(images)
        if isinstance(part, nn.Conv2d):
            places = images.shape[2] * images.shape[3]
            total += places * sum(p.numel() for p in part.parameters())
        elif isinstance(part, nn.Linear):
            total += sum(p.numel() for p in part.parameters())
    return total


# %% item="macs" wrong="the batch too" keeps=1 hint="expected 288 + 24"
def macs(model, images):
    total = 0
    for part in model:
        images = part(images)
        if isinstance(part, nn.Conv2d):
            total += len(images) * images.shape[2] * images.shape[3] * part.weight.numel()
        elif isinstance(part, nn.Linear):
            total += len(images) * part.weight.numel()
    return total


# %% item="macs" wrong="the map that goes in" keeps=1 hint="the map that goes in"
def macs(model, images):
    total = 0
    for part in model:
        if isinstance(part, nn.Conv2d):
            total += images.shape[2] * images.shape[3] * part.weight.numel()
        elif isinstance(part, nn.Linear):
            total += part.weight.numel()
        images = part(images)
    return total


# %% item="macs" wrong="one input channel" like="reference" keeps=0 hint="How many input channels does one filter read?"
# -             total += images.shape[2] * images.shape[3] * part.weight.numel()
# +             kh, kw = part.kernel_size
# +             total += images.shape[2] * images.shape[3] * part.out_channels * kh * kw


# %% item="macs" wrong="square filters only" keeps=1 hint="as wide as high"
def macs(model, images):
    total = 0
    for part in model:
        images = part(images)
        if isinstance(part, nn.Conv2d):
            each = part.in_channels * part.kernel_size[0] ** 2
            total += images.shape[2] * images.shape[3] * part.out_channels * each
        elif isinstance(part, nn.Linear):
            total += part.in_features * part.out_features
    return total


# %% item="macs" wrong="convolutions only" like="reference" keeps=1 hint="expected 288 + 24"
# -         elif isinstance(part, nn.Linear):
# -             total += part.weight.numel()

# %% item="macs" wrong="FLOPs" like="with PyTorch's counter" hint="expected 288"
# -     return counter.get_total_flops() // 2
# +     return counter.get_total_flops()


# %% item="two_of_four" right="sorted, in loops"
def mask_2_of_4(weight):
    rows, columns = weight.shape
    if columns % 4 != 0:
        raise ValueError("columns must be a multiple of 4")
    mask = torch.zeros(rows, columns)
    for row in range(rows):
        for start in range(0, columns, 4):
            places = sorted(range(start, start + 4), key=lambda c: -abs(float(weight[row, c])))
            mask[row, places[0]] = mask[row, places[1]] = 1
    return mask


def packed_bytes(weight):
    values = weight.numel() // 2
    bits = 2 * values
    return values * weight.element_size() + bits // 8 + (bits % 8 > 0)


# %% item="two_of_four" right="ranks, as booleans"
def mask_2_of_4(weight):
    rows, columns = weight.shape
    if columns % 4:
        raise ValueError(columns)
    groups = weight.abs().contiguous().view(rows, columns // 4, 4)
    ranks = groups.argsort(dim=2).argsort(dim=2)
    return (ranks >= 2).view(rows, columns)


def packed_bytes(weight):
    import math

    groups = weight.numel() / 4
    return int(groups * 2 * weight.element_size()) + math.ceil(groups / 2)


# %% item="two_of_four" wrong="half of each row" keeps=1 hint="Count group by group"
def mask_2_of_4(weight):
    if weight.shape[1] % 4:
        raise ValueError("fours")
    best = weight.abs().topk(weight.shape[1] // 2, dim=1).indices
    return torch.zeros(weight.shape).scatter(1, best, 1)


def packed_bytes(weight):
    groups = weight.numel() // 4
    return 2 * groups * weight.element_size() + -(-groups // 2)


# %% item="two_of_four" wrong="a threshold in each group" like="half of each row" keeps=2 hint="also among equal ones"
# -     best = weight.abs().topk(weight.shape[1] // 2, dim=1).indices
# -     return torch.zeros(weight.shape).scatter(1, best, 1)
# +     groups = weight.abs().reshape(-1, 4)
# +     second = groups.sort(dim=1).values[:, 2:3]
# +     return (groups >= second).float().reshape(weight.shape)


# %% item="two_of_four" wrong="just half of the bytes" keeps=2 hint="expected 9 bytes"
def mask_2_of_4(weight):
    if weight.shape[1] % 4:
        raise ValueError("fours")
    groups = weight.abs().reshape(-1, 4)
    best = groups.topk(2, dim=1).indices
    return torch.zeros_like(groups).scatter(1, best, 1).reshape(weight.shape)


def packed_bytes(weight):
    return weight.numel() // 2 * weight.element_size()


# %% item="two_of_four" wrong="a byte for each place" like="just half of the bytes" keeps=2 hint="expected 9 bytes"
# -     return weight.numel() // 2 * weight.element_size()
# +     values = weight.numel() // 2
# +     return values * weight.element_size() + values

# %% item="two_of_four" wrong="the two largest numbers, signs and all" like="half of each row" keeps=1 hint="not [["
# -     best = weight.abs().topk(weight.shape[1] // 2, dim=1).indices
# -     return torch.zeros(weight.shape).scatter(1, best, 1)
# +     groups = weight.reshape(-1, 4)
# +     best = groups.topk(2, dim=1).indices
# +     return torch.zeros_like(groups).scatter(1, best, 1).reshape(weight.shape)


# %% item="two_of_four" wrong="pads what does not fit, always float32" keeps=1 hint="Does every type of number take 4 bytes?"
def mask_2_of_4(weight):
    rows, columns = weight.shape
    padded = F.pad(weight, (0, -columns % 4))
    groups = padded.abs().reshape(-1, 4)
    best = groups.topk(2, dim=1).indices
    return torch.zeros_like(groups).scatter(1, best, 1).reshape(rows, -1)[:, :columns]


def packed_bytes(weight):
    return weight.numel() * 2 + -(-weight.numel() // 8)


# %% item="two_of_four" wrong="zeros left out, bits cut off" keeps=1 hint="also among equal ones"
def mask_2_of_4(weight):
    if weight.shape[1] % 4:
        raise ValueError("fours")
    groups = weight.abs().reshape(-1, 4)
    best = groups.topk(2, dim=1).indices
    mask = torch.zeros_like(groups).scatter(1, best, 1) * (groups > 0)
    return mask.reshape(weight.shape)


def packed_bytes(weight):
    values = int((weight * mask_2_of_4(weight) != 0).sum())
    return values * weight.element_size() + weight.numel() // 8


# %% item="two_of_four" wrong="squares, which vanish in float16" keeps=2 hint="tiny, huge or nearly equal"
def mask_2_of_4(weight):
    if weight.shape[1] % 4:
        raise ValueError("no groups of four")
    groups = (weight.detach() ** 2).reshape(-1, 4)
    return torch.zeros_like(groups).scatter(1, groups.topk(2).indices, 1).reshape(weight.shape)


def packed_bytes(weight):
    groups = weight.numel() // 4
    return 2 * groups * weight.element_size() + (4 * groups + 7) // 8


# %% item="two_of_four" wrong="thousandths" like="squares, which vanish in float16" keeps=2 hint="tiny, huge or nearly equal"
# -     groups = (weight.detach() ** 2).reshape(-1, 4)
# +     groups = (weight.detach().abs() * 1000).long().reshape(-1, 4)

# %% item="two_of_four" wrong="ties broken with an addend" like="squares, which vanish in float16" keeps=2 hint="nearly equal"
# -     groups = (weight.detach() ** 2).reshape(-1, 4)
# -     return torch.zeros_like(groups).scatter(1, groups.topk(2).indices, 1).reshape(weight.shape)
# +     groups = weight.detach().abs().float().reshape(-1, 4) + 0.1 * torch.arange(4)
# +     return (groups >= groups.sort().values[:, 2:3]).reshape(weight.shape)


# %% item="two_of_four" right="a mask of NumPy's"
def mask_2_of_4(weight):
    import numpy as np

    rows, columns = weight.shape
    if columns % 4:
        raise ValueError("no groups of four")
    groups = np.abs(weight.detach().double().numpy()).reshape(rows, columns // 4, 4)
    mask = np.zeros(groups.shape, dtype=bool)
    np.put_along_axis(mask, np.argsort(-groups, axis=-1)[..., :2], True, axis=-1)
    return mask.reshape(rows, columns)


def packed_bytes(weight):
    values = weight.numel() // 2
    return values * weight.element_size() + math.ceil(values / 4)


# %% item="channels" right="new parts, a new model"
def remove_channels(model, place, gone):
    conv = model[place]
    n = conv.out_channels
    if any(c < 0 or c >= n for c in gone):
        raise ValueError(f"no such channel in {gone}")
    kept = torch.tensor([c for c in range(n) if c not in gone], dtype=torch.long)
    if not len(kept):
        raise ValueError("no channel is left")
    parts = [copy.deepcopy(part) for part in model]
    new = nn.Conv2d(
        conv.in_channels,
        len(kept),
        conv.kernel_size,
        conv.stride,
        conv.padding,
        conv.dilation,
        bias=conv.bias is not None,
        padding_mode=conv.padding_mode,
    )
    new.weight.data = conv.weight.data[kept].clone()
    if conv.bias is not None:
        new.bias.data = conv.bias.data[kept].clone()
    parts[place] = new
    for i in range(place + 1, len(parts)):
        part = parts[i]
        if isinstance(part, nn.BatchNorm2d):
            norm = nn.BatchNorm2d(len(kept), eps=part.eps)
            norm.load_state_dict(
                {k: v[kept] if v.dim() else v for k, v in part.state_dict().items()}
            )
            parts[i] = norm
        elif isinstance(part, nn.Conv2d):
            reader = nn.Conv2d(
                len(kept),
                part.out_channels,
                part.kernel_size,
                part.stride,
                part.padding,
                part.dilation,
                bias=part.bias is not None,
                padding_mode=part.padding_mode,
            )
            reader.weight.data = part.weight.data[:, kept].clone()
            if part.bias is not None:
                reader.bias.data = part.bias.data.clone()
            parts[i] = reader
            break
        elif isinstance(part, nn.Linear) and any(
            isinstance(other, nn.Flatten) for other in model[place + 1 :]
        ):
            by_channel = part.weight.data.view(part.out_features, n, -1)[:, kept]
            reader = nn.Linear(by_channel[0].numel(), part.out_features, bias=part.bias is not None)
            reader.weight.data = by_channel.flatten(1)
            if part.bias is not None:
                reader.bias.data = part.bias.data.clone()
            parts[i] = reader
            break
        elif type(part) not in (nn.ReLU, nn.MaxPool2d, nn.Flatten):
            raise ValueError(f"{part} is not supported")
    else:
        raise ValueError("no reader")
    return nn.Sequential(*parts).eval()


# %% item="channels" wrong="new layers know weights only" keeps=3 hint="Did stride, padding and dilation come along?"
def remove_channels(model, place, gone):
    conv = model[place]
    n = conv.out_channels
    if any(c < 0 or c >= n for c in gone):
        raise ValueError(f"no such channel in {gone}")
    kept = torch.tensor([c for c in range(n) if c not in gone], dtype=torch.long)
    if not len(kept):
        raise ValueError("no channel is left")
    parts = [copy.deepcopy(part) for part in model]
    new = nn.Conv2d(
        conv.in_channels,
        len(kept),
        conv.kernel_size,
        padding=conv.padding,
        bias=conv.bias is not None,
        padding_mode=conv.padding_mode,
    )
    new.weight.data = conv.weight.data[kept].clone()
    if conv.bias is not None:
        new.bias.data = conv.bias.data[kept].clone()
    parts[place] = new
    for i in range(place + 1, len(parts)):
        part = parts[i]
        if isinstance(part, nn.BatchNorm2d):
            norm = nn.BatchNorm2d(len(kept))
            norm.load_state_dict(
                {k: v[kept] if v.dim() else v for k, v in part.state_dict().items()}
            )
            parts[i] = norm
        elif isinstance(part, nn.Conv2d):
            reader = nn.Conv2d(
                len(kept),
                part.out_channels,
                part.kernel_size,
                padding=part.padding,
                bias=part.bias is not None,
                padding_mode=part.padding_mode,
            )
            reader.weight.data = part.weight.data[:, kept].clone()
            if part.bias is not None:
                reader.bias.data = part.bias.data.clone()
            parts[i] = reader
            break
        elif isinstance(part, nn.Linear) and any(
            isinstance(other, nn.Flatten) for other in model[place + 1 :]
        ):
            by_channel = part.weight.data.view(part.out_features, n, -1)[:, kept]
            reader = nn.Linear(by_channel[0].numel(), part.out_features, bias=part.bias is not None)
            reader.weight.data = by_channel.flatten(1)
            if part.bias is not None:
                reader.bias.data = part.bias.data.clone()
            parts[i] = reader
            break
        elif type(part) not in (nn.ReLU, nn.MaxPool2d, nn.Flatten):
            raise ValueError(f"{part} is not supported")
    else:
        raise ValueError("no reader")
    return nn.Sequential(*parts).eval()


# %% item="channels" wrong="batch norm with the usual eps" like="new parts, a new model" keeps=3 hint="What else does a layer know but its weights?"
# -             norm = nn.BatchNorm2d(len(kept), eps=part.eps)
# +             norm = nn.BatchNorm2d(len(kept))

# %% item="channels" wrong="parts that nothing changes are shared" like="new parts, a new model" keeps=3 hint="Are all its parts new?"
# -     parts = [copy.deepcopy(part) for part in model]
# +     parts = list(model)

# %% item="channels" wrong="refuses what it has met so far" like="new parts, a new model" keeps=3 hint="Which ones do you refuse?"
# -         elif type(part) not in (nn.ReLU, nn.MaxPool2d, nn.Flatten):
# +         elif isinstance(part, nn.Softmax):


# %% item="channels" right="a mask of columns"
def remove_channels(model, place, gone):
    net = copy.deepcopy(model)
    count = net[place].out_channels
    if len(set(gone) - set(range(count))) > 0:
        raise ValueError("there is no such channel")
    stays = torch.tensor([channel not in gone for channel in range(count)])
    if not bool(stays.any()):
        raise ValueError("at least one channel must stay")
    following = [
        i for i in range(place + 1, len(net)) if isinstance(net[i], (nn.Conv2d, nn.Linear))
    ]
    if not following:
        raise ValueError("no layer reads these channels")
    reader = net[following[0]]
    between = list(net[place + 1 : following[0]])
    if isinstance(reader, nn.Linear) and not any(type(part) is nn.Flatten for part in between):
        raise ValueError("a linear layer reads columns")
    for part in between:
        if not isinstance(part, (nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, nn.Flatten)):
            raise ValueError(f"unknown part {part}")
        if isinstance(part, nn.BatchNorm2d):
            for name in ("weight", "bias"):
                setattr(part, name, nn.Parameter(getattr(part, name).data[stays]))
            for name in ("running_mean", "running_var"):
                setattr(part, name, getattr(part, name)[stays])
            part.num_features = int(stays.sum())
    conv = net[place]
    conv.out_channels = int(stays.sum())
    conv.weight = nn.Parameter(conv.weight.data[stays])
    if conv.bias is not None:
        conv.bias = nn.Parameter(conv.bias.data[stays])
    columns = stays.repeat_interleave(reader.weight.shape[1] // count)
    reader.weight = nn.Parameter(reader.weight.data[:, columns])
    if isinstance(reader, nn.Conv2d):
        reader.in_channels = int(columns.sum())
    else:
        reader.in_features = int(columns.sum())
    return net


# %% item="channels" wrong="batch norm: weight and bias only" keeps=1 hint="running_mean should contain"
def remove_channels(model, place, gone):
    count = model[place].out_channels
    kept = [channel for channel in range(count) if channel not in gone]
    if not kept:
        raise ValueError("no channel would be left")
    if any(channel not in range(count) for channel in gone):
        raise ValueError(f"channels are 0 to {count - 1}, not {gone}")
    smaller = copy.deepcopy(model)
    conv = smaller[place]
    conv.weight = nn.Parameter(conv.weight.detach()[kept])
    if conv.bias is not None:
        conv.bias = nn.Parameter(conv.bias.detach()[kept])
    conv.out_channels = len(kept)
    for part in list(smaller)[place + 1 :]:
        if isinstance(part, nn.BatchNorm2d):
            part.weight = nn.Parameter(part.weight.detach()[kept])
            part.bias = nn.Parameter(part.bias.detach()[kept])
            part.num_features = len(kept)
        elif isinstance(part, nn.Conv2d):
            part.weight = nn.Parameter(part.weight.detach()[:, kept])
            part.in_channels = len(kept)
            return smaller
        elif isinstance(part, nn.Linear) and any(
            isinstance(other, nn.Flatten) for other in model[place + 1 :]
        ):
            each = part.in_features // count
            columns = [each * channel + i for channel in kept for i in range(each)]
            part.weight = nn.Parameter(part.weight.detach()[:, columns])
            part.in_features = len(columns)
            return smaller
        elif not isinstance(part, (nn.ReLU, nn.MaxPool2d, nn.Flatten)):
            raise ValueError("what is this?")
    raise ValueError("nothing reads these channels")


# %% item="channels" wrong="a new batch norm with fresh statistics" like="batch norm: weight and bias only" keeps=0 hint="sent nothing but 0"
# -             part.bias = nn.Parameter(part.bias.detach()[kept])
# +             part.bias = nn.Parameter(part.bias.detach()[kept])
# +             part.running_mean = torch.zeros(len(kept))
# +             part.running_var = torch.ones(len(kept))


# %% item="channels" wrong="columns that alternate after flatten" keeps=2 hint="Which columns belong to one channel?"
def remove_channels(model, place, gone):
    count = model[place].out_channels
    kept = [channel for channel in range(count) if channel not in gone]
    if not kept:
        raise ValueError("no channel would be left")
    if any(channel not in range(count) for channel in gone):
        raise ValueError(f"channels are 0 to {count - 1}, not {gone}")
    smaller = copy.deepcopy(model)
    conv = smaller[place]
    conv.weight = nn.Parameter(conv.weight.detach()[kept])
    if conv.bias is not None:
        conv.bias = nn.Parameter(conv.bias.detach()[kept])
    conv.out_channels = len(kept)
    for part in list(smaller)[place + 1 :]:
        if isinstance(part, nn.BatchNorm2d):
            part.weight = nn.Parameter(part.weight.detach()[kept])
            part.bias = nn.Parameter(part.bias.detach()[kept])
            part.running_mean = part.running_mean[kept]
            part.running_var = part.running_var[kept]
            part.num_features = len(kept)
        elif isinstance(part, nn.Conv2d):
            part.weight = nn.Parameter(part.weight.detach()[:, kept])
            part.in_channels = len(kept)
            return smaller
        elif isinstance(part, nn.Linear) and any(
            isinstance(other, nn.Flatten) for other in model[place + 1 :]
        ):
            each = part.in_features // count
            columns = [count * i + channel for i in range(each) for channel in kept]
            part.weight = nn.Parameter(part.weight.detach()[:, columns])
            part.in_features = len(columns)
            return smaller
        elif not isinstance(part, (nn.ReLU, nn.MaxPool2d, nn.Flatten)):
            raise ValueError("what is this?")
    raise ValueError("nothing reads these channels")


# %% item="channels" wrong="one column a channel after flatten" like="columns that alternate after flatten" keeps=2 hint="so 4 of them make 16 inputs"
# -             columns = [count * i + channel for i in range(each) for channel in kept]
# +             columns = kept

# %% item="channels" wrong="the reader's outputs are cut" like="batch norm: weight and bias only" keeps=1 hint="out of bounds"
# -             part.num_features = len(kept)
# -         elif isinstance(part, nn.Conv2d):
# -             part.weight = nn.Parameter(part.weight.detach()[:, kept])
# +             part.running_mean = part.running_mean[kept]
# +             part.running_var = part.running_var[kept]
# +             part.num_features = len(kept)
# +         elif isinstance(part, nn.Conv2d):
# +             part.weight = nn.Parameter(part.weight.detach()[kept])


# %% item="channels" wrong="in place" keeps=1 hint="should not change"
def remove_channels(model, place, gone):
    count = model[place].out_channels
    kept = [channel for channel in range(count) if channel not in gone]
    if not kept:
        raise ValueError("no channel would be left")
    if any(channel not in range(count) for channel in gone):
        raise ValueError(f"channels are 0 to {count - 1}, not {gone}")
    smaller = model
    conv = smaller[place]
    conv.weight = nn.Parameter(conv.weight.detach()[kept])
    if conv.bias is not None:
        conv.bias = nn.Parameter(conv.bias.detach()[kept])
    conv.out_channels = len(kept)
    for part in list(smaller)[place + 1 :]:
        if isinstance(part, nn.BatchNorm2d):
            part.weight = nn.Parameter(part.weight.detach()[kept])
            part.bias = nn.Parameter(part.bias.detach()[kept])
            part.running_mean = part.running_mean[kept]
            part.running_var = part.running_var[kept]
            part.num_features = len(kept)
        elif isinstance(part, nn.Conv2d):
            part.weight = nn.Parameter(part.weight.detach()[:, kept])
            part.in_channels = len(kept)
            return smaller
        elif isinstance(part, nn.Linear) and any(
            isinstance(other, nn.Flatten) for other in model[place + 1 :]
        ):
            each = part.in_features // count
            columns = [each * channel + i for channel in kept for i in range(each)]
            part.weight = nn.Parameter(part.weight.detach()[:, columns])
            part.in_features = len(columns)
            return smaller
        elif not isinstance(part, (nn.ReLU, nn.MaxPool2d, nn.Flatten)):
            raise ValueError("what is this?")
    raise ValueError("nothing reads these channels")


# %% item="channels" wrong="unknown parts are passed over" like="columns that alternate after flatten" keeps=3 hint="A part that mixes channels"
# -             columns = [count * i + channel for i in range(each) for channel in kept]
# -             part.weight = nn.Parameter(part.weight.detach()[:, columns])
# -             part.in_features = len(columns)
# -             return smaller
# -         elif not isinstance(part, (nn.ReLU, nn.MaxPool2d, nn.Flatten)):
# -             raise ValueError("what is this?")
# +             columns = [each * channel + i for channel in kept for i in range(each)]
# +             part.weight = nn.Parameter(part.weight.detach()[:, columns])
# +             part.in_features = len(columns)
# +             return smaller

# %% item="channels" wrong="no check at all" like="in place" keeps=3 hint="should raise a ValueError"
# -     if not kept:
# -         raise ValueError("no channel would be left")
# -     if any(channel not in range(count) for channel in gone):
# -         raise ValueError(f"channels are 0 to {count - 1}, not {gone}")
# -     smaller = model
# +     smaller = copy.deepcopy(model)


# %% item="channels" wrong="channels set to zero, nothing removed" keeps=0 hint="expected (4, 2, 3, 3)"
def remove_channels(model, place, gone):
    count = model[place].out_channels
    if len(set(gone)) >= count or not set(gone) <= set(range(count)):
        raise ValueError("no")
    model = copy.deepcopy(model)
    with torch.no_grad():
        model[place].weight[gone] = 0
        if model[place].bias is not None:
            model[place].bias[gone] = 0
    return model


# %% item="channels" wrong="errors without a word" keeps=3 hint="a message that tells why"
def remove_channels(model, place, gone):
    count = model[place].out_channels
    kept = [channel for channel in range(count) if channel not in gone]
    if not kept:
        raise ValueError
    if any(channel not in range(count) for channel in gone):
        raise ValueError
    smaller = copy.deepcopy(model)
    conv = smaller[place]
    conv.weight = nn.Parameter(conv.weight.detach()[kept])
    if conv.bias is not None:
        conv.bias = nn.Parameter(conv.bias.detach()[kept])
    conv.out_channels = len(kept)
    flat = False
    for part in list(smaller)[place + 1 :]:
        if isinstance(part, nn.BatchNorm2d):
            part.weight = nn.Parameter(part.weight.detach()[kept])
            part.bias = nn.Parameter(part.bias.detach()[kept])
            part.running_mean = part.running_mean[kept]
            part.running_var = part.running_var[kept]
            part.num_features = len(kept)
        elif isinstance(part, nn.Conv2d) and not flat:
            part.weight = nn.Parameter(part.weight.detach()[:, kept])
            part.in_channels = len(kept)
            return smaller
        elif isinstance(part, nn.Linear) and flat:
            each = part.in_features // count
            columns = [each * channel + i for channel in kept for i in range(each)]
            part.weight = nn.Parameter(part.weight.detach()[:, columns])
            part.in_features = len(columns)
            return smaller
        elif isinstance(part, nn.Flatten):
            flat = True
        elif not isinstance(part, (nn.ReLU, nn.MaxPool2d)):
            raise ValueError
    raise ValueError


# %% item="channels" wrong="a linear layer without a flatten" like="reference" keeps=3 hint="reads the columns of a map"
# -         elif isinstance(part, nn.Linear) and flat:
# +         elif isinstance(part, nn.Linear):

# %% item="channels" wrong="dropout and tanh are passed over, too" like="reference" keeps=3 hint="Which ones do you refuse?"
# -         elif not isinstance(part, (nn.ReLU, nn.MaxPool2d)):
# +         elif not isinstance(part, (nn.ReLU, nn.MaxPool2d, nn.Dropout, nn.Tanh)):

# %% item="channels" wrong="refuses parts behind the reader as well" like="reference" keeps=3 hint="A hidden check"
# -     flat = False
# +     for part in model[place + 1 :]:
# +         if not isinstance(
# +             part,
# +             (nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, nn.Flatten, nn.Linear),
# +         ):
# +             raise ValueError(f"{part} is none of those named")
# +     flat = False

# %% item="channels" wrong="sorts the list that it was given" like="reference" keeps=3 hint="The list that was passed in"
# -     count = model[place].out_channels
# +     gone.sort()
# +     count = model[place].out_channels


# %% item="constant" right="one unit after the other"
def drop_constant_units(layer, reader):
    w, b = layer.weight.detach(), layer.bias.detach()
    v, c = reader.weight.detach(), reader.bias.detach().clone()
    kept = []
    for unit in range(layer.out_features):
        last = unit == layer.out_features - 1 and not kept
        if torch.count_nonzero(w[unit]) == 0 and not last:
            c = c + v[:, unit] * max(float(b[unit]), 0.0)
        else:
            kept.append(unit)
    first, second = nn.Linear(w.shape[1], len(kept)), nn.Linear(len(kept), v.shape[0])
    first.weight.data, first.bias.data = w[kept], b[kept]
    second.weight.data, second.bias.data = v[:, kept], c
    return first, second


# %% item="constant" right="the constant through the reader itself"
def drop_constant_units(layer, reader):
    alive = layer.weight.detach().abs().amax(1) > 0
    if not alive.any():
        alive[-1] = True
    kept = alive.nonzero().flatten()
    small, small_reader = copy.deepcopy(layer), copy.deepcopy(reader)
    small.weight = nn.Parameter(layer.weight.detach()[kept])
    small.bias = nn.Parameter(layer.bias.detach()[kept])
    small.out_features = small_reader.in_features = len(kept)
    sent = F.relu(layer.bias.detach()) * ~alive
    small_reader.bias = nn.Parameter(reader(sent).detach())
    small_reader.weight = nn.Parameter(reader.weight.detach()[:, kept])
    return small, small_reader


# %% item="constant" wrong="removed as dead, nothing folded" like="reference" keeps=0 hint="the first output was"
# -     sent = F.relu(layer.bias.data[constant])
# -     smaller_reader.bias.data = reader.bias.data + reader.weight.data[:, constant] @ sent
# +     smaller_reader.bias.data = reader.bias.data.clone()

# %% item="constant" wrong="the ReLU forgotten" like="reference" keeps=1 hint="when such a bias is negative"
# -     sent = F.relu(layer.bias.data[constant])
# +     sent = layer.bias.data[constant]

# %% item="constant" wrong="the bias itself added, without the reader's weight" like="reference" keeps=0 hint="the first output was"
# -     smaller_reader.bias.data = reader.bias.data + reader.weight.data[:, constant] @ sent
# +     smaller_reader.bias.data = reader.bias.data + sent.sum()

# %% item="constant" wrong="weights that sum to zero" like="reference" keeps=1 hint="Which units depend on no input"
# -     constant = (layer.weight.detach() == 0).all(1)
# +     constant = layer.weight.detach().sum(1).abs() < 1e-6

# %% item="constant" wrong="small norms too" like="reference" keeps=1 hint="Which units depend on no input"
# -     constant = (layer.weight.detach() == 0).all(1)
# +     constant = layer.weight.detach().norm(dim=1) < 1e-2

# %% item="constant" wrong="all may go" like="reference" keeps=1 hint="exactly one should stay"
# -     if constant.all():
# -         constant[0] = False

# %% item="constant" wrong="in place" like="reference" keeps=1 hint="What was passed in has changed"
# -     smaller_reader.bias.data = reader.bias.data + reader.weight.data[:, constant] @ sent
# +     smaller_reader.bias.data = reader.bias.data + reader.weight.data[:, constant] @ sent
# +     reader.bias.data = smaller_reader.bias.data.clone()

# %% item="constant" wrong="only units whose bias is zero as well" like="reference" keeps=0 hint="one unit of four should go"
# -     constant = (layer.weight.detach() == 0).all(1)
# +     constant = (layer.weight.detach() == 0).all(1) & (layer.bias.detach() == 0)

# %% item="constant" wrong="what is nearly zero is zero" like="reference" keeps=1 hint="Tiny weights are weights"
# -     constant = (layer.weight.detach() == 0).all(1)
# +     constant = layer.weight.detach().abs().sum(1) < 1e-6

# %% item="constant" wrong="the old layers where nothing goes" like="reference" keeps=1 hint="Are all parameters new?"
# -     if constant.all():
# +     if not constant.any():
# +         return layer, reader
# +     if constant.all():

# %% item="constant" wrong="units that nothing reads go as well" like="reference" keeps=1 hint="Which units depend on no input"
# -     constant = (layer.weight.detach() == 0).all(1)
# +     constant = (layer.weight.detach() == 0).all(1) | (reader.weight.detach() == 0).all(0)


# %% item="slim" right="cut in a copy"
def slim(model, keep):
    model = copy.deepcopy(model)
    conv, norm, linear = model[0], model[1], model[4]
    count = conv.out_channels
    scores = conv.weight.detach().abs().sum((1, 2, 3))
    kept = sorted(range(count), key=lambda c: float(scores[c]))[count - keep :]
    kept.sort()
    each = linear.in_features // count
    columns = [c * each + i for c in kept for i in range(each)]
    conv.weight = nn.Parameter(conv.weight.detach()[kept])
    conv.bias = nn.Parameter(conv.bias.detach()[kept])
    conv.out_channels = norm.num_features = keep
    norm.weight = nn.Parameter(norm.weight.detach()[kept])
    norm.bias = nn.Parameter(norm.bias.detach()[kept])
    norm.running_mean, norm.running_var = norm.running_mean[kept], norm.running_var[kept]
    linear.weight = nn.Parameter(linear.weight.detach()[:, columns])
    linear.in_features = len(columns)
    return model


# %% item="slim" right="topk, and a state_dict for batch norm"
def slim(model, keep):
    conv, norm, relu, flatten, linear = model
    kept = conv.weight.detach().abs().flatten(1).sum(1).topk(keep).indices.sort().values
    conv2 = nn.Conv2d(conv.in_channels, keep, conv.kernel_size, padding=conv.padding)
    conv2.load_state_dict({k: v[kept] for k, v in conv.state_dict().items()})
    norm2 = nn.BatchNorm2d(keep)
    state = {k: v[kept] if v.ndim else v for k, v in norm.state_dict().items()}
    norm2.load_state_dict(state)
    maps = linear.weight.data.unflatten(1, (conv.out_channels, -1))[:, kept].flatten(1)
    linear2 = nn.Linear(maps.shape[1], linear.out_features)
    linear2.weight.data, linear2.bias.data = maps, linear.bias.data.clone()
    return nn.Sequential(conv2, norm2, nn.ReLU(), nn.Flatten(), linear2).eval()


# %% item="slim" wrong="the bugs themselves" keeps=0 hint="should stay"
def slim(model, keep):
    conv, norm, relu, flatten, linear = model
    scores = conv.weight.detach().abs().flatten(1).sum(1)
    kept = scores.argsort()[:keep].sort().values

    conv2 = nn.Conv2d(conv.in_channels, keep, conv.kernel_size, padding=conv.padding)
    conv2.weight.data, conv2.bias.data = conv.weight.data[kept], conv.bias.data[kept]

    norm2 = nn.BatchNorm2d(keep)
    norm2.weight.data, norm2.bias.data = norm.weight.data[kept], norm.bias.data[kept]

    maps = linear.weight.data.reshape(linear.out_features, -1, conv.out_channels)
    linear2 = nn.Linear(maps.shape[1] * keep, linear.out_features)
    linear2.weight.data = maps[:, :, kept].reshape(linear.out_features, -1)
    linear2.bias.data = linear.bias.data.clone()
    return nn.Sequential(conv2, norm2, nn.ReLU(), nn.Flatten(), linear2).eval()


# %% item="slim" wrong="only the order mended" like="the bugs themselves" keeps=0 hint="with all five channels kept"
# -     kept = scores.argsort()[:keep].sort().values
# +     kept = scores.argsort(descending=True)[:keep].sort().values

# %% item="slim" wrong="columns still alternate" like="only the order mended" keeps=1 hint="Which columns does a channel own?"
# -     norm2.weight.data, norm2.bias.data = norm.weight.data[kept], norm.bias.data[kept]
# +     norm2.weight.data, norm2.bias.data = norm.weight.data[kept], norm.bias.data[kept]
# +     norm2.running_mean, norm2.running_var = norm.running_mean[kept], norm.running_var[kept]

# %% item="slim" wrong="statistics still fresh" like="only the order mended" keeps=0 hint="How many vectors"
# -     maps = linear.weight.data.reshape(linear.out_features, -1, conv.out_channels)
# -     linear2 = nn.Linear(maps.shape[1] * keep, linear.out_features)
# -     linear2.weight.data = maps[:, :, kept].reshape(linear.out_features, -1)
# +     maps = linear.weight.data.reshape(linear.out_features, conv.out_channels, -1)
# +     linear2 = nn.Linear(maps.shape[2] * keep, linear.out_features)
# +     linear2.weight.data = maps[:, kept].reshape(linear.out_features, -1)

# %% item="slim" wrong="the weakest still stay" like="reference" keeps=0 hint="should stay"
# -     conv, norm, _, _, linear = model
# -     scores = conv.weight.detach().abs().flatten(1).sum(1)
# -     kept = scores.argsort(descending=True)[:keep].sort().values
# +     conv, norm, relu, flatten, linear = model
# +     scores = conv.weight.detach().abs().flatten(1).sum(1)
# +     kept = scores.argsort()[:keep].sort().values

# %% item="slim" wrong="strongest first, order lost" like="the weakest still stay" keeps=1 hint="in this order"
# -     kept = scores.argsort()[:keep].sort().values
# +     kept = scores.argsort(descending=True)[:keep]


# %% item="difference" right="with torch, names typed"
def difference(one, other, pairs):
    one, other = torch.tensor(one).double() * 100, torch.tensor(other).double() * 100
    mean = float(one.mean() - other.mean())
    if pairs:
        if len(one) != len(other):
            raise ValueError("pairs need partners")
        return mean, STUDENT[len(one) - 1] * float((one - other).std()) / len(one) ** 0.5
    a, b = float(one.var()) / len(one), float(other.var()) / len(other)
    freedom = (a + b) ** 2 / (a * a / (len(one) - 1) + b * b / (len(other) - 1))
    return mean, STUDENT[math.floor(freedom)] * math.sqrt(a + b)


names = list(MEASURED)
shown = {names[2], names[0]}


# %% item="difference" right="with statistics"
def difference(one, other, pairs):
    from statistics import mean, stdev, variance

    points = 100 * (mean(one) - mean(other))
    if pairs:
        gains = [100 * (a - b) for a, b in zip(one, other, strict=True)]
        return (points, STUDENT[len(gains) - 1] * stdev(gains) / len(gains) ** 0.5)
    a, b = (10_000 * variance(values) / len(values) for values in (one, other))
    freedom = (a + b) ** 2 // (a**2 / (len(one) - 1) + b**2 / (len(other) - 1))
    return (points, STUDENT[int(freedom)] * (a + b) ** 0.5)


shown = []
for name, together in zip(MEASURED, (True, False, False, True)):
    mean, half = difference(*MEASURED[name], together)
    if not -half <= mean <= half:
        shown.append(name)


# %% item="difference" wrong="everything is a pair" keeps=1 hint="half is 2.778"
def difference(one, other, pairs):
    gains = [100 * (a - b) for a, b in zip(one, other, strict=True)]
    mean = sum(gains) / len(gains)
    spread = (sum((gain - mean) ** 2 for gain in gains) / (len(gains) - 1)) ** 0.5
    return mean, STUDENT[len(gains) - 1] * spread / len(gains) ** 0.5


shown = [
    name for name, two in MEASURED.items() if (d := difference(*two, True)) and abs(d[0]) > d[1]
]


# %% item="difference" wrong="all comparisons taken for pairs" keeps=1 hint="Only those are pairs"
def squared(values):
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values)


def difference(one, other, pairs):
    mean = 100 * (sum(one) / len(one) - sum(other) / len(other))
    if pairs:
        gains = [100 * (first - second) for first, second in zip(one, other, strict=True)]
        return mean, STUDENT[len(gains) - 1] * squared(gains) ** 0.5
    a, b = 100**2 * squared(one), 100**2 * squared(other)
    freedom = int((a + b) ** 2 / (a**2 / (len(one) - 1) + b**2 / (len(other) - 1)))
    return mean, STUDENT[freedom] * (a + b) ** 0.5


shown = [
    name for name, two in MEASURED.items() if (d := difference(*two, True)) and abs(d[0]) > d[1]
]


# %% item="difference" wrong="1.96 for so few" keeps=0 hint="t is 12.706"
def difference(one, other, pairs):
    one, other = torch.tensor(one).double() * 100, torch.tensor(other).double() * 100
    mean = float(one.mean() - other.mean())
    if pairs:
        if len(one) != len(other):
            raise ValueError("pairs")
        return mean, 1.96 * float((one - other).std()) / len(one) ** 0.5
    return mean, 1.96 * float(one.var() / len(one) + other.var() / len(other)) ** 0.5


shown = list(MEASURED)[::2]


# %% item="difference" wrong="the larger minus the smaller" keeps=1 hint="A difference has a sign"
def difference(one, other, pairs):
    one, other = torch.tensor(one).double() * 100, torch.tensor(other).double() * 100
    mean = abs(float(one.mean() - other.mean()))
    if pairs:
        if len(one) != len(other):
            raise ValueError("pairs")
        return mean, STUDENT[len(one) - 1] * float((one - other).std()) / len(one) ** 0.5
    a, b = float(one.var()) / len(one), float(other.var()) / len(other)
    freedom = int((a + b) ** 2 / (a * a / (len(one) - 1) + b * b / (len(other) - 1)))
    return mean, STUDENT[freedom] * (a + b) ** 0.5


shown = list(MEASURED)[::2]


# %% item="difference" wrong="as many degrees of freedom as there are networks" like="1.96 for so few" keeps=1 hint="half is 2.778"
# -         return mean, 1.96 * float((one - other).std()) / len(one) ** 0.5
# -     return mean, 1.96 * float(one.var() / len(one) + other.var() / len(other)) ** 0.5
# +         return mean, STUDENT[len(one) - 1] * float((one - other).std()) / len(one) ** 0.5
# +     a, b = float(one.var()) / len(one), float(other.var()) / len(other)
# +     return mean, STUDENT[len(one) + len(other) - 2] * (a + b) ** 0.5

# %% item="difference" wrong="pairs: the standard deviation over n" like="1.96 for so few" keeps=1 hint="half is 6.353"
# -         return mean, 1.96 * float((one - other).std()) / len(one) ** 0.5
# -     return mean, 1.96 * float(one.var() / len(one) + other.var() / len(other)) ** 0.5
# +         return mean, STUDENT[len(one) - 1] * float((one - other).std(correction=0)) / len(
# +             one
# +         ) ** 0.5
# +     a, b = float(one.var()) / len(one), float(other.var()) / len(other)
# +     freedom = int((a + b) ** 2 / (a * a / (len(one) - 1) + b * b / (len(other) - 1)))
# +     return mean, STUDENT[freedom] * (a + b) ** 0.5


# %% item="difference" wrong="fractions, and whoever is left over is dropped" keeps=0 hint="1.5 points above"
def difference(one, other, pairs):
    gains = [a - b for a, b in zip(one, other)]
    mean = sum(gains) / len(gains)
    return mean, STUDENT[len(gains) - 1] * torch.tensor(gains).std().item() / len(gains) ** 0.5


shown = list(MEASURED)


# %% item="difference" wrong="pairs of unequal length are cut" keeps=1 hint="A run without a partner"
def difference(one, other, pairs):
    if pairs:
        gains = 100 * torch.tensor([a - b for a, b in zip(one, other)]).double()
        return float(gains.mean()), STUDENT[len(gains) - 1] * float(gains.std()) / len(gains) ** 0.5
    one, other = torch.tensor(one).double() * 100, torch.tensor(other).double() * 100
    a, b = float(one.var()) / len(one), float(other.var()) / len(other)
    freedom = int((a + b) ** 2 / (a * a / (len(one) - 1) + b * b / (len(other) - 1)))
    return float(one.mean() - other.mean()), STUDENT[freedom] * (a + b) ** 0.5


shown = list(MEASURED)[::2]

# %% item="difference" wrong="no pairs, but the mean is still that of pairs" like="reference" keeps=1 hint="each list has a mean of its own"
# -     mean = 100 * (sum(one) / len(one) - sum(other) / len(other))
# +     gains = [100 * (first - second) for first, second in zip(one, other)]
# +     mean = sum(gains) / len(gains)

# %% item="difference" wrong="without pairs the sign is lost" like="reference" keeps=1 hint="with pairs and without"
# -     a, b = 100**2 * squared_error(one), 100**2 * squared_error(other)
# +     mean = abs(mean)
# +     a, b = 100**2 * squared_error(one), 100**2 * squared_error(other)


# %% [markdown] item="report" answer="names all three, with both halves"
# 0.3 points on one seed are noise: run at least three seeds, compare L1 and random seed by seed, and give an interval. Also compare
# with the dense network after the same two epochs and with the small network trained from scratch; otherwise you don't know whether
# it is the choice of channels that helps. MACs leave out batch norm, pooling and memory traffic, and every layer costs a fixed time to start, so
# the time falls less than the MACs. Measure both networks in turn on the phone and compare the medians. 2:4 does not halve the
# bytes: the places of the two values take 4 bits a group, so float16 is at 56 % and int8 at 62.5 %. And a phone CPU does not skip
# the zeros, only hardware with kernels for the pattern does, so expect the same time unless your chip supports it.


# %% [markdown] item="report" answer="right on time and 2:4, believes the criterion"
# L1 is known to be a good criterion, and it wins here too. Three times fewer MACs is not three times faster because memory access and
# pooling also take time; she should measure the latency on the phone. 2:4 needs metadata, so it is a bit more than half of the bytes,
# and it is only fast on NVIDIA cards with sparse tensor cores, not on the CPU of a phone.


# %% [markdown] item="report" answer="half of each"
# One seed is not enough to say that L1 is better than random. She has to benchmark the phone and not count MACs. For 2:4 the phone
# needs hardware that supports it.


# %% [markdown] item="report" answer="believes all of it"
# L1 removes the unimportant channels, so it is better, as the accuracy shows. The phone is slow because of its battery mode. 2:4 sets half of the
# weights to zero, so the file is half as large and there are half as many multiplications. Together it should be six times as fast.
