"""Teaches a class-based training loop, in the manner of notebooks for PyTorch 0.4."""
from __future__ import print_function
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.autograd import Variable
import argparse
import warnings

warnings.filterwarnings("ignore")

parser = argparse.ArgumentParser(description="old example")
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--momentum", type=float, default=0.9)
parser.add_argument("--no-cuda", action="store_true", default=False)
parser.add_argument("--seed", type=int, default=1)
args = parser.parse_args([])
args.cuda = not args.no_cuda and torch.cuda.is_available()

torch.manual_seed(args.seed)
if args.cuda:
    torch.cuda.manual_seed(args.seed)

# two spirals
n = 128
theta = torch.linspace(0, 3.0 * 3.14159, n).view(-1, 1)
r = theta / 10 + 0.1
arm = torch.cat((r * torch.cos(theta), r * torch.sin(theta)), 1)
data = torch.cat((arm, -arm), 0) + 0.02 * torch.randn(2 * n, 2)
labels = torch.cat((torch.zeros(n), torch.ones(n)), 0).type(torch.LongTensor)
print(data.size(), labels.type(), labels.size(0))


class Net(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super(Net, self).__init__()
        self.hidden = torch.nn.Linear(n_in, n_hidden)
        self.hidden2 = torch.nn.Linear(n_hidden, n_hidden)
        self.predict = torch.nn.Linear(n_hidden, n_out)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform(m.weight.data)
                m.bias.data.zero_()

    def forward(self, x):
        x = F.tanh(self.hidden(x))
        x = F.tanh(self.hidden2(x))
        return F.log_softmax(self.predict(x), dim=1)


class Trainer(object):
    def __init__(self, model, optimizer, batch_size):
        self.model, self.optimizer, self.batch_size = model, optimizer, batch_size
        self.history = {"loss": [], "acc": []}

    def batches(self):
        order = torch.randperm(len(data))
        for i in range(0, len(data), self.batch_size):
            idx = order[i:i + self.batch_size]
            yield Variable(data[idx]), Variable(labels[idx], requires_grad=False)

    def train(self, epoch):
        self.model.train()
        total = 0.0
        for batch_idx, (x, target) in enumerate(self.batches()):
            if args.cuda:
                x, target = x.cuda(), target.cuda()
            self.optimizer.zero_grad()
            output = self.model(x)
            loss = F.nll_loss(output, target)
            loss.backward()
            self.optimizer.step()
            total += loss.data.item()
            if batch_idx % 4 == 0:
                print("Train Epoch: {} [{}/{} ({:.0f}%)]\tLoss: {:.4f}".format(
                    epoch, batch_idx * len(x), len(data), 100. * batch_idx / 8, loss.item()))
        self.history["loss"].append(total / 8)

    def test(self):
        self.model.eval()
        test_loss, correct = 0, 0
        with torch.no_grad():
            output = self.model(Variable(data))
            test_loss += F.nll_loss(output, Variable(labels), reduction="sum").data
            pred = output.data.max(1, keepdim=True)[1]
            correct += pred.eq(labels.data.view_as(pred)).cpu().sum()
        test_loss /= len(data)
        print("\nTest set: Average loss: {:.4f}, Accuracy: {}/{} ({:.0f}%)\n".format(
            test_loss, correct, len(data), 100. * correct / len(data)))
        self.history["acc"].append(float(correct) / len(data))


model = Net(n_in=2, n_hidden=20, n_out=2)
if args.cuda:
    model.cuda()
print(model)
trainer = Trainer(model, optim.SGD(model.parameters(), lr=args.lr, momentum=args.momentum), args.batch_size)
for epoch in range(1, args.epochs + 1):
    trainer.train(epoch)
    trainer.test()
print(["%.3f" % v for v in trainer.history["loss"]])
print("volatile:", model(Variable(data[:2])).requires_grad, Variable(data).requires_grad)

net = nn.DataParallel(model)
print(type(net).__name__, net.module is model, list(net.state_dict().keys())[:2])
out = net(Variable(data[:3]))
prob, predicted = torch.max(torch.exp(out.data), 1)
print(prob, predicted)
print(isinstance(out, Variable), isinstance(data, Variable), type(out.data))
counts = {}


def hook(module, grad_input, grad_output):
    counts[module.__class__.__name__] = counts.get(module.__class__.__name__, 0) + grad_output[0].numel()


for m in model.children():
    m.register_backward_hook(hook)
F.nll_loss(model(data), labels).backward()
print(counts)
print("Total parameters: {}".format(sum([p.data.nelement() for p in model.parameters()])))
print(torch.cuda.device_count() >= 0, torch.backends.cudnn.enabled in (True, False))
