"""Forecasts of plans and regimen searches on the founding case, and their commands."""

import csv
import json
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lymphocast import decisions
from lymphocast.decisions import plans_of, search_of, write_plans
from lymphocast.errors import RecordError, UsageError
from lymphocast.forecast.course_plan import follow_plan
from lymphocast.forecast.ensemble import ensemble_of
from lymphocast.forecast.goal import Cost, Design, EventLimit, Goal, GoalLimit, LimitKind, Target
from lymphocast.forecast.plan import Plan, Stretch
from lymphocast.forecast.plan_forecast import forecast_plans, frame_of
from lymphocast.forecast.plan_results import PlanForecast
from lymphocast.forecast.policy import HoldRule
from lymphocast.forecast.regimen_ground import common_draws
from lymphocast.forecast.regimen_results import RegimenSearch
from lymphocast.forecast.regimen_search import optimise
from lymphocast.forecast.search import Race
from lymphocast.inference.fit_file import write_fit
from tests.conftest import Command
from tests.founding import quick_fit

APART = 7.0 / 3.0
LEGS = Race(50, 6, 300)
SECOND_SEED = 6
PLANS = """\
until: 2 a
plans:
  - name: no treatment
  - name: half of maintenance
    stretches: [{dose: 0.5}]
    missed: {share: 0.2, seed: 3}
  - name: by the count
    stretches: [{dose: 1}]
    rule: {hold_above: 500, restart_below: 350}
"""
GOAL = """\
title: keep it
targets: [{keep: 300}]
limits: [{count_below: 5000, probability: 0.9}]
design: {doses: [0.5, 1]}
"""


def goal(
    doses: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0), limits: tuple[GoalLimit, ...] = ()
) -> Goal:
    length = 728.0
    return Goal(
        title="keep the count",
        origin=date(2008, 4, 15),
        until=date(2010, 4, 13),
        targets=(Target(300.0, True, 0.0, length), Target(500.0, False, 0.0, 365.0)),
        limits=limits,
        cost=Cost(weekly_dose=0.2),
        design=Design(doses, (APART,), (None,), (length,), (0.0,), (None,), 28.0, length),
    )


@pytest.fixture(scope="module")
def forecast() -> PlanForecast:
    fit = quick_fit()
    given = (Stretch(0.0, 731.0, 1.0, APART),)
    plans = (Plan("none"), Plan("all", given), Plan("rule", given, HoldRule(500.0, 350.0)))
    return forecast_plans(fit, plans, frame_of(fit))


@pytest.fixture(scope="module")
def search() -> RegimenSearch:
    return optimise(quick_fit(), goal(), legs=LEGS)


@pytest.fixture(scope="module")
def fit_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("fit") / "fit.nc"
    write_fit(quick_fit(), path)
    return str(path)


def test_plans_are_compared_on_the_same_days_and_labelled(forecast: PlanForecast) -> None:
    assumed = "(last missed, assumed share)"  # the record says that doses were missed
    assert [row.label for row in forecast.rows] == [
        "none", "all", f"all {assumed}", "rule", f"rule {assumed}",
    ]  # fmt: skip
    none, everything, less, rule, _ = (row.course.averaged for row in forecast.rows)
    assert less.points[-1].latent.p50 < everything.points[-1].latent.p50
    assert less.points[0] == everything.points[0], "the last tenth of two years"
    assert [p.day for p in none.points] == [p.day for p in rule.points]
    assert none.points[-1].day == forecast.until
    assert none.weekly_dose.p95 == 0.0
    assert 0.0 < rule.weekly_dose.p50 < everything.weekly_dose.p50
    last = everything.points[-1]
    assert none.points[-1].latent.p50 < last.latent.p50
    assert last.measured.p95 - last.measured.p05 > last.latent.p95 - last.latent.p05


def test_a_passage_is_never_rarer_than_being_there(forecast: PlanForecast) -> None:
    for row in forecast.rows:
        before = 0.0
        for point in row.course.averaged.points:
            for limit in (200, 300, 500):
                assert point.p_below[limit] <= point.p_below_by_then[limit]
                assert point.p_above[limit] <= point.p_above_by_then[limit]
                assert point.p_below[limit] + point.p_above[limit] == pytest.approx(1.0)
            assert point.p_below_by_then[300] >= before
            before = point.p_below_by_then[300]


def test_where_il2_adds_no_cells_no_plan_changes_the_count(forecast: PlanForecast) -> None:
    for name, course in forecast.rows[0].course.by_hypothesis.items():
        if name.startswith("no-il2"):
            for row in forecast.rows[1:]:
                assert row.course.by_hypothesis[name].points[-1].latent == course.points[-1].latent


def test_the_founding_case_is_told_what_it_does_not_know(search: RegimenSearch) -> None:
    assert search.banners[0].startswith("By assumption: the data say nothing about the dose")
    assert "unit system" in search.banners[1]
    assert search.extrapolated is not None
    assert {row.regimen[:9] for row in search.extrapolated.rows} == {"no drug", "dose 0.25"}
    assert {row.regimen[:8] for row in search.given.rows} == {
        "no drug", "dose 0.5", "dose 0.7", "dose 1, "
    }  # fmt: skip
    total = sum(row.p_best for row in search.given.rows)
    assert total == pytest.approx(1.0)
    assert all(row.regret >= 0.0 for row in search.given.rows)


def test_no_dose_is_the_best_more_often_than_chance_where_no_data_tell_doses_apart(
    search: RegimenSearch,
) -> None:
    given = search.given
    none, *doses = sorted(given.rows, key=lambda row: row.regimen != "no drug")
    assert given.chance == 0.25
    # By the prior alone one dose would lead; that is kept apart, under another name.
    assert max(row.p_best_if_assumed or 0.0 for row in doses) > 1.5 * given.chance
    assert max(row.p_best for row in doses) <= given.chance
    share = (1.0 - none.p_best) / 3.0
    assert [row.p_best for row in doses] == pytest.approx([share] * 3)
    assert none.p_best == none.p_best_if_assumed, "of no drug the data do say something"


def test_p_best_of_a_design_is_shared_by_its_doses_and_by_nothing_else() -> None:
    wide = goal(doses=(0.5, 0.75, 1.0))
    rules = (None, HoldRule(500.0, 350.0))
    design = replace(wide.design, durations=(182.0, 728.0), rules=rules, cycles=(None,))
    few = GoalLimit(LimitKind.COUNT_BELOW, 200.0, 0.9)
    found = optimise(
        quick_fit(), replace(wide, design=design, limits=(few,)), legs=Race(50, 20, 300)
    ).given
    contest = [row for row in found.rows if row.keeps_limits]
    assert found.feasible
    assert 0 < len(contest) < len(found.rows), "who breaks a limit too often cannot be the best"
    assert sum(x.doses for x in found.designs) == len(contest)
    assert sum(x.p_best for x in found.designs) == pytest.approx(1.0)
    assert sum(x.chance for x in found.designs) == pytest.approx(1.0)
    for share in found.designs:
        own = [row for row in contest if row.regimen.endswith(share.design)]
        assert len(own) == share.doses
        assert [row.p_best * share.doses for row in own] == pytest.approx([share.p_best] * len(own))
        assumed = sum(row.p_best_if_assumed or 0.0 for row in own)
        assert assumed == pytest.approx(share.p_best)
    assert all(row.p_best == 0.0 for row in found.rows if not row.keeps_limits)


def test_the_order_moves_with_the_explanation(search: RegimenSearch) -> None:
    best = search.given.best_under
    assert best["no-il2+infection"] == "no drug", "where the drug adds nothing it only costs"
    assert best["il2+stable"] != "no drug"
    assert {"sceptical prior", "enthusiastic prior"} <= set(best)
    for row in search.given.rows:
        assert set(row.rank_under) == set(best)


def test_the_trade_off_front_of_all_regimens_has_both_ends(search: RegimenSearch) -> None:
    points = search.given.front
    assert points[0].regimen == "no drug"
    assert points[0].weekly_dose == points[0].injections == 0.0
    for fewer, more in pairwise(points):
        assert fewer.weekly_dose <= more.weekly_dose
    most = max(row.p_target["keep the count at 300 or above"] for row in search.given.rows)
    assert max(point.target for point in points) > 0.5 * most
    names = {row.regimen for row in search.given.rows}
    assert {point.regimen for point in points} <= names, "four compared, all in the last leg"


def test_a_limit_on_an_event_holds_the_dose_down_and_says_whose_model_it_is() -> None:
    fever = EventLimit("fever", of_injection=False, at_maintenance=0.3, slope=3.0, spread=0.3,
                       source="made up", probability=0.9)  # fmt: skip
    found = optimise(quick_fit(), replace(goal(), events=(fever,)), legs=LEGS)
    kept = {row.regimen[:8]: row.keeps_limits for row in found.given.rows}
    assert kept == {"no drug": True, "dose 0.5": True, "dose 0.7": False, "dose 1, ": False}
    assert found.given.rows[0].keeps_limits
    assert any("fever" in note and "made up" in note for note in found.notes)


def test_the_presets_are_those_that_the_fit_does_not_have() -> None:
    found = optimise(replace(quick_fit(), preset="sceptical"), goal(), legs=LEGS)
    names = {name for name in found.given.best_under if name.endswith("prior")}
    assert names == {"neutral prior", "enthusiastic prior"}


def test_a_chance_limit_of_a_search_holds_on_fresh_draws() -> None:
    # Fresh draws are those of another fit, by another seed: nothing that the search has seen.
    asked, few, many = 0.9, 1_000, 10_000
    floor = GoalLimit(LimitKind.COUNT_BELOW, 240.0, asked)
    wanted = goal(doses=(0.5, 1.0), limits=(floor,))
    design = replace(wanted.design, durations=(90.0, 180.0, 270.0, 360.0, 450.0))
    wanted = replace(wanted, design=design)
    found = optimise(quick_fit(), wanted, legs=Race(100, 10, few)).given
    broken = {row.regimen: row.p_broken[floor.label] for row in found.rows}
    assert len({p for p in broken.values() if 0.01 < p < 0.3}) > 5, "rare and frequent alike"
    fresh = common_draws(ensemble_of(quick_fit(SECOND_SEED)), wanted, 77, many)
    plans = {plan.name: plan for plan in wanted.design.plans()}
    for row in found.rows:
        counts = follow_plan(fresh, plans[row.regimen], 1).counts
        often = float((counts.min(axis=0) < floor.bound).mean())
        both = (few * broken[row.regimen] + many * often) / (few + many)
        error = 3.0 * np.sqrt(both * (1.0 - both) * (1 / few + 1 / many))
        assert broken[row.regimen] == pytest.approx(often, abs=error)
        assert row.keeps_limits == (broken[row.regimen] <= 1.0 - asked)
        assert often < 1.0 - asked + error if row.keeps_limits else often > 1.0 - asked - error


def test_a_search_is_repeated_by_its_seed(search: RegimenSearch) -> None:
    assert optimise(quick_fit(), goal(), legs=LEGS) == search
    assert optimise(quick_fit(), goal(), legs=LEGS, seed=99).given.rows != search.given.rows


def test_limits_decide_before_utility() -> None:
    floor = GoalLimit(LimitKind.COUNT_BELOW, 200.0, 0.99)
    dose = GoalLimit(LimitKind.WEEKLY_DOSE, 0.8)
    few = GoalLimit(LimitKind.INJECTIONS, 1000.0)
    found = optimise(quick_fit(), goal(limits=(floor, dose, few)), legs=LEGS).given
    assert found.feasible
    kept = {row.regimen[:8]: row.keeps_limits for row in found.rows}
    assert kept == {"no drug": False, "dose 0.5": True, "dose 0.7": True, "dose 1, ": False}
    assert found.rows[0].keeps_limits


def test_a_goal_that_no_regimen_meets_gives_the_least_bad_and_why() -> None:
    wanted = goal(limits=(GoalLimit(LimitKind.COUNT_BELOW, 450.0, 0.95),))
    wanted = replace(wanted, targets=(*wanted.targets, Target(9000.0, False, 0.0, 365.0)))
    found = optimise(quick_fit(), wanted, legs=LEGS).given
    assert not found.feasible
    limit, target = found.reasons
    assert limit.startswith("no regimen keeps 'the count never below 450' with probability 0.95")
    assert target == "no regimen meets the target 'reach 9000 by day 365' in any draw"
    missing = [row.shortfall for row in found.rows]
    assert missing == sorted(missing)
    assert missing[0] > 0.0


def test_forecast_follows_plans_and_draws_them(
    lymphocast: Command, fit_path: str, tmp_path: Path
) -> None:
    (tmp_path / "plan.yaml").write_text(PLANS, encoding="utf-8")
    command = ("forecast", fit_path, "--plan", "plan.yaml")
    shown = lymphocast(*command, cwd=tmp_path)
    assert shown.code == 0
    assert "half of maintenance (none missed)" in shown.out
    assert "By assumption" in shown.out
    assert "Not advice" in shown.out
    done = lymphocast(*command, "-o", "plans.svg", cwd=tmp_path)
    assert (done.code, done.out) == (0, "plans.svg\n")
    svg = (tmp_path / "plans.svg").read_text(encoding="utf-8")
    for words in ("under 3 plans", "no treatment", "half of maintenance", "by the count"):
        assert words in svg


def test_the_table_of_plans_holds_what_the_json_holds(
    forecast: PlanForecast, tmp_path: Path
) -> None:
    for name in ("plans.csv", "plans.json"):
        write_plans(forecast, quick_fit().record, tmp_path / name)
    content = json.loads((tmp_path / "plans.json").read_text(encoding="utf-8"))
    assert content["schema"] == "lymphocast plan forecast 1"
    with (tmp_path / "plans.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    last = content["rows"][-1]["course"]["averaged"]["points"][-1]
    at = {
        (r["quantity"], r["threshold"]): float(r["value"])
        for r in rows
        if (r["reading"], r["hypothesis"], r["day"])
        == ("last missed, assumed share", "averaged", content["until"])
        and r["plan"] == "rule"
    }
    assert at["measured_p95", ""] == last["measured"]["p95"]
    assert at["first_passage_p_above", "500"] == last["p_above_by_then"]["500"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--until", "soon"), 2, "--until: found 'soon'"),
        (("--until", "2001-01-01"), 2, "the last count is of 2008-04-15; needed a day within"),
        (("--until", "9999-12-31"), 2, "within 20 years after 2008-04-15"),
        (("--plan", "plan.yaml", "--until", "9999-12-31"), 1, "within 20 years after 2008-04-15"),
        (("--plan", "bad.yaml"), 1, "bad.yaml, line 1: found"),
        (("--plan", "plan.yaml", "--plan", "plan.yaml"), 2, "two plans named"),
        (("-o", "plans.svg"), 2, "needs --plan or --until"),
    ],
)
def test_a_wrong_call_of_forecast_is_one_clear_line(
    lymphocast: Command, fit_path: str, tmp_path: Path, arguments: tuple[str, ...], code: int,
    message: str,
) -> None:  # fmt: skip
    (tmp_path / "plan.yaml").write_text(PLANS, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("plan: []\n", encoding="utf-8")
    done = lymphocast("forecast", fit_path, *arguments, cwd=tmp_path)
    assert done.code == code
    assert message in done.err
    assert done.err.count("\n") == 1


def test_without_counts_there_is_nothing_to_plan_from(tmp_path: Path) -> None:
    fit = quick_fit()
    bare = replace(fit, individual=replace(fit.individual, counts=()))
    (tmp_path / "plan.yaml").write_text(PLANS, encoding="utf-8")
    (tmp_path / "goal.yaml").write_text(GOAL, encoding="utf-8")
    for ask in (
        lambda: plans_of(bare, [tmp_path / "plan.yaml"], None),
        lambda: plans_of(bare, [], date(2010, 1, 1)),
        lambda: search_of(bare, tmp_path / "goal.yaml"),
    ):
        with pytest.raises(
            RecordError, match=r"fewer than two.*nothing to explain or to forecast from"
        ):
            ask()


def test_a_plan_in_the_past_may_end_before_the_last_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "forecast_plans", lambda fit, plans, frame, **_: frame)
    (tmp_path / "plan.yaml").write_text("origin: 2004-08-01\nplans: [{name: a}]\n")
    found = plans_of(quick_fit(), [tmp_path / "plan.yaml"], date(2005, 8, 1))
    assert (found.origin, found.until) == (date(2004, 8, 1), date(2005, 8, 1))


def test_plans_of_two_files_stand_side_by_side_only_if_they_ask_the_same(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("until: 1 a\nplans: [{name: a}]\n")
    for text, said in (
        ("until: 2 a\n", "found plans from 2008-04-15 to 2010-04-15 with"),
        ("until: 1 a\nthresholds: [300]\n", "with thresholds 300; needed as in"),
    ):
        two.write_text(text + "plans: [{name: b}]\n")
        with pytest.raises(UsageError, match=said):
            plans_of(quick_fit(), [one, two], None)


def test_optimise_prints_the_banner_and_why_a_goal_is_not_met(
    lymphocast: Command, fit_path: str, tmp_path: Path
) -> None:
    (tmp_path / "goal.yaml").write_text(GOAL, encoding="utf-8")
    command = ("optimise", fit_path, "--goal", "goal.yaml")
    shown = lymphocast(*command, cwd=tmp_path)
    assert shown.code == 0
    assert "! By assumption" in shown.out
    assert "No regimen keeps every limit; the least bad come first." in shown.out
    assert "draws" in shown.err  # progress
    programs = lymphocast(*command, "--json", cwd=tmp_path)
    assert programs.err == ""
    assert json.loads(programs.out)["given"]["feasible"] is False
    done = lymphocast(*command, "-o", "found.csv", cwd=tmp_path)
    assert (done.code, done.out) == (0, "found.csv\n")
    text = (tmp_path / "found.csv").read_text(encoding="utf-8")
    assert text.startswith("table,place,regimen,quantity,of,value\n,,,banner,,")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "count_below: 5000",
            "injections: 0",
            "line 3: found a limit of '0'; needed a number",
        ),
        ("count_below: 5000", "weekly_amount: 1 MU, product: native", "line 3: found the product"),
        ("count_below: 5000", "event: fever", "line 3: found a limit on 'fever'; needed an event"),
        ("keep: 300", "hold: 300", "line 2"),
        ("doses: [0.5, 1]", "doses: [0]", "line 4: found no dose above 0"),
    ],
)
def test_a_goal_that_cannot_be_searched_for_is_one_clear_line(
    lymphocast: Command, fit_path: str, tmp_path: Path, old: str, new: str, message: str
) -> None:
    (tmp_path / "goal.yaml").write_text(GOAL.replace(old, new), encoding="utf-8")
    done = lymphocast("optimise", fit_path, "--goal", "goal.yaml", "-o", "x.json", cwd=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: goal.yaml, {message}")
    assert done.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["goal.yaml"]
