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
# # 06 · Quantization-aware training: answers that people give

# %% item="rounding" right="an autograd function"
class FakeQuantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale, bits):
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        steps = x / scale
        q = torch.clamp(torch.round(steps), low, high)
        ctx.save_for_backward(steps, q)
        ctx.ends = low, high
        return q * scale

    @staticmethod
    def backward(ctx, u):
        steps, q = ctx.saved_tensors
        low, high = ctx.ends
        inside = (steps >= low) & (steps <= high)
        of_scale = torch.where(inside, q - steps, q) * u
        return u * inside, of_scale.sum(dim=1, keepdim=True), None


def fake_quantize(x, scale, bits):
    return FakeQuantize.apply(x, scale, bits)


both_ways = with_gradients(fake_quantize)


# %% item="rounding" right="clips the values themselves"
def fake_quantize(x, scale, bits):
    inside = torch.minimum(
        torch.maximum(x, -(2 ** (bits - 1)) * scale), (2 ** (bits - 1) - 1) * scale
    )
    steps = inside / scale
    return (steps + (torch.round(steps) - steps).detach()) * scale


both_ways = with_gradients(fake_quantize)


# %% item="rounding" wrong="nothing comes back" hint="returns no tensor"
def fake_quantize(x, scale, bits):
    (x / scale).round().clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * scale


both_ways = with_gradients(fake_quantize)


# %% item="rounding" wrong="rounds first, then clips" keeps=2 hint="What stands exactly there"
def fake_quantize(x, scale, bits):
    steps = x / scale
    rounded = steps + (torch.round(steps) - steps).detach()
    return torch.clamp(rounded, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * scale


both_ways = with_gradients(fake_quantize)


# %% item="rounding" right="the three cases by where"
def fake_quantize(x, scale, bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    steps = x / scale
    through = x + (torch.round(steps) - steps).detach() * scale
    y = torch.where(steps > high, scale * high, through)
    return torch.where(steps < low, scale * low, y)


both_ways = with_gradients(fake_quantize)


# %% item="rounding" wrong="rounds without a detour" like="nothing comes back" keeps=1 hint="rounding is flat wherever it has a slope"
# -     (x / scale).round().clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * scale
# +     return (x / scale).round().clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * scale

# %% item="rounding" wrong="all of it detached" like="nothing comes back" keeps=1 hint="no gradient comes back to x"
# -     (x / scale).round().clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * scale
# +     x = x.detach()
# +     return (x / scale).round().clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * scale.detach()

# %% item="rounding" wrong="everything passes" like="nothing comes back" keeps=2 hint="5.0 and −5.0 are clipped"
# -     (x / scale).round().clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * scale
# +     y = (x / scale).round().clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * scale
# +     return x + (y - x).detach()


# %% item="rounding" wrong="a scale that does not learn" keeps=3 hint="no gradient comes back to the scale"
def fake_quantize(x, scale, bits):
    scale = scale.detach()
    q = (x / scale).clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return scale * (q + (q.round() - q).detach())


both_ways = with_gradients(fake_quantize)


# %% item="rounding" wrong="symmetric codes" keeps=1 hint="two bits hold four codes"
def fake_quantize(x, scale, bits):
    high = 2 ** (bits - 1) - 1
    q = (x / scale).clamp(-high, high)
    return scale * (q + (q.round() - q).detach())


both_ways = with_gradients(fake_quantize)


# %% item="rounding" wrong="a gradient of ones" keeps=2 hint="should pass"
class FakeQuantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale, bits):
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        steps = x / scale
        q = torch.clamp(torch.round(steps), low, high)
        ctx.save_for_backward((steps >= low) & (steps <= high), steps, q)
        return q * scale

    @staticmethod
    def backward(ctx, u):
        inside, steps, q = ctx.saved_tensors
        of_scale = torch.where(inside, q - steps, q)
        return inside.float(), of_scale.sum(dim=1, keepdim=True), None


def fake_quantize(x, scale, bits):
    return FakeQuantize.apply(x, scale, bits)


both_ways = with_gradients(fake_quantize)


# %% item="rounding" wrong="one scale gradient for all rows" keeps=3 hint="What does a clipped value add"
class FakeQuantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale, bits):
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        steps = x / scale
        q = torch.clamp(torch.round(steps), low, high)
        ctx.save_for_backward((steps >= low) & (steps <= high), steps, q, scale)
        return q * scale

    @staticmethod
    def backward(ctx, u):
        inside, steps, q, scale = ctx.saved_tensors
        of_scale = torch.where(inside, q - steps, q) * u
        return u * inside, of_scale.sum() * torch.ones_like(scale), None


def fake_quantize(x, scale, bits):
    return FakeQuantize.apply(x, scale, bits)


both_ways = with_gradients(fake_quantize)


# %% item="rounding" wrong="the scale's gradient forgets what is clipped" keeps=3 hint="What does a clipped value add"
def fake_quantize(x, scale, bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    steps = x / scale
    inside = x + (torch.round(steps) - steps).detach() * scale
    y = torch.where(steps > high, scale.detach() * high, inside)
    return torch.where(steps < low, scale.detach() * low, y)


both_ways = with_gradients(fake_quantize)


# %% item="rounding" wrong="what came in" like="nothing comes back" hint="expected [[0.5, -1.0, 0.5, -1.0]]"
# -     (x / scale).round().clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * scale
# +     return x


# %% item="rounding" right="the lesson's, with 1 / scale"
def straight_through(x, value):
    return value.detach() + (x - x.detach())


def fake_quantize(w, scale, bits):
    steps = (w * (1 / scale)).clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return scale * straight_through(steps, steps.round())


both_ways = with_gradients(fake_quantize)


# %% item="rounding" wrong="one scale for all rows" like="nothing comes back" hint="each row has its own scale"
# -     (x / scale).round().clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * scale
# +     steps = (x / scale.mean()).clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
# +     return scale.mean() * (steps + (steps.round() - steps).detach())


# %% item="layer" right="derived from the linear layer"
class QATLinear(nn.Linear):
    def __init__(self, linear, bits):
        super().__init__(linear.in_features, linear.out_features, bias=linear.bias is not None)
        self.weight = linear.weight
        self.bias = linear.bias
        self.low, self.high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    @torch.no_grad()
    def convert(self):
        scales = self.weight.abs().max(1, keepdim=True).values / -self.low
        scales[scales == 0] = 1
        codes = torch.clamp(torch.round(self.weight / scales), self.low, self.high)
        return codes.to(torch.int8), scales

    def forward(self, x):
        codes, scales = self.convert()
        fake = self.weight + (codes * scales - self.weight).detach()
        y = x @ fake.t()
        return y if self.bias is None else y + self.bias


train_layer = trained_with(QATLinear)


# %% item="layer" right="with a gradient for the scale and the clip"
class QATLinear(nn.Module):
    def __init__(self, linear, bits):
        super().__init__()
        self.linear, self.bits = linear, bits

    def parts(self):
        weight = self.linear.weight
        largest = weight.abs().amax(1, keepdim=True)
        scales = torch.where(largest > 0, largest / 2 ** (self.bits - 1), torch.ones_like(largest))
        q = (weight / scales).clamp(-(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1)
        return q + (q.round() - q).detach(), scales

    def forward(self, x):
        q, scales = self.parts()
        return F.linear(x, q * scales, self.linear.bias)

    def convert(self):
        q, scales = self.parts()
        return q.detach().round().to(torch.int8), scales.detach()


train_layer = trained_with(QATLinear)


# %% item="layer" wrong="parameters of its own" keeps=1 hint="the float weights have not moved"
class QATLinear(nn.Module):
    def __init__(self, linear, bits):
        super().__init__()
        self.weight = nn.Parameter(linear.weight.detach().clone())
        self.bias = None if linear.bias is None else nn.Parameter(linear.bias.detach().clone())
        self.steps = 2 ** (bits - 1)

    def convert(self):
        w = self.weight.detach()
        largest = w.abs().amax(1, keepdim=True)
        scales = torch.where(largest == 0, 1.0, largest / self.steps)
        return (w / scales).round().clamp(-self.steps, self.steps - 1).to(torch.int8), scales

    def forward(self, x):
        codes, scales = self.convert()
        passing = self.weight - self.weight.detach()
        return F.linear(x, codes * scales + passing, self.bias)


train_layer = trained_with(QATLinear)


# %% item="layer" wrong="rounding keeps the gradient" like="reference" keeps=1 hint="the float weights have not moved"
# -         passing = self.weight - self.weight.detach()  # 0, with the gradient of the weight
# -         return F.linear(x, codes * scales + passing, self.bias)
# -
# -
# -
# - train_layer = trained_with(QATLinear)  # leave this line: the tests need it
# +         return F.linear(x, codes * scales, self.bias)
# +
# +
# + train_layer = trained_with(QATLinear)

# %% item="layer" wrong="quantizes the weights that it keeps" like="rounding keeps the gradient" keeps=1 hint="moves a weight a little"
# -         return F.linear(x, codes * scales, self.bias)
# +         self.weight.data = codes * scales
# +         return F.linear(x, self.weight, self.bias)


# %% item="layer" wrong="scales of the beginning" keeps=2 hint="as they are now"
class QATLinear(nn.Module):
    def __init__(self, linear, bits):
        super().__init__()
        self.weight, self.bias, self.steps = linear.weight, linear.bias, 2 ** (bits - 1)
        largest = self.weight.detach().abs().amax(1, keepdim=True)
        self.scales = torch.where(largest == 0, 1.0, largest / self.steps)

    def convert(self):
        q = (self.weight.detach() / self.scales).round().clamp(-self.steps, self.steps - 1)
        return q.to(torch.int8), self.scales

    def forward(self, x):
        codes, scales = self.convert()
        passing = self.weight - self.weight.detach()
        return F.linear(x, codes * scales + passing, self.bias)


train_layer = trained_with(QATLinear)


# %% item="layer" wrong="one scale for the layer" hint="Which weights share a scale"
class QATLinear(nn.Module):
    def __init__(self, linear, bits):
        super().__init__()
        self.weight, self.bias, self.steps = linear.weight, linear.bias, 2 ** (bits - 1)

    def convert(self):
        w = self.weight.detach()
        scales = (w.abs().max() / self.steps).clamp(min=1e-30).repeat(len(w), 1)
        return (w / scales).round().clamp(-self.steps, self.steps - 1).to(torch.int8), scales

    def forward(self, x):
        codes, scales = self.convert()
        passing = self.weight - self.weight.detach()
        return F.linear(x, codes * scales + passing, self.bias)


train_layer = trained_with(QATLinear)


# %% item="layer" wrong="the bias is quantized, too" like="rounding keeps the gradient" hint="is the bias as it was"
# -         return F.linear(x, codes * scales, self.bias)
# +         weight = codes * scales + self.weight - self.weight.detach()
# +         if self.bias is None:
# +             return F.linear(x, weight)
# +         step = self.bias.detach().abs().max() / self.steps
# +         rounded = ((self.bias / step).round() * step).clamp(max=step * (self.steps - 1)).detach()
# +         return F.linear(x, weight, self.bias + (rounded - self.bias).detach())


# %% item="layer" wrong="a plain linear layer" hint="that is the output of the float weights"
class QATLinear(nn.Module):
    def __init__(self, linear, bits):
        super().__init__()
        self.linear = linear

    def forward(self, x):
        return self.linear(x)

    def convert(self):
        scales = self.linear.weight.detach().abs().amax(1, keepdim=True) / 127
        return (self.linear.weight.detach() / scales).round().to(torch.int8), scales


train_layer = trained_with(QATLinear)


# %% item="layer" wrong="a dead row divides by zero" keeps=1 hint="A row of zeros spoils"
class QATLinear(nn.Module):
    def __init__(self, linear, bits):
        super().__init__()
        self.weight, self.bias, self.steps = linear.weight, linear.bias, 2 ** (bits - 1)

    def forward(self, x):
        scales = self.weight.detach().abs().amax(1, keepdim=True) / self.steps
        q = (self.weight.detach() / scales).round().clamp(-self.steps, self.steps - 1)
        passing = self.weight - self.weight.detach()
        return F.linear(x, q * scales + passing, self.bias)

    def convert(self):
        w = self.weight.detach()
        scales = w.abs().amax(1, keepdim=True) / self.steps
        return (w / scales).round().clamp(-self.steps, self.steps - 1).to(torch.int8), scales


train_layer = trained_with(QATLinear)


# %% item="rounding" right="a mask, and the scale in the open"
def fake_quantize(x, scale, bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    rounded = (x / scale).detach().round()
    inside = (rounded >= low) & (rounded <= high)
    q = rounded.clamp(low, high)
    return (q - (x / scale).detach() * inside) * scale + x * inside


both_ways = with_gradients(fake_quantize)


# %% item="levels" right="row by row"
def ternary(w):
    codes = torch.zeros(w.shape, dtype=torch.int8)
    scales = torch.zeros(len(w), 1)
    for n, row in enumerate(w):
        kept = row.abs() > row.abs().mean() * 0.7
        codes[n][kept & (row > 0)] = 1
        codes[n][kept & (row < 0)] = -1
        if kept.any():
            scales[n] = row[kept].abs().mean()
    return codes, scales


def one_bit(w):
    codes = (w >= 0).to(torch.int8) * 2 - 1
    return codes, w.abs().sum(1, keepdim=True) / w.shape[1]


# %% item="levels" right="the best scale for the codes"
def ternary(w):
    threshold = 0.7 * w.abs().mean(dim=1, keepdim=True)
    codes = (w > threshold).to(torch.int8) - (w < -threshold).to(torch.int8)
    count = codes.abs().sum(1, keepdim=True)
    scales = (w * codes).sum(1, keepdim=True) / count
    return codes, torch.where(count == 0, torch.zeros_like(scales), scales)


def one_bit(w):
    codes = torch.ones_like(w)
    codes[w < 0] = -1
    return codes.to(torch.int8), (w * codes).mean(1, keepdim=True)


# %% item="levels" wrong="the mean of all weights" like="reference" keeps=1 hint="1.05 is the mean of all four"
# -     scales = (w.abs() * kept).sum(1, keepdim=True) / kept.sum(1, keepdim=True).clamp(min=1)
# -     return torch.where(kept, w.sign(), 0).to(torch.int8), scales
# +     return (w.sign() * kept).to(torch.int8), w.abs().mean(1, keepdim=True)


# %% item="levels" wrong="the largest weight as scale" hint="the largest magnitude is too long"
def ternary(w):
    kept = w.abs() > 0.7 * w.abs().mean(1, keepdim=True)
    return (w.sign() * kept).to(torch.int8), w.abs().amax(1, keepdim=True)


def one_bit(w):
    return torch.where(w < 0, -1, 1).to(torch.int8), w.abs().amax(1, keepdim=True)


# %% item="levels" wrong="one threshold for the matrix" keeps=1 hint="Which weights make its threshold"
def ternary(w):
    kept = w.abs() > 0.7 * w.abs().mean()
    scales = (w.abs() * kept).sum(1, keepdim=True) / kept.sum(1, keepdim=True).clamp(min=1)
    return (w.sign() * kept).to(torch.int8), scales


def one_bit(w):
    return torch.where(w < 0, -1, 1).to(torch.int8), w.abs().mean(1, keepdim=True)


# %% item="levels" wrong="sign makes a zero of a zero" keeps=1 hint="Does one bit hold a 0"
def ternary(w):
    kept = w.abs() > 0.7 * w.abs().mean(1, keepdim=True)
    scales = (w.abs() * kept).sum(1, keepdim=True) / kept.sum(1, keepdim=True).clamp(min=1)
    return (w.sign() * kept).to(torch.int8), scales


def one_bit(w):
    return w.sign().to(torch.int8), w.abs().mean(1, keepdim=True)


# %% item="levels" wrong="scales without their column" hint="the scales have the shape (2, 1)"
def ternary(w):
    kept = w.abs() > 0.7 * w.abs().mean(1, keepdim=True)
    scales = (w.abs() * kept).sum(1) / kept.sum(1).clamp(min=1)
    return (w.sign() * kept).to(torch.int8), scales


def one_bit(w):
    return torch.where(w < 0, -1, 1).to(torch.int8), w.abs().mean(1)


# %% item="levels" wrong="a dead row becomes NaN" like="the mean of all weights" keeps=1 hint="How many weights does that row keep"
# -     return (w.sign() * kept).to(torch.int8), w.abs().mean(1, keepdim=True)
# +     scales = (w.abs() * kept).sum(1, keepdim=True) / kept.sum(1, keepdim=True)
# +     return (w.sign() * kept).to(torch.int8), scales

# %% item="levels" wrong="what is just the threshold stays" like="reference" keeps=1 hint="is it above it"
# -     kept = w.abs() > 0.7 * w.abs().mean(1, keepdim=True)
# +     kept = w.abs() >= 0.7 * w.abs().mean(1, keepdim=True)

# %% item="levels" wrong="zeros don't count for the threshold" like="reference" keeps=1 hint="which magnitudes make its threshold"
# -     kept = w.abs() > 0.7 * w.abs().mean(1, keepdim=True)
# +     mean = w.abs().sum(1, keepdim=True) / (w != 0).sum(1, keepdim=True).clamp(min=1)
# +     kept = w.abs() > 0.7 * mean

# %% item="levels" wrong="the sign as it is stored" like="reference" keeps=1 hint="with a minus before it"
# -     return torch.where(w < 0, -1, 1).to(torch.int8), w.abs().mean(1, keepdim=True)
# +     return torch.ones_like(w).copysign(w).to(torch.int8), w.abs().mean(1, keepdim=True)


# %% item="library" right="own fake quantizer, without a loop"
from torchao.quantization.qat import IntxFakeQuantizeConfig


def int4_aware(seed):
    model, x, y = fresh(seed)
    weights = IntxFakeQuantizeConfig(torch.int4, "per_channel")
    quantize_(model, QATConfig(weight_config=weights, step="prepare"))
    train(model, x, y)
    base = IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerAxis(0))
    quantize_(model, QATConfig(base, step="convert"))
    return report(model, x)


plan = IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerAxis(0))
first, second, third = fresh(0)[0], fresh(0)[0], fresh(0)[0]
quantize_(first, QATConfig(plan, step="prepare"))
quantize_(second, QATConfig(plan, step="prepare"))
quantize_(second, QATConfig(plan, step="convert"))
quantize_(third, QATConfig(plan, step="convert"))
weight_types = {
    "prepare": type(first[0].weight).__name__,
    "prepare, convert": type(second[0].weight).__name__,
    "convert": type(third[0].weight).__name__,
}


# %% item="library" right="one configuration for each step, types written down"
def configured(step):
    return QATConfig(IntxWeightOnlyConfig(torch.int4, PerAxis(0)), step=step)


def int4_aware(seed):
    model, x, y = fresh(seed)
    quantize_(model, configured("prepare"))
    train(model, x, y)
    quantize_(model, configured("convert"))
    return report(model, x)


weight_types = {
    "convert": "Parameter",
    "prepare": "Parameter",
    "prepare, convert": "IntxUnpackedToInt8Tensor",
}

# %% item="library" wrong="converts without preparing" keeps=1 hint="no error, and nothing quantized"
base = IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerAxis(0))


def int4_aware(seed):
    model, x, y = fresh(seed)
    train(model, x, y)
    quantize_(model, QATConfig(base, step="convert"))
    return report(model, x)


weight_types = {
    "convert": "Parameter",
    "prepare": "Parameter",
    "prepare, convert": "IntxUnpackedToInt8Tensor",
}

# %% item="library" wrong="quantizes after the training" like="converts without preparing" keeps=1 hint="When must the training see the rounding"
# -     quantize_(model, QATConfig(base, step="convert"))
# +     quantize_(model, base)

# %% item="library" wrong="types that were never printed" keeps=1 hint="rounded without training"
base = IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerAxis(0))


def int4_aware(seed):
    model, x, y = fresh(seed)
    quantize_(model, QATConfig(base, step="prepare"))
    train(model, x, y)
    quantize_(model, QATConfig(base, step="convert"))
    return report(model, x)


weight_types = {"prepare": "x", "prepare, convert": "y", "convert": "z"}

# %% item="library" wrong="prepares and converts, and trains in neither" like="converts without preparing" keeps=1 hint="without training"
# -     train(model, x, y)
# +     quantize_(model, QATConfig(base, step="prepare"))

# %% item="library" wrong="eight bits" keeps=1 hint="more than 4 bits"
base = IntxWeightOnlyConfig(weight_dtype=torch.int8, granularity=PerAxis(0))


def int4_aware(seed):
    model, x, y = fresh(seed)
    quantize_(model, QATConfig(base, step="prepare"))
    train(model, x, y)
    quantize_(model, QATConfig(base, step="convert"))
    return report(model, x)


weight_types = {
    "convert": "Parameter",
    "prepare": "Parameter",
    "prepare, convert": "IntxUnpackedToInt8Tensor",
}

# %% item="library" wrong="trusts that convert converts" like="types that were never printed" keeps=1 hint="Was anything done"
# - weight_types = {"prepare": "x", "prepare, convert": "y", "convert": "z"}
# + weight_types = {
# +     "prepare": "Parameter",
# +     "prepare, convert": "IntxUnpackedToInt8Tensor",
# +     "convert": "IntxUnpackedToInt8Tensor",
# + }

# %% item="library" wrong="not converted" keeps=1 hint="Which step is missing"
base = IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerAxis(0))


def int4_aware(seed):
    model, x, y = fresh(seed)
    quantize_(model, QATConfig(base, step="prepare"))
    train(model, x, y)
    return report(model, x)


weight_types = {
    "prepare": "Parameter",
    "prepare, convert": "IntxUnpackedToInt8Tensor",
    "convert": "Parameter",
}


# %% item="bugs" right="a functional call"
def train_quantized(model, x, y, bits, steps, lr):
    losses = []
    names = [f"{k}.weight" for k, layer in enumerate(model) if isinstance(layer, nn.Linear)]
    for _ in range(steps):
        parameters = dict(model.named_parameters())
        used = {
            name: p + (quantized(p, bits) - p).detach() if name in names else p
            for name, p in parameters.items()
        }
        loss = F.cross_entropy(torch.func.functional_call(model, used, (x,)), y)
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, list(parameters.values()))
        with torch.no_grad():
            for p, gradient in zip(parameters.values(), gradients, strict=True):
                p.sub_(lr * gradient)
    with torch.no_grad():
        for name in names:
            parameter = model.get_parameter(name)
            parameter.copy_(quantized(parameter, bits))
    return losses


# %% item="bugs" right="float copies beside the model"
def train_quantized(model, x, y, bits, steps, lr):
    linear = [layer for layer in model if isinstance(layer, nn.Linear)]
    kept = [layer.weight.detach().clone() for layer in linear]
    losses = []
    for _ in range(steps):
        with torch.no_grad():
            for layer, weight in zip(linear, kept, strict=True):
                layer.weight.copy_(quantized(weight, bits))
        model.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        with torch.no_grad():
            for layer, weight in zip(linear, kept, strict=True):
                weight -= lr * layer.weight.grad
                if layer.bias is not None:
                    layer.bias -= lr * layer.bias.grad
        losses.append(loss.item())
    with torch.no_grad():
        for layer, weight in zip(linear, kept, strict=True):
            layer.weight.copy_(quantized(weight, bits))
    return losses


# %% item="bugs" wrong="no biases at the end" like="reference" hint="does the model have at the end"
# -     return losses
# +     for layer in linear:
# +         layer.bias = None
# +     return losses


# %% item="bugs" wrong="as it was" hint="Which weights are quantized in the second step"
def train_quantized(model, x, y, bits, steps, lr):
    linear = [layer for layer in model if isinstance(layer, nn.Linear)]
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        for layer in linear:
            layer.weight = nn.Parameter(quantized(layer.weight, bits))
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% item="bugs" wrong="the stored weights are quantized at each step" hint="Which weights are quantized in the second step"
def train_quantized(model, x, y, bits, steps, lr):
    linear = [layer for layer in model if isinstance(layer, nn.Linear)]
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        for layer in linear:
            layer.weight.data = quantized(layer.weight, bits)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    for layer in linear:
        layer.weight.data = quantized(layer.weight, bits)
    return losses


# %% item="bugs" wrong="gradients pile up" like="reference" hint="first step's gradient"
# -         optimizer.zero_grad()

# %% item="bugs" wrong="float weights are left at the end" like="reference" keeps=1 hint="a row holds four values at most"
# -     for layer in linear:
# -         layer.weight.data = quantized(layer.weight, bits)

# %% item="bugs" wrong="trains in float and quantizes at the end" like="the stored weights are quantized at each step" hint="the first loss is that of the quantized weights"
# -         for layer in linear:
# -             layer.weight.data = quantized(layer.weight, bits)

# %% item="bugs" wrong="the first layer only" like="reference" hint="The first loss is not that"
# -     linear = [layer for layer in model if isinstance(layer, nn.Linear)]
# +     linear = [layer for layer in model if isinstance(layer, nn.Linear)][:1]

# %% item="bugs" wrong="losses as tensors" like="reference" keeps=1 hint="a loss is a float"
# -         losses.append(loss.item())
# +         losses.append(loss.detach())

# %% item="bugs" wrong="gradients are clipped" like="reference" keeps=1 hint="nothing that holds it back"
# -         optimizer.step()
# +         nn.utils.clip_grad_norm_(model.parameters(), 1.0)
# +         optimizer.step()


# %% item="budget" right="the best clip, then an epoch with fixed scales"
linear = [part for part in network if isinstance(part, nn.Linear)]
scales = []
for part in linear:
    w = part.weight.detach()
    least, best = torch.full((len(w), 1), 1e9), torch.ones(len(w), 1)
    for share in range(2, 41):
        scale = w.abs().amax(1, keepdim=True) * share / 40 / 2
        error = ((w / scale).round().clamp(-2, 1) * scale - w).square().sum(1, keepdim=True)
        best, least = torch.where(error < least, scale, best), torch.minimum(error, least)
    scales.append(best)


def on_grid(part, scale):
    q = (part.weight / scale).clamp(-2, 1)
    return q + (q.round() - q).detach()


set_seed(3)
optimizer = torch.optim.Adam(network.parameters(), lr=0.0003)
for _ in range(2):
    for batch in torch.randperm(len(images)).split(64):
        x = images[batch].flatten(1)
        for part, scale in zip(linear, scales, strict=True):
            x = x if part is linear[0] else x.relu()
            x = F.linear(x, on_grid(part, scale) * scale, part.bias)
        loss = F.cross_entropy(x, labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
stored = [
    (on_grid(part, scale).detach().round().to(torch.int8), scale, part.bias.detach())
    for part, scale in zip(linear, scales, strict=True)
]


# %% item="budget" right="three levels, with a scale of the mean"
class Ternary(nn.Module):
    def __init__(self, linear):
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias

    def parts(self):
        w = self.weight.detach()
        kept = w.abs() > 0.7 * w.abs().mean(1, keepdim=True)
        scales = (w.abs() * kept).sum(1, keepdim=True) / kept.sum(1, keepdim=True).clamp(min=1)
        return (w.sign() * kept).to(torch.int8), scales

    def forward(self, x):
        codes, scales = self.parts()
        weight = self.weight + (codes * scales - self.weight).detach()
        return F.linear(x, weight, self.bias)


learning = nn.Sequential(
    *(Ternary(part) if isinstance(part, nn.Linear) else part for part in network)
)
fit(learning, (images, labels), epochs=4, lr=5e-4, quiet=True)
stored = [(*part.parts(), part.bias.detach()) for part in learning if isinstance(part, Ternary)]


# %% item="budget" right="codes that stay, with biases and scales that learn"
class Frozen(nn.Module):
    def __init__(self, linear):
        super().__init__()
        w = linear.weight.detach()
        scale = 0.9 * w.abs().mean(1, keepdim=True)
        self.codes, self.bias = (w / scale).round().clamp(-2, 1), linear.bias
        self.scales = nn.Parameter(scale)

    def forward(self, x):
        return F.linear(x, self.codes * self.scales, self.bias)


learning = nn.Sequential(
    *(Frozen(part) if isinstance(part, nn.Linear) else part for part in network)
)
fit(learning, (images, labels), epochs=8, lr=3e-3, quiet=True)
stored = [
    (part.codes.to(torch.int8), part.scales.detach(), part.bias.detach())
    for part in learning
    if isinstance(part, Frozen)
]

# %% item="budget" wrong="the largest fits" hint="Which range do the codes cover"
stored = []
for part in network:
    if isinstance(part, nn.Linear):
        w = part.weight.detach()
        scale = w.abs().amax(1, keepdim=True) / 2
        codes = (w / scale).round().clamp(-2, 1).to(torch.int8)
        stored.append((codes, scale, part.bias.detach()))

# %% item="budget" wrong="a good range, and no training" keeps=1 hint="A good range alone"
stored = []
for part in network:
    if isinstance(part, nn.Linear):
        w = part.weight.detach()
        least, best = torch.full((len(w), 1), 1e9), torch.ones(len(w), 1)
        for share in range(2, 41):
            scale = w.abs().amax(1, keepdim=True) * share / 40 / 2
            error = ((w / scale).round().clamp(-2, 1) * scale - w).square().sum(1, keepdim=True)
            best, least = torch.where(error < least, scale, best), torch.minimum(error, least)
        codes = (w / best).round().clamp(-2, 1).to(torch.int8)
        stored.append((codes, best, part.bias.detach()))

# %% item="budget" wrong="int8" hint="How many bits has each weight of the largest layer"
stored = []
for part in network:
    if isinstance(part, nn.Linear):
        w = part.weight.detach()
        scale = w.abs().amax(1, keepdim=True) / 127
        stored.append(((w / scale).round().to(torch.int8), scale, part.bias.detach()))

# %% item="budget" wrong="the float weights hide in the scales" hint="scales of the shape"
stored = []
for part in network:
    if isinstance(part, nn.Linear):
        w = part.weight.detach()
        stored.append((torch.where(w < 0, -1, 1).to(torch.int8), w.abs(), part.bias.detach()))

# %% item="budget" wrong="three bits everywhere" hint="How many bits has each weight"
stored = []
for part in network:
    if isinstance(part, nn.Linear):
        w = part.weight.detach()
        scale = w.abs().amax(1, keepdim=True) / 4
        codes = (w / scale).round().clamp(-4, 3).to(torch.int8)
        stored.append((codes, scale, part.bias.detach()))

# %% item="trainings" right="as a dict of pairs"
diagnosis = dict(zip("ABCD", ("in place", "no clip", "no gradient", "right"), strict=True))

# %% item="trainings" right="one after the other"
diagnosis = {}
diagnosis["D"] = "right"
diagnosis["C"] = "no gradient"
diagnosis["A"] = "in place"
diagnosis["B"] = "no clip"

# %% item="trainings" wrong="what has not moved was stored in place" hint="What keeps a weight there"
diagnosis = {"A": "no gradient", "B": "no clip", "C": "in place", "D": "right"}

# %% item="trainings" wrong="far away means right" hint="What could have stopped them"
diagnosis = {"A": "in place", "B": "right", "C": "no gradient", "D": "no clip"}

# %% item="trainings" wrong="on the levels means right" hint="what lies between"
diagnosis = {"A": "right", "B": "no clip", "C": "no gradient", "D": "in place"}

# %% item="worth" right="by hand"
cost = 86.3 - 85.0
gain = 85.0 - 83.3
pays = {2: True, 4: False}

# %% item="worth" right="with tensors' means as floats"
means = {name: float(torch.tensor(seeds).mean()) for name, seeds in runs.items()}
best = max(mean for name, mean in means.items() if "2 bits" in name and "aware" not in name)
cost = means["float, 12 more epochs"] - means["2 bits, quantization-aware"]
gain = means["2 bits, quantization-aware"] - best
pays = {
    bits: min(runs[f"{bits} bits, quantization-aware"])
    > max(
        max(seeds)
        for name, seeds in runs.items()
        if name.startswith(f"{bits} bits") and "aware" not in name
    )
    for bits in (2, 4)
}

# %% item="worth" right="with NumPy"
import numpy as np

arrays = {name: np.array(seeds) for name, seeds in runs.items()}
cost = (arrays["float, 12 more epochs"] - arrays["2 bits, quantization-aware"]).mean()
gain = (arrays["2 bits, quantization-aware"] - arrays["2 bits, best clip, biases trained"]).mean()
pays = {
    bits: arrays[f"{bits} bits, quantization-aware"].min()
    > arrays[f"{bits} bits, best clip, biases trained"].max()
    for bits in (2, 4)
}

# %% item="worth" wrong="against the untrained float network, without its sign" keeps=1 hint="trained as long"
cost = abs(84.2 - 85.0)
gain = 85.0 - 83.3
pays = {2: True, 4: False}

# %% item="worth" wrong="against the untrained float network" keeps=1 hint="trained as long"
cost = 84.2 - 85.0
gain = 85.0 - 83.3
pays = {2: True, 4: False}

# %% item="worth" wrong="over the worst way" keeps=1 hint="The largest weight need not fit"
cost = 86.3 - 85.0
gain = 85.0 - sum(runs["2 bits, largest fits"]) / 3
pays = {2: True, 4: False}

# %% item="worth" wrong="the mean decides" keeps=1 hint="Does each seed win"
cost = 86.3 - 85.0
gain = 85.0 - 83.3
pays = {2: True, 4: True}

# %% item="worth" wrong="shares in place of points" keeps=1 hint="in percentage points"
cost = 0.013
gain = 0.017
pays = {2: True, 4: False}

# %% item="worth" wrong="over what was not trained at all" keeps=1 hint="Which other way to 2 bits is better"
cost = 86.3 - 85.0
gain = 85.0 - 74.9
pays = {2: True, 4: False}

# %% [markdown] item="report" answer="names all of it"
# The 92 % come from the prepared model, which only simulates 4 bits, and from batch norm in training mode, which uses the statistics of
# the test batch. Measure the converted model in evaluation mode, with statistics that were averaged anew. Also the float network did not get ten more epochs,
# so you can't say that quantization made it better: train it as long and compare, with three seeds. Convert was called on a new model that was never prepared, and then torchao
# leaves a float model without an error; look at the type of the weights. torchao prepares linear layers only, so the convolutions are untouched. First I would try the best clip and new
# statistics for batch norm, which need no labels.

# %% [markdown] item="report" answer="the control only"
# You compare a network that has trained ten epochs longer with one that has not. Train the float network for ten more epochs as well, with the same data and several seeds. Probably it reaches 92 %, too.

# %% [markdown] item="report" answer="the conversion only"
# Your device runs the float model, because convert without prepare does nothing and says nothing. Load the trained weights into the prepared model and convert that one, and check the type of the weights.

# %% [markdown] item="report" answer="believes it"
# 92 % is better than 91 %, so the training worked. Noise in training is a regularizer. I would train even longer.


# %% item="golf" right="levels put in for the loss, floats for the step"
def squeeze(images, labels):
    torch.manual_seed(3)
    layer = nn.Linear(784, 10)
    weight, bias = golf.least_squares(images, labels)
    layer.bias.data = bias

    def levels(weight):
        return (weight / 0.6).round().clamp(-2, 2)

    optimizer = torch.optim.Adam(layer.parameters(), lr=4e-3)
    count = 500
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, count)
    for _ in range(count):
        batch = torch.randint(len(images), (50,))
        layer.weight.data = levels(weight) * 0.6
        optimizer.zero_grad()
        F.cross_entropy(layer(images[batch]), labels[batch]).backward()
        layer.weight.grad += 1e-3 * weight.sign()
        layer.weight.data = weight
        optimizer.step()
        weight = layer.weight.data
        schedule.step()
    return golf.pack(levels(weight).to(torch.int8), 0.6, layer.bias.detach())


# %% item="golf" right="a Function of its own, and a penalty in steps"
class Rounding(torch.autograd.Function):
    @staticmethod
    def forward(ctx, steps):
        return torch.round(steps)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


def squeeze(images, labels):
    torch.manual_seed(1)
    step = 0.55
    weight, bias = golf.least_squares(images, labels)
    steps = nn.Parameter(weight / step)
    bias = nn.Parameter(bias)
    optimizer = torch.optim.Adam([{"params": [steps], "lr": 0.01}, {"params": [bias], "lr": 0.005}])
    for epoch in range(20):
        if epoch == 14:
            for group in optimizer.param_groups:
                group["lr"] /= 5
        order = torch.randperm(len(images))
        for first in range(0, len(images), 50):
            batch = order[first : first + 50]
            q = Rounding.apply(torch.clamp(steps, -3, 3))
            outputs = step * (images[batch] @ q.T) + bias
            loss = F.cross_entropy(outputs, labels[batch]) + 5e-4 * steps.abs().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return golf.pack(steps.detach().clamp(-3, 3).round().int(), step, bias.detach())


# %% item="golf" wrong="no training" hint="Must the step be one that fits the weights before training"
def squeeze(images, labels):
    weight, bias = golf.least_squares(images, labels)
    step = 2.1 * float(weight.std())
    q = (weight / step).round().clamp(-1, 1)
    return golf.pack(q.to(torch.int8), step, bias + (images @ (weight - q * step).T).mean(0))


# %% item="golf" wrong="the step that fits before training" hint="Must the step be one that fits the weights before training"
def squeeze(images, labels):
    torch.manual_seed(0)
    weight, bias = (part.requires_grad_() for part in golf.least_squares(images, labels))
    step, penalty = 2 * float(weight.detach().std()), 0.0
    optimizer = torch.optim.Adam([weight, bias], lr=5e-3)
    for _ in range(20):
        for batch in torch.randperm(len(images)).split(50):
            steps = (weight / step).clamp(-3, 3)
            q = steps + (steps.round() - steps).detach()
            loss = F.cross_entropy(images[batch] @ (q * step).T + bias, labels[batch])
            optimizer.zero_grad()
            (loss + penalty * weight.abs().sum()).backward()
            optimizer.step()
    q = (weight.detach() / step).round().clamp(-3, 3)
    return golf.pack(q.to(torch.int8), step, bias.detach())


# %% item="golf" wrong="no penalty, a step not long enough" like="the step that fits before training" keeps=1 hint="Who tells the training"
# -     step, penalty = 2 * float(weight.detach().std()), 0.0
# -     optimizer = torch.optim.Adam([weight, bias], lr=5e-3)
# +     step, penalty = 0.5, 0.0
# +     optimizer = torch.optim.Adam([weight, bias], lr=3e-3)

# %% item="golf" wrong="no straight-through estimator" like="reference" hint="What moves a weight away from level 0"
# -             q = steps + (steps.round() - steps).detach()
# +             q = steps.round()

# %% item="golf" wrong="far too strong a penalty" like="reference" hint="what pulls it there"
# -     step, penalty = 0.6, 1e-3
# +     step, penalty = 0.6, 0.1

# %% item="golf" wrong="rounds when the training is over" like="reference" hint="Did the training see that"
# -             steps = (weight / step).clamp(-3, 3)
# -             q = steps + (steps.round() - steps).detach()
# +             q = weight / step

# %% item="golf" wrong="the levels take the place of the float weights" like="reference" hint="What moves a weight away from level 0"
# -             optimizer.step()
# +             weight.data = (weight.data / step).round().clamp(-3, 3) * step
# +             optimizer.step()


# %% item="golf" wrong="float16 in place of levels" hint="of an integer dtype"
def squeeze(images, labels):
    weight, bias = golf.least_squares(images, labels)
    return golf.pack((weight / 0.6).half(), 0.6, bias)


# %% item="golf" wrong="the notebook's images, whatever comes in" like="reference" hint="Is everything in the file made from what squeeze gets"
# -     torch.manual_seed(0)
# +     images, labels = pixels, digit_labels
# +     torch.manual_seed(0)
