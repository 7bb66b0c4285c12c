"""Hold and stop rules for interleukin-2, applied to values and events on treatment.

The rules are those of HIGH-DOSE intravenous interleukin-2 for cancer [1]_: no published rule for
low-dose subcutaneous interleukin-2 was found, and every result says so. Any relative criterion
holds the dose until it is corrected; an absolute one, or three relative ones at the same time,
stops treatment. What a rule asks for and a record does not hold is named, never taken as normal.

Left out: fluid balance, pressors, and the number of doses that were held.

References
----------
.. [1] Dutcher JP et al. High dose interleukin-2 (aldesleukin): expert consensus on best management
   practices. J Immunother Cancer 2014;2:26. doi:10.1186/s40425-014-0026-0
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from lymphocast.criteria.assessment import (
    Assessment,
    Edition,
    Standing,
    Theme,
    perhaps_within,
)
from lymphocast.criteria.ctcae import baseline_of
from lymphocast.criteria.drugs import Course, course
from lymphocast.record.analytes import in_own_unit
from lymphocast.record.events import Measurement, Presence
from lymphocast.record.patient import PatientRecord
from lymphocast.record.when import When

HIGH_DOSE = Edition(
    "SITC 2014, rules of high-dose intravenous IL-2 in cancer (none is published for low-dose "
    "subcutaneous IL-2)",
    "doi:10.1186/s40425-014-0026-0",
)
DRUG = "interleukin-2"
RELATIVE_TO_STOP = 3
"""Relative criteria at one time that stop treatment (doi:10.1186/s40425-014-0026-0)."""
HUNDRED = 100.0


@final
@dataclass(frozen=True)
class Limits:
    """Limits of one analyte in its own unit; ``falling`` ones act below, the others above.

    ``hold_at`` and ``stop_at`` say whether the limit itself is already meant.
    """

    system: str
    analyte: str
    hold: float
    stop: float | None
    falling: bool = False
    hold_at: bool = True
    stop_at: bool = False


LIMITS = (
    Limits("heart rate", "heart rate", 100.0, 130.0),
    Limits("kidney", "creatinine", 2.5, 3.0, stop_at=True),
    # 160 and 80 mL in a shift of 8 h.
    Limits("urine", "urine output", 20.0, 10.0, falling=True),
    Limits("platelets", "platelets", 50e3, 30e3, falling=True),
    Limits("liver", "bilirubin", 7.0, None, hold_at=False),
    Limits("oxygen", "oxygen flow", 3.0, 4.0),
)
"""SITC 2014, table 3. Heart rate per minute, creatinine and bilirubin in mg/dL, urine in mL/h,
platelets per uL, oxygen in L/min."""
WEIGHT_GAIN = 15.0
"""Per cent of the baseline weight above which the dose is held."""
HOLD_TERMS = frozenset({"vivid dreams", "anxiety"})
STOP_TERMS = frozenset(
    {
        "myocardial ischaemia",
        "atrial fibrillation",
        "ventricular tachycardia",
        "supraventricular tachycardia",
        "raised cardiac enzymes",
        "hallucinations",
        "mental status change",
        "intubation",
        "suspected infection",
        "documented infection",
    }
)


@final
@dataclass(frozen=True)
class Hit:
    """One criterion that a fact meets."""

    system: str
    fact: str
    at: When
    stops: bool
    why: str


def hold_rules(record: PatientRecord) -> tuple[Assessment, ...]:
    """Return what the rules say of treatment with interleukin-2; nothing without it."""
    treated = course(record, {DRUG})
    if treated is None:
        return ()
    hits = (*_measured(record, treated), *_events(record, treated))
    missing = _missing(record, treated)
    return (_verdict(hits, missing, stop=True), _verdict(hits, missing, stop=False))


def _verdict(hits: tuple[Hit, ...], missing: tuple[str, ...], *, stop: bool) -> Assessment:
    """Return whether treatment was to be stopped, or held."""
    absolute = [h for h in hits if h.stops]
    together = _together([h for h in hits if not h.stops])
    deciding = absolute or (together if len(together) >= RELATIVE_TO_STOP else [])
    if not stop:
        deciding = [h for h in hits if not h.stops]
    status = Standing.MET if deciding else Standing.NOT_ESTABLISHED if missing else Standing.NOT_MET
    why = "; ".join(h.why for h in deciding) or "no recorded value or event meets a criterion"
    return Assessment(
        "il2-stop" if stop else "il2-hold",
        "stop interleukin-2 (absolute criterion, or three relative ones at once)"
        if stop
        else "hold interleukin-2 (relative criterion)",
        Theme.SAFETY,
        status,
        HIGH_DOSE,
        tuple(dict.fromkeys(h.fact for h in deciding)),
        why,
        () if deciding else missing,
        urgent=status is Standing.MET,
    )


def _together(hits: list[Hit]) -> list[Hit]:
    """Return the most relative criteria of different systems that can hold on one day."""
    best: list[Hit] = []
    for hit in hits:
        same = {h.system: h for h in hits if h.at.contains(hit.at.earliest)}
        best = max(best, list(same.values()), key=len)
    return best


def _values(record: PatientRecord, treated: Course, analyte: str) -> list[Measurement]:
    """Return the values of an analyte that can lie on treatment."""
    values = [m for m in record.counts(analyte) if m.limit is None]
    return [m for m in values if perhaps_within(m.at, treated.start, treated.stop)]


def _measured(record: PatientRecord, treated: Course) -> Iterator[Hit]:
    """Return the criteria that measurements meet."""
    for row in LIMITS:
        for m in _values(record, treated, row.analyte):
            stops = judge(row, in_own_unit(m.analyte, m.value).value)
            if stops is not None:
                yield Hit(row.system, m.id, m.at, stops, f"{row.analyte} {m.value} ({m.at.text})")
    first = baseline_of(record, "body weight")
    if first is None:
        return
    start = first.value.to("kg").value
    for m in _values(record, treated, "body weight"):
        gain = HUNDRED * (m.value.to("kg").value - start) / start
        if gain > WEIGHT_GAIN:
            yield Hit("weight", m.id, m.at, False, f"weight {gain:+.0f} % ({m.at.text})")


def judge(row: Limits, value: float) -> bool | None:
    """Return whether a value stops treatment (true), holds it (false), or neither (``None``)."""
    sign = -1.0 if row.falling else 1.0
    if row.stop is not None and _reaches(sign * value, sign * row.stop, row.stop_at):
        return True
    return False if _reaches(sign * value, sign * row.hold, row.hold_at) else None


def _reaches(value: float, limit: float, at: bool) -> bool:
    """Return whether a value is beyond a limit, or at it where that is meant too."""
    return value > limit or (at and value == limit)


def _events(record: PatientRecord, treated: Course) -> Iterator[Hit]:
    """Return the criteria that findings and adverse events meet."""
    for event in record.adverse_events:
        if perhaps_within(event.at, treated.start, treated.stop):
            yield from _term(event.id, event.term or event.what, event.at)
    for f in record.findings:
        if f.at is None or f.presence not in {None, Presence.PRESENT}:
            continue
        if perhaps_within(f.at, treated.start, treated.stop):
            yield from _term(f.id, f.term or f.what, f.at)


def _term(fact: str, term: str, at: When) -> Iterator[Hit]:
    """Return the criterion that a term is."""
    if term in HOLD_TERMS | STOP_TERMS:
        yield Hit(term, fact, at, term in STOP_TERMS, f"{term} ({at.text})")


def _missing(record: PatientRecord, treated: Course) -> tuple[str, ...]:
    """Return the measurements that the rules ask for and the record does not hold."""
    wanted = [row.analyte for row in LIMITS] + ["body weight"]
    return tuple(name for name in wanted if not _values(record, treated, name))
