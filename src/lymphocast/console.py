"""What a person sees while a command works: progress on stderr, never on stdout."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

Progress = Callable[[str, float], None]


@contextmanager
def show_progress(*, quiet: bool = False) -> Iterator[Progress | None]:
    """Yield a function that takes a stage's name and the fraction of it that is done.

    Parameters
    ----------
    quiet
        Show nothing: the output is read by a program.

    Yields
    ------
    Progress or None
        Bars if stderr is a terminal, otherwise one line per stage; ``None`` if quiet.
    """
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bars() as progress:
            yield progress
    else:
        yield _lines()


@contextmanager
def working_on(files: Mapping[str, Path], *, quiet: bool = False) -> Iterator[Progress | None]:
    """Show progress, and name file and line in what the record of a file is refused for.

    Parameters
    ----------
    files
        The case or fit file of each record, by the record's identifier.
    quiet
        Show nothing: the output is read by a program.

    Yields
    ------
    Progress or None
        As :func:`show_progress`.
    """
    from lymphocast.record.places import placed

    with placed(files), show_progress(quiet=quiet) as progress:
        yield progress


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    with Bars(*columns, console=Console(stderr=True)) as bars:

        def progress(stage: str, fraction: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=1.0)
            bars.update(tasks[stage], completed=fraction)

        yield progress


def _lines() -> Progress:
    seen: set[str] = set()

    def progress(stage: str, fraction: float) -> None:
        if stage not in seen:
            seen.add(stage)
            sys.stderr.write(f"{stage}\n")
            sys.stderr.flush()

    return progress
