"""The results as one SVG: a panel per model and work, in it a bar per engine and precision, the machine's limit as a tick."""

from html import escape

from shapes import SHAPES
from works import works_of

COLOURS = {"smelt": "#d9480f", "ort": "#5c7cfa", "llama": "#868e96"}
NAMES = {"smelt": "smelt", "ort": "ONNX Runtime", "llama": "llama.cpp"}
SHOWN = ("prompt 128", "prompt 512", "generate at 16", "generate at 512", "encode 1 x 128", "encode 8 x 128")
MOST_PANELS = 4  # side by side
PANEL, BAR, LABEL, GAP = 300, 17, 78, 26
HEAD, TITLE = 64, 40
MOST_ROOM = 2.5  # times the longest bar: a limit beyond that is not drawn


def _text(x, y, text, size=12, anchor="start", weight="normal", colour="#212529"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
            f'fill="{colour}">{escape(text)}</text>')


def _rectangle(x, y, width, height, colour):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height}" fill="{colour}"/>'


def _panel(x, y, work, figures, machine, rates):
    """figures: [(engine, precision, median)]. Bars are speeds, also where the figure is a time."""
    parts = [_text(x, y + 12, f"{work.label}, {work.unit}", weight="bold")]
    speed = (lambda value: 1 / value) if work.unit == "ms" else (lambda value: value)
    width = PANEL - LABEL - 62
    limits = {precision: work.limit(machine, rates, precision) for engine, precision, _ in figures if engine == "smelt"}
    longest = max(speed(value) for _, _, value in figures)
    most = max([longest, *(speed(limit) for limit in limits.values() if limit and speed(limit) < MOST_ROOM * longest)])
    for index, (engine, precision, value) in enumerate(figures):
        top = y + 20 + index * BAR
        parts.append(_text(x + LABEL - 6, top + 11, f"{engine} {precision}", 11, "end"))
        length = width * speed(value) / most
        parts.append(_rectangle(x + LABEL, top, length, BAR - 4, COLOURS[engine]))
        parts.append(_text(x + LABEL + length + 5, top + 11, f"{value:,.{2 if value < 10 else 0}f}", 11))
        if engine == "smelt":
            at = speed(limits[precision]) / most if limits[precision] else 0
            if 0 < at <= 1:
                parts.append(_rectangle(x + LABEL + width * at, top - 2, 2, BAR, "#212529"))
    return parts


def _figures_of(row, work, threads):
    found = []
    for engine in ("smelt", "ort", "llama"):
        for f in row["figures"]:
            name, precision = f["engine"].split()
            if (f["work"], f["threads"], name) == (work.label, threads, engine):
                found.append((engine, precision, f["median"]))
    return found


def draw(results, path):
    machine = results["machine"]
    threads = max(machine["threads"])
    width, y = 2 * GAP + MOST_PANELS * (PANEL + GAP) - GAP, HEAD
    parts = []
    for row in results["rows"]:
        shape = SHAPES[row["model"]]
        works = [work for work in works_of(shape, False) if work.label in SHOWN and _figures_of(row, work, threads)]
        if not works:
            continue
        parts.append(_text(GAP, y + 22, shape.title, 16, weight="bold"))
        for index, work in enumerate(works[:MOST_PANELS]):
            figures = _figures_of(row, work, threads)
            parts += _panel(GAP + index * (PANEL + GAP), y + TITLE, work, figures, machine, row["limits"][threads][work.label])
        y += TITLE + 28 + BAR * max(len(_figures_of(row, work, threads)) for work in works[:MOST_PANELS])
    head = [_text(GAP, 28, f"{machine['processor']}, {threads} thread{'s' if threads > 1 else ''}, {machine['date']}: longer is faster", 18,
                  weight="bold")]
    x = GAP
    for engine, name in NAMES.items():
        head += [_rectangle(x, 42, 12, 12, COLOURS[engine]), _text(x + 18, 52, name)]
        x += 40 + 8 * len(name)
    head += [_rectangle(x + 5, 40, 2, 16, "#212529"), _text(x + 18, 52, "the machine's limit for smelt's precision")]
    with open(path, "w", encoding="utf-8") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y + GAP}" width="{width}" height="{y + GAP}" '
                f'font-family="sans-serif"><rect width="100%" height="100%" fill="#fff"/>'
                + "\n".join(head + parts) + "</svg>\n")
