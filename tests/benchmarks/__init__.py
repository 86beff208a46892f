"""Speed, measured beside PyTorch where it is installed: python -m tests.benchmarks, or `make bench`."""
