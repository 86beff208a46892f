"""Every operation with its derivative, one file a family.

    arithmetic.py     arithmetic, powers, logarithms             <- a good file to read first
    elementwise.py    what elementwise ops share: promotion, the error for shapes that do not fit
    comparison.py     comparing, and logic
    rounding.py       rounding, signs, integer division
    selection.py      where, masks, the larger of two, clamping
    pointwise.py      exp, sqrt, tanh, sigmoid, erf
    trigonometry.py   sin, cos, sinh, cosh, their inverses
    special.py        sinc, erfc, erfinv, log gamma and its derivatives, logaddexp
    rectifier.py      relu and leaky relu
    shape.py          reshape, permute, expand, flip, pad
    striding.py       diagonals and windows, as views
    joining.py        cat, stack, and splitting
    indexing.py       x[index], and its adjoint
    gathering.py      gather, scatter, functions of an index along a dimension
    reduction.py      sums, means, extrema, softmax
    scan.py           running products and extrema, reductions without nan, histograms
    statistics.py     variances, norms
    sorting.py        sort, topk, median, unique
    matrix.py         matrix products and einsum
    linalg.py         determinants, inverses, linear systems
    spectral.py       eigenvalues, singular values, norms of matrices
    linear.py         linear and bilinear maps, embedding
    convolution.py    convolution, its transpose, its weight gradient
    pooling.py        pooling
    unpooling.py      max unpooling
    folding.py        windows as columns, and back
    resampling.py     padding, interpolation, pixel shuffle
    activation.py     the activations of nn.functional
    dropout.py        dropout of elements and of channels
    recurrence.py     RNN, LSTM and GRU over all times
    attention.py      scaled dot products
    normalization.py  batch, layer, group and instance norm
    loss.py           losses of differences and margins
    likelihood.py     losses that are negative log-likelihoods
    filling.py        new tensors like a given one, random values
    views.py          the history of a view that is changed in place
    ranks.py          1d, 2d and 3d out of one function
    node_names.py     what results print as: grad_fn=<...>
    results.py        named pairs of values and indices

A file has, for each operation, a class that is a node of the tape (forward and backward side by side), the definition of its
forward on arrays where kernels/ has other implementations of it, and the functions by PyTorch's names. These take bare arrays
as well as Tensors, because derivatives are written with them. Users call functions.py and nn/functional.py, which check.
"""
