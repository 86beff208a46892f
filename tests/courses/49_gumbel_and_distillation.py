"""Teaches discrete choices that have gradients, and a student that learns from a teacher."""
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(49)

print("The Gumbel-max trick")
logits = torch.tensor([1.0, 2.0, 0.5]).log()


def sample_gumbel(shape, eps=1e-20):
    U = torch.rand(shape)
    return -torch.log(-torch.log(U + eps) + eps)


def gumbel_softmax_sample(logits, temperature):
    y = logits + sample_gumbel(logits.size())
    return F.softmax(y / temperature, dim=-1)


draws = (logits + sample_gumbel((4000, 3))).argmax(-1)
print("frequencies", (draws.bincount() / 4000.0 - logits.exp() / 3.5).abs().max() < 0.03)
for temperature in (5.0, 1.0, 0.1):
    print(temperature, gumbel_softmax_sample(logits, temperature))

print("\nThe library's own")
soft = F.gumbel_softmax(logits.expand(1000, 3), tau=0.5)
hard = F.gumbel_softmax(logits.expand(1000, 3), tau=0.5, hard=True)
print(soft.shape, soft.sum(-1).allclose(torch.ones(1000)), hard.round().unique(), hard.sum(-1).min().round(), hard.sum(-1).max().round())
print("means", (hard.mean(0) - logits.exp() / 3.5).abs().max() < 0.05)
w = torch.zeros(2, 4, requires_grad=True)
chosen = F.gumbel_softmax(w, tau=1, hard=True, dim=1)
(chosen * torch.tensor([1., 2., 3., 4.])).sum().backward()
print("straight through:", w.grad.shape, w.grad.abs().sum() > 0, w.grad.sum(1).abs() < 1e-5)


class StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, probs):
        index = probs.max(-1, keepdim=True)[1]
        return torch.zeros_like(probs).scatter_(-1, index, 1.0)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output


probs = torch.tensor([[0.2, 0.5, 0.3]], requires_grad=True)
one = StraightThrough.apply(probs)
(one * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
print(one, probs.grad)

print("\nA vector-quantised code book")
codebook = nn.Embedding(4, 2)
codebook.weight.data.uniform_(-1.0 / 4, 1.0 / 4)
z = torch.randn(6, 2, requires_grad=True)
d = z.pow(2).sum(1, keepdim=True) + codebook.weight.pow(2).sum(1) - 2 * torch.matmul(z, codebook.weight.t())
encoding_indices = torch.argmin(d, dim=1).unsqueeze(1)
encodings = torch.zeros(encoding_indices.shape[0], 4).scatter_(1, encoding_indices, 1)
quantized = encodings @ codebook.weight
print(torch.allclose(quantized, codebook(encoding_indices.squeeze(1))), encodings.sum(0))
loss = F.mse_loss(quantized, z.detach()) + 0.25 * F.mse_loss(quantized.detach(), z)
straight = z + (quantized - z).detach()
(loss + straight.sum()).backward()
avg_probs = encodings.mean(0)
print(loss.item() > 0, (z.grad - 1).abs().max() < 1, "perplexity", torch.exp(-torch.sum(avg_probs * torch.log(avg_probs + 1e-10))))

print("\nKnowledge distillation")
X = torch.randn(200, 8)
labels = (X[:, :3] ** 2).argmax(1)
train, test = torch.split(torch.arange(200), [140, 60])


class Net(nn.Module):
    def __init__(self, hidden, depth=1):
        super().__init__()
        layers = [nn.Linear(8, hidden), nn.ReLU()]
        for _ in range(depth - 1):
            layers += [nn.Linear(hidden, hidden), nn.ReLU()]
        self.body, self.head = nn.Sequential(*layers), nn.Linear(hidden, 3)

    def forward(self, x):
        return self.head(self.body(x))


def loss_fn_kd(student_logits, labels, teacher_logits, alpha=0.9, T=4.0):
    soft = nn.KLDivLoss(reduction="batchmean")(F.log_softmax(student_logits / T, dim=1), F.softmax(teacher_logits / T, dim=1))
    return soft * (alpha * T * T) + F.cross_entropy(student_logits, labels) * (1. - alpha)


def accuracy(net, idx):
    net.eval()
    with torch.no_grad():
        return net(X[idx]).argmax(1).eq(labels[idx]).float().mean().item()


teacher = Net(48, 2)
optimizer = torch.optim.Adam(teacher.parameters(), lr=5e-3)
for epoch in range(80):
    optimizer.zero_grad()
    F.cross_entropy(teacher(X[train]), labels[train]).backward()
    optimizer.step()
print("teacher", accuracy(teacher, train) > 0.9, sum(p.numel() for p in teacher.parameters()))
for p in teacher.parameters():
    p.requires_grad_(False)
student = Net(8)
optimizer = torch.optim.Adam(student.parameters(), lr=1e-2)
history = []
for epoch in range(60):
    student.train()
    for idx in train[torch.randperm(len(train))].split(35):
        loss = loss_fn_kd(student(X[idx]), labels[idx], teacher(X[idx]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    history.append(loss.item())
print("student", history[-1] < history[0], accuracy(student, train) > 0.6, sum(p.numel() for p in student.parameters()))
print("the loss of equal logits has only its hard part:", loss_fn_kd(torch.ones(2, 3), torch.tensor([0, 1]), torch.ones(2, 3)))
cosine = nn.CosineEmbeddingLoss()
print("hidden states", cosine(student.body(X[:4]), teacher.body(X[:4])[:, :8], target=torch.ones(4)).item() < 2)
ema = {k: v.clone() for k, v in student.state_dict().items()}
for k, v in student.state_dict().items():
    ema[k].mul_(0.9).add_(v, alpha=0.1)
print("moving average:", all(torch.allclose(ema[k], v) for k, v in student.state_dict().items()))
