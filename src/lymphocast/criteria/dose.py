"""Doses against the highest that a published trial of the same product found tolerable.

A row holds for one sort of product and one unit: units of one product are not units of another, so
a dose whose unit, product or body surface is unknown is not compared, and what is missing is
named. The trials were of other diseases; a dose below their limit is not thereby safe.

References
----------
.. [1] Davey RT et al. Subcutaneous administration of interleukin-2 in human immunodeficiency
   virus type 1-infected persons. J Infect Dis 1997. PMID 9086130: 15 MIU a day.
.. [2] Meyers FJ et al. Clin Pharmacol Ther 1991;49:307-13: pegylated interleukin-2, weekly
   intravenous doses, 20 million units per m2.
.. [3] Sereti I et al. Blood 2009;113:6304: one subcutaneous dose of interleukin-7, 30 ug/kg.
"""

import math
from dataclasses import dataclass
from typing import final

from lymphocast.criteria.assessment import Assessment, Edition, Standing, Theme
from lymphocast.record.body import absolute_amount, surface_of
from lymphocast.record.events import Administration
from lymphocast.record.patient import Demographics, PatientRecord
from lymphocast.record.printed import printed
from lymphocast.units import DAYS_PER_WEEK, Quantity, commensurable


@final
@dataclass(frozen=True)
class Tolerated:
    """The highest tolerated amount in ``per`` days of one sort of product; 0 is one dose."""

    drug: str
    pegylated: bool | None
    amount: Quantity
    per: float
    edition: Edition


TOLERATED = (
    Tolerated(
        "interleukin-2",
        False,
        Quantity(15.0, "M[IU]"),
        1.0,
        Edition("Davey 1997, subcutaneous, HIV", "PMID 9086130"),
    ),
    Tolerated(
        "interleukin-2",
        True,
        Quantity(20.0, "M[arb'U]/m2"),
        DAYS_PER_WEEK,
        Edition("Meyers 1991, intravenous, cancer", "Clin Pharmacol Ther 1991;49:307-13"),
    ),
    Tolerated(
        "interleukin-7",
        None,
        Quantity(30.0, "ug/kg"),
        0.0,
        Edition("Sereti 2009, one subcutaneous dose, HIV", "Blood 2009;113:6304"),
    ),
)


ROUNDING = 1e-9
"""Room for the rounding of a quotient of days before it is cut to whole doses."""
_LACKS = {"m2": "body surface, or weight and height", "kg": "body weight"}


def tolerated_doses(record: PatientRecord) -> tuple[Assessment, ...]:
    """Return each stretch of a cytokine against the row of its product."""
    rows = [(a, _row(a)) for a in record.administrations]
    return tuple(_judged(a, row, record.demographics) for a, row in rows if row is not None)


def _row(a: Administration) -> Tolerated | None:
    """Return the row of a stretch; an unknown product has the row of no product."""
    for row in TOLERATED:
        if row.drug != a.drug:
            continue
        if row.pegylated is None or (a.product is not None and row.pegylated is _pegylated(a)):
            return row
    return None


def _pegylated(a: Administration) -> bool:
    """Return whether a stretch is of a pegylated product."""
    return a.product is not None and "peg" in a.product.casefold()


def _judged(a: Administration, row: Tolerated, person: Demographics) -> Assessment:
    """Compare one stretch with its row."""
    given, missing = _given(a, row, person)
    period = "a dose" if row.per == 0 else f"in {row.per:g} d"
    name = f"{a.drug} above {printed(row.amount)} {period}"
    if given is None:
        status, why = (
            Standing.NOT_ESTABLISHED,
            f"{printed(a.amount)} per {a.per:g} d not comparable",
        )
    else:
        status = Standing.MET if given > row.amount.value else Standing.NOT_MET
        why = f"{printed(Quantity(float(f'{given:.3g}'), row.amount.unit))} {period}"
    return Assessment(
        "dose-above-tolerated",
        name,
        Theme.TREATMENT,
        status,
        row.edition,
        (a.id,),
        why,
        missing,
        urgent=status is Standing.MET,
    )


def _given(
    a: Administration, row: Tolerated, person: Demographics
) -> tuple[float | None, tuple[str, ...]]:
    """Return the amount in the row's unit and period, or what is missing for it."""
    amount = Quantity(a.one_dose.value * _doses_in(row.per, a), a.amount.unit)
    wanted = row.amount.unit
    if commensurable(amount.unit, wanted):
        return amount.to(wanted).value, ()
    whole, _, body = wanted.rpartition("/")
    size = _size(body, person)
    if body in _LACKS and commensurable(amount.unit, whole):
        return (None, (_LACKS[body],)) if size is None else (amount.to(whole).value / size, ())
    absolute = absolute_amount(amount, person)
    if absolute is not None and commensurable(absolute.unit, wanted):
        return absolute.to(wanted).value, ()
    lacks = _LACKS.get(amount.unit.rpartition("/")[2])
    missing = lacks if absolute is None and lacks else f"the dose in a unit that becomes {wanted}"
    return None, (missing,)


def _doses_in(days: float, a: Administration) -> int:
    """Return how many doses of a stretch fall into so many days, one at least."""
    return max(1, math.floor(days * a.divided / a.per + ROUNDING))


def _size(body: str, person: Demographics) -> float | None:
    """Return the body surface in m2 or the body weight in kg, if it is stated."""
    size = surface_of(person) if body == "m2" else person.weight if body == "kg" else None
    return None if size is None else size.to(body).value
