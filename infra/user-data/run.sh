#!/bin/bash
# Counts one run of the lake on an instance of EC2, and stops the instance, whatever happens.
#
# The user data of a launch template: the stack writes `export WEIR_RESULTS=s3://bucket/weir` above
# it. Which run it is stands in the instance's tag `weir-run`, and what to count in job.py and
# plan.json of the run's folder. What comes of it: the run's rows and manifest, which job.py puts;
# `exit.json` in the run's folder, of one that failed or not; and logs under `logs/ec2/RUN/` of the
# bucket. All that is fetched is pinned, by its SHA-256. There is no secret in it: rights come with
# the role of the instance. The other variables below have their defaults on EC2.
set -euo pipefail

results=${WEIR_RESULTS-}
minutes_max=${WEIR_RUN_MINUTES_MAX-240}
root=${WEIR_ROOT-/opt/weir}
metadata=${WEIR_METADATA-http://169.254.169.254}/latest
memory=${WEIR_SPARK_MEMORY-$(awk '/^MemTotal/ { print int($2 * 0.7 / 1024) "m" }' /proc/meminfo)}
maven=${WEIR_MAVEN-https://repo1.maven.org/maven2}
# Spark itself, as PyPI has it; it may lie in a bucket of yours, s3://bucket/key.
spark=${WEIR_SPARK-https://files.pythonhosted.org/packages/source/p/pyspark/pyspark-4.2.0.tar.gz}
spark_sha256=${WEIR_SPARK_SHA256-5ad689d53570ee1674193fd4f9bda065f0db3be9363a27d2a3406cc457b70b61}
# What Spark needs for s3a: hadoop-aws of its Hadoop's version, and of AWS's SDK only S3.
jars=${WEIR_JARS-'
66bd9eefb938b1a1657487324b63c13df2d8b17164a1dd24e0ef37b905bc5baa org/apache/hadoop/hadoop-aws/3.5.0
f75ca597789b3dac58f61857b9ac2e1034a68fa672db35055a8fb4509e325f28 org/reactivestreams/reactive-streams/1.0.4
71fb7932f99a727edb23c5a2cb8c6855ac7196fad41aa0669b3998e277165154 org/wildfly/openssl/wildfly-openssl/2.2.5.Final
6f36bd87155d1dd85d6efbdd29e532e3759a022211feb71affebee1aa34f04b8 software/amazon/awssdk/annotations/2.35.4
6eade21b482724ed0a4613eaa95d20e47e7a81304bd28538ac427fece94a7740 software/amazon/awssdk/apache-client/2.35.4
c63cc29f76a8527e9e10b621703163df541dc5cb315508dc2898518602c75380 software/amazon/awssdk/arns/2.35.4
6b601323004833fb4a857ffc95db4795e0e6320eb93e64b1246c655c9ff04994 software/amazon/awssdk/auth/2.35.4
fdb5fc8f1a48d97fa7d04d3460fb42f6973c7b1bbe1b9d317871ef0162bcb623 software/amazon/awssdk/aws-core/2.35.4
9b4cf9b78977cc9f5b4ceae9c435dedbde6a055a0f8d9e053eaca945715e2a9f software/amazon/awssdk/aws-query-protocol/2.35.4
4f59176da2522c357b1993e4a890fde529f12f365795ef86269bde4a3984cd0d software/amazon/awssdk/aws-xml-protocol/2.35.4
88b5af85ac2d3c862be8856be4e683ab31932e4a5a3c1c45af864d2671ac7cec software/amazon/awssdk/checksums-spi/2.35.4
94464af4374d08ecf33ca06ed4d03e1615529e547726e26b56abacefbeee7948 software/amazon/awssdk/checksums/2.35.4
2c6aaa17bf9ccbb9d962dded4351e73decb197e3c5519970e0dae17e05d3df62 software/amazon/awssdk/crt-core/2.35.4
ef02441bda916959b8341290b49c68cc35538e1ad6f8629b75d8334dc6653e00 software/amazon/awssdk/endpoints-spi/2.35.4
709107552f302be3fa9e05969a3779f5c0f07fb809e6fa1fa571a6f0c61326dd software/amazon/awssdk/http-auth-aws-eventstream/2.35.4
c4acb92fdec90bfd9b67bfab8e41b69cd152c03cacc10281a8ab464791856e01 software/amazon/awssdk/http-auth-aws/2.35.4
4495463406bb98eb136f2c3f3604ed5f08ec9974ebc3f34f2121b20679f61d5c software/amazon/awssdk/http-auth-spi/2.35.4
3ec933a06e751a05e195eb3589209e23c44e1897263b6fcae34ef4cc63cd4491 software/amazon/awssdk/http-auth/2.35.4
728be89b2a07b595edb0adee3a2cbbbdd4cb1f4caddde0d08c3979fe2620dedb software/amazon/awssdk/http-client-spi/2.35.4
188d73db7d4e2361654bc3c5a1b3eaeb445d0500fb012cc46c5d67975adf97bf software/amazon/awssdk/identity-spi/2.35.4
80d67a6bb3e7eb49c7d4b6e4ba4c1463ed7da0192b795158328602dc131c5ecc software/amazon/awssdk/json-utils/2.35.4
c2a4ee90a21081317e2e6eba0c414d05d3d518aed2f86b1c1710a7367b450487 software/amazon/awssdk/metrics-spi/2.35.4
b82f8b33e5c85273a47da45ede884d7ccb31c9c2f69e6910a76c5c48fa1275dc software/amazon/awssdk/netty-nio-client/2.35.4
0f4ef7ca72ccd80dd49ebeaf7f3ce60a7d7a00da59a91aeeae6e91052bbacbd8 software/amazon/awssdk/profiles/2.35.4
f2532eca6ba2142fe4821d5decb03c83a3e15dc8bfae2240e7f2efa75f9868b5 software/amazon/awssdk/protocol-core/2.35.4
77eae87b34ce96ecdf916a9bc06684dbeafcb6d38ef0513285fa5d5d6d41f5ca software/amazon/awssdk/regions/2.35.4
668638751d059c527ddd41ffa4dcebe36a7c14860ed56776df09b861c14dc7dd software/amazon/awssdk/retries-spi/2.35.4
f99fb2f8c66d7e859955b3542d3af8f9de8f23a21d5e3250f0f2c5f18487e469 software/amazon/awssdk/retries/2.35.4
0eec78870b3d0abc509a847072cf963cb2ae6e360dc6161a9449b3398c470476 software/amazon/awssdk/s3-transfer-manager/2.35.4
f23532c5223be9b0bfec0d72837ed09ed34dbdf8022818ba145b20076a78b4bc software/amazon/awssdk/s3/2.35.4
fa559a4ce598852f3519c8f3b36250f583b0858a7611eedc4a81997778c617f4 software/amazon/awssdk/sdk-core/2.35.4
8d0f7816d3f96e3f00249f5d054d926e939a104bcf9ef57676ee0b16c59684d2 software/amazon/awssdk/sts/2.35.4
32f4252c6c2df8f3a4aff885e6dc77024ad6b4cb48455d07b461ec30c41643ea software/amazon/awssdk/third-party-jackson-core/2.35.4
e004806def5e22ec98edc48a133ff3317166255e1ba29d93d129e9fdfa64a7be software/amazon/awssdk/utils-lite/2.35.4
642aeef536a071668f0b772f05f9d21573abf6955e7b6fb5fdb893760cca10e8 software/amazon/awssdk/utils/2.35.4
0c37d8e696117f02c302191b8110b0d0eb20fa412fce34c3a269ec73c16ce822 software/amazon/eventstream/eventstream/1.0.1
4959a9747cbb479c73c3ffbcd479bee5b014f8b2880994585a8693fb9d24675e software/amazon/s3/analyticsaccelerator/analyticsaccelerator-s3/1.3.1
'}

run=''
step='starting'

main() {
  mkdir -p "$root/jars" "$root/tmp"
  exec >>"$root/boot.log" 2>&1
  begin 'asking the instance which run it is for'
  find_run
  begin 'installing java and python'
  dnf install -y -q java-17-amazon-corretto-headless python3.11
  begin 'fetching spark'
  install_spark
  begin 'fetching what spark needs for s3'
  install_jars
  begin 'fetching the job'
  copy "$results/runs/$run/job.py" "$root/job.py"
  copy "$results/runs/$run/plan.json" "$root/plan.json"
  begin 'counting'
  submit
  begin 'ending'
}

begin() {
  step=$1
  echo "$(date -u +%FT%TZ) $step"
}

find_run() {
  local token tag
  token=$(curl -fsS --max-time 5 --retry 5 --retry-connrefused -X PUT \
    -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "$metadata/api/token")
  tag=$(ask "$token" tags/instance/weir-run)
  AWS_REGION=$(ask "$token" placement/region)
  export AWS_REGION AWS_DEFAULT_REGION="$AWS_REGION"
  [[ $results =~ ^s3://[a-z0-9.-]+/. ]]
  [[ $tag =~ ^[A-Za-z0-9][A-Za-z0-9_=-]{0,99}$ ]]
  run=$tag
}

ask() {
  curl -fsS --max-time 5 --retry 5 -H "X-aws-ec2-metadata-token: $1" "$metadata/meta-data/$2"
}

install_spark() {
  fetch "$spark" "$root/spark.tar.gz" "$spark_sha256"
  mkdir -p "$root/spark"
  tar -xf "$root/spark.tar.gz" -C "$root/spark" --strip-components=1
  rm "$root/spark.tar.gz"
  # Where spark-submit looks for the Python side of it.
  mkdir -p "$root/spark/deps/python"
  ln -sfn "$root/spark/lib" "$root/spark/deps/python/lib"
}

install_jars() {
  local sha256 path version artifact
  while read -r sha256 path; do
    [[ -n $path ]] || continue
    version=${path##*/}
    artifact=${path%/*}
    artifact=${artifact##*/}
    fetch "$maven/$path/$artifact-$version.jar" "$root/jars/$artifact-$version.jar" "$sha256"
  done <<<"$jars"
}

# Fetches $1 to the file $2, whose SHA-256 is $3, or fails.
fetch() {
  if [[ $1 == s3://* ]]; then
    copy "$1" "$2"
  else
    curl -fsSL --retry 5 --max-time 1800 -o "$2" "$1"
  fi
  echo "$3  $2" | sha256sum --check --quiet -
}

copy() {
  timeout 600 aws s3 cp --only-show-errors "$1" "$2"
}

submit() {
  export SPARK_HOME="$root/spark/deps" SPARK_LOCAL_IP=127.0.0.1 SPARK_LOCAL_DIRS="$root/tmp"
  export PYSPARK_PYTHON=python3.11 PYSPARK_DRIVER_PYTHON=python3.11
  "$SPARK_HOME/bin/spark-submit" \
    --master 'local[*]' \
    --driver-memory "$memory" \
    --driver-class-path "$root/jars/*" \
    --conf spark.driver.host=127.0.0.1 \
    --conf spark.driver.bindAddress=127.0.0.1 \
    --conf spark.ui.enabled=false \
    --conf spark.sql.shuffle.partitions="$(($(nproc) * 2))" \
    --conf "spark.hadoop.fs.s3a.endpoint.region=$AWS_REGION" \
    "$root/job.py" "file://$root/plan.json" >"$root/job.log" 2>"$root/spark.log"
}

# Tells how it ended, and stops the instance. None of it may keep the instance alive.
finish() {
  local code=$? file
  trap - EXIT
  set +e
  echo "$(date -u +%FT%TZ) ended with $code, $step"
  if [[ -n $run ]]; then
    find_reason "$code" | to_exit "$code" >"$root/exit.json"
    copy "$root/exit.json" "$results/runs/$run/exit.json"
    [[ $code == 0 ]] || count_failure
    for file in job.log spark.log boot.log; do
      [[ -e $root/$file ]] && copy "$root/$file" "$(to_bucket)/logs/ec2/$run/$file"
    done
  fi
  shutdown -h now
  exit "$code"
}

# Why, in one line: what the job says, or the last error that Spark tells, or where it was.
find_reason() {
  local reason=''
  [[ $1 == 0 ]] && return
  if [[ $step == counting ]]; then
    reason=$(sed -n 's/^weir: refused: //p' "$root/job.log" | tail -n 1)
    [[ -n $reason ]] || reason=$(grep -E 'Exception|Error|error:' "$root/spark.log" | tail -n 1)
  fi
  echo "${reason:-$step failed with $1; see logs/ec2/$run/boot.log}"
}

to_exit() {
  python3 -c 'import json, sys
print(json.dumps({"code": int(sys.argv[1]), "reason": sys.stdin.read().strip()[:1000]}))' "$1"
}

# As the function that starts runs counts those that it finds dead.
count_failure() {
  timeout 60 aws cloudwatch put-metric-data --namespace Weir --metric-name FailedRuns \
    --dimensions Service=runs --unit Count --value 1
}

to_bucket() {
  local rest=${results#s3://}
  echo "s3://${rest%%/*}"
}

# The instance stops even where the rest of this hangs, or nothing can be said of it.
shutdown -h "+$minutes_max"
trap finish EXIT
trap 'exit 143' TERM INT HUP
main
