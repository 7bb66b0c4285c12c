"""RATE = -1: the model sets the rate of input, and F amount / rate is how long it lasts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from lymphocast.dataset.events import EventKind, EventRecord, EventTable, SteadyState
from lymphocast.dataset.regimen import DoseEvent, Entry
from lymphocast.engine.settings import SolveStatus
from lymphocast.engine.simulate import Trajectory, simulate
from lymphocast.models.component import Dosing, Scalar, Values, Variable

Floats = NDArray[np.float64]

EXACT = 1e-9  # relative: the solver's 1e-10 a step, accumulated over the pieces of a course
TINY = 1e-11  # absolute, for amounts of order 1 that have decayed
DOSE = EventKind.DOSE
REPLACE, ADD = SteadyState.REPLACE, SteadyState.ADD
K, RATE, AMOUNT = 1.5, 4.0, 3.0
THETA = {"elimination": K, "fraction": 0.6, "lag": 0.0, "rate": RATE}
LASTS = 0.6 * AMOUNT / RATE
T = np.linspace(0.0, 3.0, 13)
II = 0.5
MOST = 60  # doses before a steady state: exp(-60 K II) is 3e-20


@dataclass(frozen=True)
class Pumped:
    """One compartment whose doses enter at a rate of the model."""

    name: ClassVar = "pumped"
    states: ClassVar = (Variable("central", "mg", "amount"),)
    parameters: ClassVar = (
        Variable("elimination", "/d", "rate constant of loss"),
        Variable("fraction", "1", "bioavailable fraction"),
        Variable("lag", "d", "lag of a dose"),
        Variable("rate", "mg/d", "rate of input"),
    )
    inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar[tuple[Variable, ...]] = ()

    def initial(self, theta: Values) -> Values:
        return {"central": 0.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {"central": Dosing(theta["fraction"], theta["lag"], rate=theta["rate"])}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {"central": -theta["elimination"] * state["central"]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {}


def run(
    *records: EventRecord, times: Floats | None = None, **changes: float | Floats
) -> Trajectory:
    names = ("rate",) if records[0].covariates else ()
    theta = {n: v for n, v in {**THETA, **changes}.items() if n not in names}
    return simulate(Pumped(), theta, EventTable("1", records, names), times)


def central(
    *records: EventRecord, times: Floats | None = None, **changes: float | Floats
) -> Floats:
    found = run(*records, times=times, **changes)
    assert found.status is SolveStatus.SOLVED
    return np.asarray(found.states["central"])


def modelled(time: float, **items: object) -> EventRecord:
    return EventRecord(time, DOSE, "central", AMOUNT, -1.0, **items)


def infused(t: Floats, rate: float, days: float) -> Floats:
    during = -np.expm1(-K * np.clip(t, 0.0, days)) * rate / K
    return during * np.exp(-K * np.maximum(t - days, 0.0))


def test_a_dose_enters_at_the_models_rate_for_as_long_as_its_fraction_lasts() -> None:
    found = central(modelled(0.0), times=T)
    assert_allclose(found, infused(T, RATE, LASTS), rtol=EXACT, atol=TINY)
    event = DoseEvent(0.0, AMOUNT, "central", entry=Entry.MODELLED_RATE)
    same = simulate(Pumped(), THETA, [event], T).states["central"]
    assert_allclose(same, found, rtol=EXACT, atol=TINY)


def test_additional_doses_at_the_models_rate_superpose_after_their_lag() -> None:
    found = central(modelled(0.0, interval=0.7, additional=2), times=T, lag=0.2)
    expected = sum(infused(T - 0.2 - 0.7 * i, RATE, LASTS) for i in range(3))
    assert_allclose(found, expected, rtol=EXACT, atol=TINY)


def test_lanes_have_their_own_rates_and_so_do_records() -> None:
    rates = np.array([0.5, 4.0, 100.0])
    found = central(modelled(0.0), times=T, rate=rates)
    for lane, rate in enumerate(rates):
        own = infused(T, rate, 0.6 * AMOUNT / rate)
        assert_allclose(found[lane], own, rtol=EXACT, atol=TINY)
    records = (modelled(0.0, covariates=(2.0,)), modelled(1.0, covariates=(6.0,)))
    expected = infused(T, 2.0, 0.9) + infused(T - 1.0, 6.0, 0.3)
    assert_allclose(central(*records, times=T), expected, rtol=EXACT, atol=TINY)


@pytest.mark.slow  # compiles for ten seconds or more
@pytest.mark.parametrize("steady", [REPLACE, ADD])
def test_a_steady_state_at_the_models_rate_equals_many_doses(steady: SteadyState) -> None:
    """Also where a dose lasts longer than its interval, and where it lags."""
    days = np.array([0.05, 0.2, 0.31, 0.5, 0.8, 1.3, 1.9, 4.0])
    rate, lag = (a.ravel() for a in np.meshgrid([20.0, 4.0, 2.0], [0.0, 0.13, 0.77]))
    record = modelled(0.0, interval=II, additional=2, steady_state=steady)
    found = central(record, times=days, rate=rate, lag=lag)
    for lane in range(len(rate)):
        starts = lag[lane] + II * np.arange(-MOST, 3)
        doses = (infused(days - s, rate[lane], 0.6 * AMOUNT / rate[lane]) for s in starts)
        assert_allclose(found[lane], sum(doses), rtol=1e-8, atol=1e-9)


def test_a_constant_infusion_runs_at_the_models_rate() -> None:
    record = EventRecord(1.0, DOSE, "central", rate=-1.0, steady_state=REPLACE)
    found = central(record, EventRecord(1.4))
    assert_allclose(found, RATE / K * np.exp(-K * np.array([0.0, 0.4])), rtol=EXACT)
    assert run(record, rate=0.0).status is SolveStatus.BAD_DOSING


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_a_status(rate: float) -> None:
    found = run(modelled(0.0), EventRecord(1.0), rate=rate)
    assert found.status is SolveStatus.BAD_DOSING
    assert np.isnan(found.states["central"][-1])


def test_no_other_dose_reads_the_models_rate() -> None:
    found = central(EventRecord(0.0, DOSE, "central", AMOUNT), EventRecord(1.0), rate=0.0)
    assert_allclose(found, 0.6 * AMOUNT * np.exp([0.0, -K]), rtol=EXACT)


@pytest.mark.slow
def test_the_gradient_by_the_rate_is_that_of_the_closed_form() -> None:
    def end(rate: float) -> jax.Array:
        theta = {**THETA, "rate": rate}
        event = DoseEvent(0.0, AMOUNT, "central", entry=Entry.MODELLED_RATE)
        return jax.numpy.sum(simulate(Pumped(), theta, [event], [2.0]).states["central"])

    # r/K (1 - e^{-K d}) e^{-K (2 - d)} with d = F A / r: by r, at the end of the course
    by_rate = np.exp(-2.0 * K) / K * (np.expm1(K * LASTS) - K * LASTS * np.exp(K * LASTS))
    assert_allclose(jax.grad(end)(RATE), by_rate, rtol=1e-8)
