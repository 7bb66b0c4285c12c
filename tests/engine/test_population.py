"""Populations and prepared events: every individual as alone, every call as the first."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from lymphocast.dataset.events import EventKind, EventRecord, EventTable, SteadyState
from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine import march_plan
from lymphocast.engine.simulate import Prepared, simulate
from lymphocast.errors import UsageError
from lymphocast.models.component import Dosing, Scalar, Values, Variable
from tests.engine.small_models import Oral, Reservoir, Saturable

ALONE = 1e-7  # a smooth block in company: the tolerance of its sweeps; others are exact
THETA = {
    "absorption_rate": 5.0,
    "clearance": 30.0,
    "volume": 20.0,
    "fraction": 0.6,
    "lag": 0.0,
    "duration": 0.0,
}
TIMES = [0.5, 1.5, 4.0]
GIVEN = (
    [DoseEvent(0.0, 1.0, "depot")],
    [DoseEvent(0.3, 2.0, "central", 0.5), DoseEvent(2.0, 1.0, "depot")],
    [DoseEvent(1.0, 3.0, "central")],
)


def test_each_individual_is_as_alone_whatever_differs_between_them() -> None:
    theta: dict[str, Scalar] = {
        **THETA,
        "clearance": np.array([10.0, 30.0, 60.0]),
        "lag": np.array([0.0, 0.2, 1.7]),
    }
    together = simulate(Oral(), theta, GIVEN, TIMES)
    for i, doses in enumerate(GIVEN):
        own = {n: v[i] if isinstance(v, np.ndarray) else v for n, v in theta.items()}
        alone = simulate(Oral(), own, doses, TIMES)
        assert_allclose(together.states["central"][i], alone.states["central"], rtol=1e-12)
        part = together.of_lane(i)
        assert_array_equal(part.outputs["concentration"], together.outputs["concentration"][i])


def test_individuals_with_records_of_their_own_are_padded_with_nothing() -> None:
    look, give = EventKind.OBSERVATION, EventKind.DOSE
    short = EventTable("a", (EventRecord(0.0, give, "central", 2.0), EventRecord(1.0, look)))
    steady = EventRecord(1.0, give, "central", 2.0, interval=0.5, steady_state=SteadyState.REPLACE)
    reset = EventRecord(0.0, EventKind.RESET_AND_DOSE, "central", 1.0)
    long = EventTable("b", (EventRecord(0.0, look), steady, EventRecord(2.0, look), reset))
    course = simulate(Saturable(), {"fastest": 1.0, "half": 3.0}, [short, long])
    assert course.times.shape == (2, 4)
    assert np.isnan(course.times[0, 2:]).all()
    for i, table in enumerate((short, long)):
        alone = simulate(Saturable(), {"fastest": 1.0, "half": 3.0}, table)
        part = course.of_lane(i)
        assert_array_equal(part.times, alone.times)
        assert_allclose(part.states["central"], alone.states["central"], rtol=ALONE)


def test_one_failing_individual_is_solved_by_another_method_and_leaves_the_rest_alone() -> None:
    doses = [[DoseEvent(0.0, 10.0, "central")], [DoseEvent(0.5, 10.0, "central")]]
    theta = {"fastest": np.array([2.0, 300.0]), "half": np.array([1.0, 1e-3])}
    both = simulate(Saturable(), theta, doses, TIMES)
    assert both.status.name == "SOLVED"
    alone = simulate(Saturable(), {"fastest": 2.0, "half": 1.0}, doses[0], TIMES)
    assert_allclose(both.states["central"][0], alone.states["central"], rtol=ALONE)
    assert both.error[1] == pytest.approx(1e-10)  # the adaptive method's tolerance


def test_prepared_events_serve_any_parameters_and_keep_their_plans(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []
    plan_of = march_plan.plan_of

    def counted(*arguments: Any) -> Any:  # noqa: ANN401 (passed on as they are)
        made.append(1)
        return plan_of(*arguments)

    monkeypatch.setattr(march_plan, "plan_of", counted)
    ready = Prepared(Oral(), GIVEN, TIMES)
    for changes, plans in (
        ({}, 2),  # a group without and one with infusions
        ({"clearance": 50.0}, 2),
        ({"lag": 0.4}, 4),
        ({"lag": 0.4, "volume": 9.0}, 4),
        ({"duration": 0.3}, 6),
    ):
        theta = {**THETA, **changes}
        found = ready.simulate(theta).states["central"]
        assert len(made) <= plans
        before = len(made)
        assert_allclose(found, simulate(Oral(), theta, GIVEN, TIMES).states["central"], rtol=1e-12)
        del made[before:]


@pytest.mark.slow  # compiles for ten seconds or more
def test_a_population_can_be_differentiated_in_all_that_a_dose_has() -> None:
    def total(
        amount: Scalar, fraction: Scalar, lag: Scalar, day: Scalar, duration: Scalar
    ) -> Scalar:
        given = [
            [DoseEvent(0.0, amount, "depot")],
            [DoseEvent(day, 2.0, "central", duration), DoseEvent(2.0, amount, "depot")],
        ]
        theta = {**THETA, "fraction": fraction, "lag": lag}
        course = simulate(Oral(), theta, given, [0.0, *TIMES])
        return jnp.sum(course.states["central"] * jnp.array([[1.0], [3.0]]))

    at = (1.5, 0.6, 0.15, 0.3, 0.5)
    slopes = jax.jit(jax.grad(total, argnums=tuple(range(len(at)))))(*at)
    for i, slope in enumerate(slopes):
        step = 1e-5
        ends = [float(total(*(v + s * (i == k) for k, v in enumerate(at)))) for s in (step, -step)]
        assert_allclose(slope, (ends[0] - ends[1]) / (2.0 * step), rtol=1e-6)


def test_amounts_as_many_as_lanes_are_not_taken_for_lanes() -> None:
    """Sixteen places for doses beside sixteen lanes gave a wrong slope."""
    theta = {**THETA, "clearance": np.linspace(10.0, 60.0, 16)}
    course = partial(_doubled, theta)
    slope = jax.jacfwd(course)(1.5)
    assert_allclose(slope, course(1.0), rtol=1e-10, atol=1e-12)  # the model is linear in the dose


def test_prepared_events_may_have_traced_amounts_again_and_again() -> None:
    def both(amount: Scalar) -> Scalar:
        ready = Prepared(Oral(), [DoseEvent(0.0, amount, "depot")], TIMES)
        first, again = (ready.simulate(THETA).states["central"] for _ in range(2))
        return first + again

    slope = jax.jit(jax.jacfwd(both))(1.5)
    assert_allclose(slope, both(1.0), rtol=1e-10)


def _doubled(theta: Mapping[str, Scalar], amount: Scalar) -> Scalar:
    """Return the course of one dose and its double two days later."""
    doses = [DoseEvent(0.0, amount, "depot"), DoseEvent(2.0, 2.0 * amount, "depot")]
    return simulate(Oral(), theta, doses, TIMES).states["central"]


@dataclass(frozen=True)
class Weighed:
    """A bolus whose lag grows with a weight, at a slope that lanes may vary."""

    name: ClassVar = "weighed"
    states: ClassVar = (Variable("amount", "mg", "amount"),)
    parameters: ClassVar = (
        Variable("loss", "/d", "fractional loss"),
        Variable("slope", "d/kg", "lag per weight"),
        Variable("weight", "kg", "body weight"),
    )
    inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar[tuple[Variable, ...]] = ()

    def initial(self, theta: Values) -> Values:
        return {"amount": 0.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {"amount": Dosing(lag=theta["slope"] * theta["weight"])}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {"amount": -theta["loss"] * state["amount"]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {}


def test_a_dose_may_enter_by_its_covariate_and_its_lane_together() -> None:
    """The lag of every dose and lane was once asked of lanes alone, and failed."""
    slopes, weights, days = np.array([0.0, 0.01, 0.02]), (10.0, 20.0), (0.0, 1.0)
    records = (
        *(
            EventRecord(day, EventKind.DOSE, "amount", 1.0, covariates=(weight,))
            for day, weight in zip(days, weights, strict=True)
        ),
        EventRecord(3.0, covariates=(20.0,)),
    )
    course = simulate(
        Weighed(), {"loss": 0.5, "slope": slopes}, EventTable("1", records, ("weight",))
    )
    since = [3.0 - d - slopes * w for d, w in zip(days, weights, strict=True)]
    assert_allclose(course.states["amount"][:, -1], sum(np.exp(-0.5 * s) for s in since), rtol=1e-9)


def test_lanes_and_covariates_must_fit_the_population() -> None:
    with pytest.raises(UsageError, match="2 lanes for 3 individuals"):
        simulate(Oral(), {**THETA, "lag": np.zeros(2)}, GIVEN, TIMES)
    rain = EventTable("a", (EventRecord(0.0, covariates=(1.0,)),), ("rain",))
    snow = EventTable("b", (EventRecord(0.0, covariates=(1.0,)),), ("snow",))
    with pytest.raises(UsageError, match="differ in covariates"):
        simulate(Reservoir(), {"filled": 0.0, "drain": 0.1}, [rain, snow])
