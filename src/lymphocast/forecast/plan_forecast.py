"""Forecast of plans: each followed in the same draws, read on the same days."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.maintenance import Maintenance, maintenance_of
from lymphocast.errors import UsageError
from lymphocast.forecast.course_plan import (
    Followed,
    Horizon,
    follow_plan,
    horizon_of,
    visit_days,
)
from lymphocast.forecast.dose_response import dose_banner
from lymphocast.forecast.ensemble import Ensemble, Part, ensemble_of
from lymphocast.forecast.plan import Missed, Plan
from lymphocast.forecast.plan_infection import InfectionStart
from lymphocast.forecast.plan_kinds import Frame
from lymphocast.forecast.plan_results import PlanCourse, PlanForecast, PlanPoint, PlanRow
from lymphocast.forecast.results import AVERAGED, ByHypothesis, Curve
from lymphocast.forecast.scenario import CURVE_LEVELS, PASSAGE_GRID, measured, noise
from lymphocast.inference.posterior import Fit

Floats = NDArray[np.float64]
Progress = Callable[[str, float], None]
THRESHOLDS = (200, 300, 500)  # cells/uL: prophylaxis; definition of ICL; lower reference limit
PLAN_DRAWS = 1000  # of each hypothesis: error of a probability below 0.016
REPORT_EVERY = 365.25 / 2  # days between the rows of a table
USUAL_YEARS = 2.0
DAYS_PER_YEAR = 365.25
NONE_MISSED, ALL_MISSED, LAST_MISSED = "none missed", "all missed", "last missed"
MEAN_WEEKLY = "the model sees the mean weekly dose over whole cycles, not the days of dosing"
UNSEEN = "outside the doses that the patient has had: an extrapolation"
AT_RANDOM = (
    "{share:.0%} of the doses missed at random (seed {seed}); no missed dose and every dose missed "
    "are the ends between which missed doses can matter"
)
UNKNOWN_DAYS = (
    "{share:.0%} of the doses missed on unknown days: no day is invented; with none missed and "
    "with the last of them missed the count on the last day has its ends, if the dose is constant"
)
RECORD_MISSED = (
    "The record says that doses of {drug} were missed, on unknown days{number}. How much that "
    "could matter in a plan, 'missed: {{unknown: SHARE}}' shows; the fit takes every dose as given."
)
REPLACES = "From the origin on, each plan takes the place of whatever the record says was given."
TREATED = (
    " What treats the infection is given as recorded; the plans reach the infection through the "
    "count alone, and only if a higher count hastens clearance."
)
UNTOLD = " Nothing is said of an infection: the record has no culture or symptom."


def frame_of(fit: Fit, until: date | None = None) -> Frame:
    """Return the usual frame of a fit: from the day of the last count, two years long.

    Raises
    ------
    UsageError
        If ``until`` is not after the day of the last count.
    """
    individual = fit.individual
    nominal = individual.nominal(individual.counts[-1].at)
    origin = individual.day_zero + timedelta(days=round(nominal))
    last = until or origin + timedelta(days=round(USUAL_YEARS * DAYS_PER_YEAR))
    if last <= origin:
        msg = f"found a forecast to {last}; needed a day after the last count, {origin}"
        raise UsageError(msg)
    return Frame(origin, last, maintenance_of(fit.record, individual))


def forecast_plans(
    fit: Fit,
    plans: Sequence[Plan],
    frame: Frame,
    *,
    seed: int | None = None,
    progress: Progress | None = None,
) -> PlanForecast:
    """Return what plans do to the count, from the frame's origin to its last day.

    Parameters
    ----------
    fit
        The posterior that the plans are followed in.
    plans
        The plans, in the order of the table.
    frame
        The origin, the last day and the maintenance dose.
    seed
        Seed of measurement errors and missed doses; that of the fit if ``None``.
    progress
        Called with a stage's name and the share that is done.
    """
    ensemble = ensemble_of(fit)
    thin = ensemble.thinned(min(PLAN_DRAWS, ensemble.size))
    readings = [reading for plan in plans for reading in _readings(plan)]
    chosen = fit.seed if seed is None else seed
    origin = float((frame.origin - fit.individual.day_zero).days)
    infection = InfectionStart.of(thin, fit.table, origin)
    work = _Work(thin, frame, _horizon(thin, frame, plans), infection, chosen)
    rows, curves = [], []
    for i, (plan, reading) in enumerate(readings):
        followed = follow_plan(work.horizon, plan, work.seed)
        row = PlanRow(
            plan.name, reading, work.course(followed), tuple(plan_notes(plan, frame.maintenance))
        )
        rows.append(row)
        curves.append(work.curve(row.label, followed))
        if progress is not None:
            progress("following plans", (i + 1) / len(readings))
    return PlanForecast(
        record_id=fit.record.id,
        origin=frame.origin,
        until=frame.until,
        seed=work.seed,
        draws=thin.size,
        rows=tuple(rows),
        curves=tuple(curves),
        notes=(*_dose_notes(fit, plans), *_missed_notes(fit), replaces_note(fit)),
    )


def _dose_notes(fit: Fit, plans: Sequence[Plan]) -> tuple[str, ...]:
    """What must be said of doses other than none and maintenance, if the data do not say it."""
    other = any(level not in {0.0, 1.0} for plan in plans for _, level in plan.levels())
    banner = dose_banner(fit) if other else ""
    return (banner,) if banner else ()


def replaces_note(fit: Fit) -> str:
    """Return what plans take the place of, and how they reach the infection."""
    return REPLACES + (TREATED if fit.individual.tells_of_infection else UNTOLD)


def _missed_notes(fit: Fit) -> Iterator[str]:
    """Yield what the record says of doses of the study drug that were missed on unknown days."""
    drug = fit.individual.plan.study_drug
    for missed in fit.record.missed_doses:
        if missed.drug == drug and not missed.dates_known:
            number = f" ({missed.number} of them)" if missed.number is not None else ""
            yield RECORD_MISSED.format(drug=drug, number=number)


def plan_notes(plan: Plan, maintenance: Maintenance) -> Iterator[str]:
    """Yield what the model cannot see of a plan, and where it goes beyond what was given."""
    if any(s.cycle is not None for s in plan.stretches):
        yield MEAN_WEEKLY
    if is_extrapolated(plan, maintenance):
        yield UNSEEN
    if plan.missed.share > 0.0:
        yield AT_RANDOM.format(share=plan.missed.share, seed=plan.missed.seed)
    if plan.missed.unknown > 0.0:
        yield UNKNOWN_DAYS.format(share=plan.missed.unknown)


def is_extrapolated(plan: Plan, maintenance: Maintenance) -> bool:
    """Return whether a plan has doses or cycles that the patient has not had."""
    cyclic = any(s.cycle is not None for s in plan.stretches)
    # The steps between two doses, such as those of a taper, count as given if both ends are.
    ends = [s.dose for s in plan.stretches] + [s.final for s in plan.stretches if s.steps]
    return (cyclic and not maintenance.had_cycles) or not all(map(maintenance.has_had, ends))


def _readings(plan: Plan) -> Iterator[tuple[Plan, str]]:
    """The plan as it is, and the two ends of what missed doses can matter."""
    if plan.missed.unknown > 0.0:
        days = plan.dose_days()
        last = days[len(days) - round(plan.missed.unknown * len(days)) :]
        yield plan, NONE_MISSED
        yield replace(plan, missed=replace(plan.missed, days=tuple(last.tolist()))), LAST_MISSED
        return
    yield plan, ""
    if plan.missed.share > 0.0:
        yield replace(plan, missed=replace(plan.missed, share=0.0)), NONE_MISSED
        yield replace(plan, stretches=(), rule=None, missed=Missed()), ALL_MISSED


def report_days(length: float) -> Floats:
    """Return the days of a table's rows: each half year, and the last."""
    return np.append(np.arange(REPORT_EVERY, length - 1.0, REPORT_EVERY).round(), length)


def _horizon(ensemble: Ensemble, frame: Frame, plans: Sequence[Plan]) -> Horizon:
    length = frame.length
    looks = np.append(np.arange(0.0, length, PASSAGE_GRID), length)
    visits = [visit_days(plan, length) for plan in plans]
    days = np.concatenate([looks, report_days(length), *visits])
    origin = float((frame.origin - ensemble.individual.day_zero).days)
    return horizon_of(ensemble, origin, days.tolist())


@final
@dataclass(frozen=True)
class _Work:
    """What the rows of one forecast share."""

    ensemble: Ensemble
    frame: Frame
    horizon: Horizon
    infection: InfectionStart | None
    seed: int

    def course(self, followed: Followed) -> ByHypothesis[PlanCourse]:
        """Return the summary of one plan under every hypothesis and averaged."""
        ensemble, days = self.ensemble, self.horizon.days
        reported = np.searchsorted(days, report_days(self.frame.length))
        latent = followed.counts[reported]
        seen = np.stack(
            [measured(x, ensemble, noise(ensemble, self.seed, i)) for i, x in enumerate(latent)]
        )
        lowest = np.minimum.accumulate(followed.counts, axis=0)[reported]
        highest = np.maximum.accumulate(followed.counts, axis=0)[reported]
        start, counts = self.infection, followed.counts
        infected = None if start is None else start.follow(self.horizon, counts)
        dates = [self.frame.origin + timedelta(days=float(d)) for d in days[reported]]

        def point(part: Part, i: int) -> PlanPoint:
            return PlanPoint(
                day=dates[i],
                latent=part.interval(latent[i]),
                measured=part.interval(seen[i]),
                p_below={n: part.probability(latent[i] < n) for n in THRESHOLDS},
                p_below_by_then={n: part.probability(lowest[i] < n) for n in THRESHOLDS},
                p_above={n: part.probability(latent[i] >= n) for n in THRESHOLDS},
                p_above_by_then={n: part.probability(highest[i] >= n) for n in THRESHOLDS},
                infection=None if infected is None else infected.read(part, int(reported[i])),
            )

        return ensemble.each(
            lambda part: PlanCourse(
                points=tuple(point(part, i) for i in range(len(dates))),
                weekly_dose=part.interval(followed.weekly_dose),
                treated=part.interval(followed.treated),
                injections=part.interval(followed.injections),
            )
        )

    def curve(self, label: str, followed: Followed) -> Curve:
        """Return the quantiles of a plan's latent count, averaged over the hypotheses."""
        days = self.horizon.days
        quantiles = self.ensemble.whole.quantiles(followed.counts, CURVE_LEVELS)
        low, lower, middle, upper, high = quantiles
        return Curve(
            scenario=label,
            hypotheses=AVERAGED,
            label=label,
            weight=1.0,
            forecast=True,
            days=tuple(self.frame.origin + timedelta(days=float(d)) for d in days),
            p05=low,
            p25=lower,
            p50=middle,
            p75=upper,
            p95=high,
        )
