"""Reading case files: what is read, and the one error that each bad file gives."""

import json
import random
import string
from contextlib import suppress
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lymphocast.errors import RecordError
from lymphocast.record.casefile import (
    canonical_case,
    case_schema,
    find_case,
    parse_case,
    read_case,
    shipped_cases,
)
from lymphocast.record.casewriter import case_text
from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Method
from lymphocast.units import Quantity
from tests.record.cases import SMALL, changed, founding_text, rich_text, small

STATED = "provenance: [{source: paper, locator: abstract, method: stated}]"
MODELLING = """\
modelling:
  study_drug: interleukin-2
  antibiotic: interleukin-2
  entry_measurement: cd4-first
  entry_below: 350 /uL
  recovery_clock: start
  infection_lift: start
  nominal:
    - {fact: start, day: 2020-01-15, rationale: the middle}
  rationale: {study_drug: the drug asked for}
"""


def refused(text: str) -> RecordError:
    with pytest.raises(RecordError) as caught:
        parse_case(text, "small.yaml")
    return caught.value


def test_the_small_case_is_read() -> None:
    record = small()
    assert record.measurement("cd4-first").value == Quantity(150.0, "/uL")
    assert record.measurement("cd4-second").value == Quantity(0.4, "10*9/L")
    assert record.administration("drug").route is None
    assert record.administration("drug").divided == 1
    assert record.event("stop").at.anchor == "start"
    assert record.modelling is None


BAD = [
    # what is wrong, replaced, by, line, in found, in needed
    ("a misspelt key", "value: 150 /uL", "valeu: 150 /uL", 25, "'valeu'", "'value'"),
    ("a key of another place", "analyte: CD4", "drug: CD4", 24, "'drug'", "one of"),
    ("an impossible date", "at: 2020-01", "at: 2004-02-31", 8, "2004-02-31", "exists"),
    ("a day of no form", "at: 2020-01", "at: January", 8, "January", "2004-05"),
    ("a count in mg/L", "150 /uL", "150 mg/L", 23, "'mg/L'", "converts to '/uL'"),
    ("an unknown unit", "150 /uL", "150 foo", 25, "'foo' is not known", "UCUM"),
    ("a count without unit", "150 /uL", "150", 25, "not a number with a unit", "UCUM"),
    ("digit grouping", "1 MU", "1,000 U", 17, "1,000 U", "no digit grouping"),
    ("a negative count", "150 /uL", "-150 /uL", 25, "-150", "above 0"),
    ("a count of nothing", "150 /uL", "0 /uL", 25, "'0 /uL'", "above 0"),
    ("a missing anchor", "start + 6 mo", "begin + 6 mo", 12, "'begin'", "dated fact"),
    ("an anchor on itself", "start + 6 mo", "stop + 6 mo", 12, "stop -> stop", "calendar"),
    ("a circle", "at: 2020-01", "at: stop - 6 mo", 12, "circle of anchors", "calendar"),
    ("a duplicate id", "id: cd4-second", "id: start", 28, "first on line 6", "once"),
    ("an id with a blank", "id: cd4-second", "id: cd4 second", 28, "'cd4 second'", "hyphens"),
    ("a stop before the start", "stop: stop", "stop: 2019-01", 15, "2019-01-31", "2020-01-01"),
    ("a method of no kind", "method: stated", "method: guessed", 9, "'guessed'", "read-off-figure"),
    ("an undeclared source", "source: paper", "source: book", 9, "'book'", "paper"),
    ("derived without a note", "method: stated", "method: derived", 9, "without a note", "how"),
    ("no value", "    value: 150 /uL\n", "", 23, "no key 'value'", "number and unit"),
    ("an empty value", "value: 150 /uL", "value:", 25, "nothing", "a text"),
    ("a list for a text", "value: 150 /uL", "value: [1, 2]", 25, "list", "text"),
    ("a text for a list", "events:", "events: none\nfindings:", 5, "text", "list"),
    ("a fact that is no mapping", "  - id: start\n", "  - start\n  - id: start\n", 6, "text", "id"),
    ("half a dose", "per: 1 d", "per: 1 d\n    divided: 0.5", 19, "0.5", "whole number"),
    ("a period that is no time", "per: 1 d", "per: 1 mg", 18, "'mg'", "converts to 'd'"),
    ("a key twice", "title: A small case", "title: a\ntitle: b", 3, "'title'", "each key once"),
    ("a tag", "value: 150 /uL", "value: !!str 150 /uL", 25, "tag", "no anchors"),
    ("an anchor", "title: A small case", "title: &a A small case", 2, "'&a'", "no anchors"),
    ("an alias", "title: A small case", "title: *a", 2, "'*a'", "no anchors"),
    ("a merge key", "title: A small case", "title: A\n<<: {}", 3, "'<<'", "one of"),
    ("a mapping as a key", "title: A small case", "? {a: b}\n: c", 2, "as a key", "word"),
    ("a control character", "A small case", '"A \\a case"', 2, "U+0007", "printable"),
    ("an escape beyond Unicode", "A small case", '"\\UFFFFFFFF"', 2, "escape", "YAML"),
    ("not YAML", "title: A small case", "title: [", 4, "not YAML", "YAML or JSON"),
    ("a second document", "events:", "---\nevents:", 5, "second document", "one case"),
    ("no sources", "  - {id: paper, citation: A paper}", "  []", 4, "empty list", "at least 1"),
    (
        "a figure without its error",
        "method: stated}]\n  - id: cd4-second",
        "method: read-off-figure}]\n  - id: cd4-second",
        23,
        "read off a figure",
        "reading_error",
    ),
    ("titration in no steps", "per: 1 d", "per: 1 d\n    titrated_to: drug", 15, "steps", "note"),
    (
        "a reference to nothing",
        "per: 1 d",
        "per: 1 d\n    titrated_to: drag",
        19,
        "'drag'",
        "'drug'",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "line", "found", "needed"), [b[1:] for b in BAD], ids=[b[0] for b in BAD]
)
def test_a_bad_file_gives_one_clear_error(
    old: str, new: str, line: int | None, found: str, needed: str
) -> None:
    error = refused(changed(old, new))
    assert error.file == "small.yaml"
    assert found in error.found
    assert needed in error.needed
    assert error.line == line


def test_a_patient_without_an_antibiotic_names_none() -> None:
    line = "  antibiotic: interleukin-2\n"
    for without in ("", "  antibiotic:\n"):
        record = small(SMALL + changed(line, without, MODELLING))
        assert record.modelling is not None
        assert record.modelling.antibiotic is None
        assert "antibiotic" not in case_text(record)
        assert parse_case(case_text(record), "again.yaml").modelling == record.modelling
    assert "antibiotic: interleukin-2" in case_text(small(SMALL + MODELLING))


MODELLING_ERRORS = [
    ("nominal day outside", "2020-01-15", "2020-02-01", "2020-02-01", "2020-01-01 to 2020-01-31"),
    ("nominal day of no date", "2020-01-15", "2020-01", "'2020-01'", "2004-05-14"),
    ("drug never given", "antibiotic: interleukin-2", "antibiotic: aspirin", "aspirin", "given"),
    ("entry in other units", "350 /uL", "350 mg", "'mg'", "'/uL'"),
    ("no such count", "cd4-first", "cd4-frist", "cd4-frist", "'cd4-first'"),
    ("no such clock", "recovery_clock: start", "recovery_clock: drug", "'drug'", "dated fact"),
    ("reason of no choice", "{study_drug:", "{studydrug:", "'studydrug'", "'study_drug'"),
]


@pytest.mark.parametrize(
    ("old", "new", "found", "needed"),
    [m[1:] for m in MODELLING_ERRORS],
    ids=[m[0] for m in MODELLING_ERRORS],
)
def test_choices_must_fit_the_record(old: str, new: str, found: str, needed: str) -> None:
    assert small(SMALL + MODELLING).modelling is not None
    error = refused(SMALL + changed(old, new, MODELLING))
    assert found in error.found
    assert needed in error.needed
    assert error.line is not None


def test_one_fact_has_one_nominal_day() -> None:
    twice = changed(
        "  nominal:\n",
        "  nominal:\n    - {fact: start, day: 2020-01-02, rationale: r}\n",
        MODELLING,
    )
    assert "second nominal day" in refused(SMALL + twice).found


def test_a_timeline_must_not_turn_in_a_circle() -> None:
    timeline = f"""\
timelines:
  - id: other
    label: another reading
    event: start
    at: stop - 5 mo
    {STATED}
"""
    assert "circle of anchors" in refused(SMALL + timeline).found
    assert small(SMALL + changed("stop - 5 mo", "2019-12", timeline)).timelines[0].event == "start"


def test_a_titration_ends_in_a_stretch_of_the_same_drug() -> None:
    other = f"""\
  - id: other
    drug: clarithromycin
    amount: 500 mg
    per: 1 d
    start: start
    stop: stop
    titrated_to: drug
    titration_steps: 2
    titration_note: assumed
    {STATED}
measurements:
"""
    assert "'other' raised to 'drug'" in refused(changed("measurements:\n", other)).found


def test_an_empty_file() -> None:
    for text in ("", "\n\n", "# only a comment\n", "null", "---\n"):
        error = refused(text)
        assert error.found == "an empty file"
        assert error.line == 1


@pytest.mark.parametrize("text", ["just a text", "[]", "- a\n- b", "3"])
def test_a_file_that_is_no_mapping(text: str) -> None:
    assert "a mapping with the keys id, title" in refused(text).needed


def test_fifty_megabytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(RecordError, match=r"large\.yaml: found a file above 5 MB"):
        read_case(path)


def test_a_text_above_the_limit_is_refused() -> None:
    assert "above 5 MB" in refused("#" * 5_000_001).found


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(9)
    )
    error = refused(bomb)
    assert (error.line, error.found) == (1, "the anchor '&a'")


@pytest.mark.parametrize("text", ["[" * 100_000, "a: " + "{b: " * 100_000, "- " * 50_000 + "a"])
def test_deep_nesting_is_refused(text: str) -> None:
    assert "nesting that is too deep" in refused(text).found


def test_nul_and_bytes_that_are_no_utf8(tmp_path: Path) -> None:
    assert refused("id: a\ntitle: \0\n").line == 2
    path = tmp_path / "latin.yaml"
    path.write_bytes("id: a\ntitle: caf\u00e9\n".encode("latin-1"))
    with pytest.raises(RecordError, match=r"line 2: found the byte 0xE9.*UTF-8"):
        read_case(path)


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert read_case(path) == small()


def test_a_directory_is_no_case_file(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be read"):
        read_case(tmp_path)


def test_a_missing_path_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_case(tmp_path / "none.yaml")
    with pytest.raises(FileNotFoundError, match="did you mean the shipped case 'trojan-2009'"):
        find_case("trojan-209")


def test_a_shipped_case_may_be_named() -> None:
    assert "trojan-2009" in shipped_cases()
    assert read_case(find_case("trojan-2009")).id == "trojan-2009"
    assert find_case(str(find_case("trojan-2009"))) == find_case("trojan-2009")


def test_a_chain_of_anchors_may_be_longer_than_the_stack() -> None:
    events = "".join(f"  - {{id: e{i}, what: w, at: e{i + 1}, {STATED}}}\n" for i in range(1500))
    text = changed(
        "events:\n", f"events:\n{events}  - {{id: e1500, what: w, at: 2020, {STATED}}}\n"
    )
    assert small(text).hung(small(text).when_of("e0")).root == "e1500"


def test_unit_signs_and_names_are_tolerated() -> None:
    record = small(changed("drug: interleukin-2", "drug: IL-2"))
    assert record.administration("drug").drug == "interleukin-2"
    assert record.administration("drug").printed == ()
    misspelt = small(changed("drug: interleukin-2", "drug: clathromycin"))
    assert misspelt.administration("drug").drug == "clarithromycin"
    assert misspelt.administration("drug").printed == ("clathromycin",)


def test_a_point_read_off_a_figure_keeps_its_error() -> None:
    text = changed(
        "method: stated}]\n  - id: cd4-second", "method: read-off-figure}]\n  - id: cd4-second"
    )
    record = small(changed("value: 150 /uL", "value: 150 /uL\n    reading_error: 12", text))
    first = record.measurement("cd4-first")
    assert first.reading_error == 12.0
    assert first.provenance[0].method is Method.READ_OFF_FIGURE


def test_null_means_not_stated() -> None:
    for value in ("", " null", " ~"):
        assert small(changed("per: 1 d", f"per: 1 d\n    route:{value}")) == small()
    assert (
        small(changed("per: 1 d", 'per: 1 d\n    route: "null"')).administrations[0].route == "null"
    )


def test_a_json_case_is_a_case() -> None:
    plain = yaml.load(SMALL, yaml.BaseLoader)  # noqa: S506  (our own text, read as strings)
    for indent in (None, 2, "\t"):
        assert small(json.dumps(plain, indent=indent)) == small()


@pytest.mark.parametrize("text", [SMALL, SMALL + MODELLING, founding_text()])
def test_the_canonical_case_reads_back_as_the_same_record(text: str) -> None:
    record = parse_case(text, "a.yaml")
    again = parse_case(canonical_case(record), "b.json")
    assert again == record
    assert canonical_case(again) == canonical_case(record)


def test_the_checksum_ignores_comments_and_white_space_only() -> None:
    base = small().sha256
    assert len(base) == 64
    assert small("# a comment\n" + SMALL + "\n\n").sha256 == base
    assert small(changed("start + 6 mo", "start  +  6 mo")).sha256 == base
    assert small(changed("150 /uL", "150 cells/mm3")).sha256 == base
    reordered = changed(
        "    analyte: CD4\n    value: 150 /uL\n", "    value: 150 /uL\n    analyte: CD4\n"
    )
    assert small(reordered).sha256 == base
    assert small(changed("150 /uL", "151 /uL")).sha256 != base
    assert small(changed("locator: abstract", "locator: text")).sha256 != base


def test_the_schema_is_valid_and_accepts_what_the_reader_accepts() -> None:
    schema = case_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    json.dumps(schema)
    for text in (SMALL, SMALL + MODELLING, founding_text()):
        written = yaml.load(text, yaml.BaseLoader)  # noqa: S506  (our own text, read as strings)
        jsonschema.validate(written, schema)
        jsonschema.validate(json.loads(canonical_case(parse_case(text, "x"))), schema)


@pytest.mark.parametrize("old", ["value: 150 /uL", "  - {id: paper, citation: A paper}\n"])
def test_the_schema_refuses_a_missing_key(old: str) -> None:
    written = yaml.load(changed(old, ""), yaml.BaseLoader)  # noqa: S506  (read as strings)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, case_schema())


FOUNDING = founding_text()


def read_or_refused(text: str) -> PatientRecord | None:
    with suppress(RecordError):
        return parse_case(text, "small.yaml")
    return None


def _mutated(text: str, seed: int) -> str:
    """Return a text with a few random edits: characters, lines, words swapped."""
    chance = random.Random(seed)  # noqa: S311  (a reproducible test)
    lines = text.split("\n")
    for _ in range(chance.randint(1, 4)):
        i, j = chance.randrange(len(lines)), chance.randrange(len(lines))
        kind = chance.randrange(5)
        if kind == 0:
            lines[i] = lines[j]
        elif kind == 1:
            lines[i], lines[j] = lines[j], lines[i]
        elif kind == 2:
            del lines[i]
        else:
            line = lines[i]
            at = chance.randrange(len(line) + 1)
            extra = chance.choice(string.printable + "\0\x85\u2028\ufeff\U0001f600")
            lines[i] = line[:at] + extra + line[at + (kind == 3) :]
    return "\n".join(lines)


@pytest.mark.parametrize("block", range(6))
def test_random_edits_give_a_record_or_a_record_error(block: int) -> None:
    # The small case is edited more often: it is read in a tenth of the time.
    sources = [SMALL + MODELLING] * 30 + [FOUNDING] * 5 + [rich_text()] * 5
    for i, text in enumerate(sources):
        record = read_or_refused(_mutated(text, 1000 * block + i))
        assert record is None or parse_case(canonical_case(record), "again.json") == record


@given(st.text(max_size=60))
def test_any_text_gives_a_record_error(text: str) -> None:
    with pytest.raises(RecordError):
        parse_case(text, "any.yaml")


@given(st.text(max_size=30))
def test_any_text_may_stand_in_a_title_or_is_refused(text: str) -> None:
    quoted = changed("title: A small case", f"title: {json.dumps(text)}")
    record = read_or_refused(quoted)
    assert record is None or record.title == " ".join(text.split())
