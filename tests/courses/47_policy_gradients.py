"""Teaches reinforcement learning: a bandit, a grid world by value iteration and Q-learning, and REINFORCE."""
from collections import deque, namedtuple
import random
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

torch.manual_seed(47)
random.seed(47)

print("A bandit")
true_means = torch.tensor([0.1, 0.5, 0.9])
logits = torch.zeros(3, requires_grad=True)
optimizer = optim.SGD([logits], lr=0.3)
baseline = 0.0
cumulative = 0.0
for t in range(300):
    probs = F.softmax(logits, dim=0)
    action = torch.multinomial(probs, 1).item()
    reward = float(torch.rand(1).item() < true_means[action].item())
    loss = -torch.log(probs[action]) * (reward - baseline)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    baseline += 0.05 * (reward - baseline)
    cumulative += reward
print("finds the best arm:", logits.argmax().item() == 2, cumulative > 130)
counts = torch.zeros(4).scatter_add_(0, torch.multinomial(torch.tensor([0., 1., 1., 2.]), 1000, replacement=True), torch.ones(1000))
print("an impossible choice is never drawn:", counts[0], counts.sum())
try:
    torch.multinomial(torch.tensor([0.5, -0.5]), 1)
except RuntimeError as e:
    print("a negative weight is refused:", type(e).__name__)

print("\nValue iteration in a grid world")
SIZE, GAMMA = 4, 0.9
GOAL = SIZE * SIZE - 1
MOVES = torch.tensor([[-1, 0], [1, 0], [0, -1], [0, 1]])
cells = torch.stack(torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij"), -1).view(-1, 2)
nxt = (cells[:, None, :] + MOVES[None]).clamp(0, SIZE - 1)
nxt = nxt[..., 0] * SIZE + nxt[..., 1]
reward = torch.where(nxt == GOAL, torch.tensor(1.0), torch.tensor(-0.04))
reward[GOAL] = 0
V = torch.zeros(SIZE * SIZE)
for sweep in range(100):
    Qs = reward + GAMMA * V[nxt]
    new_V, policy = Qs.max(dim=1)
    new_V[GOAL] = 0
    delta = torch.max(torch.abs(new_V - V)).item()
    V = new_V
    if delta < 1e-6:
        break
print("after", sweep, "sweeps")
print(V.view(SIZE, SIZE))
print("\n".join("".join("^v<>"[a] for a in row) for row in policy.view(SIZE, SIZE).tolist()))

print("\nQ-learning with a replay memory")
Transition = namedtuple("Transition", ("state", "action", "next_state", "reward", "done"))


class ReplayMemory(object):
    def __init__(self, capacity):
        self.memory = deque([], maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, batch_size):
        return random.sample(self.memory, batch_size)

    def __len__(self):
        return len(self.memory)


def encode(s):
    return F.one_hot(torch.as_tensor(s), SIZE * SIZE).float()


policy_net, target_net = nn.Linear(SIZE * SIZE, 4), nn.Linear(SIZE * SIZE, 4)
nn.init.zeros_(policy_net.weight)
target_net.load_state_dict(policy_net.state_dict())
target_net.eval()
memory = ReplayMemory(500)
for s in range(SIZE * SIZE):
    for a in range(4):
        if s != GOAL:
            memory.push(s, a, nxt[s, a].item(), reward[s, a].item(), nxt[s, a].item() == GOAL)
optimizer = optim.Adam(policy_net.parameters(), lr=0.1)
for step in range(150):
    batch = Transition(*zip(*memory.sample(32)))
    state = encode(batch.state)
    action = torch.tensor(batch.action).unsqueeze(1)
    non_final_mask = ~torch.tensor(batch.done, dtype=torch.bool)
    q = policy_net(state).gather(1, action)
    next_values = torch.zeros(32)
    with torch.no_grad():
        next_values[non_final_mask] = target_net(encode(batch.next_state))[non_final_mask].max(1).values
    expected = next_values * GAMMA + torch.tensor(batch.reward)
    loss = F.smooth_l1_loss(q, expected.unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()
    target = target_net.state_dict()
    for key, value in policy_net.state_dict().items():
        target[key] = value * 0.1 + target[key] * 0.9
    target_net.load_state_dict(target)
print(len(memory), batch.state[:4], "loss %.2f" % loss.item())
Q = policy_net(torch.eye(SIZE * SIZE)).detach()
print("nearly as value iteration has it:", (Q.max(1).values - V)[:GOAL].abs().mean().item() < 0.3)

print("\nREINFORCE in a corridor")


class Policy(nn.Module):
    def __init__(self):
        super(Policy, self).__init__()
        self.affine1, self.affine2 = nn.Linear(5, 16), nn.Linear(16, 2)
        self.saved_log_probs, self.rewards = [], []

    def forward(self, x):
        return F.softmax(self.affine2(F.relu(self.affine1(x))), dim=-1)


policy = Policy()
optimizer = optim.Adam(policy.parameters(), lr=2e-2)
eps = np.finfo(np.float32).eps.item()
lengths = []
for episode in range(60):
    pos = 0
    for t in range(30):
        probs = policy(torch.from_numpy(np.eye(5, dtype=np.float32)[pos]).unsqueeze(0))
        action = torch.multinomial(probs, num_samples=1)
        policy.saved_log_probs.append(probs.gather(1, action).log().squeeze(1))
        pos = min(max(pos + (1 if action.item() == 1 else -1), 0), 4)
        policy.rewards.append(1.0 if pos == 4 else -0.1)
        if pos == 4:
            break
    lengths.append(t + 1)
    R, returns = 0, deque()
    for r in policy.rewards[::-1]:
        R = r + 0.99 * R
        returns.appendleft(R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + eps)
    policy_loss = [-log_prob * R for log_prob, R in zip(policy.saved_log_probs, returns)]
    optimizer.zero_grad()
    policy_loss = torch.cat(policy_loss).sum()
    policy_loss.backward()
    optimizer.step()
    del policy.rewards[:]
    del policy.saved_log_probs[:]
print("walks get shorter:", sum(lengths[-10:]) <= sum(lengths[:10]), policy_loss.shape, returns.dtype)
entropy = -(probs * probs.log()).sum(-1)
print("entropy within bounds:", 0 <= entropy.item() <= float(np.log(2)) + 1e-6)
