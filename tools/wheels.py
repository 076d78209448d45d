"""`make wheels`: can every dependency be installed without a compiler, on every system and Python?

Asks the package registry, and installs nothing. Fails when a wheel is missing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# As uv calls them. torch's wheels ask for macOS 14; Macs with Intel's processors get none any more.
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "windows", "aarch64-apple-darwin")
PYTHONS = ("3.11", "3.12", "3.13")


def missing(platform: str, python: str) -> str:
    """What uv says where something has no wheel; empty where all have."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [
                *(sys.executable, "-m", "uv", "pip", "compile", "--quiet"),
                *("--python-platform", platform, "--python-version", python),
                *("--only-binary", ":all:", "--constraint", "constraints.txt"),
                *("--output-file", str(Path(folder) / "found.txt"), "pyproject.toml"),
            ],
            cwd=ROOT,
            env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"},
            capture_output=True,
            text=True,
        )
    return run.stderr.strip() if run.returncode else ""


def main() -> int:
    """Says for each system and Python whether all wheels are there; the number of those missing."""
    failed = 0
    for platform in PLATFORMS:
        for python in PYTHONS:
            problem = missing(platform, python)
            failed += bool(problem)
            print(f"{'no' if problem else 'ok'}  {platform}, Python {python} {problem}".rstrip())
    return failed


if __name__ == "__main__":
    sys.exit(main())
