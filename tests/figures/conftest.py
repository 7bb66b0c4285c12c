"""A synthetic patient and synthetic results, made up for the layout; no fact of any case."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from lymphocast.forecast.results import (
    AVERAGED,
    Attribution,
    ByHypothesis,
    Curve,
    FitSummary,
    Interval,
    LeaveLastOut,
    Results,
)
from lymphocast.record.events import (
    Administration,
    Culture,
    CultureResult,
    Measurement,
    MissedDoses,
    Symptom,
    SymptomGrade,
    UnreadData,
)
from lymphocast.record.patient import Demographics, Modelling, PatientRecord
from lymphocast.record.provenance import Method, Provenance, Source
from lymphocast.record.when import When
from lymphocast.units import Quantity
from tests.report import synthetic

STATED = (Provenance("made-up", "page 1", Method.STATED),)
DERIVED = (Provenance("made-up", "page 1", Method.DERIVED, "from the order of events"),)
LAST = date(2009, 5, 1)


def between(first: str, last: str) -> When:
    return When(date.fromisoformat(first), date.fromisoformat(last))


def count(name: str, value: float, at: When, provenance: tuple[Provenance, ...]) -> Measurement:
    return Measurement(name, "CD4", Quantity(value, "/uL"), at, provenance)


def symptom(name: str, what: str, grade: SymptomGrade, at: When) -> Symptom:
    return Symptom(name, what, grade, at, STATED)


def administration(
    name: str, drug: str, amount: str, per: float, divided: int, span: tuple[When, When]
) -> Administration:
    value, unit = amount.split()
    quantity = Quantity(float(value), unit)
    return Administration(name, drug, None, quantity, per, divided, None, span[0], span[1], STATED)


ADMINISTRATIONS = (
    replace(
        administration(
            "rise",
            "examplekin",
            "500000 [arb'U]",
            1,
            1,
            (between("2005-04-01", "2005-04-30"), between("2005-06-01", "2005-07-31")),
        ),
        product="slow release",
        titrated_to="full",
        titration_steps=5,
        titration_note="steps are not published",
    ),
    administration(
        "full",
        "examplekin",
        "9 M[arb'U]",
        7,
        3,
        (between("2005-06-01", "2005-07-31"), between("2008-06-01", "2008-06-30")),
    ),
    administration(
        "other",
        "examplomycin",
        "1000 mg",
        1,
        2,
        (between("2005-01-01", "2005-01-10"), between("2005-09-21", "2005-09-30")),
    ),
)

SYMPTOMS = (
    symptom(
        "onset",
        "recurrent cough of the synthetic patient",
        SymptomGrade.PRESENT,
        between("2003-01-01", "2003-12-31"),
    ),
    symptom("worse", "cough worse", SymptomGrade.WORSE, between("2004-09-01", "2004-09-30")),
    replace(
        symptom(
            "little",
            "minimal improvement on the other drug",
            SymptomGrade.MINIMAL_IMPROVEMENT,
            between("2005-01-10", "2005-04-30"),
        ),
        provenance=DERIVED,
    ),
    symptom(
        "better", "improvement began", SymptomGrade.IMPROVING, between("2005-04-01", "2005-04-30")
    ),
    symptom("gone", "cough gone", SymptomGrade.RESOLVED, between("2005-09-01", "2005-09-10")),
    symptom(
        "well",
        "remains without symptoms",
        SymptomGrade.ASYMPTOMATIC,
        between("2009-02-15", "2009-04-30"),
    ),
)


@pytest.fixture(scope="session")
def record() -> PatientRecord:
    return PatientRecord(
        id="synthetic",
        title="Synthetic patient for the layout of the treatment figure",
        demographics=Demographics(),
        sources=(Source("made-up", "Nobody. Nowhere. Never."),),
        events=(),
        administrations=ADMINISTRATIONS,
        missed_doses=(MissedDoses("missed", "examplekin", dates_known=False, provenance=STATED),),
        measurements=(
            count("first", 160, between("2004-09-01", "2005-03-31"), DERIVED),
            count("second", 540, between("2005-09-01", "2005-09-15"), DERIVED),
            count("third", 610, between("2008-11-15", "2009-01-15"), STATED),
            count("fourth", 390, between("2009-02-15", "2009-04-15"), STATED),
        ),
        cultures=(
            Culture(
                "negative",
                "sputum",
                "an example organism",
                CultureResult.NEGATIVE,
                2,
                between("2005-09-01", "2005-09-15"),
                DERIVED,
            ),
        ),
        symptoms=SYMPTOMS,
        durations=(),
        unread=(UnreadData("more", "more counts are drawn in Fig. 1 than the text gives", STATED),),
        findings=(),
        workup=(),
        claims=(),
        timelines=(),
        modelling=Modelling(
            "examplekin", "examplomycin", "first", Quantity(350, "/uL"), "worse", "better", (), ()
        ),
        sha256="0" * 64,
    )


def curve(
    label: str,
    ends: tuple[float, float],
    *,
    first: date,
    last: date,
    spread: float,
    scenario: str = "factual",
    hypotheses: str = AVERAGED,
    weight: float = 1.0,
    forecast: bool = False,
) -> Curve:
    """Return a straight course in ln(count) with a log-normal spread."""
    days = tuple(first + timedelta(days=7 * k) for k in range((last - first).days // 7 + 1))
    middle = np.exp(np.linspace(np.log(ends[0]), np.log(ends[1]), len(days)))
    width = np.linspace(0.5 * spread, spread, len(days))
    p05, p25, p50, p75, p95 = (middle * np.exp(z * width) for z in (-1.64, -0.67, 0, 0.67, 1.64))
    return Curve(scenario, hypotheses, label, weight, forecast, days, p05, p25, p50, p75, p95)


def ahead(
    label: str,
    ends: tuple[float, float],
    spread: float,
    hypotheses: str = AVERAGED,
    weight: float = 1.0,
    scenario: str = "factual",
) -> Curve:
    """Return a course after the last count."""
    return curve(
        label,
        ends,
        first=LAST,
        last=date(2014, 4, 1),
        spread=spread,
        scenario=scenario,
        hypotheses=hypotheses,
        weight=weight,
        forecast=True,
    )


def curves() -> tuple[Curve, ...]:
    begin, rise, without = date(2004, 6, 1), date(2005, 9, 8), "without-il2"
    return (
        curve("average", (170, 520), first=begin, last=rise, spread=0.2),
        curve("average", (520, 420), first=rise, last=LAST, spread=0.2),
        ahead("average", (420, 290), 0.7),
        ahead("IL-2 effect, stable", (420, 150), 0.5, "il2+stable", 0.41),
        ahead("IL-2 effect, recovery", (420, 440), 0.4, "il2+recovery", 0.27),
        ahead("no IL-2 effect, recovery", (420, 480), 0.3, "recovery", 0.22),
        ahead("no IL-2 effect, infection dip", (420, 430), 0.3, "infection", 0.08),
        ahead("no IL-2 effect, stable", (420, 400), 0.3, "stable", 0.02),
        curve("without IL-2", (170, 230), first=begin, last=LAST, spread=0.6, scenario=without),
        ahead("without IL-2", (230, 250), 0.6, scenario=without),
    )


@pytest.fixture(scope="session")
def results() -> Results:
    one = Interval(1.0, 2.0, 3.0)
    return Results(
        record_id="synthetic",
        observed=(),
        rise_between=("", ""),
        hypotheses=(),
        attribution=ByHypothesis(Attribution(one, one, 0.5, ()), {}),
        outcomes=synthetic.outcomes({}),
        forecast=ByHypothesis((), {}),
        registered=ByHypothesis((), {}),
        leave_last_out=ByHypothesis(LeaveLastOut(one, 2.0, 0.0, 0.0, 0.5, 1000.0), {}),
        contraction=(),
        sensitivity=(),
        verdicts=(),
        curves=curves(),
        priors=(),
        timing=synthetic.timing(),
        next_count=synthetic.next_count(),
        history=(),
        fit=FitSummary("is", 1, 1.0, 1, diagnostics_passed=True, preset="neutral"),
        priors_sha256="0" * 64,
        record_sha256="0" * 64,
        versions={},
    )
