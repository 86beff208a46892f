"""How pictures look.

theme.py    colours and letter widths
summary.py  numbers and arrays in short
render.py   DOT to SVG, PNG or PDF
svg.py      the parts of drawings that need no Graphviz
raster.py   SVG to PNG, GIF and APNG
page.py     pages, from templates: page.html with page.js for graphs and players, layer.html with layer.js for viz.animate,
            matrix.html, curve.html; numbers.js writes numbers as summary.py does
picture.py  what the pictures of layers have in common
"""
