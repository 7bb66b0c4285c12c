"""Files of Phenopackets: families, cohorts, YAML; and whatever a file holds, no traceback."""

import copy
import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lymphocast.errors import ExchangeError, LymphocastError
from lymphocast.interchange.phenopackets import read_phenopacket, write_phenopacket
from tests.interchange.packets import META, NAUSEA, PACKET, changed, read, told


def test_a_family_and_a_cohort_give_one_record_for_each_packet() -> None:
    family = {
        "id": "f",
        "proband": PACKET,
        "relatives": [{"id": "mother", "subject": {"id": "mother"}}],
        "pedigree": {"persons": [{"familyId": "f", "individualId": "mother"}]},
        "metaData": META,
    }
    imported = read(family)
    assert [record.id for record in imported.records] == ["packet-1", "mother"]
    # A relative without metadata of its own shares the family's.
    assert imported.records[1].sources[1].pmid == "123"
    assert "pedigree" in told(imported.dropped)
    cohort = read({"id": "c", "members": [PACKET, PACKET], "metaData": META})
    assert len(cohort.records) == 2
    with pytest.raises(ExchangeError, match="without packets"):
        read({"id": "c", "members": [], "metaData": META})


def test_yaml_and_snake_case_say_the_same_as_json() -> None:
    as_yaml = yaml.safe_dump(PACKET).encode()
    assert read_phenopacket(as_yaml, "p.yaml") == read(PACKET)
    snake = json.dumps(PACKET).replace('"medicalActions"', '"medical_actions"')
    assert read_phenopacket(snake.encode(), "p.json") == read(PACKET)


def test_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    text = json.dumps(PACKET, indent=1)
    crlf = text.replace("\n", "\r\n").encode("utf-8-sig")
    assert read_phenopacket(crlf, "p.json") == read(PACKET)


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        (b"", "an empty file"),
        (b"  \n", "an empty file"),
        (b"[]", "a list"),
        (b"5", "one value"),
        (b"{", "not JSON"),
        (b'{"subject": {"id": "a"', "line 1: found text that is not JSON"),
        (b'{"id": "a", "id": "b", "subject": {}}', "the key 'id' twice"),
        (b'{"subject": {"id": NaN}}', "the number NaN"),
        (b'{"subject": {"id": ' + b"9" * 5000 + b"}}", "thousands of digits"),
        (b"[" * 10_000_000, "too deep"),
        (b'{"subject":' * 2_000 + b"1" + b"}" * 2_000, "too deep|one text"),
        (b" " * 20_000_001, "above 20 MB"),
        (json.dumps(PACKET).encode("utf-16"), "not UTF-8"),
        (b"subject: &a {id: x}\nmetaData: *a", "anchor|alias"),
        (b"subject: \x00", "NUL"),
        (b'{"graphs": []}', "without subject and metaData"),
        (b'{"subject": "x"}', "p, subject: found x; needed a mapping"),
        (b'{"subject": {"sex": "PURPLE"}}', "PURPLE"),
        (b'{"subject": {"dateOfBirth": "soon"}}', "p, subject.dateOfBirth: found"),
        (b'{"subject": {}, "measurements": {}}', "needed a list"),
        (b'{"subject": {}, "measurements": [null]}', r"measurements\[0\]: found nothing"),
        (b'{"subject": {}, "metaData": {}, "meta_data": {}}', "which are one field"),
        (b'{"subject": {"id": "\\ud800"}}', "surrogate"),
        (b'{"subject": {"id": {"a": 1}}}', "needed one text or number"),
        (b'{"subject": {}, "metaData": {"phenopacketSchemaVersion": "1.0"}}', "version 1.0"),
        (b'{"subject": {"ageAtCollection": {}}, "genes": []}', "of version 1"),
    ],
)
def test_a_file_that_is_no_packet_gets_one_clear_error(bad: bytes, match: str) -> None:
    with pytest.raises(ExchangeError, match=match):
        read_phenopacket(bad, "p")


def _places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value of a packet."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    return [path, *(p for key, inner in items for p in _places(inner, (*path, key)))]


ODD_TEXTS = ("", " ", "x" * 500, "NaN", "P9999Y", "\u200b", "a\nb", "\x00", "UCUM:%")
ODD_DAYS = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
ODD_TREES: tuple[object, ...] = (
    [],
    {},
    [[]],
    {"id": "x"},
    [{}],
    {"age": {"iso8601duration": "P3W2D"}},
)
ODD = st.sampled_from([None, True, 0, -1, 1e308, 2**70, *ODD_TEXTS, *ODD_DAYS, *ODD_TREES])


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(_places(changed(phenotypicFeatures=[NAUSEA]))[1:]), ODD)
def test_no_wrong_value_anywhere_is_a_traceback(path: tuple[Any, ...], odd: object) -> None:
    packet: Any = changed(phenotypicFeatures=[copy.deepcopy(NAUSEA)])
    inner = packet
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = odd
    try:
        (record,) = read(packet).records
    except LymphocastError:
        return
    write_phenopacket(record)
