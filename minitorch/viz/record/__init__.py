"""What happened in a program: the recording, the tape with names and values, and derivatives in the program's names.

recorder.py  a `with viz.record():` block: calls, nodes, values, sweeps; settings.py what a call's card says of its settings
tape.py      every node once, in order, with a name, a value and a source line
local.py     local derivatives as numbers; rules.py the same in the program's names
"""
