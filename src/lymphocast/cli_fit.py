"""The command ``fit`` (records, individuals of a data file, a population) and ``controls``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lymphocast.console import show_progress
from lymphocast.errors import UsageError
from lymphocast.interchange.formats import is_petab
from lymphocast.options import (
    DEFAULT_SEED,
    Covariate,
    Draws,
    Error,
    FitMethod,
    Fix,
    Iov,
    Json,
    Lloq,
    Occasion,
    Omega,
    PopulationFile,
    PriorFile,
    Seed,
    output_option,
    refuse_beside_population,
)

ONE_DATA_FILE = "a fit of a model or a problem takes one file and writes one fit file (.nc)"
NEEDS_MODEL = "an option or a method that belongs to a model, without --model; needed --model NAME"
NEUTRAL = "neutral"
OF_PETAB = "a PEtab problem holds its own priors and errors; needed --method, --seed, --draws alone"
FAILED = "the fit's diagnostics failed: what is written says so"


def fit(
    cases: Annotated[
        list[str],
        typer.Argument(
            metavar="CASE...|DATA.csv|PROBLEM.yaml",
            help="Cases, event records with --model NAME, or a PEtab problem.",
        ),
    ],
    output: Annotated[Path, output_option(".nc", ".json")],
    method: Annotated[
        FitMethod | None,
        typer.Option(help="Importance sampling (is, if left out), tempered sequential Monte Carlo; "
                     "of a model also the no-U-turn sampler, or the mode with a normal "
                     "distribution around it (map: of a PEtab problem if left out); of a "
                     "population foce, focei (if left out), laplace, saem or nuts."),
    ] = None,
    prior: PriorFile = None,
    preset: Annotated[
        str,
        typer.Option(help="Prior weights: sceptical, neutral, enthusiastic, or the prior file's."),
    ] = NEUTRAL,
    update: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, metavar="FIT", help="Update this fit by the case's news."
        ),
    ] = None,
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
    """Fit hypotheses to a record or a series, a model to individuals or a population, or PEtab."""
    of_model = any((error, lloq, fix, omega, covariate, occasion, iov))
    if population is not None or (method is not None and method.of_population):
        refuse_beside_population(prior, error, lloq, fix, omega, iov)
        _fit_population(cases, output, population, model, method, seed, draws, covariate, occasion)
    elif model is not None:
        _fit_individuals(
            cases, output, model, method, seed, draws, prior, error, lloq, fix, omega, covariate,
            occasion, iov,
        )  # fmt: skip
    elif is_petab(Path(cases[0])):
        asked = of_model or any((prior, update, preset != NEUTRAL))
        _fit_petab(cases, output, method, seed, draws, asked=asked)
    else:
        _fit_records(cases, output, method, prior, preset, update, seed, draws, of_model=of_model)


def controls(
    case: Annotated[
        str, typer.Argument(metavar="CASE", help="Case file, or the name of a shipped case.")
    ],
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


def judge(diagnostics_passed: bool) -> None:
    """Leave with 1 if the diagnostics of a fit failed."""
    if not diagnostics_passed:
        typer.echo(f"error: {FAILED}", err=True)
        raise typer.Exit(1)


def _only_data(files: Sequence[str], output: Path) -> Path:
    """Return the one file of a fit of a model or a problem."""
    if len(files) != 1 or output.suffix.lower() != ".nc":
        raise UsageError(ONE_DATA_FILE)
    return Path(files[0])


def _fit_records(
    cases: Sequence[str],
    output: Path,
    method: FitMethod | None,
    prior: Path | None,
    preset: str,
    update: Path | None,
    seed: int,
    draws: int | None,
    *,
    of_model: bool,
) -> None:
    from lymphocast.record.casefile import find_case, read_case

    method = method or FitMethod.IS
    if of_model or method not in {FitMethod.IS, FitMethod.SMC}:
        raise UsageError(NEEDS_MODEL)
    records = [read_case(find_case(case)) for case in cases]
    from lymphocast.publish import write_fit_of  # slow to load: after the cases are read

    with show_progress() as progress:
        lines, passed = write_fit_of(
            records, output, method=method.value, seed=seed, draws=draws, prior_file=prior,
            preset=preset, update=update, progress=progress,
        )  # fmt: skip
    typer.echo("\n".join(lines))
    judge(passed)


def _fit_individuals(
    cases: Sequence[str], output: Path, model: str, method: FitMethod | None, seed: int,
    draws: int | None, prior: Path | None, error: list[str] | None, lloq: list[str] | None,
    fix: list[str] | None, omega: Path | None, covariate: list[str] | None,
    occasion: str | None, iov: list[str] | None,
) -> None:  # fmt: skip
    data = _only_data(cases, output)
    from lymphocast.individual_fits import DataFit, fit_data, outcome_lines, passed

    how = DataFit(
        model, (method or FitMethod.IS).value, seed, draws, prior, error or (), lloq or (),
        fix or (), omega, covariate or (), occasion, iov or (),
    )  # fmt: skip
    with show_progress() as progress:
        found = fit_data(data, output, how, progress)
    typer.echo("\n".join([*outcome_lines(found), str(output)]))
    judge(passed(found))


def _fit_petab(
    cases: Sequence[str], output: Path, method: FitMethod | None, seed: int, draws: int | None,
    *, asked: bool,
) -> None:  # fmt: skip
    if asked:
        raise UsageError(OF_PETAB)
    problem = _only_data(cases, output)
    from lymphocast.petab_fits import fit_petab_file

    method = method or FitMethod.MAP
    lines, passed = fit_petab_file(problem, output, method=method.value, seed=seed, draws=draws)
    typer.echo("\n".join([*lines, str(output)]))
    judge(passed)


def _fit_population(
    cases: Sequence[str], output: Path, population: Path | None, model: str | None,
    method: FitMethod | None, seed: int, draws: int | None, covariate: list[str] | None,
    occasion: str | None,
) -> None:  # fmt: skip
    from lymphocast.population_fits import fit_population_data, population_lines

    data, method = _only_data(cases, output), method or FitMethod.FOCEI
    if not (method.of_population or method is FitMethod.NUTS):
        msg = f"{method}, a method of one individual; needed foce, focei, laplace, saem or nuts"
        raise UsageError(msg)
    if method is not FitMethod.NUTS:
        refuse_beside_population(draws)
    with show_progress() as progress:
        run = fit_population_data(
            data, output, population, model=model, method=method.value, seed=seed, draws=draws,
            covariates=covariate or (), occasion=occasion, progress=progress,
        )  # fmt: skip
    typer.echo("\n".join([*population_lines(run), str(output)]))
    judge(run.fit.passed)
