"""Exceptions that a caller may catch.

::

    LymphocastError
    |-- RecordError       a case cannot be read or fitted: file, line, what was found, is needed
    |-- ExchangeError     a file of another format cannot be read or written whole: file, place
    |-- UnitError         two units cannot be converted into each other
    |-- UsageError        a wrong call: an unknown name, an output suffix that cannot be written
    `-- FitFileError      a fit file cannot be read or belongs to another version

A clinical doubt is never an exception: it is an ``Issue``. A failed solve is a status.
"""

from typing import final


class LymphocastError(Exception):
    """Base of all exceptions raised on purpose by this package."""


@final
class RecordError(LymphocastError):
    """A case file that cannot be read, or a record that cannot be fitted.

    Parameters
    ----------
    file, line
        Where: the file's name and the 1-based line, or ``None`` if it has no line. A record that
        was read already knows its file no more: see :func:`record_name`.
    found, needed
        What stands there and what the reader needs instead.
    place
        Keys and identifiers from the top of the case down to what stands there.
    """

    def __init__(
        self, file: str, line: int | None, found: str, needed: str, place: tuple[str, ...] = ()
    ) -> None:
        self.file, self.line, self.found, self.needed, self.place = file, line, found, needed, place
        numbered = () if line is None else (f"line {line}",)
        named = (".".join(place),) if place else ()
        super().__init__(f"{', '.join((file, *numbered, *named))}: found {found}; needed {needed}")


def record_name(identifier: str) -> str:
    """Return what stands for the file of a record in errors, where the file is not known."""
    return f"record '{identifier}'"


@final
class ExchangeError(LymphocastError):
    """A file of an outside format that cannot be read, or written without loss.

    Parameters
    ----------
    file, place
        Where: the file's name and a line, sheet, row or element, or ``None`` for the whole file.
    found, needed
        What stands there and what the reader or writer needs instead.
    """

    def __init__(self, file: str, place: str | None, found: str, needed: str) -> None:
        self.file, self.place, self.found, self.needed = file, place, found, needed
        where = file if place is None else f"{file}, {place}"
        super().__init__(f"{where}: found {found}; needed {needed}")


@final
class UnitError(LymphocastError):
    """Two units that cannot be converted into each other."""


@final
class UsageError(LymphocastError):
    """A wrong call: an unknown name, a suffix that no writer knows."""


@final
class FitFileError(LymphocastError):
    """A fit file that cannot be read, or that another version wrote."""
