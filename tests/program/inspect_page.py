#!/usr/bin/python3
"""inspect_page.py PAGE ENTRY...: the page is well-formed, refers to nothing outside itself, and draws every entry."""

import html.parser
import re
import sys

VOID = {"meta", "input", "br"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.problems, self.counts = [], [], {}

    def handle_starttag(self, tag, attrs):
        name = dict(attrs).get("class") or ""
        for word in (tag, *name.split()):
            self.counts[word] = self.counts.get(word, 0) + 1
        if tag in ("script", "link", "img", "iframe") or any(key in ("src", "href") for key, _ in attrs):
            self.problems.append(f"<{tag}> refers to something")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        source = f.read()
    page, entries = Page(), sys.argv[2:]
    page.feed(source)
    page.close()
    problems = page.problems + [f"<{tag}> is open at the end" for tag in page.open]
    for drawing in ("graph", "memory", "work"):
        if page.counts.get(drawing, 0) != len(entries):
            problems.append(f"{page.counts.get(drawing, 0)} of {drawing}, not {len(entries)}")
    problems += [f"no tab for {name}" for name in entries if f">{name}</label>" not in source]
    problems += [f"not a number: {text}" for text in re.findall(r'="[^"]*\b(?:nan|inf)\b[^"]*"', source)]
    print("\n".join(problems) if problems else "drawn")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
