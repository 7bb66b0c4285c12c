"""Doses: amount, drug, rhythm, route and product, put together from one sentence.

The total of a period and the number of equal doses in it are what a case file holds: "500 mg twice
a day" is 1000 mg a day in two doses, "11 million units weekly divided into three" 11 MU a week in
three.
"""

import re
from collections.abc import Sequence
from typing import Final

from lymphocast.interchange.citation import plain, squeezed
from lymphocast.interchange.draft.amounts import Amount
from lymphocast.interchange.draft.anchors import anchor_of
from lymphocast.interchange.draft.cues import Cue, Happening
from lymphocast.interchange.draft.dates import Dated
from lymphocast.interchange.draft.dose_parts import (
    NOT_A_DRUG,
    Dose,
    described,
    dose_of,
    drug_of,
    rhythm_of,
)
from lymphocast.interchange.draft.doubts import Doubt
from lymphocast.interchange.draft.numbers import find_numbers
from lymphocast.interchange.draft.relations import Relation, Tie
from lymphocast.interchange.draft.rhythms import Cycle, Rhythm
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import Kind, Place, Story, Stretch, start_of
from lymphocast.units import UNITS, number_text

PRINTED_UNITS: Final = {
    "[arb'U]": "U",
    "k[arb'U]": "kU",
    "M[arb'U]": "MU",
    "[IU]": "IU",
    "k[IU]": "kIU",
    "M[IU]": "MIU",
}
"""How case files print units of biologics."""
_WEEK: Final = 7.0
_NEAR: Final = 8  # characters that hold "increased to " in part
_OPENING: Final = 14  # characters before a date that opens its sentence: "Approximately "


def read_doses(scan: Scan, story: Story, cues: Sequence[Cue]) -> None:
    """Add the doses of a sentence; what is missing or ambiguous becomes a question."""
    doses = scan.doses()
    for i, amount in enumerate(doses):
        if NOT_A_DRUG.match(scan.text, amount.end):
            scan.use(amount.start, amount.end)
            continue
        before = doses[i - 1].end if i else scan.start
        after = doses[i + 1].start if i + 1 < len(doses) else scan.end
        drug = drug_of(scan, story, amount, before, after)
        scan.use(amount.start, amount.end)
        quoted = scan.text[amount.start : amount.end]
        if drug is None:
            doubt = Doubt(f"'{quoted}': a dose of which drug?")
            story.ask(doubt, amount.start, amount.end)
            continue
        rhythm, note = rhythm_of(scan, doses, i, before, after)
        if rhythm is None and amount.per is None:
            rhythm, note = _as_before(scan, story, amount, drug, cues)
        dose = dose_of(scan, amount, drug, rhythm, after, note)
        if isinstance(dose, Doubt):
            story.begin(drug, Place(amount.start, amount.end))
            doubt = Doubt(f"'{quoted}' of {drug}: {dose.text}", dose.choices)
            story.ask(doubt, amount.start, amount.end)
        else:
            _add(scan, story, dose, cues)
    for cycle in scan.rhythms.cycles:
        _cycle(scan, story, cycle)


def _as_before(
    scan: Scan, story: Story, amount: Amount, drug: str, cues: Sequence[Cue]
) -> tuple[Rhythm | None, str]:
    """Return the rhythm of the dose before, if the dose is changed: "increased to 4 MIU"."""
    mine = [s for s in story.stretches if s.drug == drug]
    to = scan.text[max(scan.start, amount.start - _NEAR) : amount.start].endswith("to ")
    changed = any(c.happening is Happening.CHANGE and c.end <= amount.start for c in cues)
    if not mine or not to or not changed or amount.shared:
        return None, ""
    keys = mine[-1].fact.keys
    per, times = float(str(keys["per"]).split(" ")[0]), int(str(keys["divided"]))
    note = "read as given as often as before"
    return Rhythm(amount.start, amount.end, per, times), note


def _cycle(scan: Scan, story: Story, cycle: Cycle) -> None:
    """Give the dose before it its cycle; ask if no dose is told."""
    at = cycle.tail[0] if cycle.tail is not None else cycle.start
    before = [d.name for d in scan.drugs if d.end <= at]
    drug = before[-1] if before else story.main_drug
    mine = [s for s in story.stretches if s.drug == drug and s.fact.places[-1].start < at]
    if mine and cycle.days < cycle.every:
        keys = mine[-1].fact.keys
        keys["cycle"] = {"days": f"{cycle.days} d", "every": f"{number_text(cycle.every)} d"}
        mine[-1].fact.places.append(Place(cycle.start, cycle.end))
        return
    words = scan.text[cycle.start : cycle.end]
    doubt = Doubt(f"'{words}' ({drug or 'treatment'}): which dose is given in these cycles?")
    story.ask(doubt, cycle.start, cycle.end)


def _add(scan: Scan, story: Story, dose: Dose, cues: Sequence[Cue]) -> None:
    """Add a stretch of treatment at one dose, or the place of one that is known already."""
    place = Place(dose.start, dose.end, dose.note)
    begin = story.begin(dose.drug, place)
    story.drug = dose.drug
    unit = dose.amount.unit
    keys: dict[str, object] = {
        "drug": dose.drug,
        "amount": f"{number_text(dose.total)} {PRINTED_UNITS.get(unit, unit)}",
        "per": f"{number_text(dose.per)} d",
        "divided": dose.divided,
        **described(scan, dose),
    }
    if unit not in UNITS:
        if dose.drug in story.dosed:
            _change(scan, story, dose, cues, place)
        story.dosed.add(dose.drug)
        _in_words(story, dose, keys, place)
        return
    story.dosed.add(dose.drug)
    weekly = dose.total * _WEEK / dose.per
    known = next((s for s in story.stretches if _same(s, dose, weekly)), None)
    if known is not None:
        _merge(known, keys, place)
        start = str(known.fact.keys["start"])
        if start != begin:
            _date_change(scan, story, dose, cues, start)
        return
    first = not any(s.drug == dose.drug for s in story.stretches)
    start = begin if first else _change(scan, story, dose, cues, place)
    stem = f"{dose.drug}-{number_text(dose.total)}"
    fact = story.add(
        "administrations",
        stem,
        Kind.DOSE,
        {**keys, "start": start},
        place,
        subject=dose.drug,
        value=dose.total,
        unit=unit,
    )
    story.stretches.append(Stretch(fact, dose.drug, weekly, unit, dose.single))


def _same(stretch: Stretch, dose: Dose, weekly: float) -> bool:
    if stretch.drug != dose.drug:
        return False
    here, there = UNITS[dose.amount.unit], UNITS[stretch.unit]
    ratio = weekly * here.factor / (stretch.weekly * there.factor)
    return here.dimension == there.dimension and abs(ratio - 1.0) < 1e-9  # the same number twice


def _merge(stretch: Stretch, keys: dict[str, object], place: Place) -> None:
    for key in ("route", "product"):
        if key in keys:
            stretch.fact.keys.setdefault(key, keys[key])
    old = stretch.fact.keys.get("divided")
    if isinstance(old, int) and isinstance(keys["divided"], int) and keys["divided"] > old:
        stretch.fact.keys["divided"] = keys["divided"]
    stretch.fact.places.append(place)


def _in_words(story: Story, dose: Dose, keys: dict[str, object], place: Place) -> None:
    """Keep a dose as a finding where case files do not have its unit."""
    often = f"each {keys['per']} in {dose.divided} dose{'s' if dose.divided > 1 else ''}"
    text = f"{dose.drug} {keys['amount']} {often}"
    if "route" in keys:
        text += f", {keys['route']}"
    story.add(
        "findings",
        f"{dose.drug}-dose",
        Kind.DOSE,
        {"what": text},
        place,
        subject=dose.drug,
        value=dose.total,
        unit=dose.amount.unit,
    )


def _change(scan: Scan, story: Story, dose: Dose, cues: Sequence[Cue], place: Place) -> str:
    """Return the event at which a drug's dose was changed."""
    what = f"{dose.drug} is changed to {dose.amount.text}"
    name = story.name(f"{dose.drug}-dose-change")
    story.event(name, place, what)
    story.changed[name] = dose.start
    _date_change(scan, story, dose, cues, name)
    return name


def _date_change(scan: Scan, story: Story, dose: Dose, cues: Sequence[Cue], name: str) -> None:
    """Date the change of a dose by the time that stands nearest to it in the sentence."""
    start = next((c.start for c in reversed(cues) if c.end <= dose.start), scan.start)
    stops = (c.start for c in cues if c.start >= dose.end and c.happening is Happening.STOP)
    stop = next(stops, scan.end)
    for date in scan.dates:
        if start <= date.start < stop and _free(scan, date):
            scan.use(date.start, date.end)
            before = scan.text[max(scan.start, date.start - 8) : date.start]
            bound = re.search(r"\b(by|before|until|after|since)\s?$", before, re.I)
            note = f"the text says '{bound[1]}'" if bound else date.note
            story.date(name, date.text, Place(date.start, date.end, note))
            return
    for relation in scan.relations:
        free = not scan.is_used(relation.start, relation.end)
        if free and _times_a_change(relation, dose, cues):
            _hang_change(scan, story, dose, relation, name)
            return
    for date in scan.dates:
        if date.start - scan.start < _OPENING and date.asks is None and cues:
            story.date(name, date.text, Place(date.start, date.end, date.note))
            return


def _free(scan: Scan, date: Dated) -> bool:
    """Return whether a date is certain and dates nothing else."""
    return date.asks is None and not scan.is_used(date.start, date.end)


def _times_a_change(relation: Relation, dose: Dose, cues: Sequence[Cue]) -> bool:
    """Return whether a length of time says when a dose was changed."""
    before = [c for c in cues if c.end <= relation.start]
    if relation.tie is Tie.LENGTH and relation.end <= dose.start:
        return True
    if relation.tie is Tie.LENGTH:
        return (
            bool(before)
            and before[-1].happening is Happening.CHANGE
            and before[-1].end <= dose.start
        )
    if relation.tie is not Tie.AFTER:
        return False
    return not before or before[-1].happening is not Happening.STOP


def _hang_change(scan: Scan, story: Story, dose: Dose, relation: Relation, name: str) -> None:
    loose = relation.anchor in ("previous", "elapsed") or relation.tie is Tie.LENGTH
    earlier = [n for n, at in story.changed.items() if scan.start <= at < relation.start]
    mine = [n for n in earlier if n != name and n.startswith(f"{plain(dose.drug)}-dose")]
    anchor = (mine[-1] if mine else start_of(dose.drug)) if loose else anchor_of(story, relation)
    if anchor is not None and relation.duration.high is None:
        scan.use(relation.start, relation.end)
        place = Place(relation.start, relation.end, relation.note)
        story.hang(name, anchor, relation.duration.texts[0], place)


_HOW_MANY = re.compile(
    (
        r"(?<![\w.-])(?P<n>\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|"
        r"eleven|twelve)(?![- ](?:hour|day|week|month|year)s?\b)[- ]"
        r"(?:(?:additional|further|more|consecutive|weekly|monthly|"
        r"daily|intravenous|subcutaneous|intramuscular|[a-z-]+|\d+-day) ){0,3}?"
        r"(?P<what>injections|doses|cycles|courses|infusions)\b(?! every)"
        r"(?: of (?:\w+ ){0,2}?(?:[\w-]+))?"
    ),
    re.I,
)


_NOT_ALL = re.compile(
    r"\b(?:up to|at most|a maximum of|maximally|planned|scheduled|first|last|next|previous|both|"
    r"these|those|after|during|in)(?: the)?\s?$",
    re.I,
)
"""Words before a number of doses that is not how many were given: "the first two courses"."""


def read_numbers_of_doses(scan: Scan, story: Story) -> None:
    """Add how many doses or cycles were given, as a finding: "3 injections of IL-7"."""
    for match in _HOW_MANY.finditer(scan.text, scan.start, scan.end):
        taken = [(d.start, d.end) for d in scan.rhythms.divided]
        if any(a < match.end() and match.start() < b for a, b in taken):
            continue
        if _NOT_ALL.search(scan.text[max(scan.start, match.start() - 24) : match.start()]):
            continue
        if re.search(r"\bmissed\b", scan.words, re.I):
            continue
        inside = [d.name for d in scan.drugs if match.start() <= d.start < match.end() + 30]
        before = [d.name for d in scan.drugs if d.end <= match.start()]
        drug = inside[0] if inside else before[-1] if before else story.main_drug or story.drug
        if drug is None:
            continue
        number = find_numbers(match["n"], 0, len(match["n"]), (), commas=False)
        words = squeezed(scan.text[match.start() : match.end()])
        story.add(
            "findings",
            f"{drug}-{match['what']}",
            Kind.FINDING,
            {"what": f"{drug}: {words}"},
            Place(*match.span()),
            subject=f"{drug} {match['what'].lower()}",
            value=number[0].value,
        )
