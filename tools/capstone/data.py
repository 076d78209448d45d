"""The images: MNIST or the course's Fashion-MNIST, with a part held out, and shifted by a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from coursekit.nets.data import DataError, Dataset, Split, download_mnist, load_fashion_mnist

# Down and right, in pixels; the first is the image as it is.
SHIFTS = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)]


@dataclass(frozen=True)
class Images:
    """What a run trains on and is judged by.

    Attributes:
        name: `mnist` or `fashion`.
        padded: uint8 (n, 30, 30), the training images with a dark pixel all round.
        labels: int64 (n,).
        validation, test: float32 (m, 1, 28, 28) in 0–1, and int64 labels (m,).
    """

    name: str
    padded: torch.Tensor
    labels: torch.Tensor
    validation: tuple[torch.Tensor, torch.Tensor]
    test: tuple[torch.Tensor, torch.Tensor]

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, which: torch.Tensor, shift: int = 0) -> torch.Tensor:
        """The images `which` moved by `SHIFTS[shift]`: float32 (batch, 1, 28, 28) in 0–1."""
        down, right = SHIFTS[shift]
        cut = self.padded[which, 1 - down : 29 - down, 1 - right : 29 - right]
        return cut.unsqueeze(1).float() / 255


def mnist(path: Path | None, held_out: int = 5000) -> Images:
    """MNIST from an .npz with x_train, y_train, x_test and y_test, or through torchvision.

    The validation part is the last `held_out` training images.

    Raises:
        DataError: if the file is missing or holds something else, or nothing can be downloaded.
    """
    data = download_mnist(Path("out/mnist")) if path is None else _read(path)
    train, held = _cut(data.train, len(data.train) - held_out)
    return _images("mnist", train, held, data.test)


def fashion(held_out: int = 1000) -> Images:
    """The 10,000 and 2,000 images that the course ships; the validation part is random."""
    data = load_fashion_mnist()
    train, held = data.train.hold_out(held_out)
    return _images("fashion", train, held, data.test)


def _read(path: Path) -> Dataset:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            parts = [Split(arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test")]
    except FileNotFoundError:
        raise DataError(
            f"There is no {path}: name a copy of mnist.npz, or leave MNIST away to download it."
        ) from None
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} is no mnist.npz with x_train, y_train, x_test, y_test.") from error
    return Dataset(*parts)


def _cut(split: Split, at: int) -> tuple[Split, Split]:
    first = Split(split.images[:at], split.labels[:at])
    return first, Split(split.images[at:], split.labels[at:])


def _images(name: str, train: Split, held: Split, test: Split) -> Images:
    padded = np.pad(train.images, ((0, 0), (1, 1), (1, 1)))
    labels = torch.from_numpy(train.labels.astype(np.int64))
    return Images(name, torch.from_numpy(padded), labels, held.tensors(), test.tensors())
