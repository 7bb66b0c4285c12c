"""What a regimen is worth under a goal, draw by draw: utility, targets, and limits that break."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.forecast.course_plan import Followed
from lymphocast.forecast.goal import EventLimit, Goal, GoalLimit, LimitKind, Target
from lymphocast.forecast.plan import Plan
from lymphocast.forecast.search import ROUNDING, ChanceLimit, Judged

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
ROOM = 1.0 + 1e-9  # a dose that equals its bound keeps it


@final
@dataclass(frozen=True)
class Worth:
    """What one candidate is worth in each draw.

    Parameters
    ----------
    utility, weekly_dose, injections
        ``[draw]``.
    broken
        Probability that each limit is broken, ``[limit, draw]``: 0 or 1, but for adverse events.
    targets
        How far each target is met, from 0 to 1, ``[target, draw]``.
    """

    utility: Floats
    broken: Floats
    targets: Floats
    weekly_dose: Floats
    injections: Floats


@final
@dataclass(frozen=True)
class Scale:
    """How a goal values regimens.

    Parameters
    ----------
    goal
        The goal.
    apart
        Days between two maintenance doses.
    """

    goal: Goal
    apart: float

    @property
    def limits(self) -> tuple[ChanceLimit, ...]:
        """The goal's limits, those on events, then the targets that must be met."""
        goal = self.goal
        return (
            *(ChanceLimit(x.label, x.probability) for x in goal.limits),
            *(ChanceLimit(x.label, x.probability) for x in goal.events),
            *(ChanceLimit(t.label, t.probability) for t in goal.asked),
        )

    def worth(self, plan: Plan, days: Floats, followed: Followed) -> Worth:
        """Return what a regimen is worth that was followed on some days."""
        goal = self.goal
        met = np.stack([fulfilment(target, days, followed.counts) for target in goal.targets])
        weights = np.array([target.weight for target in goal.targets])
        cost = goal.cost.weekly_dose * followed.weekly_dose
        cost = cost + goal.cost.injection * followed.injections
        broken: list[Flags | Floats]
        broken = [self._breaks(limit, plan, followed) for limit in goal.limits]
        broken += [self._happens(limit, plan, followed) for limit in goal.events]
        asked = zip(met, goal.targets, strict=True)
        broken += [x < 1.0 - ROUNDING for x, t in asked if t.probability > 0.0]
        lanes = followed.counts.shape[1]
        return Worth(
            utility=weights @ met / weights.sum() - cost,
            broken=np.array(broken, dtype=float).reshape(-1, lanes),
            targets=met,
            weekly_dose=followed.weekly_dose,
            injections=followed.injections,
        )

    def _breaks(self, limit: GoalLimit, plan: Plan, followed: Followed) -> Flags:
        """In which draws a limit is broken."""
        match limit.kind:
            case LimitKind.WEEKLY_DOSE:
                value = plan.highest
            case LimitKind.INJECTION:
                value = plan.largest_injection(self.apart)
            case LimitKind.MEAN_WEEKLY_DOSE:
                return np.asarray(followed.weekly_dose > limit.bound * ROOM)
            case LimitKind.INJECTIONS:
                return np.asarray(followed.injections > limit.bound * ROOM)
            case LimitKind.COUNT_BELOW:
                return np.asarray(followed.counts.min(axis=0) < limit.bound)
        return np.full(followed.counts.shape[1], value > limit.bound * ROOM)

    def _happens(self, limit: EventLimit, plan: Plan, followed: Followed) -> Floats:
        """Probability of an event in each draw: its own where a dose is given."""
        size = plan.largest_injection(self.apart) if limit.of_injection else plan.highest
        return np.where(followed.injections > 0.0, limit.chance(size), 0.0)


def judged_of(worths: Sequence[Worth]) -> Judged:
    """Return the judgement of candidates that were followed in the same draws."""
    broken = np.stack([worth.broken for worth in worths], axis=1)
    return Judged(np.stack([worth.utility for worth in worths]), broken)


def fulfilment(target: Target, days: Floats, counts: Floats) -> Floats:
    """Return how far a target is met in each draw, from 0 to 1.

    Between two days that are read, the share of the time is the mean of both.
    """
    within = (days >= target.start) & (days <= target.end)
    there = counts[within] >= target.count
    if not target.keep:
        return np.asarray(there.any(axis=0), dtype=float)
    return np.asarray(
        np.trapezoid(there.astype(float), days[within], axis=0) / np.ptp(days[within])
    )
