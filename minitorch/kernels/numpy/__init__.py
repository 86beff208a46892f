"""With NumPy alone: blocks that stay in the cache, masks by bits, windows cell by cell, convolution as matrix products."""
