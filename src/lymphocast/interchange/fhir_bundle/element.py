"""An element of a FHIR resource: checked access to its JSON, and what of it nobody has read.

Every accessor marks its key as used and refuses a value of another type with the element's place.
What is never asked for stays unused and is listed in the account of the exchange.
"""

import math
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Final, NoReturn, final

from lymphocast.errors import ExchangeError
from lymphocast.interchange.citation import squeezed

KEPT: Final = frozenset({"resourceType", "id", "meta", "language"})
"""Keys that need no line in an account: the locator of each fact keeps type and id."""
NO_PLACE: Final = "a case file has no place for it"
SHOWN: Final = 60  # characters of a value shown in a message


class NotHeldError(Exception):
    """A resource that is right but that a record cannot hold; the message says why."""


def shown(value: object) -> str:
    """Return a value of the file as one short text."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        text = f"an object with {', '.join(map(str, value))}" if value else "an empty object"
    elif isinstance(value, list):
        text = f"a list of {len(value)}"
    else:
        text = str(value).lower() if isinstance(value, bool) else f"'{value}'"
    text = squeezed(text[: 4 * SHOWN])
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


@final
class Element:
    """One JSON object at its place in the file.

    Parameters
    ----------
    data
        The object.
    file, place
        Where it stands, for messages: ``entry[3] Observation/cd4-2``.
    path
        Where it stands in its resource: ``.component[1].code``; empty for the resource.
    """

    __slots__ = ("_children", "_partly", "_place", "_used", "data", "file", "path")

    def __init__(self, data: dict[str, object], file: str, place: str, path: str = "") -> None:
        self.data, self.file, self.path, self._place = data, file, path, place
        self._used: set[str] = set()
        self._children: dict[str, tuple[str, Element]] = {}
        self._partly: dict[str, str] = {}

    @property
    def place(self) -> str:
        """The place in the file."""
        return f"{self._place} {self.path}" if self.path else self._place

    def fail(self, key: str, found: str, needed: str) -> NoReturn:
        """Refuse the file for one key."""
        raise ExchangeError(self.file, f"{self._place} {self.path}.{key}", found, needed)

    def has(self, key: str) -> bool:
        """Return whether a key says anything."""
        return self.data.get(key) is not None

    @property
    def touched(self) -> bool:
        """Whether anybody has read anything of this."""
        return bool(self._used)

    def use(self, *keys: str) -> None:
        """Mark keys as used without reading them."""
        self._used.update(keys)

    def spare(self, *keys: str) -> None:
        """Mark keys as not used after all, so that they are listed."""
        self._used.difference_update(keys)
        kept = self._children.items()
        self._children = {path: pair for path, pair in kept if pair[0] not in keys}

    def partly(self, key: str, why: str) -> None:
        """Mark a key as used for a part of what it says."""
        self._partly[key] = why

    def wholly(self, *keys: str) -> None:
        """Mark keys as used for all that they say."""
        for key in keys:
            self._partly.pop(key, None)

    def close(self, *keys: str) -> None:
        """Mark keys as used with everything below them."""
        self.spare(*keys)
        self.wholly(*keys)
        self.use(*keys)

    def text(self, key: str) -> str | None:
        """Return a text on one line; ``None`` if there is none."""
        value = self.data.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            self.fail(key, shown(value), "a text")
        self._used.add(key)
        return (
            value if value.isascii() and value.isprintable() else squeezed(value)
        ).strip() or None

    def words(self, key: str) -> str | None:
        """Return a text for people, its white space collapsed."""
        value = self.text(key)
        return None if value is None else squeezed(value) or None

    def code(self, key: str, allowed: Collection[str], *, required: bool = False) -> str | None:
        """Return a code of a required code list."""
        value = self.text(key)
        if value is None:
            if required:
                self.fail(key, "nothing", f"one of {', '.join(allowed)}")
            return None
        if value not in allowed:
            near = get_close_matches(value, allowed, n=1)
            hint = f" (did you mean '{near[0]}'?)" if near else ""
            self.fail(key, shown(value), f"one of {', '.join(allowed)}{hint}")
        return value

    def number(self, key: str) -> float | None:
        """Return a finite number."""
        value = self.data.get(key)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool):
            self.fail(key, shown(value), "a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            self.fail(key, "a number that is too large", "a finite number")
        self._used.add(key)
        return number

    def whole(self, key: str) -> int | None:
        """Return a whole number."""
        number = self.number(key)
        if number is not None and number != int(number):
            self.fail(key, shown(self.data[key]), "a whole number")
        return None if number is None else int(number)

    def truth(self, key: str) -> bool | None:
        """Return ``true`` or ``false``."""
        value = self.data.get(key)
        if value is None:
            return None
        if not isinstance(value, bool):
            self.fail(key, shown(value), "true or false")
        self._used.add(key)
        return value

    def child(self, key: str) -> "Element | None":
        """Return an element below this one."""
        value = self.data.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fail(key, shown(value), "an object")
        return self._below(key, f"{self.path}.{key}", value)

    def children(self, key: str) -> list["Element"]:
        """Return a list of elements below this one."""
        return [self._item(key, index, item) for index, item in enumerate(self._listed(key))]

    def first(self, *keys: str) -> str | None:
        """Return the first of some keys that says anything."""
        return next((key for key in keys if self.data.get(key) is not None), None)

    def unused(self) -> Iterator[tuple[str, object, str]]:
        """Return path, value and reason of what nobody has read, here and below."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            used = element._used
            if not element.data.keys() <= used:
                if element.path and not used:
                    yield element.path, element.data, NO_PLACE
                    continue
                yield from element._left()
            for key, why in element._partly.items():
                yield f"{element.path}.{key}", element.data[key], why
            waiting += [child for _, child in reversed(element._children.values())]

    def _left(self) -> Iterator[tuple[str, object, str]]:
        """Return path, value and reason of the unused keys of this one object."""
        for key, value in self.data.items():
            if key not in self._used and value is not None and (self.path or key not in KEPT):
                yield f"{self.path}.{key}", value, NO_PLACE

    def _listed(self, key: str) -> list[object]:
        value = self.data.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fail(key, shown(value), "a list")
        return value

    def _item(self, key: str, index: int, item: object) -> "Element":
        if not isinstance(item, dict):
            self.fail(f"{key}[{index}]", shown(item), "an object")
        return self._below(key, f"{self.path}.{key}[{index}]", item)

    def _below(self, key: str, path: str, value: dict[str, object]) -> "Element":
        if "modifierExtension" in value:
            message = f"a modifier extension in {path.lstrip('.')} changes its meaning"
            raise NotHeldError(message)
        self._used.add(key)
        known = self._children.get(path)
        if known is not None:
            return known[1]
        below = Element(value, self.file, self._place, path)
        self._children[path] = (key, below)
        return below
