"""The case file: one patient's record as YAML (or JSON) that a physician can write by hand.

Reading goes in five steps, each of which can refuse the file with one ``RecordError``: the tree
(``yamltree``), its shape (``fields``), its short forms (``expand``), its names and times
(``resolve``), its values (``kinds``, ``build``) and what facts of different sections owe each
other (here). The checksum of a record is that of its canonical JSON, so comments, order of keys
and line breaks do not change it.
"""

import gc
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from importlib import resources
from pathlib import Path

from lymphocast.errors import RecordError
from lymphocast.record.expand import expanded
from lymphocast.record.kinds import JsonObject, Scope
from lymphocast.record.misread import Misread
from lymphocast.record.patient import Modelling, NominalDate, PatientRecord
from lymphocast.record.resolve import check_timelines, scope_of
from lymphocast.record.schema import CASE, SECTIONS
from lymphocast.record.yamltree import (
    SIZE_LIMIT,
    Items,
    Node,
    Table,
    plain_tree,
    read_tree,
    too_large,
)
from lymphocast.units import commensurable


def case_schema() -> JsonObject:
    """Return the JSON Schema (2020-12) of a case file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lymphocast case file",
        "description": "One patient's record. Every scalar may be written as text.",
        **CASE.schema(),
    }


def shipped_cases() -> tuple[str, ...]:
    """Return the names of the cases that come with the package."""
    names = (item.name for item in resources.files("lymphocast.cases").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def find_case(name_or_path: str) -> Path:
    """Return the path of a case file, or of a shipped case given by its name.

    Raises
    ------
    FileNotFoundError
        If there is neither such a file nor such a shipped case.
    """
    path = Path(name_or_path)
    if path.exists():
        return path
    shipped = shipped_cases()
    if name_or_path in shipped:
        # Cases are package data that is installed as files.
        return Path(str(resources.files("lymphocast.cases") / f"{name_or_path}.yaml"))
    near = get_close_matches(name_or_path, shipped, n=1)
    hint = f"; did you mean the shipped case '{near[0]}'?" if near else ""
    message = f"no file and no shipped case '{name_or_path}'{hint}"
    raise FileNotFoundError(message)


def read_case(path: Path) -> PatientRecord:
    """Read a case file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RecordError
        If it cannot be read: file, line, what was found and what is needed.
    """
    name = path.name
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise too_large(name)
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        found = f"a path that cannot be read ({error.strerror})"
        raise RecordError(name, None, found, "a case file") from None
    return case_of_bytes(content, name)


def case_of_bytes(content: bytes, name: str) -> PatientRecord:
    """Read the bytes of a case file; ``name`` stands for the file in errors.

    Raises
    ------
    RecordError
        If they cannot be read.
    """
    if len(content) > SIZE_LIMIT:
        raise too_large(name)
    return parse_case(_decoded(content, name), name)


def parse_case(text: str, name: str) -> PatientRecord:
    """Read the text of a case file; ``name`` stands for the file in errors.

    Raises
    ------
    RecordError
        If the text cannot be read.
    """
    return _sealed(lambda: read_tree(text, name), name)


def build_case(tree: JsonObject, name: str) -> PatientRecord:
    """Return the record of a case that is already a tree of mappings, lists and texts.

    What reads another format makes such a tree and ends here. Numbers may stand as numbers; keys
    whose value is ``None`` are as if they were left out.

    Raises
    ------
    RecordError
        If the tree is no case; it has no lines, so the message says what was found.
    """
    return _sealed(lambda: plain_tree(tree), name)


def build_node(root: Node, name: str) -> PatientRecord:
    """Return the record of a case that is already a tree of nodes, each with its own line.

    What reads a table numbers its cells and finds the cell of an error by the error's line.

    Raises
    ------
    RecordError
        If the tree is no case.
    """
    return _sealed(lambda: root, name)


def _sealed(tree: Callable[[], Node], name: str) -> PatientRecord:
    """Build the record of a tree and put its checksum on it."""
    with no_collection():
        record, root, scope = _built(tree(), name)
        for node, error in _disagreements(record, root):
            raise scope.error(node, error.found, error.needed)
        digest = hashlib.sha256(canonical_case(record).encode()).hexdigest()
        return replace(record, sha256=digest)


def _built(root: Node, name: str) -> tuple[PatientRecord, Table, Scope]:
    """Return the record of a tree, with the expanded tree and the names it was built from."""
    CASE.check(root, Scope(name))
    assert isinstance(root, Table)  # noqa: S101  (the check refuses anything else)
    root = expanded(root, Scope(name))
    scope = scope_of(root, SECTIONS, name)
    check_timelines(root, SECTIONS, name)
    record = CASE.read(root, scope)
    assert isinstance(record, PatientRecord)  # noqa: S101  (what CASE builds)
    return record, root, scope


@contextmanager
def no_collection() -> Iterator[None]:
    """Build many objects without the garbage collector looking through them again and again.

    None of them refers to itself, so nothing could be collected; a fourth of the time is saved.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def case_tree(record: PatientRecord) -> JsonObject:
    """Return a record as the tree of a case file: mappings, lists, texts and numbers."""
    written = CASE.write(record)
    assert isinstance(written, dict)  # noqa: S101  (what CASE writes)
    return written


def canonical_case(record: PatientRecord) -> str:
    """Return a record as a JSON case file in canonical form: sorted keys, no white space.

    Reading it back gives an equal record.
    """
    return json.dumps(case_tree(record), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _decoded(content: bytes, name: str) -> str:
    """Return the text of a file in UTF-8, with or without a byte-order mark."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{content[error.start]:02X}, which is not UTF-8"
        raise RecordError(name, line, found, "text in UTF-8") from None


def _disagreements(record: PatientRecord, root: Table) -> Iterator[tuple[Node, Misread]]:
    """Return what facts of different sections owe each other and do not keep."""
    stretches = root.get("administrations")
    for index, stretch in enumerate(record.administrations):
        node = stretches.items[index] if isinstance(stretches, Items) else root
        target = stretch.titrated_to
        if target is not None:
            into = record.administration(target)
            alike = commensurable(into.amount.unit, stretch.amount.unit)
            if into.drug != stretch.drug or not alike:
                found = f"'{stretch.id}' raised to '{target}'"
                yield (
                    node,
                    Misread(
                        found=found, needed="a stretch of the same drug in the same sort of unit"
                    ),
                )
    modelling = root.get("modelling")
    if record.modelling is not None and modelling is not None:
        for error in _modelling_errors(record, record.modelling):
            yield modelling, error
        yield from _nominal_errors(record, record.modelling, modelling)


def _modelling_errors(record: PatientRecord, modelling: Modelling) -> Iterator[Misread]:
    """Return choices that do not fit the record."""
    drugs = record.drugs()
    for key, drug in (
        ("study_drug", modelling.study_drug),
        ("antibiotic", modelling.antibiotic),
    ):
        if drug is not None and drug not in drugs:
            yield Misread(
                found=f"{key} '{drug}'", needed=f"a drug that was given ({', '.join(drugs)})"
            )
    unit = record.measurement(modelling.entry_measurement).value.unit
    if not commensurable(modelling.entry_below.unit, unit):
        found = f"entry_below in '{modelling.entry_below.unit}'"
        yield Misread(
            found=found, needed=f"a unit that converts to '{unit}', that of the entry measurement"
        )


def _nominal_errors(
    record: PatientRecord, modelling: Modelling, node: Node
) -> Iterator[tuple[Node, Misread]]:
    """Return nominal days outside the interval of their fact."""
    listed = node.get("nominal") if isinstance(node, Table) else None
    nodes = listed.items if isinstance(listed, Items) else ()
    seen: set[str] = set()
    for nominal, place in zip(modelling.nominal, nodes, strict=True):
        if nominal.fact in seen:
            yield (
                place,
                Misread(
                    found=f"a second nominal day for '{nominal.fact}'", needed="one day a fact"
                ),
            )
        seen.add(nominal.fact)
        error = _outside(record, nominal)
        if error is not None:
            yield place, error


def _outside(record: PatientRecord, nominal: NominalDate) -> Misread | None:
    """Return the error of a day on which its fact cannot lie."""
    when = record.when_of(nominal.fact)
    if when.contains(nominal.day):
        return None
    found = f"the nominal day {nominal.day} for '{nominal.fact}' ({when.text})"
    return Misread(found=found, needed=f"a day from {when.earliest} to {when.latest}")
