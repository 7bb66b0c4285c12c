"""Publish: everything that is written for readers, from a case or a fit.

Each function computes the results once and hands them to writers; none leaves a file half done.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar, final

from lymphocast.analysis import controls, explain, foresee, read_fit, write_fit
from lymphocast.criteria.check import check
from lymphocast.figures.courses import course_figure
from lymphocast.figures.export import figure_svg, write_figure
from lymphocast.figures.plans import plan_figures
from lymphocast.figures.treatment import treatment_figure
from lymphocast.files import write_whole
from lymphocast.forecast.foresight import Foresight
from lymphocast.forecast.plan_results import PlanForecast
from lymphocast.forecast.regimen_results import RegimenSearch
from lymphocast.forecast.results import Results
from lymphocast.forecast.trial.characteristics import Characteristics
from lymphocast.forecast.value import at_cost
from lymphocast.hypothesis_fits import fit
from lymphocast.inference.posterior import Fit
from lymphocast.record.casefile import find_case, read_case
from lymphocast.record.patient import PatientRecord
from lymphocast.record.places import FIT_SUFFIX, placed
from lymphocast.record_fits import NO_INFECTION
from lymphocast.report.blocks import Document
from lymphocast.report.controls_text import controls_json, controls_lines
from lymphocast.report.document import build_document
from lymphocast.report.plain import explanation_lines, forecast_lines
from lymphocast.report.summary import outlook_json, summary, summary_json
from lymphocast.report.tables import explanation_csv, forecast_csv
from lymphocast.report.write import write_report

Progress = Callable[[str, float], None]
Ahead = TypeVar("Ahead", Foresight, Results)
FOUNDING_CASE = "trojan-2009"
PLANS_ON_A_PAGE = 3
EXPLANATION = (
    "hypotheses", "attribution", "outcomes", "leave_last_out", "contraction", "sensitivity",
    "verdicts", "timing", "next_count", "history",
)  # fmt: skip


@final
@dataclass(frozen=True)
class Published:
    """The files that a run wrote, and whether its fit passed its diagnostics."""

    paths: tuple[Path, ...]
    diagnostics_passed: bool


def run_demo(
    directory: Path, *, seed: int, draws: int | None = None, progress: Progress | None = None
) -> Published:
    """Run the whole job on the founding case and return the files written."""
    record = read_case(find_case(FOUNDING_CASE))
    directory.mkdir(parents=True, exist_ok=True)
    found = fit(record, method="is", seed=seed, draws=draws, progress=progress)
    results = explain(found, progress=progress)
    return Published(_write_all(found, results, directory, progress), found.diagnostics_passed)


def _write_all(
    found: Fit, results: Results, directory: Path, progress: Progress | None
) -> tuple[Path, ...]:
    figure = treatment_figure(found.record, results)
    document = _document(found, results)
    writers: dict[str, Callable[[Path], None]] = {
        "report.html": lambda path: write_report(document, path),
        "report.pdf": lambda path: write_report(document, path),
        "figure.svg": lambda path: write_figure(figure, path),
        "figure.png": lambda path: write_figure(figure, path),
        "figure.pdf": lambda path: write_figure(figure, path),
        "fit.nc": lambda path: write_fit(found, path),
        "forecast.csv": lambda path: write_whole(path, forecast_csv(results).encode()),
        "summary.json": lambda path: write_whole(path, _summary_json(found, results).encode()),
    }
    for i, (name, write) in enumerate(writers.items()):
        write(directory / name)
        if progress is not None:
            progress("writing", (i + 1) / len(writers))
    return tuple(directory / name for name in writers)


def write_explanation(
    found: Fit, path: Path, progress: Progress | None = None, *, delay_cost: float | None = None
) -> None:
    """Write what did it: JSON, CSV, or the report as HTML."""
    results = _costed(explain(found, progress=progress), delay_cost)
    match path.suffix.lower():
        case ".json":
            write_whole(path, _explanation_json(found, results).encode())
        case ".csv":
            write_whole(path, explanation_csv(results).encode())
        case _:
            write_report(_document(found, results), path)


def write_forecast(
    found: Fit, path: Path, progress: Progress | None = None, *, delay_cost: float | None = None
) -> None:
    """Write what comes next: CSV or JSON."""
    foresight = _costed(foresee(found, progress=progress), delay_cost)
    as_table = path.suffix.lower() == ".csv"
    text = forecast_csv(foresight) if as_table else outlook_json(foresight)
    write_whole(path, text.encode())


def write_report_of(
    found: Fit,
    path: Path,
    progress: Progress | None = None,
    *,
    plans: PlanForecast | None = None,
    search: RegimenSearch | None = None,
    trial: Characteristics | None = None,
) -> None:
    """Write the report on a fit as HTML or PDF, or its numbers as JSON.

    Parameters
    ----------
    found
        The fit.
    path
        The file to write.
    progress
        Called with a stage's name and the share that is done.
    plans, search
        A forecast of plans and a regimen search of this fit, for sections of their own.
    trial
        The operating characteristics of a virtual trial, for a section of their own.
    """
    results = explain(found, progress=progress)
    if path.suffix.lower() == ".json":
        text = _summary_json(found, results, plans=plans, search=search, trial=trial)
        write_whole(path, text.encode())
    else:
        write_report(_document(found, results, plans=plans, search=search, trial=trial), path)


def write_figure_of(source: str, path: Path, progress: Progress | None = None) -> None:
    """Write the treatment figure of a case alone, or of a fit with its curves.

    Raises
    ------
    FileNotFoundError
        If there is neither such a file nor such a shipped case.
    """
    if source.endswith(FIT_SUFFIX):
        if not Path(source).is_file():
            raise FileNotFoundError(2, "no such file", source)
        found = read_fit(Path(source))
        with placed({found.record.id: Path(source)}):
            figure = treatment_figure(found.record, foresee(found, progress=progress))
    else:
        figure = treatment_figure(read_case(find_case(source)), None)
    write_figure(figure, path)


def explanation_text(
    found: Fit, progress: Progress | None = None, *, delay_cost: float | None = None
) -> str:
    """Return what did it as lines for a terminal."""
    results = _costed(explain(found, progress=progress), delay_cost)
    return "\n".join(explanation_lines(found.record, results))


def explanation_json(
    found: Fit, progress: Progress | None = None, *, delay_cost: float | None = None
) -> str:
    """Return what did it as JSON text."""
    return _explanation_json(found, _costed(explain(found, progress=progress), delay_cost))


def forecast_text(
    found: Fit, progress: Progress | None = None, *, delay_cost: float | None = None
) -> str:
    """Return what comes next as lines for a terminal."""
    untold = "" if found.individual.tells_of_infection else NO_INFECTION
    foresight = _costed(foresee(found, progress=progress), delay_cost)
    return "\n".join(forecast_lines(foresight, untold))


def forecast_json(
    found: Fit, progress: Progress | None = None, *, delay_cost: float | None = None
) -> str:
    """Return what comes next as JSON text."""
    return outlook_json(_costed(foresee(found, progress=progress), delay_cost))


def _costed(found: Ahead, delay_cost: float | None) -> Ahead:
    """The same with the date of the next count that is best at a cost of delay."""
    if delay_cost is None:
        return found
    return replace(found, next_count=at_cost(found.next_count, delay_cost))


def controls_text(
    record: PatientRecord,
    *,
    seed: int,
    full: bool,
    json: bool,
    prior_file: Path | None = None,
    preset: str | None = None,
    progress: Progress | None = None,
) -> tuple[str, bool]:
    """Return the controls of a record as lines for a terminal, or as JSON text.

    Beside them stands whether all of them passed.
    """
    found = controls(
        record, seed=seed, full=full, prior_file=prior_file, preset=preset, progress=progress
    )
    text = controls_json(found) if json else "\n".join(controls_lines(found))
    return text, found.passed


def _document(
    found: Fit,
    results: Results,
    *,
    plans: PlanForecast | None = None,
    search: RegimenSearch | None = None,
    trial: Characteristics | None = None,
) -> Document:
    svg = figure_svg(treatment_figure(found.record, results))
    courses = figure_svg(course_figure(results.outcomes))
    parts = () if plans is None else plan_figures(plans, found.record, PLANS_ON_A_PAGE)
    return build_document(
        found.record, check(found.record), results, svg, courses,
        plans=plans, plan_svgs=tuple(map(figure_svg, parts)), search=search, trial=trial,
    )  # fmt: skip


def _summary_json(
    found: Fit,
    results: Results,
    *,
    plans: PlanForecast | None = None,
    search: RegimenSearch | None = None,
    trial: Characteristics | None = None,
) -> str:
    return summary_json(
        found.record, check(found.record), results, plans=plans, search=search, trial=trial
    )


def _explanation_json(found: Fit, results: Results) -> str:
    whole = summary(found.record, check(found.record), results)
    return json.dumps({key: whole[key] for key in EXPLANATION}, indent=2, ensure_ascii=False) + "\n"
