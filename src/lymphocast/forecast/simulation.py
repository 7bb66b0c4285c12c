"""A file of event records in, a file of simulated courses out: what ``simulate`` does."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple, final

import numpy as np

from lymphocast.dataset.events import CovariateRule
from lymphocast.engine.pieces import DEFAULT, SolverSettings, SolveStatus
from lymphocast.engine.simulate import Trajectory, simulate
from lymphocast.errors import UsageError
from lymphocast.interchange.nonmem import Names, SimulatedRows, read_events, write_simulation
from lymphocast.models.component import TIME_AFTER_DOSE, Component, Values


@final
class Simulated(NamedTuple):
    """One individual of a simulation and how its solve ended."""

    id: str
    status: SolveStatus


def simulate_file(
    model: Component,
    events: Path,
    out: Path,
    theta: Values,
    times: Sequence[float] | None = None,
    *,
    covariates: Sequence[str] = (),
    rule: CovariateRule = CovariateRule.LAST_CARRIED_FORWARD,
    solver: SolverSettings = DEFAULT,
) -> tuple[Simulated, ...]:
    """Simulate every individual of a NONMEM-style CSV file and write the courses as CSV.

    Parameters
    ----------
    model
        The equations.
    events
        Event records, as :mod:`lymphocast.interchange.nonmem` reads them.
    out
        The file to write: ID, TIME, outputs, states, STATUS; complete or absent.
    theta
        Every parameter by name, except those that are covariates.
    times
        Study days to read; without them there is one row for each record.
    covariates
        Columns that stand for parameters. Columns named as the model's inputs are always read.
    rule
        What covariates are between records.
    solver
        Tolerances and method.

    Returns
    -------
    tuple
        Each individual and its status; values that could not be computed are ``.`` in the file.

    Raises
    ------
    UsageError
        If a parameter is missing or unknown.
    RecordError
        At the first thing that is wrong with the file.
    """
    _check_names(model, [*theta, *covariates])
    states = tuple(s.name for s in model.states)
    outputs = tuple(o.name for o in model.outputs)
    inputs = [name for name in model.inputs if not name.startswith(TIME_AFTER_DOSE)]
    names = Names(states, outputs, tuple(dict.fromkeys([*inputs, *covariates])))
    rows, found = [], []
    for table in read_events(events, names, rule):
        course = simulate(model, theta, table, times, solver=solver)
        rows.append(_rows(table.id, course))
        found.append(Simulated(table.id, course.status))
    write_simulation(out, rows)
    return tuple(found)


def _rows(individual: str, course: Trajectory) -> SimulatedRows:
    """Outputs, then the states that are not outputs under the same name."""
    columns = {**course.outputs}
    columns.update({name: v for name, v in course.states.items() if name not in columns})
    plain = {name: np.asarray(values, float).tolist() for name, values in columns.items()}
    return SimulatedRows(individual, course.times.tolist(), plain, course.status.value)


def _check_names(model: Component, given: Sequence[str]) -> None:
    known = [p.name for p in model.parameters]
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"'{near[0]}'?" if near else f"one of {', '.join(known)}"
            msg = f"model '{model.name}' has no parameter '{name}'; needed {hint}"
            raise UsageError(msg)
