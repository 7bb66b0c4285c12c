"""P(best) shared by the doses of a design is what exchanging them at random would give."""

import numpy as np
import pytest

from lymphocast.forecast.design_shares import design_shares, exchanged
from lymphocast.forecast.search import ChanceLimit, Judged, rank

DRAWS = 40_000
DESIGNS = {0: "no drug", 1: "short", 2: "long", 3: "long", 4: "long", 5: "long"}
LIMITS = (ChanceLimit("kept by all but the last", 0.5),)


def judged() -> Judged:
    """Utilities that favour one dose of the long design; the last dose breaks the limit."""
    rng = np.random.default_rng(1)
    utility = rng.normal([[0.2], [0.1], [0.0], [0.3], [0.9], [5.0]], 0.5, (6, DRAWS))
    broken = np.zeros((1, 6, DRAWS))
    broken[0, 5] = 1.0
    return Judged(utility, broken)


def test_it_is_what_exchanging_the_doses_in_each_draw_gives() -> None:
    plain = judged()
    mixed = plain.utility.copy()
    mixed[2:5] = np.random.default_rng(2).permuted(plain.utility[2:5], axis=0)
    by_chance = {
        row.candidate: row.p_best
        for row in rank(range(6), Judged(mixed, plain.broken), LIMITS).rows
    }
    found = exchanged(rank(range(6), plain, LIMITS), DESIGNS)
    error = 4.0 * 0.5 / np.sqrt(DRAWS)
    assert found == {i: pytest.approx(p, abs=error) for i, p in by_chance.items()}
    assert found[2] == found[3] == found[4] > 0.2
    assert found[5] == 0.0


def test_what_lies_between_designs_stays_as_it_was() -> None:
    found = rank(range(6), judged(), LIMITS)
    plain = {row.candidate: row.p_best for row in found.rows}
    shared = exchanged(found, DESIGNS)
    assert (shared[0], shared[1]) == (plain[0], plain[1])
    assert plain[4] > 2.0 * shared[4]
    long, *others = design_shares(found, DESIGNS)
    assert (long.design, long.doses, long.chance) == ("long", 3, 3 / 5)
    assert long.p_best == pytest.approx(plain[2] + plain[3] + plain[4])
    assert {share.design for share in others} == {"short", "no drug"}


def test_where_no_regimen_keeps_the_limits_all_share() -> None:
    plain = judged()
    found = rank(range(6), Judged(plain.utility, np.ones_like(plain.broken)), LIMITS)
    assert not found.feasible
    long, *_ = design_shares(found, DESIGNS)
    assert long.doses == 4
    assert sum(exchanged(found, DESIGNS).values()) == pytest.approx(1.0)
