"""One occasion solved: events put in order, then a scan from event to event.

Lag, fraction and duration may be traced or differ between lanes, so the order of the events is
found here, not in the schedule. Each event adds amounts to the state and may set the clock of a
state's last dose; between events the input is constant.
"""

from functools import partial
from typing import NamedTuple, final

import jax
import jax.numpy as jnp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.events import SAME_TIME
from lymphocast.engine.pieces import (
    Equations,
    Knots,
    Layout,
    Piece,
    SolveStatus,
    cross,
    worst,
)
from lymphocast.engine.schedule import Doses, How, Schedule
from lymphocast.engine.steady import Cycle, steady_state
from lymphocast.models.component import Component, Scalar, Values


@final
class Entering(NamedTuple):
    """Doses with lag, fraction and duration applied; arrays over doses.

    ``end`` equals ``begin`` for a bolus, whose amount is then in ``bolus``; ``inflow`` is the
    amount per day from ``begin`` to ``end``.
    """

    begin: Scalar
    end: Scalar
    bolus: Scalar
    inflow: Scalar
    rank: Scalar
    valid: Scalar


@final
class _Ways(NamedTuple):
    """How each dose enters; ``rate`` is NaN unless the dose enters at a rate."""

    fraction: Scalar
    lag: Scalar
    duration: Scalar
    rate: Scalar


def _ways(equations: Equations, doses: Doses) -> _Ways:
    """Fraction, lag, duration and rate of each dose."""

    def own(covariates: Scalar, state: Scalar) -> _Ways:
        return _Ways(*(way[state] for way in equations.dosing(covariates)))

    ways = jax.vmap(own)(jnp.asarray(doses.covariates), jnp.asarray(doses.state))
    by_model = doses.how == How.MODELLED_RATE
    rated = by_model | (doses.how == How.FIXED_RATE)
    rate = jnp.where(by_model, ways.rate, doses.rate)
    at_rate = ways.fraction * doses.amount / jnp.where(rated & (rate > 0.0), rate, 1.0)
    stated = (doses.how == How.DEFAULT) & (doses.duration > 0.0)
    duration = jnp.where(stated, doses.duration, ways.duration)
    duration = jnp.where(doses.how == How.BOLUS, 0.0, jnp.where(rated, at_rate, duration))
    return _Ways(ways.fraction, ways.lag, duration, jnp.where(rated, rate, jnp.nan))


def lag_and_duration(equations: Equations, doses: Doses) -> tuple[Scalar, Scalar]:
    """Return lag and duration of each dose, ``[lane, dose]`` if a parameter has lanes."""
    by_lane = {name: v for name, v in equations.theta.items() if jnp.ndim(v) == 1}
    shared = {name: v for name, v in equations.theta.items() if name not in by_lane}

    def ways(own: Values) -> tuple[Scalar, Scalar]:
        full = Equations(equations.model, equations.layout, {**shared, **own}, equations.knots)
        found = _ways(full, doses)
        return found.lag, found.duration

    return jax.vmap(ways)(by_lane) if by_lane else ways({})


def enter(equations: Equations, doses: Doses, grid: Scalar) -> Entering:
    """Return when and how doses enter; those within 1e-9 d of ``grid`` enter at its time."""
    fraction, lag, duration, rate = _ways(equations, doses)
    amount = fraction * doses.amount
    lasts = duration > 0.0
    entry = _snapped(doses.time + lag - doses.earlier * doses.interval, grid)
    behind = (doses.earlier > 0.0) & (doses.earlier > _whole_lags(lag, doses.interval))
    spread = jnp.where(lasts, amount / jnp.where(lasts, duration, 1.0), 0.0)
    begin = jnp.where(behind, doses.time, entry)
    end = _snapped(entry + duration, grid)
    needs_duration = (doses.how == How.MODELLED_DURATION) & ~lasts
    lacking = needs_duration | _no_rate(doses, rate)
    wrong = (fraction < 0.0) | (lag < 0.0) | (duration < 0.0) | lacking
    finite = jnp.isfinite(fraction) & jnp.isfinite(lag) & jnp.isfinite(duration)
    return Entering(
        begin,
        jnp.where(lasts & (end > begin), end, begin),
        jnp.where(lasts | behind, 0.0, amount),
        jnp.where(jnp.isnan(rate), spread, rate),
        jnp.where(begin > doses.time + SAME_TIME, jnp.minimum(doses.rank, 0.0), doses.rank),
        (finite & ~wrong) | (doses.amount == 0.0),
    )


def _no_rate(doses: Doses, rate: Scalar) -> Scalar:
    """Whether the model gives no usable rate to a dose that leaves it to the model."""
    return (doses.how == How.MODELLED_RATE) & ~((rate > 0.0) & jnp.isfinite(rate))


def _whole_lags(lag: Scalar, interval: Scalar) -> Scalar:
    """How many whole intervals fit into the lag."""
    return jnp.floor(lag / jnp.where(interval > 0.0, interval, 1.0) + SAME_TIME)


def _snapped(t: Scalar, grid: Scalar) -> Scalar:
    """``t``, or the grid's time within 1e-9 d of it; the derivative is that of ``t``."""
    if grid.shape[0] == 0:
        return t
    held = jax.lax.stop_gradient(t)
    place = jnp.searchsorted(grid, held)
    for near in (grid[jnp.clip(place - 1, 0)], grid[jnp.clip(place, None, grid.shape[0] - 1)]):
        t = t + jnp.where(jnp.abs(near - held) < SAME_TIME, near - held, 0.0)
        held = jax.lax.stop_gradient(t)
    return t


@final
class _Events(NamedTuple):
    """Events in order: time, amounts to add, clocks to set (NaN leaves one alone)."""

    time: Scalar
    add: Scalar
    clock: Scalar


Solved = tuple[dict[str, Scalar], dict[str, Scalar], Scalar]


@final
class Added(NamedTuple):
    """Steady states to add and clocks to set, ``[steady, state]``, and the first failure."""

    state: Scalar
    clock: Scalar
    code: Scalar


def solve_occasion(
    model: Component, layout: Layout, by_lane: Values, shared: Values, schedule: Schedule
) -> Solved:
    """Return states and outputs at the readings, and a status code, for every lane."""
    steady = _steady_lanes(model, layout, by_lane, shared, schedule)
    solved: Solved = _solve_lanes(model, layout, by_lane, shared, steady, schedule)
    return solved


def _steady_lanes(
    model: Component, layout: Layout, by_lane: Values, shared: Values, schedule: Schedule
) -> Added:
    """The steady states of every lane; nothing is compiled if there is none."""
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
    boluses = enter(equations, schedule.boluses, grid)
    infusions = enter(equations, schedule.infusions, grid)
    start = jnp.asarray(schedule.start)
    initial = equations.initial(start)
    valid = jnp.all(boluses.valid) & jnp.all(infusions.valid)
    first = worst(jnp.where(valid, 0, SolveStatus.BAD_DOSING.code), added.code)
    events, readings = _in_order(schedule, boluses, infusions, added)
    state = jnp.where(schedule.empty, 0.0, initial)
    carry = (start, state, jnp.full(state.shape, start), first)
    (*_, code), (y, last) = jax.lax.scan(
        partial(_follow, equations, schedule.infusions.state, infusions), carry, events
    )
    y, last = y[readings], last[readings]
    y = jnp.where(first == 0, y, jnp.nan)
    outputs = jax.vmap(equations.observe)(grid, y, last)
    return {name: y[:, i] for i, name in enumerate(equations.names)}, outputs, code


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


def _in_order(
    schedule: Schedule, boluses: Entering, infusions: Entering, added: Added
) -> tuple[_Events, Scalar]:
    """All events sorted by time and rank, and where the readings ended up."""
    size = added.state.shape[-1]
    into_bolus = jax.nn.one_hot(schedule.boluses.state, size)
    into_infusion = jax.nn.one_hot(schedule.infusions.state, size)
    readings = schedule.read_time.shape[0]
    none = jnp.zeros((readings, size))
    knots = jnp.ravel(jnp.asarray(schedule.knot_time))
    silent = jnp.zeros((infusions.begin.shape[0], size))
    time = [boluses.begin, infusions.begin, infusions.end, schedule.steady.time, knots]
    rank = [boluses.rank, infusions.rank, infusions.rank, schedule.steady.rank]
    rank.append(jnp.zeros_like(knots))
    add = [boluses.bolus[:, None] * into_bolus, silent, silent, added.state]
    add += [jnp.zeros((knots.shape[0], size)), none]
    gave = schedule.boluses.amount > 0.0, schedule.infusions.amount > 0.0
    marks = [_marks(boluses.begin, into_bolus, gave[0])]
    marks += [_marks(infusions.begin, into_infusion, gave[1]), silent + jnp.nan, added.clock]
    marks += [jnp.full((knots.shape[0], size), jnp.nan), none + jnp.nan]
    times = jnp.concatenate([*time, jnp.asarray(schedule.read_time)])
    ranks = jnp.concatenate([*rank, jnp.asarray(schedule.read_rank)])
    final_time = jnp.max(jnp.asarray(schedule.read_time), initial=schedule.start)
    late = times > final_time
    ranks = jnp.where(late, jnp.inf, ranks)
    times = jnp.where(late, final_time, jnp.where(times < schedule.start, schedule.start, times))
    order = jnp.lexsort((ranks, jax.lax.stop_gradient(times)))
    places = jnp.argsort(order)[times.shape[0] - readings :]
    ordered = _Events(times[order], jnp.concatenate(add)[order], jnp.concatenate(marks)[order])
    return ordered, places


def _marks(begin: Scalar, into: Scalar, gave: Scalar) -> Scalar:
    """The clock of each dosed state, NaN elsewhere."""
    return jnp.where((into > 0.0) & gave[:, None], begin[:, None], jnp.nan)


def _steady(equations: Equations, doses: Doses, implied: Scalar, initial: Scalar) -> Added:
    size = initial.shape[0]
    fraction, lag, duration, rate = _ways(equations, doses)
    constant = doses.interval == 0.0
    interval = jnp.where(constant, 1.0, doses.interval)
    into = jax.nn.one_hot(doses.state, size)
    lasts = duration > 0.0
    spread = jnp.where(lasts, fraction * doses.amount / jnp.where(lasts, duration, 1.0), 0.0)
    inflow = jnp.where(jnp.isnan(rate), spread, rate)
    bolus = jnp.where(lasts | constant, 0.0, fraction * doses.amount)
    rest = lag - _whole_lags(lag, doses.interval) * interval
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
    unrated = jnp.any(constant & _no_rate(doses, rate))
    bad = jnp.where(unrated, SolveStatus.BAD_DOSING.code, 0)
    clock = jnp.where(constant, cycles.time, cycles.time - cycles.phase)
    clocks = jnp.where(into > 0.0, clock[:, None], jnp.nan)
    return Added(added, clocks, worst(bad, long, *codes))
