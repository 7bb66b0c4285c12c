"""Writing a figure: SVG, PNG, PDF or a page that opens offline; no browser is needed."""

import re
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path

import vl_convert

from lymphocast.errors import UsageError
from lymphocast.figures.layout import WIDTH
from lymphocast.files import write_whole

POINTS_PER_PIXEL = 72 / 96
PRINT_PPI = 300
SCREEN_WIDTH = 1200
Spec = Mapping[str, object]

_ROOT_SIZE = re.compile(r'width="([\d.]+)" height="([\d.]+)"')
_CLIP = re.compile(r"\bclip\d+\b")


def figure_svg(spec: Spec) -> str:
    """Return a figure as SVG text, the same bytes for the same specification."""
    svg = vl_convert.vegalite_to_svg(dict(spec))
    # The converter numbers clip paths through its whole life; here they start at one.
    names = {old: f"lymphocast-clip-{i + 1}" for i, old in enumerate(_unique(svg))}
    svg = _CLIP.sub(lambda match: names[match.group()], svg)
    words = escape(str(spec.get("description", "")), quote=True)
    return svg.replace("<svg ", f'<svg role="graphics-document" aria-label="{words}" ', 1)


def write_figure(spec: Spec, path: Path) -> None:
    """Write a figure in the format that the suffix of ``path`` names.

    Raises
    ------
    UsageError
        If the suffix is none of .html, .pdf, .png, .svg.
    """
    make = _WRITERS.get(path.suffix.lower())
    if make is None:
        message = (
            f"figure '{path.name}': suffix '{path.suffix}' is unknown; "
            f"a figure can be written as {', '.join(sorted(_WRITERS))}"
        )
        raise UsageError(message)
    content = make(spec)
    write_whole(path, content)


def _unique(svg: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_CLIP.findall(svg)))


def _svg(spec: Spec) -> bytes:
    return figure_svg(spec).encode()


def _png(spec: Spec) -> bytes:
    return bytes(vl_convert.svg_to_png(figure_svg(spec), scale=POINTS_PER_PIXEL, ppi=PRINT_PPI))


def _pdf(spec: Spec) -> bytes:
    # The PDF writer takes one pixel for one point, so the size is given in points.
    return bytes(vl_convert.svg_to_pdf(_ROOT_SIZE.sub(_in_points, figure_svg(spec), count=1)))


def _in_points(match: re.Match[str]) -> str:
    width, height = (float(side) * POINTS_PER_PIXEL for side in match.groups())
    return f'width="{width:g}" height="{height:g}"'


def _html(spec: Spec) -> bytes:
    """Return one page without outside references; the drawing fills the window up to a limit."""
    quiet = {**spec, "usermeta": {"embedOptions": {"actions": False}}}
    page = vl_convert.vegalite_to_html(quiet, bundle=True, renderer="svg")
    title = escape(str(spec.get("description", "Figure")).split(". ", maxsplit=1)[0])
    style = (
        "<style>body{margin:0 auto;padding:8px;box-sizing:border-box;"
        f"max-width:{SCREEN_WIDTH}px;background:#fff}}"
        "#vega-chart{display:block;width:100%;overflow-x:auto}"
        "#vega-chart svg.marks{display:block;width:100%;height:auto;"
        f"min-width:{WIDTH:g}px}}</style>"
    )
    page = page.replace("<html>", '<html lang="en">', 1)
    page = page.replace("<title>Chart</title>", f"<title>{title}</title>{style}", 1)
    return page.encode()


_WRITERS: Mapping[str, Callable[[Spec], bytes]] = {
    ".svg": _svg,
    ".png": _png,
    ".pdf": _pdf,
    ".html": _html,
}
