"""Assemble: a story as a case file, in which every fact is marked ``proposed``."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, final

from lymphocast.interchange.citation import Citation, squeezed
from lymphocast.interchange.draft.doubts import Doubt
from lymphocast.interchange.draft.page import Page
from lymphocast.interchange.draft.story import Fact, Kind, Place, Story, Stretch, stop_of
from lymphocast.record.misread import Misread
from lymphocast.record.provenance import Method
from lymphocast.record.when import When, parse_when

SECTIONS: Final = (
    "events",
    "administrations",
    "missed_doses",
    "measurements",
    "cultures",
    "symptoms",
    "adverse_events",
    "durations",
    "findings",
    "workup",
    "questions",
)
EARLIEST: Final = "1900"
LATEST: Final = "2099"
"""Years between which an event lies that nothing dates: before its publication, or at any time."""


@final
@dataclass(frozen=True)
class Proposal:
    """One fact proposed, or one question, with the place that it was read from.

    Parameters
    ----------
    id
        Its name in the case file; ``patient`` for age, sex and ancestry.
    kind
        What sort of fact it is; ``question`` for what is ambiguous.
    text
        The fact in one line, or the question.
    subject, value, unit
        What is measured or given, and how much, as the case file writes it; nothing where the fact
        has no number.
    at
        Its time as the case file writes it; empty if it has none.
    start, end
        Where its value stands: ``page.text[start:end]`` is ``quote``, but for white space.
    """

    id: str
    kind: Kind
    text: str
    subject: str
    value: float | None
    unit: str
    at: str
    start: int
    end: int
    quote: str


@final
@dataclass(frozen=True)
class Draft:
    """A case file of proposals, as the mapping that it is written from."""

    page: Page
    case: Mapping[str, object]
    proposals: tuple[Proposal, ...]

    @property
    def questions(self) -> tuple[Proposal, ...]:
        """What must be answered before it can be a fact."""
        return tuple(p for p in self.proposals if p.kind is Kind.QUESTION)

    @property
    def facts(self) -> tuple[Proposal, ...]:
        """What is proposed."""
        return tuple(p for p in self.proposals if p.kind is not Kind.QUESTION)


def assemble(page: Page, story: Story) -> Draft:
    """Return the case file that holds a story."""
    undated = _interval(page.citation)
    _close(story, undated)
    _ask_for_dates(story)
    case: dict[str, object] = {
        "id": f"{page.citation.id}-draft",
        "title": squeezed(page.citation.title),
        "sources": [_source(page)],
    }
    for fact in story.facts:
        if fact.section == "patient":
            case["patient"] = {**fact.keys, "provenance": list(_provenance(page, fact))}
    for section in SECTIONS:
        rows = [_row(page, f) for f in story.facts if f.section == section]
        if rows:
            case[section] = rows
    return Draft(page, case, tuple(_proposal(page, f) for f in story.facts))


def _interval(citation: Citation) -> str:
    """Return the days on which an undated event can lie."""
    if citation.year is None:
        return f"{EARLIEST}/{LATEST}"
    month = f"-{citation.month:02}" if citation.month else ""
    return f"{EARLIEST}/{citation.year}{month}"


def _close(story: Story, undated: str) -> None:
    """Give every fact a time, and every stretch of treatment an end."""
    latest = undated.partition("/")[2]
    for fact in story.facts:
        if fact.keys.get("at") == "":
            fact.keys["at"] = undated
    times = _times(story)
    for fact in story.facts:
        at = str(fact.keys.get("at", ""))
        if at.endswith("/"):
            fact.keys["at"] = _until(times, at[:-1], latest)
        elif at and fact.id not in times:
            fact.keys["at"] = undated  # an interval that ends before it begins
    for stretch in story.stretches:
        keys = stretch.fact.keys
        keys["stop"] = _stop_of(story, stretch, latest, times)
        if story.misprinted.get(stretch.drug):
            keys["printed"] = list(story.misprinted[stretch.drug])


def _times(story: Story) -> Mapping[str, When]:
    """Return the days of every fact whose time can be read, whatever their order."""
    waiting = {f.id: str(f.keys["at"]) for f in story.facts if "at" in f.keys}
    times: dict[str, When] = {}
    found = True
    while found:
        found = False
        for name, at in tuple(waiting.items()):
            try:
                times[name] = parse_when(at, times)
            except Misread:
                continue
            del waiting[name]
            found = True
    return times


def _until(times: Mapping[str, When], start: str, latest: str) -> str:
    """Return the days from a fact to the publication; the fact's own if it is dated later."""
    known = times.get(start)
    late = known is not None and known.earliest > parse_when(latest).latest
    return start if late else f"{start}/{latest}"


def _stop_of(story: Story, stretch: Stretch, latest: str, times: Mapping[str, When]) -> str:
    """Return the end of a stretch: the next dose of its drug, its stop, or any time after it."""
    start = str(stretch.fact.keys["start"])
    own = [s for s in story.stretches if s.drug == stretch.drug]
    if stretch.single:
        return start
    stop = stop_of(stretch.drug)
    if stretch is not own[-1]:
        stop = str(own[own.index(stretch) + 1].fact.keys["start"])
    begin, end = times.get(start), times.get(stop)
    if story.find(stop) is None or begin is None or end is None:
        return _until(times, start, latest)
    if end.latest < begin.earliest:
        place = stretch.fact.places[0]
        question = f"{stop} ({end.dates}) lies before {start} ({begin.dates}): which is right?"
        story.ask(Doubt(question, (stop, start)), place.start, place.end)
        return _until(times, start, latest)
    return stop


def _ask_for_dates(story: Story) -> None:
    """Ask once for the dates of the events that nothing dates."""
    undated = [
        f
        for f in story.facts
        if f.section == "events" and str(f.keys["at"]).startswith(f"{EARLIEST}/")
    ]
    if undated:
        names = ", ".join(f.id for f in undated)
        place = undated[0].places[0]
        keys: dict[str, object] = {"text": f"no date is stated for {names}: when were they?"}
        story.add("questions", "question-dates", Kind.QUESTION, keys, Place(place.start, place.end))


def _source(page: Page) -> dict[str, object]:
    source = page.citation.source()
    found: dict[str, object] = {
        "id": source.id,
        "citation": squeezed(source.citation) if page.cited else page.file,
        "doi": source.doi,
        "pmid": source.pmid,
        "note": f"Read from {squeezed(page.file)}; characters are counted from 0.",
    }
    return {key: value for key, value in found.items() if value}


def _row(page: Page, fact: Fact) -> dict[str, object]:
    keys = {k: squeezed(v) if isinstance(v, str) else v for k, v in fact.keys.items()}
    return {"id": fact.id, **keys, "provenance": list(_provenance(page, fact))}


def _provenance(page: Page, fact: Fact) -> Iterator[dict[str, object]]:
    for place in fact.places:
        quote = f'"{quoted(page, place.start, place.end)}"'
        yield {
            "source": page.citation.id,
            "locator": f"{_section(page, place)}, characters {place.start}-{place.end}",
            "method": Method.PROPOSED.value,
            "note": f"{quote}; {place.note}" if place.note else quote,
        }


def quoted(page: Page, start: int, end: int) -> str:
    """Return the exact text of a span, with single blanks."""
    return squeezed(page.text[start:end])


def _section(page: Page, place: Place) -> str:
    found = (s.name for s in page.sections if s.start <= place.start and place.end <= s.end)
    return next(found, "page")


def _proposal(page: Page, fact: Fact) -> Proposal:
    place = fact.places[0]
    return Proposal(
        id=fact.id,
        kind=fact.kind,
        text=_line(fact),
        subject=fact.subject,
        value=fact.value,
        unit=fact.unit,
        at=str(fact.keys.get("at", "")),
        start=place.start,
        end=place.end,
        quote=quoted(page, place.start, place.end),
    )


def _line(fact: Fact) -> str:
    left_out = ("printed", "route", "product", "choices")
    values = (str(v) for k, v in fact.keys.items() if k not in left_out)
    return re.sub(r"\s+", " ", " ".join(values))
