"""SBML documents read back by libSBML and solved by libroadrunner, and the doses they hold."""

from collections.abc import Sequence
from typing import NamedTuple

import libsbml
import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.events import EventRecord, EventTable
from lymphocast.dataset.regimen import DoseEvent
from lymphocast.models.component import Component, Values

Floats = NDArray[np.float64]
Doses = EventTable | Sequence[DoseEvent]


class Written(NamedTuple):
    """A parameter as libSBML reads it back."""

    sid: str
    name: str
    units: str
    constant: bool
    notes: str


class UnitPart(NamedTuple):
    """A factor of a unit definition as libSBML reads it back."""

    kind: str
    exponent: float
    size: float


def written(text: str) -> dict[str, Written]:
    """Return the parameters of a document by name; of two with one name the last."""
    document = libsbml.readSBMLFromString(text)
    found = [
        Written(p.getId(), p.getName(), p.getUnits(), p.getConstant(), p.getNotesString())
        for p in document.getModel().getListOfParameters()
    ]
    return {p.name: p for p in found}


def defined(text: str) -> dict[str, tuple[str, list[UnitPart], str]]:
    """Return identifier, factors and notes of each unit definition by name."""
    document = libsbml.readSBMLFromString(text)
    found = {}
    for definition in document.getModel().getListOfUnitDefinitions():
        parts = [
            UnitPart(
                libsbml.UnitKind_toString(unit.getKind()),
                unit.getExponentAsDouble(),
                unit.getMultiplier() * 10.0 ** unit.getScale(),
            )
            for unit in definition.getListOfUnits()
        ]
        found[definition.getName()] = (definition.getId(), parts, definition.getNotesString())
    return found


def remarks(text: str) -> list[str]:
    """Return everything that libSBML's checks say of a document, unit checks included."""
    document = libsbml.readSBMLFromString(text)
    document.checkInternalConsistency()
    document.checkConsistency()
    log_of = document.getErrorLog()
    return [log_of.getError(i).getMessage() for i in range(log_of.getNumErrors())]


def natural_doses(model: Component, theta: Values) -> list[DoseEvent]:
    """Two boluses and an infusion into the state that the model doses, else into its first."""
    state = next(iter(model.dosing(theta)), model.states[0].name)
    return [
        DoseEvent(0.0, 100.0, state),
        DoseEvent(1.0, 100.0, state),
        DoseEvent(2.0, 50.0, state, duration=0.25),
    ]


COURSE_RECORDS = EventTable(
    "course",
    (
        EventRecord(-30.0, covariates=(0.0, 0.0)),
        EventRecord(10.0, covariates=(0.4, 1.0)),
        EventRecord(60.5, covariates=(1.0, 1.0)),
        EventRecord(400.5, covariates=(0.0, 0.0)),
    ),
    ("relative_dose", "antibiotic"),
)
COURSE_THETA = {
    "il2": 1.0,
    "recovery": 1.0,
    "infection": 0.0,
    "clearance": 1.0,
    "baseline_count": 110.0,
    "recovery_onset": 120.3,
    "recovery_time": 120.0,
    "normal_count": 500.0,
    "dip_depth": 0.8,
    "dip_time": 60.0,
    "lift_day": 0.0,
    "gain": 150.0,
    "gain_half_life": 180.0,
    "half_effect_dose": 0.5,
    "initial_burden": 6.0,
    "severity_delay": 30.0,
    "growth": -0.0025,
    "kill": 0.06,
    "resistance_day": 700.7,
    "immune_clearance": 0.02,
    "burden_floor": -5.0,
    "burden_headroom": 1.0,
}
"""The burden meets its floor; the days of change lie on no reading."""
