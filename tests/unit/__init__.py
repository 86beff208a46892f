"""What each file of the package does, a test file for one or a few of them."""
