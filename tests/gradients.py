"""A table of the gradient checks: python -m tests.gradients. For every op, first and second order, over drawn samples."""

import random

from minitorch.autograd import gradcheck, gradgradcheck
from tests.drawing import Draw
from tests.samples import SAMPLES, sample_of

DRAWS = 10


def main() -> None:
    print(f"| op | derivative | first order, {DRAWS} samples | second order |")
    print("|---|---|---|---|")
    for op in SAMPLES:
        source = random.Random(0)
        draws = [sample_of(op, Draw(source.randint)) for _ in range(DRAWS)]
        verdicts = [all(check(f, x, raise_exception=False) for f, x, _ in draws) for check in (gradcheck, gradgradcheck)]
        cells = ["agrees" if verdict else "DIFFERS" for verdict in verdicts]
        formula = (op.__doc__ or "").strip().splitlines()[0].replace("|", "\\|")
        print(f"| {op.__name__} | {formula} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
