"""What a reader sees: all text of a document, whatever its layout."""

from collections.abc import Iterator

from lymphocast.report.blocks import (
    Block,
    Bullets,
    Document,
    Drawing,
    Equations,
    Listing,
    Paragraph,
    Section,
    Subheading,
    Table,
)


def text_of(document: Document) -> str:
    """Return all text of a document, one piece per line."""
    return "\n".join(piece for s in document.sections for b in s.blocks for piece in pieces(b))


def section(document: Document, name: str) -> Section:
    """Return a section by its identifier."""
    return next(s for s in document.sections if s.id == name)


def section_text(document: Document, name: str) -> str:
    """Return the text of one section."""
    return "\n".join(piece for b in section(document, name).blocks for piece in pieces(b))


def tables(document: Document) -> tuple[Table, ...]:
    """Return every table of a document."""
    return tuple(b for s in document.sections for b in s.blocks if isinstance(b, Table))


def pieces(block: Block) -> Iterator[str]:
    """Yield the texts of a block."""
    match block:
        case Paragraph():
            yield f"{block.lead} {block.text}"
        case Subheading():
            yield block.text
        case Bullets():
            yield from block.items
        case Listing():
            yield from block.lines
        case Drawing():
            yield block.caption
        case Equations():
            yield from (f"{line.formula} {line.meaning}" for line in block.lines)
        case Table():
            yield block.caption
            yield from (column.title for column in block.columns)
            yield from (cell for row in block.rows for cell in row.cells)
            yield block.note
