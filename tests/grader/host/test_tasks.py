"""What was handed in, folder by folder: names may be anything, and links lead nowhere."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from grader.host.intake.folder import read_folder
from grader.host.tasks import find_tasks, look_alikes
from tests.grader.conftest import rows

pytestmark = pytest.mark.usefixtures("bubblewrap")


def test_a_folder_of_no_assignment_is_named(desk, run):
    desk.hand_in("a")
    desk.folder("a", "typo")
    assert "a/typo skipped: This is no assignment that is being graded." in run()
    assert "typo" not in run("--assignment", "numbers")


def test_a_folder_that_cannot_be_read_stops_nobody_else(desk, run, monkeypatch):
    desk.hand_in("a")
    desk.hand_in("locked")
    iterdir = Path.iterdir

    def refuse(path):
        if path.name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert "locked skipped: The folder cannot be read (Permission denied)." in run()
    assert set(rows(desk)) == {("numbers", "a")}


def test_a_folder_that_a_mac_spells_in_another_way_is_the_same(desk, assignment):
    name, other = "\u00fcbung", "u\u0308bung"
    assignments = {name: replace(assignment, name=name)}
    for student, folders in {"amy": [name], "ben": [other], "cleo": [name, other]}.items():
        for folder in folders:
            desk.folder(student, folder)
    tasks, others = find_tasks(desk.submitted, assignments)
    assert {task.student: task.folder.name for task in tasks} == {
        "amy": name,
        "ben": other,
        "cleo": name,
    }
    assert others == {f"cleo/{other}": "This is no assignment that is being graded."}
    shutil.rmtree(desk.submitted / "amy")
    shutil.rmtree(desk.submitted / "cleo")
    (desk.root / "solutions/numbers").rename(desk.root / "solutions" / name)
    assert desk.course().handed_in(desk.submitted) == [name]


def test_names_of_students_may_be_anything(desk, run):
    desk.hand_in("Ünï [red]x[bold]")
    os.makedirs(os.path.join(os.fsencode(desk.submitted), b"\xff\xfe", b"numbers"))
    desk.hand_in("l" * 255)
    run()
    first, second, third = sorted(student for _, student in rows(desk))
    assert (first, third) == ("\\xff\\xfe", "Ünï [red]x[bold]")
    assert second.startswith("l" * 50)
    assert len(second) < 100


def test_a_folder_that_is_a_link_is_not_followed(desk, run):
    desk.hand_in("amy")
    (desk.submitted / "eve").mkdir()
    (desk.submitted / "eve/numbers").symlink_to(desk.root / "solutions/numbers")
    (desk.submitted / "mallory").symlink_to(desk.root / "solutions")
    run()
    found = rows(desk)
    for student in ("eve", "mallory"):
        row = found["numbers", student]
        assert (row["status"], row["total"]) == ("rejected", "")
        assert "is a link to another place" in row["reason"]
        assert "x * x" not in (desk.out / f"feedback/{student}/numbers/numbers.html").read_text()
    assert found["numbers", "amy"]["total"] == "5"


def test_a_link_that_takes_a_folders_place_is_not_followed(desk, assignment):
    """However late it does so."""
    path = desk.hand_in("eve")
    task = find_tasks(desk.submitted, {"numbers": assignment})[0][0]
    shutil.rmtree(path.parent)
    path.parent.symlink_to(desk.root / "solutions/numbers")
    assert "is a link" in read_folder(task.folder).reason


def test_a_name_that_is_no_utf_8_harms_nobody(desk, run):
    desk.hand_in("amy")
    folder = os.fsencode(desk.hand_in("eve").parent)
    os.rename(folder + b"/numbers.ipynb", folder + b"/\xdcbung.ipynb")
    folder = os.fsencode(desk.hand_in("kim").parent)
    for name in (b"\xdc.txt", b"\xdc.ipynb"):
        with open(folder + b"/" + name, "wb") as file:
            file.write(b"x")
    os.symlink("/etc/passwd", folder + b"/\xff")
    folder = os.fsencode(desk.folder("lea"))
    with open(folder + b"/\xfc.ipynb", "wb") as file:
        file.write(b"{}")
    run()
    found = rows(desk)
    assert {student: row["total"] for (_, student), row in found.items()} == {
        **dict.fromkeys(("amy", "eve", "kim"), "5"),
        "lea": "",
    }
    assert "\\xdcbung.ipynb" in found["numbers", "eve"]["notes"]
    assert "\\xfc.ipynb is JSON, but not a notebook" in found["numbers", "lea"]["reason"]


def test_no_two_students_share_a_result(desk, run):
    """What is written for bytes that are no UTF-8 may be another's name."""
    desk.hand_in("J\\xfcrg")
    folder = os.fsencode(desk.hand_in("other", {}).parent.parent)
    os.rename(folder, os.path.join(os.fsencode(desk.submitted), b"J\xfcrg"))
    run()
    (first, one), (second, other) = sorted(rows(desk).items(), key=lambda row: len(row[0][1]))
    assert first[1] == "J\\xfcrg"
    assert second[1].startswith("J\\xfcrg-")
    assert (one["total"], other["total"]) == ("5", "0")


def test_names_that_look_alike_are_told(desk, run):
    for name in ("Ren\u00e9", "Rene\u0301", "amy"):
        desk.hand_in(name)
    said = run()
    found = rows(desk)
    for name in ("Ren\u00e9", "Rene\u0301"):
        assert found["numbers", name]["total"] == "5"
        assert "names look like" in found["numbers", name]["notes"]
    assert "names look like" in said
    assert found["numbers", "amy"]["notes"] == ""


def test_names_that_look_alike_in_other_alphabets_are_told():
    # Cyrillic a, Greek A; a whole name in Cyrillic is like no other.
    students = [
        "ada",
        "\u0430da",
        "\u0391da",
        "\u0440\u043e\u043c\u0430\u043d",
        "\u0440\u043e\u043c\u0430",
    ]
    assert look_alikes(students).keys() == set(students[:3])


@pytest.mark.parametrize("sign", [r"\u200d", r"\u2060", r"\ufeff", r"\u3164", r"\ufe0f", r"\u00a0"])
def test_names_with_signs_that_cannot_be_seen_are_told(desk, run, sign):
    name = f"am{sign.encode().decode('unicode_escape')}y".replace("\u00a0", " ")
    for student in (name, name.replace(" ", "  ") if " " in name else "amy", "bob"):
        desk.hand_in(student)
    run()
    notes = {student: row["notes"] for (_, student), row in rows(desk).items()}
    assert notes.pop("bob") == ""
    assert len(notes) == 2
    assert all("names look like" in note for note in notes.values())


def test_a_folder_that_begins_with_a_dot_is_told(desk, run):
    desk.hand_in("amy")
    desk.hand_in(".anna")
    desk.folder("amy", ".numbers")
    desk.folder("amy", ".ipynb_checkpoints")
    (desk.submitted / ".ipynb_checkpoints").mkdir()
    said = run()
    assert ".anna skipped: No student's folder begins with a dot." in said
    assert "amy/.numbers skipped: This is no assignment that is being graded." in said
    assert "checkpoints" not in said


def test_work_that_lies_in_no_assignments_folder_is_told(desk, run, tmp_path):
    work = desk.hand_in("amy")
    for name in ("bob/homework.ipynb", "bob/notes.txt", "eve/numbers.zip", ".anna/numbers.ipynb"):
        (desk.submitted / name).parent.mkdir(exist_ok=True)
        shutil.copy(work, desk.submitted / name)
    (desk.submitted / ".ipynb_checkpoints").mkdir()
    shutil.copy(work, desk.submitted / ".ipynb_checkpoints/numbers.ipynb")
    shutil.copytree(desk.submitted / "eve", tmp_path / "linked")
    (desk.submitted / "lea").symlink_to(tmp_path / "linked")
    said = run()
    for place in ("bob/homework.ipynb", "eve/numbers.zip"):
        assert f"{place} skipped: This lies in no assignment's folder." in said
    assert ".anna skipped: No student's folder begins with a dot." in said
    assert "lea skipped: This folder is a link" in said
    assert "notes.txt" not in said
    assert "checkpoints" not in said


def test_work_that_lies_in_nobodys_folder_is_told_in_one_line(desk, run):
    desk.hand_in("amy")
    for name in ("numbers.ipynb", "kim.zip", "lea.tar.gz", "notes.txt", *"bcdef"):
        (desk.submitted / (f"{name}.ipynb" if len(name) == 1 else name)).write_text("{}")
    [line] = [line for line in run().splitlines() if "nobody's" in line]
    assert "b.ipynb, c.ipynb" in line
    assert "and 3 more skipped: " in line
    assert "notes.txt" not in line


def test_a_notebook_one_folder_too_high_is_told(desk, run):
    desk.hand_in("amy")
    shutil.copy(desk.hand_in("carla"), desk.submitted / "carla/numbers.ipynb")
    shutil.rmtree(desk.submitted / "carla/numbers")
    run()
    row = rows(desk)["numbers", "carla"]
    assert row["status"] == "rejected"
    assert "belongs one folder deeper" in row["reason"]


def test_what_stands_in_the_way_of_released_files_is_left_out(desk, run):
    (desk.root / "exercises/numbers/tools.py").write_text("ten = 10")
    (desk.root / "exercises/numbers/sub").mkdir()
    (desk.root / "exercises/numbers/sub/more.py").write_text("ten = 10")
    folder = desk.hand_in("amy").parent
    (folder / "tools.py").mkdir()
    (folder / "tools.py/x.txt").write_text("x")
    (folder / "sub").write_text("x")
    run()
    row = rows(desk)["numbers", "amy"]
    assert row["total"] == "5"
    assert row["notes"].count("stands where a released file belongs") == 2


def test_a_time_that_utc_has_no_room_for_costs_nothing(desk, run):
    desk.hand_in("amy", timestamp="0001-01-01T00:00:00+14:00")
    desk.hand_in("bob", timestamp="9999-12-31T23:59:59-14:00")
    run()
    for student in ("amy", "bob"):
        row = rows(desk)["numbers", student]
        assert (row["total"], row["notes"]) == ("5", "timestamp.txt cannot be read as a time.")


def test_no_zone_of_a_time_is_a_file(desk, run):
    """It was opened, and what is no zone's file ended in an error of the grader's own."""
    zones = {"amy": "../x", "bob": "/etc/hosts", "cleo": "/dev/zero", "dan": "a/../../b"}
    for student, zone in zones.items():
        desk.hand_in(student, timestamp=f"2026-03-01 10:00 {zone}")
    desk.hand_in("eve", timestamp="2026-07-01 10:00 America/New_York")
    run()
    for student in zones:
        row = rows(desk)["numbers", student]
        assert (row["total"], row["notes"]) == ("5", "timestamp.txt cannot be read as a time.")
    assert rows(desk)["numbers", "eve"]["notes"] == ""
