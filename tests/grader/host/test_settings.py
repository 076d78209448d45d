"""What nbgrader_config.py sets as `c.Grader`."""

from __future__ import annotations

import re

import pytest

from grader import Course
from grader.host.settings import Grader
from grader.protocol.errors import GraderError
from tests.conftest import ROOT
from tests.grader.conftest import Desk, rows


def write(desk: Desk, *lines: str) -> None:
    with (desk.root / "nbgrader_config.py").open("a") as config:
        config.write("\n" + "\n".join(lines) + "\n")


def square(lines: str) -> dict[str, str]:
    return {"square": f"def square(x):\n    return x * x\n{lines}"}


def test_limits_are_the_courses(desk: Desk) -> None:
    write(
        desk,
        "c.Grader.timeout = 1.5",
        "c.Grader.memory = 300",
        "c.Grader.output_limit = 1000",
        "c.Grader.workers = 2",
    )
    desk.hand_in("slow", square("import time\ntime.sleep(60)"))
    desk.hand_in("large", square("held = bytearray(400 * 2**20)"))
    desk.hand_in("loud", square("print('!' * 5000)"))
    desk.grade()
    pages = {
        name: (desk.out / f"feedback/{name}/numbers/numbers.html").read_text()
        for name in ("slow", "large", "loud")
    }
    assert "This cell was stopped after 1.5 s." in pages["slow"]
    assert "MemoryError" in pages["large"]
    assert "!" * 500 in pages["loud"]
    assert "!" * 1001 not in pages["loud"]
    # They are part of what a mark hangs on.
    write(desk, "c.Grader.memory = 1000")
    assert "known from an earlier run" not in desk.grade()
    assert "known from an earlier run" in desk.grade()
    page = (desk.out / "feedback/large/numbers/numbers.html").read_text()
    assert "MemoryError" not in page


def test_an_option_stands_above(desk: Desk) -> None:
    write(desk, "c.Grader.timeout = 'auto'", "c.Grader.show_hidden_tests = True")
    desk.hand_in("amy", {"square": "def square(x):\n    while x:\n        pass\n    return 0"})
    desk.grade("--timeout", "1")
    page = (desk.out / "feedback/amy/numbers/numbers.html").read_text()
    assert "stopped after 1 s" in page
    assert ">secret<" in page
    assert rows(desk)["numbers", "amy"]["numbers:square"] == "0"


def test_what_is_imported_beforehand(desk: Desk) -> None:
    write(desk, "c.Grader.preload = ['colorsys']")
    seen = "import sys\nassert 'colorsys' in sys.modules and 'chunk' not in sys.modules"
    desk.hand_in("amy", square(seen))
    desk.grade()
    assert rows(desk)["numbers", "amy"]["numbers:square"] == "3"
    page = (desk.out / "feedback/amy/numbers/numbers.html").read_text()
    assert "AssertionError" not in page


WRONG = {
    "c.Grader.tiemout = 5": "c.Grader.tiemout, which is no setting: c.Grader.timeout is meant",
    "c.Grader.colour = 5": "c.Grader.colour, which is no setting: there are ",
    "c.Grader.timeout = 'soon'": "c.Grader wrongly: The 'timeout' trait",
    "c.Grader.timeout = 0": "c.Grader wrongly: ",
    "c.Grader.workers = 0": "c.Grader wrongly: ",
    "c.Grader.memory = 1": "c.Grader wrongly: ",
    "c.Grader.show = 5": "c.Grader wrongly: The 'show' trait",
}


@pytest.mark.parametrize(("line", "sentence"), WRONG.items(), ids=range(len(WRONG)))
def test_what_is_no_setting_is_one_sentence(desk: Desk, line: str, sentence: str) -> None:
    write(desk, line)
    with pytest.raises(GraderError, match=re.escape(sentence)) as told:
        Course.open(desk.root)
    assert str(desk.root / "nbgrader_config.py") in str(told.value)
    assert len(str(told.value).splitlines()) == 1


def test_all_settings_are_in_the_docs() -> None:
    docs = (ROOT / "docs/grading.md").read_text()
    told = docs.partition("## Settings")[2].partition("\n## ")[0]
    names = set(re.findall(r"`(\w+)`(?=[,| ])", re.sub(r"(?m)^(\| [^|]*\|).*", r"\1", told)))
    assert names == set(Grader.class_trait_names(config=True))


def test_who_has_no_home_folder_is_told_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def home() -> None:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.home", home)
    assert desk.grade(code=1).startswith("You have no home folder on this machine")
