"""The one error that ends a run."""


class GraderError(Exception):
    """Something the teacher must mend; its text is one sentence that says what."""
