"""The errors that end a run, or what it does for a submission."""


class GraderError(Exception):
    """Something the teacher must mend; its text is one sentence that says what."""


class NotSetUp(GraderError):
    """No process could be made for somebody's code, or what it is forked from has ended: no fault
    of that code, as far as anybody knows."""


# What the engine itself has to say of a test that did not go well, by the names of its errors.
OUR_ERRORS = (
    "CellTimeoutError",
    "ProcessEnded",
    "WrongKind",
    "Stopped",
    "ChangedArgument",
    "NotTheSame",
    "NarrowNumber",
    "NothingThere",
    "SameObject",
    "NoNumber",
    "Complaint",
)
