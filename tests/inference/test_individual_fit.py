"""Fits of one individual: posteriors known exactly, and records that no one would hope to fit."""

import warnings
from math import inf

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import multivariate_normal, norm

from lymphocast.dataset.events import Censoring, EventKind, EventRecord, EventTable
from lymphocast.errors import UsageError
from lymphocast.inference.error_model import LogNormalError
from lymphocast.inference.individual_density import (
    Endpoint,
    individual_density,
    needed_part,
)
from lymphocast.inference.individual_fit import (
    FitStatus,
    IndividualFit,
    Sampled,
    SamplingMethod,
    fit_individual,
    sample_density,
)
from lymphocast.inference.lane_density import LaneDensity, density_of
from lymphocast.inference.mode import ModeStatus, find_mode
from lymphocast.inference.parameters import ParameterSpace
from lymphocast.models.library import find_model
from lymphocast.models.prior_table import Family
from lymphocast.models.random_effects import RandomEffects
from tests.inference.individuals import dose, prior, seen
from tests.tolerances import CLOSED_FORM

MODEL = find_model("one-compartment-iv").model
DRUG = MODEL.states[0].name
DOSE, VOLUME, SD = 100.0, 50.0, 0.1
DAYS = np.array([0.1, 0.4, 0.8, 1.5])
SOLVED = 1e-7  # what the course, its slopes and their differences leave of an evidence


def line() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A linear regression: design, observations, prior means and prior SDs of three slopes."""
    rng = np.random.default_rng(1)
    design = rng.standard_normal((12, 3))
    seen_values = design @ np.array([1.0, -0.5, 2.0]) + 0.3 * rng.standard_normal(12)
    return design, seen_values, np.array([0.0, 0.2, 1.0]), np.array([1.0, 0.5, 2.0])


def normal_posterior() -> tuple[float, np.ndarray, np.ndarray]:
    """Log evidence, means and covariance of the line's posterior."""
    design, value, mean, sd = line()
    wide = design @ np.diag(sd**2) @ design.T + 0.09 * np.eye(12)
    evidence = multivariate_normal.logpdf(value, design @ mean, wide)
    covariance = np.linalg.inv(np.diag(sd**-2.0) + design.T @ design / 0.09)
    return float(evidence), covariance @ (mean / sd**2 + design.T @ value / 0.09), covariance


def line_density() -> LaneDensity:
    design, value, mean, sd = line()
    rows = tuple(
        prior(f"b{i}", Family.NORMAL, m, s) for i, (m, s) in enumerate(zip(mean, sd, strict=True))
    )

    def log_likelihood(theta: dict[str, jnp.ndarray]) -> jnp.ndarray:
        level = design @ jnp.stack([theta[f"b{i}"] for i in range(3)])
        z = (value[:, None] - level) / 0.3
        return jnp.sum(-0.5 * z * z - 0.5 * jnp.log(2.0 * jnp.pi * 0.09), axis=0)

    return density_of(ParameterSpace(rows), log_likelihood)


@pytest.fixture(scope="module", params=list(SamplingMethod))
def sampled(request: pytest.FixtureRequest) -> Sampled:
    return sample_density(line_density(), method=request.param, seed=3, draws=2_000)


def test_every_method_finds_the_posterior_of_a_line(sampled: Sampled) -> None:
    _, mean, covariance = normal_posterior()
    _, _, prior_mean, prior_sd = line()
    draws = prior_mean + prior_sd * sampled.z.reshape(-1, 3)
    sd = np.sqrt(np.diag(covariance))
    error = sd / np.sqrt(min(sampled.diagnostics.ess, 2_000.0))
    assert (np.abs(draws.mean(axis=0) - mean) < 4.5 * error).all()
    assert_allclose(np.corrcoef(draws.T), covariance / np.outer(sd, sd), atol=0.1)
    assert_allclose(draws.std(axis=0), sd, rtol=0.1)
    assert sampled.diagnostics.messages == ()


def test_the_evidence_of_a_line_is_exact(sampled: Sampled) -> None:
    evidence, _, _ = normal_posterior()
    if np.isnan(sampled.log_evidence):
        assert "lp" in sampled.stats  # the sampler by slopes gives none
    elif np.isnan(sampled.log_evidence_se):
        assert sampled.log_evidence == pytest.approx(evidence, abs=SOLVED)
    else:
        assert sampled.log_evidence_se <= 0.1
        assert abs(sampled.log_evidence - evidence) <= 3.0 * sampled.log_evidence_se


# Names as the command gives them, so that tests of it share the compiled code.
ENDPOINT = Endpoint("concentration", "concentration", LogNormalError("concentration.sd"), lloq=0.05)
FIXED = {"volume": VOLUME, "concentration.sd": SD}
ONE = ParameterSpace((prior("clearance", Family.NORMAL, 100.0, 15.0),), FIXED)


def fitted(
    records: list[EventRecord],
    space: ParameterSpace = ONE,
    method: SamplingMethod = SamplingMethod.MAP,
) -> IndividualFit:
    table = EventTable("a", tuple(records))
    return fit_individual(MODEL, table, space, (ENDPOINT,), method=method, seed=1, draws=400)


def test_an_elimination_through_the_engine_has_the_evidence_of_its_closed_form() -> None:
    """With ln C = ln(D / V) - CL t / V and a normal prior of CL, everything is normal."""
    value = np.exp(
        np.log(DOSE / VOLUME) - 110.0 * DAYS / VOLUME + 0.1 * np.array([1, -1, 0.5, 0.2])
    )
    records = [
        dose(0.0, DOSE, DRUG),
        *(seen(t, float(y)) for t, y in zip(DAYS, value, strict=True)),
    ]
    fit = fitted(records)
    slope = -DAYS / VOLUME
    covariance = SD**2 * np.eye(4) + 15.0**2 * np.outer(slope, slope)
    mean = np.log(DOSE / VOLUME) + 100.0 * slope
    exact = multivariate_normal.logpdf(np.log(value), mean, covariance)
    assert fit.log_evidence == pytest.approx(exact, abs=10.0 * SOLVED)
    precision = 15.0**-2.0 + (slope @ slope) / SD**2
    above = slope @ (np.log(value) - mean) / SD**2
    assert fit.mode["clearance"] == pytest.approx(100.0 + above / precision, rel=1e-5)


def test_values_below_the_limit_count_with_their_probability() -> None:
    """Of a dose that no parameter moves, M3 is the probability of the normal distribution."""
    records = [dose(0.0, 2.0, DRUG), seen(1e-6, 0.01), seen(1e-6, 0.001)]
    density = individual_density(MODEL, EventTable("a", tuple(records)), (ENDPOINT,), ONE)
    assert density is not None
    exact = 2.0 * norm.logcdf((np.log(0.05) - np.log(2.0 / VOLUME)) / SD)
    assert density.log_likelihood(np.zeros((1, 1)))[0] == pytest.approx(exact, abs=1e-4)


def test_without_observations_the_prior_comes_back_and_says_so() -> None:
    fit = fitted([dose(0.0, DOSE, DRUG), EventRecord(1.0)])
    assert fit.status is FitStatus.NO_DATA
    assert fit.draws["clearance"].std() == pytest.approx(15.0, abs=2.4)  # of 400 draws


def test_random_effects_with_a_covariance_keep_it_where_nothing_was_seen() -> None:
    effects = RandomEffects(("clearance", "volume"), ((0.09, 0.05), (0.05, 0.04)))
    space = ParameterSpace((), {"clearance": 100.0, **FIXED}, effects)
    draws = fit_individual(
        MODEL, EventTable("a", (EventRecord(0.0),)), space, (ENDPOINT,),
        method=SamplingMethod.MAP, seed=1, draws=20_000,
    ).draws  # fmt: skip
    found = np.cov(np.log(draws["clearance"][0]), np.log(draws["volume"][0]))
    assert_allclose(found, effects.covariance, rtol=0.05)


def test_parts_of_a_model_that_nothing_observes_keep_their_prior() -> None:
    whole = find_model("il2-cd4").model
    part = needed_part(whole, ["concentration"])
    assert {state.name for state in part.states} == {"il2.depot", "il2.serum"}
    assert needed_part(whole, ["cd4_count"]) is whole
    rows = tuple(prior(n, Family.LOGNORMAL, 1.0, 0.3) for n in ("clearance", "entry_gain"))
    read, idle = ParameterSpace(rows, FIXED).split([p.name for p in part.parameters])
    assert read.free == ("clearance",)
    assert idle.free == ("entry_gain",)


def test_slopes_are_those_of_central_differences() -> None:
    records = [dose(0.0, DOSE, DRUG), *(seen(t, 0.3) for t in (0.2, 0.5, 3.0))]
    density = individual_density(MODEL, EventTable("a", tuple(records)), (ENDPOINT,), ONE)
    assert density is not None
    z, step = np.array([[0.3]]), 1e-4
    _, slopes = density.with_slopes(z)
    up, down = density.log_likelihood(z + step), density.log_likelihood(z - step)
    assert slopes[0, 0] == pytest.approx(float((up - down)[0]) / (2.0 * step), rel=1e-4)


@st.composite
def records(draw: st.DrawFn) -> list[EventRecord]:
    """Up to 60 counts, some absurd, some below the limit, with doses or without."""
    found = []
    for _ in range(draw(st.integers(0, 3))):
        amount = draw(st.floats(1e-3, 1e6))
        found.append(dose(draw(st.floats(0.0, 30.0)), amount, DRUG))
    value = st.one_of(
        st.floats(0.01, 10.0), st.floats(-1e300, 1e300), st.sampled_from([0.0, 1e-300, 1e300, -1.0])
    )
    for _ in range(draw(st.integers(0, 60))):
        censoring = draw(st.sampled_from(list(Censoring)))
        found.append(
            EventRecord(
                draw(st.floats(0.0, 60.0)),
                EventKind.OBSERVATION,
                "concentration",
                value=draw(value),
                censoring=censoring,
            )
        )
    return sorted(found or [EventRecord(0.0)], key=lambda r: r.time)


def survives(records: list[EventRecord], method: SamplingMethod) -> None:
    """A posterior, or one refusal in one line that says what is needed."""
    refusal, fit = "", None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            fit = fitted(records, method=method)
        except UsageError as error:
            refusal = str(error)
    if fit is None:
        assert "needed" in refusal
        assert "\n" not in refusal
        return
    done = fit.status is not FitStatus.DOUBTFUL
    assert done or fit.diagnostics.messages
    assert not done or np.isfinite(list(fit.mode.values())).all()
    assert not done or np.isfinite(fit.log_evidence) or method is SamplingMethod.NUTS
    assert not done or all(np.isfinite(values).all() for values in fit.draws.values())


@settings(max_examples=6)
@given(records=records())
def test_any_record_gives_a_posterior_or_one_clear_refusal(records: list[EventRecord]) -> None:
    survives(records, SamplingMethod.MAP)


# Others each time, unlike in the fast tests; what fails is printed, and written here as an example.
@pytest.mark.slow
@settings(max_examples=200, derandomize=False)
@given(records=records(), method=st.sampled_from(SamplingMethod))
@example(records=[seen(1.0, 1.8e9)], method=SamplingMethod.SMC)
def test_two_hundred_records_give_a_posterior_or_a_refusal_by_any_method(
    records: list[EventRecord], method: SamplingMethod
) -> None:
    survives(records, method)


def test_a_likelihood_that_is_nothing_everywhere_is_a_status() -> None:
    space = ParameterSpace((prior("x", Family.NORMAL, 0.0, 1.0),))
    nothing = density_of(space, lambda theta: jnp.full_like(theta["x"], -inf))
    assert find_mode(nothing, 1).status is ModeStatus.NOT_FOUND
    for method in SamplingMethod:
        with pytest.raises(UsageError, match="likelihood above 0"):
            sample_density(nothing, method=method, seed=1, draws=100)


def test_a_likelihood_without_a_top_is_no_mode() -> None:
    space = ParameterSpace((prior("x", Family.NORMAL, 0.0, 1.0),))
    saddle = density_of(space, lambda theta: jnp.cosh(theta["x"]) * 3.0 - theta["x"] ** 4 * 0.01)
    mode = find_mode(saddle, 1)
    assert mode.status in set(ModeStatus)
    assert np.isfinite(mode.root).all()


@pytest.mark.slow
def test_individuals_with_equal_likelihoods_are_taken_at_once() -> None:
    tables = [
        EventTable(
            str(i),
            (dose(0.0, DOSE, DRUG), *(seen(t + 0.1 * i, 0.3) for t in (0.2, 0.5, 3.0)[: 2 + i])),
        )
        for i in range(2)
    ]
    found = [individual_density(MODEL, table, (ENDPOINT,), ONE) for table in tables]
    densities = [density for density in found if density is not None]
    assert densities[0].function == densities[1].function
    arrays = jax.tree.map(lambda *each: np.stack(each), *(d.arrays for d in densities))
    z = np.random.default_rng(0).standard_normal((2, 1, 3))  # [individual, row, lane]
    together = jax.vmap(densities[0].function)(arrays, z)
    for own, density, at in zip(together, densities, z, strict=True):
        assert_allclose(own, density.log_likelihood(at), rtol=CLOSED_FORM)
