"""The doses of a plan over time, for its figure: what is planned, and what the draws are given."""

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from lymphocast.forecast.course_plan import Followed
from lymphocast.forecast.ensemble import Part
from lymphocast.forecast.plan import Plan, level_at
from lymphocast.forecast.plan_results import DoseStep, DoseTrack

Floats = NDArray[np.float64]
SAME = 1e-9  # weekly doses nearer than this are one


def dose_track(plan: Plan, followed: Followed, days: Floats, origin: date, part: Part) -> DoseTrack:
    """Return the doses of a plan from the origin to the last of ``days``.

    Parameters
    ----------
    plan, followed
        The plan, and what became of it in every draw.
    days
        Days after ``origin`` on which the draws were read.
    origin
        The first day.
    part
        The lanes that are averaged, with their weights.
    """
    changes = plan.levels()
    opens = np.unique([0.0, *(day for day, _ in changes if 0.0 < day < days[-1])])
    planned = _steps(zip(opens.tolist(), level_at(changes, opens).tolist(), strict=True), origin)
    if plan.rule is None and not plan.missed.days and plan.missed.share == 0.0:
        return DoseTrack(planned, ())
    means = [part.mean(level) for level in followed.levels]
    return DoseTrack(planned, _steps(zip(days[:-1].tolist(), means, strict=True), origin))


def _steps(levels: Iterable[tuple[float, float]], origin: date) -> tuple[DoseStep, ...]:
    """The days on which the dose changes, and what it becomes."""
    found: list[DoseStep] = []
    for day, level in levels:
        if not found or abs(found[-1].weekly_dose - level) > SAME:
            found.append(DoseStep(origin + timedelta(days=day), level))
    return tuple(found)
