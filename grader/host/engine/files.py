"""What a player or a judge finds in its working folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Files:
    """Files of a working folder, or their contents, by path relative to it."""

    paths: Mapping[str, Path | bytes] = field(default_factory=dict)

    def pack(self) -> tuple[dict[str, int], bytes]:
        """Sizes, and all contents in one."""
        contents = {
            name: file if isinstance(file, bytes) else file.read_bytes()
            for name, file in self.paths.items()
        }
        return {name: len(data) for name, data in contents.items()}, b"".join(contents.values())
