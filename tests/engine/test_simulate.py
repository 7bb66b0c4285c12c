"""simulate: closed forms, the dose semantics of NONMEM, steady states, lanes and failures."""

from collections.abc import Sequence

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from lymphocast.dataset.events import (
    CovariateRule,
    EventKind,
    EventRecord,
    EventTable,
    SteadyState,
)
from lymphocast.dataset.regimen import DoseEvent, Regimen
from lymphocast.engine.occasion import _solve_lanes
from lymphocast.engine.schedule import bucket
from lymphocast.engine.settings import DEFAULT, Method, SolverSettings, SolveStatus
from lymphocast.engine.simulate import Trajectory, simulate
from lymphocast.errors import UsageError
from lymphocast.models.compose import Model
from tests.engine.small_models import Clock, Oral, Reservoir, Saturable

Floats = NDArray[np.float64]

EXACT = 1e-9  # relative: the solver's 1e-10 a step, accumulated over the pieces of a course
TINY = 1e-11  # absolute, for amounts of order 1 that have decayed
ORAL = Oral()
KA, CL, V = 5.0, 30.0, 20.0
K = CL / V
THETA = {
    "absorption_rate": KA,
    "clearance": CL,
    "volume": V,
    "fraction": 1.0,
    "lag": 0.0,
    "duration": 0.0,
}
OBSERVE, DOSE, OTHER, RESET, RESET_AND_DOSE = EventKind
NONE, REPLACE, ADD = SteadyState
T = np.linspace(0.0, 3.0, 13)


def run(
    events: EventTable | Sequence[DoseEvent],
    times: Sequence[float] | Floats | None = None,
    **changes: float | Floats,
) -> Trajectory:
    found = simulate(ORAL, {**THETA, **changes}, events, times)
    assert found.status is SolveStatus.SOLVED
    return found


def central(
    events: EventTable | Sequence[DoseEvent],
    times: Sequence[float] | Floats | None = None,
    **changes: float | Floats,
) -> Floats:
    return np.asarray(run(events, times, **changes).states["central"])


def table(*records: EventRecord) -> EventTable:
    return EventTable("1", records)


def dose(time: float, amount: float = 3.0, into: str = "central", **items: object) -> EventRecord:
    return EventRecord(time, DOSE, into, amount, **items)


def look(time: float) -> EventRecord:
    return EventRecord(time)


def bolus(t: Floats, amount: float = 3.0) -> Floats:
    return np.where(t > 0.0, amount * np.exp(-K * np.maximum(t, 0.0)), 0.0)


def infused(t: Floats, rate: float, duration: float) -> Floats:
    during = -np.expm1(-K * np.clip(t, 0.0, duration)) * rate / K
    return during * np.exp(-K * np.maximum(t - duration, 0.0))


def bateman(t: Floats, amount: float) -> Floats:
    """Amount after one dose absorbed at first order (Gibaldi & Perrier 1982, ch. 1)."""
    t = np.maximum(t, 0.0)
    return amount * KA / (KA - K) * (np.exp(-K * t) - np.exp(-KA * t))


def test_a_bolus_decays() -> None:
    found = run([DoseEvent(0.0, 3.0, "central")], T)
    assert_allclose(found.states["central"], bolus(T), rtol=EXACT, atol=TINY)
    assert_allclose(found.outputs["concentration"], bolus(T) / V, rtol=EXACT, atol=TINY)
    assert_allclose(found.times, T)


def test_an_oral_dose_follows_the_bateman_function() -> None:
    assert_allclose(central([DoseEvent(0.0, 3.0, "depot")], T), bateman(T, 3.0), rtol=EXACT)


def test_a_lag_and_a_fraction_shift_and_shrink_a_dose() -> None:
    found = central([DoseEvent(0.0, 3.0, "depot")], T, lag=0.4, fraction=0.6)
    assert_allclose(found, bateman(T - 0.4, 0.6 * 3.0), rtol=EXACT, atol=TINY)


def test_an_infusion_rises_and_falls() -> None:
    found = central([DoseEvent(0.5, 3.0, "central", duration=0.8)], T)
    assert_allclose(found, infused(T - 0.5, 3.0 / 0.8, 0.8), rtol=EXACT, atol=TINY)


@pytest.mark.parametrize(
    ("rate", "inflow", "days"),
    [(4.0, 4.0, 0.6 * 3.0 / 4.0), (-2.0, 0.6 * 3.0 / 0.7, 0.7)],
)
def test_a_fraction_shortens_a_fixed_rate_and_thins_a_modelled_duration(
    rate: float, inflow: float, days: float
) -> None:
    found = central(table(dose(0.0, rate=rate)), T, fraction=0.6, duration=0.7)
    assert_allclose(found, infused(T, inflow, days), rtol=EXACT, atol=TINY)


def test_a_rate_of_zero_is_a_bolus_and_a_bare_dose_event_is_the_models() -> None:
    assert_allclose(central(table(dose(0.0)), T, duration=0.7), bolus(T), rtol=EXACT, atol=TINY)
    bare = central([DoseEvent(0.0, 3.0, "central")], T, duration=0.7)
    assert_allclose(bare, infused(T, 3.0 / 0.7, 0.7), rtol=EXACT, atol=TINY)


def test_additional_doses_superpose() -> None:
    found = central(table(dose(0.0, interval=0.7, additional=2)), T + 0.01)
    expected = sum(bolus(T + 0.01 - 0.7 * i) for i in range(3))
    assert_allclose(found, expected, rtol=EXACT, atol=TINY)


def test_a_regimen_equals_its_additional_doses() -> None:
    days = T + 0.01
    regimen = Regimen(3.0, 0.7, 3, "central", duration=0.9).events(0.0)
    records = table(dose(0.0, rate=3.0 / 0.9, interval=0.7, additional=2))
    assert_allclose(central(regimen, days), central(records, days), rtol=EXACT, atol=TINY)


def test_doses_superpose_and_shift_in_time() -> None:
    first, second = DoseEvent(0.2, 3.0, "depot"), DoseEvent(0.9, 1.5, "central", duration=0.5)
    together = central([first, second], T)
    assert_allclose(together, central([first], T) + central([second], T), rtol=EXACT, atol=TINY)
    later = [DoseEvent(10.2, 3.0, "depot"), DoseEvent(10.9, 1.5, "central", duration=0.5)]
    assert_allclose(central(later, T + 10.0), together, rtol=EXACT, atol=TINY)


# Times closer than 1e-9 d are one, which moves the start of an infusion by so much.
apart = st.floats(0.0, 3.0).map(lambda t: round(t, 6))
schedule = st.lists(
    st.tuples(apart, st.floats(0.0, 10.0), st.sampled_from([0.0, 0.01, 0.5, 4.0])),
    max_size=16,
)


@settings(deadline=None, max_examples=60)
@given(doses=schedule, lag=st.floats(0.0, 1.0), fraction=st.floats(0.0, 1.0))
def test_any_schedule_is_the_sum_of_its_doses(
    doses: list[tuple[float, float, float]], lag: float, fraction: float
) -> None:
    events = [DoseEvent(t, a, "central", duration=d) for t, a, d in doses]
    found = central(events, T + 1e-3, lag=lag, fraction=fraction)
    expected = np.zeros_like(T)
    for t, a, d in doses:
        since = T + 1e-3 - t - lag
        own = infused(since, fraction * a / d, d) if d else bolus(since, fraction * a)
        expected = expected + np.where(np.abs(since) < 1e-8, np.nan, own)
    clear = np.isfinite(expected)  # a reading at the very instant of a dose is another test's
    assert_allclose(found[clear], expected[clear], rtol=1e-8, atol=1e-9)


def test_records_of_one_time_act_in_data_order() -> None:
    found = central(table(look(0.0), dose(0.0), look(0.0), dose(0.0), look(0.0)))
    assert_allclose(found, [0.0, 3.0, 3.0, 6.0, 6.0])


def test_times_are_read_before_the_records_of_their_time() -> None:
    assert_allclose(central(table(dose(0.0), dose(1.0)), [0.0, 1.0]), [0.0, 3.0 * np.exp(-K)])


def test_additional_and_lagged_doses_enter_before_a_record_of_their_time() -> None:
    additional = central(table(dose(0.0, interval=0.1, additional=3), look(0.3)))[-1]
    assert_allclose(additional, sum(bolus(np.array([1e-15, 0.1, 0.2, 0.3]))), rtol=EXACT)
    lagged = central(table(dose(0.1), look(0.3)), lag=0.2)[-1]
    assert_allclose(lagged, 3.0, rtol=EXACT)


def test_a_reset_cancels_what_is_running_and_what_is_to_come() -> None:
    records = (
        dose(0.0, rate=1.0, interval=0.4, additional=9),
        look(0.5),
        EventRecord(0.5, RESET),
        look(0.9),
    )
    found = central(table(*records), lag=0.3)
    assert found[1] > 0.1
    assert_allclose(found[2:], 0.0)


def test_a_reset_may_turn_back_the_clock_and_give_a_dose() -> None:
    again = EventRecord(0.0, RESET_AND_DOSE, "central", 1.0)
    found = central(table(dose(5.0), look(6.0), again, look(0.5)))
    assert_allclose(found, [3.0, 3.0 * np.exp(-K), 1.0, np.exp(-0.5 * K)], rtol=EXACT)


def test_a_reset_returns_to_the_initial_state() -> None:
    theta = {"filled": 2.0, "drain": 1.0}
    records = (
        EventRecord(0.0, covariates=(0.0,)),
        EventRecord(1.0, RESET, covariates=(0.0,)),
        EventRecord(1.5, covariates=(0.0,)),
    )
    found = simulate(Reservoir(), theta, EventTable("1", records, ("rain",)))
    assert_allclose(found.states["water"], [2.0, 2.0, 2.0 * np.exp(-0.5)], rtol=EXACT)


II = 0.5


def test_steady_state_of_a_bolus_accumulates_as_the_geometric_series() -> None:
    found = central(table(dose(0.0, interval=II, steady_state=REPLACE), look(0.2)))
    assert_allclose(found, 3.0 * np.exp(-K * np.array([0.0, 0.2])) / -np.expm1(-K * II), rtol=EXACT)


def test_steady_state_of_an_infusion() -> None:
    rate, days = 10.0, 0.3
    found = central(table(dose(0.0, rate=rate, interval=II, steady_state=REPLACE), look(days)))
    end = rate / K * -np.expm1(-K * days) / -np.expm1(-K * II)
    assert_allclose(found, [end * np.exp(-K * (II - days)), end], rtol=EXACT)


def test_steady_state_of_an_oral_dose() -> None:
    found = central(table(dose(0.0, into="depot", interval=II, steady_state=REPLACE), look(0.2)))
    t = np.array([0.0, 0.2])
    parts = (np.exp(-k * t) / -np.expm1(-k * II) for k in (K, KA))
    slow, fast = parts
    assert_allclose(found, 3.0 * KA / (KA - K) * (slow - fast), rtol=EXACT)


def test_a_constant_infusion_ends_at_its_record_untouched_by_lag_and_fraction() -> None:
    record = EventRecord(1.0, DOSE, "central", rate=6.0, steady_state=REPLACE)
    found = central(table(record, look(1.4)), lag=0.2, fraction=0.5)
    assert_allclose(found, 6.0 / K * np.exp(-K * np.array([0.0, 0.4])), rtol=EXACT)


def test_without_amount_and_rate_the_steady_state_is_the_undosed_equilibrium() -> None:
    nothing = EventRecord(0.0, DOSE, "water", steady_state=REPLACE, covariates=(3.0,))
    records = EventTable("1", (nothing,), ("rain",))
    found = simulate(Reservoir(), {"filled": 9.0, "drain": 0.5}, records)
    assert_allclose(found.states["water"], [6.0], rtol=EXACT)


KINDS = {
    "bolus": (0.0, 0.0),
    "infusion": (20.0, 0.0),
    "infusion longer than the interval": (2.0, 0.0),
    "modelled duration": (-2.0, 0.2),
    "modelled duration longer than the interval": (-2.0, 1.7),
}


@pytest.mark.parametrize("kind", KINDS)
def test_steady_state_equals_many_doses_for_every_lag_and_fraction(kind: str) -> None:
    rate, duration = KINDS[kind]
    lag, fraction = (a.ravel() for a in np.meshgrid([0.0, 0.13, II, 0.77, 3 * II], [1.0, 0.6]))
    days = [0.05, 0.2, 0.31, 0.5, 0.8, 1.3, 1.9, 4.0]
    items = {"into": "depot", "rate": rate, "interval": II}
    steady = table(dose(0.0, additional=2, steady_state=REPLACE, **items), look(1.0))
    many = table(dose(-80 * II, additional=82, **items))
    changes = {"lag": lag, "fraction": fraction, "duration": duration}
    expected = run(many, days, **changes)
    found = run(steady, days, **changes)
    for name in ("depot", "central"):
        assert_allclose(found.states[name], expected.states[name], rtol=1e-8, atol=1e-9)


def test_a_steady_state_of_saturable_elimination_equals_many_doses() -> None:
    theta = {"fastest": 10.0, "half": 2.0}
    every = {"interval": II, "rate": 6.0}
    steady = table(dose(0.0, steady_state=REPLACE, **every), look(0.2))
    many = table(dose(-300 * II, additional=300, **every))
    found = simulate(Saturable(), theta, steady)
    expected = simulate(Saturable(), theta, many, [1e-12, 0.2])
    assert found.status is SolveStatus.SOLVED
    assert_allclose(found.states["central"], expected.states["central"], rtol=1e-8)


def test_an_added_steady_state_is_a_sum() -> None:
    days = T + 0.91
    steady = dose(0.9, interval=II, additional=1, rate=2.0)
    extra = dose(0.1, into="depot")
    replacing = EventRecord(**{**vars(steady), "steady_state": REPLACE})
    adding = EventRecord(**{**vars(steady), "steady_state": ADD})
    both = central(table(extra, adding), days, lag=0.2)
    alone = central(table(replacing), days, lag=0.2) + central(table(extra), days, lag=0.2)
    assert_allclose(both, alone, rtol=EXACT, atol=TINY)


def test_a_replacing_steady_state_cancels_earlier_doses() -> None:
    days = T + 0.91
    steady = dose(0.9, interval=II, steady_state=REPLACE)
    earlier = dose(0.0, rate=1.0, interval=0.4, additional=9)
    assert_allclose(
        central(table(earlier, steady), days), central(table(steady), days), rtol=EXACT, atol=TINY
    )


def test_before_a_steady_state_record_the_initial_state_holds() -> None:
    steady = EventRecord(1.0, DOSE, "water", steady_state=REPLACE, covariates=(0.0,))
    records = EventTable("1", (steady,), ("rain",))
    found = simulate(Reservoir(), {"filled": 2.0, "drain": 1.0}, records, [0.0, 1.0, 1.5])
    assert_allclose(found.states["water"], [2.0, 2.0 * np.exp(-1.0), 0.0], rtol=EXACT, atol=TINY)


@pytest.mark.parametrize(
    ("rule", "integral", "read"),
    [
        (CovariateRule.LAST_CARRIED_FORWARD, 1.0 * 1 + 3.0 * 2, [1.0, 1.0, 3.0]),
        (CovariateRule.NEXT_CARRIED_BACKWARD, 3.0 * 1 + 2.0 * 2, [1.0, 3.0, 2.0]),
        (CovariateRule.LINEAR, 2.0 * 1 + 2.5 * 2, [1.0, 2.0, 2.5]),
    ],
)
def test_a_covariate_between_records_follows_its_rule(
    rule: CovariateRule, integral: float, read: list[float]
) -> None:
    values = {0.0: 1.0, 0.7: None, 1.0: 3.0, 3.0: 2.0}
    records = tuple(EventRecord(t, covariates=(v,)) for t, v in values.items())
    rain = EventTable("1", records, ("rain",), rule)
    theta = {"filled": 0.0, "drain": 0.0}
    found = simulate(Reservoir(), theta, rain, [0.0, 0.5, 2.0, 3.0])
    assert_allclose(found.states["water"][-1], integral, rtol=EXACT)
    assert_allclose(found.outputs["wet"][:3], read, rtol=EXACT)


def test_a_parameter_may_change_in_time_and_a_dose_takes_that_of_its_record() -> None:
    records = (
        EventRecord(0.0, DOSE, "water", 8.0, interval=2.0, additional=1, covariates=(0.5, 0.0)),
        EventRecord(1.0, covariates=(1.0, 0.0)),
        EventRecord(3.0, covariates=(1.0, 0.0)),
    )
    both = EventTable("1", records, ("drain", "rain"))
    found = simulate(Reservoir(), {"filled": 0.0}, both)
    expected = 4.0 * np.exp(-0.5) * np.exp(-2.0) + 4.0 * np.exp(-1.0)
    assert_allclose(found.states["water"][-1], expected, rtol=EXACT)


@pytest.mark.parametrize("model", [Clock(), Model("outer", (Clock(),))], ids=["plain", "composed"])
def test_the_time_after_a_dose_counts_from_its_entry(model: Clock | Model) -> None:
    depot = model.states[0].name
    doses = [DoseEvent(1.0, 2.0, depot), DoseEvent(2.0, 1.0, depot)]
    found = simulate(model, {}, doses, [0.5, 2.0, 2.25, 2.75])
    assert_allclose(found.outputs["since"], [0.0, 0.75, 0.0, 0.5], rtol=EXACT)
    both = 2.0 * np.exp(-1.0) + 1.0
    expected = [0.0, 2.0 * np.exp(-(0.75**2)), both, both * np.exp(-0.25)]
    assert_allclose(found.states[depot], expected, rtol=EXACT, atol=TINY)


def test_lanes_equal_individuals_and_come_in_blocks() -> None:
    clearance = np.geomspace(1.0, 100.0, 300)
    found = central([DoseEvent(0.0, 3.0, "central")], T, clearance=clearance)
    expected = np.where(T > 0.0, 3.0 * np.exp(-clearance[:, None] / V * T), 0.0)
    assert_allclose(found, expected, rtol=EXACT, atol=TINY)


def test_lanes_may_order_their_events_differently() -> None:
    records = table(dose(0.0, into="depot", rate=-2.0), dose(0.5), look(0.6), look(1.5))
    lag, duration = np.array([0.0, 0.3, 1.2]), np.array([0.2, 0.9, 0.1])
    together = central(records, lag=lag, duration=duration)
    for i in range(3):
        alone = central(records, lag=lag[i], duration=duration[i])
        assert_allclose(together[i], alone, rtol=EXACT, atol=TINY)


@pytest.mark.parametrize(
    "solver",
    [
        DEFAULT,
        # It compiles for ten seconds.
        pytest.param(SolverSettings(method=Method.EXPLICIT), marks=pytest.mark.slow),
    ],
)
def test_a_duration_of_zero_in_one_lane_does_not_lose_its_dose(solver: SolverSettings) -> None:
    theta = {**THETA, "duration": np.array([0.0, 0.5])}
    dose = DoseEvent(0.0, 3.0, "central")
    both = simulate(ORAL, theta, [dose], T, solver=solver).states["central"]
    assert_allclose(both[0, 1:], 3.0 * np.exp(-K * T[1:]), rtol=1e-8)
    alone = simulate(ORAL, {**THETA, "duration": 0.5}, [dose], T, solver=solver)
    assert_allclose(both[1], alone.states["central"], rtol=1e-8, atol=1e-12)


def test_another_patient_of_the_same_size_compiles_nothing() -> None:
    central([DoseEvent(0.0, 3.0, "central")], T)
    compiled = getattr(_solve_lanes, "_cache_size")  # noqa: B009
    before = compiled()
    central([DoseEvent(0.3 * i, 2.0, "central") for i in range(9)], T[:11], clearance=7.0)
    assert compiled() == before


def test_sizes_are_two_an_octave() -> None:
    assert [bucket(n) for n in (0, 1, 16, 17, 25, 33, 49, 1000)] == [
        *(0, 16, 16, 24, 32, 48, 64, 1024),
    ]


STEADY = table(dose(0.0, into="depot", interval=II, steady_state=REPLACE), look(1.0))
ONE_MODELLED = table(dose(0.0, rate=-2.0), look(1.0))


@pytest.mark.parametrize(
    ("events", "changes", "status"),
    [
        (ONE_MODELLED, {"duration": 0.0}, SolveStatus.BAD_DOSING),
        (table(dose(0.0, rate=-1.0), look(1.0)), {}, SolveStatus.BAD_DOSING),
        (ONE_MODELLED, {"duration": 1.0, "lag": -1.0}, SolveStatus.BAD_DOSING),
        (ONE_MODELLED, {"duration": 1.0, "fraction": float("nan")}, SolveStatus.BAD_DOSING),
        (ONE_MODELLED, {"duration": 1.0, "volume": 0.0}, SolveStatus.NOT_FINITE),
        (ONE_MODELLED, {"duration": 1.0, "clearance": float("inf")}, SolveStatus.NOT_FINITE),
        (STEADY, {"clearance": 0.0}, SolveStatus.NO_STEADY_STATE),
    ],
)
def test_a_failed_solve_is_a_status_and_no_number(
    events: EventTable, changes: dict[str, float], status: SolveStatus
) -> None:
    found = simulate(ORAL, {**THETA, **changes}, events)
    assert found.status is status
    assert np.isnan(found.states["central"][-1])


def test_one_failing_lane_leaves_the_others_alone() -> None:
    clearance = np.array([30.0, float("nan"), 60.0])
    found = simulate(ORAL, {**THETA, "clearance": clearance}, ONE_MODELLED, [0.0, 1.0])
    assert found.statuses[0] is SolveStatus.BAD_DOSING
    found = simulate(
        ORAL, {**THETA, "clearance": clearance, "duration": 0.5}, ONE_MODELLED, [0.0, 1.0]
    )
    solved, failed = SolveStatus.SOLVED, SolveStatus.NOT_FINITE
    assert found.statuses == (solved, failed, solved)
    assert np.isfinite(np.asarray(found.states["central"])[[0, 2]]).all()
    assert found.status is failed


FEW_STEPS = SolverSettings(method=Method.EXPLICIT, max_steps=500)
absurd = st.one_of(st.floats(), st.floats(1e-300, 1e300), st.floats(0.0, 100.0))


@settings(deadline=None, max_examples=60)
@given(theta=st.fixed_dictionaries(dict.fromkeys(THETA, absurd)))
def test_absurd_parameters_give_numbers_or_a_status(theta: dict[str, float]) -> None:
    found = simulate(ORAL, theta, [DoseEvent(0.0, 3.0, "depot")], T, solver=FEW_STEPS)
    solved = found.status is SolveStatus.SOLVED
    assert bool(np.isfinite(found.states["central"]).all()) is solved


def test_stiff_equations_exhaust_the_explicit_method_and_suit_the_implicit() -> None:
    theta = {**THETA, "absorption_rate": 1e6}
    doses = [DoseEvent(0.0, 3.0, "depot")]
    few = simulate(ORAL, theta, doses, T, solver=FEW_STEPS)
    assert few.status is SolveStatus.STEPS_EXHAUSTED
    loose = SolverSettings(rtol=1e-8, atol=1e-10, method=Method.IMPLICIT)
    found = simulate(ORAL, theta, doses, T, solver=loose)
    assert found.status is SolveStatus.SOLVED
    assert_allclose(found.states["central"], bolus(T), rtol=1e-5, atol=1e-5)


@pytest.mark.slow  # compiles for ten seconds or more
def test_the_gradient_is_that_of_the_closed_form_also_where_a_reading_meets_a_dose() -> None:
    days = np.array([0.1, 0.8, 1.4])

    def total(theta: dict[str, float]) -> jax.Array:
        doses = [DoseEvent(0.0, 3.0, "central"), DoseEvent(1.0, 2.0, "central", duration=0.4)]
        own = {**THETA, **theta}
        return jax.numpy.sum(simulate(ORAL, own, doses, days).states["central"])

    slope = jax.grad(total)({"lag": 0.1, "fraction": 0.6, "clearance": CL})
    since = days - 0.1
    first = 1.8 * np.exp(-K * since)
    t = np.maximum(since - 1.0, 0.0)
    rate = 1.2 / 0.4
    second = infused(t, rate, 0.4)
    by_lag = K * first + np.where(t > 0.0, K * second - rate, 0.0)
    assert_allclose(slope["lag"], by_lag.sum(), rtol=1e-8)
    assert_allclose(slope["fraction"], (first + second).sum() / 0.6, rtol=1e-8)
    inside = np.where(t > 0.0, rate / K * (t * np.exp(-K * t) + np.expm1(-K * t) / K), 0.0)
    assert_allclose(slope["clearance"], (-since * first + inside).sum() / V, rtol=1e-8)


@pytest.mark.slow
def test_the_gradient_of_a_steady_state_is_that_of_central_differences() -> None:
    steady = dose(0.0, into="depot", rate=-2.0, interval=II, additional=1, steady_state=REPLACE)
    base = {"lag": 0.131, "fraction": 0.6, "duration": 0.7, "clearance": CL}

    def total(theta: dict[str, float]) -> jax.Array:
        own = {**THETA, **theta}
        return jax.numpy.sum(simulate(ORAL, own, table(steady), [0.05, 0.3, 1.0]).states["central"])

    slope = jax.grad(total)(base)
    for name, value in base.items():
        step = 1e-5 * value
        ends = [float(total({**base, name: value + s})) for s in (step, -step)]
        assert_allclose(slope[name], (ends[0] - ends[1]) / (2.0 * step), rtol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    ("events", "times", "theta", "complaint"),
    [
        ([DoseEvent(0.0, 1.0, "skin")], [1.0], THETA, "'skin': no such state; needed one of depot"),
        ([DoseEvent(0.0, -1.0, "depot")], [1.0], THETA, "amount -1"),
        ([DoseEvent(float("nan"), 1.0, "depot")], [1.0], THETA, "finite"),
        ([], None, THETA, "without times"),
        ([], [2.0, 1.0], THETA, "increasing order"),
        ([], [float("nan")], THETA, "finite numbers"),
        ([], [1.0], {"volume": 1.0}, "no value for absorption_rate, clearance"),
        ([], [1.0], {**THETA, "lag": np.zeros(2), "volume": np.ones(3)}, "2, 3. lanes"),
        (table(look(5.0), EventRecord(0.0, RESET)), [1.0], THETA, "back in time"),
    ],
)
def test_a_wrong_call_is_refused(
    events: EventTable | list[DoseEvent],
    times: list[float] | None,
    theta: dict[str, float],
    complaint: str,
) -> None:
    with pytest.raises(UsageError, match=complaint):
        simulate(ORAL, theta, events, times)


def test_an_input_that_nothing_supplies_is_named() -> None:
    with pytest.raises(UsageError, match="reads rain, which nothing supplies"):
        simulate(Reservoir(), {"filled": 0.0, "drain": 0.0}, [], [1.0])
