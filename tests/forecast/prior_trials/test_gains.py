"""What IL-2 adds to a group: closed forms of its size, its spread and its course."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lymphocast.errors import UsageError
from lymphocast.forecast.prior_trials.cohort import draw_cohort
from lymphocast.forecast.prior_trials.gains import Spread, group_effects, own_response
from lymphocast.forecast.prior_trials.trials import Transport, published_trials
from lymphocast.models.prior_file import model_priors, with_rows
from lymphocast.models.prior_table import Family, Grade
from lymphocast.units import DAYS_PER_MONTH

PUBLISHED = published_trials()
TABLE = model_priors("course")
FAST = with_rows(TABLE, gain_half_life={"location": 1e-3, "scale": 1e-9})
CARR, LOW_DOSE = PUBLISHED.trial("carr-1998"), PUBLISHED.trial("low-dose")
PEG = PUBLISHED.target("carr-1998", "peg")
DRAWS = 40_000
QUANTILE_ERROR = 0.05  # of ln(2.5 % to 97.5 %) over 3.92 SD from 690 groups drawn 50 times


def test_the_parts_of_the_spread_add_up_to_the_prior() -> None:
    spread = Spread.of(TABLE.row("gain"), PUBLISHED.transport)
    assert_allclose(np.hypot(spread.between, spread.shared), TABLE.row("gain").scale)
    assert_allclose(np.hypot(spread.left, PUBLISHED.transport.log_sd), spread.shared)


def test_a_transport_wider_than_the_prior_leaves_nothing_for_the_regimen() -> None:
    assert Spread.of(TABLE.row("gain"), Transport("", 10.0, Grade.ASSUMED, "")).left == 0.0


def test_a_gain_that_is_not_log_normal_is_refused() -> None:
    row = replace(TABLE.row("gain"), family=Family.NORMAL)
    with pytest.raises(UsageError, match="normal prior of the gain; needed lognormal"):
        Spread.of(row, PUBLISHED.transport)


def test_a_group_that_responds_at_once_shows_the_prior_of_the_gain() -> None:
    found = group_effects(FAST, CARR, PEG, PUBLISHED.transport, DRAWS, seed=5)
    row, spread = TABLE.row("gain"), Spread.of(TABLE.row("gain"), PUBLISHED.transport)
    own = spread.between * np.sqrt(np.pi / 2.0 / CARR.patients)  # of ln of a group's median
    for effects, shared in ((found.with_transport, spread.shared), (found.without, spread.left)):
        low, middle, high = np.quantile(effects, (0.025, 0.5, 0.975))
        assert_allclose(middle, row.location, rtol=0.03)
        assert_allclose(np.log(high / low) / 3.92, np.hypot(shared, own), rtol=QUANTILE_ERROR)


def test_what_is_added_rises_with_the_half_life_and_is_averaged_over_time() -> None:
    table = with_rows(TABLE, gain_half_life={"location": 180.0, "scale": 1e-9})
    cohort = draw_cohort(table, CARR, 2048, seed=6)
    k, end = np.log(2.0) / 180.0, PEG.month * DAYS_PER_MONTH
    assert_allclose(own_response(cohort, PEG), -np.expm1(-k * end), rtol=1e-6)
    mean = 1.0 + np.expm1(-k * end) / (k * end)
    averaged = own_response(cohort, replace(PEG, averaged=True))
    assert_allclose(averaged, mean, rtol=1e-3)  # midpoints of 24 parts: (k h)^2 / 24 is 1e-4


def test_without_a_gain_the_treated_arm_is_the_control_arm() -> None:
    target = PUBLISHED.target("low-dose", "treated")
    nothing = with_rows(TABLE, gain={"location": 1e-9})
    found = group_effects(nothing, LOW_DOSE, target, PUBLISHED.transport, DRAWS, seed=7)
    error = np.sqrt(target.control_share * (1.0 - target.control_share) / DRAWS)
    assert abs(found.with_transport.mean() - target.control_share) < 4.0 * error


def test_with_a_huge_gain_everybody_rises() -> None:
    target = PUBLISHED.target("low-dose", "treated")
    much = with_rows(TABLE, gain={"location": 1e6, "scale": 0.1})
    found = group_effects(much, LOW_DOSE, target, PUBLISHED.transport, DRAWS, seed=7)
    assert (found.with_transport == 1.0).all()
