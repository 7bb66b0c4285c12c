"""Composition: outputs wired to inputs by name, prefixed states, and refusals of bad wiring."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from lymphocast.errors import UsageError
from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.compose import Model
from lymphocast.models.course import COURSE, CytokineGain, Infection, NaturalCourse


@dataclass(frozen=True)
class Tank:
    """A tank that drains at a shared rate and is filled by what it reads."""

    name: str
    reads: str
    offers: str
    inputs: tuple[str, ...] = field(init=False)
    outputs: tuple[Variable, ...] = field(init=False)
    states: ClassVar = (Variable("level", "L", "what the tank holds"),)
    parameters: ClassVar = (Variable("drain", "/d", "share that drains in a day"),)

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", (self.reads,))
        object.__setattr__(self, "outputs", (Variable(self.offers, "L/d", "what flows out"),))

    def initial(self, theta: Values) -> Values:
        return {"level": 1.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {"level": Dosing(fraction=0.5)}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {"level": inputs[self.reads] - theta["drain"] * state["level"]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {self.offers: theta["drain"] * state["level"]}


UPPER, LOWER = Tank("upper", "rain", "fall"), Tank("lower", "fall", "river")
CASCADE = Model("cascade", (UPPER, LOWER))
THETA = {"drain": 0.5}
STATE = {"upper.level": 4.0, "lower.level": 10.0}


def test_states_are_prefixed_and_shared_parameters_stand_once() -> None:
    assert [s.name for s in CASCADE.states] == ["upper.level", "lower.level"]
    assert [p.name for p in CASCADE.parameters] == ["drain"]
    assert [o.name for o in CASCADE.outputs] == ["fall", "river"]


def test_what_no_component_offers_is_a_forcing() -> None:
    assert CASCADE.inputs == ("rain",)
    assert COURSE.inputs == ("relative_dose", "antibiotic")


def test_an_output_reaches_the_component_that_reads_it() -> None:
    rates = CASCADE.rates(0.0, STATE, {"rain": 7.0}, THETA)
    assert rates == {"upper.level": 7.0 - 2.0, "lower.level": 2.0 - 5.0}
    assert CASCADE.observe(0.0, STATE, {"rain": 7.0}, THETA) == {"fall": 2.0, "river": 5.0}


def test_water_is_neither_made_nor_lost() -> None:
    rates = CASCADE.rates(0.0, STATE, {"rain": 7.0}, THETA)
    out = CASCADE.observe(0.0, STATE, {"rain": 7.0}, THETA)["river"]
    assert sum(rates.values()) == 7.0 - out


def test_initial_states_and_dosing_are_prefixed() -> None:
    assert CASCADE.initial(THETA) == {"upper.level": 1.0, "lower.level": 1.0}
    assert CASCADE.dosing(THETA) == {
        "upper.level": Dosing(fraction=0.5),
        "lower.level": Dosing(fraction=0.5),
    }


def test_a_model_is_a_component_of_another_model() -> None:
    outer = Model("outer", (CASCADE, Tank("sea", "river", "spray")))
    assert [s.name for s in outer.states] == [
        "cascade.upper.level",
        "cascade.lower.level",
        "sea.level",
    ]
    state = {**{f"cascade.{name}": value for name, value in STATE.items()}, "sea.level": 0.0}
    assert outer.rates(0.0, state, {"rain": 7.0}, THETA)["sea.level"] == 5.0
    assert outer.inputs == ("rain",)


@pytest.mark.parametrize(
    ("components", "complaint"),
    [
        ((UPPER, Tank("upper", "fall", "river")), "component 'upper' is defined twice"),
        ((UPPER, Tank("other", "rain", "fall")), "output 'fall' is defined twice"),
        ((LOWER, UPPER), "'lower' reads 'fall', which a later component offers"),
        ((Tank("loop", "fall", "fall"),), "'loop' reads 'fall'"),
        ((CytokineGain(), NaturalCourse(), Infection()), "'gain' reads 'natural_count'"),
    ],
)
def test_bad_wiring_is_refused(components: tuple[Tank, ...], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as raised:
        Model("wired", components)
    assert "model 'wired'" in str(raised.value)


def test_the_course_model_names_what_it_needs_with_units_and_meanings() -> None:
    names = [p.name for p in COURSE.parameters]
    assert len(names) == len(set(names))
    for variable in (*COURSE.states, *COURSE.parameters, *COURSE.outputs):
        assert variable.unit
        assert variable.meaning
    assert [s.name for s in COURSE.states] == [
        "gain.cells",
        "infection.log_burden",
        "infection.severity",
    ]
    assert COURSE.dosing({}) == {}
