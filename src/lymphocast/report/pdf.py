"""The report as PDF: the typst template reads the document as data, so no text is ever markup.

Only the fonts that typst carries are used, and no creation date is written: identical documents
give identical bytes. The figure is set from its own PDF, which keeps its fonts.
"""

import json
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import typst
import vl_convert

from lymphocast.report.blocks import Document, Drawing
from lymphocast.report.svg import embeddable

TEMPLATE: Final = "templates/report.typ"
EPOCH: Final = 0
"""Fixed time given to typst; the template writes no date."""


def render_pdf(document: Document) -> bytes:
    """Return the report as PDF.

    Raises
    ------
    UsageError
        If the figure is not SVG or refers to anything outside.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        source = files("lymphocast.report").joinpath(TEMPLATE).read_bytes()
        (folder / "report.typ").write_bytes(source)
        (folder / "document.json").write_text(_data(document, folder), encoding="utf-8")
        return typst.compile(
            str(folder / "report.typ"),
            root=str(folder),
            format="pdf",
            ignore_system_fonts=True,
            timestamp=EPOCH,
        )


def _data(document: Document, folder: Path) -> str:
    sections = [
        {
            "id": section.id,
            "title": section.title,
            "blocks": [
                {"kind": type(block).__name__.lower(), **asdict(block)} for block in section.blocks
            ],
        }
        for section in document.sections
    ]
    drawings = (b for s in document.sections for b in s.blocks if isinstance(b, Drawing))
    for index, drawing in enumerate(drawings):
        (folder / f"figure-{index}.pdf").write_bytes(vl_convert.svg_to_pdf(embeddable(drawing.svg)))
    content = {"title": document.title, "subtitle": document.subtitle, "sections": sections}
    return json.dumps(content, ensure_ascii=False)
