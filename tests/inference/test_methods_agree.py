"""The four methods against each other on five library models, within Monte Carlo error."""

from collections.abc import Callable

import numpy as np
import pytest

from lymphocast.inference.individual_fit import IndividualFit, SamplingMethod, fit_individual
from tests.inference.individuals import Case, library_case

DRAWS = 2_000
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
        case.model, case.table, case.space, case.endpoints, method=method, seed=4, draws=DRAWS
    )


def compare(fits: dict[SamplingMethod, IndividualFit]) -> None:
    exact = fits[SamplingMethod.IS]
    smc = fits[SamplingMethod.SMC]
    se = float(np.hypot(exact.log_evidence_se, smc.log_evidence_se))
    assert abs(exact.log_evidence - smc.log_evidence) <= 4.0 * se
    assert max(exact.log_evidence_se, smc.log_evidence_se) <= 0.1
    # Laplace leaves out what is not normal: a tenth of an ln unit at these numbers of readings.
    assert fits[SamplingMethod.MAP].log_evidence == pytest.approx(exact.log_evidence, abs=0.15)
    for name, draws in exact.draws.items():
        level = np.log(draws)
        for method, fit in fits.items():
            own = np.log(fit.draws[name])
            size = min(fit.diagnostics.ess, exact.diagnostics.ess, DRAWS)
            error = level.std() / np.sqrt(size)
            slack = 0.15 * level.std() if method is SamplingMethod.MAP else 0.0  # skewness
            assert abs(own.mean() - level.mean()) <= 6.0 * error + slack, (name, method)
            assert own.std() == pytest.approx(level.std(), rel=0.15), (name, method)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(CASES))
def test_four_methods_agree_on_a_library_model(name: str) -> None:
    case = CASES[name]()
    compare({method: fitted(case, method) for method in SamplingMethod})
