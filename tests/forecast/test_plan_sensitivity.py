"""How the probabilities of plans move when an assumption changes, and the verdicts on them."""

import csv
import json
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from lymphocast.forecast import sensitivity
from lymphocast.forecast.plan import Plan, Stretch
from lymphocast.forecast.plan_forecast import forecast_plans, frame_of
from lymphocast.forecast.plan_results import PlanForecast, PlanRow, PlanSensitivity
from lymphocast.forecast.plan_sensitivity import plan_sensitivity
from lymphocast.forecast.results import AVERAGED, Answer
from lymphocast.forecast.sensitivity import Change, ChangedFit
from lymphocast.inference.fit_file import write_fit
from lymphocast.inference.posterior import Fit
from tests.conftest import Command
from tests.founding import quick_fit

LENGTH = 240  # days: two points
PLANS = (Plan("none"), Plan("all", (Stretch(0.0, LENGTH, 1.0, 7.0 / 3.0),)))


@cache
def with_the_gain(factor: float = 1.0) -> Fit:
    """The founding case in 300 draws of each hypothesis, with its gain multiplied."""
    fit = quick_fit()
    return replace(
        fit,
        posteriors=tuple(
            replace(
                p,
                draws={n: x[:300] * (factor if n == "gain" else 1.0) for n, x in p.draws.items()},
            )
            for p in fit.posteriors
        ),
    )


@cache
def followed(factor: float = 1.0) -> PlanForecast:
    fit = with_the_gain(factor)
    return forecast_plans(fit, PLANS, frame_of(fit, frame_of(fit).origin + timedelta(days=LENGTH)))


def told(*factors: float) -> PlanSensitivity:
    """Analyses by the factor of their gain; the first is the base."""
    fits = [ChangedFit(f"{x:g}", f"gain x {x:g}", with_the_gain(x)) for x in factors]
    rows = {id(with_the_gain(x)): followed(x).rows for x in factors}
    return plan_sensitivity(rows[id(fits[0].fit)], fits, lambda fit: rows[id(fit)])


def test_every_probability_of_every_day_has_a_verdict_and_the_base_is_the_table_itself() -> None:
    found, (base,), verdicts = followed(), told(1.0).rows, told(1.0).verdicts
    points = [(r, p) for r in found.rows for p in r.course.averaged.points]
    assert len(points) == 2 * len(found.rows)
    assert len(verdicts) == len(points) * (4 * len(found.thresholds) + 5)
    assert len({v.verdict.id for v in verdicts}) == len(verdicts) == len(base.probabilities)
    row, point = points[-1]
    last = {(v.quantity, v.threshold): v for v in verdicts if v.day == point.day
            and (v.plan, v.reading) == (row.plan, row.reading)}  # fmt: skip
    assert last["p_below_by_then", 300].verdict.probability == point.p_below_by_then[300]
    assert last["p_above", 500].verdict.probability == point.p_above[500]
    assert point.infection is not None
    negative = last["p_culture_negative", None].verdict
    assert negative.probability == negative.lowest == negative.highest
    assert negative.probability == point.infection.p_culture_negative
    assert str(found.until) in negative.question
    assert row.label in negative.question


def test_one_analysis_is_enough_to_undecide_what_the_drug_alone_decides() -> None:
    def answers(found: PlanSensitivity) -> dict[tuple[str, str, int | None], Answer]:
        until = followed().until
        return {(v.plan, v.quantity, v.threshold): v.verdict.answer
                for v in found.verdicts if v.day == until and not v.reading}  # fmt: skip

    reached = ("all", "p_above_by_then", 500)
    alone, both = told(1.0), told(1.0, 1e-9)
    assert answers(alone)[reached] is Answer.YES
    assert answers(both)[reached] is Answer.UNDECIDED
    clear = ("all", "p_culture_negative", None)
    assert answers(alone)[clear] is answers(both)[clear] is Answer.YES
    # Where the drug adds nothing, its plan is that of no drug; the base row stays what it was.
    assert both.rows[0] == alone.rows[0]
    nothing = both.rows[1].probabilities
    others = {v.verdict.id: v for v in both.verdicts}
    for name, p in nothing.items():
        if others[name].plan == "none":
            twin = name.replace("1 ", "2 ", 1)
            assert nothing[twin] == pytest.approx(p, abs=1e-6)
            assert others[twin].plan == "all"


def test_analyses_with_too_few_draws_decide_nothing() -> None:
    def answers(ess: float) -> set[Answer]:
        fit = with_the_gain()
        other = replace(fit, posteriors=tuple(replace(p, ess=ess) for p in fit.posteriors))
        fits = [ChangedFit("base", "base", fit), ChangedFit("thin", "thin", other)]
        return {v.verdict.answer for v in told_of(fits).verdicts}

    assert answers(99.9) == {Answer.UNDECIDED}
    assert {Answer.YES, Answer.NO} < answers(100.0)


def test_what_an_analysis_says_nothing_of_has_no_verdict() -> None:
    fits = [ChangedFit(x, x, with_the_gain()) for x in ("base", "other")]
    found = told_of(fits, untold=True)
    assert {v.quantity for v in found.verdicts} == {
        "p_below", "p_below_by_then", "p_above", "p_above_by_then"
    }  # fmt: skip
    assert len(found.verdicts) == len(found.rows[1].probabilities)


def told_of(fits: list[ChangedFit], *, untold: bool = False) -> PlanSensitivity:
    """Analyses that find the same, perhaps without the infection."""
    rows = followed().rows
    other = tuple(map(without_infection, rows)) if untold else rows
    return plan_sensitivity(rows, fits, lambda _: other)


def without_infection(row: PlanRow) -> PlanRow:
    mean = row.course.averaged
    points = tuple(replace(p, infection=None) for p in mean.points)
    return replace(row, course=replace(row.course, averaged=replace(mean, points=points)))


def test_sensitivity_is_asked_for_and_its_absence_is_said(
    lymphocast: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Change("half", "half the gain", lambda _, __: with_the_gain(0.5))
    monkeypatch.setattr(sensitivity, "_changes", lambda _, __: [made])
    write_fit(with_the_gain(), tmp_path / "fit.nc")
    plans = "plans: [{name: all, stretches: [{dose: 1}]}]"
    (tmp_path / "plan.yaml").write_text(f"until: {LENGTH} d\n{plans}\n", encoding="utf-8")
    command = ("forecast", "fit.nc", "--plan", "plan.yaml")
    assert "No verdicts: how these probabilities move" in lymphocast(*command, cwd=tmp_path).out
    for suffix in ("json", "csv"):
        done = lymphocast(*command, "--sensitivity", "-o", f"found.{suffix}", cwd=tmp_path)
        assert done.code == 0
    content = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))["sensitivity"]
    assert [row["name"] for row in content["rows"]] == ["base", "half"]
    last = content["verdicts"][-1]
    with (tmp_path / "found.csv").open(encoding="utf-8") as file:
        rows = {(r["plan"], r["reading"], r["day"], r["quantity"], r["threshold"]): r["value"]
                for r in csv.DictReader(file) if r["hypothesis"] == AVERAGED}  # fmt: skip
    where, name = (last["plan"], last["reading"], last["day"]), last["quantity"]
    assert rows[*where, f"{name}_verdict", ""] == last["verdict"]["answer"]
    half = content["rows"][1]["probabilities"][last["verdict"]["id"]]
    assert float(rows[*where, f"{name}_if_half", ""]) == half
    assert rows[*where, name, ""] == rows[*where, f"{name}_if_base", ""]
    assert float(rows[*where, f"{name}_lowest", ""]) == last["verdict"]["lowest"]


def test_verdicts_need_something_to_judge(lymphocast: Command, tmp_path: Path) -> None:
    write_fit(with_the_gain(), tmp_path / "fit.nc")
    for command, needed in (
        (("forecast", "fit.nc"), "--plan or --until"),
        (("report", "fit.nc", "-o", "report.html"), "--plan or --goal"),
    ):
        done = lymphocast(*command, "--sensitivity", cwd=tmp_path)
        assert done.code == 2
        assert f"found --sensitivity without {needed}; needed one of them" in done.err
        assert not (tmp_path / "report.html").exists()
