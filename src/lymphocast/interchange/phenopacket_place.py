"""Places of a packet that remember what was read of them, so that the rest can be listed."""

import math
from collections.abc import Iterator, Mapping
from typing import final

from lymphocast.interchange.exchange import Dropped
from lymphocast.interchange.phenopacket_file import shown

NO_PLACE = "a record has no place for it"


@final
class Place:
    """One message of a packet.

    Every reading marks its key. What is marked by nothing is what the record does not hold.

    Parameters
    ----------
    value
        The message in canonical JSON form; empty for one that is absent.
    path
        Where it stands, such as ``measurements[3].procedure``.
    """

    def __init__(self, value: Mapping[str, object], path: str) -> None:
        self.value, self.path = value, path
        self._seen: dict[str, list[Place]] = {}
        self._noted: list[Dropped] = []
        self._lost: Dropped | None = None

    def __bool__(self) -> bool:
        """Return whether the message is there and says anything."""
        return bool(self.value)

    def text(self, key: str) -> str:
        """Return a text in printable characters with single blanks; empty if it is absent."""
        first = key not in self._seen
        self._seen.setdefault(key, [])
        text = " ".join(str(self.value.get(key, "")).split())
        if text.isprintable():
            return text
        if first:
            self.note(key, text, "a record holds printable characters only")
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())

    def number(self, key: str) -> float:
        """Return a number; 0 if it is absent, NaN if it is none that is finite."""
        self._seen.setdefault(key, [])
        value = self.value.get(key, 0.0)
        finite = isinstance(value, int | float) and math.isfinite(value)
        return float(value) if isinstance(value, int | float) and finite else math.nan

    def flag(self, key: str) -> bool:
        """Return whether something is said to be so."""
        self._seen.setdefault(key, [])
        return self.value.get(key) is True

    def inner(self, key: str) -> "Place":
        """Return the message under a key, empty if it is absent."""
        if key not in self._seen:
            value = self.value.get(key)
            inner = value if isinstance(value, Mapping) else {}
            self._seen[key] = [Place(inner, self.at(key))]
        return self._seen[key][0]

    def items(self, key: str) -> list["Place"]:
        """Return the messages of a list."""
        if key not in self._seen:
            value = self.value.get(key)
            items = value if isinstance(value, list) else []
            self._seen[key] = [
                Place(item if isinstance(item, Mapping) else {}, f"{self.at(key)}[{index}]")
                for index, item in enumerate(items)
            ]
        return self._seen[key]

    def at(self, key: str) -> str:
        """Return the path of a key."""
        return f"{self.path}.{key}" if self.path else key

    def note(self, key: str, found: str, why: str) -> None:
        """List something that a value says beyond what the record keeps of it."""
        self._noted.append(Dropped(self.at(key), shown(found), why))

    def drop(self, why: str, found: str = "") -> None:
        """List the whole message as one loss; ``found`` names it better than its keys do."""
        self._lost = Dropped(self.path, shown(found or self.value), why)

    def left(self) -> Iterator[Dropped]:
        """Return what of the message nobody has read."""
        if self._lost is not None:
            yield self._lost
            return
        for key, value in self.value.items():
            if key not in self._seen and value not in ({}, [], ""):
                yield Dropped(self.at(key), shown(value), NO_PLACE)
        for children in self._seen.values():
            for child in children:
                yield from child.left()
        yield from self._noted
