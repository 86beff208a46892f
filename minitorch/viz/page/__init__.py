"""How pictures look.

theme.py    colours and letter widths
summary.py  numbers and arrays in short
render.py   DOT to SVG, PNG or PDF
page.py     pages, from the template page.html and the script page.js
"""
