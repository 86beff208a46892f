"""Are all links within the site right? Each names a file that is there, and an anchor in it."""

import functools
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links of a page, and its anchors."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors.update(value for key, value in attrs if key in ("id", "name") and value)
        for key in ("href", "src", "data"):
            if values.get(key) and tag in ("a", "img", "script", "link", "iframe", "object", "source"):
                self.links.append(values[key])


def broken(site):
    """(page, link) for each link that leads nowhere."""
    read = functools.cache(Page)
    for path in sorted(Path(site).rglob("*.html")):
        if path.relative_to(site).parts[0] in ("source", "gallery"):
            continue  # they have the links of the side bar, which every page has, and none of their own
        for link in dict.fromkeys(read(path).links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.is_file() or (anchor and target.suffix == ".html" and anchor not in read(target).anchors):
                yield path.relative_to(site).as_posix(), link
