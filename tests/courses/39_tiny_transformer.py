"""Teaches a transformer encoder from MultiheadAttention, LayerNorm and Linear, on sorting a sequence of numbers."""
import copy
import math
import torch
from torch import nn, Tensor
import torch.nn.functional as F

torch.manual_seed(39)
SEQ, VOCAB, D_MODEL = 5, 8, 32


class PositionalEncoding(nn.Module):
    def __init__(self, d_model: int, dropout: float = 0.1, max_len: int = 50):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(x + self.pe[:x.size(0)])


class EncoderLayer(nn.Module):
    def __init__(self, d_model, nhead, dim_feedforward=64, dropout=0.0, norm_first=False):
        super().__init__()
        self.self_attn = nn.MultiheadAttention(d_model, nhead, dropout=dropout)
        self.linear1, self.linear2 = nn.Linear(d_model, dim_feedforward), nn.Linear(dim_feedforward, d_model)
        self.norm1, self.norm2 = nn.LayerNorm(d_model, eps=1e-6), nn.LayerNorm(d_model, eps=1e-6)
        self.dropout = nn.Dropout(dropout)
        self.norm_first = norm_first

    def _ff(self, x):
        return self.linear2(self.dropout(F.gelu(self.linear1(x))))

    def forward(self, src, src_mask=None, key_padding_mask=None):
        if self.norm_first:
            y = self.norm1(src)
            src = src + self.self_attn(y, y, y, attn_mask=src_mask, key_padding_mask=key_padding_mask, need_weights=False)[0]
            return src + self._ff(self.norm2(src))
        y, _ = self.self_attn(src, src, src, attn_mask=src_mask, key_padding_mask=key_padding_mask)
        src = self.norm1(src + y)
        return self.norm2(src + self._ff(src))


def clones(module, N):
    return nn.ModuleList([copy.deepcopy(module) for _ in range(N)])


class Encoder(nn.Module):
    def __init__(self, layer, N):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, D_MODEL)
        self.pos_encoder = PositionalEncoding(D_MODEL, 0.0)
        self.layers = clones(layer, N)
        self.norm = nn.LayerNorm(D_MODEL)
        self.generator = nn.Linear(D_MODEL, VOCAB)
        self.init_weights()

    def init_weights(self):
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)

    def forward(self, src, mask=None, pad=None):
        x = self.pos_encoder(self.embed(src) * math.sqrt(D_MODEL))
        for layer in self.layers:
            x = layer(x, mask, pad)
        return self.generator(self.norm(x))


def generate_square_subsequent_mask(sz):
    mask = (torch.triu(torch.ones(sz, sz)) == 1).transpose(0, 1)
    return mask.float().masked_fill(mask == 0, float("-inf")).masked_fill(mask == 1, float(0.0))


def scaled_dot_product(q, k, v, mask=None):
    d_k = q.size()[-1]
    attn_logits = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(d_k)
    if mask is not None:
        attn_logits = attn_logits.masked_fill(mask == 0, -9e15)
    attention = F.softmax(attn_logits, dim=-1)
    return torch.matmul(attention, v), attention


q, k, v = torch.randn(3, 2), torch.randn(3, 2), torch.randn(3, 2)
values, attention = scaled_dot_product(q, k, v, torch.tril(torch.ones(3, 3)))
print("Q\n", q, "\nValues\n", values, "\nAttention\n", attention)
print("built in:", torch.allclose(values, F.scaled_dot_product_attention(q, k, v, is_causal=True), atol=1e-6))
print(generate_square_subsequent_mask(4))
pe = PositionalEncoding(8).pe
print(pe.shape, pe[:3, 0])

model = Encoder(EncoderLayer(D_MODEL, 4), 2)
print(model)
print(sum(p.numel() for p in model.parameters() if p.requires_grad), "parameters", len(model.state_dict()), "entries")
data = torch.randint(0, VOCAB, (256, SEQ))
target = data.sort(dim=1).values
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.98), eps=1e-9)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min((step + 1) ** -0.5, (step + 1) * 10 ** -1.5))
model.train()
for step in range(60):
    batch = torch.arange(step * 64, step * 64 + 64) % 256
    logits = model(data[batch].t())
    loss = F.cross_entropy(logits.permute(1, 2, 0), target[batch], label_smoothing=0.0)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()
    scheduler.step()
    if step % 20 == 0:
        print(f"step {step:3d} loss {loss.item():.2f} lr {scheduler.get_last_lr()[0]:.6f}")
model.eval()
with torch.no_grad():
    pred = model(data.transpose(0, 1)).argmax(-1).t()
print("better than chance:", (pred == target).float().mean().item() > 0.4)

print("A causal mask: the first outputs do not see the last token")
mask = generate_square_subsequent_mask(SEQ)
a, b = data[:1].t(), data[:1].t().clone()
b[-1] = (b[-1] + 1) % VOCAB
with torch.no_grad():
    diff = (model(a, mask) - model(b, mask)).abs().amax(dim=(1, 2))
print([bool(d > 1e-5) for d in diff])
pad = torch.zeros(1, SEQ, dtype=torch.bool)
pad[:, -2:] = True
attn_output, attn_output_weights = model.layers[0].self_attn(*[torch.ones(SEQ, 1, D_MODEL)] * 3, key_padding_mask=pad)
print(attn_output.shape, attn_output_weights)
pre = EncoderLayer(D_MODEL, 2, norm_first=True)
print(pre(torch.randn(SEQ, 2, D_MODEL)).shape, "bias" in dict(pre.self_attn.out_proj.named_parameters()))
