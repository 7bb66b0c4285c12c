"""YAML as a person would write it: block lists, short mappings on one line, quotes where needed."""

import re
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

import yaml

from lymphocast.units import number_text

WIDTH = 100
"""Characters in a line; a longer text is folded."""
_INDENT = 2
_PLAIN = re.compile(r"[\w(/<+^][^\n]*")
_FLOW = re.compile(r"[,\[\]{}]")
_RESOLVER: Any = yaml.resolver.Resolver()
_STRING, _DATE, _WHOLE = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "timestamp", "int"))
_YEAR = re.compile(r"[0-9]{4}", re.ASCII)


def yaml_lines(key: str, value: object, depth: int = 0) -> list[str]:
    """Return the lines of one key with its value: a text, a number, a mapping or a list."""
    pad = " " * (_INDENT * depth)
    short = _short(value)
    one_line = f"{pad}{key}: {short}"
    if short is not None and len(one_line) <= WIDTH and not (depth == 0 and _nested(value)):
        return [one_line]
    if isinstance(value, Mapping):
        return [f"{pad}{key}:", *_mapping(value, depth + 1)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [f"{pad}{key}:", *_items(value, depth + 1)]
    folded = wrap(
        str(value), WIDTH - len(pad) - _INDENT, break_long_words=False, break_on_hyphens=False
    )
    return [f"{pad}{key}: >-", *(f"{pad}{' ' * _INDENT}{line}" for line in folded)]


def scalar_text(value: object, *, flow: bool = False) -> str:
    """Return a text, a number or a truth value; quoted if YAML would read it as something else.

    Dates and years stay plain: a case file's times look like them.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return number_text(value) if isinstance(value, float) else str(value)
    if _plain(value) and not (flow and _FLOW.search(value)):
        return value
    if "'" in value and '"' not in value and "\\" not in value:
        return f'"{value}"'
    return "'" + value.replace("'", "''") + "'"


def _plain(text: str) -> bool:
    """Return whether a text may stand without quotes."""
    if _PLAIN.fullmatch(text) is None or ": " in text or " #" in text or text.endswith(":"):
        return False
    tag = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))
    return tag in (_STRING, _DATE) or (tag == _WHOLE and _YEAR.fullmatch(text) is not None)


def _nested(value: object) -> bool:
    """Return whether a value is a mapping or a list."""
    return isinstance(value, Mapping | Sequence) and not isinstance(value, str)


def _short(value: object) -> str | None:
    """Return a value on one line; ``None`` if it holds what belongs on several."""
    if isinstance(value, Mapping):
        if any(_nested(item) for item in value.values()):
            return None
        pairs = (f"{key}: {scalar_text(item, flow=True)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        if any(_nested(item) for item in value):
            return None
        return f"[{', '.join(scalar_text(item, flow=True) for item in value)}]"
    return scalar_text(value)


def _mapping(value: Mapping[str, object], depth: int) -> list[str]:
    """Return the lines of a mapping's entries."""
    return [line for key, item in value.items() for line in yaml_lines(key, item, depth)]


def _items(value: Sequence[object], depth: int) -> list[str]:
    """Return the lines of a list; below the first level short mappings stand on one line."""
    pad = " " * (_INDENT * depth)
    lines: list[str] = []
    for item in value:
        short = _short(item) or ""
        fits = bool(short) and depth > 1 and len(pad) + _INDENT + len(short) <= WIDTH
        if fits or not isinstance(item, Mapping):
            lines.append(f"{pad}- {short}")
        else:
            own = _mapping(item, depth + 1)
            lines += [f"{pad}- {own[0].lstrip()}", *own[1:]]
    return lines
