#!/usr/bin/env bash
# Two ranks of one thread (data-parallel over Aeron's shared memory, ZeRO-1) beside one rank of two threads: the same training run by `polyglow train`, in turn.
#   benchmarks/ranks.sh [ROUNDS [STEPS [DTYPE [MODEL]]]]
#   2 rounds in f32 of `small`, if nothing is said; 60 steps of small, 25 of larger models. DTYPE: f32 | bf16; MODEL: small | gpt2-124m | llama-110m.
# The first 5 of 12 steps are not counted: with two JVMs that compile on two cores, whose steps take 0.2 s with AMX, it takes seconds until all loops are compiled.
# Prints tokens/s of every run, by its median step, and the ratio round by round; both layouts must end with the same bits, or it fails.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
polyglow=${POLYGLOW:-$root/polyglow}
source "$root/benchmarks/models.sh"
usage() { sed -n '3,4s/^# *//p' "${BASH_SOURCE[0]}" >&2; exit 64; }
rounds=${1:-2} steps=${2:-} dtype=${3:-f32} model=${4:-small}
shape_of "$model" >/dev/null || usage
[ -n "$steps" ] || case $model in gpt2-124m | llama-110m) steps=25 ;; *) steps=60 ;; esac
case $dtype in f32 | bf16) ;; *) usage ;; esac
warmup=$((steps * 5 / 12))
[ "$warmup" -ge 1 ] || usage
work=$(mktemp -d "${TMPDIR:-/tmp}/polyglow-ranks-XXXXXX")
trap 'rm -rf "$work"' EXIT

corpus=$(corpus_of "$model" "$work/bench")
config_of "$model" "$dtype" "$steps" $(($(batch_of "$model") / 2)) >"$work/train.yaml"

# train NAME RANKS THREADS: tokens/s of the median step
train() {
  "$polyglow" train "$work/train.yaml" --set data="$corpus" --set run="$work/$1" --set layout.data="$2" --set threads-per-rank="$3" >"$work/$1.log" 2>&1 || {
    tail -n 20 "$work/$1.log" >&2
    return 1
  }
  grep -o '"tokens_per_second": *[0-9.E]*' "$work/$1/metrics.jsonl" | tail -n +$((warmup + 1)) | sed 's/.*: *//' | sort -g |
    awk '{ x[NR] = $1 } END { print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2 }'
}

bits() { grep -o '"loss": *[^,]*' "$work/$1/metrics.jsonl"; }

for ((round = 1; round <= rounds; round++)); do
  one=$(train "one-$round" 1 2)
  two=$(train "two-$round" 2 1)
  [ "$(bits "one-$round")" = "$(bits "two-$round")" ] || { echo "the losses of the two layouts differ" >&2; exit 70; }
  awk -v r="$round" -v a="$one" -v b="$two" \
    'BEGIN { printf "round %d: 1 rank x 2 threads %.0f tokens/s, 2 ranks x 1 thread %.0f tokens/s, ratio %.3f\n", r, a, b, b / a }'
done
