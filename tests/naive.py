"""What every layer computes, written with explicit loops over numbers, as slowly and plainly as can be.

NAIVE has a function for each layer: it is given the layer's options, its parameters and the inputs as arrays, and returns the
output. The tests hold the layers to it. Those with windows, and those that pad and resize images, are in naive_of_windows.py.
"""

from __future__ import annotations

import math

import numpy as np

from tests import naive_of_windows as of_windows
from tests.naive_of_windows import batched, places

# ---- maps --------------------------------------------------------------------------------------------------------------


def linear(o, p, x):
    y = np.zeros((*x.shape[:-1], o["out_features"]))
    for *b, f in places(y.shape):
        y[(*b, f)] = sum(p["weight"][f, i] * x[(*b, i)] for i in range(x.shape[-1])) + (p["bias"][f] if "bias" in p else 0)
    return y


def bilinear(o, p, x1, x2):
    y = np.zeros((*x1.shape[:-1], o["out_features"]))
    for *b, f in places(y.shape):
        for i, j in places((x1.shape[-1], x2.shape[-1])):
            y[(*b, f)] += x1[(*b, i)] * p["weight"][f, i, j] * x2[(*b, j)]
        y[(*b, f)] += p["bias"][f] if "bias" in p else 0
    return y


def embedding(o, p, numbers):
    return np.array([p["weight"][i] for i in numbers.reshape(-1)]).reshape(*numbers.shape, o["embedding_dim"])


def flatten(o, p, x):
    start, end = o["start_dim"] % x.ndim, o["end_dim"] % x.ndim
    return x.reshape(*x.shape[:start], -1, *x.shape[end + 1 :])


def unflatten(o, p, x):
    return x.reshape(len(x), *o["unflattened_size"])


# ---- activations: a number in, a number out ------------------------------------------------------------------------------


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def softplus(x, beta=1.0, threshold=20.0):
    return x if beta * x > threshold else math.log(1 + math.exp(beta * x)) / beta


def gelu(x, approximate):
    if approximate == "tanh":
        return x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x / 2 * (1 + math.erf(x / math.sqrt(2)))


def elu(x, alpha):
    return x if x > 0 else alpha * (math.exp(x) - 1)


def hardshrink(x, lambd):
    return 0 if -lambd <= x <= lambd else x


def softshrink(x, lambd):
    return x - lambd if x > lambd else x + lambd if x < -lambd else 0


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017

NUMBERS = {
    "Sigmoid": lambda x, o: sigmoid(x),
    "Tanh": lambda x, o: math.tanh(x),
    "ReLU": lambda x, o: max(x, 0),
    "LeakyReLU": lambda x, o: x if x > 0 else o["negative_slope"] * x,
    "RReLU": lambda x, o: x if x > 0 else o["lower"] * x,  # drawn with lower = upper
    "ReLU6": lambda x, o: min(max(x, 0), 6),
    "ELU": lambda x, o: elu(x, o["alpha"]),
    "SELU": lambda x, o: SELU_SCALE * elu(x, SELU_ALPHA),
    "CELU": lambda x, o: x if x > 0 else o["alpha"] * (math.exp(x / o["alpha"]) - 1),
    "GELU": lambda x, o: gelu(x, o["approximate"]),
    "SiLU": lambda x, o: x * sigmoid(x),
    "Mish": lambda x, o: x * math.tanh(softplus(x)),
    "Softplus": lambda x, o: softplus(x, o["beta"], o["threshold"]),
    "Softsign": lambda x, o: x / (1 + abs(x)),
    "Softshrink": lambda x, o: softshrink(x, o["lambd"]),
    "Hardshrink": lambda x, o: hardshrink(x, o["lambd"]),
    "Tanhshrink": lambda x, o: x - math.tanh(x),
    "Hardtanh": lambda x, o: min(max(x, o["min_val"]), o["max_val"]),
    "Hardsigmoid": lambda x, o: min(max(x + 3, 0), 6) / 6,
    "Hardswish": lambda x, o: x * min(max(x + 3, 0), 6) / 6,
    "LogSigmoid": lambda x, o: math.log(sigmoid(x)),
    "Threshold": lambda x, o: x if x > o["threshold"] else o["value"],
    "Identity": lambda x, o: x,
    **{f"Dropout{r}": lambda x, o: x for r in ("", "1d", "2d", "3d")},  # in eval mode
    **{name: lambda x, o: x for name in ("AlphaDropout", "FeatureAlphaDropout")},  # in eval mode, too
}


def each_number(f):
    return lambda o, p, x: np.array([f(v, o) for v in x.reshape(-1).tolist()], np.float64).reshape(x.shape)


def prelu(o, p, x):
    y, weight = x.copy(), p["weight"]
    for at in places(x.shape):
        if x[at] < 0:
            y[at] = weight[at[1] if len(weight) > 1 else 0] * x[at]
    return y


def rows(function, dim_of=lambda o: o["dim"]):
    """A function of one row of numbers, for each row along a dimension."""

    def whole_array(o, p, x):
        moved = np.moveaxis(x, dim_of(o), -1)
        out = [function(list(moved[at])) for at in places(moved.shape[:-1])]
        return np.moveaxis(np.array(out).reshape(*moved.shape[:-1], -1), -1, dim_of(o))

    return whole_array


def softmax_row(row):
    total = sum(math.exp(v) for v in row)
    return [math.exp(v) / total for v in row]


def glu_row(row):
    half = len(row) // 2
    return [a * sigmoid(b) for a, b in zip(row[:half], row[half:], strict=True)]


# ---- normalization -----------------------------------------------------------------------------------------------------


def standardize(x, groups, eps):
    """x with the numbers of each group (a list of places) brought to mean 0 and variance 1."""
    y = np.zeros_like(x)
    for group in groups:
        mean = sum(x[at] for at in group) / len(group)
        var = sum((x[at] - mean) ** 2 for at in group) / len(group)
        for at in group:
            y[at] = (x[at] - mean) / math.sqrt(var + eps)
    return y


def grouped(x, key):
    """The places of x in groups of one key."""
    groups = {}
    for at in places(x.shape):
        groups.setdefault(key(at), []).append(at)
    return groups.values()


def scaled(y, p, which):
    """weight * y + bias, where `which` says for a place which of them."""
    out = y.copy()
    for at in places(y.shape):
        out[at] = y[at] * (p["weight"][which(at)] if "weight" in p else 1) + (p["bias"][which(at)] if "bias" in p else 0)
    return out


def batch_norm(o, p, x, training):
    if training or not o["track_running_stats"]:
        y = standardize(x, grouped(x, lambda at: at[1]), o["eps"])
    else:
        y = x / math.sqrt(1 + o["eps"])  # nothing has been tracked yet: mean 0, variance 1
    return scaled(y, p, lambda at: at[1])


def instance_norm(rank):
    def function(o, p, x, training):
        if training or not o["track_running_stats"]:
            y = standardize(x, grouped(x, lambda at: at[:2]), o["eps"])
        else:
            y = x / math.sqrt(1 + o["eps"])
        return scaled(y, p, lambda at: at[1])

    return batched(rank, function)


def layer_norm(o, p, x):
    shape = o["normalized_shape"]
    rank = 1 if isinstance(shape, int) else len(shape)
    return scaled(standardize(x, grouped(x, lambda at: at[:-rank]), o["eps"]), p, lambda at: at[-rank:])


def rms_norm(o, p, x):
    rank = 1 if isinstance(o["normalized_shape"], int) else len(o["normalized_shape"])
    eps, y = 2.0**-52 if o["eps"] is None else o["eps"], np.zeros_like(x)
    for group in grouped(x, lambda at: at[:-rank]):
        square = sum(x[at] ** 2 for at in group) / len(group)
        for at in group:
            y[at] = x[at] / math.sqrt(square + eps)
    return scaled(y, p, lambda at: at[-rank:])


def group_norm(o, p, x):
    per_group = o["num_channels"] // o["num_groups"]
    return scaled(standardize(x, grouped(x, lambda at: (at[0], at[1] // per_group)), o["eps"]), p, lambda at: at[1])


# ---- recurrence --------------------------------------------------------------------------------------------------------


def affine(weight, bias, x):
    return [sum(w * v for w, v in zip(row, x, strict=True)) + (0 if bias is None else bias[i]) for i, row in enumerate(weight)]


def step(kind, o, p, suffix, x, h, c):
    """The next h and c of one sequence, from lists of numbers."""
    gates = affine(p["weight_ih" + suffix], p.get("bias_ih" + suffix), x)
    hidden, n = affine(p["weight_hh" + suffix], p.get("bias_hh" + suffix), h), o["hidden_size"]
    both = [a + b for a, b in zip(gates, hidden, strict=True)]
    if kind == "RNN":
        return [math.tanh(v) if o["nonlinearity"] == "tanh" else max(v, 0) for v in both], c
    if kind == "GRU":
        new = []
        for j in range(n):
            r, z = sigmoid(both[j]), sigmoid(both[n + j])
            new.append((1 - z) * math.tanh(gates[2 * n + j] + r * hidden[2 * n + j]) + z * h[j])
        return new, c
    c = [sigmoid(both[n + j]) * c[j] + sigmoid(both[j]) * math.tanh(both[2 * n + j]) for j in range(n)]
    new = [sigmoid(both[3 * n + j]) * math.tanh(c[j]) for j in range(n)]
    return (affine(p["weight_hr" + suffix], None, new) if "weight_hr" + suffix in p else new), c


def recurrent(kind):
    def function(o, p, x, *state):
        batched = x.ndim == 3
        x = x if batched else x[:, None]
        x = np.swapaxes(x, 0, 1) if o["batch_first"] and batched else x
        (steps, batch, _), n = x.shape, o["hidden_size"]
        directions, out = (["", "_reverse"] if o["bidirectional"] else [""]), o.get("proj_size") or n
        passes = o["num_layers"] * len(directions)
        h = np.zeros((passes, batch, out)) if not state else state[0].reshape(passes, batch, out).copy()
        c = np.zeros((passes, batch, n)) if len(state) < 2 else state[1].reshape(passes, batch, n).copy()
        for i in range(passes):
            layer, direction = divmod(i, len(directions))
            if direction == 0:
                y = np.zeros((steps, batch, out * len(directions)))
            for b in range(batch):
                for t in reversed(range(steps)) if direction else range(steps):
                    h[i, b], c[i, b] = step(kind, o, p, f"_l{layer}{directions[direction]}", x[t, b], h[i, b], c[i, b])
                    y[t, b, direction * out : (direction + 1) * out] = h[i, b]
            if direction == len(directions) - 1:
                x = y
        y = np.swapaxes(y, 0, 1) if o["batch_first"] and batched else y
        results = (y, h, c) if kind == "LSTM" else (y, h)
        return results if batched else (y[:, 0], *(r[:, 0] for r in results[1:]))

    return function


def cell(kind):
    def function(o, p, x, *state):
        rows = x.reshape(-1, x.shape[-1])
        h, c = (
            a.reshape(len(rows), -1)
            for a in ((*state, state[0])[:2] if state else [np.zeros((len(rows), o["hidden_size"]))] * 2)
        )
        new = [step(kind, o, p, "", *row) for row in zip(rows, h, c, strict=True)]
        results = [np.array(r).reshape(*x.shape[:-1], -1) for r in zip(*new, strict=True)]
        return tuple(results) if kind == "LSTM" else results[0]

    return function


def attention(o, p, q, k, v, need_weights=True, average_attn_weights=True, attn_mask=None, key_padding_mask=None):
    """One sequence, one head, one query at a time."""
    e, heads, batched = o["embed_dim"], o["num_heads"], q.ndim == 3
    q, k, v = (x[None] if not batched else x if o["batch_first"] else np.swapaxes(x, 0, 1) for x in (q, k, v))
    (batch, rows, _), d = q.shape, e // heads
    w = p.get("in_proj_weight")
    weights = [p[f"{n}_proj_weight"] for n in "qkv"] if w is None else [w[:e], w[e : 2 * e], w[2 * e :]]
    biases = np.split(p.get("in_proj_bias", np.zeros(3 * e)), 3)
    y, shares = np.zeros((batch, rows, e)), []
    for n in range(batch):
        queries, keys, values = ([affine(w, b, x) for x in s[n]] for w, b, s in zip(weights, biases, (q, k, v), strict=True))
        width = len(keys)
        for name, given in (("bias_k", keys), ("bias_v", values)):
            given += [list(p[name][0, 0])] if name in p else []
            given += [[0] * e] if o["add_zero_attn"] else []
        for h, i in places((heads, rows)):
            mask = None if attn_mask is None else attn_mask.numpy()
            mask = mask if mask is None or mask.ndim == 2 else mask[n * heads + h]
            padding = None if key_padding_mask is None else np.atleast_2d(key_padding_mask.numpy())[n]
            counts = [
                j >= width or not ((mask is not None and mask[i, j]) or (padding is not None and padding[j]))
                for j in range(len(keys))
            ]
            part = slice(h * d, (h + 1) * d)
            scores = [sum(a * b for a, b in zip(queries[i][part], key[part], strict=True)) / math.sqrt(d) for key in keys]
            share = iter(softmax_row([s for s, c in zip(scores, counts, strict=True) if c]))
            shares.append([next(share) if c else 0 for c in counts])
            for f in range(h * d, (h + 1) * d):
                y[n, i, f] = sum(a * value[f] for a, value in zip(shares[-1], values, strict=True))
    y = np.array([[affine(p["out_proj.weight"], p.get("out_proj.bias"), row) for row in s] for s in y]).reshape(y.shape)
    y = y[0] if not batched else y if o["batch_first"] else np.swapaxes(y, 0, 1)
    shares = np.array(shares).reshape(batch, heads, rows, -1)
    shares = shares.mean(1) if average_attn_weights else shares
    return (y, shares if batched else shares[0]) if need_weights else y


# ---- losses ------------------------------------------------------------------------------------------------------------


def reduced(losses, reduction):
    losses = np.asarray(losses)
    return {"none": losses, "mean": losses.sum() / max(losses.size, 1), "sum": losses.sum()}[reduction]


def numbers_loss(f):
    """A loss of one number of each input."""

    def function(o, p, x, *others):
        others = [np.broadcast_to(a, x.shape) for a in others]
        losses = [f(o, x[at], *(a[at] for a in others), at) for at in places(x.shape)]
        return reduced(np.array(losses).reshape(x.shape), o["reduction"])

    return function


def weight_at(o, at, name="weight"):
    return 1 if o[name] is None else o[name][at]


def smooth_l1(o, x, t, at):
    d = abs(x - t)
    return d * d / (2 * o["beta"]) if d < o["beta"] else d - o["beta"] / 2


def huber(o, x, t, at):
    d = abs(x - t)
    return d * d / 2 if d < o["delta"] else o["delta"] * (d - o["delta"] / 2)


def bce(o, x, t, at):
    return -weight_at(o, at) * (t * math.log(x) + (1 - t) * math.log(1 - x))


def bce_with_logits(o, x, t, at):
    s = sigmoid(x)
    return -weight_at(o, at) * (weight_at(o, at, "pos_weight") * t * math.log(s) + (1 - t) * math.log(1 - s))


def kl_div(o, x, t, at):
    return math.exp(t) * (t - x) if o["log_target"] else t * (math.log(t) - x)


def poisson(o, x, t, at):
    loss = math.exp(x) - t * x if o["log_input"] else x - t * math.log(x + o["eps"])
    if o["full"] and t > 1:
        loss += t * math.log(t) - t + math.log(2 * math.pi * t) / 2
    return loss


def gaussian(o, p, x, t, var):
    var = var[..., None] if var.shape == x.shape[:-1] else var

    def one(o, x, t, v, at):
        return (math.log(v) + (x - t) ** 2 / v) / 2 + (math.log(2 * math.pi) / 2 if o["full"] else 0)

    return numbers_loss(one)(o, p, x, t, var)


def hinge(o, x, t, at):
    return x if t == 1 else max(0, o["margin"] - x)


def classified(o, scores, target):
    """For each place of the target: (log-probabilities of the classes, the target there)."""
    scores = np.moveaxis(scores, 1 if scores.ndim > 1 else 0, -1)
    batch = scores.shape[:-1]
    soft = target.shape != batch
    target = np.moveaxis(target, 1 if target.ndim > 1 else 0, -1) if soft else target
    return batch, [(scores[at], target[at]) for at in places(batch)]


def mean_by_weight(o, losses, weights, batch):
    if o["reduction"] == "mean":
        return np.asarray(sum(losses) / sum(weights) if sum(weights) else math.nan)
    return reduced(np.array(losses).reshape(batch), o["reduction"])


def nll(o, p, x, target):
    batch, pairs = classified(o, x, target)
    weights = [0 if t == o["ignore_index"] else weight_at(o, t) for _, t in pairs]
    return mean_by_weight(o, [-w * logs[t] for (logs, t), w in zip(pairs, weights, strict=True)], weights, batch)


def cross_entropy(o, p, x, target):
    batch, pairs = classified(o, x, target)
    losses, weights, smooth = [], [], o["label_smoothing"]
    for scores, t in pairs:
        logs = [math.log(v) for v in softmax_row(scores)]
        c = len(logs)
        if target.dtype.kind == "f":
            shares, weight = [v * (1 - smooth) + smooth / c for v in t], 1
        elif t == o["ignore_index"]:
            shares, weight = [0] * c, 0
        else:
            shares, weight = [(1 - smooth) * (k == t) + smooth / c for k in range(c)], weight_at(o, t)
        losses.append(-sum(s * weight_at(o, k) * logs[k] for k, s in enumerate(shares)))
        weights.append(weight)
    return mean_by_weight(o, losses, weights, batch)


def cosine_embedding(o, p, x1, x2, target):
    losses = []
    for at in places(target.shape):
        a, b = x1[at], x2[at]
        cos = sum(a * b) / math.sqrt((sum(a * a) + 1e-12) * (sum(b * b) + 1e-12))
        losses.append(1 - cos if target[at] == 1 else max(0, cos - o["margin"]))
    return reduced(np.array(losses).reshape(target.shape), o["reduction"])


def multi_margin(o, p, x, target):
    losses = []
    for at in places(target.shape):
        row, y = x[at], int(target[at])
        over = [max(0, o["margin"] - row[y] + row[j]) ** o["p"] for j in range(len(row)) if j != y]
        losses.append(weight_at(o, y) * sum(over) / len(row))
    return reduced(np.array(losses).reshape(target.shape), o["reduction"])


def multilabel_margin(o, p, x, target):
    losses = []
    for at in places(x.shape[:-1]):
        row, listed = x[at], list(target[at])
        listed = listed[: listed.index(-1)] if -1 in listed else listed
        over = [max(0, 1 - row[y] + row[j]) for y in listed for j in range(len(row)) if j not in listed]
        losses.append(sum(over) / len(row))
    return reduced(np.array(losses).reshape(x.shape[:-1]), o["reduction"])


def multilabel_soft_margin(o, p, x, target):
    losses = []
    for at in places(x.shape[:-1]):
        each = [bce_with_logits({**o, "pos_weight": None}, x[(*at, c)], target[(*at, c)], (*at, c)) for c in range(x.shape[-1])]
        losses.append(sum(each) / len(each))
    return reduced(np.array(losses).reshape(x.shape[:-1]), o["reduction"])


def triplet(o, p, anchor, positive, negative):
    def distance(a, b):
        return sum(abs(u - v + o["eps"]) ** o["p"] for u, v in zip(a, b, strict=True)) ** (1 / o["p"])

    losses = []
    for at in places(anchor.shape[:-1]):
        a, b, c = anchor[at], positive[at], negative[at]
        far = min(distance(a, c), distance(b, c)) if o["swap"] else distance(a, c)
        losses.append(max(0, distance(a, b) - far + o["margin"]))
    return reduced(np.array(losses).reshape(anchor.shape[:-1]), o["reduction"])


def cosine_similarity(o, p, x1, x2):
    a, b = (np.moveaxis(x, o["dim"], -1) for x in (x1, x2))
    y = [sum(u * v) / math.sqrt(sum(u * u) * sum(v * v)) for u, v in ((a[at], b[at]) for at in places(a.shape[:-1]))]
    return np.array(y).reshape(a.shape[:-1])


def pairwise_distance(o, p, x1, x2):
    y = [sum(abs(x1[at] - x2[at] + o["eps"]) ** o["p"]) ** (1 / o["p"]) for at in places(x1.shape[:-1])]
    return np.array(y).reshape(*x1.shape[:-1], *([1] if o["keepdim"] else []))


NAIVE = {
    **{f"Conv{r}d": of_windows.conv(r) for r in (1, 2, 3)},
    **{f"ConvTranspose{r}d": of_windows.conv_transpose(r) for r in (1, 2, 3)},
    **{f"MaxPool{r}d": of_windows.max_pool(r) for r in (1, 2, 3)},
    **{f"AvgPool{r}d": of_windows.avg_pool(r) for r in (1, 2, 3)},
    **{f"MaxUnpool{r}d": of_windows.max_unpool(r) for r in (1, 2, 3)},
    **{f"AdaptiveMaxPool{r}d": of_windows.adaptive_max_pool(r) for r in (1, 2, 3)},
    **{f"AdaptiveAvgPool{r}d": of_windows.adaptive_avg_pool(r) for r in (1, 2, 3)},
    **{
        f"{kind}Pad{r}d": of_windows.pad(r, mode)
        for r in (1, 2, 3)
        for kind, mode in {
            "Constant": "constant", "Zero": "constant", "Reflection": "reflect", "Replication": "replicate",
            "Circular": "circular",
        }.items()
    },
    "Unfold": batched(2, of_windows.unfold), "Fold": of_windows.fold, "Upsample": of_windows.upsample,
    "PixelShuffle": of_windows.pixel_shuffle, "PixelUnshuffle": of_windows.pixel_unshuffle,
    "Linear": linear, "Bilinear": bilinear, "Embedding": embedding, "Flatten": flatten, "Unflatten": unflatten,
    **{name: each_number(f) for name, f in NUMBERS.items()},
    "PReLU": prelu,
    "GLU": rows(glu_row), "Softmax": rows(softmax_row), "Softmax2d": rows(softmax_row, lambda o: -3),
    "Softmin": rows(lambda row: softmax_row([-v for v in row])),
    "LogSoftmax": rows(lambda row: [math.log(v) for v in softmax_row(row)]),
    **{f"BatchNorm{r}d": batch_norm for r in (1, 2, 3)},
    **{f"InstanceNorm{r}d": instance_norm(r) for r in (1, 2, 3)},
    "LayerNorm": layer_norm, "GroupNorm": group_norm, "RMSNorm": rms_norm, "MultiheadAttention": attention,
    **{kind: recurrent(kind) for kind in ("RNN", "LSTM", "GRU")},
    **{f"{kind}Cell": cell(kind) for kind in ("RNN", "LSTM", "GRU")},
    "L1Loss": numbers_loss(lambda o, x, t, at: abs(x - t)),
    "MSELoss": numbers_loss(lambda o, x, t, at: (x - t) ** 2),
    "SmoothL1Loss": numbers_loss(smooth_l1), "HuberLoss": numbers_loss(huber),
    "BCELoss": numbers_loss(bce), "BCEWithLogitsLoss": numbers_loss(bce_with_logits), "KLDivLoss": numbers_loss(kl_div),
    "PoissonNLLLoss": numbers_loss(poisson), "GaussianNLLLoss": gaussian,
    "SoftMarginLoss": numbers_loss(lambda o, x, t, at: math.log(1 + math.exp(-t * x))),
    "HingeEmbeddingLoss": numbers_loss(hinge),
    "MarginRankingLoss": numbers_loss(lambda o, a, b, t, at: max(0, o["margin"] - t * (a - b))),
    "NLLLoss": nll, "CrossEntropyLoss": cross_entropy, "CosineEmbeddingLoss": cosine_embedding,
    "MultiMarginLoss": multi_margin, "MultiLabelMarginLoss": multilabel_margin,
    "MultiLabelSoftMarginLoss": multilabel_soft_margin, "TripletMarginLoss": triplet,
    "CosineSimilarity": cosine_similarity, "PairwiseDistance": pairwise_distance,
}  # fmt: skip
