"""Writing files, with clear errors; and pages, each a self-contained HTML file.

A page has a picture, data about its nodes and, for the player, its frames; page.html is the template.
"""

from __future__ import annotations

import json
import math
import re
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

__all__ = ["finite", "page", "write"]


def page(title: str, svg: str, data: dict[str, Any]) -> str:
    """The HTML text. `title` and `data` are escaped: nothing in them can become markup."""
    template = resources.files("minitorch.viz").joinpath("page.html").read_text(encoding="utf-8")
    text = json.dumps(finite(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    parts = {"title": escape(title), "svg": svg, "data": text}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def finite(value: Any) -> Any:
    """The same data with nan and inf as strings, as JSON has no such numbers."""
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


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
