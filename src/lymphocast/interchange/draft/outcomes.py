"""Outcomes: diagnoses, tests, tolerance, relapse and death, beside cultures and symptoms."""

import re
from collections.abc import Sequence
from typing import Final

from lymphocast.interchange.citation import squeezed
from lymphocast.interchange.draft.adverse import read_adverse
from lymphocast.interchange.draft.cues import Cue
from lymphocast.interchange.draft.cultures import NOT, read_cultures
from lymphocast.interchange.draft.mentions import DISEASE
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import Kind, Place, Story
from lymphocast.interchange.draft.symptoms import read_symptoms
from lymphocast.interchange.draft.timing import Taken, time_of

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
            r"\bno (?:\w+ ){0,3}?(?:infections?|relapses?|recurrences?|episodes?|pneumonia|zoster) "
            r"(?:\w+ )?(?:recurred|occurred|developed)\b|"
            r"\b(?:did|has|have) not (?:recur|relapse)\w*\b",
        ),
        (
            "relapse",
            r"\b(?:relapse[ds]?|recurred|recurrences|recurrence of [\w ]{3,30}|"
            r"developed (?:a )?recurrence)\b",
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
_WAS_DIAGNOSED = re.compile(
    r"(?:^|[.;] )(?P<what>[A-Z][\w +()-]{4,70}?) (?:was|were) (?:first )?diagnosed\b"
)
_DIAGNOSED = re.compile(
    r"\b(?:diagnosed (?:\w+ )?(?:with|as having|as)|(?:a |the )?diagnosis of|"
    r"diagnosed to have) (?P<what>[^,.;()]{4,80}?)(?=[,.;()]| was\b| were\b|"
    r" and (?:was|he|she|the|treat|start)\b| (?:in|on|by|at|after|based|with|when|"
    r"who|\d)\b|$)",
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
            r"?(?: \(hiv\))?(?: [\w-]+){0,4}? (?:was|were|tests?|testing|serology|antibod\w+|"
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
            r"positive)(?: \w+){0,2} for (?:[\w-]+,? (?:and |or )?){0,4}htlv\b",
            re.I,
        ),
    ),
)


def read_outcomes(scan: Scan, story: Story, cues: Sequence[Cue]) -> None:
    """Add the cultures, symptoms, findings and tests of a sentence."""
    read_cultures(scan, story)
    read_symptoms(scan, story, cues)
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
    told = _WAS_DIAGNOSED.match(scan.words)
    if told is not None and not re.search(r"idiopathic", told["what"], re.I):
        begin, stop = (scan.start + at for at in told.span("what"))
        _diagnosis(story, squeezed(told["what"]), Place(begin, stop))
    for match in _DIAGNOSED.finditer(scan.text, scan.start, scan.end):
        what = squeezed(match["what"])
        around = scan.text[match.start("what") : match.end() + 50]
        if not re.search(r"idiopathic[^,.;]*lympho(?:cyto)?penia", around, re.I):
            _diagnosis(story, what, Place(match.start("what"), match.end("what")))
    for organism in scan.organisms:
        story.organism = story.organism or organism.name
        follows = DISEASE.match(scan.text, organism.end)
        if follows is not None:
            place = Place(organism.start, follows.end())
            _diagnosis(story, squeezed(scan.text[organism.start : follows.end()]), place)


def _diagnosis(story: Story, what: str, place: Place) -> None:
    known = [str(f.keys["what"]).lower() for f in story.facts if f.subject == "diagnosis"]
    if not any(what.lower() in k or k in what.lower() for k in known):
        story.add("findings", "diagnosed", Kind.FINDING, {"what": what}, place, subject="diagnosis")
