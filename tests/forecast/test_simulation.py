"""simulate_file: events in, courses out, complete or absent."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lymphocast.dataset.events import CovariateRule
from lymphocast.engine.settings import DEFAULT, SolveStatus
from lymphocast.engine.simulate import simulate
from lymphocast.errors import RecordError, UsageError
from lymphocast.forecast.simulation import Replicates, Simulated, _Run, simulate_file
from lymphocast.interchange.nonmem import Names, read_events
from lymphocast.models.random_effects import EffectTransform, RandomEffects
from tests.engine.small_models import Oral, Reservoir

ORAL = Oral()
THETA = {
    "absorption_rate": 5.0,
    "clearance": 30.0,
    "volume": 20.0,
    "fraction": 1.0,
    "lag": 0.0,
    "duration": 0.0,
}
EVENTS = """ID,TIME,EVID,AMT,CMT
A,0,1,3,depot
A,0.5,0,0,central
B,0,1,2,2
B,1,0,0,2
"""


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "events.csv"
    path.write_text(EVENTS)
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_individual_has_its_rows(events: Path) -> None:
    out = events.with_name("out.csv")
    found = simulate_file(ORAL, events, out, THETA)
    assert [(one.id, one.status) for one in found] == [
        ("A", SolveStatus.SOLVED),
        ("B", SolveStatus.SOLVED),
    ]
    written = rows(out)
    assert [(row["ID"], float(row["TIME"])) for row in written] == [
        *(("A", 0.0), ("A", 0.5), ("B", 0.0), ("B", 1.0)),
    ]
    assert list(written[0]) == ["ID", "TIME", "concentration", "depot", "central", "STATUS"]
    first = read_events(events, Names(("depot", "central")))[0]
    expected = simulate(ORAL, THETA, first).outputs["concentration"]
    assert [float(row["concentration"]) for row in written[:2]] == np.asarray(expected).tolist()
    assert_allclose(float(written[3]["central"]), 2.0 * np.exp(-1.5), rtol=1e-9)


def test_times_replace_the_records(events: Path) -> None:
    out = events.with_name("out.csv")
    simulate_file(ORAL, events, out, THETA, [0.25, 2.0])
    assert [float(row["TIME"]) for row in rows(out)] == [0.25, 2.0, 0.25, 2.0]


def test_a_solve_that_fails_is_written_as_such(events: Path) -> None:
    out = events.with_name("out.csv")
    found = simulate_file(ORAL, events, out, {**THETA, "lag": -1.0})
    assert {one.status for one in found} == {SolveStatus.BAD_DOSING}
    assert rows(out)[1]["central"] == "."
    assert rows(out)[1]["STATUS"] == SolveStatus.BAD_DOSING.value


def test_inputs_and_named_parameters_are_columns(tmp_path: Path) -> None:
    events, out = tmp_path / "events.csv", tmp_path / "out.csv"
    events.write_text("TIME,RAIN,DRAIN\n0,3,0.5\n2,3,0.5\n")
    simulate_file(Reservoir(), events, out, {"filled": 6.0}, covariates=["drain"])
    assert_allclose([float(row["water"]) for row in rows(out)], 6.0, rtol=1e-9)


def test_a_misspelt_parameter_or_a_bad_record_writes_nothing(events: Path) -> None:
    out = events.with_name("out.csv")
    with pytest.raises(UsageError, match="no parameter 'clearence'; needed 'clearance'"):
        simulate_file(ORAL, events, out, {**THETA, "clearence": 1.0})
    events.write_text(EVENTS + "C,0,1,-1,1\n")
    with pytest.raises(RecordError, match="line 6: found -1 in column AMT"):
        simulate_file(ORAL, events, out, THETA)
    assert not out.exists()


@pytest.mark.parametrize(
    ("rule", "water"),
    [
        (CovariateRule.LAST_CARRIED_FORWARD, 1.0),
        (CovariateRule.NEXT_CARRIED_BACKWARD, 3.0),
        (CovariateRule.LINEAR, 2.0),
    ],
)
def test_the_rule_says_what_a_column_is_between_records(
    tmp_path: Path, rule: CovariateRule, water: float
) -> None:
    events, out = tmp_path / "events.csv", tmp_path / "out.csv"
    events.write_text("TIME,rain\n0,1\n1,3\n")
    simulate_file(Reservoir(), events, out, {"filled": 0.0, "drain": 0.0}, rule=rule)
    assert_allclose(float(rows(out)[1]["water"]), water, rtol=1e-9)


def test_a_rate_or_a_column_that_the_model_does_not_have_names_its_place(events: Path) -> None:
    out = events.with_name("out.csv")
    events.write_text("TIME,AMT,RATE,CMT\n0,3,-2,depot\n1,3,-1,central\n")
    with pytest.raises(RecordError, match="line 3: found -1 in column RATE; needed a rate in the"):
        simulate_file(ORAL, events, out, {**THETA, "duration": 0.5})
    with pytest.raises(RecordError, match=r"line 1: .*needed a column named rain"):
        simulate_file(Reservoir(), events, out, {"filled": 0.0, "drain": 0.0})
    with pytest.raises(UsageError, match="no value for fraction, duration"):
        simulate_file(ORAL, events, out, {n: THETA[n] for n in THETA if n[0] not in "fd"})
    assert not out.exists()


OMEGA = RandomEffects(
    ("clearance", "volume", "fraction"),
    ((0.09, 0.05, 0.0), (0.05, 0.04, 0.0), (0.0, 0.0, 0.5)),
    (EffectTransform.LOG_NORMAL, EffectTransform.LOG_NORMAL, EffectTransform.LOGIT),
)
TYPICAL = {**THETA, "fraction": 0.6}
MANY = 5


def population(
    events: Path, name: str, effects: RandomEffects = OMEGA, **options: object
) -> tuple[tuple[Simulated, ...], list[dict[str, str]], list[dict[str, str]]]:
    out, parameters = events.with_name(f"{name}.csv"), events.with_name(f"{name}-theta.csv")
    drawn = Replicates(effects, MANY, int(str(options.pop("seed", 3))))
    found = simulate_file(
        ORAL, events, out, TYPICAL, replicates=drawn, parameters=parameters, **options
    )
    return found, rows(out), rows(parameters)


def test_each_simulated_individual_follows_its_own_parameters(events: Path) -> None:
    found, written, drawn = population(events, "out")
    assert found == tuple(Simulated(name, SolveStatus.SOLVED, MANY) for name in "AB")
    assert list(written[0])[:3] == ["ID", "REP", "TIME"]
    keys = [(name, str(1 + i)) for name in "AB" for i in range(MANY)]
    assert [(row["ID"], row["REP"]) for row in drawn] == keys
    assert [(row["ID"], row["REP"]) for row in written] == [key for key in keys for _ in range(2)]
    for row, end in zip(drawn[MANY:], written[2 * MANY + 1 :: 2], strict=True):
        k = float(row["clearance"]) / float(row["volume"])
        expected = 2.0 * float(row["fraction"]) * np.exp(-k)  # B: a bolus of 2 on day 0, read on 1
        assert_allclose(float(end["central"]), expected, rtol=1e-9)
    assert len({row["clearance"] for row in drawn}) == 2 * MANY
    assert {row["absorption_rate"] for row in drawn} == {"5.0"}
    assert all(0.0 < float(row["fraction"]) < 1.0 for row in drawn)


def test_the_numbers_depend_on_the_seed_and_not_on_the_block(events: Path) -> None:
    _, whole, drawn = population(events, "whole")
    _, parts, again = population(events, "parts", block=2)
    assert again == drawn
    for one, other in zip(whole, parts, strict=True):
        assert (one["ID"], one["REP"], one["TIME"]) == (other["ID"], other["REP"], other["TIME"])
        assert_allclose(float(one["central"]), float(other["central"]), rtol=1e-12)
    _, _, others = population(events, "others", seed=4)
    assert not {row["clearance"] for row in others} & {row["clearance"] for row in drawn}


def test_no_more_than_a_block_is_held_at_once(events: Path) -> None:
    tables = read_events(events, Names(("depot", "central")))
    drawn = Replicates(OMEGA, 7, 3)
    for block in (1, 3, 7, 10, 14, 100):
        run = _Run(ORAL, TYPICAL, None, DEFAULT, drawn, block)
        sizes = [sum(part.number for part in parts) for parts in run.blocks(iter(tables))]
        assert max(sizes) <= block
        assert sum(sizes) == 2 * 7
    assert sizes == [2 * 7]


def test_a_stream_that_can_be_read_once_only_is_refused(events: Path) -> None:
    pipe = events.with_name("pipe")
    os.mkfifo(pipe)
    with pytest.raises(RecordError, match="a file of events, which is read twice"):
        simulate_file(ORAL, pipe, events.with_name("out.csv"), THETA)


def test_without_variance_everyone_is_the_typical_individual(events: Path) -> None:
    none = RandomEffects(("clearance", "volume"), ((0.0, 0.0), (0.0, 0.0)))
    _, written, _ = population(events, "none", none)
    simulate_file(ORAL, events, events.with_name("one.csv"), TYPICAL)
    typical = {(row["ID"], row["TIME"]): row for row in rows(events.with_name("one.csv"))}
    for row in written:
        own = typical[row["ID"], row["TIME"]]
        assert_allclose(float(row["central"]), float(own["central"]), rtol=1e-12)


def test_failed_individuals_are_counted_and_the_first_equation_at_fault_is_named(
    events: Path,
) -> None:
    wide = RandomEffects(("volume",), ((1e7,),))  # some volumes are 0 in floating point
    found, written, drawn = population(events, "out", wide, times=[0.0, 1.0])
    for one in found:
        own = [float(row["volume"] if row["volume"] != "." else "inf") for row in drawn]
        assert one.number == MANY
        assert 0 < one.failed <= MANY
        assert one.status is SolveStatus.NOT_FINITE
    assert any(value == 0.0 for value in own)
    assert any("the rate of 'central' is" in one.reason for one in found)
    assert {row["STATUS"] for row in written} >= {SolveStatus.NOT_FINITE.value}


def test_progress_is_shown_after_two_seconds_while_some_is_left(
    events: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    clock = iter(range(0, 1000, 3))
    monkeypatch.setattr("lymphocast.forecast.simulation.monotonic", lambda: float(next(clock)))
    population(events, "out", progress=lambda _, share: seen.append(share))
    assert seen == [0.5, 1.0]


@pytest.mark.parametrize(
    ("effects", "options", "complaint"),
    [
        (RandomEffects(("clearence",), ((1.0,),)), {}, "no such parameter; needed 'clearance'"),
        (RandomEffects(("lag",), ((1.0,),)), {}, "'lag' is log-normal, its typical value 0"),
        (OMEGA, {"covariates": ["volume"]}, "'volume', which is a column of the events"),
        (OMEGA, {"block": 0}, "a block of 0"),
        (OMEGA, {"seed": -1}, "seed -1"),
    ],
)
def test_effects_that_the_model_cannot_have_write_nothing(
    events: Path, effects: RandomEffects, options: dict[str, object], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        population(events, "out", effects, **options)
    assert [path.name for path in events.parent.iterdir()] == ["events.csv"]
