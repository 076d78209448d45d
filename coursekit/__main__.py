"""`python -m coursekit`, which works without `make` too."""

from coursekit.desk.cli import app

app(prog_name="coursekit")
