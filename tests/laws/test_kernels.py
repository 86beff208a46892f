"""Every implementation in kernels/ is held to its definition in ops/: the value, and the derivatives of the ops that use it.

Loops for Numba are plain Python too, so on a machine without Numba they are tested as they are written, on small arrays.
"""

import contextlib
import functools
import os
import subprocess
import sys
import threading
import types

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import kernels
from minitorch.backend.dispatch import definition, definitions, implements
from minitorch.kernels import samples, threads
from minitorch.kernels.numba import compiler, products
from minitorch.kernels.numpy import convolution
from tests.checks import check

try:
    import numba
except ImportError:
    numba = None

pytestmark = pytest.mark.slow
needs_numba = pytest.mark.skipif(numba is None, reason="Numba is not installed (pip install '.[fast]')")
ENGINES = ["numpy", "numba as Python", pytest.param("numba", marks=needs_numba)]
IMPLEMENTATIONS = [i for entry in definitions.values() for i in entry.implementations if i.library == "numpy"]


@contextlib.contextmanager
def engine(name):
    """The implementations of an engine are used for arrays of any size. "numba as Python" runs its loops uncompiled."""
    with pytest.MonkeyPatch.context() as patch:
        if name == "numba as Python":
            run_loops_as_python(patch)
        with kernels.only(name.partition(" ")[0], always=True):
            yield


def run_loops_as_python(patch):
    patch.setattr(compiler, "is_available", lambda: True)
    patch.setattr(compiler, "has_threads", lambda: False)
    patch.setattr(compiler, "_numba", lambda: None)
    for module in [m for name, m in sys.modules.items() if name.startswith("minitorch.kernels.numba")]:
        for name, replacement in (("compiled", lambda loop: loop), ("has_threads", lambda: False)):
            if hasattr(module, name):
                patch.setattr(module, name, replacement)


def parts(result):
    return result if isinstance(result, tuple) else (result,)


def assert_close(result, expected, ulp):
    """Equal in shape and dtype, and within `ulp` units in the last place of the largest number; `ulp` 0 means the same
    values.
    """
    for a, b in zip(parts(result), parts(expected), strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape
        assert a.dtype == b.dtype or b.dtype.kind in "iu"
        if ulp == 0 or b.dtype.kind != "f":
            np.testing.assert_array_equal(a, b)
        else:
            finite = np.abs(b[np.isfinite(b)])
            scale = np.spacing(finite.max()) if finite.size else 0.0
            np.testing.assert_allclose(a, b, rtol=0, atol=ulp * scale)


def draw_args(implementation, seed):
    return implementation.sample(np.random.default_rng(seed))


def assert_is_the_definition(implementation, way, args):
    """False if the implementation declines these arguments."""
    before = [arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args]  # some change their arguments in place
    with np.errstate(all="ignore"):
        with engine(way):
            result = implementation(*args)
        if result is not NotImplemented:
            with kernels.only("definition"):
                assert_close(result, definitions[implementation.name](*before), implementation.ulp)
    return result is not NotImplemented


def cases():
    """Each implementation with the way to run it: loops for Numba as Python and compiled."""
    for i in IMPLEMENTATIONS:
        yield pytest.param(i, i.engine, marks=needs_numba if i.engine == "numba" else (), id=f"{i.name}-{i.engine}")
        if i.engine == "numba":
            yield pytest.param(i, "numba as Python", id=f"{i.name}-numba-as-Python")


@pytest.mark.parametrize(("implementation", "way"), list(cases()))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(seed=st.integers(0, 2**32))
def test_every_implementation_is_its_definition(implementation, way, seed):
    args = draw_args(implementation, seed)
    if way == "numba as Python":
        assume(max(np.size(a) for a in args) <= 5_000)  # larger ones are slow in Python
    assert_is_the_definition(implementation, way, args)


def hold(name, way):
    """Hold one engine's implementations of a definition to it, over fixed samples."""
    for implementation in definitions[name].implementations:
        for seed in range(60 if implementation.engine == way.partition(" ")[0] else 0):
            args = draw_args(implementation, seed)
            if way != "numba as Python" or max(np.size(a) for a in args) <= 5_000:
                assert_is_the_definition(implementation, way, args)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS, ids=lambda i: f"{i.name}-{i.engine}")
def test_no_implementation_declines_everything(implementation):
    if implementation.engine == "numba" and numba is None:
        pytest.skip("Numba is not installed")
    if implementation.name == "matrix_product":
        mt.relu(mt.ones(300, 300))  # threads of Numba are in use from here on, if there are any
        if not compiler.threads_in_use():
            pytest.skip("TBB is not installed")
    with kernels.only(implementation.engine, always=True), np.errstate(all="ignore"):
        taken = sum(implementation(*draw_args(implementation, seed)) is not NotImplemented for seed in range(20))
    assert taken >= 5


ENTRIES = [
    "Relu", "ReluBackward", "LeakyRelu", "LeakyReluBackward", "TanhBackward", "SigmoidBackward", "Sigmoid", "Tanh",
    "Erf", "Mask", "Where", "Standardize", "StandardizeBackward", "MaxPool", "GatherCell", "ScatterCell", "AvgPool",
    "AvgPoolBackward", "Gather", "ScatterAdd", "Convolution", "ConvTranspose", "ConvWeight", "MatMul", "PReLU",
    "BatchNorm2d", "LayerNorm", "GroupNorm", "Conv2d", "ConvTranspose2d", "MaxPool1d", "MaxPool2d", "MaxPool3d",
    "MaxUnpool2d", "AvgPool2d", "AvgPool3d",
]  # fmt: skip


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("name", [*ENGINES, "definition"])
def test_values_and_derivatives_are_right_with_every_engine(entry, name):
    if name == "numba as Python" and numba is not None:
        pytest.skip("the same loops are tested compiled")
    with engine(name):
        check(entry)


# ---- the table -----------------------------------------------------------------------------------------------------------


def test_the_table_prints_every_definition_and_implementation():
    text = str(kernels.table())
    for name, entry in definitions.items():
        assert entry.function.__code__.co_filename.endswith(".py"), f"{name} is registered in kernels/, but defined nowhere"
        assert f"{name} " in text
    assert text.count("\n") + 1 == len(definitions) + sum(len(entry.implementations) for entry in definitions.values())
    assert "ops/convolution.py" in text


def test_an_implementation_for_another_array_library():
    """Registered from outside, without a change in ops/: the op finds it by the type of its array."""

    class Marked(np.ndarray):
        __module__ = "made_up.arrays"

    calls = []

    @implements("relu", engine="made_up", library="made_up", sample=samples.elementwise(1))
    def relu(x):
        calls.append(x.shape)
        return np.maximum(np.asarray(x), 0)

    entry = definitions["relu"]
    try:
        x = np.array([-1.0, 2.0])
        assert mt.relu(mt.tensor([-1.0, 2.0])).tolist() == [0.0, 2.0]
        assert entry(x.view(Marked)).tolist() == [0.0, 2.0]
        assert calls == [(2,)]
        with kernels.only("definition"):
            entry(x.view(Marked))
        assert calls == [(2,)]
        assert "made_up" in str(kernels.table())
    finally:
        entry.implementations.pop()
        entry.update()


def test_what_an_implementation_declares_decides_when_it_is_used():
    calls = []

    @definition
    def _double(x, y=None):
        return x + x

    @implements("double", engine="numpy", dtypes="f", pays_from=10, layout="contiguous", sample=samples.elementwise(1))
    def double(x, y=None):
        calls.append(x.size)
        return NotImplemented if x[0] == 7 else 2 * x

    try:
        large = np.ones((5, 6), np.float32)
        for x in (large[:1], large.astype(np.float64), large.T, large.astype(">f4")):
            _double(x)
        _double(large, large.astype(np.float64))
        assert calls == []
        _double(large.reshape(-1))
        _double(large.reshape(-1), np.ones(30, np.int64))
        assert calls == [30, 30]
        seven = np.full(30, 7, np.float32)
        assert _double(seven)[0] == 14
        with kernels.only("numpy", always=True):
            _double(large[0])
        assert calls == [30, 30, 30, 6]
        with kernels.only("definition"):
            _double(large.reshape(-1))
        assert len(calls) == 4
    finally:
        del definitions["double"]


def test_only_names_engines_that_exist():
    with pytest.raises(ValueError, match=r"\['nonsense'\]"), kernels.only("nonsense"):
        pass
    with kernels.only("numpy"), kernels.only("definition"):
        pass
    assert definitions["relu_backward"].allowed


def test_without_numba_numpy_computes(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    compiler._numba.cache_clear()
    try:
        assert not compiler.is_available()
        assert mt.relu(mt.linspace(-1, 1, 100_000)).sum().item() == pytest.approx(25_000, rel=1e-3)
        assert "not available here" in str(kernels.table())
    finally:
        compiler._numba.cache_clear()


@needs_numba
def test_large_arrays_are_computed_by_compiled_loops():
    code = (
        "import minitorch, sys\nfrom minitorch import kernels\nx = minitorch.linspace(-1, 1, 100_000)\n"
        "with kernels.only('numpy'): minitorch.relu(x)\n"
        "print('numba' in sys.modules); minitorch.relu(x); print('numba' in sys.modules)"
    )
    assert run_anew(code) == ["False", "True"]


@pytest.mark.parametrize("name", [*ENGINES, "definition"])
def test_empty_arrays(name):
    nn, F = mt.nn, mt.nn.functional
    with engine(name):
        assert F.max_unpool2d(mt.zeros(0, 4, 2, 2), mt.zeros(0, 4, 2, 2, dtype=mt.int64), 2).shape == (0, 4, 4, 4)
        assert nn.LSTM(3, 8)(mt.zeros(5, 0, 3))[0].shape == (5, 0, 8)
        assert F.softmax(mt.zeros(20, 0), 1).shape == (20, 0)
        x = mt.zeros(0, 4, 20, 20, requires_grad=True)
        (F.max_pool2d(x, 2).sum() + nn.Conv2d(4, 2, 3)(x).sum() + nn.LayerNorm(20)(x).sum()).backward()
        assert x.grad.shape == x.shape


@needs_numba
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "features", "kernel", "options"),
    [
        ((2, 3, 5000), 5, (9,), {"padding": 4}),
        ((6, 4, 40, 41), 6, (3, 5), {"stride": 2, "padding": 1, "groups": 2}),
        ((3, 64, 30, 30), 64, (3, 3), {"dilation": 2, "groups": 64}),
        ((2, 80, 12, 13), 70, (2, 2), {"padding": 1}),
        ((2, 3, 7, 18, 20), 4, (3, 3, 3), {"stride": (1, 2, 1), "padding": 1}),
    ],
)
def test_tiles_of_every_size_are_the_definition(dtype, shape, features, kernel, options):
    random = np.random.default_rng(1)
    x = mt.from_numpy(random.standard_normal(shape).astype(dtype))
    w = mt.from_numpy(random.standard_normal((features, shape[1] // options.get("groups", 1), *kernel)).astype(dtype))
    b = mt.from_numpy(random.standard_normal(features).astype(dtype))
    convolve = {1: mt.nn.functional.conv1d, 2: mt.nn.functional.conv2d, 3: mt.nn.functional.conv3d}[len(kernel)]
    found = {}
    for way in ("definition", "numba"):
        leaves = [t.clone().requires_grad_() for t in (x, w, b)]
        with engine(way):
            y = convolve(*leaves, **options)
            y.backward(mt.from_numpy(np.random.default_rng(2).standard_normal(y.shape).astype(dtype)))
        found[way] = [y.detach().numpy(), *(t.grad.numpy() for t in leaves)]
    assert_close(tuple(found["numba"]), tuple(found["definition"]), 256)


# ---- values at the edges ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENGINES)
def test_infinite_numbers_and_nan(name):
    edges = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30, -1e30, 90.0, -90.0, 1e-40, 88.5, -86.9, 20.0, -20.0, 0.3]
    for function in (mt.sigmoid, mt.relu, lambda x: mt.nn.functional.leaky_relu(x, 0.1), mt.tanh):
        results = []
        for way in ("definition", name):
            x = mt.tensor(edges, requires_grad=True)
            with engine(way):
                y = function(x)
                (y * 1.0).sum().backward()
            results.append((y.detach().numpy(), x.grad.numpy()))
        (y, slope), (other, other_slope) = results
        np.testing.assert_allclose(other, y, rtol=5e-7, atol=1e-37)
        np.testing.assert_allclose(other_slope, slope, rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("name", ENGINES)
def test_sigmoid_to_the_last_digits(name):
    x = np.linspace(-87.3, 40, 4001, dtype=np.float32)
    with engine(name):
        y = mt.sigmoid(mt.from_numpy(x)).numpy()
    np.testing.assert_allclose(y, 1 / (1 + np.exp(-x.astype(np.float64))), rtol=3e-7)


@pytest.mark.parametrize("name", ENGINES)
def test_the_mean_of_many_numbers(name):
    count = 1 << (15 if "Python" in name else 22)
    x = mt.full((1, 1, count), 100.1) + mt.linspace(0, 1, count)
    with engine(name):
        y = mt.nn.functional.instance_norm(x)
    exact = x.numpy().astype(np.float64)
    np.testing.assert_allclose(y.numpy(), (exact - exact.mean()) / np.sqrt(exact.var() + 1e-5), atol=5e-4)


@pytest.mark.parametrize("name", [*ENGINES, "definition"])
def test_an_index_out_of_range_raises(name):
    from minitorch.ops.pooling import Gather, ScatterAdd

    x = np.arange(4.0).reshape(1, 1, 4)
    with engine(name):
        assert ScatterAdd.apply(x, np.array([[[0, 2, 2, 1]]]), (3,)).tolist() == [[[0.0, 3.0, 3.0]]]
        assert Gather.apply(x, np.array([[[3, 3]]])).tolist() == [[[3.0, 3.0]]]
        with pytest.raises(IndexError):
            Gather.apply(x, np.array([[[4, 3]]]))
        with pytest.raises(IndexError):
            ScatterAdd.apply(x, np.array([[[0, 2, 3, 1]]]), (3,))


def test_an_infinite_number_does_not_spread():
    up = mt.nn.functional.conv_transpose1d(mt.ones(1, 1, 3), mt.tensor([[[1.0, np.inf]]]))
    assert up.tolist() == [[[1, np.inf, np.inf, np.inf]]]
    x = mt.ones(2, 1, 3, 3)
    x[1, 0, 0, 0] = np.inf
    w = mt.ones(1, 1, 2, 2, requires_grad=True)
    mt.nn.functional.conv2d(x, w).sum().backward()
    assert w.grad.tolist() == [[[[np.inf, 8], [8, 8]]]]
    slope = mt.tensor([0.25], requires_grad=True)
    mt.nn.functional.prelu(mt.tensor([np.inf, 1.0]), slope).sum().backward()
    assert slope.grad.item() == 0


@pytest.mark.parametrize("norm", ["InstanceNorm2d(2)", "BatchNorm2d(2, affine=False)", "GroupNorm(1, 2, affine=False)"])
def test_a_relu_may_overwrite_what_a_norm_returns(norm):
    nn = mt.nn
    model = nn.Sequential(nn.Conv2d(1, 2, 3), eval(f"nn.{norm}"), nn.ReLU(inplace=True))
    model(mt.randn(2, 1, 6, 6)).sum().backward()
    assert model[0].weight.grad.isfinite().all()


# ---- threads ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def restore_threads():
    before = mt.get_num_threads()
    yield
    mt.set_num_threads(before)


def step(images=32, size=64, dtype=mt.float32):
    """Forward and backward, twice, through all layers with implementations; by default large enough that they pay."""
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


@pytest.mark.parametrize(("dtype", "close"), [(mt.float32, 1e-5), (mt.float64, 1e-13)])
@pytest.mark.parametrize("name", ["numpy", pytest.param("numba", marks=needs_numba)])
def test_large_arrays_have_the_values_of_the_definitions(name, dtype, close):
    results = []
    for way in (name, "definition"):
        with kernels.only(way):
            results.append(step(images=8, dtype=dtype))
    assert any(a.tobytes() != b.tobytes() for a, b in zip(*results, strict=True))  # or else no implementation has run
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=200 * close, atol=max(close, close * abs(b).max()))


@pytest.mark.parametrize("name", ["numpy", pytest.param("numba", marks=needs_numba)])
def test_the_number_of_threads_changes_no_bit(name, restore_threads):
    results = []
    with kernels.only(name):
        for count in (1, 2, 3):
            mt.set_num_threads(count)
            results.append(step())
    for other in results[1:]:
        assert all(a.tobytes() == b.tobytes() for a, b in zip(results[0], other, strict=True))


def test_set_num_threads_says_what_it_expects(restore_threads):
    mt.set_num_threads(3)
    assert mt.get_num_threads() == 3
    with pytest.raises(RuntimeError, match="positive integer, but got 0"):
        mt.set_num_threads(0)
    with pytest.raises(TypeError, match="expects an int, but got float"):
        mt.set_num_threads(2.0)
    assert mt.get_num_threads() == 3


def test_chunks_are_added_in_order_and_an_error_in_one_is_raised(restore_threads):
    mt.set_num_threads(4)
    names = []

    def chunk(start, stop):
        names.append(threading.current_thread().name)
        return np.array([float(f"1e{-start}")])

    expected = np.zeros(1)
    for start in range(0, 9, 2):
        expected += float(f"1e{-start}")
    assert threads.parallel_for(chunk, 9, 2) == expected
    assert len(names) == 5
    assert threads.parallel_for(lambda start, stop: None, 0, 1) is None

    def failing(start, stop):
        raise ValueError(f"chunk {start}")

    with pytest.raises(ValueError, match="chunk"):
        threads.parallel_for(failing, 9, 2)


def test_chunks_within_a_chunk_run_in_its_thread(restore_threads):
    mt.set_num_threads(3)

    class Union(set):
        def __iadd__(self, other):
            self |= other
            return self

    def outer(start, stop):
        inner = threads.parallel_for(lambda a, b: Union({threading.get_ident()}), 4, 1)
        assert inner == {threading.get_ident()}

    threads.parallel_for(outer, 6, 1)


def test_blas_has_its_threads_back(restore_threads):
    threadpoolctl = pytest.importorskip("threadpoolctl")
    mt.set_num_threads(2)
    counts = lambda: {get() for get, _ in threads._blas()}  # noqa: E731

    def failing(start, stop):
        assert counts() <= {1}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        threads.parallel_for(failing, 4, 1)
    assert counts() <= {2}
    with threadpoolctl.threadpool_limits(1):  # the number that the program chose
        threads.parallel_for(lambda start, stop: None, 4, 1)
        assert counts() <= {1}
    during = []
    work = functools.partial(threads.parallel_for, lambda start, stop: during.append(counts()), 1, 1)
    work()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert all(c <= {1} for c in during)
    assert counts() <= {2}


def test_without_threadpoolctl_the_values_are_the_same(monkeypatch, restore_threads):
    mt.set_num_threads(2)
    results = []
    for has_it in (True, False):
        monkeypatch.setattr(threads, "_can_limit_blas", has_it and threads._can_limit_blas)
        threads._blas.cache_clear()
        with kernels.only("numpy"):
            results.append(step(images=4))
    threads._blas.cache_clear()
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=1e-4 * max(1, abs(b).max()))


def test_a_chunk_fits_the_cache_and_is_not_empty():
    assert threads.chunk_size(100, 1) == 100
    assert threads.chunk_size(10, threads.CACHE_BYTES) == 1
    assert threads.chunk_size(10, 3 * threads.CACHE_BYTES) == 1
    assert threads.chunk_size(0, 8) == 1
    assert 1 < threads.chunk_size(1000, threads.CACHE_BYTES // 10) <= 10


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), cache=st.sampled_from([200, 5000]))
@pytest.mark.parametrize("name", ["convolution", "conv_transpose", "conv_weight", "max_pool", "window_sum_adjoint"])
def test_many_small_chunks_give_the_same(name, seed, cache):
    for numpy in definitions[name].implementations:
        if numpy.engine != "numpy":
            continue
        args = draw_args(numpy, seed)
        with pytest.MonkeyPatch.context() as patch, kernels.only("numpy", always=True):
            patch.setattr(threads, "CACHE_BYTES", cache)  # a setting of the machine, not a threshold between implementations
            patch.setattr(convolution, "PLANES_MIN_MACS", 0)
            result = numpy(*args)
        if result is not NotImplemented:
            with kernels.only("definition"):
                assert_close(result, definitions[name](*args), numpy.ulp)


@pytest.mark.parametrize("exit_hook", [True, False])
def test_work_while_the_interpreter_shuts_down_and_in_a_fork(exit_hook):
    setup = "import atexit, os, minitorch as mt\nmt.set_num_threads(2)\nx, w = mt.ones(64, 8, 32, 32), mt.ones(8, 8, 3, 3)\n"
    run = "mt.nn.functional.conv2d(x, w).sum().item()"
    if exit_hook:
        assert float(run_anew(f"{setup}atexit.register(lambda: print({run}))")[0]) == 64 * 8 * 30 * 30 * 72
    elif hasattr(os, "fork"):
        code = f"before = {run}\npid = os.fork()\nif pid == 0:\n    os._exit(0 if {run} == before else 1)\n"
        assert run_anew(f"{setup}{code}print(os.waitpid(pid, 0)[1] >> 8)") == ["0"]


@needs_numba
def test_several_threads_of_the_program_and_a_fork_may_use_compiled_loops():
    expected, results = step(), {}

    def work(i):
        results[i] = [mt.relu(mt.linspace(-1, 1, 50_001)).sum().item() for _ in range(20)]

    workers = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(results[i] == pytest.approx([12_500.5] * 20, rel=1e-4) for i in range(3))
    if hasattr(os, "fork"):
        code = (
            "import os, warnings; warnings.simplefilter('ignore')\n"
            "from tests.laws.test_kernels import step\n"
            "first = step(); child = os.fork()\n"
            "if child == 0:\n"
            "    same = all(a.tobytes() == b.tobytes() for a, b in zip(first, step()))\n"
            "    os._exit(0 if same else 1)\n"
            "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
        )
        assert run_anew(code) == ["0"]
    assert all(a.tobytes() == b.tobytes() for a, b in zip(step(), expected, strict=True))


@needs_numba
@pytest.mark.parametrize(
    ("features", "before", "after"),
    [
        ("+avx512f,+avx512fp16", None, "+avx512f,+avx512fp16,-prefer-256-bit"),
        ("+avx512f,+avx512fp16", "+avx2", "+avx2"),  # what the program has chosen
        ("+avx512f,-avx512fp16", None, None),
    ],
)
def test_whole_registers_are_used_where_the_processor_does_not_slow_down(features, before, after, monkeypatch):
    fake = types.SimpleNamespace(config=types.SimpleNamespace(CPU_FEATURES=before))
    codegen = types.SimpleNamespace(get_host_cpu_features=lambda: features)
    monkeypatch.setitem(sys.modules, "numba.core.codegen", codegen)
    compiler._use_whole_registers(fake)
    assert vars(fake.config) == {"CPU_FEATURES": after}


@pytest.mark.skipif(numba is None or not compiler.has_threads(), reason="TBB is not installed (pip install '.[fast]')")
def test_loops_have_one_thread_while_those_of_blas_wait_for_work(monkeypatch):
    a = np.ones((600, 600), np.float32)
    mt.relu(mt.from_numpy(a))
    np.testing.assert_array_equal(products.matrix_product(a, a), np.full((600, 600), 600.0))
    assert compiler._thread_count() == 1
    monkeypatch.setattr(compiler, "blas_awake_until", 0.0)
    assert compiler._thread_count() == min(mt.get_num_threads(), numba.config.NUMBA_NUM_THREADS)
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        mt.relu(mt.from_numpy(a))
        assert numba.get_num_threads() == 1  # this number is the program's own
    finally:
        numba.set_num_threads(before)
    products.matrix_product(a[:100, :100], a[:100, :100])  # small enough for one
    assert compiler.blas_awake_until == 0.0


# ---- what may go wrong with Numba and TBB
# -------------------------------------------------------------------------------------


def run_anew(code, cache=None, **environment):
    """The output of a program of its own; with `cache`, one for which nothing has been compiled before."""
    environment = {**os.environ, **({"NUMBA_CACHE_DIR": str(cache)} if cache else {}), **environment}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


LARGE = "import minitorch as mt\nx = mt.linspace(-1, 1, 20_001)\n"
RELU = "print(round(mt.relu(x).sum().item()))\n"


@needs_numba
def test_a_damaged_file_of_compiled_code_is_compiled_again(tmp_path):
    assert run_anew(LARGE + RELU, tmp_path) == ["5000"]
    kept = [path for path in tmp_path.rglob("elementwise.relu*") if path.is_file()]
    assert kept
    for path in kept:
        path.write_bytes(b"")
    assert run_anew(LARGE + RELU, tmp_path) == ["5000"]


@needs_numba
@pytest.mark.parametrize("error", ["SystemError", "KeyboardInterrupt"])
def test_a_numba_that_cannot_be_imported_counts_as_none(error, tmp_path):
    code = (
        "import sys, contextlib\n"
        "class Broken:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == 'numba': raise {error}('no')\n"
        "sys.meta_path.insert(0, Broken())\n" + LARGE + "with contextlib.suppress(KeyboardInterrupt): mt.relu(x)\n" + RELU
    )
    assert run_anew(code, tmp_path) == ["5000"]


@needs_numba
def test_a_tbb_that_cannot_be_loaded_leaves_one_thread(tmp_path):
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
        "numba.njit(parallel=True)(lambda x: x + 1)(np.ones(9))\n" + LARGE + RELU
        + "from minitorch.kernels.numba import compiler\nprint(compiler.has_threads() == (numba.threading_layer() == 'tbb'))\n"
    )  # fmt: skip
    assert run_anew(code, tmp_path, NUMBA_THREADING_LAYER_PRIORITY="workqueue tbb omp") == ["5000", "True"]


@needs_numba
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_in_the_middle_of_a_compilation_computes_without(tmp_path):
    code = (
        "import os, threading\n" + LARGE + "from numba.core.compiler_lock import global_compiler_lock as lock\n"
        "mt.tanh(x); held, done = threading.Event(), threading.Event()\n"
        "def compile():\n"
        "    with lock: held.set(); done.wait()\n"
        "threading.Thread(target=compile).start(); held.wait(); child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(round(mt.relu(x).sum().item()) != 5000)\n"
        "done.set(); print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert run_anew(code, tmp_path) == ["0"]
