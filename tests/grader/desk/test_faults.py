"""What archives do to whoever opens them, and what goes wrong on the way to the disk."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import re
import stat
import struct
import subprocess
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.host.desk import collecting, placing, sources, tables
from grader.host.desk.sources import Source, Unreadable, opened
from grader.protocol.errors import GraderError
from tests.grader.desk.conftest import gradebook, other, zipped

NAME = "Ada King_7_assignsubmission_file"
BOB = "Bob_8_assignsubmission_file"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (f"../{NAME}/numbers.ipynb", "has a path that leads elsewhere"),
        (f"{NAME}/../../numbers.ipynb", "has a path that leads elsewhere"),
        (f"/{NAME}/numbers.ipynb", "has a path that leads elsewhere"),
        (f"C:/{NAME}/numbers.ipynb", "has a path that leads elsewhere"),
        (f"{NAME}\\..\\numbers.ipynb", "has a path that leads elsewhere"),
        (f"{NAME}//numbers.ipynb", "has a path that is none"),
        (f"{NAME}/num\nbers.ipynb", "has a path that is none"),
        (f"{NAME}/{'x' * 300}.ipynb", "has too long a name"),
        (f"{NAME}/{'d/' * 40}numbers.ipynb", "lies more than 30 folders deep"),
        (f"{NAME}/{('d' * 99 + '/') * 20}numbers.ipynb", "has too long a name"),
    ],
)
def test_a_path_that_tricks_is_refused_and_the_others_placed(group, work, path, reason):
    archive = group.archive({path: work, f"{BOB}/numbers.ipynb": work})
    group.collect(archive)
    assert group.placed == {"Bob/numbers"}
    assert list(group.reasons.values()) == [reason]
    inside = {p.relative_to(group.here).parts[0] for p in group.here.rglob("*")}
    assert inside == {"submissions.zip", "submitted", "unplaced"}


@given(
    st.lists(st.sampled_from(["..", ".", "", "a", "b", "C:", "\\", "\x00", "é" * 130]), max_size=6)
)
def test_no_path_leads_out(parts):
    source = Source("x")
    source.add("/".join(parts), lambda limit: b"")
    for path in source.files:
        assert os.path.normpath(path) == path
        assert not path.startswith(("/", ".."))


def linked(path, target="/etc/passwd", mode=stat.S_IFLNK):
    info = zipfile.ZipInfo(path)
    info.external_attr = (mode | 0o777) << 16
    return info, target


def test_links_and_what_is_no_file_are_refused(group, work):
    path = group.here / "submissions.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(*linked(f"{NAME}/secret.txt"))
        archive.writestr(*linked(f"{NAME}/pipe", "", stat.S_IFIFO))
        archive.writestr(f"{NAME}/numbers.ipynb", work)
    group.collect(path)
    folder = group.submitted / "Ada King/numbers"
    assert [p.name for p in folder.iterdir()] == ["numbers.ipynb"]
    assert group.reasons == {
        f"{NAME}/secret.txt": "is a link, which is not followed",
        f"{NAME}/pipe": "is not a plain file",
    }


def test_links_in_a_folder_are_refused(group, work):
    tree = group.tree({f"{NAME}/numbers.ipynb": work})
    (tree / NAME / "secret.txt").symlink_to("/etc/passwd")
    (tree / "etc").symlink_to("/etc")
    os.mkfifo(tree / NAME / "pipe")
    group.collect(tree)
    folder = group.submitted / "Ada King/numbers"
    assert [p.name for p in folder.iterdir()] == ["numbers.ipynb"]
    assert group.reasons == {
        "etc": "is a link, which is not followed",
        f"{NAME}/secret.txt": "is a link, which is not followed",
        "Ada King_7/pipe": "is not a plain file",
    }


def test_a_bomb_is_never_unpacked(group, work, monkeypatch):
    monkeypatch.setattr(sources, "MAX_NOTEBOOK_BYTES", 10**6)
    archive = group.archive({f"{NAME}/numbers.ipynb": b"\0" * 10**8, f"{BOB}/numbers.ipynb": work})
    # It says that it is small.
    data = archive.read_bytes()
    assert data.count(struct.pack("<I", 10**8)) == 2
    archive.write_bytes(data.replace(struct.pack("<I", 10**8), struct.pack("<I", 10**7)))
    group.collect(archive)
    assert group.placed == {"Bob/numbers"}
    assert group.reasons["Ada King_7/numbers.ipynb"] == "has more than 1 MB"
    assert max(p.stat().st_size for p in group.here.rglob("*") if p.is_file()) < 10**6


def test_of_one_person_no_more_is_unpacked_than_is_graded(group, work, monkeypatch):
    monkeypatch.setattr(collecting, "MAX_FILES_BYTES", 10**6)
    many = {f"{NAME}/{n:02}.bin": b"\0" * 400_000 for n in range(50)}
    # Neither where it is placed, nor where it is kept.
    for first in ({f"{NAME}/numbers.ipynb": work}, {}):
        group.collect(group.archive({**first, **many}))
        written = sum(p.stat().st_size for p in group.here.rglob("*.bin"))
        assert 0 < written < 3 * 10**6
    assert (group.submitted / "Ada King/numbers/numbers.ipynb").read_bytes() == work


def test_too_many_files(group, monkeypatch, work):
    monkeypatch.setattr(sources, "MAX_ENTRIES", 3)
    files = {f"{NAME}/{n}.txt": "x" for n in range(4)}
    for place in (group.archive(files), group.tree(files)):
        said = group.collect(place, code=1)
        assert said == f"{place.name} holds more than 3 files, and was not taken."
    assert not group.submitted.exists()


def test_too_many_files_of_one_person_cost_nobody_else(group, monkeypatch, work):
    """Neither where they lie right below the notebook, nor in a folder round all."""
    monkeypatch.setattr(sources, "MAX_ENTRIES", 20)
    monkeypatch.setattr(sources, "MAX_OF_ONE", 10)
    bob = {f"{BOB}/numbers.ipynb": work}
    many = {f"{NAME}/data/{n}.txt": "x" for n in range(20)}
    spread = {f"{NAME}/{n % 7}/{n}.txt": "x" for n in range(30)}
    # Without the folder that holds too much by itself the others hold too much still.
    both_ways = {f"{NAME}/data/{n}.txt": "x" for n in range(12)} | spread
    for number, (files, whose) in enumerate(
        [(many, f"{NAME}/data"), (spread, NAME), (both_ways, NAME)]
    ):
        for above in ("", "all/"):
            both = {f"{above}{path}": content for path, content in {**files, **bob}.items()}
            name = f"{number}{above.rstrip('/')}"
            for place in (group.archive(both, f"{name}.zip"), group.tree(both, name)):
                group.collect(place)
                assert group.placed == {"Bob/numbers"}
                assert {f"{above}{whose}": "holds more than 10 files"}.items() <= (
                    group.reasons.items()
                )


def test_a_file_that_is_damaged_costs_nobody_else(group, work):
    archive = group.archive({f"{NAME}/numbers.ipynb": b"x" * 500, f"{BOB}/numbers.ipynb": work})
    data = archive.read_bytes()
    start = data.index(f"{NAME}/numbers.ipynb".encode()) + len(f"{NAME}/numbers.ipynb")
    archive.write_bytes(data[: start + 2] + b"\xff\xff" + data[start + 4 :])
    group.collect(archive)
    assert group.placed == {"Bob/numbers"}
    assert "is damaged in the archive: download it again" in group.reasons.values()


def test_a_file_without_a_name_costs_nobody_else(group, work):
    archive = group.archive({"x": work, f"{BOB}/numbers.ipynb": work})
    data = bytearray(archive.read_bytes())
    # Its names, in its own head and in the list at the end.
    for sign, name in ((b"PK\3\4", 30), (b"PK\1\2", 46)):
        data[data.index(sign) + name] = 0
    archive.write_bytes(data)
    group.collect(archive)
    assert group.placed == {"Bob/numbers"}
    assert list(group.reasons.values()) == ["has a path that is none"]


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_an_archive_that_is_cut_off_takes_nothing(group, work, share):
    whole = group.archive({f"{BOB}/numbers.ipynb": work}, "whole.zip")
    data = group.archive({f"{NAME}/numbers.ipynb": work}).read_bytes()
    cut = group.here / "submissions.zip"
    cut.write_bytes(data[: int(share * len(data))])
    said = group.collect(whole, cut, code=1)
    assert said.endswith("is damaged or cut off, and nothing of it was taken: download it again.")
    assert not group.submitted.exists()
    cut.write_bytes(data)
    assert "2 placed" in group.collect(whole, cut)


def test_what_is_no_archive(group, work):
    path = group.write("x.tar", "no zip")
    assert "is neither a zip archive nor a folder" in group.collect(path, code=1)
    assert "There is no archive or folder" in group.collect(group.here / "gone.zip", code=1)
    empty = group.tree({"readme.txt": "x"})
    assert "holds nothing that a system known here" in group.collect(empty, code=1)
    assert not group.submitted.exists()


def test_names_that_somebody_packed_again(group, work):
    # UTF-8 that is not marked as such, and the composed letters of a Mac.
    path = f"Zoë_7_{'assignsubmission_file'}/numbers.ipynb"
    data = bytearray(zipped(group.here / "x.zip", {path: work}).read_bytes())
    for head, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(head) + at + 1] &= ~0x08
    (group.here / "x.zip").write_bytes(bytes(data))
    group.collect(group.here / "x.zip")
    assert group.placed == {"Zoë/numbers"}
    with opened(zipped(group.here / "y.zip", {path.replace("ë", "e\u0308"): work})) as source:
        assert list(source.files) == [path]


# --- The disk ---


def full(monkeypatch, after):
    """A disk that has no room after so many files."""
    write, count = placing.write_atomically, [0]

    def maybe(path, data, *more):
        count[0] += 1
        if count[0] > after:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, data, *more)

    monkeypatch.setattr(placing, "write_atomically", maybe)


@pytest.mark.parametrize("after", range(6))
def test_a_full_disk_leaves_nothing_half_written(group, work, monkeypatch, after):
    files = {
        f"{NAME}/numbers.ipynb": work,
        f"{NAME}/data.csv": "1,2",
        f"{BOB}/numbers.ipynb": other(work, "b"),
        "Cy_9_assignsubmission_file/essay.txt": "x",
    }
    archive = group.archive(files)
    with monkeypatch.context() as patch:
        full(patch, after)
        said = group.collect(archive, code=1)
    assert "No space left on device. What was collected is kept: make room" in said
    for place in group.placed:
        assert (group.submitted / place / "numbers.ipynb").read_bytes() in (work, other(work, "b"))
    assert not list(group.submitted.glob(".collecting-*"))
    group.collect(archive)
    assert group.placed == {"Ada King/numbers", "Bob/numbers"}
    assert (group.submitted / "Ada King/numbers/data.csv").exists()
    assert set(group.reasons) == {"Cy_9"}
    assert (group.submitted / "collected.csv").read_text().count("\n") == 3


def test_a_full_disk_does_not_cost_what_was_there(group, work, monkeypatch):
    group.collect(group.archive({f"{NAME}/numbers.ipynb": work}, "first.zip"))
    later = group.archive({f"{NAME}/numbers.ipynb": other(work, "2")}, "second.zip")
    place = group.submitted / "Ada King/numbers/numbers.ipynb"
    with monkeypatch.context() as patch:
        full(patch, 0)
        group.collect(later, code=1)
    assert place.read_bytes() == work
    group.collect(later)
    assert place.read_bytes() == other(work, "2")


def test_a_run_that_is_killed_between_two_moves(group, work, monkeypatch):
    group.collect(group.archive({f"{NAME}/numbers.ipynb": work}, "first.zip"))
    later = group.archive({f"{NAME}/numbers.ipynb": other(work, "2")}, "second.zip")
    put_away = placing.Placing._put_away

    def then_stop(*arguments):
        put_away(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(placing.Placing, "_put_away", then_stop)
        group.collect(later, code=130)
    assert list((group.here / "unplaced/earlier").rglob("numbers.ipynb"))
    group.collect(later)
    assert (group.submitted / "Ada King/numbers/numbers.ipynb").read_bytes() == other(work, "2")


def test_a_folder_that_may_not_be_written(group, work, monkeypatch):
    archive = group.archive({f"{NAME}/numbers.ipynb": work})

    def refuse(path, *more, **options):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.mkdir", refuse)
        said = group.collect(archive, code=1)
    assert said == f"Cannot write to {group.submitted}: Permission denied."
    assert not group.submitted.exists()


def test_a_student_whose_folder_is_a_link(group, work):
    elsewhere = group.here / "elsewhere"
    elsewhere.mkdir()
    group.submitted.mkdir()
    (group.submitted / "Ada King").symlink_to(elsewhere)
    archive = group.archive({f"{NAME}/numbers.ipynb": work, f"{BOB}/numbers.ipynb": work})
    group.collect(archive)
    assert group.reasons == {"Ada King_7": "belongs where a link leads away: remove Ada King"}
    assert (group.submitted / "Bob/numbers").is_dir()
    assert not list(elsewhere.iterdir())


def test_folders_of_any_depth_cost_nobody_else(group, work):
    tree = group.tree({"07-submissions/07-ada/numbers.ipynb": work})
    eve = tree / "07-submissions/07-eve"
    # More than Python calls in each other; of short names, as a path has a limit, too.
    subprocess.run(["mkdir", "-p", f"{eve}{'/d' * 1100}"], check=True)
    (eve / "numbers.ipynb").write_bytes(work)
    try:
        group.collect(tree, "--assignment", "numbers")
    finally:
        subprocess.run(["rm", "-r", str(eve)], check=True)
    assert group.placed == {"ada/numbers", "eve/numbers"}
    assert list(group.reasons.values()) == ["lies more than 30 folders deep"]


HANDED_IN = "assignment,student,name,email,group,submitted,late,system,key,back,team,source\n"


def exported(group, code=0):
    where = ("--out", group.here / "out", "--submitted", group.submitted)
    return group.run("export", "--to", "csv", *where, code=code)


MARKS = "assignment,student,status,late,total,max,numbers:square,penalty,reason,notes"


@pytest.mark.parametrize(
    ("table", "text", "said"),
    [
        ("out/grades.csv", "student\nada\n", "grades.csv has no column assignment any more"),
        ("out/grades.csv", f"{MARKS}\nnumbers,ada,graded,no,4\n", "a mark that is no number"),
        (
            "out/grades.csv",
            f"{MARKS}\nnumbers,ada,graded,no,4,8,four,0,,\n",
            "the row of ada for numbers holds a mark that is no number",
        ),
        ("submitted/collected.csv", "student\nada\n", "collected.csv has no column assignment"),
    ],
)
def test_a_table_that_somebody_has_changed_is_told(group, table, text, said):
    group.mark(f"{MARKS}\nnumbers,ada,graded,no,4,8,2,0,,\n", HANDED_IN)
    group.write(table, text)
    assert said in exported(group, code=1)


def test_tables_as_a_spreadsheet_saves_them(group, work):
    """Without cells that are empty at the end of a row, with a decimal comma and a column more."""
    head = MARKS.replace(",", ";")
    group.mark(f"{head}\nnumbers;ada;graded;no;4,5;8;2,5\n", HANDED_IN)
    exported(group)
    [row] = tables.load(group.here / "out/marks-csv.csv")
    assert (row["total"], row["square"]) == ("4.5", "2.5")
    group.write("submitted/collected.csv", f"mine,{HANDED_IN}x,numbers,ada,Ada\n")
    group.collect(group.tree({"bob_numbers.ipynb": work}))
    rows = tables.load(group.submitted / "collected.csv")
    assert [row["student"] for row in rows] == ["ada", "bob"]
    assert "mine" not in rows[0]


def test_two_runs_at_once(group, work):
    archive = group.archive({f"{NAME}/numbers.ipynb": work})
    with placing.Placing(group.submitted, group.here / "unplaced").held():
        said = group.collect(archive, code=1)
    assert said.startswith("Another run is collecting into")


@pytest.mark.parametrize("packed", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_with_any_byte_changed_is_read_or_refused(group, work, packed):
    damaged = group.here / "damaged.zip"
    with zipfile.ZipFile(damaged, "w", packed) as archive:
        archive.writestr(f"{NAME}/numbers.ipynb", work[:300])
        archive.writestr(f"{BOB}/x.txt", "x" * 99)
    data, draw = damaged.read_bytes(), random.Random(0)
    for _ in range(400):
        changed = bytearray(data)
        for _ in range(draw.choice([1, 1, 3])):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        damaged.write_bytes(bytes(changed[: draw.choice([None, draw.randrange(len(data))])]))
        with contextlib.suppress(GraderError), opened(damaged) as source:
            for file in source.files.values():
                with contextlib.suppress(Unreadable):
                    file.read()


@pytest.mark.parametrize("name", ["collected.csv", "Collected.csv"])
def test_nobody_is_called_as_the_table_beside_them(group, work, name):
    """Who names their own file so would have stopped everybody's collecting, for good."""
    tree = group.tree({f"{name}_numbers.ipynb": work, "ada_numbers.ipynb": work})
    for _ in range(2):
        group.collect(tree)
        assert group.placed == {"ada/numbers"}
        [reason] = group.reasons.values()
        assert "the table which lies beside the students' folders" in reason


@pytest.mark.parametrize(
    "files", [("numbers-1.ipynb", "numbers.ipynb/x.txt"), ("numbers.ipynb", "timestamp.txt/x")]
)
def test_a_folder_where_a_file_of_ours_goes_costs_nobody_else(group, work, files):
    """What a repository holds, its owner decides."""
    time = "2026-03-01 10:00:00.000000 UTC"
    tree = group.tree(
        {
            **{f"ada+numbers+{time}+a/{path}": work for path in files},
            f"bob+numbers+{time}+a/numbers.ipynb": work,
        },
        "inbound",
    )
    for _ in range(2):
        group.collect(tree)
        assert group.placed == {"ada/numbers", "bob/numbers"}
        assert (group.submitted / "ada/numbers/numbers.ipynb").read_bytes() == work
        [(place, reason)] = group.reasons.items()
        assert place == f"ada+numbers+{time}+a/{files[1]}"
        assert reason == "lies in a folder that is called as a file of ours"


@pytest.mark.parametrize("listed", [True, False])
def test_nor_does_one_of_what_is_not_placed(group, work, listed):
    """Moodle calls so what was typed, and a learner their own folder."""
    eve = "Eve_8_assignsubmission_"
    files = {
        "Ada King_7_assignsubmission_file/numbers.ipynb": work,
        f"{eve}file/onlinetext.html/x": "kept by nobody",
        f"{eve}onlinetext/onlinetext.html": "typed",
    }
    roster = group.write("class.csv", "id,name\nada,Ada King\n" + "eve,Eve\n" * listed)
    group.collect(group.archive(files), "--roster", roster)
    assert group.placed == {"ada/numbers"}
    [row] = group.unplaced
    kept = group.here / "unplaced" / row["kept"]
    assert [path.name for path in kept.iterdir()] == ["onlinetext.html"]
    assert (kept / "onlinetext.html").read_text() == "typed"


def test_a_time_in_no_zone_costs_nobody_else(group, work):
    stamp = "2026-03-01 10:00 ../x"
    tree = group.tree(
        {"eve/numbers.ipynb": work, "eve/timestamp.txt": stamp, "ada/numbers.ipynb": work}
    )
    group.collect(tree)
    assert group.placed == {"ada/numbers", "eve/numbers"}
    assert not (group.submitted / "eve/numbers/timestamp.txt").exists()
    assert group.reasons == {"eve/timestamp.txt": "cannot be read as a time of the zone UTC"}


def test_no_name_of_a_list_reaches_the_terminal_as_a_code(group, work):
    people = group.write("class.csv", "id,name\nada,Ada King\n")
    called = "Eve \x1b[2J\x9b31m\u202eKing"
    book = gradebook(group.here / "grades.csv", (called, "17", "s17", ""))
    archive = group.archive({"kingada_18_41_numbers.ipynb": work})
    said = group.collect(archive, "--roster", people, "--roster", book)
    assert "is in grades.csv, but in no table before it" in said
    assert not re.search(r"[\x1b\x80-\x9f\u202e]", said)


def test_no_name_of_what_was_not_placed_reaches_the_terminal_as_a_code(group, work):
    called = "Ada\x9b2J\u202e King"
    file = "assignsubmission_file"
    group.collect(group.archive({f"Ada2J King_7_{file}/numbers.ipynb": work}))
    group.collect(group.archive({f"{called}_8_{file}/numbers.ipynb": work}, "more.zip"))
    options = ("--out", group.here / "out", "--submitted", group.submitted, "--yes")
    said = group.run("forget", "Ada2J King", "--course", group.root, *options)
    assert "Look at" in said
    assert not re.search(r"[\x1b\x80-\x9f\u202e]", said)
