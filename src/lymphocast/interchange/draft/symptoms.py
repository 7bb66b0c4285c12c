"""Symptoms: which the patient came with, how they went on, and how he is at the end."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from lymphocast.interchange.citation import squeezed
from lymphocast.interchange.draft.cues import Cue, Happening
from lymphocast.interchange.draft.cultures import NOT
from lymphocast.interchange.draft.lexicon import lexicon
from lymphocast.interchange.draft.mentions import DISEASE
from lymphocast.interchange.draft.relations import Tie
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import Kind, Place, Story, start_of
from lymphocast.interchange.draft.timing import Taken, time_of

_LITTLE = re.compile(
    r"\b(?:minimal|little|slight|slightly|minor|marginal|partial(?:ly)?)\s(?:\w+ )?$", re.I
)
_GRADES: Final = {
    Happening.WORSE: "worse",
    Happening.RESOLVED: "resolved",
    Happening.IMPROVED: "improving",
}
_WELL = re.compile(
    r"\b(?:asymptomatic|symptom-free|disease[- ]free|(?:remain\w*|is|was|been|doing|alive and)"
    r" (?:\w+ )?well\b(?![- ](?:tolerated|controlled|known|as|documented|"
    r"described|established|preserved|treated|nourished|developed|below|above))|"
    r"free of (?:symptoms|infections?|disease|opportunistic\w*(?: \w+)?)|"
    r"in (?:complete )?remission|in good health|(?:remain\w*|is|been)"
    r" (?:clinically )?stable)",
    re.I,
)
_AROSE = re.compile(
    r"\b(?:appeared|arose|ensued|occurred|developed(?! \w)|(?:was|were) (?:noted|observed|seen))\b",
    re.I,
)
_ENDED = re.compile(r"\b(?:ceased|settled|stopped)(?! (?:taking|treatment|therapy))\b", re.I)
_TOUCHING: Final = 6  # characters between a symptom and its verb
_PRESENTED = re.compile(
    r"\b(?:presented|presenting|presents|admitted|hospitali[sz]ed|referred|"
    r"evaluated|complained|complaining|suffered|suffering)\b[^.;]{0,30}?\b(?:with|"
    r"for|because of|due to|of|from)\b",
    re.I,
)


def read_symptoms(scan: Scan, story: Story, cues: Sequence[Cue]) -> None:
    """Add the symptoms of a sentence."""
    for cue in cues:
        _course(scan, story, cue, cues)
    found = [m for m in _symptoms(scan) if not _of_disease(scan, m)]
    _present(scan, story, found)
    _arisen(scan, story, found)
    for ended in _ENDED.finditer(scan.text, scan.start, scan.end):
        if any(0 <= ended.start() - m.end() < _TOUCHING for m in found):
            _ended(scan, story, ended)
    for well in _WELL.finditer(scan.text, scan.start, scan.end):
        if not NOT.search(scan.text[scan.start : well.start()][-30:]):
            _is_well(scan, story, well)


def _clause(scan: Scan, start: int, end: int) -> tuple[int, int]:
    """Return the part of a sentence between commas around a span."""
    begin = max(
        (
            scan.text.rfind(m, scan.start, start) + len(m)
            for m in (", ", "; ", " that ", " which ", " and the ", " followed by ")
            if scan.text.rfind(m, scan.start, start) >= 0
        ),
        default=scan.start,
    )
    ends = [
        i
        for i in (
            scan.text.find(m, end, scan.end)
            for m in (", ", "; ", ". ", " and the ", " and he ", " and she ", " that worsened")
        )
        if i >= 0
    ]
    stop = min(ends, default=scan.end)
    while stop > end and scan.text[stop - 1] in ".;,":
        stop -= 1
    return begin, stop


def _while_given(scan: Scan, story: Story, cue: Cue, cues: Sequence[Cue]) -> Taken:
    """Return the time of "after receiving A for 4 months with minimal improvement, ... B"."""
    if not re.match(r"\s*(?:after|despite|following)\b", scan.words, re.I):
        return Taken()
    starts = [c for c in cues if c.happening is Happening.START and c.drugs]
    first = [c for c in starts if c.end <= cue.start]
    second = [c for c in starts if c.start >= cue.end]
    if not first or not second or ", " in scan.text[first[0].end : cue.start]:
        return Taken()
    one, two = first[0].drugs[0].name, second[0].drugs[0].name
    return Taken(f"{start_of(one)}/{start_of(two)}") if one != two else Taken()


def _course(scan: Scan, story: Story, cue: Cue, cues: Sequence[Cue]) -> None:
    """Add what a cue says of the course of the symptoms."""
    grade = _GRADES.get(cue.happening)
    if grade is None:
        return
    begin, stop = _clause(scan, cue.start, cue.end)
    symptoms = any(begin <= m.start() < stop for m in _symptoms(scan))
    named = (a for a in scan.analytes if begin <= a.start < stop)
    if not symptoms and any(a.name not in ("temperature", "body weight") for a in named):
        return
    before, place = scan.text[begin : cue.start], Place(begin, stop)
    what = squeezed(scan.text[begin:stop])[:120]
    if NOT.search(before):
        if grade != "worse":
            keys: dict[str, object] = {"what": what}
            stem = "no-improvement"
            story.add("findings", stem, Kind.FINDING, keys, place, subject=stem)
        return
    if grade == "improving" and _LITTLE.search(before):
        grade = "minimal-improvement"
    taken = time_of(scan, story, cue.start, cue.end, cue)
    if not taken.text:
        taken = _while_given(scan, story, cue, cues)
    same = [f.keys["at"] for f in story.facts if f.section == "symptoms" and f.keys["what"] == what]
    if same and taken.text in ("", *same):
        return
    keys = {"what": what, "grade": grade, "at": taken.text}
    places = (place, *taken.places)
    story.add("symptoms", f"symptoms-{grade}", Kind.SYMPTOM, keys, *places, subject=grade)


def _symptoms(scan: Scan) -> Iterator[re.Match[str]]:
    return lexicon().symptoms.finditer(scan.text, scan.start, scan.end)


def _present(scan: Scan, story: Story, found: Sequence[re.Match[str]]) -> None:
    """Add the symptoms with which the patient came."""
    match = _PRESENTED.search(scan.text, scan.start, scan.end)
    since = re.search(
        r"\b(?:had had|has had|had|suffered from|history of|developed|"
        r"(?:man|woman|boy|girl|patient|male|female) with)\b[^.;,]{0,60}",
        scan.words,
        re.I,
    )
    lead = match or since
    if lead is not None:
        at = lead.end() if match else scan.start + lead.start()
        mine = [
            m
            for m in found
            if at <= m.start() < at + 110 and not NOT.search(scan.text[at : m.start()])
        ]
        if mine:
            _came_with(scan, story, at, mine[-1].end(), mine)


def _arisen(scan: Scan, story: Story, found: Sequence[re.Match[str]]) -> None:
    """Add symptoms that appeared later: "a rash appeared on day 11"."""
    for arose in _AROSE.finditer(scan.text, scan.start, scan.end):
        begin = _clause(scan, arose.start(), arose.end())[0]
        mine = [m for m in found if begin <= m.start() and m.end() <= arose.start()]
        if mine and not NOT.search(scan.text[begin : mine[0].start()]):
            taken = time_of(scan, story, *arose.span())
            _add_present(scan, story, mine[0].start(), mine[-1].end(), taken)


def _ended(scan: Scan, story: Story, ended: re.Match[str]) -> None:
    """Add symptoms that ceased: "diarrhoea ceased in the fourth month"."""
    taken, (begin, stop) = time_of(scan, story, *ended.span()), _clause(scan, *ended.span())
    what = squeezed(scan.text[begin:stop])
    keys: dict[str, object] = {"what": what, "grade": "resolved", "at": taken.text}
    places = (Place(begin, stop), *taken.places)
    story.add("symptoms", "symptoms-resolved", Kind.SYMPTOM, keys, *places, subject="resolved")


def _is_well(scan: Scan, story: Story, well: re.Match[str]) -> None:
    taken = time_of(scan, story, *well.span())
    if not taken.text and story.last is not None:
        taken = Taken(f"{story.last}/", note="at or after what is told before it")
    what, places = squeezed(well[0]), (Place(*well.span()), *taken.places)
    if "stable" in what.lower():
        at: dict[str, object] = {"at": taken.text} if taken.text else {}
        keys: dict[str, object] = {"what": what, **at}
        story.add("findings", "stable", Kind.FINDING, keys, *places, subject="stable")
    else:
        keys = {"what": what, "grade": "asymptomatic", "at": taken.text}
        story.add("symptoms", "asymptomatic", Kind.SYMPTOM, keys, *places, subject="asymptomatic")


def _of_disease(scan: Scan, symptom: re.Match[str]) -> bool:
    """Return whether a word such as "pneumonia" is part of the name of an infection."""
    diseases = ((o.start, DISEASE.match(scan.text, o.end)) for o in scan.organisms)
    return any(m is not None and a <= symptom.start() < m.end() for a, m in diseases)


def _came_with(scan: Scan, story: Story, at: int, end: int, mine: Sequence[re.Match[str]]) -> None:
    history = any(r.tie is Tie.HISTORY for r in scan.relations)
    taken = (
        Taken("symptom-onset") if history else time_of(scan, story, mine[0].start(), mine[-1].end())
    )
    text = taken.text
    if not text:
        text = story.event("presentation", Place(at, end))
    begin = max(at, mine[0].start() - 24)
    begin = scan.text.rfind(" ", at, begin) + 1 if begin > at else at
    _add_present(scan, story, begin, end, Taken(text, taken.places))


def _add_present(scan: Scan, story: Story, begin: int, end: int, taken: Taken) -> None:
    """Add symptoms that are there, in the words of the text."""
    what = squeezed(scan.text[begin:end].strip(" ,"))
    keys: dict[str, object] = {"what": what, "grade": "present", "at": taken.text}
    story.add(
        "symptoms",
        "symptoms-present",
        Kind.SYMPTOM,
        keys,
        Place(begin, end),
        *taken.places,
        subject="present",
    )
