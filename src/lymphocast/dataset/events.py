"""Event records as NONMEM defines them, checked one by one.

An :class:`EventTable` holds one individual's records in data order. They mean:

- ADDL = n gives the dose and n more, II apart. A dose that no record stands for (an additional
  one, or one that a lag moves) enters before a record of exactly the same time; otherwise records
  of the same time act in data order, so that an observation before a dose sees the state before
  it and an observation after a dose the state after it. Times closer than 1e-9 d are the same.
- EVID 3 starts again from the model's initial state at the record's time, which may lie before
  the last one; infusions in progress, lagged and additional doses are cancelled. EVID 4 does the
  same and then gives a dose.
- SS = 1 replaces the state by the steady state of the record's dose given every II days for ever
  and cancels earlier doses; SS = 2 adds that steady state to what is there, which means something
  in linear models only. AMT = 0 and II = 0 with SS is a constant infusion at RATE that ends at
  the record's time; neither lag nor bioavailable fraction applies to it, and RATE = 0 then asks
  for the equilibrium without doses. The lag applies to every implied dose: the state at the
  record's time is the one a lag before the next dose enters. ADDL after SS gives ordinary doses.
- A covariate has the value of its record at the record's own time. Between records the last value
  is carried forward, the next one backward (what NONMEM does), or they are joined by straight
  lines; beyond the first and last known values the nearest one holds. A record without a value
  says nothing about the covariate. F, lag and duration of a dose are those of the covariates on
  its record, also for additional and implied doses.

So that no number is misread, three things NONMEM allows are refused: turning a compartment off
(CMT < 0), SS = 3, and negative ADDL. II without ADDL or SS is allowed and means nothing.

Sources: NONMEM Users Guide, part VI (PREDPP), chapters II, III and V (Beal, Boeckmann, Sheiner;
ICON plc 2017), and help guide, part VIII (EVID, SS, ADDL, RATE, absorption lag); for additional
doses at an observation's time also mrgsolve, ``mrgsim``, ``recsort = 1``.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum
from math import isfinite
from typing import NamedTuple, final

from lymphocast.errors import UsageError

SAME_TIME = 1e-9  # days within which two times are one
MOST_DOSES = 200_000  # of one individual; more is a slip in ADDL
MODELLED_RATE, MODELLED_DURATION = -1.0, -2.0


@final
class EventKind(IntEnum):
    """EVID: what a record stands for."""

    OBSERVATION = 0
    DOSE = 1
    OTHER = 2
    RESET = 3
    RESET_AND_DOSE = 4

    @property
    def doses(self) -> bool:
        """Whether the record gives a dose."""
        return self in {EventKind.DOSE, EventKind.RESET_AND_DOSE}

    @property
    def resets(self) -> bool:
        """Whether the record starts again from the initial state."""
        return self in {EventKind.RESET, EventKind.RESET_AND_DOSE}


@final
class SteadyState(IntEnum):
    """SS: whether a dose is the last of infinitely many, and what becomes of the state before."""

    NONE = 0
    REPLACE = 1
    ADD = 2


@final
class Censoring(IntEnum):
    """CENS, as nlmixr2 and Monolix have it: whether a value is a limit, and on which side of it."""

    NONE = 0
    BELOW = 1
    ABOVE = -1


@final
class CovariateRule(Enum):
    """What a covariate is between the records that give it."""

    LAST_CARRIED_FORWARD = "locf"
    NEXT_CARRIED_BACKWARD = "nocb"
    LINEAR = "linear"


@final
@dataclass(frozen=True)
class EventRecord:
    """One record. Names follow the glossary; NONMEM's item stands in brackets.

    Parameters
    ----------
    time
        Study day [TIME].
    kind
        What it stands for [EVID].
    compartment
        The state dosed or the variable observed, by name [CMT].
    amount
        Amount in the compartment's unit [AMT].
    rate
        Rate of input per day, 0 for a bolus, -1 if the model sets the rate, -2 if it sets the
        duration [RATE].
    interval
        Days between doses [II].
    additional
        Number of further doses [ADDL].
    steady_state
        Whether the system is at steady state [SS].
    value
        The observation, or ``None`` [DV, or MDV = 1].
    covariates
        Values of the table's covariates on this record, ``None`` where it gives none.
    censoring
        Whether ``value`` is a limit that the observation lies below or above [CENS].
    """

    time: float
    kind: EventKind = EventKind.OBSERVATION
    compartment: str = ""
    amount: float = 0.0
    rate: float = 0.0
    interval: float = 0.0
    additional: int = 0
    steady_state: SteadyState = SteadyState.NONE
    value: float | None = None
    covariates: tuple[float | None, ...] = ()
    censoring: Censoring = Censoring.NONE

    @property
    def constant_infusion(self) -> bool:
        """Whether the steady state is that of a constant infusion which ends here."""
        return self.steady_state is not SteadyState.NONE and self.amount == 0.0


@final
class Fault(NamedTuple):
    """What is wrong with a record: NONMEM's item, what it is, what it must be."""

    item: str
    found: str
    needed: str


@final
@dataclass(frozen=True)
class EventTable:
    """One individual's records in data order.

    Parameters
    ----------
    id
        The individual.
    records
        Records whose times do not decrease, except at a reset.
    covariates
        Names of the covariates, in the order of each record's values.
    rule
        What covariates are between records.

    Raises
    ------
    UsageError
        If a record is at fault, times decrease, there is no record, or a covariate has no value.
    """

    id: str
    records: tuple[EventRecord, ...]
    covariates: tuple[str, ...] = ()
    rule: CovariateRule = CovariateRule.LAST_CARRIED_FORWARD

    def __post_init__(self) -> None:
        """Check every record."""
        if not self.records:
            msg = f"individual '{self.id}': no record; needed at least one"
            raise UsageError(msg)
        for number, record in enumerate(self.records, 1):
            before = self.records[number - 2] if number > 1 else None
            fault = fault_of(record, before) or self._covariate_fault(record)
            if fault is not None:
                msg = (
                    f"individual '{self.id}', record {number}: {fault.item} {fault.found}; "
                    f"needed {fault.needed}"
                )
                raise UsageError(msg)
        for i, name in enumerate(self.covariates):
            if all(record.covariates[i] is None for record in self.records):
                msg = f"individual '{self.id}': covariate '{name}' has no value; needed one"
                raise UsageError(msg)

    def _covariate_fault(self, record: EventRecord) -> Fault | None:
        if len(record.covariates) != len(self.covariates):
            return Fault("covariates", str(len(record.covariates)), str(len(self.covariates)))
        for name, value in zip(self.covariates, record.covariates, strict=True):
            if value is not None and not isfinite(value):
                return Fault(name, f"{value}", "a finite number")
        return None


def fault_of(record: EventRecord, before: EventRecord | None = None) -> Fault | None:
    """Return the first thing wrong with a record that follows ``before``, or ``None``."""
    numbers = (
        ("TIME", record.time),
        ("AMT", record.amount),
        ("RATE", record.rate),
        ("II", record.interval),
    )
    for item, value in numbers:
        if not isfinite(value):
            return Fault(item, f"{value}", "a finite number")
    if before is not None and record.time < before.time and not record.kind.resets:
        needed = f"at least {before.time:g}, the time before it, or a reset"
        return Fault("TIME", f"{record.time:g}", needed)
    return _dose_fault(record) if record.kind.doses else _stray_item(record)


def _stray_item(record: EventRecord) -> Fault | None:
    items = (
        ("AMT", record.amount),
        ("RATE", record.rate),
        ("II", record.interval),
        ("ADDL", record.additional),
        ("SS", record.steady_state),
    )
    for item, value in items:
        if value != 0:
            return Fault(item, f"{value:g}", f"0 on a record with EVID {record.kind:d}")
    return None


def _dose_fault(record: EventRecord) -> Fault | None:
    amount, rate, interval = record.amount, record.rate, record.interval
    steady = record.steady_state is not SteadyState.NONE
    if record.constant_infusion:
        return _constant_infusion_fault(record)
    checks = (
        (amount > 0.0, "AMT", amount, "an amount above 0 on a dose record"),
        (
            rate >= 0.0 or rate in {MODELLED_RATE, MODELLED_DURATION},
            "RATE",
            rate,
            "a rate above 0, 0 (bolus), -1 (modelled rate) or -2 (modelled duration)",
        ),
        (interval >= 0.0, "II", interval, "0 or more days"),
        (
            0 <= record.additional <= MOST_DOSES,
            "ADDL",
            record.additional,
            f"a number of further doses from 0 to {MOST_DOSES}",
        ),
        (interval > 0.0 or not record.additional, "II", interval, "above 0 days beside ADDL"),
        (interval > 0.0 or not steady, "II", interval, "above 0 days beside SS"),
    )
    for holds, item, value, needed in checks:
        if not holds:
            return Fault(item, f"{value:g}", needed)
    return None


def _constant_infusion_fault(record: EventRecord) -> Fault | None:
    checks = (
        (
            record.rate >= 0.0 or record.rate == MODELLED_RATE,
            "RATE",
            record.rate,
            "0 or more, or -1, where AMT is 0 and SS is not",
        ),
        (record.interval == 0.0, "II", record.interval, "0 where AMT is 0 and SS is not"),
        (record.additional == 0, "ADDL", record.additional, "0 where AMT is 0 and SS is not"),
    )
    for holds, item, value, needed in checks:
        if not holds:
            return Fault(item, f"{value:g}", needed)
    return None
