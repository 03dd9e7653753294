#!/usr/bin/env bash
# Checks and measures everything that the CPU engine is held to, on this machine, and adds it to one file. Needs JDK 17 and Maven; libtorch and ND4J
# come through Maven (340 MB). Nothing else should run.
#
#   benchmarks/cpu.sh [PART ...] [--out DIR] [--short]
#
# Parts, in this order when none is named, with their minutes on two cores with AMX, two hours in all with the build; elsewhere some times as long.
# Steps before the timed ones are enough for the JVM to compile its loops, which takes some 4 CPU seconds: 10 of a 124M model, 25 of small.
#   tests        4  the CPU engine's tests: contract suite, the same bits for any number of threads, models that learn, all again as if the CPU ended at AVX2
#   doctor       1  what this machine has, and whether it is fit
#   gpt2-bf16    9  gpt2-124m in bf16 beside libtorch's autocast: 4 rounds
#   small-bf16   8  small in bf16 beside libtorch's autocast: 4 rounds
#   llama-bf16   9  llama-110m in bf16 beside libtorch's autocast: 4 rounds
#   plan         2  what plan predicts of these three
#   generate     4  memory of a training run beside what plan told, and prefill and decode of the model that it leaves
#   ranks-bf16   5  two ranks of one thread beside one rank of two threads, small in bf16: 3 rounds
#   ranks-f32    8  the same in f32
#   ranks-gpt2   6  the same of gpt2-124m in bf16: 2 rounds
#   gpt2-f32     9  gpt2-124m in f32 beside libtorch: 2 rounds
#   small-nd4j   9  small in bf16 beside SameDiff in f32, its best: 2 rounds
#   curve        5  losses of small in bf16 and in f32 over 200 steps
#   gradients    2  gradients of gpt2-124m in bf16 beside libtorch's in f32
#   llama-f32    7  llama-110m in f32 beside libtorch: 2 rounds
#   small-f32    6  small in f32 beside libtorch: 2 rounds
#   kernels-bf16   6  kernels of gpt2-124m in bf16 as shares of the run's peaks
#   kernels-llama  6  kernels of llama-110m in bf16
#   kernels-f32    6  kernels of gpt2-124m in f32
#   gpt2-nd4j    5  gpt2-124m in f32 beside SameDiff, which takes 22 GiB; may fail without making the whole fail
#
# A part that fails does not keep the next from running. Each is in the file when it has ended; at the end come the bars of all parts that have run
# today on this commit. The exit code is 1 when a part failed or a peer was left out, whatever the bars say.
#
#   --out DIR   where the file goes (benchmarks/results, as DATE-CPU.md); the same file gets the parts of a day
#   --short     every part with the smallest model and a few steps, into benchmarks/target/cpu-short: whether the script works, no figures
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
cd "$root" || exit 69
polyglow=$root/polyglow
source benchmarks/models.sh
all=($(sed -n 's/^#   \([a-z][a-z0-9-]*\)  *[0-9][0-9]*  .*/\1/p' benchmarks/cpu.sh))
optional=" gpt2-nd4j "
parts=() out='' short=''

fail() { printf 'cpu: %s\n' "$*" >&2; exit 64; }

while [ $# -gt 0 ]; do
  case $1 in
    --out) [ $# -ge 2 ] || fail "--out needs a value"; out=$2; shift 2 ;;
    --short) short=1; shift ;;
    --help | -h) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' benchmarks/cpu.sh; exit 0 ;;
    *) [[ " ${all[*]} " == *" $1 "* ]] || fail "$1 is no part; see --help"; parts+=("$1"); shift ;;
  esac
done
[ ${#parts[@]} -gt 0 ] || parts=("${all[@]}")
[ -n "$out" ] || out=benchmarks/$([ -n "$short" ] && echo target/cpu-short || echo results)

cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -1)
name=$(date +%F)-$(printf '%s' "$cpu" | tr -cs 'A-Za-z0-9' '-' | tr 'A-Z' 'a-z' | cut -c1-40)
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
[ -z "$(git status --porcelain --untracked-files=no -- . ':!benchmarks/results' 2>/dev/null)" ] || commit+=-changed
file=$out/$name.md
logs=$root/benchmarks/target/cpu-$name-$commit${short:+-short}
mkdir -p "$out" "$logs" || exit 69

# A CPU whose vectors have 256 bits has no bf16 products: their parts fail, but with --short they are to show that the script works.
bf16=bf16
[ -z "$short" ] || grep -q avx512bw /proc/cpuinfo || bf16=f32

# The real value, or a small one with --short.
full() { if [ -n "$short" ]; then echo "$2"; else echo "$1"; fi; }

# bench NAME ARGUMENT...: a benchmark; its table, and its JSON into NAME.json. Fails when a peer is left out.
bench() {
  local log=$logs/$1
  shift
  rm -f "$log.json"
  echo "./polyglow bench $*"
  if ! "$polyglow" bench "$@" --json >"$log.txt" 2>"$log.log"; then
    tail -n 20 "$log.log"
    return 1
  fi
  tail -n 1 "$log.txt" >"$log.json"
  sed '$d' "$log.txt"
  ! grep -q '"failed":{"' "$log.json"
}

# step NAME MODEL DTYPE PEER ROUNDS WARMUP STEPS
step() {
  bench "$1" train-step --model "$(full "$2" nano)" --batch "$(batch_of "$2")" --dtype "$3" --peers "$4" \
    --rounds "$(full "$5" 1)" --warmup "$(full "$6" 1)" --steps "$(full "$7" 2)"
}

# planned MODEL DTYPE [ARGUMENT...]: of one rank on all cores
planned() {
  config_of "$1" "$2" 10 "$(batch_of "$1")" >"$logs/plan-$1-$2.yaml"
  "$polyglow" plan "$logs/plan-$1-$2.yaml" --vocab-size "$(vocabulary_of "$1")" --set data="$logs/none" --set run="$logs/none" "${@:3}"
}

# figure NAME KEY [KEY...]: the number of the last KEY, after all KEYs before it
figure() {
  [ -f "$logs/$1.json" ] || return 0
  awk -v keys="${*:2}" '{
    n = split(keys, key, " ")
    for (i = 1; i <= n; i++) {
      wanted = key[i] ~ /:/ ? key[i] : "\"" key[i] "\":"
      at = index($0, wanted)
      if (at == 0) exit
      $0 = substr($0, at + length(wanted))
    }
    if (match($0, /^-?[0-9.]+(E-?[0-9]+)?/)) print substr($0, 1, RLENGTH)
    exit
  }' "$logs/$1.json"
}

# of_row NAME CONTENDER KEY [KEY...]: the same of a contender
of_row() { figure "$1" "\"name\":\"$2\"" "${@:3}"; }

part_tests() {
  local log=$logs/tests.log
  # both rounds, also when the first one fails
  mvn -B -ntp -Dfast test -pl engines/cpu -am -Dtest='io/polyglow/engine/cpu/**/*Test' -Dsurefire.failIfNoSpecifiedTests=false \
    -Dmaven.test.failure.ignore=true >"$log" 2>&1 || { tail -n 20 "$log"; return 1; }
  grep -E '^\[(INFO|WARNING|ERROR)\] (  [A-Z]|Tests run:)' "$log"
  ! grep -qE '^\[ERROR\] +Tests run:' "$log"
}

part_doctor() { "$polyglow" doctor; }

part_gpt2_bf16() { step gpt2-bf16 gpt2-124m $bf16 libtorch 4 10 10; }
part_small_bf16() { step small-bf16 small $bf16 libtorch 4 25 40; }
part_llama_bf16() { step llama-bf16 llama-110m $bf16 libtorch 4 10 10; }
part_gpt2_f32() { step gpt2-f32 gpt2-124m f32 libtorch 2 10 10; }
part_llama_f32() { step llama-f32 llama-110m f32 libtorch 2 10 8; }
part_small_f32() { step small-f32 small f32 libtorch 2 25 20; }
part_small_nd4j() { step small-nd4j small $bf16 nd4j 2 25 15; }
part_gpt2_nd4j() { step gpt2-nd4j gpt2-124m f32 nd4j 1 2 3; }

part_plan() {
  local each model
  for each in gpt2 small llama; do
    case $each in gpt2) model=gpt2-124m ;; small) model=small ;; *) model=llama-110m ;; esac
    model=$(full $model nano)
    planned "$model" $bf16 --json >"$logs/plan-$each.json" 2>"$logs/plan-$each.log" || { tail -n 20 "$logs/plan-$each.log"; return 1; }
    printf '%s: planned %.3g s/step; measured (median) %s\n' "$model $bf16" "$(figure plan-$each seconds_per_step)" \
      "$(of_row $each-bf16 polyglow seconds_per_step median)"
  done
  planned "$model" $bf16 --no-timing
}

part_generate() {
  local model work code
  model=$(full gpt2-124m nano)
  work=$(mktemp -d "${TMPDIR:-/tmp}/polyglow-cpu-XXXXXX") || return
  generate "$model" "$work"
  code=$?
  rm -rf "$work"
  return $code
}

# generate MODEL DIR: trains some steps, then has the model write past its context, so that half of it is fed again and again, by loops that are compiled
generate() {
  local corpus beside planned
  rm -f "$logs/memory.json"
  corpus=$(corpus_of "$1" "$2/bench") || return
  config_of "$1" $bf16 "$(full 10 3)" "$(batch_of "$1")" >"$2/train.yaml"
  "$polyglow" train "$2/train.yaml" --set data="$corpus" --set run="$2/run" >"$logs/train.log" 2>&1 || { tail -n 20 "$logs/train.log"; return 1; }
  planned "$1" $bf16 --no-timing --json >"$2/plan.json" || return
  planned=$(sed 's/.*"heap":\([0-9]*\).*"bytes":\([0-9]*\).*/\1 \2/' "$2/plan.json" | awk '{ print $2 - $1 }')
  beside=$(grep '"finished"' "$2/run/logs/rank-0.jsonl" |
    sed 's/\(.*\)"peak_memory_bytes": *\([0-9]*\)\(.*\)/\2 \1\3/; s/^\([0-9]*\) .*"heap_bytes": *\([0-9]*\).*/\1 \2/' | awk '{ print $1 - $2 }')
  printf '{"planned":%s,"held":%s}\n' "$planned" "$beside" | tee "$logs/memory.json"
  "$polyglow" generate "$2/run" --prompt "$(printf 'Nothing is random here but what the model writes. %.0s' 1 2 3)" \
    --max-tokens "$(full 1000 300)" >"$logs/generate.txt" 2>"$logs/generate.log"
  local code=$?
  tail -n 1 "$logs/generate.log"
  return $code
}

# ranks NAME ROUNDS DTYPE MODEL STEPS
ranks() {
  rm -f "$logs/$1.txt"
  local line=("$(full "$2" 1)" "$(full "$5" 4)" "$3" "$(full "$4" nano)")
  echo "benchmarks/ranks.sh ${line[*]}"
  benchmarks/ranks.sh "${line[@]}" 2>"$logs/$1.log" | tee "$logs/$1.txt" || { tail -n 20 "$logs/$1.log"; return 1; }
}

part_ranks_bf16() { ranks ranks-bf16 3 $bf16 small 60; }
part_ranks_f32() { ranks ranks-f32 3 f32 small 60; }
part_ranks_gpt2() { ranks ranks-gpt2 2 $bf16 gpt2-124m 25; }

part_curve() { bench curve loss-curve --model "$(full small nano)" --batch 8 --dtype $bf16 --peers f32 --steps "$(full 200 5)"; }
part_gradients() { bench gradients gradients --model "$(full gpt2-124m nano)" --batch 4 --dtype $bf16 --peers libtorch; }

kernels() { bench "$1" kernels --model "$(full "$2" nano)" --batch 4 --dtype "$3" --timeout 3000; }
part_kernels_bf16() { kernels kernels-bf16 gpt2-124m $bf16; }
part_kernels_llama() { kernels kernels-llama llama-110m $bf16; }
part_kernels_f32() { kernels kernels-f32 gpt2-124m f32; }

# Median of the rounds' ratios.
ratio_of_ranks() {
  [ -f "$logs/$1.txt" ] || return 0
  sed -n 's/.*ratio \([0-9.]*\)$/\1/p' "$logs/$1.txt" | sort -g |
    awk '{ x[NR] = $1 } END { if (NR) print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2 }'
}

# calculate EXPRESSION A B: of two numbers a and b; nothing when one is missing
calculate() { [ -z "$2" ] || [ -z "$3" ] || awk -v a="$2" -v b="$3" "BEGIN { x = $1; print x < 0 ? -x : x }"; }

# bar WHAT at-least|at-most BOUND VALUE
bar() {
  awk -v what="$1" -v how="$2" -v bound="$3" -v value="$4" 'BEGIN {
    met = how == "at-least" ? value + 0 >= bound + 0 : value + 0 <= bound + 0
    sign = how == "at-least" ? ">=" : "<="
    printf "| %s | %s %s | %s | %s |\n", what, sign, bound, value == "" ? "" : sprintf("%.4g", value), value == "" ? "not measured" : met ? "met" : "**missed**"
  }'
}

rss() { calculate 'a / b' "$(of_row "$1" polyglow peak_rss_bytes)" "$(of_row "$1" libtorch peak_rss_bytes)"; }

bars() {
  local each
  echo "| bar (set for two cores with AMX) | bar | here | |"
  echo "|---|---|---|---|"
  bar "gpt2-124m bf16, tokens/s over libtorch's" at-least 3.5 "$(figure gpt2-bf16 ratio_to libtorch)"
  bar "gpt2-124m f32, tokens/s over libtorch's" at-least 2 "$(figure gpt2-f32 ratio_to libtorch)"
  bar "small bf16, tokens/s over libtorch's" at-least 4 "$(figure small-bf16 ratio_to libtorch)"
  bar "llama-110m bf16, tokens/s over libtorch's" at-least 4 "$(figure llama-bf16 ratio_to libtorch)"
  bar "small bf16, tokens/s over SameDiff's in f32" at-least 10 "$(figure small-nd4j ratio_to nd4j)"
  bar "ideal time / step time, gpt2-124m bf16" at-least 0.5 "$(figure gpt2-bf16 ideal_over_step median)"
  for each in gpt2-bf16 small-bf16 llama-bf16 gpt2-f32; do
    bar "peak RSS over libtorch's, $each" at-most 1 "$(rss $each)"
  done
  bar "two ranks of one thread over one of two, small bf16" at-least 0.8 "$(ratio_of_ranks ranks-bf16)"
  bar "the same, small f32" at-least 0.8 "$(ratio_of_ranks ranks-f32)"
  bar "the same, gpt2-124m bf16" at-least 0.8 "$(ratio_of_ranks ranks-gpt2)"
  bar "garbage per step, bytes, gpt2-124m bf16" at-most 1048576 "$(of_row gpt2-bf16 polyglow garbage_bytes_per_step)"
  bar "the same, small bf16" at-most 1048576 "$(of_row small-bf16 polyglow garbage_bytes_per_step)"
  bar "bf16 against f32 after 200 steps of small, relative" at-most 0.005 "$(calculate 'a - b' "$(figure curve mean_of_last_ratio)" 1)"
  bar "gradients of gpt2-124m bf16 against libtorch's f32, relative L2" at-most 0.01 "$(figure gradients distance relative_l2)"
  bar "the same, loss" at-most 0.0002 "$(calculate 'a - b' "$(figure gradients loss)" "$(figure gradients peer_loss)")"
  bar "memory beside the heap against plan's, gpt2-124m bf16, relative" at-most 0.1 "$(calculate 'a / b - 1' "$(figure memory held)" "$(figure memory planned)")"
}

# Ours must have had time to compile its loops.
short_warmups() {
  local each seconds
  for each in gpt2-bf16 small-bf16 llama-bf16 gpt2-f32 small-f32 llama-f32; do
    seconds=$(of_row $each polyglow warmup_seconds)
    [ -z "$seconds" ] || awk -v s="$seconds" -v part=$each 'BEGIN { if (s < 4) printf "Of %s the steps before the timed ones took only %.1f s: loops may not have been compiled.\n", part, s }'
  done
}

run_part() {
  local part=$1 text=$logs/$1.part begin=$SECONDS code
  echo "== $part"
  "part_${part//-/_}" >"$text" 2>&1
  code=$?
  {
    sed -n "s/^#   $part  *[0-9][0-9]*  \(.*\)/\n## $part: \1\n/p" benchmarks/cpu.sh
    echo '```'
    cat "$text"
    echo '```'
    [ $code -eq 0 ] || printf '\nFAILED with exit code %d; logs are in %s\n' $code "${logs#"$root"/}"
    printf '\n%d s, commit %s\n' $((SECONDS - begin)) "$commit"
  } | tee -a "$file"
  return $code
}

{
  mvn -q -Dfast -DskipTests -pl benchmarks/libtorch,benchmarks/nd4j,benchmarks/kernels -am package && "$polyglow" help
} >"$logs/build.log" 2>&1 || {
  tail -n 20 "$logs/build.log" >&2
  echo "cpu: the build failed; $file is as it was" >&2
  exit 69
}
[ -s "$file" ] || {
  echo "# $(date +%F), $cpu, $(nproc) CPUs, $(awk '/MemTotal/ { print int($2 / 1048576) }' /proc/meminfo) GiB, $(java -version 2>&1 | head -1)"
  echo
  LC_ALL=C lscpu 2>/dev/null | sed -n 's/^\(CPU family\|Model\|Stepping\|Thread(s) per core\|Core(s) per socket\|L2 cache\|L3 cache\|Hypervisor vendor\): *\(.*\)/\1: \2/p' | paste -sd ';' | sed 's/;/; /g'
  grep -q amx_bf16 /proc/cpuinfo || printf '\nThis CPU has no AMX: the bars for bf16 are not meant for it.\n'
} >"$file"
[ -z "$short" ] || echo "With --short: no figure means anything." >>"$file"

failed=()
for part in "${parts[@]}"; do
  run_part "$part" || failed+=("$part")
done
{
  printf '\n## The bars, %s, commit %s\n\n' "$(date +%R)" "$commit"
  bars
  echo
  short_warmups
  [ ${#failed[@]} -eq 0 ] || echo "Failed, of the parts that ran last: ${failed[*]}"
} | tee -a "$file"
echo "written: $file (JSON and logs: $logs)"
for part in ${failed[@]+"${failed[@]}"}; do
  [[ $optional == *" $part "* ]] || exit 1
done
