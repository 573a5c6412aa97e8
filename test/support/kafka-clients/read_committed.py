"""Prints the first records of topics that are committed, as JSON, one a line: BOOTSTRAP COUNT TOPIC…"""

import json
import sys
import uuid

from confluent_kafka import Consumer

bootstrap, count, *topics = sys.argv[1:]
consumer = Consumer(
    {
        "bootstrap.servers": bootstrap,
        "group.id": f"read-{uuid.uuid4()}",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
    }
)
consumer.subscribe(topics)
left = int(count)
while left > 0:
    message = consumer.poll(1)
    if message is None or message.error() is not None:
        continue
    left -= 1
    key = message.key()
    record = {
        "topic": message.topic(),
        "partition": message.partition(),
        "key": None if key is None else key.decode(),
        "value": message.value().decode(),
    }
    print(json.dumps(record))
consumer.close()
