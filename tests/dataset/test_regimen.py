"""Regimens: the dose events they generate, and what they refuse."""

import pytest

from lymphocast.dataset.regimen import DoseEvent, Regimen
from lymphocast.errors import UsageError


def test_doses_are_an_interval_apart() -> None:
    regimen = Regimen(amount=4.5, interval=0.5, count=3, compartment="depot", duration=0.25)
    assert regimen.events(2.0) == (
        DoseEvent(2.0, 4.5, "depot", 0.25),
        DoseEvent(2.5, 4.5, "depot", 0.25),
        DoseEvent(3.0, 4.5, "depot", 0.25),
    )


def test_a_single_dose_needs_no_interval() -> None:
    assert Regimen(1.0, 0.0, 1, "depot").events(-3.0) == (DoseEvent(-3.0, 1.0, "depot"),)


@pytest.mark.parametrize(
    ("numbers", "complaint"),
    [
        ((-1.0, 1.0, 2), "amount -1"),
        ((float("nan"), 1.0, 2), "amount nan"),
        ((1.0, 0.0, 2), "interval 0; needed an interval above 0"),
        ((1.0, 1.0, 0), "0 doses; needed at least 1"),
    ],
)
def test_a_senseless_regimen_is_refused(numbers: tuple[float, float, int], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        Regimen(*numbers, "depot")


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(UsageError, match="duration -1"):
        Regimen(1.0, 1.0, 1, "depot", duration=-1.0)
