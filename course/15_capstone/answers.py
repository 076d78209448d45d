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
# # 15 · Capstone: answers that people give


# %% item="huffman" right="with a tree of tuples, walked with a stack"
def code_lengths(counts):
    nodes = [
        (count, number, symbol)
        for number, (symbol, count) in enumerate(counts.items())
        if count > 0
    ]
    if not nodes:
        return {}
    if len(nodes) == 1:
        return {nodes[0][2]: 1}
    left, right, number = {}, {}, len(counts)
    heapq.heapify(nodes)
    while len(nodes) > 1:
        one, other = heapq.heappop(nodes), heapq.heappop(nodes)
        left[number], right[number] = one, other
        heapq.heappush(nodes, (one[0] + other[0], number, None))
        number += 1
    lengths, waiting = {}, [(nodes[0], 0)]
    while waiting:
        (_, name, symbol), depth = waiting.pop()
        if name in left:
            waiting += [(left[name], depth + 1), (right[name], depth + 1)]
        else:
            lengths[symbol] = depth
    return lengths


def bounds(counts):
    occurring = np.array([n for n in counts.values() if n > 0], dtype=np.float64)
    shares = occurring / occurring.sum()
    lengths = code_lengths(counts)
    entropy = float(-(shares * np.log2(shares)).sum()) + 0.0
    bits = sum(counts[symbol] * length for symbol, length in lengths.items())
    return entropy, bits / sum(counts.values())


# %% item="huffman" right="two queues over sorted counts"
from collections import deque


def code_lengths(counts):
    occurring = sorted((s for s in counts if counts[s]), key=counts.get)
    if len(occurring) < 2:
        return dict.fromkeys(occurring, 1)
    leaves = deque((counts[s], [i]) for i, s in enumerate(occurring))
    joined, depth = deque(), [0] * len(occurring)

    def smallest():
        if not joined or (leaves and leaves[0][0] <= joined[0][0]):
            return leaves.popleft()
        return joined.popleft()

    while len(leaves) + len(joined) > 1:
        (a, some), (b, others) = smallest(), smallest()
        for i in some + others:
            depth[i] += 1
        joined.append((a + b, some + others))
    return dict(zip(occurring, depth, strict=True))


def bounds(counts):
    total = sum(counts.values())
    lengths = code_lengths(counts)
    entropy = sum(n / total * (math.log2(total) - math.log2(n)) for n in counts.values() if n)
    return entropy, sum(counts[s] * bits for s, bits in lengths.items()) / total


# %% item="huffman" right="both bounds in a list" like="reference"
# -     return entropy, sum(share * lengths[symbol] for symbol, share in shares.items())
# +     return [entropy, sum(share * lengths[symbol] for symbol, share in shares.items())]


# %% item="huffman" wrong="lengths of NumPy's" like="reference" keeps=2 hint="should be an int, not int64"
# -     lengths = {symbol: 0 for symbol, count in counts.items() if count}
# +     lengths = {symbol: np.int64(0) for symbol, count in counts.items() if count}


# %% item="huffman" wrong="log2(1/p), rounded up" keeps=0 hint="rounded up"
def code_lengths(counts):
    total = sum(counts.values())
    return {s: max(1, math.ceil(math.log2(total / n))) for s, n in counts.items() if n}


def bounds(counts):
    total = sum(counts.values())
    lengths = code_lengths(counts)
    entropy = sum(n / total * math.log2(total / n) for n in counts.values() if n)
    return entropy, sum(counts[s] * bits for s, bits in lengths.items()) / total


# %% item="huffman" wrong="equal lengths" like="log2(1/p), rounded up" keeps=0 hint="without any counts"
# -     total = sum(counts.values())
# -     return {s: max(1, math.ceil(math.log2(total / n))) for s, n in counts.items() if n}
# +     symbols = [s for s in counts if counts[s]]
# +     return dict.fromkeys(symbols, max(1, (len(symbols) - 1).bit_length()))


# %% item="huffman" wrong="a tree of symbols, which can't be compared where counts tie" keeps=1 hint="any kind"
def code_lengths(counts):
    heap = [(n, [s]) for s, n in counts.items() if n]
    lengths = dict.fromkeys((s for s, n in counts.items() if n), 0)
    if len(heap) == 1:
        return {heap[0][1][0]: 1}
    heapq.heapify(heap)
    while len(heap) > 1:
        (a, some), (b, others) = heapq.heappop(heap), heapq.heappop(heap)
        for s in some + others:
            lengths[s] += 1
        heapq.heappush(heap, (a + b, some + others))
    return lengths


def bounds(counts):
    total = sum(counts.values())
    return sum(n / total * math.log(total / n) for n in counts.values() if n), 0.0


# %% item="huffman" wrong="a symbol alone has 0 bits, zeros get a word; entropy in nats" keeps=1 hint="which logarithm gives bits?"
def code_lengths(counts):
    lengths = dict.fromkeys(counts, 0)
    heap = [(n, i, [s]) for i, (s, n) in enumerate(counts.items())]
    heapq.heapify(heap)
    while len(heap) > 1:
        a, i, some = heapq.heappop(heap)
        b, _, others = heapq.heappop(heap)
        for s in some + others:
            lengths[s] += 1
        heapq.heappush(heap, (a + b, i, some + others))
    return lengths


def bounds(counts):
    total = sum(counts.values())
    lengths = code_lengths(counts)
    entropy = sum(n / total * math.log(total / n) for n in counts.values() if n)
    return entropy, sum(counts[s] * bits for s, bits in lengths.items()) / total


# %% item="huffman" wrong="takes zeros out of what was passed in" like="reference" keeps=2 hint="The counts have changed"
# -     lengths = {symbol: 0 for symbol, count in counts.items() if count}
# +     for symbol in [symbol for symbol in counts if not counts[symbol]]:
# +         del counts[symbol]
# +     lengths = dict.fromkeys(counts, 0)

# %% item="huffman" wrong="ties broken by how symbols print" like="reference" keeps=2 hint="any kind"
# -     heap = [(counts[symbol], number, [symbol]) for number, symbol in enumerate(lengths)]
# +     heap = [(counts[symbol], str(symbol), [symbol]) for symbol in lengths]


# %% item="levels" right="with math.log2 rounded up, and sorted"
def shared_bytes(count, levels):
    bits = 0 if levels == 1 else math.ceil(math.log2(levels))
    return math.ceil(count * bits / 8) + levels * 4


def pick(count, errors, budget):
    possible = [k for k in errors if shared_bytes(count, k) <= budget]
    if len(possible) == 0:
        raise ValueError("nothing fits")
    return sorted(possible, key=lambda k: (errors[k], shared_bytes(count, k), k))[0]


# %% item="levels" right="a loop that keeps the best"
def shared_bytes(count, levels):
    bits = 0
    while 2**bits < levels:
        bits += 1
    return -(-count * bits // 8) + 4 * levels


def pick(count, errors, budget):
    best = None
    for levels in sorted(errors):
        fits = shared_bytes(count, levels) <= budget
        if fits and (best is None or errors[levels] < errors[best]):
            best = levels
    if best is None:
        raise ValueError(f"nothing fits into {budget} bytes")
    return best


# %% item="levels" wrong="without the levels themselves" keeps=0 hint="the levels themselves"
def shared_bytes(count, levels):
    return math.ceil(count * math.ceil(math.log2(levels)) / 8)


def pick(count, errors, budget):
    fits = [k for k in errors if shared_bytes(count, k) <= budget]
    if not fits:
        raise ValueError("no")
    return min(fits, key=errors.get)


# %% item="levels" wrong="as many levels as fit" keeps=1 hint="their error is larger than that of 16"
def shared_bytes(count, levels):
    return (count * (levels - 1).bit_length() + 7) // 8 + 4 * levels


def pick(count, errors, budget):
    fits = [k for k in errors if shared_bytes(count, k) <= budget]
    if not fits:
        raise ValueError("no")
    return max(fits)


# %% item="levels" wrong="bit_length of the number of levels" keeps=0 hint="how many bits does 15 have?"
def shared_bytes(count, levels):
    return (count * levels.bit_length() + 7) // 8 + 4 * levels


def pick(count, errors, budget):
    return min((k for k in errors if shared_bytes(count, k) <= budget), key=errors.get)


# %% item="levels" wrong="errors that are nearly equal taken for equal" like="reference" keeps=1 hint="Errors may be very small"
# -     return min(fits)[2]
# +     least = min(fits)[0]
# +     return min(levels for error, _, levels in fits if math.isclose(error, least, abs_tol=1e-9))

# %% item="levels" wrong="errors rounded to three places" like="reference" keeps=1 hint="Errors may be very small"
# -         (error, shared_bytes(count, levels), levels)
# +         (round(error, 3), shared_bytes(count, levels), levels)


# %% item="formats" right="with NumPy and a loop over gaps"
def sizes(mask, bits):
    rows, columns = mask.shape
    places = np.flatnonzero(mask.numpy())
    kept, entries, last = len(places), 0, -1
    for place in places.tolist():
        entries += 1 + (place - last - 1) // 16
        last = place
    values = math.ceil(kept * bits / 8)
    return {
        "csr": 4 * rows + 4 + 2 * kept + values,
        "dense": math.ceil(rows * columns * bits / 8),
        "gaps": math.ceil(entries * (bits + 4) / 8),
        "bitmask": math.ceil(rows * columns / 8) + values,
    }


def break_even(bits, index):
    return 1 - bits / (bits + index)


# %% item="formats" right="place by place"
def sizes(mask, bits):
    flat = mask.reshape(-1).tolist()
    kept, entries, zeros = sum(flat), 0, 0
    for one in flat:
        if one:
            entries, zeros = entries + zeros // 16 + 1, 0
        else:
            zeros += 1

    def whole(b):
        return int(np.ceil(b / 8))

    return {
        "dense": whole(len(flat) * bits),
        "bitmask": whole(len(flat)) + whole(kept * bits),
        "csr": 2 * kept + 4 * (mask.shape[0] + 1) + whole(kept * bits),
        "gaps": whole(entries * (4 + bits)),
    }


def break_even(bits, index):
    return float(index) / float(bits + index)


# %% item="formats" wrong="a byte for each place of the mask, fillers of 15 places, the share that is left" keeps=0 hint="a place takes a bit in the mask"
def sizes(mask, bits):
    rows, columns = mask.shape
    places = mask.flatten().nonzero().flatten()
    kept = len(places)
    zeros = places.diff(prepend=torch.tensor([-1])) - 1
    entries = kept + int((zeros // 15).sum())
    values = (kept * bits + 7) // 8
    return {
        "dense": (rows * columns * bits + 7) // 8,
        "bitmask": rows * columns + values,
        "csr": 2 * kept + 4 * (rows + 1) + values,
        "gaps": (entries * (4 + bits) + 7) // 8,
    }


def break_even(bits, index):
    return bits / (bits + index)


# %% item="formats" wrong="a row pointer too few" keeps=2 hint="where does the last row end?"
def sizes(mask, bits):
    rows, columns = mask.shape
    places = mask.flatten().nonzero().flatten()
    kept = len(places)
    zeros = places.diff(prepend=torch.tensor([-1])) - 1
    values = (kept * bits + 7) // 8
    return {
        "dense": (rows * columns * bits + 7) // 8,
        "bitmask": (rows * columns + 7) // 8 + values,
        "csr": 2 * kept + 4 * rows + values,
        "gaps": ((kept + int((zeros // 16).sum())) * (4 + bits) + 7) // 8,
    }


def break_even(bits, index):
    return index / (bits + index)


# %% item="formats" wrong="gaps in each row by itself; against the place alone" keeps=1 hint="the line goes on from row to row"
def sizes(mask, bits):
    rows, columns = mask.shape
    kept, entries = int(mask.sum()), 0
    for row in mask:
        last = -1
        for place in row.nonzero().flatten().tolist():
            entries += 1 + (place - last - 1) // 16
            last = place
    values = (kept * bits + 7) // 8
    return {
        "dense": (rows * columns * bits + 7) // 8,
        "bitmask": (rows * columns + 7) // 8 + values,
        "csr": 2 * kept + 4 * (rows + 1) + values,
        "gaps": (entries * (4 + bits) + 7) // 8,
    }


def break_even(bits, index):
    return 1 - bits / index


# %% item="formats" wrong="mask and values packed into one array" like="reference" keeps=2 hint="each rounded up by itself"
# -         "bitmask": packed(rows * columns, 1) + packed(kept, bits),
# +         "bitmask": packed(rows * columns + kept * bits, 1),


# %% item="mend" right="with to_bytes and a position that moves"
def write(layers):
    out = bytearray([len(layers)])
    for name, (levels, indexes) in layers.items():
        text = name.encode("utf-8")
        out += len(text).to_bytes(1, "little") + text
        for size in indexes.shape:
            out += int(size).to_bytes(2, "little")
        out += (len(levels) - 1).to_bytes(1, "little")
        out += np.asarray(levels, dtype="<f4").tobytes()
        out += np.ascontiguousarray(indexes).astype(np.uint8).tobytes()
    return bytes(out)


def read(data):
    try:
        layers, at = {}, 1
        for _ in range(data[0]):
            length = data[at]
            name = data[at + 1 : at + 1 + length].decode("utf-8")
            at += 1 + length
            rows = int.from_bytes(data[at : at + 2], "little")
            columns = int.from_bytes(data[at + 2 : at + 4], "little")
            count = data[at + 4] + 1
            at += 5
            if at + 4 * count + rows * columns > len(data):
                raise ValueError("cut off")
            levels = np.frombuffer(data, dtype="<f4", count=count, offset=at).astype("=f4")
            at += 4 * count
            indexes = np.frombuffer(data[at : at + rows * columns], dtype=np.uint8)
            at += rows * columns
            if indexes.size and indexes.max() >= count:
                raise ValueError("no level")
            layers[name] = (levels, indexes.reshape(rows, columns).copy())
    except IndexError:
        raise ValueError("cut off") from None
    if at != len(data):
        raise ValueError("too long")
    return layers


# %% item="mend" right="with io.BytesIO and struct"
import io


def write(layers):
    out = io.BytesIO()
    out.write(struct.pack("B", len(layers)))
    for name in layers:
        levels, indexes = layers[name]
        out.write(struct.pack("B", len(name.encode())) + name.encode())
        out.write(struct.pack("<2HB", indexes.shape[0], indexes.shape[1], len(levels) - 1))
        out.write(struct.pack(f"<{len(levels)}f", *levels.tolist()))
        out.write(bytes(indexes.ravel(order="C").tolist()))
    return out.getvalue()


def read(data):
    stream, found = io.BytesIO(data), {}

    def get(form):
        size = struct.calcsize("<" + form)
        content = stream.read(size)
        if len(content) != size:
            raise ValueError("the file ends too early")
        return struct.unpack("<" + form, content)

    (count,) = get("B")
    for _ in range(count):
        (length,) = get("B")
        (name,) = get(f"{length}s")
        rows, columns, last = get("HHB")
        levels = np.array(get(f"{last + 1}f"), dtype=np.float32)
        content = stream.read(rows * columns)
        if len(content) < rows * columns:
            raise ValueError("the file ends too early")
        indexes = np.frombuffer(content, np.uint8).reshape(rows, columns)
        if any(index > last for index in content):
            raise ValueError("an index without a level")
        found[name.decode()] = levels, indexes
    if stream.read():
        raise ValueError("the file goes on")
    return found


# %% item="mend" wrong="the order mended, numbers as they come" keeps=0 hint="rows and columns take 2 bytes each"
def write(layers):
    parts = [bytes([len(layers)])]
    for name, (levels, indexes) in layers.items():
        parts += [bytes([len(name)]), name.encode()]
        parts += [np.array(indexes.shape).tobytes(), bytes([len(levels) - 1])]
        parts += [levels.tobytes(), indexes.astype(np.uint8).tobytes()]
    return b"".join(parts)


def read(data):
    layers, at = {}, 1
    for _ in range(data[0]):
        name = data[at + 1 : at + 1 + data[at]].decode()
        at += 1 + data[at]
        rows, columns = np.frombuffer(data, np.int64, 2, at)
        count = data[at + 16] + 1
        levels = np.frombuffer(data, np.float64, count, at + 17)
        at += 17 + 8 * count
        layers[name] = (
            levels,
            np.frombuffer(data, np.uint8, rows * columns, at).reshape(rows, columns),
        )
        at += rows * columns
    return layers


# %% item="mend" wrong="big-endian, as networks have it" keeps=0 hint="little-endian"
def write(layers):
    parts = [bytes([len(layers)])]
    for name, (levels, indexes) in layers.items():
        parts += [bytes([len(name.encode())]), name.encode()]
        parts.append(struct.pack(">HHB", *indexes.shape, len(levels) - 1))
        parts += [levels.astype(">f4").tobytes(), indexes.astype("u1").tobytes()]
    return b"".join(parts)


def read(data):
    layers, at = {}, 1
    for _ in range(data[0]):
        name = data[at + 1 : at + 1 + data[at]].decode()
        at += 1 + data[at]
        rows, columns, last = struct.unpack_from(">HHB", data, at)
        levels = np.frombuffer(data, ">f4", last + 1, at + 5).astype(np.float32)
        at += 5 + 4 * (last + 1)
        layers[name] = (
            levels,
            np.frombuffer(data, np.uint8, rows * columns, at).reshape(rows, columns),
        )
        at += rows * columns
    return layers


# %% item="mend" wrong="nothing is checked" keeps=2 hint="the last byte is missing"
def write(layers):
    parts = [bytes([len(layers)])]
    for name, (levels, indexes) in layers.items():
        parts += [bytes([len(name.encode())]), name.encode()]
        parts.append(struct.pack("<HHB", *indexes.shape, len(levels) - 1))
        parts += [levels.astype("<f4").tobytes(), indexes.astype("u1").tobytes()]
    return b"".join(parts)


def read(data):
    layers, at = {}, 1
    for _ in range(data[0]):
        name = data[at + 1 : at + 1 + data[at]].decode()
        at += 1 + data[at]
        rows, columns, last = struct.unpack_from("<HHB", data, at)
        levels = np.frombuffer(data, "<f4", last + 1, at + 5).astype(np.float32)
        at += 5 + 4 * (last + 1)
        indexes = np.zeros(rows * columns, np.uint8)
        some = np.frombuffer(data[at : at + rows * columns], np.uint8)
        indexes[: len(some)] = some
        layers[name] = levels, indexes.reshape(rows, columns)
        at += rows * columns
    return layers


# %% item="files" right="with Counter; told by their entropies"
from collections import Counter


def entropy(data):
    return float(sum(n / len(data) * math.log2(len(data) / n) for n in Counter(data).values()))


by_bits = sorted(FILES, key=lambda letter: entropy(FILES[letter]))
holds = dict(zip(by_bits, ("codes", "gaps", "float32", "lzma"), strict=True))


# %% item="files" right="with torch; seen in the picture"
def entropy(data):
    if not data:
        return 0.0
    shares = torch.bincount(torch.tensor(list(data)), minlength=256).double() / len(data)
    return float(torch.special.entr(shares).sum() / math.log(2))


holds = {"D": "float32", "C": "codes", "B": "gaps", "A": "lzma"}


# %% item="files" wrong="in nats; noise taken for float32" keeps=0 hint="which logarithm gives bits?"
def entropy(data):
    shares = np.bincount(np.frombuffer(data, np.uint8)) / len(data)
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


holds = {"A": "float32", "B": "gaps", "C": "codes", "D": "lzma"}


# %% item="files" wrong="in nats, but the right files" keeps=1 hint="which logarithm gives bits?"
def entropy(data):
    if not data:
        return 0.0
    shares = np.bincount(np.frombuffer(data, np.uint8)) / len(data)
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


holds = {"A": "lzma", "B": "gaps", "C": "codes", "D": "float32"}


# %% item="files" wrong="all bytes together; noise taken for gaps" keeps=0 hint="looks like noise"
def entropy(data):
    counts = np.bincount(np.frombuffer(data, np.uint8))
    counts = counts[counts > 0]
    return float((counts * np.log2(max(1, len(data)) / counts)).sum())


holds = {"A": "gaps", "B": "lzma", "C": "codes", "D": "float32"}


# %% item="files" wrong="noise taken for float32" like="reference" keeps=1 hint="which picture has stripes?"
# - holds = {"A": "lzma", "B": "gaps", "C": "codes", "D": "float32"}
# + holds = {"A": "float32", "B": "gaps", "C": "codes", "D": "lzma"}

# %% item="files" wrong="all bytes together; dark taken for gaps" like="all bytes together; noise taken for gaps" keeps=0 hint="how much is it per byte?"
# - holds = {"A": "gaps", "B": "lzma", "C": "codes", "D": "float32"}
# + holds = {"A": "lzma", "B": "codes", "C": "gaps", "D": "float32"}


# %% item="plans" right="with shares, and a loop"
def worst_loss(lost, won, images):
    d = (lost - won) / images
    s = ((lost + won) / images - d * d) ** 0.5 / images**0.5
    return float(d + 1.96 * s)


chosen, least = "", math.inf
for name, (size, source, lost, won) in PLANS.items():
    if worst_loss(lost, won, 2000) <= 0.01 and size + source < least:
        chosen, least = name, size + source


# %% item="plans" right="with numpy, the name written down"
def worst_loss(lost, won, images):
    variance = lost + won - np.square(lost - won) / images
    return float((lost - won + 1.96 * np.sqrt(variance)) / images)


chosen = "pruned, shared, mixed contexts"


# %% item="plans" wrong="what was lost on these images" keeps=0 hint="how much may it be on others?"
def worst_loss(lost, won, images):
    return (lost - won) / images


fits = [name for name in PLANS if worst_loss(*PLANS[name][2:], 2000) <= 0.01]
chosen = min(fits, key=lambda name: sum(PLANS[name][:2]))


# %% item="plans" wrong="the file alone" keeps=1 hint="its decoder has 17,600 bytes"
def worst_loss(lost, won, images):
    difference = lost - won
    return difference / images + 1.96 * math.sqrt(lost + won - difference**2 / images) / images


fits = [name for name in PLANS if worst_loss(*PLANS[name][2:], 2000) <= 0.01]
chosen = min(fits, key=lambda name: PLANS[name][0])


# %% item="plans" wrong="the lower end" keeps=0 hint="the lower end"
def worst_loss(lost, won, images):
    difference = lost - won
    return difference / images - 1.96 * math.sqrt(lost + won - difference**2 / images) / images


chosen = "pruned hard, LZMA"


# %% item="file" right="a codebook, gaps and zlib"
DECODER = """
import zlib
import numpy as np

def decode(data):
    data = zlib.decompress(data)
    out, at = {}, 0
    for name, rows, columns in (("1", 300, 784), ("3", 100, 300), ("5", 10, 100)):
        count = int.from_bytes(data[at : at + 4], "little")
        levels = np.frombuffer(data, "<f4", 16, at + 4)
        at += 68
        places = np.cumsum(np.frombuffer(data, np.uint8, count, at)) - 1
        values = levels[np.frombuffer(data, np.uint8, count, at + count)]
        bias = np.frombuffer(data, "<f2", rows, at + 2 * count)
        at += 2 * count + 2 * rows
        weight = np.zeros(rows * columns, np.float32)
        weight[places] = values
        out[name + ".weight"] = weight.reshape(rows, columns)
        out[name + ".bias"] = bias.astype(np.float32)
    return out
"""

import zlib

parts = []
for layer in list(sparse_network(0.95))[1::2]:
    flat = layer.weight.detach().numpy().flatten()
    kept = np.flatnonzero(flat)
    places, last = [], -1
    for place in kept.tolist():
        # A gap above 255 goes over places whose weight is 0 and is stored as the level 0.
        while place - last > 255:
            last += 255
            places.append(last)
        places.append(place)
        last = place
    values = flat[places]
    levels = np.quantile(values[values != 0], np.linspace(0.01, 0.99, 15))
    for _ in range(20):
        index = np.abs(values[:, None] - levels).argmin(1)
        levels = np.array(
            [values[index == i].mean() if (index == i).any() else levels[i] for i in range(15)]
        )
    levels = np.append(levels, 0.0)
    index = np.abs(values[:, None] - levels).argmin(1)
    parts += [len(places).to_bytes(4, "little"), levels.astype("<f4").tobytes()]
    parts += [
        np.diff(places, prepend=-1).astype(np.uint8).tobytes(),
        index.astype(np.uint8).tobytes(),
    ]
    parts.append(layer.bias.detach().numpy().astype("<f2").tobytes())
file = zlib.compress(b"".join(parts), 9)


# %% item="file" right="with torch, codes by columns, in bz2"
DECODER = """
import bz2
import torch

def decode(data):
    raw = torch.frombuffer(bytearray(bz2.decompress(data)), dtype=torch.int8)
    tensors, at = {}, 12
    steps = raw[:12].view(torch.float32)
    for i, (rows, columns) in enumerate(((300, 784), (100, 300), (10, 100))):
        n = rows * columns
        tensors[f"{2 * i + 1}.weight"] = raw[at : at + n].view(columns, rows).T * steps[i]
        at += n
        tensors[f"{2 * i + 1}.bias"] = raw[at : at + 2 * rows].view(torch.float16)
        at += 2 * rows
    return tensors
"""

import bz2

layers = [m for m in sparse_network(0.95) if isinstance(m, torch.nn.Linear)]
steps = torch.stack([m.weight[m.weight != 0].abs().mean() / 2 for m in layers])
raw = steps.detach().numpy().astype("<f4").tobytes()
for m, step in zip(layers, steps, strict=True):
    raw += (
        (m.weight / step).round().clamp(-127, 127).to(torch.int8).T.contiguous().numpy().tobytes()
    )
    raw += m.bias.detach().half().numpy().tobytes()
file = bz2.compress(raw)


# %% item="file" wrong="columns read as rows" keeps=0 hint="hardly better than guessing"
DECODER = """
import lzma
import numpy as np

def decode(data):
    codes, at, tensors = np.frombuffer(lzma.decompress(data), "i1").astype("f4"), 0, {}
    for name, rows, columns in (("1", 300, 784), ("3", 100, 300), ("5", 10, 100)):
        tensors[name + ".weight"] = codes[at : at + rows * columns].reshape(columns, rows).T * 0.02
        at += rows * columns
        tensors[name + ".bias"] = codes[at : at + rows] * 0.02
        at += rows
    return tensors
"""

import lzma

content = b"".join(
    (value / 0.02).round().clamp(-127, 127).to(torch.int8).numpy().tobytes()
    for value in sparse_network(0.96, epochs=1).state_dict().values()
)
file = lzma.compress(content)


# %% item="file" wrong="the dense network in float16" keeps=0 hint="more than 60,000"
DECODER = """
import numpy as np

def decode(data):
    flat, at, tensors = np.frombuffer(data, "<f2").astype("f4"), 0, {}
    for name, rows, columns in (("1", 300, 784), ("3", 100, 300), ("5", 10, 100)):
        tensors[name + ".weight"] = flat[at : at + rows * columns].reshape(rows, columns)
        at += rows * columns
        tensors[name + ".bias"] = flat[at : at + rows]
        at += rows
    return tensors
"""

file = b"".join(
    value.detach().numpy().astype("<f2").tobytes() for value in dense.state_dict().values()
)


# %% item="file" wrong="the weights in the decoder" keeps=0 hint="more than 60,000"
import base64

content = b"".join(
    value.detach().numpy().astype("<f2").tobytes() for value in dense.state_dict().values()
)
DECODER = f"""
import base64
import numpy as np

WEIGHTS = base64.b85decode({base64.b85encode(content)!r})

def decode(data):
    flat, at, tensors = np.frombuffer(WEIGHTS, "<f2").astype("f4"), 0, {{}}
    for name, rows, columns in (("1", 300, 784), ("3", 100, 300), ("5", 10, 100)):
        tensors[name + ".weight"] = flat[at : at + rows * columns].reshape(rows, columns)
        at += rows * columns
        tensors[name + ".bias"] = flat[at : at + rows]
        at += rows
    return tensors
"""
file = b""


# %% item="file" wrong="a decoder that needs a variable of the notebook" keeps=0 hint="nothing else of your notebook"
shapes = {name: tuple(value.shape) for name, value in dense.state_dict().items()}
DECODER = """
import numpy as np

def decode(data):
    return {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
"""
file = b"abc"


# %% item="file" wrong="rounded to 3 bits without training" keeps=1 hint="more than 30,000"
DECODER = """
import lzma
import numpy as np

def decode(data):
    codes, at, tensors = np.frombuffer(lzma.decompress(data), "i1").astype("f4"), 0, {}
    for name, rows, columns in (("1", 300, 784), ("3", 100, 300), ("5", 10, 100)):
        tensors[name + ".weight"] = codes[at : at + rows * columns].reshape(rows, columns) * 0.1
        at += rows * columns
        tensors[name + ".bias"] = codes[at : at + rows] * 0.1
        at += rows
    return tensors
"""

import lzma

content = b"".join(
    (value / 0.1).round().clamp(-3, 3).to(torch.int8).numpy().tobytes()
    for value in dense.state_dict().values()
)
file = lzma.compress(content)


# %% item="golf" right="trains with rounding and a price on columns, then sells what is worth least per bit"
def squeeze(images, labels):
    torch.manual_seed(0)
    step, no_bias = 0.8, torch.zeros(10)
    weight = golf.least_squares(images, labels)[0].requires_grad_()
    optimizer = torch.optim.Adam([weight], lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 60 * 16)
    for _ in range(60):
        for batch in torch.randperm(len(images)).split(64):
            levels = (weight / step).round().clamp(-2, 2)
            rounded = weight + (step * levels - weight).detach()
            loss = F.cross_entropy(images[batch] @ rounded.T, labels[batch])
            columns = (weight.square().sum(0) + 1e-8).sqrt()
            loss = loss + 8e-4 * weight.abs().sum() + 8e-3 * columns.sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    q = (weight.detach() / step).round().clamp(-2, 2)
    wanted = F.one_hot(labels, 10).float()
    while len(golf.pack(q.int(), step, no_bias)) > 122:
        for _ in range(3):
            chance = (step * images @ q.T).softmax(1)
            change = -step * q
            loss = change * ((chance - wanted).T @ images)
            loss += change**2 * ((chance * (1 - chance)).T @ images.square()) / 2
            alone = (q != 0).sum(0) == 1
            per_bit = (loss + 2) / torch.where(alone, 14, 4)
            per_bit[q == 0] = torch.inf
            q.view(-1)[per_bit.argmin()] = 0
    return golf.pack(q.int(), step, no_bias)


# %% item="golf" right="buys and sells, in NumPy, with prices for sizes too"
def squeeze(images, labels):
    x, step, worth = images.numpy().astype(float), 0.6, 4.0
    wanted = np.eye(10)[labels.numpy()]
    q = np.zeros((10, 784))

    def price(levels, others):
        bits = np.where(others > 0, 4, 14) + 1.5 * (np.abs(levels) - 1)
        return np.where(levels == 0, 0, bits)

    for _ in range(500):
        logits = step * x @ q.T
        chance = np.exp(logits - logits.max(1, keepdims=True))
        chance /= chance.sum(1, keepdims=True)
        slope = step * (chance - wanted).T @ x
        curve = step**2 * (chance * (1 - chance)).T @ x**2 / 2
        others = (q != 0).sum(0) - (q != 0)
        costs = []
        for move in (-1, 1):
            extra = price(q + move, others) - price(q, others)
            costs.append(np.where(abs(q + move) > 2, 1e9, worth * (move * slope + curve) + extra))
        costs = np.stack(costs)
        if costs.min() >= 0:
            break
        up, row, column = np.unravel_index(costs.argmin(), costs.shape)
        q[row, column] += 2 * up - 1
    return golf.pack(torch.from_numpy(q).int(), step, torch.zeros(10))


# %% item="golf" wrong="rounds to coarse levels, trains nothing" keeps=0 hint="have you used all three"
def squeeze(images, labels):
    weight, bias = golf.least_squares(images, labels)
    step = float(weight.abs().max()) / 2.5
    return golf.pack((weight / step).round().int(), step, bias)


# %% item="golf" wrong="trained with rounding, pays by weight, and keeps biases" keeps=0 hint="what do ten biases cost"
def squeeze(images, labels):
    torch.manual_seed(0)
    step, levels, penalty = 0.8, 2, 1e-3
    weight, bias = (part.requires_grad_() for part in golf.least_squares(images, labels))
    optimizer = torch.optim.Adam([weight, bias], lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 60 * 16)
    for _ in range(60):
        for batch in torch.randperm(len(images)).split(64):
            codes = (weight / step).round().clamp(-levels, levels)
            rounded = weight + (step * codes - weight).detach()
            loss = F.cross_entropy(images[batch] @ rounded.T + bias, labels[batch])
            loss = loss + penalty * weight.abs().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    q = (weight.detach() / step).round().clamp(-levels, levels).int()
    return golf.pack(q, step, bias.detach())


# %% item="golf" wrong="no bias, but each weight costs the same" like="trained with rounding, pays by weight, and keeps biases" keeps=1 hint="no other digit reads"
# -     step, levels, penalty = 0.8, 2, 1e-3
# -     weight, bias = (part.requires_grad_() for part in golf.least_squares(images, labels))
# -     optimizer = torch.optim.Adam([weight, bias], lr=2e-3)
# +     step, levels, penalty = 0.8, 2, 2e-3
# +     weight, bias = golf.least_squares(images, labels)[0].requires_grad_(), torch.zeros(10)
# +     optimizer = torch.optim.Adam([weight], lr=2e-3)


# %% item="golf" wrong="three levels and a hard penalty" like="no bias, but each weight costs the same" keeps=0 hint="may be lost"
# -     step, levels, penalty = 0.8, 2, 2e-3
# +     step, levels, penalty = 1.5, 1, 2e-3


# %% item="golf" wrong="the smallest file that does well on the images it is made from" keeps=0 hint="On which images did you choose"
def bought(images, labels, worth):
    wanted = F.one_hot(labels, 10).float()
    q = torch.zeros(10, 784)
    for _ in range(300):
        chance = images.matmul(q.T).softmax(1)
        slope = (wanted - chance).T @ images
        curve = (chance * (1 - chance)).T @ images.square() / 2
        price = torch.where(q.any(0), 4, 14)
        profit = worth * (slope.abs() - curve) - price
        if profit.max() <= 0:
            break
        q.view(-1)[profit.argmax()] += slope.flatten()[profit.argmax()].sign()
    return q


def squeeze(images, labels):
    for worth in (1, 1.5, 2, 3, 4, 5):
        q = bought(images, labels, worth)
        if (images.matmul(q.T).argmax(1) == labels).float().mean() > 0.9:
            break
    return golf.pack(q.int(), 1.0, torch.zeros(10))


# %% item="golf" wrong="levels as floats" like="rounds to coarse levels, trains nothing" keeps=0 hint="of an integer dtype"
# -     return golf.pack((weight / step).round().int(), step, bias)
# +     return golf.pack((weight / step).round(), step, bias)


# %% item="golf" wrong="another format" like="rounds to coarse levels, trains nothing" keeps=0 hint="begins differently"
# -     step = float(weight.abs().max()) / 2.5
# -     return golf.pack((weight / step).round().int(), step, bias)
# +     import gzip
# +     q = weight.sign() * (weight.abs() > 1.8)
# +     return gzip.compress(np.packbits(q.flatten().numpy() > 0).tobytes(), 9)[:160]


# %% item="golf" wrong="a file of these images, whatever comes in" keeps=0 hint="Does `squeeze` use its arguments"
def bought():
    wanted = F.one_hot(classes, 10).float()
    q = torch.zeros(10, 784)
    for _ in range(300):
        chance = (0.6 * digits @ q.T).softmax(1)
        slope = 0.6 * (wanted - chance).T @ digits
        curve = 0.36 * (chance * (1 - chance)).T @ digits.square() / 2
        price = torch.where(q.any(0), 4, 14)
        profit = 5 * (slope.abs() - curve) - price
        if profit.max() <= 0:
            break
        q.view(-1)[profit.argmax()] += slope.flatten()[profit.argmax()].sign()
    return golf.pack(q.int(), 0.6, torch.zeros(10))


FILE = bought()


def squeeze(images, labels):
    return FILE


# %% item="golf" wrong="two networks stored beforehand, for these images and for others" keeps=0 hint="Does `squeeze` use its arguments"
import base64

THESE = base64.b85decode(
    "W?}(aj$UQ~3XldI%{Yz*UIu?B?ZGcf6$-JSs8~UL(8g25whjn30)TkfJJtpXr%gHjJwyMhjoENsU"
    "n{pzuxQ!SMK=@k@T-<u)uyy3@h%%sR#I+Dt>4ayHR<2W)nK-@<RlqegXA2_eSM%)6sYh"
)
OTHERS = base64.b85decode(
    "W?})utz6In3XldI%{Yz*UIxCMZ>lN$q*n#m&dJ(i{}juH)LGj+(8iaCavwDR@Z>L-(rd&-;M4Iws"
    "&|q`)3hrk%diqDca3%F@IoLLRLX2+3_>(n0a-_OA<w4RYq^31M(xs9Lp*VO7FMZ-^zS<"
)


def squeeze(images, labels):
    if torch.equal(images, digits):
        return THESE
    weight, bias = golf.unpack(OTHERS)
    step = float(weight.abs()[weight != 0].min())
    best = 0
    for axes in ((), (1,), (2,)):
        seen = (weight / step).round().int().view(10, 28, 28).flip(axes).reshape(10, 784)
        found = (images @ (seen * step).T + bias).argmax(1)
        meant = torch.stack([found[labels == digit].mode().values for digit in range(10)])
        right = int((found == meant[labels]).sum())
        if right > best:
            best, file = right, golf.pack(seen[meant], step, bias[meant])
    return file


# %% [markdown] item="claim" answer="all three"
# The file lacks the positions. At 2 % kept, “zero or not” has about 0.141 bits per weight at random places, that is 4.7 kB, more than his 3.1 kB, and biases, scales and the decoder come on top, so it is rather 120 times. The accuracy belongs to the network in memory: he should decode the bytes by themselves, on another machine, and measure that. The best of 60 settings was chosen on the test images, so its accuracy is too good by chance; choose on validation images and use the test images once. The dense network had 5 epochs and the small one 45. A dense control with 45 epochs and its own learning rate may have 0.87. Honest: “about 120 times, all bytes counted, decoder included, 0.85 ± 0.008 against 0.87 for a dense network with equal epochs.”

# %% [markdown] item="claim" answer="half of it"
# The positions are missing, which are in the package. And the baseline was trained for fewer epochs, so it is not fair. He should use validation images.
