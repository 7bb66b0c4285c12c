"""A search that stops goes on where it stopped, and finds what one that never stopped finds."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lymphocast.decisions import search_of, unfinished, write_search
from lymphocast.errors import UsageError
from lymphocast.forecast.goal_file import read_goal
from lymphocast.forecast.plan_forecast import frame_of
from lymphocast.forecast.search import Race
from lymphocast.forecast.search_state import Mark, SearchState
from lymphocast.forecast.worth import Worth
from lymphocast.inference.fit_file import write_fit
from tests.conftest import Command
from tests.founding import quick_fit

GOAL = """\
targets: [{keep: 300}, {reach: 500, by: 1 a, weight: 0.5}]
limits: [{count_below: 200, probability: 0.6}]
cost: {weekly_dose: 0.2}
design: {doses: [0.25, 0.6, 0.8, 1], rules: [none, {hold_above: 500, restart_below: 350}]}
"""


@pytest.fixture
def goal(tmp_path: Path) -> Path:
    path = tmp_path / "goal.yaml"
    path.write_text(GOAL, encoding="utf-8")
    return path


def stopping_after(calls: int) -> Callable[[str, float], None]:
    left = [calls]

    def progress(stage: str, share: float) -> None:
        assert 0.0 < share <= 1.0, stage
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt

    return progress


def candidates(known: int) -> Worth:
    values = np.arange(3.0) + known
    return Worth(values, values[None] > 1.0, values[None], values, values)


@pytest.mark.parametrize("calls", [1, 9, 18, 23])
def test_a_search_that_was_stopped_ends_as_one_that_was_not(goal: Path, calls: int) -> None:
    # Of 7 regimens within what was given and 2 beyond: at once; in the second leg; while the
    # finalists are followed in each explanation; in the second table.
    whole, part = goal.with_name("whole.json"), goal.with_name("part.json")
    write_search(search_of(quick_fit(), goal, output=whole), whole)
    with pytest.raises(KeyboardInterrupt):
        search_of(quick_fit(), goal, output=part, progress=stopping_after(calls))
    assert unfinished(part).exists()
    told: list[float] = []
    found = search_of(
        quick_fit(), goal, output=part, resume=True, progress=lambda _, x: told.append(x)
    )
    write_search(found, part)
    assert part.read_bytes() == whole.read_bytes()
    assert not list(goal.parent.glob("*.unfinished*"))
    assert told[-1] == 1.0


def test_what_is_known_is_not_computed_again(tmp_path: Path) -> None:
    fit, legs = quick_fit(), Race()
    mark = Mark("1", "a fit", "a goal", str(fit.seed), repr(legs))
    state = SearchState(tmp_path / "state", mark)
    legs_known = {("table one", "100"): (0, 5), ("table two", "1000"): (3,)}
    for leg, known in legs_known.items():
        for candidate in known:
            state.put(leg, candidate, candidates(candidate))
    assert not (tmp_path / "state").exists(), "saved from time to time, not at once"
    state.save()
    again = SearchState.resumed(tmp_path / "state", mark)
    for leg, known in legs_known.items():
        for candidate in known:
            found, wanted = again.get(leg, candidate), candidates(candidate)
            assert found is not None
            for name in ("utility", "broken", "targets", "weekly_dose", "injections"):
                one, other = getattr(found, name), getattr(wanted, name)
                assert one.dtype == other.dtype
                assert one.tobytes() == other.tobytes()
    assert again.get(("table one", "100"), 1) is None
    assert again.get(("table three", "100"), 0) is None


def test_the_state_of_another_search_is_refused_by_what_differs(goal: Path) -> None:
    fit, output = quick_fit(), goal.with_name("found.json")
    with pytest.raises(KeyboardInterrupt):
        search_of(fit, goal, output=output, progress=stopping_after(2))
    other_fit = replace(fit, posteriors=tuple(replace(p, log_evidence=0.0) for p in fit.posteriors))
    other_goal = goal.with_name("other.yaml")
    other_goal.write_text(GOAL.replace("keep: 300", "keep: 301"), encoding="utf-8")
    with pytest.raises(UsageError, match="found a search with another seed; needed the fit, goal"):
        search_of(fit, goal, output=output, resume=True, seed=99)
    with pytest.raises(UsageError, match="found a search with another fit; needed"):
        search_of(other_fit, goal, output=output, resume=True)
    with pytest.raises(UsageError, match="with another goal and another seed; needed"):
        search_of(fit, other_goal, output=output, resume=True, seed=99)
    mark = Mark.of(fit, read_goal(goal, frame_of(fit)), fit.seed, Race())
    SearchState.resumed(unfinished(output), mark)
    with pytest.raises(UsageError, match="found a search with another version; needed the fit"):
        SearchState.resumed(unfinished(output), replace(mark, version="0"))


def test_a_wrong_resume_is_one_clear_line(lymphocast: Command, tmp_path: Path, goal: Path) -> None:
    write_fit(quick_fit(), tmp_path / "fit.nc")
    command = ("optimise", "fit.nc", "--goal", goal.name, "--resume")
    done = lymphocast(*command, cwd=tmp_path)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "found --resume without -o" in done.err
    done = lymphocast(*command, "-o", "new.json", cwd=tmp_path)
    assert done.code == 2
    assert "'new.json.unfinished': found no interrupted search" in done.err
    for content in (b"", b"PK\x03\x04 broken", b"text"):
        (tmp_path / "new.json.unfinished").write_bytes(content)
        done = lymphocast(*command, "-o", "new.json", cwd=tmp_path)
        assert done.code == 2
        assert "found no state of a regimen search" in done.err
    done = lymphocast(*command[:-1], "-o", "new.json", cwd=tmp_path)
    assert (done.code, done.out) == (0, "new.json\n")
    assert not (tmp_path / "new.json.unfinished").exists()
