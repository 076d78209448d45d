"""The network of lesson 11 in Keras; imports TensorFlow."""

from __future__ import annotations

from coursekit.nets.tensorflow import tf


def keras_net(batch: int | None = None) -> tf.keras.Sequential:
    """Two convolutions and two dense layers, for float32 images of the shape (batch, 28, 28, 1).

    Args:
        batch: So many images at a time; None takes any number.
    """
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            tf.keras.Input((28, 28, 1), batch_size=batch),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Conv2D(32, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ]
    )
