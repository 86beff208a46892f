"""Attention by hand, as a function, and with several heads."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)

query, key, value = torch.randn(2, 4, 8), torch.randn(2, 5, 8), torch.randn(2, 5, 8)
shares = torch.softmax(query @ key.transpose(-2, -1) / math.sqrt(8), dim=-1)
by_hand = shares @ value
print(shares.sum(-1))
print(torch.allclose(by_hand, F.scaled_dot_product_attention(query, key, value), atol=1e-5))

causal = torch.tril(torch.ones(5, 5, dtype=torch.bool))
masked = F.scaled_dot_product_attention(key, key, value, attn_mask=causal)
print(torch.allclose(masked, F.scaled_dot_product_attention(key, key, value, is_causal=True), atol=1e-5))
print(torch.allclose(masked[:, 0], value[:, 0], atol=1e-5))

heads = nn.MultiheadAttention(8, 2, batch_first=True)
print(heads)
print({name: tuple(p.shape) for name, p in heads.named_parameters()})
out, weights = heads(query, key, value)
print(out.shape, weights.shape, torch.allclose(weights.sum(-1), torch.ones(2, 4)))
out, _ = heads(query, key, value, need_weights=False)
print(out.shape)


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.RMSNorm(width)
        self.attend = nn.MultiheadAttention(width, heads, batch_first=True)
        self.mix = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        h = self.norm1(x)
        x = x + self.attend(h, h, h, need_weights=False)[0]
        return x + self.mix(self.norm2(x))


torch.manual_seed(1)
block = Block(8, 2)
optimizer = torch.optim.AdamW(block.parameters(), lr=1e-2)
x = torch.randn(4, 6, 8)
target = x.flip(1)
for step in range(20):
    loss = F.mse_loss(block(x), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 5 == 0:
        print(step, f"{loss.item():.3f}")
