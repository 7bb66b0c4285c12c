"""Fits of records, of one patient or a series, written with the lines that say what they are.

Apart from what is drawn and reported of a fit, which takes longer to load than an update takes.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from lymphocast.dataset.not_read import not_read
from lymphocast.dataset.project import project
from lymphocast.errors import UsageError
from lymphocast.files import write_whole
from lymphocast.hypothesis_fits import fit, prior_table, refuse_errors
from lymphocast.hypothesis_fits import update as updated
from lymphocast.inference.fit_file import read_fit, read_prior, write_fit
from lymphocast.inference.history import Made
from lymphocast.inference.posterior import Fit
from lymphocast.inference.series import fit_series, refuse_unjoined
from lymphocast.record.patient import PatientRecord
from lymphocast.record.places import FIT_SUFFIX
from lymphocast.report.claims_ahead import history_sentences
from lymphocast.report.method_section import not_read_sentence
from lymphocast.report.series import series_json, series_lines

Progress = Callable[[str, float], None]
ONE_UPDATE = "an update takes one case and writes one fit file (.nc)"
NO_DATA = "The record has no count, culture or symptom that the model reads: this is the prior."
NO_INFECTION = (
    "The record has no culture or symptom that the model reads: whether a higher count hastens "
    "clearance (H3) keeps its prior weight, by construction."
)


def write_fit_of(
    records: Sequence[PatientRecord],
    path: Path,
    *,
    method: str,
    seed: int,
    draws: int | None = None,
    prior_file: Path | None = None,
    preset: str | None = None,
    progress: Progress | None = None,
) -> tuple[list[str], bool]:
    """Fit one record into a fit file, or a series of patients into JSON with their fits beside it.

    Returns
    -------
    tuple
        The lines to print, and whether every fit, and the joining of them, passed its diagnostics.

    Raises
    ------
    RecordError
        Before anything is computed, if a record cannot be fitted or joined to a series.
    UsageError
        Before anything is computed, if the suffix does not suit the number of records.
    """
    joined = path.suffix.lower() != FIT_SUFFIX
    if joined:
        _refuse_series(records, prior_file)
    elif len(records) != 1:
        message = f"found {len(records)} cases and '{path}'; a series of patients needs a .json"
        raise UsageError(message)
    fits, paths = [], []
    for record in records:
        one = fit(
            record, method=method, seed=seed, draws=draws, prior_file=prior_file, preset=preset,
            progress=progress,
        )  # fmt: skip
        fits.append(one)
        paths.append(path.with_name(f"{record.id}{FIT_SUFFIX}") if joined else path)
        write_fit(one, paths[-1])
    passed = all(one.diagnostics_passed for one in fits)
    if not joined:
        return _lines_of(fits[0], path), passed
    found = fit_series(fits, seed)
    write_whole(path, series_json(found, fits, seed).encode())
    unread = [f"{one.record.id}: {line}" for one in fits for line in _not_read(one)]
    lines = [*series_lines(found), *map(str, [path, *paths]), *unread]
    return lines, passed and not found.thin


def update_fit_of(
    records: Sequence[PatientRecord],
    path: Path,
    start: Path,
    *,
    seed: int | None = None,
    progress: Progress | None = None,
) -> tuple[list[str], bool]:
    """Update a fit by what its patient's record has gained.

    As :func:`lymphocast.hypothesis_fits.update`, and the draws of the prior are those of the file.

    Method, priors, weights and draws stay those of the fit, and its seed if none is given.

    Returns
    -------
    tuple
        The lines to print, and whether the fit passed its diagnostics.

    Raises
    ------
    RecordError, UsageError
        If there is not one record, the file to write is no fit file, or the record cannot be
        taken up.
    """
    if len(records) != 1 or path.suffix.lower() != FIT_SUFFIX:
        raise UsageError(ONE_UPDATE)
    one = updated(read_fit(start), records[0], seed=seed, progress=progress)
    same = one.history[-1].made is Made.UPDATED
    write_fit(one, path, prior=read_prior(start) if same else None)
    return _lines_of(one, path), one.diagnostics_passed


def _lines_of(found: Fit, path: Path) -> list[str]:
    made = made_text(found)
    return [str(path), *([made] if made else []), *_not_read(found)]


def _not_read(found: Fit) -> list[str]:
    rows = not_read(found.record, found.individual)
    return [f"Not read by the model: {not_read_sentence(row, row.facts)}" for row in rows]


def _refuse_series(records: Sequence[PatientRecord], prior_file: Path | None) -> None:
    for record in records:
        refuse_errors(record)
    refuse_unjoined([project(record) for record in records], prior_table(prior_file))


def made_text(found: Fit) -> str:
    """Return how a fit was made: what it was updated by, and of what it says only the prior."""
    later = bool(found.history) and found.history[-1].made is not Made.FITTED
    lines = list(history_sentences(found.history)) if later else []
    if not found.informed:
        lines.append(NO_DATA)
    elif not found.individual.tells_of_infection:
        lines.append(NO_INFECTION)
    return "\n".join(lines)
