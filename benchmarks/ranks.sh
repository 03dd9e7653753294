#!/usr/bin/env bash
# Two ranks of one thread (data-parallel over Aeron's shared memory, ZeRO-1) beside one rank of two threads: the same training run by `polyglow train`, in turn.
#   benchmarks/ranks.sh [ROUNDS [STEPS]]        (2 rounds of 14 steps; the first 4 of each are not counted)
# Prints tokens/s of every run, by its median step, and the ratio round by round; both layouts must end with the same bits, or it fails.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
polyglow=${POLYGLOW:-$root/polyglow}
rounds=${1:-2} steps=${2:-14} warmup=4
work=$(mktemp -d "${TMPDIR:-/tmp}/polyglow-ranks-XXXXXX")
trap 'rm -rf "$work"' EXIT

# the tokens of the benchmarks' `small` model: a corpus as prepare makes it
"$polyglow" bench train-step --model small --batch 8 --steps "$steps" --warmup 0 --out "$work/bench" >/dev/null
corpus=$(echo "$work"/bench/corpus-*)
cat >"$work/small.yaml" <<YAML
steps: $steps
seed: 1
dtype: f32
batch: {global: 8, micro: 4, canonical-width: 2}
model: {layers: 6, heads: 6, channels: 384, context: 256}
optimizer: {learning-rate: 0.0006, warmup-steps: 2}
checkpoint: {every: 0}
evaluate: {every: 0}
YAML

# train NAME RANKS THREADS: tokens/s of the median step
train() {
  "$polyglow" train "$work/small.yaml" --set data="$corpus" --set run="$work/$1" --set layout.data="$2" --set threads-per-rank="$3" >"$work/$1.log" 2>&1 || {
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
