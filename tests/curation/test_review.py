"""The review page in a real browser; without one these tests are skipped."""

import json
import shutil
import time

import pytest

from benchmarks import scenes
from curation.decisions import Rules
from tests.curation import chromium

needs_browser = pytest.mark.skipif(chromium.program() is None, reason="no Chromium here")


@pytest.fixture
def page(tmp_path):
    opened = chromium.Page(tmp_path / "profile")
    yield opened
    opened.close()


def state(page):
    return page.run(
        "[...document.querySelectorAll('.face')].map(f => [f.dataset.file[0],"
        "f.getAttribute('aria-pressed') === 'true'])"
    )


@needs_browser
def test_a_person_cleans(raw, tmp_path, run, page):
    scenes.portrait(9, 50).save(raw / "small.png")
    run(rules=Rules(least=64))
    out = tmp_path / "out"
    page.downloads(tmp_path / "downloads")
    page.open((out / "review.html").as_uri())

    # every picture is there, from the two folders, and nothing was asked of a host
    page.run("new Promise(done => setTimeout(done, 300))")
    sizes = page.run("[...document.querySelectorAll('img')].map(i => i.naturalWidth)")
    assert sorted(sizes) == [50, 96, 96, 96, 96]
    asked = [event["params"]["request"]["url"] for event in page.events
             if event.get("method") == "Network.requestWillBeSent"]  # fmt: skip
    assert asked
    assert all(url.startswith("file:") for url in asked)
    errors = [e for e in page.events if e.get("method") == "Runtime.exceptionThrown"
              or e.get("params", {}).get("entry", {}).get("level") == "error"]  # fmt: skip
    assert errors == []
    assert page.run("document.querySelector('#count').textContent") == "4 of 5 stay, 0 by hand"

    # sorted by the smallest: that is the dropped one, with its reason
    page.run("byId('sort').value = 'side'; byId('sort').dispatchEvent(new Event('change'))")
    assert state(page)[0] == ["s", True]
    assert "small: 50 px, below 64" in page.run("document.querySelector('.face').textContent")

    # by name: click the first away, and the rest with keys
    page.run("byId('sort').value = 'file'; byId('sort').dispatchEvent(new Event('change'))")
    page.click(".face")
    assert state(page)[0] == ["a", True]
    page.press("ArrowRight")
    page.press("d")
    page.press("ArrowRight")
    page.press("d")
    page.press("u")
    page.run("document.querySelector('.face:last-child').focus()")
    page.press("k")
    assert state(page) == [["a", True], ["b", True], ["c", False], ["d", False], ["s", False]]
    assert page.run("document.querySelector('#count').textContent") == "3 of 5 stay, 3 by hand"

    # what was not saved is remembered, and shown by filters
    for _ in range(50):  # a busy browser hands its storage on to the next page a little later
        page.open((out / "review.html").as_uri())
        if page.run("document.querySelector('#count').textContent") == "3 of 5 stay, 3 by hand":
            break
        time.sleep(0.1)
    page.run("byId('show').value = 'dropped'; byId('show').dispatchEvent(new Event('change'))")
    assert sorted(name for name, _ in state(page)) == ["a", "b"]
    page.press("s")
    text = chromium.wait_for(tmp_path / "downloads" / "drop.txt")
    words = [line.split(" ")[0] + " " + line.split(" ")[1][0] for line in text.splitlines()]
    assert words == ["drop a", "drop b", "keep s"]

    shutil.copy(tmp_path / "downloads" / "drop.txt", out)
    lines = run(rules=Rules(least=64))
    assert "3 of 5 faces stay." in lines
    page.open((out / "review.html").as_uri())
    assert page.run("document.querySelector('#count').textContent") == "3 of 5 stay, 3 by hand"


@needs_browser
def test_a_file_name_cannot_break_the_page(raw, tmp_path, run, page):
    (raw / "a.png").rename(raw / "<!--<script><b>&'\".png")
    run()
    page.open((tmp_path / "out" / "review.html").as_uri())
    assert len(state(page)) == 4


def test_the_page_is_one_file_without_hosts(raw, tmp_path, run):
    run()
    text = (tmp_path / "out" / "review.html").read_text()
    assert "http:" not in text
    assert "https:" not in text
    assert "default-src 'none'" in text
    known = json.loads(text.split("const known = ")[1].split(";\n")[0])
    assert len(known["faces"]) == 4


def test_the_sheet(raw, tmp_path, run):
    from PIL import Image

    run()
    assert Image.open(tmp_path / "out" / "kept.png").size == (8 * 96, 96)
    run(rules=Rules(least=200))
    assert not (tmp_path / "out" / "kept.png").exists()


def test_the_sheet_of_many_faces_shows_64_of_them_evenly_chosen(raw, tmp_path, run):
    from PIL import Image

    for number in range(4, 70):  # 70 faces with those of a.png to d.png
        scenes.portrait(number, 96).save(raw / f"p{number:02}.png")
    lines = run()
    assert "Sheet of 64 kept faces" in lines[-1]
    sheet = Image.open(tmp_path / "out" / "kept.png")
    assert sheet.size == (8 * 96, 8 * 96)
    faces = sorted((tmp_path / "out" / "faces").iterdir())
    for place, number in ((0, 0), (9, 9 * 70 // 64), (63, 63 * 70 // 64)):
        left, top = place % 8 * 96, place // 8 * 96
        tile = sheet.crop((left, top, left + 96, top + 96))
        assert tile.tobytes() == Image.open(faces[number]).tobytes()
