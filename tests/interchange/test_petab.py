"""PEtab problems out and in: another program's checks, the likelihood, and refusals."""

import logging
import math
from contextlib import suppress
from pathlib import Path

import numpy as np
import petab
import pytest
from numpy.testing import assert_allclose

from lymphocast.dataset.events import EventKind, EventRecord, EventTable
from lymphocast.errors import ExchangeError, UsageError
from lymphocast.interchange.petab import read_petab
from lymphocast.interchange.petab_formula import read_formula
from lymphocast.interchange.petab_problem import (
    PetabParameter,
    PetabPrior,
    PetabPriorFamily,
    PetabScale,
)
from lymphocast.interchange.petab_write import PetabScatter, write_petab
from lymphocast.models.formula import evaluate
from lymphocast.models.library import find_model
from tests.interchange.sbml_models import DECAY
from tests.tolerances import CLOSED_FORM

MODEL = find_model("one-compartment-iv")
OBSERVED = MODEL.model.outputs[0].name
STATE = MODEL.model.states[0].name
PRIOR = PetabPrior(PetabPriorFamily.LOG_NORMAL, -1.0, 0.5)
SD = PetabParameter("sd_level", PetabScale.LOG10, 0.01, 10.0, 0.5, True, PRIOR)


def individual(name: str, *values: float, dose: float = 100.0) -> EventTable:
    given = EventRecord(0.0, EventKind.DOSE, STATE, dose)
    seen = (EventRecord(float(i), compartment=OBSERVED, value=v) for i, v in enumerate(values, 1))
    return EventTable(name, (given, *seen))


def estimated() -> list[PetabParameter]:
    theta = MODEL.example_theta()
    first = next(iter(theta))
    return [PetabParameter(first, PetabScale.LOG, 1e-3, 1e3, theta[first], True), SD]


def written(folder: Path) -> Path:
    people = [individual("one", 4.0, 3.0), individual("7-b", 5.0, 2.5)]
    scatter = {OBSERVED: PetabScatter("sd_level", PetabScale.LOG)}
    return write_petab(folder, MODEL.model, MODEL.example_theta(), people, estimated(), scatter)


# petab 0.2.1 reads its tables with arguments that pandas will drop.
@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_a_written_problem_passes_the_checks_of_petab(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path)
    # Nor does it know the strings of newer versions.
    with (
        caplog.at_level(logging.ERROR),
        petab.problem.pd.option_context("future.infer_string", False),
    ):
        problem = petab.Problem.from_yaml(str(path))
        assert not petab.lint_problem(problem), caplog.text


def test_a_written_problem_comes_back(tmp_path: Path) -> None:
    problem = read_petab(written(tmp_path))
    assert list(problem.parameters.values()) == estimated()
    assert list(problem.conditions) == ["one", "individual_2"]
    assert [(m.time, m.value) for m in problem.measurements] == [
        (1.0, 4.0), (2.0, 3.0), (1.0, 5.0), (2.0, 2.5),
    ]  # fmt: skip
    assert problem.model.events is not None
    assert problem.model.events.records[-1].amount == 100.0


def test_individuals_with_different_doses_are_refused(tmp_path: Path) -> None:
    people = [individual("a", 4.0), individual("b", 4.0, dose=50.0)]
    scatter = {OBSERVED: PetabScatter(0.1)}
    with pytest.raises(UsageError, match="different doses"):
        write_petab(tmp_path, MODEL.model, MODEL.example_theta(), people, [], scatter)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("log(x) + log10(y) * 2", math.log(3.0) + 2 * math.log10(5.0)),
        ("x**2 - y^2", -16.0),
        ("piecewise(1, x > y, 2)", 2.0),
        ("-sqrt(x) * exp(-y)", -math.sqrt(3.0) * math.exp(-5.0)),
        ("log2(x)", math.log2(3.0)),
        ("1e-3*x/(y + x)", 1e-3 * 3 / 8),
    ],
)
def test_formulas_mean_what_petab_means(text: str, value: float) -> None:
    found = evaluate(read_formula(text, "observables.tsv", "here"), {"x": 3.0, "y": 5.0})
    assert_allclose(float(found), value, rtol=CLOSED_FORM)


TABLES = {
    "problem.yaml": (
        "format_version: 1\nparameter_file: parameters.tsv\nproblems:\n"
        "- sbml_files: [model.xml]\n  condition_files: [conditions.tsv]\n"
        "  observable_files: [observables.tsv]\n  measurement_files: [measurements.tsv]\n"
        "  visualization_files: [figures.tsv]\n"
    ),
    "conditions.tsv": (
        "conditionId\tconditionName\tA\tk\nlow\tLow\t3\tk_low\nhigh\tHigh\t5\tk_high\n"
    ),
    "observables.tsv": (
        "observableId\tobservableFormula\tnoiseFormula\tobservableTransformation\t"
        "noiseDistribution\n"
        "a\tobservableParameter1_a * A\tnoiseParameter1_a\tlin\tnormal\n"
        "b\tamount_A + offset\t0.1 * b\tlog10\tlaplace\n"
    ),
    "measurements.tsv": (
        "observableId\tsimulationConditionId\tmeasurement\ttime\tobservableParameters\t"
        "noiseParameters\n"
        "a\tlow\t5.0\t0\tscale\tsd\n"
        "a\thigh\t4.0\t2\t2.0\t0.5\n"
        "b\thigh\t6.0\t1\t\t\n"
    ),
    "parameters.tsv": (
        "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n"
        "k_low\tlog10\t0.01\t10\t0.5\t1\nk_high\tlin\t0.01\t10\t0.25\t1\n"
        "scale\tlin\t0\t10\t1.5\t1\nsd\tlog\t0.1\t10\t0.8\t1\noffset\tlin\t0\t1\t0.5\t0\n"
    ),
}  # fmt: skip


def tables(folder: Path, **changed: str) -> Path:
    (folder / "model.xml").write_bytes(DECAY)
    for name, text in TABLES.items():
        (folder / name).write_text(changed.get(name.partition(".")[0], text))
    return folder / "problem.yaml"


def test_tables_are_read_with_their_overrides(tmp_path: Path) -> None:
    problem = read_petab(tables(tmp_path))
    assert [p.name for p in problem.estimated] == ["k_low", "k_high", "scale", "sd"]
    assert problem.nominal["offset"] == 0.5
    assert [d.where for d in problem.dropped] == ["problem.yaml"]
    assert problem.observables["b"].transformation is PetabScale.LOG10


@pytest.mark.parametrize(
    ("table", "old", "new", "words"),
    [
        ("problem", "format_version: 1", "format_version: 2.0.0", "needed 1"),
        ("problem", "model.xml", "https://example.org/model.xml", "beside the problem"),
        ("problem", "problems:", "problems: &x", "anchor"),
        ("measurements", "observableId", "observable", "no column 'observableId'"),
        ("measurements", "a\tlow\t5.0\t0", "a\tlow\tfive\t0", "line 2: found 'five'"),
        ("measurements", "a\tlow\t5.0\t0", "a\tlow\t5.0\tinf", "steady state"),
        ("measurements", "a\tlow", "a\tmiddle", "'middle'"),
        ("measurements", "a\tlow", "q\tlow", "'q'"),
        ("measurements", "\tsd\n", "\t\n", "'noiseParameter1_a'"),
        ("observables", "laplace", "cauchy", "one of normal, laplace"),
        ("observables", "amount_A +", "amount_A + (", "a formula"),
        ("parameters", "scale\tlin", "scale\tln", "one of lin, log, log10"),
        ("parameters", "scale\tlin\t0\t10", "scale\tlin\t10\t0", "a lower and a higher one"),
        ("conditions", "\tk\n", "\tr\n", "'r', whose start"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(
    tmp_path: Path, table: str, old: str, new: str, words: str
) -> None:
    text = TABLES[f"{table}.{'yaml' if table == 'problem' else 'tsv'}"]
    assert old in text
    path = tables(tmp_path, **{table: text.replace(old, new)})
    with pytest.raises(ExchangeError, match=words):
        read_petab(path)


def test_random_damage_to_a_table_is_an_error_or_a_clean_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(20260103)
    path = tables(tmp_path)
    for name in TABLES:
        whole = (tmp_path / name).read_bytes()
        for _ in range(15):
            content = bytearray(whole)
            for place in rng.integers(0, len(content), 3):
                content[place] = rng.integers(0, 256)
            (tmp_path / name).write_bytes(content)
            with suppress(ExchangeError, FileNotFoundError):
                read_petab(path)
        (tmp_path / name).write_bytes(whole)
