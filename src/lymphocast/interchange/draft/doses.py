"""Doses: amount, drug, rhythm, route and product, put together from one sentence.

The total of a period and the number of equal doses in it are what a case file holds: "500 mg twice
a day" is 1000 mg a day in two doses, "11 million units weekly divided into three" 11 MU a week in
three.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, final

from lymphocast.interchange.citation import plain, squeezed
from lymphocast.interchange.draft.amounts import Amount
from lymphocast.interchange.draft.cues import Cue, Happening
from lymphocast.interchange.draft.lexicon import CYTOKINES, Named, find, lexicon
from lymphocast.interchange.draft.numbers import find_numbers
from lymphocast.interchange.draft.relations import Relation, Tie
from lymphocast.interchange.draft.rhythms import Rhythm
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import Kind, Place, Story, Stretch, start_of
from lymphocast.units import UNITS, Quantity, number_text

_OF = re.compile(
    r"\s?(?:\w+ly |daily |once daily |twice daily |a day |per day |per week )"
    r"?(?:of |doses? of |(?:\w+ )?(?:injections?|infusions?) of )(?:[\w-]+ )"
    r"{0,3}?$",
    re.I,
)
_DIRECT = re.compile(
    r"\s?(?:(?:oral|intravenous|subcutaneous|daily|recombinant|pegylated|human|liposomal)[ -])*$",
    re.I,
)
_NOT_A_DRUG = re.compile(
    r"\s?of (?:packed|blood|red|fluid|fat|water|weight|sputum|pus|stool|ascit\w+)", re.I
)
_DOSE_WORDS = re.compile(
    r"\b(?:dos(?:e|es|age|ing)|daily|weekly|titrat\w+|escalat\w+|increas\w+|"
    r"reduc\w+|maintenance|per day|injections?)\b",
    re.I,
)
_PAIRED = re.compile(r"\s?(?:,|;)?\s?(?:and|plus|with|,|\+|then)?\s?", re.I)
_APART = re.compile(r" apart\b", re.I)
_WEEK: Final = 7.0


@final
@dataclass(frozen=True)
class Dose:
    """A dose before it is placed in time."""

    amount: Amount
    drug: str
    total: float
    per: float
    divided: int
    single: bool
    start: int
    end: int
    note: str = ""


def read_doses(scan: Scan, story: Story, cues: Sequence[Cue]) -> None:
    """Add the doses of a sentence; what is missing or ambiguous becomes a question."""
    doses = scan.doses()
    for i, amount in enumerate(doses):
        if _NOT_A_DRUG.match(scan.text, amount.end):
            scan.use(amount.start, amount.end)
            continue
        before = doses[i - 1].end if i else scan.start
        after = doses[i + 1].start if i + 1 < len(doses) else scan.end
        drug = _drug_of(scan, story, amount, before, after)
        scan.use(amount.start, amount.end)
        quoted = scan.text[amount.start : amount.end]
        if drug is None:
            story.ask(f"'{quoted}': a dose of which drug?", amount.start, amount.end)
            continue
        rhythm, note = _rhythm_of(scan, doses, i, before, after)
        dose = _dose(scan, amount, drug, rhythm, (before, after), note)
        if isinstance(dose, str):
            story.begin(drug, Place(amount.start, amount.end))
            story.ask(f"'{quoted}' of {drug}: {dose}", amount.start, amount.end)
        else:
            _add(scan, story, dose, cues)
    for cycle in scan.rhythms.cycles:
        drug = scan.drugs[-1].name if scan.drugs else story.main_drug
        words = scan.text[cycle.start : cycle.end]
        story.ask(
            f"'{words}' ({drug or 'treatment'}): when did the cycles begin and end?",
            cycle.start,
            cycle.end,
        )


def _drug_of(scan: Scan, story: Story, amount: Amount, before: int, after: int) -> str | None:
    """Return the drug of an amount: the one after "of", the one beside it, the last one before."""
    drugs = [d for d in scan.drugs if not d.term.is_class]
    right = [d for d in drugs if amount.end <= d.start < after]
    left = [d for d in drugs if d.end <= amount.start]
    if right and _OF.fullmatch(scan.text[amount.end : right[0].start]):
        return right[0].name
    beside = bool(left) and amount.start - left[-1].end < 3
    if right and not beside and _DIRECT.fullmatch(scan.text[amount.end : right[0].start]):
        return right[0].name
    if left:
        return left[-1].name
    known = story.main_drug if amount.unit.endswith("U]") or "U]" in amount.unit else story.drug
    if "U]" in amount.unit and known not in CYTOKINES:
        known = next((d for d in reversed(story.started) if d in CYTOKINES), known)
    if known is not None and _DOSE_WORDS.search(scan.words):
        return known
    return right[0].name if right else None


def _rhythm_of(
    scan: Scan, doses: Sequence[Amount], i: int, before: int, after: int
) -> tuple[Rhythm | None, str]:
    """Return how often a dose was given, and what was decided to read it."""
    amount = doses[i]
    often = scan.rhythms.often
    follows = [r for r in often if amount.end <= r.start and r.end <= after]
    drug_next = next((d.start for d in scan.drugs if d.start > amount.end + 40), scan.end)
    follows = [r for r in follows if r.start < max(drug_next, amount.end + 60)]
    if follows:
        return follows[0], ""
    if amount.per is not None:
        return None, ""
    precedes = [r for r in often if before <= r.start and r.end <= amount.start]
    if precedes:
        return precedes[-1], ""
    apart = next(
        (
            r
            for r in scan.relations
            if 0 <= r.start - amount.end < 12 and _APART.match(scan.text, r.duration.end)
        ),
        None,
    )
    if apart is not None:
        days = Quantity(*_parts(apart)).to("d").value
        scan.use(apart.start, apart.end)
        return Rhythm(apart.start, apart.duration.end, days), ""
    for later in range(i + 1, len(doses)):
        found = _next_rhythm(scan, doses, later)
        if found is not None:
            return found, "the rhythm is printed once, after the last of the list"
        if doses[later].per is not None:
            return Rhythm(
                amount.start, amount.end, doses[later].per or 1.0
            ), "the rhythm is that of the next dose"
    return None, ""


def _parts(relation: Relation) -> tuple[float, str]:
    value, unit = relation.duration.texts[0].split(" ")
    return float(value), unit


def _next_rhythm(scan: Scan, doses: Sequence[Amount], i: int) -> Rhythm | None:
    after = doses[i + 1].start if i + 1 < len(doses) else scan.end
    return next((r for r in scan.rhythms.often if doses[i].end <= r.start and r.end <= after), None)


def _dose(
    scan: Scan, amount: Amount, drug: str, rhythm: Rhythm | None, span: tuple[int, int], note: str
) -> Dose | str:
    """Return a dose, or the question that it raises."""
    if amount.high is not None:
        return "which dose of the range?"
    if amount.sign:
        return "which dose?"
    if amount.other is not None:
        return f"{number_text(amount.value)} or {number_text(amount.other)}?"
    if rhythm is not None and rhythm.asks:
        return rhythm.asks
    if rhythm is None and amount.per is None:
        return "how often?"
    divided = next((d for d in scan.rhythms.divided if amount.end <= d.start < span[1]), None)
    ends = [
        amount.end,
        *(x.end for x in (rhythm, divided) if x is not None and x.start >= amount.end),
    ]
    starts = [
        amount.start,
        *(r.start for r in (rhythm,) if r is not None and r.end <= amount.start),
    ]
    per = amount.per if amount.per is not None else rhythm.per if rhythm else 1.0
    times = rhythm.times if rhythm is not None else 1
    single = rhythm is not None and rhythm.single
    if divided is not None:
        total, parts = amount.value, divided.doses
    elif amount.per is not None:
        total, parts = amount.value, times if rhythm is not None and rhythm.per == per else 1
    else:
        total, parts = amount.value * times, times
    if total >= 1e6 and amount.unit in ("[IU]", "[arb'U]"):
        amount, total = replace(amount, unit=f"M{amount.unit}"), total / 1e6
    return Dose(
        amount, drug, float(f"{total:.12g}"), per, parts, single, min(starts), max(ends), note
    )


def _add(scan: Scan, story: Story, dose: Dose, cues: Sequence[Cue]) -> None:
    """Add a stretch of treatment at one dose, or the place of one that is known already."""
    place = Place(dose.start, dose.end, dose.note)
    begin = story.begin(dose.drug, place)
    story.drug = dose.drug
    unit = dose.amount.unit
    keys: dict[str, object] = {
        "drug": dose.drug,
        "amount": f"{number_text(dose.total)} {unit}",
        "per": f"{number_text(dose.per)} d",
        "divided": dose.divided,
        **_described(scan, dose),
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
    for key in ("route", "product", "printed"):
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
        if start <= date.start < stop and not scan.is_used(date.start, date.end) and not date.asks:
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
    anchor = start_of(dose.drug) if loose else story.anchor(relation)
    if anchor is not None and relation.duration.high is None:
        scan.use(relation.start, relation.end)
        place = Place(relation.start, relation.end, relation.note)
        story.hang(name, anchor, relation.duration.texts[0], place)


def _described(scan: Scan, dose: Dose) -> dict[str, object]:
    """Return the route, the product and the misprinted name that the sentence gives."""
    keys: dict[str, object] = {}
    mine = [d for d in scan.drugs if d.name == dose.drug]
    near = mine[0] if mine else None
    low = min(dose.start, near.start if near else dose.start) - 60
    span = (max(scan.start, low), min(scan.end, dose.end + 60))
    if near is not None:
        products = find(lexicon().products, scan.text, max(scan.start, near.start - 60), near.end)
        if products and dose.drug in (*CYTOKINES, "amphotericin B"):
            keys["product"] = " ".join(dict.fromkeys(p.name for p in products))
        printed = scan.text[near.start : near.end]
        if plain(printed) != plain(dose.drug) and near.term.pattern.fullmatch(printed) is None:
            keys["printed"] = [printed]
    routes = find(lexicon().routes, scan.text, *span)
    others = {d.name for d in scan.drugs if span[0] <= d.start < span[1]} - {dose.drug}
    names = {r.name for r in routes}
    if len(names) == 1 and (not others or _beside(routes, dose, near)):
        keys["route"] = names.pop()
    return keys


def _beside(routes: Sequence[Named], dose: Dose, near: Named | None) -> bool:
    """Return whether a route stands right at the dose or the drug."""
    edges = (dose.start, dose.end, *((near.start, near.end) if near else ()))
    return any(min(abs(r.start - e), abs(r.end - e)) < 12 for r in routes for e in edges)


_HOW_MANY = re.compile(
    (
        r"(?<![\w.-])(?P<n>\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|"
        r"eleven|twelve)[- ](?:(?:additional|further|more|consecutive|weekly|monthly|"
        r"daily|intravenous|subcutaneous|intramuscular|[\w-]+) ){0,3}?"
        r"(?P<what>injections|doses|cycles|courses|infusions)\b(?! every)"
        r"(?: of (?:\w+ ){0,2}?(?:[\w-]+))?"
    ),
    re.I,
)


def read_numbers_of_doses(scan: Scan, story: Story) -> None:
    """Add how many doses or cycles were given, as a finding: "3 injections of IL-7"."""
    for match in _HOW_MANY.finditer(scan.text, scan.start, scan.end):
        taken = [(d.start, d.end) for d in scan.rhythms.divided]
        if any(a < match.end() and match.start() < b for a, b in taken) or re.search(
            r"\bmissed\b", scan.words, re.I
        ):
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
