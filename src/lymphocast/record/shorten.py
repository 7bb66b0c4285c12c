"""The short forms of a case file, put back into the tree of a record: the reverse of ``expand``."""

from collections.abc import Iterator, Mapping, Sequence

from lymphocast.record.expand import DOSE_KEYS, REPLACED, point_texts
from lymphocast.record.figure import read_point
from lymphocast.record.kinds import JsonObject
from lymphocast.record.misread import Misread
from lymphocast.record.patient import PatientRecord

SAID_BY_DOSING = frozenset({"amount", "per", "divided", "cycle"})


def shortened(record: PatientRecord, tree: JsonObject) -> JsonObject:
    """Return the tree of a record with its short forms where they say the same."""
    return {key: _section(record, key, value) for key, value in tree.items()}


def _section(record: PatientRecord, key: str, value: object) -> object:
    """Return one section with its short forms."""
    if key == "administrations":
        return list(_ladders([_in_words(item) for item in _tables(value)]))
    if key == "measurements":
        return [_by_pixels(record, item) for item in _tables(value)]
    return value


def _tables(value: object) -> list[JsonObject]:
    """Return the mappings of a section."""
    items = value if isinstance(value, Sequence) else ()
    return [item for item in items if isinstance(item, Mapping)]


def _in_words(stretch: JsonObject) -> JsonObject:
    """Return a stretch of treatment without the numbers that its words say."""
    if "dosing" not in stretch:
        return stretch
    return {key: value for key, value in stretch.items() if key not in SAID_BY_DOSING}


def _by_pixels(record: PatientRecord, measurement: JsonObject) -> JsonObject:
    """Return a measurement without what its point in a figure gives."""
    place = measurement.get("read_off")
    name = place.get("figure") if isinstance(place, Mapping) else None
    figure = next((f for f in record.figures if f.id == name), None)
    if figure is None or not isinstance(place, Mapping):
        return measurement
    try:
        point = read_point(figure, float(place["x"]), float(place["y"]))
    except Misread:
        return measurement
    given = {**dict(point_texts(point)), "reading_error": point.reading_error}
    return {key: v for key, v in measurement.items() if key not in given or given[key] != v}


def _ladders(stretches: Sequence[JsonObject]) -> Iterator[JsonObject]:
    """Return stretches with those that follow each other as one ladder."""
    place = 0
    while place < len(stretches):
        end = place + 1
        while end < len(stretches) and _next_rung(stretches, place, end):
            end += 1
        yield _ladder(stretches[place:end]) if end - place > 1 else stretches[place]
        place = end


def _next_rung(stretches: Sequence[JsonObject], first: int, place: int) -> bool:
    """Return whether a stretch is the next rung of the ladder that begins with ``first``."""
    one, before, this = stretches[first], stretches[place - 1], stretches[place]
    return (
        this["id"] == f"{one['id']}-rung-{place - first + 1}"
        and this["start"] == before["stop"]
        and _rest(this) == _rest(one)
    )


def _rest(stretch: JsonObject) -> JsonObject:
    """Return what the rungs of a ladder share."""
    return {k: v for k, v in stretch.items() if k not in DOSE_KEYS and k not in REPLACED}


def _ladder(rungs: Sequence[JsonObject]) -> JsonObject:
    """Return one stretch with a ladder."""
    steps = [
        {"start": rung["start"], **{k: v for k, v in rung.items() if k in DOSE_KEYS}}
        for rung in rungs
    ]
    rest = _rest(rungs[0])
    return {
        "id": rungs[0]["id"],
        **{k: v for k, v in rest.items() if k != "provenance"},
        "ladder": steps,
        "stop": rungs[-1]["stop"],
        **{k: v for k, v in rest.items() if k == "provenance"},
    }
