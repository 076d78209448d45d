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
# # 12 · Serving, further
#
# This page holds what we measured for lesson 12 and left out of it. No exercise needs it. Read what you are curious about, in any order:
#
# 1. one network in three runtimes, and what an int8 file holds,
# 2. what a request meets, and a cold start,
# 3. batches in a real server, and a line that is full,
# 4. calibration data that drifted,
# 5. back to the version before, and a model card.
#
# The network is a smaller one, with 2,048 and 1,024 hidden units.

# %%
import inspect
import logging
import threading
import time

import numpy as np
import onnx
import pandas as pd
import torch
from IPython.display import Markdown
from torch import nn
from torch.nn import functional as F

from coursekit.lesson_12 import files, serving, serving_app
from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.tflite import predict, write_dense
from coursekit.nets.train import learn, set_seed

set_seed(0)
logging.getLogger().setLevel(logging.ERROR)  # the exporter and the quantizer talk
data = load_fashion_mnist()
train, validation = (part.tensors() for part in data.train.hold_out(2000))
test, spread = data.test.tensors(), serving.spread
model = nn.Sequential(
    nn.Flatten(),
    *(nn.Linear(784, 2048), nn.ReLU()),
    *(nn.Linear(2048, 1024), nn.ReLU()),
    nn.Linear(1024, 10),
)


def loss(batch):
    return F.cross_entropy(model(train[0][batch]), train[1][batch])


learn(model, loss, len(train[0]), epochs=1)
float_file = files.to_onnx(model, validation[0][:2])
int8_file = files.to_int8(float_file, validation[0][:200])
float_run, int8_run = files.session(float_file), files.session(int8_file)
runs = {"float32": float_run, "int8": int8_run}

# %% [markdown]
# ## 1 · Three runtimes, and what the file holds
#
# **`torch.export`** writes a graph: which operations, on which shapes. PyTorch can run it, ONNX Runtime runs the file made from it, and LiteRT (lesson 11) runs another file, which `write_dense` writes from the weights. ExecuTorch, PyTorch's own runtime for phones, begins with `torch.export` too; it's not among this course's packages. Do they compute the same?

# %% tags=["nbval-ignore-output"]
batch = torch.export.Dim("batch", min=1, max=1024)
exported = torch.export.export(model, (validation[0][:2],), dynamic_shapes=({0: batch},))
linear = [layer for layer in model if isinstance(layer, nn.Linear)]
litert_file = write_dense(
    [(one.weight.detach().numpy(), one.bias.detach().numpy()) for one in linear]
)
some = test[0][:200]
with torch.no_grad():
    eager = model(some).numpy()
logits = {
    "PyTorch, graph": exported.module()(some).detach().numpy(),
    "ONNX Runtime": files.answers(float_run, some),
    "LiteRT": predict(litert_file, some.flatten(1).numpy()),
}
for name, its in logits.items():
    off = np.abs(its - eager).max()
    print(f"{name:14} off by at most {off:.1e}, where logits go up to {np.abs(eager).max():.0f}")
    assert off < 1e-3 * np.abs(eager).max()

# %% [markdown]
# They agree up to the order of additions, which differs between runtimes and batch sizes. The trap: if you give an example and say nothing about the batch, its size is frozen at the example's, without an error. The first size of the file's input must be a name, not a number.
#
# This is the int8 file around its first layer, which ONNX calls **Gemm**, a product of matrices plus a bias. Behind each node are the inputs that the file stores for it. Then we do by hand what the first node does with an image's middle row: divide by the scale, round, add the zero point, clip.

# %%
graph = onnx.load_from_string(int8_file).graph
stored = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
print(files.up_to_the_first("Gemm", graph), "\n")
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
# Weights are int8 and the bias int32, each with one scale and one zero point (0) per row; the attribute `axis` of `DequantizeLinear` says along which axis scales differ. The codes *are* the pixels: the client sends bytes, our server divides them by 255, and the first node of the int8 file takes that back.
#
# On other CPUs compare the *accuracy* too: on x86 without VNNI instructions, sums of uint8 × int8 products can overflow 16 bits and are clipped (`reduce_range` of ONNX Runtime avoids it).
#
# ## 2 · What a request meets, and a cold start
#
# HTTP says what a request is: a path, such as `/predict`, and perhaps bytes, its body. A response has bytes and a number, its **status**: 200 means success, 422 that the body can't be used, 503 that too many wait. FastAPI turns a Python function into what answers a path. `await` lets other requests have their turn until the result is there.

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
# The request that is one byte short gets a 422. As an error it left the `with` block, and the server ended all the same.
#
# In a **cold start** a process must start, Python import, and the file be read. How many *warm* requests, one after the other, fit into the time from the start to the first answer?

# %% tags=["nbval-ignore-output"]
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
warm = np.median(whole["float32"])
print(f"start to first answer: {first_answer:.2f} s, or {1000 * first_answer / warm:.0f} requests")
parts = {"request": whole, "the model, inside the server": model_ms}
parts["the rest"] = {version: np.subtract(whole[version], model_ms[version]) for version in runs}
pd.DataFrame(parts).map(spread).rename_axis("ms")

# %% [markdown]
# Whoever starts a server per request, or lets it go to sleep, pays the cold start. Ours was the second start of the same program, with its files in memory already, so a first one takes longer. A *readiness* check sends one request through the model before anybody else may. The rest of a warm request is HTTP, Python and the way between two processes.
#
# ## 3 · Batches in a real server, and a line that is full
#
# Our server has a batcher without a wait. `queue` holds the requests. Each brings a *future*: a place for its answer, which the request awaits. These lines take a batch and run it:

# %% tags=["nbval-ignore-output"]
body = inspect.getsource(serving_app.Batcher.work).splitlines()
start = next(number for number, line in enumerate(body) if "self.queue.get()" in line)
print(inspect.cleandoc("\n".join(body[start : start + 8])))
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
# Sixteen clients, five rounds; the factors are of the same round. The middle column compares one by one with itself, so its range is noise, and a factor of the last column says something only outside of it. Client and server share a machine and HTTP is paid per request, so batching gains less here than in the exact server.
#
# A server with a bound on its line says 503 at once, rather than answer much too late:

# %% tags=["nbval-ignore-output"]
try:
    with serving.Server({"float32": float_file}, line=2) as server:
        serving.closed_loop(server, data.test.images, 1000, at_once=64)
except RuntimeError as problem:
    print("with room for two:", problem)

# %% [markdown]
# ## 4 · Calibration data that drifted
#
# A colleague calibrates with 200 pictures from another camera. It gives 12 bits per pixel, and they are divided by 65,535, as for 16 bits, rather than by 4,095. All values are a sixteenth of what they should be, and users send images as before. Another one leaves out the pairs around the activations, so that only the weights are int8. What does each file's accuracy and time say?

# %% tags=["nbval-ignore-output"]
sixteenth = validation[0][:200] / 16
dark_file = files.to_int8(float_file, sixteenth)
candidates = {"float32": float_file, "int8": int8_file, "int8, ÷ 16": dark_file}
candidates["int8 weights"] = files.weights_only(int8_file)
accuracies, one = {}, {"images": test[0][:1].numpy()}
for name, content in candidates.items():
    run = files.session(content)
    accuracies[name] = (files.answers(run, test[0]).argmax(1) == test[1].numpy()).mean()
    ratio = np.median(files.time_ratios(run, float_run, one))
    print(
        f"{name:12} {len(content):>10,} bytes, accuracy {accuracies[name]:.3f}, time × {ratio:.2f}"
    )
assert accuracies["int8, ÷ 16"] < accuracies["int8"] - 0.05

# %% [markdown]
# A gate sees the dark file because its test images are the users'. Would we have found the reason without any label? Compare what came to calibration with what comes in use. The **population stability index** (PSI; Siddiqi 2006) does it for one number per image, here its mean brightness. With the shares $p_k$ (reference) and $q_k$ (seen) in ten bins that hold a tenth of the reference each:
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
    run = files.session(files.to_int8(float_file, images))
    accurate = (files.answers(run, test[0]).argmax(1) == test[1].numpy()).mean()
    print(f"calibration images {name}: PSI {psi(users, brightness(images)):.2f}", end="")
    print(f", accuracy of the int8 file {accurate:.3f}")
assert psi(users, brightness(good)) < 2 * limits[200] < psi(users, brightness(quarter))

# %% [markdown]
# The bound is what as many images of the users give without any drift. A fixed rule such as “above 0.25” doesn't know how many there are: chance alone exceeds it with 20 images, and with 400 it passes drift that chance can't explain.
#
# A quarter is found as surely as a sixteenth, and compare the two accuracies: drift is no measure of harm. PSI asks a question, and the gate answers it. What PSI can't see is drift in anything else: the same brightness with other garments passes.
#
# ## 5 · Back to the version before, and a model card
#
# The old version stays loaded, answers carry a version, and one call switches. We release the spoilt file as version 2 on purpose, to all users at once. Then we ask a **probe**, 100 images whose labels we know, and go back. Users' requests run all the time:

# %% tags=["nbval-ignore-output"]
with serving.Server({"1": int8_file, "2": dark_file}) as server:
    result = []
    users_ask = threading.Thread(
        target=lambda: result.append(serving.closed_loop(server, data.test.images, 1500, at_once=4))
    )
    users_ask.start()
    time.sleep(0.1)
    server.use("2", most=16)
    asked = [server.ask("/predict", image.tobytes()) for image in data.test.images[:100]]
    seen = np.mean([a["classes"] == [y] for a, y in zip(asked, data.test.labels)])
    if seen < accuracies["int8"] - 0.05:
        print(server.use("1", most=16))
    users_ask.join()
[all_of_them] = result
wrong_ones = all_of_them.classes != data.test.labels[:1500]
by_version = pd.Series(wrong_ones).groupby(all_of_them.versions)
assert len(wrong_ones) == 1500 and (all_of_them.classes >= 0).all()
by_version.agg(["count", "sum", "mean"]).set_axis(["answers", "wrong", "share wrong"], axis=1)

# %% [markdown]
# Every request was answered, since both versions were loaded and a switch is one assignment. But all users got the bad version until the probe was through. So a release begins with a **canary**: a small share of the requests, say 5%, goes to the new version first, and the rest follows when its answers hold.
#
# A **model card** (Mitchell et al. 2019) says what a model is for, on what it was measured, and what it can't do. Figures are put in by the script that measured them. Five headings are for a person, and the card says so while they are empty:

# %% tags=["nbval-ignore-output"]
card = serving.ModelCard(
    "garments 1, int8",
    {
        "accuracy": f"{accuracies['int8']:.3f} on 2,000 test images of Fashion-MNIST",
        "against float32": f"{accuracies['int8'] - accuracies['float32']:+.4f}",
        "file": f"{len(int8_file):,} bytes, ONNX with QDQ, int8 weights per row",
        "calibration": f"200 images, PSI of brightness {psi(users, brightness(good)):.2f}",
    },
)
print("missing:", card.missing())
card.written |= {
    "Intended use": "Lessons on serving.",
    "Not for": "Photographs. It has seen small grey pictures of single garments, light on black.",
    "Data": "Fashion-MNIST (Xiao et al. 2017), 8,000 images for training, 200 for calibration.",
    "Limits": f"{1 - accuracies['int8']:.0%} of the test images are wrong. Other light was not tried.",
    "Who answers for it": "Whoever releases it.",
}
assert not card.missing()
Markdown(card.markdown())
