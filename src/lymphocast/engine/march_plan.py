"""Plans of the march's lanes: one where all have the same times, else one for each."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.arrays import namespace, of_lanes, put, traced
from lymphocast.engine.cuts import FIRST_PIECE, Cuts, cut
from lymphocast.engine.march_task import Occasions, Task
from lymphocast.engine.plan import Given, Plan, lay_out
from lymphocast.engine.schedule import Schedule
from lymphocast.engine.timeline import Added, Entering, Ordered, enter, in_order, ways
from lymphocast.models.component import Scalar, Values

SMALLEST_PLAN = 512


@final
class Timing(NamedTuple):
    """When and how the doses of an occasion enter, and the steady states that it brings.

    Of one lane, or with lanes as the first axis of some arrays.
    """

    boluses: Entering
    infusions: Entering
    added: Scalar
    clock: Scalar

    def of_lane(self, lane: int) -> "Timing":
        """Return what one lane has of its own."""
        boluses, infusions = (
            Entering(*(x if x.ndim == 1 else x[lane] for x in e))
            for e in (self.boluses, self.infusions)
        )
        added, clock = (x if x.ndim == 2 else x[lane] for x in (self.added, self.clock))
        return Timing(boluses, infusions, added, clock)

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
    return not traced(lanes) and bool(
        np.array_equal(lanes, np.broadcast_to(lanes[:1], lanes.shape), equal_nan=True)
    )


def _timing(task: Task, theta: Values, schedule: Schedule, added: Added) -> Timing:
    """Return the timing of a schedule; its arrays have lanes where parameters have."""
    grid = schedule.read_time
    boluses, infusions = (
        enter(doses, ways(task.model, theta, task.layout.covariates, doses), grid, schedule.start)
        for doses in (schedule.boluses, schedule.infusions)
    )
    return Timing(boluses, infusions, added.state, added.clock)


Parts = tuple[tuple[Plan, ...], Scalar]
"""The plan of each block of lanes, and by lane whether all doses can be given."""


@final
class PlanMemory:
    """The plans of one call, kept for the next one that doses in the same way.

    Parameters of a model that say nothing of lag, fraction, duration and rate change no plan.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], tuple[dict[str, tuple[Scalar, ...]], Parts]] = {}

    def parts_of(
        self, task: Task, theta: Values, given: Occasions, halvings: int, width: int
    ) -> Parts:
        """Return the plan of each block of ``width`` lanes; the last is filled up with its last."""
        steady = any(len(s.steady.time) for s in given.schedules)
        if task.layout.covariates or steady:
            return _parts(task, theta, given, halvings, width)
        dosing = {n: way.values for n, way in task.model.dosing(theta).items()}
        if traced(*jax.tree.leaves((dosing, given))):  # what a trace knows ends with it
            return _parts(task, theta, given, halvings, width)
        known = self._kept.get((halvings, width))
        if known is not None and _same(known[0], dosing):
            return known[1]
        found = _parts(task, theta, given, halvings, width)
        self._kept[halvings, width] = dosing, found
        return found


def _parts(task: Task, theta: Values, given: Occasions, halvings: int, width: int) -> Parts:
    plan, valid = plan_of(task, theta, given, halvings)
    return _in_blocks(plan, task.lanes, width), valid


def _in_blocks(plan: Plan, lanes: int, width: int) -> tuple[Plan, ...]:
    """Return the plan of one block of lanes after another; what all lanes share is not copied."""
    if width == lanes:
        return (plan,)

    def by_lane(x: Scalar) -> bool:
        return np.ndim(x) > 0 and x.shape[-1] > 1

    # Where JAX keeps them, so that later calls need not bring them there again.
    shared = jax.tree.map(lambda x: x if by_lane(x) else jnp.asarray(x), plan)
    return tuple(
        jax.tree.map(lambda x, b=block: jnp.asarray(x[..., b]) if by_lane(x) else x, shared)
        for block in blocks_of(lanes, width)
    )


def blocks_of(lanes: int, width: int) -> Iterator[NDArray[np.intp]]:
    """Yield the lanes of one block after another, the last filled up with the last lane."""
    for begin in range(0, lanes, width):
        yield np.minimum(np.arange(begin, begin + width), lanes - 1)


def _same(a: Mapping[str, tuple[Scalar, ...]], b: Mapping[str, tuple[Scalar, ...]]) -> bool:
    return a.keys() == b.keys() and all(
        np.array_equal(x, y) for name in a for x, y in zip(a[name], b[name], strict=True)
    )


def plan_of(task: Task, theta: Values, given: Occasions, halvings: int) -> tuple[Plan, Scalar]:
    """Return the plan of all lanes, and whether the doses of each lane can be given."""
    if len(given.schedules) > 1:
        timings = []
        for lane, schedule in enumerate(given.schedules):
            own = of_lanes(theta, lane)
            added = Added(*(x[lane] for x in given.added))
            timings.append(_timing(task, own, schedule, added))
        valid = [_valid(t) for t in timings]
        plans = _each(task, given.schedules, timings, halvings)
        return _stacked(plans), namespace(*valid).stack(valid)
    (schedule,) = given.schedules
    timing = _timing(task, theta, schedule, given.added)
    if traced(*timing.days, timing.clock):
        room = _most_pieces(schedule, halvings)
        return _traced_plan(task, room, halvings, schedule, timing), _valid(timing)
    if timing.shared:
        amounts = _amounts(task, schedule, timing)
        plans = [_laid_out(task, schedule, timing.of_lane(0), amounts, halvings)]
    else:
        lanes = [timing.of_lane(i) for i in range(task.lanes)]
        plans = _each(task, [schedule] * task.lanes, lanes, halvings)
    return _stacked(plans), _valid(timing)


def _each(
    task: Task, schedules: Sequence[Schedule], timings: Sequence[Timing], halvings: int
) -> list[Plan]:
    """Return the plan of each lane."""
    plans = []
    for schedule, timing in zip(schedules, timings, strict=True):
        moving = traced(*timing.days, timing.clock)
        room = _most_pieces(schedule, halvings) if moving else None
        amounts = _amounts(task, schedule, timing)
        plans.append(_laid_out(task, schedule, timing, amounts, halvings, room))
    return plans


def _valid(timing: Timing) -> Scalar:
    """Return whether all doses of a lane can be given."""
    return timing.boluses.valid.all(axis=-1) & timing.infusions.valid.all(axis=-1)


def _amounts(task: Task, schedule: Schedule, timing: Timing) -> Given:
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
        lanes_last(timing.infusions.bolus, 1),
        lanes_last(timing.infusions.inflow, 1),
        lanes_last(timing.added[..., chosen], 2),
        lanes_last(timing.clock[..., chosen], 2),
    )


def _laid_out(
    task: Task,
    schedule: Schedule,
    timing: Timing,
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
        max(int(cuts.count), 1) if size is None else size,
        len(task.compartments),
        task.layout.rule,
    )


def _cut(schedule: Schedule, timing: Timing, halvings: int) -> tuple[Ordered, Cuts]:
    """Return the events in order, and where they are cut."""
    events = in_order(schedule, timing.boluses, timing.infusions)
    moving = traced(events.time)
    return events, cut(schedule, events, timing.boluses, timing.infusions, halvings, apart=moving)


def _most_pieces(schedule: Schedule, halvings: int) -> int:
    """Return room for the pieces of an occasion whatever its lags are: no piece is over a day."""
    doses = schedule.boluses.time.shape[0] + 2 * schedule.infusions.time.shape[0]
    others = schedule.steady.time, schedule.knot_time.reshape(-1), schedule.read_time
    events = doses + sum(x.shape[0] for x in others)
    days = max(float(np.max(schedule.read_time, initial=-np.inf) - schedule.start), 0.0)
    return _bucket((events + math.ceil(days / FIRST_PIECE) + 1) * 2**halvings)


def _bucket(number: int) -> int:
    """Return the smallest power of two that holds ``number`` pieces, at least 64."""
    return max(SMALLEST_PLAN, 1 << (number - 1).bit_length())


def _stacked(plans: Sequence[Plan]) -> Plan:
    """Return the plans of one lane each, or of all lanes at once, as one with room to spare."""
    counts = [p.count for p in plans]
    moving = traced(*counts)
    # Under a trace every plan has room for whatever its count may be.
    size = max(len(p.pieces.begin) for p in plans)
    return Plan(
        jax.tree.map(
            partial(_filled, size if moving else _bucket(size)), *(p.pieces for p in plans)
        ),
        jnp.max(jnp.stack(counts)) if moving else np.max(counts),
        jax.tree.map(_side_by_side, *(p.readings for p in plans)),
        _side_by_side(*(p.empty for p in plans)),
        _side_by_side(*(p.level for p in plans)),
    )


def _side_by_side(*lanes: Scalar) -> Scalar:
    return namespace(*lanes).concatenate(lanes, axis=-1) if len(lanes) > 1 else lanes[0]


def _filled(size: int, *lanes: Scalar) -> Scalar:
    """Return lanes side by side, each filled up to ``size`` pieces with 0."""
    if traced(*lanes):
        rest = [(0, 0)] * (lanes[0].ndim - 1)
        return _side_by_side(*(jnp.pad(x, [(0, size - len(x)), *rest]) for x in lanes))
    number = sum(x.shape[-1] for x in lanes)
    joined = np.zeros((size, *lanes[0].shape[1:-1], number), lanes[0].dtype)
    for lane, part in enumerate(lanes):
        joined[: len(part), ..., slice(lane, lane + 1) if len(lanes) > 1 else slice(None)] = part
    return joined


@partial(jax.jit, static_argnames=("task", "room", "halvings"))
def _traced_plan(task: Task, room: int, halvings: int, schedule: Schedule, timing: Timing) -> Plan:
    """Return the plan of lanes whose times are traced."""

    def one(own: Timing) -> Plan:
        return _laid_out(task, schedule, own, _amounts(task, schedule, own), halvings, room)

    axes = Timing(
        *(Entering(*(0 if x.ndim == 2 else None for x in e)) for e in timing[:2]),
        *(0 if x.ndim == 3 else None for x in timing[2:]),
    )
    if not any(axis == 0 for axis in jax.tree.leaves(axes)):
        return one(timing)
    plans = jax.vmap(one, in_axes=(axes,))(timing)
    stacked: Plan = jax.tree.map(
        lambda x: jnp.moveaxis(x, 0, -1)[..., 0, :] if x.ndim > 1 else x, plans
    )
    return stacked._replace(count=jnp.max(plans.count))
