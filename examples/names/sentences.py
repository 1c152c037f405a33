"""Sentences with people, places and organisations in them, made from a seed, and where each name stands.

Names are put together from parts, so that those of the held-out sentences never came up in training.
"""

import random

FIRST = ["Ma", "Ka", "Jo", "An", "El", "Ro", "Ti", "Lu", "Be", "Da", "Is", "Ve", "Ni", "Os", "Pe", "So"]
MIDDLE = ["ri", "la", "na", "do", "re", "mi", "sa", "li", "ne", "vi", "ro", "da"]
LAST = ["a", "n", "s", "ne", "ta", "k", "lda", "rt", "th", "o"]
FAMILY = ["Hol", "Brand", "Kest", "Mar", "Vand", "Thorn", "Ash", "Lind", "Quar", "Est", "Wal", "Fen", "Grim", "Sand"]
FAMILY_ENDS = ["son", "er", "mann", "ley", "wick", "berg", "sen", "ová", "ski", "escu", "ard", "ini"]
PLACE = ["Nor", "Hal", "Wex", "Bir", "Lan", "Dun", "Ost", "Ral", "Tar", "Gel", "Mun", "Sall", "Krö", "Pré"]
PLACE_ENDS = ["ford", "burg", "ville", "stad", "ton", "mouth", "haven", "grad", "dorf", "bury", "polis"]
COMPANY = ["Ac", "Nor", "Vex", "Tri", "Omni", "Sol", "Hy", "Quant", "Ber", "Lum", "Ster", "Zen"]
COMPANY_MIDDLE = ["tal", "va", "dex", "mo", "cor", "gen", "lix", "pha"]
COMPANY_ENDS = [" Inc.", " Ltd", " GmbH", " & Sons", " Group", " AG", " University", " Museum", " Bank", " Institute"]

TEMPLATES = """{PER} was born in {LOC}.
{PER} and {PER} met at {ORG} in {LOC}.
{ORG} is moving its head office from {LOC} to {LOC}.
In {LOC}, the mayor, {PER}, opened a branch of {ORG}.
"We never left {LOC}", said {PER} of {ORG}.
The train to {LOC} leaves at noon.
{PER} works for {ORG}, as does {PER}.
Yesterday it rained in {LOC}, and nobody went out.
Nobody at {ORG} would answer, {PER} told us.
{LOC} is larger than {LOC} but smaller than {LOC}.
A letter from {PER} arrived: she is in {LOC} now!
Last summer {ORG} hired {PER} (then in {LOC}).
The garden was full of apples, plums and bees.
When will {PER} be back from {LOC}?
{PER}'s sister owns half of {ORG}.
They sold the house; the dog went to {PER}.
From {LOC} the road climbs for hours.
Shares of {ORG} fell by 12 % after {PER} resigned.
He said that the work was done on Monday.
Dear {PER}, your parcel waits in {LOC}. {ORG}""".splitlines()


def draw_name(kind, random_source):
    pick = random_source.choice
    if kind == "PER":
        first = pick(FIRST) + pick(MIDDLE) + pick(LAST)
        return first if random_source.random() < 0.3 else f"{first} {pick(FAMILY)}{pick(FAMILY_ENDS)}"
    if kind == "LOC":
        place = pick(PLACE) + pick(["", "", "en", "ing", "ar"]) + pick(PLACE_ENDS)
        return place if random_source.random() < 0.8 else f"{pick(['New', 'Saint', 'Port', 'Upper'])} {place}"
    return pick(COMPANY) + pick(COMPANY_MIDDLE) + pick(COMPANY_ENDS)


def is_held_out(name):
    """A fifth of all names, by their letters."""
    return sum(name.encode()) % 5 == 0


def draw(count, held_out, seed):
    """[(text, [(kind, start, end)])]; all names are held out, or none."""
    random_source, drawn = random.Random(seed), []
    while len(drawn) < count:
        text, spans, template = "", [], random_source.choice(TEMPLATES)
        while "{" in template:
            before, rest = template.split("{", 1)
            kind, template = rest.split("}", 1)
            name = draw_name(kind, random_source)
            while is_held_out(name) != held_out:
                name = draw_name(kind, random_source)
            text += before
            spans.append((kind, len(text), len(text) + len(name)))
            text += name
        drawn.append((text + template, spans))
    return drawn
