"""Decisions: what the commands say of plans, goals and trials, from files to text or files."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from lymphocast.errors import UsageError
from lymphocast.figures.export import write_figure
from lymphocast.figures.plans import plan_figure
from lymphocast.files import write_whole
from lymphocast.forecast.goal_file import read_goal
from lymphocast.forecast.plan import Plan
from lymphocast.forecast.plan_file import PlanFile, read_plans
from lymphocast.forecast.plan_forecast import forecast_plans, frame_of
from lymphocast.forecast.plan_results import PlanForecast
from lymphocast.forecast.regimen_results import RegimenSearch
from lymphocast.forecast.regimen_search import optimise
from lymphocast.forecast.search import Race
from lymphocast.forecast.search_state import Mark, SearchState
from lymphocast.forecast.trial.characteristics import Characteristics
from lymphocast.forecast.trial.folder import SUMMARY
from lymphocast.forecast.trial.protocol_file import read_protocol
from lymphocast.forecast.trial.run import run_trial
from lymphocast.inference.posterior import Fit
from lymphocast.record.patient import PatientRecord
from lymphocast.report.plan_tables import plan_csv, plan_json, plan_lines
from lymphocast.report.regimen_tables import regimen_csv, regimen_json, regimen_lines
from lymphocast.report.trial_tables import trial_json, trial_lines

Progress = Callable[[str, float], None]
UNTREATED = "no treatment"


def plans_of(
    fit: Fit,
    files: Sequence[Path],
    until: date | None,
    progress: Progress | None = None,
    *,
    sensitivity: bool = False,
) -> PlanForecast:
    """Return the forecast of the plans of some files; without any, of no treatment.

    Parameters
    ----------
    fit
        The posterior.
    files
        Plan files; they must agree on the origin, the last day and the thresholds.
    until
        The last day, instead of the one that a file states.
    progress
        Called with a stage's name and the share that is done.
    sensitivity
        Follow the plans again in each row of the sensitivity table.

    Raises
    ------
    RecordError
        At the first thing that is wrong with a file.
    UsageError
        If the files disagree, two plans share a name, or the record leaves nothing to forecast
        from.
    """
    if not files:
        return forecast_plans(
            fit, (Plan(UNTREATED),), frame_of(fit, until), progress=progress,
            sensitivity=sensitivity,
        )  # fmt: skip
    frame = frame_of(fit)
    read = [read_plans(path, frame, until) for path in files]
    first, wanted = read[0], _common(read[0])
    for path, other in zip(files, read, strict=True):
        if _common(other) != wanted:
            msg = f"'{path}': found plans {_common(other)}; needed as in '{files[0]}': {wanted}"
            raise UsageError(msg)
    plans = [plan for one in read for plan in one.plans]
    names = [plan.name for plan in plans]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        msg = f"found two plans named '{twice}'; needed each name once"
        raise UsageError(msg)
    return forecast_plans(
        fit, plans, first.frame, thresholds=first.thresholds, progress=progress,
        sensitivity=sensitivity,
    )  # fmt: skip


def _common(found: PlanFile) -> str:
    """Return what plans that stand side by side must share, in words."""
    limits = ", ".join(map(str, found.thresholds))
    return f"from {found.frame.origin} to {found.frame.until} with thresholds {limits}"


def write_plans(found: PlanForecast, record: PatientRecord, path: Path) -> None:
    """Write a forecast of plans: CSV, JSON or a figure, which shows the record's facts as well."""
    match path.suffix.lower():
        case ".csv":
            write_whole(path, plan_csv(found).encode())
        case ".json":
            write_whole(path, plan_json(found).encode())
        case _:
            write_figure(plan_figure(found, record), path)


def plans_text(found: PlanForecast, *, json: bool) -> str:
    """Return a forecast of plans for a terminal, or as JSON text."""
    return plan_json(found) if json else "\n".join(plan_lines(found))


def search_of(
    fit: Fit,
    goal: Path,
    *,
    seed: int | None = None,
    output: Path | None = None,
    resume: bool = False,
    sensitivity: bool = False,
    progress: Progress | None = None,
) -> RegimenSearch:
    """Return the regimens that best meet the goal of a file.

    Parameters
    ----------
    fit
        The posterior.
    goal
        The goal file.
    seed
        Seed of the draws; the fit's if ``None``.
    output
        The file that the search will be written to. An interrupted search leaves its state beside
        it, with the suffix ``.unfinished``.
    resume
        Go on from that state.
    sensitivity
        Rank again in each row of the sensitivity table.
    progress
        Called with a stage's name and the share that is done.

    Raises
    ------
    RecordError
        At the first thing that is wrong with the goal file.
    UsageError
        If there is no state to go on from, or it is that of another search.
    """
    wanted, legs = read_goal(goal, frame_of(fit)), Race()
    mark = Mark.of(fit, wanted, fit.seed if seed is None else seed, legs)
    if resume and output is None:
        msg = "found --resume without -o; needed the output of the search to go on with"
        raise UsageError(msg)
    path = None if output is None else unfinished(output)
    state = SearchState.resumed(path, mark) if resume and path else SearchState(path, mark)
    return optimise(
        fit, wanted, seed=seed, legs=legs, progress=progress, state=state, sensitivity=sensitivity
    )


def asked_of(
    fit: Fit,
    plans: Sequence[Path],
    goal: Path | None,
    progress: Progress | None = None,
    *,
    sensitivity: bool = False,
) -> tuple[PlanForecast | None, RegimenSearch | None]:
    """Return the forecast of plans and the search that a report is asked for, if it is.

    What is wrong with a file is said before anything is computed.

    Raises
    ------
    RecordError, UsageError
        As :func:`plans_of` and :func:`search_of` do; if ``sensitivity`` has nothing to judge.
    """
    if sensitivity and not plans and goal is None:
        msg = "found --sensitivity without --plan or --goal; needed one of them"
        raise UsageError(msg)
    if goal is not None:
        read_goal(goal, frame_of(fit))
    return (
        plans_of(fit, plans, None, progress, sensitivity=sensitivity) if plans else None,
        search_of(fit, goal, sensitivity=sensitivity, progress=progress)
        if goal is not None
        else None,
    )


def unfinished(output: Path) -> Path:
    """Return where the state of a search that will be written to ``output`` is kept."""
    return output.with_name(f"{output.name}.unfinished")


def write_search(found: RegimenSearch, path: Path) -> None:
    """Write a regimen search: CSV or JSON; the state of an interrupted one goes."""
    as_table = path.suffix.lower() == ".csv"
    write_whole(path, (regimen_csv if as_table else regimen_json)(found).encode())
    unfinished(path).unlink(missing_ok=True)


def search_text(found: RegimenSearch, *, json: bool) -> str:
    """Return a regimen search for a terminal, or as JSON text."""
    return regimen_json(found) if json else "\n".join(regimen_lines(found))


def trial_of(
    protocol: Path,
    trials: int,
    folder: Path,
    *,
    seed: int,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Characteristics:
    """Simulate the trial of a protocol file, and write its operating characteristics as well.

    Raises
    ------
    RecordError
        At the first thing that is wrong with the file.
    UsageError
        As :func:`lymphocast.forecast.trial.run.run_trial` does.
    """
    found = run_trial(
        read_protocol(protocol), trials, folder, seed=seed, workers=workers, scheduler=scheduler,
        progress=progress,
    )  # fmt: skip
    write_whole(folder / SUMMARY, trial_json(found).encode())
    return found


def trial_text(found: Characteristics, *, json: bool) -> str:
    """Return operating characteristics for a terminal, or as JSON text."""
    return trial_json(found) if json else "\n".join(trial_lines(found))
