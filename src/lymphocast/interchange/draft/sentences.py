"""Sentences of a section; abbreviations, initials and genera do not end one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

SENTENCE_LIMIT: Final = 3000
"""Longest sentence in characters; the rules look at every pair of things in one."""
_ABBREVIATIONS: Final = frozenset(
    re.split(
        " ",
        "e.g i.e vs dr fig figs no nos approx ca cf al st resp max min mo wk wks hr "
        "hrs i.v s.c i.m "
        "p.o b.i.d t.i.d q.i.d q.d inc u.s dept prof spp sp subsp var ref refs eq "
        "vol eds jr mr mrs "
        "ms jan feb mar apr jun jul aug sep sept oct nov dec ssp pp cu i.e. e.g.",
    )
)
_END = re.compile(
    r"[.!?][\"')\]]*(?=\s+[\"'(\[]?[A-Z0-9<>])|\n\s*\n|(?<=[a-z.)\d])"
    r"\n(?=[A-Z][a-z]+ ?[a-z]* ?[a-z]*\n)"
)
_LABEL = re.compile(
    r"\s*(?P<label>background|introduction|objectives?|aims?|purpose|context|rationale|importance|"
    r"methods?|materials? and methods?|patients? and methods?|design|setting|"
    r"case (?:report|presentation|description|history|summary|series)s?|case diagnosis/treatment|"
    r"cases?|patients?(?: description| concerns| presentation)?|presentation|"
    r"clinical (?:case|presentation|findings)|"
    r"observations?|diagnos[ei]s|interventions?|treatment|outcomes?|follow-up|"
    r"findings|main findings|"
    r"results?|conclusions?|discussion|interpretation|comments?|lessons?|learning points?|"
    r"significance|summary|what is known|clinical significance|main symptoms[\w ,/]*|"
    r"main diagnos[ei]s[\w ,/]*|abstract|keywords?)\s*(?::|(?-i:\.(?=\s[A-Z]|$)|\n|"
    r"(?<=[A-Z])\s(?=[A-Z][a-z])))",
    re.IGNORECASE,
)
_RUN_ON = re.compile(
    r"\s*(?P<label>Background|Introduction|Objectives?|Aims?|Purpose|Methods?|"
    r"Results?|Conclusions?|Discussion|"
    r"Case (?:[Rr]eport|[Pp]resentation|[Dd]escription|[Ss]ummary)|Findings) (?=[A-Z])(?!Of\b|In\b)"
)
_GENERAL_LABELS: Final = (
    "background introduction objective aim purpose context rationale importance method material "
    "design setting conclusion discussion interpretation comment lesson learning significance what "
    "keyword clinical significance"
)


@final
@dataclass(frozen=True)
class Sentence:
    """A sentence where it stands.

    ``label`` is the heading of its part of a structured abstract, ``section`` the name of the
    section of the page.
    """

    start: int
    end: int
    label: str = ""
    section: str = ""

    @property
    def general(self) -> bool:
        """Whether its heading announces general remarks: background, methods, conclusions."""
        first = self.label.split(" ")[0].rstrip("s") if self.label else ""
        if self.label.startswith("clinical significance"):
            return True
        return bool(first) and first in _GENERAL_LABELS.split()


def sentences(text: str, start: int, end: int, section: str = "") -> Iterator[Sentence]:
    """Return the sentences of a section of a text."""
    label, begin = "", start
    for stop in _bounded(text, start, (*_stops(text, start, end), end)):
        match = _LABEL.match(text, begin, stop)
        if match is None or not _is_label(match):
            match = _RUN_ON.match(text, begin, stop)
        if match is not None:
            label = match["label"].lower()
            begin = match.end()
        first = begin + len(text[begin:stop]) - len(text[begin:stop].lstrip())
        last = first + len(text[first:stop].rstrip())
        if last > first:
            yield Sentence(first, last, label, section)
        begin = stop


def _bounded(text: str, start: int, stops: Sequence[int]) -> Iterator[int]:
    """Return the ends of sentences, with more of them where one is too long to be a sentence."""
    for stop in stops:
        while stop - start > SENTENCE_LIMIT:
            blank = text.rfind(" ", start, start + SENTENCE_LIMIT)
            start = blank + 1 if blank > start else start + SENTENCE_LIMIT
            yield start
        yield stop
        start = stop


def _is_label(match: re.Match[str]) -> bool:
    """Return whether it is a heading: followed by a colon, or in capitals, or on its own line."""
    return match[0].rstrip(" ")[-1] in ":\n" or match["label"].isupper() or "." in match[0]


def _stops(text: str, start: int, end: int) -> Iterator[int]:
    for match in _END.finditer(text, start, end):
        before = text[start : match.start()]
        if match[0][0] != "." or not _abbreviated(before) or _ended(before, text[match.end() :]):
            yield match.end()


_MAY_END = re.compile(
    r"\b(?:[bt]\.?i\.?d|q\.?i\.?d|i\.v|s\.c|i\.m|p\.o|wks?|mo|yrs?|hrs?|approx|al)$", re.I
)
_OPENS = re.compile(
    r"\s+(?:In|The|He|She|His|Her|After|At|On|By|During|A|An|Two|Three|This|It|We|"
    r"When|Treatment|Therapy|CD4\S*|Sputum|Cultures|No|There|Because|Since|Later|"
    r"Subsequently|Six|Four|Both)\s"
)


def _ended(before: str, after: str) -> bool:
    """Return whether an abbreviation such as "b.i.d." also ends its sentence."""
    return _MAY_END.search(before) is not None and _OPENS.match(after) is not None


def _abbreviated(before: str) -> bool:
    """Return whether a full stop after this text belongs to an abbreviation."""
    word = re.search(r"[\w.]+$", before)
    if word is None:
        return False
    last = word[0]
    if last.lower() in _ABBREVIATIONS:
        return True
    # An initial or a genus (M. avium), but no unit (cells/L); "B." and "C." may end
    # "amphotericin B" or "hepatitis C".
    single = re.fullmatch(r"[A-Z]", last) is not None and before[word.start() - 1 :][:1] != "/"
    return single and not re.search(
        r"\b(?:amphotericin|hepatitis|vitamin|protein|type|group) [A-Z]$", before
    )
