"""Tests that do whatever else Python lets one do beside the code."""

from __future__ import annotations

from tests.same_scores.idioms.idiom import idiom

LIVE = [
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
        "whether a name is there",
        "leftover_name = 3",
        "leftover_name = 1 + 2",
        "leftover_nam = 3",
        """
        assert 'leftover_name' in globals(), 'define leftover_name'
        assert leftover_name == 3
        """,
    ),
    idiom(
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
    idiom(
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
