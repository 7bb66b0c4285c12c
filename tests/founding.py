"""The founding individual and prior draws of its parameters, shared by the engine's tests."""

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.individual import Individual
from lymphocast.dataset.project import project
from lymphocast.engine.course import with_study_days
from lymphocast.inference.density import CourseDensity
from lymphocast.inference.fitting import versions
from lymphocast.inference.importance import ImportanceSettings, sample_importance
from lymphocast.inference.kernels import Kernels, kernels_of
from lymphocast.inference.posterior import Fit, FitMethod
from lymphocast.models.prior_file import model_priors
from lymphocast.record.casefile import find_case, read_case

Floats = NDArray[np.float64]


@cache
def individual() -> Individual:
    return project(read_case(find_case("trojan-2009")))


@cache
def density() -> CourseDensity:
    return CourseDensity(individual(), model_priors("course"))


def prior_draws(lanes: int, seed: int) -> dict[str, Floats]:
    """Parameters drawn from their priors, with hypotheses drawn at random."""
    rng = np.random.default_rng(seed)
    found = density()
    numbers = found.numbers()
    course = rng.integers(0, 3, lanes)
    switches = {
        "il2": rng.integers(0, 2, lanes).astype(float),
        "recovery": (course == 1).astype(float),
        "infection": (course == 2).astype(float),
        "clearance": rng.integers(0, 2, lanes).astype(float),
    }
    values = found.count_values(
        rng.standard_normal((len(found.count_latents), lanes)), numbers, switches
    )
    infection = found.infection_values(
        rng.standard_normal((len(found.infection_latents), lanes)), numbers
    )
    theta = with_study_days(individual().plan, {**values, **infection})
    return {name: np.asarray(value) + np.zeros(lanes) for name, value in theta.items()}


@cache
def kernels() -> Kernels:
    """The compiled functions of the founding individual."""
    return kernels_of(individual(), density().table)


@cache
def quick_fit(seed: int = 5) -> Fit:
    """The founding case fitted with few draws: right to a few per cent, made once for a seed."""
    settings = ImportanceSettings(
        pilot=20_000, block=20_000, max_blocks=4, ess_target=6_000.0, pairs=4_096, draws=2_000
    )
    return Fit(
        record=read_case(find_case("trojan-2009")),
        individual=individual(),
        table=density().table,
        posteriors=sample_importance(kernels(), kernels().everything(), seed, settings),
        method=FitMethod.IMPORTANCE,
        seed=seed,
        versions=versions(),
    )


@cache
def counts_alone_fit() -> Fit:
    """The draws of the quick fit as if neither an infection nor a drug against it were recorded."""
    fit = quick_fit()
    record, mine = fit.record, fit.individual
    assert record.modelling is not None
    return replace(
        fit,
        record=replace(
            record,
            cultures=(),
            symptoms=(),
            durations=(),
            administrations=record.administrations_of(mine.plan.study_drug),
            modelling=replace(
                record.modelling,
                antibiotic=None,
                recovery_clock="cd4-presenting",
                nominal=(),
            ),
        ),
        individual=replace(
            mine, cultures=(), symptoms=(), plan=replace(mine.plan, antibiotic=None)
        ),
    )
