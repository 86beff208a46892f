"""Writes a table of times into tutorials/pages/speed.md, between its two comments."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).parents[2] / "tutorials" / "pages" / "speed.md"


def into_page(name: str, lines: list[str]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    head, rest = text.split(begin)
    PAGE.write_text(head + begin + "\n".join(lines) + "\n" + end + rest.split(end)[1], encoding="utf-8")
