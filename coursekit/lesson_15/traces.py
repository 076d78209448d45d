"""Lesson 15's traces: a code for six gaps, a file of one small matrix, a step of shared values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from matplotlib.figure import Figure

from coursekit.lesson_15.squeeze import huffman
from coursekit.pictures import plot
from coursekit.pictures.trace import Rows, Stage, Trace, number, shape_of

# The matrix of the lesson's first part: six weights stay, and share two values.
WEIGHT = (
    (0.1, -0.9, 0.0, 0.2, 1.1, -0.1),
    (-0.2, 0.1, 0.3, -1.0, 0.1, 0.0),
    (0.0, 0.2, -0.1, 0.1, -0.2, 0.9),
    (1.0, -0.1, 0.1, 0.0, 0.2, -1.1),
)
STAY, RATE = 0.5, 0.1
INPUTS = (1.0, 0.5, -1.0, 2.0, 1.5, 1.0)
WANTED = (2.0, -1.0, 1.5, -1.0)


@dataclass(frozen=True)
class Small:
    """The matrix, what is left of it, and what a file says of that.

    Attributes:
        weight, pruned, shared: (4, 6), float64.
        places: of the weights that stay, row by row.
        gaps: zeros before each of them.
        codes: 1 for the level above 0, else 0.
        levels: the two values.
    """

    weight: torch.Tensor
    pruned: torch.Tensor
    shared: torch.Tensor
    places: torch.Tensor
    gaps: list[int]
    codes: torch.Tensor
    levels: torch.Tensor


def small() -> Small:
    """The numbers of all three traces."""
    weight = torch.tensor(WEIGHT, dtype=torch.float64)
    pruned = torch.where(weight.abs() > STAY, weight, 0)
    places = pruned.flatten().nonzero().flatten()
    values = pruned.flatten()[places]
    codes = (values > 0).long()
    levels = torch.stack([values[codes == code].mean() for code in (0, 1)])
    shared = torch.zeros(24, dtype=torch.float64)
    shared[places] = levels[codes]
    gaps = (places.diff(prepend=torch.tensor([-1])) - 1).tolist()
    return Small(weight, pruned, shared.view(4, 6), places, gaps, codes, levels)


# A code for six gaps.


def nodes(counts: dict[int, int]) -> list[tuple[str, str, int]]:
    """Each of Huffman's steps: which two go under a node, and what it counts."""
    left = [(count, symbol, str(symbol)) for symbol, count in sorted(counts.items())]
    steps = []
    while len(left) > 1:
        left.sort()
        (one, first, name), (other, second, named), *left = left
        steps.append((name, named, one + other))
        left.append((one + other, min(first, second), f"({name} {named})"))
    return steps


def one_code() -> Trace:
    """Six gaps: counted, put under nodes, given canonical codes, written, and read."""
    its = small()
    counts = dict(sorted(Counter(its.gaps).items()))
    lengths = huffman.code_lengths(counts)
    words = huffman.codewords(lengths)
    bits = " ".join(words[gap] for gap in its.gaps)
    whole, many = sum(len(words[gap]) for gap in its.gaps), len(its.gaps)
    fixed = max(its.gaps).bit_length()
    data = huffman.encode(its.gaps, lengths)
    back, taken = huffman.decode(data, lengths, many)
    shape, steps = (many,), nodes(counts)
    stages = [
        Stage(
            "Six gaps",
            f"The zeros before each of six weights: {', '.join(map(str, its.gaps))}. With a fixed "
            f"width each takes {fixed} bits, {fixed * many} in all.",
            "the gaps",
            None,
            shape,
            partial(_bars, counts, "How often each gap comes", "times"),
            "A bar for each gap: one of them comes twice, the others once.",
            (("gap", "times"), *((str(gap), str(count)) for gap, count in counts.items())),
        )
    ]
    for place, (one, other, count) in enumerate(steps, 1):
        rows: Rows = (("under a node", "and", "together"), *_rows(steps[:place]))
        stages.append(
            Stage(
                f"Node {place}",
                f"The two rarest are {one} and {other}. Under one node they count {count}, and "
                "each gap among them gets a bit more."
                + (" One node is left: the tree is done." if place == len(steps) else ""),
                "what is not under a node yet",
                (len(steps) + 2 - place,),
                (len(steps) + 1 - place,),
                partial(_nodes, steps[:place]),
                "A bar for each node so far, as long as what it counts.",
                rows,
            )
        )
    stages += [
        Stage(
            "Lengths, and codes by rule",
            "Only lengths are kept. In the order of length, then of gap, each code is one more "
            "than the one before, with a 0 behind it where the length grows.",
            "the codes",
            None,
            (len(counts),),
            partial(_bars, lengths, "Bits of each gap's code", "bits"),
            "A bar for each gap: the length of its code.",
            (
                ("gap", "bits", "code"),
                *(
                    (str(gap), str(lengths[gap]), f"`{words[gap]}`")
                    for gap in sorted(lengths, key=lambda gap: (lengths[gap], gap))
                ),
            ),
        ),
        Stage(
            "Written",
            f"In their order: `{bits}`. That is {whole} bits in place of {fixed * many}, and "
            f"filled up {len(data)} bytes. The blanks are for you; the file has none.",
            "the bytes",
            None,
            (len(data),),
            partial(_stripe, data),
            "A row of small squares for the bits, dark for 1, with the filling at its end.",
        ),
        Stage(
            "Read",
            f"Bit by bit, until the bits are a code: {', '.join(map(str, back))}. "
            + ("All six are right. " if back == its.gaps else "They are not the same. ")
            + f"{taken} bytes were read. No code begins another one, so there is only one way.",
            "what was read",
            None,
            shape,
            partial(_bars, dict(enumerate(back)), "The gaps that were read", "zeros", "weight"),
            "A bar for each of six weights: the zeros before it.",
        ),
    ]
    return Trace("A code for six gaps", tuple(stages))


# A file.


def one_file() -> Trace:
    """The matrix through the three steps, with its bits counted, to bytes and back."""
    its = small()
    shape, kept = shape_of(its.weight), len(its.places)
    counts = Counter(its.gaps)
    lengths = huffman.code_lengths(counts)
    width = max(its.gaps).bit_length()
    codebook, floats = 32 * len(its.levels), 32 * its.weight.numel()
    coded = huffman.coded_bits(counts, lengths)
    table = 4 * (max(its.gaps) + 1)
    values = sum(1 << place for place, code in enumerate(its.codes.tolist()) if code)
    file = bytes([values]) + huffman.encode(its.gaps, lengths)
    gaps, _ = huffman.decode(file[1:], lengths, kept)
    back = torch.zeros(24, dtype=torch.float64)
    where = np.cumsum(np.array(gaps) + 1) - 1
    back[torch.from_numpy(where)] = its.levels[[values >> place & 1 for place in range(kept)]]
    same = torch.equal(back.view(4, 6), its.shared)
    parts = [
        {"values": floats},
        {"values": 32 * kept, "positions": width * kept},
        {"values": kept, "positions": width * kept, "codebook": codebook},
        {"values": kept, "positions": coded, "codebook": codebook, "table": table},
    ]
    return Trace(
        "A matrix becomes a file",
        (
            Stage(
                "Trained",
                f"24 weights in float32 are {floats} bits.",
                "the matrix",
                None,
                shape,
                partial(_matrix, its.weight, "trained"),
                "A grid of 24 numbers.",
                _table(parts[:1]),
            ),
            Stage(
                "Pruned",
                f"The {kept} largest stay. Their gaps are {', '.join(map(str, its.gaps))}: "
                f"{width} bits each are enough.",
                "the matrix",
                shape,
                shape,
                partial(_matrix, its.pruned, "pruned"),
                "The same grid, six numbers of it are not zero.",
                _table(parts[:2]),
            ),
            Stage(
                "Shared",
                f"Two levels, {' and '.join(number(v, 2) for v in its.levels.tolist())}. A weight "
                f"is one bit now, and the codebook {codebook} bits: most of the file.",
                "the matrix",
                shape,
                shape,
                partial(_matrix, its.shared, "shared"),
                "The same grid, with two values that are not zero.",
                _table(parts[:3]),
            ),
            Stage(
                "Coded",
                f"Huffman's code takes the gaps from {width * kept} bits to {coded}. Its table of "
                f"lengths, 4 bits for each gap from 0 to {max(its.gaps)}, takes {table}: "
                + (
                    "more than it saves. In a matrix of this size nobody would."
                    if table > width * kept - coded
                    else "less than it saves."
                ),
                "the gaps",
                (kept,),
                (kept,),
                partial(_parts, parts),
                "Bars for the four stages, each with its parts; the last ones are much shorter.",
                _table(parts),
            ),
            Stage(
                "Bytes",
                f"One byte for six indices, {len(file) - 1} for the gaps: {len(file)} bytes, "
                "beside codebook and table.",
                "the bytes",
                None,
                (len(file),),
                partial(_stripe, file),
                "A row of small squares for the bits of the file, dark for 1.",
            ),
            Stage(
                "Read back",
                "From bytes, codebook and table alone: "
                + ("the shared matrix, weight for weight." if same else "another matrix.")
                + f" It differs from the trained one by up to "
                f"{number(float((back.view(4, 6) - its.weight).abs().max()), 2)}: pruning and "
                "sharing lose something, coding loses nothing.",
                "what was read",
                None,
                shape,
                partial(_matrix, back.view(4, 6), "read back"),
                "The grid with two values that are not zero, as it was before it was written.",
            ),
        ),
    )


# A step of shared values.


@dataclass(frozen=True)
class Step:
    """One step of training: the gradients of all weights, of the levels, and the new levels."""

    before: float
    gradient: torch.Tensor
    summed: torch.Tensor
    levels: torch.Tensor
    after: float


def one_update() -> Step:
    """The numbers of the third trace: a squared error, and plain gradient descent."""
    its = small()
    x, wanted = (torch.tensor(v, dtype=torch.float64) for v in (INPUTS, WANTED))
    weight = its.shared.clone().requires_grad_()
    loss = (weight @ x - wanted).square().mean()
    loss.backward()
    assert weight.grad is not None
    each = weight.grad.flatten()[its.places]
    summed = torch.zeros(2, dtype=torch.float64).index_add(0, its.codes, each)
    levels = its.levels - RATE * summed
    moved = torch.zeros(24, dtype=torch.float64)
    moved[its.places] = levels[its.codes]
    after = (moved.view(4, 6) @ x - wanted).square().mean()
    return Step(float(loss.detach()), weight.grad, summed, levels, float(after))


def one_step() -> Trace:
    """Gradients of six weights, summed by level; two levels move, and six weights with them."""
    its, step = small(), one_update()
    shape, each = shape_of(its.weight), step.gradient.flatten()[its.places].tolist()
    names = [f"weight {place}" for place in its.places.tolist()]
    moved = torch.zeros(24, dtype=torch.float64)
    moved[its.places] = step.levels[its.codes]
    own = its.shared.flatten()[its.places] - RATE * torch.tensor(each, dtype=torch.float64)
    against = int((torch.tensor(each, dtype=torch.float64) * step.summed[its.codes] < 0).sum())
    return Trace(
        "One step of shared values",
        (
            Stage(
                "Two levels",
                f"Six weights have the values {number(float(its.levels[0]), 2)} or "
                f"{number(float(its.levels[1]), 2)}. The loss is {number(step.before, 3)}.",
                "the matrix",
                None,
                shape,
                partial(_matrix, its.shared, "shared"),
                "A grid of 24 numbers, six of which are not zero, with two values.",
            ),
            Stage(
                "The gradients",
                "An ordinary backward pass gives each weight its gradient. Those of pruned weights "
                "are left aside.",
                "the gradients",
                None,
                shape,
                partial(_matrix, step.gradient, "gradient"),
                "A grid of 24 gradients, also where weights are zero.",
            ),
            Stage(
                "Summed by level",
                f"The level below 0 has {number(float(step.summed[0]), 3)}, the one above "
                f"{number(float(step.summed[1]), 3)}: the sums of their weights' gradients.",
                "the gradients of the levels",
                (len(each),),
                (2,),
                partial(_bars, dict(zip(names, each, strict=True)), "Gradients", "gradient", ""),
                "A bar for each of six weights, to the left or to the right of 0.",
                (
                    ("weight", "level", "gradient"),
                    *(
                        (name, "above 0" if code else "below 0", number(value, 3))
                        for name, code, value in zip(names, its.codes.tolist(), each, strict=True)
                    ),
                ),
            ),
            Stage(
                "The levels move",
                f"By −{RATE:g} times that: to {number(float(step.levels[0]), 3)} and "
                f"{number(float(step.levels[1]), 3)}.",
                "the levels",
                (2,),
                (2,),
                partial(
                    _bars,
                    {"below 0": float(step.levels[0]), "above 0": float(step.levels[1])},
                    "The new levels",
                    "value",
                    "level",
                ),
                "Two bars, one on each side of 0.",
            ),
            Stage(
                "The weights follow",
                f"The loss is {number(step.after, 3)} now, "
                + ("less than before. " if step.after < step.before else "no less than before. ")
                + f"{against} of six weights went where their own gradient did not send them, "
                "since the others of their level were stronger.",
                "the matrix",
                shape,
                shape,
                partial(_matrix, moved.view(4, 6), "after the step"),
                "The grid again, with two values that have moved a little.",
                (
                    ("weight", "before", "by itself", "with its level"),
                    *(
                        (name, *(number(value, 3) for value in row))
                        for name, row in zip(
                            names,
                            torch.stack(
                                [
                                    its.shared.flatten()[its.places],
                                    own,
                                    step.levels[its.codes],
                                ],
                                1,
                            ).tolist(),
                            strict=True,
                        )
                    ),
                ),
            ),
        ),
    )


def _rows(steps: list[tuple[str, str, int]]) -> Rows:
    return tuple((one, other, str(count)) for one, other, count in steps)


def _table(parts: list[dict[str, int]]) -> Rows:
    """For each stage its parts and their sum, in bits."""
    names = ("values", "positions", "codebook", "table")
    heads = ("trained", "pruned", "shared", "coded")
    body = (
        (head, *(str(part.get(name, 0)) for name in names), str(sum(part.values())))
        for head, part in zip(heads, parts, strict=False)
    )
    return (("bits", *names, "all"), *body)


def _matrix(values: torch.Tensor, title: str) -> Figure:
    fig, ax = plot.figure(width=9, height=2.8)
    plot.matrix(ax, values.numpy(), decimals=2)
    ax.set(title=title, xlabel="input", ylabel="output")
    return fig


def _bars(
    values: dict[int, int] | dict[str, float] | dict[int, float],
    title: str,
    label: str,
    of: str = "gap",
) -> Figure:
    fig, ax = plot.figure(width=9, height=2.8)
    shown = [float(value) for value in values.values()]
    written = "{:.0f}" if all(value.is_integer() for value in shown) else "{:.3f}"
    plot.bars(ax, [f"{of} {name}".strip() for name in values], shown, label=written)
    ax.axvline(0, color="black", linewidth=1, marker="")
    ax.set(title=title, xlabel=label)
    return fig


def _nodes(steps: list[tuple[str, str, int]]) -> Figure:
    fig, ax = plot.figure(width=9, height=2.8)
    plot.bars(ax, [f"{one} + {other}" for one, other, _ in steps], [count for *_, count in steps])
    ax.set(title="Nodes so far", xlabel="times")
    return fig


def _parts(parts: list[dict[str, int]]) -> Figure:
    fig, ax = plot.figure(width=9, height=3.4)
    names = ("values", "positions", "codebook", "table")
    series = {name: [float(part.get(name, 0)) for part in parts] for name in names}
    plot.grouped_bars(ax, ["trained", "pruned", "shared", "coded"], series)
    ax.set(title="What the bits are for", xlabel="bits")
    ax.legend()
    return fig


def _stripe(data: bytes) -> Figure:
    fig, ax = plot.figure(width=9, height=1.6)
    bits = np.unpackbits(np.frombuffer(data, np.uint8))[None]
    ax.imshow(bits, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    ax.grid(visible=False)
    ax.set(title="The bits", xlabel="bit", yticks=[])
    return fig


TRACES = {
    "squeeze-one-code": one_code,
    "squeeze-one-file": one_file,
    "squeeze-one-step": one_step,
}
