"""BibTeX: one ``@article`` for each citation, in UTF-8."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lymphocast.files import write_whole
from lymphocast.interchange.citation import MONTHS, Citation

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_ESCAPES = str.maketrans(_SPECIAL)


def write_bibtex(path: Path, citations: Sequence[Citation]) -> None:
    """Write citations as BibTeX, keyed by their names; the file is complete or absent."""
    write_whole(path, "\n".join(map(_entry, citations)).encode("utf-8"))


def _entry(citation: Citation) -> str:
    fields = ",\n".join(f"  {name} = {value}" for name, value in _fields(citation))
    return f"@article{{{citation.id},\n{fields}\n}}\n"


def _fields(citation: Citation) -> Iterator[tuple[str, str]]:
    authors = [_author(author) for author in citation.authors]
    if citation.more_authors:
        authors.append("others")
    if authors:
        yield "author", f"{{{' and '.join(authors)}}}"
    # The second pair of braces keeps the capitals of the title.
    yield "title", f"{{{{{_escaped(citation.title.rstrip('.'))}}}}}"
    for name, value in (
        ("journal", citation.journal),
        ("year", str(citation.year) if citation.year else None),
        ("volume", citation.volume),
        ("number", citation.issue),
        ("pages", _pages(citation.pages)),
        ("doi", citation.doi),
        ("pmid", citation.pmid),
        ("pmcid", citation.pmcid),
        ("abstract", citation.abstract),
    ):
        if value:
            yield name, f"{{{_escaped(value)}}}"
    if citation.month:
        yield "month", MONTHS[citation.month - 1]  # BibTeX's own abbreviation, without braces


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _author(author: str) -> str:
    """Return ``Trojan, T`` for ``Trojan T``; a body that signs as a group stays together."""
    match = re.fullmatch(r"(.+?) ([A-Z][A-Z-]{0,4})(?: (Jr|Sr|[23](?:nd|rd)|II|III))?", author)
    if match is None:
        return f"{{{_escaped(author)}}}"
    suffix = f", {match[3]}" if match[3] else ""
    return f"{_escaped(match[1])}{suffix}, {match[2]}"


def _pages(pages: str | None) -> str | None:
    """Return a range of pages written out: 440-5 is 440--445."""
    match = re.fullmatch(r"(\d+)-(\d+)", pages or "", re.ASCII)
    if match is None:
        return pages
    first, last = match[1], match[2]
    return f"{first}--{first[: max(len(first) - len(last), 0)]}{last}"
