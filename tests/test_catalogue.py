"""Models exported by the command: SBML files, LaTeX, and refusals."""

from pathlib import Path

import libsbml
import pytest

from lymphocast.models.course import COURSE
from lymphocast.models.library import course_values, find_model
from lymphocast.models.typeset import latex_equations
from tests.conftest import Command


def values_in(path: Path) -> dict[str, float]:
    document = libsbml.readSBMLFromFile(str(path))
    assert document.getNumErrors() == 0
    parameters = document.getModel().getListOfParameters()
    return {p.getName(): p.getValue() for p in parameters if p.isSetValue()}


@pytest.mark.parametrize("suffix", [".xml", ".sbml"])
def test_models_writes_sbml_with_the_example_values(
    lymphocast: Command, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"model{suffix}"
    done = lymphocast("models", "mechanism", "--sbml", str(path))
    assert (done.code, done.out, done.err) == (0, f"{path}\n", "")
    written = values_in(path)
    theta = find_model("mechanism").example_theta()
    assert {name: written[name] for name in theta} == pytest.approx(theta, rel=1e-14)


def test_the_course_model_is_written_untreated(lymphocast: Command, tmp_path: Path) -> None:
    path = tmp_path / "course.xml"
    assert lymphocast("models", "course", "--sbml", str(path)).code == 0
    written = values_in(path)
    assert set(course_values()) == {p.name for p in COURSE.parameters}
    assert written["relative_dose"] == written["antibiotic"] == 0.0
    assert (written["il2"], written["recovery"], written["burden_floor"]) == (1.0, 0.0, -5.0)
    assert all(written[p.name] == pytest.approx(course_values()[p.name]) for p in COURSE.parameters)


@pytest.mark.parametrize("name", ["course", "tmdd-qss"])
def test_models_prints_latex(lymphocast: Command, name: str) -> None:
    model = COURSE if name == "course" else find_model(name).model
    done = lymphocast("models", name, "--latex")
    assert (done.code, done.err) == (0, "")
    assert done.out == latex_equations(model) + "\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--latex",), "no model named: --latex exports one model"),
        (("--sbml", "out.xml"), "no model named: --sbml exports one model"),
        (("no-such", "--latex"), "no model 'no-such'"),
        (("no-such", "--sbml", "out.xml"), "no model 'no-such'"),
        (("il2", "--sbml", "out.csv"), "needed one of .xml, .sbml"),
        (("il2", "--sbml", "missing/out.xml"), "does not exist"),
        (("il2", "--latex", "--sbml", "out.xml"), "found --latex and --sbml; needed one of them"),
        (("il2", "--latex", "--structure"), "found --structure and --latex"),
    ],
)
def test_a_wrong_export_is_refused(
    lymphocast: Command, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = lymphocast("models", *arguments, cwd=tmp_path)
    assert done.code == 2
    assert said in done.err
    assert list(tmp_path.iterdir()) == []
