"""CD4 cells under IL-2: rest without drug, bounded under it for every prior draw, and feedback."""

from collections.abc import Sequence
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from lymphocast.models.cd4 import HomeostaticCD4
from lymphocast.models.component import Scalar
from lymphocast.models.library import typical_values
from lymphocast.models.prior_file import model_priors
from lymphocast.models.prior_table import numbers, transform
from tests.models.courses import SOLVER, Floats, assert_close, course_of

MODEL = HomeostaticCD4()
LANES = 2000
HELD = 10.0  # M[IU]/L, far above any EC50 of the prior: the strongest sustained effect
TEN_YEARS = 3652.5


@cache
def draws() -> dict[str, Floats]:
    rng = np.random.default_rng(5)
    rows = model_priors("cd4").rows
    by_name = numbers(rows)
    return {
        row.parameter: np.asarray(
            transform(row.family, True, rng.standard_normal(LANES), by_name[row.parameter])
        )
        for row in rows
    }


def box(theta: dict[str, Floats]) -> tuple[Floats, Floats]:
    """The bounds P* and R* of the module's text, from the parameters."""
    rho, death = theta["division_rate"], theta["dividing_loss"]
    q = (1.0 - theta["source_share"]) * theta["resting_loss"] / (rho - death)
    rest = theta["baseline_count"] / (1.0 + q)
    most = q * (1.0 + theta["entry_gain"]) * (theta["feedback_count"] + theta["baseline_count"])
    born = theta["source_share"] * theta["resting_loss"] * rest + 2.0 * rho * most
    kept = theta["resting_loss"] * (1.0 - theta["survival_gain"])
    return most, born / kept


def test_without_drug_every_draw_rests_at_its_baseline() -> None:
    start = MODEL.initial(draws())
    count = MODEL.observe(0.0, start, {"concentration": 0.0}, draws())["cd4_count"]
    assert_allclose(count, draws()["baseline_count"], rtol=1e-12)
    rates = MODEL.rates(0.0, start, {"concentration": 0.0}, draws())
    for rate in rates.values():
        assert_allclose(rate / draws()["baseline_count"], 0.0, atol=1e-15)


def test_every_draw_has_positive_cells_source_and_entry() -> None:
    assert (draws()["division_rate"] > draws()["dividing_loss"]).all()
    for value in (*MODEL.initial(draws()).values(), MODEL.source(draws())):
        assert (np.asarray(value) > 0.0).all()


@pytest.mark.parametrize("concentration", [0.0, 0.01, HELD])
def test_no_draw_can_leave_its_box(concentration: float) -> None:
    """At the walls of the box the rates point inwards, so that a count inside stays inside."""
    most, resting = box(draws())
    start = MODEL.initial(draws())
    assert (start["dividing"] <= most).all()
    assert (start["resting"] <= resting).all()
    seen = {"concentration": concentration}
    for share in np.linspace(0.0, 1.0, 11):
        top = MODEL.rates(0.0, {"resting": share * resting, "dividing": most}, seen, draws())
        side = MODEL.rates(0.0, {"resting": resting, "dividing": share * most}, seen, draws())
        assert (np.asarray(top["dividing"]) <= 1e-12 * most).all()
        assert (np.asarray(side["resting"]) <= 1e-12 * resting).all()


def after_ten_years(theta: dict[str, Floats]) -> Floats:
    """Counts after ten years of sustained IL-2, for the first 200 draws at once."""
    values = {name: jnp.asarray(value[:200]) for name, value in theta.items()}

    @jax.jit
    def rates(y: Scalar) -> Scalar:
        state = {"resting": y[:200], "dividing": y[200:]}
        change = MODEL.rates(0.0, state, {"concentration": HELD}, values)
        return jnp.concatenate([change["resting"], change["dividing"]])

    start = np.concatenate([np.asarray(v) for v in MODEL.initial(values).values()])
    found = solve_ivp(lambda t, y: np.asarray(rates(y)), (0.0, TEN_YEARS), start, rtol=1e-6)
    assert found.success
    return np.asarray(found.y[:200, -1] + found.y[200:, -1])


def test_sustained_il2_raises_the_count_to_a_plateau() -> None:
    most, resting = (bound[:200] for bound in box(draws()))
    count = after_ten_years(draws())
    assert (count > draws()["baseline_count"][:200]).all()
    assert (count < most + resting).all()


def test_without_feedback_sustained_il2_would_have_no_plateau() -> None:
    """The reason for the feedback: with K without end, the equations are linear and many grow."""
    theta = draws()
    rho, death, mu = theta["division_rate"], theta["dividing_loss"], theta["resting_loss"]
    entry = (1.0 - theta["source_share"]) * mu / (rho - death) * (rho + death)
    entry, loss = entry * (1.0 + theta["entry_gain"]), mu * (1.0 - theta["survival_gain"])
    unbounded = 2.0 * rho * entry > (entry + loss) * (rho + death)  # the determinant is negative
    assert unbounded.mean() > 0.5
    linear = after_ten_years({**theta, "feedback_count": np.full(LANES, 1e12)})
    bounded = after_ten_years(theta)
    grows = unbounded[:200]
    assert (linear[grows] > bounded[grows]).all()
    assert linear.max() > 100.0 * bounded.max()


def test_a_course_against_an_independent_integration() -> None:
    theta = {**typical_values("cd4"), "baseline_count": 150.0}
    mu, rho, death = theta["resting_loss"], theta["division_rate"], theta["dividing_loss"]
    q = 0.5 * mu / (rho - death)
    rest = 150.0 / (1.0 + q)
    effect = 0.03 / (theta["half_effect_concentration"] + 0.03)

    def written_out(t: float, y: Sequence[float]) -> list[float]:
        total = y[0] + y[1]
        pi = q * (rho + death) * (1.0 + theta["entry_gain"] * effect)
        pi = pi * (theta["feedback_count"] + 150.0) / (theta["feedback_count"] + total)
        die = mu * (1.0 - theta["survival_gain"] * effect) * y[0]
        return [
            0.5 * mu * rest - pi * y[0] - die + 2.0 * rho * y[1],
            pi * y[0] - (rho + death) * y[1],
        ]

    times = np.linspace(0.0, 700.0, 15)
    other = solve_ivp(
        written_out, (0.0, 700.0), [rest, q * rest], "LSODA", times, rtol=1e-11, atol=1e-12
    ).y
    course = course_of(MODEL, theta, times, inputs={"concentration": 0.03})
    assert_close(course.outputs["cd4_count"], other.sum(axis=0), SOLVER)
    assert_close(course.outputs["dividing_share"], other[1] / other.sum(axis=0), SOLVER)


def test_a_higher_count_enters_division_less() -> None:
    theta = typical_values("cd4")
    seen = {"concentration": 0.01}
    entering = [
        float(MODEL.rates(0.0, {"resting": r, "dividing": 0.0}, seen, theta)["dividing"]) / r
        for r in (100.0, 300.0, 900.0)
    ]
    assert entering == sorted(entering, reverse=True)
