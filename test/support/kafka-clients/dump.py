"""Prints all committed records of topics, up to their present ends, as JSON, one a line: BOOTSTRAP TOPIC…"""

import base64
import json
import sys
import uuid

from confluent_kafka import Consumer, TopicPartition


def text(data):
    return None if data is None else base64.b64encode(data).decode()


bootstrap, *topics = sys.argv[1:]
consumer = Consumer(
    {
        "bootstrap.servers": bootstrap,
        "group.id": f"dump-{uuid.uuid4()}",
        "enable.auto.commit": False,
        "enable.partition.eof": False,
        "isolation.level": "read_committed",
    }
)
ends = {}
for topic in topics:
    for partition in consumer.list_topics(topic).topics[topic].partitions:
        first, end = consumer.get_watermark_offsets(TopicPartition(topic, partition))
        if end > first:
            ends[(topic, partition)] = (first, end)
consumer.assign([TopicPartition(t, p, first) for (t, p), (first, _) in ends.items()])


def is_open(place):
    position = consumer.position([TopicPartition(*place)])[0].offset
    return position < ends[place][1]


places = list(ends)
while places:
    message = consumer.poll(0.2)
    if message is None:
        places = [place for place in places if is_open(place)]
        continue
    if message.error() is not None:
        raise SystemExit(str(message.error()))
    if message.offset() >= ends[(message.topic(), message.partition())][1]:
        continue
    headers = {name: text(value) for name, value in message.headers() or []}
    record = {
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": message.offset(),
        "arrival_ms": message.timestamp()[1],
        "key": text(message.key()),
        "value": text(message.value()),
        "headers": headers,
    }
    print(json.dumps(record))
consumer.close()
