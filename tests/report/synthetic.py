"""A synthetic patient and synthetic results: invented for layout, never shipped."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

from lymphocast.criteria.check import CheckReport
from lymphocast.criteria.icl import CriterionItem, IclAssessment, IclStatus, ItemStatus
from lymphocast.criteria.rcv import reference_change
from lymphocast.forecast.outcome_results import (
    Chance,
    Compared,
    CourseOutcome,
    InfectionPoint,
    Outcomes,
    Recurrence,
)
from lymphocast.forecast.results import (
    Answer,
    Attribution,
    ByHypothesis,
    Contraction,
    FitSummary,
    ForecastPoint,
    HypothesisRow,
    Interval,
    LeaveLastOut,
    ObservedCount,
    Prediction,
    PriorLine,
    Remaining,
    Results,
    ScenarioOutcome,
    SensitivityRow,
    TimingArguments,
    Verdict,
)
from lymphocast.forecast.valued import BestDate, CountValue, NextCount
from lymphocast.inference.history import Made, ScoredCount, Step
from lymphocast.record.events import (
    Administration,
    Culture,
    CultureResult,
    Event,
    Finding,
    Measurement,
    MissedDoses,
    StatedDuration,
    Symptom,
    SymptomGrade,
    UnreadData,
    WorkupItem,
    WorkupStatus,
)
from lymphocast.record.issue import Issue, Severity
from lymphocast.record.patient import (
    Claim,
    Demographics,
    Modelling,
    NominalDate,
    PatientRecord,
    Timeline,
)
from lymphocast.record.provenance import Method, Provenance, Source
from lymphocast.record.when import When
from lymphocast.units import Quantity

STATED = (Provenance("invented", "first page", Method.STATED),)
DERIVED = (
    Provenance("invented", "first page", Method.DERIVED, "from the worsening until treatment"),
)
ASSUMED = (Provenance("invented", "second page", Method.ASSUMED, "the source names no day"),)
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="200" viewBox="0 0 640 200">'
    '<rect width="640" height="200" fill="#f3f4f5"/>'
    '<text x="20" y="110" font-family="sans-serif" font-size="20">figure for layout</text></svg>'
)


def span(first: date, days: int = 10) -> When:
    """Return an interval of days."""
    return When(first, first + timedelta(days=days), text=first.isoformat())


def record() -> PatientRecord:
    """Return a record with every kind of fact."""
    start, stop = date(2011, 2, 1), date(2013, 5, 1)
    after = When(date(2013, 10, 15), date(2013, 12, 15), "stop", 183.0, 15.0, "stop + 6 mo")
    return PatientRecord(
        id="synthetic-1",
        title="A synthetic patient, invented to test the layout",
        demographics=Demographics(Quantity(44.0, "a"), "female"),
        sources=(Source("invented", "Nobody A. An invented source.", "10.0000/none.1", "1"),),
        events=(Event("worse", "symptoms became worse", span(date(2010, 9, 1), 29), STATED),),
        administrations=(
            Administration(
                "titration",
                "interleukin-2",
                "pegylated",
                Quantity(500000.0, "[arb'U]"),
                1.0,
                1,
                "subcutaneous",
                span(start),
                span(date(2011, 5, 1)),
                ASSUMED,
                "full",
                6,
                "the source names no step",
            ),
            Administration(
                "full",
                "interleukin-2",
                None,
                Quantity(9.0, "M[arb'U]"),
                7.0,
                3,
                None,
                span(date(2011, 5, 1)),
                span(stop),
                STATED,
            ),
        ),
        missed_doses=(MissedDoses("missed", "interleukin-2", False, STATED),),
        measurements=(
            Measurement("first", "CD4", Quantity(150.0, "/uL"), span(date(2010, 9, 1)), DERIVED),
            Measurement("second", "CD4", Quantity(480.0, "/uL"), span(date(2011, 7, 1)), STATED),
            Measurement("third", "CD4", Quantity(360.0, "/uL"), after, STATED, 12.0),
        ),
        cultures=(
            Culture(
                "culture",
                "sputum",
                "M. avium complex",
                CultureResult.NEGATIVE,
                2,
                span(date(2011, 7, 1)),
                STATED,
                "the source has a plural",
            ),
        ),
        symptoms=(Symptom("gone", "cough", SymptomGrade.RESOLVED, span(date(2011, 7, 1)), STATED),),
        durations=(StatedDuration("length", "worse", "full", Quantity(5.0, "mo"), 0.5, STATED),),
        unread=(UnreadData("more", "more counts are drawn than the text gives", STATED),),
        findings=(Finding("tolerance", "treatment was well tolerated", STATED),),
        workup=(WorkupItem("hiv", "HIV test", WorkupStatus.NOT_STATED, STATED),),
        claims=(
            Claim("claim-1", "the drug was effective", "invented", "conclusion", "b"),
            Claim("claim-2", "the drug was safe", "invented", "conclusion", "safety"),
        ),
        timelines=(Timeline("short", "shorter course", "full", span(stop), STATED),),
        modelling=Modelling(
            "interleukin-2",
            "clarithromycin",
            "first",
            Quantity(350.0, "/uL"),
            "worse",
            "full",
            (NominalDate("gone", date(2011, 7, 5), "middle of its interval"),),
            (("recovery_clock", "recovery cannot begin before the first low count"),),
        ),
        sha256="a" * 64,
    )


def check_report() -> CheckReport:
    """Return issues of each severity and an unestablished definition."""
    return CheckReport(
        record_id="synthetic-1",
        title=record().title,
        sha256=record().sha256,
        issues=(
            Issue(
                Severity.WARNING,
                "duration-contradiction",
                "length",
                "The source states 5 months; the dates give 7.0 to 8.3 months.",
                ("invented: first page", "invented: second page"),
            ),
            Issue(
                Severity.INFO,
                "unit-ambiguity",
                "full",
                "The unit system of the dose is not stated.",
                ("invented: first page",),
            ),
        ),
        icl=IclAssessment(
            IclStatus.NOT_ESTABLISHED,
            "CDC 1992",
            (
                CriterionItem(
                    "repeated-low-count", ItemStatus.NOT_STATED, ("first",), "one count only"
                ),
            ),
            ("a second count below 300", "an HIV test"),
        ),
        changes=(reference_change(Quantity(150.0, "/uL"), Quantity(480.0, "/uL")),),
    )


def around(middle: float, factor: float = 1.5) -> Interval:
    """Return an interval around a median."""
    return Interval(middle / factor, middle, middle * factor)


def hypotheses() -> tuple[HypothesisRow, ...]:
    """Return the twelve joint hypotheses with invented evidences."""
    courses = (("stable", 0.6), ("recovery", 0.3), ("infection", 0.1))
    rows = tuple(
        HypothesisRow(
            name=f"{'il2' if il2 else 'none'}+{course}{'+clearance' if clearance else ''}",
            label=f"{'IL-2 effect' if il2 else 'no IL-2 effect'}, {course} course"
            f"{', faster clearance' if clearance else ''}",
            il2=il2,
            course=course,
            clearance=clearance,
            prior=0.5 * share * (0.2 if clearance else 0.8),
            log_evidence=-20.0 - i / 3.0,
            log_evidence_se=0.02 + i / 500.0,
            weight=float(12 - i) / 78.0,
            ess=4000.0 + 10.0 * i,
        )
        for i, (il2, (course, share), clearance) in enumerate(
            product((True, False), courses, (False, True))
        )
    )
    return rows


def attribution(p: float) -> Attribution:
    """Return an attribution scaled by a probability."""
    return Attribution(
        rise=around(330.0),
        il2_gain_at_second=around(300.0 * p + 1.0),
        p_il2_more_than_half=p,
        scenarios=tuple(
            ScenarioOutcome(
                name,
                around(480.0 - loss),
                around(500.0 - loss),
                around(360.0 - loss / 2.0),
                Interval(0.0, loss, 1.5 * loss),
                0.92 - loss / 1000.0,
                0.9 - loss / 1000.0,
            )
            for name, loss in (
                ("factual", 0.0),
                ("without-il2", 300.0 * p),
                ("without-clarithromycin", 12.0),
                ("without-both", 300.0 * p + 15.0),
            )
        ),
    )


def compared(value: float, lost: float) -> Compared:
    """Return a quantity and what is lost of it."""
    return Compared(around(value), Interval(0.0, lost, 2.0 * lost), 1.1 * lost, 0.02 * lost)


def courses(p: float) -> tuple[CourseOutcome, ...]:
    """Return the four courses, with what IL-2 did scaled by a probability."""
    return tuple(
        CourseOutcome(
            scenario=name,
            counts={day: compared(500.0 - loss, loss) for day in ("second", "last-count")},
            area=compared(6e5 - 1000.0 * loss, 1000.0 * loss),
            mean_count=compared(480.0 - loss, loss),
            days_above={n: compared(900.0 - loss, loss) for n in (200, 300, 500)},
            infection=tuple(
                InfectionPoint(
                    occasion,
                    day,
                    Chance(0.94 - gone, 0.004, gone, 0.003 * (gone > 0.0)),
                    Chance(0.97 - gone, 0.004, gone, 0.003 * (gone > 0.0)),
                    Chance(0.95 - gone, 0.004, gone, 0.003 * (gone > 0.0)),
                )
                for occasion, day in (
                    ("first-culture", date(2011, 11, 1)),
                    ("last-count", date(2013, 11, 15)),
                )
            ),
            recurrence=tuple(
                Recurrence(
                    origin,
                    "last-count+1y",
                    date(2014, 11, 15),
                    Chance(0.081, 0.005, 0.0, 0.0),
                    Chance(0.06, 0.005, 0.0, 0.0),
                )
                for origin in ("antibiotic-stop", "il2-stop")
            ),
        )
        for name, loss, gone in (
            ("factual", 0.0, 0.0),
            ("without-il2", 250.0 * p, 0.05 * p),
            ("without-clarithromycin", 0.0, 0.8),
            ("without-both", 250.0 * p, 0.85),
        )
    )


def statement_verdicts() -> tuple[Verdict, ...]:
    """Return one statement of each answer, by the rows of the table."""
    return tuple(
        Verdict(name, f"Question on {name}?", f"Definition of {name}.", middle, low, high, answer)
        for name, middle, low, high, answer in (
            ("culture-without-il2", 0.9, 0.85, 0.95, Answer.YES),
            ("culture-without-clarithromycin", 0.1, 0.05, 0.15, Answer.NO),
            ("symptoms-without-il2", 0.9, 0.86, 0.96, Answer.YES),
            ("above-300", 0.55, 0.31, 0.77, Answer.UNDECIDED),
        )
    )


def outcomes(p: Mapping[str, float]) -> Outcomes:
    """Return the courses by the probability that IL-2 made more than half, by hypothesis."""
    return Outcomes(
        start=date(2011, 6, 1),
        stop=date(2013, 11, 15),
        draws=500,
        courses=ByHypothesis(courses(0.57), {name: courses(v) for name, v in p.items()}),
        statements=statement_verdicts(),
        panels=(),
    )


def points(middle: float) -> tuple[ForecastPoint, ...]:
    """Return forecasts from both origins."""
    return tuple(
        ForecastPoint(
            origin,
            years,
            around(middle - 20.0 * years),
            {200: 0.1 + years / 20.0, 300: 0.3 + years / 20.0},
            {200: 0.15 + years / 20.0, 300: 0.4 + years / 20.0},
        )
        for origin in ("last-count", "il2-stop")
        for years in (1.0, 2.0, 5.0)
    )


def predictions(middle: float) -> tuple[Prediction, ...]:
    """Return registered predictions on two days."""
    return tuple(
        Prediction(day, around(middle), around(middle, 1.8))
        for day in (date(2012, 1, 15), date(2012, 7, 15))
    )


def left(middle: float) -> LeaveLastOut:
    """Return a prediction of the last count."""
    return LeaveLastOut(around(middle), 360.0, -0.62, -0.95, 0.27, 2000.0)


def results() -> Results:
    """Return results with every part filled."""
    rows = hypotheses()
    p = {row.name: (0.8 - i / 50.0 if row.il2 else 0.0) for i, row in enumerate(rows)}
    return Results(
        record_id="synthetic-1",
        observed=tuple(
            ObservedCount(
                m.id,
                m.value.value,
                m.value.unit,
                m.at.earliest,
                m.at.latest,
                around(m.value.value * 1.04),
            )
            for m in record().measurements
        ),
        rise_between=("first", "second"),
        hypotheses=rows,
        attribution=ByHypothesis(attribution(0.57), {n: attribution(v) for n, v in p.items()}),
        outcomes=outcomes(p),
        forecast=ByHypothesis(points(330.0), {n: points(300.0 + 90 * v) for n, v in p.items()}),
        registered=ByHypothesis(
            predictions(470.0), {n: predictions(440.0 + 50 * v) for n, v in p.items()}
        ),
        leave_last_out=ByHypothesis(left(430.0), {n: left(400 + 50 * v) for n, v in p.items()}),
        contraction=contractions(),
        sensitivity=sensitivity(),
        verdicts=verdicts(),
        curves=(),
        priors=priors(),
        timing=timing(),
        next_count=next_count(),
        history=history(),
        fit=FitSummary("is", 40000, 1234.0, 7, True, "neutral"),
        priors_sha256="b" * 64,
        record_sha256="a" * 64,
        versions={"numpy": "2.1.0", "lymphocast": "0.1.0"},
    )


def timing() -> TimingArguments:
    """Return timing arguments with one count after the stop."""
    rows = {row.name: around(1.0) for row in hypotheses()}
    return TimingArguments(
        14.0,
        around(5.0, 6.0),
        around(18.0, 2.0),
        around(0.04, 2.0),
        ByHypothesis(around(12.0, 3.0), rows),
        0.06,
        (Remaining("third", around(0.4)),),
    )


def next_count() -> NextCount:
    """Return a next count that is best late, and two that the source shows."""

    def value(months: float, bits: float, *days: date) -> CountValue:
        each = {"b": bits, "c": 1.2 * bits, "il2": 0.5 * bits}
        return CountValue(days, months, each, dict.fromkeys(each, 0.5 + bits))

    days = (date(2012, 1, 15), date(2012, 7, 15))
    return NextCount(
        {"b": 0.97, "c": 0.86, "il2": 0.8},
        (value(3.0, 0.2, date(2014, 2, 14)), value(12.0, 0.4, date(2014, 11, 14))),
        (BestDate(3.0, 0.0222, 0.0667), BestDate(12.0, 0.0, 0.0222)),
        (*(value(0.0, 0.3, day) for day in days), value(0.0, 0.37, *days)),
    )


def history() -> tuple[Step, ...]:
    """Return a fit that was updated once, by a count that it had expected."""
    score = ScoredCount(
        "third", 360.0, date(2013, 10, 15), date(2013, 12, 15), 250.0, 410.0, 640.0, True, -0.4
    )
    return (
        Step(Made.FITTED, "", "c" * 64, 0.0, 4000.0),
        Step(Made.UPDATED, "new: third", "a" * 64, 4000.0, 1234.0, (score,)),
    )


def contractions() -> tuple[Contraction, ...]:
    """Return one informed and one uninformed parameter."""
    return (
        Contraction(
            "gain",
            "plateau gain at the maintenance dose",
            "/uL",
            "ln",
            around(150.0, 5),
            around(310.0),
            0.71,
            ("il2+stable",),
            "",
        ),
        Contraction(
            "half_effect_dose",
            "relative dose of half effect",
            "1",
            "ln",
            around(0.5, 5.0),
            around(0.51, 5.0),
            0.004,
            ("il2+stable",),
            "The data say nothing about the dose-response.",
        ),
    )


STATEMENTS = {
    "above-300": 0.55,
    "culture-without-clarithromycin": 0.1,
    "culture-without-il2": 0.9,
    "symptoms-without-il2": 0.9,
}


def sensitivity() -> tuple[SensitivityRow, ...]:
    """Return the base analysis and two changed assumptions."""
    return (
        SensitivityRow(
            "base",
            "base analysis",
            {"a": 0.97, "b": 0.57, "c": 0.44, "d": 0.11},
            0.6,
            STATEMENTS,
            2000.0,
        ),
        SensitivityRow(
            "gain-half",
            "prior of the gain halved",
            {"a": 0.96, "b": 0.48, "c": 0.41, "d": 0.10},
            0.52,
            STATEMENTS,
            2000.0,
        ),
        SensitivityRow(
            "weights-enthusiastic",
            "enthusiastic weights of the hypotheses",
            {"a": 0.98, "b": 0.83, "c": 0.47, "d": 0.14},
            0.9,
            STATEMENTS,
            2000.0,
        ),
    )


def verdicts() -> tuple[Verdict, ...]:
    """Return a verdict of each kind."""
    return (
        Verdict(
            "a",
            "Did something raise the count?",
            "Latent count at the second date above the first.",
            0.97,
            0.96,
            0.98,
            Answer.YES,
        ),
        Verdict(
            "b",
            "Did IL-2 make more than half of the rise?",
            "IL-2's part of the latent rise exceeds one half.",
            0.57,
            0.48,
            0.83,
            Answer.UNDECIDED,
        ),
        Verdict(
            "c",
            "Does the count fall below 300 within a year?",
            "First passage below 300 within one year of the last count.",
            0.44,
            0.41,
            0.47,
            Answer.UNDECIDED,
        ),
        Verdict(
            "d",
            "Did IL-2 hasten culture conversion?",
            "Posterior weight of faster clearance.",
            0.11,
            0.10,
            0.14,
            Answer.NO,
        ),
    )


def priors() -> tuple[PriorLine, ...]:
    """Return one sourced and one assumed prior."""
    return (
        PriorLine(
            "gain",
            "plateau gain at the maintenance dose",
            "/uL",
            "log-normal, median 150, SD of ln 1",
            "V",
            "10.1086/515704",
            "Invented rationale; see also doi:10.1182/blood-2007-12-127878.",
        ),
        PriorLine(
            "half_effect_dose",
            "relative dose of half effect",
            "1",
            "log-normal, median 0.5, SD of ln 1",
            "assumed",
            "",
            "Weakly informative.",
        ),
    )


def renamed(title: str, note: str) -> PatientRecord:
    """Return the record with a hostile title and note."""
    case = record()
    fact = replace(case.findings[0], what=note)
    return replace(case, title=title, findings=(fact,))
