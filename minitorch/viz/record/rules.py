"""The rule of a step in the program's own names: ∂loss/∂w = ∂loss/∂(w·x) · x.

A rule is a list of parts: (kind, text) with the kinds 'text', 'value' (blue), 'gradient' (vermilion) and 'fraction', whose text
is top|bottom. The derivative of an op comes from its docstring, with the names of its arguments for those of the parameters.
What that says to readers of the source is said here again for students, for the ops of layers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from minitorch.autograd.graph import Function, Node, Op
from minitorch.ops.elementwise import Pointwise
from minitorch.viz.page.summary import number
from minitorch.viz.record.tape import Tape, bracketed, formula

__all__ = ["Part", "call_rule", "computes", "fraction", "local_derivative", "plain", "rule_of", "used_arguments"]

Part = tuple[str, str]

# What a derivative is, for students: {grad} is the upstream gradient, {y} the output, other names are parameters of forward.
OPS: dict[str, tuple[str, dict[str, str]]] = {
    "Convolution": (
        "{weight} ∗ {x}[ + {bias}]: each output cell is the sum of the products of a window and the kernel",
        {
            "x": "Σ {grad} · {weight}, over the windows that contain the cell",
            "weight": "Σ {grad} · {x}, over all positions of the kernel",
            "bias": "Σ {grad}, over images and positions",
        },
    ),
    "ConvTranspose": (
        "for each cell of {g}, {weight} times the cell is added to its window of the output[, and {bias} to all]",
        {
            "g": "Σ {grad} · {weight}, over the window that the cell was added to",
            "weight": "Σ {grad} · {g}, over all positions of the kernel",
            "bias": "Σ {grad}, over images and positions",
        },
    ),
    "Linear": (
        "{x} @ {weight}ᵀ[ + {bias}]",
        {"x": "{grad} @ {weight}", "weight": "({grad})ᵀ @ {x}", "bias": "Σ {grad}, over the rows"},
    ),
    "MatMul": ("{a} @ {b}", {"a": "{grad} @ {b}ᵀ", "b": "{a}ᵀ @ {grad}"}),
    "MaxPool": ("the largest cell of each window", {"x": "Σ {grad}, over the windows in which the cell is the largest"}),
    "GatherCell": ("the chosen cell of each window", {"x": "{grad} at the chosen cell of each window, 0 elsewhere"}),
    "ScatterAdd": ("each value put back at its index, 0 elsewhere", {"g": "{grad} at the cell that the value was put in"}),
    "AvgPool": ("the mean of each window", {"x": "Σ {grad} / size of the window, over the windows that contain the cell"}),
    "Unfold": ("the windows of {x} as columns", {"x": "Σ {grad}, over the windows that contain the cell"}),
    "Fold": ("columns added up into an image", {"x": "{grad} at the cells of each column's window"}),
    "Reshape": ("{x} in another shape", {"x": "{grad}, in the shape of {x}"}),
    "Permute": ("{x} with its dimensions in another order", {"x": "{grad}, with the dimensions back in their order"}),
    "Expand": ("{x} repeated", {"x": "Σ {grad}, over the repetitions"}),
    "SumTo": ("{x} summed over repeated dimensions", {"x": "{grad}, repeated"}),
    "Pad": ("{x} with a border", {"x": "{grad} without the border"}),
    "Cast": ("{x} in another dtype", {"x": "{grad}, in the dtype of {x}"}),
    "Clone": ("a copy of {x}", {"x": "{grad}"}),
    "GetItem": (
        "the elements of {x} at the index",
        {"x": "Σ {grad}, over the places where the element was read, 0 for the others"},
    ),
    "Extremum": ("the extreme element of {x}", {"x": "{grad} at the extreme element, 0 elsewhere; ties share it"}),
    "Amax": ("the largest element of {x}", {"x": "{grad} at the largest element, 0 elsewhere; ties share it"}),
    "Amin": ("the smallest element of {x}", {"x": "{grad} at the smallest element, 0 elsewhere; ties share it"}),
    "Prod": ("the product of the elements of {x}", {"x": "{grad} · the product of the other elements"}),
    "SetItem": (
        "{x} with other values at the index",
        {"value": "{grad} at the index", "x": "{grad} elsewhere, 0 at the index"},
    ),
    "Cat": ("the operands, joined", {"arrays": "the part of {grad} that it became", "": "the part of {grad} that it became"}),
    "Split": ("{x}, cut into pieces", {"x": "the gradients of the pieces, joined"}),
    "SplitWithSizes": ("{x}, cut into pieces", {"x": "the gradients of the pieces, joined"}),
    "Unbind": ("the slices of {x}", {"x": "the gradients of the slices, stacked"}),
    "Sum": ("Σ {x}", {"x": "{grad}, for every element"}),
    "Mean": ("Σ {x} / n", {"x": "{grad} / n, for each of the n elements"}),
    "Softmax": ("eˣ / Σ eˣ", {"x": "{y} ⊙ ({grad} − Σ ({grad} ⊙ {y}))"}),
    "LogSoftmax": ("{x} − log Σ eˣ", {"x": "{grad} − softmax({x}) · Σ {grad}"}),
    "LogSumExp": ("log Σ eˣ", {"x": "{grad} · softmax({x})"}),
    "Standardize": (
        "({x} − mean) / √(var + ε)[ ⊙ {weight}][ + {bias}]",
        {
            "x": "(g − mean(g) − z ⊙ mean(g ⊙ z)) / √(var + ε), with g = {grad}[ ⊙ {weight}] and z the standardized {x}",
            "weight": "Σ {grad} ⊙ z, with z the standardized {x}",
            "bias": "Σ {grad}",
        },
    ),
    **{
        kind: (
            f"{steps}, over all times; with y = {{weight}} h[ + {{bias}}][, and h′ = {{projection}} h′ each time]",
            {
                "x": "from the last time to the first, the gradient of the state times the derivative of a step",
                "h": "the gradient of h after the way back to the first time",
                "c": "the gradient of c after that way",
                "weight": "Σ (∂loss/∂y)ᵀ @ h before the step, over all times",
                "bias": "Σ ∂loss/∂y, over all times",
                "projection": "Σ (∂loss/∂h)ᵀ @ h before its product, over all times",
            },
        )
        for kind, steps in (
            ("RnnTanh", "h′ = tanh({x} + y)"),
            ("RnnRelu", "h′ = max({x} + y, 0)"),
            ("Lstm", "c′ = σ(f) c + σ(i) tanh(g), h′ = σ(o) tanh(c′), with i, f, g, o the parts of {x} + y"),
            ("Gru", "h′ = (1 − z) tanh({x} + r y) + z h, with r, z = σ({x} + y), each of its part"),
        )
    },
    "CumSum": ("running sums of {x}", {"x": "the sums of {grad} from the end"}),
    "Einsum": ("a sum of products", {"operands": "the sum of products of {grad} and the other operands"}),
}
# The local derivative of elementwise ops, where the docstring's words are not for students: for all parameters, or for each.
LOCAL: dict[str, str | dict[str, str]] = {
    "Relu": "1 where {x} > 0, else 0", "Exp": "{y}", "Tanh": "1 − {y}²", "Sqrt": "1 / (2 {y})", "Sum": "1", "Mean": "1/{n}",
    "Clone": "1",
    "Maximum": {"a": "1 where {a} > {b}, ½ where equal, else 0", "b": "1 where {b} > {a}, ½ where equal, else 0"},
    "Minimum": {"a": "1 where {a} < {b}, ½ where equal, else 0", "b": "1 where {b} < {a}, ½ where equal, else 0"},
    "Where": {"a": "1 where the condition holds, else 0", "b": "0 where the condition holds, else 1"},
    "Clamp": {"x": "1 within the bounds, else 0", "low": "1 below it, else 0", "high": "1 above it, else 0"},
    "Reciprocal": "−1 / {x}²", "Div": {"a": "1 / {b}", "b": "−{a} / {b}²"},
}  # fmt: skip
COMPUTES = {
    "Maximum": "the larger of {a} and {b}", "Minimum": "the smaller of {a} and {b}", "Clamp": "{x} within its bounds",
    "Where": "{a} where the condition holds, else {b}", "Exp": "e^{x}", "Mean": "Σ {x} / {n}", "Tanh": "tanh({x})",
}  # fmt: skip

# The same for calls of several operations, by the title of the call and its settings; the names are the parameters of the
# function or of the layer, {0} is the first argument. A call that is not here has no formula, and opens.
CALLS: dict[str, dict[str, str]] = {
    "cross_entropy": {"": "(softmax({0}) − onehot({target})) / {N}"},
    "cross_entropy reduction sum": {"": "softmax({0}) − onehot({target})"},
    "nll_loss": {"": "−1/{N} at the target of each row, 0 elsewhere"},
    "mse_loss": {"": "2 · ({0} − {target}) / {n}"},
    "mse_loss reduction sum": {"": "2 · ({0} − {target})"},
    "l1_loss": {"": "sign({0} − {target}) / {n}"},
    "binary_cross_entropy": {"": "({0} − {target}) / ({0} · (1 − {0})) / {n}"},
    "binary_cross_entropy_with_logits": {"": "(sigmoid({0}) − {target}) / {n}"},
    "BatchNorm": {
        "": "weight · ({grad} − mean({grad}) − x̂ · mean({grad} ⊙ x̂)) / σ, with x̂ the normalized input",
        "weight": "Σ {grad} ⊙ x̂, with x̂ the normalized input",
        "bias": "Σ {grad}, over batch and positions",
    },
    "LayerNorm": {
        "": "(g − mean(g) − x̂ · mean(g ⊙ x̂)) / σ, with g = {grad} ⊙ weight and x̂ the normalized input",
        "weight": "Σ {grad} ⊙ x̂, with x̂ the normalized input",
        "bias": "Σ {grad}, over the rows",
    },
    "silu": {"": "{grad} ⊙ (σ + {0} · σ · (1 − σ)), with σ = sigmoid({0})"},
}
SAME_CALLS = {
    "CrossEntropyLoss": "cross_entropy", "NLLLoss": "nll_loss", "MSELoss": "mse_loss", "L1Loss": "l1_loss", "SiLU": "silu",
    "BCELoss": "binary_cross_entropy", "BCEWithLogitsLoss": "binary_cross_entropy_with_logits", "batch_norm": "BatchNorm",
    "layer_norm": "LayerNorm",
}  # fmt: skip


def fraction(top: str, bottom: str) -> Part:
    """∂top/∂bottom; an expression stands in brackets."""
    return "fraction", f"{bracketed(top)}|{bracketed(bottom)}"


def plain(parts: Sequence[Part]) -> str:
    """A rule as text."""
    return "".join("∂{}/∂{}".format(*text.split("|")) if kind == "fraction" else text for kind, text in parts)


def computes(tape: Tape, node: Node, names: Mapping[str, str]) -> str:
    """What a node computes, in the names of its arguments; '' if it is unknown."""
    kind = type(node).__name__
    if isinstance(node, Op) and (kind in COMPUTES or kind in OPS):
        return _filled(COMPUTES.get(kind) or OPS[kind][0], _with_counts(node, names))
    return _with_names(formula(type(node))[0], names, _letters(tape, node))


def _with_counts(node: Node, names: Mapping[str, str]) -> dict[str, str]:
    """Names, and as n how many elements of the input there are for one of the output."""
    edge = next((edge for edge in node.edges if edge is not None), None)
    count = math.prod(edge[0].outputs[edge[1]][0]) if edge is not None else 0
    return {**names, "n": f"{count // max(1, math.prod(node.outputs[0][0])):,}"}


def _letters(tape: Tape, node: Node) -> list[str]:
    """The parameters of a node's forward that are tensors or numbers."""
    return [tape.argument(node, i) for i in range(len(tape.sources[node]))]


def local_derivative(tape: Tape, node: Node, letter: str, names: Mapping[str, str]) -> str:
    """The derivative of an elementwise op in one argument, as text; '' if it has none."""
    kind, exponent = type(node).__name__, names.get("b", "")
    if kind == "Pow" and letter == "a" and re.fullmatch(r"−?\d+", exponent):
        power = int(exponent.replace("−", "-")) - 1
        raised = f"{bracketed(names['a'])}^{number(power)}" if power != 1 else bracketed(names["a"])
        return f"{exponent} · {raised}" if power else "1"
    local = LOCAL.get(kind) if isinstance(node, Op) else None
    local = local.get(letter) if isinstance(local, dict) else local
    if local:
        return _filled(local, _with_counts(node, names))
    return _with_names(formula(type(node), letter)[1], names, _letters(tape, node)) if isinstance(node, Pointwise) else ""


def rule_of(
    tape: Tape, root: str, receiver: str, output: str, node: Node, letter: str, names: Mapping[str, str], summed: str = ""
) -> list[Part]:
    """∂root/∂receiver = ... for one argument of one node; `summed` says over what, if the argument was broadcast."""
    upstream = fraction(root, output)
    start = [fraction(root, receiver), ("text", " = ")]
    local = local_derivative(tape, node, letter, names)
    if local:
        parts: list[Part] = [upstream]
        parts += [("text", " · "), ("value" if local in names.values() else "text", _operand(local))] if local != "1" else []
        return [*start, ("text", "Σ "), *parts, ("text", f", {summed}")] if summed else [*start, *parts]
    known = OPS.get(type(node).__name__) if isinstance(node, Op) else None
    text = (known[1].get(letter) or known[1].get("", "")) if known else ""
    if not text:
        words = formula(type(node), letter)[1]
        if not isinstance(node, Op) and words and issubclass(type(node), Function):
            return [*start, ("text", f"{_with_names(words, names)}   (from its backward)")]
        text = re.sub(r"\bgrad\b", "{grad}", _with_names(words, names)) if words else ""
    if not text:
        return [*start, ("text", "its backward of "), upstream]
    return [*start, *_parts(text, {**names, "y": output}, upstream)]


def call_rule(
    root: str, receiver: str, output: str, call: str, parameter: str, first: str, names: Mapping[str, str]
) -> list[Part]:
    """∂root/∂receiver = ... for a call of several operations, by its title and settings; [] if there is no formula for it."""
    title, _, settings = call.partition(" ")
    title = SAME_CALLS.get(title, re.sub("[123]d$", "", title))
    known = CALLS.get(f"{title} {settings}".strip()) or (CALLS.get(title, {}) if title.endswith("Norm") else {})
    text = known.get(parameter, "")
    if not text:
        return []
    upstream = fraction(root, output)
    parts = _parts(text, {**names, "0": first, "y": output}, upstream)
    if upstream not in parts and root != output:
        parts = [upstream, ("text", " · "), *parts]
    return [fraction(root, receiver), ("text", " = "), *parts]


def used_arguments(node: Node, letter: str) -> set[str]:
    """The parameters of forward that the derivative in `letter` is computed from."""
    kind = type(node).__name__
    local = LOCAL.get(kind)
    text = local.get(letter, "") if isinstance(local, dict) else local
    text = text or (OPS[kind][1].get(letter, "") if kind in OPS else formula(type(node), letter)[1])
    return set(re.findall(r"\w+", text))


def _parts(text: str, names: Mapping[str, str], upstream: Part) -> list[Part]:
    """A text with {names} as parts."""
    parts: list[Part] = []
    for piece in re.split(r"(\{\w+\})", text):
        if piece == "{grad}":
            parts.append(upstream)
        elif piece.startswith("{"):
            parts.append(("value", bracketed(names.get(piece[1:-1], piece[1:-1]))))
        elif piece:
            parts.append(("text", piece))
    return parts


def _filled(text: str, names: Mapping[str, str]) -> str:
    """A text with {names} filled in; what stands in [brackets] only if its name is known."""
    text = re.sub(r"\[([^\]]*\{(\w+)\}[^\]]*)\]", lambda found: found[1] if found[2] in names else "", text)
    text = re.sub(r"\(\{(\w+)\}\)", lambda found: f"({names.get(found[1], found[1])})", text)
    return re.sub(r"\{(\w+)\}", lambda found: bracketed(names.get(found[1], found[1])), text)


def _with_names(text: str, names: Mapping[str, str], letters: Sequence[str] = ()) -> str:
    """A text of a docstring with the names of the arguments for the letters of the parameters; '' if one has no name."""
    known = {name: bracketed(value) for name, value in names.items() if value}
    words = set(re.findall(r"\b[A-Za-z]\w*\b", text))
    if any(letter in words and letter not in known for letter in letters):
        return ""
    text = re.sub(r"\b[A-Za-z]\w*\b", lambda found: known.get(found[0], found[0]), text)
    text = text.replace("**", "^").replace("<=", "≤").replace(" * ", " · ").replace("^2", "²")
    return re.sub(r"(?<![\w-])-(?=[\w(])", "−", text).replace(" - ", " − ")


def _operand(text: str) -> str:
    """A local derivative as a factor: in brackets if it is a sum, a quotient or a sentence."""
    return f"({text})" if re.search(r"[ /]|^−", text) and not re.fullmatch(r"\([^()]*\)", text) else text
