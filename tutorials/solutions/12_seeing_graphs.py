"""Answers to the exercises of lesson 12."""

paths = (3.0, 5.0)
culprit = "detach"


def count_paths(uses, last, first):
    counts = {}
    waiting = [last]
    while waiting:
        name = waiting[-1]
        parents = [] if name == first else uses.get(name, [])
        missing = [parent for parent in parents if parent not in counts]
        if missing:
            waiting += missing
        else:
            counts[name] = 1 if name == first else sum(counts[parent] for parent in parents)
            waiting.pop()
    return counts[last]
