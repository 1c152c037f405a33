"""GroupQueryAttention: past and present, joined or in one buffer, with its own rotary positions."""

import numpy as np

from case import Case, given, normal, weight

CACHES = [weight(normal("24 8")), weight(normal("24 8"))]  # of heads of 16, whole; heads of 32 turn their first half


def group_query(heads, groups, size, sizes, lengths, packed=False, past="P", positions=None, bias=None, sink=None,
                rotary=False, is_fixed=False, **attributes):
    """lengths: seqlens_k of each row; sizes["T"]: the total, S + P or less"""
    if packed:
        inputs = [normal(f"B S {(heads + 2 * groups) * size}"), None, None]
    else:
        inputs = [normal(f"B S {heads * size}"), normal(f"B S {groups * size}"), normal(f"B S {groups * size}")]
    inputs += [normal(f"B {groups} {past} {size}"), normal(f"B {groups} {past} {size}")] if past else [None, None]
    inputs += [given(np.int32, "B", lengths), given(np.int32, "1", sizes["T"])]
    inputs += (CACHES if rotary else [None, None]) + [positions, bias, sink]
    while inputs[-1] is None:
        inputs.pop()
    attributes = {"num_heads": heads, "kv_num_heads": groups, "do_rotary": int(rotary), **attributes}
    return Case(sizes, inputs, attributes, ("y", "present_key", "present_value"), is_fixed=is_fixed)


PROMPT, PROMPT_1 = {"B": 3, "S": 5, "T": 5}, {"B": 1, "S": 6, "T": 6}
STEP = {"B": 3, "S": 1, "P": 6, "T": 7}
LATER = {"B": 1, "S": 4, "P": 5, "T": 9}
FULL_BUFFER = {"B": 2, "S": 5, "P": 12, "T": 5}
BUFFER_STEP = {"B": 3, "S": 1, "P": 12, "T": 8}

ROWS = [
    # first prompts
    group_query(4, 2, 16, PROMPT, [4, 4, 4], past=None),
    group_query(4, 4, 8, PROMPT, [4, 4, 4], past=None),
    group_query(4, 1, 16, PROMPT_1, [5], past=None, packed=True),
    group_query(6, 2, 16, PROMPT, [4, 4, 4], past=None, rotary=True),
    group_query(4, 2, 32, PROMPT, [4, 4, 4], past=None, rotary=True),
    group_query(4, 2, 16, PROMPT, [4, 4, 4], past=None, rotary=True, rotary_interleaved=1, packed=True),
    group_query(4, 2, 16, PROMPT_1, [5], past=None, scale=0.1, softcap=2.0),
    group_query(4, 2, 16, PROMPT, [4, 4, 4], past=None, local_window_size=2),
    group_query(4, 2, 16, PROMPT, [4, 4, 4], past=None, smooth_softmax=1),
    group_query(4, 2, 16, PROMPT, [4, 4, 4], past=None, sink=normal("4")),
    group_query(4, 2, 16, PROMPT, [4, 4, 4], past=None, bias=normal("1 4 S T")),
    group_query(4, 2, 16, PROMPT, [4, 4, 4], past=None, bias=normal("B 1 S T"), sink=normal("4")),
    group_query(4, 2, 16, {**PROMPT_1, "P": 0}, [5], rotary=True),
    # one token behind a past
    group_query(4, 2, 16, STEP, [6, 6, 6]),
    group_query(4, 2, 16, STEP, [6, 6, 6], rotary=True, packed=True),
    group_query(4, 2, 16, STEP, [6, 6, 6], rotary=True, rotary_interleaved=1),
    group_query(4, 2, 16, STEP, [6, 6, 6], local_window_size=3),
    group_query(4, 2, 16, STEP, [6, 6, 6], smooth_softmax=1, softcap=3.0),
    group_query(4, 2, 16, STEP, [6, 6, 6], bias=normal("B 4 S T")),
    group_query(4, 2, 16, STEP, [6, 6, 6], rotary=True, is_fixed=True),
    group_query(4, 2, 16, STEP, [6, 4, 2]),
    group_query(4, 2, 16, STEP, [6, 4, 2], rotary=True),
    group_query(4, 2, 16, STEP, [6, 4, 2], rotary=True, local_window_size=2, sink=normal("4")),
    # several tokens behind a past
    group_query(4, 2, 16, LATER, [8]),
    group_query(8, 2, 16, LATER, [8], rotary=True, packed=True),
    group_query(4, 2, 16, LATER, [8], rotary=True, local_window_size=3),
    group_query(4, 2, 16, LATER, [8], rotary=True, positions=given(np.int64, "B S", [[5, 6, 7, 8]])),
    group_query(4, 2, 16, LATER, [8], rotary=True, is_fixed=True),
    # a buffer longer than what it holds
    group_query(4, 2, 16, FULL_BUFFER, [4, 4], rotary=True),
    group_query(4, 2, 16, BUFFER_STEP, [7, 7, 7]),
    group_query(4, 2, 16, BUFFER_STEP, [7, 5, 3], rotary=True),
    group_query(4, 2, 16, BUFFER_STEP, [7, 5, 3], rotary=True, packed=True, local_window_size=4),
    group_query(4, 2, 16, BUFFER_STEP, [7, 7, 7], bias=normal("1 4 S T")),
]

TABLE = {"GroupQueryAttention": ROWS}
