"""GA4GH Phenopackets, version 2, read and written.

Schema: https://phenopacket-schema.readthedocs.io (version 2.0; Jacobsen et al. 2022,
doi:10.1038/s41587-022-01357-4). A file holds one packet, a family or a cohort; every packet of it
becomes a record. ``docs/usage/phenopackets.md`` says which field stands where.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from google.protobuf.json_format import (
    MessageToJson,
    ParseDict,
)
from phenopackets.schema.v2.phenopackets_pb2 import Phenopacket

from lymphocast.errors import ExchangeError, RecordError
from lymphocast.interchange.exchange import Dropped, Exported, Imported
from lymphocast.interchange.phenopacket_account import losses
from lymphocast.interchange.phenopacket_file import Kind, read_packet_file, shown
from lymphocast.interchange.phenopacket_reading import read_packet
from lymphocast.interchange.phenopacket_writing import packet_of
from lymphocast.record.casefile import build_case
from lymphocast.record.kinds import JsonObject
from lymphocast.record.patient import PatientRecord

OUTSIDE = "a record is of one person"


def read_phenopacket(content: bytes, name: str) -> Imported:
    """Read a Phenopacket, Family or Cohort in JSON or YAML.

    A family gives the record of its proband first, then those of its relatives; a cohort gives
    one record for each member.

    Raises
    ------
    ExchangeError
        If it is no message of version 2, or a packet of it makes no record: the file, the place,
        what was found, what is needed.
    """
    file = read_packet_file(content, name)
    dropped = list(file.unknown)
    records = []
    for packet, path in _packets(file.kind, file.content):
        read = read_packet(packet, path)
        dropped.extend(read.dropped)
        records.append(_built(read.tree, name, path))
    if not records:
        needed = "a family with a proband, or a cohort with members"
        raise ExchangeError(name, None, f"a {file.kind} without packets", needed)
    dropped.extend(_outside(file.kind, file.content))
    return Imported(tuple(records), tuple(dropped))


def write_phenopacket(record: PatientRecord, created: datetime | None = None) -> Exported:
    """Write a record as a Phenopacket in JSON, and list what the packet does not hold.

    Parameters
    ----------
    created
        When the packet was made, which its metadata must say; a time without a zone is in UTC.
        ``None`` takes the last day that the record knows: the packet cannot be older, and the
        same record gives the same bytes at any time. A record without any date says nothing.
    """
    written = packet_of(record, created)
    message = ParseDict(written.packet, Phenopacket())
    content = f"{MessageToJson(message, ensure_ascii=False, indent=2)}\n".encode()
    back = read_phenopacket(content, f"{record.id}.json")
    account = losses(record, back.records[0], written.order)
    return Exported(content, (*account, *back.dropped))


def _built(tree: JsonObject, name: str, path: str) -> PatientRecord:
    """Return the record of a packet; a tree has no lines, so an error names the packet."""
    try:
        return build_case(tree, name)
    except RecordError as error:
        raise ExchangeError(name, path or None, error.found, error.needed) from None


def _packets(
    kind: Kind, content: Mapping[str, object]
) -> Iterator[tuple[Mapping[str, object], str]]:
    """Return the packets of a message, each with its path; its metadata may be the message's."""
    if kind is Kind.PHENOPACKET:
        yield content, ""
        return
    shared = {"metaData": content["metaData"]} if "metaData" in content else {}
    for packet, path in _inner(content):
        yield {**shared, **packet}, path


def _outside(kind: Kind, content: Mapping[str, object]) -> Iterator[Dropped]:
    """Return what a family or cohort says beside its packets."""
    if kind is Kind.PHENOPACKET:
        return
    taken = {"proband", "relatives", "members"}
    if any("metaData" not in packet for packet, _ in _inner(content)):
        taken.add("metaData")
    for key, value in content.items():
        if key not in taken:
            yield Dropped(key, shown(value), OUTSIDE)


def _inner(content: Mapping[str, object]) -> Iterator[tuple[Mapping[str, object], str]]:
    """Return the packets inside a family or cohort as they stand, each with its path."""
    inner: list[tuple[object, str]] = [(content.get("proband"), "proband")]
    for key in ("relatives", "members"):
        items = content.get(key)
        if isinstance(items, list):
            inner.extend((item, f"{key}[{index}]") for index, item in enumerate(items))
    for packet, path in inner:
        if isinstance(packet, Mapping):
            yield packet, path
