"""Build the documentation site: lessons with their figures, the gallery, a reference from the docstrings, pages for teachers.

`make site` runs it; it needs the extra `site`. Every lesson is run. The site is in tutorials/output/site, works without a
network, and is not committed. A warning, a spelling mistake or a link that leads nowhere is a fault. `site_pages/` has the
pages.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
from sphinx.cmd.build import main as sphinx

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import gallery  # noqa: E402
from site_pages import lessons, links, pages, reference  # noqa: E402

SOURCE, SITE = HERE / "output" / "site_source", HERE / "output" / "site"
CONF = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
from site_pages import reference
project = "minitorch"
html_title = "minitorch"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.linkcode", "sphinx.ext.mathjax", "sphinx-mathjax-offline"]
linkcode_resolve = reference.link_to_source
setup = reference.setup
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
add_module_names = False
python_use_unqualified_type_names = True
maximum_signature_line_length = 90
toc_object_entries_show_parents = "hide"
smartquotes = False
html_theme = "furo"
html_static_path = [{str(HERE / "site_pages" / "static")!r}]
html_css_files = ["site.css"]
html_js_files = ["lecture.js"]
html_theme_options = {{"footer_icons": []}}
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_extra_path = ["extra"]
myst_enable_extensions = ["dollarmath"]
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_ipywidgets_js = {{}}
nb_mime_priority_overrides = [("html", "text/html", 0), ("html", "image/svg+xml", 10)]
suppress_warnings = ["mystnb.unknown_mime_type", "config.cache"]
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def toctree(caption, *entries):
    return f"```{{toctree}}\n:caption: {caption}\n:maxdepth: 1\n:hidden:\n\n" + "\n".join(entries) + "\n```\n\n"


def write_lessons():
    names = pages.reference_names()
    for helper in lessons.HELPERS:
        write(SOURCE / "lessons" / helper, (HERE / helper).read_text(encoding="utf-8"))
    for lesson in lessons.all_lessons():
        notebook = lesson.notebook()
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = pages.lesson_text(cell.source, names)
        jupytext.write(notebook, SOURCE / "lessons" / f"{lesson.stem}.ipynb", fmt="ipynb")


def write_sources():
    """Everything that Sphinx reads."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    write(SOURCE / "conf.py", CONF)
    write_lessons()
    for page, (title, module) in reference.MODULES.items():
        write(SOURCE / "reference" / f"{page}.rst", reference.page(title, module))
    parts = gallery.drawn()
    shutil.copytree(gallery.OUTPUT, SOURCE / "extra" / "gallery", ignore=shutil.ignore_patterns("index.html"))
    for part, title, shown in parts:
        write(SOURCE / "pictures" / f"{part}.md", pages.gallery(title, shown))
    for page in ("layers", "pictures", "inside", "speed", "processes"):  # kept as text, in tutorials/pages/
        write(SOURCE / f"{page}.md", pages.page(page))
    for page in ("teachers", "covered", "left_out", "checked"):
        write(SOURCE / f"{page.replace('covered', 'covers')}.md", getattr(pages, page)())
    lessons.write_zips(SOURCE / "extra")
    contents = (
        toctree("Lessons", *(f"lessons/{lesson.stem}" for lesson in lessons.all_lessons())),
        toctree("Gallery", *(f"pictures/{part}" for part, *_ in parts)),
        toctree("Teaching", "teachers", "covers"),
        toctree("Reference", *(f"reference/{page}" for page in reference.MODULES), "All names <genindex>"),
        toctree("About", "layers", "pictures", "inside", "left_out", "checked", "speed", "processes"),
    )
    write(SOURCE / "index.md", pages.front(sum(len(shown) for *_, shown in parts)) + "".join(contents))


def faults():
    """What is wrong with the site, as sentences."""
    shutil.rmtree(SITE, ignore_errors=True)
    write_sources()
    prose = [HERE, HERE.parent / "minitorch", *HERE.parent.glob("*.md")]
    spelt = subprocess.run([sys.executable, "-m", "codespell_lib", "--skip", "*/output", *map(str, prose)], cwd=HERE.parent)
    if spelt.returncode:
        yield "there are spelling mistakes"
    if sphinx(["-q", "-j", "auto", "-b", "html", "-W", "--keep-going", str(SOURCE), str(SITE)]):
        yield "Sphinx has warnings, see above"
    for page, link in links.broken(SITE):
        yield f"{page} has a link that leads nowhere: {link}"


if __name__ == "__main__":
    found = list(faults())
    print(*found, sep="\n")
    print("the site has faults, see above" if found else f"the site is in {SITE / 'index.html'}")
    sys.exit(bool(found))
