"""What a packet lost of a record, with the facts of both put side by side again.

The facts of a packet have no names, so the copy that is read back is given the names of the
original before the two are compared; the names themselves are listed once for each section. Two
ways of writing the same days are no difference, nor is a code that the tables give the name anyway.
"""

from collections.abc import Iterator, Mapping, Sequence

from lymphocast.interchange.exchange import Dropped, lost
from lymphocast.interchange.phenopacket_sources import PACKET, Names
from lymphocast.interchange.phenopacket_terms import Json
from lymphocast.interchange.phenopacket_times import days_text
from lymphocast.record.analytes import ANALYTES
from lymphocast.record.casefile import build_case, case_tree
from lymphocast.record.names import DRUGS, TERMS, NameTable, codes_of
from lymphocast.record.patient import PatientRecord
from lymphocast.record.when import DateText, RangeText, parse_time

NO_PLACE = "a Phenopacket has no place for it"
_TIMES = frozenset({"at", "start", "stop", "until", "born", "dates"})
_NAMES: Mapping[str, tuple[str, NameTable]] = {
    "administrations": ("drug", DRUGS),
    "measurements": ("analyte", ANALYTES),
    "symptoms": ("term", TERMS),
    "adverse_events": ("term", TERMS),
    "findings": ("term", TERMS),
}
_ANYWHERE = "-"


def losses(
    record: PatientRecord, back: PatientRecord, order: Mapping[str, Sequence[str]]
) -> tuple[Dropped, ...]:
    """Return what of a record is not in the packet that was read back.

    Parameters
    ----------
    order
        Identifiers of the facts that were written, by section, in the order of the packet.
    """
    ours, theirs = _plain(case_tree(record)), _plain(case_tree(back))
    names = _new_names(ours, theirs, order)
    renamed = _renamed(theirs, names)
    named = tuple(_unnamed(names))
    compared = lost(build_case(ours, record.id), build_case(renamed, record.id), NO_PLACE)
    return (*named, *compared)


def _plain(tree: Mapping[str, object]) -> Json:
    """Return a tree in which equal things are written alike."""
    plain = {key: _alike(value, key) for key, value in tree.items()}
    for section, (key, table) in _NAMES.items():
        for fact in _facts(plain, section):
            codes = fact.get("codes")
            if isinstance(codes, list):
                known = codes_of(str(fact.get(key, "")), table)
                fact["codes"] = [code for code in codes if code not in known] or None
    return plain


def _alike(value: object, key: str) -> object:
    """Return a value with its times in their shortest form and places in the packet unsaid."""
    if isinstance(value, Mapping):
        made = {k: _alike(v, k) for k, v in value.items()}
        if made.get("source") == PACKET and "method" in made:
            made["locator"] = _ANYWHERE
        return made
    if isinstance(value, list):
        return [_alike(item, key) for item in value]
    return _shortest(value) if isinstance(value, str) and key in _TIMES else value


def _shortest(text: str) -> str:
    """Return a time that stands on the calendar in its shortest form, any other as it is."""
    time = parse_time(text)
    if isinstance(time, DateText):
        return days_text(time.earliest, time.latest)
    if isinstance(time, RangeText):
        first, last = time.first, time.last
        if isinstance(first, DateText) and isinstance(last, DateText):
            return days_text(first.earliest, last.latest)
    return text


def _facts(tree: Json, section: str) -> list[Json]:
    """Return the facts of one section."""
    items = tree.get(section)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _new_names(
    ours: Json, theirs: Json, order: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, str]]:
    """Return the original name of each fact that was read back, by section."""
    names: dict[str, dict[str, str]] = {}
    for section in ("sources", *_NAMES, "cultures", "workup"):
        found = [str(fact["id"]) for fact in _facts(theirs, section)]
        written = order.get(section, ())
        if section == "sources":
            # The packet itself comes first; it may need another name than a source of ours.
            free = Names(set(written)).take(PACKET, PACKET)
            written = (free, *written)
        # Without as many facts as were written nobody knows which is which: all are listed.
        same = len(found) == len(written)
        names[section] = dict(zip(found, written, strict=True)) if same else {}
    return names


def _renamed(tree: Json, names: Mapping[str, Mapping[str, str]]) -> Json:
    """Return a tree with other names of its facts and sources."""
    sources = names["sources"]

    def renamed(value: object) -> object:
        if isinstance(value, Mapping):
            made = {key: renamed(item) for key, item in value.items()}
            if "source" in made and "method" in made:
                made["source"] = sources.get(str(made["source"]), made["source"])
            return made
        return [renamed(item) for item in value] if isinstance(value, list) else value

    made = {key: renamed(value) for key, value in tree.items()}
    for section, new in names.items():
        for fact in _facts(made, section):
            fact["id"] = new.get(str(fact["id"]), fact["id"])
    return made


def _unnamed(names: Mapping[str, Mapping[str, str]]) -> Iterator[Dropped]:
    """Return the names of facts that did not come back, one entry for each section."""
    for section, pairs in names.items():
        changed = [new for old, new in pairs.items() if old != new and old != PACKET]
        if changed:
            more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
            yield Dropped(f"{section}.id", ", ".join(changed[:3]) + more, NO_PLACE)
