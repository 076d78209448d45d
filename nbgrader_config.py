"""Lets nbgrader and Formgrader use this repository as their course directory."""

from pathlib import Path

c = get_config()  # noqa: F821

root = Path(__file__).resolve().parent
c.CourseDirectory.root = str(root)
c.CourseDirectory.course_id = "fewer-bits"
# Both are built: `make build`.
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
# The folder of the database must exist, and git ignores a gradebook.db.
c.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}"

# What learners' code may read of this repository while it is graded.
c.Grader.show = [
    "coursekit",
    "data/checksums.json",
    "data/digits.npz",
    "data/fashion_mnist.npz",
    "data/tradeoffs.csv",
]
