"""Pictures of layers.

taps.py     which cells of input, weight and output meet: the one table that the pictures are made from
calls.py    which layers of a model were called, and what they returned
stage.py    a layer with an input: arrays, gradients, taps, windows, steps
frame.py    one step of it: what is shown, and the sentence with its numbers
animate.py  a layer at work, step by step: viz.animate
explain.py  where the size of an output comes from
matrix.py   the layer as a matrix
maps.py     weights and outputs as images: viz.kernels, viz.feature_maps
curve.py    activations and their derivatives
worked.py   softmax, losses, norms and dropout column by column: viz.worked
table.py    the layers of a model with what they cost: viz.summary
flow.py     how values and gradients go through a net: viz.flow
field.py    what a cell sees of the image: viz.receptive_field
"""
