"""Fits of every hypothesis to a record, and their updates when the record has grown."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lymphocast.criteria.check import check
from lymphocast.errors import RecordError, UsageError, record_name
from lymphocast.forecast.scoring import score_counts
from lymphocast.inference.evidence import HypothesisPosterior
from lymphocast.inference.fitting import FitSettings, sample, versions
from lymphocast.inference.history import Made, ScoredCount, Step
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.posterior import DEFAULT_PRESET, Fit, FitMethod
from lymphocast.inference.redistribution import individual_of
from lymphocast.inference.updating import difference, reweighed
from lymphocast.models.prior_file import model_priors, read_priors
from lymphocast.models.prior_table import PriorTable
from lymphocast.record.issue import Severity
from lymphocast.record.patient import PatientRecord

Progress = Callable[[str, float], None]
DEGENERATE = "the weights of the draws degenerate"
BEGAN_WITH_FEW = "the fit before had too few effective draws"


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
        If there is no such preset.
    RecordError
        If the record lacks what the model needs or has an issue of severity ``error`` (a proposal
        that nobody has accepted and an open question among them), or the prior file cannot be read.
    """
    table = prior_table(prior_file)
    settings = FitSettings(FitMethod(method), seed, draws)
    return fit_under(record, table, settings, preset_of(table, preset), progress)


def prior_table(prior_file: Path | None = None) -> PriorTable:
    """Return the course model's priors, with the rows of a file in place of those shipped."""
    table = model_priors("course")
    return table if prior_file is None else read_priors(prior_file, table)


def preset_of(table: PriorTable, preset: str | None) -> str:
    """Return the name of prior weights of a table: the usual ones if ``None``."""
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
    """Fit every hypothesis to a record under a prior table; ``RecordError`` as :func:`fit`."""
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
            nonsense = f"no finite posterior under '{posterior.hypothesis.label}'"
            needed = "facts and priors that allow one another"
            raise RecordError(record_name(record.id), None, nonsense, needed)


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
    RecordError
        If the record cannot be fitted.
    UsageError
        If the record is another patient's, or is the one already fitted.
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


def refuse_errors(record: PatientRecord) -> None:
    """Refuse a record with an issue of severity ``error``, naming each by its rule."""
    found: dict[str, list[str]] = {}
    for issue in check(record).issues:
        if issue.severity is Severity.ERROR:
            found.setdefault(issue.rule, []).append(issue.path)
    if found:
        named = "; ".join(f"{rule} ({', '.join(paths)})" for rule, paths in found.items())
        needed = "no error of 'lymphocast check': proposals accepted or removed, questions answered"
        raise RecordError(record_name(record.id), None, named, needed)
