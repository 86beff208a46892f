"""A gallery of computation graphs and layers, each drawn by a few lines: `make gallery`, and open the page it names.

It needs the extras viz and tutorials: pip install '.[viz,tutorials]' in the clone.
"""

import inspect
from html import escape
from pathlib import Path

import figures

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, viz

OUTPUT = Path(__file__).parent / "output" / "gallery"
minitorch.manual_seed(0)


def scalar_expression():
    """A scalar expression: every value, and below it the gradient that backward() brought there."""
    x = minitorch.tensor(2.0, requires_grad=True)
    w = minitorch.tensor(-3.0, requires_grad=True)
    b = minitorch.tensor(6.88, requires_grad=True)
    with viz.record():
        y = (w * x + b).tanh()
        y.backward()
    return viz.graph(y, show=("value", "grad")), viz.play(y)


def fan_out():
    """Fan-out: h is used twice, so its gradient is a sum of two parts."""
    w = minitorch.tensor([0.5, -1.0, 2.0], requires_grad=True)
    x = minitorch.tensor([1.0, 2.0, 3.0])
    with viz.record():
        h = w * x
        loss = (h.sum() - 1) ** 2 + h.mean()
        loss.backward()
    return viz.graph(loss, show=("value", "grad")), viz.play(loss)


def forgotten_zero_grad():
    """A second backward() without zero_grad: w.grad is 24, the sum of two gradients of 12, as the last two steps show."""
    w = minitorch.tensor(1.0, requires_grad=True)
    x = minitorch.tensor(3.0)
    with viz.record():
        ((w * x - 1) ** 2).backward()
        loss = (w * x - 1) ** 2
        loss.backward()
    return viz.graph(loss, show="grad"), viz.play(loss)


def residual_block():
    """A residual block: the input goes around the convolutions, and so does its gradient."""

    class Residual(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            self.norm = nn.BatchNorm2d(channels)
            self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

        def forward(self, x):
            return x + self.conv2(self.norm(self.conv1(x)).relu())

    block = Residual(4)
    image = minitorch.randn(1, 4, 8, 8, requires_grad=True)
    with viz.record():
        out = block(image)
    return viz.graph(out), viz.play(out, gradient=minitorch.ones_like(out))


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.AvgPool2d(2)
        )
        self.classifier = nn.Sequential(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def lenet():
    """LeNet-5: a card for each layer, with its settings, parameters and shapes."""
    model, images, labels = LeNet(), minitorch.randn(4, 1, 28, 28), minitorch.tensor([7, 2, 1, 0])
    with viz.record():
        loss = F.cross_entropy(model(images), labels)
    return viz.graph(loss), viz.play(loss)


def lenet_opened():
    """LeNet-5, its modules closed and its loss open: viz.graph(loss, open=1) and open=["cross_entropy"]."""
    model, images, labels = LeNet(), minitorch.randn(4, 1, 28, 28), minitorch.tensor([7, 2, 1, 0])
    return viz.graph(lambda: F.cross_entropy(model(images), labels), open=1), None


def recurrent():
    """A recurrent net: the steps of the loop are drawn once, and the player shows how the gradient shrinks on the way back."""

    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.inward, self.onward, self.out = nn.Linear(3, 4), nn.Linear(4, 4, bias=False), nn.Linear(4, 2)

        def forward(self, words):
            h = minitorch.zeros(len(words), 4)
            for t in range(words.shape[1]):
                h = (self.inward(words[:, t]) + self.onward(h)).tanh()
            return self.out(h)

    net, words, labels = Recurrent(), minitorch.randn(2, 8, 3), minitorch.tensor([0, 1])
    with viz.record():
        loss = F.cross_entropy(net(words), labels)
    return viz.graph(loss), viz.play(loss)


def unpooling():
    """MaxUnpool2d takes the indices of MaxPool2d: the dashed arrow, which carries no gradient."""

    class Hourglass(nn.Module):
        def __init__(self):
            super().__init__()
            self.down, self.pool = nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(2, return_indices=True)
            self.unpool, self.up = nn.MaxUnpool2d(2), nn.ConvTranspose2d(2, 1, 3, padding=1)

        def forward(self, x):
            small, indices = self.pool(self.down(x).relu())
            return self.up(self.unpool(small, indices))

    net, image = Hourglass(), minitorch.randn(1, 1, 4, 4)
    with viz.record():
        loss = F.mse_loss(net(image), image)
    return viz.graph(loss), viz.play(loss)


def repeated_blocks():
    """Blocks that are alike are drawn once: eight of them."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.inner = nn.LayerNorm(16), nn.Linear(16, 16)

        def forward(self, x):
            return x + F.gelu(self.inner(self.norm(x)))

    net = nn.Sequential(nn.Linear(8, 16), nn.Sequential(*[Block() for _ in range(8)]), nn.Linear(16, 2))
    batch = minitorch.randn(5, 8)
    return viz.graph(lambda: net(batch)), None


def second_derivative():
    """A double-backward graph: the derivative of sin(x) x is computed on the tape, too, and can be differentiated again."""
    x = minitorch.tensor(0.5, requires_grad=True)
    with viz.record():
        y = x.sin() * x
        (slope,) = minitorch.autograd.grad(y, x, create_graph=True)
    return viz.graph([y, slope], show="value"), viz.play(slope)


def in_every_detail():
    """Everything a card can show: viz.graph(y, show="all")."""
    w = minitorch.tensor([[1.0, -2.0], [0.5, 0.25]], requires_grad=True)
    x = minitorch.randn(40, 2)
    with viz.record():
        y = (x @ w).sigmoid().mean()
        y.backward()
    return viz.graph(y, show="all"), None


def sizes():
    """Why 9 cells become 4: every window on a ruler, and the formula in letters, in numbers and worked out."""
    return viz.explain(nn.Conv2d(1, 4, 3, stride=2, padding=1, dilation=2), (1, 9, 9)), None


def what_a_cell_sees():
    """What a cell sees of an image, behind a pooling and a dilated convolution; the stronger the colour, the more it counts."""
    minitorch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, dilation=2), nn.ReLU())
    return viz.receptive_field(net, x=minitorch.randn(1, 1, 28, 28)), None


def activations():
    """Activations and their derivatives, by which the backward pass multiplies: at most a quarter for a sigmoid."""
    return viz.curve(nn.Sigmoid(), nn.Tanh(), nn.ReLU(), nn.LeakyReLU(0.1), nn.GELU(), nn.Hardshrink()), None


def what_passes():
    """The inputs of a net's own activations: the filled part of each histogram passes nothing back."""
    minitorch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.Sigmoid(), nn.Linear(64, 64), nn.ReLU())
    return viz.curve(model=net, x=minitorch.randn(100, 8)), None


def vanishing():
    """Why sigmoids went out of use: through thirteen layers the gradient falls to a millionth. With ReLU it arrives."""
    minitorch.manual_seed(0)
    x, y = minitorch.randn(32, 16), minitorch.randn(32, 1)
    flows = []
    for activation in (nn.Sigmoid, nn.ReLU):
        net = nn.Sequential(*[layer for _ in range(6) for layer in (nn.Linear(16, 16), activation())], nn.Linear(16, 1))
        flows.append(viz.flow(net, lambda net=net: F.mse_loss(net(x), y), activation.__name__))
    return flows[0].beside(flows[1]), None


def cross_entropy_worked():
    """Cross-entropy with its numbers: the gradient is what the softmax says, less what was right, divided by
    the number of items."""
    logits = minitorch.tensor([[2.0, 0.0, 1.0], [0.5, 3.0, -1.0]])
    return viz.worked(nn.CrossEntropyLoss(), logits, minitorch.tensor([2, 1])), None


def what_layers_make_of_an_image():
    """What the layers of LeNet make of a T, before any training; its page also has the gradients."""
    minitorch.manual_seed(0)
    image = minitorch.zeros(1, 1, 28, 28)
    image[:, :, 6:22, 12:16] = image[:, :, 6:9, 8:20] = 1
    return viz.feature_maps(LeNet(), image, loss=lambda out: F.cross_entropy(out, minitorch.tensor([7]))), None


def convolution_matrix():
    """A convolution as a matrix. Turned about its diagonal, on its page, it is the transposed convolution."""
    return viz.matrix(nn.Conv2d(1, 1, 3, bias=False), (1, 4, 4)), None


PICTURES = (
    scalar_expression, fan_out, forgotten_zero_grad, second_derivative, residual_block, lenet, lenet_opened, unpooling,
    recurrent, repeated_blocks, in_every_detail, convolution_matrix, sizes, activations,
    what_passes, what_a_cell_sees, vanishing, cross_entropy_worked, what_layers_make_of_an_image,
)  # fmt: skip

STYLE = """:root { color-scheme: light dark; }
body { font: 16px/1.5 Helvetica, Arial, sans-serif; margin: 2em auto; max-width: 1100px; padding: 0 1em; }
figure { margin: 2.5em 0; }
img { max-width: 100%; max-height: 1500px; border-radius: 8px; }
figcaption { margin-bottom: .6em; }"""


def written(name, picture, player=None):
    """The files of a picture: a drawing and a page, of an animation a filmstrip; and a page to play. Returns the links."""
    still = picture.filmstrip(3) if isinstance(picture, viz.Animation) else picture
    still.save(OUTPUT / f"{name}.svg")
    picture.save(OUTPUT / f"{name}_page.html")
    if player is None:
        return f'<a href="{name}_page.html">As a page.</a>'
    player.save(OUTPUT / f"{name}.html")
    return f'<a href="{name}_page.html">As a page.</a> <a href="{name}.html">Play it.</a>'


def figure(name, told, code, links):
    picture = f'<img src="{name}.svg" alt="{escape(told)}" loading="lazy">'
    code = f"<details><summary>code</summary><pre>{escape(code)}</pre></details>"
    return f"<figure><figcaption>{escape(told)} {links}</figcaption>{picture}{code}</figure>"


def call(layer, size):
    """The code that draws a standard setting."""
    settings = repr(layer).replace("kernel_size=(3, 3)", "3").replace("kernel_size=(4, 4)", "4")
    return f"viz.animate(nn.{settings}, (1, {size}, {size}))"


def drawn():
    """Draw all of it. Of each part its id, its title, and of each picture the name, the sentence, the code and the links."""
    graphs, layers, standard = [], [], []
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for draw in PICTURES:
        links = written(draw.__name__, *draw())
        graphs.append((draw.__name__, draw.__doc__, inspect.getsource(draw), links))
    for n, draw in enumerate(figures.FIGURES, start=1):
        name = f"figure_{n:02d}_{draw.__name__}"
        layers.append((name, draw.__doc__, inspect.getsource(draw), written(name, draw())))
    for n, (told, picture) in enumerate(figures.settings().items(), start=1):
        name = f"setting_{n:02d}"
        layer, size = figures.SETTINGS[told]
        standard.append((name, f"{told}: {layer}", call(layer, size), written(name, picture)))
    return (
        ("graphs", "Computation graphs and models", graphs),
        ("layers", "The layers of a convolutional network", layers),
        ("settings", "The nineteen standard settings of convolution arithmetic", standard),
    )


if __name__ == "__main__":
    parts = drawn()
    contents = "".join(f'<li><a href="#{id}">{title}</a>, {len(part)}</li>' for id, title, part in parts)
    body = "".join(f'<h2 id="{id}">{title}</h2>{"".join(figure(*shown) for shown in part)}' for id, title, part in parts)
    page = OUTPUT / "index.html"
    head = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head += f"<title>minitorch: a gallery</title><style>{STYLE}</style>"
    page.write_text(f"{head}<h1>A gallery</h1><ul>{contents}</ul>{body}</html>", encoding="utf-8")
    print(f"{sum(len(part) for *_, part in parts)} pictures and pages, and players for most graphs: open {page}")
