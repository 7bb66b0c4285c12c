"""SBML documents are read as what they say: closed forms, conserved amounts, and refusals."""

import math as m

import libsbml
import numpy as np
import pytest
from numpy.testing import assert_allclose

from lymphocast.engine.simulate import simulate
from lymphocast.errors import ExchangeError
from lymphocast.interchange.sbml_formula import FormulaReader
from lymphocast.interchange.sbml_import import ImportedModel, read_sbml
from tests.interchange.sbml_models import (
    DECAY,
    TIME,
    apply,
    assign,
    ci,
    cn,
    compartment,
    document,
    event,
    listed,
    math,
    of,
    parameter,
    rate,
    reaction,
    species,
    start,
)
from tests.tolerances import CLOSED_FORM

PLACE = listed("Compartments", compartment("c", 2.0))
ONE = listed("Species", species("A", initialConcentration="3"))


def read(content: bytes) -> ImportedModel:
    return read_sbml(content, "small.xml")


def rates(imported: ImportedModel, t: float = 0.0, **state: float) -> dict[str, float]:
    """The rates at the start, or where states are given."""
    here = {**imported.model.initial(imported.theta), **state}
    found = imported.model.rates(t, here, {}, imported.theta)
    return {name: float(value) for name, value in found.items()}


def seen(imported: ImportedModel, t: float = 0.0, **state: float) -> dict[str, float]:
    here = {**imported.model.initial(imported.theta), **state}
    found = imported.model.observe(t, here, {}, imported.theta)
    return {name: float(value) for name, value in found.items()}


def value_of(body: str) -> float:
    """The value of an expression that an assignment rule holds, at time 0.7."""
    read_in = read(
        document(
            listed("Parameters", parameter("x", constant=False), parameter("p", 0.3)),
            listed("Rules", assign("x", body)),
        )
    )
    return seen(read_in, 0.7)["x"]


def test_a_decay_follows_its_closed_form_and_takes_doses() -> None:
    imported = read(DECAY)
    assert imported.theta == {"c": 2.0, "k": 0.5, "initial_A": 6.0}
    times = np.array([0.0, 0.5, 1.0, 4.0])  # the start is the first of them
    course = simulate(imported.model, imported.theta, (), times)
    assert_allclose(course.states["A"], 3.0 * np.exp(-0.5 * times), rtol=CLOSED_FORM)
    assert_allclose(course.outputs["amount_A"], 6.0 * np.exp(-0.5 * times), rtol=CLOSED_FORM)


def test_amounts_are_kept_where_compartments_differ() -> None:
    move = reaction("r", {"A": 1}, {"B": 1}, apply("times", ci("k"), ci("A")))
    imported = read(
        document(
            listed("Compartments", compartment("c", 2.0), compartment("d", 5.0)),
            listed(
                "Species",
                species("A", initialConcentration="3"),
                species("B", "d", initialAmount="1", hasOnlySubstanceUnits="true"),
            ),
            listed("Parameters", parameter("k", 0.5)),
            listed("Reactions", move),
        )
    )
    found = rates(imported)
    assert_allclose(found["B"], 1.5)
    assert_allclose(2.0 * found["A"] + found["B"], 0.0, atol=1e-15)
    assert_allclose(seen(imported)["concentration_B"], 0.2)


def test_a_growing_compartment_dilutes_what_is_in_it() -> None:
    imported = read(
        document(
            listed("Compartments", compartment("c", 2.0, constant=False)),
            ONE,
            listed("Parameters", parameter("g", 0.1), parameter("r", constant=False)),
            listed("Rules", rate("c", apply("times", ci("g"), ci("c"))), assign("r", ci("A"))),
        )
    )
    # The amount stays 6 while the size grows to 3.
    assert_allclose(seen(imported, c=3.0)["A"], 2.0)
    assert_allclose(rates(imported)["c"], 0.2)


def test_stoichiometry_and_conversion_factors_multiply() -> None:
    run = reaction("r", {"A": 2}, {"B": 3}, ci("k"))
    imported = read(
        document(
            listed("Compartments", compartment("c", 1.0)),
            listed(
                "Species",
                species("A", initialAmount="1"),
                species("B", initialAmount="0", conversionFactor="f"),
                species("X", boundary=True, initialAmount="4"),
            ),
            listed("Parameters", parameter("k", 0.5), parameter("f", 10.0)),
            listed("Reactions", run),
        )
    )
    assert rates(imported) == {"A": -1.0, "B": 15.0}
    assert_allclose(imported.theta["initial_A"], 1.0)


def test_parameters_of_one_kinetic_law_are_its_own() -> None:
    law = apply("times", ci("k"), ci("A"))
    imported = read(
        document(
            PLACE,
            ONE,
            listed("Parameters", parameter("k", 7.0)),
            listed(
                "Reactions",
                reaction("r", {"A": 1}, {}, law, '<localParameter id="k" value="0.5"/>'),
                reaction("s", {"A": 1}, {}, law),
            ),
        )
    )
    assert imported.theta["r_k"] == 0.5
    assert_allclose(rates(imported)["A"], -(0.5 + 7.0) * 3.0 / 2.0)


def test_initial_assignments_are_computed_once_from_what_holds_at_the_start() -> None:
    imported = read(
        document(
            PLACE,
            ONE,
            listed(
                "Parameters",
                parameter("p", 4.0),
                parameter("q"),
                parameter("y", 1.0, constant=False),
            ),
            listed("InitialAssignments", start("q", apply("times", ci("p"), ci("A")))),
            listed("Rules", rate("y", apply("plus", ci("q"), TIME))),
        )
    )
    assert_allclose(seen(imported)["q"], 12.0)
    assert_allclose(rates(imported, 5.0)["y"], 17.0)
    other = read_sbml(
        document(
            PLACE, ONE, listed("Parameters", parameter("p", 4.0)),
            listed("InitialAssignments", start("p", cn(9.0))),
        ),
        "small.xml",
        given=frozenset({"p"}),
    )  # fmt: skip
    assert other.theta["p"] == 4.0


def test_functions_of_the_document_are_put_in() -> None:
    arguments = "<bvar><ci>x</ci></bvar><bvar><ci>k</ci></bvar>"
    body = apply("divide", ci("x"), apply("plus", ci("x"), ci("k")))
    lambda_ = math(f"<lambda>{arguments}{body}</lambda>")
    saturation = f'<functionDefinition id="f">{lambda_}</functionDefinition>'
    imported = read(
        document(
            listed("FunctionDefinitions", saturation),
            listed("Parameters", parameter("y", 1.0, constant=False), parameter("k", 5.0)),
            listed("Rules", rate("y", of("f", apply("times", ci("y"), cn(2.0)), ci("k")))),
        )
    )
    assert_allclose(rates(imported, y=5.0)["y"], 10.0 / 15.0)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (apply("power", ci("p"), cn(2.0)), 0.09),
        (apply("root", ci("p")), m.sqrt(0.3)),
        (apply("log", ci("p")), m.log10(0.3)),
        (apply("ln", ci("p")), m.log(0.3)),
        (apply("factorial", cn(5.0)), 120.0),
        (apply("arccoth", cn(2.0)), m.atanh(0.5)),
        (apply("sec", ci("p")), 1.0 / m.cos(0.3)),
        (apply("ceiling", ci("p")), 1.0),
        (apply("rem", cn(-7.0), cn(3.0)), -1.0),
        (apply("quotient", cn(7.0), cn(-3.0)), -2.0),
        (apply("max", ci("p"), TIME, cn(0.1)), 0.7),
        (apply("plus"), 0.0),
        (apply("times"), 1.0),
        (apply("plus", apply("gt", TIME, ci("p")), cn(1.0)), 2.0),
        (apply("xor", "<true/>", "<true/>", "<true/>"), 1.0),
        (apply("implies", apply("lt", TIME, ci("p")), "<false/>"), 1.0),
        (apply("minus", ci("p")), -0.3),
        ("<pi/>", m.pi),
        (
            f"<piecewise><piece>{cn(1.0)}{apply('lt', TIME, cn(0.5))}</piece>"
            f"<piece>{cn(2.0)}{apply('lt', TIME, cn(1.0))}</piece>"
            f"<otherwise>{cn(3.0)}</otherwise></piecewise>",
            2.0,
        ),
    ],
)  # fmt: skip
def test_formulas_have_the_values_of_mathematics(body: str, expected: float) -> None:
    assert_allclose(value_of(body), expected, rtol=CLOSED_FORM)


def test_doses_and_changes_at_known_times_become_records() -> None:
    later = apply("geq", TIME, ci("when"))
    imported = read(
        document(
            PLACE,
            ONE,
            listed("Parameters", parameter("when", 2.0), parameter("k", 0.5, constant=False)),
            listed(
                "Reactions", reaction("r", {"A": 1}, {}, apply("times", ci("c"), ci("k"), ci("A")))
            ),
            listed(
                "Events",
                event("e", later, {"A": apply("plus", ci("A"), cn(4.0)), "k": cn(0.0)}),
                event("never", apply("geq", TIME, cn(0.0)), {"k": cn(9.0)}),
            ),
        )
    )
    assert imported.events is not None
    assert imported.events_read >= {"when", "k"}
    times = np.array([1.0, 3.0, 5.0])
    course = simulate(imported.model, imported.theta, imported.events, times)
    level = 3.0 * m.exp(-1.0) + 4.0
    assert_allclose(course.states["A"], [3.0 * m.exp(-0.5), level, level], rtol=CLOSED_FORM)


LOOSE = listed("Parameters", parameter("x", constant=False), parameter("y", constant=False))
NEW_VALUE = {"A": cn(3.0)}


def test_an_event_that_moves_a_computed_symbol_moves_it_from_its_computed_start() -> None:
    # The covariate once began at the stated value, which the initial assignment replaces.
    imported = read(
        document(
            listed(
                "Parameters",
                parameter("k", 7.0, constant=False),
                parameter("p", 2.0),
                parameter("y", 0.0, constant=False),
            ),
            listed("InitialAssignments", start("k", apply("plus", ci("p"), cn(1.0)))),
            listed("Rules", rate("y", ci("k"))),
            listed("Events", event("e", apply("geq", TIME, cn(1.0)), {"k": cn(5.0)})),
        )
    )
    assert imported.events is not None
    assert [r.covariates for r in imported.events.records] == [(3.0,), (5.0,)]


def test_a_delayed_event_that_keeps_an_earlier_value_is_refused() -> None:
    later = event("e", apply("geq", TIME, cn(1.0)), {"A": apply("plus", ci("A"), cn(1.0))})
    delayed = later.replace("</trigger>", f"</trigger><delay>{math(cn(2.0))}</delay>")
    with pytest.raises(ExchangeError, match="keeps the value of 'A'"):
        read(document(PLACE, ONE, listed("Events", delayed)))
    own_time = delayed.replace(
        'useValuesFromTriggerTime="true"', 'useValuesFromTriggerTime="false"'
    )
    events = read(document(PLACE, ONE, listed("Events", own_time))).events
    assert events is not None
    assert [(r.time, r.amount) for r in events.records] == [(0.0, 0.0), (3.0, 1.0)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            document(
                PLACE, ONE, listed("Events", event("e", apply("lt", ci("A"), cn(1.0)), NEW_VALUE))
            ),
            "a trigger that watches the model",
        ),
        (
            document(
                PLACE, ONE, listed("Events", event("e", apply("geq", TIME, cn(1.0)), NEW_VALUE))
            ),
            "a new value of the state 'A'",
        ),
        (
            document(LOOSE, listed("Rules", f"<algebraicRule>{math(ci('x'))}</algebraicRule>")),
            "an algebraic rule",
        ),
        (
            document(LOOSE, listed("Rules", assign("x", ci("y")), assign("y", ci("x")))),
            "is defined by itself",
        ),
        (document(LOOSE, listed("Rules", assign("x", ci("nobody")))), "'nobody'"),
        (b"", "well-formed XML"),
        (DECAY[:300], "well-formed XML"),
        (b"\xff\xfe\x00\x01", "XML"),
        (DECAY.replace(b"UTF-8", b"UTF-99"), "an encoding of XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><sbml/>', "plain XML"),
        (b"<html/>", "an SBML document"),
        (b"<a>" * 500 + b"</a>" * 500, "nested deeper"),
        (DECAY.replace(b"initialAmount", b'initialAmount="1" initialAmountt'), "valid SBML"),
    ],
)
def test_what_cannot_be_read_is_refused_with_one_sentence(content: bytes, words: str) -> None:
    with pytest.raises(ExchangeError, match=words):
        read(content)


def test_functions_that_grow_when_put_in_are_refused() -> None:
    doubled = {
        f"f{i}": libsbml.parseL3Formula(f"lambda(x, f{i - 1}(x) + f{i - 1}(x))")
        for i in range(1, 60)
    }
    functions = {**doubled, "f0": libsbml.parseL3Formula("lambda(x, x + x)")}
    for text in ("f59(y)", "f0(" * 20 + "y" + ")" * 20):
        reader = FormulaReader("small.xml", functions, largest=1_000)
        with pytest.raises(ExchangeError, match="too large"):
            reader.read(libsbml.parseL3Formula(text), "here")


def test_random_damage_to_a_document_is_an_error_or_a_clean_read() -> None:
    rng, damaged = np.random.default_rng(20260102), 0
    for _ in range(300):
        content = bytearray(DECAY)
        for place in rng.integers(0, len(content), rng.integers(1, 6)):
            content[place] = rng.integers(0, 256)
        cut = int(rng.integers(0, len(content))) if rng.random() < 0.2 else len(content)
        try:
            read(bytes(content[:cut]))
        except ExchangeError:
            damaged += 1
    assert damaged
