"""`python -m coursekit`, which works without `make` too."""

from coursekit.cli import app

app(prog_name="coursekit")
