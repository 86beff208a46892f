"""From DOT source to a picture: by the system's `dot` if it has one, else by the Graphviz that pygraphviz brings."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import graphviz

__all__ = ["FORMATS", "CannotRender", "render"]

FORMATS = ("svg", "png", "pdf")


class CannotRender(RuntimeError):
    """There is no Graphviz to draw with."""


def render(source: str, format: str) -> bytes:
    """The picture of a graph in DOT. Raises CannotRender, with the way out, where neither Graphviz is there."""
    if format not in FORMATS:
        raise ValueError(f"unknown picture format {format!r}: {', '.join(FORMATS)} are known")
    if shutil.which("dot"):
        return graphviz.Source(source).pipe(format=format)
    try:
        import pygraphviz
    except ImportError:
        raise CannotRender(
            "drawing needs Graphviz: install the picture extra from the clone, pip install '.[viz]', or the system package "
            "graphviz. Without it the graph is there as text, print(g), and as DOT source, g.save('graph.dot')"
        ) from None
    with _quiet_stderr():
        drawing = pygraphviz.AGraph(string=source)
        drawing.layout(prog="dot")
        return drawing.draw(format=format)


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """The bundled Graphviz may grumble about the system's font settings, straight to file descriptor 2."""
    try:
        saved = os.dup(2)
    except OSError:
        yield
        return
    try:
        sys.stderr.flush()
        with open(os.devnull, "w") as sink:
            os.dup2(sink.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
