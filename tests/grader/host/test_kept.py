"""Contracts that are kept: made once for the same content, never wrong, and no must."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import pytest

from grader.host import kept_contracts
from grader.host.contract import Clause, Contract
from grader.host.transcript import Played
from grader.protocol.errors import GraderError
from grader.protocol.outputs import Error
from grader.protocol.terms import Terms

MADE_FOR = {"assignment": "abc", "notebook": "one"}
CONTRACT = Contract(
    tests={
        "a": Clause({"f": "function"}, Terms({"array"}, {"x"}, {"__add__"}, {"f:0"}, {"g"}, True)),
        "b": Clause(
            live="its answer x is a module", replay=True, undeclared=("y",), suggests=False
        ),
    },
    opening=2,
    bequeathing=frozenset({"a"}),
    modules=("torch", "coursekit"),
    untouched={3: Played([Error("NotImplementedError", "", ["traceback"])], 4, 0.5, 1)},
)


class Maker:
    """Counts how often the contract is made."""

    def __init__(self, contract: Contract = CONTRACT, seconds: float = 0) -> None:
        self.count = 0
        self.said: list[str] = []
        self._contract = contract
        self._seconds = seconds

    def __call__(self) -> Contract:
        self.count += 1
        time.sleep(self._seconds)
        return self._contract

    def ask(self, place: Path, **made_for: str) -> Contract:
        return kept_contracts.contract(
            place, "one", {**MADE_FOR, **made_for}, self, self.said.append
        )


def test_it_is_made_once_and_comes_back_as_it_was(tmp_path: Path) -> None:
    make = Maker()
    assert [make.ask(tmp_path) for _ in range(3)] == [CONTRACT] * 3
    assert make.count == 1
    [file] = tmp_path.glob("one-*.json")
    assert json.loads(file.read_text())["made_for"]["assignment"] == "abc"
    assert json.loads(kept_contracts.shown(CONTRACT))["tests"]["a"]["takes"] == {"f": "function"}


@pytest.mark.parametrize("other", [{"assignment": "abd"}, {"shown": "x"}])
def test_for_other_content_it_is_made_anew(tmp_path: Path, other: dict[str, str]) -> None:
    make = Maker()
    make.ask(tmp_path)
    make.ask(tmp_path, **other)
    assert make.count == 2


def test_for_other_packages_it_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Maker()
    make.ask(tmp_path)
    monkeypatch.setattr(kept_contracts, "_environment", lambda: {"packages": "torch==9"})
    make.ask(tmp_path)
    assert make.count == 2


def test_a_folder_that_python_can_not_look_into_has_no_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_contracts._environment.cache_clear()
    # As one that the user may not look into, but for root, too.
    monkeypatch.setattr(sys, "path", [*sys.path, "x" * 300])
    assert Maker().ask(tmp_path) == CONTRACT


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", "{}", '{"made_for": {}, "contract": {}}', "x" * 9]
)
def test_a_damaged_one_is_made_anew_and_said(tmp_path: Path, damage: str) -> None:
    make = Maker()
    make.ask(tmp_path)
    [file] = tmp_path.glob("one-*.json")
    file.write_text(damage)
    assert make.ask(tmp_path) == CONTRACT
    assert make.count == 2
    [sentence] = make.said
    assert file.name in sentence
    assert "made anew" in sentence
    make.ask(tmp_path)
    assert make.count == 2


def test_one_for_something_else_under_this_name_is_not_used(tmp_path: Path) -> None:
    make = Maker()
    make.ask(tmp_path)
    [file] = tmp_path.glob("one-*.json")
    inside = json.loads(file.read_text())
    inside["made_for"]["assignment"] = "another"
    file.write_text(json.dumps(inside))
    make.ask(tmp_path)
    assert make.count == 2
    assert make.said


def test_where_nothing_can_be_written_it_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    make = Maker()
    assert make.ask(tmp_path / "file") == CONTRACT
    assert make.ask(tmp_path / "file") == CONTRACT
    assert make.count == 2


@pytest.mark.parametrize(
    "clause", [Clause(broken="it gives no points"), Clause(live="time was up", slow=True)]
)
def test_what_another_day_may_mend_is_not_kept(tmp_path: Path, clause: Clause) -> None:
    make = Maker(Contract({"a": clause}))
    make.ask(tmp_path)
    make.ask(tmp_path)
    assert make.count == 2


def test_two_runs_wait_for_each_other_and_do_not_work_twice(tmp_path: Path) -> None:
    make = Maker(seconds=0.3)
    threads = [threading.Thread(target=make.ask, args=(tmp_path,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert make.count == 1


def test_old_ones_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Maker()
    make.ask(tmp_path)
    monkeypatch.setattr(kept_contracts, "MAX_AGE", -60)
    make.ask(tmp_path, assignment="another")
    assert list(tmp_path.glob("*.json")) == []


def test_the_place_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(kept_contracts.VARIABLE, str(tmp_path))
    assert kept_contracts.folder() == tmp_path
    monkeypatch.delenv(kept_contracts.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert kept_contracts.folder() == tmp_path / "cache" / "fewer-bits" / "contracts"
    monkeypatch.setenv(kept_contracts.VARIABLE, "~nobody-here/contracts")
    with pytest.raises(GraderError, match="nobody of that name has a home folder here"):
        kept_contracts.folder()
