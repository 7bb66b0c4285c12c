"""Doses, virtual patients and reference answers of the founding problem.

The reference comes from an order-8 Runge-Kutta method restarted at every event with tolerance
1e-13; two tolerances agree to 4e-12 on the count and 9e-8 on the log burden, and an independent
LSODA at 1e-12 agrees to 1.3e-12 at day 399.
"""

import csv
import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.regimen import DoseEvent

Floats = NDArray[np.float64]

FOLDER = Path(__file__).parent
COMPARTMENTS = {"1": "il2.depot", "3": "clarithromycin.gut"}
COUNT, LOG_BURDEN = "count", "burden.log"
TIMES = tuple(float(day) for day in range(0, 2000, 7))
CAPACITY = 500.0  # K of the feedback variant, cells/uL
FEEDBACK_EMAX = 8.0 / 1.5  # Emax of the feedback variant, in multiples of the table's
FEEDBACK_SMAX = 0.5


def _rows(name: str) -> list[list[str]]:
    with gzip.open(FOLDER / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
        return list(csv.reader(file))


def doses() -> tuple[DoseEvent, ...]:
    """Return 532 doses of IL-2 and 540 of clarithromycin."""
    return tuple(
        DoseEvent(float(time), float(amount), COMPARTMENTS[compartment])
        for time, amount, compartment in _rows("doses")[1:]
    )


def population(feedback: bool, patients: int) -> dict[str, Floats]:
    """Return the parameters of the first virtual patients; the first of them is typical."""
    names, *rows = _rows("population")
    table = np.array(rows[:patients], dtype=float)
    theta = {n: table[:, i] for i, n in enumerate(names) if n != "ID"}
    if feedback:
        theta["K"] = np.full(patients, CAPACITY)
        theta["Emax"] = FEEDBACK_EMAX * theta["Emax"]
        theta["Smax"] = np.full(patients, FEEDBACK_SMAX)
    return theta


def reference(feedback: bool) -> tuple[Floats, Floats]:
    """Return count and log burden of the first 100 patients, ``[patient, week]``."""
    variant = "feedback" if feedback else "affine"
    count, burden = (np.array(_rows(f"{variant}_{what}"), dtype=float) for what in ("cd4", "lnB"))
    return count, burden


def errors(count: Floats, burden: Floats, feedback: bool) -> tuple[float, float]:
    """Return the largest relative error of the count and the largest error of the log burden."""
    true_count, true_burden = (table[: len(count)] for table in reference(feedback))
    count, burden = count[: len(true_count)], burden[: len(true_burden)]
    return (
        float(np.max(np.abs(count / true_count - 1.0))),
        float(np.max(np.abs(burden - true_burden))),
    )
