"""Recurrent layers on sequences of different lengths, and how these are padded and packed."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from minitorch.nn.utils import rnn

KINDS = pytest.mark.parametrize(
    ("name", "options"),
    [(n, o) for n in ("RNN", "LSTM", "GRU") for o in ({}, {"bidirectional": True, "num_layers": 2})]
    + [("LSTM", {"proj_size": 2})],
)  # fmt: skip


def states(result):
    return result if isinstance(result, tuple) else (result,)


@KINDS
@pytest.mark.parametrize("lengths", [[4, 3, 1], [2, 4, 1, 4], [3, 3]])
def test_a_packed_sequence_is_each_sequence_alone(name, options, lengths):
    """Values, last states and all gradients, with a first state and without."""
    layer = getattr(nn, name)(2, 3, **options).double()
    rng = np.random.default_rng(0)
    sequences = [mt.from_numpy(rng.standard_normal((n, 2))).requires_grad_() for n in lengths]
    passes = options.get("num_layers", 1) * (2 if "bidirectional" in options else 1)
    sizes = [options.get("proj_size", 3), 3][: 2 if name == "LSTM" else 1]
    first = [mt.from_numpy(rng.standard_normal((passes, len(lengths), size))).requires_grad_() for size in sizes]
    leaves = [*sequences, *first, *layer.parameters()]

    def hx(parts):
        return tuple(parts) if name == "LSTM" else parts[0]

    for begin in (None, hx(first)):
        packed, last = layer(rnn.pack_sequence(sequences, enforce_sorted=False), begin)
        padded, found = rnn.pad_packed_sequence(packed, batch_first=True)
        assert found.tolist() == lengths
        alone = [layer(x, begin if begin is None else hx([s[:, i] for s in first])) for i, x in enumerate(sequences)]
        for i, (y, end) in enumerate(alone):
            assert np.allclose(padded[i, : lengths[i]].detach().numpy(), y.detach().numpy(), atol=1e-12)
            assert not padded[i, lengths[i] :].any()
            for a, b in zip(states(last), states(end), strict=True):
                assert np.allclose(a[:, i].detach().numpy(), b.detach().numpy(), atol=1e-12)
        totals = [
            packed.data.sin().sum() + sum(s.cos().sum() for s in states(last)),
            sum(y.sin().sum() + sum(s.cos().sum() for s in states(end)) for y, end in alone),
        ]
        one, other = (mt.autograd.grad(total, leaves, allow_unused=True) for total in totals)
        for a, b in zip(one, other, strict=True):
            assert (a is None) == (b is None)
            assert a is None or np.allclose(a.numpy(), b.numpy(), atol=1e-10)


@KINDS
def test_a_cell_over_time_is_the_layer(name, options):
    if options:
        return
    layer, cell = getattr(nn, name)(2, 3), getattr(nn, f"{name}Cell")(2, 3)
    for p, q in zip(cell.parameters(), layer.parameters(), strict=True):
        p.data = q.data
    x, state = mt.randn(4, 5, 2), None
    y, last = layer(x)
    for t in range(4):
        state = cell(x[t], state)
        assert mt.allclose(states(state)[0], y[t], atol=1e-6)
    for a, b in zip(states(state), states(last), strict=True):
        assert mt.allclose(a, b[0], atol=1e-6)


def test_dropout_is_between_layers_and_in_training_only():
    mt.manual_seed(0)
    layer, x = nn.GRU(2, 64, num_layers=2, dropout=0.5), mt.randn(3, 4, 2)
    assert not mt.allclose(layer(x)[0], layer(x)[0])
    layer.eval()
    assert mt.equal(layer(x)[0], layer(x)[0])
    layer.train().dropout = 1.0  # nothing of the first layer arrives
    assert mt.allclose(layer(x)[0], layer(x * 2)[0])
    assert not mt.allclose(layer(x)[1][0], layer(x * 2)[1][0])
    with pytest.warns(UserWarning, match="no effect with num_layers=1"):
        nn.RNN(2, 3, dropout=0.5)


def test_names_of_the_parameters():
    layer = nn.LSTM(2, 3, 2, bidirectional=True, proj_size=1)
    names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"]
    assert list(layer.state_dict()) == [f"{n}_l{i}{d}" for i in (0, 1) for d in ("", "_reverse") for n in names]
    assert [len(w) for w in layer.all_weights] == [5] * 4
    assert layer.weight_ih_l1.shape == (12, 2)
    assert list(nn.GRUCell(2, 3, bias=False).state_dict()) == ["weight_ih", "weight_hh"]
    layer.flatten_parameters()


def test_padding_and_packing_undo_each_other():
    parts = [mt.tensor([1.0, 2.0]), mt.tensor([3.0, 4.0, 5.0]), mt.tensor([6.0])]
    assert rnn.pad_sequence(parts, padding_side="left", padding_value=-1).T.tolist() == [[-1, 1, 2], [3, 4, 5], [-1, -1, 6]]
    packed = rnn.pack_sequence(parts, enforce_sorted=False)
    assert packed.data.tolist() == [3, 1, 6, 4, 2, 5]
    assert packed.batch_sizes.tolist() == [3, 2, 1]
    assert (packed.sorted_indices.tolist(), packed.unsorted_indices.tolist()) == ([1, 0, 2], [1, 0, 2])
    padded, lengths = rnn.pad_packed_sequence(packed, padding_value=9, total_length=4)
    assert padded.T.tolist() == [[1, 2, 9, 9], [3, 4, 5, 9], [6, 9, 9, 9]]
    assert lengths.tolist() == [2, 3, 1]
    for back in (rnn.unpack_sequence(packed), rnn.unpad_sequence(padded, lengths)):
        assert [x.tolist() for x in back] == [x.tolist() for x in parts]
    assert packed.double().data.dtype is mt.float64
    assert packed.to(mt.float32) is packed


@pytest.mark.parametrize("call", [
    lambda: rnn.pack_padded_sequence(mt.ones(3, 2), [3, 0]), lambda: rnn.pack_padded_sequence(mt.ones(3, 2), [1, 3]),
    lambda: rnn.pack_padded_sequence(mt.ones(3, 2), [3]), lambda: rnn.pack_padded_sequence(mt.ones(3, 2), [4, 1]),
    lambda: rnn.pad_sequence([mt.ones(2, 3), mt.ones(2, 4)]), lambda: rnn.pad_sequence([]),
    lambda: rnn.pad_sequence([mt.ones(2)], padding_side="top"), lambda: nn.RNN(2, 3)(mt.ones(0, 1, 2)),
    lambda: nn.RNN(2, 3)(rnn.PackedSequence(mt.ones(3, 2), mt.tensor([1, 2]))),
    lambda: nn.LSTMCell(2, 3)(mt.ones(1, 2), (mt.ones(2, 3),) * 2),
    lambda: nn.GRU(2, 3)(mt.ones(4, 1, 2), mt.ones(1, 1, 3).double()),
])  # fmt: skip
def test_refusals(call):
    with pytest.raises(RuntimeError) as caught:
        call()
    assert len(str(caught.value)) > 30


def test_backward_over_many_steps_frees_the_graph():
    layer = nn.GRU(1, 2)
    gc.disable()
    try:
        y, _ = layer(mt.ones(2000, 1, 1))
        y.sum().backward()
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
    finally:
        gc.enable()


def test_a_gradient_that_is_not_finite_stops_at_a_unit_that_is_off():
    layer = nn.RNN(1, 1, nonlinearity="relu", bias=False)
    for p in layer.parameters():
        p.data.fill_(1.0)
    x = mt.tensor([[-1.0], [1.0]], requires_grad=True)
    (grad,) = mt.autograd.grad(layer(x)[0], x, mt.tensor([[np.inf], [1.0]]))
    assert grad.tolist() == [[0.0], [1.0]]


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_outputs_may_be_changed_in_place_and_a_batch_may_be_empty(name):
    layer, x = getattr(nn, name)(3, 3), mt.randn(4, 2, 3, requires_grad=True)
    layer(x)[0].sum().backward()
    expected = x.grad.clone()
    x.grad = None
    out, _ = layer(x)
    out += 1
    out.sum().backward()
    assert mt.equal(x.grad, expected)
    out, _ = layer(mt.ones(3, 0, 3))
    assert out.shape == (3, 0, 3)
