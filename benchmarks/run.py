"""Time our program and others on one core; each answer is asserted before its time is reported.

    python -m benchmarks.run [--programs NAME ...] [--problems NAME ...] [--output FILE]

Prints a table for each problem and writes ``benchmarks/latest.json``. A time is the CPU time of a
process of its own, pinned to one core, all patients in one call, the median of the repeats;
compiling is not in it, and stands beside it as the wall time of the first call. Ours and
numbalsoda are timed in turns, so that what else the machine does falls on both.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self, final

from rich.console import Console

from benchmarks.programs import LONG, OURS, PROGRAMS, ROOT, YARDSTICKS, Program
from benchmarks.results import Measurement, Results
from benchmarks.task import FOUNDING, Cost

LATEST = Path(__file__).parent / "latest.json"
PROBLEMS = (*FOUNDING, *OURS.problems)
INSTALLED = "`make bench` installs it"
BUILT = (
    "`make bench` builds it where a Fortran and a C++ compiler are (Debian: apt-get install"
    " gfortran g++)"
)
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
WIDTH = 120  # columns, where the output is no terminal


class MissingError(Exception):
    """A program that is not there; the message says what to do."""


class WrongError(Exception):
    """A program that does not answer, or not right."""


@final
class Worker:
    """A program on one problem, in a process of its own.

    Parameters
    ----------
    program, problem
        What is to be run.
    cache
        An empty folder for compiled code, so that the first call is one that compiles.
    """

    def __init__(self, program: Program, problem: str, cache: Path) -> None:
        python, self.how = Path(sys.executable), INSTALLED
        if program.environment is not None:
            self.how = BUILT
            python = program.environment / "bin" / "python"
            if not python.exists():
                msg = f"there is no {program.environment.name}; {self.how}"
                raise MissingError(msg)
        self.process = subprocess.Popen(  # noqa: S603 (our own module)
            [str(python), "-m", "benchmarks.worker", program.name, problem],
            cwd=ROOT,
            env=surroundings(cache),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.communicate()

    def reply(self) -> dict[str, Any]:
        """Return the next message.

        Raises
        ------
        MissingError
            If the message says that something is not installed.
        WrongError
            If there is no message, or it says that the answer is wrong.
        """
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            msg = f"stopped with exit code {self.process.wait()}"
            raise WrongError(msg)
        message: dict[str, Any] = json.loads(line)
        if "missing" in message:
            msg = f"{message['missing']}; {self.how}"
            raise MissingError(msg)
        if "wrong" in message:
            raise WrongError(message["wrong"])
        return message

    def again(self) -> dict[str, Any]:
        """Run once more and return what it took."""
        with suppress(BrokenPipeError):  # it has ended: there is no reply either
            if self.process.stdin is not None:
                self.process.stdin.write("again\n")
                self.process.stdin.flush()
        return self.reply()


def surroundings(cache: Path) -> dict[str, str]:
    """Return the environment of a worker."""
    places = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": places, "XDG_CACHE_HOME": str(cache)}


@contextmanager
def noted(results: Results, program: Program, problem: str) -> Iterator[None]:
    """Write down why a program cannot be timed, and go on."""
    try:
        yield
    except MissingError as error:
        results.missing.setdefault(program.name, {})[problem] = str(error)
    except WrongError as error:
        results.wrong.setdefault(program.name, {})[problem] = str(error)


def in_turns(
    programs: Sequence[Program], problem: str, results: Results, repeats: int | None = None
) -> None:
    """Check the answers of all programs, then time them in turns."""
    with ExitStack() as stack:
        cache = Path(stack.enter_context(TemporaryDirectory()))
        workers: dict[str, Worker] = {}
        first: dict[str, dict[str, Any]] = {}
        for program in programs:
            with noted(results, program, problem):
                workers[program.name] = stack.enter_context(Worker(program, problem, cache))
                first[program.name] = workers[program.name].reply()
        spent: dict[str, list[dict[str, Any]]] = {name: [] for name in first}
        usual = 1 if problem in LONG else max(p.repeats for p in programs)
        for _ in range(repeats or usual):
            for program in programs:
                if program.name in spent:
                    with noted(results, program, problem):
                        spent[program.name].append(workers[program.name].again())
    for name, message in first.items():
        if problem not in results.wrong.get(name, {}):
            results.versions[name] = message["versions"]
            results.measured.setdefault(problem, {})[name] = measurement(message, spent[name])


def measurement(first: Mapping[str, Any], spent: Sequence[Mapping[str, Any]]) -> Measurement:
    """Return a worker's messages as one measurement."""
    return Measurement(
        cost=Cost(*first["cost"]),
        size=first["size"],
        spent=tuple(message["cpu_s"] for message in spent),
        errors=first["errors"],
        first_call_s=first["first_call_s"],
        peak_memory_mib=spent[-1]["peak_memory_mib"],
    )


def chosen_programs(begins: Sequence[str] | None) -> tuple[Program, ...]:
    """Return the programs whose names begin with one of these words; all, if there are none."""
    if begins is None:
        return tuple(PROGRAMS.values())
    words = tuple(word.lower() for word in begins)
    return tuple(p for p in PROGRAMS.values() if p.name.lower().startswith(words))


def measured(programs: Sequence[Program], problems: Sequence[str], repeats: int | None) -> Results:
    """Time every program on every problem that it has."""
    results = Results()
    together = [p for p in programs if p in (OURS, *YARDSTICKS)]
    for problem in problems:
        groups = [together, *([p] for p in programs if p not in together)]
        for group in groups:
            able = [p for p in group if problem in FOUNDING or problem in p.problems]
            if able:
                in_turns(able, problem, results, repeats)
    return results


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is chosen, print the tables, write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--programs", nargs="+", help="first words of their names; default: all")
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=PROBLEMS)
    parser.add_argument("--repeats", type=int, help="default: 5 for ours and numbalsoda, else 3")
    parser.add_argument("--output", type=Path, help=f"default: {LATEST.name}, if all are run")
    chosen = parser.parse_args(arguments)
    programs = chosen_programs(chosen.programs)
    if not programs:
        parser.error(f"no program begins so; there are {', '.join(PROGRAMS)}")
    results = measured(programs, chosen.problems, chosen.repeats)
    console = Console()
    results.print_to(console if console.is_terminal else Console(width=WIDTH))
    everything = len(programs) == len(PROGRAMS) and set(chosen.problems) == set(PROBLEMS)
    if path := chosen.output or (LATEST if everything else None):
        results.write(path)
    if results.wrong:
        sys.exit("a program gave no right answer; its time is not reported")


if __name__ == "__main__":
    main()
