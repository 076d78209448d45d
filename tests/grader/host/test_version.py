"""Whoever changes what marks hang on is asked whether marks change.

python -m tests.grader.host.test_version     # the answer is given: `GRADING` is as it should be
"""

from __future__ import annotations

import json
from pathlib import Path

from grader import Assignment
from grader.host import version
from grader.host.results.revision import Identities

RECORD = Path(__file__).parent / "grading_version.json"


def now() -> dict[str, int | str]:
    return {"grading": version.GRADING, "code": version.code()}


def test_marks_and_their_version_go_together() -> None:
    assert json.loads(RECORD.read_text()) == now(), (
        "Files that marks hang on have changed. If a mark could come out otherwise now, raise "
        "GRADING in grader/host/version.py: results of earlier runs are then found anew. Then, in "
        "any case: python -m tests.grader.host.test_version"
    )


def test_what_only_shows_marks_is_not_watched(monkeypatch, tmp_path: Path) -> None:
    def code(changed: str) -> str:
        for name in ("host/marks/points.py", "host/publish/report.py"):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("changed" if name == changed else "")
        monkeypatch.setattr(version, "__file__", str(tmp_path / "host" / "version.py"))
        version.code.cache_clear()
        return version.code()

    try:
        assert code("") == code("host/publish/report.py") != code("host/marks/points.py")
    finally:
        monkeypatch.undo()
        version.code.cache_clear()


def test_results_of_another_version_are_found_anew(assignment: Assignment, monkeypatch) -> None:
    before = Identities(assignment, "").of("handed in")
    assert Identities(assignment, "").of("handed in") == before
    monkeypatch.setattr(version, "GRADING", version.GRADING + 1)
    after = Identities(assignment, "").of("handed in")
    assert after.whole != before.whole
    assert all(after.items[name] != before.items[name] for name in before.items)


if __name__ == "__main__":
    RECORD.write_text(json.dumps(now()) + "\n")
