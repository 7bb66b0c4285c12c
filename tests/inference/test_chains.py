"""R-hat and effective sizes against ArviZ."""

import warnings
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from lymphocast.inference.chains import bulk_size, r_hat, tail_size

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # ArviZ tells of its next version on import
    arviz: Any = import_module("arviz")


def chains(phi: float, shift: float, number: int) -> np.ndarray:
    """Autoregressive chains, the last one shifted."""
    rng = np.random.default_rng(number)
    noise = rng.standard_normal((4, number))
    found = np.zeros_like(noise)
    for i in range(1, number):
        found[:, i] = phi * found[:, i - 1] + noise[:, i]
    found[-1] += shift
    return found


@pytest.mark.parametrize("phi", [-0.6, 0.0, 0.5, 0.95])
@pytest.mark.parametrize("shift", [0.0, 2.0])
@pytest.mark.parametrize("number", [37, 400])
def test_diagnostics_equal_those_of_arviz(phi: float, shift: float, number: int) -> None:
    own = chains(phi, shift, number)
    assert r_hat(own) == pytest.approx(float(arviz.rhat(own)), rel=1e-6)
    assert bulk_size(own) == pytest.approx(float(arviz.ess(own, method="bulk")), rel=1e-6)
    assert tail_size(own) == pytest.approx(float(arviz.ess(own, method="tail")), rel=1e-6)


def test_of_chains_that_do_not_move_nothing_is_said() -> None:
    for own in (np.ones((2, 10)), np.zeros((4, 3)), np.full((2, 10), np.nan)):
        assert np.isnan([r_hat(own), bulk_size(own), tail_size(own)]).all()
