"""Conversion: the suffix decides, losses are told, nothing is written where it is refused."""

import json
import stat
from pathlib import Path

import pytest

from lymphocast.conversion import convert, data_report, read_records, write_template
from lymphocast.errors import ExchangeError, UsageError
from lymphocast.interchange.formats import FORMATS, Format, format_named
from lymphocast.record.casefile import find_case, read_case
from tests.conftest import Command
from tests.interchange.test_medline import NBIB

FOUNDING = read_case(find_case("trojan-2009"))
LOSSY = {".phenopacket.json"}  # its losses are another test's
READABLE = [f.suffixes[0] for f in FORMATS if f.reader and f.writer and not LOSSY & {*f.suffixes}]


@pytest.mark.parametrize("suffix", READABLE)
def test_every_format_of_records_comes_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"case{suffix}"
    assert convert("trojan-2009", path).dropped == ()
    assert read_records(path).records == (FOUNDING,)
    back = convert(str(path), tmp_path / "back.yaml")
    assert back.written == (tmp_path / "back.yaml",)
    assert read_case(tmp_path / "back.yaml") == FOUNDING


@pytest.mark.parametrize("named", FORMATS, ids=lambda f: f.suffixes[0])
def test_every_reader_and_writer_of_the_table_exists(named: Format) -> None:
    for function in filter(None, (named.reader, named.writer)):
        assert callable(named.load(function))


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a.csv", ".csv"), ("A.NONMEM.CSV", ".nonmem.csv"), ("a.nonmem.json", ".json")],
)
def test_the_longer_suffix_counts(name: str, suffix: str) -> None:
    assert format_named(name, writing=True).suffixes[0] == suffix


@pytest.mark.parametrize(
    ("name", "writing", "words"),
    [
        ("a.docx", False, "needed one of .yaml"),
        ("a.docx", True, ".bib for citations"),
        ("a.nonmem.csv", False, "lymphocast check"),
        ("a.nbib", False, "citations become .bib"),
    ],
)
def test_a_suffix_that_does_not_serve_is_refused(name: str, writing: bool, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        format_named(name, writing=writing)


def test_strict_writes_nothing_that_is_not_whole(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="without losses"):
        convert("trojan-2009", tmp_path / "a.nonmem.csv", strict=True)
    assert list(tmp_path.iterdir()) == []
    assert convert("trojan-2009", tmp_path / "a.xlsx", strict=True).dropped == ()


def test_a_folder_takes_a_case_file_of_each_record(tmp_path: Path) -> None:
    done = convert("trojan-2009", tmp_path)
    assert done.written == (tmp_path / "trojan-2009.yaml",)
    assert convert("trojan-2009", tmp_path / "a.json", record_id="trojan-2009").dropped == ()
    with pytest.raises(UsageError, match="it holds trojan-2009"):
        convert("trojan-2009", tmp_path / "b.json", record_id="other")


def test_a_file_does_not_overwrite_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    convert("trojan-2009", path)
    with pytest.raises(UsageError, match="the source itself"):
        convert(str(path), path)


def test_citations_become_bibtex(tmp_path: Path) -> None:
    source = tmp_path / "a.nbib"
    source.write_text(NBIB, encoding="utf-8")
    done = convert(str(source), tmp_path / "a.bib")
    assert (tmp_path / "a.bib").read_text(encoding="utf-8").startswith("@article{")
    assert done.dropped == ()


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    first = convert("trojan-2009", tmp_path / "a.yaml", secret=secret)
    again = convert("trojan-2009", tmp_path / "b.yaml", secret=secret)
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert "made the secret" in first.notes[0]
    assert again.notes == ()
    assert (tmp_path / "a.yaml").read_bytes() == (tmp_path / "b.yaml").read_bytes()
    assert first.changed
    secret.write_bytes(b"short")
    with pytest.raises(ExchangeError, match="5 bytes"):
        convert("trojan-2009", tmp_path / "c.yaml", secret=secret)


def test_templates_are_written_once(tmp_path: Path) -> None:
    path = write_template("yaml", tmp_path / "mine.yaml")
    assert path.read_text().startswith("# A case file.")
    for kind, name, words in (
        ("yaml", "mine.yaml", "it exists"),
        ("csv", "mine.xlsx", "needed .csv"),
        ("docx", "a.docx", "needed one of xlsx"),
    ):
        with pytest.raises(UsageError, match=words):
            write_template(kind, tmp_path / name)


def test_a_case_as_csv_is_no_data(tmp_path: Path) -> None:
    convert("trojan-2009", tmp_path / "a.csv")
    with pytest.raises(ExchangeError, match=r"lymphocast convert a\.csv"):
        data_report(tmp_path / "a.csv")


# The command


def test_convert_prints_the_file_and_what_did_not_pass(lymphocast: Command, tmp_path: Path) -> None:
    done = lymphocast("convert", "trojan-2009", "-o", "a.nonmem.csv", cwd=tmp_path)
    lines = done.out.splitlines()
    assert (done.code, lines[0]) == (0, "a.nonmem.csv")
    assert "things did not pass" in lines[1]
    assert len(lines) < 40
    full = lymphocast("convert", "trojan-2009", "-o", "b.nonmem.csv", "--json", cwd=tmp_path)
    told = json.loads(full.out)
    assert told["written"] == ["b.nonmem.csv"]
    assert len(told["dropped"]) == int(lines[1].split()[0])


def test_convert_deidentifies_with_a_secret(lymphocast: Command, tmp_path: Path) -> None:
    options = ("--deidentify", "--secret", "key", "--citations")
    done = lymphocast("convert", "trojan-2009", "-o", "a.xlsx", *options, cwd=tmp_path)
    assert done.code == 0
    assert "made the secret key" in done.out
    assert "values were changed" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "nothing to convert"),
        (("trojan-2009",), 2, "nothing to convert"),
        (("trojan-2009", "-o", "a.yaml", "--deidentify"), 2, "belong together"),
        (("trojan-2009", "-o", "a.yaml", "--secret", "key"), 2, "belong together"),
        (("trojan-2009", "-o", "a.pdf"), 2, "found suffix '.pdf'"),
        (("nowhere.yaml", "-o", "a.json"), 2, "no file"),
        (("trojan-2009", "-o", "no/a.yaml"), 2, "'no' does not exist"),
        (("trojan-2009", "-o", "a.nonmem.csv", "--strict"), 1, "without losses"),
        (("bad.xlsx", "-o", "a.yaml"), 1, "bad.xlsx: found"),
    ],
)
def test_what_cannot_be_converted_is_one_line(
    lymphocast: Command, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "bad.xlsx").write_bytes(b"not a spreadsheet")
    done = lymphocast("convert", *arguments, cwd=tmp_path)
    assert done.code == code
    assert words in done.err
    assert done.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bad.xlsx"]


def test_a_template_is_written_by_the_command(lymphocast: Command, tmp_path: Path) -> None:
    done = lymphocast("convert", "--template", "xlsx", cwd=tmp_path)
    assert done.out == "case-template.xlsx\n"
    assert (tmp_path / "case-template.xlsx").read_bytes().startswith(b"PK")


def test_check_says_what_data_mean(lymphocast: Command, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text("TIME,AMT,EVID\n0,5,1\n0,0,0\n")
    (tmp_path / "bad.csv").write_text("TIME,AMT,EVID\n1,5,1\n0,5,1\n")
    good = lymphocast("check", "good.csv", cwd=tmp_path)
    assert good.code == 0
    assert "At TIME 0 they act in this order: dose (line 2), observation (line 3)" in good.out
    bad = lymphocast("check", "bad.csv", "--json", cwd=tmp_path)
    assert bad.code == 1
    assert {i["rule"] for i in json.loads(bad.out)} >= {"time-goes-back"}
