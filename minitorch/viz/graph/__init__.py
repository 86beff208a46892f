"""The computation graph: one card for each thing the program called.

cards.py  the tree of calls, loops in it, and a view of the tree: boxes and arrows
facts.py  what is known of a box, and the lines of its card
draw.py   a view as DOT source
graph.py  viz.graph: the graph as data, text, picture and page
"""
