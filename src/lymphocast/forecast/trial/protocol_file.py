"""Read protocol files of virtual trials.

::

    title: IL-2 against no drug
    population: {preset: neutral, fixed: {count_sd: 0.16}, shared: {gain: 0.5}}
    eligibility: {count_above: 50, count_below: 300, screenings: 2}
    arms:
      - {name: no drug, patients: 30}
      - name: IL-2
        patients: 30
        stretches: [{dose: 1}]
        missed: 0.1
    visits: {every: 28 d, until: 364 d, window: 3 d, missed: 0.05}
    dropout: {share: 0.02}           # of those left, each month
    endpoints:
      - {name: change at a year, kind: change, at: 364 d, scale: log}
      - {name: 300 reached, kind: above, by: 364 d, count: 300, missing: failure}
    analyses:
      - {endpoint: change at a year, method: ancova}
      - {endpoint: 300 reached, method: risk-difference}

Times are lengths of time after randomisation and become whole days. A ``dose`` is the weekly dose
on days of dosing, relative to the patient's own maintenance dose.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from lymphocast.dataset.regimen import DoseEvent
from lymphocast.errors import UsageError
from lymphocast.forecast.plan import VISITS, Missed, Plan, Stretch
from lymphocast.forecast.plan_kinds import CYCLE, Share, made_stretch, read_root
from lymphocast.forecast.policy import HoldRule
from lymphocast.forecast.rule_file import RULE
from lymphocast.forecast.trial.protocol import Arm, Eligibility, TrialProtocol, Visits
from lymphocast.forecast.trial.protocol_fit import DOSES, check_arms
from lymphocast.forecast.trial.protocol_parts import (
    ANALYSIS,
    DROPOUT,
    ENDPOINT,
    WholeDay,
    checked_analyses,
    checked_endpoints,
)
from lymphocast.forecast.trial.protocol_population import POPULATION, population_of
from lymphocast.record.fields import Field, Group, Listing
from lymphocast.record.kinds import Scope, Text
from lymphocast.record.misread import Misread
from lymphocast.record.numbers import Days, Number, Whole, YesNo
from lymphocast.record.yamltree import Items, Node, Table

WHAT = "a protocol: a mapping with the keys 'arms', 'visits', 'endpoints' and 'analyses'"
WEEK = 7.0  # days between doses where an arm states none: a weekly dose
MOST_PATIENTS = 1_000_000  # of one trial
MOST_VISITS = 500
MOST_ARMS = 10


def read_protocol(path: Path) -> TrialProtocol:
    """Read a protocol file.

    Parameters
    ----------
    path
        The file. A file of priors that it names is looked for beside it.

    Raises
    ------
    RecordError
        At the first thing that is wrong: file, line, what stands there and what is needed.
    """
    root, scope = read_root(path, WHAT), Scope(path.name)
    whole = _group(path)
    whole.check(root, scope)
    visits = VISITS_GROUP.read(_child(root, "visits"), scope)
    assert isinstance(visits, Visits)  # noqa: S101  (what the group builds)
    end = float(visits.days[-1] + visits.window)  # so that a late last visit is under treatment
    protocol = _group(path, end).read(root, scope)
    assert isinstance(protocol, TrialProtocol)  # noqa: S101  (what the group builds)
    check_arms(protocol, _items(root, "arms"), scope)
    endpoints = checked_endpoints(protocol, _items(root, "endpoints"), scope)
    protocol = replace(protocol, endpoints=endpoints)
    analyses = checked_analyses(protocol, _items(root, "analyses"), scope)
    return replace(protocol, analyses=analyses)


def _child(root: Table, key: str) -> Node:
    node = root.get(key)
    assert node is not None  # noqa: S101  (the group has checked it)
    return node


def _items(root: Table, key: str) -> tuple[Node, ...]:
    node = root.get(key)
    return tuple(node.items) if isinstance(node, Items) else ()


def _group(path: Path, length: float = 1.0) -> Group:
    return Group(
        (
            Field("title", Text(), "what the trial is called", False, "trial"),
            Field("population", POPULATION, "from where patients are drawn", False, {}),
            Field("eligibility", ELIGIBILITY, "which patients enter", False, Eligibility()),
            Field("arms", Listing(_arm_group(length), least=2), "the arms"),
            Field("visits", VISITS_GROUP, "when patients are seen"),
            Field("dropout", DROPOUT, "loss to follow-up", False, 0.0, "hazard"),
            Field("endpoints", Listing(ENDPOINT, least=1), "one number of each patient"),
            Field("analyses", Listing(ANALYSIS, least=1), "comparisons of arms"),
        ),
        partial(_protocol, path, length),
    )


def _protocol(
    path: Path, length: float, *, population: object, arms: Sequence[Arm], **parts: object
) -> TrialProtocol:
    names = [arm.name for arm in arms]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Misread(found=f"two arms named '{twice}'", needed="each name once")
    number = sum(arm.patients for arm in arms)
    if len(arms) > MOST_ARMS or number > MOST_PATIENTS:
        found = f"{number} patients in {len(arms)} arms"
        raise Misread(found=found, needed=f"at most {MOST_PATIENTS} in at most {MOST_ARMS}")
    drawn = population_of(population, path.parent, length)
    return TrialProtocol(population=drawn, arms=tuple(arms), **parts)  # type: ignore[arg-type]  # as the fields say


def _eligibility(above: float, below: float, screenings: int) -> Eligibility:
    if above >= below:
        found = f"counts from {above:g} to below {below:g}"
        raise Misread(found=found, needed="count_above less than count_below")
    return Eligibility(above, below, screenings)


ELIGIBILITY = Group(
    (
        Field("count_above", Number(zero=True), "least measured count", False, 0.0, "above"),
        Field("count_below", Number(), "the measured count is below", False, float("inf"), "below"),
        Field("screenings", Whole(), "counts that must be so", False, 1),
    ),
    _eligibility,
)


def _visits(
    every: float | None,
    until: int | None,
    days: Sequence[int] | None,
    window: int,
    missed: float,
    *,
    cultures: bool,
) -> Visits:
    if (days is None) == (every is None) or (every is None) != (until is None):
        raise Misread(
            found="visits by " + ("both" if days is not None else "neither or one half"),
            needed="either 'every' with 'until', or 'days'",
        )
    if every is not None and until is not None:
        if every < 1.0 or until < every:
            found = f"visits every {every:g} d until day {until}"
            raise Misread(found=found, needed="at least one day between, and one visit")
        days = [round(i * every) for i in range(1, int(until / every + 1e-9) + 1)]
    planned = tuple(sorted({0, *(days or ())}))
    if len(planned) < 2 or len(planned) > MOST_VISITS:
        found = f"{len(planned)} visits with that of day 0"
        raise Misread(found=found, needed=f"2 to {MOST_VISITS}")
    near = min(b - a for a, b in pairwise(planned))
    if 2 * window >= near:
        found = f"a window of {window} d around visits {near} d apart"
        raise Misread(found=found, needed="windows that do not meet")
    return Visits(planned, window, missed, cultures)


VISITS_GROUP = Group(
    (
        Field("every", Days(), "time between visits", False),
        Field("until", WholeDay(), "the last day of the trial", False),
        Field("days", Listing(WholeDay(), least=1), "planned days", False),
        Field("window", WholeDay(), "by how much a visit may be early or late", False, 0),
        Field("missed", Share(), "probability that a visit is missed", False, 0.0),
        Field("cultures", YesNo(), "whether cultures are taken", False, default=False),
    ),
    _visits,
)


def _arm_group(length: float) -> Group:
    return Group(
        (
            Field("name", Text(), "how tables call the arm"),
            Field("patients", Whole(), "how many patients it has"),
            Field("stretches", Listing(_stretch_group(length)), "the doses", False, ()),
            Field("rule", RULE, "what decides whether the drug is given", False),
            Field("rule_visits", Days(), "time between its visits", False, VISITS),
            Field("missed", Share(), "share of doses missed at random", False, 0.0),
            Field("doses", Listing(DOSES), "of a fitted population", False, ()),
            Field("antibiotic", _span(length), "when the antibiotic is given", False),
        ),
        _arm,
    )


def _stretch_group(length: float) -> Group:
    return Group(
        (
            Field("dose", Number(zero=True), "weekly dose relative to maintenance"),
            Field("start", WholeDay(), "first day", False, 0),
            Field("stop", WholeDay(), "day after the last", False, length),
            Field("to", Number(zero=True), "weekly dose at the end, reached in steps", False),
            Field("steps", Whole(), "number of steps", False, 0),
            Field("cycle", CYCLE, "days of doses in each cycle", False),
            Field("interval", Days(), "time between doses", False, WEEK),
        ),
        made_stretch,
    )


def _span(length: float) -> Group:
    def span(start: float, stop: float) -> tuple[float, float]:
        if stop <= start:
            raise Misread(found=f"day {start:g} to day {stop:g}", needed="start < stop")
        return float(start), float(stop)

    return Group(
        (
            Field("start", WholeDay(), "first day", False, 0),
            Field("stop", WholeDay(), "day after the last", False, length),
        ),
        span,
    )


def _arm(
    name: str,
    patients: int,
    stretches: tuple[Stretch, ...],
    rule: HoldRule | None,
    rule_visits: float,
    missed: float,
    doses: tuple[tuple[DoseEvent, ...], ...],
    antibiotic: tuple[float, float] | None,
) -> Arm:
    if rule is not None and not stretches:
        raise Misread(found="a rule without stretches", needed="the doses that the rule holds")
    if rule_visits < 1.0:
        raise Misread(found=f"visits every {rule_visits:g} d", needed="at least one day between")
    if "," in name:
        raise Misread(found=f"the name '{name}'", needed="a name without a comma")
    ordered = tuple(sorted(stretches, key=lambda s: s.start))
    try:
        plan = Plan(name, ordered, rule, rule_visits, Missed(share=missed))
    except UsageError as error:
        raise Misread.of(error) from None
    events = sorted((dose for own in doses for dose in own), key=lambda dose: dose.time)
    return Arm(plan, patients, antibiotic, tuple(events))
