"""Models as ONNX files: run by onnxruntime they give what they give here, over the database of layers."""

import random

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from tests.layers import LAYERS, Drawing, flat

onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install '.[onnx]' brings it")
runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install onnxruntime brings it")

pytestmark = pytest.mark.filterwarnings("ignore")


class Called(nn.Module):
    """A layer, called with what the database says."""

    def __init__(self, case, layer):
        super().__init__()
        self.layer, self.case = layer, case

    def forward(self, *inputs):
        return self.layer(*self.case.arguments(*inputs), **self.case.named)


def run(proto, inputs):
    session = runtime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]
    given = {value.name: x.numpy() for value, x in zip(session.get_inputs(), inputs, strict=True)}
    assert len(names) == len(inputs)
    return session.run(None, given)


def compared(name, seed):
    """Whether one case of a layer was exported, and agrees; or the reason why it cannot be."""
    case = LAYERS[name](Drawing(random.Random(seed).randint))
    layer = case.build(mt).float().eval()
    inputs = tuple(x.float() if x.is_floating_point() else x for x in map(mt.from_numpy, case.arrays()))[: len(case.inputs)]
    model = Called(case, layer)
    expected = flat(model(*(x.clone() for x in inputs)))
    try:
        proto = mt.onnx.export(model, inputs)
    except NotImplementedError as error:
        return str(error)
    loaded = flat(mt.onnx.load(proto)(*inputs))
    for mine, again, other in zip(run(proto, inputs), loaded, expected, strict=True):
        np.testing.assert_allclose(mine, other.detach().numpy(), rtol=2e-4, atol=2e-5)
        np.testing.assert_allclose(again.detach().numpy(), other.detach().numpy(), rtol=2e-4, atol=2e-5)
    return None


REFUSED = {  # options that ONNX does not have, and what the error says of them
    "ConvTranspose": "output_padding that is not smaller", "AvgPool": "divisor_override with ceil_mode|begin in the padding",
    "MaxPool": "begin in the padding", "AdaptiveMaxPool": "return_indices=True|windows of several sizes",
    "Upsample": "mode='area'|in float32 gives another size", "PairwiseDistance": "no rule for pairwise_distance",
}  # fmt: skip
EXPORTED = [name for name in LAYERS if not name.endswith("Loss") and name != "PairwiseDistance"]


@pytest.mark.parametrize("name", EXPORTED)
def test_a_layer_gives_the_same_in_onnxruntime(name):
    reasons = [compared(name, seed) for seed in range(8)]
    assert None in reasons, reasons
    for reason in reasons:
        if reason is not None:
            assert any(
                name.startswith(kind) and any(part in reason for part in words.split("|")) for kind, words in REFUSED.items()
            ), reason


def test_a_loss_is_refused_by_name():
    with pytest.raises(NotImplementedError, match=r"there is no rule for mse_loss\(\) in model.layer: MSELoss"):
        mt.onnx.export(Pair(nn.MSELoss()), (mt.ones(2), mt.ones(2)))


class Pair(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, a, b):
        return self.layer(a, b)


class Net(nn.Module):
    """A small conv net with operators, indices and a choice of Python's."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.drop, self.head = nn.Dropout(0.5), nn.Linear(64, 3)

    def forward(self, x):
        x = nn.functional.max_pool2d(nn.functional.relu_(self.norm(self.conv(x))), 2)
        x = self.drop(x.view(x.shape[0], -1)) * 2.0 - 1
        logits = self.head(x / (1 + x.abs().mean(1, keepdim=True)))
        return {"logits": logits, "best": logits.argmax(1), "sure": (logits.softmax(1) > 0.5)[:, 0]}


@pytest.mark.slow
def test_a_net_with_a_free_batch(tmp_path):
    net, x = Net(), mt.randn(2, 1, 8, 8)
    net(mt.randn(16, 1, 8, 8))  # running statistics
    path = tmp_path / "net.onnx"
    net.train()
    mt.onnx.export(
        Ordered(net), x, path, input_names=["x"], output_names=["logits", "best", "sure"],
        dynamic_axes={"x": {0: "batch"}, "logits": {0: "batch"}, "best": [0], "sure": [0]},
    )  # fmt: skip
    assert all(module.training for module in net.modules()), "the mode is as it was"
    session = runtime.InferenceSession(path)
    assert session.get_inputs()[0].shape == ["batch", 1, 8, 8]
    for n in (1, 2, 7):
        x = mt.randn(n, 1, 8, 8)
        mine = session.run(None, {"x": x.numpy()})
        for one, other in zip(mine, net.eval()(x).values(), strict=True):
            np.testing.assert_allclose(one, other.detach().numpy(), atol=1e-5)
    names = {tensor.name for tensor in onnx.load(path).graph.initializer}
    assert {"net.conv.weight", "net.norm.running_mean", "net.head.bias"} <= names


class Unseen(mt.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return mt.from_numpy(2 * x.detach().numpy())

    @staticmethod
    def backward(ctx, grad):
        return 2 * grad


class Ordered(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return tuple(self.net(x).values())


class Expression(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


EXPRESSIONS = {
    "arithmetic": lambda a, b: (a + b * 2 - 3 / (b.abs() + 1)) ** 2,
    "comparisons": lambda a, b: mt.where((a > b) & (a != 0) | (b >= 1), a, -b),
    "reductions": lambda a, b: a.sum(1) + b.amax(dim=1) - (a * b).mean((0, 1)) + a.max(1).values + b.min(1).indices,
    "shapes": lambda a, b: mt.cat([a.t().reshape(2, 6), b.permute(1, 0).flatten().unsqueeze(0).expand(2, 12)[:, :6]], 1),
    "pieces": lambda a, b: mt.stack([*a.split(1, 0), *b.chunk(3, 0)], 0).squeeze(1)[1:5:2, None, -1],
    "indices": lambda a, b: a[mt.tensor([2, 0])] + b[0, ..., None].t(),
    "products": lambda a, b: a @ b.T + mt.einsum("ij,kj->ik", a, b) + mt.addmm(a @ a.T, b, a.T, beta=0.5),
    "integers": lambda a, b: (a > 0).long() * 3 + b.argmin(1, keepdim=True),
    "bounds": lambda a, b: a.clamp(-0.5, 0.5) + b.clamp(min=0) + mt.maximum(a, b) - mt.min(a, b),
    "added in place": lambda a, b: a.add_(b, alpha=2).mul_(b).clamp_(min=0),
    "old order": lambda a, b: a.masked_fill(b > 0, 7.0).tile(1, 2),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_gives_the_same(name):
    inputs = mt.randn(3, 4), mt.randn(3, 4)
    model = Expression(EXPRESSIONS[name])
    expected = model(*(x.clone() for x in inputs))
    proto = mt.onnx.export(model, inputs)
    for mine in (*run(proto, inputs), mt.onnx.load(proto)(*inputs).numpy()):
        assert mine.dtype == expected.dtype.numpy
        np.testing.assert_allclose(mine, expected.numpy(), rtol=1e-4, atol=1e-5)


def test_what_cannot_be_written_is_named():
    x = mt.ones(2, 3)
    for function, error, words in [
        (lambda x: x.cumsum(0), NotImplementedError, r"there is no rule for cumsum\(\) in model: Expression"),
        (lambda x: nn.functional.dropout(x), NotImplementedError, "it draws random numbers"),
        (lambda x: x.clone()[0].add_(1), NotImplementedError, "changes a view"),
        (lambda x: Unseen.apply(x) + 1, RuntimeError, "a value that <UnseenBackward .* was not seen"),
    ]:
        with pytest.raises(error, match=words):
            mt.onnx.export(Expression(function), x)


def test_a_size_that_should_be_free_is_noticed():
    free = {"input": {0: "batch"}}
    for function in (lambda x: x + mt.arange(len(x)).float().unsqueeze(1), lambda x: x.sum() / len(x)):
        with pytest.raises(RuntimeError, match="depends on a size that dynamic_axes says is free"):
            mt.onnx.export(Expression(function), mt.ones(2, 3), dynamic_axes=free)
    with pytest.raises(RuntimeError, match="something else for other sizes"):
        mt.onnx.export(Expression(lambda x: x if len(x) < 3 else x.exp().exp()), mt.ones(2, 3), dynamic_axes=free)


def test_wrong_calls_are_sentences():
    model, x = nn.Linear(3, 2), mt.ones(1, 3)
    for call, error, words in [
        (lambda: mt.onnx.export(model, 3), TypeError, "takes a Module and its arguments as Tensors, not Linear"),
        (lambda: mt.onnx.export(model, x, input_names=["a", "b"]), ValueError, "1 inputs and 2 input_names"),
        (lambda: mt.onnx.export(model, x, output_names=[]), ValueError, "1 outputs and 0 output_names"),
        (lambda: mt.onnx.export(model, x, dynamic_axes={"y": [0]}), ValueError, r"names \['y'\], and there are \['input', "),
    ]:  # fmt: skip
        with pytest.raises(error, match=words):
            call()


# ---- loading -----------------------------------------------------------------------------------------------------------


def standard_cases():
    """The tests that the ONNX standard has for each operator: a model of one node, inputs and outputs."""
    from onnx.backend.test.case.node import collect_testcases

    return collect_testcases(None)


def is_plain(value):
    return isinstance(value, (np.ndarray, np.generic)) and value.dtype.char in "efdbBhil?"


@pytest.mark.slow
def test_operators_do_what_the_standard_says():
    """Every case of the standard whose operators are there gives its numbers, or is refused with a sentence."""
    counts = {"equal": 0, "refused": 0}
    for case in standard_cases():
        arrays = [a for inputs, outputs in case.data_sets for a in (*inputs, *outputs)]
        if "empty_set" in case.name or not all(map(is_plain, arrays)):
            continue  # strings, sequences and numbers of other widths; the largest of no numbers is an error here
        try:
            net = mt.onnx.load(case.model)
            for inputs, outputs in case.data_sets:
                for mine, other in zip(flat(net(*[mt.from_numpy(np.array(a)) for a in inputs])), outputs, strict=True):
                    found = mine.detach().numpy()
                    np.testing.assert_allclose(found, other, rtol=1e-3, atol=1e-5, err_msg=case.name)
                    assert (found.dtype, found.shape) == (other.dtype, other.shape), case.name
            counts["equal"] += 1
        except NotImplementedError:
            counts["refused"] += 1
    assert counts["equal"] > 600, counts


def test_a_loaded_model_can_be_trained_further(tmp_path):
    mt.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    mt.onnx.export(net, mt.ones(5, 3), tmp_path / "net.onnx", input_names=["x"], output_names=["y"], dynamic_axes={"x": [0]})
    again = mt.onnx.load(tmp_path / "net.onnx")
    assert repr(again) == "OnnxModule(x -> y: 4 operators)"
    x = mt.randn(7, 3)
    net(x).square().mean().backward()
    again(x).square().mean().backward()
    for one, other in zip(net.parameters(), again.parameters(), strict=True):
        np.testing.assert_allclose(one.grad.numpy(), other.grad.numpy(), rtol=1e-5, atol=1e-7)
    with pytest.raises(TypeError, match=r"takes 1 inputs \(x\), but got 2"):
        again(x, x)


def test_what_cannot_be_loaded_is_named():
    make = onnx.helper

    def model(operator, **attributes):
        info = [make.make_tensor_value_info(name, 1, None) for name in "xy"]
        graph = make.make_graph([make.make_node(operator, ["x"], ["y"], **attributes)], "g", info[:1], info[1:])
        return make.make_model(graph)

    with pytest.raises(NotImplementedError, match="has the operators Hardmax, which are not there"):
        mt.onnx.load(model("Hardmax"))
    with pytest.raises(NotImplementedError, match="ArgMax with select_last_index=1 is not supported"):
        mt.onnx.load(model("ArgMax", select_last_index=1))(mt.ones(2))
    info = [make.make_tensor_value_info(name, 1, None) for name in "xsy"]
    node = make.make_node("Resize", ["x", "", "s"], ["y"], mode="cubic", coordinate_transformation_mode="asymmetric")
    resize = mt.onnx.load(make.make_model(make.make_graph([node], "g", info[:2], info[2:])))
    with pytest.raises(NotImplementedError, match="Resize with mode='cubic'"):
        resize(mt.ones(1, 1, 2, 2), mt.tensor([1.0, 1.0, 2.0, 2.0]))


def one_node(operator, inputs, outputs, opset=None, arrays=(), **attributes):
    make = onnx.helper
    node = make.make_node(operator, inputs, outputs, **attributes)
    names = [name for name in inputs if name and name not in dict(arrays)]
    graph = make.make_graph(
        [node], "g", [make.make_tensor_value_info(name, 1, None) for name in names],
        [make.make_tensor_value_info(name, 1, None) for name in outputs if name],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in arrays],
    )  # fmt: skip
    return make.make_model(graph, opset_imports=[make.make_opsetid("", opset or 19)])


def test_slices_with_negative_steps():
    for size in range(5):
        x = mt.arange(float(size))
        for step in (-1, -2, -3):
            for begin in (-7, -3, -1, 0, 2, 4, 2**62):
                for end in (-(2**62), -7, -2, -1, 0, 3, 7):
                    arrays = [(name, np.array([v])) for name, v in (("b", begin), ("e", end), ("a", 0), ("s", step))]
                    net = mt.onnx.load(one_node("Slice", ["x", "b", "e", "a", "s"], ["y"], arrays=arrays))
                    assert net(x).tolist() == x.numpy()[begin:end:step].tolist()


def test_softmax_before_opset_13_flattens_what_follows():
    x = mt.randn(2, 3, 4)
    (expected,) = run(one_node("Softmax", ["x"], ["y"], opset=11), [x])
    np.testing.assert_allclose(mt.onnx.load(one_node("Softmax", ["x"], ["y"], opset=11))(x).numpy(), expected, rtol=1e-6)
    assert mt.onnx.load(one_node("Softmax", ["x"], ["y"]))(x).sum(-1).allclose(mt.ones(2, 3))


def test_names_that_a_module_has_itself():
    make = onnx.helper
    arrays = {"a.b": 1.0, "a_b": 10.0, "half": 100.0, "inputs": 1000.0, "forward": 10000.0, "training": 1e5}
    nodes, before = [], "x"
    for i, name in enumerate(arrays):
        nodes.append(make.make_node("Add", [before, name], [f"t{i}"]))
        before = f"t{i}"
    info = [make.make_tensor_value_info(name, 1, None) for name in ("x", before)]
    values = [onnx.numpy_helper.from_array(np.array([v], np.float32), name) for name, v in arrays.items()]
    net = mt.onnx.load(make.make_model(make.make_graph(nodes, "g", info[:1], info[1:], values)))
    assert net(mt.zeros(1)).tolist() == [111111.0]
    assert len([*net.parameters()]) == 6


def test_what_is_usual_may_be_said_and_what_is_left_out_is_not_needed():
    x = mt.tensor([1.0, 3.0])
    assert mt.onnx.load(one_node("ArgMax", ["x"], ["y"], axis=0, keepdims=0, select_last_index=0))(x).item() == 1
    assert mt.onnx.load(one_node("Dropout", ["x"], ["y", ""], opset=11))(x).tolist() == [1, 3]
    with pytest.raises(NotImplementedError, match="MaxPool with indices, and another padding"):
        mt.onnx.load(one_node("MaxPool", ["x"], ["y", "i"], kernel_shape=[2, 2], pads=[0, 0, 1, 1]))(mt.ones(1, 1, 3, 3))
    scales = [("s", np.array([1, 1, 2, 2], np.float32))]
    with pytest.raises(NotImplementedError, match="nearest_mode='floor'"):
        mt.onnx.load(one_node("Resize", ["x", "", "s"], ["y"], arrays=scales, nearest_mode="floor"))(mt.ones(1, 1, 2, 2))
    with pytest.raises(NotImplementedError, match="opset 6"):
        mt.onnx.load(one_node("Relu", ["x"], ["y"], opset=6))


def test_a_parametrized_layer_is_exported(tmp_path):
    layer, x = mt.nn.utils.parametrizations.weight_norm(mt.nn.Linear(2, 3)), mt.randn(4, 2)
    mt.onnx.export(layer, (x,), tmp_path / "layer.onnx")
    session = runtime.InferenceSession(tmp_path / "layer.onnx")
    (y,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    np.testing.assert_allclose(y, layer(x).detach().numpy(), atol=1e-6)
