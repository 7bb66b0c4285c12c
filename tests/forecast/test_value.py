"""What one more count would tell: bounds, two ways to compute it, and the cost of delay."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lymphocast.forecast.ensemble import Ensemble, ensemble_of
from lymphocast.forecast.value import (
    MONTHS,
    at_cost,
    best_dates,
    counts_together,
    entropy,
    next_count,
    one_count,
    statements_of,
)
from lymphocast.forecast.valued import CountValue, NextCount
from tests.founding import quick_fit
from tests.tolerances import CLOSED_FORM

DAY = date(2009, 4, 15)
SHOWN = (date(2005, 7, 1), date(2006, 7, 1))
# 400 simulated counts: SD of what is left unknown about 0.35 bits each, so 0.018; three of them.
SIMULATION = 0.055


def ensemble() -> Ensemble:
    return ensemble_of(quick_fit()).thinned(1_000)


def test_what_is_unknown_is_one_bit_at_even_odds_and_nothing_at_certainty() -> None:
    np.testing.assert_allclose(entropy(np.array([0.5, 0.0, 1.0])), [1.0, 0.0, 0.0], atol=1e-12)


def test_a_count_never_tells_more_than_is_unknown_nor_less_than_nothing() -> None:
    found = next_count(ensemble_of(quick_fit()), SHOWN, 3)
    assert [v.months for v in found.by_date] == list(MONTHS)
    for value in (*found.by_date, *found.figure):
        for letter, bits in value.bits.items():
            assert 0.0 <= bits <= found.unknown[letter]
            assert 0.0 <= value.p_decided[letter] <= 1.0


def test_quadrature_and_simulation_agree_on_one_count() -> None:
    lanes = ensemble()
    statements = statements_of(lanes)
    by_nodes = one_count(lanes, statements, DAY, 12.0)
    by_draws = counts_together(lanes, statements, (DAY,), 5)
    for letter, bits in by_nodes.bits.items():
        assert by_draws.bits[letter] == pytest.approx(bits, abs=SIMULATION)


def test_two_counts_tell_at_least_as_much_as_either() -> None:
    found = next_count(ensemble_of(quick_fit()), SHOWN, 3).figure
    assert [v.days for v in found] == [SHOWN[:1], SHOWN[1:], SHOWN]
    for letter in found[0].bits:
        assert found[2].bits[letter] > max(v.bits[letter] for v in found[:2]) - SIMULATION


def test_a_statement_that_is_certain_leaves_nothing_to_tell() -> None:
    lanes = ensemble()
    sure = {"sure": np.ones(lanes.lanes, dtype=bool)}
    assert one_count(lanes, sure, DAY, 12.0).bits["sure"] == pytest.approx(0.0, abs=CLOSED_FORM)


@given(
    bits=st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5),
    cost=st.floats(1e-6, 0.5),
)
def test_the_best_date_at_any_cost_is_the_one_whose_value_less_its_cost_is_greatest(
    bits: list[float], cost: float
) -> None:
    points = list(zip(MONTHS, bits, strict=True))
    worth = {months: value - cost * months for months, value in points}
    rows = [b for b in best_dates(points) if b.cost_from <= cost < b.cost_to]
    best = max([*worth.values(), 0.0])
    if rows:
        assert worth[rows[0].months] == pytest.approx(best, abs=1e-9)
    else:
        assert best == pytest.approx(0.0, abs=1e-9)


@given(
    bits=st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5),
    cost=st.floats(0.0, 0.5),
)
def test_at_a_stated_cost_the_date_worth_most_is_named_or_none(
    bits: list[float], cost: float
) -> None:
    found = at_cost(valued(bits), cost).stated
    assert found is not None
    worth = {m: b - cost * m for m, b in zip(MONTHS, bits, strict=True)}
    assert found.cost == cost
    assert found.worth == pytest.approx(max([*worth.values(), 0.0]), abs=1e-9)
    if found.months is not None:
        assert found.worth == pytest.approx(worth[found.months])
        assert found.bits == bits[MONTHS.index(found.months)]
    else:
        assert found.bits == 0.0


@pytest.mark.parametrize(
    ("cost", "months"),
    [(0.0, 12.0), (0.0199, 12.0), (0.02, 6.0), (0.0399, 6.0), (0.04, None), (1.0, None)],
)
def test_on_either_side_of_a_change_the_stated_cost_names_another_date(
    cost: float, months: float | None
) -> None:
    # Slopes of 0.04 to 0.24 bits at 6 months, of 0.02 to 0.36 at 12: of equals, the earlier.
    found = at_cost(valued([0.0, 0.24, 0.36, 0.36, 0.36]), cost).stated
    assert found is not None
    assert found.months == months


def valued(bits: list[float]) -> NextCount:
    """One count at each of the usual months, with this information on (b)."""
    rows = tuple(
        CountValue((DAY,), m, {"b": b}, {"b": 0.5}) for m, b in zip(MONTHS, bits, strict=True)
    )
    return NextCount({"b": 1.0}, rows, best_dates(list(zip(MONTHS, bits, strict=True))), ())


def test_where_nothing_is_left_to_learn_no_date_is_called_best() -> None:
    # IL-2 adds cells with probability 1e-6, so that (b) is unknown by less than 1e-4 bits.
    base = ensemble_of(quick_fit())
    il2 = np.array([h.il2 for h in base.hypotheses])
    shares = np.where(il2, 1e-6 / il2.sum(), (1.0 - 1e-6) / (~il2).sum())
    found = next_count(replace(base, shares=shares), (), 3)
    assert 0.0 < found.unknown["b"] < 1e-4
    assert found.best == ()


def test_without_a_cost_the_most_telling_date_wins_however_late() -> None:
    rising = [(m, 0.1 + m / 100.0) for m in MONTHS]
    free = best_dates(rising)[-1]
    assert (free.months, free.cost_from) == (MONTHS[-1], 0.0)
    assert best_dates([(m, 0.0) for m in MONTHS]) == ()
