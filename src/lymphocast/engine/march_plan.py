"""Plans of the march's lanes: one where all have the same times, else one for each."""

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.arrays import namespace, put, traced
from lymphocast.engine.cuts import FIRST_PIECE, Cuts, cut
from lymphocast.engine.march_task import Occasions, Task
from lymphocast.engine.plan import Given, Plan, lay_out
from lymphocast.engine.schedule import Schedule
from lymphocast.engine.timeline import Added, Entering, Ordered, enter, in_order, ways
from lymphocast.models.component import Scalar, Values

SMALLEST_PLAN = 64


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
    columns = {n: v[:, None] if np.ndim(v) else v for n, v in theta.items()}
    grid = schedule.read_time
    boluses, infusions = (
        enter(doses, ways(task.model, columns, task.layout.covariates, doses), grid)
        for doses in (schedule.boluses, schedule.infusions)
    )
    return Timing(boluses, infusions, added.state, added.clock)


def plan_of(task: Task, theta: Values, given: Occasions, halvings: int) -> tuple[Plan, Scalar]:
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
        plan = _stacked([_laid_out(task, schedule, timing.of_lane(0), amounts, halvings)])
    else:
        lanes = [timing.of_lane(i) for i in range(task.lanes)]
        plan = _side_by_side(task, [schedule] * task.lanes, lanes, halvings)
    return plan, _valid(timing)


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
    return _bucket(events + math.ceil(days * 2**halvings / FIRST_PIECE) + 1)


def _bucket(number: int) -> int:
    """Return the smallest power of two that holds ``number`` pieces, at least 64."""
    return max(SMALLEST_PLAN, 1 << (number - 1).bit_length())


def _side_by_side(
    task: Task, schedules: Sequence[Schedule], timings: Sequence[Timing], halvings: int
) -> Plan:
    """Return the plans of lanes with times of their own as one."""
    return _stacked(
        [
            _laid_out(task, s, t, _amounts(task, s, t), halvings)
            for s, t in zip(schedules, timings, strict=True)
        ]
    )


def _stacked(plans: Sequence[Plan]) -> Plan:
    """Return the plans of one lane each, or of all lanes at once, as one with room to spare."""
    size = _bucket(max(int(p.count) for p in plans))

    def filled(*parts: Scalar) -> Scalar:
        joined = np.zeros((size, *parts[0].shape[1:-1], sum(x.shape[-1] for x in parts)))
        for lane, part in enumerate(parts):
            where = slice(lane, lane + 1) if len(parts) > 1 else slice(None)
            joined[: len(part), ..., where] = part
        return joined.astype(parts[0].dtype)

    def side_by_side(*parts: Scalar) -> Scalar:
        return np.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]

    return Plan(
        jax.tree.map(filled, *(p.pieces for p in plans)),
        np.asarray(max(int(p.count) for p in plans)),
        jax.tree.map(side_by_side, *(p.readings for p in plans)),
        side_by_side(*(p.empty for p in plans)),
        side_by_side(*(p.level for p in plans)),
    )


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
