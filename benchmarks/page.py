"""How fast published pages are in a browser, and how large.

    python -m benchmarks.page RUN [RUN …]        # runs, or generator.keras files

Publishes each run's generator, opens the page in the system's Chromium, and prints the time from
opening to the first faces (the second visit, from the browser's cache), the milliseconds a face
(one at a time, and 16 at once; the median of 30), and the bytes that a visitor loads. Needs
Playwright and Chromium. Run it when nothing else runs.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path

from console.wording import size

TIMES = 30
_FACES = "#faces[data-drawn='{}']"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *words):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", metavar="RUN")
    from playwright.sync_api import sync_playwright

    import serving
    from serving.publish import page, runtime

    files = runtime.load()
    browser_path = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))))
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=browser_path, args=_FLAGS)
        print(f"Chromium {browser.version}, one thread of WebAssembly")
        print("| page | first faces, s | ms a face, alone | of 16 | compressed | network |")
        print("|---|---|---|---|---|---|")
        for number, run in enumerate(parser.parse_args().runs):
            generator = serving.load(run)
            folder = Path(temporary) / str(number)
            made = page.write_folder(generator, folder, files, None)
            row = measured(browser, folder)
            network = size((folder / "generator.onnx").stat().st_size)
            print(f"| {generator.recipe.name} | {row} | {size(made.packed)} | {network} |")
        browser.close()


def measured(browser, folder: Path) -> str:
    """The middle cells of a row."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    context = browser.new_context()
    seconds = []
    for _ in range(2):
        page = context.new_page()
        start = time.perf_counter()
        page.goto(address)
        page.wait_for_selector(_FACES.format(1))
        seconds.append(time.perf_counter() - start)
    each = [faces(page, count) for count in (1, 16)]
    context.close()
    server.shutdown()
    return f"{seconds[-1]:.2f} | {each[0]:.1f} | {each[1]:.1f}"


def faces(page, count: int) -> float:
    """Milliseconds a face, the median of `TIMES` draws of `count` faces, as the page says them."""
    drawn = int(page.locator("#faces").get_attribute("data-drawn"))
    page.check(f"#count input[value='{count}']")
    found = []
    for turn in range(drawn + 1, drawn + 1 + TIMES):
        page.wait_for_selector(_FACES.format(turn))
        found.append(float(page.locator("#faces").get_attribute("data-milliseconds")))
        page.click("#generate")
    page.wait_for_selector(_FACES.format(drawn + 1 + TIMES))
    return statistics.median(found) / count


if __name__ == "__main__":
    main()
