"""Event records: what is refused, and the elementary events that they stand for."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lymphocast.dataset.events import (
    CovariateRule,
    EventKind,
    EventRecord,
    EventTable,
    SteadyState,
    fault_of,
)
from lymphocast.dataset.occasions import Given, Knot, Reading, occasions
from lymphocast.dataset.regimen import DoseEvent, Entry
from lymphocast.errors import UsageError

DOSE = EventRecord(0.0, EventKind.DOSE, "depot", 10.0)
LOOK = EventRecord(0.0)


def table(*records: EventRecord) -> EventTable:
    return EventTable("1", records)


def changed(record: EventRecord, **items: object) -> EventRecord:
    return dataclasses.replace(record, **items)


def test_additional_doses_are_spelt_out_and_a_plain_rate_of_zero_is_a_bolus() -> None:
    (whole,) = occasions(table(changed(DOSE, interval=0.5, additional=2)))
    bolus = [DoseEvent(t, 10.0, "depot", entry=Entry.BOLUS) for t in (0.0, 0.5, 1.0)]
    assert whole.given == (
        Given(bolus[0], 0, own_record=True),
        Given(bolus[1], 0, own_record=False),
        Given(bolus[2], 0, own_record=False),
    )
    assert whole.readings == (Reading(0.0, 0),)


@pytest.mark.parametrize(
    ("rate", "entry"),
    [
        (0.0, Entry.BOLUS),
        (5.0, Entry.FIXED_RATE),
        (-1.0, Entry.MODELLED_RATE),
        (-2.0, Entry.MODELLED_DURATION),
    ],
)
def test_rate_says_how_a_dose_enters(rate: float, entry: Entry) -> None:
    (whole,) = occasions(table(changed(DOSE, rate=rate)))
    assert whole.given[0].dose.entry is entry
    assert whole.given[0].dose.rate == max(rate, 0.0)


def test_an_additional_dose_that_rounding_moves_stands_at_the_record_it_meets() -> None:
    dose = changed(DOSE, interval=0.1, additional=3)
    (whole,) = occasions(table(dose, changed(LOOK, time=0.3)))
    assert 3 * 0.1 != 0.3
    assert whole.given[3].dose.time == 0.3


def test_resets_and_replacing_steady_states_begin_occasions() -> None:
    steady = changed(DOSE, time=3.0, interval=1.0, steady_state=SteadyState.REPLACE)
    parts = occasions(
        table(
            DOSE,
            changed(LOOK, time=2.0),
            EventRecord(1.0, EventKind.RESET),
            changed(DOSE, time=2.0, interval=1.0, steady_state=SteadyState.ADD),
            steady,
            changed(DOSE, time=0.0, kind=EventKind.RESET_AND_DOSE),
        )
    )
    assert [part.start for part in parts] == [0.0, 1.0, 3.0, 0.0]
    assert [part.empty for part in parts] == [False, False, True, False]
    assert [len(part.steady) for part in parts] == [0, 1, 1, 0]
    assert [len(part.given) for part in parts] == [1, 1, 1, 1]
    assert [r.record for part in parts for r in part.readings] == [0, 1, 2, 3, 4, 5]


def test_a_constant_infusion_gives_no_dose_after_its_record() -> None:
    constant = EventRecord(
        1.0, EventKind.DOSE, "central", rate=3.0, steady_state=SteadyState.REPLACE
    )
    (whole,) = occasions(table(constant))
    assert whole.given == ()
    assert whole.steady[0].interval == 0.0
    assert whole.steady[0].dose.rate == 3.0


@pytest.mark.parametrize(
    ("rule", "on_dose"),
    [
        (CovariateRule.LAST_CARRIED_FORWARD, 60.0),
        (CovariateRule.NEXT_CARRIED_BACKWARD, 80.0),
        (CovariateRule.LINEAR, 65.0),
    ],
)
def test_a_dose_record_without_a_covariate_takes_what_the_rule_gives(
    rule: CovariateRule, on_dose: float
) -> None:
    records = (
        changed(LOOK, covariates=(60.0,)),
        changed(DOSE, time=1.0, covariates=(None,)),
        changed(LOOK, time=4.0, covariates=(80.0,)),
    )
    (whole,) = occasions(EventTable("1", records, ("weight",), rule))
    assert whole.given[0].covariates == (on_dose,)
    assert whole.knots == (Knot(0.0, (60.0,)), Knot(1.0, (None,)), Knot(4.0, (80.0,)))


def test_a_covariate_is_carried_over_a_reset() -> None:
    records = (
        changed(LOOK, covariates=(60.0,)),
        changed(LOOK, kind=EventKind.RESET, covariates=(None,)),
        changed(LOOK, covariates=(80.0,)),
    )
    forward = occasions(EventTable("1", records, ("weight",)))
    assert forward[1].knots[0].values == (60.0,)
    backward = occasions(EventTable("1", records, ("weight",), CovariateRule.NEXT_CARRIED_BACKWARD))
    assert backward[1].knots[0].values == (80.0,)


NAN = float("nan")


@pytest.mark.parametrize(
    ("record", "item", "needed"),
    [
        (changed(DOSE, amount=-1.0), "AMT", "above 0"),
        (changed(DOSE, amount=0.0, steady_state=SteadyState.NONE), "AMT", "above 0"),
        (changed(DOSE, amount=NAN), "AMT", "finite"),
        (changed(DOSE, rate=-3.0), "RATE", "-2"),
        (changed(DOSE, additional=3), "II", "beside ADDL"),
        (changed(DOSE, additional=-1, interval=1.0), "ADDL", "from 0"),
        (changed(DOSE, interval=-1.0), "II", "0 or more"),
        (changed(DOSE, steady_state=SteadyState.REPLACE), "II", "beside SS"),
        (changed(LOOK, amount=1.0), "AMT", "EVID 0"),
        (changed(LOOK, kind=EventKind.RESET, rate=1.0), "RATE", "EVID 3"),
        (changed(LOOK, kind=EventKind.OTHER, steady_state=SteadyState.ADD), "SS", "EVID 2"),
        (changed(LOOK, time=NAN), "TIME", "finite"),
        (
            changed(DOSE, amount=0.0, steady_state=SteadyState.REPLACE, interval=1.0),
            "II",
            "where AMT is 0",
        ),
        (
            changed(DOSE, amount=0.0, steady_state=SteadyState.REPLACE, additional=1),
            "ADDL",
            "where AMT is 0",
        ),
        (
            changed(DOSE, amount=0.0, steady_state=SteadyState.REPLACE, rate=-2.0),
            "RATE",
            "where AMT is 0",
        ),
    ],
)
def test_a_record_at_fault_names_item_and_need(record: EventRecord, item: str, needed: str) -> None:
    fault = fault_of(record)
    assert fault is not None
    assert fault.item == item
    assert needed in fault.needed
    with pytest.raises(UsageError, match=f"individual '1', record 1: {item}"):
        table(record)


def test_time_runs_forward_but_for_a_reset() -> None:
    with pytest.raises(UsageError, match="record 2: TIME 1; needed at least 2"):
        table(changed(LOOK, time=2.0), changed(LOOK, time=1.0))
    table(changed(LOOK, time=2.0), changed(LOOK, time=1.0, kind=EventKind.RESET))


@pytest.mark.parametrize(
    ("records", "covariates", "complaint"),
    [
        ((), (), "no record"),
        ((LOOK,), ("weight",), "covariates 0; needed 1"),
        ((changed(LOOK, covariates=(None,)),), ("weight",), "'weight' has no value"),
        ((changed(LOOK, covariates=(NAN,)),), ("weight",), "weight nan"),
    ],
)
def test_a_table_that_says_too_little_is_refused(
    records: tuple[EventRecord, ...], covariates: tuple[str, ...], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        EventTable("1", records, covariates)


def test_absurdly_many_doses_are_refused() -> None:
    many = changed(DOSE, interval=1.0, additional=150_000)
    with pytest.raises(UsageError, match="300002 doses"):
        occasions(table(many, many))


@given(
    spacing=st.lists(st.floats(0.0, 10.0), min_size=1, max_size=12),
    resets=st.sets(st.integers(1, 11)),
    additional=st.integers(0, 4),
)
def test_no_dose_or_reading_is_lost_in_any_table(
    spacing: list[float], resets: set[int], additional: int
) -> None:
    time, records = 0.0, []
    for i, gap in enumerate(spacing):
        time += gap
        kind = EventKind.RESET_AND_DOSE if i in resets else EventKind.DOSE
        records.append(changed(DOSE, time=time, kind=kind, interval=0.7, additional=additional))
    parts = occasions(table(*records))
    assert len(parts) == 1 + len(resets & set(range(1, len(spacing))))
    assert sum(len(part.given) for part in parts) == len(records) * (1 + additional)
    assert [r.time for part in parts for r in part.readings] == [r.time for r in records]
