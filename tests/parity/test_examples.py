"""The examples in the docstrings of `nn` print the same with PyTorch in place of minitorch."""

import doctest

import pytest

from tests.laws.test_docs import NAMES, examples_of

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore::UserWarning")]


@pytest.mark.parametrize("path", [path for path in NAMES if path.startswith("minitorch.nn.")])
def test_the_examples_run_with_pytorch(path, capsys):
    import torch

    torch.manual_seed(0)
    for test in examples_of(path, NAMES[path]):
        test.globs = {"minitorch": torch, "nn": torch.nn, "F": torch.nn.functional, "__name__": "__main__"}
        for example in test.examples:
            example.want = example.want.replace("minitorch.", "torch.")
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        assert runner.run(test).failed == 0, capsys.readouterr().out
