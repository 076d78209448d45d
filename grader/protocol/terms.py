"""What a contract lets one test ask of what stays with the learner's code."""

from __future__ import annotations

from msgspec import Struct

from grader.protocol.values import Kind

# Among `methods`: some of something to draw on, which others do by others.
DRAWS = "matplotlib"


class Terms(Struct):
    """What one test may ask of live objects, as the teacher's solution needed it.

    Attributes:
        results: kinds of live values that may come from calls, or inside of answers.
        attributes: data attributes that may be read.
        dunders: special methods that may be called, iteration aside.
        changes: arguments that come back changed, as "function:position".
        watch: answers that calls change.
        random: whether calls go on with the test's random numbers, so that its seeds count.
        methods: of what the test lends, the methods that calls call, as "Type.method".
        raises: exceptions that decide where Python goes on, and those of libraries, where calls
            raise them, as "function:name".
        swallows: exceptions that an `__exit__` swallows, as "function:name", and assertions of what
            the test lends, as "place:AssertionError".
        lends: whether what a call is lent may be called until the test ends.
        exact: whether what is derived from a class of Python's own keeps what is its own.
        filed: whether classes of a file beside the notebook are given ones.
        sets: names that the test binds or deletes for the answers.
        default: whether missing keys of a mapping have a value.
        places: where live values come from, as names of answers, methods and attributes; None for
            anywhere.
        functions: where calls give functions, and nothing that could be called and has to cross, in
            the same way.
        given: where instances may be of given classes, in the same way.
        asks: what is asked by name of functions, classes and generators, as "place.name"; and
            "place.__call__" where an instance that a call has given is called.
        calls: where there may be modules, named tuples with types, and what the test has lent, in
            the same way as `places`.
        missing: whether arrays and tables may leave values out.
        empty: whether there may be arrays and tensors without a value.
        nothing: where there may be a list or mapping without anything in it, in the same way as
            `places`; "place >" stands for what is held there.
        narrow: types of single numbers that take more for equal than is; see `codec.narrow`.
        returned: calls that give back what they were given, in the same way as `places`.
        tables: where there are tables, in the same way as `places`.
        files: whether calls need files that the test has written.
        named: arguments that name a file, as "function:position".
        opens: whether what is lent opens files of the test's while it is called.
        writes: what calls change of a database that they are lent: names of tables; "" for itself.
        leaves: what calls leave in their process, by kind; see `calls.left`.
        patches: what it puts in the place of something, as "place.name"; see `calls.patches`.
        classes: of which classes of libraries instances and classes are said to be, as
            "place class".
        acts: what this test does, or another of the notebook, and who does it; see `calls.acts`.
    """

    results: set[Kind] = set()
    attributes: set[str] = set()
    dunders: set[str] = set()
    changes: set[str] = set()
    watch: set[str] = set()
    random: bool = False
    methods: set[str] = set()
    raises: set[str] = set()
    swallows: set[str] = set()
    lends: bool = False
    exact: bool = False
    filed: bool = False
    sets: set[str] = set()
    default: bool = False
    places: set[str] | None = None
    functions: set[str] = set()
    given: set[str] | None = None
    asks: set[str] = set()
    calls: set[str] | None = None
    missing: bool = False
    empty: bool = False
    nothing: set[str] | None = None
    narrow: set[str] = set()
    returned: set[str] = set()
    tables: set[str] | None = None
    files: bool = False
    named: set[str] = set()
    opens: bool = False
    writes: set[str] = set()
    leaves: set[str] = set()
    patches: set[str] = set()
    classes: set[str] = set()
    acts: set[str] = set()
