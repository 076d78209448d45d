"""What the conductor says to the processes that are shut in, and what they answer: a struct each.

A zygote makes and ends processes, a player runs a learner's cells, a judge a teacher's tests. An
answer of a process that runs cells is its word: its form is checked, and nothing more is known.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field
from msgspec.json import Decoder

from grader.protocol import decoders
from grader.protocol.limits import Limits
from grader.protocol.outputs import Report
from grader.protocol.terms import Terms
from grader.protocol.values import Kind

Role = Literal["player", "judge"]


class Order(Struct, tag_field="do", tag=True):
    """What somebody is to do."""


class Done(Struct):
    """An answer that says nothing else."""


# --- To whoever runs cells ---------------------------------------------------------------------


class Begin(Order):
    """Become a process that runs cells; what is in the files comes as the body.

    Attributes:
        folder: to work in.
        files: how many bytes each has, by its path in the folder, a character for each byte of it.
        output_limit: characters that a cell may show.
    """

    folder: str
    files: dict[str, int]
    output_limit: int


class Defines(Struct):
    """What a given cell binds, and the modules or names of modules that it imports."""

    binds: list[str]
    imports: list[str]


class RunCell(Order):
    """Run the next cell; the answer is a `Report`.

    Attributes:
        given: whether what it defines is the teacher's.
        seen: whether anybody sees its pictures.
        defines: what that is, where the conductor knows: it is the same for a whole class.
        answers: while a contract is made, names that answers since the last such cell have left;
            then it is noted, too, how things stand behind it.
    """

    source: str
    given: bool = False
    seen: bool = True
    defines: Defines | None = None
    answers: list[str] | None = None


class Meet(Order):
    """Talk to each other, player and judge, over the socket that comes with this."""


# --- To a player -------------------------------------------------------------------------------


class Wait(Order):
    """Keep yourself as you are now, under a number."""

    number: int


class RunBeside(Order):
    """Run a test in what `Wait` has kept; the answer is a `Report`.

    Attributes:
        before: cells to run before it.
    """

    number: int
    source: str
    before: list[str]


TO_PLAYER: Decoder[Begin | RunCell | Meet | Wait | RunBeside] = decoders.from_json(
    Begin | RunCell | Meet | Wait | RunBeside
)


# --- To a judge --------------------------------------------------------------------------------


class RunTest(Order):
    """Run a test; the answer is a `TestReport`.

    Attributes:
        takes: the answers to bind and the kinds that they should have.
        library: names that answers import, and of what library.
        unsaid: those of them of which the learner's own cells don't say so.
        visible: the lines of the source that learners see, and that run before any hidden line.
        withhold: whether results of calls are kept back; see `calls.rules.Enforcing`.
        counts: whether its last line gives a number of points.
        complains: whether it fails by what it writes on standard error.
        fill: whether something is put into lists without anything in them; see there, too.
        binds: names that the test itself binds.
        rebinds: those of them that functions of the answers read.
        sets: whether they are set there, too.
        leaves: kinds of what calls leave in their process that they leave in the judge's, too.
    """

    source: str
    takes: dict[str, Kind]
    library: dict[str, str]
    terms: Terms
    visible: set[int]
    seconds: float
    withhold: bool = False
    counts: bool = False
    complains: bool = False
    fill: bool = False
    binds: list[str] = []
    rebinds: list[str] = []
    sets: bool = False
    leaves: tuple[str, ...] = ()
    unsaid: list[str] = []


# Numbers that one test may report, and characters of the name of one.
MAX_FIGURES, MAX_FIGURE_NAME = 20, 40


class Alone(Struct, tag=True):
    """A judge asks, in the middle of a test, for a player that runs this source and nothing else.

    The answer is an `Apart`; with it comes a socket to that player, if there is one.

    Attributes:
        seconds: that running the source may take.
    """

    source: str
    seconds: float


class Over(Struct, tag=True):
    """The judge does not need that player any more; the answer is an `Apart`."""


# Why there is none, where it is not an error of the source.
SLOW, ENDED = "slow", "ended"


class Apart(Order):
    """What became of the `Alone` that a judge has asked for.

    Attributes:
        problem: why there is no such player, or why what it came to does not count: `SLOW`,
            `ENDED`, or the error in the source as "type: text"; "" if nothing is wrong.
    """

    problem: str = ""


_FigureName = Annotated[str, Meta(max_length=MAX_FIGURE_NAME)]
Figures = Annotated[dict[_FigureName, float], Meta(max_length=MAX_FIGURES)]


class TestReport(Report, kw_only=True, tag=True):
    """What a judge says of a test.

    Attributes:
        from_teacher: whether the text of its error is known to be the teacher's.
        lost: what became of the player meanwhile: "timed out", "ended", or "used up" where it has
            asked for more than a test may; None if it is well.
        undeclared: changes of arguments that the teacher's solution does not make.
        called: whether the test has asked the player for something.
        called_late: whether it may have done so after a hidden line of its own.
        nothing: places of lists without anything in them where the teacher's solution has none.
        narrow: whether a number that takes more for equal than is has come where it has none.
        returned: calls that have given back what they were given, where its calls do not.
        rebound: names of `rebinds` that stood for something else when it called an answer.
        left: what calls have left in their process, where the solution's leave nothing of the kind.
        left_behind: the same, also what this test doesn't look at.
        figures: numbers that the test has reported, by name.
    """

    __test__ = False

    from_teacher: bool = False
    lost: str | None = None
    undeclared: tuple[str, ...] = ()
    called: bool = True
    called_late: bool = True
    nothing: tuple[str, ...] = ()
    narrow: bool = False
    returned: tuple[str, ...] = ()
    rebound: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    left_behind: tuple[str, ...] = ()
    figures: Figures = field(default_factory=dict)


class Discover(Order):
    """Find the contract of a test, with the teacher's solution in the player.

    Attributes:
        declared: names that the course says are answers; None if it does not say.
        own: names whose value the judge has from an earlier test.
        bound: names that answers before it bind; what is live and bound by nobody else is the
            judge's own.
        imported: names that only imports of answers bind, and what they are.
        everything_of: modules of which answers import everything.
        random: whether random numbers are shared.
        exact: see `Terms`.
        filed: see `Terms`.
        sets: names that the test binds or deletes, and the solution reads.
        opens: see `Terms`.
        binds: as in `RunTest`.
    """

    source: str
    declared: list[str] | None
    own: list[str]
    bound: list[str]
    seconds: float
    imported: dict[str, str]
    everything_of: list[str]
    random: bool
    exact: bool
    filed: bool
    sets: list[str]
    opens: bool
    binds: list[str]


class Discovered(Report, kw_only=True, tag=True):
    """What the teacher's solution needed in a test.

    Attributes:
        takes: answers that crossed.
        library: names that are something of a library's, and what.
        unfit: by name, why an answer could not cross.
        undeclared: answers that crossed though the course does not name them.
        unread: whether files went to the player, and nobody read one.
        unseen: what it looks at and answers have changed in the player alone; see `calls.states`.
        lost: as in `TestReport`.
    """

    takes: dict[str, Kind]
    library: dict[str, str]
    unfit: dict[str, str]
    undeclared: tuple[str, ...]
    terms: Terms
    unread: bool = False
    unseen: tuple[str, ...] = ()
    lost: str | None = None


TO_JUDGE: Decoder[Begin | RunCell | Meet | RunTest | Discover] = decoders.from_json(
    Begin | RunCell | Meet | RunTest | Discover
)


# --- To a zygote -------------------------------------------------------------------------------


class ForkRoom(Order):
    """Fork a process that forks in its turn, once it has run the teacher's first cells.

    The answer is `Forked`; the room itself says `Ready` over the socket that comes with this.

    Attributes:
        begin: for the room; its files are the body.
        modules: to import first.
        many: whether many submissions are to come.
        watched: folders in which cells may leave files that forks would not find.
    """

    begin: Begin
    cells: list[str]
    modules: list[str]
    many: bool
    watched: list[str]


class ForkChild(Order):
    """Fork a player or a judge, whose socket, stdout and stderr come with this.

    Attributes:
        namespaces: whether it shuts itself in.
        covered: files and folders that it is not to see then.
    """

    role: Role
    limits: Limits
    namespaces: bool
    covered: list[str] = []


class Forked(Struct):
    """A process was forked.

    Attributes:
        problem: why it was not.
    """

    pid: int
    problem: str = ""


class Ready(Struct):
    """A room has run its cells.

    Attributes:
        played: what came of them.
        safe: whether it may be forked.
    """

    played: list[Report]
    safe: bool


class Interrupt(Order):
    pid: int


class End(Order):
    """End a process and all that it started; the answer is `Exited`.

    Attributes:
        patience: seconds that it gets to end by itself.
    """

    pid: int
    patience: float = 0.0


class Pause(Order):
    """Stop a child and all that it started, or let them go on; the answer is `Stood`."""

    pid: int
    stop: bool


class Stood(Struct):
    """Whether a child and all that it started stand still, or have done so since `Pause`."""

    still: bool


class Exited(Struct):
    """How a process has ended.

    Attributes:
        status: as its exit status; negative for a signal.
        in_vain: whether it was ended for shared memory that was another's.
    """

    status: int
    in_vain: bool = False


TO_ZYGOTE: Decoder[ForkRoom | ForkChild | Interrupt | Pause | End] = decoders.from_json(
    ForkRoom | ForkChild | Interrupt | Pause | End
)
