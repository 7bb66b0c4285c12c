"""Treatment: when drugs were started and stopped, for how long they were given, and other events.

A time belongs to the cue nearest to it: the last one before it, or the first after it where the
sentence begins with the time.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from lymphocast.interchange.draft.cues import Cue, Happening, find_cues
from lymphocast.interchange.draft.dates import Dated
from lymphocast.interchange.draft.relations import Relation, Tie
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import UNDATED, Kind, Place, Story, start_of, stop_of

_FIXED: Final = {
    Happening.PRESENTATION: "presentation",
    Happening.DIAGNOSIS: "diagnosis",
    Happening.DISCHARGE: "discharge",
    Happening.SURGERY: "surgery",
}
_FOLLOWED = re.compile(r"\b(?:followed by|then switched to|and then)\b", re.I)
_AFTER_FIRST = re.compile(r"\s*(?:\w+, )?(?:after|following|despite)\b", re.I)
_BY = re.compile(r"\b(?P<word>by|before|until|till|after|since)\s?$", re.I)
_MISSED = re.compile(
    r"\b(?:missed|skipped|omitted)\b[^.;]{0,40}\bdoses?\b|\bdoses? (?:of [\w-]+ )?(?:were|was) (?:missed|skipped|omitted)\b",
    re.I,
)


@final
@dataclass(frozen=True)
class Timed:
    """A time in a sentence: a date, or a length of time tied to an event."""

    start: int
    end: int
    source: Dated | Relation


def read_treatment(scan: Scan, story: Story) -> tuple[Cue, ...]:
    """Add the starts, stops and dated events of a sentence; return its cues."""
    cues = find_cues(scan)
    for cue in cues:
        _register(scan, story, cue)
    for relation in scan.relations:
        if relation.tie is Tie.LENGTH:
            _given_for(scan, story, relation, cues)
        elif relation.tie in (Tie.HISTORY, Tie.FOLLOW_UP):
            _seen_for(scan, story, relation)
    for timed in _times(scan):
        cue = cue_of(scan, timed, cues)
        if cue is not None:
            _happened(scan, story, timed, cue)
    _followed(scan, story, cues)
    for match in _MISSED.finditer(scan.text, scan.start, scan.end):
        drug = scan.drugs[0].name if scan.drugs else story.main_drug
        if drug is not None:
            keys: dict[str, object] = {"drug": drug, "dates_known": "false"}
            story.add("missed_doses", f"{drug}-missed", Kind.MISSED, keys, Place(*match.span()), subject=drug)
    return cues


def _register(scan: Scan, story: Story, cue: Cue) -> None:
    """Remember which drugs began and ended."""
    if cue.happening is Happening.START:
        for drug in cue.drugs:
            place = Place(min(cue.start, drug.start), max(cue.end, drug.end))
            story.last = story.begin(drug.name, place)
            story.drug = drug.name
    elif cue.happening is Happening.STOP:
        for drug in cue.drugs:
            place = Place(min(cue.start, drug.start), max(cue.end, drug.end))
            story.last = story.end(drug.name, place)
        if not cue.drugs and story.main_drug and re.search(r"\b(?:therapy|treatment|drug|injections?|it)\b", scan.text[max(scan.start, cue.start - 40) : cue.start], re.I):
            story.last = story.end(story.main_drug, Place(cue.start, cue.end))
    elif cue.happening in _FIXED and cue.happening is not Happening.SURGERY:
        if story.last is None and cue.happening is Happening.PRESENTATION:
            story.last = story.event("presentation", Place(cue.start, cue.end))


def _times(scan: Scan) -> Iterator[Timed]:
    """Return the times of a sentence in order."""
    found = [Timed(d.start, d.end, d) for d in scan.dates]
    found += [
        Timed(r.start, r.end, r)
        for r in scan.relations
        if r.tie in (Tie.AFTER, Tie.BEFORE) and len(r.duration.values) == 1
    ]
    return iter(sorted(found, key=lambda t: t.start))


def cue_of(scan: Scan, timed: Timed, cues: Sequence[Cue]) -> Cue | None:
    """Return the cue that a time belongs to; ``None`` if it belongs to a value or to nothing."""
    outside = [c for c in cues if not (timed.start <= c.start and c.end <= timed.end)]
    before = [c for c in outside if c.end <= timed.start]
    after = [c for c in outside if timed.end <= c.start]
    if before and _clear(scan, before[-1].end, timed.start):
        return before[-1]
    if after and _clear(scan, timed.end, after[0].start):
        return after[0]
    return None


def _clear(scan: Scan, start: int, end: int) -> bool:
    """Return whether no other time and no value stands between a cue and a time."""
    values = [(a.start, a.end) for a in scan.values()]
    times = [(t.start, t.end) for t in _times(scan)]
    return not any(start <= a and b <= end for a, b in (*values, *times))


def _happened(scan: Scan, story: Story, timed: Timed, cue: Cue) -> None:
    """Give the event of a cue its time."""
    for name in _events_of(story, cue):
        source = timed.source
        place = Place(timed.start, timed.end, _qualified(scan, timed))
        if isinstance(source, Dated):
            if source.asks:
                story.ask(f"'{scan.text[timed.start : timed.end]}': {source.asks}", timed.start, timed.end)
                continue
            story.date(name, source.text, place)
            scan.use(timed.start, timed.end)
            continue
        anchor = story.anchor(source)
        if anchor is None or anchor == name or source.duration.high is not None:
            continue
        sign = "" if source.tie is Tie.AFTER else "-"
        story.hang(name, anchor, f"{sign}{source.duration.texts[0]}", place)
        scan.use(timed.start, timed.end)


def _events_of(story: Story, cue: Cue) -> tuple[str, ...]:
    """Return the events that a cue reports and that exist."""
    if cue.happening is Happening.START:
        return tuple(start_of(d.name) for d in cue.drugs)
    if cue.happening is Happening.STOP:
        if cue.drugs:
            return tuple(stop_of(d.name) for d in cue.drugs)
        last = story.last or ""
        return (last,) if last.endswith("-stop") else ()
    return (_FIXED[cue.happening],) if cue.happening in _FIXED else ()


def _qualified(scan: Scan, timed: Timed) -> str:
    """Return what stands before a date that makes it a bound, and what was decided to read it."""
    source = timed.source
    match = _BY.search(scan.text[max(scan.start, timed.start - 8) : timed.start])
    notes = [f"the text says '{match['word']}'"] if match and isinstance(source, Dated) else []
    if source.note:
        notes.append(source.note)
    return "; ".join(notes)


def _given_for(scan: Scan, story: Story, relation: Relation, cues: Sequence[Cue]) -> None:
    """Record how long a drug was given: to its stop, or to the next drug's start."""
    drug = relation.drug or (story.drug if cues else None) or story.main_drug
    if drug is None or relation.duration.high is not None:
        return
    length = relation.duration.texts[0]
    place = Place(relation.start, relation.duration.end)
    begin = story.begin(drug, place)
    scan.use(relation.start, relation.duration.end)
    later = [c for c in cues if c.start >= relation.end and c.happening is Happening.START]
    others = [d.name for c in later for d in c.drugs if d.name != drug]
    if _AFTER_FIRST.match(scan.words) and others:
        story.hang(story.begin(others[0], place), begin, length, place)
        return
    story.hang(story.end(drug, place), begin, length, place)


def _seen_for(scan: Scan, story: Story, relation: Relation) -> None:
    """Record how long symptoms had lasted, or how long the patient was followed."""
    if relation.duration.high is not None:
        return
    place = Place(relation.start, relation.end)
    length = relation.duration.texts[0]
    scan.use(relation.start, relation.duration.end)
    if relation.tie is Tie.HISTORY:
        story.event("presentation", place)
        story.hang("symptom-onset", "presentation", f"-{length}", place)
        story.length("symptom-onset", "presentation", length, place)
        return
    anchor = story.last or story.event("presentation", place)
    if story.find("last-follow-up") is None:
        story.hang("last-follow-up", anchor, length, place)


def _followed(scan: Scan, story: Story, cues: Sequence[Cue]) -> None:
    """Let a drug that follows another begin where that one ends."""
    for match in _FOLLOWED.finditer(scan.text, scan.start, scan.end):
        before = [d for d in scan.drugs if d.end <= match.start()]
        after = [d for d in scan.drugs if match.end() <= d.start < match.end() + 60]
        if not before or not after or before[-1].name == after[0].name:
            continue
        place = Place(match.start(), after[0].end)
        stop, start = story.end(before[-1].name, place), story.begin(after[0].name, place)
        event = story.find(start)
        if event is not None and event.keys["at"] == UNDATED:
            event.keys["at"] = stop
            event.places.append(place)
        story.last = start
