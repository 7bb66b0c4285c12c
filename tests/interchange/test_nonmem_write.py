"""NONMEM-style data: tables come back unchanged, a record's numbers stand where they belong."""

import csv
import io
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lymphocast.dataset.events import EventKind, EventRecord, EventTable, SteadyState
from lymphocast.dataset.project import project
from lymphocast.errors import ExchangeError, RecordError, UsageError
from lymphocast.interchange.nonmem import Names, read_events
from lymphocast.interchange.nonmem_record import write_nonmem
from lymphocast.interchange.nonmem_report import nonmem_report
from lymphocast.interchange.nonmem_write import events_csv, write_events
from lymphocast.record.issue import Severity
from lymphocast.record.patient import PatientRecord
from tests.record.cases import SMALL, changed, founding, rich, small
from tests.record.generated import records

NAMES = Names(("depot", "central"), ("concentration",), ("weight",))
FLOATS = st.floats(1e-6, 1e9, allow_nan=False)


@st.composite
def doses(draw: st.DrawFn) -> dict[str, object]:
    """Return the items of a dose: plain, infused, repeated or at steady state."""
    steady = draw(st.sampled_from(list(SteadyState)))
    if steady is not SteadyState.NONE and draw(st.booleans()):
        return {"rate": draw(st.sampled_from([0.0, -1.0, 2.5])), "steady_state": steady}
    repeated = draw(st.booleans()) or steady is not SteadyState.NONE
    return {
        "amount": draw(FLOATS),
        "rate": draw(st.sampled_from([0.0, -1.0, -2.0, 1 / 3])),
        "interval": draw(FLOATS) if repeated else 0.0,
        "additional": draw(st.integers(0, 50)) if repeated else 0,
        "steady_state": steady,
    }


@st.composite
def tables(draw: st.DrawFn) -> EventTable:
    """Return one individual's records."""
    found = []
    time = draw(st.floats(-100, 100))
    for place in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(list(EventKind)))
        weight = (draw(st.one_of(st.none(), FLOATS)) if place else 70.0,)
        if kind.doses:
            state = draw(st.sampled_from(NAMES.states))
            found.append(EventRecord(time, kind, state, covariates=weight, **draw(doses())))
        else:
            seen = kind is EventKind.OBSERVATION
            value = draw(st.one_of(st.none(), st.floats(-1e9, 1e9))) if seen else None
            where = draw(st.sampled_from(("", "concentration", "central")))
            found.append(EventRecord(time, kind, where, value=value, covariates=weight))
        time += draw(st.sampled_from([0.0, 0.1, 1.0, 1 / 3]))
    name = draw(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8))
    return EventTable(name, tuple(found), ("weight",))


@settings(max_examples=60, deadline=None)
@given(st.lists(tables(), min_size=1, max_size=3, unique_by=lambda t: t.id), st.booleans())
def test_event_tables_come_back_unchanged(
    tmp_path_factory: pytest.TempPathFactory, written: list[EventTable], numbered: bool
) -> None:
    if any(table.id == "NA" for table in written):
        return
    path = tmp_path_factory.mktemp("events") / "events.csv"
    write_events(path, written, NAMES.states if numbered else ())
    assert read_events(path, NAMES) == tuple(written)


def test_states_are_numbered_where_they_are_given() -> None:
    table = EventTable("1", (EventRecord(0.0, EventKind.DOSE, "central", amount=5.0),))
    header = "ID,TIME,EVID,AMT,RATE,II,ADDL,SS,CMT,DV,MDV\n"
    assert events_csv([table]).decode() == header + "1,0,1,5,.,.,.,.,central,.,1\n"
    assert events_csv([table], NAMES.states).decode() == header + "1,0,1,5,.,.,.,.,2,.,1\n"


@pytest.mark.parametrize("name", ["", ".", "NA", " a", "=1+1", "-1", "a\nb"])
def test_an_identifier_that_a_cell_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="needed a name"):
        events_csv([EventTable(name, (EventRecord(0.0),))])


def test_tables_that_do_not_belong_together_are_refused() -> None:
    one = EventTable("1", (EventRecord(0.0),))
    weighed = EventTable("2", (EventRecord(0.0, covariates=(70.0,)),), ("weight",))
    for written, found in (([], "no event table"), ([one, weighed], "weight"), ([one, one], "two")):
        with pytest.raises(UsageError, match=found):
            events_csv(written)


# A record as data


def rows_of(record: PatientRecord) -> list[dict[str, str]]:
    """Return the lines of a record's data by column."""
    return list(csv.DictReader(io.StringIO(write_nonmem(record).content.decode())))


def test_times_are_where_the_course_model_places_them() -> None:
    individual, rows = project(founding()), rows_of(founding())
    counts = [row for row in rows if row["DVID"] == "1"]
    first = individual.nominal(individual.counts[0].at)
    expected = [individual.nominal(c.at) - first for c in individual.counts]
    assert [float(row["TIME"]) for row in counts] == expected
    assert [float(row["DV"]) for row in counts] == [c.value for c in individual.counts]


def test_a_maintenance_dose_is_one_row_whose_sum_is_the_weekly_dose() -> None:
    row = next(r for r in rows_of(founding()) if r["ADDL"] == "462")
    weekly = 7.0 / float(row["II"]) * float(row["AMT"])
    assert weekly == pytest.approx(11e6, rel=1e-12)  # the text: 11 MU a week
    last = float(row["TIME"]) + float(row["II"]) * int(row["ADDL"])
    stop = project(founding()).nominal(project(founding()).plan.doses[-1].stop)
    start = min(float(r["TIME"]) for r in rows_of(founding()) if r["CMT"] == "2")
    assert 0 < stop - (last - start) <= float(row["II"])


def test_a_titration_has_a_row_for_each_step_of_equal_rise() -> None:
    steps = [r for r in rows_of(founding()) if r["ADDL"] == "12" and r["CMT"] == "2"]
    amounts = [float(r["AMT"]) for r in steps]
    rises = [b - a for a, b in pairwise(amounts)]
    assert amounts[0] == 600_000
    assert rises == pytest.approx([rises[0]] * 5, rel=1e-9)
    assert amounts[0] + 6 * rises[0] == pytest.approx(11e6 / 7, rel=1e-9)


def test_cycles_and_doses_per_area_are_written_out() -> None:
    cycles = [r for r in rows_of(rich()) if r["II"] == "0.5"]
    assert [float(r["AMT"]) for r in cycles] == pytest.approx([1.5e6 * 1.84] * 2, rel=1e-12)
    assert [r["ADDL"] for r in cycles] == ["9", "9"]
    assert float(cycles[1]["TIME"]) - float(cycles[0]["TIME"]) == 56.0


def test_values_below_a_limit_are_censored_as_nlmixr2_has_it() -> None:
    censored = [r for r in rows_of(rich()) if r["CENS"] == "1"]
    assert [(r["DV"], r["LIMIT"]) for r in censored] == [("2", ".")]


def test_at_the_same_time_observations_stand_before_doses() -> None:
    rows = rows_of(rich())
    for before, row in pairwise(rows):
        if before["TIME"] == row["TIME"]:
            assert before["EVID"] <= row["EVID"]
    assert [float(r["TIME"]) for r in rows] == sorted(float(r["TIME"]) for r in rows)


def test_what_the_numbers_are_and_what_is_lost_is_told() -> None:
    told = {d.where: d.found for d in write_nonmem(founding()).dropped}
    assert told["CMT 2"] == "interleukin-2, AMT in [arb'U]"
    assert "2004-10-01/2004-10-15" in told["measurements[cd4-month-5].at"]
    keys = {where.partition("[")[0].partition(".")[0] for where in told}
    assert {"sources", "patient", "events", "missed_doses", "claims", "modelling"} <= keys
    spoilt = {d.where: d.found for d in write_nonmem(rich()).dropped}
    assert spoilt["cultures[culture-spoilt]"] == "contaminated"


def test_a_dose_in_a_unit_that_does_not_convert_is_left_out_and_named() -> None:
    stretch = SMALL[SMALL.index("  - id: drug") : SMALL.index("measurements:")]
    other = changed("1 MU", "1 MIU", changed("id: drug", "id: other", stretch))
    record = small(changed("measurements:", f"{other}measurements:"))
    dropped = {d.where: d.why for d in write_nonmem(record).dropped}
    assert "Arbitrary units" in dropped["administrations[other]"]


@settings(max_examples=30, deadline=None)
@given(records())
def test_a_record_becomes_data_that_the_reader_takes(record: PatientRecord) -> None:
    if not (record.administrations or record.measurements or record.cultures):
        return
    content = write_nonmem(record).content
    errors = [i for i in nonmem_report(content, "data") if i.severity is Severity.ERROR]
    assert errors == []


def test_a_record_without_numbers_is_refused() -> None:
    text = SMALL[: SMALL.index("administrations:")]
    with pytest.raises(ExchangeError, match="without a dose"):
        write_nonmem(small(text))


# What data mean

HEAD = "ID,TIME,EVID,AMT,RATE,II,ADDL,SS,CMT,DV,MDV\n"


def report(lines: str, head: str = HEAD) -> dict[str, tuple[str, str, str]]:
    """Return severity, place and message of each rule that speaks."""
    found = nonmem_report((head + lines).encode(), "data.csv")
    return {i.rule: (i.severity.value, i.path, i.message) for i in found}


@pytest.mark.parametrize(
    ("lines", "rule", "severity", "path", "words"),
    [
        ("1,0,1,5,.,12,3,.,1,.,1\n", "additional-doses", "info", "line 2",
         "4 doses of 5, at 0, 12, 24, 36; the last at 36"),
        ("1,0,1,5,.,1,3,.,1,.,1\n1,2,0,.,.,.,.,.,1,7,0\n", "additional-dose-at-record", "warning",
         "line 2", "observations of lines 3"),
        ("1,0,0,.,.,.,.,.,1,7,0\n1,0,1,5,.,.,.,.,1,.,1\n", "same-time", "info", "line 2",
         "observation (line 2), dose (line 3). An observation before a dose"),
        ("1,0,1,5,.,.,.,.,1,.,1\n1,0,0,.,.,.,.,.,1,7,0\n", "same-time", "info", "line 2",
         "An observation after a dose sees the state after it"),
        ("1,0,1,5,.,24,.,1,1,.,1\n", "steady-state", "info", "line 2", "replaces what is there"),
        ("1,0,1,5,.,24,.,2,1,.,1\n", "steady-state", "warning", "line 2", "linear models only"),
        ("1,0,1,0,5,.,.,1,1,.,1\n", "steady-state", "info", "line 2", "infusion that ends here"),
        ("1,0,1,5,-1,.,.,.,1,.,1\n", "modelled-rate", "warning", "line 2", "R1"),
        ("1,0,1,5,-2,.,.,.,1,.,1\n", "modelled-duration", "warning", "line 2", "D1"),
        ("1,0,1,5,2,.,.,.,1,.,1\n", "infusion", "info", "line 2", "infusion of 2.5 d"),
        ("1,0,1,5,.,12,.,.,1,.,1\n", "interval-alone", "warning", "line 2", "means nothing"),
        ("1,0,1,5,.,.,3,.,1,.,1\n", "refused", "error", "line 2", "beside ADDL"),
        ("1,0,1,0,.,.,.,.,1,.,1\n", "refused", "error", "line 2", "above 0 on a dose"),
        ("1,0,0,5,.,.,.,.,1,.,0\n", "refused", "error", "line 2", "EVID 0"),
        ("1,0,1,5,.,.,.,3,1,.,1\n", "unknown-kind", "error", "line 2", "SS 3"),
        ("1,0,7,5,.,.,.,.,1,.,1\n", "unknown-kind", "error", "line 2", "EVID 7"),
        ("1,1,0,.,.,.,.,.,1,7,0\n1,0,0,.,.,.,.,.,1,7,0\n", "time-goes-back", "error", "line 3",
         "at least 1"),
        ("1,0,0,.,.,.,.,.,1,7,0\n2,0,0,.,.,.,.,.,1,7,0\n1,1,0,.,.,.,.,.,1,7,0\n", "id-again",
         "error", "line 4", "new individual"),
        ("1,0,0,.,.,.,.,.,1,7,1\n", "mdv-hides-value", "warning", "line 2", "hides"),
        ("1,0,0,.,.,.,.,.,1,.,0\n", "empty-observation", "warning", "line 2", "reads it as 0"),
        ("1,0,1,5,.,.,.,.,1,.,0\n", "mdv-against-evid", "warning", "line 2", "MDV must be 1"),
        ("1,0,1,5,.,.,.,.,1,7,1\n", "value-ignored", "warning", "line 2", "ignored"),
        ("1,0,0,.,.,.,.,.,1,0,0\n", "zero-observation", "warning", "line 2", "quantification"),
        ("1,08:30,0,.,.,.,.,.,1,1,0\n", "no-number", "error", "line 2", "clock times"),
        ("1,.,0,.,.,.,.,.,1,1,0\n", "no-time", "error", "line 2", "time in days"),
        ("1,1e999,0,.,.,.,.,.,1,1,0\n", "no-number", "error", "line 2", "1e999"),
    ],
)  # fmt: skip
def test_what_records_mean_and_where_they_contradict_themselves(
    lines: str, rule: str, severity: str, path: str, words: str
) -> None:
    found = report(lines)[rule]
    assert found[:2] == (severity, path)
    assert words in found[2]


def test_columns_that_nothing_reads_and_censoring_are_told() -> None:
    found = report("1,0,5,1,9\n", "ID,TIME,DV,CENS,WEIGHT\n")
    assert "CENS, WEIGHT" in found["columns"][2]
    assert "nlmixr2" in found["censoring"][2]
    assert "MDV is 1" in found["no-evid"][2]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "no record"),
        (b"ID,DV\n1,2\n", "ID, DV"),
        (b"TIME\n", "no record"),
        (b"TIME,DV\n1\n", "1 cells"),
        (b"TIME\n\xff\n", "not UTF-8"),
        (b'TIME\n"', "no CSV"),
    ],
)
def test_what_is_no_data_is_one_clear_error(content: bytes, found: str) -> None:
    with pytest.raises(ExchangeError) as raised:
        nonmem_report(content, "data.csv")
    assert found in raised.value.found


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(
        ["0", "1", "2", "-1", ".", "1e308", "1e-320", "x", "4", "0.5"]), min_size=11, max_size=11),
        min_size=1, max_size=5),
)  # fmt: skip
def test_no_record_crashes_the_report(rows: list[list[str]]) -> None:
    report("".join(",".join(row) + "\n" for row in rows))


def test_the_reader_refuses_what_the_report_calls_an_error(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text(HEAD + "1,0,1,5,.,.,3,.,1,.,1\n")
    with pytest.raises(RecordError, match="beside ADDL"):
        read_events(path, Names(NAMES.states))
