"""Counts the rows of a lake per topic and partition, with each of three readers, by listing it."""

import json
import sys
from pathlib import Path

import duckdb
import pandas
import pyarrow.dataset as dataset


def types(lake):
    return sorted((lake / "events").glob("event_type=*"))


def with_duckdb(lake):
    rows = duckdb.sql(
        f"""SELECT topic, "partition", count(*) FROM read_parquet('{lake}/events/*/*/*.parquet',
        hive_partitioning = true, union_by_name = true) GROUP BY ALL"""
    ).fetchall()
    return {f"{topic} {partition}": count for topic, partition, count in rows}


def with_pyarrow(lake):
    counts = {}
    for path in types(lake):
        table = dataset.dataset(path, format="parquet", partitioning="hive").to_table()
        for group in table.group_by(["topic", "partition"]).aggregate([([], "count_all")]).to_pylist():
            counts[f"{group['topic']} {group['partition']}"] = group["count_all"]
    return counts


def with_pandas(lake):
    counts = {}
    for path in types(lake):
        frame = pandas.read_parquet(path)
        for (topic, partition), rows in frame.groupby(["topic", "partition"]):
            counts[f"{topic} {partition}"] = len(rows)
    return counts


lake = Path(sys.argv[1])
json.dump({"duckdb": with_duckdb(lake), "pyarrow": with_pyarrow(lake), "pandas": with_pandas(lake)}, sys.stdout)
