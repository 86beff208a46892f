"""The figures of a course on the layers of a convolutional network, each from a real layer with real numbers.

`make gallery` draws them, with the nineteen standard settings of convolution arithmetic (Dumoulin and Visin, "A guide to
convolution arithmetic for deep learning", 2016).
"""

import numpy as np

import minitorch
from minitorch import nn, viz


def whole(layer):
    """The layer with small whole numbers as weights, so that sums can be followed by hand."""
    for name, p in layer.named_parameters():
        digits = [1, 0, -1, 2, 1, 0, -2, 1, 1, 0, 2] if name == "weight" else [1, 0, -1]
        p.data = minitorch.tensor(np.resize(digits, p.shape).astype("float32"))
    return layer


def kernel_slides():
    """1. A kernel slides over an input: at each place its numbers are multiplied with those under it, and added up."""
    return viz.animate(whole(nn.Conv2d(1, 1, 3)), (1, 5, 5))


def first_kernels():
    """2. Kernels learnt from two photographs: edges, stripes, colours, as in the first layer of a trained network."""
    from sklearn.datasets import load_sample_images  # the two photographs come with scikit-learn

    minitorch.manual_seed(0)
    generator = np.random.default_rng(0)
    patches = []
    for photo in load_sample_images().images:
        windows = np.lib.stride_tricks.sliding_window_view(photo / 255.0, (9, 9, 3))[:, :, 0]
        rows, columns = (generator.integers(0, n, 10_000) for n in windows.shape[:2])
        patches.append(windows[rows, columns].transpose(0, 3, 1, 2).reshape(10_000, -1))
    patches = np.concatenate(patches)
    patches -= patches.mean(1, keepdims=True)
    size, direction = np.linalg.eigh(np.cov(patches.T))
    size, direction = np.sqrt(size[-64:]), direction[:, -64:]  # without the finest noise
    codes = minitorch.tensor((patches @ direction / size).astype("float32"))
    weight = nn.Parameter(minitorch.randn(32, 64) * 0.1)
    optimizer = minitorch.optim.Adam([weight], lr=0.01)
    for _ in range(800):  # what few kernels at a time put together should be the patch
        batch = codes[minitorch.randint(0, len(codes), (256,))]
        used = batch @ weight.T
        loss = ((used @ weight - batch) ** 2).sum() / 512 + 0.6 * used.abs().sum() / 256
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    kernels = weight.detach().numpy() @ (direction * size).T
    conv = nn.Conv2d(3, 32, 9, bias=False)
    conv.weight.data = minitorch.tensor((kernels / abs(kernels).max(1, keepdims=True)).reshape(32, 3, 9, 9).astype("float32"))
    return viz.kernels(conv)


def one_dimension():
    """3. A convolution in one dimension: the kernel moves along a sequence."""
    return viz.animate(whole(nn.Conv1d(1, 1, 3)), (1, 7))


def two_dimensions():
    """4. A convolution in two dimensions: the kernel moves along rows and columns."""
    return viz.animate(whole(nn.Conv2d(1, 1, 2)), (1, 4, 4))


def three_dimensions():
    """5. A convolution in three dimensions: the kernel is a block, and moves through the slices, too."""
    return viz.animate(whole(nn.Conv3d(1, 1, 2)), (1, 3, 3, 3))


def stride_1():
    """6. Stride 1: the kernel moves by one cell."""
    return viz.animate(whole(nn.Conv2d(1, 1, 3, stride=1)), (1, 5, 5))


def stride_2():
    """7. Stride 2: it moves by two cells, and the output is half as large."""
    return viz.animate(whole(nn.Conv2d(1, 1, 3, stride=2)), (1, 5, 5))


def padding():
    """8. Padding: with a border of zeros the output keeps the size of the input; without one it shrinks."""
    return viz.animate(whole(nn.Conv2d(1, 1, 3, padding=1)), (1, 4, 4))


def dilation():
    """9. Dilation: the cells of the kernel lie apart, and with as many weights an output sees more of the input."""
    return viz.animate(whole(nn.Conv2d(1, 1, 3, dilation=2)), (1, 7, 7))


def sizes_worked():
    """10. The size of the output, worked: ⌊(4 + 2·0 − 1·(3 − 1) − 1) / 1⌋ + 1 = 2."""
    return viz.explain(nn.Conv2d(1, 1, 3), (1, 4, 4))


def rgb_image():
    """11. An image in three colours under a 2-d convolution: a kernel for each colour, summed, plus the bias."""
    return viz.animate(whole(nn.Conv2d(3, 1, 3)), (3, 4, 4))


def convolution_as_matrix():
    """12. A convolution as a matrix: the image of 4×4 is a column of 16, the kernel a matrix of 4×16 with 9 free numbers."""
    return viz.animate(whole(nn.Conv2d(1, 1, 3, bias=False)), (1, 4, 4), "matrix")


def transposed_as_matrix():
    """13. The transposed convolution: the matrix is turned, 16×4, and an image of 2×2 becomes one of 4×4."""
    return viz.animate(whole(nn.ConvTranspose2d(1, 1, 3, bias=False)), (1, 2, 2), "matrix")


def max_pooling():
    """14. Max pooling: of each window the largest cell."""
    return viz.animate(nn.MaxPool2d(2), (1, 4, 4))


def average_pooling():
    """15. Average pooling: of each window the mean."""
    return viz.animate(nn.AvgPool2d(2), (1, 4, 4))


def unpooling():
    """16. Max unpooling puts each value back where the pooling found it; all else is 0."""
    image = viz.animate(nn.MaxPool2d(2), (1, 4, 4)).stage.x
    pooled, indices = nn.MaxPool2d(2, return_indices=True)(minitorch.tensor(image))
    return viz.animate(nn.MaxUnpool2d(2), pooled, indices=indices)


def fully_connected():
    """17. A fully connected layer: every output reads every input, each with a weight of its own."""
    return viz.matrix(nn.Linear(3, 4, bias=False), (3,))


def fully_connected_numbers():
    """18. Its numbers: (1, 2, 3) times the matrix with the rows (1 2 3 4) is (6, 12, 18, 24)."""
    linear = nn.Linear(3, 4, bias=False)
    linear.weight.data = minitorch.tensor([[1.0, 1, 1], [2, 2, 2], [3, 3, 3], [4, 4, 4]])  # PyTorch keeps it transposed
    return viz.animate(linear, minitorch.tensor([1.0, 2, 3]))


def linear_layer():
    """19. nn.Linear on the same numbers, and what a gradient of the output gives its weight."""
    linear = nn.Linear(3, 4)
    linear.weight.data = minitorch.tensor([[1.0, 1, 1], [2, 2, 2], [3, 3, 3], [4, 4, 4]])
    linear.bias.data = minitorch.zeros(4)
    return viz.animate(linear, minitorch.tensor([1.0, 2, 3]), "grad_weight")


def why_activations():
    """20. Why there are activations: three linear layers are one. This is the matrix of all three, W₃ W₂ W₁."""
    layers = [whole(nn.Linear(3, 4, bias=False)), whole(nn.Linear(4, 4, bias=False)), whole(nn.Linear(4, 2, bias=False))]
    return viz.matrix(nn.Sequential(*layers), (3,))


def sigmoid():
    """21. The sigmoid and its derivative y (1 − y), at most 0.25."""
    return viz.curve(nn.Sigmoid())


def tanh():
    """22. tanh and its derivative 1 − y², at most 1."""
    return viz.curve(nn.Tanh())


def relu():
    """23. ReLU and its derivative: 0 or 1, and at 0 the 0 that every framework takes."""
    return viz.curve(nn.ReLU())


def leaky_relus():
    """24. LeakyReLU has a fixed slope below 0, PReLU learns it, RReLU draws it at random for each element."""
    return viz.curve(nn.LeakyReLU(0.1), nn.PReLU(), nn.RReLU())


FIGURES = (
    kernel_slides, first_kernels, one_dimension, two_dimensions, three_dimensions, stride_1, stride_2, padding, dilation,
    sizes_worked, rgb_image, convolution_as_matrix, transposed_as_matrix, max_pooling, average_pooling, unpooling,
    fully_connected, fully_connected_numbers, linear_layer, why_activations, sigmoid, tanh, relu, leaky_relus,
)  # fmt: skip

SETTINGS = {  # name: layer, size of the input
    "no padding, no stride": (nn.Conv2d(1, 1, 3), 4),
    "arbitrary padding": (nn.Conv2d(1, 1, 4, padding=2), 5),
    "half padding": (nn.Conv2d(1, 1, 3, padding=1), 5),
    "full padding": (nn.Conv2d(1, 1, 3, padding=2), 5),
    "stride": (nn.Conv2d(1, 1, 3, stride=2), 5),
    "padding and stride": (nn.Conv2d(1, 1, 3, stride=2, padding=1), 5),
    "padding and stride, odd": (nn.Conv2d(1, 1, 3, stride=2, padding=1), 6),
    "dilation": (nn.Conv2d(1, 1, 3, dilation=2), 7),
    "no padding, transposed": (nn.ConvTranspose2d(1, 1, 3), 2),
    "arbitrary padding, transposed": (nn.ConvTranspose2d(1, 1, 4, padding=2), 6),
    "half padding, transposed": (nn.ConvTranspose2d(1, 1, 3, padding=1), 5),
    "full padding, transposed": (nn.ConvTranspose2d(1, 1, 3, padding=2), 7),
    "stride, transposed": (nn.ConvTranspose2d(1, 1, 3, stride=2), 2),
    "padding and stride, transposed": (nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1), 3),
    "padding and stride, odd, transposed": (nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1, output_padding=1), 3),
    "with numbers": (nn.Conv2d(1, 1, 3), 5),
    "with numbers, padding and stride": (nn.Conv2d(1, 1, 3, stride=2, padding=1), 5),
    "average pooling": (nn.AvgPool2d(3, stride=1), 5),
    "max pooling": (nn.MaxPool2d(3, stride=1), 5),
}


def settings():
    """The pictures of the standard settings by name; a transposed one as the window over spread cells that the guide draws."""
    pictures = {}
    for name, (layer, size) in SETTINGS.items():
        view = "as_convolution" if isinstance(layer, nn.ConvTranspose2d) else "forward"
        pictures[name] = viz.animate(whole(layer), (1, size, size), view)
    return pictures
