"""Which questions come again: what was wrong is asked some days later, until it is right then.

Worked out from the answers in the store each time, as `progress.schedule` does for cards.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from coursekit.learn.progress.store import Attempt, Mode, Store

# A right answer sooner than this after a wrong one shows a good memory for options, not for why.
DAYS = timedelta(days=3)
# A lesson and the id of one of its questions.
QuestionKey = tuple[str, str]


def due_again(
    store: Store, mode: Mode | None = None, lesson: str | None = None, now: datetime | None = None
) -> list[QuestionKey]:
    """The questions to ask again now, the one that waited longest first.

    A question is one of them once it was wrong, and nothing was answered three days or more after
    its last wrong answer; and only when these three days are over.

    Args:
        store: Where the answers are.
        mode: “choice” or “practice”; both if left out.
        lesson: Only of this one.
        now: A time with a time zone; the present if left out.
    """
    now = now or datetime.now(UTC)
    wrong: dict[QuestionKey, datetime] = {}
    newest: dict[QuestionKey, datetime] = {}
    known: defaultdict[QuestionKey, set[Mode]] = defaultdict(set)
    for attempt in store.events(Attempt, lesson):
        if attempt.mode not in ("choice", "practice"):
            continue
        key = (attempt.lesson, attempt.question)
        known[key].add(attempt.mode)
        newest[key] = attempt.at
        if attempt.right is False:
            wrong[key] = attempt.at
    waiting = [
        (at, key)
        for key, at in wrong.items()
        if newest[key] - at < DAYS <= now - at and (mode is None or mode in known[key])
    ]
    return [key for _, key in sorted(waiting)]
