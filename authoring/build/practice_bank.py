"""The bank that learners get, of the questions that authors wrote."""

from __future__ import annotations

import json

from authoring.build.text_file import TextFile
from authoring.source.questions import Source
from coursekit.learn.questions.schema import Choice


def practice_bank(source: Source) -> TextFile:
    """The built file of a bank: JSON, without what is graded and without authors' checks.

    Raises:
        SourceError: if the bank can't be read.
    """
    kept = [
        question.model_dump(mode="json", exclude={"check", "graded"}, exclude_none=True)
        for question in source.bank().questions
        if not (isinstance(question, Choice) and question.graded)
    ]
    path = source.course.root / "coursekit/learn/questions/banks" / f"{source.name}.json"
    return TextFile(path, json.dumps(kept, ensure_ascii=False, indent=1) + "\n")
