"""A backward pass, step by step.

frames.py  a forward and a backward pass, as the engine runs it
text.py    what a step shows, and its lines of text
steps.py   what each card computes and sends back, in sentences, rules and numbers
nudge.py   what becomes of a small change
trace.py   frames and steps as plain data, and the gradients recomputed from it
player.py  viz.play: the steps as a page and as text
"""
