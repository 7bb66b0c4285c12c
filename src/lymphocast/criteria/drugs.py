"""Which drugs a criterion means by a class, and when a record says that a class was given."""

from collections.abc import Container
from dataclasses import dataclass
from typing import final

from lymphocast.record.patient import PatientRecord
from lymphocast.record.when import When

CYTOKINES = frozenset({"interleukin-2", "interleukin-7", "interferon-gamma"})
"""Drugs given to raise the count."""
MACROLIDES = frozenset({"clarithromycin", "azithromycin", "erythromycin", "roxithromycin"})
RIFAMYCINS = frozenset({"rifampicin", "rifabutin", "rifapentine"})
COMPANIONS = RIFAMYCINS | {
    "ethambutol",
    "amikacin",
    "streptomycin",
    "clofazimine",
    "bedaquiline",
}
"""Drugs whose company makes a macrolide more than monotherapy; a quinolone does not (Griffith
2006)."""
ANTIMYCOBACTERIAL = MACROLIDES | COMPANIONS


@final
@dataclass(frozen=True)
class Course:
    """When any drug of a class was given: from its first dose to its last."""

    start: When
    stop: When
    drugs: tuple[str, ...]


def course(record: PatientRecord, drugs: Container[str]) -> Course | None:
    """Return when drugs of a class were given; ``None`` if the record has none of them."""
    given = [a for a in record.administrations if a.drug in drugs]
    if not given:
        return None
    start = min((a.start for a in given), key=lambda w: (w.earliest, w.latest))
    stop = max((a.stop for a in given), key=lambda w: (w.latest, w.earliest))
    return Course(start, stop, tuple(dict.fromkeys(a.drug for a in given)))
