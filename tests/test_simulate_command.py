"""The command ``simulate``: options, populations, users' models, and every bad event table."""

from pathlib import Path

import pytest

from lymphocast.catalogue import outcome_lines
from lymphocast.engine.settings import SolveStatus
from lymphocast.forecast.simulation import Simulated
from tests.conftest import ROOT, Command
from tests.interchange.sbml_models import (
    TIME,
    apply,
    ci,
    cn,
    compartment,
    document,
    event,
    listed,
    parameter,
    reaction,
    species,
)

EVENTS = "ID,TIME,AMT,CMT,EVID,II,ADDL\n1,0,100,1,1,1,2\n1,4,.,1,0,.,.\n"


def test_simulate_writes_every_individual_and_says_how_it_ended(
    lymphocast: Command, tmp_path: Path
) -> None:
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    asked = ("simulate", "one-compartment-iv", "events.csv", "-o", "out.csv")
    done = lymphocast(*asked, "--theta", "clearance=0", "--times", "0.5,4", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("1: ")
    header, *rows = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    amount = header.split(",").index("drug.central")
    # Without clearance the doses of days 0, 1 and 2 add up.
    assert [float(row.split(",")[amount]) for row in rows] == pytest.approx([100.0, 300.0])


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (("--theta", "clarance=1"), "'clearance'?"),
        (("--theta", "clearance"), "NAME=VALUE"),
        (("--times", "soon"), "study days such as"),
    ],
)
def test_simulate_refuses_what_it_cannot_read(
    lymphocast: Command, tmp_path: Path, extra: tuple[str, str], said: str
) -> None:
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    asked = ("simulate", "one-compartment-iv", "events.csv", "-o", "out.csv", *extra)
    done = lymphocast(*asked, cwd=tmp_path)
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / "out.csv").exists()


def test_simulate_draws_a_population_and_writes_its_parameters(
    lymphocast: Command, tmp_path: Path
) -> None:
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    (tmp_path / "omega.csv").write_text("clearance,volume\n0.09\n0.03,0.04\n", encoding="utf-8")
    asked = ("simulate", "one-compartment-iv", "events.csv", "-o", "out.csv", "-n", "4")
    drawn = ("--omega", "omega.csv", "--seed", "7", "--parameters", "theta.csv")
    done = lymphocast(*asked, *drawn, cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == "seed 7"
    assert done.out.splitlines()[1].startswith("1: ")
    header, *rows = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert header.startswith("ID,REP,TIME,")
    assert len(rows) == 2 * 4
    header, *rows = (tmp_path / "theta.csv").read_text(encoding="utf-8").splitlines()
    assert header == "ID,REP,clearance,volume"
    assert len(set(rows)) == 4


def test_many_outcomes_are_counted_and_failures_named() -> None:
    solved, failed = SolveStatus.SOLVED, SolveStatus.NOT_FINITE
    few = (Simulated("A", solved), Simulated("B", failed, 10, 3, "the rate of 'x' is nan"))
    assert list(outcome_lines(few)) == [
        f"A: {solved.value}",
        f"B: 3 of 10 failed: {failed.value} The rate of 'x' is nan.",
    ]
    many = [Simulated(str(i), failed if i == 5 else solved, 1, int(i == 5)) for i in range(100)]
    assert list(outcome_lines(many)) == [
        f"5: {failed.value}",
        "100 individuals, 1 with a solve that failed",
    ]


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (("-n", "3"), "needed --omega"),
        (("-n", "0"), "-n"),
        (("--omega", "absent.csv"), "absent.csv"),
        (("--rule", "sometimes"), "locf"),
        (("--covariate", "weight"), "no parameter 'weight'"),
        (("--covariate", "volume", "--theta", "volume=1"), "needed one or the other"),
        (("--parameters", "out.csv"), "two files"),
        (("--parameters", "out.txt"), ".csv"),
    ],
)
def test_options_of_simulate_that_make_no_sense_are_refused(
    lymphocast: Command, tmp_path: Path, extra: tuple[str, ...], said: str
) -> None:
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    asked = ("simulate", "one-compartment-iv", "events.csv", "-o", "out.csv", *extra)
    done = lymphocast(*asked, cwd=tmp_path)
    assert done.code == 2
    assert said in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["events.csv"]


BAD_TABLES = {
    "negative amount": ("1,0,-5,1,1,0,0,0,0", 2, "found -5 in column AMT; needed an amount above"),
    "no amount": ("1,0,.,1,1,0,0,0,0", 2, "found nothing in column AMT; needed an amount above 0"),
    "ADDL without II": ("1,0,5,1,1,.,3,0,0", 2, "found nothing in column II; needed above 0 days"),
    "SS with II = 0": ("1,0,5,1,1,0,0,1,0", 2, "found 0 in column II; needed above 0 days beside"),
    "times back": ("1,2,5,1,1,0,0,0,0\n1,1,0,1,0,0,0,0,0", 3, "found 1 in column TIME; needed at"),
    "compartment": (
        "1,0,5,2,1,0,0,0,0",
        2,
        "found '2' in column CMT; needed a whole number fro",
    ),
    "off": ("1,0,5,-1,1,0,0,0,0", 2, "found '-1' in column CMT; needed a whole number from 1"),
    "NaN": ("1,NaN,5,1,1,0,0,0,0", 2, "found 'NaN' in column TIME; needed a finite number"),
    "not a number": ("1,0,5 mg,1,1,0,0,0,0", 2, "found '5 mg' in column AMT; needed a finite"),
    "ID again": (
        "1,0,5,1,1,0,0,0,0\n2,0,5,1,1,0,0,0,0\n1,1,0,1,0,0,0,0,0",
        4,
        "found '1' a second time in column ID; needed the records of one individual together",
    ),
    "rate": ("1,0,5,1,1,0,0,0,-3", 2, "found -3 in column RATE; needed a rate above 0, 0 (bolus)"),
    "modelled rate": ("1,0,5,1,1,0,0,0,-1", 2, "found -1 in column RATE; needed a rate in the rec"),
    "modelled duration": ("1,0,5,1,1,0,0,0,-2", 2, "found -2 in column RATE; needed a duration in"),
    "dose on an observation": ("1,0,5,1,0,0,0,0,0", 2, "found 5 in column AMT; needed 0 on a rec"),
    "EVID": ("1,0,5,1,7,0,0,0,0", 2, "found '7' in column EVID; needed a whole number from 0 to 4"),
    "cells": ("1,0,5", 2, "found 3 cells; needed 9, one for each column"),
}


@pytest.mark.parametrize("kind", BAD_TABLES)
def test_a_bad_event_table_is_one_error_with_row_and_column(
    lymphocast: Command, tmp_path: Path, kind: str
) -> None:
    records, line, said = BAD_TABLES[kind]
    text = f"ID,TIME,AMT,CMT,EVID,II,ADDL,SS,RATE\n{records}\n"
    (tmp_path / "events.csv").write_text(text, encoding="utf-8")
    done = lymphocast("simulate", "one-compartment-iv", "events.csv", "-o", "out.csv", cwd=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: events.csv, line {line}: {said}")
    assert done.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["events.csv"]


EXAMPLE = ROOT / "docs" / "examples" / "eosinophils.py"


def test_a_users_model_is_described_and_simulated(lymphocast: Command, tmp_path: Path) -> None:
    described = lymphocast("models", str(EXAMPLE)).out
    assert "Blood eosinophils E" in described
    assert "largest_rise = 5" in described
    assert "linear: il2.depot, il2.serum" in lymphocast("models", str(EXAMPLE), "--structure").out
    (tmp_path / "events.csv").write_text("TIME,AMT\n0,.\n3,.\n", encoding="utf-8")
    asked = ("simulate", str(EXAMPLE), "events.csv", "-o", "out.csv")
    done = lymphocast(*asked, "--theta", "baseline_eosinophils=80", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    last = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()[-1]
    assert float(last.split(",")[3]) == pytest.approx(80.0)  # nothing is given, nothing changes


def test_a_users_model_with_a_fault_is_one_clear_error(lymphocast: Command, tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace('theta["eosinophil_loss"]', 'theta["loss"]')
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    for asked in (("models", "mine.py"), ("simulate", "mine.py", "events.csv", "-o", "out.csv")):
        done = lymphocast(*asked, cwd=tmp_path)
        assert (done.code, done.out) == (2, "")
        assert "mine.py: component 'eosinophils': rates reads 'loss'" in done.err
        assert done.err.count("\n") == 1
    assert lymphocast("models", "absent.py", cwd=tmp_path).code == 2
    assert not (tmp_path / "out.csv").exists()


def test_a_model_may_be_an_sbml_document(lymphocast: Command, tmp_path: Path) -> None:
    later = event("e", apply("geq", TIME, cn(1.0)), {"A": apply("plus", ci("A"), cn(4.0))})
    loss = reaction("r", {"A": 1}, {}, ci("k"))
    content = document(
        listed("Compartments", compartment("c", 2.0)),
        listed("Species", species("A", initialAmount="6")),
        listed("Parameters", parameter("k", 0.0)),
        listed("Reactions", loss),
        listed("Events", later),
    )
    (tmp_path / "model.xml").write_bytes(content)
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    shown = lymphocast("models", "model.xml", cwd=tmp_path)
    assert (shown.code, shown.err) == (0, "")
    assert "  initial_A = 6" in shown.out
    asked = ("simulate", "model.xml", "events.csv", "-o", "out.csv", "--times", "0.5,4")
    done = lymphocast(*asked, "--theta", "k=0.5", cwd=tmp_path)
    assert done.code == 0
    assert "1 events of its own" in done.err
    header, *rows = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    level = header.split(",").index("A")
    # From 3 the file's doses of 100 add up, and 0.5 / 2 is lost in each unit of time.
    found = [float(row.split(",")[level]) for row in rows]
    assert found == pytest.approx([103.0 - 0.125, 303.0 - 1.0])


def test_a_damaged_sbml_document_is_one_sentence(lymphocast: Command, tmp_path: Path) -> None:
    (tmp_path / "model.xml").write_text("<sbml", encoding="utf-8")
    done = lymphocast("models", "model.xml", cwd=tmp_path)
    assert done.code == 1
    assert done.err.startswith("error: model.xml: found ")
