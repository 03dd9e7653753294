# The benchmarks' models as configs of runs; read by cpu.sh and ranks.sh.

# Sequences of a step.
batch_of() { case $1 in small) echo 8 ;; *) echo 4 ;; esac; }

vocabulary_of() { case $1 in nano) echo 512 ;; small) echo 8192 ;; gpt2-124m) echo 50257 ;; llama-110m) echo 32000 ;; esac; }

shape_of() {
  local llama='norm: rmsnorm, positions: rope, activation: swiglu, bias: false'
  case $1 in
    nano) echo 'layers: 2, heads: 2, channels: 64' ;;
    small) echo 'layers: 6, heads: 6, channels: 384' ;;
    gpt2-124m) echo 'layers: 12, heads: 12, channels: 768' ;;
    llama-110m) echo "layers: 12, heads: 12, kv-heads: 4, channels: 768, hidden: 2304, $llama" ;;
    *) return 1 ;;
  esac
}

# config_of MODEL DTYPE STEPS MICRO: what `bench train-step` trains, as YAML; data, run and layout are the caller's to set.
config_of() {
  cat <<YAML
steps: $3
seed: 1
dtype: $2
batch: {global: $(batch_of "$1"), micro: $4, canonical-width: $(($(batch_of "$1") / $4))}
model: {$(shape_of "$1"), context: 256}
optimizer: {learning-rate: 0.0006, warmup-steps: 2}
checkpoint: {every: 0}
evaluate: {every: 0}
YAML
}

# corpus_of MODEL DIR: made-up tokens with the model's vocabulary, as prepare makes a corpus; prints where.
corpus_of() {
  "$polyglow" bench train-step --model "$1" --batch "$(batch_of "$1")" --steps 4 --warmup 0 --out "$2" >/dev/null 2>"$2.log" || {
    tail -n 20 "$2.log" >&2
    return 1
  }
  echo "$2"/corpus-*
}
