"""Utilities: data/ has datasets and loaders, checkpoint.py saves memory, dlpack.py shares it with other libraries, torch.py
brings models from PyTorch and back.
"""

from minitorch.utils import checkpoint, data, dlpack, torch

__all__ = ["checkpoint", "data", "dlpack", "torch"]
