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
# **My new file is 10% quicker in the notebook. What do people get who ask it over a network, many of them at a time?**
#
# That depends on something no notebook shows: how many of them there are. You'll watch requests wait in line, learn which latencies to believe, and ask a real server on this machine what int8 is worth.
#
# It takes about {minutes} minutes, with a place to stop after part 3. You need static quantization with calibration data (lesson 05).
#
# The picture follows requests through a server with one worker. Each line is a request: grey while it waits, orange while it is served. Move the load. When does waiting start to dominate?

# %% tags=["nbval-ignore-output"]
from coursekit.lesson_12.opening import waiting_line

waiting_line()

# %% [markdown]
# Two questions from before.
#
# <details><summary>What does static quantization need that dynamic quantization does not? (lesson 05)</summary>Calibration data: the ranges of the activations are fixed beforehand.</details>
#
# <details><summary>Two networks are tested on the same images. Which images say which of them is better? (lesson 05)</summary>The discordant ones: those that one gets right and the other wrong.</details>

# %%
import inspect
import logging

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from coursekit import guess, guesses, reveal
from coursekit.learn.explore import explore
from coursekit.learn.widgets import cards, pattern_test, practice, progress, quiz, respond, trace
from coursekit.lesson_12 import files, pictures, serving
from coursekit.nets.data import load_fashion_mnist, load_results
from coursekit.nets.train import learn, set_seed
from coursekit.pictures import plot

set_seed(0)
logging.getLogger().setLevel(logging.ERROR)  # the exporter and the quantizer talk

# %% [markdown]
# ## 1 · One worker and its line
#
# A server waits for **requests** and answers each with a **response**. The time between the two is the **latency**. First a server that we can compute exactly, without a clock. One worker takes the oldest request, spends 5 ms, and takes the next:


# %%
def one_by_one(arrivals, cost):
    """Latency of each request, with one worker; all in seconds."""
    free, found = 0.0, []
    for arrival in arrivals:
        start = max(free, arrival)  # it may have to wait
        free = start + cost
        found.append(free - arrival)
    return np.array(found)


came, cost = [0.000, 0.002, 0.004, 0.030], 0.005
print((1000 * one_by_one(came, cost)).round(1), "ms")

# %% [markdown]
# Three requests came together, so the second waited 3 ms and the third 6.
#
# This worker can answer 200 requests per second. At 180 per second it's busy 90% of the time, which is its **load**. People don't know of each other, so requests come at random times (a *Poisson process*). Your next version takes 4.5 ms rather than 5, half a millisecond less. By how many milliseconds does the *mean latency* fall at 180 per second?

# %%
guess("180 per s, 4.5 ms rather than 5: the mean latency falls by", unit="ms", low=0, high=30)

# %%
loads = np.array([0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95])
found = {load: one_by_one(serving.poisson(load / cost, 40_000), cost) / cost for load in loads}
shares = {"p50": 0.5, "p99": 0.99}
curves = {
    name: [serving.nearest_rank(found[load], share) for load in loads]
    for name, share in shares.items()
}
plot.show(
    pictures.against_load(loads, curves, 1 + loads / (2 * (1 - loads))),
    alt="Latency in multiples of one request's time, against load from 10 to 95%. Three curves, "
    "which rise more and more steeply: p50, p99, and the mean by a formula.",
)


def mean_latency(rate, cost):
    """By the formula; cost in ms, rate per second."""
    rho = rate * cost / 1000
    return cost * (1 + rho / (2 * (1 - rho)))


for rate in (20, 100, 180):
    falls = mean_latency(rate, 5) - mean_latency(rate, 4.5)
    print(f"{rate:3} per s (load {rate / 2:.0f}%): the mean falls by {falls:.1f} ms")
reveal("180 per s, 4.5 ms rather than 5: the mean latency falls by", round(falls, 1))

# %% [markdown]
# More than 13 ms, from a request that got half a millisecond cheaper. At 10% load you get that half a millisecond and nothing else. **What compression is worth depends on the load**, because a cheaper request also shortens everybody's wait.
#
# The mean is $1 + \frac{\rho}{2(1-\rho)}$ times the latency of an idle server, at load $\rho$ (Pollaczek and Khinchine), and there's no end to it towards 100%. **p99** is the smallest value that 99% of the latencies don't exceed, and **p50** is the median. People call the bend of such curves a *knee*, but the formula has no corner. Say which latency is too long, and read off the load.
#
# ## 2 · Batches of what waits
#
# While the worker is busy, requests pile up. **Dynamic batching** takes whatever waits, at most `most` requests, in one call. That pays if a call has a fixed part. Ours costs 4 ms, plus 1 ms for each request in it:


# %%
means = [one_by_one(serving.poisson(180, 40_000, seed), cost).mean() / cost for seed in range(20)]
assert abs(np.median(means) / 5.5 - 1) < 0.1 and abs(found[0.5].mean() / 1.5 - 1) < 0.05


def in_batches(arrivals, cost_of, most):
    """As one_by_one; `cost_of(size)` is the time of a batch, of all that waits and fits."""
    free, at, found = 0.0, 0, []
    while at < len(arrivals):
        start = max(free, arrivals[at])
        size = 1
        while size < most and at + size < len(arrivals) and arrivals[at + size] <= start:
            size += 1
        free = start + cost_of(size)
        found += [free - arrival for arrival in arrivals[at : at + size]]
        at += size
    return np.array(found)


def cost_of(size):
    """Seconds of a call: invented, a fixed part and one per request."""
    return 0.004 + 0.001 * size


print((1000 * in_batches(came, cost_of, 8)).round(1), "ms")

# %% [markdown]
# Now let the second and third go together. A batch of 16 takes 20 ms, so the worker can sustain 800 per second rather than 200. A batcher can also **wait** for others: it begins when the batch is full, or when its oldest request has waited for that long. `serving.serve` does both, and agrees with us where there is no wait.
#
# Here is everything in one picture. Drag the load, how much cheaper a request gets, the largest batch and the wait. Where is a 10% cheaper request worth most? What does a wait of 20 ms cost at low load, and what do you gain at high load?

# %% tags=["nbval-ignore-output"]
busy = serving.poisson(rate=150, count=20_000)
assert np.allclose(one_by_one(busy, cost), serving.serve(busy, lambda size: cost).latency)
assert np.allclose(in_batches(busy, cost_of, 8), serving.serve(busy, cost_of, most=8).latency)
explore(
    pictures.worth,
    alt="Latency against load on a logarithmic axis: p50 and p99 of a version and of a cheaper one; "
    "the load, the saving, the largest batch and the wait can be moved.",
    load=list(pictures.LOADS),
    cheaper=[10, 20, 50, 75],
    most=[1, 4, 16],
    wait=[0, 5, 20],
    start={"load": 90},
)

# %% [markdown]
# At low load a wait is pure loss: nobody else comes, and every request pays it. At high load batches fill without it. And batches do what a cheaper request does: at `most` 16, the old version is far from its limit at 90%, and 10% bring little again.
#
# ## 3 · Whose p99?
#
# A **closed loop** tests a server with clients that send their next request when they have their answer. An **open loop** sends by a clock, as users do. Our server takes 2 ms now, and stands still once, for one second of ten. In the open loop, requests come every 10 ms. One client in a closed loop pauses for 8 ms after each answer. Which p99 does the closed loop report?

# %%
guess(
    "p99 of the closed loop, with a pause of 1 s",
    choices=["above 0.5 s", "0.1 to 0.5 s", "10 ms to 0.1 s", "under 10 ms"],
)


# %%
def answered(start, work=0.002, begin=2.0, end=3.0):
    """When a request that is begun then is answered; the server stands still in between."""
    return (end if begin <= start < end else start) + work


now, closed, opened, free = 0.0, [], [], 0.0
while now < 10:
    done = answered(now)
    closed.append(done - now)
    now = done + 0.008
for due in np.arange(0, 10, 0.01):
    free = answered(max(free, due))
    opened.append(free - due)
for name, its in {"closed loop": closed, "open loop": opened}.items():
    p99 = serving.nearest_rank(its, 0.99)
    print(f"{name}: {len(its)} requests, {sum(t > 0.1 for t in its)} over 0.1 s, p99 {p99:.3f} s")
ends = {"above 0.5 s": 0.5, "0.1 to 0.5 s": 0.1, "10 ms to 0.1 s": 0.01, "under 10 ms": 0}
reported = serving.nearest_rank(closed, 0.99)
came_out = next(name for name, least in ends.items() if reported >= least)
reveal("p99 of the closed loop, with a pause of 1 s", came_out)

# %% [markdown]
# During the pause the client waited *and didn't ask*. A hundred requests that users would have sent are missing from its list. Tene calls this **coordinated omission**. `serving.open_loop` counts each latency from when its request was *due*.
#
# The second trap is too few requests. Four hundred people measure the p99 of our exact server at 90% load, each with 1,000 requests in a row. Leave out the luckiest tenth of them and the unluckiest. By what factor do the others' p99 still differ?

# %%
guess("p99 of 1,000 requests, 400 times: 90th percentile over 10th", unit="×", low=1, high=10)

# %%
in_a_row = [one_by_one(serving.poisson(180, 12_000, seed), cost)[2000:] for seed in range(400)]
counts, spreads = (100, 1000, 10_000), {}
for name, share in shares.items():
    spreads[name] = []
    for count in counts:
        its = [serving.nearest_rank(one[:count], share) for one in in_a_row]
        spreads[name].append(serving.nearest_rank(its, 0.9) / serving.nearest_rank(its, 0.1))
fig, ax = plot.figure(width=8, height=2.8)
plot.grouped_bars(ax, [f"{count:,} requests" for count in counts], spreads, label="{:.1f}")
ax.set(title="400 people measure one server", xlabel="90th percentile over 10th")
ax.legend()
plot.show(
    fig, alt="By what factor 400 people's p50 and p99 differ, from 100, 1,000 and 10,000 requests."
)
reveal("p99 of 1,000 requests, 400 times: 90th percentile over 10th", round(spreads["p99"][1], 1))

# %% [markdown]
# If requests were independent, a thousand would do far better. But requests in a row wait in the same line, and one long line raises hundreds of latencies together. From a hundred, even the medians are a factor of five apart. A p99 without the number of requests beside it is an anecdote.
#
# > **A place to stop.** Before you go on: your load test reports a p99 of 12 ms, and users complain. What do you ask first?
# > <details><summary>Answer</summary>Whether requests were sent by a clock, how many there were, and at what load.</details>
#
# ## 4 · Out of PyTorch, into eight bits
#
# Now a real network. A server shouldn't need its Python code, so **`torch.export`** follows one call and writes down a graph, and **ONNX** is a file format for such graphs, which ONNX Runtime runs without PyTorch. You say beforehand what must stay free, here the number of images. Two images are given as an example: with one, the size would become a constant.

# %% tags=["nbval-ignore-output"]
assert 2 < spreads["p99"][1] < 3
data = load_fashion_mnist()
train, validation = (part.tensors() for part in data.train.hold_out(2000))
test = data.test.tensors()
hidden = nn.Linear(784, 4096), nn.ReLU(), nn.Linear(4096, 2048), nn.ReLU()
model = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(2048, 10))  # large, so that a call costs


def loss(batch):
    return F.cross_entropy(model(train[0][batch]), train[1][batch])


learn(model, loss, 4000, epochs=1)
float_file = files.to_onnx(model, validation[0][:2])
source = inspect.getsource(files.to_int8)
print("def to_int8(content, images):", source[source.index("    with tempfile") :], sep="\n")

# %% [markdown]
# `to_int8`, printed above, is static quantization as in lesson 05. Calibration images give the activations' ranges, and weights get a scale per row. The file gets pairs of nodes, QuantizeLinear and DequantizeLinear, **QDQ** for short, and the runtime replaces them by integer kernels where it has some.

# %% tags=["nbval-ignore-output"]
int8_file = files.to_int8(float_file, validation[0][:200])
with torch.no_grad():
    eager = model(test[0]).numpy()
contents = {"float32": float_file, "int8": int8_file}
logits = {name: files.answers(files.session(its), test[0]) for name, its in contents.items()}
right = {name: its.argmax(1) == test[1].numpy() for name, its in logits.items()}
off = np.abs(logits["float32"] - eager).max() / np.abs(eager).max()
print(f"ONNX Runtime against PyTorch: off by {off:.0e} of the largest logit")
print(f"float32 {len(float_file):,} bytes, int8 {len(int8_file):,}")
print(f"accuracy {right['float32'].mean():.3f} and {right['int8'].mean():.3f}")

# %% [markdown]
# Runtimes add floats in another order, so ask for a bound and not for equality. (The [further page](further/12_serving.ipynb) looks at the file's nodes.)
#
# ## 5 · A gate before the release
#
# A new version of a model is a change like any other, and a test decides whether it may go out. Such a **gate** has three bounds, fixed in advance: bytes, time, and accuracy. For accuracy don't ask “not lower”, because noise decides about that. Ask for *not worse by more than a margin*, and shown to be so. Both versions see the same images. Per image the difference is 1 if only the new version is right, −1 if only the old one is, else 0. One lost image is added to the list, so that ten images without any difference don't show everything.


# %%
assert off < 1e-3 and len(int8_file) < 0.27 * len(float_file) and right["float32"].mean() > 0.65


def gate(old_right, new_right, new_bytes, times, margin=0.01, most_bytes=1.2e7, slowest=1.0):
    """Reasons why a version may not go out; none if it may. `…_right`: bool, shape (images,)."""
    difference = np.append(new_right.astype(float) - old_right, -1)
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    low = difference.mean() - 1.645 * error  # one-sided, 95%
    reasons = []
    if low < -margin:
        reasons.append(f"may be {-100 * low:.1f} points less accurate")
    if new_bytes > most_bytes:
        reasons.append(f"{new_bytes:,} bytes")
    if times > slowest:
        reasons.append(f"{times:.2f} times as slow")
    return reasons


rng = np.random.default_rng(0)
for count in (50, 300, 1000):
    lost = rng.random((2000, count)) < 0.02  # truly 2 points worse
    passed = np.mean([not gate(np.ones(count, bool), ~one, 0, 1) for one in lost])
    same = gate(np.ones(count), np.ones(count, bool), 0, 1)
    print(
        f"{count:5} images: 2 points worse passes in {passed:.1%}; the same file",
        *same or ["passes"],
    )

# %% [markdown]
# With few images nothing passes, and with many a version that loses two points doesn't.
#
# Now a network that people use. *Magika* tells the kind of a file from its bytes, and it's 3 MB of ONNX. We quantized it in five ways and asked each about almost 1,900 files whose names say what they are. Float32 is right on 95% of them. One of the five quantizes *every* operation, as `quantize_static` does if you don't say which. How many of 100 does it get right?

# %%
guess("Magika, every operation in 8 bits: right", unit="of 100", low=0, high=100)

# %%
table = load_results("magika")
plot.show(
    pictures.magika(table),
    alt="Bars of size and accuracy for float32 and five quantized versions of Magika.",
)
old = table[table["version"] == "float32"]
for version, its in table.groupby("version", sort=False):
    seen, lost, won = (int(its[name].sum()) for name in ("files", "lost", "won"))
    new = np.repeat([False, True, True], [lost, won, seen - lost - won])
    before = np.repeat([True, False, True], [lost, won, seen - lost - won])
    reasons = gate(before, new, int(its["bytes"].iloc[0]), its["time"].iloc[0], most_bytes=2e6)
    print(f"{version:32} {'; '.join(reasons) or 'may go out'}")
broken = table[table["version"] == "static, every operation"]
reveal(
    "Magika, every operation in 8 bits: right",
    round(100 * float(broken["right"].sum() / broken["files"].sum())),
)

# %% [markdown]
# The smallest file was made by the shortest call, raised no error, and knows next to nothing. The gate stops it, and it lets the static ones go that quantize only products: a third of the bytes, less than half the time, and no loss that shows.
#
# Some versions pass a gate and fail in use. So keep the old version loaded, give the new one a small share of the requests first (a **canary**), and go back by one call. The further page does that, finds calibration data that drifted, and writes a model card.
#
# ## 6 · What int8 is worth, by the clock
#
# `serving.Server` puts files behind HTTP (FastAPI and uvicorn, with ONNX Runtime inside) in a process of its own, which no other machine can reach and which ends with its `with` block. A request is a page of 100 garments, so that a call takes long enough to be seen beside HTTP.
#
# The first response takes longest: a process starts, Python imports, the file is read (a **cold start**). So warm-up requests don't count. `use(version)` says which file answers. We time both alone, and then send requests by a clock, at shares of what *float32* can do. For the same arrivals we compute what an exact server would do with the time that one request took alone.


# %% tags=["nbval-ignore-output"]
pages = data.test.images.reshape(-1, 100, 28, 28)
clock, exact = ({"float32": [], "int8": []} for _ in range(2))
parts, alone = (0.3, 0.6, 0.8, 0.9), {}
with serving.Server(contents) as server:
    for version in clock:
        server.use(version)
        serving.closed_loop(server, pages, 20)  # warm-up, not counted
        alone[version] = np.median(serving.closed_loop(server, pages, 50).latency)
        for part in parts:
            rate = part / alone["float32"]
            seen = serving.open_loop(server, pages, rate, count=100)
            clock[version].append(1000 * np.median(seen.latency))
            line = serving.serve(
                serving.due_times(rate, 100), lambda size, cost=alone[version]: cost
            )
            exact[version].append(1000 * np.median(line.latency))
print(f"cold start {server.started_in:.1f} s; ended: {server.process.poll() is not None}")
ratio = alone["float32"] / alone["int8"]
print(f"alone, int8 is {ratio:.1f} times as fast")

# %% [markdown]
# Alone, you know now how much faster int8 is here. At 90% of what float32 can take, how many times shorter is the median latency with int8?

# %%
guess(
    "90% load of float32: the median latency is shorter with int8, times", unit="×", low=1, high=50
)

# %% tags=["nbval-ignore-output"]
plot.show(
    pictures.by_the_clock(parts, clock, exact),
    alt="Median latency against load: for float32 and int8 a computed line, and the points of a "
    "real server near it; float32 rises, int8 hardly.",
)
reveal(
    "90% load of float32: the median latency is shorter with int8, times",
    round(clock["float32"][-1] / clock["int8"][-1], 1),
)

# %% tags=["nbval-ignore-output"]
assert server.process.poll() is not None
guesses()

# %% [markdown]
# The points follow the curve, except near full load, where a few percent in the time of one request count most. (On a busy machine they jump: other programs wait, too.) So a few lines of Python told us roughly what users get. And the factor for users isn't the notebook's. On the curve it's larger, and it grows with the load, because float32's users wait for each other and int8's don't.
#
# ## You can now…
#
# - say what a cheaper request is worth at a given load, and size a server by it;
# - batch what waits, and say what waiting for more costs;
# - test a server by a clock, and say how far a p99 can be trusted;
# - take a network out of PyTorch, quantize the file, and stop a bad version by a gate;
# - serve both versions, and predict what users will see.
#
# **Common mistakes**
#
# - A load test in a closed loop, with a p99 from a hundred requests.
# - A gate that asks for “not lower”: chance stops harmless versions and lets worse ones pass.
#
# ## Cheat sheet
#
# | to | write |
# |---|---|
# | mean latency | $1 + \rho / (2(1-\rho))$ times the idle one, at load $\rho$; one worker, constant time, random arrivals |
# | capacity in batches | `most / cost(most)` |
# | p99 | the sorted value at place ⌈0.99 n⌉; thousands of requests |
# | load test | by a clock, latency from when a request was due; warm up first |
# | export | `torch.export.export(m, (x,), dynamic_shapes=({0: Dim("batch")},))`; `x`: two images or more |
# | to ONNX | `torch.onnx.export(exported, dynamo=True)`; bytes: `.model_proto.SerializeToString()` |
# | int8 | `quant_pre_process`, then `quantize_static(…, reader, per_channel=True, op_types_to_quantize=[…])` |
# | accuracy gate | paired differences and one −1 more: mean − 1.645 $s/\sqrt n$ at least −margin |
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
