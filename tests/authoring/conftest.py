"""A course of one small lesson, in a temporary folder, for tests to break."""

from pathlib import Path

import pytest

from authoring.source.sources import Lesson, Sources

_ASKED = [f"Question {number}" for number in range(1, 7)]
LESSON = f"""\
# %% [markdown]
# # 01 · Counting
# How many are left?

# %%
from coursekit import guess, reveal

{
    "".join(
        f'''# %%
guess("{question}")

'''
        for question in _ASKED
    )
}
# %%
{
    "".join(
        f'''reveal("{question}", 2)
'''
        for question in _ASKED
    )
}
# %%
print(1 + 1)
"""

EXERCISE = """\
# %% [markdown]
# # 01 · Counting: exercise

# %% given=true
numbers = [0, 1, 2]

# %% [markdown]
# ## 1 · Count
# Write `count(values)`: how many are not zero.

# %% item="count" answers=["count"]
### BEGIN SOLUTION
def count(values):
    return sum(value != 0 for value in values)
### END SOLUTION

# %% test="count" points=1
assert count(numbers) == 2, "two of the three are not zero"

# %% test="count" points=2
hidden_secret = [5, 0]
assert count([]) == 0, "nothing in, nothing to count"
### BEGIN HIDDEN TESTS
assert count(hidden_secret) == 1, "zeros are not counted"
### END HIDDEN TESTS

# %% [markdown]
# ## 2 · Why
# Why count?

# %% [markdown] item="why" manual=true points=2
# ### BEGIN SOLUTION
# Because the model answer says so.
# ### END SOLUTION
"""

ANSWERS = """\
# %% item="count" right="a loop"
def count(values):
    total = 0
    for value in values:
        if value != 0:
            total += 1
    return total

# %% item="count" right="by filter"
def count(values):
    return len(list(filter(None, values)))

# %% item="count" wrong="counts all" hint="two of the three"
def count(values):
    return len(values)

# %% item="count" wrong="counts zeros" keeps=2 hint="two of the three"
def count(values):
    return sum(value == 0 for value in values)

# %% item="count" wrong="stops at the first" keeps=1 hint="zeros are not counted"
def count(values):
    return 2 if len(values) == 3 else 0

# %% [markdown] item="why" answer="in a word"
# To know.
"""


@pytest.fixture
def course(tmp_path: Path) -> Sources:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.course]\nrepository = "someone/somewhere"\nbranch = "main"\n'
    )
    # Where it can be imported, the set-up cell has nothing to fetch.
    (tmp_path / "coursekit").mkdir()
    (tmp_path / "coursekit" / "__init__.py").touch()
    (tmp_path / "nbgrader_config.py").write_text(
        'c = get_config()\nc.Grader.show = ["coursekit"]\n'
    )
    folder = tmp_path / "course" / "01_counting"
    folder.mkdir(parents=True)
    (folder / "lesson.py").write_text(LESSON)
    (folder / "exercise.py").write_text(EXERCISE)
    (folder / "answers.py").write_text(ANSWERS)
    return Sources.at(tmp_path)


@pytest.fixture
def lesson(course: Sources) -> Lesson:
    return course.lesson("01")
