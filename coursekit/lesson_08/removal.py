"""Units and channels removed for real, with all that must follow, and scores that say which.

The network is a plain one: each part reads the one before it. Lesson 08 follows one channel by
hand; here it is done for any.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.train import Labelled, fit, set_seed

Score = Callable[[nn.Sequential, int, Labelled], torch.Tensor]


def cnn(first: int = 16, second: int = 32, units: int = 64) -> nn.Sequential:
    """A plain network for images (n, 1, 28, 28)."""
    return nn.Sequential(
        nn.Conv2d(1, first, 5, padding=2),  # 0
        nn.BatchNorm2d(first),  # 1
        nn.ReLU(),  # 2
        nn.MaxPool2d(2),  # 3: 28×28 → 14×14
        nn.Conv2d(first, second, 3, padding=1),  # 4
        nn.BatchNorm2d(second),  # 5
        nn.ReLU(),  # 6
        nn.MaxPool2d(2),  # 7: 14×14 → 7×7
        nn.Flatten(),  # 8
        nn.Linear(second * 7 * 7, units),  # 9
        nn.ReLU(),  # 10
        nn.Linear(units, 10),  # 11
    )


def fashion_parts() -> tuple[Labelled, Labelled]:
    """8,000 images to train on and 2,000 for validation, with their labels."""
    train, validation = load_fashion_mnist().train.hold_out(2000)
    return train.tensors(), validation.tensors()


def train_cnn(seed: int, *widths: int, epochs: int = 4) -> nn.Sequential:
    """A network of these widths, trained from this seed."""
    set_seed(seed)
    model = cnn(*widths)
    fit(model, fashion_parts()[0], epochs=epochs, seed=seed, quiet=True)
    return model


def fine_tuned(model: nn.Sequential, seed: int) -> nn.Sequential:
    """Two more epochs, in place; the dense control gets the same images in the same order."""
    fit(model, fashion_parts()[0], epochs=2, seed=100 + seed, quiet=True)
    return model


def recalibrated(model: nn.Sequential, images: torch.Tensor) -> nn.Sequential:
    """A copy whose batch norms have the statistics of these images."""
    model = copy.deepcopy(model).train()
    for part in model:
        if isinstance(part, nn.BatchNorm2d):
            part.reset_running_stats()
            part.momentum = None  # the plain mean over all batches
    with torch.no_grad():
        for some in images.split(100):
            model(some)
    return model.eval()


# Removing.


def survivors(count: int, gone: Sequence[int]) -> list[int]:
    """The places 0, 1, …, count - 1 that are not in `gone`, in order.

    Raises:
        ValueError: for a place that is not there, and if nothing would be left.
    """
    if not set(gone) <= set(range(count)):
        raise ValueError(f"can't remove {sorted(set(gone))}: the places are 0 to {count - 1}")
    kept = [place for place in range(count) if place not in set(gone)]
    if not kept:
        raise ValueError(f"can't remove all {count}: the next layer would have nothing to read")
    return kept


def walk(model: nn.Sequential, place: int) -> list[tuple[int, str]]:
    """Which parts hold numbers for the outputs of model[place], and how: (place, what).

    Raises:
        ValueError: if a part on the way is unknown, or nobody reads the outputs.
    """
    touched, flat = [(place, "outputs")], isinstance(model[place], nn.Linear)
    for later in range(place + 1, len(model)):
        part = model[later]
        if isinstance(part, nn.BatchNorm2d) and part.affine:
            touched.append((later, "norm"))
        elif _reads(part, flat):
            return [*touched, (later, "inputs")]
        elif isinstance(part, nn.Flatten):
            flat = True
        elif not isinstance(part, nn.ReLU | nn.MaxPool2d):
            raise ValueError(f"part {later}: what does {type(part).__name__} do to a channel?")
    raise ValueError(f"nobody reads part {place}: its outputs are the network's answers")


def _reads(part: nn.Module, flat: bool) -> bool:
    """A linear layer that no flatten precedes, or a convolution in groups, reads in other ways."""
    if isinstance(part, nn.Linear):
        return flat
    return isinstance(part, nn.Conv2d) and not flat and part.groups == 1


def remove_channels(model: nn.Sequential, place: int, gone: Sequence[int]) -> nn.Sequential:
    """A copy of `model` without these outputs of model[place]: channels, or units.

    Raises:
        ValueError: as `survivors` and `walk`.
    """
    parts: list[Any] = list(copy.deepcopy(model))
    count = len(parts[place].weight)
    kept = survivors(count, gone)
    for other, what in walk(model, place):
        part = parts[other]
        if what == "inputs":
            each = part.weight.shape[1] // count  # 1, or height × width after a flatten
            columns = [c * each + i for c in kept for i in range(each)]
            part.weight = nn.Parameter(part.weight.detach()[:, columns])
            setattr(part, "in_" + _counted(part), len(columns))
            continue
        part.weight = nn.Parameter(part.weight.detach()[kept])
        if part.bias is not None:
            part.bias = nn.Parameter(part.bias.detach()[kept])
        if what == "norm":
            part.running_mean, part.running_var = part.running_mean[kept], part.running_var[kept]
            part.num_features = len(kept)
        else:
            setattr(part, "out_" + _counted(part), len(kept))
    return nn.Sequential(*parts)


def _counted(layer: nn.Module) -> str:
    return "features" if isinstance(layer, nn.Linear) else "channels"


def fold_constant_units(model: nn.Sequential, place: int, reader: int) -> nn.Sequential:
    """Removes units with zero weights; what they send after a ReLU goes into the reader's bias."""
    parts: list[Any] = list(copy.deepcopy(model))
    layer = parts[place]
    constant = (layer.weight == 0).all(1).nonzero().flatten().tolist()
    if len(constant) == layer.out_features:
        constant = constant[1:]  # one must stay, or the reader would have no input
    with torch.no_grad():
        sent = F.relu(layer.bias[constant])
        parts[reader].bias += parts[reader].weight[:, constant] @ sent
    return remove_channels(nn.Sequential(*parts), place, constant)


def with_constant_units(
    model: nn.Sequential, count: int, bias: float, size: float = 1.0
) -> nn.Sequential:
    """Adds units with zero weights and this bias to layer 1, and takes their effect off layer 3."""
    parts: list[Any] = list(copy.deepcopy(model))
    layer, reader = parts[1], parts[3]
    columns = size * torch.randn(reader.out_features, count)
    layer.weight = nn.Parameter(F.pad(layer.weight.detach(), (0, 0, 0, count)))
    layer.bias = nn.Parameter(F.pad(layer.bias.detach(), (0, count), value=bias))
    reader.weight = nn.Parameter(torch.cat([reader.weight.detach(), columns], 1))
    reader.bias = nn.Parameter(reader.bias.detach() - columns.sum(1) * max(bias, 0))
    layer.out_features += count
    reader.in_features += count
    return nn.Sequential(*parts)


def silence(model: nn.Sequential, place: int, gone: Sequence[int]) -> nn.Sequential:
    """A copy in which the batch norm behind model[place] sends 0 for these channels."""
    parts: list[Any] = list(copy.deepcopy(model))
    with torch.no_grad():
        parts[place + 1].weight[list(gone)] = 0
        parts[place + 1].bias[list(gone)] = 0
    return nn.Sequential(*parts)


def numbers(model: nn.Module) -> int:
    """All numbers that the model keeps, the running statistics among them."""
    return sum(tensor.numel() for tensor in model.state_dict().values() if tensor.dim())


# Which ones?


def weight_of(model: nn.Sequential, place: int) -> torch.Tensor:
    weight = model[place].weight
    assert isinstance(weight, torch.Tensor)
    return weight.detach()


def taylor(model: nn.Sequential, place: int, batch: Labelled) -> torch.Tensor:
    """A score for each channel that leaves the ReLU behind model[place], from these images.

    Molchanov et al. 2017, arXiv:1611.06440.
    """
    images, labels = batch
    maps = nn.Sequential(*model[: place + 3])(images).detach().requires_grad_()
    loss = F.cross_entropy(nn.Sequential(*model[place + 3 :])(maps), labels)
    (gradient,) = torch.autograd.grad(loss, maps)
    return (maps * gradient).sum((2, 3)).abs().mean(0).detach()


# L2 and L1: norms of a filter. BN scale: Liu et al. 2017, arXiv:1708.06519.
CRITERIA: dict[str, Score] = {
    "L1": lambda model, place, batch: weight_of(model, place).abs().flatten(1).sum(1),
    "L2": lambda model, place, batch: weight_of(model, place).flatten(1).norm(dim=1),
    "BN scale": lambda model, place, batch: weight_of(model, place + 1).abs(),
    "Taylor": taylor,
    "random": lambda model, place, batch: torch.rand(len(weight_of(model, place))),
}


def weakest(scores: torch.Tensor, count: int) -> list[int]:
    """The positions of the `count` lowest scores."""
    places: list[int] = scores.argsort(stable=True)[:count].tolist()
    return places


def prune_convolutions(
    model: nn.Sequential, criterion: str, share: float, batch: Labelled
) -> nn.Sequential:
    """A copy without this share of the channels of both convolutions: the lowest scores go."""
    scores = {place: CRITERIA[criterion](model, place, batch) for place in (0, 4)}
    for place, score in scores.items():
        model = remove_channels(model, place, weakest(score, round(share * len(score))))
    return model


def mask_2_of_4(weight: torch.Tensor) -> torch.Tensor:
    """A mask of the same shape: in each group of four neighbours the two largest magnitudes stay.

    Raises:
        ValueError: if the entries of a row do not come in fours.
    """
    if weight[0].numel() % 4:
        raise ValueError(f"{weight[0].numel()} entries per row can't be cut into groups of four")
    groups = weight.detach().abs().reshape(-1, 4)
    best = groups.topk(2, dim=1).indices  # two places, whatever the ties
    return torch.zeros_like(groups).scatter(1, best, 1).reshape(weight.shape)
