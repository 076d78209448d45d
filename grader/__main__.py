"""``python -m grader`` is the command `grader`."""

from grader.cli import app

app(prog_name="grader")
