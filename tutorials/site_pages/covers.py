"""What the lessons cover: statements, formulas and figures of a course on layers, and the lesson where each is shown.

Each row: the statement; the number of the lesson and the heading; and what is right where course notes often have it wrong.
"""

import figures

TANH = "tanh = sinh / cosh = 2 / (1 + e^(−2x)) − 1; not sin / cos, and not + 1"
STATEMENTS = {
    "Convolution": [
        ("A kernel slides over the input: multiply, and add up", 6, "One window", ""),
        ("1-d, 2-d, 3-d: in how many directions the kernel moves", 6, "Channels", ""),
        ("A colour image takes a 2-d convolution: a kernel for each channel, summed, plus a bias", 6, "Channels", ""),
        ("in_channels and out_channels: there are as many kernels as output channels", 6, "Channels", ""),
        ("kernel_size, stride, padding, dilation", 6, "Stride, padding, dilation", ""),
        (
            "out = ⌊(in + 2 padding − dilation (kernel − 1) − 1) / stride⌋ + 1",
            6,
            "Stride, padding, dilation",
            "minus signs are often lost: the reach of the kernel is taken away",
        ),
        ("With padding the size stays, without it shrinks", 6, "Stride, padding, dilation", ""),
        ("Dilation widens what an output sees", 6, "Stride, padding, dilation", ""),
        ("Cells that no window reaches", 6, "Stride, padding, dilation", "often not said: they get no gradient"),
        (
            "Groups: the two halves of AlexNet",
            6,
            "Channels",
            "they meet in the third convolution, too, and not only in the fully connected layers",
        ),
        ("What the first kernels of a trained network look for", 6, "What a kernel looks for", ""),
        ("A product with a matrix, 4×16 for an image of 4×4 and a kernel of 3×3", 7, "Sixteen in, four out", ""),
        ("Signals and volumes", 13, "Signals", ""),
    ],
    "Transposed convolution": [
        ("It makes an image larger; also called fractionally strided", 8, "The other reading", ""),
        (
            "out = (in − 1) stride − 2 padding + dilation (kernel − 1) + output_padding + 1",
            8,
            "Stamping",
            "minus signs are often lost: padding makes this output smaller",
        ),
        (
            "Its matrix is the transpose, 16×4",
            8,
            "The transpose, exactly",
            "often 'in shape, and not in the weights': with the same weights it is exactly the transpose",
        ),
        ("It is no inverse", 8, "No inverse", "the product of a matrix and its transpose is not the identity"),
        ("output_padding", 8, "output_padding", "often not said: it keeps a row that padding would cut off; it adds no zeros"),
    ],
    "Pooling": [
        ("Pooling collects: many become few", 9, "Many become one", ""),
        ("MaxPool: kernel_size, stride (the kernel unless given), padding, dilation", 9, "Many become one", ""),
        ("return_indices, and unpooling by them", 9, "Back again", ""),
        ("AvgPool: ceil_mode, count_include_pad, divisor_override", 9, "Means", ""),
        (
            "output_size of an unpooling",
            9,
            "Back again",
            "often not said: without it values land in wrong cells, as an index counts cells row by row",
        ),
        ("Overlapping windows and repeated indices", 9, "Back again", "often not said: the last value wins"),
    ],
    "The linear layer": [
        ("y = x Wᵀ + b: every output reads every input", 4, "Every output reads every input", ""),
        ("(1, 2, 3) times a matrix is (6, 12, 18, 24)", 4, "Every output reads every input", ""),
        ("Its gradients", 4, "Its gradients", ""),
    ],
    "Activations": [
        ("Three linear layers are one", 5, "Three linear layers are one", ""),
        ("Sigmoid: between 0 and 1, not centred; y′ = y (1 − y), at most 1/4", 5, "Sigmoid and tanh", ""),
        ("Gradients vanish through sigmoids", 5, "Sigmoid and tanh", ""),
        ("tanh: centred; y′ = 1 − y²", 5, "Sigmoid and tanh", f"{TANH}. Its slope is at most 1, and is 1 at 0"),
        ("ReLU, and dead units", 5, "ReLU", ""),
        ("Gradients explode", 10, "Where to begin", ""),
        (
            "The slope of ReLU at 0",
            5,
            "ReLU",
            "often 'undefined': every framework takes 0; a gradient check sees a kink there",
        ),
        ("How a gradient check sees a kink", 3, "Kinks", ""),
        ("LeakyReLU: negative_slope; PReLU: init, learnt; RReLU: lower and upper of a random slope", 5, "Its relatives", ""),
    ],
}  # fmt: skip

FIGURES = {  # figure: lesson and heading
    "kernel_slides": (6, "One window"),
    "first_kernels": (6, "What a kernel looks for"),
    "one_dimension": (6, "Channels"),
    "two_dimensions": (6, "One window"),
    "three_dimensions": (6, "Channels"),
    "stride_1": (6, "One window"),
    "stride_2": (6, "Stride, padding, dilation"),
    "padding": (6, "Stride, padding, dilation"),
    "dilation": (6, "Stride, padding, dilation"),
    "sizes_worked": (6, "Stride, padding, dilation"),
    "rgb_image": (6, "Channels"),
    "convolution_as_matrix": (7, "Sixteen in, four out"),
    "transposed_as_matrix": (8, "The transpose, exactly"),
    "max_pooling": (9, "Many become one"),
    "average_pooling": (9, "Means"),
    "unpooling": (9, "Back again"),
    "fully_connected": (4, "Every output reads every input"),
    "fully_connected_numbers": (4, "Every output reads every input"),
    "linear_layer": (4, "Its gradients"),
    "why_activations": (5, "Three linear layers are one"),
    "sigmoid": (5, "Sigmoid and tanh"),
    "tanh": (5, "Sigmoid and tanh"),
    "relu": (5, "ReLU"),
    "leaky_relus": (5, "Its relatives"),
}


def rows():
    """(statement, number of the lesson, heading) of every row of the page."""
    for statements in STATEMENTS.values():
        for statement, number, heading, _ in statements:
            yield statement, number, heading
    for draw in figures.FIGURES:
        yield draw.__doc__, *FIGURES[draw.__name__]
