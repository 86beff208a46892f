"""What holds for every operation, layer and implementation: these tests walk the databases."""
