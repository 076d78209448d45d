"""The one error that ends a run."""


class GraderError(Exception):
    """Something the teacher must mend; its text is one sentence that says what."""


# What the engine itself has to say of a test that did not go well, by the names of its errors.
OUR_ERRORS = ("CellTimeoutError", "ProcessEnded", "WrongKind", "Stopped", "ChangedArgument")
