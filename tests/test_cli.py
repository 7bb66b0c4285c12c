"""The command line: quick help, one clear line for bad input, exit codes, early refusals."""

import ast
import inspect
import json
import os
import pty
import signal
import subprocess
import sys
import textwrap
from math import nan
from pathlib import Path

import jsonschema
import pytest
from typer.models import CommandInfo

from lymphocast import publish
from lymphocast._version import __version__
from lymphocast.cli import app, main
from lymphocast.console import show_progress
from lymphocast.errors import FitFileError
from lymphocast.forecast.controlled import Controls
from lymphocast.options import FitMethod
from lymphocast.record.patient import PatientRecord
from tests.conftest import ROOT, Command
from tests.dataset.fittable import FITTABLE
from tests.record.cases import changed

SLOW_TO_IMPORT = {"altair", "jax", "numpy", "rich", "scipy", "sqlalchemy", "xarray", "yaml"}
FIT_COMMANDS = ("explain", "forecast", "report", "figure")


def loaded_by(*arguments: str) -> set[str]:
    """Return the slow packages that a command loads in a process of its own."""
    code = (
        "import sys\n"
        "from lymphocast.cli import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "finally:\n    sys.stderr.write(' '.join(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    return SLOW_TO_IMPORT & set(done.stderr.split())


def test_help_names_every_command(lymphocast: Command) -> None:
    done = lymphocast("--help")
    assert done.code == 0
    for name in ("demo", "check", "figure", "fit", "explain", "forecast", "report", "models"):
        assert f"\n  {name} " in done.out


def test_help_loads_nothing_slow() -> None:
    assert loaded_by("--help") == set()


def test_help_of_a_command_loads_nothing_slow() -> None:
    assert loaded_by("fit", "--help") == set()


def test_check_loads_no_numerical_library() -> None:
    assert loaded_by("check", "trojan-2009") <= {"yaml"}


def test_version(lymphocast: Command) -> None:
    assert lymphocast("--version").out == f"lymphocast {__version__}\n"


def test_no_arguments_show_the_help(lymphocast: Command) -> None:
    assert "Commands:" in lymphocast().out + lymphocast().err


def test_check_of_the_founding_case_is_done_although_it_contradicts_itself(
    lymphocast: Command,
) -> None:
    done = lymphocast("check", "trojan-2009")
    assert done.code == 0
    assert "not established" in done.out
    assert "duration-contradiction" in done.out
    assert done.err == ""


def test_check_prints_json_for_programs(lymphocast: Command) -> None:
    done = lymphocast("check", "trojan-2009", "--json")
    report = json.loads(done.out)
    rules = {issue["rule"] for issue in report["record"]["issues"]}
    assert {"duration-contradiction", "doses-missed-undated", "macrolide-monotherapy"} <= rules
    assert report["criteria"]["icl"]["status"] == "not_established"


def test_check_prints_the_care_checklist_for_a_manuscript(lymphocast: Command) -> None:
    done = lymphocast("check", "trojan-2009", "--care")
    assert done.code == 0
    assert done.out.startswith("| Item | Topic |")


def test_check_prints_the_schema_of_case_files(lymphocast: Command) -> None:
    schema = json.loads(lymphocast("check", "--schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "empty"),
        ("a: &x [1]\nb: *x\n", "line"),
        ("nonsense: 1\n", "line 1"),
        ("{", "line"),
        ("\0", "bad.yaml"),
    ],
    ids=["empty", "alias", "unknown-key", "unclosed", "nul"],
)
@pytest.mark.parametrize("command", ["check", "fit", "figure"])
def test_a_bad_case_is_one_clear_error_and_nothing_is_written(
    lymphocast: Command, tmp_path: Path, command: str, text: str, named: str
) -> None:
    (tmp_path / "bad.yaml").write_text(text, encoding="utf-8")
    output = {"check": (), "fit": ("-o", "out.nc"), "figure": ("-o", "out.svg")}[command]
    done = lymphocast(command, "bad.yaml", *output, cwd=tmp_path)
    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert named in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yaml"]


def test_a_bomb_of_50_megabytes_is_refused(lymphocast: Command, tmp_path: Path) -> None:
    with (tmp_path / "big.yaml").open("wb") as file:
        file.truncate(50_000_000)
    done = lymphocast("check", "big.yaml", cwd=tmp_path)
    assert done.code == 1
    assert done.err.startswith("error: ")
    assert "MB" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "absent.yaml"),
        ("fit", "absent.yaml", "-o", "fit.nc"),
        ("figure", "absent.yaml", "-o", "figure.svg"),
        ("figure", "absent.nc", "-o", "figure.svg"),
        ("explain", "absent.nc"),
        ("forecast", "absent.nc"),
        ("report", "absent.nc", "-o", "report.html"),
        ("fit", "trojan-2009", "-o", "fit.nc", "--prior", "absent.yaml"),
    ],
    ids=" ".join,
)
def test_a_missing_path_is_a_usage_error_that_names_it(
    lymphocast: Command, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = lymphocast(*arguments, cwd=tmp_path)
    assert done.code == 2
    assert "absent" in done.err
    assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "suffixes"),
    [
        ("figure", (".svg", ".png", ".pdf", ".html")),
        ("fit", (".nc", ".json")),
        ("explain", (".json", ".html", ".csv")),
        ("forecast", (".csv", ".json")),
        ("report", (".html", ".pdf", ".json")),
    ],
)
def test_an_unknown_suffix_is_refused_before_anything_is_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, suffixes: tuple[str, ...]
) -> None:
    anything = tmp_path / "anything.nc"
    anything.touch()
    with pytest.raises(SystemExit) as left:
        main([command, str(anything), "-o", str(tmp_path / "out.docx")])
    assert left.value.code == 2
    message = capsys.readouterr().err
    assert ".docx" in message
    for suffix in suffixes:
        assert suffix in message


@pytest.mark.parametrize("command", FIT_COMMANDS)
def test_an_output_folder_that_does_not_exist_is_refused_before_anything_is_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    anything = tmp_path / "anything.nc"
    anything.touch()
    suffix = {"explain": "json", "forecast": "csv", "report": "pdf", "figure": "svg"}[command]
    with pytest.raises(SystemExit) as left:
        main([command, str(anything), "-o", str(tmp_path / "absent" / f"out.{suffix}")])
    assert left.value.code == 2
    assert "absent' does not exist" in capsys.readouterr().err


def test_an_output_that_is_a_folder_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "fit.nc").mkdir()
    with pytest.raises(SystemExit) as left:
        main(["fit", "trojan-2009", "-o", str(tmp_path / "fit.nc")])
    assert left.value.code == 2
    assert "is a directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cases", "output", "code", "message"),
    [
        (("trojan-2009", "harel-2018"), "out.nc", 2, "a series of patients needs a .json"),
        (("trojan-2009", "trojan-2009"), "out.json", 2, "the patient 'trojan-2009' twice"),
        (("trojan-2009", "miskin-2016"), "out.json", 1, "miskin-2016.yaml: found no 'modelling'"),
    ],
)
def test_a_series_that_cannot_be_fitted_is_refused_before_anything_is_computed(
    lymphocast: Command,
    tmp_path: Path,
    cases: tuple[str, ...],
    output: str,
    code: int,
    message: str,
) -> None:
    done = lymphocast("fit", *cases, "-o", output, cwd=tmp_path)
    assert done.code == code
    assert message in done.err
    assert list(tmp_path.iterdir()) == []


EXACT = changed("at: 2020-01\n", "at: 2020-01-15\n", FITTABLE)
NO_COUNT = EXACT.replace("analyte: CD4\n", "analyte: CD8\n")
EMPTY = NO_COUNT.replace("result: positive", "result: contaminated")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (EMPTY, "case.yaml: found no count, culture or symptom that the model reads; needed one"),
        (
            changed("at: 2019-12\n", "at: 2020-01-16\n", EXACT),
            "modelling.entry_measurement: found an entry that may lie after",
        ),
    ],
)
def test_a_patient_whom_a_series_cannot_take_is_refused_before_anything_is_computed(
    lymphocast: Command, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "case.yaml").write_text(text, encoding="utf-8")
    done = lymphocast("fit", "trojan-2009", "case.yaml", "-o", "out.json", cwd=tmp_path)
    assert done.code == 1
    assert message in done.err.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["case.yaml"]


@pytest.mark.parametrize(
    "options",
    [
        ("--preset", "sceptical"),
        ("--preset", "neutral"),
        ("--method", "smc"),
        ("--method", "is"),
        ("--draws", "500"),
        ("--prior", "prior.yaml"),
    ],
)
def test_what_an_update_keeps_cannot_be_given_beside_it(
    lymphocast: Command, tmp_path: Path, options: tuple[str, str]
) -> None:
    """The fit's own stays, so that another would be dropped in silence."""
    for name in ("fit.nc", "prior.yaml"):
        (tmp_path / name).write_text("not read\n", encoding="utf-8")
    done = lymphocast(
        "fit", "trojan-2009", "--update", "fit.nc", *options, "-o", "new.nc", cwd=tmp_path
    )
    assert done.code == 2
    assert f"found {options[0]} beside --update; needed it left out" in done.err
    assert not (tmp_path / "new.nc").exists()


@pytest.mark.parametrize(("passed", "code"), [(True, 0), (False, 1)])
def test_controls_leave_with_1_if_one_failed(
    lymphocast: Command, monkeypatch: pytest.MonkeyPatch, passed: bool, code: int
) -> None:
    found = Controls("trojan-2009", "0" * 64, 1, False, (), (), 0.5, nan, (), passed)
    given: list[tuple[object, ...]] = []

    def give(record: PatientRecord, **options: object) -> Controls:
        given.append((options["preset"], options["seed"], options["full"]))
        return found

    monkeypatch.setattr(publish, "controls", give)
    done = lymphocast("controls", "trojan-2009", "--preset", "sceptical", "--seed", "3")
    assert done.code == code
    assert given == [("sceptical", 3, False)]
    assert f"All controls passed: {'yes' if passed else 'NO'}" in done.out
    assert ("a control failed" in done.err) is not passed
    as_json = lymphocast("controls", "trojan-2009", "--json")
    assert as_json.code == code
    assert json.loads(as_json.out)["passed"] is passed


@pytest.mark.parametrize("command", ["explain", "forecast"])
def test_a_file_that_is_no_fit_is_one_clear_error(
    lymphocast: Command, tmp_path: Path, command: str
) -> None:
    (tmp_path / "fit.nc").write_text("not a fit", encoding="utf-8")
    done = lymphocast(command, "fit.nc", cwd=tmp_path)
    assert done.code == 1
    assert done.err.startswith("error: ")
    assert "fit.nc" in done.err
    assert done.err.count("\n") == 1


def test_an_unknown_model_is_a_usage_error(lymphocast: Command) -> None:
    done = lymphocast("models", "nonsense")
    assert done.code == 2
    assert "nonsense" in done.err
    assert "Traceback" not in done.err


def test_models_lists_the_course_model(lymphocast: Command) -> None:
    done = lymphocast("models")
    assert done.code == 0
    assert "course" in done.out


@pytest.mark.parametrize(
    ("raised", "code", "printed"),
    [
        (FitFileError("fit.nc: written by another version"), 1, "another version"),
        (FileNotFoundError(2, "No such file", "here.yaml"), 2, "here.yaml"),
        (PermissionError(13, "Permission denied", "there.yaml"), 1, "there.yaml"),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_ends_a_command_early_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: BaseException,
    code: int,
    printed: str,
) -> None:
    def fail(case: str) -> None:
        raise raised

    monkeypatch.setattr("lymphocast.record.casefile.find_case", fail)
    with pytest.raises(SystemExit) as left:
        main(["check", "anything"])
    assert left.value.code == code
    captured = capsys.readouterr()
    assert printed in captured.err
    assert captured.out == ""


def test_every_fit_method_is_offered(lymphocast: Command) -> None:
    shown = lymphocast("fit", "--help").out
    assert "|".join(FitMethod) in shown
    assert "20040501" in shown


def test_progress_is_one_line_per_stage_when_stderr_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with show_progress() as progress:
        assert progress is not None
        for fraction in (0.0, 0.5, 1.0):
            progress("sampling", fraction)
        progress("drawing", 1.0)
    assert capsys.readouterr().err == "sampling\ndrawing\n"


def test_progress_is_silent_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress(quiet=True) as progress:
        assert progress is None
    assert capsys.readouterr().err == ""


def test_progress_is_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        with show_progress() as progress:
            assert progress is not None
            progress("sampling", 0.5)
            progress("sampling", 1.0)
        shown = ""
        while "━" not in shown:  # a terminal is read in pieces
            shown += os.read(ours, 100_000).decode()
    os.close(ours)
    assert "sampling" in shown
    assert "━" in shown


def test_interrupting_the_command_leaves_no_traceback() -> None:
    code = (
        "import os, signal, time\n"
        "import lymphocast.record.casefile as casefile\n"
        "stop = lambda case: (os.kill(os.getpid(), signal.SIGINT), time.sleep(60))\n"
        "casefile.find_case = stop\n"
        "from lymphocast.cli import main\n"
        "main(['check', 'anything'])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 128 + signal.SIGINT
    assert done.stderr == ""


@pytest.mark.parametrize(
    "command", app.registered_commands, ids=lambda command: command.callback.__name__
)
def test_a_command_says_what_it_does_in_at_most_15_lines(command: CommandInfo) -> None:
    assert command.callback is not None
    function = ast.parse(textwrap.dedent(inspect.getsource(command.callback))).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert ast.get_docstring(function) is not None
    first, last = function.body[1], function.body[-1]
    assert (last.end_lineno or 0) - first.lineno + 1 <= 15


def test_models_lists_describes_and_shows_structure(lymphocast: Command) -> None:
    listed = lymphocast("models").out
    assert {"course", "mechanism", "tmdd-full"} <= {line.split()[0] for line in listed.splitlines()}
    described = lymphocast("models", "two-compartment-iv").out
    assert "Example values" in described
    assert "linear" in lymphocast("models", "two-compartment-iv", "--structure").out
    assert lymphocast("models", "--structure").code == 2
    assert "Assumptions without a source" in lymphocast("models", "mechanism").out
