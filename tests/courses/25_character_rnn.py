"""A recurrent net reads names letter by letter and says which language they are from."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

torch.manual_seed(0)

NAMES = {"it": ["rossi", "bianchi", "ferrari", "ricci"], "de": ["schmidt", "weber", "schulz", "becker"]}
LETTERS = "abcdefghijklmnopqrstuvwxyz"
LANGUAGES = sorted(NAMES)


def encode(name):
    return torch.tensor([LETTERS.index(letter) for letter in name])


class Reader(nn.Module):
    def __init__(self, kind, hidden=12):
        super().__init__()
        self.embed = nn.Embedding(len(LETTERS), 6)
        self.body = kind(6, hidden, batch_first=True)
        self.head = nn.Linear(hidden, len(LANGUAGES))

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embed(x), lengths, batch_first=True, enforce_sorted=False)
        _, last = self.body(packed)
        if isinstance(last, tuple):
            last = last[0]
        return self.head(last[-1])


data = [(encode(name), LANGUAGES.index(language)) for language in LANGUAGES for name in NAMES[language]]
x = pad_sequence([name for name, _ in data], batch_first=True)
lengths = torch.tensor([len(name) for name, _ in data])
y = torch.tensor([label for _, label in data])
print(x.shape, lengths.tolist(), y.tolist())

for kind in (nn.RNN, nn.LSTM, nn.GRU):
    torch.manual_seed(1)
    model = Reader(kind)
    print(model)
    print(sum(p.numel() for p in model.parameters()), [tuple(p.shape) for p in model.body.parameters()])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for step in range(15):
        loss = F.cross_entropy(model(x, lengths), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 7 == 0:
            print(f"{step:2d} {loss.item():.3f}")

packed = pack_padded_sequence(torch.arange(12.0).reshape(2, 3, 2), [3, 2], batch_first=True)
print(packed.batch_sizes, packed.data.shape)
print(pad_packed_sequence(packed, batch_first=True)[0])
v = Variable(torch.ones(2), requires_grad=True)
(v * 3).sum().backward()
print(v.grad, isinstance(v, torch.Tensor))
