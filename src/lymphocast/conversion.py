"""Conversion: records from one format into another, with the account of what did not pass.

The suffix decides the format; a ``.json`` is told by its keys. Every format is one row of a table,
and its module is imported when it is asked for.
"""

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import final

from lymphocast.errors import ExchangeError, UsageError
from lymphocast.files import write_whole
from lymphocast.interchange.csvfile import SECTION, header_names
from lymphocast.interchange.deidentify import SECRET_BYTES, Change, deidentify
from lymphocast.interchange.exchange import Dropped, Exported, Imported, require_whole
from lymphocast.interchange.formats import CITATIONS, FORMATS, Format, format_named, read_bytes
from lymphocast.interchange.nonmem_report import nonmem_report
from lymphocast.record.casefile import find_case
from lymphocast.record.issue import Issue, Severity
from lymphocast.record.patient import PatientRecord

MOST_SHOWN = 20
"""Entries of an account that are printed, about; JSON holds all."""
OWNER_ONLY = 0o600


@final
@dataclass(frozen=True)
class Conversion:
    """What a conversion wrote, and its account.

    Parameters
    ----------
    written
        The files.
    dropped
        What the source states and the files do not hold.
    changed
        What de-identification did.
    notes
        What else a person should know, such as a secret that was made.
    """

    written: tuple[Path, ...]
    dropped: tuple[Dropped, ...] = ()
    changed: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()

    def as_text(self) -> str:
        """Return lines for people: the files, then the first lines of each account."""
        lines = [*map(str, self.written), *self.notes]
        dropped = [(d.why, f"{d.where}: {d.found}") for d in self.dropped]
        lines += _account_lines("things did not pass", dropped)
        lines += _account_lines("values were changed", [(c.done, c.where) for c in self.changed])
        return "\n".join(lines)

    def as_json(self) -> str:
        """Return JSON for machines, with the whole accounts."""
        told = {
            "written": [str(path) for path in self.written],
            "notes": self.notes,
            "dropped": [asdict(dropped) for dropped in self.dropped],
            "changed": [asdict(change) for change in self.changed],
        }
        return json.dumps(told, indent=2, ensure_ascii=False)


@final
@dataclass(frozen=True)
class DataReport:
    """What NONMEM-style data mean, and where they contradict themselves."""

    issues: tuple[Issue, ...]

    @property
    def has_errors(self) -> bool:
        """Whether anything in them is refused."""
        return any(issue.severity is Severity.ERROR for issue in self.issues)

    def as_text(self) -> str:
        """Return lines for people: errors first, the first lines of each rule."""
        lines: list[str] = []
        for severity in Severity:
            own = [issue for issue in self.issues if issue.severity is severity]
            for rule in dict.fromkeys(issue.rule for issue in own):
                same = [issue for issue in own if issue.rule == rule]
                lines.append(f"{severity.upper()} {rule}")
                lines += [f"  {issue.path}: {issue.message}" for issue in same[:MOST_SHOWN]]
                if len(same) > MOST_SHOWN:
                    lines.append(f"  and {len(same) - MOST_SHOWN} more (--json prints all)")
        return "\n".join(lines)

    def as_json(self) -> str:
        """Return JSON for machines."""
        told = [
            {"severity": i.severity.value, "rule": i.rule, "path": i.path, "message": i.message}
            for i in self.issues
        ]
        return json.dumps(told, indent=2, ensure_ascii=False)


def convert(
    source: str,
    output: Path,
    *,
    strict: bool = False,
    secret: Path | None = None,
    keep_sources: bool = False,
    record_id: str | None = None,
) -> Conversion:
    """Write what a file holds in another format; every file is complete or absent.

    Parameters
    ----------
    source
        A file, or the name of a shipped case.
    output
        The file to write, or an existing folder for a case file of each record.
    strict
        Whether anything that does not pass is an error; nothing is then written.
    secret
        De-identify with the secret of this file, which is made if it does not exist.
    keep_sources
        Whether a de-identified record keeps its citations.
    record_id
        The record to convert, if the source holds several.

    Raises
    ------
    UsageError
        If a suffix cannot be read or written, or one of several records must be chosen.
    ExchangeError, RecordError
        If the source cannot be read, or something does not pass and ``strict`` asks for all.
    FileNotFoundError
        If there is no such source.
    """
    path = find_case(source)
    if output.exists() and output.samefile(path):
        message = f"cannot write '{output}': it is the source itself"
        raise UsageError(message)
    if not output.parent.is_dir():
        message = f"cannot write '{output}': the directory '{output.parent}' does not exist"
        raise UsageError(message)
    if output.suffix.lower() in CITATIONS:
        return _convert_citations(path, output, strict=strict)
    target = None if output.is_dir() else format_named(output.name, writing=True)
    imported = read_records(path)
    records = _chosen(imported, record_id, path.name, single=target is not None)
    account = _Account(list(imported.dropped))
    if secret is not None:
        records = [account.clean(r, secret, keep_sources=keep_sources) for r in records]
    contents = list(_written(records, target, output, account))
    if strict:
        require_whole(account.dropped, path.name)
    for file, content in contents:
        write_whole(file, content)
    files = tuple(file for file, _ in contents)
    return Conversion(files, tuple(account.dropped), tuple(account.changed), tuple(account.notes))


def read_records(path: Path) -> Imported:
    """Return the records that a file holds, in whatever format.

    Raises
    ------
    UsageError
        If no format that holds records has this suffix.
    ExchangeError, RecordError
        If the file cannot be read.
    """
    content = read_bytes(path)
    kind = format_named(path.name, content=content)
    reader = kind.load(kind.reader)
    read = reader(content, path.name)
    assert isinstance(read, Imported)  # noqa: S101  (what every reader of the table returns)
    return read


def write_template(kind: str, output: Path | None = None) -> Path:
    """Write an empty template of a case and return its path.

    Parameters
    ----------
    kind
        ``xlsx``, ``csv``, ``zip`` or ``yaml``.
    output
        The file to write; ``case-template`` with the format's suffix if left out.

    Raises
    ------
    UsageError
        If there is no template of this format, the suffix is another, or the file exists.
    """
    from lymphocast.interchange.template import template

    content = template(kind)
    path = Path(f"case-template.{kind}") if output is None else output
    if path.suffix.lower() != f".{kind}":
        message = f"cannot write '{path}': found suffix '{path.suffix}'; needed .{kind}"
        raise UsageError(message)
    if path.exists():
        message = f"cannot write '{path}': it exists"
        raise UsageError(message)
    write_whole(path, content)
    return path


def data_report(path: Path) -> DataReport:
    """Return what NONMEM-style data mean, and where they contradict themselves.

    Raises
    ------
    ExchangeError
        If the file cannot be read, or is no such data.
    """
    content = read_bytes(path)
    if SECTION in (column.casefold() for column in header_names(content, path.name)):
        found = "a case as CSV"
        needed = f"NONMEM-style data (lymphocast convert {path.name} -o CASE.yaml, then check that)"
        raise ExchangeError(path.name, None, found, needed)
    return DataReport(nonmem_report(content, path.name))


def _account_lines(what: str, entries: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Return an account grouped by reason, the largest group last; nothing if it is empty."""
    if not entries:
        return
    groups: dict[str, list[str]] = {}
    for reason, entry in entries:
        groups.setdefault(reason, []).append(entry)
    yield f"{len(entries)} {what} (--json prints all):"
    shown = max(MOST_SHOWN // len(groups), 1)
    for reason, own in sorted(groups.items(), key=lambda pair: len(pair[1]))[:MOST_SHOWN]:
        yield f"  {len(own)}: {reason}"
        yield from (f"    {entry}" for entry in own[:shown])
        if len(own) > shown:
            yield f"    and {len(own) - shown} more"


@final
@dataclass
class _Account:
    """The accounts of a conversion while it runs."""

    dropped: list[Dropped]
    changed: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def clean(self, record: PatientRecord, secret: Path, *, keep_sources: bool) -> PatientRecord:
        """Return a record without what identifies its patient."""
        key, made = _secret(secret)
        if made:
            self.notes.append(f"made the secret {secret}: keep it apart from what you give away")
        done = deidentify(record, key, keep_sources=keep_sources)
        self.changed += done.changes
        return done.record


def _chosen(
    imported: Imported, record_id: str | None, name: str, *, single: bool
) -> list[PatientRecord]:
    """Return the records to write."""
    known = [record.id for record in imported.records]
    if record_id is not None:
        chosen = [record for record in imported.records if record.id == record_id]
        if not chosen:
            message = f"no record '{record_id}' in '{name}'; it holds {', '.join(known)}"
            raise UsageError(message)
        return chosen
    if single and len(known) != 1:
        message = (
            f"'{name}' holds {len(known)} records ({', '.join(known[:8])}); needed --id, or a "
            "folder to write to"
        )
        raise UsageError(message)
    return list(imported.records)


def _written(
    records: Sequence[PatientRecord], target: Format | None, output: Path, account: _Account
) -> Iterator[tuple[Path, bytes]]:
    """Return the bytes of each file; what they do not hold goes to the account."""
    kind = target or FORMATS[0]
    writer = kind.load(kind.writer)
    for record in records:
        exported = writer(record)
        assert isinstance(exported, Exported)  # noqa: S101  (what every writer returns)
        account.dropped += exported.dropped
        name = f"{record.id}{kind.suffixes[0]}"
        yield (output / name if target is None else output), exported.content


def _convert_citations(path: Path, output: Path, *, strict: bool) -> Conversion:
    """Write the articles of a file as BibTeX."""
    from lymphocast.interchange.bibtex import write_bibtex
    from lymphocast.interchange.medline import read_citations

    articles = read_citations(path)
    why = "a BibTeX entry has no place for it"
    dropped = tuple(
        Dropped(article.id, f"{len(article.references)} references", why)
        for article in articles
        if article.references
    )
    if strict:
        require_whole(dropped, path.name)
    write_bibtex(output, articles)
    return Conversion((output,), dropped)


def _secret(path: Path) -> tuple[bytes, bool]:
    """Return the secret of a file, and whether it was made just now."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError:
        content = path.read_bytes().strip()
        if len(content) < SECRET_BYTES:
            found = f"{len(content)} bytes"
            raise ExchangeError(path.name, None, found, f"a secret of {SECRET_BYTES}") from None
        return content, False
    content = secrets.token_hex(SECRET_BYTES).encode("ascii")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content + b"\n")
    return content, True
