"""The report as one self-contained HTML file that opens offline."""

from itertools import count
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lymphocast.report.blocks import Block, Document
from lymphocast.report.svg import embeddable

TEMPLATE: Final = "report.html"
WIDE: Final = 3
"""Tables with more columns than this become one card per row on a narrow screen."""


def render_html(document: Document) -> str:
    """Return the report as HTML; all text is escaped, the figure stands inside the page.

    Raises
    ------
    UsageError
        If the figure is not SVG or refers to anything outside.
    """
    environment = Environment(
        loader=PackageLoader("lymphocast", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["kind"] = kind
    numbers = count(1)
    environment.filters["picture"] = lambda svg: picture(svg, f"figure-{next(numbers)}")
    template = environment.get_template(TEMPLATE)
    return template.render(document=document, wide=WIDE)


def kind(block: Block) -> str:
    """Return the name of a block's type, by which a template chooses its layout."""
    return type(block).__name__.lower()


def picture(svg: str, name: str) -> Markup:
    """Return a checked figure as markup, its identifiers beginning with a name of its own."""
    return Markup(embeddable(svg, name))  # noqa: S704  checked element by element
