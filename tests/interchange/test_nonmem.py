"""NONMEM-style files: what is read, what is refused and where, what is written."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lymphocast.dataset.events import (
    Censoring,
    CovariateRule,
    EventKind,
    EventTable,
    SteadyState,
)
from lymphocast.errors import RecordError
from lymphocast.interchange.nonmem import Names, read_events

NAMES = Names(("depot", "central"), ("concentration",))
WITH_WEIGHT = Names(NAMES.states, NAMES.outputs, ("weight",))


def read(folder: Path, text: str | bytes, names: Names = NAMES) -> tuple[EventTable, ...]:
    path = folder / "events.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_events(path, names)


def test_two_individuals_with_every_item(tmp_path: Path) -> None:
    first, second = read(
        tmp_path,
        "\ufeffid,time,evid,amt,rate,ii,addl,ss,cmt,dv,mdv,note\r\n"
        "A,0,1,100,.,12,3,1,1,.,1,first\r\n"
        "A,1.5,0,.,.,.,.,.,concentration,2.5e1,0,\r\n"
        "A,2,0,,,,,,central,7,1,\r\n"
        "\r\n"
        "B,0,4,50,-2,0,0,0,central,NA,1,\r\n"
        "B,3,3,0,0,0,0,0,0,.,1,\r\n",
    )
    assert (first.id, second.id) == ("A", "B")
    dose, seen, missing = first.records
    assert (dose.kind, dose.compartment, dose.amount) == (EventKind.DOSE, "depot", 100.0)
    assert (dose.interval, dose.additional) == (12.0, 3)
    assert dose.steady_state is SteadyState.REPLACE
    assert (seen.compartment, seen.value) == ("concentration", 25.0)
    assert missing.value is None
    assert [r.kind for r in second.records] == [EventKind.RESET_AND_DOSE, EventKind.RESET]
    assert second.records[0].rate == -2.0


def test_without_evid_the_dose_items_and_mdv_say_what_a_record_is(tmp_path: Path) -> None:
    (only,) = read(tmp_path, "TIME,AMT,DV,MDV\n0,10,.,1\n1,.,3.5,0\n2,0,.,1\n")
    assert only.id == "1"
    assert [r.kind for r in only.records] == [
        EventKind.DOSE,
        EventKind.OBSERVATION,
        EventKind.OTHER,
    ]
    assert [r.value for r in only.records] == [None, 3.5, None]
    assert only.records[0].compartment == "depot"


def test_a_covariate_is_a_number_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("TIME,AMT,WEIGHT\n0,10,70\n1,0,.\n2,0,72\n")
    (only,) = read_events(path, WITH_WEIGHT, CovariateRule.LINEAR)
    assert only.covariates == ("weight",)
    assert only.rule is CovariateRule.LINEAR
    assert [r.covariates for r in only.records] == [(70.0,), (None,), (72.0,)]


HEAD = "ID,TIME,EVID,AMT,RATE,II,ADDL,SS,CMT,DV\n"


@pytest.mark.parametrize(
    ("line", "column", "needed"),
    [
        ("1,0,1,-5,0,0,0,0,1,.", "-5 in column AMT", "above 0"),
        ("1,0,1,0,0,0,0,0,1,.", "0 in column AMT", "above 0"),
        ("1,0,1,5,0,0,3,0,1,.", "0 in column II", "beside ADDL"),
        ("1,0,1,5,0,0,0,1,1,.", "0 in column II", "beside SS"),
        ("1,0,1,5,0,1,1.5,0,1,.", "'1.5' in column ADDL", "whole number"),
        ("1,0,1,5,0,1,-1,0,1,.", "'-1' in column ADDL", "from 0"),
        ("1,0,1,5,0,1,1e9,0,1,.", "'1e9' in column ADDL", "200000"),
        ("1,0,1,5,-3,0,0,0,1,.", "-3 in column RATE", "-2 (modelled duration)"),
        ("1,0,1,5,0,1,0,3,1,.", "'3' in column SS", "0 to 2"),
        ("1,0,1,5,0,0,0,0,3,.", "'3' in column CMT", "1 to 2"),
        ("1,0,1,5,0,0,0,0,-1,.", "'-1' in column CMT", "1 to 2"),
        ("1,0,1,5,0,0,0,0,centrl,.", "'centrl' in column CMT", "'central'?"),
        ("1,0,1,5,0,0,0,0,skin,.", "'skin' in column CMT", "1 (depot), 2 (central)"),
        ("1,nan,1,5,0,0,0,0,1,.", "'nan' in column TIME", "finite"),
        ("1,0,1,inf,0,0,0,0,1,.", "'inf' in column AMT", "finite"),
        ("1,0,1,1e999,0,0,0,0,1,.", "'1e999' in column AMT", "finite"),
        ("1,0,1,1_0,0,0,0,0,1,.", "'1_0' in column AMT", "finite"),
        ("1,.,1,5,0,0,0,0,1,.", "nothing in column TIME", "time in days"),
        ("1,0,.,5,0,0,0,0,1,.", "nothing in column EVID", "from 0 to 4"),
        ("1,0,5,5,0,0,0,0,1,.", "'5' in column EVID", "0 to 4"),
        ("1,0,0,5,0,0,0,0,1,.", "5 in column AMT", "EVID 0"),
        (".,0,0,0,0,0,0,0,1,.", "nothing in column ID", "name or number"),
        ("1,0,0,0,0,0,0,0,1,x", "'x' in column DV", "finite"),
        ("1,0,0", "3 cells", "10, one for each column"),
    ],
)
def test_one_wrong_cell_is_one_error_with_its_place(
    tmp_path: Path, line: str, column: str, needed: str
) -> None:
    with pytest.raises(RecordError) as raised:
        read(tmp_path, f"{HEAD}1,0,0,0,0,0,0,0,1,.\n{line}\n")
    assert (raised.value.file, raised.value.line) == ("events.csv", 3)
    assert column in raised.value.found
    assert needed in raised.value.needed


@pytest.mark.parametrize(
    ("lines", "line", "found"),
    [
        ("1,2,0\n1,1,0\n", 3, "1 in column TIME"),
        ("1,0,0\n2,0,0\n1,1,0\n", 4, "'1' a second time in column ID"),
    ],
)
def test_order_is_checked(tmp_path: Path, lines: str, line: int, found: str) -> None:
    with pytest.raises(RecordError) as raised:
        read(tmp_path, "ID,TIME,EVID\n" + lines)
    assert raised.value.line == line
    assert raised.value.found == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "no record"),
        ("ID,TIME\n", "no record"),
        ("ID,AMT\n1,5\n", "the columns ID, AMT"),
        ("TIME,time\n1,5\n", "two columns named TIME"),
        (b"ID,TIME\n1,\xff\n", "not UTF-8"),
        ('TIME\n"1\n', "unexpected end of data"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(RecordError, match=found):
        read(tmp_path, text)


def test_a_covariate_without_column_or_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="needed a column named weight"):
        read(tmp_path, "TIME\n0\n", WITH_WEIGHT)
    with pytest.raises(RecordError, match="a value of weight for individual 'B'"):
        read(tmp_path, "ID,TIME,weight\nA,0,70\nB,0,.\n", WITH_WEIGHT)


def test_a_file_that_is_not_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"gone\.csv: found no such file"):
        read_events(tmp_path / "gone.csv", NAMES)


def test_too_many_doses_in_all_are_refused_at_the_line_that_is_one_too_many(
    tmp_path: Path,
) -> None:
    dose = "1,0,1,5,0,1,150000,0,1,.\n"
    with pytest.raises(RecordError, match="line 3: found 300002 in all in column ADDL"):
        read(tmp_path, HEAD + 2 * dose)


CELLS = st.one_of(
    st.sampled_from(["", ".", "NA", "0", "1", "2", "-1", "-2", "3.5", "1e3", "nan", "depot"]),
    st.text(max_size=8),
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.lists(CELLS, min_size=10, max_size=10), max_size=6))
def test_no_cells_raise_anything_but_a_record_error(tmp_path: Path, rows: list[list[str]]) -> None:
    text = HEAD + "".join(",".join(row) + "\n" for row in rows)
    try:
        tables = read(tmp_path, text.encode("utf-8", "surrogatepass"))
    except RecordError:
        return
    assert all(table.records for table in tables)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=200), headed=st.booleans())
def test_no_bytes_raise_anything_but_a_record_error(
    tmp_path: Path, content: bytes, headed: bool
) -> None:
    with suppress(RecordError):
        read(tmp_path, (b"TIME,AMT\n" if headed else b"") + content)


FITTED = Names(states=("depot", "serum"), outputs=("concentration", "count"), fitted=True)


def test_what_a_value_is_of_and_worth_is_read_for_a_fit(tmp_path: Path) -> None:
    path = tmp_path / "fit.csv"
    path.write_text(
        "TIME,DV,DVID,CENS,LLOQ\n1,3,1,0,.\n2,4,count,1,.\n3,9,2,-1,.\n4,0.2,1,0,0.5\n5,0.7,1,0,0.5\n",
        encoding="utf-8",
    )
    (table,) = read_events(path, FITTED)
    found = [(r.compartment, r.value, r.censoring) for r in table.records]
    assert found == [
        ("concentration", 3.0, Censoring.NONE),
        ("count", 4.0, Censoring.BELOW),
        ("count", 9.0, Censoring.ABOVE),
        ("concentration", 0.5, Censoring.BELOW),
        ("concentration", 0.7, Censoring.NONE),
    ]
    (plain,) = read_events(path, Names(("depot",), ("concentration",)))
    assert {r.compartment for r in plain.records} == {""}
    assert plain.records[3].value == 0.2


@pytest.mark.parametrize(
    ("row", "column", "needed"),
    [
        ("1,3,5,0,.", "DVID", "from 1 to 2"),
        ("1,3,cuont,0,.", "DVID", "'count'?"),
        ("1,3,1,2,.", "CENS", "from -1 to 1"),
        ("1,3,1,0,low", "LLOQ", "a finite number"),
    ],
)
def test_what_a_value_is_of_is_refused_if_it_says_nothing(
    tmp_path: Path, row: str, column: str, needed: str
) -> None:
    path = tmp_path / "fit.csv"
    path.write_text(f"TIME,DV,DVID,CENS,LLOQ\n{row}\n", encoding="utf-8")
    with pytest.raises(RecordError) as found:
        read_events(path, FITTED)
    assert column in str(found.value)
    assert needed in str(found.value)
