"""Makes the images that the main item is judged on: solutions/15_capstone/held_out.npz.

All images of Fashion-MNIST's own test part (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747, MIT
licence: data/README.md has it whole) that are not in data/fashion_mnist.npz: 8,000, 800 of each
class. They are dealt into two halves of 4,000, 400 of each class, with a seed. The first half gives
marks and stands on the leaderboard; the second is shown at the end only.

The file lies beside the solution, is read by hidden tests alone, and is in nothing that learners
get (tests/coursekit/lesson_15/test_held_out.py). The data set itself is public: a network that was trained on
its test part elsewhere has seen these images, and no grader can tell.

    python course/15_capstone/make_held_out.py [folder with the four original files]

reads the files of Debian's package dataset-fashion-mnist. With the versions in constraints.txt a
second run gives the same bytes: SHA-256 as below.
"""

import gzip
import hashlib
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
FASHION = Path("/usr/share/datasets/fashion-mnist")
OUT = ROOT / "solutions" / "15_capstone" / "held_out.npz"
SEED = 20261
SHA256 = "9455acff74acf9f8ba56626f8be54d267a5a6a5ce969b79cf30b6cba21feb075"


def read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (10000, 28, 28) and labels (10000,) of the test part, uint8."""
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(folder / "t10k-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    return images, labels


def halves(images: np.ndarray, labels: np.ndarray, shown: np.ndarray) -> dict[str, np.ndarray]:
    """What is not among the images that are shown, in two halves with all classes alike."""
    known = {image.tobytes() for image in shown}
    left = np.array([image.tobytes() not in known for image in images])
    rng = np.random.default_rng(SEED)
    parts: tuple[list[np.ndarray], list[np.ndarray]] = [], []
    for label in range(10):
        places = rng.permutation(np.flatnonzero(left & (labels == label)))
        for part, half in zip(parts, np.split(places[:800], 2), strict=True):
            part.append(half)
    first, second = (rng.permutation(np.concatenate(part)) for part in parts)
    return {
        "first_images": images[first],
        "first_labels": labels[first],
        "second_images": images[second],
        "second_labels": labels[second],
    }


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FASHION
    if not folder.is_dir():
        sys.exit(f"{folder} is missing: install Debian's package dataset-fashion-mnist first.")
    with np.load(ROOT / "data" / "fashion_mnist.npz") as shown:
        seen = np.concatenate([shown["test_images"], shown["train_images"]])
    np.savez_compressed(OUT, **halves(*read(folder), seen))  # type: ignore[arg-type]
    content = OUT.read_bytes()
    print(f"{OUT.name}: {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
