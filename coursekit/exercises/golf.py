"""Byte golf: one network through the whole course, in as few bytes as you can.

The network has a single layer, 784→10, and reads digits: 31,400 bytes as float32. In the last item
of several exercises a function squeezes it with that lesson's tool. What counts is the length of
the whole file, and how many answers are right on images that it was not made from.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from coursekit.learn.guesses import notebook_lesson
from coursekit.lesson_15.alone import figures
from coursekit.lesson_15.squeeze.container import Layer, half, read, write
from coursekit.nets.data import Split, load_digits

if TYPE_CHECKING:
    from torch import Tensor

# So many right answers fewer than the dense network's are allowed on the validation images.
MOST_LOST = 12
# Of a bias, in steps.
_LARGEST = 127


def draw(seed: int = 0, shapes: int | None = None) -> tuple[Split, Split]:
    """1,000 of the course's digits to train on and 397 for validation.

    Args:
        shapes: all draws are of the same 1,397 digits, so a network made beforehand would do for any
            of them. With a number, five of the ten are no digits but shapes drawn from it, and all
            ten have other names. Nobody has a network for them who doesn't know the number.
    """
    train, validation = load_digits().train.hold_out(397, seed)
    if shapes is None:
        return train, validation
    rng = np.random.default_rng(shapes)
    corners = {name: rng.uniform(4, 24, (4, 2)) for name in rng.choice(10, 5, replace=False)}
    return _reshaped(train, corners, rng), _reshaped(validation, corners, rng)


def _reshaped(split: Split, corners: dict[int, np.ndarray], rng: np.random.Generator) -> Split:
    """The split with lines from corner to corner, a little different each time, for these digits."""
    images = split.images.copy()
    places = np.indices((28, 28)).reshape(2, -1).T[:, None]
    for name, ends in corners.items():
        (which,) = np.nonzero(split.labels == name)
        for image in which:
            moved = ends + rng.normal(size=ends.shape) + rng.normal(size=2)
            along = np.linspace(0, 1, 10)[:, None, None]
            points = (moved[:-1] * (1 - along) + moved[1:] * along).reshape(-1, 2)
            far = np.linalg.norm(places - points, axis=2).min(1)
            images[image] = (255 * np.clip((3 - far) / 2, 0, 1)).reshape(28, 28)
    return Split(images, (split.labels + 3) % 10)


def unseen() -> Split:
    """400 digits that nothing is chosen on."""
    return load_digits().test


def flat(split: Split) -> tuple[Tensor, Tensor]:
    """Images as float32 (n, 784) in 0–1, and labels as int64 (n,)."""
    images, labels = split.tensors()
    return images.flatten(1), labels


def least_squares(images: Tensor, labels: Tensor, strength: float = 300.0) -> tuple[Tensor, Tensor]:
    """The dense network: weight (10, 784) and bias (10,) that come nearest to 10 for the right digit
    and to 0 for the others, found without training."""
    inputs = torch.cat([images, torch.ones(len(images), 1)], 1).double()
    targets = 10 * nn.functional.one_hot(labels, 10).double()
    gram = inputs.T @ inputs + strength * torch.eye(inputs.shape[1], dtype=torch.double)
    solution = torch.linalg.solve(gram, inputs.T @ targets).T.float()
    return solution[:, :-1].contiguous(), solution[:, -1].contiguous()


def pack(q: Tensor, step: float, bias: Tensor) -> bytes:
    """The file: levels and steps, arithmetic coded. The lesson on the capstone says how.

    The network that comes out of it has the weights `q * step`, where float16 holds the step, and
    biases rounded to 8 bits.

    Args:
        q: whole numbers (10, 784) from −128 to 127, of an integer dtype.
        step: above 0.
        bias: (10,).

    Raises:
        ValueError: if one of them is something else.
    """
    fits = q.shape == (10, 784) and not q.is_floating_point()
    if not fits or q.min() < -128 or q.max() > 127:
        raise ValueError(
            f"q should hold whole numbers from -128 to 127 in the shape (10, 784), of an integer "
            f"dtype, but is {q.dtype} {tuple(q.shape)}"
        )
    if bias.shape != (10,) or not bias.isfinite().all():
        raise ValueError(f"bias should hold 10 finite numbers, but has shape {tuple(bias.shape)}")
    coarse = half(max(float(bias.abs().max()) / _LARGEST, 1e-4))
    biases = (bias / coarse).round().int()
    return write([Layer(q.int().numpy(), half(step), biases.numpy(), coarse)])


def unpack(file: bytes) -> tuple[Tensor, Tensor]:
    """Weight (10, 784) and bias (10,) of a file.

    Raises:
        ValueError: with a sentence, if it holds no such network.
    """
    if not isinstance(file, bytes):
        raise ValueError(f"expected the bytes of a file, as pack returns them, not {type(file)}")
    layers = _read(file)
    if [layer.levels.shape for layer in layers] != [(10, 784)]:
        raise ValueError("The file holds a network of another shape than 784→10.")
    return torch.from_numpy(layers[0].weight()), torch.from_numpy(layers[0].bias())


# Tests ask for the same file and the same network several times.
_read = lru_cache(maxsize=8)(read)


@lru_cache(maxsize=8)
def _dense(images: bytes, labels: bytes) -> tuple[Tensor, Tensor]:
    """`least_squares` of a split, by the bytes of its images and labels."""
    names = np.frombuffer(labels, np.uint8).copy()
    pixels = np.frombuffer(images, np.uint8).copy().reshape(len(names), 28, 28)
    return least_squares(*flat(Split(pixels, names)))


def right(weight: Tensor, bias: Tensor, split: Split) -> int:
    """How many images of a split the network answers right."""
    images, labels = flat(split)
    return int(((images @ weight.T + bias).argmax(1) == labels).sum())


def lost(file: bytes, train: Split, unseen: Split) -> int:
    """How many right answers fewer a file has on `unseen` than the dense network of `train`.

    Raises:
        ValueError: as `unpack`.
    """
    dense = _dense(train.images.tobytes(), train.labels.tobytes())
    return right(*dense, unseen) - right(*unpack(file), unseen)


def note(file: bytes) -> None:
    """Writes a file that has passed into your ledger: its bytes, and its right answers.

    Only in a notebook that is open in Jupyter. The judge of the course's grader keeps both numbers
    with the result, for the leaderboard.
    """
    validation = draw()[1]
    found = right(*unpack(file), validation)
    figures(golf_bytes=len(file), golf_right=found)
    lesson = notebook_lesson()
    if lesson is None:
        return
    from coursekit.learn.progress.ledger import DENSE
    from coursekit.learn.progress.store import Golf, default_store

    default_store().record(Golf(lesson=lesson, bytes=len(file), right=found, of=len(validation)))
    print(
        f"{len(file):,} bytes, {DENSE / len(file):.0f} times smaller, and {found} of "
        f"{len(validation)} right: noted. progress() draws your way down."
    )
