"""The colours and letter widths of every picture: SVG, PNG, PDF and pages, light, dark and printed.

Hue says which quantity: blue is a value, vermilion a derivative, and nothing else has these hues. Drawings are made in the
light colours. `in_dark` is the CSS that exchanges them, `css` the same colours as custom properties.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = [
    "CARD",
    "EDGE",
    "FONT",
    "GRADIENT",
    "INK",
    "LINE",
    "MINUS",
    "MONO",
    "PAPER",
    "PLUS",
    "QUIET",
    "VALUE",
    "css",
    "in_dark",
    "themed",
    "width",
]

TOKENS = {  # name: (light, dark)
    "paper": ("#fafaf8", "#16171a"),
    "card": ("#ffffff", "#1f2126"),
    "ink": ("#1b1b1f", "#ececf0"),
    "quiet": ("#5c5c66", "#a8a8b2"),
    "line": ("#8e8e98", "#6c6c78"),
    "edge": ("#6e6e78", "#8b8b96"),
    "value": ("#0b5cad", "#74b9f5"),
    "value-tint": ("#e4eef8", "#1c2e40"),
    "gradient": ("#b8400a", "#ff9b5e"),
    "gradient-tint": ("#fbe8dd", "#3f2b1c"),
    "plus": ("#97c0a3", "#3b6f47"),
    "minus": ("#c29fc7", "#7a4a86"),
    "halo": ("#ffd84d", "#c79a00"),
}
PAPER, CARD, INK, QUIET, LINE, EDGE, VALUE, GRADIENT, PLUS, MINUS = (
    TOKENS[name][0] for name in ("paper", "card", "ink", "quiet", "line", "edge", "value", "gradient", "plus", "minus")
)
FONT = "Helvetica,Arial,DejaVu Sans,sans-serif"
MONO = "DejaVu Sans Mono,Menlo,Consolas,monospace"


def css() -> str:
    """The colours as custom properties; printed pages have the light ones."""
    light, dark = (";".join(f"--{name}:{both[i]}" for name, both in TOKENS.items()) for i in (0, 1))
    return f":root{{color-scheme:light dark;{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"


def in_dark(selector: str = "", variables: bool = False) -> str:
    """Rules for the elements of a drawing, of the light colours: in dark, or with `variables` by custom properties."""
    rules = []
    for name, (light, dark) in TOKENS.items():
        colour = f"var(--{name})" if variables else dark
        rules += [f'{selector} [{key}="{light}"]{{{key}:{colour}}}' for key in ("fill", "stroke")]
    return "".join(rules) if variables else f"@media (prefers-color-scheme:dark){{{''.join(rules)}}}"


def themed(drawing: str, theme: str) -> str:
    """A drawing in the dark colours instead of the light ones, if `theme` is 'dark'."""
    if theme == "light":
        return drawing
    dark = dict(TOKENS.values())
    return re.sub("|".join(dark), lambda found: dark[found[0]], drawing)


# The widths of the letters from space to tilde in DejaVu Sans, the widest of the usual fonts, in hundredths of the font size.
_WIDTHS = (
    "32 40 46 84 64 95 78 27 39 39 50 84 32 36 32 34 64 64 64 64 64 64 64 64 64 64 34 34 84 84 84 53 "
    "100 68 69 70 77 63 58 77 75 29 29 66 56 86 75 79 60 79 69 63 61 73 68 99 69 61 69 39 34 39 84 50 "
    "50 61 63 55 63 62 35 63 63 28 28 58 28 97 63 61 63 63 41 52 39 63 59 82 59 59 52 64 34 64 84"
)
_WIDTH = {chr(32 + i): int(width) / 100 for i, width in enumerate(_WIDTHS.split())}
_WIDTH |= {"→": 0.84, "×": 0.84, "−": 0.84, "÷": 0.84, "∇": 0.67, "▪": 0.4, "‖": 0.5, "·": 0.32, "∂": 0.52, "²": 0.41}


def width(text: str, size: float, bold: bool = False, mono: bool = False) -> float:
    """The width of a text, at least as large as any of the usual fonts needs."""
    wide = sum(1.0 for c in text if unicodedata.east_asian_width(c) in "WF")
    narrow = [c for c in text if unicodedata.east_asian_width(c) not in "WF"]
    letters = 0.62 * len(narrow) if mono else sum(_WIDTH.get(c, 0.9) for c in narrow)
    return (wide * 1.05 + letters * (1.13 if bold else 1.0)) * size
