"""Lets nbgrader and Formgrader use this repository as their course directory."""

import json
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

# What learners' code may read of this repository while it is graded: what it may import, and the
# data that the course ships, which are listed in one place.
shipped = root / "data" / "checksums.json"
c.Grader.show = ["coursekit"]
if shipped.is_file():
    c.Grader.show += [
        "data/checksums.json",
        *(f"data/{name}" for name in json.loads(shipped.read_text())),
    ]

# Byte golf: what the reference answers reach is counted when they change.
ledger = root / "coursekit" / "learn" / "golf.json"
c.Grader.ledger = {
    "title": "One network, smaller and smaller",
    "about": "The last item of several exercises squeezes one network with that lesson's tool.",
    "size": "golf_bytes",
    "whole": 31_400,
    "reference": {
        name: found["bytes"]
        for name, found in (json.loads(ledger.read_text()) if ledger.is_file() else {}).items()
    },
}

# Bytes are those of the file and of the decoder. The paper's factor is for the digits of MNIST.
c.Grader.leaderboards = {
    "15_capstone": {
        "title": "A network in a few kilobytes",
        "required": 0.83,
        "whole": 1_066_440,
        "marks": [
            {"name": "40 times smaller, as Han, Mao and Dally 2016 on MNIST", "size": 26_661},
            {"name": "our reference", "size": 16_798, "score": 0.852, "final": 0.8535},
        ],
    }
}
