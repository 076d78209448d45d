"""Where we differ from nbgrader on purpose: each row of docs/differences.md, measured."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import nbformat
import pytest
from nbformat import NotebookNode

from grader.host.results.result import Result
from tests.conftest import ROOT
from tests.grader.conftest import (
    answered,
    cell,
    notebook,
    solution,
)
from tests.same_scores.classroom import (
    Classroom,
    Mark,
    Place,
    lose_metadata,
    write,
)

pytestmark = pytest.mark.thorough

GUARD = """\
class Guard:
    def __enter__(self):
        return self

    def __exit__(self, *what):
        return {}"""
TILL = """\
class Till:
    total = 0

    def add(self, n):
        self.total += n

    def add_all(self, several):
        self.total += sum(several)


till = Till()
pay(till, 3)
assert till.total == 3"""


def odd() -> NotebookNode:
    """An exercise in which every row of the tables in the docs can happen."""
    return notebook(
        [
            cell(
                "limit, unit = 100, 1\nimport random\nchance = random.random()\nrow = [1, 2, 3]",
                "given",
            ),
            cell(solution("def square(x):\n    return x * x"), "square", solution=True),
            cell("assert square(2) == 4", "test-two", points=1),
            cell("unit = 0\nassert square(unit) == 0", "test-zero", points=2),
            cell(solution("def is_below(x):\n    return x < limit"), "is_below", solution=True),
            cell("assert is_below(limit - 1) and not is_below(limit)", "test-below", points=1),
            cell(solution("squares = [1, 4, 9]"), "squares", solution=True),
            cell(
                "import operator\nassert list(squares) == [1, 4, 9] and operator.ne(squares, 0)",
                "test-squares",
                points=1,
            ),
            cell(solution("def ordered(v):\n    return sorted(v)"), "ordered", solution=True),
            cell(
                "values = [3, 1, 2]\nassert ordered(values) == sorted(values)",
                "test-ordered",
                points=1,
            ),
            cell(
                solution("import numpy as np\nhalves = np.array([0.5, 1.0])"),
                "halves",
                solution=True,
            ),
            cell(
                "import numpy as np\nassert np.allclose(halves, [0.5, 1])\n"
                "assert np.geterr()['divide'] == 'warn'",
                "test-halves",
                points=1,
            ),
            cell(solution("def spoken(n):\n    return str(n)"), "spoken", solution=True),
            cell(
                "import sys\ntold = list(map(spoken, [1, 2]))\n"
                "assert told == ['1', '2'][: len(told)] and 'tabnanny' not in sys.modules",
                "test-spoken",
                points=1,
            ),
            cell(solution(GUARD.format("False")), "Guard", solution=True),
            cell(
                "try:\n    with Guard():\n        raise KeyError\nexcept KeyError:\n    pass",
                "test-guard",
                points=1,
            ),
            cell(solution("def pay(till, n):\n    till.add(n)"), "pay", solution=True),
            cell(TILL, "test-paid", points=1),
            cell(
                solution(
                    "def half(x):\n    return x / 2\ndef quarter(x):\n    return half(half(x))"
                ),
                "quarter",
                solution=True,
            ),
            cell(
                "import inspect\nassert quarter(8) == 2\n"
                "assert 'half(half(' in inspect.getsource(quarter), 'half is not used'",
                "test-quarter",
                points=1,
            ),
            cell(solution("many = 40_000 + 1"), "many", solution=True),
            cell("assert many == 40_001", "test-many", points=1),
            cell(solution("copied = list(row)"), "copied", solution=True),
            cell(
                "assert copied == row and copied is not row and 'spare' not in globals()\n"
                "assert isinstance(copied, list)",
                "test-copied",
                points=1,
            ),
            cell(solution("drawn = chance"), "drawn", solution=True),
            cell("assert drawn == chance", "test-drawn", points=1),
            cell(solution("def root(x):\n    return x**0.5"), "root", solution=True),
            cell("sum(root(x * x) == x for x in (1, 2)) / 2", "test-root", points=1),
            cell(solution("def risen(v):\n    return [x + 1 for x in v]"), "risen", solution=True),
            cell(
                "low = [1, 2]\nhigh = risen(low)\nlow[:] = [x + 1 for x in low]\n"
                "assert len(high) == 2 and not any(abs(h - w) > 0.1 for h, w in zip(high, low))",
                "test-risen",
                points=1,
            ),
            cell("import matplotlib.pyplot", "later"),
            cell(solution("Because."), "why", cell_type="markdown", solution=True, points=3),
        ]
    )


SOLVED = {
    "square": "def square(x):\n    return x ** 2",
    "is_below": "def is_below(x):\n    return not x >= limit",
    "squares": "squares = [n * n for n in (1, 2, 3)]",
    "ordered": "def ordered(v):\n    v = list(v)\n    v.sort()\n    return v",
    "halves": "import numpy as np\nhalves = np.arange(1, 3) / 2",
    "spoken": "def spoken(n):\n    return f'{n}'",
    "Guard": GUARD.format("None"),
    "pay": "def pay(till, n):\n    return till.add(n)",
    "quarter": "def half(x):\n    return x * 0.5\ndef quarter(x):\n    return half(half(x)) + 0",
    "many": "many = int(4e4) + 1",
    "copied": "copied = row[:]",
    "drawn": "drawn = chance + 0",
    "risen": "def risen(v):\n    return [1 + x for x in v]",
    "root": "import math\ndef root(x):\n    return math.sqrt(x)",
    "why": "Because minus times minus is plus.",
}
# By cell, what the answers above get: `why` is a teacher's, and so is `test-quarter` with us.
STOCK = {
    "test-two": 1.0,
    "test-zero": 2.0,
    "test-below": 1.0,
    "test-squares": 1.0,
    "test-ordered": 1.0,
    "test-halves": 1.0,
    "test-spoken": 1.0,
    "test-guard": 1.0,
    "test-paid": 1.0,
    "test-quarter": 1.0,
    "test-many": 1.0,
    "test-copied": 1.0,
    "test-drawn": 1.0,
    "test-root": 1.0,
    "test-risen": 1.0,
    "why": None,
}
OURS = {**STOCK, "test-quarter": None}


def find(made: NotebookNode, grade_id: str) -> NotebookNode:
    return next(c for c in made.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def paste_a_test_twice(made: NotebookNode) -> None:
    again = copy.deepcopy(find(made, "test-two"))
    again.id = "pasted"
    made.cells.append(again)


def delete_a_test(made: NotebookNode) -> None:
    made.cells.remove(find(made, "test-zero"))


def change_a_flag(made: NotebookNode) -> None:
    find(made, "test-two").metadata.nbgrader.grade = False


def rename_an_answer(made: NotebookNode) -> None:
    find(made, "square").metadata.nbgrader.grade_id = "my-square"


def move_an_answer(made: NotebookNode) -> None:
    moved = find(made, "square")
    made.cells.remove(moved)
    made.cells.append(moved)


def begin_with_a_note(made: NotebookNode) -> None:
    made.cells.insert(0, nbformat.v4.new_code_cell("# Ada, on a Sunday"))


def skip_an_answer(made: NotebookNode) -> None:
    find(made, "square").metadata.tags = ["skip-execution"]


def skip_a_test(made: NotebookNode) -> None:
    find(made, "test-two").metadata.tags = ["skip-execution"]


def leave_alone(made: NotebookNode) -> None:
    pass


@dataclass(frozen=True)
class Case:
    """Something honest that nbgrader and the engine take in different ways.

    Attributes:
        row: how the row in the docs begins that says so.
        stock: nbgrader's scores by cell, where they are not those of right answers; None where it
            gives up on the submission.
        ours: the engine's scores by cell, where they are not those of right answers.
    """

    row: str
    answers: Mapping[str, str] = field(default_factory=dict)
    change: Callable[[NotebookNode], None] = leave_alone
    stock: Mapping[str, float | None] | None = field(default_factory=dict)
    ours: Mapping[str, float | None] = field(default_factory=dict)


GIVEN = "a name of a *given* cell that no answer of yours binds was bound again by the learner"
ENDS = "a cell or a function ends the process"
EDITED = "a test cell was copied, deleted, edited, or has lost its metadata"
OF_A_TEST = "a name that a test cell binds"
SKIPPED = "a submission's cell has the tag `skip-execution`"
CASES = [
    Case("a test that needs to be beside the code"),
    Case(
        ENDS,
        {"quarter": "import os\nos._exit(0)"},
        stock=None,
        ours={
            "test-quarter": None,
            "test-many": 0.0,
            "test-copied": 0.0,
            "test-drawn": 0.0,
            "test-root": 0.0,
            "test-risen": 0.0,
        },
    ),
    Case(
        ENDS,
        {"square": "import os\ndef square(x):\n    return x * x or os._exit(0)"},
        stock=None,
        ours={"test-zero": 0.0},
    ),
    Case(
        "a test prints a warning on standard error",
        {"square": "import warnings\ndef square(x):\n    warnings.warn('slow')\n    return x * x"},
        stock={"test-two": 0.0, "test-zero": 0.0},
    ),
    Case(EDITED, change=paste_a_test_twice, stock=None),
    Case(EDITED, change=delete_a_test, stock={"test-zero": None}),
    Case(EDITED, change=change_a_flag, stock=None),
    Case(EDITED, change=rename_an_answer, stock=None),
    Case(EDITED, change=lose_metadata, stock=dict.fromkeys(STOCK)),
    Case(
        "a cell of the release was moved",
        change=move_an_answer,
        stock={"test-two": 0.0, "test-zero": 0.0},
    ),
    Case(
        GIVEN,
        {"is_below": "limit = 10\ndef is_below(x):\n    return x < limit"},
        ours={"test-below": 0.0},
    ),
    Case(
        GIVEN,
        {"copied": "copied = list(row)\nrow.append(4)"},
        stock={"test-copied": 0.0},
    ),
    Case(
        "an answer of another nature than the solution's",
        {
            "squares": "class Squares:\n    def __iter__(self):\n        yield from (1, 4, 9)\n"
            "squares = Squares()"
        },
        ours={"test-squares": 0.0},
    ),
    Case(
        "what is plain in all but its class",
        {"copied": "import collections\ncopied = collections.UserList(row)"},
        stock={"test-copied": 0.0},
    ),
    Case(
        "an array whose mask leaves values out",
        {"halves": "import numpy as np\nhalves = np.ma.array([0.5, 7], mask=[False, True])"},
        ours={"test-halves": 0.0},
    ),
    Case(
        "an array, tensor or table without a value",
        {"halves": "import numpy as np\nhalves = np.empty((0, 2))"},
        ours={"test-halves": 0.0},
    ),
    Case(
        "a number of a type that takes more for equal than is",
        {"many": "import numpy as np\nmany = np.float16(40_000)"},
        ours={"test-many": 0.0},
    ),
    Case(
        "`nan`, a time that is none, or a column of categories",
        {"risen": "def risen(v):\n    return [float('nan') for x in v]"},
        ours={"test-risen": 0.0},
    ),
    Case(
        "a call gives back an object that it was given",
        {"risen": "def risen(v):\n    return v"},
        ours={"test-risen": 0.0},
    ),
    Case(
        "a test passes only because a function changed an argument that the solution leaves alone",
        {"ordered": "def ordered(v):\n    v.clear()\n    return []"},
        ours={"test-ordered": 0.0},
    ),
    Case(
        "what a given cell draws without a seed",
        change=begin_with_a_note,
        ours={"test-drawn": 0.0},
    ),
    Case(
        "an object that the test and the learner's code both hold",
        {"copied": "copied = row"},
        stock={"test-copied": 0.0},
    ),
    Case(
        "what a call leaves in its process",
        {"spoken": "def spoken(n):\n    import tabnanny\n    return str(n)"},
        stock={"test-spoken": 0.0},
    ),
    Case(
        "what a learner's cell itself sets in its process",
        {"halves": "import numpy as np\nnp.seterr(divide='ignore')\nhalves = np.arange(1, 3) / 2"},
        stock={"test-halves": 0.0},
    ),
    Case(
        GIVEN,
        {"ordered": "sorted = None\n" + SOLVED["ordered"]},
        stock={"test-ordered": 0.0},
    ),
    Case(
        "a name that the solution lacks",
        {"copied": "spare = 1\ncopied = row[:]"},
        stock={"test-copied": 0.0},
    ),
    Case(
        OF_A_TEST,
        {"ordered": "def ordered(v):\n    return [operator.pos(n) for n in sorted(v)]"},
        ours={"test-ordered": 0.0},
    ),
    Case(
        OF_A_TEST,
        {"is_below": "def is_below(x):\n    return x < limit * unit"},
        stock={"test-below": 0.0},
    ),
    Case(
        "a module is used that nobody imported",
        {"squares": "import matplotlib\nmatplotlib.pyplot.figure\nsquares = [1, 4, 9]"},
        stock={"test-squares": 0.0},
    ),
    Case(
        "a function raises `StopIteration`",
        {"spoken": "def spoken(n):\n    if n > 1:\n        raise StopIteration\n    return str(n)"},
        ours={"test-spoken": 0.0},
    ),
    Case(
        "an `__exit__` of the learner's swallows what the solution's lets through",
        {"Guard": GUARD.format("True")},
        ours={"test-guard": 0.0},
    ),
    Case(
        "the last line of a test gives its points",
        {"root": "import numpy as np\ndef root(x):\n    return np.float64(1)"},
        ours={"test-root": 0.5},
    ),
    Case(
        "a method of an object that the test lends",
        {"pay": "def pay(till, n):\n    till.add_all([n])"},
        ours={"test-paid": 0.0},
    ),
    Case(SKIPPED, change=skip_an_answer, stock={"test-two": 0.0, "test-zero": 0.0}),
    Case(
        SKIPPED,
        {"square": "def square(x):\n    return 0"},
        change=skip_a_test,
        ours={"test-two": 0.0},
    ),
]


def test_where_we_differ_on_purpose(classroom: Classroom) -> None:
    write(classroom, "odd", {"odd": odd()})
    release = classroom.release("odd")["odd"]
    for number, case in enumerate(CASES):
        made = answered(release, SOLVED | dict(case.answers))
        case.change(made)
        classroom.hand_in(f"s{number:02}", "odd", {"odd": made})
    both = classroom.grade()
    found = {}
    for number in range(len(CASES)):
        student = f"s{number:02}"
        lost = ("odd", student) in both.lost
        found[number] = None if lost else scores(both.stock, student), scores(both.ours, student)
    wanted = {
        number: (None if case.stock is None else STOCK | dict(case.stock), OURS | dict(case.ours))
        for number, case in enumerate(CASES)
    }
    assert found == wanted
    assert both.suggested["odd", "s00", "odd", "test-quarter"] == 1


def scores(marks: Mapping[Place, Mark], student: str) -> dict[str, float | None]:
    return {place[3]: mark.score for place, mark in marks.items() if place[1] == student}


FOLDERS = "several notebooks in one assignment"
NOTHING = "a submission without a notebook"
KEPT = "a file beside the instructor version that is not released"
HOOK = "a hook, or a `forward` of its own, on a network"
MASK = "a weight of a pruned layer"


def test_notebooks_have_folders_of_their_own_and_nothing_is_an_answer(
    classroom: Classroom,
) -> None:
    first = [
        cell(solution("written = open('note', 'w').write('hi')"), "written", solution=True),
        cell("assert written == 2", "test-written", points=1),
    ]
    second = [
        cell(solution("read = 'hi'"), "read", solution=True),
        cell("assert read == 'hi'", "test-read", points=1),
    ]
    write(classroom, "two", {"first": notebook(first), "second": notebook(second)})
    release = classroom.release("two")
    answers = {
        "written": "written = open('note', 'w').write('hi')",
        "read": "read = open('note').read()",
    }
    made = {name: answered(source, answers) for name, source in release.items()}
    classroom.hand_in("both", "two", made)
    classroom.hand_in("none", "two", {})
    for path in (classroom.root / "submitted" / "none" / "two").glob("*.ipynb"):
        path.unlink()
    both = classroom.grade()
    assert scores(both.stock, "both") == {"test-written": 1, "test-read": 1}
    assert scores(both.ours, "both") == {"test-written": 1, "test-read": 0}
    assert scores(both.stock, "none") == {}
    result = Result.load(classroom.root / "out" / "results" / "two" / "none.json")
    assert result is not None
    assert (result.status, result.reason) == ("rejected", "The folder holds no notebook.")


def test_only_tests_can_read_what_is_not_released(classroom: Classroom) -> None:
    cells = [
        cell(solution("read = 'key'"), "read", solution=True),
        cell("assert read == 'key'", "test-read", points=1),
        cell("assert open('key.txt').read() == 'key'", "test-key", points=1),
    ]
    write(classroom, "kept", {"kept": notebook(cells)})
    (classroom.folders[0] / "kept" / "key.txt").write_text("key")
    release = classroom.release("kept")
    # nbgrader releases it, too.
    (classroom.folders[1] / "kept" / "key.txt").unlink()
    made = {"kept": answered(release["kept"], {"read": "read = open('key.txt').read()"})}
    classroom.hand_in("eve", "kept", made)
    both = classroom.grade()
    assert scores(both.stock, "eve") == {"test-read": 1, "test-key": 1}
    assert scores(both.ours, "eve") == {"test-read": 0, "test-key": 1}


def test_a_network_gives_what_its_layers_make(classroom: Classroom) -> None:
    cells = [
        cell("import copy, torch\nnet, x = torch.nn.Linear(2, 1), torch.ones(1, 2)", "net"),
        cell(
            solution(
                "def half(net):\n    made = copy.deepcopy(net)\n"
                "    for part in made.parameters():\n        part.data /= 2\n    return made"
            ),
            "half",
            solution=True,
        ),
        cell("assert torch.allclose(half(net)(x), net(x) / 2)", "test-half", points=1),
    ]
    write(classroom, "hung", {"hung": notebook(cells)})
    release = classroom.release("hung")
    hung = {
        "hook": "made.register_forward_hook(lambda m, given, found: found / 2)",
        "forward": "made.forward = lambda x: net(x) / 2",
    }
    for student, how in hung.items():
        half = f"def half(net):\n    made = copy.deepcopy(net)\n    {how}\n    return made"
        made = {"hung": answered(release["hung"], {"half": half})}
        classroom.hand_in(student, "hung", made)
    both = classroom.grade()
    for student in hung:
        assert scores(both.stock, student) == {"test-half": 1}
        assert scores(both.ours, student) == {"test-half": 0}


def test_of_a_network_neither_hooks_on_gradients_nor_weights_without_a_mask_count(
    classroom: Classroom,
) -> None:
    alike = "def alike(net):\n    made = copy.deepcopy(net)\n{}    return made"
    masked = "def masked(net):\n    made = copy.deepcopy(net)\n{}    return made"
    cells = [
        cell(
            "import copy, torch\nfrom torch.nn.utils import prune\n"
            "net, x = torch.nn.Linear(2, 1), torch.ones(1, 2)",
            "net",
        ),
        cell(solution(alike.format("")), "alike", solution=True),
        cell(
            "made = alike(net)\nmade(x).sum().backward()\nassert made.weight.grad.any()",
            "test-alike",
            points=1,
        ),
        cell(
            solution(masked.format("    prune.l1_unstructured(made, 'weight', 2)\n")),
            "masked",
            solution=True,
        ),
        cell("assert (masked(net).weight == 0).all()", "test-masked", points=1),
    ]
    write(classroom, "hung", {"hung": notebook(cells)})
    release = classroom.release("hung")
    answers = {
        "alike": alike.format("    made.weight.register_hook(lambda slope: 0 * slope)\n"),
        "masked": masked.format(
            "    prune.identity(made, 'weight')\n    made.weight = torch.zeros(1, 2)\n"
        ),
    }
    classroom.hand_in("eve", "hung", {"hung": answered(release["hung"], answers)})
    both = classroom.grade()
    assert scores(both.stock, "eve") == {"test-alike": 0, "test-masked": 1}
    assert scores(both.ours, "eve") == {"test-alike": 1, "test-masked": 0}


def test_the_tables_in_the_docs_have_the_same_rows() -> None:
    text = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if row != "what happens"]
    shown = {case.row for case in CASES} | {FOLDERS, NOTHING, KEPT, HOOK, MASK}
    assert all(any(row.startswith(one) for row in rows) for one in shown), shown
    assert all(any(row.startswith(one) for one in shown) for row in rows), rows
