"""Utilities: data/ has datasets and loaders, checkpoint.py saves memory, torch.py brings models from PyTorch and back."""

from minitorch.utils import checkpoint, data, torch

__all__ = ["checkpoint", "data", "torch"]
