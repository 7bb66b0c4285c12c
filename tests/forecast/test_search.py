"""The search against known answers: closed forms, fresh draws, dynamic programming."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from lymphocast.errors import UsageError
from lymphocast.forecast.policy import HoldRule, Order, RestartCycle, StopRule, follow
from lymphocast.forecast.search import (
    ChanceLimit,
    Judge,
    Judged,
    Race,
    Ranked,
    front,
    race,
    rank,
    weighted_quantiles,
)

Floats = NDArray[np.float64]


def judge_of(
    utility: Callable[[Floats, Floats], Floats],
    broken: Callable[[Floats, Floats], NDArray[np.bool_]] | None,
    doses: Floats,
    draws: Floats,
) -> Judge:
    """Judge doses by functions of the dose ``[candidate, 1]`` and the draw ``[1, draw]``."""

    def judge(candidates: Sequence[int], number: int) -> Judged:
        d, x = doses[list(candidates), None], draws[None, :number]
        worth = np.broadcast_to(utility(d, x), (len(d), number))
        flags = np.zeros((0, len(d), number)) if broken is None else broken(d, x)[None]
        return Judged(worth, flags)

    return judge


def test_the_dose_that_a_linear_model_makes_best_is_found_within_one_percent() -> None:
    # u(d) = theta d - d^2, theta ~ Normal(2, 0.2): the mean is largest at d = E theta / 2 = 1.
    theta = np.random.default_rng(1).normal(2.0, 0.2, 1000)
    doses = np.linspace(0.0, 2.0, 401)
    found = race(judge_of(lambda d, x: d * x - d**2, None, doses, theta), len(doses))
    assert doses[found.rows[0].candidate] == pytest.approx(1.0, rel=0.01)
    assert found.feasible
    assert len(found.rows) == 20


@pytest.mark.parametrize("number", [60, 2000])
def test_a_chance_limit_holds_on_fresh_draws(number: int) -> None:
    # The utility pushes the dose up to the limit P(d x > 1) = 0.1; on a fine grid more doses than
    # the second leg takes at once lie between the limit and what the first leg lets pass.
    rng = np.random.default_rng(2)
    doses = np.linspace(0.05, 2.0, number)
    limits = (ChanceLimit("dose times x at most 1", 0.9),)
    common = rng.lognormal(0.0, 0.5, 1000)
    judge = judge_of(lambda d, x: d + 0.0 * x, lambda d, x: d * x > 1.0, doses, common)
    best = doses[race(judge, number, limits).rows[0].candidate]
    fresh = np.mean(best * rng.lognormal(0.0, 0.5, 10_000) > 1.0)
    error = 3.0 * np.sqrt(0.1 * 0.9 * (1 / 1000 + 1 / 10_000))  # of both sets of draws
    step = doses[1] / best * 0.5  # what one step of the grid changes the probability by, at most
    assert 0.1 - error - step < fresh < 0.1 + error


def backward_induction(rise: Floats, stay: Floats, cost: float, steps: int) -> tuple[float, Floats]:
    """Value from state 0, and the best action of each step and state, by dynamic programming.

    ``rise`` and ``stay`` are P(next = 1) from state 0 and 1, untreated and treated.
    """
    value, actions = np.zeros(2), []
    for _ in range(steps):
        high = np.stack([rise, stay])  # [state, action]
        worth = high * (1.0 + value[1]) + (1.0 - high) * value[0] - cost * np.array([0.0, 1.0])
        actions.append(worth.argmax(axis=1))
        value = worth.max(axis=1)
    return float(value[0]), np.array(actions, float)


@dataclass(frozen=True)
class Toy:
    """Two states that a rule sees at every ``apart``-th step; a dose raises P(next = 1)."""

    rise: Floats
    stay: Floats
    cost: float
    steps: int
    apart: int = 1

    def best(self, rules: Sequence[HoldRule], draws: int) -> Ranked:
        """Return the best of some rules in as many draws."""
        uniform = np.random.default_rng(3).random((self.steps, draws))

        def judge(candidates: Sequence[int], number: int) -> Judged:
            return Judged(
                np.stack([self.total(rules[i], uniform[:, :number]) for i in candidates]),
                np.zeros((0, len(candidates), number)),
            )

        return race(judge, len(rules), legs=Race(100, 4, draws)).rows[0]

    def total(self, rule: HoldRule, uniform: Floats) -> Floats:
        """Return what a rule is worth in each draw."""
        number = uniform.shape[1]
        paid = np.zeros(number)

        def observe(state: tuple[Floats, Floats], _: int) -> tuple[Floats, Floats]:
            return state

        def advance(state: tuple[Floats, Floats], ends: Floats, step: int) -> tuple[Floats, Floats]:
            place, doses = state
            action = (ends > doses).astype(int)
            up = np.where(place > 0.5, self.stay[action], self.rise[action])
            paid[:] += self.cost * action
            return np.asarray(uniform[step] < up, dtype=float), doses + action

        visits = [step % self.apart == 0 for step in range(self.steps)]
        begin = (np.zeros(number), np.zeros(number))
        walk = follow(rule, visits, begin, number, observe, advance)
        return np.asarray(np.sum([place for (place, _), _ in walk], axis=0)) - paid


def test_a_rule_in_two_states_is_what_dynamic_programming_finds() -> None:
    toy = Toy(np.array([0.1, 0.6]), np.array([0.7, 0.9]), 0.4, 12)
    rules = (
        HoldRule(2.0, 2.0),  # always
        HoldRule(-1.0, -1.0, begins_given=False),  # never
        HoldRule(0.5, 0.5),  # in state 0 only
        HoldRule(0.5, -1.0),  # until state 1 is seen once
    )
    best = toy.best(rules, 10_000)
    value, actions = backward_induction(toy.rise, toy.stay, toy.cost, toy.steps)
    assert (actions == [1.0, 0.0]).all(), "the toy is made so that one rule is best throughout"
    assert best.candidate == 2
    assert best.utility == pytest.approx(value, abs=3.0 * best.utility_se)


def cycles_by_backward_induction(toy: Toy) -> tuple[float, NDArray[np.int64]]:
    """Value from state 0, and the best number of doses after each visit and state."""
    moves = [np.array([[1.0 - p, p] for p in (toy.rise[a], toy.stay[a])]) for a in (0, 1)]
    value, numbers = np.zeros(2), []
    for _ in range(toy.steps // toy.apart):
        worth = np.zeros((2, toy.apart + 1))
        for number in range(toy.apart + 1):
            own = value
            for step in reversed(range(toy.apart)):
                action = int(step < number)
                own = moves[action] @ (own + np.array([0.0, 1.0])) - toy.cost * action
            worth[:, number] = own
        numbers.append(worth.argmax(axis=1))
        value = worth.max(axis=1)
    return float(value[0]), np.array(numbers)


def test_of_cycles_the_search_finds_the_one_that_dynamic_programming_finds() -> None:
    toy = Toy(np.array([0.05, 0.7]), np.array([0.9, 0.95]), 0.3, 12, apart=3)
    cycles = [
        HoldRule(restart_below=0.5, begins_given=False, cycle=RestartCycle(n)) for n in (1, 2, 3)
    ]
    stops = [HoldRule(stop=StopRule(0.5)), HoldRule(stop=StopRule(injections=2))]
    rules = (HoldRule(), HoldRule(-1.0, -1.0, begins_given=False), *cycles, *stops)
    best = toy.best(rules, 10_000)
    value, numbers = cycles_by_backward_induction(toy)
    assert (numbers == [2, 0]).all(), "the toy is made so that one cycle is best throughout"
    assert rules[best.candidate] == cycles[1]
    assert best.utility == pytest.approx(value, abs=3.0 * best.utility_se)


def test_a_rule_keeps_what_it_does_between_its_two_limits() -> None:
    rule = HoldRule(500.0, 350.0)
    given = Order(np.array([np.inf, np.inf, 0.0, 0.0]), np.zeros(4))
    seen = np.array([400.0, 501.0, 400.0, 349.0])
    assert rule.decide(given, seen, np.zeros(4)).ends.tolist() == [np.inf, 0.0, 0.0, np.inf]
    with pytest.raises(UsageError, match="needed restart_below at most hold_above"):
        HoldRule(300.0, 350.0)


def test_equals_share_being_best_and_regret_is_what_is_lost_to_the_best() -> None:
    utility = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0]])
    found = rank([7, 9], Judged(utility, np.zeros((0, 2, 4), bool)))
    by_candidate = {row.candidate: row for row in found.rows}
    assert [by_candidate[i].p_best for i in (7, 9)] == [0.5, 0.5]
    assert [by_candidate[i].regret for i in (7, 9)] == [0.25, 0.25]
    assert found.chance == 0.5
    weighed = rank([7, 9], Judged(utility, np.zeros((0, 2, 4), bool)), (), np.eye(4)[1])
    assert (weighed.rows[0].candidate, weighed.rows[0].p_best) == (7, 1.0)


def test_what_breaks_a_limit_too_often_is_never_best_and_what_none_keeps_is_said() -> None:
    utility = np.array([[9.0] * 10, [1.0] * 10])
    broken = np.array([[[True] * 3 + [False] * 7, [False] * 10]])
    found = rank([0, 1], Judged(utility, broken), (ChanceLimit("x", 0.8),))
    assert [row.candidate for row in found.rows] == [1, 0]
    assert found.rows[1].p_best == 0.0
    assert found.rows[1].shortfall == pytest.approx(0.1)
    doses, draws = np.array([1.0, 2.0]), np.tile(np.linspace(0.0, 1.0, 100), 10)
    judge = judge_of(lambda d, x: d + x, lambda d, x: d * x > 0.5, doses, draws)
    none = race(judge, 2, (ChanceLimit("half", 0.9),))
    assert not none.feasible
    assert none.rows[0].candidate == 0, "the least bad comes first, whatever its utility"
    assert none.reasons == (
        "no regimen keeps 'half' with probability 0.9: the nearest keeps it with 0.5",
    )


def test_limits_that_can_be_kept_one_by_one_but_not_together_are_called_so() -> None:
    def judge(candidates: Sequence[int], number: int) -> Judged:
        broken = np.eye(2, dtype=bool)[:, list(candidates), None].repeat(number, axis=2)
        return Judged(np.zeros((len(candidates), number)), broken)

    found = race(judge, 2, (ChanceLimit("a", 1.0), ChanceLimit("b", 1.0)))
    assert not found.feasible
    assert found.reasons == ("each limit can be kept, but no regimen keeps all of them",)


def test_the_front_holds_what_no_other_beats() -> None:
    points = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.4, 0.5], [0.5, 0.5]])
    assert front(points).tolist() == [True, True, True, False, True]


def test_quantiles_with_equal_weights_are_order_statistics() -> None:
    values = np.random.default_rng(4).permutation(np.arange(1.0, 101.0))[None]
    low, middle = weighted_quantiles(values, np.full(100, 0.01), (0.05, 0.5))
    assert (low[0], middle[0]) == (5.0, 50.0)


def test_the_same_draws_give_the_same_ranking_and_no_candidate_is_refused() -> None:
    draws = np.random.default_rng(5).normal(size=1000)
    judge = judge_of(lambda d, x: np.sin(d) * x, None, np.arange(30.0), draws)
    assert race(judge, 30) == race(judge, 30)
    assert 17 in {row.candidate for row in race(judge, 30, legs=Race(10, 2, 10), always=(17,)).rows}
    with pytest.raises(UsageError, match="no candidate"):
        race(judge, 0)
    with pytest.raises(UsageError, match="a race of"):
        Race(100, 5, 50)
