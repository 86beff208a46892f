"""The lessons as data: their heads and headings, their exercises, the files they name; and as notebooks, in zips."""

import ast
import re
import zipfile
from pathlib import Path

import jupytext

HERE = Path(__file__).resolve().parent.parent
HELPERS = ("exercises.py", "figures.py", "digits_in_processes.py")  # what the notebooks import or start
CHECK = re.compile(r'^check\("([\d.]+)", (\w+)\)', re.M)
SOURCE_FILE = re.compile(r"`((?:minitorch|tutorials)/[\w/]+(?:\.py|/))`")  # or a folder


class Lesson:
    """A lesson in tutorials/: its title, its minutes, what it needs, its headings."""

    def __init__(self, path):
        self.path, self.stem, self.text = path, path.stem, path.read_text(encoding="utf-8")
        self.number = int(self.stem[:2])
        self.title = re.search(r"^# # \d+\. (.+)$", self.text, re.M)[1]
        head = re.search(r"^# \*About (\d+) minutes\.\s+(.*?)\*$", self.text, re.M | re.S)
        self.minutes, self.needs = int(head[1]), " ".join(head[2].replace("\n#", " ").split())
        self.headings = re.findall(r"^# ## (.+)$", self.text, re.M)
        self.exercises = [number for number, _ in CHECK.findall(self.text)]
        self.pictures = len(re.findall(r"^(?:\w+ = )?(?:viz\.(?!record)\w+|figures\.\w+|\w+\.beside)\(", self.text, re.M))
        self.sources = sorted(set(SOURCE_FILE.findall(self.text.replace("\n# ", " "))))

    def notebook(self):
        notebook = jupytext.reads(self.text, fmt="py:percent")
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        return notebook

    def solved(self):
        """The notebook with the answers of tutorials/solutions in place of the stubs."""
        notebook = self.notebook()
        source = (HERE / "solutions" / self.path.name).read_text(encoding="utf-8")
        names = dict(CHECK.findall(self.text)).values()
        answers, around = {}, []
        for node in ast.parse(source).body:
            name = name_of(node)
            code = ast.get_source_segment(source, node)
            if name in names:
                answers[name] = code
            elif not isinstance(node, ast.Expr) and code not in self.text:  # imports, and functions that answers call
                around.append(code)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                for _, name in CHECK.findall(cell.source):
                    cell.source = with_answer(
                        cell.source, name, "\n\n\n".join(["\n".join(around)] * bool(around) + [answers[name]])
                    )
                    around = []
        return notebook


def name_of(node):
    if isinstance(node, ast.Assign):
        return getattr(node.targets[0], "id", None)
    return getattr(node, "name", None)


def with_answer(cell, name, answer):
    """The source of a cell with `answer` in place of the definition of `name`."""
    (node,) = (node for node in ast.parse(cell).body if name_of(node) == name)
    lines = cell.split("\n")
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
    return "\n".join([*lines[: first - 1], answer, *lines[node.end_lineno :]])


def all_lessons():
    return [Lesson(path) for path in sorted(HERE.glob("[0-9][0-9]_*.py")) if not path.stem.startswith("00")]


def write_zips(folder):
    """lessons.zip for students, lessons_with_solutions.zip for teachers: notebooks, and what they import."""
    for name, made in (("lessons", Lesson.notebook), ("lessons_with_solutions", Lesson.solved)):
        with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for helper in HELPERS:
                archive.write(HERE / helper, f"{name}/{helper}")
            for lesson in all_lessons():
                archive.writestr(f"{name}/{lesson.stem}.ipynb", jupytext.writes(made(lesson), fmt="ipynb"))
