"""Counts beside what a fit had expected of them before they were entered."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import logsumexp

from lymphocast.dataset.individual import CountObservation, Moment
from lymphocast.dataset.project import day_zero
from lymphocast.forecast.checks import predictive
from lymphocast.forecast.ensemble import Ensemble, ensemble_of
from lymphocast.forecast.results import reaches
from lymphocast.forecast.scenario import measured, noise
from lymphocast.inference.history import ScoredCount
from lymphocast.inference.posterior import Fit
from lymphocast.record.patient import PatientRecord

FIRST_STREAM = 300  # of the noise; those below belong to other predictions


def score_counts(
    before: Fit, record: PatientRecord, added: Sequence[CountObservation]
) -> tuple[ScoredCount, ...]:
    """Return log score and interval hit of new counts under the fit before them.

    The fit is the registration: its draws were fixed before the counts were entered. A count that
    hangs on an uncertain time which the fit does not know is not scored.

    Parameters
    ----------
    before
        The fit before the counts.
    record
        The record that holds them.
    added
        The new counts, in study days of the record.
    """
    known = {None, *(anchor.name for anchor in before.individual.anchors)}
    ensemble = ensemble_of(before)
    later = float((day_zero(record) - before.individual.day_zero).days)
    return tuple(
        _score(ensemble, record, _moved(count, later), before.seed, FIRST_STREAM + i)
        for i, count in enumerate(added)
        if count.at.anchor in known
    )


def _moved(count: CountObservation, later: float) -> CountObservation:
    """The count in the fit's study days: the record may have another first day of treatment.

    A count that hangs on an uncertain time is relative to that, not to the first day.
    """
    at = count.at
    if at.anchor is not None:
        return count
    return replace(count, at=Moment(None, at.offset + later, at.early + later, at.late + later))


def _score(
    ensemble: Ensemble, record: PatientRecord, count: CountObservation, seed: int, stream: int
) -> ScoredCount:
    log_density, latent = predictive(ensemble, count, seed)
    seen = measured(latent, ensemble, noise(ensemble, seed, stream), count.own_error)
    interval = ensemble.whole.interval(seen)
    at = record.measurement(count.id).at
    return ScoredCount(
        id=count.id,
        value=count.value,
        earliest=at.earliest,
        latest=at.latest,
        p05=interval.p05,
        p50=interval.p50,
        p95=interval.p95,
        inside=reaches(interval, count.value, below=count.below),
        log_score=float(np.asarray(logsumexp(log_density, b=ensemble.weights))),
        below=count.below,
    )
