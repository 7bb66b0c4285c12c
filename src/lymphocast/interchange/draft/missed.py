"""Missed doses: doses that were missed, skipped or held, and pauses of a drug."""

import re
from typing import Final

from lymphocast.interchange.citation import plain
from lymphocast.interchange.draft.relations import Relation
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import Kind, Place, Story
from lymphocast.record.events import MissedKind

_VERB: Final = r"(?:missed|skipped|omitted|withheld|held|not given)"
_MISSED = re.compile(
    rf"\b(?P<verb>{_VERB})\b[^.;]{{0,40}}\bdoses?\b"
    rf"|\bdoses?(?: \d{{1,2}})? (?:of [\w-]+ )?(?:were|was) (?P<verb2>{_VERB})\b",
    re.I,
)
_KINDS: Final = {
    "missed": MissedKind.MISSED,
    "skipped": MissedKind.SKIPPED,
    "withheld": MissedKind.HELD,
    "held": MissedKind.HELD,
}
_PAUSED = re.compile(
    r"\b(?:interrupted|suspended|paused|withheld|held)(?: temporarily| briefly)? for "
    r"(?:only |about )?$",
    re.I,
)


def read_missed(scan: Scan, story: Story) -> None:
    """Add the doses that a sentence says were not given."""
    for match in _MISSED.finditer(scan.text, scan.start, scan.end):
        drug = scan.drugs[0].name if scan.drugs else story.main_drug
        if drug is not None:
            kind = _KINDS.get((match["verb"] or match["verb2"]).lower())
            keys: dict[str, object] = {"drug": drug, "dates_known": "false"}
            if kind is not None:
                keys["kind"] = kind.value
            _add(story, drug, keys, Place(*match.span()))
    for relation in scan.relations:
        if _PAUSED.search(scan.text, scan.start, relation.start):
            _pause(scan, story, relation)


def _pause(scan: Scan, story: Story, relation: Relation) -> None:
    """Add a pause of a drug: "interrupted for 3 weeks in July 2000"."""
    before = [d.name for d in scan.drugs if d.end <= relation.start]
    drug = before[-1] if before else story.main_drug
    if drug is None or relation.duration.high is not None:
        return
    scan.use(relation.start, relation.duration.end)
    place = Place(relation.start, relation.duration.end)
    keys: dict[str, object] = {"drug": drug, "kind": MissedKind.HELD.value}
    after = [d for d in scan.dates if d.start >= relation.end and d.asks is None]
    if after:
        pause, date = story.name(f"{plain(drug)}-pause"), after[0]
        story.date(pause, date.text, Place(date.start, date.end), f"{drug} is interrupted")
        scan.use(date.start, date.end)
        stop = f"{pause} + {relation.duration.texts[0]}"
        keys |= {"dates_known": "true", "start": pause, "stop": stop}
    else:
        keys |= {"dates_known": "false"}
    _add(story, drug, keys, place)


def _add(story: Story, drug: str, keys: dict[str, object], place: Place) -> None:
    story.add("missed_doses", f"{drug}-missed", Kind.MISSED, keys, place, subject=drug)
