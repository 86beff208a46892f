"""Pictures of the computation graph, the backward pass, the chain rule and gradient-check errors.

tape.py      the tape with names, values and formulas; record.py records where each node comes from
model.py     the graph as plain data: boxes, arrows, clusters; folding
graph.py     the computation graph of a tensor, as data, as DOT, as a picture
frames.py    a forward and a backward pass, frame by frame; local.py computes local derivatives
words.py     the captions of a frame
trace.py     the frames as plain data, and the gradients recomputed from that data
player.py    the frames as an HTML page
why.py       the chain rule of one gradient, written out
heatmap.py   the errors of a gradient check
summary.py   an array in one or two lines
page.py      HTML pages and other files
render.py    DOT to SVG, PNG or PDF, with the installed Graphviz
"""

from minitorch.viz.graph import Graph, graph
from minitorch.viz.heatmap import Heatmap, heatmap
from minitorch.viz.player import Player, play
from minitorch.viz.record import record
from minitorch.viz.trace import replay
from minitorch.viz.why import Why, why

__all__ = ["Graph", "Heatmap", "Player", "Why", "graph", "heatmap", "play", "record", "replay", "why"]
