"""Sequences of different lengths in one tensor: padded to the longest, or packed without the padding.

A PackedSequence has the elements of all sequences by time: first every sequence's first element, then every second one, and
so on. `batch_sizes[t]` sequences have an element at time t. The longest sequence comes first:

    a b c                       data         a d f b e c
    d e       batch_first  ->   batch_sizes  3     2   1
    f
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any, NamedTuple

from minitorch.backend.dtypes import int64
from minitorch.from_data import as_tensor, tensor
from minitorch.functions import cat, sort, stack
from minitorch.public import public
from minitorch.tensor import Tensor

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence",
    "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences without padding, as `pack_sequence` and `pack_padded_sequence` make them; recurrent layers take it.

    Shapes: data (sum of the lengths, *), batch_sizes (longest length,). `sorted_indices` has the order from longest to shortest
    in terms of the order before, `unsorted_indices` the inverse; both are None where the sequences came sorted.

    >>> packed = nn.utils.rnn.pack_sequence([minitorch.tensor([1, 2, 3]), minitorch.tensor([4, 5])])
    >>> packed.data, packed.batch_sizes
    (tensor([1, 4, 2, 5, 3]), tensor([2, 2, 1]))
    """

    def __new__(
        cls,
        data: Any,
        batch_sizes: Any = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if batch_sizes is None and isinstance(data, (list, tuple)) and len(data) == 2:
            data, batch_sizes = data
        for name, value in (("data", data), ("batch_sizes", batch_sizes)):
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"PackedSequence: {name} must be a Tensor, not {type(value).__name__}; pack_sequence makes both"
                )
        for name, value in (("sorted_indices", sorted_indices), ("unsorted_indices", unsorted_indices)):
            if not (value is None or isinstance(value, Tensor)):
                raise TypeError(f"PackedSequence: {name} must be a Tensor or None, not {type(value).__name__}")
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """`data.to(...)` in a PackedSequence of the same lengths; self if nothing changes."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        orders = (None if order is None else order.to(data.device) for order in self[2:])
        return type(self)(data, self.batch_sizes, *orders)

    def pin_memory(self) -> PackedSequence:
        """The same with its data in page-locked memory."""
        return type(self)(self.data.pin_memory(), *self[1:])

    def is_pinned(self) -> bool:
        """Whether the data is in page-locked memory."""
        return self.data.is_pinned()

    def cpu(self) -> PackedSequence:
        """`to("cpu")`."""
        return self.to("cpu")

    def cuda(self, device: Any = None) -> PackedSequence:
        """`to("cuda")`, or another device."""
        return self.to("cuda" if device is None else device)

    def half(self) -> PackedSequence:
        """The data in float16, in another PackedSequence."""
        return PackedSequence(self.data.half(), *self[1:])

    def float(self) -> PackedSequence:
        """The data in float32, in another PackedSequence."""
        return PackedSequence(self.data.float(), *self[1:])

    def double(self) -> PackedSequence:
        """The data in float64, in another PackedSequence."""
        return PackedSequence(self.data.double(), *self[1:])

    @property
    def is_cuda(self) -> bool:
        """Whether the data is on a GPU."""
        return self.data.is_cuda


@public
def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes `permutation`; None for None.

    >>> nn.utils.rnn.invert_permutation(minitorch.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    return None if permutation is None else sort(permutation)[1]


def _places(batch_sizes: list[int], device: Any) -> tuple[Tensor, Tensor]:
    """For each row of packed data: its time, and which sequence it belongs to."""
    times = [t for t, n in enumerate(batch_sizes) for _ in range(n)]
    numbers = [i for n in batch_sizes for i in range(n)]
    return tensor(times, dtype=int64, device=device), tensor(numbers, dtype=int64, device=device)


@public
def pack_padded_sequence(
    input: Tensor, lengths: Tensor | list[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack sequences that are padded to the longest: input (T, B, *), or (B, T, *) with `batch_first`.

    `lengths` has B lengths between 1 and T. With `enforce_sorted` they must decrease, and otherwise the sequences are sorted.
    Raises RuntimeError for lengths that do not fit.

    >>> padded = minitorch.tensor([[1, 2, 3], [4, 5, 0], [6, 0, 0]])
    >>> packed = nn.utils.rnn.pack_padded_sequence(padded, [3, 2, 1], batch_first=True)
    >>> packed.data, packed.batch_sizes
    (tensor([1, 4, 6, 2, 5, 3]), tensor([3, 2, 1]))
    """
    lengths = _lengths("pack_padded_sequence", lengths)
    if input.ndim < 2:
        raise RuntimeError(f"pack_padded_sequence expects an input of at least 2 dimensions, but got {list(input.shape)}")
    if batch_first:
        input = input.transpose(0, 1)
    longest, batch = input.shape[:2]
    if len(lengths) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(lengths)} (batch_size={batch}). With "
            f"batch_first={not batch_first} the batch_size would be {longest}"
        )
    if batch and min(lengths) <= 0:
        raise RuntimeError(f"Length of all samples has to be greater than 0, but `lengths` has {min(lengths)}")
    if batch and max(lengths) > longest:
        raise RuntimeError(f"`lengths` has {max(lengths)}, but the padded input has {longest} time steps only")
    order = None
    if not enforce_sorted:
        places = sorted(range(batch), key=lambda i: -lengths[i])
        order, lengths = tensor(places, dtype=int64, device=input.device), [lengths[i] for i in places]
        input = input.index_select(1, order)
    if any(a < b for a, b in itertools.pairwise(lengths)):
        raise RuntimeError(
            f"`lengths` must be sorted in decreasing order, but they are {lengths}. enforce_sorted=False sorts the sequences"
        )
    sizes = [sum(n > t for n in lengths) for t in range(max(lengths, default=0))]
    return PackedSequence(input[_places(sizes, input.device)], tensor(sizes, dtype=int64), order)


def _lengths(name: str, lengths: Any) -> list[int]:
    try:
        values = as_tensor(lengths).tolist()
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{name}: lengths must be whole numbers in a list or a Tensor, not {lengths!r:.60}") from error
    if not isinstance(values, list) or not all(isinstance(n, (int, float)) and n == n // 1 for n in values):
        raise RuntimeError(f"{name}: lengths must be one row of whole numbers, but got {values!r:.60}")
    return [int(n) for n in values]


@public
def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """(padded, lengths): the inverse of `pack_padded_sequence`, in the order from before sorting.

    padded is (T, B, *), or (B, T, *) with `batch_first`, and `padding_value` after the end of each sequence. T is the longest
    length, or `total_length`. Raises ValueError for a `total_length` below the longest length.

    >>> packed = nn.utils.rnn.pack_sequence([minitorch.tensor([1, 2, 3]), minitorch.tensor([4, 5])])
    >>> nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    (tensor([[1, 2, 3],
            [4, 5, 0]]), tensor([3, 2]))
    """
    if not isinstance(sequence, PackedSequence):
        raise TypeError(f"pad_packed_sequence expects a PackedSequence, not {type(sequence).__name__}")
    data, sizes = sequence.data, sequence.batch_sizes.tolist()
    longest = len(sizes)
    if total_length is not None:
        if total_length < longest:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, but got "
                f"total_length={total_length} and max sequence length being {longest}"
            )
        longest = total_length
    batch = sizes[0] if sizes else 0
    padded = data.new_full((longest, batch, *data.shape[1:]), padding_value)
    padded[_places(sizes, data.device)] = data
    lengths = tensor([sum(n > i for n in sizes) for i in range(batch)], dtype=int64)
    if sequence.unsorted_indices is not None:
        padded, lengths = padded.index_select(1, sequence.unsorted_indices), lengths[sequence.unsorted_indices.cpu()]
    return padded.transpose(0, 1) if batch_first else padded, lengths


@public
def pad_sequence(
    sequences: Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences (length, *) side by side, padded to the longest: (T, B, *), or (B, T, *) with `batch_first`.

    `padding_side` is 'right', after the end of each sequence, or 'left', before its start. Raises RuntimeError for no
    sequences, and for sizes that differ after the first.

    >>> nn.utils.rnn.pad_sequence([minitorch.tensor([1, 2]), minitorch.tensor([3])], batch_first=True, padding_value=9)
    tensor([[1, 2],
            [3, 9]])
    """
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"pad_sequence: padding_side must be 'left' or 'right', but got {padding_side!r}")
    parts = _sequences("pad_sequence", sequences)
    longest, rest = max(len(part) for part in parts), parts[0].shape[1:]
    padded = []
    for part in parts:
        padding = part.new_full((longest - len(part), *rest), padding_value)
        padded.append(cat([part, padding] if padding_side == "right" else [padding, part]) if len(part) < longest else part)
    return stack(padded, 0 if batch_first else 1)


def _sequences(name: str, sequences: Any) -> list[Tensor]:
    parts = list(sequences) if isinstance(sequences, Iterable) else [sequences]
    if not parts or not all(isinstance(part, Tensor) and part.ndim for part in parts):
        raise RuntimeError(f"{name}: Expected iterable for input sequences, one or more Tensors of at least one dimension")
    for i, part in enumerate(parts):
        if part.shape[1:] != parts[0].shape[1:]:
            raise RuntimeError(
                f"{name}: all sequences must have the same sizes after the first, but sequence {i} is {list(part.shape)}, and "
                f"sequence 0 {list(parts[0].shape)}"
            )
    return parts


@public
def pack_sequence(sequences: Iterable[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences (length, *). With `enforce_sorted` the longest comes first, and otherwise they are sorted.

    Raises RuntimeError for lengths that do not decrease, unless `enforce_sorted` is False.

    >>> nn.utils.rnn.pack_sequence([minitorch.tensor([1, 2, 3]), minitorch.tensor([4, 5]), minitorch.tensor([6])]).data
    tensor([1, 4, 6, 2, 5, 3])
    """
    parts = _sequences("pack_sequence", sequences)
    return pack_padded_sequence(pad_sequence(parts), [len(part) for part in parts], enforce_sorted=enforce_sorted)


@public
def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences, each of its own length: the inverse of `pad_sequence`. `padded_sequences` is (T, B, *).

    With `batch_first` it is (B, T, *). Raises ValueError for another number of lengths than of sequences.

    >>> padded = minitorch.tensor([[1, 2, 3], [4, 5, 0]])
    >>> nn.utils.rnn.unpad_sequence(padded, minitorch.tensor([3, 2]), batch_first=True)
    [tensor([1, 2, 3]), tensor([4, 5])]
    """
    if padded_sequences.ndim < 2:
        raise RuntimeError(f"unpad_sequence expects at least 2 dimensions, (T, B, *), but got {list(padded_sequences.shape)}")
    rows, ends = padded_sequences.transpose(0, 0 if batch_first else 1), _lengths("unpad_sequence", lengths)
    if len(ends) != len(rows):
        raise ValueError(f"unpad_sequence: got {len(ends)} lengths for {len(rows)} sequences")
    return [row[: max(n, 0)] for row, n in zip(rows.unbind(0), ends, strict=True)]


@public
def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences, each of its own length: the inverse of `pack_sequence`.

    >>> packed = nn.utils.rnn.pack_sequence([minitorch.tensor([1, 2, 3]), minitorch.tensor([4, 5])])
    >>> nn.utils.rnn.unpack_sequence(packed)
    [tensor([1, 2, 3]), tensor([4, 5])]
    """
    return unpad_sequence(*pad_packed_sequence(packed_sequences, batch_first=True), batch_first=True)
