"""Tests that call functions."""

from __future__ import annotations

from tests.same_scores.idioms.idiom import idiom

FUNCTIONS = [
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
        "a type for a function",
        """
        def to_number(text):
            return float(text)
        """,
        "to_number = float",
        """
        def to_number(text):
            return text
        """,
        "assert to_number('2.5') == 2.5 and to_number('-1') < 0",
    ),
    idiom(
        "a given function for one's own",
        """
        def area(side):
            return side * side
        """,
        "area = squared",
        "area = abs",
        "assert area(3) == 9 and area(-2) == 4",
        given="def squared(x):\n    return x**2",
    ),
    idiom(
        "a match for a truth value",
        """
        def is_code(text):
            return len(text) == 3 and text.isdigit()
        """,
        """
        import re
        def is_code(text):
            return re.fullmatch(r'[0-9]{3}', text)
        """,
        """
        import re
        def is_code(text):
            return re.match(r'[0-9]*', text)
        """,
        "assert is_code('123')\nassert not is_code('12') and not is_code('1234')",
    ),
]
