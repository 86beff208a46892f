"""Padding and packing of sequences beside loops."""

import random

import pytest

import minitorch as mt
from minitorch.nn import utils


def test_padding_and_packing_beside_loops():
    source = random.Random(0)
    for _ in range(20):
        rows = [[source.randrange(1, 9) for _ in range(source.randint(1, 5))] for _ in range(source.randint(1, 4))]
        sequences, longest = [mt.tensor(row) for row in rows], max(map(len, rows))
        right = [row + [0] * (longest - len(row)) for row in rows]
        left = [[-1] * (longest - len(row)) + row for row in rows]
        assert utils.rnn.pad_sequence(sequences, batch_first=True).tolist() == right
        assert utils.rnn.pad_sequence(sequences).tolist() == [list(t) for t in zip(*right, strict=True)]
        assert utils.rnn.pad_sequence(sequences, True, -1, "left").tolist() == left
        packed = utils.rnn.pack_sequence(sequences, enforce_sorted=False)
        order = sorted(range(len(rows)), key=lambda i: -len(rows[i]))
        times = [[rows[i][t] for i in order if t < len(rows[i])] for t in range(longest)]
        assert packed.data.tolist() == [x for row in times for x in row]
        assert packed.batch_sizes.tolist() == [len(row) for row in times]
        assert packed.sorted_indices.tolist() == order
        assert [order[i] for i in packed.unsorted_indices.tolist()] == list(range(len(rows)))
        padded, lengths = utils.rnn.pad_packed_sequence(packed, batch_first=True, padding_value=0, total_length=7)
        assert padded.tolist() == [row + [0] * (7 - len(row)) for row in rows]
        assert lengths.tolist() == [len(row) for row in rows]
        assert [s.tolist() for s in utils.rnn.unpack_sequence(packed)] == rows


def test_a_packed_sequence_changes_its_type_with_its_order():
    rows = [mt.tensor([1.0]), mt.tensor([2.0, 3.0, 4.0])]
    packed = utils.rnn.pack_sequence(rows, enforce_sorted=False)
    for convert, dtype in (
        (lambda p: p.half(), mt.float16),
        (lambda p: p.double(), mt.float64),
        (lambda p: p.to(mt.int64), mt.int64),
    ):
        other = convert(packed)
        assert other.data.dtype is dtype
        assert [s.tolist() for s in utils.rnn.unpack_sequence(other)] == [[1], [2, 3, 4]]
    assert packed.cpu() is packed
    assert packed.double().float().data.dtype is mt.float32
    assert not packed.is_cuda
    pair = utils.rnn.PackedSequence((mt.tensor([1.0, 2.0]), mt.tensor([1, 1])))
    assert [s.tolist() for s in utils.rnn.unpack_sequence(pair)] == [[1, 2]]


def test_padded_sequences_are_packed_and_cut_back_to_their_lengths():
    right = mt.tensor([[1, 2, 3], [4, 0, 0]])
    packed = utils.rnn.pack_padded_sequence(right, [3, 1], batch_first=True)
    assert (packed.data.tolist(), packed.batch_sizes.tolist()) == ([1, 4, 2, 3], [2, 1, 1])
    same = utils.rnn.pack_padded_sequence(right.T, mt.tensor([3, 1]))
    assert same.data.tolist() == packed.data.tolist()
    padded, lengths = utils.rnn.pad_packed_sequence(packed)
    assert padded.tolist() == right.T.tolist()
    assert [s.tolist() for s in utils.rnn.unpad_sequence(padded, lengths)] == [[1, 2, 3], [4]]
    with pytest.raises(ValueError, match="2"):
        utils.rnn.pad_packed_sequence(packed, total_length=2)
    order = mt.tensor([2, 0, 1])
    assert utils.rnn.invert_permutation(order)[order].tolist() == [0, 1, 2]
    assert utils.rnn.invert_permutation(None) is None
