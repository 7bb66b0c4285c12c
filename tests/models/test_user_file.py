"""Models in a Python file: what is found, and for each kind of fault the sentence that says it."""

from pathlib import Path

import pytest

from lymphocast.errors import UsageError
from lymphocast.models.compose import Model
from lymphocast.models.course import COURSE
from lymphocast.models.library import find_model, model_names
from lymphocast.models.model_check import model_faults
from lymphocast.models.user_file import load_model, read_user_model

HEAD = """\
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.compose import Model
from lymphocast.models.maths import exp, positive
"""
RIGHT = (
    HEAD
    + """\
@dataclass(frozen=True)
class Drug:
    name: ClassVar = "drug"
    states: ClassVar = (Variable("depot", "mg", "dose"), Variable("central", "mg", "amount"))
    parameters: ClassVar = (
        Variable("absorption_rate", "/d", "ka"),
        Variable("clearance", "L/d", "CL"),
        Variable("volume", "L", "V"),
    )
    inputs: ClassVar = ("weight",)
    outputs: ClassVar = (Variable("concentration", "mg/L", "C"),)

    def initial(self, theta):
        return {"depot": 0.0, "central": 0.0}

    def dosing(self, theta):
        return {"depot": Dosing()}

    def rates(self, t, state, inputs, theta):
        ka = theta["absorption_rate"]
        absorbed = ka * state["depot"]
        gone = theta["clearance"] / theta["volume"] * state["central"] * inputs["weight"]
        return {"depot": -absorbed, "central": absorbed - gone}

    def observe(self, t, state, inputs, theta):
        return {"concentration": state["central"] / theta["volume"]}
"""
)
KA_LINE = RIGHT[: RIGHT.index("        ka = ")].count("\n") + 1


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    return path


def fault(folder: Path, text: str) -> str:
    with pytest.raises(UsageError) as raised:
        load_model(write(folder, text))
    said = str(raised.value)
    assert said.startswith("mine.py")
    assert "\n" not in said
    return said


@pytest.mark.parametrize("name", model_names())
def test_no_model_of_the_library_has_a_fault(name: str) -> None:
    assert model_faults(find_model(name).model) == ()


def test_the_course_model_has_no_fault() -> None:
    assert model_faults(COURSE) == ()


def test_annotations_may_be_texts(tmp_path: Path) -> None:
    assert (
        load_model(write(tmp_path, f"from __future__ import annotations\n{RIGHT}")).name == "drug"
    )


@pytest.mark.parametrize(
    ("end", "found"),
    [
        ("", "drug"),
        ("other = Drug()\n", "drug"),
        ("model = Drug\n", "drug"),
        ("first = Drug()\nmodel = Model('whole', (first,))\n", "whole"),
        ("from lymphocast.models.il2 import SubcutaneousIL2\n", "drug"),
        ("first = again = Drug()\n", "drug"),
    ],
)
def test_the_one_model_of_a_file_is_found(tmp_path: Path, end: str, found: str) -> None:
    assert load_model(write(tmp_path, RIGHT + end)).name == found


def test_a_file_may_give_values_to_try_the_model_with(tmp_path: Path) -> None:
    path = write(tmp_path, RIGHT + "theta = {'clearance': 30, 'volume': 20.0}\n")
    assert read_user_model(path).theta == {"clearance": 30.0, "volume": 20.0}
    for values, said in (
        ("{'clearence': 1.0}", "theta['clearence'] is the value of no parameter; needed 'cleara"),
        ("{'clearance': 'x'}", "found 'x' for theta['clearance']; needed a finite number"),
        ("{'clearance': float('nan')}", "found nan for theta['clearance']"),
        ("3", "found a int named `theta`"),
    ):
        assert said in fault(tmp_path, RIGHT + f"theta = {values}\n")


def test_a_frozen_class_of_an_own_module_can_be_simulated_twice(tmp_path: Path) -> None:
    one, other = (load_model(write(tmp_path, RIGHT)) for _ in range(2))
    assert hash(one) == hash(one)
    assert isinstance(Model("whole", (other,)), Model)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:\n", "line 1: invalid syntax"),
        ("x = 1\ny = x / 0\n", "line 2: ZeroDivisionError: division by zero"),
        ("import nowhere_at_all\n", "line 1: ModuleNotFoundError"),
        ("raise SystemExit(3)\n", "line 1: SystemExit: 3"),
        ("x = 1\n", "found none; needed one component, or a model named `model`"),
        (RIGHT + "class Other(Drug):\n    pass\n", "found Drug, Other; needed one component"),
        (RIGHT + "a = Drug()\nb = Model('m', (a,))\n", "found a, b; needed one component"),
        (RIGHT + "model = 3\n", "found a int named `model`; needed a component"),
        (
            RIGHT + "model = Model('m', (Drug(), Drug()))\n",
            f"line {RIGHT.count(chr(10)) + 1}: model 'm': component 'drug' is defined twice",
        ),
    ],
)
def test_a_file_that_defines_no_model_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in fault(tmp_path, text)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.py: no such file"):
        load_model(tmp_path / "gone.py")
    (tmp_path / "mine.py").write_bytes(b"x = '\xff'\n")
    with pytest.raises(UsageError, match=r"mine\.py"):
        load_model(tmp_path / "mine.py")


METHOD = '    def dosing(self, theta):\n        return {"depot": Dosing()}\n'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('    name: ClassVar = "drug"\n', "", "class 'Drug' has no name"),
        ('("weight",)', '"weight"', "found a str for `inputs`; needed a tuple of names"),
        (METHOD, "", "class 'Drug' has no `dosing`; needed a method dosing(self, theta), which"),
        ("rates(self, t, state, inputs", "rates(self, t, state", "found rates(t, state, theta); "),
        ('    outputs: ClassVar = (Variable("concentration", "mg/L", "C"),)\n', "", "`outputs`"),
        ('(Variable("concentration", "mg/L", "C"),)', '("concentration",)', "needed Variable(name"),
        ('Variable("volume", "L"', 'Variable("the volume", "L"', "needed letters, digits and"),
        ("@dataclass(frozen=True)", "@dataclass", "class 'Drug' cannot be hashed"),
        (
            "@dataclass(frozen=True)\nclass Drug:\n",
            "class Drug:\n    def __init__(self):\n        self.factor = 2.0\n",
            "class 'Drug' can change (factor); needed @dataclass(frozen=True)",
        ),
        (
            'Variable("volume", "L", "V"),',
            'Variable("clearance", "L", "V"),',
            "found two parameters named 'clearance'",
        ),
        ('Variable("volume"', 'Variable("depot"', "'depot' is a parameter and a state; needed two"),
        ('("weight",)', '("volume",)', "'volume' is a parameter and an input; needed two names"),
        ('("weight",)', '("weight", "time_after_dose.dept")', "clock of no state; needed 'depot'?"),
    ],
)
def test_a_class_or_a_name_at_fault_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert RIGHT.count(old) >= 1
    assert said in fault(tmp_path, RIGHT.replace(old, new, 1))


KA = 'ka = theta["absorption_rate"]'
QUOTED = f" (line {KA_LINE}: "


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            KA,
            'ka = theta["absorbtion_rate"]',
            "rates reads 'absorbtion_rate', which is no state, input or parameter; needed "
            f"'absorption_rate'?{QUOTED}ka = theta[\"absorbtion_rate\"])",
        ),
        (KA, 'ka = theta["depot"]', "rates reads 'depot', which is a state; needed state['depot']"),
        (KA, 'ka = inputs["wieght"]', "rates reads 'wieght'"),
        ('["central"] / theta', '["middle"] / theta', "observe reads 'middle'"),
        ('"depot": 0.0, ', "", "initial gives no value for 'depot'"),
        ('"depot": 0.0,', '"dpot": 0.0,', "initial names 'dpot', which is no state; needed 'dep"),
        ('{"depot": Dosing()}', '{"skin": Dosing()}', "dosing names 'skin', which is no state"),
        ('{"depot": Dosing()}', '{"depot": 0.5}', "dosing gives a float for 'depot'; needed a Dos"),
        ('{"depot": Dosing()}', '{"depot": Dosing(theta["F"])}', "dosing reads 'F', which is no"),
        ('"depot": -absorbed, ', "", "'depot' has no rate"),
        ('"depot": -absorbed', '"depot": -absorbed, "skin": 0.0', "a rate is given for 'skin'"),
        ('{"concentration":', '{"level":', "'concentration' has no output"),
        ('return {"depot": -absorbed', '{"depot": -absorbed', "gives no values by name"),
        ('"depot": -absorbed', '"depot": [-absorbed]', "rates gives no single number for 'depot'"),
        (KA, f'{KA} if state["depot"] > 1.0 else 0.0', "rates: `if`, `and`, `min`, `max`"),
        (KA, f'{KA} if state["depot"] == 1.0 else 0.0', "rates: `if`, `and`, `min`, `max`"),
        (KA, 'ka = max(theta["absorption_rate"], 0.0)', f"hill of lymphocast.models.maths{QUOTED}"),
        (KA, 'import math; ka = math.exp(state["depot"])', "functions of lymphocast.models.maths"),
        (KA, 'import numpy; ka = numpy.exp(state["depot"])', "functions of lymphocast.models.mat"),
        (KA, 'ka = float(theta["absorption_rate"])', "functions of lymphocast.models.maths (exp,"),
        (KA, 'ka = expp(state["depot"])', f"rates: NameError: name 'expp' is not defined{QUOTED}"),
    ],
)
def test_an_equation_at_fault_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert RIGHT.count(old) == 1
    found = fault(tmp_path, RIGHT.replace(old, new))
    assert said in found
    assert "component 'drug'" in found or "model 'drug'" in found


SECOND = """\
@dataclass(frozen=True)
class Effect:
    name: ClassVar = "effect"
    states: ClassVar = ()
    parameters: ClassVar = (Variable("slope", "L/mg", "slope"), Variable("volume", "mL", "V"))
    inputs: ClassVar = ("concentration",)
    outputs: ClassVar = (Variable("effect", "1", "E"),)

    def initial(self, theta):
        return {}

    def dosing(self, theta):
        return {}

    def rates(self, t, state, inputs, theta):
        return {}

    def observe(self, t, state, inputs, theta):
        return {"effect": theta["slope"] * inputs["concentration"]}

model = Model("whole", (Drug(), Effect()))
"""


def test_components_share_a_parameter_in_one_unit(tmp_path: Path) -> None:
    said = fault(tmp_path, RIGHT + SECOND)
    assert "parameter 'volume' has the unit 'L' in component 'drug' and 'mL' in 'effect'" in said
    right = SECOND.replace(', Variable("volume", "mL", "V")', ",")
    assert load_model(write(tmp_path, RIGHT + right)).name == "whole"
    clash = right.replace('Variable("slope", "L/mg", "slope")', 'Variable("weight", "kg", "W")')
    said = fault(tmp_path, RIGHT + clash.replace('theta["slope"]', 'theta["weight"]'))
    assert "'weight' is a parameter of component 'effect' and an input of another" in said


def test_further_faults_are_counted(tmp_path: Path) -> None:
    text = RIGHT.replace('    name: ClassVar = "drug"\n', "").replace(METHOD, "")
    assert fault(tmp_path, text).endswith("(and 1 more)")
