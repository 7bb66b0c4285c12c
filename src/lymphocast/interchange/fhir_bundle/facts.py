"""What a reader of one resource makes of it: facts of a case file, with keys and values."""

import re
from collections.abc import Callable
from typing import Final

from lymphocast.interchange.citation import plain
from lymphocast.interchange.fhir_bundle.element import Element
from lymphocast.interchange.fhir_bundle.index import Context
from lymphocast.record.when import IDENTIFIER

Fact = tuple[str, dict[str, object]]
"""The section of a case file, and one item of it."""
Reader = Callable[[Element, Context], list[Fact]]
ID_LENGTH: Final = 80  # longest identifier of a case file
_ID = re.compile(IDENTIFIER)


def fact_id(resource: Element, kind: str) -> str:
    """Return an identifier of a case file made of a resource's type and id."""
    name = resource.data.get("id")
    if not isinstance(name, str) or not name:
        return plain(kind)
    if _ID.fullmatch(name) and len(name) <= ID_LENGTH:
        return name
    own = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    own = own if own[:1].isalpha() and own.isascii() else f"{plain(kind)}-{own}"
    return own[:ID_LENGTH].strip("-")


def unless_empty(**keys: object) -> dict[str, object]:
    """Return the keys that say something."""
    return {key: value for key, value in keys.items() if value not in (None, "", [], {})}
