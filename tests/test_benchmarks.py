"""The benchmark's own parts: what it refuses to time, what it writes, what it says is missing.

No time is asserted here.
"""

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from benchmarks import course
from benchmarks.founding import problem, tables
from benchmarks.founding.components import founding
from benchmarks.ours import OWN
from benchmarks.peers.equations import rates_of
from benchmarks.programs import OURS, PROGRAMS, YARDSTICKS
from benchmarks.results import Measurement, Results
from benchmarks.run import PROBLEMS, chosen_programs, in_turns
from benchmarks.start import seconds
from benchmarks.task import FOUNDING, PER_DRAW, PER_PATIENT, WrongAnswerError, founding_task
from benchmarks.worker import first_answer
from numpy.testing import assert_allclose
from rich.console import Console

from lymphocast.inference.hypotheses import HYPOTHESES
from tests.tolerances import CLOSED_FORM

LSODA, DOP853 = (y.name for y in YARDSTICKS)
SCIPY = PROGRAMS["SciPy odeint"]
STEADY = 1e-12  # /uL/d, of counts of some 200/uL: roundings of the steady state


def took(*seconds: float) -> Measurement:
    errors = {"cd4_error": 1e-7, "lnb_error": 1e-5}
    return Measurement(PER_PATIENT, 100, seconds, errors, 7.0, 300.0)


@pytest.fixture
def results() -> Results:
    ours, lsoda, dop853 = took(0.1, 0.3, 0.2), took(4.0, 6.0, 5.0), took(1.0, 1.5, 4.0)
    found = Results({"affine": {OURS.name: ours, LSODA: lsoda, DOP853: dop853}})
    draws = Measurement(PER_DRAW, 1000, (0.02, 0.04, 0.03), {"log_evidence_error": 0.07}, 9.0, 1.0)
    found.measured["course"] = {OURS.name: draws}
    found.versions[LSODA] = {"numbalsoda": "0.3.4"}
    return found


def test_the_file_has_cost_errors_and_ratio_by_program_and_problem(
    results: Results, tmp_path: Path
) -> None:
    path = tmp_path / "latest.json"
    results.write(path)
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["machine"]["processor"]
    assert written["versions"][LSODA] == {"numbalsoda": "0.3.4"}
    assert written["programs"][LSODA]["affine"]["cpu_ms_per_patient"] == pytest.approx(50.0)
    assert written["programs"][LSODA]["affine"]["cpu_ms_per_patient_min"] == pytest.approx(40.0)
    assert "ratio_to_numbalsoda" not in written["programs"][LSODA]["affine"]
    ours = written["programs"][OURS.name]
    assert {"cd4_error", "lnb_error", "patients"} <= ours["affine"].keys()
    assert ours["course"]["cpu_us_per_draw"] == pytest.approx(30.0)
    assert ours["course"]["draws"] == 1000


def test_the_ratio_says_how_many_times_our_cost_that_of_lsoda_is(results: Results) -> None:
    ours = results.as_json()["programs"][OURS.name]["affine"]
    assert ours["ratio_to_numbalsoda"] == pytest.approx(25.0)  # of 40, 20 and 25
    assert ours["ratios"][LSODA]["max"] == pytest.approx(40.0)
    assert ours["ratios"][LSODA]["min"] == pytest.approx(20.0)
    assert ours["ratios"][DOP853]["median"] == pytest.approx(10.0)  # of 10, 5 and 20


def test_tables_name_every_program_and_what_is_missing(results: Results) -> None:
    results.missing["SciPy odeint"] = {"affine": "No module named 'scipy'"}
    console = Console(width=120)
    with console.capture() as printed:
        results.print_to(console)
    for text in (OURS.name, LSODA, DOP853, "cpu_us_per_draw", "No module named 'scipy'"):
        assert text in printed.get()


def test_without_its_environment_a_peer_is_missing_and_the_rest_goes_on(tmp_path: Path) -> None:
    found = Results()
    absent = replace(YARDSTICKS[0], environment=tmp_path / "none")
    in_turns([absent, SCIPY], "affine", found, repeats=1)
    assert "gfortran" in found.missing[LSODA]["affine"]
    assert not found.wrong
    assert list(found.measured["affine"]) == [SCIPY.name]
    assert len(found.measured["affine"][SCIPY.name].spent) == 1
    assert found.versions[SCIPY.name].keys() == {"scipy", "numpy"}


def test_a_package_that_is_not_installed_is_missing() -> None:
    task, message = first_answer(replace(SCIPY, entry="benchmarks.peers.nowhere:solve"), "affine")
    assert task is None
    assert "nowhere" in message["missing"]


def test_an_answer_that_is_off_is_not_timed() -> None:
    exact = problem.reference(True)
    task = founding_task(lambda feedback, patients: exact, True, 100, (1e-6, 1e-4))
    assert max(task.checked(exact).values()) == 0.0
    for wrong in ((1.0 + 2e-6, 0.0), (1.0, 2e-4), (np.nan, 0.0)):
        with pytest.raises(WrongAnswerError, match="_error is"):
            task.checked((exact[0] * wrong[0], exact[1] + wrong[1]))


def test_programs_are_chosen_by_how_their_names_begin() -> None:
    assert chosen_programs(["numba", "SCIPY odeint"]) == (*YARDSTICKS, SCIPY)
    assert chosen_programs(None) == tuple(PROGRAMS.values())


def test_problems_of_our_own_are_there() -> None:
    assert tuple(OWN) == OURS.problems
    assert (*FOUNDING, *OWN) == PROBLEMS
    assert set(course.oracle()) == set(HYPOTHESES)


@pytest.mark.parametrize("peer", ["diffrax", "roadrunner", "scipy"])
def test_the_ways_to_use_a_peer_exist(peer: str) -> None:
    module = import_module(f"benchmarks.peers.{peer}")
    entries = [p.entry.split(":") for p in PROGRAMS.values()]
    assert [hasattr(module, function) for name, function in entries if name == module.__name__]


def test_the_schedule_gives_every_dose_and_covers_every_output_once() -> None:
    plan = tables.schedule()
    total = {"il2.depot": 0.0, "clarithromycin.gut": 0.0}
    for dose in problem.doses():
        total[dose.compartment] += dose.amount
    given = plan.given.sum(axis=0)
    assert_allclose(given[[tables.DEPOT, tables.GUT]], list(total.values()), rtol=CLOSED_FORM)
    assert given.sum() == pytest.approx(sum(total.values()))
    covered = [i for a, n in zip(plan.first, plan.number, strict=True) for i in range(a, a + n)]
    assert covered == list(range(1, len(problem.TIMES)))


@pytest.mark.parametrize(("variant", "feedback"), FOUNDING.items())
def test_the_peers_equations_are_those_of_the_components(variant: str, feedback: bool) -> None:
    parameters, start = tables.lanes(feedback, 3)
    slopes = np.empty(len(tables.STATES))
    rates_of(feedback)(0.0, start[1], slopes, parameters[1])
    assert np.abs(slopes[[tables.RESTING, tables.DIVIDING]]).max() < STEADY

    state = start[1] + np.array([0.7, 3.0, 200.0, 1.3, 60.0, -0.02, 0.4])
    rates_of(feedback)(0.0, state, slopes, parameters[1])
    model = founding(feedback)
    names = [s.name for s in model.states]
    theta = {n: v[1] for n, v in problem.population(feedback, 3).items()}
    expected = model.rates(0.0, dict(zip(names, state, strict=True)), {}, theta)
    assert_allclose(slopes, [float(expected[n]) for n in names], rtol=CLOSED_FORM)


def test_a_first_simulation_is_timed_only_if_it_is_solved(tmp_path: Path) -> None:
    assert isinstance(seconds("one-compartment-iv", tmp_path), float)
    assert "no model 'one-compartment'" in str(seconds("one-compartment", tmp_path))
