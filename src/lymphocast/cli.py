"""The command line: each command parses its arguments, calls, prints; it computes nothing.

Exit codes: 0 done, warnings and contradictions included; 1 content that cannot be read, an issue
of severity ``error``, or a fit whose diagnostics failed; 2 a wrong call, a missing path included;
130 interrupted. Everything slow is imported inside the command that needs it.
"""

import os
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, final

import typer

from lymphocast._version import __version__
from lymphocast.console import Progress, show_progress
from lymphocast.dataset.events import CovariateRule
from lymphocast.errors import LymphocastError, UsageError

if TYPE_CHECKING:
    from lymphocast.analysis import Fit

NOTHING_TO_CHECK = "nothing to check: name a case file or a shipped case, or ask for --schema"
DEFAULT_SEED = 20040501
DEFAULT_DEMO = Path("out/trojan-2009")
SBML = (".xml", ".sbml")

app = typer.Typer(
    name="lymphocast",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@final
class FitMethod(StrEnum):
    """How a posterior is computed."""

    IS = "is"
    SMC = "smc"


def _writable(*suffixes: str) -> Callable[[Path | None], Path | None]:
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


def _output(*suffixes: str) -> object:
    """Return the option ``-o`` for these suffixes."""
    kinds = ", ".join(suffixes)
    return typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help=f"File to write; its suffix decides the format: {kinds}.",
        callback=_writable(*suffixes),
    )


Case = Annotated[
    str, typer.Argument(metavar="CASE", help="Case file, or the name of a shipped case.")
]
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
    _judge(published.diagnostics_passed)


@app.command()
def check(
    case: Annotated[
        str | None,
        typer.Argument(metavar="CASE", help="Case file, or the name of a shipped case."),
    ] = None,
    json: Json = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of case files instead.")
    ] = False,
    care: Annotated[
        bool, typer.Option("--care", help="Print the CARE checklist as a Markdown table instead.")
    ] = False,
) -> None:
    """Check a record and print what to act on first."""
    from lymphocast.criteria.check import check, check_json
    from lymphocast.criteria.printing import check_text
    from lymphocast.record.casefile import case_schema, find_case, read_case

    if schema:
        _print_json(case_schema())
        raise typer.Exit
    if case is None:
        raise UsageError(NOTHING_TO_CHECK)
    found = check(read_case(find_case(case)))
    if json:
        _print_json(check_json(found))
    else:
        typer.echo(check_text(found, care=care))
    raise typer.Exit(1 if found.has_errors else 0)


@app.command()
def figure(
    source: Annotated[
        str,
        typer.Argument(metavar="CASE|FIT", help="Case file, shipped case, or fit file (.nc)."),
    ],
    output: Annotated[Path, _output(".svg", ".png", ".pdf", ".html")],
) -> None:
    """Draw the treatment figure."""
    from lymphocast.publish import write_figure_of

    with show_progress() as progress:
        write_figure_of(source, output, progress)
    typer.echo(str(output))


@app.command()
def fit(
    case: Case,
    output: Annotated[Path, _output(".nc")],
    update: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, metavar="FIT", help="Update this fit by the case's news."
        ),
    ] = None,
    preset: Annotated[
        str,
        typer.Option(help="Prior weights: sceptical, neutral, enthusiastic, or the prior file's."),
    ] = "neutral",
    method: Annotated[
        FitMethod, typer.Option(help="Importance sampling or tempered sequential Monte Carlo.")
    ] = FitMethod.IS,
    prior: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Prior rows that replace the default ones."),
    ] = None,
    seed: Seed = DEFAULT_SEED,
    draws: Draws = None,
) -> None:
    """Fit every hypothesis to a record."""
    from lymphocast.record.casefile import find_case, read_case

    record = read_case(find_case(case))
    from lymphocast.publish import fit_of, made_text  # slow to load: after the case is read

    with show_progress() as progress:
        found = fit_of(
            record, output, update=update, method=method.value, seed=seed, draws=draws,
            prior_file=prior, preset=preset, progress=progress,
        )  # fmt: skip
    typer.echo(f"{output}\n{made_text(found)}".strip())
    _judge(found.diagnostics_passed)


@app.command()
def explain(
    fit_file: FitFile,
    output: Annotated[Path | None, _output(".json", ".html", ".csv")] = None,
    json: Json = False,
) -> None:
    """Say what did it, and how surely."""
    from lymphocast.publish import explanation_json, explanation_text, write_explanation

    if output is not None:
        _write_from_fit(fit_file, write_explanation, output, quiet=json)
    else:
        _print_from_fit(fit_file, explanation_json if json else explanation_text, quiet=json)


@app.command()
def forecast(
    fit_file: FitFile,
    output: Annotated[Path | None, _output(".csv", ".json")] = None,
    json: Json = False,
) -> None:
    """Say what comes next without treatment."""
    from lymphocast.publish import forecast_json, forecast_text, write_forecast

    if output is not None:
        _write_from_fit(fit_file, write_forecast, output, quiet=json)
    else:
        _print_from_fit(fit_file, forecast_json if json else forecast_text, quiet=json)


@app.command()
def report(
    fit_file: FitFile,
    output: Annotated[Path, _output(".html", ".pdf")],
) -> None:
    """Write the report as one file."""
    from lymphocast.publish import write_report_of

    _write_from_fit(fit_file, write_report_of, output)


@app.command()
def models(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Model to describe, or a Python file (.py) with one."),
    ] = None,
    structure: Annotated[
        bool, typer.Option("--structure", help="Show the blocks of its equations instead.")
    ] = False,
    latex: Annotated[bool, typer.Option("--latex", help="Print its equations as LaTeX.")] = False,
    sbml: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write it as SBML (.xml, .sbml).", callback=_writable(*SBML)
        ),
    ] = None,
) -> None:
    """List the models, describe one, or export it."""
    from lymphocast.catalogue import show_model

    typer.echo(show_model(name, structure=structure, latex=latex, sbml=sbml))


@app.command()
def simulate(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="Library model, or a Python file (.py) with one."),
    ],
    events: Annotated[
        Path,
        typer.Argument(metavar="EVENTS.csv", exists=True, dir_okay=False, help="Event records."),
    ],
    output: Annotated[Path, _output(".csv")],
    theta: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A parameter; else the model's example value."),
    ] = None,
    times: Annotated[
        str | None, typer.Option(metavar="T1,T2,...", help="Study days to read; else the records'.")
    ] = None,
    covariate: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A parameter that is a column of the events."),
    ] = None,
    rule: Annotated[
        CovariateRule, typer.Option(help="What covariates are between records.")
    ] = CovariateRule.LAST_CARRIED_FORWARD,
    omega: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, metavar="FILE", help="Random effects."),
    ] = None,
    number: Annotated[
        int | None,
        typer.Option("-n", "--number", min=1, help="Draws for each individual; 1 if left out."),
    ] = None,
    seed: Seed = DEFAULT_SEED,
    parameters: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help="Also write each individual's parameters.",
            callback=_writable(".csv"),
        ),
    ] = None,
) -> None:
    """Simulate a model for the individuals of an event file, or for a population."""
    from lymphocast.catalogue import days, outcome_lines, simulate_model

    with show_progress() as progress:
        found = simulate_model(
            model, events, output, theta or (), days(times), covariates=covariate or (),
            rule=rule, omega=omega, number=number, seed=seed, parameters=parameters,
            progress=progress,
        )  # fmt: skip
    seeded = [f"seed {seed}"] if omega is not None else []
    typer.echo("\n".join([*seeded, *outcome_lines(found)]))


@app.command()
def controls(
    case: Case,
    full: Annotated[
        bool, typer.Option("--full", help="More patients, and every sensitivity table.")
    ] = False,
    seed: Seed = DEFAULT_SEED,
    json: Json = False,
) -> None:
    """Ask the same of patients whose answer is known."""
    from lymphocast.record.casefile import find_case, read_case

    record = read_case(find_case(case))
    from lymphocast.publish import controls_text  # slow to load: after the case is read

    with show_progress(quiet=json) as progress:
        text = controls_text(record, seed=seed, full=full, json=json, progress=progress)
    typer.echo(text)


def _write_from_fit(
    fit_file: Path,
    write: "Callable[[Fit, Path, Progress | None], None]",
    output: Path,
    *,
    quiet: bool = False,
) -> None:
    from lymphocast.analysis import read_fit

    found = read_fit(fit_file)
    with show_progress(quiet=quiet) as progress:
        write(found, output, progress)
    typer.echo(str(output))


def _print_from_fit(
    fit_file: Path, answer: "Callable[[Fit, Progress | None], str]", *, quiet: bool
) -> None:
    from lymphocast.analysis import read_fit

    found = read_fit(fit_file)
    with show_progress(quiet=quiet) as progress:
        text = answer(found, progress)
    typer.echo(text)


def _print_json(value: object) -> None:
    import json

    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _judge(diagnostics_passed: bool) -> None:
    if not diagnostics_passed:
        _fail("the fit's diagnostics failed: what is written says so", 1)


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
