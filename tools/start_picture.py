"""Draws course/general/start.png, the picture of the start page, and prints what its alt text says.

`python -m tools.start_picture`. The weights are those of a linear classifier of handwritten digits,
trained here; what the picture says of accuracy is measured.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import torch
from PIL import Image
from torch import Tensor, nn

from coursekit.nets.data import load_digits
from coursekit.nets.train import set_seed

OUT = Path(__file__).resolve().parents[1] / "course" / "general" / "start.png"
DIGIT = 3
GREY = "#7d7d7d"
# Red, green and blue of what speaks against a three, and for one.
AGAINST, FOR = (0.90, 0.45, 0.02), (0.46, 0.40, 0.82)


def trained() -> tuple[nn.Linear, Tensor, Tensor]:
    """The classifier, and the test images and labels."""
    set_seed(0)
    digits = load_digits()
    images, classes = digits.train.tensors()
    tests, labels = digits.test.tensors()
    inputs = images.flatten(1)
    model = nn.Linear(784, 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-4)
    for _ in range(300):
        loss = nn.functional.cross_entropy(model(inputs), classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model, tests.flatten(1), labels


def quantized(weight: Tensor, bits: int) -> Tensor:
    """Weights rounded to `bits` bits, symmetric, one scale per output."""
    top = 2 ** (bits - 1) - 1
    scale = weight.abs().amax(1, keepdim=True) / top
    return (weight / scale).round().clamp(-top, top) * scale


def pruned(weight: Tensor, share: float) -> Tensor:
    """Weights of which this share, the smallest in magnitude, is zero."""
    cut = weight.abs().flatten().kthvalue(int(share * weight.numel())).values
    return torch.where(weight.abs() > cut, weight, 0.0)


def coloured(weight: Tensor) -> Tensor:
    """Red, green, blue and opacity of weights from −1 to 1: what is zero can't be seen."""
    colour = torch.where(weight[..., None] < 0, torch.tensor(AGAINST), torch.tensor(FOR))
    return torch.cat([colour, weight.abs()[..., None] ** 0.7], -1)


def main() -> None:
    """Draws, and says what it measured."""
    model, tests, labels = trained()
    weight = model.weight.detach()
    few = quantized(weight, 4)
    shown = {
        "32 bits per weight": weight,
        "4 bits per weight": few,
        "4 bits, half are zero": quantized(pruned(weight, 0.5), 4),
    }
    # On no ground, in colours that carry on white as on black: JupyterLab's themes are both.
    plt.rcParams.update(dict.fromkeys(("axes.edgecolor", "axes.labelcolor", "text.color"), GREY))
    figure, axes = plt.subplots(1, 3, figsize=(9, 3.9), layout="constrained")
    top = float(weight[DIGIT].abs().max())
    for ax, (name, values) in zip(axes, shown.items(), strict=True):
        with torch.no_grad():
            outputs = tests @ values.T + model.bias
        right = float((outputs.argmax(1) == labels).float().mean())
        ax.patch.set_visible(False)
        ax.imshow(coloured(values[DIGIT].reshape(28, 28) / top))
        ax.set_title(name, fontsize=17)
        ax.set_xlabel(f"{100 * right:.0f}% right", fontsize=19, labelpad=8)
        ax.set_xticks([])
        ax.set_yticks([])
        print(name, f"{right:.3f}", f"{float((values == 0).float().mean()):.3f} zero")
    figure.savefig(OUT, dpi=100, transparent=True)
    fewer = Image.open(OUT).quantize(96, method=Image.Quantize.FASTOCTREE)
    fewer.save(OUT, optimize=True)
    print(OUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
