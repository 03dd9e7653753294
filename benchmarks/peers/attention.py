"""Checks the attention kernels of the CUDA engine against float64 references, then times the tensor core ones next to PyTorch.

python3 benchmarks/peers/attention.py [--no-timing]      needs numpy and cupy; timing needs torch
"""
import argparse
import pathlib
import sys
import time
import traceback

import numpy as np

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "engines/cuda/src/main/resources/io/polyglow/engine/cuda"
CONTRACT = [(1, 1, 1, 1, 2), (2, 13, 4, 2, 16), (3, 64, 3, 3, 64), (1, 207, 6, 2, 32), (2, 130, 2, 1, 8), (1, 17, 5, 1, 26), (1, 40, 2, 1, 200)]
FLASH = [(2, 130, 4, 2, 64), (1, 1, 1, 1, 64), (3, 64, 3, 3, 64), (2, 1000, 6, 2, 128), (2, 207, 12, 12, 64), (1, 77, 2, 1, 128)]
TIMED = [(32, 1024, 12, 12, 64), (8, 2048, 16, 16, 128)]
TOLERANCE = {"f32": 1e-5, "bf16": 8e-3}
BUDGET_S = 50
START = time.time()
SUMMARY = []


def cdiv(a, b):
    return -(-a // b)


def flash_launch(kernel, B, T, H, K, D):
    """Grid, block and dynamic shared bytes."""
    rows = 128 if D == 64 else 64
    return {
        "flash_forward": ((cdiv(T, 128), H, B), (128, 1, 1), 768 * D),
        "flash_delta": ((cdiv(B * T * H * D, 2048), 1, 1), (256, 1, 1), 0),
        "flash_backward_kv": ((cdiv(T, rows), K, B), (128, 1, 1), (4 * rows + 512) * D + 1024),
        "flash_backward_q": ((cdiv(T, rows), H, B), (128, 1, 1), (4 * rows + 512) * D),
    }[kernel]


# Numbers ------------------------------------------------------------------------------------------------------------------------------


def to_bf16(x):
    bits = np.asarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def encode(x, dtype):
    return to_bf16(x) if dtype == "bf16" else np.asarray(x, np.float32)


def decode(x):
    if x.dtype == np.uint16:
        return (x.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return x.astype(np.float64)


def poison(shape, dtype):
    return np.full(shape, 0x7FC0, np.uint16) if dtype == "bf16" else np.full(shape, np.nan, np.float32)


def reference(qkv, d_out, B, T, H, K, D):
    """out, lse, delta and dQkv in float64."""
    group = H // K
    x = qkv.reshape(B, T, H + 2 * K, D)
    out, lse = np.zeros((B, T, H, D)), np.zeros((B, H, T))
    d_x, delta = np.zeros_like(x), np.zeros((B, H, T))
    d_out = d_out.reshape(B, T, H, D)
    hidden = np.triu(np.ones((T, T), bool), 1)
    for b in range(B):
        for h in range(H):
            q, k, v = x[b, :, h], x[b, :, H + h // group], x[b, :, H + K + h // group]
            s = q @ k.T / np.sqrt(D)
            s[hidden] = -np.inf
            top = s.max(1)
            lse[b, h] = top + np.log(np.exp(s - top[:, None]).sum(1))
            p = np.exp(s - lse[b, h][:, None])
            out[b, :, h] = p @ v
            d_o = d_out[b, :, h]
            delta[b, h] = (d_o * out[b, :, h]).sum(1)
            d_s = p * (d_o @ v.T - delta[b, h][:, None]) / np.sqrt(D)
            d_x[b, :, h] = d_s @ k
            d_x[b, :, H + h // group] += d_s.T @ q
            d_x[b, :, H + K + h // group] += p.T @ d_o
    return out.reshape(B * T, H * D), lse, delta, d_x.reshape(B * T, -1)


# Checks -------------------------------------------------------------------------------------------------------------------------------


def report(name, shape, actual, expected, tolerance, floor=0.0):
    """Norm-relative error; floor is an absolute size below which an expected norm counts as nothing."""
    size = max(np.linalg.norm(expected), floor)
    finite = bool(np.isfinite(actual).all())
    error = np.linalg.norm(actual - expected) / size if finite else float("nan")
    largest = np.abs(actual - expected).max() if finite else float("nan")
    ok = finite and error < tolerance
    SUMMARY.append((ok, f"{name} {shape}"))
    print(f"{'ok  ' if ok else 'FAIL'} {name} {shape} relerr {error:.2e} max {largest:.2e}" + ("" if finite else " NOT FINITE"), flush=True)
    if not ok and finite:
        worst = np.unravel_index(np.abs(actual - expected).argmax(), actual.shape)
        print(f"     worst at {tuple(map(int, worst))}: {actual[worst]} expected {expected[worst]}")
    elif not finite:
        print(f"     first bad element at {tuple(map(int, np.argwhere(~np.isfinite(actual))[0]))} of {actual.shape}")


def guarded(name, shape, action):
    try:
        return action()
    except Exception as e:
        SUMMARY.append((False, f"{name} {shape}: {e!r}"))
        print(f"FAIL {name} {shape}: {e!r}")
        traceback.print_exc()
        return None


def run(gpu, module, kernel, launch, arrays, scalars):
    """Launches twice, from the same outputs; returns {index: array} of the changed arrays. arrays: (numpy, is_output)."""
    results = []
    for _ in range(2):
        on_device = [gpu.upload(a) for a, _ in arrays]
        gpu.launch(module, kernel, launch, on_device, scalars)
        results.append({i: gpu.download(on_device[i]) for i, (_, output) in enumerate(arrays) if output})
    for i in results[0]:
        if results[0][i].tobytes() != results[1][i].tobytes():
            SUMMARY.append((False, f"{kernel} {scalars}: not the same bits twice"))
            print(f"FAIL {kernel} {scalars}: output {i} has not the same bits twice")
    return results[0]


def inputs(B, T, H, K, D, dtype, seed):
    random = np.random.default_rng(seed)
    qkv = encode(random.standard_normal((B * T, (H + 2 * K) * D)) * 1.5, dtype)
    d_out = encode(random.standard_normal((B * T, H * D)), dtype)
    return qkv, d_out


def heads(x, shape, which):
    B, T, H, K, D = shape
    x = x.reshape(B * T, H + 2 * K, D)
    return x[:, :H] if which == "q" else x[:, H:]


def check_training(gpu, module, names, launches, shape, dtype, with_d):
    """Forward, delta and both backward kernels, each from reference inputs so that one failure does not hide another."""
    B, T, H, K, D = shape
    qkv, d_out = inputs(B, T, H, K, D, dtype, 7)
    out, lse, delta, d_qkv = reference(decode(qkv), decode(d_out), B, T, H, K, D)
    rounded_out, lse32 = encode(out, dtype), lse.astype(np.float32)
    scalars = [B, T, H, K, D] if with_d else [B, T, H, K]
    tolerance = TOLERANCE[dtype]
    floor = 1e-3 * np.sqrt(B * T * H * D)
    tag = f"{dtype} {shape}"

    def forward():
        got = run(gpu, module, names[0], launches(names[0], *shape),
                  [(poison(out.shape, dtype), True), (poison(lse.shape, "f32"), True), (qkv, False)], scalars)
        report(names[0] + " out", tag, decode(got[0]), out, tolerance)
        report(names[0] + " lse", tag, decode(got[1]), lse, 1e-5 if dtype == "f32" else 1e-4, floor)

    def deltas():
        expected = (decode(d_out) * decode(rounded_out)).reshape(B, T, H, D).sum(-1).transpose(0, 2, 1)
        got = run(gpu, module, names[1], launches(names[1], *shape),
                  [(poison(delta.shape, "f32"), True), (d_out, False), (rounded_out, False)], [B, T, H] + ([D] if with_d else []))
        report(names[1], tag, decode(got[0]), expected, 1e-5)

    def backward(name, which):
        got = run(gpu, module, name, launches(name, *shape),
                  [(poison(d_qkv.shape, dtype), True), (d_out, False), (lse32, False), (delta.astype(np.float32), False), (qkv, False)], scalars)
        actual = decode(got[0])
        report(name, tag, heads(actual, shape, which), heads(d_qkv, shape, which), tolerance, floor)
        if which == "kv":
            both = heads(actual, shape, which), heads(d_qkv, shape, which)
            report(name + " dK", tag, both[0][:, :K], both[1][:, :K], tolerance, floor)
        others = heads(actual, shape, "kv" if which == "q" else "q")
        if not np.isnan(others).all():
            SUMMARY.append((False, f"{name} {tag}: writes the other heads"))
            print(f"FAIL {name} {tag}: writes the other heads")

    guarded(names[0], tag, forward)
    guarded(names[1], tag, deltas)
    guarded(names[2], tag, lambda: backward(names[2], "q"))
    guarded(names[3], tag, lambda: backward(names[3], "kv"))


def generic_launch(name, B, T, H, K, D):
    rows = cdiv(T, 8)
    grid = (cdiv(B * T * H, 8), 1, 1) if "delta" in name else (rows, K, B) if "_kv" in name else (rows, H, B)
    return grid, (32, 8, 1), 0


def check_cached(gpu, module, shape, dtype):
    B, T, H, K, D = shape
    qkv, d_out = inputs(B, T, H, K, D, dtype, 11)
    out = reference(decode(qkv), decode(d_out), B, T, H, K, D)[0].reshape(B, T, H * D)
    x = qkv.reshape(B, T, -1)
    P, width, prefill = T + 3, K * D, cdiv(T, 2)
    random = np.random.default_rng(13)
    # Of the unused positions nothing may be seen.
    keys, values = (encode(random.standard_normal((B, P, width)), dtype) for _ in range(2))
    tag = f"{dtype} {shape}"
    got = np.empty((B, T, H * D))
    expected_keys = keys.copy()
    for first, count in [(0, prefill), (prefill, max(T - prefill - 1, 0)), (T - 1, 1)]:
        if count == 0 or first < prefill and first > 0:
            continue
        rows = np.ascontiguousarray(x[:, first:first + count])
        scalars = [B, count, H, K, D, P, first]
        cache = run(gpu, module, f"cache_append_{dtype}", ((cdiv(B * count * width, 256), 1, 1), (256, 1, 1), 0),
                    [(keys, True), (values, True), (rows, False)], scalars)
        keys, values = cache[0], cache[1]
        expected_keys[:, first:first + count] = rows[:, :, H * D:(H + K) * D]
        y = run(gpu, module, f"attention_cached_{dtype}", ((count, H, B), (32, 8, 1), 0),
                [(poison((B * count, H * D), dtype), True), (keys, False), (values, False), (rows, False)], scalars)
        got[:, first:first + count] = decode(y[0]).reshape(B, count, -1)
    report(f"cache_append_{dtype} keys", tag, decode(keys), decode(expected_keys), 1e-12)
    report(f"attention_cached_{dtype}", tag, got, out, TOLERANCE[dtype])


def check_all(gpu):
    module = guarded("compile", "attention.cu", lambda: gpu.compile((SOURCES / "attention.cu").read_text(), []))
    if module is not None:
        for dtype in ("f32", "bf16"):
            names = [f"attention_{k}_{dtype}" for k in ("forward", "delta", "backward_q", "backward_kv")]
            for shape in CONTRACT:
                check_training(gpu, module, names, generic_launch, shape, dtype, True)
                guarded("cached", shape, lambda: check_cached(gpu, module, shape, dtype))
    names = ["flash_forward", "flash_delta", "flash_backward_q", "flash_backward_kv"]
    modules = {}
    for D in (64, 128):
        modules[D] = guarded("compile", f"attention_flash.cu {D}", lambda: gpu.compile(flash_source(), [f"-DHEAD_DIM={D}"]))
    for shape in FLASH:
        if modules[shape[-1]] is not None:
            check_training(gpu, modules[shape[-1]], names, flash_launch, shape, "bf16", False)


def flash_source(changes=()):
    text = (SOURCES / "attention_flash.cu").read_text()
    for old, new in changes:
        if old not in text:
            raise ValueError(f"no {old!r} in attention_flash.cu")
        text = text.replace(old, new)
    return text


# The device ---------------------------------------------------------------------------------------------------------------------------


class Gpu:
    def __init__(self):
        import cupy
        self.cupy = cupy
        self.functions = {}
        properties = cupy.cuda.runtime.getDeviceProperties(0)
        print(properties["name"].decode(), "cupy", cupy.__version__, "nvrtc", cupy.cuda.nvrtc.getVersion())

    def compile(self, source, options):
        begin = time.time()
        module = self.cupy.RawModule(code=source, backend="nvrtc", options=tuple(["--std=c++17"] + options))
        module.compile()
        print(f"compiled {options} in {time.time() - begin:.1f} s", flush=True)
        return module

    def function(self, module, name, shared):
        key = id(module), name
        if key not in self.functions:
            # The module stays referenced, or its id could be taken by another one.
            function = module.get_function(name)
            if shared > 48 << 10:
                function.max_dynamic_shared_size_bytes = shared
            self.functions[key] = function, module
        return self.functions[key][0]

    def upload(self, array):
        return self.cupy.asarray(array)

    def download(self, array):
        return self.cupy.asnumpy(array)

    def launch(self, module, name, launch, arrays, scalars):
        grid, block, shared = launch
        self.function(module, name, shared)(grid, block, (*arrays, *(np.int32(s) for s in scalars)), shared_mem=shared)
        self.cupy.cuda.runtime.deviceSynchronize()


# Timing -------------------------------------------------------------------------------------------------------------------------------


def median_ms(torch, action, runs=20, warmup=3):
    for _ in range(warmup):
        action()
    events = [[torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(runs)]
    for begin, end in events:
        begin.record()
        action()
        end.record()
    torch.cuda.synchronize()
    return float(np.median([begin.elapsed_time(end) for begin, end in events]))


# Name, textual changes of attention_flash.cu.
VARIANTS = [
    ("as committed", ()),
    ("q: 16 keys", [("BACKWARD_KEYS = 32", "BACKWARD_KEYS = 16")]),
    ("q: 16 keys, 3 blocks", [("BACKWARD_KEYS = 32", "BACKWARD_KEYS = 16"), ("(THREADS, 2) flash_backward_q", "(THREADS, 3) flash_backward_q")]),
    ("forward: no slack", [("SLACK = 8.0f", "SLACK = 0.0f")]),
]


def time_flash(gpu, shape):
    import torch
    import torch.nn.functional as F
    from torch.nn.attention import SDPBackend, sdpa_kernel

    B, T, H, K, D = shape
    torch.manual_seed(0)
    qkv = torch.randn(B * T, (H + 2 * K) * D, device="cuda", dtype=torch.bfloat16)
    d_out = torch.randn(B * T, H * D, device="cuda", dtype=torch.bfloat16)
    flops = 2.0 * B * H * T * T * D  # two products, half of them hidden

    def line(name, forward, backward, extra=""):
        text = (f"{name:28s} {shape} forward {forward:.3f} ms {flops / forward / 1e9:.0f} TFLOP/s, "
                f"backward {backward:.3f} ms {2.5 * flops / backward / 1e9:.0f} TFLOP/s {extra}")
        SUMMARY.append((True, text))
        print(text, flush=True)

    x = qkv.view(B, T, H + 2 * K, D).transpose(1, 2)
    q, k, v = (part.detach().requires_grad_() for part in (x[:, :H], x[:, H:H + K], x[:, H + K:]))
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=H != K)
        d_y = d_out.view(B, T, H, D).transpose(1, 2)
        with torch.no_grad():
            forward = median_ms(torch, lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=H != K))
        backward = median_ms(torch, lambda: torch.autograd.grad(y, (q, k, v), d_y, retain_graph=True))
        gradients = torch.autograd.grad(y, (q, k, v), d_y)
    line("torch flash SDPA", forward, backward)
    expected_out = y.detach().transpose(1, 2).reshape(B * T, H * D)
    expected_grad = torch.cat([g.transpose(1, 2) for g in gradients], 2).reshape(B * T, -1)
    del q, k, v, y, gradients

    out, d_qkv = torch.full_like(d_out, float("nan")), torch.full_like(qkv, float("nan"))
    lse = torch.full((B, H, T), float("nan"), device="cuda")
    delta = torch.full_like(lse, float("nan"))
    pointer = lambda t: np.uint64(t.data_ptr())
    scalars = tuple(np.int32(s) for s in (B, T, H, K))

    for label, changes in VARIANTS:
        if time.time() - START > BUDGET_S:
            print(f"out of time before {label}")
            break

        def variant():
            module = gpu.compile(flash_source(changes), [f"-DHEAD_DIM={D}"])

            def call(name, tensors, numbers=scalars):
                grid, block, shared = flash_launch(name, *shape)
                gpu.function(module, name, shared)(grid, block, (*map(pointer, tensors), *numbers), shared_mem=shared)

            steps = {
                "forward": lambda: call("flash_forward", (out, lse, qkv)),
                "delta": lambda: call("flash_delta", (delta, d_out, out), scalars[:3]),
                "kv": lambda: call("flash_backward_kv", (d_qkv, d_out, lse, delta, qkv)),
                "q": lambda: call("flash_backward_q", (d_qkv, d_out, lse, delta, qkv)),
            }
            out.fill_(float("nan"))
            d_qkv.fill_(float("nan"))
            for step in steps.values():
                step()
            torch.cuda.synchronize()
            for what, actual, expected in (("out", out, expected_out), ("dQkv", d_qkv, expected_grad)):
                error = ((actual.float() - expected.float()).norm() / expected.float().norm()).item()
                ok = error < 1.5e-2
                if not ok:
                    SUMMARY.append((False, f"{label} {what} {shape}"))
                print(f"{'ok  ' if ok else 'FAIL'} {label} {what} {shape} relerr to torch {error:.2e}")
            times = {name: median_ms(torch, step) for name, step in steps.items()}
            whole = median_ms(torch, lambda: [steps[s]() for s in ("delta", "kv", "q")])
            line(label, times["forward"], whole, ", ".join(f"{n} {times[n]:.3f}" for n in ("delta", "kv", "q")))

        guarded(label, shape, variant)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-timing", action="store_true")
    arguments = parser.parse_args()
    gpu = Gpu()
    guarded("check", "", lambda: check_all(gpu))
    print(f"checks done after {time.time() - START:.0f} s", flush=True)
    if not arguments.no_timing:
        for shape in TIMED:
            guarded("time", shape, lambda: time_flash(gpu, shape))
    failed = [text for ok, text in SUMMARY if not ok]
    print("\nSUMMARY")
    for ok, text in SUMMARY:
        if ok and "TFLOP/s" in text:
            print(text)
    for text in failed:
        print("FAIL", text)
    print(f"{len(SUMMARY) - len(failed)} ok, {len(failed)} failed, {time.time() - START:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
