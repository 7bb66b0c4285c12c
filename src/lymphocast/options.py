"""Options of the command line: output paths that are checked, and what several commands share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from lymphocast.errors import UsageError


def writable(*suffixes: str) -> Callable[[Path | None], Path | None]:
    """Return a check of an output path that fails before anything is computed."""

    def check_output(path: Path | None) -> Path | None:
        if path is None:
            return None
        if path.suffix.lower() not in suffixes:
            message = f"cannot write '{path}': found suffix '{path.suffix}'; needed one of "
            raise UsageError(message + ", ".join(suffixes))
        if path.is_dir():
            message = f"cannot write '{path}': it is a directory"
            raise UsageError(message)
        if not path.parent.is_dir():
            message = f"cannot write '{path}': the directory '{path.parent}' does not exist"
            raise UsageError(message)
        if not os.access(path.parent, os.W_OK):
            message = f"cannot write '{path}': the directory '{path.parent}' is not writable"
            raise UsageError(message)
        return path

    return check_output


def output_option(*suffixes: str) -> object:
    """Return the option ``-o`` for these suffixes."""
    kinds = ", ".join(suffixes)
    return typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help=f"File to write; its suffix decides the format: {kinds}.",
        callback=writable(*suffixes),
    )


FitFile = Annotated[
    Path,
    typer.Argument(metavar="FIT", exists=True, dir_okay=False, help="Fit file (.nc)."),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of every random number.")]
Draws = Annotated[
    int | None,
    typer.Option(min=100, help="Draws per hypothesis; the method's own number if left out."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and no progress.")]
