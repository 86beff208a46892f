"""The lessons: each runs, its stubs are told to be unwritten, its solutions are right, and wrong answers are not."""

import importlib.util
import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import Function

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "tutorials").glob("0[1-9]_*.py")) + sorted((ROOT / "tutorials").glob("1[0-9]_*.py"))
EXERCISES = [
    (lesson.stem, *found) for lesson in LESSONS for found in re.findall(r'check\("([\d.]+)", (\w+)\)', lesson.read_text())
]


def module(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture(scope="module")
def exercises():
    return module(ROOT / "tutorials" / "exercises.py", "exercises_of_the_lessons")


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_with_nothing_written(lesson):
    pytest.importorskip("sklearn")
    pytest.importorskip("PIL")
    start = time.monotonic()
    result = subprocess.run([sys.executable, str(lesson)], capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    numbers = [number for stem, number, _ in EXERCISES if stem == lesson.stem]
    assert 3 <= len(numbers) <= 6
    assert numbers == [f"{lesson.stem[:2]}.{n}" for n in range(1, len(numbers) + 1)]
    assert result.stdout.count("not written yet") == len(numbers)
    assert time.monotonic() - start < 120


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_is_a_notebook_that_teachers_can_read(lesson):
    text = lesson.read_text()
    assert text.startswith("# %% [markdown]\n# # ")
    for part in ("At the end you can", "## In PyTorch", "## Common mistakes", "Where it is", "*Predict:*"):
        assert part in text
    for cell in text.split("# %% [markdown]\n")[1:]:
        prose = cell.split("\n# %%")[0]
        assert all(line.startswith("#") or not line for line in prose.split("\n")), prose


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_files_that_a_lesson_names_are_there(lesson):
    for path in re.findall(r"`((?:minitorch|tutorials)/[\w/]+(?:\.py|/))`", lesson.read_text()):
        assert (ROOT / path).exists(), path


def test_what_the_lessons_cover(monkeypatch):
    """Each row of the page names a lesson, and a heading of it; each figure of the course has a row."""
    pytest.importorskip("sklearn")
    monkeypatch.syspath_prepend(ROOT / "tutorials")
    covers = module(ROOT / "tutorials" / "site_pages" / "covers.py", "covers")
    headings = {int(path.stem[:2]): re.findall("^# ## (.+)$", path.read_text(), re.M) for path in LESSONS}
    rows = list(covers.rows())
    assert len(rows) > 50
    for statement, number, heading in rows:
        assert heading in headings[number], statement


@pytest.mark.parametrize(("lesson", "number", "name"), EXERCISES, ids=lambda value: value)
def test_solutions_are_right(exercises, lesson, number, name, capsys):
    solutions = module(ROOT / "tutorials" / "solutions" / f"{lesson}.py", f"solutions_{lesson}")
    exercises.check(number, getattr(solutions, name))
    assert capsys.readouterr().out.endswith(f"exercise {number}: right\n")
    assert exercises.RESULTS[number]


def timed(run, wait, clock, rounds, warm=True, before=True, after=True, sum_up=statistics.median):
    """The solution of 15.5, without some of its parts."""
    times = [run()] if warm else []
    for _ in range(rounds):
        if before:
            wait()
        start = clock()
        run()
        if after:
            wait()
        times.append(clock() - start)
    return sum_up(times[warm:])


def to_all_equals(image, upstream, k):
    """The solution of 9.2, but for ties: each of the largest gets the gradient."""
    largest, sent = (small.repeat_interleave(k, 0).repeat_interleave(k, 1) for small in (max_pool(image, k), upstream))
    return sent * (image == largest)


def max_pool(image, k):
    return mt.nn.functional.max_pool2d(image[None, None], k)[0, 0]


def depth_first(uses, last):
    """A node before its parents, and the first parent with all of its own before the second."""
    order = []

    def go(name):
        if name not in order:
            order.append(name)
            for parent in uses.get(name, []):
                go(parent)

    go(last)
    return order


WRONG = {
    "01.1": (lambda a, b: a, lambda a, b: (9, 9)),
    "01.2": (lambda table: table - table.mean(1, keepdim=True), lambda table: table),
    "01.3": (lambda points, others: points @ others.T,),
    "02.1": (lambda g, a, b: (g * a, g * b), lambda g, a, b: (b, a)),
    "02.2": (depth_first, lambda uses, last: [last], lambda uses, last: sorted({*'yuwx'}) if last == 'y' else [*'abcde']),
    "02.3": (lambda loss, w, lr, n: w, lambda loss, w, lr, n: 3.0),
    "03.1": (lambda f, point, h=1e-5: [0.0] * len(point), lambda f, p: [2 * p[0] * p[1], p[0] ** 2, p.pop() ** 0]),
    "03.2": ("tanh", "sqrt"),
    "03.3": (lambda f, x: float(f(mt.tensor(x))),),
    "04.1": (lambda x, weight, bias: x @ weight.T, lambda x, weight, bias: x),
    "04.2": (lambda g, x, weight: (g @ weight, x.T @ g, g.sum(0)), lambda g, x, weight: g),
    "04.3": (mt.nn.Linear, 3),
    "05.1": (lambda x: 2 / (1 + 2.718281828 ** (2 * x)) - 1, lambda x: x),
    "05.2": (lambda depth: 0.25, lambda depth: 1 / (4 * depth)),
    "05.3": (lambda g, x, slope: g, lambda g, x, slope: g * (x > 0)),
    "06.1": (lambda n, k, s, p, d: (n + p - d * (k - 1) - 1) // s + 1, lambda n, k, s, p, d: (n + 2 * p - k) // s + 1),
    "06.2": (lambda x, w, s: [w[0] * v for v in x[:: s]], lambda x, w, s: [sum(x)] * (len(x) - len(w) + 1)),
    "06.3": (lambda i, o, k, g, out: k[0] * k[1] * i * o * out[0] * out[1],),
    "06.4": ([1.0, 0.0, -1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 2.0]),
    "07.1": (lambda w, n: mt.zeros(n - len(w) + 1, n), lambda w, n: w),
    "07.2": (lambda image, k: image.reshape(-1, 1),),
    "07.3": (lambda image, upstream: upstream,),
    "08.1": (lambda x, w, stride: [0.0] * ((len(x) - 1) * stride + len(w)),),
    "08.2": (lambda n, k, s, p: 0, lambda n, k, s, p: 1),
    "08.3": (lambda stride: 3, lambda stride: stride - 1, lambda stride: stride),
    "09.1": (lambda image, k: image[::k, ::k],),
    "09.2": (lambda image, upstream, k: image * 0, to_all_equals),
    "09.3": (lambda k: mt.ones(k, k), lambda k: [[1 / k**2] * k] * k),
    "10.1": (lambda scores, right: -scores[right], lambda scores, right: 0.0),
    "10.2": (lambda inputs: 1 / inputs, lambda inputs: inputs**-0.5),
    "10.3": (lambda w, g, v, lr, mu: (w - lr * g, v), lambda w, g, v, lr, mu: w),
    "11.1": (mt.nn.Linear, 3, type("Wrong", (Function,), {"forward": staticmethod(lambda ctx, x: x.round()),
                                                          "backward": staticmethod(lambda ctx, g: g * 0)})),
    "11.2": (3, type("Wrong", (Function,), {"forward": staticmethod(lambda ctx, x: (1 + x.exp()).log()),
                                            "backward": staticmethod(lambda ctx, g: g)})),
    "11.3": (mt.nn.Identity, mt.nn.Module, 3),
    "12.1": ((2, 3), (6, 10)),
    "12.2": ("exp", "requires_grad"),
    "12.3": (lambda uses, last, first: 1, lambda uses, last, first: len(uses)),
    "13.1": (lambda layers: sum(k for k, _ in layers), lambda layers: 1 + sum(k - 1 for k, _ in layers)),
    "13.2": (lambda x, weight: x, lambda x, weight: mt.nn.functional.conv1d(x, weight)),
    "13.3": (lambda i, m, o: i * o * 125, lambda i, m, o: 0),
    "14.1": (lambda x, w_x, w_h, b: (x @ w_x.T + b).tanh(), lambda x, w_x, w_h, b: x),
    "14.2": (lambda f, i, n, o, c: (o.sigmoid() * c.tanh(), c), lambda f, i, n, o, c: c),
    "14.3": (lambda q, k, v: (q @ k.T).softmax(1) @ v, lambda q, k, v: v),
    "15.1": (lambda n, m: 8 * n * m, lambda n, m: 32 * n * m, lambda n, m: 8 * n * m + 4 * n, lambda n, m: [n, m]),
    "15.2": (lambda n, m, along: m // 16, lambda n, m, along: m if along == "row" else n),
    "15.3": (lambda x, k: x, lambda x, k: mt.stack([x[i : i + k].mean() for i in range(len(x) - k + 1)]),
             lambda x, k: (lambda sums: (sums[k:] - sums[:-k]) / k)(mt.nn.functional.pad(x, (1, 0)).cumsum(0))),
    "15.4": ("b", "bfgh", "bfgz", {"b", "f", "g"}),
    "15.5": (lambda run, wait, clock, n: [run() for _ in range(n)] and clock() / n, lambda *a: timed(*a, warm=False),
             lambda *a: timed(*a, before=False), lambda *a: timed(*a, after=False),
             lambda *a: timed(*a, sum_up=statistics.mean), lambda *a: timed(*a, sum_up=sorted)),
    "16.1": (lambda state, table: state, lambda state, table: list(state),
             lambda state, table: {k.removeprefix("module."): v for k, v in state.items()},
             lambda state, table: {k.removeprefix("module.").replace("conv1", "0"): v for k, v in state.items()}),
    "16.2": (lambda kernel: kernel, lambda kernel: kernel.permute(3, 2, 1, 0), lambda kernel: kernel.permute(2, 3, 0, 1),
             lambda kernel: kernel.permute(3, 2, 0, 1).flip((2, 3))),
    "16.3": ("0.weight", "1.num_batches_tracked", 3),
    "16.4": (lambda w, x: len(w) * 2**-24 * (w * x).abs().sum(), lambda w, x: len(w) * 2**-23 * (w @ x).abs(),
             lambda w, x: 1e-5, lambda w, x: w * x),
    "16.5": (lambda gradients, sizes: sum(gradients), lambda gradients, sizes: sum(gradients) / len(gradients),
             lambda gradients, sizes: 0.0),
}  # fmt: skip


@pytest.mark.parametrize("number", [number for _, number, _ in EXERCISES])
def test_wrong_answers_are_told_what_is_off(exercises, number, capsys):
    def fails(*args):
        raise KeyError("oh")

    for answer in (*WRONG[number], fails):
        exercises.check(number, answer)
        assert not exercises.RESULTS[number]
        said = capsys.readouterr().out
        assert len(said) > 30
        assert "not written yet" not in said
    assert "KeyError" in said or "function" in said


@pytest.mark.parametrize("times", [4, 5, 8])
def test_a_large_kernel_is_as_right(exercises, times):
    exercises.check("08.3", lambda stride: times * stride)
    assert exercises.RESULTS["08.3"]


@pytest.mark.parametrize(
    ("number", "answer", "words"),
    [
        ("12.1", 8, "one path goes through a * b"),
        ("09.3", lambda k: [[1 / k**2] * k] * k, "a tensor of 2×2 weights is asked for"),
        ("06.4", ["a"], "a list of three numbers is asked for, not ['a']"),
        ("06.1", lambda n: n, "the answer cannot be used: checking it raised TypeError"),
        ("12.1", [3, "b"], "the answer cannot be used: checking it raised TypeError"),
        ("06.1", lambda *args: np.linalg.inv(np.zeros((2, 3))), "in the line: "),
        ("6.1", 1, "there is no exercise '6.1': write check('06.1', ...)"),
    ],
)
def test_errors_of_the_check_are_not_the_student_s(exercises, number, answer, words, capsys):
    exercises.check(number, answer)
    said = capsys.readouterr().out
    assert words in said
    assert ("your code raised" in said) == ("in the line" in said) == (words == "in the line: ")


def test_the_program_of_lesson_16_is_found_from_any_folder(exercises, tmp_path, monkeypatch):
    lesson = (ROOT / "tutorials" / "16_leaving_home.py").read_text()
    (cell,) = re.findall(r"^# %%\n(program = Path.*?)^# %%", lesson, re.M | re.S)
    started = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mt.distributed, "is_mpi_available", lambda: True)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: started.append(command[-1]) or SimpleNamespace(stdout=""))
    names = {"exercises": exercises, "Path": Path, "minitorch": mt, "sys": sys, "subprocess": subprocess, "environment": {}}
    exec(cell, names)
    assert [program.is_file() for program in started] == [True]


def test_letters_are_right_in_capitals(exercises):
    exercises.check("15.4", "BFG")
    assert exercises.RESULTS["15.4"]


@pytest.mark.slow
def test_a_teacher_s_score(tmp_path):
    lesson = (ROOT / "tutorials" / "08_transposed_convolution.py").read_text()
    solved = lesson.replace('"""The size of the kernel."""', '"""The size of the kernel."""\n    return 2 * stride')
    path = tmp_path / "student.py"
    path.write_text(solved)
    result = subprocess.run(
        [sys.executable, "tutorials/exercises.py", str(path)], capture_output=True, text=True, timeout=300, cwd=ROOT
    )
    assert result.stdout.strip().split("\n")[-1] == f"1 of 3  {path}"


def test_scores_of_a_folder(tmp_path):
    """Scripts and notebooks in folders; a process that ends counts what it has, and a cell that fails stops no other."""

    def notebook(*cells):
        return json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]})

    start, right = "from exercises import check", 'check("12.2", "detach")'
    files = {
        "ann/12.ipynb": (notebook("%pip install x\n!ls\n" + start, right), "1 of 1"),
        "ann/.ipynb_checkpoints/12.ipynb": (notebook(start, right), None),
        "ann/exercises.py": ("1 / 0", None),
        "bob/12.py": (f'{start}\n{right}\n1 / 0\ncheck("12.1", ...)\n', "1 of 2"),
        "bob/13.py": (f"{start}\n{right}\nimport sys; sys.exit(0)\n", "1 of 1"),
        "cem/12.py": ("import os; os._exit(3)", "0 of ?"),
        "cem/notes.txt": ("", None),
        "dee/12.ipynb": ("no notebook", "0 of 0"),
        "eli/12.ipynb": (notebook(start, "x = (", "1 / 0", "%%time\n" + right), "1 of 1"),
    }
    for name, (text, _) in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    result = subprocess.run(
        [sys.executable, "tutorials/exercises.py", "--quiet", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT,
    )
    expected = [f"{score}  {tmp_path / name}" for name, (_, score) in files.items() if score]
    assert [line.removesuffix(" (its process ended)") for line in result.stdout.strip().split("\n")] == expected, result.stderr


def test_a_cell_of_a_script_that_fails_is_named_and_stops_no_other(tmp_path):
    path = tmp_path / "12.py"
    right = 'check("12.2", "detach")'
    path.write_text(f'# %%\nfrom exercises import check\n# %%\n1 / 0\n# %%\n{right}\nprint("end", end="")')
    result = subprocess.run(
        [sys.executable, "tutorials/exercises.py", str(path)], capture_output=True, text=True, timeout=300, cwd=ROOT
    )
    stopped = f"{path}, cell 2 from line 3 stopped: ZeroDivisionError: division by zero"
    assert result.stdout.split("\n")[1:] == [stopped, "exercise 12.2: right", "end", "", f"1 of 1  {path}", ""]
