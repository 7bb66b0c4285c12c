"""A record that cannot be fitted is refused by one line: file, line, key, found, needed."""

from dataclasses import replace
from pathlib import Path

import pytest

from lymphocast import analysis, publish
from tests.conftest import Command
from tests.dataset.fittable import FITTABLE, STATED
from tests.founding import quick_fit
from tests.record.cases import changed

NO_MODELLING = FITTABLE[: FITTABLE.index("modelling:\n")]


def line_of(text: str, passage: str) -> int:
    """Return the line on which a passage begins."""
    assert text.count(passage) == 1
    return text[: text.index(passage)].count("\n") + 1


ABOVE = changed("value: 150 /uL", "value: 150 /uL\n    limit: above", FITTABLE)
CD8 = changed("analyte: CD4", "analyte: CD8", FITTABLE)
PER_AREA = changed(
    "measurements:",
    f"""\
  - id: again
    drug: clarithromycin
    amount: 500 mg/m2
    per: 1 d
    start: stop
    stop: stop + 1 mo
    {STATED}
measurements:""",
    FITTABLE,
)
PLANS = "plans: [{name: none}]\n"
GOAL = "targets: [{keep: 300}]\ndesign: {dose: [0, 1]}\n"


@pytest.mark.parametrize(
    ("text", "at", "place", "found", "needed"),
    [
        (NO_MODELLING, None, None, "no 'modelling' block", "one: the course model needs the study"),
        (ABOVE, "value: 150 /uL", "measurements.cd4-first.value",
         "a count given only as above 150 /uL", "a number, or a limit that the count lies below"),
        (CD8, "entry_measurement: cd4-first", "modelling.entry_measurement",
         "'cd4-first', which is no CD4 measurement of the record", "one of cd4-second"),
        (PER_AREA, "id: again", "administrations.again",
         "doses of clarithromycin in 'mg/m2', not to be compared with 'mg'",
         "patient.body_surface"),
    ],
    ids=["modelling", "above", "entry", "doses"],
)  # fmt: skip
@pytest.mark.parametrize("command", ["fit", "controls", "update"])
def test_a_record_that_cannot_be_fitted_is_refused_where_it_stands_in_its_file(
    lymphocast: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    text: str,
    at: str | None,
    place: str | None,
    found: str,
    needed: str,
) -> None:
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "fit.nc").touch()
    fit = quick_fit()
    same = replace(fit, record=replace(fit.record, id="small"))
    monkeypatch.setattr("lymphocast.record_fits.read_fit", lambda _: same)
    arguments = {
        "fit": ("fit", "mine.yaml", "-o", "out.nc"),
        "controls": ("controls", "mine.yaml"),
        "update": ("fit", "mine.yaml", "--update", "fit.nc", "-o", "out.nc"),
    }
    done = lymphocast(*arguments[command], cwd=tmp_path)
    assert done.code == 1
    (line,) = (x for x in done.err.splitlines() if x.startswith("error:"))
    where = "mine.yaml" if at is None else f"mine.yaml, line {line_of(text, at)}, {place}"
    assert line.startswith(f"error: {where}: found {found}; needed {needed}")
    assert not (tmp_path / "out.nc").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "fit.nc"),
        ("explain", "fit.nc", "-o", "out.json"),
        ("figure", "fit.nc", "-o", "out.svg"),
        ("forecast", "fit.nc"),
        ("forecast", "fit.nc", "--plan", "plan.yaml"),
        ("optimise", "fit.nc", "--goal", "goal.yaml"),
        ("report", "fit.nc", "-o", "out.html"),
    ],
    ids=" ".join,
)
def test_a_fit_of_which_nothing_can_be_explained_is_refused_by_its_file(
    lymphocast: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
) -> None:
    fit = quick_fit()
    short = replace(fit, individual=replace(fit.individual, counts=fit.individual.counts[:1]))
    for module in (analysis, publish):
        monkeypatch.setattr(module, "read_fit", lambda _: short)
    (tmp_path / "fit.nc").touch()
    (tmp_path / "plan.yaml").write_text(PLANS, encoding="utf-8")
    (tmp_path / "goal.yaml").write_text(GOAL, encoding="utf-8")
    done = lymphocast(*arguments, cwd=tmp_path)
    assert done.code == 1
    told = "error: fit.nc, measurements: found fewer than two CD4 measurements; needed two, one of"
    assert done.err.splitlines()[-1].startswith(told)
    assert not list(tmp_path.glob("out.*"))


def test_report_refuses_a_folder_without_a_trial_before_it_computes(
    lymphocast: Command, tmp_path: Path
) -> None:
    (tmp_path / "trial").mkdir()
    (tmp_path / "fit.nc").touch()
    done = lymphocast("report", "fit.nc", "--trial", "trial", "-o", "all.html", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: 'trial': found no manifest.json; needed the folder of a")
    assert done.err.count("\n") == 1
    assert not (tmp_path / "all.html").exists()
