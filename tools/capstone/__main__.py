"""`make bench-capstone`: the figures of the capstone, into out/capstone.json.

Each run keeps its rows and its file in out/capstone/ and is not done again: stop it at any time,
and start it again. `--ablations` leaves each part of the recipe out once, as a second call.
"""

from __future__ import annotations

import multiprocessing
import queue
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from coursekit.nets.data import DataError
from tools.capstone.plan import main_tasks, other_tasks
from tools.capstone.report import show
from tools.capstone.work import begin, one, rows_of

OUT = Path("out")
console = Console(highlight=False)


def main(
    mnist: Annotated[Path | None, typer.Option(help="mnist.npz; else torchvision's copy.")] = None,
    ablations: Annotated[bool, typer.Option(help="Leave each part out once.")] = False,
    processes: Annotated[int, typer.Option(min=1, help="Runs side by side, a core each.")] = 2,
    folder: Annotated[Path, typer.Option(help="Where finished runs are kept.")] = OUT / "capstone",
) -> None:
    """Does what is not done yet, prints one table, writes out/capstone.json."""
    folder.mkdir(parents=True, exist_ok=True)
    phases = other_tasks() if ablations else main_tasks()
    try:
        # Now, and not in each run: a download happens once, and what is wrong is said once.
        from tools.capstone import data

        data.mnist(mnist)
        for tasks in phases:
            _run([t for t in tasks if not rows_of(folder, t).exists()], mnist, folder, processes)
    except DataError as error:
        console.print(str(error), style="red")
        raise typer.Exit(1) from None
    show(folder, Path("out/capstone.json"), console)


def _run(tasks: list[Any], mnist: Path | None, folder: Path, processes: int) -> None:
    """Does `tasks`, some side by side, with one bar for all and a line for each that runs."""
    if not tasks:
        return
    context = multiprocessing.get_context("spawn")
    messages = context.Queue()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with (
        Progress(*columns, console=console) as progress,
        ProcessPoolExecutor(processes, context, begin, (messages,)) as pool,
    ):
        everything = progress.add_task(f"{len(tasks)} runs", total=sum(t.cost for t in tasks))
        lines: dict[str, TaskID] = {}
        waiting: dict[Future[None], Any] = {
            pool.submit(one, task, mnist, folder): task for task in tasks
        }
        while waiting:
            _news(messages, lines, progress)
            for done in [future for future in waiting if future.done()]:
                task = waiting.pop(done)
                if task.name in lines:
                    progress.remove_task(lines.pop(task.name))
                progress.advance(everything, task.cost)
                try:
                    done.result()
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
                console.print(f"{task.name}: done")


def _news(messages: Any, lines: dict[str, TaskID], progress: Progress) -> None:
    """Shows a message of a run, if one comes within half a second."""
    try:
        name, text = messages.get(timeout=0.5)
    except queue.Empty:
        return
    if name not in lines:
        lines[name] = progress.add_task(name, total=None)
    progress.update(lines[name], description=f"{name}: {text}")


if __name__ == "__main__":
    typer.run(main)
