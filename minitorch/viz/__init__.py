"""Pictures of the computation graph, the backward pass, the chain rule and gradient-check errors.

record/     what happened in a program: the recording, names, values, derivatives
graph/      the computation graph as cards: viz.graph
player/     a backward pass, step by step: viz.play
layers/     the layers: viz.animate, viz.explain, viz.matrix, viz.curve; viz.kernels,
            viz.worked; a model: viz.summary, viz.receptive_field, viz.feature_maps, viz.flow
why.py      the chain rule of one gradient, written out; paths.py finds the paths
heatmap.py  the errors of a gradient check
page/       how pictures look: colours, numbers, pages
"""

import sys

from minitorch import left_out as _left_out
from minitorch.viz.graph.graph import Graph, graph
from minitorch.viz.heatmap import Heatmap, heatmap
from minitorch.viz.layers.animate import Animation, Filmstrip, animate
from minitorch.viz.layers.curve import Curve, curve
from minitorch.viz.layers.explain import Explanation, explain
from minitorch.viz.layers.field import Field, receptive_field
from minitorch.viz.layers.flow import Flow, flow
from minitorch.viz.layers.maps import Maps, feature_maps, kernels
from minitorch.viz.layers.matrix import Matrix, matrix
from minitorch.viz.layers.table import ModelSummary, summary
from minitorch.viz.layers.worked import Worked, worked
from minitorch.viz.player.player import Player, play
from minitorch.viz.player.trace import replay
from minitorch.viz.record.recorder import record
from minitorch.viz.why import Why, why

__all__ = [
    "Animation",
    "Curve",
    "Explanation",
    "Field",
    "Filmstrip",
    "Flow",
    "Graph",
    "Heatmap",
    "Maps",
    "Matrix",
    "ModelSummary",
    "Player",
    "Why",
    "Worked",
    "animate",
    "curve",
    "explain",
    "feature_maps",
    "flow",
    "graph",
    "heatmap",
    "kernels",
    "matrix",
    "play",
    "receptive_field",
    "record",
    "replay",
    "summary",
    "why",
    "worked",
]

_left_out.show_public(sys.modules[__name__])
