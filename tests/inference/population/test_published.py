"""Published numbers of the field's standard data sets, recovered.

Theophylline: nlmixr2's FOCEi of its example ``one.compartment`` on ``theo_sd``. The targets are
log-likelihood -179.70, ln ka 0.464, ln CL 1.012, ln V 3.460. The package's article on piping models
prints -179.7041 with 0.467, 1.01, 3.46 from one start and -179.712 with 0.483, 1.01, 3.46 from
another, and says of both that the search may not be at the minimum: ours must not lie below them.

Phenobarbital: NONMEM 7.4.2, FOCE with interaction, of the example
``pheno_real`` that PsN and Pharmpy carry with its listing. Both are FOCE with interaction; for an
additive error FOCE is the same.
"""

from functools import cache

import numpy as np
import pytest

from lymphocast.inference.population.conditional import Approximation
from lymphocast.inference.population.fit import PopulationFit, PopulationMethod, fit_population
from lymphocast.inference.population.objective import Objective
from lymphocast.verification.standard_data import HOURS, phenobarbital, theophylline

PRINTED = 5e-4
"""Absolute: half of the last place of what is printed with three decimals."""


@cache
def theophylline_fit() -> PopulationFit:
    return fit_population(theophylline(), method=PopulationMethod.FOCE)


@cache
def phenobarbital_fit() -> PopulationFit:
    return fit_population(phenobarbital(), method=PopulationMethod.FOCEI)


@pytest.mark.slow
def test_theophylline() -> None:
    found = theophylline_fit()
    # Half of the last place of the target.
    assert found.log_likelihood == pytest.approx(-179.70, abs=5e-3)
    values = [found.estimate(n).value for n in ("absorption_rate", "clearance", "volume")]
    logs = np.log(np.array(values) / np.array([HOURS, HOURS, 1.0]))
    assert logs == pytest.approx([0.464, 1.012, 3.460], abs=PRINTED)
    # A better minimum than the article's, which is printed with four decimals.
    assert found.log_likelihood > -179.7041 - 5e-5


@pytest.mark.slow
def test_saem_comes_to_theophylline_s_own_likelihood() -> None:
    """No approximation: its maximum lies near that of FOCE, whose approximation is good here."""
    found = fit_population(theophylline(), method=PopulationMethod.SAEM, seed=1)
    foce = theophylline_fit()
    for name in ("absorption_rate", "clearance", "volume"):
        one, other = found.estimate(name), foce.estimate(name)
        # A third of a standard error: two estimators of one likelihood differ by less.
        assert abs(one.value - other.value) < other.robust_se / 3.0
    assert found.log_likelihood_se < 0.1
    # By importance sampling, at a point that is no better than the maximum.
    assert found.log_likelihood == pytest.approx(foce.log_likelihood, abs=1.0)


def test_phenobarbital_objective_at_the_values_to_begin_with() -> None:
    population = phenobarbital()
    at = Objective(population, Approximation.FOCEI, 1).at(population.form.start()[None])
    # NONMEM's iteration 0; a millionth is what two searches for modes may leave.
    assert at.each.sum() == pytest.approx(587.366441346616, abs=1e-6)


@pytest.mark.slow
def test_phenobarbital() -> None:
    found = phenobarbital_fit()
    assert found.objective == pytest.approx(586.276, abs=PRINTED)
    expected = {
        "clearance": (HOURS * 4.6955e-3, HOURS * 2.10e-4),
        "volume": (0.98426, 2.69e-2),
        "volume.APGR": (0.15892, 8.38e-2),
        "variance of clearance": (2.9351e-2, 1.34e-2),
        "variance of volume": (2.7906e-2, 7.48e-3),
    }
    for name, (value, se) in expected.items():
        one = found.estimate(name)
        # NONMEM stopped with 3.8 significant digits; its standard errors are printed with three.
        assert one.value == pytest.approx(value, rel=2e-3)
        assert one.robust_se == pytest.approx(se, rel=5e-3)
    # ETASHRINKSD. NONMEM's EPSSHRINKSD is 21.198 %, ours 21.06 %: where the tenth comes from is
    # not known, dividing by n instead of n - 1 does not explain it.
    assert 100.0 * found.effect_shrinkage == pytest.approx([47.13, 12.839], abs=0.05)
    assert 100.0 * found.residual_shrinkage == pytest.approx(21.2, abs=0.2)
