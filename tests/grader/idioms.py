"""Test cells as teachers write them: many ways to ask whether an answer is right.

Each idiom has a reference solution, another right answer, a wrong one, and a test cell in the
manner of public nbgrader courses: about a third reads values, a third calls functions, a fifth
uses classes and instances, and the rest does whatever Python lets one do. They know nothing of
how this engine works, so how many of them it can judge apart from the learner's code says how
general it is.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from tests.grader.conftest import cell, solution


@dataclass(frozen=True)
class Idiom:
    """A way to test.

    Attributes:
        name: unique, in a few words.
        reference: the teacher's solution.
        other: right, written in another way.
        wrong: runs, but is not right.
        test: the test cell.
        given: a locked cell above, if there is one.
    """

    name: str
    reference: str
    other: str
    wrong: str
    test: str
    given: str = ""

    @property
    def grade_id(self) -> str:
        return self.name.replace("'", "").replace(" ", "-")


def _idiom(name: str, reference: str, other: str, wrong: str, test: str, given: str = "") -> Idiom:
    parts = (textwrap.dedent(part).strip() for part in (reference, other, wrong, test, given))
    return Idiom(name, *parts)


VALUES = [
    _idiom(
        "a number",
        "total_of_ten = sum(range(10))",
        "total_of_ten = 45",
        "total_of_ten = 55",
        "assert total_of_ten == 45",
    ),
    _idiom(
        "a float up to rounding",
        "circle_area = 3.141592653589793 * 1.5**2",
        """
        import math
        circle_area = math.pi * 2.25
        """,
        "circle_area = 3.14 * 1.5**2",
        """
        import math
        assert math.isclose(circle_area, 7.0685834705770345, rel_tol=1e-9)
        """,
    ),
    _idiom(
        "a rounded number",
        "mean_height = (171 + 168 + 183) / 3",
        "mean_height = round((171 + 168 + 183) / 3, 2)",
        "mean_height = (171 + 168 + 183) / 2",
        "assert round(mean_height, 1) == 174.0, f'{mean_height} is off'",
    ),
    _idiom(
        "a text",
        "greeting_text = 'Hello, world'",
        "greeting_text = 'hello world!'",
        "greeting_text = 'Goodbye'",
        """
        assert greeting_text.strip().lower().startswith('hello')
        assert 'world' in greeting_text
        """,
    ),
    _idiom(
        "multiple choice",
        "choice_1 = 'C'",
        "choice_1 = 'c'",
        "choice_1 = 'B'",
        """
        assert isinstance(choice_1, str) and choice_1.upper() in 'ABCD', 'answer A, B, C or D'
        ### BEGIN HIDDEN TESTS
        assert choice_1.upper() == 'C'
        ### END HIDDEN TESTS
        """,
    ),
    _idiom(
        "a hashed answer",
        "capital_city = 'Bern'",
        "capital_city = 'B' + 'ern'",
        "capital_city = 'Zürich'",
        """
        import hashlib
        def digest(answer):
            return hashlib.sha256(str(answer).lower().encode()).hexdigest()
        assert digest(capital_city) == digest('Bern'), 'not this city'
        """,
    ),
    _idiom(
        "a list",
        "evens_list = [n for n in range(11) if n % 2 == 0]",
        "evens_list = list(range(0, 11, 2))",
        "evens_list = list(range(0, 10, 2))",
        """
        assert type(evens_list) == list
        assert len(evens_list) == 6
        assert evens_list == [0, 2, 4, 6, 8, 10]
        """,
    ),
    _idiom(
        "any sequence",
        "first_squares = [1, 4, 9]",
        "first_squares = tuple(n * n for n in (1, 2, 3))",
        "first_squares = [0, 1, 4]",
        "assert list(first_squares) == [1, 4, 9]",
    ),
    _idiom(
        "a set",
        "shared_letters = set('kitten') & set('sitting')",
        "shared_letters = {'i', 't', 'n'}",
        "shared_letters = {'i', 't'}",
        "assert shared_letters == {'t', 'i', 'n'}",
    ),
    _idiom(
        "a dictionary",
        "ages_by_name = {'Ada': 36, 'Alan': 41}",
        "ages_by_name = dict(Alan=41, Ada=36)",
        "ages_by_name = {'Ada': 36}",
        """
        assert sorted(ages_by_name) == ['Ada', 'Alan']
        for person, age in ages_by_name.items():
            assert isinstance(age, int), f'the age of {person} is no int'
        assert ages_by_name['Alan'] == 41
        """,
    ),
    _idiom(
        "nested containers",
        """
        inventory_rows = [{'name': 'nut', 'sizes': (3, 4)}, {'name': 'bolt', 'sizes': (3,)}]
        """,
        """
        inventory_rows = [dict(name=n, sizes=s) for n, s in [('nut', (3, 4)), ('bolt', (3,))]]
        """,
        """
        inventory_rows = [{'name': 'nut', 'sizes': (3,)}, {'name': 'bolt', 'sizes': (3,)}]
        """,
        "assert sum(len(row['sizes']) for row in inventory_rows) == 3",
    ),
    _idiom(
        "true and none",
        "is_prime_91, missing_value = False, None",
        """
        is_prime_91 = all(91 % n for n in range(2, 91))
        missing_value = None
        """,
        "is_prime_91, missing_value = True, None",
        """
        assert is_prime_91 is False
        assert missing_value is None
        """,
    ),
    _idiom(
        "a numpy array",
        """
        import numpy as np
        grid_points = np.linspace(0, 1, 5)
        """,
        """
        import numpy as np
        grid_points = np.arange(5) / 4
        """,
        """
        import numpy as np
        grid_points = np.arange(0, 1, 0.2)
        """,
        """
        import numpy as np
        assert isinstance(grid_points, np.ndarray)
        assert grid_points.shape == (5,)
        np.testing.assert_allclose(grid_points, [0, 0.25, 0.5, 0.75, 1])
        """,
    ),
    _idiom(
        "an array up to decimals",
        """
        import numpy as np
        rotation_matrix = np.array([[0.0, -1.0], [1.0, 0.0]])
        """,
        """
        import numpy as np
        c, s = np.cos(np.pi / 2), np.sin(np.pi / 2)
        rotation_matrix = np.array([[c, -s], [s, c]])
        """,
        """
        import numpy as np
        rotation_matrix = np.array([[0.0, 1.0], [-1.0, 0.0]])
        """,
        """
        from numpy.testing import assert_array_almost_equal
        assert_array_almost_equal(rotation_matrix @ rotation_matrix.T, np.eye(2))
        assert_array_almost_equal(rotation_matrix @ np.array([1, 0]), np.array([0, 1]))
        """,
        given="import numpy as np",
    ),
    _idiom(
        "a numpy scalar",
        "highest_reading = readings.max()",
        "highest_reading = max(readings.tolist())",
        "highest_reading = readings.argmax()",
        """
        assert isinstance(highest_reading, (int, float, np.number))
        assert np.isclose(highest_reading, 7.5)
        """,
        given="""
        import numpy as np
        readings = np.array([3.0, 7.5, 2.25])
        """,
    ),
    _idiom(
        "a tensor",
        """
        import torch
        identity_tensor = torch.eye(3)
        """,
        """
        import torch
        identity_tensor = torch.diag(torch.ones(3))
        """,
        """
        import torch
        identity_tensor = torch.ones(3, 3)
        """,
        """
        import torch
        assert torch.is_tensor(identity_tensor), 'a tensor is asked'
        assert identity_tensor.dtype == torch.float32
        assert torch.equal(identity_tensor, torch.eye(3))
        """,
    ),
    _idiom(
        "a tensor with a gradient",
        """
        import torch
        slope_at = torch.tensor(3.0, requires_grad=True)
        (slope_at**2).backward()
        """,
        """
        import torch
        slope_at = torch.tensor(3.0, requires_grad=True)
        torch.mul(slope_at, slope_at).backward()
        """,
        """
        import torch
        slope_at = torch.tensor(3.0, requires_grad=True)
        (slope_at**3).backward()
        """,
        "assert slope_at.grad.item() == 6.0",
    ),
    _idiom(
        "a module of torch",
        """
        from torch import nn
        small_net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        """,
        """
        from torch import nn
        layers = [nn.Linear(4, 8), nn.ReLU()]
        small_net = nn.Sequential(*layers, nn.Linear(8, 2))
        """,
        """
        from torch import nn
        small_net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
        """,
        """
        import torch
        assert sum(p.numel() for p in small_net.parameters()) == 58
        assert small_net(torch.zeros(3, 4)).shape == (3, 2)
        """,
    ),
    _idiom(
        "a data frame",
        """
        import pandas as pd
        town_table = pd.DataFrame({'town': ['A', 'B'], 'people': [10, 20]})
        """,
        """
        import pandas as pd
        town_table = pd.DataFrame([['A', 10], ['B', 20]], columns=['town', 'people'])
        """,
        """
        import pandas as pd
        town_table = pd.DataFrame({'town': ['A', 'B'], 'people': [10, 2]})
        """,
        """
        assert list(town_table.columns) == ['town', 'people']
        assert town_table.shape == (2, 2)
        assert town_table['people'].sum() == 30
        assert town_table.loc[town_table.town == 'B', 'people'].item() == 20
        """,
    ),
    _idiom(
        "a series",
        "mean_by_kind = measured.groupby('kind')['size'].mean()",
        "mean_by_kind = measured.pivot_table('size', 'kind')['size']",
        "mean_by_kind = measured.groupby('kind')['size'].max()",
        """
        assert mean_by_kind['a'] == 2.0
        assert mean_by_kind.round(1).to_dict()['b'] == 5.0
        """,
        given="""
        import pandas as pd
        measured = pd.DataFrame({'kind': ['a', 'a', 'b'], 'size': [1.0, 3.0, 5.0]})
        """,
    ),
    _idiom(
        "a date",
        """
        import datetime
        moon_landing = datetime.date(1969, 7, 20)
        """,
        """
        import datetime as dt
        moon_landing = dt.date.fromisoformat('1969-07-20')
        """,
        """
        import datetime
        moon_landing = datetime.date(1969, 7, 16)
        """,
        """
        assert (moon_landing.year, moon_landing.month, moon_landing.day) == (1969, 7, 20)
        """,
    ),
    _idiom(
        "a regular expression",
        "zip_pattern = r'\\d{5}'",
        "zip_pattern = '[0-9][0-9][0-9][0-9][0-9]'",
        "zip_pattern = r'\\d{4}'",
        """
        import re
        assert re.fullmatch(zip_pattern, '12345')
        assert not re.fullmatch(zip_pattern, '1234')
        """,
    ),
    _idiom(
        "a number as partial credit",
        "guesses_right = 4",
        "guesses_right = 2 + 2",
        "guesses_right = 1",
        "guesses_right / 4",
    ),
    _idiom(
        "a comparison at the end",
        "side_length = 12",
        "side_length = 3 * 4",
        "side_length = 'twelve'",
        """
        assert side_length > 0
        side_length == 12
        """,
    ),
    _idiom(
        "a helper of an earlier test",
        "river_name = 'Aare'",
        "river_name = 'aare'",
        "river_name = 'Rhine'",
        "assert digest(river_name) == digest('Aare'), 'not this river'",
    ),
]

FUNCTIONS = [
    _idiom(
        "a call",
        """
        def double_it(x):
            return 2 * x
        """,
        "double_it = lambda x: x + x",
        """
        def double_it(x):
            return x**2
        """,
        """
        assert double_it(2) == 4
        assert double_it(-3) == -6
        assert double_it('ab') == 'abab'
        """,
    ),
    _idiom(
        "a table of cases",
        """
        def is_leap(year):
            return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        """,
        """
        import calendar

        def is_leap(year):
            return calendar.isleap(year)
        """,
        """
        def is_leap(year):
            return year % 4 == 0
        """,
        """
        cases = {1900: False, 2000: True, 2023: False, 2024: True}
        for year, expected in cases.items():
            got = is_leap(year)
            assert got == expected, f'is_leap({year}) gave {got}'
        """,
    ),
    _idiom(
        "an expected error",
        """
        def checked_root(x):
            if x < 0:
                raise ValueError('negative')
            return x**0.5
        """,
        """
        import math

        def checked_root(x):
            return math.sqrt(x)
        """,
        """
        def checked_root(x):
            return abs(x) ** 0.5
        """,
        """
        assert checked_root(9) == 3
        try:
            checked_root(-1)
        except ValueError:
            pass
        else:
            raise AssertionError('did not raise')
        """,
    ),
    _idiom(
        "an error's message",
        """
        def pick_port(n):
            if n > 65535:
                raise ValueError(f'port {n} is too large')
            return n
        """,
        """
        def pick_port(n):
            if n >= 65536:
                raise ValueError('too large: ' + str(n))
            return n
        """,
        """
        def pick_port(n):
            if n > 65535:
                raise ValueError('bad')
            return n
        """,
        """
        try:
            pick_port(70000)
            assert False, 'no error'
        except ValueError as error:
            assert 'too large' in str(error)
        """,
    ),
    _idiom(
        "raises as a context",
        """
        def third_of(items):
            return items[2]
        """,
        """
        def third_of(items):
            return items.__getitem__(2)
        """,
        """
        def third_of(items):
            return items[2] if len(items) > 2 else None
        """,
        """
        import unittest
        case = unittest.TestCase()
        with case.assertRaises(IndexError):
            third_of([1])
        case.assertEqual(third_of([1, 2, 3]), 3)
        """,
    ),
    _idiom(
        "keywords and defaults",
        """
        def power_of(base, exponent=2):
            return base**exponent
        """,
        """
        def power_of(base, exponent=2, **_):
            return pow(base, exponent)
        """,
        """
        def power_of(base, exponent=3):
            return base**exponent
        """,
        """
        assert power_of(3) == 9
        assert power_of(2, exponent=5) == 32
        assert power_of(base=2) == 4
        """,
    ),
    _idiom(
        "many arguments",
        """
        def longest_of(*words):
            return max(words, key=len)
        """,
        """
        def longest_of(*words):
            return sorted(words, key=lambda w: -len(w))[0]
        """,
        """
        def longest_of(*words):
            return words[-1]
        """,
        """
        words = ['a', 'ccc', 'bb']
        assert longest_of(*words) == 'ccc'
        assert longest_of('x') == 'x'
        """,
    ),
    _idiom(
        "a list changed in place",
        """
        def remove_negatives(values):
            values[:] = [v for v in values if v >= 0]
        """,
        """
        def remove_negatives(values):
            for v in list(values):
                if v < 0:
                    values.remove(v)
        """,
        """
        def remove_negatives(values):
            return [v for v in values if v >= 0]
        """,
        """
        numbers = [3, -1, 4, -1, -5]
        result = remove_negatives(numbers)
        assert result is None, 'change the list, return nothing'
        assert numbers == [3, 4]
        """,
    ),
    _idiom(
        "an argument left alone",
        """
        def sorted_copy(values):
            return sorted(values)
        """,
        """
        def sorted_copy(values):
            values = list(values)
            values.sort()
            return values
        """,
        """
        def sorted_copy(values):
            values.sort()
            return values
        """,
        """
        original = [3, 1, 2]
        assert sorted_copy(original) == [1, 2, 3]
        assert original == [3, 1, 2], 'the argument was changed'
        """,
    ),
    _idiom(
        "an array changed in place",
        """
        def clip_in_place(a):
            np.clip(a, 0, 1, out=a)
        """,
        """
        def clip_in_place(a):
            a[a < 0] = 0
            a[a > 1] = 1
        """,
        """
        def clip_in_place(a):
            return np.clip(a, 0, 1)
        """,
        """
        values = np.array([-1.0, 0.5, 2.0])
        clip_in_place(values)
        assert values.tolist() == [0, 0.5, 1]
        """,
        given="import numpy as np",
    ),
    _idiom(
        "arrays in and out",
        """
        def standardised(a):
            return (a - a.mean(axis=0)) / a.std(axis=0)
        """,
        """
        def standardised(a):
            a = np.asarray(a, dtype=float)
            return np.stack([(c - c.mean()) / c.std() for c in a.T], axis=1)
        """,
        """
        def standardised(a):
            return a - a.mean(axis=0)
        """,
        """
        rng = np.random.default_rng(0)
        z = standardised(rng.normal(3, 2, (50, 3)))
        assert z.shape == (50, 3)
        assert np.allclose(z.mean(axis=0), 0) and np.allclose(z.std(axis=0), 1)
        """,
        given="import numpy as np",
    ),
    _idiom(
        "tensors in and out",
        """
        import torch

        def soft_max(x):
            e = torch.exp(x)
            return e / e.sum(-1, keepdim=True)
        """,
        """
        import torch

        def soft_max(x):
            return x.softmax(dim=-1)
        """,
        """
        import torch

        def soft_max(x):
            e = torch.exp(x)
            return e / e.sum()
        """,
        """
        import torch
        torch.manual_seed(0)
        x = torch.randn(4, 5)
        assert torch.allclose(soft_max(x), torch.nn.functional.softmax(x, dim=-1), atol=1e-6)
        """,
    ),
    _idiom(
        "a reference in the test",
        """
        def gcd_of(a, b):
            while b:
                a, b = b, a % b
            return a
        """,
        """
        def gcd_of(a, b):
            return a if b == 0 else gcd_of(b, a % b)
        """,
        """
        def gcd_of(a, b):
            return min(a, b)
        """,
        """
        import math, random
        ### BEGIN HIDDEN TESTS
        random.seed(1)
        for _ in range(20):
            a, b = random.randint(1, 500), random.randint(1, 500)
            assert gcd_of(a, b) == math.gcd(a, b)
        ### END HIDDEN TESTS
        """,
    ),
    _idiom(
        "a helper that takes the function",
        """
        def f_to_c(f):
            return (f - 32) * 5 / 9
        """,
        "f_to_c = lambda f: (f - 32) / 1.8",
        """
        def f_to_c(f):
            return f - 32 * 5 / 9
        """,
        "check_all(f_to_c, [(32, 0), (212, 100), (-40, -40)])",
        given="""
        def check_all(function, cases):
            for given, wanted in cases:
                got = function(given)
                assert abs(got - wanted) < 1e-9, f'{given} gave {got}, not {wanted}'
        """,
    ),
    _idiom(
        "a callback from the test",
        """
        def apply_twice(f, x):
            return f(f(x))
        """,
        """
        def apply_twice(f, x):
            for _ in range(2):
                x = f(x)
            return x
        """,
        """
        def apply_twice(f, x):
            return f(x)
        """,
        """
        calls = []
        def traced(x):
            calls.append(x)
            return x + 1
        assert apply_twice(traced, 1) == 3
        assert calls == [1, 2]
        assert apply_twice(str.upper, 'a') == 'A'
        """,
    ),
    _idiom(
        "a closure",
        """
        def make_counter():
            count = 0
            def counter():
                nonlocal count
                count += 1
                return count
            return counter
        """,
        """
        import itertools

        def make_counter():
            return itertools.count(1).__next__
        """,
        """
        count = 0
        def make_counter():
            def counter():
                global count
                count += 1
                return count
            return counter
        """,
        """
        first, second = make_counter(), make_counter()
        assert (first(), first(), second()) == (1, 2, 1)
        """,
    ),
    _idiom(
        "a function made of functions",
        """
        def composed(f, g):
            return lambda x: f(g(x))
        """,
        """
        def composed(f, g):
            def both(x):
                return f(g(x))
            return both
        """,
        """
        def composed(f, g):
            return lambda x: g(f(x))
        """,
        """
        h = composed(lambda x: x + 1, lambda x: 10 * x)
        assert h(2) == 21
        assert callable(h)
        """,
    ),
    _idiom(
        "a decorator",
        """
        def doubled(function):
            def inner(*args):
                return 2 * function(*args)
            return inner
        """,
        """
        import functools
        def doubled(function):
            @functools.wraps(function)
            def inner(*args, **kwargs):
                result = function(*args, **kwargs)
                return result + result
            return inner
        """,
        """
        def doubled(function):
            return function
        """,
        """
        @doubled
        def plus(a, b):
            return a + b
        assert plus(1, 2) == 6
        """,
    ),
    _idiom(
        "a dictionary of functions",
        "operations = {'add': lambda a, b: a + b, 'mul': lambda a, b: a * b}",
        """
        import operator
        operations = {'add': operator.add, 'mul': operator.mul}
        """,
        "operations = {'add': lambda a, b: a + b, 'mul': lambda a, b: a + b}",
        """
        assert set(operations) == {'add', 'mul'}
        assert operations['mul'](3, 4) == 12
        """,
    ),
    _idiom(
        "a function in map and sorted",
        """
        def last_letter(word):
            return word[-1]
        """,
        """
        def last_letter(word):
            *_, last = word
            return last
        """,
        """
        def last_letter(word):
            return word[0]
        """,
        """
        assert list(map(last_letter, ['ab', 'cd'])) == ['b', 'd']
        assert sorted(['xa', 'ac', 'zb'], key=last_letter) == ['xa', 'zb', 'ac']
        """,
    ),
    _idiom(
        "a generator",
        """
        def countdown(n):
            while n > 0:
                yield n
                n -= 1
        """,
        """
        def countdown(n):
            yield from range(n, 0, -1)
        """,
        """
        def countdown(n):
            yield from range(n, -1, -1)
        """,
        """
        import types
        assert isinstance(countdown(3), types.GeneratorType)
        assert list(countdown(3)) == [3, 2, 1]
        """,
    ),
    _idiom(
        "an endless generator",
        """
        def fibonacci_numbers():
            a, b = 0, 1
            while True:
                yield a
                a, b = b, a + b
        """,
        """
        def fibonacci_numbers():
            seen = [0, 1]
            while True:
                yield seen[-2]
                seen = [seen[-1], seen[-2] + seen[-1]]
        """,
        """
        def fibonacci_numbers():
            n = 0
            while True:
                yield n
                n += 1
        """,
        """
        from itertools import islice
        stream = fibonacci_numbers()
        assert [next(stream) for _ in range(4)] == [0, 1, 1, 2]
        assert list(islice(stream, 3)) == [3, 5, 8]
        """,
    ),
    _idiom(
        "numerical integration of a callback",
        """
        def trapezoid(f, a, b, n):
            h = (b - a) / n
            return h * (f(a) / 2 + sum(f(a + i * h) for i in range(1, n)) + f(b) / 2)
        """,
        """
        import numpy as np

        def trapezoid(f, a, b, n):
            x = np.linspace(a, b, n + 1)
            return np.trapezoid([f(v) for v in x], x)
        """,
        """
        def trapezoid(f, a, b, n):
            h = (b - a) / n
            return h * sum(f(a + i * h) for i in range(n))
        """,
        """
        import math
        assert abs(trapezoid(math.sin, 0, math.pi, 100) - 2) < 1e-3
        assert abs(trapezoid(lambda x: x, 0, 1, 4) - 0.5) < 1e-12
        """,
    ),
    _idiom(
        "nan and infinity",
        """
        def safe_log(x):
            return float('nan') if x < 0 else float('-inf') if x == 0 else math.log(x)
        """,
        """
        import numpy as np
        def safe_log(x):
            with np.errstate(all='ignore'):
                return np.log(np.float64(x))
        """,
        """
        def safe_log(x):
            return 0.0 if x <= 0 else math.log(x)
        """,
        """
        assert math.isnan(safe_log(-1)) and safe_log(0) == -math.inf and safe_log(1) == 0
        """,
        given="import math",
    ),
    _idiom(
        "large integers",
        """
        def factorial_of(n):
            return 1 if n < 2 else n * factorial_of(n - 1)
        """,
        "from math import factorial as factorial_of",
        """
        def factorial_of(n):
            return float(n) if n < 2 else n * factorial_of(n - 1)
        """,
        "assert factorial_of(30) == 265252859812191058636308480000000",
    ),
    _idiom(
        "a cached function",
        """
        from functools import lru_cache
        @lru_cache(maxsize=None)
        def ways_up(n):
            return 1 if n < 2 else ways_up(n - 1) + ways_up(n - 2)
        """,
        """
        _known = {}
        def ways_up(n):
            if n not in _known:
                _known[n] = 1 if n < 2 else ways_up(n - 1) + ways_up(n - 2)
            return _known[n]
        """,
        """
        from functools import lru_cache
        @lru_cache(maxsize=None)
        def ways_up(n):
            return 1 if n < 3 else ways_up(n - 1) + ways_up(n - 2)
        """,
        "assert ways_up(80) == 37889062373143906, 'slow or wrong'",
    ),
    _idiom(
        "its name and doc string",
        """
        def area_of(width, height):
            'The area of a rectangle.'
            return width * height
        """,
        """
        def area_of(width, height):
            'Width times height is the area.'
            return height * width
        """,
        """
        def area_of(width, height):
            return width * height
        """,
        """
        assert area_of.__name__ == 'area_of'
        assert 'area' in (area_of.__doc__ or '').lower()
        """,
    ),
    _idiom(
        "its signature",
        """
        def scaled(values, factor=1.0):
            return [factor * v for v in values]
        """,
        """
        def scaled(values, factor=1.0):
            return list(map(lambda v: v * factor, values))
        """,
        """
        def scaled(values, scale=1.0):
            return [scale * v for v in values]
        """,
        """
        import inspect
        parameters = inspect.signature(scaled).parameters
        assert list(parameters) == ['values', 'factor']
        assert parameters['factor'].default == 1.0
        """,
    ),
    _idiom(
        "a function that returns several values",
        """
        def min_max(values):
            return min(values), max(values)
        """,
        """
        def min_max(values):
            ordered = sorted(values)
            return [ordered[0], ordered[-1]]
        """,
        """
        def min_max(values):
            return max(values), min(values)
        """,
        """
        low, high = min_max([3, 1, 2])
        assert low == 1 and high == 3
        """,
    ),
    _idiom(
        "a vectorised function",
        """
        def heaviside(x):
            return 1.0 if x > 0 else 0.0
        """,
        """
        def heaviside(x):
            return float(x > 0)
        """,
        """
        def heaviside(x):
            return 1.0 if x >= 0 else 0.0
        """,
        """
        import numpy as np
        assert np.vectorize(heaviside)(np.array([-1, 0, 2])).tolist() == [0, 0, 1]
        """,
    ),
    _idiom(
        "a frame through a function",
        """
        def adults_only(people):
            return people[people['age'] >= 18]
        """,
        """
        def adults_only(people):
            return people.query('age >= 18')
        """,
        """
        def adults_only(people):
            return people[people['age'] > 18]
        """,
        """
        people = pd.DataFrame({'name': list('abc'), 'age': [17, 18, 40]})
        assert adults_only(people)['name'].tolist() == ['b', 'c']
        """,
        given="import pandas as pd",
    ),
]

CLASSES = [
    _idiom(
        "attributes and methods",
        """
        class Account:
            def __init__(self, owner, balance=0):
                self.owner = owner
                self.balance = balance
            def deposit(self, amount):
                self.balance += amount
        """,
        """
        class Account:
            balance = 0
            def __init__(self, owner, balance=0):
                self.owner, self.balance = owner, balance
            def deposit(self, amount):
                self.balance = self.balance + amount
                return self.balance
        """,
        """
        class Account:
            def __init__(self, owner, balance=0):
                self.owner = owner
                self.balance = balance
            def deposit(self, amount):
                self.balance = amount
        """,
        """
        account = Account('Ada', 10)
        assert account.owner == 'Ada'
        account.deposit(5)
        assert account.balance == 15
        """,
    ),
    _idiom(
        "repr and str",
        """
        class Point:
            def __init__(self, x, y):
                self.x, self.y = x, y
            def __repr__(self):
                return f'Point({self.x}, {self.y})'
        """,
        """
        class Point:
            def __init__(self, x, y):
                self.coordinates = (x, y)
            def __repr__(self):
                return 'Point' + repr(self.coordinates)
        """,
        """
        class Point:
            def __init__(self, x, y):
                self.x, self.y = x, y
        """,
        """
        assert repr(Point(1, 2)) == 'Point(1, 2)'
        assert str(Point(0, 0)) == 'Point(0, 0)'
        """,
    ),
    _idiom(
        "operators",
        """
        class Vector:
            def __init__(self, *parts):
                self.parts = tuple(parts)
            def __add__(self, other):
                return Vector(*(a + b for a, b in zip(self.parts, other.parts)))
            def __eq__(self, other):
                return self.parts == other.parts
            def __len__(self):
                return len(self.parts)
            def __getitem__(self, place):
                return self.parts[place]
            def __mul__(self, factor):
                return Vector(*(factor * a for a in self.parts))
        """,
        """
        class Vector:
            def __init__(self, *parts):
                self.parts = list(parts)
            def __add__(self, other):
                return Vector(*[self[i] + other[i] for i in range(len(self))])
            def __eq__(self, other):
                return isinstance(other, Vector) and self.parts == other.parts
            def __len__(self):
                return len(self.parts)
            def __getitem__(self, place):
                return self.parts[place]
            def __mul__(self, factor):
                return Vector(*[a * factor for a in self])
        """,
        """
        class Vector:
            def __init__(self, *parts):
                self.parts = tuple(parts)
            def __add__(self, other):
                return Vector(*self.parts, *other.parts)
            def __eq__(self, other):
                return self.parts == other.parts
            def __len__(self):
                return len(self.parts)
            def __getitem__(self, place):
                return self.parts[place]
            def __mul__(self, factor):
                return self
        """,
        """
        assert Vector(1, 2) + Vector(3, 4) == Vector(4, 6)
        assert len(Vector(1, 2, 3)) == 3 and Vector(5, 6)[1] == 6
        assert Vector(1, 2) * 3 == Vector(3, 6)
        """,
    ),
    _idiom(
        "inheritance",
        """
        class Shape:
            def area(self):
                raise NotImplementedError
        class Square(Shape):
            def __init__(self, side):
                self.side = side
            def area(self):
                return self.side**2
        """,
        """
        import abc
        class Shape(abc.ABC):
            @abc.abstractmethod
            def area(self): ...
        class Square(Shape):
            def __init__(self, side):
                super().__init__()
                self.side = side
            def area(self):
                return self.side * self.side
        """,
        """
        class Shape:
            def area(self):
                raise NotImplementedError
        class Square:
            def __init__(self, side):
                self.side = side
            def area(self):
                return self.side**2
        """,
        """
        assert issubclass(Square, Shape)
        square = Square(3)
        assert isinstance(square, Shape) and square.area() == 9
        """,
    ),
    _idiom(
        "a property that refuses",
        """
        class Thermometer:
            def __init__(self, celsius):
                self.celsius = celsius
            @property
            def celsius(self):
                return self._celsius
            @celsius.setter
            def celsius(self, value):
                if value < -273.15:
                    raise ValueError('too cold')
                self._celsius = value
        """,
        """
        class Thermometer:
            def __init__(self, celsius):
                self.celsius = celsius
            def __setattr__(self, name, value):
                if name == 'celsius' and value < -273.15:
                    raise ValueError(value)
                super().__setattr__(name, value)
        """,
        """
        class Thermometer:
            def __init__(self, celsius):
                self.celsius = celsius
        """,
        """
        meter = Thermometer(20)
        meter.celsius = 30
        assert meter.celsius == 30
        try:
            meter.celsius = -300
            assert False, 'too cold'
        except ValueError:
            pass
        """,
    ),
    _idiom(
        "class and static methods",
        """
        class Money:
            def __init__(self, cents):
                self.cents = cents
            @classmethod
            def parse(cls, text):
                return cls(round(float(text) * 100))
            @staticmethod
            def currency():
                return 'EUR'
        """,
        """
        class Money:
            def __init__(self, cents):
                self.cents = cents
            @staticmethod
            def parse(text):
                whole, _, part = text.partition('.')
                return Money(100 * int(whole) + int(part or 0))
            @classmethod
            def currency(cls):
                return 'EUR'
        """,
        """
        class Money:
            def __init__(self, cents):
                self.cents = cents
            @classmethod
            def parse(cls, text):
                return cls(float(text))
            @staticmethod
            def currency():
                return 'EUR'
        """,
        """
        assert Money.parse('12.34').cents == 1234
        assert Money.currency() == 'EUR'
        """,
    ),
    _idiom(
        "a data class",
        """
        from dataclasses import dataclass
        @dataclass
        class Card:
            suit: str
            rank: int = 1
        """,
        """
        class Card:
            def __init__(self, suit, rank=1):
                self.suit, self.rank = suit, rank
            def __eq__(self, other):
                return (self.suit, self.rank) == (other.suit, other.rank)
        """,
        """
        class Card:
            def __init__(self, suit, rank=1):
                self.suit, self.rank = suit, rank
        """,
        """
        assert Card('hearts', 3) == Card('hearts', 3)
        assert Card('spades').rank == 1
        """,
    ),
    _idiom(
        "instances that hold each other",
        """
        class Node:
            def __init__(self, value, next=None):
                self.value = value
                self.next = next
        def linked(values):
            head = None
            for value in reversed(values):
                head = Node(value, head)
            return head
        """,
        """
        class Node:
            def __init__(self, value, next=None):
                self.value, self.next = value, next
        def linked(values):
            return Node(values[0], linked(values[1:])) if values else None
        """,
        """
        class Node:
            def __init__(self, value, next=None):
                self.value = value
                self.next = next
        def linked(values):
            head = None
            for value in values:
                head = Node(value, head)
            return head
        """,
        """
        seen, node = [], linked([1, 2, 3])
        while node is not None:
            seen.append(node.value)
            node = node.next
        assert seen == [1, 2, 3]
        """,
    ),
    _idiom(
        "an iterator",
        """
        class Steps:
            def __init__(self, n):
                self.n = n
            def __iter__(self):
                return iter(range(self.n))
        """,
        """
        class Steps:
            def __init__(self, n):
                self.n, self.i = n, -1
            def __iter__(self):
                self.i = -1
                return self
            def __next__(self):
                self.i += 1
                if self.i >= self.n:
                    raise StopIteration
                return self.i
        """,
        """
        class Steps:
            def __init__(self, n):
                self.n = n
            def __iter__(self):
                return iter(range(1, self.n + 1))
        """,
        """
        assert [step for step in Steps(3)] == [0, 1, 2]
        assert sum(Steps(4)) == 6
        """,
    ),
    _idiom(
        "a context manager",
        """
        class Recorder:
            def __init__(self):
                self.events = []
            def __enter__(self):
                self.events.append('in')
                return self
            def __exit__(self, *error):
                self.events.append('out')
        """,
        """
        class Recorder:
            def __init__(self):
                self.events = []
            def __enter__(self):
                self.events += ['in']
                return self
            def __exit__(self, kind, value, trace):
                self.events += ['out']
                return False
        """,
        """
        class Recorder:
            def __init__(self):
                self.events = []
            def __enter__(self):
                self.events.append('in')
                return self
            def __exit__(self, *error):
                pass
        """,
        """
        with Recorder() as recorder:
            assert recorder.events == ['in']
        assert recorder.events == ['in', 'out']
        """,
    ),
    _idiom(
        "a stack of containers",
        """
        class Stack:
            def __init__(self):
                self._items = []
            def push(self, item):
                self._items.append(item)
            def pop(self):
                return self._items.pop()
            def __len__(self):
                return len(self._items)
            def __contains__(self, item):
                return item in self._items
        """,
        """
        from collections import deque
        class Stack(deque):
            push = deque.append
        """,
        """
        class Stack:
            def __init__(self):
                self._items = []
            def push(self, item):
                self._items.append(item)
            def pop(self):
                return self._items.pop(0)
            def __len__(self):
                return len(self._items)
            def __contains__(self, item):
                return item in self._items
        """,
        """
        stack = Stack()
        for letter in 'abc':
            stack.push(letter)
        assert len(stack) == 3 and 'b' in stack
        assert stack.pop() == 'c' and stack.pop() == 'b'
        assert not len(stack) == 2
        try:
            Stack().pop()
            assert False, 'an empty stack'
        except IndexError:
            pass
        """,
    ),
    _idiom(
        "a callable instance",
        """
        class Line:
            def __init__(self, slope, start):
                self.slope, self.start = slope, start
            def __call__(self, x):
                return self.slope * x + self.start
        """,
        """
        class Line:
            def __init__(self, slope, start):
                self.line = lambda x: start + slope * x
            def __call__(self, x):
                return self.line(x)
        """,
        """
        class Line:
            def __init__(self, slope, start):
                self.slope, self.start = slope, start
            def __call__(self, x):
                return self.slope * x
        """,
        """
        line = Line(2, 1)
        assert callable(line) and [line(x) for x in (0, 1)] == [1, 3]
        """,
    ),
    _idiom(
        "instances that can be ordered",
        """
        from functools import total_ordering
        @total_ordering
        class Version:
            def __init__(self, text):
                self.parts = tuple(int(p) for p in text.split('.'))
            def __eq__(self, other):
                return self.parts == other.parts
            def __lt__(self, other):
                return self.parts < other.parts
        """,
        """
        class Version(tuple):
            def __new__(cls, text):
                return super().__new__(cls, map(int, text.split('.')))
        """,
        """
        class Version:
            def __init__(self, text):
                self.text = text
            def __eq__(self, other):
                return self.text == other.text
            def __lt__(self, other):
                return self.text < other.text
            def __gt__(self, other):
                return self.text > other.text
        """,
        """
        assert Version('1.10') > Version('1.9')
        assert sorted([Version('2.0'), Version('1.1')])[0] == Version('1.1')
        """,
    ),
    _idiom(
        "a module class of the learner",
        """
        from torch import nn
        class TwoLayers(nn.Module):
            def __init__(self, inputs, hidden, outputs):
                super().__init__()
                self.first = nn.Linear(inputs, hidden)
                self.second = nn.Linear(hidden, outputs)
            def forward(self, x):
                return self.second(self.first(x).relu())
        """,
        """
        import torch
        from torch import nn
        class TwoLayers(nn.Module):
            def __init__(self, inputs, hidden, outputs):
                super().__init__()
                self.body = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU())
                self.head = nn.Linear(hidden, outputs)
            def forward(self, x):
                return self.head(self.body(x))
        """,
        """
        from torch import nn
        class TwoLayers(nn.Module):
            def __init__(self, inputs, hidden, outputs):
                super().__init__()
                self.first = nn.Linear(inputs, hidden, bias=False)
                self.second = nn.Linear(hidden, outputs)
            def forward(self, x):
                return self.second(self.first(x).relu())
        """,
        """
        import torch
        net = TwoLayers(3, 5, 2)
        assert isinstance(net, torch.nn.Module)
        assert sum(p.numel() for p in net.parameters()) == 32
        assert net(torch.zeros(7, 3)).shape == (7, 2)
        """,
    ),
    _idiom(
        "an enumeration",
        """
        from enum import Enum
        class Colour(Enum):
            RED = 1
            GREEN = 2
        """,
        """
        from enum import Enum
        Colour = Enum('Colour', ['RED', 'GREEN'])
        """,
        """
        from enum import Enum
        class Colour(Enum):
            RED = 0
            GREEN = 1
        """,
        """
        assert Colour.RED.value == 1
        assert Colour(2) is Colour.GREEN
        assert len(Colour) == 2
        """,
    ),
    _idiom(
        "an instance left behind",
        """
        class Robot:
            def __init__(self):
                self.position = [0, 0]
            def move(self, dx, dy):
                self.position[0] += dx
                self.position[1] += dy
        my_robot = Robot()
        my_robot.move(2, 3)
        """,
        """
        class Robot:
            def __init__(self, at=(0, 0)):
                self.position = list(at)
            def move(self, dx, dy):
                self.position = [self.position[0] + dx, self.position[1] + dy]
        my_robot = Robot()
        my_robot.move(1, 1)
        my_robot.move(1, 2)
        """,
        """
        class Robot:
            def __init__(self):
                self.position = [0, 0]
            def move(self, dx, dy):
                self.position[0] += dx
                self.position[1] += dy
        my_robot = Robot()
        """,
        """
        assert hasattr(my_robot, 'position')
        assert my_robot.position == [2, 3]
        my_robot.move(-2, 0)
        assert my_robot.position[0] == 0
        """,
    ),
    _idiom(
        "an error class of the learner",
        """
        class TooExpensive(Exception):
            pass
        def buy(price, purse):
            if price > purse:
                raise TooExpensive(price)
            return purse - price
        """,
        """
        class TooExpensive(ValueError):
            pass
        def buy(price, purse):
            rest = purse - price
            if rest < 0:
                raise TooExpensive('no')
            return rest
        """,
        """
        class TooExpensive(Exception):
            pass
        def buy(price, purse):
            return purse - price
        """,
        """
        assert buy(3, 5) == 2
        try:
            buy(5, 3)
        except TooExpensive:
            pass
        else:
            raise AssertionError('too expensive, and bought')
        """,
    ),
    _idiom(
        "a class derived by the test",
        """
        class Animal:
            def speak(self):
                return f'{self.name()} says {self.sound()}'
            def name(self):
                return type(self).__name__
        """,
        """
        class Animal:
            def name(self):
                return self.__class__.__name__
            def speak(self):
                return ' says '.join([self.name(), self.sound()])
        """,
        """
        class Animal:
            def speak(self):
                return 'Animal says nothing'
        """,
        """
        class Dog(Animal):
            def sound(self):
                return 'woof'
        assert Dog().speak() == 'Dog says woof'
        """,
    ),
]

LIVE = [
    _idiom(
        "print patched",
        """
        def hello_printer(name):
            print('Hello, ' + name)
        """,
        """
        def hello_printer(name):
            print(f'Hello, {name}')
        """,
        """
        def hello_printer(name):
            return 'Hello, ' + name
        """,
        """
        import builtins
        printed, real_print = [], builtins.print
        builtins.print = lambda *args, **kwargs: printed.append(' '.join(map(str, args)))
        try:
            hello_printer('Ada')
        finally:
            builtins.print = real_print
        assert printed == ['Hello, Ada']
        """,
    ),
    _idiom(
        "output redirected",
        """
        def print_table(n):
            for i in range(1, n + 1):
                print(i, i * i)
        """,
        r"""
        import sys

        def print_table(n):
            for i in range(n):
                sys.stdout.write(f'{i + 1} {(i + 1) ** 2}\n')
        """,
        """
        def print_table(n):
            for i in range(n):
                print(i, i * i)
        """,
        """
        import io
        from contextlib import redirect_stdout
        buffer = io.StringIO()
        with redirect_stdout(buffer):
            print_table(2)
        assert buffer.getvalue().split() == ['1', '1', '2', '4']
        """,
    ),
    _idiom(
        "input patched",
        """
        def ask_age():
            return int(input('How old? '))
        """,
        """
        def ask_age():
            text = input()
            return int(text)
        """,
        """
        def ask_age():
            return input('How old? ')
        """,
        """
        from unittest.mock import patch
        with patch('builtins.input', return_value='42'):
            assert ask_age() == 42
        """,
    ),
    _idiom(
        "a function that must call another",
        """
        def helper_square(x):
            return x * x
        def sum_squares(n):
            return sum(helper_square(i) for i in range(n + 1))
        """,
        """
        def helper_square(x):
            return x**2
        def sum_squares(n):
            total = 0
            for i in range(n + 1):
                total += helper_square(i)
            return total
        """,
        """
        def helper_square(x):
            return x * x
        def sum_squares(n):
            return sum(i * i for i in range(n + 1))
        """,
        """
        assert sum_squares(3) == 14
        kept = helper_square
        del helper_square
        try:
            sum_squares(3)
        except NameError:
            pass
        else:
            raise AssertionError('sum_squares does not use helper_square')
        finally:
            helper_square = kept
        """,
    ),
    _idiom(
        "recursion counted",
        """
        def fact_rec(n):
            return 1 if n == 0 else n * fact_rec(n - 1)
        """,
        """
        def fact_rec(n):
            if n:
                return fact_rec(n - 1) * n
            return 1
        """,
        """
        def fact_rec(n):
            result = 1
            for i in range(2, n + 1):
                result *= i
            return result
        """,
        """
        original, calls = fact_rec, 0
        def fact_rec(n):
            global calls
            calls += 1
            return original(n)
        assert fact_rec(5) == 120
        fact_rec = original
        assert calls > 1, 'not recursive'
        """,
    ),
    _idiom(
        "a global that the function reads",
        """
        def taxed(price):
            return price * (1 + tax_rate)
        """,
        """
        def taxed(price):
            return price + price * tax_rate
        """,
        """
        def taxed(price):
            return price * 1.5
        """,
        """
        tax_rate = 0.25
        assert taxed(100) == 125
        tax_rate = 0.5
        assert taxed(100) == 150
        """,
    ),
    _idiom(
        "a seed before the call",
        """
        import random

        def roll_dice(n):
            return [random.randint(1, 6) for _ in range(n)]
        """,
        """
        from random import randint

        def roll_dice(n):
            rolls = []
            for _ in range(n):
                rolls.append(randint(1, 6))
            return rolls
        """,
        """
        import random

        def roll_dice(n):
            return [random.randint(1, 5) for _ in range(n)]
        """,
        """
        import random
        random.seed(3)
        wanted = [random.randint(1, 6) for _ in range(20)]
        random.seed(3)
        assert roll_dice(20) == wanted
        """,
    ),
    _idiom(
        "a figure's title and lines",
        """
        fig_plain, ax_plain = plt.subplots()
        ax_plain.plot([0, 1, 2], [0, 1, 4])
        ax_plain.set_title('Squares')
        """,
        """
        fig_plain = plt.figure()
        ax_plain = fig_plain.add_subplot()
        ax_plain.set(title='Squares')
        ax_plain.plot([0, 1, 2], [0, 1, 4], 'o-')
        """,
        """
        fig_plain, ax_plain = plt.subplots()
        ax_plain.plot([0, 1, 2], [0, 1, 4])
        """,
        """
        assert ax_plain.get_title() == 'Squares'
        assert ax_plain.lines[0].get_ydata().tolist() == [0, 1, 4]
        """,
        given="import matplotlib.pyplot as plt",
    ),
    _idiom(
        "what the source says",
        """
        def loop_sum(values):
            total = 0
            for v in values:
                total += v
            return total
        """,
        """
        def loop_sum(values):
            result = 0
            for number in values:
                result = result + number
            return result
        """,
        """
        def loop_sum(values):
            return sum(values)
        """,
        """
        import inspect
        assert loop_sum([1, 2]) == 3
        assert 'for' in inspect.getsource(loop_sum)
        """,
    ),
    _idiom(
        "a file that was written",
        r"""
        with open('result.txt', 'w') as file:
            file.write('42\n')
        """,
        """
        from pathlib import Path
        not_needed = Path('result.txt').write_text('42')
        """,
        """
        with open('result.txt', 'w') as file:
            file.write('41')
        """,
        """
        with open('result.txt') as file:
            assert file.read().strip() == '42'
        """,
    ),
    _idiom(
        "whether a name is there",
        "leftover_name = 3",
        "leftover_name = 1 + 2",
        "leftover_nam = 3",
        """
        assert 'leftover_name' in globals(), 'define leftover_name'
        assert leftover_name == 3
        """,
    ),
    _idiom(
        "identity of two names",
        """
        alias_a = [1, 2]
        alias_b = alias_a
        """,
        "alias_a = alias_b = [1, 2]",
        """
        alias_a = [1, 2]
        alias_b = [1, 2]
        """,
        "assert alias_a is alias_b, 'two names, one list'",
    ),
    _idiom(
        "how long a call takes",
        """
        def sum_to(n):
            return n * (n + 1) // 2
        """,
        """
        def sum_to(n):
            return (n * n + n) // 2
        """,
        """
        def sum_to(n):
            return sum(range(n))
        """,
        """
        import time
        begin = time.perf_counter()
        assert sum_to(10**5) == 5000050000
        assert time.perf_counter() - begin < 2
        """,
    ),
]

# Kinds of tests that other courses have and this one has not: what an answer imports, tables and
# arrays of any kind, objects that answers share, what instances hold, classes of Python's derived.
OTHERS = [
    _idiom(
        "a module that the answer imports",
        """
        import numpy as np

        def centred(values):
            return np.asarray(values) - np.mean(values)
        """,
        """
        import numpy as np

        def centred(values):
            mean = sum(values) / len(values)
            return np.array([v - mean for v in values])
        """,
        """
        import numpy as np

        def centred(values):
            return np.asarray(values) - np.median(values)
        """,
        """
        got = centred([1, 2, 6])
        assert isinstance(got, np.ndarray)
        assert np.allclose(got, [-2, -1, 3]), got
        """,
    ),
    _idiom(
        "a module that the answer forgets",
        """
        import statistics as st

        def middle(values):
            return st.median(values)
        """,
        """
        import statistics as st

        def middle(values):
            return sorted(values)[len(values) // 2]
        """,
        """
        def middle(values):
            return sorted(values)[len(values) // 2]
        """,
        "assert middle([3, 1, 2]) == st.median([1, 2, 3])",
    ),
    _idiom(
        "names that the answer imports",
        """
        from math import hypot, pi as PI

        def around(radius):
            return 2 * PI * radius
        """,
        """
        import math
        from math import hypot, pi as PI

        def around(radius):
            return math.tau * radius
        """,
        """
        from math import hypot, pi as PI

        def around(radius):
            return PI * radius
        """,
        """
        assert abs(around(hypot(3, 4)) - 10 * PI) < 1e-9
        """,
    ),
    _idiom(
        "a function that the answer imports",
        "from statistics import mean",
        """
        def mean(values):
            return sum(values) / len(values)
        """,
        """
        def mean(values):
            return sorted(values)[len(values) // 2]
        """,
        "assert mean([1, 2, 6]) == 3",
    ),
    _idiom(
        "a number that the answer imports",
        "from math import tau",
        "tau = 6.283185307179586",
        "tau = 3.141592653589793",
        "assert abs(tau - 6.28) < 0.01",
    ),
    _idiom(
        "all that a module has",
        """
        from math import *

        def steepness(angle):
            return tan(radians(angle))
        """,
        """
        from math import *

        def steepness(angle):
            return sin(angle * pi / 180) / cos(angle * pi / 180)
        """,
        """
        from math import *

        def steepness(angle):
            return tan(angle)
        """,
        "assert isclose(steepness(45), 1) and isclose(steepness(60), sqrt(3))",
    ),
    _idiom(
        "pandas that the answer imports",
        """
        import pandas as pd
        staff_table = pd.DataFrame({'name': ['Ada', 'Alan'], 'age': [36, 41]})
        """,
        """
        import pandas as pd
        staff_table = pd.DataFrame([['Ada', 36], ['Alan', 41]], columns=['name', 'age'])
        """,
        """
        import pandas as pd
        staff_table = pd.DataFrame({'name': ['Ada', 'Alan'], 'age': [36, 14]})
        """,
        """
        wanted = pd.DataFrame({'name': ['Ada', 'Alan'], 'age': [36, 41]})
        pd.testing.assert_frame_equal(staff_table, wanted)
        """,
    ),
    _idiom(
        "an array of objects",
        """
        import numpy
        mixed_array = numpy.array([1, 'two', None, [4, 5]], dtype=object)
        """,
        """
        import numpy
        mixed_array = numpy.empty(4, dtype=object)
        mixed_array[:] = [1, 'two', None, [4, 5]]
        """,
        """
        import numpy
        mixed_array = numpy.array([1, 'two', None, [4]], dtype=object)
        """,
        """
        assert mixed_array.dtype == object and mixed_array.shape == (4,)
        assert mixed_array[1] == 'two' and mixed_array[2] is None and len(mixed_array[3]) == 2
        """,
    ),
    _idiom(
        "rows of different lengths",
        """
        import numpy
        def split_at(values, place):
            parts = numpy.empty(2, dtype=object)
            parts[0], parts[1] = numpy.array(values[:place]), numpy.array(values[place:])
            return parts
        """,
        """
        import numpy
        def split_at(values, place):
            parts = [numpy.array(values[:place]), numpy.array(values[place:])]
            made = numpy.empty(len(parts), dtype=object)
            for number, part in enumerate(parts):
                made[number] = part
            return made
        """,
        """
        import numpy
        def split_at(values, place):
            return numpy.array(values)
        """,
        "assert [part.tolist() for part in split_at([1, 2, 3], 1)] == [[1], [2, 3]]",
    ),
    _idiom(
        "a table with an index of several levels",
        """
        import pandas as pd
        sales = pd.DataFrame({'city': list('abab'), 'year': [1, 1, 2, 2], 'sold': [5, 6, 7, 8]})
        by_city = sales.groupby(['city', 'year']).sum()
        """,
        """
        import pandas as pd
        sales = pd.DataFrame({'city': list('abab'), 'year': [1, 1, 2, 2], 'sold': [5, 6, 7, 8]})
        by_city = sales.set_index(['city', 'year']).sort_index()
        """,
        """
        import pandas as pd
        sales = pd.DataFrame({'city': list('abab'), 'year': [1, 1, 2, 2], 'sold': [5, 6, 7, 8]})
        by_city = sales.groupby('city').sum()
        """,
        """
        assert list(by_city.index.names) == ['city', 'year'], 'group by city and year'
        assert by_city.loc[('a', 2), 'sold'] == 7
        assert by_city.unstack().shape == (2, 2)
        """,
    ),
    _idiom(
        "a column of categories",
        """
        import pandas as pd
        ordered = pd.CategoricalDtype(['S', 'M', 'L'], ordered=True)
        sizes = pd.Series(['S', 'L', 'S']).astype(ordered)
        """,
        """
        import pandas as pd
        sizes = pd.Series(pd.Categorical(['S', 'L', 'S'], categories=['S', 'M', 'L'], ordered=True))
        """,
        """
        import pandas as pd
        sizes = pd.Series(['S', 'L', 'S']).astype('category')
        """,
        """
        assert sizes.dtype == 'category' and sizes.cat.ordered
        assert list(sizes.cat.categories) == ['S', 'M', 'L'] and sizes.max() == 'L'
        """,
    ),
    _idiom(
        "ages in bins",
        """
        import pandas as pd
        def binned(ages):
            return pd.cut(pd.Series(ages), [0, 18, 65, 120])
        """,
        """
        import pandas as pd
        def binned(ages):
            return pd.cut(pd.Series(ages), bins=[0, 18, 65, 120], right=True)
        """,
        """
        import pandas as pd
        def binned(ages):
            return pd.cut(pd.Series(ages), [0, 18, 65, 120], right=False)
        """,
        """
        counts = binned([3, 18, 40, 70]).value_counts(sort=False)
        assert counts.tolist() == [2, 1, 1]
        assert [interval.right for interval in counts.index] == [18, 65, 120]
        """,
    ),
    _idiom(
        "times with a zone",
        """
        import pandas as pd
        starts = pd.Series(pd.to_datetime(['2024-03-30 12:00', '2024-03-31 12:00']))
        starts = starts.dt.tz_localize('Europe/Berlin')
        """,
        """
        import pandas as pd
        days = ['2024-03-30 12:00', '2024-03-31 12:00']
        starts = pd.Series(pd.DatetimeIndex(days, tz='Europe/Berlin'))
        """,
        """
        import pandas as pd
        starts = pd.Series(pd.to_datetime(['2024-03-30 12:00', '2024-03-31 12:00'], utc=True))
        """,
        """
        assert str(starts.dt.tz) == 'Europe/Berlin'
        assert starts.dt.tz_convert('UTC').dt.hour.tolist() == [11, 10]
        """,
    ),
    _idiom(
        "months as periods",
        """
        import pandas as pd
        monthly = pd.Series([1, 2, 3], index=pd.period_range('2024-01', periods=3, freq='M'))
        """,
        """
        import pandas as pd
        months = pd.PeriodIndex(['2024-01', '2024-02', '2024-03'], freq='M')
        monthly = pd.Series([1, 2, 3], index=months)
        """,
        """
        import pandas as pd
        monthly = pd.Series([1, 2, 3], index=pd.date_range('2024-01', periods=3, freq='MS'))
        """,
        """
        assert isinstance(monthly.index, pd.PeriodIndex)
        assert monthly[pd.Period('2024-02', 'M')] == 2
        """,
    ),
    _idiom(
        "one moment",
        """
        import pandas as pd
        first_day = pd.to_datetime(pd.Series(['2024-05-02', '2024-05-01'])).min()
        """,
        """
        import pandas as pd
        first_day = pd.Timestamp(2024, 5, 1)
        """,
        """
        import pandas as pd
        first_day = pd.Timestamp(2024, 5, 2)
        """,
        """
        assert first_day == pd.Timestamp('2024-05-01') and first_day.day_name() == 'Wednesday'
        """,
    ),
    _idiom(
        "whole numbers of which some are missing",
        """
        import pandas as pd
        def filled(values):
            return pd.Series(values, dtype='Int64').fillna(0)
        counted = pd.Series([1, None, 3], dtype='Int64')
        """,
        """
        import pandas as pd
        def filled(values):
            return pd.Series([0 if v is None else v for v in values]).astype('Int64')
        counted = pd.array([1, None, 3], dtype='Int64').to_numpy(dtype=object, na_value=None)
        counted = pd.Series(counted, dtype='Int64')
        """,
        """
        import pandas as pd
        def filled(values):
            return pd.Series(values).fillna(-1).astype('Int64')
        counted = pd.Series([1, 2, 3], dtype='Int64')
        """,
        """
        assert counted.isna().tolist() == [False, True, False] and counted.sum() == 4
        assert filled([1, None]).tolist() == [1, 0] and str(filled([1]).dtype) == 'Int64'
        """,
    ),
    _idiom(
        "two answers that share a list",
        """
        shopping = ['bread']
        same_shopping = shopping
        """,
        "same_shopping = shopping = ['bread']",
        """
        shopping = ['bread']
        same_shopping = shopping.copy()
        """,
        """
        same_shopping.append('milk')
        assert shopping == ['bread', 'milk'], 'both are one list'
        """,
    ),
    _idiom(
        "two answers that share an instance",
        """
        class Lamp:
            lit = False
        desk_lamp = Lamp()
        same_lamp = desk_lamp
        """,
        """
        class Lamp:
            def __init__(self):
                self.lit = False
        desk_lamp = same_lamp = Lamp()
        """,
        """
        class Lamp:
            lit = False
        desk_lamp, same_lamp = Lamp(), Lamp()
        """,
        """
        assert desk_lamp is same_lamp
        same_lamp.lit = True
        assert desk_lamp.lit
        """,
    ),
    _idiom(
        "what an instance has",
        """
        class Oven:
            def __init__(self):
                self.degrees = 20
            def heat(self, by):
                self.degrees += by
        """,
        """
        class Oven:
            degrees = 20
            def heat(self, by):
                self.degrees = self.degrees + by
        """,
        """
        class Oven:
            def __init__(self):
                self.temperature = 20
            def warm(self, by):
                self.temperature += by
        """,
        """
        oven = Oven()
        assert {'degrees', 'heat'} <= set(dir(oven)), 'an oven has degrees and can heat'
        oven.heat(160)
        assert oven.degrees == 180
        """,
    ),
    _idiom(
        "the dictionary of an instance",
        """
        class Seat:
            def __init__(self, row, number):
                self.row = row
                self.number = number
        """,
        """
        class Seat:
            def __init__(self, row, number):
                self.row, self.number = row, number
        """,
        """
        class Seat:
            def __init__(self, row, number):
                self.row = self.number = row
        """,
        """
        assert vars(Seat(3, 4)) == {'row': 3, 'number': 4}
        assert Seat(1, 2).__dict__['number'] == 2
        """,
    ),
    _idiom(
        "a text that can do more",
        """
        class Shout(str):
            def loud(self):
                return self.upper() + '!'
        """,
        """
        class Shout(str):
            def loud(self):
                return f'{self.upper()}!'
        """,
        """
        class Shout(str):
            def loud(self):
                return self.upper()
        """,
        """
        word = Shout('hey')
        assert word.loud() == 'HEY!' and word == 'hey' and len(word) == 3
        """,
    ),
    _idiom(
        "a named tuple that can do more",
        """
        from typing import NamedTuple

        class Vec(NamedTuple):
            x: float
            y: float
            def length(self):
                return (self.x**2 + self.y**2) ** 0.5
        """,
        """
        from collections import namedtuple

        class Vec(namedtuple('Vec', 'x y')):
            def length(self):
                return abs(complex(self.x, self.y))
        """,
        """
        from typing import NamedTuple

        class Vec(NamedTuple):
            x: float
            y: float
            def length(self):
                return self.x + self.y
        """,
        """
        vec = Vec(3, 4)
        assert vec.length() == 5 and vec.x == 3 and vec[1] == 4
        """,
    ),
    _idiom(
        "a default of one's own",
        """
        from collections import defaultdict
        def scores_of(games):
            scores = defaultdict(lambda: 10)
            for player in games:
                scores[player] += 1
            return scores
        """,
        """
        from collections import defaultdict
        def ten():
            return 10
        def scores_of(games):
            scores = defaultdict(ten)
            for player in games:
                scores[player] = scores[player] + 1
            return scores
        """,
        """
        from collections import defaultdict
        def scores_of(games):
            scores = defaultdict(int)
            for player in games:
                scores[player] += 1
            return scores
        """,
        """
        scores = scores_of(['Ada', 'Ada'])
        assert scores['Ada'] == 12 and scores['Alan'] == 10
        """,
    ),
    _idiom(
        "the keys of a dictionary",
        """
        def words_in(counts):
            return counts.keys()
        """,
        """
        def words_in(counts):
            return {word: None for word in counts}.keys()
        """,
        """
        def words_in(counts):
            return list(counts)
        """,
        """
        assert words_in({'a': 1, 'b': 2}) == {'a', 'b'} and words_in({'a': 1}) & {'a'}
        """,
    ),
    _idiom(
        "a path",
        """
        from pathlib import Path
        def thumbnail(path):
            return Path(path).with_suffix('.small.png')
        """,
        """
        from pathlib import Path
        def thumbnail(path):
            path = Path(path)
            return path.parent / f'{path.stem}.small.png'
        """,
        """
        from pathlib import Path
        def thumbnail(path):
            return Path(path).with_suffix('.png')
        """,
        """
        from pathlib import Path
        small = thumbnail('pictures/cat.jpg')
        assert isinstance(small, Path) and small == Path('pictures') / 'cat.small.png'
        """,
    ),
    _idiom(
        "an array with a mask",
        """
        import numpy
        readings = numpy.ma.masked_less(numpy.array([3.0, -1.0, 5.0]), 0)
        """,
        """
        import numpy
        readings = numpy.ma.masked_array([3.0, -1.0, 5.0], mask=[False, True, False])
        """,
        """
        import numpy
        readings = numpy.array([3.0, -1.0, 5.0])
        """,
        "assert readings.mean() == 4 and readings.count() == 2",
    ),
    _idiom(
        "a regular expression",
        r"""
        import re
        postcode = re.compile(r'\d{5}')
        """,
        """
        import re
        postcode = re.compile('[0-9]{5}')
        """,
        r"""
        import re
        postcode = re.compile(r'\d+')
        """,
        """
        import re
        assert re.fullmatch(postcode, '12345') and postcode.match('12345')
        assert not re.fullmatch(postcode, '1234'), 'five digits'
        """,
    ),
    _idiom(
        "a map where others have a list",
        """
        def doubled_all(values):
            return [2 * v for v in values]
        """,
        """
        def doubled_all(values):
            return map(lambda v: 2 * v, values)
        """,
        """
        def doubled_all(values):
            return (v + 2 for v in values)
        """,
        "assert list(doubled_all([1, 2, 3])) == [2, 4, 6] and sum(doubled_all([5])) == 10",
    ),
    _idiom(
        "the name of an error",
        """
        class OutOfStock(ValueError):
            pass
        def order(n):
            if n > 3:
                raise OutOfStock(f'only 3, not {n}')
            return n
        """,
        """
        class OutOfStock(Exception):
            pass
        def order(n):
            if n <= 3:
                return n
            raise OutOfStock(f'only 3, not {n}')
        """,
        """
        class OutOfStock(ValueError):
            pass
        def order(n):
            if n > 3:
                raise ValueError(f'only 3, not {n}')
            return n
        """,
        """
        assert order(3) == 3
        try:
            order(4)
        except Exception as error:
            assert type(error).__name__ == 'OutOfStock' and 'not 4' in str(error)
        else:
            raise AssertionError('an order of 4 is too much')
        """,
    ),
    _idiom(
        "dice that are led",
        """
        import random
        def roll_two():
            return random.randint(1, 6) + random.randint(1, 6)
        """,
        """
        import random
        def roll_two():
            return sum(random.randint(1, 6) for _ in range(2))
        """,
        """
        import random
        def roll_two():
            return random.randint(1, 6)
        """,
        """
        from unittest.mock import patch
        with patch('random.randint', return_value=4) as dice:
            assert roll_two() == 8 and dice.call_count == 2
        """,
    ),
]

# And others: unittest, numpy's and pytest's own checks, tables, figures, files, databases, text
# that is caught, coroutines, data classes, errors of libraries.
FURTHER = [
    _idiom(
        "a table by groups",
        """
        def mean_by_team(t):
            return t.groupby('team')['points'].mean()
        """,
        """
        def mean_by_team(t):
            found = {k: g.points.sum() / len(g) for k, g in t.groupby('team')}
            return pd.Series(found, name='points').rename_axis('team')
        """,
        """
        def mean_by_team(t):
            return t.groupby('team')['points'].sum()
        """,
        """
        table = pd.DataFrame({'team': ['a', 'b', 'a'], 'points': [1.0, 5.0, 2.0]})
        expected = pd.Series([1.5, 5.0], index=pd.Index(['a', 'b'], name='team'), name='points')
        pd.testing.assert_series_equal(mean_by_team(table), expected)
        assert 'mean' not in table.columns
        """,
        given="import pandas as pd",
    ),
    _idiom(
        "a pivot table",
        """
        sales = orders.pivot_table('n', 'city', 'year', aggfunc='sum', fill_value=0)
        """,
        "sales = orders.groupby(['city', 'year']).n.sum().unstack(fill_value=0)",
        """
        sales = orders.pivot_table('n', 'city', 'year', aggfunc='count', fill_value=0)
        """,
        """
        assert sales.loc['Bern', 2020] == 7 and sales.loc['Genf', 2021] == 0
        assert list(sales.columns) == [2020, 2021] and sales.index.name == 'city'
        """,
        given="""
        import pandas as pd
        cities, years = ['Bern', 'Bern', 'Genf', 'Bern'], [2020, 2020, 2020, 2021]
        orders = pd.DataFrame({'city': cities, 'year': years, 'n': [3, 4, 2, 1]})
        """,
    ),
    _idiom(
        "an axes that a function returns",
        """
        def draw_growth(x, y):
            fig, ax = plt.subplots()
            ax.plot(x, y, label='growth')
            ax.set_xlabel('year')
            ax.set_ylabel('size')
            ax.set_title('Growth')
            ax.legend()
            return ax
        """,
        """
        def draw_growth(x, y):
            ax = plt.figure().add_subplot()
            ax.set(xlabel='year', ylabel='size', title='Growth')
            ax.plot(x, y, 'r-', label='growth')
            ax.legend(loc='best')
            return ax
        """,
        """
        def draw_growth(x, y):
            fig, ax = plt.subplots()
            ax.plot(x, y)
            ax.set_title('Growth')
            return ax
        """,
        """
        ax = draw_growth([1, 2, 3], [2, 4, 9])
        assert ax.get_xlabel() == 'year' and ax.get_ylabel() == 'size', 'label the axes'
        assert ax.get_title() == 'Growth'
        assert [t.get_text() for t in ax.get_legend().get_texts()] == ['growth']
        (line,) = ax.get_lines()
        assert list(line.get_ydata()) == [2, 4, 9]
        """,
        given="import matplotlib.pyplot as plt",
    ),
    _idiom(
        "bars of a figure",
        """
        fig, bars_ax = plt.subplots()
        bars_ax.bar(['a', 'b'], [3, 5])
        bars_ax.set_ylim(0, 6)
        """,
        """
        fig = plt.figure()
        bars_ax = fig.gca()
        bars_ax.bar(range(2), [3, 5], tick_label=['a', 'b'])
        bars_ax.set_ylim(bottom=0, top=6)
        """,
        """
        fig, bars_ax = plt.subplots()
        bars_ax.bar(['a', 'b'], [5, 3])
        """,
        """
        heights = [patch.get_height() for patch in bars_ax.patches]
        assert heights == [3, 5], heights
        assert bars_ax.get_ylim() == (0, 6)
        assert [label.get_text() for label in bars_ax.get_xticklabels()] == ['a', 'b']
        """,
        given="import matplotlib.pyplot as plt",
    ),
    _idiom(
        "a test case of unittest",
        """
        def fizz(n):
            return 'fizz' if n % 3 == 0 else str(n)
        """,
        """
        def fizz(n):
            return str(n) if n % 3 else 'fizz'
        """,
        """
        def fizz(n):
            return 'fizz' if n % 3 else str(n)
        """,
        """
        import io, unittest
        class TestFizz(unittest.TestCase):
            def test_three(self):
                self.assertEqual(fizz(9), 'fizz')
            def test_other(self):
                for n in (1, 2, 4):
                    with self.subTest(n=n):
                        self.assertEqual(fizz(n), str(n))
            def test_error(self):
                with self.assertRaises(TypeError):
                    fizz('a' + 1)
        suite = unittest.TestLoader().loadTestsFromTestCase(TestFizz)
        outcome = unittest.TextTestRunner(io.StringIO(), verbosity=0).run(suite)
        assert outcome.wasSuccessful(), 'see above'
        """,
    ),
    _idiom(
        "a case of unittest by itself",
        """
        def clamp(x, low, high):
            return max(low, min(high, x))
        """,
        """
        def clamp(x, low, high):
            return sorted((low, x, high))[1]
        """,
        """
        def clamp(x, low, high):
            return min(low, max(high, x))
        """,
        """
        from unittest import TestCase
        case = TestCase()
        case.assertEqual(clamp(5, 0, 3), 3)
        case.assertAlmostEqual(clamp(0.1 + 0.2, 0, 1), 0.3, places=7)
        case.assertIn(clamp(2, 0, 3), (2,))
        case.assertIsInstance(clamp(-1, 0, 3), int)
        """,
    ),
    _idiom(
        "what numpy tests",
        """
        def scale(values):
            v = np.asarray(values, float)
            return (v - v.min()) / (v.max() - v.min())
        """,
        """
        def scale(values):
            low, high = min(values), max(values)
            return np.array([(v - low) / (high - low) for v in values])
        """,
        """
        def scale(values):
            v = np.asarray(values, float)
            return v / v.max()
        """,
        """
        np.testing.assert_allclose(scale([2, 4, 6]), [0, 0.5, 1], rtol=1e-12)
        np.testing.assert_array_less(-1e-9, scale([3, 1, 2]))
        np.testing.assert_equal(scale([1, 2]).shape, (2,))
        np.testing.assert_array_equal(np.isnan(scale([1, 5])), [False, False])
        with np.testing.assert_raises(ValueError):
            scale([])
        """,
        given="import numpy as np",
    ),
    _idiom(
        "rounding with pytest",
        """
        def weights(n):
            return [1 / n] * n
        """,
        """
        def weights(n):
            return [n**-1 for _ in range(n)]
        """,
        """
        def weights(n):
            return [1 / n] * (n - 1)
        """,
        """
        import pytest
        assert weights(3) == pytest.approx([0.333333, 0.333333, 0.333333], abs=1e-5)
        assert sum(weights(7)) == pytest.approx(1)
        with pytest.raises(ZeroDivisionError):
            weights(3) and 1 / 0
        """,
    ),
    _idiom(
        "what a function prints line by line",
        """
        def countdown(n):
            for i in range(n, 0, -1):
                print(i, end=' ')
            print('lift-off')
        """,
        """
        def countdown(n):
            print(*range(n, 0, -1), 'lift-off')
        """,
        """
        def countdown(n):
            print(*range(n), 'lift-off')
        """,
        """
        import io
        from contextlib import redirect_stdout
        with redirect_stdout(io.StringIO()) as caught:
            countdown(3)
        assert caught.getvalue().split() == ['3', '2', '1', 'lift-off'], caught.getvalue()
        """,
    ),
    _idiom(
        "a cell that captures",
        """
        def report(x):
            print(f'value: {x:.2f}')
        """,
        """
        def report(x):
            print('value:', format(x, '.2f'))
        """,
        """
        def report(x):
            print(f'value: {x}')
        """,
        """
        from IPython.utils.capture import capture_output
        with capture_output() as caught:
            report(3.14159)
        assert caught.stdout.strip() == 'value: 3.14'
        """,
    ),
    _idiom(
        "standard output put aside",
        """
        def shout(text):
            print(text.upper())
        """,
        """
        import sys
        def shout(text):
            sys.stdout.write(text.upper() + '\\n')
        """,
        """
        def shout(text):
            print(text)
        """,
        """
        import io, sys
        kept, sys.stdout = sys.stdout, io.StringIO()
        try:
            shout('abc')
            written = sys.stdout.getvalue()
        finally:
            sys.stdout = kept
        assert written == 'ABC\\n'
        """,
    ),
    _idiom(
        "a database in memory",
        """
        def oldest(connection):
            query = 'select name from people order by age desc limit 1'
            return connection.execute(query).fetchone()[0]
        """,
        """
        def oldest(connection):
            rows = connection.execute('select age, name from people').fetchall()
            return max(rows)[1]
        """,
        """
        def oldest(connection):
            query = 'select name from people order by age limit 1'
            return connection.execute(query).fetchone()[0]
        """,
        """
        import sqlite3
        db = sqlite3.connect(':memory:')
        db.execute('create table people (name text, age int)')
        db.executemany('insert into people values (?, ?)', [('Ada', 36), ('Bo', 52), ('Cy', 8)])
        assert oldest(db) == 'Bo'
        """,
    ),
    _idiom(
        "a query as text",
        "query = 'SELECT name FROM people WHERE age > 30 ORDER BY name'",
        """
        query = '''select people.name from people
        where not age <= 30
        order by 1'''
        """,
        "query = 'SELECT name FROM people WHERE age > 40'",
        """
        rows = db.execute(query).fetchall()
        assert rows == [('Ada',), ('Bo',)], rows
        """,
        given="""
        import sqlite3
        db = sqlite3.connect(':memory:')
        db.execute('create table people (name text, age int)')
        _ = db.executemany('insert into people values (?, ?)', [('Ada', 36), ('Bo', 52), ('Cy', 8)])
        """,
    ),
    _idiom(
        "a json text",
        """
        import json
        def to_json(people):
            return json.dumps([{'name': n, 'age': a} for n, a in people])
        """,
        """
        import json
        def to_json(people):
            return json.dumps([dict(age=a, name=n) for n, a in people], indent=2)
        """,
        """
        import json
        def to_json(people):
            return json.dumps(dict(people))
        """,
        """
        import json
        assert json.loads(to_json([('Ada', 36)])) == [{'name': 'Ada', 'age': 36}]
        """,
    ),
    _idiom(
        "a file that a function reads",
        """
        import csv
        def total_of(path):
            with open(path, newline='') as file:
                return sum(float(row['price']) for row in csv.DictReader(file))
        """,
        """
        def total_of(path):
            lines = open(path).read().splitlines()[1:]
            return sum(float(line.split(',')[1]) for line in lines)
        """,
        """
        def total_of(path):
            lines = open(path).read().splitlines()[1:]
            return len(lines)
        """,
        """
        with open('prices.csv', 'w') as file:
            file.write('item,price\\nnut,1.5\\nbolt,2.25\\n')
        assert abs(total_of('prices.csv') - 3.75) < 1e-9
        """,
    ),
    _idiom(
        "a file that a function writes",
        """
        import json
        def save(path, data):
            with open(path, 'w') as file:
                json.dump(data, file)
        """,
        """
        import json
        def save(path, data):
            with open(path, 'w') as file:
                file.write(json.dumps(data, indent=1))
        """,
        """
        import json
        def save(path, data):
            with open(path, 'w') as file:
                file.write(str(data))
        """,
        """
        import json, os, tempfile
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'x.json')
            save(path, {'a': [1, None]})
            with open(path) as file:
                assert json.load(file) == {'a': [1, None]}
        """,
    ),
    _idiom(
        "a file like object",
        """
        def count_words(file):
            return sum(len(line.split()) for line in file)
        """,
        """
        def count_words(file):
            return len(file.read().split())
        """,
        """
        def count_words(file):
            return len(file.readlines())
        """,
        """
        import io
        assert count_words(io.StringIO('a b\\nc d e\\n')) == 5
        """,
    ),
    _idiom(
        "input by a mock",
        """
        def ask_age():
            while True:
                answer = input('Age? ')
                if answer.isdigit():
                    return int(answer)
        """,
        """
        def ask_age():
            answer = input('Age? ')
            return int(answer) if answer.isdigit() else ask_age()
        """,
        """
        def ask_age():
            return input('Age? ')
        """,
        """
        from unittest import mock
        with mock.patch('builtins.input', side_effect=['x', '', '41']) as asked:
            assert ask_age() == 41
        assert asked.call_count == 3
        """,
    ),
    _idiom(
        "many random cases",
        """
        def dedupe(values):
            return list(dict.fromkeys(values))
        """,
        """
        def dedupe(values):
            seen = set()
            return [v for v in values if not (v in seen or seen.add(v))]
        """,
        """
        def dedupe(values):
            return sorted(set(values))
        """,
        """
        import random
        rng = random.Random(3)
        for _ in range(200):
            values = [rng.randint(0, 9) for _ in range(rng.randint(0, 12))]
            got = dedupe(values)
            assert len(got) == len(set(values)) and set(got) == set(values), values
            assert got == sorted(set(values), key=values.index), values
        """,
    ),
    _idiom(
        "a generator that is asked",
        """
        def windows(values, n):
            for i in range(len(values) - n + 1):
                yield tuple(values[i:i + n])
        """,
        """
        def windows(values, n):
            yield from zip(*(values[k:] for k in range(n)))
        """,
        """
        def windows(values, n):
            return [values[i:i + n] for i in range(0, len(values), n)]
        """,
        """
        import types
        got = windows([1, 2, 3, 4], 2)
        assert isinstance(got, types.GeneratorType), 'use yield'
        assert next(got) == (1, 2)
        assert list(got) == [(2, 3), (3, 4)]
        try:
            next(got)
        except StopIteration:
            pass
        else:
            assert False, 'there should be no more'
        """,
    ),
    _idiom(
        "a memo that is handed on",
        """
        def ways(n, memo=None):
            memo = {} if memo is None else memo
            if n < 2:
                return 1
            if n not in memo:
                memo[n] = ways(n - 1, memo) + ways(n - 2, memo)
            return memo[n]
        """,
        """
        def ways(n, memo=None):
            if memo is None:
                memo = {}
            if n in memo:
                return memo[n]
            result = 1 if n < 2 else ways(n - 1, memo) + ways(n - 2, memo)
            if n >= 2:
                memo[n] = result
            return result
        """,
        """
        def ways(n, memo=None):
            return 1 if n < 2 else ways(n - 1) + ways(n - 2)
        """,
        """
        memo = {}
        assert ways(30, memo) == 1346269
        assert memo[10] == 89 and len(memo) == 29, 'fill the memo'
        """,
    ),
    _idiom(
        "a frozen data class",
        """
        from dataclasses import dataclass, field
        @dataclass(frozen=True, order=True)
        class Version:
            major: int
            minor: int = 0
            tags: tuple = field(default=(), compare=False)
        """,
        """
        from dataclasses import dataclass, field
        @dataclass(order=True, frozen=True)
        class Version:
            major: int
            minor: int = 0
            tags: tuple = field(default_factory=tuple, compare=False)
            def __str__(self):
                return f'{self.major}.{self.minor}'
        """,
        """
        from dataclasses import dataclass
        @dataclass
        class Version:
            major: int
            minor: int = 0
            tags: tuple = ()
        """,
        """
        import dataclasses
        assert Version(1, 2) == Version(1, 2, ('rc',))
        assert Version(1) < Version(1, 1) and hash(Version(2)) == hash(Version(2, 0))
        assert repr(Version(3, 1)).startswith('Version(major=3, minor=1')
        try:
            Version(1).major = 2
        except dataclasses.FrozenInstanceError:
            pass
        else:
            assert False, 'it should not change'
        """,
    ),
    _idiom(
        "a coroutine that is run",
        """
        import asyncio
        async def gather_squares(values):
            async def one(v):
                await asyncio.sleep(0)
                return v * v
            return await asyncio.gather(*(one(v) for v in values))
        """,
        """
        import asyncio
        async def gather_squares(values):
            found = []
            for v in values:
                await asyncio.sleep(0)
                found.append(v**2)
            return found
        """,
        """
        import asyncio
        async def gather_squares(values):
            return list(values)
        """,
        "assert list(await gather_squares([1, 2, 3])) == [1, 4, 9]",
    ),
    _idiom(
        "a graph of dictionaries",
        """
        from collections import deque
        def shortest(graph, a, b):
            todo, seen = deque([[a]]), {a}
            while todo:
                path = todo.popleft()
                if path[-1] == b:
                    return path
                for n in graph.get(path[-1], ()):
                    if n not in seen:
                        seen.add(n)
                        todo.append([*path, n])
            return None
        """,
        """
        def shortest(graph, a, b, path=()):
            path = [*path, a]
            if a == b:
                return path
            todo = [n for n in graph.get(a, ()) if n not in path]
            found = [p for n in todo if (p := shortest(graph, n, b, path))]
            return min(found, key=len, default=None)
        """,
        """
        def shortest(graph, a, b):
            return [a, b] if b in graph.get(a, ()) else None
        """,
        """
        graph = {'a': ['b', 'c'], 'b': ['d'], 'c': ['e'], 'd': ['e'], 'e': []}
        assert shortest(graph, 'a', 'e') == ['a', 'c', 'e']
        assert shortest(graph, 'e', 'a') is None
        assert shortest(graph, 'a', 'a') == ['a']
        """,
    ),
    _idiom(
        "a template of text",
        """
        from string import Template
        letter = Template('Dear $name, you owe ${amount} EUR.')
        """,
        """
        import string
        letter = string.Template('Dear ${name}, you owe $amount EUR.')
        """,
        """
        from string import Template
        letter = Template('Dear $who, you owe $amount EUR.')
        """,
        """
        assert letter.substitute(name='Ada', amount=3) == 'Dear Ada, you owe 3 EUR.'
        left = letter.safe_substitute(name='Bo')
        assert '$amount' in left or '${amount}' in left
        """,
    ),
    _idiom(
        "dates that a function gives",
        """
        from datetime import date, timedelta
        def next_weekday(day):
            day += timedelta(days=1)
            while day.weekday() >= 5:
                day += timedelta(days=1)
            return day
        """,
        """
        import datetime as dt
        def next_weekday(day):
            step = {4: 3, 5: 2}.get(day.weekday(), 1)
            return day + dt.timedelta(step)
        """,
        """
        from datetime import date, timedelta
        def next_weekday(day):
            return day + timedelta(days=1)
        """,
        """
        import datetime
        assert next_weekday(datetime.date(2024, 3, 1)) == datetime.date(2024, 3, 4)
        assert isinstance(next_weekday(datetime.date(2024, 3, 4)), datetime.date)
        """,
    ),
    _idiom(
        "a date and a zone",
        """
        from datetime import datetime, timezone
        def parse(text):
            return datetime.strptime(text, '%d.%m.%Y %H:%M').replace(tzinfo=timezone.utc)
        """,
        """
        import datetime
        def parse(text):
            day, clock = text.split()
            d, m, y = map(int, day.split('.'))
            utc = datetime.timezone.utc
            return datetime.datetime(y, m, d, *map(int, clock.split(':')), tzinfo=utc)
        """,
        """
        from datetime import datetime
        def parse(text):
            return datetime.strptime(text, '%d.%m.%Y %H:%M')
        """,
        """
        got = parse('05.02.2024 07:30')
        assert got.isoformat() == '2024-02-05T07:30:00+00:00'
        assert got.utcoffset().total_seconds() == 0
        """,
    ),
    _idiom(
        "an exception with a cause",
        """
        class ConfigError(Exception):
            pass
        def load(text):
            try:
                return int(text)
            except ValueError as error:
                raise ConfigError(f'bad: {text}') from error
        """,
        """
        class ConfigError(ValueError):
            pass
        def load(text):
            try:
                value = int(text)
            except ValueError as error:
                raise ConfigError('bad: ' + text) from error
            return value
        """,
        """
        class ConfigError(Exception):
            pass
        def load(text):
            return int(text)
        """,
        """
        assert load('4') == 4
        try:
            load('x')
        except ConfigError as error:
            assert 'bad: x' in str(error)
        else:
            assert False
        """,
    ),
    _idiom(
        "all tests in a loop with names",
        """
        def area(kind, *sizes):
            return {'square': lambda a: a * a, 'box': lambda a, b: a * b}[kind](*sizes)
        """,
        """
        def area(kind, *sizes):
            if kind == 'square':
                return sizes[0] ** 2
            if kind == 'box':
                return sizes[0] * sizes[1]
            raise KeyError(kind)
        """,
        """
        def area(kind, *sizes):
            return sizes[0] ** 2
        """,
        """
        failures = []
        for label, args, want in [('sq', ('square', 3), 9), ('bx', ('box', 2, 5), 10)]:
            try:
                got = area(*args)
            except Exception as error:
                failures.append(f'{label}: {type(error).__name__}')
            else:
                if got != want:
                    failures.append(f'{label}: {got!r} is not {want!r}')
        try:
            area('circle', 1)
            failures.append('circle')
        except KeyError:
            pass
        assert not failures, '; '.join(failures)
        """,
    ),
    _idiom(
        "a linked list",
        """
        class Node:
            def __init__(self, value, next=None):
                self.value, self.next = value, next
        def reverse(head):
            before = None
            while head:
                head.next, before, head = before, head, head.next
            return before
        """,
        """
        class Node:
            def __init__(self, value, next=None):
                self.value = value
                self.next = next
        def reverse(head, before=None):
            if head is None:
                return before
            rest, head.next = head.next, before
            return reverse(rest, head)
        """,
        """
        class Node:
            def __init__(self, value, next=None):
                self.value, self.next = value, next
        def reverse(head):
            return head
        """,
        """
        node = reverse(Node(1, Node(2, Node(3))))
        found = []
        while node is not None:
            found.append(node.value)
            node = node.next
        assert found == [3, 2, 1]
        """,
    ),
    _idiom(
        "a tree of tuples",
        """
        def depth(tree):
            return 0 if tree is None else 1 + max(depth(tree[1]), depth(tree[2]))
        """,
        """
        def depth(tree):
            level, count = [tree], 0
            while level := [t for t in level if t]:
                count, level = count + 1, [c for t in level for c in t[1:]]
            return count
        """,
        """
        def depth(tree):
            return 0 if tree is None else 1 + depth(tree[1]) + depth(tree[2])
        """,
        """
        leaf = (1, None, None)
        assert depth(None) == 0 and depth(leaf) == 1
        assert depth((2, leaf, (3, leaf, None))) == 3
        """,
    ),
    _idiom(
        "a class with slots and a protocol",
        """
        class Matrix:
            __slots__ = ('rows',)
            def __init__(self, rows):
                self.rows = rows
            def __matmul__(self, other):
                columns = list(zip(*other.rows))
                dot = lambda r, c: sum(a * b for a, b in zip(r, c))
                return Matrix([[dot(r, c) for c in columns] for r in self.rows])
            def __getitem__(self, place):
                i, j = place
                return self.rows[i][j]
            def __len__(self):
                return len(self.rows)
        """,
        """
        class Matrix:
            def __init__(self, rows):
                self.rows = [list(r) for r in rows]
            def __matmul__(self, other):
                n, m, k = len(self.rows), len(other.rows[0]), len(other.rows)
                made = [[0] * m for _ in range(n)]
                for i in range(n):
                    for j in range(m):
                        for l in range(k):
                            made[i][j] += self[i, l] * other[l, j]
                return Matrix(made)
            def __getitem__(self, place):
                return self.rows[place[0]][place[1]]
            def __len__(self):
                return len(self.rows)
        """,
        """
        class Matrix:
            def __init__(self, rows):
                self.rows = rows
            def __matmul__(self, other):
                pairs = zip(self.rows, other.rows)
                return Matrix([[a * b for a, b in zip(r, s)] for r, s in pairs])
            def __getitem__(self, place):
                return self.rows[place[0]][place[1]]
            def __len__(self):
                return len(self.rows)
        """,
        """
        product = Matrix([[1, 2], [3, 4]]) @ Matrix([[0, 1], [1, 0]])
        assert product[0, 0] == 2 and product[1, 1] == 3 and len(product) == 2
        """,
    ),
    _idiom(
        "a model that is fitted",
        """
        def fit_line(x, y):
            slope, offset = np.polyfit(x, y, 1)
            return {'slope': slope, 'offset': offset}
        """,
        """
        def fit_line(x, y):
            A = np.stack([x, np.ones(len(x))], axis=1)
            (slope, offset), *_ = np.linalg.lstsq(A, y, rcond=None)
            return dict(offset=offset, slope=slope)
        """,
        """
        def fit_line(x, y):
            return {'slope': (y[-1] - y[0]) / (x[-1] - x[0]), 'offset': y[0]}
        """,
        """
        np.random.seed(1)
        x = np.linspace(1, 5, 30)
        y = 2 * x - 1 + np.random.normal(0, 0.05, 30)
        found = fit_line(x, y)
        assert set(found) == {'slope', 'offset'}
        assert abs(found['slope'] - 2) < 0.1 and abs(found['offset'] + 1) < 0.2
        """,
        given="import numpy as np",
    ),
]

COURSES = {
    "usual": [*VALUES, *FUNCTIONS, *CLASSES, *LIVE],
    "others": OTHERS,
    "further": FURTHER,
}
IDIOMS = [idiom for idioms in COURSES.values() for idiom in idioms]


def cells_of(idioms: Sequence[Idiom]) -> list[NotebookNode]:
    """The cells of an instructor version with these, a point each."""
    cells = []
    for idiom in idioms:
        if idiom.given:
            cells.append(cell(idiom.given, f"{idiom.grade_id}-given"))
        cells.append(cell(solution(idiom.reference), idiom.grade_id, solution=True))
        cells.append(cell(idiom.test, f"{idiom.grade_id}-test", points=1))
    return cells


# Those that the engine can't judge apart from the learner's code, and why.
BESIDE = {
    "what the source says": "source does not cross",
    "a module class of the learner": "an instance of the learner's is none of torch's",
    "a class derived by the test": "the derived class would have to live on both sides",
    "a file that was written": "the learner's folder is another one",
    "a file that a function writes": "what a learner writes stays in that folder",
}
