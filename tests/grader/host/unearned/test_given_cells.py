"""What a given cell makes of an answer is looked at as the answer itself; all else in it is the
teacher's."""

from __future__ import annotations

import pytest

from tests.grader.conftest import exercise, scores

SIGMOID = "# answer f\ndef f(x):\n    return 1 / (1 + 2.0 ** -x)"


@pytest.mark.parametrize("first", ["assert f(1) > f(0)", "assert callable(f)"])
@pytest.mark.parametrize("gives", ["[]", "float('nan')"])
def test_behind_a_test_it_calls_no_answer_by_itself(graded, first, gives):
    shown = exercise(
        "# given\nimport numpy as np",
        SIGMOID,
        f"# test first\n{first}",
        "# given\nhalf = f(0)",
        "# test b\nassert np.allclose(half, 0.5) or not abs(half - 0.5) > 1e-6",
    )
    found, _ = graded(shown)
    assert scores(found) == {"first": 1, "b": 1}
    found, _ = graded(shown, f=f"def f(x): return {gives}")
    assert scores(found)["b"] == 0


@pytest.mark.parametrize("between", [(), ("# test first\nassert f(2) == 4",)])
def test_what_stands_behind_an_answer_in_it_is_the_teachers(graded, between):
    shown = exercise(
        "# answer f\ndef f(x):\n    return x * x",
        *between,
        "# given\nfound = f(3)\nwanted = 9\ndef check(x):\n    assert x == wanted",
        "# test a\nassert f(0) == 0",
        "# test b\nassert f(3) == wanted",
        "# test c\ncheck(f(3))",
    )
    found, _ = graded(shown)
    assert set(scores(found).values()) == {1}
    # As a cell behind the given one could.
    sly = "def f(x):\n    globals().update(wanted=0, check=print)\n    return 0"
    found, _ = graded(shown, f=sly)
    assert (scores(found)["b"], scores(found)["c"]) == (0, 0)


@pytest.mark.parametrize("between", [(), ("# test first\nassert f(A(1)) is None",)])
def test_what_an_answer_changes_there_is_the_answers(graded, between):
    shown = exercise(
        "# given\nclass A:\n    def __init__(self, n):\n        self.n = n\na, kept = A(1), A(5)",
        "# answer f\ndef f(a):\n    a.n += kept.n",
        *between,
        "# given\nf(a)\nsize = a.n",
        "# test b\nassert a.n == 6",
        "# test c\nassert size == 6 and kept.n == 5",
    )
    found, _ = graded(shown)
    assert set(scores(found).values()) == {1}
    found, _ = graded(shown, f="kept.n = 6\ndef f(a): pass")
    assert (scores(found)["b"], scores(found)["c"]) == (0, 0)


def test_so_is_what_stands_behind_a_file_that_an_answer_writes(graded):
    shown = exercise(
        "# answer f\nopen('x', 'w').write('9')\ndef f(x):\n    return x * x",
        "# given\nfound = int(open('x').read())\nwanted = 9",
        "# test a\nassert f(0) == 0",
        "# test b\nassert found == wanted == f(3)",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1, "b": 1}
    sly = "open('x', 'w').write('0')\ndef f(x):\n    globals().update(wanted=0)\n    return 0"
    found, _ = graded(shown, f=sly)
    assert scores(found)["b"] == 0


def test_what_a_statement_was_to_bind_is_what_the_answer_makes_of_it(graded):
    shown = exercise(
        "# given\nx, data = 5, [2, 2, 1]",
        "# answer f\ndef f(v):\n    return [*v]",
        "# given\ndata = f([x + 1 for x in data])\nn = len(data)",
        "# test b\nassert n == 3 and x == 5",
    )
    found, _ = graded(shown)
    assert scores(found) == {"b": 1}
    found, _ = graded(shown, f="x = 0\ndef f(v): return ''")
    assert scores(found) == {"b": 0}
    found, _ = graded(shown, f="x = 0\ndef f(v): return [*v]")
    assert scores(found) == {"b": 1}


@pytest.mark.parametrize(
    "fills",
    [
        "wrong = []\nfor x in [1, 2]:\n    if f(x) != x * x:\n        wrong.append(x)",
        "wrong = {}\nfor x in [1, 2]:\n    wrong[x] = f(x) - x * x",
        "wrong = []\nwrong.extend(f(x) - x * x for x in [1, 2])",
    ],
)
@pytest.mark.parametrize("more", ["\n", "\n# given\n"], ids=["it", "the next cell"])
def test_what_a_statement_was_to_fill_is_no_empty_list_of_the_teachers(graded, fills, more):
    counts = "count = sum(map(bool, wrong.values() if type(wrong) is dict else wrong))"
    given = f"# given\n{fills}{more}{counts}"
    shown = exercise(
        "# answer f\ndef f(x):\n    return x * x",
        # A cell's last expression counts, too.
        *(f"# given{cell}" for cell in given.split("# given")[1:]),
        "# test a\nassert count == 0",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1}
    found, _ = graded(shown, f="def f(x): return 5")
    assert scores(found) == {"a": 0}


def test_nor_is_what_an_array_of_zeros_gets(graded):
    shown = exercise(
        "# given\nimport numpy as np",
        "# answer f\ndef f(x):\n    return x * x",
        "# given\noff = np.zeros(3)\nfor n in range(3):\n    off[n] = f(n) - n * n\n"
        "worst = abs(off).max()",
        "# test a\nassert worst < 1e-9",
        "# test b\nassert (off == 0).all()",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1, "b": 1}
    found, _ = graded(shown, f="def f(x): return 5")
    assert scores(found) == {"a": 0, "b": 0}


def test_nor_what_a_given_instance_counts(graded):
    shown = exercise(
        "# given\nclass Sum:\n    now = 0\n    def add(self, x):\n        self.now += x",
        "# answer f\ndef f(x):\n    return x * x",
        "# given\noff = Sum()\nfor x in [1, 2]:\n    off.add(f(x) - x * x)\ntotal = off.now",
        "# test a\nassert total == 0",
        "# test b\nassert isinstance(off, Sum) and f(2) == 4",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1, "b": 1}
    found, _ = graded(shown, f="def f(x): return 5")
    assert scores(found) == {"a": 0, "b": 0}


@pytest.mark.parametrize(
    "asks",
    [
        "assert f(2) == 4",
        "if f(2) != 4:\n    raise ValueError",
        "np.testing.assert_equal(f(2), 4)",
    ],
)
def test_what_stands_behind_an_assert_hangs_on_the_answer(graded, asks):
    shown = exercise(
        "# given\nimport numpy as np",
        "# answer f\ndef f(x):\n    return x * x",
        f"# given\npasses = False\n{asks}\npasses = True",
        "# test a\nassert passes",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1}
    found, _ = graded(shown, f="def f(x): return 5")
    assert scores(found) == {"a": 0}


def test_what_a_test_changes_of_a_given_instance_is_no_answers(graded):
    shown = exercise(
        "# given\nclass A:\n    def __init__(self, n):\n        self.n = n\na, b = A(1), A(1)",
        "# answer f\ndef f(a):\n    a.n += 1",
        "# test a\nf(a)\nassert a.n == 2",
        "# test b\nb.n += a.n\nf(b)\nassert (a.n, b.n) == (2, 4)",
        "# test c\nassert (a.n, b.n) == (2, 4)",
    )
    found, _ = graded(shown)
    assert set(scores(found).values()) == {1}
    found, _ = graded(shown, f="def f(a): pass")
    assert set(scores(found).values()) == {0}


def test_what_it_makes_with_a_library_that_an_answer_imports_is_the_teachers(graded):
    answer = "import numpy as np\ndef f(x):\n    return np.square(x)"
    shown = exercise(
        f"# answer f\n{answer}",
        "# test a\nassert np.allclose(f(2), 4)",
        "# given\nw = np.arange(3)",
        "# test b\nassert np.allclose(f(w), w * w)",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1, "b": 1}
    sly = "import numpy as np\ndef f(x):\n    globals().update(w=0 * x)\n    return 0 * x"
    found, _ = graded(shown, f=f"{sly}\nf(np.arange(3))")
    assert scores(found)["b"] == 0


def test_what_it_imports_itself_stays(graded):
    shown = exercise(
        "# answer f\nimport numpy as np\ndef f(x):\n    return np.square(x)",
        "# test a\nassert np.allclose(f(2), 4)",
        "# given\nimport numpy as np",
        "# test b\nassert f(3) == 9",
        "# given\nw = np.arange(3)",
        "# test c\nassert f(2) == 4",
        "# test d\nassert (f(w) == w * w).all()",
    )
    found, _ = graded(shown)
    assert set(scores(found).values()) == {1}
    sly = "def f(x):\n    globals().update(w=np.zeros(3))\n    return 0 * x"
    found, _ = graded(shown, f=f"import numpy as np\n{sly}")
    assert scores(found)["d"] == 0


@pytest.mark.parametrize("before", ["", "first = f(1)\n"])
@pytest.mark.parametrize(
    "draws",
    ["four = next(others)", "try:\n    four = next(others)\nexcept StopIteration:\n    four = 0"],
)
def test_what_it_draws_later_from_an_answer_is_judged(graded, before, draws):
    shown = exercise(
        "# answer f\ndef f(x):\n    return x * x",
        f"# given\n{before}squares, others = (f(x) for x in [2, 3]), (f(x) for x in [4, 5])",
        f"# given\n{draws}",
        "# test a\nassert next(squares) == 4",
        "# test b\nassert next(squares) == 9",
        "# test c\nassert four == 16 and next(others) == 25",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1, "b": 1, "c": 1}
    found, _ = graded(shown, f="def f(x): return 5")
    assert scores(found) == {"a": 0, "b": 0, "c": 0}


def test_what_it_imports_beside_an_answer_stays(graded):
    shown = exercise(
        "# answer f\ndef f(x):\n    return x * x",
        "# given\nif True:\n    import math\n    two = math.sqrt(f(2))",
        "# test a\nassert math.isclose(two, 2)",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1}
    found, _ = graded(shown, f="def f(x): return 5")
    assert scores(found) == {"a": 0}


@pytest.mark.parametrize(
    "asks",
    [
        "try:\n    f(-1)\n    refused = False\nexcept Exception:\n    refused = True",
        "refused = True\nwith contextlib.suppress(Exception):\n    f(-1)\n    refused = False",
        "refused = refuses(-1)",
        "refused = all(refuses(x) for x in [-1, -2])",
        "if refuses(-1):\n    refused = True",
    ],
)
def test_a_name_that_is_not_there_is_no_error_of_an_answers(graded, asks):
    helper = "def refuses(x):\n    try:\n        f(x)\n    except Exception:\n        return True"
    shown = exercise(
        "# answer f\ndef f(x):\n    if x < 0:\n        raise ValueError\n    return x",
        f"# given\nimport contextlib\n{helper}\n    return False",
        f"# given\n{asks}",
        "# test a\nassert refused",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1}
    found, _ = graded(shown, f="def f(x): return x")
    assert scores(found) == {"a": 0}


@pytest.mark.parametrize(
    "asks",
    ["check(f(2), 4)", "for x in [1, 2]:\n    check(f(x), x * x)", "Checks().check(f(2), 4)"],
)
def test_so_is_what_stands_behind_a_helper_that_asserts(graded, asks):
    check = "def check(found, wanted):\n    assert found == wanted"
    shown = exercise(
        f"# given\n{check}\nclass Checks:\n    check = staticmethod(check)",
        "# answer f\ndef f(x):\n    return x * x",
        f"# given\n{asks}\npasses = True\ndef half(x):\n    return x / 2",
        "# test a\nassert passes",
        "# test b\nassert half(f(4)) == 8",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1, "b": 1}
    found, _ = graded(shown, f="def f(x): return 5")
    assert scores(found) == {"a": 0, "b": 0}
    # What is defined there is the teacher's all the same.
    found, _ = graded(shown, f="def f(x): return x * x if x < 4 else 0\ndef half(x): return 8")
    assert scores(found)["b"] == 0


@pytest.mark.parametrize(
    "asks",
    [
        "collect(f, wrong)",
        "collect(f, into=wrong)\nother = 1",
        "for x in [1, 2]:\n    note(f(x) - x * x)",
        "try:\n    collect(f, wrong)\nexcept ZeroDivisionError:\n    pass",
    ],
)
def test_so_is_what_a_helper_was_to_fill(graded, asks):
    collect = "def collect(f, into):\n    for x in [1, 2]:\n        if f(x) != x * x:\n"
    note = "def note(off):\n    if off:\n        wrong.append(off)"
    shown = exercise(
        f"# given\n{collect}            into.append(x)\n{note}\nwrong = []",
        "# answer f\ndef f(x):\n    return x * x",
        f"# given\n{asks}",
        "# test a\nassert not wrong",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1}
    found, _ = graded(shown, f="def f(x): return 5")
    assert scores(found) == {"a": 0}


STOOD = {
    "a number": ("total = 0", "total = 50", "ok = total < 100", "assert total > 10 and ok"),
    "an assertion": (
        "total = 0",
        "total = 50",
        "assert total < 100\nok = True",
        "assert total > 10 and ok",
    ),
    "a function": (
        "total = 0\ndef small():\n    return total < 100",
        "total = 50",
        "ok = small()",
        "assert total > 10 and ok",
    ),
    "a list": ("v = [0]", "v[0] += 50", "ok = sum(v) < 100", "assert v[0] > 10 and ok"),
    "None": (
        "f, wrong = None, []",
        "f = lambda x: x * x",
        "for x in range(4):\n    if f(x) != x * x:\n        wrong.append(x)",
        "assert callable(f) and not wrong",
    ),
    "None, as an error": (
        "f = None",
        "f = abs",
        "try:\n    f(2)\n    f('a')\n    refused = False\nexcept TypeError:\n    refused = True",
        "assert f(-2) == 2 and refused",
    ),
}
OTHERS = {
    "a list": "v[0] += 10**9",
    "None": "f = lambda x: 5",
    "None, as an error": "f = lambda x: 2",
}


@pytest.mark.parametrize("what", STOOD)
def test_so_is_what_it_makes_of_a_name_that_stood_for_something_before(graded, what):
    before, solved, given, test = STOOD[what]
    shown = exercise(
        f"# given\n{before}", f"# answer f\n{solved}", f"# given\n{given}", f"# test a\n{test}"
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1}
    found, _ = graded(shown, f=OTHERS.get(what, "total = 10**9"))
    assert scores(found) == {"a": 0}


@pytest.mark.parametrize(
    ("given", "test"),
    [
        ("def small(x=total):\n    return x < 100", "assert total > 10 and small()"),
        ("Known.small = total < 100", "assert total > 10 and Known.small"),
        ("Known.small = f(0) == 0", "assert f(1) == 1 and Known.small"),
    ],
)
def test_a_default_or_an_attribute_of_a_class_that_it_makes_of_one_is_not_told(graded, given, test):
    shown = exercise(
        "# given\ntotal = 0\nclass Known:\n    small = True",
        "# answer f\ntotal = 50\ndef f(x): return x",
        f"# given\n{given}\ndef other(x=2):\n    return x\nclass Other:\n    n = 1",
        f"# test a\n{test}",
        "# test b\nassert other(f(3)) == 3 and Other.n == 1",
    )
    found, _ = graded(shown, f="total = 10**9\ndef f(x): return x or 1")
    assert scores(found) == {"a": None, "b": 1}


def test_what_it_makes_beside_that_is_the_teachers(graded):
    shown = exercise(
        "# given\ntotal, data = 0, [1, 2]",
        "# answer f\ntotal = 50\nfor i in data:\n    total += 0 * i\n"
        "def f(v): return sum(v)\ndata.count(1)",
        "# given\nlimit = total + 100\nwanted = 0\nfor i in data:\n    wanted += i",
        "# test a\nassert limit == 150 and f(data) == wanted",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1}
    sly = "total = 50\ndef f(v):\n    globals().update(wanted=0)\n    return 0"
    found, _ = graded(shown, f=sly)
    assert scores(found) == {"a": 0}


def test_so_is_what_stands_behind_a_module_that_an_answer_writes(graded):
    module = "open('of_mine.py', 'w').write('def g(x): return {}')"
    shown = exercise(
        f"# answer f\n{module.format('x * x')}",
        "# given\nwrong = []",
        "# given\nimport of_mine\nwanted = 9\nfor x in range(4):\n"
        "    if of_mine.g(x) != x * x:\n        wrong.append(x)",
        "# test a\nassert not wrong and wanted == 9",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1}
    found, _ = graded(shown, f=module.format("5"))
    assert scores(found) == {"a": 0}


@pytest.mark.parametrize(
    "looks", ["sorted(glob.glob('*.part'))", "[p for p in os.listdir() if p.endswith('.part')]"]
)
def test_so_is_what_it_makes_of_files_that_it_looks_for(graded, looks):
    writes = "for n in range(3):\n    open(f'{{n}}.part', 'w').write({})"
    shown = exercise(
        f"# answer f\n{writes.format('str(n * n)')}\nparts = 3",
        f"# given\nimport glob, os\nwrong = []\nfor place in {looks}:\n"
        "    n = int(place.split('.')[0])\n    if open(place).read() != str(n * n):\n"
        "        wrong.append(n)",
        "# test a\nassert parts == 3 and not wrong",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1}
    found, _ = graded(shown, f=f"{writes.format('repr(5)')}\nparts = 3")
    assert scores(found) == {"a": 0}


@pytest.mark.parametrize("unlike", ["v.to_list()", "open('wagons.txt')"])
def test_whoever_converts_or_reads_writes_no_file(graded, tmp_path, unlike):
    (tmp_path / "n.txt").write_text("123")
    shown = exercise(
        f"# answer f\ndef f(v):\n    return sum(v) if len(v) else {unlike}",
        "# test a\nassert f([1, 2]) == 3",
        "# given\nimport glob\ndata = [int(n) for p in glob.glob('n.txt') for n in open(p).read()]",
        "# test b\nassert f(data) == sum(data)",
        files={"n.txt": tmp_path / "n.txt"},
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1, "b": 1}
    sly = "def f(v):\n    globals().update(data=[])\n    return 3 if len(v) == 2 else 0"
    found, _ = graded(shown, f=sly)
    assert scores(found) == {"a": 1, "b": 0}


def test_so_is_what_it_makes_where_it_has_asked_whether_an_answer_is_there(graded):
    shown = exercise(
        "# answer f\ndef f(x):\n    return x * x",
        "# given\nwrong = []\nif 'f' in globals():\n"
        "    wrong = [x for x in range(4) if f(x) != x * x]",
        "# test a\nassert callable(f) and not wrong",
    )
    found, _ = graded(shown)
    assert scores(found) == {"a": 1}
    found, _ = graded(shown, f="def f(x): return 5")
    assert scores(found) == {"a": 0}
