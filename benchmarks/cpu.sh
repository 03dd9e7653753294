#!/usr/bin/env bash
# Measures everything that the CPU engine is held to, on this machine, and writes one file: benchmarks/cpu.sh [--out DIR]
#   The bars are set for two cores with AMX (`grep amx_bf16 /proc/cpuinfo`); elsewhere bf16 is slower than f32, and the script says so and goes on.
#   Takes about two hours on two cores; nothing else should run. Needs JDK 17 and Maven; libtorch and ND4J come through Maven (340 MB).
#   A part that fails, or a peer that is left out, does not keep the next from running; the reason is in the file, and the script's exit code is then 1.
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
    grep -q '"failed": *{ *"' "$log.json" && failed=1
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
part "gpt2-124m f32: >= 2 x libtorch" gpt2-f32 train-step --model gpt2-124m --batch 4 --dtype f32 --peers libtorch,nd4j --rounds 2 --steps 5 --warmup 3
part "small bf16: >= 4 x libtorch, >= 10 x SameDiff, which computes in f32, its best" small-bf16 \
  train-step --model small --batch 8 --dtype bf16 --peers libtorch,nd4j --rounds 3 --steps 10 --warmup 5
part "small f32" small-f32 train-step --model small --batch 8 --dtype f32 --peers libtorch,nd4j --rounds 2 --steps 10 --warmup 5
part "llama-110m bf16: >= 4 x libtorch" llama-bf16 train-step --model llama-110m --batch 4 --dtype bf16 --peers libtorch --rounds 5 --steps 10 --warmup 5
part "llama-110m f32" llama-f32 train-step --model llama-110m --batch 4 --dtype f32 --peers libtorch --rounds 3 --steps 5 --warmup 3
part "bf16 against f32 after 200 steps of small: within 0.5 %" curve loss-curve --model small --batch 8 --dtype bf16 --peers f32 --steps 200
part "gradients of gpt2-124m in bf16 against libtorch's in f32: <= 0.01, loss within 2e-4" gradients gradients --model gpt2-124m --batch 4 --dtype bf16 --peers libtorch
part "kernels, bf16" kernels-bf16 kernels --model gpt2-124m --batch 4 --dtype bf16 --timeout 3000
part "kernels of llama-110m, bf16" kernels-llama kernels --model llama-110m --batch 4 --dtype bf16 --timeout 3000
part "kernels, f32" kernels-f32 kernels --model gpt2-124m --batch 4 --dtype f32 --timeout 3000

for dtype in f32 bf16; do
  say "" "## Two ranks of one thread against one rank of two, $dtype: >= 80 %" "" '```' "benchmarks/ranks.sh 3 14 $dtype" '```' "" '```'
  "$root/benchmarks/ranks.sh" 3 14 $dtype 2>"$logs/ranks-$dtype.log" | tee -a "$file" || { failed=1; tail -n 20 "$logs/ranks-$dtype.log" | tee -a "$file"; }
  say '```'
done
echo "written: $file (JSON and logs: $logs)"
exit $failed
