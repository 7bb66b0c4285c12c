"""Protocol files: what they say, and one clear error for each thing that is wrong."""

from math import log
from pathlib import Path

import pytest

from lymphocast.errors import RecordError
from lymphocast.forecast.plan import Missed, Stretch
from lymphocast.forecast.policy import HoldRule
from lymphocast.forecast.trial.protocol import AnalysisMethod, EndpointKind, VirtualPopulation
from lymphocast.forecast.trial.protocol_file import read_protocol
from tests.forecast.trial.protocols import EXAMPLE, FIXED, read


def test_the_example_says_what_it_says() -> None:
    found = read_protocol(EXAMPLE)
    assert isinstance(found.population, VirtualPopulation)
    assert found.population.weights.il2 == 0.5
    assert found.population.shared == (("gain", 0.3),)
    assert (found.eligibility.above, found.eligibility.below) == (50.0, 300.0)
    arm = found.arms[1]
    assert arm.plan.stretches == (
        Stretch(0.0, 56.0, 0.4, 7.0, 1.0, 4),
        Stretch(56.0, 367.0, 1.0, 7.0),  # until the last visit's window closes
    )
    assert arm.plan.rule == HoldRule(1000.0, 700.0)
    assert arm.plan.missed == Missed(share=0.1)
    assert arm.antibiotic == (0.0, 365.0)
    assert found.visits.days == tuple(range(0, 365, 28))
    assert found.hazard == pytest.approx(-log(0.98) / 30.4375)
    assert [e.kind for e in found.endpoints] == [
        EndpointKind.CHANGE, EndpointKind.ABOVE, EndpointKind.CONVERTED, EndpointKind.TIME
    ]  # fmt: skip
    assert found.endpoints[2].consecutive == 3
    first = found.analyses[0]
    assert (first.arm, first.control, first.alpha) == ("IL-2", "no drug", 0.05)
    assert first.name == "ln ratio: ancova, IL-2 against no drug"
    assert found.analyses[3].method is AnalysisMethod.LOG_RANK


def test_own_priors_stand_beside_the_protocol(tmp_path: Path) -> None:
    (tmp_path / "priors.yaml").write_text("parameters: {gain: {location: 90}}\n", encoding="utf-8")
    text = FIXED.replace("population:", "population:\n  priors: priors.yaml")
    found = read(text, tmp_path).population
    assert isinstance(found, VirtualPopulation)
    assert found.table.row("gain").location == 90.0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("arms:", "groups:", "line 5: found the unknown key 'groups'; needed"),
        ("patients: 20}", "patients: none}", "line 6: found 'none'; needed a whole number"),
        ("name: drug", "name: none", "found two arms named 'none'; needed each name once"),
        ("{dose: 1}", "{amount: 11 MU}", "line 7: found the unknown key 'amount'; needed"),
        ("{dose: 1}", "{dose: 1, start: 400 d}", "line 7: found a stretch from day 400 to day"),
        ("{dose: 1}", "{dose: 1, to: 0}", "line 7: found 'to' or 'steps' alone; needed both"),
        ("{dose: 1}", "{dose: 1, start: 2008-01-01}", "found '2008-01-01'; needed a time after"),
        ("[{dose: 1}]", "[{dose: 1}], rule: {hold_above: 500}",
         "line 7: found 'hold_above' without 'restart_below'; needed both, or a 'stop'"),
        ("[{dose: 1}]", "[{dose: 1}], rule: {begins: held, restart_below: 350, cycle: {doses: 3, "
         "every: 10 d}}", "line 7: found plan 'drug': the rule's 'cycle' has a dose every 10 d"),
        ("[180 d, 360 d]", "[180 d, 30 a]", "line 8: found '30 a'; needed at most 20 years"),
        ("{days:", "{window: 90 d, days:", "line 8: found a window of 90 d around visits 180 d"),
        ("{days:", "{every: 30 d, days:", "found visits by both; needed either 'every' with"),
        ("{days: [180 d, 360 d]}", "{every: 30 d}", "line 8: found visits by neither"),
        ("at: 360 d", "at: 365 d", "line 10: found an endpoint on day 365; needed .* 360 d"),
        ("at: 360 d", "at: 360 d, by: 180 d", "line 10: found both or neither of 'at' and 'by'"),
        ("scale: log", "count: 3", "line 10: found 'count' in an endpoint of the kind 'change'"),
        ("kind: change, at: 360 d, scale: log", "kind: converted, by: 360 d",
         "line 10: found an endpoint of cultures, which no visit takes; needed"),
        ("kind: change, at: 360 d, scale: log", "kind: time, by: 360 d", "without 'count'"),
        ("name: ratio", "name: trial", "line 10: found the name 'trial'; needed a name"),
        ("endpoint: ratio", "endpoint: rate", "line 12: found the endpoint 'rate'; needed one of"),
        ("method: difference", "method: log-rank", "line 12: found 'log-rank' of an endpoint of"),
        ("method: difference", "method: anova", r"line 12: found 'anova'; .*did you mean 'ancova'"),
        ("method: difference", "method: difference, arm: drag", "found the arm 'drag'; needed"),
        ("method: difference", "method: difference, arm: none", "'none' against itself; needed"),
        ("method: difference", "method: difference, alpha: 1", "found alpha 1; needed a number"),
        ("il2: 0.5, stable: 1", "il2: 0.5, stable: 0.9", "that sum to 0.9; needed weights that"),
        ("il2: 0.5", "il2: 1.5", "line 3: found '1.5'; needed a number from 0 to 1"),
        ("gain: 40", "gian: 40", "line 4: found the parameter 'gian'; needed one of"),
        ("gain: 40", "gain: -40", "found 'gain' fixed at -40; needed a value of at least 0"),
        ("  fixed:", "  shared: {gain: 0.5}\n  fixed:", "'gain' both fixed and shared; needed one"),
        ("population:", "population:\n  preset: hopeful", "the preset 'hopeful'; needed one of"),
        ("population:", "population:\n  priors: none.yaml", "file 'none.yaml', which does not"),
        ("visits:", "dropout: {}\nvisits:", "neither 'share' nor 'hazard'; needed one of them"),
        ("visits:", "dropout: {share: 1}\nvisits:", "a share of 1 each month; needed a share"),
        ("visits:", "eligibility: {count_above: 300, count_below: 200}\nvisits:",
         "counts from 300 to below 200; needed count_above less"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_error(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert old in FIXED
    with pytest.raises(RecordError, match=message) as raised:
        read(FIXED.replace(old, new, 1), tmp_path)
    assert str(raised.value).startswith("trial.yaml")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "- a\n", "arms: [\n", "title: x\n"])
def test_a_file_that_is_no_protocol_is_one_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"trial\.yaml.*: found .*; needed "):
        read(text, tmp_path)


def test_three_arms_need_the_one_that_is_compared(tmp_path: Path) -> None:
    third = "  - {name: more, patients: 20, stretches: [{dose: 2}]}\nvisits:"
    text = FIXED.replace("visits:", third)
    with pytest.raises(RecordError, match="found an analysis of 3 arms; needed 'arm'"):
        read(text, tmp_path)
    found = read(text.replace("difference}", "difference, arm: more, control: drug}"), tmp_path)
    assert found.analyses[0].name == "ratio: difference, more against drug"
