"""Compiles the model library of one model: python compile.py starter|tiny|reasoner OUT.wasm

The result is what WebLLM calls a model library: TVM's web runtime, the compiled Relax functions of architecture.py and
their WebGPU shaders, linked into one WebAssembly module. Also writes OUT.params.json: the names, shapes and types of the
weights in the order the library wants them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import tvm
from tvm import relax
from tvm.s_tir import dlight as dl

import kernels
from architecture import Llama, Sampler
from architecture_config import CONFIGS

RUNTIME = Path(__file__).parent / ".work/runtime/out"


def library_module(config, target):
    """The Relax module with every function WebLLM looks up, and the list of parameters."""
    model, sampler = Llama(config, target), Sampler(config.vocab)
    module, params = model.export_tvm(spec=model.spec())
    module.update(sampler.export_tvm(spec=sampler.spec())[0])
    for f in (kernels.apply_bitmask_inplace, kernels.apply_logit_bias_inplace, kernels.apply_penalty_inplace):
        module[f.attrs["global_symbol"]] = f
    described = [{"name": n, "shape": [int(x) for x in p.shape], "dtype": str(p.dtype), "preprocs": []} for n, p in params]
    metadata = {
        "model_type": "llama", "quantization": f"q{config.bits}_32", "context_window_size": config.context,
        "sliding_window_size": -1, "attention_sink_size": -1, "prefill_chunk_size": config.chunk,
        "tensor_parallel_shards": 1, "kv_state_kind": "kv_cache", "max_batch_size": 1, "params": described, "memory_usage": {},
        "kv_cache": {"num_hidden_layers": config.layers, "num_attention_heads": config.heads, "num_key_value_heads": config.kv_heads, "head_dim": config.head_dim},
    }
    builder = relax.BlockBuilder(module)
    with builder.function("_metadata", []):
        builder.emit_func_output(tvm.ir.StringImm(json.dumps(metadata)))
    module = builder.finalize()
    for name, f in list(module.functions.items()):
        if isinstance(f, relax.Function):
            bounds = {"seq_len": config.chunk, "total_seq_len": config.context}
            module[name] = f.with_attr("tir_var_upper_bound", bounds).with_attr("tir_non_negative_var", ["vocab_size"])
    return module, described


def compile_pipeline(target):
    @tvm.transform.module_pass(opt_level=0)
    def run(module, _context):
        t = relax.transform
        with target:
            return tvm.transform.Sequential([
                t.LegalizeOps(), t.AnnotateTIROpPattern(), t.FoldConstant(), t.FuseOps(), t.FuseTIR(),
                dl.ApplyDefaultSchedule(dl.gpu.Reduction(), dl.gpu.GeneralReduction(), dl.gpu.Fallback()),
                t.RewriteDataflowReshape(), t.ToNonDataflow(), t.RemovePurityChecking(), t.CallTIRRewrite(),
                t.StaticPlanBlockMemory(), t.LowerAllocTensor(), t.KillAfterLastUse(), t.LowerRuntimeBuiltin(),
                t.ComputePrimValue(), t.VMShapeLower(), t.AttachGlobalSymbol(),
            ])(module)

    return run


def link(output, objects, **_):
    # WebLLM supplies the two functions that stay undefined: TVMFFIWasmFunctionDeleter and TVMFFIWasmSafeCall.
    settings = ["WASM_BIGINT=1", "ERROR_ON_UNDEFINED_SYMBOLS=0", "STANDALONE_WASM=1", "ALLOW_MEMORY_GROWTH=1", "TOTAL_MEMORY=64MB"]
    bitcode = [str(RUNTIME / f"{part}.bc") for part in ("wasm_runtime", "tvmjs_support", "webgpu_runtime")]
    subprocess.check_call(["emcc", os.environ.get("LINK_OPT", "-Oz"), "-std=c++17", "--no-entry", *(x for s in settings for x in ("-s", s)), "-o", output, *bitcode, *objects])


link.object_format = "o"  # objects, since the LLVM of apache-tvm writes bitcode that Debian's emscripten cannot read


def main(which, output):
    config = CONFIGS[which]
    target = tvm.target.Target({"kind": "webgpu", "max_num_threads": 256}, host={"kind": "llvm", "mtriple": "wasm32-unknown-unknown-wasm"})
    module, params = library_module(config, target)
    executable = relax.build(module, target=target, relax_pipeline=compile_pipeline(target), system_lib=True)
    Path(output).with_suffix(".params.json").write_text(json.dumps(params))
    executable.export_library(os.path.abspath(output), fcompile=link)
    print(which, output, os.path.getsize(output), "bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
