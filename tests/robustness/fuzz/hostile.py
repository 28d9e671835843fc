"""Values that nobody expects in a field of a job."""

from __future__ import annotations

import json

from hypothesis import strategies as st

NUMBERS = (
    *("nan", "-nan", "inf", "-inf", "1e400", "0x10", "1.5", "-1", "-0", "+1", " 1", "1 ", "١"),
    *("9" * 9, "9" * 14, "9" * 15, "9" * 18, "9" * 20, "9" * 400, "9" * 5000, "-" + "9" * 15),
    *("9223372036854775807", "-9223372036854775808", "253402300800000", "-62135596800001"),
)
DEEP = ("[" * 150 + "]" * 150, "[" * 100_000, "[[" + '{"a":' * 300 + "1" + "}" * 300 + "],{}]")
PAYLOADS = (
    *("[[],{}]", "{}", "null", "[]", "NaN", "[[NaN],{}]", "[[1e999],{}]", "[[],{}] trailing"),
    *('[["\\ud800"],{}]', '[["a\\u0000b"],{}]', "[[" + "9" * 5000 + "],{}]", '[[],{"":1}]'),
    *('[[{"$model":["auth.user",1,"default"]}],{}]', '[[{"$model":["os.path",1,"default"]}],{}]'),
    *('[[{"$model":["auth.user",[1],"nowhere"]}],{}]', '[[{"$decimal":"sNaN"}],{}]'),
    *('[[{"$datetime":[]}],{}]', '[[{"$timedelta":1e308}],{}]', '[[{"$uuid":7}],{}]'),
    *('[[{"$model":{"$dict":{}}}],{}]', '[[],{"self":1}]', '[[],{"__class__":"os.system"}]'),
)
OVERRIDES = (
    *('{"timeout":-1}', '{"timeout":"nan"}', '{"timeout":1e400}', '{"timeout":[]}', '{"x":1}'),
    *('{"retry":{"attempts":1e9,"wait":"x","on":"os.system","jitter":-1}}', "[]", "7", "null"),
    *('{"discard_on":["trap.Trap"]}', '{"discard_on":7}', '{"retry":{"attempts":0}}'),
)
TRAPS = ("antigravity", "idlelib.run", "this", "turtledemo.clock", "lib2to3.main", "xmlrpc.server")
"""Modules that nobody imports: what imports one of them was led there by what it read."""

PATHS = (
    *(f"{module}.main" for module in TRAPS),
    *(
        "os.system",
        "builtins.eval",
        "tests.apps.worker_site.tasks",
        "tests.apps.worker_site.tasks.os.system",
        "..",
        "",
    ),
    *(
        "tests.apps.worker_site.tasks.write",
        "tests.apps.worker_site.tasks.__builtins__",
        "tests..note",
        "a" * 100_000,
    ),
    *(
        "tests.__main__.x",
        "django_jobs.__init__.task",
        "tests.apps.worker_site.tasks.nothing",
        "täst.ä",
    ),
    *(
        "../../etc/passwd",
        "tests/apps/worker_site/tasks.note",
        "tests.apps.worker_site.tasks.note\x00",
        "\ud7ff.x",
    ),
)

TERMS = tuple(
    form.format(number)
    for number in NUMBERS
    for form in (
        "{0}:1:1::",
        "0:{0}:1::",
        "0:1:{0}::",
        "0:1:1:{0}:",
        "0:1:1::{0}",
        "{0}:{0}:{0}:{0}:{0}",
    )
)
"""What a job was enqueued with, one number of it corrupted, or all."""

KNOWN = (*NUMBERS, *DEEP, *PAYLOADS, *OVERRIDES, *PATHS, *TERMS)


def known(index: int) -> bytes:
    """One of the values that are known to be hard; by its number, as some are too long to show."""
    return KNOWN[index].encode()


anything = st.one_of(
    st.integers(0, len(KNOWN) - 1).map(known),
    st.text(max_size=40).map(lambda text: text.encode(errors="replace")),
    st.binary(max_size=40),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=8,
    ).map(lambda tree: json.dumps(tree).encode()),
)
"""Bytes for any value: numbers that are none, JSON that is not ours, paths, plain noise."""

FIELDS = "stqaeokcbmfwvnug"
"""Every field of a job's hash, as `keys.py` and the scripts name them."""

corrupted_fields = st.dictionaries(
    st.sampled_from([*FIELDS, "zz"]), st.none() | anything, min_size=1, max_size=4
)
"""What to write into the fields of a job; None is for a field that is to be missing."""
