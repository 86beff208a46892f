"""The docstrings of the package as reStructuredText, which Sphinx reads.

They are written as plain text: `code` in single quotes, formulas with * and _, examples with >>>, lists with dashes, and
`name: text` for arguments. Sphinx would take * and _ for its own signs.
"""

import re

ARGUMENT = re.compile(r"[a-z_]+(, [a-z_]+)*: \S")
FORMULA = re.compile(r"[\w', ()\[\]^/]{1,24} [-+*]?= \S")
PART = re.compile(r"(?:(?<=^)|(?<=[.:;] ))(?=(?:Raises|Returns|Warns|Example:))")


def inline(text):
    """A line of text, with its code marked and every other sign taken as it is."""
    parts = re.split(r"`([^`]+)`", text)
    for n, part in enumerate(parts):
        if n % 2 == 0:
            parts[n] = re.sub(r"([\\*_|`])", r"\\\1", part)
        elif part.strip() == part:
            before, after = parts[n - 1][-1:], parts[n + 1][:1]
            parts[n] = "\\ " * bool(before.strip()) + f"``{part}``" + "\\ " * bool(after.strip())
    return "".join(parts)


def indented(lines, by=3):
    return [" " * by + line if line else line for line in lines]


def verbatim(kind, lines):
    least = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return [f".. code-block:: {kind}", "", *indented([line[least:] for line in lines]), ""]


def paragraph(lines):
    """Sentences; a formula keeps its lines; what is raised, and the word Example, begin a part of their own."""
    if FORMULA.match(lines[0]) and "`" not in lines[0].split("=")[0]:
        return [".. container:: formula", "", *indented([f"| {inline(line.strip())}" for line in lines]), ""]
    if sum("   " in line for line in lines) > 1:  # columns
        return verbatim("text", lines)
    done = []
    for part in PART.split(" ".join(line.strip() for line in lines)):
        word, _, rest = part.strip().partition(" ")
        if word == "Example:":
            done += [".. rubric:: Example", ""] + ([inline(rest), ""] if rest else [])
        elif word in ("Raises", "Warns", "Returns"):
            done += [f".. container:: {word.lower()}", "", f"   **{word}** {inline(rest)}", ""]
        elif part.strip():
            done += [inline(part.strip()), ""]
    return done


def blocks(lines):
    """(kind, lines) of each part of a docstring."""
    kind, block = "", []
    for line in [*lines, ""]:
        inside = line.startswith("  ")
        if not line.strip():
            new = ""
        elif line.lstrip().startswith(">>>") or kind == "pycon":
            new = "pycon"
        elif line.startswith(("- ", "* ")) or (kind == "list" and inside):
            new = "list"
        else:
            new = "text" if inside else "paragraph"
        if new != kind:
            if block:
                yield kind, block
            kind, block = new, []
        if new:
            block.append(line)


def arguments_marked(lines):
    """Lines with a word and a colon, followed by an indented one, describe arguments."""
    starts = [n for n, line in enumerate(lines) if ARGUMENT.match(line) and (n == 0 or not lines[n - 1].strip())]
    for start in starts:
        block = lines[start:]
        block = block[: next((n for n, line in enumerate(block) if not line.strip()), len(block))]
        if len(block) > 1 and all(ARGUMENT.match(line) or line.startswith("  ") for line in block):
            yield range(start, start + len(block))


def as_rst(lines):
    """The lines of a docstring for Sphinx."""
    lines, done, at = [line.rstrip() for line in lines], [], 0
    for described in arguments_marked(lines):
        done += plain(lines[at : described.start])
        for line in lines[described.start : described.stop]:
            name, _, text = line.partition(": ")
            done += [f"``{name}``", f"   {inline(text)}"] if ARGUMENT.match(line) else [f"   {inline(line.strip())}"]
        done.append("")
        at = described.stop
    return done + plain(lines[at:])


def plain(lines):
    done = []
    for kind, block in blocks(lines):
        if kind == "list":
            done += [f"{line[:2]}{inline(line[2:].strip())}" for line in block] + [""]
        elif kind == "paragraph":
            done += paragraph(block)
        else:
            done += verbatim(kind, block)
    return done
