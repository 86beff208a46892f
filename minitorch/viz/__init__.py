"""Pictures of the tape, the backward pass step by step, the chain rule with numbers, errors of a gradient check.

tape.py      the tape with names, values and formulas; record.py notes where each node comes from
model.py     the same as plain boxes and arrows; folding
graph.py     the computation graph behind a tensor, as data, as DOT, as a picture
frames.py    a forward and a backward pass, frame by frame; local.py has the local derivatives with numbers
words.py     a frame in words
trace.py     the frames as plain data, and every gradient computed from that again
player.py    the frames as a page to step through
why.py       the chain rule of one gradient, written out
heatmap.py   where a derivative is wrong
summary.py   an array in a few words
page.py      what is written to files
render.py    from DOT to SVG, PNG or PDF, with whatever Graphviz there is
"""

from minitorch.viz.graph import Graph, graph
from minitorch.viz.heatmap import Heatmap, heatmap
from minitorch.viz.player import Player, play
from minitorch.viz.record import record
from minitorch.viz.trace import replay
from minitorch.viz.why import Why, why

__all__ = ["Graph", "Heatmap", "Player", "Why", "graph", "heatmap", "play", "record", "replay", "why"]
