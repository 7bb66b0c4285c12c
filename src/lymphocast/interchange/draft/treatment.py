"""Treatment: when drugs were started and stopped, for how long they were given, and other events.

A time belongs to the cue nearest to it: the last one before it, or the first after it where the
sentence begins with the time.
"""

import re
from collections.abc import Sequence
from typing import Final

from lymphocast.interchange.citation import plain
from lymphocast.interchange.draft.cues import OTHERS, Cue, Happening, find_cues
from lymphocast.interchange.draft.lexicon import ADJUNCTS, CYTOKINES, Named
from lymphocast.interchange.draft.missed import read_missed
from lymphocast.interchange.draft.relations import Relation, Tie
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import UNDATED, Place, Story, stop_of

_FOLLOWED = re.compile(
    r"\b(?:followed by|(?:then )?(?:switched|changed) to|replaced (?:by|with)|and then)\b", re.I
)
_JOINS = re.compile(r"added|addition of|substituted", re.I)
_TAPERED = re.compile(r",? (?:and |then |and then )(?:was |were )?(?:gradually )?taper", re.I)
_AFTER_FIRST = re.compile(r"\s*(?:\w+, )?(?:after|following|despite)\b", re.I)


def read_treatment(scan: Scan, story: Story) -> tuple[Cue, ...]:
    """Add the starts and stops of a sentence and how long things lasted; return its cues."""
    cues = find_cues(scan)
    told: tuple[Cue | Relation, ...] = (*cues, *scan.relations)
    for thing in sorted(told, key=lambda t: t.start):
        if isinstance(thing, Cue):
            _register(scan, story, thing)
        else:
            story.previous.setdefault(thing.start, story.last)
    read_missed(scan, story)
    for relation in scan.relations:
        if scan.is_used(relation.start, relation.duration.end):
            continue
        if relation.tie is Tie.LENGTH:
            _given_for(scan, story, relation, cues)
        elif relation.tie in (Tie.HISTORY, Tie.FOLLOW_UP):
            _seen_for(scan, story, relation)
    _followed(scan, story, cues)
    return cues


_TREATMENT = re.compile(r"\b(?:therapy|treatment|drug|injections?|it)\b", re.I)


def _register(scan: Scan, story: Story, cue: Cue) -> None:
    """Remember which drugs began and ended."""
    story.before[cue.start] = story.last
    if cue.happening is Happening.START:
        if not _JOINS.match(scan.text, cue.start):
            story.verb = cue.start
        for drug in cue.drugs:
            story.last = story.begin(drug.name, _place(cue, drug))
            story.drug = drug.name
    elif cue.happening is Happening.STOP:
        _register_stop(scan, story, cue)
    elif cue.happening is Happening.PRESENTATION and story.last is None:
        story.last = story.event("presentation", Place(cue.start, cue.end))


def _register_stop(scan: Scan, story: Story, cue: Cue) -> None:
    for drug in cue.drugs:
        story.last = story.end(drug.name, _place(cue, drug))
    story.stopped[cue.start] = () if cue.drugs else _others(scan, story, cue)
    for name in story.stopped[cue.start]:
        story.last = story.end(name, Place(cue.start, cue.end))
    lead = scan.text[max(scan.start, cue.start - 40) : cue.start]
    if not cue.drugs and story.main_drug and _TREATMENT.search(lead):
        story.last = story.end(story.main_drug, Place(cue.start, cue.end))


def _place(cue: Cue, drug: Named) -> Place:
    return Place(min(cue.start, drug.start), max(cue.end, drug.end))


def _others(scan: Scan, story: Story, cue: Cue) -> tuple[str, ...]:
    """Return the drugs that "the other drugs" means: those that are not stopped yet."""
    match = OTHERS.search(scan.text[max(scan.start, cue.start - 60) : cue.start])
    if match is None:
        return ()
    left = [d for d in story.started if story.find(stop_of(d)) is None]
    if match["anti"]:
        return tuple(d for d in left if d not in CYTOKINES and d not in ADJUNCTS)
    number = _HOW_MANY.get(match["which"].lower())
    if number is None or number == len(left):
        return tuple(left)
    groups = [[d for d in left if story.group[d] == story.group[one]] for one in left]
    return tuple(next((g for g in reversed(groups) if len(g) == number), ()))


_HOW_MANY: Final = {"both": 2, "two": 2, "three": 3, "four": 4}
_GIVEN: Final = (Happening.START, Happening.CHANGE, Happening.STOP)
_COURSE: Final = (Happening.RESOLVED, Happening.IMPROVED, Happening.WORSE)


def _given_for(scan: Scan, story: Story, relation: Relation, cues: Sequence[Cue]) -> None:
    """Record how long a drug was given: to its stop, or to the next drug's start."""
    treated = re.search(r"therap|treat", scan.text[relation.duration.end : relation.end], re.I)
    spoken = any(c.happening in _GIVEN and c.end <= relation.start for c in cues)
    named = story.main_drug if treated else story.drug or story.main_drug
    drug = relation.drug or (named if spoken or treated else None)
    if drug is None or relation.duration.high is not None:
        return
    if not _is_length(scan, relation, drug, cues, treated=treated is not None):
        return
    length = relation.duration.texts[0]
    place = Place(relation.start, relation.duration.end)
    scan.use(relation.start, relation.duration.end)
    if _TAPERED.match(scan.text, relation.duration.end):
        taper = f"{plain(drug)}-taper"
        story.hang(taper, story.begin(drug, place), length, place, f"{drug} is tapered")
        return
    later = [c for c in cues if c.start >= relation.end and c.happening is Happening.START]
    others = [d.name for c in later for d in c.drugs if d.name != drug]
    for name in _together(scan, relation, drug, cues):
        begin = story.begin(name, place)
        until = later and re.search(r"\bwhen\b", scan.text[relation.end : later[0].start])
        if others and (_AFTER_FIRST.match(scan.words) or until):
            story.hang(story.begin(others[0], place), begin, length, place)
        else:
            story.hang(story.end(name, place), begin, length, place)


_FURTHER = re.compile(r"\b(?:further|another|additional)\s?$", re.I)


def _is_length(
    scan: Scan, relation: Relation, drug: str, cues: Sequence[Cue], *, treated: bool
) -> bool:
    """Return whether a length of time says how long a drug was given from its start to its stop."""
    last = next((c.happening for c in reversed(cues) if c.end <= relation.start), None)
    if last in (Happening.CHANGE, Happening.STOP) or (last in _COURSE and not treated):
        return False
    doses = [a for a in scan.doses() if a.end <= relation.start]
    if len(doses) > 1 and not any(doses[0].end <= d.start < relation.start for d in scan.drugs):
        return False  # the length of a later dose: "40 mg for 5 days and 20 mg for 11 days"
    if _FURTHER.search(scan.text[max(scan.start, relation.start - 16) : relation.start]):
        return False  # from some later time on: "for a further 11 months"
    named = [d.end for d in scan.drugs if d.name == drug and d.end <= relation.start]
    if named and any(named[-1] <= a.start and a.end <= relation.start for a in scan.values()):
        return False  # "whose count had been 200/uL for two years"
    follows = [m.end() for m in _FOLLOWED.finditer(scan.text, scan.start, relation.start)]
    if follows and any(d.name == drug and d.end <= follows[-1] for d in scan.drugs):
        return False
    return not _leads_to_a_dose(scan, relation, drug)


def _leads_to_a_dose(scan: Scan, relation: Relation, drug: str) -> bool:
    """Return whether another dose of the same drug follows: "1 MIU for 12 weeks, then 3 MIU"."""
    before = [a for a in scan.doses() if a.end <= relation.start]
    after = [a for a in scan.doses() if a.start >= relation.end]
    if not before or not after:
        return False
    between = [d.name for d in scan.drugs if relation.end <= d.start < after[0].end + 30]
    return all(name == drug for name in between)


def _together(scan: Scan, relation: Relation, drug: str, cues: Sequence[Cue]) -> tuple[str, ...]:
    """Return the drugs that were given together for one length of time: "A and B for 14 days"."""
    for cue in cues:
        before = [d.name for d in cue.drugs if d.end <= relation.start]
        first = min((d.start for d in cue.drugs), default=scan.start)
        lengths = [
            r for r in scan.relations if r.tie is Tie.LENGTH and first <= r.start < relation.start
        ]
        if before and before[-1] == drug and not lengths:
            later = {d.name for d in scan.drugs if d.start >= relation.end}
            return tuple(n for n in dict.fromkeys(before) if n not in later)
    return (drug,)


_CAME = re.compile(
    r"\b(?:history|present(?:ed|ing|s)|admitted|hospitali[sz]ed|referred|past|last|previous|"
    r"duration|complain\w+|before|prior|earlier|suffered|had had)\b",
    re.I,
)


def _seen_for(scan: Scan, story: Story, relation: Relation) -> None:
    """Record how long symptoms had lasted, or how long the patient was followed."""
    late = any(at < relation.start for at in story.begun.values())
    if relation.tie is Tie.HISTORY and late and not _CAME.search(scan.words):
        return  # "a rash lasting 4 days" under treatment
    if relation.duration.high is not None:
        return
    place = Place(relation.start, relation.end)
    length = relation.duration.texts[0]
    scan.use(relation.start, relation.duration.end)
    if relation.tie is Tie.HISTORY:
        story.event("presentation", place)
        story.hang("symptom-onset", "presentation", f"-{length}", place)
        story.length("symptom-onset", "presentation", length, place)
        return
    anchor = story.last or story.event("presentation", place)
    if story.find("last-follow-up") is None:
        story.hang("last-follow-up", anchor, length, place)


def _followed(scan: Scan, story: Story, cues: Sequence[Cue]) -> None:
    """Let a drug that follows another begin where that one ends."""
    for match in _FOLLOWED.finditer(scan.text, scan.start, scan.end):
        before = [d for d in scan.drugs if d.end <= match.start()]
        after = [d for d in scan.drugs if match.end() <= d.start < match.end() + 60]
        if not before or not after or before[-1].name == after[0].name:
            continue
        if story.begun.get(after[0].name, match.start()) < match.start():
            continue  # "A and B for 2 months, followed by A"
        place = Place(match.start(), after[0].end)
        stop, start = story.end(before[-1].name, place), story.begin(after[0].name, place)
        event = story.find(start)
        if event is not None and event.keys["at"] == UNDATED:
            event.keys["at"] = stop
            event.places.append(place)
        story.last = start
