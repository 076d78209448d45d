"""What two digits are called while weights become zero and get by in fewer bits."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from coursekit.nets.three_models import run, three_models, weight_of
from coursekit.pictures.moving import INK, MARK, Moving
from coursekit.pictures.opening_style import STYLE, as_greys, as_ink, sheet, tiles, words

ZEROS, BITS = [0, 15, 30, 45, 60, 75, 90], [2, 4, 6, 8]
# So many hidden units are seen, those with the largest weights; and a weight of so many standard
# deviations is drawn in full ink.
UNITS, FULL = 6, 3


def two_digits() -> Moving:
    """Lesson 00: one digit that stays what it is, and one whose answer flips."""
    test, dense = run().test, weight_of(run().trained)
    images = torch.from_numpy(test.images).flatten(1).float() / 255
    units = dense.norm(dim=1).argsort(descending=True)[:UNITS]
    # For each state the weights of these units; and for all images how sure of each digit it is.
    weights, sure = {}, {}
    for state in [(zeros, bits) for zeros in ZEROS for bits in BITS]:
        model = three_models(state[0] / 100, state[1])["quantized"]
        weights[state] = weight_of(model)[units].numpy().reshape(-1, 28, 28)
        with torch.no_grad():
            sure[state] = model(images).softmax(1).numpy()

    right = {state: p.argmax(1) == test.labels for state, p in sure.items()}
    # In how many states an image is called what it is; if it never was, in none.
    share = np.mean(list(right.values()), axis=0) * right[0, 8]
    flips = int(np.abs(share - 0.6).argmin())
    stays = int((share * (test.labels != test.labels[flips])).argmax())
    shown = [stays, flips]

    def draw(percent_zeros: int, bits: int) -> Figure:
        ink = tiles(as_ink(weights[percent_zeros, bits], FULL * float(dense.std())), columns=3)
        pictures = [
            (as_greys(test.images[image], 255), 10, 40 + 90 * row, 3)
            for row, image in enumerate(shown)
        ]
        with plt.rc_context(STYLE):
            figure = sheet(640, 220, [(ink, 146, 40, 3), *pictures])
            words(figure, 52, 18, "goes in", fontsize=11)
            words(figure, 278, 18, "6 of 128 hidden units", fontsize=11)
            words(figure, 535, 18, "comes out", fontsize=11)
            for row, image in enumerate(shown):
                _answer(
                    figure, 82 + 90 * row, sure[percent_zeros, bits][image], int(test.labels[image])
                )
        return figure

    def alt(percent_zeros: int, bits: int) -> str:
        says = [int(sure[percent_zeros, bits][image].argmax()) for image in shown]
        first, second = (
            f"the {label} is called {'' if label == said else 'a '}{said}"
            for label, said in zip(test.labels[shown], says, strict=True)
        )
        return f"{percent_zeros}% zeros, {bits} bits: {first}, {second}."

    return Moving(
        draw,
        alt=alt,
        words=(
            "Two things can be moved: what share of the first layer's weights is zero, the "
            "smallest first, and in how many bits each weight is stored. In the middle are the "
            "weights of six hidden units, orange above zero and blue below; a zero is a hole. On "
            "the right the network says what each digit is: the surer, the larger. One digit is "
            "called what it is whatever is taken away. The other gets a wrong name (in orange) "
            "if that was too much. No layer is gone then. The same layers hold other numbers."
        ),
        start={"percent_zeros": 0, "bits": 8},
        percent_zeros=ZEROS,
        bits=BITS,
    )


def _answer(figure: Figure, y: float, sure: np.ndarray, label: int) -> None:
    """The ten digits in a row, each as large as the network is sure of it."""
    for digit, share in enumerate(sure):
        colour = MARK if digit == np.argmax(sure) != label else INK
        size = 8 + 28 * share
        words(figure, 448 + 19.5 * digit, y, str(digit), fontsize=size, color=colour)
