"""A file of event records in, a file of simulated courses out: what ``simulate`` does.

Each individual of the file is simulated once, or many times with random effects. The events are
read twice, first to find what is wrong before anything is computed; then individuals are taken in
blocks, solved and written, so that memory is bounded by the block and not by the population.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from difflib import get_close_matches
from math import nan
from pathlib import Path
from time import monotonic
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.events import CovariateRule, EventTable
from lymphocast.engine.settings import DEFAULT, SolverSettings, SolveStatus
from lymphocast.engine.simulate import Trajectory, simulate
from lymphocast.errors import RecordError, UsageError
from lymphocast.interchange.nonmem import ITEMS, Names, iterate_events
from lymphocast.interchange.simulated import (
    ParameterRow,
    SimulatedRows,
    parameter_writer,
    simulation_writer,
)
from lymphocast.models.component import TIME_AFTER_DOSE, Component, Values
from lymphocast.models.random_effects import RandomEffects, generator_of
from lymphocast.models.value_check import modelled_inputs, value_faults

BLOCK = 1024  # simulated individuals held in memory at once
PATIENCE = 2.0  # seconds before progress is shown
MOST_REASONS = 20  # failed individuals for which the equation at fault is looked for

Floats = NDArray[np.float64]
Progress = Callable[[str, float], None]


@final
@dataclass(frozen=True)
class Replicates:
    """Simulated individuals drawn for each individual of an event file.

    Parameters
    ----------
    effects
        How their parameters scatter.
    number
        How many for each individual.
    seed
        Seed of all random numbers. An individual's draws depend on it and on the individual's
        place in the file, on nothing else.
    """

    effects: RandomEffects
    number: int
    seed: int

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.number < 1 or self.seed < 0:
            msg = f"found {self.number} replicates, seed {self.seed}; needed at least 1 and 0"
            raise UsageError(msg)


@final
class Simulated(NamedTuple):
    """One individual of an event file and how it ended.

    ``status`` is that of the first simulated individual that was not solved; ``failed`` counts
    those of ``number``; ``reason`` names the equation at fault where one was found.
    """

    id: str
    status: SolveStatus
    number: int = 1
    failed: int = 0
    reason: str = ""


def simulate_file(
    model: Component,
    events: Path,
    out: Path,
    theta: Mapping[str, float],
    times: Sequence[float] | None = None,
    *,
    covariates: Sequence[str] = (),
    rule: CovariateRule = CovariateRule.LAST_CARRIED_FORWARD,
    solver: SolverSettings = DEFAULT,
    replicates: Replicates | None = None,
    parameters: Path | None = None,
    block: int = BLOCK,
    progress: Progress | None = None,
) -> tuple[Simulated, ...]:
    """Simulate every individual of a NONMEM-style CSV file and write the courses as CSV.

    Parameters
    ----------
    model
        The equations.
    events
        Event records, as :mod:`lymphocast.interchange.nonmem` reads them.
    out
        The file to write: ID, TIME, outputs, states, STATUS; complete or absent. With replicates
        REP follows ID and counts from 1.
    theta
        Every parameter by name, except those that are covariates: the typical values.
    times
        Study days to read; without them there is one row for each record.
    covariates
        Columns that stand for parameters. Columns named as the model's inputs are always read.
    rule
        What covariates are between records.
    solver
        Tolerances and method.
    replicates
        Random effects, how many draws of them for each individual, and the seed.
    parameters
        Another file to write: each simulated individual's parameter values.
    block
        Most simulated individuals in memory at once; the random numbers do not depend on it.
    progress
        Called with a stage's name and the share that is done, from two seconds on.

    Returns
    -------
    tuple
        Each individual and its status; values that could not be computed are ``.`` in the file.

    Raises
    ------
    UsageError
        If a parameter is missing, unknown or cannot scatter as it should, a column has another
        meaning, or ``block`` is below 1.
    RecordError
        At the first thing that is wrong with the file.
    """
    if block < 1 or parameters == out:
        msg = f"found a block of {block}, files '{out}' and '{parameters}'; needed at least 1, and "
        raise UsageError(msg + "two files")
    _check_names(model, theta, covariates)
    names = event_names(model, covariates)
    if replicates is not None:
        _check_effects(model, replicates.effects, theta, names.covariates)
    if events.exists() and not events.is_file():
        raise RecordError(events.name, None, "no file", "a file of events, which is read twice")
    number = sum(1 for _ in iterate_events(events, names, rule))
    run = _Run(model, theta, times, solver, replicates, block)
    outcomes, shown = _Outcomes(run), _patience()
    with ExitStack() as files:
        write = _writer(files, model, out, parameters, several=replicates is not None)
        for parts in run.blocks(iterate_events(events, names, rule)):
            for part, course in zip(parts, run.courses(parts), strict=True):
                write(part, course)
                outcomes.add(part, course)
                share = _share(part, run.number, number)
                if progress is not None and shown(share):
                    progress("simulating", share)
    return tuple(outcomes.found)


@final
@dataclass(frozen=True)
class _Part:
    """Simulated individuals of one individual of the file, from the replicate ``first``.

    ``theta`` may have more lanes than the ``number`` that counts, so that parts are alike.
    """

    table: EventTable
    place: int
    first: int
    number: int
    theta: dict[str, Floats | float]

    @property
    def lanes(self) -> int:
        """Lanes of the parameters."""
        return max((np.size(value) for value in self.theta.values()), default=1)

    def lane(self, lane: int) -> dict[str, float]:
        """Return the parameters of one simulated individual."""
        return {n: float(v[lane] if np.ndim(v) else v) for n, v in self.theta.items()}  # type: ignore[index]  # an array


@final
@dataclass(frozen=True)
class _Run:
    """One simulation of a population: what all its parts share."""

    model: Component
    theta: Mapping[str, float]
    times: Sequence[float] | None
    solver: SolverSettings
    replicates: Replicates | None
    block: int

    @property
    def number(self) -> int:
        """Simulated individuals for each individual of the file."""
        return 1 if self.replicates is None else self.replicates.number

    def blocks(self, tables: Iterator[EventTable]) -> Iterator[list[_Part]]:
        """Yield the parts in order, together at most ``block`` simulated individuals."""
        waiting: list[_Part] = []
        held = 0
        for place, table in enumerate(tables):
            for part in self._parts(place, table):
                if waiting and held + part.number > self.block:
                    yield waiting
                    waiting, held = [], 0
                waiting.append(part)
                held += part.number
        if waiting:
            yield waiting

    def _parts(self, place: int, table: EventTable) -> Iterator[_Part]:
        if self.replicates is None:
            yield _Part(table, place, 1, 1, dict(self.theta))
            return
        effects, number = self.replicates.effects, self.replicates.number
        generator = generator_of(self.replicates.seed, place)
        width = min(number, self.block)
        for begin in range(0, number, width):
            count = min(width, number - begin)
            drawn = effects.draw(generator, count)
            filled = drawn[np.minimum(np.arange(width), count - 1)]
            own = effects.individual(self.theta, filled)
            theta = {n: np.asarray(v) if np.ndim(v) else float(v) for n, v in own.items()}
            yield _Part(table, place, begin + 1, count, theta)

    def courses(self, parts: Sequence[_Part]) -> Iterator[Trajectory]:
        """Yield each part's course; a block of several individuals is solved in one call."""
        if len(parts) == 1 or any(part.lanes > 1 for part in parts):
            for part in parts:
                yield simulate(self.model, part.theta, part.table, self.times, solver=self.solver)
            return
        names = parts[0].theta
        theta = {n: np.array([float(np.ravel(p.theta[n])[0]) for p in parts]) for n in names}
        tables = [part.table for part in parts]
        course = simulate(self.model, theta, tables, self.times, solver=self.solver)
        for lane in range(len(parts)):
            yield course.of_lane(lane)


def _share(last: _Part, number: int, individuals: int) -> float:
    done = last.place * number + last.first - 1 + last.number
    return done / (individuals * number)


def _patience() -> Callable[[float], bool]:
    """What says whether a share that is done is shown: from two seconds on, if some is left."""
    begun, shown = monotonic(), False

    def is_shown(share: float) -> bool:
        nonlocal shown
        shown = shown or (share < 1.0 and monotonic() - begun > PATIENCE)
        return shown

    return is_shown


def event_names(model: Component, covariates: Sequence[str]) -> Names:
    """Return what an event file for a model may name; ``covariates`` are columns besides inputs.

    Raises
    ------
    UsageError
        If a covariate is called as a column with a meaning of its own.
    """
    inputs = [name for name in model.inputs if not name.startswith(TIME_AFTER_DOSE)]
    columns = tuple(dict.fromkeys([*inputs, *covariates]))
    for name in columns:
        if name.upper() in ITEMS:
            msg = f"'{name}' cannot be a covariate: the column {name.upper()} has its own meaning"
            raise UsageError(msg)
    states = tuple(s.name for s in model.states)
    outputs = tuple(o.name for o in model.outputs)
    of_model = modelled_inputs(model)
    if of_model is None:
        return Names(states, outputs, columns)
    return Names(states, outputs, columns, of_model.rated, of_model.timed)


def _check_names(model: Component, theta: Values, covariates: Sequence[str]) -> None:
    known = [p.name for p in model.parameters]
    for name in [*theta, *covariates]:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"'{near[0]}'?" if near else f"one of {', '.join(known)}"
            msg = f"model '{model.name}' has no parameter '{name}'; needed {hint}"
            raise UsageError(msg)
    missing = [name for name in known if name not in theta and name not in covariates]
    if missing:
        msg = f"model '{model.name}': no value for {', '.join(missing)}; needed one each"
        raise UsageError(msg)


def _check_effects(
    model: Component, effects: RandomEffects, theta: Mapping[str, float], columns: Sequence[str]
) -> None:
    known = [p.name for p in model.parameters]
    for name in effects.parameters:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"'{near[0]}'?" if near else f"one of {', '.join(known)}"
            msg = f"random effect of '{name}': model '{model.name}' has no such parameter; needed "
            raise UsageError(msg + hint)
        if name in columns:
            msg = f"random effect of '{name}', which is a column of the events; needed one or the "
            raise UsageError(msg + "other")
    effects.check_typical(theta)


def _columns(model: Component) -> list[str]:
    """Outputs, then the states that are not outputs under the same name."""
    return list(dict.fromkeys([v.name for v in (*model.outputs, *model.states)]))


def _writer(
    files: ExitStack, model: Component, out: Path, parameters: Path | None, *, several: bool
) -> Callable[[_Part, Trajectory], None]:
    """What writes the rows of a part; the files take their places when ``files`` is left."""
    columns, listed = _columns(model), [p.name for p in model.parameters]
    write_rows = files.enter_context(simulation_writer(out, columns, replicates=several))
    write_row = None
    if parameters is not None:
        writer = parameter_writer(parameters, listed, replicates=several)
        write_row = files.enter_context(writer)

    def write(part: _Part, course: Trajectory) -> None:
        found = {**course.states, **course.outputs}
        arrays = {name: np.atleast_2d(np.asarray(found[name], float)) for name in columns}
        times, individual = course.times.tolist(), part.table.id
        for lane in range(part.number):
            own = {column: values[lane].tolist() for column, values in arrays.items()}
            status, replicate = course.statuses[lane].value, part.first + lane
            write_rows(SimulatedRows(individual, times, own, status, replicate))
            if write_row is not None:
                # A parameter that the events give has no one value.
                theta = {**part.lane(lane), **dict.fromkeys(part.table.covariates, nan)}
                values = [theta[name] for name in listed]
                write_row(ParameterRow(individual, values, replicate))

    return write


@final
class _Outcomes:
    """How each individual of the file ended, gathered part by part."""

    def __init__(self, run: _Run) -> None:
        self.run = run
        self.found: list[Simulated] = []
        self.reasons = 0

    def add(self, part: _Part, course: Trajectory) -> None:
        """Add a part's outcome to that of its individual."""
        statuses = course.statuses[: part.number]
        failed = [lane for lane, s in enumerate(statuses) if s is not SolveStatus.SOLVED]
        own = Simulated(part.table.id, SolveStatus.SOLVED, 0)
        before = self.found.pop() if part.first > 1 else own
        status, reason = before.status, before.reason
        if failed and not before.failed:
            status = statuses[failed[0]]
            if self.reasons < MOST_REASONS:
                self.reasons += 1
                reason = _reason(self.run, part, course, failed[0])
        number, lost = before.number + part.number, before.failed + len(failed)
        self.found.append(Simulated(part.table.id, status, number, lost, reason))


def _reason(run: _Run, part: _Part, course: Trajectory, lane: int) -> str:
    """The equation that gives no finite number at the start or at the last state known, if any."""
    theta, inputs = part.lane(lane), dict.fromkeys(run.model.inputs, 0.0)
    for name, value in zip(part.table.covariates, part.table.records[0].covariates, strict=True):
        if value is None:
            return ""
        (inputs if name in inputs else theta)[name] = value
    known = {n: np.atleast_2d(np.asarray(v, float))[lane] for n, v in course.states.items()}
    if not known:
        return ""
    day = float(course.times[0])
    faults = value_faults(run.model, theta, inputs, None, day)
    solved = np.flatnonzero(np.isfinite(list(known.values())).all(axis=0))
    if not faults and len(solved):
        last = {name: float(values[solved[-1]]) for name, values in known.items()}
        faults = value_faults(run.model, theta, inputs, last, float(course.times[solved[-1]]))
    return "; ".join(faults)
