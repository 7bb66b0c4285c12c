"""Plan files and goal files: what they say, and one clear answer to each thing that is wrong."""

from datetime import date
from pathlib import Path
from textwrap import indent

import pytest

from lymphocast.dataset.maintenance import Maintenance, maintenance_of
from lymphocast.errors import RecordError
from lymphocast.forecast.goal import Goal, LimitKind
from lymphocast.forecast.goal_file import read_goal
from lymphocast.forecast.plan import Plan, Stretch
from lymphocast.forecast.plan_file import PlanFile, read_plans
from lymphocast.forecast.plan_forecast import is_extrapolated, plan_notes
from lymphocast.forecast.plan_kinds import Frame
from lymphocast.forecast.policy import HoldRule, RestartCycle, StopRule
from lymphocast.record.casefile import find_case, read_case
from lymphocast.record.dosing import Cycle
from tests.conftest import ROOT
from tests.founding import individual

DESIGN = "design: {doses: [0.5, 1]}\n"
GOAL = "targets: [{keep: 300}]\n" + DESIGN
FEVER = "models: [{event: fever, of: injection, at_maintenance: 0.3, slope: 1, source: assumed}]\n"


@pytest.fixture(scope="module")
def maintenance() -> Maintenance:
    return maintenance_of(read_case(find_case("trojan-2009")), individual())


@pytest.fixture(scope="module")
def frame(maintenance: Maintenance) -> Frame:
    return Frame(date(2008, 4, 15), date(2010, 4, 15), maintenance, date(2003, 10, 1))


def plans_in(text: str, frame: Frame, tmp_path: Path, until: date | None = None) -> PlanFile:
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return read_plans(path, frame, until)


def test_the_maintenance_dose_is_the_last_constant_one(maintenance: Maintenance) -> None:
    assert str(maintenance.weekly) == "11 M[arb'U]"
    assert maintenance.apart == pytest.approx(7.0 / 3.0)
    assert maintenance.lowest == pytest.approx(0.6 * 7.0 / 11.0)  # 600 000 U a day
    assert (maintenance.highest, maintenance.product) == (1.0, "pegylated")
    assert maintenance.largest_injection == pytest.approx(1.0)  # 600 000 U before, 3.7 MU then
    assert maintenance.longest_apart == maintenance.apart
    assert maintenance.unknown == "the unit system"
    assert not maintenance.amounts_known


def test_everything_that_a_plan_can_say_is_read(frame: Frame, tmp_path: Path) -> None:
    found = plans_in(
        "origin: 2008-05-01\nuntil: 1 a\nplans:\n"
        "  - name: none\n"
        "  - name: by the count\n"
        "    stretches:\n"
        "      - {dose: 1, start: 2008-11-01, stop: 300 d, to: 0, steps: 4}\n"
        "      - {amount: 5.5 MU, per: 7 d, drug: interleukin-2, product: pegylated, stop: 90 d,\n"
        "         cycle: {given: 5 d, every: 56 d}, interval: 1 d}\n"
        "    rule: {hold_above: 500, restart_below: 350, begins: held}\n"
        "    visits: 2 wk\n"
        "    missed: {dates: [2008-05-03], share: 0.1, seed: 4}\n",
        frame,
        tmp_path,
    )
    assert (found.frame.origin, found.frame.until) == (date(2008, 5, 1), date(2009, 5, 1))
    none, by_count = found.plans
    assert none.stretches == ()
    first, second = by_count.stretches  # in order of time
    assert (first.start, first.stop, first.dose, first.interval) == (0.0, 90.0, 0.5, 1.0)
    assert first.cycle == Cycle(5.0, 56.0)
    assert (second.start, second.stop, second.final, second.steps) == (184.0, 300.0, 0.0, 4)
    assert by_count.rule == HoldRule(500.0, 350.0, begins_given=False)
    assert by_count.visits == 14.0
    assert (by_count.missed.days, by_count.missed.share, by_count.missed.seed) == ((2.0,), 0.1, 4)


def goal_with(rule: str, frame: Frame, tmp_path: Path) -> Goal:
    """Return a goal whose design has doses a week apart and one rule."""
    path, design = tmp_path / "goal.yaml", f"doses: [1], intervals: [7 d], rules: [{{{rule}}}]"
    path.write_text(f"targets: [{{keep: 300}}]\ndesign: {{{design}}}\n", encoding="utf-8")
    return read_goal(path, frame)


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("hold_above: 500, restart_below: 350", HoldRule(500.0, 350.0)),
        ("hold_above: 500, restart_below: 350, begins: given", HoldRule(500.0, 350.0)),
        ("start_below: 350", HoldRule(start_below=350.0)),
        (
            "start_below: 350, hold_above: 500, restart_below: 400",
            HoldRule(500.0, 400.0, start_below=350.0),
        ),
        (
            "begins: held, restart_below: 550, cycle: {doses: 3}",
            HoldRule(restart_below=550.0, begins_given=False, cycle=RestartCycle(3)),
        ),
        (
            "hold_above: 500, restart_below: 350, cycle: {doses: 3, every: 2 wk}",
            HoldRule(500.0, 350.0, cycle=RestartCycle(3, 14.0)),
        ),
        ("stop: {above: 500}", HoldRule(stop=StopRule(500.0))),
        (
            "stop: {above: 500, visits: 2, injections: 12}",
            HoldRule(stop=StopRule(500.0, 2, injections=12)),
        ),
    ],
)
def test_a_rule_is_the_same_in_a_plan_and_a_goal(
    frame: Frame, tmp_path: Path, said: str, rule: HoldRule
) -> None:
    stretches = "stretches: [{dose: 1, interval: 7 d}]"
    text = f"plans:\n  - {{name: a, {stretches}, rule: {{{said}}}}}\n"
    assert plans_in(text, frame, tmp_path).plans[0].rule == rule
    assert goal_with(said, frame, tmp_path).design.rules == (rule,)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("begins: given", "found a rule that says nothing; needed 'hold_above' with"),
        ("hold_above: 500", "found 'hold_above' without 'restart_below'; needed both, or a 'stop'"),
        ("restart_below: 350", "found 'restart_below' alone; needed 'hold_above' or a 'cycle'"),
        ("restart_below: 350, stop: {above: 500}", "found 'restart_below' alone; needed"),
        (
            "restart_below: 350, cycle: {doses: 3}",
            "found a 'restart_below' to which nothing leads; needed 'hold_above', or",
        ),
        (
            "start_below: 350, restart_below: 350, cycle: {doses: 3}",
            "found a 'restart_below' to which nothing leads",
        ),
        ("start_below: 350, cycle: {doses: 3}", "found a 'cycle' without 'restart_below'; needed"),
        ("start_below: 350, begins: held", "found 'begins' beside 'start_below'; needed one of"),
        ("begins: held, stop: {above: 500}", "found 'begins: held' without 'restart_below'"),
        (
            "start_below: 351, hold_above: 350, restart_below: 300",
            "found start_below 351 above hold_above 350; needed start_below at most hold_above",
        ),
        (
            "start_below: 351, stop: {above: 350}",
            "found start_below 351 above stop above 350; needed start_below at most stop above",
        ),
        ("stop: {injections: 0}", "found 'injections' of '0'; needed a whole number of at least 1"),
        ("stop: {above: 500, visits: 0}", "found 'visits' of '0'; needed a whole number"),
        ("stop: {visits: 2}", "found 'visits' without 'above'; needed the count that a stop"),
        ("stop: {visits: 2, injections: 9}", "found 'visits' without 'above'; needed"),
        ("stop: {}", "found a 'stop' that says nothing; needed 'above' (at so many 'visits'),"),
        (
            "begins: held, restart_below: 350, cycle: {doses: 2.5}",
            "found 'doses' of '2.5'; needed a whole number of at least 1",
        ),
        ("begins: held, restart_below: 350, cycle: {every: 7 d}", "found no key 'doses'"),
        (
            "begins: held, restart_below: 350, cycle: {doses: 3, every: 10 d}",
            "the rule's 'cycle' has a dose every 10 d, of doses planned every 7 d; needed",
        ),
        ("stop_above: 500", "found the unknown key 'stop_above'"),
    ],
)
def test_a_bad_rule_is_one_error_in_a_plan_and_a_goal(
    frame: Frame, tmp_path: Path, said: str, message: str
) -> None:
    stretches = "stretches: [{dose: 1, interval: 7 d}]"
    with pytest.raises(RecordError) as error:
        plans_in(f"plans:\n  - {{name: a, {stretches}, rule: {{{said}}}}}\n", frame, tmp_path)
    assert error.value.line == 2
    assert message in str(error.value)
    with pytest.raises(RecordError) as error:
        goal_with(said, frame, tmp_path)
    assert error.value.line == 2
    assert message in str(error.value)


def test_doses_of_a_cycle_further_apart_than_any_before_are_an_extrapolation(
    maintenance: Maintenance,
) -> None:
    apart = 7.0 / 3.0
    for every, beyond in ((None, False), (apart, False), (2.0 * apart, True)):
        rule = HoldRule(500.0, 350.0, cycle=RestartCycle(3, every))
        plan = Plan("p", (Stretch(0.0, 365.0, 1.0, apart),), rule)
        assert is_extrapolated(plan, maintenance) == beyond


def test_what_the_patient_has_not_had_is_told_apart(frame: Frame, tmp_path: Path) -> None:
    found = plans_in(
        "plans:\n  - name: a\n  - {name: b, stretches: [{dose: 1}]}\n"
        "  - {name: c, stretches: [{dose: 1, to: 0, steps: 6}]}\n"
        "  - {name: d, stretches: [{dose: 1.5}]}\n  - {name: e, stretches: [{dose: 0.2}]}\n"
        "  - {name: f, stretches: [{dose: 1, cycle: {given: 5 d, every: 56 d}}]}\n",
        frame,
        tmp_path,
    )
    beyond = [plan.name for plan in found.plans if is_extrapolated(plan, frame.maintenance)]
    assert beyond == ["d", "e", "f"]


@pytest.mark.parametrize(
    ("dose", "interval", "beyond"),
    [
        (1.0, 7.0 / 3.0, False),  # maintenance
        (1.0, 1.0, False),  # smaller injections, more often
        (1.0, 7.0 / 3.0 + 1e-6, True),
        (0.4, 4.0, True),  # a smaller injection than at maintenance, but never so far apart
        (1.0, 84.0, True),  # 36 maintenance injections at once
    ],
)
def test_an_injection_larger_or_rarer_than_any_before_is_an_extrapolation(
    maintenance: Maintenance, dose: float, interval: float, beyond: bool
) -> None:
    plan = Plan("p", (Stretch(0.0, 365.0, dose, interval),))
    assert is_extrapolated(plan, maintenance) == beyond
    said = [note for note in plan_notes(plan, maintenance, 365.0) if "extrapolation" in note]
    assert bool(said) == beyond
    assert ("one injection is 36 maintenance injections" in "".join(said)) == (interval == 84.0)


def test_of_a_goal_a_rare_large_injection_is_not_among_what_was_given(
    frame: Frame, tmp_path: Path
) -> None:
    path = tmp_path / "goal.yaml"
    path.write_text(GOAL.replace("doses:", "intervals: [84 d, 1 d], doses:"), encoding="utf-8")
    plans = list(read_goal(path, frame).design.plans())
    given = [plan for plan in plans if not is_extrapolated(plan, frame.maintenance)]
    assert {s.interval for plan in given for s in plan.stretches} == {1.0}


def test_the_last_day_of_the_command_wins(frame: Frame, tmp_path: Path) -> None:
    text = "until: 3 a\nplans: [{name: none}]\n"
    assert plans_in(text, frame, tmp_path, date(2009, 1, 1)).frame.until == date(2009, 1, 1)
    for last in (date(2008, 4, 15), date(2028, 4, 16), date(9999, 12, 31)):
        with pytest.raises(RecordError, match="a day within 20 years after 2008-04-15"):
            plans_in(text, frame, tmp_path, last)
    longest = date(2028, 4, 15)
    assert plans_in(text, frame, tmp_path, longest).frame.until == longest


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ("2003-10-01", ""),
        ("2003-09-30", "needed a day from 2003-10-01, that of the entry count, to 2028-04-15"),
        ("1990-01-01", "needed a day from 2003-10-01"),
        ("2028-04-15", ""),
        ("2028-04-16", "to 2028-04-15"),
        ("9999-06-01", "to 2028-04-15"),
    ],
)
def test_an_origin_lies_where_the_record_lets_one_forecast(
    frame: Frame, tmp_path: Path, origin: str, said: str
) -> None:
    text = f"origin: {origin}\nplans: [{{name: none}}]\n"
    if not said:
        found = plans_in(text, frame, tmp_path).frame
        assert (found.until - found.origin).days == frame.length
        return
    with pytest.raises(RecordError, match=said) as error:
        plans_in(text, frame, tmp_path)
    assert error.value.line == 1


@pytest.mark.parametrize(("start", "day"), [("0", 0.0), ("0 d", 0.0), ("0 wk", 0.0), ("1 wk", 7.0)])
def test_the_origin_can_be_written_as_no_time_after_it(
    frame: Frame, tmp_path: Path, start: str, day: float
) -> None:
    text = f"plans: [{{name: a, stretches: [{{dose: 1, start: {start}}}]}}]\n"
    (plan,) = plans_in(text, frame, tmp_path).plans
    assert plan.stretches[0].start == day


def test_thresholds_are_read_each_once_and_rising(frame: Frame, tmp_path: Path) -> None:
    text = "thresholds: [350, 100, 350]\nplans: [{name: none}]\n"
    assert plans_in(text, frame, tmp_path).thresholds == (100, 350)
    assert plans_in("plans: [{name: none}]\n", frame, tmp_path).thresholds == (200, 300, 500)


def test_what_lies_after_the_last_day_is_named(frame: Frame, tmp_path: Path) -> None:
    text = """plans:
  - name: p
    stretches:
      - {dose: 1, stop: 700 d}
      - {dose: 1, start: 700 d, stop: 1000 d, to: 0, steps: 6}
      - {dose: 1, start: 1100 d, stop: 1200 d}
"""
    (plan,) = plans_in(text, frame, tmp_path).plans

    def notes(length: float) -> list[str]:
        return [x for x in plan_notes(plan, frame.maintenance, length) if "left out" in x]

    cut, out = notes(frame.length)
    assert cut == "of the doses from day 700 to day 1000, those after day 730 are left out"
    assert out == "the doses from day 1100 on are left out: the last day is day 730"
    assert notes(1200.0) == []
    assert len(notes(1199.0)) == 1


def test_the_most_doses_of_a_plan_are_ten_thousand(frame: Frame, tmp_path: Path) -> None:
    text = "plans: [{name: a, stretches: [{dose: 1, interval: INTERVAL}], missed: {share: 0.1}}]\n"
    (plan,) = plans_in(text.replace("INTERVAL", "0.073 d"), frame, tmp_path).plans
    assert len(plan.dose_days()) == 10_000
    for interval in ("0.0729 d", "0.00001 d"):
        with pytest.raises(RecordError, match="doses; needed at most 10000"):
            plans_in(text.replace("INTERVAL", interval), frame, tmp_path)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "an empty file"),
        ("- a\n", 1, "a text or list"),
        ("plan: []\n", 1, "'plans'"),
        ("plans: []\n", 1, "an empty list"),
        ("plans:\n  - name: a\n  - name: a\n", None, "two plans named 'a'"),
        ("until: 2008-01-01\nplans: [{name: a}]\n", 1, "a day within 20 years after 2008-04-15"),
        ("until: soon\nplans: [{name: a}]\n", 1, "such as 180 d"),
        ("thresholds: []\nplans: [{name: a}]\n", 1, "an empty list"),
        ("thresholds: [0]\nplans: [{name: a}]\n", 1, "a whole number of at least 1"),
        ("thresholds: [200.5]\nplans: [{name: a}]\n", 1, "a whole number of at least 1"),
        (f"thresholds: {list(range(1, 12))}\nplans: [{{name: a}}]\n", 1, "11 thresholds; needed"),
        ("until: 9999-12-31\nplans: [{name: a}]\n", 1, "within 20 years after 2008-04-15"),
        ("until: 2028-04-16\nplans: [{name: a}]\n", 1, "within 20 years after 2008-04-15"),
        (
            "plans:\n  - name: a\n    stretches: [{dose: 1, start: 0 bananas}]\n",
            3,
            "'0 bananas'; needed a day such as 2008-06-30, or a time after the origin",
        ),
        ("plans:\n  - name: a\n    stretches: [{dose: 1, per: 7 d}]\n", 3, "'per' beside a 'dose'"),
        (
            "plans:\n  - name: a\n    visits: 7 d\n    stretches: [{dose: 1}]\n",
            2,
            "'visits' without a 'rule'",
        ),
        ("plans:\n  - name: a\n    missed: {share: 0.1}\n", 2, "'missed' without stretches"),
        (
            "plans:\n  - name: a\n    stretches: [{dose: 1}]\n    missed: {seed: 2}\n",
            4,
            "a 'seed' without a 'share'",
        ),
        (
            "plans:\n  - name: a\n    stretches:\n      - {dose: 1, stop: 100 d}\n"
            "      - {dose: 1, start: 90 d}\n",
            2,
            "begins before the one from day 0 stops",
        ),
        (
            "plans:\n  - name: a\n    stretches:\n      - {dose: 1, product: native}\n",
            4,
            "the product 'native'; needed the product of the record, 'pegylated'",
        ),
        (
            "plans:\n  - name: a\n    stretches:\n      - {dose: 1, drug: clarithromycin}\n",
            4,
            "the drug 'clarithromycin'; needed 'interleukin-2'",
        ),
        (
            "plans:\n  - name: a\n    stretches:\n      - {amount: 9 MIU, per: 7 d}\n",
            4,
            "the record's own unit, M[arb'U]",
        ),
        ("plans:\n  - name: a\n    stretches: [{amount: 9 MU}]\n", 3, "without 'per'"),
        ("plans:\n  - name: a\n    stretches: [{start: 1 d}]\n", 3, "no dose"),
        ("plans:\n  - name: a\n    stretches: [{dose: -1}]\n", 3, "a number of at least 0"),
        ("plans:\n  - name: a\n    stretches: [{dose: 1, start: 2007-01-01}]\n", 3, "the origin"),
        (
            "plans:\n  - name: a\n    stretches: [{dose: 1}]\n"
            "    rule: {hold_above: 300, restart_below: 500}\n",
            4,
            "restart_below at most hold_above",
        ),
        ("plans:\n  - name: a\n    missed: {share: 2}\n", 3, "a number from 0 to 1"),
        (
            "plans:\n  - name: a\n    missed: {unknown: 0.1, share: 0.1}\n",
            3,
            "doses missed on unknown days alone",
        ),
        (
            "plans:\n  - name: a\n    stretches: [{dose: 1, stop: 30 d}]\n"
            "    missed: {dates: [30 d]}\n",
            2,
            "on which none is due",
        ),
    ],
)
def test_a_bad_plan_is_one_error_with_its_line(
    frame: Frame, tmp_path: Path, text: str, line: int | None, message: str
) -> None:
    with pytest.raises(RecordError) as error:
        plans_in(text, frame, tmp_path)
    assert (error.value.file, error.value.line) == ("plan.yaml", line)
    assert message in str(error.value)


def test_everything_that_a_goal_can_say_is_read(frame: Frame, tmp_path: Path) -> None:
    path = tmp_path / "goal.yaml"
    path.write_text(
        "title: t\nuntil: 400 d\ntargets:\n  - {keep: 300, from: 30 d, probability: 0.8}\n"
        "  - {reach: 500, by: 200 d, weight: 2}\nlimits:\n  - {injections: 90, probability: 0.9}\n"
        "  - {injection_amount: 11 MU, product: pegylated}\ncost: {weekly_dose: 0.1}\n"
        "design:\n  doses: [0, 0.5, 1, 1]\n  durations: [100 d, 400 d]\n  tapers: [0 d, 60 d]\n"
        "  cycles: [none, {given: 5 d, every: 56 d}]\n"
        "  rules: [none, {hold_above: 500, restart_below: 350}]\n",
        encoding="utf-8",
    )
    goal = read_goal(path, frame)
    assert (goal.title, goal.length) == ("t", 400.0)
    keep, reach = goal.targets
    assert (keep.keep, keep.count, keep.start, keep.end, keep.probability) == (
        True, 300.0, 30.0, 400.0, 0.8
    )  # fmt: skip
    assert (reach.keep, reach.end, reach.weight) == (False, 200.0, 2.0)
    injections, one = goal.limits
    assert (injections.kind, injections.bound) == (LimitKind.INJECTIONS, 90.0)
    assert one.kind is LimitKind.INJECTION
    assert one.bound == pytest.approx(3.0)  # maintenance injections of 11/3 MU
    plans = list(goal.design.plans())
    # No drug, and 2 doses x 2 cycles x 2 rules x (100 d with and without taper, 400 d once).
    assert len(plans) == 1 + 2 * 2 * 2 * 3
    assert len({plan.name for plan in plans}) == len(plans)


def test_a_limit_on_an_event_or_a_week_is_read_with_its_model(frame: Frame, tmp_path: Path) -> None:
    path = tmp_path / "goal.yaml"
    path.write_text(
        FEVER + "limits:\n  - {event: fever, probability: 0.9}\n"
        "  - {weekly_amount: 5.5 MU, product: pegylated}\n" + GOAL,
        encoding="utf-8",
    )
    goal = read_goal(path, frame)
    (fever,) = goal.events
    assert (fever.event, fever.of_injection, fever.at_maintenance) == ("fever", True, 0.3)
    assert (fever.slope, fever.spread, fever.source, fever.probability) == (
        1.0,
        0.0,
        "assumed",
        0.9,
    )
    (week,) = goal.limits
    assert week.kind is LimitKind.WEEKLY_DOSE
    assert week.bound == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (DESIGN, 1, "'targets'"),
        ("targets: [{keep: 300}]\n", 1, "'design'"),
        ("targets: [{keep: 300, reach: 500}]\n" + DESIGN, 1, "both 'keep' and 'reach'"),
        ("targets: [{weight: 1}]\n" + DESIGN, 1, "neither 'keep' nor 'reach'"),
        ("targets: [{reach: 500, by: 3 a}]\n" + DESIGN, 1, "the last at most 730"),
        ("limits: [{weekly_dose: 0}]\n" + GOAL, 1, "a limit of '0'; needed a number above 0"),
        ("limits: [{injection_amount: 0 MU}]\n" + GOAL, 1, "a limit of '0 M[arb'U]'"),
        ("limits: [{injection_amount: 1 MU, product: x}]\n" + GOAL, 1, "the product 'x'"),
        ("limits: [{weekly_amount: 0 MU}]\n" + GOAL, 1, "a limit of '0 M[arb'U]'"),
        ("limits: [{weekly_amount: 9 MIU}]\n" + GOAL, 1, "the record's own unit, M[arb'U]"),
        ("limits: [{injections: 9, weekly_dose: 1}]\n" + GOAL, 1, "in each limit"),
        ("limits: [{probability: 0.5}]\n" + GOAL, 1, "found no bound; needed one of"),
        ("limits: [{event: fever}]\n" + GOAL, 1, "a limit on 'fever'; needed an event that"),
        (FEVER + "limits: [{event: rash}]\n" + GOAL, 2, "has a model of ('fever')"),
        (FEVER.replace("0.3", "1") + GOAL, 1, "a probability of 1 at maintenance"),
        (FEVER.replace("of: injection", "of: cycle") + GOAL, 1, "injection, weekly_dose"),
        (FEVER.replace("}]", "}, " + FEVER[9:]) + GOAL, 1, "two models of 'fever'"),
        ("limits: [{injections: 9, probability: 0}]\n" + GOAL, 1, "a number from above 0 to 1"),
        ("targets: [{keep: 300}]\ndesign: {doses: [0]}\n", 2, "no dose above 0"),
        ("targets: [{keep: 300}]\ndesign: {doses: [1], durations: [9 a]}\n", 2, "at most 730 d"),
        ("targets: [{keep: 300}]\ndesign: {dose: [1]}\n", 2, "'doses'"),
    ],
)
def test_a_bad_goal_is_one_error_with_its_line(
    frame: Frame, tmp_path: Path, text: str, line: int, message: str
) -> None:
    path = tmp_path / "goal.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecordError) as error:
        read_goal(path, frame)
    assert (error.value.file, error.value.line) == ("goal.yaml", line)
    assert message in str(error.value)


def example_of(page: str, number: int = 1) -> str:
    """Return the YAML that a page shows."""
    text = (ROOT / "docs" / "usage" / page).read_text(encoding="utf-8")
    return text.split("```yaml\n")[number].split("```")[0]


def test_the_examples_on_the_pages_are_read(frame: Frame, tmp_path: Path) -> None:
    assert len(plans_in(example_of("forecast.md"), frame, tmp_path).plans) == 4
    path = tmp_path / "goal.yaml"
    path.write_text(example_of("optimise.md"), encoding="utf-8")
    goal = read_goal(path, frame)
    assert (len(goal.targets), len(goal.limits)) == (2, 3)
    rules = indent(example_of("forecast.md", 2), "  ")
    path.write_text(f"{GOAL.replace(DESIGN, '')}design:\n  doses: [1]\n  intervals: [7 d]\n{rules}")
    assert len(read_goal(path, frame).design.rules) == 4
