"""Small SBML documents written by hand, each around one part of the language."""

from typing import Final

MATH: Final = 'xmlns="http://www.w3.org/1998/Math/MathML"'


def ci(name: str) -> str:
    return f"<ci>{name}</ci>"


def cn(value: float) -> str:
    return f"<cn>{value!r}</cn>"


TIME: Final = (
    '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time">t</csymbol>'
)


def apply(operator: str, *arguments: str) -> str:
    return f"<apply><{operator}/>{''.join(arguments)}</apply>"


def of(function: str, *arguments: str) -> str:
    """A call of a function of the document."""
    return f"<apply>{ci(function)}{''.join(arguments)}</apply>"


def math(body: str) -> str:
    return f"<math {MATH}>{body}</math>"


def listed(kind: str, *items: str) -> str:
    return f"<listOf{kind}>{''.join(items)}</listOf{kind}>" if items else ""


def compartment(name: str, size: float, *, constant: bool = True) -> str:
    return (
        f'<compartment id="{name}" spatialDimensions="3" size="{size}" '
        f'constant="{str(constant).lower()}"/>'
    )


def species(name: str, place: str = "c", boundary: bool = False, **attributes: str) -> str:
    stated = {
        "hasOnlySubstanceUnits": "false",
        "boundaryCondition": str(boundary).lower(),
        "constant": "false",
        **attributes,
    }
    written = " ".join(f'{key}="{value}"' for key, value in stated.items())
    return f'<species id="{name}" compartment="{place}" {written}/>'


def parameter(name: str, value: float | None = None, *, constant: bool = True) -> str:
    stated = "" if value is None else f'value="{value}" '
    return f'<parameter id="{name}" {stated}constant="{str(constant).lower()}"/>'


def reaction(
    name: str, reactants: dict[str, float], products: dict[str, float], law: str, local: str = ""
) -> str:
    sides = (
        (side, "".join(reference(s, number) for s, number in own.items()))
        for side, own in (("Reactants", reactants), ("Products", products))
    )
    written = "".join(f"<listOf{side}>{own}</listOf{side}>" for side, own in sides if own)
    locals_ = f"<listOfLocalParameters>{local}</listOfLocalParameters>" if local else ""
    return (
        f'<reaction id="{name}" reversible="false">{written}'
        f"<kineticLaw>{math(law)}{locals_}</kineticLaw></reaction>"
    )


def reference(name: str, number: float) -> str:
    return f'<speciesReference species="{name}" stoichiometry="{number}" constant="true"/>'


def assign(name: str, body: str) -> str:
    return f'<assignmentRule variable="{name}">{math(body)}</assignmentRule>'


def rate(name: str, body: str) -> str:
    return f'<rateRule variable="{name}">{math(body)}</rateRule>'


def start(name: str, body: str) -> str:
    return f'<initialAssignment symbol="{name}">{math(body)}</initialAssignment>'


def event(name: str, trigger: str, sets: dict[str, str], *, initial: bool = True) -> str:
    written = "".join(
        f'<eventAssignment variable="{v}">{math(body)}</eventAssignment>'
        for v, body in sets.items()
    )
    return (
        f'<event id="{name}" useValuesFromTriggerTime="true">'
        f'<trigger initialValue="{str(initial).lower()}" persistent="true">{math(trigger)}'
        f"</trigger><listOfEventAssignments>{written}</listOfEventAssignments></event>"
    )


def document(*parts: str, attributes: str = "") -> bytes:
    """Return a Level 3 Version 2 document; parts come in the order of the schema."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2">'
        f'<model id="small" {attributes}>{"".join(parts)}</model></sbml>'
    ).encode()


DECAY: Final = document(
    listed("Compartments", compartment("c", 2.0)),
    listed("Species", species("A", initialAmount="6")),
    listed("Parameters", parameter("k", 0.5)),
    listed("Reactions", reaction("r", {"A": 1}, {}, apply("times", ci("c"), ci("k"), ci("A")))),
)
"""A decays by itself from a concentration of 3."""
