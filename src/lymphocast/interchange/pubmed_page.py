"""The saved text of a PubMed page: its citation, and where its abstract and legends stand.

Read are the page as a browser copies it, with the headings ``Abstract``, ``Figures`` and
``References`` on lines of their own, and what PubMed saves as "Abstract (text)", where the same
parts are paragraphs without headings.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

from lymphocast.errors import RecordError
from lymphocast.interchange.citation import (
    NEEDED,
    Citation,
    Reference,
    squeezed,
    year_and_month,
)

HEADINGS = frozenset(
    re.split(
        r"\|",
        "abstract|affiliations|affiliation|associated data|cited by|comment in|comment on|"
        "conflict of interest statement|copyright|erratum in|figures|full text sources|"
        "grants and funding|grant support|keywords|linkout - more resources|medical|mesh terms|"
        "other literature sources|pubmed disclaimer|publication types|references|"
        "related information|research materials|similar articles|substances|"
        "supplementary concepts|update in",
    )
)
_KINDS = frozenset(
    re.split(
        r"\|",
        "case reports|clinical trial|comment|comparative study|editorial|letter|meta-analysis|"
        "multicenter study|randomized controlled trial|review|research support, non-u.s. gov't|"
        "observational study|practice guideline|published erratum",
    )
)
_WHERE = re.compile(
    r"(?:^|\.\s)\s*(?P<date>(?:1[6-9]|20)\d\d(?:\s[A-Z][a-z]{2}[\w /-]{0,20})?)\s*;\s*"
    r"(?P<volume>[\w .-]{0,20}?)(?:\((?P<issue>[^()\n]{1,30})\))?"
    r"(?::(?P<pages>[\w ,-]{1,40}))?\.(?=\s|$)"
)
_DOI = re.compile(r"\b(10\.\d{4,9}/[^\s\"<>]+)", re.IGNORECASE)
_PMID = re.compile(r"\bPMID:?\s*(\d{1,10})\b")
_PMCID = re.compile(r"\b(PMC\d{1,10})\b")
_SHORT = re.compile(
    r"^(?P<author>.{1,80}?) et al\. (?P<journal>.{1,120}?)\. (?P<date>\d{4}.{0,20})$"
)
_LABEL = re.compile(
    r"^\s*(?P<label>(?:fig(?:ure)?|supplementary fig(?:ure)?)s?\.?\s*\w{1,4})\.?\s*$", re.I
)
_LINKS = re.compile(r"(?:\s*-\s*(?:PubMed|PMC|DOI|View))+\s*$")
_ITEM = re.compile(r"^\s*(?:\d{1,4}\.|-|\u2022)\s*")
_WEB = re.compile(r"^[ \t\xa0]*(?:abstract|figures):?[ \t\xa0]*$", re.IGNORECASE | re.MULTILINE)
_SAVED = re.compile(r"^1\. \S", re.MULTILINE)
_NUMBERED = re.compile(r"^(\d{1,6})\. (?=\S)")
_AFTER = re.compile(
    r"^(?:DOI|PMCID|PMID|Copyright|\u00a9|Conflict of interest|Comment (?:in|on)|Erratum|Update|"
    r"Author information|Collaborators|Keywords)\b|^\u00a9",
    re.I,
)


@final
@dataclass(frozen=True)
class Section:
    """A part of the text that states facts: ``abstract``, ``Fig. 1 legend``, ``title``."""

    name: str
    start: int
    end: int


@final
@dataclass(frozen=True)
class SavedPage:
    """A page's citation, and the sections of its text."""

    citation: Citation
    sections: tuple[Section, ...]


@final
@dataclass(frozen=True)
class _Line:
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def heading(self) -> str:
        """The heading that this line is, in small letters; else nothing."""
        word = self.text.strip().rstrip(":").casefold()
        return word if word in HEADINGS else ""


def read_saved_pages(text: str, file: str) -> tuple[SavedPage, ...]:
    """Return the articles of a saved text.

    Raises
    ------
    RecordError
        If the text names no article: no title, or neither DOI, PMID nor a journal's date.
    """
    pages: tuple[SavedPage, ...] = ()
    if _WEB.search(text):
        found = _web_page(_lines(text))
        pages = (found,) if found is not None else ()
    elif _SAVED.search(text):
        pages = tuple(_saved_abstracts(text, _lines(text)))
    if not pages:
        raise RecordError(file, None, "a text without a citation", NEEDED)
    return pages


def _lines(text: str) -> tuple[_Line, ...]:
    at, lines = 0, []
    for raw in text.replace("\N{NO-BREAK SPACE}", " ").split("\n"):
        lines.append(_Line(raw, at))
        at += len(raw) + 1
    return tuple(lines)


# The page as a browser copies it.


def _web_page(lines: Sequence[_Line]) -> SavedPage | None:
    first = next(i for i, line in enumerate(lines) if line.heading in ("abstract", "figures"))
    head = [line for line in lines[:first] if line.text.strip()]
    where = next((i for i, line in enumerate(head) if _WHERE.search(line.text)), None)
    title = _title(head, where)
    identifiers = "\n".join(line.text for line in lines[: first + 1])
    doi, pmid = _DOI.search(identifiers), _PMID.search(identifiers)
    if title is None or (where is None and doi is None and pmid is None):
        return None
    match = _WHERE.search(head[where].text) if where is not None else None
    authors, more, journal = _signed(head, head.index(title), where)
    sections = (
        Section("title", title.start, title.end),
        *_abstract(lines),
        *_legends(lines),
    )
    year, month = year_and_month(match["date"] if match else "")
    abstract = " ".join(squeezed(_of(lines, s)) for s in sections if s.name == "abstract")
    pmcid = _PMCID.search(identifiers)
    citation = Citation(
        id="",
        title=squeezed(title.text),
        authors=authors,
        more_authors=more,
        journal=journal,
        year=year,
        month=month,
        volume=(match["volume"].strip() or None) if match else None,
        issue=match["issue"] if match else None,
        pages=match["pages"] if match else None,
        doi=doi[1].rstrip(".,;)") if doi else None,
        pmid=pmid[1] if pmid else None,
        pmcid=pmcid[1] if pmcid else None,
        abstract=abstract,
        references=tuple(_references(lines)),
    )
    return SavedPage(citation, sections)


def _of(lines: Sequence[_Line], section: Section) -> str:
    return "\n".join(
        line.text for line in lines if section.start <= line.start and line.end <= section.end
    )


def _title(head: Sequence[_Line], where: int | None) -> _Line | None:
    """Return the title: the line after the journal's, or the first line that occurs twice."""
    if where is not None:
        rest = head[where + 1 :]
    else:
        texts = [line.text.strip() for line in head]
        rest = [line for line in head if texts.count(line.text.strip()) > 1] or head
    for line in rest:
        text = line.text.strip()
        if line.heading or text.casefold() in _KINDS:
            continue
        if re.match(r"(?:doi|epub|pmid|pmcid|online ahead|-)\b", text, re.I) or text[0] == "-":
            continue
        return line
    return None


def _signed(
    head: Sequence[_Line], title: int, where: int | None
) -> tuple[tuple[str, ...], bool, str | None]:
    """Return the authors, whether they are cut with "et al.", and the journal."""
    short = next((m for m in (_SHORT.match(line.text.strip()) for line in head) if m), None)
    journal = short["journal"] if short else None
    if journal is None and where is not None:
        before = head[where].text[: _begin(head[where].text)].strip(" .")
        above = head[where - 1].text.strip(" .") if where else ""
        journal = before or (above if above.casefold() not in _KINDS else "") or None
    line = head[title + 1] if title + 1 < len(head) else None
    if line is not None and _names(line):
        return tuple(map(_family_first, _split_names(line.text))), False, journal
    return ((_family_first(short["author"]),), True, journal) if short else ((), False, journal)


def _begin(text: str) -> int:
    match = _WHERE.search(text)
    return match.start("date") if match else 0


def _names(line: _Line) -> bool:
    """Return whether a line below the title lists authors."""
    text = line.text.strip()
    if line.heading or text.casefold() in _KINDS or " et al. " in text or len(text) > 4000:
        return False
    return all(
        re.match(r"^[A-Z][\w'\u2019.-]*(?: [\w'\u2019.-]+){1,5}$", n) for n in _split_names(text)
    )


def _split_names(text: str) -> list[str]:
    """Return the names of a list of authors without the numbers of their affiliations."""
    bare = re.sub(r"\(\d+\)|[\d*\u2020\u2021]+", " ", text.strip().rstrip("."))
    return [" ".join(n.split()) for n in re.split(r"[,;]|\band\b", bare) if n.split()]


def _family_first(name: str) -> str:
    """Return ``Khan DA`` for ``D A Khan``; a name that ends in initials stays."""
    words = name.strip().split()
    if len(words) < 2 or re.fullmatch(r"[A-Z]{1,4}", words[-1]):
        return " ".join(words)
    initials = "".join(word[0].upper() for word in words[:-1])
    return f"{words[-1]} {initials}"


def _block(lines: Sequence[_Line], heading: str) -> Iterator[_Line]:
    """Return the lines below a heading, up to the next one."""
    inside = False
    for line in lines:
        if line.heading:
            inside = line.heading == heading
        elif inside and line.text.strip():
            yield line


def _abstract(lines: Sequence[_Line]) -> Iterator[Section]:
    block = [line for line in _block(lines, "abstract") if not _AFTER.match(line.text.strip())]
    if block:
        yield Section("abstract", block[0].start, block[-1].end)


def _legends(lines: Sequence[_Line]) -> Iterator[Section]:
    label, begin, end = "figure", -1, -1
    for line in _block(lines, "figures"):
        match = _LABEL.match(line.text)
        if match is None:
            begin, end = (line.start if begin < 0 else begin), line.end
            continue
        if begin >= 0:
            yield Section(f"{label} legend", begin, end)
        label, begin = " ".join(match["label"].split()), -1
    if begin >= 0:
        yield Section(f"{label} legend", begin, end)


def _references(lines: Sequence[_Line]) -> Iterator[Reference]:
    current: list[str] = []
    for line in _block(lines, "references"):
        text = line.text.strip()
        if _ITEM.match(line.text) and current:
            yield from _reference(current)
            current = []
        current.append(_ITEM.sub("", text))
    yield from _reference(current)


def _reference(parts: Sequence[str]) -> Iterator[Reference]:
    text = squeezed(_LINKS.sub("", " ".join(parts)))
    if len(text) > 10:
        doi, pmid = _DOI.search(text), _PMID.search(text)
        yield Reference(text, doi[1].rstrip(".,;)") if doi else None, pmid[1] if pmid else None)


# What PubMed saves as "Abstract (text)".


@final
@dataclass(frozen=True)
class _Paragraph:
    text: str
    start: int
    end: int


def _saved_abstracts(text: str, lines: Sequence[_Line]) -> Iterator[SavedPage]:
    begins, expected = [], 1
    for line in lines:
        match = _NUMBERED.match(line.text)
        if match is not None and int(match[1]) == expected and _WHERE.search(line.text):
            begins.append(line.start)
            expected += 1
    for begin, end in pairwise([*begins, len(text)]):
        found = _saved_abstract(tuple(_paragraphs(text, begin, end)))
        if found is not None:
            yield found


def _paragraphs(text: str, begin: int, end: int) -> Iterator[_Paragraph]:
    for match in re.finditer(r"\S[^\n]*(?:\n[^\n]*\S[^\n]*)*", text[begin:end]):
        yield _Paragraph(squeezed(match[0]), begin + match.start(), begin + match.end())


def _saved_abstract(paragraphs: Sequence[_Paragraph]) -> SavedPage | None:
    if len(paragraphs) < 2:
        return None
    head, title = paragraphs[0].text, paragraphs[1]
    match = _WHERE.search(head)
    if match is None:
        return None
    signed = len(paragraphs) > 2 and not _AFTER.match(paragraphs[2].text)
    authors = tuple(map(_family_first, _split_names(paragraphs[2].text))) if signed else ()
    body = [p for p in paragraphs[3 if signed else 2 :] if not _AFTER.match(p.text)]
    whole = "\n".join(p.text for p in paragraphs)
    doi, pmid, pmcid = _DOI.search(whole), _PMID.search(whole), _PMCID.search(whole)
    year, month = year_and_month(match["date"])
    citation = Citation(
        id="",
        title=title.text,
        authors=authors,
        journal=_NUMBERED.sub("", head)[: _begin(_NUMBERED.sub("", head))].strip(" .") or None,
        year=year,
        month=month,
        volume=match["volume"].strip() or None,
        issue=match["issue"],
        pages=match["pages"],
        doi=doi[1].rstrip(".,;)") if doi else None,
        pmid=pmid[1] if pmid else None,
        pmcid=pmcid[1] if pmcid else None,
        abstract=" ".join(p.text for p in body),
    )
    sections = [Section("title", title.start, title.end)]
    if body:
        sections.append(Section("abstract", body[0].start, body[-1].end))
    return SavedPage(citation, tuple(sections))
