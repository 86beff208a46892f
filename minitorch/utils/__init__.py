"""Utilities for training: data/ has datasets and loaders, checkpoint.py saves memory, dlpack.py
shares memory with other libraries.
"""

from minitorch.utils import checkpoint, data, dlpack

__all__ = ["checkpoint", "data", "dlpack"]
