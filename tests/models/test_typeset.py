"""LaTeX of the equations: well formed, complete, and of the names that the model has.

All texts were also read once by KaTeX with every doubt an error.
"""

import re

import pytest

from lymphocast.models.component import TIME_AFTER_DOSE
from lymphocast.models.compose import Model
from lymphocast.models.course import COURSE
from lymphocast.models.library import find_model, model_names
from lymphocast.models.typeset import latex_equations, symbol_tex

MODELS: dict[str, Model] = {name: find_model(name).model for name in model_names()}
MODELS["course"] = COURSE
KNOWN = {
    *("begin", "end", "frac", "mathrm", "text", "texttt", "left", "right", "quad", "hline"),
    *("max", "min", "ln", "sqrt", "linewidth", "geq", "leq", "wedge", "vee"),
}


@pytest.mark.parametrize("name", MODELS)
def test_braces_environments_and_commands_are_those_of_latex(name: str) -> None:
    text = latex_equations(MODELS[name])
    bare = re.sub(r"\\[{}\\]", "", text)
    depth = 0
    for character in bare:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    open_ones: list[str] = []
    for what, environment in re.findall(r"\\(begin|end)\{(.*?)\}", text):
        if what == "begin":
            open_ones.append(environment)
        else:
            assert open_ones.pop() == environment
    assert open_ones == []
    assert text.count(r"\left") == text.count(r"\right")
    assert set(re.findall(r"\\([a-zA-Z]+)", text)) <= KNOWN


@pytest.mark.parametrize("name", MODELS)
def test_every_equation_and_every_symbol_is_there_once(name: str) -> None:
    model = MODELS[name]
    equations, table = latex_equations(model).split(r"\end{align*}")
    for state in model.states:
        symbol = symbol_tex(state.name)
        assert equations.count(f"\\frac{{d\\,{symbol}}}{{dt}} &=") == 1
        assert equations.count(f"{symbol}(0) &=") == 1
    for output in model.outputs:
        assert f"{symbol_tex(output.name)} &=" in equations
    for variable in (*model.states, *model.parameters, *model.outputs):
        assert f"${symbol_tex(variable.name)}$ & " in table
    assert all(f"${symbol_tex(name)}$ & " in table for name in model.inputs)
    # No name is left as it stands in Python.
    assert not re.search(r"[^\\]_[a-z]", equations)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("absorption_rate", r"\mathrm{absorption\ rate}"),
        ("peripheral_volume_1", r"\mathrm{peripheral\ volume}_{\mathrm{1}}"),
        ("drug.peripheral_1", r"\mathrm{peripheral}_{\mathrm{1, drug}}"),
        ("effect_site.site_concentration", r"\mathrm{site\ concentration}_{\mathrm{effect\ site}}"),
        (f"{TIME_AFTER_DOSE}gut", r"\mathrm{time\ after\ dose}_{\mathrm{gut}}"),
        ("50%_of{it}", r"\mathrm{50\%\ of\{it\}}"),
    ],
)
def test_names_become_upright_words_with_subscripts(name: str, expected: str) -> None:
    assert symbol_tex(name) == expected


def test_an_equation_reads_as_it_is_written() -> None:
    text = latex_equations(find_model("one-compartment-first-order").model)
    assert (
        r"\mathrm{absorbed} &= \mathrm{absorption\ rate}\,\mathrm{depot}_{\mathrm{absorption}}"
    ) in text
    assert r"\text{lag of a dose into }\mathrm{depot}_{\mathrm{absorption}} &= \mathrm{lag}" in text
    assert r"$\mathrm{clearance}$ & \texttt{L/d} & volume cleared per day, CL \\" in text
