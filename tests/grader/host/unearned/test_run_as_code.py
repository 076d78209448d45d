"""What a test runs as code is the teacher's to judge, and nobody gets into the judge by it."""

from __future__ import annotations

import decimal
import pickle
import zlib

import pytest

from grader import grade_one
from grader.host.get_contract import get_contract
from tests.grader.conftest import exercise, handed_in, scores
from tests.grader.host.conftest import messages

# From there on every test has passed.
TAKES_OVER = (
    "code = '''import sys\nfrom grader.protocol.outputs import Report\n"
    "sys.modules['grader.sandboxed.judge'].run_cell = lambda *_: Report([])'''\n"
)
RUN_AS_CODE = {
    "by eval": ("x * x + 1", "eval(formula, {'x': 3}) == 10"),
    "by eval, with more around it": ("x*x+1", "eval(f'lambda x: {formula}')(3) == 10"),
    "by exec, of a result": ("y = 3", "exec(told(), names := {}) is None and names['y'] == 3"),
    "by compile": ("2 + 1", "eval(compile(formula, 'own.py', 'eval')) == 3"),
    "by sympy": ("x**2", "sympy.sympify(formula) == sympy.Symbol('x')**2"),
    "as a pickle": (pickle.dumps([1, 2]), "pickle.loads(told()) == [1, 2]"),
    "as a pickle, by a name of its own": (pickle.dumps([1, 2]), "loads(formula) == [1, 2]"),
    "as a pickle in a file": (pickle.dumps(3), "pd.read_pickle(io.BytesIO(formula)) == 3"),
    "as a pickle that is read in Python": (pickle.dumps(3), "pickle._loads(formula) == 3"),
    "as a pickle of joblib's": (
        pickle.dumps([0.5]),
        "joblib.load(io.BytesIO(formula)) == [0.5]",
    ),
    "as a pickle that a class of its own reads": (
        pickle.dumps(decimal.Decimal(3)),
        "Reader(io.BytesIO(formula)).load() == 3",
    ),
    "by IPython": ("y = 3", "get_ipython().run_cell(formula).success and y == 3"),
    "by a magic": ("y = 3", "get_ipython().run_cell_magic('capture', 'c', formula) or y == 3"),
    "as a tree": ("2 + 1", "eval(compile(ast.parse(formula, mode='eval'), 'f', 'eval')) == 3"),
    "in part": ("x = 2 + 1", "eval(formula.split('=')[1]) == 3"),
    "line by line": (
        "x = 3\ny = x * 2",
        "[exec(line, globals()) for line in told().splitlines()] and y == 6",
    ),
    "as examples": (
        ">>> 1 + 1\n2\n",
        "doctest.DocTestRunner().run(doctest.DocTestParser().get_doctest(formula, {}, 'n', '', 0))"
        ".failed == 0",
    ),
    "with another sign for powers": ("x^2", "eval(formula.replace('^', '**'), {'x': 3}) == 9"),
    "as letters": (["x", "+", "1"], "eval(''.join(formula), {'x': 3}) == 4"),
    "encoded": ("eSA9IDM=", "exec(base64.b64decode(told())) is None and y == 3"),
    "decompressed": (zlib.compress(b"2 + 1"), "eval(zlib.decompress(formula)) == 3"),
    "as a tree of another text": (
        "2^3",
        "eval(compile(ast.parse(formula.replace('^', '+'), mode='eval'), 'f', 'eval')) == 5",
    ),
    "as a compressed pickle": (
        zlib.compress(pickle.dumps([1, 2])),
        "pickle.loads(zlib.decompress(formula)) == [1, 2]",
    ),
    "as a pickle in numbers": ([*pickle.dumps(3)], "loads(bytes(formula)) == 3"),
    "as a pickle in text": (
        pickle.dumps(3).hex(),
        "pickle.load(io.BytesIO(bytes.fromhex(formula))) == 3",
    ),
    "by jinja2": ("Hello {{ x }}", "jinja2.Template(formula).render(x=1) == 'Hello 1'"),
    "as it is shown": ("[1, 2]", "eval(shown(tell)) == [1, 2]"),
    "as an error says it": ("[1, 2]", "eval(said(fail)) == [1, 2]"),
    "by mako": ("Hello ${x}", "mako.template.Template(formula).render(x=1) == 'Hello 1'"),
    "as a command": (
        "echo a b | wc -w",
        "int(subprocess.run(formula, shell=True, capture_output=True).stdout) == 2",
    ),
    "as a command of a system's": ("exit 3", "os.system(told()) != 0"),
    "as a program and its arguments": (
        ["echo", "a b"],
        "subprocess.check_output(formula) == b'a b\\n'",
    ),
    "as a program": (
        "print(1)\nprint(2)",
        "subprocess.run(['python3'], input=formula, capture_output=True, text=True).stdout"
        " == '1\\n2\\n'",
    ),
    "as a program that is written to": (
        "print(1)\nprint(2)",
        "subprocess.Popen(['python3', '-'], stdin=-1, stdout=-1, text=True).communicate(told())[0]"
        " == '1\\n2\\n'",
    ),
    "as a program in a file": (
        "print(1)\nprint(2)",
        "open('own.py', 'w').write(formula) and subprocess.getoutput('python3 own.py') == '1\\n2'",
    ),
    "as a program by its name": (
        "print(1)\nprint(2)",
        "open('own.py', 'w').write(formula) and subprocess.getoutput('python3 -m own') == '1\\n2'",
    ),
    "as a command of IPython's": ("echo a b", "get_ipython().getoutput(formula) == ['a b']"),
    "as a command that IPython shows": ("exit 3", "get_ipython().system(formula) is None"),
    "as a file that Python runs": (
        "print(2 + 3)",
        "open('own.py', 'w').write(told()) and os.system(f'{sys.executable} own.py') == 0",
    ),
    "as a module that Python runs": (
        "print(2 + 3)",
        "open('own.py', 'w').write(formula) and "
        "subprocess.check_output([sys.executable, '-m', 'own']) == b'5\\n'",
    ),
    "as a module of another text": (
        "eSA9IDIgKyAz",
        "open('own.py', 'wb').write(base64.b64decode(formula)) and "
        "importlib.import_module('own').y == 5",
    ),
    "as a module in an archive": (
        zlib.compress(b"y = 2 + 3"),
        "zipfile.ZipFile('own.zip', 'w').writestr('own.py', zlib.decompress(formula)) or "
        "sys.path.insert(0, 'own.zip') or importlib.import_module('own').y == 5",
    ),
    "as a file of another text that is run": (
        zlib.compress(b"y = 2 + 3"),
        "open('own.py', 'wb').write(zlib.decompress(formula)) and "
        "runpy.run_path('own.py')['y'] == 5",
    ),
    "as a program of another text": (
        "cHJpbnQoMiArIDMp",
        "open('own.py', 'wb').write(base64.b64decode(formula)) and "
        "subprocess.check_output([sys.executable, 'own.py']) == b'5\\n'",
    ),
    "as a module that is imported": (
        "y = 2 + 3",
        "open('own.py', 'w').write(formula) and importlib.import_module('own').y == 5",
    ),
    "by what Python reads": (
        "print(2 + 3)",
        "subprocess.check_output([sys.executable, '-'], input=formula, text=True) == '5\\n'",
    ),
    "by what Python reads later": (
        "print(2 + 3)",
        "subprocess.Popen([sys.executable, '-'], stdin=-1, stdout=-1, text=True)"
        ".communicate(formula)[0] == '5\\n'",
    ),
    "by pandas": ("a > 1", "len(pd.DataFrame({'a': [1, 2]}).query(formula)) == 1"),
}


@pytest.mark.parametrize(("formula", "test"), RUN_AS_CODE.values(), ids=RUN_AS_CODE)
def test_what_runs_as_code_is_left_to_the_teacher(engine, formula, test):
    made = exercise(
        "# given\nimport ast, base64, contextlib, doctest, importlib, io, jinja2, joblib, os\n"
        "import mako.template, pickle, runpy, subprocess, sympy, sys, zipfile, zlib\n"
        "import pandas as pd\nfrom pickle import loads\n"
        "def shown(f):\n    with contextlib.redirect_stdout(io.StringIO()) as out:\n        f()\n"
        "    return out.getvalue()\n"
        "def said(f):\n    try:\n        f()\n    except ValueError as error:\n"
        "        return str(error)\n"
        "class Reader(pickle.Unpickler): pass",
        f"# answer a\nformula = {formula!r}\ndef told(): return formula\n"
        "def tell(): print(formula)\ndef fail(): raise ValueError(formula)",
        f"# test runs\nassert {test}",
        "# test after\nassert len(formula) > 0",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"runs": None, "after": 1}
    clause = get_contract(made, "x", engine).tests["runs"]
    assert "it runs as code what an answer says" in clause.live


GIVEN_TO_A_PROGRAM = {
    "on standard input": (
        "subprocess.run(['wc', '-l'], input=text, capture_output=True, text=True).stdout",
        "'1\\n'",
    ),
    "in a file": ("open('own', 'w').write(text) and subprocess.getoutput('wc -l own')", "'1 own'"),
    "beside a program of the test's": (
        "subprocess.run(['python3', '-'], input='print(2)', capture_output=True, text=True).stdout",
        "'2\\n'",
    ),
}


@pytest.mark.parametrize(("made", "is_"), GIVEN_TO_A_PROGRAM.values(), ids=GIVEN_TO_A_PROGRAM)
def test_what_a_program_only_reads_is_no_code(engine, made, is_):
    made = exercise(
        "# given\nimport subprocess",
        "# answer text\ntext = 'a word, and another\\n'",
        f"# test runs\nassert len(text) > 3\nassert {made} == {is_}",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"runs": 1}


def test_nobody_gets_into_the_judge_by_a_formula(engine):
    made = exercise(
        "# answer formula\nformula = 'x * x + 1'",
        "# answer n\nn = 5",
        "# test runs\nassert eval(formula, {'x': 3}) == 10",
        "# test after\nassert n == 5",
    )
    cheat = f"{TAKES_OVER}formula = f'[10, exec({{code!r}})][0]'"
    result = grade_one(made, handed_in(made, formula=cheat, n="n = 6"), engine)
    assert scores(result) == {"runs": None, "after": 0}


BY_JOBLIB = "file = io.BytesIO()\n    joblib.dump(x, file)\n    return file.getvalue()"
PICKLED = {
    "as ever": ("return pickle.dumps(x)", "pickle.loads(save([1]))"),
    # scikit-learn's own pages name it for models, and it reads pickles by itself.
    "by joblib": (BY_JOBLIB, "joblib.load(io.BytesIO(save([1])))"),
    "in Python": (BY_JOBLIB, "pickle._loads(save([1]))"),
}


@pytest.mark.parametrize(("saves", "reads"), PICKLED.values(), ids=PICKLED)
def test_nobody_gets_into_the_judge_by_a_pickle(engine, saves, reads):
    made = exercise(
        "# given\nimport io, joblib, pickle",
        f"# answer save\ndef save(x):\n    {saves}",
        "# answer n\nn = 5",
        f"# test saves\nassert {reads} == [1]",
        "# test after\nassert n == 5",
    )
    cheat = (
        f"{TAKES_OVER}class Code:\n    def __reduce__(self):\n"
        "        return eval, (f'[1, exec({code!r})][:1]',)\n"
        "def save(x):\n    return pickle.dumps(Code())"
    )
    result = grade_one(made, handed_in(made, save=cheat, n="n = 6"), engine)
    assert scores(result) == {"saves": None, "after": 0}


PACKED = (
    "# given\nimport importlib, io, shutil, tarfile, zipfile\n"
    "def as_zip(files):\n    made = io.BytesIO()\n"
    "    with zipfile.ZipFile(made, 'w') as archive:\n"
    "        for name, text in files.items():\n            archive.writestr(name, text)\n"
    "    return made.getvalue()\n"
    "def as_tar(files):\n    made = io.BytesIO()\n"
    "    with tarfile.open(fileobj=made, mode='w:gz') as archive:\n"
    "        for name, text in files.items():\n            info = tarfile.TarInfo(name)\n"
    "            info.size = len(text)\n"
    "            archive.addfile(info, io.BytesIO(text.encode()))\n"
    "    return made.getvalue()"
)
UNPACKS = {
    "zip": ("as_zip", "zipfile.ZipFile(io.BytesIO(packed)).extractall()"),
    "a member of zip": ("as_zip", "zipfile.ZipFile(io.BytesIO(packed)).extract('{}')"),
    "tar": ("as_tar", "tarfile.open(fileobj=io.BytesIO(packed)).extractall()"),
    "shutil": (
        "as_zip",
        "open('own.zip', 'wb').write(packed)\nshutil.unpack_archive('own.zip', '.')",
    ),
}


@pytest.mark.parametrize(("pack", "unpack"), UNPACKS.values(), ids=UNPACKS)
def test_no_archive_lays_code_or_replaces_a_file_where_the_test_works(engine, pack, unpack):
    cheats = {"poplib.py": "import builtins; builtins.WON = True", "wanted": "0"}
    for replaced, content in cheats.items():
        made = exercise(
            PACKED,
            f"# answer packed\npacked = {pack}({{'notes': 'hello'}})",
            "# answer n\nn = 5",
            "# test unpacks\nopen('wanted', 'w').write('5')\n"
            f"{unpack.format('notes')}\nassert open('notes').read() == 'hello'",
            "# test after\nimport builtins\nimportlib.import_module('poplib')\n"
            "assert hasattr(builtins, 'WON') or n == int(open('wanted').read())",
        )
        assert scores(grade_one(made, handed_in(made), engine)) == {"unpacks": 1, "after": 1}
        files = {replaced: content, "notes": "hello"}
        cheat = {"packed": f"packed = {pack}({files!r})", "n": "n = 0"}
        result = grade_one(made, handed_in(made, **cheat), engine)
        # Of one member nothing else is unpacked.
        held = {"unpacks": 1 if "extract('" in unpack else 0, "after": 0}
        assert scores(result) == held


@pytest.mark.parametrize("names", ["external=[('wanted', 0, 2)]", "data=np.uint8([5, 7])"])
def test_a_file_in_hdf5_names_no_file_of_the_tests(engine, names):
    pytest.importorskip("h5py")
    packed = (
        "made = io.BytesIO()\nwith h5py.File(made, 'w') as file:\n"
        "    file.create_group('g').create_dataset('n', (2,), np.uint8, {})\n"
        "packed = made.getvalue()"
    )
    made = exercise(
        "# given\nimport h5py, io\nimport numpy as np",
        f"# answer packed\n{packed.format('data=np.uint8([5, 7])')}",
        "# test reads\nopen('wanted', 'wb').write(bytes([5, 7]))\n"
        "with h5py.File(io.BytesIO(packed)) as file:\n"
        "    assert file['g/n'][:].tolist() == list(open('wanted', 'rb').read())",
    )
    result = grade_one(made, handed_in(made, packed=packed.format(names)), engine)
    assert scores(result) == {"reads": int(names.startswith("data"))}


def test_an_archive_of_code_is_left_to_the_teacher(engine):
    made = exercise(
        PACKED,
        "# answer packed\npacked = as_zip({'own.py': 'x = 3'})",
        f"# test unpacks\n{UNPACKS['zip'][1]}\nassert importlib.import_module('own').x == 3",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"unpacks": None}


SCRIPT = (
    "class Net(nn.Module):\n    def forward(self, x):\n        return {}\n"
    "file = io.BytesIO()\ntorch.jit.save(torch.jit.script(Net()), file)\n"
    "network = file.getvalue()"
)
READ_AS_CODE = {
    "from bytes": "torch.jit.load(io.BytesIO(network))",
    "from a file": "(open('net.pt', 'wb').write(network), torch.jit.load('net.pt'))[1]",
    "by torch.load": "torch.load(io.BytesIO(network), weights_only=False)",
}


@pytest.mark.parametrize("read", READ_AS_CODE.values(), ids=READ_AS_CODE)
def test_a_network_that_is_code_is_left_to_the_teacher(engine, read):
    made = exercise(
        "# given\nimport io, torch\nfrom torch import nn",
        f"# answer network\n{SCRIPT.format('2 * x')}",
        "# answer n\nn = 5",
        f"# test reads\nnet = {read}\nassert net(torch.ones(2)).tolist() == [2, 2]",
        "# test after\nassert n == 5",
    )
    assert "it runs as code" in get_contract(made, "x", engine).tests["reads"].live
    cheat = SCRIPT.format("torch.from_file('wanted', size=2, dtype=torch.uint8).float()")
    result = grade_one(made, handed_in(made, network=cheat), engine)
    assert scores(result) == {"reads": None, "after": 1}


NETWORK = """w = numpy_helper.from_array(np.array([10, 40], np.uint8), 'w')
network = made(w)"""
READS_WHAT_IT_NAMES = {
    "by onnxruntime": "run(network)",
    "by onnxruntime, of a file": "(open('own.onnx', 'wb').write(network), run('own.onnx'))[1]",
    "by onnx": "numpy_helper.to_array(onnx.load_from_string(network).graph.initializer[0])",
}


@pytest.mark.parametrize("read", READS_WHAT_IT_NAMES.values(), ids=READS_WHAT_IT_NAMES)
def test_a_network_that_names_a_file_of_the_tests_does_not_read_it(engine, read):
    pytest.importorskip("onnxruntime")
    made = exercise(
        "# given\nimport numpy as np, onnx, onnxruntime\n"
        "from onnx import TensorProto, helper, numpy_helper\n"
        "def made(w):\n"
        "    nodes = [helper.make_node('Gather', ['w', 'i'], ['g'])]\n"
        "    i = helper.make_tensor_value_info('i', TensorProto.INT64, [None])\n"
        "    g = helper.make_tensor_value_info('g', TensorProto.UINT8, None)\n"
        "    graph = helper.make_graph(nodes, 'n', [i], [g], [w])\n"
        "    sets = [helper.make_opsetid('', 17)]\n"
        "    return helper.make_model(graph, opset_imports=sets, ir_version=9)"
        ".SerializeToString()\n"
        "def run(network):\n"
        "    options = onnxruntime.SessionOptions()\n"
        "    options.log_severity_level = 4\n"
        "    session = onnxruntime.InferenceSession(network, options)\n"
        "    return session.run(None, {'i': np.arange(2)})[0]",
        f"# answer network\n{NETWORK}",
        "# answer n\nn = 5",
        "# test reads\nopen('wanted', 'wb').write(bytes([10, 40]))\n"
        f"found = {read}\nassert found.tolist() == list(open('wanted', 'rb').read())",
        "# test after\nassert n == 5\nassert open('wanted', 'rb').read()",
    )
    cheat = (
        "w = TensorProto(name='w', data_type=TensorProto.UINT8, dims=[2],\n"
        "                data_location=TensorProto.EXTERNAL)\n"
        "for key, value in {'location': 'wanted', 'offset': '0', 'length': '2'}.items():\n"
        "    w.external_data.add(key=key, value=value)\n"
        "network = made(w)"
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"reads": 1, "after": 1}
    result = grade_one(made, handed_in(made, network=cheat), engine)
    assert scores(result) == {"reads": 0, "after": 1}


LEFT_TO_IT = {
    "a text": ("formula", "formula = 'x * x'", "eval(left, {'x': 3}) == 9"),
    "a pickle": ("saved", "saved = pickle.dumps(9)", "pickle.loads(left) == 9"),
}


@pytest.mark.parametrize(("name", "solved", "test"), LEFT_TO_IT.values(), ids=LEFT_TO_IT)
def test_nor_by_what_an_earlier_test_leaves_to_one(engine, name, solved, test):
    made = exercise(
        "# given\nimport pickle",
        f"# answer a\n{solved}",
        f"# test takes\nleft = {name}\nassert len(left) > 0",
        f"# test runs\nassert {test}",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"takes": 1, "runs": None}


UNPICKLES = {
    "bytes": (
        "np.load(io.BytesIO(save([1])), allow_pickle=True)",
        "np.save(file, {})",
        "",
    ),
    "bytes, as text": (
        "np.load(io.BytesIO(bytes.fromhex(save([1]))), allow_pickle=True)",
        "np.save(file, {})",
        ".hex()",
    ),
    "an archive, as text": (
        "np.load(io.BytesIO(bytes.fromhex(save([1]))), allow_pickle=True)['a']",
        "np.savez(file, a={})",
        ".hex()",
    ),
    "a file that the test has written": (
        "open('own.npy', 'wb').write(bytes.fromhex(save([1]))) and "
        "np.load('own.npy', allow_pickle=True)",
        "np.save(file, {})",
        ".hex()",
    ),
}


@pytest.mark.parametrize(("read", "write", "form"), UNPICKLES.values(), ids=UNPICKLES)
def test_nor_where_a_library_unpickles_what_the_solution_has_as_numbers(engine, read, write, form):
    def saving(what):
        return (
            f"def save(x):\n    file = io.BytesIO()\n    {write.format(what)}\n"
            f"    return file.getvalue(){form}"
        )

    made = exercise(
        "# given\nimport io\nimport numpy as np",
        f"# answer save\n{saving('np.array(x)')}",
        "# answer n\nn = 5",
        f"# test saves\nassert list({read}) == [1]",
        "# test after\nassert n == 5",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"saves": 1, "after": 1}
    cheat = (
        f"{TAKES_OVER}class Code:\n    def __reduce__(self):\n"
        "        return eval, (f'[1, exec({code!r})][0]',)\n"
        f"{saving('np.array([Code()], object)')}"
    )
    result = grade_one(made, handed_in(made, save=cheat, n="n = 6"), engine)
    assert scores(result) == {"saves": 0, "after": 0}


def test_nor_by_what_a_library_runs_for_no_solution(engine):
    made = exercise(
        "# given\nimport logging.config, timeit",
        "# answer a\nsettings = {'version': 1}",
        "# answer n\nn = 5",
        "# test sets\nassert logging.config.dictConfig(settings) is None",
        "# test after\nassert n == 5",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"sets": 1, "after": 1}
    cheat = (
        f"{TAKES_OVER}settings = {{'version': 1, 'formatters': {{'f': "
        "{'()': 'timeit.timeit', 'stmt': f'exec({code!r})', 'number': 1}}}"
    )
    result = grade_one(made, handed_in(made, a=cheat, n="n = 6"), engine)
    assert scores(result) == {"sets": 0, "after": 0}


OTHER_KINDS = {
    "an array": "np.array([1, 2])",
    "numbers of NumPy's": "list(np.array([1, 2]))",
    "a range": "range(1, 3)",
    "fractions": "[fractions.Fraction(1), 2]",
    "bytes": "b'\\1\\2'",
    "a named tuple": "collections.namedtuple('Pair', 'x y')(1, 2)",
}
AS_IT_CAME = {
    "it": "pair()",
    "what was pickled of it": "pickle.loads(pickle.dumps(pair()))",
    "what was pickled by names of its own": "loads(dumps(pair()))",
    "a file that it was pickled to": "saved(pair())",
    "what lies on a shelf": "shelved(pair())",
}
GIVEN_TO_SAVE = """# given
import collections, fractions, io, pickle, shelve
from pickle import dumps, loads
import numpy as np
def shelved(value):
    with shelve.open('own') as shelf:
        shelf['it'] = value
        return shelf['it']
def saved(value):
    with open('own.pkl', 'wb') as file:
        pickle.dump(value, file)
    with open('own.pkl', 'rb') as file:
        return pickle.load(file)"""


@pytest.mark.parametrize("read", AS_IT_CAME.values(), ids=AS_IT_CAME)
def test_what_the_solution_has_no_need_of_costs_no_other_kind_of_value(engine, read):
    made = exercise(
        GIVEN_TO_SAVE,
        "# answer pair\ndef pair():\n    return [1, 2]",
        f"# test t\nassert sorted({read}) == [1, 2]",
    )
    for name, value in OTHER_KINDS.items():
        if name == "a named tuple" and read != "pair()":
            # Nothing finds its class again.
            continue
        given = handed_in(made, pair=f"def pair():\n    return {value}")
        assert scores(grade_one(made, given, engine)) == {"t": 1}, name


def test_nor_is_what_lies_before_a_pickle_of_the_tests_its_own(engine):
    made = exercise(
        "# given\nimport io, pickle",
        "# answer begin\ndef begin():\n    return ''",
        "# answer n\nn = 5",
        "# test t\nfile = io.BytesIO(bytes.fromhex(begin()))\nfile.seek(0, 2)\n"
        "pickle.dump(3, file)\nfile.seek(0)\nassert pickle.load(file) == 3",
        "# test after\nassert n == 5",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1, "after": 1}
    cheat = (
        f"{TAKES_OVER}class Code:\n    def __reduce__(self):\n"
        "        return eval, (f'[3, exec({code!r})][0]',)\n"
        "def begin():\n    return pickle.dumps(Code()).hex()"
    )
    result = grade_one(made, handed_in(made, begin=cheat, n="n = 6"), engine)
    assert scores(result) == {"t": 0, "after": 0}


NAMED_AS_METHODS = {
    "of a tensor": "weight = torch.zeros(3)\n    weight.equal = set\n"
    "    state = [('weight', weight)]",
    "of a parameter": "weight = torch.nn.Parameter(torch.zeros(3))\n    weight.equal = torch.Size\n"
    "    state = [('weight', weight)]",
    "of what holds them": "state = State()",
}


@pytest.mark.parametrize("made", NAMED_AS_METHODS.values(), ids=NAMED_AS_METHODS)
def test_nothing_that_torch_reads_answers_by_a_method_of_its_own(engine, made):
    saving = (
        "def save():\n    {}\n    torch.save(state, file := io.BytesIO())\n"
        "    return file.getvalue()"
    )
    asked = exercise(
        "# given\nimport collections, io, torch",
        "# answer save\n" + saving.format("state = {'weight': torch.tensor([1, 2, 3])}"),
        "# test t\nstate = torch.load(io.BytesIO(save()))\n"
        "for name, value in dict(state).items():\n"
        "    assert value.equal(torch.tensor([1, 2, 3]))\nassert state.items()",
    )
    honest = (
        "weight = torch.tensor([1, 2, 3])\n    weight.note = 'mine'\n    state = {'weight': weight}"
    )
    given = handed_in(asked, save=saving.format(honest))
    assert scores(grade_one(asked, given, engine)) == {"t": 1}
    cheat = (
        "class State(collections.OrderedDict):\n    def __reduce__(self):\n"
        "        return collections.OrderedDict, (), {'items': collections.Counter, 'keys': set}\n"
    )
    given = handed_in(asked, save=cheat + saving.format(made))
    result = grade_one(asked, given, engine)
    assert scores(result) == {"t": 0}
    assert "in the place of a method" in messages(result)["t"][0]


LAYS = {
    "as names of files": (
        "{'a.txt': 'x'}",
        "{'laid.py': code}",
        "for name, text in files.items():\n    open(name, 'w').write(text)",
    ),
    "as the file of a log": (
        "{'version': 1}",
        "{'version': 1, 'root': {'level': 'DEBUG', 'handlers': ['h']}, "
        "'formatters': {'f': {'format': code + '\\n#%(message)s'}}, "
        "'handlers': {'h': {'class': 'logging.FileHandler', 'filename': 'laid.py', "
        "'formatter': 'f'}}}",
        "logging.config.dictConfig(files)\nlogging.warning('here')",
    ),
}


@pytest.mark.parametrize(("own", "cheat", "lay"), LAYS.values(), ids=LAYS)
def test_nor_as_a_module_that_a_test_has_written(engine, own, cheat, lay):
    """Python looks first where tests work: for whatever a library would like to have, too."""
    made = exercise(
        "# given\nimport logging.config\nopen('given.py', 'w').write('m = 4')",
        f"# answer files\nfiles = {own}",
        "# answer n\nn = 5",
        f"# test lays\n{lay}",
        "# test imports\nimport given\ntry:\n    import laid\nexcept ImportError:\n    pass\n"
        "assert given.m == 4",
        "# test after\nassert n == 5",
    )
    solved = {"lays": 1, "imports": 1, "after": 1}
    assert scores(grade_one(made, handed_in(made), engine)) == solved
    result = grade_one(
        made, handed_in(made, files=f"{TAKES_OVER}files = {cheat}", n="n = 6"), engine
    )
    assert scores(result) == {"lays": 1, "imports": 0, "after": 0}


RUNS_TEXTS = {
    "beside a data class of the test's": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nassert P(1) == P(1)\n"
        "assert sympy.Matrix(pair()) == sympy.Matrix([1, 2])",
        "",
    ),
    "beside code that the library makes of what is the test's": (
        "x = sympy.Symbol('x')\nf = sympy.lambdify(x, x + 1)\n"
        "assert sympy.Matrix(pair()) == sympy.Matrix([f(0), 2])",
        "",
    ),
    "in a given cell": ("made = pair()\nassert len(made) == 2", "print(sympy.Matrix(made))"),
    "in a thread that outlives the test": (
        "made, go = pair(), threading.Event()\n"
        "def late():\n    go.wait()\n    sympy.Matrix(made)\n"
        "thread = threading.Thread(target=late, daemon=True)\nthread.start()\n"
        "assert len(made) == 2",
        "if 'go' in globals():\n    go.set()\n    thread.join()",
    ),
}


@pytest.mark.parametrize(("test", "given"), RUNS_TEXTS.values(), ids=RUNS_TEXTS)
def test_nor_by_a_library_where_other_code_is_run_or_no_test_is(engine, test, given):
    """sympy takes texts for numbers, and runs them."""
    made = exercise(
        "# given\nimport sympy, threading",
        "# answer pair\ndef pair():\n    return [1, 2]",
        "# answer n\nn = 5",
        f"# test t\n{test}",
        f"# given\n{given}",
        "# test after\nassert n == 5",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1, "after": 1}
    runs = "\"__import__('builtins').exec(%r, {})\" % code"
    cheat = f"{TAKES_OVER}def pair():\n    return [{runs}, 2]"
    result = grade_one(made, handed_in(made, pair=cheat, n="n = 6"), engine)
    assert scores(result)["after"] == 0


IN_CODE_OF_ITS_OWN = {
    "by eval": "eval(f'{four} * 2') == 8",
    "by a tree": "eval(compile(ast.parse(f'{four} * 2', mode='eval'), 'x', 'eval')) == 8",
    "by another cell": "get_ipython().run_cell(f'found = {four} * 2') and found == 8",
    "by a thread": "pool().submit(eval, f'{four} * 2').result() == 8",
    "by another cell in a thread": (
        "pool().submit(get_ipython().run_cell, f'found = {four} * 2').result() and found == 8"
    ),
    "in another case": "eval(f'{four} * 2'.lower()) == 8",
    "by timeit": "timeit.timeit(f'sum(range({four}))', number=2) < 9",
    "by sympy": "sympy.sympify(f'x - {four}').subs('x', 4) == 0",
    "by pandas": "len(pd.DataFrame({'a': [3, 5]}).query(f'a > {four}')) == 1",
    "by a shell": "subprocess.getoutput(f'seq {four}') == '1\\n2\\n3\\n4'",
}


@pytest.mark.parametrize("test", IN_CODE_OF_ITS_OWN.values(), ids=IN_CODE_OF_ITS_OWN)
def test_nor_in_code_of_the_tests_that_has_a_number_of_the_solutions(engine, test):
    made = exercise(
        "# given\nimport ast, subprocess, timeit\nimport pandas as pd, sympy\n"
        "from concurrent.futures import ThreadPoolExecutor as pool",
        "# answer a\nfour = 4",
        "# answer say\ndef say(x):\n    return f'{x}'",
        f"# test t\nassert {test}",
        "# test u\nassert say(3) == '3' and eval('1 + 2') == 3",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1, "u": 1}
    # What they show may be what a test says.
    shows = "def say(x):\n    print('1 + 2')\n    return str(x)"
    assert scores(grade_one(made, handed_in(made, say=shows), engine)) == {"t": 1, "u": 1}
    for text in ("(__IMPORT__('os').abort() or 4)", "4 if open else 5"):
        if ".lower()" not in test:
            text = text.lower()
        result = grade_one(made, handed_in(made, a=f"four = {text!r}"), engine)
        assert scores(result) == {"t": 0, "u": 1}, text
        assert "would run as code" in messages(result)["t"][0] or "thread" in test
    # Numbers in a row are no Python.
    shows = "def say(x):\n    print('4 4')\n    return str(x)"
    assert scores(grade_one(made, handed_in(made, say=shows), engine)) == {"t": 1, "u": 1}


@pytest.mark.parametrize("form", ["pathlib.Path({!r})", "np.str_({!r})", "np.array({!r})"])
def test_nor_a_text_of_another_type(engine, form):
    made = exercise(
        "# given\nimport pandas as pd\ndf = pd.DataFrame({'a': [3, 5]})",
        "# answer a\nfour = 4",
        "# test t\nassert eval(f'{four} * 2') == 8",
        "# test u\nassert len(df.query(f'a > {four}')) == 1",
    )
    imports = "import decimal, pathlib\nimport numpy as np\n"
    for number in ("np.int64(4)", "decimal.Decimal('4.00')"):
        right = grade_one(made, handed_in(made, a=f"{imports}four = {number}"), engine)
        assert scores(right) == {"t": 1, "u": 1}
    cheat = f"{imports}four = {form.format('(print() or 4)')}"
    result = grade_one(made, handed_in(made, a=cheat), engine)
    assert scores(result) == {"t": 0, "u": 0}
    assert all("would run as code" in messages(result)[name][0] for name in "tu")


def test_nor_what_comes_of_a_source_by_itself(engine):
    made = exercise(
        "# given\nimport pandas as pd, sys\ndf = pd.DataFrame({'a': [3, 5]})",
        "# answer a\nsource = 'def f(): return 4'",
        "# test t\nbench, four = sys.modules.get('grading_bench'), 4\n"
        "if bench:\n    outcome, four = bench.call_alone(source, 'f', ())\n"
        "assert len(df.query(f'a > {four}')) == 1",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1}
    cheat = "source = 'def f(): return chr(64) + \"len([0] * 4)\"'"
    result = grade_one(made, handed_in(made, a=cheat), engine)
    assert "would run as code" in messages(result)["t"][0]


def test_nor_what_is_written_in_parts(engine):
    made = exercise(
        "# given\nimport io\nimport pandas as pd\ndf = pd.DataFrame({'a': [3, 5]})",
        "# answer a\ndef tell(file):\n    file.write('4')",
        "# test t\ntell(out := io.StringIO())\nassert len(df.query(f'a > {out.getvalue()}')) == 1",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1}
    # A call that fails writes nothing.
    parts = "def tell(file):\n    try:\n        file.write('no', 'such')\n    except TypeError:\n"
    parts += "        for letter in {!r}:\n            file.write(letter)"
    right = grade_one(made, handed_in(made, a=parts.format("4.0")), engine)
    assert scores(right) == {"t": 1}
    result = grade_one(made, handed_in(made, a=parts.format("@len([0] * 4)")), engine)
    assert "would run as code" in messages(result)["t"][0]


def test_nor_what_is_printed_in_parts(engine):
    made = exercise(
        "# given\nimport contextlib, io\nimport pandas as pd\ndf = pd.DataFrame({'a': [3, 5]})",
        "# answer a\ndef tell():\n    print(4)",
        "# test t\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n    tell()\n"
        "assert len(df.query(f'a > {out.getvalue().strip()}')) == 1",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1}
    # Two letters are no code, and what is shown between keeps them apart.
    cheat = "def tell():\n    for two in ('@l', 'en', '([', '0]', '*4', ')'):\n"
    cheat += "        print(two, end='')\n        display(0)"
    result = grade_one(made, handed_in(made, a=cheat), engine)
    assert "would run as code" in messages(result)["t"][0]


def test_nor_bytes_that_a_test_decodes(engine):
    made = exercise(
        "# given\nimport pandas as pd\ndf = pd.DataFrame({'a': [3, 5]})",
        "# answer a\nfour = b'4'",
        "# test t\nassert len(df.query(f'a > {four.decode()}')) == 1",
    )
    for right in ("b'4'", "b'4.0'"):
        assert scores(grade_one(made, handed_in(made, a=f"four = {right}"), engine)) == {"t": 1}
    result = grade_one(made, handed_in(made, a="four = b'@len([0] * 4)'"), engine)
    assert "would run as code" in messages(result)["t"][0]


def test_nor_what_ends_a_text_of_the_tests(engine):
    made = exercise(
        "# given\nimport pandas as pd\ndf = pd.DataFrame({'city': ['Bonn', 'Ulm']})",
        "# answer a\ncity = 'Bonn'",
        "# test t\nassert len(df.query(f'city == \"{city}\"')) == 1",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"t": 1}
    assert scores(grade_one(made, handed_in(made, a="city = 'Ulm'"), engine)) == {"t": 1}
    # By itself it is a text, and nothing else.
    cheat = """city = '" + @pd.core.common.builtins.str("Bonn") + "'"""
    result = grade_one(made, handed_in(made, a=cheat), engine)
    assert scores(result) == {"t": 0}
    assert "would run as code" in messages(result)["t"][0]


IN_ROWS = """import pandas as pd
table = pd.DataFrame([["(", "print", "("], [")", "or", "4"], [")", "", ""]], index=["", "", ""])
table.columns = ["(", "int", "("]
"""
TABLES = {
    "an answer": {"a": f"{IN_ROWS}four = table"},
    "in a list": {"a": f"{IN_ROWS}four = [table]"},
    "of another answer": {"a": "", "b": f"{IN_ROWS}ages, four = table, table"},
}


@pytest.mark.parametrize("cheat", TABLES.values(), ids=TABLES)
def test_nor_what_a_table_shows_in_rows(engine, cheat):
    """Each by itself is a name or a sign."""
    made = exercise(
        "# given\nimport numpy as np, pandas as pd",
        "# answer a\nfour = 4",
        "# answer b\nages = pd.DataFrame([[3], [5]])",
        "# answer c\nlast = np.array([5])",
        "# test t\nassert eval(f'{four} * 2') == 8 and len(ages) == 2",
        "# test u\nassert last.max() == 5 and len(ages.query(f'index > {four - 4}')) == 1",
    )
    # Where the solution has none one may be, too, and where it has one with any names.
    right = {"b": "ages = pd.DataFrame({'age': [3, 5]})", "c": "last = pd.Series({'last': 5})"}
    for answers in ({}, right):
        assert scores(grade_one(made, handed_in(made, **answers), engine)) == {"t": 1, "u": 1}
    result = grade_one(made, handed_in(made, **cheat), engine)
    assert scores(result)["t"] == 0
    assert "would run as code" in messages(result)["t"][0]


def test_nor_as_what_is_compiled_of_a_module(engine, tmp_path):
    """The second word of it says that it need not be compared with the source."""
    (tmp_path / "given.py").write_text("m = 4")
    made = exercise(
        "# given\nimport os",
        "# answer files\nfiles = {'own/a': b'x'}",
        "# answer n\nn = 5",
        "# test lays\nfor name, data in files.items():\n"
        "    os.makedirs(os.path.dirname(name), exist_ok=True)\n    open(name, 'wb').write(data)",
        "# test imports\ndef limit():\n    import given\n    return given.m\nassert limit() == 4",
        "# test after\nassert n == 5",
        files={"given.py": tmp_path / "given.py"},
    )
    solved = {"lays": 1, "imports": 1, "after": 1}
    assert scores(grade_one(made, handed_in(made), engine)) == solved
    cheat = (
        f"{TAKES_OVER}import importlib.util, marshal\n"
        "data = importlib.util.MAGIC_NUMBER + bytes([1]) + bytes(11)\n"
        "data += marshal.dumps(compile(code + '\\nm = 4', 'given.py', 'exec'))\n"
        "files = {importlib.util.cache_from_source('given.py'): data}"
    )
    result = grade_one(made, handed_in(made, files=cheat, n="n = 6"), engine)
    assert scores(result) == {"lays": 1, "imports": 0, "after": 0}


def test_nor_by_names_in_yaml(engine):
    made = exercise(
        "# given\nimport yaml",
        "# answer a\nformula = 'a: [1, 2]'",
        "# answer n\nn = 5",
        "# test reads\nassert yaml.load(formula, Loader=yaml.UnsafeLoader)['a'] == [1, 2]",
        "# test after\nassert n == 5",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"reads": 1, "after": 1}
    cheat = (
        f"{TAKES_OVER}import json\n"
        "formula = 'a: [1, 2]\\nb: !!python/object/apply:exec [' + json.dumps(code) + ', {}]'"
    )
    result = grade_one(made, handed_in(made, a=cheat, n="n = 6"), engine)
    assert scores(result) == {"reads": 0, "after": 0}


READ_ONLY = {
    "bytes": (b"abc", "pickle.loads(pickle.dumps(2)) == 2 and len(formula) == 3"),
    "a pickle of its own, in a file": (
        b"abc",
        "[pickle.dump(2, f := io.BytesIO()), f.seek(0)] and pickle.loads(f.getvalue()) == 2",
    ),
    "a model of its own": (
        "abc",
        "[torch.save([2], f := io.BytesIO()), f.seek(0)] and "
        "torch.load(f, weights_only=False) == [2] and formula",
    ),
    "a model of its own, in a file": (
        "abc",
        "torch.save([2], 'own.pt') or torch.load('own.pt', weights_only=False) == [2] and formula",
    ),
    "objects of its own": (
        "abc",
        "np.save(f := io.BytesIO(), np.array([None])) or f.seek(0) or "
        "np.load(f, allow_pickle=True)[0] is None and formula",
    ),
    "a literal": ("[1, 2]", "ast.literal_eval(formula) == [1, 2]"),
    "a tree": ("x + 1", "type(ast.parse(formula).body[0]) is ast.Expr"),
    "names of a tuple": ("x, y", "collections.namedtuple('P', 'x y')(1, 2).x == 1 and formula"),
    "a query of its own": ("abc", "len(pd.DataFrame({'a': [1]}).query('a > 0')) == 1 and formula"),
    "what a command of its own reads": (
        "a b",
        "subprocess.check_output(['wc', '-w'], input=b'a b c') == b'3\\n' and formula",
    ),
    "a command of its own": ("a.txt", "os.system('exit 3') != 0 and formula"),
    "a template of its own": ("a b", "jinja2.Template('{{ x }}!').render(x=formula) == 'a b!'"),
    "code of its own": ("x", "eval('[x for x in [1]]') == [1] and formula == 'x'"),
}


@pytest.mark.parametrize(("formula", "test"), READ_ONLY.values(), ids=READ_ONLY)
def test_what_is_only_read_is_judged(engine, formula, test):
    made = exercise(
        "# given\nimport ast, collections, io, jinja2, os, pickle, subprocess, torch\n"
        "import numpy as np\nimport pandas as pd",
        f"# answer a\nformula = {formula!r}",
        f"# test reads\nassert {test}",
    )
    assert scores(grade_one(made, handed_in(made), engine)) == {"reads": 1}
