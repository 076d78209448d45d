"""A value brings along what counts, and nothing else."""

from __future__ import annotations

import pytest

from grader import grade_one
from tests.grader.conftest import exercise, handed_in, scores

NET = exercise(
    "# given\nimport copy\nimport torch\nfrom torch import nn\ntorch.manual_seed(0)\n"
    "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.first = nn.Linear(4, 3)\n"
    "    def forward(self, x):\n        return self.first(x)\nnet = Net()",
    "# answer small\nsmall = copy.deepcopy(net)\nwith torch.no_grad():\n"
    "    small.first.weight[1:] = 0",
    "# test t\nassert sum(int((p == 0).sum()) for p in small.state_dict().values()) >= 8\n"
    "x = torch.eye(4)\nassert torch.allclose(small(x)[:, 0], net(x)[:, 0])",
)
TAKEN = "small = copy.deepcopy(net)\nwith torch.no_grad():\n    small.first.weight.zero_()\n"
TWICE = {
    "another layer before the one that counts": f"{TAKEN}vars(small)['first'] = net.first",
    "a function": f"{TAKEN}vars(small)['first'] = lambda x: net(x)",
    "a function in a part's place": f"{TAKEN}small.second = small.first\n"
    "del small.first\nvars(small)['first'] = lambda x: net(x)",
    "a buffer called as the weight": "small = copy.deepcopy(net)\n"
    "small.first._buffers['weight'] = torch.zeros(3, 4)",
    "what a mask leaves, and a weight beside it": f"{TAKEN}layer, weight = small.first, "
    "net.first.weight.detach()\nlayer._parameters['weight_orig'] = nn.Parameter(weight)\n"
    "layer._buffers['weight_mask'] = torch.ones(3, 4)\nvars(layer)['weight'] = weight",
}


@pytest.mark.parametrize("small", TWICE.values(), ids=TWICE)
def test_what_is_counted_of_a_module_is_what_it_uses(engine, small):
    assert scores(grade_one(NET, handed_in(NET), engine)) == {"t": 1}
    assert scores(grade_one(NET, handed_in(NET, small=small), engine)) == {"t": 0}


def test_nor_does_one_of_a_property_end_a_loop(graded):
    tally = exercise(
        "# answer Tally\nclass Tally:\n    def __init__(self, n): self.value = n * n",
        "# test t\nassert all(map(lambda n: Tally(n).value == n * n, [3, 4]))",
    )
    assert scores(graded(tally)[0]) == {"t": 1}
    stops = "    @property\n    def value(self): raise StopIteration"
    body = f"class Tally:\n    def __init__(self, n): pass\n{stops}"
    assert scores(graded(tally, Tally=body)[0]) == {"t": 0}


CART = (
    "# given\nclass Cart:\n    def __init__(self, items): self.items = items\n"
    "    def __eq__(self, other): return all(item == other for item in self.items)",
    "# answer pay\ndef pay(cart):\n    paid = sum(cart.items)\n    cart.items = []\n    return {}",
    "# test t\ncart = Cart([1, 2])\npaid = pay(cart)\nassert {}\nassert cart.items == []",
)


def test_a_module_of_a_given_class_may_be_given_back(engine):
    """Where the solution gives a copy."""
    made = exercise(
        "# given\nimport copy\nimport torch\nclass Net(torch.nn.Linear): pass",
        "# answer same\ndef same(net):\n    return copy.deepcopy(net)",
        "# test t\nnet = Net(3, 2)\nassert torch.equal(same(net).weight, net.weight)",
    )
    back = "def same(net):\n    return net"
    assert scores(grade_one(made, handed_in(made, same=back), engine)) == {"t": 1}


def test_an_instance_that_was_brought_is_no_number(graded):
    made = exercise(CART[0], CART[1].format("paid"), CART[2].format("paid == 3"))
    assert scores(graded(made)[0]) == {"t": 1}
    for value in ("cart", "[cart][0]"):
        body = f"def pay(cart):\n    cart.items = []\n    return {value}"
        assert scores(graded(made, pay=body)[0]) == {"t": 0}
    back = exercise(CART[0], CART[1].format("cart"), CART[2].format("paid is cart"))
    assert scores(graded(back)[0]) == {"t": 1}


BAG = (
    "# given\nimport collections, enum\nimport numpy as np\nclass Bag:\n"
    "    def __init__(self, items=()): self.items = list(items)\n"
    "    def __eq__(self, other): return all(item in other.items for item in self.items)\n"
    "def empty():\n    return Bag()\n"
    "class Card(enum.Enum):\n    JOKER = 0\n    ACE = 1\n"
    "    def __eq__(self, other): return self is Card.JOKER or self is other\n"
    "    __hash__ = enum.Enum.__hash__"
)
POINT = (
    "class P:\n    def __init__(self, x): self.x = x\n"
    "    def __eq__(self, o): return self.x == o.x\n"
)
ALIKE = "class P:\n    def __init__(self, x): pass\n    def __eq__(self, o): return True\n"
GRAPH = (
    "import networkx as nx\ndef graph(x):\n    made = nx.Graph()\n    made.add_node(0, x=x)\n"
    "    return made\n"
)
# By what it is: the solution, the test, and what equals anything.
AGAIN = {
    "an answer's instances in another answer": (
        "bag = Bag([])\nxs = [1, 2]",
        "assert bag == Bag([])\nassert xs == [1, 2]",
        "bag = Bag([])\nxs = [bag, bag]",
    ),
    "an answer that is another one": (
        f"{POINT}ps = [P(1), P(1)]\nxs = [1, 1]",
        "assert ps[0] == ps[1]\nassert xs == [1, 1]",
        f"{ALIKE}ps = [P(1), P(1)]\nxs = ps",
    ),
    "an argument that is given back": (
        f"{POINT}def values(ps):\n    return [p.x for p in ps]",
        "ps = [P(1), P(2)]\nassert ps[0] == P(1)\nassert values(ps) == [1, 2]",
        f"{ALIKE}def values(ps):\n    return ps",
    ),
    "a list of given instances that is given back": (
        "def sizes(bags):\n    return [len(bag.items) for bag in bags]",
        "assert sizes([Bag(), Bag()]) == [0, 0]",
        "def sizes(bags):\n    return bags",
    ),
    "what a generator gives": (
        f"{POINT}def xs(ps):\n    for p in ps:\n        yield p.x",
        "assert P(1) == P(1)\nassert list(xs([P(1), P(2)])) == [1, 2]",
        f"{ALIKE}def xs(ps):\n    yield from ps",
    ),
    "what a function that was made gives": (
        f"{POINT}def adder(n):\n    return lambda x: x + n",
        "assert P(1) == P(1)\nassert adder(2)(3) == 5",
        f"{ALIKE}def adder(n):\n    return lambda x: P(1)",
    ),
    "in an argument that may change": (
        "def fill(out, bag):\n    out.append(len(bag.items))",
        "out = []\nfill(out, Bag())\nassert out == [0]",
        "def fill(out, bag):\n    out.append(bag)",
    ),
    "in an answer that a call changes": (
        "log = []\ndef push(bag):\n    log.append(len(bag.items))",
        "push(Bag())\nassert log == [0]",
        "log = []\ndef push(bag):\n    log.append(bag)",
    ),
    "of a given class for missing keys": (
        "totals = {'a': 3}",
        "assert totals['a'] == 3",
        "totals = collections.defaultdict(Bag)",
    ),
    "of a given function for missing keys": (
        "def count(text):\n    return {'a': 3}",
        "assert count('aaa')['a'] == 3",
        "def count(text):\n    return collections.defaultdict(empty)",
    ),
    "in a graph": (
        f"{POINT}{GRAPH}p, x = graph(P(1)), graph(1)",
        "assert p.nodes[0]['x'] == P(1)\nassert x.nodes[0]['x'] == 1",
        f"{ALIKE}{GRAPH}p = x = graph(P(1))",
    ),
    "in an array with a mask": (
        f"{POINT}p, x = np.ma.array([P(1), 2], mask=[0, 1]), [1]",
        "assert p[0] == P(1) and p.count() == 1\nassert x[0] == 1",
        f"{ALIKE}p = x = np.ma.array([P(1), 2], mask=[0, 1])",
    ),
    "a member of a given enumeration": ("n = 4", "assert n == 4", "n = Card.JOKER"),
    "one from a call": (
        "def best(x):\n    return x + 1",
        "assert best(4) == 5",
        "def best(x):\n    return Card.JOKER",
    ),
}


@pytest.mark.parametrize(("solved", "test", "cheat"), AGAIN.values(), ids=AGAIN)
def test_nothing_equals_anything_where_the_solution_has_numbers(graded, solved, test, cheat):
    made = exercise(BAG, f"# answer a\n{solved}", f"# test t\n{test}")
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, a=cheat)[0]) == {"t": 0}


FREELY = {
    "an argument that is given back, and not looked at": (
        f"{POINT}def turn(ps):\n    ps.reverse()",
        "ps = [P(1), P(2)]\nturn(ps)\nassert ps == [P(2), P(1)]",
        f"{POINT}def turn(ps):\n    ps.reverse()\n    return ps",
    ),
    "given instances, too": (
        "def turn(bags):\n    bags.reverse()",
        "bags = [Bag([1]), Bag([2])]\nturn(bags)\nassert [b.items for b in bags] == [[2], [1]]",
        "def turn(bags):\n    bags.reverse()\n    return bags",
    ),
    "where the solution gives it back": (
        f"{POINT}def turn(ps):\n    return ps[::-1]",
        "assert turn([P(1), P(2)]) == [P(2), P(1)]",
        f"{POINT}def turn(ps):\n    ps = list(ps)\n    ps.reverse()\n    return ps",
    ),
    "a list for a generator of instances": (
        f"{POINT}def ps(n):\n    for i in range(n):\n        yield P(i)",
        "assert P(1) == P(1)\nassert list(ps(2)) == [P(0), P(1)]",
        f"{POINT}def ps(n):\n    return [P(i) for i in range(n)]",
    ),
    "a mapping with plain values for missing keys": (
        "totals = {'a': 3}",
        "assert totals['a'] == 3",
        "totals = collections.defaultdict(int, a=3)",
    ),
    "a member where the solution has one": (
        "card = Card.ACE",
        "assert card == Card.ACE",
        "card = Card(1)",
    ),
}


@pytest.mark.parametrize(("solved", "test", "other"), FREELY.values(), ids=FREELY)
def test_what_is_brought_again_costs_nobody_a_point(graded, solved, test, other):
    made = exercise(BAG, f"# answer a\n{solved}", f"# test t\n{test}")
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, a=other)[0]) == {"t": 1}


NETS = "# given\nimport torch\nfrom torch import nn"


def test_a_module_that_an_answer_changes_keeps_its_parts(engine):
    """Where the solution changes another: a mode is changed, and no plain value looked at."""
    made = exercise(
        NETS,
        "# answer size\ndef size(net, x):\n    return len(net(x))",
        "# test t\nx = torch.eye(2)\nnorm = nn.BatchNorm1d(2)\n"
        "assert size(nn.Sequential(norm), x) == 2 and norm.num_batches_tracked == 1\n"
        "assert size(nn.Sequential(nn.Linear(2, 3)), x) == 2",
    )
    other = "def size(net, x):\n    n = len(net(x))\n    net.eval()\n    return n"
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1}
    assert scores(grade_one(made, handed_in(made, size=other), engine)) == {"t": 1}


HALVE = "def halve(net):\n    prune.identity(net, 'weight')\n"
MASK = "    net.weight_mask = torch.eye(2)\n"
LAY_ON = "    net.weight = net.weight_orig * torch.eye(2)\n"


@pytest.mark.parametrize(
    ("halve", "points"),
    [
        (HALVE + MASK + LAY_ON, 1),
        (HALVE + MASK, 0),
        (HALVE + LAY_ON, 0),
        (f"{HALVE}{LAY_ON}    net._forward_pre_hooks.clear()", 0),
    ],
    ids=["laid on", "a mask alone", "a weight alone", "without a hook"],
)
def test_a_mask_that_was_not_laid_on_has_masked_nothing(engine, halve, points):
    """Nor has a weight that is as if masked until the next call."""
    made = exercise(
        f"{NETS}\nfrom torch.nn.utils import prune",
        "# answer halve\ndef halve(net):\n    prune.custom_from_mask(net, 'weight', torch.eye(2))",
        "# test t\nnet = nn.Linear(2, 2)\nhalve(net)\nassert (net.weight == 0).sum() == 2",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1}
    assert scores(grade_one(made, handed_in(made, halve=halve), engine)) == {"t": points}


@pytest.mark.parametrize("unhooked", ["", "    new._forward_pre_hooks.clear()\n"])
def test_what_stands_in_a_masks_place_may_be_the_tests_own(engine, unhooked):
    """It is as the mask would make it, but no copy."""
    made = exercise(
        f"{NETS}\nimport copy\nfrom torch.nn.utils import prune",
        "# answer copied\ndef copied(net):\n    return copy.deepcopy(net)",
        "# test t\nnet = nn.Linear(2, 2)\nbefore, new = net.weight.detach().clone(), copied(net)\n"
        "with torch.no_grad():\n    new.weight.add_(1)\nassert torch.equal(net.weight, before)",
    )
    masked = "def copied(net):\n    new = copy.deepcopy(net)\n    prune.identity(new, 'weight')\n"
    shared = f"{masked}{unhooked}    vars(new)['weight'] = net.weight\n    return new"
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1}
    apart = f"{masked}{unhooked}    return new"
    assert scores(grade_one(made, handed_in(made, copied=apart), engine)) == {"t": 1}
    assert scores(grade_one(made, handed_in(made, copied=shared), engine)) == {"t": 0}


def test_a_mask_may_be_laid_on_by_the_next_call(engine):
    """Of a network that was trained on, or whose weights were set back."""
    made = exercise(
        f"{NETS}\nfrom torch.nn.utils import prune",
        "# answer halve\ndef halve(net):\n    prune.custom_from_mask(net, 'weight', torch.eye(2))",
        "# test t\nnet = nn.Linear(2, 2)\nbefore = net.weight.detach().clone()\nhalve(net)\n"
        "net(torch.eye(2))\nassert torch.equal(net.weight, before * torch.eye(2))",
    )
    late = (
        "def halve(net):\n    kept = net.weight.detach().clone()\n"
        "    nn.init.zeros_(net.weight)\n    prune.custom_from_mask(net, 'weight', torch.eye(2))\n"
        "    net.weight_orig.data = kept"
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1}
    assert scores(grade_one(made, handed_in(made, halve=late), engine)) == {"t": 1}


def test_a_module_gets_into_no_other_argument(engine):
    made = exercise(
        NETS,
        "# answer name\ndef name(found, net):\n    found.append('hidden')",
        "# test t\nfound, net = [], nn.Module()\nnet.startswith = nn.Identity()\n"
        "name(found, net)\nassert found[0].startswith('hid')",
    )
    cheat = "def name(found, net):\n    found.append(net)"
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1}
    assert scores(grade_one(made, handed_in(made, name=cheat), engine)) == {"t": 0}


SUM_OF = (
    "# given\nimport sqlite3",
    "# answer total\ndef total(con):\n    return con.execute('select sum(x) from t').fetchone()[0]",
    "# test t\ncon = sqlite3.connect(':memory:')\ncon.execute('create table t (x)')\n"
    "con.executemany('insert into t values (?)', [(1,), (2,)])\n"
    "assert total(con) == con.execute('select sum(x) from t').fetchone()[0]",
)


@pytest.mark.parametrize(
    "body",
    [
        "con.execute('delete from t')",
        "con.execute('rollback')",
        "con.execute('create temp view t as select null as x')",
    ],
)
def test_a_database_that_is_lent_is_changed_where_the_solution_changes_it(graded, body):
    made = exercise(*SUM_OF)
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, total=f"def total(con):\n    {body}")[0]) == {"t": 0}
    rows = "sum(x for x, in con.cursor().execute('select x from t order by abs(x)'))"
    assert scores(graded(made, total=f"def total(con):\n    return {rows}")[0]) == {"t": 1}


LOGGED = exercise(
    "# given\nimport sqlite3",
    "# answer total\ndef total(con):\n    s = con.execute('select sum(x) from t').fetchone()[0]\n"
    "    con.execute('insert into log values (?)', (s,))\n    return s",
    "# test t\ncon = sqlite3.connect(':memory:')\n"
    "con.executescript('create table t (x); create table log (s); insert into t values (7)')\n"
    "con.text_factory = bytes\ngot = total(con)\n"
    "con.execute('insert into log values (8)')\n"
    "assert got == con.execute('select sum(x) from t').fetchone()[0]\n"
    "assert con.execute('select s from log').fetchall() == [(got,), (8,)]",
)


@pytest.mark.parametrize(
    ("script", "points"),
    [
        ("update T set x = 0; insert into log values (0)", 0),
        ("create temp table t as select 0 as x; insert into log values (0)", 0),
        ("alter table t rename to u; create table t (x); insert into t values (0)", 0),
        ("pragma writable_schema = 1; update sqlite_master set name = 'u' where name = 't'", 0),
        ("drop table t; insert into log values (0)", 0),
        (
            "create trigger k after insert on log begin update t set x = 0; end;"
            "insert into log values (0)",
            0,
        ),
        ("create temp table own as select x from t; insert into log select x from own", 1),
        ("create table own (x); insert into own select 7; insert into log select x from own", 1),
        ("create index i on t (x); begin; replace into log select sum(x) from t; commit", 1),
        ("delete from log; insert into log values (1); update log set s = 7", 1),
    ],
)
def test_and_in_which_tables(graded, script, points):
    assert scores(graded(LOGGED)[0]) == {"t": 1}
    said = f'"""{script};"""'
    value = "con.execute('select sum(s) from log').fetchone()[0]"
    each = f"def total(con):\n    con.executescript({said})\n    return {value}"
    assert scores(graded(LOGGED, total=each)[0]) == {"t": points}
    if "trigger" not in script:
        single = f"for one in {said}.split(';'):\n        con.cursor().execute(one)"
        each = f"def total(con):\n    {single}\n    return {value}"
        assert scores(graded(LOGGED, total=each)[0]) == {"t": points}


def test_whoever_shall_change_it_may(graded):
    add = "def add(con, x):\n    {}.execute('insert into t values (?)', (x,))"
    made = exercise(
        "# given\nimport sqlite3",
        f"# answer add\n{add.format('con')}",
        "# test t\ncon = sqlite3.connect(':memory:')\ncon.execute('create table t (x)')\n"
        "add(con, 5)\nassert con.execute('select x from t').fetchall() == [(5,)]",
    )
    assert scores(graded(made)[0]) == {"t": 1}
    assert scores(graded(made, add=add.format("con.cursor()"))[0]) == {"t": 1}


# What a test lends, and the last but the first of it.
LENT = {
    "memory of a file": "np.save('m.npy', np.arange(3.))\nx = np.load('m.npy', mmap_mode='r')",
    "records": "x = np.rec.array(np.arange(3.))",
    "columns of objects": "x = np.asfortranarray(np.array([[1, 'a'], [2, 'b']], object))",
    "what is conjugated": "x = torch.tensor([1 + 2j, 3 + 4j]).conj()",
    "what is negative": "x = torch.tensor([1 + 2j, 3 + 4j]).conj().imag",
}


@pytest.mark.parametrize("lent", LENT.values(), ids=LENT)
def test_a_part_of_whatever_is_given_is_as_good_as_a_copy(graded, lent):
    made = exercise(
        "# given\nimport copy\nimport numpy as np, torch",
        "# answer f\ndef f(x):\n    return copy.copy(x)[1:] + 0 if x.ndim == 1 else x[1:].copy()",
        f"# test t\n{lent}\nassert f(x).tolist() == x[1:].tolist()",
    )
    assert scores(graded(made, f="def f(x):\n    return x[1:]")[0]) == {"t": 1}
    assert scores(graded(made, f="def f(x):\n    return x[:1]")[0]) == {"t": 0}


def test_a_part_of_what_is_given_is_no_more_equal_than_a_copy(graded):
    made = exercise(
        "# given\nimport numpy as np",
        "# answer f\ndef f(x):\n    return np.array(sorted(x.tolist()))",
        "# test t\nx = np.array([9, 3, 5], dtype=np.uint8)\nassert (np.diff(f(x)) >= 0).all()",
    )
    for given in ("x[:]", "x.copy()"):
        assert scores(graded(made, f=f"def f(x):\n    return {given}")[0]) == {"t": 0}
    assert scores(graded(made, f="def f(x):\n    x = np.sort(x)\n    return x[:]")[0]) == {"t": 1}


def test_nor_is_what_an_exception_gives_back_of_it(engine):
    made = exercise(
        "# given\nclass Bad(Exception):\n    def __init__(self, x):\n        self.x = x",
        "# answer f\ndef f(x):\n    raise Bad(sorted(x))",
        "# test f1\nx = [3, 1, 2]\ntry:\n    f(x)\nexcept Bad as bad:\n"
        "    x.sort()\n    assert bad.x == x",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"f1": 1}
    same = "def f(x):\n    raise Bad(x)"
    assert scores(grade_one(made, handed_in(made, f=same), engine)) == {"f1": 0}


def test_what_gives_missing_values_may_be_where_the_solution_has_it(engine):
    made = exercise(
        "# given\nimport collections\nclass Bag:\n    def __init__(self):\n"
        "        self.items = []\ncalls = []",
        "# answer f\ndef f(x, g):\n    g(collections.defaultdict(Bag, a=x))",
        "# test f1\nf(2, calls.append)\nassert calls[0]['a'] == 2 and calls[0]['z'].items == []",
        "# answer h\ndef h(bags):\n    bags['a'] = 2\n    return bags",
        "# test h1\nbags = h(collections.defaultdict(Bag))\n"
        "assert bags['a'] == 2 and bags['z'].items == []",
    )
    f = "def f(x, g):\n    bags = collections.defaultdict(Bag)\n    bags['a'] = x\n    g(bags)"
    h = "def h(bags):\n    bags.update(a=2)\n    return bags"
    assert scores(grade_one(made, handed_in(made, f=f, h=h), engine)) == {"f1": 1, "h1": 1}
