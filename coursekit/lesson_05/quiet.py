"""What torchao prints for nothing."""

from __future__ import annotations

import logging
import warnings


def torchao() -> None:
    """Hides that it registers a type twice, and how its source is written, before the import."""
    logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="invalid escape sequence", category=SyntaxWarning)
