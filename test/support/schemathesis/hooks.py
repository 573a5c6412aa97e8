"""What schemathesis does not know by itself."""
import json

import schemathesis

URL_SIGNS_MAX = 8_000


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    items = value if isinstance(value, list) else [value]
    return "".join(json.dumps(item) + "\n" for item in items).encode()


@schemathesis.hook
def filter_case(context, case):
    """Node itself refuses longer ones, with 431, while they are being sent; http.test.ts has it."""
    return len(repr(case.query)) < URL_SIGNS_MAX and len(repr(case.path_parameters)) < URL_SIGNS_MAX
