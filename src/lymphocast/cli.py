"""The command line: each command parses its arguments, calls, prints; it computes nothing.

Exit codes: 0 done, warnings and contradictions included; 1 content that cannot be read, an issue
of severity ``error``, or a fit whose diagnostics failed; 2 a wrong call, a missing path included;
130 interrupted. Everything slow is imported inside the command that needs it.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from lymphocast._version import __version__
from lymphocast.console import Progress, show_progress
from lymphocast.dataset.events import CovariateRule
from lymphocast.errors import LymphocastError, UsageError
from lymphocast.options import (
    Covariate,
    Draws,
    Error,
    FitFile,
    FitMethod,
    Fix,
    Iov,
    Json,
    Lloq,
    Number,
    Occasion,
    Omega,
    Parameters,
    PopulationFile,
    PriorFile,
    Rule,
    Seed,
    Theta,
    Times,
    output_option,
    refuse_beside_population,
    writable,
)

if TYPE_CHECKING:
    from lymphocast.analysis import Fit
    from lymphocast.individual_fits import DataFit

NOTHING_TO_CHECK = "nothing to check: name a case file or a shipped case, or ask for --schema"
NEEDS_MODEL = "an option or a method that belongs to a model, without --model; needed --model NAME"
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
    output: Annotated[Path, output_option(".svg", ".png", ".pdf", ".html")],
) -> None:
    """Draw the treatment figure."""
    from lymphocast.publish import write_figure_of

    with show_progress() as progress:
        write_figure_of(source, output, progress)
    typer.echo(str(output))


@app.command()
def fit(
    case: Annotated[
        str,
        typer.Argument(metavar="CASE|DATA.csv", help="Case, or event records with --model."),
    ],
    output: Annotated[Path, output_option(".nc")],
    method: Annotated[
        FitMethod,
        typer.Option(help="Importance sampling, tempered sequential Monte Carlo; of a model also "
                     "the no-U-turn sampler, or the mode with a normal distribution around it; "
                     "of a population foce, focei (also if left out), laplace or saem."),
    ] = FitMethod.IS,
    prior: PriorFile = None,
    seed: Seed = DEFAULT_SEED,
    draws: Draws = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Library model, or a Python file (.py) with one."),
    ] = None,
    error: Error = None,
    lloq: Lloq = None,
    fix: Fix = None,
    omega: Omega = None,
    covariate: Covariate = None,
    occasion: Occasion = None,
    iov: Iov = None,
    population: PopulationFile = None,
) -> None:  # fmt: skip
    """Fit every hypothesis to a record, or a model to each individual of a data file."""
    if population is not None or method.of_population:
        refuse_beside_population(prior, draws, error, lloq, fix, omega, iov)
        _fit_population(case, output, population, model, method, seed, covariate, occasion)
    elif model is None:
        asked = any((error, lloq, fix, omega, covariate, occasion, iov))
        _fit_record(case, output, method, prior, seed, draws, of_model=asked)
    else:
        from lymphocast.individual_fits import DataFit

        how = DataFit(
            model, method.value, seed, draws, prior, error or (), lloq or (), fix or (), omega,
            covariate or (), occasion, iov or (),
        )  # fmt: skip
        _fit_individuals(case, output, how)


@app.command()
def explain(
    fit_file: FitFile,
    output: Annotated[Path | None, output_option(".json", ".html", ".csv")] = None,
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
    output: Annotated[Path | None, output_option(".csv", ".json")] = None,
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
    output: Annotated[Path, output_option(".html", ".pdf")],
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
            metavar="FILE", help="Write it as SBML (.xml, .sbml).", callback=writable(*SBML)
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
    output: Annotated[Path, output_option(".csv")],
    theta: Theta = None,
    times: Times = None,
    covariate: Covariate = None,
    rule: Rule = CovariateRule.LAST_CARRIED_FORWARD,
    omega: Omega = None,
    number: Number = None,
    seed: Seed = DEFAULT_SEED,
    parameters: Parameters = None,
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


def _fit_individuals(data: str, output: Path, how: "DataFit") -> None:
    from lymphocast.individual_fits import fit_data, outcome_lines, passed

    with show_progress() as progress:
        found = fit_data(Path(data), output, how, progress)
    typer.echo("\n".join([*outcome_lines(found), str(output)]))
    _judge(passed(found))


def _fit_population(
    data: str, output: Path, population: Path | None, model: str | None, method: FitMethod,
    seed: int, covariate: list[str] | None, occasion: str | None,
) -> None:  # fmt: skip
    from lymphocast.population_fits import fit_population_data, population_lines

    with show_progress() as progress:
        run = fit_population_data(
            Path(data), output, population, model=model, method=method.in_population, seed=seed,
            covariates=covariate or (), occasion=occasion, progress=progress,
        )  # fmt: skip
    typer.echo("\n".join([*population_lines(run), str(output)]))
    _judge(run.fit.passed)


def _fit_record(
    case: str,
    output: Path,
    method: FitMethod,
    prior: Path | None,
    seed: int,
    draws: int | None,
    *,
    of_model: bool,
) -> None:
    from lymphocast.record.casefile import find_case, read_case

    if of_model or method not in {FitMethod.IS, FitMethod.SMC}:
        raise UsageError(NEEDS_MODEL)
    record = read_case(find_case(case))
    from lymphocast.analysis import fit, write_fit  # slow to load: after the case is read

    with show_progress() as progress:
        found = fit(
            record, method=method.value, seed=seed, draws=draws, prior_file=prior,
            progress=progress,
        )  # fmt: skip
    write_fit(found, output)
    typer.echo(str(output))
    _judge(found.diagnostics_passed)


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
