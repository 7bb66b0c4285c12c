"""One occasion solved by an adaptive method: a scan from event to event.

When doses enter and in which order events act stands in :mod:`lymphocast.engine.timeline`; lag,
fraction and duration may be traced or differ between lanes. Each event adds amounts to the state
and may set the clock of a state's last dose; between events the input is constant.
"""

from functools import partial
from typing import NamedTuple, final

import jax
import jax.numpy as jnp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.events import SAME_TIME
from lymphocast.engine.pieces import Equations, Knots, Piece, cross
from lymphocast.engine.schedule import Doses, Schedule
from lymphocast.engine.settings import Layout, SolveStatus, worst
from lymphocast.engine.steady import Cycle, steady_state
from lymphocast.engine.timeline import (
    BOLUS,
    INFUSION_BEGIN,
    READING,
    STEADY,
    Added,
    Entering,
    Ordered,
    Ways,
    enter,
    in_order,
    no_rate,
    ways,
    whole_lags,
)
from lymphocast.models.component import Component, Scalar, Values


@final
class _Events(NamedTuple):
    """Events in order: time, amounts to add, clocks to set (NaN leaves one alone)."""

    time: Scalar
    add: Scalar
    clock: Scalar


Solved = tuple[dict[str, Scalar], dict[str, Scalar], Scalar]


def solve_occasion(
    model: Component, layout: Layout, by_lane: Values, shared: Values, schedule: Schedule
) -> Solved:
    """Return states and outputs at the readings, and a status code, for every lane."""
    steady = steady_lanes(model, layout, by_lane, shared, schedule)
    solved: Solved = _solve_lanes(model, layout, by_lane, shared, steady, schedule)
    return solved


def steady_lanes(
    model: Component, layout: Layout, by_lane: Values, shared: Values, schedule: Schedule
) -> Added:
    """Return the steady states of every lane; nothing is compiled if there is none."""
    lanes = tuple(v.shape[0] for v in by_lane.values())[:1]
    if schedule.steady.time.shape[0] == 0:
        none = jnp.zeros((*lanes, 0, len(model.states)))
        return Added(none, none, jnp.zeros(lanes, int))
    knots = Knots(jnp.asarray(schedule.knot_time), jnp.asarray(schedule.knot_value))
    added: Added = _solve_steady(
        model,
        layout,
        by_lane,
        shared,
        schedule.start,
        schedule.steady,
        schedule.implied,
        knots,
    )
    return added


@partial(jax.jit, static_argnames=("model", "layout"))
def _solve_steady(
    model: Component,
    layout: Layout,
    by_lane: Values,
    shared: Values,
    start: Scalar,
    doses: Doses,
    implied: Scalar,
    knots: Knots,
) -> Added:
    def one(own: Values) -> Added:
        equations = Equations(model, layout, {**shared, **own}, knots)
        return _steady(equations, doses, implied, equations.initial(start))

    return jax.vmap(one)(by_lane) if by_lane else one({})


@partial(jax.jit, static_argnames=("model", "layout"))
def _solve_lanes(
    model: Component,
    layout: Layout,
    by_lane: Values,
    shared: Values,
    steady: Added,
    schedule: Schedule,
) -> Solved:
    def one(own: Values, added: Added) -> Solved:
        knots = Knots(jnp.asarray(schedule.knot_time), jnp.asarray(schedule.knot_value))
        return _one_lane(Equations(model, layout, {**shared, **own}, knots), added, schedule)

    return jax.vmap(one)(by_lane, steady) if by_lane else one({}, steady)


def _one_lane(equations: Equations, added: Added, schedule: Schedule) -> Solved:
    grid = jnp.asarray(schedule.read_time)
    boluses, infusions = (
        enter(doses, _own_ways(equations, doses), grid, schedule.start)
        for doses in (schedule.boluses, schedule.infusions)
    )
    start = jnp.asarray(schedule.start)
    initial = equations.initial(start)
    valid = jnp.all(boluses.valid) & jnp.all(infusions.valid)
    first = worst(jnp.where(valid, 0, SolveStatus.BAD_DOSING.code), added.code)
    ordered = in_order(schedule, boluses, infusions)
    events = _acting(schedule, boluses, infusions, added, ordered)
    readings = ordered.of(READING)
    state = jnp.where(schedule.empty, 0.0, initial)
    carry = (start, state, jnp.full(state.shape, start), first)
    (*_, code), (y, last) = jax.lax.scan(
        partial(_follow, equations, schedule.infusions.state, infusions), carry, events
    )
    y, last = y[readings], last[readings]
    y = jnp.where(first == 0, y, jnp.nan)
    outputs = jax.vmap(equations.observe)(grid, y, last)
    return {name: y[:, i] for i, name in enumerate(equations.names)}, outputs, code


def _own_ways(equations: Equations, doses: Doses) -> Ways:
    return ways(equations.model, equations.theta, equations.layout.covariates, doses)


def _follow(
    equations: Equations,
    into: Scalar,
    infusions: Entering,
    carry: tuple[Scalar, Scalar, Scalar, Scalar],
    event: _Events,
) -> tuple[tuple[Scalar, Scalar, Scalar, Scalar], tuple[Scalar, Scalar]]:
    """Cross to the next event, then let it act."""
    now, y, last, code = carry
    length = jnp.where(code == 0, event.time - now, 0.0)
    middle = now + 0.5 * length
    running = (infusions.begin <= middle) & (middle < infusions.end)
    inflow = jnp.zeros_like(y).at[into].add(jnp.where(running, infusions.inflow, 0.0))
    y, own = cross(equations, Piece(now, length, inflow, last), y)
    y = y + event.add
    last = jnp.where(jnp.isnan(event.clock), last, event.clock)
    return (event.time, y, last, worst(code, own)), (y, last)


def _acting(
    schedule: Schedule,
    boluses: Entering,
    infusions: Entering,
    added: Added,
    ordered: Ordered,
) -> _Events:
    """What the events do, in order: amounts to add, clocks to set."""
    size = added.state.shape[-1]
    into = [jax.nn.one_hot(d.state, size) for d in (schedule.boluses, schedule.infusions)]
    add = jnp.zeros((ordered.time.shape[0], size))
    add = add.at[ordered.of(BOLUS)].set(boluses.bolus[:, None] * into[0])
    add = add.at[ordered.of(INFUSION_BEGIN)].set(infusions.bolus[:, None] * into[1])
    add = add.at[ordered.of(STEADY)].set(added.state)
    clock = jnp.full_like(add, jnp.nan)
    clock = clock.at[ordered.of(BOLUS)].set(_marks(boluses, into[0]))
    clock = clock.at[ordered.of(INFUSION_BEGIN)].set(_marks(infusions, into[1]))
    clock = clock.at[ordered.of(STEADY)].set(added.clock)
    return _Events(ordered.time, add, clock)


def _marks(entering: Entering, into: Scalar) -> Scalar:
    """The clock of each dosed state, NaN elsewhere."""
    gave = entering.gives[:, None]
    return jnp.where((into > 0.0) & gave, entering.begin[:, None], jnp.nan)


def _steady(equations: Equations, doses: Doses, implied: Scalar, initial: Scalar) -> Added:
    size = initial.shape[0]
    fraction, lag, duration, rate = _own_ways(equations, doses)
    constant = doses.interval == 0.0
    interval = jnp.where(constant, 1.0, doses.interval)
    into = jax.nn.one_hot(doses.state, size)
    lasts = duration > 0.0
    spread = jnp.where(lasts, fraction * doses.amount / jnp.where(lasts, duration, 1.0), 0.0)
    inflow = jnp.where(jnp.isnan(rate), spread, rate)
    bolus = jnp.where(lasts | constant, 0.0, fraction * doses.amount)
    rest = lag - whole_lags(lag, doses.interval) * interval
    rest = jnp.where(rest < 0.0, 0.0, rest)
    cycles = Cycle(
        bolus[:, None] * into,
        inflow[:, None] * into,
        jnp.where(constant, 1.0, duration),
        interval,
        jnp.asarray(doses.time),
        jnp.where(constant, 1.0, interval - rest),
    )
    covariates = jnp.asarray(doses.covariates)

    def one(item: tuple[Cycle, Scalar]) -> tuple[Scalar, Scalar]:
        cycle, values = item
        held = Knots(jnp.full((values.shape[0], 1), cycle.time), values[:, None])
        still = Equations(equations.model, equations.layout, equations.theta, held)
        return steady_state(still, cycle, initial)

    added, codes = jax.lax.map(one, (cycles, covariates))
    reach = ~constant & (lag + duration > (implied + SAME_TIME) * interval)
    long = jnp.where(jnp.any(reach), SolveStatus.LONG_MEMORY.code, 0)
    unrated = jnp.any(constant & no_rate(doses, rate))
    bad = jnp.where(unrated, SolveStatus.BAD_DOSING.code, 0)
    clock = jnp.where(constant, cycles.time, cycles.time - cycles.phase)
    clocks = jnp.where(into > 0.0, clock[:, None], jnp.nan)
    return Added(added, clocks, worst(bad, long, *codes))
