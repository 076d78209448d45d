"""What stops a build: a mistake in a source, said so that its author can mend it."""

from pathlib import Path


class SourceError(Exception):
    """A mistake in course/; the message names file and line, and says what to do."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")
