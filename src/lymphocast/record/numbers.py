"""Kinds of numbers in a case file: with and without a unit, whole ones, and yes or no."""

import re
from dataclasses import dataclass
from typing import final

from lymphocast.errors import UnitError
from lymphocast.record.kinds import JsonObject, Kind, Scope, shown, text_of
from lymphocast.record.yamltree import Node
from lymphocast.units import Quantity, commensurable, number_text, parse_quantity

_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?(?:[eE][+-]?[0-9]{1,2})?")
_WHOLE = re.compile(r"[0-9]{1,6}")
_QUANTITY_PATTERN = r"^[0-9][0-9.eE+-]*\s*\S.*$"


@final
@dataclass(frozen=True)
class Measure(Kind):
    """A positive number with a unit; ``like`` is a unit that it must convert to."""

    like: str = ""
    zero: bool = False

    def read(self, node: Node, scope: Scope) -> Quantity:
        """Return the value of a node."""
        text = text_of(node, scope)
        example = "a number with a UCUM unit, such as 172 /uL or 500 mg (no digit grouping)"
        if self.like:
            example = f"a number with a unit that converts to '{self.like}'"
        try:
            quantity = parse_quantity(text)
        except UnitError as error:
            raise scope.error(node, str(error), example) from None
        if self.like and not commensurable(quantity.unit, self.like):
            found = f"{shown(text)}, whose unit '{quantity.unit}' cannot become '{self.like}'"
            raise scope.error(node, found, example)
        if quantity.value < 0 or (quantity.value == 0 and not self.zero):
            needed = "a number of at least 0" if self.zero else "a number above 0"
            raise scope.error(node, shown(text), needed)
        return quantity

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "string", "pattern": _QUANTITY_PATTERN}


@final
@dataclass(frozen=True)
class Days(Kind):
    """A length of time with its unit, kept in days."""

    def read(self, node: Node, scope: Scope) -> float:
        """Return the value of a node."""
        return Measure("d").read(node, scope).to("d").value

    def write(self, value: object) -> object:
        """Return the value as JSON holds it."""
        return f"{number_text(float(str(value)))} d"

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "string", "pattern": _QUANTITY_PATTERN}


@final
@dataclass(frozen=True)
class Number(Kind):
    """A positive number without a unit of its own, or perhaps zero."""

    zero: bool = False

    def read(self, node: Node, scope: Scope) -> float:
        """Return the value of a node."""
        text = text_of(node, scope)
        if _NUMBER.fullmatch(text) is None or not (float(text) > 0 or self.zero):
            needed = "a number of at least 0" if self.zero else "a number above 0"
            raise scope.error(node, shown(text), needed)
        return float(text)

    def write(self, value: object) -> object:
        """Return the value as JSON holds it."""
        return value

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        bound = "minimum" if self.zero else "exclusiveMinimum"
        return {"type": ["number", "string"], bound: 0}


@final
@dataclass(frozen=True)
class Whole(Kind):
    """A whole number of at least ``least``."""

    least: int = 1

    def read(self, node: Node, scope: Scope) -> int:
        """Return the value of a node."""
        text = text_of(node, scope)
        if _WHOLE.fullmatch(text) is None or int(text) < self.least:
            raise scope.error(node, shown(text), f"a whole number of at least {self.least}")
        return int(text)

    def write(self, value: object) -> object:
        """Return the value as JSON holds it."""
        return value

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": ["integer", "string"], "minimum": self.least}


@final
@dataclass(frozen=True)
class YesNo(Kind):
    """``true`` or ``false``."""

    def read(self, node: Node, scope: Scope) -> bool:
        """Return the value of a node."""
        text = text_of(node, scope)
        if text not in {"true", "false"}:
            raise scope.error(node, shown(text), "true or false")
        return text == "true"

    def write(self, value: object) -> object:
        """Return the value as JSON holds it."""
        return value

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"enum": [True, False, "true", "false"]}
