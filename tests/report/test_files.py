"""HTML and PDF: complete, offline, safe against hostile text, and the same every time."""

import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pypdf import PdfReader

from lymphocast.errors import UsageError
from lymphocast.report.blocks import Document
from lymphocast.report.document import build_document
from lymphocast.report.html import render_html
from lymphocast.report.pdf import render_pdf
from lymphocast.report.svg import embeddable
from lymphocast.report.write import write_report
from tests.report import decisions, synthetic

HOSTILE = '<script>alert("x")</script> #set page(fill: red) \\ $x$ "quoted" *bold* & {{ 7*7 }}'


class References(HTMLParser):
    """Collects tags, and every attribute that a browser could load something from."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.targets += [v or "" for k, v in attrs if k in {"src", "href", "xlink:href", "data"}]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(html: str) -> References:
    references = References()
    references.feed(html)
    return references


def hostile() -> Document:
    record = synthetic.renamed(HOSTILE, HOSTILE)
    return build_document(record, synthetic.check_report(), synthetic.results(), synthetic.SVG)


def pdf_text(content: bytes) -> str:
    pages = PdfReader(io.BytesIO(content)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def test_html_loads_nothing_from_outside(document: Document) -> None:
    html = render_html(document)
    assert all(target.startswith("#") for target in parsed(html).targets)
    assert "@import" not in html
    assert not re.search(r"url\(", html)
    assert re.findall(r"https?://[^\s\"<]+", html) == ["http://www.w3.org/2000/svg"]


def test_html_contents_lead_to_every_section(document: Document) -> None:
    html = render_html(document)
    for section in document.sections:
        assert f'href="#{section.id}"' in html
        assert f'<section id="{section.id}">' in html


def test_hostile_text_stays_text_in_html() -> None:
    page = parsed(render_html(hostile()))
    assert "script" not in page.tags
    assert HOSTILE in "".join(page.text)


def test_hostile_text_stays_text_in_pdf() -> None:
    text = pdf_text(render_pdf(hostile()))
    assert "#set page(fill: red)" in text
    assert "*bold*" in text
    assert "$x$" in text


def test_pdf_holds_sections_verdicts_and_title(document: Document) -> None:
    content = render_pdf(document)
    text = pdf_text(content)
    for section in document.sections:
        assert section.title in text
    for verdict in synthetic.verdicts():
        assert verdict.question in text
    assert "undecided" in text
    metadata = PdfReader(io.BytesIO(content)).metadata
    assert metadata is not None
    assert metadata.title == document.title
    assert metadata.creation_date is None


def test_pdf_describes_its_figure_in_words(document: Document) -> None:
    assert b"/Alt" in render_pdf(document)


def test_the_same_document_gives_the_same_bytes(document: Document) -> None:
    assert render_html(document) == render_html(document)
    assert render_pdf(document) == render_pdf(document)


@pytest.mark.parametrize(("name", "start"), [("r.html", b"<!DOCTYPE html>"), ("r.PDF", b"%PDF-")])
def test_the_suffix_decides_the_format(
    document: Document, tmp_path: Path, name: str, start: bytes
) -> None:
    write_report(document, tmp_path / name)
    assert (tmp_path / name).read_bytes().lstrip().startswith(start)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_another_suffix_is_refused_and_nothing_is_written(
    document: Document, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"'\.docx'.*\.html, \.pdf"):
        write_report(document, tmp_path / "report.docx")
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(document: Document, tmp_path: Path) -> None:
    old = tmp_path / "report.html"
    old.mkdir()  # a folder in the way cannot be replaced by a file
    with pytest.raises(OSError, match="report"):
        write_report(document, old)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    "inside",
    [
        "<script>1</script>",
        '<rect onclick="1"/>',
        '<image href="https://example.org/x.png"/>',
        "<foreignObject/>",
        "<style>@import 'x.css';</style>",
        '<rect style="fill: url(http://example.org/x)"/>',
    ],
)
def test_an_active_figure_is_refused(inside: str) -> None:
    with pytest.raises(UsageError, match="cannot be embedded"):
        embeddable(f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>')


@pytest.mark.parametrize("text", ["no markup", "<p>not a figure</p>", "<!DOCTYPE svg><svg/>"])
def test_what_is_not_svg_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="figure"):
        embeddable(text)


def test_a_harmless_figure_keeps_its_text_and_local_references() -> None:
    svg = (
        '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">'
        '<g clip-path="url(#c)" aria-label="onset = 3"><text>a &lt; b</text></g></svg>'
    )
    kept = embeddable(svg)
    assert kept.startswith("<svg")
    assert "a &lt; b" in kept
    assert "url(#c)" in kept


CLIPPED = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'aria-labelledby="name words"><title id="name">a</title><desc id="words">b</desc>'
    "<style>.faded { mask: url(#clip-1); fill: #c1ab5e }</style>"
    '<defs><clipPath id="clip-1"><rect id="box" width="5"/></clipPath></defs>'
    '<g clip-path="url(#clip-1)" style="fill:url(#box)"><use xlink:href="#box"/>'
    '<text fill="#c1ab5e">#clip-1 stays</text></g></svg>'
)


def test_figures_of_one_page_share_no_identifier_and_each_refers_to_its_own() -> None:
    drawn = build_document(
        synthetic.record(), synthetic.check_report(), synthetic.results(), CLIPPED, CLIPPED,
        plans=decisions.plans(), plan_svgs=(CLIPPED, CLIPPED),
    )  # fmt: skip
    html = render_html(drawn)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(set(ids)) == len(ids)
    figures = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(figures) == 4
    for figure in figures:
        own = re.findall(r'\bid="([^"]+)"', figure)
        assert len(own) == 4
        found = re.findall(r'(?:url\(|href=")#([^")]+)', figure)
        found += re.findall(r'aria-labelledby="(\S+) (\S+)"', figure)[0]
        assert set(found) == set(own)
        assert figure.count("#c1ab5e") == 2  # a colour, not a name
        assert "#clip-1 stays" in figure


def test_a_figure_alone_keeps_its_identifiers() -> None:
    kept = embeddable(CLIPPED)
    for name in ('id="clip-1"', "url(#clip-1)", 'href="#box"', 'aria-labelledby="name words"'):
        assert name in kept
