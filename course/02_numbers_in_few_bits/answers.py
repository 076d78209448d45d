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
# # 02 · Numbers in few bits: answers that people give

# %% item="there" right="with the reciprocal, as PyTorch does"
def quantize(values, scale, zero_point, bits):
    if torch.isnan(values).any() or torch.isinf(values).any():
        raise ValueError("not finite")
    steps = torch.round(values * torch.tensor(1 / scale))
    return torch.clamp(steps + zero_point, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1).int()


def dequantize(codes, scale, zero_point):
    return scale * (codes.float() - zero_point)


# %% item="there" right="one by one in Python"
def quantize(values, scale, zero_point, bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    codes = []
    for value in values.flatten().tolist():
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a number to quantize")
        codes.append(max(low, min(high, round(value / scale) + zero_point)))
    return torch.tensor(codes, dtype=torch.int32).reshape(values.shape)


def dequantize(codes, scale, zero_point):
    flat = [(code - zero_point) * scale for code in codes.flatten().tolist()]
    return torch.tensor(flat, dtype=torch.float32).reshape(codes.shape)


# %% item="there" right="minimum and maximum, in float64"
def quantize(values, scale, zero_point, bits):
    if (~torch.isfinite(values)).sum() > 0:
        raise ValueError("NaN or infinity")
    codes = (values.double() / scale).round() + zero_point
    codes[codes > 2 ** (bits - 1) - 1] = 2 ** (bits - 1) - 1
    codes[codes < -(2 ** (bits - 1))] = -(2 ** (bits - 1))
    return codes.to(torch.int32)


def dequantize(codes, scale, zero_point):
    return ((codes.double() - zero_point) * scale).float()


# %% item="there" wrong="cuts off" hint="expected [-4, -3, -1, 3]"
def quantize(values, scale, zero_point, bits):
    if not values.isfinite().all():
        raise ValueError("not finite")
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return (torch.trunc(values / scale) + zero_point).clamp(low, high).to(torch.int32)


def dequantize(codes, scale, zero_point):
    return (codes - zero_point).float() * scale


# %% item="there" wrong="half goes up" like="cuts off" keeps=2 hint="a half goes to the even neighbour"
# -     return (torch.trunc(values / scale) + zero_point).clamp(low, high).to(torch.int32)
# +     return (torch.floor(values / scale + 0.5) + zero_point).clamp(low, high).to(torch.int32)

# %% item="there" wrong="casts first" like="cuts off" keeps=2 hint="too large for 8 bits: clip"
# -     return (torch.trunc(values / scale) + zero_point).clamp(low, high).to(torch.int32)
# +     codes = torch.round(values / scale).to(torch.int8) + zero_point
# +     return codes.to(torch.int32).clamp(low, high)

# %% item="there" wrong="clips the steps, not the code" like="cuts off" keeps=1 hint="expected [-4, -3, -1, 3]"
# -     return (torch.trunc(values / scale) + zero_point).clamp(low, high).to(torch.int32)
# +     return (torch.round(values / scale).clamp(low, high) + zero_point).to(torch.int32)

# %% item="there" wrong="always 8 bits" like="cuts off" keeps=1 hint="expected [-4, -3, -1, 3]"
# -     low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
# -     return (torch.trunc(values / scale) + zero_point).clamp(low, high).to(torch.int32)
# +     return (torch.round(values / scale) + zero_point).clamp(-128, 127).to(torch.int32)

# %% item="there" wrong="unsigned codes" like="always 8 bits" hint="expected [-4, -3, -1, 3]"
# -     return (torch.round(values / scale) + zero_point).clamp(-128, 127).to(torch.int32)
# +     return (torch.round(values / scale) + zero_point).clamp(0, 2**bits - 1).to(torch.int32)


# %% item="there" wrong="lets NaN through" keeps=2 hint="What should happen to a NaN"
def quantize(values, scale, zero_point, bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return (torch.round(values / scale) + zero_point).clamp(low, high).to(torch.int32)


def dequantize(codes, scale, zero_point):
    return (codes - zero_point).float() * scale


# %% item="there" wrong="looks at the sum" like="reference" keeps=2 hint="though their sum is not"
# -     if not values.isfinite().all():
# +     if not values.sum().isfinite():

# %% item="there" wrong="zero point added before rounding" like="cuts off" keeps=2 hint="and the zero point be added then"
# -     return (torch.trunc(values / scale) + zero_point).clamp(low, high).to(torch.int32)
# +     return torch.round(values / scale + zero_point).clamp(low, high).to(torch.int32)


# %% item="there" wrong="zero point forgotten on the way back" keeps=1 hint="Which code stands for 0?"
def quantize(values, scale, zero_point, bits):
    if not values.isfinite().all():
        raise ValueError("not finite")
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return (torch.round(values / scale) + zero_point).clamp(low, high).to(torch.int32)


def dequantize(codes, scale, zero_point):
    return codes.float() * scale


# %% item="range" right="with torch in float64"
def choose_scale(values, bits):
    if len(values.flatten()) == 0 or values.isnan().any() or values.isinf().any():
        raise ValueError("need finite values")
    with_zero = torch.cat([values.flatten().double(), torch.zeros(1).double()])
    a, c = with_zero.min(), with_zero.max()
    if a == 0 and c == 0:
        return 1.0, 0
    scale = (c - a) / (2**bits - 1)
    zero_point = -(2 ** (bits - 1)) - torch.round(a / scale)
    return scale.item(), int(zero_point)


# %% item="range" right="from the other end"
def choose_scale(values, bits):
    numbers = values.flatten().tolist()
    if not numbers or not all(math.isfinite(x) for x in numbers):
        raise ValueError("need finite values")
    low, high = min(numbers + [0.0]), max(numbers + [0.0])
    if low == high:
        return (1.0, 0)
    scale = (high - low) / (2**bits - 1)
    return (scale, 2 ** (bits - 1) - 1 - round(high / scale))


# %% item="range" wrong="counts points, not gaps" hint="how many gaps lie between 8 points"
def choose_scale(values, bits):
    if values.numel() == 0 or not values.isfinite().all():
        raise ValueError("need finite values")
    bottom, top = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if bottom == top:
        return 1.0, 0
    scale = (top - bottom) / 2**bits
    return scale, -(2 ** (bits - 1)) - round(bottom / scale)


# %% item="range" wrong="a range without 0" keeps=2 hint="the range must contain 0"
def choose_scale(values, bits):
    if values.numel() == 0 or not values.isfinite().all():
        raise ValueError("need finite values")
    bottom, top = float(values.min()), float(values.max())
    if bottom == top:
        return 1.0, 0
    scale = (top - bottom) / (2**bits - 1)
    return scale, -(2 ** (bits - 1)) - round(bottom / scale)


# %% item="range" wrong="zero point for unsigned codes" like="counts points, not gaps" keeps=1 hint="expected the zero point -3"
# -     scale = (top - bottom) / 2**bits
# -     return scale, -(2 ** (bits - 1)) - round(bottom / scale)
# +     scale = (top - bottom) / (2**bits - 1)
# +     return scale, round(-bottom / scale)

# %% item="range" wrong="zero point cut off" like="zero point for unsigned codes" keeps=2 hint="Is the zero point rounded, or cut off?"
# -     return scale, round(-bottom / scale)
# +     return scale, int(-(2 ** (bits - 1)) - bottom / scale)


# %% item="range" wrong="symmetric" keeps=1 hint="expected the scale 0.5"
def choose_scale(values, bits):
    if values.numel() == 0 or not values.isfinite().all():
        raise ValueError("need finite values")
    most = float(values.abs().max())
    if most == 0:
        return 1.0, 0
    return 2 * most / (2**bits - 1), 0


# %% item="range" wrong="the width in float32" keeps=2 hint="Is the width of the range still a number"
def choose_scale(values, bits):
    if values.numel() == 0 or not values.isfinite().all():
        raise ValueError("need finite values")
    bottom, top = values.min().clamp(max=0), values.max().clamp(min=0)
    if bottom == top:
        return 1.0, 0
    scale = (top - bottom) / (2**bits - 1)
    return float(scale), -(2 ** (bits - 1)) - int(torch.round(bottom / scale))


# %% item="range" wrong="a tolerance for zeros, and a floor" keeps=2 hint="a range like any other"
def choose_scale(values, bits):
    if values.numel() == 0 or not values.isfinite().all():
        raise ValueError("not finite")
    bottom, top = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if top - bottom < 1e-6:
        return 1.0, 0
    scale = max((top - bottom) / (2**bits - 1), 1e-8)
    return scale, -(2 ** (bits - 1)) - round(bottom / scale)


# %% item="range" wrong="looks at the sum" like="reference" keeps=2 hint="though their sum is not"
# -     if values.numel() == 0 or not values.isfinite().all():
# +     if values.numel() == 0 or not values.sum().isfinite():


# %% item="range" wrong="no check of its own" keeps=2 hint="What kind of error does the prompt ask for"
def choose_scale(values, bits):
    bottom, top = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if bottom == top:
        return 1.0, 0
    scale = (top - bottom) / (2**bits - 1)
    return scale, -(2 ** (bits - 1)) - round(bottom / scale)


# %% item="sqnr" right="with norms"
def sqnr(values, back):
    signal = torch.linalg.vector_norm(values.double())
    noise = torch.linalg.vector_norm(values.double() - back.double())
    if values.numel() == 0 or signal == 0:
        raise ValueError("no signal")
    if noise == 0:
        return float("inf")
    return 20 * math.log10(signal / noise)


# %% item="sqnr" right="means of squares in Python"
def sqnr(values, back):
    pairs = list(zip(values.flatten().tolist(), back.flatten().tolist(), strict=True))
    signal = sum(x * x for x, _ in pairs)
    noise = sum((x - y) ** 2 for x, y in pairs)
    if not signal:
        raise ValueError("no signal")
    return math.inf if noise == 0 else 10 * (math.log10(signal) - math.log10(noise))


# %% item="sqnr" wrong="20 in place of 10" hint="expected 13.98 dB"
def sqnr(values, back):
    signal = float(values.double().square().sum())
    noise = float((values.double() - back.double()).square().sum())
    if signal == 0:
        raise ValueError("no signal")
    return math.inf if noise == 0 else 20 * math.log10(signal / noise)


# %% item="sqnr" wrong="squared in float32" keeps=1 hint="the square of a very large float32"
def sqnr(values, back):
    if values.numel() == 0 or not values.any():
        raise ValueError("no signal")
    signal = values.square().sum().item()
    noise = (values - back).square().sum().item()
    return math.inf if noise == 0 else 10 * math.log10(signal / noise)


# %% item="sqnr" wrong="noise over signal" like="20 in place of 10" hint="expected 13.98 dB"
# -     return math.inf if noise == 0 else 20 * math.log10(signal / noise)
# +     return math.inf if noise == 0 else 10 * math.log10(noise / signal)


# %% item="sqnr" wrong="variance for the signal" hint="expected 13.98 dB"
def sqnr(values, back):
    values, back = values.double(), back.double()
    if values.numel() == 0 or not values.any():
        raise ValueError("no signal")
    noise = float((values - back).square().mean())
    return math.inf if noise == 0 else 10 * math.log10(float(values.var()) / noise)


# %% item="sqnr" wrong="equal if close" keeps=1 hint="Are they equal"
def sqnr(values, back):
    signal = float(values.double().square().sum())
    if signal == 0:
        raise ValueError("no signal")
    if torch.allclose(values, back, atol=0):
        return math.inf
    return 10 * math.log10(signal / float((values.double() - back.double()).square().sum()))


# %% item="sqnr" wrong="hardly any signal is none" like="reference" keeps=1 hint="by a small number"
# -     if signal == 0:
# +     if signal < 1e-50:


# %% item="sqnr" wrong="a little added to the noise" keeps=1 hint="by a small number"
def sqnr(values, back):
    signal = float(values.double().square().sum())
    if signal == 0:
        raise ValueError("no signal")
    if torch.equal(values, back):
        return math.inf
    noise = float((values.double() - back.double()).square().sum()) + 1e-12
    return 10 * math.log10(signal / noise)


# %% item="sqnr" wrong="the difference in float32" keeps=1 hint="difference of huge values"
def sqnr(values, back):
    signal = float(values.double().square().sum())
    if signal == 0:
        raise ValueError("no signal")
    noise = (values - back).double().square().sum()
    if noise == 0:
        return math.inf
    if torch.isinf(noise):
        return -math.inf
    return 10 * math.log10(signal / float(noise))


# %% item="sqnr" wrong="no error without a signal" keeps=1 hint="if there is no signal"
def sqnr(values, back):
    signal = float(values.double().square().sum())
    noise = float((values.double() - back.double()).square().sum())
    if noise == 0:
        return math.inf
    if signal == 0:
        return -math.inf
    return 10 * math.log10(signal / noise)


# %% item="bound" right="distance to the clamped value"
def error_bound(values, scale, zero_point, bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    nearest = values.clamp((low - zero_point) * scale, (high - zero_point) * scale)
    bound = (values - nearest).abs()
    bound[bound == 0] = scale / 2
    return bound


# %% item="bound" right="one by one"
def error_bound(values, scale, zero_point, bits):
    first = (-(2 ** (bits - 1)) - zero_point) * scale
    last = first + scale * (2**bits - 1)
    bounds = []
    for value in values.flatten().tolist():
        if value > last + 1e-6 * abs(last):
            bounds.append(value - last)
        elif value < first - 1e-6 * abs(first):
            bounds.append(first - value)
        else:
            bounds.append(scale / 2)
    return torch.tensor(bounds).reshape(values.shape)


# %% item="bound" wrong="half a step everywhere" hint="expected [0.5, 0.5, 0.2, 5.0, 3.0]"
def error_bound(values, scale, zero_point, bits):
    return torch.full(values.shape, scale / 2)


# %% item="bound" wrong="the error itself" hint="expected [0.5, 0.5, 0.2, 5.0, 3.0]"
def error_bound(values, scale, zero_point, bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    codes = (torch.round(values / scale) + zero_point).clamp(low, high)
    return ((codes - zero_point) * scale - values).abs()


# %% item="bound" wrong="zero point forgotten" keeps=1 hint="points 0, 2, 4 and 6"
def error_bound(values, scale, zero_point, bits):
    nearest = values.clamp(-(2 ** (bits - 1)) * scale, (2 ** (bits - 1) - 1) * scale)
    distance = (values - nearest).abs()
    return torch.where(distance > 0, distance, scale / 2)


# %% item="bound" wrong="symmetric range" hint="expected [0.5, 0.5, 0.2, 5.0, 3.0]"
def error_bound(values, scale, zero_point, bits):
    end = (2 ** (bits - 1) - 1) * scale
    distance = values.abs() - end
    return torch.where(distance > 0, distance, scale / 2)


# %% item="bound" wrong="half a step is the least" like="reference" hint="expected [0.5, 0.5, 0.2, 5.0, 3.0]"
# -     return torch.where(outside > 0, outside, scale / 2)
# +     return outside.clamp(min=scale / 2)


# %% item="bound" wrong="never more than 8 bits" like="reference" keeps=1 hint="Where does the error stop being a saw-tooth"
# -     first = scale * (-(2 ** (bits - 1)) - zero_point)
# -     last = scale * (2 ** (bits - 1) - 1 - zero_point)
# +     first = scale * (max(-128, -(2 ** (bits - 1))) - zero_point)
# +     last = scale * (min(127, 2 ** (bits - 1) - 1) - zero_point)


# %% item="trip" right="with PyTorch's function"
def round_trip(values, bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    bottom = min(values.min().item(), 0.0)
    top = max(values.max().item(), 0.0)
    if bottom == top:
        return values.clone()
    scale = (top - bottom) / (high - low)
    zero_point = int(min(max(low - round(bottom / scale), low), high))
    return torch.fake_quantize_per_tensor_affine(values, scale, zero_point, low, high)


# %% item="trip" right="in float64, with a list of all points"
def round_trip(values, bits):
    wide = values.double()
    bottom, top = wide.min().clamp(max=0), wide.max().clamp(min=0)
    if bottom == top:
        return wide
    step = (top - bottom) / (2**bits - 1)
    points = (torch.arange(2**bits) + torch.round(bottom / step)) * step
    return points[(wide[..., None] - points).abs().argmin(-1)]


# %% item="trip" right="unsigned codes, a tiny scale for zeros"
def round_trip(values, bits):
    bottom = torch.minimum(values.min(), torch.tensor(0.0))
    top = torch.maximum(values.max(), torch.tensor(0.0))
    scale = ((top - bottom) / (2**bits - 1)).clamp(min=1e-30)
    zero_point = torch.round(-bottom / scale)
    codes = torch.clamp(torch.round(values / scale) + zero_point, 0, 2**bits - 1)
    return scale * (codes - zero_point)


# %% item="trip" wrong="as it was" hint="a step is 3/15"
def round_trip(values, bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    scale = (values.max() - values.min()) / 2**bits
    zero_point = low - values.min() / scale
    codes = (values / scale + zero_point).to(torch.int8)
    codes = codes.clamp(low, high)
    return (codes - zero_point) * scale


# %% item="trip" wrong="counts points, not gaps" like="reference" hint="a step is 3/15"
# -     scale = (top - bottom) / (high - low)
# +     scale = (top - bottom) / 2**bits

# %% item="trip" wrong="zero point not rounded" like="reference" keeps=2 hint="0 should come back as exactly 0"
# -     zero_point = low - torch.round(bottom / scale)
# -     codes = (torch.round(values / scale) + zero_point).clamp(low, high)
# +     zero_point = low - bottom / scale
# +     codes = torch.round(values / scale + zero_point).clamp(low, high)

# %% item="trip" wrong="range without 0" like="reference" keeps=1 hint="is 0 still one of the points"
# -     bottom, top = values.min().clamp(max=0), values.max().clamp(min=0)
# +     bottom, top = values.min(), values.max()

# %% item="trip" wrong="still cuts off" like="reference" hint="a step is 3/15"
# -     codes = (torch.round(values / scale) + zero_point).clamp(low, high)
# +     codes = ((values / scale).to(torch.int32) + zero_point).clamp(low, high)

# %% item="trip" wrong="no clip" like="reference" keeps=2 hint="more points than the bits allow"
# -     codes = (torch.round(values / scale) + zero_point).clamp(low, high)
# +     codes = torch.round(values / scale) + zero_point

# %% item="trip" wrong="clips in int8" like="reference" keeps=2 hint="when do you clip"
# -     codes = (torch.round(values / scale) + zero_point).clamp(low, high)
# +     codes = (torch.round(values / scale) + zero_point).to(torch.int8).clamp(low, high)

# %% item="trip" wrong="zeros become NaN" like="reference" keeps=2 hint="zeros come back as zeros"
# -     if bottom == top:
# -         return torch.zeros_like(values)


# %% item="trip" wrong="a floor under the scale" keeps=2 hint="come back far away"
def round_trip(values, bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    bottom, top = values.min().clamp(max=0), values.max().clamp(min=0)
    scale = ((top - bottom) / (high - low)).clamp(min=1e-8)
    zero_point = low - torch.round(bottom / scale)
    return ((torch.round(values / scale) + zero_point).clamp(low, high) - zero_point) * scale


# %% item="trip" wrong="in place" keeps=2 hint="have changed"
def round_trip(values, bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    bottom, top = values.min().clamp(max=0), values.max().clamp(min=0)
    if bottom == top:
        return values.zero_()
    scale = (top - bottom) / (high - low)
    zero_point = low - torch.round(bottom / scale)
    values.div_(scale).round_().add_(zero_point).clamp_(low, high)
    return values.sub_(zero_point).mul_(scale)


# %% item="trip" wrong="returns what it got" hint="4 bits have 16 points"
def round_trip(values, bits):
    return values


# %% item="trip" wrong="zeros put back by hand" keeps=1 hint="0 must be one of the points"
def round_trip(values, bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    bottom, top = values.min(), values.max()
    if bottom == top:
        return values.clone()
    scale = (top - bottom) / (high - low)
    codes = torch.round((values - bottom) / scale).clamp(0, high - low)
    return torch.where(values == 0, 0.0, bottom + codes * scale)


# %% item="clip" right="a loop over sorted clips"
def best_clip(values, bits, clips):
    top_code = 2 ** (bits - 1) - 1
    best, least = None, math.inf
    for clip in sorted(clips):
        step = clip / top_code
        back = step * torch.clamp(torch.round(values.double() / step), -top_code, top_code)
        error = ((values.double() - back) ** 2).sum().item()
        if error < least:
            best, least = clip, error
    return best


# %% item="clip" right="pairs of error and clip"
def best_clip(values, bits, clips):
    high = 2 ** (bits - 1) - 1
    pairs = []
    for clip in clips:
        back = torch.fake_quantize_per_tensor_affine(values, clip / high, 0, -high, high)
        pairs.append((float((back - values).square().sum()), clip))
    return min(pairs)[1]


# %% item="clip" wrong="the largest value just fits" hint="The largest value just fits"
def best_clip(values, bits, clips):
    return min(clips, key=lambda clip: abs(clip - float(values.abs().max())))


# %% item="clip" wrong="only the clipping error" hint="What happens to the steps?"
def best_clip(values, bits, clips):
    return min(
        sorted(clips, reverse=False),
        key=lambda clip: float((values.abs() - clip).clamp(min=0).double().square().sum()),
    )


# %% item="clip" wrong="sorts the caller's list" keeps=1 hint="list of clips has changed"
def best_clip(values, bits, clips):
    high = 2 ** (bits - 1) - 1
    clips.sort()
    errors = []
    for clip in clips:
        back = torch.round(values / clip * high).clamp(-high, high) * clip / high
        errors.append(float((values - back).double().square().mean()))
    return clips[errors.index(min(errors))]


# %% item="clip" wrong="the largest of equally good ones" keeps=1 hint="the smallest clip"
def best_clip(values, bits, clips):
    high = 2 ** (bits - 1) - 1
    best, least = None, math.inf
    for clip in sorted(clips):
        scale = clip / high
        back = torch.round(values / scale).clamp(-high, high) * scale
        error = float((values - back).double().square().mean())
        if error <= least:
            best, least = clip, error
    return best


# %% item="clip" wrong="does not clip" like="reference" hint="expected 10.0"
# -         back = torch.round(values / scale).clamp(-high, high) * scale
# -         return float((values - back).double().square().mean())
# +         return float((values - torch.round(values / scale) * scale).double().square().mean())

# %% item="clip" wrong="stops where the error rises" like="reference" keeps=1 hint="Is every clip of the list tried"
# -     return min(sorted(clips), key=error)
# +     tried = sorted(clips)
# +     for clip, longer in zip(tried, tried[1:]):
# +         if error(longer) >= error(clip):
# +             return clip
# +     return tried[-1]

# %% item="clip" wrong="one code more below 0" like="reference" hint="Do you use the codes that the prompt names"
# -         back = torch.round(values / scale).clamp(-high, high) * scale
# +         back = torch.round(values / scale).clamp(-high - 1, high) * scale


# %% item="clip" wrong="returns the error" hint="expected 10.0"
def best_clip(values, bits, clips):
    high = 2 ** (bits - 1) - 1
    errors = []
    for clip in clips:
        scale = clip / high
        back = torch.round(values / scale).clamp(-high, high) * scale
        errors.append(float((values - back).double().square().mean()))
    return min(errors)


# %% item="bits" right="a loop, smallest first"
def choose_bits(sizes, accuracies, most_bytes, least_accuracy):
    for bits in sorted(accuracies):
        total = 0
        for size in sizes:
            total += (size * bits + 7) // 8 + 4 + 1
        if total <= most_bytes and accuracies[bits] >= least_accuracy:
            return bits
    return None


sensor = 4


# %% item="bits" right="two sets"
def choose_bits(sizes, accuracies, most_bytes, least_accuracy):
    def size_in_bytes(bits):
        return sum(-(-size * bits // 8) for size in sizes) + 5 * len(sizes)

    fit = {bits for bits in accuracies if size_in_bytes(bits) <= most_bytes}
    accurate = {bits for bits, value in accuracies.items() if value >= least_accuracy}
    both = fit & accurate
    return min(both) if both else None


sensor = choose_bits(
    sizes=sensor_sizes, accuracies=sensor_accuracies, most_bytes=135_000, least_accuracy=0.84
)


# %% item="bits" wrong="the most accurate that fits" keeps=1 hint="at 4 bits it takes 65 bytes"
def choose_bits(sizes, accuracies, most_bytes, least_accuracy):
    good = [
        bits
        for bits, accuracy in accuracies.items()
        if accuracy >= least_accuracy
        and sum(math.ceil(size * bits / 8) + 5 for size in sizes) <= most_bytes
    ]
    return max(sorted(good), key=accuracies.get) if good else None


sensor = 4


# %% item="bits" wrong="accuracy not looked at" keeps=1 hint="at 4 bits it takes 65 bytes"
def choose_bits(sizes, accuracies, most_bytes, least_accuracy):
    good = [b for b in accuracies if sum(math.ceil(n * b / 8) + 5 for n in sizes) <= most_bytes]
    return min(good, default=None)


sensor = choose_bits(sensor_sizes, sensor_accuracies, 135_000, 0.84)


# %% item="bits" wrong="within the noise is enough" like="reference" keeps=1 hint="no reason to take what lies below"
# -         if accuracy >= least_accuracy
# +         if accuracy >= least_accuracy - 0.005

# %% item="bits" wrong="scales forgotten" like="the most accurate that fits" hint="What if nothing both fits"
# -         and sum(math.ceil(size * bits / 8) + 5 for size in sizes) <= most_bytes
# -     ]
# -     return max(sorted(good), key=accuracies.get) if good else None
# +         and sum(math.ceil(size * bits / 8) for size in sizes) <= most_bytes
# +     ]
# +     return min(good, default=None)


# %% item="bits" wrong="stops at the first that is too bad" keeps=1 hint="Is every width looked at"
def choose_bits(sizes, accuracies, most_bytes, least_accuracy):
    best = None
    for bits in sorted(accuracies, reverse=True):
        if accuracies[bits] < least_accuracy:
            break
        if sum(math.ceil(size * bits / 8) + 5 for size in sizes) <= most_bytes:
            best = bits
    return best


sensor = choose_bits(sensor_sizes, sensor_accuracies, 135_000, 0.84)


# %% item="bits" wrong="rounded up once for all layers" like="scales forgotten" keeps=1 hint="9 bits take 2 bytes in each"
# -         and sum(math.ceil(size * bits / 8) for size in sizes) <= most_bytes
# +         and math.ceil(sum(sizes) * bits / 8) + 5 * len(sizes) <= most_bytes

# %% item="bits" wrong="not rounded up" like="scales forgotten" keeps=1 hint="9 bits take 2 bytes in each"
# -         if accuracy >= least_accuracy
# -         and sum(math.ceil(size * bits / 8) for size in sizes) <= most_bytes
# +         if accuracy >= least_accuracy and sum(size * bits // 8 + 5 for size in sizes) <= most_bytes

# %% item="bits" wrong="parts of bytes" like="not rounded up" keeps=1 hint="9 bits take 2 bytes in each"
# -         if accuracy >= least_accuracy and sum(size * bits // 8 + 5 for size in sizes) <= most_bytes
# +         if accuracy >= least_accuracy and sum(n * bits / 8 + 5 for n in sizes) <= most_bytes


# %% item="bits" wrong="bytes for bits" hint="at 4 bits it takes 65 bytes"
def choose_bits(sizes, accuracies, most_bytes, least_accuracy):
    good = [
        bits
        for bits, accuracy in accuracies.items()
        if accuracy >= least_accuracy and sum(size * bits + 5 for size in sizes) <= most_bytes
    ]
    return min(good, default=None)


sensor = None


# %% [markdown] item="report" answer="names all three, with both halves"
# Three weights near −2 set the scale. The points are then about 0.14 apart, while nearly all weights are smaller than
# 0.1, so most of them become 0. The SQNR of the layer will be close to 0 dB, and she can count the zeros. She should clip
# the three large weights, choosing the clip with the smallest squared error, and measure again before she says that 4 bits are
# too few. The zero point has to be rounded to 6, or no code stands for 0: the padding, the zeros after ReLU and pruned weights
# all come back slightly off in the same direction, and sums of hundreds of them drift. The file is as large because fake
# quantization leaves float32 numbers. She has to store the codes, two packed in a byte, together with scale and zero point.

# %% [markdown] item="report" answer="outliers and the file, no reason for the zero point"
# The outliers make the scale too large, so all the small weights are rounded to zero. Clip them at 0.1 or 0.2 and the accuracy
# will come back. The zero point must be an integer, so she should use 6. `fake_quantize` returns float32, that is why the
# file is not smaller; save it as int8.

# %% [markdown] item="report" answer="more bits, no more"
# 4 bits have only 16 values, which is not enough for a network like this one. She should use 8 bits, as everybody does,
# or train again with quantization. The zero point looks fine to me, 6.3 is more exact than 6. To make the file smaller she
# can zip it.

# %% [markdown] item="report" answer="half of each"
# The scale is chosen badly because of the large weights. The zero point should be rounded because zero has to be represented
# exactly. The file contains floats.


# %% item="golf" right="a smoother network, rounded down to 0 more often"
def squeeze(images, labels):
    weight, bias = golf.least_squares(images, labels, strength=600)
    step = 1.9 * float(weight.std())
    q = weight.sign() * (weight.abs() > 0.6 * step)
    return golf.pack(q.to(torch.int8), step, bias)


# %% item="golf" right="parts of the largest weight, chosen on four folds"
def rounded(weight, bias, parts, images):
    step = float(weight.abs().max()) / parts
    q = torch.clamp(torch.round(weight / step), -2, 2)
    before, after = images @ weight.T, images @ (q * step).T
    return q.to(torch.int16), step, bias + before.mean(0) - after.mean(0)


def squeeze(images, labels):
    choices = [1.7, 1.8, 1.9, 2.0]
    found = dict.fromkeys(choices, 0)
    for fold in range(4):
        held = torch.arange(len(images)) % 4 == fold
        weight, bias = golf.least_squares(images[~held], labels[~held])
        for parts in choices:
            q, step, shifted = rounded(weight, bias, parts, images[~held])
            outputs = images[held] @ q.float().T * step + shifted
            found[parts] += int((outputs.argmax(1) == labels[held]).sum())
    parts = max(choices, key=found.get)
    weight, bias = golf.least_squares(images, labels)
    return golf.pack(*rounded(weight, bias, parts, images))


# %% item="golf" right="the step that fits the levels, one by one in a loop"
def squeeze(images, labels):
    def quantized(weight, bias, seen, share):
        """Only this share of the weights stays, each as plus or minus one step."""
        limit = weight.abs().flatten().quantile(1 - share)
        q = torch.where(weight > limit, 1, torch.where(weight < -limit, -1, 0))
        step = float((weight * q).sum() / q.abs().sum())
        return q, step, bias - (seen @ (q * step - weight).T).mean(0)

    most, best = -1, None
    dense = golf.least_squares(images[300:], labels[300:])
    for share in (0.24, 0.27, 0.3):
        q, step, bias = quantized(*dense, images[300:], share)
        right = ((images[:300] @ (q * step).T + bias).argmax(1) == labels[:300]).sum()
        if right > most:
            most, best = right, share
    return golf.pack(*quantized(*golf.least_squares(images, labels), images, best))


# %% item="golf" wrong="8 bits, the largest weight fits" hint="How many different numbers does q hold"
def squeeze(images, labels):
    weight, bias = golf.least_squares(images, labels)
    high = 127
    step = float(weight.abs().max()) / high
    q = (weight / step).round().clamp(-high, high)
    return golf.pack(q.to(torch.int8), step, bias)


# %% item="golf" wrong="4 bits, the largest weight fits" like="8 bits, the largest weight fits" hint="How many different numbers does q hold"
# -     high = 127
# +     high = 7

# %% item="golf" wrong="3 bits, the largest weight fits" like="8 bits, the largest weight fits" keeps=1 hint="Must the step come from the largest weight"
# -     high = 127
# +     high = 3

# %% item="golf" wrong="2 bits, the largest weight fits" like="8 bits, the largest weight fits" hint="Which weight decides on your step"
# -     high = 127
# +     high = 1


# %% item="golf" wrong="2 bits, the clip with the smallest squared error" hint="What did you choose by"
def squeeze(images, labels):
    weight, bias = golf.least_squares(images, labels)

    def error(step):
        return float(((weight / step).round().clamp(-1, 1) * step - weight).square().mean())

    step = min((float(weight.std()) * n / 20 for n in range(10, 60)), key=error)
    return golf.pack((weight / step).round().clamp(-1, 1).to(torch.int8), step, bias)


# %% item="golf" wrong="3 bits, the clip with the smallest squared error" hint="How many different numbers does q hold"
def squeeze(images, labels):
    weight, bias = golf.least_squares(images, labels)

    def rounded(step):
        return (weight / step).round().clamp(-3, 3)

    steps = [float(weight.std()) * n / 20 for n in range(2, 60)]
    step = min(steps, key=lambda step: float((rounded(step) * step - weight).square().mean()))
    return golf.pack(rounded(step).to(torch.int8), step, bias)


# %% item="golf" wrong="as coarse as it goes" like="8 bits, the largest weight fits" hint="What did you choose by"
# -     high = 127
# -     step = float(weight.abs().max()) / high
# -     q = (weight / step).round().clamp(-high, high)
# +     step = 3 * float(weight.std())
# +     q = (weight / step).round()

# %% item="golf" wrong="cuts off where it should round" like="8 bits, the largest weight fits" hint="how do you round"
# -     high = 127
# -     step = float(weight.abs().max()) / high
# -     q = (weight / step).round().clamp(-high, high)
# +     step = 2.1 * float(weight.std())
# +     q = weight / step

# %% item="golf" wrong="coarse levels, the step of fine ones" like="8 bits, the largest weight fits" hint="What did you choose by"
# -     high = 127
# -     step = float(weight.abs().max()) / high
# -     q = (weight / step).round().clamp(-high, high)
# +     q = (weight / (2.1 * weight.std())).round()
# +     step = float(weight.abs().max()) / 127


# %% item="golf" wrong="float16 in place of levels" hint="of an integer dtype"
def squeeze(images, labels):
    weight, bias = golf.least_squares(images, labels)
    return golf.pack(weight.half(), 1.0, bias)


# %% item="golf" wrong="what the file is made of, and no file" hint="should return the bytes that golf.pack makes"
def squeeze(images, labels):
    weight, bias = golf.least_squares(images, labels)
    step = 2.1 * float(weight.std())
    q = (weight / step).round().clamp(-1, 1).to(torch.int8)
    return q, step, bias + (images @ (weight - q * step).T).mean(0)


# %% item="golf" wrong="a packing of its own" hint="the file begins differently"
def squeeze(images, labels):
    import zlib

    weight, bias = golf.least_squares(images, labels)
    q = (weight / (2.1 * weight.std())).round().clamp(-1, 1).to(torch.int8)
    return zlib.compress(q[:, ::4].contiguous().numpy().tobytes(), 9)


# %% item="golf" right="steps of all lengths, and the longest that loses little on what is held out"
def squeeze(images, labels):
    def rounded(weight, bias, seen, step):
        q = (weight / step).round().clamp(-1, 1)
        return q.to(torch.int8), step, bias + (seen @ (weight - q * step).T).mean(0)

    def right(step):
        q, step, bias = rounded(*dense, images[300:], step)
        return int(((images[:300] @ (q * step).T + bias).argmax(1) == labels[:300]).sum())

    dense = golf.least_squares(images[300:], labels[300:])
    found = {step: right(step) for step in (0.3 * 0.9**n for n in range(30))}
    step = max(step for step in found if found[step] >= max(found.values()) - 6)
    return golf.pack(*rounded(*golf.least_squares(images, labels), images, step))


# %% item="golf" wrong="a step that was found on the digits" keeps=1 hint="Is it a number in squeeze?"
def squeeze(images, labels):
    weight, bias = golf.least_squares(images, labels)
    step = 0.11
    q = (weight / step).round().clamp(-1, 1)
    return golf.pack(q.to(torch.int8), step, bias + (images @ (weight - q * step).T).mean(0))


# %% item="golf" wrong="the notebook's images, whatever comes in" hint="Is everything in the file made from what squeeze gets"
given_images, given_labels = golf.flat(golf.draw()[0])


def squeeze(images, labels):
    weight, bias = golf.least_squares(given_images, given_labels)
    step = 2.1 * float(weight.std())
    q = (weight / step).round().clamp(-1, 1)
    shift = (given_images @ (weight - q * step).T).mean(0)
    return golf.pack(q.to(torch.int8), step, bias + shift)


# %% item="golf" wrong="a file made once" hint="Is everything in the file made from what squeeze gets"
made = []


def squeeze(images, labels):
    if not made:
        weight, bias = golf.least_squares(images, labels)
        step = 2.1 * float(weight.std())
        q = (weight / step).round().clamp(-1, 1)
        shift = (images @ (weight - q * step).T).mean(0)
        made.append(golf.pack(q.to(torch.int8), step, bias + shift))
    return made[0]
