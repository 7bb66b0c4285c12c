"""Read goal files: targets, limits, cost and the design space of a regimen search.

::

    title: keep the count with little drug
    until: 2 a
    targets:
      - {keep: 300}
      - {reach: 500, by: 365 d, weight: 0.5}
    limits:
      - {weekly_dose: 1}
      - {injections: 200, probability: 0.9}
      - {count_below: 200, probability: 0.9}
    cost: {weekly_dose: 0.2, injection: 0.0005}
    design:
      doses: [0.4, 0.6, 0.8, 1]
      durations: [180 d, 365 d, 2 a]
      tapers: [0 d, 90 d]
      rules: [none, {hold_above: 500, restart_below: 350}]

Doses are weekly and relative to the patient's own maintenance dose.
"""

from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import TypeVar, final

from lymphocast.errors import UsageError
from lymphocast.forecast.goal import Cost, Design, EventLimit, Goal, GoalLimit, Target
from lymphocast.forecast.goal_limits import EVENT_MODELS, event_models, limit_group
from lymphocast.forecast.plan import VISITS, cycle_fault
from lymphocast.forecast.plan_kinds import (
    CYCLE,
    AfterOrigin,
    Frame,
    Share,
    framed,
    read_root,
)
from lymphocast.forecast.policy import HoldRule
from lymphocast.forecast.rule_file import RULE
from lymphocast.record.dosing import Cycle
from lymphocast.record.fields import Field, Group, Listing
from lymphocast.record.kinds import JsonObject, Kind, Scope, Text
from lymphocast.record.misread import Misread
from lymphocast.record.numbers import Days, Number
from lymphocast.record.yamltree import Node, Scalar

WHAT = "a goal: a mapping with the keys 'targets' and 'design'"
MOST_REGIMENS = 5000
SHORTEST = 0.125  # days: no schedule gives a dose more often than every three hours
T = TypeVar("T")


def read_goal(path: Path, frame: Frame) -> Goal:
    """Read a goal file.

    Parameters
    ----------
    path
        The file.
    frame
        The origin and the last day where the file states none, and the maintenance dose.

    Raises
    ------
    RecordError
        At the first thing that is wrong: file, line, what stands there and what is needed.
    """
    root, scope = read_root(path, WHAT), Scope(path.name)
    own = framed(root, scope, frame)
    models = event_models(root, scope)
    group = Group(
        (
            Field("title", Text(), "what the goal is called", False, "goal"),
            Field("origin", Text(), "the day from which regimens replace the record", False),
            Field("until", Text(), "the last day", False),
            Field("targets", Listing(_target_group(own), least=1), "counts to keep or reach"),
            Field("models", EVENT_MODELS, "how often adverse events happen", False, ()),
            Field(
                "limits",
                Listing(limit_group(own.maintenance, models)),
                "chance constraints",
                False,
                (),
            ),
            Field("cost", _COST, "what doses and injections cost", False, Cost()),
            Field("design", _design_group(own), "what may be varied"),
        ),
        partial(_goal, own),
    )
    group.check(root, scope)
    goal = group.read(root, scope)
    assert isinstance(goal, Goal)  # noqa: S101  (what the group builds)
    return goal


@final
@dataclass(frozen=True)
class OrNone(Kind):
    """The word ``none``, or what another kind reads."""

    of: Kind

    def check(self, node: Node, scope: Scope) -> None:
        """Refuse a node of another shape."""
        if not _says_none(node):
            self.of.check(node, scope)

    def read(self, node: Node, scope: Scope) -> object:
        """Return the value of a node."""
        return None if _says_none(node) else self.of.read(node, scope)

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"anyOf": [{"enum": ["none"]}, self.of.schema()]}


def _says_none(node: Node) -> bool:
    return isinstance(node, Scalar) and node.text == "none"


_COST = Group(
    (
        Field("weekly_dose", Number(zero=True), "for a mean weekly dose of 1", False, 0.0),
        Field("injection", Number(zero=True), "for each injection", False, 0.0),
    ),
    Cost,
)


def _target_group(frame: Frame) -> Group:
    after = AfterOrigin(frame)
    return Group(
        (
            Field("keep", Number(), "count in cells/uL to be kept", False),
            Field("reach", Number(), "count in cells/uL to be reached", False),
            Field("from", after, "first day that counts", False, 0.0, "start"),
            Field("by", after, "last day that counts", False, frame.length, "end"),
            Field("weight", Number(), "share in the utility", False, 1.0),
            Field("probability", Share(zero=False), "with which it must be met", False, 0.0),
        ),
        partial(_target, frame),
    )


def _target(
    frame: Frame,
    *,
    keep: float | None,
    reach: float | None,
    start: float,
    end: float,
    weight: float,
    probability: float,
) -> Target:
    count = keep if keep is not None else reach
    if count is None or (keep is not None and reach is not None):
        found = "neither 'keep' nor 'reach'" if count is None else "both 'keep' and 'reach'"
        raise Misread(found=found, needed="one of them, a count in cells/uL")
    if not start < end <= frame.length:
        found = f"a target from day {start:g} to day {end:g}"
        raise Misread(found=found, needed=f"two days in order, the last at most {frame.length:g}")
    return Target(count, keep is not None, start, end, weight, probability)


def _design_group(frame: Frame) -> Group:
    length, apart = frame.length, frame.maintenance.apart
    days = Listing(AfterOrigin(frame), least=1)
    return Group(
        (
            Field("doses", Listing(Number(zero=True), least=1), "weekly doses"),
            Field("intervals", Listing(Days(), least=1), "between doses", False, (apart,)),
            Field("cycles", Listing(OrNone(CYCLE), least=1), "cycles", False, (None,)),
            Field("durations", days, "of the full dose", False, (length,)),
            Field("tapers", days, "after it", False, (0.0,)),
            Field("rules", Listing(OrNone(RULE), least=1), "restart rules", False, (None,)),
            Field("visits", Days(), "time between visits", False, None),
        ),
        partial(_design, length),
    )


def _design(
    length: float,
    *,
    doses: tuple[float, ...],
    intervals: tuple[float, ...],
    cycles: tuple[Cycle | None, ...],
    durations: tuple[float, ...],
    tapers: tuple[float, ...],
    rules: tuple[HoldRule | None, ...],
    visits: float | None,
) -> Design:
    _check_times(intervals, visits, ruled=any(rules))
    _check_rules(rules, intervals, cycles)
    if min(durations) <= 0.0 or max(durations) > length:
        found = f"durations of {min(durations):g} to {max(durations):g} d"
        raise Misread(found=found, needed=f"durations above 0 and at most {length:g} d")
    design = Design(
        doses=_unique(doses),
        intervals=_unique(intervals),
        cycles=_unique(cycles),
        durations=_unique(durations),
        tapers=_unique(tapers),
        rules=_unique(rules),
        visits=VISITS if visits is None else visits,
        length=length,
    )
    if design.number > MOST_REGIMENS:
        raise Misread(found=f"{design.number} regimens", needed=f"at most {MOST_REGIMENS}")
    if not any(design.doses):
        raise Misread(found="no dose above 0", needed="at least one dose to compare with none")
    return design


def _check_times(intervals: tuple[float, ...], visits: float | None, *, ruled: bool) -> None:
    if min(intervals) < SHORTEST:
        found = f"doses every {min(intervals):g} d"
        raise Misread(found=found, needed=f"at least {SHORTEST:g} d between two doses")
    if visits is not None and visits < 1.0:
        raise Misread(found=f"visits every {visits:g} d", needed="at least one day between visits")
    if visits is not None and not ruled:
        raise Misread(found="'visits' without a rule", needed="a rule that decides at visits")


def _check_rules(
    rules: tuple[HoldRule | None, ...],
    intervals: tuple[float, ...],
    cycles: tuple[Cycle | None, ...],
) -> None:
    for rule, interval, cycle in product(rules, intervals, cycles):
        fault = cycle_fault(rule, interval, cycle)
        if fault:
            raise Misread.of(UsageError(fault))


def _unique(options: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(options))


def _goal(
    frame: Frame,
    *,
    title: str,
    origin: str | None,
    until: str | None,
    targets: tuple[Target, ...],
    models: tuple[EventLimit, ...],
    limits: tuple[GoalLimit | EventLimit, ...],
    cost: Cost,
    design: Design,
) -> Goal:
    del models  # read before, so that a limit can name one
    bounds = tuple(limit for limit in limits if isinstance(limit, GoalLimit))
    events = tuple(limit for limit in limits if isinstance(limit, EventLimit))
    return Goal(title, frame.origin, frame.until, targets, bounds, cost, design, events)
