"""Pictures of the computation graph, the backward pass, the chain rule and gradient-check errors.

record.py    what happened: calls, nodes, values, sweeps; settings.py what a call's card says of its settings
tape.py      the tape with names and values; local.py local derivatives; rules.py derivatives in the program's names
cards.py     the tree of calls, and a view of it: boxes and arrows; facts.py what a box tells; draw.py a view as DOT
graph.py     the computation graph of a tensor, as data, text and picture
frames.py    a forward and a backward pass, frame by frame; steps.py tells them; trace.py has them as plain data
nudge.py     what becomes of a small change
player.py    the steps as an HTML page: page.py, page.html and page.js
why.py       the chain rule of one gradient, written out
heatmap.py   the errors of a gradient check
theme.py     colours and letter widths; summary.py numbers and arrays in short; render.py Graphviz
"""

from minitorch.viz.graph import Graph, graph
from minitorch.viz.heatmap import Heatmap, heatmap
from minitorch.viz.player import Player, play
from minitorch.viz.record import record
from minitorch.viz.trace import replay
from minitorch.viz.why import Why, why

__all__ = ["Graph", "Heatmap", "Player", "Why", "graph", "heatmap", "play", "record", "replay", "why"]
