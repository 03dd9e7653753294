"""Times the tensor core attention kernels of the CUDA engine next to PyTorch's fused attention, after a comparison of their results.

python3 benchmarks/peers/attention.py      needs numpy, cupy and torch
"""
import pathlib
import sys
import tempfile
import time

import cupy
import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "engines/cuda/src/main/resources/io/polyglow/engine/cuda"
# The kernels by the products of warps, and by those of warpgroups, which Hopper alone has.
MMA, WGMMA = "attention_flash.cu", "attention_wgmma.cu"
# B, T, H, K, D
SHAPES = [(32, 1024, 12, 12, 64), (8, 2048, 16, 16, 128)]
TOLERANCE = 1.5e-2
NONE = np.uint64(0)

# Parameters by the names that they have in SOURCES.
PARAMETERS = {
    "flash_forward": ("out", "lse", "qkv", "firstKeys", "B", "T", "H", "K"),
    "flash_delta": ("delta", "dOut", "out", "B", "T", "H"),
    "flash_backward_kv": ("dQkv", "dOut", "lse", "delta", "qkv", "firstKeys", "B", "T", "H", "K"),
    "flash_backward_q": ("dQkv", "dOut", "lse", "delta", "qkv", "firstKeys", "B", "T", "H", "K"),
}


def cdiv(a, b):
    return -(-a // b)


def grid_block_shared(source, kernel, B, T, H, K, D):
    """Grid, block and dynamic shared bytes, as FlashAttention.java has them."""
    large = source == WGMMA or D == 64
    threads, rows, backward = 256 if source == WGMMA else 128, 128 if large else 64, (1024 if large else 768) * D
    return {
        "flash_forward": ((cdiv(T, 128), H, B), (threads, 1, 1), 768 * D),
        "flash_delta": ((cdiv(B * T * H * D, 2048), 1, 1), (256, 1, 1), 0),
        "flash_backward_kv": ((cdiv(T, rows), K, B), (threads, 1, 1), backward + 1024),
        "flash_backward_q": ((cdiv(T, rows), H, B), (threads, 1, 1), backward),
    }[kernel]


def module(source, D):
    """Compiled for all that this GPU has, as Nvrtc.java does it."""
    major, minor = torch.cuda.get_device_capability()
    architecture = f"sm_{major}{minor}{'a' if major >= 9 else ''}"
    code = (SOURCES / "attention_tiles.cuh").read_text() + (SOURCES / source).read_text()
    program = cupy.cuda.nvrtc.createProgram(code, source, (), ())
    try:
        cupy.cuda.nvrtc.compileProgram(program, ("--std=c++17", f"-DHEAD_DIM={D}", f"--gpu-architecture={architecture}"))
    except Exception:
        print(cupy.cuda.nvrtc.getProgramLog(program))
        raise
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cupy.cuda.nvrtc.getCUBIN(program))
        file.flush()
        made = cupy.RawModule(path=file.name)
        made.compile()
    return made


class Ours:
    """The kernels of one source and shape on PyTorch's stream, with tensors to work on by the names of PARAMETERS."""

    def __init__(self, source, shape, qkv, d_out):
        B, T, H, K, D = self.shape = shape
        self.source = source
        begin = time.time()
        self.module = module(source, D)
        print(f"{source} compiled for heads of {D} in {time.time() - begin:.1f} s", flush=True)
        lse = torch.full((B, H, T), float("nan"), device="cuda")
        self.tensors = {
            "qkv": qkv,
            "dOut": d_out,
            "out": torch.full_like(d_out, float("nan")),
            "dQkv": torch.full_like(qkv, float("nan")),
            "lse": lse,
            "delta": torch.full_like(lse, float("nan")),
        }
        self.launches = {name: self.launch(name) for name in PARAMETERS}

    def launch(self, name):
        grid, block, shared = grid_block_shared(self.source, name, *self.shape)
        function = self.module.get_function(name)
        if shared > 48 << 10:
            function.max_dynamic_shared_size_bytes = shared
        values = {each: np.uint64(tensor.data_ptr()) for each, tensor in self.tensors.items()}
        values.update({each: np.int32(size) for each, size in zip("BTHK", self.shape)}, firstKeys=NONE)
        arguments = tuple(values[each] for each in PARAMETERS[name])
        return lambda: function(grid, block, arguments, shared_mem=shared)

    def run(self, *names):
        for name in names:
            self.launches[name]()


def median_ms(action, runs=20, warmup=3):
    for _ in range(warmup):
        action()
    events = [[torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(runs)]
    for begin, end in events:
        begin.record()
        action()
        end.record()
    torch.cuda.synchronize()
    return float(np.median([begin.elapsed_time(end) for begin, end in events]))


def line(name, shape, forward, backward, extra=""):
    B, T, H, _, D = shape
    flops = 2.0 * B * H * T * T * D  # two products, half of them hidden
    print(f"{name:18s} {shape} forward {forward:.3f} ms {flops / forward / 1e9:.0f} TFLOP/s, "
          f"backward {backward:.3f} ms {2.5 * flops / backward / 1e9:.0f} TFLOP/s{extra}", flush=True)


def torch_attention(shape, qkv, d_out):
    """Output and gradient of the inputs, both as our kernels lay them out."""
    B, T, H, K, D = shape
    x = qkv.view(B, T, H + 2 * K, D).transpose(1, 2)
    q, k, v = (part.detach().requires_grad_() for part in (x[:, :H], x[:, H:H + K], x[:, H + K:]))

    def forward():
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=H != K)

    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        y = forward()
        d_y = d_out.view(B, T, H, D).transpose(1, 2)
        with torch.no_grad():
            forward_ms = median_ms(forward)
        backward_ms = median_ms(lambda: torch.autograd.grad(y, (q, k, v), d_y, retain_graph=True))
        gradients = torch.autograd.grad(y, (q, k, v), d_y)
    line("torch", shape, forward_ms, backward_ms)
    out = y.detach().transpose(1, 2).reshape(B * T, H * D)
    return out, torch.cat([g.transpose(1, 2) for g in gradients], 2).reshape(B * T, -1)


def compare(shape):
    """Whether ours compute what torch does; times all."""
    B, T, H, K, D = shape
    torch.manual_seed(0)
    qkv = torch.randn(B * T, (H + 2 * K) * D, device="cuda", dtype=torch.bfloat16)
    d_out = torch.randn(B * T, H * D, device="cuda", dtype=torch.bfloat16)
    expected = torch_attention(shape, qkv, d_out)
    hopper = torch.cuda.get_device_capability() == (9, 0)
    return all([check(Ours(source, shape, qkv, d_out), expected) for source in ((MMA, WGMMA) if hopper else (MMA,))])


def check(ours, expected):
    """Whether these are the numbers; prints how far they are off, and the times."""
    ours.run(*PARAMETERS)
    torch.cuda.synchronize()
    shape, same = ours.shape, True
    for name, right in zip(("out", "dQkv"), expected):
        error = ((ours.tensors[name].float() - right.float()).norm() / right.float().norm()).item()
        same &= error < TOLERANCE  # false for NaN
        print(f"{'ok  ' if error < TOLERANCE else 'FAIL'} {name} {shape} of {ours.source}: relative error to torch {error:.2e}")
    backward = ("flash_delta", "flash_backward_kv", "flash_backward_q")
    parts = ", ".join(f"{each} {median_ms(ours.launches[each]):.3f}" for each in backward)
    line(ours.source, shape, median_ms(ours.launches["flash_forward"]), median_ms(lambda: ours.run(*backward)), ": " + parts)
    return same


def main():
    print(torch.cuda.get_device_name(), "torch", torch.__version__, "cupy", cupy.__version__, "nvrtc", cupy.cuda.nvrtc.getVersion())
    results = [compare(shape) for shape in SHAPES]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
