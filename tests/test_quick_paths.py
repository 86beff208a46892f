"""What is written for speed, held equal to its plain definition over drawn shapes, and the same for any number of threads."""

import math
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

import minitorch as mt
from minitorch.backend import arrays, threads
from minitorch.backend.arrays import choose, in_cache, keep
from minitorch.backend.threads import in_pieces, piece_size
from minitorch.ops import columns, planes
from minitorch.ops.window import Window


@st.composite
def convolutions(draw):
    """A window of any rank, with negative padding, too, arrays that suit it, and how much a piece may hold."""
    rank = draw(st.integers(1, 3))
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(rank))  # noqa: E731
    kernel, stride, dilation, size = each(1, 4), each(1, 4), each(1, 3), each(1, 8)
    padding = tuple((draw(st.integers(0, 4)), draw(st.integers(0, 4))) for _ in range(rank))
    window = Window(kernel, stride, padding, dilation)
    short = [max(0, span - n - a - b) for span, n, (a, b) in zip(window.span, size, padding, strict=True)]
    size = tuple(n + s for n, s in zip(size, short, strict=True))
    groups, n = draw(st.integers(1, 3)), draw(st.integers(0, 5))
    channels, features = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    values = np.random.default_rng(draw(st.integers(0, 1000)))
    x = values.standard_normal((n, channels, *size))
    w = values.standard_normal((features, channels // groups, *kernel))
    g = values.standard_normal((n, features, *window.output_size(size)))
    return window, groups, x, w, g, values.standard_normal(features), draw(st.sampled_from([200, 5000, 1 << 20]))


@settings(max_examples=300, deadline=None)
@given(convolutions())
def test_convolution_on_planes_is_the_product_with_all_columns(case):
    window, groups, x, w, g, bias, cache = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "CACHE", cache)
        patch.setattr(planes, "FEW", -1)  # or else these small ones would not come to planes at all
        y = planes.correlate(x, w, bias, window, groups)
        back = planes.correlate_transposed(g, w, None, window, groups, x.shape[2:])
        weight = planes.correlate_weight(x, g, window, groups)
    np.testing.assert_allclose(y, columns.correlate(x, w, bias, window, groups), atol=1e-10)
    np.testing.assert_allclose(back, columns.correlate_transposed(g, w, None, window, groups, x.shape[2:]), atol=1e-10)
    np.testing.assert_allclose(weight, columns.correlate_weight(x, g, window, groups), atol=1e-10)


def test_what_is_computed_in_the_cache_is_the_same(monkeypatch):
    x, g = np.random.default_rng(0).standard_normal((2, 5, 7))

    def compute(x, g):
        return x - x * g

    monkeypatch.setattr(arrays, "PIECE", 4)
    for a, b in ((x, g), (x.T.copy().T, g), (x[:, ::-1], g[:1])):
        np.testing.assert_array_equal(in_cache(compute, a, b), a - a * b)


@pytest.fixture
def restore_threads():
    before = mt.get_num_threads()
    yield
    mt.set_num_threads(before)


def test_the_number_of_threads_changes_no_bit(restore_threads):
    def results():
        mt.manual_seed(0)
        conv, up = mt.nn.Conv2d(6, 10, 3, stride=2, padding=1), mt.nn.ConvTranspose2d(10, 4, 4, stride=2, padding=1)
        x = mt.randn(40, 6, 40, 40, requires_grad=True)
        up(conv(x)).square().sum().backward()
        return [t.detach().numpy() for t in (x.grad, *(p.grad for p in (*conv.parameters(), *up.parameters())))]

    mt.set_num_threads(1)
    alone = results()
    for count in (2, 3):
        mt.set_num_threads(count)
        for a, b in zip(alone, results(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_set_num_threads_says_what_it_expects(restore_threads):
    mt.set_num_threads(3)
    assert mt.get_num_threads() == 3
    with pytest.raises(RuntimeError, match="positive integer, but got 0"):
        mt.set_num_threads(0)
    with pytest.raises(TypeError, match="expects an int, but got float"):
        mt.set_num_threads(2.0)
    assert mt.get_num_threads() == 3


def test_pieces_are_added_in_order_and_one_that_fails_is_heard_of(restore_threads):
    mt.set_num_threads(4)
    seen = []

    def piece(start, stop):
        seen.append(threading.current_thread().name)
        return np.array([float(f"1e{-start}")])

    total = in_pieces(piece, 9, 2)
    expected = np.zeros(1)
    for start in range(0, 9, 2):
        expected += float(f"1e{-start}")
    assert total == expected
    assert len(seen) == 5
    assert in_pieces(lambda start, stop: None, 0, 1) is None

    def failing(start, stop):
        raise ValueError(f"piece {start}")

    with pytest.raises(ValueError, match="piece"):
        in_pieces(failing, 9, 2)


def test_pieces_of_a_piece_are_done_by_the_thread_that_has_it(restore_threads):
    mt.set_num_threads(3)

    def inner(start, stop):
        return {threading.get_ident()}

    class Union(set):
        def __iadd__(self, other):
            self |= other
            return self

    def outer(start, stop):
        assert in_pieces(lambda a, b: Union(inner(a, b)), 4, 1) == {threading.get_ident()}

    in_pieces(outer, 6, 1)


def test_blas_has_its_threads_back_after_an_error(restore_threads):
    mt.set_num_threads(2)
    counts = lambda: [lib.get_num_threads() for lib in threads._blas()]  # noqa: E731

    def failing(start, stop):
        assert set(counts()) <= {1}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_pieces(failing, 4, 1)
    assert set(counts()) <= {2}


def test_blas_keeps_the_number_of_threads_that_the_program_chose(restore_threads):
    mt.set_num_threads(2)
    with threadpool_limits(1):
        in_pieces(lambda start, stop: None, 4, 1)
        assert {lib.get_num_threads() for lib in threads._blas()} <= {1}


def test_blas_has_its_threads_back_whichever_thread_ends_last(restore_threads):
    mt.set_num_threads(2)
    seen = []

    def work():
        in_pieces(lambda start, stop: seen.extend(lib.get_num_threads() for lib in threads._blas()), 1, 1)

    work()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert set(seen) <= {1}
    assert {lib.get_num_threads() for lib in threads._blas()} <= {2}


def test_work_is_done_while_the_interpreter_shuts_down():
    code = """
import atexit, minitorch as mt
mt.set_num_threads(2)
x, w = mt.ones(64, 8, 32, 32), mt.ones(8, 8, 3, 3)
atexit.register(lambda: print(mt.nn.functional.conv2d(x, w).sum().item()))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    assert float(done.stdout) == 64 * 8 * 30 * 30 * 72


def test_an_infinite_number_does_not_spread():
    up = mt.nn.functional.conv_transpose1d(mt.ones(1, 1, 3), mt.tensor([[[1.0, math.inf]]]))
    assert up.tolist() == [[[1, math.inf, math.inf, math.inf]]]
    x = mt.ones(2, 1, 3, 3)
    x[1, 0, 0, 0] = math.inf
    w = mt.ones(1, 1, 2, 2, requires_grad=True)
    mt.nn.functional.conv2d(x, w).sum().backward()
    assert w.grad.tolist() == [[[[math.inf, 8], [8, 8]]]]
    slope = mt.tensor([0.25], requires_grad=True)
    mt.nn.functional.prelu(mt.tensor([math.inf, 1.0]), slope).sum().backward()
    assert slope.grad.item() == 0


@pytest.mark.parametrize("norm", ["InstanceNorm2d(2)", "BatchNorm2d(2, affine=False)", "GroupNorm(1, 2, affine=False)"])
def test_a_relu_may_overwrite_what_a_norm_returns(norm):
    nn = mt.nn
    model = nn.Sequential(nn.Conv2d(1, 2, 3), eval(f"nn.{norm}"), nn.ReLU(inplace=True))
    model(mt.randn(2, 1, 6, 6)).sum().backward()
    assert model[0].weight.grad.isfinite().all()


def test_a_piece_fits_the_cache_and_has_something_in_it():
    array = np.zeros(1)
    assert piece_size(100, 1, array) == 100
    assert piece_size(10, threads.CACHE, array) == 1
    assert piece_size(10, 3 * threads.CACHE, array) == 1
    assert piece_size(0, 8, array) == 1
    assert 1 < piece_size(1000, threads.CACHE // 10, array) <= 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_fork_has_threads_of_its_own():
    code = """
import os, minitorch as mt
mt.set_num_threads(2)
run = lambda: mt.nn.functional.conv2d(mt.ones(64, 8, 32, 32), mt.ones(8, 8, 3, 3)).sum().item()
before = run()
pid = os.fork()
if pid == 0:
    os._exit(0 if run() == before else 1)
raise SystemExit(os.waitpid(pid, 0)[1] >> 8)
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)


@given(st.integers(0, 2000), st.sampled_from(["float16", "float32", "float64"]), st.integers(0, 100))
def test_choosing_by_bits_is_where(size, dtype, seed):
    values = np.random.default_rng(seed)
    a, b = (values.standard_normal(size).astype(dtype) for _ in range(2))
    for array in (a, b):
        array[: size // 8] = values.choice([np.inf, -np.inf, np.nan, 0.0, -0.0], size // 8)
    mask = values.random(size) < 0.5
    one = a.dtype.type(-0.3)
    for x, y in ((a, b), (a, one), (one, b), (one, a.dtype.type(0))):
        got, expected = choose(mask, x, y), np.where(mask, x, y)
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)
        np.testing.assert_array_equal(np.signbit(got), np.signbit(expected))
    np.testing.assert_array_equal(keep(a, mask), np.where(mask, a, a.dtype.type(0)))
