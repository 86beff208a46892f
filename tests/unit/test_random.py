"""The numbers of random streams: what PyTorch 2.13 draws from seed 0, written down once in NUMBERS, and drawn again here.

Where PyTorch is installed, a second test draws them from it. What has other numbers than PyTorch is checked by its moments.
"""

import math
import zlib

import pytest

import minitorch as mt


def flat(x):
    """All numbers of tensors in lists, in order."""
    if isinstance(x, (list, tuple)):
        return [number for part in x for number in flat(part)]
    return x.detach().reshape(-1).tolist() if hasattr(x, "detach") else [x]


def generator(t, seed=5):
    return t.Generator().manual_seed(seed)


def parameters(module):
    return [p.reshape(-1)[:4] for p in module.parameters()]


def from_state(t, before):
    """The numbers after a state that `before` draws was saved: drawn twice from there, they are the same."""
    before(t)
    state = t.get_rng_state()
    first = [t.randn(1), t.rand(2)]
    t.set_rng_state(state)
    again = [t.randn(1), t.rand(2)]
    assert flat(first) == flat(again)
    return again


def epochs(t, n, **options):
    """Two passes over a loader, then one more draw of the default stream."""
    loader = t.utils.data.DataLoader(range(n), **options)
    return [[batch for _ in range(2) for batch in loader], t.rand(1)]


def seeded(t, seed):
    t.manual_seed(seed)
    return [t.initial_seed(), t.rand(2)]


DRAWS = {
    "float32 uniform": lambda t: t.rand(2, 3),
    "float64 uniform": lambda t: t.rand(3, dtype=t.float64),
    "float16 uniform": lambda t: t.rand(3, dtype=t.float16),
    "uniform after an odd number of words": lambda t: [t.rand(1), t.rand(2, dtype=t.float64)],
    "uniform like": lambda t: t.rand_like(t.zeros(2, dtype=t.float64)),
    "normal, fewer than 16": lambda t: t.randn(5),
    "normal, the second of a pair is kept": lambda t: [t.randn(1), t.rand(1), t.randn(3)],
    "normal, 15": lambda t: t.randn(15)[-3:],
    "normal, 16": lambda t: t.randn(4, 4)[:, ::3],
    "normal, 17: the last 16 are drawn anew": lambda t: t.randn(17),
    "normal, 35": lambda t: [t.randn(35)[15:], t.rand(1)],
    "normal, float64, few": lambda t: t.randn(3, dtype=t.float64),
    "normal, float64, many": lambda t: t.randn(19, dtype=t.float64)[:6],
    "normal, float16": lambda t: [t.randn(3, dtype=t.float16), t.randn(18, dtype=t.float16)[-3:]],
    "normal, float16, 32: nothing is drawn anew": lambda t: [t.randn(32, dtype=t.float16)[::9], t.rand(1)],
    "the bytes of a state before any draw": lambda t: zlib.crc32(bytes(t.get_rng_state().tolist())),
    "the bytes of a state at the end of a block": lambda t: [t.rand(624)[623:], zlib.crc32(bytes(t.get_rng_state().tolist()))],
    "normal like": lambda t: t.randn_like(t.zeros(2)),
    "integers": lambda t: t.randint(10, (8,)),
    "integers between": lambda t: t.randint(-5, 1000, (6,)),
    "integers, the last range of one word": lambda t: t.randint(0, 2**28 - 1, (3,)),
    "integers, the first range of two words": lambda t: t.randint(0, 2**28, (3,)),
    "integers, a wide range": lambda t: t.randint(-(2**40), 2**40, (3,)),
    "integers like": lambda t: [t.randint_like(t.zeros(3), 7), t.randint_like(t.zeros(3).long(), 2, 7)],
    "random_ of int32": lambda t: [t.empty(3, dtype=t.int32).random_(), t.rand(1)],
    "random_ of int64": lambda t: t.empty(3, dtype=t.int64).random_(),
    "random_ below a bound": lambda t: [t.empty(4).random_(10), t.empty(4).random_(-3, 4)],
    "random_ of float64": lambda t: t.empty(2, dtype=t.float64).random_(),
    "permutation": lambda t: t.randperm(12),
    "permutations of nothing and one": lambda t: [t.randperm(0), t.randperm(1), t.rand(1)],
    "permutation of its own stream": lambda t: [t.randperm(6, generator=generator(t)), t.randperm(6)],
    "uniform_": lambda t: t.empty(4).uniform_(-2, 3),
    "uniform_, float64": lambda t: t.empty(2, dtype=t.float64).uniform_(1, 5),
    "normal_, few": lambda t: t.empty(4).normal_(1.0, 2.0),
    "normal_, many": lambda t: t.empty(20).normal_(-1.0, 0.5)[::5],
    "exponential_": lambda t: t.empty(4).exponential_(0.5),
    "exponential_, float64": lambda t: t.empty(2, dtype=t.float64).exponential_(),
    "exponential_, float16": lambda t: t.empty(3, dtype=t.float16).exponential_(2.0),
    "cauchy_": lambda t: t.empty(4).cauchy_(1, 2),
    "cauchy_, float64": lambda t: t.empty(2, dtype=t.float64).cauchy_(),
    "geometric_": lambda t: [t.empty(4).geometric_(0.1), t.empty(4, dtype=t.int64).geometric_(0.5)],
    "log_normal_": lambda t: [t.empty(3).log_normal_(0.5, 0.7), t.empty(18).log_normal_()[15:]],
    "log_normal_, float64": lambda t: t.empty(2, dtype=t.float64).log_normal_(0, 1),
    "log-normal and normal values are drawn in pairs": lambda t: [
        t.empty(1).log_normal_(), t.randn(1), t.empty(3).log_normal_(), t.rand(1)],
    "normal of a size": lambda t: t.normal(2.0, 3.0, (3,)),
    "normal of tensors": lambda t: t.normal(t.arange(3.0), t.tensor([1.0, 0.1, 0.01])),
    "draws by weight": lambda t: t.multinomial(t.tensor([0.1, 0.0, 3.0, 1.0]), 12, replacement=True),
    "a generator without a seed": lambda t: [t.rand(2, generator=t.Generator()), t.Generator().initial_seed()],
    "generators beside the default stream": lambda t: [
        t.rand(1, generator=generator(t)), t.rand(1), t.randn(2, generator=generator(t)), t.randn(2)],
    "a generator goes on": lambda t, g=None: [
        t.rand(1, generator=(g := generator(t))), t.randint(9, (2,), generator=g), t.randn(1, generator=g)],
    "seed 1": lambda t: seeded(t, 1),
    "seed -1": lambda t: seeded(t, -1),
    "seed -2^63": lambda t: seeded(t, -(2**63)),
    "seed 2^32 + 1": lambda t: seeded(t, 2**32 + 1),
    "seed 2^63 + 12": lambda t: seeded(t, 2**63 + 12),
    "seed 2^64 - 1": lambda t: seeded(t, 2**64 - 1),
    "a state": lambda t: from_state(t, lambda t: t.rand(3)),
    "a state within a pair": lambda t: from_state(t, lambda t: t.randn(1)),
    "a state at the end of a block": lambda t: from_state(t, lambda t: t.rand(624)),
    "the bytes of a state": lambda t: [t.randn(1), zlib.crc32(bytes(t.get_rng_state().tolist()))],
    "after 1,000 draws": lambda t: t.rand(1000)[-2:],
    "RandomSampler": lambda t: [[list(t.utils.data.RandomSampler(range(8))) for _ in range(2)], t.rand(1)],
    "RandomSampler, more than there are": lambda t: list(t.utils.data.RandomSampler(range(4), num_samples=10)),
    "RandomSampler with replacement": lambda t: list(t.utils.data.RandomSampler(range(9), True, 35, generator(t)))[25:],
    "a generator after a sampler": lambda t, g=None: [
        list(t.utils.data.RandomSampler(range(4), generator=(g := generator(t)))), t.rand(1, generator=g)],
    "SubsetRandomSampler": lambda t: list(t.utils.data.SubsetRandomSampler([4, 8, 1, 9, 7])),
    "WeightedRandomSampler": lambda t: list(t.utils.data.WeightedRandomSampler([1.0, 5.0, 0.0, 2.0], 10)),
    "loader in order": lambda t: epochs(t, 5, batch_size=2),
    "loader, shuffled": lambda t: epochs(t, 10, batch_size=4, shuffle=True),
    "loader, shuffled, the last dropped": lambda t: epochs(t, 7, batch_size=3, shuffle=True, drop_last=True),
    "loader with a generator": lambda t: epochs(t, 6, batch_size=6, shuffle=True, generator=generator(t)),
    "random_split": lambda t: [part.indices for part in t.utils.data.random_split(range(9), [4, 5])],
    "random_split by fractions": lambda t: [
        part.indices for part in t.utils.data.random_split(range(11), [0.5, 0.3, 0.2], generator(t))],
    "Linear": lambda t: parameters(t.nn.Linear(5, 3)),
    "Bilinear": lambda t: parameters(t.nn.Bilinear(2, 3, 2)),
    "Conv1d": lambda t: parameters(t.nn.Conv1d(2, 3, 2)),
    "Conv2d": lambda t: parameters(t.nn.Conv2d(3, 4, (3, 2))),
    "Conv2d in groups": lambda t: parameters(t.nn.Conv2d(4, 4, 3, groups=2)),
    "ConvTranspose2d": lambda t: parameters(t.nn.ConvTranspose2d(2, 3, 3)),
    "Embedding": lambda t: parameters(t.nn.Embedding(4, 5)),
    "Embedding with padding": lambda t: t.nn.Embedding(3, 2, padding_idx=1).weight,
    "RNN": lambda t: parameters(t.nn.RNN(2, 3)),
    "LSTM": lambda t: parameters(t.nn.LSTM(2, 3, bidirectional=True))[::3],
    "GRU": lambda t: parameters(t.nn.GRU(3, 2)),
    "MultiheadAttention": lambda t: parameters(t.nn.MultiheadAttention(4, 2)),
    "layers one after the other": lambda t: parameters(t.nn.Sequential(t.nn.Linear(3, 4), t.nn.ReLU(), t.nn.Linear(4, 2)))[2:],
    "init.uniform_": lambda t: t.nn.init.uniform_(t.empty(3), -1, 2),
    "init.normal_": lambda t: t.nn.init.normal_(t.empty(3), 1, 2),
    "init.xavier_uniform_": lambda t: t.nn.init.xavier_uniform_(t.empty(3, 2), gain=2.0),
    "init.xavier_normal_": lambda t: t.nn.init.xavier_normal_(t.empty(3, 2, 3))[0],
    "init.kaiming_uniform_": lambda t: t.nn.init.kaiming_uniform_(t.empty(3, 2), a=0.5),
    "init.kaiming_normal_": lambda t: t.nn.init.kaiming_normal_(t.empty(3, 2, 3), mode="fan_out", nonlinearity="relu")[0],
    "init.orthogonal_": lambda t: t.nn.init.orthogonal_(t.empty(3, 2, dtype=t.float64), gain=2.0),
    "init with a generator": lambda t: t.nn.init.normal_(t.empty(2), generator=generator(t)),
}  # fmt: skip

NUMBERS = {  # of seed 0
    "normal, float16, 32: nothing is drawn anew": [-1.1259766, -1.2636719, 0.56689453, 0.18347168, 0.17591017],
    "the bytes of a state before any draw": [1831558866],
    "the bytes of a state at the end of a block": [0.012159586, 2542112144],
    "random_ of int32": [209652396, 398764591, 924231285, 0.13203049],
    "random_ of int64": [900450186894289455, 3969543146641149120, 1895649597198586619],
    "random_ below a bound": [4.0, 9.0, 3.0, 0.0, -2.0, -1.0, 3.0, 0.0],
    "random_ of float64": [8737460674930124.0, 6375474555111176.0],
    "float32 uniform": [0.49625659, 0.7682218, 0.088477433, 0.13203049, 0.30742282, 0.63407868],
    "float64 uniform": [0.97005300180655307, 0.70781986439978795, 0.45938294312745087],
    "float16 uniform": [0.49633789, 0.76806641, 0.088500977],
    "uniform after an odd number of words": [0.49625659, 0.14577471, 0.056244184],
    "uniform like": [0.970053, 0.70781986],
    "normal, fewer than 16": [1.5409961, -0.2934289, -2.1787894, 0.56843126, -1.0845224],
    "normal, the second of a pair is kept": [1.5409961, 0.30742282, -0.2934289, 0.55074531, 0.27036414],
    "normal, 15": [-0.85667461, 1.1006042, -1.0711874],
    "normal, 16": [-1.1258398, -0.43387881, 0.84871036, -2.1152194, 0.32227492, 0.30813393, 0.11984151, -0.24727815],
    "normal, 17: the last 16 are drawn anew": [
        -1.1258398, -1.6959312, 0.56665063, 0.79350835, 0.59883946, -1.5550951, -0.34136039, 1.8530061, 0.46809641,
        -0.58549756, -0.17339675, 0.18347794, 1.3893661, 1.5863342, 0.94629836, -0.84367675, 0.93182659,
    ],
    "normal, 35": [
        -0.24727815, -1.3526537, -1.6959312, 0.56665063, 0.24841475, 0.43969584, 0.11241119, 0.64079237, 0.44115627,
        -0.21586326, -0.74254817, 0.56272137, 0.052507486, 0.52286047, 2.3022053, -1.4688939, -1.5866888, 1.2032237,
        0.084534697, -1.2001394, 0.99706656,
    ],
    "normal, float64, few": [1.5409961082440433, -0.29342890576094638, -2.1787893820745574],
    "normal, float64, many": [
        -2.310411800234176, -0.3732508612577643, -1.0608166785462863, -0.72695106206541105, -0.019964750907762653,
        0.2102998901016947,
    ],
    "normal, float16": [1.5410156, -0.29345703, -2.1796875, -0.4128418, -0.84130859, -2.3164062],
    "normal like": [1.5409961, -0.2934289],
    "integers": [4, 9, 3, 0, 3, 9, 7, 3],
    "integers between": [999, 334, 768, 490, 113, 799],
    "integers, the last range of one word": [209652404, 130329144, 118924928],
    "integers, the first range of two words": [130329135, 136432832, 195187451],
    "integers, a wide range": [-358231004625, -593374360384, 291447657211],
    "integers like": [4.0, 3.0, 0.0, 2, 5, 6],
    "permutation": [8, 0, 5, 9, 7, 4, 2, 10, 3, 1, 11, 6],
    "permutations of nothing and one": [0, 0.49625659],
    "permutation of its own stream": [5, 0, 1, 3, 4, 2, 2, 5, 3, 0, 1, 4],
    "uniform_": [0.48128295, 1.841109, -1.5576129, -1.3398476],
    "uniform_, float64": [4.8802120072262127, 3.8312794575991518],
    "normal_, few": [4.0819921, 0.41314217, -3.3575788, 2.1368625],
    "normal_, many": [-1.5629199, -1.7775476, -0.27816993, -1.4218384],
    "exponential_": [7.0166526, 2.4607694, 1.2300882, 5.0702372],
    "exponential_, float64": [3.5083261867076421, 1.2303847641796768],
    "exponential_, float16": [1.7539062, 0.61523438, 0.30761719],
    "cauchy_": [22.195459, 2.5295346, 0.74340129, 8.866147],
    "cauchy_, float64": [10.597729326682297, 0.76476725960589997],
    "geometric_": [1.0, 4.0, 8.0, 1.0, 1, 1, 3, 2],
    "log_normal_": [4.8486352, 1.3425889, 0.35874173, 0.45658034, 0.1328924, 5.7018294],
    "log_normal_, float64": [4.6692390227577363, 0.74570223611264663],
    "log-normal and normal values are drawn in pairs": [59.263416, -0.2934289, 0.034819461, 8.4728127, 0.31066358, 0.022325754],
    "normal of a size": [6.6229882, 1.1197133, -4.5363684],
    "normal of tensors": [1.5409961, 0.97065711, 1.9782121],
    "draws by weight": [3, 2, 2, 3, 2, 3, 2, 2, 2, 2, 2, 2],
    "a generator without a seed": [0.26729524, 0.87252831, 67280421310721],
    "generators beside the default stream": [0.83025187, 0.49625659, -0.48678076, -0.60382158, 0.20723549, 0.26986864],
    "a generator goes on": [0.83025187, 3, 7, -2.1659248],
    "seed 1": [1, 0.7576316, 0.27931088],
    "seed -1": [18446744073709551615, 0.99379939, 0.57130635],
    "seed -2^63": [9223372036854775808, 0.49625659, 0.7682218],
    "seed 2^32 + 1": [4294967297, 0.7576316, 0.27931088],
    "seed 2^63 + 12": [9223372036854775820, 0.46568745, 0.23276681],
    "seed 2^64 - 1": [18446744073709551615, 0.99379939, 0.57130635],
    "a state": [0.36433819, 0.89644474, 0.45562798],
    "a state within a pair": [-0.2934289, 0.30742282, 0.63407868],
    "a state at the end of a block": [0.76519859, 0.044237554, 0.46856833],
    "the bytes of a state": [1.5409961, 4103942901],
    "after 1,000 draws": [0.5017944, 0.40386343],
    "RandomSampler": [2, 5, 4, 6, 1, 7, 0, 3, 2, 0, 5, 3, 1, 4, 7, 6, 0.30742282],
    "RandomSampler, more than there are": [2, 3, 0, 1, 1, 0, 3, 2, 1, 0],
    "RandomSampler with replacement": [7, 1, 3, 2, 3, 0, 5, 8, 3, 7],
    "a generator after a sampler": [3, 1, 0, 2, 0.16439152],
    "SubsetRandomSampler": [7, 4, 8, 9, 1],
    "WeightedRandomSampler": [3, 1, 1, 3, 1, 3, 1, 1, 1, 1],
    "loader in order": [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0.30742282],
    "loader, shuffled": [6, 7, 1, 4, 2, 0, 9, 8, 3, 5, 2, 4, 7, 0, 8, 9, 5, 3, 6, 1, 0.45562798],
    "loader, shuffled, the last dropped": [0, 4, 1, 5, 2, 6, 3, 1, 4, 2, 5, 0, 0.45562798],
    "loader with a generator": [1, 0, 4, 2, 3, 5, 0, 4, 5, 3, 2, 1, 0.49625659],
    "random_split": [8, 0, 2, 3, 7, 1, 4, 5, 6],
    "random_split by fractions": [9, 5, 0, 8, 10, 2, 3, 6, 7, 1, 4],
    "Linear": [-0.0033482078, 0.23990487, -0.36807698, -0.32912195, 0.016566388, 0.17679927, 0.26833835],
    "Bilinear": [-0.0052939812, 0.37932289, -0.58198076, -0.52038747, -0.67553341, -0.46830416],
    "Conv1d": [-0.0037434101, 0.2682218, -0.41152257, -0.36796951, -0.47767425, -0.33114105, -0.20611155],
    "Conv2d": [-0.0017646605, 0.12644097, -0.1939936, -0.1734625, 0.092633322, 0.19529097, 0.20510983, 0.20797348],
    "Conv2d in groups": [-0.0017646605, 0.12644097, -0.1939936, -0.1734625, 0.092633322, 0.19529097, 0.20510983, 0.20797348],
    "ConvTranspose2d": [-0.0014408393, 0.10323862, -0.15839511, -0.14163153, 0.12903516, -0.11331506, 0.035861924],
    "Embedding": [-1.1258398, -1.1523602, -0.25057858, -0.43387881],
    "Embedding with padding": [1.5409961, -0.2934289, 0.0, 0.0, -1.0845224, -1.3985955],
    "RNN": [
        -0.0043225177, 0.30971584, -0.47518533, -0.4248946, -0.011439145, 0.45777494, -0.051236399, 0.15277413, 0.021387115,
        0.22824688, 0.34642333, -0.39140946, -0.25141457, 0.20970349,
    ],
    "LSTM": [
        -0.0043225177, 0.30971584, -0.47518533, -0.4248946, 0.22690436, 0.47836322, 0.50241441, 0.50942892, -0.51864618,
        -0.27370861, 0.3931208, -0.0037426627,
    ],
    "GRU": [
        -0.0052939812, 0.37932289, -0.58198076, -0.52038747, -0.47937673, -0.30791873, 0.25683329, 0.58717293, -0.27563018,
        0.61094081, -0.45833221, -0.32550448, -0.41276684, 0.6078276, 0.31552404, 0.34271523,
    ],
    "MultiheadAttention": [
        0.22242416, 0.50850672, -0.12602636, 0.45824552, 0.0, 0.0, 0.0, 0.0, -0.0037434101, 0.2682218, -0.41152257,
        -0.36796951, 0.0, 0.0, 0.0, 0.0,
    ],
    "layers one after the other": [0.1976676, 0.3000114, -0.33897054, -0.21773142, -0.080591679, 0.05290705],
    "init.uniform_": [0.48876977, 1.3046653, -0.7345677],
    "init.normal_": [4.0819921, 0.41314217, -3.3575788],
    "init.xavier_uniform_": [-0.016402801, 1.175289, -1.8032016, -1.6123617, -0.84383094, 0.58750337],
    "init.xavier_normal_": [-0.41109857, -0.42078245, 0.20691155, 0.28974828, 0.21866526, -0.5678404],
    "init.kaiming_uniform_": [-0.011598532, 0.83105487, -1.2750561, -1.1401119, -0.59667861, 0.41542763],
    "init.kaiming_normal_": [-0.53072602, -0.54322779, 0.26712167, 0.37406343, 0.28229564, -0.73307884],
    "init.orthogonal_": [
        1.0699052595234497, -0.33986030476249141, -1.5127216784029978, 0.68036756476522575, -0.75297799392390985,
        -1.8497553757354466,
    ],
    "init with a generator": [-0.48678076, -0.60382158],
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWS)
def test_the_stream_has_the_numbers_written_down(name):
    mt.manual_seed(0)
    found, expected = flat(DRAWS[name](mt)), NUMBERS[name]
    whole = [x for x in expected if isinstance(x, int)]
    assert [x for x in found if isinstance(x, int)] == whole
    assert found == pytest.approx(expected, rel=1e-13 if "float64" in name or "orthogonal" in name else 2e-6, abs=1e-7)


@pytest.mark.parametrize("name", DRAWS)
def test_the_numbers_written_down_are_those_of_pytorch(name):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    assert flat(DRAWS[name](torch)) == pytest.approx(NUMBERS[name], rel=2e-6, abs=1e-7)


def test_a_generator_can_be_saved_and_seeds_itself():
    g = generator(mt)
    mt.randn(3, generator=g)
    state = g.get_state()
    expected = [mt.randn(1, generator=g).item(), mt.rand(700, generator=g).tolist(), g.initial_seed()]
    other = mt.Generator()
    other.set_state(state)
    assert [mt.randn(1, generator=other).item(), mt.rand(700, generator=other).tolist(), other.initial_seed()] == expected
    seeds = [mt.Generator().seed() for _ in range(4)]
    assert len(set(seeds)) == 4
    assert all(0 <= seed < 2**64 for seed in seeds)
    g.manual_seed(seeds[0])
    again = mt.Generator()
    assert mt.seed() == mt.initial_seed()
    assert mt.equal(mt.rand(4, generator=g), mt.rand(4, generator=again.manual_seed(seeds[0])))


def moments(x):
    x = x.double()
    return x.mean().item(), x.std().item()


def near(x, mean, std):
    """The mean and the deviation of many independent draws, to five standard errors."""
    error = 5 * std / math.sqrt(x.numel())
    assert moments(x) == (pytest.approx(mean, abs=error), pytest.approx(std, abs=error))


@pytest.mark.parametrize("dtype", [mt.float32, mt.float64])
def test_moments(dtype):
    n = 40_000
    near(mt.rand(n, dtype=dtype), 0.5, 1 / math.sqrt(12))
    near(mt.randn(n, dtype=dtype), 0, 1)
    near(mt.empty(n, dtype=dtype).uniform_(-1, 3), 1, 4 / math.sqrt(12))
    near(mt.bernoulli(mt.full((n,), 0.3, dtype=dtype)), 0.3, math.sqrt(0.21))
    near(mt.empty(n, dtype=dtype).exponential_(0.5), 2, 2)
    near(mt.empty(n, dtype=dtype).geometric_(0.3), 1 / 0.3, math.sqrt(0.7) / 0.3)
    near(mt.empty(n, dtype=dtype).log_normal_(0.5, 0.7).log(), 0.5, 0.7)
    cauchy = mt.empty(n, dtype=dtype).cauchy_(1, 2)  # which has no mean; its distribution is 1/2 + atan((x - 1) / 2) / pi
    near(0.5 + ((cauchy - 1) / 2).atan() / math.pi, 0.5, 1 / math.sqrt(12))
    near(mt.randint(0, 7, (n,)), 3, 2)
    near(mt.randperm(n), (n - 1) / 2, n / math.sqrt(12))
    x = mt.rand(n, dtype=dtype)
    assert 0 <= x.min() < 1e-3
    assert 0.999 < x.max() < 1


def test_geometric_values_have_their_probabilities():
    counts = mt.bincount(mt.empty(40_000, dtype=mt.int64).geometric_(0.25)).tolist()
    assert counts[0] == 0
    for k in range(1, 6):
        chance = 0.75 ** (k - 1) * 0.25
        assert counts[k] / 40_000 == pytest.approx(chance, abs=5 * math.sqrt(chance * (1 - chance) / 40_000))


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda x: x.exponential_(0), RuntimeError, "exponential_ expects lambda > 0.0, but found lambda=0"),
    (lambda x: x.exponential_(math.nan), RuntimeError, "found lambda=nan"),
    (lambda x: x.long().exponential_(), RuntimeError, "Exponential distribution is a continuous.*specified minitorch.int64"),
    (lambda x: x.cauchy_(0, -1), RuntimeError, "cauchy_ expects sigma > 0.0, but found sigma=-1"),
    (lambda x: x.bool().cauchy_(), RuntimeError, "Cauchy distribution is a continuous"),
    (lambda x: x.geometric_(1), RuntimeError, r"geometric_ expects p to be in \(0, 1\), but got p=1"),
    (lambda x: x.bool().geometric_(0.5), NotImplementedError, "not minitorch.bool"),
    (lambda x: x.log_normal_(0, 0), RuntimeError, "log_normal_ expects std > 0.0, but found std=0"),
    (lambda x: x.long().log_normal_(), NotImplementedError, "floating-point tensor, not minitorch.int64"),
    (lambda x: x.requires_grad_().exponential_(), RuntimeError, "leaf"),
])  # fmt: skip
def test_refusals_of_draws(call, error, message):
    with pytest.raises(error, match=message):
        call(mt.ones(2))


def test_draws_at_the_ends():
    assert mt.empty(2).exponential_(math.inf).tolist() == [0, 0]
    assert mt.empty(2).log_normal_(1e9, 1).tolist() == [math.inf, math.inf]
    x = mt.ones(2, 3).T
    assert x.geometric_(0.5) is x
    assert mt.empty(0).exponential_().shape == (0,)
    g, state = mt.Generator().manual_seed(1), None
    mt.randn(1, generator=g)
    state = g.get_state()
    mt.empty(0).log_normal_(generator=g)
    assert g.get_state() == state


def test_draws_without_replacement():
    weights = mt.tensor([0.0, 1.0, 2.0, 5.0])
    draws = mt.multinomial(weights.expand(20_000, 4), 2)
    first, second = draws.T.tolist()
    assert all(a != b and a and b for a, b in zip(first, second, strict=True))
    for i, w in enumerate(weights.tolist()):
        assert first.count(i) / 20_000 == pytest.approx(w / 8, abs=0.02)
        expected = sum(v / 8 * w / (8 - v) for j, v in enumerate(weights.tolist()) if j != i)
        assert second.count(i) / 20_000 == pytest.approx(expected, abs=0.02)


def test_workers_have_streams_one_after_the_other():
    class Drawn(mt.utils.data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, i):
            return mt.initial_seed()

    mt.manual_seed(0)
    base = int(mt.Generator().manual_seed(0).words64(1)[0]) % 2**63
    assert list(mt.utils.data.DataLoader(Drawn(), batch_size=None, num_workers=2)) == [base, base + 1, base, base + 1]


@pytest.mark.parametrize("before", [0, 1, 7, 623, 624, 625])
def test_a_state_restores_the_stream_exactly(before):
    mt.manual_seed(3)
    for _ in range(before):
        mt.rand(1)
    mt.randn(1)  # keeps a second normal number for the next call
    state = mt.get_rng_state()
    expected = [mt.randn(1).tolist(), mt.rand(700).tolist(), mt.initial_seed()]
    mt.manual_seed(4)
    mt.set_rng_state(state)
    assert [mt.randn(1).tolist(), mt.rand(700).tolist(), mt.initial_seed()] == expected
    assert (state.dtype, len(state)) == (mt.uint8, 5056)


def test_wrong_states_are_explained():
    with pytest.raises(TypeError, match="ByteTensor"):
        mt.set_rng_state(mt.ones(5056))
    with pytest.raises(RuntimeError, match="to be 3"):
        mt.set_rng_state(mt.ones(3).byte())
    with pytest.raises(RuntimeError, match="get_rng_state"):
        mt.set_rng_state(mt.zeros(5056).byte())


@pytest.mark.parity
def test_states_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    for draws in (0, 1, 5, 623, 700):
        torch.manual_seed(9)
        mt.manual_seed(9)
        for lib in (torch, mt):
            lib.rand(draws)
            lib.randn(1)
        state = torch.get_rng_state()
        assert mt.get_rng_state().tolist() == state.tolist()
        mt.manual_seed(0)
        mt.set_rng_state(mt.tensor(state.numpy()))
        assert mt.rand(5).tolist() == torch.rand(5).tolist()
        torch.set_rng_state(torch.from_numpy(mt.get_rng_state().numpy()))
        assert mt.rand(5).tolist() == torch.rand(5).tolist()


@pytest.mark.parametrize("name", ["uniform_", "normal_", "exponential_", "cauchy_", "log_normal_", "random_", "bernoulli_"])
def test_what_is_drawn_over_has_no_gradient_more(name):
    x = mt.ones(3, requires_grad=True)
    y = x * 2
    getattr(y, name)()
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", ["uniform_", "exponential_", "cauchy_", "log_normal_", "random_"])
def test_elements_are_drawn_in_the_order_of_memory(name):
    mt.manual_seed(3)
    plain = getattr(mt.empty(20, 3), name)()
    mt.manual_seed(3)
    turned = mt.empty(20, 3).t()
    getattr(turned, name)()
    assert mt.equal(turned, plain.t())
