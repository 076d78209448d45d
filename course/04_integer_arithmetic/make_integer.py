"""Makes the two int8 networks of lesson 04: `python course/04_integer_arithmetic/make_integer.py`.

Trains an MLP and a CNN with batch norm on Fashion-MNIST until five epochs in a row bring nothing on
validation images, carries them over to Keras, and converts them to full int8. It writes
integer_mlp.tflite, integer_cnn.tflite, and integer_networks.npz, which holds the float32 weights.
It takes about two minutes on one thread. Then enter each SHA-256 in checksums.json and README.md.
The numbers depend a little on the CPU and on the versions of torch and TensorFlow.
"""

import copy
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from coursekit.nets.data import load_fashion_mnist
from coursekit.nets.measure import accuracy
from coursekit.nets.networks import batch_norm_cnn, small_mlp
from coursekit.nets.tensorflow import tf
from coursekit.nets.train import fit, set_seed

DATA = Path(__file__).parents[2] / "data"
PATIENCE = 5
CALIBRATION = 500  # training images


def trained(model: nn.Sequential, train: Any, validation: Any) -> nn.Sequential:
    """With the weights of the epoch that was best on validation images."""
    best, kept, since, epoch = 0.0, copy.deepcopy(model), 0, 0
    while since < PATIENCE:
        fit(model, train, epochs=1, seed=epoch, quiet=True)  # Adam begins anew each epoch
        now = accuracy(model, *validation)
        epoch, since = epoch + 1, since + 1
        print(f"epoch {epoch}: validation accuracy {now:.4f}", flush=True)
        if now > best:
            best, kept, since = now, copy.deepcopy(model), 0
    return kept.eval()


def keras_mlp(model: nn.Sequential) -> Any:
    layers = [layer for layer in model if isinstance(layer, nn.Linear)]
    keras = tf.keras.Sequential([tf.keras.Input((784,))])
    for layer in layers:
        act = None if layer is layers[-1] else "relu"
        dense = tf.keras.layers.Dense(layer.out_features, activation=act)
        keras.add(dense)
        dense.set_weights([layer.weight.detach().numpy().T, layer.bias.detach().numpy()])
    return keras


def keras_cnn(model: nn.Sequential) -> Any:
    make = tf.keras.layers
    keras = tf.keras.Sequential([tf.keras.Input((28, 28, 1))])
    for layer in model:
        values = {name: value.numpy() for name, value in layer.state_dict().items()}
        if isinstance(layer, nn.Conv2d):
            keras.add(make.Conv2D(layer.out_channels, 3, padding="same", use_bias=False))
            keras.layers[-1].set_weights([values["weight"].transpose(2, 3, 1, 0)])
        elif isinstance(layer, nn.BatchNorm2d):
            keras.add(make.BatchNormalization(epsilon=layer.eps))
            order = ("weight", "bias", "running_mean", "running_var")
            keras.layers[-1].set_weights([values[name] for name in order])
        elif isinstance(layer, nn.ReLU):
            keras.add(make.ReLU())
        elif isinstance(layer, nn.MaxPool2d):
            keras.add(make.MaxPooling2D(2))
        elif isinstance(layer, nn.Flatten):
            keras.add(make.Flatten())
        else:  # Flatten goes through channels first in torch, last in Keras.
            by_place = values["weight"].reshape(10, 16, 7, 7).transpose(0, 2, 3, 1)
            keras.add(make.Dense(10))
            keras.layers[-1].set_weights([by_place.reshape(10, -1).T, values["bias"]])
    return keras


def full_int8(model: Any, images: np.ndarray) -> bytes:
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def main() -> None:
    train, validation = load_fashion_mnist().train.hold_out(2000)
    images = (train.images[:CALIBRATION] / np.float32(255))[..., None]
    weights: dict[str, np.ndarray] = {}
    for name, make, to_keras, shape in (
        ("mlp", small_mlp, keras_mlp, (CALIBRATION, 784)),
        ("cnn", batch_norm_cnn, keras_cnn, (CALIBRATION, 28, 28, 1)),
    ):
        set_seed(0)
        model = trained(make(), train.tensors(), validation.tensors())
        weights |= {f"{name}.{key}": value.numpy() for key, value in model.state_dict().items()}
        content = full_int8(to_keras(model), images.reshape(shape))
        (DATA / f"integer_{name}.tflite").write_bytes(content)
    np.savez_compressed(DATA / "integer_networks.npz", **weights)  # type: ignore[arg-type]
    for file in sorted(DATA.glob("integer_*.*")):
        print(file.name, file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
