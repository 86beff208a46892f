"""The documentation of every public name: its examples run, and are there."""

import doctest
import importlib
import inspect

import pytest

import minitorch

ROOMS = [
    "minitorch", "minitorch.autograd", "minitorch.autograd.functional", "minitorch.autograd.graph", "minitorch.cuda",
    "minitorch.linalg", "minitorch.nn", "minitorch.nn.functional", "minitorch.nn.init", "minitorch.nn.utils",
    "minitorch.nn.utils.parametrizations", "minitorch.nn.utils.parametrize", "minitorch.nn.utils.rnn", "minitorch.optim",
    "minitorch.optim.lr_scheduler", "minitorch.profiler",
    "minitorch.utils.checkpoint", "minitorch.utils.data", "minitorch.utils.dlpack", "minitorch.viz",
]  # fmt: skip
COMPLETE = {  # the rooms in which every function and class has an example
    "minitorch", "minitorch.autograd", "minitorch.autograd.functional", "minitorch.autograd.graph", "minitorch.cuda",
    "minitorch.linalg", "minitorch.nn", "minitorch.nn.functional", "minitorch.nn.init", "minitorch.nn.utils",
    "minitorch.nn.utils.parametrizations", "minitorch.nn.utils.parametrize", "minitorch.nn.utils.rnn", "minitorch.optim",
    "minitorch.optim.lr_scheduler", "minitorch.utils.checkpoint",
    "minitorch.utils.data", "minitorch.viz",
}  # fmt: skip
TAPE = {"minitorch.autograd.engine", "minitorch.autograd.node", "minitorch.autograd.tensor_base"}  # explained as a whole


def names_of(room):
    """The functions and classes of a module that a program may use, each with where it is."""
    module = importlib.import_module(room)
    public = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    for name in sorted(set(public)):
        found = getattr(module, name)
        if callable(found) and (getattr(found, "__module__", None) or "").startswith("minitorch"):
            yield name, found


NAMES = {f"{room}.{name}": found for room in ROOMS for name, found in names_of(room)}
METHODS = {f"minitorch.Tensor.{name}": getattr(minitorch.Tensor, name) for name in dir(minitorch.Tensor) if name[0] != "_"}
EXAMPLES = NAMES | METHODS


def examples_of(path, found):
    names = {"minitorch": minitorch, "nn": minitorch.nn, "F": minitorch.nn.functional, "__name__": "__main__"}
    globs = {**vars(inspect.getmodule(found) or minitorch), **names}
    return [
        test for test in doctest.DocTestFinder(recurse=inspect.isclass(found)).find(found, path, globs=globs) if test.examples
    ]


@pytest.mark.parametrize("path", [path for path, found in EXAMPLES.items() if examples_of(path, found)])
def test_the_examples_run(path, capsys):
    minitorch.manual_seed(0)
    for test in examples_of(path, EXAMPLES[path]):
        result = doctest.DocTestRunner().run(test)
        assert result.failed == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    "path", [path for path in NAMES if path.rpartition(".")[0] in COMPLETE and NAMES[path].__module__ not in TAPE]
)
def test_there_is_an_example(path):
    assert examples_of(path, NAMES[path]), f"{path} has no example in its docstring"


@pytest.mark.parametrize("path", NAMES)
def test_there_is_a_sentence(path):
    assert inspect.getdoc(NAMES[path]), f"{path} has no docstring"
