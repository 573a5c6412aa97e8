"""Produces a file of events with confluent-kafka, which is librdkafka; in transactions if asked."""

import sys
import uuid
from itertools import islice

from confluent_kafka import Producer
from events import parse_words, read_records

FLUSH_SECONDS = 30

words = parse_words()
settings = {
    "bootstrap.servers": words.bootstrap,
    "acks": "all",
    "compression.type": words.codec,
    "enable.idempotence": words.idempotent or words.transaction_size is not None,
}
if words.partitioner is not None:
    settings["partitioner"] = words.partitioner
if words.transaction_size is not None:
    settings["transactional.id"] = f"events-{uuid.uuid4()}"
producer = Producer(settings)
failed = []


def send(records):
    for topic, key, value in records:
        producer.produce(topic, key=key, value=value, on_delivery=note)
        producer.poll(0)


def note(error, _message):
    if error is not None:
        failed.append(str(error))


def send_in_transactions(records):
    producer.init_transactions(FLUSH_SECONDS)
    number = 0
    while batch := list(islice(records, words.transaction_size)):
        number += 1
        producer.begin_transaction()
        send(batch)
        # What is aborted reaches the log, too: a reader has to leave it out.
        producer.flush(FLUSH_SECONDS)
        if words.abort_every is not None and number % words.abort_every == 0:
            producer.abort_transaction(FLUSH_SECONDS)
        else:
            producer.commit_transaction(FLUSH_SECONDS)


if words.transaction_size is None:
    send(read_records(words))
else:
    send_in_transactions(read_records(words))
if producer.flush(FLUSH_SECONDS) > 0:
    failed.append("not all was sent in time")
if failed:
    sys.exit(f"{len(failed)} failed, the first: {failed[0]}")
