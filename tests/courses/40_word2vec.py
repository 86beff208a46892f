"""Teaches skip-gram with negative sampling: words that stand in the same places get similar vectors."""
from collections import Counter, deque
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.utils.data as tud

torch.manual_seed(40)
np.random.seed(40)
USE_CUDA = torch.cuda.is_available()
C, K, EMBEDDING_SIZE, BATCH_SIZE = 2, 4, 12, 64

subjects, verbs, objects = ["king", "queen", "man", "woman"], ["eats", "likes", "sees"], ["bread", "fish", "apple"]
corpus = []
for _ in range(120):
    corpus += ["the", np.random.choice(subjects), np.random.choice(verbs), "a", np.random.choice(objects)]
vocab = dict(Counter(corpus).most_common(20))
idx_to_word = [word for word in sorted(vocab)]
word_to_idx = {word: i for i, word in enumerate(idx_to_word)}
word_counts = np.array([vocab[w] for w in idx_to_word], dtype=np.float32)
word_freqs = word_counts / np.sum(word_counts)
word_freqs = word_freqs ** (3. / 4.)
word_freqs = word_freqs / np.sum(word_freqs)
VOCAB_SIZE = len(idx_to_word)
print(VOCAB_SIZE, idx_to_word[:4], word_counts.sum())


class WordEmbeddingDataset(tud.Dataset):
    def __init__(self, text, word_to_idx, word_freqs):
        super(WordEmbeddingDataset, self).__init__()
        self.text_encoded = torch.LongTensor([word_to_idx[t] for t in text])
        self.word_freqs = torch.Tensor(word_freqs)

    def __len__(self):
        return len(self.text_encoded)

    def __getitem__(self, idx):
        center_word = self.text_encoded[idx]
        pos_indices = list(range(idx - C, idx)) + list(range(idx + 1, idx + C + 1))
        pos_indices = [i % len(self.text_encoded) for i in pos_indices]
        return center_word, self.text_encoded[pos_indices]


class EmbeddingModel(nn.Module):
    def __init__(self, vocab_size, embed_size):
        super(EmbeddingModel, self).__init__()
        initrange = 0.5 / embed_size
        self.out_embed = nn.Embedding(vocab_size, embed_size, sparse=False)
        self.out_embed.weight.data.uniform_(-initrange, initrange)
        self.in_embed = nn.Embedding(vocab_size, embed_size, sparse=False)
        self.in_embed.weight.data.uniform_(-initrange, initrange)

    def forward(self, input_labels, pos_labels, neg_labels):
        input_embedding = self.in_embed(input_labels)
        pos_embedding = self.out_embed(pos_labels)
        neg_embedding = self.out_embed(neg_labels)
        log_pos = torch.bmm(pos_embedding, input_embedding.unsqueeze(2)).squeeze()
        log_neg = torch.bmm(neg_embedding, -input_embedding.unsqueeze(2)).squeeze()
        return -(F.logsigmoid(log_pos).sum(1) + F.logsigmoid(log_neg).sum(1))

    def input_embeddings(self):
        return self.in_embed.weight.data.cpu().numpy()


dataset = WordEmbeddingDataset(corpus, word_to_idx, word_freqs)
dataloader = tud.DataLoader(dataset, batch_size=BATCH_SIZE, shuffle=True)
center, positive = dataset[0]
print(center, positive, dataset.word_freqs.sum())
drawn = torch.multinomial(dataset.word_freqs, 2000, replacement=True)
often = torch.bincount(drawn, minlength=VOCAB_SIZE)
print("the most frequent words are drawn most:", sorted(idx_to_word[i] for i in often.topk(2)[1]))
print("without replacement all differ:", torch.multinomial(torch.ones(6), 6).unique().numel())

model = EmbeddingModel(VOCAB_SIZE, EMBEDDING_SIZE)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
cdf = torch.cumsum(dataset.word_freqs, 0)
epoch_losses = []
for e in range(12):
    losses = []
    for i, (input_labels, pos_labels) in enumerate(dataloader):
        u = torch.rand(len(input_labels), K * 2 * C)
        neg_labels = torch.searchsorted(cdf, u).clamp_(max=VOCAB_SIZE - 1)
        optimizer.zero_grad()
        loss = model(input_labels, pos_labels, neg_labels).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    epoch_losses.append(np.mean(losses))
    if e < 3:
        print("epoch: {}, loss: {:.3f}".format(e, epoch_losses[-1]), tuple(neg_labels.shape))
print("the loss falls:", epoch_losses[-1] < epoch_losses[0])

embedding_weights = model.input_embeddings()
print(type(embedding_weights), embedding_weights.shape, embedding_weights.dtype)


def find_nearest(word, n=4):
    embedding = torch.from_numpy(embedding_weights[word_to_idx[word]])
    cos = F.cosine_similarity(torch.from_numpy(embedding_weights), embedding[None, :], dim=1)
    return [idx_to_word[i] for i in cos.argsort(descending=True)[:n]]


for word in ["king", "eats", "fish"]:
    group = next(g for g in (subjects, verbs, objects) if word in g)
    print(word, "is its own nearest:", find_nearest(word)[0] == word, "next in its group:", find_nearest(word)[1] in group)
pretrained = nn.Embedding.from_pretrained(torch.FloatTensor(embedding_weights), freeze=True)
print(pretrained, pretrained.weight.requires_grad)
bag = pretrained(torch.LongTensor([[0, 1], [2, 2]])).mean(dim=1)
print(bag.shape, torch.allclose(bag[1], pretrained.weight[2]))
print("max norm:", nn.Embedding(3, 2, max_norm=1.0)(torch.arange(3)).norm(dim=1).le(1.0001).all())
