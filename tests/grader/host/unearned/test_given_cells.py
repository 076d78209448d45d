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
