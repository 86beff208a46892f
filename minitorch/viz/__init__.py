"""Pictures of the tape, and of what a gradient check found.

graph.py     the computation graph behind a tensor, as data, as DOT, as a picture
heatmap.py   where a derivative is wrong
render.py    from DOT to SVG, PNG or PDF, with whatever Graphviz there is
"""

from minitorch.viz.graph import Graph, graph
from minitorch.viz.heatmap import Heatmap, heatmap

__all__ = ["Graph", "Heatmap", "graph", "heatmap"]
