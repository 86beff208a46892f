"""Packed and padded sequences, and recurrent layers on them, beside PyTorch."""

import pytest

from tests.parity.compare import prints_the_same, same

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore::UserWarning")]


@pytest.mark.parametrize("lengths", [[3, 2, 2, 1], [1, 3, 2, 3]])
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("options", [{}, {"bidirectional": True, "num_layers": 2}, {"bias": False}])
def test_packed(name, options, lengths):
    def run(t, x):
        layer = getattr(t.nn, name)(2, 3, **options).double()
        packed = t.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        out, last = layer(packed)
        padded, found = t.nn.utils.rnn.pad_packed_sequence(out, True, -1.0, 5)
        return [padded, found, *out[1:], *(last if name == "LSTM" else [last])]

    same(run, (3, 4, 2), tolerance=1e-6)


def test_sequences():
    def run(t, x, y):
        rnn, found = t.nn.utils.rnn, []
        for options in ({}, {"batch_first": True}, {"padding_value": 2.0}, {"padding_side": "left"}):
            found.append(rnn.pad_sequence([x, y], **options))
        packed = rnn.pack_sequence([x, y], enforce_sorted=False)
        found += [*packed, *rnn.unpack_sequence(packed), *rnn.pad_packed_sequence(packed)]
        found += [
            rnn.invert_permutation(t.tensor([2, 0, 1])),
            *rnn.unpad_sequence(found[1], t.tensor([2, 4]), batch_first=True),
        ]
        return found

    same(run, (2, 3), (4, 3))
    prints_the_same(lambda t: t.nn.utils.rnn.pack_sequence([t.ones(2), t.zeros(1)]))


@pytest.mark.parametrize("f", [
    lambda t: t.nn.RNN(2, 3)(t.ones(2)), lambda t: t.nn.LSTM(2, 3)(t.ones(1, 2, 4)), lambda t: t.nn.GRU(2, 3, nonlinearity="relu"), lambda t: t.nn.RNN(2, 3, nonlinearity="sin"),
    lambda t: t.nn.GRU(2, 3)(t.ones(1, 2, 2), t.ones(1, 1, 3)), lambda t: t.nn.GRU(2, 3)(t.ones(1, 2, 2), t.ones(1, 3)), lambda t: t.nn.GRU(2, 3)(t.ones(1, 2), t.ones(1, 1, 3)),
    lambda t: t.nn.LSTM(2, 3, proj_size=3), lambda t: t.nn.LSTM(2, 3, proj_size=-1), lambda t: t.nn.LSTM(2, 0), lambda t: t.nn.LSTM(0, 2), lambda t: t.nn.LSTM(2, 2, 0),
    lambda t: t.nn.LSTM(2, 2, dropout=1.5), lambda t: t.nn.LSTM(2, 2, 2, bias=1), lambda t: t.nn.GRU(2, 3)(t.ones(1, 2, 2).double()), lambda t: t.nn.GRU(2, 3)(t.ones(0, 2, 2)),
    lambda t: t.nn.RNNCell(2, 3)(t.ones(1, 1, 2)), lambda t: t.nn.LSTMCell(2, 3)(t.ones(1, 3)), lambda t: t.nn.RNNCell(2, 3)(t.ones(1, 2), t.ones(2, 3)), lambda t: t.nn.RNNCell(2, 3, nonlinearity="sin")(t.ones(2)),
    lambda t: t.nn.GRUCell(2, 3)(t.ones(1, 2), t.ones(1, 1, 3)), lambda t: t.nn.RNNBase("RNN", 2, 3),
    lambda t: t.nn.utils.rnn.pack_padded_sequence(t.ones(3, 2), [3, 0]), lambda t: t.nn.utils.rnn.pack_padded_sequence(t.ones(3, 2), [1, 3]), lambda t: t.nn.utils.rnn.pack_padded_sequence(t.ones(3, 2), [3]),
    lambda t: t.nn.utils.rnn.pad_packed_sequence(t.nn.utils.rnn.pack_sequence([t.ones(3)]), total_length=2),
    lambda t: t.nn.utils.rnn.pad_sequence([]), lambda t: t.nn.utils.rnn.pad_sequence([t.ones(2, 3), t.ones(2, 4)]), lambda t: t.nn.utils.rnn.pack_sequence([t.ones(1), t.ones(2)]),
    lambda t: t.nn.utils.rnn.pad_sequence([t.ones(2)], padding_side="top"),
])  # fmt: skip
def test_refusals(f):
    same(f)
