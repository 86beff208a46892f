"""`same(f)`: call f with minitorch and with torch, on the same numbers, and compare all that a user can see."""

from __future__ import annotations

import numpy as np

import minitorch as mt


def _plain(value):
    """A result as plain data: arrays, names of types, and what is in containers."""
    if hasattr(value, "detach"):
        array = value.detach().numpy(**({} if isinstance(value, mt.Tensor) else {"force": True}))
        return ("tensor", str(value.dtype).split(".")[-1], tuple(value.shape), array)
    if isinstance(value, (list, tuple)):
        return ("sequence", [_plain(v) for v in value])
    return ("value", value)


def _equal(a, b, tolerance):
    assert a[0] == b[0], (a, b)
    if a[0] == "tensor":
        assert a[1:3] == b[1:3], f"minitorch: {a[1:3]}, torch: {b[1:3]}"
        assert np.allclose(a[3], b[3], rtol=tolerance, atol=tolerance, equal_nan=True), f"minitorch: {a[3]}\ntorch: {b[3]}"
    elif a[0] == "sequence":
        assert len(a[1]) == len(b[1])
        for x, y in zip(a[1], b[1], strict=True):
            _equal(x, y, tolerance)
    else:
        assert a[1] == b[1] or (a[1] != a[1] and b[1] != b[1]), f"minitorch: {a[1]}, torch: {b[1]}"


def _run(f, lib, arrays, second_order):
    """The value of f and its first and second derivatives, or the class of the error that it raised."""
    made = [lib.from_numpy(a.copy()) for a in arrays]
    inputs = [t.requires_grad_() if t.is_floating_point() else t for t in made]
    try:
        value = f(lib, *inputs)
    except Exception as error:
        kind = RuntimeError if isinstance(error, lib.linalg.LinAlgError) else type(error)
        return "error", kind, str(error)
    results = [value]
    floating = [t for t in inputs if t.is_floating_point()]
    outputs = [v for v in (value if isinstance(value, (tuple, list)) else [value]) if getattr(v, "requires_grad", False)]
    if outputs and floating:
        weights = [lib.from_numpy(np.cos(np.arange(o.numel())).reshape(o.shape)).to(o.dtype) for o in outputs]
        first = lib.autograd.grad(outputs, floating, weights, create_graph=second_order, allow_unused=True)
        results.append([lib.zeros_like(x) if g is None else g for x, g in zip(floating, first, strict=True)])
        again = [g for g in first if g is not None and g.requires_grad]
        if second_order:
            weights = [lib.from_numpy(np.sin(np.arange(g.numel()) + 1.0)).to(g.dtype).reshape(g.shape) for g in again]
            second = lib.autograd.grad(again, floating, weights, allow_unused=True) if again else [None] * len(floating)
            results.append([lib.zeros_like(x) if g is None else g for x, g in zip(floating, second, strict=True)])
    return "value", results, None


def same(f, *arrays, seed=0, tolerance=None, second_order=True, loose_error=False):
    """Compare f(lib, *tensors) under both libraries: values, types, shapes, gradients to second order, class of error.

    `arrays` are shapes, for which float64 values are drawn, or arrays. `f` is given the library first.
    """
    import torch

    random = np.random.default_rng(seed)
    arrays = [random.standard_normal(a) if isinstance(a, tuple) else np.asarray(a) for a in arrays]
    mt.manual_seed(seed)
    torch.manual_seed(seed)
    ours, theirs = _run(f, mt, arrays, second_order), _run(f, torch, arrays, second_order)
    if "error" in (ours[0], theirs[0]):
        assert ours[0] == theirs[0], f"minitorch: {ours}\ntorch: {theirs}"
        assert loose_error or issubclass(ours[1], theirs[1]) or issubclass(theirs[1], ours[1]), (
            f"minitorch: {ours}\ntorch: {theirs}"
        )
        return
    if tolerance is None:
        tolerance = 1e-4 if any(a.dtype == np.float32 for a in arrays) else 1e-9
    _equal(_plain(ours[1]), _plain(theirs[1]), tolerance)


def prints_the_same(f, *arrays, seed=0):
    """f gives objects that print alike, but for the name of the package."""
    import torch

    texts = []
    for lib in (mt, torch):
        lib.manual_seed(seed)
        texts.append(
            str(f(lib, *(lib.from_numpy(np.asarray(a)) for a in arrays)))
            .replace("torch.", "minitorch.")
            .replace("miniminitorch", "minitorch")
        )
    assert texts[0] == texts[1], "\n" + "\n".join(texts)
