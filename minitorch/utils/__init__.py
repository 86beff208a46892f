"""Utilities for training: data.py has datasets and loaders."""

from minitorch.utils import data

__all__ = ["data"]
