"""What all pictures of layers have in common: they are saved by the ending of a file, and shown in notebooks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, ClassVar

from minitorch.viz.page import theme
from minitorch.viz.page.page import framed, write
from minitorch.viz.page.raster import png

__all__ = ["Picture"]


class Picture:
    """The base of the layer pictures. A subclass has `data`, `__repr__`, and the properties that FORMS names."""

    WHAT = "a picture"
    FORMS: ClassVar[dict[str, str]] = {".html": "html", ".svg": "svg"}  # the property with the text of a file, by its ending

    HEIGHT = 0  # of the page in a notebook, if there is something to touch on it; otherwise the drawing is shown

    @property
    def endings(self) -> list[str]:
        """The endings of files that save() knows."""
        return [*self.FORMS, *[".png"] * (".svg" in self.FORMS), ".json", ".txt"]

    @property
    def data(self) -> Any:
        """The picture as plain data, for JSON."""
        raise NotImplementedError

    @property
    def html(self) -> str:
        """The drawing as a page; a picture with something to touch has a page of its own."""
        drawing: str = getattr(self, self.FORMS[".svg"])
        style = f"{theme.css()} body {{ margin: 0; background: var(--paper); }} div {{ overflow: auto; }}"
        head = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        title = re.search(r"<title>(.*?)</title>", drawing)
        return f"{head}<title>{title[1] if title else ''}</title><style>{style}</style><div>{drawing}</div></html>\n"

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file: a page, a drawing, its data as .json or itself as .txt. Returns the path.

        Raises ValueError for an ending that is not known.
        """
        if not isinstance(path, (str, Path)):
            raise TypeError(f"save() takes the path of a file, a str or a Path, not {type(path).__name__}")
        path = Path(path)
        ending = path.suffix.lower()
        if ending == ".json":
            return write(path, json.dumps(self.data).encode())
        if ending == ".txt":
            return write(path, f"{self}\n".encode())
        if ending == ".png" and ".svg" in self.FORMS:
            return write(path, png(getattr(self, self.FORMS[".svg"])))
        if ending not in self.FORMS:
            *first, last = self.endings
            raise ValueError(f"cannot save {self.WHAT} as {path.name!r}: the endings {', '.join(first)} and {last} are known")
        return write(path, getattr(self, self.FORMS[ending]).encode())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        try:
            if self.HEIGHT:
                bundle["text/html"] = framed(getattr(self, self.FORMS[".html"]), getattr(self, self.FORMS[".svg"]), self.HEIGHT)
            elif ".svg" in self.FORMS:
                bundle["image/svg+xml"] = getattr(self, self.FORMS[".svg"])
        except ValueError as error:  # too large to draw
            bundle["text/plain"] += f"\n({error})"
        return bundle
