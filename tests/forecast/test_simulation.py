"""simulate_file: events in, courses out, complete or absent."""

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lymphocast.engine.pieces import SolveStatus
from lymphocast.engine.simulate import simulate
from lymphocast.errors import RecordError, UsageError
from lymphocast.forecast.simulation import simulate_file
from lymphocast.interchange.nonmem import Names, read_events
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
