"""What a file holds and how well it answers.

    python -m coursekit.lesson_15.squeeze FILE --images mnist.npz

Nothing but the file and this package is needed: every weight comes out of the file's bytes.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from coursekit.lesson_15.squeeze import container, shared

Images = tuple[np.ndarray, np.ndarray]


def main(
    file: Annotated[Path, typer.Argument(help="A squeezed network.")],
    images: Annotated[Path | None, typer.Option(help="An .npz with test images.")] = None,
) -> None:
    """Decodes a squeezed network, and measures it on test images if there are some."""
    try:
        data = file.read_bytes()
        layers: Sequence[container.Linear]
        layers = shared.read(data) if data[:3] == shared.MAGIC else container.read(data)
        test = None if images is None else _test_images(images)
        wrong = None if test is None else int((answers(layers, test[0]) != test[1]).sum())
    except OSError as error:
        raise _stop(f"{error.filename} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise _stop(str(error)) from None
    weights = [layer.weight() for layer in layers]
    floats = 4 * sum(weight.size + len(weight) for weight in weights)
    print(f"{len(data):,} bytes for {floats:,} of float32: {floats / len(data):.1f} times smaller")
    for weight in weights:
        outputs, inputs = weight.shape
        print(f"{inputs} -> {outputs}: {np.count_nonzero(weight):,} weights are not 0")
    print("SHA-256 of all weights and biases:", checksum(layers))
    if test is not None and wrong is not None:
        print(f"{wrong} of {len(test[1]):,} wrong: {100 * wrong / len(test[1]):.2f}% error")


def checksum(layers: Sequence[container.Linear]) -> str:
    """SHA-256 of the weights, then the biases, of each layer, as little-endian float32."""
    digest = hashlib.sha256()
    for layer in layers:
        for part in (layer.weight(), layer.bias()):
            digest.update(np.ascontiguousarray(part, "<f4").tobytes())
    return digest.hexdigest()


def answers(layers: Sequence[container.Linear], images: np.ndarray) -> np.ndarray:
    """The class of each image, int64 (n,), by linear layers with ReLU between them.

    Args:
        layers: The first one takes as many inputs as an image has pixels.
        images: uint8 (n, height, width), grey from 0 to 255.

    Raises:
        ValueError: if the images have another number of pixels.
    """
    found = images.reshape(len(images), -1).astype(np.float32) / 255
    for place, layer in enumerate(layers):
        if found.shape[1] != layer.weight().shape[1]:
            raise ValueError(f"The network takes {layer.weight().shape[1]} pixels.")
        found = (np.maximum(found, 0) if place else found) @ layer.weight().T + layer.bias()
    return found.argmax(1)


def _test_images(path: Path) -> Images:
    """uint8 images (n, 28, 28) and labels (n,), under the names of mnist.npz or of the course.

    Raises:
        ValueError: if there are none in it.
    """
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is no .npz file, or is not there.")
    with np.load(path, allow_pickle=False) as arrays:
        for names in (("x_test", "y_test"), ("test_images", "test_labels")):
            if set(names) <= set(arrays):
                return arrays[names[0]], arrays[names[1]]
    raise ValueError(f"{path} has no x_test and y_test, nor test_images and test_labels.")


def _stop(sentence: str) -> typer.Exit:
    """Says why, in red."""
    typer.secho(sentence, fg="red", err=True)
    return typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
