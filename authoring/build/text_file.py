"""A built file of text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TextFile:
    """Where it lies, and what it should hold."""

    path: Path
    wanted: str

    @property
    def is_fresh(self) -> bool:
        """Whether the file is there and holds what it should."""
        return self.path.is_file() and self.path.read_text(encoding="utf-8") == self.wanted

    def write(self, force: bool = False) -> None:
        """Writes the file; there is nothing to run, so that `force` is for others."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.wanted, encoding="utf-8")
