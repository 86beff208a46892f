"""Pictures of the tape.

graph.py     the computation graph behind a tensor, as data, as DOT, as a picture
render.py    from DOT to SVG, PNG or PDF, with whatever Graphviz there is
"""

from minitorch.viz.graph import Graph, graph

__all__ = ["Graph", "graph"]
