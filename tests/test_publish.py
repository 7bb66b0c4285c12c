"""The whole job on the founding case: every file, what it holds, and that its numbers agree."""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pypdf import PdfReader

from lymphocast import decisions, publish
from lymphocast.analysis import explain, foresee
from lymphocast.forecast.results import AVERAGED, Results
from lymphocast.inference.fit_file import read_fit
from lymphocast.inference.posterior import Fit, FitMethod
from lymphocast.report.summary import summary_schema
from tests.conftest import ROOT, Command
from tests.report.trials import left_in
from tests.whole_job import DRAWS, SEED, whole_job

FILES = (
    "report.html",
    "report.pdf",
    "figure.svg",
    "figure.png",
    "figure.pdf",
    "fit.nc",
    "forecast.csv",
    "summary.json",
)
HYPOTHESES = 12
ROUNDED = 2e-5  # relative; the summary keeps six digits, and sums of twelve of them a little less
PNG = b"\x89PNG\r\n\x1a\n"
THRESHOLDS = ("200", "300")


def written(name: str) -> str:
    return (whole_job().folder / name).read_text(encoding="utf-8")


def walk(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Yield every leaf of a JSON value with its place."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, f"{place}.{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from walk(inner, f"{place}[{i}]")
    else:
        yield place, value


def intervals(value: object) -> Iterator[dict[str, float]]:
    if isinstance(value, dict):
        if {"p05", "p50", "p95"} <= set(value):
            yield value
        for inner in value.values():
            yield from intervals(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from intervals(inner)


def weights() -> dict[str, float]:
    return {h["name"]: h["weight"] for h in whole_job().summary["hypotheses"]}


def test_the_job_writes_its_eight_files_and_nothing_else() -> None:
    job = whole_job()
    assert [path.name for path in job.paths] == list(FILES)
    assert all(path.parent == job.folder and path.is_file() for path in job.paths)
    assert {path.name for path in job.folder.iterdir()} >= set(FILES)
    assert not [path for path in job.folder.iterdir() if path.name.startswith(".")]


def test_the_job_reports_its_stages_to_the_end() -> None:
    stages = list(dict.fromkeys(name for name, _ in whole_job().stages))
    assert stages == [
        "weighing hypotheses",
        "changing assumptions",
        "leaving the last count out",
        "writing",
    ]
    for stage in stages:
        done = [fraction for name, fraction in whole_job().stages if name == stage]
        assert done == sorted(done)
        assert done[-1] == 1.0


def test_the_summary_follows_its_schema() -> None:
    Draft202012Validator(summary_schema(), format_checker=FormatChecker()).validate(
        whole_job().summary
    )


def test_the_summary_names_no_path_and_no_timing() -> None:
    for place, value in walk(whole_job().summary):
        if isinstance(value, str) and not place.startswith(".record.issues"):
            assert not re.search(r"(^|\s)[/~][\w.]+/", value), place
            assert str(whole_job().folder) not in value
        assert not re.search(r"time[sd]?\b|seconds|duration|elapsed|created", place), place
    assert str(ROOT) not in written("summary.json")


def test_the_summary_says_how_the_fit_was_made() -> None:
    summary = whole_job().summary
    assert summary["fit"]["seed"] == SEED
    assert summary["fit"]["method"] == "is"
    assert summary["fit"]["ess_min"] <= DRAWS
    assert summary["record_sha256"] == whole_job().fit.record.sha256
    assert summary["priors_sha256"] == whole_job().fit.table.sha256
    assert summary["criteria"]["icl"]["status"] == "not_established"
    assert set(summary["versions"]) >= {"lymphocast", "jax", "numpy"}


def test_probabilities_lie_between_0_and_1_and_quantiles_are_ordered() -> None:
    summary = whole_job().summary
    named = re.compile(r"\.(p_\w+(\.\d+)?|weight|prior|tail|probability|lowest|highest)$")
    found = [v for place, v in walk(summary) if named.search(place) and isinstance(v, float)]
    assert len(found) > 400
    assert all(0.0 <= value <= 1.0 for value in found)
    spread = list(intervals(summary))
    assert len(spread) > 300
    assert all(i["p05"] <= i["p50"] <= i["p95"] for i in spread)


def test_weights_and_priors_sum_to_1() -> None:
    rows = whole_job().summary["hypotheses"]
    assert len(rows) == HYPOTHESES
    for name in ("prior", "weight"):
        assert sum(row[name] for row in rows) == pytest.approx(1.0, rel=ROUNDED)


def probabilities(value: object) -> dict[str, float]:
    """Return every probability of one row of a result, by place."""
    named = re.compile(r"\.(p_\w+|tail)(\.|$)")
    return {p: v for p, v in walk(value) if named.search(p) and isinstance(v, int | float)}


@pytest.mark.parametrize("section", ["attribution", "forecast"])
def test_an_average_is_the_weighted_sum_of_its_hypotheses(section: str) -> None:
    result = whole_job().summary[section]
    averaged = probabilities(result["averaged"])
    rows = {name: probabilities(row) for name, row in result["by_hypothesis"].items()}
    assert len(averaged) >= 9
    assert set(rows) == set(weights())
    for place, value in averaged.items():
        total = sum(weights()[name] * row[place] for name, row in rows.items())
        assert value == pytest.approx(total, rel=ROUNDED, abs=ROUNDED), place


def every_forecast() -> Iterator[dict[str, Any]]:
    result = whole_job().summary["forecast"]
    for points in (result["averaged"], *result["by_hypothesis"].values()):
        yield from points


def test_below_a_lower_threshold_is_rarer_and_passing_is_commoner_than_being_there() -> None:
    for point in every_forecast():
        for key in ("p_below", "p_below_by_then"):
            assert point[key]["200"] <= point[key]["300"]
        for limit in THRESHOLDS:
            assert point["p_below_by_then"][limit] >= point["p_below"][limit]


def test_verdicts_follow_from_the_sensitivity_table_by_the_stated_rule() -> None:
    summary = whole_job().summary
    for verdict in summary["verdicts"]:
        values = [row["probabilities"][verdict["id"]] for row in summary["sensitivity"]]
        assert verdict["probability"] == values[0]
        assert (verdict["lowest"], verdict["highest"]) == (min(values), max(values))
        decided = "yes" if min(values) > 0.8 else "no" if max(values) < 0.2 else "undecided"
        assert verdict["answer"] == decided


def test_verdicts_agree_with_attribution_and_forecast() -> None:
    summary = whole_job().summary
    found = {v["id"]: v["probability"] for v in summary["verdicts"]}
    assert found["b"] == summary["attribution"]["averaged"]["p_il2_more_than_half"]
    (year,) = (
        p
        for p in summary["forecast"]["averaged"]
        if p["origin"] == "last-count" and p["years"] == 1.0
    )
    assert found["c"] == year["p_below_by_then"]["300"]
    assert found["d"] == pytest.approx(
        sum(w for n, w in weights().items() if n.startswith("il2+") and n.endswith("+clearance")),
        rel=ROUNDED,
    )


def test_predictions_are_registered_between_the_counts_that_the_record_has() -> None:
    days = [row["day"] for row in whole_job().summary["registered"]["averaged"]]
    assert days == ["2005-07-01", "2006-07-01", "2007-07-01"]


def test_observed_counts_are_those_of_the_record() -> None:
    rows = {row["id"]: row["value"] for row in whole_job().summary["observed"]}
    assert rows == {
        "cd4-presenting": 172.0,
        "cd4-month-5": 553.0,
        "cd4-stop-6": 596.0,
        "cd4-stop-9": 378.0,
    }


def test_the_forecast_table_holds_what_the_summary_holds() -> None:
    rows = list(csv.DictReader(io.StringIO(written("forecast.csv"))))
    assert {row["hypothesis"] for row in rows} == {AVERAGED, *weights()}
    values = {tuple(row[k] for k in list(row)[:-1]): float(row["value"]) for row in rows}
    assert len(values) == len(rows), "each row is named once"
    for name, weight in weights().items():
        assert values[(name, "", "", "weight", "")] == weight
    for point in whole_job().summary["forecast"]["averaged"]:
        where = (AVERAGED, point["origin"], f"{point['years']:g}")
        assert values[(*where, "latent_p50", "")] == point["count"]["p50"]
        for limit in THRESHOLDS:
            found = values[(*where, "first_passage_p_below", limit)]
            assert found == point["p_below_by_then"][limit]


def test_the_report_refers_to_nothing_outside_itself() -> None:
    html = written("report.html")
    assert html.startswith("<!DOCTYPE html>")
    assert not re.search(r"<script|@import|url\((?!#)", html)
    targets = re.findall(r"(?:src|href)\s*=\s*[\"']([^\"']*)", html)
    assert targets
    assert all(target.startswith("#") for target in targets)
    assert set(re.findall(r"https?://[^\s\"<)]+", html)) <= {"http://www.w3.org/2000/svg"}


def test_the_report_says_what_it_is_not_and_names_its_record() -> None:
    html = written("report.html")
    assert "not a medical device" in html.lower()
    for word in ("172", "553", "596", "378", whole_job().fit.record.sha256):
        assert word in html


@pytest.mark.parametrize("name", ["figure.pdf", "report.pdf"])
def test_pages_open(name: str) -> None:
    pages = PdfReader(whole_job().folder / name).pages
    assert len(pages) >= 1
    assert pages[0].extract_text().strip()
    assert name != "figure.pdf" or len(pages) == 1


def test_the_figure_opens_as_a_drawing_and_as_pixels() -> None:
    svg = ElementTree.fromstring(written("figure.svg"))  # noqa: S314  (our own file)
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert float(svg.attrib["width"]) > 0.0
    png = (whole_job().folder / "figure.png").read_bytes()
    assert png.startswith(PNG)
    width = int.from_bytes(png[16:20], "big")
    assert width / 300 * 25.4 == pytest.approx(170.0, abs=5.0)  # mm of paper at 300 dots an inch


# The commands on the fit of that job. What `explain` and `foresee` compute was computed by the job,
# so its results are handed over where a format is tested; other tests compute them again.


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def explain_from_the_job(fit: Fit, *, progress: publish.Progress | None = None) -> Results:
        assert fit.record == whole_job().fit.record
        return whole_job().results

    monkeypatch.setattr(publish, "explain", explain_from_the_job)
    monkeypatch.setattr(publish, "foresee", explain_from_the_job)  # results hold what is foreseen


def fit_file() -> str:
    return str(whole_job().fit_file)


@pytest.mark.parametrize("name", ["forecast.csv", "forecast.json"])
def test_forecast_writes_by_suffix(lymphocast: Command, tmp_path: Path, name: str) -> None:
    done = lymphocast("forecast", fit_file(), "-o", name, cwd=tmp_path)
    assert (done.code, done.out) == (0, f"{name}\n")
    text = (tmp_path / name).read_text(encoding="utf-8")
    if name.endswith(".csv"):
        assert text == written("forecast.csv")
    else:
        summary = whole_job().summary
        assert json.loads(text) == {
            key: summary[key] for key in ("hypotheses", "forecast", "registered", "next_count")
        }
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.usefixtures("kept")
def test_forecast_prints_for_people_and_for_programs(lymphocast: Command) -> None:
    people, programs = (
        lymphocast("forecast", fit_file()),
        lymphocast("forecast", fit_file(), "--json"),
    )
    assert people.code == programs.code == 0
    assert "averaged" in people.out
    assert "Not advice" in people.out
    assert programs.err == ""
    assert json.loads(programs.out)["forecast"] == whole_job().summary["forecast"]
    assert "Without a cost of delay the answer is always later" in people.out.replace("\n    ", " ")
    assert "At the stated cost" not in people.out


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("command", ["forecast", "explain"])
def test_a_stated_cost_of_delay_names_the_best_date(
    lymphocast: Command, tmp_path: Path, command: str
) -> None:
    best = whole_job().results.next_count.best[-1]
    cost = f"{best.cost_to / 2:.6g}"
    with_cost = (command, fit_file(), "--delay-cost", cost)
    people = lymphocast(*with_cost).out.replace("\n    ", " ")
    plain = lymphocast(command, fit_file()).out.replace("\n    ", " ")
    said = f"the best date is {best.months:g} months after the last count: it is expected to tell"
    assert said in people
    assert "At the stated cost" not in plain
    stated = people[people.index(" At the stated cost") :]
    assert people.replace(stated[: stated.index("waiting.") + 8], "") == plain
    found = json.loads(lymphocast(*with_cost, "--json").out)["next_count"]
    assert found["stated"]["months"] == best.months
    assert {**found, "stated": None} == {**whole_job().summary["next_count"], "stated": None}
    lymphocast(*with_cost, "-o", "found.csv", cwd=tmp_path)
    rows = (tmp_path / "found.csv").read_text(encoding="utf-8").splitlines()
    assert sum("stated_cost" in row and row.endswith(f",{cost}") for row in rows) == 1


@pytest.mark.parametrize("cost", ["-0.1", "nan", "inf"])
def test_a_cost_of_delay_is_no_less_than_nothing(lymphocast: Command, cost: str) -> None:
    done = lymphocast("forecast", fit_file(), f"--delay-cost={cost}")
    assert done.code == 2
    assert f"--delay-cost: found {float(cost):g}; needed a number of bits a month" in done.err


def test_a_cost_of_delay_is_not_of_plans(lymphocast: Command) -> None:
    done = lymphocast("forecast", fit_file(), "--until", "2010-01-01", "--delay-cost", "0.01")
    assert done.code == 2
    assert "found --delay-cost beside --plan or --until; needed it left out" in done.err


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("figure.svg", b"<svg"),
        ("figure.png", PNG),
        ("figure.pdf", b"%PDF-"),
        ("figure.html", b"<!DOCTYPE html>"),
    ],
)
def test_figure_of_a_fit_writes_by_suffix(
    lymphocast: Command, tmp_path: Path, name: str, start: bytes
) -> None:
    done = lymphocast("figure", fit_file(), "-o", name, cwd=tmp_path)
    assert (done.code, done.out) == (0, f"{name}\n")
    content = (tmp_path / name).read_bytes()
    assert content.startswith(start)
    if name == "figure.svg":
        assert content == (whole_job().folder / name).read_bytes()
    if name == "figure.html":
        assert not re.search(rb"<script[^>]+src=", content)


def test_figure_of_a_case_needs_no_fit(lymphocast: Command, tmp_path: Path) -> None:
    done = lymphocast("figure", "trojan-2009", "-o", "case.svg", cwd=tmp_path)
    assert done.code == 0
    assert (tmp_path / "case.svg").read_bytes() != (whole_job().folder / "figure.svg").read_bytes()


# Each draws all figures again.
@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("report", "report.html"),
        pytest.param("report", "report.pdf", marks=pytest.mark.slow),
        pytest.param("explain", "report.html", marks=pytest.mark.slow),
    ],
)
def test_the_report_is_written_by_suffix(
    lymphocast: Command, tmp_path: Path, command: str, name: str
) -> None:
    done = lymphocast(command, fit_file(), "-o", name, cwd=tmp_path)
    assert (done.code, done.out) == (0, f"{name}\n")
    assert (tmp_path / name).read_bytes() == (whole_job().folder / name).read_bytes()


PLAN = """\
until: 1 a
plans:
  - name: no drug
  - name: by the count
    stretches: [{dose: 0.5}]
    rule: {hold_above: 500, restart_below: 350}
"""
GOAL = """\
title: keep it
until: 1 a
targets: [{keep: 300}]
design: {doses: [0.5, 3], durations: [180 d]}
"""


@pytest.mark.slow  # draws and explains for ten seconds or more
@pytest.mark.usefixtures("kept")
def test_report_with_plans_and_a_goal_holds_both(
    lymphocast: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def ask_and_keep(*given: Any, **named: Any) -> Any:  # noqa: ANN401  (passes on what it is given)
        asked.append(ask(*given, **named))
        return asked[-1]

    ask = decisions.asked_of
    monkeypatch.setattr(decisions, "asked_of", ask_and_keep)
    (tmp_path / "plan.yaml").write_text(PLAN, encoding="utf-8")
    (tmp_path / "goal.yaml").write_text(GOAL, encoding="utf-8")
    files = ("--plan", "plan.yaml", "--goal", "goal.yaml")
    done = lymphocast("report", fit_file(), *files, "-o", "all.html", cwd=tmp_path)
    assert (done.code, done.out) == (0, "all.html\n")
    page = (tmp_path / "all.html").read_text(encoding="utf-8")
    assert all(f'<section id="{name}">' in page for name in ("plans", "regimens"))
    assert page.count("<svg") == 1 + written("report.html").count("<svg")
    assert "Every forecast assumes no treatment." not in page
    ((plans, search),) = asked
    path = tmp_path / "all.json"
    publish.write_report_of(whole_job().fit, path, plans=plans, search=search)
    content = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator(summary_schema(), format_checker=FormatChecker()).validate(content)
    assert [row["plan"] for row in content.pop("plans")["rows"]] == [
        "no drug",
        "by the count",
        "by the count",
    ]
    found = content.pop("search")
    assert found["banners"][0].startswith("By assumption")
    assert {row["regimen"] for row in found["extrapolated"]["rows"]} > {"no drug"}
    assert content == whole_job().summary


@pytest.mark.slow  # draws and explains for ten seconds or more
@pytest.mark.usefixtures("kept")
def test_report_with_a_trial_holds_what_its_folder_says(
    lymphocast: Command, tmp_path: Path
) -> None:
    left_in(tmp_path / "trial")
    asked = ("report", fit_file(), "--trial", "trial", "-o")
    assert lymphocast(*asked, "all.json", cwd=tmp_path).code == 0
    content = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    Draft202012Validator(summary_schema(), format_checker=FormatChecker()).validate(content)
    told = json.loads((tmp_path / "trial" / "summary.json").read_text(encoding="utf-8"))
    assert {"schema": told["schema"], **content.pop("trial")} == told
    assert content == whole_job().summary
    assert lymphocast(*asked, "all.html", cwd=tmp_path).code == 0
    assert '<section id="trial">' in (tmp_path / "all.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("kept")
def test_report_as_json_alone_is_the_summary(lymphocast: Command, tmp_path: Path) -> None:
    assert lymphocast("report", fit_file(), "-o", "all.json", cwd=tmp_path).code == 0
    made = (tmp_path / "all.json").read_bytes()
    assert made == (whole_job().folder / "summary.json").read_bytes()


@pytest.mark.parametrize(
    ("plan", "goal", "message"),
    [
        (PLAN, GOAL.replace("keep: 300", "hold: 300"), "goal.yaml, line 3: found"),
        (PLAN.replace("until", "untill"), GOAL, "plan.yaml, line 1: found"),
    ],
)
def test_report_says_what_is_wrong_with_a_file_before_it_computes(
    lymphocast: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plan: str, goal: str,
    message: str,
) -> None:  # fmt: skip
    def computes(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(publish, "explain", computes)
    monkeypatch.setattr(decisions, "forecast_plans", computes)
    monkeypatch.setattr(decisions, "optimise", computes)
    (tmp_path / "plan.yaml").write_text(plan, encoding="utf-8")
    (tmp_path / "goal.yaml").write_text(goal, encoding="utf-8")
    files = ("--plan", "plan.yaml", "--goal", "goal.yaml")
    done = lymphocast("report", fit_file(), *files, "-o", "all.html", cwd=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: {message}")
    assert done.err.count("\n") == 1
    assert not (tmp_path / "all.html").exists()


@pytest.mark.usefixtures("kept")
def test_explain_writes_by_suffix(lymphocast: Command, tmp_path: Path) -> None:
    for suffix in ("json", "csv"):
        done = lymphocast("explain", fit_file(), "-o", f"why.{suffix}", cwd=tmp_path)
        assert (done.code, done.out) == (0, f"why.{suffix}\n")
    summary = whole_job().summary
    explained = json.loads((tmp_path / "why.json").read_text(encoding="utf-8"))
    assert explained == {key: summary[key] for key in publish.EXPLANATION}
    text = (tmp_path / "why.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    answers = {
        (row["table"], row["row"]): row["value"] for row in rows if row["quantity"] == "answer"
    }
    assert answers == {
        (table, v["id"]): v["answer"]
        for table, verdicts in (
            ("verdicts", summary["verdicts"]),
            ("statements", summary["outcomes"]["statements"]),
        )
        for v in verdicts
    }


@pytest.mark.usefixtures("kept")
def test_explain_prints_for_people_and_for_programs(lymphocast: Command) -> None:
    people, programs = (
        lymphocast("explain", fit_file()),
        lymphocast("explain", fit_file(), "--json"),
    )
    assert people.code == programs.code == 0
    for verdict in whole_job().summary["verdicts"]:
        assert verdict["question"] in people.out
    for name in weights():
        assert name in people.out
    assert programs.err == ""
    assert json.loads(programs.out)["verdicts"] == whole_job().summary["verdicts"]


def test_what_is_foreseen_alone_is_what_the_whole_explanation_says() -> None:
    alone, results = foresee(whole_job().fit), whole_job().results
    assert alone.forecast == results.forecast
    assert alone.registered == results.registered
    assert alone.hypotheses == results.hypotheses


def test_demo_names_the_files_that_it_wrote(
    lymphocast: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_the_job(
        folder: Path, *, seed: int, draws: int | None, progress: publish.Progress | None
    ) -> publish.Published:
        assert (folder, seed, draws) == (tmp_path, SEED, DRAWS)
        return publish.Published(whole_job().paths, whole_job().fit.diagnostics_passed)

    monkeypatch.setattr(publish, "run_demo", give_the_job)
    done = lymphocast("demo", "-o", str(tmp_path), "--seed", str(SEED), "--draws", str(DRAWS))
    assert done.code == 1  # so few draws fail the diagnostics, and the demo says so
    assert "diagnostics failed" in done.err
    assert done.out.splitlines() == [str(path) for path in whole_job().paths]


@pytest.mark.slow  # draws and explains for ten seconds or more
def test_a_fit_with_too_few_draws_is_written_and_says_that_its_diagnostics_failed(
    lymphocast: Command, tmp_path: Path
) -> None:
    prior = "parameters:\n  gain: {location: 75}\n"
    (tmp_path / "prior.yaml").write_text(prior, encoding="utf-8")
    options = ("--draws", "100", "--prior", "prior.yaml", "--seed", "3")
    done = lymphocast("fit", "trojan-2009", "-o", "fit.nc", *options, cwd=tmp_path)
    first, *unread = done.out.splitlines()
    assert (done.code, first) == (1, "fit.nc")
    assert all(line.startswith("Not read by the model: ") for line in unread)
    assert sum("symptoms-worsened" in line for line in unread) == 1
    assert "diagnostics failed" in done.err
    found = read_fit(tmp_path / "fit.nc")
    assert not found.diagnostics_passed
    assert found.seed == 3
    assert found.method is FitMethod.IMPORTANCE
    assert found.table.row("gain").location == 75.0


@pytest.mark.slow
def test_a_fit_by_tempered_sampling_is_written(lymphocast: Command, tmp_path: Path) -> None:
    options = ("--method", "smc", "--draws", "100")
    done = lymphocast("fit", "trojan-2009", "-o", "fit.nc", *options, cwd=tmp_path)
    assert done.code == 1  # a hundred draws are too few
    assert read_fit(tmp_path / "fit.nc").method is FitMethod.SMC


@pytest.mark.slow
def test_a_series_is_written_with_the_fit_of_each_patient_beside_it(
    lymphocast: Command, tmp_path: Path
) -> None:
    other = ROOT / "tests" / "reference" / "series" / "synthetic-01.yaml"
    done = lymphocast(
        "fit", "trojan-2009", str(other), "-o", "series.json", "--draws", "100", cwd=tmp_path
    )
    assert done.code == 1  # a hundred draws are too few
    names = ["series.json", "trojan-2009.nc", "synthetic-01.nc"]
    assert done.out.splitlines()[-3:] == names
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    written = json.loads((tmp_path / "series.json").read_text(encoding="utf-8"))
    assert [p["id"] for p in written["patients"]] == ["trojan-2009", "synthetic-01"]
    assert written["il2"]["probability"] > 0.5
    assert read_fit(tmp_path / "synthetic-01.nc").record.id == "synthetic-01"


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    code = "import sys; from lymphocast.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code]
    options = ["demo", "-o", str(tmp_path), "--seed", str(SEED), "--draws", str(DRAWS)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 1  # so few draws fail the diagnostics, and the demo says so
    assert done.stdout.splitlines() == [str(tmp_path / name) for name in FILES]
    for name in ("summary.json", "forecast.csv", "figure.svg", "report.html", "report.pdf"):
        assert (tmp_path / name).read_bytes() == (whole_job().folder / name).read_bytes(), name


@pytest.mark.slow
def test_a_fit_read_back_is_explained_the_same() -> None:
    results = explain(whole_job().fit)
    assert results.sensitivity == whole_job().results.sensitivity
    assert results.verdicts == whole_job().results.verdicts
    assert results.attribution == whole_job().results.attribution
    assert results.leave_last_out == whole_job().results.leave_last_out
    assert results.contraction == whole_job().results.contraction
