"""A network of ONNX may name other files as the place of its weights. Who reads one that a learner
has written opens them where the test works, and there lie files for tests alone.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from grader.sandboxed.calls.executed import Brought

# Of `onnx`, by module: what opens such a file, with the folder as the second argument.
_OPENS = "_read_external_data_bytes", "load_external_data_for_tensor"
_IN = "onnx.external_data_helper", "onnx.numpy_helper"


def shut_for_networks(
    brought: Callable[[], Brought], folder: Callable[[], AbstractContextManager[None] | None]
) -> None:
    """Has networks that answers have brought open no file in the test's folder.

    Args:
        brought: gives the texts and bytes that they have brought.
        folder: the test's, which is shut meanwhile.
    """

    def shut() -> AbstractContextManager[None]:
        return folder() or contextlib.nullcontext()

    def opening(function: Callable[..., Any]) -> Callable[..., Any]:
        def opened(tensor: Any, base_dir: str = "", *args: Any, **kwargs: Any) -> Any:
            # Without a folder it was read from bytes.
            with shut() if brought() and not base_dir else contextlib.nullcontext():
                return function(tensor, base_dir, *args, **kwargs)

        return opened

    for name in _IN:
        module = sys.modules.get(name)
        for function in _OPENS:
            if hasattr(module, function):
                setattr(module, function, opening(getattr(module, function)))
    session: Any = getattr(sys.modules.get("onnxruntime"), "InferenceSession", None)
    if session is None:
        return
    begin = session.__init__

    def begun(self: Any, path_or_bytes: Any, *args: Any, **kwargs: Any) -> None:
        if not isinstance(path_or_bytes, bytes):
            # The test may have written it to a file first.
            content = _content(path_or_bytes)
            parts = [one for one in brought() or () if isinstance(one, bytes) and one]
            if any(one in content for one in parts):
                path_or_bytes = content
        ours = not (brought() and isinstance(path_or_bytes, bytes))
        with contextlib.nullcontext() if ours else shut():
            begin(self, path_or_bytes, *args, **kwargs)

    session.__init__ = begun


def _content(place: Any) -> bytes:
    try:
        return Path(place).read_bytes()
    except (OSError, TypeError, ValueError):
        return b""
