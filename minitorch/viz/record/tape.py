"""The tape of some tensors, for pictures: every node once, in order, with a name, a value, a formula and a source line.

`graph`, `play` and `why` all start from a `Tape`. It reads the recorded data and computes nothing.
"""

from __future__ import annotations

import inspect
import os
import re
import textwrap
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from minitorch.autograd.graph import AccumulateGrad, Edge, Function, Node, Op, TensorBase, saved_tensors_of, walk
from minitorch.autograd.node import gradient_edge
from minitorch.backend.arrays import Array
from minitorch.nn import Module, Parameter
from minitorch.ops.elementwise import Pointwise
from minitorch.tensor import Tensor
from minitorch.viz.page.summary import number
from minitorch.viz.record.local import element_name
from minitorch.viz.record.recorder import Call, InputRecord, node_record, record, tensors_of, variables
from minitorch.viz.record.settings import OPERATORS, SIGNS

__all__ = ["Source", "Tape", "bracketed", "calls_of", "formula", "is_numbered", "item_of", "readable", "source_of"]

Source = Edge | InputRecord  # an argument of an op: a value on the tape, or a tensor without history


def item_of(source: Source) -> Any:
    """The box of a value: its node, or the record of an input."""
    return source if isinstance(source, InputRecord) else source[0]


def source_of(item: Node | InputRecord) -> Source:
    """The value of a box: of an op, its first output."""
    return item if isinstance(item, InputRecord) else (item, 0)


class Tape:
    """The graph of `outputs`: a Tensor, a sequence of Tensors, or a function without arguments, which is called and recorded.

    `params` and `inputs` name tensors; other names come from the program's variables and modules. `earlier` finds, from where
    the outputs' gradients go, the starts of earlier backward passes that belong to the picture.
    Raises RuntimeError for a tensor without history, TypeError for anything but tensors.
    """

    def __init__(self, caller: str, outputs: Any, params: Any = None, inputs: Any = None, earlier: Any = None) -> None:
        named = [*_named_tensors(caller, "params", params), *_named_tensors(caller, "inputs", inputs)]
        self.roots = _roots_of(caller, outputs)
        self.root_edges: list[Edge] = [edge for edge in map(gradient_edge, self.roots) if edge is not None]
        # The starts of each backward().
        self.laps = [*(earlier(self.root_edges) if earlier is not None else ()), self.root_edges]
        self.order = walk(node for edges in self.laps for node, _ in edges)
        self.ops = [node for node in self.order if not isinstance(node, AccumulateGrad)]
        self.calls = {call.number for node in self.ops for call in calls_of(node)}  # by number: those that made a node
        self._leaf_records: dict[Any, InputRecord] = {}  # by the leaf's node: its value at first use
        self.sources = {node: self._sources_of(node, [tensor for _, tensor in named]) for node in self.ops}
        self.items = self._in_order_of_use()  # one box each: leaves, data and ops
        self.internal = self._internal()
        self.ids = {item: f"n{i}" for i, item in enumerate(self.items)}
        self._values = _saved_values(self.ops)
        self._values.update({edge: root._array for root, edge in zip(self.roots, self.root_edges, strict=True)})
        self._names: dict[Any, str] = {}  # by source
        self._name_all(named)

    def _sources_of(self, node: Node, wanted: Sequence[Tensor]) -> list[Source | None]:
        """The source of each argument. Tensors without history come from the node's record, or are `wanted` and were saved."""
        record = node_record(node)
        if record is None:
            others = [s.tensor for s in saved_tensors_of(node) if any(s.tensor is tensor for tensor in wanted)]
            extra = [self._leaf_records.setdefault(id(t), InputRecord(t)) for t in others if not t.requires_grad]
            return [*node.edges, *extra]
        for edge, arg in zip(node.edges, record.args, strict=True):
            if edge is not None and isinstance(arg, InputRecord):
                self._leaf_records.setdefault(edge[0], arg)
        return [edge or (a if isinstance(a, InputRecord) else None) for edge, a in zip(node.edges, record.args, strict=True)]

    def _in_order_of_use(self) -> list[Node | InputRecord]:
        """The boxes in topological order, a leaf just before its first use."""
        items: dict[Any, None] = {}
        for node in self.ops:
            for source in self.sources[node]:
                if source is not None:
                    items.setdefault(item_of(source))
            for call in calls_of(node):
                items.update(dict.fromkeys(record for _, record in call.inputs if not self.is_made(record)))
            items.setdefault(node)
        return list(items)

    def is_made(self, record: InputRecord) -> bool:
        """Whether a tensor without history was returned by a call in the picture, as the indices of a pooling."""
        return record.maker is not None and record.maker.number in self.calls

    def _internal(self) -> set[InputRecord]:
        """The tensors without history that a function or a layer of nn made inside, such as the mask of dropout."""
        found = set()
        for node in self.ops:
            passed = {record for call in calls_of(node) for _, record in call.inputs}
            closed = any(call.kind == "function" or call.is_library for call in calls_of(node))
            found |= {
                s for s in self.sources[node] if closed and isinstance(s, InputRecord) and s not in passed and not s.named
            }
        return found

    # ---- values ---------------------------------------------------------------------------------------------------------

    def value(self, source: Source, user: Node | None = None) -> Array | None:
        """The array of a source when `user` used it in the forward pass; None if it was not kept."""
        if isinstance(source, InputRecord):
            return source.array
        node, nr = source
        if isinstance(node, AccumulateGrad):
            record = node_record(user) if user is not None else None
            leaf = record.args[self.sources[user].index(source)] if record is not None and user is not None else None
            leaf = leaf if isinstance(leaf, InputRecord) else self._leaf_records.get(node)
            return node.variable._array if leaf is None else leaf.array
        record = node_record(node)
        return self._values.get(source) if record is None else record.outputs[nr]

    @contextmanager
    def with_saved_values(self) -> Iterator[None]:
        """A block in which freed saved tensors are restored from the node records.

        Raises RuntimeError if a freed node was not recorded.
        """
        freed = [node for node in self.ops if node._saved is None]
        for node in freed:
            if node_record(node) is None:
                raise RuntimeError(
                    f"{node.name()} has freed what it saved, in an earlier backward(): draw before that, or keep the "
                    "graph with backward(retain_graph=True), or compute it inside `with viz.record():`"
                )
        try:
            for node in freed:
                record = node_record(node)
                assert record is not None
                node._saved = record.saved
            yield
        finally:
            for node in freed:
                node._saved = None

    # ---- names ----------------------------------------------------------------------------------------------------------

    def name(self, source: Source) -> str:
        """The name of a value in captions and formulas: the program's, or one from its op: mul, mul2 ..."""
        return self._names[source]

    def names(self) -> set[str]:
        """Every name of this tape."""
        return set(self._names.values())

    def find_name(self, source: Source) -> str:
        """The name of a value, '' if it is not on the tape."""
        return self._names.get(source, "")

    def element_name(self, edge: Edge, element: int) -> str:
        """The name of one element of a value: w[0, 2]."""
        return element_name(self.name(edge), edge[0].outputs[edge[1]][0], element)

    def _name_all(self, named: Sequence[tuple[str, Tensor]]) -> None:
        """Names from `params` and `inputs`, then from the program's modules and variables, then from the recording."""
        program = variables()
        objects = [item.variable if isinstance(item, AccumulateGrad) else item.tensor() for item in self._leaves()]
        leaves, parameters = {id(t) for t in objects}, {id(t) for t in objects if isinstance(t, Parameter)}
        modules = {name: value for name, value in program.items() if isinstance(value, Module)}
        tensors: dict[int, str] = {}
        for name, tensor in named:
            tensors.setdefault(id(tensor), readable(name))
        for key, name in _names_in_modules(modules, leaves, parameters).items():
            tensors.setdefault(key, name)
        for name, value in program.items():
            if isinstance(value, TensorBase):
                tensors.setdefault(id(value), readable(name))
        for call in (call for node in self.ops for call in calls_of(node)):
            for reference, name in call.names:
                tensors.setdefault(id(reference()), readable(name))
        wanted: dict[Any, str] = {}
        known: list[TensorBase] = [t for _, t in named]
        for value in (*known, *(v for v in program.values() if isinstance(v, TensorBase))):
            edge = value._current_edge()
            if edge is not None and edge[0] in self.ids:
                wanted.setdefault(edge, tensors[id(value)])
        for item in self._leaves():
            leaf = item.tensor() if isinstance(item, InputRecord) else item.variable
            leaf_record = item if isinstance(item, InputRecord) else self._leaf_records.get(item)
            name = tensors.get(id(leaf), "") if leaf is not None else ""
            name = name or readable(leaf_record.name if leaf_record is not None else "")
            if name:
                wanted[source_of(item)] = name
        for edge, name in _names_at_use(self.ops).items():
            wanted.setdefault(edge, name)
        for lap, edges in enumerate(self.laps[:-1], start=1):
            for edge, last in zip(edges, self.root_edges, strict=False):
                wanted.setdefault(edge, wanted.get(last, "output") + str(lap).translate(SUBSCRIPTS))
        self._choose_names(wanted)

    def _choose_names(self, wanted: Mapping[Any, str]) -> None:
        """A name for every value: the program's, h, h₁, h₂ for several of one name; else an expression, w·x; else ①, ②."""
        taken, counts, numbered = set[str](), dict[str, int](), 0
        place = {item: i for i, item in enumerate(self.items)}
        for source, word in sorted(wanted.items(), key=lambda pair: place.get(item_of(pair[0]), 0)):
            while source not in self._names:
                counts[word] = counts.get(word, -1) + 1
                name = word + str(counts[word]).translate(SUBSCRIPTS) if counts[word] else word
                if name not in taken:
                    self._names[source] = name
                    taken.add(name)
        # Values inside a call come last: they are seldom shown.
        for item in sorted(self.items, key=lambda item: _is_inner(item) or item in self.internal):
            for source in [item] if isinstance(item, InputRecord) else [(item, nr) for nr in range(len(item.outputs))]:
                name = self._names.get(source) or self._expression(source)
                if name in taken and source not in self._names and _is_layer(item):
                    counts[name] = counts.get(name, 0) + 1
                    name += str(counts[name]).translate(SUBSCRIPTS)  # the layer was called again
                if source not in self._names and (not name or name in taken):
                    numbered += 1
                    name = chr(0x245F + numbered) if numbered <= 10 else f"({numbered})"
                self._names[source] = name
                taken.add(name)

    def _expression(self, source: Source) -> str:
        """An unnamed value as its layer, features.0, or as an expression of at most 12 letters; '' if there is neither.

        A number is its own name.
        """
        if isinstance(source, InputRecord):
            return number(source.array.item()) if source.array.size == 1 else ""
        node, call = source[0], next(iter(calls_of(source[0])), None)
        if isinstance(node, AccumulateGrad) or _is_inner(node):
            return ""
        if call is not None and call.is_library:
            return _layer_name(call)
        words = [self.find_name(s) if s is not None else word for s, word in self.arguments(node)]
        sign = self.sign(node)
        if any(map(is_numbered, words)):
            return ""  # an expression of values that have no name
        if call is not None and call.kind == "function" and call.title.rstrip("_") not in OPERATORS:
            named = call.title != "getitem" and words[:1] != [""]
            text = f"{call.title.rstrip('_')}({', '.join(filter(None, words))})" if named else ""
        elif sign and UNKNOWN in words:
            text = ""
        elif sign and len(words) == 2:
            words = [f"({word})" if re.search(r"[ +−]", word) and sign not in "+" else word for word in words]
            between = f" {sign} " if sign in "+−" else "·" if sign == "×" else sign
            text = f"{words[0]}²" if (sign, words[1]) == ("^", "2") else between.join(words)
        elif sign and len(words) == 1 and words != [""]:
            text = f"{sign}{words[0]}"
        else:
            text = ""
        return text if len(text) <= 12 else ""

    def _leaves(self) -> list[Any]:
        return [item for item in self.items if isinstance(item, (InputRecord, AccumulateGrad))]

    @property
    def root_name(self) -> str:
        """The name of what is differentiated: loss, or (a + b) for several outputs."""
        return self.root_of(self.root_edges)

    def root_of(self, edges: Sequence[Edge]) -> str:
        """The name of what one backward() started at."""
        names = [bracketed(name) for name in dict.fromkeys(map(self.name, edges))]
        return names[0] if len(names) == 1 else f"({' + '.join(names)})" if len(names) < 4 else "outputs"

    # ---- captions -------------------------------------------------------------------------------------------------------

    def sign(self, node: Node) -> str:
        """The operator of a node, + or ×; '' for a function."""
        return SIGNS.get(type(node).__name__, "") if isinstance(node, Op) else ""

    def title(self, node: Node) -> str:
        """An operation as it is written: +, × 3, 1 −, ^ 2; a function's name."""
        sign = self.sign(node)
        if not sign:
            if not isinstance(node, Op):
                return readable(type(node).__name__)
            name = "[...]" if node.op_name == "GetItem" else re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.op_name).lower()
            return " ".join([name, *(word for _, word in self.arguments(node) if word and word != UNKNOWN)])
        arguments = self.arguments(node)
        words = [word for _, word in arguments if word and word != UNKNOWN]
        if not words:
            return sign
        return f"{words[0]} {sign}" if arguments[0][0] is None else f"{sign} {words[0]}"

    def arguments(self, node: Node) -> list[tuple[Source | None, str]]:
        """The arguments of a node: the source of each, and of a number the number as text, UNKNOWN if it was not recorded."""
        record, sources = node_record(node), self.sources[node]
        words = [""] * len(sources)
        if record is None and isinstance(node, Op):
            parameters = [_parameter(node, i) if source is None else None for i, source in enumerate(sources)]
            words = [UNKNOWN if p is not None and p.annotation == "Array" else "" for p in parameters]
        elif record is not None and isinstance(node, Pointwise):
            words = [number(arg) if type(arg) in (int, float) else "" for arg in record.args]
        return list(zip(sources, words, strict=True))

    def argument(self, node: Node, argument: int) -> str:
        """The parameter name of an argument in the node's forward: the a of a * b."""
        parameter = _parameter(node, argument)
        return parameter.name if parameter is not None else ""

    def letters(self, node: Node, path: str = "") -> dict[str, str]:
        """The names of a node's arguments, by the parameters of its forward, and that of its output as y; those of the
        parameters of the module at `path` without it."""
        names: dict[str, str] = {}
        for argument, (source, word) in enumerate(self.arguments(node)):
            name = self.name(source).removeprefix(f"{path}." if path else "") if source is not None else word
            if name:
                names[self.argument(node, argument)] = name
        return {"y": self.name((node, 0)), **names}

    def local_name(self, node: Node, nr: int, argument: int) -> str:
        """∂(w·x)/∂w; for a value that is used as two arguments, which of them: ∂(x·x)/∂(x as a)."""
        edge = self.sources[node][argument]
        assert edge is not None
        twice = self.sources[node].count(edge) > 1 and self.argument(node, argument)
        receiver = f"({self.name(edge)} as {twice})" if twice else bracketed(self.name(edge))
        return f"∂{bracketed(self.name((node, nr)))}/∂{receiver}"

    def line(self, node: Node) -> str:
        """The source line that created a node: model.py:12  return self.out(h). Empty if it was not recorded."""
        record = node_record(node)
        if record is None:
            return ""
        cell = re.search(r"<ipython-input-|[\\/]ipykernel_", record.line.file)
        file = "notebook" if cell else os.path.basename(record.line.file)
        return readable(f"{file}:{record.line.number}" + (f"  {record.line.text}" if record.line.text else ""))


UNKNOWN = "(...)"  # an operand without a gradient, of an operation that was not recorded
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _parameter(node: Node, argument: int) -> inspect.Parameter | None:
    """The parameter of a node's forward that an argument is passed to."""
    try:
        found = [p for p in inspect.signature(type(node).forward).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    except (TypeError, ValueError):
        return None
    has_context = getattr(type(node), "setup_context", None) is not Function.setup_context and not isinstance(node, Op)
    position = argument + (not has_context)  # with setup_context, forward has no ctx
    return found[position] if position < len(found) else None


def calls_of(node: Node) -> Iterator[Call]:
    """The calls that a node was made in, the innermost first."""
    record = node_record(node)
    call = record.call if record is not None else None
    while call is not None:
        yield call
        call = call.parent


def _is_layer(item: Any) -> bool:
    """Whether a value is the output of a layer of nn."""
    call = None if isinstance(item, (InputRecord, AccumulateGrad)) else next(calls_of(item), None)
    return call is not None and call.is_library


def _layer_name(call: Call) -> str:
    """The output of a layer, named after it: features.0, or of a layer that has only a number net[0]."""
    names, outer = [call.name], call
    while outer.parent is not None and outer.parent.parent is not None:
        outer = outer.parent
        names.insert(0, outer.name)
    path = ".".join(filter(None, names))
    if not path.isdigit():
        return readable(path)
    model = outer.parent if outer.parent is not None else outer
    return readable(f"{model.name or model.title}[{path}]") if model is not call else ""


def _is_inner(item: Any) -> bool:
    """Whether a value stays inside a function or a layer of nn: it is not the last that the call made."""
    if isinstance(item, (InputRecord, AccumulateGrad)):
        return False
    return any((call.kind != "module" or call.is_library) and call.last != item.serial for call in calls_of(item))


def is_numbered(name: str) -> bool:
    """Whether a name is a number for want of one: ①, (11)."""
    return "①" <= name[:1] <= "⑩" or (name[:1] == "(" and name[1:-1].isdigit())


def bracketed(name: str) -> str:
    """A name in a formula: an expression stands in brackets."""
    stem = name.rstrip("₀₁₂₃₄₅₆₇₈₉")
    is_simple = "·" not in stem and (stem.isidentifier() or len(stem) == 1 or re.fullmatch(r"[\w.]+(\[\d+\])?", stem))
    is_call = re.fullmatch(r"\w*\([^()]*\)", stem)
    return name if is_simple or is_call else f"({name})"


_formulas: weakref.WeakKeyDictionary[type, tuple[str, str]] = weakref.WeakKeyDictionary()


def formula(op: type[Node], argument: str = "") -> tuple[str, str]:
    """The formula of an op and its derivative: the two parts of the first paragraph of its docstring.

    "a * b;  in a: b, in b: a" gives the derivative in each argument; `argument` selects one of them. For a user's Function
    without such a docstring, the derivative is the source text of what its backward returns.
    """
    if op not in _formulas:
        text = op.__doc__ if isinstance(op.__doc__, str) else ""
        computes, _, derivative = " ".join(text.strip().split("\n\n")[0].split()).partition(";")
        derivative = derivative.partition(". ")[0].strip().rstrip(".")
        if not derivative and not issubclass(op, Op):
            derivative = _return_expression(op)
        _formulas[op] = readable(computes.strip()), readable(derivative)
    computes, derivative = _formulas[op]
    each = dict(re.findall(r"\bin (\w+): (.*?)(?=, in \w+: |$)", derivative))
    return computes, each.get(argument, derivative)


def _return_expression(op: type[Node]) -> str:
    """The source text of the last return of a backward."""
    try:
        source = inspect.getsource(op.backward)
    except (OSError, TypeError):
        return ""
    returned = " ".join(source.rpartition("return ")[2].split())
    return textwrap.shorten(returned, 100, placeholder=" ...")


def readable(name: str) -> str:
    """A name that any file can hold: control characters and lone surrogates become U+FFFD."""
    if name.isprintable():
        return name
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in name)


def _named_tensors(caller: str, option: str, value: Any) -> list[tuple[str, Tensor]]:
    """The (name, tensor) pairs of a Module, its named_parameters() or a dict. Raises TypeError for anything else."""
    if isinstance(value, Module):
        value = value.named_parameters()
    try:
        if value is not None and not hasattr(value, "keys"):
            value = list(value)
            if any(isinstance(part, Tensor) for part in value):
                raise TypeError(f"{caller}(): {option} names tensors, and these have no names: pass model.named_parameters()")
        pairs = list(dict(value if value is not None else {}).items())
    except (TypeError, ValueError) as error:
        if "have no names" in str(error):
            raise
        raise TypeError(
            f"{caller}(): {option} names tensors: a Module, its named_parameters(), or a dict of names and tensors, not "
            f"{type(value).__name__}"
        ) from None
    for name, tensor in pairs:
        if not isinstance(name, str):
            raise TypeError(f"{caller}(): {option} maps names to tensors, and {name!r} is no name, but a {type(name).__name__}")
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{caller}(): {option} names tensors, and {name!r} is a {type(tensor).__name__}")
    return pairs


def _roots_of(caller: str, outputs: Any) -> list[Tensor]:
    """The output tensors. A function is called in a recording."""
    if isinstance(outputs, Module):
        raise TypeError(
            f"{caller}() looks at what is behind a Tensor, and got {type(outputs).__name__}, a model: it has no graph until it "
            f"is called, viz.{caller}(lambda: model(x))"
        )
    if callable(outputs) and not isinstance(outputs, type):
        with record():
            outputs = outputs()
    roots = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    for root in roots:
        if not isinstance(root, Tensor):
            raise TypeError(
                f"{caller}() looks at what is behind a Tensor, a list of them, or a function without arguments that returns "
                f"such, and got {'a list with ' if isinstance(outputs, (list, tuple)) else ''}{type(root).__name__}"
            )
        if root.grad_fn is None:
            reason = (
                "it is a leaf, and no operation has made it"
                if root.requires_grad
                else "nothing it was computed from requires grad, or it was computed inside no_grad(), or detached, or by an "
                "operation without a derivative, such as argmax"
            )
            raise RuntimeError(f"{caller}(): this tensor of shape {list(root.shape)} has no history to look at: {reason}")
    if not roots:
        raise ValueError(f"{caller}() got a list without any tensor")
    return roots


def _names_at_use(ops: Sequence[Node]) -> dict[Edge, str]:
    """The variable names of values where they were used. A name shared by several values counts only if one type of op made
    them all: the h of a loop, but not an x that is reassigned to the output of each layer."""
    makers: dict[str, set[type]] = {}
    found: dict[Edge, str] = {}
    for node in ops:
        record = node_record(node)
        for nr, name in (record.names if record is not None else {}).items():
            found[node, nr] = readable(name)
            makers.setdefault(found[node, nr], set()).add(type(node))
    return {edge: name for edge, name in found.items() if len(makers[name]) == 1}


def _names_in_modules(modules: Mapping[str, Module], leaves: set[int], parameters: set[int]) -> dict[int, str]:
    """The names of those leaves (given by id) that belong to the program's modules.

    If one module has all of them, the names are those of its state_dict; otherwise the module's name is the prefix.
    """
    by_module = {}
    for variable, module in modules.items():
        found = {id(t): name for name, t in tensors_of(module) if id(t) in leaves}
        if found:
            by_module[variable] = found
    largest = sorted(by_module.items(), key=lambda item: -len(item[1]))
    alone = not largest or (set().union(*by_module.values()) | parameters) <= set(largest[0][1])
    names: dict[int, str] = {}
    for variable, found in largest:
        for key, name in found.items():
            names.setdefault(key, readable(name if alone else f"{variable}.{name}"))
    return names


def _saved_values(ops: Sequence[Node]) -> dict[Edge, Array]:
    """The values that nodes saved for backward, except those modified in-place since."""
    values: dict[Edge, Array] = {}
    for node in ops:
        for saved in saved_tensors_of(node):
            if saved.value is None or not saved.is_unchanged():
                continue
            edge = getattr(saved.tensor, "_edge", None) if saved.output_nr is None else (node, saved.output_nr)
            if edge is not None:
                values.setdefault(edge, getattr(saved.value, "_array", saved.value))
    return values
