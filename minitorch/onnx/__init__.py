"""ONNX files: a model as a graph of standard operators, which other programs run.

    minitorch.onnx.export(model, (x,), "model.onnx", input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "batch"}})

trace.py runs the model once and notes every public function that it calls; rules/ says for each function which operators of
ONNX it is. load.py runs such a file:

    model = minitorch.onnx.load("model.onnx")
    y = model(x)

(Needs the package onnx: the extra `onnx`.)
"""

from minitorch.onnx.load import load
from minitorch.onnx.trace import export

__all__ = ["export", "load"]
