"""The command ``fit`` (records, individuals of a data file, a population) and ``controls``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from lymphocast.console import show_progress, working_on
from lymphocast.errors import UsageError
from lymphocast.interchange.formats import is_petab
from lymphocast.options import (
    DEFAULT_SEED,
    IN_POPULATION_FILE,
    Covariate,
    Draws,
    Error,
    FitMethod,
    FitSeed,
    Fix,
    Iov,
    Json,
    Lloq,
    Occasion,
    Omega,
    PopulationFile,
    Preset,
    PriorFile,
    Seed,
    output_option,
    refuse,
)

ONE_DATA_FILE = "a fit of a model or a problem takes one file and writes one fit file (.nc)"
EVENTS = ".csv"
OPTIONS_OF_MODEL = (
    "--prior", "--error", "--lloq", "--fix", "--omega", "--covariate", "--occasion", "--iov",
)  # fmt: skip
SHARED_WITH_CASE = {"--prior"}
SHARED_WITH_POPULATION = {"--covariate", "--occasion"}
OF_MODEL = "without --model; needed --model NAME, which it belongs to"
BESIDE_POPULATION = "beside a population"
OF_CASE = "it left out, since it belongs to a case"
OF_UPDATE = "it left out, since an update keeps the method, priors, weights and draws of its fit"
OF_PETAB = "--method, --seed and --draws alone: a PEtab problem holds its own priors and errors"
FAILED = "the fit's diagnostics failed: what is written says so"
CONTROL_FAILED = "a control failed: what is printed says which"


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
    preset: Preset = None,
    update: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, metavar="FIT", help="Update this fit by the case's news."
        ),
    ] = None,
    seed: FitSeed = None,
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
    how = (prior, error, lloq, fix, omega, covariate, occasion, iov)
    of_model = dict(zip(OPTIONS_OF_MODEL, how, strict=True))
    of_case = {"--update": update, "--preset": preset}
    if population is not None or (method is not None and method.of_population):
        _refuse_of_individual(of_case, of_model)
        _fit_population(cases, output, population, model, method, seed, draws, covariate, occasion)
    elif model is not None:
        refuse(of_case, "beside --model", OF_CASE)
        _fit_individuals(cases, output, model, method, seed, draws, *how)
    elif is_petab(Path(cases[0])):
        refuse({**of_case, **of_model}, "beside a PEtab problem", OF_PETAB)
        _fit_petab(cases, output, method, seed, draws)
    else:
        _refuse_of_model(cases, method, of_model)
        _fit_records(cases, output, method, prior, preset, update, seed, draws)


def controls(
    case: Annotated[
        str, typer.Argument(metavar="CASE", help="Case file, or the name of a shipped case.")
    ],
    full: Annotated[
        bool, typer.Option("--full", help="More patients, and every sensitivity table.")
    ] = False,
    prior: PriorFile = None,
    preset: Preset = None,
    seed: Seed = DEFAULT_SEED,
    json: Json = False,
) -> None:
    """Ask the same of patients whose answer is known."""
    from lymphocast.record.casefile import find_case, read_case

    record = read_case(path := find_case(case))
    from lymphocast.publish import controls_text  # slow to load: after the case is read

    with working_on({record.id: path}, quiet=json) as progress:
        text, passed = controls_text(
            record, seed=seed, full=full, json=json, prior_file=prior, preset=preset,
            progress=progress,
        )  # fmt: skip
    typer.echo(text)
    judge(passed, CONTROL_FAILED)


def judge(passed: bool, failed: str = FAILED) -> None:
    """Leave with 1 if the diagnostics of a fit, or something else, failed."""
    if not passed:
        typer.echo(f"error: {failed}", err=True)
        raise typer.Exit(1)


def _known(seed: int | None) -> int:
    return DEFAULT_SEED if seed is None else seed


def _only_data(files: Sequence[str], output: Path) -> Path:
    """Return the one file of a fit of a model or a problem."""
    if len(files) != 1 or output.suffix.lower() != ".nc":
        raise UsageError(ONE_DATA_FILE)
    return Path(files[0])


def _refuse_of_individual(of_case: Mapping[str, object], of_model: Mapping[str, object]) -> None:
    """Refuse for a population what belongs to a case, or to a model of one individual."""
    refuse(of_case, BESIDE_POPULATION, OF_CASE)
    own = {n: v for n, v in of_model.items() if n not in SHARED_WITH_POPULATION}
    refuse(own, BESIDE_POPULATION, IN_POPULATION_FILE)


def _refuse_of_model(
    cases: Sequence[str], method: FitMethod | None, of_model: Mapping[str, object]
) -> None:
    """Refuse for a case what belongs to a model, and event records without one."""
    own = method in {None, FitMethod.IS, FitMethod.SMC}
    of_model = {n: v for n, v in of_model.items() if n not in SHARED_WITH_CASE}
    refuse({**of_model, f"--method {method}": None if own else method}, OF_MODEL)
    if events := [case for case in cases if case.lower().endswith(EVENTS)]:
        msg = f"found the event records '{events[0]}' without --model; needed --model NAME"
        raise UsageError(msg)


def _fit_records(
    cases: Sequence[str],
    output: Path,
    method: FitMethod | None,
    prior: Path | None,
    preset: str | None,
    update: Path | None,
    seed: int | None,
    draws: int | None,
) -> None:
    from lymphocast.record.casefile import find_case, read_case

    if update is not None:
        given = {"--method": method, "--prior": prior, "--preset": preset, "--draws": draws}
        refuse(given, "beside --update", OF_UPDATE)
    paths = [find_case(case) for case in cases]
    records = [read_case(path) for path in paths]
    from lymphocast.record_fits import update_fit_of, write_fit_of  # slow to load: after the cases

    files = {record.id: path for record, path in zip(records, paths, strict=True)}
    with working_on(files) as progress:
        if update is not None:
            lines, passed = update_fit_of(records, output, update, seed=seed, progress=progress)
        else:
            lines, passed = write_fit_of(
                records, output, method=(method or FitMethod.IS).value,
                seed=_known(seed), draws=draws, prior_file=prior,
                preset=preset, progress=progress,
            )  # fmt: skip
    typer.echo("\n".join(lines))
    judge(passed)


def _fit_individuals(
    cases: Sequence[str], output: Path, model: str, method: FitMethod | None, seed: int | None,
    draws: int | None, prior: Path | None, error: list[str] | None, lloq: list[str] | None,
    fix: list[str] | None, omega: Path | None, covariate: list[str] | None,
    occasion: str | None, iov: list[str] | None,
) -> None:  # fmt: skip
    data = _only_data(cases, output)
    from lymphocast.individual_fits import DataFit, fit_data, outcome_lines, passed

    how = DataFit(
        model, (method or FitMethod.IS).value, _known(seed), draws, prior, error or (), lloq or (),
        fix or (), omega, covariate or (), occasion, iov or (),
    )  # fmt: skip
    with show_progress() as progress:
        found = fit_data(data, output, how, progress)
    typer.echo("\n".join([*outcome_lines(found), str(output)]))
    judge(passed(found))


def _fit_petab(
    cases: Sequence[str], output: Path, method: FitMethod | None, seed: int | None,
    draws: int | None,
) -> None:  # fmt: skip
    problem = _only_data(cases, output)
    from lymphocast.petab_fits import fit_petab_file

    method = method or FitMethod.MAP
    lines, passed = fit_petab_file(
        problem, output, method=method.value, seed=_known(seed), draws=draws
    )
    typer.echo("\n".join([*lines, str(output)]))
    judge(passed)


def _fit_population(
    cases: Sequence[str], output: Path, population: Path | None, model: str | None,
    method: FitMethod | None, seed: int | None, draws: int | None, covariate: list[str] | None,
    occasion: str | None,
) -> None:  # fmt: skip
    from lymphocast.population_fits import fit_population_data, population_lines

    data, method = _only_data(cases, output), method or FitMethod.FOCEI
    if not (method.of_population or method is FitMethod.NUTS):
        msg = f"{method}, a method of one individual; needed foce, focei, laplace, saem or nuts"
        raise UsageError(msg)
    if method is not FitMethod.NUTS:
        refuse({"--draws": draws}, BESIDE_POPULATION, IN_POPULATION_FILE)
    with show_progress() as progress:
        run = fit_population_data(
            data, output, population, model=model, method=method.value, seed=_known(seed),
            draws=draws, covariates=covariate or (), occasion=occasion, progress=progress,
        )  # fmt: skip
    typer.echo("\n".join([*population_lines(run), str(output)]))
    judge(run.fit.passed)
