"""What the figure of courses draws: one panel for each explanation that weighs enough.

An explanation is a joint hypothesis. Counts are quantiles of the latent count; cultures the
probability that one culture on that day is negative. A course that no link of the model sets
apart from another is not computed again: the antibiotic does not touch the count.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lymphocast.forecast.attribution import SCENARIOS
from lymphocast.forecast.outcome_results import ChanceCurve, Outcomes, Panel
from lymphocast.forecast.outcomes import FACTUAL_NAME, Courses
from lymphocast.forecast.results import AVERAGED, Curve, SensitivityRow
from lymphocast.forecast.scenario import CURVE_LEVELS, WITHOUT
from lymphocast.forecast.sensitivity import statement_verdicts
from lymphocast.forecast.statements import statement_probabilities
from lymphocast.forecast.unasked import unasked_statements
from lymphocast.inference.posterior import Fit

Floats = NDArray[np.float64]
LEAST_WEIGHT = 0.05  # of an explanation that gets a panel; an assumption
POINT_EVERY = 28.0  # days between points of a curve
LEAD = 90.0  # days drawn before the entry count
COUNT_COURSES = tuple(s for s in SCENARIOS if s[0] in {FACTUAL_NAME, WITHOUT})
AVERAGE_LABEL = "average of all explanations"


def panels_of(courses: Courses) -> tuple[Panel, ...]:
    """Return the panels of the figure: the average first, then the weightiest explanations."""
    ensemble, calendar = courses.ensemble, courses.calendar
    entry = ensemble.individual.nominal(ensemble.individual.entry.moment)
    days = np.append(np.arange(entry - LEAD, calendar.looks[-1], POINT_EVERY), calendar.looks[-1])
    counts = {name: ensemble.count(days[:, None], t) for name, t in COUNT_COURSES}
    chosen = [(AVERAGED, AVERAGE_LABEL, 1.0)]
    chosen += [row for row in _weighed(courses) if row[2] >= LEAST_WEIGHT]
    return tuple(
        Panel(
            hypothesis=name,
            label=label,
            weight=weight,
            counts=tuple(
                _counts(courses, scenario, name, label, days, values)
                for scenario, values in counts.items()
            ),
            cultures=tuple(_cultures(courses, scenario, name) for scenario in courses.infections),
        )
        for name, label, weight in chosen
    )


def _weighed(courses: Courses) -> list[tuple[str, str, float]]:
    """Name, label and weight of each explanation, the weightiest first."""
    hypotheses, shares = courses.ensemble.hypotheses, courses.ensemble.shares.tolist()
    rows = [(h.name, h.label, w) for h, w in zip(hypotheses, shares, strict=True)]
    if not courses.infections:  # H3 touches nothing that is drawn
        of = dict(zip(hypotheses, shares, strict=True))
        rows = [
            (h.name, h.counts_label, w + of[replace(h, clearance=True)])
            for h, w in of.items()
            if not h.clearance
        ]
    return sorted(rows, key=lambda row: -row[2])


def outcomes_of(fit: Fit, rows: Sequence[SensitivityRow]) -> Outcomes:
    """Return the courses side by side, and what is concluded of them.

    Parameters
    ----------
    fit
        The posterior.
    rows
        The sensitivity table, which every conclusion has to meet; the base analysis first.
    """
    courses = Courses.of(fit)
    window = courses.calendar.window
    # The base analysis in the draws of the courses, so that both say the same of one number.
    size = courses.ensemble.size
    base = replace(rows[0], statements=statement_probabilities(courses.ensemble, fit.table, size))
    return Outcomes(
        start=courses.calendar.date_of(float(window[0])),
        stop=courses.calendar.date_of(float(window[-1])),
        draws=size,
        courses=courses.summary,
        statements=statement_verdicts((base, *rows[1:])),
        panels=panels_of(courses),
        unasked=unasked_statements(fit.individual),
    )


def _counts(
    courses: Courses, scenario: str, name: str, label: str, days: Floats, values: Floats
) -> Curve:
    part = courses.ensemble.parts[name]
    low, lower, middle, upper, high = part.quantiles(values, CURVE_LEVELS)
    return Curve(
        scenario=scenario,
        hypotheses=name,
        label=label,
        weight=float(courses.ensemble.weights[part.lanes].sum()),
        forecast=False,
        days=tuple(courses.calendar.date_of(float(day)) for day in days),
        p05=low,
        p25=lower,
        p50=middle,
        p75=upper,
        p95=high,
    )


def _cultures(courses: Courses, scenario: str, name: str) -> ChanceCurve:
    infection = courses.infections[scenario]
    part = courses.ensemble.parts[name]
    days = tuple(courses.calendar.date_of(day) for day in infection.looks)
    return ChanceCurve(scenario, name, days, infection.negative[:, part.lanes] @ part.weights)
