"""Zip archives from outside, opened only after their list of members has been judged."""

import io
import zipfile
from collections.abc import Mapping

from lymphocast.errors import ExchangeError

PACKED_LIMIT = 32 * 2**20
"""Largest archive in bytes."""
UNPACKED_LIMIT = 128 * 2**20
"""Most bytes of all members together, unpacked: a record of 100 000 facts takes half of that."""
RATIO_LIMIT = 200
"""Most bytes that one packed byte may become; sheets of a spreadsheet stay below 50."""
SMALL = 2**20
"""Members of at most this size are let through whatever their ratio."""
MOST_MEMBERS = 1000
DOCTYPES = tuple("<!DOCTYPE".encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be"))


def members_of(content: bytes, name: str, needed: str) -> Mapping[str, bytes]:
    """Return the members of an archive, unpacked.

    The sizes that the archive states are judged before anything is unpacked, and no member gives
    more bytes than it states.

    Raises
    ------
    ExchangeError
        If it is no archive, is damaged, encrypted, too large, or packed too densely.
    """
    if len(content) > PACKED_LIMIT:
        raise ExchangeError(
            name, None, _megabytes(len(content)), f"at most {_megabytes(PACKED_LIMIT)}"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
            _judge(infos, name)
            return {info.filename: archive.read(info) for info in infos}
    except ExchangeError:
        raise
    except Exception as error:
        # Of a damaged archive the library may raise almost anything.
        found = f"an archive that cannot be read ({' '.join(str(error).split())[:200]})"
        raise ExchangeError(name, None, found, needed) from None


def refuse_doctypes(members: Mapping[str, bytes], name: str) -> None:
    """Refuse XML that declares a document type, where entities are defined.

    Raises
    ------
    ExchangeError
        If a member does.
    """
    for member, content in members.items():
        if any(doctype in content for doctype in DOCTYPES):
            found = "a document type, which may define entities"
            raise ExchangeError(name, member, found, "XML without one, as spreadsheets write it")


def _judge(infos: list[zipfile.ZipInfo], name: str) -> None:
    """Refuse an archive that would become too large."""
    if len(infos) > MOST_MEMBERS:
        raise ExchangeError(name, None, f"{len(infos)} members", f"at most {MOST_MEMBERS}")
    total = sum(info.file_size for info in infos)
    if total > UNPACKED_LIMIT:
        found = f"members of {_megabytes(total)} unpacked"
        raise ExchangeError(name, None, found, f"at most {_megabytes(UNPACKED_LIMIT)}")
    seen: set[str] = set()
    for info in infos:
        if info.file_size > max(SMALL, RATIO_LIMIT * info.compress_size):
            found = f"{info.compress_size} bytes that become {info.file_size}"
            needed = f"at most {RATIO_LIMIT} times as many (a zip bomb otherwise)"
            raise ExchangeError(name, info.filename, found, needed)
        if not info.filename.isprintable():
            raise ExchangeError(name, None, f"a member named {info.filename!r}", "printable names")
        if info.filename in seen:
            raise ExchangeError(name, info.filename, "a second member of this name", "one")
        seen.add(info.filename)


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.0f} MB"
