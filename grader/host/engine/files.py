"""What a player or a judge finds in its working folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Files:
    """Files of a working folder, or their contents, by path relative to it."""

    paths: Mapping[str, Path | bytes] = field(default_factory=dict)

    def pack(self) -> tuple[dict[str, int], bytes]:
        """Sizes by name, and all contents in one.

        A name has one character for each of its bytes: it need not be UTF-8, and two that differ in
        what is none must not become one.
        """
        contents = {
            name: file if isinstance(file, bytes) else file.read_bytes()
            for name, file in self.paths.items()
        }
        sizes = {os.fsencode(name).decode("latin-1"): len(data) for name, data in contents.items()}
        return sizes, b"".join(contents.values())
