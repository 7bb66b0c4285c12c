"""Many individuals' events laid into plans once, and crossed together as a pure function.

A population fit asks for the courses of all individuals at several places of the parameters. All
of them are lanes of one call: each individual has its own plan, each place its own copy. What a
reset separates is a unit of its own, so that an individual may have several lanes.

Where a fitted parameter moves a dose (a lag, a fraction, a steady state), or where the march is not
used, individuals are crossed one after another, each with code of its own; that compiles slowly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.events import EventTable
from lymphocast.dataset.occasions import Occasion, Reading, occasions
from lymphocast.engine.march_plan import plan_of
from lymphocast.engine.march_task import Occasions, Task, compartments_of
from lymphocast.engine.readings import schedule_of
from lymphocast.engine.replay import Course, crossed, doses_move, is_adaptive, lay
from lymphocast.engine.schedule import bucket
from lymphocast.engine.settings import Layout, SolverSettings, SolveStatus
from lymphocast.engine.simulate import layout_of
from lymphocast.engine.timeline import Added
from lymphocast.errors import UsageError
from lymphocast.models.component import Component, Scalar, Values

FEWEST = 16  # readings of a unit, so that small populations share their code


@final
class ReadAll(NamedTuple):
    """Values by name, ``[place, unit, reading]``, and a status code, ``[place, unit]``."""

    values: dict[str, Scalar]
    code: Scalar


class PopulationCourse(Protocol):
    """All individuals' courses at their observed records: hashable, and a pure function."""

    def __call__(self, laid: Any, theta: Values, places: int) -> ReadAll:  # noqa: ANN401 (a tree of arrays)
        """Return what is read; ``theta`` are numbers or ``[place, individual]``."""
        ...


@final
@dataclass(frozen=True)
class LaidPopulation:
    """A population's course and the arrays to call it with.

    Parameters
    ----------
    course, arrays
        The function and its first argument.
    individual
        Whose each unit is.
    record
        The place in its individual's records of each reading, ``[unit, reading]``; -1 for none.
    """

    course: PopulationCourse
    arrays: Any
    individual: NDArray[np.int64]
    record: NDArray[np.int64]


def lay_population(
    model: Component,
    tables: Sequence[EventTable],
    observed: Sequence[Sequence[int]],
    outputs: tuple[str, ...],
    theta: Values,
    moving: Sequence[str],
    solver: SolverSettings,
    halvings: int = 0,
) -> LaidPopulation:
    """Return the courses of individuals, read at some of their records.

    Parameters
    ----------
    model, tables
        The equations, and the records of each individual.
    observed
        Places of the records that are read, at least one for each individual.
    outputs, theta, moving, solver, halvings
        As of :func:`lymphocast.engine.replay.lay`.

    Raises
    ------
    UsageError
        If individuals differ in their covariates, or as that function.
    """
    first = tables[0]
    for table in tables:
        if (table.covariates, table.rule) != (first.covariates, first.rule):
            msg = f"individuals '{first.id}' and '{table.id}' differ in covariates; needed the same"
            raise UsageError(msg)
    layout, kept = layout_of(model, theta, first.covariates, first.rule, solver)
    parts = [_parts(table, own) for table, own in zip(tables, observed, strict=True)]
    if is_adaptive(model, layout) or any(
        doses_move(model, theta, moving, table, own)
        for table, own in zip(tables, parts, strict=True)
    ):
        return _one_by_one(model, tables, observed, outputs, theta, moving, solver, halvings)
    return _together(model, layout, kept, parts, outputs, theta, halvings)


def _parts(table: EventTable, observed: Sequence[int]) -> list[Occasion]:
    """Return what is read of an individual, before it is filled up."""
    wanted = set(observed)
    found = [
        replace(part, readings=tuple(r for r in part.readings if r.record in wanted))
        for part in occasions(table)
    ]
    return [part for part in found if part.readings]


def _together(
    model: Component,
    layout: Layout,
    kept: Sequence[int],
    parts: Sequence[Sequence[Occasion]],
    outputs: tuple[str, ...],
    theta: Values,
    halvings: int,
) -> LaidPopulation:
    """Return the courses side by side."""
    units = [part for own in parts for part in own]
    individual = np.repeat(np.arange(len(parts)), [len(own) for own in parts])
    width = max(FEWEST, bucket(max(len(part.readings) for part in units)))
    record = np.full((len(units), width), -1)
    for row, part in zip(record, units, strict=True):
        row[: len(part.readings)] = [r.record for r in part.readings]
    numbers = {n: np.asarray(v, float) for n, v in theta.items()}
    schedules = tuple(
        schedule_of(model, layout, numbers, _filled(part, width), kept) for part in units
    )
    none = np.zeros((len(units), 0, len(model.states)))
    given = Occasions(schedules, Added(none, none, np.zeros((len(units), 0), int)))
    if len(units) == 1:
        given = Occasions(schedules, Added(*(x[0] for x in given.added)))
    task = Task(
        model, layout, outputs, *compartments_of(model, layout.covariates, numbers, given), 1
    )
    with np.errstate(all="ignore"):
        plan, valid = plan_of(replace(task, lanes=len(units)), numbers, given, halvings)
    sound = np.asarray(valid, float).reshape(-1)
    which = tuple(individual.tolist())
    return LaidPopulation(_SideBySide(task, which), (plan, sound), individual, record)


def _filled(part: Occasion, width: int) -> Occasion:
    last = part.readings[-1]
    filler = (Reading(last.time, last.record),) * (width - len(part.readings))
    return replace(part, readings=part.readings + filler)


@final
@dataclass(frozen=True)
class _SideBySide:
    """Courses as lanes of one call; ``individual`` says whose each unit is."""

    task: Task
    individual: tuple[int, ...]

    def __call__(self, laid: Any, theta: Values, places: int) -> ReadAll:  # noqa: ANN401 (plans)
        """Return what is read."""
        plan, valid = laid
        units = len(self.individual)
        which, lanes = np.array(self.individual), places * units

        def by_unit(value: Scalar) -> Scalar:
            return value[:, which].reshape(lanes) if np.ndim(value) else value

        tiled = jax.tree.map(
            lambda x: jnp.tile(x, (*(1,) * (np.ndim(x) - 1), places)) if np.ndim(x) else x, plan
        )
        own = {n: by_unit(v) for n, v in theta.items()}
        values, code = crossed(replace(self.task, lanes=lanes), own, tiled)
        code = jnp.where(jnp.tile(valid, places) > 0.0, code, SolveStatus.BAD_DOSING.code)
        shaped = {n: v.reshape(places, units, -1) for n, v in values.items()}
        return ReadAll(shaped, code.reshape(places, units))


def _one_by_one(
    model: Component,
    tables: Sequence[EventTable],
    observed: Sequence[Sequence[int]],
    outputs: tuple[str, ...],
    theta: Values,
    moving: Sequence[str],
    solver: SolverSettings,
    halvings: int,
) -> LaidPopulation:
    """Return the courses one after another."""
    laid = [
        lay(model, table, own, outputs, theta, moving, solver, halvings)
        for table, own in zip(tables, observed, strict=True)
    ]
    width = max(FEWEST, *(one.readings for one in laid))
    record = np.full((len(tables), width), -1)
    for row, own in zip(record, observed, strict=True):
        row[: len(own)] = own
    course = _OneByOne(tuple(one.course for one in laid), width)
    return LaidPopulation(course, tuple(one.arrays for one in laid), np.arange(len(tables)), record)


@final
@dataclass(frozen=True)
class _OneByOne:
    """Courses one after another, each with its own code."""

    courses: tuple[Course, ...]
    width: int

    def __call__(self, laid: Any, theta: Values, places: int) -> ReadAll:  # noqa: ANN401 (a tree)
        """Return what is read."""
        values: dict[str, list[Scalar]] = {}
        codes = []
        for i, (course, arrays) in enumerate(zip(self.courses, laid, strict=True)):
            own = {n: v[:, i] if np.ndim(v) else v for n, v in theta.items()}
            found = course(arrays, own, places)
            codes.append(found.code)
            for name, value in found.values.items():
                rest = self.width - value.shape[1]
                values.setdefault(name, []).append(jnp.pad(value, ((0, 0), (0, rest))))
        joined = {n: jnp.stack(each, axis=1) for n, each in values.items()}
        return ReadAll(joined, jnp.stack(codes, axis=1))


__all__ = ["LaidPopulation", "PopulationCourse", "ReadAll", "lay_population"]
