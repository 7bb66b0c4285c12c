"""Timing: which time in a sentence each of its values has.

"CD4 counts 6 and 9 months after ... were 596 and 378": as many times as values, in their order.
Otherwise a value has the time right behind it ("120 at 3 months"), or the last one before it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, final

from lymphocast.interchange.draft.amounts import Amount
from lymphocast.interchange.draft.analytes import restates_a_count
from lymphocast.interchange.draft.anchors import anchor_of, times_of
from lymphocast.interchange.draft.cues import Cue, find_cues
from lymphocast.interchange.draft.numbers import overlap
from lymphocast.interchange.draft.relations import Relation, Tie
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import Place, Story

_ADJACENT = re.compile(
    r"[\s,(]*(?:(?:cells?|lymphocytes|respectively|at|after|on|in|by|within|during|over|until|"
    r"end|of|as|then|only|again|measured|taken|approximately|about|the|for|a|nadir|peak|dated)"
    r"[\s,(]+)*",
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
            r"?(?:\w+ ){0,3}?(?:treatment|therapy)\b|\bat baseline\b|\bbaseline\b|"
            r"\bat (?:the )?(?:start|outset)\b(?! of)",
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


_JOINED = re.compile(r"\s?(?:,|and|, and|&)\s?", re.I)
_CORRESPONDING = re.compile(r"\b(?:corresponding|respective)\b", re.I)
_BARE_LAST = re.compile(r"\w+|most recent", re.I)
_RESPECTIVELY = re.compile(r"[ ,]*respectively", re.I)
_BRACKETED = re.compile(r"\([^()]*\)")


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
    times = _chained(scan, sorted(_times(scan, story), key=lambda t: t.start))
    taken = _all_in_order(scan, amounts, times)
    for time in times if not taken else ():
        run = _run(scan, amounts, time) if len(time.texts) > 1 else ()
        if run:
            scan.use(time.start, time.end)
            taken |= {a.start: time.taken(i) for i, a in enumerate(run)}
    rest = [a for a in amounts if a.start not in taken and not restates_a_count(scan, a)]
    single = [t for t in times if len(t.texts) == 1]
    taken |= {a.start: t for a, t in zip(rest, _singly(scan, story, rest, single), strict=True)}
    return _repeated(scan, amounts, taken)


def _chained(scan: Scan, times: Sequence[_Time]) -> list[_Time]:
    """Let "one year later" count from the event just before it in the sentence.

    "124 at the end of treatment, 131 one year later".
    """
    later = {r.start: r for r in scan.relations if r.anchor == "previous" and r.tie is Tie.AFTER}
    found: list[_Time] = []
    for time in times:
        event = found[-1].texts[-1] if found else ""
        if time.start in later and re.fullmatch(r"[a-z][\w-]*", event):
            lengths = later[time.start].duration.texts
            time = replace(time, texts=tuple(f"{event} + {length}" for length in lengths))
        found.append(time)
    return found


def _all_in_order(
    scan: Scan, amounts: Sequence[Amount], times: Sequence[_Time]
) -> dict[int, Taken]:
    """Return the times of values that are told in the order of their times.

    "Counts at baseline and at months 2 and 4 were 205, 289 and 402", and with all times behind.
    """
    if not amounts:
        return {}
    before = [t for t in times if t.end <= amounts[0].start]
    behind = [t for t in times if t.start >= amounts[-1].end]
    one_list = len(_list_from(scan, amounts, 0)) == len(amounts)
    for told in (before, behind if one_list else ()):
        listed = [t.taken(i) for t in told for i in range(len(t.texts))]
        if len(told) > 1 and len(listed) == len(amounts) and _told_together(scan, told):
            for time in told:
                scan.use(time.start, time.end)
            return {a.start: t for a, t in zip(amounts, listed, strict=True)}
    return {}


def _told_together(scan: Scan, times: Sequence[_Time]) -> bool:
    """Return whether times are told in one list."""
    gaps = (scan.text[a.end : b.start] for a, b in pairwise(times))
    return all(
        re.fullmatch(r"[\s,]*(?:and|,|&)?\s?(?:at|on|in|after|again)?\s?", gap) for gap in gaps
    )


def _singly(
    scan: Scan, story: Story, amounts: Sequence[Amount], times: Sequence[_Time]
) -> list[Taken]:
    """Return the times of values that are not told as a list of times."""
    found = [_one(scan, amounts, i, times) for i in range(len(amounts))]
    for one in found:
        if one is not None:
            scan.use(one.start, one.end)
    return [_taken(scan, story, amounts, i, found) for i in range(len(amounts))]


def _repeated(scan: Scan, amounts: Sequence[Amount], taken: Mapping[int, Taken]) -> list[Taken]:
    """Give restated values, and "the corresponding CD8 counts", the times of those before them."""
    found: list[Taken] = []
    for i, amount in enumerate(amounts):
        if len(found) > i:
            continue
        before = amounts[i - 1].end if i else scan.start
        run = _list_from(scan, amounts, i)
        again = _CORRESPONDING.search(scan.text, before, amount.start) is not None
        again |= _anew(scan, amounts[:i], run)
        if again and len(run) <= i:
            found += found[i - len(run) :]
        else:
            same = found[-1] if found else Taken()
            found.append(taken.get(amount.start, same))
    return found


def _anew(scan: Scan, before: Sequence[Amount], run: Sequence[Amount]) -> bool:
    """Return whether a list has the times of as many values before it, "respectively"."""
    told = _RESPECTIVELY.match(scan.text, run[-1].end) is not None
    fresh = bool(before) and ";" in scan.text[before[-1].end : run[0].start]
    return told and fresh and 1 < len(run) == len(before)


def _list_from(scan: Scan, amounts: Sequence[Amount], first: int) -> Sequence[Amount]:
    """Return the values that a list beginning at one of them holds."""
    last = first + 1
    while last < len(amounts) and _JOINED.fullmatch(
        scan.text[amounts[last - 1].end : amounts[last].start]
    ):
        last += 1
    return amounts[first:last]


def _run(scan: Scan, amounts: Sequence[Amount], time: _Time) -> Sequence[Amount]:
    """Return as many listed values as there are times, nearest to them; none if there are fewer."""
    length = len(time.texts)
    if len(amounts) == length:
        return amounts
    lists = [_list_from(scan, amounts, i) for i in range(len(amounts))]
    fitting = [found for found in lists if len(found) == length]
    fitting += [found[:length] for found in lists if len(found) > length and found[0].shared]
    return min(fitting, key=lambda run: abs(run[0].start - time.start), default=())


def _times(scan: Scan, story: Story) -> Iterator[_Time]:
    for date in scan.dates:
        years = scan.text[max(scan.start, date.start - 8) : date.start].endswith("between ")
        if date.asks is None and not years:
            yield _Time(date.start, date.end, (date.text,), date.note)
    for relation in scan.relations:
        texts = times_of(story, relation)
        if texts:
            yield _Time(_lead(relation), relation.end, texts, relation.note, _base(story, relation))
    for kind, match in _anchors(scan):
        text = _anchored(scan, story, kind, Place(*match.span()))
        if text:
            yield _Time(*match.span(), (text,), "before it" if kind == "before" else "")


def _anchors(scan: Scan) -> Iterator[tuple[str, re.Match[str]]]:
    """Return the words that name an event, but for those inside a length of time.

    "Her latest count" names none in a sentence that says when it was.
    """
    spans = [(r.start, r.end) for r in scan.relations]
    for kind, pattern in _ANCHORED:
        for match in pattern.finditer(scan.text, scan.start, scan.end):
            told = kind == "last-follow-up" and spans and _BARE_LAST.fullmatch(match[0])
            if not told and not any(overlap(match.span(), span) for span in spans):
                yield kind, match


def _lead(relation: Relation) -> int:
    return relation.start


def _base(story: Story, relation: Relation) -> str:
    return anchor_of(story, relation) or "" if relation.tie is Tie.AFTER else ""


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
    joined = _list_from(scan, amounts, i)
    last, next_one = joined[-1].end, i + len(joined)
    edge = amounts[next_one].start if next_one < len(amounts) else scan.end
    follows = [t for t in times if last <= t.start < edge]
    precedes = [t for t in times if t.end <= amount.start]
    leading = bool(times) and times[0].end <= amounts[0].start and len(times) >= len(amounts) > 1
    gap = scan.text[last : follows[0].start] if follows else ""
    if follows and not leading and _ADJACENT.fullmatch(_BRACKETED.sub("", gap)):
        return follows[0]
    if _from(scan, amount):
        between = [t for t in precedes if t.start > (amounts[i - 1].end if i else scan.start)]
        near = [t for t in between if amount.start - t.end < 30]
        return near[-1] if near else None
    if precedes:
        return precedes[-1]
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
    late = any(begun < amounts[i].start for begun in story.begun.values())
    if amounts[i].high is None and not late and not any("/" in d.text for d in scan.dates):
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
    if cue is None and re.search(r"[,;] (?:and|but) (?:he|she|the patient)\b", gap, re.I):
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
