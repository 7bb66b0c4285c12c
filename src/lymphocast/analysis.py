"""Analysis: from a record to a fit, and from a fit to all that is said about the patient."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from lymphocast.criteria.check import check
from lymphocast.dataset.not_read import not_read
from lymphocast.dataset.project import refuse_unexplained
from lymphocast.dataset.standing import standing_days
from lymphocast.errors import RecordError, UsageError
from lymphocast.forecast.attribution import attribute, rise_between
from lymphocast.forecast.checks import contractions, leave_last_out
from lymphocast.forecast.controlled import Controls
from lymphocast.forecast.controls import FULL, QUICK_LOOK, run_controls
from lymphocast.forecast.ensemble import ensemble_of
from lymphocast.forecast.foresight import Foresight
from lymphocast.forecast.panels import outcomes_of
from lymphocast.forecast.prior_lines import meanings, prior_lines
from lymphocast.forecast.results import (
    FitSummary,
    HypothesisRow,
    Results,
)
from lymphocast.forecast.scenario import (
    count_curves,
    forecast_untreated,
    observed_counts,
    predict_days,
)
from lymphocast.forecast.scoring import score_counts
from lymphocast.forecast.sensitivity import sensitivity_table, verdicts
from lymphocast.forecast.timing import timing
from lymphocast.forecast.unasked import unasked_questions
from lymphocast.forecast.value import next_count
from lymphocast.inference.evidence import HypothesisPosterior
from lymphocast.inference.fit_file import read_fit, write_fit
from lymphocast.inference.fitting import QUICK, FitSettings, sample, versions
from lymphocast.inference.history import Made, ScoredCount, Step
from lymphocast.inference.importance import sample_importance
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.posterior import DEFAULT_PRESET, Fit, FitMethod
from lymphocast.inference.redistribution import individual_of
from lymphocast.inference.updating import difference, reweighed
from lymphocast.models.course import COURSE
from lymphocast.models.prior_file import model_priors, read_priors
from lymphocast.models.prior_table import PriorTable
from lymphocast.record.issue import Severity
from lymphocast.record.patient import PatientRecord

__all__ = ["Fit", "controls", "explain", "fit", "foresee", "read_fit", "update", "write_fit"]

Progress = Callable[[str, float], None]
FIGURE_LEAD = 90  # days drawn before the middle of the first count's interval
DEGENERATE = "the weights of the draws degenerate"
BEGAN_WITH_FEW = "the fit before had too few effective draws"
UNTOUCHED = " (no datum touches it)"  # said of H3 where the record has no culture or symptom
WIDE_GAP = 365  # days between counts in which a prediction is registered


def fit(
    record: PatientRecord,
    *,
    method: str,
    seed: int,
    draws: int | None = None,
    prior_file: Path | None = None,
    preset: str | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Fit every hypothesis to a record.

    A record without counts, cultures and symptoms gives the prior; ``Fit.informed`` says so.

    Parameters
    ----------
    record
        The patient's record, which the fit keeps.
    method
        ``is`` (importance sampling) or ``smc`` (adaptive tempered sequential Monte Carlo).
    seed
        Seed of every random number; kept in the result.
    draws
        Posterior draws of each hypothesis; the method's usual number if ``None``.
    prior_file
        Prior rows that replace those shipped with the model.
    preset
        Prior weights of the hypotheses: ``sceptical``, ``neutral`` (if ``None``),
        ``enthusiastic``, or one that the prior file adds.
    progress
        Called with a stage's name and the fraction of it that is done.

    Raises
    ------
    UsageError
        If the record lacks what the model needs, or there is no such preset.
    RecordError
        If the record has an issue of severity ``error`` (a proposal that nobody has accepted and
        an open question among them), or the prior file cannot be read.
    """
    table = prior_table(prior_file)
    settings = FitSettings(FitMethod(method), seed, draws)
    return fit_under(record, table, settings, _preset_of(table, preset), progress)


def prior_table(prior_file: Path | None = None) -> PriorTable:
    """Return the course model's priors, with the rows of a file in place of those shipped."""
    table = model_priors("course")
    return table if prior_file is None else read_priors(prior_file, table)


def _preset_of(table: PriorTable, preset: str | None) -> str:
    name = DEFAULT_PRESET if preset is None else preset
    if name not in table.presets:
        message = f"no prior weights '{name}'; needed one of {', '.join(table.presets)}"
        raise UsageError(message)
    return name


def fit_under(
    record: PatientRecord,
    table: PriorTable,
    settings: FitSettings,
    preset: str = DEFAULT_PRESET,
    progress: Progress | None = None,
) -> Fit:
    """Fit every hypothesis to a record under a prior table; ``UsageError`` as :func:`fit`."""
    refuse_errors(record)
    individual = individual_of(record, table)
    kernels = kernels_of(individual, table)
    posteriors = sample(kernels, kernels.everything(), settings, progress)
    _refuse_nonsense(record, posteriors)
    found = Fit(
        record=record,
        individual=individual,
        table=table,
        posteriors=posteriors,
        method=settings.method,
        seed=settings.seed,
        versions=versions(),
        preset=preset,
    )
    return replace(found, history=(Step(Made.FITTED, "", record.sha256, 0.0, found.ess_min),))


def _refuse_nonsense(record: PatientRecord, posteriors: Sequence[HypothesisPosterior]) -> None:
    """A number that is not finite is never handed on in silence."""
    for posterior in posteriors:
        values = (posterior.log_evidence, posterior.log_evidence_se, posterior.ess)
        finite = np.isfinite(values).all()
        if not (finite and all(np.isfinite(v).all() for v in posterior.draws.values())):
            message = (
                f"record '{record.id}' cannot be fitted: under '{posterior.hypothesis.label}' no "
                "finite posterior was found; needed facts or priors that allow one another"
            )
            raise UsageError(message)


def update(
    found: Fit,
    record: PatientRecord,
    *,
    seed: int | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Return a fit to a record that has grown: new counts reweigh the draws, in seconds.

    Where anything else that the model reads has changed, or the reweighed draws fail the
    diagnostics, every hypothesis is fitted again. ``Fit.history`` says which, why, and how the
    new counts compare with what the fit had expected of them.

    Parameters
    ----------
    found
        The fit before.
    record
        The same patient's record now.
    seed
        Seed of the resampling or of the new fit; that of the fit if ``None``.
    progress
        Called with a stage's name and the fraction of it that is done.

    Raises
    ------
    UsageError
        If the record is another patient's, is the one already fitted, or cannot be fitted.
    """
    _refuse_unrelated(found, record)
    refuse_errors(record)
    seed = found.seed if seed is None else seed
    individual = individual_of(record, found.table)
    change = difference(found.individual, individual)
    scores = score_counts(found, record, change.added)
    now = replace(found, record=record, individual=individual)
    reason = change.reason
    if not reason:
        fresh = reweighed(found, change.added, seed)
        if fresh is not None and (now := replace(now, posteriors=fresh)).diagnostics_passed:
            names = ", ".join(c.id for c in change.added) or "nothing that the model reads"
            return _with_step(found, now, Made.UPDATED, f"new: {names}", scores)
        reason = DEGENERATE if found.diagnostics_passed else BEGAN_WITH_FEW
    draws = len(next(iter(found.posteriors[0].draws.values())))
    settings = FitSettings(found.method, seed, draws)
    now = fit_under(record, found.table, settings, found.preset, progress)
    return _with_step(found, now, Made.REFITTED, reason, scores)


def _with_step(
    before: Fit, now: Fit, made: Made, reason: str, scores: tuple[ScoredCount, ...]
) -> Fit:
    step = Step(made, reason, now.record.sha256, before.ess_min, now.ess_min, scores)
    return replace(now, history=(*before.history, step))


def _refuse_unrelated(found: Fit, record: PatientRecord) -> None:
    message = ""
    if record.id != found.record.id:
        message = f"the fit is of record '{found.record.id}', the case is '{record.id}'"
    elif record.sha256 == found.record.sha256:
        message = f"nothing to update: the fit is of this very record, {record.sha256[:12]}"
    if message:
        raise UsageError(message)


def controls(
    record: PatientRecord,
    *,
    seed: int,
    full: bool = False,
    prior_file: Path | None = None,
    preset: str | None = None,
    progress: Progress | None = None,
) -> Controls:
    """Return negative and positive controls of a record, and how often IL-2 would be credited.

    Parameters
    ----------
    record
        The patient's record, whose doses, days and errors the controls share.
    seed
        Seed of every random number; kept in the result.
    full
        More patients, and the sensitivity table for every one of them.
    prior_file, preset
        Priors and prior weights of the hypotheses, as in :func:`fit`.
    progress
        Called with a stage's name and the fraction of it that is done.

    Raises
    ------
    UsageError
        If the record cannot be fitted and explained, or there is no such preset.
    """
    refuse_errors(record)
    table = prior_table(prior_file)
    individual = individual_of(record, table)
    refuse_unexplained(individual)
    nothing_fitted = Fit(
        record, individual, table, (), FitMethod.IMPORTANCE, seed, versions(),
        _preset_of(table, preset),
    )  # fmt: skip
    return run_controls(nothing_fitted, FULL if full else QUICK_LOOK, progress)


def refuse_errors(record: PatientRecord) -> None:
    """Refuse a record with an issue of severity ``error``, naming each by its rule."""
    found: dict[str, list[str]] = {}
    for issue in check(record).issues:
        if issue.severity is Severity.ERROR:
            found.setdefault(issue.rule, []).append(issue.path)
    if found:
        named = "; ".join(f"{rule} ({', '.join(paths)})" for rule, paths in found.items())
        needed = "no error of 'lymphocast check': proposals accepted or removed, questions answered"
        where = f"record '{record.id}'"
        raise RecordError(where, None, named, needed)


def explain(fit: Fit, *, progress: Progress | None = None) -> Results:
    """Compute everything that is said about a fit, once; writers only format it.

    The sensitivity table and the last count left out need further fits; they use importance
    sampling whatever the method of the fit.
    """
    refuse_errors(fit.record)
    refuse_unexplained(fit.individual)
    kernels = kernels_of(fit.individual, fit.table)
    ensemble = ensemble_of(fit)
    table = sensitivity_table(fit, kernels, progress)
    others = replace(
        fit, posteriors=sample_importance(kernels, kernels.without_last(), fit.seed, QUICK)
    )
    if progress is not None:
        progress("leaving the last count out", 1.0)
    ahead = foresee(fit)
    return Results(
        record_id=fit.record.id,
        observed=observed_counts(ensemble, fit.record, fit.seed),
        rise_between=rise_between(fit.individual),
        hypotheses=ahead.hypotheses,
        attribution=attribute(ensemble, fit.table),
        outcomes=outcomes_of(fit, table),
        forecast=ahead.forecast,
        registered=ahead.registered,
        leave_last_out=leave_last_out(fit, others),
        contraction=contractions(fit, kernels, meanings(COURSE)),
        sensitivity=table,
        verdicts=verdicts(table),
        curves=ahead.curves,
        timing=timing(ensemble, fit, kernels),
        next_count=ahead.next_count,
        history=fit.history,
        priors=prior_lines(fit.table, meanings(COURSE)),
        fit=_summary_of(fit),
        priors_sha256=fit.table.sha256,
        record_sha256=fit.record.sha256,
        versions=fit.versions,
        unasked=unasked_questions(fit.individual),
        standing=standing_days(fit.record, fit.individual),
        not_read=not_read(fit.record, fit.individual),
    )


def _summary_of(fit: Fit) -> FitSummary:
    return FitSummary(
        method=fit.method.value,
        draws=fit.evaluations,
        ess_min=fit.ess_min,
        seed=fit.seed,
        diagnostics_passed=fit.diagnostics_passed,
        preset=fit.preset,
    )


def foresee(fit: Fit, *, progress: Progress | None = None) -> Foresight:
    """Compute only what comes next, and the curves of the figure."""
    refuse_errors(fit.record)
    refuse_unexplained(fit.individual)
    ensemble = ensemble_of(fit)
    found = Foresight(
        hypotheses=_hypothesis_rows(fit),
        forecast=forecast_untreated(ensemble),
        registered=predict_days(ensemble, registered_days(fit), fit.seed),
        curves=count_curves(ensemble, _first_day(fit)),
        next_count=next_count(ensemble, registered_days(fit), fit.seed),
    )
    if progress is not None:
        progress("looking ahead", 1.0)
    return found


def registered_days(fit: Fit) -> tuple[date, ...]:
    """Return the days of registered predictions: each 1 July between counts over a year apart.

    Empty unless the source is recorded to show data that the record lacks.
    """
    if not fit.record.unread:
        return ()
    zero = fit.individual.day_zero
    days = sorted(
        zero + timedelta(days=round(fit.individual.nominal(c.at))) for c in fit.individual.counts
    )
    return tuple(
        date(year, 7, 1)
        for before, after in pairwise(days)
        if (after - before).days > WIDE_GAP
        for year in range(before.year, after.year + 1)
        if before < date(year, 7, 1) < after
    )


def _first_day(fit: Fit) -> date:
    first = fit.individual.day_zero + timedelta(
        days=round(fit.individual.nominal(fit.individual.entry.moment))
    )
    return first - timedelta(days=FIGURE_LEAD)


def _hypothesis_rows(fit: Fit) -> tuple[HypothesisRow, ...]:
    weights = fit.posterior_weights
    told = "" if fit.individual.tells_of_infection else UNTOUCHED
    return tuple(
        HypothesisRow(
            name=p.hypothesis.name,
            label=f"{p.hypothesis.label}{told}",
            il2=p.hypothesis.il2,
            course=p.hypothesis.course.value,
            clearance=p.hypothesis.clearance,
            prior=p.hypothesis.prior(fit.weights),
            log_evidence=p.log_evidence,
            log_evidence_se=p.log_evidence_se,
            weight=weights[p.hypothesis.name],
            ess=p.ess,
        )
        for p in fit.posteriors
    )
