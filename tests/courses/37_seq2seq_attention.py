"""Teaches an encoder and a decoder with attention, which learn to reverse a sequence of letters."""
import random
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim

torch.manual_seed(3)
random.seed(3)
SOS_token, EOS_token, PAD_token = 0, 1, 2
device = torch.device("cpu")


class Lang:
    def __init__(self, name):
        self.name = name
        self.word2index, self.n_words = {}, 3
        self.index2word = {0: "SOS", 1: "EOS", 2: "PAD"}

    def addWord(self, word):
        if word not in self.word2index:
            self.word2index[word] = self.n_words
            self.index2word[self.n_words] = word
            self.n_words += 1


lang = Lang("letters")
for c in "abcdef":
    lang.addWord(c)
MAX_LENGTH = 6


class EncoderRNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super(EncoderRNN, self).__init__()
        self.hidden_size = hidden_size
        self.embedding = nn.Embedding(input_size, hidden_size, padding_idx=PAD_token)
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)

    def forward(self, input):
        output, hidden = self.gru(self.embedding(input))
        return output, hidden


class BahdanauAttention(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.Wa = nn.Linear(hidden_size, hidden_size)
        self.Ua = nn.Linear(hidden_size, hidden_size)
        self.Va = nn.Linear(hidden_size, 1)

    def forward(self, query, keys, mask):
        scores = self.Va(torch.tanh(self.Wa(query) + self.Ua(keys))).squeeze(2).unsqueeze(1)
        scores.data.masked_fill_(mask.unsqueeze(1), -float("inf"))
        weights = F.softmax(scores, dim=-1)
        return torch.bmm(weights, keys), weights


class AttnDecoderRNN(nn.Module):
    def __init__(self, hidden_size, output_size, dropout_p=0.0):
        super().__init__()
        self.embedding = nn.Embedding(output_size, hidden_size)
        self.attention = BahdanauAttention(hidden_size)
        self.gru = nn.GRU(2 * hidden_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)
        self.dropout = nn.Dropout(dropout_p)

    def forward(self, encoder_outputs, encoder_hidden, mask, target_tensor=None):
        batch_size = encoder_outputs.size(0)
        decoder_input = torch.empty(batch_size, 1, dtype=torch.long, device=device).fill_(SOS_token)
        decoder_hidden = encoder_hidden
        decoder_outputs, attentions = [], []
        for i in range(MAX_LENGTH):
            embedded = self.dropout(self.embedding(decoder_input))
            query = decoder_hidden.permute(1, 0, 2)
            context, attn_weights = self.attention(query, encoder_outputs, mask)
            output, decoder_hidden = self.gru(torch.cat((embedded, context), dim=2), decoder_hidden)
            output = self.out(output)
            decoder_outputs.append(output)
            attentions.append(attn_weights)
            if target_tensor is not None:
                decoder_input = target_tensor[:, i].unsqueeze(1)
            else:
                _, topi = output.topk(1)
                decoder_input = topi.squeeze(-1).detach()
        decoder_outputs = F.log_softmax(torch.cat(decoder_outputs, dim=1), dim=-1)
        return decoder_outputs, decoder_hidden, torch.cat(attentions, dim=1)


def indexes(word):
    return [lang.word2index[c] for c in word] + [EOS_token]


def make_batch(words):
    pad = nn.utils.rnn.pad_sequence
    src = pad([torch.tensor(indexes(w)) for w in words] + [torch.zeros(MAX_LENGTH).long()], batch_first=True, padding_value=PAD_token)
    dst = pad([torch.tensor(indexes(w[::-1])) for w in words] + [torch.zeros(MAX_LENGTH).long()], True, PAD_token)
    return src[:-1], dst[:-1]


words = ["".join(random.choice("abcdef") for _ in range(random.randint(2, 5))) for _ in range(40)]
src, dst = make_batch(words)
print(words[:4])
print(src[:4])
print(dst[:4], src.ne(PAD_token).sum(1)[:4])
encoder, decoder = EncoderRNN(lang.n_words, 24).to(device), AttnDecoderRNN(24, lang.n_words).to(device)
print(encoder, decoder, sep="\n")
encoder_optimizer = optim.Adam(encoder.parameters(), lr=0.01)
decoder_optimizer = optim.Adam(decoder.parameters(), lr=0.01)
criterion = nn.NLLLoss(ignore_index=PAD_token)
mask = src == PAD_token
for epoch in range(1, 61):
    encoder_optimizer.zero_grad()
    decoder_optimizer.zero_grad()
    encoder_outputs, encoder_hidden = encoder(src)
    teacher = dst if epoch % 3 else None
    outputs, _, _ = decoder(encoder_outputs, encoder_hidden, mask, teacher)
    loss = criterion(outputs.view(-1, outputs.size(-1)), dst.view(-1))
    loss.backward()
    nn.utils.clip_grad_norm_(list(encoder.parameters()) + list(decoder.parameters()), 1.0)
    encoder_optimizer.step()
    decoder_optimizer.step()
    if epoch in (1, 2, 4):
        print("epoch %d loss %.3f" % (epoch, loss.item()))

with torch.no_grad():
    outputs, _, attention = decoder(*encoder(src), mask)
print("the loss fell:", loss.item() < 1.0, tuple(attention.shape))
print("weights sum to one:", torch.allclose(attention.sum(-1), torch.ones(40, MAX_LENGTH)))
print("no weight on padding:", attention.masked_select(mask.unsqueeze(1).expand_as(attention)).max().item())
_, topi = outputs.topk(1)
decoded = topi.squeeze()
hits = (decoded.eq(dst) | dst.eq(PAD_token)).all(1)
print("more than a few are reversed:", hits.sum().item() > 4, decoded.shape)
