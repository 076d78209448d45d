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
# # Primers
#
# **The entry check, ten questions, tells which of these five primers you need.** Each fits on a screen. The check ends
# in a verdict. If you need none, go to [lesson 00](00_pipeline.ipynb).

# %%
from coursekit.learn.widgets import entry_check

entry_check()

# %% [markdown]
# ## PyTorch in ten lines
#
# Three things to know. A **layer** is a function that keeps its own numbers, its *parameters*.
# `backward` adds to each parameter's `.grad` how the loss would change with it. An **optimizer** takes a small
# step against that. Everything else is repetition.

# %%
import torch
from torch import nn

torch.manual_seed(0)
inputs, targets = torch.randn(64, 3), torch.randn(64, 1)
model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

before = nn.functional.mse_loss(model(inputs), targets).item()
for _ in range(20):
    loss = nn.functional.mse_loss(model(inputs), targets)
    optimizer.zero_grad()  # backward adds to what is there, so begin at zero
    loss.backward()
    optimizer.step()
assert loss.item() < before

for name, parameter in model.named_parameters():
    print(f"{name:9} {tuple(parameter.shape)}")

# %% [markdown]
# A linear layer's weight has the shape (outputs, inputs). It turns a batch of shape (n, inputs) into
# (n, outputs): the last axis changes, the batch stays.
#
# To *use* a model you need no gradients. `torch.no_grad()` says so: nothing is recorded, which saves memory and
# time. `model.eval()` is something else. It switches layers that behave differently in training, such as dropout.

# %%
model.eval()
with torch.no_grad():
    outputs = model(torch.zeros(8, 3))
print(tuple(outputs.shape), "remembers how it was made:", outputs.requires_grad)
assert outputs.shape == (8, 1) and not outputs.requires_grad

# %% [markdown]
# ## Convolution, batch norm, torch.export
#
# A **convolution** slides a small window over the image and applies the same weights everywhere. Each output channel
# has one window for every input channel. So the weight has the shape (outputs, inputs, height, width).
#
# **Batch norm** subtracts a mean and divides by a spread, one pair a channel. In training it takes them from the batch
# and keeps a running average. In evaluation it uses that average.

# %%
convolution = nn.Conv2d(3, 16, kernel_size=5)
print(tuple(convolution.weight.shape), convolution.weight.numel(), "weights")
assert convolution.weight.numel() == 16 * 3 * 5 * 5

norm = nn.BatchNorm2d(16)
batch = convolution(torch.randn(4, 3, 12, 12))
trained = norm(batch)  # uses this batch, and takes a step towards it
assert torch.allclose(trained.mean((0, 2, 3)), torch.zeros(16), atol=1e-5)
norm.eval()
assert not torch.allclose(norm(batch).mean((0, 2, 3)), torch.zeros(16), atol=1e-2)
print("running mean of the first channels:", norm.running_mean[:3].numpy().round(3))

# %% [markdown]
# A Python model can do anything, which a phone can't run and a quantizer can't rewrite. `torch.export` runs the
# model once with an example and writes down the operations as a **graph**, together with the weights.

# %%
small = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()).eval()
program = torch.export.export(small, (torch.zeros(1, 1, 8, 8),))
for node in program.graph.nodes:
    if node.op == "call_function":
        print(node.target)
assert len(program.state_dict) == 2

# %% [markdown]
# ## Shapes through a CNN
#
# PyTorch keeps images as (batch, channels, height, width). With a window of $k$ pixels, a border of $p$ and a step of
# $s$, a side of $n$ pixels becomes
#
# $$\left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1$$
#
# So a window of 3 with a border of 1 keeps the size, and pooling by 2 halves it. `Flatten` puts all channels of one
# image in a row, one after the other: channel 0 owns the first height × width numbers. Remember that when channels
# are removed.

# %%
layers = [
    nn.Conv2d(1, 8, 3, padding=1),
    nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(16 * 7 * 7, 10),
]
values = torch.zeros(64, 1, 28, 28)
for layer in layers:
    values = layer(values)
    print(f"{type(layer).__name__:10} {tuple(values.shape)}")
assert values.shape == (64, 10)

# %% [markdown]
# ## Keras for PyTorch people
#
# Keras is the door to TFLite. Much is the same under another name. Three things differ:
#
# | | PyTorch | Keras |
# |---|---|---|
# | a linear layer | `nn.Linear(128, 10)` names both sizes | `Dense(10)` learns the inputs from the first shape it sees |
# | its weight | (outputs, inputs) | (inputs, outputs), called the *kernel* |
# | an image | channels first: (n, channels, height, width) | channels last: (n, height, width, channels) |
#
# So moving weights from one to the other means transposing them. The import takes some seconds.

# %%
from coursekit.nets.tensorflow import tf

linear = nn.Linear(128, 10)
dense = tf.keras.layers.Dense(10)
dense.build((None, 128))
dense.set_weights([linear.weight.detach().numpy().T, linear.bias.detach().numpy()])

example = torch.randn(4, 128)
difference = abs(dense(example.numpy()).numpy() - linear(example).detach().numpy()).max()
print("kernel", tuple(dense.kernel.shape), "weight", tuple(linear.weight.shape))
assert difference < 1e-5

# %% [markdown]
# ## Attention
#
# A sentence of $n$ tokens is a matrix of shape ($n$, $d$), one row a token. In **self-attention** each token makes a
# query, a key and a value. A token's query is compared with every key. The results, made positive and summing to one
# by softmax, say how much of each value it takes:
#
# $$\operatorname{softmax}\!\left(\frac{Q K^\top}{\sqrt{d}}\right) V$$
#
# The matrix in brackets has the shape ($n$, $n$): each token looks at each. Twice as many tokens, four times the
# numbers.

# %%
n, d = 5, 8
tokens = torch.randn(n, d)
query, key, value = (nn.Linear(d, d, bias=False)(tokens) for _ in range(3))
weights = (query @ key.T / d**0.5).softmax(-1)
by_hand = weights @ value
by_torch = nn.functional.scaled_dot_product_attention(query, key, value)
print("weights", tuple(weights.shape), "result", tuple(by_hand.shape))
assert torch.allclose(weights.sum(1), torch.ones(n)) and torch.allclose(
    by_hand, by_torch, atol=1e-6
)

# %% [markdown]
# **Now begin:** [lesson 00, the pipeline from end to end](00_pipeline.ipynb).
