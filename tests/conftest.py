"""Settings for every test: Hypothesis draws the same cases each time, and the random stream starts from one seed.

`make fuzz` runs with the profile 'long' instead, which draws many more, and others each time; `make test-quick` with 'quick'.
`pytest --without-torch` runs as where PyTorch is not installed.
"""

import gc
import importlib.util
import linecache
import shutil
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
settings.register_profile("quick", settings.get_profile("ci"), max_examples=2)
settings.load_profile("ci")


def pytest_addoption(parser):
    parser.addoption("--without-torch", action="store_true", help="run as where PyTorch is not installed")


def pytest_configure(config):
    if config.getoption("--without-torch"):
        sys.modules["torch"] = None


MEASURED = ("tests/unit/", "tests/laws/test_ops.py", "tests/guards/test_errors.py")


def pytest_collection_modifyitems(items):
    """`make coverage` runs the tests of single files and of ops, but for the slow ones: measuring makes them slower still."""
    for item in items:
        if item.nodeid.startswith(MEASURED) and item.get_closest_marker("slow") is None:
            item.add_marker("measured")


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


PARTS = [  # what is tested where it is there, how to get it, and the minutes that it takes
    ("PyTorch", lambda: importlib.util.find_spec("torch"), "comparisons with PyTorch", "`make parity` installs it", 1),
    ("Numba", lambda: importlib.util.find_spec("numba"), "compiled loops", "`make fast` installs it", 2),
    ("Playwright", lambda: importlib.util.find_spec("playwright"), "pages in a browser", "`make browser` installs it", 1),
    ("Chromium", lambda: any(map(shutil.which, CHROMIUM)), "pages in a browser", "the system has it: apt install chromium", 1),
    ("GPU", minitorch.cuda.is_available, "ops on a GPU", "with one, `pip install '.[gpu]'`; a stand-in is tested here", 0),
]  # fmt: skip
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def pytest_sessionstart(session):
    """At the start of the whole suite: about how long it takes, and what is skipped."""
    config = session.config
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or config.args != config.getini("testpaths") or config.getoption("markexpr"):
        return
    missing = [(name, what, how, minutes) for name, found, what, how, minutes in PARTS if not found()]
    minutes = 16 - sum(m for *_, m in missing)
    beside = 1 if config.getoption("numprocesses", None) is None else 2
    reporter.write_line(f"about {minutes // beside} minutes on two cores; `make test-quick` takes one")
    for name, what, how, _ in missing:
        reporter.write_line(f"skipped without {name}: {what} ({how})")


def pytest_make_parametrize_id(val):
    """In the name of a test a lambda is what it computes, as it is written, and a layer what it prints."""
    if isinstance(val, minitorch.nn.Module):
        return repr(val)
    if getattr(val, "__name__", "") != "<lambda>":
        return None
    spots = [spot for spot in val.__code__.co_positions() if None not in spot and spot[3] > spot[2]]
    (top, left), (bottom, right) = min((s[0], s[2]) for s in spots), max((s[1], s[3]) for s in spots)
    lines = [linecache.getline(val.__code__.co_filename, n).encode() for n in range(top, bottom + 1)]
    lines[-1] = lines[-1][:right]
    lines[0] = lines[0][left:]
    return " ".join(b"".join(lines).decode().split())[:90]
