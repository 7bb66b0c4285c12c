"""Reading: sentence by sentence, from a page to its story."""

import re
from collections.abc import Sequence

from lymphocast.interchange.citation import squeezed
from lymphocast.interchange.draft.ages import Age, find_ages
from lymphocast.interchange.draft.amounts import Sort
from lymphocast.interchange.draft.anchors import times_of
from lymphocast.interchange.draft.doses import read_doses, read_numbers_of_doses
from lymphocast.interchange.draft.doubts import Doubt
from lymphocast.interchange.draft.happenings import date_events
from lymphocast.interchange.draft.lexicon import normal
from lymphocast.interchange.draft.mentions import abbreviations
from lymphocast.interchange.draft.numbers import writes_decimal_commas
from lymphocast.interchange.draft.outcomes import read_outcomes
from lymphocast.interchange.draft.page import Page
from lymphocast.interchange.draft.people import Who, cast
from lymphocast.interchange.draft.scan import Scan, scan
from lymphocast.interchange.draft.sentences import sentences
from lymphocast.interchange.draft.story import Kind, Place, Story
from lymphocast.interchange.draft.treatment import read_treatment
from lymphocast.interchange.draft.values import bare_dates, read_values
from lymphocast.units import number_text


def read_story(page: Page) -> Story:
    """Return every fact and question of a page."""
    text = normal(page.text)
    parts = [
        sentence
        for section in page.sections
        if section.name != "title"
        for sentence in sentences(page.text, section.start, section.end, section.name)
    ]
    people = cast(text, parts)
    story = Story(page.file)
    if not people.described:
        return story
    short, commas = abbreviations(text), writes_decimal_commas(text)
    scans = [
        scan(text, s, who, short, commas=commas)
        for s, who in zip(parts, people.who, strict=True)
        if who is not Who.NOBODY
    ]
    _units_first(scans, story)
    for found in scans:
        _read(found, story)
    _demographics(page, text, scans, story)
    return story


def _units_first(scans: Sequence[Scan], story: Story) -> None:
    """Remember in which unit the page prints CD4 counts, for those that it prints without."""
    for found in scans:
        for amount in found.values():
            named = [a for a in found.analytes if a.end <= amount.start and a.term.counted]
            if amount.sort.value == "count" and named and amount.known:
                story.units.setdefault((amount.term or named[-1].term).name, amount.unit)


def _read(found: Scan, story: Story) -> None:
    if found.who is not Who.PATIENT:
        _ask_whose(found, story)
        return
    cues = read_treatment(found, story)
    read_doses(found, story, cues)
    read_numbers_of_doses(found, story)
    date_events(found, story, cues)
    read_values(found, story)
    read_outcomes(found, story, cues)
    _leftovers(found, story)
    for drug in found.drugs:
        printed = squeezed(found.text[drug.start : drug.end])
        known = story.misprinted.setdefault(drug.name, [])
        if drug.term.pattern.fullmatch(printed) is None and printed not in known:
            known.append(printed)
    named = [d.name for d in found.drugs if not d.term.is_class]
    story.drug_named = named[-1] if named else story.drug_named


def _ask_whose(found: Scan, story: Story) -> None:
    """Turn every amount, date and length of another person into a question."""
    whose = "another patient's, or this one's?" if found.who is Who.OTHER else "which patient's?"
    things = [
        *((a.start, a.end) for a in found.amounts),
        *((d.start, d.end) for d in found.dates),
        *((r.duration.start, r.duration.end) for r in found.relations),
    ]
    for start, end in (*sorted(things), *((a.start, a.end) for a in found.ages)):
        story.ask(Doubt(f"'{squeezed(found.text[start:end])}': {whose}"), start, end)


def _leftovers(found: Scan, story: Story) -> None:
    """Turn what stands in a sentence about the patient, and no rule understood, into questions."""
    for date in bare_dates(found):
        if date.asks is not None:
            story.ask(date.asks, date.start, date.end)
            continue
        what = _around(found, date.start, date.end)
        event = story.add(
            "events",
            "event",
            Kind.EVENT,
            {"what": what, "at": date.text},
            Place(date.start, date.end, date.note),
        )
        story.last = event.id
    for relation in found.relations:
        times = times_of(story, relation)
        if found.is_used(relation.start, relation.duration.end):
            continue
        if len(times) == 1:
            what = _around(found, relation.start, relation.duration.end)
            place = Place(relation.start, relation.end, relation.note)
            story.last = story.add(
                "events", "event", Kind.EVENT, {"what": what, "at": times[0]}, place
            ).id
        else:
            quoted = squeezed(found.text[relation.start : relation.duration.end])
            doubt = Doubt(f"'{quoted}': from when to when, or after what?")
            story.ask(doubt, relation.start, relation.duration.end)
    for amount in found.amounts:
        if not found.is_used(amount.start, amount.end) and amount.sort is Sort.DOSE:
            quoted = squeezed(found.text[amount.start : amount.end])
            doubt = Doubt(f"'{quoted}': what is this a value of?")
            story.ask(doubt, amount.start, amount.end)


def _around(found: Scan, start: int, end: int) -> str:
    """Return the words around a date, for the name of an event."""
    begin = max(
        (
            found.text.rfind(m, found.start, start) + 2
            for m in (", ", "; ")
            if found.text.rfind(m, found.start, start) >= 0
        ),
        default=found.start,
    )
    ends = [i for i in (found.text.find(m, end, found.end) for m in (", ", "; ")) if i >= 0]
    return squeezed(found.text[begin : min(ends, default=found.end)]).rstrip(".")[:120]


def _demographics(page: Page, text: str, scans: Sequence[Scan], story: Story) -> None:
    """Add age, sex and ancestry: of the first person introduced, else from the title."""
    mine = [s for s in scans if s.who is Who.PATIENT]
    ages = [a for s in mine for a in s.ages if a.introduces and a.value > 0]
    if not ages:
        titles = (s for s in page.sections if s.name == "title")
        titled = (a for s in titles for a in find_ages(text, s.start, s.end))
        ages = [a for a in titled if a.introduces and a.value > 0]
    first = ages[0] if ages else None
    for found in mine:
        for age in found.ages:
            if age is not first and age.value != (first.value if first else None):
                quoted = squeezed(text[age.start : age.end])
                doubt = Doubt(f"'{quoted}': what happened at this age?")
                story.ask(doubt, age.start, age.end)
    keys, places = _person(text, first, mine)
    if keys:
        fact = story.add("patient", "patient", Kind.PATIENT, keys, *places, subject="age")
        if first is not None:
            fact.value, fact.unit = first.value, first.unit


def _person(
    text: str, age: Age | None, mine: Sequence[Scan]
) -> tuple[dict[str, object], list[Place]]:
    keys: dict[str, object] = {}
    places: list[Place] = []
    if age is not None:
        keys["age"] = f"{number_text(age.value)} {age.unit}"
        places.append(Place(age.start, max(age.end, age.stop)))
    sex = age.sex if age is not None else None
    if sex is None and mine:
        sex, place = _pronoun(text, mine)
        places += place
    if sex is not None:
        keys["sex"] = sex
    if age is not None and age.ancestry is not None:
        keys["ancestry"] = age.ancestry
    return keys, places


def _pronoun(text: str, mine: Sequence[Scan]) -> tuple[str | None, list[Place]]:
    """Return the sex that the pronouns say, if they agree."""
    found = [
        m
        for s in mine
        for m in re.finditer(
            r"\b(?:(?P<m>he|his|him)|(?P<f>she|her))\b|\b(?P<m2>man|boy|male)\b|"
            r"\b(?P<f2>woman|girl|female)\b",
            text[s.start : s.end],
            re.I,
        )
    ]
    males = [m for m in found if m["m"] or m["m2"]]
    if not found or 0 < len(males) < len(found):
        return None, []
    first = next(
        m
        for s in mine
        for m in re.finditer(
            r"\b(?:he|his|him|she|her|man|boy|male|woman|girl|female)\b",
            text[s.start : s.end],
            re.I,
        )
    )
    start = next(
        s.start
        for s in mine
        if re.search(
            r"\b(?:he|his|him|she|her|man|boy|male|woman|girl|female)\b",
            text[s.start : s.end],
            re.I,
        )
    )
    return ("male" if males else "female"), [Place(start + first.start(), start + first.end())]
