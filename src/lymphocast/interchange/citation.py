"""Citation: an article as a source that facts can point to."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import final

from lymphocast.errors import RecordError
from lymphocast.record.provenance import Source

NEEDED = "MEDLINE (.nbib), PubMed XML, or the saved text of a PubMed page"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR = re.compile(r"\b(1[6-9]\d\d|20\d\d)\b")
_LISTED = 6  # authors that a printed citation names before "et al."


@final
@dataclass(frozen=True)
class Reference:
    """One entry of an article's list of references, as printed, with its identifiers."""

    text: str
    doi: str | None = None
    pmid: str | None = None


@final
@dataclass(frozen=True)
class Citation:
    """An article: what a source of a case file needs, and what BibTeX prints.

    Parameters
    ----------
    id
        Name made of the first author and the year, unique among those read together.
    authors
        Family name and initials of each, ``Trojan T``; ``more_authors`` says that the source
        cuts the list with "et al.".
    month
        1 to 12, or ``None`` where the source gives none.
    pages
        As printed, ``440-5``.
    """

    id: str
    title: str
    authors: tuple[str, ...] = ()
    more_authors: bool = False
    journal: str | None = None
    year: int | None = None
    month: int | None = None
    volume: str | None = None
    issue: str | None = None
    pages: str | None = None
    doi: str | None = None
    pmid: str | None = None
    pmcid: str | None = None
    abstract: str = ""
    references: tuple[Reference, ...] = ()

    @property
    def printed(self) -> str:
        """The citation as a list of references prints it."""
        named = ", ".join(self.authors[:_LISTED])
        cut = self.more_authors or len(self.authors) > _LISTED
        issue = f"({self.issue})" if self.issue else ""
        pages = f":{self.pages}" if self.pages else ""
        where = f"{self.year or ''};{self.volume or ''}{issue}{pages}".strip(";")
        journal = f"{self.journal} {where}" if self.journal else where
        parts = (f"{named}{', et al.' if cut and named else ''}", self.title, journal.strip())
        return " ".join(f"{part.rstrip('.')}." for part in parts if part)

    def source(self, note: str = "") -> Source:
        """Return this article as a source of a case file."""
        return Source(self.id, self.printed, self.doi, self.pmid, note)


def identified(citations: Iterable[Citation]) -> tuple[Citation, ...]:
    """Return citations with names that differ: ``trojan-2009``, ``trojan-2009-b``."""
    found: list[Citation] = []
    seen: dict[str, int] = {}
    for citation in citations:
        name = name_of(citation)
        seen[name] = seen.get(name, 0) + 1
        taken = f"{name}-{_letters(seen[name])}" if seen[name] > 1 else name
        found.append(replace(citation, id=taken))
    return tuple(found)


def name_of(citation: Citation) -> str:
    """Return the family name of the first author and the year, in small plain letters."""
    if citation.authors:
        family = plain(_family(citation.authors[0]))
        if family:
            return f"{family[:40].strip('-')}-{citation.year}" if citation.year else family[:40]
    return f"pmid-{citation.pmid}" if citation.pmid else "article"


def _family(author: str) -> str:
    """Return an author's name without the initials at its end."""
    family, _, initials = author.rpartition(" ")
    return family if initials.isupper() and len(initials) < 5 else author


def plain(text: str) -> str:
    """Return an identifier of a case file made from a text; empty if nothing is left."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"^[^a-z]+", "", re.sub(r"[^a-z0-9]+", "-", ascii_text)).strip("-")


def year_and_month(text: str) -> tuple[int | None, int | None]:
    """Return the year and the month that a printed date names: ``2009 Jun``, ``2009 Jun-Jul``."""
    year = _YEAR.search(text)
    month = re.search(rf"\b({'|'.join(MONTHS)})", text.lower())
    return int(year[1]) if year else None, MONTHS.index(month[1]) + 1 if month else None


def decoded(content: bytes, name: str) -> str:
    """Return the text of a file: UTF-8, or UTF-16 with a byte-order mark; plain line ends.

    Raises
    ------
    RecordError
        If the bytes are neither, or hold a NUL.
    """
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"bytes that are not {encoding.removesuffix('-sig').upper()}"
        raise RecordError(name, line, found, "text in UTF-8") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise RecordError(name, line, "a NUL character", "text in UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def squeezed(text: str) -> str:
    """Return a text with single blanks and nothing that cannot be printed."""
    words = " ".join(text.split())
    return words if words.isprintable() else "".join(c for c in words if c.isprintable())


def _letters(number: int) -> str:
    """Count in letters: 2 is ``b``, 27 is ``aa``."""
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("a") + rest) + text
    return text
