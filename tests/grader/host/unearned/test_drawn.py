"""What a test draws without a seed is drawn by no answer."""

from __future__ import annotations

import pytest

from grader import grade_one
from tests.grader.conftest import exercise, handed_in, scores

DRAWS = {
    "NumPy's": "np.random.rand()",
    "NumPy's, in another way": "int(np.random.permutation(10**6)[0])",
    "torch's": "torch.rand(1).item()",
    "a new layer's": "torch.nn.Linear(1, 1).bias.item()",
    "Python's": "random.random()",
    "SQLite's": "database.execute('select random()').fetchone()[0]",
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("seed", [False, True], ids=["without a seed", "with a given seed"])
def test_what_a_test_draws_without_a_seed_is_drawn_by_no_answer(engine, draw, seed):
    """What a given cell has seeded goes on from there in both."""
    if seed and draw == DRAWS["SQLite's"]:
        pytest.skip("it is seeded anew in every fork")
    seeds = "\nrandom.seed(3); np.random.seed(3); torch.manual_seed(3)" * seed
    before = DRAWS["SQLite's"]
    made = exercise(
        f"# given\nimport random, sqlite3\nimport numpy as np, torch{seeds}\n"
        f"database = sqlite3.connect(':memory:')\n{before}",
        "# answer guess\nguess = -1",
        f"# test other\ndrawn = {draw}\nassert guess != drawn",
    )
    result = grade_one(made, handed_in(made, guess=f"guess = {draw}"), engine)
    assert scores(result) == {"other": int(not seed)}


def test_what_given_cells_draw_is_the_same_for_tests(engine):
    """Also behind tests that draw and call."""
    made = exercise(
        "# given\nimport numpy as np, torch\na = np.random.rand(3)",
        "# answer f\ndef f(x):\n    return x.sum()",
        "# test first\nx = np.random.rand(4)\nassert f(a) == a.sum() and f(x) == x.sum()\n"
        "y = torch.randn(2)\nassert f(y) == y.sum()",
        "# given\nb = np.random.rand(3)\nc = torch.rand(3)",
        "# answer sums\nsums = b.sum(), c.sum().item()",
        "# test second\nassert sums == (b.sum(), c.sum().item())",
        "# given\nnp.random.seed(4)\ntorch.manual_seed(4)",
        "# test third\nd = np.random.rand(), torch.rand(1).item()\nassert f(a) == a.sum()",
        "# given\ne = np.random.rand(), torch.rand(1).item()",
        "# answer back\nback = e",
        "# test seeded\nnp.random.seed(4)\ntorch.manual_seed(4)\n"
        "assert d == (np.random.rand(), torch.rand(1).item())",
    )
    result = grade_one(made, handed_in(made), engine)
    assert scores(result) == {"first": 1, "second": 1, "third": 1, "seeded": 1}


@pytest.mark.parametrize("seeds", ["random.seed(3)", "random.random(); random.seed(3)"])
def test_what_a_given_cell_has_seeded_goes_on_in_answers(engine, seeds):
    """As in one process: the dice that everybody gets."""
    made = exercise(
        f"# given\nimport random\n{seeds}",
        "# answer rolls\nrolls = [random.randint(1, 6) for _ in range(3)]",
        "# answer draw\ndef draw():\n    return random.random()",
        "# test rolled\nassert rolls == [2, 5, 5], rolls",
        "# test drawn\nrandom.seed(4)\nkept = random.random()\nrandom.seed(4)\n"
        "assert draw() == kept",
    )
    result = grade_one(made, handed_in(made, draw="draw = random.random"), engine)
    assert scores(result) == {"rolled": 1, "drawn": 1}
