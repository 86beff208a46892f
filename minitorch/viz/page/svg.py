"""The parts of a drawing that is written as SVG here, without Graphviz: the frame, and text."""

from __future__ import annotations

from html import escape

from minitorch.viz.page import theme

__all__ = ["drawing", "text"]


def drawing(title: str, width: float, height: float, body: str) -> str:
    """A whole drawing, for light and dark."""
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{theme.FONT}">\n'
        f"<title>{escape(title)}</title>\n<style>{theme.in_dark()}</style>\n"
        f'<rect width="100%" height="100%" fill="{theme.PAPER}"/>\n{body}\n</svg>\n'
    )


def text(
    x: float, y: float, words: str, size: int, colour: str = "", anchor: str = "start", bold: bool = False,
    mono: bool = False, marks: str = "",
) -> str:  # fmt: skip
    """A line of text, in ink if it is bold or has `marks`, further attributes; otherwise quiet, unless a colour is given."""
    colour = colour or (theme.INK if bold or marks else theme.QUIET)
    style = f'font-size="{size}" fill="{colour}" text-anchor="{anchor}"' + (' font-weight="bold"' if bold else "")
    style += (f' font-family="{theme.MONO}"' if mono else "") + (f" {marks}" if marks else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" {style} xml:space="preserve">{escape(words)}</text>'
