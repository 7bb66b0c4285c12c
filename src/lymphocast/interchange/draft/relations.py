"""What a length of time says: so long after a start or a stop, or how long a drug was given.

A length is understood by its neighbours: "after 5 months of therapy" is a time that hangs on a
start, "clarithromycin for 4 months" the length of a treatment, "a 3-month history of cough" the
time of an onset.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from lymphocast.interchange.draft.durations import Duration
from lymphocast.interchange.draft.lexicon import Named, lexicon


@final
class Tie(StrEnum):
    """How a length of time is tied to an event."""

    AFTER = "after"
    BEFORE = "before"
    LENGTH = "length"
    HISTORY = "history"
    FOLLOW_UP = "follow-up"
    UNTIED = "untied"


@final
@dataclass(frozen=True)
class Relation:
    """A length of time with what it is tied to.

    Parameters
    ----------
    duration
        The length.
    tie
        How it is tied.
    anchor
        ``start``, ``stop``, ``presentation``, ``diagnosis``, ``symptom-onset``, ``discharge``,
        ``surgery``, ``previous`` (the fact told before), ``elapsed`` (the treatment that goes on,
        else the fact told before), or nothing.
    drug
        The drug whose start or stop it is; ``None`` for "therapy" without a name.
    end
        Where the phrase ends.
    note
        What was decided to read it.
    """

    duration: Duration
    tie: Tie
    anchor: str
    drug: str | None
    end: int
    note: str = ""

    @property
    def start(self) -> int:
        """Where the phrase begins."""
        return self.duration.start


_START: Final = (
    r"(?:start(?:ing|ed)?|initiat(?:ion|ing|ed)|beginning|began|begun|commenc\w+|"
    r"introduc\w+|institut\w+|"
    r"(?:the )?first (?:dose|injection|infusion|administration|cycle|course)|"
    r"receiving|therapy initiation|treatment initiation)"
)
_STOP: Final = (
    r"(?:stop(?:ping|ped)?|discontinu\w+|cessation|ceas\w+|withdraw\w*|(?:the )"
    r"?end(?:ing)?|complet\w+|"
    r"interrupt\w+|terminat\w+|(?:the )?last (?:dose|injection|infusion|cycle|"
    r"course)|finish\w+|off)"
)
_FIXED: Final = (
    (
        "presentation",
        r"(?:the |his |her |initial |first |hospital )*(?:admission|presentation|"
        r"hospitali[sz]ation|referral|visit|evaluation|consultation)",
    ),
    (
        "diagnosis",
        r"(?:the |his |her |initial |establishing |making )*(?:diagnos[ei]s|being diagnosed)",
    ),
    (
        "symptom-onset",
        r"(?:the |his |her |initial |first |disease |clinical )"
        r"*(?:symptoms?(?:atology)?|onset|illness)(?: onset)?",
    ),
    ("discharge", r"(?:the |his |her |hospital )*discharge"),
    (
        "surgery",
        r"(?:the |his |her )*(?:surgery|operation|resection|lobectomy|splenectomy|"
        r"transplant\w*|craniotomy|procedure)",
    ),
)
_TREATMENT: Final = (
    r"(?:therap(?:y|ies)|treatments?|medications?|administration|regimen|"
    r"injections?|infusions?|course|drugs?|antibiotics?|prophylaxis)"
)
_LINK_AFTER = re.compile(
    r"[ ,]*(?:later )?(?P<link>after|following|from|since|post|into|of|on|with)\b[- ]?", re.I
)
_OFF = re.compile(
    r"[ ,]*(?:off|without) (?:\w+ )?(?:therapy|treatment|il-2|il-7|medication|"
    r"drugs?|interleukin-\d|interferon)\b",
    re.I,
)
_WELL_FOR = re.compile(
    r"\b(?:remain\w*|been|is|doing|stayed|alive|free)\b[\w ,-]{0,40}\bfor" + r"(?: \w+){0,2}\s?$",
    re.I,
)
_LINK_BEFORE = re.compile(
    r"[ ,]*(?P<link>before|prior to|preceding|previous to|earlier than)\b ?", re.I
)
_LATER = re.compile(r"[ ,]*(?:later|thereafter|afterwards?|subsequently)\b", re.I)
_EARLIER = re.compile(r"[ ,]*(?:earlier|previously|before(?=[.,;)]|$)|ago|prior(?=[.,;)]|$))", re.I)
_HISTORY = re.compile(r"[ ,]*(?:of )?(?:\w+ )?(?:history|duration|illness)\b", re.I)
_OF_SYMPTOM = re.compile(r"[ ,]*of (?:[\w-]+,? ){0,3}", re.I)
_FOLLOW = re.compile(r"[ ,]*(?:of )?(?:\w+ )?(?:follow-?[- ]?up|observation)\b", re.I)
_BEFORE_N: Final = (
    r"\s?(?:(?:about|approximately|approx\.?|around|nearly|almost|only|some|"
    r"a total of|the (?:first|initial|last|past|following|next|subsequent)|"
    r"more than|over|at least|up to|less than|>|<|~|another|additional|a further|"
    r"an additional|a|an|his|her|roughly|the|these)\s)*$"
)
_LEFT: Final = {
    name: re.compile(rf"\b(?:{words}){_BEFORE_N}", re.I)
    for name, words in {
        "after": r"after|despite|following|at|by|within|in|on|post|and at|until|through",
        "for": (
            r"for|over|during|throughout|lasting|lasted|of|last|continued|maintained for|"
            r"course of"
        ),
        "past": (
            r"for the (?:past|last|previous)|over the (?:past|last|previous)|"
            r"during the (?:past|last|previous)|since"
        ),
        "follow": (
            r"follow(?:ed)?[- ]?(?:up)?(?: period| duration| time)?(?: \(?(?:of|for|at|"
            r"was|period))?[ ,:]?|observed for"
        ),
    }.items()
}
_COURSE = re.compile(
    r"[- ](?:[\w/-]+ ){0,2}?(?:course|cycle|regimen|treatment|therapy|trial|"
    r"period of (?:treatment|therapy))s?\b",
    re.I,
)
_HOSPITAL = re.compile(r"\bhospital(?:i[sz]ation)?\b|\bof admission\b|\badmission day\b", re.I)
_OF_ADJECTIVES: Final = r"(?:(?:[\w+-]+ ){0,4}?)"


def relate(text: str, start: int, end: int, duration: Duration, drugs: Sequence[Named]) -> Relation:
    """Return what a length of time in a sentence is tied to."""
    left = text[max(start, duration.start - 60) : duration.start]
    at = duration.end
    readers = (_backwards, _forwards, _followed, _given)
    for reader in readers[:2] if duration.numbered else readers:  # "week 21" is no length
        found = reader(text, at, end, left, duration, drugs)
        if found is not None:
            return found
    if duration.numbered and _HOSPITAL.search(
        text[max(start, duration.start - 12) : duration.end + 24]
    ):
        return Relation(duration, Tie.AFTER, "presentation", None, at)
    if duration.numbered:
        note = (
            "counted from the start of treatment" if drugs else "counted from a beginning not named"
        )
        return Relation(duration, Tie.AFTER, "start", None, at, note)
    if _LEFT["after"].search(left):
        names = {d.name for d in drugs}
        return Relation(
            duration, Tie.AFTER, "elapsed", names.pop() if len(names) == 1 else None, at
        )
    return Relation(duration, Tie.UNTIED, "", None, at)


def _backwards(
    text: str, at: int, end: int, left: str, duration: Duration, drugs: Sequence[Named]
) -> Relation | None:
    """Read "3 days before admission", "2 years earlier", "a 3-month history of cough"."""
    match = _LINK_BEFORE.match(text, at, end)
    if match is not None:
        found = _anchor(text, match.end(), end, drugs)
        if found is not None:
            anchor, drug, stop = found
            return Relation(duration, Tie.BEFORE, anchor, drug, stop)
    match = _EARLIER.match(text, at, end)
    if match is not None:
        return Relation(duration, Tie.BEFORE, "presentation", None, match.end())
    match = _HISTORY.match(text, at, end)
    if match is not None:
        return Relation(duration, Tie.HISTORY, "presentation", None, match.end())
    match = _OF_SYMPTOM.match(text, at, end)
    if match is not None and _symptom_at(text, at, match.end(), end):
        return Relation(duration, Tie.HISTORY, "presentation", None, match.end())
    if _LEFT["past"].search(left):
        return Relation(duration, Tie.HISTORY, "presentation", None, at)
    return None


def _symptom_at(text: str, start: int, upto: int, end: int) -> bool:
    """Return whether a symptom begins in the few words after a length of time."""
    match = lexicon().symptoms.search(text, start, end)
    if match is None or match.start() > upto:
        return False
    return not re.search(rf"\b(?:{_TREATMENT}|il-\d+)\b", text[start : match.start()], re.I)


def _forwards(
    text: str, at: int, end: int, left: str, duration: Duration, drugs: Sequence[Named]
) -> Relation | None:
    """Read "9 months after stopping IL-2", "after 5 months of therapy", "3 months later"."""
    match = _LATER.match(text, at, end)
    if match is not None:
        return Relation(duration, Tie.AFTER, "previous", None, match.end())
    match = _OFF.match(text, at, end)
    if match is not None:
        named = [d.name for d in drugs if match.start() <= d.start < match.end() + 20]
        return Relation(duration, Tie.AFTER, "stop", named[0] if named else None, match.end())
    match = _LINK_AFTER.match(text, at, end)
    if match is None:
        return None
    link = match["link"].lower()
    found = _anchor(text, match.end(), end, drugs)
    if found is None:
        return None
    anchor, drug, stop = found
    if link in ("of", "on", "with"):
        return _elapsed(duration, left, anchor, drug, stop)
    note = ""
    if anchor == "treatment":
        anchor = "start" if link in ("into", "from", "since") else "stop"
        note = (
            "" if link == "into" else f"read as after its {'end' if anchor == 'stop' else 'start'}"
        )
    return Relation(duration, Tie.AFTER, anchor, drug, stop, note)


def _elapsed(
    duration: Duration, left: str, anchor: str, drug: str | None, stop: int
) -> Relation | None:
    """Read "5 months of therapy": a time if "after" stands before it, else a length."""
    if anchor not in ("treatment", "start"):
        return None
    if re.search(r"\bend of (?:the )?$", left, re.I):
        return Relation(duration, Tie.AFTER, "start", drug, stop)
    if _LEFT["after"].search(left) and not re.search(r"\bin\s*$", left, re.I):
        return Relation(duration, Tie.AFTER, "start", drug, stop)
    return Relation(duration, Tie.LENGTH, "start", drug, stop)


_NONE_IN = re.compile(
    r"\b(?:no (?:\w+ ){0,3}?(?:relapses?|recurrences?|infections?|episodes?|symptoms?)|"
    r"no (?:\w+ ){1,3}?(?:has |have )?(?:occurred|recurred|developed|appeared)|"
    r"did not recur|not recurred)\b[^.;,]{0,40}"
    rf"\b(?:in|over|during|within|for){_BEFORE_N}",
    re.I,
)


def _followed(
    text: str, at: int, end: int, left: str, duration: Duration, drugs: Sequence[Named]
) -> Relation | None:
    """Read "during 2 years of follow-up", "at 6 months' follow-up"."""
    match = _FOLLOW.match(text, at, end)
    if match is not None:
        if re.search(rf"\b(?:at|after){_BEFORE_N}", left, re.I):
            return Relation(duration, Tie.AFTER, "elapsed", None, match.end(), "at follow-up")
        return Relation(duration, Tie.FOLLOW_UP, "previous", None, match.end())
    if _LEFT["follow"].search(left) or _NONE_IN.search(left):
        return Relation(duration, Tie.FOLLOW_UP, "previous", None, at)
    return None


def _given(
    text: str, at: int, end: int, left: str, duration: Duration, drugs: Sequence[Named]
) -> Relation | None:
    """Read "clarithromycin for 4 months", "a 6-month course of rifampicin"."""
    match = _COURSE.match(text, at, end)
    if match is not None and match[0].lower().endswith(("courses", "cycles")):
        return Relation(duration, Tie.UNTIED, "", None, at)  # the length of one of many
    if match is not None:
        of = re.match(r" (?:of|with) ", text[match.end() : match.end() + 6])
        found = _anchor(text, match.end() + of.end(), end, drugs) if of else None
        drug = found[1] if found else None
        if drug is None:
            before = [d for d in drugs if match.start() - 1 <= d.start < match.end()]
            drug = before[0].name if before else None
        tie = Tie.AFTER if _LEFT["after"].search(left) and not drug else Tie.LENGTH
        return Relation(duration, tie, "start", drug, match.end())
    if _LEFT["for"].search(left):
        before = [d for d in drugs if d.end <= duration.start]
        well = _WELL_FOR.search(left)
        if well is not None and not any(
            d.end > duration.start - len(left) + well.start() for d in before
        ):
            return Relation(duration, Tie.FOLLOW_UP, "previous", None, at)
        if (
            not before
            and lexicon().symptoms.search(left if left.rstrip().endswith("lasting") else left[-35:])
            and not re.search(_TREATMENT, left, re.I)
        ):
            return Relation(duration, Tie.HISTORY, "presentation", None, at)
        return Relation(duration, Tie.LENGTH, "start", before[-1].name if before else None, at)
    return None


_FIRST_DOSE = re.compile(r"(?:the )?first (?:dose|injection|infusion|administration)\b", re.I)


def _anchor(
    text: str, at: int, end: int, drugs: Sequence[Named]
) -> tuple[str, str | None, int] | None:
    """Return the event that a phrase names, the drug in it, and where the phrase ends."""
    rest = text[at : min(end, at + 110)]
    edge = re.search(r"[,;.)](?=\s|$)|\b(?:was|were|had|showed|the cd4|cd4)\b", rest, re.I)
    phrase = rest[: edge.start()] if edge else rest
    named = [d for d in drugs if at <= d.start < at + len(phrase)]
    for kind, words in (("start", _START), ("stop", _STOP)):
        match = re.match(rf"(?:the |his |her |successful |this )?(?:{words})\b", phrase, re.I)
        dose = match is not None and _FIRST_DOSE.match(phrase) is not None
        if match is not None and (
            kind == "stop" or dose or named or re.search(_TREATMENT, phrase, re.I)
        ):
            return (
                kind,
                named[0].name if named else None,
                named[0].end if named else at + match.end(),
            )
    for kind, words in _FIXED:
        match = re.match(rf"(?:{words})\b", phrase, re.I)
        if match is not None and not named:
            return kind, None, at + match.end()
    if named and re.fullmatch(_OF_ADJECTIVES, text[at : named[0].start], re.I):
        return "treatment", named[0].name, named[0].end
    match = re.match(rf"{_OF_ADJECTIVES}{_TREATMENT}\b", phrase, re.I)
    return ("treatment", None, at + match.end()) if match else None
