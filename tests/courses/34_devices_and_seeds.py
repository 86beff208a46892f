"""What programs ask of devices and random streams, on a machine without a GPU."""

import torch

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.manual_seed(7)
torch.cuda.manual_seed_all(7)
torch.backends.cudnn.deterministic = True
torch.backends.cudnn.benchmark = False
print(device, torch.get_default_device(), torch.initial_seed())
state = torch.get_rng_state()
a = torch.rand(3)
torch.set_rng_state(state)
print(torch.equal(a, torch.rand(3)), state.dtype, state.shape)
print(torch.backends.mps.is_available(), torch.backends.mkl.is_available() in (True, False))
print(torch.accelerator.is_available(), torch.accelerator.device_count())
torch.cuda.empty_cache()
print(torch.arange(3).type(torch.FloatTensor), torch.arange(3).type("torch.DoubleTensor").dtype)
x = torch.arange(6.0).reshape(2, 3)
print(x.sum(axis=1), x.mean(axis=0, keepdims=True))
print(torch.autograd.functional.jacobian(lambda t: t**2, torch.tensor([1.0, 2.0]), vectorize=True))
torch.set_default_dtype(torch.float64)
print(torch.tensor(1.0).dtype, torch.rand(1).dtype)
torch.set_default_dtype(torch.float32)
print(torch.utils.data.get_worker_info(), torch.cuda.device_count() >= 0)
