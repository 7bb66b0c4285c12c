"""Outcome of treated mycobacterial lung disease: conversion, cure, recurrence, refractoriness.

The definitions are those of the NTM-NET consensus of 2018 [1]_. **Their wording was not seen in
print when this was written: it is recalled**, and every result says so. The numbers are options,
so that another edition, or the printed wording, needs no change here.

- *Culture conversion*: at least three consecutive negative cultures from respiratory samples,
  at least four weeks apart, during treatment; its date is that of the first. One negative
  bronchoscopic sample is enough where no sputum can be had.
- *Microbiological cure*: after conversion no positive culture until the end of treatment.
- *Clinical cure*: improvement of symptoms that lasts until the end of treatment, without cultures
  that prove conversion.
- *Cure*: microbiological cure with such improvement.
- *Treatment failure*: several positive cultures after at least 12 months of treatment.
- *Refractory disease*: no conversion after at least 12 months of treatment.
- *Recurrence*: at least two positive cultures after the end of treatment; relapse or reinfection
  by the type of the isolates.

Dates that are known only as intervals count only if every day of theirs satisfies the wording.
Several cultures reported together on one date are one occasion. A contaminated culture is neither
positive nor negative.

References
----------
.. [1] van Ingen J, Aksamit T, Andrejak C, et al. Treatment outcome definitions in
   nontuberculous mycobacterial pulmonary disease: an NTM-NET consensus statement. Eur Respir J
   2018;51(3):1800170. doi:10.1183/13993003.00170-2018
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from lymphocast.criteria.assessment import (
    Assessment,
    Edition,
    Standing,
    Theme,
    all_of,
    certainly_within,
    perhaps_within,
)
from lymphocast.criteria.drugs import ANTIMYCOBACTERIAL, Course, course
from lymphocast.record.events import Culture, CultureResult, Symptom, SymptomGrade
from lymphocast.record.names import BRONCHOSCOPIC, NOT_NTM, SPUTUM
from lymphocast.record.patient import PatientRecord
from lymphocast.record.when import Span, days_between

NTM_NET_2018 = Edition("NTM-NET 2018", "doi:10.1183/13993003.00170-2018", recalled=True)
BETTER = frozenset({SymptomGrade.IMPROVING, SymptomGrade.RESOLVED, SymptomGrade.ASYMPTOMATIC})
WORSE = frozenset({SymptomGrade.PRESENT, SymptomGrade.WORSE})


@final
@dataclass(frozen=True)
class OutcomeOptions:
    """The numbers of an edition; the defaults are those recalled of NTM-NET 2018.

    Parameters
    ----------
    edition
        Where they are published.
    negatives, apart_days
        Consecutive negative cultures that make a conversion, and the days between two of them.
    bronchoscopic_suffices
        Whether one negative bronchoscopic sample is enough where there is no sputum.
    refractory_months
        Months of treatment after which missing conversion is refractory disease, and positive
        cultures are treatment failure.
    positives
        Positive cultures after treatment that make a recurrence.
    """

    edition: Edition = NTM_NET_2018
    negatives: int = 3
    apart_days: float = 28.0
    bronchoscopic_suffices: bool = True
    refractory_months: float = 12.0
    positives: int = 2


DEFAULT = OutcomeOptions()


@final
@dataclass(frozen=True)
class _Seen:
    """Respiratory cultures of nontuberculous mycobacteria, and the course of treatment."""

    treated: Course
    during: tuple[Culture, ...]
    perhaps: tuple[Culture, ...]
    after: tuple[Culture, ...]
    symptoms: tuple[Symptom, ...]


def outcomes(record: PatientRecord, options: OutcomeOptions = DEFAULT) -> tuple[Assessment, ...]:
    """Return the outcome definitions applied to a treated record; none without treatment."""
    treated = course(record, ANTIMYCOBACTERIAL)
    if treated is None or not record.cultures:
        return ()
    seen = _seen(record, treated)
    converted = _conversion(seen, options)
    micro = _microbiological_cure(seen, converted, options)
    better = _improvement(seen, options)
    return (
        converted,
        micro,
        better,
        _clinical_cure(converted, better, options),
        _cure(micro, better, options),
        _failure(seen, options),
        _refractory(seen, converted, options),
        _recurrence(seen, options),
    )


def _seen(record: PatientRecord, treated: Course) -> _Seen:
    """Sort the respiratory cultures by the course of treatment."""
    respiratory = sorted(
        (
            c
            for c in record.cultures
            if c.specimen in SPUTUM | BRONCHOSCOPIC
            and c.organism not in NOT_NTM
            and c.result is not CultureResult.CONTAMINATED
        ),
        key=lambda c: (c.at.midpoint, c.at.earliest, c.id),
    )
    start, stop = treated.start, treated.stop
    during = tuple(c for c in respiratory if certainly_within(c.at, start, stop))
    perhaps = tuple(c for c in respiratory if perhaps_within(c.at, start, stop))
    after = tuple(c for c in respiratory if stop.latest < c.at.earliest)
    return _Seen(treated, during, perhaps, after, record.symptoms)


def _made(
    options: OutcomeOptions,
    criterion: str,
    name: str,
    status: Standing,
    facts: Sequence[Culture | Symptom],
    why: str,
    missing: tuple[str, ...] = (),
    result: str = "",
) -> Assessment:
    """Return one outcome."""
    return Assessment(
        f"ntm-outcome.{criterion}",
        name,
        Theme.OUTCOME,
        status,
        options.edition,
        tuple(fact.id for fact in facts),
        why,
        missing if status is Standing.NOT_ESTABLISHED else (),
        result,
    )


def _conversion(seen: _Seen, options: OutcomeOptions) -> Assessment:
    """Judge culture conversion."""
    run, vague = _run(seen.during, options)
    name = "culture conversion"
    if options.bronchoscopic_suffices and not any(c.specimen in SPUTUM for c in seen.perhaps):
        scoped = [c for c in seen.during if _negative(c)][:1]
        if scoped:
            why = f"a negative {scoped[0].specimen} ({scoped[0].at.text}), and no sputum culture"
            return _made(
                options, "conversion", name, Standing.MET, scoped, why, result=_on(scoped[0])
            )
    if len(run) >= options.negatives:
        why = f"{len(run)} consecutive negative cultures, the first {run[0].at.text}"
        return _made(options, "conversion", name, Standing.MET, run, why, result=_on(run[0]))
    last = seen.during[-1:]
    if last and last[0].result is CultureResult.POSITIVE:
        why = f"the last culture on treatment is positive ({last[0].at.text})"
        return _made(options, "conversion", name, Standing.NOT_MET, last, why)
    need = f"{options.negatives} negative cultures at least {options.apart_days:g} days apart"
    negatives = [c for c in seen.perhaps if _negative(c)]
    why = f"{len(run)} of {need} on treatment can be told apart"
    if vague:
        why += "; the dates are too vague for others"
    return _made(
        options,
        "conversion",
        name,
        Standing.NOT_ESTABLISHED,
        negatives,
        why,
        (need, *_dates(vague)),
    )


def _dates(vague: bool) -> tuple[str, ...]:
    """Return what vague dates miss."""
    return ("their dates",) if vague else ()


def _on(culture: Culture) -> str:
    """Return the date of a conversion."""
    return f"conversion {culture.at.text}"


def _negative(culture: Culture) -> bool:
    """Return whether a culture is negative."""
    return culture.result is CultureResult.NEGATIVE


def _run(cultures: Sequence[Culture], options: OutcomeOptions) -> tuple[tuple[Culture, ...], bool]:
    """Return the longest run of negatives far enough apart, and whether vague dates cut one."""
    best: tuple[Culture, ...] = ()
    run: list[Culture] = []
    vague = False
    for culture in cultures:
        if not _negative(culture):
            run = []
            continue
        apart = days_between(run[-1].at, culture.at) if run else None
        if apart is None or apart.shortest >= options.apart_days:
            run.append(culture)
        elif apart.longest >= options.apart_days:
            vague = True
        best = max(best, tuple(run), key=len)
    return best, vague


def _microbiological_cure(
    seen: _Seen, converted: Assessment, options: OutcomeOptions
) -> Assessment:
    """Judge microbiological cure."""
    name = "microbiological cure"
    if converted.status is not Standing.MET:
        why = f"culture conversion is {converted.status.replace('_', ' ')}"
        missing = ("culture conversion", *converted.missing)
        facts = [c for c in seen.during if c.id in converted.facts]
        return _made(options, "microbiological-cure", name, converted.status, facts, why, missing)
    first = next(c for c in seen.during if c.id == converted.facts[0])
    later = [c for c in seen.during if c.at.earliest > first.at.latest]
    positive = [c for c in later if not _negative(c)]
    if positive:
        why = f"a positive culture after conversion ({positive[0].at.text})"
        return _made(options, "microbiological-cure", name, Standing.NOT_MET, positive, why)
    why = f"no positive culture from {first.at.text} until the end of treatment"
    return _made(options, "microbiological-cure", name, Standing.MET, [first, *later], why)


def _improvement(seen: _Seen, options: OutcomeOptions) -> Assessment:
    """Judge whether symptoms improved and stayed so until the end of treatment."""
    name = "improvement of symptoms until the end of treatment"
    start, stop = seen.treated.start, seen.treated.stop
    ordered = sorted(seen.symptoms, key=lambda s: (s.at.midpoint, s.at.earliest))
    during = [s for s in ordered if perhaps_within(s.at, start, stop)]
    better = [s for s in during if s.grade in BETTER and certainly_within(s.at, start, stop)]
    if not better:
        missing = ("a state of the symptoms on treatment that is better",)
        why = "no improvement is dated within treatment"
        return _made(options, "improvement", name, Standing.NOT_ESTABLISHED, during, why, missing)
    worse = [s for s in during if s.grade in WORSE and s.at.earliest > better[0].at.latest]
    if worse:
        why = f"symptoms are worse again {worse[0].at.text}"
        return _made(options, "improvement", name, Standing.NOT_MET, worse, why)
    why = f"better since {better[0].at.dates}, no later worsening on treatment"
    return _made(options, "improvement", name, Standing.MET, better, why)


def _clinical_cure(
    converted: Assessment, better: Assessment, options: OutcomeOptions
) -> Assessment:
    """Judge clinical cure: improvement that no cultures go with."""
    proven = converted.status is Standing.MET
    why = "cultures prove conversion" if proven else "cultures do not prove conversion"
    return Assessment(
        "ntm-outcome.clinical-cure",
        "clinical cure (improvement without cultures that prove conversion)",
        Theme.OUTCOME,
        Standing.NOT_MET if proven else better.status,
        options.edition,
        better.facts,
        f"{why}; {better.why}",
        () if proven else better.missing,
    )


def _cure(micro: Assessment, clinical: Assessment, options: OutcomeOptions) -> Assessment:
    """Judge cure: microbiological cure and improvement."""
    status = all_of((micro.status, clinical.status))
    return Assessment(
        "ntm-outcome.cure",
        "cure (microbiological cure and improvement)",
        Theme.OUTCOME,
        status,
        options.edition,
        (*micro.facts, *clinical.facts),
        f"microbiological cure {_word(micro)}, improvement {_word(clinical)}",
        (*micro.missing, *clinical.missing) if status is Standing.NOT_ESTABLISHED else (),
    )


def _word(assessment: Assessment) -> str:
    """Return a status in words."""
    return assessment.status.replace("_", " ")


def _months_in(seen: _Seen, culture: Culture) -> float:
    """Return the months of treatment that had certainly passed when a culture was taken."""
    return days_between(seen.treated.start, culture.at).to("mo")[0]


def _late_positives(seen: _Seen, options: OutcomeOptions) -> list[Culture]:
    """Return positive cultures on treatment after the months that the edition asks for."""
    positive = [c for c in seen.during if not _negative(c)]
    return [c for c in positive if _months_in(seen, c) >= options.refractory_months]


def _length(seen: _Seen) -> Span:
    """Return how long treatment lasted."""
    return days_between(seen.treated.start, seen.treated.stop)


def _failure(seen: _Seen, options: OutcomeOptions) -> Assessment:
    """Judge treatment failure: several positive cultures after a year of treatment."""
    name = "treatment failure"
    late = _late_positives(seen, options)
    low, high = _length(seen).to("mo")
    if len(late) >= options.positives:
        why = f"{len(late)} positive cultures after {options.refractory_months:g} months"
        return _made(options, "failure", name, Standing.MET, late, why)
    if high < options.refractory_months:
        why = f"treatment lasted {low:.1f} to {high:.1f} months"
        return _made(options, "failure", name, Standing.NOT_MET, (), why)
    beyond = [c for c in seen.during if _months_in(seen, c) >= options.refractory_months]
    if beyond and not late:
        why = f"{len(beyond)} cultures after {options.refractory_months:g} months, none positive"
        return _made(options, "failure", name, Standing.NOT_MET, beyond, why)
    missing = (f"cultures after {options.refractory_months:g} months of treatment",)
    why = f"{len(late)} positive cultures after {options.refractory_months:g} months"
    return _made(options, "failure", name, Standing.NOT_ESTABLISHED, late, why, missing)


def _refractory(seen: _Seen, converted: Assessment, options: OutcomeOptions) -> Assessment:
    """Judge refractory disease: no conversion after a year of treatment."""
    name = "refractory disease"
    low, high = _length(seen).to("mo")
    late = _late_positives(seen, options)
    if converted.status is Standing.MET:
        facts = [c for c in seen.during if c.id in converted.facts]
        return _made(options, "refractory", name, Standing.NOT_MET, facts, converted.result)
    if high < options.refractory_months:
        why = f"treatment lasted {low:.1f} to {high:.1f} months"
        return _made(options, "refractory", name, Standing.NOT_MET, (), why)
    if late:
        why = f"a positive culture after {options.refractory_months:g} months, no conversion"
        return _made(options, "refractory", name, Standing.MET, late, why)
    missing = (f"cultures after {options.refractory_months:g} months of treatment",)
    why = "no conversion is shown, and no positive culture so late"
    return _made(options, "refractory", name, Standing.NOT_ESTABLISHED, (), why, missing)


def _recurrence(seen: _Seen, options: OutcomeOptions) -> Assessment:
    """Judge recurrence after treatment."""
    name = "recurrence"
    positive = [c for c in seen.after if not _negative(c)]
    number = sum(1 if c.number_note else c.number for c in positive)
    if number >= options.positives:
        why = f"{number} positive cultures after treatment"
        return _made(
            options,
            "recurrence",
            name,
            Standing.MET,
            positive,
            why,
            result=_kind(seen, positive),
        )
    if seen.after and not positive:
        why = f"{len(seen.after)} cultures after treatment, none positive"
        return _made(options, "recurrence", name, Standing.NOT_MET, seen.after, why)
    missing = ("cultures after the end of treatment",)
    why = f"{number} positive cultures after treatment"
    return _made(options, "recurrence", name, Standing.NOT_ESTABLISHED, positive, why, missing)


def _kind(seen: _Seen, positive: Sequence[Culture]) -> str:
    """Tell relapse from reinfection by the types of the isolates."""
    before = {c.genotype for c in seen.perhaps if not _negative(c) and c.genotype}
    after = {c.genotype for c in positive if c.genotype}
    if not before or not after:
        return "relapse or reinfection: isolates not typed"
    return "relapse (same type)" if before & after else "reinfection (another type)"
