"""What a test lends reads nothing for the learner."""

from __future__ import annotations

import contextlib
import sqlite3
import zipfile
from dataclasses import replace

import pytest

from grader import grade_one
from grader.host.get_contract import get_contract
from tests.grader.conftest import exercise, handed_in, scores

LENDING = {
    "a database in memory": (
        "import sqlite3\ndb = sqlite3.connect(':memory:')\n"
        "db.execute('create table t (x)'); db.execute('insert into t values (7)')",
        "def f(db): return db.execute('select x from t').fetchall()[0][0]",
        "def f(db):\n    db.execute(\"attach 'wanted.db' as w\")\n"
        "    return db.execute('select x from w.t').fetchall()[0][0]",
    ),
    "a cursor": (
        "import sqlite3\nown = sqlite3.connect('own.db')\nown.execute('create table t (x)')\n"
        "own.execute('insert into t values (7)'); own.commit(); db = own.cursor()",
        "def f(db): return [x for x, in db.execute('select x from t')][0]",
        "def f(db):\n    db.execute(\"attach 'wanted.db' as w\")\n"
        "    return [x for x, in db.execute('select x from w.t')][0]",
    ),
    "a database that is written out": (
        "import sqlite3\ndb = sqlite3.connect(':memory:')\n"
        "db.execute('create table t (x)'); db.execute('insert into t values (7)'); db.commit()",
        "def f(db): return db.execute('select x from t').fetchall()[0][0]",
        "def f(db):\n    import os\n    db.execute(\"vacuum into 'new.db'\")\n    return 7",
    ),
    "a class with a reader": (
        "class Shop:\n    def read(self, text):\n        import io, os\n"
        "        return int((open(text) if os.path.exists(text) else io.StringIO(text)).read())\n"
        "db = Shop()",
        "def f(db): return db.read('7')",
        "def f(db): return db.read('wanted.txt')",
    ),
    "a function that opens past Python's own": (
        "import ctypes\ndef db(text):\n    libc = ctypes.CDLL(None)\n"
        "    data = ctypes.create_string_buffer(9)\n    fd = libc.open(text.encode(), 0)\n"
        "    if fd < 0: return int(text)\n    libc.read(fd, data, 8)\n    return int(data.value)",
        "def f(db): return db('7')",
        "def f(db): return db('wanted.txt')",
    ),
    "a class whose base is the database's": (
        "import sqlite3\nclass Shop(sqlite3.Connection):\n    def ask(self, query):\n"
        "        return self.execute(query).fetchall()\n"
        "db = Shop(':memory:')\ndb.execute('create table t (x)')\n"
        "db.execute('insert into t values (7)')",
        "def f(db): return db.ask('select x from t')[0][0]",
        "def f(db):\n    db.ask(\"attach 'wanted.db' as w\")\n"
        "    return db.ask('select x from w.t')[0][0]",
    ),
}


@pytest.mark.parametrize(("lent", "solved", "cheat"), LENDING.values(), ids=LENDING)
def test_what_a_test_lends_opens_no_file_for_the_learner(engine, tmp_path, lent, solved, cheat):
    """The file is for tests alone: it holds what is wanted."""
    (tmp_path / "wanted.txt").write_text("7")
    with contextlib.closing(sqlite3.connect(tmp_path / "wanted.db")) as database:
        database.execute("create table t (x)")
        database.execute("insert into t values (7)")
        database.commit()
    made = exercise(
        f"# answer f\n{solved}",
        f"# test lends\nimport os\nhad = set(os.listdir())\n{lent}\nassert f(db) == 7\n"
        "assert set(os.listdir()) <= had | {'own.db'}\n"
        "assert open('wanted.txt').read() == '7'",
    )
    wanted = {name: tmp_path / name for name in ("wanted.db", "wanted.txt")}
    made = replace(made, for_tests=wanted)
    assert scores(grade_one(made, handed_in(made), engine)) == {"lends": 1}
    assert scores(grade_one(made, handed_in(made, f=cheat), engine)) == {"lends": 0}


SCRIPTED = """def f(db):
    db.create_function('free', 1, lambda x: len(db.execute('select 1').fetchall()))
    db.executescript('select free(1); update t set x = 0;')
    return 0"""
DOUBLED = """def f(db):
    db.create_function('twice', 1, lambda x: 2 * x)
    return db.execute('select max(twice(x)) from t').fetchone()[0]"""


@pytest.mark.parametrize(("solved", "scripted"), [(DOUBLED, 0), (SCRIPTED, 1)])
def test_a_script_whose_query_calls_back_changes_what_the_solution_changes(
    engine, solved, scripted
):
    made = exercise(
        f"# answer f\n{solved}",
        "# test lends\nimport sqlite3\ndb = sqlite3.connect(':memory:')\n"
        "db.executescript('create table t (x); insert into t values (7)')\n"
        "assert f(db) == 2 * db.execute('select max(x) from t').fetchone()[0]",
    )
    assert scores(grade_one(made, handed_in(made, f=DOUBLED), engine)) == {"lends": 1}
    assert scores(grade_one(made, handed_in(made, f=SCRIPTED), engine)) == {"lends": scripted}


NAMED = {
    "a function of SQLite's": ("max", "bool", 0),
    "the same in other letters": ("MAX", "bool", 0),
    "one of the test's": ("kept", "bool", 0),
    "one as the solution's": ("twice", "lambda x: x + x", 1),
    "one of one's own": ("doubled", "lambda x: x + x", 1),
}


@pytest.mark.parametrize(("name", "function", "points"), NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("made_by", ["db = sqlite3.connect", "class Own(sqlite3.Connection): pass"])
def test_what_a_database_knows_by_a_name_stays_what_it_is(engine, made_by, name, function, points):
    made_by = made_by if made_by.endswith("connect") else f"{made_by}\ndb = Own"
    made = exercise(
        f"# answer f\n{DOUBLED}",
        f"# test lends\nimport sqlite3\n{made_by}(':memory:')\n"
        "db.create_function('kept', 1, lambda x: x)\n"
        "db.executescript('create table t (x); insert into t values (7)')\n"
        "for _ in range(2):\n    got = f(db)\n"
        "    assert got == 2 * db.execute('select kept(max(x)) from t').fetchone()[0]",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"lends": 1}
    asked = f"db.execute('select {name}(x) from t').fetchone()[0]" if points else "2"
    named = f"narg=1, name='{name}', func={function}"
    own = f"def f(db):\n    db.create_function({named})\n    return {asked}"
    assert scores(grade_one(made, handed_in(made, f=own), engine)) == {"lends": points}


def test_a_database_is_copied_into_the_one_that_the_solution_copies_into(engine):
    tables = "execute('select name from sqlite_master').fetchall()"
    made = exercise(
        "# answer copied\ndef copied(one, other):\n    one.backup(other)",
        "# test lends\nimport sqlite3\n"
        "one, other = (sqlite3.connect(':memory:') for _ in range(2))\n"
        "one.executescript('create table t (x); insert into t values (7)')\n"
        f"copied(one, other)\nassert one.{tables} == other.{tables}",
    )
    for points, body in ((1, "one.backup(target=other)"), (0, "other.backup(one)")):
        own = f"def copied(one, other):\n    {body}"
        assert scores(grade_one(made, handed_in(made, copied=own), engine)) == {"lends": points}


def test_nor_where_the_test_has_gone_to(engine, tmp_path):
    (tmp_path / "wanted.txt").write_text("7")
    lent = "class Shop:\n    def read(self, text):\n        import os\n"
    lent += "        return int(open(text).read() if os.path.exists(text) else text)\n"
    made = exercise(
        "# answer f\ndef f(db): return db.read('7')",
        f"# test lends\nimport os\n{lent}home = os.getcwd()\nos.chdir('kept')\n"
        "assert f(Shop()) == 7\nassert open('wanted.txt').read() == '7'\nos.chdir(home)",
        "# test after\nassert open('kept/wanted.txt').read() == '7' and f(Shop()) == 7",
    )
    made = replace(made, for_tests={"kept/wanted.txt": tmp_path / "wanted.txt"})
    assert scores(grade_one(made, handed_in(made), engine)) == {"lends": 1, "after": 1}
    cheat = "def f(db): return db.read('wanted.txt')"
    assert scores(grade_one(made, handed_in(made, f=cheat), engine)) == {"lends": 0, "after": 0}


def test_nor_what_a_test_has_unpacked_among_temporary_files(engine, tmp_path):
    """Nobody knows the folder's name, but some libraries take patterns."""
    (tmp_path / "wanted.txt").write_text("7")
    lent = "class Shop:\n    def read(self, text):\n        found = glob.glob(text)\n"
    lent += "        return int(open(found[0]).read() if found else text)\n"
    made = exercise(
        "# answer f\ndef f(db): return db.read('7')",
        f"# test lends\nimport glob, shutil, tempfile\n{lent}place = tempfile.mkdtemp()\n"
        "shutil.copy('wanted.txt', place)\nassert f(Shop()) == 7\n"
        "assert open(f'{place}/wanted.txt').read() == '7'",
        "# test writes\ndef read(text):\n    with tempfile.TemporaryFile('w+') as file:\n"
        "        file.write(text)\n        file.seek(0)\n        return int(file.read())\n"
        "Shop.read = staticmethod(read)\nassert f(Shop()) == 7",
    )
    made = replace(made, for_tests={"wanted.txt": tmp_path / "wanted.txt"})
    assert scores(grade_one(made, handed_in(made), engine)) == {"lends": 1, "writes": 1}
    cheat = "def f(db): return db.read('/tmp/*/wanted.txt')"
    assert scores(grade_one(made, handed_in(made, f=cheat), engine)) == {"lends": 0, "writes": 0}


def test_nor_does_it_get_the_files_there(engine, tmp_path):
    """Only those that the test has written, wherever it has gone to, and however many there are."""
    files = {f"kept/{number}.txt": tmp_path / f"{number}.txt" for number in range(1_100)}
    for path in files.values():
        path.write_text("7")
    made = exercise(
        "# answer f\ndef f(place):\n    return 7\ndef g():\n    return open('own.txt').read()",
        "# test goes\nimport contextlib, os, tempfile\nhome = os.getcwd()\nos.chdir('kept')\n"
        "assert f(3) == int(open(os.listdir()[0]).read())\nos.chdir(home)",
        "# test writes\nwith tempfile.TemporaryDirectory() as place, contextlib.chdir(place):\n"
        "    with open('own.txt', 'w') as file:\n        file.write(place)\n"
        "    assert g() == place",
    )
    made = replace(made, for_tests=files)
    assert scores(grade_one(made, handed_in(made), engine)) == {"goes": 1, "writes": 1}
    cheat = "def f(place):\n    import os\n    there = {*os.listdir()} - {'own.txt'}\n"
    cheat += "    return int(open(there.pop()).read()) if there else 0\n"
    cheat += "def g():\n    return open('own.txt').read()"
    assert scores(grade_one(made, handed_in(made, f=cheat), engine)) == {"goes": 0, "writes": 1}


LAID = {
    "unpacked": "import shutil\nshutil.unpack_archive('wanted.zip', 'here')",
    "copied": "import os, shutil\nos.mkdir('here')\nshutil.copy('wanted.txt', 'here')",
    "written": "import os\nos.mkdir('here')\nopen('here/wanted.txt', 'w').write('7')",
}


@pytest.mark.parametrize("lay", LAID.values(), ids=LAID)
def test_nor_does_it_get_what_the_solution_has_no_need_of(engine, tmp_path, lay):
    (tmp_path / "wanted.txt").write_text("7")
    with zipfile.ZipFile(tmp_path / "wanted.zip", "w") as archive:
        archive.write(tmp_path / "wanted.txt", "wanted.txt")
    made = exercise(
        "# answer f\ndef f(x):\n    return x + 4",
        f"# test lays\n{lay}\nassert f(3) == int(open('here/wanted.txt').read())",
    )
    wanted = {name: tmp_path / name for name in ("wanted.zip", "wanted.txt")}
    made = replace(made, for_tests=wanted)
    assert scores(grade_one(made, handed_in(made), engine)) == {"lays": 1}
    cheat = "def f(x):\n    return int(open('here/wanted.txt').read())"
    assert scores(grade_one(made, handed_in(made, f=cheat), engine)) == {"lays": 0}


NEEDED = {
    "by being there": "len(__import__('os').listdir(path))",
    "by its size": "__import__('os').path.getsize(f'{path}/a.txt')",
    "by another program": "int(__import__('subprocess').check_output(['cat', f'{path}/a.txt']))",
}


@pytest.mark.parametrize("needs", NEEDED.values(), ids=NEEDED)
def test_what_it_needs_in_any_way_is_there(graded, needs):
    made = exercise(
        f"# answer f\ndef f(path):\n    return {needs}",
        "# test writes\nimport os\nos.mkdir('in')\nopen('in/a.txt', 'w').write('1')\n"
        "assert f('in') == 1",
    )
    assert scores(graded(made)[0]) == {"writes": 1}


def test_a_file_that_is_written_again_is_read_as_it_is_then(graded):
    made = exercise(
        "# answer f\ndef f(path):\n    return int(open(path).read())",
        "# test writes\nimport os\nfor number in range(10, 20):\n"
        "    with open('a.txt', 'w') as file:\n        file.write(str(number))\n"
        "    os.utime('a.txt', (0, 0))\n    assert f('a.txt') == number",
    )
    assert scores(graded(made)[0]) == {"writes": 1}


def test_what_the_solution_has_opened_may_be_opened(engine):
    made = exercise(
        "# answer f\ndef f(load):\n    return load('own.txt')",
        "# test lends\nwith open('own.txt', 'w') as file:\n    file.write('7')\n"
        "def load(path):\n    with open(path) as file:\n        return file.read()\n"
        "assert f(load) == '7'",
        "# test unlent\nassert f(lambda path: path) == 'own.txt'",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"lends": 1, "unlent": 1}
    clauses = get_contract(made, "x", engine).tests
    assert [clauses[name].terms.opens for name in ("lends", "unlent")] == [True, False]


def test_a_file_that_a_test_names_is_there_though_the_solution_reads_none(engine):
    """Another answer may find out from what is in it."""
    made = exercise(
        "# answer f\ndef f(path, n):\n    return [] if n == 0 else open(path).read().split()[:n]",
        "# test names\nopen('a.txt', 'w').write('1 2')\nassert f('a.txt', n=0) == []",
        "# test other\nopen('b.txt', 'w').write('1 2')\nassert f('none', 0) == []",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"names": 1, "other": 1}
    own = "def f(path, n):\n    return open(path).read().split()[:n]"
    assert scores(grade_one(made, handed_in(made, f=own), engine)) == {"names": 1, "other": 0}
    wider = "def f(path, n):\n    return open('b.txt').read().split()[:n]"
    assert scores(grade_one(made, handed_in(made, f=wider), engine)) == {"names": 0, "other": 0}


PAST_NAMES = {
    "a name that a temporary table gets later": (
        "wanted",
        "create temp table c as select 1 as x",
        "alter table c rename to wanted",
    ),
    "a list of tables of one's own": (
        "wanted",
        "create temp table pragma_table_list as select 't' as name",
        "update main.wanted set x = 1",
    ),
    "the end of temporary tables": (
        "early",
        "pragma temp_store = 2",
        "create temp table early as select 1 as x",
    ),
    "a trigger that a table brings along": (
        "wanted",
        "create table c (x)",
        "create trigger tr after insert on c begin update wanted set x = null; end",
        "drop table t",
        "alter table c rename to t",
    ),
}


@pytest.mark.parametrize("case", PAST_NAMES.values(), ids=PAST_NAMES)
def test_no_table_of_a_test_is_changed_past_its_name(engine, case):
    table, *queries = case
    made = exercise(
        "# answer f\ndef f(db):\n    db.execute('update t set x = 7')",
        "# test lends\nimport sqlite3\ndb = sqlite3.connect(':memory:')\n"
        "db.executescript('create table t (x); insert into t values (1);'\n"
        "    'create table wanted (x); insert into wanted values (7);'\n"
        "    'create temp table early as select 7 as x')\n"
        "f(db)\ndb.execute('insert into t select max(x) from t')\n"
        f"assert {{*db.execute('select x from {table}')}} == {{*db.execute('select x from t')}}",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"lends": 1}
    asked = "\n".join(f"    db.execute({query!r})" for query in queries)
    own = f"def f(db):\n{asked}"
    assert scores(grade_one(made, handed_in(made, f=own), engine)) == {"lends": 0}


def test_nor_is_a_function_hidden_from_those_that_a_database_knows(engine):
    made = exercise(
        "# answer f\ndef f(db):\n    db.create_function('twice', 1, lambda x: 2 * x)\n"
        "    db.execute('update t set x = twice(x)')",
        "# test lends\nimport sqlite3\ndb = sqlite3.connect(':memory:')\n"
        "db.executescript('create table t (x); insert into t values (7)')\nf(db)\n"
        "assert db.execute('select max(x) from t').fetchone() == (14,)",
    )
    own = "def f(db):\n    db.execute('create temp table pragma_function_list (name)')\n"
    own += "    db.create_function('max', 1, lambda x: 14)"
    assert scores(grade_one(made, handed_in(made), engine)) == {"lends": 1}
    assert scores(grade_one(made, handed_in(made, f=own), engine)) == {"lends": 0}


def test_ones_own_tables_are_so_when_a_file_is_opened_again(engine):
    made = exercise(
        "# answer f\ndef begin(db):\n    db.execute('create table t (x)')\n"
        "def add(db, x):\n    db.execute('insert into t values (?)', (x,))\n    db.commit()\n"
        "def read(db):\n    return db.execute('select x from t').fetchall()",
        "# test lends\nimport sqlite3\ndb = sqlite3.connect('a.db')\nbegin(db)\ndb.close()\n"
        "db = sqlite3.connect('a.db')\nadd(db, 7)\nassert read(db) == [(7,)]",
    )
    own = "def begin(db):\n    db.execute('create table own (x)')\n"
    own += "    db.execute('create table new (x)')\n    db.execute('alter table new rename to t')\n"
    own += "def add(db, x):\n    with db:\n        db.execute('insert into own values (?)', (x,))\n"
    own += "def read(db):\n    return db.execute('select x from own').fetchall()"
    assert scores(grade_one(made, handed_in(made), engine)) == {"lends": 1}
    assert scores(grade_one(made, handed_in(made, f=own), engine)) == {"lends": 1}


def test_nor_by_another_library_than_the_solution_changes_it(engine):
    asked = "con.exec_driver_sql('select max(x) from t').fetchone()[0]"
    made = exercise(
        f"# answer f\ndef f(con):\n    return {asked}\n"
        "def g(con):\n    con.exec_driver_sql('insert into t values (9)')",
        "# test lends\nimport sqlalchemy\ncon = sqlalchemy.create_engine('sqlite://').connect()\n"
        "con.exec_driver_sql('create table t (x)')\n"
        f"con.exec_driver_sql('insert into t values (7)')\nassert f(con) == {asked}",
        f"# test changes\ng(con)\nassert {asked} == 9",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"lends": 1, "changes": 1}
    for points, query in ((1, "select 1"), (0, "delete from t"), (0, "update t set x = null")):
        own = f"def f(con):\n    con.exec_driver_sql({query!r})\n"
        own += f"    return {asked if points else None}\n"
        own += "def g(con):\n    con.exec_driver_sql('insert into t (x) values (9)')"
        found = scores(grade_one(made, handed_in(made, f=own), engine))
        assert found == {"lends": points, "changes": 1}


ENDS = {
    "a block": "with db:\n        pass",
    "a script": "db.executescript('select 1')",
    "a commit": "db.execute('savepoint a')\n    db.commit()",
    "a way back": "db.rollback()",
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_what_a_test_has_begun_in_a_database_is_ended_by_nobody_who_asks(engine, end):
    """Nor does it cost anybody a point to try: the rows of `insert` wait for a `commit`."""
    asked = "return db.execute('select x from t').fetchone()[0]"
    made = exercise(
        f"# answer f\ndef f(db):\n    {asked}",
        "# test lends\nimport sqlite3\ndb = sqlite3.connect(':memory:')\n"
        "db.execute('create table t (x)')\ndb.execute('insert into t values (7)')\n"
        "assert f(db) == 7\nassert db.in_transaction and db.execute('select x from t').fetchone()",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"lends": 1}
    for points, before in ((1, ""), (0, "db.execute('delete from t')\n    ")):
        own = f"def f(db):\n    {before}{end}\n    {asked}"
        assert scores(grade_one(made, handed_in(made, f=own), engine)) == {"lends": points}
