"""Spreadsheets made for tests, also such as no spreadsheet program would write."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook

Rows = Sequence[Sequence[Any]]
CASE: Rows = (("id", "title"), ("small", "A small case"))
SOURCES: Rows = (("id", "citation"), ("chart", "Invented"))
PLACE = ("provenance.source", "provenance.locator", "provenance.method")
FROM = ("chart", "page 1", "stated")


def workbook(sheets: Mapping[str, Rows], formats: Mapping[str, str] | None = None) -> bytes:
    """Return a spreadsheet; ``formats`` are number formats by ``sheet!cell``."""
    book = Workbook()
    assert book.active is not None
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(list(row))
    for where, shown in (formats or {}).items():
        name, cell = where.split("!")
        book[name][cell].number_format = shown
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def case_book(formats: Mapping[str, str] | None = None, **sheets: Rows) -> bytes:
    """Return a spreadsheet with a case and more sheets."""
    return workbook({"case": CASE, "sources": SOURCES, **sheets}, formats)


def measured(at: object, value: object = 150, unit: object = "/uL") -> Rows:
    """Return a sheet with one count."""
    header = ("id", "analyte", "value", "value.unit", "at", *PLACE)
    return (header, ("cd4", "CD4", value, unit, at, *FROM))


def repacked(content: bytes, changes: Mapping[str, bytes]) -> bytes:
    """Return an archive with some members replaced or added."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, member in changes.items():
            new.writestr(name, member)
    return out.getvalue()


def member(content: bytes, name: str) -> bytes:
    """Return one member of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)
