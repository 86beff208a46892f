"""One HTML file that needs nothing else: a picture, what is told of its parts, and the player's frames if there are any."""

from __future__ import annotations

import json
import math
from importlib import resources
from typing import Any

__all__ = ["page"]


def page(title: str, svg: str, data: dict[str, Any]) -> str:
    """The text of the file. `data` reaches the page as data: no name in it can become markup."""
    template = resources.files("minitorch.viz").joinpath("page.html").read_text(encoding="utf-8")
    text = json.dumps(_finite(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return template.replace("{{title}}", title).replace("{{svg}}", svg).replace("{{data}}", text)


def _finite(value: Any) -> Any:
    """The same data with 'nan', 'inf' and '-inf' as words, which JSON has no numbers for."""
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value
