"""Models from PyTorch and to PyTorch: every layer and its options, with the weights, printed and computing alike."""

import random

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from minitorch.utils.torch import from_module, to_module
from tests.layers import LAYERS, Drawing, flat

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_goes_both_ways(name):
    for seed in range(6):
        case = LAYERS[name](Drawing(random.Random(seed).randint))
        theirs, ours = case.build(torch).float().eval(), case.build(mt).float().eval()
        for new, old in ((from_module(theirs), theirs), (to_module(ours), ours)):
            assert type(new).__module__.split(".")[0] != type(old).__module__.split(".")[0]
            assert repr(new) == repr(old)
            assert not new.training
            for (key, x), (other, y) in zip(new.state_dict().items(), old.state_dict().items(), strict=True):
                assert key == other
                assert x.detach().numpy().dtype == y.detach().numpy().dtype
                assert np.array_equal(x.detach().numpy(), y.detach().numpy())


def test_a_whole_model_computes_alike():
    mt.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding="same", bias=False), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Dropout(0.2)), nn.ModuleList([nn.PReLU(8)])[0],
    ).double()  # fmt: skip
    model(mt.randn(4, 1, 8, 8, dtype=mt.float64))
    model[0].weight.requires_grad_(False)
    x = mt.randn(2, 1, 8, 8, dtype=mt.float64)
    there = to_module(model.eval())
    back = from_module(there)
    assert [p.requires_grad for p in there.parameters()] == [p.requires_grad for p in back.parameters()]
    assert not there[0].weight.requires_grad
    (y,), z, w = flat(model(x)), there(torch.from_numpy(x.numpy())), back(x)
    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-12)
    assert y.tolist() == w.tolist()
    there[1].weight.data.zero_()
    assert model[1].weight.abs().sum() > 0, "weights are copies"


def test_a_module_of_a_programs_own_is_refused_by_its_path():
    class Own(torch.nn.Module):
        pass

    with pytest.raises(TypeError, match=r"module\.1\.0 is a Own, which is no layer or container of both"):
        from_module(torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Sequential(Own())))
    with pytest.raises(TypeError, match="module is a Transformer"):
        from_module(torch.nn.Transformer(8, 2, 1, 1, 8))


def test_shared_weights_are_refused_and_shared_layers_too():
    tied = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    tied[1].weight = tied[0].weight
    same = torch.nn.Linear(2, 2)
    for call, module in ((to_module, tied), (from_module, torch.nn.Sequential(same, same))):
        with pytest.raises(TypeError, match="a tensor under several names"):
            call(module)
