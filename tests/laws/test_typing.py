"""What type checkers, editors, dir() and help() see of the package.

The programs of tests/typing are run, and checked by mypy and by pyright, where they are installed.
"""

import ast
import inspect
import json
import os
import re
import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import minitorch as mt
from minitorch import nn, viz

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tests" / "typing"
RIGHT, WRONG = [PROGRAMS / "layers.py", PROGRAMS / "right.py"], PROGRAMS / "wrong.py"
PUBLIC = [
    mt, mt.accelerator, mt.autograd, mt.autograd.functional, mt.autograd.graph, mt.backends, mt.cuda, mt.linalg, mt.nn,
    mt.nn.functional, mt.nn.init, mt.nn.utils, mt.nn.utils.parametrizations, mt.nn.utils.parametrize, mt.nn.utils.rnn,
    mt.optim, mt.optim.lr_scheduler, mt.utils, mt.utils.checkpoint,
    mt.utils.data, viz,
]  # fmt: skip


def mypy_errors(*files):
    """{(file, line): messages} of what mypy --strict reports of some files."""
    command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--follow-imports=silent", "--hide-error-context"]
    run = subprocess.run(
        [*command, *map(str, files)], cwd=ROOT, capture_output=True, text=True, env=os.environ | {"MYPYPATH": "."}
    )
    assert run.returncode in (0, 1), run.stdout + run.stderr
    found = {}
    for path, line, message in re.findall(r"^(.*?):(\d+): error: (.*)$", run.stdout, re.M):
        found.setdefault(((ROOT / path).name, int(line)), []).append(message)
    return found


def pyright_errors(*files):
    """{(file, line): messages} of what pyright reports of some files."""
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson"]
    run = subprocess.run([*command, *map(str, files)], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode in (0, 1), run.stdout + run.stderr
    found = {}
    for entry in json.loads(run.stdout)["generalDiagnostics"]:
        if entry["severity"] == "error":
            place = Path(entry["file"]).name, entry["range"]["start"]["line"] + 1
            found.setdefault(place, []).append(entry["message"])
    return found


def is_there(checker):
    """Whether a checker is installed, and runs: pyright downloads itself when it first does."""
    return (
        find_spec(checker) is not None
        and not subprocess.run([sys.executable, "-m", checker, "--version"], capture_output=True).returncode
    )


checkers = pytest.mark.parametrize(
    "errors",
    [
        pytest.param(check, id=name, marks=pytest.mark.skipif(not is_there(name), reason=f"{name} is not installed"))
        for name, check in (("mypy", mypy_errors), ("pyright", pyright_errors))
    ],
)


@checkers
def test_checkers_accept_what_is_right(errors):
    assert errors(*RIGHT) == {}


@checkers
def test_checkers_refuse_what_is_wrong(errors):
    marked = {("wrong.py", i) for i, line in enumerate(WRONG.read_text().splitlines(), 1) if "# wrong" in line}
    found = errors(WRONG)
    assert marked - set(found) == set(), "lines in which the checker finds no mistake"
    assert {place: found[place] for place in set(found) - marked} == {}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("program", RIGHT, ids=lambda path: path.stem)
def test_the_right_programs_run(program):
    runpy.run_path(str(program))


def test_every_layer_is_among_the_checked_programs():
    used = {node.attr for node in ast.walk(ast.parse(RIGHT[0].read_text())) if isinstance(node, ast.Attribute)}
    layers = {name for name in nn.__all__ if inspect.isclass(getattr(nn, name)) and issubclass(getattr(nn, name), nn.Module)}
    assert layers - used - {"RNNBase", "RNNCellBase"} == set(), "add a call of each to tests/typing/layers.py"


def test_the_package_says_that_it_has_types():
    assert (Path(mt.__file__).parent / "py.typed").exists()


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_dir_shows_the_public_names_alone(module):
    assert dir(module) == sorted(set(module.__all__))
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert [name for name in module.__all__ if name.startswith("_")] == []


@pytest.mark.parametrize("module", [mt.functional, nn.functional], ids=lambda module: module.__name__)
def test_every_public_function_is_listed(module):
    defined = {n for n, value in vars(module).items() if inspect.isfunction(value) and value.__module__ == module.__name__}
    assert {n for n in defined if not n.startswith("_")} == set(module.__all__)


def test_viz_is_imported_when_it_is_named():
    program = "import sys, minitorch; assert 'minitorch.viz' not in sys.modules; minitorch.viz.graph; minitorch.viz.play"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
    with pytest.raises(AttributeError, match="no attribute 'visual'"):
        mt.visual  # noqa: B018


def public_callables():
    for module in PUBLIC:
        for name in module.__all__:
            if callable(getattr(module, name)):
                yield f"{module.__name__}.{name}", getattr(module, name)
    for name in dir(mt.Tensor):
        if not name.startswith("_") and callable(getattr(mt.Tensor, name)):
            yield f"Tensor.{name}", getattr(mt.Tensor, name)


TAKES_ANYTHING = {"minitorch.nn.Identity", "minitorch.utils.data.StackDataset", "minitorch.autograd.graph.TensorBase"}
NO_FUNCTION = {
    "minitorch.autograd.graph.Edge",
    "minitorch.utils.checkpoint.CheckpointError",
    "minitorch.linalg.LinAlgError",
}  # a type; errors


def test_every_public_callable_has_a_signature():
    opaque = []
    for name, value in public_callables():
        if name not in NO_FUNCTION:
            signature = inspect.signature(value)
            kinds = [p.kind for p in signature.parameters.values() if p.name != "self"]
            if kinds == [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD] and name not in TAKES_ANYTHING:
                opaque.append(f"{name}{signature}")
            if not inspect.isclass(value) and signature.return_annotation is inspect.Signature.empty:
                opaque.append(f"{name}{signature}")
    assert opaque == []
