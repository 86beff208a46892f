"""Pictures of layers.

taps.py    which cells of input, weight and output meet
matrix.py  the layer as a matrix
"""
