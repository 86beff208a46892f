"""Draw the picture of README.md, tutorials/pages/graph.svg: python tutorials/pages/graph.py"""

from pathlib import Path

import minitorch
from minitorch import viz

w = minitorch.tensor([0.5, -1.0, 2.0], requires_grad=True)
x = minitorch.tensor([1.0, 2.0, 3.0])
with viz.record():
    loss = ((w * x).sum() - 1) ** 2
    loss.backward()

viz.graph(loss, show=("value", "grad")).save(Path(__file__).with_suffix(".svg"))
