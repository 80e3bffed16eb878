"""Looks for races and wrong addresses in the shaders of the starter model's library: python races.py LIBRARY.wasm

A software adapter runs the invocations of a workgroup nearly in step, so a missing barrier can go unseen there and show on a graphics
device. Here each shader becomes C++ in which every invocation is a thread of its own, several workgroups run at once, a
barrier is a barrier, and every address is checked; ThreadSanitizer watches. Needs g++; five minutes. The other libraries have the same
shaders for other sizes. Not for: what the shaders compute, which the browser's tests compare."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROWS = 37  # new rows: no multiple of what a workgroup treats; 629 positions are cached
# Indices that the runtime hands to a shader, by the name of the buffer; others are filled with noise.
INDICES = {
    "page_indptr": "i * 40", "page_values": "i % 40", "length": "5", "position_map": "i", "ids": "i", "input_ids": "i % 100",
    "counts": "1", "seq_ids": "0", "pos2seq": "0", "copy_length_indptr": "i * 2", "copy_src_dst_pos": "i < 2 ? i + 20 : i",
}
# What the shaders are told besides; everything else is 0.
SETTINGS = {
    **dict.fromkeys(["seq_len", "rows", "columns", "ntoken", "seqlen", "N"], ROWS), **dict.fromkeys(["batch", "batch_size"], 1),
    "vocab": 1280, "n": 20, "words": 40, "sm_scale": 0.125, "causal": 1, "H": 9, "D": 64, "page_size": 16, "apply_rope": 1,
    "copy_length": 7, "tgt_page_id": 1, "src_page_id": 0, "total_copy_length": 2, "packGridDimX": 1 << 30,
}
ELEMENTS = 5 * 256  # where a shader treats them one by one: what it is told under a name that the compiler made up
# Workgroups of shaders that do not guard against ones beyond their work.
GRIDS = {
    r"nucleus|softmax|rms_norm_k": (1, 1), r"merge_state": (6, 1), r"rms_norm1": (ROWS, 1), r"decode": (1, 3), r"prefill": ((ROWS + 63) // 64, 3),
}

HARNESS = r"""
#include <algorithm>
#include <barrier>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>
using i32 = int; using u32 = unsigned; using f32 = float;
using std::fma; using std::min; using std::max; using std::exp2; using std::exp; using std::log2; using std::sqrt; using std::pow;
struct Dim { u32 x, y, z; };
template <class T> T select(T no, T yes, bool which) { return which ? yes : no; }
template <class To, class From> To bitcast(From from) { To to; std::memcpy(&to, &from, sizeof to); return to; }
template <class T> struct vec4 { T at[4]; vec4(T a, T b, T c, T d) : at{a, b, c, d} {} T operator[](int i) { return at[i]; } };
/** A buffer of which every address is checked. */
template <class T> struct Buffer {
  const char* name; std::vector<T> data;
  T& operator[](long i) {
    if (i < 0 || i >= (long)data.size()) { std::printf("%s[%ld] is outside of %zu\n", name, i, data.size()); std::exit(1); }
    return data[i];
  }
};
"""


def shaders(library):
    """The WGSL texts of a library by name; they stand in its data as they are."""
    text = Path(library).read_bytes().decode("latin-1")
    pattern = r"@group\(0\) @binding\(0\)(?:(?!@group\(0\) @binding\(0\)).)*?\bfn (\w+)\(.*?\n}\n\n"
    return {m[1]: m[0] for m in re.finditer(pattern, text, re.S)}


def grid(name):
    """Workgroups in x and y."""
    if m := re.search(r"(matrix|vector)_product_\d+x(\d+)", name):
        n = int(m[2])
        width = next(32 * c for c in range(12, 0, -1) if n % (32 * c) == 0)
        return n // width, (ROWS + 15) // 16 if m[1] == "matrix" else 1
    return next((size for pattern, size in GRIDS.items() if re.search(pattern, name)), (5, 1))


def translate(name, source):
    """The shader as a C++ program."""
    buffers = re.findall(r"var<storage, \w+> (\w+) : array<(\w+)>;", source)
    written = re.findall(r"var<storage, read_write> (\w+) :", source)
    shared = re.findall(r"var<workgroup> (\w+) : array<(\w+), (\d+)>;", source)
    fields = re.findall(r"^  (\w+): (\w+),?$", re.search(r"struct PODArgs {(.*?)}", source, re.S)[1], re.M)
    sizes = [int(n) for n in re.search(r"@workgroup_size\((\d+), (\d+), (\d+)\)", source).groups()]
    body = source[source.index(") {", source.index(f"fn {name}(")) + 3 :]
    for pattern, text in [
        (r"\bvar (\w+) : array<(\w+), (\d+)>;", r"\2 \1[\3] = {};"), (r"\b(?:var|let) (\w+) : (\w+)\b", r"\2 \1"),
        (r"\b(\d+)i\b", r"\1"), (r"workgroupBarrier\(\)", "barrier.arrive_and_wait()"),
    ]:
        body = re.sub(pattern, text, body)
    index = lambda b: next((e for key, e in INDICES.items() if b == f"{key}_ptr"), None)
    noise = lambda b, t: f"{'-' if b in written else ''}0.001f * (i % 97 + 1)" if t == "f32" else "i * 2654435761u & 0x3bff3bff"
    fill = lambda b, t: index(b) or noise(b, t)
    setting = lambda n: ELEMENTS if n.startswith("cse_v") else SETTINGS.get(n, 0)
    buffer = lambda n, t, size: f'Buffer<{t}> {n}{{"{n}", std::vector<{t}>({size})}};'
    x, y = grid(name)
    return f"""{HARNESS}
struct Arguments {{ {" ".join(f"{t} {n};" for n, t in fields)} }} podArgs;
{" ".join(buffer(b, t, 1 << (24 if t == "u32" else 22)) for b, t in buffers)}
struct Shared {{ {" ".join(buffer(n, t, size) for n, t, size in shared)} }};
void invocation(Shared& shared, std::barrier<>& barrier, Dim blockIdx, Dim gridDim, Dim threadIdx) {{
{" ".join(f"auto& {n} = shared.{n};" for n, _, _ in shared)}
{body}
int main() {{
  {" ".join(f"podArgs.{n} = {setting(n)};" for n, _ in fields)}
  {" ".join(f"for (size_t i = 0; i < {b}.data.size(); i++) {b}.data[i] = {fill(b, t)};" for b, t in buffers)}
  {" ".join(f"const auto before_{b} = {b}.data;" for b in written)}
  const Dim grid{{{x}, {y}, 1}};
  std::vector<std::unique_ptr<Shared>> shared; std::vector<std::unique_ptr<std::barrier<>>> barriers; std::vector<std::thread> threads;
  for (u32 y = 0; y < grid.y; y++) for (u32 x = 0; x < grid.x; x++) {{
    if (threads.size() + {sizes[0] * sizes[1]} > 2000) {{ for (auto& t : threads) t.join(); threads.clear(); }}
    shared.push_back(std::make_unique<Shared>()); barriers.push_back(std::make_unique<std::barrier<>>({sizes[0] * sizes[1]}));
    for (u32 j = 0; j < {sizes[1]}; j++) for (u32 i = 0; i < {sizes[0]}; i++)
      threads.emplace_back(invocation, std::ref(*shared.back()), std::ref(*barriers.back()), Dim{{x, y, 0}}, grid, Dim{{i, j, 0}});
  }}
  for (auto& t : threads) t.join();
  {" ".join(f'if ({b}.data == before_{b}) std::puts("nothing was written to {b}");' for b in written)}
}}
"""


def check(name, source, folder):
    """What was found in a shader, "" for nothing."""
    program = Path(folder) / f"{name}.cpp"
    program.write_text(translate(name, source))
    subprocess.run(["g++", "-std=c++20", "-O1", "-g", "-w", "-fsanitize=thread", "-pthread", program, "-o", program.with_suffix("")], check=True)
    run = subprocess.run([program.with_suffix("")], capture_output=True, text=True)
    races = set(re.findall(r"SUMMARY: .*?\.cpp:(\d+)", run.stderr))
    lines = program.read_text().splitlines()
    faults = [f"race at: {lines[int(n) - 1].strip()}" for n in sorted(races, key=int)]
    return "\n  ".join([run.stdout.strip(), *faults]) + ("" if run.returncode in (0, 66) else f"exit {run.returncode} {run.stderr[-500:]}")


def main(library):
    sources = shaders(library)
    found = not sources
    with tempfile.TemporaryDirectory() as folder:
        for name, source in sorted(sources.items()):
            fault = check(name, source, folder)
            found = found or fault != ""
            print(name, grid(name), fault or "no race, no wrong address", flush=True)
    print(len(sources), "shaders")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
