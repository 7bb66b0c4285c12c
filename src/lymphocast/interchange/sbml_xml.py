"""SBML files opened with care: what is no clean XML never reaches libSBML.

A document type, an entity, a byte that the declared encoding does not have, an element that is not
closed and a nesting deeper than any model's are each refused with one message. What passes is read
by libSBML; what it calls an error is one.
"""

import re
from typing import Any, Final, final
from xml.etree.ElementTree import ParseError

import libsbml
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from lymphocast.errors import ExchangeError

SIZE_LIMIT: Final = 20_000_000
"""Bytes; the largest published whole-cell models in SBML stay below."""

DEEPEST: Final = 200
"""Elements within elements; formulas that people and programs write stay below 50."""

SBML_NAMESPACE = re.compile(r"http://www\.sbml\.org/sbml/level\d")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def open_sbml(content: bytes, name: str) -> Any:  # noqa: ANN401 (libsbml.SBMLDocument)
    """Return a document that libSBML has read without an error.

    Raises
    ------
    ExchangeError
        If the content is no well-formed XML without document type, or no SBML of level 2 or 3.
    """
    if len(content) > SIZE_LIMIT:
        raise ExchangeError(name, None, f"{len(content)} bytes", f"at most {SIZE_LIMIT}")
    _check_xml(content, name)
    document = libsbml.readSBMLFromString(_text(content, name))
    for index in range(document.getNumErrors()):
        error = document.getError(index)
        if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR:
            text = " ".join(error.getShortMessage().split()) or "an error"
            place = f"line {error.getLine()}"
            raise ExchangeError(name, place, f"'{text}'", f"valid SBML (rule {error.getErrorId()})")
    level = document.getLevel()
    if level not in {2, 3}:
        raise ExchangeError(name, None, f"SBML level {level}", "level 2 or 3")
    if document.getModel() is None:
        raise ExchangeError(name, None, "a document without a model", "one model")
    return document


@final
class _Depth:
    """What the parser tells: how deep elements stand, and which the first is."""

    def __init__(self, name: str) -> None:
        self.name, self.depth, self.root = name, 0, ""

    def start(self, tag: str, attributes: object) -> None:
        """Count an element."""
        self.root = self.root or tag
        self.depth += 1
        if self.depth > DEEPEST:
            found = f"elements nested deeper than {DEEPEST}"
            raise ExchangeError(self.name, None, found, "a model")

    def end(self, tag: str) -> None:
        """Leave an element."""
        self.depth -= 1

    def data(self, text: str) -> None:
        """Pass over text."""

    def close(self) -> str:
        """Return the name of the first element."""
        return self.root


def _check_xml(content: bytes, name: str) -> None:
    parser = DefusedXMLParser(target=_Depth(name), forbid_dtd=True)
    try:
        parser.feed(content)
        root = parser.close()
    except DefusedXmlException as error:
        raise ExchangeError(name, None, "a document type or an entity", "plain XML") from error
    except ParseError as error:
        raise ExchangeError(name, None, f"'{error}'", "well-formed XML") from error
    except (LookupError, ValueError) as error:
        raise ExchangeError(name, None, f"'{error}'", "an encoding of XML, UTF-8 say") from error
    namespace, _, local = root.rpartition("}")
    if local != "sbml" or not SBML_NAMESPACE.match(namespace.lstrip("{")):
        raise ExchangeError(name, None, f"an element '{local}'", "an SBML document")


def _text(content: bytes, name: str) -> str:
    """Return the document as text, without the declaration that names its encoding."""
    declared = _ENCODING.match(content)
    named = declared[1].decode("ascii") if declared else "utf-8"
    encoding = next((e for mark, e in _MARKS if content.startswith(mark)), named)
    try:
        return _DECLARATION.sub("", content.decode(encoding), count=1)
    except (LookupError, UnicodeError) as error:
        raise ExchangeError(name, None, f"'{error}'", f"text in {encoding}") from error
