"""``python -m grader`` is the command `grader`."""

from grader.host.cli import app

app(prog_name="grader")
