"""libroadrunner computes from the documents what we compute.

libroadrunner (CVODE) is an independent reader and solver of SBML. It solves at a relative
tolerance of 1e-10 with an absolute one so small that amounts which have decayed far keep their
digits; ours is set alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import final

import numpy as np
import pytest

from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine.settings import SolverSettings
from lymphocast.engine.simulate import Trajectory, simulate
from lymphocast.interchange.sbml import sbml_text
from lymphocast.models.component import Dosing, Scalar, Values, Variable, dose_clocks
from lymphocast.models.compose import Model
from lymphocast.models.course import COURSE
from lymphocast.models.library import find_model, model_names
from lymphocast.verification.other_solvers import RELATIVE, by_roadrunner
from tests.interchange.sbml_reading import (
    COURSE_RECORDS,
    COURSE_THETA,
    Floats,
    natural_doses,
)

SHELF = (
    "one-compartment-transit", "two-compartment-zero-order", "three-compartment-first-order",
    "indirect-response-III", "michaelis-menten-iv", "effect-compartment", "myelosuppression",
    "tmdd-full", "tmdd-qss", "viral-dynamics", "il7-cd4", "il2-induced", "clarithromycin",
)  # fmt: skip
"""A model of each kind of equation and of absorption; the slow test holds every model."""

ORACLE_AGREES = 1e-6
"""Relative: what two solvers with a tolerance of 1e-10 a step promise each other over a course of
days with a dozen doses; the largest difference in the library is below 1e-7."""

ZERO = 1e-12
"""A value below this share of the variable's largest one is zero: of a dose that decayed over 27
time constants less is left than the solvers' relative errors of the dose itself."""

OURS = SolverSettings(rtol=RELATIVE, atol=1e-30)

TIMES = np.array([0.05, 0.3, 0.6, 0.95, 1.1, 1.4, 1.9, 2.1, 2.2, 2.5, 3.2, 4.9])
"""Study days, none of them a dose's: a dose acts after our reading and before theirs."""


def largest_difference(ours: Values, theirs: Mapping[str, Floats]) -> float:
    """Return the largest relative difference over all of our states and outputs."""
    found = 0.0
    for name, values in ours.items():
        one, other = np.asarray(values), theirs[name]
        floor = ZERO * float(np.max(np.abs(one))) or ZERO
        found = max(found, float(np.max(np.abs(one - other) / np.maximum(np.abs(one), floor))))
    return found


@final
@dataclass(frozen=True)
class Shelved:
    """A library model as one component among others: every name has the model's before it."""

    name: str
    model: Model

    def _labelled(self, variables: Sequence[Variable]) -> tuple[Variable, ...]:
        return tuple(replace(v, name=f"{self.name}:{v.name}") for v in variables)

    @property
    def states(self) -> tuple[Variable, ...]:
        return self.model.states

    @property
    def parameters(self) -> tuple[Variable, ...]:
        return self._labelled(self.model.parameters)

    @property
    def outputs(self) -> tuple[Variable, ...]:
        return self._labelled(self.model.outputs)

    @property
    def _clocks(self) -> dict[str, str]:
        states = [f"time_after_dose.{self.name}.{s.name}" for s in self.model.states]
        return {name: states[i] for name, i in dose_clocks(self.model).items()}

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(self._clocks.values())

    def _own(self, theta: Values) -> Values:
        return {p.name: theta[f"{self.name}:{p.name}"] for p in self.model.parameters}

    def _read(self, inputs: Values) -> Values:
        return {name: inputs[label] for name, label in self._clocks.items()}

    def initial(self, theta: Values) -> Values:
        return self.model.initial(self._own(theta))

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return self.model.dosing(self._own(theta))

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return self.model.rates(t, state, self._read(inputs), self._own(theta))

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        found = self.model.observe(t, state, self._read(inputs), self._own(theta))
        return {f"{self.name}:{name}": value for name, value in found.items()}


@cache
def whole_shelf() -> Trajectory:
    """Return the courses of models on the shelf, side by side in one solve: one compilation."""
    shelf = Model("library", tuple(Shelved(name, find_model(name).model) for name in SHELF))
    theta: dict[str, float] = {}
    doses: list[DoseEvent] = []
    for name in SHELF:
        entry = find_model(name)
        own = entry.example_theta()
        theta |= {f"{name}:{key}": value for key, value in own.items()}
        for dose in natural_doses(entry.model, own):
            doses.append(replace(dose, compartment=f"{name}.{dose.compartment}"))
    return simulate(shelf, theta, doses, TIMES, solver=OURS)


@pytest.mark.parametrize("name", SHELF)
def test_roadrunner_agrees_on_a_model_of_each_kind(name: str) -> None:
    entry, every = find_model(name), whole_shelf()
    ours = {s.name: every.states[f"{name}.{s.name}"] for s in entry.model.states}
    ours |= {o.name: every.outputs[f"{name}:{o.name}"] for o in entry.model.outputs}
    theta = entry.example_theta()
    text = sbml_text(entry.model, theta, natural_doses(entry.model, theta))
    assert largest_difference(ours, by_roadrunner(text, TIMES)) < ORACLE_AGREES


@pytest.mark.slow
@pytest.mark.parametrize("name", model_names())
def test_roadrunner_agrees_on_every_library_model_solved_alone(name: str) -> None:
    entry = find_model(name)
    theta = entry.example_theta()
    doses = natural_doses(entry.model, theta)
    ours = simulate(entry.model, theta, doses, TIMES, solver=OURS)
    theirs = by_roadrunner(sbml_text(entry.model, theta, doses), TIMES)
    assert largest_difference({**ours.states, **ours.outputs}, theirs) < ORACLE_AGREES


@pytest.mark.slow
def test_roadrunner_agrees_on_the_course_model_with_its_walls_and_forcings() -> None:
    times = np.array([5.0, 50.0, 100.0, 150.0, 300.0, 500.0, 800.0])
    ours = simulate(COURSE, COURSE_THETA, COURSE_RECORDS, times, solver=OURS)
    text = sbml_text(COURSE, COURSE_THETA, COURSE_RECORDS)
    theirs = by_roadrunner(text, times + 30.0)
    assert largest_difference({**ours.states, **ours.outputs}, theirs) < ORACLE_AGREES
