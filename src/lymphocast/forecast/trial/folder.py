"""Folder of a run: a manifest that says what is done, and a Parquet file for each block.

A file appears complete or not at all, and the manifest names it with its SHA-256 after that, so
that a run may stop anywhere and go on: what the manifest names and the folder holds unchanged is
kept, the rest is computed. The manifest holds no time and no worker: two runs of the same protocol
and seed leave the same bytes.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, final

from lymphocast.errors import UsageError
from lymphocast.files import write_whole
from lymphocast.forecast.trial.block import LANES, PATIENTS, Block
from lymphocast.forecast.trial.protocol import TrialProtocol
from lymphocast.forecast.trial.tables import PACKAGE, parquet_version
from lymphocast.inference.fitting import versions

FORMAT = "lymphocast-trial/1"
MANIFEST, TRIALS, SUMMARY = "manifest.json", "trials.parquet", "summary.json"
RUNNING, COMPLETE = "running", "complete"


@final
@dataclass(frozen=True)
class Manifest:
    """What a folder holds.

    Parameters
    ----------
    protocol
        SHA-256 of the protocol, its priors included.
    seed, trials, patients
        The run; ``patients`` are those of one trial.
    versions
        Versions on which the numbers depend.
    done
        SHA-256 of each block's file.
    files
        SHA-256 of the other files of a run that is complete.
    """

    protocol: str
    seed: int
    trials: int
    patients: int
    versions: Mapping[str, str]
    done: Mapping[Block, str]
    files: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """Write the manifest; it appears complete or not at all."""
        blocks = sorted(self.done.items(), key=lambda item: item[0].first)
        content = {
            "format": FORMAT,
            "status": COMPLETE if self.files else RUNNING,
            "protocol_sha256": self.protocol,
            "seed": self.seed,
            "trials": self.trials,
            "patients_of_a_trial": self.patients,
            "versions": dict(self.versions),
            "files": dict(self.files),
            "blocks": [
                {"file": b.name, "first": b.first, "patients": b.number, "sha256": digest}
                for b, digest in blocks
            ],
        }
        write_whole(folder / MANIFEST, (json.dumps(content, indent=2) + "\n").encode())


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of a file's content."""
    return sha256(content).hexdigest()


def new_manifest(protocol: TrialProtocol, seed: int, trials: int) -> Manifest:
    """Return the manifest of a run of which nothing is done.

    The digest is of what the protocol means, not of how its file is written.
    """
    needed = {**versions(), PACKAGE: parquet_version()}
    meaning = digest_of(repr(protocol).encode())
    return Manifest(meaning, seed, trials, protocol.patients, needed, {}, {})


def open_folder(folder: Path, run: Manifest) -> Manifest:
    """Make the folder of a run, or find what is done there.

    Returns
    -------
    Manifest
        The run with the blocks whose files are there unchanged.

    Raises
    ------
    UsageError
        If the folder holds another run, more trials, or files that are no run.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PATIENTS).mkdir(exist_ok=True)
    except FileExistsError:
        msg = f"found '{folder}', or '{PATIENTS}' in it, which is no folder; needed a folder"
        raise UsageError(msg) from None
    for torn in (folder / PATIENTS).glob(".block-*.parquet.*"):
        torn.unlink(missing_ok=True)  # of a run that was killed while it wrote
    path = folder / MANIFEST
    if not path.exists():
        strange = sorted(p.name for p in folder.iterdir() if p.name != PATIENTS)
        strange += sorted(p.name for p in (folder / PATIENTS).iterdir())
        if strange:
            msg = f"'{folder}': found '{strange[0]}' and no {MANIFEST}; needed an empty folder, or "
            raise UsageError(msg + "that of a run")
        return run
    content = read_manifest(path)
    _refuse_another(folder, content, run)
    possible = {(b.first, b.number): b for b in blocks_of(run)}
    done = {}
    for entry in content["blocks"]:
        block = possible.get((entry["first"], entry["patients"]))
        if block is not None and _is_unchanged(folder / block.name, entry["sha256"]):
            done[block] = str(entry["sha256"])
    return replace(run, done=done)


def blocks_of(run: Manifest) -> Iterator[Block]:
    """Yield the blocks of a run in order."""
    every = run.patients * run.trials
    for first in range(0, every, LANES):
        yield Block(first, min(LANES, every - first))


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the content of a manifest; ``UsageError`` if it is none of this format."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        keys = ("protocol_sha256", "seed", "trials", "versions")
        if content["format"] != FORMAT or not all(key in content for key in keys):
            raise ValueError
        content["blocks"] = [
            {"first": int(b["first"]), "patients": int(b["patients"]), "sha256": str(b["sha256"])}
            for b in content["blocks"]
        ]
    except (ValueError, KeyError, TypeError):
        msg = f"'{path}': found no manifest of the format {FORMAT}; needed one, or another folder"
        raise UsageError(msg) from None
    found: dict[str, Any] = content
    return found


def _refuse_another(folder: Path, content: Mapping[str, Any], run: Manifest) -> None:
    pairs = {
        "protocol": (str(content["protocol_sha256"])[:12], run.protocol[:12]),
        "seed": (content["seed"], run.seed),
    }
    pairs |= {
        f"version of {name}": (content["versions"].get(name), own)
        for name, own in run.versions.items()
    }
    for what, (there, own) in pairs.items():
        if there != own:
            msg = f"'{folder}' holds a run with the {what} {there}; needed {own}, or another folder"
            raise UsageError(msg)
    if content["trials"] > run.trials:
        msg = (
            f"'{folder}' holds a run of {content['trials']} trials, found -n {run.trials}; needed "
            "at least as many, or another folder"
        )
        raise UsageError(msg)


def _is_unchanged(path: Path, digest: str) -> bool:
    return path.is_file() and digest_of(path.read_bytes()) == digest
