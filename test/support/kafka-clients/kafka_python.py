"""Produces a file of events with kafka-python."""

from events import parse_words, read_records
from kafka import KafkaProducer

words = parse_words()
producer = KafkaProducer(
    bootstrap_servers=words.bootstrap.split(","),
    acks="all",
    compression_type=None if words.codec == "none" else words.codec,
    enable_idempotence=words.idempotent,
    linger_ms=5,
)
futures = [producer.send(topic, key=key, value=value) for topic, key, value in read_records(words)]
producer.flush()
for future in futures:
    future.get(timeout=30)
producer.close()
