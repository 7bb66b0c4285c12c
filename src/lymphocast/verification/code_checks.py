"""Code verification: whether the equations are solved as they stand."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine.course import FACTUAL, Treatment
from lymphocast.engine.simulate import simulate
from lymphocast.inference.hypotheses import HYPOTHESES
from lymphocast.models.course import COURSE
from lymphocast.models.dimensions import dimension_faults
from lymphocast.models.library import find_model, model_names
from lymphocast.verification.bench import Bench
from lymphocast.verification.check import Check, Found, Heading, at_most, missing
from lymphocast.verification.closed_forms import EXACT, EXACT_TOO, SWEPT
from lymphocast.verification.other_solvers import (
    beside_diffrax,
    beside_roadrunner,
    course_beside_diffrax,
    has_roadrunner,
)

Floats = NDArray[np.float64]

EXACT_LIMIT: Final = 1e-9
SWEPT_LIMIT: Final = 1e-6
MESH_LIMIT: Final = 1e-5
AGREES: Final = 1e-6
QUICK_MODELS: Final = ("two-compartment-first-order", "il7-cd4")
CLOSED_TIMES: Final = (0.5, 1.25, 4.0, 9.5)
CLOSED: Final[dict[str, tuple[dict[str, float], tuple[str, ...]]]] = {
    "two-compartment-first-order": (
        {"clearance": 0.0, "bioavailability": 1.0},
        ("absorption.depot", "drug.central", "drug.peripheral_1"),
    ),
    "clarithromycin": (
        {"metabolite_clearance": 0.0},
        ("clarithromycin.gut", "clarithromycin.parent", "clarithromycin.metabolite"),
    ),
}
"""Models, what is set so that nothing can leave, and the amounts whose sum is then conserved."""

LANES, QUICK_LANES = 36, 12  # prior draws whose courses are solved by both methods
TREATMENTS: Final = {
    "as recorded": FACTUAL,
    "without IL-2": Treatment(study_drug=0.0),
    "without the antibiotic": Treatment(antibiotic=0.0),
}


def closed_forms(bench: Bench) -> Found:
    """Compare the engine with formulas."""
    cases = EXACT if bench.quick else (*EXACT, *EXACT_TOO)
    return _worst([c.model for c in cases], [c.largest_error() for c in cases], EXACT_LIMIT)


def swept(_: Bench) -> Found:
    """Compare the engine's sweeps with a formula."""
    return _worst([SWEPT.model], [SWEPT.largest_error()], SWEPT_LIMIT)


def diffrax(bench: Bench) -> Found:
    """Compare the engine with an adaptive solver."""
    apart = {name: beside_diffrax(name) for name in _models(bench)}
    solved = {name: error for name, error in apart.items() if error is not None}
    found = _worst(list(solved), list(solved.values()), AGREES)
    left = [name for name in apart if name not in solved]
    if not left:
        return found
    said = f"{found.found}; left to the adaptive method itself: {', '.join(left)}"
    return replace(found, found=said)


def roadrunner(bench: Bench) -> Found:
    """Compare the engine with a program of others."""
    if not has_roadrunner():
        return missing("not installed: libroadrunner, a tool of development")
    names = _models(bench)
    return _worst(names, [beside_roadrunner(name) for name in names], AGREES)


def course(bench: Bench) -> Found:
    """Compare the course model's closed form with an adaptive solver."""
    lanes = QUICK_LANES if bench.quick else LANES
    theta = prior_lanes(bench, lanes)
    treatments = {"as recorded": FACTUAL} if bench.quick else TREATMENTS
    apart = [course_beside_diffrax(bench.individual, theta, t) for t in treatments.values()]
    of_counts, of_infection = (max(errors) for errors in zip(*apart, strict=True))
    said = (
        f"largest difference of counts {of_counts:.1e}, of the infection {of_infection:.1e}, over "
        f"{lanes} prior draws, all explanations among them, treated {', '.join(treatments)}"
    )
    worst = max(of_counts / EXACT_LIMIT, of_infection / MESH_LIMIT)
    return at_most(worst, 1.0, said, bench.seed)


def units(_: Bench) -> Found:
    """Walk every component's equations with units."""
    models = [*(find_model(name).model for name in model_names()), COURSE]
    faults = [fault for model in models for fault in dimension_faults(model)]
    said = f": {faults[0]}" if faults else ""
    return at_most(len(faults), 0, f"{len(faults)} faults in {len(models)} models{said}")


def conserved(bench: Bench) -> Found:
    """Sum the amounts of models that nothing can leave."""
    names = list(CLOSED)[:1] if bench.quick else list(CLOSED)
    return _worst(names, [_lost(name) for name in names], SWEPT_LIMIT)


def prior_lanes(bench: Bench, lanes: int) -> dict[str, Floats]:
    """Return equally many prior draws of every hypothesis, as lanes."""
    each = lanes // len(HYPOTHESES)
    parts = [bench.prior(hypothesis, each) for hypothesis in HYPOTHESES]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _lost(name: str) -> float:
    entry = find_model(name)
    closed, amounts = CLOSED[name]
    theta = {**entry.example_theta(), **closed}
    state = entry.model.states[0].name
    doses = [DoseEvent(0.1, 100.0, state), DoseEvent(2.0, 40.0, state)]
    found = simulate(entry.model, theta, doses, CLOSED_TIMES)
    total = sum(np.asarray(found.states[n]) for n in amounts)
    given = np.where(np.array(CLOSED_TIMES) > 2.0, 140.0, 100.0)
    return float(np.max(np.abs(total / given - 1.0)))


def _models(bench: Bench) -> tuple[str, ...]:
    return QUICK_MODELS if bench.quick else model_names()


def _worst(names: Sequence[str], errors: Sequence[float], limit: float) -> Found:
    largest, name = max(zip(errors, names, strict=True))
    which = ", ".join(names) if len(names) <= 6 else f"{len(names)} models"
    return at_most(largest, limit, f"largest {largest:.1e} ({name}); looked at {which}")


CODE_CHECKS: Final = (
    Check(
        "code.closed-forms",
        Heading.CODE,
        "Does the engine give the courses of linear library models that are known as formulas?",
        f"largest error at most {EXACT_LIMIT:g} of the largest value",
        "The engine solves these by formula; what is left is rounding. Formulas are written by "
        "themselves (Gibaldi & Perrier 1982; the matrix exponential).",
        closed_forms,
    ),
    Check(
        "code.saturable",
        Heading.CODE,
        "And that of saturable elimination, which it solves by sweeps?",
        f"largest error at most {SWEPT_LIMIT:g} of the largest value",
        "Each piece is swept to 1e-7, and there are some pieces (docs/science/engine.md).",
        swept,
        full_only=True,
    ),
    Check(
        "code.diffrax",
        Heading.CODE,
        "Do the engine and an adaptive solver (diffrax, 1e-10 a step) agree on library models?",
        f"largest relative difference at most {AGREES:g}",
        "What the engine promises against independent programs (docs/science/engine.md).",
        diffrax,
    ),
    Check(
        "code.roadrunner",
        Heading.CODE,
        "Does libroadrunner compute the same from the exported SBML?",
        f"largest relative difference at most {AGREES:g}",
        "A reader and a solver that share no line with ours (CVODE, 1e-10).",
        roadrunner,
    ),
    Check(
        "code.course",
        Heading.CODE,
        "Is what the course model computes directly the solution of its equations?",
        f"counts within {EXACT_LIMIT:g}, relative; ln burden and severity within {MESH_LIMIT:g}",
        "Counts are a closed form, and the adaptive solver's tolerance is 1e-10 a step. The "
        "infection is integrated over a mesh; a difference of 1e-5 moves no digit that is printed.",
        course,
    ),
    Check(
        "code.units",
        Heading.CODE,
        "Do the units of every equation of every component fit?",
        "no fault",
        "An equation whose units do not fit is wrong whatever its numbers.",
        units,
    ),
    Check(
        "code.conserved",
        Heading.CODE,
        "Is an amount that nothing can leave conserved?",
        f"largest relative error of the sum at most {SWEPT_LIMIT:g}",
        "A conserved quantity needs no second solver; the limit is the engine's promise.",
        conserved,
    ),
)
