"""Whole programs: courses, lessons, the site, pages in a browser, the project as it is installed."""
