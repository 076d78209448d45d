"""What each layer of a model costs, and how long a machine needs for it at least."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from coursekit.nets.train import evaluating


@dataclass(frozen=True)
class LayerCost:
    """What one call of one layer costs, for a whole batch.

    Attributes:
        kind: the name of its class.
        parameters: how many numbers it learns.
        macs: multiply-accumulates; 0 for a layer without weights.
        weights: bytes of its parameters.
        activations: bytes of its input and its output together.
    """

    kind: str
    parameters: int
    macs: int
    weights: int
    activations: int

    @property
    def moved(self) -> int:
        """Bytes that cross the memory bus if nothing is cached: weights, input and output, once."""
        return self.weights + self.activations

    @property
    def intensity(self) -> float:
        """Floating-point operations per byte that is moved."""
        return 2 * self.macs / self.moved


@torch.no_grad()
def layer_costs(model: nn.Module, inputs: torch.Tensor) -> list[LayerCost]:
    """The cost of each layer of a model, in the order in which they run.

    A convolution or linear layer uses each weight once per position of its output and image. Other
    layers count no MACs, as elsewhere. A `Flatten` copies nothing and is left out.

    Args:
        model: Runs in evaluation mode; afterwards each part's mode is as before.
        inputs: A whole batch.
    """
    costs: list[LayerCost] = []

    def note(layer: nn.Module, given: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        parameters = list(layer.parameters())
        macs = 0
        if isinstance(layer, nn.Linear | nn.Conv2d):
            macs = layer.weight.numel() * (output.numel() // layer.weight.shape[0])
        costs.append(
            LayerCost(
                type(layer).__name__,
                sum(values.numel() for values in parameters),
                macs,
                sum(values.nbytes for values in parameters),
                given[0].nbytes + output.nbytes,
            )
        )

    leaves = [
        layer
        for layer in model.modules()
        if not list(layer.children()) and not isinstance(layer, nn.Flatten)
    ]
    hooks = [layer.register_forward_hook(note) for layer in leaves]
    try:
        with evaluating(model):
            model(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return costs


class _Alive(TorchDispatchMode):
    """Counts the bytes of all tensors that operations make, for as long as they live."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.now = self.most = 0
        self._seen = {values.untyped_storage().data_ptr() for values in model.parameters()}

    def __torch_dispatch__(self, operation: Any, _: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = operation(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, torch.Tensor):
                self.hold(tensor)
        return result

    def hold(self, tensor: torch.Tensor) -> None:
        """Counts a tensor's storage until it dies; a view has the storage of another."""
        storage = tensor.untyped_storage()
        key, size = storage.data_ptr(), storage.nbytes()
        if not size or key in self._seen:
            return
        self._seen.add(key)
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._drop, key, size)

    def _drop(self, key: int, size: int) -> None:
        self._seen.discard(key)
        self.now -= size


@torch.no_grad()
def peak_activations(model: nn.Module, inputs: torch.Tensor) -> int:
    """The most bytes of activations that are alive at one time, the inputs included.

    What an operation allocates and frees inside itself is not seen.
    """
    with evaluating(model), _Alive(model) as alive:
        alive.hold(inputs)
        model(inputs)
    return alive.most


@dataclass(frozen=True)
class Machine:
    """What a machine can do at best.

    Attributes:
        peak: floating-point operations per second.
        bandwidth: bytes per second from and to memory.
        overhead: seconds that calling a layer takes, however small it is.
    """

    peak: float
    bandwidth: float
    overhead: float = 0.0

    @property
    def ridge(self) -> float:
        """The intensity, in operations per byte, from which on the peak is the limit."""
        return self.peak / self.bandwidth

    def least_time(self, costs: Iterable[LayerCost]) -> float:
        """Seconds for these layers one after the other, none faster than the roof allows."""
        return sum(
            self.overhead + max(2 * cost.macs / self.peak, cost.moved / self.bandwidth)
            for cost in costs
        )


def draw_roof(ax: Axes, machine: Machine, *, low: float = 0.1, high: float = 1000.0) -> None:
    """The roofline: speed that can be reached against intensity, both axes logarithmic."""
    intensity = np.geomspace(low, high, 200)
    speed = np.minimum(intensity * machine.bandwidth, machine.peak)
    ax.plot(intensity, speed / 1e9, marker="", color="black", linestyle="-", label="roof")
    ax.axvline(machine.ridge, color="#999999", linestyle=":", marker="")
    ax.set(xscale="log", yscale="log", xlim=(low, high))
    ax.set(xlabel="intensity (FLOP per byte)", ylabel="speed (GFLOP/s)")
