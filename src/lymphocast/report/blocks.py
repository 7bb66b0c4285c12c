"""The typed parts of a report; writers lay them out and add nothing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import final


@final
class Tone(StrEnum):
    """How a paragraph stands out."""

    PLAIN = "plain"
    NOTE = "note"
    BANNER = "banner"
    NAMED = "named"
    QUOTABLE = "quotable"
    REFUSED = "refused"


@final
class Mark(StrEnum):
    """How a table row stands out: never by colour alone."""

    PLAIN = "plain"
    ASSUMED = "assumed"
    AVERAGED = "averaged"
    GROUP = "group"
    FAILED = "failed"


@final
@dataclass(frozen=True)
class Paragraph:
    """A paragraph; ``lead`` is its bold opening."""

    text: str
    tone: Tone = Tone.PLAIN
    lead: str = ""


@final
@dataclass(frozen=True)
class Bullets:
    """A list of short items."""

    items: tuple[str, ...]


@final
@dataclass(frozen=True)
class Subheading:
    """A heading inside a section."""

    text: str


@final
@dataclass(frozen=True)
class Column:
    """A table column: its title, relative width on paper, and whether it holds numbers."""

    title: str
    width: float = 1.0
    numeric: bool = False


@final
@dataclass(frozen=True)
class Row:
    """A table row; a ``GROUP`` row has one cell that spans the table."""

    cells: tuple[str, ...]
    mark: Mark = Mark.PLAIN


@final
@dataclass(frozen=True)
class Table:
    """A table with its caption; ``note`` stands below it."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""


@final
@dataclass(frozen=True)
class Equation:
    """One equation as text, and what it says."""

    formula: str
    meaning: str


@final
@dataclass(frozen=True)
class Equations:
    """Equations that belong together."""

    lines: tuple[Equation, ...]


@final
@dataclass(frozen=True)
class Drawing:
    """A figure as SVG, its caption, and a description for readers who cannot see it."""

    svg: str
    caption: str
    description: str


@final
@dataclass(frozen=True)
class Listing:
    """Text to be typed or compared literally: commands, checksums."""

    lines: tuple[str, ...]


Block = Paragraph | Bullets | Subheading | Table | Equations | Drawing | Listing


@final
@dataclass(frozen=True)
class Section:
    """A titled part of the report; ``id`` is its stable address."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@final
@dataclass(frozen=True)
class Document:
    """A whole report, ready for any writer."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
