"""SVG as pixels: a PNG through resvg, a moving GIF or APNG of several through Pillow."""

from __future__ import annotations

import importlib
import io
from typing import Any

__all__ = ["moving", "png"]

SCALE = 2  # pixels of a PNG for one of the drawing
HOLD = 900  # milliseconds for which a moving picture shows a frame


def png(svg: str, scale: int = SCALE, background: str | None = None) -> bytes:
    """A drawing as PNG, in its light colours. Raises RuntimeError, with a way out, where the extra is missing."""
    return bytes(_library("resvg_py").svg_to_bytes(svg_string=svg, zoom=scale, dpi=96, background=background))


def moving(frames: list[str], ending: str) -> bytes:
    """Drawings one after the other, as .gif or .apng, on one canvas as large as the largest."""
    image = _library("PIL.Image")
    pictures = [image.open(io.BytesIO(png(svg, 1))).convert("RGB") for svg in frames]
    size = tuple(max(picture.size[i] for picture in pictures) for i in (0, 1))
    canvases = []
    for picture in pictures:
        canvas = image.new("RGB", size, picture.getpixel((0, 0)))
        canvas.paste(picture, (0, 0))
        canvases.append(canvas)
    file = io.BytesIO()
    options: dict[str, Any] = {"save_all": True, "append_images": canvases[1:], "duration": HOLD, "loop": 0}
    canvases[0].save(file, format="GIF" if ending == ".gif" else "PNG", **options)
    return file.getvalue()


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise RuntimeError(
            "pixels need the packages resvg-py and Pillow: pip install '.[viz]' in the clone. Without them there are .svg, a "
            "page as .html, and .txt"
        ) from None
