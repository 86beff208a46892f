"""Writing files, with clear errors; and pages, each a self-contained HTML file.

A page has pictures, data about their cards and, for the player, its steps; page.html is the template, page.js the script.
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from minitorch.viz.page import theme

__all__ = ["finite", "framed", "page", "script", "script_data", "template", "write"]

MOST_HIGH = 1600  # pixels, to which the frame of a page grows


def page(title: str, pictures: dict[str, str], data: dict[str, Any]) -> str:
    """The HTML text. `pictures` are SVG: that of the whole by '', those inside a card by the card's id.

    `title` and `data` are escaped: nothing in them can become markup.
    """
    inner = "".join(f'<template id="inside-{escape(id)}">{_compact(svg)}</template>' for id, svg in pictures.items() if id)
    parts = {
        "title": escape(title), "svg": _compact(pictures[""]), "inside": inner, "data": script_data(data),
        "script": script("page.js"), "colours": theme.css() + theme.in_dark(":where(#stage)", variables=True),
    }  # fmt: skip
    return template("page.html", **parts)


def script_data(data: Any) -> str:
    """Data as JSON for a script element: nothing in it can become markup."""
    text = json.dumps(finite(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def script(name: str) -> str:
    """A script of this folder, after the one that writes numbers."""
    return _file("numbers.js") + _file(name)


def template(name: str, **parts: str) -> str:
    """A template of this folder with its {{names}} filled in."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _file(name))


def _file(name: str) -> str:
    return resources.files("minitorch.viz.page").joinpath(name).read_text(encoding="utf-8")


def _compact(svg: str) -> str:
    """Graphviz's SVG without what a page does not need: declarations, comments, titles and the fonts of every text."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(
        r"<!--.*?-->\s*|<title>.*?</title>\s*| font-family=\"Helvetica[^\"]*\"| xlink:title=\"[^\"]*\"", "", svg, flags=re.S
    )
    svg = re.sub(r"<g id=\"a_[^\"]*\"><a\b[^>]*>(.*?)</a>\s*</g>", r"\1", svg, flags=re.S)
    return re.sub(r"\n+", "\n", svg)


def finite(value: Any) -> Any:
    """The same data with nan and inf as strings, as JSON has no such numbers."""
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def framed(html: str, svg: str, height: int) -> str:
    """A page inside a notebook, and below it, folded, its picture for places where scripts do not run.

    The frame is `height` pixels high, and grows with its page where the notebook runs scripts.
    """
    still = b64encode(svg.encode()).decode()
    style = f"width:100%;height:{height}px;border:1px solid #ccc;border-radius:6px"
    frame = f'<iframe srcdoc="{escape(html + TELLS_HEIGHT)}" style="{style}" sandbox="allow-scripts allow-modals"></iframe>'
    picture = f'<img alt="the same without a script" src="data:image/svg+xml;base64,{still}" style="max-width:100%">'
    return f"{frame}{GROWS}<details><summary>still picture</summary>{picture}</details>"


# A page without an origin of its own can only send a message, and the frame cannot look into it.
TELLS_HEIGHT = """<script>
{
  const root = document.documentElement, tell = () => parent.postMessage({ pageHeight: root.offsetHeight }, "*");
  tell();  // at once, as a browser draws a frame only when it comes into sight
  new ResizeObserver(tell).observe(root);
}
</script>"""
GROWS = f"""<script>
addEventListener("message", e => {{
  const height = Math.min(e.data?.pageHeight ?? 0, {MOST_HIGH});
  const frame = [...document.querySelectorAll("iframe")].find(f => f.contentWindow === e.source);
  if (frame && height > frame.clientHeight) frame.style.height = `${{height + 2}}px`;
}});
</script>"""


# ---- files ------------------------------------------------------------------------------------------------------------


def write(path: Path, data: bytes) -> Path:
    """Write a file and create its folders. Raises OSError or ValueError, with a clear message."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except ValueError as error:
        raise ValueError(f"cannot write {str(path)!r}: {error}") from None
    except OSError as error:
        raise type(error)(
            error.errno, f"cannot write {str(path)!r} ({error.strerror}): give save() a path in a folder that you may write to"
        ) from None
    return path
