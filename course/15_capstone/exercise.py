# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 15 · Capstone: exercise
#
# Nine items, 26 points, about two hours and three quarters; the seventh is the capstone itself. Everything you need is in
# [the lesson](../../notebooks/15_capstone.ipynb); each item says where.
#
# - Write your answer in place of `raise NotImplementedError()`. Keep the names that the item asks for; all
#   other names are yours.
# - Run the tests under each item. They show a part of what is checked. The rest is checked on inputs that
#   you have not seen, so solve the task and not the example. Of a
#   decision they check the form; whether it is right comes with your mark.
# - The items do not need each other. If one resists, go on.
# - What is passed in stays as it was.

# %% given=true
import copy
import heapq
import math
import struct

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn import functional as F

from coursekit import explain
from coursekit.lesson_15.alone import DecoderError, decode_alone, figures, source_bytes
from coursekit.nets.data import load_arrays, load_fashion_mnist
from coursekit.lesson_15.diagnose import four_files
from coursekit.nets.networks import lenet
from coursekit.nets.train import evaluate, set_seed

# %% [markdown]
# ## 1 · A Huffman code (3 points)
#
# Write `code_lengths(counts)`. `counts` says how often each symbol occurs. The result is a dictionary: for each symbol that occurs, the length of its code word in bits, as an `int`. The lengths are those of a Huffman code: no *prefix code* (no word is the beginning of another one) takes fewer bits in all. Which of two symbols gets the longer word does not matter where both are as good.
#
# - Symbols with the count 0 get no word and are left out. Without any symbol the result is empty.
# - One symbol alone gets a word of 1 bit.
# - There may be thousands of symbols, and words of more than 60 bits. A symbol may be any key of a dictionary: a number, a text, a pair, also mixed.
#
# Write `bounds(counts)` too. It returns two floats, in bits per symbol: the entropy $H = \sum_i p_i \log_2 (1/p_i)$ of the symbols, and the mean length $L = \sum_i p_i \ell_i$ of your code. With two symbols or more, $H \le L < H + 1$.
#
# *Lesson: part 4.*


# %% item="huffman" answers=["code_lengths", "bounds"]
### BEGIN SOLUTION
def code_lengths(counts):
    lengths = {symbol: 0 for symbol, count in counts.items() if count}
    if len(lengths) == 1:
        return dict.fromkeys(lengths, 1)
    heap = [(counts[symbol], number, [symbol]) for number, symbol in enumerate(lengths)]
    heapq.heapify(heap)
    while len(heap) > 1:
        first, number, ones = heapq.heappop(heap)
        second, _, others = heapq.heappop(heap)
        for symbol in ones + others:
            lengths[symbol] += 1
        heapq.heappush(heap, (first + second, number, ones + others))
    return lengths


def bounds(counts):
    total = sum(counts.values())
    shares = {symbol: count / total for symbol, count in counts.items() if count}
    lengths = code_lengths(counts)
    entropy = sum(share * math.log2(1 / share) for share in shares.values())
    return entropy, sum(share * lengths[symbol] for symbol, share in shares.items())


### END SOLUTION

# %% test="huffman" points=1
### BEGIN HIDDEN TESTS


def least_bits(counts):
    """Bits of a Huffman code: what is joined, added up."""
    heap = [count for count in counts if count]
    heapq.heapify(heap)
    total = 0
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        total += joined
        heapq.heappush(heap, joined)
    return total


### END HIDDEN TESTS
nine = {"a": 5, "b": 2, "c": 1, "d": 1}
found = code_lengths(nine)
assert isinstance(found, dict) and set(found) == set(nine), (
    f"expected a dictionary with a length for each of a, b, c and d, but got {found}"
)
assert found == {"a": 1, "b": 2, "c": 3, "d": 3}, explain(
    tuple(found[symbol] for symbol in "abcd"),
    {
        (
            1,
            3,
            4,
            4,
        ): "this is log2(1/p), rounded up. Such words are short enough, but not the shortest: join the two rarest, again and again",
        (2, 2, 2, 2): "two bits for each of four symbols is the code without any counts",
        (2, 3, 4, 4): "every word is one bit too long: is the root counted?",
        (3, 3, 2, 1): "the most frequent symbol has the longest word: join the two rarest first",
    },
    f"15 bits are enough for these nine symbols, with words of 1, 2, 3 and 3 bits, not {found}",
)
assert all(isinstance(length, int) for length in found.values()), (
    f"a length should be an int, not {type(found['a']).__name__}"
)
found = code_lengths(dict.fromkeys(range(5), 7))
assert sorted(found.values()) == [2, 2, 2, 3, 3], (
    f"five symbols that are equally frequent: three words of 2 bits and two of 3, not {found}"
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(15)
for count in (2, 3, 4, 17, 256):
    some = dict(enumerate((rng.zipf(1.3, count) % 10_007 + 1).tolist()))
    kept = dict(some)
    lengths = code_lengths(some)
    assert some == kept, "The counts have changed."
    assert set(lengths) == set(some), "A symbol has no word, or there are others."
    assert all(isinstance(length, int) and length > 0 for length in lengths.values()), (
        "A length is no int above 0."
    )
    # Kraft: these lengths are those of a prefix code.
    assert sum(2.0**-length for length in lengths.values()) <= 1 + 1e-12, (
        "No prefix code has words as short as yours."
    )
    assert sum(some[symbol] * length for symbol, length in lengths.items()) == least_bits(
        some.values()
    ), "Your words take more bits than a Huffman code's."
### END HIDDEN TESTS

# %% test="huffman" points=1
assert code_lengths({"a": 3, "b": 0}) == {"a": 1}, (
    f"b does not occur, and a alone takes 1 bit: expected {{'a': 1}}, not {code_lengths({'a': 3, 'b': 0})}"
)
assert code_lengths({}) == {}, "without symbols there are no words"
ladder = code_lengths({n: 2**n for n in range(70)})
assert max(ladder.values()) == 69, (
    f"each count is the double of the one before: the longest word has 69 bits, not {max(ladder.values())}"
)
### BEGIN HIDDEN TESTS
assert code_lengths({"x": 0, "y": 0}) == {}, "Symbols that do not occur get no word."
assert code_lengths({5: 1}) == {5: 1}, "One symbol alone takes 1 bit."
some = {"a": 0, "b": 4, "c": 4}
assert code_lengths(some) == {"b": 1, "c": 1}, "Two symbols take 1 bit each."
assert some == {"a": 0, "b": 4, "c": 4}, "The counts have changed."
lengths = code_lengths(dict.fromkeys(range(5000), 3))
assert len(lengths) == 5000 and set(lengths.values()) == {12, 13}, (
    "Thousands of symbols that are equally frequent: their words differ by one bit at most."
)
try:
    mixed = sorted(code_lengths({"1": 1, 1: 1, (2, 3): 1, None: 5}).values())
except Exception:
    mixed = None  # they can't be compared
assert mixed == [1, 2, 3, 3], "Symbols may be of any kind, also where counts tie."
### END HIDDEN TESTS

# %% test="huffman" points=1
least, mean = bounds({"a": 5, "b": 2, "c": 1, "d": 1})
assert math.isclose(least, 1.6577, abs_tol=1e-3), explain(
    round(least, 4),
    {
        1.1491: "this is in nats: which logarithm gives bits?",
        14.9197: "this is for all nine symbols together: how much is it per symbol?",
        -1.6577: "log2(p) is below 0: mind the sign",
    },
    f"the entropy is 1.658 bits per symbol, not {least:.3f}",
)
assert math.isclose(mean, 15 / 9, abs_tol=1e-6), explain(
    round(mean, 4),
    {
        2.25: "the mean is over symbols as they occur, a five times as often as c",
        15: "these are the bits of all nine symbols: how many is that per symbol?",
    },
    f"15 bits for nine symbols are 1.667 bits per symbol, not {mean:.3f}",
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(16)
for count in (2, 5, 40, 300):
    some = dict(enumerate((rng.zipf(1.2, count) % 30_011).tolist())) | {"z": 1, "y": 9}
    least, mean = bounds(some)
    shares = np.array([n for n in some.values() if n], dtype=np.float64)
    shares /= shares.sum()
    wanted = float(-(shares * np.log2(shares)).sum())
    assert math.isclose(least, wanted, rel_tol=1e-6), "An entropy is off. Do zero counts count?"
    huffman = least_bits(some.values()) / sum(some.values())
    assert math.isclose(mean, huffman, rel_tol=1e-9), "A mean length is not that of a Huffman code."
assert tuple(bounds({"a": 8})) == (0.0, 1.0), "One symbol alone has no entropy, and takes 1 bit."
for scale in (1, 2**40):
    least, mean = bounds({"a": 99 * scale, "b": scale})
    assert math.isclose(least, 0.0807931, rel_tol=1e-5) and mean == 1, (
        "Two symbols of which one is rare: the entropy is small, and the words have 1 bit."
    )
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · How many levels? (2 points)
#
# The `count` weights of a layer share `levels` values. The file has an index for each weight, of as few whole bits as tell the levels apart, all packed together and rounded up to whole bytes, and the levels as float32. Write `shared_bytes(count, levels)`: the bytes of both, as an `int`. With a single level an index has 0 bits.
#
# Write `pick(count, errors, budget)`. `errors` is a dictionary from a number of levels to the error that the network has with it. The result is the number of levels with the smallest error among those that take at most `budget` bytes; among equal errors, the one with the fewest bytes, and then with the fewest levels. More levels do not always have a smaller error, and the dictionary stands in any order. If none fits: `ValueError`.
#
# *Lesson: part 3.*


# %% item="levels" answers=["shared_bytes", "pick"]
### BEGIN SOLUTION
def shared_bytes(count, levels):
    bits = (levels - 1).bit_length()
    return (count * bits + 7) // 8 + 4 * levels


def pick(count, errors, budget):
    fits = [
        (error, shared_bytes(count, levels), levels)
        for levels, error in errors.items()
        if shared_bytes(count, levels) <= budget
    ]
    if not fits:
        raise ValueError("no number of levels fits")
    return min(fits)[2]


### END SOLUTION

# %% test="levels" points=1
found = shared_bytes(1000, 16)
assert isinstance(found, int), f"expected an int, but got {type(found).__name__}"
assert found == 564, explain(
    found,
    {
        500: "the levels themselves are in the file, too",
        516: "the levels are float32: how many bytes has each?",
        4064: "an index has 4 bits, not 4 bytes",
        1064: "an index has 4 bits, and two of them share a byte",
        4564: "an index has 4 bits, and two of them share a byte",
        689: "16 levels are the numbers 0 to 15: how many bits does 15 have?",
    },
    f"1000 indexes of 4 bits are 500 bytes, and 16 levels 64: expected 564, not {found}",
)
assert shared_bytes(1000, 17) == 693, (
    f"17 levels take 5 bits each: 625 and 68 bytes, not {shared_bytes(1000, 17)}"
)
assert shared_bytes(3, 2) == 9, f"three bits take a whole byte, not {shared_bytes(3, 2) - 8}"
### BEGIN HIDDEN TESTS
for count, levels, wanted in (
    (784, 1, 4),
    (0, 4, 16),
    (5, 3, 14),
    (8, 2, 9),
    (9, 2, 10),
    (235_200, 32, 147_128),
    (1000, 256, 2024),
    (1000, 257, 2153),
    (10, 2**20, 25 + 2**22),
):
    assert shared_bytes(count, levels) == wanted, (
        "A number of bytes is off. A single level, a power of two, one more than that, no weights?"
    )
### END HIDDEN TESTS

# %% test="levels" points=1
errors = {4: 0.40, 16: 0.20, 8: 0.25, 64: 0.05, 32: 0.22}
assert pick(1000, errors, 10_000) == 64, "all fit: 64 levels have the smallest error"
found = pick(1000, errors, 800)
assert found == 16, explain(
    found,
    {
        32: "32 levels fit, but their error is larger than that of 16",
        64: "64 levels take 1006 bytes",
    },
    f"4, 8, 16 and 32 levels fit into 800 bytes, and 16 have the smallest error, not {found}",
)
try:
    pick(1000, errors, 265)
    refused = False
except ValueError:
    refused = True
assert refused, "4 levels take 266 bytes, so nothing fits into 265: that should raise a ValueError"
assert pick(1000, errors, 266) == 4, "exactly as many bytes as there are is allowed"
### BEGIN HIDDEN TESTS
kept = dict(errors)
for budget in (266, 406, 563, 564, 752, 753, 1005, 1006):
    fits = {k: v for k, v in errors.items() if shared_bytes(1000, k) <= budget}
    assert pick(1000, errors, budget) == min(fits, key=fits.get), "A choice is off."
assert errors == kept, "The dictionary has changed."
assert pick(40, {9: 0.5, 3: 0.5, 5: 0.5}, 1000) == 3, "Equal errors: the fewest bytes."
assert pick(0, {7: 0.0, 2: 0.1}, 28) == 7, "Without weights the levels take all bytes."
assert pick(10**6, {2: 1e-30, 4: 2e-30}, 10**9) == 2, "Errors may be very small."
assert pick(10**6, {2: 2e-30, 4: 1e-30}, 10**9) == 4, "Errors may be very small."
assert pick(10**6, {2: 0.2001, 4: 0.2}, 10**9) == 4, "Errors that are nearly equal are not equal."
for budget in (0, -1):
    try:
        pick(10, {1: 0.5}, budget)
        refused = False
    except ValueError:
        refused = True
    assert refused, "Where nothing fits there should be a ValueError."
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · Where the weights stand (3 points)
#
# Write `sizes(mask, bits)`. `mask` is a bool tensor of the shape (rows, columns), True where a weight is left; a value has `bits` bits. The result is a dictionary from four formats to bytes. Each array of a format is packed, and rounded up to whole bytes by itself:
#
# - `"dense"`: all values, zeros included.
# - `"bitmask"`: a bit for each place, and the values that are left.
# - `"csr"`: 2 bytes of column for each value that is left, 4 bytes for each row and 4 more, and the values.
# - `"gaps"`: one array of entries. Row by row, as one long line, an entry holds 4 bits for the number of zeros before a weight, 0 to 15, and its value. If more than 15 zeros stand before a weight, **filler** entries come first: each stands for 15 zeros and a value that is 0, so for 16 places. Zeros after the last weight take nothing.
#
# Write `break_even(bits, index)` too: if each value that is left takes `index` bits more for its place, the share of zeros above which that is less than dense, a `float`.
#
# *Lesson: part 2.*


# %% item="formats" answers=["sizes", "break_even"]
### BEGIN SOLUTION
def sizes(mask, bits):
    rows, columns = mask.shape
    places = mask.flatten().nonzero().flatten()
    kept = len(places)
    zeros = places.diff(prepend=torch.tensor([-1])) - 1
    entries = kept + int((zeros // 16).sum())

    def packed(count, each):
        return (count * each + 7) // 8

    return {
        "dense": packed(rows * columns, bits),
        "bitmask": packed(rows * columns, 1) + packed(kept, bits),
        "csr": 2 * kept + 4 * (rows + 1) + packed(kept, bits),
        "gaps": packed(entries, 4 + bits),
    }


def break_even(bits, index):
    return index / (bits + index)


### END SOLUTION

# %% test="formats" points=1
mask = torch.zeros(6, 50, dtype=torch.bool)
mask[0, 3], mask[2, 40], mask[5, 7] = True, True, True
found = sizes(mask, 5)
assert found["dense"] == 188, (
    f"300 values of 5 bits are 1500 bits, so 188 bytes, not {found['dense']}"
)
assert found["bitmask"] == 40, explain(
    found["bitmask"],
    {
        302: "a place takes a bit in the mask, not a byte",
        39: "mask and values are two arrays, each rounded up by itself",
    },
    f"300 bits are 38 bytes, and three values 2 bytes: 40 in all, not {found['bitmask']}",
)
assert sizes(mask, 4)["bitmask"] == 40, (
    "300 bits of mask and 12 of values are two arrays, each rounded up by itself: "
    f"38 and 2 bytes, not {sizes(mask, 4)['bitmask']}"
)
assert found["csr"] == 36, explain(
    found["csr"],
    {32: "with six rows there are seven row pointers: where does the last row end?"},
    f"three columns take 6 bytes, seven row pointers 28, three values 2: 36 in all, not {found['csr']}",
)
### BEGIN HIDDEN TESTS
torch.manual_seed(15)
for rows, columns, share, bits in (
    (1, 1, 0.5, 8),
    (300, 784, 0.05, 4),
    (10, 100, 0.4, 3),
    (7, 9, 1.1, 32),
    (5, 5, 1.1, 3),
):
    some = torch.rand(rows, columns) < share
    before, found = some.clone(), sizes(some, bits)
    kept = int(some.sum())
    assert torch.equal(some, before), "The mask has changed."
    assert found["dense"] == -(-rows * columns * bits // 8), "dense is off."
    assert found["bitmask"] == -(-rows * columns // 8) - (-kept * bits // 8), "bitmask is off."
    assert found["csr"] == 2 * kept + 4 * rows + 4 - (-kept * bits // 8), "csr is off."
empty = sizes(torch.zeros(4, 6, dtype=torch.bool), 8)
assert (empty["dense"], empty["bitmask"], empty["csr"]) == (24, 3, 20), "No weight is left."
### END HIDDEN TESTS

# %% test="formats" points=1
found = sizes(mask, 4)["gaps"]
assert found == 18, explain(
    found,
    {
        3: "136 zeros do not fit into 4 bits: what stands for more than 15?",
        5: "the line goes on from row to row: 136 zeros stand before the second weight, not 40",
        19: "a filler stands for 16 places: 15 zeros, and its own value that is 0",
        20: "zeros after the last weight take nothing",
    },
    f"3, 136 and 116 zeros stand before the weights: 3 entries, and 8 and 7 fillers, of a byte each: 18, not {found}",
)
edge = torch.zeros(1, 40, dtype=torch.bool)
edge[0, 15], edge[0, 32] = True, True
assert sizes(edge, 4)["gaps"] == 3, (
    f"15 zeros fit into an entry, 16 need one filler: 3 entries, not {sizes(edge, 4)['gaps']}"
)
### BEGIN HIDDEN TESTS


def entries_of(mask):
    """One place after the other."""
    entries = zeros = 0
    for kept in mask.flatten().tolist():
        if kept:
            while zeros > 15:
                entries, zeros = entries + 1, zeros - 16
            entries, zeros = entries + 1, 0
        else:
            zeros += 1
    return entries


for rows, columns, share, bits in (
    (1, 200, 0.02, 4),
    (30, 61, 0.01, 3),
    (40, 50, 0.1, 5),
    (9, 9, 1.1, 12),
    (300, 70, 0.002, 4),
):
    some = torch.rand(rows, columns) < share
    wanted = -(-entries_of(some) * (4 + bits) // 8)
    assert sizes(some, bits)["gaps"] == wanted, (
        "gaps is off. Fillers, ends of rows, zeros after the last weight, entries that are no bytes?"
    )
    across = some.T.contiguous().T
    assert sizes(across, bits)["gaps"] == wanted, (
        "gaps is off where a mask lies in memory by columns."
    )
assert sizes(torch.zeros(5, 100, dtype=torch.bool), 4)["gaps"] == 0, "No weight is left: no entry."
### END HIDDEN TESTS

# %% test="formats" points=1
found = break_even(8, 16)
assert isinstance(found, float), f"expected a float, but got {type(found).__name__}"
assert math.isclose(found, 2 / 3, rel_tol=1e-6), explain(
    round(found, 6),
    {
        0.333333: "is this the share of weights that are left? Asked for is the share of zeros",
        0.5: "a value that is left takes its own bits, too: 24 in all",
        2.0: "a share is at most 1: how many bits does a value that is left take in all?",
    },
    f"24 bits for a value that is left against 8 for each place: a third may be left, so 0.667, not {found:.3f}",
)
### BEGIN HIDDEN TESTS
for bits, index in ((32, 32), (4, 4), (5, 16), (1, 8), (32, 4), (3, 0)):
    found = break_even(bits, index)
    assert math.isclose(found, 1 - bits / (bits + index), rel_tol=1e-9, abs_tol=1e-12), (
        "A break-even is off. Fewer bits than the place takes, more, or none for the place?"
    )
### END HIDDEN TESTS

# %% [markdown]
# ## 4 · A file for every machine (3 points)
#
# The two functions below work for the colleague who wrote them. On another machine, and sometimes in the next session on the same one, what was written is not what is read.
#
# ```python
# def write(layers):
#     parts = [bytes([len(layers)])]
#     for name in set(layers):
#         levels, indexes = layers[name]
#         parts += [bytes([len(name)]), name.encode()]
#         parts += [np.array(indexes.shape).tobytes(), bytes([len(levels) - 1])]
#         parts += [levels.tobytes(), indexes.astype(np.uint8).tobytes()]
#     return b"".join(parts)
#
#
# def read(data):
#     layers, at = {}, 1
#     for name in {"conv", "fc1", "fc2"}:
#         at += 1 + len(name)
#         rows, columns = np.frombuffer(data, int, 2, at)
#         count = data[at + 16] + 1
#         levels = np.frombuffer(data, float, count, at + 17)
#         ...
# ```
#
# Write both so that the bytes say it all, and say the same everywhere:
#
# - one byte: how many layers. Then each layer, in the order of the dictionary.
# - one byte: how many **bytes** the name has in UTF-8; the name.
# - rows and columns, each as an unsigned integer of 2 bytes; one byte: the number of levels less one (1 to 256 levels).
# - the levels as float32; then the indexes, one byte each, row by row.
# - Whatever has several bytes is **little-endian**: the byte that counts least comes first.
#
# `layers` is a dictionary: name → (levels, indexes), NumPy arrays of any number type, byte order and layout in memory. `read` returns such a dictionary with levels as float32 (levels,) and indexes as uint8 (rows, columns), in the byte order of the machine that runs it. A file that is cut off, has bytes left over, or has an index without a level is damaged: `ValueError`, whatever it claims.
#
# *Lesson: part 5.*


# %% item="mend" answers=["write", "read"]
### BEGIN SOLUTION
def write(layers):
    parts = [bytes([len(layers)])]
    for name, (levels, indexes) in layers.items():
        called = name.encode()
        parts += [bytes([len(called)]), called]
        parts.append(struct.pack("<HHB", *indexes.shape, len(levels) - 1))
        parts += [levels.astype("<f4").tobytes(), indexes.astype("u1").tobytes()]
    return b"".join(parts)


def read(data):
    at = 0

    def take(count):
        nonlocal at
        found = data[at : at + count]
        at += count
        if len(found) < count:
            raise ValueError("the file is cut off")
        return found

    layers = {}
    for _ in range(take(1)[0]):
        name = take(take(1)[0]).decode()
        rows, columns, last = struct.unpack("<HHB", take(5))
        levels = np.frombuffer(take(4 * (last + 1)), "<f4").astype(np.float32)
        indexes = np.frombuffer(take(rows * columns), np.uint8).reshape(rows, columns)
        if (indexes > last).any():
            raise ValueError("an index has no level")
        layers[name] = levels, indexes
    if at < len(data):
        raise ValueError("bytes are left over")
    return layers


### END SOLUTION

# %% test="mend" points=1
### BEGIN HIDDEN TESTS


def wanted_file(layers):
    """Number by number."""
    made = [len(layers).to_bytes(1, "little")]
    for name, (levels, indexes) in layers.items():
        called = name.encode("utf-8")
        made += [len(called).to_bytes(1, "little"), called]
        made += [size.to_bytes(2, "little") for size in indexes.shape]
        made += [(len(levels) - 1).to_bytes(1, "little")]
        made += [struct.pack("<f", float(value)) for value in levels]
        made += [int(index).to_bytes(1, "little") for row in indexes for index in row]
    return b"".join(made)


rng = np.random.default_rng(15)


def some_layers(order):
    """Layers with all that may come."""
    drawn = {}
    for number, (rows, columns, count) in enumerate(
        ((3, 700, 256), (300, 2, 7), (1, 1, 1), (4, 0, 2))
    ):
        levels = rng.normal(size=count).astype(f"{order}f{(8, 4, 2, 4)[number]}")
        indexes = (
            rng.integers(0, count, (columns, rows)).astype(f"{order}i{(2, 4, 8, 4)[number]}").T
        )
        drawn[("größe", "b", "a", "")[number]] = levels, indexes
    return drawn


### END HIDDEN TESTS
small = {
    "fc2": (np.array([-0.5, 0.0, 2.0]), np.array([[0, 1], [2, 1], [1, 1]])),
    "fc1": (np.array([1.0], dtype=">f4"), np.zeros((1, 3), dtype=">i8")),
}
wanted = bytes.fromhex(
    "02" "03666332" "03000200" "02" "000000bf" "00000000" "00000040" "000102010101"
    "03666331" "01000300" "00" "0000803f" "000000"
)  # fmt: skip
found = write(small)
assert isinstance(found, bytes), f"expected bytes, but got {type(found).__name__}"
assert len(found) == len(wanted), explain(
    len(found),
    {
        68: "rows and columns take 2 bytes each, not 8",
        56: "levels are float32, whatever they came as",
        80: "rows and columns take 2 bytes each, and levels are float32, whatever they came as",
    },
    f"expected {len(wanted)} bytes for this file, not {len(found)}",
)
assert found[1:5] == wanted[1:5], "fc2 stands first in the dictionary, so it does in the file"
assert found == wanted, (
    "the right number of bytes, but not these: is each number little-endian, also where the array is not?"
)
### BEGIN HIDDEN TESTS
for order in "<>":
    some = some_layers(order)
    before = {name: (one.copy(), other.copy()) for name, (one, other) in some.items()}
    assert write(some) == wanted_file(some), (
        "A file is off. Names that are not ASCII, arrays in another byte order or layout, 256 levels?"
    )
    assert all(
        np.array_equal(some[name][0], one) and np.array_equal(some[name][1], other)
        for name, (one, other) in before.items()
    ), "The layers have changed."
assert write({}) == b"\0", "Without layers there is one byte."
### END HIDDEN TESTS

# %% test="mend" points=1
back = read(wanted)  # a file that was written on another machine
assert list(back) == ["fc2", "fc1"], f"the layers are fc2 and fc1, in this order, not {list(back)}"
levels, indexes = back["fc2"]
assert np.array_equal(levels, [-0.5, 0.0, 2.0]), (
    f"the levels of fc2 are -0.5, 0 and 2, not {levels}"
)
assert levels.dtype == np.float32, f"levels should be float32, not {levels.dtype}"
assert indexes.shape == (3, 2) and np.array_equal(indexes, [[0, 1], [2, 1], [1, 1]]), (
    f"the indexes of fc2 are [[0, 1], [2, 1], [1, 1]], not {np.asarray(indexes).tolist()}"
)
### BEGIN HIDDEN TESTS
for order in "<>":
    some = some_layers(order)
    back = read(wanted_file(some))
    assert list(back) == list(some), "Names come back otherwise. Other names, in another order?"
    for name, (levels, indexes) in some.items():
        assert back[name][0].dtype == np.float32 and back[name][1].dtype == np.uint8, (
            "Levels are no float32, or indexes no uint8, of this machine's byte order."
        )
        assert np.array_equal(back[name][0], levels.astype(np.float32)), "Levels are off."
        assert np.array_equal(back[name][1], indexes), "Indexes are off. Rows and columns?"
assert read(b"\0") == {}, "A file without layers."
### END HIDDEN TESTS

# %% test="mend" points=1


def refuses(data):
    try:
        read(data)
    except ValueError:
        return True
    except Exception:
        return False  # another error is no answer
    return False


assert refuses(wanted[:-1]), "the last byte is missing: that should raise a ValueError"
assert refuses(wanted + b"\0"), "a byte is left over: that should raise a ValueError"
assert refuses(wanted[:22] + b"\3" + wanted[23:]), (
    "an index is 3, and there are the levels 0 to 2: that should raise a ValueError"
)
### BEGIN HIDDEN TESTS
assert all(refuses(wanted[:count]) for count in range(len(wanted))), (
    "A file that is cut off is read, or ends in another error than a ValueError."
)
huge = bytes.fromhex("010161ffffffffff") + bytes(1024)
assert refuses(huge), (
    "A file that claims four billion indexes and has none is read, or ends in another error than a ValueError."
)
assert refuses(b""), "An empty file is read, or ends in another error than a ValueError."
assert not refuses(wanted), "A file that is whole is refused."
### END HIDDEN TESTS

# %% [markdown]
# ## 5 · What do these files hold? (2 points)
#
# The picture shows 4,096 bytes from the middle of each of four files, 64 in a row; black is 0, white is 255. All four hold the same pruned layer. One has the weights that are left as **float32**, one has a **code** of 8 bits for each place, zeros included, one has the **gaps** between the weights that are left, a byte each, and one was compressed by LZMA (**lzma**).
#
# Write `entropy(data)`: the entropy of the bytes of `data`, in bits per byte, as a `float`; 0 without bytes. Then leave in `holds` which file is which: a dictionary from each letter to `"float32"`, `"codes"`, `"gaps"` or `"lzma"`.
#
# *Lesson: parts 5 and 6.*

# %% given=true of="files"
FILES = four_files()
figure, axes = plt.subplots(1, 4, figsize=(12, 3.4))
for axis, (letter, content) in zip(axes, FILES.items(), strict=True):
    axis.imshow(np.frombuffer(content, np.uint8).reshape(64, 64), cmap="gray", vmin=0, vmax=255)
    axis.set(title=f"File {letter}", xticks=[], yticks=[])
plt.show()


# %% item="files" answers=["entropy", "holds"]
### BEGIN SOLUTION
def entropy(data):
    counts = np.bincount(np.frombuffer(data, np.uint8))
    shares = counts[counts > 0] / max(1, len(data))
    return float((shares * np.log2(1 / shares)).sum())


holds = {"A": "lzma", "B": "gaps", "C": "codes", "D": "float32"}
### END SOLUTION

# %% test="files" points=1
found = entropy(b"aaab")
assert math.isclose(found, 0.8113, abs_tol=1e-4), explain(
    round(found, 4),
    {
        3.2451: "this is for all bytes together: how much is it per byte?",
        0.5623: "this is in nats: which logarithm gives bits?",
        -0.8113: "log2(p) is below 0: mind the sign",
    },
    f"expected 0.811 for aaab, not {found:.3f}",
)
assert math.isclose(entropy(b"aabb"), 1, abs_tol=1e-9), (
    f"two values that are equally frequent: 1 bit per byte, not {entropy(b'aabb')}"
)
assert entropy(b"") == 0, "without bytes it is 0"
### BEGIN HIDDEN TESTS
for count in (1, 2, 256, 5000):
    some = bytes((np.random.default_rng(count).zipf(1.2, count) % 256).tolist())
    shares = np.bincount(np.frombuffer(some, np.uint8), minlength=256) / count
    wanted = -sum(share * math.log2(share) for share in shares if share)
    assert math.isclose(entropy(some), wanted, rel_tol=1e-9, abs_tol=1e-12), "An entropy is off."
assert math.isclose(entropy(bytes(range(256)) * 3), 8, rel_tol=1e-12), "All bytes alike: 8 bits."
### END HIDDEN TESTS

# %% test="files" points=1
kinds = ("float32", "codes", "gaps", "lzma")
assert set(holds) == set("ABCD") and sorted(holds.values()) == sorted(kinds), (
    f"`holds` should name each of {', '.join(kinds)} once, for A, B, C and D"
)
nothing = [letter for letter in "ABCD" if FILES[letter].count(0) > 3000]
assert [holds[letter] for letter in nothing] == ["codes"], (
    "one file is nearly all zeros: which of the four has a byte for each place?"
)
### BEGIN HIDDEN TESTS
by_kind = {kind: letter for letter, kind in holds.items()}
assert len(set(FILES[by_kind["float32"]][3::4])) < 20 < len(set(FILES[by_kind["float32"]][::4])), (
    "float32 has its exponent in every fourth byte, which takes few values: which picture has stripes?"
)
noise = np.frombuffer(FILES[by_kind["lzma"]], np.uint8)
shares = np.bincount(noise) / len(noise)
assert -sum(share * math.log2(share) for share in shares if share) > 7.9, (
    "What is compressed looks like noise in which all 256 bytes are alike: which entropy is near 8?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 6 · Which one is released? (2 points)
#
# Two networks answer the same `images`. `lost` are the images that only the dense network gets right, `won` those that only the small one does. Write `worst_loss(lost, won, images)`: the upper end of the 95% interval for how much accuracy is lost, $d + 1.96\,s$ with
#
# $$d = \frac{\mathtt{lost} - \mathtt{won}}{n},\qquad s = \frac{1}{n}\sqrt{\mathtt{lost} + \mathtt{won} - \frac{(\mathtt{lost} - \mathtt{won})^2}{n}}$$
#
# and $n$ for `images`. A `float`, as a share between −1 and 1 (a little more at the ends).
#
# `PLANS` has, for each way to squeeze the network: the bytes of its file, the bytes of its decoder's source, `lost` and `won` on 2,000 images. Leave in `chosen` the name of the plan with the fewest bytes in all among those of which it is shown that they lose at most 0.01.
#
# *Lesson: parts 5 and 7.*

# %% given=true of="plans"
PLANS = {
    "pruned, 5 bits, gaps": (26_400, 900, 21, 15),
    "pruned, shared, Huffman": (18_900, 1_100, 30, 26),
    "pruned, shared, mixed contexts": (12_700, 4_300, 17, 12),
    "pruned hard, LZMA": (14_100, 450, 78, 69),
    "a table in the decoder": (2_100, 17_600, 20, 18),
    "ternary": (9_800, 700, 160, 92),
}


# %% item="plans" answers=["worst_loss", "chosen"]
### BEGIN SOLUTION
def worst_loss(lost, won, images):
    difference = lost - won
    spread = math.sqrt(lost + won - difference**2 / images) / images
    return difference / images + 1.96 * spread


shown = {
    name: size + source
    for name, (size, source, lost, won) in PLANS.items()
    if worst_loss(lost, won, 2000) <= 0.01
}
chosen = min(shown, key=shown.get)
### END SOLUTION

# %% test="plans" points=1
found = worst_loss(30, 20, 1000)
assert isinstance(found, float), f"expected a float, but got {type(found).__name__}"
assert math.isclose(found, 0.02384, abs_tol=1e-4), explain(
    round(found, 4),
    {
        0.01: "this is what was lost on these images: how much may it be on others?",
        -0.0038: "this is the lower end of the interval",
        0.0038: "which of the two is the loss, `lost` or `won`?",
        0.0171: "1.96 times s, not s: the interval is to hold in 95 % of cases",
    },
    f"10 images of 1000 net, give or take 13.8: expected 0.0238, not {found:.4f}",
)
### BEGIN HIDDEN TESTS
for lost, won, images in ((0, 0, 500), (5, 0, 100), (0, 7, 100), (400, 390, 2000), (1, 1, 10**6)):
    d = (lost - won) / images
    wanted = d + 1.96 * math.sqrt((lost + won) / images - d * d) / math.sqrt(images)
    assert math.isclose(worst_loss(lost, won, images), wanted, rel_tol=1e-9, abs_tol=1e-12), (
        "An interval is off. No image that differs, all in one direction, many that go both ways?"
    )
### END HIDDEN TESTS

# %% test="plans" points=1
assert chosen in PLANS, "`chosen` is the name of one of the plans"
assert chosen != "ternary", "ternary loses 3.4 points on these images: more than 0.01"
assert chosen != "a table in the decoder", (
    "its decoder has 17,600 bytes: who sends the file sends those, too"
)
### BEGIN HIDDEN TESTS
assert chosen != "pruned hard, LZMA", (
    "It loses little on these images. Do they show that it loses at most 0.01?"
)
assert chosen == "pruned, shared, mixed contexts", (
    "Another plan takes fewer bytes in all. What is shown of each, and what do file and decoder take together?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 7 · The capstone: your file (6 points)
#
# `dense` is LeNet-300-100, trained: 266,610 numbers, 1,066,440 bytes as float32. Leave two things:
#
# - `file`: `bytes`, your squeezed network, made in any way you like.
# - `DECODER`: the source of your decoder, as text (`DECODER = r'''…'''`; the r keeps each backslash). It defines `decode(data)`, which takes the file's bytes and returns a plain `dict` with the six tensors (or NumPy arrays) of the network: `"1.weight"` (300, 784), `"1.bias"` (300,), `"3.weight"` (100, 300), `"3.bias"`, `"5.weight"` (10, 100), `"5.bias"`.
#
# The decoder runs **by itself**: in a process that has its source and the file and nothing else of yours, no variable, no file, no network. It may import Python's own modules, NumPy and PyTorch, but not `coursekit`, and has 10 seconds (an import of PyTorch not counted) and 1 GiB of memory. Nobody sees what it prints. To find an error in it, run it in the notebook: with `space = {}; exec(DECODER, space); space["decode"](file)` Python names the line.
#
# **Bytes** are those of the file and of the decoder together: `len(file) + source_bytes(DECODER)`. The source counts as zlib makes it, so comments and long names cost little. Weights in the source would cost as much as in the file.
#
# **Accuracy** is measured on 4,000 images that nobody has seen. `examined(file, DECODER)` gives you your bytes, and your accuracy on `TEST`, 2,000 others. As these are others, a test here passes up to 0.01 below what is asked for: stay above, with some room. Don't train on `TEST`, or you will not know how good you are.
#
# | at most | accuracy at least 0.80 | at least 0.83 |
# |---|---|---|
# | 60,000 bytes | 1 point | 1 point more |
# | 30,000 bytes | 1 point | 1 point more |
# | 18,000 bytes | 1 point | 1 point more |
#
# `sparse_network(share)` prunes and trains in a few seconds; use it, or write a better one. (Its teacher is its former self, which needs no label. On these images labels would do as well: lesson 14, part 5.) A cell may take 30 seconds when it is graded. What takes longer, run at home: write the file to `entry.bin`, hand it in beside the notebook, and read it with `open("entry.bin", "rb").read()`. The leaderboard has the fewest bytes at 0.83 first. Forty times smaller than `dense`, as in the paper, are 26,661 bytes.
#
# **The last tier has no points: does your file fit into a square?** A QR code holds 2,953 bytes. `make square FILE=entry.bin` prints your file as one, or tells you how many bytes are too many. The page `reader.html`, which `make site` makes, takes the square or the file itself, if `coursekit.lesson_15.squeeze.container.write` wrote it; train on handwriting if you want it to read yours.
#
# *Lesson: parts 2 to 6.*

# %% given=true of="file"
set_seed(0)
TRAIN = load_fashion_mnist().train.tensors()
TEST = load_fashion_mnist().test.tensors()
dense = lenet()
dense.load_state_dict(
    {name: torch.from_numpy(a).float() for name, a in load_arrays("capstone_lenet.npz").items()}
)


def sparse_network(share, epochs=4):
    """A copy of `dense` in which `share` of all weights are 0: pruned by magnitude along a cubic climb
    (lesson 09) while it is trained, with `dense` as its teacher (lesson 14). A few seconds an epoch.
    """
    model, order = copy.deepcopy(dense), torch.Generator().manual_seed(0)
    layers = [model[1], model[3], model[5]]
    with torch.no_grad():
        taught = (dense(TRAIN[0]) / 2).softmax(1)
    batches = [b for _ in range(epochs) for b in torch.randperm(10_000, generator=order).split(64)]
    optimizer = torch.optim.Adam(model.parameters())
    for step, batch in enumerate(batches):
        done = step / len(batches)
        if step % 10 == 0 and done < 0.55:
            now = share * (1 - max(0, 1 - 2 * done) ** 3)
            sizes = torch.cat([layer.weight.detach().abs().flatten() for layer in layers])
            limit = sizes.kthvalue(max(1, round(now * len(sizes)))).values
            masks = [layer.weight.detach().abs() > limit for layer in layers]
        optimizer.param_groups[0]["lr"] = 3e-3 * (1 - done)
        logits = model(TRAIN[0][batch])
        soft = F.kl_div((logits / 2).log_softmax(1), taught[batch], reduction="batchmean")
        loss = 0.3 * F.cross_entropy(logits, TRAIN[1][batch]) + 0.7 * 4 * soft
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        for layer, mask in zip(layers, masks, strict=True):
            layer.weight.data *= mask
    return model


# %% given=true of="file"
def accuracy(tensors, images, labels):
    """The share of images, (n, 1, 28, 28), that LeNet-300-100 with these tensors gets right."""
    model = lenet()
    for name, value in model.state_dict().items():
        found = tensors.get(name)
        if found is None or found.shape != value.shape:
            shape = "it is missing" if found is None else f"it has {tuple(found.shape)}"
            raise DecoderError(f"`{name}` should have the shape {tuple(value.shape)}: {shape}.")
    model.load_state_dict({name: tensors[name].float() for name in model.state_dict()})
    return evaluate(model, images, labels)[1]


def examined(file, source):
    """All bytes, and the accuracy on `TEST` after the decoder has run by itself."""
    if not isinstance(file, bytes):
        raise DecoderError(f"`file` should be bytes, not {type(file).__name__}.")
    return len(file) + source_bytes(source), accuracy(decode_alone(source, file), *TEST)


def too_large(file, source, most):
    """What a test says of too many bytes."""
    parts = f"the file has {len(file):,} bytes and the decoder {source_bytes(source):,}"
    return f"{parts}: {len(file) + source_bytes(source):,} together, more than {most:,}"


def too_low(right, least):
    """What a test says of too low an accuracy on `TEST`."""
    if right < 0.2:
        return f"an accuracy of {right:.4f} on TEST is hardly better than guessing: does each weight come back in its row and column, with its sign and its scale?"
    return f"an accuracy of {right:.4f} on TEST: too far below {least:.2f}"


# %% item="file" answers=["file", "DECODER"]
### BEGIN SOLUTION
DECODER = '''
import lzma

import numpy as np

SHAPES = {"1": (300, 784), "3": (100, 300), "5": (10, 100)}


def decode(data):
    """Of each layer the step (float32), a code for each weight (int8), the biases (float16)."""
    data, at, tensors = lzma.decompress(data), 0, {}

    def take(kind, count):
        nonlocal at
        found = np.frombuffer(data, kind, count, at)
        at += found.nbytes
        return found.astype("f4")

    for name, (rows, columns) in SHAPES.items():
        step = take("<f4", 1)
        tensors[name + ".weight"] = take("i1", rows * columns).reshape(rows, columns) * step
        tensors[name + ".bias"] = take("<f2", rows)
    return tensors
'''

import lzma

parts = []
for layer in sparse_network(0.94)[1::2]:
    weight = layer.weight.detach().numpy()
    step = np.abs(weight[weight != 0]).mean() / 2
    codes = np.clip(np.round(weight / step), -127, 127)
    parts += [step.astype("<f4"), codes.astype("i1"), layer.bias.detach().numpy().astype("<f2")]
file = lzma.compress(b"".join(part.tobytes() for part in parts), format=lzma.FORMAT_ALONE)
### END SOLUTION

# %% test="file" points=1
### BEGIN HIDDEN TESTS
from functools import cache


@cache
def unseen(file, source):
    """The accuracy on each half of the images that nobody has seen.

    It is that of the file which a test has before it: a learner may bind another one in between.
    """
    with np.load("held_out.npz") as held:
        halves = {
            half: (
                torch.from_numpy(held[f"{half}_images"])[:, None].float() / 255,
                torch.from_numpy(held[f"{half}_labels"]).long(),
            )
            for half in ("first", "second")
        }
    tensors = decode_alone(source, file)
    return {half: accuracy(tensors, *images) for half, images in halves.items()}


### END HIDDEN TESTS
total, right = examined(file, DECODER)
assert total <= 60_000, too_large(file, DECODER, 60_000)
assert right >= 0.79, too_low(right, 0.80)
### BEGIN HIDDEN TESTS
figures(bytes=total, file=len(file), visible=right, **unseen(file, DECODER))
assert unseen(file, DECODER)["first"] >= 0.80, (
    "On images that nobody has seen the accuracy is below 0.80."
)
### END HIDDEN TESTS

# %% test="file" points=1
total, right = examined(file, DECODER)
assert total <= 60_000, too_large(file, DECODER, 60_000)
assert right >= 0.82, too_low(right, 0.83)
### BEGIN HIDDEN TESTS
assert unseen(file, DECODER)["first"] >= 0.83, (
    "On images that nobody has seen the accuracy is below 0.83."
)
### END HIDDEN TESTS

# %% test="file" points=1
total, right = examined(file, DECODER)
assert total <= 30_000, too_large(file, DECODER, 30_000)
assert right >= 0.79, too_low(right, 0.80)
### BEGIN HIDDEN TESTS
assert unseen(file, DECODER)["first"] >= 0.80, (
    "On images that nobody has seen the accuracy is below 0.80."
)
### END HIDDEN TESTS

# %% test="file" points=1
total, right = examined(file, DECODER)
assert total <= 30_000, too_large(file, DECODER, 30_000)
assert right >= 0.82, too_low(right, 0.83)
### BEGIN HIDDEN TESTS
assert unseen(file, DECODER)["first"] >= 0.83, (
    "On images that nobody has seen the accuracy is below 0.83."
)
### END HIDDEN TESTS

# %% test="file" points=1
total, right = examined(file, DECODER)
assert total <= 18_000, too_large(file, DECODER, 18_000)
assert right >= 0.79, too_low(right, 0.80)
### BEGIN HIDDEN TESTS
assert unseen(file, DECODER)["first"] >= 0.80, (
    "On images that nobody has seen the accuracy is below 0.80."
)
### END HIDDEN TESTS

# %% test="file" points=1
total, right = examined(file, DECODER)
assert total <= 18_000, too_large(file, DECODER, 18_000)
assert right >= 0.82, too_low(right, 0.83)
### BEGIN HIDDEN TESTS
assert unseen(file, DECODER)["first"] >= 0.83, (
    "On images that nobody has seen the accuracy is below 0.83."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 8 · “340 times” (3 points, graded by your teacher)
#
# A colleague writes: *“My LeNet is 340 times smaller and loses nothing. I keep 2% of the weights, and `lzma.compress` of their codes gives 3,140 bytes; 1,066,440 divided by 3,140 is 340. The positions are a NumPy array in my package, which everybody installs who wants to decode, and biases and codebooks I left out of the count, as they are small. Accuracy: 0.861 for the pruned network in memory, before I wrote the file. I tried 60 settings and kept the one that was best on the test images. My baseline is the network after 5 epochs, 0.858; the small one had 40 epochs more.”*
#
# Answer in six to ten sentences, so that a reader knows what of “340 times” and “loses nothing” is left: which bytes are missing, what was measured and what was not, and how to say it honestly.
#
# *Lesson: parts 5 to 7.*

# %% [markdown] item="claim" manual=true points=3
# ### BEGIN SOLUTION
# **Bytes.** The positions of 2% of the weights are the larger part of such a file: a decoder needs them, in a package or not. At 5,300 weights of 266,200 the entropy of “zero or not” at random places is 0.141 bits per weight, 4,700 bytes; part 7 needs less, because the places are not random. Biases, scales, shapes and the decoder belong to it, too: 410 biases in float16 are 820 bytes. With 8.7 kB or more it is about 120 times.
#
# **What was measured.** The accuracy is that of a network in memory, not of the file. He should decode the bytes in a fresh process, on another machine, and measure what comes out.
#
# **Which images.** The best of 60 settings on the test images is chosen by chance, too: settings are chosen on validation images, and the test images used once. With 2,000 images a difference of 0.003 is within what chance does.
#
# **Which baseline.** The small network had 45 epochs, the dense one 5. A dense control gets equal epochs and a rate of its own; only against that one can say what is lost.
#
# Rubric, 1 point each:
#
# 1. Positions **and** something else of biases, scales, header or decoder belong to the bytes, with a corrected factor or how to get it. One of the two: half a point.
# 2. Accuracy of the decoded file, **and** settings chosen on other images than the test images. One of the two: half a point.
# 3. A dense control with equal epochs, **and** an honest sentence (factor, accuracy with its spread, what is counted). One of the two: half a point.
# ### END SOLUTION

# %% [markdown]
# ## 9 · Byte golf: ask the coder (2 points)
#
# The last round, with everything you've learned. The network has one layer, 784→10, and reads digits. `golf.least_squares` finds it from 1,000 images without training, and in float32 it takes 31,400 bytes.
#
# Write `squeeze(images, labels)`. It gets 1,000 images, float32 (1000, 784) in 0–1, and their labels. It returns the `bytes` of a file, made by `golf.pack(q, step, bias)`: a weight is `q * step` with whole numbers `q`, and each digit has a bias. `golf.lost(file, train, validation)` says how many right answers fewer the file has than the dense network.
#
# - At most 160 bytes, and at most 12 right answers fewer on the validation images: 1 point.
# - At most 130 bytes, and no more lost: 1 point more.
#
# It works for other 1,000 images too, also where they show other shapes than digits, so write no numbers that you found on these. To choose something, hold out some of the given images. It may take a few seconds.
#
# `pack` uses the coder of part 6, which looks at rows, columns and neighbours. So ask it for its prices: pack, change one number, and pack again. Not every weight costs the same.
#
# *Ours: 84 bytes. That took half a minute of trial and error, judged by the coder’s own count of bits. Going below it gives no points, but you may boast.*
#
# *Lesson: part 6.*

# %% given=true of="golf"
from coursekit.exercises import golf

golf_train, golf_validation = golf.draw()
digits, classes = golf.flat(golf_train)
# On a layer this small, threads that wait for each other cost more than they bring.
torch.set_num_threads(1)


# %% item="golf" answers=["squeeze"]
### BEGIN SOLUTION
def squeeze(images, labels):
    """Buys one level after the other: always the one that is worth most beyond its price in bits."""
    step, worth = 0.6, 5.5
    images, wanted = step * images, F.one_hot(labels, 10).float()
    q = torch.zeros(10, 784)
    while True:
        chance = (images @ q.T).softmax(1)
        slope = (wanted - chance).T @ images
        curve = (chance - chance.square()).T @ images.square() / 2
        # In a pixel that another digit reads already, a weight is cheap.
        profit = worth * (slope.abs() - curve) - torch.where(q.any(0), 4, 14)
        best = profit.argmax()
        if profit.max() < 0:
            break
        q.view(-1)[best] += slope.flatten()[best].sign()
    # Biases would cost more than they are worth.
    return golf.pack(q.int(), step, torch.zeros(10))


### END SOLUTION


# %% test="golf" points=1
small_file = squeeze(digits.clone(), classes.clone())
assert isinstance(small_file, bytes), (
    f"expected the bytes of a file, as golf.pack returns them, not {type(small_file).__name__}"
)
assert len(small_file) <= 160, (
    f"{len(small_file):,} bytes; at most 160 are asked for. Zeros, few levels, training: have you used all three? "
    "And what do ten biases cost?"
)
missing = golf.lost(small_file, golf_train, golf_validation)
assert missing <= golf.MOST_LOST, (
    f"{missing} right answers fewer than the dense network on the validation images; at most {golf.MOST_LOST} may be lost. "
    "On which images did you choose how much goes?"
)
golf.note(small_file)
### BEGIN HIDDEN TESTS
assert golf.lost(small_file, golf_train, golf.unseen()) <= 20, (
    "On images that nobody has seen, too many answers are lost. On which did you choose?"
)
# Other images: five of the digits are shapes that nobody has seen, and all have other names.
others, theirs = golf.draw(7, shapes=31607)
others_file = squeeze(*golf.flat(others))
assert len(others_file) <= min(176, 1.2 * len(small_file)), (
    "From 1,000 other images the file gets too large."
)
assert golf.lost(others_file, others, theirs) <= golf.MOST_LOST + 6, (
    "Made from 1,000 other images, of other shapes, the network loses too much. Does `squeeze` use its arguments, and nothing else?"
)
### END HIDDEN TESTS

# %% test="golf" points=1
small_file = squeeze(digits.clone(), classes.clone())
assert isinstance(small_file, bytes), (
    f"expected the bytes of a file, as golf.pack returns them, not {type(small_file).__name__}"
)
assert len(small_file) <= 130, (
    f"{len(small_file):,} bytes; at most 130 are asked for. What does the coder charge for a weight in a pixel "
    "that no other digit reads?"
)
missing = golf.lost(small_file, golf_train, golf_validation)
assert missing <= golf.MOST_LOST, (
    f"{missing} right answers fewer than the dense network on the validation images; at most {golf.MOST_LOST} may be lost. "
    "On which images did you choose how much goes?"
)
golf.note(small_file)
### BEGIN HIDDEN TESTS
assert golf.lost(small_file, golf_train, golf.unseen()) <= 20, (
    "On images that nobody has seen, too many answers are lost. On which did you choose?"
)
# Other images: five of the digits are shapes that nobody has seen, and all have other names.
others, theirs = golf.draw(7, shapes=31607)
others_file = squeeze(*golf.flat(others))
assert len(others_file) <= min(143, 1.2 * len(small_file)), (
    "From 1,000 other images the file gets too large."
)
assert golf.lost(others_file, others, theirs) <= golf.MOST_LOST + 6, (
    "Made from 1,000 other images, of other shapes, the network loses too much. Does `squeeze` use its arguments, and nothing else?"
)
### END HIDDEN TESTS
