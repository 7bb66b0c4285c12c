"""Doses known to have been missed leave a gap, unless nothing says what the dose was."""

import pytest
from numpy.testing import assert_allclose

from lymphocast.dataset.individual import Individual
from lymphocast.engine.steps import dose_forcing
from tests.dataset.fittable import FITTABLE, STATED, projected
from tests.record.cases import changed

START, STOP = 14.0, 197.0  # study days of the anchors: any inside their intervals


def missed(text: str, drug: str = "interleukin-2") -> Individual:
    """Return the fittable case with doses missed on known dates."""
    said = f"missed_doses:\n  - id: gap\n    drug: {drug}\n    dates_known: true\n    {text}\n"
    said = f"{said}    {STATED}\n"
    return projected(changed("measurements:", said + "measurements:", FITTABLE))


def level(individual: Individual, day: float, drug: str = "interleukin-2") -> float:
    """Return the relative dose on a day for one choice of the anchors."""
    theta = {f"when.{a.name}": START if a.name == "start" else STOP for a in individual.anchors}
    return float(dose_forcing(individual.plan, drug, theta).at(day))


def days(individual: Individual, month: int, day: int) -> float:
    return float((individual.day_zero.replace(month=month, day=day) - individual.day_zero).days)


def test_a_dated_stretch_without_doses_has_none() -> None:
    found = missed("start: 2020-03-10\n    stop: 2020-04-09")
    begin, end = days(found, 3, 10), days(found, 4, 9)
    around = [level(found, d) for d in (begin - 1.0, begin + 0.5, end - 0.5, end + 0.5)]
    assert_allclose(around, [1.0, 0.0, 0.0, 1.0])


def test_a_single_missed_dose_is_a_gap_until_the_next_one() -> None:
    found = missed("dates: [2020-03-10]")
    begin = days(found, 3, 10)
    assert_allclose([level(found, begin + d) for d in (-0.5, 0.5, 1.5)], [1.0, 0.0, 1.0])


def test_another_drug_is_given_as_before() -> None:
    found = missed("start: 2020-03-10\n    stop: 2020-04-09", "clarithromycin")
    assert level(found, days(found, 3, 20)) == 1.0
    assert level(found, days(found, 3, 20), "clarithromycin") == 0.0


@pytest.mark.parametrize("start", ["2020-01-20", "2020-06-20"])
def test_a_gap_that_may_meet_an_edge_of_the_stretch_is_not_taken_out(start: str) -> None:
    """The first dose is known to the month alone, and so is the last."""
    found = missed(f"start: {start}\n    stop: 2020-07-20")
    assert len(found.plan.stretches("interleukin-2")) == 1
