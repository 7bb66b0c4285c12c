"""Misread: a text that cannot be read, before its file and line are known."""

from typing import final

from lymphocast.errors import UsageError


@final
class Misread(ValueError):
    """What stands there and what is needed; a reader adds the file and the line.

    Parameters
    ----------
    found, needed
        As in ``RecordError``, which a case file's reader raises in its place.
    """

    def __init__(self, *, found: str, needed: str) -> None:
        self.found, self.needed = found, needed
        super().__init__(f"found {found}; needed {needed}")

    @classmethod
    def of(cls, error: UsageError) -> "Misread":
        """Return what an error says of a value that a text held."""
        found, _, needed = str(error).removeprefix("found ").partition("; needed ")
        return cls(found=found, needed=needed)
