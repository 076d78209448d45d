"""And others: unittest, numpy's and pytest's own checks, tables, figures, files, databases.

Also text that is caught, coroutines, data classes, errors of libraries.
"""

from __future__ import annotations

from tests.same_scores.idioms.idiom import idiom

FURTHER = [
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
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
    idiom(
        "no overflow where NumPy raises",
        """
        def logistic(x):
            return np.exp(-np.logaddexp(0, -x))
        """,
        """
        def logistic(x):
            small = np.exp(-np.abs(x))
            return np.where(x < 0, small, 1) / (1 + small)
        """,
        """
        def logistic(x):
            return 1 / (1 + np.exp(-x))
        """,
        """
        with np.errstate(over='raise'):
            assert np.allclose(logistic(np.array([-1000., 0, 1000])), [0, 0.5, 1])
        """,
        given="import numpy as np",
    ),
    idiom(
        "nothing is warned of",
        """
        def safe_ratio(a, b):
            return np.divide(a, b, out=np.zeros_like(a), where=b != 0)
        """,
        """
        def safe_ratio(a, b):
            with np.errstate(all='ignore'):
                found = a / b
            found[b == 0] = 0
            return found
        """,
        """
        def safe_ratio(a, b):
            found = a / b
            found[b == 0] = 0
            return found
        """,
        """
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            assert np.allclose(safe_ratio(np.array([1., 2]), np.array([0., 4])), [0, 0.5])
        """,
        given="import numpy as np\nimport warnings",
    ),
    idiom(
        "a warning that is recorded",
        """
        def half_of(n):
            if n % 2:
                warnings.warn('odd: rounded down', UserWarning)
            return n // 2
        """,
        """
        def half_of(n):
            half, rest = divmod(n, 2)
            if rest:
                warnings.warn(f'{n} is rounded down')
            return half
        """,
        """
        def half_of(n):
            return n // 2
        """,
        """
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            assert half_of(4) == 2 and not caught
            assert half_of(5) == 2
        assert len(caught) == 1 and issubclass(caught[0].category, UserWarning)
        assert 'rounded down' in str(caught[0].message)
        """,
        given="import warnings",
    ),
    idiom(
        "a loop and no recursion",
        """
        def sum_to(n):
            return n * (n + 1) // 2
        """,
        """
        def sum_to(n):
            found = 0
            while n:
                found, n = found + n, n - 1
            return found
        """,
        """
        def sum_to(n):
            return n and n + sum_to(n - 1)
        """,
        """
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(300)
        try:
            assert sum_to(900) == 405_450
        finally:
            sys.setrecursionlimit(limit)
        """,
        given="import sys",
    ),
    idiom(
        "a recursion with room",
        """
        def depth_of(nested):
            found = 0
            while nested:
                found, nested = found + 1, nested[0]
            return found
        """,
        """
        def depth_of(nested):
            return 1 + depth_of(nested[0]) if nested else 0
        """,
        """
        def depth_of(nested):
            return len(nested)
        """,
        """
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(20_000)
        nest = []
        for _ in range(40):
            nest = [nest]
        assert depth_of(nest) == 40
        sys.setrecursionlimit(limit)
        """,
        given="import sys",
    ),
    idiom(
        "a global list stays as it is",
        """
        readings = [3, 1, 2]
        def ranked():
            return sorted(readings)
        """,
        """
        readings = [3, 1, 2]
        def ranked():
            copied = list(readings)
            copied.sort()
            return copied
        """,
        """
        readings = [3, 1, 2]
        def ranked():
            readings.sort()
            return list(readings)
        """,
        """
        assert ranked() == [1, 2, 3]
        assert readings == [3, 1, 2], 'leave the list as it is'
        """,
    ),
    idiom(
        "an argument and no global",
        """
        speed = 3
        def way_of(speed, hours):
            return speed * hours
        """,
        """
        speed = 3
        def way_of(v, t):
            return sum([v] * t)
        """,
        """
        speed = 3
        def way_of(v, t):
            return speed * t
        """,
        """
        assert way_of(3, 4) == 12
        speed = 100
        assert way_of(3, 5) == 15
        """,
    ),
    idiom(
        "a function of a library that may not be used",
        """
        def inverse_of_two(A):
            (a, b), (c, d) = A
            return np.array([[d, -b], [-c, a]]) / (a * d - b * c)
        """,
        """
        def inverse_of_two(A):
            print('solving')
            return np.linalg.solve(A, np.eye(2))
        """,
        """
        def inverse_of_two(A):
            return np.linalg.inv(A)
        """,
        """
        from unittest.mock import patch
        no_inv = patch('numpy.linalg.inv', side_effect=AssertionError('without inv'))
        with no_inv, patch('builtins.print'):
            found = inverse_of_two(np.array([[1., 2], [3, 4]]))
        assert np.allclose(found, [[-2, 1], [1.5, -0.5]])
        """,
        given="import numpy as np",
    ),
    idiom(
        "an input that the test binds",
        """
        def next_number():
            return int(input('Which? ')) + 1
        """,
        """
        def next_number():
            said = input()
            return 1 + int(said)
        """,
        """
        def next_number():
            return int(input())
        """,
        """
        lines = iter(['4', '7'])
        input = lambda prompt='': next(lines)
        assert next_number() == 5 and next_number() == 8
        del input
        """,
    ),
    idiom(
        "a property without gradients",
        """
        class Scaled:
            def __init__(self):
                self.weight = torch.ones(2, requires_grad=True)
            @property
            def total(self):
                return (self.weight * 2).sum().detach().numpy()
        """,
        """
        class Scaled:
            def __init__(self):
                self.weight = torch.nn.Parameter(torch.ones(2))
            @property
            def total(self):
                return (2 * self.weight.sum()).numpy()
        """,
        """
        class Scaled:
            total = 3
        """,
        """
        import torch
        with torch.no_grad():
            assert Scaled().total == 4
        """,
        given="import torch",
    ),
    idiom(
        "a missing key is an error",
        """
        def tally(word):
            found = {}
            for sign in word:
                found[sign] = found.get(sign, 0) + 1
            return found
        """,
        """
        from collections import defaultdict
        def tally(word):
            found = defaultdict(int)
            for sign in word:
                found[sign] += 1
            return dict(found)
        """,
        """
        from collections import defaultdict
        def tally(word):
            found = defaultdict(lambda: 0)
            for sign in word:
                found[sign] += 1
            return found
        """,
        """
        assert tally('aab') == {'a': 2, 'b': 1}
        try:
            tally('aab')['z']
        except KeyError:
            pass
        else:
            assert False, 'give a plain dictionary'
        """,
    ),
    idiom(
        "a function that may not be used",
        """
        def add_up(values):
            found = 0
            for value in values:
                found += value
            return found
        """,
        """
        import functools
        def add_up(values):
            return functools.reduce(lambda a, b: a + b, values)
        """,
        """
        def add_up(values):
            return sum(values)
        """,
        """
        def sum(*what):
            raise AssertionError('without sum, please')
        try:
            assert add_up([1, 2, 4]) == 7
        finally:
            del sum
        """,
    ),
]
