"""Loops that Numba compiles, for what NumPy does in several passes over memory (`pip install '.[fast]'`)."""
