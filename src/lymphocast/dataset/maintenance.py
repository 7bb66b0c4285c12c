"""Maintenance: the patient's own constant dose, which doses of the course model are relative to."""

from dataclasses import dataclass
from typing import final

from lymphocast.dataset.individual import Individual
from lymphocast.errors import RecordError, record_name
from lymphocast.record.body import in_absolute_amounts
from lymphocast.record.events import Administration
from lymphocast.record.patient import PatientRecord
from lymphocast.units import DAYS_PER_WEEK, Quantity, commensurable

ARBITRARY = "[arb'U]"
"""Units without a stated unit system: they belong to one product."""
ROOM = 1e-9  # of rounding, relative


@final
@dataclass(frozen=True)
class Maintenance:
    """The last stretch of the study drug at a constant dose.

    Parameters
    ----------
    drug, product
        Of the stretch; the product is ``None`` if no source states it.
    weekly
        Its mean weekly amount in the record's own unit.
    apart
        Days from one dose to the next.
    lowest, highest
        Smallest and largest weekly dose that the patient has had, relative to this one.
    largest_injection
        Largest single dose that the patient has had, relative to one of this stretch.
    longest_apart
        Most days from one dose to the next that the patient has had.
    had_cycles
        Whether the patient has had cyclic doses of the drug.
    """

    drug: str
    product: str | None
    weekly: Quantity
    apart: float
    lowest: float
    highest: float
    largest_injection: float
    longest_apart: float
    had_cycles: bool

    @property
    def amounts_known(self) -> bool:
        """Whether an amount says how much was given: product and unit system are stated."""
        return self.product is not None and not commensurable(self.weekly.unit, ARBITRARY)

    @property
    def unknown(self) -> str:
        """What is not stated, for people; empty if nothing."""
        lacks = [] if self.product is not None else ["the product"]
        if commensurable(self.weekly.unit, ARBITRARY):
            lacks.append("the unit system")
        return " and ".join(lacks)

    def relative(self, weekly: Quantity) -> float:
        """Return a weekly amount relative to this one; ``UnitError`` if the units differ."""
        return weekly.to(self.weekly.unit).value / self.weekly.value

    def has_had(self, level: float) -> bool:
        """Return whether a weekly dose lies in the range that the patient has had, or is none."""
        room = ROOM * self.highest
        return level <= room or self.lowest - room <= level <= self.highest + room

    def has_had_injection(self, size: float, apart: float) -> bool:
        """Return whether the patient has had single doses of this size, and so far apart."""
        had = size <= self.largest_injection * (1.0 + ROOM)
        return had and apart <= self.longest_apart * (1.0 + ROOM)


def maintenance_of(record: PatientRecord, individual: Individual) -> Maintenance:
    """Return the maintenance dose of the study drug.

    Raises
    ------
    RecordError
        If the record has no constant dose of it.
    """
    drug, absolute = individual.plan.study_drug, in_absolute_amounts(record)
    stretches, last = absolute.administrations_of(drug), constant_dose(absolute, drug)
    unit = last.amount.unit
    given = individual.plan.stretches(drug)
    levels = [level for s in given for level in (s.level, s.final_level) if level > 0.0]
    weekly, apart = last.weekly(unit), last.per / last.divided
    return Maintenance(
        drug=drug,
        product=last.product,
        weekly=Quantity(weekly, unit),
        apart=apart,
        lowest=min(levels),
        highest=max(levels),
        largest_injection=max(a.one_dose.to(unit).value for a in stretches)
        * DAYS_PER_WEEK
        / (weekly * apart),
        longest_apart=max(a.per / a.divided for a in stretches),
        had_cycles=any(a.cycle is not None for a in stretches),
    )


def constant_dose(record: PatientRecord, drug: str) -> Administration:
    """Return the last stretch of a drug at a constant dose; ``RecordError`` if there is none."""
    held = [a for a in record.administrations_of(drug) if not a.titrated_to]
    if not held:
        found, needed = f"no constant dose of {drug}", "a stretch without 'titrated_to'"
        raise RecordError(record_name(record.id), None, found, needed, ("administrations",))
    return max(held, key=lambda a: a.start.earliest)
