"""The four methods against each other on five library models, within Monte Carlo error."""

from collections.abc import Callable

import numpy as np
import pytest

from lymphocast.inference.individual_fit import (
    FitStatus,
    IndividualFit,
    SamplingMethod,
    fit_individual,
)
from tests.inference.individuals import Case, library_case

DRAWS = {
    SamplingMethod.IS: 8_000,
    SamplingMethod.SMC: 4_000,
    SamplingMethod.NUTS: 4_000,
    SamplingMethod.MAP: 8_000,
}
ERRORS = 4.0  # standard errors that two answers may differ by: some sixty pairs are compared
# What Laplace's method leaves out of a posterior that is not normal, in SD of the mean and as a
# share of the SD: nothing that more draws would cure.
SKEWED_MEAN, SKEWED_SD = 0.15, 0.15
CASES: dict[str, Callable[[], Case]] = {
    "one-compartment-first-order": lambda: library_case(
        "one-compartment-first-order",
        [(0.0, 100.0)],
        "concentration",
        [0.05, 0.1, 0.2, 0.4, 0.8, 1.2, 2.0],
        {"clearance": 0.3, "volume": 0.3, "absorption_rate": 0.3},
    ),
    "two-compartment-iv": lambda: library_case(
        "two-compartment-iv",
        [(0.0, 100.0), (1.0, 100.0)],
        "concentration",
        [0.1, 0.3, 0.6, 1.0, 1.2, 2.0, 4.0],
        {"clearance": 0.3, "volume": 0.3, "exchange_1": 0.3},
    ),
    "indirect-response-I": lambda: library_case(
        "indirect-response-I",
        [(0.0, 500.0)],
        "response.response",
        [0.0, 0.2, 0.5, 1.0, 1.5, 2.5, 4.0],
        {"baseline_response": 0.3, "loss_rate": 0.3, "half_effect_concentration": 0.5},
    ),
    "viral-dynamics": lambda: library_case(
        "viral-dynamics",
        [],
        "viral_load",
        [1.0, 4.0, 8.0, 12.0, 16.0, 24.0, 40.0],
        {"infected_loss": 0.2, "virion_clearance": 0.2, "infection_rate": 0.1},
        sd=0.3,
    ),
    "il2-cd4": lambda: library_case(
        "il2-cd4",
        [(7.0 * k, 9.0) for k in range(8)],
        "cd4_count",
        [0.0, 14.0, 28.0, 56.0, 90.0, 150.0],
        {"baseline_count": 0.4, "entry_gain": 0.4, "resting_loss": 0.4},
        sd=0.16,
    ),
}


def fitted(case: Case, method: SamplingMethod) -> IndividualFit:
    return fit_individual(
        case.model,
        case.table,
        case.space,
        case.endpoints,
        method=method,
        seed=4,
        draws=DRAWS[method],
    )


def inverse_size(fit: IndividualFit) -> float:
    """One over the independent draws that a fit's draws are worth.

    Importance samples are resampled, which adds the error of as many draws.
    """
    resampled = fit.method is SamplingMethod.IS
    return 1.0 / fit.diagnostics.ess + (1.0 / DRAWS[fit.method] if resampled else 0.0)


def compare(fits: dict[SamplingMethod, IndividualFit]) -> None:
    exact = fits[SamplingMethod.IS]
    smc = fits[SamplingMethod.SMC]
    se = float(np.hypot(exact.log_evidence_se, smc.log_evidence_se))
    assert abs(exact.log_evidence - smc.log_evidence) <= ERRORS * se
    assert max(exact.log_evidence_se, smc.log_evidence_se) <= 0.1
    # Laplace leaves out what is not normal: a tenth of an ln unit at these numbers of readings.
    assert fits[SamplingMethod.MAP].log_evidence == pytest.approx(exact.log_evidence, abs=0.15)
    for name, draws in exact.draws.items():
        level = np.log(draws)
        # The variance of an SD is (kurtosis - 1) / 4 of its square, over the number of draws.
        spread = np.sqrt((np.mean((level - level.mean()) ** 4) / level.var() ** 2 - 1.0) / 4.0)
        for method, fit in fits.items():
            own = np.log(fit.draws[name])
            error = ERRORS * np.sqrt(inverse_size(fit) + inverse_size(exact))
            skewed = method is SamplingMethod.MAP
            mean = error + (SKEWED_MEAN if skewed else 0.0)
            width = error * spread + (SKEWED_SD if skewed else 0.0)
            apart = abs(own.mean() - level.mean()) / level.std()
            assert apart <= mean, (name, method, apart / mean)
            apart = abs(own.std() / level.std() - 1.0)
            assert apart <= width, (name, method, apart / width)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(CASES))
def test_four_methods_agree_on_a_library_model(name: str) -> None:
    case = CASES[name]()
    fits = {method: fitted(case, method) for method in SamplingMethod}
    assert all(fit.status is FitStatus.DONE for fit in fits.values())
    compare(fits)
