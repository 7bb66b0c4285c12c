"""The facts of one patient as a case file, and the record that is built from it."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, final

from lymphocast.errors import ExchangeError, RecordError
from lymphocast.interchange.citation import plain, squeezed
from lymphocast.interchange.fhir_bundle.account import Account
from lymphocast.interchange.fhir_bundle.element import Element, shown
from lymphocast.interchange.fhir_bundle.facts import ID_LENGTH, fact_id
from lymphocast.interchange.fhir_bundle.index import Entry
from lymphocast.record.casefile import build_case
from lymphocast.record.patient import PatientRecord

ONE_SOURCE: Final = (
    "Assumed to be one source: the bundle does not say of each fact where it stands."
)
Tree = dict[str, object]


@final
@dataclass
class Item:
    """One fact with the resource it comes from; ``own`` if this project's extension was there."""

    section: str
    keys: Tree
    entry: Entry
    own: bool = False


@final
@dataclass
class Case:
    """What is known of one patient."""

    resource: Element
    person: Tree = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    own: bool = False


def built(cases: Iterable[Case], origin: Element, account: Account) -> tuple[PatientRecord, ...]:
    """Return the record of each patient."""
    taken: set[str] = set()
    return tuple(_record(case, origin, taken, account) for case in cases)


def _source(origin: Element, taken: Collection[str]) -> Tree:
    """Return the bundle as a source."""
    stated = origin.data.get("identifier")
    value = stated.get("value") if isinstance(stated, dict) else None
    names = (value, origin.data.get("id"), origin.file.rpartition(".")[0] or origin.file)
    label = next(name for name in (*names, "bundle") if isinstance(name, str) and name.strip())
    when = origin.data.get("timestamp")
    dated = f" of {when}" if isinstance(when, str) else ""
    citation = squeezed(f"FHIR R4 data {label}{dated}, read from {origin.file}")
    name = _unlike(plain(label)[: ID_LENGTH - 9].strip("-") or "bundle", taken)
    return {"id": name, "citation": citation, "note": ONE_SOURCE}


def _record(case: Case, origin: Element, taken: set[str], account: Account) -> PatientRecord:
    """Return the record of one patient."""
    head = next((i.keys for i in case.items if i.section == "case"), {})
    sources = [item.keys for item in case.items if item.section == "sources"]
    bundle = _source(origin, {str(source.get("id")) for source in sources})
    name = _unlike(fact_id(case.resource, "Patient"), taken)
    taken.add(name)
    facts = [item for item in case.items if item.section not in {"case", "sources"}]
    _name_facts(facts)
    foreign = [item for item in facts if not item.own]
    for item in foreign:
        item.keys["provenance"] = _provenance(item, str(bundle["id"]))
    person = case.person
    if person and not case.own:
        person = {**person, "provenance": [_stated(bundle, _local(case.resource, "Patient"))]}
    kept = [*sources, bundle] if foreign or not sources or (person and not case.own) else sources
    tree: Tree = {
        "id": name,
        "title": f"Patient {name} of {bundle['citation']}",
        **head,
        "sources": kept,
        **({"patient": person} if person else {}),
    }
    return _settled(tree, facts, case.resource.file, account)


def _settled(tree: Tree, facts: list[Item], file: str, account: Account) -> PatientRecord:
    """Build a record; facts of other software that no case file can hold are listed."""
    try:
        return build_case({**tree, **_sections(facts)}, file)
    except RecordError as error:
        whole = error
    kept = []
    for item in facts:
        why = None if item.own else _refusal(tree, item, file)
        if why is None:
            kept.append(item)
        else:
            what = shown(item.keys.get("what") or item.keys["id"])
            account.fact(item.entry.resource.place, what, why)
    if len(kept) == len(facts):
        raise ExchangeError(file, _culprit(tree, facts, file, whole), whole.found, whole.needed)
    try:
        return build_case({**tree, **_sections(kept)}, file)
    except RecordError as error:
        place = _culprit(tree, kept, file, error)
        raise ExchangeError(file, place, error.found, error.needed) from None


def _refusal(tree: Tree, item: Item, file: str) -> str | None:
    """Return why a fact cannot stand in a case file, or ``None`` if it can."""
    alone = {key: tree[key] for key in ("id", "title", "sources")}
    try:
        build_case({**alone, item.section: [item.keys]}, file)
    except RecordError as error:
        return f"found {error.found}; needed {error.needed}"
    return None


def _culprit(tree: Tree, facts: list[Item], file: str, error: RecordError) -> str | None:
    """Return the place of the fact that alone is refused for the same reason."""
    reason = f"found {error.found}; needed {error.needed}"
    return next((i.entry.resource.place for i in facts if _refusal(tree, i, file) == reason), None)


def _sections(facts: list[Item]) -> Tree:
    """Return the facts by the section that each belongs to."""
    found: dict[str, list[Tree]] = {}
    for item in facts:
        found.setdefault(item.section, []).append(item.keys)
    return dict(found)


def _name_facts(facts: list[Item]) -> None:
    """Give every fact of other software an identifier that no other fact has."""
    taken = {str(item.keys.get("id")) for item in facts if item.own}
    for item in facts:
        if item.own:
            continue
        name = str(item.keys["id"])
        if name in taken:
            name = _unlike(f"{plain(item.entry.kind)}-{name}"[: ID_LENGTH - 8].strip("-"), taken)
        item.keys["id"] = name
        taken.add(name)


def _unlike(name: str, taken: Collection[str]) -> str:
    """Return a name with the first number that makes it differ from those taken."""
    return name if name not in taken else next(n for n in _numbered(name) if n not in taken)


def _numbered(name: str) -> Iterator[str]:
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def _provenance(item: Item, source: str) -> list[Tree]:
    """Return where a fact of other software stands."""
    note = item.keys.get("provenance")
    where = {"source": source, "locator": _local(item.entry.resource, item.entry.kind)}
    if isinstance(note, str):
        return [{**where, "method": "assumed", "note": note}]
    return [{**where, "method": "stated"}]


def _stated(bundle: Tree, locator: str) -> Tree:
    return {"source": bundle["id"], "locator": locator, "method": "stated"}


def _local(resource: Element, kind: str) -> str:
    """Return type and id of a resource, or its place."""
    name = resource.data.get("id")
    if isinstance(name, str) and name.strip():
        return squeezed(f"{kind}/{name}")
    return squeezed(resource.place) or kind
