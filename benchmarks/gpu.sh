#!/usr/bin/env bash
# Checks and benchmarks on a machine with a GPU; needs benchmarks/target/gpu-bundle (made by gpu-bundle.sh), python3 with torch for the peers, and
# nothing from the network. Run it from the repository root:
#
#   benchmarks/gpu.sh [PART ...] [--out DIR] [options]
#
# Parts, in this order when none is named (all from bench on compare with torch); a part that fails does not keep the next from running:
#   device   what GPU, driver and libraries there are                                                    seconds
#   tests    the engine's tests, contract suites included                                                1 minute
#   attention  the attention kernels alone, compared with torch's fused attention and timed beside it; needs cupy    half a minute
#   start    seconds to compile the kernels, to read them when compiled, and of each start as a whole    1 minute
#   bench    training steps beside torch and torch.compile                                               4 minutes
#   graphs   training steps with and without CUDA graphs, in turn                                        2 minutes
#   large    training steps of gpt2-1.5b, the first batch of --large-batches that fits                   4 minutes
#   curve    500 losses from the same weights on the same batches                                        2 minutes
#   logits   f32 logits against Hugging Face Transformers; fails without that library                    half a minute
#
#   --out DIR              logs and JSON go here (default: benchmarks/target/gpu)
#   --work DIR             weights and tokens go here; gigabytes (default: a temporary folder, deleted at the end)
#   --engine NAME          default: cuda; peers use the GPU only when it is cuda
#   --model NAME --batch N --context N --dtype D --steps N --rounds N --peers A,B     of bench (gpt2-124m 32 1024 bf16 15 3 torch,torch-compile)
#   --large-model NAME --large-batches "N N" --large-recompute LEVEL --large-peers A  of large (gpt2-1.5b "40 32 24 16 12 8 4" none torch)
#   --curve-steps N --curve-batch N                                                   of curve (500 8)
set -uo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." || exit 69
bundle=$PWD/benchmarks/target/gpu-bundle
out=benchmarks/target/gpu work='' engine=cuda
model=gpt2-124m batch=32 context=1024 dtype=bf16 steps=15 rounds=3 peers=torch,torch-compile
large_model=gpt2-1.5b large_batches="40 32 24 16 12 8 4" large_recompute=none large_peers=torch
curve_steps=500 curve_batch=8
python=${POLYGLOW_PYTHON:-python3}
parts=()

fail() { printf 'gpu: %s\n' "$*" >&2; exit 64; }

while [ $# -gt 0 ]; do
  case $1 in
    device | tests | attention | start | bench | graphs | large | curve | logits) parts+=("$1"); shift ;;
    --out | --work | --engine | --model | --batch | --context | --dtype | --steps | --rounds | --peers | --large-model | --large-batches | \
      --large-recompute | --large-peers | --curve-steps | --curve-batch)
      [ $# -ge 2 ] || fail "$1 needs a value"
      name=${1#--}
      printf -v "${name//-/_}" '%s' "$2"
      shift 2 ;;
    --help | -h) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "benchmarks/gpu.sh"; exit 0 ;;
    *) fail "$1 is not known; see --help" ;;
  esac
done
[ ${#parts[@]} -gt 0 ] || parts=(device tests attention start bench graphs large curve logits)
[ -d "$bundle/lib" ] || fail "found no $bundle; make it with benchmarks/gpu-bundle.sh on a machine with JDK and Maven"
chmod -R u+x "$bundle/java/bin" "$bundle/java/lib/jspawnhelper" 2>/dev/null
mkdir -p "$out"
out=$(cd "$out" && pwd)
if [ -z "$work" ]; then
  work=$(mktemp -d "${TMPDIR:-/tmp}/polyglow-gpu-XXXXXX")
  trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$work"
work=$(cd "$work" && pwd)

# CUDA's libraries: those that torch brought, else a toolkit's; the driver's own are where the system looks, or in the last folder.
folders=$("$python" - <<'PY' 2>/dev/null
import glob, sys
print(":".join(sorted({folder for path in sys.path if path for folder in glob.glob(path + "/nvidia/*/lib")})))
PY
)
for folder in /usr/local/cuda/lib64 /usr/local/nvidia/lib64; do
  [ ! -d "$folder" ] || folders+=${folders:+:}$folder
done
export LD_LIBRARY_PATH=$folders${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

read -r -a options <"$bundle/jvm.options"
options+=(-Dpolyglow.root="$PWD" -Dorg.bytedeco.javacpp.cachedir="$work/javacpp" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn)
options+=(-Dpolyglow.cuda.cache="$work/kernels" -XX:+UseParallelGC)

bench() { "$bundle/java/bin/java" "${options[@]}" -cp "$bundle/lib/*" io.polyglow.benchmarks.Main "$@"; }

# Runs a benchmark; the JSON object that it prints last goes to OUT/NAME.json.
bench_json() {
  local name=$1
  shift
  bench "$@" --engine "$engine" --python "$python" --json >"$out/$name.txt"
  local code=$?
  if [ $code -eq 0 ]; then
    tail -n 1 "$out/$name.txt" >"$out/$name.json"
    sed -i '$d' "$out/$name.txt"
  fi
  cat "$out/$name.txt"
  return $code
}

part_device() {
  cat "$bundle/revision" 2>/dev/null
  nvidia-smi --query-gpu=name,driver_version,memory.total,power.limit,clocks.max.sm --format=csv || echo "no nvidia-smi"
  nvidia-smi || true
  "$python" -c 'import sys, torch; print("python", sys.version.split()[0], "torch", torch.__version__, "cuda", torch.version.cuda)'
  "$python" -c 'import transformers; print("transformers", transformers.__version__)' || true
  echo "LD_LIBRARY_PATH=$LD_LIBRARY_PATH"
  nproc
  free -m | head -n 2
  "$bundle/java/bin/java" -version
}

# Without the tests on an emulator and on stand-ins for NVIDIA's libraries, which are for machines without a GPU.
part_tests() {
  [ "$engine" != cuda ] || export POLYGLOW_REQUIRE_GPU=1
  "$bundle/java/bin/java" "${options[@]}" -Djunit.jupiter.execution.timeout.default=120s -cp "$bundle/lib/*:$bundle/test-lib/*" \
    org.junit.platform.console.ConsoleLauncher execute --select-package "io.polyglow.engine.$engine" \
    --include-classname ".*Test" --exclude-classname ".*\\.(Emulated|FakeNvidia).*" --exclude-tag nightly --details tree --disable-ansi-colors \
    --disable-banner --reports-dir "$out/tests"
}

part_attention() {
  "$python" benchmarks/peers/attention.py
}

# Seconds in which the units of kernels were compiled or read, by a log; there are several lines where some come with their first use.
unit_seconds() {
  awk -v what="$1" '$0 ~ what " [0-9]+ units? of kernels in " { sum += $(NF - 1); n++ } END { printf n ? "%.3f" : "null", sum }' "$2"
}

# The only value of a spread of OUT/start-WHICH.json.
start_figure() {
  local value
  value=$(sed -n "s/.*\"$2\":{\"min\":\([^,]*\),.*/\1/p" "$out/start-$1.json")
  printf '%s' "${value:-null}"
}

part_start() {
  local which log=$work/start/polyglow-round-1.log json=()
  local options=("${options[@]}" -Dorg.slf4j.simpleLogger.log.io.polyglow.engine.cuda=info)
  rm -rf "$work/kernels"
  for which in cold cached; do
    # heads of 64, so that every unit of kernels is there
    bench_json "start-$which" train-step --model small --batch 2 --context 64 --dtype "$dtype" --steps 1 --warmup 0 --out "$work/start" || return
    grep -E ' units? of kernels in ' "$log"
    json+=("\"$which\":{\"compiled_seconds\":$(unit_seconds compiled "$log"),\"read_seconds\":$(unit_seconds read "$log"),\"start_seconds\":$(
      start_figure "$which" start_seconds),\"first_step_seconds\":$(start_figure "$which" first_step_seconds)}")
  done
  printf '{%s,%s}\n' "${json[@]}" | tee "$out/start.json"
}

part_bench() {
  bench_json bench train-step --model "$model" --batch "$batch" --context "$context" --dtype "$dtype" --steps "$steps" --warmup 5 \
    --rounds "$rounds" --peers "$peers" --timeout 150 --out "$work/bench"
}

part_graphs() {
  local all=("${options[@]}") graphs round=0
  for graphs in true false false true; do
    round=$((round + 1))
    local options=("${all[@]}" "-Dpolyglow.cuda.graphs=$graphs")
    bench_json "graphs-$round-$graphs" train-step --model "$model" --batch "$batch" --context "$context" --dtype "$dtype" --steps "$steps" \
      --warmup 5 --out "$work/graphs" || return
  done
}

part_large() {
  local size
  for size in $large_batches; do
    echo "$large_model with $size sequences of $context:"
    bench_json large train-step --model "$large_model" --batch "$size" --context "$context" --dtype "$dtype" --steps 6 --warmup 2 \
      --recompute "$large_recompute" --peers "$large_peers" --no-check --timeout 150 --out "$work/large" && return
  done
  return 1
}

part_curve() {
  bench_json curve loss-curve --model "$model" --batch "$curve_batch" --context "$context" --dtype "$dtype" --steps "$curve_steps" \
    --peers torch --timeout 150 --out "$work/bench"
  local code=$?
  cp "$work/bench/curve.jsonl" "$out/" 2>/dev/null
  return $code
}

part_logits() {
  bench_json logits logits --model "$model" --batch 4 --context "$context" --dtype f32 --timeout 150 --out "$work/bench" || return
  grep -q '"reference":"transformers ' "$out/logits.json" || {
    echo "these logits were not compared with Hugging Face Transformers"
    return 1
  }
}

# part:seconds
limits=" device:60 tests:240 attention:90 start:120 bench:420 graphs:240 large:420 curve:300 logits:120 "

run_part() {
  local part=$1 limit begin code
  limit=${limits#* "$part":}
  limit=${limit%% *}
  begin=$SECONDS
  echo "== $part"
  # a part is killed with the processes that it started
  (
    set -m
    "part_$part" >"$out/$part.log" 2>&1 &
    child=$!
    (sleep "$limit"; kill -TERM -- "-$child"; sleep 5; kill -KILL -- "-$child") 2>/dev/null &
    guard=$!
    wait "$child"
    code=$?
    kill -- "-$guard" 2>/dev/null
    exit $code
  )
  code=$?
  cat "$out/$part.log"
  echo "== $part: $([ $code -eq 0 ] && echo ok || echo "FAILED with exit code $code") after $((SECONDS - begin)) s"
  mkdir -p "$out/logs-$part"
  find "$work" -maxdepth 2 -newer "$out/.began" \( -name '*.log' -o -name '*-round-*.json' -o -name plan.json \) -exec cp {} "$out/logs-$part/" \;
  printf '{"part":"%s","exit_code":%d,"seconds":%d}\n' "$part" $code $((SECONDS - begin)) >>"$out/summary.jsonl"
  return $code
}

: >"$out/summary.jsonl"
worst=0
for part in "${parts[@]}"; do
  touch "$out/.began"
  run_part "$part" || worst=1
done
rm -f "$out/.began"
cat "$out/summary.jsonl"
exit $worst
