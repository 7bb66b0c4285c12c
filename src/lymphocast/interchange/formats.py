"""The table of formats that hold patient records: suffixes, readers, writers.

A reader takes ``(content, name)`` and returns ``Imported``; a writer takes a record and returns
``Exported``. Both are named, as ``module:function``, and imported when they are asked for.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, final

from lymphocast.errors import ExchangeError, UsageError

SIZE_LIMIT = 64 * 2**20
"""Largest file in bytes that is read whole."""
CITATIONS: Final = (".bib",)
"""What citations are written as."""
CITED: Final = (".nbib", ".xml", ".txt", ".html", ".htm")
"""What holds citations; they become ``.bib``."""


PETAB_LIMIT = 2**20
"""Bytes; a problem file names a handful of tables."""
PETAB_MARKS = (re.compile(rb"^format_version\s*:", re.M), re.compile(rb"^problems\s*:", re.M))


@final
@dataclass(frozen=True)
class Format:
    """One format.

    Parameters
    ----------
    name
        What it is, for people.
    suffixes
        The ends of its files' names; the first is used for new ones.
    reader, writer
        ``module:function`` in ``lymphocast.interchange``; empty if there is none.
    marks
        Keys at the top of a JSON document that tell this format from the others.
    unread
        Why it cannot be read, where there is no reader.
    """

    name: str
    suffixes: tuple[str, ...]
    reader: str
    writer: str
    marks: frozenset[str] = frozenset()
    unread: str = ""

    def load(self, function: str) -> Callable[..., Any]:
        """Return a reader or a writer of this format."""
        module, _, name = function.partition(":")
        loaded: Callable[..., Any] = getattr(
            import_module(f"lymphocast.interchange.{module}"), name
        )
        return loaded


FORMATS: Final = (
    Format("case file", (".yaml", ".yml"), "casefiles:read_case_file", "casefiles:write_yaml"),
    Format(
        "NONMEM-style data",
        (".nonmem.csv",),
        "",
        "nonmem_record:write_nonmem",
        unread="it holds events and no patient record (lymphocast check says what they mean)",
    ),
    Format(
        "HL7 FHIR R4",
        (".fhir.json",),
        "fhir:read_fhir",
        "fhir:write_fhir",
        marks=frozenset({"resourceType"}),
    ),
    Format(
        "GA4GH Phenopacket v2",
        (".phenopacket.json",),
        "phenopackets:read_phenopacket",
        "phenopackets:write_phenopacket",
        marks=frozenset({"phenotypicFeatures", "metaData", "subject"}),
    ),
    Format("case file in JSON", (".json",), "casefiles:read_case_file", "casefiles:write_json"),
    Format("spreadsheet", (".xlsx",), "workbook:read_xlsx", "workbook:write_xlsx"),
    Format("CSV, one table", (".csv",), "csvfile:read_csv", "csvfile:write_csv"),
    Format("CSV, one table a section", (".zip",), "csvfile:read_zip", "csvfile:write_zip"),
)
"""Every format of records. Of two suffixes that fit a name, the longer one counts."""


def format_named(name: str, *, content: bytes | None = None, writing: bool = False) -> Format:
    """Return the format of a file.

    Parameters
    ----------
    name
        The file's name.
    content
        Its bytes, which tell formats apart that share a suffix.
    writing
        Whether the format must have a writer, else a reader.

    Raises
    ------
    UsageError
        If no format has this suffix, or it cannot be read or written.
    """
    fitting = [
        (len(suffix), kind)
        for kind in FORMATS
        for suffix in kind.suffixes
        if name.lower().endswith(suffix)
    ]
    kind = max(fitting, key=lambda pair: pair[0])[1] if fitting else None
    if kind is not None and content is not None and name.lower().endswith(".json"):
        kind = _by_marks(content) or kind
    if kind is None or not (kind.writer if writing else kind.reader):
        raise UsageError(_refusal(name, kind, writing=writing))
    return kind


def is_petab(path: Path) -> bool:
    """Return whether a file is YAML with the keys that every PEtab problem has."""
    if path.suffix.lower() not in {".yaml", ".yml"} or not path.is_file():
        return False
    with path.open("rb") as file:
        content = file.read(PETAB_LIMIT)
    return all(mark.search(content) for mark in PETAB_MARKS)


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file that may not be larger than the limit.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ExchangeError
        If it cannot be read or is larger.
    """
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        found = f"a path that cannot be read ({error.strerror})"
        raise ExchangeError(path.name, None, found, "a file") from None
    if len(content) > SIZE_LIMIT:
        needed = f"at most {SIZE_LIMIT // 2**20} MB"
        raise ExchangeError(path.name, None, "a larger file", needed)
    return content


def _by_marks(content: bytes) -> Format | None:
    """Return the format whose keys a JSON document has; ``None`` if it has none of them."""
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    return next((kind for kind in FORMATS if kind.marks & document.keys()), None)


def _refusal(name: str, kind: Format | None, *, writing: bool) -> str:
    """Say why a file cannot be read or written."""
    verb = "write" if writing else "read"
    if kind is not None and kind.unread and not writing:
        return f"cannot read a record from '{name}': {kind.unread}"
    if name.lower().endswith(CITED) and not writing:
        return f"cannot read a record from '{name}': citations become {', '.join(CITATIONS)}"
    able = [k for k in FORMATS if (k.writer if writing else k.reader)]
    known = ", ".join(suffix for k in able for suffix in k.suffixes)
    more = f", or {', '.join(CITATIONS)} for citations" if writing else ""
    suffix = Path(name).suffix
    return f"cannot {verb} '{name}': found suffix '{suffix}'; needed one of {known}{more}"
