"""Anchors: the event from which a text counts a length of time."""

from lymphocast.interchange.draft.relations import Relation, Tie
from lymphocast.interchange.draft.story import Kind, Place, Story, start_of, stop_of
from lymphocast.units import Quantity


def anchor_of(story: Story, relation: Relation) -> str | None:
    """Return the event that a length of time hangs on; ``None`` if it cannot be told."""
    place = Place(relation.start, relation.end)
    days = relation.duration.numbered and relation.duration.unit == "d"
    if days and (story.in_hospital or relation.anchor == "presentation"):
        story.in_hospital = True  # "day 12" is counted like the "hospital day 9" before it
        return story.event("presentation", place)
    before = _settled(story, story.previous.get(relation.start, story.last))
    if relation.anchor == "elapsed":
        return _elapsed_since(story, relation, before)
    if relation.anchor == "previous":
        return before
    if relation.anchor not in ("start", "stop", "treatment"):
        return story.event(relation.anchor, place) if relation.anchor else None
    named = _counted_from(story, relation) if relation.anchor == "start" else None
    drug = relation.drug or named or story.main_drug
    kind = "stop" if relation.anchor == "stop" else "start"
    if drug is None:
        return story.event(f"treatment-{kind}", place)
    return story.end(drug, place) if kind == "stop" else story.begin(drug, place)


def times_of(story: Story, relation: Relation) -> tuple[str, ...]:
    """Return the times that a length of time gives, as case files write them."""
    if relation.tie not in (Tie.AFTER, Tie.BEFORE) or relation.duration.high is not None:
        return ()
    anchor = anchor_of(story, relation)
    if anchor is None:
        return ()
    sign = "+" if relation.tie is Tie.AFTER else "-"
    return tuple(f"{anchor} {sign} {text}" for text in relation.duration.texts)


def _elapsed_since(story: Story, relation: Relation, before: str | None) -> str | None:
    """Return what "after 6 months" counts from: the treatment that goes on, else what was told."""
    if relation.drug and story.begun.get(relation.drug, relation.start) < relation.start:
        return start_of(relation.drug)
    stopped = _stopped_by(story, relation)
    if stopped is not None:
        return start_of(stopped)
    chosen = story.principal(_going_on(story, relation))
    fact = story.find(before) if before is not None and not chosen else None
    if fact is not None and fact.kind is not Kind.EVENT:
        chosen = _counted_from(story, relation)  # "by 6 months", after a laboratory value
    return start_of(chosen) if chosen else before


def _settled(story: Story, name: str | None) -> str | None:
    """Return the event at whose time a value is, if it is just at an event's time."""
    fact = story.find(name) if name is not None else None
    if fact is None or fact.kind is Kind.EVENT:
        return name
    at = str(fact.keys.get("at", ""))
    return at if story.find(at) is not None else name


def _stopped_by(story: Story, relation: Relation) -> str | None:
    """Return the drug whose stop a length of time dates: "withdrawn after ten days"."""
    for drug in story.started:
        stop = story.find(stop_of(drug))
        if stop is not None and any(p.start <= relation.start < p.end for p in stop.places):
            return drug
    return None


def _counted_from(story: Story, relation: Relation) -> str | None:
    """Return the drug whose start a text counts from: of those begun last one that goes on."""
    begun = [d for d in story.started if story.begun[d] < relation.start]
    last = story.principal(begun)
    together = [d for d in begun if last is not None and story.group[d] == story.group[last]]
    going_on = _going_on(story, relation)
    return story.principal([d for d in together if d in going_on] or together)


def _going_on(story: Story, relation: Relation) -> list[str]:
    """Return the drugs that were begun before a length of time was told, and still go on.

    A drug given for two weeks goes on "after one week".
    """
    at, days = relation.start, _days(relation.duration.texts[0])
    stops = {d: story.find(stop_of(d)) for d in story.started if story.begun[d] < at}
    lasted = {d: str(stop.keys["at"]) for d, stop in stops.items() if stop is not None}
    return [
        d
        for d, stop in stops.items()
        if stop is None
        or stop.places[0].start >= at
        or (lasted[d].startswith(f"{start_of(d)} + ") and days < _days(lasted[d]))
    ]


def _days(text: str) -> float:
    """Return the days of a length such as ``2 wk``, or of the one that a time ends in."""
    value, unit = text.split(" ")[-2:]
    return Quantity(float(value), unit).to("d").value
