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
# # 03 · Choosing the range: answers that people give

# %% item="channels" right="a channel at a time"
def quantize_channels(weight, bits, axis):
    if weight.numel() == 0 or weight.isnan().any() or weight.isinf().any():
        raise ValueError("not finite, or empty")
    high = 2 ** (bits - 1) - 1
    moved = weight.movedim(axis, 0)
    codes = torch.zeros(moved.shape, dtype=torch.int8)
    scales = torch.ones([len(moved)] + [1] * (weight.dim() - 1))
    for n in range(len(moved)):
        most = float(moved[n].abs().max())
        if most > 0:
            scales[n] = most / high
            codes[n] = torch.round(moved[n].double() / (most / high)).to(torch.int8)
    return codes.movedim(0, axis), scales.movedim(0, axis)


# %% item="channels" right="flat, with the reciprocal"
def quantize_channels(weight, bits, axis):
    if not weight.numel() or not torch.isfinite(weight).all():
        raise ValueError("need finite weights")
    high = 2 ** (bits - 1) - 1
    flat = weight.transpose(0, axis).reshape(weight.shape[axis], -1)
    largest = flat.abs().max(1).values
    scales = largest / high
    scales[largest == 0] = 1.0
    form = [1] * weight.dim()
    form[axis] = -1
    scales = scales.reshape(form)
    return torch.clamp(torch.round(weight * (1 / scales)), -high, high).to(torch.int8), scales


# %% item="channels" wrong="one scale for all" hint="Which weights share a scale"
def quantize_channels(weight, bits, axis):
    if weight.numel() == 0 or not weight.isfinite().all():
        raise ValueError("not finite")
    high = 2 ** (bits - 1) - 1
    scale = weight.abs().max() / high
    shape = [1] * weight.dim()
    shape[axis] = weight.shape[axis]
    scales = scale.expand(shape).clone()
    return (weight / scales).round().clamp(-high, high).to(torch.int8), scales


# %% item="channels" wrong="always along rows" keeps=2 hint="along axis 1 the scales are"
def quantize_channels(weight, bits, axis):
    if weight.numel() == 0 or not weight.isfinite().all():
        raise ValueError("not finite")
    high = 2 ** (bits - 1) - 1
    largest = weight.abs().amax(list(range(1, weight.dim())), keepdim=True)
    scales = torch.where(largest == 0, 1.0, largest / high)
    return (weight / scales).round().clamp(-high, high).to(torch.int8), scales


# %% item="channels" wrong="the largest over the axis" like="always along rows" hint="not (1, 2)"
# -     largest = weight.abs().amax(list(range(1, weight.dim())), keepdim=True)
# +     largest = weight.abs().amax(axis, keepdim=True)


# %% item="channels" wrong="cut off" hint="Rounded, or cut off"
def quantize_channels(weight, bits, axis):
    if weight.numel() == 0 or not weight.isfinite().all():
        raise ValueError("not finite")
    high = 2 ** (bits - 1) - 1
    others = [d for d in range(weight.dim()) if d != axis % weight.dim()]
    largest = weight.abs().amax(others, keepdim=True) if others else weight.abs()
    scales = torch.where(largest == 0, 1.0, largest / high)
    return (weight / scales * 1.000001).to(torch.int8), scales


# %% item="channels" wrong="a channel of zeros divides by zero" keeps=2 hint="zeros stay zeros"
def quantize_channels(weight, bits, axis):
    if weight.numel() == 0 or not weight.isfinite().all():
        raise ValueError("not finite")
    high = 2 ** (bits - 1) - 1
    others = [d for d in range(weight.dim()) if d != axis % weight.dim()]
    scales = (weight.abs().amax(others, keepdim=True) if others else weight.abs()) / high
    codes = (weight / scales).round().nan_to_num(nan=1.0)
    return codes.clamp(-high, high).to(torch.int8), scales


# %% item="channels" wrong="a floor under the scale" like="cut off" keeps=2 hint="has the scale 1"
# -     scales = torch.where(largest == 0, 1.0, largest / high)
# -     return (weight / scales * 1.000001).to(torch.int8), scales
# +     scales = (largest / high).clamp(min=1e-8)
# +     return (weight / scales).round().clamp(-high, high).to(torch.int8), scales

# %% item="channels" wrong="lets NaN through" like="reference" keeps=2 hint="a NaN should raise ValueError"
# -     if weight.numel() == 0 or not weight.isfinite().all():
# -         raise ValueError("weights must be finite, and at least one")
# +     if weight.numel() == 0:
# +         raise ValueError("no weights")

# %% item="channels" wrong="scales in float64" like="reference" hint="should be torch.float32"
# -         raise ValueError("weights must be finite, and at least one")
# +         raise ValueError("not finite")
# +     weight = weight.double()

# %% item="channels" wrong="two dimensions only" like="always along rows" keeps=2 hint="a convolution, axis 1"
# -     largest = weight.abs().amax(list(range(1, weight.dim())), keepdim=True)
# +     largest = weight.abs().amax(1 - axis, keepdim=True)


# %% item="channels" wrong="multiplied before it is divided" like="reference" keeps=2 hint="nothing multiplied before"
# -     return (weight / scales).round().clamp(-high, high).to(torch.int8), scales
# +     codes = weight * high / torch.where(largest == 0, 1.0, largest)
# +     return codes.round().clamp(-high, high).to(torch.int8), scales


# %% item="clips" right="row by row in Python"
def best_clips(weight, bits, shares):
    high = 2 ** (bits - 1) - 1
    clips = []
    for row in weight.double():
        most = float(row.abs().max())
        if most == 0:
            clips.append(0.0)
            continue
        tried = []
        for share in shares:
            step = most * share / high
            back = torch.clamp(torch.round(row / step), -high, high) * step
            tried.append((float((row - back).pow(2).sum()), -share))
        clips.append(-min(tried)[1] * most)
    return torch.tensor(clips, dtype=torch.float32)


# %% item="clips" right="all shares at once"
def best_clips(weight, bits, shares):
    high = 2 ** (bits - 1) - 1
    ordered = torch.tensor(sorted(shares, reverse=True))
    clips = weight.abs().amax(1)[None] * ordered[:, None]
    scale = (clips / high)[..., None]
    scale = torch.where(scale == 0, torch.ones_like(scale), scale)
    back = (weight[None] / scale).round().clamp(-high, high) * scale
    errors = (back - weight).double().pow(2).sum(-1)
    return clips.gather(0, errors.argmin(0)[None])[0]


# %% item="clips" wrong="one share for all rows" hint="does each row choose for itself"
def best_clips(weight, bits, shares):
    high = 2 ** (bits - 1) - 1
    largest = weight.abs().amax(1, keepdim=True)

    def error(share):
        scale = torch.where(largest == 0, 1.0, largest * share / high)
        back = (weight / scale).round().clamp(-high, high) * scale
        return float((weight - back).double().square().sum())

    return largest[:, 0] * min(sorted(shares, reverse=True), key=error)


# %% item="clips" wrong="the largest just fits" hint="expected [2, 4]"
def best_clips(weight, bits, shares):
    return weight.abs().amax(1) * max(shares)


# %% item="clips" wrong="only what is clipped counts" hint="expected [2, 4]"
def best_clips(weight, bits, shares):
    largest = weight.abs().amax(1)
    best, least = largest * 0, torch.full_like(largest, math.inf)
    for share in sorted(shares, reverse=True):
        clip = largest * share
        error = (weight.abs() - clip[:, None]).clamp(min=0).square().sum(1)
        best = torch.where(error < least, clip, best)
        least = torch.minimum(error, least)
    return best


# %% item="clips" wrong="squares in float32" keeps=1 hint="Does a float32 hold the squares"
def best_clips(weight, bits, shares):
    high = 2 ** (bits - 1) - 1
    largest = weight.abs().amax(1, keepdim=True)
    best, least = largest.clone(), torch.full_like(largest, math.inf)
    for share in sorted(shares, reverse=True):
        clip = largest * share
        scale = torch.where(clip == 0, 1.0, clip / high)
        back = (weight / scale).round().clamp(-high, high) * scale
        error = (weight - back).square().sum(1, keepdim=True)
        best, least = torch.where(error < least, clip, best), torch.minimum(error, least)
    return best[:, 0]


# %% item="clips" wrong="the shorter of two equally good" like="reference" keeps=1 hint="the longer one should come back"
# -     for share in sorted(shares, reverse=True):
# +     for share in sorted(shares):

# %% item="clips" wrong="shares in the order given" like="reference" keeps=1 hint="the longer one should come back"
# -     for share in sorted(shares, reverse=True):
# +     for share in shares:


# %% item="clips" wrong="a row of zeros becomes NaN" keeps=1 hint="a row of zeros has the clip 0"
def best_clips(weight, bits, shares):
    high = 2 ** (bits - 1) - 1
    largest = weight.abs().amax(1, keepdim=True)
    errors = []
    ordered = sorted(shares, reverse=True)
    for share in ordered:
        scale = largest * share / high
        back = (weight / scale).round().clamp(-high, high) * scale
        errors.append((weight - back).double().square().sum(1) / largest[:, 0])
    place = torch.stack(errors).argmin(0)
    return largest[:, 0] / largest[:, 0] * largest[:, 0] * torch.tensor(ordered)[place]


# %% item="pack" right="with bits, in Python"
def pack(codes):
    numbers = codes.tolist()
    if any(code < -8 or code > 7 for code in numbers):
        raise ValueError("does not fit")
    if len(numbers) % 2:
        numbers.append(0)
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return torch.tensor([(a & 15) | (b & 15) << 4 for a, b in pairs], dtype=torch.uint8)


def unpack(packed, count):
    codes = []
    for byte in packed.tolist():
        for half in (byte & 15, byte >> 4):
            codes.append(half - 16 if half >= 8 else half)
    return torch.tensor(codes[:count], dtype=torch.int8)


# %% item="pack" right="shifts on tensors"
def pack(codes):
    if codes.numel() and (codes.min() < -8 or codes.max() > 7):
        raise ValueError("4 bits")
    four = torch.bitwise_and(codes.to(torch.int16), 15)
    if four.numel() % 2:
        four = torch.cat([four, four.new_zeros(1)])
    four = four.reshape(-1, 2)
    return (four[:, 0] | (four[:, 1] << 4)).to(torch.uint8)


def unpack(packed, count):
    wide = packed.to(torch.int16)
    both = torch.stack([wide & 15, wide >> 4], dim=1).reshape(-1)
    return (((both + 8) % 16) - 8)[:count].to(torch.int8)


# %% item="pack" wrong="the first code in the high half" hint="Which code comes first"
def pack(codes):
    if ((codes < -8) | (codes > 7)).any():
        raise ValueError("4 bits hold -8 to 7")
    halves = torch.zeros(len(codes) + len(codes) % 2, dtype=torch.int32)
    halves[: len(codes)] = codes.to(torch.int32) % 16
    return (16 * halves[::2] + halves[1::2]).to(torch.uint8)


def unpack(packed, count):
    halves = torch.stack([packed // 16, packed % 16], 1).flatten()[:count].to(torch.int8)
    return torch.where(halves > 7, halves - 16, halves)


# %% item="pack" wrong="signs are lost on the way back" like="reference" keeps=1 hint="signs?"
# -     halves = torch.stack([packed % 16, packed // 16], 1).flatten()[:count].to(torch.int8)
# -     return torch.where(halves > 7, halves - 16, halves)
# +     return torch.stack([packed % 16, packed // 16], 1).flatten()[:count].to(torch.int8)


# %% item="pack" wrong="adds 8 in place of two's complement" hint="what is −1 in four bits"
def pack(codes):
    if ((codes < -8) | (codes > 7)).any():
        raise ValueError("4 bits hold -8 to 7")
    halves = torch.zeros(len(codes) + len(codes) % 2, dtype=torch.int32)
    halves[: len(codes)] = codes.to(torch.int32) + 8
    return (halves[::2] + 16 * halves[1::2]).to(torch.uint8)


def unpack(packed, count):
    halves = torch.stack([packed % 16, packed // 16], 1).flatten()[:count].to(torch.int8)
    return halves - 8


# %% item="pack" wrong="even numbers only" like="reference" keeps=1 hint="odd"
# -     halves = torch.zeros(len(codes) + len(codes) % 2, dtype=torch.int32)
# -     halves[: len(codes)] = codes.to(torch.int32) % 16
# +     halves = codes.to(torch.int32) % 16

# %% item="pack" wrong="wraps before it looks" like="reference" keeps=1 hint="What should happen to a code"
# -     if ((codes < -8) | (codes > 7)).any():
# +     codes = codes.to(torch.int8)
# +     if ((codes < -8) | (codes > 7)).any():

# %% item="pack" wrong="wraps what does not fit" like="reference" keeps=1 hint="What should happen to a code"
# -     if ((codes < -8) | (codes > 7)).any():
# -         raise ValueError("4 bits hold -8 to 7")


# %% item="fits" right="a loop over rows"
def stored_bytes(shapes, bits, size, scale_bits):
    total = 0
    for rows, columns in shapes:
        if size is None:
            scales = 1
        else:
            scales = rows * ((columns + size - 1) // size)
        used = rows * columns * bits + scales * scale_bits
        total += (used + 7) // 8
    return total


fitting = [name for name in schemes if stored_bytes(network, *schemes[name][:3]) <= 135_000]
top = max(schemes[name][3] for name in fitting)
chosen = min(
    (name for name in fitting if top - schemes[name][3] <= 0.005),
    key=lambda name: stored_bytes(network, *schemes[name][:3]),
)


# %% item="fits" right="whole numbers and a name"
def stored_bytes(shapes, bits, size, scale_bits):
    bits_of_layers = []
    for rows, columns in shapes:
        per_row = 0 if size is None else len(range(0, columns, size))
        scales = 1 if size is None else rows * per_row
        bits_of_layers.append(rows * columns * bits + scales * scale_bits)
    return sum(-(-n // 8) for n in bits_of_layers)


chosen = "int3, groups of 32"


# %% item="fits" wrong="scales forgotten" hint="320 bytes of codes and 20 scales"
def stored_bytes(shapes, bits, size, scale_bits):
    return sum(math.ceil(rows * columns * bits / 8) for rows, columns in shapes)


chosen = "int4, groups of 128"


# %% item="fits" wrong="groups run over the ends of rows" like="reference" keeps=1 hint="How many groups does a row of 65"
# -         groups = 1 if size is None else rows * math.ceil(columns / size)
# +         groups = 1 if size is None else math.ceil(rows * columns / size)

# %% item="fits" wrong="the most accurate that fits" like="reference" keeps=1 hint="given the noise"
# - chosen = "int3, groups of 32"
# + chosen = "int3, groups of 16"

# %% item="fits" wrong="bits for bytes" like="reference" keeps=1 hint="320 bytes of codes and 20 scales"
# -         total += math.ceil((rows * columns * bits + groups * scale_bits) / 8)
# +         total += math.ceil(rows * columns * bits / 8) + groups * scale_bits

# %% item="fits" wrong="rounded down" like="reference" keeps=1 hint="31 bits: 4 bytes"
# -         total += math.ceil((rows * columns * bits + groups * scale_bits) / 8)
# +         total += (rows * columns * bits + groups * scale_bits) // 8

# %% item="fits" wrong="no short group" like="reference" keeps=1 hint="5 codes of 3 bits and 2 scales"
# -         groups = 1 if size is None else rows * math.ceil(columns / size)
# +         groups = 1 if size is None else rows * (columns // size)


# %% item="fits" wrong="fails without a size, and does not fit" hint="and the device has 135,000"
def stored_bytes(shapes, bits, size, scale_bits):
    total = 0
    for rows, columns in shapes:
        groups = rows * math.ceil(columns / size)
        total += math.ceil((rows * columns * bits + groups * scale_bits) / 8)
    return total


chosen = "int8, per tensor"


# %% item="bugs" right="a row at a time"
def per_row(weight, bits):
    high = 2 ** (bits - 1) - 1
    rows = []
    for row in weight:
        most = float(row.abs().max())
        step = most / high if most else 1.0
        rows.append(torch.round(row.double() / step).clamp(-high, high).mul(step).float())
    return torch.stack(rows)


# %% item="bugs" right="PyTorch's function, reshaped scales"
def per_row(weight, bits):
    high = 2 ** (bits - 1) - 1
    scales = weight.abs().max(dim=1).values / high
    scales[scales == 0] = 1
    codes = (weight / scales[:, None]).round().clamp(-high, high)
    return codes * scales.reshape(-1, 1)


# %% item="bugs" wrong="nothing is rounded" hint="Which scale meets which weight"
def per_row(weight, bits):
    return weight.clone()


# %% item="bugs" wrong="as it was" hint="Which scale meets which weight"
def per_row(weight, bits):
    high = 2 ** (bits - 1)
    scales = weight.abs().max(dim=1).values / high
    codes = (weight / scales).round().clamp(-high, high - 1)
    return codes * scales


# %% item="bugs" wrong="only the shape mended" like="as it was" hint="Which scale meets which weight"
# -     scales = weight.abs().max(dim=1).values / high
# +     scales = weight.abs().max(dim=1, keepdim=True).values / high
# +     scales = scales.clamp(min=1e-38)


# %% item="bugs" wrong="a row of zeros is left" keeps=1 hint="zeros come back as zeros"
def per_row(weight, bits):
    high = 2 ** (bits - 1) - 1
    scales = weight.abs().amax(1, keepdim=True) / high
    return (weight / scales).round().clamp(-high, high) * scales


# %% item="bugs" wrong="transposed twice, one of them forgotten" hint="Which scale meets which weight"
def per_row(weight, bits):
    high = 2 ** (bits - 1) - 1
    scales = weight.t().abs().amax(1) / high
    scales = torch.where(scales == 0, 1.0, scales)
    return (weight / scales).round().clamp(-high, high) * scales


# %% item="bugs" wrong="one scale for all" hint="Which scale meets which weight"
def per_row(weight, bits):
    high = 2 ** (bits - 1) - 1
    most = weight.abs().max()
    scale = most / high if most > 0 else torch.tensor(1.0)
    return (weight / scale).round().clamp(-high, high) * scale


# %% item="bugs" wrong="a floor of 1e-8" hint="more than half a step of its own row"
def per_row(weight, bits):
    high = 2 ** (bits - 1) - 1
    scales = (weight.abs().amax(1, keepdim=True) / high).clamp(min=1e-8)
    return (weight / scales).round().clamp(-high, high) * scales


# %% item="mxfp4" right="bits of each code, powers by hand"
def read_mxfp4(packed, scales):
    rows = packed.shape[0]
    codes = torch.empty(rows, packed.shape[1] * 2, dtype=torch.int64)
    codes[:, 0::2] = packed & 0x0F
    codes[:, 1::2] = packed >> 4
    exponent, fraction = (codes >> 1) & 3, codes & 1
    small = fraction * 0.5
    normal = (1 + fraction * 0.5) * 2.0 ** (exponent - 1)
    value = torch.where(exponent == 0, small, normal) * torch.where(codes > 7, -1.0, 1.0)
    each = scales.view(torch.float8_e8m0fnu).to(torch.float32)
    return (value.reshape(rows, scales.shape[1], 32) * each[..., None]).reshape(
        rows, codes.shape[1]
    )


# %% item="mxfp4" right="a list in Python"
def read_mxfp4(packed, scales):
    sizes = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
    values = torch.tensor(sizes + [-size for size in sizes])
    columns = packed.shape[1] * 2
    out = torch.empty(len(packed), columns)
    for row in range(len(packed)):
        for column in range(columns):
            byte = int(packed[row, column // 2])
            out[row, column] = values[byte >> 4 if column % 2 else byte & 15]
    steps = scales.view(torch.float8_e8m0fnu).float()
    return out * torch.repeat_interleave(steps, 32, dim=1)


# %% item="mxfp4" wrong="codes taken for int4" hint="expected -2, -1, 1, 12"
def read_mxfp4(packed, scales):
    codes = torch.stack([packed % 16, packed // 16], -1).flatten(-2).to(torch.int8)
    codes = torch.where(codes > 7, codes - 16, codes)
    return codes.float() * scales.view(torch.float8_e8m0fnu).float().repeat_interleave(32, 1)


# %% item="mxfp4" wrong="high half first" hint="expected -2, -1, 1, 12"
def read_mxfp4(packed, scales):
    sizes = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6])
    table = torch.cat([sizes, -sizes])
    codes = torch.stack([packed // 16, packed % 16], -1).flatten(-2).long()
    return table[codes] * scales.view(torch.float8_e8m0fnu).float().repeat_interleave(32, 1)


# %% item="mxfp4" wrong="the scale's code taken for the scale" like="reference" hint="expected -2, -1, 1, 12"
# -     each = scales.view(torch.float8_e8m0fnu).float().repeat_interleave(32, 1)
# -     return table[codes] * each
# +     return table[codes] * scales.float().repeat_interleave(32, 1)

# %% item="mxfp4" wrong="scales repeated, not each 32 times" like="the scale's code taken for the scale" keeps=1 hint="which 32 weights share a scale"
# -     return table[codes] * scales.float().repeat_interleave(32, 1)
# +     return table[codes] * scales.view(torch.float8_e8m0fnu).float().repeat(1, 32)


# %% item="mxfp4" wrong="no small numbers in fp4" hint="expected -2, -1, 1, 12"
def read_mxfp4(packed, scales):
    codes = torch.stack([packed % 16, packed // 16], -1).flatten(-2).int()
    exponent, fraction = codes // 2 % 4, codes % 2
    value = 2.0 ** (exponent - 1) * (1 + fraction / 2)
    value = torch.where(codes % 8 == 0, 0.0, value)
    value = torch.where(codes > 7, -value, value)
    return value * scales.view(torch.float8_e8m0fnu).float().repeat_interleave(32, 1)


# %% item="mxfp4" wrong="float64 comes back" keeps=1 hint="should be float32"
def read_mxfp4(packed, scales):
    sizes = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6], dtype=torch.float64)
    table = torch.cat([sizes, -sizes])
    codes = torch.stack([packed % 16, packed // 16], -1).flatten(-2).long()
    return table[codes] * scales.view(torch.float8_e8m0fnu).float().repeat_interleave(32, 1)


# %% item="mxfp4" wrong="a power by hand, without NaN" like="the scale's code taken for the scale" keeps=1 hint="In e8m0 the code 255 is NaN"
# -     return table[codes] * scales.float().repeat_interleave(32, 1)
# +     return table[codes] * (2.0 ** (scales.float() - 127)).repeat_interleave(32, 1)

# %% item="findings" right="one by one" for_zero=true
findings = {}
findings["D"] = "one scale"
findings["E"] = "too short"
findings["A"] = "fine"
findings["C"] = "one-sided"
findings["B"] = "too long"


# %% item="findings" right="by what each layer has most of"
def seen(codes):
    ends = float((codes.abs() == 127).float().mean())
    rows = codes.abs().amax(1).float()
    small = float((codes.abs() < 5).float().mean())
    return {
        "one-sided": float(codes.min() >= 0),
        "too short": float(ends > 0.1),
        "one scale": float(rows.min() < 100),
        "too long": small * float(rows.min() == 127) * float(ends < 0.1),
        "fine": 0.2,
    }


findings = {name: max((scores := seen(codes)), key=scores.get) for name, codes in layers.items()}

# %% item="findings" wrong="outliers and small rows swapped" for_zero=true keeps=1 hint="does every row reach 127"
findings = {"D": "too long", "E": "too short", "A": "fine", "C": "one-sided", "B": "one scale"}

# %% item="findings" wrong="clipping taken for a full range" for_zero=true hint="heap at"
findings = {"D": "one scale", "E": "fine", "A": "too short", "C": "one-sided", "B": "too long"}

# %% item="findings" wrong="one scale and a long range swapped, by the codes" like="reference" keeps=1 hint="does every row reach 127"
# -         findings[letter] = "one scale"
# -     elif codes.float().abs().median() < 5:
# -         findings[letter] = "too long"
# +         findings[letter] = "too long"
# +     elif codes.float().abs().median() < 5:
# +         findings[letter] = "one scale"

# %% item="findings" wrong="everything is fine" hint="each of the five texts"
findings = dict.fromkeys("ABCDE", "fine")

# %% item="findings" wrong="one-sided mistaken for a long range" for_zero=true hint="Which layer never uses half of its codes"
findings = {"D": "one scale", "E": "too short", "A": "one-sided", "C": "too long", "B": "fine"}

# %% item="findings" wrong="all but one in a wrong place" for_zero=true hint="heap at"
findings = {"D": "too short", "E": "one scale", "A": "fine", "C": "too long", "B": "one-sided"}

# %% [markdown] item="letter" answer="all three, with both halves"
# A good SQNR does not help you, because the few channels that are 200 times as large make nearly all of the sum of squares. Least squares therefore
# chooses a range for them, and all the other channels share the few codes around zero and mostly become 0. The network needs those channels, so the
# accuracy falls although the error is small compared with the total. I would first rescale: divide the weights and biases that produce the large
# channels by a power of two and multiply the columns of the next layer by it. Because of the ReLU between them the float network computes exactly the same, which you check by
# comparing the logits bit for bit. Then calibrate again and measure accuracy on validation images. A scale per channel for activations can't be pulled out of the
# sum over the channels, so the integer product is gone; the rescaling is the same thing done in the weights. int4 with groups for the weights
# makes the file smaller but doesn't touch the activations, which are the problem.

# %% [markdown] item="letter" answer="clips, and judges one proposal"
# The SQNR counts the large channels, so it looks good even if the small ones are all rounded to zero. I would use the 99th percentile in place of the least
# squares range and measure the accuracy on validation images again. int4 weights won't help because the weights are not the problem.

# %% [markdown] item="letter" answer="more bits"
# int8 is not precise enough for this network. They should use 16 bits for the activations, or train again with quantization. Scales per channel are always better than
# per tensor, so they should do that as well.

# %% [markdown] item="letter" answer="equalization without a reason"
# They should equalize the channels, so that all have the same size. The SQNR is misleading.
