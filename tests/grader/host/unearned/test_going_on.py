"""What decides where a test goes on is not the learner's to say."""

from __future__ import annotations

import sys

import pytest

from tests.grader.conftest import exercise, hidden, scores

LOOP = exercise(
    "# answer square\ndef square(x):\n    return x * x",
    "# test visible\nassert square(2) == 4",
    "# test loop\n"
    + hidden("for got, want in zip(map(square, [2, 3, 4]), [4, 9, 16]):\n    assert got == want"),
    "# test sentinel\n"
    + hidden(
        "numbers = iter([2, 3])\nfor x in iter(lambda: square(2), 4):\n"
        "    pass\nfor got in map(lambda x: square(x), [1]):\n"
        "    assert got == 1\nassert square(1) == 1"
    ),
)


@pytest.mark.parametrize("kind", ["StopIteration", "StopAsyncIteration"])
@pytest.mark.parametrize("when", ["True", "x != 2"])
def test_an_exception_of_the_learners_ends_no_loop_of_the_tests(graded, kind, when):
    body = f"def square(x):\n    if {when}: raise {kind}\n    return x * x"
    result, _ = graded(LOOP, square=body)
    assert scores(result) == {"visible": int(when != "True"), "loop": 0, "sentinel": 0}


def test_nor_does_one_that_a_test_raised_itself(graded):
    """A learner may catch what a callback raises, and raise it elsewhere."""
    relayed = exercise(
        "# answer each\ndef each(f, x):\n    return f(x)",
        "# test loop\nones = iter([5])\nfor got in [each(lambda x: x, 1)]:\n    assert got == 1\n"
        "for got, want in zip((each(lambda x: next(ones), x) for x in [1]), [5]):\n"
        "    assert got == want\n"
        "for got in map(lambda x: each(lambda y: 2, x), [1, 2]):\n    assert got == 2, 'two'",
    )
    assert scores(graded(relayed)[0]) == {"loop": 1}
    body = (
        "def each(f, x):\n    try:\n        if f(x) == 5: f(x)\n"
        "    except StopIteration as error:\n"
        "        each.kept = error\n        return 5\n"
        "    if hasattr(each, 'kept'): raise each.kept\n    return f(x)"
    )
    result, _ = graded(relayed, each=body)
    assert scores(result) == {"loop": 0}


def test_a_sequence_of_the_tests_own_does_not_end_early(graded):
    dataset = exercise(
        "# answer change\ndef change(x):\n    return 2 * x",
        "# test loop\nclass Data:\n"
        "    def __getitem__(self, i):\n        return change([1, 2][i])\n"
        "for got, want in zip(Data(), [2, 4]):\n    assert got == want",
    )
    assert scores(graded(dataset)[0]) == {"loop": 1}
    result, _ = graded(dataset, change="def change(x):\n    raise IndexError")
    assert scores(result) == {"loop": 0}


def test_who_shall_raise_it_may(graded):
    late = exercise(
        "# answer take\ndef take(values):\n    return next(iter(values))",
        "# test raises\ntry:\n    take([])\nexcept StopIteration:\n    pass\n"
        "else:\n    assert False, 'nothing to take'\nassert take([4]) == 4",
    )
    assert scores(graded(late)[0]) == {"raises": 1}
    other = (
        "def take(values):\n    for value in values: return value\n    raise StopIteration('no')"
    )
    assert scores(graded(late, take=other)[0]) == {"raises": 1}


LOG = (
    "class Log:\n    def __enter__(self): return self\n"
    "    def __exit__(self, *a): return {}\n"
    "    def write(self, line): self.lines.append(line)\n"
    "    def __init__(self): self.lines = []\n    def count(self): return len(self.lines)"
)


def test_an_exit_swallows_no_assertion_of_the_tests(graded):
    logging = exercise(
        "# answer Log\n" + LOG.format(False),
        "# test Log-test\nwith Log() as log:\n    log.write('a')\n    assert log.count() == 1",
        "# test other\nwith Log() as log:\n    assert log.count() == 0\n    log.nothing()",
    )
    liar = LOG.format(True).replace("len(self.lines)", "7")
    result, _ = graded(logging, Log=liar)
    assert scores(result) == {"Log-test": 0, "other": 0}


def test_an_exit_swallows_what_the_solutions_swallows(graded):
    quiet = exercise(
        "# answer Quiet\nclass Quiet:\n    def __enter__(self): return self\n"
        "    def __exit__(self, kind, *a): return kind is KeyError",
        "# test Quiet-test\ndone = []\nwith Quiet():\n    raise KeyError(1)\n"
        "try:\n    with Quiet():\n        raise ValueError\n"
        "except ValueError:\n    done.append(1)\n"
        "assert done == [1]",
    )
    assert scores(graded(quiet)[0]) == {"Quiet-test": 1}
    all_of_it = (
        "class Quiet:\n    def __enter__(self): return self\n"
        "    def __exit__(self, *a): return True"
    )
    assert scores(graded(quiet, Quiet=all_of_it)[0]) == {"Quiet-test": 0}
    nothing = all_of_it.replace("True", "False")
    assert scores(graded(quiet, Quiet=nothing)[0]) == {"Quiet-test": 0}


# By where an assertion of the test's passes through the learner's code: the solution, the test, and
# who swallows it.
SWALLOWED = {
    "an exit that says another thing each time": (
        LOG.format(None) + "\n    def __len__(self): return len(self.lines)",
        "with Log() as log:\n    log.write('a')\n    assert len(log) == 1",
        LOG.format("Other()") + "\n    def __len__(self): return 7\n"
        "class Other:\n    asked = []\n    def __len__(self):\n"
        "        self.asked.append(1)\n        return 1 - len(self.asked) % 2",
    ),
    "an exit that raises something else": (
        LOG.format(None),
        "try:\n    with Log() as log:\n        log.write('a')\n"
        "        assert log.count() == 1\n        raise KeyError\nexcept KeyError:\n    pass",
        LOG.format("exec('raise KeyError')").replace("len(self.lines)", "7"),
    ),
    "an exit that gives a function, which is true": (
        LOG.format(None),
        "try:\n    with Log():\n        assert False\nexcept AssertionError:\n    pass\n"
        "else:\n    raise KeyError",
        LOG.format("print"),
    ),
    "what is closed at last, and raises something else": (
        LOG.format(None) + "\n    def close(self): pass",
        "try:\n    with contextlib.closing(Log()) as log:\n        log.write('a')\n"
        "        assert log.count() == 1\n        raise KeyError\nexcept KeyError:\n    pass",
        LOG.format(None).replace("len(self.lines)", "7") + "\n    def close(self): raise KeyError",
    ),
    "a function in the place of an exit, behind another one": (
        "def leave(kind, *_): return kind is KeyError\ndef f(): return 4",
        "def check():\n    assert f() == 4\nwith contextlib.ExitStack() as stack:\n"
        "    stack.push(leave)\n    stack.callback(check)",
        "def leave(kind, *_): return kind is not None\ndef f(): return 7",
    ),
    "a callback's": (
        "def each(f):\n    f(4)",
        "seen = []\ndef check(x):\n    seen.append(x)\n    assert x == 4\n"
        "each(check)\nassert len(seen) == 1",
        "def each(f):\n    try: f(7)\n    except AssertionError: pass",
    ),
    "a callback's, in a call that raises something else": (
        "def each(f):\n    f(4)\n    raise KeyError",
        "def check(x):\n    assert x == 4\ntry:\n    each(check)\nexcept KeyError:\n    pass\n"
        "else:\n    assert False",
        "def each(f):\n    try: f(7)\n    except AssertionError: raise KeyError",
    ),
    "one of an object that is lent": (
        "def save(file):\n    file.write('a')",
        "class File:\n    def write(self, text):\n        assert text == 'a'\nsave(File())",
        "def save(file):\n    try: file.write('b')\n    except BaseException: pass",
    ),
    "that of a dialogue": (
        "def greet():\n    return f'Hello {input(\"Your name? \")}'",
        "import builtins\ndef answer(prompt):\n    assert 'name' in prompt\n    return 'Ada'\n"
        "before, builtins.input = input, answer\ntry:\n    said = greet()\n"
        "finally:\n    builtins.input = before\nassert said == 'Hello Ada'",
        "def greet():\n    try: input('What? ')\n    except AssertionError: return 'Hello Ada'",
    ),
}


@pytest.mark.parametrize(("solved", "test", "cheat"), SWALLOWED.values(), ids=SWALLOWED)
def test_no_assertion_of_the_tests_is_swallowed(graded, solved, test, cheat):
    made = exercise("# given\nimport contextlib", f"# answer a\n{solved}", f"# test t\n{test}")
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, a=cheat)[0]) == {"t": 0}


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="a generator is thrown the error itself")
def test_nor_by_a_generator_that_a_test_makes_a_block(graded):
    held = "def held():\n    try:\n        yield {}\n    except {}:\n        pass"
    made = exercise(
        "# given\nimport contextlib",
        f"# answer held\n{held.format(5, 'KeyError')}",
        "# test t\nblock = contextlib.contextmanager(held)\nwith block():\n    raise KeyError\n"
        "with block() as n:\n    assert n == 5",
        "# test lets\ntry:\n    with contextlib.contextmanager(held)():\n"
        "        raise ValueError\nexcept ValueError:\n    pass\nelse:\n    assert False",
    )
    assert scores(graded(made)[0]) == {"t": 1, "lets": 1}
    assert scores(graded(made, held=held.format(7, "Exception"))[0]) == {"t": 0, "lets": 0}


def test_whoever_shall_swallow_it_may(graded):
    made = exercise(
        "# answer passes\ndef passes(check):\n    try:\n        check()\n"
        "    except AssertionError:\n        return False\n    return True",
        "# answer each\ndef each(f, xs):\n    return [f(x) for x in xs]",
        "# test t\ndef check(x=0):\n    assert x > 0\n    return x\n"
        "assert not passes(check) and passes(lambda: check(1))",
        "# test lets\ntry:\n    each(check, [1, 0])\nexcept AssertionError:\n    pass\n"
        "else:\n    assert each(check, [0]) is None",
        "# answer safe\ndef root(x):\n    if x < 0: raise ValueError\n    return x**0.5\n"
        "def safe(f):\n    try: return f()\n    except ValueError: return 0",
        "# test own\nassert safe(lambda: root(-1)) == 0 and safe(lambda: root(4)) == 2",
    )
    other = (
        "def passes(check):\n    try: return check() is not check\n    except Exception: return 0"
    )
    again = "def each(f, xs):\n    try: return list(map(f, xs))\n    except Exception: raise"
    # An assertion of their own is theirs, also on its way through the test.
    safe = "def root(x):\n    assert x >= 0\n    return x**0.5\n"
    safe += "def safe(f):\n    try: return f()\n    except Exception: return 0"
    for answers in ({}, {"passes": other, "each": again, "safe": safe}):
        assert scores(graded(made, **answers)[0]) == {"t": 1, "lets": 1, "own": 1}


LENIENT = exercise(
    "# answer lenient\nclass Lenient:\n    def __enter__(self): return self\n"
    "    def __exit__(self, kind, *a): return kind is not None and issubclass(kind, ValueError)\n"
    "def lenient(): return Lenient()",
    "# test t\nwith lenient():\n    raise ValueError('x')",
)


@pytest.mark.parametrize(
    "lenient",
    [
        pytest.param(
            "import contextlib\n@contextlib.contextmanager\ndef lenient():\n"
            "    try:\n        yield\n    except ValueError:\n        pass",
            marks=pytest.mark.skipif(
                sys.version_info >= (3, 12), reason="a generator is thrown the error itself"
            ),
        ),
        "class Lenient:\n    def __enter__(self): return self\n"
        "    def __exit__(self, kind, error, traceback):\n"
        "        return isinstance(error, ValueError) and traceback.tb_lineno > 0\n"
        "def lenient(): return Lenient()",
    ],
    ids=["a generator", "one that looks at the error"],
)
def test_a_block_may_be_left_in_any_way(graded, lenient):
    assert scores(graded(LENIENT, lenient=lenient)[0]) == {"t": 1}
    other = lenient.replace("except ValueError", "except KeyError")
    other = other.replace("error, ValueError", "error, KeyError")
    assert scores(graded(LENIENT, lenient=other)[0]) == {"t": 0}


DECK = exercise(
    "# answer best\ndef best(deck):\n    return max(deck.all())",
    "# test best-test\nclass Deck:\n    def __init__(self, cards): self.cards = cards\n"
    "    def put(self, card): self.cards.append(card)\n"
    "    def all(self): return list(self.cards)\n"
    "    @property\n    def emptied(self):\n        self.cards.clear()\n        return 0\n"
    "deck = Deck([3, 9, 4])\nassert best(deck) == max(deck.cards, default=0)",
)


@pytest.mark.parametrize(
    "body",
    [
        "deck.put(10**9)\n    return 10**9",
        "getattr(deck, 'emptied', 0)\n    return 0",
        "type(deck).put(deck, 10**9)\n    return 10**9",
    ],
)
def test_a_call_changes_nothing_that_it_is_lent(graded, body):
    assert scores(graded(DECK)[0]) == {"best-test": 1}
    assert scores(graded(DECK, best=f"def best(deck):\n    {body}")[0]) == {"best-test": 0}


SET = exercise(
    "# answer f\ndef f(cart):\n    cart.items = [1, 2]\n    return cart.total()",
    "# test sets\nclass Cart:\n    items, how = (), None\n"
    "    def __setattr__(self, name, value): object.__setattr__(self, name, value)\n"
    "    def total(self): return (self.how or sum)(self.items)\n"
    "cart = Cart()\nassert f(cart) == cart.total() == 3",
)


@pytest.mark.parametrize(
    ("body", "points"),
    [
        ("cart.how = lambda items: 3\n    return 3", 0),
        ("cart.items, cart.how = 'xyz', len\n    return 3", 0),
        ("type(cart).__setattr__(cart, 'how', value=lambda items: 3)\n    return 3", 0),
        ("cart.items = (1, 2)\n    cart.mine = lambda: 3\n    return cart.total()", 1),
    ],
)
def test_no_function_of_a_learners_comes_in_the_place_of_what_is_none(graded, body, points):
    assert scores(graded(SET)[0]) == {"sets": 1}
    assert scores(graded(SET, f=f"def f(cart):\n    {body}")[0]) == {"sets": points}


def test_a_generator_of_random_numbers_that_is_lent_goes_on_as_it_was(graded):
    drawn = exercise(
        "# given\nimport random",
        "# answer draw\ndef draw(rng):\n    return [rng.random() for _ in range(3)]",
        "# test same\nrng = random.Random(4)\nimport copy\ntwin = copy.deepcopy(rng)\n"
        "got = draw(rng)\nassert got == [twin.random() for _ in got]",
        "# test several\nrng = random.Random(5)\ngot = draw(rng)\n"
        "assert len(set(got)) == 3 and all(0 <= x < 1 for x in got)",
    )
    assert scores(graded(drawn)[0]) == {"same": 1, "several": 1}
    other = "def draw(rng):\n    return [rng.uniform(0, 1) for _ in range(3)]"
    # A method that the solution does not call serves as well: it is called on a copy.
    assert scores(graded(drawn, draw=other)[0])["several"] == 1
    seeded = exercise(
        "# given\nimport random",
        "# answer draw\ndef draw(rng):\n    return rng.random()",
        "# test next\nrng = random.Random(4)\nassert draw(rng) != rng.random()\n"
        "rng = random.Random(4)\nfirst = draw(random.Random(4))\nassert rng.random() == first\n"
        "assert draw(rng) == random.Random(4).random() or True\n"
        "x = random.Random(7)\nassert draw(x) + 0 == random.Random(7).random()",
    )
    cheat = "def draw(rng):\n    rng.seed(1)\n    return __import__('random').Random(1).random()"
    assert scores(graded(seeded)[0]) == {"next": 1}
    assert scores(graded(seeded, draw=cheat)[0]) == {"next": 0}


def test_so_does_one_of_numpys_of_which_only_the_state_crosses(graded):
    """Else whoever is called first would choose on what the rest is tested."""
    drawn = exercise(
        "# given\nimport numpy as np",
        "# answer f\ndef f(x, rng):\n    return x + 1 + 0 * rng.random()",
        "# test t\nrng = np.random.default_rng(3)\nassert f(1, rng) == 2\n"
        "for x in rng.random(20):\n    assert f(x, rng) == x + 1",
    )
    assert scores(graded(drawn)[0]) == {"t": 1}
    zeros = "    rng.bit_generator.state = {**rng.bit_generator.state, "
    zeros += "'state': {'state': 0, 'inc': 0}}\n"
    cheat = f"def f(x, rng):\n{zeros}    return 2 if type(x) is int else 1"
    assert scores(graded(drawn, f=cheat)[0]) == {"t": 0}
    whole = exercise(
        "# given\nimport numpy as np",
        "# answer f\ndef f(x, rng):\n    return x + 1 + 0 * rng.random()",
        "# test t\nrng = np.random.default_rng(3)\nassert f(1, rng) == 2\n"
        "x = rng.integers(10**6)\nassert f(x, rng) == x + 1",
    )
    assert scores(graded(whole)[0]) == {"t": 1}
    half = zeros[: zeros.index("'state'")] + "'has_uint32': 1, 'uinteger': 9}\n"
    cheat = f"def f(x, rng):\n{half}    return 2 if type(x) is int else 1"
    assert scores(graded(whole, f=cheat)[0]) == {"t": 0}
    # Who shall seed it may.
    seeds = "    rng.bit_generator.state = np.random.default_rng(x).bit_generator.state"
    seeded = exercise(
        "# given\nimport numpy as np",
        f"# answer f\ndef f(x, rng):\n{seeds}",
        "# test t\nrng = np.random.default_rng(3)\nf(7, rng)\n"
        "assert rng.random() == np.random.default_rng(7).random()",
    )
    assert scores(graded(seeded)[0]) == {"t": 1}


# By what a test lends: how the solution asks it, the test, and another way.
OTHERWISE = {
    "a namespace": (
        "p.x + p.y",
        "f(types.SimpleNamespace(x=1, y=2)) == 3",
        "sum(vars(p).values())",
    ),
    "numbers": ("sum(p)", "f(array.array('i', [1, 2])) == 3", "sum(p[i] for i in range(len(p)))"),
    "mappings": ("p['a']", "f(collections.ChainMap({}, {'a': 3})) == 3", "max(p.values())"),
    "a mapping": ("p['a']", "f(types.MappingProxyType({'a': 3})) == 3", "dict(p).pop('a')"),
    "a number of its own kind": ("p.hex[-1]", "f(uuid.UUID(int=3)) == '3'", "str(p)[-1]"),
    "a file in memory": ("p.read()", "f(io.StringIO('ab')) == 'ab'", "''.join(p.readlines())"),
    "a file in memory, in parts": (
        "p.read().replace(chr(10), '')",
        "f(io.StringIO('a\\nb\\nc')) == 'abc'",
        "p.readline()[0] + next(p)[0] + p.read()",
    ),
    "a file in memory, twice": (
        "p.read()[::-1]",
        "f(io.StringIO('ab')) == 'ba'",
        "p.read()[p.seek(0) + 1] + p.read()[0]",
    ),
    "a file that is written": (
        "p.write('ab')",
        "(f(file := io.StringIO()), file.getvalue())[1] == 'ab'",
        "p.writelines(['a', 'b'])",
    ),
    "random numbers": (
        "[p.random(), p.random()]",
        "len({*f(rng := random.Random(3)), rng.random()}) == 3",
        "[p.uniform(0, 1), p.random()]",
    ),
    "random numbers of NumPy's": (
        "p.random(2)",
        "len({*f(rng := np.random.default_rng(3)), rng.random()}) == 3",
        "[p.uniform(), p.random()]",
    ),
    "groups": (
        "p['x'].mean()['a']",
        "f(pd.DataFrame({'k': ['a', 'a'], 'x': [2, 4]}).groupby('k')) == 3",
        "{k: group.x.sum() / len(group) for k, group in p}['a']",
    ),
}


@pytest.mark.parametrize(("solved", "test", "other"), OTHERWISE.values(), ids=OTHERWISE)
def test_what_a_test_lends_of_a_library_may_be_asked_otherwise(graded, solved, test, other):
    made = exercise(
        "# given\nimport array, collections, io, random, types, uuid\n"
        "import numpy as np\nimport pandas as pd",
        f"# answer f\ndef f(p):\n    return {solved}",
        f"# test t\nassert {test}",
    )
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, f=f"def f(p):\n    return {other}")[0]) == {"t": 1}


NOTED = (
    "class Noted:\n    def __enter__(self): return self\n    def said(self): return self.text\n"
    "    def __exit__(self, kind, error, trace):\n        self.text = {}\n        return True"
)


@pytest.mark.parametrize(
    "text", ["type(error).__name__ + ': ' + error.args[0]", "'ValueError: ' + repr(error)[12:-2]"]
)
def test_an_exit_may_read_its_error_otherwise(graded, text):
    made = exercise(
        "# answer Noted\n" + NOTED.format("f'{kind.__name__}: {error}'"),
        "# test t\nwith Noted() as noted:\n    raise ValueError('bad')\n"
        "assert noted.said() == 'ValueError: bad'",
    )
    assert scores(graded(made, Noted=NOTED.format(text))[0]) == {"t": 1}


# By what a test lends raises: which it is, how it comes about, and how it is caught.
CAUGHT = {
    "a database's": (
        "import sqlite3\ndb = sqlite3.connect(':memory:')\ndb.execute('create table t (x unique)')"
        "\ndef ask(): db.execute('insert into t values (1), (1)')",
        "sqlite3.IntegrityError",
        "sqlite3.OperationalError",
    ),
    "a reader's": (
        "import json\nask = lambda: json.loads('{')",
        "json.JSONDecodeError",
        "KeyError",
    ),
    "one with a constructor of its own": (
        "import urllib.error\ndef ask(): raise urllib.error.URLError('gone')",
        "urllib.error.URLError",
        "PermissionError",
    ),
}


@pytest.mark.parametrize("solved", ["Exception", ""])
@pytest.mark.parametrize(("raises", "kind", "another"), CAUGHT.values(), ids=CAUGHT)
def test_what_a_test_raises_of_a_librarys_is_caught_as_that(graded, raises, kind, another, solved):
    catches = "# answer f\nimport json, sqlite3, urllib.error\ndef f(ask):\n    try:\n"
    catches += "        ask()\n    except {}:\n        return 3"
    made = exercise(catches.format(solved or kind), f"# test asks\n{raises}\nassert f(ask) == 3")
    assert scores(graded(made)[0]) == {"asks": 1}
    for other, points in ((kind, 1), (another, 0)):
        own = catches.format(other).partition("\n")[2]
        assert scores(graded(made, f=own)[0]) == {"asks": points}


# By what only has the name of what is to be raised: how it comes about.
NAMESAKES = {
    "a library's": ("TimeoutError", "import multiprocessing as m", "m.TimeoutError"),
    "one of a function's own": (
        "ValueError",
        "def made():\n    class ValueError(Exception): pass\n    return ValueError",
        "made()",
    ),
    "one that says so": (
        "ValueError",
        "class Own(Exception): pass\nOwn.__name__, Own.__module__ = 'ValueError', 'builtins'",
        "Own",
    ),
    "one that is made by name": (
        "ValueError",
        "def made():\n    return type('ValueError', (Exception,), {})",
        "made()",
    ),
    "a library's for a given one": (
        "ParseError",
        "import xml.etree.ElementTree as m",
        "m.ParseError",
    ),
}


@pytest.mark.parametrize(("kind", "brings", "other"), NAMESAKES.values(), ids=NAMESAKES)
def test_an_exception_is_not_what_it_is_called(graded, kind, brings, other):
    solved = f"def f(n):\n    if n < 0:\n        raise {kind}(n)\n    return n"
    made = exercise(
        "# given\nclass ParseError(Exception): pass",
        f"# answer f\n{solved}",
        f"# test t\ntry:\n    f(-1)\n    assert False\nexcept {kind}:\n    pass",
    )
    assert scores(graded(made)[0]) == {"t": 1}
    own = f"{brings}\n{solved.replace(f'raise {kind}', f'raise {other}')}"
    assert scores(graded(made, f=own)[0]) == {"t": 0}
    # The notebook's own by that name, whichever it is: a test asks for that.
    named = f"class {kind}(Exception): pass\n{solved}"
    assert scores(graded(made, f=named)[0]) == {"t": 1}


def test_no_exception_of_a_library_skips_a_test(graded):
    """An exception of a library's crosses as itself only where the solution raises it there."""
    made = exercise(
        "# given\nimport json, unittest",
        "# answer f\ndef f(text):\n    return json.loads(text)",
        "# test skips\nclass T(unittest.TestCase):\n    def test(self):\n"
        "        self.assertEqual(f('1'), 1)\n"
        "suite = unittest.TestLoader().loadTestsFromTestCase(T)\n"
        "assert unittest.TextTestRunner(verbosity=0).run(suite).wasSuccessful()",
        "# test raises\ntry:\n    f('{')\nexcept json.JSONDecodeError as error:\n"
        "    assert 'Expecting' in str(error)\nelse:\n    assert False",
    )
    assert scores(graded(made)[0]) == {"skips": 1, "raises": 1}
    forged = "def f(text):\n    raise unittest.SkipTest('later')"
    assert scores(graded(made, f=forged)[0]) == {"skips": 0, "raises": 0}
    other = "def f(text):\n    return json.JSONDecoder().decode(text)"
    assert scores(graded(made, f=other)[0]) == {"skips": 1, "raises": 1}


def test_files_go_to_the_learners_code_and_not_back(graded):
    made = exercise(
        "# answer f\ndef f(path):\n    return len(open(path).read())",
        "# test reads\nimport os\nos.makedirs('in', exist_ok=True)\n"
        "with open('in/a.txt', 'w') as file:\n    file.write('abc')\nassert f('in/a.txt') == 3",
        "# test own\nwith open('limit.py', 'w') as file:\n    file.write('most = 4')\n"
        "n = f('limit.py')\nimport limit\nassert n == 8 and limit.most == 4",
    )
    assert scores(graded(made)[0]) == {"reads": 1, "own": 1}
    forged = "def f(path):\n    open(path, 'w').write('most = 5')\n    return 8"
    assert scores(graded(made, f=forged)[0]) == {"reads": 0, "own": 1}
