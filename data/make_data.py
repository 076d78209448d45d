"""Makes the course's two data files from the original packages: `make data`.

- digits.npz: the UCI handwritten digits that scikit-learn ships, rescaled from 0–16 to 0–255 and
  resized from 8×8 to 28×28 with Pillow's bicubic filter.
- fashion_mnist.npz: a balanced subset of Fashion-MNIST, read from the files of Debian's package
  dataset-fashion-mnist.

Where the data comes from, under which licence, and what each array holds: see README.md here.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from coursekit.nets.data import enter_checksum

HERE = Path(__file__).parent
FASHION = Path("/usr/share/datasets/fashion-mnist")
SEED = 20260


def digits() -> dict[str, np.ndarray]:
    bunch = load_digits()
    images = np.stack([enlarge(image) for image in bunch.images])
    labels = bunch.target.astype(np.uint8)
    order = np.random.default_rng(SEED).permutation(len(images))
    return split(images[order[400:]], labels[order[400:]], images[order[:400]], labels[order[:400]])


def enlarge(image: np.ndarray) -> np.ndarray:
    """An 8×8 image with values 0–16 as a 28×28 uint8 image."""
    grey = np.round(image * 255 / 16).astype(np.uint8)
    return np.asarray(Image.fromarray(grey).resize((28, 28), Image.Resampling.BICUBIC))


def fashion_mnist() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(SEED)
    train_images, train_labels = read_idx("train")
    test_images, test_labels = read_idx("t10k")
    train = balanced(train_labels, 1000, rng)
    test = balanced(test_labels, 200, rng)
    return split(train_images[train], train_labels[train], test_images[test], test_labels[test])


def split(
    train_images: np.ndarray,
    train_labels: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
) -> dict[str, np.ndarray]:
    return {
        "train_images": train_images,
        "train_labels": train_labels,
        "test_images": test_images,
        "test_labels": test_labels,
    }


def balanced(labels: np.ndarray, per_class: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of `per_class` images of each class, in random order."""
    picks = [
        rng.choice(np.flatnonzero(labels == label), per_class, replace=False) for label in range(10)
    ]
    return rng.permutation(np.concatenate(picks))


def read_idx(part: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of one part in the IDX format: a header of 16 or 8 bytes, then uint8."""
    with gzip.open(FASHION / f"{part}-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(FASHION / f"{part}-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    return images, labels


def main() -> None:
    if not FASHION.is_dir():
        sys.exit(f"{FASHION} is missing: install Debian's package dataset-fashion-mnist first.")
    for name, make in {"digits.npz": digits, "fashion_mnist.npz": fashion_mnist}.items():
        np.savez_compressed(HERE / name, **make())  # type: ignore[arg-type]
        enter_checksum(HERE / name)


if __name__ == "__main__":
    main()
