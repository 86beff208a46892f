"""Layers that find their size out; lists of parameters; hooks with options."""

import torch
import torch.nn as nn

torch.manual_seed(0)
net = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
print(net)
print(net(torch.randn(2, 3, 6, 6)).shape)
print(net)
print([tuple(p.shape) for p in net.parameters()])


class Mixture(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter(torch.ones(2) * i) for i in range(3)])
        self.named = nn.ParameterDict({"scale": nn.Parameter(torch.tensor(2.0))})

    def forward(self, x):
        return self.named["scale"] * sum(w * x for w in self.weights)


mixture = Mixture()
print(mixture)
print([name for name, _ in mixture.named_parameters()])
print(mixture(torch.ones(2)))
print(mixture.get_parameter("named.scale"))


def before(module, args, kwargs):
    print("called with", sorted(kwargs), len(args))


handle = mixture.register_forward_pre_hook(before, with_kwargs=True)
mixture(x=torch.ones(2))
handle.remove()
mixture.register_full_backward_pre_hook(lambda module, grad: print("on the way back", grad[0].shape))
mixture(torch.ones(2, requires_grad=True)).sum().backward()
print(mixture.weights[1].grad)
print(nn.DataParallel(nn.Identity())(torch.ones(1)) if not torch.cuda.is_available() else torch.ones(1))
