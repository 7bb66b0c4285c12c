"""Nontuberculous mycobacterial lung disease: treatment that the guideline warns about.

The guideline [1]_ treats *Mycobacterium avium* complex lung disease with at least three drugs (a
macrolide, ethambutol, a rifamycin) and for at least 12 months after culture conversion. A
macrolide alone breeds resistance: 39 of 51 resistant cases followed a macrolide alone or with a
quinolone only [2]_. Rifampicin lowers the peak of clarithromycin by 68 %, that of azithromycin by
23 % [3]_.

Doses are set against the highest that a published trial of the same product found tolerable, where
the units allow it; where they do not, that is said.

Left out: susceptibility, and the choice of drugs. A drug that a record does not mention may still
have been given: absence of mention is not proof.

References
----------
.. [1] Daley CL et al. Treatment of nontuberculous mycobacterial pulmonary disease: an official
   ATS/ERS/ESCMID/IDSA clinical practice guideline. Clin Infect Dis 2020.
   doi:10.1093/cid/ciaa241
.. [2] Griffith DE et al. Am J Respir Crit Care Med 2006;174:928.
.. [3] van Ingen J et al. The pharmacokinetics and pharmacodynamics of pulmonary Mycobacterium
   avium complex disease treatment. Am J Respir Crit Care Med 2012;186:559-65.
"""

from collections.abc import Iterator

from lymphocast.criteria.drugs import COMPANIONS, MACROLIDES, RIFAMYCINS
from lymphocast.criteria.ntm_diagnosis import mycobacterial
from lymphocast.record.events import Administration, Culture, CultureResult
from lymphocast.record.issue import Issue, Severity, places
from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Provenance
from lymphocast.record.when import Span, days_between

MONTHS_AFTER_CONVERSION = 12.0
"""Months of treatment after culture conversion (doi:10.1093/cid/ciaa241)."""
GUIDELINE = "doi:10.1093/cid/ciaa241"
DRUGS_OF_REGIMEN = 3
"""Drugs of the preferred regimen: a macrolide, ethambutol, a rifamycin (doi:10.1093/cid/ciaa241,
as summarised in PMC8941609)."""
PEAK_LOST = {"clarithromycin": 68, "azithromycin": 23}
"""Per cent by which rifampicin lowers the peak concentration (van Ingen 2012)."""


def treatment_issues(record: PatientRecord) -> tuple[Issue, ...]:
    """Return the warnings about the treatment of a mycobacterial infection."""
    if not mycobacterial(record):
        return ()
    return (
        *macrolide_monotherapy(record),
        *fewer_than_three(record),
        *macrolide_with_rifamycin(record),
        *treatment_shorter(record),
    )


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


def fewer_than_three(record: PatientRecord) -> Iterator[Issue]:
    """Find a macrolide with a companion, but not the three drugs of the guideline."""
    companions = [drug for drug in record.drugs() if drug in COMPANIONS]
    macrolides = [drug for drug in record.drugs() if drug in MACROLIDES]
    if not macrolides or not companions or len(companions) + 1 >= DRUGS_OF_REGIMEN:
        return
    drugs = (*macrolides, *companions)
    yield Issue(
        Severity.WARNING,
        "fewer-than-three-drugs",
        ", ".join(a.id for drug in drugs for a in record.administrations_of(drug)),
        f"{' and '.join(drugs)} are recorded against the mycobacterium; the guideline "
        f"({GUIDELINE}) gives {DRUGS_OF_REGIMEN} drugs. A drug that is not mentioned may still "
        "have been given.",
        places(p for drug in drugs for p in _given(record, drug)),
    )


def macrolide_with_rifamycin(record: PatientRecord) -> Iterator[Issue]:
    """Find a macrolide whose concentration a rifamycin lowers."""
    rifamycins = [r for drug in sorted(RIFAMYCINS) for r in record.administrations_of(drug)]
    for drug, lost in PEAK_LOST.items():
        for one in record.administrations_of(drug):
            for rifamycin in rifamycins:
                if _together(one, rifamycin):
                    yield _interaction(one, rifamycin, lost)


def _together(one: Administration, other: Administration) -> bool:
    """Return whether two stretches were certainly given at the same time."""
    begins = max(one.start.latest, other.start.latest)
    return begins < min(one.stop.earliest, other.stop.earliest)


def _interaction(one: Administration, rifamycin: Administration, lost: int) -> Issue:
    """Return the issue of a macrolide given together with a rifamycin."""
    alike = (
        "" if rifamycin.drug == "rifampicin" else f"; of {rifamycin.drug} no number is held here"
    )
    return Issue(
        Severity.WARNING if one.drug == "clarithromycin" else Severity.INFO,
        "macrolide-with-rifamycin",
        f"{one.id}, {rifamycin.id}",
        f"{one.drug} was given together with {rifamycin.drug}: rifampicin lowers the peak "
        f"concentration of {one.drug} by {lost} % (van Ingen 2012){alike}.",
        places((*one.provenance, *rifamycin.provenance)),
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
