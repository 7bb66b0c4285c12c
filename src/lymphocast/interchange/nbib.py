"""MEDLINE (.nbib): tagged lines, ``TI  - Safety and efficacy ...``, continued by indentation."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from lymphocast.errors import RecordError
from lymphocast.interchange.citation import Citation, squeezed, year_and_month

_TAGGED = re.compile(r"([A-Z][A-Z0-9]{1,3}) {0,2}- ?(.*)")
_OPENING = re.compile(r"\s*PMID ?- ?\d", re.ASCII)
_NEEDED = "a tag such as 'TI  - ', or a continuation that begins with blanks"


@final
@dataclass(frozen=True)
class Line:
    """One tagged value: its text without line breaks, its line, its span in the file."""

    tag: str
    text: str
    number: int
    start: int
    end: int


def is_nbib(text: str) -> bool:
    """Return whether a text begins as MEDLINE does."""
    return _OPENING.match(text) is not None


def records(text: str, file: str) -> Iterator[tuple[Line, ...]]:
    """Return the tagged values of each record; a record begins with ``PMID-``.

    Raises
    ------
    RecordError
        At a line that is neither tagged nor a continuation.
    """
    current: list[Line] = []
    at = 0
    for number, raw in enumerate(text.split("\n"), 1):
        start, at = at, at + len(raw) + 1
        match = _TAGGED.fullmatch(raw)
        if not raw.strip():
            continue
        if match is not None:
            if match[1] == "PMID" and current:
                yield tuple(current)
                current = []
            begin = start + match.start(2)
            current.append(Line(match[1], match[2], number, begin, start + len(raw)))
        elif raw[0] in " \t" and current:
            last = current.pop()
            joined = f"{last.text} {raw.strip()}"
            current.append(Line(last.tag, joined, last.number, last.start, start + len(raw)))
        else:
            shown = raw.strip()[:40]
            raise RecordError(file, number, f"the line '{squeezed(shown)}'", _NEEDED)
    if current:
        yield tuple(current)


def read_nbib(text: str, file: str) -> Iterator[Citation]:
    """Return the article of each MEDLINE record.

    Raises
    ------
    RecordError
        If a line cannot be read, or a record has no title or no valid PMID.
    """
    for lines in records(text, file):
        yield _citation(lines, file)


def _citation(lines: Sequence[Line], file: str) -> Citation:
    values: dict[str, list[str]] = {}
    for line in lines:
        values.setdefault(line.tag, []).append(squeezed(line.text))
    first = lines[0]
    pmid = values.get("PMID", [""])[0]
    if re.fullmatch(r"\d{1,10}", pmid, re.ASCII) is None:
        raise RecordError(file, first.number, f"PMID '{pmid[:40]}'", "a number after 'PMID-'")
    title = _first(values, "TI", "BTI")
    if not title:
        raise RecordError(file, first.number, f"no title in record {pmid}", "a line 'TI  - '")
    year, month = year_and_month(_first(values, "DP") or "")
    return Citation(
        id=f"pmid-{pmid}",
        title=title,
        authors=tuple(values.get("AU", ())) or tuple(map(_short, values.get("FAU", ()))),
        journal=_first(values, "TA", "JT"),
        year=year,
        month=month,
        volume=_first(values, "VI"),
        issue=_first(values, "IP"),
        pages=_first(values, "PG"),
        doi=_doi(values),
        pmid=pmid,
        pmcid=_first(values, "PMC"),
        abstract=_first(values, "AB") or "",
    )


def _first(values: Mapping[str, Sequence[str]], *tags: str) -> str | None:
    """Return the first value of the first tag that has one."""
    return next((v for tag in tags for v in values.get(tag, ()) if v), None)


def _doi(values: Mapping[str, Sequence[str]]) -> str | None:
    """Return the identifier that is marked ``[doi]``."""
    for text in (*values.get("LID", ()), *values.get("AID", ())):
        if text.endswith("[doi]"):
            return text.removesuffix("[doi]").strip()
    return None


def _short(full: str) -> str:
    """Return ``Trojan T`` for ``Trojan, Timothy``."""
    family, _, given = full.partition(",")
    initials = "".join(word[0] for word in re.split(r"[\s.-]+", given) if word)
    return f"{family} {initials}".strip()
