"""SBML documents: libSBML finds nothing to say, and every element acts as it should.

What a document does is read from its solution by libroadrunner, where the answer is a closed form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar, final

import libsbml
import numpy as np
import pytest
import roadrunner
import sympy
from numpy.testing import assert_allclose
from ucumvert import PintUcumRegistry

from lymphocast.dataset.events import CovariateRule, EventKind, EventRecord, EventTable, SteadyState
from lymphocast.dataset.regimen import DoseEvent, Entry
from lymphocast.errors import UsageError
from lymphocast.interchange.sbml import sbml_text, write_sbml
from lymphocast.interchange.sbml_math import Notation, math_node
from lymphocast.interchange.sbml_units import unit_sid
from lymphocast.models.compartments import Compartments
from lymphocast.models.component import Component, Dosing, Scalar, Values, Variable
from lymphocast.models.course import COURSE, NaturalCourse
from lymphocast.models.library import find_model, model_names
from lymphocast.models.maths import clip, decay, exp, held, hill, log, positive, power
from lymphocast.models.unit_powers import ONE
from lymphocast.verification.other_solvers import by_roadrunner
from tests.engine.small_models import Oral
from tests.interchange.sbml_reading import (
    COURSE_RECORDS,
    COURSE_THETA,
    Doses,
    Floats,
    UnitPart,
    defined,
    natural_doses,
    remarks,
    written,
)
from tests.tolerances import CLOSED_FORM, REFERENCE_SOLVER

NAMES = model_names()

DOCUMENTS = [*NAMES, "course"]


@cache
def document(name: str) -> str:
    if name == "course":
        return sbml_text(COURSE, COURSE_THETA, COURSE_RECORDS)
    entry = find_model(name)
    theta = entry.example_theta()
    return sbml_text(entry.model, theta, natural_doses(entry.model, theta))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_libsbml_has_no_error_and_no_warning(name: str) -> None:
    assert remarks(document(name)) == []


@pytest.mark.parametrize("name", ["two-compartment-iv", "mechanism", "myelosuppression"])
def test_libsbml_checks_every_unit(name: str) -> None:
    # With another unit of any parameter, its unit check speaks up: no number lacks a unit.
    text = document(name)
    for parameter in written(text).values():
        if not parameter.constant:
            continue
        other = "d" if parameter.units != "d" else "per_d"
        start = text.index(f'<parameter id="{parameter.sid}" ')
        old, new = f'units="{parameter.units}"', f'units="{other}"'
        assert remarks(text[:start] + text[start:].replace(old, new, 1)), parameter.name


@pytest.mark.parametrize("name", DOCUMENTS)
def test_names_units_and_meanings_are_kept(name: str) -> None:
    model = COURSE if name == "course" else find_model(name).model
    text = document(name)
    assert f'level="3" version="2">\n  <model id="{name.replace("-", "_")}" name="{name}"' in text
    elements = written(text)
    codes = {sid: code for code, (sid, *_) in defined(text).items()} | {"dimensionless": "1"}
    for variable in (*model.states, *model.parameters, *model.outputs):
        element = elements[variable.name]
        assert codes[element.units] == variable.unit
        assert libsbml.SyntaxChecker.isValidSBMLSId(element.sid)
        assert "<p " in element.notes


@pytest.mark.parametrize("name", ["mechanism", "tmdd-full", "myelosuppression", "viral-dynamics"])
def test_unit_definitions_mean_what_ucum_means(name: str) -> None:
    ucum = PintUcumRegistry()
    counted = {"item": "1", "litre": "L", "second": "s", "gram": "g", "mole": "mol"}
    counted |= {"dimensionless": "1"}
    for code, (_, parts, _) in defined(document(name)).items():
        product = ucum.from_ucum("m") / ucum.from_ucum("m")
        for part in parts:
            product = product * (part.size * ucum.from_ucum(counted[part.kind])) ** part.exponent
        plain = code.replace("M[IU]", "10*6").replace("[IU]", "1")
        plain = f"1{plain}" if plain[0] == "/" else plain  # ucumvert reads /a/b as 1/(a/b)
        ratio = (product / ucum.from_ucum(plain)).to_base_units()
        assert ratio.dimensionless
        assert_allclose(ratio.magnitude, 1.0, rtol=CLOSED_FORM, err_msg=code)


@pytest.mark.parametrize(
    ("unit", "size"), [("M[IU]", 1e6), ("[IU]", 1.0), ("M[arb'U]", 1e6), ("[CFU]", 1.0)]
)
def test_a_unit_without_a_value_is_an_item_and_a_note_says_so(unit: str, size: float) -> None:
    _, parts, notes = defined(sbml_text(Spoilt(unit=unit), STILL))[unit]
    assert parts == [UnitPart("item", 1.0, size)]
    assert "no value in SI units" in notes


TANK = Compartments()
STILL = {"clearance": 0.0, "volume": 50.0}
"""Nothing leaves: the amount is what has entered so far."""


def amount(theta: Mapping[str, float], doses: Doses, times: Sequence[float]) -> Floats:
    return by_roadrunner(sbml_text(TANK, theta, doses), times)["central"]


def test_doses_of_one_time_all_enter() -> None:
    doses = [DoseEvent(1.0, 100.0, "central"), DoseEvent(1.0, 30.0, "central")]
    doses += [DoseEvent(1.0, 20.0, "central", duration=0.5), DoseEvent(0.0, 7.0, "central")]
    assert_allclose(amount(STILL, doses, [0.5, 1.25, 3.0]), [7.0, 147.0, 157.0], rtol=CLOSED_FORM)


def test_infusions_overlap_and_a_rate_sets_a_duration() -> None:
    doses = [
        DoseEvent(0.0, 10.0, "central", duration=2.0),
        DoseEvent(1.0, 40.0, "central", rate=20.0, entry=Entry.FIXED_RATE),
    ]
    assert_allclose(
        amount(STILL, doses, [0.5, 1.5, 2.5, 4.0]), [2.5, 17.5, 40.0, 50.0], rtol=CLOSED_FORM
    )


def test_fraction_lag_and_duration_stay_parameters_of_the_document() -> None:
    theta = {"absorption_rate": 0.0, "clearance": 0.0, "volume": 5.0}
    theta |= {"fraction": 0.5, "lag": 0.25, "duration": 0.0}
    doses = [DoseEvent(0.0, 100.0, "central"), DoseEvent(1.0, 100.0, "depot", duration=0.5)]
    text = sbml_text(Oral(), theta, doses)
    found = by_roadrunner(text, [0.2, 0.3, 1.2, 1.5, 2.0])
    assert_allclose(found["central"], [0.0, 50.0, 50.0, 50.0, 50.0], rtol=CLOSED_FORM)
    assert_allclose(found["depot"], [0.0, 0.0, 0.0, 25.0, 50.0], rtol=CLOSED_FORM)
    runner = roadrunner.RoadRunner(text)
    runner["fraction"], runner["lag"] = 0.25, 0.75
    runner.timeCourseSelections = ["central"]
    changed = np.array(runner.simulate(times=[0.0, 0.7, 0.8]))[1:, 0]
    assert_allclose(changed, [0.0, 25.0], rtol=CLOSED_FORM)


def test_a_duration_of_the_model_spreads_a_dose() -> None:
    theta = {"absorption_rate": 0.0, "clearance": 0.0, "volume": 5.0}
    theta |= {"fraction": 1.0, "lag": 0.0, "duration": 2.0}
    modelled = EventRecord(0.0, EventKind.DOSE, "central", amount=10.0, rate=-2.0)
    bolus = EventRecord(1.5, EventKind.DOSE, "central", amount=3.0)
    table = EventTable("one", (modelled, bolus))
    found = by_roadrunner(sbml_text(Oral(), theta, table), [1.0, 2.5])["central"]
    assert_allclose(found, [5.0, 13.0], rtol=CLOSED_FORM)


FED = Compartments(feed="inflow")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (CovariateRule.LAST_CARRIED_FORWARD, [2.0, 3.0, 9.0, 11.5]),
        (CovariateRule.NEXT_CARRIED_BACKWARD, [5.0, 7.5, 11.0, 11.5]),
    ],
)
def test_a_forcing_steps_as_its_rule_says(rule: CovariateRule, expected: list[float]) -> None:
    values = ((0.0, 2.0), (2.0, 5.0), (4.0, 1.0))
    records = tuple(EventRecord(day, covariates=(value,)) for day, value in values)
    table = EventTable("fed", records, ("inflow",), rule)
    text = sbml_text(FED, STILL, table)
    assert written(text)["inflow"].units == "mg_per_d"
    found = by_roadrunner(text, [1.0, 1.5, 3.0, 3.5])["central"]
    assert_allclose(found, expected, rtol=CLOSED_FORM)


def test_a_parameter_may_be_a_covariate() -> None:
    records = (
        EventRecord(0.0, EventKind.DOSE, "central", amount=100.0, covariates=(0.0,)),
        EventRecord(1.0, covariates=(50.0,)),
        EventRecord(3.0, covariates=(None,)),
    )
    table = EventTable("one", records, ("clearance",))
    assert_allclose(
        amount({"volume": 50.0}, table, [1.0, 2.0]),
        [100.0, 100.0 * np.exp(-1.0)],
        rtol=REFERENCE_SOLVER,
    )


def test_a_dose_before_day_zero_moves_the_start_and_equations_still_read_study_days() -> None:
    course = NaturalCourse()
    theta = {p.name: COURSE_THETA[p.name] for p in course.parameters}
    records = EventTable("early", (EventRecord(-30.0), EventRecord(0.0)))
    text = sbml_text(course, theta, records)
    assert "time 0 is study day -30" in text
    days = np.array([10.0, 130.0, 400.0])
    expected = course.observe(days, {}, {}, theta)["natural_count"]
    found = by_roadrunner(text, days + 30.0)["natural_count"]
    assert_allclose(found, np.broadcast_to(expected, days.shape), rtol=CLOSED_FORM)


@final
@dataclass(frozen=True)
class Corners:
    """Every function that equations may use, as outputs of a level that rises by 1 a day."""

    name: ClassVar = "corners"
    states: ClassVar = (Variable("level", "mg", "rises by 1 mg a day from -2 mg"),)
    parameters: ClassVar = (
        Variable("one", "mg", "1 mg"),
        Variable("day", "d", "3 d"),
        Variable("steepness", "1", "an exponent"),
    )
    inputs: ClassVar = ("time_after_dose.level",)
    outputs: ClassVar = tuple(
        Variable(name, unit, "a function of the level")
        for name, unit in {
            "exp": "1",
            "log": "1",
            "power": "1",
            "square_root": "mg",
            "positive": "mg",
            "clip": "mg",
            "held": "mg/d",
            "decay": "1",
            "hill": "1",
            "before": "mg",
            "from": "mg",
            "elapsed": "d",
        }.items()
    )

    def initial(self, theta: Values) -> Values:
        return {"level": -2.0 * theta["one"]}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {"level": 3.0 * theta["one"] / theta["day"]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        x, one, day, h = state["level"], theta["one"], theta["day"], theta["steepness"]
        return {
            "exp": exp(-x / one),
            "log": log(2.0 + x * x / (one * one)),
            "power": power(positive(x) / one, h),
            "square_root": power(x * x, 0.5),
            "positive": positive(x - one),
            "clip": clip(x, -0.5 * one, 2.0 * one),
            "held": held(one / day - x / (4.0 * day), x, -one, 1.5 * one),
            "decay": decay(t - day, 2.0 * day),
            "hill": hill(positive(x), one, h),
            "before": one * (t < day),
            "from": -x * (t >= day) / 3.0,
            "elapsed": inputs["time_after_dose.level"] / 2.0,
        }


def test_corners_cases_and_comparisons_are_computed_alike() -> None:
    component, theta = Corners(), {"one": 1.0, "day": 3.0, "steepness": 1.7}
    text = sbml_text(component, theta, [DoseEvent(2.25, 0.5, "level")])
    assert remarks(text) == []
    times = np.array([0.4, 1.1, 2.1, 2.9, 3.1, 4.6, 5.2])
    found = by_roadrunner(text, times)
    level = -2.0 + times + 0.5 * (times > 2.25)
    assert_allclose(found["level"], level, rtol=CLOSED_FORM)
    elapsed = np.where(times > 2.25, times - 2.25, times)
    inputs = {"time_after_dose.level": elapsed}
    for name, expected in component.observe(times, {"level": level}, inputs, theta).items():
        assert_allclose(found[name], expected, rtol=CLOSED_FORM, err_msg=name)


@final
@dataclass(frozen=True)
class Clashing:
    """Names that are no identifiers, and one name of a state and an output."""

    name: ClassVar = "2 clashing names"
    states: ClassVar = (Variable("a.b", "mg", "x < y & z"), Variable("a_b", "mg", "another"))
    parameters: ClassVar = (Variable("time", "/d", "a rate called time"),)
    inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar = (Variable("a_b", "mg", "an output of a state's name"),)

    def initial(self, theta: Values) -> Values:
        return {"a.b": 0.0, "a_b": 0.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {name: -theta["time"] * value for name, value in state.items()}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {"a_b": state["a.b"] + state["a_b"]}


def test_names_that_clash_get_identifiers_of_their_own() -> None:
    doses = [DoseEvent(0.0, 1.0, "a.b"), DoseEvent(0.0, 2.0, "a_b")]
    text = sbml_text(Clashing(), {"time": 0.0}, doses)
    assert remarks(text) == []
    runner = roadrunner.RoadRunner(text)
    runner.timeCourseSelections = ["a_b", "a_b_2", "a_b_3"]
    assert_allclose(np.array(runner.simulate(times=[0.0, 1.0]))[1], [1.0, 2.0, 3.0])


def test_a_document_is_written_whole_and_always_the_same(tmp_path: Path) -> None:
    path = tmp_path / "tank.xml"
    write_sbml(path, TANK, STILL, [DoseEvent(0.0, 1.0, "central")])
    first = path.read_text(encoding="utf-8")
    write_sbml(path, TANK, STILL, [DoseEvent(0.0, 1.0, "central")])
    assert path.read_text(encoding="utf-8") == first
    with pytest.raises(UsageError, match="no value for volume"):
        write_sbml(path, TANK, {"clearance": 1.0})
    assert path.read_text(encoding="utf-8") == first
    assert [p.name for p in tmp_path.iterdir()] == ["tank.xml"]


ORAL = {"absorption_rate": 1.0, "clearance": 1.0, "volume": 1.0}
ORAL |= {"fraction": 1.0, "lag": 0.0, "duration": 0.0}
STEADY = EventRecord(
    0.0, EventKind.DOSE, "central", 1.0, interval=1.0, steady_state=SteadyState.REPLACE
)


@pytest.mark.parametrize(
    ("component", "theta", "doses", "said"),
    [
        (TANK, {"volume": 1.0}, (), "no value for clearance; needed one each"),
        (FED, STILL, (), "no value for inflow; needed one each"),
        (TANK, {"clearance": np.ones(3), "volume": 1.0}, (), "needed one number"),
        (TANK, STILL, [DoseEvent(0.0, 1.0, "depot")], "a dose into 'depot'; needed one of central"),
        (TANK, STILL, [DoseEvent(0.0, -1.0, "central")], "needed finite numbers, 0 or more"),
        (
            TANK,
            STILL,
            [DoseEvent(0.0, 1.0, "central", entry=Entry.MODELLED_RATE)],
            "a modelled rate for the dose of day 0 into 'central'",
        ),
        (
            TANK,
            STILL,
            [DoseEvent(0.0, 1.0, "central", entry=Entry.MODELLED_DURATION)],
            "no duration for the dose of day 0",
        ),
        (Oral(), {**ORAL, "lag": -1.0}, [DoseEvent(0.0, 1.0, "depot")], "lag -1 for the dose"),
        (TANK, STILL, EventTable("one", (STEADY,)), "a steady-state dose"),
        (
            TANK,
            STILL,
            EventTable("one", (EventRecord(0.0), EventRecord(1.0, EventKind.RESET))),
            "a reset; needed records of one occasion",
        ),
        (
            FED,
            STILL,
            EventTable(
                "one",
                (EventRecord(0.0, covariates=(0.0,)), EventRecord(1.0, covariates=(1.0,))),
                ("inflow",),
                CovariateRule.LINEAR,
            ),
            "covariate 'inflow' joined by straight lines; needed steps",
        ),
        (
            Oral(),
            ORAL,
            EventTable(
                "one",
                (
                    EventRecord(0.0, EventKind.DOSE, "depot", 1.0, covariates=(0.1,)),
                    EventRecord(1.0, covariates=(0.2,)),
                ),
                ("lag",),
            ),
            "a lag that follows covariate 'lag'; needed a constant one",
        ),
    ],
)
def test_what_cannot_be_written_is_refused(
    component: Component, theta: Values, doses: Doses, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        sbml_text(component, theta, doses)


@final
@dataclass(frozen=True)
class Spoilt:
    """A tank whose unit or equation a test spoils."""

    unit: str = "mg"
    volume_unit: str = "L"

    name: ClassVar = "spoilt"
    inputs: ClassVar[tuple[str, ...]] = ()

    @property
    def states(self) -> tuple[Variable, ...]:
        return (Variable("central", self.unit, "amount"),)

    @property
    def parameters(self) -> tuple[Variable, ...]:
        return (
            Variable("clearance", "L/d", "clearance"),
            Variable("volume", self.volume_unit, "volume"),
        )

    @property
    def outputs(self) -> tuple[Variable, ...]:
        return ()

    def initial(self, theta: Values) -> Values:
        return {"central": 0.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {"central": -theta["clearance"] / theta["volume"] * state["central"]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {}


def test_a_document_whose_units_do_not_fit_is_not_written() -> None:
    assert remarks(sbml_text(Spoilt(), STILL)) == []
    with pytest.raises(UsageError, match=r"rate of 'central': found .*mL; needed mg/d"):
        sbml_text(Spoilt(volume_unit="mL"), STILL)
    with pytest.raises(UsageError, match="unit 'Cel' cannot be written as SBML"):
        sbml_text(Spoilt(unit="Cel"), STILL)


def test_a_function_that_sbml_lacks_is_named() -> None:
    x = sympy.Symbol("x", real=True)
    notation = Notation({x: "x"}, {x: ONE}, {}, unit_sid)
    assert math_node(sympy.Abs(x), ONE, notation).getNumChildren() == 1
    with pytest.raises(UsageError, match="'Mod' cannot be written as SBML"):
        math_node(sympy.Mod(x, 2), ONE, notation)
