"""What both producers read: a file of events, one a line, and how to send them."""

import argparse
import json


def parse_words():
    parser = argparse.ArgumentParser()
    parser.add_argument("bootstrap")
    parser.add_argument("file")
    parser.add_argument("--prefix", default="", help="stands before the event type in a topic")
    parser.add_argument("--keyed", action="store_true", help="the key is the user")
    parser.add_argument("--codec", default="none")
    parser.add_argument("--partitioner", help="absent: the default of the client")
    parser.add_argument("--idempotent", action="store_true")
    parser.add_argument("--transaction-size", type=int, help="events in each transaction")
    parser.add_argument("--abort-every", type=int, help="every so manieth transaction is aborted")
    return parser.parse_args()


def read_records(words):
    """Gives topic, key and value of each line, as it stands there."""
    with open(words.file, "rb") as lines:
        for line in lines:
            event = json.loads(line)
            key = event["user_id"].encode() if words.keyed else None
            yield words.prefix + event["event_type"], key, line.rstrip(b"\n")
