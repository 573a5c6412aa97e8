"""Counts the rows of a lake in a bucket per topic and partition, with pyarrow, by listing it."""

import json
import sys

import pyarrow.dataset as dataset
from pyarrow.fs import FileSelector, S3FileSystem

endpoint, region, folder = sys.argv[1:]
scheme, server = endpoint.split("://")
files = S3FileSystem(endpoint_override=server, scheme=scheme, region=region)
counts = {}
for entry in files.get_file_info(FileSelector(f"{folder}/events")):
    table = dataset.dataset(entry.path, filesystem=files, format="parquet", partitioning="hive").to_table()
    for group in table.group_by(["topic", "partition"]).aggregate([([], "count_all")]).to_pylist():
        counts[f"{group['topic']} {group['partition']}"] = group["count_all"]
json.dump(counts, sys.stdout)
