"""Timing: which time in a sentence each of its values has.

"CD4 counts 6 and 9 months after ... were 596 and 378": as many times as values, in their order.
Otherwise a value has the time right behind it ("120 at 3 months"), or the last one before it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, final

from lymphocast.interchange.draft.amounts import Amount
from lymphocast.interchange.draft.cues import Cue, find_cues
from lymphocast.interchange.draft.relations import Relation, Tie
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import Place, Story

_ADJACENT = re.compile(
    r"[\s,(]*(?:cells?|lymphocytes|respectively)?[\s,(]*(?:at|after|on|in|by|"
    r"within|during|over|until|then|only|again|as of|measured|taken|approximately|"
    r"about|the|for|a|nadir|peak|dated)*[\s,(]*"
    r"(?:at|after|on|in|by|within|over|approximately|about|only)?\s?",
    re.I,
)
_ANCHORED: Final = tuple(
    (kind, re.compile(pattern, re.I))
    for kind, pattern in (
        (
            "before",
            r"\b(?:before|prior to) (?:the )?(?:start of |starting |initiation of |"
            r"initiating |beginning |any )?(?:\w+ ){0,3}?(?:treatment|therapy|il-2|il-7|"
            r"interleukin-\d)\b|\bpre-?treatment\b|\bbefore (?:\w+ )?(?:il-2|il-7)\b",
        ),
        (
            "treatment-end",
            r"\b(?:at|by) the (?:end|completion) of (?:the )?(?:\w+ ){0,3}?(?:treatment|"
            r"therapy|course)\b|\b(?:after|on|upon) (?:completion|completing|cessation|"
            r"discontinuation)(?: of)?(?: \w+){0,3}? (?:treatment|therapy|course)\b",
        ),
        (
            "treatment-begin",
            r"\b(?:at|on) (?:the )?(?:start|beginning|initiation|commencement) of (?:the )"
            r"?(?:\w+ ){0,3}?(?:treatment|therapy)\b|\bat baseline\b|\bbaseline\b",
        ),
        (
            "presentation",
            r"\b(?:at|on|upon|by|during) (?:the time of )?(?:the |his |her |first |"
            r"initial |hospital |this )*(?:presentation|admission|referral|evaluation|"
            r"visit|consultation|work-?up)\b|\binitial(?:ly)?\b|\bpresented with\b|"
            r"\bpresenting with\b|\bfound to have\b",
        ),
        ("diagnosis", r"\bat (?:the )?(?:time of )?(?:the |his |her |initial )*diagnosis\b"),
        ("discharge", r"\b(?:at|on|upon) (?:the time of )?(?:hospital )?discharge\b"),
        (
            "last-follow-up",
            r"\b(?:at|on) (?:the )?(?:last|latest|most recent|final) (?:follow-?up|visit|"
            r"measurement|examination|evaluation)\b|\bat last follow-?up\b|\b(?:current|"
            r"latest|most recent|last)(?:ly)?\b",
        ),
    )
)


@final
@dataclass(frozen=True)
class Taken:
    """When a value was taken, as a case file writes it; empty if the text does not say."""

    text: str = ""
    places: tuple[Place, ...] = ()
    note: str = ""


@final
@dataclass(frozen=True)
class _Time:
    start: int
    end: int
    texts: tuple[str, ...]
    note: str = ""
    base: str = ""

    def taken(self, i: int = 0) -> Taken:
        return Taken(self.texts[i], (Place(self.start, self.end, self.note),))


def times_of_values(scan: Scan, story: Story, amounts: Sequence[Amount]) -> list[Taken]:
    """Return the time of each value of a sentence."""
    if not amounts:
        return []
    times = sorted(_times(scan, story), key=lambda t: t.start)
    for time in times:
        run = _run(scan, amounts, len(time.texts))
        if len(time.texts) > 1 and run is not None:
            scan.use(time.start, time.end)
            listed = [time.taken(i) for i in range(len(run))]
            rest = {a.start: t for a, t in zip(run, listed, strict=True)}
            return [rest.get(a.start, Taken()) for a in amounts]
    single = [t for t in times if len(t.texts) == 1]
    listed_times = _in_order(scan, amounts, single)
    if listed_times:
        for time in single:
            scan.use(time.start, time.end)
        return [time.taken() for time in listed_times]
    found = [_one(scan, amounts, i, single) for i in range(len(amounts))]
    for one in found:
        if one is not None:
            scan.use(one.start, one.end)
    return [_taken(scan, story, amounts, i, found) for i in range(len(amounts))]


def _in_order(scan: Scan, amounts: Sequence[Amount], times: Sequence[_Time]) -> Sequence[_Time]:
    """Return the times of "counts on 5 June and 12 March were 255 and 410", one for each value."""
    if len(times) != len(amounts) or len(times) < 2 or times[-1].end > amounts[0].start:
        return ()
    gaps = (scan.text[a.end : b.start] for a, b in pairwise(times))
    joined = all(
        re.fullmatch(r"[\s,]*(?:and|,|&)?\s?(?:at|on|in|after|again)?\s?", gap) for gap in gaps
    )
    return times if joined else ()


def _run(scan: Scan, amounts: Sequence[Amount], length: int) -> Sequence[Amount] | None:
    """Return as many consecutive values as there are times."""
    if length < 2 or len(amounts) < length:
        return None
    if len(amounts) == length:
        return amounts
    shared = [i for i in range(len(amounts) - length + 1) if amounts[i].shared]
    return amounts[shared[0] : shared[0] + length] if shared else None


def _times(scan: Scan, story: Story) -> Iterator[_Time]:
    for date in scan.dates:
        if date.asks is None:
            yield _Time(date.start, date.end, (date.text,), date.note)
    for relation in scan.relations:
        texts = story.times(relation)
        if texts:
            yield _Time(_lead(relation), relation.end, texts, relation.note, _base(story, relation))
    for kind, pattern in _ANCHORED:
        for match in pattern.finditer(scan.text, scan.start, scan.end):
            text = _anchored(scan, story, kind, Place(*match.span()))
            if text and not any(r.start <= match.start() < r.end for r in scan.relations):
                yield _Time(*match.span(), (text,), "before it" if kind == "before" else "")


def _lead(relation: Relation) -> int:
    return relation.start


def _base(story: Story, relation: Relation) -> str:
    return story.anchor(relation) or "" if relation.tie is Tie.AFTER else ""


def _anchored(scan: Scan, story: Story, kind: str, place: Place) -> str:
    """Return the event that words such as "at presentation" or "before treatment" name."""
    if kind not in ("before", "treatment-end", "treatment-begin"):
        return story.event(kind, place)
    named = [d.name for d in scan.drugs if place.start <= d.start < place.end + 20]
    drug = named[0] if named else story.main_drug
    if kind == "treatment-end":
        return story.end(drug, place) if drug else story.event("treatment-stop", place)
    if kind == "treatment-begin" and drug is None:
        return story.event("presentation", place)
    return story.begin(drug, place) if drug else story.event("treatment-start", place)


def _one(scan: Scan, amounts: Sequence[Amount], i: int, times: Sequence[_Time]) -> _Time | None:
    """Return the time right behind a value, else the last before it, else the only one after it."""
    amount = amounts[i]
    edge = amounts[i + 1].start if i + 1 < len(amounts) else scan.end
    follows = [t for t in times if amount.end <= t.start < edge]
    precedes = [t for t in times if t.end <= amount.start]
    leading = bool(times) and times[0].end <= amounts[0].start and len(times) >= len(amounts) > 1
    if follows and not leading and _ADJACENT.fullmatch(scan.text[amount.end : follows[0].start]):
        return follows[0]
    if _from(scan, amount):
        between = [t for t in precedes if t.start > (amounts[i - 1].end if i else scan.start)]
        near = [t for t in between if amount.start - t.end < 30]
        return near[-1] if near else None
    if precedes:
        return precedes[-1]
    gap = scan.text[amount.end : follows[0].start] if follows else ""
    if follows and i + 1 == len(amounts) and (", " not in gap or len(gap) < 12):
        return follows[0]
    only = times[0] if len(times) == 1 else None
    tail = scan.text[amounts[-1].end : only.start] if only is not None else ""
    if only is not None and ", " in tail and len(tail) >= 12:
        return None
    if (
        only is not None
        and only.start > amounts[-1].start
        and not _cued(scan, amount.end, only.start)
    ):
        return only
    return None


def _cued(scan: Scan, start: int, end: int) -> bool:
    """Return whether something happens between a value and a later time."""
    return any(start <= cue.start < end for cue in find_cues(scan))


def _from(scan: Scan, amount: Amount) -> bool:
    """Return whether a value is the first of a change: "rose from 85 to 210"."""
    before = scan.text[max(scan.start, amount.start - 24) : amount.start]
    return re.search(r"\bfrom (?:an? )?(?:\w+ (?:of )?)?[<>~]?\s?$", before, re.I) is not None


def _taken(
    scan: Scan, story: Story, amounts: Sequence[Amount], i: int, found: Sequence[_Time | None]
) -> Taken:
    """Return a value's own time; else the base of its change; else presentation."""
    time = found[i]
    if time is not None:
        return time.taken()
    if _from(scan, amounts[i]):
        later = next((t for t in found[i + 1 :] if t is not None), None)
        if later is not None and later.base.endswith("-start"):
            return Taken(
                later.base, (), "the value before the change, taken to be that at its beginning"
            )
        return Taken()
    if amounts[i].high is None and not any(
        begun < amounts[i].start for begun in story.begun.values()
    ):
        place = Place(amounts[i].start, amounts[i].end)
        return Taken(
            story.event("presentation", place), (), "stands before any treatment in the text"
        )
    return Taken()


def time_of(scan: Scan, story: Story, start: int, end: int, cue: Cue | None = None) -> Taken:
    """Return the time of something that is no value: the time at its cue, or the sentence's first.

    Parameters
    ----------
    scan, story
        The sentence, and what is known so far.
    start, end
        Where the happening stands.
    cue
        The word that says it; a date or length that belongs to another word is not taken.
    """
    times = [t for t in sorted(_times(scan, story), key=lambda t: t.start) if len(t.texts) == 1]
    for time in times:
        between = scan.text[end : time.start] if time.start >= end else None
        if between is not None and len(between) < 40 and not re.search(r"[,;]\s|\band\b", between):
            scan.use(time.start, time.end)
            return time.taken()
    before = [t for t in times if t.end <= start]
    gap = scan.text[before[-1].end : start] if before else ""
    if re.search(r"\b(?:after|before|because|since|until|despite)\b", gap, re.I):
        return Taken()
    if before and (cue is None or _mine(scan, before[-1], cue)):
        scan.use(before[-1].start, before[-1].end)
        return before[-1].taken()
    return Taken()


def _mine(scan: Scan, time: _Time, cue: Cue) -> bool:
    """Return whether a time before a cue opens the sentence, or nothing else claims it."""
    opening = time.start - scan.start < 12
    between = scan.text[time.end : cue.start]
    return opening or not re.search(r"[,;]\s", between)
