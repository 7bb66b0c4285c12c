"""The bytes of a JSON file as objects, or one clear reason why they are none."""

import json
from typing import Final, NoReturn

from lymphocast.errors import ExchangeError

SIZE_LIMIT: Final = 200_000_000
"""Largest file in bytes: some 400 000 observations."""
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def read_json(content: bytes, name: str) -> dict[str, object]:
    """Return the object of a JSON file: UTF-8, or UTF-16 with a byte-order mark.

    Raises
    ------
    ExchangeError
        If the bytes are no text, the text no JSON, a key stands twice in one object, or the
        whole is no object.
    """
    if len(content) > SIZE_LIMIT:
        needed = f"at most {SIZE_LIMIT // 1_000_000} MB"
        raise ExchangeError(name, None, f"{len(content) // 1_000_000} MB", needed)
    text = _decoded(content, name)
    if not text.strip():
        raise ExchangeError(name, None, "an empty file", "a FHIR R4 resource in JSON")
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        found = "XML" if text.lstrip().startswith("<") else f"text that is not JSON ({error.msg})"
        raise ExchangeError(name, place, found, "a FHIR R4 resource in JSON") from None
    except RecursionError:
        found = "nesting that is too deep"
        raise ExchangeError(name, None, found, "a FHIR R4 resource in JSON") from None
    except ValueError as error:
        raise ExchangeError(name, None, str(error), "a FHIR R4 resource in JSON") from None
    if not isinstance(value, dict):
        found = "a list" if isinstance(value, list) else "a single value"
        raise ExchangeError(name, None, found, "an object with the key 'resourceType'")
    return value


def _decoded(content: bytes, name: str) -> str:
    encoding = next((code for mark, code in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"bytes that are not {encoding.removesuffix('-sig').upper()}"
        raise ExchangeError(name, f"line {line}", found, "text in UTF-8") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object whose keys differ; the parser itself would keep the last silently."""
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        message = f"the key '{twice[:60]}' twice in one object"
        raise ValueError(message)
    return value


def _no_constant(text: str) -> NoReturn:
    message = f"{text}, which is no number of JSON"
    raise ValueError(message)
