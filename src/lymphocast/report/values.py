"""Results as JSON has them: dataclasses as mappings, rounded numbers, days as text."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from math import isfinite
from typing import Final

DIGITS: Final = 6


def value_text(x: float) -> str:
    """Return a number as a table has it, with six significant digits."""
    return f"{x:.{DIGITS}g}"


def json_text(value: object) -> str:
    """Return a value as indented JSON text; equal values give equal text."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def plain(value: object) -> object:
    """Return a value made of mappings, lists, texts and rounded numbers.

    A number that is not finite becomes ``None``.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return float(value_text(value)) if isfinite(value) else None
    return value
