"""Citations from MEDLINE, PubMed XML and saved PubMed pages; hostile files; BibTeX out."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lymphocast.errors import RecordError
from lymphocast.interchange.bibtex import write_bibtex
from lymphocast.interchange.citation import Citation, Reference, identified
from lymphocast.interchange.medline import read_citations

NBIB = """\
PMID- 10000001
OWN - NLM
DP  - 2011 Jan-Feb
TI  - An invented report of interleukin-2 in one patient with too
      few CD4 cells.
PG  - 440-5
LID - 10.1000/test.2011.001 [doi]
AB  - BACKGROUND: Nothing here is true. METHODS: We invented a
      patient.
FAU - Müller, René
AU  - Müller R
FAU - Smith, Ann B
AU  - Smith AB
TA  - J Invent Med
VI  - 12
IP  - 3
PMC - PMC9000001
"""

XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" "https://dtd.nlm.nih.gov/p.dtd">
<PubmedArticleSet>
<PubmedArticle>
  <MedlineCitation Status="MEDLINE">
    <PMID Version="1">10000001</PMID>
    <Article>
      <Journal>
        <JournalIssue><Volume>12</Volume><Issue>3</Issue>
          <PubDate><MedlineDate>2011 Jan-Feb</MedlineDate></PubDate></JournalIssue>
        <Title>Journal of invented medicine</Title>
        <ISOAbbreviation>J Invent Med</ISOAbbreviation>
      </Journal>
      <ArticleTitle>An invented report of interleukin-2 in one patient with too
        few CD4 cells.</ArticleTitle>
      <Pagination><MedlinePgn>440-5</MedlinePgn></Pagination>
      <Abstract>
        <AbstractText Label="BACKGROUND">Nothing here is true.</AbstractText>
        <AbstractText Label="METHODS">We invented a patient.</AbstractText>
      </Abstract>
      <AuthorList>
        <Author><LastName>Müller</LastName><ForeName>René</ForeName><Initials>R</Initials></Author>
        <Author><LastName>Smith</LastName><Initials>AB</Initials></Author>
      </AuthorList>
    </Article>
  </MedlineCitation>
  <PubmedData>
    <ArticleIdList>
      <ArticleId IdType="doi">10.1000/test.2011.001</ArticleId>
      <ArticleId IdType="pmc">PMC9000001</ArticleId>
    </ArticleIdList>
    <ReferenceList><Reference><Citation>Doe J. Counts &lt;200/mm<sup>3</sup>. 1990;1:2.</Citation>
      <ArticleIdList><ArticleId IdType="pubmed">7</ArticleId></ArticleIdList></Reference>
    </ReferenceList>
  </PubmedData>
</PubmedArticle>
</PubmedArticleSet>
"""

PAGE = """\
Skip to main page content
Case Reports
J Invent Med
. 2011 Jan-Feb;12(3):440-5. doi: 10.1000/test.2011.001. Epub 2010 Dec 3.
An invented report of interleukin-2 in one patient with too few CD4 cells
René Müller 1, Ann B Smith 1 2
Affiliations
    1 Department of Invention.
    PMID: 10000001 PMCID: PMC9000001
Abstract
BACKGROUND: Nothing here is true. METHODS: We invented a patient.

Figures
Fig. 1
Fig. 1
Counts that nobody counted.
Cited by
References
    1. Doe J. Counts <200/mm(3). 1990;1:2. - PubMed
Publication types
"""

SAVED = """\
1. J Invent Med. 2011 Jan-Feb;12(3):440-5. doi: 10.1000/test.2011.001. Epub 2010
Dec 3.

An invented report of interleukin-2 in one patient with too few CD4 cells.

Müller R(1), Smith AB(1)(2).

Author information:
(1)Department of Invention.
(2)Elsewhere.

BACKGROUND: Nothing here is true. METHODS: We invented
a patient.

DOI: 10.1000/test.2011.001
PMCID: PMC9000001
PMID: 10000001 [Indexed for MEDLINE]
"""

FORMATS = {"nbib": NBIB, "xml": XML, "page": PAGE, "saved": SAVED}
BOMB = """<?xml version="1.0"?>
<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<PubmedArticleSet>&b;</PubmedArticleSet>"""


def read(folder: Path, content: str | bytes) -> tuple[Citation, ...]:
    path = folder / "article.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_citations(path)


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_each_format_gives_the_same_article(tmp_path: Path, text: str) -> None:
    (found,) = read(tmp_path, text)
    assert found.id == "muller-2011"
    assert found.authors == ("Müller R", "Smith AB")
    assert found.title.rstrip(".").endswith("interleukin-2 in one patient with too few CD4 cells")
    assert (found.journal, found.year, found.month) == ("J Invent Med", 2011, 1)
    assert (found.volume, found.issue, found.pages) == ("12", "3", "440-5")
    assert (found.doi, found.pmid) == ("10.1000/test.2011.001", "10000001")
    assert found.pmcid == "PMC9000001"
    assert found.abstract == "BACKGROUND: Nothing here is true. METHODS: We invented a patient."


def test_references_are_read_where_the_format_has_them(tmp_path: Path) -> None:
    text = "Doe J. Counts <200/mm(3). 1990;1:2."
    assert read(tmp_path, XML)[0].references == (Reference(text, None, "7"),)
    assert read(tmp_path, PAGE)[0].references == (Reference(text),)


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("form", ["crlf", "bom", "utf-16"])
def test_line_ends_and_byte_order_marks_change_nothing(
    tmp_path: Path, text: str, form: str
) -> None:
    changed = {
        "crlf": text.replace("\n", "\r\n").encode(),
        "bom": b"\xef\xbb\xbf" + text.encode(),
        "utf-16": text.encode("utf-16"),
    }
    assert read(tmp_path, changed[form]) == read(tmp_path, text)


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("", None, "an empty file"),
        (" \n\n", None, "an empty file"),
        ("Nothing like a citation.\n", None, "a text without a citation"),
        (b"PMID- 1\nTI  - caf\xe9\n", 2, "bytes that are not UTF-8"),
        (b"\xff\xfeP\x00\x00", 1, "bytes that are not UTF-16"),
        ("PMID- 1\nTI  - a\0b\n", 2, "a NUL character"),
        ("PMID- 1\nTI  - A title\nnonsense\n", 3, "the line 'nonsense'"),
        ("PMID- 1\nOWN - NLM\n", 1, "no title in record 1"),
        ("PMID- 12x\nTI  - A title\n", 1, "PMID '12x'"),
        (NBIB.replace("10000001", "1" * 11, 1), 1, "PMID '11111111111'"),
        (BOMB, 2, "the declaration of an entity 'a'"),
        ('<!DOCTYPE x [<!ENTITY % a SYSTEM "file:///etc/passwd">]><x/>', 1, "an entity 'a'"),
        ('<!DOCTYPE x SYSTEM "x.dtd">\n<x>&nbsp;</x>', 2, "the entity 'nbsp'"),
        ("<x>&unknown;</x>", 1, "undefined entity"),
        (XML[:900], XML[:900].count("\n") + 1, "XML that cannot be read (no element found)"),
        ("<html><body>Not found</body></html>", 1, "the element 'html' without one"),
        ("<x>" * 100_000, 1, "nesting that is too deep"),
        (re.sub("<ArticleTitle>.*?</ArticleTitle>", "", XML, flags=re.DOTALL), 7, "a title"),
        (XML.replace("<Article>", "<Other>").replace("</Article>", "</Other>"), 4, "its citation"),
    ],
)
def test_what_cannot_be_read_gives_one_error_with_its_line(
    tmp_path: Path, content: str | bytes, line: int | None, said: str
) -> None:
    with pytest.raises(RecordError, match=re.escape(said)) as caught:
        read(tmp_path, content)
    assert caught.value.file == "article.txt"
    assert caught.value.line == line


@pytest.mark.parametrize(
    "junk",
    [b"A" * 10_000_000, b"a b\n" * 2_500_000, b"<" + b"x " * 5_000_000, b"\x00" * 10_000_000],
)
def test_ten_megabytes_of_junk_give_one_error(tmp_path: Path, junk: bytes) -> None:
    with pytest.raises(RecordError):
        read(tmp_path, junk)


def test_a_file_above_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lymphocast.interchange.medline.SIZE_LIMIT", 2**20)
    with pytest.raises(RecordError, match="more than 1 MB"):
        read(tmp_path, b"x" * (2**20 + 1))


def test_a_missing_file_is_not_a_record_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_citations(tmp_path / "absent.nbib")


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """One of the good files with some bytes deleted, repeated or replaced, or cut short."""
    content = draw(st.sampled_from(list(FORMATS.values()))).encode()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        upto = min(len(content), at + draw(st.integers(0, 200)))
        middle = draw(st.sampled_from([b"", content[at:upto] * 2, b"<", b"&#0;", b"\xff"]))
        new = draw(st.binary(max_size=4)) if draw(st.booleans()) else middle
        content = content[:at] + new + content[upto:]
    return content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example writes anew
)
@given(content=mutated())
def test_mutated_files_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    with suppress(RecordError):
        found = read(tmp_path, content)
        assert found
        assert_readable(found)


def assert_readable(found: tuple[Citation, ...]) -> None:
    for citation in found:
        assert re.fullmatch(r"[a-z][a-z0-9-]*", citation.id)
        assert citation.title.isprintable()


def test_names_of_articles_read_together_differ() -> None:
    same = Citation("", "A title", ("Trojan T",), year=2009)
    names = [c.id for c in identified([same] * 28)]
    assert names[:3] == ["trojan-2009", "trojan-2009-b", "trojan-2009-c"]
    assert names[27] == "trojan-2009-ab"
    assert len(set(names)) == 28


@pytest.mark.parametrize(
    ("authors", "pmid", "name"),
    [
        (("D'Souza-Łukasz ÉF",), None, "d-souza-ukasz-2009"),
        (("李 明",), "77", "pmid-77"),
        ((), None, "article"),
    ],
)
def test_a_name_is_an_identifier_of_a_case_file(
    authors: tuple[str, ...], pmid: str | None, name: str
) -> None:
    (found,) = identified([Citation("", "A title", authors, year=2009, pmid=pmid)])
    assert found.id == name


def test_bibtex_holds_every_field_in_balanced_braces(tmp_path: Path) -> None:
    citation = Citation(
        "muller-2011",
        "Counts {of} 50 % & more_or_less $5 ~ #1 \\ ^",
        ("Müller R", "The Invention Group", "van der Berg J-P", "Smith AB Jr"),
        more_authors=True,
        journal="J Invent Med",
        year=2011,
        month=6,
        volume="12",
        issue="3",
        pages="440-5",
        doi="10.1000/a_b",
        pmid="1",
        abstract="Text.",
    )
    path = tmp_path / "out.bib"
    write_bibtex(path, [citation, citation])
    text = path.read_text(encoding="utf-8")
    entries = re.findall(r"^@article\{(.+),$", text, re.MULTILINE)
    assert entries == ["muller-2011"] * 2
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")
    assert "author = {Müller, R and {The Invention Group} and van der Berg, J-P and " in text
    assert "Smith, Jr, AB and others}" in text
    assert "pages = {440--445}" in text
    assert "month = jun" in text
    for sign in "%&_$#":
        assert not re.search(rf"(?<!\\){re.escape(sign)}", text), sign


def test_a_citation_becomes_a_source_of_a_case_file(tmp_path: Path) -> None:
    source = read(tmp_path, NBIB)[0].source("The abstract was read.")
    assert source.id == "muller-2011"
    assert source.citation == (
        "Müller R, Smith AB. An invented report of interleukin-2 in one patient with too few CD4 "
        "cells. J Invent Med 2011;12(3):440-5."
    )
    assert (source.doi, source.pmid) == ("10.1000/test.2011.001", "10000001")
