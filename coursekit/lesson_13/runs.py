"""What lesson 13 does to its language model again and again, and what it compares each with."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import nn

from coursekit.lesson_13.stories import Story
from coursekit.lesson_13.transformer import Storyteller, numbers
from coursekit.pictures import plot

KINDS = ("qkv", "out", "up", "down")  # the four matrices of a block
# A model and stories: for each story its nats, its words, and whether its ending is right.
Surprise = Callable[[nn.Module, Sequence[Story]], tuple[torch.Tensor, torch.Tensor, torch.Tensor]]


def matrices(model: Storyteller) -> dict[str, nn.Linear]:
    """The four linear layers of each block, by name: "0.qkv" is in the first block."""
    parts = model.blocks.named_modules()
    return {name: part for name, part in parts if isinstance(part, nn.Linear)}


def changed(
    model: Storyteller,
    change: Callable[[str, torch.Tensor], torch.Tensor],
    kinds: Collection[str] = KINDS,
) -> Storyteller:
    """A copy in which change(name, weight) has made the weights of these matrices anew."""
    model = copy.deepcopy(model)
    for name, layer in matrices(model).items():
        if name.split(".")[1] in kinds:
            layer.weight.data = change(name, layer.weight.data)
    return model


def inputs_of(model: Storyteller, told: Sequence[Story]) -> dict[str, torch.Tensor]:
    """What goes into each matrix for all words of these stories: (words, columns), by name."""
    read, following = numbers(told)
    seen, hooks = {}, []
    for name, layer in matrices(model).items():

        def note(_: nn.Module, given: tuple[torch.Tensor], name: str = name) -> None:
            seen[name] = given[0][following >= 0]

        hooks.append(layer.register_forward_pre_hook(note))
    model(read)
    for hook in hooks:
        hook.remove()
    return seen


def magnitudes(inputs: Mapping[str, torch.Tensor], words: int = 40) -> Figure:
    """A map for each title: the first words, a row each, and their channels, by magnitude."""
    fig, axes = plot.figure(1, len(inputs), width=5.5 * len(inputs), height=3.4)
    for ax, (title, values) in zip(axes, inputs.items(), strict=True):
        shown = values[:words].abs()
        ax.imshow((shown / shown.max()).numpy(), cmap="Greys", aspect="auto", vmax=1)
        ax.set(title=title, xlabel="channel", ylabel="word")
        ax.grid(visible=False)
    return fig


class Beside:
    """Sets changed models beside the float one, on the same stories.

    Attributes:
        nats: of each story, by the float model.
        words: of each story that are foreseen.
    """

    def __init__(self, surprise: Surprise, model: nn.Module, told: Sequence[Story]) -> None:
        self.surprise, self.told = surprise, told
        self.nats, self.words, self.right = surprise(model, told)

    def extra(self, nats: torch.Tensor) -> tuple[float, float, float]:
        """Nats per word more than the float model's: the mean, and a 95% interval (bootstrap)."""
        more, draw = nats - self.nats, torch.Generator().manual_seed(0)
        pick = torch.randint(len(more), (2000, len(more)), generator=draw)
        means = more[pick].sum(1) / self.words[pick].sum(1)
        low, high = means.quantile(torch.tensor([0.025, 0.975])).tolist()
        return float(more.sum() / self.words.sum()), low, high

    def right_in(self, model: nn.Module) -> float:
        """The share of right endings."""
        return float(self.surprise(model, self.told)[2].double().mean())

    def loss(self, model: nn.Module) -> tuple[float, float, float]:
        """Nats per word more than the float model's: the mean, and a 95% interval."""
        return self.extra(self.surprise(model, self.told)[0])

    def show(self, name: str, model: nn.Module) -> tuple[float, float]:
        """Prints the loss and the share of right endings, and returns both."""
        nats, _, right = self.surprise(model, self.told)
        more, low, high = self.extra(nats)
        share = float(right.double().mean())
        print(f"{name:38} {more:+.4f} ({low:+.4f} to {high:+.4f})   right endings {share:4.0%}")
        return more, share


def layer_calls(words: int, width: int = 4096) -> dict[str, Callable[[], torch.Tensor]]:
    """One linear layer for so many words at once, by PyTorch's kernels for a CPU.

    All compute in bfloat16; the weights are stored in 16, 8 or 4 bits. int4 has a scale and a zero
    point of 16 bits each per group of 32, so 5 bits per weight.
    """
    operations = torch.ops.aten
    x, w = torch.randn(words, width).bfloat16(), torch.randn(width, width).bfloat16()
    codes8 = torch.randint(-127, 128, (width, width), dtype=torch.int8)
    codes4 = torch.randint(16, (width, width), dtype=torch.int32)
    packed4 = operations._convert_weight_to_int4pack_for_cpu(codes4, 1)
    scale8 = torch.ones(width, dtype=torch.bfloat16)
    scale4 = torch.ones(width // 32, width, 2, dtype=torch.bfloat16)
    return {
        "16 bits": lambda: nn.functional.linear(x, w),
        "8 bits": lambda: operations._weight_int8pack_mm(x, codes8, scale8),
        "4 bits": lambda: operations._weight_int4pack_mm_for_cpu(x, packed4, 32, scale4),
    }
