"""Options of the command line: output paths that are checked, and what several commands share."""

import math
import os
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, final

import typer

from lymphocast.dataset.events import CovariateRule
from lymphocast.errors import UsageError

DEFAULT_SEED = 20040501


@final
class FitMethod(StrEnum):
    """How a posterior is computed."""

    IS = "is"
    SMC = "smc"
    NUTS = "nuts"
    MAP = "map"
    FOCE = "foce"
    FOCEI = "focei"
    LAPLACE = "laplace"
    SAEM = "saem"

    @property
    def of_population(self) -> bool:
        """Whether it fits populations alone."""
        return self in {FitMethod.FOCE, FitMethod.FOCEI, FitMethod.LAPLACE, FitMethod.SAEM}


IN_POPULATION_FILE = (
    "in the population file instead (errors, limits, values, variances, priors), or left out"
)
LEFT_OUT = "it left out"


def refuse(given: Mapping[str, object], where: str, needed: str = LEFT_OUT) -> None:
    """Refuse options that do not go with another, each by its name.

    Parameters
    ----------
    given
        The options by name, ``None`` where one is left out.
    where, needed
        What they were found with, and what is needed instead.

    Raises
    ------
    UsageError
        If one of them is given.
    """
    if found := [name for name, value in given.items() if value is not None]:
        msg = f"found {', '.join(found)} {where}; needed {needed}"
        raise UsageError(msg)


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
FitSeed = Annotated[
    int | None,
    typer.Option(
        min=0,
        help=f"Seed of every random number; {DEFAULT_SEED} if left out, with --update the fit's.",
    ),
]
Draws = Annotated[
    int | None,
    typer.Option(min=100, help="Draws per hypothesis; the method's own number if left out."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and no progress.")]
Error = Annotated[
    list[str] | None,
    typer.Option(metavar="ENDPOINT=KIND", help="How an endpoint's observations scatter."),
]
Lloq = Annotated[
    list[str] | None,
    typer.Option(metavar="ENDPOINT=VALUE", help="Its lower limit of quantification."),
]
Fix = Annotated[
    list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter that is known.")
]
Omega = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, metavar="FILE", help="Random effects."),
]
Covariate = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="A parameter that is a column of the events."),
]
Occasion = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="The column that numbers occasions.")
]
Iov = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=SD", help="SD of ln of a parameter between occasions."),
]
Plans = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="PLAN.yaml", exists=True, dir_okay=False, help="Plans to follow; repeatable."
    ),
]


def cost_of_delay(value: float | None) -> float | None:
    """Return a cost of delay; refuse one that no date could be best at."""
    if value is not None and not 0.0 <= value < math.inf:
        message = f"--delay-cost: found {value:g}; needed a number of bits a month, 0 or more"
        raise UsageError(message)
    return value


DelayCost = Annotated[
    float | None,
    typer.Option(
        metavar="BITS",
        help="What a month's delay of the next count costs: the date that is then best.",
        callback=cost_of_delay,
    ),
]
Sensitivity = Annotated[
    bool,
    typer.Option("--sensitivity", help="Do so again under each changed assumption, with verdicts."),
]
PriorFile = Annotated[
    Path | None,
    typer.Option(
        "--prior", exists=True, dir_okay=False, help="Prior rows that replace the default ones."
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        help="Prior weights: sceptical, neutral (if left out), enthusiastic, or the prior file's."
    ),
]
PopulationFile = Annotated[
    Path | None,
    typer.Option(
        "--population",
        exists=True,
        dir_okay=False,
        metavar="FILE",
        help="What individuals share: typical values, random effects, covariates.",
    ),
]
Theta = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="A parameter; else the model's example value."),
]
Times = Annotated[
    str | None, typer.Option(metavar="T1,T2,...", help="Study days to read; else the records'.")
]
Rule = Annotated[CovariateRule, typer.Option(help="What covariates are between records.")]
Number = Annotated[
    int | None,
    typer.Option("-n", "--number", min=1, help="Draws for each individual; 1 if left out."),
]
Parameters = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.csv",
        help="Also write each individual's parameters.",
        callback=writable(".csv"),
    ),
]
