"""L-BFGS: steps along an estimate of Newton's direction, made of the last changes of the gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from minitorch.autograd.grad_mode import enable_grad, no_grad
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.optim.optimizer import Optimizer, writable
from minitorch.public import constructor
from minitorch.tensor import Tensor

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """param += t * d, where d = -H g, and H estimates the inverse Hessian from the last `history_size` steps.

    step(closure) makes up to `max_iter` such iterations with up to `max_eval` evaluations (by default 5/4 max_iter). It ends
    early when the largest |g| is at most `tolerance_grad`, or the largest change of a parameter or the change of the loss is
    at most `tolerance_change`. `closure` sets the gradients to zero, computes the loss, calls backward() and returns the loss.

    t is `lr` (in the first iteration lr / sum |g| if that is smaller). line_search_fn="strong_wolfe" searches t from there
    such that the loss falls enough and the slope flattens (see `_strong_wolfe`). All parameters are one group.
    (Nocedal 1980; Nocedal and Wright 2006, algorithms 7.4, 3.5 and 3.6.)

    Example:
        >>> p = minitorch.nn.Parameter(minitorch.tensor([-1.0, 2.0]))
        >>> optimizer = minitorch.optim.LBFGS([p], line_search_fn="strong_wolfe")
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2  # Rosenbrock's valley
        ...     loss.backward()
        ...     return loss
        >>> for _ in range(3):
        ...     loss = optimizer.step(closure)
        >>> minitorch.allclose(p, minitorch.ones(2), atol=1e-3)
        True
    """

    _nonnegative = ("lr",)

    @constructor
    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        if line_search_fn not in (None, "strong_wolfe"):
            raise RuntimeError(
                f"only 'strong_wolfe' is supported as line_search_fn, or None for steps of lr: {line_search_fn!r:.40}"
            )
        if history_size < 1:
            raise ValueError(f"history_size must be positive, but got {history_size}: the number of past steps to use")
        defaults: dict[str, Any] = {"lr": lr, "max_iter": max_iter}
        defaults |= {"max_eval": max_iter * 5 // 4 if max_eval is None else max_eval, "tolerance_grad": tolerance_grad}
        defaults |= {"tolerance_change": tolerance_change, "history_size": history_size, "line_search_fn": line_search_fn}
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add the parameter group. Raises ValueError for a second one."""
        if self.param_groups:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups): pass one list of parameters")
        super().add_param_group(param_group)

    @no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make up to `max_iter` iterations. Returns the loss of the first evaluation of `closure`, before any change."""
        if not callable(closure):
            raise TypeError(
                "LBFGS.step() needs a closure, as it computes the loss several times: step(closure) with a function that calls "
                f"zero_grad() and backward() and returns the loss, not a {type(closure).__name__}"
            )
        (group,) = self.param_groups
        self._opt_called = True
        params, tolerance_change = group["params"], group["tolerance_change"]
        state = self.state[params[0]]  # one for all the parameters, where PyTorch has it
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        evaluations_left = state["func_evals"] + group["max_eval"]

        def evaluate() -> tuple[Any, Array]:
            with enable_grad():
                loss = closure()
            state["func_evals"] += 1
            return loss, _flat_gradient(params)

        def evaluate_at(t: float) -> _Point:
            before = [param._array.copy() for param in params]
            try:
                _move(params, t * d)
                loss, g = evaluate()
            finally:
                for param, array in zip(params, before, strict=True):
                    param._array[...] = array
                    param._increment_version()
            return _Point(t, float(loss), g, _dot(g, d))

        with xp.errstate(all="ignore"):
            first_loss, g = evaluate()
            loss = float(first_loss)
            if _largest(g) <= group["tolerance_grad"]:
                return first_loss
            for i in range(1, group["max_iter"] + 1):
                state["n_iter"] += 1
                d, t = _direction(g, state, group["history_size"]), float(group["lr"])
                if state["n_iter"] == 1:
                    t = t / max(1.0, float(abs(g).sum()))
                state |= {"d": wrap(d), "t": t, "prev_flat_grad": wrap(g), "prev_loss": loss}
                slope = _dot(g, d)
                if slope > -tolerance_change:
                    break
                if group["line_search_fn"] is not None:
                    here, steps = _Point(0.0, loss, g, slope), evaluations_left - state["func_evals"]
                    t, loss, g, _ = _strong_wolfe(evaluate_at, here, t, steps, tolerance_change / _largest(d))
                    state["t"] = t
                _move(params, t * d)
                if i == group["max_iter"]:
                    break
                if group["line_search_fn"] is None:
                    new_loss, g = evaluate()
                    loss = float(new_loss)
                if (
                    state["func_evals"] >= evaluations_left
                    or _largest(g) <= group["tolerance_grad"]
                    or _largest(t * d) <= tolerance_change
                    or abs(loss - state["prev_loss"]) < tolerance_change
                ):
                    break
        return first_loss

    def _state_shape(self, param: Tensor) -> tuple[int, ...]:
        return (sum(p.numel() for p in self.param_groups[0]["params"]),)


def _direction(g: Array, state: dict[str, Any], history_size: int) -> Array:
    """-H g by the two loops of L-BFGS, after the last step is added to the history in `state`.

    The history has the changes y of the gradient ("old_dirs"), the steps s ("old_stps") and 1 / (y . s) ("ro"). A step along
    which the slope did not grow is left out. "H_diag" is the scale of H before the history corrects it.
    """
    if state["n_iter"] == 1:
        state |= {"old_dirs": [], "old_stps": [], "ro": [], "H_diag": 1}
        return -g
    y, s = g - state["prev_flat_grad"]._array, state["d"]._array * float(state["t"])
    if (product := _dot(y, s)) > 1e-10:
        for name, value in (("old_dirs", wrap(y)), ("old_stps", wrap(s)), ("ro", 1 / product)):
            state[name] = [*state[name], value][-history_size:]
        state["H_diag"] = product / _dot(y, y)
    pairs = [(y._array, s._array, float(r)) for y, s, r in zip(state["old_dirs"], state["old_stps"], state["ro"], strict=True)]
    d, shares = -g, []
    for y, s, r in reversed(pairs):
        shares.append(r * _dot(s, d))
        d = d - shares[-1] * y
    d = d * float(state["H_diag"])
    for y, s, r in pairs:
        d = d + (shares.pop() - r * _dot(y, d)) * s
    return d


class _Point(NamedTuple):
    """A step t along the direction d, with the loss there, its gradient and its slope: gradient . d."""

    t: float
    loss: float
    gradient: Array
    slope: float


def _strong_wolfe(evaluate: Callable[[float], _Point], start: _Point, t: float, steps: int, narrow: float) -> _Point:
    """A point where the loss has fallen by 1e-4 t |slope at start|, and |slope| is at most 0.9 of that at `start`.

    From `t` on, longer steps are tried until two points enclose such a point; then the interval is narrowed, to `narrow`.
    New steps are minima of the cubic with the losses and slopes of both ends. After `steps` steps the best end is returned.
    """

    def is_high(point: _Point) -> bool:
        return point.loss > start.loss + 1e-4 * point.t * start.slope

    def is_flat(point: _Point) -> bool:
        return abs(point.slope) <= -0.9 * start.slope

    previous, point, count = start, evaluate(t), 0
    while count < steps:
        if is_high(point) or (count > 1 and point.loss >= previous.loss):
            break
        if is_flat(point):
            return point
        if point.slope >= 0:
            break
        t = _cubic_minimum(previous, point, point.t + 0.01 * (point.t - previous.t), 10 * point.t)
        previous, point, count = point, evaluate(t), count + 1
    ends = [previous if count < steps else start, point]

    found = is_slow = False  # whether the last step was close to an end
    while True:
        low = 0 if ends[0].loss <= ends[1].loss else 1
        left, right = sorted(end.t for end in ends)
        if found or count >= steps or right - left < narrow:
            return ends[low]
        t = _cubic_minimum(ends[0], ends[1], left, right)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:
            if is_slow or t >= right or t <= left:
                t = right - margin if right - t < t - left else left + margin
                is_slow = False
            else:
                is_slow = True
        else:
            is_slow = False
        point, count = evaluate(t), count + 1
        if is_high(point) or point.loss >= ends[low].loss:
            ends[1 - low] = point
            continue
        found = is_flat(point)
        if not found and point.slope * (ends[1 - low].t - ends[low].t) >= 0:
            ends[1 - low] = ends[low]
        ends[low] = point


def _cubic_minimum(a: _Point, b: _Point, low: float, high: float) -> float:
    """Where the cubic through the losses and slopes of two points is least, within [low, high]; their middle if nowhere."""
    a, b = (a, b) if a.t <= b.t else (b, a)
    width = b.t - a.t
    mean = a.slope + b.slope - 3 * (b.loss - a.loss) / width if width else float("nan")
    square = mean * mean - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2
    root = square**0.5
    divisor = b.slope - a.slope + 2 * root
    t = b.t - width * (b.slope + root - mean) / divisor if divisor else float("inf")
    return min(max(t, low), high)


def _flat_gradient(params: list[Tensor]) -> Array:
    """The gradients of all the parameters as one vector, zeros where there is none; float16 becomes float32."""
    arrays = [xp.zeros_like(p._array) if p.grad is None else p.grad._array for p in params]
    return xp.concatenate([a.astype(xp.float32 if a.dtype.char == "e" else a.dtype).reshape(-1) for a in arrays])


def _move(params: list[Tensor], change: Array) -> None:
    """Add a vector to the parameters in place."""
    first = 0
    for param in params:
        array, last = writable(param), first + param.numel()
        array += change[first:last].reshape(array.shape).astype(array.dtype)
        param._increment_version()
        first = last


def _dot(a: Array, b: Array) -> float:
    return float((a * b).sum())


def _largest(a: Array) -> float:
    """The largest magnitude, 0 of no elements."""
    return float(abs(a).max()) if a.size else 0.0
