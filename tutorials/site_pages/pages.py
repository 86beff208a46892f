"""The pages of the site beside lessons and reference, as text in Markdown."""

import ast
import inspect
import re
from html import escape

import figures
from docutils.nodes import make_id

from minitorch.left_out import LEFT_OUT

from . import covers
from .lessons import HERE, SOURCE_FILE, all_lessons
from .reference import MODULES, public_names, source_page, sources

ROOT = HERE.parent
FRONT = """# minitorch

<div class="front">

A deep-learning framework small enough to read and exact enough to trust: tensors, gradients, layers, optimizers and
pictures, on NumPy alone, with the names, numbers and errors of PyTorch.

It is for people who want to know what happens inside a network, and for those who teach it. {count} lessons take you from
a grid of numbers to networks for images, sound and text. You predict, run, see, break and write; every exercise checks
itself and says what is off. What you learn holds in PyTorch, where the same programs run.

<a class="button first" href="lessons/{first}.html">Begin with lesson 1</a>
<a class="button" href="teachers.html">For teachers</a>

<a href="gallery/{picture}_page.html"><img src="gallery/{picture}.svg" alt="{told}"></a>

</div>

The picture is a convolution at work, one of {pictures} in the [gallery](pictures/layers.md). Open it, and drag the window.

## The lessons

{lessons}
"""

TEACHERS = """# For teachers

The lessons are scripts and notebooks at once. Each has exercises whose stubs are empty; they check themselves and say
what is off. All of it runs without a network and without a GPU.

## The plan

{plan}

{total} minutes in all. What each lesson covers, statement by statement, is in [](covers.md).

### Ninety minutes

One lesson fills 90 minutes in class, here lesson 6:

- 10 minutes: project the first picture of the lesson. The class predicts, then you step on.
- 50 minutes: everybody works through the notebook, alone or in pairs, with *predict* before each run.
- 20 minutes: exercises on the projector. Run a wrong answer first, and read what the check says about it.
- 10 minutes: *Common mistakes*, and *In PyTorch*.

Lesson 6 is long: leave *What a kernel looks for* and *Backward* for home, or for a second session with lesson 7.

## The notebooks

- <a href="lessons.zip">lessons.zip</a>: for students. The notebooks with empty stubs, and the two modules they import.
- <a href="lessons_with_solutions.zip">lessons_with_solutions.zip</a>: for you. The same with every exercise solved.

Unpack, and open in JupyterLab, VS Code or any other program for notebooks; minitorch must be installed (below).

## To grade

In a clone of the repository, with minitorch installed in `.venv` (below):

```text
.venv/bin/python tutorials/exercises.py HANDED_IN
```

`HANDED_IN` is a file, several files, or a folder with a folder for each student. Every lesson in it, script or notebook, is
run in a process of its own, and its score is printed: `2 of 3  HANDED_IN/ann/02_the_tape.ipynb`. A cell that fails is
named, and those after it still run. An exercise whose cell with `check` was deleted is not counted, so compare the second
number with the table above. `--quiet` prints the scores alone. It runs what students wrote: do so on a machine where that
may happen.

## To project

Press **L** on any page: larger type, one column, no side bars. **L** again brings them back. It is remembered from page to
page. <button class="button" data-lecture>Try it</button>

Every picture is a page of its own as well (*full page*, or in the gallery *As a page*), which fills a screen. The light or
dark scheme is changed with the sun at the top right.

## To install

You need Python 3.11 or newer. From the network, with `make`: `make demo` in the clone. By pip alone:

```text
git clone URL_OF_THE_REPOSITORY minitorch
cd minitorch
python -m venv .venv
.venv/bin/python -m pip install '.[viz,tutorials]' jupyterlab
```

On Windows, in PowerShell:

```text
py -m venv .venv
.venv\\Scripts\\python -m pip install '.[viz,tutorials]' jupyterlab
```

The notebooks import `exercises.py` and `figures.py`, which are beside them in the zip and in `tutorials/`.

### A room of machines without a network

On one machine with a network, of the same kind and with the same Python as the others, in the clone:

```text
python -m pip wheel --wheel-dir wheelhouse '.[viz,tutorials]' jupyterlab
```

Carry the folder `wheelhouse` and `lessons.zip` to the others (a memory stick, a shared folder), and on each:

```text
python -m venv .venv
.venv/bin/python -m pip install --no-index --find-links wheelhouse 'minitorch[viz,tutorials]' jupyterlab
```

With `--no-index` pip never asks the network. The name minitorch on the package index belongs to another project: without
`--no-index` that one would be installed.

### Colab

In a first cell:

```text
!git clone URL_OF_THE_REPOSITORY minitorch
!pip install './minitorch[viz,tutorials]'
import sys; sys.path.append("minitorch/tutorials")
```

{tried}
"""

TRIED = """These commands were tried on Linux with Python 3.11: from a clone, by pip alone, and from a folder of wheels
without a network. Colab and Windows were not at hand: their commands are the same, and untested."""


def first_words(text):
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


def link(page, text, anchor=""):
    return f'<a href="{page}.html{anchor and "#"}{anchor}">{escape(text)}</a>'


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def front(pictures):
    lessons = all_lessons()
    lines = [f"{lesson.number}. {link(f'lessons/{lesson.stem}', lesson.title)}, {lesson.minutes} minutes" for lesson in lessons]
    return FRONT.format(
        count=len(lessons), first=lessons[0].stem, pictures=pictures, lessons="\n".join(lines),
        picture="figure_01_kernel_slides", told=escape(figures.kernel_slides.__doc__),
    )  # fmt: skip


def teachers():
    lessons = all_lessons()
    plan = [
        (lesson.number, link(f"lessons/{lesson.stem}", lesson.title), lesson.minutes, lesson.pictures, len(lesson.exercises),
         linked_lessons(lesson.needs.removeprefix("You need ").rstrip("."), "lessons/"))
        for lesson in lessons
    ]  # fmt: skip
    head = ("", "lesson", "minutes", "pictures", "exercises", "before it")
    total = sum(lesson.minutes for lesson in lessons)
    return TEACHERS.format(plan=table(head, plan), total=total, tried=TRIED)


def linked_lessons(text, folder=""):
    """The text with each single 'lesson 7' a link."""
    stems = {lesson.number: lesson.stem for lesson in all_lessons()}

    def found(match):
        stem = stems.get(int(match[2]))
        return link(folder + stem, match[0]) if stem else match[0]

    return re.sub(r"\b([Ll]esson) (\d+)\b", found, text)


def lesson_text(text, names):
    """A cell of prose for the site: files, names of the reference and other lessons are links."""
    fields = re.split(r"(\$\$.*?\$\$|\$[^$]*\$|`[^`]+`)", text, flags=re.S)
    for n, field in enumerate(fields):
        if n % 2 == 0:
            fields[n] = linked_lessons(field)
        elif SOURCE_FILE.fullmatch(field):
            path = field.strip("`")
            path += "__init__.py" if path.endswith("/") else ""
            fields[n] = (
                f'<a href="../{source_page(path)}.html"><code>{field.strip("`")}</code></a>' if path in sources() else field
            )
        elif field.strip("`") in names:
            name = names[field.strip("`")]
            fields[n] = f'<a href="../{name}"><code>{field.strip("`")}</code></a>'
    return "".join(fields)


def reference_names():
    """`nn.Conv2d` and its like, as lessons write them: the place in the reference."""
    short = {"nn": "nn.", "functional": "F.", "tensor": "minitorch.", "viz": "viz.", "optim": "optim.", "init": "nn.init."}
    found = {}
    for page, (_, module) in MODULES.items():
        for name, _ in public_names(module):
            found[short.get(page, "") + name] = f"reference/{page}.html#{module.__name__}.{name}"
    return found


def covered():
    lessons = {lesson.number: lesson for lesson in all_lessons()}

    def place(number, heading):
        lesson = lessons[number]
        return link(f"lessons/{lesson.stem}", f"{number}. {lesson.title}: {heading}", make_id(heading))

    parts = [
        "# What the lessons cover\n\nThe statements, formulas and figures of a course on the layers of `torch.nn`, and where a "
        "lesson shows each of them with a run. Where course notes often have it wrong, the last column says what is right.\n"
    ]
    for title, statements in covers.STATEMENTS.items():
        rows = [(escape(told), place(number, heading), escape(right)) for told, number, heading, right in statements]
        parts.append(f"## {title}\n\n{table(('statement', 'lesson', 'what is right'), rows)}")
    rows = []
    for n, draw in enumerate(figures.FIGURES, start=1):
        told = draw.__doc__.split(". ", 1)[1]
        rows.append(
            (n, link("pictures/layers", told, f"figure_{n:02d}_{draw.__name__}"), place(*covers.FIGURES[draw.__name__]))
        )
    parts.append(f"## The figures\n\n{table(('', 'figure', 'lesson'), rows)}")
    parts.append(
        f"The nineteen settings of convolution arithmetic (Dumoulin and Visin 2016) are in the "
        f"{link('pictures/settings', 'gallery')}.\n"
    )
    return "\n".join(parts)


def left_out():
    parts = [
        "# What is left out, and why\n\nminitorch is a strict subset of PyTorch. A name that is missing raises "
        "AttributeError, and for those below the error says what to use instead. An argument that is missing raises TypeError; "
        "none is accepted and ignored.\n"
    ]
    for module, reasons in LEFT_OUT.items():
        rows = [(f"`{name}`", escape(why)) for name, why in reasons.items()]
        parts.append(f"## In {module}\n\n{table(('PyTorch has', 'here'), rows)}")
    return "\n".join(parts)


def page(name):
    """A page that is kept as text, in tutorials/pages/, without the marks around its tables."""
    text = (ROOT / "tutorials" / "pages" / f"{name}.md").read_text(encoding="utf-8")
    return re.sub(r"<!--.*?-->\n", "", text)


def checked():
    rows, total = [], 0
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        tests = sum(isinstance(node, ast.FunctionDef) and node.name.startswith("test") for node in ast.walk(tree))
        total += tests
        rows.append((f"`{path.relative_to(ROOT).as_posix()}`", escape(first_words(ast.get_docstring(tree))), tests))
    return (
        f"{page('checks')}\n## The test suite\n\n"
        f"{total} test functions; most run for many cases.\n\n{table(('file', 'what it checks', 'tests'), rows)}"
    )


def gallery(title, part):
    """A page of the gallery: each picture beside the code that made it."""
    told = (
        f"---\nhide-toc: true\n---\n\n# {title}\n\n{len(part)} pictures, each drawn by the code beside or below it. "
        "*As a page* opens a picture to point at, drag and step through; *Play it* shows a backward pass step by step.\n"
    )
    pieces = [told]
    for name, sentence, code, links in part:
        links = links.replace('href="', 'href="../gallery/')
        pieces.append(
            f'<div class="shown" id="{name}">\n<p>{escape(sentence)} {links}</p>\n<img src="../gallery/{name}.svg" '
            f'alt="{escape(sentence)}" loading="lazy">\n\n```python\n{code.strip()}\n```\n\n</div>\n'
        )
    return "\n".join(pieces)
