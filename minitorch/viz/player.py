"""The player: `viz.play(loss).save("backward.html")` shows loss.backward() step by step on the computation graph.

The page is one HTML file that needs no network. `print(viz.play(loss))` prints the same frames as text. `.trace` has them as
plain data, from which `viz.replay` recomputes every .grad.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from html import escape
from pathlib import Path
from typing import Any

from minitorch.tensor import Tensor
from minitorch.viz.frames import frames_of, recorded_sweep
from minitorch.viz.graph import Graph
from minitorch.viz.model import model_of
from minitorch.viz.page import page, write
from minitorch.viz.record import node_record
from minitorch.viz.render import CannotRender
from minitorch.viz.summary import summary
from minitorch.viz.tape import Tape
from minitorch.viz.trace import as_data, as_lists

__all__ = ["Player", "play"]

MAX_NODES = 600

NOT_RECORDED = (
    "Values inside the graph are known as far as backward needs them: compute the output inside `with viz.record():`, or give "
    "play() a function, to see all of them."
)


class Player:
    """A forward and a backward pass, frame by frame. Prints as text, displays in a notebook, saves as a page."""

    def __init__(self, picture: Graph, data: dict[str, Any]) -> None:
        self._picture, self._data = picture, data

    @property
    def trace(self) -> dict[str, Any]:
        """All frames as plain data, with every element of every array; json.dumps accepts it."""
        return {**self._data, "arrays": [as_lists(array) for array in self._data["arrays"]]}

    @property
    def html(self) -> str:
        """The page. Large arrays are shown by range, mean, histogram and thumbnail. Raises CannotRender."""
        title = f"Backpropagation of {self._data['output']}"
        arrays = [asdict(summary(array)) for array in self._data["arrays"]]
        return page(title, self._picture.svg, {**self._data, "arrays": arrays})

    def save(self, path: str | Path) -> Path:
        """Write the page to a .html file, or the trace to a .json file. Returns the path.

        Raises ValueError for another suffix, CannotRender for a page without Graphviz.
        """
        path = Path(path)
        if path.suffix.lower() == ".html":
            return write(path, self.html.encode())
        if path.suffix.lower() == ".json":
            return write(path, json.dumps(self.trace, ensure_ascii=False).encode())
        raise ValueError(f"cannot save the player as {path.name!r}: the endings .html and .json are known")

    def __repr__(self) -> str:
        """The frames as text."""
        frames = self._data["frames"]
        width = len(str(len(frames)))
        lines = []
        for i, frame in enumerate(frames, start=1):
            first, *rest = frame["words"]
            lines.append(f"{i:>{width}}  {first}")
            lines += [" " * (width + 4) + line for line in rest]
        if not self._data["recorded"]:
            lines.append(NOT_RECORDED)
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        try:
            html = escape(self.html)
        except (CannotRender, ValueError) as error:
            bundle["text/plain"] += f"\n({error})"
        else:
            style = "width:100%;height:760px;border:1px solid #ccc;border-radius:6px"
            bundle["text/html"] = f'<iframe srcdoc="{html}" style="{style}" sandbox="allow-scripts allow-modals"></iframe>'
        return bundle


def play(
    output: Any, path: str | Path | None = None, *, params: Any = None, inputs: Any = None, gradient: Tensor | None = None
) -> Player:
    """`output.backward(gradient)`, frame by frame; saved to `path`, if given, as an HTML page.

    The forward frames highlight each operation with its inputs and output. The backward frames follow each edge: the upstream
    gradient times the local derivative is the contribution, which is added to the receiver's sum. The last recorded backward()
    of `output` is played; without one, what backward() would do now, with the current .grad. No .grad is changed, but hooks
    and the backward of user Functions run, possibly more than once.

    `output` is a Tensor, a list of Tensors, or a function without arguments that returns them, which is called in a
    `viz.record()`. `params` and `inputs` name tensors, as in `viz.graph`.
    Raises RuntimeError for an output without history, freed by backward, or not scalar and without `gradient`; ValueError for
    a graph of more than 600 nodes; TypeError for anything but tensors.
    """
    if gradient is not None and not isinstance(gradient, Tensor):
        raise TypeError(f"play(): gradient is a Tensor of the output's shape, or None, not {type(gradient).__name__}")
    tape = Tape("play", output, params, inputs)
    large = [root for root in tape.roots if root.numel() != 1]
    if gradient is not None and len(tape.roots) > 1:
        raise RuntimeError(f"play(): one gradient to start from is for one output, and there are {len(tape.roots)}")
    if large and gradient is None and recorded_sweep(tape) is None:
        raise RuntimeError(
            f"play() starts from a number, and the output has shape {list(large[0].shape)}: reduce it to a number first, with "
            ".sum() or .mean(), or say what to start from, viz.play(output, gradient=...), with a tensor of that shape"
        )
    if len(tape.items) > MAX_NODES:
        raise ValueError(
            f"play() shows every node, and this graph has {len(tape.items):,}; it plays up to {MAX_NODES}: play a smaller "
            "model, or look at the whole with viz.graph(..., fold=50)"
        )
    model = model_of(tape)
    names = {tape.ids[node]: tape.name((node, 0)) for node in tape.ops}
    named = [replace(node, grad="", variable=names.get(node.id, "")) for node in model.nodes]  # as in the captions
    data = as_data(tape, model, frames_of(tape, gradient))
    data |= {"output": tape.root_name, "recorded": all(node_record(node) is not None for node in tape.ops)}
    player = Player(Graph(replace(model, nodes=tuple(named)), player_rows=True), data)
    if path is not None:
        player.save(path)
    return player
