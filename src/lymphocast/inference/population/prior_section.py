"""The section ``priors`` of a population file."""

from collections.abc import Mapping
from typing import NoReturn, final

from lymphocast.errors import RecordError
from lymphocast.inference.population.shared_priors import SharedFamily, SharedPrior
from lymphocast.record.yamltree import Entry, Scalar, Table, finite_number

KEYS = ("family", "location", "scale")


def read_prior_section(file: str, section: Entry | None) -> tuple[SharedPrior, ...]:
    """Return the priors of a section.

    Raises
    ------
    RecordError
        At the first thing that is wrong: file, line, what stands there and what is needed.
    UsageError
        If a number is none that the distribution has.
    """
    if section is None:
        return ()
    if not isinstance(section.value, Table):
        raise RecordError(file, section.line, "no mapping for 'priors'", "a prior for each name")
    return tuple(_Prior(file, entry).read() for entry in section.value.entries)


@final
class _Prior:
    """One entry of the section."""

    def __init__(self, file: str, entry: Entry) -> None:
        self.file, self.entry = file, entry

    def read(self) -> SharedPrior:
        """Return the prior."""
        own = self._keys()
        family = self._family(own)
        needed = KEYS if family.located else ("family", "scale")
        missing = [key for key in needed if key not in own]
        if missing:
            self._refuse(f"a {family} prior without '{missing[0]}'", f"'{missing[0]}'")
        if not family.located and "location" in own:
            self._refuse(f"a {family} prior with a location", "a scale alone")
        location = self._number(own["location"]) if family.located else 0.0
        return SharedPrior(self.entry.key, family, location, self._number(own["scale"]))

    def _keys(self) -> Mapping[str, Entry]:
        value = self.entry.value
        if not isinstance(value, Table):
            self._refuse("no mapping", ", ".join(KEYS))
        for entry in value.entries:
            if entry.key not in KEYS:
                self._refuse(f"'{entry.key}'", f"one of {', '.join(KEYS)}")
        return {entry.key: entry for entry in value.entries}

    def _family(self, own: Mapping[str, Entry]) -> SharedFamily:
        text = self._text(own["family"]) if "family" in own else "nothing"
        if text not in set(SharedFamily):
            self._refuse(f"family '{text}'", f"one of {', '.join(SharedFamily)}")
        return SharedFamily(text)

    def _number(self, entry: Entry) -> float:
        text = self._text(entry)
        value = finite_number(text)
        if value is None:
            self._refuse(f"{entry.key} '{text}'", "a finite number")
        return value

    def _text(self, entry: Entry) -> str:
        return entry.value.text if isinstance(entry.value, Scalar) else ""

    def _refuse(self, found: str, needed: str) -> NoReturn:
        line, name = self.entry.line, self.entry.key
        raise RecordError(self.file, line, f"prior of '{name}': {found}", needed)
