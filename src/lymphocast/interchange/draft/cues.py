"""Cues: words that say what happened, to which a time in the same sentence belongs."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from lymphocast.interchange.draft.lexicon import Named
from lymphocast.interchange.draft.scan import Scan


@final
class Happening(StrEnum):
    """What a cue says happened."""

    START = "start"
    STOP = "stop"
    CHANGE = "change"
    PRESENTATION = "presentation"
    DIAGNOSIS = "diagnosis"
    DISCHARGE = "discharge"
    SURGERY = "surgery"
    DEATH = "death"
    ONSET = "onset"
    FOLLOW_UP = "follow-up"
    WORSE = "worse"
    IMPROVED = "improving"
    RESOLVED = "resolved"


@final
@dataclass(frozen=True)
class Cue:
    """A word that says what happened, where it stands, and the drugs that it happened to."""

    start: int
    end: int
    happening: Happening
    drugs: tuple[Named, ...] = ()


_CUES: Final = tuple(
    (happening, re.compile(pattern, re.IGNORECASE))
    for happening, pattern in (
        (
            Happening.STOP,
            (
                r"\b(?:stopped|discontinued|ceased|withdrawn|completed|terminated|"
                r"interrupted(?! (?:for|briefly|temporarily))|"
                r"switched from|discontinuation of|cessation of|"
                r"completion of|(?:continued|maintained|given|administered|taken) (?:\w+ )"
                r"{0,3}?(?:until|till|through|up to))\b"
            ),
        ),
        (
            Happening.CHANGE,
            r"\b(?:increased|raised|escalated|titrated|reduced|decreased|tapered|lowered|"
            r"adjusted|maintenance|dose reduction|dose escalation)\b",
        ),
        (
            Happening.START,
            (
                r"\b(?:started|starting|start|initiated|initiating|initiation|begun|began|"
                r"commenced|instituted|institution|introduced|receiv(?:ed|es|ing)|"
                r"treated|treatment with|therapy with|therapy consisting of|"
                r"treatment consisting of|regimen of|combination of|given|administered|"
                r"administration of|prescribed|placed on|put on|underwent|"
                r"taking|took|tried|added|substituted|addition of|switched to|changed to|"
                r"resumed|restarted|reintroduced|replaced by|course of|courses of|"
                r"maintained on|injections of|infusions of|"
                r"followed by|responded to|therapy was|managed with|prophylaxis with|"
                r"(?<=\d{4}, )with|despite (?=\w+ ?\(?\d)|"
                r"on (?=(?:low[- ]dose |long-term |maintenance |pegylated |recombinant |"
                r"weekly |daily )*(?:il|interleukin|interferon)))\b"
            ),
        ),
        (
            Happening.FOLLOW_UP,
            r"\b(?:last|latest|final|most recent) (?:seen|reviewed|examined|follow-?up|"
            r"visit|examination|evaluation|clinic visit)\b",
        ),
        (
            Happening.PRESENTATION,
            r"\b(?:presented|presenting|presents|admitted|hospitali[sz]ed|was referred|"
            r"(?:was )?(?:first )?seen|came to|attended|was evaluated|was found to have|"
            r"found to have)\b",
        ),
        (
            Happening.DIAGNOSIS,
            r"\b(?:diagnosed|diagnosis of|the diagnosis|(?<!ly )(?:was )"
            r"?confirmed(?= (?:the diagnosis|by|as|[A-Z]{2,}))|established the)\b",
        ),
        (Happening.DISCHARGE, r"\bdischarged\b"),
        (
            Happening.SURGERY,
            r"\b(?:\w{3,}ectomy|\w{4,}otomy|resection|transplantation)\b",
        ),
        (Happening.DEATH, r"\b(?:died|death|succumbed|expired|passed away|fatal)\b"),
        (Happening.WORSE, r"\b(?:worsen\w*|deteriorat\w+|progressed|exacerbat\w+)\b"),
        (
            Happening.RESOLVED,
            r"\b(?:resolv\w+|resolution|disappear\w+|subsided?|regress\w+|recovered|"
            r"recovery|cleared|clearance|clearing|healed|abat\w+|vanish\w+|"
            r"complete (?:remission|response)|cured)\b",
        ),
        (Happening.IMPROVED, r"\b(?:improv\w+|ameliorat\w+|partial (?:remission|response))\b"),
        (Happening.ONSET, r"\b(?:developed|onset of|had had|suffered|experienced)\b"),
    )
)
_PASSIVE = re.compile(
    r"\b(?:was|were|is|are|been|be|being)\s(?:\w+ly |then |also |therefore |"
    r"again |subsequently |thus )*$",
    re.I,
)
OTHERS: Final = re.compile(
    r"\b(?:the )?(?P<which>other|remaining|all|both|three|two|four) (?:\w+ )?"
    r"(?:drugs|medications|agents|antibiotics|antimycobacterials)\b|"
    r"\b(?P<anti>antibiotics|antimycobacterials|antimicrobials)\b",
    re.I,
)
_ON = re.compile(r"\s(?:\w+ )?(?:on|with|to receive|to)\b", re.I)
_LINK: Final = re.compile(
    r"[\s,;()/+&-]*(?:and|plus|or|with|combined with|in combination with|"
    r"together with|as well as|followed by|then|oral|daily|intravenous|high-dose|"
    r"low-dose)?[\s,;()-]*",
    re.I,
)


def find_cues(scan: Scan) -> tuple[Cue, ...]:
    """Return the cues of a sentence, each with its drugs, in order.

    A word inside the phrase of a length of time ("9 months after stopping") is no cue.
    """
    found: list[Cue] = []
    phrases = [(r.start, r.end) for r in scan.relations if r.end > r.duration.end]
    for happening, pattern in _CUES:
        for match in pattern.finditer(scan.text, scan.start, scan.end):
            span = match.span()
            inside = any(a <= span[0] and span[1] <= b for a, b in phrases)
            if not inside and all(span[1] <= c.start or c.end <= span[0] for c in found):
                found.append(Cue(*span, happening))
    found.sort(key=lambda cue: cue.start)
    edges = [scan.start, *(c.start for c in found), scan.end]
    named = (
        Cue(c.start, c.end, c.happening, _drugs_of(scan, c, edges[i], edges[i + 2]))
        for i, c in enumerate(found)
    )
    return tuple(_inherited(scan, named))


def _inherited(scan: Scan, cues: Iterable[Cue]) -> Iterator[Cue]:
    """Give "... and stopped in July 2007" the drugs of the verb before it."""
    drugs: tuple[Named, ...] = ()
    for cue in cues:
        lead = scan.text[max(scan.start, cue.start - 60) : cue.start]
        silent = not cue.drugs and cue.happening in (Happening.STOP, Happening.CHANGE)
        if silent and not OTHERS.search(lead):
            yield Cue(cue.start, cue.end, cue.happening, drugs)
        else:
            drugs = cue.drugs or drugs
            yield cue


def _drugs_of(scan: Scan, cue: Cue, before: int, after: int) -> tuple[Named, ...]:
    """Return the drugs that were started, stopped or changed."""
    if cue.happening not in (Happening.START, Happening.STOP, Happening.CHANGE):
        return ()
    left = [d for d in scan.drugs if before <= d.start and d.end <= cue.start]
    lead = scan.text[max(scan.start, cue.start - 60) : cue.start]
    if not left and cue.happening is not Happening.START and OTHERS.search(lead):
        return ()  # "antibiotics were stopped in July and IL-2 in January"
    right = [d for d in scan.drugs if cue.end <= d.start and d.start < after]
    right = _near(scan, cue.end, right)
    passive = _PASSIVE.search(scan.text[max(scan.start, cue.start - 40) : cue.start]) is not None
    if passive and not _ON.match(scan.text, cue.end) and left:
        return _listed(scan, left)
    if passive and not _ON.match(scan.text, cue.end):
        return tuple(d for d in right if right[0].start - cue.end < 45)
    return tuple(right) or _listed(scan, left)


def _near(scan: Scan, at: int, drugs: Sequence[Named]) -> list[Named]:
    """Return the drugs that follow a place without a new clause in between."""
    found: list[Named] = []
    for drug in drugs:
        gap = scan.text[at : drug.start]
        if re.search(
            r"[;.]\s|, (?:the|he|she|his|her|but|while|which|who)\b|\b(?:after|before|"
            r"until|because|despite|due to)\b",
            gap,
            re.I,
        ):
            break
        if len(gap) > 150:
            break
        found.append(drug)
        at = drug.end
    return found


def _listed(scan: Scan, drugs: Sequence[Named]) -> tuple[Named, ...]:
    """Return the last drug before a verb, and those joined to it in a list."""
    found: list[Named] = []
    for drug in reversed(drugs):
        if found and not _joined(scan, drug, found[-1]):
            break
        found.append(drug)
    return tuple(reversed(found))


def _joined(scan: Scan, one: Named, two: Named) -> bool:
    gap = scan.text[one.end : two.start]
    bare = re.sub(
        r"\([^()]*\)|[\d.,]+ ?(?:mg|g|ug|miu|iu|u)(?:/kg)?(?:/d(?:ay)?)?", "", gap, flags=re.I
    )
    return _LINK.fullmatch(bare) is not None
