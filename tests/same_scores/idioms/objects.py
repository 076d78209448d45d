"""Tests in the manner of courses on objects: errors that carry something, nodes, decorators.

Also files in a temporary folder.
"""

from __future__ import annotations

from tests.same_scores.idioms.idiom import idiom

OBJECTS = [
    idiom(
        "an error that carries something",
        """
        class TooMuch(Exception):
            def __init__(self, amount, balance):
                super().__init__(f'{amount} of {balance}')
                self.amount = amount
                self.balance = balance

            def missing(self):
                return self.amount - self.balance

        def pay(amount, balance):
            if amount > balance:
                raise TooMuch(amount, balance)
            return balance - amount
        """,
        """
        class TooMuch(ValueError):
            amount = property(lambda self: self.args[0])
            balance = property(lambda self: self.args[1])
            missing = lambda self: self.amount - self.balance

        def pay(amount, balance):
            if amount <= balance:
                return balance - amount
            raise TooMuch(amount, balance)
        """,
        """
        class TooMuch(Exception):
            amount = balance = 7

            def missing(self):
                return 2

        def pay(amount, balance):
            if amount > balance:
                raise TooMuch('too much')
            return balance - amount
        """,
        """
        assert pay(2, 5) == 3
        try:
            pay(7, 5)
            assert False, 'nothing is raised'
        except TooMuch as error:
            assert error.amount == 7 and error.balance == 5
            assert error.missing() == 2 and not hasattr(error, 'currency')
        """,
    ),
    idiom(
        "an error that is kept",
        """
        class Wrong(Exception):
            def __init__(self, place):
                self.place = place

        def check(word):
            raise Wrong(word.index('x'))
        """,
        """
        class Wrong(IndexError):
            pass

        def check(word):
            error = Wrong('an x')
            error.place = word.find('x')
            raise error
        """,
        """
        class Wrong(Exception):
            place = 0

        def check(word):
            raise Wrong
        """,
        """
        try:
            check('axe')
        except Wrong as error:
            found = error
        assert found.place == 1
        """,
    ),
    idiom(
        "an error of a given class",
        """
        def parse(text):
            if not text.isdigit():
                raise BadInput(text, len(text))
            return int(text)
        """,
        """
        class NotDigits(BadInput):
            def __init__(self, text):
                super().__init__(text, sum(1 for _ in text))

        def parse(text):
            try:
                return int(text)
            except ValueError:
                raise NotDigits(text) from None
        """,
        """
        def parse(text):
            if not text.isdigit():
                raise BadInput(text, 0)
            return int(text)
        """,
        """
        assert parse('12') == 12
        try:
            parse('one')
            assert False
        except BadInput as error:
            assert error.text == 'one' and error.length == 3 and error.is_short()
            assert str(error) == 'one (3)'
        """,
        given="""
        class BadInput(Exception):
            def __init__(self, text, length):
                self.text = text
                self.length = length

            def __str__(self):
                return f'{self.text} ({self.length})'

            def is_short(self):
                return self.length < 5
        """,
    ),
    idiom(
        "a list of nodes",
        """
        def reverse(head):
            before = None
            while head is not None:
                head.next, before, head = before, head, head.next
            return before
        """,
        """
        def reverse(head):
            made = None
            while head is not None:
                made, head = Link(head.value, made), head.next
            return made
        """,
        """
        def reverse(head):
            return head
        """,
        """
        found = reverse(Link(1, Link(2, Link(3))))
        assert [found.value, found.next.value, found.next.next.value] == [3, 2, 1]
        assert found.next.next.next is None
        assert reverse(None) is None
        """,
        given="""
        class Link:
            def __init__(self, value, next=None):
                self.value = value
                self.next = next
        """,
    ),
    idiom(
        "an iterator that is its own",
        """
        class Down:
            def __init__(self, n):
                self.n = n

            def __iter__(self):
                return self

            def __next__(self):
                if self.n == 0:
                    raise StopIteration
                self.n -= 1
                return self.n + 1
        """,
        """
        from collections.abc import Iterator

        class Down(Iterator):
            def __init__(self, n):
                self.left = [*range(1, n + 1)]

            def __next__(self):
                if not self.left:
                    raise StopIteration
                return self.left.pop()
        """,
        """
        class Down:
            def __init__(self, n):
                self.n = n

            def __iter__(self):
                return iter(range(self.n, 0, -1))

            def __next__(self):
                return self.n
        """,
        """
        down = Down(3)
        assert iter(down) is down
        assert list(down) == [3, 2, 1]
        """,
    ),
    idiom(
        "a decorator that keeps the name",
        """
        import functools

        def counted(f):
            @functools.wraps(f)
            def inner(*args):
                inner.calls += 1
                return f(*args)
            inner.calls = 0
            return inner
        """,
        """
        from functools import update_wrapper

        class counted:
            def __init__(self, f):
                update_wrapper(self, f)
                self.f, self.calls = f, 0

            def __call__(self, *args):
                self.calls += 1
                return self.f(*args)
        """,
        """
        def counted(f):
            def inner(*args):
                inner.calls += 1
                return f(*args)
            inner.calls = 0
            return inner
        """,
        """
        @counted
        def add(a, b):
            'The sum.'
            return a + b
        assert add(1, 2) == 3 and add(3, 4) == 7 and add.calls == 2
        assert add.__name__ == 'add' and add.__doc__ == 'The sum.'
        """,
    ),
    idiom(
        "a temporary file",
        """
        def total(path):
            with open(path) as file:
                return sum(float(line) for line in file)
        """,
        """
        from pathlib import Path

        def total(path):
            return sum(map(float, Path(path).read_text().split()))
        """,
        """
        def total(path):
            with open(path) as file:
                return len(file.readlines())
        """,
        r"""
        import os
        import tempfile
        with tempfile.NamedTemporaryFile('w', suffix='.txt', delete=False) as file:
            file.write('1\n2.5\n')
        assert total(file.name) == 3.5
        os.remove(file.name)
        with tempfile.TemporaryDirectory() as folder:
            place = os.path.join(folder, 'numbers.txt')
            with open(place, 'w') as file:
                file.write('4\n')
            assert total(place) == 4
        """,
    ),
    idiom(
        "the type of an instance",
        """
        class Money:
            def __init__(self, cents):
                self.cents = cents

            def __add__(self, other):
                return Money(self.cents + other.cents)
        """,
        """
        from dataclasses import dataclass

        @dataclass
        class Money:
            cents: int

            def __add__(self, other):
                return self.__class__(cents=other.cents + self.cents)
        """,
        """
        class Money:
            def __init__(self, cents):
                self.cents = cents

            def __add__(self, other):
                return Sum(self.cents + other.cents)

        class Sum(Money):
            pass
        """,
        """
        both = Money(2) + Money(3)
        assert both.cents == 5 and type(both.cents) is int
        assert type(both) is Money and type(both) == type(Money(1))
        assert type(both).__name__ == both.__class__.__name__ == 'Money'
        assert type(both) not in (int, float)
        """,
    ),
    idiom(
        "dice that go on",
        """
        import random

        def roll(n):
            return [random.randint(1, 6) for _ in range(n)]
        """,
        """
        import random

        def roll(n):
            return random.choices(range(1, 7), k=n)
        """,
        """
        import random

        def roll(n):
            random.seed(7)
            return [random.randint(1, 6) for _ in range(n)]
        """,
        """
        import random
        random.seed(7)
        first, second = roll(30), roll(30)
        assert set(first) <= {1, 2, 3, 4, 5, 6} and first != second
        random.seed(7)
        assert roll(30) == first and roll(30) == second
        """,
    ),
    idiom(
        "a layer that can be trained",
        """
        import torch

        def doubled(layer):
            new = torch.nn.Linear(2, 1)
            with torch.no_grad():
                new.weight.copy_(2 * layer.weight)
                new.bias.copy_(2 * layer.bias)
            return new
        """,
        """
        import copy
        import torch

        def doubled(layer):
            new = copy.deepcopy(layer)
            for parameter in new.parameters():
                parameter.data *= 2
            return new
        """,
        """
        import torch

        @torch.inference_mode()
        def doubled(layer):
            new = torch.nn.Linear(2, 1)
            new.weight.copy_(2 * layer.weight)
            new.bias.copy_(2 * layer.bias)
            return new
        """,
        """
        import torch
        layer = torch.nn.Linear(2, 1)
        new = doubled(layer)
        assert torch.equal(new.weight, 2 * layer.weight)
        new(torch.ones(1, 2)).sum().backward()
        assert new.weight.grad.tolist() == [[1, 1]]
        """,
    ),
    idiom(
        "an array that can be changed",
        """
        import numpy as np

        def rows_of(row, n):
            return np.tile(row, (n, 1))
        """,
        """
        import numpy as np

        def rows_of(row, n):
            return np.broadcast_to(row, (n, len(row))).copy()
        """,
        """
        import numpy as np

        def rows_of(row, n):
            return np.broadcast_to(row, (n, len(row)))
        """,
        """
        rows = rows_of(np.arange(3), 2)
        rows[0, 0] = 7
        assert rows.tolist() == [[7, 1, 2], [0, 1, 2]]
        """,
    ),
]
