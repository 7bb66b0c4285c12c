"""Cultures: specimen, organism, result and time."""

import re
from collections.abc import Sequence
from typing import Final

from lymphocast.interchange.citation import squeezed
from lymphocast.interchange.draft.lexicon import Named
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import Kind, Place, Story
from lymphocast.interchange.draft.timing import Taken, time_of

_CULTURE: Final = r"(?:cultures?|smears? and cultures?)"
_NEGATIVE = re.compile(
    rf"\b{_CULTURE}\b[^.;]{{0,60}}?\b(?P<n>negative|sterile|no growth|clear(?:ed)?|"
    rf"did not grow|negativ\w+)\b"
    r"|\b(?:csf|cerebrospinal fluid|blood|sputum|urine|marrow) (?:became|becoming|turned|was|were) "
    r"(?P<n5>sterile)\b"
    r"|\b(?P<n4>culture[- ]negative)\b"
    rf"|\b(?P<n2>negative|sterile) (?:\w+ ){{0,3}}?{_CULTURE}\b"
    r"|\b(?P<n3>(?:sputum|cultures?|bacteriological|microbiological|mycological)"
    r"(?: culture)? (?:conversion|sterili[sz]ation|converted))\b",
    re.I,
)
_POSITIVE = re.compile(
    rf"\b{_CULTURE}\b[^.;]{{0,60}}?\b(?P<p>positive|grew|yielded|revealed|showed|"
    rf"demonstrated|identified|isolated|growth of|confirmed)\b"
    r"|\b(?P<p5>(?:remained|was|were|still) culture[- ]positive)\b"
    rf"|\b(?P<p2>positive) (?:\w+ ){{0,3}}?{_CULTURE}\b"
    r"|\b(?:sputum|lavage(?: fluid)?|bal|biopsy|blood|fluid|csf|aspirate|marrow|"
    r"urine|specimens?|samples?) (?P<p4>grew|yielded)\b"
    r"|\b(?P<p3>(?:was|were) (?:isolated|cultured|recovered|grown) from|"
    r"tested positive for|isolation of|isolated from|grew from|isolated in)\b",
    re.I,
)
_MANY: Final = re.compile(
    r"\b(?P<n>two|three|four|five|six|[2-9]) (?:consecutive |separate |"
    r"successive |sequential )*(?:\w+ ){0,2}?cultures\b",
    re.I,
)
_NUMBERS: Final = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
NOT = re.compile(
    r"\b(?:no|not|without|never|neither|nor|failed to|lack of|absence of|denied|"
    r"free of)\b[\w ,-]{0,30}$",
    re.I,
)


def read_cultures(scan: Scan, story: Story) -> None:
    """Add the cultures of a sentence."""
    for result, pattern in (("negative", _NEGATIVE), ("positive", _POSITIVE)):
        for match in pattern.finditer(scan.text, scan.start, scan.end):
            if result == "positive" and (
                _NEGATIVE.search(match[0]) or not _grows(scan, story, match)
            ):
                continue
            if NOT.search(scan.text[scan.start : match.start()][-34:]):
                continue
            _culture(scan, story, match, result)


def _grows(scan: Scan, story: Story, match: re.Match[str]) -> bool:
    """Return whether an organism stands at a positive culture, or was told before."""
    near = (match.start() - 90, match.end() + 60)
    named = any(near[0] <= o.start < near[1] for o in scan.organisms)
    again = story.organism is not None and match["p"] == "positive"
    return named or again or match["p2"] is not None or match["p5"] is not None


def _culture(scan: Scan, story: Story, match: re.Match[str], result: str) -> None:
    specimen = _nearest_specimen(scan, match) or story.specimen
    story.specimen = specimen
    organisms = [o for o in scan.organisms if abs(o.start - match.end()) < 120]
    organism = organisms[-1 if result == "negative" else 0].name if organisms else story.organism
    if organism is None:
        keys: dict[str, object] = {"what": squeezed(f"{specimen} culture {result}")}
        place = Place(*match.span())
        story.add("findings", f"culture-{result}", Kind.CULTURE, keys, place, subject=result)
        return
    story.organism = organism
    many = _MANY.search(scan.text, max(scan.start, match.start() - 30), match.end())
    number = (_NUMBERS.get(many["n"].lower()) or int(many["n"])) if many else 1
    taken = time_of(scan, story, match.start(), match.end())
    if not taken.text and result == "positive" and not story.begun and not scan.dates:
        taken = Taken(story.event("presentation", Place(*match.span())))
    plural = number == 1 and re.search(r"\bcultures\b", match[0], re.I)
    keys = {
        "specimen": specimen or "not stated",
        "organism": organism,
        "result": result,
        **({"number": number} if many else {}),
        "at": taken.text,
    }
    note = "the text has a plural without a number" if plural else ""
    printed = _misprinted(scan, organisms)
    if printed:
        keys["printed"] = printed
    story.add(
        "cultures",
        f"culture-{result}",
        Kind.CULTURE,
        keys,
        Place(*match.span(), note),
        *taken.places,
        subject=result,
    )


def _misprinted(scan: Scan, organisms: Sequence[Named]) -> list[str]:
    """Return how the text misprints an organism."""
    words = ((o, scan.text[o.start : o.end]) for o in organisms)
    return [squeezed(w) for o, w in words if o.term.pattern.fullmatch(w) is None][:1]


def _nearest_specimen(scan: Scan, match: re.Match[str]) -> str:
    near = sorted(scan.specimens, key=lambda s: abs(s.start - match.start()))
    if near and abs(near[0].start - match.start()) < 160:
        return near[0].name
    return "sputum" if "sputum" in match[0].lower() else ""
