"""Runs compiled plans over a lake of Parquet files, and publishes their rows.

It decides nothing: what a metric means stands in the SQL, which Weir compiles from its TypeScript
definition (see docs/guides/batch.md). It runs wherever spark-submit does, on Spark 4:

    spark-submit job.py PLAN.json [PLAN.json ...]

A plan names a lake, the results place, views with their schemas, and queries. Rows go to a folder of
this application alone, as NDJSON; the manifest that names them is written last, and only where there
is none, so a run that is tried again, or twice at once, leaves one result.
"""

import json
import sys
import time

from pyspark.sql import SparkSession

PLAN_FORMAT = 1
ROWS_SHOWN = 10
TEXT_SHOWN = 40
REASON_SHOWN = 300
SETTINGS = {
    "spark.sql.ansi.enabled": "true",  # overflow is an error, and decimals have all their digits
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.variable.substitute": "false",  # what looks like a variable is a customer's text
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",  # dates stay texts
    "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}


CREDENTIALS = "spark.hadoop.fs.s3a.access.key and secret.key, or a role"
REASONS = {  # what Java throws, and how to mend it
    "AccessDeniedException": "access is denied ({}): let these credentials list and read the bucket "
                             "of the lake, and list, read, write and delete in that of the results",
    "NoAuthWithAWSException": "no credentials were found ({}): set " + CREDENTIALS,
    "UnknownStoreException": "there is no such bucket ({}): make it, or name another",
    "UnknownHostException": "a server is not known ({}): check the endpoint, and the network",
    "ConnectException": "a server cannot be reached ({}): check the endpoint, and the network",
    "ClassNotFoundException: Class org.apache.hadoop.fs.s3a.S3AFileSystem not found":
        "this spark does not know s3a ({}): give spark-submit hadoop-aws of its hadoop's version",
}


class Refused(Exception):
    """The world is not as the plan needs it; the message says what to mend."""


def main(paths):
    builder = SparkSession.builder.appName("weir")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    try:
        for path in paths:
            run(spark, json.loads(spark.read.text(path, wholetext=True).head()[0]))
    except Exception as error:  # what Java throws has no better name here
        reason = str(error) if isinstance(error, Refused) else find_reason(str(error))
        if reason is None:
            raise
        say(f"refused: {reason}")
        return 1
    finally:
        spark.stop()
    return 0


def run(spark, plan):
    """Counts all queries of a plan, and publishes the run; one that is published stays."""
    manifest = plan["manifest"]
    if plan["format"] != PLAN_FORMAT:
        raise Refused(f"the plan has format {plan['format']}, not {PLAN_FORMAT}; compile it anew")
    if exists(spark, join(plan["results"], plan["manifest_key"])):
        say(f"run {manifest['run']} is published already; nothing to do")
        return
    if not exists(spark, join(plan["lake"], "events")):
        raise Refused(f"there is no lake at {plan['lake']}: it has no folder 'events'")
    for view in plan["views"]:
        attach(spark, plan["lake"], view)
    progress = spark.sql(plan["progress_sql"]).head()[0]
    metrics = []
    for query, metric in zip(plan["queries"], manifest["metrics"], strict=True):
        # A job that died and is tried again has the same plan, and another id.
        own = spark.sparkContext.applicationId
        key = f"{plan['rows_prefix']}{own}/{metric['metric']}"
        started = time.monotonic()
        rows = spark.sql(query)
        folder = join(plan["results"], key)
        rows.write.json(folder, compression="gzip", ignoreNullFields=False)
        names = sorted(names_in(spark, folder))
        metrics.append({**metric, "objects": [f"{key}/{name}" for name in names]})
        say(f"{len(metrics)} of {len(plan['queries'])}: {metric['metric']}, "
            f"{time.monotonic() - started:.1f} s")
        if plan["show"]:
            show(spark.read.schema(rows.schema).json(folder).head(ROWS_SHOWN), rows.columns)
    engine = f"spark {spark.version}"
    published = {**manifest, "engine": engine, "progress": progress, "metrics": metrics}
    publish(spark, join(plan["results"], plan["manifest_key"]), published)
    say(f"run {manifest['run']} is published")


def attach(spark, lake, view):
    """A view of a type's files; a type without events has none. Lacking columns are null."""
    path = join(lake, view["path"])
    if exists(spark, path):
        frame = spark.read.schema(view["schema"]).parquet(path)
    else:
        frame = spark.createDataFrame([], view["schema"])
    frame.createOrReplaceTempView(view["name"])


def publish(spark, path, manifest):
    """Writes the manifest where there is none; of two runs of one name the first stays."""
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    files, place = open_path(spark, path)
    try:
        # S3 itself is asked to refuse; file systems that cannot look first.
        builder = files.createFile(place).recursive().overwrite(False)
        out = builder.opt("fs.option.create.conditional.overwrite", True).build()
        out.write(bytearray(text.encode()))
        out.close()
    except Exception as error:  # py4j wraps what Java throws
        if not exists(spark, path):
            raise
        say(f"the run was published meanwhile: {type(error).__name__}")


def find_reason(text):
    """What to tell of an error of Java, whose text has its causes and stacks; None: unknown."""
    for name, reason in REASONS.items():
        line = next((line for line in text.splitlines() if name in line), None)
        if line is not None:
            return reason.format(line[line.index(name):].strip()[:REASON_SHOWN])
    return None


def exists(spark, path):
    files, place = open_path(spark, path)
    return files.exists(place)


def names_in(spark, path):
    files, place = open_path(spark, path)
    return [entry.getPath().getName() for entry in files.listStatus(place)
            if entry.getPath().getName().startswith("part-")]


def open_path(spark, path):
    place = spark._jvm.org.apache.hadoop.fs.Path(path)
    files = place.getFileSystem(spark._jsc.hadoopConfiguration())
    files.setWriteChecksum(False)
    return files, place


def join(base, key):
    return f"{base.rstrip('/')}/{key}"


def show(rows, columns):
    """The first rows as a table; texts of customers are made safe for a terminal."""
    cells = [columns] + [[to_text(value) for value in row] for row in rows]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    for line in cells:
        print("  " + "  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip(), flush=True)


def to_text(value):
    text = "-" if value is None else str(value)
    shown = "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in text)
    return shown if len(shown) <= TEXT_SHOWN else shown[: TEXT_SHOWN - 1] + "…"


def say(text):
    print(f"weir: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
