"""What tests that compare with nbgrader share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.grader.conftest import CONFIG
from tests.same_scores.classroom import WITH_ALEMBIC, Classroom


@pytest.fixture
def classroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Classroom:
    monkeypatch.setenv("PATH", WITH_ALEMBIC)
    (tmp_path / "nbgrader_config.py").write_text(CONFIG)
    return Classroom(tmp_path)
