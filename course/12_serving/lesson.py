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
# **My model is small and quick in the notebook. What do people get who ask it over a network, a hundred of them at a time?**
#
# You will take one network out of PyTorch, put it behind a real HTTP server on this machine, load it until it gives way, and build what stands between a
# new version and its users: a gate, and a way back.
#
# It takes about {minutes} minutes, with two places to stop, after parts 2 and 5. You need static quantization with calibration data (lesson 05).
#
# The picture follows requests through a server with one worker. Each line is a request: grey while it waits, orange while it is served. Move the
# load before you run anything. From where on is it the waiting that counts?

# %% tags=["nbval-ignore-output"]
from coursekit.openings.lesson_12 import waiting_line

waiting_line()

# %% [markdown]
# Three questions from before. Answer each before you unfold it.
#
# <details><summary>What does static quantization need that dynamic quantization does not? (lesson 05)</summary>Calibration data: the ranges of the activations are fixed beforehand.</details>
#
# <details><summary>Why does a large linear layer take about as long for four images as for one? (lesson 01)</summary>Reading its weights takes longer than computing with
# them. All images of a batch share one reading.</details>
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

from coursekit import guess, guesses, plot, reveal, serving, serving_app
from coursekit.data import load_fashion_mnist
from coursekit.measure import latency
from coursekit.taught import learn
from coursekit.tflite import predict, write_dense
from coursekit.train import set_seed
from coursekit.widgets import cards, pattern_test, practice, progress, quiz, respond, trace

set_seed(0)
logging.getLogger().setLevel(logging.ERROR)  # the exporter and the quantizer talk

# %% [markdown]
# ## 1 · One network, three runtimes
#
# The network is an MLP with 2,048 and 1,024 hidden units. It is far larger than the task needs: its weights shall be what a server spends its time on, as
# those of large models are. One epoch is enough for us.

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
# What must stay free is said beforehand, or it is fixed to what the example had: here the number of images.

# %%
batch = torch.export.Dim("batch", min=1, max=1024)
exported = torch.export.export(model, (validation[0][:2],), dynamic_shapes=({0: batch},))
for node in exported.graph.nodes:
    if node.op == "call_function":
        batch_size, *others = node.meta["val"].shape
        print(f"{node.target!s:26} (batch, {', '.join(map(str, others))})")

# %% [markdown]
# From the graph other programs make their own files. **ONNX** is a format for such graphs, and **ONNX Runtime** runs them, without PyTorch. **LiteRT** (lesson 11) is another runtime with another file; `write_dense` writes it from the
# weights. ExecuTorch, PyTorch's own runtime for phones, begins with `torch.export` as well; it is not among this course's packages, and nothing here is measured with it. `torch.compile` stays in Python; lesson 05 has measured what
# it gains and how long compiling takes.

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
# Before anything else: do they compute the same? Two hundred test images through all of them. Logits, not classes: equal classes can hide a wrong preprocessing.

# %% tags=["nbval-ignore-output"]
some = test[0][:200]
logits = {
    "torch.export": exported.module()(some).detach().numpy(),
    "ONNX Runtime": float_run.run(None, {"images": some.numpy()})[0],
    "LiteRT": predict(litert_file, some.flatten(1).numpy()),
}
size = float(eager[:200].abs().max())
for name, its in logits.items():
    off = np.abs(its - eager[:200].numpy()).max()
    print(f"{name:13} off by at most {off:.1e}, where logits go up to {size:.0f}")
    assert off < 1e-3 * size

# %% [markdown]
# They agree up to the order of additions (lesson 02). That order differs between runtimes and batch sizes, so ask for a bound, not for equality.
#
# The trap of this step makes no error either. An example of one image, with no word on the batch, can make a file that takes one image only. Ask the file, as the cell above does: the first size of its input must be a name, not a number.
#
# ## 2 · Eight bits in the file
#
# ONNX Runtime's static quantization is that of lesson 05: calibration images give the activations' ranges, weights get a scale per row. The file gets pairs of nodes, **QuantizeLinear** and **DequantizeLinear**, in short
# **QDQ**, around each operation. Its meaning is fake quantization in floats; the runtime replaces pairs and operation by an integer kernel where it has one.


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
# By hand: what does the file do with an image? Scale and zero point of the input stand in it as numbers. Take the middle row of an image, divide, round, add, clip.

# %%
graph = onnx.load_from_string(int8_file).graph
stored = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
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
# The codes *are* the pixels. The client sends bytes, our server will divide them by 255, and the first node of the int8 file takes that back. It is a waste that one measures before one mends it.
#
# Now time, of the file alone. Batching is a server's first lever, so here is the question that decides about it. Float32, 8 images in one call: how many times as long as one image?

# %%
guess("float32: 8 images in one call, against one image", unit="× the time", low=0, high=12)

# %% tags=["nbval-ignore-output"]
counts = (1, 2, 4, 8, 16, 32)
inputs = {count: {"images": test[0][:count].numpy()} for count in counts}
calls = {
    (name, count): lambda run=run, fed=inputs[count]: run.run(None, fed)
    for name, run in {"float32": float_run, "int8": int8_run}.items()
    for count in counts
}
times = {key: 1000 * its.median for key, its in latency(calls, runs=20).items()}
reveal(
    "float32: 8 images in one call, against one image", times["float32", 8] / times["float32", 1]
)
table = pd.DataFrame(
    {name: [times[name, n] for n in counts] for name in ("float32", "int8")}, counts
)
table["int8 / float32"] = table["int8"] / table["float32"]
table["float32, per image"] = table["float32"] / table.index
table.index.name = "ms, images"
table.round(2)

# %% [markdown]
# Eight times the arithmetic, and nowhere near eight times the time: one image has to fetch 15 MB of weights, and eight share that. Both columns are the same runtime, so what int8 gains is its bytes and its integer kernel, and nothing
# else. It is the right comparison: against eager PyTorch a part of the gain would be the runtime's. With another network int8 may be slower than its own float: a small CNN was (`shapes` decide; lesson 05 measured one), so measure yours.
#
# > **A place to stop.** The network left PyTorch, with a bound on what changed. Before you go on: why does the calibration file need images, and which?
# > <details><summary>Answer</summary>The activations' ranges are fixed in the file. Images must be like those that will come: with other ones values are cut, or bits wasted.</details>
#
# ## 3 · A server that ends with its cell
#
# A server is a process that waits at a **port** for requests. Ours is FastAPI, run by uvicorn, with ONNX Runtime inside: `coursekit/serving_app.py`. The next cell shows the lines that a request meets; the rest is bookkeeping. Read what they refuse: a body of another length gets the status 422, and when too many wait, 503. An answer says which *version* gave it; that will matter.
#
# `serving.Server` starts it in a process of its own, on a free port of 127.0.0.1, which no other machine can reach. It ends with the `with` block, whatever happens in it; if the kernel dies, its input ends, and it ends too. Try it:

# %%
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

# %% [markdown]
# The garment has its class, the request that is one byte short gets a 422, the cell went on as if it had failed, and the server is gone.
#
# A **cold start**: a process must start, Python must import, the file must be read, and memory be filled. How many *warm* requests, one after the other, fit into the time from the start to the first answer?

# %%
guess("Cold start, in warm requests", low=1, high=10000)

# %% tags=["nbval-ignore-output"]
import time

began = time.perf_counter()
with serving.Server({"float32": float_file, "int8": int8_file}) as server:
    first_answer = server.ask("/predict", garment) and time.perf_counter() - began
    warm = {}
    for version in ("float32", "int8"):
        server.use(version)
        serving.closed_loop(server, data.test.images, 20)  # warm-up, not counted
        warm[version] = np.median(serving.closed_loop(server, data.test.images, 200).latency)
reveal("Cold start, in warm requests", first_answer / warm["float32"])
print(f"start to first answer: {first_answer:.2f} s")
for version, seconds in warm.items():
    own = times[version, 1]
    print(f"{version}: a request {1000 * seconds:.2f} ms; the model alone {own:.2f} ms", end="")
    print(f", {own / (1000 * seconds):.0%} of it")

# %% [markdown]
# Two things to take along. Whoever starts a server per request, or lets it go to sleep, pays that number; a *readiness* check sends one request through the model before anybody else may. And of a warm request the model is a part: the rest is HTTP, Python and
# the way between two processes, which no quantization makes shorter. Client and server share this machine, too.
#
# ## 4 · Percentiles, and who keeps the clock
#
# Sort the latencies. **p99** is the smallest value that 99 % of them do not exceed: of 200 sorted values the 198th. A mean would mix the many with the few; a user who opens a page with 50 requests meets the p99 nearly every second time: $1 - 0.99^{50} = 0.39$.
#
# First a server that we can compute exactly. One worker takes the oldest request, spends 5 ms, and takes the next. An event loop needs no clock:


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
# Three requests came together, so the second one waited 3 ms and the third 6. `serving.poisson` draws arrivals at random, independent of each other, and `serving.serve` is the same loop with what part 5 will add.
#
# The worker can answer 200 per second. At 180 per second it has 10 % of its time left. How long is the *mean* latency, in multiples of the 5 ms that a request takes by itself?

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
    alt="Latency against load: p50, p99 and the mean. All are flat at first and bend upwards near full load, p99 first.",
)
reveal("Mean latency at 90 % load, against an idle server", round(float(found[0.9].mean()), 1))
assert abs(found[0.9].mean() / theory[7] - 1) < 0.15 and abs(found[0.5].mean() / 1.5 - 1) < 0.05

# %% [markdown]
# Several times as long, with a tenth of the time left. With random arrivals and a constant time for each request the mean is $1 + \frac{\rho}{2(1-\rho)}$ times that of an idle server, with $\rho$ for the load (Pollaczek and Khinchine): 1.5 at one half, 5.5 at 90 %, and no end towards 100 %. That is the **knee**. So a server is sized by
# the load at which its p99 still holds, not by the most that it can answer. And each saved millisecond counts twice: it is not computed, and nobody waits for it.
#
# **How one measures it wrongly.** A **closed loop** has clients that send their next request when they have their answer. An **open loop** sends by a clock, as users do, who know nothing of each other. A server takes 2 ms, and requests come each 10 ms, for 10 s. Once, it stands still for one second. An open
# loop sees a p99 of about 0.9 s. Which p99 does one client in a closed loop report, that pauses 8 ms after each answer?

# %%
guess(
    "p99 of the closed loop, with a pause of 1 s",
    choices=["2 ms", "about 0.1 s", "about 0.5 s", "about 0.9 s"],
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
both = {"closed loop": closed, "open loop": opened}
for name, its in both.items():
    p99 = serving.nearest_rank(its, 0.99)
    print(f"{name}: {len(its)} requests, {sum(t > 0.1 for t in its)} over 0.1 s, p99 {p99:.3f} s")
reveal("p99 of the closed loop, with a pause of 1 s", "2 ms")

# %% [markdown]
# During the pause the client waited, *and did not ask*. A hundred requests that users would have sent are missing from its list; one slow one of 900 does not move the p99. Tene calls it **coordinated omission**. `serving.open_loop` counts each latency from
# when its request was **due**.
#
# The second trap is patience. Say that latencies have one true distribution with a long tail, and 20 people measure the p99, each with 100 requests. By which factor do the largest and the smallest of their p99 differ?

# %%
guess("p99 of 100 requests, 20 times: largest over smallest", unit="×", low=1, high=10)

# %%
tail = np.random.default_rng(0).lognormal(mean=0, sigma=0.8, size=(20, 10_000))
spread = {}
for count in (100, 1000, 10_000):
    p99s = [serving.nearest_rank(run[:count], 0.99) for run in tail]
    p50s = [serving.nearest_rank(run[:count], 0.5) for run in tail]
    spread[count] = max(p99s) / min(p99s)
    print(
        f"{count:6,} requests: p99 differs by × {spread[count]:.2f}, p50 by × {max(p50s) / min(p50s):.2f}"
    )
reveal("p99 of 100 requests, 20 times: largest over smallest", round(spread[100], 1))
assert spread[100] > 1.5 > spread[10_000]

# %% [markdown]
# Two values lie at or above the p99 of 100, and it is one of them. Below some thousand requests a p99 is an anecdote. So are those of our own server, since no cell here may take long: read the next tables for their p50, and for the shape.
#
# The real server, by the clock, at shares of what a closed loop with 8 clients got out of it:

# %% tags=["nbval-ignore-output"]
rows = {}
with serving.Server({"float32": float_file}) as server:
    serving.closed_loop(server, data.test.images, 50, at_once=8)
    capacity = serving.closed_loop(server, data.test.images, 400, at_once=8).throughput
    for share in (0.2, 0.5, 0.8, 2):
        rate = share * capacity
        seen = serving.open_loop(server, data.test.images, rate, count=min(400, int(2 * rate)))
        rows[f"{share:.0%} of {capacity:.0f} per s"] = {"due per s": round(rate)} | seen.row()
pd.DataFrame(rows).T

# %% [markdown]
# Above what a server can do there is no steady latency: the line grows as long as the test lasts, and the number that you see is the length of your test. Such a row shows in the last column: fewer answers than were due. Which of the two gave way is another question, since the load comes from one Python
# process on the same machine; a closed loop underrates the server for the same reason.
#
# ## 5 · Batches of what waits
#
# While the worker is busy, requests pile up. A batch of eight took far less than eight times as long (part 2). **Dynamic batching** takes what waits, at most `most` requests, in one call. In our exact server it is two lines more:


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
    return 0.004 + 0.001 * size  # read the weights once, then compute


assert np.allclose(1000 * in_batches(came, cost_of, 8), [5, 9, 7, 5])
assert np.allclose(in_batches(busy, cost_of, 8), serving.serve(busy, cost_of, most=8).latency)

# %% [markdown]
# Follow the four requests of before: the first one is alone, the second and third came meanwhile and go together. A single request takes 5 ms, a batch of 16 takes 20. How many requests per second does it sustain, against one by one?

# %%
guess("Capacity with batches of 16, against one by one", unit="×", low=1, high=16)

# %%
reveal("Capacity with batches of 16, against one by one", round(16 * cost_of(1) / cost_of(16), 2))
rates = [40, 100, 160, 190, 250, 400, 600, 760]
columns = {}
for most in (1, 4, 16):
    column = []
    for rate in rates:
        came_then = serving.poisson(rate, 20_000)
        its = serving.serve(came_then, cost_of, most)
        full = rate >= most / cost_of(most)
        column.append("–" if full else f"{1000 * serving.nearest_rank(its.latency, 0.99):.0f}")
    columns[f"at most {most}"] = column
its = serving.serve(serving.poisson(40, 20_000), cost_of, 16, wait=0.02)
print(
    f"40 per s, waiting 20 ms for others: p50 {1000 * np.median(its.latency):.0f} ms, mean batch {its.sizes.mean():.1f}"
)
pd.DataFrame(columns, pd.Index(rates, name="p99 in ms at so many per s"))

# %% [markdown]
# Four times the capacity, from a larger `most` and nothing else, and no price at low load: a lonely request goes at once. A *wait* for others is different. At 40 per second it makes batches hardly larger, and all requests slower. Wait only where
# batches are worth more than their time, as on a GPU.
#
# The server's own batcher does the same with asyncio. The model runs in a thread, so that requests can come in meanwhile. The cell shows it, and then loads the server:

# %% tags=["nbval-ignore-output"]
print(inspect.getsource(serving_app.Batcher.work))
rows, batches = {}, {}
with serving.Server({"float32": float_file, "int8": int8_file}) as server:
    for version in ("float32", "int8"):
        for most in (1, 16):
            for at_once in (1, 8, 24):
                server.use(version, most=most)
                serving.closed_loop(server, data.test.images, 2 * at_once, at_once)
                server.use(version, most=most)
                seen = serving.closed_loop(server, data.test.images, 300, at_once)
                name = f"{version}, at most {most}, {at_once} clients"
                rows[name] = seen.row() | {"mean batch": round(np.mean(server.sizes()), 1)}
                batches[most, at_once] = max(server.sizes())
assert all(batches[1, at_once] == 1 for at_once in (1, 8, 24)) and batches[16, 24] > 1
pd.DataFrame(rows).T

# %% [markdown]
# Read it in pairs. One client never fills a batch: nothing waits. With more clients batches fill, and what is gained is the model's part of the request; HTTP is paid per request as before. Where int8 has made the model's part small, batching has less left to gain. What stays the same in all rows: one machine that client and server share, one
# thread for the model. The times belong to this machine and this minute; run the cell twice before you believe a difference.
#
# > **A place to stop.** A batch of what waits raises what a server can take, and costs a lonely request nothing. Before you go on: your load test reports a p99 of 12 ms, and users complain. What do you ask first?
# > <details><summary>Answer</summary>Whether requests were sent by a clock, how many there were, and at which share of the capacity.</details>
#
# ## 6 · A gate before the release
#
# A new version of a model is a change like any other: a test decides whether it may go out. Two bounds, fixed beforehand. **Size**: bytes. **Accuracy**: not “at least as good”, since noise decides about that, but *not worse by more than a margin*, and shown to be so. Both versions see the same
# images, so only discordant ones count (lesson 10):


# %%
def gate(old_right, new_right, new_bytes, margin=0.01, most_bytes=5_000_000):
    """Reasons why a version may not go out; none if it may. `…_right`: bool, shape (images,)."""
    difference = new_right.astype(float) - old_right
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    low = difference.mean() - 1.645 * error  # one-sided, 95 %
    problems = []
    if low < -margin:
        problems.append(f"accuracy may be {-low:.1%} lower, allowed is {margin:.1%}")
    if new_bytes > most_bytes:
        problems.append(f"{new_bytes:,} bytes, allowed are {most_bytes:,}")
    return problems


def test_release(content):
    """What CI runs, with every new file."""
    new = answers(session(content), test[0]).argmax(1) == test[1].numpy()
    problems = gate(right["float32"], new, len(content))
    assert not problems, "; ".join(problems)


# %% [markdown]
# The float file fails by its size. Now somebody calibrates int8 anew, with 200 pictures from another camera. It gives 12 bits per pixel, and they are divided by 65,535, as for 16 bits, in place of 4,095. All
# values are a sixteenth of what they should be; nothing else changes, and users send images as before. Which accuracy has *that* int8 file on them?

# %%
guess("int8, calibrated on values ÷ 16: accuracy", low=0, high=1)

# %% tags=["nbval-ignore-output"]
sixteenth = validation[0][:200] / 16
dark_file = to_int8(sixteenth)
candidates = {"float32": float_file, "int8": int8_file, "int8, ÷ 16": dark_file}
for name, content in candidates.items():
    try:
        test_release(content)
        print(f"{name:11} may go out")
    except AssertionError as problem:
        print(f"{name:11} is stopped: {problem}")
wrong = answers(session(dark_file), test[0]).argmax(1) == test[1].numpy()
reveal("int8, calibrated on values ÷ 16: accuracy", wrong.mean())
assert wrong.mean() < right["int8"].mean() - 0.05

# %% [markdown]
# The file is as small as the good one, it loads, and it answers. Values beyond its ranges are cut. The gate sees it because its test images are those of the users. Would we have found the reason without any label? Compare what came to calibration with what comes in use.
# The **population stability index** does it for one number per image, here its mean brightness. With the shares $p_k$ and $q_k$ of both in ten bins that hold a tenth of the reference each:
#
# $$\mathrm{PSI} = \sum_k (q_k - p_k) \ln \frac{q_k}{p_k}$$


# %% tags=["nbval-ignore-output"]
def psi(reference, seen, bins=10):
    """Population stability index of two samples, 1-D; bins are quantiles of the reference."""
    edges = np.quantile(reference, np.linspace(0, 1, bins + 1)[1:-1])
    p, q = (
        np.bincount(np.searchsorted(edges, part), minlength=bins) + 0.5
        for part in (reference, seen)
    )
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def brightness(images):
    return images.mean((1, 2, 3)).numpy()


users = brightness(validation[0][200:])
rng = np.random.default_rng(0)
by_chance = [psi(users, rng.choice(users, 200)) for _ in range(500)]
limit = serving.nearest_rank(by_chance, 0.99)
print(f"200 of the users' own images: below {limit:.2f} in 99 of 100 draws")
good, quarter = validation[0][:200], validation[0][:200] / 4
for name, images in {"as they are": good, "÷ 4": quarter, "÷ 16": sixteenth}.items():
    file_right = answers(session(to_int8(images)), test[0]).argmax(1) == test[1].numpy()
    print(f"calibration images {name}: PSI {psi(users, brightness(images)):.2f}", end="")
    print(f", accuracy of the int8 file {file_right.mean():.3f}")
assert psi(users, brightness(good)) < 2 * limit < psi(users, brightness(quarter))

# %% [markdown]
# The bound is not a rule of thumb: two hundred images drawn from the users' own give such values by chance. The usual “above 0.25” would be too strict for 20 images and too lax for 20,000.
#
# A quarter is found as surely as a sixteenth, and does this network next to no harm: a large drift need not cost anything. PSI asks a question, and the gate answers it. What PSI can't see is drift in anything else: the same brightness with other garments passes.
#
# ## 7 · Back to the version before, and a card
#
# Some versions pass the gate and fail in use. What helps then is not a repair but the **way back**, and it has to be there before: the old version stays loaded, answers carry a version, and one call switches. We release the spoilt file on purpose, watch a **canary**, 100 images whose labels
# we know, and go back. Requests run all the time:

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
labels = data.test.labels[: len(all_of_them.classes)]
for version in ("1", "2"):
    its = all_of_them.versions == version
    print(
        f"version {version}: {its.sum()} answers, {(all_of_them.classes == labels)[its].mean():.3f} right"
    )
assert len(all_of_them.classes) == 1500 and (all_of_them.classes >= 0).all()

# %% [markdown]
# No request failed: both versions were loaded, and a switch is one assignment. The canary's bound is coarse on purpose. With 100 images a point more or less is noise; the gate is there for points, the canary for disasters.
#
# Last, the paper that goes with the file. A **model card** (Mitchell et al. 2019) says what a model is for, on what it was measured, and what it can't do. Figures are put in by the script that measured them. Five headings are for a person, and the card says so while they are empty:

# %% tags=["nbval-ignore-output"]
card = serving.ModelCard(
    "garments 2, int8",
    {
        "accuracy": f"{right['int8'].mean():.3f} on 2,000 test images of Fashion-MNIST",
        "against version 1": f"{right['int8'].mean() - right['float32'].mean():+.4f}, {apart} discordant",
        "file": f"{len(int8_file):,} bytes, ONNX with QDQ, int8 weights per row",
        "calibration": f"200 images, PSI of brightness {psi(users, brightness(validation[0][:200])):.2f}",
    },
)
print("missing:", card.missing())
card.written |= {
    "Intended use": "Lessons on serving.",
    "Not for": "Photographs. It has seen small grey pictures of single garments, light on black.",
    "Data": "Fashion-MNIST (Xiao et al. 2017), 8,000 images for training, 200 for calibration.",
    "Limits": "About one image in five is wrong, shirts most often. Other light is not recognised.",
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
# - read p50, p95 and p99, say how far a p99 can be trusted, and size a server by its knee;
# - batch what waits, and say when waiting for more pays;
# - stop a bad release by a gate, find drift in calibration data, and go back.
#
# **Common mistakes**
#
# - A load test in a closed loop, with a p99 from a hundred requests.
# - The first requests counted with the others.
# - int8 on one runtime against float32 on another.
# - A gate that asks for “not lower”: half of all harmless versions fail, and one that is a little worse passes now and then.
# - Calibration images that came by another road than the users'.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | export | `torch.export.export(m, (x,), dynamic_shapes=({0: Dim("batch")},))` |
# | to ONNX | `torch.onnx.export(exported, dynamo=True)`; bytes: `.model_proto.SerializeToString()` |
# | run | `ort.InferenceSession(content, providers=["CPUExecutionProvider"]).run(None, {"images": x})` |
# | int8 | `quant_pre_process`, then `quantize_static(…, reader, per_channel=True)` |
# | compare | logits, with a bound; int8 with the same runtime's float32 |
# | p99 | the sorted value at place ⌈0.99 n⌉; thousands of requests |
# | load | by a clock, latency from when a request was due; warm up first |
# | waiting | mean $1 + \rho / (2(1-\rho))$ times the idle latency, at load $\rho$ |
# | capacity in batches | `most / cost(most)` |
# | accuracy gate | mean of paired differences less 1.645 standard errors, at least −margin |
# | drift | PSI, with a bound from samples of the reference itself |
# | rollback | both versions loaded, a version in each answer, one call |

# %% [markdown]
# ## Practise
#
# Nothing below is marked, and nothing leaves this machine. What you do is kept in one file, `progress.sqlite`,
# in the folder above this one, so you can stop at any time and go on where you were. Everything works by mouse and by keyboard.
# In any notebook, `cheat_sheet("12")` from `coursekit.widgets` brings the page above back.
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
# - H. Xiao, K. Rasul, R. Vollgraf (2017): *Fashion-MNIST*. arXiv:1708.07747. The images.
# - [ONNX Runtime: quantization](https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html), [`torch.export`](https://docs.pytorch.org/docs/stable/export.html), [FastAPI](https://fastapi.tiangolo.com).
