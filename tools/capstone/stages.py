"""What a squeezed network would take at each stage of the road, measured on the same weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from coursekit.lesson_15.squeeze import container, entropy, shared
from coursekit.lesson_15.squeeze.container import Layer
from coursekit.lesson_15.squeeze.shared import Shared
from coursekit.nets.networks import lenet
from coursekit.nets.train import evaluate
from tools.capstone.data import Images

# 784·300 + 300 + 300·100 + 100 + 100·10 + 10 float32 numbers.
DENSE_BYTES = 4 * 266_610
# A gap between two weights takes 5 bits, as in the paper.
GAP_BITS = 5


def stage_bytes(codes: Sequence[np.ndarray], biases: int) -> dict[str, int]:
    """Bytes after pruning, and after giving the weights few values, without any coding.

    Args:
        codes: per layer, 0 for a pruned weight and else which value it has, (outputs, inputs).
        biases: how many biases are stored, as float32.
    """
    pruned = 32 * biases
    few = 32 * biases
    for layer in codes:
        which, gaps = shared.symbols(layer)
        kinds = len(set(which))
        pruned += 32 * len(which) + GAP_BITS * len(gaps)
        few += math.ceil(math.log2(max(kinds, 2))) * len(which) + GAP_BITS * len(gaps) + 32 * kinds
    return {"pruned": math.ceil(pruned / 8), "few values": math.ceil(few / 8)}


def as_shared(layers: Sequence[Layer]) -> list[Shared]:
    """The same network with its levels as shared values, for `shared.write`."""
    found = []
    for layer in layers:
        values, codes = np.unique(layer.levels, return_inverse=True)
        codes = codes.reshape(layer.levels.shape)
        # 0 is no value but a pruned weight: those above it move down.
        zero = int((values < 0).sum())
        codes = np.where(codes == zero, 0, np.where(codes < zero, codes + 1, codes))
        steps = (values[values != 0] * layer.step).astype(np.float16)
        found.append(Shared(codes.astype(np.uint8), steps, layer.bias().astype(np.float16)))
    return found


def bounds(layers: Sequence[Layer]) -> dict[str, float]:
    """Bytes that a code needs at least if it takes one weight after the other, layer by layer."""
    levels = [layer.levels for layer in layers]
    return {
        "entropy of positions": sum(entropy.position_bits(some) for some in levels) / 8,
        "entropy of values": sum(entropy.value_bits(some) for some in levels) / 8,
        "entropy of biases": sum(entropy.entropy_bits(la.bias_levels) for la in layers) / 8,
    }


def error_of_file(data: bytes, images: Images, part: str) -> float:
    """Share of `test` or `validation` images that the network in a file answers wrongly."""
    model = lenet()
    if data[:3] == shared.MAGIC:
        model.load_state_dict(container.state_dict(shared.read(data)))
    else:
        model.load_state_dict(container.state_dict(container.read(data)))
    return 1 - evaluate(model, *getattr(images, part))[1]
