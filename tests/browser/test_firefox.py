"""A page is read and practised on in Firefox, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from coursekit.learn.questions.find import bank_of
from coursekit.learn.questions.schema import Card
from tests.browser.firefox import Firefox, started

pytestmark = pytest.mark.thorough

LESSON = "notebooks/02_numbers_in_few_bits.html"


def press(firefox: Firefox, name: str) -> None:
    firefox.wait(
        f"""(() => {{
          const all = [...document.querySelectorAll("button")];
          const one = all.find((one) => one.textContent.startsWith("{name}"));
          one?.click();
          return Boolean(one);
        }})()"""
    )


def seen(firefox: Firefox, words: str) -> None:
    firefox.wait(f"document.body.innerText.includes({words!r})")


def test_who_reads_in_firefox_guesses_practises_and_comes_back(
    firefox: str, site: str, tmp_path: Path
) -> None:
    cards = len(bank_of("02").of(Card))
    with started(firefox, tmp_path) as browser:
        browser.go(site + LESSON)
        # It asks before it tells.
        assert browser.run("document.querySelectorAll('.folded[hidden]').length") > 2
        press(browser, "No guess")
        seen(browser, "You made no guess. It is")
        # An opening moves.
        before = browser.run("document.querySelector('figure.opening img').src")
        browser.run(
            """(() => {
              const slider = document.querySelector("figure.opening input");
              slider.value = Number(slider.value) === Number(slider.max) ? slider.min : slider.max;
              slider.dispatchEvent(new Event("input", { bubbles: true }));
            })()"""
        )
        assert browser.run("document.querySelector('figure.opening img').src") != before
        press(browser, "Turn cards here")
        seen(browser, f"0 of {cards}")
        press(browser, "Show the answer")
        press(browser, "3 ")
        seen(browser, f"1 of {cards}")
        browser.go(site + LESSON)
        press(browser, "Turn cards here")
        seen(browser, "1 not due yet")
        press(browser, "Follow them here")
        press(browser, "Next step")
        seen(browser, "step 1 of")
