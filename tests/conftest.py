"""Settings for every test: Hypothesis draws the same cases each time, and the random stream starts from one seed.

`make fuzz` runs with the profile 'long' instead, which draws many more, and others each time. `pytest --without-torch` runs
as where PyTorch is not installed.
"""

import gc
import sys

import pytest
from hypothesis import HealthCheck, Phase, settings

import minitorch

settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    max_examples=20,
    phases=set(Phase) - {Phase.explain},
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
settings.load_profile("ci")


def pytest_addoption(parser):
    parser.addoption("--without-torch", action="store_true", help="run as where PyTorch is not installed")


def pytest_configure(config):
    if config.getoption("--without-torch"):
        sys.modules["torch"] = None


@pytest.fixture(autouse=True)
def _same_seed():
    minitorch.manual_seed(0)


@pytest.fixture
def no_collector():
    """Without the garbage collector: what dies, dies by reference counting."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
