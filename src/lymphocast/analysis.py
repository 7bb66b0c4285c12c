"""Analysis: from a record to a fit, and from a fit to all that is said about the patient."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from lymphocast.criteria.check import check
from lymphocast.dataset.project import project
from lymphocast.errors import RecordError
from lymphocast.forecast.attribution import attribute
from lymphocast.forecast.checks import contractions, leave_last_out
from lymphocast.forecast.ensemble import ensemble_of
from lymphocast.forecast.prior_lines import meanings, prior_lines
from lymphocast.forecast.results import (
    FitSummary,
    Foresight,
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
from lymphocast.inference.fit_file import read_fit, write_fit
from lymphocast.inference.fitting import QUICK, FitSettings, sample, versions
from lymphocast.inference.importance import sample_importance
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.posterior import Fit, FitMethod
from lymphocast.models.course import COURSE
from lymphocast.models.prior_file import model_priors, read_priors
from lymphocast.record.issue import Severity
from lymphocast.record.patient import PatientRecord

__all__ = ["Fit", "explain", "fit", "foresee", "read_fit", "write_fit"]

Progress = Callable[[str, float], None]
FIGURE_LEAD = 90  # days drawn before the middle of the first count's interval
WIDE_GAP = 365  # days between counts in which a prediction is registered


def fit(
    record: PatientRecord,
    *,
    method: str,
    seed: int,
    draws: int | None = None,
    prior_file: Path | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Fit every hypothesis to a record.

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
    progress
        Called with a stage's name and the fraction of it that is done.

    Raises
    ------
    UsageError
        If the record lacks what the model needs.
    RecordError
        If the record has an issue of severity ``error`` (a proposal that nobody has accepted and
        an open question among them), or the prior file cannot be read.
    """
    _refuse_errors(record)
    table = model_priors("course")
    if prior_file is not None:
        table = read_priors(prior_file, table)
    individual = project(record)
    kernels = kernels_of(individual, table)
    settings = FitSettings(FitMethod(method), seed, draws)
    return Fit(
        record=record,
        individual=individual,
        table=table,
        posteriors=sample(kernels, kernels.everything(), settings, progress),
        method=settings.method,
        seed=seed,
        versions=versions(),
    )


def _refuse_errors(record: PatientRecord) -> None:
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
    _refuse_errors(fit.record)
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
        hypotheses=ahead.hypotheses,
        attribution=attribute(ensemble, fit.table),
        forecast=ahead.forecast,
        registered=ahead.registered,
        leave_last_out=leave_last_out(fit, others),
        contraction=contractions(fit, kernels, meanings(COURSE)),
        sensitivity=table,
        verdicts=verdicts(table),
        curves=ahead.curves,
        priors=prior_lines(fit.table, meanings(COURSE)),
        fit=FitSummary(
            method=fit.method.value,
            draws=fit.evaluations,
            ess_min=fit.ess_min,
            seed=fit.seed,
            diagnostics_passed=fit.diagnostics_passed,
        ),
        priors_sha256=fit.table.sha256,
        record_sha256=fit.record.sha256,
        versions=fit.versions,
    )


def foresee(fit: Fit, *, progress: Progress | None = None) -> Foresight:
    """Compute only what comes next, and the curves of the figure."""
    _refuse_errors(fit.record)
    ensemble = ensemble_of(fit)
    found = Foresight(
        hypotheses=_hypothesis_rows(fit),
        forecast=forecast_untreated(ensemble),
        registered=predict_days(ensemble, registered_days(fit), fit.seed),
        curves=count_curves(ensemble, _first_day(fit)),
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
    return tuple(
        HypothesisRow(
            name=p.hypothesis.name,
            label=p.hypothesis.label,
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
