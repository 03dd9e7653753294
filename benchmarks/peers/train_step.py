#!/usr/bin/env python3
"""The training step that ours is compared with: GPT-2 and Llama in PyTorch, as fast as plain PyTorch goes.

    train_step.py [--compile] VERB FOLDER RESULT

FOLDER holds plan.json (model, batch, optimizer), tokens.i32 (samples of context + 1 int32) and, for all verbs but train, the checkpoint that
plan.json names. RESULT is the JSON file to write.

    train    takes plan.warmup + plan.steps steps and times them; begins at the checkpoint's weights when it is there
    curve    the same, with the loss over the real vocabulary only, so that it can be compared digit by digit
    loss     the loss of the checkpoint's weights on the first batch
    logits   f32 logits of the checkpoint by Hugging Face Transformers, compared with FOLDER/logits.f32
"""
import argparse
import contextlib
import json
import math
import os
import resource
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

VOCABULARY_MULTIPLE = 64
NO_TARGET = -1


class Plan:
    """plan.json, and what follows from it."""

    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "plan.json"), encoding="utf-8") as file:
            values = json.load(file)
        self.shape = values["shape"]
        self.optimizer = values["optimizer"]
        self.batch = values["batch"]
        self.micro = values["micro"]
        self.context = values["context"]
        self.warmup = values["warmup"]
        self.all_steps = self.warmup + values["steps"]
        self.seed = values["seed"]
        self.checkpoint = values["checkpoint"]
        self.device = "cuda" if values["engine"] == "cuda" else "cpu"
        self.bf16 = values["dtype"] == "bf16"
        self.threads = values["threads"]

    def samples(self):
        tokens = np.memmap(os.path.join(self.folder, "tokens.i32"), dtype="<i4", mode="r")
        return tokens.reshape(-1, self.context + 1)

    def micro_batches(self, samples, step):
        """Inputs and targets of step (from 0), on the device."""
        for first in range(step * self.batch, (step + 1) * self.batch, self.micro):
            window = torch.from_numpy(samples[first : first + self.micro].astype(np.int64))
            if self.device == "cuda":
                window = window.pin_memory().to("cuda", non_blocking=True)
            yield window[:, :-1].contiguous(), window[:, 1:].contiguous()

    def learning_rate(self, step):
        """Of step, from 1: linear warm-up, then half a cosine."""
        o = self.optimizer
        peak, low = o["learning_rate"], o["min_learning_rate"]
        if step <= o["warmup_steps"]:
            return peak * step / o["warmup_steps"]
        if step >= o["decay_steps"]:
            return low
        progress = (step - o["warmup_steps"]) / (o["decay_steps"] - o["warmup_steps"])
        return low + 0.5 * (1 + math.cos(math.pi * progress)) * (peak - low)

    def autocast(self):
        if self.bf16:
            return torch.autocast(device_type=self.device, dtype=torch.bfloat16)
        return contextlib.nullcontext()


class Gpt2Block(nn.Module):
    def __init__(self, s):
        super().__init__()
        c = s["channels"]
        self.heads = s["heads"]
        self.ln_1 = nn.LayerNorm(c, eps=s["norm_epsilon"])
        self.qkv = nn.Linear(c, 3 * c)
        self.out = nn.Linear(c, c)
        self.ln_2 = nn.LayerNorm(c, eps=s["norm_epsilon"])
        self.up = nn.Linear(c, s["hidden"])
        self.down = nn.Linear(s["hidden"], c)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = (part.view(b, t, self.heads, -1).transpose(1, 2) for part in self.qkv(self.ln_1(x)).split(c, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, c))
        return x + self.down(F.gelu(self.up(self.ln_2(x)), approximate="tanh"))

    @staticmethod
    def names(layer):
        at = f"transformer.h.{layer}."
        return {
            "ln_1": (at + "ln_1", False),
            "qkv": (at + "attn.c_attn", True),
            "out": (at + "attn.c_proj", True),
            "ln_2": (at + "ln_2", False),
            "up": (at + "mlp.c_fc", True),
            "down": (at + "mlp.c_proj", True),
        }


class LlamaBlock(nn.Module):
    def __init__(self, s):
        super().__init__()
        c, self.heads, self.kv_heads = s["channels"], s["heads"], s["kv_heads"]
        kv = c // self.heads * self.kv_heads
        self.norm_1 = nn.RMSNorm(c, eps=s["norm_epsilon"])
        self.q = nn.Linear(c, c, bias=False)
        self.k = nn.Linear(c, kv, bias=False)
        self.v = nn.Linear(c, kv, bias=False)
        self.out = nn.Linear(c, c, bias=False)
        self.norm_2 = nn.RMSNorm(c, eps=s["norm_epsilon"])
        self.gate = nn.Linear(c, s["hidden"], bias=False)
        self.up = nn.Linear(c, s["hidden"], bias=False)
        self.down = nn.Linear(s["hidden"], c, bias=False)

    def forward(self, x, cos, sin):
        b, t, c = x.shape
        normed = self.norm_1(x)
        q = rotate(self.q(normed).view(b, t, self.heads, -1).transpose(1, 2), cos, sin)
        k = rotate(self.k(normed).view(b, t, self.kv_heads, -1).transpose(1, 2), cos, sin)
        v = self.v(normed).view(b, t, self.kv_heads, -1).transpose(1, 2)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=self.kv_heads != self.heads)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, c))
        normed = self.norm_2(x)
        return x + self.down(F.silu(self.gate(normed)) * self.up(normed))

    @staticmethod
    def names(layer):
        at = f"model.layers.{layer}."
        return {
            "norm_1": (at + "input_layernorm", False),
            "q": (at + "self_attn.q_proj", False),
            "k": (at + "self_attn.k_proj", False),
            "v": (at + "self_attn.v_proj", False),
            "out": (at + "self_attn.o_proj", False),
            "norm_2": (at + "post_attention_layernorm", False),
            "gate": (at + "mlp.gate_proj", False),
            "up": (at + "mlp.up_proj", False),
            "down": (at + "mlp.down_proj", False),
        }


def rotate(x, cos, sin):
    """Turns the pairs (i, i + half) of each head."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1).to(x.dtype)


class Model(nn.Module):
    """Token ids and targets to the mean loss. The rows that pad the vocabulary are zero and never targets."""

    def __init__(self, shape, context):
        super().__init__()
        self.shape = shape
        self.gpt2 = shape["style"] == "gpt2"
        c = shape["channels"]
        padded = -(-shape["vocab_size"] // VOCABULARY_MULTIPLE) * VOCABULARY_MULTIPLE
        self.tokens = nn.Embedding(padded, c)
        if self.gpt2:
            self.positions = nn.Embedding(context, c)
            self.norm = nn.LayerNorm(c, eps=shape["norm_epsilon"])
        else:
            size = c // shape["heads"]
            frequency = shape["rope_theta"] ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
            angle = torch.outer(torch.arange(context, dtype=torch.float64), frequency)
            self.register_buffer("cos", angle.cos().float(), persistent=False)
            self.register_buffer("sin", angle.sin().float(), persistent=False)
            self.norm = nn.RMSNorm(c, eps=shape["norm_epsilon"])
        block = Gpt2Block if self.gpt2 else LlamaBlock
        self.blocks = nn.ModuleList(block(shape) for _ in range(shape["layers"]))
        self.exact = False

    def logits(self, ids):
        x = self.tokens(ids)
        t = ids.shape[1]
        if self.gpt2:
            x = x + self.positions.weight[:t]
            for block in self.blocks:
                x = block(x)
        else:
            for block in self.blocks:
                x = block(x, self.cos[:t], self.sin[:t])
        return F.linear(self.norm(x), self.tokens.weight)

    def forward(self, ids, targets):
        logits = self.logits(ids)
        if self.exact:
            logits = logits[..., : self.shape["vocab_size"]]
        return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1), ignore_index=NO_TARGET)

    @torch.no_grad()
    def draw(self):
        """The usual initial weights, where there is no checkpoint."""
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1:
                last = name.endswith("out.weight") or name.endswith("down.weight")
                parameter.normal_(0, 0.02 / math.sqrt(2 * self.shape["layers"]) if last else 0.02)
            elif name.endswith("bias"):
                parameter.zero_()
        self.tokens.weight[self.shape["vocab_size"] :].zero_()

    @torch.no_grad()
    def load(self, folder):
        """A Hugging Face model directory."""
        with open(os.path.join(folder, "model.safetensors.index.json"), encoding="utf-8") as file:
            files = sorted(set(json.load(file)["weight_map"].values()))
        values = {}
        for file in files:
            values.update(read_safetensors(os.path.join(folder, file)))
        table = values.pop("transformer.wte.weight" if self.gpt2 else "model.embed_tokens.weight")
        self.tokens.weight.zero_()
        self.tokens.weight[: table.shape[0]].copy_(table)
        if self.gpt2:
            self.positions.weight.copy_(values.pop("transformer.wpe.weight"))
        self.put(self.norm, values, "transformer.ln_f" if self.gpt2 else "model.norm", False)
        for layer, block in enumerate(self.blocks):
            for name, (theirs, transposed) in block.names(layer).items():
                self.put(getattr(block, name), values, theirs, transposed)
        if values:
            raise SystemExit(f"{folder} has parameters that this model lacks: {sorted(values)}")

    @staticmethod
    def put(module, values, name, transposed):
        for part, parameter in module.named_parameters():
            value = values.pop(f"{name}.{part}")
            parameter.copy_(value.t() if transposed and value.dim() > 1 else value)


def read_safetensors(path):
    """All tensors of a file that has only F32; none of it stays mapped, which would count as memory of this process."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] != "F32":
            raise SystemExit(f"{path}: {name} is {entry['dtype']}, expected F32")
        begin, end = (8 + length + at for at in entry["data_offsets"])
        values = np.fromfile(path, dtype="<f4", count=(end - begin) // 4, offset=begin)
        tensors[name] = torch.from_numpy(values.reshape(entry["shape"]))
    return tensors


def new_model(plan):
    model = Model(plan.shape, plan.context)
    if os.path.isdir(plan.checkpoint):
        model.load(plan.checkpoint)
    else:
        model.to(plan.device)
        model.draw()
    return model.to(plan.device)


def new_optimizer(plan, model):
    """Weight decay applies to matrices only."""
    o = plan.optimizer
    matrices = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": o["weight_decay"]}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=o["learning_rate"], betas=(o["beta1"], o["beta2"]), eps=o["epsilon"], fused=True)


class Stopwatch:
    """Marks the ends of steps; on a GPU by events in its queue, so that marking makes nobody wait."""

    def __init__(self, device):
        self.cuda = device == "cuda"
        self.marks = []

    def mark(self):
        if self.cuda:
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            self.marks.append(event)
        else:
            self.marks.append(time.perf_counter())

    def seconds(self):
        if self.cuda:
            torch.cuda.synchronize()
            return [a.elapsed_time(b) / 1e3 for a, b in zip(self.marks, self.marks[1:])]
        return [b - a for a, b in zip(self.marks, self.marks[1:])]


def train(plan, args, begin, exact):
    torch.manual_seed(plan.seed)
    model = new_model(plan)
    model.exact = exact
    optimizer = new_optimizer(plan, model)
    step_model = torch.compile(model) if args.compile else model
    samples = plan.samples()
    parts = plan.batch // plan.micro
    parameters = list(model.parameters())
    losses = []
    watch = Stopwatch(plan.device)
    start = time.perf_counter() - begin
    watch.mark()
    for step in range(plan.all_steps):
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate(step + 1)
        total = torch.zeros((), device=plan.device)
        for ids, targets in plan.micro_batches(samples, step):
            with plan.autocast():
                loss = step_model(ids, targets) / parts
            loss.backward()
            total += loss.detach()
        if plan.optimizer["clip_norm"] > 0:
            torch.nn.utils.clip_grad_norm_(parameters, plan.optimizer["clip_norm"])
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(total)
        watch.mark()
    seconds = watch.seconds()
    return {
        "description": describe(plan, args),
        "dtype": "bf16" if plan.bf16 else "f32",
        "warmup": plan.warmup,
        "start_seconds": start,
        "step_seconds": seconds,
        "losses": [float(loss) for loss in losses],
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10,
        "peak_device_bytes": torch.cuda.max_memory_allocated() if plan.device == "cuda" else 0,
    }


@torch.no_grad()
def loss_of_first_batch(plan):
    model = new_model(plan)
    model.exact = True
    total = 0.0
    for ids, targets in plan.micro_batches(plan.samples(), 0):
        with plan.autocast():
            total += float(model(ids, targets))
    return {"loss": total / (plan.batch // plan.micro)}


@torch.no_grad()
def compare_logits(plan):
    """On the CPU, where f32 is f32."""
    vocabulary = plan.shape["vocab_size"]
    ours = np.fromfile(os.path.join(plan.folder, "logits.f32"), dtype="<f4").reshape(-1, plan.batch, vocabulary)
    ids = torch.from_numpy(plan.samples()[: plan.batch, : ours.shape[0]].astype(np.int64))
    try:
        from transformers import AutoModelForCausalLM, __version__

        model = AutoModelForCausalLM.from_pretrained(plan.checkpoint).float().eval()
        theirs = model(ids).logits
        reference = f"transformers {__version__}"
    except ImportError as missing:
        model = Model(plan.shape, plan.context)
        model.load(plan.checkpoint)
        theirs = model.logits(ids)[..., :vocabulary]
        reference = f"this script's model, because of: {missing}"
    theirs = theirs.float().numpy().transpose(1, 0, 2)
    difference = np.abs(ours.astype(np.float64) - theirs)
    return {
        "reference": reference,
        "sequences": plan.batch,
        "positions": int(ours.shape[0]),
        "max_abs_difference": float(difference.max()),
        "mean_abs_difference": float(difference.mean()),
        "max_abs_logit": float(np.abs(theirs).max()),
        "same_argmax": float((ours.argmax(-1) == theirs.argmax(-1)).mean()),
    }


def describe(plan, args):
    where = torch.cuda.get_device_name() if plan.device == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    how = "torch.compile" if args.compile else "eager"
    return f"torch {torch.__version__} {how}, {where}, {'bf16 autocast' if plan.bf16 else 'f32'}"


def main():
    begin = time.perf_counter()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", action="store_true", help="compile the model with torch.compile")
    parser.add_argument("verb", choices=["train", "curve", "loss", "logits"])
    parser.add_argument("folder")
    parser.add_argument("result")
    args = parser.parse_args()
    plan = Plan(args.folder)
    if plan.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("the plan is for a GPU, but torch sees none")
    torch.set_num_threads(plan.threads)
    torch.set_float32_matmul_precision("high")
    if args.verb == "loss":
        result = loss_of_first_batch(plan)
    elif args.verb == "logits":
        result = compare_logits(plan)
    else:
        result = train(plan, args, begin, exact=args.verb == "curve")
    with open(args.result, "w", encoding="utf-8") as file:
        json.dump(result, file)


if __name__ == "__main__":
    sys.exit(main())
