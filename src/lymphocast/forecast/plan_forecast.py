"""Forecast of plans: each followed in the same draws, read on the same days."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import floor
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.maintenance import Maintenance, maintenance_of
from lymphocast.dataset.project import refuse_unexplained
from lymphocast.errors import UsageError
from lymphocast.forecast.course_plan import (
    Followed,
    Horizon,
    follow_plan,
    horizon_of,
    visit_days,
)
from lymphocast.forecast.dose_response import dose_banner
from lymphocast.forecast.dose_track import dose_track
from lymphocast.forecast.ensemble import Ensemble, Part, ensemble_of
from lymphocast.forecast.plan import SAME, THRESHOLDS, Plan
from lymphocast.forecast.plan_infection import InfectionStart
from lymphocast.forecast.plan_kinds import Frame, ahead_of, is_ahead
from lymphocast.forecast.plan_missed import Undated, missed_notes, readings
from lymphocast.forecast.plan_passage import Extremes
from lymphocast.forecast.plan_results import PlanCourse, PlanForecast, PlanPoint, PlanRow
from lymphocast.forecast.plan_sensitivity import plan_sensitivity
from lymphocast.forecast.results import AVERAGED, ByHypothesis, Curve
from lymphocast.forecast.scenario import CURVE_LEVELS, PASSAGE_GRID, measured, noise
from lymphocast.forecast.sensitivity import CHANGED_DRAWS, changed_fits
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.posterior import Fit
from lymphocast.units import DAYS_PER_YEAR

Floats = NDArray[np.float64]
Progress = Callable[[str, float], None]
PLAN_DRAWS = 1000  # of each hypothesis: error of a probability below 0.016
REPORT_EVERY = 365.25 / 2  # days between the rows of a table
USUAL_YEARS = 2.0
MEAN_WEEKLY = "the model sees the mean weekly dose over whole cycles, not the days of dosing"
UNSEEN = "outside the doses that the patient has had{injection}: an extrapolation"
UNSEEN_INJECTION = " (one injection is {size:.3g} maintenance injections)"
NO_PART = "the doses from day {start:g} on are left out: the last day is day {length:g}"
CUT_OFF = "of the doses from day {start:g} to day {stop:g}, those after day {length:g} are left out"
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
        If ``until`` is not after the day of the last count, or over 20 years after it; if the
        record leaves nothing to forecast from.
    """
    individual = fit.individual
    refuse_unexplained(individual)
    zero = individual.day_zero
    origin = zero + timedelta(days=round(individual.nominal(individual.counts[-1].at)))
    last = until or origin + timedelta(days=round(USUAL_YEARS * DAYS_PER_YEAR))
    if not is_ahead(last, origin):
        msg = (
            f"found a forecast to {last}; the last count is of {origin}; needed {ahead_of(origin)}"
        )
        raise UsageError(msg)
    first = zero + timedelta(days=floor(individual.earliest(individual.entry.moment)))
    return Frame(origin, last, maintenance_of(fit.record, individual), first)


def forecast_plans(
    fit: Fit,
    plans: Sequence[Plan],
    frame: Frame,
    *,
    thresholds: Sequence[int] = THRESHOLDS,
    seed: int | None = None,
    progress: Progress | None = None,
    sensitivity: bool = False,
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
    thresholds
        Counts in cells/uL, rising, that the forecast tells the probabilities of.
    seed
        Seed of measurement errors and missed doses; that of the fit if ``None``.
    progress
        Called with a stage's name and the share that is done.
    sensitivity
        Follow them again in each row of the sensitivity table, which takes further fits.
    """
    chosen = fit.seed if seed is None else seed

    def work(other: Fit, draws: int) -> _Work:
        return _Work.of(other, plans, frame, chosen, tuple(thresholds), draws)

    base = work(fit, PLAN_DRAWS)
    undated = Undated.of(fit.record, fit.individual.plan.study_drug)
    each = [reading for plan in plans for reading in readings(plan, frame.length, undated)]
    said = () if undated is None else (undated.note,)
    rows, curves = [], []
    for i, (row, curve) in enumerate(base.followed(each)):
        rows.append(row)
        curves.append(curve)
        if progress is not None:
            progress("following plans", (i + 1) / len(each))
    moved = None
    if sensitivity:
        fits = changed_fits(fit, kernels_of(fit.individual, fit.table), progress)
        moved = plan_sensitivity(
            rows, fits, lambda x: [row for row, _ in work(x, CHANGED_DRAWS).followed(each)]
        )
    return PlanForecast(
        record_id=fit.record.id,
        origin=frame.origin,
        until=frame.until,
        seed=base.seed,
        draws=base.ensemble.size,
        thresholds=base.thresholds,
        passage_days=base.dates(passage_days(frame.length)),
        maintenance=frame.maintenance.weekly if frame.maintenance.amounts_known else None,
        rows=tuple(rows),
        curves=tuple(curves),
        notes=(*_dose_notes(fit, plans), *said, replaces_note(fit)),
        sensitivity=moved,
    )


def _dose_notes(fit: Fit, plans: Sequence[Plan]) -> tuple[str, ...]:
    """What must be said of doses other than none and maintenance, if the data do not say it."""
    other = any(level not in {0.0, 1.0} for plan in plans for _, level in plan.levels())
    banner = dose_banner(fit) if other else ""
    return (banner,) if banner else ()


def replaces_note(fit: Fit) -> str:
    """Return what plans take the place of, and how they reach the infection."""
    return REPLACES + (TREATED if fit.individual.tells_of_infection else UNTOLD)


def plan_notes(plan: Plan, maintenance: Maintenance, length: float) -> Iterator[str]:
    """Yield what is not followed of a plan in ``length`` days, and what goes beyond the record."""
    for s in plan.stretches:
        if s.start > length - SAME:
            yield NO_PART.format(start=s.start, length=length)
        elif s.stop > length + SAME:
            yield CUT_OFF.format(start=s.start, stop=s.stop, length=length)
    if any(s.cycle is not None for s in plan.stretches):
        yield MEAN_WEEKLY
    if is_extrapolated(plan, maintenance):
        size = plan.largest_injection(maintenance.apart)
        larger = not maintenance.has_had_injection(size, 0.0)
        yield UNSEEN.format(injection=UNSEEN_INJECTION.format(size=size) if larger else "")
    yield from missed_notes(plan)


def is_extrapolated(plan: Plan, maintenance: Maintenance) -> bool:
    """Return whether a plan has doses, injections or cycles that the patient has not had."""
    cyclic = any(s.cycle is not None for s in plan.stretches)
    # The steps between two doses, such as those of a taper, count as given if both ends are.
    ends = [s.dose for s in plan.stretches] + [s.final for s in plan.stretches if s.steps]
    if plan.rarest is not None:
        ends += [s.dose * s.interval / plan.rarest for s in plan.stretches]
    largest = plan.largest_injection(maintenance.apart)
    apart = plan.longest_apart
    had = maintenance.has_had_injection(largest, apart) and all(map(maintenance.has_had, ends))
    return not had or (cyclic and not maintenance.had_cycles)


def report_days(length: float) -> Floats:
    """Return the days of a table's rows: each half year, and the last."""
    return np.append(np.arange(REPORT_EVERY, length - 1.0, REPORT_EVERY).round(), length)


def passage_days(length: float) -> Floats:
    """Return the days by which first passages are told: every 15 days, and those of a table."""
    looks = np.append(np.arange(0.0, length, PASSAGE_GRID), length)
    return np.unique(np.concatenate([looks, report_days(length)]))


def _horizon(ensemble: Ensemble, frame: Frame, plans: Sequence[Plan]) -> Horizon:
    length = frame.length
    visits = [visit_days(plan, length) for plan in plans]
    days = np.concatenate([passage_days(length), *visits])
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
    thresholds: tuple[int, ...]

    @classmethod
    def of(
        cls,
        fit: Fit,
        plans: Sequence[Plan],
        frame: Frame,
        seed: int,
        thresholds: tuple[int, ...],
        draws: int,
    ) -> "_Work":
        """Return what plans followed in at most so many draws of each hypothesis share."""
        ensemble = ensemble_of(fit)
        thin = ensemble.thinned(min(draws, ensemble.size))
        origin = float((frame.origin - fit.individual.day_zero).days)
        infection = InfectionStart.of(thin, fit.table, origin)
        return cls(thin, frame, _horizon(thin, frame, plans), infection, seed, thresholds)

    def followed(self, each: Sequence[tuple[Plan, str]]) -> Iterator[tuple[PlanRow, Curve]]:
        """Follow plans, each with its reading: yield the row and the curve of each."""
        frame = self.frame
        for plan, reading in each:
            found = follow_plan(self.horizon, plan, self.seed)
            doses = dose_track(plan, found, self.horizon.days, frame.origin, self.ensemble.whole)
            notes = tuple(plan_notes(plan, frame.maintenance, frame.length))
            row = PlanRow(plan.name, reading, self.course(found), doses, notes)
            yield row, self.curve(row.label, found)

    def dates(self, days: Floats) -> tuple[date, ...]:
        """Return days after the origin as days of the calendar."""
        return tuple(self.frame.origin + timedelta(days=float(day)) for day in days)

    def course(self, followed: Followed) -> ByHypothesis[PlanCourse]:
        """Return the summary of one plan under every hypothesis and averaged."""
        ensemble, days = self.ensemble, self.horizon.days
        reported = np.searchsorted(days, report_days(self.frame.length))
        latent = followed.counts[reported]
        seen = np.stack(
            [measured(x, ensemble, noise(ensemble, self.seed, i)) for i, x in enumerate(latent)]
        )
        told = passage_days(self.frame.length)
        passed = Extremes.of(followed.counts, np.searchsorted(days, told), self.dates(told))
        place = np.searchsorted(told, days[reported])
        lowest, highest, limits = passed.lowest[place], passed.highest[place], self.thresholds
        start, counts = self.infection, followed.counts
        infected = None if start is None else start.follow(self.horizon, counts)
        dates = self.dates(days[reported])

        def point(part: Part, i: int) -> PlanPoint:
            return PlanPoint(
                day=dates[i],
                latent=part.interval(latent[i]),
                measured=part.interval(seen[i]),
                p_below={n: part.probability(latent[i] < n) for n in limits},
                p_below_by_then={n: part.probability(lowest[i] < n) for n in limits},
                p_above={n: part.probability(latent[i] >= n) for n in limits},
                p_above_by_then={n: part.probability(highest[i] >= n) for n in limits},
                infection=None if infected is None else infected.read(part, int(reported[i])),
            )

        return ensemble.each(
            lambda part: PlanCourse(
                points=tuple(point(part, i) for i in range(len(dates))),
                first_below=passed.below(part, limits),
                first_above=passed.above(part, limits),
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
            days=self.dates(days),
            p05=low,
            p25=lower,
            p50=middle,
            p75=upper,
            p95=high,
        )
