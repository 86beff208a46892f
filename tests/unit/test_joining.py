"""Functions that cut tensors apart: one node for all pieces."""

import pytest

import minitorch as mt


@pytest.mark.parametrize(
    ("cut", "name"),
    [
        (lambda x: x.unbind(1), "UnbindBackward0"),
        (lambda x: list(x.t()), "UnbindBackward0"),
        (lambda x: x.split(1, 1), "SplitBackward0"),
        (lambda x: x.split([1, 1, 1], 1), "SplitWithSizesBackward0"),
        (lambda x: x.chunk(3, 1), "SplitBackward0"),
    ],
)
def test_pieces_are_the_outputs_of_one_node_and_views(cut, name):
    x = mt.arange(6.0).reshape(2, 3).requires_grad_()
    y = x * 1
    parts = cut(y)
    edges = [mt.autograd.graph.get_gradient_edge(part) for part in parts]
    assert [edge.output_nr for edge in edges] == [part.output_nr for part in parts] == [0, 1, 2]
    assert {edge.node for edge in edges} == {parts[0].grad_fn}
    assert parts[0].grad_fn.name() == name
    (parts[2] * 5).sum().backward(retain_graph=True)
    assert x.grad.tolist() == [[0, 0, 5], [0, 0, 5]]
    parts[1].mul_(10)
    assert y.tolist() == [[0, 10, 2], [3, 40, 5]]
    x.grad = None
    (parts[0] + parts[1]).sum().backward()
    assert x.grad.tolist() == [[1, 10, 0], [1, 10, 0]]
