"""How a ranking moves when an assumption changes, and the verdicts on what it says."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from lymphocast.decisions import search_of, unfinished
from lymphocast.forecast import sensitivity
from lymphocast.forecast.goal import Goal, GoalLimit, LimitKind
from lymphocast.forecast.regimen_ground import Ground
from lymphocast.forecast.regimen_results import RegimenSensitivity, RegimenTable
from lymphocast.forecast.regimen_search import optimise
from lymphocast.forecast.regimen_sensitivity import with_sensitivity
from lymphocast.forecast.results import Answer
from lymphocast.forecast.search import Race
from lymphocast.forecast.sensitivity import Change, ChangedFit
from lymphocast.inference.fit_file import write_fit
from lymphocast.inference.posterior import Fit
from tests.conftest import Command
from tests.forecast.test_decisions import goal
from tests.founding import quick_fit

LEGS = Race(50, 6, 300)
FLOOR = GoalLimit(LimitKind.COUNT_BELOW, 200.0, 0.9)


@cache
def table() -> RegimenTable:
    return optimise(quick_fit(), wanted(), legs=LEGS).given


def wanted() -> Goal:
    return goal(doses=(0.5, 0.75, 1.0), limits=(FLOOR,))


def with_the_gain(factor: float) -> Fit:
    fit = quick_fit()
    return replace(
        fit,
        posteriors=tuple(
            replace(p, draws={**p.draws, "gain": p.draws["gain"] * factor}) for p in fit.posteriors
        ),
    )


def told(*others: Fit, assumed: bool = True) -> RegimenSensitivity:
    """The base analysis and others, by number."""
    ground = Ground.of(quick_fit(), wanted(), 5, LEGS.then, assumed=assumed)
    fits = [ChangedFit(str(i), f"row {i}", x) for i, x in enumerate((quick_fit(), *others))]
    (found,) = with_sensitivity([table()], fits, ground, LEGS.then)
    assert replace(found, sensitivity=None) == table()
    assert found.sensitivity is not None
    return found.sensitivity


def test_the_base_row_is_the_table_itself() -> None:
    found, rows = told(), table().rows
    (base,) = found.rows
    assert found.leader == base.first == rows[0].regimen
    assert base.leader_place == 1
    none = next(row for row in rows if row.regimen == "no drug")
    (design,) = [x for x in table().designs if x.design != "no drug"]
    assert base.probabilities["best"] == pytest.approx(design.p_best)
    assert base.probabilities["limits"] == float(rows[0].keeps_limits) == 1.0
    # Where no drug is not the best, or breaks a limit too often, some other one is worth more.
    assert base.probabilities["drug"] >= base.probabilities["leader"]
    assert none.regimen != found.leader


def test_where_doses_are_told_apart_the_leader_answers_for_itself() -> None:
    found = told(assumed=False)
    assert found.rows[0].probabilities["best"] == pytest.approx(table().rows[0].p_best_if_assumed)
    question = next(v.question for v in found.verdicts if v.id == "best")
    assert question == f"Is '{found.leader}' the best of the table?"


def test_a_drug_that_adds_nothing_only_costs_and_one_row_is_enough_to_undecide() -> None:
    alone = {v.id: v for v in told().verdicts}
    assert alone["order"].answer is alone["limits"].answer is Answer.YES
    found = told(quick_fit(), with_the_gain(1e-9))
    last = found.rows[-1]
    assert last.probabilities["leader"] == last.probabilities["drug"] == 0.0
    assert last.probabilities["order"] == 0.0
    assert last.probabilities["limits"] == 0.0, "the count falls as without the drug"
    assert last.first == "no drug"
    answers = {v.id: v for v in found.verdicts}
    assert answers["drug"].lowest == 0.0
    assert answers["drug"].answer is not Answer.YES
    assert answers["order"].answer is answers["limits"].answer is Answer.UNDECIDED


def test_a_table_without_the_drug_has_no_verdict() -> None:
    ground = Ground.of(quick_fit(), wanted(), 5, 100, assumed=True)
    alone = replace(table(), rows=tuple(r for r in table().rows if r.regimen == "no drug"))
    (found,) = with_sensitivity([alone], [ChangedFit("base", "b", quick_fit())], ground, 100)
    assert found.sensitivity is None


def test_the_rows_are_those_of_the_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Change("half", "half the gain", lambda _, __: with_the_gain(0.5))
    monkeypatch.setattr(sensitivity, "_changes", lambda _, __: [made])
    found = optimise(quick_fit(), goal(), legs=LEGS, sensitivity=True)
    for one in (found.given, found.extrapolated):
        assert one is not None
        assert one.sensitivity is not None
        assert [row.name for row in one.sensitivity.rows] == ["base", "half"]


def test_sensitivity_is_asked_for_and_its_absence_is_said(
    lymphocast: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changes(_: Fit, __: object) -> Iterator[Change]:
        yield Change("weights-sceptical", "sceptical prior weights", sceptical)

    monkeypatch.setattr(sensitivity, "_changes", lambda *x: list(changes(*x)))
    write_fit(quick_fit(), tmp_path / "fit.nc")
    text = "targets: [{keep: 300}]\ncost: {weekly_dose: 0.2}\ndesign: {doses: [0.5, 1]}\n"
    (tmp_path / "goal.yaml").write_text(text, encoding="utf-8")
    command = ("optimise", "fit.nc", "--goal", "goal.yaml")
    assert "No verdicts: how the ranking moves" in lymphocast(*command, cwd=tmp_path).out
    shown = lymphocast(*command, "--sensitivity", cwd=tmp_path).out
    assert "No verdicts" not in shown
    assert "sceptical prior weights" in shown
    assert "worth more than no drug?" in shown
    done = lymphocast(*command, "--sensitivity", "-o", "found.csv", cwd=tmp_path)
    assert done.code == 0
    csv = (tmp_path / "found.csv").read_text(encoding="utf-8")
    assert ",p_drug_if_changed,weights-sceptical," in csv
    assert ",verdict,leader," in csv


def test_a_search_that_stops_among_the_assumptions_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: Fit, __: object) -> Fit:
        raise KeyboardInterrupt

    path, output = tmp_path / "goal.yaml", tmp_path / "found.json"
    text = "targets: [{keep: 300}]\ndesign: {doses: [0.5, 1]}\n"
    path.write_text(text, encoding="utf-8")
    refits = [stop, sceptical]
    monkeypatch.setattr(
        sensitivity, "_changes", lambda _, __: [Change("sceptical", "s", refits.pop(0))]
    )
    with pytest.raises(KeyboardInterrupt):
        search_of(quick_fit(), path, output=output, sensitivity=True)
    assert unfinished(output).exists()
    found = search_of(quick_fit(), path, output=output, resume=True, sensitivity=True)
    refits.append(sceptical)
    assert found == search_of(quick_fit(), path, sensitivity=True)


def sceptical(fit: Fit, _: object) -> Fit:
    return replace(fit, preset="sceptical")
