"""Units of equations: the library fits, and a planted error is found wherever it is planted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import final

import pytest
from benchmarks.founding.components import founding
from ucumvert import PintUcumRegistry

from lymphocast.errors import UnitError
from lymphocast.models.component import Component, Dosing, Scalar, Values, Variable
from lymphocast.models.compose import Model
from lymphocast.models.course import COURSE
from lymphocast.models.dimensions import check_units, dimension_faults
from lymphocast.models.library import find_model, model_names
from lymphocast.models.maths import exp, hill, log, positive, power
from lymphocast.models.unit_powers import parse_unit

MODELS: dict[str, Model] = {name: find_model(name).model for name in model_names()}
MODELS["course"] = COURSE
LARGEST_FIRST = sorted(MODELS.values(), key=lambda model: -len(model.components))
COMPONENTS: dict[Component, Model] = {c: m for m in LARGEST_FIRST for c in m.components}
"""Every component of the library once, with the smallest model that wires its inputs."""

ROUNDING = 1e-9
"""Relative: products of a few factors of a table."""

NOT_CAUGHT = {("infection", "parameter", "kill")}
"""It is only ever multiplied by a forcing, ``antibiotic``, whose unit nobody declares: with another
unit of the one, another unit of the other fits as well."""

Change = Callable[[str, Scalar, Values], Scalar]
"""What becomes of an equation: from where it stands, its value, and the parameters."""


def unchanged(where: str, value: Scalar, theta: Values) -> Scalar:
    return value


@final
@dataclass(frozen=True)
class Altered:
    """A component with other declared units, or with equations that something was done to."""

    original: Component
    units: Mapping[str, str] = field(default_factory=dict)
    change: Change = unchanged

    @property
    def name(self) -> str:
        return self.original.name

    @property
    def states(self) -> tuple[Variable, ...]:
        return self._declared("state", self.original.states)

    @property
    def parameters(self) -> tuple[Variable, ...]:
        return self._declared("parameter", self.original.parameters)

    @property
    def outputs(self) -> tuple[Variable, ...]:
        return self._declared("output", self.original.outputs)

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.original.inputs

    def initial(self, theta: Values) -> Values:
        return self._changed("initial value of", self.original.initial(theta), theta)

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {
            name: Dosing(
                self.change(f"dosing of '{name}', fraction", way.fraction, theta),
                self.change(f"dosing of '{name}', lag", way.lag, theta),
                self.change(f"dosing of '{name}', duration", way.duration, theta),
            )
            for name, way in self.original.dosing(theta).items()
        }

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return self._changed("rate of", self.original.rates(t, state, inputs, theta), theta)

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return self._changed("output", self.original.observe(t, state, inputs, theta), theta)

    def _declared(self, kind: str, variables: tuple[Variable, ...]) -> tuple[Variable, ...]:
        return tuple(replace(v, unit=self.units.get(f"{kind} {v.name}", v.unit)) for v in variables)

    def _changed(self, what: str, values: Values, theta: Values) -> Values:
        return {n: self.change(f"{what} '{n}'", value, theta) for n, value in values.items()}


def within(model: Model, component: Component, other: Component) -> Model:
    """Return the model with one component in another's place."""
    return replace(
        model, components=tuple(other if c == component else c for c in model.components)
    )


def label(component: Component) -> str:
    return f"{type(component).__name__}-{len(component.states)}"


@pytest.mark.parametrize("name", MODELS)
def test_the_units_of_the_library_fit(name: str) -> None:
    assert dimension_faults(MODELS[name]) == ()


def declared(component: Component) -> list[tuple[str, Variable]]:
    return [
        *(("state", v) for v in component.states),
        *(("parameter", v) for v in component.parameters),
        *(("output", v) for v in component.outputs),
    ]


@pytest.mark.parametrize("component", COMPONENTS, ids=label)
@pytest.mark.parametrize("factor", ["mg", "10*3"])
def test_a_wrong_unit_of_any_variable_is_found(component: Component, factor: str) -> None:
    missed = set()
    for kind, variable in declared(component):
        unit = f"{factor}.{variable.unit}" if variable.unit[0] != "/" else factor + variable.unit
        altered = Altered(component, {f"{kind} {variable.name}": unit})
        if not dimension_faults(within(COMPONENTS[component], component, altered)):
            missed.add((component.name, kind, variable.name))
    assert missed <= NOT_CAUGHT


def equations(component: Component) -> list[str]:
    """Where a component has equations, without those that are zero: zero has any unit."""
    found: list[str] = []

    def note(where: str, value: Scalar, theta: Values) -> Scalar:
        if value != 0:
            found.append(where)
        return value

    dimension_faults(Altered(component, change=note))
    return found


@pytest.mark.parametrize("component", COMPONENTS, ids=label)
def test_a_wrong_factor_in_any_equation_is_found_there(component: Component) -> None:
    factor = next(p.name for p in component.parameters if p.unit != "1")
    for spoilt in equations(component):

        def change(where: str, value: Scalar, theta: Values, spoilt: str = spoilt) -> Scalar:
            return value * theta[factor] if where == spoilt else value

        altered = Altered(component, change=change)
        (fault,) = dimension_faults(within(COMPONENTS[component], component, altered))
        assert fault.startswith(f"component '{component.name}', {spoilt}: found ")
        assert "; needed " in fault


@pytest.mark.parametrize("component", COMPONENTS, ids=label)
def test_a_number_added_to_any_equation_that_has_a_unit_is_found(component: Component) -> None:
    with_unit = {f"output '{o.name}'" for o in component.outputs if o.unit != "1"}
    with_unit |= {f"rate of '{s.name}'" for s in component.states}
    with_unit |= {f"initial value of '{s.name}'" for s in component.states if s.unit != "1"}
    for spoilt in set(equations(component)) & with_unit:

        def change(where: str, value: Scalar, theta: Values, spoilt: str = spoilt) -> Scalar:
            return value + 1.0 if where == spoilt else value

        altered = Altered(component, change=change)
        (fault,) = dimension_faults(within(COMPONENTS[component], component, altered))
        assert spoilt in fault


@final
@dataclass(frozen=True)
class Formula:
    """One state in mg whose rate is what a test makes of it."""

    rate: Callable[[Scalar, Values, Values, Values], Scalar]
    inputs: tuple[str, ...] = ()
    name: str = "formula"
    states: tuple[Variable, ...] = (Variable("amount", "mg", "an amount"),)
    parameters: tuple[Variable, ...] = (
        Variable("rate", "/d", "a rate"),
        Variable("volume", "L", "a volume"),
        Variable("half", "mg/L", "a concentration"),
        Variable("steepness", "1", "an exponent"),
        Variable("onset", "d", "a day"),
    )
    outputs: tuple[Variable, ...] = ()

    def initial(self, theta: Values) -> Values:
        return {"amount": 0.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {"amount": self.rate(t, state, inputs, theta)}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {}


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (lambda t, y, u, p: y["amount"] / p["volume"], "found mg/L; needed mg/d"),
        (lambda t, y, u, p: p["rate"] * (y["amount"] + p["volume"]), "are added or compared"),
        (lambda t, y, u, p: p["rate"] * exp(y["amount"]), "argument of exp, 'amount', is in mg"),
        (lambda t, y, u, p: p["rate"] * log(p["half"]), "argument of log, 'half', is in mg/L"),
        (lambda t, y, u, p: y["amount"] * positive(p["onset"] - p["rate"]), "'onset' in d"),
        (lambda t, y, u, p: y["amount"] * p["rate"] * (t < p["half"]), "are compared"),
        (lambda t, y, u, p: hill(y["amount"], p["half"], p["steepness"]), "base of a power"),
        (lambda t, y, u, p: power(p["rate"], p["onset"]), "an exponent, 'onset', is in d"),
        (lambda t, y, u, p: 24.0 * p["rate"] * p["volume"] * p["half"] / p["onset"], "/d2; needed"),
    ],
)
def test_what_does_not_fit_is_said(rate: Callable[..., Scalar], said: str) -> None:
    (fault,) = dimension_faults(Formula(rate))
    assert fault.startswith("component 'formula', rate of 'amount': ")
    assert said in fault


@pytest.mark.parametrize(
    "rate",
    [
        lambda t, y, u, p: -p["rate"] * y["amount"],
        lambda t, y, u, p: 0.0,
        lambda t, y, u, p: p["rate"] * y["amount"] * hill(y["amount"], y["amount"], p["steepness"]),
        lambda t, y, u, p: p["rate"] * power(y["amount"] * y["amount"], 0.5),
        lambda t, y, u, p: y["amount"] * (t > p["onset"]) / p["onset"],
    ],
)
def test_what_fits_is_let_through(rate: Callable[..., Scalar]) -> None:
    assert dimension_faults(Formula(rate)) == ()


def test_the_unit_of_a_forcing_is_found_from_the_equations() -> None:
    fed = Formula(lambda t, y, u, p: u["inflow"] - p["rate"] * y["amount"], ("inflow",))
    assert str(check_units(fed).inputs["inflow"]) == "mg/d"
    twice = Formula(
        lambda t, y, u, p: (u["inflow"] + u["inflow"] / p["onset"]) - p["rate"] * y["amount"],
        ("inflow",),
    )
    assert len(dimension_faults(twice)) == 1
    units = {name: str(unit) for name, unit in check_units(COURSE).inputs.items()}
    assert units == {"relative_dose": "1", "antibiotic": "1"}


def test_a_conversion_factor_hidden_in_an_equation_is_told_with_its_size() -> None:
    # The benchmark's components write 1000 for M[IU]/L in [IU]/mL; the library has parameters.
    (fault,) = dimension_faults(founding(False))
    assert fault.startswith("component 'il2', rate of 'serum': ")
    assert "a conversion needs a parameter with a unit" in fault


def test_a_unit_that_no_table_has_is_a_fault() -> None:
    component = MODELS["one-compartment-iv"].components[0]
    altered = Altered(component, {"parameter volume": "furlong"})
    (fault,) = dimension_faults(altered)
    assert fault == (
        "component 'drug', parameter 'volume': unit 'furlong' is not known: "
        "the table has no 'furlong'."
    )


def test_components_that_share_a_parameter_must_agree_on_its_unit() -> None:
    model = MODELS["mechanism"]
    cough = model.components[-1]
    altered = Altered(cough, {"parameter initial_burden": "mg"})
    faults = dimension_faults(within(model, cough, altered))
    assert faults == (
        "component 'cough', parameter 'initial_burden': found mg; needed 1, as component 'mac' "
        "has it.",
    )


@pytest.mark.parametrize(
    "text", ["mg/L", "/uL/d", "10*9/L", "L/nmol/d", "L/(nmol.d)", "M[IU]/L", "kg/m2", "mL.min-1"]
)
def test_units_are_read_as_ucum_reads_them(text: str) -> None:
    registry = PintUcumRegistry()
    ratio = registry.from_ucum(f"1{text}" if text[0] == "/" else text)
    for code, exponent in parse_unit(text).powers:
        ratio = ratio / registry.from_ucum(code) ** float(exponent)
    assert ratio.to_base_units().dimensionless
    assert float(ratio.to_base_units().magnitude) == pytest.approx(1.0, rel=ROUNDING)


@pytest.mark.parametrize("text", ["", "mg L", "mg//L", "mg/", "(mg", "mg)", "L)/(mg", "mgg/L"])
def test_what_is_no_unit_is_refused(text: str) -> None:
    with pytest.raises(UnitError, match=r"unit '.*'"):
        parse_unit(text)


def test_units_of_one_dimension_and_another_size_differ() -> None:
    assert parse_unit("mg/L").is_same(parse_unit("ug/mL"))
    assert parse_unit("10*9/L").is_same(parse_unit("10*3/uL"))
    assert not parse_unit("mg").is_same(parse_unit("ug"))
    assert not parse_unit("[IU]").is_same(parse_unit("[arb'U]"))
