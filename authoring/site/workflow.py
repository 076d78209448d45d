"""What makes GitHub publish the site: `make publish` writes it."""

from __future__ import annotations

import re
from pathlib import Path

WORKFLOW = Path(".github") / "workflows" / "site.yml"
_TEXT = """\
# Written by `make publish`. The repository's settings must say: Pages, Source, GitHub Actions.
name: site
on:
  push:
    branches: [{branch}]
  workflow_dispatch:
permissions:
  contents: read
  pages: write
  id-token: write
concurrency:
  group: pages
jobs:
  site:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    environment:
      name: github-pages
      url: ${{{{ steps.deployment.outputs.page_url }}}}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: make site
      - uses: actions/upload-pages-artifact@v3
        with:
          path: out/site
      - id: deployment
        uses: actions/deploy-pages@v4
"""


_LINK = re.compile(r"\A(# .+\n\n)(?:\*\*\[Read it.*\n\n)?")


def write(root: Path, repository: str, branch: str) -> None:
    """Writes the workflow, which runs whenever `branch` changes, and README's first link."""
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    link = f"**[Read it, guess and practise in your browser]({address(repository)})**"
    readme.write_text(_LINK.sub(rf"\1{link}\n\n", text, count=1), encoding="utf-8")
    path = root / WORKFLOW
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_TEXT.format(branch=branch), encoding="utf-8")


def address(repository: str) -> str:
    """Where GitHub Pages will have the site."""
    owner, _, name = repository.partition("/")
    return f"https://{owner.lower()}.github.io/{name}/"
