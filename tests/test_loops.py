"""The loops that Numba makes machine code of: equal to what NumPy computes and to the definitions, translated or not.

As they stand they are plain Python, so that a part of this runs without Numba, on small arrays.
"""

import contextlib
import inspect
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.backend import compiled
from minitorch.ops import columns, loops, planes
from minitorch.ops.pooling import AvgPool, Pick, PickCell, PutCell, Spread, _picked, _put, by_taps, largest
from minitorch.ops.window import Window
from tests.checks import check
from tests.test_quick_paths import convolutions

try:
    import numba
except ImportError:
    numba = None

needs_numba = pytest.mark.skipif(numba is None, reason="Numba is not installed (pip install '.[fast]')")
WAYS = ["as they stand", pytest.param("in machine code", marks=needs_numba)]

ENTRIES = [
    "Relu", "WherePositive", "LeakyRelu", "TanhSlope", "SigmoidSlope", "Standardize", "StandardizeSlope", "MaxPool",
    "PickCell", "PutCell", "AvgPool", "Spread", "Convolution", "ConvTranspose", "ConvWeight", "Sigmoid", "Tanh",
    "Pick", "PutBack", "ReLU", "PReLU", "BatchNorm2d", "LayerNorm", "GroupNorm", "InstanceNorm1d", "Conv2d", "ConvTranspose2d",
    "MaxPool1d", "MaxPool2d", "MaxPool3d", "MaxUnpool2d", "AvgPool2d", "AvgPool3d",
]  # fmt: skip


@contextlib.contextmanager
def in_loops(way):
    """Every array, small as it may be, goes through the loops; gives the set of those that were asked for."""
    used = set()
    translate = compiled._ready

    def ask(loop):
        used.add(loop.__name__)
        return loop if way == "as they stand" else translate(loop)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "ENOUGH", 0)
        patch.setattr(compiled, "enabled", True)
        patch.setattr(compiled, "_ready", ask)
        patch.setattr(planes, "FEW", -1)
        patch.setattr(planes, "SMALL", 1 << 60)
        patch.setattr(planes, "THIN", 1 << 60)
        yield used


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("way", WAYS)
def test_values_and_derivatives_are_right(entry, way):
    with in_loops(way) as used:
        check(entry)
    assert used


def test_no_loop_is_idle():
    with in_loops("as they stand") as used:
        step(images=1, size=8)
    assert used == {name for name, value in vars(loops).items() if inspect.isfunction(value)}


def by_loops(way, case):
    window, groups, x, w, g, bias, _ = case
    with in_loops(way), pytest.MonkeyPatch.context() as patch:
        if way == "as they stand":
            patch.setattr(loops, "PART", 4)
            patch.setattr(loops, "BLOCK", 5)
        return (
            planes.correlate(x, w, bias, window, groups),
            planes.correlate_transposed(g, w, None, window, groups, x.shape[2:]),
            planes.correlate_weight(x, g, window, groups),
        )


def assert_convolves(way, case):
    window, groups, x, w, g, bias, _ = case
    y, back, weight = by_loops(way, case)
    np.testing.assert_allclose(y, columns.correlate(x, w, bias, window, groups), atol=1e-10)
    np.testing.assert_allclose(back, columns.correlate_transposed(g, w, None, window, groups, x.shape[2:]), atol=1e-10)
    np.testing.assert_allclose(weight, columns.correlate_weight(x, g, window, groups), atol=1e-10)


@settings(max_examples=25, deadline=None)
@given(convolutions())
def test_convolution_by_loops_is_the_product_with_all_columns(case):
    assert_convolves("as they stand", case)


@needs_numba
@settings(max_examples=300, deadline=None)
@given(convolutions())
def test_convolution_in_machine_code_is_the_product_with_all_columns(case):
    assert_convolves("in machine code", case)


@st.composite
def pools(draw):
    """Planes and a window of any rank over them, with cells that lie beyond the image, too."""
    rank = draw(st.integers(1, 3))
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(rank))  # noqa: E731
    kernel, stride, dilation, size = each(1, 7), each(1, 3), each(1, 2), each(1, 4)
    padding = tuple((p, p) for p in (draw(st.sampled_from([0, k // 2, k // 2])) for k in kernel))
    window = Window(kernel, stride, padding, dilation, draw(st.booleans()))
    with contextlib.suppress(RuntimeError):
        window.output_size(size)
        return window, np.random.default_rng(draw(st.integers(0, 1000))).standard_normal((2, 2, *size)).round(1)
    return reject()


BEYOND = Window((1, 6), (1, 1), ((0, 0), (3, 3)), (1, 1)), np.arange(8.0).reshape(2, 2, 2, 1)  # far beyond the image


def assert_pools(way, case):
    window, x = case
    out = (2, 2, *window.output_size(x.shape[2:]))
    g = np.random.default_rng(0).standard_normal(out)
    expected = AvgPool.apply(x, window, 2.0), Spread.apply(g, window, 2.0, x.shape[2:])
    with in_loops(way) as used:
        got = AvgPool.apply(x, window, 2.0), Spread.apply(g, window, 2.0, x.shape[2:])
        quick = by_taps(x, window)
    assert {"add_up", "spread", "largest_of_windows"} <= used
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
    if quick is None:
        with pytest.raises(RuntimeError, match="nothing but padding"):
            largest(x, window)
        return
    values, which = largest(x, window)
    np.testing.assert_array_equal(quick[0], values)
    np.testing.assert_array_equal(quick[1], which)
    put = PutCell.apply(g, quick[1], window, x.shape[2:])
    with in_loops(way):
        np.testing.assert_allclose(PutCell.apply(g, quick[1], window, x.shape[2:]), put, atol=1e-12)
        np.testing.assert_array_equal(PickCell.apply(x, quick[1], window), values)


@settings(max_examples=60, deadline=None)
@given(pools())
@example(BEYOND)
def test_pooling_by_loops_is_the_definition(case):
    assert_pools("as they stand", case)


@needs_numba
@settings(max_examples=400, deadline=None)
@given(pools())
@example(BEYOND)
def test_pooling_in_machine_code_is_the_definition(case):
    assert_pools("in machine code", case)


@pytest.mark.parametrize("way", WAYS)
def test_places_named_twice_or_not_there(way):
    x, size = np.arange(4.0).reshape(1, 1, 4), (3,)
    with in_loops(way) as used:
        for places in ([0, 2, 2, 1], [0, 3, 1, 2]):
            assert loops.distinct(np.array([places]), 4) == (len(set(places)) == 4)
        assert _put(x, np.array([[[0, 2, 2, 1]]]), size).tolist() == [[[0.0, 3.0, 3.0]]]
        assert _put(x, np.array([[[0, 2, 3, 1]]]), size) is None
        assert _put(x, np.array([[[0, 2, -1, 1]]]), size) is None
        assert _picked(x, np.array([[[3, 3]]])).tolist() == [[[3.0, 3.0]]]
        assert _picked(x, np.array([[[4, 3]]])) is None
        with pytest.raises(IndexError):
            Pick.apply(x, np.array([[[4, 3]]]))
    assert used == {"put", "pick"}


@pytest.mark.parametrize("way", WAYS)
def test_numbers_at_the_edges(way):
    edges = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30, -1e30, 90.0, -90.0, 1e-40, 88.5, -86.9, 20.0, -20.0, 0.3]
    x = mt.tensor(edges, requires_grad=True)
    for function in (mt.sigmoid, mt.relu, lambda x: mt.nn.functional.leaky_relu(x, 0.1), mt.tanh):
        results = []
        for how in (contextlib.nullcontext({"none"}), in_loops(way)):
            x.grad = None
            with how as used:
                y = function(x)
                (y * 1.0).sum().backward()  # and not one number of sum(), repeated, which is left to NumPy
            assert used
            results.append((y.detach().numpy(), x.grad.numpy()))
        (y, slope), (quick, quick_slope) = results
        np.testing.assert_allclose(quick, y, rtol=5e-7, atol=1e-37)
        np.testing.assert_allclose(quick_slope, slope, rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("way", WAYS)
def test_pooling_what_is_not_finite(way):
    x = np.random.default_rng(0).standard_normal((2, 3, 7, 6))
    for value in (np.nan, np.inf, -np.inf):
        holed = x.copy()
        holed[0, 1, 2:5, 3] = holed[1, 0] = value
        plain = mt.nn.functional.max_pool2d(mt.from_numpy(holed), 3, 2, 1, return_indices=True)
        with in_loops(way) as used:
            quick = mt.nn.functional.max_pool2d(mt.from_numpy(holed), 3, 2, 1, return_indices=True)
        assert "largest_of_windows" in used
        for a, b in zip(quick, plain, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("way", WAYS)
def test_sigmoid_to_the_last_digits(way):
    x = np.linspace(-87.3, 40, 4001, dtype=np.float32)
    with in_loops(way) as used:
        y = mt.sigmoid(mt.from_numpy(x)).numpy()
    assert used == {"sigmoid"}
    np.testing.assert_allclose(y, 1 / (1 + np.exp(-x.astype(np.float64))), rtol=3e-7)


# ---- when loops are used ---------------------------------------------------------------------------------------------


def test_small_foreign_and_disordered_arrays_stay_with_numpy(monkeypatch):
    monkeypatch.setattr(compiled, "enabled", True)
    monkeypatch.setattr(compiled, "_ready", lambda loop: loop)
    large = np.zeros((200, 200), np.float32)
    assert compiled.quicker(loops.relu, large) is loops.relu
    assert compiled.quicker(loops.relu, large, np.zeros((200, 200), np.uint8)) is loops.relu
    for other in (large[:5], large.T, *(large.astype(kind) for kind in ("float16", "int64", ">f4", "complex64"))):
        assert compiled.quicker(loops.relu, other) is None
    assert compiled.quicker(loops.relu, large.T, in_order=False) is loops.relu
    assert compiled.quicker(loops.relu, large, large.astype(np.float64)) is None
    monkeypatch.setattr(compiled, "enabled", False)
    assert compiled.quicker(loops.relu, large) is None


def test_without_numba_it_is_numpy_that_computes(monkeypatch):
    monkeypatch.setattr(compiled, "enabled", True)
    monkeypatch.setitem(sys.modules, "numba", None)
    compiled._numba.cache_clear()
    compiled._finds_tbb.cache_clear()
    try:
        assert compiled.quicker(loops.relu, np.zeros(100_000)) is None
        assert not compiled.has_threads()
    finally:
        compiled._numba.cache_clear()


@needs_numba
def test_large_arrays_are_computed_in_machine_code_and_the_variable_forbids_it():
    code = (
        "import minitorch, sys; minitorch.set_num_threads(2)\n"
        "x = minitorch.linspace(-1, 1, 100_000); print(minitorch.relu(x).sum().item(), 'numba' in sys.modules)"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "MINITORCH_COMPILED": value},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for value in ("1", "0")
    ]
    assert [loaded for _, loaded in told] == ["True", "False"]
    assert float(told[0][0]) == pytest.approx(float(told[1][0]), rel=1e-5)


# ---- threads -----------------------------------------------------------------------------------------------------------


def step(images=32, size=64, dtype=mt.float32):
    """Forward and backward, twice, through all layers that have loops; by default large enough for them."""
    mt.manual_seed(0)
    nn = mt.nn
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, padding=1), nn.Tanh(),
        nn.LeakyReLU(), nn.Sigmoid(), nn.AvgPool2d(2),
    )  # fmt: skip
    net.to(dtype)
    x = mt.randn(images, 3, size, size, dtype=dtype, requires_grad=True)
    nn.MaxUnpool2d(2)(*nn.MaxPool2d(2, return_indices=True)(x))
    (slope,) = mt.autograd.grad(net(x).sum(), x, create_graph=True)
    (slope * slope).sum().backward()
    return [x.grad.numpy(), *(p.grad.numpy() for p in net.parameters())]


@needs_numba
@pytest.mark.parametrize(("dtype", "close"), [(mt.float32, 1e-5), (mt.float64, 1e-13)])
def test_large_arrays_have_the_values_that_numpy_gives(dtype, close, monkeypatch):
    results = []
    for enabled in (True, False):
        monkeypatch.setattr(compiled, "enabled", enabled)
        results.append(step(dtype=dtype))
    assert any(a.tobytes() != b.tobytes() for a, b in zip(*results, strict=True))  # or else no loop has run
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=200 * close, atol=max(close, close * abs(b).max()))


@needs_numba
def test_the_same_to_the_last_bit_for_any_number_of_threads(monkeypatch):
    monkeypatch.setattr(compiled, "enabled", True)
    before, results = mt.get_num_threads(), []
    try:
        for count in (1, 2, 3):
            mt.set_num_threads(count)
            results.append(step())
    finally:
        mt.set_num_threads(before)
    for other in results[1:]:
        assert all(a.tobytes() == b.tobytes() for a, b in zip(results[0], other, strict=True))


@needs_numba
def test_several_threads_of_the_program_and_a_fork_may_use_them():
    expected, results = step(), {}

    def work(i):
        results[i] = [mt.relu(mt.linspace(-1, 1, 50_001)).sum().item() for _ in range(20)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(results[i] == pytest.approx([12_500.5] * 20, rel=1e-4) for i in range(3))
    if not hasattr(os, "fork"):
        return
    code = (
        "import os, warnings; warnings.simplefilter('ignore')\n"
        "from tests.test_loops import step\n"
        "first = step(); child = os.fork()\n"
        "if child == 0:\n"
        "    same = all(a.tobytes() == b.tobytes() for a, b in zip(first, step()))\n"
        "    os._exit(0 if same else 1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert told.stdout.strip() == "0", told.stderr
    assert all(a.tobytes() == b.tobytes() for a, b in zip(step(), expected, strict=True))


@needs_numba
@pytest.mark.skipif(numba is None or not compiled.has_threads(), reason="TBB is not installed (pip install '.[fast]')")
def test_loops_have_one_thread_while_those_of_blas_are_awake(monkeypatch):
    a = np.ones((600, 600), np.float32)
    assert compiled.quicker(loops.relu, a) is not None
    np.testing.assert_array_equal(compiled.product(a, a), np.full((600, 600), 600.0))
    assert compiled._threads() == 1
    monkeypatch.setattr(compiled, "_blas_asleep_at", 0.0)
    assert compiled._threads() == min(mt.get_num_threads(), numba.config.NUMBA_NUM_THREADS)
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        mt.relu(mt.from_numpy(a))
        assert numba.get_num_threads() == 1  # this number is the program's own
    finally:
        numba.set_num_threads(before)
    compiled.product(a[:100, :100], a[:100, :100])  # small enough for one
    assert compiled._blas_asleep_at == 0.0


@pytest.mark.parametrize("way", WAYS)
def test_a_window_that_sees_nothing_is_left_to_the_definition(way):
    with in_loops(way) as used:
        assert by_taps(np.zeros((1, 1, 4)), Window((1,), (1,), ((2, 2),), (1,))) is None
    assert used == {"largest_of_windows"}


# ---- what may go wrong with Numba and TBB ----------------------------------------------------------------------------


def run_anew(code, tmp_path, **env):
    """The output of a program of its own, which has nothing translated before."""
    given = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "MINITORCH_COMPILED": "1", **env}
    told = subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr
    return told.stdout.split()


LARGE = "import minitorch as mt\nx = mt.linspace(-1, 1, 20_001)\n"
RELU = "print(round(mt.relu(x).sum().item()))\n"


@needs_numba
def test_a_damaged_file_of_machine_code_is_made_anew(tmp_path):
    assert run_anew(LARGE + RELU, tmp_path) == ["5000"]
    kept = [path for path in tmp_path.rglob("loops.relu*") if path.is_file()]
    assert kept
    for path in kept:
        path.write_bytes(b"")
    assert run_anew(LARGE + RELU, tmp_path) == ["5000"]


@needs_numba
def test_a_numba_that_cannot_be_imported_is_no_numba(tmp_path):
    for error in ("SystemError", "KeyboardInterrupt"):
        code = (
            "import sys, contextlib\n"
            "class Broken:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            f"        if name == 'numba': raise {error}('no')\n"
            "sys.meta_path.insert(0, Broken())\n" + LARGE + "with contextlib.suppress(KeyboardInterrupt): mt.relu(x)\n" + RELU
        )
        assert run_anew(code, tmp_path) == ["5000"]


@needs_numba
def test_tbb_that_is_not_where_it_should_be_leaves_one_thread(tmp_path):
    code = (
        "import importlib.metadata as m, pathlib\n"
        "class Lost(type(pathlib.PurePosixPath())):\n"
        "    def locate(self): return '/nowhere/libtbb.so.12'\n"
        "m.files = lambda name: [Lost('libtbb.so.12')]\n" + LARGE + RELU
    )
    assert run_anew(code, tmp_path) == ["5000"]


@needs_numba
def test_threads_that_the_program_has_chosen_for_numba_stay(tmp_path):
    code = (
        "import numba, numpy as np\n"
        "numba.njit(parallel=True)(lambda x: x + 1)(np.ones(9))\n" + LARGE + RELU + "from minitorch.backend import compiled\n"
        "print(compiled.has_threads() == (numba.threading_layer() == 'tbb'))\n"
    )
    assert run_anew(code, tmp_path, NUMBA_THREADING_LAYER_PRIORITY="workqueue tbb omp") == ["5000", "True"]


@needs_numba
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_in_the_middle_of_a_translation_computes_without(tmp_path):
    code = (
        "import os, threading, warnings; warnings.simplefilter('ignore')\n" + LARGE + "from numba.core.compiler_lock import "
        "global_compiler_lock as lock\n"
        "mt.tanh(x); held, done = threading.Event(), threading.Event()\n"
        "def translate():\n"
        "    with lock: held.set(); done.wait()\n"
        "threading.Thread(target=translate).start(); held.wait(); child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(round(mt.relu(x).sum().item()) != 5000)\n"
        "done.set(); print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert run_anew(code, tmp_path) == ["0"]


@pytest.mark.parametrize("way", WAYS)
def test_means_of_many_numbers_are_as_exact_as_a_type_allows(way):
    count = 1 << (15 if way == "as they stand" else 22)
    x = mt.full((1, 1, count), 100.1) + mt.linspace(0, 1, count)
    with in_loops(way):
        y = mt.nn.functional.instance_norm(x)
    exact = x.numpy().astype(np.float64)
    np.testing.assert_allclose(y.numpy(), (exact - exact.mean()) / np.sqrt(exact.var() + 1e-5), atol=5e-4)
