#!/usr/bin/env bash
# Measures everything that the CPU engine is held to, on this machine, and writes one file: benchmarks/cpu.sh [--out DIR]
#   The bars are set for two cores with AMX (`grep amx_bf16 /proc/cpuinfo`); elsewhere bf16 is slower than f32, and the script says so and goes on.
#   Takes about an hour on two cores; nothing else should run. Needs JDK 17 and Maven; libtorch and ND4J come through Maven (240 MB).
#   A part that fails does not keep the next from running; the end of its log is in the file, and the script's exit code is then 1.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=$root/benchmarks/results
case ${1:-} in
  --out) out=$2 ;;
  '') ;;
  *) sed -n '2,5s/^# *//p' "${BASH_SOURCE[0]}" >&2; exit 64 ;;
esac
cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -1)
name=$(date +%F)-$(printf '%s' "$cpu" | tr -cs 'A-Za-z0-9' '-' | tr 'A-Z' 'a-z' | cut -c1-40)
file=$out/$name.md
logs=$root/benchmarks/target/cpu-$name
mkdir -p "$out" "$logs"
failed=0

say() { printf '%s\n' "$*" | tee -a "$file"; }

# part TITLE NAME ARGUMENT...: a benchmark; its table into the file, its JSON line into NAME.json
part() {
  local title=$1 log=$logs/$2
  shift 2
  say "" "## $title" "" '```' "./polyglow bench $*" '```' ""
  if "$root/polyglow" bench "$@" --json >"$log.txt" 2>"$log.log"; then
    tail -n 1 "$log.txt" >"$log.json"
    say '```'
    sed '$d' "$log.txt" | tee -a "$file"
    say '```'
  else
    failed=1
    say "FAILED; the end of its output:" '```'
    tail -n 20 "$log.log" | tee -a "$file"
    say '```'
  fi
}

: >"$file"
say "# $(date +%F), $cpu, $(nproc) CPUs, $(awk '/MemTotal/ { print int($2 / 1048576) }' /proc/meminfo) GiB, $(java -version 2>&1 | head -1)"
grep -q amx_bf16 /proc/cpuinfo || say "" "This CPU has no AMX: the bars for bf16 are not meant for it."
(cd "$root" && mvn -q -Dfast -DskipTests -pl benchmarks/libtorch,benchmarks/nd4j,benchmarks/kernels -am package) >"$logs/build.log" 2>&1 || {
  tail -n 20 "$logs/build.log" >&2
  exit 69
}

part "gpt2-124m bf16: >= 3.5 x libtorch, memory <= 1.0 x, ideal / step >= 50 %, garbage <= 1 MiB" gpt2-bf16 \
  train-step --model gpt2-124m --batch 4 --dtype bf16 --peers libtorch --rounds 5 --steps 10 --warmup 5
part "gpt2-124m f32: >= 2 x libtorch" gpt2-f32 train-step --model gpt2-124m --batch 4 --dtype f32 --peers libtorch --rounds 3 --steps 5 --warmup 3
part "small bf16: >= 4 x libtorch" small-bf16 train-step --model small --batch 8 --dtype bf16 --peers libtorch --rounds 5 --steps 10 --warmup 5
part "llama-110m bf16: >= 4 x libtorch" llama-bf16 train-step --model llama-110m --batch 4 --dtype bf16 --peers libtorch --rounds 5 --steps 10 --warmup 5
part "llama-110m f32" llama-f32 train-step --model llama-110m --batch 4 --dtype f32 --peers libtorch --rounds 3 --steps 5 --warmup 3
# SameDiff's best usable type is f32: the ratio to our bf16 is of the tokens/s of these two parts
part "small f32 beside SameDiff (our bf16, above, against its f32: >= 10 x)" small-nd4j train-step --model small --batch 8 --dtype f32 --peers nd4j --rounds 2 --steps 5 --warmup 2
part "bf16 against f32 after 200 steps of small: within 0.5 %" curve loss-curve --model small --batch 8 --dtype bf16 --peers f32 --steps 200
part "gradients of gpt2-124m in bf16 against libtorch's in f32: <= 0.01, loss within 2e-4" gradients gradients --model gpt2-124m --batch 4 --dtype bf16 --peers libtorch
part "kernels, bf16" kernels-bf16 kernels --model gpt2-124m --batch 4 --dtype bf16 --timeout 3000
part "kernels, f32" kernels-f32 kernels --model gpt2-124m --batch 4 --dtype f32 --timeout 3000

say "" "## Two ranks of one thread against one rank of two: >= 80 %" "" '```' "benchmarks/ranks.sh 3" '```' "" '```'
"$root/benchmarks/ranks.sh" 3 2>"$logs/ranks.log" | tee -a "$file" || { failed=1; tail -n 20 "$logs/ranks.log" | tee -a "$file"; }
say '```'
echo "written: $file (JSON and logs: $logs)"
exit $failed
