"""On a GPU, with CuPy: one kernel for each function and direction, written in C; convolution by cuDNN."""
