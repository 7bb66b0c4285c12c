"""Effects between occasions: what they must be equal to where there is nothing to tell apart."""

import numpy as np
import pytest

from lymphocast.dataset.events import EventKind, EventRecord, EventTable
from lymphocast.inference.endpoints import parse_endpoint
from lymphocast.inference.population.conditional import Approximation
from lymphocast.inference.population.design import PopulationDesign, Typical
from lymphocast.inference.population.objective import Objective
from lymphocast.inference.population.problem import make_population
from lymphocast.models.library import find_model
from lymphocast.models.random_effects import EffectTransform

MODEL = find_model("one-compartment-iv").model
DAYS = (0.1, 0.4, 0.9)
SAME = 1e-6
"""Absolute, of an objective: the same integral in other coordinates, each solved to 1e-7."""
SMALL = 1e-9  # a variance that is none


def records(occasion: int, start: float, levels: tuple[float, ...]) -> list[EventRecord]:
    """Return a dose and three concentrations of an occasion, which begins with a reset."""
    beside = (float(occasion),)
    kind = EventKind.RESET_AND_DOSE if occasion > 1 else EventKind.DOSE
    found = [EventRecord(start, kind, "drug.central", 100.0, covariates=beside)]
    return found + [
        EventRecord(start + t, value=y, covariates=beside)
        for t, y in zip(DAYS, levels, strict=True)
    ]


FIRST, SECOND = (1.6, 0.9, 0.3), (1.4, 1.2, 0.6)
TWO = EventTable("1", tuple(records(1, 0.0, FIRST) + records(2, 10.0, SECOND)), ("OCC",))
ONE_EACH = [
    EventTable("1", tuple(records(1, 0.0, FIRST)), ("OCC",)),
    EventTable("2", tuple(records(1, 0.0, SECOND)), ("OCC",)),
]


def shared(variance: float, between: float | None) -> PopulationDesign:
    typical = (
        Typical("clearance", 120.0, transform=EffectTransform.LOG_NORMAL),
        Typical("volume", 50.0),
        Typical("concentration.cv", 0.15),
    )
    endpoint = parse_endpoint("concentration=proportional").endpoint
    moved = () if between is None else (("clearance", between),)
    return PopulationDesign(typical, ((variance,),), (endpoint,), (), moved)


def objective(tables: list[EventTable], design: PopulationDesign) -> float:
    occasion = "OCC" if design.between else None
    population = make_population(MODEL, tables, design, occasion)
    start = population.form.start()[None]
    return float(Objective(population, Approximation.FOCEI, 1).at(start).each.sum())


@pytest.mark.slow
def test_with_one_occasion_each_variances_add() -> None:
    apart = objective(ONE_EACH, shared(0.05, 0.04))
    assert apart == pytest.approx(objective(ONE_EACH, shared(0.09, None)), abs=SAME)


@pytest.mark.slow
def test_occasions_of_one_individual_without_effects_are_two_individuals() -> None:
    one = objective([TWO], shared(SMALL, 0.09))
    two = objective(ONE_EACH, shared(0.09, None))
    # The variance that is none still moves the objective by its own size times its slope.
    assert one == pytest.approx(two, abs=SAME)
    assert np.isfinite(one)
