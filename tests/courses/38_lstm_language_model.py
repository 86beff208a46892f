"""Teaches a language model by LSTM, with packed sequences of different lengths."""
import math
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence, pack_sequence, PackedSequence

torch.manual_seed(1234)

text = """the cat sat on the mat
the dog sat on the log
a cat saw a dog
the mat and the log
a dog and a cat sat on a mat
the cat saw the log""".split("\n")


class Dictionary(object):
    def __init__(self):
        self.word2idx, self.idx2word = {}, []

    def add_word(self, word):
        if word not in self.word2idx:
            self.idx2word.append(word)
            self.word2idx[word] = len(self.idx2word) - 1
        return self.word2idx[word]

    def __len__(self):
        return len(self.idx2word)


dictionary = Dictionary()
for w in ("<pad>", "<eos>"):
    dictionary.add_word(w)
sentences = [torch.LongTensor([dictionary.add_word(w) for w in s.split() + ["<eos>"]]) for s in text]
lengths = torch.tensor([len(s) - 1 for s in sentences])
lengths, perm = lengths.sort(dim=0, descending=True, stable=True)
sentences = [sentences[i] for i in perm.tolist()]
ntokens = len(dictionary)
print(ntokens, lengths, dictionary.idx2word[:5])
inputs = pad_sequence([s[:-1] for s in sentences], batch_first=True)
targets = pad_sequence([s[1:] for s in sentences], batch_first=True)
print(inputs)
packed = pack_padded_sequence(inputs, lengths, batch_first=True)
print(packed)
print(packed.data.shape, packed.batch_sizes, isinstance(packed, PackedSequence))
back, back_lengths = pad_packed_sequence(packed, batch_first=True, padding_value=0)
print(torch.equal(back, inputs), back_lengths)
print(pack_sequence([s[:-1] for s in sentences]).data.equal(packed.data))


class RNNModel(nn.Module):
    """Container module with an encoder, a recurrent module, and a decoder."""

    def __init__(self, ntoken, ninp, nhid, nlayers, dropout=0.0, tie_weights=False):
        super(RNNModel, self).__init__()
        self.drop = nn.Dropout(dropout)
        self.encoder = nn.Embedding(ntoken, ninp, padding_idx=0)
        self.rnn = nn.LSTM(ninp, nhid, nlayers, dropout=dropout, batch_first=True)
        self.decoder = nn.Linear(nhid, ntoken)
        if tie_weights:
            if nhid != ninp:
                raise ValueError("When using the tied flag, nhid must be equal to emsize")
            self.decoder.weight = self.encoder.weight
        self.init_weights()
        self.nhid, self.nlayers = nhid, nlayers

    def init_weights(self):
        initrange = 0.1
        nn.init.uniform_(self.encoder.weight, -initrange, initrange)
        nn.init.zeros_(self.decoder.bias)
        for name, p in self.rnn.named_parameters():
            if "weight_hh" in name:
                for w in p.chunk(4, 0):
                    nn.init.orthogonal_(w)
            elif "bias_ih" in name:
                n = p.size(0)
                p.data[n // 4:n // 2].fill_(1.)

    def forward(self, input, hidden, lengths=None):
        emb = self.drop(self.encoder(input))
        if lengths is not None:
            emb = pack_padded_sequence(emb, lengths, batch_first=True)
        output, hidden = self.rnn(emb, hidden)
        if lengths is not None:
            output, _ = pad_packed_sequence(output, batch_first=True)
        return self.decoder(self.drop(output)), hidden

    def init_hidden(self, bsz):
        weight = next(self.parameters())
        return (weight.new_zeros(self.nlayers, bsz, self.nhid), weight.new_zeros(self.nlayers, bsz, self.nhid))


def repackage_hidden(h):
    if isinstance(h, torch.Tensor):
        return h.detach()
    return tuple(repackage_hidden(v) for v in h)


model = RNNModel(ntokens, 16, 16, 2, tie_weights=True)
print(model)
print([(n, list(p.size())) for n, p in model.rnn.named_parameters()][:4])
print("tied:", model.decoder.weight is model.encoder.weight, sum(p.numel() for p in model.parameters()))
gram = model.rnn.weight_hh_l0[:16] @ model.rnn.weight_hh_l0[:16].t()
print("orthogonal:", torch.allclose(gram, torch.eye(16), atol=1e-5), model.rnn.bias_ih_l0.data[16:20])
criterion = nn.CrossEntropyLoss(ignore_index=0)
lr, best = 5.0, None
hidden = model.init_hidden(len(sentences))
for epoch in range(30):
    model.zero_grad()
    hidden = repackage_hidden(hidden)
    output, hidden = model(inputs, model.init_hidden(len(sentences)), lengths)
    loss = criterion(output.reshape(-1, ntokens), targets.reshape(-1))
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
    for p in model.parameters():
        p.data.add_(p.grad, alpha=-lr)
    if epoch < 3:
        print("| epoch {:3d} | loss {:5.2f} | ppl {:6.1f} | clipped {}".format(epoch, loss.item(), math.exp(loss.item()), bool(norm > 0.25)))
print("better than guessing:", loss.item() < math.log(ntokens))

print("the state is that of each last word:", hidden[0].shape, hidden[1].shape)
alone, (h, c) = model(inputs[-1:, :lengths[-1]], model.init_hidden(1))
print(torch.allclose(h[:, 0], hidden[0][:, -1], atol=1e-1), alone.shape)
both = nn.LSTM(4, 3, bidirectional=True)
seqs = pack_sequence([torch.ones(2, 4), torch.ones(3, 4), torch.ones(1, 4)], enforce_sorted=False)
out, (h, c) = both(seqs)
print(seqs.sorted_indices, seqs.unsorted_indices, out.batch_sizes, h.shape)
padded, n = pad_packed_sequence(out)
print(padded.shape, n, torch.allclose(padded[1, 0, :3], h[0, 0]), torch.allclose(padded[0, 1, 3:], h[1, 1]))
