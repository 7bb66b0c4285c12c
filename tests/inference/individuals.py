"""Individuals made up for fits: their records, priors and error models, from round values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from lymphocast.dataset.events import EventKind, EventRecord, EventTable
from lymphocast.engine.simulate import simulate
from lymphocast.inference.error_model import LogNormalError
from lymphocast.inference.individual_density import Endpoint
from lymphocast.inference.parameters import ParameterSpace
from lymphocast.models.component import Component
from lymphocast.models.library import find_model
from lymphocast.models.prior_table import Family, Grade, Prior

SD = 0.1


def prior(name: str, family: Family, location: float, scale: float) -> Prior:
    return Prior(
        name, family, location, scale, -inf, inf, "1", Grade.ASSUMED, "", "Made for a test."
    )


def dose(time: float, amount: float, compartment: str) -> EventRecord:
    return EventRecord(time, EventKind.DOSE, compartment, amount)


def seen(time: float, value: float, endpoint: str = "concentration") -> EventRecord:
    return EventRecord(time, EventKind.OBSERVATION, endpoint, value=value)


@dataclass(frozen=True)
class Case:
    """A model, one individual's records, priors and endpoints."""

    model: Component
    table: EventTable
    space: ParameterSpace
    endpoints: tuple[Endpoint, ...]


def library_case(
    name: str,
    doses: Sequence[tuple[float, float]],
    output: str,
    days: Sequence[float],
    free: Mapping[str, float],
    sd: float = SD,
) -> Case:
    """Return an individual with the model's example values, seen with log-normal error.

    Doses are days and amounts into the first state.
    """
    found = find_model(name)
    theta = found.example_theta()
    given = [dose(time, amount, found.model.states[0].name) for time, amount in doses]
    grid = EventTable("x", tuple(given) or (EventRecord(0.0, EventKind.OTHER),))
    course = simulate(found.model, theta, grid, days, outputs=(output,))
    level = np.asarray({**course.outputs, **course.states}[output])
    noise = np.exp(sd * np.random.default_rng(len(name)).standard_normal(len(days)))
    records = [
        *given,
        *(seen(t, float(y), output) for t, y in zip(days, level * noise, strict=True)),
    ]
    records.sort(key=lambda r: (r.time, not r.kind.doses))
    rows = tuple(prior(n, Family.LOGNORMAL, theta[n], scale) for n, scale in free.items())
    fixed = {n: v for n, v in theta.items() if n not in free}
    space = ParameterSpace(rows, {**fixed, "sd": sd})
    endpoint = Endpoint(output, output, LogNormalError("sd"))
    return Case(found.model, EventTable("x", tuple(records)), space, (endpoint,))
