"""Rules that find doubts about a record; the issues are returned, never raised.

A rule is a function from a record to its issues. It compares what the record holds; it resolves
nothing and invents nothing. Rules that need a published definition stand in ``criteria``.
"""

from collections.abc import Iterator, Mapping, Sequence

from lymphocast.record.adherence import doses_before_count, doses_missed
from lymphocast.record.amendments import (
    corrected,
    figure_readings,
    open_questions,
    proposed,
    sources_disagree,
)
from lymphocast.record.analytes import ANALYTE_UNITS
from lymphocast.record.events import (
    Administration,
    Event,
    StatedDuration,
    SymptomGrade,
)
from lymphocast.record.issue import Issue, Rule, Severity, places
from lymphocast.record.names import DRUGS, ORGANISMS, canonical
from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Method, Provenance
from lymphocast.record.shares import share_beside_count
from lymphocast.record.when import When, days_between
from lymphocast.units import number_text, unit_named

UNIT_WORDS = {"d": "days", "wk": "weeks", "mo": "months", "a": "years"}
ARBITRARY = "arbitrary units of a product"
PLAUSIBLE_COUNTS = (1.0, 20_000.0)
"""Counts per uL outside of which a unit was probably mistaken: a judgement. The highest of the
published reference ranges ends at 1700 (Cunningham-Rundles), IL-2 has raised counts to over 2000
(Kovacs 1995), and a count in 10*9/L entered as per uL falls below 1."""
DAILY = 2.0
"""Days between doses below which pegylated interleukin-2 is unusual: published schedules were
weekly to fortnightly, at most three times a week, since its half-life is 10 to 20 times that of
the unmodified protein (Meyers 1991, Clin Pharmacol Ther 49:307-13)."""


def duration_contradiction(record: PatientRecord) -> Iterator[Issue]:
    """Find stated lengths of time that the dates of their ends do not allow."""
    again = _dated_again(record)
    for duration in record.durations:
        for start in (duration.start, *again.get(duration.start, ())):
            for stop in (duration.stop, *again.get(duration.stop, ())):
                yield from _contradiction(record, duration, start, stop)


def _dated_again(record: PatientRecord) -> Mapping[str, Sequence[str]]:
    """Return the events that date another one a second time, by that other."""
    again: dict[str, list[str]] = {}
    for event in record.events:
        if event.same_as is not None:
            again.setdefault(event.same_as, []).append(event.id)
    return again


def _contradiction(
    record: PatientRecord, duration: StatedDuration, start: str, stop: str
) -> Iterator[Issue]:
    """Compare one stated length with the dates of one pair of facts."""
    unit, length = duration.length.unit, duration.length.value
    low, high = record.days_between(start, stop).to(unit)
    if low <= length <= high:
        return
    word = UNIT_WORDS.get(unit, unit)
    first, last = record.when_of(start), record.when_of(stop)
    rounded = low - duration.resolution <= length <= high + duration.resolution
    if rounded and first.days == last.days == 1:
        return  # a year between two exact days is 365 or 366 of them
    yield Issue(
        Severity.WARNING,
        "duration-contradiction",
        f"{duration.id}: {start}, {stop}",
        f"{number_text(length)} {word} are stated from {start} to {stop}, but the dates "
        f"({_written(first)}, {_written(last)}) lie {low:.2f} to {high:.2f} {word} apart"
        f"{_same_ends(first, last, unit)}. "
        + ("Rounding could bridge the gap." if rounded else "Rounding cannot bridge the gap."),
        places((*duration.provenance, *_provenance(record, start), *_provenance(record, stop))),
    )


def _same_ends(first: When, last: When, unit: str) -> str:
    """Return the distances between the same ends of two intervals."""
    begins = days_between(_day(first, False), _day(last, False)).to(unit)[0]
    ends = days_between(_day(first, True), _day(last, True)).to(unit)[0]
    low, high = f"{min(begins, ends):.2f}", f"{max(begins, ends):.2f}"
    between = low if low == high else f"{low} to {high}"
    return f" (from first day to first day, or last to last, {between})"


def _written(when: When) -> str:
    """Return a calendar time as it is written, and the days of one that hangs on another."""
    return when.text if when.anchor is None else f"{when.text}: {when.dates}"


def _day(when: When, last: bool) -> When:
    """Return one end of an interval as an exact day."""
    day = when.latest if last else when.earliest
    return When(day, day)


def _provenance(record: PatientRecord, fact: str) -> tuple[Provenance, ...]:
    """Return where a dated fact stands."""
    return record.dated_fact(fact).provenance


def date_contradiction(record: PatientRecord) -> Iterator[Issue]:
    """Find events that two places date so that both cannot be right."""
    for event in record.events:
        other = record.dated_fact(event.same_as) if event.same_as is not None else None
        if isinstance(other, Event) and not event.at.overlaps(other.at):
            yield _two_dates(event, other)


def _two_dates(event: Event, other: Event) -> Issue:
    """Return the issue of one event dated twice."""
    return Issue(
        Severity.WARNING,
        "date-contradiction",
        f"{event.id}, {other.id}",
        f"'{other.what}' is dated {other.at.dates} and also {event.at.dates}.",
        places((*other.provenance, *event.provenance)),
    )


def product_ambiguity(record: PatientRecord) -> Iterator[Issue]:
    """Find drugs whose product is named in one place and not in another, or given unusually."""
    for drug in record.drugs():
        stretches = record.administrations_of(drug)
        products = tuple(dict.fromkeys(s.product for s in stretches if s.product))
        named = places(p for s in stretches if s.product for p in _product_places(s))
        silent = [p for p in places(p for s in stretches for p in s.provenance) if p not in named]
        unusual = [s for s in stretches if _pegylated(s) and s.per / s.divided < DAILY]
        if not products or not (silent or unusual):
            continue
        said = " and ".join(f"'{p}'" for p in products)
        message = f"{drug} is called {said} ({'; '.join(named)})"
        if silent:
            message += f", but the product is not named elsewhere ({'; '.join(silent)})"
        for s in unusual:
            message += (
                f". '{s.id}' gives it {_rhythm(s.per / s.divided)}, although "
                "published schedules of the pegylated protein were mostly weekly to fortnightly"
            )
        yield Issue(
            Severity.WARNING,
            "product-ambiguity",
            ", ".join(s.id for s in stretches),
            f"{message}. Which product was given is in doubt.",
            (*named, *silent),
        )


def _product_places(stretch: Administration) -> tuple[Provenance, ...]:
    """Return where the product of a stretch is stated."""
    return stretch.product_provenance or stretch.provenance


def _rhythm(days: float) -> str:
    """How often, in words: ``every day``, ``every 0.5 days``."""
    return "every day" if days == 1.0 else f"every {number_text(days)} days"


def _pegylated(stretch: Administration) -> bool:
    """Return whether a stretch is of a pegylated product."""
    return stretch.product is not None and "peg" in stretch.product.casefold()


def unit_ambiguity(record: PatientRecord) -> Iterator[Issue]:
    """Find doses in units whose unit system is not stated."""
    for drug in record.drugs():
        doses = [
            s
            for s in record.administrations_of(drug)
            if unit_named(s.amount.unit).dimension.startswith(ARBITRARY)
        ]
        if not doses:
            continue
        factor = (
            " If they are Cetus units, 1 unit is 6 IU (recalled, not verified in print)."
            if drug == "interleukin-2"
            else ""
        )
        yield Issue(
            Severity.WARNING,
            "unit-ambiguity",
            ", ".join(s.id for s in doses),
            f"Doses of {drug} are given in units without a unit system "
            f"({', '.join(_printed(s) for s in doses)}); they stay units of this product." + factor,
            places(p for s in doses for p in s.provenance),
        )


def _printed(stretch: Administration) -> str:
    """Return an amount in arbitrary units as a source prints it."""
    return str(stretch.amount).replace("[arb'U]", "U")


def timing_confounded(record: PatientRecord) -> Iterator[Issue]:
    """Find improvements that began when one drug was started while another was being given."""
    for symptom in record.symptoms:
        if symptom.grade is not SymptomGrade.IMPROVING:
            continue
        for drug in record.drugs():
            started = record.started(drug)
            if started is None or not started.overlaps(symptom.at):
                continue
            for other in record.drugs():
                running = _running(record, other, symptom.at)
                if other == drug or running is None:
                    continue
                low, high = days_between(running.start, symptom.at).to("mo")
                yield Issue(
                    Severity.WARNING,
                    "timing-confounded",
                    f"{symptom.id}, {running.id}",
                    f"Improvement began ({symptom.at.dates}) when {drug} was started "
                    f"({started.dates}) and {low:.1f} to {high:.1f} months after {other} was: the "
                    "timing cannot separate a late effect of the one from an effect of the other.",
                    places((*symptom.provenance, *running.provenance)),
                )


def _running(record: PatientRecord, drug: str, when: When) -> Administration | None:
    """Return the stretch of a drug that had begun before and lasted through an interval."""
    for stretch in record.administrations_of(drug):
        if stretch.start.latest < when.earliest and when.latest <= stretch.stop.earliest:
            return stretch
    return None


def count_after_stop_exceeds(record: PatientRecord) -> Iterator[Issue]:
    """Find a count after the study drug was stopped that exceeds every count on it."""
    drug = record.modelling.study_drug if record.modelling is not None else ""
    started, stopped = record.started(drug), record.stopped(drug)
    if started is None or stopped is None:
        return
    counts = [(m, m.value.to("/uL").value) for m in record.counts() if m.limit is None]
    during = [
        (m, value)
        for m, value in counts
        if started.latest < m.at.earliest and m.at.latest < stopped.earliest
    ]
    after = [(m, value) for m, value in counts if stopped.latest < m.at.earliest]
    if not during or not after:
        return
    best, best_value = max(during, key=lambda pair: pair[1])
    late, late_value = max(after, key=lambda pair: pair[1])
    if late_value <= best_value:
        return
    yield Issue(
        Severity.WARNING,
        "count-after-stop-exceeds-on-treatment",
        f"{late.id}, {best.id}",
        f"The count after stopping {drug} ({late_value:g} /uL, {late.at.dates}) exceeds the "
        f"highest on it in this record ({best_value:g} /uL, {best.at.dates}): higher counts on "
        "treatment are missing here, or nothing had decayed yet, or this is noise.",
        places((*late.provenance, *best.provenance)),
    )


def data_not_read(record: PatientRecord) -> Iterator[Issue]:
    """Find data that a source shows and this record does not hold."""
    for unread in record.unread:
        message = f"Not in this record: {unread.what}."
        yield Issue(
            Severity.WARNING, "data-not-read", unread.id, message, places(unread.provenance)
        )


def implausible_value(record: PatientRecord) -> Iterator[Issue]:
    """Find counts so far from any plausible one that their unit must be mistaken."""
    low, high = PLAUSIBLE_COUNTS
    for m in record.measurements:
        if ANALYTE_UNITS.get(m.analyte) != "/uL":
            continue
        value = m.value.to("/uL").value
        if not low <= value <= high:
            yield Issue(
                Severity.ERROR,
                "implausible-value",
                m.id,
                f"{m.analyte} of {m.value} is {value:g} /uL, outside {low:g} to {high:g}: check "
                "the unit.",
                places(m.provenance),
            )


def overlapping_stretches(record: PatientRecord) -> Iterator[Issue]:
    """Find two stretches of one drug that were certainly given at the same time."""
    for drug in record.drugs():
        stretches = sorted(record.administrations_of(drug), key=lambda a: a.start.latest)
        for place, one in enumerate(stretches):
            for two in stretches[place + 1 :]:
                if two.start.latest >= one.stop.earliest:
                    break
                if one.start.latest < two.stop.earliest:
                    yield _overlap(drug, one, two)


def _overlap(drug: str, one: Administration, two: Administration) -> Issue:
    """Return the issue of two stretches that overlap."""
    return Issue(
        Severity.WARNING,
        "overlapping-stretches",
        f"{one.id}, {two.id}",
        f"Two stretches of {drug} overlap: one lasts until {one.stop.dates}, the other "
        f"begins {two.start.dates}; their doses add up.",
        places((*one.provenance, *two.provenance)),
    )


def spelling(record: PatientRecord) -> Iterator[Issue]:
    """Find names that a source misprints."""
    readings: dict[tuple[str, str], list[Provenance]] = {}
    for a in record.administrations:
        for name in a.printed:
            readings.setdefault((name, canonical(a.drug, DRUGS)), []).extend(a.provenance)
    for c in record.cultures:
        for name in c.printed:
            readings.setdefault((name, canonical(c.organism, ORGANISMS)), []).extend(c.provenance)
    for (printed, meant), provenance in readings.items():
        if printed.casefold() != meant.casefold():
            message = f"'{printed}' is read as {meant}."
            yield Issue(Severity.INFO, "spelling", meant, message, places(provenance))


def method_assumed(record: PatientRecord) -> Iterator[Issue]:
    """List what stands in the record or in the analysis by assumption."""
    facts = (*record.dated(), *record.administrations, *record.durations, *record.workup)
    assumed = [f.id for f in facts if any(p.method is Method.ASSUMED for p in f.provenance)]
    assumed += [f"steps of {a.id}" for a in record.administrations if a.titration_steps]
    assumed += [f"number of {c.id}" for c in record.cultures if c.number_note]
    if record.modelling is not None:
        assumed += [f"day of {n.fact}" for n in record.modelling.nominal]
        assumed += [name for name, _ in record.modelling.rationale if name != "nominal"]
    if assumed:
        message = f"Assumed, not stated by any source: {', '.join(assumed)}."
        yield Issue(Severity.INFO, "method-assumed", ", ".join(assumed), message)


DEFAULT_RULES: tuple[Rule, ...] = (
    proposed,
    open_questions,
    implausible_value,
    duration_contradiction,
    date_contradiction,
    product_ambiguity,
    unit_ambiguity,
    timing_confounded,
    count_after_stop_exceeds,
    overlapping_stretches,
    doses_missed,
    doses_before_count,
    data_not_read,
    sources_disagree,
    figure_readings,
    share_beside_count,
    corrected,
    spelling,
    method_assumed,
)


def validate(record: PatientRecord, rules: Sequence[Rule] = DEFAULT_RULES) -> tuple[Issue, ...]:
    """Return the issues that the rules find, in the rules' order."""
    return tuple(issue for rule in rules for issue in rule(record))
