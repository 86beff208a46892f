"""Pages in a real browser: Playwright drives the system's Chromium.

`make browser` installs the one; the other comes from the system (Debian: chromium).
"""

import shutil

import pytest


@pytest.fixture(scope="module")
def chromium():
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make browser")
    pytest.importorskip("pygraphviz")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, tmp_path):
    """Opens a file; at the end, nothing may have been complained of, and nothing asked for beside the file itself."""
    complaints, requests, pages = [], [], []

    def open_(path, at="", **options):
        page = chromium.new_page(viewport={"width": 1280, "height": 800}, **options)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(path.as_uri() + at)
        pages.append(page)
        return page

    yield open_
    for page in pages:
        page.close()
    assert complaints == []
    assert [url.partition(":")[0] for url in requests] == ["file"] * len(pages)
