"""Drafts: precision and recall on invented pages, where each fact stands, what a fit refuses."""

import json
import os
import re
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lymphocast.criteria.check import check
from lymphocast.errors import RecordError, UsageError
from lymphocast.interchange.draft.assemble import Draft
from lymphocast.interchange.draft.drafting import case_text, draft_case, draft_lines, draft_page
from lymphocast.interchange.draft.lexicon import lexicon
from lymphocast.interchange.draft.story import FACT_LIMIT, Kind
from lymphocast.record.amendments import open_questions, proposed
from lymphocast.record.analytes import ANALYTES
from lymphocast.record.casefile import find_case, parse_case
from lymphocast.record.names import DRUGS, ORGANISMS, SPECIMENS, canonical
from lymphocast.record.patient import PatientRecord
from lymphocast.record.validate import validate
from tests.conftest import ROOT, Command
from tests.interchange.draft.scoring import (
    CORPUS,
    HELD_OUT,
    lines,
    pages,
    score,
    split,
    together,
    values_only,
)

TUNED = 0.97
"""Precision and recall that the rules reach on the pages they were written with (0.985, 0.978)."""
UNSEEN = 0.84
"""Precision and recall on pages that no rule was tuned on, at their only score (0.852, 0.844)."""
UNSEEN_NUMBERS = 0.89
"""The same of their numbers alone, without when they were (0.915, 0.896)."""
SEED_PAGE = os.environ.get("LYMPHOCAST_SEED_PAGE") or next(
    map(str, sorted((ROOT.parent / "shared" / "seed").glob("*.txt"))), ""
)
"""A saved PubMed page of the founding case, which the repository does not ship: named by the
environment, or kept beside the checkout."""

# The numbers of the founding case in other words, in the form of a saved page.
RETOLD = """\
Case Reports
J Invent Med
. 2009 Jun;1(2):3-4. doi: 10.1000/invented.2009.
The founding case in other words
A Nobody et al. J Invent Med. 2009 Jun.

Abstract

A white man, a 39-year-old with lung disease due to Myobacterium avium-intracellulare, was found to
have 172 CD4(+) cells/mm(3). He had received clathromycin for 4 months with minimal improvement when
daily subcutaneous pegylated interleukin (IL)-2 was started at 600,000 units. The dose was raised to
11 million units weekly, divided into three equal doses, 3 months later. After 5 months of therapy
the cough had resolved, sputum cultures became negative and the CD4(+) count was 553 cells/mm(3).
IL-2 was stopped after 35 months. CD4(+) counts 6 and 9 months after discontinuing IL-2 were 596 and
378 cells/mm(3), and he remains asymptomatic.

Figures
Fig. 1
Fig. 1
Counts and doses. IL-2 was started at 600 000 units/day in May 2004, titrated to 11 000 000
units/week by July 2004 and stopped in July of 2007. The patient had had bronchitis since 2002 that
worsened in October 2003. Clarithromycin 500 mg twice a day was started in early February 2004 and
stopped in late October 2004. Arrows: missed IL-2 doses.

References
    1. Nobody A. A CD4 count of 999 cells/mm3. J Invent Med. 1992;41:541. - PubMed
"""
STATED = {
    "age 39 a",
    "sex male",
    "CD4 172 /uL",
    "CD4 553 /uL",
    "CD4 596 /uL",
    "CD4 378 /uL",
    "CD4 553 /uL at interleukin-2-start + 5 mo",
    "CD4 596 /uL at interleukin-2-stop + 6 mo",
    "CD4 378 /uL at interleukin-2-stop + 9 mo",
    "dose interleukin-2 600000 [arb'U] per 1 d in 1",
    "dose interleukin-2 11 M[arb'U] per 7 d in 3",
    "dose clarithromycin 1000 mg per 1 d in 2",
    "event clarithromycin-start early 2004-02",
    "event clarithromycin-stop late 2004-10",
    "event interleukin-2-start 2004-05",
    "event interleukin-2-dose-change 2004-07",
    "event interleukin-2-stop 2007-07",
    "duration 4 mo clarithromycin-start interleukin-2-start",
    "duration 3 mo interleukin-2-start interleukin-2-dose-change",
    "duration 35 mo interleukin-2-start interleukin-2-stop",
    "culture sputum negative Mycobacterium avium-intracellulare",
    "missed interleukin-2",
    "symptom resolved",
    "symptom worse at 2003-10",
    "symptom present at 2002",
    "symptom asymptomatic",
}
NUMBERS = {39, 172, 4, 600_000, 11, 3, 5, 553, 35, 6, 9, 596, 378, 500, 1000, 2, 1, 7}
"""Every number that the founding page states, 500 mg twice a day as 1000 mg in 2 doses a day, and
the periods of the doses in days."""


WAITING = {"proposed-not-accepted", "question-open"}


def drafted(folder: Path, text: str, name: str = "page.txt") -> Draft:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return draft_page(path)


@pytest.fixture(scope="module")
def drafts(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Draft]:
    """The drafts of every page, made once."""
    folder = tmp_path_factory.mktemp("pages")
    return {p: drafted(folder, split(p)[0]) for p in (*pages(CORPUS), *pages(HELD_OUT))}


@pytest.fixture(scope="module")
def retold(tmp_path_factory: pytest.TempPathFactory) -> Draft:
    """The draft of the founding case in other words."""
    return drafted(tmp_path_factory.mktemp("retold"), RETOLD)


def waiting(record: PatientRecord) -> list[str]:
    """Return what waits for a person: the ids of proposals and open questions."""
    return [issue.path for issue in validate(record, (proposed, open_questions))]


def sentence(folder: Path, *said: str) -> set[str]:
    """Return what is proposed from sentences about one patient."""
    opening = "A 40-year-old man presented with cough."
    return set(lines(drafted(folder, " ".join((opening, *said)))))


@pytest.mark.parametrize(("folder", "floor"), [(CORPUS, TUNED), (HELD_OUT, UNSEEN)])
def test_precision_and_recall(drafts: dict[Path, Draft], folder: Path, floor: float) -> None:
    found = together([score(page, drafts[page]) for page in pages(folder)])
    assert found.precision >= floor
    assert found.recall >= floor


@pytest.mark.parametrize(("folder", "floor"), [(CORPUS, TUNED), (HELD_OUT, UNSEEN_NUMBERS)])
def test_numbers_alone_are_found_more_surely(
    drafts: dict[Path, Draft], folder: Path, floor: float
) -> None:
    found = together([values_only(score(page, drafts[page])) for page in pages(folder)])
    assert found.precision >= floor
    assert found.recall >= floor


@pytest.mark.parametrize("page", pages(CORPUS) + pages(HELD_OUT), ids=lambda p: str(p.stem))
def test_every_quotation_stands_where_it_says(drafts: dict[Path, Draft], page: Path) -> None:
    draft = drafts[page]
    for proposal in draft.proposals:
        span = draft.page.text[proposal.start : proposal.end]
        assert " ".join(span.split()) == proposal.quote
        assert any(s.start <= proposal.start < proposal.end <= s.end for s in draft.page.sections)


@pytest.mark.parametrize("page", pages(CORPUS) + pages(HELD_OUT), ids=lambda p: str(p.stem))
def test_a_draft_is_a_case_file_of_open_proposals(drafts: dict[Path, Draft], page: Path) -> None:
    draft = drafts[page]
    record = parse_case(case_text(draft), "case.yaml")
    assert sorted(waiting(record)) == sorted({p.id for p in draft.proposals})
    assert parse_case(case_text(draft, as_json=True), "case.json").sha256 == record.sha256


def test_the_founding_case_retold_gives_every_fact_and_no_other_number(retold: Draft) -> None:
    assert set(lines(retold)) >= STATED
    assert retold.page.citation.id == "nobody-2009"
    assert numbers_of(retold) <= NUMBERS


@pytest.mark.skipif(not SEED_PAGE, reason="no seed page (LYMPHOCAST_SEED_PAGE)")
def test_the_founding_page_gives_every_fact_and_no_other_number() -> None:
    draft = draft_page(Path(SEED_PAGE))
    assert set(lines(draft)) >= STATED
    assert numbers_of(draft) <= NUMBERS
    assert [q.id for q in draft.questions] == ["question-dates"]


def numbers_of(draft: Draft) -> set[float]:
    """Return the numbers that a draft states as values; those of identifiers and dates are none."""
    case = draft.case
    texts = [str(case.get("patient", {}))]
    for section, keys in (
        ("measurements", ("value",)),
        ("administrations", ("amount", "per", "divided")),
        ("durations", ("length",)),
    ):
        rows = case.get(section, [])
        assert isinstance(rows, list)
        texts += [str(row[key]) for row in rows for key in keys]
    found = {proposal.value for proposal in draft.facts if proposal.value is not None}
    return found | {float(n) for t in texts[1:] for n in re.findall(r"(?<![\w-])\d+(?:\.\d+)?", t)}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("His CD4 count was 0.12 × 10⁹/L.", "CD4 0.12 10*9/L"),
        ("His CD4 count was 0.12 x 109/l.", "CD4 0.12 10*9/L"),
        ("His CD4 count was 120 cells per microlitre.", "CD4 120 /uL"),
        ("There were 87 CD4+ T cells/μL.", "CD4 87 /uL"),
        ("He had CD4 lymphopenia (140/mm3).", "CD4 140 /uL"),
        ("The CD4 count was below 50 cells/mm3.", "CD4 <50 /uL at presentation"),
        ("CD4 cells were 14% of lymphocytes.", "CD4 of lymphocytes 14 %"),
        ("CD4 and CD8 counts were 120 and 300 cells/uL.", "CD8 300 /uL"),
        ("He got IL-2, two million IU weekly.", "dose interleukin-2 2 M[IU] per 7 d in 1"),
        ("Clathromycin 500 mg b.i.d. was started.", "dose clarithromycin 1000 mg per 1 d in 2"),
        ("He got amikacin 15 mg/kg thrice weekly.", "dose amikacin 45 mg/kg per 7 d in 3"),
        ("He took azithromycin 500 mg every other day.", "dose azithromycin 500 mg per 2 d in 1"),
        ("IL-2 was started on 3 May 2010.", "event interleukin-2-start 2010-05-03"),
        ("IL-2 was stopped in late May 2010.", "event interleukin-2-stop late 2010-05"),
        ("He died 3 weeks later.", "finding death at presentation + 3 wk"),
        ("He got IL-2 at 7 × 105 IU daily.", "dose interleukin-2 700000 [IU] per 1 d in 1"),
        ("He got IL-2 2 MIU/day 3 days a week.", "dose interleukin-2 6 M[IU] per 7 d in 3"),
        ("He got IL-2 5 MIU bid for 5 days every 8 weeks.", "cycle interleukin-2 5 d every 56 d"),
        ("He got IL-7 10 ug/kg on days 0, 7 and 14.", "dose interleukin-7 10 ug/kg per 7 d in 1"),
        ("IL-2 was begun. Two doses were withheld.", "missed interleukin-2"),
        ("IL-2 was begun. Side effects were fever and rash.", "adverse"),
        ("IL-2 was begun. A grade 3 hypotension occurred.", "adverse grade 3"),
        (
            "IL-2 was begun. CD4 cells were 133, 97 and 71/uL at weeks 4, 12 and 24.",
            "CD4 97 /uL at interleukin-2-start + 12 wk",
        ),
        (
            "IL-2 was begun. CD4 cells were 33/uL (8%) at 3 months and 71/uL (9%) at 6 months.",
            "CD4 71 /uL at interleukin-2-start + 6 mo",
        ),
        (
            "IL-2 was begun. At 3 and 6 months CD4 counts were 97 and 71/uL and the corresponding "
            "CD8 counts were 210 and 305/uL.",
            "CD8 305 /uL at interleukin-2-start + 6 mo",
        ),
    ],
)  # fmt: skip
def test_what_one_sentence_states(tmp_path: Path, said: str, expected: str) -> None:
    assert expected in sentence(tmp_path, said)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("His leukocytes were 1.200 cells/µL.", "1.2 or 1200"),
        ("CD4 cells were 14%.", "of T cells or of all lymphocytes"),
        ("The CD4 count was 32.", "no unit is printed"),
        ("The CD4 count was 140 cells/L.", "is the unit right"),
        ("IL-2 was given biweekly at 3 MIU.", "two times a week or every two weeks"),
        ("IL-2 was given at 3 MIU.", "how often"),
        ("On 03/04/2006 he relapsed.", "2006-03-04 or 2006-04-03"),
        ("He was seen in May.", "of which year"),
        ("He got 25-50 mg of prednisone daily.", "which dose of the range"),
        ("He got co-trimoxazole 160/800 mg daily.", "how much of which drug of the combination"),
    ],
)
def test_what_is_ambiguous_becomes_a_question(tmp_path: Path, said: str, asked: str) -> None:
    found = sentence(tmp_path, said)
    assert any(line.startswith("question") and asked in line for line in found), found


def test_a_question_holds_the_answers_that_are_possible(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "A 40-year-old man with ICL relapsed on 03/04/2006.")
    record = parse_case(case_text(draft), "case.yaml")
    assert ("2006-03-04", "2006-04-03") in [question.choices for question in record.questions]


def test_names_are_those_of_the_record() -> None:
    words = lexicon()
    for terms, table in (
        (words.drugs, DRUGS),
        (words.analytes, ANALYTES),
        (words.organisms, ORGANISMS),
        (words.specimens, SPECIMENS),
    ):
        assert [canonical(term.name, table) for term in terms] == [term.name for term in terms]


@pytest.mark.parametrize(
    "said",
    [
        "Published patients had a median CD4 count of 82 cells/mm3 (range 3-296; P < .01).",
        "The normal range is 500-1700 cells/mm3.",
        "ICL is defined as a CD4 count below 300 cells/mm3.",
        "CD4 counts below 200 cells/mm3 should prompt prophylaxis (Fig. 2) [12,13].",
        "His brother had a CD4 count of 410 cells/mm3.",
        "We conclude that 1 MIU/day is safe.",
    ],
)
def test_numbers_of_others_become_no_fact(tmp_path: Path, said: str) -> None:
    numbers = {"age 40 a", "sex male", "symptom present", "symptom present at presentation"}
    assert sentence(tmp_path, said) == numbers


def test_check_lists_every_proposal_with_the_text_that_it_was_read_from(retold: Draft) -> None:
    report = check(parse_case(case_text(retold), "case.yaml"))
    assert report.has_errors
    issues = [issue for issue in report.issues if issue.rule in WAITING]
    assert sorted(issue.path for issue in issues) == sorted(p.id for p in retold.proposals)
    assert any('"172 CD4(+) cells/mm(3)"' in issue.message for issue in issues)


def test_accepted_facts_are_no_longer_open(retold: Draft) -> None:
    case = yaml.safe_load(case_text(retold))
    del case["questions"]
    text = json.dumps(case).replace('"proposed"', '"stated"')
    assert waiting(parse_case(text, "case.json")) == []


def test_one_proposal_or_one_question_is_enough_to_refuse_a_fit(
    tmp_path: Path, lymphocast: Command
) -> None:
    text = find_case("trojan-2009").read_text(encoding="utf-8")
    proposal = text.replace("method: stated", "method: proposed", 1)
    place = "[{source: trojan-2009-page, locator: abstract, method: stated}]"
    question = f"questions:\n  - {{id: which, text: Which product?, provenance: {place}}}\n"
    for case, rule in ((proposal, "proposed-not-accepted"), (text + question, "question-open")):
        (tmp_path / "case.yaml").write_text(case, encoding="utf-8")
        refused = lymphocast("fit", str(tmp_path / "case.yaml"), "-o", str(tmp_path / "fit.nc"))
        assert refused.code == 1
        assert rule in refused.err
        assert not (tmp_path / "fit.nc").exists()


def test_the_command_writes_a_case_that_check_shows_and_fit_refuses(
    tmp_path: Path, lymphocast: Command
) -> None:
    (tmp_path / "page.txt").write_text(RETOLD, encoding="utf-8")
    page, case = str(tmp_path / "page.txt"), str(tmp_path / "case.yaml")
    done = lymphocast("draft", page, "-o", case)
    assert done.code == 0
    assert "1 question" in done.out
    shown = lymphocast("check", case)
    assert shown.code == 1
    assert "ERROR proposed-not-accepted [cd4-553]" in shown.out
    refused = lymphocast("fit", case, "-o", str(tmp_path / "fit.nc"))
    assert refused.code == 1
    assert all(name in refused.err for name in ("patient", "cd4-553", "question-dates"))
    assert refused.err.count("\n") == 1
    assert not (tmp_path / "fit.nc").exists()


def test_a_page_is_not_overwritten(tmp_path: Path) -> None:
    page = tmp_path / "page.yaml"
    page.write_text(RETOLD, encoding="utf-8")
    with pytest.raises(UsageError, match="it is the page that is read"):
        draft_case(page, page)
    assert page.read_text(encoding="utf-8") == RETOLD


def test_a_text_without_a_patient_says_so(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "IL-2 raises CD4 counts above 300 cells/mm3 in 40% of patients.")
    assert draft.proposals == ()
    assert draft_lines(draft) == ("nothing is proposed: the text describes no single patient",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "a page without words"),
        (b"\xff\xfe\x00", "not UTF-16"),
        (b"caf\xe9", "not UTF-8"),
        (b"a" * (2**20 + 1), "more than 1 MB"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "the declaration of an entity"),
        (
            b"A 40-year-old man. "
            + b"".join(b"CD4 was %d/mm3. " % n for n in range(10, 10 + FACT_LIMIT)),
            f"more than {FACT_LIMIT} facts",
        ),
    ],
)
def test_pages_that_cannot_be_read_give_one_error(
    tmp_path: Path, content: bytes, said: str
) -> None:
    page = tmp_path / "page.txt"
    page.write_bytes(content)
    with pytest.raises(RecordError, match=re.escape(said)):
        draft_page(page)


WORDS = sorted({word for page in pages(CORPUS) for word in split(page)[0].split()})


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A page of the corpus, with parts left out, repeated, or replaced by words of other pages."""
    text = split(draw(st.sampled_from(pages(CORPUS))))[0]
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(text)))
        upto = min(len(text), at + draw(st.integers(0, 80)))
        words = " ".join(draw(st.lists(st.sampled_from(WORDS), max_size=5)))
        new = draw(st.sampled_from(["", f" {words} ", text[at:upto] * 2, "\u00ad", "\x07", " 0 "]))
        text = text[:at] + new + text[upto:]
    return text


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example writes anew
)
@given(text=damaged())
def test_a_damaged_page_is_refused_or_gives_a_case_file(tmp_path: Path, text: str) -> None:
    with suppress(RecordError):
        draft = drafted(tmp_path, text)
        assert_readable(case_text(draft))


def test_a_length_of_nothing_is_no_length(tmp_path: Path) -> None:
    text = (
        "A 46-year-old woman had a CD4 count of 150 cells/mm3. In August 1996 she started IL-2, "
        "250,000 U/m2 once daily for 0 months."
    )
    assert_readable(case_text(drafted(tmp_path, text)))


def assert_readable(text: str) -> None:
    try:
        parse_case(text, "case.yaml")
    except RecordError as error:
        pytest.fail(f"{error}\n{text}")


def test_proposals_name_their_kind_and_value(retold: Draft) -> None:
    counts = [p for p in retold.facts if p.kind is Kind.MEASUREMENT]
    assert [(p.subject, p.value, p.unit) for p in counts] == [
        ("CD4", 172.0, "/uL"),
        ("CD4", 553.0, "/uL"),
        ("CD4", 596.0, "/uL"),
        ("CD4", 378.0, "/uL"),
    ]
