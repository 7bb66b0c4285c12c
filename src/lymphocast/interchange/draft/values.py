"""Values: counts and laboratory values with their analyte, and the time at which each was taken."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from lymphocast.interchange.draft.analytes import Value, values_of
from lymphocast.interchange.draft.dates import Dated
from lymphocast.interchange.draft.doubts import Doubt
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import Kind, Place, Story
from lymphocast.interchange.draft.timing import Taken, times_of_values
from lymphocast.record.analytes import suits
from lymphocast.record.context import Limit
from lymphocast.units import UNITS, number_text

_NEVER = re.compile(r"\b(?:never|not) ", re.I)
_LASTING = re.compile(
    r"\b(?:never|not|remain\w*|stay\w*|persist\w*|always|consistently|constantly) ", re.I
)
_LIMITS: Final = {"<": Limit.BELOW, ">": Limit.ABOVE}
_TITRE = re.compile(r"(?<![\w.:])1\s?:\s?(\d[\d, ]*\d|\d)(?![\w:])")
_PRESSURE = re.compile(r"(?<![\w.])(\d{2,3})\s?/\s?(\d{2,3})\s?mm\s?hg", re.I)


def read_values(scan: Scan, story: Story) -> None:
    """Add the measurements of a sentence; what is ambiguous becomes a question."""
    _titres(scan, story)
    values = values_of(scan, story)
    taken = _distinct(values, times_of_values(scan, story, [v.amount for v in values]))
    for value, when in zip(values, taken, strict=True):
        scan.use(value.amount.start, value.amount.end)
        _add(scan, story, value, when)
    spoken = [a.name for a in scan.analytes if a.term.counted]
    story.spoken = spoken[-1] if spoken else story.spoken


def _distinct(values: Sequence[Value], taken: Sequence[Taken]) -> Iterator[Taken]:
    """Leave a time that is told once to the nearest of several values of the same analyte."""
    for value, when in zip(values, taken, strict=True):
        rivals = [
            abs(v.amount.start - t.places[0].start)
            for v, t in zip(values, taken, strict=True)
            if t.places and t.text == when.text and _alike(v, value)
        ]
        away = abs(value.amount.start - when.places[0].start) if when.places else 0
        yield when if not when.places or away <= min(rivals) else Taken()


def _alike(one: Value, two: Value) -> bool:
    """Return whether two values are of one analyte in one kind of unit."""
    return one.analyte == two.analyte and one.amount.sort is two.amount.sort


def _titres(scan: Scan, story: Story) -> None:
    """Add titres as findings: cryptococcal antigen 1:512."""
    for match in _PRESSURE.finditer(scan.text, scan.start, scan.end):
        scan.use(*match.span())
        what = f"blood pressure {match[1]}/{match[2]} mm[Hg]"
        story.add(
            "findings",
            "blood-pressure",
            Kind.FINDING,
            {"what": what},
            Place(*match.span()),
            subject="blood pressure",
            value=float(match[1]),
            unit="mm[Hg]",
        )
    for match in _TITRE.finditer(scan.text, scan.start, scan.end):
        named = [a for a in scan.analytes if a.end <= match.start() and not a.term.counted]
        what = f"{named[-1].name} {match[0]}" if named else f"titre {match[0]}"
        scan.use(*match.span())
        titre = float(re.sub(r"[, ]", "", match[1]))
        story.add(
            "findings",
            "titre",
            Kind.FINDING,
            {"what": what},
            Place(*match.span()),
            subject=named[-1].name if named else "",
            value=titre,
        )


def _add(scan: Scan, story: Story, value: Value, when: Taken) -> None:
    amount = value.amount
    if value.asks is not None:
        story.ask(value.asks, amount.start, amount.end)
        return
    if not amount.unit:
        quoted = scan.text[amount.start : amount.end]
        doubt = Doubt(f"{value.analyte} {quoted}: no unit is printed; cells per uL?")
        story.ask(doubt, amount.start, amount.end)
        return
    notes = [n for n in (value.note, when.note) if n]
    place = Place(amount.start, amount.end, "; ".join(notes))
    story.measured.append(value.analyte)
    in_words = value.analyte.endswith(("change", "loss", "gain")) or amount.high is not None
    lead = scan.text[max(scan.start, amount.start - 40) : amount.start]
    if amount.sign and _LASTING.search(lead):
        when = Taken()
    in_words |= bool(amount.sign) and _NEVER.search(lead) is not None
    if in_words or amount.value <= 0 or not _holds(value.analyte, amount.unit):
        _in_words(story, value, when, place)
    else:
        _measured(story, value, when, place)


def _holds(analyte: str, unit: str) -> bool:
    """Return whether a case file can hold a measurement of this analyte in this unit."""
    return unit in UNITS and suits(analyte, unit, unit)


def _in_words(story: Story, value: Value, when: Taken, place: Place) -> None:
    """Add a range, a bound never passed, or a value in a unit that case files do not have."""
    amount = value.amount
    at: dict[str, object] = {"at": when.text} if when.text else {}
    story.add(
        "findings",
        value.analyte,
        Kind.FINDING,
        {"what": f"{value.analyte} {amount.text}", **at},
        place,
        *when.places,
        subject=value.analyte,
        value=amount.value,
        unit=amount.unit,
    )


def _measured(story: Story, value: Value, when: Taken, place: Place) -> None:
    """Add a measurement, or the place of one that is known already."""
    amount = value.amount
    story.units.setdefault(value.analyte, amount.unit)
    keys: dict[str, object] = {
        "analyte": value.analyte,
        "value": f"{number_text(amount.value)} {amount.unit}",
        **({"limit": _LIMITS[amount.sign].value} if amount.sign else {}),
        "at": when.text,
    }
    places = (place, *when.places)
    for known in story.facts:
        if known.section != "measurements" or any(
            known.keys.get(key) != keys.get(key) for key in ("analyte", "value", "limit")
        ):
            continue
        if not when.text or known.keys["at"] in ("", when.text):
            known.keys["at"] = known.keys["at"] or when.text
            known.places += [p for p in places if p not in known.places]
            return
    fact = story.add(
        "measurements",
        f"{value.analyte}-{number_text(amount.value)}",
        Kind.MEASUREMENT,
        keys,
        *places,
        subject=value.analyte,
        value=amount.value,
        unit=amount.unit,
    )
    if when.text:
        story.last = fact.id


def bare_dates(scan: Scan) -> tuple[Dated, ...]:
    """Return the dates of a sentence that no fact has used."""
    return tuple(d for d in scan.dates if not scan.is_used(d.start, d.end))
