"""Every layer, made in the ways that programs make it. test_typing.py runs this file, and mypy and pyright must accept it."""

import minitorch
from minitorch import Tensor, nn

three = minitorch.ones(3)
activations: list[nn.Module] = [
    nn.CELU(), nn.CELU(0.5, True), nn.CELU(alpha=0.5, inplace=True), nn.ELU(), nn.ELU(1.0, inplace=True), nn.GELU(),
    nn.GELU("tanh"), nn.GELU(approximate="tanh"), nn.GLU(), nn.GLU(1), nn.Hardshrink(0.5), nn.Hardsigmoid(),
    nn.Hardsigmoid(True), nn.Hardswish(inplace=True), nn.Hardtanh(-2, 2), nn.Hardtanh(min_val=-2.0, max_val=2.0),
    nn.LeakyReLU(0.2), nn.LeakyReLU(negative_slope=0.2, inplace=True), nn.LogSigmoid(), nn.LogSoftmax(1),
    nn.LogSoftmax(dim=-1), nn.Mish(), nn.PReLU(), nn.PReLU(3, init=0.1), nn.RReLU(0.1, 0.3), nn.ReLU(), nn.ReLU(True),
    nn.ReLU(inplace=True), nn.ReLU6(), nn.SELU(inplace=False), nn.SiLU(), nn.Sigmoid(), nn.Softmax(), nn.Softmax(dim=1),
    nn.Softmax2d(), nn.Softmin(dim=0), nn.Softplus(2, 20.0), nn.Softplus(beta=1), nn.Softshrink(0.1),
    nn.Softshrink(lambd=0.1), nn.Softsign(), nn.Tanh(), nn.Tanhshrink(), nn.Threshold(0.1, 20),
    nn.Threshold(0.1, value=20.0, inplace=True),
]  # fmt: skip
with_weights: list[nn.Module] = [
    nn.Bilinear(2, 3, 4), nn.Bilinear(2, 3, 4, bias=False), nn.Embedding(10, 3),
    nn.Embedding(10, 3, padding_idx=0, max_norm=1.0), nn.Embedding.from_pretrained(minitorch.ones(2, 3)), nn.Linear(3, 4),
    nn.Linear(3, 4, False), nn.Linear(3, 4, bias=False, dtype=minitorch.float64), nn.Linear(3, 4, device="cpu"),
    nn.Identity(), nn.Identity(54, unused=0.1), nn.Flatten(), nn.Flatten(0, 1), nn.Flatten(start_dim=2),
    nn.Unflatten(1, (2, 5)), nn.Unflatten(1, [2, -1]), nn.Conv1d(1, 2, 3), nn.Conv1d(1, 2, (3,), padding="same"),
    nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, (3, 5), stride=(2, 1), padding=1), nn.Conv2d(4, 4, 3, 1, 1, 1, 4, False, "reflect"),
    nn.Conv2d(4, 4, [3, 3], groups=2, padding_mode="circular"), nn.Conv3d(1, 2, 3, dilation=2), nn.Conv3d(1, 2, (1, 2, 3)),
    nn.ConvTranspose1d(1, 2, 3), nn.ConvTranspose2d(1, 2, 3, stride=2, padding=1, output_padding=1),
    nn.ConvTranspose2d(1, 2, (3, 3), (2, 2)), nn.ConvTranspose3d(1, 2, 3, bias=False), nn.LazyLinear(3),
    nn.LazyLinear(3, bias=False), nn.LazyConv1d(2, 3), nn.LazyConv2d(2, (3, 3), padding=1), nn.LazyConv3d(2, 3),
    nn.LazyConvTranspose1d(2, 3), nn.LazyConvTranspose2d(2, 3, stride=2), nn.LazyConvTranspose3d(2, 3), nn.LazyBatchNorm1d(),
    nn.LazyBatchNorm2d(eps=1e-3), nn.LazyBatchNorm3d(momentum=0.2), nn.BatchNorm1d(3), nn.BatchNorm1d(3, momentum=None),
    nn.SyncBatchNorm(3), nn.SyncBatchNorm(3, 1e-3, None, process_group=None, bias=False),
    nn.BatchNorm2d(3, 1e-5, 0.1, True, True), nn.BatchNorm2d(3, affine=False), nn.BatchNorm3d(3, track_running_stats=False),
    nn.InstanceNorm1d(3), nn.InstanceNorm2d(3, affine=True), nn.InstanceNorm3d(3), nn.LayerNorm(3),
    nn.LayerNorm((2, 3), eps=1e-6), nn.LayerNorm([2, 3], elementwise_affine=False), nn.RMSNorm(3), nn.RMSNorm((3,), eps=None),
    nn.GroupNorm(2, 4), nn.GroupNorm(num_groups=2, num_channels=4, affine=False), nn.RNN(3, 4),
    nn.RNN(3, 4, 2, nonlinearity="relu", batch_first=True), nn.LSTM(3, 4, num_layers=2, bidirectional=True),
    nn.LSTM(3, 4, proj_size=2), nn.GRU(input_size=3, hidden_size=4, dropout=0.0), nn.RNNCell(3, 4, nonlinearity="tanh"),
    nn.LSTMCell(3, 4, bias=False), nn.GRUCell(3, 4), nn.MultiheadAttention(4, 2),
    nn.MultiheadAttention(4, 2, 0.1, batch_first=True),
]  # fmt: skip
windows: list[nn.Module] = [
    nn.AdaptiveAvgPool1d(5), nn.AdaptiveAvgPool2d((5, 7)), nn.AdaptiveAvgPool2d((None, 7)), nn.AdaptiveAvgPool2d(1),
    nn.AdaptiveAvgPool2d(output_size=(1, 1)), nn.AdaptiveAvgPool3d((5, None, 7)), nn.AdaptiveMaxPool1d(5),
    nn.AdaptiveMaxPool2d((5, 7), return_indices=True), nn.AdaptiveMaxPool3d(5, True), nn.AvgPool1d(2),
    nn.AvgPool1d((2,), stride=1), nn.AvgPool2d(2, 2),
    nn.AvgPool2d((3, 2), stride=(2, 1), padding=1, ceil_mode=True, divisor_override=3),
    nn.AvgPool3d(3, count_include_pad=False), nn.MaxPool1d(2), nn.MaxPool1d(3, stride=2, return_indices=True),
    nn.MaxPool2d(2), nn.MaxPool2d(2, 2), nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
    nn.MaxPool2d((3, 2), stride=(2, 1)), nn.MaxPool2d(3, None, 0, 1, False, True), nn.MaxPool3d([3, 3, 3], dilation=2),
    nn.MaxUnpool1d(2), nn.MaxUnpool2d(2, stride=2), nn.MaxUnpool3d((2, 2, 2), padding=0), nn.Unfold(3),
    nn.Unfold((2, 3), padding=1, stride=2), nn.Fold((4, 5), (2, 2)), nn.Fold(output_size=4, kernel_size=2, dilation=1),
    nn.PixelShuffle(3), nn.PixelUnshuffle(3), nn.Upsample(scale_factor=2), nn.Upsample((4, 4)),
    nn.Upsample(size=4, mode="bilinear", align_corners=True), nn.Upsample(scale_factor=(2.0, 3.0)),
    nn.UpsamplingNearest2d(scale_factor=2), nn.UpsamplingNearest2d((4, 4)), nn.UpsamplingBilinear2d(size=4),
    nn.ConstantPad1d(2, 3.5), nn.ConstantPad2d((3, 0, 2, 1), 3.5), nn.ConstantPad3d(padding=3, value=0), nn.ZeroPad1d(2),
    nn.ZeroPad2d((1, 1, 2, 0)), nn.ZeroPad3d(1), nn.ReflectionPad1d((3, 1)), nn.ReflectionPad2d(2), nn.ReflectionPad3d(1),
    nn.ReplicationPad1d(2), nn.ReplicationPad2d([1, 1, 2, 0]), nn.ReplicationPad3d(3), nn.CircularPad1d((3, 1)),
    nn.CircularPad2d(padding=2), nn.CircularPad3d(3), nn.Dropout(), nn.Dropout(0.2), nn.Dropout(p=0.2, inplace=True),
    nn.Dropout1d(0.1), nn.Dropout2d(p=0.1), nn.Dropout3d(),
]  # fmt: skip
losses: list[nn.Module] = [
    nn.L1Loss(), nn.L1Loss(reduction="sum"), nn.MSELoss(), nn.MSELoss(reduction="none"), nn.SmoothL1Loss(beta=0.5),
    nn.SmoothL1Loss(reduction="sum", beta=2), nn.HuberLoss("sum", 0.5), nn.HuberLoss(delta=0.5), nn.NLLLoss(),
    nn.NLLLoss(three), nn.NLLLoss(weight=three, ignore_index=0), nn.CrossEntropyLoss(), nn.CrossEntropyLoss(three),
    nn.CrossEntropyLoss(None), nn.CrossEntropyLoss(weight=three, ignore_index=-1, reduction="sum", label_smoothing=0.1),
    nn.BCELoss(), nn.BCELoss(weight=three, reduction="sum"), nn.BCEWithLogitsLoss(pos_weight=three),
    nn.BCEWithLogitsLoss(three), nn.KLDivLoss(reduction="batchmean", log_target=True),
    nn.PoissonNLLLoss(True, full=True, eps=1e-6), nn.PoissonNLLLoss(), nn.GaussianNLLLoss(full=True, eps=1e-3),
    nn.SoftMarginLoss(reduction="sum"), nn.HingeEmbeddingLoss(2.0), nn.HingeEmbeddingLoss(margin=2, reduction="sum"),
    nn.MarginRankingLoss(0.5), nn.CosineEmbeddingLoss(margin=0.1), nn.MultiMarginLoss(),
    nn.MultiMarginLoss(2, 0.5, three, reduction="sum"), nn.MultiMarginLoss(p=1, weight=None),
    nn.MultiLabelMarginLoss(reduction="sum"), nn.MultiLabelSoftMarginLoss(three), nn.CosineSimilarity(),
    nn.CosineSimilarity(dim=0, eps=1e-6), nn.PairwiseDistance(2), nn.PairwiseDistance(p=1, keepdim=True),
    nn.AlphaDropout(0.2), nn.FeatureAlphaDropout(p=0.1),
    nn.TripletMarginLoss(1.0, p=2), nn.TripletMarginLoss(margin=2, p=1.0, swap=True, reduction="sum"),
]  # fmt: skip
holders: list[nn.Module] = [
    nn.Sequential(), nn.Sequential(nn.Linear(2, 3), nn.ReLU()), nn.Sequential({"first": nn.Linear(2, 3)}), nn.ModuleList(),
    nn.ModuleList([nn.ReLU(), nn.Linear(2, 3)]), nn.ModuleDict({"a": nn.ReLU()}), nn.ParameterList([nn.Parameter(three)]),
    nn.ParameterDict({"a": nn.Parameter(three)}), nn.DataParallel(nn.Linear(2, 3)),
]  # fmt: skip


def of_one_tensor(x: Tensor) -> list[Tensor]:
    """A call of a layer is a Tensor to the checkers, whether the layer is a class with a forward or made by `layer`."""
    return [
        nn.ReLU()(x), nn.Linear(3, 4)(x), nn.Dropout(0.1)(x), nn.Softmax(dim=1)(x), nn.BatchNorm1d(3)(x), nn.LayerNorm(3)(x),
        nn.ConstantPad1d(1, 0.0)(x), nn.Flatten()(x), nn.MSELoss()(x, x), nn.L1Loss()(input=x, target=x), nn.PReLU()(x),
        nn.CosineSimilarity()(x, x), nn.MarginRankingLoss()(x, x, x.sign()), nn.TripletMarginLoss()(x, x, x),
        nn.GaussianNLLLoss()(x, x, x.exp()), nn.Sequential(nn.Linear(3, 3))(x), nn.LazyLinear(2)(x), nn.GRUCell(3, 4)(x),
    ]  # fmt: skip


of_one_tensor(minitorch.ones(2, 3))
