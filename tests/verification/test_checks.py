"""The checks themselves: one that is right passes, a planted error is found."""

import numpy as np
import pytest

from lymphocast.inference.ranks import seen_distance, uniformity
from lymphocast.verification.check import Outcome
from lymphocast.verification.closed_forms import ClosedForm, Floats, Theta, decaying
from lymphocast.verification.code_checks import EXACT_LIMIT
from lymphocast.verification.other_solvers import largest_difference
from lymphocast.verification.run import ALL_CHECKS, run_checks, verify


def faster(t: Floats, dose: float, theta: Theta) -> Floats:
    return decaying(t, dose, {**theta, "clearance": theta["clearance"] * (1.0 + 1e-7)})


def test_an_error_of_a_ten_millionth_in_a_closed_form_is_found() -> None:
    right = ClosedForm("one-compartment-iv", "concentration", decaying)
    wrong = ClosedForm("one-compartment-iv", "concentration", faster)
    assert right.largest_error() <= EXACT_LIMIT < wrong.largest_error()


def test_a_difference_is_relative_but_for_what_is_next_to_nothing() -> None:
    ours = {"a": np.array([1.0, 2.0]), "b": np.array([1e6, 1e-9]), "c": np.zeros(2)}
    theirs = {"a": np.array([1.0, 2.002]), "b": np.array([1e6, 2e-9]), "c": np.zeros(2)}
    assert largest_difference(ours, theirs) == pytest.approx(1e-3, rel=0.01)


@pytest.mark.parametrize(("share", "inside"), [(0.9, True), (1.1, False)])
def test_what_is_said_to_be_seen_is_seen(share: float, inside: bool) -> None:
    number, draws, quantities = 400, 99, 8
    distance = share * seen_distance(number, draws, quantities, 3, 0.99)
    even = np.arange(number) % (draws + 1)
    middle = (draws + 1) // 2
    ranks = {str(i): even for i in range(quantities)}
    moved = even.copy()
    moved[np.flatnonzero(even < middle)[: round(distance * number)]] = middle
    found = uniformity({**ranks, "0": moved}, draws, 3, 0.99)
    assert found["0"].largest == pytest.approx(distance, abs=1.0 / number)
    assert found["0"].inside is inside
    assert all(one.inside for name, one in found.items() if name != "0")


CHEAP = (
    "code.closed-forms",
    "code.conserved",
    "code.roadrunner",
    "code.units",
    "uncertainty.sources",
    "validation.il2",
)


def test_checks_that_need_no_fit_pass_and_say_numbers() -> None:
    chosen = [check for check in ALL_CHECKS if check.id in CHEAP]
    found = run_checks(chosen, seed=1, quick=True)
    assert {check.id: check.outcome for check in found.checks} == dict.fromkeys(
        CHEAP, Outcome.PASSED
    )
    assert all(check.value is not None and check.seconds > 0.0 for check in found.checks)
    assert found.priors


def test_data_that_nobody_has_are_named_and_not_run() -> None:
    chosen = [check for check in ALL_CHECKS if check.id == "validation.second-patient"]
    (found,) = run_checks(chosen, seed=1, quick=False).checks
    assert found.outcome is Outcome.NOT_RUN
    assert "nothing is invented" in found.found


@pytest.mark.slow
def test_no_check_of_the_quick_run_fails() -> None:
    found = verify(seed=20040501, quick=True)
    failed = {check.id: check.found for check in found.of(Outcome.FAILED)}
    assert failed == {}
