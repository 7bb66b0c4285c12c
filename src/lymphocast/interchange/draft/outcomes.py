"""Outcomes: cultures, symptoms, diagnoses, tests, tolerance and death, with their times."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from lymphocast.interchange.citation import squeezed
from lymphocast.interchange.draft.adverse import read_adverse
from lymphocast.interchange.draft.cues import Cue, Happening
from lymphocast.interchange.draft.cultures import NOT, read_cultures
from lymphocast.interchange.draft.lexicon import lexicon
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
_AROSE = re.compile(r"\b(?:appeared|arose|ensued|occurred|developed(?! \w))\b", re.I)
_PRESENTED = re.compile(
    r"\b(?:presented|presenting|presents|admitted|hospitali[sz]ed|referred|"
    r"evaluated|complained|complaining|suffered|suffering)\b[^.;]{0,30}?\b(?:with|"
    r"for|because of|due to|of|from)\b",
    re.I,
)
_FINDINGS: Final = tuple(
    (stem, re.compile(pattern, re.I))
    for stem, pattern in (
        (
            "death",
            r"\b(?:he|she|the patient|who|and|patient|infant|child|man|woman)(?: \w+)"
            r"? (?:died|succumbed|expired|passed away)\b(?: of [\w ]{3,40}?(?=[,.;]| \d|$)"
            r")?",
        ),
        (
            "well-tolerated",
            r"\b(?:well[- ]tolerated|tolerated (?:\w+ )?well|good tolerance|tolerat\w+ without)\b",
        ),
        (
            "no-recurrence",
            r"\b(?:no|without|free of|absence of) (?:any )?(?:evidence of |signs? of |"
            r"further |new |clinical )*(?:recurrences?|relapses?|"
            r"opportunistic infections?|further infections?|reactivation)(?: of (?:any )"
            r"?[\w -]{3,40}?)?(?=[,.;)]| and\b| was\b| were\b| during\b| after\b| in\b|$)|"
            r"\bno (?:\w+ ){0,3}?(?:infections?|relapses?|recurrences?|episodes?) (?:\w+ )"
            r"?(?:recurred|occurred|developed)\b",
        ),
        (
            "relapse",
            r"\b(?:relapsed?|recurred|recurrence of [\w ]{3,30}|developed (?:a )?recurrence)\b",
        ),
        (
            "adverse-events",
            r"\b(?:no|without) (?:\w+ ){0,2}?(?:adverse|side|toxic)[- ](?:\w+ )"
            r"?(?:effects?|events?|reactions?)\b|\bno toxicity\b",
        ),
        (
            "icl-diagnosis",
            r"\bidiopathic (?:\(?icl\)? )?(?:cd4\S{0,3} ?|\(\+\) ?)?(?:\(\+\) ?)"
            r"?(?:positive )?(?:t[- ]?(?:cell |lymphocyte |helper )?)?lympho(?:cyto)"
            r"?penia\b",
        ),
    )
)
_DATED: Final = ("death", "relapse", "no-recurrence")
"""Findings that happen at one time: the others hold for as long as the text goes on."""
_DIAGNOSED = re.compile(
    r"\b(?:diagnosed (?:\w+ )?(?:with|as having|as)|(?:a |the )?diagnosis of|"
    r"diagnosed to have) (?P<what>[^,.;()]{4,80}?)(?=[,.;()]| was\b| were\b|"
    r" and (?:was|he|she|the|treat|start)\b| (?:in|on|by|at|after|based|with|when|"
    r"who|\d)\b|$)",
    re.I,
)
_DISEASE = re.compile(
    r"\s?(?:\([^()]*\) ?)?(?:(?:pulmonary|lung|disseminated|cutaneous|chronic|"
    r"systemic|lymph node|brain|bone marrow|skin) ){0,3}(?:infections?|disease|"
    r"meningitis|pneumonia|meningoencephalitis|lymphadenitis|osteomyelitis|"
    r"bacteremia|abscess|encephalitis)\b",
    re.I,
)
_TESTS: Final = (
    (
        "hiv",
        "infection with HIV",
        re.compile(
            r"\bhiv(?:-[12](?:/2| and -?2)?)?[- ](?:sero)?(?P<r>negative|positive|"
            r"uninfected|infected)\b"
            r"|\b(?P<r2>negative|positive) (?:for|test(?:s|ing)? for)(?: antibod\w+ (?:to|"
            r"against))? (?:the )?(?:hiv|human immunodeficiency virus)\b"
            r"|\b(?:hiv|human immunodeficiency virus)(?:-[12](?:/2| and -?2)?)"
            r"?(?: \(hiv\))?(?: \w+){0,4}? (?:was|were|tests?|testing|serology|antibod\w+|"
            r"pcr)(?: \w+){0,3}? (?P<r3>negative|positive)\b"
            r"|\bhiv(?:-[12])? (?:viral load|rna)(?: [\w,]+){0,8}? (?P<r5>negative|undetectable)\b"
            r"|\b(?P<r4>no|without)(?: \w+){0,3}? (?:hiv|human immunodeficiency virus)"
            r"(?: \(hiv\))? ?(?:infection)?\b",
            re.I,
        ),
    ),
    (
        "htlv",
        "infection with HTLV",
        re.compile(
            r"\bhtlv\S*(?: \w+){0,4}? (?P<r>negative|positive)\b|\b(?P<r2>negative|"
            r"positive) for (?:[\w-]+,? (?:and )?){0,3}htlv\b",
            re.I,
        ),
    ),
)


def read_outcomes(scan: Scan, story: Story, cues: Sequence[Cue]) -> None:
    """Add the cultures, symptoms, findings and tests of a sentence."""
    read_cultures(scan, story)
    for cue in cues:
        _course(scan, story, cue, cues)
    _present(scan, story)
    read_adverse(scan, story)
    _findings(scan, story)
    _diagnoses(scan, story)
    for stem, what, pattern in _TESTS:
        match = pattern.search(scan.text, scan.start, scan.end)
        if match is not None and story.find(stem) is None:
            said = next(v for v in match.groupdict().values() if v).lower()
            status = "positive" if said in ("positive", "infected") else "negative"
            keys: dict[str, object] = {"what": what, "status": status}
            story.add("workup", stem, Kind.WORKUP, keys, Place(*match.span()), subject=stem)


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
    if any(f.section == "symptoms" and f.keys["what"] == what for f in story.facts):
        return
    keys = {"what": what, "grade": grade, "at": taken.text}
    places = (place, *taken.places)
    story.add("symptoms", f"symptoms-{grade}", Kind.SYMPTOM, keys, *places, subject=grade)


def _symptoms(scan: Scan) -> Iterator[re.Match[str]]:
    return lexicon().symptoms.finditer(scan.text, scan.start, scan.end)


def _present(scan: Scan, story: Story) -> None:
    """Add the symptoms with which the patient came, and how he is at the end."""
    found = [m for m in _symptoms(scan) if not _of_disease(scan, m)]
    match = _PRESENTED.search(scan.text, scan.start, scan.end)
    since = re.search(
        r"\b(?:had had|has had|had|suffered from|history of|developed)\b[^.;,]{0,60}",
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
    for arose in _AROSE.finditer(scan.text, scan.start, scan.end):
        begin = _clause(scan, arose.start(), arose.end())[0]
        mine = [m for m in found if begin <= m.start() and m.end() <= arose.start()]
        if mine and not NOT.search(scan.text[begin : mine[0].start()]):
            taken = time_of(scan, story, *arose.span())
            _add_present(scan, story, mine[0].start(), mine[-1].end(), taken)
    for well in _WELL.finditer(scan.text, scan.start, scan.end):
        if not NOT.search(scan.text[scan.start : well.start()][-30:]):
            _is_well(scan, story, well)


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
    diseases = ((o.start, _DISEASE.match(scan.text, o.end)) for o in scan.organisms)
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


def _findings(scan: Scan, story: Story) -> None:
    for stem, pattern in _FINDINGS:
        match = pattern.search(scan.text, scan.start, scan.end)
        if match is None:
            continue
        if stem in ("relapse", "well-tolerated", "death") and NOT.search(
            scan.text[scan.start : match.start()][-34:]
        ):
            continue
        taken = time_of(scan, story, *match.span()) if stem in _DATED else Taken()
        if not taken.text and any(f.subject == stem for f in story.facts):
            continue
        at: dict[str, object] = {"at": taken.text} if taken.text else {}
        keys: dict[str, object] = {"what": squeezed(scan.text[match.start() : match.end()]), **at}
        story.add(
            "findings", stem, Kind.FINDING, keys, Place(*match.span()), *taken.places, subject=stem
        )


def _diagnoses(scan: Scan, story: Story) -> None:
    for match in _DIAGNOSED.finditer(scan.text, scan.start, scan.end):
        what = squeezed(match["what"])
        around = scan.text[match.start("what") : match.end() + 50]
        if not re.search(r"idiopathic[^,.;]*lympho(?:cyto)?penia", around, re.I):
            _diagnosis(story, what, Place(match.start("what"), match.end("what")))
    for organism in scan.organisms:
        story.organism = story.organism or organism.name
        follows = _DISEASE.match(scan.text, organism.end)
        if follows is not None:
            place = Place(organism.start, follows.end())
            _diagnosis(story, squeezed(scan.text[organism.start : follows.end()]), place)


def _diagnosis(story: Story, what: str, place: Place) -> None:
    known = [str(f.keys["what"]).lower() for f in story.facts if f.subject == "diagnosis"]
    if not any(what.lower() in k or k in what.lower() for k in known):
        story.add("findings", "diagnosed", Kind.FINDING, {"what": what}, place, subject="diagnosis")
