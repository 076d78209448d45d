"""Cells that are compiled beforehand: they do what they would have done."""

from __future__ import annotations

from grader import grade_one
from tests.grader.conftest import exercise, handed_in, scores
from tests.grader.sandboxed.conftest import run

CELLS = [
    "x = 3\nx + 1",
    "print('a')\nassert x == 4, f'three, not {x}'\nprint('b')",
    "def f(n: 'later'):\n    return n / 0\n\nf(1)",
    "for n in range(3):\n    print(n)",
    "from __future__ import annotations\ndef g(n: later):\n    return n\ng.__annotations__",
    "def h(n: int):\n    return n\nh.__annotations__",
    "x is 3",
    "'\\d'",
    "%precision 2",
    "1 +",
    "return 5",
    "'no newline at the end' ;",
    "x = 3\nx + 1",
    "",
]


def test_a_prepared_cell_does_what_it_would_have_done():
    script = """
        import os, sys
        from grader.protocol.orders import Begin
        from grader.sandboxed.cells import make_shell, run_cell, settle_in
        cells = {cells!r}
        shell = make_shell()
        settle_in(Begin(os.getcwd(), {{}}, 10_000), b"")
        if {prepare}:
            for source in cells:
                shell.prepare(source)
        for source in cells:
            report = run_cell(shell, source)
            sys.__stdout__.write(repr(report) + "\\n")
        sys.__stdout__.write(str(len(shell.compile.trees)) + "\\n")
    """
    *plain, none = run(script.format(cells=CELLS, prepare=False))
    *prepared, trees = run(script.format(cells=CELLS, prepare=True))
    assert len(plain) == len(CELLS)
    for one, other in zip(plain, prepared, strict=True):
        assert one == other
    # One stands there twice; "x is 3" and a wrong escape warn, three can't be compiled.
    assert (none, int(trees)) == ("0", len(CELLS) - 6)


def test_what_a_cell_does_to_the_trees_of_later_ones_counts():
    said = run(
        """
        import ast
        from grader.sandboxed.cells import make_shell, run_cell
        shell = make_shell()
        shell.prepare("found = 1")
        class Two(ast.NodeTransformer):
            def visit_Constant(self, node):
                return ast.copy_location(ast.Constant(2), node)
        shell.ast_transformers.append(Two())
        run_cell(shell, "found = 1")
        print(shell.user_ns["found"])
        """
    )
    assert said == ["2"]


def test_a_prepared_cell_is_transformed_once_each_time():
    said = run(
        """
        import ast
        from grader.sandboxed.cells import make_shell, run_cell
        shell = make_shell()
        class OneMore(ast.NodeTransformer):
            def visit_Constant(self, node):
                return ast.copy_location(ast.Constant(node.value + 1), node)
        shell.prepare("first = 1")
        shell.ast_transformers.append(OneMore())
        shell.prepare("second = 1")
        for _ in range(2):
            run_cell(shell, "first = 1")
            run_cell(shell, "second = 1")
            print(shell.user_ns["first"], shell.user_ns["second"])
        run_cell(shell, "many = " + " + ".join(["0"] * 250))
        print(shell.user_ns["many"])
        """
    )
    assert said == ["2 2", "2 2", "250"]


def test_a_test_may_await(engine):
    made = exercise(
        "# given\nimport asyncio",
        "# answer y\ny = 5",
        "# test y1\nvalue = await asyncio.sleep(0, 5)\nassert value == y",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"y1": 1}
