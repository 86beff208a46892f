"""Utilities for training: data/ has datasets and loaders, checkpoint.py saves memory."""

from minitorch.utils import checkpoint, data

__all__ = ["checkpoint", "data"]
