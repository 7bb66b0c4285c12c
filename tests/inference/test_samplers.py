"""Both samplers against a posterior known exactly, against each other, and against themselves."""

from collections.abc import Callable

import numpy as np
import pytest

from lymphocast.inference.agreement import disagreement
from lymphocast.inference.conjugate import conjugate_patient, stable_of
from lymphocast.inference.evidence import HypothesisPosterior, effective_size, systematic
from lymphocast.inference.hypotheses import HYPOTHESES, Course
from lymphocast.inference.importance import ImportanceSettings, sample_importance
from lymphocast.inference.kernels import Kernels
from lymphocast.inference.smc import sample_smc
from lymphocast.inference.tempering import SmcSettings
from tests.founding import density, individual
from tests.tolerances import IDENTICAL_HYPOTHESES, LOG_EVIDENCE_AGREES, MEDIAN_AGREES

SMALL = ImportanceSettings(
    pilot=10_000, block=10_000, max_blocks=4, ess_target=4_000.0, pairs=4_096, draws=2_000
)
PRIOR = ImportanceSettings(
    pilot=10_000, block=200_000, max_blocks=1, pairs=4_096, draws=2_000, from_prior=True
)
FEW = SmcSettings(particles=500, islands=4)
KNOWN = conjugate_patient(individual(), density().table)
Posteriors = tuple[HypothesisPosterior, ...]
SAMPLERS: dict[str, Callable[[Kernels, int], Posteriors]] = {
    "importance": lambda k, seed: sample_importance(k, k.everything(), seed, SMALL),
    "prior": lambda k, seed: sample_importance(k, k.everything(), seed, PRIOR),
    "smc": lambda k, seed: sample_smc(k, k.everything(), seed, FEW),
}


@pytest.fixture(scope="module", params=list(SAMPLERS))
def exact(request: pytest.FixtureRequest) -> HypothesisPosterior:
    return stable_of(SAMPLERS[request.param](KNOWN.kernels, 11))


def test_the_evidence_of_a_conjugate_case_is_exact(exact: HypothesisPosterior) -> None:
    assert exact.log_evidence_se < 0.1
    error = exact.log_evidence - KNOWN.log_evidence
    assert abs(error) < 3.0 * max(exact.log_evidence_se, 1e-3)


def test_the_posterior_of_a_conjugate_case_is_exact(exact: HypothesisPosterior) -> None:
    found = np.log(exact.draws["baseline_count"])
    se = KNOWN.posterior_sd / np.sqrt(min(exact.ess, len(found)))
    # 1.25 se is the error of a median; four of them, since this is one of many such tests.
    assert np.median(found) == pytest.approx(np.log(KNOWN.posterior_median), abs=5.0 * se)
    assert found.std() == pytest.approx(KNOWN.posterior_sd, rel=0.15)


def test_what_the_data_cannot_reach_keeps_its_prior(exact: HypothesisPosterior) -> None:
    ln_u50 = np.log(exact.draws["half_effect_dose"])
    assert np.median(ln_u50) == pytest.approx(np.log(0.5), abs=0.15)
    assert ln_u50.std() == pytest.approx(1.0, abs=0.1)


@pytest.fixture(scope="module")
def founding() -> Kernels:
    return Kernels(density())


@pytest.fixture(scope="module")
def quick(founding: Kernels) -> Posteriors:
    return SAMPLERS["importance"](founding, 5)


def test_hypotheses_that_say_the_same_have_the_same_evidence(quick: Posteriors) -> None:
    twins = [p for p in quick if not p.hypothesis.il2 and p.hypothesis.course is Course.STABLE]
    assert len(twins) == 2
    difference = twins[0].log_evidence - twins[1].log_evidence
    assert abs(difference) <= IDENTICAL_HYPOTHESES * twins[0].log_evidence_se
    assert difference == 0.0  # common random numbers: exactly


def test_the_same_seed_gives_the_same_draws(founding: Kernels, quick: Posteriors) -> None:
    again = SAMPLERS["importance"](founding, 5)
    for one, other in zip(quick, again, strict=True):
        assert one.log_evidence == other.log_evidence
        for name, values in one.draws.items():
            np.testing.assert_array_equal(values, other.draws[name])


def test_only_the_hypotheses_asked_for_are_fitted(founding: Kernels, quick: Posteriors) -> None:
    wanted = [h for h in HYPOTHESES if h.il2]
    some = sample_importance(founding, founding.everything(), 5, SMALL, only=wanted)
    assert [p.hypothesis for p in some] == wanted
    for posterior in some:
        whole = next(p for p in quick if p.hypothesis == posterior.hypothesis)
        se = np.hypot(posterior.log_evidence_se, whole.log_evidence_se)
        assert posterior.log_evidence == pytest.approx(whole.log_evidence, abs=4.0 * se)


def test_the_mixture_proposal_gives_the_evidence_that_prior_draws_give(
    founding: Kernels, quick: Posteriors
) -> None:
    plain = ImportanceSettings(
        pilot=20_000, block=200_000, max_blocks=1, ess_target=1e9, pairs=4_096, draws=2_000,
        from_prior=True,
    )  # fmt: skip
    oracle = sample_importance(founding, founding.everything(), 6, plain)
    for one, other in zip(quick, oracle, strict=True):
        se = np.hypot(one.log_evidence_se, other.log_evidence_se)
        assert one.log_evidence == pytest.approx(other.log_evidence, abs=4.0 * se)


def test_leaving_a_count_out_never_lowers_the_evidence_by_more_than_its_density_can(
    founding: Kernels, quick: Posteriors
) -> None:
    without = sample_importance(founding, founding.without_last(), 5, SMALL)
    highest = -np.log(0.12 * np.sqrt(2.0 * np.pi))  # the density of ln y at its mean, sigma 0.12
    for all_counts, fewer in zip(quick, without, strict=True):
        assert all_counts.log_evidence - fewer.log_evidence < highest + 0.1


@pytest.mark.slow
def test_smc_and_importance_sampling_agree_on_the_founding_case(founding: Kernels) -> None:
    """Evidence within 0.1 and medians within 2 %, as the two methods promise each other."""
    importance = sample_importance(
        founding,
        founding.everything(),
        21,
        ImportanceSettings(max_blocks=20, ess_target=150_000.0, pairs=120_000, draws=60_000),
    )
    smc = sample_smc(founding, founding.everything(), 22, SmcSettings(particles=6_000, islands=4))
    apart = disagreement(importance, smc, founding.density.table)
    assert apart.log_evidence < LOG_EVIDENCE_AGREES
    assert apart.median < MEDIAN_AGREES, apart.where
    assert apart.compared > 50


def test_effective_size_counts_equal_weights_and_ignores_zeros() -> None:
    assert effective_size(np.zeros(50)) == pytest.approx(50.0)
    assert effective_size(np.array([0.0, -np.inf, 0.0])) == pytest.approx(2.0)
    assert effective_size(np.full(3, -np.inf)) == 0.0


def test_systematic_resampling_takes_each_draw_as_often_as_its_weight_says() -> None:
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    chosen = systematic(np.log(weights), 1000, np.random.default_rng(1))
    np.testing.assert_allclose(np.bincount(chosen) / 1000, weights, atol=1e-3)
