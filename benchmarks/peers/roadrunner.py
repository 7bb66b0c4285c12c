"""libroadrunner: CVODE (BDF) on compiled SBML, stopped and restarted at each dose by the caller.

The doses could be SBML events; with a thousand of them every step looks at a thousand triggers, and
a patient costs twenty times as much. The absolute tolerance is given for each state: a single
number would be scaled by the state at every restart and vanish with the drug.
"""

from functools import cache
from typing import Any

import libsbml
import numpy as np
import roadrunner

from benchmarks.founding.tables import (
    DIVIDING,
    LOG_BURDEN,
    PARAMETERS,
    RESTING,
    STATES,
    Floats,
    lanes,
    schedule,
)

RTOL, ATOL = 1e-6, 1e-8
LEVEL, VERSION = 3, 1

RULES = {"E": "C1 / (EC50 + C1)", "p": "pi0 * (1 + Emax * E)"}
FEEDBACK = " * (1 + T0 / K) / (1 + (R + P) / K)"
RATES = {
    "A1": "-ka1 * A1",
    "C1": "1000 * ka1 * F1 / V1 * A1 - ke1 * C1",
    "A2": "-ka2 * A2",
    "C2": "ka2 / V2 * A2 - ke2 * C2",
    "R": "lam - p * R - muR * (1 - Smax * E) * R + 2 * rho * P",
    "P": "p * R - (rho + muP) * P",
    "L": "g * (1 - exp(L) / Bmax) - kimm * (R + P) / (R + P + T50)"
    " - kclr * piecewise(C2^h / (MIC50^h + C2^h), C2 > 0, 0)",
}


def solve(feedback: bool, patients: int) -> tuple[Floats, Floats]:
    """Solve one variant, patient by patient."""
    engine, places = _engine(feedback)
    parameters, start = lanes(feedback, patients)
    states = np.stack(
        [
            _patient(engine, places, constants, state)
            for constants, state in zip(parameters, start, strict=True)
        ]
    )
    return states[..., RESTING] + states[..., DIVIDING], states[..., LOG_BURDEN]


def _patient(engine: Any, places: dict[str, int], constants: Floats, start: Floats) -> Floats:  # noqa: ANN401
    """Return the states of one patient, ``[time, state]``."""
    plan = schedule()
    model, integrator = engine.model, engine.getIntegrator()
    at = [places[n] for n in STATES]
    engine.resetToOrigin()
    model.setGlobalParameterValues([places[n] for n in PARAMETERS], constants)
    model.setGlobalParameterValues(at, start)
    states = np.empty((len(plan.times), len(STATES)))
    states[0] = start
    for k, dose in enumerate(plan.given):
        model.setGlobalParameterValues(at, model.getGlobalParameterValues(at) + dose)
        now, end = plan.bounds[k], plan.bounds[k + 1]
        integrator.restart(now)
        for i in range(plan.first[k], plan.first[k] + plan.number[k]):
            integrator.integrate(now, plan.times[i] - now)
            now = plan.times[i]
            states[i] = model.getGlobalParameterValues(at)
        if now < end:
            integrator.integrate(now, end - now)
    return states


@cache
def _engine(feedback: bool) -> tuple[Any, dict[str, int]]:
    """Return the compiled model and the place of each of its parameters."""
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
    engine = roadrunner.RoadRunner(_sbml(feedback))
    integrator = engine.getIntegrator()
    integrator.setValue("relative_tolerance", RTOL)
    integrator.setValue("absolute_tolerance", [ATOL] * len(STATES))
    names = engine.model.getGlobalParameterIds()
    return engine, {name: i for i, name in enumerate(names)}


def _sbml(feedback: bool) -> str:
    """Return the problem without its doses: parameters, assignment rules, rate rules."""
    document = libsbml.SBMLDocument(LEVEL, VERSION)
    model = document.createModel()
    model.setId("founding")
    for name in (*PARAMETERS, *STATES, *RULES):
        parameter = model.createParameter()
        parameter.setId(name)
        parameter.setConstant(name in PARAMETERS)
        if name not in RULES:
            parameter.setValue(1.0)
    rules = {**RULES, "p": RULES["p"] + (FEEDBACK if feedback else "")}
    for create, table in (
        (model.createAssignmentRule, rules),
        (model.createRateRule, RATES),
    ):
        for name, formula in table.items():
            rule = create()
            rule.setVariable(name)
            rule.setMath(libsbml.parseL3Formula(formula))
    text: str = libsbml.writeSBMLToString(document)
    return text
