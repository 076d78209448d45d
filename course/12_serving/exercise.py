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
# # 12 · Serving: exercise
#
# Eight items, 20 points, about 75 minutes. Everything you need is in
# [the lesson](../../notebooks/12_serving.ipynb); each item says where.
#
# - Write your answer in place of `raise NotImplementedError()`. Keep the names that the item asks for; all
#   other names are yours.
# - Run the tests under each item. They show a part of what is checked. The rest is checked on inputs that
#   you have not seen, so solve the task and not the example. Of a
#   decision they check the form; whether it is right comes with your mark.
# - The items do not need each other. If one resists, go on.
# - No server is started here: what a server does is computed from times, in seconds.
# - What is passed in stays as it was.

# %% given=true
import math

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from coursekit import explain


def file_of(nodes, stored, inputs, classes):
    """An ONNX file, as bytes: it takes `images`, float32 (batch, inputs), and gives `logits`, float32 (batch, classes).

    nodes: from `helper.make_node`, in order. stored: the arrays that the nodes use, by name.
    """
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", inputs])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", classes])],
        [numpy_helper.from_array(array, name) for name, array in stored.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return model.SerializeToString()


def float_file(weight, bias):
    """One linear layer in float32; weight (classes, inputs), bias (classes,)."""
    node = helper.make_node("Gemm", ["images", "weight", "bias"], ["logits"], transB=1)
    return file_of([node], {"weight": weight, "bias": bias}, weight.shape[1], len(weight))


def run(content, images):
    """What a file answers, (images, classes), on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"images": images})[0]


# %% [markdown]
# ## 1 · A percentile (2 points)
#
# A load test of millions of requests does not keep each latency. It keeps **counts**: a dictionary from a latency to how many requests had it. Write `percentile(counts, share)`: the smallest latency that at least the given share of the requests does not exceed. Latencies stand in any order, counts are ints of at least 1, `share` is above 0 and at most 1. The result is a `float`.
#
# If there are no counts, or the share is not above 0 and at most 1: `ValueError`. The counts can be so large that the requests can't be written out as a list. Mind that `0.07 * 100` is a little more than 7 in floats.
#
# *Lesson: part 1.*


# %% item="percentile" answers=["percentile"]
### BEGIN SOLUTION
def percentile(counts, share):
    if not counts or not 0 < share <= 1:
        raise ValueError("no requests, or a share that is none")
    place, passed = share * sum(counts.values()) * (1 - 1e-12), 0
    for latency, count in sorted(counts.items()):
        passed += count
        if passed >= place:
            return float(latency)


### END SOLUTION

# %% test="percentile" points=1
twenty = {7: 3, 5: 7, 48: 1, 6: 6, 95: 1, 8: 1, 9: 1}
found = percentile(twenty, 0.95)
assert isinstance(found, float), f"expected a float, but got {type(found).__name__}"
assert found == 48.0, explain(
    found,
    {
        95.0: "19 of 20 requests do not exceed 48, and that is 95 %. Is your place one too high?",
        9.0: "are the latencies sorted, and do you go on until 19 requests are passed?",
        50.35: "between 48 and 95 there was no request: the result is one of the latencies",
    },
    f"the p95 of the twenty requests is 48, not {found}",
)
assert percentile(twenty, 0.99) == 95.0, (
    "19.8 of 20 requests: which latency is the first that is enough?"
)
found = percentile(dict.fromkeys(range(1, 101), 1), 0.07)
assert found == 7, f"7 of 100 requests do not exceed 7, so the p7 is 7 and not {found}"
found = percentile({2: 10**15, 1: 3 * 10**15}, 0.9)
assert found == 2, f"a quarter of very many requests takes 2, so the p90 is 2 and not {found}"
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(7)
for count in (1, 2, 7, 100, 999):
    some = rng.lognormal(size=count).round(1).tolist()
    many = {v: some.count(v) for v in some}
    kept = dict(many)
    for share in (0.001, 0.07, 0.29, 0.5, 0.58, 0.9, 0.95, 0.99, 1):
        wanted = min(
            v for v in some if sum(other <= v for other in some) >= share * count * (1 - 1e-12)
        )
        assert percentile(many, share) == wanted, (
            "A percentile is off. Small shares, the whole, products that are not exact in floats?"
        )
    assert many == kept, "The counts have changed."
assert percentile({3: 1, -1: 1, -2: 1}, 0.5) == -1, "Values below 0?"
for share, wanted in ((0.99999, 1), (1, 2)):
    assert percentile({2: 1, 1: 10**9}, share) == wanted, (
        "One slow request among a billion: are all counted, and is the share the one that is asked for?"
    )
### END HIDDEN TESTS

# %% test="percentile" points=1
refused = 0
for counts, share in (({}, 0.5), ({1: 1, 2: 1}, 0), ({1: 1, 2: 1}, 1.01)):
    try:
        percentile(counts, share)
    except ValueError:
        refused += 1
    except Exception:
        pass  # another error is no answer
assert refused == 3, (
    f"no requests, share 0 and share 1.01 should raise a ValueError: {refused} of 3 do"
)
assert percentile({2: 1, 1: 5}, 1) == 2, "share 1 is allowed: the largest latency"
### BEGIN HIDDEN TESTS
for share in (-0.5, 95, 1.0001):
    try:
        percentile({1.0: 2, 2.0: 1}, share)
        refused = False
    except ValueError:
        refused = True
    assert refused, "A share that is not above 0 and at most 1 is not refused."
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · Batches that wait (3 points)
#
# Write `latencies(arrivals, once, each, most, wait, ready)`. One worker answers requests; it is free for the first time at `ready` (a cold start), and requests may come before; `arrivals` are their times, never falling. A batch of $n$ requests takes `once + n * each` seconds. It returns the latency of each request, as a list of floats.
#
# - When the worker is free and requests are there, it takes the oldest, at most `most`.
# - If these are fewer than `most`, it waits for more: until there are `most`, or until the **oldest** of them has waited for `wait` seconds since it came. If that time is over already, it begins at once.
# - A request that comes at the very moment when a batch begins belongs to it, if there is room.
#
# With `wait` 0 and `ready` before the first arrival this is the lesson's `in_batches`.
#
# *Lesson: part 2.*


# %% item="batches" answers=["latencies"]
### BEGIN SOLUTION
def latencies(arrivals, once, each, most, wait, ready):
    free, at, found = ready, 0, []
    while at < len(arrivals):
        start = max(free, arrivals[at])
        full = arrivals[at + most - 1] if at + most <= len(arrivals) else math.inf
        start = max(start, min(full, arrivals[at] + wait))
        size = 1
        while size < most and at + size < len(arrivals) and arrivals[at + size] <= start:
            size += 1
        free = start + once + size * each
        found += [float(free - arrival) for arrival in arrivals[at : at + size]]
        at += size
    return found


### END SOLUTION

# %% test="batches" points=1
### BEGIN HIDDEN TESTS


def wanted_latencies(arrivals, once, each, most, wait, ready):
    """By sets of what waits, moment by moment."""
    todo, found, free = list(enumerate(arrivals)), {}, ready
    while todo:
        oldest = todo[0][1]
        moments = [oldest + wait] + ([todo[most - 1][1]] if len(todo) >= most else [])
        start = max(free, oldest, min(moments))
        batch = [one for one in todo if one[1] <= start][:most]
        free = start + once + len(batch) * each
        found |= {number: free - came for number, came in batch}
        todo = todo[len(batch) :]
    return [found[number] for number in range(len(arrivals))]


### END HIDDEN TESTS
found = latencies([0.0, 2.0, 4.0, 30.0], 4.0, 1.0, 8, 0.0, 0.0)
assert len(found) == 4, f"four requests, so four latencies, not {len(found)}"
assert np.allclose(found, [5, 9, 7, 5]), explain(
    [round(float(v), 3) for v in found],
    {},
    f"the second and third come while the first is served, and go together: 5, 9, 7 and 5, not {found}",
)
found = latencies([0.0, 1.0, 1.0, 1.0], 4.0, 1.0, 2, 0.0, -9.0)
assert np.allclose(found, [5, 10, 10, 15]), (
    f"at most two go together: 5, 10, 10 and 15, not {found}"
)
found = latencies([0.0, 2.0, 20.0], 4.0, 1.0, 8, 0.0, 3.0)
assert np.allclose(found, [9, 7, 5]), (
    f"the worker is not there before 3, and then both wait: 9, 7 and 5, not {found}"
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(7)
for once, each, most in ((4.0, 1.0, 1), (0.0, 2.0, 3), (10.0, 0.5, 16), (3.0, 1.0, 100)):
    some = rng.exponential(3, 60).cumsum().round(2).tolist()
    kept = list(some)
    for ready in (0.0, 25.0):
        assert np.allclose(
            latencies(some, once, each, most, 0.0, ready),
            wanted_latencies(some, once, each, most, 0.0, ready),
        ), (
            "Without waiting for others a latency is off. Does a batch take all that waits, up to `most`?"
        )
    assert some == kept, "The list has changed."
some = rng.exponential(0.01, 700).cumsum().tolist()
for most in (1, 300):
    assert np.allclose(
        latencies(some, 3.0, 1.0, most, 0.0, 20.0),
        wanted_latencies(some, 3.0, 1.0, most, 0.0, 20.0),
    ), "With hundreds of requests a latency is off."
assert len(latencies([], 1.0, 1.0, 2, 0.0, 0.0)) == 0, "No requests: no latencies."
### END HIDDEN TESTS

# %% test="batches" points=1
found = latencies([0.0, 2.0, 9.0], 4.0, 1.0, 8, 3.0, 0.0)
assert np.allclose(found, [9, 7, 8]), explain(
    [round(float(v), 3) for v in found],
    {},
    f"the first waits until 3 and takes the second along; the third waits for 3 s and nobody comes: 9, 7 and 8, not {found}",
)
found = latencies([0.0, 1.0, 2.0], 4.0, 1.0, 2, 10.0, 0.0)
assert np.allclose(found[:2], [7, 6]), (
    f"two fit, so the batch is full at 1 and begins then: 7 and 6, not {found[:2]}"
)
### BEGIN HIDDEN TESTS
assert np.allclose(latencies([0.0, 1.0], 4.0, 1.0, 2, 10.0, 0.0), [7, 6]), (
    "The last batch can be full, too. What does it wait for, then?"
)
rng = np.random.default_rng(8)
for once, each, most, wait in ((4.0, 1.0, 4, 2.0), (1.0, 1.0, 3, 5.0), (6.0, 0.1, 50, 8.0)):
    some = rng.exponential(3, 60).cumsum().round(2).tolist()
    assert np.allclose(
        latencies(some, once, each, most, wait, 7.0),
        wanted_latencies(some, once, each, most, wait, 7.0),
    ), (
        "With waiting for others a latency is off. From when does the oldest wait, and when is a batch full?"
    )
### END HIDDEN TESTS

# %% test="batches" points=1
found = latencies([0.0, 1.0, 4.0], 4.0, 1.0, 2, 3.0, 0.0)
assert np.allclose(found, [7, 6, 8]), (
    f"two are there at 1 and take 6 s; the third came at 4 and waits until 7 and no longer: 7, 6 and 8, not {found}"
)
found = latencies([0.0, 0.0, 1.0], 9.0, 1.0, 2, 3.0, 0.0)
assert np.allclose(found, [11, 11, 20]), (
    f"the third has waited for longer than 3 s when the worker is free, so it goes at once: 20, not {found[2]}"
)
found = latencies([0.0, 4.0], 4.0, 1.0, 8, 3.0, 2.0)
assert np.allclose(found, [8, 9]), (
    f"the wait counts from when a request came, not from `ready`: 8 and 9, not {found}"
)
### BEGIN HIDDEN TESTS
for scale in (2.0**-20, 2.0**20):
    some = [0.0, 1.0, 1.0, 1.0, 5.0, 8.0, 8.0, 30.0, 33.0, 33.0]
    for most, wait in ((2, 3.0), (3, 1.0), (4, 3.0)):
        wanted = wanted_latencies(some, 4.0, 1.0, most, wait, 2.0)
        found = latencies(
            [v * scale for v in some], 4 * scale, scale, most, wait * scale, 2 * scale
        )
        assert np.allclose(np.array(found) / scale, wanted), (
            "Several at the same moment, or one that comes when a batch begins: a latency is off."
        )
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · A file with int8 weights (3 points)
#
# Write `int8_file(weight, bias)`. It returns an ONNX file, as bytes, of one linear layer as `float_file` does. But its weights are **stored as int8**, with a float32 scale per row, $\max|w|/127$, and a `DequantizeLinear` node turns them back before the `Gemm`. `weight` is float32 (classes, inputs), `bias` float32 (classes,) and stays float32.
#
# - Codes are rounded to the nearest, from −127 to 127; the zero points are 0. A row of zeros gets the scale 1.
# - Use `file_of` and `helper.make_node("DequantizeLinear", [codes, scale, zero_point], [output], axis=…)` with names of your choice. `axis` is the axis along which scales differ.
#
# *Lesson: part 4.*


# %% item="file" answers=["int8_file"]
### BEGIN SOLUTION
def int8_file(weight, bias):
    scale = np.abs(weight).max(1) / np.float32(127)
    scale[scale == 0] = 1
    codes = np.clip(np.round(weight / scale[:, None]), -127, 127).astype(np.int8)
    zero = np.zeros(len(weight), np.int8)
    nodes = [
        helper.make_node("DequantizeLinear", ["codes", "scale", "zero"], ["weight"], axis=0),
        helper.make_node("Gemm", ["images", "weight", "bias"], ["logits"], transB=1),
    ]
    stored = {"codes": codes, "scale": scale.astype(np.float32), "zero": zero, "bias": bias}
    return file_of(nodes, stored, weight.shape[1], len(weight))


### END SOLUTION

# %% test="file" points=1
### BEGIN HIDDEN TESTS


def stored_in(content):
    """The arrays of a file by their type, and its kinds of nodes."""
    graph = onnx.load_from_string(content).graph
    arrays = [numpy_helper.to_array(one) for one in graph.initializer]
    return arrays, [node.op_type for node in graph.node]


### END HIDDEN TESTS
weight = np.random.default_rng(7).normal(size=(20, 100)).astype(np.float32)
bias = np.arange(20, dtype=np.float32)
content = int8_file(weight, bias)
assert isinstance(content, bytes), f"expected bytes, but got {type(content).__name__}"
try:
    loads = run(content, np.zeros((1, 100), np.float32)).shape == (1, 20)
except Exception:
    loads = False
assert loads, (
    "the file does not run. One scale per row of the weights: along which axis do scales differ?"
)
assert len(content) < 0.35 * len(float_file(weight, bias)), (
    f"{len(content):,} bytes of {len(float_file(weight, bias)):,}: are the weights stored as int8?"
)
images = np.random.default_rng(8).normal(size=(5, 100)).astype(np.float32)
off = np.abs(run(content, images) - run(float_file(weight, bias), images)).max()
assert off < 0.6, f"far from the float layer, by {off:.2f}: scales per row, and along which axis?"
square = weight[:, :20] * np.float32(10) ** np.arange(-10, 10, dtype=np.float32)[:, None]
back = run(int8_file(square, np.zeros(20, np.float32)), np.eye(20, dtype=np.float32)).T
assert (np.abs(back - square) <= 0.01 * np.abs(square).max(1, keepdims=True)).all(), (
    "a square matrix with rows of very different size does not come back: one scale for each row? Along which axis do they differ?"
)
### BEGIN HIDDEN TESTS
for classes, inputs, seed in ((3, 50, 1), (40, 200, 2), (1, 9, 3), (12, 12, 4)):
    rng = np.random.default_rng(seed)
    weight = (rng.normal(size=(classes, inputs)) * rng.lognormal(size=(classes, 1))).astype("f4")
    bias = rng.normal(size=classes).astype("f4")
    kept = weight.copy()
    content = int8_file(weight, bias)
    arrays, kinds = stored_in(content)
    assert "DequantizeLinear" in kinds, "No DequantizeLinear is in the file."
    assert any(a.dtype == np.int8 and a.size == weight.size for a in arrays), (
        "The file holds no int8 array of all the weights."
    )
    assert not any(a.dtype != np.int8 and a.size == weight.size and a.ndim == 2 for a in arrays), (
        "The weights are in the file in another type, too."
    )
    assert np.array_equal(weight, kept), "The weight has changed."
    for count in (1, 7):
        some = rng.normal(size=(count, inputs)).astype("f4")
        assert run(content, some).shape == (count, classes), "The number of images is not free."
### END HIDDEN TESTS

# %% test="file" points=1
weight = np.array([[1.0, -0.44, 0.26, 0.0], [0.01, 0.004, -0.0051, 0.0027]], np.float32)
back = run(int8_file(weight, np.zeros(2, np.float32)), np.eye(4, dtype=np.float32)).T
step = np.abs(weight).max(1, keepdims=True) / 127
assert np.allclose(back, np.round(weight / step) * step, atol=1e-6), (
    f"the weights come back as {back.round(4).tolist()}: a scale of max|w|/127 for each row, and rounded to the nearest?"
)
### BEGIN HIDDEN TESTS
for classes, inputs, size in ((5, 30, 1.0), (30, 5, 2.0**-60), (8, 8, 2.0**40), (1, 6, 1.0)):
    rng = np.random.default_rng(inputs)
    weight = (size * rng.normal(size=(classes, inputs))).astype("f4")
    weight[0] *= 1000
    back = run(int8_file(weight, np.zeros(classes, "f4")), np.eye(inputs, dtype="f4")).T
    step = np.abs(weight).max(1, keepdims=True) / 127
    wanted = np.round(weight.astype(float) / step) * step
    near = np.abs(back - wanted) <= 1e-5 * np.abs(wanted) + 1e-30
    assert near.mean() > 0.98, "The weights are not rounded to the nearest level of their own row."
    assert (np.abs(back - weight) <= 0.501 * step + 1e-30).all(), (
        "Some weight is further off than half a step."
    )
### END HIDDEN TESTS

# %% test="file" points=1
weight = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, -3.0]], np.float32)
bias = np.array([4.0, 5.0], np.float32)
out = run(int8_file(weight, bias), np.ones((2, 3), np.float32))
assert np.isfinite(out).all(), (
    "a row of zeros: the outputs are not finite. Which scale does it get?"
)
assert np.allclose(out, [[4, 5], [4, 5]], atol=0.05), (
    f"a row of zeros gives its bias, 4, and the other row 1 + 2 − 3 + 5: not {out[0].tolist()}"
)
arrays = [
    numpy_helper.to_array(one)
    for one in onnx.load_from_string(int8_file(weight, bias)).graph.initializer
]
assert any(a.shape == (2,) and a.dtype == np.float32 and a[0] == 1 for a in arrays), (
    "a row of zeros should get the scale 1"
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(5)
weight = rng.normal(size=(6, 10)).astype("f4")
weight[[0, 3]] = 0
bias = (100 * rng.normal(size=6)).astype("f4")
some = np.zeros((3, 10), "f4")
assert np.array_equal(run(int8_file(weight, bias), some), np.tile(bias, (3, 1))), (
    "For images of zeros the biases should come out exactly. Are they stored as float32?"
)
scales = [
    a for a in stored_in(int8_file(weight, bias))[0] if a.dtype == np.float32 and a.shape == (6,)
]
assert any(a[0] == 1 and a[3] == 1 for a in scales), "Rows of zeros should have the scale 1."
### END HIDDEN TESTS

# %% [markdown]
# ## 4 · A gate (3 points)
#
# Write `gate(old, new, images, labels, margin, most_bytes)`. `old` and `new` are ONNX files as bytes, made like those of `file_of`; `images` float32 (n, inputs) and `labels` int64 (n,). It returns the list of reasons why `new` may not go out, in this order, and an empty list if it may:
#
# - `"broken"` if `run` raises an exception, if the logits are not of the shape that the old file gives, or if one of them is not finite. Then it is the only reason.
# - `"size"` if the file has more than `most_bytes` bytes.
# - `"accuracy"` if it is not shown to be good enough. With the differences $d_i$, 1 where only the new one is right, −1 where only the old one is, else 0, and **one more −1** as in the lesson: if $\bar d - 1.645\, s/\sqrt m < -\mathtt{margin}$, where $m = n + 1$ counts them, $\bar d$ is their mean, and $s$ their standard deviation (over $m - 1$).
#
# *Lesson: part 5.*


# %% item="gate" answers=["gate"]
### BEGIN SOLUTION
def gate(old, new, images, labels, margin, most_bytes):
    before = run(old, images)
    try:
        after = run(new, images)
    except Exception:
        return ["broken"]
    if after.shape != before.shape or not np.isfinite(after).all():
        return ["broken"]
    reasons = []
    if len(new) > most_bytes:
        reasons.append("size")
    right = [(logits.argmax(1) == labels).astype(float) for logits in (before, after)]
    d = np.append(right[1] - right[0], -1)
    if d.mean() - 1.645 * d.std(ddof=1) / math.sqrt(len(d)) < -margin:
        reasons.append("accuracy")
    return reasons


### END SOLUTION

# %% test="gate" points=1
rng = np.random.default_rng(7)
weight, zeros = rng.normal(size=(4, 12)).astype("f4"), np.zeros(4, "f4")
images = rng.normal(size=(300, 12)).astype("f4")
good = float_file(weight, zeros)
labels = run(good, images).argmax(1)
labels[:60] = (labels[:60] + 1) % 4  # right on 240 of 300
assert gate(good, good, images, labels, 0.01, 10_000) == [], (
    "the same file again differs nowhere: it may go out"
)
found = gate(good, good, images, labels, 0.01, 100)
assert found == ["size"], f"{len(good)} bytes where 100 are allowed: ['size'], not {found}"
backwards = float_file(-weight, zeros)
found = gate(good, backwards, images, labels, 0.01, 10_000)
assert found == ["accuracy"], f"a network turned upside down: ['accuracy'], not {found}"
### BEGIN HIDDEN TESTS
assert gate(good, backwards, images, labels, 0.01, 100) == ["size", "accuracy"], (
    "Both reasons, in the task's order?"
)
assert gate(good, good, images, labels, 0.01, len(good)) == [], "Exactly as many bytes as allowed."
assert gate(backwards, good, images, labels, 0.0, 10_000) == [], "A much better version is stopped."
### END HIDDEN TESTS

# %% test="gate" points=1
nothing = float_file(np.full((4, 12), np.nan, "f4"), zeros)
for name, content in {
    "a file cut in half": good[: len(good) // 2],
    "logits that are not a number": nothing,
    "three classes in place of four": float_file(weight[:3], zeros[:3]),
}.items():
    try:
        found = gate(good, content, images, labels, 0.01, 10_000)
    except Exception as problem:
        found = type(problem).__name__
    assert found == ["broken"], f"{name}: ['broken'], not {found}"
### BEGIN HIDDEN TESTS
other = float_file(weight[:, :11].copy(), zeros)
infinite = float_file(weight, np.array([0, 0, np.inf, 0], "f4"))
five = float_file(np.vstack([weight, weight[:1]]), np.zeros(5, "f4"))
nodes = [
    helper.make_node("Gemm", ["images", "weight", "bias"], ["each"], transB=1),
    helper.make_node("ReduceMean", ["each"], ["logits"], axes=[0]),
]
one_row = file_of(nodes, {"weight": weight, "bias": zeros}, 12, 4)
for content in (b"", b"not a model", other, infinite, five, one_row):
    for most in (0, 10_000):
        assert gate(good, content, images, labels, 0.01, most) == ["broken"], (
            "A file that can't run, takes other images, gives more classes or one row for all images, or infinite logits, is broken and nothing else."
        )
### END HIDDEN TESTS

# %% test="gate" points=1
noisy = float_file(weight + 0.15 * rng.normal(size=weight.shape).astype("f4"), zeros)
right = [run(content, images).argmax(1) == labels for content in (good, noisy)]
lost = right[0].mean() - right[1].mean()
found = gate(good, noisy, images, labels, lost + 0.001, 10_000)
assert found == ["accuracy"], (
    f"it is {lost:.3f} less accurate, and {lost + 0.001:.3f} are allowed: that is not *shown*, with 300 images. Expected ['accuracy'], not {found}"
)
found = gate(good, good, images[:50], labels[:50], 0.01, 10_000)
assert found == ["accuracy"], (
    f"fifty images show nothing about one per cent, even if none is lost: ['accuracy'], not {found}"
)
### BEGIN HIDDEN TESTS
for seed, amount, count in ((1, 0.1, 200), (2, 0.3, 1000), (3, 0.05, 2000), (4, 0.2, 50)):
    rng = np.random.default_rng(seed)
    weight = rng.normal(size=(6, 20)).astype("f4")
    some = rng.normal(size=(count, 20)).astype("f4")
    old = float_file(weight, np.zeros(6, "f4"))
    truth = run(old, some).argmax(1)
    truth[: count // 5] = rng.integers(0, 6, count // 5)
    new = float_file(
        weight + amount * rng.normal(size=weight.shape).astype("f4"), np.zeros(6, "f4")
    )
    a, b = (run(content, some).argmax(1) == truth for content in (old, new))
    d = np.append(b.astype(float) - a, -1)
    low = d.mean() - 1.645 * d.std(ddof=1) / np.sqrt(count + 1)
    for margin, wanted in ((-low + 1e-4, []), (-low - 1e-4, ["accuracy"])):
        assert gate(old, new, some, truth, margin, 10_000) == wanted, (
            "Close to the bound it decides otherwise. Paired differences, one more −1, one side?"
        )
# All are lost: the mean is −1 and s is 0, so this bound is met exactly.
all_lost = float_file(-np.eye(2, 4, dtype="f4"), np.zeros(2, "f4"))
some, truth = np.tile(np.eye(1, 4, dtype="f4"), (30, 1)), np.zeros(30, int)
all_right = float_file(np.eye(2, 4, dtype="f4"), np.zeros(2, "f4"))
assert gate(all_right, all_lost, some, truth, 1.0, 10_000) == [], (
    "A version whose lower bound is just minus the margin may go out."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 5 · A report that flatters (2 points)
#
# A colleague's load test sends requests by a clock and notes three times of each: when it was **due**, when it was **sent**, when it was **answered** (`nan` if it never was). Users complain about the server; his report says that all is well:
#
# ```python
# def report(due, sent, answered, warm_up):
#     latency = np.asarray(answered) - np.asarray(sent)
#     latency = latency[np.isfinite(latency)]
#     return {"p99": float(np.quantile(latency, 0.99)), "failed": 0.0}
# ```
#
# Write `report(due, sent, answered, warm_up)` so that it is honest:
#
# - Requests that were due **before** `warm_up` don't count at all.
# - The latency counts from when a request was due.
# - A request that was never answered counts as infinitely slow; `"failed"` is the share of such requests.
# - `"p99"` is the smallest latency that at least 99% of the requests do not exceed; it may be infinite.
#
# All three are lists of equal length in no order. At least one request counts.
#
# *Lesson: part 3.*


# %% item="report" answers=["report"]
### BEGIN SOLUTION
def report(due, sent, answered, warm_up):
    due, answered = np.array(due, float), np.array(answered, float)
    counts = due >= warm_up
    latency = (answered - due)[counts]
    failed = np.isnan(latency)
    latency[failed] = np.inf
    place = math.ceil(round(0.99 * len(latency), 9))
    return {"p99": float(np.sort(latency)[place - 1]), "failed": float(failed.mean())}


### END SOLUTION

# %% test="report" points=1
due = [float(second) for second in range(100)]
sent = [max(second, 60.0) if 50 <= second < 61 else second for second in due]  # it hung for 10 s
answered = [second + 0.5 for second in sent]
found = report(due, sent, answered, 0.0)
assert sorted(found) == ["failed", "p99"], f"“p99” and “failed” are asked for, not {sorted(found)}"
assert abs(found["p99"] - 9.5) < 1e-6, explain(
    round(found["p99"], 3),
    {
        0.5: "requests that were due while the server hung were sent late. From when do their users wait?",
        10.5: "the second largest of 100 latencies is the p99",
    },
    f"expected a p99 of 9.5 s, but got {found['p99']:.3f}",
)
assert found["failed"] == 0, "all were answered"
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(7)
for count in (1, 50, 101, 400):
    due = rng.uniform(0, 100, count).tolist()
    sent = [second + late for second, late in zip(due, rng.exponential(1, count))]
    answered = [second + work for second, work in zip(sent, rng.lognormal(size=count))]
    kept = list(due), list(sent), list(answered)
    true = sorted(a - b for a, b in zip(answered, due))
    place = next(k for k in range(1, count + 1) if k >= 0.99 * count - 1e-9)
    assert abs(report(due, sent, answered, 0.0)["p99"] - true[place - 1]) < 1e-9, (
        "The p99 is off. One of the latencies, from when each was due?"
    )
    assert (due, sent, answered) == kept, "A list has changed."
### END HIDDEN TESTS

# %% test="report" points=1
due = [float(second) for second in range(200)]
sent = [max(second, 20.0) for second in due]  # it stood still while it started
answered = [second + 0.5 for second in sent]
found = report(due, sent, answered, 20.0)
assert abs(found["p99"] - 0.5) < 1e-6, (
    f"the slow ones were due before the warm-up was over, though sent later: 0.5, not {found['p99']:.2f}"
)
answered[100:110] = [math.nan] * 10
found = report(due, sent, answered, 20.0)
assert abs(found["failed"] - 10 / 180) < 1e-9, (
    f"ten of 180 requests were never answered: {10 / 180:.4f}, not {found['failed']:.4f}"
)
assert found["p99"] == math.inf, (
    f"more than one in a hundred was never answered, so p99 is infinite, not {found['p99']}"
)
### BEGIN HIDDEN TESTS
for lost in (1, 2, 3, 150):
    answered = [second + 1.0 + second / 1000 for second in due]
    answered[10 : 10 + lost] = [math.nan] * lost
    found = report(due, due, answered, 10.0)
    assert abs(found["failed"] - lost / 190) < 1e-9, "The share of failed requests is off."
    latency = sorted(math.inf if math.isnan(a) else a - b for a, b in zip(answered[10:], due[10:]))
    wanted = latency[math.ceil(0.99 * 190) - 1]
    assert found["p99"] == wanted or abs(found["p99"] - wanted) < 1e-9, (
        "With requests that failed the p99 is off."
    )
    assert math.isnan(answered[10]), "A list has changed."
assert report([5.0, 3.0], [5.0, 3.0], [math.nan, 4.0], 5.0)["failed"] == 1, (
    "A request that was due exactly at the end of the warm-up counts."
)
### END HIDDEN TESTS

# %% [markdown]
# ## 6 · Which days are different? (2 points)
#
# Write `psi(reference, seen, bins)`: the population stability index of two lists of numbers. The `bins - 1` edges are quantiles of the reference, at $1/b, 2/b, \dots$ (`np.quantile`); a value belongs to the bin `np.searchsorted(edges, value)`. To each count **1** is added (on the further page 0.5), then both are divided by their sum, to $p_k$ (reference) and $q_k$ (seen). It returns $\sum_k (q_k - p_k)\ln(q_k/p_k)$ as a `float`.
#
# Write `drifts(reference, seen)`: `True` if `seen` comes from something else than `reference`, as far as one can tell. That is so if their PSI with 10 bins is larger than what as many values, drawn from `reference` by chance, have in 99 of 100 draws. Take 100 to 300 draws. `DAYS` has the brightness of images of four days, `BEFORE` that of many earlier ones.
#
# *All you need is above. The lesson's further page does it for the images of a camera.*

# %% given=true
_rng = np.random.default_rng(17)
BEFORE = _rng.beta(2, 5, 4000).tolist()
DAYS = {
    "Monday": _rng.beta(2, 5, 60).tolist(),
    "Tuesday": _rng.beta(2.6, 5, 1000).tolist(),
    "Wednesday": _rng.beta(2, 5, 1000).tolist(),
    "Thursday": _rng.beta(5, 5, 60).tolist(),
}


# %% item="drift" answers=["psi", "drifts"]
### BEGIN SOLUTION
def psi(reference, seen, bins):
    edges = np.quantile(reference, np.arange(1, bins) / bins)
    p, q = (
        np.bincount(np.searchsorted(edges, part), minlength=bins) + 1 for part in (reference, seen)
    )
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def drifts(reference, seen):
    rng = np.random.default_rng(0)
    chance = [psi(reference, rng.choice(reference, len(seen)), 10) for _ in range(200)]
    return bool(psi(reference, seen, 10) > np.quantile(chance, 0.99))


### END SOLUTION

# %% test="drift" points=1
found = psi([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], 2)
assert isinstance(found, float), f"expected a float, but got {type(found).__name__}"
assert abs(found) < 1e-9, f"the same values have PSI 0, not {found:.3f}"
found = psi([1.0, 2.0, 3.0, 4.0], [4.0, 5.0, 6.0, 7.0], 2)
assert abs(found - 0.5365) < 1e-3, explain(
    round(found, 3),
    {
        0.243: "that is the sum of q ln(q/p). Which factor stands before the logarithm?",
        0.879: "0.5 is added to each count on the further page; how much is it here?",
    },
    f"all values in the upper bin: expected 0.536, but got {found:.3f}",
)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(7)
for size, count, bins, shift in ((100, 50, 10, 0.0), (1000, 20, 5, 1.0), (300, 3000, 20, -0.3)):
    before, after = rng.normal(size=size).tolist(), (rng.normal(size=count) + shift).tolist()
    edges = np.quantile(before, np.arange(1, bins) / bins)
    p, q = np.full(bins, 1.0), np.full(bins, 1.0)
    for part, counted in ((before, p), (after, q)):
        for value in part:
            counted[int((edges < value).sum())] += 1
    p, q = p / p.sum(), q / q.sum()
    wanted = sum((b - a) * math.log(b / a) for a, b in zip(p, q))
    assert abs(psi(before, after, bins) - wanted) < 1e-6, (
        "The index is off. Edges from the reference, the 1 in each bin, values beyond all edges?"
    )
    scaled = psi([1000 * v for v in before], [1000 * v for v in after], bins)
    assert abs(scaled - wanted) < 1e-3, "In another unit the index should be the same."
for before, after in (([1.0] * 6 + [2.0, 3.0], [1.0, 3.0, 3.0]), ([4.0, 4.0, 5.0], [4.0] * 9)):
    edges = np.quantile(before, (1 / 3, 2 / 3))
    p, q = (
        np.array([sum(int((edges < v).sum()) == k for v in part) + 1 for k in range(3)])
        for part in (before, after)
    )
    p, q = p / p.sum(), q / q.sum()
    assert abs(psi(before, after, 3) - ((q - p) * np.log(q / p)).sum()) < 1e-6, (
        "The index is off where the reference holds some values many times."
    )
### END HIDDEN TESTS

# %% test="drift" points=1
found = drifts(BEFORE, DAYS["Thursday"])
assert found in (True, False), f"expected True or False, but got {type(found).__name__}"
assert found, "on Thursday few images came, and quite other ones"
assert not drifts(BEFORE, DAYS["Monday"]), (
    "with 60 images a PSI above 0.1 comes by chance. What do 60 values from `BEFORE` give?"
)
assert drifts(BEFORE, DAYS["Tuesday"]), (
    "with a thousand images a PSI of less than 0.1 is no chance. What do as many from `BEFORE` give?"
)
### BEGIN HIDDEN TESTS
assert not drifts(BEFORE, DAYS["Wednesday"]), (
    "On a day on which nothing was different, it says that something was."
)
rng = np.random.default_rng(3)
other = rng.normal(size=3000).tolist()
for count, shift, wanted in (
    (40, 0.0, False),
    (40, 1.5, True),
    (1500, 0.25, True),
    (400, 0.0, False),
):
    some = (np.quantile(other, (np.arange(count) + 0.5) / count) + shift).tolist()
    assert bool(drifts(other, some)) == wanted, (
        "With another reference it decides wrongly. From which values are the draws, and how many?"
    )
for stretch in (0.5, 2.0):
    some = (np.quantile(other, (np.arange(400) + 0.5) / 400) * stretch).tolist()
    assert drifts(other, some), (
        "Values with the same mean and another spread are missed. Does the index decide?"
    )
middles = np.quantile(other, (np.arange(10) + 0.5) / 10).tolist()
assert not drifts(other, middles * 100), (
    "A tenth of the values in each of ten bins is no drift. Does it ask for 10 bins?"
)
# One bin of ten holds all, so each draw has the same index, and another value is no chance.
assert drifts([-1.0] * 95 + [0.0] * 905, [0.0] * 49 + [2.0]), (
    "A value that was never seen before is missed. Have the draws 10 bins, too?"
)
few = [-1.0] * 105 + [0.0] * 895
for times, some in ((1, [-1.0] * 22 + [0.0] * 178), (3, [-1.0] * 6 + [0.0] * 54)):
    assert not drifts(few * times, some), (
        "With few different values it finds a drift where there is none. Are there draws, with 10 bins, too?"
    )
### END HIDDEN TESTS

# %% [markdown]
# ## 7 · How many servers? (2 points)
#
# Requests come at random times, `rate` per second, and each goes to one of $k$ servers that is drawn at random. Each server has one worker that takes `cost` seconds per request, one by one. At the load $\rho = \mathtt{rate} \cdot \mathtt{cost} / k$, below 1, the mean latency is $\mathtt{cost}\,\bigl(1 + \frac{\rho}{2(1-\rho)}\bigr)$.
#
# Write `servers(rate, cost, limit)`: the smallest number of servers with a mean latency of at most `limit`, as an `int`; at least 1. If `limit` is not above `cost`: `ValueError`.
#
# `OPTIONS` has versions of a model: the cost per request, the price of a server per month, and the lower bound of its accuracy less that of today's version. Leave in `chosen` the name of the version that is cheapest in all for 900 requests per second and a mean latency of at most 8 ms, among those whose accuracy is shown to be at most 0.01 lower.
#
# *Lesson: parts 1 and 5.*

# %% given=true
OPTIONS = {
    "float32": (0.0050, 60, 0.0),
    "float32, fast machine": (0.0025, 100, 0.0),
    "int8": (0.0030, 60, -0.006),
    "int8, small machine": (0.0060, 28, -0.006),
    "pruned, int8": (0.0015, 60, -0.031),
}


# %% item="servers" answers=["servers", "chosen"]
### BEGIN SOLUTION
def servers(rate, cost, limit):
    if limit <= cost:
        raise ValueError("no number of servers makes a request faster than it is by itself")
    count = 1
    while True:
        load = rate * cost / count
        if load < 1 and cost * (1 + load / (2 * (1 - load))) <= limit * (1 + 1e-12):
            return count
        count += 1


good = {name: its for name, its in OPTIONS.items() if its[2] >= -0.01}
chosen = min(good, key=lambda name: servers(900, good[name][0], 0.008) * good[name][1])
### END SOLUTION

# %% test="servers" points=1
found = servers(180, 0.005, 0.03)
assert isinstance(found, int), f"expected an int, but got {type(found).__name__}"
assert servers(180, 0.005, 0.03) == 1, (
    "at 90 % load the mean is 27.5 ms: one server is enough for 30 ms"
)
found = servers(180, 0.005, 0.01)
assert found == 2, explain(
    found,
    {1: "one server has 27.5 ms: it can answer all requests, but not in time (lesson, part 1)"},
    f"two servers have 45 % load each and 7 ms: expected 2, not {found}",
)
assert servers(200, 0.005, 1000.0) == 2, "at a load of 1 the line grows for ever"
try:
    servers(10, 0.005, 0.005)
    refused = False
except ValueError:
    refused = True
assert refused, "a limit that is not above the cost should raise a ValueError"
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(7)
for _ in range(60):
    rate, cost = float(rng.uniform(1, 3000)), float(rng.uniform(0.001, 0.02))
    limit = cost * float(rng.uniform(1.02, 8))
    found = servers(rate, cost, limit)

    def mean(count, rate=rate, cost=cost):
        load = rate * cost / count
        return math.inf if load >= 1 else cost * (1 + load / (2 * (1 - load)))

    assert found >= 1 and mean(found) <= limit * (1 + 1e-9), "With so many servers it is too slow."
    assert found == 1 or mean(found - 1) > limit * (1 - 1e-9), "Fewer servers would do."
assert servers(0.001, 0.005, 0.006) == 1, "Hardly any requests: one server."
assert servers(0.18, 5.0, 30.0) == 1, "With costs of seconds the number of servers is off."
assert servers(1.0, 1.0, 1.5) == 2, "A mean latency that is just the limit is allowed."
try:
    servers(10, 0.005, 0.004)
    refused = False
except ValueError:
    refused = True
assert refused, "A limit below the cost of one request is not refused."
### END HIDDEN TESTS

# %% test="servers" points=1
assert chosen in OPTIONS, "`chosen` is the name of one of the versions"
assert chosen != "int8, small machine", (
    "six of the small machines can answer all requests, but not within 8 ms: how many does it take?"
)
### BEGIN HIDDEN TESTS
assert chosen != "pruned, int8", "Its accuracy may be three points lower. Is that allowed?"
assert chosen == "int8", (
    "Another version is cheaper in all. How many servers does each need, and what do they cost together?"
)
### END HIDDEN TESTS

# %% [markdown]
# ## 8 · A release (3 points, graded by your teacher)
#
# A colleague writes: *“The int8 version is ready. It is right on 91.2% of 250 test images, the old one on 91.6%, so the accuracy is the same. I started the server, sent 100 requests one after the other with a loop, and the p99 was 9 ms, far below our 50 ms; the old version had 14 ms in PyTorch. The calibration images are those of last year's shop; this year's
# have another camera. I'll copy the file over the old one tonight.”*
#
# Answer in six to ten sentences, so that he can act on it: what his comparisons of accuracy and of time lack, what may be wrong with the calibration, how to see it, and how to release.
#
# *Lesson: parts 3 to 5.*

# %% [markdown] item="release" manual=true points=3
# ### BEGIN SOLUTION
# **Accuracy.** With 250 images a difference of 0.4 points is one image, and nothing is shown: both files on the same images, a margin fixed beforehand, and a lower bound of the paired difference above it. That takes more images, about thousands.
#
# **Latency.** One client in a closed loop never makes a line, and omits the requests that would have waited. He should send by a clock at the rate of the users, warm up first, count from when requests were due, and send thousands before he says p99. The old version should be measured with the same runtime and load: int8 ONNX Runtime against PyTorch compares runtimes.
#
# **Calibration.** Another camera may give other brightness, so ranges don't fit: values are clipped or levels wasted. Compare both years' images (PSI, with a bound by chance), calibrate with this year's, and run the gate on this year's labelled images.
#
# **Release.** Don't overwrite: keep the old version loaded, let answers carry a version, send a small share of the requests to the new version first (a canary), and go back by one call. A model card says what was measured.
#
# Rubric, 1 point each:
#
# 1. Accuracy: too few images or a bound with a margin, paired, **and** latency: clock, load or number of requests, or equal runtimes. One of the two: half a point.
# 2. Calibration from another camera can spoil the ranges, **and** a way to see it (drift statistic, gate on this year's images). One of the two: half a point.
# 3. Keep the old version and a way back, **and** watch the new one (canary, share of traffic, a probe with labels). One of the two: half a point.
# ### END SOLUTION
