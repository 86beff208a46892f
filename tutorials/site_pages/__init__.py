"""The pages of the documentation site. `tutorials/build_site.py` puts them together."""
