"""Treatment: when drugs were started and stopped, for how long they were given, and other events.

A time belongs to the cue nearest to it: the last one before it, or the first after it where the
sentence begins with the time.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from lymphocast.interchange.citation import plain
from lymphocast.interchange.draft.cues import OTHERS, Cue, Happening, find_cues
from lymphocast.interchange.draft.dates import Dated
from lymphocast.interchange.draft.relations import Relation, Tie
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import UNDATED, Kind, Place, Story, start_of, stop_of

_FIXED: Final = {
    Happening.PRESENTATION: "presentation",
    Happening.DIAGNOSIS: "diagnosis",
    Happening.DISCHARGE: "discharge",
    Happening.SURGERY: "surgery",
    Happening.FOLLOW_UP: "last-follow-up",
}
_FOLLOWED = re.compile(
    r"\b(?:followed by|(?:then )?(?:switched|changed) to|replaced (?:by|with)|and then)\b", re.I
)
_JOINS = re.compile(r"added|addition of|substituted", re.I)
_TAPERED = re.compile(r",? (?:and |then |and then )(?:was |were )?(?:gradually )?taper", re.I)
_AFTER_FIRST = re.compile(r"\s*(?:\w+, )?(?:after|following|despite)\b", re.I)
_BY = re.compile(r"\b(?P<word>by|before|until|till|after|since)\s?$", re.I)
_MISSED = re.compile(
    r"\b(?:missed|skipped|omitted)\b[^.;]{0,40}\bdoses?\b|\bdoses? (?:of [\w-]+ )"
    r"?(?:were|was) (?:missed|skipped|omitted)\b",
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
    """Add the starts and stops of a sentence and how long things lasted; return its cues."""
    cues = find_cues(scan)
    for thing in sorted((*cues, *scan.relations), key=lambda t: t.start):
        if isinstance(thing, Cue):
            _register(scan, story, thing)
        else:
            story.previous.setdefault(thing.start, story.last)
    for relation in scan.relations:
        if relation.tie is Tie.LENGTH:
            _given_for(scan, story, relation, cues)
        elif relation.tie in (Tie.HISTORY, Tie.FOLLOW_UP):
            _seen_for(scan, story, relation)
    _followed(scan, story, cues)
    for match in _MISSED.finditer(scan.text, scan.start, scan.end):
        drug = scan.drugs[0].name if scan.drugs else story.main_drug
        if drug is not None:
            keys: dict[str, object] = {"drug": drug, "dates_known": "false"}
            story.add(
                "missed_doses",
                f"{drug}-missed",
                Kind.MISSED,
                keys,
                Place(*match.span()),
                subject=drug,
            )
    return cues


def date_events(scan: Scan, story: Story, cues: Sequence[Cue]) -> None:
    """Give the events of a sentence their times."""
    last: Cue | None = None
    for timed in _times(scan):
        if scan.is_used(timed.start, timed.end):
            continue
        cue = cue_of(scan, timed, cues)
        if cue is None and last is not None and _UNTIL.search(scan.text[: timed.start][-12:]):
            cue = Cue(last.start, last.end, Happening.STOP, last.drugs)
        opened = _opened(scan, timed, cues)
        for each in opened:
            _happened(scan, story, timed, each)
        if cue is not None and cue not in opened:
            _happened(scan, story, timed, cue)
        if cue is not None:
            last = cue if cue.happening is Happening.START else None


def _opened(scan: Scan, timed: Timed, cues: Sequence[Cue]) -> tuple[Cue, ...]:
    """Return the starts and stops that a time at the beginning of a sentence dates."""
    if timed.start - scan.start > _OPENING:
        return ()
    after = [t.start for t in _times(scan) if t.start > timed.start]
    edge = min(after, default=scan.end)
    kinds = (Happening.START, Happening.STOP, *_FIXED)
    mine = (c for c in cues if timed.end <= c.start < edge and c.happening in kinds)
    return tuple(c for c in mine if edge - c.end > _OPENING or edge == scan.end)


_OPENING: Final = 14  # characters: "Approximately "
_UNTIL = re.compile(r"\b(?:to|until|till|through)\s?$|\d-$", re.I)


def _register(scan: Scan, story: Story, cue: Cue) -> None:
    """Remember which drugs began and ended."""
    story.before[cue.start] = story.last
    if cue.happening is Happening.START:
        if not _JOINS.match(scan.text, cue.start):
            story.sentence = scan.start
        for drug in cue.drugs:
            place = Place(min(cue.start, drug.start), max(cue.end, drug.end))
            story.last = story.begin(drug.name, place)
            story.drug = drug.name
    elif cue.happening is Happening.STOP:
        for drug in cue.drugs:
            place = Place(min(cue.start, drug.start), max(cue.end, drug.end))
            story.last = story.end(drug.name, place)
        story.stopped[cue.start] = () if cue.drugs else _others(scan, story, cue)
        for name in story.stopped[cue.start]:
            story.last = story.end(name, Place(cue.start, cue.end))
        if (
            not cue.drugs
            and story.main_drug
            and re.search(
                r"\b(?:therapy|treatment|drug|injections?|it)\b",
                scan.text[max(scan.start, cue.start - 40) : cue.start],
                re.I,
            )
        ):
            story.last = story.end(story.main_drug, Place(cue.start, cue.end))
    elif cue.happening in _FIXED and cue.happening is not Happening.SURGERY:
        if story.last is None and cue.happening is Happening.PRESENTATION:
            story.last = story.event("presentation", Place(cue.start, cue.end))


def _others(scan: Scan, story: Story, cue: Cue) -> tuple[str, ...]:
    """Return the drugs that "the other drugs" means: those that are not stopped yet."""
    lead = scan.text[max(scan.start, cue.start - 60) : cue.start]
    if not OTHERS.search(lead):
        return ()
    return tuple(d for d in story.started if story.find(stop_of(d)) is None)


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
        own = [t.start for t in _times(scan) if t.start >= after[0].end]
        return after[0] if not own or own[0] - after[0].end > _OPENING else None
    return None


def _clear(scan: Scan, start: int, end: int) -> bool:
    """Return whether no other time and no value stands between a cue and a time."""
    values = [(a.start, a.end) for a in scan.values()]
    times = [(t.start, t.end) for t in _times(scan)]
    return not any(start <= a and b <= end for a, b in (*values, *times))


def _happened(scan: Scan, story: Story, timed: Timed, cue: Cue) -> None:
    """Give the event of a cue its time."""
    for name in _events_of(scan, story, cue):
        source = timed.source
        near = abs(timed.start - cue.end) < 60 or abs(cue.start - timed.end) < 60
        begin, end = (
            (min(cue.start, timed.start), max(cue.end, timed.end))
            if near
            else (timed.start, timed.end)
        )
        place = Place(begin, end, _qualified(scan, timed))
        if isinstance(source, Dated):
            if source.asks:
                story.ask(
                    f"'{scan.text[timed.start : timed.end]}': {source.asks}", timed.start, timed.end
                )
                continue
            story.date(name, source.text, place)
            scan.use(timed.start, timed.end)
            continue
        anchor = _since(scan, story, source, cue, name)
        if anchor is None or anchor == name or source.duration.high is not None:
            continue
        sign = "" if source.tie is Tie.AFTER else "-"
        story.hang(name, anchor, f"{sign}{source.duration.texts[0]}", place)
        scan.use(timed.start, timed.end)


def _since(scan: Scan, story: Story, source: Relation, cue: Cue, name: str) -> str | None:
    """Return the event after which another happened: "discontinued 2 years later"."""
    if source.anchor not in ("previous", "elapsed"):
        return story.anchor(source)
    if cue.happening is Happening.DISCHARGE and story.find("presentation") is not None:
        return "presentation"
    mine = start_of(name.removesuffix("-stop").replace("-stop", ""))
    if cue.happening is Happening.STOP and source.anchor == "elapsed" and name.endswith("-stop"):
        return mine if story.find(mine) is not None else story.anchor(source)
    if cue.happening is Happening.STOP:
        changed = [n for n, at in story.changed.items() if scan.start <= at < cue.start]
        if changed:
            return changed[-1]
    anchor = story.anchor(source)
    return story.before.get(cue.start) if anchor == name else anchor


_TREATMENT_BEGAN = re.compile(
    r"\b(?:treatment|therapy|injections?)\b[\w ]{0,12}\b(?:began|begun|started|"
    r"initiated|commenced)$",
    re.I,
)


def _events_of(scan: Scan, story: Story, cue: Cue) -> tuple[str, ...]:
    """Return the events that a cue reports and that exist."""
    if cue.happening is Happening.START:
        drug = story.drug_named or story.main_drug
        if (
            not cue.drugs
            and drug is not None
            and _TREATMENT_BEGAN.search(scan.text[max(scan.start, cue.start - 30) : cue.end])
        ):
            return (story.begin(drug, Place(cue.start, cue.end)),)
        return tuple(start_of(d.name) for d in cue.drugs)
    if cue.happening is Happening.STOP:
        if cue.drugs or story.stopped.get(cue.start):
            named = [d.name for d in cue.drugs]
            return tuple(stop_of(d) for d in (*named, *story.stopped.get(cue.start, ())))
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
    given = (Happening.START, Happening.CHANGE, Happening.STOP)
    spoken = any(c.happening in given and c.end <= relation.start for c in cues)
    treated = re.search(r"therap|treat", scan.text[relation.duration.end : relation.end], re.I)
    drug = relation.drug or (story.drug or story.main_drug if spoken or treated else None)
    if drug is None or relation.duration.high is not None:
        return
    length = relation.duration.texts[0]
    place = Place(relation.start, relation.duration.end)
    last = [c for c in cues if c.end <= relation.start]
    course = (Happening.RESOLVED, Happening.IMPROVED, Happening.WORSE)
    if last and last[-1].happening is Happening.CHANGE:
        return
    if last and last[-1].happening is Happening.STOP:
        return
    if last and last[-1].happening in course and not treated:
        return
    if _leads_to_a_dose(scan, relation, drug):
        return
    follows = [m.end() for m in _FOLLOWED.finditer(scan.text, scan.start, relation.start)]
    if follows and any(d.name == drug and d.end <= follows[-1] for d in scan.drugs):
        return
    scan.use(relation.start, relation.duration.end)
    if _TAPERED.match(scan.text, relation.duration.end):
        taper = f"{plain(drug)}-taper"
        story.hang(taper, story.begin(drug, place), length, place, f"{drug} is tapered")
        return
    later = [c for c in cues if c.start >= relation.end and c.happening is Happening.START]
    others = [d.name for c in later for d in c.drugs if d.name != drug]
    for name in _together(scan, relation, drug, cues):
        begin = story.begin(name, place)
        if _AFTER_FIRST.match(scan.words) and others:
            story.hang(story.begin(others[0], place), begin, length, place)
        else:
            story.hang(story.end(name, place), begin, length, place)


def _leads_to_a_dose(scan: Scan, relation: Relation, drug: str) -> bool:
    """Return whether another dose of the same drug follows: "1 MIU for 12 weeks, then 3 MIU"."""
    before = [a for a in scan.doses() if a.end <= relation.start]
    after = [a for a in scan.doses() if a.start >= relation.end]
    if not before or not after:
        return False
    between = [d.name for d in scan.drugs if relation.end <= d.start < after[0].end + 30]
    return all(name == drug for name in between) and "U]" in after[0].unit


def _together(scan: Scan, relation: Relation, drug: str, cues: Sequence[Cue]) -> tuple[str, ...]:
    """Return the drugs that were given together for one length of time: "A and B for 14 days"."""
    for cue in cues:
        before = [d.name for d in cue.drugs if d.end <= relation.start]
        first = min((d.start for d in cue.drugs), default=scan.start)
        lengths = [
            r for r in scan.relations if r.tie is Tie.LENGTH and first <= r.start < relation.start
        ]
        if before and before[-1] == drug and not lengths:
            later = {d.name for d in scan.drugs if d.start >= relation.end}
            return tuple(n for n in dict.fromkeys(before) if n not in later)
    return (drug,)


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
