#!/usr/bin/python3
"""templates_test.py RENDER: compiled chat templates write what Jinja2 writes, with the settings of transformers.

Templates are those of templates/, written in the hub's styles, and the lines of SNIPPETS, each over CONVERSATIONS.
What Jinja2 refuses has to be refused, with the same message where the template raises it.
"""

import datetime
import json
import os
import subprocess
import sys
import tempfile

try:
    import jinja2
    import jinja2.ext
    import jinja2.sandbox
except ImportError as missing:
    print(f"SKIP: {missing}")
    raise SystemExit(77)

render = sys.argv[1]
folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
VARIABLES = {"bos_token": "<s>", "eos_token": "</s>", "tools": None}


class Generation(jinja2.ext.Extension):
    """{% generation %}: what transformers marks, and writes as it is."""

    tags = {"generation"}

    def parse(self, parser):
        next(parser.stream)
        return parser.parse_statements(["name:endgeneration"], drop_needle=True)


class Raised(Exception):
    pass


def raise_exception(message):
    raise Raised(message)


def environment():
    made = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                                        extensions=[Generation, jinja2.ext.loopcontrols])
    made.filters["tojson"] = lambda x, indent=None: json.dumps(x, ensure_ascii=False, indent=indent)
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
    return made


def talk(*contents, system=None):
    roles = ["user", "assistant"]
    first = [] if system is None else [{"role": "system", "content": system}]
    return first + [{"role": roles[i % 2], "content": content} for i, content in enumerate(contents)]


TALKS = [
    talk("Hello"),
    talk("Hello", "Hi!", "How are you?"),
    talk("Hello", system="Be brief."),
    talk("  spaces \n", "\tanswer\n\n", "\u3000wide\u00a0 ", system="  You are   a helper.\n"),
    talk("Straße, 日本語 🎉", "ünïcödé \u0130 ǆ", "e\u0301"),
    talk("quotes \" ' \\ and {{ braces }} {% if %}", "<|im_end|> </s> [INST]", "tab\tbell\u0007 del\u007f"),
    talk("", "", ""),
    talk("a", "<think>\nwell\n</think>\n\nb", "c", "<think>x</think>y"),
    talk("2 + 2?", "4", "And 3 + 3?", "6", "Thanks", "Welcome", "Bye", system="Answer in digits"),
    talk("line one\nline two\n\nline four", "ok"),
    talk("hello WORLD it's o'neill x2y", "UPPER lower MiXed"),
    [{"role": "assistant", "content": "out of turn"}],
    [{"role": "system", "content": "only a system"}],
    [{"role": "user", "content": "one"}, {"role": "user", "content": "two"}],
    [{"role": "tool", "content": "42"}, {"role": "critic", "content": "hm"}],
]
CONVERSATIONS = [{"messages": messages, "add_generation_prompt": adds} for messages in TALKS for adds in (True, False)]

# ---- single constructs: one a line, or apart by blank lines where they need more ------------------------------------

SNIPPETS = r"""
{{ 1 + 2 * 3 - 4 // 3 ~ 5 % 3 }} {{ 7 // -2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 ** 3 }} {{ 7 / 2 }} {{ 4 / 2 }} {{ 1.5 * 2 }} {{ 0.1 }} {{ -2 }} {{ +3 }} {{ 10.25 // 3 }} {{ 3 - -3 }}
{{ 'a' + "b" ~ 1 ~ none ~ true ~ 1.0 }} {{ 'ab' * 3 }} {{ 2 * 'xy' }} {{ 'a' 'b' "c" }} {{ "\x41\u00e9\n\t\\ \' \"" }}
{{ 1 < 2 }} {{ 'a' < 'b' }} {{ 'Z' < 'a' }} {{ 2 >= 2 }} {{ 1 == 1.0 }} {{ '1' == 1 }} {{ true == 1 }} {{ none == false }} {{ [1, 2] == [1, 2] }} {{ {'a': 1} == {'a': 1} }} {{ undefined_thing == none }}
{{ not true }} {{ not '' and 'x' or 'y' }} {{ '' or [] or 'z' }} {{ 1 and 2 }} {{ not 1 == 2 }} {{ (1 == 1) != (2 == 2) }} {{ 0 or none }}
{{ 'a' in 'cat' }} {{ 'x' not in 'cat' }} {{ 1 in [1, 2] }} {{ 'k' in {'k': 1} }} {{ not 'a' in 'cat' }} {{ 'role' in messages[0] }} {{ '' in '' }}
{{ 'yes' if messages else 'no' }} {{ 'x' if false }} {{ 1 if 0 else 2 if 0 else 3 }} {{ ('a' if true else 'b') ~ 'c' }} {{ [1, 2][0 if true else 1] }} {{ (1 if true else 2) if false else (3 if true else 4) }}
{{ messages[0].role }} {{ messages[-1]['role'] }} {{ messages[99] }} {{ messages[0].nothing }} {{ messages[0]['content'][0] }} {{ 'abc'[1] }} {{ 'abc'[-1] }} {{ 'abc'[9] }}|
{{ 'héllo wörld'[1:4] }} {{ 'abc'[::-1] }} {{ [1,2,3,4][1:] }} {{ [1,2,3,4][:-1] }} {{ [1,2,3,4][::2] }} {{ [1,2,3,4][-2:] }} {{ [1,2,3,4][3:0:-1] }} {{ 'abc'[5:] }}|{{ 'abc'[-9:2] }} {{ [1,2,3][::-2] }} {{ 'abcdef'[4:1:-2] }}
{{ '  x '|trim }}| {{ 'xxaxx'|trim('x') }} {{ 'a b'|upper }} {{ 'A'|lower }} {{ "it's a dog"|title }} {{ 'hELLO you'|capitalize }} {{ 'abc'|length }} {{ [1,2]|count }} {{ 'naïve'|length }}
{{ ['a','b']|join }} {{ ['a','b']|join(', ') }} {{ [1, none, true]|join('-') }} {{ messages|join('/', attribute='role') }} {{ 'abc'|join('.') }}
{{ nothing|default('d') }} {{ ''|default('d') }}| {{ ''|default('d', true) }} {{ none|d('x') }} {{ nothing|default }}| {{ 0|default(value=1) if false else 5 }} {{ nothing|default(default_value='named') }} {{ messages[0].x|default('y') }}
{{ [3,1,2]|first }} {{ [3,1,2]|last }} {{ 'abc'|first }} {{ 'abc'|last }} {{ []|first }}| {{ 'a-b-c'|replace('-', '+') }} {{ 'a-b-c'|replace('-', '+', 1) }} {{ 'aaa'|replace('aa', 'b') }}
{% for k, v in {'a': 1, 'b': 'x'}|items %}{{ k }}={{ v }};{% endfor %}{% for k, v in {'a': 1, 'b': 2}.items() %}{{ loop.index }}{{ k }}{{ v }}{% endfor %}{% for k in {'q': 1, 'r': 2} %}{{ k }}{% endfor %}
{{ messages|selectattr('role', 'equalto', 'user')|list|length }} {{ messages|rejectattr('role', 'eq', 'user')|map(attribute='role')|list }} {{ messages|selectattr('content')|list|length }} {{ [1,2,3,4]|select('even')|list }} {{ [1,2,3,4]|reject('odd')|list }} {{ [0,1,'',none,'a']|select|list }} {{ [6, 7, 9]|select('divisibleby', 3)|list }} {{ messages|selectattr('x', 'defined')|list|length }}
{{ ['a ', ' b']|map('trim')|list }} {{ ['a','b']|map('upper')|join }} {{ [{'x': {'y': 1}}, {'x': {}}]|map(attribute='x.y', default=0)|list }} {{ [1,'2']|map('string')|list }}
{{ 'abc'|list }} {{ 12|string + '!' }} {{ '12'|int + 1 }} {{ 'x'|int }} {{ 'x'|int(7) }} {{ 3.7|int }} {{ -3|abs }} {{ ' 42 '|int }} {{ 3|float }} {{ true|int }} {{ '-5'|int }}
{{ [1,2,3]|reverse|list }} {{ 'abc'|reverse }} {{ [1,2,1,3,2]|unique|list }} {{ 'a\nb\n\nc'|indent }}| {{ 'a\nb'|indent(2, true) }}| {{ 'a\n\nb'|indent(width=3, blank=true) }} {{ 'x'|safe }}
{{ nothing is defined }} {{ messages is defined }} {{ nothing is undefined }} {{ none is none }} {{ 0 is not none }} {{ 'a' is string }} {{ 1 is string }} {{ {} is mapping }} {{ [] is mapping }} {{ 'a' is iterable }} {{ 1 is iterable }} {{ [] is sequence }} {{ 1 is number }} {{ 1.5 is number }} {{ 1 is integer }} {{ true is boolean }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ none is false }} {{ 2 is even }} {{ 3 is odd }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(4) }} {{ 1 is in [1, 2] }} {{ 'a' is eq 'a' }} {{ 'a' is ne('b') }} {{ 1 is not in [2] }} {{ 2.0 is float }} {{ nothing is iterable }}
{{ not nothing is defined }} {{ messages is defined and messages|length > 1 }} {{ 'x' ~ 1 is string }} {{ -1 is number }} {{ 1 + 1 is even }} {{ messages|length is even }}
{{ '  a b  '.strip() }}|{{ ' a '.lstrip() }}|{{ ' a '.rstrip() }}|{{ 'xxaxx'.strip('x') }} {{ 'abab'.lstrip('ab') }}| {{ '\n\nq\n'.strip('\n') }} {{ 'hello'.startswith('he') }} {{ 'hello'.endswith('lo') }} {{ 'a'.startswith(('b', 'a')) }} {{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a b c'.split(' ', 1) }} {{ 'a b c'.split(None, 1) }} {{ 'abc'.split('x')[-1] }}
{{ 'ab'.title() }} {{ 'ab'.upper() }} {{ 'AB'.lower() }} {{ 'aXbX'.replace('X', '-') }} {{ 'aXbX'.replace('X', '', 1) }} {{ 'hello there'.capitalize() }} {{ ','.join(['a', 'b']) }} {{ 'hello'.find('l') }} {{ 'héllo'.find('o') }} {{ 'x'.find('y') }} {{ messages[0].get('role') }} {{ messages[0].get('x') }} {{ messages[0].get('x', 'd') }} {{ messages[0].keys()|list }} {{ {'a': 1}.values()|list }}
{% for x in [1,2,3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex }}{{ loop.revindex0 }} {% endfor %}{% for x in [] %}a{% else %}empty{% endfor %}{% for a, b in [[1, 2], [3, 4]] %}{{ a * b }},{% endfor %}{% for (a, b) in [(1, 2)] %}{{ a }}{{ b }}{% endfor %}
{% for x in [1,2,3,4] if x is even %}{{ x }}{{ loop.index }}{{ loop.last }}{% endfor %}{% for x in 'añb' %}[{{ x }}]{% endfor %}{% for x in nothing %}{% else %}none{% endfor %}{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(5, 1, -2) %}{{ i }}{% endfor %}{% for i in range(1, 3) %}{{ i }}{% endfor %}
{% for x in [1,2] %}{% for y in [1,2] %}{{ loop.index }}{% set outer = loop %}{% endfor %}{{ loop.index }}{% endfor %}{% for x in [1,2] %}{% set l = loop %}{% for y in [5] %}{{ l.index }}{{ l.last }}{% endfor %}{% endfor %}
{% set x = 1 %}{% for i in [1,2] %}{{ x }}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 9 %}{% endif %}{{ x }}{% for i in [1] %}{% if true %}{% set z = 1 %}{% endif %}{{ z }}{% endfor %}{{ z is defined }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = [b, a] %}{{ a }}{{ b }}{% set t = 1, 2, 3 %}{{ t|length }}{% set c %}x{{ a }}y{% endset %}{{ c }}{{ c|length }}{% set ns = namespace(a=1, b='x') %}{% for i in [1,2,3] %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.b }}{% set ns.new = 5 %}{{ ns.new }}{{ ns.missing is defined }}
{% macro f(a, b=2, c='z') %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ f(1) }}{{ f(1, 3) }}{{ f(1, c='q') }}{{ f(b=5, a=4) }}{{ f() }}{% set g = f(0) %}{{ g }}{{ f(f(1)) }}
{% macro count(n) %}{{ n }}{% if n > 0 %}{{ count(n - 1) }}{% endif %}{% endmacro %}{{ count(3) }}{% set v = 'before' %}{% macro see() %}{{ v }}{% endmacro %}{{ see() }}{% set v = 'after' %}{{ see() }}{% for v in ['loop'] %}{{ see() }}{% endfor %}{% macro local() %}{% set v = 'inside' %}{{ v }}{% endmacro %}{{ local() }}{{ v }}
{{ [1, 'a', none, true, 1.5, {'k': 'v'}] }} {{ {'a': [1], 'b': "it's"} }} {{ ['q"', "'", '\\', '\n'] }} {{ [] }} {{ {} }} {{ none }} {{ true }} {{ [[]] }}
{{ messages|tojson }} {{ messages[0]|tojson(indent=2) }} {{ "é\"\\\n\t/<>&'"|tojson }} {{ [1, 2.5, none, true, [], {}]|tojson }} {{ []|tojson(indent=4) }} {{ {'a': {'b': [1, 2]}}|tojson(4) }}
{% for m in messages %}{% if loop.index == 2 %}{% continue %}{% endif %}{{ m.role }}{% if loop.index >= 4 %}{% break %}{% endif %}{% endfor %}!
{% raw %}{{ not }} {% if %}{% endraw %} {# a comment {{ x }} #}x{#- y -#} z {#
 long #} w
{{ {'a': 1, 'b': {'c': [1, 2, {'d': 'deep'}]}}.b.c[2]['d'] }} {{ dict(a=1, b=2) }} {{ {'}}': '%}'}['}}'] }} {{ (1, 2)[1] }} {{ ('one',)[0] }}
{{ (messages|length - 1) - 0 }} {{ messages[messages|length - 1].role }} {{ messages[:-1]|length }} {{ (messages|last).role }} {{ messages[0] == messages[0] }} {{ messages[0] != messages[-1] }}
{{ strftime_now('%d %b %Y') }} {{ strftime_now("%Y-%m-%d") }} {{ strftime_now('%A, %B %d') }}
{{ raise_exception('a "message"') }}
{{ raise_exception('number ' ~ 5) if messages|length > 1 else 'fine' }}
{{ nothing.attribute }}
{{ nothing + 'x' }}
{{ 'a' + 1 }}
{{ 1 < 'a' }}
{{ none|length }}
{{ messages[0].content.nothing.more }}
{% for x in none %}{% endfor %}
{% for a, b in [[1, 2, 3]] %}{% endfor %}
{{ 1 // 0 }}
"""

# White space: one template each, apart by a line of ---.
SPACES = """a
  {% if true %}
  b
  {% endif %}
c
---
a
  {%- if true -%}
  b
  {%- endif -%}
c
---
  {{ 'x' }}
  {{- 'y' -}}
  z
---
{% if true %}x{% endif %}
{% if true %}
y
{% endif %}

end

---
a {% if true %} b {% endif %} c
---
  {%+ if true %}x{%+ endif +%}
  y
---
\t {% set x = 1 %}
 \t{# comment #}
  {#- comment -#}
x {{ x }}
---
{% for i in [1, 2] %}
    {{ i }}
  {% if i == 1 %}
    one
  {% endif %}
{% endfor %}
---
line
{%- raw -%}

  {{ raw }}  
 {%- endraw -%}
 after
---
  {% raw %}
 {{ x }}
  {% endraw %}
 z
---
\r\nwin\r\n{% if true %}\r\nx\r\n{% endif %}\r\n
---
{{ 'no newline at the end' }}
""".split("---\n")

# What is not compiled, and the line that says so.
REFUSED = {
    "{% extends 'x' %}": "line 1: the block 'extends'",
    "a\n{{ x|xmlattr }}": "line 2: the filter 'xmlattr'",
    "\n\n{{ x is callable }}": "line 3: the test 'callable'",
    "{{ x.format(1) }}": "line 1: the method 'format'",
    "{{ cycler(1) }}": "line 1: the function 'cycler'",
    "{% for x in y recursive %}{% endfor %}": "line 1: a recursive loop",
    "{% if x %}": "line 1: the template ends before 'elif'",
    "{% endif %}": "line 1: the block 'endif'",
    "{{ x": "line 1: a tag does not end",
    "a\n{{ 'x }}": "line 2: a string does not end",
    "{# x": "line 1: a comment does not end",
    "{{ x + }}": "line 1: the template does not read on",
    "{{ x y }}": "line 1: an expression has more",
    "{{ ! }}": "line 1: a character",
    "{{ 1 < 2 < 3 }}": "line 1: a chain of comparisons",
    "{% break %}": "line 1: 'break' is outside",
    "{{ 'x'|replace('a') }}": "line 1: replace needs 'new'",
    "{{ 'x'|trim(1, 2) }}": "line 1: trim takes fewer",
    "{{ 'x'|default(colour=1) }}": "line 1: default has no argument 'colour'",
    "{{ x|map(y) }}": "line 1: the name of a filter",
    "{{ x|select('never') }}": "line 1: the test 'never'",
    "{{ x()() }}": "line 1: the function 'x'",
    "{{ " + "(" * 400 + "1" + ")" * 400 + " }}": "line 1: the template is nested too deep",
    "{{ 99999999999 }}": "line 1: the number 99999999999",
}


def wanted(compiled, conversation):
    try:
        return {"text": compiled.render(**VARIABLES, **conversation)}
    except Raised as raised:
        return {"error": str(raised)}
    except Exception as error:  # whatever Python says of it
        return {"error": None, "why": error}


def rendered(path):
    arguments = [f"{name}={value or ''}" for name, value in VARIABLES.items()]
    lines = "".join(json.dumps(conversation) + "\n" for conversation in CONVERSATIONS)
    result = subprocess.run([render, path, *arguments], input=lines.encode(), capture_output=True, check=False)
    assert result.returncode == 0 and not result.stderr, (path, result.stderr)
    return [json.loads(line) for line in result.stdout.splitlines()]


def compare(name, template, path):
    """Texts compared; fewer than half of the hub's styles' may fail, of which most refuse some conversations."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(template)
    found = rendered(path)
    assert len(found) == len(CONVERSATIONS)
    compiled, texts = environment().from_string(template), 0
    for conversation, answer in zip(CONVERSATIONS, found):
        right = wanted(compiled, conversation)
        is_same = "error" in answer and right["error"] in (None, answer["error"]) if "error" in right else answer == right
        assert is_same, f"{name}\n{conversation}\nexpected {right}\nfound    {answer}"
        texts += "text" in right
    return texts


# Variables that are set from outside: name, JSON or a text, and what that is.
SET = {"enable_thinking": ("false", False), "bos_token": ("[B]", "[B]"), "number": ("-12.5e1", -125.0), "whole": (" 7 ", 7),
       "half": ("{\"a\": 1", "{\"a\": 1"), "empty": ("", ""), "quoted": ('"a\\n\\u00e9\\ud83c\\udf89\\"\\/"', 'a\n\u00e9\U0001f389"/'),
       "tools": ('[{"name": "f", "p": {"x": [1, 2.5, null, true, [], {}]}}]', [{"name": "f", "p": {"x": [1, 2.5, None, True, [], {}]}}]),
       "wrong": ('"\\ud800"', '"\\ud800"'), "more": ("1 2", "1 2")}
SHOWN = "".join("{{ %s }}|" % name for name in SET) + "{{ tools[0].p.x[1] + 1 }}{{ whole + 1 }}{{ not enable_thinking }}"


def check_set(path):
    """Variables from outside replace those that a template finds set, and are what Python has of their JSON."""
    template = "{{ bos_token }}{% set own = 1 %}" + SHOWN
    with open(path, "w", encoding="utf-8") as file:
        file.write(template)
    conversation = {"messages": TALKS[0], "add_generation_prompt": True}
    line = json.dumps({**conversation, "set": {name: text for name, (text, _) in SET.items()}})
    arguments = [f"{name}={value or ''}" for name, value in VARIABLES.items()]
    result = subprocess.run([render, path, *arguments], input=line.encode(), capture_output=True, check=True)
    expected = environment().from_string(template).render(**{**VARIABLES, **conversation, **{n: v for n, (_, v) in SET.items()}})
    found = json.loads(result.stdout)
    assert found == {"text": expected}, (found, expected)
    with open(os.path.join(folder, "qwen3.jinja"), encoding="utf-8") as file:
        source = file.read()
    assert "enable_thinking" in source
    for text, value in (("true", True), ("false", False)):
        line = json.dumps({**conversation, "set": {"enable_thinking": text}})
        result = subprocess.run([render, os.path.join(folder, "qwen3.jinja"), *arguments], input=line.encode(), capture_output=True, check=True)
        expected = environment().from_string(source).render(**VARIABLES, **conversation, enable_thinking=value)
        assert json.loads(result.stdout) == {"text": expected}, (result.stdout, expected)


def check_refused(path):
    for template, cause in REFUSED.items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(template)
        result = subprocess.run([render, path], input=b"", capture_output=True, check=False)
        found = result.stderr.decode()
        assert result.returncode == 1 and cause in found and found.count("\n") == 1, (template, cause, found)


def main():
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "template")
        texts = {}
        for file in sorted(os.listdir(folder)):
            with open(os.path.join(folder, file), encoding="utf-8", newline="") as source:
                texts[file] = compare(file, source.read(), path)
        assert len(texts) >= 25 and min(texts.values()) >= 8, texts
        snippets = [line for line in SNIPPETS.replace("{#\n", "{#\x00").split("\n") if line]
        for number, snippet in enumerate(snippets):
            compare(f"snippet {number}: {snippet}", snippet.replace("\x00", "\n"), path)
        for number, snippet in enumerate(SPACES):
            compare(f"spaces {number}: {snippet!r}", snippet, path)
        check_set(path)
        check_refused(path)
        print(f"{len(texts)} templates wrote {sum(texts.values())} texts, {len(snippets) + len(SPACES)} snippets the same as Jinja2")


if __name__ == "__main__":
    main()
