"""FHIR R4 that is broken, huge or hostile: one clear error or a clean read, and in time."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from benchmarks import fhir

from lymphocast.errors import ExchangeError
from lymphocast.interchange.fhir import read_fhir, write_fhir
from tests.record.cases import rich, small

SMALL = json.loads(write_fhir(small()).content)
RICH = json.loads(write_fhir(rich()).content)
PLAIN = copy.deepcopy(RICH)
"""The same bundle without this project's extension, as other software would write it."""
for _entry in PLAIN["entry"]:
    _entry["resource"].pop("extension")
ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        1.5,
        10**400,
        "",
        " ",
        "x",
        "2004-13",
        "0000",
        "9999-12-31",
        "\0",
        "\u200b",
    ),
    *([], {}, [[]], [None], [{}], {"a": 1}, "Patient/x", "#", "#a", "urn:uuid:1", "a" * 500),
    *({"reference": "#a"}, {"coding": [{}]}, {"value": 0}, {"value": -3, "code": "mg"}),
    *({"start": "2005", "end": "2004"}, "early 2004-02", "il2-stop + 6 mo", "entered-in-error"),
)
KEYS = ("status", "value", "component", "subject", "modifierExtension", "id", "contained", "dosage")
LONGEST = 1_000  # characters of one message
SOME = 200


def read_or_refused(content: bytes) -> None:
    """Assert that bytes are read, or refused in one line."""
    try:
        read_fhir(content, "hostile.json")
    except ExchangeError as error:
        message = str(error)
        assert "\n" not in message
        assert len(message) < LONGEST


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Return the path of every value below another."""
    items: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def mutated(value: Any, chance: random.Random) -> Any:  # noqa: ANN401  (any JSON)
    """Return JSON with a few values changed, deleted, moved or replaced by odd ones."""
    value = copy.deepcopy(value)
    for _ in range(chance.randint(1, 4)):
        path = chance.choice(list(places(value)))
        holder = value
        for key in path[:-1]:
            holder = holder[key]
        kind = chance.randrange(4)
        if kind == 0:
            del holder[path[-1]]
        elif kind == 1 and isinstance(holder, dict):
            holder[chance.choice(KEYS)] = copy.deepcopy(chance.choice(ODD))
        elif kind == 2:
            holder[path[-1]] = copy.deepcopy(chance.choice(list(value.values())))
        else:
            holder[path[-1]] = copy.deepcopy(chance.choice(ODD))
    return value


@pytest.mark.parametrize("block", range(3))
def test_changed_values_give_a_record_or_one_error(block: int) -> None:
    chance = random.Random(block)  # noqa: S311  (a reproducible test)
    for bundle in [SMALL] * 60 + [RICH, PLAIN] * 12:
        read_or_refused(json.dumps(mutated(bundle, chance)).encode())


def test_changed_bytes_give_a_record_or_one_error() -> None:
    chance = random.Random(4)  # noqa: S311  (a reproducible test)
    whole = json.dumps(SMALL).encode()
    for _ in range(150):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        read_or_refused(bytes(content))


def test_a_truncated_file_is_refused() -> None:
    whole = json.dumps(SMALL).encode()
    for length in range(0, len(whole), 97):
        with pytest.raises(ExchangeError):
            read_fhir(whole[:length], "cut.json")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_other_encodings_and_windows_lines_are_read(encoding: str) -> None:
    text = json.dumps(SMALL, indent=1).replace("\n", "\r\n")
    assert read_fhir(text.encode(encoding), "w.json").records == (small(),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"\xef\xbb\xbf  \r\n", "an empty file"),
        ("{}\n\xe9".encode("latin-1"), "line 2: found bytes that are not UTF-8"),
        (b"[" * 100_000, "nesting that is too deep"),
        (b'{"a":' * 2_000_000, "nesting that is too deep"),
        (b"[" + b"[]," * 3_000_000 + b"[]]", "found a list"),
        (b'{"resourceType":"Bundle","type":"collection","type":"batch"}', "the key 'type' twice"),
        (b'{"resourceType":"Bundle","total":NaN}', "NaN, which is no number of JSON"),
        (b'{"resourceType":"Bundle","total":' + b"9" * 5000 + b"}", "digits"),
        (b"<Bundle xmlns='http://hl7.org/fhir'/>", "found XML"),
        (b"null", "found a single value"),
        (b"{}", "no 'resourceType'"),
        (b'{"resourceType":"Practitioner"}', "a Practitioner alone"),
        (b'{"resourceType":"Bundle","type":"collection"}', "no patient and no fact"),
    ],
)
def test_what_is_no_bundle_is_refused_in_one_line(content: bytes, message: str) -> None:
    with pytest.raises(ExchangeError) as error:
        read_fhir(content, "h.json")
    assert message in str(error.value)
    assert len(str(error.value)) < LONGEST


@pytest.mark.parametrize("levels", [20, 450, 480])
def test_deep_nesting_inside_a_resource_is_no_traceback(levels: int) -> None:
    deep = '"extension":[{' * levels + '"url":"urn:x"' + "}]" * levels
    read_or_refused(f'{{"resourceType":"Patient","id":"p",{deep}}}'.encode())


def test_the_bundle_that_is_timed_is_read_whole() -> None:
    result = read_fhir(fhir.bundle(SOME), "some.json")
    (record,) = result.records
    assert [m.id for m in record.measurements] == [f"o{n}" for n in range(SOME)]
    assert {m.analyte for m in record.measurements} == {text for _, text in fhir.CODES}
    assert result.dropped == ()
