"""The samplers themselves over simulated individuals: ranks of true values are uniform.

The calibration of the course model weighs one bank of prior draws; here every simulated individual
is fitted by the sampler that a user would call.
"""

from dataclasses import replace

import numpy as np
import pytest

from lymphocast.dataset.events import EventKind
from lymphocast.engine.simulate import simulate
from lymphocast.inference.calibration import CalibrationSettings, calibrate
from lymphocast.inference.individual_fit import SamplingMethod, fit_individual
from lymphocast.inference.ranks import rank_of, uniformity
from lymphocast.inference.tempering import SmcSettings
from lymphocast.models.prior_file import model_priors
from lymphocast.verification.calibration_checks import DECLARED_SEED
from tests.inference.individuals import SD, Case, library_case
from tests.inference.test_calibration import founding, outside

REPLICATES, RANKED, DRAWS = 200, 99, 2_000
FREE = ("clearance", "volume", "absorption_rate")
DAYS = [0.05, 0.1, 0.2, 0.4, 0.8, 1.2, 2.0]
SAMPLERS = (SamplingMethod.IS, SamplingMethod.SMC, SamplingMethod.NUTS)


def individuals(number: int) -> tuple[dict[str, np.ndarray], list[Case]]:
    """Return parameters drawn from the prior, by name, and the individuals who have them."""
    case = library_case(
        "one-compartment-first-order",
        [(0.0, 100.0)],
        "concentration",
        DAYS,
        dict.fromkeys(FREE, 0.3),
    )
    rng = np.random.default_rng([DECLARED_SEED, 41])
    space = case.space
    theta = space.form.theta(space.arrays, rng.standard_normal((space.form.size, number)))
    truths = {name: np.asarray(theta[name]) for name in FREE}
    given = {n: v for n, v in {**space.fixed, **truths}.items() if n != "sd"}
    course = simulate(case.model, given, case.table, DAYS, outputs=("concentration",))
    levels = np.asarray(course.outputs["concentration"])
    measured = levels * np.exp(SD * rng.standard_normal(levels.shape))
    return truths, [with_values(case, own) for own in measured]


def with_values(case: Case, values: np.ndarray) -> Case:
    """Return the individual with other values of its observations."""
    left = iter(values)
    records = tuple(
        replace(r, value=float(next(left))) if r.kind is EventKind.OBSERVATION else r
        for r in case.table.records
    )
    return replace(case, table=replace(case.table, records=records))


@pytest.mark.nightly
@pytest.mark.parametrize("method", SAMPLERS)
def test_a_sampler_of_individuals_is_calibrated(method: SamplingMethod) -> None:
    truths, cases = individuals(REPLICATES)
    rng = np.random.default_rng([DECLARED_SEED, 42])
    draws: dict[str, list[np.ndarray]] = {name: [] for name in FREE}
    for i, case in enumerate(cases):
        fit = fit_individual(
            case.model, case.table, case.space, case.endpoints, method=method, seed=i, draws=DRAWS
        )
        place = rng.choice(fit.draws[FREE[0]].size, RANKED)
        for name in FREE:
            draws[name].append(fit.draws[name].ravel()[place])
    ranks = {n: rank_of(np.stack(draws[n]), truths[n], rng) for n in FREE}
    compared = uniformity(ranks, RANKED, DECLARED_SEED)
    assert [name for name, one in compared.items() if not one.inside] == []


@pytest.mark.nightly
def test_smc_of_the_course_model_is_calibrated() -> None:
    table = model_priors("course")
    few = SmcSettings(particles=250)
    settings = CalibrationSettings(replicates=REPLICATES, sampling=few)
    found = calibrate(founding(), table, table.presets["neutral"], DECLARED_SEED, settings)
    assert outside(found) == []
