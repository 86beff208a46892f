"""The reference: a page for each module, of Sphinx's autodoc, and a page for each source file, with numbered lines."""

import functools
import inspect
import re
import sys
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

import minitorch
from minitorch import autograd, distributed, nn, onnx, optim, profiler, viz
from minitorch.nn import functional, init
from minitorch.optim import lr_scheduler
from minitorch.utils import data

from .docstrings import as_rst, inline

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = {  # page: title and module
    "nn": ("Layers: minitorch.nn", nn),
    "functional": ("Functions of layers: minitorch.nn.functional", functional),
    "init": ("Initial weights: minitorch.nn.init", init),
    "tensor": ("Tensors and functions: minitorch", minitorch),
    "autograd": ("The tape: minitorch.autograd", autograd),
    "optim": ("Optimizers: minitorch.optim", optim),
    "lr_scheduler": ("Schedules: minitorch.optim.lr_scheduler", lr_scheduler),
    "data": ("Data: minitorch.utils.data", data),
    "distributed": ("Several processes: minitorch.distributed", distributed),
    "profiler": ("Where the time goes: minitorch.profiler", profiler),
    "onnx": ("Files for other programs: minitorch.onnx", onnx),
    "viz": ("Pictures: minitorch.viz", viz),
}
OF_EVERY_LAYER = "forward, extra_repr, reset_parameters"


def public_names(module):
    """The functions and classes of a module, by name."""
    names = getattr(module, "__all__", None) or [name for name in dir(module) if not name.startswith("_")]
    for name in sorted(names, key=str.lower):
        value = getattr(module, name)
        if callable(value) and (getattr(value, "__module__", "") or "").startswith("minitorch"):
            yield name, value


def written_in(value):
    """The file and the line where a function or class is written; of the 1d, 2d and 3d of a function, where that is."""
    while True:
        if isinstance(value, functools.partial | functools.cached_property):
            value = value.func
        elif isinstance(value, property):
            value = value.fget
        elif hasattr(value, "__wrapped__") and not inspect.isclass(value):
            value = value.__wrapped__
        else:
            break
    code = getattr(value, "__code__", None)
    if code is not None:
        path, line = code.co_filename, code.co_firstlineno
    elif inspect.isclass(value):
        path = sys.modules[value.__module__].__file__
        if value.__module__ == "minitorch":  # Tensor says so, for print(type(x))
            path = value.__init__.__code__.co_filename
        found = re.search(rf"^( *)class {value.__name__}\b", Path(path).read_text(encoding="utf-8"), re.M)
        line = 1 if found is None else found.string.count("\n", 0, found.start()) + 1
    else:
        return None
    path = Path(path).resolve()
    return (path.relative_to(ROOT).as_posix(), line) if path.is_relative_to(ROOT / "minitorch") else None


def source_page(path):
    """The page of a source file, from the root of the site."""
    return "source/" + path.removesuffix(".py").replace("__init__", "init")


def link_to_source(domain, info):
    """For sphinx.ext.linkcode: where the source of a name of the reference is."""
    try:
        value = functools.reduce(getattr, info["fullname"].split("."), sys.modules[info["module"]])
    except (AttributeError, KeyError):
        return None
    place = written_in(value)
    return None if place is None else f"../{source_page(place[0])}.html#line-{place[1]}"


def sources():
    """The files that have a page."""
    helpers = [ROOT / "tutorials" / name for name in ("exercises.py", "figures.py", "gallery.py")]
    return [path.relative_to(ROOT).as_posix() for path in [*sorted((ROOT / "minitorch").rglob("*.py")), *helpers]]


def source_pages(app):
    """Sphinx's pages of the source files."""
    numbered = HtmlFormatter(linenos="inline", lineanchors="line", anchorlinenos=True, wrapcode=True)
    for path in sources():
        code = highlight((ROOT / path).read_text(encoding="utf-8"), PythonLexer(), numbered)
        yield source_page(path), {"title": path, "body": f"<h1>{path}</h1>{code}"}, "page.html"


def home(module, value):
    """The first module of the reference that has the class: its entry is there. A function has one in each."""
    if not inspect.isclass(value):
        return module
    return next(m for _, m in MODULES.values() if m is module or any(other is value for _, other in public_names(m)))


def families(module):
    """The names of a module by the file that they are written in."""
    found = {}
    for name, value in public_names(module):
        place = written_in(value)
        found.setdefault(place[0] if place else module.__name__.replace(".", "/"), []).append((name, value))
    return dict(sorted(found.items()))


def title(path):
    return Path(path).stem.replace("_", " ").replace("init", "package").capitalize()


def about(path):
    """The first sentence of a source file."""
    parts = ".".join(Path(path).with_suffix("").parts).removesuffix(".__init__")
    words = inspect.cleandoc(sys.modules[parts].__doc__ or "").split("\n\n")[0]
    return re.split(r" +\(Read this", " ".join(words.split()))[0]


def entry(module, name, value):
    kind = "class" if inspect.isclass(value) else "function"
    lines = [f".. auto{kind}:: {module.__name__}.{name}"]
    if kind == "class" and not issubclass(value, Exception):
        lines += ["   :members:", f"   :exclude-members: {OF_EVERY_LAYER}"] if value is not nn.Module else ["   :members:"]
    return "\n".join(lines) + "\n"


def page(heading, module):
    """A page of the reference: what the module is, all its names, and the entries by family."""
    parts = [heading, "=" * len(heading), "", *as_rst(inspect.cleandoc(module.__doc__ or "").split("\n\n")[0].split("\n")), ""]
    groups = families(module)
    parts += [".. container:: names", ""]
    for path, names in groups.items():
        links = " · ".join(f":py:obj:`{name} <{home(module, value).__name__}.{name}>`" for name, value in names)
        parts += [f"   **{title(path)}.** {links}", ""]
    for path, names in groups.items():
        entries = [entry(module, name, value) for name, value in names if home(module, value) is module]
        if entries:
            parts += [title(path), "-" * len(title(path)), "", f"{inline(about(path))} (:source:`{path}`)", "", *entries]
    return "\n".join(parts)


def plain_signature(app, what, name, value, options, signature, result):
    """A signature without the paths of modules and of objects in memory."""
    if signature:
        signature = re.sub(r"<[^<>]*>", "...", signature)
        signature = re.sub(r"\b(?:[A-Za-z_]\w*\.)+([A-Z]\w*)", r"\1", signature)
    return signature, (None if what == "class" else result and re.sub(r"\b(?:[a-z_]\w*\.)+(\w+)", r"\1", result))


def rewrite(app, what, name, value, options, lines):
    lines[:] = as_rst(lines)


def source_role(name, rawtext, text, lineno, inliner, options=None, content=()):
    from docutils import nodes

    reference = nodes.reference("", "", refuri=f"../{source_page(text)}.html")
    reference += nodes.literal(text, text)
    return [reference], []


def setup(app):
    """Sphinx calls it, through conf.py."""
    # It does not say that processes can share its work; it adds a file to each page, and remembers nothing.
    app.extensions["sphinx-mathjax-offline"].parallel_read_safe = True
    app.add_role("source", source_role)
    app.connect("autodoc-process-docstring", rewrite)
    app.connect("autodoc-process-signature", plain_signature)
    app.connect("html-collect-pages", source_pages)
