"""People: whose facts a sentence states. One case file holds one patient.

A sentence is about the patient, about another person, or about nobody in particular: a group, the
literature, a definition. Only the first becomes proposals; the second becomes questions.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from lymphocast.interchange.draft.ages import WHO, find_ages
from lymphocast.interchange.draft.sentences import Sentence

_ONE: Final = re.compile(
    rf"\b(?:an?|this|our|the|one) (?:[\w/+-]+,? ){{0,7}}?(?:{WHO})(?!s|\w)", re.IGNORECASE
)
_PATIENT_CUE: Final = re.compile(
    r"\b(?:he|she|his|her|him|herself|himself)\b|\b(?:the|our|this|index|present)"
    r" (?:\w+ )?(?:patient|man|woman|boy|girl|child|infant|case)(?:'s)?(?!s|\w)"
    r"|\bpatient's\b|\bproband\b",
    re.IGNORECASE,
)
_GROUP_CUE: Final = re.compile(
    r"\b(?:patients|cases|subjects|participants|individuals|controls|volunteers|donors|recipients|"
    r"adults|studies|trials|cohorts?|literature|investigators|persons|people|men|"
    r"women|siblings|survivors|nonsurvivors)\b",
    re.IGNORECASE,
)
_STATISTIC: Final = re.compile(
    r"\b(?:medians?|means?|average[ds]?|interquartile|iqr|s\.?d\.|"
    r"standard deviation|range(?! of motion)|"
    r"confidence|prevalence|incidence|mortality|proportion|"
    r"healthy (?:\w+ )?(?:controls|volunteers|subjects|donors|individuals|adults|people)|"
    r"normal(?:,|:| is| are|(?: \w+){0,3} (?:range|values?|limits?|counts?|"
    r"numbers?|levels?|controls|individuals|subjects))|normal (?=[<>]?\s?\d)|"
    r"reference|cut-?off|threshold|upper limit|lower limit|controls|defined|definition|criteri\w+|"
    r"guidelines?|recommended|usually|typically|published|reported in|previously reported|"
    r"in the literature|placebo)\b|\bnormal (?=[<>]?\s?\d)|\+/-|\u00b1",
    re.IGNORECASE,
)
_GENERAL_CUE: Final = re.compile(
    (
        r"\b(?:is|are) (?:an? |the )?(?:rare|common|defined|characteri[sz]ed|usually|"
        r"typically|often|generally|recommended|known|"
        r"associated|important|considered|uncommon|caused|thought|most|indicated|"
        r"estimated|likely|unusual|frequent\w*|still|not)\b"
        r"|\b(?:should|may be|can be|could be|might|must|ha(?:s|ve) been (?:reported|"
        r"described|shown|used|associated|published|proposed|implicated|recogni[sz]ed|linked|"
        r"observed in|suggested)|has rarely|have rarely)\b"
        r"|\bwe (?:review|reviewed|searched|conducted|performed a (?:review|search)|"
        r"analy[sz]ed|evaluated|enrolled|included|compared|studied|investigated|aimed|"
        r"sought|hypothesi[sz]ed)\b"
        r"|\b(?:this|our|the present|these) (?:case|report|study|findings?|data|"
        r"results?|observations?|experience|trial)s? (?:\w+ )?(?:suggests?|supports?|"
        r"shows?|demonstrates?|illustrates?|highlights?|indicates?|underscores?|"
        r"emphasi[sz]es?|provides?|confirms?)"
        r"|\bsuggests? that\b|\bin conclusion\b|\bwe (?:conclude|suggest|propose|"
        r"recommend|speculate|discuss)\b|\bdefined as\b"
    ),
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"\b(?:patient|case|subject|sibling) (?P<n>\d{1,2}|[A-D]\b|one|two|three|"
    r"i{1,3}\b)|\b(?:the )?(?P<o>first|second|third|fourth|other|former|latter|"
    r"elder|older|younger) (?:patient|case|sibling|brother|sister|child|twin|one|"
    r"man|woman)\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|2|3|4|5|6|7|8|9|10)"
    r" (?:[\w/+-]+ ){0,4}?(?:patients|cases|siblings|brothers|sisters|children|"
    r"men|women|adults|infants|boys|girls|twins)\b",
    re.IGNORECASE,
)
_KIN = re.compile(
    r"\b(?:his|her|the patient's|whose) (?:\w+ )?(?:mother|father|brother|sister|"
    r"siblings?|twin|son|daughter|wife|husband|parents?|cousin|uncle|aunt)\b|"
    r"\bthe donor\b",
    re.IGNORECASE,
)
_ORDINALS: Final = {
    "first": 1,
    "former": 1,
    "elder": 1,
    "older": 1,
    "younger": 2,
    "second": 2,
    "other": 2,
    "latter": 2,
    "third": 3,
    "fourth": 4,
}
_LABELS: Final = {
    "a": 1,
    "b": 2,
    "c": 3,
    "d": 4,
    "one": 1,
    "two": 2,
    "three": 3,
    "i": 1,
    "ii": 2,
    "iii": 3,
}


@final
class Who(StrEnum):
    """Whom a sentence is about."""

    PATIENT = "patient"
    OTHER = "other"
    UNCLEAR = "unclear"
    NOBODY = "nobody"


@final
@dataclass(frozen=True)
class Cast:
    """Who is spoken of in each sentence, and whether the text describes a patient at all."""

    who: tuple[Who, ...]
    persons: int

    @property
    def described(self) -> bool:
        """Whether the text describes at least one single patient."""
        return self.persons > 0


def cast(text: str, parts: Sequence[Sentence]) -> Cast:
    """Return whom each sentence of a page is about."""
    whole = " ".join(text[s.start : s.end] for s in parts)
    ages = [a for s in parts for a in find_ages(text, s.start, s.end) if a.introduces]
    introduced = sum(not _ONE_OF_MANY.search(text[max(0, a.start - 40) : a.start]) for a in ages)
    if introduced < len(ages) and not introduced and _grouped(whole):
        return Cast((Who.NOBODY,) * len(parts), 0)
    several = _SEVERAL.search(whole) is not None
    labelled = any(_label(text, s) for s in parts)
    if not introduced and (not _ONE.search(whole) or _grouped(whole)):
        return Cast((Who.NOBODY,) * len(parts), 0)
    unclear = several and introduced < 2 and not labelled and _reports_several(whole)
    return Cast(tuple(_walk(text, parts, unclear=unclear)), max(introduced, 1))


_ONE_OF_MANY = re.compile(
    r"\b(?:one|another) (?:\w+ )?(?:patient|participant|subject|volunteer|"
    r"recipient)s?,? (?:was |is )?(?:\(?an? ?)?$",
    re.I,
)


def _grouped(whole: str) -> bool:
    """Return whether a text without an age speaks of groups."""
    groups = len(_GROUP_CUE.findall(whole)) + 2 * len(
        re.findall(r"\bmedian\b|\bmean\b|\bn ?=|\bcohort\b|random", whole, re.I)
    )
    ones = len(_PATIENT_CUE.findall(whole)) + len(
        re.findall(r"\b(?:a|one) (?:\w+ ){0,3}(?:man|woman|boy|girl|patient)\b", whole, re.I)
    )
    return groups >= 2 * ones


def _reports_several(whole: str) -> bool:
    """Return whether the authors report several patients of their own."""
    report = re.search(
        r"\b(?:we (?:report|describe|present|treated|document)|here,? we|"
        r"are (?:reported|described|presented))\b",
        whole,
        re.I,
    )
    match = _SEVERAL.search(whole)
    return report is not None and match is not None and abs(match.start() - report.start()) < 160


def _label(text: str, sentence: Sentence) -> int | None:
    """Return the number of the patient that a sentence names."""
    match = _LABELLED.search(text, sentence.start, sentence.end)
    if match is None:
        return None
    if match["o"]:
        return _ORDINALS[match["o"].lower()]
    name = match["n"].lower()
    return _LABELS.get(name) or (int(name) if name.isdigit() else None)


_CLOSING: Final = (
    "conclusion",
    "discussion",
    "interpretation",
    "comment",
    "lesson",
    "learning",
    "significance",
)


def _walk(text: str, parts: Sequence[Sentence], *, unclear: bool) -> Iterator[Who]:
    person, section, met, label_of = 0, "", False, ("", False)
    introducing = {s.section for s in parts if _introduces(text, s)}
    for sentence in parts:
        words = text[sentence.start : sentence.end]
        label = _label(text, sentence)
        new = [a for a in find_ages(text, sentence.start, sentence.end) if a.introduces]
        if section != sentence.section:
            section, met = sentence.section, met or sentence.section not in introducing
        met = met or _introduces(text, sentence)
        told = (label_of[0] == sentence.label and label_of[1]) or _introduces(text, sentence)
        label_of = (sentence.label, told and not sentence.label.startswith(_CLOSING))
        if label is not None:
            person = label
        elif new and not (person and re.match(r"\s*(?:the|this|our)\b", words, re.I)):
            person += 1
        general = sentence.general and not label_of[1]
        yield _who(words, person, len(new), general=general, met=met, unclear=unclear)


def _introduces(text: str, sentence: Sentence) -> bool:
    """Return whether a sentence speaks of one person."""
    words = text[sentence.start : sentence.end]
    aged = any(a.introduces for a in find_ages(text, sentence.start, sentence.end))
    return (
        aged
        or _PATIENT_CUE.search(words) is not None
        or (_ONE.search(words) is not None and not _GENERAL_CUE.search(words))
    )


_VERDICT = re.compile(
    r"\bsuggests? that\b|\bin conclusion\b|\bwe conclude\b|\b(?:case|report) supports\b", re.I
)
_ANNOUNCED = re.compile(
    r"\b(?:we|here|authors?|this)\b[^.;]{0,40}\b(?:report|describe|present|discuss)s?\b", re.I
)


def _who(words: str, person: int, new: int, *, general: bool, met: bool, unclear: bool) -> Who:
    own = new > 0 or _PATIENT_CUE.search(words) is not None
    if (
        not new
        and _ANNOUNCED.search(words)
        and not re.search(r"\d ?(?:mg|/|cells|IU|U\b|MIU)", words)
    ):
        return Who.NOBODY
    if _VERDICT.search(words) and not new:
        return Who.NOBODY
    concluding = re.match(r"\s*(?:this|our|the present|these|in conclusion|to our)", words, re.I)
    general = general or _GENERAL_CUE.search(words) is not None
    if general and (not own or (concluding and not new)):
        return Who.NOBODY
    if not own and (not met or (_GROUP_CUE.search(words) and not _ONE.search(words))):
        return Who.NOBODY
    if unclear or new > 1:
        return Who.UNCLEAR
    return Who.OTHER if person > 1 else Who.PATIENT


_NORM = re.compile(
    r"(?<!times the )\b(?:lower|upper) limits? of (?:the )?normal(?: range)?\s?$|"
    r"\b(?:normal|reference) (?:\w+ )?(?:range|values?|limits?|interval)s?\s?$",
    re.I,
)
_REACHED = re.compile(
    r"\b(?:to|within|into|in|reached) (?:the |a )?(?:normal|reference) (?:range|"
    r"limits?|values?|levels?|interval)\b",
    re.I,
)


def speaks_of_others(text: str, start: int, end: int, at: int) -> bool:
    """Return whether the clause around a place is about norms, groups or relatives."""
    begin = max((text.rfind(mark, start, at) for mark in (", ", ";", " (", ")")), default=-1)
    begin = max(begin + (text[begin : begin + 2] == " ("), start - 1) + 1
    after = [i for i in (text.find(mark, at, end) for mark in (", ", ";", ")", " (")) if i >= 0]
    stop = min(after, default=end)
    clause = text[begin:stop]
    lead = text[max(start, at - 70) : at]
    if text[begin - 1 : begin] == "(":
        lead_in = text[max(start, begin - 40) : begin - 1].rpartition(", ")[2]
        clause = (
            f"{lead_in} {clause}"
            if _NORM.search(lead_in) and not _REACHED.search(lead_in)
            else clause
        )
    if _STATISTIC.search(_REACHED.sub("", clause)):
        return True
    return _KIN.search(lead) is not None and not re.search(
        r"\b(?:he|she|the patient)\b", lead, re.I
    )
