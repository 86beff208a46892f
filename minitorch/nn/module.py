"""class Module: parameters and a forward. Layers, models and losses are Modules.

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 8)      # a Module or Parameter attribute is registered
        self.out = nn.Linear(8, 1)

    def forward(self, x):
        return self.out(self.hidden(x).relu())

net = Net()
net(x)                                     # runs forward and the hooks
net.parameters(), net.state_dict()         # everything registered, at any depth
"""

from __future__ import annotations

import functools
import inspect
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, Self, TypeVar

from minitorch.autograd.hooks import RemovableHandle
from minitorch.autograd.observe import observed_call, observers
from minitorch.backend.dtypes import dtype as _dtype
from minitorch.backend.dtypes import float16, float32, float64
from minitorch.nn.hooks import Hook, run_with_hooks
from minitorch.nn.loading import _IncompatibleKeys, load
from minitorch.nn.location import with_layer_note
from minitorch.nn.parameter import Buffer, Parameter, UninitializedTensorMixin
from minitorch.public import constructor
from minitorch.tensor import Tensor, destination

__all__ = ["Module"]

P = ParamSpec("P")
R = TypeVar("R", covariant=True)


_SET_BY_INIT = ("training", "_parameters", "_buffers", "_modules", "_non_persistent", "_hooks")  # attributes of every Module


class _HasForward(Protocol[P, R]):
    def forward(self, *args: P.args, **kwargs: P.kwargs) -> R: ...


class Module:
    """The base class of layers and models: a subclass calls `super().__init__()` first and defines `forward`.

    Parameters, Buffers and Modules that are assigned to attributes are registered: `parameters()`, `state_dict()`, `to()`,
    `train()` and `eval()` reach all of them, at any depth (those in a plain list are not: use `ModuleList`). Calling the module
    runs forward and the hooks. Raises AttributeError where `super().__init__()` was not called first.

    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden, self.out = nn.Linear(2, 8), nn.Linear(8, 1)
    ...     def forward(self, x):
    ...         return self.out(self.hidden(x).relu())
    >>> net = Net()
    >>> net(minitorch.ones(5, 2)).shape
    minitorch.Size([5, 1])
    >>> [name for name, _ in net.named_parameters()]
    ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']
    """

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _hooks: dict[str, dict[int, Hook]]

    @constructor
    def __init__(self) -> None:
        set_ = super().__setattr__
        set_("training", True)
        set_("_parameters", {})
        set_("_buffers", {})
        set_("_modules", {})
        set_("_non_persistent", set())  # names of buffers that state_dict excludes
        set_("_hooks", {"forward_pre": {}, "forward": {}, "full_backward": {}, "full_backward_pre": {}})

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output, in every subclass; Module itself raises NotImplementedError. A call runs this and the hooks."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function: {self._instead_of_forward}'
        )

    _instead_of_forward = "write def forward(self, x) in the class"

    if TYPE_CHECKING:

        @property
        def __call__(self: _HasForward[P, R]) -> Callable[P, R]:
            """A call takes and returns what `forward` does."""

    def _call(self, *args: Any, **kwargs: Any) -> Any:
        hooks = self._hooks
        try:
            if not observers and not any(hooks.values()):
                return self.forward(*args, **kwargs)
            return observed_call(self, functools.partial(run_with_hooks, self, hooks), args, kwargs)
        except Exception as error:
            raise with_layer_note(error, self)  # noqa: B904 (the same error, with a note)

    if not TYPE_CHECKING:
        __call__ = _call

    # ---- registration: by attribute or by name -------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        registered = self.__dict__.get("_parameters")
        if registered is None:
            kind = "parameters" if isinstance(value, Parameter) else "module" if isinstance(value, Module) else "buffer"
            if isinstance(value, (Parameter, Module, Buffer)):
                raise self._uninitialized(f"cannot assign {kind} before Module.__init__() call")
            super().__setattr__(name, value)
        elif isinstance(value, Parameter):
            self._remove_from(name, self.__dict__, self._buffers, self._modules)
            self.register_parameter(name, value)
        elif name in registered:
            if value is not None:
                raise TypeError(f"cannot assign '{type(value).__name__}' as parameter '{name}' (nn.Parameter or None expected)")
            registered[name] = None
        elif isinstance(value, Module):
            self._remove_from(name, self.__dict__, self._buffers)
            self.add_module(name, value)
        elif name in self._modules:
            if value is not None:
                raise TypeError(f"cannot assign '{type(value).__name__}' as child module '{name}' (Module or None expected)")
            self._modules[name] = None
        elif isinstance(value, Buffer):
            self._remove_from(name, self.__dict__)
            self.register_buffer(name, value, value.persistent)
        elif name in self._buffers:
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(f"cannot assign '{type(value).__name__}' as buffer '{name}' (Tensor or None expected)")
            self._buffers[name] = value
        else:
            super().__setattr__(name, value)

    @staticmethod
    def _remove_from(name: str, *registries: dict[str, Any]) -> None:
        """Remove a name from other registries. A name that is assigned again keeps its position in its own."""
        for registry in registries:
            registry.pop(name, None)

    def __getattr__(self, name: str) -> Any:
        for registry in ("_parameters", "_buffers", "_modules"):
            found = self.__dict__.get(registry)
            if found is not None and name in found:
                return found[name]
        if isinstance(found := inspect.getattr_static(type(self), name, None), property):
            return found.__get__(self)  # the property itself raised AttributeError: again, with the name that it misses
        missing = f"'{type(self).__name__}' object has no attribute '{name}'"
        raise self._uninitialized(missing) if name in _SET_BY_INIT else AttributeError(missing)

    def _uninitialized(self, reason: str) -> AttributeError:
        """The error for a module whose class forgot to call Module.__init__."""
        return AttributeError(f"{reason}: write super().__init__() first in {type(self).__name__}.__init__")

    def __delattr__(self, name: str) -> None:
        for registry in (self._parameters, self._buffers, self._modules):
            if name in registry:
                del registry[name]
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = {*super().__dir__(), *self._parameters, *self._buffers, *self._modules}
        return sorted(name for name in names if not name[:1].isdigit())  # a number is no attribute that can be written

    def _check_name(self, name: str, registry: Mapping[str, Any], kind: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string, got {type(name).__name__}")
        if "." in name or not name:
            raise KeyError(f'{kind} name can\'t contain "." or be empty, got: {name!r}')
        if hasattr(self, name) and name not in registry:
            raise KeyError(f"attribute '{name}' already exists")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Register `param` as a parameter of this module; None reserves the name.

        An assignment to an attribute does the same. Raises TypeError for what is no Parameter, KeyError for a name with a dot
        or that of another attribute, ValueError for a tensor that was computed from others.

        >>> model = nn.Module()
        >>> model.register_parameter("scale", nn.Parameter(minitorch.ones(2)))
        >>> model.scale.data
        tensor([1., 1.])
        """
        if "_parameters" not in self.__dict__:
            raise self._uninitialized("cannot assign parameter before Module.__init__() call")
        self._check_name(name, self._parameters, "parameter")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{type(param).__name__}' object to parameter '{name}' (nn.Parameter or None required)"
            )
        if param is not None and not param.is_leaf:
            raise ValueError(f"Cannot assign non-leaf Tensor to parameter '{name}': it was computed from other tensors")
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Register `tensor` as state that is not a parameter; `persistent` includes it in the state_dict.

        Raises TypeError for what is no Tensor, KeyError for a name with a dot or that of another attribute.

        >>> model = nn.Module()
        >>> model.register_buffer("mean", minitorch.zeros(2))
        >>> model.register_buffer("cache", minitorch.zeros(2), persistent=False)
        >>> [name for name, _ in model.named_buffers()], list(model.state_dict())
        (['mean', 'cache'], ['mean'])
        """
        if "_buffers" not in self.__dict__:
            raise self._uninitialized("cannot assign buffer before Module.__init__() call")
        self._check_name(name, self._buffers, "buffer")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' (Tensor or None required)")
        self._buffers[name] = tensor
        (self._non_persistent.discard if persistent else self._non_persistent.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Register `module` as a child. (An assignment to an attribute does the same.)

        Raises TypeError for what is no Module, KeyError for a name with a dot or that of another attribute.

        >>> model = nn.Module()
        >>> model.add_module("first", nn.ReLU())
        >>> model.first
        ReLU()
        """
        if "_modules" not in self.__dict__:
            raise self._uninitialized("cannot assign module before Module.__init__() call")
        if isinstance(module, type) and issubclass(module, Module):
            raise TypeError(f"{module.__name__} is a class, not a module: write {module.__name__}()")
        if module is not None and not isinstance(module, Module):
            hint = ": unpack the list, as in Sequential(*layers)" if isinstance(module, (list, tuple)) else ""
            name = getattr(module, "__name__", None)  # of a function
            hint = ": give the layer of a function, as nn.ReLU() for F.relu" if name else hint
            raise TypeError(f"{name or type(module).__name__} is not a Module subclass{hint}")
        self._check_name(name, self._modules, "module")
        if module is not None and any(part is self for part in module.modules()):
            raise ValueError(f"cannot add module {name!r}: {type(self).__name__} would contain itself")
        self._modules[name] = module

    register_module = add_module

    # ---- iteration over registered members --------------------------------------------------------------------------

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all submodules, with their dotted names; each module once.

        >>> model = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh()))
        >>> [name for name, _ in model.named_modules()]
        ['', '0', '1', '1.0']
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._modules.items():
            if child is not None:
                yield from child.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def _named_members(self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for module_name, module in modules:
            for name, value in getattr(module, registry).items():
                if value is None or id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield (f"{module_name}.{name}" if module_name else name), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their dotted names; a shared parameter occurs once.

        >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
        >>> [(name, tuple(p.shape)) for name, p in model.named_parameters()]
        [('0.weight', (3, 2)), ('0.bias', (3,))]
        """
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, for an optimizer; a shared parameter occurs once.

        >>> sum(p.numel() for p in nn.Linear(2, 3).parameters())
        9
        """
        return (param for _, param in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their dotted names.

        >>> [name for name, _ in nn.BatchNorm1d(2).named_buffers()]
        ['running_mean', 'running_var', 'num_batches_tracked']
        """
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers.

        >>> [tuple(buffer.shape) for buffer in nn.BatchNorm1d(2).buffers()]
        [(2,), (2,), ()]
        """
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The direct children with their names; each module once.

        >>> list(nn.Sequential(nn.ReLU(), nn.Tanh()).named_children())
        [('0', ReLU()), ('1', Tanh())]
        """
        seen: set[Module] = set()
        for name, child in self._modules.items():
            if child is not None and child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """The direct children.

        >>> list(nn.Sequential(nn.ReLU(), nn.Tanh()).children())
        [ReLU(), Tanh()]
        """
        return (child for _, child in self.named_children())

    def modules(self) -> Iterator[Module]:
        """This module and all submodules.

        >>> [type(module).__name__ for module in nn.Sequential(nn.ReLU(), nn.Tanh()).modules()]
        ['Sequential', 'ReLU', 'Tanh']
        """
        return (module for _, module in self.named_modules())

    def get_submodule(self, target: str) -> Module:
        """The submodule with a dotted name; '' is this module. Raises AttributeError for an unknown name.

        >>> nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh())).get_submodule("1.0")
        Tanh()
        """
        module: Module = self
        for name in target.split(".") if target else ():
            found = getattr(module, name)
            if not isinstance(found, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
            module = found
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter with a dotted name. Raises AttributeError for an unknown name.

        >>> nn.Sequential(nn.Linear(2, 3)).get_parameter("0.weight").shape
        minitorch.Size([3, 2])
        """
        return self._member(target, Parameter, "an nn.Parameter")

    def get_buffer(self, target: str) -> Tensor:
        """The buffer with a dotted name. Raises AttributeError for an unknown name.

        >>> nn.Sequential(nn.BatchNorm1d(2)).get_buffer("0.running_mean")
        tensor([0., 0.])
        """
        owner, _, name = target.rpartition(".")
        found: Tensor = self._member(target, Tensor, "a buffer")
        if name not in self.get_submodule(owner)._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return found

    def _member(self, target: str, kind: type, wanted: str) -> Any:
        owner, _, name = target.rpartition(".")
        found = getattr(self.get_submodule(owner), name)
        if not isinstance(found, kind):
            raise AttributeError(f"`{name}` is not {wanted}")
        return found

    def apply(self, fn: Callable[[Module], None]) -> Self:
        """Call `fn` on every submodule, children first, and on this module; for example to initialize weights. Returns self.

        >>> def initialize(module):
        ...     if isinstance(module, nn.Linear):
        ...         nn.init.zeros_(module.bias)
        >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU()).apply(initialize)
        >>> model[0].bias.data
        tensor([0., 0., 0.])
        """
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    # ---- modes and gradients ------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Set training mode for this module and all submodules; dropout and batch norm depend on it. Returns self.

        It does not train: that is the loop around `backward()` and `step()`. Raises ValueError for a mode that is no bool.

        >>> model = nn.Sequential(nn.Dropout())
        >>> model.training, model.eval()[0].training, model.train()[0].training
        (True, False, True)
        """
        if not isinstance(mode, bool):
            raise ValueError(f"training mode is expected to be boolean, got {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """train(False): dropout is off, batch norm uses its running statistics. Returns self.

        It does not stop the recording of gradients: `minitorch.no_grad()` does.

        >>> nn.Dropout(0.5).eval()(minitorch.ones(3))
        tensor([1., 1., 1.])
        """
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set requires_grad of all parameters; False freezes them. Returns self.

        >>> [p.requires_grad for p in nn.Linear(2, 3).requires_grad_(False).parameters()]
        [False, False]
        """
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradients of all parameters to None or to zero.

        `backward()` adds to the gradients that are there, so this comes before it, in every step.

        >>> layer = nn.Linear(2, 1)
        >>> layer(minitorch.ones(1, 2)).sum().backward()
        >>> layer.zero_grad()
        >>> layer.weight.grad is None
        True
        """
        for param in self.parameters():
            if set_to_none:
                param.grad = None
            elif param.grad is not None:
                param.grad.detach_().zero_()

    def to(self, *args: Any, dtype: _dtype | None = None, device: Any = None, non_blocking: bool = False) -> Self:
        """to(device), to(dtype), to(device, dtype): convert parameters and buffers in place; integers keep their dtype.

        Returns self. (A tensor's `to` returns another tensor.) Raises TypeError for a dtype that is not floating.
        `non_blocking` has no effect on the values, as for `Tensor.to`.

        >>> nn.Linear(2, 1).to(minitorch.float64).weight.dtype
        minitorch.float64
        """
        device, dtype = destination(args, device, dtype)
        if dtype is not None and not dtype.is_floating_point:
            raise TypeError(f"nn.Module.to only accepts floating point dtypes, but got desired dtype={dtype!r}")
        for module in self.modules():
            for registry in (module._parameters, module._buffers):
                for value in registry.values():
                    if isinstance(value, UninitializedTensorMixin):
                        value.to(device, dtype)
                    elif value is not None:
                        target_dtype = dtype if value.is_floating_point() else None
                        moved = value.detach().to(device, target_dtype)._array
                        if moved is not value._array:
                            grad, value._array, value._accumulator = value.grad, moved, None
                            value.grad = None if grad is None else grad.to(device, target_dtype)
        return self

    def cpu(self) -> Self:
        """Move parameters and buffers to the CPU, in place. Returns self."""
        return self.to("cpu")

    def cuda(self, device: Any = None) -> Self:
        """Move parameters and buffers to a GPU, in place. Returns self. Raises where there is none, as `to("cuda")`."""
        return self.to("cuda" if device is None else device)

    def half(self) -> Self:
        """Convert floating parameters and buffers to float16, in place. Returns self."""
        return self.to(float16)

    def float(self) -> Self:
        """Convert floating parameters and buffers to float32, in place. Returns self."""
        return self.to(float32)

    def double(self) -> Self:
        """Convert floating parameters and buffers to float64, in place. Returns self.

        >>> nn.Linear(2, 1).double().bias.dtype
        minitorch.float64
        """
        return self.to(float64)

    # ---- state --------------------------------------------------------------------------------------------------------

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> OrderedDict[str, Tensor]:
        """Parameters and persistent buffers by dotted name; they share memory with the module's tensors.

        Save it with `minitorch.save`, and give it to `load_state_dict` of a module of the same structure.

        >>> [(name, tuple(value.shape)) for name, value in nn.Linear(2, 3).state_dict().items()]
        [('weight', (3, 2)), ('bias', (3,))]
        """
        state: OrderedDict[str, Tensor] = OrderedDict()
        for name, value in self._named_state():
            state[prefix + name] = value if keep_vars else value.detach()
        for name, module in self._with_extra_state():
            state[prefix + name] = module.get_extra_state()
        versions = {prefix[:-1] + ("." if prefix and n else "") + n: {"version": m._version} for n, m in self.named_modules()}
        state._metadata = OrderedDict(versions)  # type: ignore[attr-defined]
        return state

    _version = 1  # of the names and shapes in the state dict

    def get_extra_state(self) -> Any:
        """What else belongs to the state: a subclass that defines this and `set_extra_state` has it in its state dict."""
        raise RuntimeError("a module with set_extra_state defines get_extra_state as well")

    def set_extra_state(self, state: Any) -> None:
        """Take over what `get_extra_state` returned."""
        raise RuntimeError("a module with get_extra_state defines set_extra_state as well")

    def _with_extra_state(self) -> Iterator[tuple[str, Module]]:
        for name, module in self.named_modules(remove_duplicate=False):
            if type(module).get_extra_state is not Module.get_extra_state:
                yield (f"{name}." if name else "") + "_extra_state", module

    def _named_state(self) -> Iterator[tuple[str, Tensor]]:
        for module_name, module in self.named_modules(remove_duplicate=False):
            own = {**module._parameters, **{n: b for n, b in module._buffers.items() if n not in module._non_persistent}}
            for name, value in own.items():
                if value is not None:
                    yield (f"{module_name}.{name}" if module_name else name), value

    def load_state_dict(self, state_dict: Mapping[str, Tensor], strict: bool = True) -> _IncompatibleKeys:
        """Copy values into parameters and buffers of the same names.

        Raises RuntimeError, before any copy, for size mismatches and, if `strict`, for missing or unexpected names. Returns the
        missing and unexpected names.

        >>> saved, model = nn.Linear(2, 3).state_dict(), nn.Linear(2, 3)
        >>> model.load_state_dict(saved)
        <All keys matched successfully>
        >>> bool((model.weight == saved["weight"]).all())
        True
        """
        return load(self, dict(self._named_state()), dict(self._with_extra_state()), state_dict, strict)

    # ---- hooks --------------------------------------------------------------------------------------------------------

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call hook(module, args) before forward; a result other than None replaces the arguments.

        With `with_kwargs` it is hook(module, args, kwargs), and returns None or (args, kwargs). `prepend` puts it before the
        hooks that are there.

        >>> layer = nn.ReLU()
        >>> handle = layer.register_forward_pre_hook(lambda module, args: (-args[0],))
        >>> layer(minitorch.tensor([-1.0, 2.0]))
        tensor([1., 0.])
        """
        return Hook(hook, with_kwargs).register(self._hooks["forward_pre"], prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call hook(module, args, output) after forward; a result other than None replaces the output.

        With `with_kwargs` it is hook(module, args, kwargs, output). With `always_call` it is called after an error in forward,
        too, with the output so far or None. `.remove()` of the result removes the hook.

        >>> layer, shapes = nn.Linear(2, 3), []
        >>> handle = layer.register_forward_hook(lambda module, args, output: shapes.append(tuple(output.shape)))
        >>> _ = layer(minitorch.ones(5, 2))
        >>> handle.remove()
        >>> shapes
        [(5, 3)]
        """
        return Hook(hook, with_kwargs, always_call).register(self._hooks["forward"], prepend)

    def register_full_backward_hook(
        self, hook: Callable[[Module, tuple[Tensor | None, ...], tuple[Tensor | None, ...]], Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call hook(module, grad_input, grad_output) in backward; a returned tuple replaces grad_input.

        grad_input are the gradients in the inputs, grad_output those in the outputs: tuples of tensors, or None.

        >>> layer, seen = nn.ReLU(), []
        >>> handle = layer.register_full_backward_hook(lambda module, inputs, outputs: seen.append(inputs[0].tolist()))
        >>> layer(minitorch.tensor([-1.0, 2.0], requires_grad=True)).sum().backward()
        >>> seen
        [[0.0, 1.0]]
        """
        return Hook(hook).register(self._hooks["full_backward"], prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[[Module, tuple[Tensor | None, ...]], Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call hook(module, grad_output) before the module's gradients are computed; a returned tuple replaces grad_output.

        >>> layer, x = nn.ReLU(), minitorch.tensor([2.0], requires_grad=True)
        >>> handle = layer.register_full_backward_pre_hook(lambda module, grad_output: (grad_output[0] * 10,))
        >>> layer(x).sum().backward()
        >>> x.grad
        tensor([10.])
        """
        return Hook(hook).register(self._hooks["full_backward_pre"], prepend)

    def register_backward_hook(
        self, hook: Callable[[Module, tuple[Tensor | None, ...], tuple[Tensor | None, ...]], Any]
    ) -> RemovableHandle:
        """The older name of `register_full_backward_hook`. In PyTorch it has the gradients of the last operation alone."""
        return self.register_full_backward_hook(hook)

    # ---- printing -----------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """The text between the parentheses of the repr."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({name}): " + repr(child).replace("\n", "\n  ") for name, child in self._modules.items()]
        if len(lines) == 1 and not children:
            return f"{self._get_name()}({extra})"
        body = "\n  ".join(lines + children)
        return f"{self._get_name()}(" + (f"\n  {body}\n" if body else "") + ")"
