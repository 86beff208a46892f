"""Render DOT source: with the system's `dot` if installed, else with the Graphviz bundled with pygraphviz."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import graphviz

__all__ = ["FORMATS", "CannotRender", "render"]

FORMATS = ("svg", "png", "pdf")


class CannotRender(RuntimeError):
    """Graphviz is not installed."""


def render(source: str, format: str) -> bytes:
    """The picture of a graph in DOT. Raises CannotRender, with install instructions, without Graphviz."""
    if format not in FORMATS:
        raise ValueError(f"unknown picture format {format!r}: {', '.join(FORMATS)} are known")
    if shutil.which("dot"):
        try:
            drawn = source.replace("{", "{\ngraph [dpi=192]", 1) if format == "png" else source
            return graphviz.Source(drawn).pipe(format=format)
        except (subprocess.CalledProcessError, OSError) as error:  # it is there and cannot draw
            failure: Exception | None = error
    else:
        failure = None
    try:
        import pygraphviz
    except ImportError:
        if failure is not None:
            raise CannotRender(
                f"the `dot` on this machine cannot draw: {failure}. Repair it, or install the picture extra from the clone, "
                "pip install '.[viz]'"
            ) from None
        raise CannotRender(
            "drawing needs Graphviz: install the picture extra from the clone, pip install '.[viz]', or the system package "
            "graphviz. Without it the graph is there as text, print(g), and as DOT source, g.save('graph.dot')"
        ) from None
    with _quiet_stderr():
        drawing = pygraphviz.AGraph(string=source)
        if format == "png":
            drawing.graph_attr["dpi"] = "192"
        drawing.layout(prog="dot")
        return drawing.draw(format=format)


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Silence file descriptor 2: the bundled Graphviz may write warnings about fonts to it."""
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
