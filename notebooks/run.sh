#!/usr/bin/env bash
# Executes a notebook headless with the Java kernel and writes run-report-RUN.ipynb or the like to the current folder (or to --output DIR).
#   notebooks/run.sh run-report RUN            pictures of a training run
#   notebooks/run.sh corpus-report CORPUS      tables and charts of a corpus
# RUN and CORPUS are locations as every polyglow command takes them: a folder, hdfs://... or hdfs-embedded:/...
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
usage() { sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 64; }
[ $# -ge 2 ] || usage
notebook=$1 location=$2 output=$PWD
[ "${3:-}" = --output ] && output=$4
[ -f "$here/$notebook.ipynb" ] || { echo "no notebook $here/$notebook.ipynb" >&2; exit 64; }
[ -d "$here/target/lib" ] || { echo "build first: ./polyglow --version" >&2; exit 69; }
command -v jupyter >/dev/null || { echo "Jupyter is missing; on Debian: apt-get install --no-install-recommends jupyter-nbconvert jupyter-client" >&2; exit 69; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kernels=$work/jupyter
mkdir -p "$kernels/kernels/polyglow-java"
cat > "$kernels/kernels/polyglow-java/kernel.json" <<JSON
{"argv": ["${JAVA_HOME:+$JAVA_HOME/bin/}java", "-Djava.awt.headless=true", "-Djava.util.logging.config.file=/dev/null", "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "-cp", "$here/target/classes:$here/target/lib/*", "io.polyglow.notebook.JShellKernel", "{connection_file}"],
 "display_name": "Polyglow (Java)", "language": "java"}
JSON
needed=manifest.json
[ "$notebook" != run-report ] || needed=metrics.jsonl
# The kernel reads folders; what a report needs from elsewhere is copied into one with the same name.
case $location in
  *://* | hdfs-embedded:*)
    name=$(basename "${location//:/\/}")
    "$here/../polyglow" copy "$location" "$work/$name" --only "$needed" >&2
    location=$work/$name
    ;;
  *) location=$(cd "${location#file:}" && pwd) ;;
esac
[ -f "$location/$needed" ] || { echo "$2 holds no $needed, which $notebook reads: name the folder of a $([ "$notebook" = run-report ] && echo run || echo corpus)" >&2; exit 64; }
# never the name of the notebook itself
result=$notebook-$(basename "$location").ipynb
mkdir -p "$output"
JUPYTER_PATH=$kernels POLYGLOW_LOCATION=$location jupyter nbconvert --log-level WARN --to notebook --execute \
  --ExecutePreprocessor.startup_timeout=30 --ExecutePreprocessor.timeout=120 \
  --output-dir "$output" --output "$result" "$here/$notebook.ipynb"
echo "$output/$result"
