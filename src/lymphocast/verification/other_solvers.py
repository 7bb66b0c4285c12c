"""The engine's courses of library models beside those of other solvers.

diffrax's adaptive methods solve the same equations at a tolerance of 1e-10 a step; libroadrunner
reads the exported SBML with a reader of its own and solves it by CVODE. libroadrunner is a tool of
development: where it is not installed nothing is compared.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Final

import libsbml
import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.events import EventRecord, EventTable
from lymphocast.dataset.individual import Individual
from lymphocast.dataset.regimen import DoseEvent, Regimen
from lymphocast.engine.course import FACTUAL, Treatment, infection_outcomes, latent_count
from lymphocast.engine.settings import Method, SolverSettings, SolveStatus
from lymphocast.engine.simulate import Trajectory, simulate
from lymphocast.engine.steps import dose_forcing
from lymphocast.interchange.sbml import sbml_text
from lymphocast.models.component import Component, Values
from lymphocast.models.course import COURSE
from lymphocast.models.library import find_model
from lymphocast.verification.closed_forms import ALONE

Floats = NDArray[np.float64]
Named = Mapping[str, Floats]

ADAPTIVE: Final = SolverSettings(method=Method.EXPLICIT)
TIMES: Final = (0.05, 0.5, 1.25, 2.1, 2.5, 4.0, 9.5)  # days, none of them a dose's
NEGLIGIBLE: Final = 1e-3
"""Of a variable's largest value: below it, differences are relative to this instead."""

RELATIVE: Final = 1e-10
THEIRS: Final = 1e-20
"""Absolute tolerance of CVODE, which weighs an error by the value before a step: with 1e-30 it
would begin each course, which starts from zero, with steps too small to take."""

ENOUGH: Final = 1e-12
"""The same where values far below the largest need no digits: no step too small to take."""

LATER: Final = (400.0, 1150.0, 2000.0)  # study days, besides those of the record's facts


def doses_for(model: Component) -> list[DoseEvent]:
    """Return three doses a day apart and an infusion, into the first state.

    The first is at day 0, where an SBML document begins: a model that moves by itself begins there
    in both programs.
    """
    dosed = model.states[0].name
    return [*Regimen(100.0, 1.0, 3, dosed).events(0.0), DoseEvent(2.3, 40.0, dosed, 0.7)]


def largest_difference(ours: Named, theirs: Named) -> float:
    """Return the largest relative difference over all that is named in ``ours``."""
    found = 0.0
    for name, values in ours.items():
        one, other = np.asarray(values), np.asarray(theirs[name])
        floor = NEGLIGIBLE * float(np.max(np.abs(other)))
        if floor > 0.0:
            found = max(found, float(np.max(np.abs(one - other) / (np.abs(other) + floor))))
    return found


def beside_diffrax(name: str) -> float | None:
    """Return the largest relative difference of a library model's course from diffrax's.

    ``None`` if the engine leaves the course to an adaptive method, with which it would be compared.
    """
    entry = find_model(name)
    theta, doses = entry.example_theta(), doses_for(entry.model)
    ours = simulate(entry.model, theta, doses, TIMES, solver=ALONE)
    if ours.status is not SolveStatus.SOLVED:
        return None
    theirs = simulate(entry.model, theta, doses, TIMES, solver=ADAPTIVE)
    if theirs.status is not SolveStatus.SOLVED:
        return float("inf")
    return largest_difference(_everything(ours), _everything(theirs))


def beside_roadrunner(name: str) -> float:
    """Return the largest relative difference of a library model's course from libroadrunner's."""
    entry = find_model(name)
    theta, doses = entry.example_theta(), doses_for(entry.model)
    ours = simulate(entry.model, theta, doses, TIMES)
    if ours.status is not SolveStatus.SOLVED:
        return float("inf")
    theirs = by_roadrunner(sbml_text(entry.model, theta, doses), TIMES, ENOUGH)
    return largest_difference(_everything(ours), theirs)


def has_roadrunner() -> bool:
    """Whether libroadrunner is installed."""
    return find_spec("roadrunner") is not None


def by_roadrunner(
    text: str, times: Sequence[float] | Floats, absolute: float = THEIRS
) -> dict[str, Floats]:
    """Return the course of every element of an SBML document by its name, at times above 0."""
    roadrunner = import_module("roadrunner")
    document = libsbml.readSBMLFromString(text)  # its parts do not outlive it
    parameters = document.getModel().getListOfParameters()
    sids = {p.getName(): p.getId() for p in parameters}
    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance = RELATIVE
    runner.integrator.absolute_tolerance = absolute
    runner.integrator.maximum_num_steps = 1_000_000
    runner.timeCourseSelections = list(sids.values())
    found = np.array(runner.simulate(times=[0.0, *times]))[1:]
    return dict(zip(sids, found.T, strict=True))


def course_beside_diffrax(
    individual: Individual, theta: Mapping[str, Floats], treatment: Treatment = FACTUAL
) -> tuple[float, float]:
    """Return the largest differences of the course model's own solution from diffrax's.

    The first is that of counts, relative; the second that of ln burden and severity, absolute. One
    course is solved for each lane of ``theta``, with the doses as covariates that jump.
    """
    days = individual.infection_days
    times = tuple(sorted({*days, *LATER}))
    counts = np.asarray(latent_count(individual.plan, theta, np.array(times)[:, None], treatment)).T
    infection = infection_outcomes(individual.plan, theta, days, treatment)
    lanes = range(counts.shape[0])
    tables = [_forced(individual, {n: float(v[i]) for n, v in theta.items()}, treatment)
              for i in lanes]  # fmt: skip
    own = {p.name: np.asarray(theta[p.name]) for p in COURSE.parameters}
    found = simulate(COURSE, own, tables, times, solver=ADAPTIVE)
    if found.status is not SolveStatus.SOLVED:
        return float("inf"), float("inf")
    kept = [times.index(day) for day in days]
    of_counts = float(np.max(np.abs(counts / np.asarray(found.outputs["count"]) - 1.0)))
    states = (found.states["infection.log_burden"], found.states["infection.severity"])
    of_infection = max(
        float(np.max(np.abs(mine.T - np.asarray(other)[:, kept])))
        for mine, other in zip(infection, states, strict=True)
    )
    return of_counts, of_infection


def _forced(individual: Individual, theta: Values, treatment: Treatment) -> EventTable:
    """Return one lane's doses as covariates, with a record wherever a rate jumps."""
    plan = individual.plan
    forcings = (
        dose_forcing(plan, plan.study_drug, theta, treatment.study_drug),
        dose_forcing(plan, plan.antibiotic, theta, treatment.antibiotic),
    )
    jumps = [theta[name] for name in ("recovery_onset", "resistance_day", "lift_day")]
    edges = {float(e) for f in forcings for e in f.edges} | {float(j) for j in jumps}
    start = plan.infection_start
    days = sorted({start, *(e for e in edges if start < e < max(LATER))})
    records = tuple(
        EventRecord(day, covariates=tuple(float(f.at(day)) for f in forcings)) for day in days
    )
    return EventTable("course", records, ("relative_dose", "antibiotic"))


def _everything(found: Trajectory) -> dict[str, Floats]:
    return {n: np.asarray(v) for n, v in {**found.states, **found.outputs}.items()}
