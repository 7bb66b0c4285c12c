"""Read plan files: named plans of the study drug from an origin on.

::

    origin: 2008-04-15          # the day of the last count if left out
    until: 3 a                  # two years after the origin if left out
    thresholds: [200, 300, 500] # cells/uL; these if left out
    plans:
      - name: no treatment
      - name: maintenance for a year, then tapered
        stretches:
          - {dose: 1, stop: 365 d}
          - {dose: 1, start: 365 d, stop: 545 d, to: 0, steps: 6}
      - name: cycles
        stretches:
          - {amount: 11 MU, per: 7 d, cycle: {given: 5 d, every: 56 d}}
        missed: {share: 0.2, seed: 1}
      - name: by the count
        stretches: [{dose: 1}]
        rule: {hold_above: 500, restart_below: 350}
        visits: 28 d

Times are days of the calendar, or lengths of time after the origin. A ``dose`` is the weekly dose
on days of dosing, relative to the patient's own maintenance dose.
"""

from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import final

from lymphocast.errors import RecordError, UsageError
from lymphocast.forecast.plan import THRESHOLDS, VISITS, Missed, Plan, Stretch
from lymphocast.forecast.plan_kinds import (
    CYCLE,
    AfterOrigin,
    Frame,
    Share,
    ahead_of,
    framed,
    is_ahead,
    made_stretch,
    read_root,
    weekly_dose,
)
from lymphocast.forecast.policy import HoldRule
from lymphocast.forecast.rule_file import RULE
from lymphocast.record.dosing import Cycle
from lymphocast.record.fields import Field, Group, Listing
from lymphocast.record.kinds import Scope, Text
from lymphocast.record.misread import Misread
from lymphocast.record.numbers import Days, Measure, Number, Whole
from lymphocast.units import Quantity

WHAT = "plans: a mapping with the key 'plans', a list of named plans"
SHORTEST_VISITS = 1.0  # days
MOST_PLANS = 20
MOST_THRESHOLDS = 10
MOST_DOSES = 10_000  # 20 years of daily doses are 7305


@final
@dataclass(frozen=True)
class PlanFile:
    """The plans of a file, what their times are relative to, and the counts asked about."""

    frame: Frame
    plans: tuple[Plan, ...]
    thresholds: tuple[int, ...]


def read_plans(path: Path, frame: Frame, until: date | None = None) -> PlanFile:
    """Read a plan file.

    Parameters
    ----------
    path
        The file.
    frame
        The origin and the last day where the file states none, and the maintenance dose.
    until
        The last day, whatever the file states.

    Raises
    ------
    RecordError
        At the first thing that is wrong: file, line, what stands there and what is needed.
    """
    root, scope = read_root(path, WHAT), Scope(path.name)
    own = framed(root, scope, frame)
    if until is not None:
        if not is_ahead(until, own.origin):
            days = f"plans from {own.origin} to {until}"
            raise RecordError(path.name, None, days, ahead_of(own.origin))
        own = replace(own, until=until)
    group = Group(
        (
            Field("origin", Text(), "the day from which the plans replace the record", False),
            Field("until", Text(), "the last day of the forecast", False),
            Field("thresholds", Listing(Whole(), least=1), "counts in cells/uL", False, THRESHOLDS),
            Field("plans", Listing(_plan_group(own), least=1), "the plans"),
        ),
        partial(_file, own),
    )
    group.check(root, scope)
    found = group.read(root, scope)
    assert isinstance(found, PlanFile)  # noqa: S101  (what the group builds)
    names, plans = [plan.name for plan in found.plans], found.plans
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise RecordError(path.name, None, f"two plans named '{twice}'", "each name once")
    if len(plans) > MOST_PLANS:
        raise RecordError(path.name, None, f"{len(plans)} plans", f"at most {MOST_PLANS}")
    return found


def _file(
    frame: Frame,
    *,
    origin: str | None,
    until: str | None,
    thresholds: tuple[int, ...],
    plans: tuple[Plan, ...],
) -> PlanFile:
    if len(thresholds) > MOST_THRESHOLDS:
        found, needed = f"{len(thresholds)} thresholds", f"at most {MOST_THRESHOLDS}"
        raise Misread(found=found, needed=needed)
    return PlanFile(frame, plans, tuple(sorted(set(thresholds))))


def _plan_group(frame: Frame) -> Group:
    return Group(
        (
            Field("name", Text(), "how tables and figures call the plan"),
            Field("stretches", Listing(_stretch_group(frame)), "the doses", False, ()),
            Field("rule", RULE, "what decides at visits", False),
            Field("visits", Days(), "time between the visits of the rule", False),
            Field("missed", _missed_group(frame), "doses that will not be taken", False),
        ),
        partial(_plan, frame),
    )


def _stretch_group(frame: Frame) -> Group:
    return Group(
        (
            Field("dose", Number(zero=True), "weekly dose relative to maintenance", False),
            Field("amount", Measure(), "amount in each period, in the record's unit", False),
            Field("per", Days(), "the period of the amount", False),
            Field("drug", Text(), "the drug, which must be the study drug", False),
            Field("product", Text(), "the product, which must be the record's", False),
            Field("start", AfterOrigin(frame), "first day", False, 0.0),
            Field("stop", AfterOrigin(frame), "day after the last", False, frame.length),
            Field("to", Number(zero=True), "weekly dose at the end, reached in steps", False),
            Field("steps", Whole(), "number of steps", False, 0),
            Field("cycle", CYCLE, "days of doses in each cycle", False),
            Field("interval", Days(), "time between doses", False, frame.maintenance.apart),
        ),
        partial(_stretch, frame),
    )


def _missed_group(frame: Frame) -> Group:
    return Group(
        (
            Field("dates", Listing(AfterOrigin(frame)), "days of missed doses", False, ()),
            Field("share", Share(), "share of doses missed at random", False, 0.0),
            Field("seed", Whole(least=0), "seed of which ones", False),
            Field("unknown", Share(), "share missed on unknown days", False, 0.0),
        ),
        _missed,
    )


def _missed(dates: tuple[float, ...], share: float, seed: int | None, unknown: float) -> Missed:
    if seed is not None and share == 0.0:
        raise Misread(found="a 'seed' without a 'share'", needed="the share missed at random")
    if unknown > 0.0 and (dates or share > 0.0):
        raise Misread(
            found="'unknown' beside 'dates' or 'share'",
            needed="doses missed on unknown days alone, or on known days and at random",
        )
    return Missed(tuple(dates), share, seed or 0, unknown)


def _stretch(
    frame: Frame,
    *,
    dose: float | None,
    amount: Quantity | None,
    per: float | None,
    drug: str | None,
    product: str | None,
    start: float,
    stop: float,
    to: float | None,
    steps: int,
    cycle: Cycle | None,
    interval: float,
) -> Stretch:
    level = weekly_dose(frame.maintenance, dose, amount, per, drug, product)
    return made_stretch(level, start, stop, to, steps, cycle, interval)


def _plan(
    frame: Frame,
    *,
    name: str,
    stretches: tuple[Stretch, ...],
    rule: HoldRule | None,
    visits: float | None,
    missed: Missed | None,
) -> Plan:
    _check_company(bool(stretches), rule, visits, missed)
    doses = sum(s.doses(frame.length) for s in stretches)
    if doses > MOST_DOSES:
        raise Misread(found=f"{doses:.3g} doses", needed=f"at most {MOST_DOSES}")
    try:
        ordered = tuple(sorted(stretches, key=lambda s: s.start))
        return Plan(name, ordered, rule, visits or VISITS, missed or Missed())
    except UsageError as error:
        raise Misread.of(error) from None


def _check_company(
    given: bool, rule: HoldRule | None, visits: float | None, missed: Missed | None
) -> None:
    """Refuse keys that say nothing without another."""
    if visits is not None and rule is None:
        raise Misread(found="'visits' without a 'rule'", needed="the rule that looks at visits")
    if visits is not None and visits < SHORTEST_VISITS:
        raise Misread(found=f"visits every {visits:g} d", needed="at least one day between visits")
    if rule is not None and not given:
        raise Misread(found="a rule without stretches", needed="the doses that the rule holds")
    if missed is not None and not given:
        raise Misread(found="'missed' without stretches", needed="the doses that are missed")
