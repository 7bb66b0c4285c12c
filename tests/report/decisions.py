"""A synthetic forecast of plans and a synthetic regimen search: invented for layout."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from lymphocast.forecast.plan import THRESHOLDS
from lymphocast.forecast.plan_results import (
    DoseStep,
    DoseTrack,
    InfectionAhead,
    Passage,
    PlanCourse,
    PlanForecast,
    PlanPoint,
    PlanRow,
    PlanSensitivity,
    PlanSensitivityRow,
    PlanVerdict,
)
from lymphocast.forecast.regimen_results import (
    DesignShare,
    FrontPoint,
    RegimenRow,
    RegimenSearch,
    RegimenSensitivity,
    RegimenSensitivityRow,
    RegimenTable,
)
from lymphocast.forecast.results import (
    AVERAGED,
    Answer,
    ByHypothesis,
    Curve,
    Interval,
    Verdict,
)
from lymphocast.units import Quantity
from tests.report.synthetic import around, hypotheses

FIRST, LAST = date(2013, 11, 15), date(2015, 11, 15)
DAYS = tuple(FIRST + timedelta(days=15 * i) for i in range(49))
BANNER = "By assumption: the data say nothing about the dose-response (contraction 0.01)."
LIMIT, TARGET = "the count never below 200", "keep the count at 300 or above"


def point(day: date, middle: float) -> PlanPoint:
    """Return counts and chances around a median."""
    low = min(0.99, 90.0 / middle)
    infected = InfectionAhead(0.93, 0.96, 0.94, 0.04, 0.05)
    return PlanPoint(
        day=day,
        latent=around(middle),
        measured=around(middle, 1.8),
        p_below={200: low / 2, 300: low, 500: 1.0 - low / 2},
        p_below_by_then={200: low / 2, 300: min(1.0, 1.1 * low), 500: 1.0 - low / 3},
        p_above={200: 1 - low / 2, 300: 1 - low, 500: low / 2},
        p_above_by_then={200: 1.0, 300: 1 - low / 2, 500: low},
        infection=infected,
    )


def course(middle: float, dose: float) -> PlanCourse:
    """Return a course that ends at a median, under a mean weekly dose."""
    points = (point(date(2014, 11, 15), middle + 30.0), point(LAST, middle))
    doses = 312.0 * dose
    spread = Interval(dose / 2, dose, min(1.0, 2 * dose))
    low, high = passage(0.3 - middle / 2000.0), passage(middle / 600.0)
    return PlanCourse(
        points,
        dict.fromkeys(THRESHOLDS, low),
        dict.fromkeys(THRESHOLDS, high),
        spread,
        spread,
        Interval(doses / 2, doses, doses),
    )


def passage(last: float) -> Passage:
    """Return a first passage whose probability grows evenly to its last."""
    chances = np.linspace(0.0, min(1.0, last), len(DAYS))
    half = np.flatnonzero(chances >= 0.5)
    median = DAYS[half[0]] if len(half) else None
    return Passage(tuple(chances.tolist()), median, 1.0 - float(chances[-1]))


def row(plan: str, middle: float, dose: float, *notes: str, track: DoseTrack) -> PlanRow:
    """Return a plan with a course under every hypothesis."""
    each = {h.name: course(middle + 4.0 * i, dose) for i, h in enumerate(hypotheses())}
    return PlanRow(plan, "", ByHypothesis(course(middle, dose), each), track, notes)


def steps(*levels: tuple[int, float]) -> tuple[DoseStep, ...]:
    """Return doses from days after the origin on."""
    return tuple(DoseStep(FIRST + timedelta(days=day), level) for day, level in levels)


def curve(label: str, end: float) -> Curve:
    """Return the bands of a count that goes from 400 to an end."""
    middle = np.linspace(400.0, end, len(DAYS))
    bands = [middle * f for f in (0.6, 0.8, 1.0, 1.2, 1.5)]
    return Curve(label, AVERAGED, label, 1.0, True, DAYS, *bands)


def plans(maintenance: Quantity | None = None) -> PlanForecast:
    """Return three plans: none, a taper, and one that a rule holds."""
    held = DoseTrack(steps((0, 1.0)), steps((0, 1.0), (28, 0.7), (56, 0.35), (84, 0.4)))
    rows = (
        row("no treatment", 310.0, 0.0, track=DoseTrack(steps((0, 0.0)), ())),
        row("tapered", 470.0, 0.6, track=DoseTrack(steps((0, 1.0), (365, 0.5), (545, 0.0)), ())),
        row("by the count", 420.0, 0.4, "the model sees the mean weekly dose", track=held),
    )
    return PlanForecast(
        record_id="synthetic-1",
        origin=FIRST,
        until=LAST,
        seed=7,
        draws=1000,
        thresholds=THRESHOLDS,
        passage_days=DAYS,
        maintenance=maintenance,
        rows=rows,
        curves=tuple(curve(r.label, r.course.averaged.points[-1].latent.p50) for r in rows),
        notes=(BANNER, "From the origin on, each plan takes the place of the record."),
        sensitivity=moved(rows),
    )


def moved(rows: tuple[PlanRow, ...]) -> PlanSensitivity:
    """Return falls that one changed assumption makes likely."""
    base, drift, verdicts = {}, {}, []
    for place, x in enumerate(rows, 1):
        p = x.course.averaged.points[-1].p_below_by_then[300]
        name, question = f"{place} fall", f"Under '{x.plan}', has the count been below 300?"
        base[name], drift[name] = p, p + 0.1 * place
        verdict = Verdict(name, question, "It has.", p, p, drift[name], Answer.UNDECIDED)
        verdicts.append(PlanVerdict(x.plan, "", LAST, "p_below_by_then", 300, verdict))
    changes = (
        PlanSensitivityRow("base", "base analysis", 5000.0, base),
        PlanSensitivityRow("drift", "slow drift", 5000.0, drift),
    )
    return PlanSensitivity(changes, tuple(verdicts))


def with_averaged(found: PlanForecast, number: int, changed: PlanPoint) -> PlanForecast:
    """Return the plans with another average on the last day of one of them."""
    rows = list(found.rows)
    old = rows[number].course
    points = (*old.averaged.points[:-1], changed)
    averaged = replace(old.averaged, points=points)
    rows[number] = replace(rows[number], course=replace(old, averaged=averaged))
    return replace(found, rows=tuple(rows))


def regimen(name: str, utility: float, p_best: float, places: Mapping[str, int]) -> RegimenRow:
    """Return a regimen that keeps its limit."""
    dose = Interval(utility / 3, utility / 2, utility)
    return RegimenRow(
        regimen=name,
        utility=utility,
        utility_se=0.004,
        low=utility - 0.3,
        high=utility + 0.2,
        p_best=p_best,
        p_best_if_assumed=p_best + 0.01,
        regret=1.0 - utility,
        p_broken={LIMIT: 0.03},
        keeps_limits=True,
        shortfall=0.0,
        p_target={TARGET: utility},
        weekly_dose=dose,
        amounts=None,
        injections=Interval(20.0, 60.0, 100.0),
        on_front=True,
        rank_under=places,
    )


def table(*names: str, compared: int = 41) -> RegimenTable:
    """Return regimens in the order of their names."""
    under = ("il2+stable", "no-il2+recovery", "sceptical prior")
    rows = tuple(
        regimen(
            name,
            0.85 - 0.05 * i,
            (1.0 + i) / 10.0,
            {u: 1 + (i + k) % 3 for k, u in enumerate(under)},
        )
        for i, name in enumerate(names)
    )
    best = dict(zip(under, (names[0], names[-1], names[0]), strict=True))
    points = tuple(
        FrontPoint(name, 0.7 + 0.1 * i, 0.2 * i, 60.0 * i) for i, name in enumerate(names)
    )
    return RegimenTable(
        rows=rows,
        feasible=True,
        reasons=(),
        chance=1.0 / len(names),
        designs=tuple(DesignShare(r.regimen, 1, r.p_best, 0.3) for r in rows),
        compared=compared,
        best_under=best,
        front=points,
        sensitivity=sensitivity(names),
    )


def sensitivity(names: tuple[str, ...]) -> RegimenSensitivity:
    """Return a ranking that one changed assumption turns round."""
    rows = (
        RegimenSensitivityRow("base", "base analysis", 5000.0, names[0], 1, {"leader": 0.7}),
        RegimenSensitivityRow(
            "drift", "slow drift", 5000.0, names[-1], len(names), {"leader": 0.35}
        ),
    )
    question = "Is the leader worth more than no drug?"
    verdict = Verdict("leader", question, "It is.", 0.7, 0.3, 0.7, Answer.UNDECIDED)
    return RegimenSensitivity(names[0], rows, (verdict,))


def search() -> RegimenSearch:
    """Return a search with both tables and both banners."""
    return RegimenSearch(
        record_id="synthetic-1",
        title="keep the count",
        origin=FIRST,
        until=LAST,
        seed=7,
        draws=1000,
        banners=(BANNER, "The unit system is not stated, so doses are relative."),
        given=table("dose 0.8, for 730 d", "dose 1, for 365 d", "no drug"),
        extrapolated=table("no drug", "dose 2, for 365 d", compared=12),
        notes=("From the origin on, each plan takes the place of the record.",),
    )
