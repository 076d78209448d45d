"""The data of the course: two small sets of images that it ships, two full ones through
torchvision, and the table of an experiment that takes minutes to run.

The data card, data/README.md, tells where the shipped files come from, and under which licence.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import torch

FASHION_CLASSES = (
    "T-shirt",
    "trousers",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "trainer",
    "bag",
    "ankle boot",
)


class DataError(Exception):
    """A data file is missing or damaged; the message says which one, and what to do."""


@dataclass(frozen=True)
class Split:
    """Images with their labels.

    Attributes:
        images: uint8, shape (n, 28, 28), grey from 0 (background) to 255.
        labels: uint8, shape (n,), the class from 0 to 9.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def tensors(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Images as float32 in 0–1, shape (n, 1, 28, 28), and labels as int64, shape (n,)."""
        import torch

        images = torch.from_numpy(self.images).unsqueeze(1).float() / 255
        return images, torch.from_numpy(self.labels).long()

    def hold_out(self, count: int, seed: int = 0) -> tuple[Split, Split]:
        """The images without `count` random ones, and those: train and validation.

        Raises:
            ValueError: if `count` is not between 1 and the number of images less one.
        """
        if not 0 < count < len(self):
            raise ValueError(f"can't hold out {count} of {len(self)} images")
        order = np.random.default_rng(seed).permutation(len(self))
        held, kept = order[:count], order[count:]
        return Split(self.images[kept], self.labels[kept]), Split(
            self.images[held], self.labels[held]
        )


@dataclass(frozen=True)
class Dataset:
    """A training and a test part; a validation part is held out of `train`."""

    train: Split
    test: Split


def load_digits() -> Dataset:
    """UCI handwritten digits, enlarged from 8×8 to 28×28: 1,397 to train on, 400 to test on.

    Raises:
        DataError: if the file is missing or damaged.
    """
    return _shipped("digits.npz")


def load_fashion_mnist() -> Dataset:
    """A balanced subset of Fashion-MNIST: 10,000 images to train on, 2,000 to test on.

    Source: Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747.

    Raises:
        DataError: if the file is missing or damaged.
    """
    return _shipped("fashion_mnist.npz")


def load_tradeoffs() -> pd.DataFrame:
    """The experiment of lesson 10: one small network, pruned and quantized in many ways.

    Returns:
        One row a network; the columns stand in the data card. `right` holds, for each of the 2,000
        validation images, whether it is answered right: a bool array of the shape (2000,).

    Raises:
        DataError: if the file is missing or damaged.
    """
    table = load_results("tradeoffs")
    table["right"] = table["right"].map(
        lambda text: np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8)).astype(bool)
    )
    return table


def download_mnist(folder: Path | str) -> Dataset:
    """Full MNIST through torchvision: 60,000 images to train on, 10,000 to test on.

    Args:
        folder: Where the files are kept. With the files there already, no network is needed.

    Raises:
        DataError: if the files are not there and can't be downloaded.
    """
    return _torchvision("MNIST", folder)


def download_fashion_mnist(folder: Path | str) -> Dataset:
    """Full Fashion-MNIST through torchvision, as `download_mnist`."""
    return _torchvision("FashionMNIST", folder)


def load_results(name: str) -> pd.DataFrame:
    """A table of measurements that would take too long in a lesson: data/`name`.csv.

    What its columns hold, and which script made it, stands in data/README.md.

    Raises:
        DataError: if the file is missing or damaged.
    """
    import pandas as pd

    return pd.read_csv(_checked(f"{name}.csv"))


def load_file(name: str) -> bytes:
    """The content of a file that the course ships, such as a network.

    Raises:
        DataError: if the file is missing or damaged.
    """
    return _checked(name).read_bytes()


def load_arrays(name: str) -> dict[str, np.ndarray]:
    """The arrays of a shipped .npz file, by name.

    Raises:
        DataError: if the file is missing or damaged.
    """
    with np.load(_checked(name)) as arrays:
        return dict(arrays)


def check_files() -> int:
    """Looks at every file that the course ships, and returns how many there are.

    Raises:
        DataError: for the first that is missing or damaged.
    """
    names = json.loads((_folder() / "checksums.json").read_text(encoding="utf-8"))
    for name in names:
        _checked(name)
    return len(names)


def enter_checksum(path: Path) -> None:
    """Enters a data file's SHA-256 in the checksums.json beside it, and prints it.

    For the scripts that make these files; what others have entered stays.
    """
    content, entries = path.read_bytes(), path.with_name("checksums.json")
    checksums = json.loads(entries.read_text(encoding="utf-8")) if entries.is_file() else {}
    checksums[path.name] = hashlib.sha256(content).hexdigest()
    entries.write_text(json.dumps(checksums, indent=2) + "\n", encoding="utf-8")
    print(f"{path.name}: {len(content):,} bytes, SHA-256 {checksums[path.name]}")


def _folder() -> Path:
    """Inside an installed package the data lies in coursekit/_data, in a checkout in data/."""
    package = Path(__file__).parents[1]
    return package / "_data" if (package / "_data").is_dir() else package.parent / "data"


def _checked(name: str) -> Path:
    """A shipped file that is there and as it was shipped."""
    path = _folder() / name
    if not path.is_file():
        raise DataError(
            f"{path} is missing. Ask your teacher for a new copy; in a checkout, "
            "restore the file with git."
        )
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    if checksum != json.loads((_folder() / "checksums.json").read_text())[name]:
        raise DataError(
            f"{path} is damaged: its SHA-256 is not the one in checksums.json. "
            "Ask your teacher for a new copy; in a checkout, restore the file with git."
        )
    return path


def _shipped(name: str) -> Dataset:
    arrays = load_arrays(name)
    return Dataset(
        train=Split(arrays["train_images"], arrays["train_labels"]),
        test=Split(arrays["test_images"], arrays["test_labels"]),
    )


def _torchvision(name: str, folder: Path | str) -> Dataset:
    import torchvision

    try:
        parts = [
            getattr(torchvision.datasets, name)(folder, train=train, download=True)
            for train in (True, False)
        ]
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"torchvision could not fetch {name} into {folder} ({error}). "
            "Check the network, or use the images that the course ships."
        ) from error
    train, test = (
        Split(part.data.numpy(), part.targets.numpy().astype(np.uint8)) for part in parts
    )
    return Dataset(train, test)
