"""Page: the text that facts are sought in, its sections, and the article that it belongs to.

A page is the saved text of a PubMed page, MEDLINE, PubMed XML, or any plain text. Characters are
counted from 0 in the file's text (without a byte-order mark, line ends as one character); in PubMed
XML they are counted in the title and abstract as read, one line each.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from lymphocast.errors import RecordError
from lymphocast.interchange.citation import Citation, decoded, identified, plain, squeezed
from lymphocast.interchange.medline import content_of
from lymphocast.interchange.nbib import is_nbib, read_nbib, records
from lymphocast.interchange.pubmed_page import HEADINGS, Section, read_saved_pages
from lymphocast.interchange.pubmed_xml import is_xml, read_xml

SIZE_LIMIT: Final = 2**20
"""Largest page in bytes: an abstract has some 2000, a whole article some 100 000."""
NEEDED: Final = "the text of an abstract or legend"
_REFERENCES = re.compile(r"^\W*(?:references|bibliography|literature cited)\W*$", re.I | re.M)
_NOISE = re.compile(
    r"^[^\S\n]*(?:(?:doi|pmid|pmcid|copyright|\u00a9|keywords?|key words|"
    r"conflicts? of interest|funding|"
    r"author information|affiliations?|correspondence|e-?mail)\b[^\n]*|https?://\S+|"
    r"(?:[A-Z][\w.& ]{1,60}\. )?(?:19|20)\d\d(?: [A-Z][a-z]{2}[\w -]*)?;\s?\d[^\n]*)$",
    re.I | re.M,
)


@final
@dataclass(frozen=True)
class Page:
    """A text with its sections and its article."""

    file: str
    text: str
    sections: tuple[Section, ...]
    citation: Citation
    cited: bool = True


def read_page(path: Path) -> Page:
    """Read a page.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RecordError
        If it cannot be read, holds no text, or holds more than one article.
    """
    text = decoded(content_of(path, SIZE_LIMIT), path.name)
    if not re.search(r"\w", text):
        raise RecordError(path.name, None, "a page without words", NEEDED)
    if is_xml(text):
        return _from_xml(text, path.name)
    if is_nbib(text):
        return _from_nbib(text, path.name)
    return _from_text(text, path)


def _only(citations: tuple[Citation, ...], file: str) -> Citation:
    if len(citations) != 1:
        raise RecordError(file, None, f"{len(citations)} articles", "one article on a page")
    return citations[0]


def _from_xml(text: str, file: str) -> Page:
    citation = _only(identified(read_xml(text, file)), file)
    whole = f"{citation.title}\n{citation.abstract}"
    first = len(citation.title)
    sections = (Section("title", 0, first), Section("abstract", first + 1, len(whole)))
    return Page(file, whole, sections, citation)


def _from_nbib(text: str, file: str) -> Page:
    citation = _only(identified(read_nbib(text, file)), file)
    names = {"TI": "title", "AB": "abstract"}
    lines = next(iter(records(text, file)))
    sections = (Section(names[x.tag], x.start, x.end) for x in lines if x.tag in names)
    return Page(file, text, tuple(sections), citation)


def _from_text(text: str, path: Path) -> Page:
    try:
        saved = read_saved_pages(text, path.name)
    except RecordError:
        citation = Citation(plain(path.stem)[:60].strip("-") or "page", squeezed(path.stem))
        return Page(path.name, text, tuple(_bare(text)), citation, cited=False)
    citation = _only(identified(page.citation for page in saved), path.name)
    return Page(path.name, text, saved[0].sections, citation)


def _bare(text: str) -> Iterator[Section]:
    """Return the parts of a plain text between bibliographic lines, up to its references."""
    match = _REFERENCES.search(text)
    end = match.start() if match is not None else len(text)
    begin = 0
    for noise in (*_NOISE.finditer(text, 0, end), None):
        stop = noise.start() if noise is not None else end
        if re.search(r"\w", text[begin:stop]):
            yield Section("text", *_trimmed(text, begin, stop))
        begin = noise.end() if noise is not None else end


def _trimmed(text: str, begin: int, end: int) -> tuple[int, int]:
    """Return a span without white space and a heading such as ``Abstract`` at its ends."""
    first, _, rest = text[begin:end].lstrip().partition("\n")
    if first.strip().rstrip(":").casefold() in HEADINGS and rest:
        begin = text.index(first, begin) + len(first)
    part = text[begin:end]
    begin += len(part) - len(part.lstrip())
    return begin, begin + len(part.strip())
