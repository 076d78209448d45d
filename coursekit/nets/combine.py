"""Pruning and quantization in one small network, in any order, and the bytes that are left.

A `Network` keeps for each linear layer the weights, a mask and, once it is quantized, a step for
each row. All three are used in the forward pass and in training, so prune, quantize and train may
follow each other in any order. Its bytes are those of a plain file format that `encode` writes.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

HIDDEN = (300, 100)  # LeNet-300-100 (LeCun et al. 1998)


class Layer(nn.Linear):
    """A linear layer whose weight is masked and, once it has steps, rounded to a few levels.

    Attributes:
        mask: float32, shape (outputs, inputs): 1 where a weight stays, 0 where it went.
        steps: float32, shape (outputs, 1): the scale of each row, 0 while not quantized.
        bits: 32 while not quantized, else the bits of a weight, 2 to 8.
    """

    mask: torch.Tensor
    steps: torch.Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.register_buffer("mask", torch.ones(outputs, inputs))
        self.register_buffer("steps", torch.zeros(outputs, 1))
        self.bits = 32

    def codes(self) -> torch.Tensor:
        """The whole numbers that are stored, symmetric around 0, in the shape of the weight.

        Raises:
            ValueError: if the layer is not quantized.
        """
        if self.bits == 32:
            raise ValueError("this layer is not quantized: it has no codes")
        top = 2 ** (self.bits - 1) - 1
        # A row of zeros has step 0.
        steps = torch.where(self.steps > 0, self.steps, 1.0)
        return torch.round(self.weight * self.mask / steps).clamp(-top, top)

    def used(self) -> torch.Tensor:
        """The weight that the forward pass uses. Its gradient goes straight through the rounding
        (Bengio, Léonard and Courville 2013, arXiv:1308.3432)."""
        masked = self.weight * self.mask
        if self.bits == 32:
            return masked
        return masked + (self.codes() * self.steps - masked).detach()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return F.linear(inputs, self.used(), self.bias)


class Network(nn.Sequential):
    """784 inputs, two hidden layers with ReLU, 10 outputs; images go in as (n, 1, 28, 28)."""

    def __init__(self, hidden: Sequence[int] = HIDDEN) -> None:
        first, second = hidden
        super().__init__(
            nn.Flatten(),
            Layer(784, first),
            nn.ReLU(),
            Layer(first, second),
            nn.ReLU(),
            Layer(second, 10),
        )

    @property
    def layers(self) -> list[Layer]:
        """The three linear layers, in their order."""
        return [module for module in self if isinstance(module, Layer)]

    @property
    def hidden(self) -> tuple[int, int]:
        """The units of the two hidden layers."""
        first, second, _ = self.layers
        return first.out_features, second.out_features


def hidden_units(width: float) -> tuple[int, int]:
    """The hidden layers of LeNet-300-100, each `width` times as wide, rounded to whole units."""
    first, second = (max(1, round(units * width)) for units in HIDDEN)
    return first, second


@torch.no_grad()
def prune_weights(model: Network, share: float, seed: int = 0) -> None:
    """Masks the given share of all weights, in place: the smallest magnitudes of the network.

    Magnitudes are those in use, so a quantized network is pruned by its rounded weights. Among
    equal ones chance decides, fixed by `seed`; weights that went before count as zeros.

    Raises:
        ValueError: if `share` is not between 0 and 1.
    """
    _check(share)
    magnitudes = torch.cat([layer.used().abs().flatten() for layer in model.layers])
    shuffled = torch.randperm(len(magnitudes), generator=torch.Generator().manual_seed(seed))
    order = shuffled[magnitudes[shuffled].argsort(stable=True)]
    mask = torch.ones(len(magnitudes))
    mask[order[: round(share * len(magnitudes))]] = 0
    parts = mask.split([layer.weight.numel() for layer in model.layers])
    for layer, part in zip(model.layers, parts, strict=True):
        layer.mask *= part.view_as(layer.mask)


@torch.no_grad()
def remove_units(model: Network, share: float) -> Network:
    """A smaller network without the given share of each hidden layer's units.

    Those go whose weights in use have the smallest sum of magnitudes. What is left is copied, with
    masks and steps: rows of the layer itself, columns of the next one.

    Raises:
        ValueError: if `share` is not between 0 and 1.
    """
    _check(share)
    columns = torch.arange(784)
    parts = []
    for layer in model.layers:
        kept = torch.arange(layer.out_features)
        if layer is not model.layers[-1]:
            count = max(1, round((1 - share) * layer.out_features))
            kept = layer.used().abs().sum(1).topk(count).indices.sort().values
        parts.append((layer, kept, columns))
        columns = kept
    smaller = Network((len(parts[0][1]), len(parts[1][1])))
    for target, (layer, rows, columns) in zip(smaller.layers, parts, strict=True):
        target.weight.copy_(layer.weight[rows][:, columns])
        target.bias.copy_(layer.bias[rows])
        target.mask.copy_(layer.mask[rows][:, columns])
        target.steps.copy_(layer.steps[rows])
        target.bits = layer.bits
    return smaller


@torch.no_grad()
def quantize(model: Network, bits: int) -> None:
    """Rounds the weights in use to `bits` bits, in place, and fixes the step of every row.

    Of 25 steps a row gets the one with the smallest squared error: from the one that reaches the
    largest magnitude down to a fifth of it. 32 bits leave the network as it is.

    Raises:
        ValueError: if `bits` is neither 32 nor 2 to 8.
    """
    if bits != 32 and not 2 <= bits <= 8:
        raise ValueError(f"2 to 8 bits, or 32 for none, not {bits}")
    if bits == 32:
        return
    for layer in model.layers:
        steps = _best_steps(layer.used(), bits)
        layer.bits = bits
        layer.steps.copy_(steps)


def _best_steps(weight: torch.Tensor, bits: int) -> torch.Tensor:
    """For each row the best of 25 steps, shape (outputs, 1)."""
    top = 2 ** (bits - 1) - 1
    widest = weight.abs().amax(1, keepdim=True) / top
    least = torch.full_like(widest, math.inf)
    best = torch.zeros_like(widest)
    for shrunk in torch.linspace(1.0, 0.2, 25):
        steps = widest * shrunk
        safe = torch.where(steps > 0, steps, 1.0)
        rounded = torch.round(weight / safe).clamp(-top, top) * steps
        error = (rounded - weight).square().sum(1, keepdim=True)
        best = torch.where(error < least, steps, best)
        least = torch.minimum(error, least)
    return best


@torch.no_grad()
def search_again(model: Network) -> None:
    """Searches the step of every row again, in place, for weights that training has moved."""
    for layer in model.layers:
        bits, layer.bits = layer.bits, 32  # so that the weights count, and not what they round to
        layer.steps.copy_(_best_steps(layer.used(), bits))
        layer.bits = bits


def encode(model: Network) -> bytes:
    """The file: for each layer all weights, zeros included, then its steps, then its biases.

    Weights take 4 bytes each, or `bits` bits as unsigned codes, packed with the lowest bits first.
    Steps (none without quantization) and biases are float32.
    """
    content = []
    for layer in model.layers:
        if layer.bits == 32:
            content.append(layer.used().detach().numpy().astype("<f4").tobytes())
        else:
            codes = layer.codes().detach().numpy().astype(np.int16).flatten()
            content.append(pack(codes + 2 ** (layer.bits - 1), layer.bits))
            content.append(layer.steps.numpy().astype("<f4").tobytes())
        content.append(layer.bias.detach().numpy().astype("<f4").tobytes())
    return b"".join(content)


def pack(values: np.ndarray, bits: int) -> bytes:
    """Whole numbers from 0 to 2**bits − 1, shape (n,), in ⌈n·bits/8⌉ bytes, lowest bits first.

    Raises:
        ValueError: if a value does not fit.
    """
    values = np.asarray(values)
    if values.size and (values.min() < 0 or values.max() >= 2**bits):
        raise ValueError(f"{bits} bits hold 0 to {2**bits - 1}")
    places = (values[:, None].astype(np.uint32) >> np.arange(bits, dtype=np.uint32)) & 1
    return np.packbits(places.astype(np.uint8), bitorder="little").tobytes()


def zipped(content: bytes) -> int:
    """Bytes after gzip at level 9."""
    return len(gzip.compress(content, 9, mtime=0))


@torch.no_grad()
def entropy_bytes(model: Network) -> float:
    """What a file of these weights takes if each is coded by itself, as briefly as can be.

    The entropy of each layer's codes (Shannon 1948), plus steps and biases as they are. Without
    quantization: the entropy of “zero or not”, plus 4 bytes for each weight that is not zero.
    """
    total = 0.0
    for layer in model.layers:
        if layer.bits == 32:
            zero = (layer.used() == 0).int()
            total += _entropy(zero) * zero.numel() / 8 + 4 * int((zero == 0).sum())
        else:
            codes = layer.codes()
            total += _entropy(codes) * codes.numel() / 8 + 4 * layer.out_features
        total += 4 * layer.out_features
    return total


def _entropy(values: torch.Tensor) -> float:
    """Bits a value, from the shares of the values that occur."""
    shares = values.unique(return_counts=True)[1].double() / values.numel()
    return float(-(shares * shares.log2()).sum())


def _check(share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"a share is between 0 and 1, not {share}")
