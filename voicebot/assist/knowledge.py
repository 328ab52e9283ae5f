"""The articles that may help an agent: Markdown files, cut at their headings, found by BM25. Pure but for the reading.

An article is what stands between two headings. Its title counts more than its text. How well it fits is told in words:
1 is as much as one word that no other article has, and a title that is said whole counts half as much. What fits less
than the floor is not suggested, because small talk shares words with any article.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bm25s
from bm25s.stopwords import STOPWORDS_EN_PLUS

from voicebot.authoring.problems import Problem
from voicebot.regular_files import FileTooLarge, read_regular_file
from voicebot.spoken_phrases import words_said

# bm25s has set it to DEBUG: it would log each index that is built.
logging.getLogger("bm25s").setLevel(logging.WARNING)

FLOOR = 0.8
MAX_FILES = 500
MAX_FILE = 1_000_000
MAX_ARTICLES = 5_000
MAX_TEXT = 1_200
"""Characters of an article that are shown."""
MAX_QUERY = 60
"""Words of an utterance that are looked for: its last ones."""
TITLE_WEIGHT = 3
"""How often the words of a title count."""
WHOLE_TITLE = 0.5
CANDIDATES = 20
_HEADING = re.compile(r"#{1,6} +(\S.*)")
_PARAGRAPH = re.compile(r"(?!\s*(?:[-*+>|] |\||>|```|\d+[.)] ))\s*\S")
_MARKUP = re.compile(r"[*_`]{1,3}|\]\([^()\s]*\)|!?\[")
_IN_EVERY_CALL = """
hello hi hey yes no yeah okay ok please thank thanks bye goodbye sorry right sure well good morning afternoon evening
day today call calling help like want need know tell ask question get got name speaking moment hold line wait
"""
_SMALL_TALK = frozenset(_IN_EVERY_CALL.split())


@dataclass(frozen=True, slots=True)
class Article:
    """``source``: file and heading."""

    title: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Found:
    """``fit``: how well it fits what was looked for; only to be compared with other fits."""

    article: Article
    fit: float


class Knowledge:
    """The articles, ready to be searched. Indexing a thousand takes some ten milliseconds; a search less than one."""

    def __init__(self, articles: Sequence[Article] = ()) -> None:
        self.articles = tuple(articles)
        texts = [_terms(f"{article.title} ") * TITLE_WEIGHT + _terms(article.text) for article in self.articles]
        self._titles = [frozenset(_terms(article.title)) for article in self.articles]
        self._known = frozenset(term for text in texts for term in text)
        self._unit = math.log(1 + (len(texts) - 0.5) / 1.5) if texts else 1.0
        self._index = bm25s.BM25(method="lucene")
        if self._known:
            self._index.index(texts, show_progress=False)

    def search(self, words: str, most: int = 5, floor: float = 0.0) -> list[Found]:
        """The articles that fit ``words`` at least as well as ``floor``, best first."""
        terms = [term for term in dict.fromkeys(_terms(words)[-MAX_QUERY:]) if term in self._known]
        if not terms:
            return []
        scores = self._index.get_scores(terms) / self._unit
        found = [
            Found(self.articles[place], round(float(scores[place]) + self._said_of_title(place, terms), 2))
            for place in map(int, scores.argsort(kind="stable")[::-1][:CANDIDATES])
            if scores[place] > 0
        ]
        return [one for one in sorted(found, key=lambda one: -one.fit) if one.fit >= floor][:most]

    def _said_of_title(self, place: int, terms: Sequence[str]) -> float:
        title = self._titles[place]
        return WHOLE_TITLE * (len(title.intersection(terms)) / len(title)) ** 2 if title else 0.0


def read_knowledge(folder: Path) -> tuple[list[Article], list[Problem]]:
    """The articles of the ``*.md`` files in ``folder``, which need not exist, and what is wrong with the files. Blocks;
    never raises for what is in them."""
    articles: list[Article] = []
    problems: list[Problem] = []
    files = sorted(folder.glob("*.md"))
    if len(files) > MAX_FILES:
        problems.append(Problem(folder, 1, 1, "too-many-files", f"{len(files)} files", f"{MAX_FILES} at most are read"))
    for file in files[:MAX_FILES]:
        try:
            text = read_regular_file(file, MAX_FILE).decode("utf-8-sig")
        except FileTooLarge:
            problems.append(Problem(file, 1, 1, "file-too-large", f"more than {MAX_FILE} bytes", "split the file"))
        except OSError as error:
            problems.append(Problem(file, 1, 1, "file-unreadable", f"it cannot be read: {error.strerror}"))
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            problems.append(Problem(file, line, 1, "file-encoding", "it is not UTF-8", "save the file as UTF-8"))
        else:
            articles += articles_of(text, file.name)
    if len(articles) > MAX_ARTICLES:
        many = f"{len(articles)} articles"
        problems.append(Problem(folder, 1, 1, "too-many-articles", many, f"{MAX_ARTICLES} at most are searched"))
    return articles[:MAX_ARTICLES], problems


def articles_of(text: str, file: str) -> list[Article]:
    """The articles of one file. A heading without text belongs to the title of those below it."""
    found: list[Article] = []
    above, title, lines = "", "", list[str]()
    before = ""

    def end() -> None:
        body = "".join(lines).strip()
        if body:
            shown = title or Path(file).stem
            found.append(Article(shown, _plain(body)[:MAX_TEXT], f"{file}, {shown}"))

    fenced = False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        heading = None if fenced else _HEADING.fullmatch(line.rstrip())
        if heading is None:
            goes_on = not fenced and _goes_on(before, line)
            lines.append(f" {line.strip()}" if goes_on else f"\n{line.rstrip()}")
            before = line
            continue
        end()
        if title and not "".join(lines).strip():
            above = title
        name = _plain(heading.group(1).rstrip("# "))
        title = f"{above}: {name}" if above and not line.startswith("# ") else name
        above = "" if line.startswith("# ") else above
        lines, before = [], ""
    end()
    return found


def _goes_on(before: str, line: str) -> bool:
    """Whether ``line`` belongs to the paragraph of the line before: files have line ends where their editors want them.
    Items of lists, tables, quotes and code are lines of their own, and so is what follows two spaces or a backslash."""
    ends = not before.strip() or before.endswith(("  ", "\\")) or before.startswith(("|", "```"))
    return not ends and _PARAGRAPH.match(line) is not None


def _plain(text: str) -> str:
    return _MARKUP.sub("", text)


def _terms(text: str) -> list[str]:
    """The words of ``text`` that are looked for, each without its ending."""
    return [_stem(word) for word in words_said(text) if word not in STOPWORDS_EN_PLUS and word not in _SMALL_TALK]


def _stem(word: str) -> str:
    """``word`` without the ending that grammar wants: enough for bills and bill, charged and charge."""
    word = word.removesuffix("'s")
    for ending, least in (("ies", 5), ("ing", 6), ("ed", 5), ("es", 5), ("s", 4), ("e", 4)):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            word = word.removesuffix(ending) + ("y" if ending == "ies" else "")
            break
    if len(word) > 3:
        word = word.removesuffix("e")
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word
