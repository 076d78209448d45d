"""What exercise 14 asks to be diagnosed: each fault can be seen, and no code names it."""

from __future__ import annotations

import torch

from coursekit.lesson_14.diagnose import three_students


def test_each_of_three_students_can_be_told_from_the_others():
    teacher, students = three_students()
    assert sorted(students) == [*"ABC"]
    assert {tuple(logits.shape) for logits in (teacher, *students.values())} == {(500, 10)}

    def wrong(logits: torch.Tensor) -> torch.Tensor:
        others = torch.ones_like(teacher, dtype=torch.bool)
        others.scatter_(1, teacher.argmax(1, keepdim=True), value=False)
        values = logits[others].reshape(500, 9)
        return (values - values.mean(1, keepdim=True)).flatten()

    like = {
        name: float(torch.cosine_similarity(wrong(logits), wrong(teacher), dim=0))
        for name, logits in students.items()
    }
    first, second, third = sorted(like, key=lambda name: like[name])
    assert like[third] > like[second] + 0.1 > like[first] + 0.2
    assert students[first].std() < 0.5 * students[second].std()
