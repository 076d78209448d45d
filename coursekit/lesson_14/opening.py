"""What is left of garments that are written as the product of two thin matrices."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.networks import float_network
from coursekit.pictures.garments import listed, name_them
from coursekit.pictures.moving import INK, MARK, Moving
from coursekit.pictures.opening_style import STYLE, Pasted, as_greys, as_ink, sheet, words

SIDE, RANKS = 28, list(range(1, 29))
# Trousers, coat, ankle boot, sandal, T-shirt; the large one is the ankle boot.
CLASSES, LARGE = (1, 4, 9, 5, 0), 2
# The upper left corner of the large product, its pixels, and the gap to its factors.
LEFT, TOP, SIZE, GAP = 150, 165, 5, 5
# Left edges of the five garments, drawn twice as large.
COLUMNS = [330 + 62 * column for column in range(5)]
DOWN = 140


def thin_garments() -> Moving:
    """Lesson 14: five images at each rank, what a network calls them, and one with its factors."""
    _, validation = load_fashion_mnist().train.hold_out(2000)
    left, sizes, right = np.linalg.svd(validation.images.astype(np.float64))
    # Half of each size to either factor, so that both can be seen.
    columns, rows = left * np.sqrt(sizes)[:, None, :], np.sqrt(sizes)[:, :, None] * right
    near = {rank: columns[:, :, :rank] @ rows[:, :rank] for rank in RANKS}
    called = {rank: _names(near[rank]) for rank in RANKS}
    # Of each class the first that it recognises, and does not at rank 1.
    told = (called[SIDE] == validation.labels) & (called[1] != validation.labels)
    shown = [int((told & (validation.labels == label)).argmax()) for label in CLASSES]

    def draw(rank: int) -> Figure:
        most = np.abs(columns[shown[LARGE]]).max() / 3
        beside, above = columns[shown[LARGE], :, :rank], rows[shown[LARGE], :rank]
        wide = SIZE * rank
        pasted: list[Pasted] = [
            (as_greys(near[rank][shown[LARGE]], 255), LEFT, TOP, SIZE),
            (as_ink(beside, most), LEFT - GAP - wide, TOP, SIZE),
            (as_ink(above, most), LEFT, TOP - GAP - wide, SIZE),
        ]
        for x, image in zip(COLUMNS, near[rank][shown], strict=True):
            pasted.append((as_greys(image, 255), x, DOWN, 2))
        with plt.rc_context(STYLE):
            figure = sheet(640, 312, pasted)
            numbers = rank * 2 * SIDE
            colour = INK if numbers < SIDE**2 else MARK
            title = f"two factors: {numbers:,} numbers in place of {SIDE**2}"
            words(figure, 482, DOWN - 56, f"rank {rank}", fontsize=14)
            words(figure, 482, DOWN - 28, title, fontsize=10, color=colour)
            middles = [x + SIDE for x in COLUMNS]
            name_them(figure, called[rank][shown], middles, DOWN + 70, classes=CLASSES)
        return figure

    def alt(rank: int) -> str:
        return (
            f"Rank {rank}: {rank * 2 * SIDE} numbers in place of {SIDE**2}. The network calls the "
            f"five garments {listed(called[rank][shown])}; as they are, it calls them "
            f"{listed(called[SIDE][shown])}."
        )

    return Moving(
        draw,
        alt=alt,
        words=(
            "One thing can be moved: the rank. On the left an ankle boot of 28 by 28 pixels is the "
            "product of the tall matrix beside it and the wide one above it; both are as thin "
            "as the rank. On the right five garments are written in the same way, with the names "
            "that a network gives them, wrong ones in orange. The more columns and rows the "
            "factors have, the sharper the garments, and the more numbers it takes: beyond rank "
            "14 more than the image itself has."
        ),
        start={"rank": 2},
        rank=RANKS,
    )


def _names(images: np.ndarray) -> np.ndarray:
    """What lesson 04's MLP calls images with greys of 0 to 255, shape (images, 28, 28)."""
    model = float_network("mlp")
    with torch.no_grad():
        answers: np.ndarray = (
            model(torch.from_numpy(images[:, None] / 255).float()).argmax(1).numpy()
        )
    return answers
