"""Padding and packing of sequences beside loops."""

import random

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
