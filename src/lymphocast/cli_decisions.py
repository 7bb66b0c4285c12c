"""The commands ``forecast``, ``optimise`` and ``trial``: what comes next, and what to plan.

They parse, call, print, as the other commands do; the command line registers them.
"""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lymphocast.console import show_progress, working_on
from lymphocast.errors import UsageError
from lymphocast.options import (
    DEFAULT_SEED,
    DelayCost,
    FitFile,
    Json,
    Plans,
    Seed,
    Sensitivity,
    output_option,
    refuse,
)

if TYPE_CHECKING:
    from lymphocast.analysis import Fit

FIGURES: Final = (".svg", ".png", ".pdf", ".html")


def forecast(
    fit_file: FitFile,
    plan: Plans = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Last day, such as 2010-06-30.")
    ] = None,
    output: Annotated[Path | None, output_option(".csv", ".json", *FIGURES)] = None,
    sensitivity: Sensitivity = False,
    delay_cost: DelayCost = None,
    json: Json = False,
) -> None:
    """Say what comes next: without treatment, or under plans."""
    last = _day(until)
    if plan or last is not None:
        refuse({"--delay-cost": delay_cost}, "beside --plan or --until")
        _forecast_plans(fit_file, plan or [], last, output, sensitivity=sensitivity, json=json)
    elif sensitivity:
        refuse({"--sensitivity": sensitivity}, "without --plan or --until", "one of them")
    elif output is not None and output.suffix.lower() in FIGURES:
        message = f"cannot write '{output}': a figure of a forecast needs --plan or --until"
        raise UsageError(message)
    else:
        _forecast_untreated(fit_file, output, delay_cost=delay_cost, json=json)


def optimise(
    fit_file: FitFile,
    goal: Annotated[
        Path,
        typer.Option(metavar="GOAL.yaml", exists=True, dir_okay=False, help="What is wanted."),
    ],
    output: Annotated[Path | None, output_option(".json", ".csv")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of the draws; the fit's if left out.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted search of this output.")
    ] = False,
    sensitivity: Sensitivity = False,
    json: Json = False,
) -> None:
    """Rank the regimens that could meet a goal, and say what is not known."""
    from lymphocast.decisions import search_of, search_text, write_search

    found_fit = _read(fit_file)
    with working_on({found_fit.record.id: fit_file}, quiet=json) as progress:
        found = search_of(
            found_fit, goal, seed=seed, output=output, resume=resume, sensitivity=sensitivity,
            progress=progress,
        )  # fmt: skip
    if output is None:
        typer.echo(search_text(found, json=json))
    else:
        write_search(found, output)
        typer.echo(str(output))


def trial(
    protocol: Annotated[
        Path,
        typer.Argument(metavar="TRIAL.yaml", exists=True, dir_okay=False, help="The protocol."),
    ],
    number: Annotated[
        int, typer.Option("-n", "--number", min=1, help="How many times the trial is simulated.")
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIR", file_okay=False, help="Folder of the run."),
    ],
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask cluster to use instead.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one a processor if it pays.")
    ] = None,
    seed: Seed = DEFAULT_SEED,
    json: Json = False,
) -> None:
    """Simulate a trial many times: power, bias, coverage. Run again, it goes on."""
    from lymphocast.decisions import trial_of, trial_text

    with show_progress(quiet=json) as progress:
        found = trial_of(
            protocol, number, output, seed=seed, workers=workers, scheduler=scheduler,
            progress=progress,
        )  # fmt: skip
    typer.echo(trial_text(found, json=json))


def _forecast_plans(
    fit_file: Path,
    plans: list[Path],
    until: date | None,
    output: Path | None,
    *,
    sensitivity: bool,
    json: bool,
) -> None:
    from lymphocast.decisions import plans_of, plans_text, write_plans

    found_fit = _read(fit_file)
    with working_on({found_fit.record.id: fit_file}, quiet=json) as progress:
        found = plans_of(found_fit, plans, until, progress, sensitivity=sensitivity)
    if output is None:
        typer.echo(plans_text(found, json=json))
    else:
        write_plans(found, found_fit.record, output)
        typer.echo(str(output))


def _forecast_untreated(
    fit_file: Path, output: Path | None, *, delay_cost: float | None, json: bool
) -> None:
    from lymphocast.publish import forecast_json, forecast_text, write_forecast

    found = _read(fit_file)
    with working_on({found.record.id: fit_file}, quiet=json) as progress:
        if output is not None:
            write_forecast(found, output, progress, delay_cost=delay_cost)
            text = str(output)
        else:
            text = (forecast_json if json else forecast_text)(
                found, progress, delay_cost=delay_cost
            )
    typer.echo(text)


def _read(fit_file: Path) -> "Fit":
    from lymphocast.analysis import read_fit

    return read_fit(fit_file)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"--until: found '{text}'; needed a day such as 2010-06-30"
        raise UsageError(message) from None
