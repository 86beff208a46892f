"""These tests compare minitorch with PyTorch. Where PyTorch is not installed they are skipped: `make parity` installs it."""

import pytest


def pytest_collection_modifyitems(items):
    try:
        import torch  # noqa: F401
    except ImportError:
        skip = pytest.mark.skip(reason="PyTorch is not installed: `make parity` installs it")
        for item in items:
            if "parity" in item.path.parts:
                item.add_marker(skip)


def pytest_terminal_summary(terminalreporter):
    skipped = [r for r in terminalreporter.stats.get("skipped", ()) if "parity" in r.nodeid]
    if skipped:
        terminalreporter.write_line(f"{len(skipped):,} comparisons with PyTorch were skipped: `make parity` installs it")
