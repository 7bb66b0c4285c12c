"""Adverse events that a text names as such, or grades."""

import re
from typing import Final

from lymphocast.interchange.citation import squeezed
from lymphocast.interchange.draft.cultures import NOT
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import Kind, Place, Story, start_of, stop_of
from lymphocast.interchange.draft.timing import time_of

_EFFECTS: Final = (
    r"(?:(?:side|adverse|toxic|untoward)[- ](?:effects?|events?|reactions?)|toxicit(?:y|ies))"
)
_NAMED = re.compile(
    rf"\b{_EFFECTS} (?:of \S+ )?(?:(?:was|were|included?|including|consisted of|comprised|"
    r"(?:mainly|only|mostly)|limited to|confined to) ?)+"
    r"(?P<what>[^.;:]{3,90}?)(?=[.;:]|$|, (?:and|but|which) )"
    rf"|(?P<what2>[A-Z][^.;,]{{3,80}}?) (?:was|were) (?:the )?(?:only|main) {_EFFECTS}",
    re.I,
)
_GRADED = re.compile(
    r"\b[Gg]rade (?P<grade>[1-5]|I{1,3}|IV)\b[ -](?P<what>[a-z][\w -]{3,50}?)"
    r"(?=[,.;()]|$| (?:and|but|was|were|which|that|on|in|at|after|during|with|developed|"
    r"occurred|resolved)\b)"
)
_ROMAN: Final = {"I": 1, "II": 2, "III": 3, "IV": 4}
_NONE = re.compile(
    r"\s*(?:not|no|none|mild|minor|minimal|rare|absent|moderate|tolerable|few|manageable|"
    r"transient|reported|observed|noted|recorded|seen|encountered|"
    r"documented|found)(?: \w+)?\s*$",
    re.I,
)


def read_adverse(scan: Scan, story: Story) -> None:
    """Add the adverse events of a sentence; they lie within the treatment unless dated."""
    for match in _NAMED.finditer(scan.text, scan.start, scan.end):
        group = "what" if match["what"] else "what2"
        lead = scan.text[max(scan.start, match.start() - 24) : match.start()]
        graded = _GRADED.search(scan.text, *match.span(group)) is not None
        if not graded and not _NONE.match(match[group]) and not NOT.search(lead):
            _add(scan, story, match.span(group), None)
    for match in _GRADED.finditer(scan.text, scan.start, scan.end):
        grade = _ROMAN.get(match["grade"]) or int(match["grade"])
        _add(scan, story, match.span("what"), grade)


def _add(scan: Scan, story: Story, span: tuple[int, int], grade: int | None) -> None:
    drug = story.main_drug
    taken = time_of(scan, story, *span)
    keys: dict[str, object] = {"what": squeezed(scan.text[span[0] : span[1]])}
    if taken.text:
        keys["at"] = taken.text
    elif drug is not None:
        known = story.find(stop_of(drug)) is not None
        keys["at"] = f"{start_of(drug)}/{stop_of(drug) if known else ''}"
    else:
        keys["at"] = ""
    if grade is not None:
        keys["grade"] = grade
    if drug is not None:
        keys["suspects"] = [drug]
    story.add(
        "adverse_events",
        "adverse-event",
        Kind.ADVERSE,
        keys,
        Place(*span),
        *taken.places,
        subject="adverse event",
        value=None if grade is None else float(grade),
    )
