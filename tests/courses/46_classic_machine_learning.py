"""Teaches PCA, k-means, polynomial regression and Gaussian processes by tensor operations."""
import math
import torch

torch.manual_seed(46)
torch.set_printoptions(precision=3, sci_mode=False)

print("Polynomial regression")
x = torch.linspace(-1, 1, 12, dtype=torch.float64)
y = 1 - 2 * x + 0.5 * x ** 3 + 0.01 * torch.sin(40 * x)
for degree in (1, 3, 5):
    A = torch.stack([x ** k for k in range(degree + 1)], dim=1)
    solution = torch.linalg.solve(A.T @ A, A.T @ y.unsqueeze(1))
    normal = torch.inverse(A.T @ A) @ A.T @ y
    print(degree, [round(c, 3) + 0.0 for c in solution.flatten().tolist()], torch.allclose(solution.flatten(), normal), f"{(A @ normal - y).pow(2).mean():.6f}")
V = x[:3, None] ** torch.arange(3)
print(V, torch.det(V))
ridge = torch.linalg.solve(A.T @ A + 0.1 * torch.eye(6, dtype=torch.float64), A.T @ y)
print("ridge", ridge.float())

print("\nPCA")
mixing = torch.tensor([[3.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.1]])
data = torch.randn(200, 3) @ mixing + torch.tensor([5.0, -1.0, 2.0])
centered = data - data.mean(dim=0, keepdim=True)
cov = centered.T @ centered / (len(data) - 1)
scale = cov.diag().sqrt()
print("correlations", cov / torch.outer(scale, scale), "total variance", torch.trace(cov))
eigenvalues, components, rest = [], [], cov.clone()
for _ in range(2):
    power = torch.ones(3)
    for _ in range(100):
        power = torch.mv(rest, power)
        power /= power.norm()
    value = power @ rest @ power
    rest = rest - value * torch.ger(power, power)
    eigenvalues.append(value)
    components.append(power * power.gather(0, power.abs().argmax(0, keepdim=True)).sign())
eigenvalues, components = torch.stack(eigenvalues), torch.stack(components, dim=1)
print("explained", eigenvalues / cov.trace(), torch.cumsum(eigenvalues / cov.trace(), 0))
print("axes", components)
print("orthogonal:", torch.allclose(components.T @ components, torch.eye(2), atol=1e-4))
projected = centered @ components
whitened = projected / eigenvalues.sqrt()
print(projected.shape, whitened.std(0).allclose(torch.ones(2), atol=1e-4), whitened.var(dim=0, unbiased=True).shape)
print("lost", torch.dist(projected @ components.T, centered), (centered - projected @ components.T).pow(2).sum().sqrt())

print("\nK-means")
true_centers = torch.tensor([[0.0, 0.0], [4.0, 4.0], [0.0, 5.0]])
points = torch.repeat_interleave(true_centers, 30, dim=0) + 0.5 * torch.randn(90, 2)
centers = points[[0, 30, 60]].clone()
for i in range(20):
    distance = torch.cdist(points, centers)
    assignment = distance.argmin(dim=1)
    one_hot = torch.zeros(90, 3).scatter_(1, assignment[:, None], 1.0)
    new = one_hot.t().mm(points) / one_hot.sum(0).unsqueeze(1)
    if torch.norm(new - centers) < 1e-4:
        break
    centers = new
print("stopped after", i, "centers", centers)
print("sizes", torch.unique(assignment, return_counts=True), "inertia", "%.1f" % distance.min(1)[0].square().sum())
sums = torch.zeros(3, 2).index_add_(0, assignment, points)
print(torch.allclose(sums / torch.bincount(assignment).unsqueeze(-1), centers, atol=1e-4))
silhouette = ((points[:, None] - points[None]) ** 2).sum(-1).sqrt()
same = assignment[:, None] == assignment[None, :]
print("inside %.2f outside %.2f" % (silhouette[same].mean(), silhouette[~same].mean()))
nearest = torch.cdist(points, points).fill_diagonal_(float("inf")).topk(5, largest=False).indices
vote = torch.stack([torch.bincount(row, minlength=3).argmax() for row in assignment[nearest]])
print("k nearest neighbours agree:", (vote == assignment).float().mean())

print("\nGaussian process")


def rbf(a, b, lengthscale=1.0, variance=1.0):
    return variance * torch.exp(-0.5 * (a.unsqueeze(1) - b.unsqueeze(0)).pow(2) / lengthscale ** 2)


X = torch.tensor([-3.0, -1.5, 0.0, 1.0, 2.5])
Y = torch.sin(X)
noise = 1e-2
log_l = torch.tensor(1.0, requires_grad=True)
optimizer = torch.optim.Adam([log_l], lr=0.1)
for step in range(40):
    optimizer.zero_grad()
    K = rbf(X, X, log_l.exp()) + noise * torch.eye(5)
    alpha = torch.linalg.solve(K, Y[:, None])
    nll = 0.5 * Y @ alpha.squeeze() + 0.5 * torch.logdet(K) + 0.5 * len(X) * math.log(2 * math.pi)
    nll.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"step {step} negative log likelihood {nll.item():.3f} length {log_l.exp().item():.3f}")
with torch.no_grad():
    Xs = torch.linspace(-3, 3, 7)
    Ks, Kss = rbf(X, Xs, log_l.exp()), rbf(Xs, Xs, log_l.exp())
    mu = (Ks.T @ alpha).squeeze(1)
    cov = Kss - Ks.T @ torch.linalg.solve(K, Ks)
    std = cov.diag().clamp_min(0).sqrt()
print("mean", mu, "std", std)
print("log det", torch.logdet(K.detach()), torch.linalg.slogdet(K.detach()).logabsdet)
print(torch.logsumexp(mu, 0), torch.outer(mu[:2], mu[:2]), torch.einsum("i,ij,j->", mu, Kss, mu), mu.max(0).values)
print("median", mu.median(), torch.quantile(mu, 0.25), mu.histc(3, -1, 1), torch.kthvalue(mu, 2).values)
torch.set_printoptions(profile="default")
