"""What tensors, modules and optimizers print: the lines of PyTorch 2.13, written down once in PRINTED.

Where PyTorch is installed, a second test prints them with it.
"""

import contextlib
import math

import pytest

import minitorch as mt
from minitorch import printing


@contextlib.contextmanager
def options(t, **changed):
    t.set_printoptions(**changed)
    try:
        yield
    finally:
        t.set_printoptions(profile="default", sci_mode=None)


def printed(t, x, **changed):
    with options(t, **changed):
        return repr(x)


def block(t):
    """A small network with names, a repetition and an empty container."""

    class Net(t.nn.Module):
        def __init__(self):
            super().__init__()
            layers = t.nn.Conv2d(1, 6, 5, padding=2), t.nn.BatchNorm2d(6), t.nn.ReLU(), t.nn.MaxPool2d(2)
            self.features = t.nn.Sequential(*layers)
            self.blocks = t.nn.ModuleList([t.nn.Linear(4, 4), t.nn.Linear(4, 4), t.nn.Linear(4, 2, bias=False)])
            self.named = t.nn.ModuleDict({"drop": t.nn.Dropout(0.2), "act": t.nn.LeakyReLU(0.1, inplace=True)})
            self.nothing = t.nn.Sequential()
            self.weights = t.nn.ParameterList([t.nn.Parameter(t.zeros(2))])

        def extra_repr(self):
            return "of a test"

    return Net()


def stepped(t, name, **options):
    return getattr(t.optim, name)([t.nn.Parameter(t.zeros(1))], **options)


def groups(t):
    a, b = (t.nn.Parameter(t.zeros(1)) for _ in range(2))
    return t.optim.SGD([{"params": [a], "lr": 0.5}, {"params": [b]}], lr=0.1, momentum=0.9)


LINE = [1.0, -2.5, 3.25]
SHOWN = {
    "a number": lambda t: t.tensor(3.0),
    "a number in parts": lambda t: t.tensor(3.14159265),
    "a whole number": lambda t: t.tensor(7),
    "a truth value": lambda t: t.tensor(True),
    "nothing": lambda t: t.tensor([]),
    "nothing, of a shape": lambda t: t.empty(2, 0, 3),
    "nothing, of whole numbers": lambda t: t.empty(0, 2, dtype=t.int64),
    "no whole numbers in a line": lambda t: t.empty(0, dtype=t.int64),
    "whole floats": lambda t: t.tensor([1.0, 2.0, -30.0]),
    "floats": lambda t: t.tensor(LINE),
    "columns": lambda t: t.tensor([[1.0, 200.5], [-3.0, 0.25]]),
    "planes": lambda t: t.arange(8.0).reshape(2, 2, 2),
    "four dimensions": lambda t: t.arange(8).reshape(2, 1, 2, 2),
    "ratio of 1,000": lambda t: t.tensor([0.5, 500.0]),
    "ratio above 1,000": lambda t: t.tensor([0.5, 500.5]),
    "whole, ratio above 1,000": lambda t: t.tensor([1.0, 1001.0]),
    "whole, ratio of 1,000": lambda t: t.tensor([1.0, 1000.0]),
    "1e-4": lambda t: t.tensor([0.00011]),
    "below 1e-4": lambda t: t.tensor([0.00009]),
    "1e8": lambda t: t.tensor([1e8]),
    "above 1e8": lambda t: t.tensor([1.1e8]),
    "nan and inf": lambda t: t.tensor([math.nan, math.inf, -math.inf, 1.5]),
    "nan and whole": lambda t: t.tensor([math.nan, 2.0, -math.inf]),
    "nan alone": lambda t: t.tensor([math.nan, math.inf]),
    "zeros": lambda t: t.zeros(2, 2),
    "minus zero": lambda t: t.tensor([-0.0, 0.5]),
    "rounded to zero": lambda t: t.tensor([0.001, 0.00049]),
    "truth values": lambda t: t.tensor([[True, False], [False, False]]),
    "integers of several widths": lambda t: t.tensor([1, -20, 300]),
    "bytes": lambda t: t.tensor([1, 255], dtype=t.uint8),
    "int32": lambda t: t.tensor([[1, -2]], dtype=t.int32),
    "float64": lambda t: t.tensor(LINE, dtype=t.float64),
    "float16": lambda t: t.tensor([0.1, 65504.0], dtype=t.float16),
    "large float64": lambda t: t.tensor([1e300, 1.0], dtype=t.float64),
    "requires grad": lambda t: t.tensor(LINE, requires_grad=True),
    "grad_fn": lambda t: t.tensor(LINE, requires_grad=True) * 2,
    "grad_fn of a sum": lambda t: t.tensor(LINE, requires_grad=True).sum(),
    "grad_fn of float64": lambda t: t.tensor(LINE, requires_grad=True, dtype=t.float64).exp(),
    "grad_fn on a line of its own": lambda t: t.tensor([LINE * 3], requires_grad=True, dtype=t.float64).unsqueeze(0),
    "a suffix that just fits": lambda t: t.full((10,), 10.0, requires_grad=True),
    "a suffix that just does not fit": lambda t: t.full((6,), 100000.0, requires_grad=True),
    "a suffix that fits to the character": lambda t: printed(t, t.full((10,), 10.0, requires_grad=True), linewidth=79),
    "a suffix that is a character too long": lambda t: printed(t, t.full((10,), 10.0, requires_grad=True), linewidth=78),
    "a line that is full": lambda t: t.arange(30) + 100,
    "a long line of floats": lambda t: t.arange(20) / 7,
    "long lines in a matrix": lambda t: (t.arange(36) * 1000).reshape(2, 18),
    "1,000 elements": lambda t: repr(t.arange(1000))[-75:],
    "more than 1,000 elements": lambda t: t.arange(1001),
    "a large matrix": lambda t: t.arange(2000.0).reshape(40, 50),
    "large, of three dimensions": lambda t: t.arange(4000).reshape(4, 2, 500),
    "large, width of what is shown": lambda t: t.cat([t.ones(600), t.full((3,), 12345.5), t.ones(600)]),
    "a large row": lambda t: t.zeros(1, 1200, dtype=t.bool),
    "precision 2": lambda t: printed(t, t.tensor([1 / 3, 2.0]), precision=2),
    "precision 0": lambda t: printed(t, t.tensor([0.6, 2.0]), precision=0),
    "precision of sci_mode": lambda t: printed(t, t.tensor([1 / 3, 2.0]), precision=6, sci_mode=True),
    "sci_mode of whole numbers": lambda t: printed(t, t.tensor([3.0, 200.0]), sci_mode=True),
    "no sci_mode": lambda t: printed(t, t.tensor([1e-5, 1e5]), sci_mode=False),
    "threshold": lambda t: printed(t, t.arange(8), threshold=7),
    "threshold met": lambda t: printed(t, t.arange(8), threshold=8),
    "edgeitems": lambda t: printed(t, t.arange(30).reshape(5, 6), threshold=10, edgeitems=1),
    "edgeitems meet": lambda t: printed(t, t.arange(20).reshape(4, 5), threshold=10, edgeitems=2),
    "width of what is shown": lambda t: printed(t, t.tensor([1, 1, 1, 99999, 1, 1, 1]), threshold=5),
    "linewidth": lambda t: printed(t, t.arange(12.0), linewidth=30),
    "profile short": lambda t: printed(t, t.arange(1100) / 3, profile="short"),
    "profile full": lambda t: printed(t, t.arange(1100), profile="full").count(","),
    "after a profile": lambda t: [printed(t, t.tensor([1 / 3]), profile="short"), repr(t.tensor([1 / 3]))],
    "str": lambda t: str(t.tensor([[1.5]])),
    "format of a number": lambda t: f"{t.tensor(3.14159):.2f} {t.tensor(7)} {t.tensor([1, 2])}",
    "tensors in a list": lambda t: [t.tensor(1.0), t.tensor([2])],
    "size": lambda t: t.zeros(2, 3).shape,
    "size of nothing": lambda t: [t.tensor(0).shape, t.zeros(0).size()],
    "dtypes": lambda t: str([t.zeros(1).dtype, t.tensor(1).dtype, t.tensor(True).dtype]).replace(t.__name__, "t"),
    "parameter": lambda t: t.nn.Parameter(t.tensor([[1.0, 2.0]])),
    "frozen parameter": lambda t: t.nn.Parameter(t.tensor(LINE), requires_grad=False),
    "gradient": lambda t: [x := t.tensor(LINE, requires_grad=True), (x * x).sum().backward(), x.grad][2],
    "linear": lambda t: t.nn.Linear(3, 2),
    "linear without bias": lambda t: t.nn.Linear(3, 2, bias=False),
    "convolution": lambda t: t.nn.Conv2d(2, 4, (3, 1), stride=2, padding=1, dilation=2, groups=2, bias=False),
    "convolution with a mode": lambda t: t.nn.Conv1d(1, 2, 3, padding="same", padding_mode="reflect"),
    "transposed convolution": lambda t: t.nn.ConvTranspose2d(2, 3, 3, stride=2, output_padding=1),
    "pooling": lambda t: [t.nn.MaxPool2d(2), t.nn.AvgPool2d(3, 2, 1), t.nn.AdaptiveAvgPool2d((1, None)),
                          t.nn.MaxPool1d(2, return_indices=True)],
    "normalization": lambda t: [t.nn.BatchNorm1d(3, affine=False), t.nn.LayerNorm([2, 3]), t.nn.GroupNorm(2, 4),
                                t.nn.InstanceNorm2d(3)],
    "activations": lambda t: [t.nn.ReLU(), t.nn.ReLU(inplace=True), t.nn.ELU(0.5), t.nn.GELU("tanh"), t.nn.Softmax(1),
                              t.nn.PReLU(), t.nn.Hardtanh()],
    "dropout": lambda t: [t.nn.Dropout(), t.nn.Dropout2d(0.1, inplace=True)],
    "embedding": lambda t: t.nn.Embedding(10, 3, padding_idx=1),
    "shapes": lambda t: [t.nn.Flatten(), t.nn.Unflatten(1, (2, 3)), t.nn.Identity(), t.nn.Upsample(scale_factor=2),
                         t.nn.PixelShuffle(2)],
    "padding": lambda t: [t.nn.ZeroPad2d(1), t.nn.ReflectionPad1d((1, 2)), t.nn.ConstantPad1d(1, 2.5)],
    "losses": lambda t: [t.nn.MSELoss(), t.nn.CrossEntropyLoss(), t.nn.BCEWithLogitsLoss()],
    "recurrent": lambda t: [t.nn.LSTM(2, 3, 2, batch_first=True), t.nn.GRU(2, 3, bidirectional=True), t.nn.RNNCell(2, 3)],
    "attention": lambda t: t.nn.MultiheadAttention(4, 2),
    "sequential": lambda t: t.nn.Sequential(t.nn.Linear(2, 3), t.nn.Tanh()),
    "repeated": lambda t: t.nn.Sequential(*[t.nn.ReLU() for _ in range(3)], t.nn.Tanh()),
    "network": block,
    "SGD": lambda t: stepped(t, "SGD"),
    "groups": groups,
    "Adam": lambda t: stepped(t, "Adam", lr=0.01, betas=(0.8, 0.9), amsgrad=True),
    "AdamW": lambda t: stepped(t, "AdamW"),
    "Adamax": lambda t: stepped(t, "Adamax"),
    "NAdam": lambda t: stepped(t, "NAdam"),
    "RAdam": lambda t: stepped(t, "RAdam"),
    "Adagrad": lambda t: stepped(t, "Adagrad"),
    "Adadelta": lambda t: stepped(t, "Adadelta"),
    "RMSprop": lambda t: stepped(t, "RMSprop"),
    "LBFGS": lambda t: stepped(t, "LBFGS"),
}  # fmt: skip


def text_of(t, name):
    x = SHOWN[name](t)
    if isinstance(x, list) and name != "tensors in a list":
        return "\n".join(map(str, x))
    return x if isinstance(x, str) else repr(x)


PRINTED = {
    "a suffix that fits to the character": "tensor([10., 10., 10., 10., 10., 10., 10., 10., 10., 10.], requires_grad=True)",
    "a suffix that is a character too long": """\
tensor([10., 10., 10., 10., 10., 10., 10., 10., 10., 10.],
       requires_grad=True)""",
    "width of what is shown": "tensor([1, 1, 1,  ..., 1, 1, 1])",
    "a suffix that just fits": "tensor([10., 10., 10., 10., 10., 10., 10., 10., 10., 10.], requires_grad=True)",
    "a suffix that just does not fit": """\
tensor([100000., 100000., 100000., 100000., 100000., 100000.],
       requires_grad=True)""",
    "a number": "tensor(3.)",
    "a number in parts": "tensor(3.1416)",
    "a whole number": "tensor(7)",
    "a truth value": "tensor(True)",
    "nothing": "tensor([])",
    "nothing, of a shape": "tensor([], size=(2, 0, 3))",
    "nothing, of whole numbers": "tensor([], size=(0, 2), dtype=torch.int64)",
    "no whole numbers in a line": "tensor([], dtype=torch.int64)",
    "whole floats": "tensor([  1.,   2., -30.])",
    "floats": "tensor([ 1.0000, -2.5000,  3.2500])",
    "columns": """\
tensor([[  1.0000, 200.5000],
        [ -3.0000,   0.2500]])""",
    "planes": """\
tensor([[[0., 1.],
         [2., 3.]],

        [[4., 5.],
         [6., 7.]]])""",
    "four dimensions": """\
tensor([[[[0, 1],
          [2, 3]]],


        [[[4, 5],
          [6, 7]]]])""",
    "ratio of 1,000": "tensor([  0.5000, 500.0000])",
    "ratio above 1,000": "tensor([5.0000e-01, 5.0050e+02])",
    "whole, ratio above 1,000": "tensor([1.0000e+00, 1.0010e+03])",
    "whole, ratio of 1,000": "tensor([   1., 1000.])",
    "1e-4": "tensor([0.0001])",
    "below 1e-4": "tensor([9.0000e-05])",
    "1e8": "tensor([100000000.])",
    "above 1e8": "tensor([1.1000e+08])",
    "nan and inf": "tensor([   nan,    inf,   -inf, 1.5000])",
    "nan and whole": "tensor([nan, 2., -inf])",
    "nan alone": "tensor([nan, inf])",
    "zeros": """\
tensor([[0., 0.],
        [0., 0.]])""",
    "minus zero": "tensor([-0.0000, 0.5000])",
    "rounded to zero": "tensor([0.0010, 0.0005])",
    "truth values": """\
tensor([[ True, False],
        [False, False]])""",
    "integers of several widths": "tensor([  1, -20, 300])",
    "bytes": "tensor([  1, 255], dtype=torch.uint8)",
    "int32": "tensor([[ 1, -2]], dtype=torch.int32)",
    "float64": "tensor([ 1.0000, -2.5000,  3.2500], dtype=torch.float64)",
    "float16": "tensor([9.9976e-02, 6.5504e+04], dtype=torch.float16)",
    "large float64": "tensor([1.0000e+300,  1.0000e+00], dtype=torch.float64)",
    "requires grad": "tensor([ 1.0000, -2.5000,  3.2500], requires_grad=True)",
    "grad_fn": "tensor([ 2.0000, -5.0000,  6.5000], grad_fn=<MulBackward0>)",
    "grad_fn of a sum": "tensor(1.7500, grad_fn=<SumBackward0>)",
    "grad_fn of float64": """\
tensor([ 2.7183,  0.0821, 25.7903], dtype=torch.float64,
       grad_fn=<ExpBackward0>)""",
    "grad_fn on a line of its own": """\
tensor([[[ 1.0000, -2.5000,  3.2500,  1.0000, -2.5000,  3.2500,  1.0000,
          -2.5000,  3.2500]]], dtype=torch.float64,
       grad_fn=<UnsqueezeBackward0>)""",
    "a line that is full": """\
tensor([100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113,
        114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127,
        128, 129])""",
    "a long line of floats": """\
tensor([0.0000, 0.1429, 0.2857, 0.4286, 0.5714, 0.7143, 0.8571, 1.0000, 1.1429,
        1.2857, 1.4286, 1.5714, 1.7143, 1.8571, 2.0000, 2.1429, 2.2857, 2.4286,
        2.5714, 2.7143])""",
    "long lines in a matrix": """\
tensor([[    0,  1000,  2000,  3000,  4000,  5000,  6000,  7000,  8000,  9000,
         10000, 11000, 12000, 13000, 14000, 15000, 16000, 17000],
        [18000, 19000, 20000, 21000, 22000, 23000, 24000, 25000, 26000, 27000,
         28000, 29000, 30000, 31000, 32000, 33000, 34000, 35000]])""",
    "1,000 elements": """\
, 987, 988, 989, 990, 991, 992, 993,
        994, 995, 996, 997, 998, 999])""",
    "more than 1,000 elements": "tensor([   0,    1,    2,  ...,  998,  999, 1000])",
    "a large matrix": """\
tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 4.7000e+01, 4.8000e+01,
         4.9000e+01],
        [5.0000e+01, 5.1000e+01, 5.2000e+01,  ..., 9.7000e+01, 9.8000e+01,
         9.9000e+01],
        [1.0000e+02, 1.0100e+02, 1.0200e+02,  ..., 1.4700e+02, 1.4800e+02,
         1.4900e+02],
        ...,
        [1.8500e+03, 1.8510e+03, 1.8520e+03,  ..., 1.8970e+03, 1.8980e+03,
         1.8990e+03],
        [1.9000e+03, 1.9010e+03, 1.9020e+03,  ..., 1.9470e+03, 1.9480e+03,
         1.9490e+03],
        [1.9500e+03, 1.9510e+03, 1.9520e+03,  ..., 1.9970e+03, 1.9980e+03,
         1.9990e+03]])""",
    "large, of three dimensions": """\
tensor([[[   0,    1,    2,  ...,  497,  498,  499],
         [ 500,  501,  502,  ...,  997,  998,  999]],

        [[1000, 1001, 1002,  ..., 1497, 1498, 1499],
         [1500, 1501, 1502,  ..., 1997, 1998, 1999]],

        [[2000, 2001, 2002,  ..., 2497, 2498, 2499],
         [2500, 2501, 2502,  ..., 2997, 2998, 2999]],

        [[3000, 3001, 3002,  ..., 3497, 3498, 3499],
         [3500, 3501, 3502,  ..., 3997, 3998, 3999]]])""",
    "large, width of what is shown": "tensor([1., 1., 1.,  ..., 1., 1., 1.])",
    "a large row": "tensor([[False, False, False,  ..., False, False, False]])",
    "precision 2": "tensor([0.33, 2.00])",
    "precision 0": "tensor([1, 2])",
    "precision of sci_mode": "tensor([3.333333e-01, 2.000000e+00])",
    "sci_mode of whole numbers": "tensor([3.0000e+00, 2.0000e+02])",
    "no sci_mode": "tensor([     0.0000, 100000.0000])",
    "threshold": "tensor([0, 1, 2,  ..., 5, 6, 7])",
    "threshold met": "tensor([0, 1, 2, 3, 4, 5, 6, 7])",
    "edgeitems": """\
tensor([[ 0,  ...,  5],
        ...,
        [24,  ..., 29]])""",
    "edgeitems meet": """\
tensor([[ 0,  1,  ...,  3,  4],
        [ 5,  6,  ...,  8,  9],
        [10, 11,  ..., 13, 14],
        [15, 16,  ..., 18, 19]])""",
    "linewidth": """\
tensor([ 0.,  1.,  2.,  3.,
         4.,  5.,  6.,  7.,
         8.,  9., 10., 11.])""",
    "profile short": "tensor([0.00e+00, 3.33e-01,  ..., 3.66e+02, 3.66e+02])",
    "profile full": "1099",
    "after a profile": """\
tensor([0.33])
tensor([0.3333])""",
    "str": "tensor([[1.5000]])",
    "format of a number": "3.14 7 tensor([1, 2])",
    "tensors in a list": "[tensor(1.), tensor([2])]",
    "size": "torch.Size([2, 3])",
    "size of nothing": """\
torch.Size([])
torch.Size([0])""",
    "dtypes": "[t.float32, t.int64, t.bool]",
    "parameter": """\
Parameter containing:
tensor([[1., 2.]], requires_grad=True)""",
    "frozen parameter": """\
Parameter containing:
tensor([ 1.0000, -2.5000,  3.2500])""",
    "gradient": "tensor([ 2.0000, -5.0000,  6.5000])",
    "linear": "Linear(in_features=3, out_features=2, bias=True)",
    "linear without bias": "Linear(in_features=3, out_features=2, bias=False)",
    "convolution": "Conv2d(2, 4, kernel_size=(3, 1), stride=(2, 2), padding=(1, 1), dilation=(2, 2), groups=2, bias=False)",
    "convolution with a mode": "Conv1d(1, 2, kernel_size=(3,), stride=(1,), padding=same, padding_mode=reflect)",
    "transposed convolution": "ConvTranspose2d(2, 3, kernel_size=(3, 3), stride=(2, 2), output_padding=(1, 1))",
    "pooling": """\
MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
AvgPool2d(kernel_size=3, stride=2, padding=1)
AdaptiveAvgPool2d(output_size=(1, None))
MaxPool1d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)""",
    "normalization": """\
BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=True)
LayerNorm((2, 3), eps=1e-05, elementwise_affine=True, bias=True)
GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)
InstanceNorm2d(3, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=False)""",
    "activations": """\
ReLU()
ReLU(inplace=True)
ELU(alpha=0.5)
GELU(approximate='tanh')
Softmax(dim=1)
PReLU(num_parameters=1)
Hardtanh(min_val=-1.0, max_val=1.0)""",
    "dropout": """\
Dropout(p=0.5, inplace=False)
Dropout2d(p=0.1, inplace=True)""",
    "embedding": "Embedding(10, 3, padding_idx=1)",
    "shapes": """\
Flatten(start_dim=1, end_dim=-1)
Unflatten(dim=1, unflattened_size=(2, 3))
Identity()
Upsample(scale_factor=2.0, mode='nearest')
PixelShuffle(upscale_factor=2)""",
    "padding": """\
ZeroPad2d((1, 1, 1, 1))
ReflectionPad1d((1, 2))
ConstantPad1d(padding=(1, 1), value=2.5)""",
    "losses": """\
MSELoss()
CrossEntropyLoss()
BCEWithLogitsLoss()""",
    "recurrent": """\
LSTM(2, 3, num_layers=2, batch_first=True)
GRU(2, 3, bidirectional=True)
RNNCell(2, 3)""",
    "attention": """\
MultiheadAttention(
  (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=True)
)""",
    "sequential": """\
Sequential(
  (0): Linear(in_features=2, out_features=3, bias=True)
  (1): Tanh()
)""",
    "repeated": """\
Sequential(
  (0): ReLU()
  (1): ReLU()
  (2): ReLU()
  (3): Tanh()
)""",
    "network": """\
Net(
  of a test
  (features): Sequential(
    (0): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))
    (1): BatchNorm2d(6, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
    (2): ReLU()
    (3): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
  )
  (blocks): ModuleList(
    (0-1): 2 x Linear(in_features=4, out_features=4, bias=True)
    (2): Linear(in_features=4, out_features=2, bias=False)
  )
  (named): ModuleDict(
    (drop): Dropout(p=0.2, inplace=False)
    (act): LeakyReLU(negative_slope=0.1, inplace=True)
  )
  (nothing): Sequential()
  (weights): ParameterList(  (0): Parameter containing: [torch.float32 of size 2])
)""",
    "SGD": """\
SGD (
Parameter Group 0
    dampening: 0
    differentiable: False
    foreach: None
    fused: None
    lr: 0.001
    maximize: False
    momentum: 0
    nesterov: False
    weight_decay: 0
)""",
    "groups": """\
SGD (
Parameter Group 0
    dampening: 0
    differentiable: False
    foreach: None
    fused: None
    lr: 0.5
    maximize: False
    momentum: 0.9
    nesterov: False
    weight_decay: 0

Parameter Group 1
    dampening: 0
    differentiable: False
    foreach: None
    fused: None
    lr: 0.1
    maximize: False
    momentum: 0.9
    nesterov: False
    weight_decay: 0
)""",
    "Adam": """\
Adam (
Parameter Group 0
    amsgrad: True
    betas: (0.8, 0.9)
    capturable: False
    decoupled_weight_decay: False
    differentiable: False
    eps: 1e-08
    foreach: None
    fused: None
    lr: 0.01
    maximize: False
    weight_decay: 0
)""",
    "AdamW": """\
AdamW (
Parameter Group 0
    amsgrad: False
    betas: (0.9, 0.999)
    capturable: False
    decoupled_weight_decay: True
    differentiable: False
    eps: 1e-08
    foreach: None
    fused: None
    lr: 0.001
    maximize: False
    weight_decay: 0.01
)""",
    "Adamax": """\
Adamax (
Parameter Group 0
    betas: (0.9, 0.999)
    capturable: False
    differentiable: False
    eps: 1e-08
    foreach: None
    lr: 0.002
    maximize: False
    weight_decay: 0
)""",
    "NAdam": """\
NAdam (
Parameter Group 0
    betas: (0.9, 0.999)
    capturable: False
    decoupled_weight_decay: False
    differentiable: False
    eps: 1e-08
    foreach: None
    lr: 0.002
    maximize: False
    momentum_decay: 0.004
    weight_decay: 0
)""",
    "RAdam": """\
RAdam (
Parameter Group 0
    betas: (0.9, 0.999)
    capturable: False
    decoupled_weight_decay: False
    differentiable: False
    eps: 1e-08
    foreach: None
    lr: 0.001
    maximize: False
    weight_decay: 0
)""",
    "Adagrad": """\
Adagrad (
Parameter Group 0
    differentiable: False
    eps: 1e-10
    foreach: None
    fused: None
    initial_accumulator_value: 0
    lr: 0.01
    lr_decay: 0
    maximize: False
    weight_decay: 0
)""",
    "Adadelta": """\
Adadelta (
Parameter Group 0
    capturable: False
    differentiable: False
    eps: 1e-06
    foreach: None
    lr: 1.0
    maximize: False
    rho: 0.9
    weight_decay: 0
)""",
    "RMSprop": """\
RMSprop (
Parameter Group 0
    alpha: 0.99
    capturable: False
    centered: False
    differentiable: False
    eps: 1e-08
    foreach: None
    lr: 0.01
    maximize: False
    momentum: 0
    weight_decay: 0
)""",
    "LBFGS": """\
LBFGS (
Parameter Group 0
    history_size: 100
    line_search_fn: None
    lr: 1
    max_eval: 25
    max_iter: 20
    tolerance_change: 1e-09
    tolerance_grad: 1e-07
)""",
}


@pytest.mark.parametrize("name", SHOWN)
def test_the_lines_are_those_written_down(name):
    assert text_of(mt, name).replace("minitorch.", "torch.") == PRINTED[name]


@pytest.mark.parity
@pytest.mark.parametrize("name", SHOWN)
def test_the_lines_written_down_are_those_of_pytorch(name):
    assert text_of(pytest.importorskip("torch"), name) == PRINTED[name]


def test_profiles_set_every_option_but_sci_mode():
    own = {"precision": 7, "threshold": 3, "edgeitems": 9, "linewidth": 33, "sci_mode": True}
    plain = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80}
    with options(mt, **own):
        assert vars(printing._options) == own
        for profile, changed in (
            ("default", {}),
            ("short", {"precision": 2, "edgeitems": 2}),
            ("full", {"threshold": math.inf}),
        ):
            mt.set_printoptions(profile=profile, sci_mode=False)
            assert vars(printing._options) == {**plain, **changed, "sci_mode": False}
        mt.set_printoptions(precision=10_000, linewidth=10_000)
        for name, value in (("precision", -1), ("precision", 10_001), ("edgeitems", 0), ("linewidth", 0)):
            with pytest.raises(ValueError, match=f"{name} must be between"):
                mt.set_printoptions(**{name: value})
        assert printing._options.precision == 10_000
    assert vars(printing._options) == {**plain, "sci_mode": None}
