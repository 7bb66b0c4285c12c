"""March: an occasion crossed piece by piece, lanes side by side.

Linear and logistic blocks are solved exactly or by quadrature, smooth ones by sweeps that settle;
see :mod:`lymphocast.engine.structure` for what a block is. What does not settle is tried again on
pieces half as long, twice; what then fails says so in the lane's code.

Derivatives with respect to parameters, doses and times are forward tangents, one column for each
quantity that is differentiated (Griewank and Walther 2008, doi:10.1137/1.9780898717761, chapter 3);
the columns are linear in what they are multiplied with, so that JAX can take gradients too.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.arrays import namespace, put, traced
from lymphocast.engine.march_lanes import Marched, Way, march_lanes
from lymphocast.engine.occasion import Added
from lymphocast.engine.pieces import Layout, SolveStatus, dose_clocks, worst
from lymphocast.engine.plan import FIRST_PIECE, Cuts, Given, Plan, cut, lay_out
from lymphocast.engine.schedule import Schedule
from lymphocast.engine.structure import STIFF_EXPONENT, states_read
from lymphocast.engine.timeline import Entering, Ordered, dosing_of, enter, in_order, ways
from lymphocast.models.component import Component, Scalar, Values

MOST_HALVINGS = 2
RESOLVED = 1e-4
"""Largest share of a state that the nodes may have missed. The estimate takes the worst decay of
Legendre coefficients; where it says 4e-5 on the founding problem, 3e-7 is missed."""

STEADY_SLOPE = 1.0
"""Largest change of a slope x piece where a state passes zero."""

FEW_LANES = 8
"""Below this many lanes one class of pieces is compiled: it starts sooner, runs a little slower."""

SMALLEST_PLAN = 64

SETTLED_SLOPES = 1e-9
"""Tolerance of the sweeps under derivatives, which settle about as fast as the values."""


@final
class Occasions(NamedTuple):
    """What the march crosses: one schedule for all lanes, or one for each; and what is added.

    ``added`` holds the steady states that records bring, ``[lane, steady, state]`` or, if no
    parameter has lanes, ``[steady, state]``.
    """

    schedules: tuple[Schedule, ...]
    added: Added


@final
class Crossed(NamedTuple):
    """Values at the readings by name, ``[lane, reading]``; by lane a status code and an error.

    The error is an estimate of the largest relative error of a smooth state in any piece: what
    further sweeps would still change. Values of a lane that is not solved are NaN.
    """

    values: dict[str, Scalar]
    code: Scalar
    error: Scalar


@final
@dataclass(frozen=True)
class _Task:
    """What stays the same while lanes and halvings change."""

    model: Component
    layout: Layout
    wanted: tuple[str, ...]
    compartments: tuple[str, ...]
    infused: tuple[str, ...]
    lanes: int

    def way(self, width: int) -> Way:
        """Return what the code for ``width`` lanes is compiled for."""
        settings = self.layout.settings.march
        settings = replace(settings, classes=settings.classes and width >= FEW_LANES)
        names = [s.name for s in self.model.states]
        return Way(
            settings,
            self.compartments,
            self.infused,
            self.layout.covariates,
            tuple((n, names[i]) for n, i in dose_clocks(self.model).items()),
            states_read(self.model, self.wanted),
            self.wanted,
        )


def march(
    model: Component, layout: Layout, theta: Values, wanted: tuple[str, ...], given: Occasions
) -> Crossed:
    """Return what is wanted at the readings of an occasion, for every lane.

    Parameters
    ----------
    model, layout
        The equations; covariates, their rule and the settings.
    theta
        Parameter values: numbers or ``[lane]``; they may be traced.
    wanted
        Names of states and outputs.
    given
        The occasion of all lanes, or that of each lane; shapes agree.
    """
    sizes = {jnp.shape(v)[0] for v in theta.values() if jnp.ndim(v)}
    lanes = max(len(given.schedules), *sizes, 1)
    task = _Task(model, layout, wanted, *_compartments(model, layout.covariates, theta, given), lanes)
    if traced(*jax.tree.leaves((theta, given))):
        return _transformed(task, theta, given)
    with np.errstate(all="ignore"):
        return _tried(task, theta, given)


def _tried(task: _Task, theta: Values, given: Occasions) -> Crossed:
    """March every lane, those that fail again on shorter pieces."""
    found = _once(task, theta, given, 0)
    values = {n: np.array(v) for n, v in found.values.items()}
    code, error = np.array(found.code), np.array(found.error)
    for halvings in range(1, MOST_HALVINGS + 1):
        waiting = np.flatnonzero(np.isin(code, _worth_halving()))
        if not len(waiting):
            break
        again = _once(
            replace(task, lanes=len(waiting)), *_of_lanes(task, theta, given, waiting), halvings
        )
        code[waiting], error[waiting] = again.code, again.error
        for name, value in again.values.items():
            values[name][waiting] = value
    return Crossed(values, code, error)


def _worth_halving() -> list[int]:
    hopeless = {SolveStatus.SOLVED, SolveStatus.BAD_DOSING}
    return [s.code for s in SolveStatus if s not in hopeless]


def _of_lanes(
    task: _Task, theta: Values, given: Occasions, chosen: Any  # noqa: ANN401 (indices)
) -> tuple[Values, Occasions]:
    """Return parameters and occasions of some lanes only."""
    own = {n: v[chosen] if np.ndim(v) else v for n, v in theta.items()}
    schedules = given.schedules
    if len(schedules) > 1:
        schedules = tuple(schedules[i] for i in chosen)
    added = given.added
    if np.ndim(added.state) == 3:  # noqa: PLR2004 (lane, steady, state)
        added = Added(*(np.asarray(x)[chosen] for x in added))
    return own, Occasions(schedules, added)


def _compartments(
    model: Component, covariates: tuple[str, ...], theta: Values, given: Occasions
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the states that something may enter, and those that infusions run into."""
    names = [s.name for s in model.states]
    entered = {names[i] for i in dose_clocks(model).values()}
    infused: set[str] = set()
    for schedule in given.schedules:
        entered.update(dosing_of(model, theta, covariates, schedule.boluses))
        entered.update(names[i] for i in np.unique(schedule.boluses.state))
        infused.update(names[i] for i in np.unique(schedule.infusions.state))
        if schedule.steady.time.shape[0]:
            entered.update(names)
    return tuple(n for n in names if n in entered | infused), tuple(n for n in names if n in infused)


def _once(task: _Task, theta: Values, given: Occasions, halvings: int) -> Crossed:
    """March all lanes over plans of one fineness, block after block."""
    plan, valid = _plan(task, theta, given, halvings)
    transformed = traced(*jax.tree.leaves((theta, plan)))
    block = task.layout.settings.march.block
    width = task.lanes if transformed else _width(task.lanes, block)
    way = task.way(width)
    xp = namespace(*jax.tree.leaves((theta, plan, given.added)))
    full = {n: xp.broadcast_to(xp.asarray(v, float), task.lanes) for n, v in theta.items()}
    parts = []
    for begin in range(0, task.lanes, width):
        lanes = np.minimum(np.arange(begin, begin + width), task.lanes - 1)
        own = {n: v[lanes] for n, v in full.items()}
        parts.append(_readings(task.model, way, own, _some_lanes(plan, lanes)))
    found = _joined(xp, parts, task.lanes)
    code = xp.where(valid, given.added.code, SolveStatus.BAD_DOSING.code)
    code = xp.where(code == 0, found.code, code)
    solved = (code == 0)[:, None]
    values = {n: xp.where(solved, v, xp.nan) for n, v in found.values.items()}
    return Crossed(values, code, found.error)


def _width(lanes: int, block: int) -> int:
    """Return how many lanes go side by side: a power of two, or the whole block."""
    return min(1 << (lanes - 1).bit_length(), block)


def _some_lanes(plan: Plan, lanes: Any) -> Plan:  # noqa: ANN401 (indices)
    """Return the plan of some lanes; what all share stays."""
    found: Plan = jax.tree.map(
        lambda x: x[..., lanes] if np.ndim(x) and x.shape[-1] > 1 else x, plan
    )
    return found


def _joined(xp: Any, parts: Sequence[Crossed], lanes: int) -> Crossed:  # noqa: ANN401
    """Return the blocks one after another, without the lanes that filled up the last."""
    joined: Crossed = jax.tree.map(lambda *x: xp.concatenate(x)[:lanes], *parts)
    return joined


@final
class _Timing(NamedTuple):
    """When and how the doses of an occasion enter, and the steady states that it brings.

    Of one lane, or with lanes as the first axis of some arrays.
    """

    boluses: Entering
    infusions: Entering
    added: Scalar
    clock: Scalar

    def of_lane(self, lane: int) -> "_Timing":
        """Return what one lane has of its own."""
        boluses, infusions = (
            Entering(*(x if x.ndim == 1 else x[lane] for x in e))
            for e in (self.boluses, self.infusions)
        )
        added, clock = (x if x.ndim == 2 else x[lane] for x in (self.added, self.clock))  # noqa: PLR2004
        return _Timing(boluses, infusions, added, clock)

    @property
    def days(self) -> tuple[Scalar, ...]:
        """Everything that decides when something happens, except the clock."""
        return tuple(x for e in (self.boluses, self.infusions) for x in (e.begin, e.end, e.rank))

    @property
    def shared(self) -> bool:
        """Whether all lanes have the same times."""
        each = [(x, 1) for x in self.days] + [(self.clock, 2)]
        return all(x.ndim == own or _all_alike(x) for x, own in each)


def _all_alike(lanes: Scalar) -> bool:
    return not traced(lanes) and bool(np.array_equal(lanes, np.broadcast_to(lanes[:1], lanes.shape), equal_nan=True))


def _timing(task: _Task, theta: Values, schedule: Schedule, added: Added) -> _Timing:
    """Return the timing of a schedule; its arrays have lanes where parameters have."""
    columns = {n: v[:, None] if np.ndim(v) else v for n, v in theta.items()}
    grid, states = schedule.read_time, len(task.model.states)
    entering = [
        enter(doses, ways(task.model, columns, task.layout.covariates, doses), grid)
        for doses in (schedule.boluses, schedule.infusions)
    ]
    if not schedule.steady.time.shape[0]:
        added = added._replace(state=np.zeros((0, states)), clock=np.zeros((0, states)))
    return _Timing(*entering, added.state, added.clock)


def _plan(task: _Task, theta: Values, given: Occasions, halvings: int) -> tuple[Plan, Scalar]:
    """Return the plan of all lanes, and whether the doses of each lane can be given."""
    if len(given.schedules) > 1:
        timings = []
        for lane, schedule in enumerate(given.schedules):
            own = {n: v[lane] if np.ndim(v) else v for n, v in theta.items()}
            added = Added(*(x[lane] for x in given.added))
            timings.append(_timing(task, own, schedule, added))
        valid = np.array([bool(_valid(t)) for t in timings])
        return _side_by_side(task, given.schedules, timings, halvings), valid
    (schedule,) = given.schedules
    timing = _timing(task, theta, schedule, given.added)
    if traced(*timing.days, timing.clock):
        room = _most_pieces(schedule, halvings)
        return _traced_plan(task, room, halvings, schedule, timing), _valid(timing)
    if timing.shared:
        amounts = _amounts(task, schedule, timing)
        plan = _laid_out(task, schedule, timing.of_lane(0), amounts, halvings)
    else:
        lanes = [timing.of_lane(i) for i in range(task.lanes)]
        plan = _side_by_side(task, [schedule] * task.lanes, lanes, halvings)
    return plan, _valid(timing)


def _valid(timing: _Timing) -> Scalar:
    """Return whether all doses of a lane can be given."""
    return timing.boluses.valid.all(axis=-1) & timing.infusions.valid.all(axis=-1)


def _amounts(task: _Task, schedule: Schedule, timing: _Timing) -> Given:
    """Return what enters, its last axis the lanes."""
    names = [s.name for s in task.model.states]
    chosen = np.array([names.index(n) for n in task.compartments], dtype=int)
    place = namespace(schedule.boluses.state).zeros(len(names), dtype=int)
    place = put(place, chosen, np.arange(len(chosen)))

    def lanes_last(x: Scalar, own: int) -> Scalar:
        return x[..., None] if x.ndim == own else namespace(x).moveaxis(x, 0, -1)

    return Given(
        place[schedule.boluses.state],
        place[schedule.infusions.state],
        lanes_last(timing.boluses.bolus, 1),
        lanes_last(timing.infusions.inflow, 1),
        lanes_last(timing.added[..., chosen], 2),
        lanes_last(timing.clock[..., chosen], 2),
    )


def _laid_out(
    task: _Task,
    schedule: Schedule,
    timing: _Timing,
    given: Given,
    halvings: int,
    size: int | None = None,
) -> Plan:
    """Return the plan of one lane, or of several with the same times."""
    events, cuts = _cut(schedule, timing, halvings)
    return lay_out(
        schedule,
        events,
        timing.boluses,
        timing.infusions,
        given,
        cuts,
        _bucket(int(cuts.count)) if size is None else size,
        len(task.compartments),
        task.layout.rule,
    )


def _cut(schedule: Schedule, timing: _Timing, halvings: int) -> tuple[Ordered, Cuts]:
    """Return the events in order, and where they are cut."""
    events = in_order(schedule, timing.boluses, timing.infusions)
    moving = traced(events.time)
    return events, cut(
        schedule, events, timing.boluses, timing.infusions, halvings, apart=moving
    )


def _most_pieces(schedule: Schedule, halvings: int) -> int:
    """Return room for the pieces of an occasion whatever its lags are: no piece is over a day."""
    doses = schedule.boluses.time.shape[0] + 2 * schedule.infusions.time.shape[0]
    others = schedule.steady.time, schedule.knot_time.reshape(-1), schedule.read_time
    events = doses + sum(x.shape[0] for x in others)
    days = float(np.max(schedule.read_time, initial=schedule.start) - schedule.start)
    return _bucket(events + math.ceil(days * 2**halvings / FIRST_PIECE) + 1)


def _bucket(number: int) -> int:
    """Return the smallest power of two that holds ``number`` pieces, at least 64."""
    return max(SMALLEST_PLAN, 1 << (number - 1).bit_length())


def _side_by_side(
    task: _Task, schedules: Sequence[Schedule], timings: Sequence[_Timing], halvings: int
) -> Plan:
    """Return the plans of lanes with times of their own as one."""
    cuts = [_cut(s, t, halvings)[1] for s, t in zip(schedules, timings, strict=True)]
    size = _bucket(max(int(c.count) for c in cuts))
    plans = [
        _laid_out(task, s, t, _amounts(task, s, t), halvings, size)
        for s, t in zip(schedules, timings, strict=True)
    ]
    return _stacked(plans)


def _stacked(plans: Sequence[Plan]) -> Plan:
    """Return plans of a lane each as one plan of all lanes."""
    count = np.max([p.count for p in plans])
    parts = [p._replace(count=np.zeros(1)) for p in plans]
    joined: Plan = jax.tree.map(lambda *x: np.concatenate(x, axis=-1), *parts)
    return joined._replace(count=count)


@partial(jax.jit, static_argnames=("task", "room", "halvings"))
def _traced_plan(
    task: _Task, room: int, halvings: int, schedule: Schedule, timing: _Timing
) -> Plan:
    """Return the plan of lanes whose times are traced."""

    def one(own: _Timing) -> Plan:
        return _laid_out(task, schedule, own, _amounts(task, schedule, own), halvings, room)

    axes = _Timing(
        *(Entering(*(0 if x.ndim == 2 else None for x in e)) for e in timing[:2]),  # noqa: PLR2004
        *(0 if x.ndim == 3 else None for x in timing[2:]),  # noqa: PLR2004
    )
    if not any(axis == 0 for axis in jax.tree.leaves(axes)):
        return one(timing)
    plans = jax.vmap(one, in_axes=(axes,))(timing)
    stacked: Plan = jax.tree.map(
        lambda x: jnp.moveaxis(x, 0, -1)[..., 0, :] if x.ndim > 1 else x, plans
    )
    return stacked._replace(count=jnp.max(plans.count))


@partial(jax.jit, static_argnames=("model", "way"))
def _readings(model: Component, way: Way, theta: Values, plan: Plan) -> Crossed:
    """Cross all pieces and read what is wanted, ``[lane, reading]``."""
    width = next(iter(theta.values())).shape[0] if theta else plan.empty.shape[0]
    opening = {n: plan.level[i] for i, n in enumerate(way.covariates) if n not in model.inputs}
    initial = model.initial({**theta, **opening})
    start = {
        s.name: jnp.where(plan.empty, 0.0, jnp.broadcast_to(initial[s.name], width))
        for s in model.states
    }
    marched = march_lanes(model, way, theta, start, plan.pieces, plan.count)
    read = plan.readings
    state = {}
    for name, rows in marched.states.items():
        shared = read.piece.shape[-1] == 1
        state[name] = rows[read.piece[:, 0]] if shared else jnp.take_along_axis(rows, read.piece, 0)
        if name in way.compartments:
            state[name] = state[name] + read.added[:, way.compartments.index(name)]
    observed = _observed(model, way, theta, plan, state)
    values = {n: jnp.broadcast_to(observed[n], (read.time.shape[0], width)).T for n in way.wanted}
    code = _code(values, marched, way.settings.tolerance)
    return Crossed(values, code, marched.doubt[0])


def _observed(model: Component, way: Way, theta: Values, plan: Plan, state: Values) -> Values:
    """Return states and outputs at the readings, ``[reading, lane]``."""
    read = plan.readings
    known, inputs = dict(theta), dict[str, Scalar]()
    for row, name in enumerate(way.covariates):
        (inputs if name in model.inputs else known)[name] = read.level[:, row]
    for name, of in way.clocks:
        inputs[name] = read.time - read.last[:, way.compartments.index(of)]
    every = {s.name: state.get(s.name, 0.0) for s in model.states}
    outputs = model.observe(read.time, every, inputs, known)
    return {**outputs, **state}


def _code(values: Values, marched: Marched, tolerance: float) -> Scalar:
    """Return how each lane ended."""
    moved, missed, exponent = marched.doubt
    finite = jnp.isfinite(marched.doubt).all(axis=0)
    for found in values.values():
        finite &= jnp.isfinite(found).all(axis=1)
    stiff = (exponent > STIFF_EXPONENT) | (marched.turn > STEADY_SLOPE)
    # What is too fast often overflows as well: the cause is named.
    return worst(
        jnp.where(stiff, SolveStatus.STIFF.code, 0),
        jnp.where(finite, 0, SolveStatus.NOT_FINITE.code),
        jnp.where(moved <= tolerance, 0, SolveStatus.NOT_SETTLED.code),
        jnp.where(missed <= RESOLVED, 0, SolveStatus.NOT_RESOLVED.code),
    )


def _transformed(task: _Task, theta: Values, given: Occasions) -> Crossed:
    """March where something is traced; nothing is tried again."""
    leaves, shape = jax.tree.flatten((theta, given))
    moving = [i for i, leaf in enumerate(leaves) if traced(leaf)]

    def solve(own: list[Scalar], which: _Task) -> tuple[dict[str, Scalar], Scalar, Scalar]:
        put_in = list(leaves)
        for i, leaf in zip(moving, own, strict=True):
            put_in[i] = leaf
        found = _once(which, *jax.tree.unflatten(shape, put_in), 0)
        return found.values, found.code.astype(float), found.error

    @jax.custom_jvp
    def plain(own: list[Scalar]) -> tuple[dict[str, Scalar], Scalar, Scalar]:
        return solve(own, task)

    def differentiated(primals: Any, tangents: Any) -> Any:  # noqa: ANN401 (JAX's form of a rule)
        return _by_columns(partial(solve, which=_fine(task)), primals[0], tangents[0], task.lanes)

    plain.defjvp(differentiated, symbolic_zeros=True)
    values, code, error = plain([leaves[i] for i in moving])
    return Crossed(values, code.astype(int), error)


def _fine(task: _Task) -> _Task:
    """Return the task as it is solved under derivatives."""
    settings = task.layout.settings
    own = replace(settings.march, tolerance=SETTLED_SLOPES, classes=False, nodes_last=True)
    return replace(task, layout=replace(task.layout, settings=replace(settings, march=own)))


def _by_columns(
    solve: Callable[[list[Scalar]], tuple[dict[str, Scalar], Scalar, Scalar]],
    primals: list[Scalar],
    tangents: list[Scalar],
    lanes: int,
) -> Any:  # noqa: ANN401 (values and tangents, as JAX wants them)
    """Return the values and their tangents, by one column of the Jacobian after another.

    Lanes do not depend on each other: one column serves a quantity in all of them.
    """
    active = [i for i, t in enumerate(tangents) if not isinstance(t, SymbolicZero)]
    own = [jnp.shape(primals[i]) for i in active]
    lead = [1 if s and s[0] == lanes else 0 for s in own]
    counts = [math.prod(s[k:]) for s, k in zip(own, lead, strict=True)]
    total = sum(counts)
    directions, done = [], 0
    for s, k, n in zip(own, lead, counts, strict=True):
        unit = jnp.eye(total, n, -done).reshape(total, *(1,) * k, *s[k:])
        directions.append(jnp.broadcast_to(unit, (total, *s)))
        done += n

    def column(*direction: Scalar) -> Any:  # noqa: ANN401
        def of(*moved: Scalar) -> Any:  # noqa: ANN401
            put_in = list(primals)
            for i, value in zip(active, moved, strict=True):
                put_in[i] = value
            return solve(put_in)

        return jax.jvp(of, tuple(primals[i] for i in active), direction)

    found, slopes = jax.vmap(column, out_axes=(None, 0))(*directions)
    parts = []
    for i, s, k, n in zip(active, own, lead, counts, strict=True):
        flat = jnp.reshape(tangents[i], (*s[:k], n))
        parts.append(jnp.broadcast_to(flat, (lanes, n)))
    weights = jnp.concatenate(parts, axis=1)
    values = {n: jnp.einsum("clr,lc->lr", slope, weights) for n, slope in slopes[0].items()}
    none = jnp.zeros(lanes)
    return found, (values, none, none)
