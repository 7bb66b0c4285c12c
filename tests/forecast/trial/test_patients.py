"""Virtual patients: random numbers by counter, eligibility, what is seen and what gets lost."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from lymphocast.errors import UsageError
from lymphocast.forecast.trial.block import LANES, simulate_block
from lymphocast.forecast.trial.counters import Counters, Purpose, philox
from lymphocast.forecast.trial.protocol import Eligibility
from lymphocast.forecast.trial.run import run_trial
from tests.forecast.trial.protocols import FIXED, STABLE, read
from tests.tolerances import CLOSED_FORM

SIGMAS = 4.0  # standard errors of a share of 2048 patients; the seeds are fixed


def words(*values: int) -> tuple[np.ndarray, ...]:
    return tuple(np.array([value], np.uint64) for value in values)


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [  # The known answers that Random123 ships for philox4x32 with ten rounds.
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (
            (0xFFFFFFFF,) * 4,
            (0xFFFFFFFF,) * 2,
            (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
        ),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_the_generator_gives_the_known_answers(
    counter: tuple[int, ...], key: tuple[int, int], expected: tuple[int, ...]
) -> None:
    assert tuple(int(word[0]) for word in philox(words(*counter), key)) == expected


def test_a_patients_numbers_depend_on_no_other_patient() -> None:
    trial, patient = np.repeat([3, 4], 50).astype(np.uint64), np.arange(100, dtype=np.uint64)
    every = Counters(7, trial, patient).normal(Purpose.PRIOR, 0, 6)
    alone = Counters(7, trial[60:61], patient[60:61]).normal(Purpose.PRIOR, 2, 3)
    assert_array_equal(every[2:5, 60:61], alone)
    assert len(np.unique(every)) == every.size


def test_a_seed_that_no_key_holds_is_refused() -> None:
    with pytest.raises(UsageError, match="found the seed -1; needed"):
        Counters(-1, *words(0, 0))


def test_screening_keeps_counts_between_the_limits_and_counts_the_candidates(
    tmp_path: Path,
) -> None:
    text = FIXED.replace("baseline_count: 200, ", "").replace("count_sd: 0.16", "count_sd: 1.0e-9")
    protocol = replace(read(text, tmp_path), eligibility=Eligibility(100.0, 150.0, 2))
    found = simulate_block(protocol, 1, 0, LANES)
    assert found["baseline"].min() >= 100.0
    assert found["baseline"].max() < 150.0
    # Log-normal with median 120 and SD of ln 0.7, below 350 (the table of priors).
    from scipy.stats import norm

    below = norm.cdf(np.log(np.array([100.0, 150.0, 350.0]) / 120.0) / 0.7)
    share = (below[1] - below[0]) / below[2]
    error = np.sqrt((1.0 - share) / share**2 / LANES)
    assert found["tries"].mean() == pytest.approx(1.0 / share, abs=SIGMAS * error)


def test_a_trial_that_nobody_enters_is_refused(tmp_path: Path) -> None:
    protocol = replace(read(FIXED, tmp_path), eligibility=Eligibility(900.0, 1000.0, 1))
    with pytest.raises(UsageError, match=r"0\.00% of the candidates are eligible .* needed"):
        run_trial(protocol, 1, tmp_path / "out", seed=1, workers=1)


def test_loss_visits_missed_and_the_gain_follow_their_closed_forms(tmp_path: Path) -> None:
    text = FIXED.replace("count_sd: 0.16", "count_sd: 1.0e-9").replace("il2: 0.5", "il2: 1")
    text = text.replace("visits: {days", "dropout: {share: 0.05}\nvisits: {missed: 0.1, days")
    found = simulate_block(read(text, tmp_path), 5, 0, LANES)
    left = 0.95 ** (360.0 / 30.4375)
    seen = np.isfinite(found["ratio"])
    error = np.sqrt(left * (1.0 - left) / LANES)
    assert np.isnan(found["lost"]).mean() == pytest.approx(left, abs=SIGMAS * error)
    assert seen.mean() == pytest.approx(0.9 * left, abs=SIGMAS * error)
    expected = np.log1p(40.0 * (1.0 - 2.0 ** (-360.0 / 30.0)) / 200.0)
    assert_allclose(found["ratio"][seen & (found["arm"] == 1)], expected, rtol=1e-6)
    assert_allclose(found["ratio"][seen & (found["arm"] == 0)], 0.0, atol=1e-7)


def test_windows_move_a_visit_and_not_what_would_be_seen_without_loss(tmp_path: Path) -> None:
    text = FIXED.replace("count_sd: 0.16", "count_sd: 1.0e-9").replace("il2: 0.5", "il2: 1")
    text = text.replace("gain_half_life: 30", "gain_half_life: 300")
    exact = simulate_block(read(text, tmp_path), 5, 0, LANES)
    moved = simulate_block(
        read(text.replace("visits: {", "visits: {window: 7 d, "), tmp_path), 5, 0, LANES
    )
    truth = "ratio, all seen, drug"
    assert_allclose(moved[truth], exact[truth], rtol=CLOSED_FORM)
    drug = moved["ratio"][moved["arm"] == 1]
    days = -300.0 * np.log2(1.0 - 200.0 * np.expm1(drug) / 40.0)
    assert_allclose(days, np.round(days), atol=1e-3)  # whole days, but for an error of reading
    assert set(np.round(days)) == set(range(353, 368))


def test_where_nature_gives_the_drug_no_effect_no_patient_is_changed(tmp_path: Path) -> None:
    found = simulate_block(read(FIXED.replace("il2: 0.5", "il2: 0"), tmp_path), 2, 0, LANES)
    assert_array_equal(found["ratio, all seen, drug"], found["ratio, all seen, none"])


def test_what_a_trial_shares_is_one_value_in_a_trial_and_keeps_its_prior(tmp_path: Path) -> None:
    text = FIXED.replace("gain: 40, ", "").replace("il2: 0.5", "il2: 1")
    text = text.replace("count_sd: 0.16", "count_sd: 1.0e-9")
    text = text.replace("title:", "title:", 1).replace("  fixed:", "  shared: {gain: 1}\n  fixed:")
    found = simulate_block(read(text, tmp_path), 3, 0, LANES)
    gain = np.expm1(found["ratio, all seen, drug"]) * 200.0
    ln = np.array([np.log(gain[found["trial"] == i]) for i in range(1, 52)])
    assert_allclose(ln, ln[:, :1] * np.ones(40), atol=1e-6)
    assert ln[:, 0].std() == pytest.approx(1.0, abs=SIGMAS * np.sqrt(0.5 / 51))


CULTURES = f"""\
population:
  weights: {{il2: 0, clearance: 0, {STABLE}}}
  fixed: {{initial_burden: 3, growth: -0.01, kill: 0.05, resistance_time: 40}}
arms:
  - {{name: none, patients: 10}}
  - {{name: treated, patients: 10, antibiotic: {{start: 3 d, stop: 300 d}}}}
visits: {{days: [100 d], cultures: true}}
endpoints:
  - {{name: negative, kind: converted, by: 100 d, consecutive: 1}}
analyses:
  - {{endpoint: negative, method: risk-difference}}
"""


def test_cultures_follow_the_burden(tmp_path: Path) -> None:
    found = simulate_block(read(CULTURES, tmp_path), 4, 0, LANES)
    for arm, burden in ((0, 3.0 - 0.01 * 100.0), (1, 3.0 - 0.01 * 100.0 - 0.05 * 40.0)):
        share = 1.0 / (1.0 + np.exp(burden / 0.7))
        own = found["negative"][found["arm"] == arm]
        error = np.sqrt(share * (1.0 - share) / len(own))
        assert own.mean() == pytest.approx(share, abs=SIGMAS * error)


def test_arms_by_rules_that_count_doses_are_those_of_the_same_doses(tmp_path: Path) -> None:
    cycle = "begins: held, restart_below: 100000, cycle: {doses: 13}, stop: {injections: 26}"
    arms = [
        "stretches: [{dose: 1, stop: 182 d}]",
        "stretches: [{dose: 1}], rule: {stop: {injections: 26}}",
        f"stretches: [{{dose: 1}}], rule: {{{cycle}}}, rule_visits: 91 d",
    ]
    more = "".join(f"  - {{name: arm {i}, patients: 9, {arm}}}\n" for i, arm in enumerate(arms))
    text = FIXED.replace("visits:", f"{more}visits:").replace(
        "difference}", "difference, arm: drug}"
    )
    found = simulate_block(read(text, tmp_path), 3, 0, LANES)
    planned, *by_rule = (found[f"ratio, all seen, arm {i}"] for i in range(3))
    for column in by_rule:
        assert_allclose(column, planned, rtol=CLOSED_FORM)
    assert (found["ratio, all seen, drug"] != planned).any()
