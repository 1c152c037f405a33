"""Dates as people write them, each with its ISO form: the task's data, made from a seed.

Numbers alone are read by their separator: 4.12.1999 is day.month.year, 4/12/1999 is month/day/year, and
whatever begins with a four-digit year is year, month, day.  Two-digit years lie between 1970 and 2069.
"""

import datetime
import random

FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)
HELD_OUT_SHARE = 0.1
HELD_OUT_SEED = 2014

MONTHS = "January February March April May June July August September October November December".split()
SHORT_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
            "nine": "ninth", "twelve": "twelfth", "twenty": "twentieth", "thirty": "thirtieth"}  # fmt: skip


def number_words(number):
    """0 to 99: 87 is eighty-seven."""
    if number < 20:
        return ONES[number]
    return TENS[number // 10] + (f"-{ONES[number % 10]}" if number % 10 else "")


def ordinal_words(number):
    """1 to 31: 21 is twenty-first."""
    start, dash, last = number_words(number).rpartition("-")
    return start + dash + ORDINALS.get(last, last + "th")


def ordinal_digits(number):
    """1 to 31: 21 is 21st."""
    suffix = "th" if 11 <= number <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def year_words(year, rng):
    """1987 is nineteen eighty-seven, 2019 twenty nineteen or two thousand (and) nineteen."""
    century, rest = divmod(year, 100)
    joint = rng.choice([" and ", " "])
    if century == 20 and (rest == 0 or rng.random() < (0.7 if rest < 10 else 0.3)):
        return "two thousand" + (joint + number_words(rest) if rest else "")
    if rest == 0 or rng.random() < 0.2:
        return f"{number_words(century)} hundred" + (joint + number_words(rest) if rest else "")
    return f"{number_words(century)} {'oh ' if rest < 10 else ''}{number_words(rest)}"


class Parts:
    """The pieces that a form below may ask for, each chosen anew every time it is asked for."""

    def __init__(self, date, rng):
        self.date, self.rng = date, rng

    def __getitem__(self, name):
        return getattr(self, name)()

    def d(self):
        return str(self.date.day)

    def dd(self):
        return f"{self.date.day:02}"

    def m(self):
        return str(self.date.month)

    def mm(self):
        return f"{self.date.month:02}"

    def yy(self):
        return f"{self.date.year % 100:02}"

    def yyyy(self):
        return f"{self.date.year:04}"

    def day(self):
        return self.rng.choice([self.d(), self.d(), self.dd(), ordinal_digits(self.date.day)])

    def ordinal(self):
        return self.rng.choice([ordinal_digits, ordinal_words])(self.date.day)

    def month(self):
        short = SHORT_MONTHS[self.date.month - 1]
        return self.rng.choice([MONTHS[self.date.month - 1], MONTHS[self.date.month - 1], short, short + "."])

    def short_month(self):
        return SHORT_MONTHS[self.date.month - 1]

    def year(self):
        return self.yyyy() if self.rng.random() < 0.7 else year_words(self.date.year, self.rng)

    def weekday(self):
        name = WEEKDAYS[self.date.weekday()]
        return self.rng.choice([name, name[:3]])


FORMS = [
    "{day} {month} {year}",
    "{day} {month}, {year}",
    "{month} {day}, {year}",
    "{month} {day} {year}",
    "{month} the {ordinal}, {year}",
    "{month} the {ordinal} {year}",
    "the {ordinal} of {month}, {year}",
    "the {ordinal} of {month} {year}",
    "{ordinal} of {month} {year}",
    "{ordinal} {month} {year}",
    "{weekday}, {day} {month} {year}",
    "{weekday}, {month} {day}, {year}",
    "{weekday} {day} {month} {year}",
    "on {weekday} the {ordinal} of {month} {year}",
    "on {weekday}, the {ordinal} of {month}, {year}",
    "on {month} {day}, {year}",
    "{year}, {month} {day}",
    "{yyyy} {month} {day}",
    "{dd}-{short_month}-{yyyy}",
    "{dd} {short_month} {yyyy}",
    "{yyyy}-{mm}-{dd}",
    "{yyyy}/{mm}/{dd}",
    "{yyyy}/{m}/{d}",
    "{yyyy}.{mm}.{dd}",
    "{d}.{m}.{yyyy}",
    "{dd}.{mm}.{yyyy}",
    "{m}/{d}/{yyyy}",
    "{mm}/{dd}/{yyyy}",
]
# Only for the years that two digits can mean.
SHORT_YEAR_FORMS = [
    "{d}.{m}.{yy}",
    "{dd}.{mm}.{yy}",
    "{m}/{d}/{yy}",
    "{mm}/{dd}/{yy}",
    "{dd}-{short_month}-{yy}",
    "{d} {month} '{yy}",
    "{month} {day}, '{yy}",
]


def write_date(date, rng):
    """One way of writing the date, mostly in its usual case."""
    forms = FORMS + SHORT_YEAR_FORMS if 1970 <= date.year <= 2069 else FORMS
    text = rng.choice(forms).format_map(Parts(date, rng))
    return rng.choices([text, text.lower(), text.upper(), text[0].upper() + text[1:]], [7, 2, 1, 1])[0]


def split_dates():
    """(training, held out): every date from FIRST to LAST is in one of them; drawn with a fixed seed."""
    dates = [FIRST + datetime.timedelta(days) for days in range((LAST - FIRST).days + 1)]
    random.Random(HELD_OUT_SEED).shuffle(dates)
    held_out_count = int(len(dates) * HELD_OUT_SHARE)
    return dates[held_out_count:], dates[:held_out_count]


def draw_pairs(dates, count, rng):
    """`count` pairs (written, ISO) of dates drawn evenly."""
    drawn = [rng.choice(dates) for _ in range(count)]
    return [(write_date(date, rng), date.isoformat()) for date in drawn]
