"""Medical actions of a packet, as stretches of treatment and as findings.

Each dose interval of a treatment is one stretch: its quantity is one dose, its frequency tells
how many in how long. A procedure is a finding. Radiation, regimens by name, and what a treatment
was for have no place in a record and are listed.
"""

import math
from dataclasses import dataclass, field
from typing import final

from lymphocast.interchange.phenopacket_features import Suspicions
from lymphocast.interchange.phenopacket_laboratory import quantity_of
from lymphocast.interchange.phenopacket_place import Place
from lymphocast.interchange.phenopacket_sources import Reading
from lymphocast.interchange.phenopacket_terms import (
    Json,
    Rhythm,
    Term,
    name_in,
    new_codes,
    rhythm_of,
    route_of,
    term_of,
)
from lymphocast.interchange.phenopacket_times import dose_days
from lymphocast.record.names import DRUGS, TERMS
from lymphocast.units import Quantity, number_text

DIGITS = 12
"""Significant digits kept of a total that is one dose times their number."""
MOST_DOSES = 999_999
"""Most doses in one period that a record can say."""


@final
@dataclass
class Treatments:
    """The facts that medical actions become."""

    reading: Reading
    suspicions: Suspicions
    administrations: list[Json] = field(default_factory=list)
    findings: list[Json] = field(default_factory=list)

    def action(self, place: Place) -> None:
        """Take one medical action."""
        if "treatment" in place.value:
            self._treatment(place)
        elif "procedure" in place.value:
            self._procedure(place)
        else:
            place.drop("a record has treatments with doses and procedures only")

    def _treatment(self, place: Place) -> None:
        treatment = place.inner("treatment")
        agent = term_of(treatment.inner("agent"))
        if agent is None:
            place.drop("a treatment needs an agent")
            return
        drug = name_in(agent, DRUGS) or agent.label
        printed = drug if DRUGS.find(agent.label) is None else agent.label
        self.suspicions.collect(place, drug)
        doses = treatment.items("doseIntervals")
        if not doses:
            needed = "a stretch of treatment needs a dose, its frequency and its interval"
            treatment.drop(needed, agent.label)
            return
        route = term_of(treatment.inner("routeOfAdministration"))
        shared: Json = {
            "drug": printed,  # a record remembers a name that is misspelt
            "route": route_of(route) if route is not None else None,
            "codes": new_codes(agent, drug, DRUGS) or None,
        }
        for dose in doses:
            self._stretch(dose, shared)

    def _stretch(self, place: Place, shared: Json) -> None:
        """Take one dose interval as a stretch of treatment."""
        quantity = quantity_of(place.inner("quantity"))
        frequency = term_of(place.inner("scheduleFrequency"))
        rhythm = None if frequency is None else rhythm_of(frequency)
        days = dose_days(place.inner("interval"))
        if quantity is None or rhythm is None or days is None:
            place.drop(_missing(quantity, rhythm, frequency), str(shared["drug"]))
            return
        cycle = rhythm.cycle
        total = float(f"{quantity.value * rhythm.doses:.{DIGITS}g}")
        if not _possible(rhythm) or not math.isfinite(total):
            needed = "a frequency of a record has at least one dose in a time above 0"
            place.drop(needed, str(shared["drug"]))
            return
        self.administrations.append(
            {
                "id": self.reading.names.next("treatment", self.administrations),
                **shared,
                "amount": str(Quantity(total, quantity.unit)),
                "per": f"{number_text(rhythm.per)} d",
                "divided": rhythm.doses,
                "cycle": None
                if cycle is None
                else {
                    "days": f"{number_text(cycle.days)} d",
                    "every": f"{number_text(cycle.every)} d",
                },
                "start": str(days[0]),
                "stop": str(days[1]),
                "provenance": self.reading.provenance(place),
            }
        )

    def _procedure(self, place: Place) -> None:
        """Take a procedure as a finding."""
        procedure = place.inner("procedure")
        term = term_of(procedure.inner("code"))
        if term is None:
            place.drop("a procedure needs a code")
            return
        dating = self.reading.time(procedure.inner("performed"))
        name = name_in(term, TERMS)
        self.findings.append(
            {
                "id": self.reading.names.next("procedure", self.findings),
                "what": term.label,
                "term": name,
                "presence": "present",
                "at": dating.text if dating else None,
                "codes": new_codes(term, name or term.label, TERMS) or None,
                "provenance": self.reading.provenance(procedure, dating),
            }
        )


def _missing(quantity: Quantity | None, rhythm: Rhythm | None, frequency: Term | None) -> str:
    """Say what a dose interval lacks."""
    if quantity is None:
        return "a stretch of treatment needs one dose: a number above 0 in a unit that is known"
    if rhythm is None:
        what = "" if frequency is None else ", in words or a code that are known"
        return f"a stretch of treatment needs how often doses are given{what}"
    return "a stretch of treatment needs the interval in which doses were given"


def _possible(rhythm: Rhythm) -> bool:
    """Return whether a frequency can be one of a record."""
    cycle = rhythm.cycle
    whole = cycle is None or 0 < cycle.days < cycle.every < math.inf
    return 0 < rhythm.doses <= MOST_DOSES and 0 < rhythm.per < math.inf and whole
