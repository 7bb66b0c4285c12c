"""Analysis: from a fit to all that is said about the patient."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from lymphocast.dataset.not_read import not_read
from lymphocast.dataset.project import refuse_unexplained
from lymphocast.dataset.standing import standing_days
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
from lymphocast.forecast.sensitivity import sensitivity_table, verdicts
from lymphocast.forecast.timing import timing
from lymphocast.forecast.unasked import unasked_questions
from lymphocast.forecast.value import next_count
from lymphocast.hypothesis_fits import preset_of, prior_table, refuse_errors
from lymphocast.inference.fit_file import read_fit, write_fit
from lymphocast.inference.fitting import QUICK, versions
from lymphocast.inference.importance import sample_importance
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.posterior import Fit, FitMethod
from lymphocast.inference.redistribution import individual_of
from lymphocast.models.course import COURSE
from lymphocast.record.patient import PatientRecord

__all__ = ["Fit", "controls", "explain", "foresee", "read_fit", "write_fit"]

Progress = Callable[[str, float], None]
FIGURE_LEAD = 90  # days drawn before the middle of the first count's interval
UNTOUCHED = " (no datum touches it)"  # said of H3 where the record has no culture or symptom
WIDE_GAP = 365  # days between counts in which a prediction is registered


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
    RecordError
        If the record cannot be fitted and explained.
    UsageError
        If there is no such preset.
    """
    refuse_errors(record)
    table = prior_table(prior_file)
    individual = individual_of(record, table)
    refuse_unexplained(individual)
    nothing_fitted = Fit(
        record, individual, table, (), FitMethod.IMPORTANCE, seed, versions(),
        preset_of(table, preset),
    )  # fmt: skip
    return run_controls(nothing_fitted, FULL if full else QUICK_LOOK, progress)


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
