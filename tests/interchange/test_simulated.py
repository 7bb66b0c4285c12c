"""Files of simulations: floats that come back, columns, nothing left behind by a failure."""

from pathlib import Path

import pytest

from lymphocast.errors import UsageError
from lymphocast.interchange.simulated import (
    ParameterRow,
    SimulatedRows,
    parameter_writer,
    simulation_writer,
)

THIRD = 1.0 / 3.0


def test_what_is_written_gives_back_the_same_floats(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with simulation_writer(path, ["c"]) as write:
        write(SimulatedRows("A", [0.0, THIRD], {"c": [1e-300, 2.0 * THIRD]}, "fine"))
        write(SimulatedRows("B", [1.0], {"c": [float("nan")]}, "not solved, sorry"))
    lines = path.read_text().splitlines()
    assert lines[0] == "ID,TIME,c,STATUS"
    assert float(lines[1].split(",")[2]) == 1e-300
    assert [float(cell) for cell in lines[2].split(",")[1:3]] == [THIRD, 2.0 * THIRD]
    assert lines[3] == 'B,1.0,.,"not solved, sorry"'


def test_replicates_are_counted_in_both_files(tmp_path: Path) -> None:
    out, parameters = tmp_path / "out.csv", tmp_path / "parameters.csv"
    with simulation_writer(out, [], replicates=True) as write:
        write(SimulatedRows("A", [0.5], {}, "fine", 2))
    with parameter_writer(parameters, ["cl", "v"], replicates=True) as write_row:
        write_row(ParameterRow("A", [THIRD, float("nan")], 2))
    assert out.read_text() == "ID,REP,TIME,STATUS\nA,2,0.5,fine\n"
    assert parameters.read_text() == f"ID,REP,cl,v\nA,2,{THIRD!r},.\n"


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [({"d": [1.0]}, "columns differ"), ({"c": [1.0, 2.0]}, "not one value for each time")],
)
def test_uneven_rows_leave_nothing_behind(
    tmp_path: Path, columns: dict[str, list[float]], complaint: str
) -> None:
    path = tmp_path / "out.csv"
    rows = (SimulatedRows("A", [0.0], {"c": [1.0]}, ""), SimulatedRows("B", [0.0], columns, ""))

    def write_both() -> None:
        with simulation_writer(path, ["c"]) as write:
            for individual in rows:
                write(individual)

    with pytest.raises(UsageError, match=complaint):
        write_both()
    assert list(tmp_path.iterdir()) == []
