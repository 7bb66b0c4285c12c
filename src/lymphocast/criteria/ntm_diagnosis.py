"""Nontuberculous mycobacterial lung disease: which items of the diagnosis a record shows.

The criteria are those of the ATS/IDSA statement of 2007 [1]_; the guideline of 2020 [2]_ keeps
them (that it does is recalled, not verified). All are needed:

- *clinical*: pulmonary or constitutional symptoms;
- *radiological*: nodular or cavitary opacities on a chest radiograph, or multifocal bronchiectasis
  with multiple small nodules on high-resolution computed tomography;
- *exclusion* of other diagnoses;
- *microbiological*, any one: positive cultures from at least two separate expectorated sputum
  samples; a positive bronchial wash or lavage; a biopsy with mycobacterial histology and a
  positive culture, of the biopsy or of sputum or a wash.

Making the diagnosis does not by itself ask for treatment [1]_.

Left out: the judgement of an expert, and how a radiograph is read.

References
----------
.. [1] Griffith DE et al. An official ATS/IDSA statement: diagnosis, treatment, and prevention of
   nontuberculous mycobacterial diseases. Am J Respir Crit Care Med 2007;175:367-416.
   doi:10.1164/rccm.200604-571ST
.. [2] Daley CL et al. Clin Infect Dis 2020. doi:10.1093/cid/ciaa241
"""

from collections.abc import Collection

from lymphocast.criteria.assessment import (
    Assessment,
    Edition,
    Standing,
    Theme,
    all_of,
    any_of,
)
from lymphocast.record.events import (
    Culture,
    CultureResult,
    Finding,
    Presence,
    SymptomGrade,
    WorkupStatus,
)
from lymphocast.record.names import BIOPSY, BRONCHOSCOPIC, NOT_NTM, ORGANISMS, SPUTUM
from lymphocast.record.patient import PatientRecord

ATS_2007 = Edition("ATS/IDSA 2007", "doi:10.1164/rccm.200604-571ST")
SPUTUM_CULTURES = 2
"""Separate expectorated sputum samples that must be positive (doi:10.1164/rccm.200604-571ST)."""
RADIOGRAPH = ("nodular opacities", "cavitary opacities")
TOMOGRAM = ("bronchiectasis with multiple small nodules",)
HISTOLOGY = ("mycobacterial histology",)
EXCLUDED = ("tuberculosis", "lung-cancer")
"""Work-up whose negative result the criterion of exclusion asks for here: the two diagnoses that
a cavity or nodules most often mean instead. Which others are due is a clinician's judgement."""
NO_SYMPTOMS = frozenset({SymptomGrade.RESOLVED, SymptomGrade.ASYMPTOMATIC})


def mycobacterial(record: PatientRecord) -> bool:
    """Return whether the record speaks of a mycobacterial infection."""
    texts = (*(c.organism for c in record.cultures), *(f.what for f in record.findings))
    known = {name.canonical.casefold() for name in ORGANISMS}
    return any("mycobacterium" in t.casefold() or t.casefold() in known for t in texts)


def ntm_diagnosis(record: PatientRecord) -> tuple[Assessment, ...]:
    """Return the diagnosis and its items; nothing if the record has no mycobacterium."""
    if not mycobacterial(record):
        return ()
    items = (_clinical(record), _radiological(record), _exclusion(record), _micro(record))
    status = all_of(item.status for item in items)
    missing = tuple(m for item in items for m in item.missing)
    told = "; ".join(f"{i.name}: {i.status.replace('_', ' ')}" for i in items)
    whole = _item("", "NTM lung disease", status, (), told, missing)
    return (whole, *items)


def _item(
    key: str,
    name: str,
    status: Standing,
    facts: Collection[str],
    why: str,
    missing: tuple[str, ...] = (),
) -> Assessment:
    """Return one item of the diagnosis."""
    criterion = f"ntm-diagnosis.{key}" if key else "ntm-diagnosis"
    open_ = missing if status is Standing.NOT_ESTABLISHED else ()
    return Assessment(criterion, name, Theme.DIAGNOSIS, status, ATS_2007, tuple(facts), why, open_)


def _clinical(record: PatientRecord) -> Assessment:
    """Judge the symptoms."""
    present = [s for s in record.symptoms if s.grade not in NO_SYMPTOMS]
    if present:
        why = ", ".join(dict.fromkeys(s.what for s in present))
        return _item("clinical", "symptoms", Standing.MET, [s.id for s in present], why)
    missing = ("pulmonary or constitutional symptoms",)
    return _item("clinical", "symptoms", Standing.NOT_ESTABLISHED, (), "none is recorded", missing)


def _radiological(record: PatientRecord) -> Assessment:
    """Judge the images."""
    wanted = (*RADIOGRAPH, *TOMOGRAM)
    seen = [f for f in record.findings if f.term in wanted]
    present = [f for f in seen if f.presence in {None, Presence.PRESENT}]
    if present:
        why = "; ".join(f.what for f in present)
        return _item("radiological", "radiology", Standing.MET, [f.id for f in present], why)
    absent = {f.term for f in seen if f.presence is Presence.ABSENT}
    if absent == set(wanted):
        why = f"stated absent: {', '.join(wanted)}"
        return _item("radiological", "radiology", Standing.NOT_MET, [f.id for f in seen], why)
    missing = (f"a radiograph or tomogram ({', '.join(wanted)})",)
    return _item("radiological", "radiology", Standing.NOT_ESTABLISHED, (), "not stated", missing)


def _exclusion(record: PatientRecord) -> Assessment:
    """Judge the exclusion of other diagnoses."""
    name = "exclusion of other diagnoses"
    stated = {w.id: w for w in record.workup if w.id in EXCLUDED}
    positive = [w for w in stated.values() if w.status is WorkupStatus.POSITIVE]
    if positive:
        why = "; ".join(f"{w.what}: positive" for w in positive)
        return _item("exclusion", name, Standing.NOT_MET, [w.id for w in positive], why)
    done = [k for k, w in stated.items() if w.status is WorkupStatus.NEGATIVE]
    undone = tuple(k for k in EXCLUDED if k not in done)
    if not undone:
        return _item("exclusion", name, Standing.MET, done, f"negative: {', '.join(done)}")
    missing = tuple(f"work-up of {key.replace('-', ' ')}" for key in undone)
    return _item("exclusion", name, Standing.NOT_ESTABLISHED, done, "not stated", missing)


def _micro(record: PatientRecord) -> Assessment:
    """Judge the cultures: any one of three ways."""
    positive = [
        c
        for c in record.cultures
        if c.result is CultureResult.POSITIVE and c.organism not in NOT_NTM
    ]
    tissue = _tissue(record)
    sputum = [c for c in positive if c.specimen in SPUTUM]
    scoped = [c for c in positive if c.specimen in BRONCHOSCOPIC]
    biopsied = [c for c in positive if c.specimen in BIOPSY]
    number = sum(1 if c.number_note else c.number for c in sputum)
    ways = (
        Standing.MET if number >= SPUTUM_CULTURES else Standing.NOT_ESTABLISHED,
        Standing.MET if scoped else Standing.NOT_ESTABLISHED,
        Standing.MET if tissue and (biopsied or sputum or scoped) else Standing.NOT_ESTABLISHED,
    )
    status = any_of(ways)
    facts = [c.id for c in positive] + [f.id for f in tissue]
    if status is Standing.MET:
        return _item("microbiological", "microbiology", status, facts, _told(number, scoped, ways))
    assumed = [c.id for c in sputum if c.number_note]
    why = (
        f"{number} positive sputum culture is stated" if number else "no positive culture is stated"
    )
    why += f" (the number of '{assumed[0]}' is assumed)" if assumed else ""
    missing = (
        f"{SPUTUM_CULTURES} positive cultures of separate sputum samples, or one of a bronchial "
        "wash, or mycobacterial histology with a positive culture",
    )
    return _item("microbiological", "microbiology", status, facts, why, missing)


def _tissue(record: PatientRecord) -> list[Finding]:
    """Return mycobacterial histology that is stated to be present."""
    found = [f for f in record.findings if f.term in HISTOLOGY]
    return [f for f in found if f.presence in {None, Presence.PRESENT}]


def _told(number: int, scoped: list[Culture], ways: tuple[Standing, ...]) -> str:
    """Say by which way the microbiological item is met."""
    if ways[0] is Standing.MET:
        return f"{number} positive sputum cultures"
    if ways[1] is Standing.MET:
        return f"positive {scoped[0].specimen}"
    return "mycobacterial histology with a positive culture"
