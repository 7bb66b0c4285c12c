"""The state of a regimen search: what is known of each candidate, kept so that a search can go on.

What a candidate is worth in the draws of one leg depends on the fit, the goal, the seed and the
race, and on nothing that came before. So a search that stops and goes on finds what one that never
stopped finds, to the last bit. The file is written beside its place and renamed.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from lymphocast._version import __version__
from lymphocast.errors import UsageError
from lymphocast.files import replacing
from lymphocast.forecast.goal import Goal
from lymphocast.forecast.search import Race
from lymphocast.forecast.worth import Worth
from lymphocast.inference.posterior import Fit

SCHEMA = "lymphocast unfinished regimen search 1"
SAVE_EVERY = 5.0  # seconds: what is lost at most where the machine stops
SPARE = 20.0  # a save may take one part in so many of the time
Arrays = Mapping[str, NDArray[np.generic]]
Leg = tuple[str, str]
"""A table and the draws of one leg."""


@final
@dataclass(frozen=True)
class Mark:
    """What a search depends on, each as text: equal marks give equal searches."""

    version: str
    fit: str
    goal: str
    seed: str
    race: str

    @classmethod
    def of(cls, fit: Fit, goal: Goal, seed: int, legs: Race) -> "Mark":
        """Return the mark of a search."""
        version = f"{__version__}, NumPy {np.__version__}"
        return cls(version, _fit_mark(fit), _digest(repr(goal)), str(seed), repr(legs))

    def difference(self, other: Mapping[str, str]) -> str:
        """Return what differs in another mark; empty if nothing does."""
        names = [f.name for f in fields(self) if getattr(self, f.name) != other.get(f.name)]
        return " and ".join(f"another {name}" for name in names)


def _fit_mark(fit: Fit) -> str:
    found = hashlib.sha256(fit.record.sha256.encode())
    found.update(repr((fit.preset, fit.table, fit.seed, sorted(fit.versions.items()))).encode())
    for posterior in fit.posteriors:
        found.update(np.float64(posterior.log_evidence).tobytes())
        for name, values in sorted(posterior.draws.items()):
            found.update(name.encode() + np.ascontiguousarray(values).tobytes())
    return found.hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@final
class SearchState:
    """What is known of candidates, by leg and number; on disk too if a path is given.

    Parameters
    ----------
    path
        The file; ``None`` to keep nothing on disk.
    mark
        What the search depends on.
    """

    def __init__(self, path: Path | None, mark: Mark) -> None:
        self._path, self._mark = path, mark
        self._known: dict[Leg, dict[int, Worth]] = {}
        self._saved, self._pause = time.monotonic(), SAVE_EVERY

    @classmethod
    def resumed(cls, path: Path, mark: Mark) -> "SearchState":
        """Return the state in a file.

        Raises
        ------
        UsageError
            If there is no such file, it is none of ours, or it belongs to another search.
        """
        content = _read(path)
        found = cls(path, mark)
        other = mark.difference(json.loads(str(content["mark"])))
        if other:
            msg = (
                f"'{path}': found a search with {other}; needed the fit, goal, seed and version "
                "that it was begun with, or no --resume to begin anew"
            )
            raise UsageError(msg)
        for leg in json.loads(str(content["legs"])):
            found._unpack(tuple(leg), content)
        return found

    def get(self, leg: Leg, candidate: int) -> Worth | None:
        """Return what a candidate is worth, if it is known."""
        return self._known.get(leg, {}).get(candidate)

    def put(self, leg: Leg, candidate: int, worth: Worth) -> None:
        """Keep what a candidate is worth, on disk from time to time."""
        self._known.setdefault(leg, {})[candidate] = worth
        if time.monotonic() - self._saved > self._pause:
            self.save()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Save what is known if the block does not come to its end."""
        try:
            yield
        except BaseException:
            self.save()
            raise

    def save(self) -> None:
        """Write the file, all of it or nothing."""
        if self._path is None:
            return
        begun = time.monotonic()
        mark = {f.name: getattr(self._mark, f.name) for f in fields(self._mark)}
        content: dict[str, NDArray[np.generic]] = {
            "schema": np.array(SCHEMA),
            "mark": np.array(json.dumps(mark)),
            "legs": np.array(json.dumps([list(leg) for leg in self._known])),
        }
        for leg, worths in self._known.items():
            content[_name(leg, "candidates")] = np.array(list(worths))
            for field in fields(Worth):
                rows = [getattr(worth, field.name) for worth in worths.values()]
                content[_name(leg, field.name)] = np.stack(rows)
        with replacing(self._path) as part, part.open("wb") as file:
            np.savez(file, allow_pickle=False, **content)
        self._saved = time.monotonic()
        self._pause = max(SAVE_EVERY, SPARE * (self._saved - begun))

    def _unpack(self, leg: tuple[str, ...], content: Arrays) -> None:
        table, draws = leg
        columns = {f.name: content[_name((table, draws), f.name)] for f in fields(Worth)}
        known = self._known.setdefault((table, draws), {})
        for place, candidate in enumerate(content[_name((table, draws), "candidates")].tolist()):
            known[candidate] = Worth(**{name: rows[place] for name, rows in columns.items()})


def _name(leg: Leg, what: str) -> str:
    return "/".join((*leg, what))


def _read(path: Path) -> Arrays:
    if not path.exists():
        msg = f"'{path}': found no interrupted search; needed one, or no --resume to begin anew"
        raise UsageError(msg)
    try:
        # Opened here: NumPy leaves a file open that turns out to be no archive.
        with path.open("rb") as raw:
            file = np.load(raw, allow_pickle=False)
            content = {name: file[name] for name in file.files}
    except (OSError, ValueError, AttributeError, EOFError, BadZipFile):
        content = {}
    if str(content.get("schema")) != SCHEMA:
        msg = f"'{path}': found no state of a regimen search; needed one, or no --resume"
        raise UsageError(msg)
    return content
