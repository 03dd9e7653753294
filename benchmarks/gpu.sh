#!/usr/bin/env bash
# Checks and benchmarks on a machine with a GPU; needs benchmarks/target/gpu-bundle (made by gpu-bundle.sh), python3 with torch for the peers, and
# nothing from the network. Run it from the repository root:
#
#   benchmarks/gpu.sh [PART ...] [--out DIR] [options]
#
# Parts, in this order when none is named (bench, large, curve and logits compare with torch); a part that fails does not keep the next from running:
#   device   what GPU, driver and libraries there are                                                    seconds
#   start    seconds to compile the kernels, to read them when compiled, and of each start as a whole    1 minute
#   tests    the engine's tests, contract suites included, each suite that needs the GPU in a JVM of its own; one that fails runs
#            again under compute-sanitizer where that is on the PATH                                     2 minutes
#   attention  the attention kernels alone, compared with torch's fused attention and timed beside it; needs cupy    half a minute
#   profile  where the GPU's time goes in seven steps of --model: kernels, matrix products by shape, copies  half a minute
#   bench    training steps beside torch and torch.compile                                               4 minutes
#   graphs   training steps with CUDA graphs and without, in turn                                        2 minutes
#   wgmma    training steps with the attention that is for Hopper and with that for all GPUs, in turn    2 minutes
#   curve    500 losses from the same weights on the same batches                                        2 minutes
#   large    training steps of gpt2-1.5b, the first batch of --large-batches that fits ours and the peer 4 minutes
#   logits   f32 logits against Hugging Face Transformers; fails without that library                    half a minute
#
#   --seconds N            for the whole script: no part gets more than what is left, parts for which nothing is left are not run (default: no limit)
#   --out DIR              logs and JSON go here (default: benchmarks/target/gpu)
#   --tar FILE             all of --out as one file, written after each part (default: DIR.tar.gz beside --out)
#   --work DIR             compiled kernels, weights and tokens go here and stay; gigabytes (default: a temporary folder, deleted at the end)
#   --engine NAME          default: cuda; peers use the GPU only when it is cuda
#   --model NAME --batch N --context N --dtype D --steps N --rounds N --peers A,B     of bench (gpt2-124m 32 1024 bf16 15 3 torch,torch-compile)
#   --large-model NAME --large-batches "N N" --large-recompute LEVEL --large-peers A  of large (gpt2-1.5b "40 32 24 16 12 8 4" none torch)
#   --curve-steps N --curve-batch N                                                   of curve (500 8)
set -uo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." || exit 69
bundle=$PWD/benchmarks/target/gpu-bundle
out=benchmarks/target/gpu work='' tar='' seconds='' engine=cuda
model=gpt2-124m batch=32 context=1024 dtype=bf16 steps=15 rounds=3 peers=torch,torch-compile
large_model=gpt2-1.5b large_batches="40 32 24 16 12 8 4" large_recompute=none large_peers=torch
curve_steps=500 curve_batch=8
python=${POLYGLOW_PYTHON:-python3}
parts=()

fail() { printf 'gpu: %s\n' "$*" >&2; exit 64; }

while [ $# -gt 0 ]; do
  case $1 in
    device | tests | attention | profile | start | bench | graphs | wgmma | large | curve | logits) parts+=("$1"); shift ;;
    --seconds | --out | --tar | --work | --engine | --model | --batch | --context | --dtype | --steps | --rounds | --peers | --large-model | --large-batches | \
      --large-recompute | --large-peers | --curve-steps | --curve-batch)
      [ $# -ge 2 ] || fail "$1 needs a value"
      name=${1#--}
      printf -v "${name//-/_}" '%s' "$2"
      shift 2 ;;
    --help | -h) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "benchmarks/gpu.sh"; exit 0 ;;
    *) fail "$1 is not known; see --help" ;;
  esac
done
[ ${#parts[@]} -gt 0 ] || parts=(device start tests attention profile bench graphs wgmma curve large logits)
[[ $seconds =~ ^[0-9]*$ ]] || fail "--seconds $seconds must be a whole number"
[ -d "$bundle/lib" ] || fail "found no $bundle; make it with benchmarks/gpu-bundle.sh on a machine with JDK and Maven"
chmod -R u+x "$bundle/java/bin" "$bundle/java/lib/jspawnhelper" 2>/dev/null
mkdir -p "$out"
out=$(cd "$out" && pwd)
tar=${tar:-$out.tar.gz}
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
  echo "LD_LIBRARY_PATH=$LD_LIBRARY_PATH"
  nproc
  free -m | head -n 2
  "$bundle/java/bin/java" -version
}

# Runs the tests that the launcher's words select in one JVM; NAME is of its reports. The words in `under` start the JVM. One that takes too long shows its
# threads before it is killed: exit code 137 or 124, as where no time is left to run it.
junit() {
  local name=$1 most=$((part_limit - (SECONDS - part_begin) - 10))
  shift
  [ $most -lt $class_limit ] || most=$class_limit
  [ $most -ge 5 ] || { echo "not run: the time of this part is over"; return 137; }
  timeout --signal=QUIT --kill-after=5 "$most" "${under[@]}" "$bundle/java/bin/java" "${options[@]}" -XX:ErrorFile="$out/tests/$name-%p.log" \
    -Djunit.jupiter.execution.timeout.default=60s -cp "$bundle/lib/*:$bundle/test-lib/*" org.junit.platform.console.ConsoleLauncher execute "$@" \
    --exclude-tag nightly --details tree --disable-ansi-colors --disable-banner --reports-dir "$out/tests/$name"
}

# One class in a JVM of its own; if it fails, and not for time, once more under NVIDIA's checker of memory accesses.
junit_class() {
  local under=() selector=(--select-class "io.polyglow.engine.$engine.$1") code
  echo "-- $1"
  junit "$1" "${selector[@]}" && return
  code=$?
  echo "-- $1 FAILED with exit code $code"
  if [ $code -ne 137 ] && [ $code -ne 124 ] && command -v compute-sanitizer >/dev/null; then
    echo "-- $1 under compute-sanitizer"
    under=(compute-sanitizer --print-limit 20 --log-file "$out/tests/$1-sanitizer.log")
    junit "$1-sanitizer" "${selector[@]}" >"$out/tests/$1-sanitizer.txt" 2>&1
    head -n 60 "$out/tests/$1-sanitizer.log" 2>/dev/null || tail -n 20 "$out/tests/$1-sanitizer.txt"
  fi
  return $code
}

# Those that need a GPU each in a JVM of its own, as a fault breaks the context of its process, and all that follows there would fail for that alone; the most telling
# first. Without the tests that are for machines without a GPU (on an emulator and on stand-ins for NVIDIA's libraries), and those that only compile, for minutes.
gpu_classes="CudaKernelsContractTest CudaStageModelTest CudaCopyStreamTest CudaSharedGpuTest CudaResumeTest"
class_limit=90
part_tests() {
  rm -f "$work/without-wgmma"
  local class worst=0 under=() apart='Emulated.*|FakeNvidia.*|KernelSource.*|Nvrtc.*'
  mkdir -p "$out/tests"
  if [ "$engine" = cuda ]; then
    export POLYGLOW_REQUIRE_GPU=1
    for class in $gpu_classes; do
      junit_class "$class" || { worst=1; [ "$class" != CudaKernelsContractTest ] || try_without_wgmma; }
      apart+="|$class"
    done
  fi
  echo "-- the others"
  junit others --select-package "io.polyglow.engine.$engine" --include-classname '.*Test' --exclude-classname ".*\\.($apart)" || worst=1
  return $worst
}

# Where kernels are wrong with the attention for Hopper and right without it, all that follows does without it: it tells more than the same failure again.
try_without_wgmma() {
  local all=("${options[@]}") under=()
  options+=(-Dpolyglow.cuda.wgmma=false)
  echo "-- CudaKernelsContractTest without wgmma"
  if junit CudaKernelsContractTest-without-wgmma --select-class "io.polyglow.engine.$engine.CudaKernelsContractTest"; then
    echo "-- so the kernels of attention_wgmma.cu are wrong; this part and the next ones do without them"
    touch "$work/without-wgmma"
  else
    options=("${all[@]}")
  fi
}

part_attention() {
  "$python" benchmarks/peers/attention.py
}

# Seconds in which the units of kernels were compiled or read, by a log; there are several lines where some come with their first use.
unit_seconds() {
  awk -v what="$1" '$0 ~ what " [0-9]+ units? of kernels in " { sum += $(NF - 1); n++ } END { printf n ? "%.3f" : "null", sum }' "$2"
}

# The median of a spread in OUT/NAME.json.
median() {
  local value
  value=$(sed -n "s/.*\"$2\":{\"min\":[^,]*,\"median\":\([^,]*\),.*/\1/p" "$out/$1.json")
  printf '%s' "${value:-null}"
}

part_start() {
  local which log=$work/start/polyglow-round-1.log json=()
  local options=("${options[@]}" -Dorg.slf4j.simpleLogger.log.io.polyglow.engine.cuda=info)
  rm -rf "$work/kernels"
  for which in cold cached; do
    # heads of 64, so that what gpt2-124m needs is there
    bench_json "start-$which" train-step --model small --batch 2 --context 64 --dtype "$dtype" --steps 1 --warmup 0 --out "$work/start" || return
    grep -E ' units? of kernels in ' "$log"
    json+=("\"$which\":{\"compiled_seconds\":$(unit_seconds compiled "$log"),\"read_seconds\":$(unit_seconds read "$log"),\"start_seconds\":$(
      median "start-$which" start_seconds),\"first_step_seconds\":$(median "start-$which" first_step_seconds)}")
  done
  printf '{%s,%s}\n' "${json[@]}" | tee "$out/start.json"
}

# Where the GPU's time goes, in the log of the steps.
part_profile() {
  local options=("${options[@]}" -Dpolyglow.cuda.times=true -Dorg.slf4j.simpleLogger.log.io.polyglow.engine.cuda=info)
  bench_json profile train-step --model "$model" --batch "$batch" --context "$context" --dtype "$dtype" --steps 5 --warmup 2 --out "$work/profile" || return
  sed -n "/the GPU's time/,\$p" "$work/profile/polyglow-round-1.log" | tee "$out/profile-times.txt"
}

part_bench() {
  bench_json bench train-step --model "$model" --batch "$batch" --context "$context" --dtype "$dtype" --steps "$steps" --warmup 5 \
    --rounds "$rounds" --peers "$peers" --timeout 150 --out "$work/bench"
}

part_graphs() { steps_without graphs; }

part_wgmma() { steps_without wgmma; }

# With and without what -Dpolyglow.cuda.NAME=false leaves out.
steps_without() {
  local all=("${options[@]}") without name round=0 worst=0 lines=()
  for without in nothing "$1" "$1" nothing; do
    round=$((round + 1))
    name=$1-$round-without-$without
    local options=("${all[@]}")
    [ $without = nothing ] || options+=("-Dpolyglow.cuda.$without=false")
    if bench_json "$name" train-step --model "$model" --batch "$batch" --context "$context" --dtype "$dtype" --steps "$steps" \
      --warmup 5 --out "$work/$1"; then
      lines+=("$name $(median "$name" seconds_per_step) s/step")
    else
      lines+=("$name FAILED") worst=1
    fi
  done
  printf '%s\n' "${lines[@]}"
  return $worst
}

# On to smaller batches until the peer has room too, so that there is a ratio; where there is none, ours alone is the result.
part_large() {
  local size name code=1
  for size in $large_batches; do
    name=large-$size
    echo "$large_model with $size sequences of $context:"
    bench_json "$name" train-step --model "$large_model" --batch "$size" --context "$context" --dtype "$dtype" --steps 6 --warmup 2 \
      --recompute "$large_recompute" --peers "$large_peers" --no-check --timeout 150 --out "$work/large" || continue
    code=0
    grep -qi '"failed":{.*\(out of memory\|did not get the memory\)' "$out/$name.json" || break
    echo "$large_peers has no room for that; ours alone is in $name.json"
  done
  return $code
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
limits=" device:60 start:120 tests:330 attention:90 profile:90 bench:420 graphs:200 wgmma:200 curve:300 large:420 logits:120 "
# of --seconds, to end a part and to keep its files
margin=10
shortest=10

# All of OUT in one file; after each part, so that the end of the machine's time takes no more than the part that runs then.
pack() {
  tar -czf "$tar.part" --exclude "${tar##*/}*" -C "$(dirname "$out")" "${out##*/}" && mv "$tar.part" "$tar"
}

run_part() {
  local part=$1 part_limit part_begin=$SECONDS code left
  part_limit=${limits#* "$part":}
  part_limit=${part_limit%% *}
  left=$((${seconds:-$((SECONDS + margin + part_limit))} - SECONDS - margin))
  if [ $left -lt $shortest ]; then
    echo "== $part: not run, as --seconds $seconds leaves no time for it"
    printf '{"part":"%s","not_run":"no time left"}\n' "$part" >>"$out/summary.jsonl"
    return 1
  fi
  [ $part_limit -le $left ] || part_limit=$left
  [ ! -e "$work/without-wgmma" ] || options+=(-Dpolyglow.cuda.wgmma=false)
  echo "== $part (at most $part_limit s)"
  touch "$work/.began"
  # a part is killed with the processes that it started
  (
    set -m
    "part_$part" >"$out/$part.log" 2>&1 &
    child=$!
    (sleep "$part_limit"; kill -TERM -- "-$child"; sleep 5; kill -KILL -- "-$child") 2>/dev/null &
    guard=$!
    wait "$child"
    code=$?
    kill -- "-$guard" 2>/dev/null
    kill -KILL -- "-$child" 2>/dev/null # nothing of it computes beside the next part
    exit $code
  )
  code=$?
  cat "$out/$part.log"
  echo "== $part: $([ $code -eq 0 ] && echo ok || echo "FAILED with exit code $code") after $((SECONDS - part_begin)) s"
  mkdir -p "$out/logs-$part"
  find "$work" -maxdepth 2 -newer "$work/.began" \( -name '*.log' -o -name '*-round-*.json' -o -name '*-ideal-*.json' -o -name plan.json \) -exec cp {} "$out/logs-$part/" \;
  printf '{"part":"%s","exit_code":%d,"seconds":%d}\n' "$part" $code $((SECONDS - part_begin)) >>"$out/summary.jsonl"
  pack
  return $code
}

: >"$out/summary.jsonl"
worst=0
for part in "${parts[@]}"; do
  run_part "$part" || worst=1
done
pack
cat "$out/summary.jsonl"
echo "== all of it is in $tar"
exit $worst
