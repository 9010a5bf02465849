"""What a Gradio Space needs: the exported network, an app, its requirements and its card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from console.errors import UserError
from foreign.files import write_text
from serving.export.graph import Subject
from serving.generator import Generator
from serving.output import whole_folder, write_card
from serving.publish import FORMAT, page
from serving.publish.description import describe
from serving.publish.page import Page

_APP = Path(__file__).with_name("space_app.py")
_REQUIREMENTS = "gradio>=5\nnumpy>=2\nonnxruntime>=1.20\npillow>=11\n"
_CARD = """\
---
title: {quoted}
sdk: gradio
app_file: app.py
pinned: false
license: apache-2.0
---

{title}: {subtitle}.

{facts}
"""


def write(subject: Subject, folder: Path, title: str | None) -> Page:
    """Write a Space into `folder`: whole, or not at all.

    Raises `UserError` for a network that is no generator, or takes captions.
    """
    page.check(subject)
    if not isinstance(subject, Generator):
        raise UserError(
            f"--space is for generators; {subject.origin} can {subject.verb}, which a page without "
            "--space shows"
        )
    with whole_folder(folder, FORMAT) as unfinished:
        model, error = page.write_network(subject, unfinished)
        known = describe(subject, title, model)
        (unfinished / "app.py").write_bytes(_APP.read_bytes())
        write_text(unfinished / "requirements.txt", _REQUIREMENTS)
        write_text(unfinished / "README.md", _card(known))
        (unfinished / "LICENSE").write_bytes(page.LICENCE.read_bytes())
        write_card(unfinished, known)
        size = sum(path.stat().st_size for path in unfinished.iterdir())
    return Page(folder, error, size, size)


def _card(known: dict[str, Any]) -> str:
    facts = "\n".join(f"- {name}: {value}" for name, value in known["facts"])
    return _CARD.format(
        # JSON's strings are YAML's, whatever is in them.
        quoted=json.dumps(known["title"], ensure_ascii=False),
        title=known["title"],
        subtitle=known["subtitle"].replace(" in your browser", ""),
        facts=facts,
    )
