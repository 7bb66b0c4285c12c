"""What an exchange with an outside format gives, and the account of what did not pass.

Every format is a mapping between the plain tree of a case file (what
:func:`~lymphocast.record.casefile.case_tree` returns) and the format. A reader ends in
:func:`~lymphocast.record.casefile.build_case`, so one set of rules judges every record. A writer
reads back what it wrote: whatever differs from the record is what the format cannot hold, so that
no loss depends on anybody having thought of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard, final

from lymphocast.errors import ExchangeError
from lymphocast.record.casefile import case_tree
from lymphocast.record.patient import PatientRecord

EXCERPT = 60  # characters of a value shown in an account


@final
@dataclass(frozen=True)
class Dropped:
    """Something that one side states and the other cannot hold.

    Parameters
    ----------
    where
        Its place: a path in the case file (``measurements[cd4-2].laboratory``) when a record is
        written, a place in the source (``entry[3] MedicationDispense/7``) when it is read.
    found
        What stands there.
    why
        Why it did not pass.
    """

    where: str
    found: str
    why: str

    def __str__(self) -> str:
        """Return the line of an account."""
        return f"{self.where}: {self.found} ({self.why})"


@final
@dataclass(frozen=True)
class Imported:
    """Records read from an outside format, and what of the source they do not hold."""

    records: tuple[PatientRecord, ...]
    dropped: tuple[Dropped, ...]


@final
@dataclass(frozen=True)
class Exported:
    """A record in an outside format, and what of the record it does not hold."""

    content: bytes
    dropped: tuple[Dropped, ...]


def lost(record: PatientRecord, back: PatientRecord, why: str) -> tuple[Dropped, ...]:
    """Return what of ``record`` is missing or different in ``back``, what was read back.

    Parameters
    ----------
    why
        What is said of each loss, for example ``a Phenopacket has no place for it``.
    """
    return tuple(_differences("", case_tree(record), case_tree(back), why))


def require_whole(dropped: Sequence[Dropped], name: str) -> None:
    """Refuse an exchange that lost something (``--strict``).

    Raises
    ------
    ExchangeError
        If anything was dropped: how many things, and the first of them.
    """
    if dropped:
        more = f" and {len(dropped) - 1} more" if len(dropped) > 1 else ""
        found = f"{dropped[0]}{more}"
        raise ExchangeError(name, None, found, "an exchange without losses (--strict)")


def _differences(path: str, ours: object, theirs: object, why: str) -> Iterator[Dropped]:
    """Return where the second tree lacks or changes what the first states."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for key, value in ours.items():
            yield from _differences(_joined(path, str(key)), value, theirs.get(key), why)
    elif _is_list(ours) and _is_list(theirs):
        yield from _list_differences(path, ours, theirs, why)
    elif _is_list(ours) and theirs is None:
        yield from _list_differences(path, ours, (), why)
    elif ours != theirs:
        yield Dropped(path, _excerpt(ours), why if theirs is None else f"{why}; comes back changed")


def _list_differences(
    path: str, ours: Sequence[object], theirs: Sequence[object], why: str
) -> Iterator[Dropped]:
    """Compare lists item by item: by identifier where the items have one, else by position."""
    named = {item["id"]: item for item in theirs if isinstance(item, Mapping) and "id" in item}
    for index, item in enumerate(ours):
        name = item.get("id") if isinstance(item, Mapping) else None
        if name is None:
            other = theirs[index] if index < len(theirs) else None
            yield from _differences(f"{path}[{index}]", item, other, why)
        else:
            yield from _differences(f"{path}[{name}]", item, named.get(name), why)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _excerpt(value: object) -> str:
    """Return a value as one short text."""
    if isinstance(value, Mapping):
        value = value.get("id") or ", ".join(map(str, value))
    text = " ".join(str(value).split())
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"
