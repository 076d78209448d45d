"""Draws docs/pictures/way_down.png: our way from 1,066,440 bytes to the square, from data/capstone.csv.

`python course/15_capstone/make_way_down.py`, a second. Medians of three seeds, MNIST.
"""

from pathlib import Path

import matplotlib.pyplot as plt

from coursekit.nets.data import load_results
from coursekit.pictures import plot

OUT = Path(__file__).parents[2] / "docs" / "pictures" / "way_down.png"
# What was done, and the recipe and stage of data/capstone.csv that had it.
STEPS = [
    ("dense", "paper", "dense"),
    ("pruned", "stretch", "pruned"),
    ("few values", "stretch", "few values"),
    ("Huffman", "stretch", "Huffman"),
    ("arithmetic\ncoding", "stretch", "arithmetic coding"),
    ("pruned\nfurther", "further", "arithmetic coding"),
    ("a price\non bits", "square", "arithmetic coding"),
]


def main() -> None:
    table = load_results("capstone")
    mnist = table[table.images == "mnist"].groupby(["label", "step"])
    medians = mnist[["bytes", "test_error"]].median()
    rows = [medians.loc[(label, step)] for _, label, step in STEPS]
    fig, ax = plot.figure(height=3.6)
    ax.plot(range(len(rows)), [row["bytes"] for row in rows], "o-", color="black")
    for place, row in enumerate(rows):
        text = f"{row['bytes']:,.0f}\n{100 * row.test_error:.2f}%"
        ax.annotate(text, (place, row["bytes"]), (6, 6), textcoords="offset points", fontsize=9)
    ax.axhline(2953, color="black", linestyle="--", linewidth=1)
    ax.annotate("fits into a QR code", (0, 2953), (0, 4), textcoords="offset points", fontsize=9)
    ax.set_xticks(range(len(rows)), [name for name, _, _ in STEPS])
    ax.set(yscale="log", ylabel="bytes of the file", xlim=(-0.3, len(rows) - 0.2))
    ax.set_ylim(1500, 3e6)
    ax.set_title("LeNet-300-100: bytes, and error on 10,000 test images")
    fig.savefig(OUT, dpi=110)
    plt.close(fig)


if __name__ == "__main__":
    main()
