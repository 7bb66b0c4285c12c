"""Writes a report to a file; the suffix decides the format."""

from pathlib import Path
from typing import Final

from lymphocast.errors import UsageError
from lymphocast.files import write_whole
from lymphocast.report.blocks import Document

SUFFIXES: Final = (".html", ".pdf")


def write_report(document: Document, path: Path) -> None:
    """Write the report; the file appears complete or not at all.

    Raises
    ------
    UsageError
        If the suffix is neither ``.html`` nor ``.pdf``, or the figure cannot be embedded.
    """
    write_whole(path, _content(document, path))


def _content(document: Document, path: Path) -> bytes:
    # Each writer's libraries are loaded only when that format is asked for.
    match path.suffix.lower():
        case ".html":
            from lymphocast.report.html import render_html

            return render_html(document).encode("utf-8")
        case ".pdf":
            from lymphocast.report.pdf import render_pdf

            return render_pdf(document)
    msg = (
        f"report '{path.name}': suffix '{path.suffix}' cannot be written; "
        f"needed one of {', '.join(SUFFIXES)}"
    )
    raise UsageError(msg)
