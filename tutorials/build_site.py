"""Build the documentation site: lessons with their figures, the gallery, and a reference from the docstrings.

`make site` runs it; it needs the extra `site`. Every lesson is run. The site is in tutorials/output/site, works without a
network, and is not committed.
"""

import inspect
import re
import runpy
import shutil
import sys
from pathlib import Path

import jupytext
from sphinx.cmd.build import main as sphinx

import minitorch
from minitorch import autograd, nn, optim, viz
from minitorch.nn import functional
from minitorch.optim import lr_scheduler
from minitorch.utils import data

HERE = Path(__file__).parent
SOURCE, SITE = HERE / "output" / "site_source", HERE / "output" / "site"
LESSONS = sorted(path.stem for path in HERE.glob("[01][0-9]_*.py") if not path.stem.startswith("00"))

CONF = """
project = "minitorch"
html_title = "minitorch"
extensions = ["myst_nb", "sphinx.ext.mathjax", "sphinx-mathjax-offline"]
html_theme = "furo"
myst_enable_extensions = ["dollarmath"]
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_ipywidgets_js = {}
nb_mime_priority_overrides = [("html", "text/html", 0), ("html", "image/svg+xml", 10)]
html_show_copyright = False
html_extra_path = ["extra"]
suppress_warnings = ["mystnb.unknown_mime_type"]
"""

REFERENCE = {  # page: title and module
    "nn": ("Layers: minitorch.nn", nn),
    "functional": ("Functions of layers: minitorch.nn.functional", functional),
    "tensor": ("Tensors and functions: minitorch", minitorch),
    "autograd": ("The tape: minitorch.autograd", autograd),
    "optim": ("Optimizers: minitorch.optim", optim),
    "lr_scheduler": ("Schedules: minitorch.optim.lr_scheduler", lr_scheduler),
    "data": ("Data: minitorch.utils.data", data),
    "viz": ("Pictures: minitorch.viz", viz),
}


def public_names(module):
    names = getattr(module, "__all__", None) or [name for name in dir(module) if not name.startswith("_")]
    for name in sorted(names, key=str.lower):
        value = getattr(module, name)
        if callable(value) and (getattr(value, "__module__", "") or "").startswith("minitorch"):
            yield name, value


def entry(name, value):
    """The signature of a function or class, and its docstring as it is: the formulas in them are plain text."""
    try:
        signature = str(inspect.signature(value))
    except (TypeError, ValueError):
        signature = "(...)"
    signature = re.sub(r"<[^<>]*>", "...", signature)
    words = inspect.cleandoc(value.__doc__ or "")
    return f"## {name}\n\n```text\n{name}{signature}\n```\n\n```text\n{words}\n```\n"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def toctree(caption, *pages):
    return f"```{{toctree}}\n:caption: {caption}\n:maxdepth: 1\n\n" + "\n".join(pages) + "\n```\n\n"


def build():
    shutil.rmtree(SOURCE, ignore_errors=True)
    shutil.rmtree(SITE, ignore_errors=True)
    write(SOURCE / "conf.py", CONF)
    for name in ("exercises.py", "figures.py"):
        write(SOURCE / "lessons" / name, (HERE / name).read_text(encoding="utf-8"))
    for lesson in LESSONS:
        notebook = jupytext.read(HERE / f"{lesson}.py")
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        jupytext.write(notebook, SOURCE / "lessons" / f"{lesson}.ipynb", fmt="ipynb")
    for page, (title, module) in REFERENCE.items():
        entries = "\n".join(entry(name, value) for name, value in public_names(module))
        write(
            SOURCE / "reference" / f"{page}.md",
            f"# {title}\n\n```text\n{inspect.cleandoc(module.__doc__ or '')}\n```\n\n{entries}",
        )
    runpy.run_path(str(HERE / "gallery.py"), run_name="__main__")
    shutil.copytree(HERE / "output" / "gallery", SOURCE / "extra" / "gallery")
    words = (
        "# minitorch\n\nA deep-learning framework small enough to read and exact enough to trust.\n\n"
        "The lessons run as you read: every figure below comes from the code above it. The "
        "<a href='gallery/index.html'>gallery</a> has pictures of graphs, of layers and of the standard settings of "
        "convolution arithmetic.\n\n"
    )
    lessons = toctree("Lessons", *(f"lessons/{lesson}" for lesson in LESSONS))
    write(SOURCE / "index.md", words + lessons + toctree("Reference", *(f"reference/{page}" for page in REFERENCE)))
    return sphinx(["-q", "-b", "html", "-W", "--keep-going", str(SOURCE), str(SITE)])


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    status = build()
    print(f"the site is in {SITE / 'index.html'}" if status == 0 else "the site has faults, see above")
    sys.exit(status)
