"""What is written to files: bytes, with a sentence where that cannot be; and pages, each one HTML file that needs nothing else.

A page is a picture, what is told of its parts, and the player's frames if there are any; page.html is its template.
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
    """The text of the file. `title` and `data` reach the page as what they are: nothing in them can become markup."""
    template = resources.files("minitorch.viz").joinpath("page.html").read_text(encoding="utf-8")
    text = json.dumps(finite(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    parts = {"title": escape(title), "svg": svg, "data": text}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def finite(value: Any) -> Any:
    """The same data with 'nan', 'inf' and '-inf' as words, which JSON has no numbers for."""
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def write(path: Path, data: bytes) -> Path:
    """Write a file, and the folders it lies in. Raises OSError or ValueError, with a sentence, where that cannot be."""
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
