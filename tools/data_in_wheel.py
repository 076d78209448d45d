"""A wheel of coursekit carries the course's data: all that data/checksums.json names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DataInWheel(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the files into coursekit/_data, where `coursekit.nets.data` looks first."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # An editable install reads them from data/ itself.
        if version != "standard":
            return
        data = Path(self.root, "data")
        checksums = json.loads((data / "checksums.json").read_text(encoding="utf-8"))
        for name in (*checksums, "checksums.json", "README.md"):
            build_data["force_include"][str(data / name)] = f"coursekit/_data/{name}"
