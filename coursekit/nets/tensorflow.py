"""TensorFlow without its noise: `from coursekit.nets.tensorflow import tf`.

What matters is done before and right after the import, once for all lessons:

- Triton, which torch brings on Linux, is imported first. The other way round the process ends with
  a segmentation fault as soon as something imports Triton.
- `TF_CPP_MIN_LOG_LEVEL=3` keeps start-up notes off the screen, and `TF_ENABLE_ONEDNN_OPTS=0` makes
  sums come out in the same order each time. Both are read when TensorFlow is imported, never later.
- One thread, as for torch in `coursekit.nets.train.set_seed`.
- Keras and TensorFlow only print what is wrong. Converting would show a temporary folder's name,
  a warning about an option of TensorFlow 1, and notes that compiled code writes past Python.

The import takes 5 to 10 seconds. No operation is run: a process that has only imported TensorFlow
can still be forked, one that has run an operation can't.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
import os
import warnings
from collections.abc import Callable

from coursekit.nets.tflite import quiet_stderr

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

with contextlib.suppress(ImportError):
    import triton  # type: ignore[import-untyped]  # noqa: F401  # before TensorFlow, see above

import absl.logging
import tensorflow as tf  # type: ignore[import-untyped]

__all__ = ["tf"]


def _quietly(convert: Callable[..., bytes]) -> Callable[..., bytes]:
    @functools.wraps(convert)
    def converted(*args: object, **options: object) -> bytes:
        with quiet_stderr(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Statistics for quantized inputs")
            return convert(*args, **options)

    return converted


tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
tf.keras.config.disable_interactive_logging()
logging.getLogger("tensorflow").setLevel(logging.ERROR)
# Not by its logger's level alone: Keras puts back what absl says that it was.
absl.logging.set_verbosity(absl.logging.ERROR)
for _kind in vars(inspect.getmodule(tf.lite.TFLiteConverter)).values():
    # The classes whose objects `TFLiteConverter.from_…` returns.
    if inspect.isclass(_kind) and _kind.__name__.endswith("V2") and "convert" in vars(_kind):
        setattr(_kind, "convert", _quietly(vars(_kind)["convert"]))  # noqa: B010
