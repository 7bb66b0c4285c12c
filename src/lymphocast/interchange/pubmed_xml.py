"""PubMed XML: read with expat alone, which here expands nothing and fetches nothing.

A document type may be named, as PubMed names its own, but no entity may be declared or used
beyond the five of XML itself: a file that tries is refused at that line. Raised text is kept in
parentheses, ``mm<sup>3</sup>`` becoming ``mm(3)``, as MEDLINE prints it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn, final
from xml.parsers import expat

from lymphocast.errors import RecordError
from lymphocast.interchange.citation import Citation, Reference, squeezed, year_and_month

DEPTH_LIMIT = 64
"""Deepest nesting; PubMed needs about ten levels."""
_ARTICLES = ("PubmedArticle", "PubmedBookArticle")


@final
@dataclass
class Element:
    """An element: its children and its own text, in order, and the line on which it begins."""

    name: str
    attributes: Mapping[str, str]
    line: int
    parts: list["str | Element"] = field(default_factory=list)

    def children(self, name: str) -> Iterator["Element"]:
        """Return the children of one name."""
        return (p for p in self.parts if isinstance(p, Element) and p.name == name)

    def find(self, path: str) -> "Element | None":
        """Return the first element at a path of names."""
        return next(self.all(path), None)

    def all(self, path: str) -> Iterator["Element"]:
        """Return every element at a path of names."""
        first, _, rest = path.partition("/")
        for child in self.children(first):
            yield from child.all(rest) if rest else (child,)

    def descendants(self, names: tuple[str, ...]) -> Iterator["Element"]:
        """Return the elements of these names, wherever they stand but not inside each other."""
        stack: list[Element] = [self]
        while stack:
            element = stack.pop()
            if element.name in names:
                yield element
            else:
                stack.extend(reversed([p for p in element.parts if isinstance(p, Element)]))

    @property
    def text(self) -> str:
        """All text inside, raised text in parentheses, with single blanks."""
        return squeezed("".join(self._pieces()))

    def _pieces(self) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, str):
                yield part
            elif part.name == "sup":
                yield f"({''.join(part._pieces())})"
            else:
                yield from part._pieces()


@final
class _Reader:
    """Builds the elements while expat reads."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Element | None = None
        self.stack: list[Element] = []
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._declared
        parser.SkippedEntityHandler = self._skipped
        parser.ExternalEntityRefHandler = self._external
        self.parser = parser

    def read(self, text: str) -> Element:
        """Return the root of a document."""
        try:
            self.parser.Parse(text.encode("utf-8", "surrogatepass"), True)
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code) or "an error"
            found = f"XML that cannot be read ({what})"
            raise RecordError(self.file, error.lineno, found, "whole PubMed XML") from None
        except RecursionError:
            self._refuse("nesting that is too deep", f"at most {DEPTH_LIMIT} levels")
        if self.root is None:
            self._refuse("no element", "PubMed XML")
        return self.root

    def _refuse(self, found: str, needed: str) -> NoReturn:
        raise RecordError(self.file, self.parser.CurrentLineNumber, found, needed)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.stack) >= DEPTH_LIMIT:
            self._refuse("nesting that is too deep", f"at most {DEPTH_LIMIT} levels")
        element = Element(name, attributes, self.parser.CurrentLineNumber)
        if self.stack:
            self.stack[-1].parts.append(element)
        else:
            self.root = element
        self.stack.append(element)

    def _end(self, _name: str) -> None:
        self.stack.pop()

    def _text(self, text: str) -> None:
        if self.stack:
            self.stack[-1].parts.append(text)

    def _declared(self, name: str, *_: object) -> None:
        self._refuse(f"the declaration of an entity '{name[:40]}'", "XML without entities")

    def _skipped(self, name: str, _parameter: object) -> None:
        self._refuse(f"the entity '{name[:40]}'", "the character itself")

    def _external(self, *_: object) -> int:
        self._refuse("an entity that stands in another file", "XML without entities")


def is_xml(text: str) -> bool:
    """Return whether a text begins as XML does."""
    return text.lstrip()[:1] == "<"


def read_xml(text: str, file: str) -> Iterator[Citation]:
    """Return each article of a PubMed XML file.

    Raises
    ------
    RecordError
        If it is not whole XML, declares or uses entities, holds no article, or an article lacks
        its title.
    """
    root = _Reader(file).read(text)
    found = False
    for article in root.descendants(_ARTICLES):
        found = True
        yield _citation(article, file)
    if not found:
        needed = "an element 'PubmedArticle'"
        raise RecordError(file, root.line, f"the element '{root.name[:40]}' without one", needed)


def _citation(article: Element, file: str) -> Citation:
    book = article.name == "PubmedBookArticle"
    record = article.find("BookDocument" if book else "MedlineCitation")
    content = record if book or record is None else record.find("Article")
    if record is None or content is None:
        raise RecordError(file, article.line, "an article without its citation", "'Article'")
    title = _text(content, "ArticleTitle") or _text(content, "Book/BookTitle")
    if not title:
        found, needed = "an article without a title", "the element 'ArticleTitle'"
        raise RecordError(file, content.line, found, needed)
    issue = content.find("Journal/JournalIssue") or content
    year, month = _date(issue)
    identifiers = _identifiers(article, content)
    pmid = _text(record, "PMID") or identifiers.get("pubmed")
    return Citation(
        id=f"pmid-{pmid or article.line}",
        title=title,
        authors=tuple(a for a in map(_author, content.all("AuthorList/Author")) if a),
        journal=_text(content, "Journal/ISOAbbreviation") or _text(content, "Journal/Title"),
        year=year,
        month=month,
        volume=_text(issue, "Volume"),
        issue=_text(issue, "Issue"),
        pages=_text(content, "Pagination/MedlinePgn"),
        doi=identifiers.get("doi"),
        pmid=pmid,
        pmcid=identifiers.get("pmc"),
        abstract=" ".join(_labelled(part) for part in content.all("Abstract/AbstractText")),
        references=tuple(_references(article)),
    )


def _text(element: Element, path: str) -> str | None:
    found = element.find(path)
    return (found.text or None) if found is not None else None


def _date(issue: Element) -> tuple[int | None, int | None]:
    """Return year and month of publication; a month may be printed as a number."""
    date = issue.find("PubDate") or issue.find("Book/PubDate")
    if date is None:
        return None, None
    month = _text(date, "Month") or ""
    year, named = year_and_month(date.text if date.find("MedlineDate") else _joined(date, month))
    number = int(month) if month.isascii() and month.isdigit() and len(month) < 3 else None
    return year, number if number and number <= 12 else named


def _joined(date: Element, month: str) -> str:
    return f"{_text(date, 'Year') or ''} {month}"


def _identifiers(article: Element, content: Element) -> Mapping[str, str]:
    """Return the article's own identifiers by their type; those of its references are not."""
    found: dict[str, str] = {}
    for element in article.all("PubmedData/ArticleIdList/ArticleId"):
        found.setdefault(element.attributes.get("IdType", ""), element.text)
    for element in content.all("ELocationID"):
        found.setdefault(element.attributes.get("EIdType", ""), element.text)
    return found


def _author(author: Element) -> str:
    family, initials = _text(author, "LastName"), _text(author, "Initials")
    if family is None:
        return _text(author, "CollectiveName") or ""
    return f"{family} {initials}" if initials else family


def _labelled(part: Element) -> str:
    label = part.attributes.get("Label", "")
    return f"{squeezed(label)}: {part.text}" if label else part.text


def _references(article: Element) -> Iterator[Reference]:
    for reference in article.descendants(("Reference",)):
        ids = {e.attributes.get("IdType"): e.text for e in reference.all("ArticleIdList/ArticleId")}
        text = _text(reference, "Citation")
        if text is not None:
            yield Reference(text, ids.get("doi"), ids.get("pubmed"))
