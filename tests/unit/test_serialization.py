"""Saving and loading: what goes in comes out, and what was tampered with is refused."""

from __future__ import annotations

import io
import json
import random
import struct
from collections import OrderedDict

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, optim

pytest.importorskip("safetensors")


def checkpoint():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1))
    optimizer = optim.Adam(net.parameters(), lr=0.05)
    return net, optimizer, optim.lr_scheduler.MultiStepLR(optimizer, [2, 4])


def train(net, optimizer, scheduler, steps):
    x = mt.randn(8, 3, generator=mt.Generator().manual_seed(0))
    losses = []
    for _ in range(steps):
        loss = (net(x) - x.sum(1, keepdim=True)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return losses


def test_a_checkpoint_resumes_to_the_same_training(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    parts = checkpoint()
    train(*parts, 3)
    mt.save({"parts": [p.state_dict() for p in parts], "epoch": 3, "best": (0.5, None, "yes")}, path)
    expected = train(*parts, 5)
    again = checkpoint()
    saved = mt.load(path)
    for part, state in zip(again, saved["parts"], strict=True):
        part.load_state_dict(state)
    assert (saved["epoch"], saved["best"]) == (3, (0.5, None, "yes"))
    assert train(*again, 5) == expected


THINGS = [
    mt.arange(3), {"a": mt.ones(2).half()}, OrderedDict(b=mt.zeros(0, 2)), (mt.ones(2, 3).T,), {}, 3,
    [mt.tensor(True), [1, 2.5, float("inf"), None, "x"]], {1: mt.ones(1), "1": mt.zeros(1), 2.5: {}},
    {"a.b": mt.ones(1), "a": {"b": mt.zeros(1)}}, mt.tensor([1, 2], dtype=mt.uint8),
]  # fmt: skip


@pytest.mark.parametrize("thing", THINGS, ids=range(len(THINGS)))
def test_round_trip(thing, tmp_path):
    path = tmp_path / "thing"
    mt.save(thing, path)
    buffer = io.BytesIO()
    mt.save(thing, buffer)
    buffer.seek(0)
    for found in (mt.load(path), mt.load(buffer), mt.load(str(path), map_location="cpu")):
        assert type(found) is type(thing)
        assert repr(found) == repr(thing)


def test_writing_is_all_or_nothing(tmp_path):
    path = tmp_path / "model"
    mt.save({"a": mt.ones(1)}, path)
    with pytest.raises(TypeError, match=r"Linear at 'b'.*state_dict"):
        mt.save({"a": mt.zeros(1), "b": nn.Linear(1, 1)}, path)
    assert mt.load(path)["a"].item() == 1
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
    with pytest.raises(RuntimeError, match="nowhere does not exist"):
        mt.save(mt.ones(1), tmp_path / "nowhere" / "model")
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError, match="contains itself"):
        mt.save(loop, path)


def test_hostile_files_are_refused_and_the_model_stays(tmp_path):
    path = tmp_path / "model"
    net = nn.Linear(3, 2)
    mt.save({"model": net.state_dict(), "epoch": 1}, path)
    whole = path.read_bytes()
    before = net.weight.tolist()
    source = random.Random(0)
    damaged = [whole[:n] for n in (0, 1, 7, 8, 20, len(whole) // 2, len(whole) - 1)] + [
        whole + b"x",
        b"hello",
        b"PK\x03\x04" * 20,
    ]
    for _ in range(60):
        flipped = bytearray(whole)
        flipped[source.randrange(len(whole) - 32)] ^= 1 << source.randrange(8)
        damaged.append(bytes(flipped))
    damaged.append(struct.pack("<Q", 2**60) + b"{}")
    huge = json.dumps({"a": {"dtype": "F32", "shape": [2**40, 2**20], "data_offsets": [0, 8]}}).encode()
    damaged.append(struct.pack("<Q", len(huge)) + huge + b"12345678")
    deep = '{"list": ' * 300 + "1" + "}" * 300
    for strange in (
        "[1]",
        '{"tensor": "nothing"}',
        '{"dict": [[1]]}',
        '{"a": 1, "b": 2}',
        "{" * 50,
        deep,
    ):
        header = json.dumps({"__metadata__": {"minitorch": strange}}).encode()
        damaged.append(struct.pack("<Q", len(header)) + header)
    for content in damaged:
        path.write_bytes(content)
        try:
            found = mt.load(path)
        except RuntimeError:
            pass
        else:  # a flipped bit in a number or a name: data all the same
            assert isinstance(found, (dict, list, int, float, str, type(None), mt.Tensor))
    assert net.weight.tolist() == before
    with pytest.raises(ValueError, match="weights_only"):
        mt.load(path, weights_only=False)


def test_every_flipped_bit_of_the_numbers_is_noticed():
    buffer = io.BytesIO()
    mt.save({"a": mt.tensor([1.0, -2.0]), "b": (mt.tensor([3], dtype=mt.uint8), 5)}, buffer)
    whole = buffer.getvalue()
    start = 8 + int.from_bytes(whole[:8], "little")
    assert len(whole) - start == 9
    for bit in range(8 * start, 8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(RuntimeError, match="the checksum does not match: the file was modified"):
            mt.load(io.BytesIO(bytes(flipped)))
    for old, new in ((b'[\\"a\\"', b'[\\"c\\"'), (b"5]", b"6]"), (b"[2]", b"[1]")):  # a key, a number, a shape
        assert old in whole
        with pytest.raises(RuntimeError, match="cannot load"):
            mt.load(io.BytesIO(whole.replace(old, new)))


def test_what_is_loaded_is_a_leaf_of_its_own(tmp_path):
    w = mt.ones(2, 3, requires_grad=True)
    mt.save([w, w, w.T], tmp_path / "w")
    w.detach().zero_()
    a, b, c = mt.load(tmp_path / "w")
    assert a.tolist() == b.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert c.shape == (3, 2)
    assert not a.requires_grad
    a.zero_()
    assert b.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_the_file_is_in_the_format_as_it_is_described(tmp_path):
    mt.save({"w": mt.tensor([[1.0, 2.0]]), "n": mt.tensor([3])}, tmp_path / "file")
    content = (tmp_path / "file").read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header, numbers = json.loads(content[8 : 8 + size]), content[8 + size :]
    for name, kind, shape, code, values in (("w", "F32", [1, 2], "<2f", (1.0, 2.0)), ("n", "I64", [1], "<q", (3,))):
        entry = header[name]
        assert (entry["dtype"], entry["shape"]) == (kind, shape)
        first, last = entry["data_offsets"]
        assert struct.unpack(code, numbers[first:last]) == values


def test_other_programs_read_a_state_dict(tmp_path):
    from safetensors.numpy import load_file, save_file

    net = nn.Linear(3, 2)
    mt.save(dict(net.state_dict()), tmp_path / "ours")
    assert np.array_equal(load_file(tmp_path / "ours")["weight"], net.weight.detach().numpy())
    save_file({"weight": np.ones((2, 3), np.float32), "bias": np.zeros(2, np.float32)}, tmp_path / "theirs")
    net.load_state_dict(mt.load(tmp_path / "theirs"))
    assert net.weight.sum().item() == 6


@pytest.mark.parity
def test_pytorch_and_minitorch_read_each_others_state(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    ours, theirs = (
        nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)),
        torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)),
    )
    mt.save(ours.state_dict(), tmp_path / "ours")
    theirs.load_state_dict(load_file(tmp_path / "ours"))
    assert np.array_equal(theirs[0].weight.detach().numpy(), ours[0].weight.detach().numpy())
    with torch.no_grad():
        theirs[0].weight.mul_(2)
    save_file(theirs.state_dict(), tmp_path / "theirs")
    ours.load_state_dict(mt.load(tmp_path / "theirs"))
    assert np.array_equal(theirs[0].weight.detach().numpy(), ours[0].weight.detach().numpy())
