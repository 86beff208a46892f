"""Invalid calls, damaged files, interruptions, threads: nothing goes wrong without a word."""
