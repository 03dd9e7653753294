#!/usr/bin/env bash
# Two ranks of one thread (data-parallel over Aeron's shared memory, ZeRO-1) beside one rank of two threads: the same training run by `polyglow train`, in turn.
#   benchmarks/ranks.sh [ROUNDS [STEPS [DTYPE [MODEL]]]]
#   2 rounds of 14 steps in f32 of `small`, if nothing is said; the first 4 steps of each are not counted. DTYPE: f32 | bf16; MODEL: small | gpt2-124m | llama-110m.
# Prints tokens/s of every run, by its median step, and the ratio round by round; both layouts must end with the same bits, or it fails.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
polyglow=${POLYGLOW:-$root/polyglow}
rounds=${1:-2} steps=${2:-14} dtype=${3:-f32} model=${4:-small} warmup=4
usage() { sed -n '3,4s/^# *//p' "${BASH_SOURCE[0]}" >&2; exit 64; }
llama='norm: rmsnorm, positions: rope, activation: swiglu, bias: false'
case $model in
  small) shape='layers: 6, heads: 6, channels: 384' batch=8 ;;
  gpt2-124m) shape='layers: 12, heads: 12, channels: 768' batch=4 ;;
  llama-110m) shape="layers: 12, heads: 12, kv-heads: 4, channels: 768, hidden: 2304, $llama" batch=4 ;;
  *) usage ;;
esac
case $dtype in f32 | bf16) ;; *) usage ;; esac
[ "$steps" -gt "$warmup" ] || usage
work=$(mktemp -d "${TMPDIR:-/tmp}/polyglow-ranks-XXXXXX")
trap 'rm -rf "$work"' EXIT

# tokens of the benchmarks' model of this name: a corpus as prepare makes it
"$polyglow" bench train-step --model "$model" --batch "$batch" --steps "$steps" --warmup 0 --out "$work/bench" >/dev/null
corpus=$(echo "$work"/bench/corpus-*)
cat >"$work/train.yaml" <<YAML
steps: $steps
seed: 1
dtype: $dtype
batch: {global: $batch, micro: $((batch / 2)), canonical-width: 2}
model: {$shape, context: 256}
optimizer: {learning-rate: 0.0006, warmup-steps: 2}
checkpoint: {every: 0}
evaluate: {every: 0}
YAML

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
