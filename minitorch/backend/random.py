"""Random streams that give PyTorch's numbers: the same seed here and there draws the same values.

The generator is MT19937, whose 32-bit words NumPy hands out raw; what is written here is how words become numbers
(ATen/core/DistributionsHelper.h and native/cpu/DistributionTemplates.h in PyTorch describe the same):

  float32 uniform     the low 24 bits of one word, times 2^-24
  float16             as float32, then rounded
  float64 uniform     the low 53 bits of two words (the first word is the high half), times 2^-53
  normal, n >= 16     Box-Muller on blocks of 16 uniforms: the first 8 give the radius, the last 8 the angle;
                      when 16 does not divide n, the last 16 values are drawn anew as one block
  normal, n < 16      Box-Muller in float64, two at a time, the second kept for the next call
  exponential, Cauchy, geometric      functions of one float64 uniform each (ops/filling.py)
  log-normal          the exponential of normal values drawn as for n < 16
  integers            one word modulo the range (two words from 2^28 values on)
"""

from __future__ import annotations

import math
import os
import struct
import threading
from typing import Any

import numpy as np

from minitorch.backend.arrays import Array

__all__ = ["Generator", "default_generator", "initial_seed", "manual_seed", "seed", "use_stream"]

_TWO_PI = 2 * math.pi


class Generator:
    """A stream of random numbers of its own.

    `Generator().manual_seed(n)` returns the generator, so that it can be written in one expression.

    >>> generator = minitorch.Generator().manual_seed(0)
    >>> minitorch.rand(2, generator=generator)
    tensor([0.4963, 0.7682])
    """

    def __init__(self, device: str = "cpu") -> None:
        if str(device) != "cpu":
            raise RuntimeError(f"Generator draws on the CPU; Generator('cpu') is what exists, not {device!r}")
        self.manual_seed(67280421310721)  # PyTorch's default seed

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of `seed` (only its low 32 bits count, as in PyTorch)."""
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise TypeError(f"manual_seed() expects an int, got {type(seed).__name__}: {seed!r}")
        if not -(2**63) <= seed < 2**64:
            raise ValueError(f"a seed must fit in 64 bits, got {seed}")
        self._seed = int(seed) % 2**64
        self._bits = np.random.MT19937()
        self._bits._legacy_seeding(self._seed % 2**32)
        self._next_normal: float | None = None
        return self

    def seed(self) -> int:
        """Seed from the operating system's entropy and return the seed."""
        seed = int.from_bytes(os.urandom(8), "little")
        self.manual_seed(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed that the stream started from."""
        return self._seed

    def get_state(self) -> dict[str, Any]:
        """What `set_state` needs to continue the stream from here."""
        state = self._bits.state["state"]
        return {"seed": self._seed, "key": state["key"].tolist(), "pos": int(state["pos"]), "next_normal": self._next_normal}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue the stream from a state of `get_state`."""
        bits: Any = {"key": np.array(state["key"], dtype=np.uint32), "pos": state["pos"]}
        self._bits.state = {"bit_generator": "MT19937", "state": bits}
        self._seed, self._next_normal = state["seed"], state["next_normal"]

    def state_bytes(self) -> bytes:
        """The state as PyTorch writes it: 5,056 bytes."""
        state = self._bits.state["state"]
        used, normal = int(state["pos"]), self._next_normal
        if used == 624 and np.array_equal(state["key"], Generator().manual_seed(self._seed)._bits.state["state"]["key"]):
            used = 0  # nothing was drawn since the seed
        words = state["key"].astype("<u8").tobytes()
        return (
            struct.pack("<QIIQ", self._seed, 624 - used + 1 if used else 1, 1, used)
            + words
            + struct.pack("<dddi", 0.0, normal or 0.0, 0.0, normal is not None).ljust(40, b"\0")
        )

    def restore_bytes(self, state: bytes) -> None:
        """Continue the stream from a state of `state_bytes`, or of PyTorch's generator. Raises RuntimeError for other bytes."""
        if len(state) != 5056:
            raise RuntimeError(
                f"Expected a generator's state of size 5056 but found the input RNG state size to be {len(state)}"
            )
        seed, left, _, used = struct.unpack_from("<QIIQ", state)
        if not 1 <= left <= 624 or used > 624:
            raise RuntimeError("Invalid generator's state: these 5056 bytes were not made by get_rng_state()")
        _, normal, _, has_normal = struct.unpack_from("<dddi", state, 5016)
        key = np.frombuffer(state, "<u8", 624, 24)
        self.set_state(
            {"seed": seed, "key": key, "pos": 624 if left == 1 else used, "next_normal": normal if has_normal else None}
        )

    # ---- words into numbers: each returns a flat NumPy array of n values -------------------------------------

    def words32(self, n: int) -> Array:
        """n random integers of 32 bits."""
        return self._bits.random_raw(n)

    def words64(self, n: int) -> Array:
        """n random integers of 64 bits."""
        halves = self._bits.random_raw(2 * n).reshape(n, 2)
        return (halves[:, 0] << np.uint64(32)) | halves[:, 1]

    def uniform(self, n: int, dtype: Any) -> Array:
        """n values in [0, 1)."""
        if dtype == np.float64:
            return (self.words64(n) & np.uint64(2**53 - 1)) * 2.0**-53
        values = (self.words32(n) & np.uint64(2**24 - 1)).astype(np.float32) * np.float32(2.0**-24)
        return values.astype(dtype, copy=False)

    def normal(self, n: int, dtype: Any) -> Array:
        """n values of mean 0 and standard deviation 1."""
        if n < 16:
            return self.normal_pairs(n).astype(dtype)
        whole = n - n % 16
        if dtype == np.float16:
            values = np.empty(n, np.float16)
            values[:whole] = self.normal(whole, np.float32)
            if whole < n:
                values[-16:] = _box_muller(self.uniform(16, np.float32))
            return values
        values = self.uniform(n, dtype)
        values[:whole] = _box_muller(values[:whole])
        if whole < n:
            values[-16:] = _box_muller(self.uniform(16, dtype))
        return values

    def normal_pairs(self, n: int) -> Array:
        """n values of mean 0 and standard deviation 1, drawn in pairs; the last pair's second may be kept."""
        values = [] if self._next_normal is None or n == 0 else [self._next_normal]
        drawn = self.uniform((n - len(values) + 1) // 2 * 2, np.float64).tolist()
        for angle, height in zip(drawn[::2], drawn[1::2], strict=True):
            radius = math.sqrt(-2 * math.log1p(-height))
            values += [radius * math.cos(_TWO_PI * angle), radius * math.sin(_TWO_PI * angle)]
        if n:
            self._next_normal = values[n] if len(values) > n else None
        return np.array(values[:n])

    def integers(self, n: int, low: int, high: int) -> Array:
        """n integers in [low, high)."""
        span = high - low
        words = self.words64(n) if span >= 2**28 else self.words32(n)
        return (words % np.uint64(span)).astype(np.int64) + low

    def permutation(self, n: int) -> Array:
        """The numbers 0 to n-1 in random order (Fisher-Yates from the front)."""
        order = list(range(n))
        words = self.words32(max(n - 1, 0)).tolist()
        for i, word in enumerate(words):
            j = i + word % (n - i)
            order[i], order[j] = order[j], order[i]
        return np.array(order, np.int64)


def _box_muller(uniforms: Array) -> Array:
    blocks = uniforms.reshape(-1, 2, 8)
    radius = np.sqrt(-2 * np.log(1 - blocks[:, 0]))
    angle = _TWO_PI * blocks[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)


class _DefaultGenerator(Generator):
    """The stream of functions that are given no generator. A worker of a DataLoader has one of its own: `use_stream`."""

    _of_thread = threading.local()

    def __getattribute__(self, name: str) -> Any:
        own = None if name.startswith("__") else getattr(_DefaultGenerator._of_thread, "generator", None)
        return object.__getattribute__(self if own is None else own, name)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(getattr(_DefaultGenerator._of_thread, "generator", None) or self, name, value)


def use_stream(seed: int) -> None:
    """In this thread, the default stream is from now on another, which starts from `seed`."""
    _DefaultGenerator._of_thread.generator = Generator().manual_seed(seed)


default_generator: Generator = _DefaultGenerator()
default_generator.seed()


def manual_seed(seed: int) -> Generator:
    """Seed the stream that every random function draws from unless it is given a generator of its own.

    It returns the generator of that stream. Only the low 32 bits of the seed count, as in PyTorch. Raises ValueError or
    TypeError for what `int` makes no number of.

    >>> _ = minitorch.manual_seed(0)
    >>> minitorch.rand(2)
    tensor([0.4963, 0.7682])
    """
    try:
        number = int(seed)
    except OverflowError as error:
        raise ValueError(f"manual_seed() expects an int, got {seed!r}") from error
    return default_generator.manual_seed(number)


def seed() -> int:
    """Seed the default stream from the operating system's entropy; return the seed.

    >>> minitorch.seed() == minitorch.initial_seed()
    True
    """
    return default_generator.seed()


def initial_seed() -> int:
    """The seed the default stream started from.

    >>> _ = minitorch.manual_seed(5)
    >>> minitorch.initial_seed()
    5
    """
    return default_generator.initial_seed()
