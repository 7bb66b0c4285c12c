"""How much room a text takes, so that labels can be placed before anything is drawn.

Widths are those of Helvetica, which Arial and Liberation Sans share (Adobe Core 14 AFM,
thousandths of the font size). A character that is not listed counts as a wide letter.
"""

from dataclasses import dataclass
from typing import final

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
LINE_HEIGHT = 1.18

_GROUPS = {
    191: "'",
    222: "ijl",
    260: "|",
    278: " \u00a0!,./:;I[]\\ft",
    333: "()-`r",
    334: "{}",
    355: '"',
    389: "*",
    469: "^",
    500: "Jcksvxyz",
    556: "#$0123456789?L_abdeghnopqu",
    584: "+<=>~",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1000: "←→",
    1015: "@",
}
_UNKNOWN = 667
_WIDTHS = {character: width for width, group in _GROUPS.items() for character in group}


@final
@dataclass(frozen=True)
class TextBox:
    """Lines of text and the room they take in pixels."""

    lines: tuple[str, ...]
    size: float

    @property
    def width(self) -> float:
        """Width of the longest line."""
        return max((text_width(line, self.size) for line in self.lines), default=0.0)

    @property
    def height(self) -> float:
        """Height of all lines."""
        return len(self.lines) * self.size * LINE_HEIGHT


def text_width(text: str, size: float) -> float:
    """Width of one line in pixels at a font size in pixels."""
    return sum(_WIDTHS.get(character, _UNKNOWN) for character in text) * size / 1000


def wrap(text: str, width: float, size: float) -> TextBox:
    """Break a text into lines no wider than ``width``.

    Only plain spaces break; a word that is too wide by itself keeps its line.
    """
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return TextBox(tuple(lines), size)
