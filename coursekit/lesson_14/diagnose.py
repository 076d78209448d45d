"""What exercise 14 asks to be diagnosed, by letters in an order that tells nothing.

It stands here and not in the exercise, since who reads how a fault was made need not find it.
"""

from __future__ import annotations

import torch

from coursekit.nets.data import load_arrays
from coursekit.nets.shuffled import shuffled

STUDENTS = "taught_students.npz"


def three_students() -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Logits of a teacher for 500 test images, (500, 10), and by letter those of three students.

    One of them had labels alone, one smoothed labels, and one was taught.
    """
    arrays = {name: torch.from_numpy(a).float() for name, a in load_arrays(STUDENTS).items()}
    teacher = arrays.pop("teacher")
    return teacher, shuffled(list(arrays.values()), "ABC", seed=5)
