"""Random programs of views, in-place changes, hooks and custom Functions: is every gradient right, or refused?

    python -m tests.programs 20000        so many programs, compared with PyTorch where it is installed

A program is a list of statements over a growing list of tensors. `run` runs it under minitorch or under PyTorch, which have the
same names. Its outcome is the values of all tensors and the gradients of the leaves, or the error that it ended with. What must
hold: where PyTorch gives a result, ours is the same; where PyTorch refuses, ours is refused, too, or agrees with finite
differences. Without PyTorch, programs that hide nothing from the tape are held to finite differences alone.
"""

from __future__ import annotations

import random
import sys
import warnings
from typing import Any

import numpy as np

import minitorch

try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment]

Statement = tuple[Any, ...]  # its kind, the number of the tensor it is about, and what else it needs

UNARY = ["sin", "tanh", "exp", "square", "neg", "clone", "sigmoid", "relu"]
VIEWS = ["t[0]", "t[-1:]", "t[..., 0:1]", "t.t()", "t.unsqueeze(0)", "t.reshape(-1)", "t.unbind()[0]",
         "t.expand(2, *t.shape)", "t.chunk(2)[0]", "t.transpose(0, -1)", "t.squeeze()", "t[...]", "t.narrow(0, 0, 1)",
         "t.flatten()", "t[::2]"]  # fmt: skip
INPLACE = ["t.mul_(2)", "t.add_(1)", "t.mul_(u)", "t.add_(u)", "t.copy_(u)", "t.zero_()", "t.tanh_()", "t.clamp_(-0.5, 0.5)",
           "t[0] = 2.0", "t[0] = u[0]", "t[..., 0] = u.sum()", "t[:1] = u.mean().reshape(1, 1)",
           "t.masked_fill_(t > 0.35, 0.5)", "t.sub_(t.mean())", "t.div_(u.abs() + 1)", "t.fill_(0.25)", "t.lerp_(u, 0.3)",
           "t.addcmul_(u, u)", "t.relu_()", "t.pow_(2)", "t += u", "t *= u", "t.unsqueeze_(0)", "t.neg_()"]  # fmt: skip
HIDDEN = ["no_grad", "detach", "hook", "Scaled"]  # what the tape, or a derivative, is not told

# What PyTorch refuses and minitorch computes, and rightly so in programs without HIDDEN statements: it saves what an in-place
# operation computes before it is written, and writes through one of several views as through any other.
COMPUTED_HERE = (
    "has been modified by an inplace operation", "a function that returns multiple views", "created inside a custom Function",
    "refer to a single memory location", "A view was created in no_grad mode and its base",
)  # fmt: skip
# And the other way round: expanded memory is never written here, and views of a detached tensor are views.
REFUSED_HERE = ("memory cannot be written", "A view was created in no_grad mode")


def draw(source: random.Random) -> list[Statement]:
    """A program of some statements; the numbers of tensors count from the leaves, and wrap around."""
    program: list[Statement] = []
    for _ in range(source.randint(2, 9)):
        kind = source.choices(
            ["unary", "binary", "view", "inplace", "no_grad", "detach", "hook", "Function", "module", "retain", "Scaled"],
            [3, 3, 5, 6, 1, 0.4, 0.5, 1, 0.5, 0.3, 0.4],
        )[0]
        what: Any = {
            "unary": UNARY, "view": VIEWS, "inplace": INPLACE, "no_grad": VIEWS + INPLACE,
            "Function": ["same", "view", "cube", "two"], "module": ["ReLU", "LeakyReLU", "Sigmoid"],
        }.get(kind)  # fmt: skip
        program.append((kind, source.randrange(12), what and source.choice(what), source.randrange(12)))
    if any(kind == "no_grad" for kind, *_ in program):  # PyTorch then loses hooks, and has crashed
        program = [statement for statement in program if statement[0] != "hook"]
    return program


def functions_of(lib: Any) -> dict[str, Any]:
    """Custom Functions, written for either library."""

    class Same(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g

    class View(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.reshape(-1)

        @staticmethod
        def backward(ctx, g):
            return g.reshape(ctx.shape) if hasattr(ctx, "shape") else g.reshape(-1)

    class Cube(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x**2 * g

    class Two(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.factor = factor
            return x * factor, x + 1

        @staticmethod
        def backward(ctx, g, h):
            return g * ctx.factor + h, None

    class Scaled(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return g * 10

    return {"same": Same, "view": View, "cube": Cube, "two": Two, "Scaled": Scaled}


def run(lib: Any, program: list[Statement], leaves: list[np.ndarray]) -> Any:
    """The values of all tensors and the gradients of the leaves, or the class of the error."""
    tensors = [lib.tensor(a.tolist(), dtype=lib.float64).requires_grad_() for a in leaves]
    pool, functions = list(tensors), functions_of(lib)
    try:
        for kind, at, what, other in program:
            t, u = pool[at % len(pool)], pool[other % len(pool)]
            _statement(lib, functions, kind, what, t, u, pool)
        loss = sum(((x * x).sum() + x.sum() for x in pool), lib.zeros((), dtype=lib.float64))
        value = float(loss.detach())
        if loss.requires_grad:
            loss.backward()
    except (RuntimeError, IndexError, ValueError, TypeError, AttributeError) as error:
        return error
    return [value], [None if x.grad is None else np.array(x.grad.tolist()) for x in tensors]


def _statement(lib: Any, functions: Any, kind: str, what: Any, t: Any, u: Any, pool: list[Any]) -> None:
    names = {"t": t, "u": u}
    if kind == "unary":
        pool.append(getattr(t, what)())
    elif kind == "binary":
        pool.append(t * u + t)
    elif kind == "view":
        pool.append(eval(what, names))
    elif kind == "inplace" and not (what == "t.copy_(u)" and t is u):  # PyTorch then crashes at a hook on a view of it
        exec(what, names)
    elif kind == "no_grad":
        with lib.no_grad():
            names["u"] = u.clone()  # PyTorch reads what it has written where the two share memory
            if what in VIEWS:
                pool.append(eval(what, names))
            else:
                exec(what, names)
    elif kind == "detach":
        pool.append(t.detach())
    elif kind == "hook" and t.requires_grad:
        t.register_hook(lambda g: g * 2)
    elif kind == "retain" and t.requires_grad:
        t.retain_grad()
    elif kind == "Scaled":
        pool.append(functions["Scaled"].apply(t))
    elif kind == "Function" and what == "two":
        pool.extend(functions[what].apply(t, 3.0))
    elif kind == "Function" and what == "view":
        pool.append(functions[what].apply(t.reshape(-1)))
    elif kind == "Function":
        pool.append(functions[what].apply(t))
    elif kind == "module":
        layer = getattr(lib.nn, what)(**({} if what == "Sigmoid" else {"inplace": bool(len(pool) % 2)}))
        if len(pool) % 3:
            layer.register_full_backward_hook(lambda *_: None)
        pool.append(layer(t))


def differences(program: list[Statement], leaves: list[np.ndarray], eps: float = 1e-6) -> list[np.ndarray] | None:
    """The gradients by central differences; None where a step ends in an error."""
    gradients = []
    for leaf in leaves:
        gradient = np.zeros_like(leaf)
        for place in np.ndindex(leaf.shape):
            values, before = [], leaf[place]
            for step in (eps, -eps):
                leaf[place] = before + step
                outcome = run(minitorch, program, leaves)
                if isinstance(outcome, Exception):
                    return None
                values += outcome[0]
            leaf[place] = before
            gradient[place] = (values[0] - values[1]) / (2 * eps)
        gradients.append(gradient)
    return gradients


def complaint(program: list[Statement]) -> str | None:
    """What is wrong with a program's gradients, or None."""
    found = verdict(program)
    return None if isinstance(found, bool) else found


def verdict(program: list[Statement]) -> str | bool:
    """What is wrong with a program's gradients; True if nothing is, False if there was nothing to compare: it is refused."""
    leaves = [np.array([[0.7, -0.4], [0.2, 0.9]]), np.array([[-0.3, 0.6], [1.1, -0.8]])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = run(minitorch, program, leaves)
        theirs = None if torch is None else run(torch, program, leaves)
        if isinstance(ours, Exception):
            if theirs is None or isinstance(theirs, Exception) or any(words in str(ours) for words in REFUSED_HERE):
                return False
            return f"refused, and PyTorch computes it: {type(ours).__name__}: {ours}"
        if theirs is not None and not isinstance(theirs, Exception):
            return _difference("PyTorch", ours, theirs) or True
        if any(kind in HIDDEN for kind, *_ in program):
            allowed = theirs is None or any(words in str(theirs) for words in COMPUTED_HERE)
            return not allowed and f"computed, and PyTorch refuses it: {theirs}"
        expected = differences(program, leaves)
        return expected is not None and (_difference("differences", ours, (ours[0], expected)) or True)


def _difference(who: str, ours: Any, theirs: Any) -> str | None:
    if not np.allclose(ours[0], theirs[0], equal_nan=True):
        return f"the loss is {ours[0]}, by {who} {theirs[0]}"
    for i, (a, b) in enumerate(zip(ours[1], theirs[1], strict=True)):
        a, b = (np.zeros((2, 2)) if x is None else x for x in (a, b))
        if not np.allclose(a, b, rtol=1e-4, atol=1e-4, equal_nan=True):
            return f"the gradient of leaf {i} is {a.tolist()}, by {who} {b.tolist()}"
    return None


def smallest(program: list[Statement]) -> list[Statement]:
    """The program without the statements that the complaint does not need."""
    i = 0
    while i < len(program):
        shorter = program[:i] + program[i + 1 :]
        if complaint(shorter) is None:
            i += 1
        else:
            program = shorter
    return program


if __name__ == "__main__":
    count, wrong = int(sys.argv[1]) if len(sys.argv) > 1 else 2000, 0
    drawn = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else None)
    for _ in range(count):
        candidate = draw(drawn)
        if complaint(candidate) is not None:
            wrong += 1
            candidate = smallest(candidate)
            print(*candidate, sep="\n", end=f"\n    {complaint(candidate)}\n", flush=True)
    print(f"{count} programs, {wrong} wrong")
    sys.exit(bool(wrong))
