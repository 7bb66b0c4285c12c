"""Thresholds that a reader watches on treatment: information, not advice.

- A CD4 count below 200 per uL is the threshold of prophylaxis against *Pneumocystis* in HIV [1]_,
  and the surveillance definition of 1993; disseminated *M. avium* complex is almost confined to
  counts below 50 in HIV. Whether these thresholds hold in idiopathic CD4 lymphopenia is not known.
- Interleukin-2 raises eosinophils and may lower thyroid function: eosinophils and TSH are set
  against the limits of normal that the laboratory prints.
- Creatinine above 1.5 times its baseline, the limit of CTCAE grade 2.
- Macrolides lengthen the QT interval: QTc on a macrolide against 450, 481 and 501 ms, the limits of
  CTCAE v5.0.

What was not recorded on treatment is named; it may have been measured all the same.

References
----------
.. [1] 1993 revised classification system for HIV infection. MMWR Recomm Rep 1992;41(RR-17):1-19.
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
from lymphocast.criteria.ctcae_table import CREATININE_BASELINE, CTCAE_5, QTC
from lymphocast.criteria.drugs import CYTOKINES, MACROLIDES, Course, course
from lymphocast.record.analytes import in_own_unit
from lymphocast.record.events import Measurement
from lymphocast.record.patient import PatientRecord
from lymphocast.units import Quantity

CDC_1993 = Edition(
    "CDC 1993, thresholds of HIV infection; information, not advice",
    "MMWR Recomm Rep 1992;41(RR-17):1-19",
)
LABORATORY = Edition("limits of normal as the laboratory prints them", "this record")
PROPHYLAXIS, DISSEMINATED = 200.0, 50.0
"""CD4 per uL: CDC 1993, and the counts below which disseminated MAC disease occurs in HIV."""


@final
@dataclass(frozen=True)
class Watch:
    """One value that is watched on treatment with some drugs."""

    analyte: str
    drugs: frozenset[str]
    why: str


WATCHED = (
    Watch("eosinophils", CYTOKINES, "interleukin-2 raises eosinophils"),
    Watch("TSH", CYTOKINES, "interleukin-2 may lower thyroid function"),
    Watch("creatinine", CYTOKINES, "interleukin-2 may lower renal function"),
    Watch("QTc", MACROLIDES, "macrolides lengthen the QT interval"),
)


def monitoring(record: PatientRecord) -> tuple[Assessment, ...]:
    """Return the thresholds that the record lets one look at."""
    return (*_counts(record), *(a for w in WATCHED for a in _watched(record, w)))


def _counts(record: PatientRecord) -> Iterator[Assessment]:
    """Set the last CD4 count against the thresholds used in HIV infection."""
    counts = record.counts()
    if not counts:
        return
    last = counts[-1]
    value = last.value.to("/uL").value
    for key, threshold, meaning in (
        ("prophylaxis", PROPHYLAXIS, "prophylaxis against Pneumocystis in HIV infection"),
        ("disseminated-mac", DISSEMINATED, "disseminated MAC disease in HIV infection"),
    ):
        low = value < threshold
        yield Assessment(
            f"monitoring.{key}",
            f"last CD4 count below {threshold:g} /uL ({meaning})",
            Theme.SAFETY,
            Standing.MET if low else Standing.NOT_MET,
            CDC_1993,
            (last.id,),
            f"{last.value} ({last.at.dates})",
            urgent=low,
        )


def _watched(record: PatientRecord, watch: Watch) -> Iterator[Assessment]:
    """Set the values of one analyte on treatment against their limits."""
    treated = course(record, watch.drugs)
    if treated is None:
        return
    values = _on(record, watch.analyte, treated)
    if not values:
        yield _unseen(watch)
    for m in values:
        yield _judged(record, watch, m)


def _on(record: PatientRecord, analyte: str, treated: Course) -> list[Measurement]:
    """Return the values that can lie on treatment."""
    values = [m for m in record.counts(analyte) if m.limit is None]
    return [m for m in values if perhaps_within(m.at, treated.start, treated.stop)]


def _unseen(watch: Watch) -> Assessment:
    """Return that a value was not recorded on treatment."""
    return Assessment(
        f"monitoring.{watch.analyte.casefold()}",
        f"{watch.analyte} on treatment",
        Theme.SAFETY,
        Standing.NOT_ESTABLISHED,
        LABORATORY,
        (),
        watch.why,
        (f"{watch.analyte} on treatment",),
    )


def _judged(record: PatientRecord, watch: Watch, m: Measurement) -> Assessment:
    """Return one value against its limits."""
    if watch.analyte == "QTc":
        return _qtc(m)
    if watch.analyte == "creatinine":
        return _creatinine(record, m)
    return _against_normal(watch, m)


def _against_normal(watch: Watch, m: Measurement) -> Assessment:
    """Return a value against the laboratory's limits of normal."""
    value = in_own_unit(m.analyte, m.value).value
    low, high = _limit(m, m.normal and m.normal.low), _limit(m, m.normal and m.normal.high)
    beyond = (high is not None and value > high) or (low is not None and value < low)
    known = low is not None or high is not None
    status = Standing.MET if beyond else Standing.NOT_MET if known else Standing.NOT_ESTABLISHED
    return Assessment(
        f"monitoring.{watch.analyte.casefold()}",
        f"{watch.analyte} outside the limits of normal",
        Theme.SAFETY,
        status,
        LABORATORY,
        (m.id,),
        f"{m.value} ({m.at.text}); {watch.why}",
        () if known else ("the limits of normal",),
    )


def _limit(m: Measurement, limit: Quantity | None) -> float | None:
    """Return a limit in the analyte's own unit."""
    return None if limit is None else in_own_unit(m.analyte, limit).value


def _creatinine(record: PatientRecord, m: Measurement) -> Assessment:
    """Return creatinine against its baseline."""
    limit = CREATININE_BASELINE[0]
    first = baseline_of(record, m.analyte)
    name = f"creatinine above {limit:g} times the baseline"
    if first is None:
        status, why = Standing.NOT_ESTABLISHED, f"{m.value} ({m.at.text})"
    else:
        own = in_own_unit(m.analyte, m.value).value / in_own_unit(m.analyte, first.value).value
        status = Standing.MET if own > limit else Standing.NOT_MET
        why = f"{m.value} ({m.at.text}) is {own:.2f} times {first.value}"
    return Assessment(
        "monitoring.creatinine",
        name,
        Theme.SAFETY,
        status,
        CTCAE_5,
        (m.id,) if first is None else (m.id, first.id),
        why,
        () if first is not None else ("a value before treatment",),
    )


def _qtc(m: Measurement) -> Assessment:
    """Return a QTc interval on a macrolide against the limits of CTCAE."""
    limits = QTC[2]
    value = in_own_unit(m.analyte, m.value).value
    reached = [limit for limit in limits if value >= limit]
    return Assessment(
        "monitoring.qtc",
        f"QTc on a macrolide of {limits[0]:g} ms or more",
        Theme.SAFETY,
        Standing.MET if reached else Standing.NOT_MET,
        CTCAE_5,
        (m.id,),
        f"{m.value} ({m.at.text})" + (f", at or above {reached[-1]:g} ms" if reached else ""),
        urgent=value >= limits[-1],
    )
