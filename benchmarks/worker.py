"""One program on one problem, in a process of its own, on one core.

    python -m benchmarks.worker PROGRAM PROBLEM

It first runs the task once and checks the answer, and writes what it found as a line of JSON. For
each line that it then reads, it runs the task again and writes the CPU time of the process. What a
library prints goes to standard error.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import IO, Any

from benchmarks.programs import PROGRAMS, Program
from benchmarks.task import FOUNDING, Task, WrongAnswerError, founding_task

KIB_PER_MIB = 1024


def task_of(program: Program, problem: str) -> Task:
    """Return a program's task; a module that is not installed is an ``ImportError``."""
    module, _, function = program.entry.partition(":")
    loaded = import_module(module)
    if problem in FOUNDING:
        solve = getattr(loaded, function)
        return founding_task(solve, FOUNDING[problem], program.patients, program.limits)
    made: Callable[[], Task] = loaded.OWN[problem]
    return made()


def first_answer(program: Program, problem: str) -> tuple[Task | None, dict[str, Any]]:
    """Run a task once; return it with what is to be said of it, or none with the reason."""
    try:
        task = task_of(program, problem)
        begun = time.perf_counter()
        answer = task.run()
        spent = time.perf_counter() - begun
        errors = task.checked(answer)
    except ImportError as error:
        return None, {"missing": str(error)}
    except WrongAnswerError as error:
        return None, {"wrong": str(error)}
    except Exception as error:  # a program may fail in its own way; it has not answered
        return None, {"wrong": f"{type(error).__name__}: {error}"}
    return task, {
        "errors": dict(errors),
        "size": task.size,
        "cost": [task.cost.key, task.cost.size_key, task.cost.per_second],
        "first_call_s": spent,
        "versions": {name: version(name) for name in program.packages},
    }


def peak_memory_mib() -> float:
    """Return the most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB


def serve(program: Program, problem: str, replies: IO[str]) -> None:
    """Answer until no more lines come."""

    def reply(message: dict[str, Any]) -> None:
        replies.write(json.dumps(message) + "\n")
        replies.flush()

    task, message = first_answer(program, problem)
    reply(message)
    if task is None:
        return
    for _ in sys.stdin:
        begun = time.process_time()
        task.run()
        reply({"cpu_s": time.process_time() - begun, "peak_memory_mib": peak_memory_mib()})


def main() -> None:
    """Keep to one core and serve the program and problem of the command line."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    name, problem = sys.argv[1:]
    serve(PROGRAMS[name], problem, replies)


if __name__ == "__main__":
    main()
