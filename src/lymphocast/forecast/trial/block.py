"""Block: some patients of a run simulated together, and the columns that are kept of them.

Patients are numbered through the whole run, trial after trial; a block is ``LANES`` of them in a
row, whatever their trials. All blocks have the same shape, so that one compiled function serves
them and a patient's numbers depend on nothing but the patient.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.forecast.trial.counters import Counters
from lymphocast.forecast.trial.endpoints import evaluate
from lymphocast.forecast.trial.patients import virtual_patients
from lymphocast.forecast.trial.protocol import EndpointKind, TrialProtocol
from lymphocast.forecast.trial.series import Clinic

Columns = dict[str, NDArray[np.generic]]
LANES = 2048
PATIENTS = "patients"  # the folder of their tables


@final
@dataclass(frozen=True)
class Block:
    """Some patients of a run, numbered through all its trials from 0."""

    first: int
    number: int

    @property
    def name(self) -> str:
        """The file of the block, relative to the folder."""
        return f"{PATIENTS}/block-{self.first // LANES:06d}.parquet"


def truth_column(endpoint: str, arm: str) -> str:
    """Return the column of an endpoint as it would be in an arm, without loss."""
    return f"{endpoint}, all seen, {arm}"


def event_column(endpoint: str) -> str:
    """Return the column that says whether a time ended with its event."""
    return f"{endpoint}, event"


def simulate_block(protocol: TrialProtocol, seed: int, first: int, number: int) -> Columns:
    """Return the columns of ``number`` patients from the patient ``first`` of the run on."""
    place = np.arange(first, first + LANES, dtype=np.uint64)
    trial, patient = np.divmod(place, np.uint64(protocol.patients))
    counters = Counters(seed, trial, patient)
    patients = virtual_patients(protocol, counters)
    clinic = Clinic(protocol, counters, patients)
    edges = np.cumsum([arm.patients for arm in protocol.arms]).astype(np.uint64)
    arm = np.searchsorted(edges, patient, side="right")
    none = np.zeros(LANES)
    columns: Columns = {
        "trial": (trial + np.uint64(1)).astype(np.int64),
        "patient": (patient + np.uint64(1)).astype(np.int64),
        "arm": arm.astype(np.int16),
        "il2": patients.theta.get("il2", none) > 0.0,
        "clearance": patients.theta.get("clearance", none) > 0.0,
        "course": patients.course.astype(np.int8),
        "tries": patients.tries.astype(np.int32),
        "lost": np.where(clinic.lost <= protocol.length, clinic.lost, np.nan),
    }
    _add_endpoints(columns, clinic, arm)
    return {name: values[:number] for name, values in columns.items()}


def _add_endpoints(columns: Columns, clinic: Clinic, arm: NDArray[np.int64]) -> None:
    """Add baseline and endpoints: as seen in the patient's own arm, as they would be in each."""
    for i, option in enumerate(clinic.protocol.arms):
        seen, whole = clinic.follow(option)
        if i == 0:
            columns["baseline"] = seen.counts[0]
        for endpoint in clinic.protocol.endpoints:
            own, name = evaluate(endpoint, seen), endpoint.name
            columns[name] = np.where(arm == i, own.value, columns.get(name, own.value))
            if endpoint.kind is EndpointKind.TIME:
                event = event_column(name)
                columns[event] = np.where(arm == i, own.event, columns.get(event, own.event))
            columns[truth_column(name, option.name)] = evaluate(endpoint, whole).value
