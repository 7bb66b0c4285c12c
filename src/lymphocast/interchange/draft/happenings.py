"""Happenings: the events of a sentence, and the time that belongs to each.

A time belongs to the cue nearest to it: the last one before it, or the first after it where the
sentence begins with the time.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from lymphocast.interchange.draft.anchors import anchor_of
from lymphocast.interchange.draft.cues import Cue, Happening
from lymphocast.interchange.draft.dates import Dated
from lymphocast.interchange.draft.relations import Relation, Tie
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import Place, Story, start_of, stop_of

FIXED: Final = {
    Happening.PRESENTATION: "presentation",
    Happening.DIAGNOSIS: "diagnosis",
    Happening.DISCHARGE: "discharge",
    Happening.SURGERY: "surgery",
    Happening.FOLLOW_UP: "last-follow-up",
}
_BY = re.compile(r"\b(?P<word>by|before|until|till|after|since)\s?$", re.I)


@final
@dataclass(frozen=True)
class Timed:
    """A time in a sentence: a date, or a length of time tied to an event."""

    start: int
    end: int
    source: Dated | Relation


_AT: Final = re.compile(
    r"\b(?:at|on|upon|after) (?:the |his |her |hospital )*"
    r"(?P<event>diagnosis|presentation|admission|referral|discharge)\s?(?:[(,] ?)?(?:in |on )?$",
    re.I,
)


def _apart_from_verbs(scan: Scan, story: Story, timed: Timed) -> bool:
    """Return whether a date belongs to no verb: a span of years, or "at diagnosis in May 2011"."""
    if not isinstance(timed.source, Dated):
        return False
    spanned = _BETWEEN.search(scan.text[: timed.start][-9:]) is not None
    return spanned or _at_an_event(scan, story, timed, timed.source)


def _at_an_event(scan: Scan, story: Story, timed: Timed, date: Dated) -> bool:
    """Date the event of "at diagnosis in May 2011"; the values there keep the date as well."""
    match = _AT.search(scan.text[max(scan.start, timed.start - 40) : timed.start])
    if match is None or date.asks is not None:
        return False
    word = match["event"].lower()
    name = word if word in ("diagnosis", "discharge") else "presentation"
    story.date(name, date.text, Place(timed.start, timed.end, date.note))
    scan.use(timed.start, timed.end)
    return True


_BETWEEN = re.compile(r"\bbetween $", re.I)  # years in which several things happened


def date_events(scan: Scan, story: Story, cues: Sequence[Cue]) -> None:
    """Give the events of a sentence their times."""
    last: Cue | None = None
    for timed in _times(scan):
        if scan.is_used(timed.start, timed.end) or _apart_from_verbs(scan, story, timed):
            continue
        cue = cue_of(scan, timed, cues)
        if cue is None and last is not None:
            cue = _elliptical(scan, story, timed, last) or _until(scan, timed, last)
        opened = _opened(scan, timed, cues)
        for each in opened:
            _happened(scan, story, timed, each)
        if cue is not None and cue not in opened:
            _happened(scan, story, timed, cue)
        if cue is not None:
            last = cue if cue.happening in (Happening.START, Happening.STOP) else None


def _until(scan: Scan, timed: Timed, last: Cue) -> Cue | None:
    """Return the stop of "A was given from March 2003 to September 2004"."""
    lead = scan.text[max(scan.start, timed.start - 12) : timed.start]
    if last.happening is not Happening.START or not _UNTIL.search(lead):
        return None
    return Cue(last.start, last.end, Happening.STOP, last.drugs)


def _elliptical(scan: Scan, story: Story, timed: Timed, last: Cue) -> Cue | None:
    """Return the cue of "A was stopped in August, B in December": the verb before, of B."""
    for drug in scan.drugs:
        gap = scan.text[drug.end : timed.start]
        if drug.start > last.end and re.fullmatch(r" (?:in|on|by|at|after) ", gap):
            begun = last.happening is Happening.START
            tell = story.begin if begun else story.end
            story.last = tell(drug.name, Place(drug.start, timed.end))
            return Cue(last.start, last.end, last.happening, (drug,))
    return None


def _opened(scan: Scan, timed: Timed, cues: Sequence[Cue]) -> tuple[Cue, ...]:
    """Return the starts and stops that a time at the beginning of a sentence dates."""
    if timed.start - scan.start > _OPENING:
        return ()
    after = [t.start for t in _times(scan) if t.start > timed.start]
    edge = min(after, default=scan.end)
    kinds = (Happening.START, Happening.STOP, *FIXED)
    mine = (c for c in cues if timed.end <= c.start < edge and c.happening in kinds)
    return tuple(c for c in mine if edge - c.end > _OPENING or edge == scan.end)


_OPENING: Final = 14  # characters: "Approximately "
_UNTIL = re.compile(r"\b(?:to|until|till|through)\s?$|\d-$", re.I)


def _times(scan: Scan) -> Iterator[Timed]:
    """Return the times of a sentence in order."""
    found = [Timed(d.start, d.end, d) for d in scan.dates]
    found += [
        Timed(r.start, r.end, r)
        for r in scan.relations
        if r.tie in (Tie.AFTER, Tie.BEFORE) and len(r.duration.values) == 1
    ]
    return iter(sorted(found, key=lambda t: t.start))


_TOUCHING: Final = 18  # characters between a value and its time: " on hospital day"
_FROM_THEN_WITH = re.compile(r", with", re.I)  # "and, from May 1996, with stavudine"


def cue_of(scan: Scan, timed: Timed, cues: Sequence[Cue]) -> Cue | None:
    """Return the cue that a time belongs to; ``None`` if it belongs to a value or to nothing."""
    outside = [c for c in cues if not (timed.start <= c.start and c.end <= timed.end)]
    before = [c for c in outside if c.end <= timed.start]
    after = [c for c in outside if timed.end <= c.start]
    if after and _FROM_THEN_WITH.fullmatch(scan.text[timed.end : after[0].end]):
        return after[0]
    if before and _clear(scan, before[-1].end, timed.start):
        return before[-1]
    if after and _is_of_a_value(scan, timed, after[0]):
        return None
    if after and _clear(scan, timed.end, after[0].start):
        own = [t.start for t in _times(scan) if t.start >= after[0].end]
        return after[0] if not own or own[0] - after[0].end > _OPENING else None
    return None


def _is_of_a_value(scan: Scan, timed: Timed, cue: Cue) -> bool:
    """Return whether a time is that of the value before it, not of the verb behind it.

    So it is in "0.38/nL on day 9 who received", but not in "12/uL in 1996, when he was diagnosed".
    """
    beside = any(0 <= timed.start - a.end < _TOUCHING for a in scan.values())
    return beside and "," not in scan.text[timed.end : cue.start]


_OTHER_CLAUSE = re.compile(r"; |, (?:but|although|while|whereas|however)\b", re.I)


def _clear(scan: Scan, start: int, end: int) -> bool:
    """Return whether no other time, no value and no other clause is between cue and time."""
    values = [(a.start, a.end) for a in scan.values()]
    times = [(t.start, t.end) for t in _times(scan)]
    apart = _OTHER_CLAUSE.search(scan.text, start, end) is not None
    return not apart and not any(start <= a and b <= end for a, b in (*values, *times))


def _happened(scan: Scan, story: Story, timed: Timed, cue: Cue) -> None:
    """Give the event of a cue its time."""
    source = timed.source
    for name in _events_of(scan, story, cue):
        if isinstance(source, Dated) and source.asks is not None:
            story.ask(source.asks, timed.start, timed.end)
        elif isinstance(source, Dated):
            story.date(name, source.text, _placed(scan, timed, cue))
            scan.use(timed.start, timed.end)
        else:
            _hung(scan, story, timed, source, cue, name)


def _hung(scan: Scan, story: Story, timed: Timed, source: Relation, cue: Cue, name: str) -> None:
    anchor = _since(scan, story, source, cue, name)
    if anchor is None or anchor == name or source.duration.high is not None:
        return
    sign = "" if source.tie is Tie.AFTER else "-"
    place = _placed(scan, timed, cue)
    story.hang(name, anchor, f"{sign}{source.duration.texts[0]}", place)
    scan.use(timed.start, timed.end)


_NEAR: Final = 60  # characters that a quotation may bridge


def _placed(scan: Scan, timed: Timed, cue: Cue) -> Place:
    """Return the span of a time, with its cue if that is near."""
    note = _qualified(scan, timed)
    if min(abs(timed.start - cue.end), abs(cue.start - timed.end)) >= _NEAR:
        return Place(timed.start, timed.end, note)
    return Place(min(cue.start, timed.start), max(cue.end, timed.end), note)


def _since(scan: Scan, story: Story, source: Relation, cue: Cue, name: str) -> str | None:
    """Return the event after which another happened: "discontinued 2 years later"."""
    if source.anchor not in ("previous", "elapsed"):
        return anchor_of(story, source)
    if cue.happening is Happening.DISCHARGE and story.find("presentation") is not None:
        return "presentation"
    mine = f"{name.removesuffix('-stop')}-start"
    if cue.happening is Happening.STOP and source.anchor == "elapsed" and name.endswith("-stop"):
        return mine if story.find(mine) is not None else anchor_of(story, source)
    if cue.happening is Happening.STOP:
        changed = [n for n, at in story.changed.items() if scan.start <= at < cue.start]
        if changed:
            return changed[-1]
    anchor = anchor_of(story, source)
    return story.before.get(cue.start) if anchor == name else anchor


_TREATMENT_BEGAN = re.compile(
    r"\b(?:treatment|therapy|injections?)\b[\w ]{0,12}\b(?:began|begun|started|"
    r"initiated|commenced)$|\bfirst (?:dose|injection|infusion)\b[^.;]{0,60}"
    r"\b(?:given|administered|injected)$",
    re.I,
)


def _events_of(scan: Scan, story: Story, cue: Cue) -> tuple[str, ...]:
    """Return the events that a cue reports and that exist."""
    if scan.text[cue.start : cue.end].lower().startswith("despite"):
        return ()  # "despite 18 months of A and B": neither begins there
    if cue.happening is Happening.START:
        return _started(scan, story, cue)
    if cue.happening is not Happening.STOP:
        return (FIXED[cue.happening],) if cue.happening in FIXED else ()
    named = tuple(d.name for d in cue.drugs) or story.stopped.get(cue.start, ())
    if named:
        return tuple(map(stop_of, named))
    last = story.last or ""
    return (last,) if last.endswith("-stop") else ()


def _started(scan: Scan, story: Story, cue: Cue) -> tuple[str, ...]:
    drug = story.drug_named or story.main_drug
    lead = scan.text[max(scan.start, cue.start - 80) : cue.end]
    if not cue.drugs and drug is not None and _TREATMENT_BEGAN.search(lead):
        return (story.begin(drug, Place(cue.start, cue.end)),)
    return tuple(start_of(d.name) for d in cue.drugs)


def _qualified(scan: Scan, timed: Timed) -> str:
    """Return what stands before a date that makes it a bound, and what was decided to read it."""
    source = timed.source
    match = _BY.search(scan.text[max(scan.start, timed.start - 8) : timed.start])
    notes = [f"the text says '{match['word']}'"] if match and isinstance(source, Dated) else []
    if source.note:
        notes.append(source.note)
    return "; ".join(notes)
