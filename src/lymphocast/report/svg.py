"""A figure made safe to stand inside a page, beside others: no script, no outside reference."""

import re
from typing import Final
from xml.etree import ElementTree

from lymphocast.errors import UsageError

SVG: Final = "http://www.w3.org/2000/svg"
XLINK: Final = "http://www.w3.org/1999/xlink"
ACTIVE: Final = frozenset({"script", "foreignObject", "iframe", "object", "embed"})
INSIDE: Final = ("#", "data:image/")
WITHIN: Final = re.compile(r"url\(\s*(['\"]?)#")
LISTED: Final = frozenset({"aria-labelledby", "aria-describedby"})
OUTSIDE: Final = re.compile(r"@import|url\(\s*['\"]?(?!#|data:)", re.IGNORECASE)


def embeddable(svg: str, name: str = "") -> str:
    """Return the ``svg`` element alone, without declaration or document type.

    Parameters
    ----------
    svg
        The figure.
    name
        What its identifiers begin with: another for each figure of a page, since a reference finds
        the first on the whole page. They stay as they are if it is empty.

    Raises
    ------
    UsageError
        If it is not SVG, or could run code or load anything from outside.
    """
    if "<!DOCTYPE" in svg or "<!ENTITY" in svg:
        msg = "figure: an SVG with a document type cannot be embedded"
        raise UsageError(msg)
    try:
        root = ElementTree.fromstring(svg)  # noqa: S314  no document type, hence no entity
    except ElementTree.ParseError as error:
        msg = f"figure: not well-formed SVG ({error})"
        raise UsageError(msg) from error
    if root.tag != f"{{{SVG}}}svg":
        msg = f"figure: found an element '{root.tag}'; needed 'svg'"
        raise UsageError(msg)
    for element in root.iter():
        _refuse(element)
        if name:
            _rename(element, f"{name}-")
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _refuse(element: ElementTree.Element) -> None:
    name = _local(str(element.tag))
    if name in ACTIVE:
        msg = f"figure: element '{name}' cannot be embedded"
        raise UsageError(msg)
    if name == "style" and OUTSIDE.search(element.text or ""):
        msg = "figure: a style that loads from outside cannot be embedded"
        raise UsageError(msg)
    for key, value in element.attrib.items():
        if _active(_local(key), value):
            msg = f"figure: attribute '{_local(key)}' cannot be embedded"
            raise UsageError(msg)


def _rename(element: ElementTree.Element, start: str) -> None:
    """Let the identifiers of an element, and all that refers to one, begin with ``start``."""
    if element.text and _local(str(element.tag)) == "style":
        element.text = WITHIN.sub(rf"url(\1#{start}", element.text)
    for key, value in element.attrib.items():
        name = _local(key)
        if name == "id":
            element.set(key, start + value)
        elif name == "href" and value.strip().startswith("#"):
            element.set(key, f"#{start}{value.strip()[1:]}")
        elif name in LISTED:
            element.set(key, " ".join(start + one for one in value.split()))
        else:
            element.set(key, WITHIN.sub(rf"url(\1#{start}", value))


def _active(key: str, value: str) -> bool:
    if key == "href":
        return not value.strip().startswith(INSIDE)
    return key.startswith("on") or (key == "style" and bool(OUTSIDE.search(value)))


def _local(name: str) -> str:
    return name.rpartition("}")[2]
