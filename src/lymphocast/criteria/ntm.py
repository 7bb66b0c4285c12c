"""Nontuberculous mycobacterial lung disease: treatment that the guideline warns about.

The guideline [1]_ treats *Mycobacterium avium* complex lung disease with at least three drugs (a
macrolide, ethambutol, a rifamycin) and for at least 12 months after culture conversion. A
macrolide alone breeds resistance: 39 of 51 resistant cases followed a macrolide alone or with a
quinolone only [2]_.

Left out: the diagnostic criteria, susceptibility, and the choice of drugs. A drug that a record
does not mention may still have been given: absence of mention is not proof.

References
----------
.. [1] Daley CL et al. Treatment of nontuberculous mycobacterial pulmonary disease: an official
   ATS/ERS/ESCMID/IDSA clinical practice guideline. Clin Infect Dis 2020.
   doi:10.1093/cid/ciaa241
.. [2] Griffith DE et al. Am J Respir Crit Care Med 2006;174:928.
"""

from collections.abc import Iterator

from lymphocast.record.events import Culture, CultureResult
from lymphocast.record.issue import Issue, Severity, places
from lymphocast.record.names import ORGANISMS
from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Provenance
from lymphocast.record.when import Span, days_between

MACROLIDES = frozenset({"clarithromycin", "azithromycin", "erythromycin", "roxithromycin"})
COMPANIONS = frozenset(
    {
        "ethambutol",
        "rifampicin",
        "rifabutin",
        "rifapentine",
        "amikacin",
        "streptomycin",
        "clofazimine",
        "bedaquiline",
    }
)
"""Drugs whose company makes a macrolide more than monotherapy; a quinolone does not (Griffith
2006)."""
MONTHS_AFTER_CONVERSION = 12.0
"""Months of treatment after culture conversion (doi:10.1093/cid/ciaa241)."""
GUIDELINE = "doi:10.1093/cid/ciaa241"


def treatment_issues(record: PatientRecord) -> tuple[Issue, ...]:
    """Return the warnings about the treatment of a mycobacterial infection."""
    if not _mycobacterial(record):
        return ()
    return (*macrolide_monotherapy(record), *treatment_shorter(record))


def macrolide_monotherapy(record: PatientRecord) -> Iterator[Issue]:
    """Find a macrolide without a companion drug."""
    if any(drug in COMPANIONS for drug in record.drugs()):
        return
    for drug in record.drugs():
        if drug in MACROLIDES:
            yield Issue(
                Severity.WARNING,
                "macrolide-monotherapy",
                ", ".join(a.id for a in record.administrations_of(drug)),
                f"{drug} is recorded without a companion drug; the guideline ({GUIDELINE}) gives "
                "three drugs, and a macrolide alone breeds resistance. That a companion is not "
                "mentioned is no proof that none was given.",
                places(_given(record, drug)),
            )


def treatment_shorter(record: PatientRecord) -> Iterator[Issue]:
    """Find a macrolide that was stopped too early after the first negative culture."""
    negative = _first_negative(record)
    for drug in record.drugs():
        started, stopped = record.started(drug), record.stopped(drug)
        if drug not in MACROLIDES or negative is None or started is None or stopped is None:
            continue
        after = days_between(negative.at, stopped)
        if after.to("mo")[1] >= MONTHS_AFTER_CONVERSION:
            continue
        yield Issue(
            Severity.WARNING,
            "treatment-shorter-than-guideline",
            f"{', '.join(a.id for a in record.administrations_of(drug))}, {negative.id}",
            f"{drug} was given for {_months(days_between(started, stopped))} months and stopped "
            f"{_months(after)} months after the first negative culture of this record; the "
            f"guideline ({GUIDELINE}) treats for at least {MONTHS_AFTER_CONVERSION:g} months "
            "after conversion.",
            places((*_given(record, drug), *negative.provenance)),
        )


def _mycobacterial(record: PatientRecord) -> bool:
    """Return whether the record speaks of a mycobacterial infection."""
    texts = (*(c.organism for c in record.cultures), *(f.what for f in record.findings))
    known = {name.canonical.casefold() for name in ORGANISMS}
    return any("mycobacterium" in t.casefold() or t.casefold() in known for t in texts)


def _given(record: PatientRecord, drug: str) -> tuple[Provenance, ...]:
    """Return where the stretches of a drug stand."""
    return tuple(p for a in record.administrations_of(drug) for p in a.provenance)


def _first_negative(record: PatientRecord) -> Culture | None:
    """Return the earliest negative cultures."""
    negative = [c for c in record.cultures if c.result is CultureResult.NEGATIVE]
    return min(negative, key=lambda c: (c.at.earliest, c.at.latest), default=None)


def _months(span: Span) -> str:
    """Return both ends of a span in months."""
    low, high = span.to("mo")
    return f"{low:.1f} to {high:.1f}"
