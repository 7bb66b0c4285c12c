"""One call, any model: from parameters and events to a trajectory and a status.

The general path: the model's rates are integrated by an adaptive method from event to event, with
the dose semantics of NONMEM (:mod:`lymphocast.dataset.events`), lag, bioavailable fraction and
modelled duration from ``model.dosing``, and steady states by a solve. Many lanes of parameter
values share one schedule. Derivatives with respect to parameters pass through (reverse mode).

A model's inputs that no component offers, and parameters that change in time, are covariates of
the event table; an input ``time_after_dose.<state>`` is supplied.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import final

import jax
import jax.numpy as jnp
import numpy as np

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.events import SAME_TIME, CovariateRule, EventTable
from lymphocast.dataset.occasions import Given, Occasion, Reading, occasions
from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine.occasion import lag_and_duration, solve_occasion
from lymphocast.engine.pieces import (
    DEFAULT,
    Equations,
    Knots,
    Layout,
    SolverSettings,
    SolveStatus,
)
from lymphocast.engine.schedule import EXTRA_READING, Floats, Schedule, bucket, make_schedule
from lymphocast.errors import UsageError
from lymphocast.models.component import Component, Scalar, Values, dose_clocks

LANES = 256  # solved at once; more are taken in blocks
IMPLIED_IF_TRACED = 8  # earlier doses kept of a steady state whose lag is being differentiated
MOST_IMPLIED = 4096


@final
@dataclass(frozen=True, eq=False)
class Trajectory:
    """States and outputs over time, with a status; what was not solved is NaN.

    Parameters
    ----------
    times
        Study days.
    states, outputs
        By name, ``[time]``, or ``[lane, time]`` if a parameter has lanes.
    codes
        Position of each lane's status in :class:`SolveStatus`, ``[]`` or ``[lane]``.
    """

    times: Floats
    states: Mapping[str, Scalar]
    outputs: Mapping[str, Scalar]
    codes: Scalar

    @property
    def statuses(self) -> tuple[SolveStatus, ...]:
        """The status of each lane."""
        return tuple(SolveStatus.of(int(code)) for code in np.atleast_1d(np.asarray(self.codes)))

    @property
    def status(self) -> SolveStatus:
        """The status, of several lanes the first that is not solved."""
        failed = [s for s in self.statuses if s is not SolveStatus.SOLVED]
        return failed[0] if failed else SolveStatus.SOLVED


def simulate(
    model: Component,
    theta: Values,
    events: EventTable | Sequence[DoseEvent],
    times: Sequence[float] | Floats | None = None,
    *,
    solver: SolverSettings = DEFAULT,
) -> Trajectory:
    """Return a model's course under the events.

    Parameters
    ----------
    model
        The equations.
    theta
        Every parameter by name: a number, or one value for each lane.
    events
        One individual's event records, or dose events in any order.
    times
        Study days at which the course is read, in increasing order. A reading at a record's time
        is taken before the record acts. Without ``times`` there is one reading at each record,
        after its event.
    solver
        Tolerances and method.

    Notes
    -----
    The initial state holds at the first record or the first of ``times``, whichever is earlier.

    Raises
    ------
    UsageError
        If a parameter, input or compartment is missing or unknown, ``times`` do not increase,
        dose events come without ``times``, or records go back in time while ``times`` are given.
    """
    parts: tuple[Occasion, ...]
    if isinstance(events, EventTable):
        parts, named, rule = occasions(events), events.covariates, events.rule
    else:
        parts, named = (_one_occasion(events, times),), ()
        rule = CovariateRule.LAST_CARRIED_FORWARD
    if times is not None:
        parts = _read_at(parts, times)
    parts = tuple(part for part in parts if part.readings)
    layout, kept = _layout(model, theta, named, rule, solver)
    values = {name: jnp.asarray(value, float) for name, value in theta.items()}
    solved = [
        _solve(model, layout, values, _schedule(model, layout, values, part, kept))
        for part in parts
    ]
    taken = [len(part.readings) for part in parts]
    return Trajectory(
        np.asarray([r.time for part in parts for r in part.readings], float),
        _joined([s.name for s in model.states], [s[0] for s in solved], taken),
        _joined([o.name for o in model.outputs], [s[1] for s in solved], taken),
        _first_failure([s[2] for s in solved]),
    )


def _one_occasion(doses: Sequence[DoseEvent], times: Scalar) -> Occasion:
    """Dose events as one occasion; at equal times in the order given."""
    if times is None or not len(times):
        msg = "dose events without times to read; needed at least one time"
        raise UsageError(msg)
    ordered = sorted(doses, key=lambda d: d.time)
    start = min([float(times[0]), *(d.time for d in ordered)])
    given = [Given(d, i, own_record=True) for i, d in enumerate(ordered)]
    return Occasion(start, empty=False, given=tuple(given))


def _read_at(parts: tuple[Occasion, ...], times: Sequence[float] | Floats) -> tuple[Occasion, ...]:
    """The occasions, each read at the times up to the next one's start."""
    days = [float(t) for t in times]
    if not days or not all(map(math.isfinite, days)) or any(b < a for a, b in pairwise(days)):
        msg = "times to read: needed one or more finite numbers in increasing order"
        raise UsageError(msg)
    starts = [part.start for part in parts]
    if any(after.start < before.end for before, after in pairwise(parts)):
        msg = "times to read, of records that go back in time at a reset; needed one or the other"
        raise UsageError(msg)
    if parts[0].empty:  # what stands before the first record is the model's initial state
        before = Occasion(min(days[0], starts[0]), empty=False, knots=parts[0].knots)
        parts, starts = (before, *parts), [before.start, *starts]
    bounds = [-math.inf, *(start + SAME_TIME for start in starts[1:]), math.inf]
    return tuple(
        replace(part, readings=tuple(Reading(t, EXTRA_READING) for t in days if low < t <= high))
        for part, (low, high) in zip(parts, pairwise(bounds), strict=True)
    )


def _layout(
    model: Component,
    theta: Values,
    named: Sequence[str],
    rule: CovariateRule,
    solver: SolverSettings,
) -> tuple[Layout, tuple[int, ...]]:
    """What is compiled for, and which of the table's covariates the model reads."""
    parameters = {p.name for p in model.parameters}
    kept = [i for i, name in enumerate(named) if name in parameters or name in model.inputs]
    covariates = tuple(named[i] for i in kept)
    missing = sorted(parameters - set(theta) - set(covariates))
    if missing:
        msg = f"model '{model.name}': no value for {', '.join(missing)}; needed one each"
        raise UsageError(msg)
    supplied = {*covariates, *dose_clocks(model)}
    open_inputs = [i for i in model.inputs if i not in supplied]
    if open_inputs:
        msg = (
            f"model '{model.name}' reads {', '.join(open_inputs)}, which nothing supplies; "
            "needed a covariate of that name"
        )
        raise UsageError(msg)
    return Layout(covariates, rule, solver), tuple(kept)


def _schedule(
    model: Component,
    layout: Layout,
    theta: Values,
    part: Occasion,
    kept: Sequence[int],
) -> Schedule:
    states = {s.name: i for i, s in enumerate(model.states)}
    first = make_schedule(part, states, frozenset(), kept, 0)
    if not part.given and not part.steady:
        return first
    covariates = first.knot_value[:, 0] if len(kept) else np.zeros(0)
    equations = Equations(model, layout, theta, Knots(first.knot_time, first.knot_value))
    durations = equations.durations(covariates)
    lasting = frozenset(name for name, d in durations.items() if _may_last(d))
    implied = _implied(equations, first)
    return make_schedule(part, states, lasting, kept, implied)


def _may_last(duration: Scalar) -> bool:
    return isinstance(duration, jax.core.Tracer) or bool(np.any(np.asarray(duration) != 0.0))


def _implied(equations: Equations, schedule: Schedule) -> int:
    """How many earlier doses of a steady state may still be lagged or running at its record."""
    if not len(schedule.steady.time):
        return 0
    lag, duration = lag_and_duration(equations, schedule.steady)
    reach = lag + duration
    if isinstance(reach, jax.core.Tracer):
        return IMPLIED_IF_TRACED
    interval = schedule.steady.interval
    ratio = np.where(interval > 0.0, np.asarray(reach) / np.where(interval > 0.0, interval, 1.0), 0)
    most = np.max(np.where(np.isfinite(ratio), ratio, 0.0), initial=0.0)
    return bucket(min(math.ceil(most), MOST_IMPLIED))


Solved = tuple[Mapping[str, Scalar], Mapping[str, Scalar], Scalar]


def _solve(model: Component, layout: Layout, theta: Values, schedule: Schedule) -> Solved:
    """States, outputs and code of one occasion, block of lanes by block."""
    by_lane = {name: value for name, value in theta.items() if jnp.ndim(value) == 1}
    shared = {name: value for name, value in theta.items() if name not in by_lane}
    lanes = {len(value) for value in by_lane.values()}
    if len(lanes) > 1 or any(jnp.ndim(value) > 1 for value in theta.values()):
        msg = f"model '{model.name}': parameters with {sorted(lanes)} lanes; needed one number"
        raise UsageError(msg)
    if not lanes or max(lanes) <= LANES:
        whole: Solved = solve_occasion(model, layout, by_lane, shared, schedule)
        return whole
    number = max(lanes)
    blocks = []
    for begin in range(0, number, LANES):
        index = np.minimum(np.arange(begin, begin + LANES), number - 1)
        own = {name: value[index] for name, value in by_lane.items()}
        blocks.append(solve_occasion(model, layout, own, shared, schedule))
    joined: Solved = jax.tree.map(lambda *found: jnp.concatenate(found)[:number], *blocks)
    return joined


def _joined(
    names: Sequence[str], parts: Sequence[Mapping[str, Scalar]], taken: Sequence[int]
) -> dict[str, Scalar]:
    """Readings of all occasions, without those that filled up."""
    return {
        name: jnp.concatenate(
            [part[name][..., :number] for part, number in zip(parts, taken, strict=True)], axis=-1
        )
        for name in names
    }


def _first_failure(codes: Sequence[Scalar]) -> Scalar:
    found = codes[0]
    for code in codes[1:]:
        found = jnp.where(found == 0, code, found)
    return found
