"""Goals: every regimen has a name of its own that says what it is, and times have their limits."""

from pathlib import Path

import numpy as np
import pytest

from lymphocast.errors import RecordError
from lymphocast.forecast.goal import Design
from lymphocast.forecast.goal_file import read_goal
from lymphocast.forecast.plan_forecast import frame_of
from lymphocast.forecast.policy import HoldRule, RestartCycle, StopRule
from lymphocast.record.dosing import Cycle
from tests.founding import quick_fit

BOTH = "{hold_above: 500, restart_below: 350}, {hold_above: 500, restart_below: 350, begins: held}"
CYCLES = (None, *(RestartCycle(n, k) for n in (2, 3) for k in (None, 7.0, 7.0000001)))
STOPS = (None, *(StopRule(500.0, n, m) for n in (1, 2) for m in (9, 10, np.inf)), StopRule(501.0))


def design(**changed: object) -> Design:
    usual: dict[str, object] = {
        "doses": (1.0,), "intervals": (7.0 / 3.0,), "cycles": (None,), "durations": (730.0,),
        "tapers": (0.0,), "rules": (None,), "visits": 28.0, "length": 730.0,
    }  # fmt: skip
    return Design(**{**usual, **changed})


def names(found: Design) -> list[str]:
    return [plan.name for plan in found.plans()][1:]


@pytest.mark.parametrize(
    "options",
    [
        {"rules": (HoldRule(500.0, 350.0), HoldRule(500.0, 350.0, begins_given=False))},
        {"rules": (HoldRule(500.0, 350.0), HoldRule(500.00001, 350.0))},
        {"rules": (HoldRule(start_below=350.0), HoldRule(start_below=350.00001), HoldRule())},
        {"rules": tuple(HoldRule(9.0, 9.0, cycle=c) for c in CYCLES)},
        {"rules": tuple(HoldRule(stop=s) for s in STOPS)},
        {"intervals": (7.0 / 3.0, 2.333, 2.33)},
        {"doses": (1.0, 1.0000001, 1.0 - 2.0**-53)},
        {"cycles": (Cycle(5.0, 56.0), Cycle(5.0, 56.00001), None)},
        {"durations": (365.0, 366.0), "tapers": (0.0, 500.0, 400.0)},
    ],
)
def test_no_two_regimens_share_a_name(options: dict[str, object]) -> None:
    found = names(design(**options))
    assert len(found) > 1
    assert len(set(found)) == len(found)


def test_a_name_has_no_more_digits_than_it_needs() -> None:
    assert names(design()) == ["dose 1, every 2.33 d, for 730 d"]
    held = HoldRule(500.0, 350.0, begins_given=False)
    assert names(design(rules=(held,), cycles=(Cycle(5.0, 56.0),))) == [
        "dose 1, 5 d of every 56 d, every 2.33 d, for 730 d, hold above 500, restart below 350, "
        "held at first"
    ]


def test_a_name_says_the_whole_rule() -> None:
    stop = StopRule(600.0, 2, injections=12)
    rules = (
        HoldRule(500.0, 350.0, start_below=300.0, cycle=RestartCycle(3, 7.0), stop=stop),
        HoldRule(restart_below=350.0, begins_given=False, cycle=RestartCycle(3)),
    )
    found = [name.removeprefix("dose 1, every 7 d, for 730 d, ") for name in names(
        design(rules=rules, intervals=(7.0,)))]  # fmt: skip
    assert found == [
        "start below 300, hold above 500, restart below 350 by cycles of 3 every 7 d, "
        "stop above 600 at 2 visits in a row, stop after 12 injections",
        "restart below 350 by cycles of 3, held at first",
    ]


@pytest.mark.parametrize(("taper", "cut"), [(29.0, ""), (30.0, ""), (31.0, " cut off after 30 d")])
def test_a_taper_that_the_last_day_cuts_off_says_so(taper: float, cut: str) -> None:
    (found,) = names(design(durations=(700.0,), tapers=(taper,)))
    assert found == f"dose 1, every 2.33 d, for 700 d, taper {taper:g} d{cut}"


def test_regimens_of_one_design_differ_in_dose_or_cycle_alone() -> None:
    found = design(doses=(0.5, 1.0), cycles=(None, Cycle(5.0, 56.0)), durations=(365.0, 730.0))
    none, *others = found.candidates()
    assert none.plan.name == none.design == "no drug"
    by_design: dict[str, set[tuple[object, ...]]] = {}
    for candidate in others:
        (stretch,) = candidate.plan.stretches
        by_design.setdefault(candidate.design, set()).add((stretch.dose, stretch.cycle))
    assert set(by_design) == {"every 2.33 d, for 365 d", "every 2.33 d, for 730 d"}
    for members in by_design.values():
        assert members == {(d, c) for d in (0.5, 1.0) for c in (None, Cycle(5.0, 56.0))}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("intervals: [3 h]", ""),
        ("intervals: [7 d, 2.9 h]", "found doses every 0.120833 d; needed at least 0.125 d"),
        ("intervals: [0.00001 d]", "found doses every 1e-05 d; needed at least 0.125 d"),
        (f"rules: [{BOTH}], visits: 28 d", ""),
        ("rules: [none], visits: 28 d", "found 'visits' without a rule"),
    ],
)
def test_times_of_a_design_have_their_limits(tmp_path: Path, options: str, message: str) -> None:
    path = tmp_path / "goal.yaml"
    text = f"targets: [{{keep: 300}}]\ndesign: {{doses: [1], {options}}}\n"
    path.write_text(text, encoding="utf-8")
    if not message:
        assert len(list(read_goal(path, frame_of(quick_fit())).design.plans())) > 1
        return
    with pytest.raises(RecordError) as error:
        read_goal(path, frame_of(quick_fit()))
    assert error.value.line == 2
    assert message in str(error.value)
