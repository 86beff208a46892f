"""The site: what its pages are made from is right, its zips open and run; and, where it is built, a walk through all of it."""

import importlib.util
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "tutorials" / "output" / "site"


@pytest.fixture(scope="module")
def pages():
    """The package site_pages, with tutorials/ in front of the path as the build has it."""
    for name in ("jupytext", "sphinx", "pygments"):
        pytest.importorskip(name, reason="what builds the site is not installed: make site")
    pytest.importorskip("pygraphviz")
    sys.path.insert(0, str(ROOT / "tutorials"))
    from site_pages import docstrings, lessons, links, reference

    yield {"docstrings": docstrings, "lessons": lessons, "links": links, "reference": reference}
    sys.path.remove(str(ROOT / "tutorials"))
    for name in [name for name in sys.modules if name in ("figures", "exercises") or name.startswith("site_pages")]:
        del sys.modules[name]


def test_docstrings_become_restructuredtext(pages):
    as_rst = pages["docstrings"].as_rst
    text = ["y = x * w_, by `f`", "", "With `k`=1, |x|. Raises ValueError for *no* x.", "", "Example:", "    >>> f(1)", "    2"]
    assert as_rst(text) == [
        ".. container:: formula", "", r"   | y = x \* w\_, by ``f``", "",
        r"With ``k``\ =1, \|x\|.", "", ".. container:: raises", "", r"   **Raises** ValueError for \*no\* x.", "",
        ".. rubric:: Example", "", ".. code-block:: pycon", "", "   >>> f(1)", "   2", "",
    ]  # fmt: skip
    described = as_rst(["open: which", "    of them", "show: more"])
    assert described == ["``open``", "   which", "   of them", "``show``", "   more", ""]


def test_every_public_name_is_found_in_its_source(pages):
    reference = pages["reference"]
    for _, module in reference.MODULES.values():
        for name, value in reference.public_names(module):
            path, line = reference.written_in(value)
            written = (ROOT / path).read_text().split("\n")[line - 1 : line + 6]
            assert any(text.lstrip().startswith(("def ", "class ", "@")) for text in written), (name, path, line)


@pytest.fixture(scope="module")
def zips(pages, tmp_path_factory):
    folder = tmp_path_factory.mktemp("zips")
    pages["lessons"].write_zips(folder)
    for path in folder.glob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
    return folder


@pytest.mark.parametrize(("name", "solved"), [("lessons", 0), ("lessons_with_solutions", 3)])
def test_a_notebook_of_a_zip_runs(zips, name, solved):
    """By the teacher's own command, on the folder that was unpacked; nothing but the zip is on the path."""
    for path in (zips / name).glob("*.ipynb"):
        if not path.stem.startswith("08"):
            path.rename(path.with_suffix(".other"))
    result = subprocess.run(
        [sys.executable, str(zips / name / "exercises.py"), "--quiet", str(zips / name)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.stdout.strip().split("\n") == [f"{solved} of 3  {zips / name / '08_transposed_convolution.ipynb'}"], (
        result.stderr
    )


def test_stubs_do_not_contain_solutions(pages, zips):
    for lesson in pages["lessons"].all_lessons():
        (path,) = [path for path in (zips / "lessons").iterdir() if path.stem == lesson.stem]
        text = "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text())["cells"])
        solved = lesson.solved()
        stubs = [cell.source for cell in lesson.notebook().cells]
        answers = [cell.source for cell in solved.cells if cell.source not in stubs]
        assert len(answers) == len(lesson.exercises)
        for answer in answers:
            assert answer not in text
            compile(answer, lesson.stem, "exec")
    with zipfile.ZipFile(zips / "lessons.zip") as archive:
        assert not [name for name in archive.namelist() if "solution" in name]


def test_spelling():
    if importlib.util.find_spec("codespell_lib") is None:
        pytest.skip("codespell is not installed: make site")
    prose = ["tutorials", "minitorch", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
    result = subprocess.run(
        [sys.executable, "-m", "codespell_lib", "--skip", "*/output", *prose], capture_output=True, text=True, cwd=ROOT
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.site
def test_every_link_of_the_built_site(pages):
    if not (SITE / "index.html").exists():
        pytest.skip("the site is not built: make site")
    assert list(pages["links"].broken(SITE)) == []


@pytest.mark.site
def test_a_walk_through_the_built_site():
    """No error in a page, no request that leaves the machine, nothing wider than the window, no figure without size."""
    if not (SITE / "index.html").exists():
        pytest.skip("the site is not built: make site")
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make browser")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("there is no Chromium on this machine")
    faults, at = [], None
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("console", lambda message: faults.append((at, message.text)) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append((at, str(error))))
        page.on(
            "request", lambda r: None if r.url.startswith(("file:", "data:", "blob:", "about:")) else faults.append((at, r.url))
        )
        for path in sorted(SITE.rglob("*.html")):
            at = path.relative_to(SITE).as_posix()
            if path.parts[-2] in ("gallery", "_static") or "source" in path.relative_to(SITE).parts:
                continue  # tests/e2e/test_browser*.py drive pictures; source files have no scripts of their own
            page.goto(path.as_uri())
            page.evaluate("document.querySelectorAll('img').forEach(image => { image.loading = 'eager'; })")
            page.wait_for_load_state("networkidle")
            shown = page.evaluate(SHOWN)
            faults += [(at, fault) for fault in shown["faults"]]
            lesson = at.startswith("lessons/")
            assert shown["figures"] or not (lesson and "viz.animate(" in path.read_text(encoding="utf-8")), at
        page.goto((SITE / "lessons" / "06_convolution.html").as_uri())
        for lecture in (True, False):
            page.keyboard.press("l")
            assert page.locator(".sidebar-drawer").is_visible() != lecture
        browser.close()
    assert faults == []


SHOWN = """async () => {
    const faults = [], figures = [...document.querySelectorAll("article iframe, article img, article svg")]
        .filter(e => !e.closest("details") && !e.closest(".icon, .admonition") && e.offsetParent !== null);
    await Promise.all(figures.filter(e => e.decode).map(e => e.decode().catch(() => faults.push("not an image: " + e.src))));
    for (const e of figures) {
        const box = e.getBoundingClientRect();
        if (box.width < 5 || box.height < 5) faults.push("a figure without size: " + e.outerHTML.slice(0, 100));
    }
    const wide = document.documentElement.scrollWidth - innerWidth;
    if (wide > 2) faults.push("wider than the window by " + wide);
    return { faults, figures: figures.length };
}"""
