"""Grad modes: as blocks, decorators, of threads and of generators."""

import contextvars
import threading

import pytest

import minitorch as mt
from minitorch.autograd import enable_grad, is_grad_enabled, no_grad, set_grad_enabled


def test_grad_mode_belongs_to_a_thread():
    seen = {}
    with no_grad():
        thread = threading.Thread(target=lambda: seen.update(inside=is_grad_enabled()))
        thread.start()
        thread.join()
        seen["here"] = is_grad_enabled()
    assert seen == {"inside": True, "here": False}


def test_grad_modes_nest_and_decorate():
    @no_grad()
    def off():
        return is_grad_enabled()

    @no_grad
    def also_off():
        return is_grad_enabled()

    with no_grad():
        with enable_grad():
            assert is_grad_enabled()
            assert not off()
            assert not also_off()
        assert not is_grad_enabled()
    with set_grad_enabled(False):
        assert not is_grad_enabled()
    assert is_grad_enabled()
    set_grad_enabled(False)
    assert not is_grad_enabled()
    set_grad_enabled(True)

    @set_grad_enabled(False)
    def off_too():
        return is_grad_enabled()

    assert is_grad_enabled()
    assert not off_too()


def test_generators_keep_the_mode_while_they_run():
    seen = []

    @no_grad()
    def numbers():
        try:
            seen.append(is_grad_enabled())
            got = yield 1
            seen.append((got, is_grad_enabled()))
            yield 2
        finally:
            seen.append(is_grad_enabled())

    generator = numbers()
    assert next(generator) == 1
    assert is_grad_enabled()
    assert generator.send("a") == 2
    generator.close()
    assert seen == [False, ("a", False), False]
    assert is_grad_enabled()
    assert not isinstance(enable_grad(), no_grad)


def test_grad_mode_is_of_the_thread_not_of_the_context():
    contextvars.copy_context().run(mt.set_grad_enabled, False)  # as a notebook runs each of its cells
    assert not mt.is_grad_enabled()
    mt.set_grad_enabled(True)
    block = mt.no_grad()
    contextvars.copy_context().run(block.__enter__)
    assert not mt.is_grad_enabled()
    block.__exit__(None, None, None)
    assert mt.is_grad_enabled()
    with pytest.raises(TypeError, match="'mode' must be bool, not str"):
        mt.set_grad_enabled("no")


def test_inference_mode_takes_a_mode():
    x = mt.ones(1, requires_grad=True)
    with mt.inference_mode(True):
        assert not (x * 2).requires_grad
        with mt.inference_mode(mode=False):
            assert (x * 2).requires_grad
    for decorator in (mt.inference_mode, mt.inference_mode(), mt.inference_mode(True)):
        assert not decorator(lambda: (x * 2).requires_grad)()
    assert mt.inference_mode(False)(lambda: (x * 2).requires_grad)()
    with pytest.raises(TypeError, match="mode is True or False, not int"):
        mt.inference_mode(1)
