"""The judge's side: runs the teacher's test cells with the answers bound.

The learner's code is elsewhere; what comes from it are values and handles. Even so this process is
believed only as far as its own submission: it reads what a learner has made, so it runs in a
sandbox like a player's, one fork for each submission.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
import types
from collections.abc import Collection
from typing import Any

from grader.protocol import wire
from grader.protocol.calls import Reply, Request, Said
from grader.protocol.names import asked_by_name, names_of, names_of_cell
from grader.protocol.orders import (
    TO_JUDGE,
    Begin,
    Discover,
    Discovered,
    Done,
    Meet,
    RunCell,
    RunTest,
    TestReport,
)
from grader.protocol.outputs import Error, Report, Stream
from grader.protocol.values import DATA, LIVE, CannotCross, Kind, Named, kind_of, with_article
from grader.protocol.wire import Channel, Gone
from grader.sandboxed.calls import classes, handed_files, patches, states
from grader.sandboxed.calls.acts import Acts
from grader.sandboxed.calls.alone import Bench
from grader.sandboxed.calls.ambient import Ambient
from grader.sandboxed.calls.budget import CallBudget, Stopped
from grader.sandboxed.calls.executed import Watch, refuse_texts
from grader.sandboxed.calls.handle import Handle, only_iterates
from grader.sandboxed.calls.kinds import gives_values, holds_nothing, serves_as
from grader.sandboxed.calls.left import chance, seen
from grader.sandboxed.calls.named_files import (
    shut_for_networks,
    tell_of_archives,
    tell_of_other_files,
)
from grader.sandboxed.calls.out_of_place import in_its_place
from grader.sandboxed.calls.peer import Peer
from grader.sandboxed.calls.pickles import Brought, refuse_pickles
from grader.sandboxed.calls.randomness import OwnChance
from grader.sandboxed.calls.rules import Discovering, Enforcing
from grader.sandboxed.calls.shut_folder import ShutFolder
from grader.sandboxed.cells import Shell, defined_by_given, run_cell, settle_in
from grader.sandboxed.codec.libraries import imported_from, torch_module
from grader.sandboxed.codec.narrow import NAN, asks_for_nan
from grader.sandboxed.codec.packing import Packer
from grader.sandboxed.codec.unpacking import Unpacker
from grader.sandboxed.given_cells import codes_behind, globals_of, run_given
from grader.sandboxed.outputs import OUTPUTS


class JudgePeer(Peer):
    """Asks the player."""

    def __init__(self, channel: Channel, given: dict[str, Any], shell: Shell) -> None:
        super().__init__(channel, given)
        self._shell, self.filed = shell, shell.filed
        # Answers that a call has changed, as they are now.
        self.rebound: dict[str, Any] = {}

    def on_said(self, said: list[Said]) -> None:
        if self.texts is not None:
            # A test may catch it, and run it as code, whatever parts it has come in.
            streams = [output for output in said if isinstance(output, Stream)]
            for name in ("stdout", "stderr"):
                self.texts.add("".join(one.text for one in streams if one.name == name))
        OUTPUTS.relays = True
        try:
            self._relay(said)
        finally:
            OUTPUTS.relays = False

    def _relay(self, said: list[Said]) -> None:
        for output in said:
            if self.texts is not None:
                own = [output.text] if isinstance(output, Stream) else output.data.values()
                self.texts.update(own)
            if isinstance(output, Stream):
                # A test may have put something else in the place of sys.stdout.
                stream = sys.stderr if output.name == "stderr" else sys.stdout
                narrow = self.rules.narrow
                stream.write(output.text if narrow is None else narrow.text(output.text))
            else:
                OUTPUTS.display(output)

    def on_asking(self) -> None:
        """Gets to know that the player is asked for something; a bench puts its own here."""

    def _ask(self, request: Request, packer: Packer, place: str) -> tuple[Reply, Unpacker]:
        self.on_asking()
        return super()._ask(request, packer, place)

    def on_changed(self, name: str, value: Any) -> None:
        self._shell.user_ns[name] = self.rebound[name] = value


def judge(shell: Shell, channel: Channel, given: dict[str, Any]) -> None:
    """Does what the conductor says until it hangs up.

    Args:
        given: what the given cells that ran already define; see `defined_by_given`.
    """
    reports = Bench(channel)
    reports.install()
    bench = _Bench(shell, given, reports)

    def brought() -> Brought:
        return None if bench.peer is None else bench.peer.texts

    reports.brought, reports.shown = brought, bench.shown
    refuse_pickles(brought)
    refuse_texts(
        lambda: brought() if bench.watch is None else None,
        bench.shown,
        bench.written,
        lambda: shell.compile.cell_file,
        shell.user_ns,
        lambda: bench.source,
    )
    shut_for_networks(brought, lambda: bench.folder)
    tell_of_archives(brought, bench.on_other_files)
    tell_of_other_files(brought, bench.on_other_files)
    classes.install()
    # Of a test that fails people see the line and the message.
    shell.InteractiveTB.set_mode("Minimal")
    while True:
        try:
            header, body = channel.receive()
        except Gone:
            return
        reply: Done | Report = Done()
        match order := wire.decode(header, TO_JUDGE):
            case Begin():
                settle_in(shell, order, body)
                bench.ambient = Ambient()
                bench.folder = ShutFolder()
                bench.know(handed_files.seen())
            case RunCell(source, defines=defines, answers=answers):
                # What it makes of an answer has to be looked at, as all that crosses.
                bench.unbind(but=bench.libraries)
                bench.chance.for_given()
                bench.source = source
                bench.begin_reading()
                with bench.ambient.given():
                    behind = None if answers is None else bench.behind_answers(answers)
                    reply = run_given(shell, source, behind)
                if answers is not None:
                    bench.behind_files(names_of_cell(source).bound)
                defined_by_given(shell, source, given, defines)
                bench.keep(names_of_cell(source).bound)
                # The player runs it, too.
                bench.know(handed_files.seen())
                if answers is not None:
                    bench.stand()
            case Meet():
                (fd,) = channel.take_fds()
                bench.meet(JudgePeer(Channel(socket.socket(fileno=fd)), given, shell))
            case RunTest():
                reply = bench.test(order)
            case Discover():
                reply = bench.discover(order)
        channel.send(wire.encode(reply))


class _Bench:
    """The place where tests run."""

    def __init__(self, shell: Shell, given: dict[str, Any], reports: Bench) -> None:
        self._shell = shell
        self._given = given
        self._reports = reports
        self.peer: JudgePeer | None = None
        self.folder: ShutFolder | None = None
        self.chance = OwnChance()
        self.ambient = Ambient()
        self._patches = patches.Patches()
        self.watch: Watch | None = None
        self._acts = Acts(shell.user_ns, self._is_known)
        # Of the cell that runs, or was last.
        self.source = ""
        # Texts and bytes of answers, in all tests so far.
        self._brought: set[str | bytes] = set()
        # What tables show where the solution has none, and texts that were written in parts; also
        # of a player before.
        self.shown: set[str] = set()
        self.written: list[str] = []
        # By name of an answer: what stood there before, and what was bound.
        self._before: dict[str, tuple[Any, Any]] = {}
        # Answers of the last test that stand for what is a library's, and here, too.
        self.libraries: set[str] = set()
        # What the test before binds itself.
        self._binds: Collection[str] = ()
        # What names stood for when the test began.
        self._begun: dict[str, Any] = {}
        # What tests have changed of given values, while a contract is made.
        self._changed: set[str] = set()
        # Files that a player has from the beginning.
        self._files: handed_files.Seen = {}
        # How what given cells have defined, and files, are when these have run, by place.
        self._stood: dict[str, str] = {}
        # Files of that, as they were here.
        self._laid: dict[str, list[int]] = {}
        # While a contract is made: by name, the names of answers that given cells have made it of.
        self._behind: dict[str, set[str]] = {}

    def know(self, files: handed_files.Seen) -> None:
        """Takes note of files that no test has written."""
        self._files.update(files)
        if self.peer is not None and self.peer.seen is not None:
            self.peer.seen.update(files)

    def stand(self) -> None:
        """Takes note of how things are in a player, too, that no answer has changed."""
        for place in states.standing(self._shell.user_ns, self._given):
            if place not in self._stood:
                self._stood[place] = self._picture(place)
        assert self.peer is not None
        for path, (*state, _) in self._files.items():
            # A given cell may have written it since, in both processes.
            if self._laid.get(path) != state:
                self._laid[path] = state
                self._stood[path] = self.peer.state(path)

    def behind_answers(self, answers: Collection[str]) -> dict[str, set[str]]:
        """What names are made of; these are answers', or an answer has changed them."""
        space = self._shell.user_ns
        # `plt.plot(x)` changes no module.
        made = (one for one in answers if type(space.get(one)) is not types.ModuleType)
        self._behind.update((name, {name}) for name in made)
        return self._behind

    def begin_reading(self) -> None:
        """From now on `_read_anew` tells of what is read."""
        handed_files.forget_reading(self._laid)

    def behind_files(self, names: Collection[str]) -> None:
        """What a given cell binds is made of files that it has read and answers have written."""
        space = self._shell.user_ns
        if files := self._read_anew():
            for name in names:
                if not isinstance(space.get(name), type | types.FunctionType | types.ModuleType):
                    self._behind.setdefault(name, set()).update(files)

    def _is_behind(self, name: str, bound: Collection[str]) -> bool:
        """Whether a given cell has made something of an answer, though an answer's name stood for
        something before, and it came to the same with that.

        Args:
            bound: names that answers bind.
        """
        bases = self._behind.get(name, set())
        return not bases.isdisjoint(bound) or any(map(self._differs_there, bases))

    def _differs_there(self, name: str) -> bool:
        """Whether an answer has changed what a name stands for, or nobody can tell."""
        assert self.peer is not None
        there = self.peer.state(name)
        return not there or there != self._picture(name)

    def _picture(self, place: str) -> str:
        return states.picture(self._shell.user_ns, place, self._given)

    def _has_a_state(self, value: Any) -> bool:
        torch = torch_module()
        is_module = torch is not None and issubclass(type(value), torch.nn.Module)
        is_of_given = self._given.get(type(value).__name__) is type(value)
        return is_module or is_of_given or states.is_iterator(value)

    def _looked_at(self, source: str, taken: Collection[str]) -> dict[str, str]:
        """The places that a test may look at, but for what crosses, and how they stood."""
        assert self.peer is not None
        source, space = self._shell.transform_cell(source), self._shell.user_ns
        known, folder = names_of(source), self._shell.folder
        codes = codes_behind(known.read | known.updated, space)
        places = states.looked_at(source, known.bound, space, self._has_a_state, folder, codes)
        stood = {}
        for place in places.difference(taken):
            # What has crossed is as it is there now.
            before = "" if place.partition(".")[0] in taken else self._stood.get(place, "")
            stood[place] = before or self.peer.state(place)
        return stood

    def _is_known(self, place: str) -> bool:
        """Whether a file is one that no test has written."""
        path = os.path.abspath(place)
        return path in self._files and self._files[path][:2] == handed_files.state(path)

    def _read_anew(self) -> list[str]:
        """The files that a test has read here, and that answers have written in the player."""
        assert self.peer is not None
        read = [p for p in self._laid if self._is_known(p) and handed_files.was_read([p])]
        return [p for p in sorted(read) if self.peer.state(p) not in ("", self._stood[p])]

    def on_other_files(self) -> None:
        """An archive of a learner's takes the place of a file, or of code; a file names others.

        Raises:
            CannotCross: but while a contract is made: then a teacher decides.
        """
        if self.watch is None:
            raise CannotCross("what names files of the test's, or lays code there")
        self.watch.ran = True

    def meet(self, peer: JudgePeer) -> None:
        """Gets the conversation with a player."""
        self.peer = peer
        setattr(peer, "set_to", self._set_to)  # noqa: B010
        peer.seen = dict(self._files)
        peer.folder, peer.ambient, peer.patched = self.folder, self.ambient, self._patches
        peer.shown, peer.written = self.shown, self.written

    def test(self, test: RunTest) -> TestReport:
        """Runs a test; reports also on the player."""
        budget = CallBudget(time.monotonic() + test.seconds)
        self.unbind()
        self._binds = test.binds
        self._reports.taken()
        self.source = test.source
        problem, is_bound = None, True
        rules = Enforcing(
            test.terms, test.withhold, test.fill, test.rebinds, test.sets, test.leaves
        )
        if self.peer is not None:
            self.peer.texts = self._brought
            self.peer.begin(rules, budget)
            # What a test compares other answers with must not be a learner's.
            alone = not test.takes and len(test.library) == 1
            problem = self._bind_library(test, alone or test.sets, rules)
            is_bound = problem is None
            problem = problem or self._bind(test.takes, rules)
            self._begun = dict(self._shell.user_ns)
            self._patches.watch(test.terms.patches)
            self.peer.source = self._with_helpers(test.source) if test.leaves else ""
        lines = test.visible
        setattr(OUTPUTS, "shown", lambda: self._line() in lines)  # noqa: B010
        # Whether the player was asked from those lines, from others, or both.
        asked: set[bool] = set()
        peer = self.peer
        # How generators stood when the player was asked first: nothing was left before.
        began: dict[str, int] = {}

        def on_asking() -> None:
            if not asked:
                began.update(chance())
            asked.add(self._line() in lines)

        if peer is not None:
            setattr(peer, "on_asking", on_asking)  # noqa: B010
        self.chance.for_test()
        results: Any = self._shell.displayhook
        results.counts, results.number = test.counts, None
        try:
            with self._acts.only(test.terms.acts):
                if problem is None:
                    report = ran = self._run(test.source)
                else:
                    ran = None
                    if is_bound and problem[0] == "WrongKind":
                        # It fails, but may note that for later ones before.
                        self._run(test.source)
                    report = _failed(problem)
        finally:
            results.counts = False
            del OUTPUTS.shown
            if peer is not None:
                del peer.on_asking
        has_failed = any(isinstance(output, Error) for output in report.outputs)
        if test.complains and OUTPUTS.complained and not has_failed:
            text = "The test complains of your answer on standard error."
            report, has_failed = _failed(("Complaint", text)), True
        if budget.is_over and not has_failed:
            report, has_failed = _failed(("Stopped", "Your code asked for too much.")), True
        if peer is not None and peer.spoiled and not has_failed:
            # A test that wants an error gets none of ours.
            problem = "WrongKind", "Your code changes something into what can't cross to the tests."
            report, has_failed = _failed(problem), True
        if peer is not None and peer.looked_in_vain and not (has_failed or test.counts):
            # Of points one may have been missed so, and others won.
            problem = "WrongKind", "Your code gives something that can't cross to the tests."
            report, has_failed = _failed(problem), True
        asks = test.withhold and asked and not has_failed
        left = set(peer.have_left() if peer is not None and asks else ()) - test.terms.leaves
        left_behind = sorted(left)
        if left:
            drawn = [kind for kind, now in chance().items() if now != began.get(kind, now)]
            # What of these the test uses is not looked at: reading them takes longer than all else.
            left = seen(left, drawn, "\n".join((test.source, *self._cells_before())))
        if test.counts and results.number is None and not has_failed:
            report = _failed(("NoNumber", "With your answer the test gives no number of points."))
        return TestReport(
            report.outputs,
            report.execution_count,
            report.error_line,
            from_teacher=self._is_a_default(report),
            lost=None if peer is None else peer.lost,
            undeclared=tuple(sorted(rules.undeclared)),
            called=bool(asked),
            called_late=False in asked,
            nothing=tuple(sorted(rules.nothing)),
            narrow=rules.narrow.found,
            returned=tuple(sorted(rules.returned)),
            rebound=tuple(sorted(rules.rebound)),
            left=tuple(sorted(left)),
            left_behind=tuple(left_behind),
            # Of an answer that can't be judged there are none.
            figures=self._reports.taken() if report is ran else {},
        )

    def _run(self, source: str) -> Report:
        """Runs the cell of a test."""
        asking: list[Any] = self._shell.ast_transformers
        asking[:] = classes.ways_to_ask(source, self._shell.user_ns)
        try:
            return run_cell(self._shell, source)
        finally:
            asking.clear()

    def _is_a_default(self, report: Report) -> bool:
        """Whether the error's text is what a function that tests use says by default.

        Such a text is the teacher's, like one that stands in the test.
        """
        said = {output.evalue for output in report.outputs if isinstance(output, Error)}
        functions = [v for v in self._shell.user_ns.values() if type(v) is types.FunctionType]
        defaults = [*(f.__defaults__ or () for f in functions)]
        named = [(f.__kwdefaults__ or {}).values() for f in functions]
        texts = {value for values in [*defaults, *named] for value in values if type(value) is str}
        return bool(said & texts)

    def _line(self) -> int | None:
        """The line of the test cell that is running, whatever it has called."""
        frame: types.FrameType | None = sys._getframe()
        file, found = self._shell.compile.cell_file, None
        while frame is not None:
            if frame.f_code.co_filename == file:
                found = frame
            frame = frame.f_back
        return None if found is None else found.f_lineno

    def _bind(self, takes: dict[str, Kind], rules: Enforcing) -> tuple[str, str] | None:
        """Binds answers; says what is wrong with one of them, in whose place something stands that
        tells so to whoever looks."""
        peer, problem = self.peer, None
        assert peer is not None

        def look_in_vain() -> None:
            peer.looked_in_vain = True

        for name, wanted in takes.items():
            try:
                node, value = peer.take(name, called=wanted == "function")
            except KeyError:
                # The test will say that it is not defined.
                value = _MISSING
            except CannotCross:
                # Why, is a learner's word.
                why = f"`{name}` is nothing that can cross to the tests."
                value = in_its_place(None, why, look_in_vain)
                problem = problem or ("WrongKind", why)
            except Stopped as stopped:
                return "Stopped", str(stopped)
            else:
                if wanted in DATA and gives_values(node):
                    only_iterates(value, rules.gives_again(name))
                elif not serves_as(node, wanted):
                    found = with_article(kind_of(node))
                    why = f"`{name}` should be {with_article(wanted)}, but is {found}."
                    if node is not None:
                        value = in_its_place(node, why, look_in_vain)
                    problem = problem or ("WrongKind", why)
            self._put(name, value)
        return problem

    def _bind_library(self, test: RunTest, own: bool, rules: Enforcing) -> tuple[str, str] | None:
        """Binds what answers import, to what the judge has by that name.

        The answer only says whether it has imported it. One of its own, in the place of a single
        name, serves as well, if it is a function or data. What no cell says to be imported is one
        of its own; of that, who answers isn't told what it should be, either.

        Args:
            own: whether one of its own is taken like any other answer, as where the test is about
                nothing else. In other tests it is first the library's that is used, and the test
                has to hold with the other one, too.
        """
        assert self.peer is not None
        for name, known in test.library.items():
            asked = "" if name in test.unsaid else known
            try:
                node, value = self.peer.take(name, asked, called=":" in known)
            except KeyError:
                self._put(name, _MISSING)
                continue
            except CannotCross:
                return "WrongKind", _not_imported(name, known)
            except Stopped as stopped:
                return "Stopped", str(stopped)
            if node == Named("library", known):
                self._put(name, imported_from(known))
                self.libraries.add(name)
            elif ":" in known and (kind_of(node) in _OWN or serves_as(node, "function")):
                self._put(name, value if own else imported_from(known))
                if not own:
                    rules.note("rebinds", name)
            else:
                return "WrongKind", _not_imported(name, known)
        return None

    def _set_to(self, name: str) -> list[Any] | None:
        """What the test has made of a name; see `Peer.set_to`."""
        began, now = (names.get(name, _MISSING) for names in (self._begun, self._shell.user_ns))
        assert self.peer is not None
        # What a call has changed is there already.
        if now is began or (name in self.peer.rebound and now is self.peer.rebound[name]):
            return None
        return [] if now is _MISSING else [now]

    def _put(self, name: str, value: Any) -> None:
        self._before[name] = self._shell.user_ns.pop(name, _MISSING), value
        if value is not _MISSING:
            self._shell.user_ns[name] = value

    def unbind(self, but: Collection[str] = ()) -> None:
        """Takes the answers of the test before back: the next may mean others by their names."""
        for name in self._before.keys() - but:
            before, bound = self._before.pop(name)
            if self.peer is not None:
                bound = self.peer.rebound.pop(name, bound)
            # What the test itself has bound stays, also where `float(x)` is x.
            if name not in self._binds and self._shell.user_ns.get(name, _MISSING) is bound:
                self._shell.user_ns.pop(name, None)
                if before is not _MISSING:
                    self._shell.user_ns[name] = before
        self.libraries.intersection_update(but)

    def keep(self, bound: Collection[str]) -> None:
        """Has names stay that a given cell has bound, also to what an answer stood for."""
        for name in bound:
            self._before.pop(name, None)

    def discover(self, test: Discover) -> Discovered:
        """Runs a test without terms; reports also what it took and asked."""
        assert self.peer is not None
        self.unbind()
        self._binds = test.binds
        if self.watch is None:
            cell, space = lambda: self._shell.compile.cell_file, self._shell.user_ns
            self.watch = Watch(cell, space, self._acts.is_written, self.written)
        # A test may leave what it was brought to a later one.
        self._brought = self.peer.texts = self.watch.begin(self._brought, test.source)
        rules = Discovering(test.random, test.exact, test.sets, test.opens, test.filed)
        if asks_for_nan(test.source):
            rules.terms.narrow.add(NAN)
        self.peer.begin(rules, CallBudget(time.monotonic() + test.seconds))
        bound = test.bound if test.declared is None else test.declared
        names = self._needed(test.source, bound) - set(test.own)
        takes: dict[str, Kind] = {}
        library: dict[str, str] = {}
        unfit: dict[str, str] = {}
        values = {}
        for name in sorted(names):
            here = self._shell.user_ns.get(name, _MISSING)
            known = self._in_library(name, test)
            try:
                node, value = self.peer.take(name, known)
            except KeyError:
                continue
            except CannotCross as error:
                if here is _MISSING:
                    unfit[name] = str(error)
                continue
            if known and node == Named("library", known):
                if here is not (ours := imported_from(known)):
                    library[name], values[name] = known, ours
                continue
            kind = kind_of(node)
            # What an answer binds is the learner's, also where the solution leaves it as given; so
            # is what a given cell has made of an answer, since later ones may have changed it.
            is_given = not (here is _MISSING or isinstance(here, Handle) or name in test.bound)
            # An answer has changed the player's.
            is_changed = kind == "given instance" and self._is_equal(here, value) is False
            is_live = kind in LIVE and not is_changed
            may_be_ours = is_live or name in self._changed or self._is_equal(here, value) is True
            if is_given and may_be_ours and (kind in DATA or kind == "given instance"):
                may_be_ours = not self._is_behind(name, test.bound)
            if not (is_given and may_be_ours):
                takes[name] = kind
                values[name] = value
                rules.terms.empty |= holds_nothing(node)
        undeclared = [] if test.declared is None else sorted(set(takes) - set(test.declared))
        if test.declared is not None:
            # What is declared crosses even where the solution leaves it as it was given.
            for name in sorted(names & set(test.declared) - set(takes)):
                try:
                    node, values[name] = self.peer.take(name)
                except (KeyError, CannotCross):
                    continue
                takes[name] = kind_of(node)
                rules.terms.empty |= holds_nothing(node)
        for name, value in values.items():
            self._put(name, value)
        self.libraries = set(library)
        self._begun = dict(self._shell.user_ns)
        self._patches.watch_all(self._with_helpers(test.source), self._shell.user_ns, self._binds)
        space = self._shell.user_ns
        kinds = (type, types.FunctionType)
        defined = {n for n in names & self._behind.keys() if issubclass(type(space.get(n)), kinds)}
        before = self._pictures(names - values.keys())
        stood = self._looked_at(test.source, values.keys())
        self.chance.for_test()
        self.begin_reading()
        with self._acts.noted(test.source) as acts:
            report = self._run(test.source)
        rules.terms.leaves.update(self.peer.have_left())
        now = {place: self.peer.state(place) for place in stood}
        # What the test has bound to what a call gives: `total = f(x)` may be both.
        same = {p for p in self._binds if p in stood and now[p] == self._picture(p)}
        unseen = [p for p in sorted(stood.keys() - same) if now[p] not in ("", stood[p])]
        # A function or class, whose default or attribute an answer has made.
        unseen += [n for n in sorted(defined) if self._is_behind(n, test.bound)]
        unseen += [f"./{os.path.relpath(p, self._shell.folder)}" for p in self._read_anew()]
        self.peer.texts = None
        if self.watch.end():
            report = _failed(("Refused", "it runs as code what an answer says"))
        self._changed |= {n for n, was in before.items() if self._pictures({n}).get(n) != was}
        self._reports.taken()
        terms = rules.terms
        terms.random = test.random and terms.random
        terms.exact, terms.opens, terms.filed = test.exact, test.opens, test.filed
        terms.acts = set(acts)
        return Discovered(
            report.outputs,
            report.execution_count,
            report.error_line,
            takes=takes,
            library=library,
            unfit=unfit,
            undeclared=tuple(undeclared),
            terms=terms,
            unread=terms.files and not rules.has_read,
            unseen=tuple(unseen),
            lost=self.peer.lost,
        )

    def _in_library(self, name: str, test: Discover) -> str:
        """What a name is of a library's, if answers import it; "" for all else."""
        places = [f"{module}:{name}" for module in test.everything_of]
        if name in test.imported:
            places = [test.imported[name]]
        for place in places:
            with contextlib.suppress(Exception):
                imported_from(place)
                return place
        return ""

    def _with_helpers(self, source: str) -> str:
        """A test, and the given cells of which it uses something."""
        names = self._needed(source, [])
        helpers = [
            cell for cell in self._cells_before() if not names.isdisjoint(names_of_cell(cell).bound)
        ]
        return "\n".join((source, *helpers))

    def _cells_before(self) -> list[str]:
        """The given cells, and tests, that have run here."""
        return [str(cell) for cell in self._shell.user_ns.get("In", ())]

    def _needed(self, source: str, bound: list[str]) -> set[str]:
        """The names that a test reads, itself or through functions and generators of given cells.

        One that it also binds may be an answer that it reads first.
        """
        source = self._shell.transform_cell(source)
        known = names_of(source)
        names = set(known.read | known.updated.intersection(bound))
        names |= asked_by_name(source).intersection(bound)
        for code in codes_behind(names, self._shell.user_ns):
            # `self.cells` is no answer of that name.
            names.update(globals_of(code))
        return names

    def _pictures(self, names: set[str]) -> dict[str, str]:
        """What is data of these names, as it is now."""
        return {name: picture for name in sorted(names) if (picture := self._picture(name))}

    def _is_equal(self, here: Any, there: Any) -> bool | None:
        """None where one of them holds what can't be compared."""
        try:
            return states.content(here, self._given) == states.content(there, self._given)
        except CannotCross:
            return None


_MISSING = object()
# What an answer may have of its own where the solution imports one name of a library's.
_OWN = DATA - {"name"}


def _failed(problem: tuple[str, str]) -> Report:
    kind, text = problem
    return Report([Error(kind, text, [text])])


def _not_imported(name: str, known: str) -> str:
    module, _, part = known.partition(":")
    what = f"`{part}` of the module `{module}`" if part else f"the module `{module}`"
    return f"`{name}` should be {what}, but is something else."
