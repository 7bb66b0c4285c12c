r"""The equations of a model as LaTeX, from the text that is also evaluated.

Names stay as they are, upright: ``peripheral_volume_1`` becomes "peripheral volume" with the
subscript 1, the state ``drug.central`` "central" with the subscript "drug". An output that another
component reads stands there by its name. The text needs the package ``amsmath`` and no other.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sympy

from lymphocast.models.component import TIME_AFTER_DOSE, Component
from lymphocast.models.dimensions import check_units
from lymphocast.models.symbolic import Expression, Part, trace_parts

LONGEST_LINE = 160  # characters of TeX; a longer sum gets a line for each term
_SPECIAL = re.compile(r"[\\{}$&#%_^~<>|]")
_ESCAPED = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def latex_equations(model: Component) -> str:
    """Return rates, initial values, dosing and outputs of a model, and a table of its symbols.

    Raises
    ------
    UsageError
        If the equations cannot be read as expressions.
    """
    parts = trace_parts(model)
    lines = [line for part in parts for line in _part_lines(part)]
    equations = " \\\\\n".join(lines)
    return "\n".join(
        (
            f"\\begin{{align*}}\n{equations}\n\\end{{align*}}",
            "\\begin{tabular}{llp{0.5\\linewidth}}",
            "Symbol & Unit & Meaning \\\\\n\\hline",
            *(f"${name}$ & {unit} & {meaning} \\\\" for name, unit, meaning in _symbols(model)),
            "\\end{tabular}\n",
        )
    )


def symbol_tex(name: str) -> str:
    """Return a name of the model as upright words with a subscript."""
    front, dot, state = name.partition(".")
    base, below = (state, [front]) if dot else (front, [])
    if name.startswith(TIME_AFTER_DOSE):
        base, below = front, [state]
    words = base.split("_")
    if len(words) > 1 and words[-1].isdigit():
        below = [words.pop(), *below]
    upright = r"\ ".join(_escaped(word) for word in words if word)
    under = ", ".join(_escaped(part).replace(r"\_", r"\ ") for part in below)
    return f"\\mathrm{{{upright}}}" + (f"_{{\\mathrm{{{under}}}}}" if under else "")


def _part_lines(part: Part) -> Iterator[str]:
    """The equations of one component, as lines of an alignment."""
    traced = part.traced
    names = {symbol: symbol_tex(part.prefix + n) for n, symbol in traced.states.items()}
    names |= {s: symbol_tex(n) for n, s in (*traced.parameters.items(), *traced.inputs.items())}
    for name, rate in traced.rates.items():
        symbol = names[traced.states[name]]
        yield _line(f"\\frac{{d\\,{symbol}}}{{dt}}", rate, names)
    for name, value in part.initial.items():
        yield _line(f"{names[traced.states[name]]}(0)", value, names)
    for name, way in part.dosing.items():
        symbol = names[traced.states[name]]
        for what, value, usual in (
            ("fraction", way.fraction, 1),
            ("lag", way.lag, 0),
            ("duration", way.duration, 0),
        ):
            if _plain(value) != usual:
                yield _line(f"\\text{{{what} of a dose into }}{symbol}", value, names)
    for name, value in traced.outputs.items():
        yield _line(symbol_tex(name), value, names)


def _line(left: str, right: Expression, names: Mapping[Expression, str]) -> str:
    """One equation; a long sum is broken before each term."""
    whole = _plain(right)
    text = _tex(whole, names)
    if len(text) <= LONGEST_LINE or not whole.is_Add:
        return f"{left} &= {text}"
    first, *rest = [_tex(term, names) for term in whole.as_ordered_terms()]
    broken = [t if t.startswith("-") else f"+ {t}" for t in rest]
    return f"{left} &= {first}" + "".join(f" \\\\\n&\\quad {{}} {term}" for term in broken)


def _plain(expression: Expression) -> Expression:
    """Write whole numbers without a point, and choices between conditions with and, or, not."""
    floats = expression.atoms(sympy.Float)
    whole = {x: sympy.Integer(int(x)) for x in floats if float(x).is_integer()}
    return expression.xreplace(whole).replace(sympy.ITE, _choice)


def _choice(condition: Expression, one: Expression, other: Expression) -> Expression:
    return sympy.Or(sympy.And(condition, one), sympy.And(sympy.Not(condition), other))


def _tex(expression: Expression, names: Mapping[Expression, str]) -> str:
    text: str = sympy.latex(
        expression, symbol_names=dict(names), mul_symbol=r"\,", ln_notation=True
    )
    return text


def _symbols(model: Component) -> Iterable[tuple[str, str, str]]:
    """Symbol, unit and meaning of every variable."""
    found: list[Any] = [*model.states, *model.parameters, *model.outputs]
    for variable in found:
        yield symbol_tex(variable.name), _unit(variable.unit), _escaped(variable.meaning)
    forcings = check_units(model).inputs
    for name in model.inputs:
        if name.startswith(TIME_AFTER_DOSE):
            into = _escaped(name.removeprefix(TIME_AFTER_DOSE))
            yield symbol_tex(name), _unit("d"), f"time since the last dose into {into}"
        else:
            yield symbol_tex(name), _unit(str(forcings.get(name, ""))), "given from outside"


def _unit(code: str) -> str:
    return f"\\texttt{{{_escaped(code)}}}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPED.get(found[0], f"\\{found[0]}"), text)
