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
# # 12 · Serving
#
# **My model is small and quick in the notebook. What do people get who ask it over a network, many of them at a time?**
#
# You will take one network out of PyTorch, put it behind a real HTTP server on this machine, load it until it gives way, and build what stands between a
# new version and its users: a gate, and a way back.
#
# It takes about {minutes} minutes, with three places to stop, after parts 2, 4 and 5. You need static quantization with calibration data (lesson 05).
#
# The picture follows requests through a server with one worker. Each line is a request: grey while it waits, orange while it is served. Move the
# load before you run anything. From where on is it the waiting that counts?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_12.opening import waiting_line

waiting_line()

# %% [markdown]
# Three questions from before. Answer each before you unfold it.
#
# <details><summary>What does static quantization need that dynamic quantization does not? (lesson 05)</summary>Calibration data: the ranges of the activations are fixed beforehand.</details>
#
# <details><summary>Two programs add the same float32 numbers in another order. Are their sums equal? (lesson 02)</summary>Not to the last bit: each addition rounds.</details>
#
# <details><summary>Two networks are tested on the same 2,000 images. Which images say which of them is better? (lesson 10)</summary>The discordant ones: those that one gets right and the other
# wrong.</details>

# %%
import inspect
import logging
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pandas as pd
import torch
from IPython.display import Markdown
from torch import nn
from torch.nn import functional as F

from coursekit import guess, guesses, reveal
from coursekit.pictures import plot
from coursekit.lesson_12 import serving
from coursekit.lesson_12 import serving_app
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.measure import latency
from coursekit.nets.train import learn
from coursekit.nets.tflite import predict, write_dense
from coursekit.nets.train import set_seed
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace

set_seed(0)
logging.getLogger().setLevel(logging.ERROR)  # the exporter and the quantizer talk

# %% [markdown]
# ## 1 · One network, three runtimes
#
# The network is an MLP with 2,048 and 1,024 hidden units: far larger than the task needs, so that a call costs something.

# %% tags=["nbval-ignore-output"]
data = load_fashion_mnist()
train, validation = (part.tensors() for part in data.train.hold_out(2000))
test = data.test.tensors()
model = nn.Sequential(
    nn.Flatten(),
    *(nn.Linear(784, 2048), nn.ReLU()),
    *(nn.Linear(2048, 1024), nn.ReLU()),
    nn.Linear(1024, 10),
)


def loss(batch):
    return F.cross_entropy(model(train[0][batch]), train[1][batch])


learn(model, loss, len(train[0]), epochs=1)
with torch.no_grad():
    eager = model(test[0])
accurate = (eager.argmax(1) == test[1]).float().mean()
print(f"accuracy {accurate:.3f}, weights {4 * sum(p.numel() for p in model.parameters()):,} bytes")
assert accurate > 0.7

# %% [markdown]
# A server should not need the Python code of the network. **`torch.export`** follows one call and writes down a graph: which operations, on which shapes, with which weights.
# What must stay free is said beforehand: here the number of images.

# %%
batch = torch.export.Dim("batch", min=1, max=1024)
exported = torch.export.export(model, (validation[0][:2],), dynamic_shapes=({0: batch},))
for node in exported.graph.nodes:
    if node.op == "call_function":
        batch_size, *others = node.meta["val"].shape
        print(f"{node.target!s:26} (batch, {', '.join(map(str, others))})")

# %% [markdown]
# The graph is no runtime yet: PyTorch still runs it. **ONNX** is a file format for such graphs, and **ONNX Runtime** runs these files without PyTorch. **LiteRT** (lesson 11) is another runtime with another file, which `write_dense` writes from the weights and not from the graph. ExecuTorch, PyTorch's own runtime for phones, begins with
# `torch.export` too; it is not among this course's packages. `torch.compile` needs a C++ compiler and stays in Python: the table in part 5 of lesson 05 has its rows.

# %%
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    program = torch.onnx.export(
        exported, input_names=["images"], output_names=["logits"], dynamo=True, verbose=False
    )
float_file = program.model_proto.SerializeToString()
onnx.checker.check_model(onnx.load_from_string(float_file))
linear = [layer for layer in model if isinstance(layer, nn.Linear)]
layers = [(one.weight.detach().numpy(), one.bias.detach().numpy()) for one in linear]
litert_file = write_dense(layers)


def session(content):
    """An ONNX file, ready to run on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


float_run = session(float_file)
free, *fixed = float_run.get_inputs()[0].shape
print("the batch has a name:", isinstance(free, str), "; the rest is", fixed)

# %% [markdown]
# Do they compute the same? Compare logits, not classes: equal classes can hide a wrong preprocessing.

# %% tags=["nbval-ignore-output"]
some = test[0][:200]
logits = {
    "PyTorch, graph": exported.module()(some).detach().numpy(),
    "ONNX Runtime": float_run.run(None, {"images": some.numpy()})[0],
    "LiteRT": predict(litert_file, some.flatten(1).numpy()),
}
size = float(eager[:200].abs().max())
for name, its in logits.items():
    off = np.abs(its - eager[:200].numpy()).max()
    print(f"{name:14} off by at most {off:.1e}, where logits go up to {size:.0f}")
    assert off < 1e-3 * size

# %% [markdown]
# They agree up to the order of additions (lesson 02), which differs between runtimes and batch sizes. Ask for a bound, not for equality.
#
# The trap: an example with no word on the batch fixes it to the example's size, without an error. The first size of the file's input must be a name, not a number. If you declare the batch free and give *one* image, the export stops (“specialized it to be a constant”): give two or more.
#
# ## 2 · Eight bits in the file
#
# ONNX Runtime's static quantization is that of lesson 05: calibration images give the activations' ranges, weights get a scale per row. The file gets pairs of nodes, **QuantizeLinear** and **DequantizeLinear**, in short
# **QDQ**, around each operation. They mean fake quantization in floats; the runtime replaces pairs and operation by an integer kernel where it has one.


# %%
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process


class Images(CalibrationDataReader):
    """Hands out calibration images, 100 at a time, then None."""

    def __init__(self, images):
        self.parts = iter(images.split(100))

    def get_next(self):
        part = next(self.parts, None)
        return None if part is None else {"images": part.numpy()}


def to_int8(images):
    """The network in int8, as bytes, with ranges from these images, (n, 1, 28, 28)."""
    with tempfile.TemporaryDirectory() as folder:
        source, ready, out = (Path(folder, f"{name}.onnx") for name in "abc")
        source.write_bytes(float_file)
        quant_pre_process(source, ready)
        types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
        quantize_static(ready, out, Images(images), per_channel=True, **types)
        return out.read_bytes()


# %% tags=["nbval-ignore-output"]
int8_file = to_int8(validation[0][:200])
int8_run = session(int8_file)


def answers(run, images):
    """Logits of a session, (images, 10), for a tensor of images."""
    return run.run(None, {"images": images.numpy()})[0]


right = {
    "float32": answers(float_run, test[0]).argmax(1) == test[1].numpy(),
    "int8": answers(int8_run, test[0]).argmax(1) == test[1].numpy(),
}
for name, file in {"float32": float_file, "int8": int8_file}.items():
    print(f"{name:7}: {len(file):10,} bytes, accuracy {right[name].mean():.4f}")
apart = (right["float32"] != right["int8"]).sum()
print(f"one right and the other wrong: {apart} of 2,000 images")
assert len(int8_file) < 0.27 * len(float_file) and abs(right["int8"].mean() - accurate) < 0.02

# %% [markdown]
# This is the file around its first layer, which ONNX calls **Gemm**: a product of matrices plus a bias. Behind each node stand the inputs that the file stores for it.
#
# Then by hand what the first node does with an image's middle row: divide by the scale, round, add the zero point, clip.

# %%
graph = onnx.load_from_string(int8_file).graph
stored = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
print(serving.up_to_the_first("Gemm", graph), "\n")
first = next(node for node in graph.node if node.op_type == "QuantizeLinear")
scale, zero = (stored[name] for name in first.input[1:])
row = test[0][0, 0, 14].numpy()
codes = np.clip(np.round(row / scale) + zero, 0, 255).astype(np.uint8)
print("scale × 255 =", round(float(scale) * 255, 4), " zero point =", zero)
print("floats:", row[12:18].round(3))
print("codes: ", codes[12:18])
print("pixels:", data.test.images[0, 14, 12:18])
assert (codes == data.test.images[0, 14]).all()

# %% [markdown]
# Weights stand there as int8, the bias as int32, each with one scale and one zero point (0) per row; the attribute `axis` of `DequantizeLinear` says along which axis scales differ.
#
# The codes *are* the pixels. The client sends bytes, our server will divide them by 255, and the first node of the int8 file takes that back.
#
# Now time, of the file alone. Each session and each number of images is timed alone, in a block of calls of its own, and five rounds of all blocks show how much a figure moves. A server can answer several images in one call, a **batch**. Float32, 8 images in one call: how many times as long as one image?

# %%
guess("float32: 8 images in one call, against one image", unit="× the time", low=0, high=12)

# %% tags=["nbval-ignore-output"]
counts = (1, 2, 4, 8, 16, 32)
fed = {count: {"images": test[0][:count].numpy()} for count in counts}
runs = {"float32": float_run, "int8": int8_run}
blocks = {(name, count): [] for name in runs for count in counts}
for _ in range(5):
    for name, count in blocks:
        call = {"it": lambda run=runs[name].run, its=fed[count]: run(None, its)}
        blocks[name, count].append(1000 * latency(call, runs=10, warm_up=3)["it"].median)
ratios = np.divide(blocks["float32", 8], blocks["float32", 1])
reveal(
    "float32: 8 images in one call, against one image",
    np.median(ratios),
    between=(ratios.min(), ratios.max()),
)
spread = serving.spread  # the median, and the lowest and highest of the rounds
table = {name: [spread(blocks[name, n]) for n in counts] for name in runs}
table["int8 / float32"] = [
    spread(np.divide(blocks["int8", n], blocks["float32", n])) for n in counts
]
table["float32, per image"] = [spread(np.array(blocks["float32", n]) / n) for n in counts]
pd.DataFrame(table, pd.Index(counts, name="ms, images"))

# %% [markdown]
# Eight images are eight times the arithmetic and less than eight times the time. The last column says from which size on a larger batch is no longer cheaper per image.
#
# Both columns are the same runtime on one thread: against eager PyTorch a part of int8's gain would be the runtime's. With another network int8 may be slower than its own float (lesson 05 measured a small layer that was). On other CPUs also compare the *accuracy*: on x86 without VNNI
# instructions, sums of uint8 × int8 products can overflow 16 bits and are clipped (`reduce_range` of ONNX Runtime avoids it).
#
# > **A place to stop.** The network left PyTorch, with a bound on what changed. Before you go on: why does quantization need calibration images, and which?
# > <details><summary>Answer</summary>The activations' ranges are fixed in the file. Images must be like those that will come: with other ones values are clipped, or bits wasted.</details>
#
# ## 3 · A server that ends with its cell
#
# A server is a process that waits at a **port**, a number on its machine, for requests. A **request** is a path, such as `/predict`, and perhaps bytes, its *body*. The server sends back an **answer**: bytes, and a number, its **status**. 200 means success, 422 that the body can't be used, 503 that too many wait. HTTP is the form in which all that is written.
#
# Ours is FastAPI, which turns a Python function into what answers a path, run by the web server uvicorn, with ONNX Runtime inside: `coursekit/lesson_12/serving_app.py`. The next cell shows the lines that a request meets. `await` gives the turn to other requests until the result is there. An answer says which *version* of the model gave it and how long the model took.
#
# `serving.Server` starts it in a process of its own, on a free port of 127.0.0.1, which no other machine can reach. It ends with the `with` block, whatever happens in it, and with the kernel. Try it:

# %% tags=["nbval-ignore-output"]
source = inspect.getsource(serving_app.make_app)
begin, end = source.index('    @app.post("/predict")'), source.index('    @app.post("/use')
print(inspect.cleandoc(source[begin:end]), "\n")
garment = data.test.images[0].tobytes()
try:
    with serving.Server({"float32": float_file, "int8": int8_file}) as server:
        print(server.ask("/predict", garment))
        server.ask("/predict", garment[:-1])
except RuntimeError as problem:
    print(problem)
print("ended:", server.process.poll() is not None)
assert server.process.poll() is not None

# %% [markdown]
# The request that is one byte short gets a 422; as an error it left the `with` block, and the server ended all the same.
#
# A **cold start**: a process must start, Python import, and the file be read. How many *warm* requests, one after the other, fit into the time from the start to the first answer?
#
# In the next cell `server.use(version)` says which of the loaded models answers from now on. `serving.closed_loop` is a client that asks, waits for the answer, and asks again. Its first requests are a **warm-up** and don't count. Versions take turns, six rounds of each, and the server says how long the model took.

# %%
guess("Cold start, in warm requests", low=1, high=10000)

# %% tags=["nbval-ignore-output"]
import time

began = time.perf_counter()
with serving.Server({"float32": float_file}) as server:
    first_answer = server.ask("/predict", garment) and time.perf_counter() - began
whole, model_ms = ({version: [] for version in runs} for _ in range(2))
with serving.Server({"float32": float_file, "int8": int8_file}) as server:
    for _ in range(6):
        for version in runs:
            server.use(version)
            serving.closed_loop(server, data.test.images, 10)  # warm-up, not counted
            seen = serving.closed_loop(server, data.test.images, 40)
            whole[version].append(1000 * np.median(seen.latency))
            model_ms[version].append(1000 * np.median(seen.model))
reveal("Cold start, in warm requests", 1000 * first_answer / np.median(whole["float32"]))
print(f"start to first answer: {first_answer:.2f} s")
parts = {"request": whole, "the model, inside the server": model_ms}
parts["the rest"] = {version: np.subtract(whole[version], model_ms[version]) for version in runs}
pd.DataFrame(parts).map(spread).rename_axis("ms")

# %% [markdown]
# Whoever starts a server per request, or lets it go to sleep, pays the cold start. Ours was the second start of the same program, with its files in memory already, so a first one takes longer. A *readiness* check sends one request through the model before anybody else may.
#
# The rest of a warm request is HTTP, Python and the way between two processes. Whether it differs between versions, read off the last column's ranges.
#
# ## 4 · Percentiles, and who keeps the clock
#
# Sort the latencies. **p99** is the smallest value that 99 % of them do not exceed: of 200 sorted values the 198th. **p50**, the median, and **p95** are meant alike. `serving.nearest_rank` has three lines for it:
#
# ```python
# place = math.ceil(round(share * len(values), 9))  # 0.07 * 100 is 7.000000000000001
# ordered = np.sort(values)
# return ordered[place - 1]                         # places count from 1
# ```
#
# If a page makes 50 requests that are independent of each other, 39 of 100 pages meet one that is slower than the p99: $1 - 0.99^{50} = 0.39$.
#
# First a server that we can compute exactly, without a clock. One worker takes the oldest request, spends 5 ms, and takes the next:


# %%
def one_by_one(arrivals, cost):
    """Latency of each request, with one worker; all in seconds."""
    free, found = 0.0, []
    for arrival in arrivals:
        start = max(free, arrival)  # it may have to wait
        free = start + cost
        found.append(free - arrival)
    return np.array(found)


came = [0.000, 0.002, 0.004, 0.030]
print((1000 * one_by_one(came, 0.005)).round(1), "ms")
busy = serving.poisson(rate=150, count=20_000)
assert np.allclose(one_by_one(busy, 0.005), serving.serve(busy, lambda size: 0.005).latency)

# %% [markdown]
# Three requests came together, so the second one waited 3 ms and the third 6. `serving.poisson` draws arrivals at random, independent of each other (a *Poisson process*), and `serving.serve` is the same loop with what part 5 will add.
#
# The worker can answer 200 per second. At 180 per second it is busy for 90 % of the time: its **load**. How long is the *mean* latency, in multiples of the 5 ms that a request takes by itself?

# %%
guess("Mean latency at 90 % load, against an idle server", unit="×", low=1, high=20)

# %%
loads = np.array([0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95])
cost = 0.005
found = {load: one_by_one(serving.poisson(load / cost, 40_000), cost) / cost for load in loads}
fig, ax = plot.figure(width=8, height=3.6)
for share, mark in ((0.5, "o"), (0.99, "s")):
    curve = [serving.nearest_rank(found[load], share) for load in loads]
    ax.plot(100 * loads, curve, marker=mark, label=f"p{100 * share:.0f}")
theory = 1 + loads / (2 * (1 - loads))
ax.plot(100 * loads, theory, "--", color="grey", label="mean, by the formula")
ax.set(
    title="One worker: latency against load", xlabel="load (%)", ylabel="× the time of one request"
)
ax.legend()
plot.show(
    fig,
    alt="Latency in multiples of one request's time, against load from 10 to 95 per cent. Three curves: p50, p99, and the mean by a formula.",
)
means = [one_by_one(serving.poisson(180, 40_000, seed), cost).mean() / cost for seed in range(20)]
reveal(
    "Mean latency at 90 % load, against an idle server",
    round(float(np.median(means)), 1),
    between=(min(means), max(means)),
)
assert abs(np.median(means) / theory[7] - 1) < 0.1 and abs(found[0.5].mean() / 1.5 - 1) < 0.05

# %% [markdown]
# The range is that of 20 draws with 40,000 requests each. With one worker, random arrivals and a constant time for each request the mean is $1 + \frac{\rho}{2(1-\rho)}$ times that of an idle server, with $\rho$ for the load (Pollaczek and Khinchine): 1.5 at one half, 5.5 at 90 %, and no
# end towards 100 %. People speak of a **knee**, but the formula has no corner. Say which latency is too long, and read off the load: if p99 may be five times the time of a request, the plot allows a little more than half of the capacity.
#
# Back to 180 requests per second and 5 ms each. Your next version takes 4.5 ms. By how many milliseconds does the mean latency fall?

# %%
guess(
    "180 per s: a request takes 4.5 ms in place of 5. The mean falls by", unit="ms", low=0, high=30
)


# %%
def mean_latency(rate, cost):
    """By the formula; cost in ms, rate per second."""
    rho = rate * cost / 1000
    return cost * (1 + rho / (2 * (1 - rho)))


for rate in (20, 100, 180):
    falls = mean_latency(rate, 5) - mean_latency(rate, 4.5)
    print(f"{rate:3} per s (load {rate / 2:.0f} %): the mean falls by {falls:.1f} ms")
reveal("180 per s: a request takes 4.5 ms in place of 5. The mean falls by", round(falls, 1))

# %% [markdown]
# At 10 % load one gets the half millisecond, at 90 % many times as much, since the load falls as well. What compression gains for users depends on the load.
#
# **Two kinds of load test.** A **closed loop** has clients that send their next request when they have their answer. An **open loop** sends by a clock, as users do, who know nothing of each other. A server takes 2 ms, and requests come every 10 ms, for 10 s. Once, it stands still for one second. One client in a
# closed loop pauses for 8 ms after each answer. Which p99 does it report?

# %%
guess(
    "p99 of the closed loop, with a pause of 1 s",
    choices=["above 0.5 s", "0.1 to 0.5 s", "10 ms to 0.1 s", "under 10 ms"],
)

# %%
pause, work = (2.0, 3.0), 0.002


def with_pause(start):
    """When a request that is begun then is answered."""
    return (pause[1] if pause[0] <= start < pause[1] else start) + work


now, closed, opened, free = 0.0, [], [], 0.0
while now < 10:
    done = with_pause(now)
    closed.append(done - now)
    now = done + 0.008
for due in np.arange(0, 10, 0.01):
    free = with_pause(max(free, due))
    opened.append(free - due)
for name, its in {"closed loop": closed, "open loop": opened}.items():
    p99 = serving.nearest_rank(its, 0.99)
    print(f"{name}: {len(its)} requests, {sum(t > 0.1 for t in its)} over 0.1 s, p99 {p99:.3f} s")
ends = {"above 0.5 s": 0.5, "0.1 to 0.5 s": 0.1, "10 ms to 0.1 s": 0.01, "under 10 ms": 0}
reported = serving.nearest_rank(closed, 0.99)
came_out = next(name for name, least in ends.items() if reported >= least)
reveal("p99 of the closed loop, with a pause of 1 s", came_out)

# %% [markdown]
# During the pause the client waited, *and did not ask*. A hundred requests that users would have sent are missing from its list; one slow one of 900 does not move the p99. Tene calls it **coordinated omission**. `serving.open_loop` counts each latency from
# when its request was **due**.
#
# The second trap is too few requests. Take our exact server at 90 % load. Four hundred people measure its p99, each with 1,000 requests in a row, after a warm-up of 2,000. Leave out the luckiest tenth of them and the unluckiest. By what factor do the others' p99 still differ?

# %%
guess("p99 of 1,000 requests, 400 times: 90th percentile over 10th", unit="×", low=1, high=10)

# %%
in_a_row = [one_by_one(serving.poisson(180, 12_000, seed), cost)[2000:] for seed in range(400)]
mixed = np.random.default_rng(0).permutation(np.concatenate(in_a_row)).reshape(400, -1)


def differ(lists, share, count):
    """How far the lists' percentiles of their first values differ: 90th percentile over 10th."""
    its = [serving.nearest_rank(one[:count], share) for one in lists]
    return serving.nearest_rank(its, 0.9) / serving.nearest_rank(its, 0.1)


rows = {
    f"{count:,}": {
        "p99, in a row": differ(in_a_row, 0.99, count),
        "p99, mixed": differ(mixed, 0.99, count),
        "p50, in a row": differ(in_a_row, 0.5, count),
    }
    for count in (100, 1000, 10_000)
}
reveal(
    "p99 of 1,000 requests, 400 times: 90th percentile over 10th",
    round(rows["1,000"]["p99, in a row"], 1),
)
pd.DataFrame(rows).T.round(2).rename_axis("requests")

# %% [markdown]
# “Mixed” are the same latencies in random order: were they independent, a thousand would do. In a row neighbours wait in the same queue, and one long queue raises hundreds of latencies together. More requests help, but slowly: near full load even 10,000 leave a factor of almost two. Our own server's p99 are anecdotes, since no
# cell may take long. Its p50 need not follow the curve either: client and server share one machine, and likely what they cost each other is as much as the model. So read the next table for one thing, the shape of its last row.
#
# The real server, by the clock, at shares of its capacity: what 8 clients in a closed loop get out of it, the median of five tries. Then another one, in which at most two requests may wait, with 64 clients.

# %% tags=["nbval-ignore-output"]
rows = {}
with serving.Server({"float32": float_file}) as server:
    tries = [
        serving.closed_loop(server, data.test.images, 150, at_once=8).throughput for _ in range(6)
    ][1:]  # the first one is the warm-up
    capacity = np.median(tries)
    print("answers per s in a closed loop:", spread(tries, 0))
    for share in (0.2, 0.5, 0.8, 2):
        rate = share * capacity
        seen = serving.open_loop(server, data.test.images, rate, count=min(400, int(2 * rate)))
        rows[f"{share:.0%} of capacity"] = {"due per s": round(rate)} | seen.row()
try:
    with serving.Server({"float32": float_file}, line=2) as server:
        serving.closed_loop(server, data.test.images, 1000, at_once=64)
except RuntimeError as problem:
    print("with room for two:", problem)
pd.DataFrame(rows).T

# %% [markdown]
# In the last row requests come faster than they are answered, as both rates say, and the line grows as long as the test lasts. A test twice as long would show about twice the latency, so this number says nothing about the server. Such a row shows in the last column: fewer answers than were due. (“Capacity” was what eight clients got out of it, and more at once may get more.) A server with a bound on its line says 503 at once.
#
# The client, one Python process on the same machine, may have given way first.
#
# > **A place to stop.** Latency is made by the load as much as by the model. Before you go on: your load test reports a p99 of 12 ms, and users complain. What do you ask first?
# > <details><summary>Answer</summary>Whether requests were sent by a clock, how many there were, and at which share of the capacity.</details>
#
# ## 5 · Batches of what waits
#
# While the worker is busy, requests pile up. A batch of eight took less than eight times as long (part 2). **Dynamic batching** takes what waits, at most `most` requests, in one call. In our exact server it is two lines more:


# %%
def in_batches(arrivals, cost, most):
    """As one_by_one; `cost(size)` is the time of a batch, of all that waits and fits."""
    free, at, found = 0.0, 0, []
    while at < len(arrivals):
        start = max(free, arrivals[at])
        size = 1
        while size < most and at + size < len(arrivals) and arrivals[at + size] <= start:
            size += 1
        free = start + cost(size)
        found += [free - arrival for arrival in arrivals[at : at + size]]
        at += size
    return np.array(found)


def cost_of(size):
    return 0.004 + 0.001 * size  # invented: a fixed part, and one per request


assert np.allclose(1000 * in_batches(came, cost_of, 8), [5, 9, 7, 5])
assert np.allclose(in_batches(busy, cost_of, 8), serving.serve(busy, cost_of, most=8).latency)

# %% [markdown]
# Of the four requests of before, the second and third now go together. A single request takes 5 ms, a batch of 16 takes 20, so the worker can sustain 16 / 0.020 = 800 per second in place of 200. The times are invented; part 2 has yours.
#
# A batcher can also **wait** for others: it begins when the batch is full, or when the oldest request has waited for so long since it came. By hand: requests come at 0, 1 and 10 ms, the wait is 2 ms. The first waits until 2, and the second, which has come, goes along: both are answered at 2 + 6 = 8, after 8 and 7 ms. The third waits until 12, nobody comes, and it is answered at 17, after 7 ms.

# %%
hand = serving.serve([0.000, 0.001, 0.010], cost_of, most=8, wait=0.002)
print("by hand:", (1000 * hand.latency).round(1), "ms")
columns = {}
rates = [40, 100, 160, 190, 250, 400, 600, 760]
for most, wait in ((1, 0), (4, 0), (16, 0), (16, 0.02)):
    column = []
    for rate in rates:
        its = serving.serve(serving.poisson(rate, 20_000), cost_of, most, wait)
        p99 = 1000 * serving.nearest_rank(its.latency, 0.99)
        full = rate >= most / cost_of(most)
        column.append("–" if full else f"{p99:.0f} ms, {its.sizes.mean():.1f}")
    columns[f"at most {most}" + (", wait 20 ms" if wait else "")] = column
pd.DataFrame(columns, pd.Index(rates, name="per second: p99, mean batch"))

# %% [markdown]
# Four times the capacity from a larger `most`, and no price at low load. The wait is different. At 40 per second it raises the mean batch from about 1 to below 2, and most requests pay the whole 20 ms for it. Where requests are many, batches fill without it.
#
# Our server has a batcher without a wait. `queue` holds the requests. Each brings a *future*: a place for its answer, which the request awaits. These lines take a batch and run it:

# %% tags=["nbval-ignore-output"]
body = inspect.getsource(serving_app.Batcher.work).splitlines()
start = next(number for number, line in enumerate(body) if "self.queue.get()" in line)
print(inspect.cleandoc("\n".join(body[start : start + 7])))
per_second = {}
with serving.Server({"float32": float_file, "int8": int8_file}) as server:
    for _ in range(5):
        for version in runs:
            for name, most in (("one by one", 1), ("one by one, again", 1), ("at most 16", 16)):
                server.use(version, most=most)
                seen = serving.closed_loop(server, data.test.images, 150, at_once=16)
                per_second.setdefault((version, name), []).append(seen.throughput)
            largest = max(server.sizes())
assert 1 < largest <= 16
base = {version: np.array(per_second[version, "one by one"]) for version in runs}
columns = {"one by one, answers per s": {v: spread(base[v], 0) for v in runs}}
for name in ("one by one, again", "at most 16"):
    columns[f"{name}, ×"] = {v: spread(per_second[v, name] / base[v]) for v in runs}
pd.DataFrame(columns)

# %% [markdown]
# The first line waits until there is a request. The next two take what else is there. The model runs in a thread (`to_thread`), so that requests can come in meanwhile.
#
# Sixteen clients, five rounds; the factors are of the same round. The middle column compares one by one with itself: what it spans is noise, and a factor of the last column says something only outside of that. Client and server share a machine and HTTP is paid per request, so such a factor is smaller than the 4 of the exact server. Between int8 and float32 batching gains differ only if the ranges are apart.
#
# > **A place to stop.** A batch of what waits raises what an exact server can take, and costs nothing where nothing waits. Before you go on: what does a batcher that waits 20 ms for others cost at low load?
# > <details><summary>Answer</summary>Nearly every request becomes 20 ms slower, since nobody else comes.</details>
#
# ## 6 · A gate before the release
#
# A new version of a model is a change like any other: a test, a **gate**, decides whether it may go out. Three bounds, fixed beforehand. **Size**: bytes. **Time**: at most 1.5 times that of the float file, both on the same machine. **Accuracy**: not “at least as good”, since noise decides about that, but *not worse by more than a margin*, and shown to be so. Both versions see the same
# images, so only discordant ones count (lesson 10). Per image the difference $d$ is 1 where only the new version is right, −1 where only the old one is, else 0. The standard error of its mean is $s/\sqrt n$, with $s$ for the standard deviation over $n - 1$. The mean less 1.645 standard errors lies below the truth in about 95 of 100 tests, *if many images are discordant*.
# With ten images, none discordant, $s$ would be 0 and everything shown. So one lost image is added to the list. Then 263 images without any loss are still too few for a margin of 1 %, and 264 are enough.


# %%
def gate(old_right, new_right, new_bytes, times, margin=0.01, most_bytes=5_000_000, slowest=1.5):
    """Reasons why a version may not go out; none if it may. `…_right`: bool, shape (images,)."""
    difference = np.append(new_right.astype(float) - old_right, -1)  # one lost image more
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    low = difference.mean() - 1.645 * error  # one-sided, 95 %
    problems = []
    if low < -margin:
        problems.append(
            f"may be {-100 * low:.1f} points less accurate, allowed: {100 * margin:.1f}"
        )
    if new_bytes > most_bytes:
        problems.append(f"{new_bytes:,} bytes, allowed are {most_bytes:,}")
    if times > slowest:
        problems.append(f"{times:.1f} times the float file's time, allowed are {slowest}")
    return problems


def test_release(content):
    """What is run with every new file, before anybody gets it."""
    run = session(content)
    new = answers(run, test[0]).argmax(1) == test[1].numpy()
    ratios = serving.time_ratios(run, float_run, fed[1])  # five rounds, a block of each
    problems = gate(right["float32"], new, len(content), np.median(ratios))
    assert not problems, "; ".join(problems)


# %% [markdown]
# What does it let through? Versions that lose two points in truth, with a margin of one:

# %%
rng = np.random.default_rng(0)
for count in (50, 300, 1000):
    lost = rng.random((2000, count)) < 0.02  # truly 2 points worse
    passed = np.mean([not gate(np.ones(count, bool), ~one, 0, 1) for one in lost])
    same = gate(np.ones(count), np.ones(count, bool), 0, 1)
    print(
        f"{count:5} images: 2 points worse passes in {passed:.1%}; the same file", same or "passes"
    )


# %% [markdown]
# With few images nothing passes, with many a version that loses two points does not. (The time is that of single calls, by the median. A p95 would mostly measure what else the machine does, and stop versions by chance.)
#
# Two colleagues have a version each. One leaves out the pairs around the activations: no calibration, and the weights stay in int8. The other calibrates again, with 200 pictures from another camera. It gives 12 bits per pixel, and they are divided by 65,535, as for 16 bits, in place of 4,095. All
# values are a sixteenth of what they should be; users send images as before. Which accuracy has *that* int8 file on them?

# %%
guess("int8, calibrated on values ÷ 16: accuracy", low=0, high=1)

# %% tags=["nbval-ignore-output"]
sixteenth = validation[0][:200] / 16
dark_file = to_int8(sixteenth)
candidates = {"float32": float_file, "int8": int8_file, "int8, ÷ 16": dark_file}
candidates["int8 weights"] = serving.weights_only(int8_file)
for name, content in candidates.items():
    try:
        test_release(content)
        print(f"{name:12} may go out")
    except AssertionError as problem:
        print(f"{name:12} is stopped: {problem}")
wrong = answers(session(dark_file), test[0]).argmax(1) == test[1].numpy()
reveal("int8, calibrated on values ÷ 16: accuracy", wrong.mean())
assert wrong.mean() < right["int8"].mean() - 0.05

# %% [markdown]
# The float file is stopped by its size. The one with int8 weights alone is small and right; if it is stopped, then by its time, since each call turns all weights back to floats. The spoilt one is small and quick, but values beyond its ranges are clipped. The gate sees it because its test images are those of the users. Would we have found the reason without any label? Compare what came to calibration with what comes in use.
# The **population stability index** (PSI; Siddiqi 2006) does it for one number per image, here its mean brightness. With the shares $p_k$ (reference) and $q_k$ (seen) in ten bins that hold a tenth of the reference each:
#
# $$\mathrm{PSI} = \sum_k (q_k - p_k) \ln \frac{q_k}{p_k}$$


# %% tags=["nbval-ignore-output"]
def psi(reference, seen, bins=10):
    """Population stability index of two samples, 1-D; bins are quantiles of the reference."""
    edges = np.quantile(reference, np.linspace(0, 1, bins + 1)[1:-1])
    p, q = (
        np.bincount(np.searchsorted(edges, part), minlength=bins) + 0.5  # no bin is empty
        for part in (reference, seen)
    )
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def brightness(images):
    return images.mean((1, 2, 3)).numpy()


users, others = brightness(validation[0][200:]).reshape(2, 900)  # both from the users
rng, limits = np.random.default_rng(0), {}
for count in (20, 100, 200, 400):
    draws = (rng.choice(others, count, replace=False) for _ in range(500))
    limits[count] = serving.nearest_rank([psi(users, draw) for draw in draws], 0.99)
    print(f"{count:3} images without any drift: below {limits[count]:.2f} in 99 of 100 draws")
good, quarter = validation[0][:200], validation[0][:200] / 4
for name, images in {"as they are": good, "÷ 4": quarter, "÷ 16": sixteenth}.items():
    file_right = answers(session(to_int8(images)), test[0]).argmax(1) == test[1].numpy()
    print(f"calibration images {name}: PSI {psi(users, brightness(images)):.2f}", end="")
    print(f", accuracy of the int8 file {file_right.mean():.3f}")
assert psi(users, brightness(good)) < 2 * limits[200] < psi(users, brightness(quarter))

# %% [markdown]
# The bound is what as many images of the users give without any drift. A fixed rule such as “above 0.25” does not know how many there are: chance alone exceeds it with 20 images, and with 400 it lets pass what chance does not explain.
#
# A quarter is found as surely as a sixteenth, and compare the two accuracies: drift is no measure of harm. PSI asks a question, and the gate answers it. What PSI can't see is drift in anything else: the same brightness with other garments passes.
#
# ## 7 · Back to the version before, and a card
#
# Some versions pass the gate and fail in use. What helps then is the **way back**, and it has to be there before: the old version stays loaded, answers carry a version, and one call switches. We release the spoilt file as version 2 on purpose, to all users at once. Then we ask a **probe**, 100 images whose labels
# we know, and go back. Users' requests run all the time:

# %% tags=["nbval-ignore-output"]
import threading

with serving.Server({"1": int8_file, "2": dark_file}) as server:
    result = []
    users_ask = threading.Thread(
        target=lambda: result.append(serving.closed_loop(server, data.test.images, 1500, at_once=4))
    )
    users_ask.start()
    time.sleep(0.1)
    server.use("2", most=16)
    asked = [server.ask("/predict", image.tobytes()) for image in data.test.images[:100]]
    seen = np.mean([a["class"] == y for a, y in zip(asked, data.test.labels)])
    if seen < right["int8"][:100].mean() - 0.05:
        print(server.use("1", most=16))
    users_ask.join()
[all_of_them] = result
wrong_ones = all_of_them.classes != data.test.labels[:1500]
by_version = pd.Series(wrong_ones).groupby(all_of_them.versions)
assert len(wrong_ones) == 1500 and (all_of_them.classes >= 0).all()
by_version.agg(["count", "sum", "mean"]).set_axis(["answers", "wrong", "share wrong"], axis=1)

# %% [markdown]
# Every request was answered, since both versions were loaded and a switch is one assignment. But all users got the bad version until the probe was through. So a release begins with a **canary**: a small share of the requests, say 5 %, goes to the new version first, and the rest follows when its answers hold. With 100
# images a point more or less is noise, so the probe's bound is coarse. One warning: gate, probe and card here use the same test images. Who chooses among many versions by them needs fresh ones for the card.
#
# A **model card** (Mitchell et al. 2019) says what a model is for, on what it was measured, and what it can't do. Figures are put in by the script that measured them. Five headings are for a person, and the card says so while they are empty:

# %% tags=["nbval-ignore-output"]
card = serving.ModelCard(
    "garments 1, int8",
    {
        "accuracy": f"{right['int8'].mean():.3f} on 2,000 test images of Fashion-MNIST",
        "against float32": f"{right['int8'].mean() - right['float32'].mean():+.4f}, {apart} discordant",
        "file": f"{len(int8_file):,} bytes, ONNX with QDQ, int8 weights per row",
        "calibration": f"200 images, PSI of brightness {psi(users, brightness(good)):.2f}",
    },
)
print("missing:", card.missing())
card.written |= {
    "Intended use": "Lessons on serving.",
    "Not for": "Photographs. It has seen small grey pictures of single garments, light on black.",
    "Data": "Fashion-MNIST (Xiao et al. 2017), 8,000 images for training, 200 for calibration.",
    "Limits": f"{1 - right['int8'].mean():.0%} of the test images are wrong. Other light was not tried.",
    "Who answers for it": "Whoever releases it.",
}
assert not card.missing()
Markdown(card.markdown())

# %% tags=["nbval-ignore-output"]
guesses()

# %% [markdown]
# ## You can now…
#
# - take a network out of PyTorch, with a free batch dimension, and bound what other runtimes change;
# - serve it over HTTP in a process that ends with its cell, and say what of a request is the model;
# - read p50, p95 and p99, say how far a p99 can be trusted, and size a server by the load at which its p99 still holds;
# - batch what waits, and say what waiting for more costs;
# - stop a bad release by a gate, find drift in calibration data, and go back.
#
# **Common mistakes**
#
# - A load test in a closed loop, with a p99 from a hundred requests.
# - A mean or percentile that counts the first, cold requests.
# - int8 on one runtime against float32 on another.
# - A gate that asks for “not lower”: chance stops many harmless versions and lets some worse ones pass.
# - Calibration images that came by another road than the users'.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | export | `torch.export.export(m, (x,), dynamic_shapes=({0: Dim("batch")},))`; `x`: two images or more |
# | to ONNX | `torch.onnx.export(exported, dynamo=True)`; bytes: `.model_proto.SerializeToString()` |
# | run | `ort.InferenceSession(content, providers=["CPUExecutionProvider"]).run(None, {"images": x})` |
# | int8 | `quant_pre_process`, then `quantize_static(…, reader, per_channel=True)` |
# | compare | logits, with a bound; int8 with the same runtime's float32 |
# | p99 | the sorted value at place ⌈0.99 n⌉; thousands of requests |
# | load test | by a clock, latency from when a request was due; warm up first |
# | mean latency | $1 + \rho / (2(1-\rho))$ times the idle one, at load $\rho$; one worker, constant time, random arrivals |
# | capacity in batches | `most / cost(most)` |
# | accuracy gate | paired differences and one −1 more: mean − 1.645 $s/\sqrt n$ at least −margin |
# | time gate | the median ratio to the float file, in turn on one machine |
# | drift | PSI, with a bound from as many values without drift |
# | rollback | both versions loaded, a version in each answer, one call |

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("12")` from `coursekit.learn.widgets` brings the page above back.
#
# **Cards.** Say the answer aloud before you turn one. Those you forget come back soon.

# %%
cards("12")

# %% [markdown]
# **Quiz.** Each option tells why it is right or wrong, and you may try again.

# %%
quiz("12")

# %% [markdown]
# **In your own words.** Write two or three sentences. You see which ideas were found in them.

# %%
respond("12")

# %% [markdown]
# **Practice.** From easy to hard, with a hint and worked steps when you want them.

# %%
practice("12")

# %% [markdown]
# **Traces.** Follow a run step by step. Say what comes next before you press the button.

# %% tags=["nbval-ignore-output"]
trace("12")

# %% [markdown]
# **Pattern test.** Ten questions on *deployment* from all lessons. Take it when the rest feels easy.

# %%
pattern_test("deployment")

# %% [markdown]
# **How far you are**, in this lesson and in the others.

# %% tags=["nbval-ignore-output"]
progress()

# %% [markdown]
# ## References
#
# - F. Pollaczek (1930), A. Khinchine (1932): the mean wait of a queue with one worker and random arrivals.
# - J. Dean, L. A. Barroso (2013): *The Tail at Scale*. Communications of the ACM 56(2), 74–80. Why p99 is what users meet.
# - D. Crankshaw et al. (2017): *Clipper: A Low-Latency Online Prediction Serving System*. NSDI. arXiv:1612.03079. Batches of what waits.
# - G. Tene (2013): *How NOT to Measure Latency*. Talk. Coordinated omission.
# - E. Breck et al. (2017): *The ML Test Score: A Rubric for ML Production Readiness*. IEEE Big Data. Gates and canaries.
# - M. Mitchell et al. (2019): *Model Cards for Model Reporting*. FAT*. arXiv:1810.03993.
# - N. Siddiqi (2006): *Credit Risk Scorecards*. Wiley. The population stability index, with fixed bounds.
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
# - [ONNX Runtime: quantization](https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html), [`torch.export`](https://docs.pytorch.org/docs/stable/export.html), [FastAPI](https://fastapi.tiangolo.com).
