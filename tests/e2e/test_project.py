"""Promises about the project as a whole: the direction of imports, the examples in the texts, the tutorials."""

import doctest
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import minitorch
from minitorch.left_out import LEFT_OUT

ROOT = Path(__file__).parents[2]


def run(*command, cwd=ROOT, **environment):
    return subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        timeout=300,
        check=False,
    )


def test_imports_point_downward():
    pytest.importorskip("importlinter")
    result = run(sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    assert "0 broken" in result.stdout, result.stdout + result.stderr


def test_importing_needs_numpy_and_graphviz_alone():
    code = "import sys, minitorch, minitorch.viz; print(sorted({m.partition('.')[0] for m in sys.modules}))"
    loaded = run(sys.executable, "-c", code).stdout
    for heavy in ("pygraphviz", "matplotlib", "sklearn", "tqdm", "torch", "scipy", "hypothesis", "cupy"):
        assert f"'{heavy}'" not in loaded


def test_numpys_warnings_are_kept_for_the_program_but_not_for_minitorch():
    code = (
        "import warnings, numpy, minitorch; warnings.simplefilter('error', append=True)\n"
        "x = minitorch.tensor([0.0, -1.0]); print(x.log(), x / 0)\n"
        "try: numpy.log(numpy.zeros(1))\n"
        "except RuntimeWarning: print('warned')"
    )
    assert run(sys.executable, "-c", code).stdout.split("\n")[:2] == ["tensor([-inf, nan]) tensor([nan, -inf])", "warned"]


@pytest.mark.slow
@pytest.mark.parametrize("text", ["README.md", "CONTRIBUTING.md", "tutorials/pages/speed.md", "tutorials/pages/pictures.md"])
def test_the_examples_in_the_texts_run_and_print_what_they_say(text, tmp_path):
    pytest.importorskip("pygraphviz")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / text).read_text(), re.S)
    assert blocks
    for block in blocks:
        printed = run(sys.executable, "-c", block, cwd=tmp_path)
        assert printed.returncode == 0, printed.stderr
        promised = [line.partition("# ")[2] for line in block.splitlines() if line.startswith("print(")]
        for promise, line in zip(promised, printed.stdout.splitlines(), strict=True):
            assert promise.split(": the")[0] == line


def test_the_page_of_layers_names_every_layer():
    text = (ROOT / "tutorials" / "pages" / "layers.md").read_text()
    ranks = [
        f"{name}{r}d"
        for name, rest in re.findall(r"(\w+?)1d((?:/\dd)*)", text)
        for r in "1" + rest.replace("/", "").replace("d", "")
    ]
    named = set(re.findall(r"\w+", text)) | set(ranks)
    assert set(minitorch.nn.__all__) - {"functional", "init", "utils"} <= named


def test_the_operations_shown_to_contributors_are_those_of_the_package():
    text, source = (ROOT / "CONTRIBUTING.md").read_text(), (ROOT / "minitorch" / "ops" / "trigonometry.py").read_text()
    shown = re.findall(r"\n((?:    .*\n|\n)+)", text)
    classes = [re.sub(r"(?m)^    ", "", block).strip() for block in shown if "class Asinh" in block or "class Hypot" in block]
    assert len(classes) == 2
    assert all(block in source for block in classes)


def test_the_example_of_the_package():
    (examples,) = doctest.DocTestFinder(recurse=False).find(minitorch, "minitorch")
    result = doctest.DocTestRunner().run(examples)
    assert (result.failed, result.attempted >= 3) == (0, True)


def test_bare_arrays_are_refused_at_the_public_face():
    import numpy as np

    array = np.ones(2)
    for call in (
        lambda: minitorch.exp(array),
        lambda: minitorch.add(minitorch.ones(2), array),
        lambda: minitorch.cat([array, array]),
        lambda: minitorch.sum(3.0),
        lambda: minitorch.einsum("i->", array),
    ):
        with pytest.raises(TypeError, match="Tensor"):
            call()
    for product in (minitorch.ones(2) * array, array * minitorch.ones(2)):  # operators take arrays, as PyTorch's do
        assert isinstance(product, minitorch.Tensor)
        assert product.dtype is minitorch.float64
    assert (minitorch.ones(2) * np.float64(2)).dtype is minitorch.float32


@pytest.mark.slow
def test_the_quickstart(tmp_path):
    pytest.importorskip("sklearn")
    pytest.importorskip("tqdm")
    pytest.importorskip("pygraphviz")
    result = run(sys.executable, "tutorials/00_quickstart.py")
    assert result.returncode == 0, result.stderr
    assert "WRONG" not in result.stdout
    assert float(re.search(r"It reads ([\d.]+)%", result.stdout).group(1)) >= 97
    output = ROOT / "tutorials" / "output"
    assert (output / "00_quickstart_graph.svg").read_text().count("Conv2d") >= 2
    assert len((output / "00_quickstart_backward.html").read_bytes()) < 300_000
    assert "What next?" in result.stdout


@pytest.mark.slow
def test_the_gallery():
    pytest.importorskip("pygraphviz")
    result = run(sys.executable, "tutorials/gallery.py")
    assert result.returncode == 0, result.stderr
    gallery = ROOT / "tutorials" / "output" / "gallery"
    page = (gallery / "index.html").read_text()
    files = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert [len(re.findall(rf'src="{kind}_\d+', page)) for kind in ("figure", "setting")] == [24, 19]
    assert len(files) >= 120
    assert all((gallery / file).stat().st_size > 1000 for file in files)


def test_what_is_left_out_says_what_to_use_instead():
    for module, names in LEFT_OUT.items():
        found = importlib.import_module(module)
        for name, reason in names.items():
            assert name not in vars(found), f"{module}.{name} is there"
            with pytest.raises(AttributeError, match=re.escape(f"{module}.{name} is not part of minitorch: {reason}")):
                getattr(found, name)
        with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'nothing'"):
            _ = found.nothing
    assert not hasattr(minitorch.nn, "Transformer")
