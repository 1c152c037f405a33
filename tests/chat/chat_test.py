#!/usr/bin/python3
"""chat_test.py SMELT MODEL: dialogues with a program: over a pipe, at a terminal, and beyond what the model holds.

MODEL is examples/verse/model. What an answer must be is what the program writes, without chat, after the dialogue as
its template has it.
"""

import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time

smelt, model = sys.argv[1:]
TEMPLATE = """{{ bos_token }}
{%- for m in messages %}
    {%- if m.role not in ['system', 'user', 'assistant'] %}{{ raise_exception('who is ' + m.role + '?') }}{% endif %}
    {%- if 'refuse this' in m.content %}{{ raise_exception('it is "refused"') }}{% endif %}
    {{- m.role | title }}: {{ m.content | trim + '\\n' }}
{%- endfor %}
{%- if verses is defined %}{% for verse in verses %}{{ verse.book }} {{ verse.at + 1 }}{{ mark }}{% endfor %}{% endif %}
{%- if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"""
LIMIT, SECONDS = 384, 60
LEVEL = "baseline" if os.uname().machine == "aarch64" else "x86-64-v2"  # the slowest: there is time to interrupt it
GREEDY = ("--temp", "0", "--ignore-eos", "--threads", "1")


def rendered(messages):
    lines = "".join(f"{role.title()}: {content.strip()}\n" for role, content in messages)
    return f"<|endoftext|>{lines}Assistant:"


def build(folder, program, template, *options):
    shutil.copytree(model, folder)
    path = os.path.join(folder, "tokenizer_config.json")
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({**config, "chat_template": template}, file)
    result = subprocess.run([smelt, "build", folder, "--cpu", LEVEL, "-o", program, *options], capture_output=True, check=False)
    assert result.returncode == 0, result
    return result.stderr.decode()


def run(*arguments, text="", code=0):
    result = subprocess.run([program, *arguments], input=text.encode(), capture_output=True, check=False, timeout=SECONDS)
    assert result.returncode == code, (arguments, result)
    return result.stdout.decode() if code == 0 else result.stderr.decode()


def plain(messages, count):
    return run("-p", rendered(messages), "--no-echo", "-n", str(count), *GREEDY)[:-1]


def dialogue(questions, count, system=None):
    """The answers that it must have, while all of it fits."""
    messages, answers = [("system", system)] if system else [], []
    for question in questions:
        messages.append(("user", question))
        answers.append(plain(messages, count))
        messages.append(("assistant", answers[-1]))
    return answers


# ---- over a pipe ----------------------------------------------------------------------------------------------------


def check_pipe():
    questions = ["Who made the heaven?", "  And the earth? ", "Ünïcödé, \"quotes\""]
    for system in (None, "Answer with a psalm."):
        options = ("--system", system) if system else ()
        wanted = dialogue(questions, 12, system)
        for guess in ((), ("--guess", "draft"), ("--speculate",)):
            found = run("chat", "-n", "12", *GREEDY, *options, *guess, text="\n".join(questions) + "\n")
            assert found == "".join(answer + "\n" for answer in wanted), (guess, found, wanted)
        assert run("chat", "-n", "12", *GREEDY, *options, "-p", questions[0]) == wanted[0] + "\n"
    assert run("chat", *GREEDY, text="") == ""
    sampled = [run("chat", "-n", "12", "--temp", "1", "--seed", "7", "-p", "Hello") for _ in range(2)]
    assert sampled[0] == sampled[1]


def check_cache():
    """What was read before is not read again: tokens of all turns together are hardly more than the dialogue's."""
    questions = ["Who made the heaven?", "And the earth?", "And the sea?", "And the dry land?"]
    profile = os.path.join(work, "profile.json")
    run("chat", "-n", "8", *GREEDY, "--profile-json", profile, text="\n".join(questions) + "\n")
    with open(profile, encoding="utf-8") as file:
        read = sum(entry["tokens"] for entry in json.load(file)["entries"])
    answers, messages = dialogue(questions, 8), []
    for question, answer in zip(questions, answers):
        messages += [("user", question), ("assistant", answer)]
    whole = len(json.loads(run("tokenize", "--json", "-p", rendered(messages[:-1])))["ids"]) + 7
    assert whole <= read <= whole + 12, (read, whole)  # an answer's end may be cut into other tokens


def token_count(messages):
    return len(json.loads(run("tokenize", "--json", "-p", rendered(messages)))["ids"])


def check_overflow():
    """More than the model holds: the oldest turns go, as many as needed, and the system's message stays."""
    system, count, dropped = ("system", "Answer with a psalm."), 24, 0
    questions = [f"This is question {number} of a long dialogue." for number in range(14)]
    messages, wanted = [system], ""
    for question in questions:
        messages.append(("user", question))
        while token_count(messages) > LIMIT - count:
            del messages[1:3]
            dropped += 1
        messages.append(("assistant", plain(messages, count)))
        wanted += messages[-1][1] + "\n"
    assert dropped > 3, dropped
    for guess in ((), ("--guess", "draft"), ("--guess", "both")):
        found = run("chat", "-n", str(count), *GREEDY, "--system", system[1], *guess, text="\n".join(questions) + "\n")
        assert found == wanted, (guess, found, wanted)
    assert "--guess HOW" in run("chat", "--help")


def check_long_answer():
    """An answer that fills the model goes on where old turns can go, and ends with a word where none can."""
    result = subprocess.run([program, "chat", *GREEDY, "-p", "Who made the heaven?"], capture_output=True, check=False)
    assert result.returncode == 0 and b"the model holds at most 384 tokens" in result.stderr
    first = result.stdout.decode()
    second = subprocess.run([program, "chat", *GREEDY, "-n", "340"], capture_output=True, check=False,
                            input=b"Who made the heaven?\nAnd who made the earth?\n")
    assert second.returncode == 0 and not second.stderr, second.stderr
    assert second.stdout.decode().startswith(first[:200])
    assert "more" not in second.stderr.decode()


def check_failures():
    assert 'the chat template: it is "refused"' in run("chat", "-p", "refuse this", code=1)
    assert "the message has" in run("chat", "-p", "word " * 400, code=1)
    assert "refused" in run("chat", *GREEDY, text="refuse this\nnever asked\n", code=1)
    assert "takes no value" in run("chat", "--pin=x", code=2)
    assert "--beams does nothing for chat" in run("chat", "-p", "a", "--beams", "2", code=2)
    folder = os.open("/", os.O_RDONLY)
    result = subprocess.run([program, "chat"], stdin=folder, capture_output=True, check=False)
    os.close(folder)
    assert result.returncode == 1 and b"cannot be read" in result.stderr, result
    help_text = run("chat", "--help")
    assert "--system TEXT" in help_text and "--temp" in help_text and "--lines" not in help_text


def check_constraints():
    """Each answer keeps to the constraint, is the one that writing has, and goes on behind turns that were forgotten."""
    questions = ["Who made the heaven?", "And the earth?"]
    form = ("--regex", "[a-z ]{5,30}[.]")
    first = run("-p", rendered([("user", questions[0])]), "--no-echo", "-n", "40", *GREEDY[:2], *form)
    found = run("chat", "-n", "40", *GREEDY[:2], *form, text="\n".join(questions) + "\n").splitlines()
    assert len(found) == 2 and found[0] + "\n" == first and all(re.fullmatch(form[1], answer) for answer in found), (found, first)
    schema = os.path.join(work, "schema.json")
    with open(schema, "w", encoding="utf-8") as file:
        json.dump({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}, file)
    answer = json.loads(run("chat", "-p", questions[0], "--json-schema", schema, "-n", "60", *GREEDY[:2]))
    assert isinstance(answer["a"], int), answer
    assert "cut short" in run("chat", "-p", questions[0], "--regex", "[a-z]{100}", "-n", "5", code=1)
    # 300 letters after two turns: more than the model has room for, until the first is forgotten.
    long_form = ("--regex", "([a-z]{1,12} ){70,70}!")
    result = run("chat", *GREEDY[:2], *long_form, "-n", "280", "--system", "s", text="And God said\nIn the beginning\n").splitlines()
    assert len(result) == 2 and all(re.fullmatch(long_form[1], line) for line in result), result
    assert "the model holds at most 384" in run("chat", "-p", "a", "--regex", "(a b ){300}", code=1)


def check_variables():
    """--set: JSON or a text, seen by the template; names that it does not have are refused."""
    verses = '[{"book": "Genes\\u0069s", "at": 0}, {"at": -3, "book": "x"}]'
    wanted = run("-p", rendered([("user", "Go on")])[:-len("Assistant:")] + "Genesis 1; x -2; Assistant:", "--no-echo", "-n", "9", *GREEDY)
    assert run("chat", "-p", "Go on", "-n", "9", *GREEDY, "--set", "verses=" + verses, "--set", "mark=; ") == wanted
    assert "no variable 'verse_s'" in run("chat", "-p", "a", "--set", "verse_s=1", code=2)
    assert "expected NAME=VALUE" in run("chat", "-p", "a", "--set", "mark", code=2)
    assert "a number has no items" in run("chat", "-p", "a", "--set", "verses=7", code=1)


def check_signals():
    """Ctrl-C over a pipe ends the program as it ends others; SIGTERM leaves the terminal as it was."""
    process = subprocess.Popen([program, "chat", *GREEDY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b"Who made the heaven?\n")
    process.stdin.flush()
    assert process.stdout.read(1)
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == -signal.SIGINT, process.returncode
    terminal = Terminal("-n", "4", *GREEDY)
    terminal.wait_for("> ")
    usual = Terminal.modes_before
    assert termios.tcgetattr(terminal.master)[3] & termios.ICANON == 0
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.process.wait(SECONDS) == -signal.SIGTERM
    assert termios.tcgetattr(terminal.master)[3] == usual, "the terminal was left in raw mode"
    os.close(terminal.master)


def check_templates():
    """Templates that are not there, not compiled, or lists."""
    other = os.path.join(work, "other")
    cases = [
        ("a\n{{ messages | xmlattr }}", "\"chat_template\": line 2: the filter 'xmlattr' is not compiled; the program has no chat"),
        ([{"name": "tool_use", "template": "x"}], "expected a text, or a list of which one is called"),
        (5, "has the wrong type"),
    ]
    for template, warning in cases:
        said = build(other, program + ".other", template)
        assert "warning: " in said and warning in said and said.count("\n") == 1, said
        result = subprocess.run([program + ".other", "chat", "-p", "a"], capture_output=True, check=False)
        assert result.returncode == 2 and b"cannot chat" in result.stderr
        shutil.rmtree(other)
    templates = [{"name": "default", "template": "{{ messages[0].content }}"}, {"name": "rag", "template": "{% nothing %}"}]
    assert build(other, program + ".other", templates) == ""
    answer = subprocess.run([program + ".other", "chat", "-p", "In the", "-n", "5", *GREEDY], capture_output=True, check=False)
    assert answer.stdout.decode() == run("-p", "In the", "--no-echo", "-n", "5", *GREEDY)
    with open(os.path.join(other, "chat_template.jinja"), "w", encoding="utf-8") as file:
        file.write("{{ messages[0].content }}{% bad %}")
    said = subprocess.run([smelt, "build", other, "-o", program + ".other", "--cpu", "native"], capture_output=True, check=False).stderr.decode()
    assert "chat_template.jinja: line 1: the block 'bad' is not compiled" in said, said


# ---- at a terminal --------------------------------------------------------------------------------------------------


class Terminal:
    """A program at a pseudo-terminal, with what it wrote so far."""

    def __init__(self, *arguments, kind="xterm", **environment):
        self.master, slave = pty.openpty()
        Terminal.modes_before = termios.tcgetattr(slave)[3]
        fcntl.ioctl(slave, termios.TIOCSWINSZ, b"\x18\x00\x50\x00\x00\x00\x00\x00")

        def own_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen([program, "chat", *arguments], stdin=slave, stdout=slave, stderr=slave, close_fds=True,
                                        preexec_fn=own_terminal, env={**os.environ, "TERM": kind, **environment})
        os.close(slave)
        self.text = ""

    def read_some(self, until):
        assert time.monotonic() < until, f"nothing more came after {self.text!r}"
        if select.select([self.master], [], [], 1)[0]:
            try:
                self.text += os.read(self.master, 4096).decode(errors="replace")
            except OSError:  # it has ended
                pass

    def wait_for(self, expected, start=0):
        """Reads until the text from `start` on holds `expected`; where that ends."""
        until = time.monotonic() + SECONDS
        while expected not in self.text[start:]:
            self.read_some(until)
        return self.text.index(expected, start) + len(expected)

    def send(self, keys):
        os.write(self.master, keys.encode())

    def ends(self, code=0):
        until = time.monotonic() + SECONDS
        while self.process.poll() is None:
            self.read_some(until)
        os.close(self.master)
        assert self.process.returncode == code, (self.process.returncode, self.text)


def check_terminal():
    wanted = dialogue(["Who made the heaven?", "And the earth?"], 12)
    one_line = [answer.replace("\n", "\r\n") for answer in wanted]
    terminal = Terminal("-n", "12", *GREEDY)
    at = terminal.wait_for("> ")
    terminal.send("Who made the heaven?\r")
    at = terminal.wait_for("\r\n" + one_line[0] + "\r\n", at)
    at = terminal.wait_for("> ", at)
    # The same line by other keys: typed wrong, then put right; with an older line called back in between.
    terminal.send("earth?\x01And xthe \x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[3~\x1b[A\x1b[B\x15earth?\x1bOHAnd the \x05zz\x7f\x08\x0b\r")
    at = terminal.wait_for("\r\n" + one_line[1] + "\r\n", at)
    at = terminal.wait_for("> ", at)
    terminal.send("\x03")
    at = terminal.wait_for("Ctrl-C once more", at)
    at = terminal.wait_for("> ", at)
    terminal.send("wide 日本語 é\x1b[D\x1b[D\x17\x04\x03\x03")
    terminal.ends()
    terminal = Terminal("-n", "4", *GREEDY)
    terminal.wait_for("> ")
    terminal.send("\x04")
    terminal.ends()
    terminal = Terminal("-n", "12", *GREEDY, kind="dumb")  # without keys: as the terminal itself has lines
    at = terminal.wait_for("> ")
    terminal.send("Who made the heaven?\n")
    at = terminal.wait_for("\r\n" + one_line[0] + "\r\n", at)
    terminal.wait_for("> ", at)
    terminal.send("\x04")
    terminal.ends()


def check_history():
    terminal = Terminal("-n", "6", *GREEDY)
    answers = dialogue(["In the", "In the"], 6)
    at = terminal.wait_for("> ")
    terminal.send("In the\r")
    at = terminal.wait_for("\r\n" + answers[0].replace("\n", "\r\n") + "\r\n", at)
    at = terminal.wait_for("> ", at)
    terminal.send("\x1b[A\r")
    at = terminal.wait_for("\r\n" + answers[1].replace("\n", "\r\n") + "\r\n", at)
    terminal.wait_for("> ", at)
    terminal.send("\x04")
    terminal.ends()


def check_refused():
    """A message that is too long alone is refused, and what was said before is not forgotten for it."""
    terminal = Terminal("-n", "6", *GREEDY)
    answers = dialogue(["In the", "And the"], 6)
    at = terminal.wait_for("> ")
    for line, answer in (("In the", answers[0]), ("word " * 400, "the message has"), ("And the", answers[1])):
        terminal.send(line + "\r")
        at = terminal.wait_for(answer.replace("\n", "\r\n"), terminal.wait_for("\r\n", at) - 2)
        at = terminal.wait_for("> ", terminal.wait_for("\r\n", at))
    assert "forgotten" not in terminal.text
    terminal.send("\x04")
    terminal.ends()


def check_interrupt():
    """Ctrl-C stops the answer, the program goes on. Its slowest code gives us time to press it."""
    whole = plain([("user", "Who made the heaven?")], 340)
    terminal = Terminal(*GREEDY)
    terminal.wait_for("> ")
    start = len(terminal.text)
    terminal.send("Who made the heaven?\r")
    at = terminal.wait_for("\r\n", start)
    terminal.wait_for(whole[:5], at)
    terminal.send("\x03")
    end = terminal.wait_for("\r> ", at)
    assert len(terminal.text[at:end]) < len(whole), "the answer was not stopped"
    terminal.send("\x03")
    at = terminal.wait_for("Ctrl-C once more", end)
    assert terminal.process.poll() is None
    terminal.wait_for("> ", at)
    terminal.send("\x04")
    terminal.ends()


def main():
    global program, work
    with tempfile.TemporaryDirectory() as work:
        program = os.path.join(work, "program")
        assert build(os.path.join(work, "model"), program, TEMPLATE, "--draft", model, "--draft-precision", "int8") == ""
        for check in (check_pipe, check_cache, check_overflow, check_long_answer, check_failures, check_constraints,
                      check_variables, check_signals, check_templates,
                      check_terminal, check_history, check_refused, check_interrupt):
            check()
            print(f"ok      {check.__name__}", flush=True)


if __name__ == "__main__":
    signal.alarm(600)
    main()
