"""The command line: each command parses its arguments, calls, prints; it computes nothing.

Exit codes: 0 done, warnings and contradictions included; 1 content that cannot be read, an issue
of severity ``error``, or a fit whose diagnostics failed; 2 a wrong call, a missing path included;
130 interrupted. Everything slow is imported inside the command that needs it.
"""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from lymphocast._version import __version__
from lymphocast.cli_convert import check_if_data, convert, draft
from lymphocast.cli_decisions import forecast, optimise, trial
from lymphocast.cli_fit import controls, fit, judge
from lymphocast.cli_models import models, simulate
from lymphocast.cli_verify import verify
from lymphocast.console import Progress, show_progress, working_on
from lymphocast.errors import LymphocastError, UsageError
from lymphocast.options import (
    DEFAULT_SEED,
    DelayCost,
    Draws,
    FitFile,
    Json,
    Plans,
    Seed,
    Sensitivity,
    output_option,
)

if TYPE_CHECKING:
    from lymphocast.analysis import Fit

NOTHING_TO_CHECK = "nothing to check: name a case file or a shipped case, or ask for --schema"
DEFAULT_DEMO = Path("out/trojan-2009")

app = typer.Typer(
    name="lymphocast",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lymphocast {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and leave."
        ),
    ] = False,
) -> None:
    """Models of one patient treated with a cytokine.

    What happened, did the treatment do it, what comes next. Research software: not a medical
    device, and no advice for any patient.
    """


@app.command()
def demo(
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIR", file_okay=False, help="Folder to fill."),
    ] = DEFAULT_DEMO,
    seed: Seed = DEFAULT_SEED,
    draws: Draws = None,
) -> None:
    """Run the whole job on the founding case."""
    from lymphocast.publish import run_demo

    with show_progress() as progress:
        published = run_demo(output, seed=seed, draws=draws, progress=progress)
    typer.echo("\n".join(str(path) for path in published.paths))
    judge(published.diagnostics_passed)


@app.command()
def check(
    case: Annotated[
        str | None,
        typer.Argument(metavar="CASE", help="Case file, shipped case, or NONMEM-style .csv."),
    ] = None,
    json: Json = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of case files instead.")
    ] = False,
    care: Annotated[
        bool, typer.Option("--care", help="Print the CARE checklist as a Markdown table instead.")
    ] = False,
) -> None:
    """Check a record and print what to act on first, or say what NONMEM-style data mean."""
    from lymphocast.criteria.check import check, check_json
    from lymphocast.criteria.printing import check_text
    from lymphocast.record.casefile import case_schema, find_case, read_case

    if schema:
        typer.echo(_json_text(case_schema()))
        raise typer.Exit
    if case is None:
        raise UsageError(NOTHING_TO_CHECK)
    check_if_data(case, json=json)
    found = check(read_case(find_case(case)))
    typer.echo(_json_text(check_json(found)) if json else check_text(found, care=care))
    raise typer.Exit(1 if found.has_errors else 0)


app.command()(convert)
app.command()(draft)


@app.command()
def figure(
    source: Annotated[
        str,
        typer.Argument(metavar="CASE|FIT", help="Case file, shipped case, or fit file (.nc)."),
    ],
    output: Annotated[Path, output_option(".svg", ".png", ".pdf", ".html")],
) -> None:
    """Draw the treatment figure."""
    from lymphocast.publish import write_figure_of

    with show_progress() as progress:
        write_figure_of(source, output, progress)
    typer.echo(str(output))


app.command()(fit)


@app.command()
def explain(
    fit_file: FitFile,
    output: Annotated[Path | None, output_option(".json", ".html", ".csv")] = None,
    delay_cost: DelayCost = None,
    json: Json = False,
) -> None:
    """Say what did it, and how surely."""
    from lymphocast.publish import explanation_json, explanation_text, write_explanation

    if output is not None:
        write = partial(write_explanation, delay_cost=delay_cost)
        _write_from_fit(fit_file, write, output, quiet=json)
    else:
        answer = explanation_json if json else explanation_text
        _print_from_fit(fit_file, partial(answer, delay_cost=delay_cost), quiet=json)


app.command()(controls)
app.command()(forecast)
app.command()(optimise)


@app.command()
def report(
    fit_file: FitFile,
    output: Annotated[Path, output_option(".html", ".pdf", ".json")],
    plan: Plans = None,
    goal: Annotated[
        Path | None,
        typer.Option(
            metavar="GOAL.yaml", exists=True, dir_okay=False, help="A goal to search regimens for."
        ),
    ] = None,
    trial: Annotated[
        Path | None,
        typer.Option(metavar="DIR", exists=True, file_okay=False, help="A finished virtual trial."),
    ] = None,
    sensitivity: Sensitivity = False,
) -> None:
    """Write the report as one file, or its numbers as JSON."""
    from lymphocast.decisions import asked_of
    from lymphocast.forecast.trial.finished import read_trial
    from lymphocast.publish import write_report_of

    done = None if trial is None else read_trial(trial)

    def write(found: "Fit", path: Path, progress: Progress | None) -> None:
        plans, search = asked_of(found, plan or (), goal, progress, sensitivity=sensitivity)
        write_report_of(found, path, progress, plans=plans, search=search, trial=done)

    _write_from_fit(fit_file, write, output)


app.command()(models)
app.command()(simulate)
app.command()(trial)
app.command()(verify)


def _write_from_fit(
    fit_file: Path,
    write: "Callable[[Fit, Path, Progress | None], None]",
    output: Path,
    *,
    quiet: bool = False,
) -> None:
    from lymphocast.analysis import read_fit

    found = read_fit(fit_file)
    with working_on({found.record.id: fit_file}, quiet=quiet) as progress:
        write(found, output, progress)
    typer.echo(str(output))


def _print_from_fit(
    fit_file: Path, answer: "Callable[[Fit, Progress | None], str]", *, quiet: bool
) -> None:
    from lymphocast.analysis import read_fit

    found = read_fit(fit_file)
    with working_on({found.record.id: fit_file}, quiet=quiet) as progress:
        text = answer(found, progress)
    typer.echo(text)


def _json_text(value: object) -> str:
    import json

    return json.dumps(value, indent=2, ensure_ascii=False)


def _fail(message: str, code: int) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    sys.exit(code)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave the process with its exit code."""
    try:
        app(args=arguments, prog_name="lymphocast")
    except UsageError as error:
        _fail(str(error), 2)
    except LymphocastError as error:
        _fail(str(error), 1)
    except FileNotFoundError as error:
        _fail(f"no such file: {error.filename}" if error.filename else str(error), 2)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), 1)
    sys.exit(0)
